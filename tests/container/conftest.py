"""Run the reference container's own entry point: real nginx, real gunicorn, a real model."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
SERVE = ROOT / "container/reference/serve.py"


def _free_port() -> int:
    """A port to listen on, which nobody gets who asks the system for any port."""
    while True:
        # Not from `random`, which begins anew with every test.
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Container:
    """serve.py as the image would run it, its directories and port redirected."""

    def __init__(self, model_dir: Path, run_dir: Path, **env: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.run_dir = run_dir
        self._log = run_dir / "log"
        self.env = {
            **os.environ,
            "SM_MODEL_DIR": str(model_dir),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SAGEMAKER_MODEL_SERVER_WORKERS": "2",
            "BIND_ADDRESS": "127.0.0.1",
            "TMPDIR": str(run_dir),
            "PYTHONUNBUFFERED": "1",
            # A busy machine needs longer than the default of 25 to end what is finished. It is
            # below nginx's own limit of 60 on a body, so a lost client_body_timeout still shows.
            "SHUTDOWN_SECONDS": "50",
            **env,
        }
        self.command = [sys.executable, str(SERVE), "serve"]
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS, trust_env=False)

    def start(self) -> Container:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(self.command, env=self.env, stdout=log, stderr=log)
        return self

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ping(self) -> httpx.Response | None:
        try:
            return self.http.get("/ping")
        except httpx.HTTPError:
            return None

    def wait_for_ping(self, wanted: int, containing: str = "") -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            answer = self.ping()
            if answer is not None and answer.status_code == wanted and containing in answer.text:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"/ping was never {wanted} {containing!r}:\n{self.log}")

    def wait(self) -> int:
        """Wait until serve.py ends; its status."""
        return self.process.wait(PATIENCE_SECONDS)

    def post(self, body: bytes, content_type: str = "text/csv", **headers: str) -> httpx.Response:
        return self.http.post(
            "/invocations", content=body, headers={"Content-Type": content_type, **headers}
        )

    def descendants(self) -> dict[int, str]:
        """Process ids below serve.py with their command lines, parents first."""
        found: dict[int, str] = {}
        queue = [self.process.pid]
        while queue:
            pid = queue.pop(0)
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                for child in map(int, children):
                    command = Path(f"/proc/{child}/cmdline").read_bytes()
                    found[child] = command.replace(b"\0", b" ").decode()
                    queue.append(child)
            except OSError:
                continue
        return found

    def close(self) -> None:
        """End it at once; parents go first, so that none replaces a child."""
        self.http.close()
        if self.process.poll() is None:
            for pid in (self.process.pid, *self.descendants()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def free_port() -> int:
    return _free_port()


@pytest.fixture(scope="session")
def nginx() -> None:
    """nginx on this machine, installed by the project's own script where that is possible."""
    done = subprocess.run(
        [ROOT / "container/install-nginx.sh"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        pytest.fail(done.stderr.strip().splitlines()[-1], pytrace=False)


def save_iris_model(folder: Path) -> None:
    """Fit a model to the iris data set and save it as `model.joblib`."""
    # Here and below, as every worker imports this file, and few run what is in it.
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    measurements, species = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(measurements, species)
    joblib.dump(model, folder / "model.joblib")


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_iris_model(folder)
    return folder


@pytest.fixture(scope="session")
def iris(model_dir: Path) -> tuple[Any, Any]:
    """Measurements, and the model in `model_dir`, whose own predictions are what is wanted."""
    import joblib
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)[0], joblib.load(model_dir / "model.joblib")


@dataclass(frozen=True)
class HeldModel:
    """A model that holds every request but those of zeros until it is released."""

    folder: Path

    def begun(self) -> int:
        """How many requests have reached the model."""
        return len(list(self.folder.glob("begun-*")))

    def release(self) -> None:
        """Let the model answer."""
        (self.folder / "released").touch()


_HELD_MODEL = """
import time, uuid
from pathlib import Path

FOLDER = Path(__file__).parent

class Model:
    def predict(self, rows):
        (FOLDER / f"begun-{uuid.uuid4()}").touch()
        while rows.max() and not (FOLDER / "released").exists():
            time.sleep(0.01)
        return rows[:, 0]
"""


@pytest.fixture
def held_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HeldModel:
    """A HeldModel, saved in its folder as `model.joblib`."""
    import joblib

    folder = tmp_path / "held"
    folder.mkdir()
    (folder / "held_model.py").write_text(_HELD_MODEL)
    monkeypatch.syspath_prepend(folder)
    from held_model import Model  # type: ignore[import-not-found]

    joblib.dump(Model(), folder / "model.joblib")
    return HeldModel(folder)


@pytest.fixture(scope="module")
def container(
    nginx: None, model_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """One healthy container, shared by the tests that leave it as it was."""
    started = Container(model_dir, tmp_path_factory.mktemp("run")).start()
    try:
        started.wait_for_ping(200)
        yield started
    finally:
        started.close()


@pytest.fixture
def make_container(
    nginx: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Container]]:
    """Containers of a test's own, not yet started; ended with the test."""
    made: list[Container] = []

    def make(model_dir: Path, **env: str) -> Container:
        made.append(Container(model_dir, tmp_path_factory.mktemp("run"), **env))
        return made[-1]

    yield make
    for each in made:
        if hasattr(each, "process"):
            each.close()
