"""The registry layer."""

from __future__ import annotations

from ...cdk import Construct
from ...context import Context
from ...ecr.construct import ImageRepository
from ...kms.construct import Key
from ...layer import Layer
from ...outputs import RegistryOutputs
from ...overriding import override
from ...s3.construct import Bucket
from ...sagemaker.registry_construct import ModelGroup
from ...target import Target
from ..specs import ARTIFACTS, KEY, Registry


class RegistryLayer(Layer):
    """The key, the artifact bucket and the image repositories; hands up RegistryOutputs."""

    def __init__(
        self, scope: Construct, *, context: Context, spec: Registry, target: Target
    ) -> None:
        super().__init__(scope, "registry", context=context, target=target)
        key = Key(
            self,
            KEY,
            context=context,
            purpose=f"Inferform data of {context.prefix}",
            read_accounts=spec.artifacts.read_accounts,
        )
        artifacts = Bucket(
            self, ARTIFACTS, context=context, spec=spec.artifacts, kms_key_arn=key.arn
        )
        repositories = Construct(self, "repositories")
        for name, repository in spec.repositories.items():
            ImageRepository(
                repositories, name, context=context, spec=repository, kms_key_arn=key.arn
            )
        models = Construct(self, "models")
        for name, group in spec.models.items():
            ModelGroup(models, name, context=context, spec=group)
        override(spec, self, apart=[ARTIFACTS, "repositories", "models"])
        self.hand_up(RegistryOutputs(kms_key_arn=key.arn, artifact_bucket=artifacts.name))
