"""Provisioned throughput and inference profiles, as the Amazon Bedrock API reference has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k"
ASKED = {"provisionedModelName": "chat", "modelId": MODEL, "modelUnits": 2}


@pytest.fixture
def bedrock(client: Client) -> Any:
    return client("bedrock")


def test_throughput_is_bought_found_and_given_back(bedrock: Any) -> None:
    tags = [{"key": "team", "value": "ml"}]
    arn = bedrock.create_provisioned_model_throughput(**ASKED, tags=tags)["provisionedModelArn"]
    for identity in ("chat", arn):
        found = bedrock.get_provisioned_model_throughput(provisionedModelId=identity)
        assert (found["status"], found["modelUnits"], found["modelArn"]) == ("InService", 2, MODEL)
        assert "commitmentDuration" not in found
    assert bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == tags
    (listed,) = bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    assert listed["provisionedModelArn"] == arn
    with pytest.raises(ClientError, match="ConflictException"):
        bedrock.create_provisioned_model_throughput(**ASKED)
    with pytest.raises(ClientError, match="can't be changed"):
        bedrock.update_provisioned_model_throughput(provisionedModelId="chat", desiredModelId=MODEL)
    bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bedrock.get_provisioned_model_throughput(provisionedModelId="chat")


def test_what_is_committed_is_not_deleted_before_its_end(bedrock: Any) -> None:
    bedrock.create_provisioned_model_throughput(**ASKED, commitmentDuration="OneMonth")
    found = bedrock.get_provisioned_model_throughput(provisionedModelId="chat")
    assert 28 <= (found["commitmentExpirationTime"] - found["creationTime"]).days <= 31
    with pytest.raises(ClientError, match="before the commitment term is over"):
        bedrock.delete_provisioned_model_throughput(provisionedModelId="chat")


@pytest.mark.parametrize(
    "asked",
    [
        {"provisionedModelName": "two  words"},
        {"provisionedModelName": "a" * 64},
        {"modelId": MODEL.replace("us-east-1", "eu-west-1")},
        {"commitmentDuration": "OneYear"},
    ],
)
def test_what_bedrock_does_not_sell_is_refused(bedrock: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        bedrock.create_provisioned_model_throughput(**{**ASKED, **asked})


def test_a_profile_is_made_found_and_deleted(bedrock: Any) -> None:
    made = bedrock.create_inference_profile(
        inferenceProfileName="team", description="Chat", modelSource={"copyFrom": MODEL}
    )
    arn = made["inferenceProfileArn"]
    found = bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
    assert (found["type"], found["models"]) == ("APPLICATION", [{"modelArn": MODEL}])
    by_id = bedrock.get_inference_profile(inferenceProfileIdentifier=found["inferenceProfileId"])
    assert by_id["inferenceProfileArn"] == arn
    assert bedrock.list_inference_profiles()["inferenceProfileSummaries"] == []
    (listed,) = bedrock.list_inference_profiles(typeEquals="APPLICATION")[
        "inferenceProfileSummaries"
    ]
    assert listed["inferenceProfileName"] == "team"
    bedrock.delete_inference_profile(inferenceProfileIdentifier=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
