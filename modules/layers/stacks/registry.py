"""The registry layer."""

from __future__ import annotations

from ...cdk import Construct
from ...context import Context
from ...ecr.construct import ImageRepository
from ...ecr.registry_construct import AccountRegistry, Caches
from ...ecr.spec import ECR23
from ...kms.construct import Key
from ...layer import Layer
from ...outputs import RegistryOutputs
from ...overriding import override
from ...s3.construct import Bucket
from ...sagemaker.registry_construct import ModelGroup
from ...spec import SpecError
from ...target import Target
from ..specs import ARTIFACTS, KEY, Registry


def _check_target(spec: Registry, target: Target) -> None:
    """Raise SpecError for what the provider of the emulator does not know."""
    problems = [
        ECR23.problem(
            *("registry", "repositories", name, "mutable_tags"),
            got=repository.mutable_tags,
            version=target.provider_version,
        )
        for name, repository in spec.repositories.items()
        if repository.mutable_tags and target.name == "emulator"
    ]
    if problems:
        raise SpecError(problems, "registry")


class RegistryLayer(Layer):
    """`key`, the bucket `artifacts`, and `repositories` and `models` by short name; hands up
    RegistryOutputs, `outputs`."""

    def __init__(
        self, scope: Construct, *, context: Context, spec: Registry, target: Target
    ) -> None:
        super().__init__(scope, "registry", context=context, target=target)
        _check_target(spec, target)
        own = spec.own_artifacts
        self.key = key = Key(
            self,
            KEY,
            context=context,
            purpose=f"Inferform data of {context.prefix}",
            read_accounts=own.read_accounts if own else (),
            given=spec.kms_key,
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
        if spec.settings is not None:
            AccountRegistry(self, "registry", context=context, spec=spec.settings)
        Caches(self, "caches", specs=spec.caches)
        models = Construct(self, "models")
        self.models = {
            name: ModelGroup(models, name, context=context, spec=group)
            for name, group in spec.models.items()
        }
        override(spec, self, apart=[ARTIFACTS, "repositories", "models"])
        self.outputs = RegistryOutputs(kms_key_arn=key.arn, artifact_bucket=artifacts.name)
        self.hand_up(self.outputs)
