"""The server process: moto's application, its extensions, and the control routes in front of it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from functools import cache
from pathlib import Path

# moto reads it when it is imported; without it, AWS-managed policies do not exist.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
# moto would allow every origin to read its answers.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from moto import backends
from moto.core import responses
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from . import control, dispatch, extensions
from .network import url_of

_in_folder = backends.list_of_moto_modules


@cache
def _modules() -> tuple[str, ...]:
    """The names of moto's services, for which it would look through its folder at each request."""
    return tuple(_in_folder())


backends.list_of_moto_modules = _modules


# moto would look through the class at each request, too.
responses.method_names_from_class = extensions.operations_of


class _RequestHandler(MotoRequestHandler):  # type: ignore[misc]  # moto is not checked
    """Sends each answer in one piece.

    werkzeug sends headers and body one after the other, and always `Connection: close`. Between
    the two, Terraform and its provider have closed the connection themselves: once in 400 requests,
    seen with Terraform 1.11.4 and hashicorp/aws 5.100.0. The request is then made a second time,
    and refused where AWS refuses what is there already.
    """

    wbufsize = 1 << 20

    def handle_expect_100(self) -> bool:
        answered = super().handle_expect_100()
        self.wfile.flush()
        # otherwise werkzeug would say it once more, with the answer
        del self.headers["Expect"]
        return bool(answered)


def serve(
    host: str, port: int, *, instance: str, record: Path | None, with_parent: bool = False
) -> None:
    """Answer on ``host:port`` until SIGTERM or SIGINT, or the end of the parent if so asked."""
    parent = os.getppid()
    extensions.check_moto()
    application = control.Application(dispatch.Dispatcher(), instance=instance)
    server = make_server(host, port, application, threaded=True, request_handler=_RequestHandler)
    # some parts of moto call their own server and look for it here
    os.environ["MOTO_PORT"] = str(server.server_port)
    url = url_of(host, server.server_port)
    if record is not None:
        _write_record(record, instance=instance, url=url, port=server.server_port)
    print(f"emulator listens on {url}", flush=True)

    def stop(signum: int, frame: object) -> None:
        # shutdown() waits for serve_forever(), which runs in this thread
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if with_parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    # handler threads of kept-alive connections would hold the process
    sys.stdout.flush()
    os._exit(0)


def _end_with(parent: int) -> None:
    # an orphan is given another parent
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _write_record(path: Path, *, instance: str, url: str, port: int) -> None:
    content = {
        "pid": os.getpid(),
        "port": port,
        "url": url,
        "started": time.time(),
        "instance": instance,
    }
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
