"""Monitoring schedules of SageMaker on the emulator, as AWS's API reference says them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

IMAGE = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
LOCAL = "/opt/ml/processing/input"
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://data/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
HOURLY = "cron(0 * ? * * *)"


class Monitoring:
    """An account with a model and two endpoints, one of which captures its requests."""

    def __init__(self, client: Client, account: str) -> None:
        self.sagemaker = sagemaker = client("sagemaker")
        self.role = f"arn:aws:iam::{account}:role/analyzer"
        image = f"{account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
        sagemaker.create_model(
            ModelName="fraud", PrimaryContainer={"Image": image}, ExecutionRoleArn=self.role
        )
        variant = {
            "VariantName": "primary",
            "ModelName": "fraud",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        for name, more in (("seen", {"DataCaptureConfig": CAPTURE}), ("blind", {})):
            sagemaker.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[variant], **more
            )
            sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def define(self, name: str = "d1", endpoint: str = "seen", **changes: Any) -> str:
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        output = {"S3Uri": "s3://data/reports", "LocalPath": "/opt/ml/processing/output"}
        given = {
            "JobDefinitionName": name,
            "DataQualityAppSpecification": {"ImageUri": IMAGE},
            "DataQualityJobInput": {
                "EndpointInput": {"EndpointName": endpoint, "LocalPath": LOCAL}
            },
            "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
            "JobResources": {"ClusterConfig": cluster},
            "RoleArn": self.role,
        }
        made = self.sagemaker.create_data_quality_job_definition(**{**given, **changes})
        return str(made["JobDefinitionArn"])

    def config(self, expression: str = HOURLY, definition: str = "d1") -> dict[str, Any]:
        return {
            "ScheduleConfig": {"ScheduleExpression": expression},
            "MonitoringJobDefinitionName": definition,
            "MonitoringType": "DataQuality",
        }

    def schedule(self, name: str = "s1", **config: str) -> str:
        made = self.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=name,
            MonitoringScheduleConfig=self.config(**config),
            Tags=[{"Key": "owner", "Value": "ml"}],
        )
        return str(made["MonitoringScheduleArn"])

    def refused(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
        with pytest.raises(ClientError) as error:
            call(*arguments, **named)
        return str(error.value.response["Error"]["Code"])


@pytest.fixture
def monitoring(client: Client, account: str) -> Monitoring:
    return Monitoring(client, account)


def test_a_schedule_is_made_changed_switched_and_deleted(monitoring: Monitoring) -> None:
    sagemaker = monitoring.sagemaker
    monitoring.define()
    arn = monitoring.schedule()

    def described() -> dict[str, Any]:
        found: dict[str, Any] = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="s1")
        return found

    assert described()["MonitoringScheduleArn"] == arn
    assert described()["MonitoringScheduleStatus"] == "Scheduled"
    assert described()["EndpointName"] == "seen"
    assert described()["MonitoringScheduleConfig"] == monitoring.config()
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "ml"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "dev"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["owner"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "dev"}]
    monitoring.define("d2")
    changed = monitoring.config("cron(0 3 ? * * *)", "d2")
    sagemaker.update_monitoring_schedule(
        MonitoringScheduleName="s1", MonitoringScheduleConfig=changed
    )
    assert described()["MonitoringScheduleConfig"] == changed
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="s1")
    assert described()["MonitoringScheduleStatus"] == "Stopped"
    sagemaker.start_monitoring_schedule(MonitoringScheduleName="s1")
    (listed,) = sagemaker.list_monitoring_schedules(EndpointName="seen")[
        "MonitoringScheduleSummaries"
    ]
    assert listed["MonitoringJobDefinitionName"] == "d2"
    assert not sagemaker.list_monitoring_schedules(EndpointName="blind")[
        "MonitoringScheduleSummaries"
    ]
    executions = sagemaker.list_monitoring_executions(MonitoringScheduleName="s1")
    assert executions["MonitoringExecutionSummaries"] == []
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="s1")
    assert monitoring.refused(described) == "ResourceNotFound"


def test_what_aws_takes_no_schedule_of_is_refused(monitoring: Monitoring) -> None:
    monitoring.define()
    monitoring.schedule()
    assert monitoring.refused(monitoring.schedule) == "ResourceInUse"
    for wrong in ({"expression": "rate(1 day)"}, {"definition": "d9"}):
        assert monitoring.refused(monitoring.schedule, "s2", **wrong) == "ValidationException"
    for good in ("cron(0 3 ? * * *)", "cron(0 0/6 ? * * *)", "NOW"):
        monitoring.schedule(f"s-{len(good)}", expression=good)
    update = monitoring.sagemaker.update_monitoring_schedule
    missing = {
        "MonitoringScheduleName": "s9",
        "MonitoringScheduleConfig": monitoring.config(),
    }
    assert monitoring.refused(update, **missing) == "ResourceNotFound"
    delete = monitoring.sagemaker.delete_monitoring_schedule
    assert monitoring.refused(delete, MonitoringScheduleName="s9") == "ResourceNotFound"


def test_a_definition_is_of_an_endpoint_that_captures(monitoring: Monitoring) -> None:
    for endpoint in ("blind", "unknown"):
        code = monitoring.refused(monitoring.define, "d1", endpoint)
        assert code == "ValidationException"
    monitoring.define()
    assert monitoring.refused(monitoring.define) == "ResourceInUse"
    stop = {"MaxRuntimeInSeconds": 86_401}
    refused = monitoring.refused(monitoring.define, "d2", StoppingCondition=stop)
    assert refused == "ValidationException"


def test_a_definition_comes_back_without_what_was_never_given(monitoring: Monitoring) -> None:
    monitoring.define()
    found = monitoring.sagemaker.describe_data_quality_job_definition(JobDefinitionName="d1")
    left_out = {"DataQualityBaselineConfig", "NetworkConfig", "StoppingCondition"}
    assert not left_out & found.keys()
    assert found["JobResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.xlarge"
