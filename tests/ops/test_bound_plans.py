"""Saved plans are bound to what they were made from; made by Terraform, of stacks without AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from inferform import Context
from ops.errors import BadInputError, OperatorError
from ops.review import bound
from ops.review.source import NO_SOURCE, Source
from ops.state import Mark, opened, pulled, pulled_content
from ops.terraform import LOCK_FILE, Stack, terraform_environment
from tests.ops.alone import applied, written

COMMIT = Source("a" * 40)
LOCK = "# one provider\n"


@dataclass
class Saved:
    """A plan of the upper of two stacks, and its record."""

    lower: Stack
    stack: Stack
    plan: Path
    record: bound.Record
    environment: dict[str, str]

    def check(self) -> None:
        bound.check_stack(self.record, self.plan, self.stack, [self.lower], self.environment)


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    environment = terraform_environment()
    lower = applied(written(tmp_path / "lower", "1"), environment)
    stack = applied(written(tmp_path / "upper", "1"), environment)
    written(tmp_path / "upper", "2")
    plan = tmp_path / "upper.tfplan"
    done = stack.run("plan", f"-out={plan}", environment=environment)
    assert done.status == 0, done.output
    (stack.folder / LOCK_FILE).write_text(LOCK, encoding="utf-8")
    below = pulled(lower, environment)
    assert below is not None
    record = bound.Record.of(
        stack,
        plan,
        context=None,
        target="aws",
        source=COMMIT,
        state=pulled(stack, environment),
        below={"lower": below},
    )
    return Saved(lower, stack, plan, record, environment)


def test_a_plan_is_what_it_was_made_from_until_something_changes(saved: Saved) -> None:
    saved.check()
    folder, again = saved.stack.folder, saved.environment
    code = (folder / "cdk.tf.json").read_bytes()
    changes: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        (
            "the code synthesizes to something else",
            lambda: written(folder, "3"),
            lambda: (folder / "cdk.tf.json").write_bytes(code),
        ),
        (
            r"\.terraform\.lock\.hcl chooses other providers",
            lambda: (folder / LOCK_FILE).write_text("# another", encoding="utf-8"),
            lambda: (folder / LOCK_FILE).write_text(LOCK, encoding="utf-8"),
        ),
    ]
    for says, change, back in changes:
        change()
        with pytest.raises(OperatorError, match=f"^the plan of upper is stale: {says}"):
            saved.check()
        back()
        saved.check()
    applied(written(saved.lower.folder, "2"), again)
    with pytest.raises(OperatorError, match="stale: lower, which it depends on, has been"):
        saved.check()


def test_a_plan_is_stale_once_its_state_is_written(saved: Saved) -> None:
    applied(saved.stack, saved.environment)
    with pytest.raises(OperatorError, match=r"stale: its state has been written since") as error:
        saved.check()
    assert "plan it again: inferform review upper" in str(error.value)


def test_a_plan_of_another_configuration_is_refused_whatever_its_record_says(saved: Saved) -> None:
    written(saved.stack.folder, "3")
    digest = bound.digest(saved.stack.folder / "cdk.tf.json")
    saved.record = replace(saved.record, synthesized=digest)
    with pytest.raises(OperatorError, match="is not a plan of upper: it was planned from"):
        saved.check()


def test_the_record_says_what_the_plan_was_made_from(saved: Saved) -> None:
    record = saved.record
    assert (record.stack, record.environment, record.layer) == ("upper", "", "")
    assert (record.account, record.region, record.target) == ("", "", "aws")
    assert record.plan == bound.digest(saved.plan)
    assert record.lock_file == bound.digest(saved.stack.folder / LOCK_FILE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record.made)
    bound.write_record(saved.plan, record)
    assert bound.read_record(saved.plan) == record
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    of = bound.Record.of(
        saved.stack, saved.plan, context=context, target="aws", source=COMMIT, state=None, below={}
    )
    assert (of.account, of.region, of.state) == ("111122223333", "us-east-1", None)
    bound.write_record(saved.plan, of)
    assert bound.read_record(saved.plan) == of
    bound.write_record(saved.plan, replace(record, version=bound.VERSION - 1))
    with pytest.raises(BadInputError, match="made by another version of Inferform"):
        bound.read_record(saved.plan)


def test_a_plan_is_applied_to_what_it_was_reviewed_for_alone(saved: Saved) -> None:
    def check(record: bound.Record, *, environment: str | None = None, **more: object) -> None:
        given = {"target": "aws", "source": COMMIT, **more}
        bound.check(record, saved.plan, environment=environment, **given)  # type: ignore[arg-type]

    def refused(record: bound.Record, says: str, **more: object) -> None:
        with pytest.raises(OperatorError, match=says):
            check(record, **more)  # type: ignore[arg-type]

    record = saved.record
    check(record)
    check(record, environment="")
    refused(record, "is a plan of upper, not of dev-use1", environment="dev-use1")
    of = replace(record, environment="dev-use1")
    check(of, environment="dev-use1")
    refused(of, "is a plan of dev-use1, not of prod-use1", environment="prod-use1")
    refused(of, "plan it again: inferform review dev-use1", source=NO_SOURCE)
    refused(record, "leave --emulator out|add", target="emulator")
    emulated = replace(record, target="emulator")
    refused(emulated, "is a plan for emulator, not for aws(?s:.*)add --emulator")
    refused(record, "for aws, not for emulator(?s:.*)leave --emulator out", target="emulator")
    refused(record, "but no commit is checked out", source=Source())
    refused(record, f"but {'b' * 12} is checked out", source=Source("b" * 40))
    changed = replace(COMMIT, uncommitted=("x.py",))
    uncommitted = replace(record, source=changed)
    refused(uncommitted, "nobody can look up later", source=changed)
    check(uncommitted, source=changed, uncommitted=True)
    saved.plan.write_bytes(b"other")
    refused(record, "is not the plan that was reviewed")


def test_a_file_that_is_no_plan_holds_no_configuration(saved: Saved, tmp_path: Path) -> None:
    assert bound.configuration_of(saved.plan) == (saved.stack.folder / "cdk.tf.json").read_bytes()
    none = tmp_path / "none"
    assert (bound.configuration_of(none), bound.digest(none)) == (b"", "")
    none.write_bytes(b"x")
    assert bound.configuration_of(none) == b""


def test_the_state_of_a_stack_is_asked_of_terraform(tmp_path: Path) -> None:
    environment = terraform_environment()
    stack = written(tmp_path / "one", "1")
    state = opened(stack, environment)
    assert state is None
    assert pulled(stack, environment) is None
    applied(stack, environment)
    state = opened(stack, environment)
    assert state is not None
    assert state.of_type("terraform_data")[0]["input"]["value"] == "1"
    assert (state.version, state.changed) == ("", None)
    mark = pulled(stack, environment)
    assert mark == Mark(state.content["lineage"], state.serial)
    written(stack.folder, "2")
    applied(stack, environment)
    later = pulled(stack, environment)
    assert later is not None
    assert later.serial > state.serial
    done = stack.run("destroy", "-auto-approve", environment=environment)
    assert done.status == 0, done.output
    assert pulled(stack, environment) is None
    assert pulled_content(stack, environment) is not None
    code = {"output": {"x": {"value": "1"}}}
    (stack.folder / "cdk.tf.json").write_text(json.dumps(code), encoding="utf-8")
    applied(stack, environment)
    assert pulled(stack, environment) is not None, "outputs are read from above"
    unopened = written(tmp_path / "two", "1", terraform={"backend": {"nowhere": {}}})
    with pytest.raises(OperatorError, match=r"^two cannot be opened\n  Error: Unsupported backend"):
        opened(unopened, environment)
