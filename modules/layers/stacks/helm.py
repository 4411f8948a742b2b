"""The helm layer."""

from __future__ import annotations

import json

from ...cdk import Construct, TerraformResource
from ...context import Context
from ...helm.spec import Helm, HelmRelease
from ...layer import Layer
from ...outputs import EksOutputs
from ...target import Target
from .kubernetes import cluster_access

HELM_VERSION = ">= 2.17.0, < 4.0.0"
"""The version constraint of hashicorp/helm. What is written is a block of 2 and an attribute of 3."""


class HelmLayer(Layer):
    """The Helm releases of a cluster that exists."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: Helm,
        target: Target,
        cluster: EksOutputs | None = None,
    ) -> None:
        super().__init__(scope, "helm", context=context, target=target)
        below = self.below("eks", EksOutputs, cluster)
        # cdktf has no bindings of this provider here, so it is written as Terraform reads it.
        self.add_override(
            "terraform.required_providers.helm",
            {"source": "hashicorp/helm", "version": HELM_VERSION},
        )
        self.add_override("provider.helm", [{"kubernetes": cluster_access(below, context, target)}])
        for name, release in spec.releases.items():
            _Release(self, name, release)


class _Release(TerraformResource):
    """One release."""

    def __init__(self, scope: HelmLayer, name: str, spec: HelmRelease) -> None:
        super().__init__(scope, name, terraform_resource_type="helm_release")
        given = {
            "name": name,
            "chart": spec.chart,
            "repository": spec.repository,
            "version": spec.version,
            "namespace": spec.namespace,
            "create_namespace": True,
            # A failed upgrade goes back, and a failed installation away.
            "atomic": True,
            "timeout": spec.timeout_seconds,
        }
        if spec.values:
            given["values"] = [json.dumps(spec.values, sort_keys=True)]
        for attribute, value in given.items():
            self.add_override(attribute, value)
