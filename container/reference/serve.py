"""Start nginx and gunicorn, watch them, and stop them without losing a request.

Run as `python serve.py serve`; SageMaker adds the argument. Exits 0 after a clean stop, 1 when
a server died or had to be killed (so that the platform replaces the container), 2 for settings
that cannot work.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import pwd
import resource
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
POLL_SECONDS = 0.1
# nginx uses some 0.4 KiB of memory for each of its connections, open or not.
MAX_CONNECTIONS = 8192

log = logging.getLogger("serve")


class SettingsError(Exception):
    """An environment variable, or the machine, does not allow serving."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, from the environment."""

    model_dir: str
    address: str
    port: int
    workers: int
    timeout_seconds: int
    max_body_mib: int
    shutdown_seconds: int

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment; README.md lists the variables."""
        return cls(
            model_dir=env.get("SM_MODEL_DIR", "/opt/ml/model"),
            address=env.get("BIND_ADDRESS", "0.0.0.0"),
            port=_whole(env, "SAGEMAKER_BIND_TO_PORT", 8080),
            workers=_whole(env, "SAGEMAKER_MODEL_SERVER_WORKERS", cpu_count()),
            timeout_seconds=_whole(env, "SAGEMAKER_MODEL_SERVER_TIMEOUT", 60),
            max_body_mib=_whole(env, "MAX_BODY_MIB", 25),
            # Below the 30 s after which SageMaker, ECS and Kubernetes send SIGKILL.
            shutdown_seconds=_whole(env, "SHUTDOWN_SECONDS", 25),
        )


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"{name} must be a whole number of at least 1, got {text!r}")
    return int(text)


def cpu_count(quota_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """CPUs this container may use: the scheduler's set, cut by the cgroup quota if one is set."""
    cpus = len(os.sched_getaffinity(0))
    with contextlib.suppress(OSError, ValueError):
        quota, period = quota_file.read_text().split()
        cpus = min(cpus, math.ceil(int(quota) / int(period)))
    return max(1, cpus)


class _Template(string.Template):
    delimiter = "%"  # nginx keeps "$" for its own variables


def nginx_conf(settings: Settings, runtime: Path) -> str:
    """The nginx configuration for these settings."""
    # Started as root, nginx would hand its workers to "nobody", who may not open the socket.
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    # A request that is passed on has a second connection, to gunicorn.
    descriptors = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 2 * MAX_CONNECTIONS)
    return _Template((HERE / "nginx.conf").read_text()).substitute(
        runtime=runtime,
        descriptors=descriptors,
        connections=descriptors // 2,
        user=user,
        address=settings.address,
        port=settings.port,
        max_body_mib=settings.max_body_mib,
        # Longer, so that gunicorn ends a stuck worker before nginx stops waiting for it.
        read_timeout=settings.timeout_seconds + 5,
    )


def gunicorn_command(settings: Settings, runtime: Path) -> list[str]:
    """The gunicorn command line for these settings."""
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:app"),
        *("--chdir", str(HERE)),
        *("--config", str(HERE / "gunicorn_conf.py")),
        *("--bind", f"unix:{runtime}/gunicorn.sock"),
        *("--workers", str(settings.workers)),
        *("--timeout", str(settings.timeout_seconds)),
        *("--graceful-timeout", str(settings.shutdown_seconds)),
        *("--worker-tmp-dir", str(runtime)),
        # One copy of the model, shared by the workers until they write to it.
        "--preload",
        "--no-control-socket",
        *("--access-logfile", "-"),
        *("--access-logformat", "%(t)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"),
    ]


def _write_pages(health: Path, settings: Settings) -> None:
    limit = f"{settings.timeout_seconds} s (SAGEMAKER_MODEL_SERVER_TIMEOUT)"
    pages = {
        "not-ready": "the model is loading",
        "413": f"the body is larger than {settings.max_body_mib} MiB (MAX_BODY_MIB)",
        "500": f"the model failed, or took longer than {limit}; the log says which",
        "502": "the model server did not answer; it may be starting or have been restarted",
        "504": f"no worker was free within {limit}",
    }
    health.mkdir()
    for name, text in pages.items():
        (health / f"{name}.json").write_text(json.dumps({"error": text}))


class Servers:
    """The two child processes, gunicorn and nginx."""

    def __init__(self, settings: Settings, runtime: Path) -> None:
        self._settings = settings
        nginx = shutil.which(
            "nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
        )
        if nginx is None:
            raise SettingsError("nginx is not installed")
        _write_pages(runtime / "health", settings)
        conf = runtime / "nginx.conf"
        conf.write_text(nginx_conf(settings, runtime))

        # Numeric libraries start one thread per CPU in every worker unless told otherwise.
        threads = max(1, cpu_count() // settings.workers)
        env = {
            "OMP_NUM_THREADS": str(threads),
            **os.environ,
            "SM_MODEL_DIR": settings.model_dir,
            "HEALTH_DIR": str(runtime / "health"),
        }
        self._gunicorn = _spawn(gunicorn_command(settings, runtime), env)
        self._nginx = _spawn([nginx, "-e", "stderr", "-c", str(conf)], env)

    def dead(self) -> str | None:
        """Which server has ended by itself, and how; None while both run."""
        for name, process in (("gunicorn", self._gunicorn), ("nginx", self._nginx)):
            if process.poll() is not None:
                return f"{name} ended with status {process.returncode}"
        return None

    def drain(self) -> bool:
        """Stop in order: no new connections, finish what was accepted, then the workers."""
        deadline = time.monotonic() + self._settings.shutdown_seconds
        return _stop(self._nginx, signal.SIGQUIT, deadline) and _stop(
            self._gunicorn, signal.SIGTERM, deadline
        )

    def kill(self) -> None:
        """End whatever is left, workers of a dead parent included."""
        for process in (self._nginx, self._gunicorn):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _spawn(command: list[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # An own process group: Ctrl-C reaches only this process, and kill() reaches grandchildren.
    return subprocess.Popen(command, env=env, process_group=0, stderr=subprocess.STDOUT)


def _stop(process: subprocess.Popen[bytes], how: signal.Signals, deadline: float) -> bool:
    process.send_signal(how)
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _runtime_directory() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="serve-")
    except OSError as error:
        raise SettingsError(f"{error}; mount a writable directory at /tmp or set TMPDIR") from error


def serve(settings: Settings) -> int:
    """Serve until a signal asks to stop or a server dies; the exit status."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stopping.append(received))
    with _runtime_directory() as runtime:
        servers = Servers(settings, Path(runtime))
        log.info(
            "port %s, %s workers, model directory %s, bodies up to %s MiB",
            *(settings.port, settings.workers, settings.model_dir, settings.max_body_mib),
        )
        try:
            while not stopping:
                if dead := servers.dead():
                    log.error("%s; stopping", dead)
                    return 1
                time.sleep(POLL_SECONDS)
            log.info("%s: finishing requests", signal.Signals(stopping[0]).name)
            if not servers.drain():
                log.error("requests cut after %s s (SHUTDOWN_SECONDS)", settings.shutdown_seconds)
                return 1
            log.info("stopped")
            return 0
        finally:
            servers.kill()


def main(arguments: list[str]) -> int:
    """Entry point of the image."""
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    if arguments not in ([], ["serve"]):
        log.error("the only command is serve, got %s", " ".join(arguments))
        return 2
    try:
        return serve(Settings.read(os.environ))
    except SettingsError as error:
        log.error("%s", error)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
