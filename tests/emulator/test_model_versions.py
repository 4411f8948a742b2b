"""Versions of the Model Registry: their life cycle, other accounts, and what EventBridge is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
OTHER = "999999999998"
GROUP = "fraud"


def register(sagemaker: Any, group: str = GROUP, **fields: Any) -> str:
    made = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **fields,
    )
    return str(made["ModelPackageArn"])


@pytest.fixture
def sagemaker(client: Client) -> Any:
    found = client("sagemaker")
    found.create_model_package_group(ModelPackageGroupName=GROUP)
    return found


@pytest.fixture
def told(client: Client) -> Callable[[], list[dict[str, Any]]]:
    """The events of versions since the last call."""
    sqs, events = client("sqs"), client("events")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"detail-type": ["SageMaker Model Package State Change"]}
    events.put_rule(Name="told", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="told", Targets=[{"Id": "1", "Arn": arn["QueueArn"]}])

    def read() -> list[dict[str, Any]]:
        found = []
        while got := sqs.receive_message(QueueUrl=queue).get("Messages"):
            for message in got:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    return read


def test_events_say_which_field_of_a_version_changed(
    sagemaker: Any, told: Callable[[], list[dict[str, Any]]]
) -> None:
    arn = register(sagemaker)
    (made,) = told()
    assert made["source"] == "aws.sagemaker"
    assert made["resources"] == [arn]
    assert made["detail"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert made["detail"]["ModelPackageStatus"] == "Completed"
    assert "UpdatedModelPackageFields" not in made["detail"]
    changes: list[tuple[dict[str, Any], list[str]]] = [
        ({"ModelApprovalStatus": "Approved"}, ["ModelApprovalStatus"]),
        ({"CustomerMetadataProperties": {"a": "1"}}, ["CustomerMetadataProperties"]),
        ({"ModelLifeCycle": {"Stage": "QA", "StageStatus": "OnHold"}}, ["ModelLifeCycle"]),
        (
            {"ModelApprovalStatus": "Rejected", "ApprovalDescription": "slow"},
            ["ModelApprovalStatus", "ApprovalDescription"],
        ),
    ]
    for change, fields in changes:
        sagemaker.update_model_package(ModelPackageArn=arn, **change)
        (event,) = told()
        assert event["detail"]["UpdatedModelPackageFields"] == fields
        assert event["detail"]["ModelPackageGroupName"] == GROUP
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    assert told() == []


def test_a_version_keeps_its_life_cycle(sagemaker: Any) -> None:
    cycle = {"Stage": "Development", "StageStatus": "InProgress"}
    arn = register(sagemaker, ModelLifeCycle=cycle)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelLifeCycle"] == cycle


def test_another_account_does_what_the_policy_of_the_group_lets_it(
    sagemaker: Any, client_of: Callable[[str], Client]
) -> None:
    version = register(sagemaker)
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=GROUP)
    arn = group["ModelPackageGroupArn"]
    other = client_of(OTHER)("sagemaker")
    calls: dict[str, Callable[[], Any]] = {
        "DescribeModelPackageGroup": lambda: other.describe_model_package_group(
            ModelPackageGroupName=arn
        ),
        "DescribeModelPackage": lambda: other.describe_model_package(ModelPackageName=version),
        "ListModelPackages": lambda: other.list_model_packages(
            ModelPackageGroupName=arn, ModelPackageType="Versioned"
        ),
        "CreateModelPackage": lambda: register(other, arn),
    }
    for name, call in calls.items():
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call()
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": [f"sagemaker:{name}"],
            "Resource": [arn, f"{arn.replace('-group/', '/')}/*"],
        }
        sagemaker.put_model_package_group_policy(
            ModelPackageGroupName=GROUP,
            ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        assert call(), name
    listed = sagemaker.list_model_packages(
        ModelPackageGroupName=GROUP, ModelPackageType="Versioned"
    )
    assert len(listed["ModelPackageSummaryList"]) == 2
