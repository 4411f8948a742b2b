"""The kubernetes layer."""

from __future__ import annotations

from typing import Any

from ...cdk import Construct, ITerraformDependable
from ...context import Context
from ...eks.pod_role import PodRole
from ...kubernetes.construct import Objects, keda_role, service_role
from ...kubernetes.objects import Place, objects
from ...kubernetes.spec import Kubernetes
from ...layer import Layer
from ...outputs import EksOutputs, RegistryOutputs
from ...overriding import override
from ...target import Target

from cdktf_cdktf_provider_kubernetes.provider import KubernetesProvider, KubernetesProviderExec

KUBERNETES_VERSION = ">= 2.35.0, < 3.0.0"
"""The version constraint of hashicorp/kubernetes; the bindings are generated from 2.38."""


class KubernetesLayer(Layer):
    """The inference services on a cluster that exists: their `roles`, by the short name of those
    that have one, and their objects."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: Kubernetes,
        target: Target,
        place: Place,
        cluster: EksOutputs | None = None,
        registry: RegistryOutputs | None = None,
    ) -> None:
        super().__init__(scope, "kubernetes", context=context, target=target)
        below = self.below("eks", EksOutputs, cluster)
        data = self.below("registry", RegistryOutputs, registry)
        roles = Construct(self, "roles")
        self.roles: dict[str, PodRole] = {}
        ready: list[ITerraformDependable] = []
        for name, service in spec.services.items():
            role = service_role(
                roles,
                name=name,
                spec=service,
                place=place,
                cluster=below,
                kms_key_arn=data.kms_key_arn,
            )
            if role is not None:
                self.roles[name] = role
                ready += role.ready
            override(service, role or {})
        counting = keda_role(self, spec=spec, place=place, cluster=below)
        if counting is not None:
            ready += counting.ready
        if spec.objects_by == "terraform":
            self._provider(below)
            Objects(self, "objects", objects=objects(spec, place), ready=ready)

    def _provider(self, cluster: EksOutputs) -> None:
        access = cluster_access(cluster, self.context, self.target)
        KubernetesProvider(
            self,
            "kubernetes",
            host=access["host"],
            cluster_ca_certificate=access["cluster_ca_certificate"],
            exec=[KubernetesProviderExec(**access["exec"])],
        )
        self.add_override("terraform.required_providers.kubernetes.version", KUBERNETES_VERSION)


def cluster_access(cluster: EksOutputs, context: Context, target: Target) -> dict[str, Any]:
    """How a provider reaches a cluster: with a token for each run, so that none is in the state."""
    role = target.role_arn(context)
    return {
        "host": cluster.endpoint,
        "cluster_ca_certificate": f"${{base64decode({_inner(cluster.certificate_authority)})}}",
        "exec": {
            "api_version": "client.authentication.k8s.io/v1beta1",
            "command": "aws",
            "args": [
                *("eks", "get-token", "--output", "json"),
                *("--cluster-name", cluster.cluster_name),
                *("--region", context.region),
                *(("--role-arn", role) if role else ()),
            ],
        },
    }


def _inner(value: str) -> str:
    """A reference without its `${}`, or a literal as Terraform writes it."""
    return value[2:-1] if value.startswith("${") else f'"{value}"'
