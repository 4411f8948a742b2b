"""What tests of several levels share: a synthesis, an emulator, Terraform."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from tests.commandline import kept
from tests.expressions import nested
from tests.provider import lent

if TYPE_CHECKING:
    from inferform import Environment

ROOT = Path(__file__).resolve().parent.parent

# What a shell may have that would lead a test elsewhere, or change what is printed.
_STEERING = re.compile(
    "(AWS|CDKTF|GIT|GITHUB|INFERFORM|JSII|MOTO|NODE|SAGEMAKER|SM|TF)_"
    "|(CLICOLOR|CLICOLOR_FORCE|COLUMNS|FORCE_COLOR|LINES|NO_COLOR|PY_COLORS)$"
)
_KEPT = ("NODE_EXTRA_CA_CERTS", "TF_CLI_CONFIG_FILE")

# Processes that tests start would otherwise compile the same modules again and again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

for _name in list(os.environ):
    if _STEERING.match(_name) and _name not in _KEPT:
        del os.environ[_name]
os.environ |= {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # Emulators and containers listen on this machine, whatever proxy leads out of it.
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
    # Terraform and its provider run shortly, and have memory enough.
    "GOGC": "400",
}

# The same examples in every run, so that a failure belongs to the change that brought it, and no
# limit on time, which a busy machine would break.
settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

WAITING = ("e2e", "product")
"""The folders whose files wait for much of their time, as the provider does. They are spread among the
others from the beginning, so that no processor waits with them."""

LONG = ("bindings", "longevity", "contract", "emulator", "ops")
"""The folders of the others whose files take longest. They come before the rest, so that no worker
is left with one of them at the end."""

_SPREAD = 0.6
"""The part of the others after which the last file that waits begins: what remains fills the end."""


_ALL_LONG = "\npytestmark = pytest.mark.long\n"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files that are long as a whole where nothing long is asked for: some take a second
    to be imported."""
    wanted: str = config.option.markexpr
    if wanted != "not long" or collection_path.suffix != ".py":
        return None
    return True if _ALL_LONG in collection_path.read_text("utf-8") else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Spread the files of WAITING, put those of LONG before the rest, and the tests of a story in
    their order.

    pytest-randomly has shuffled the files, and the tests in each, before this hook continues.
    """
    written = {item: number for number, item in enumerate(items)}
    yield
    files = [list(tests) for _, tests in groupby(items, lambda item: item.path)]
    for tests in files:
        if tests[0].get_closest_marker("story"):
            tests.sort(key=written.__getitem__)
    items[:] = [test for tests in _in_order(files) for test in tests]


def _in_order(files: list[list[pytest.Item]]) -> Iterator[list[pytest.Item]]:
    waiting = [tests for tests in files if tests[0].path.parent.name in WAITING]
    others = [tests for tests in files if tests[0].path.parent.name not in WAITING]
    others.sort(key=lambda tests: _rank(tests[0].path))
    begun = 0
    for number, tests in enumerate(waiting):
        until = round(len(others) * _SPREAD * number / len(waiting))
        yield from others[begun:until]
        begun = until
        yield tests
    yield from others[begun:]


def _rank(file: Path) -> int:
    folder = file.parent.name
    return LONG.index(folder) if folder in LONG else len(LONG)


# What is collected (modules, classes, tests and botocore's models) lives until the end, and Python
# would search it for garbage again and again: a tenth of the whole time.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    """Leave what lives until the end out of every later search for garbage."""
    gc.collect()
    gc.freeze()


Synthesized = dict[str, dict[str, Any]]


def stacks_in(outdir: Path) -> Synthesized:
    """The Terraform JSON of every stack of a synthesis, by stack name: each an expression that
    Terraform parses."""
    stacks = {
        path.parent.name: json.loads(path.read_text("utf-8"))
        for path in sorted(outdir.glob("stacks/*/cdk.tf.json"))
    }
    assert not [*nested(stacks)]
    return stacks


PATH = "/usr/bin:/bin:/usr/local/bin"


def run_main(
    *arguments: str, cwd: Path = ROOT, path: str = PATH, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run main.py as cdktf does, in its own process; `variables` are those of the shell."""
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        cwd=cwd,
        env={**(variables or {}), "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session", autouse=True)
def models_read_once() -> Iterator[None]:
    """What botocore reads of its folder, read once for all sessions of this process.

    Each session would read the models of its services again, as each test has a session of its own;
    and each client would work out the names of its events again.
    """
    import botocore.hooks
    import botocore.session

    make = botocore.session.create_loader
    read: dict[Any, Any] = {}
    names: dict[str, str] = {}

    class Aliaser(botocore.hooks.EventAliaser):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._alias_name_cache = names

    def create_loader(folders: str | None = None) -> Any:
        loader: Any = make(folders)
        if folders is None:
            loader._cache = read
        return loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", create_loader)
        patch.setattr(botocore.session, "EventAliaser", Aliaser)
        yield


@pytest.fixture(scope="session", autouse=True)
def running_providers() -> Iterator[None]:
    """Providers, and CDKTF's command line, that keep running between runs, whoever starts those."""
    with lent(), kept():
        yield


@pytest.fixture
def synthesize(tmp_path: Path) -> Callable[..., Synthesized]:
    """Synthesize environments in this process; the answer is the JSON of each stack."""
    from inferform.layers import program

    def run(*environments: Any, **options: Any) -> Synthesized:
        outdir = tmp_path / "cdktf.out"
        program.synthesize(environments, outdir=outdir, **options)
        return stacks_in(outdir)

    return run


class Made(NamedTuple):
    """A synthesized stack, and the environment that asks for it."""

    environment: Environment
    stack: dict[str, Any]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Every stack that the environments and the documents' examples synthesize to, by its source
    and its name; made once for all workers."""
    from ops.terraform import place_in
    from tests.examples import stacks

    found: dict[str, Made] = {}
    base = tmp_path_factory.getbasetemp()
    outdir = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "stacks"
    whole = outdir.with_suffix(".whole")
    with outdir.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if whole.exists():
            sources = stacks.sources()
        else:
            # What a worker has left that failed.
            shutil.rmtree(outdir, ignore_errors=True)
            sources = stacks.synthesize(outdir)
            whole.touch()
    for source, environments in sources.items():
        by_key = {environment.key: environment for environment in environments}
        for name, stack in stacks_in(outdir / source).items():
            key, _ = place_in(stack)
            found[f"{source}-{name}"] = Made(by_key[key], stack)
    return found


@pytest.fixture(scope="session")
def everything(made: dict[str, Made]) -> Synthesized:
    """The Terraform JSON of every stack, by its source and its name."""
    return {name: each.stack for name, each in made.items()}


@pytest.fixture(scope="session")
def emulator() -> Iterator[Any]:
    """One emulator for the session, on a free port of loopback."""
    from tests import emulators

    with emulators.serve() as running:
        yield running


@pytest.fixture
def callers_own(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of the caller's own, of the account 123456789012, as AWS's are where no emulator is
    asked for."""
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
