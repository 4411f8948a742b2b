"""Invoking an endpoint of the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/endpoint"


@pytest.fixture
def runtime(client: Client, account: str) -> Any:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="fraud", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image:1"}
    )
    both = [
        {
            "VariantName": name,
            "ModelName": "fraud",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": weight,
        }
        for name, weight in (("small", 1), ("large", 3))
    ]
    sagemaker.create_endpoint_config(EndpointConfigName="fraud-1", ProductionVariants=both)
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    client("s3").create_bucket(Bucket=f"out-{account}")
    sagemaker.create_endpoint_config(
        EndpointConfigName="slow-1",
        ProductionVariants=both[:1],
        AsyncInferenceConfig={
            "OutputConfig": {
                "S3OutputPath": f"s3://out-{account}/answers/",
                "S3FailurePath": f"s3://out-{account}/failed/",
            }
        },
    )
    sagemaker.create_endpoint(EndpointName="slow", EndpointConfigName="slow-1")
    return client("sagemaker-runtime")


def refused(match: str) -> Any:
    return pytest.raises(ClientError, match=rf"\(ValidationError\).*{match}")


def test_an_invocation_is_answered_with_what_was_received(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName="fraud", ContentType="text/csv", Accept="application/json", Body=b"1,2,3"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["InvokedProductionVariant"] == "large"
    assert answer["ContentType"] == "application/json"
    body = json.loads(answer["Body"].read())
    assert body["emulator"] == "inferform"
    assert (body["contentType"], body["body"], body["bytes"]) == ("text/csv", "1,2,3", 5)


def test_bytes_that_are_no_text_come_back_in_base64(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(EndpointName="fraud", Body=b"\xff\x00")
    assert json.loads(answer["Body"].read())["bodyBase64"] == "/wA="


def test_a_variant_can_be_chosen(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(EndpointName="fraud", TargetVariant="small", Body=b"1")
    assert answer["InvokedProductionVariant"] == "small"
    with refused("Variant medium was not found"):
        runtime.invoke_endpoint(EndpointName="fraud", TargetVariant="medium", Body=b"1")


def test_an_unknown_endpoint_is_refused_with_its_account(runtime: Any, account: str) -> None:
    with refused(f"Endpoint ghost of account {account} not found"):
        runtime.invoke_endpoint(EndpointName="ghost", Body=b"1")


def test_another_accounts_endpoint_is_not_found(
    runtime: Any, client_of: Callable[[str], Client]
) -> None:
    with refused("Endpoint fraud of account 999999999999 not found"):
        client_of("999999999999")("sagemaker-runtime").invoke_endpoint(
            EndpointName="fraud", Body=b"1"
        )


def test_an_asynchronous_invocation_writes_where_the_configuration_says(
    runtime: Any, client: Client
) -> None:
    answer = runtime.invoke_endpoint_async(
        EndpointName="slow", InputLocation="s3://in/one.json", InferenceId="one"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "one"
    assert "/failed/" in answer["FailureLocation"]
    bucket, _, key = answer["OutputLocation"].removeprefix("s3://").partition("/")
    content = json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert (content["emulator"], content["inputLocation"]) == ("inferform", "s3://in/one.json")


def test_an_endpoint_is_invoked_in_its_own_way_only(runtime: Any) -> None:
    with refused("InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName="slow", Body=b"1")
    with refused("not an asynchronous"):
        runtime.invoke_endpoint_async(EndpointName="fraud", InputLocation="s3://in/one.json")
