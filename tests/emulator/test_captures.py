"""What an endpoint captures: which requests, what of them, and where it lies."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[..., Any]


class Endpoint:
    """An endpoint that captures as it is asked to."""

    def __init__(self, client: Client, account: str) -> None:
        self.account, self.client = account, client
        self.bucket = f"captured-{account}"
        self.role = client("iam").create_role(
            RoleName="model",
            AssumeRolePolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "sagemaker.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            ),
        )["Role"]["Arn"]
        self.s3, self.sagemaker = client("s3"), client("sagemaker")
        self.runtime = client("sagemaker-runtime")
        self.s3.create_bucket(Bucket=self.bucket)
        self.sagemaker.create_model(
            ModelName="fraud", ExecutionRoleArn=self.role, PrimaryContainer={"Image": "fraud:1"}
        )

    def make(self, **capture: Any) -> None:
        variant = {
            "VariantName": "primary",
            "ModelName": "fraud",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1,
        }
        asked = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.bucket}/data-capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {
                "CsvContentTypes": ["text/csv"],
                "JsonContentTypes": ["application/json"],
            },
        }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName="fraud",
            ProductionVariants=[variant],
            DataCaptureConfig={**asked, **capture},
        )
        self.sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud")

    def invoke(self, body: bytes = b"1,2", kind: str = "text/csv") -> dict[str, Any]:
        found = self.runtime.invoke_endpoint(EndpointName="fraud", ContentType=kind, Body=body)
        told: dict[str, Any] = json.loads(found["Body"].read())
        return told

    def captured(self) -> dict[str, dict[str, Any]]:
        """Each record by its key."""
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            each["Key"]: json.loads(
                self.s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read()
            )
            for each in found
        }


@pytest.fixture
def endpoint(client: Client, account: str) -> Endpoint:
    return Endpoint(client, account)


def test_a_request_and_its_answer_lie_in_a_folder_of_the_hour(endpoint: Endpoint) -> None:
    endpoint.make()
    told = endpoint.invoke()
    ((key, record),) = endpoint.captured().items()
    assert re.fullmatch(
        r"data-capture/fraud/primary/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl", key
    )
    assert record["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1,2",
        "encoding": "CSV",
    }
    output = record["captureData"]["endpointOutput"]
    assert (output["mode"], output["encoding"]) == ("OUTPUT", "JSON")
    assert json.loads(output["data"]) == told
    assert record["eventVersion"] == "0"


def test_what_is_no_text_of_the_endpoint_is_captured_in_base64(endpoint: Endpoint) -> None:
    endpoint.make(CaptureOptions=[{"CaptureMode": "InputAndOutput"}], CaptureContentTypeHeader={})
    endpoint.invoke(b"\xff\x00", "application/x-npy")
    (record,) = endpoint.captured().values()
    data = record["captureData"]["endpointInput"]
    assert (data["encoding"], base64.b64decode(data["data"])) == ("BASE64", b"\xff\x00")
    assert record["captureData"]["endpointOutput"]["encoding"] == "BASE64"


@pytest.mark.parametrize(("percent", "count"), [(0, 0), (25, 2), (100, 8)])
def test_as_many_are_captured_as_the_percentage_says(
    endpoint: Endpoint, percent: int, count: int
) -> None:
    endpoint.make(InitialSamplingPercentage=percent)
    for _ in range(8):
        endpoint.invoke()
    assert len(endpoint.captured()) == count


def test_only_what_is_asked_for_is_captured(endpoint: Endpoint) -> None:
    endpoint.make(CaptureOptions=[{"CaptureMode": "Input"}])
    endpoint.invoke()
    (record,) = endpoint.captured().values()
    assert [*record["captureData"]] == ["endpointInput"]


def test_an_endpoint_that_captures_nothing_writes_nothing(endpoint: Endpoint) -> None:
    endpoint.make(EnableCapture=False)
    endpoint.invoke()
    assert endpoint.captured() == {}


@pytest.mark.parametrize("may", [False, True])
def test_a_role_that_may_not_write_captures_nothing_where_rights_are_judged(
    endpoint: Endpoint, control: Callable[..., dict[str, Any]], may: bool
) -> None:
    control("access", judged=True)
    statement = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{endpoint.bucket}/{'data-capture' if may else 'other'}/*",
    }
    endpoint.client("iam").put_role_policy(
        RoleName="model",
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    endpoint.make()
    endpoint.invoke()
    assert len(endpoint.captured()) == may
