"""The JSON of Bedrock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import Environment, Inference, InferenceProfile, ProvisionedThroughput
from tests.conftest import Synthesized
from tests.modules.test_eks_layer import CONTEXT, NETWORK, REGISTRY

Synthesize = Callable[..., Synthesized]
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k"


def made(synthesize: Synthesize, *, protected: bool, **fields: Any) -> dict[str, Any]:
    environment = Environment(
        context=CONTEXT.replace(protected=protected),
        network=NETWORK,
        registry=REGISTRY,
        inference=Inference(
            throughputs={"chat": ProvisionedThroughput(model_arn=MODEL, model_units=2, **fields)},
            profiles={
                "team": InferenceProfile(
                    copy_from=MODEL, description="Chat", tags={"cost-center": "42"}
                )
            },
        ),
    )
    found: dict[str, Any] = synthesize(environment)["dev-use1-inference"]["resource"]
    return found


def test_throughput_and_profiles_are_made(synthesize: Synthesize) -> None:
    stack = made(synthesize, protected=False)
    (throughput,) = stack["aws_bedrock_provisioned_model_throughput"].values()
    assert throughput["provisioned_model_name"] == "acme-dev-use1-chat"
    assert (throughput["model_arn"], throughput["model_units"]) == (MODEL, 2)
    assert "commitment_duration" not in throughput
    assert "lifecycle" not in throughput
    (profile,) = stack["aws_bedrock_inference_profile"].values()
    assert profile["name"] == "acme-dev-use1-team"
    assert profile["model_source"] == [{"copy_from": MODEL}]
    assert profile["tags"] == {"cost-center": "42"}
    # Nothing of SageMaker stands beside them.
    assert "aws_security_group" not in stack


def test_what_is_committed_is_not_destroyed(synthesize: Synthesize) -> None:
    stack = made(synthesize, protected=True, commitment="SixMonths")
    (throughput,) = stack["aws_bedrock_provisioned_model_throughput"].values()
    assert throughput["commitment_duration"] == "SixMonths"
    assert throughput["lifecycle"]["prevent_destroy"] is True
