"""What stood under another address in a state before is moved, and not made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform.names import logical_id
from tests.capabilities.alb import edge
from tests.conftest import Made

Synthesize = Callable[..., dict[str, dict[str, Any]]]


def test_the_old_address_of_a_resource_is_that_which_cdktf_gave_it(made: dict[str, Made]) -> None:
    named = {
        (each["//"]["metadata"]["path"], each["//"]["metadata"]["uniqueId"])
        for stack in made.values()
        for kind in stack.stack.get("resource", {}).values()
        for each in kind.values()
    }
    assert len(named) > 500
    assert [path for path, made_id in named if logical_id(path.split("/")[1:]) != made_id] == []


def test_moves_of_an_environment_stand_beside_those_of_its_modules(synthesize: Synthesize) -> None:
    environment = edge()
    own = {"aws_lb.before": "aws_lb.after"}
    choices: tuple[dict[str, dict[str, str]], ...] = ({}, {"ecs": own})
    for moved in choices:
        stack = synthesize(environment.replace(moved=moved))[f"{environment.key}-ecs"]
        blocks = {each["from"]: each["to"] for each in stack["moved"]}
        assert moved.get("ecs", {}).items() <= blocks.items()
        addresses = {f"{kind}.{name}" for kind, held in stack["resource"].items() for name in held}
        assert {to for old, to in blocks.items() if old not in own} <= addresses
        assert not {*blocks} & addresses
