"""A program of one's own, with a resource in a layer, a layer and a stack that Inferform has not."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops import drift, status
from ops.deploy import deploy, destroy, recover
from ops.errors import BadInputError, OperatorError
from ops.preflight import preflight
from ops.program import Stacks
from ops.review.digest import digests
from ops.review.report import StackReport
from ops.review.reviewing import review_environments
from ops.state import NOT_KNOWN, States
from ops.terraform import contents_of
from tests.conftest import ROOT
from tests.e2e.program import Life, app_of
from tests.specs.files import CONTEXT

pytestmark = pytest.mark.story("each test works on what the one before it left")

_FOUND = re.search(
    r"```python program\n(.*?)```", (ROOT / "docs/program.md").read_text("utf-8"), re.DOTALL
)
assert _FOUND is not None
MAIN = _FOUND[1]
# The account that the caller's own credentials belong to on the emulator, as no role is assumed.
ACCOUNT = "123456789012"
ENVIRONMENT = f"""
from inferform import Context, Environment, Registry

dev = Environment(context={CONTEXT.replace("111122223333", ACCOUNT)}, registry=Registry())
"""
STACKS = ["dev-use1-registry", "dev-use1-extra", "mine"]


class Own(Life):
    """A project whose `cdktf.json` names a program of its own."""

    def app(self, folder: Path) -> str:
        (folder / "main.py").write_text(MAIN, encoding="utf-8")
        command = app_of(folder / "remembered", program=folder / "main.py", alone=True)
        return f"PYTHONPATH={shlex.quote(str(ROOT))} {command}"

    def sqs(self) -> Any:
        """A client of the queues."""
        return self.aws().session.client("sqs", endpoint_url=self.emulator.url)

    def every_status(self) -> dict[str, status.StackStatus]:
        """The status of every stack."""
        synthesis = self.to_plan("status")
        groups = status.by_environment(synthesis, synthesis.stacks)
        return {each.stack: each for stacks in groups for each in status.read(synthesis, stacks)}

    def review(self, *, read_only: bool) -> Mapping[str, StackReport]:
        """A review of the environment and of the stack of one's own."""
        report = review_environments(
            ["dev", "mine"],
            self.program,
            read_only=read_only,
            folder=self.program.work / "plans",
        )
        return {stack.name: stack for stack in report.stacks}


@pytest.fixture(scope="module")
def own(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Own:
    own = Own(tmp_path_factory.mktemp("own"), emulator)
    own.write(ENVIRONMENT)
    own.bootstrap()
    return own


@pytest.fixture(scope="module")
def synthesis(own: Own) -> Stacks:
    return own.to_plan("test")


def test_every_stack_of_the_program_is_deployed(own: Own) -> None:
    done = deploy(["*"], own.program)
    assert {run.name: run.status for run in done.stacks} == dict.fromkeys(STACKS, "applied")
    queues = own.sqs().list_queues()["QueueUrls"]
    assert {url.rpartition("/")[2] for url in queues} == {"jobs", "extra", "mine"}


def test_status_lists_each_with_what_can_be_known(own: Own) -> None:
    found = own.every_status()
    assert {name: stack.resources for name, stack in found.items() if name != STACKS[0]} == {
        "dev-use1-extra": 1,
        "mine": 1,
    }
    assert found["dev-use1-extra"].state_key == "dev-use1/extra.tfstate"
    assert (found["dev-use1-extra"].lock, found["mine"].lock) == (None, NOT_KNOWN)
    assert found["mine"].state_key.endswith("terraform.mine.tfstate")


def test_a_resource_of_ones_own_in_a_layer_is_no_drift(own: Own, synthesis: Stacks) -> None:
    found = drift.detect(synthesis, synthesis.stacks)
    assert {stack.stack: (stack.result, stack.error) for stack in found} == dict.fromkeys(
        STACKS, ("none", "")
    )


def test_what_somebody_changed_in_a_stack_of_ones_own_is_drift(own: Own) -> None:
    sqs = own.sqs()
    url = sqs.get_queue_url(QueueName="mine")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    synthesis = own.to_plan("test")
    [found] = drift.detect(synthesis, synthesis.named(["mine"]))
    assert (found.stack, found.result) == ("mine", "drift")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})


@pytest.mark.parametrize("read_only", [False, True])
def test_a_review_shows_nothing_to_do(own: Own, read_only: bool) -> None:
    found = own.review(read_only=read_only)
    assert {name: (stack.status, stack.counts) for name, stack in found.items()} == dict.fromkeys(
        STACKS, ("planned", {})
    )


def test_a_review_of_a_change_shows_of_what_changes_what_a_review_of_all_shows(
    own: Own, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(own.environments, project / "environments")
    shutil.copy(own.environments.parent / "main.py", project)
    # Its own main.py, and not one that remembers what it has synthesized.
    app = f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} main.py"
    (project / "cdktf.json").write_text(json.dumps({"app": app}), "utf-8")
    (project / ".gitignore").write_text("cdktf.out\n__pycache__\n", "utf-8")
    for arguments in (["init", "--initial-branch=main"], ["add", "."], ["commit", "-m", "it"]):
        author = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *author, *arguments], cwd=project, check=True, capture_output=True)
    program = replace(
        own.program,
        environments=project / "environments",
        outdir=project / "cdktf.out",
        folder=project,
    )
    file = project / "environments" / "dev.py"
    more = ENVIRONMENT.replace("Registry()", 'Registry(repositories={"new": Repository()})')
    file.write_text(more.replace("Registry\n", "Registry, Repository\n"), "utf-8")

    def review(base: str = "") -> tuple[dict[str, StackReport], dict[str, str]]:
        report = review_environments(["dev", "mine"], program, read_only=True, base=base)
        names = [stack.name for stack in report.stacks]
        stacks = dict(zip(names, report.stacks, strict=True))
        return stacks, dict(zip(names, digests(report), strict=True))

    (found, shown), (whole, all_shown) = review("main"), review()
    registry = found.pop(STACKS[0])
    assert registry.counts == whole[STACKS[0]].counts == {"create": 3}
    assert shown[STACKS[0]] == all_shown[STACKS[0]]
    assert {name: stack.status for name, stack in found.items()} == dict.fromkeys(
        STACKS[1:], "unchanged"
    )
    assert all(stack.note.startswith("as in main (commit ") for stack in found.values())


def test_preflight_knows_what_is_deployed_of_the_environment(own: Own, synthesis: Stacks) -> None:
    stacks = contents_of(synthesis.of("dev-use1"))
    assert {*stacks} == {*STACKS[:2]}
    found = preflight(own.environment(), stacks, own.aws())
    assert [each for each in found if each.outcome == "failed"] == []


def test_states_are_where_the_backends_of_the_stacks_say(own: Own, synthesis: Stacks) -> None:
    states = States(own.aws(), contents_of(synthesis.of("dev-use1")))
    extra = states.read("extra")
    assert extra is not None
    assert [*extra.resources] == ["aws_sqs_queue.queue"]


def test_what_cannot_be_done_for_a_stack_of_ones_own_is_said(own: Own) -> None:
    [said] = recover(["mine"], own.program)
    assert "its lock, and what it created and is in no state, were not looked for" in said
    with pytest.raises(BadInputError, match="mine belongs to no environment"):
        own.to_plan("state").require_layer("dev-use1", "mine")


def test_what_others_stand_on_is_not_destroyed_and_all_is_destroyed_together(own: Own) -> None:
    with pytest.raises(OperatorError, match="mine would be left without what is below"):
        destroy(["dev-use1-registry"], own.program)
    destroyed = destroy(["*"], own.program)
    assert (destroyed[0], sorted(destroyed)) == ("mine", sorted(STACKS))
    assert [stack.stack for stack in own.every_status().values() if stack.deployed] == []
