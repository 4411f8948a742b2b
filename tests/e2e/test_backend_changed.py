"""A changed backend block: taken over where the state stays in its place, refused where it would not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.deploy import deploy, take_over_backends
from ops.errors import OperatorError
from ops.review.reviewing import review_environments

from .program import Life

pytestmark = pytest.mark.story("each test begins with the folder that the one before it left")

STACK = "dev-use1-registry"

TEXT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml"{more})
dev = Environment(context=context, registry=Registry())
"""


class Folder(Life):
    """A stack in a folder that Terraform was initialised in."""

    def edit(self, **changes: Any) -> None:
        """Change arguments of the backend; None takes one away."""
        file = self.stack(STACK).folder / "cdk.tf.json"
        content = json.loads(file.read_text("utf-8"))
        arguments = {**content["terraform"]["backend"]["s3"], **changes}
        content["terraform"]["backend"]["s3"] = {
            name: value for name, value in arguments.items() if value is not None
        }
        file.write_text(json.dumps(content), encoding="utf-8")

    @property
    def initialised(self) -> str:
        """What Terraform keeps of the backend."""
        return (self.stack(STACK).folder / ".terraform" / "terraform.tfstate").read_text("utf-8")

    @property
    def variables(self) -> dict[str, str]:
        return self.program.terraform_environment()


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    life = Folder(tmp_path_factory.mktemp("backend"), emulator)
    life.write(TEXT.format(more=', deploy_role="first"'))
    life.bootstrap()
    deploy([STACK], life.program)
    return life


def test_a_deploy_takes_over_another_role(life: Folder) -> None:
    life.write(TEXT.format(more=', deploy_role="second"'))
    assert life.stack(STACK).backend_changed
    deployed = deploy([STACK], life.program)
    assert [run.status for run in deployed.stacks] == ["no changes"]
    assert "role/second" in life.initialised
    assert not life.stack(STACK).backend_changed


def test_a_review_takes_over_another_role(life: Folder) -> None:
    life.write(TEXT.format(more=', deploy_role="third"'))
    report = review_environments(["dev-use1"], life.program)
    (stack,) = report.stacks
    assert stack.status not in ("failed", "blocked"), stack.note


@pytest.mark.parametrize(
    "changes",
    [
        {"use_lockfile": None, "dynamodb_table": "locks"},
        {"use_lockfile": True, "dynamodb_table": None},
        {"encrypt": None},
        {"max_retries": 4},
    ],
    ids=" ".join,
)
def test_settings_that_move_no_state_are_taken_over(life: Folder, changes: dict[str, Any]) -> None:
    life.edit(**changes)
    done = life.stack(STACK).init(life.variables)
    assert done.status == 0, done.output
    assert not life.stack(STACK).backend_changed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bucket": "acme-elsewhere"}, "bucket acme-elsewhere"),
        ({"key": "other.tfstate"}, "key other.tfstate"),
        ({"region": "eu-west-1"}, "region eu-west-1"),
    ],
    ids=["bucket", "key", "region"],
)
def test_a_state_is_looked_for_in_no_other_place(
    life: Folder, changes: dict[str, Any], said: str
) -> None:
    synthesis = life.program.synthesize()
    assert life.stack(STACK).init(life.variables).status == 0
    before = life.initialised
    life.edit(**changes)
    stack = life.stack(STACK)
    with pytest.raises(OperatorError) as caught:
        take_over_backends([stack], synthesis)
    for text in (said, "-migrate-state", "-reconfigure", "Nothing was done"):
        assert text in str(caught.value)
    done = stack.init(life.variables)
    assert done.status == 1
    assert "Nothing was done" in done.output
    assert life.initialised == before
