"""A model package group with its cross-account policy."""

from __future__ import annotations

from ..cdk import Construct
from ..context import Context
from ..overriding import override
from ..protect import lifecycle
from .registry import ModelPackageGroup

from cdktf_cdktf_provider_aws.sagemaker_model_package_group import SagemakerModelPackageGroup
from cdktf_cdktf_provider_aws.sagemaker_model_package_group_policy import (
    SagemakerModelPackageGroupPolicy,
)


class ModelGroup(Construct):
    """A model package group; `arn` is computed and needs no state."""

    def __init__(
        self, scope: Construct, id: str, *, context: Context, spec: ModelPackageGroup
    ) -> None:
        super().__init__(scope, id)
        self.name = context.name(id)
        self.arn = context.arn("sagemaker", f"model-package-group/{self.name}")
        group = SagemakerModelPackageGroup(
            self,
            "group",
            model_package_group_name=self.name,
            model_package_group_description=spec.description or None,
            # AWS cannot change it, and a replacement would delete every version.
            lifecycle=lifecycle(context, "model_package_group_description"),
        )
        self._policy(context, spec, id, group.model_package_group_name)
        override(spec, self)

    def _policy(self, context: Context, spec: ModelPackageGroup, short: str, name: str) -> None:
        policy = spec.policy(context, short)
        if policy is not None:
            SagemakerModelPackageGroupPolicy(
                self, "policy", model_package_group_name=name, resource_policy=policy
            )
