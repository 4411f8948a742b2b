"""The rollback alarms of an asynchronous endpoint, over what SageMaker publishes for one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inferform import (
    AsyncEndpoint,
    Canary,
    Context,
    EndpointAlarms,
    Environment,
    Inference,
    Model,
    NetworkOutputs,
    RegistryOutputs,
)
from tests.conftest import Synthesized
from tests.emulator.conftest import Client, Terraform

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIMENSIONS = {"EndpointName": "acme-dev-use1-queue", "VariantName": "primary"}
ALARMS = EndpointAlarms(
    server_error_percent=0.07, client_error_percent=5, evaluation_periods=3, datapoints_to_alarm=2
)

# Requests of three minutes by the errors among them, as SageMaker tells CloudWatch of each: 1 for an
# error, 0 for any other response.
GOOD = [[0] * 2000, [0] * 1999 + [1], [0] * 5]
BAD = [[0] * 2000, [0] * 998 + [1] * 2, [0, 1]]


@pytest.fixture
def alarms(
    synthesize: Callable[..., Synthesized], terraform: Terraform, client: Client, account: str
) -> dict[str, Any]:
    """The alarms as they are once Terraform has made them, by the ends of their names."""
    environment = Environment(
        context=Context(
            organization="acme", stage="dev", account=account, region="us-east-1", owner="ml"
        ),
        network=NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.9.0.0/16",
            private_subnet_ids=["subnet-1", "subnet-2"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        registry=RegistryOutputs(
            kms_key_arn=f"arn:aws:kms:us-east-1:{account}:key/k", artifact_bucket="artifacts"
        ),
        inference=Inference(
            endpoints={
                "queue": AsyncEndpoint(
                    model=Model(image=f"{account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"),
                    instance_type="ml.m5.large",
                    rollout=Canary(alarms=ALARMS),
                )
            }
        ),
    )
    stack = synthesize(environment)["dev-use1-inference"]
    made = stack["resource"]["aws_cloudwatch_metric_alarm"]
    for alarm in made.values():
        del alarm["//"]
    terraform.write(
        {
            "provider": {
                "aws": {
                    "region": "us-east-1",
                    "assume_role": {"role_arn": f"arn:aws:iam::{account}:role/deploy"},
                }
            },
            "resource": {"aws_cloudwatch_metric_alarm": made},
        }
    )
    terraform.run("init", "-no-color")
    terraform.apply()
    terraform.assert_unchanged()
    found = client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"].rpartition("-")[2]: alarm for alarm in found}


def publish(cloudwatch: Any, name: str, start: datetime, minutes: Sequence[list[int]]) -> None:
    for minute, values in enumerate(minutes):
        cloudwatch.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": n, "Value": v} for n, v in DIMENSIONS.items()],
                    "Timestamp": start + timedelta(minutes=minute),
                    "Values": sorted(set(values)),
                    "Counts": [values.count(value) for value in sorted(set(values))],
                }
            ],
        )


def state(cloudwatch: Any, alarm: dict[str, Any], start: datetime) -> str:
    """What an alarm becomes over three minutes: CloudWatch's rule over the emulator's metrics."""
    query = {
        "Id": "m1",
        "MetricStat": {
            "Metric": {
                "Namespace": alarm["Namespace"],
                "MetricName": alarm["MetricName"],
                # moto finds a metric only by its dimensions in the order of their publication.
                "Dimensions": sorted(alarm["Dimensions"], key=lambda each: str(each["Name"])),
            },
            "Period": alarm["Period"],
            "Stat": alarm["Statistic"],
        },
    }
    (result,) = cloudwatch.get_metric_data(
        MetricDataQueries=[query], StartTime=start, EndTime=start + timedelta(minutes=3)
    )["MetricDataResults"]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["EvaluationPeriods"] == 3
    over = [operator.gt(value, alarm["Threshold"]) for value in result["Values"]]
    return "ALARM" if sum(over) >= alarm["DatapointsToAlarm"] else "OK"


def test_the_alarms_of_an_asynchronous_endpoint_sound_above_their_limits_only(
    alarms: dict[str, Any], client: Client
) -> None:
    cloudwatch = client("cloudwatch")

    def states(start: datetime, errors: Sequence[list[int]], faults: Sequence[list[int]]) -> Any:
        publish(cloudwatch, "Invocation5XXErrors", start, errors)
        publish(cloudwatch, "Invocation4XXErrors", start, faults)
        return {name: state(cloudwatch, alarms[name], start) for name in ("5xx", "4xx")}

    five_percent = [[0] * 19 + [1]] * 3
    hour = timedelta(hours=1)
    assert states(START, (), ()) == {"5xx": "OK", "4xx": "OK"}, "nobody asks"
    assert states(START + hour, GOOD, five_percent) == {"5xx": "OK", "4xx": "OK"}
    assert states(START + 2 * hour, BAD, GOOD) == {"5xx": "ALARM", "4xx": "OK"}
    assert states(START + 3 * hour, GOOD, [[0, 1]] * 3) == {"5xx": "OK", "4xx": "ALARM"}
