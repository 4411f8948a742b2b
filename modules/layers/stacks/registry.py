"""The registry layer."""

from __future__ import annotations

from collections.abc import Sequence

from ...cdk import Construct
from ...context import Context
from ...ecr.construct import ImageRepository
from ...ecr.registry_construct import AccountRegistry, Caches
from ...ecr.spec import ECR23
from ...events.construct import ApprovalRule, Bus
from ...events.spec import Approval
from ...kms.construct import Key
from ...layer import Layer
from ...outputs import RegistryOutputs
from ...overriding import override
from ...s3.construct import Bucket, Shared
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
        everywhere = own.read_accounts if own else ()
        shared = [
            Shared(
                group.artifact_prefix,
                [each for each in group.read_accounts if each not in everywhere],
                group.register_accounts,
            )
            for group in spec.models.values()
            if group.accounts
        ]
        self.key = key = Key(
            self,
            KEY,
            context=context,
            purpose=f"Inferform data of {context.prefix or context.key}",
            read_accounts=_each_once(everywhere, *(each.readers for each in shared)),
            write_accounts=_each_once(*(each.writers for each in shared)),
            given=spec.kms_key,
        )
        self.artifacts = artifacts = Bucket(
            self,
            ARTIFACTS,
            context=context,
            spec=spec.artifacts,
            kms_key_arn=key.arn,
            shared=shared,
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
        self.event_bus = (
            Bus(self, "bus", context=context, spec=spec.event_bus) if spec.event_bus else None
        )
        approvals = Construct(self, "approvals")
        self.approvals = {
            name: ApprovalRule(
                approvals, name, context=context, spec=approval, bus=self._bus_of(approval, context)
            )
            for name, approval in spec.approvals.items()
        }
        override(spec, self, apart=[ARTIFACTS, "repositories", "models", "bus", "approvals"])
        self.outputs = RegistryOutputs(kms_key_arn=key.arn, artifact_bucket=artifacts.name)
        self.hand_up(self.outputs)

    def _bus_of(self, approval: Approval, context: Context) -> str:
        """The bus that the events of an approval's group reach."""
        if approval.is_of_registry(context) or self.event_bus is None:
            return "default"
        return self.event_bus.bus_name


def _each_once(*accounts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for given in accounts for each in given))
