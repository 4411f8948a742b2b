"""Amazon Bedrock."""

from __future__ import annotations

from inferform import (
    Environment,
    Inference,
    InferenceProfile,
    Network,
    ProvisionedThroughput,
    Registry,
)

from .record import DEV, Capability

_MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k"

_EXAMPLE = f"""
inference=Inference(
    throughputs={{"chat": ProvisionedThroughput(model_arn="{_MODEL}", model_units=2)}},
    profiles={{"team": InferenceProfile(copy_from="{_MODEL}", description="Chat of the shop")}},
),
"""


def bedrock() -> Environment:
    """Model units for months, and a profile."""
    return Environment(
        context=DEV.replace(protected=True),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        inference=Inference(
            throughputs={"chat": ProvisionedThroughput(model_arn=_MODEL, commitment="OneMonth")},
            profiles={"team": InferenceProfile(copy_from=_MODEL, description="Chat of the shop")},
        ),
    )


CAPABILITY = Capability(
    environments={"bedrock": bedrock},
    examples={"bedrock": _EXAMPLE},
    requests={
        "aws_bedrock_inference_profile": "bedrock:CreateInferenceProfile",
        "aws_bedrock_provisioned_model_throughput": "bedrock:CreateProvisionedModelThroughput",
    },
    elsewhere={
        "aws_bedrock_inference_profile.name": (
            "bedrock:CreateInferenceProfileRequest.inferenceProfileName"
        ),
        "aws_bedrock_provisioned_model_throughput.model_arn": (
            "bedrock:CreateProvisionedModelThroughputRequest.modelId"
        ),
    },
    stricter={
        "an ARN alone, of what a region has": (
            "InferenceProfile.copy_from",
            "ProvisionedThroughput.model_arn",
        ),
    },
    shorter={
        "the parts of an ARN have limits of their own": (
            "InferenceProfile.copy_from",
            "ProvisionedThroughput.model_arn",
        ),
    },
    good={
        "BDR5": (_MODEL,),
        "BDR7": (_MODEL,),
        "BDR1": ("Chat of the shop",),
    },
)
