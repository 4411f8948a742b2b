"""Stacks are initialised one after the other where that may write to Terraform's plugin cache."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from ops import terraform
from ops.deploy import fetch_providers
from ops.program import Program, Stacks
from ops.terraform import Outcome, Stack, plugin_cache


@pytest.fixture
def made(tmp_path: Path) -> list[Stack]:
    """Three stacks that were never initialised."""
    found = [Stack(name, tmp_path / name, ()) for name in ("a", "b", "c")]
    for stack in found:
        stack.folder.mkdir()
        (stack.folder / "cdk.tf.json").write_text("{}", encoding="utf-8")
    return found


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """A CLI configuration with a plugin cache."""
    (tmp_path / "cache").mkdir()
    file = tmp_path / "terraform.rc"
    text = f'# plugin_cache_dir = "/none"\n  plugin_cache_dir = {json.dumps(str(tmp_path / "cache"))}\n'
    file.write_text(text, encoding="utf-8")
    return file


def test_the_cache_is_that_of_the_variable_or_of_the_configuration(
    cached: Path, tmp_path: Path
) -> None:
    configured = {"TF_CLI_CONFIG_FILE": str(cached)}
    assert plugin_cache(configured) == tmp_path / "cache"
    assert plugin_cache({**configured, "TF_PLUGIN_CACHE_DIR": "/other"}) == Path("/other")
    cached.write_text("provider_installation {}", encoding="utf-8")
    assert plugin_cache(configured) is None
    assert plugin_cache({"TF_CLI_CONFIG_FILE": str(tmp_path / "none")}) is None


@pytest.mark.parametrize(("with_cache", "together"), [(True, False), (False, True)])
def test_two_inits_meet_only_where_there_is_no_cache(
    made: list[Stack],
    cached: Path,
    monkeypatch: pytest.MonkeyPatch,
    with_cache: bool,
    together: bool,
) -> None:
    if not with_cache:
        cached.write_text("", encoding="utf-8")
    meeting = Barrier(2)
    met = []

    def run(stack: Stack, *arguments: str, environment: Any, timeout: float = 0) -> Outcome:
        try:
            meeting.wait(0.5 if with_cache else 60)
            met.append(True)
        except BrokenBarrierError:
            met.append(False)
        return Outcome(0, "")

    monkeypatch.setattr(Stack, "run", run)
    variables = {"TF_CLI_CONFIG_FILE": str(cached)}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda stack: stack.init(variables), made[:2]))
    assert met == [together] * 2


LOCKED = """
provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.21.0"
  constraints = ">= 6.21.0"
}
"""
EXECUTABLE = (
    f"registry.terraform.io/hashicorp/aws/6.21.0/{terraform._platform()}/terraform-provider-aws_x5"
)


@pytest.fixture
def locked(made: list[Stack], tmp_path: Path) -> Path:
    """The executable in the cache that the lock file of each stack names."""
    for stack in made:
        (stack.folder / ".terraform.lock.hcl").write_text(LOCKED, encoding="utf-8")
    file = tmp_path / "cache" / EXECUTABLE
    file.parent.mkdir(parents=True)
    file.write_text("provider", encoding="utf-8")
    return file


class Meeting:
    """Inits that wait for each other for a while, and what each answers."""

    def __init__(self) -> None:
        self._barrier = Barrier(2)
        self.status = 0
        self.seconds = 0.3

    def run(self, *arguments: str, environment: Any) -> Outcome:
        """In the place of Terraform."""
        try:
            self._barrier.wait(self.seconds)
        except BrokenBarrierError:
            return Outcome(self.status, "alone")
        return Outcome(self.status, "together")

    def of(self, stacks: list[Stack], variables: dict[str, str]) -> set[str]:
        """How the inits of two stacks went."""
        self._barrier.reset()
        with ThreadPoolExecutor() as pool:
            return {done.output for done in pool.map(lambda each: each.init(variables), stacks)}


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    found = Meeting()
    monkeypatch.setattr(Stack, "run", found.run)
    return found


def test_inits_meet_once_one_has_found_the_same_providers_in_the_cache(
    made: list[Stack], cached: Path, locked: Path, meeting: Meeting
) -> None:
    variables = {"TF_CLI_CONFIG_FILE": str(cached)}
    made[0].init(variables)
    meeting.seconds = 60
    assert meeting.of(made[1:], variables) == {"together"}


@pytest.mark.parametrize("change", ["executable", "gone", "lock", "providers", "modules", "failed"])
def test_inits_that_may_write_to_the_cache_do_not_meet(
    made: list[Stack], cached: Path, locked: Path, meeting: Meeting, change: str
) -> None:
    variables = {"TF_CLI_CONFIG_FILE": str(cached)}
    meeting.status = int(change == "failed")
    made[0].init(variables)
    contents = {
        "providers": {"resource": {"null_resource": {"one": {}}}},
        "modules": {"module": {"one": {"source": "./one"}}},
    }
    if change == "executable":
        locked.write_text("half a provid", encoding="utf-8")
    elif change == "gone":
        locked.unlink()
    for stack in made[1:]:
        if change == "lock":
            text = LOCKED.replace("constraints", "# constraints")
            (stack.folder / ".terraform.lock.hcl").write_text(text, encoding="utf-8")
        text = json.dumps(contents.get(change, {}))
        (stack.folder / "cdk.tf.json").write_text(text, encoding="utf-8")
    meeting.status = 1
    assert meeting.of(made[1:], variables) == {"alone"}


def test_a_lock_file_that_init_adds_to_is_not_trusted_as_it_was(
    made: list[Stack], cached: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(stack: Stack, *arguments: str, environment: Any, timeout: float = 0) -> Outcome:
        with (stack.folder / ".terraform.lock.hcl").open("a", encoding="utf-8") as file:
            file.write("# h1\n")
        return Outcome(0, "")

    monkeypatch.setattr(Stack, "run", run)
    made[0].init({"TF_CLI_CONFIG_FILE": str(cached)})
    assert (cached.parent / "cache" / ".inferform.lock").read_text("utf-8") == ""


@pytest.fixture
def inits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that are initialised, and how."""
    done: list[str] = []

    def run(stack: Stack, *arguments: str, environment: Any, timeout: float = 0) -> Outcome:
        done.append(f"{stack.name} {arguments[0]} {arguments[-1]}")
        return Outcome(1, "no registry")

    monkeypatch.setattr(Stack, "run", run)
    return done


def test_a_deploy_gets_the_providers_of_new_stacks_before_cdktf_does(
    made: list[Stack], cached: Path, inits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesis = Stacks(Program(), tuple(made), {})
    variables = {"TF_CLI_CONFIG_FILE": str(cached)}
    monkeypatch.setattr(Program, "terraform_environment", lambda _: variables)
    (made[1].folder / ".terraform" / "providers").mkdir(parents=True)
    fetch_providers(made, synthesis)
    assert sorted(inits) == ["a init -backend=false", "c init -backend=false"]
    inits.clear()
    cached.write_text("", encoding="utf-8")
    fetch_providers(made, synthesis)
    assert inits == []


def test_where_the_registry_is_reached_the_configuration_has_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terraform, "WORK", tmp_path)
    monkeypatch.setattr(terraform, "registry_reachable", lambda: True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    variables = terraform.terraform_environment({})
    assert plugin_cache(variables) == tmp_path / "plugin-cache"
