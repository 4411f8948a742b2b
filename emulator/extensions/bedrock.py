"""Bedrock: provisioned throughput and application inference profiles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.bedrock.models import BedrockBackend
from moto.bedrock.responses import BedrockResponse

from .. import bedrock
from .registry import Service

service = Service("bedrock", BedrockResponse)


@service.adds("CreateProvisionedModelThroughput", gap="missing")
def create_provisioned_model_throughput(response: BedrockResponse) -> str:
    """AWS takes minutes; the emulator is done at once."""
    arn = bedrock.provision(response.bedrock_backend, json.loads(response.body))
    return json.dumps({"provisionedModelArn": arn})


@service.adds("GetProvisionedModelThroughput", gap="missing")
def get_provisioned_model_throughput(response: BedrockResponse) -> str:
    """AWS finds it by name or ARN."""
    kept = bedrock.throughputs(response.bedrock_backend)
    return json.dumps(bedrock.find(kept, _named(response), *_THROUGHPUT))


@service.adds("ListProvisionedModelThroughputs", gap="missing")
def list_provisioned_model_throughputs(response: BedrockResponse) -> str:
    """AWS answers all of the Region."""
    kept = bedrock.throughputs(response.bedrock_backend)
    return json.dumps({"provisionedModelSummaries": [*kept.values()]})


@service.adds("UpdateProvisionedModelThroughput", gap="missing")
def update_provisioned_model_throughput(response: BedrockResponse) -> str:
    """AWS changes the name, and the model of one of a custom model."""
    kept, given = bedrock.throughputs(response.bedrock_backend), json.loads(response.body)
    found = bedrock.find(kept, _named(response), *_THROUGHPUT)
    model = given.get("desiredModelId")
    if model and "custom-model" not in found["modelArn"]:
        raise bedrock.RefusedError("the model of a base model's throughput can't be changed")
    found["modelArn"] = found["desiredModelArn"] = model or found["modelArn"]
    found["provisionedModelName"] = (
        given.get("desiredProvisionedModelName") or found["provisionedModelName"]
    )
    return json.dumps({})


@service.adds("DeleteProvisionedModelThroughput", gap="missing")
def delete_provisioned_model_throughput(response: BedrockResponse) -> str:
    """AWS refuses it before the commitment term is over."""
    bedrock.give_back(response.bedrock_backend, _named(response))
    return json.dumps({})


@service.adds("CreateInferenceProfile", gap="missing")
def create_inference_profile(response: BedrockResponse) -> str:
    """AWS makes application profiles alone."""
    arn = bedrock.profile(response.bedrock_backend, json.loads(response.body))
    return json.dumps({"inferenceProfileArn": arn, "status": "ACTIVE"})


@service.adds("GetInferenceProfile", gap="missing")
def get_inference_profile(response: BedrockResponse) -> str:
    """AWS finds it by id or ARN."""
    kept = bedrock.profiles(response.bedrock_backend)
    return json.dumps(bedrock.find(kept, _named(response), *_PROFILE))


@service.adds("ListInferenceProfiles", gap="missing")
def list_inference_profiles(response: BedrockResponse) -> str:
    """AWS answers its own by default; the emulator has none of these."""
    kept = bedrock.profiles(response.bedrock_backend)
    wanted = response._get_param("typeEquals") or response._get_param("type")
    found = [*kept.values()] if wanted == "APPLICATION" else []
    return json.dumps({"inferenceProfileSummaries": found})


@service.adds("DeleteInferenceProfile", gap="missing")
def delete_inference_profile(response: BedrockResponse) -> str:
    """AWS deletes what it finds by id or ARN."""
    kept = bedrock.profiles(response.bedrock_backend)
    del kept[bedrock.find(kept, _named(response), *_PROFILE)["inferenceProfileArn"]]
    return json.dumps({})


@service.corrects("TagResource", gap="tags jobs and custom models alone", owner=BedrockBackend)
def _list_arns(original: Callable[..., list[str]], backend: BedrockBackend) -> list[str]:
    """AWS tags throughput and profiles too."""
    return [*original(backend), *bedrock.throughputs(backend), *bedrock.profiles(backend)]


_THROUGHPUT = ("provisionedModelName", "provisionedModelArn")
_PROFILE = ("inferenceProfileId", "inferenceProfileArn")


def _named(response: Any) -> str:
    """What the path of a request names, which may be an ARN with a slash of its own."""
    path = unquote(str(response.path))
    return path.split("/", 2)[2]
