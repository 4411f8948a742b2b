"""What stood under another address in a state before is moved, and not made again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import Inference, SpecError
from inferform.names import logical_id
from ops import moving
from tests.capabilities.alb import edge
from tests.conftest import Made
from tests.names.test_taken import ENDPOINT, environment

Synthesize = Callable[..., dict[str, dict[str, Any]]]


@pytest.mark.long
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


GROUP = "sg-0a1b2c3d4e5f67890"
_MADE = "${aws_security_group.models.id}"


def services(stack: dict[str, Any]) -> dict[str, Any]:
    """What a stack makes for its services, with the security group that is given instead of what
    the stack makes, and without what only orders the making."""
    stack = json.loads(json.dumps({key: stack[key] for key in ("resource", "locals")}))
    found: dict[str, Any] = {"locals": stack["locals"]}
    for kind, resources in stack["resource"].items():
        for name, each in resources.items():
            if moving._is_of_a_service(name):
                del each["//"]
                each.pop("depends_on", None)
                found[f"{kind}.{name}"] = each
    text = json.dumps(found, sort_keys=True).replace(_MADE, GROUP)
    return dict(json.loads(text))


def test_a_service_is_the_same_in_a_group_that_has_the_security_group_of_the_layer_before(
    synthesize: Synthesize,
) -> None:
    endpoints = {"fraud": ENDPOINT}
    alone = environment(inference=Inference(endpoints=endpoints))
    before = synthesize(alone)["dev-use1-inference"]
    groups = {"risk": Inference(endpoints=endpoints, security_group=GROUP)}
    risk = synthesize(alone.replace(inference=groups))["dev-use1-inference-risk"]
    assert _MADE in json.dumps(before)
    assert services(risk) == services(before)
    assert len(services(risk)) > 5
    assert "aws_security_group" not in risk["resource"]
    assert "aws_vpc_security_group_egress_rule" not in risk["resource"]


def test_no_name_is_taken_for_a_security_group_that_exists() -> None:
    inference = Inference(endpoints={"fraud": ENDPOINT})
    for given, made in ((None, True), (GROUP, False)):
        whole = environment(inference=inference.replace(security_group=given))
        kinds = {name.kind for path, name in whole.names if path == ("inference",)}
        assert ("aws_security_group" in kinds) is made


def test_a_security_group_is_named_by_its_id() -> None:
    with pytest.raises(SpecError, match="EXI6"):
        Inference(security_group="acme-dev-models")
