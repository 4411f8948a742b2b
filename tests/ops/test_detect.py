"""Drift of stacks that Terraform plans by itself: `terraform_data` needs no provider and no AWS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferform import Context, Environment, Registry
from ops import drift, plan_times
from ops.drift import StackDrift, detect
from ops.errors import OperatorError
from ops.program import Program, Stacks
from ops.terraform import Stack
from tests.ops import alone

Written = Callable[..., Stack]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(work=tmp_path / "work")


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return lambda name, value, **more: alone.written(tmp_path / name, value, **more)


def _applied(stack: Stack, program: Program) -> Stack:
    return alone.applied(stack, program.terraform_environment())


def _detect(program: Program, *stacks: Stack, **options: Any) -> list[StackDrift]:
    return detect(Stacks(program, stacks, {}), stacks, **options)


def test_every_stack_is_planned_and_told_in_its_order(program: Program, written: Written) -> None:
    same = _applied(written("same", "1"), program)
    _applied(written("other", "1"), program)
    other = written("other", "2")
    output = written("output", "1", output={"x": {"value": "1"}})
    _applied(output, program)
    output = written("output", "1", output={"x": {"value": "2"}})
    heard: list[tuple[str, str]] = []
    found = _detect(
        program, same, other, output, parallelism=1, follow=lambda *told: heard.append(told)
    )
    assert [(each.stack, each.result, each.summary) for each in found] == [
        ("same", "none", "none"),
        ("other", "pending", "1 pending"),
        ("output", "pending", "outputs"),
    ]
    assert [str(change) for change in found[1].changes] == [
        "update terraform_data.x (input, output)"
    ]
    assert heard == [
        told for each in found for told in ((each.stack, "planning"), (each.stack, each.summary))
    ]
    # A plan that takes no time at all is one of 0.0 seconds.
    assert None not in [plan_times.noted(program, stack) for stack in (same, other, output)]


def test_a_stack_that_cannot_be_planned_fails_with_terraforms_words_and_without_secrets(
    program: Program, written: Written
) -> None:
    wrong = {"condition": "${1 == 2}", "error_message": "for password=swordfish."}
    resource = {"terraform_data": {"x": {"lifecycle": {"precondition": [wrong]}}}}
    refused = written("refused", "1", resource=resource)
    unopened = written("unopened", "1", terraform={"backend": {"nowhere": {}}})
    unplanned, unknown = _detect(program, refused, unopened)
    assert (unplanned.result, unknown.result) == ("failed", "failed")
    assert "for password=(masked)" in unplanned.error
    assert "what to do" not in unplanned.error
    assert unknown.error.startswith("Error: Unsupported backend type")


def test_a_plan_that_takes_too_long_is_a_failure(
    program: Program, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "TIMEOUT_SECONDS", 0.001)
    (found,) = _detect(program, written("slow", "1"))
    assert found.result == "failed"
    assert found.error.endswith("terraform took more than 0.001 s")


def test_credentials_are_asked_for_once_for_each_environment_and_with_the_plan_role(
    program: Program, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(
        organization="acme",
        stage="dev",
        account="111122223333",
        region="us-east-1",
        owner="ml",
        plan_role="plans",
    )
    asked: list[str | None] = []

    class Denied:
        def __init__(self, context: Context, *, emulator: Any, role_arn: str | None) -> None:
            asked.append(role_arn)

        def require_credentials(self) -> None:
            raise OperatorError("no credentials")

    monkeypatch.setattr(drift, "Aws", Denied)
    said = {"metadata": {"inferform": {"environment": "dev-use1", "layer": "registry"}}}
    own = written("own", "1", **{"//": {"metadata": {"inferform": {"environment": "x"}}}})
    config = {"path": "${path.module}/none.tfstate"}
    read = {"terraform_remote_state": {"network": {"backend": "local", "config": config}}}
    upper = written("upper", "1", data=read, **{"//": said})
    stacks = [own, written("lower", "1", **{"//": said}), upper]
    known = {"dev-use1": Environment(context=context, registry=Registry())}
    with pytest.raises(OperatorError, match="no credentials"):
        detect(Stacks(program, tuple(stacks), known), stacks)
    assert asked == ["arn:aws:iam::111122223333:role/plans"]
    monkeypatch.setattr(Denied, "require_credentials", lambda self: None)
    asked.clear()
    found = detect(Stacks(program, tuple(stacks), known), stacks)
    assert [each.result for each in found] == ["pending", "pending", "failed"]
    assert "\nwhat to do: " in found[2].error
    assert len(asked) == 1
