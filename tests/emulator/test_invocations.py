"""Invoking an endpoint of the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform_emulator.s3_uri import bucket_and_key

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


def content_of(client: Client, uri: str) -> bytes | None:
    bucket, key = bucket_and_key(uri)
    try:
        content: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except client("s3").exceptions.NoSuchKey:
        return None
    return content


def test_an_asynchronous_invocation_writes_where_the_configuration_says(
    runtime: Any, client: Client, account: str
) -> None:
    client("s3").put_object(Bucket=f"out-{account}", Key="in/one.json", Body=b"{}")
    given = f"s3://out-{account}/in/one.json"
    answer = runtime.invoke_endpoint_async(
        EndpointName="slow", InputLocation=given, InferenceId="one"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "one"
    assert "/failed/" in answer["FailureLocation"]
    content = json.loads(content_of(client, answer["OutputLocation"]) or b"")
    assert (content["emulator"], content["inputLocation"]) == ("inferform", given)
    assert content_of(client, answer["FailureLocation"]) is None


@pytest.mark.parametrize("bucket", ["out-{account}", "nowhere-{account}"])
def test_an_asynchronous_invocation_without_its_request_is_accepted_and_fails(
    runtime: Any, client: Client, account: str, bucket: str
) -> None:
    given = f"s3://{bucket.format(account=account)}/in/one.json"
    answer = runtime.invoke_endpoint_async(EndpointName="slow", InputLocation=given)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert content_of(client, answer["OutputLocation"]) is None
    assert given in (content_of(client, answer["FailureLocation"]) or b"").decode()


def test_a_request_names_a_container_of_an_endpoint_for_direct_invocation_and_of_no_other(
    runtime: Any, client: Client
) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="both",
        ExecutionRoleArn=ROLE,
        Containers=[{"Image": "image:1", "ContainerHostname": name} for name in ("one", "two")],
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    variant = {"VariantName": "only", "ModelName": "both", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="both-1", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="both", EndpointConfigName="both-1")
    answer = runtime.invoke_endpoint(EndpointName="both", TargetContainerHostname="two", Body=b"1")
    assert json.loads(answer["Body"].read())["targetContainer"] == "two"
    with refused("needs a TargetContainerHostname: its containers are one, two"):
        runtime.invoke_endpoint(EndpointName="both", Body=b"1")
    with refused("has no container three: its containers are one, two"):
        runtime.invoke_endpoint(EndpointName="both", TargetContainerHostname="three", Body=b"1")
    with refused("not configured for direct invocation"):
        runtime.invoke_endpoint(EndpointName="fraud", TargetContainerHostname="one", Body=b"1")


def test_an_endpoint_is_invoked_in_its_own_way_only(runtime: Any) -> None:
    with refused("InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName="slow", Body=b"1")
    with refused("not an asynchronous"):
        runtime.invoke_endpoint_async(EndpointName="fraud", InputLocation="s3://in/one.json")
