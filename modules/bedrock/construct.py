"""Provisioned throughput and inference profiles of Bedrock."""

from __future__ import annotations

from collections.abc import Mapping

from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..overriding import override
from ..protect import lifecycle
from .spec import InferenceProfile, ProvisionedThroughput

from cdktf_cdktf_provider_aws.bedrock_inference_profile import (
    BedrockInferenceProfile,
    BedrockInferenceProfileModelSource,
)
from cdktf_cdktf_provider_aws.bedrock_provisioned_model_throughput import (
    BedrockProvisionedModelThroughput,
)


class Bedrock(Construct):
    """What an inference layer has of Bedrock, by short name."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        throughputs: Mapping[str, ProvisionedThroughput],
        profiles: Mapping[str, InferenceProfile],
    ) -> None:
        super().__init__(scope, id)
        bought = Construct(self, "throughputs")
        for name, spec in throughputs.items():
            made = BedrockProvisionedModelThroughput(
                bought,
                name,
                provisioned_model_name=context.name(name, limit=63),
                model_arn=spec.model_arn,
                model_units=spec.model_units,
                commitment_duration=spec.commitment,
                # AWS refuses to delete what is committed, and another one would be bought first.
                lifecycle=TerraformResourceLifecycle(prevent_destroy=True)
                if spec.commitment
                else lifecycle(context),
            )
            override(spec, {"throughput": made})
        named = Construct(self, "profiles")
        for name, profile in profiles.items():
            one = BedrockInferenceProfile(
                named,
                name,
                name=context.name(name, limit=64),
                description=profile.description,
                model_source=[BedrockInferenceProfileModelSource(copy_from=profile.copy_from)],
            )
            override(profile, {"profile": one})
