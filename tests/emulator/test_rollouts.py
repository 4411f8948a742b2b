"""Deployments of an endpoint that take their time, fail, or are rolled back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform_emulator.process import Emulator, EmulatorError

Client = Callable[..., Any]
Plan = Callable[..., None]

ROLE = "arn:aws:iam::123456789012:role/endpoint"


@pytest.fixture
def plan(emulator: Emulator, account: str) -> Plan:
    def next_rollout(**given: Any) -> None:
        emulator.control(
            "POST", "sagemaker/rollout", {"endpoint": "fraud", "account": account, **given}
        )

    return next_rollout


@pytest.fixture
def sagemaker(client: Client) -> Any:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="fraud", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image:1"}
    )
    for number in (1, 2):
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"fraud-{number}",
            ProductionVariants=[
                {
                    "VariantName": "main",
                    "ModelName": "fraud",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": number,
                }
            ],
        )
    return sagemaker


def create(sagemaker: Any) -> None:
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")


def update(sagemaker: Any, **given: Any) -> None:
    sagemaker.update_endpoint(EndpointName="fraud", EndpointConfigName="fraud-2", **given)


def describe(sagemaker: Any) -> Any:
    return sagemaker.describe_endpoint(EndpointName="fraud")


def statuses(sagemaker: Any, count: int) -> list[str]:
    return [describe(sagemaker)["EndpointStatus"] for _ in range(count)]


def test_a_deployment_is_done_at_once_unless_planned_otherwise(sagemaker: Any) -> None:
    create(sagemaker)
    assert statuses(sagemaker, 1) == ["InService"]
    update(sagemaker)
    assert statuses(sagemaker, 1) == ["InService"]


def test_a_creation_can_take_its_time(sagemaker: Any, plan: Plan) -> None:
    plan(outcome="succeed", describes=2)
    create(sagemaker)
    assert statuses(sagemaker, 3) == ["Creating", "Creating", "InService"]


def test_a_plan_is_for_one_deployment(sagemaker: Any, plan: Plan) -> None:
    plan(describes=1)
    create(sagemaker)
    assert statuses(sagemaker, 2) == ["Creating", "InService"]
    update(sagemaker)
    assert statuses(sagemaker, 1) == ["InService"]


def test_an_update_shows_the_old_configuration_and_the_pending_one(
    sagemaker: Any, plan: Plan
) -> None:
    create(sagemaker)
    plan(describes=1)
    update(sagemaker)
    during = describe(sagemaker)
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "fraud-1")
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == "fraud-2"
    pending = during["PendingDeploymentSummary"]["ProductionVariants"][0]
    assert pending["DesiredInstanceCount"] == 2
    after = describe(sagemaker)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "fraud-2")
    assert "PendingDeploymentSummary" not in after


def test_a_creation_can_fail(sagemaker: Any, plan: Plan, client: Client) -> None:
    plan(outcome="fail", describes=1, reason="no ml.m5.large")
    create(sagemaker)
    assert statuses(sagemaker, 1) == ["Creating"]
    failed = describe(sagemaker)
    assert (failed["EndpointStatus"], failed["FailureReason"]) == ("Failed", "no ml.m5.large")
    with pytest.raises(ClientError, match="Cannot update endpoint"):
        update(sagemaker)
    with pytest.raises(ClientError, match="not found"):
        client("sagemaker-runtime").invoke_endpoint(EndpointName="fraud", Body=b"1")
    sagemaker.delete_endpoint(EndpointName="fraud")


def test_a_rollback_returns_to_the_old_configuration_and_says_why(
    sagemaker: Any, plan: Plan
) -> None:
    create(sagemaker)
    plan(outcome="rollback", describes=1, rolling_back_describes=2, reason="5xx")
    update(sagemaker)
    assert statuses(sagemaker, 3) == ["Updating", "RollingBack", "RollingBack"]
    after = describe(sagemaker)
    assert (after["EndpointStatus"], after["FailureReason"]) == ("InService", "5xx")
    assert after["EndpointConfigName"] == "fraud-1"
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    update(sagemaker)
    recovered = describe(sagemaker)
    assert recovered["EndpointConfigName"] == "fraud-2"
    assert "FailureReason" not in recovered


def test_a_rollback_can_be_silent(sagemaker: Any, plan: Plan) -> None:
    create(sagemaker)
    plan(outcome="rollback", describes=0, rolling_back_describes=0, reason="")
    update(sagemaker)
    after = describe(sagemaker)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "fraud-1")
    assert "FailureReason" not in after


def test_a_rollback_can_fail_too(sagemaker: Any, plan: Plan) -> None:
    create(sagemaker)
    plan(outcome="rollback-failed", describes=0)
    update(sagemaker)
    assert statuses(sagemaker, 2) == ["RollingBack", "UpdateRollbackFailed"]


def test_an_endpoint_that_is_being_updated_serves_and_cannot_be_changed(
    sagemaker: Any, plan: Plan, client: Client
) -> None:
    create(sagemaker)
    plan(describes=3)
    update(sagemaker)
    for change in (
        lambda: update(sagemaker),
        lambda: sagemaker.delete_endpoint(EndpointName="fraud"),
        lambda: sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="fraud",
            DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredWeight": 1}],
        ),
    ):
        with pytest.raises(ClientError, match=r"ValidationException.*in-progress"):
            change()
    client("sagemaker-runtime").invoke_endpoint(EndpointName="fraud", Body=b"1")


def test_an_endpoint_that_is_being_created_does_not_serve(
    sagemaker: Any, plan: Plan, client: Client
) -> None:
    plan(describes=5)
    create(sagemaker)
    with pytest.raises(ClientError, match="not found"):
        client("sagemaker-runtime").invoke_endpoint(EndpointName="fraud", Body=b"1")


def test_boto3s_waiter_waits_for_a_deployment(sagemaker: Any, plan: Plan) -> None:
    plan(describes=2)
    create(sagemaker)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName="fraud", WaiterConfig={"Delay": 0, "MaxAttempts": 5})


def rolling_back_on(alarm: str) -> dict[str, Any]:
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    return {
        "DeploymentConfig": {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
        }
    }


def put_alarm(client: Client) -> Any:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    return cloudwatch


def test_an_alarm_of_the_deployment_rolls_it_back(sagemaker: Any, client: Client) -> None:
    cloudwatch = put_alarm(client)
    create(sagemaker)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    update(sagemaker, **rolling_back_on("errors"))
    assert statuses(sagemaker, 2) == ["Updating", "RollingBack"]
    after = describe(sagemaker)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "fraud-1")
    assert "errors" in after["FailureReason"]


def test_an_alarm_during_the_deployment_rolls_it_back(
    sagemaker: Any, client: Client, plan: Plan
) -> None:
    cloudwatch = put_alarm(client)
    create(sagemaker)
    plan(describes=10)
    update(sagemaker, **rolling_back_on("errors"))
    assert statuses(sagemaker, 2) == ["Updating", "Updating"]
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    assert statuses(sagemaker, 2) == ["RollingBack", "InService"]
    assert describe(sagemaker)["EndpointConfigName"] == "fraud-1"


def test_a_quiet_alarm_lets_the_deployment_through(sagemaker: Any, client: Client) -> None:
    put_alarm(client)
    create(sagemaker)
    update(sagemaker, **rolling_back_on("errors"))
    assert describe(sagemaker)["EndpointConfigName"] == "fraud-2"


def test_plans_can_be_forgotten(
    sagemaker: Any, emulator: Emulator, account: str, plan: Plan
) -> None:
    plan(outcome="fail")
    emulator.control("DELETE", "sagemaker/rollout", {"account": account})
    create(sagemaker)
    assert statuses(sagemaker, 1) == ["InService"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"outcome": "explode"}, "outcome must be one of succeed, fail, rollback"),
        ({"describes": -1}, "describes must be 0 or more"),
        ({"descibes": 1}, "descibes"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    plan: Plan, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(EmulatorError, match=problem):
        plan(**given)
