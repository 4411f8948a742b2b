"""Deployments of an ECS service that take their time, fail, or are rolled back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform_emulator.process import Emulator, EmulatorError

Client = Callable[..., Any]
Plan = Callable[..., None]

GUARDED = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.fixture
def plan(emulator: Emulator, account: str) -> Plan:
    def next_rollout(**given: Any) -> None:
        place = {"cluster": "c", "service": "fraud", "account": account}
        emulator.control("POST", "ecs/rollout", {**place, **given})

    return next_rollout


@pytest.fixture
def ecs(client: Client) -> Any:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    for version in (1, 2):
        image = {"name": "model", "image": f"fraud:{version}", "memory": 128}
        ecs.register_task_definition(family="fraud", containerDefinitions=[image])
    return ecs


def create(ecs: Any, **given: Any) -> None:
    options = {"deploymentConfiguration": GUARDED, **given}
    ecs.create_service(
        cluster="c", serviceName="fraud", taskDefinition="fraud:1", desiredCount=2, **options
    )


def update(ecs: Any) -> None:
    ecs.update_service(cluster="c", service="fraud", taskDefinition="fraud:2")


def describe(ecs: Any) -> Any:
    return ecs.describe_services(cluster="c", services=["fraud"])["services"][0]


def shown(ecs: Any) -> list[tuple[str, str, str, int]]:
    """The deployments: status, state, revision and running tasks."""
    return [
        (
            each["status"],
            each["rolloutState"],
            each["taskDefinition"].rpartition(":")[2],
            each["runningCount"],
        )
        for each in describe(ecs)["deployments"]
    ]


def last(ecs: Any) -> Any:
    """The newest service deployment."""
    arn = ecs.list_service_deployments(cluster="c", service="fraud")["serviceDeployments"][0]
    found = ecs.describe_service_deployments(serviceDeploymentArns=[arn["serviceDeploymentArn"]])
    (deployment,) = found["serviceDeployments"]
    assert deployment["status"] == arn["status"]
    return deployment


def test_without_a_plan_a_deployment_is_done_at_once(ecs: Any) -> None:
    create(ecs)
    first = describe(ecs)["deployments"][0]["id"]
    update(ecs)
    assert shown(ecs) == [("PRIMARY", "COMPLETED", "2", 2)]
    assert describe(ecs)["deployments"][0]["id"] != first
    assert last(ecs)["status"] == "SUCCESSFUL"


def test_an_update_shows_both_deployments_until_it_is_done(ecs: Any, plan: Plan) -> None:
    create(ecs)
    plan(describes=1)
    update(ecs)
    assert shown(ecs) == [("PRIMARY", "IN_PROGRESS", "2", 0), ("ACTIVE", "COMPLETED", "1", 2)]
    assert shown(ecs) == [("PRIMARY", "COMPLETED", "2", 2)]


def test_a_rollback_puts_the_deployment_before_back_under_its_own_id(ecs: Any, plan: Plan) -> None:
    create(ecs)
    before = describe(ecs)["deployments"][0]["id"]
    plan(outcome="rollback", describes=1, rolling_back_describes=1)
    update(ecs)
    assert describe(ecs)["taskDefinition"].endswith("fraud:2")
    assert shown(ecs) == [("PRIMARY", "IN_PROGRESS", "1", 2), ("ACTIVE", "FAILED", "2", 0)]
    assert last(ecs)["status"] == "ROLLBACK_IN_PROGRESS"
    assert shown(ecs) == [("PRIMARY", "COMPLETED", "1", 2)]
    found = describe(ecs)
    assert found["taskDefinition"].endswith("fraud:1")
    assert found["deployments"][0]["id"] == before
    assert found["events"][0]["message"].endswith(f"rolling back to deployment {before}.")
    rolled_back = last(ecs)
    assert rolled_back["status"] == "ROLLBACK_SUCCESSFUL"
    assert "circuit breaker" in rolled_back["statusReason"]


def test_a_new_service_has_nothing_to_go_back_to(ecs: Any, plan: Plan) -> None:
    plan(outcome="rollback", reason="tasks failed container health checks.")
    create(ecs)
    assert shown(ecs) == [("PRIMARY", "FAILED", "1", 0)]
    assert last(ecs)["status"] == "STOPPED"
    assert last(ecs)["statusReason"].endswith("tasks failed container health checks.")


def test_a_service_that_is_not_told_to_roll_back_fails(ecs: Any, plan: Plan) -> None:
    create(ecs, deploymentConfiguration={})
    plan(outcome="rollback")
    update(ecs)
    assert shown(ecs) == [("PRIMARY", "FAILED", "2", 0), ("ACTIVE", "COMPLETED", "1", 2)]


def test_a_changed_count_is_no_deployment(ecs: Any) -> None:
    create(ecs)
    before = last(ecs)["serviceDeploymentArn"]
    ecs.update_service(cluster="c", service="fraud", desiredCount=5)
    assert shown(ecs) == [("PRIMARY", "COMPLETED", "1", 5)]
    assert last(ecs)["serviceDeploymentArn"] == before


def test_a_plan_is_used_once_and_may_be_forgotten(
    ecs: Any, plan: Plan, emulator: Emulator, account: str
) -> None:
    create(ecs)
    plan(outcome="rollback")
    emulator.control("DELETE", "ecs/rollout", {"account": account})
    update(ecs)
    assert shown(ecs) == [("PRIMARY", "COMPLETED", "2", 2)]


def test_a_plan_that_makes_no_sense_is_refused(plan: Plan) -> None:
    with pytest.raises(EmulatorError, match="outcome must be one of"):
        plan(outcome="explode")
    with pytest.raises(EmulatorError, match="describes must be 0 or more"):
        plan(describes=-1)


def test_deployments_of_an_unknown_service_are_refused(ecs: Any) -> None:
    with pytest.raises(ClientError, match="ServiceNotFoundException"):
        ecs.list_service_deployments(cluster="c", service="unknown")
