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
    """`key`, the bucket `artifacts`, and `repositories` and `models` by short name; hands up
    RegistryOutputs, `outputs`."""

    def __init__(
        self, scope: Construct, *, context: Context, spec: Registry, target: Target
    ) -> None:
        super().__init__(scope, "registry", context=context, target=target)
        self.key = key = Key(
            self,
            KEY,
            context=context,
            purpose=f"Inferform data of {context.prefix}",
            read_accounts=spec.artifacts.read_accounts,
        )
        self.artifacts = artifacts = Bucket(
            self, ARTIFACTS, context=context, spec=spec.artifacts, kms_key_arn=key.arn
        )
        repositories = Construct(self, "repositories")
        self.repositories = {
            name: ImageRepository(
                repositories, name, context=context, spec=repository, kms_key_arn=key.arn
            )
            for name, repository in spec.repositories.items()
        }
        models = Construct(self, "models")
        self.models = {
            name: ModelGroup(models, name, context=context, spec=group)
            for name, group in spec.models.items()
        }
        override(spec, self, apart=[ARTIFACTS, "repositories", "models"])
        self.outputs = RegistryOutputs(kms_key_arn=key.arn, artifact_bucket=artifacts.name)
        self.hand_up(self.outputs)
