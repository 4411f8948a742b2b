"""Orders that no attribute expresses: what fails to start without something waits for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.conftest import Synthesized

_REFERENCE = re.compile(r"\b(aws_[a-z0-9_]+\.[A-Za-z0-9_-]+)")
Graph = dict[str, set[str]]

# What starts containers or instances, or calls AWS by a role, as soon as it is made.
STARTS = {
    "aws_autoscaling_group",
    "aws_ecs_service",
    "aws_sagemaker_endpoint",
    "aws_sagemaker_model",
}
ACTS = STARTS | {
    "aws_codedeploy_deployment_group",
    "aws_eks_cluster",
    "aws_eks_fargate_profile",
    "aws_eks_node_group",
    "aws_flow_log",
    "aws_scheduler_schedule",
    "aws_sfn_state_machine",
}


def _resources(stack: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, resources in stack["resource"].items():
        for name, resource in resources.items():
            yield f"{kind}.{name}", resource


def _graph(stack: dict[str, Any], *, ordered: bool) -> Graph:
    """What each resource refers to; with `ordered`, its `depends_on` too."""
    return {
        address: {
            found
            for found in _REFERENCE.findall(
                json.dumps(
                    {
                        k: v
                        for k, v in resource.items()
                        if k != "//" and (ordered or k != "depends_on")
                    }
                )
            )
            if found != address
        }
        for address, resource in _resources(stack)
    }


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for each in graph.get(waiting.pop(), set()) - found:
            found.add(each)
            waiting.append(each)
    return found


def _unordered(
    stacks: Synthesized, users: set[str], parts: str, argument: str
) -> tuple[list[str], set[str]]:
    """What uses a resource without waiting for its parts, whose `argument` refers to it; and the
    types of which some wait."""
    wrong: list[str] = []
    right: set[str] = set()
    for name, stack in stacks.items():
        refers, waits = _graph(stack, ordered=False), _graph(stack, ordered=True)
        for user in (address for address in refers if address.split(".")[0] in users):
            used, before = _reached(refers, user), _reached(waits, user)
            for part, resource in _resources(stack):
                if not re.match(parts, part):
                    continue
                if not used.intersection(_REFERENCE.findall(str(resource[argument]))):
                    continue
                if part in before:
                    right.add(user.split(".")[0])
                else:
                    wrong.append(f"{name}: {user} does not wait for {part}")
    return wrong, right


def test_what_starts_containers_waits_for_the_rules_of_its_security_group(
    everything: Synthesized,
) -> None:
    wrong, right = _unordered(
        everything, STARTS, r"aws_vpc_security_group_\w+_rule\.", "security_group_id"
    )
    assert wrong == []
    assert right == STARTS


def test_what_acts_by_a_role_waits_for_the_roles_policies(everything: Synthesized) -> None:
    wrong, right = _unordered(everything, ACTS, r"aws_iam_role_policy(_attachment)?\.", "role")
    assert wrong == []
    assert right == ACTS


def test_container_instances_join_a_cluster_that_is_there(everything: Synthesized) -> None:
    """They find it by its name, in their user data."""
    found = [
        (address, resource)
        for stack in everything.values()
        for address, resource in _resources(stack)
        if address.startswith("aws_autoscaling_group.")
    ]
    assert found
    for address, resource in found:
        assert any(each.startswith("aws_ecs_cluster.") for each in resource["depends_on"]), address


def test_nothing_waits_for_itself(everything: Synthesized) -> None:
    for stack in everything.values():
        graph = _graph(stack, ordered=True)
        assert [address for address in graph if address in _reached(graph, address)] == []
