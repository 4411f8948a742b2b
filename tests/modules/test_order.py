"""Orders that no attribute expresses: what fails to start without something waits for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Synthesized

pytestmark = pytest.mark.long

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


# What each resource of a type waits for, by types, and why; where no attribute leads there.
WAITS = {
    ("aws_autoscaling_group", "aws_ecs_cluster"): "instances join it by its name",
    ("aws_cloudwatch_event_target", "aws_iam_role_policy"): "an event may come at once",
    ("aws_ecs_service", "aws_cloudwatch_log_group"): "ECS would make the group, without its key",
    ("aws_ecs_service", "aws_iam_role_policy"): "tasks pull their image by the role",
    ("aws_ecs_service", "aws_lb_listener_rule"): "the target group has no load balancer before",
    ("aws_ecs_service", "aws_vpc_security_group_ingress_rule"): "health checks come in",
    ("aws_eip", "aws_internet_gateway"): "AWS asks for the gateway first",
    ("aws_eks_access_policy_association", "aws_eks_access_entry"): "it is of the entry",
    ("aws_eks_cluster", "aws_cloudwatch_log_group"): "EKS would make the group, without its key",
    ("aws_eks_cluster", "aws_iam_role_policy_attachment"): "EKS acts by the role",
    ("aws_eks_fargate_profile", "aws_iam_role_policy_attachment"): "pods pull images by the role",
    ("aws_eks_node_group", "aws_eks_addon"): "nodes are not ready without the VPC CNI",
    ("aws_eks_node_group", "aws_iam_role_policy_attachment"): "nodes join by the role",
    ("aws_iam_instance_profile", "aws_iam_role_policy"): "instances act by the role",
    ("aws_lb", "aws_s3_bucket_policy"): "a load balancer tries to write its logs when it is made",
    ("aws_nat_gateway", "aws_internet_gateway"): "AWS asks for the gateway first",
    ("aws_s3_bucket_policy", "aws_s3_bucket_public_access_block"): "no policy opens it meanwhile",
    ("aws_sagemaker_endpoint", "aws_cloudwatch_log_group"): "SageMaker would make the group",
    ("aws_sagemaker_model", "aws_iam_role_policy"): "containers fetch their model by the role",
    ("aws_sfn_state_machine", "aws_iam_role_policy"): "it acts by the role",
}
FIRST_MADE = {
    "aws_codedeploy_deployment_config": "a group uses one at every moment",
    "aws_ecs_task_definition": "a service runs one at every moment",
    "aws_eks_node_group": "pods move from one to the other",
    "aws_sagemaker_endpoint_configuration": "an endpoint has one at every moment",
    "aws_sagemaker_model": "an endpoint configuration has one at every moment",
}


def _of_type(stacks: Synthesized, kind: str) -> list[dict[str, Any]]:
    return [
        resource
        for stack in stacks.values()
        for address, resource in _resources(stack)
        if address.startswith(f"{kind}.")
    ]


def _acts_by_a_given_role(resource: dict[str, Any]) -> bool:
    """Whether it acts by a role that is named by its ARN, as somebody else made it."""
    return str(resource.get("execution_role_arn", "")).startswith("arn:")


@pytest.mark.parametrize(("kind", "first"), WAITS)
def test_what_has_no_reference_waits_all_the_same(
    kind: str, first: str, everything: Synthesized
) -> None:
    found = [
        each
        for each in _of_type(everything, kind)
        if not _acts_by_a_given_role(each)
        and (kind != "aws_ecs_service" or "load_balancer" in each)
        and (kind != "aws_lb" or "access_logs" in each)
        and (kind != "aws_cloudwatch_event_target" or "role_arn" in each)
    ]
    assert found
    # A Network Load Balancer has no rules: the service's listener is its own.
    firsts = [f"{first}.", *(["aws_lb_listener."] if first == "aws_lb_listener_rule" else [])]
    for each in found:
        assert [name for name in each["depends_on"] if name.startswith(tuple(firsts))]


@pytest.mark.parametrize("kind", FIRST_MADE)
def test_what_something_uses_at_every_moment_is_made_before_the_old_one_goes(
    kind: str, everything: Synthesized
) -> None:
    found = _of_type(everything, kind)
    assert found
    assert {each["lifecycle"].get("create_before_destroy") for each in found} == {True}


def test_an_endpoint_waits_for_the_alarms_that_roll_it_back(everything: Synthesized) -> None:
    watched = 0
    for stack in everything.values():
        named = {
            resource["alarm_name"]: address
            for address, resource in _resources(stack)
            if address.startswith("aws_cloudwatch_metric_alarm.")
        }
        for endpoint in stack["resource"].get("aws_sagemaker_endpoint", {}).values():
            guard = endpoint.get("deployment_config", {}).get("auto_rollback_configuration", {})
            names = [
                re.sub(r"\$\{(.+)\.\w+\}", r"\1", a["alarm_name"]) for a in guard.get("alarms", [])
            ]
            own = {named.get(name, name) for name in names} & set(named.values())
            watched += len(own)
            assert own <= set(endpoint["depends_on"])
    assert watched > 20


def test_an_endpoint_says_when_aws_put_its_update_back(everything: Synthesized) -> None:
    for kind in ("aws_sagemaker_endpoint", "aws_ecs_service"):
        found = _of_type(everything, kind)
        guarded = [each for each in found if each.get("lifecycle", {}).get("postcondition")]
        # CodeDeploy moves a service after the apply.
        left = [each["deployment_controller"]["type"] for each in found if each not in guarded]
        assert guarded
        assert set(left) <= {"CODE_DEPLOY"}


def test_the_rules_of_objects_wait_for_the_versions_that_they_expire(
    everything: Synthesized,
) -> None:
    for stack in everything.values():
        resources = stack["resource"]
        versioned = {
            each["bucket"]: f"aws_s3_bucket_versioning.{name}"
            for name, each in resources.get("aws_s3_bucket_versioning", {}).items()
        }
        for each in resources.get("aws_s3_bucket_lifecycle_configuration", {}).values():
            if each["bucket"] in versioned:
                assert versioned[each["bucket"]] in each["depends_on"]
