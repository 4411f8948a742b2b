"""Kubernetes objects as Terraform resources, and the roles of their pods.

Objects become the provider's typed resources, which plan without asking a cluster for its
schema. Only a NodePool, which the provider has no type for, is a `kubernetes_manifest`.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from ..cdk import Construct, ITerraformDependable
from ..eks.pod_role import PodRole
from ..eks.spec import own_role, pod_role_name
from ..iam import grants
from ..iam.policy import allow
from ..outputs import EksOutputs
from .keda import KEDA_ROLE
from .objects import Object, Place
from .spec import EksService, Kubernetes

from cdktf_cdktf_provider_kubernetes.manifest import Manifest

_TYPES = {
    "ConfigMap": "config_map_v1",
    "DaemonSet": "daemon_set_v1",
    "Deployment": "deployment_v1",
    "HorizontalPodAutoscaler": "horizontal_pod_autoscaler_v2",
    "Ingress": "ingress_v1",
    "IngressClass": "ingress_class_v1",
    "Namespace": "namespace_v1",
    "NetworkPolicy": "network_policy_v1",
    "PersistentVolume": "persistent_volume_v1",
    "PersistentVolumeClaim": "persistent_volume_claim_v1",
    "PodDisruptionBudget": "pod_disruption_budget_v1",
    "Service": "service_v1",
    "ServiceAccount": "service_account_v1",
    "StorageClass": "storage_class_v1",
}

_FIRST = frozenset(
    (
        *("ConfigMap", "DaemonSet", "EC2NodeClass", "IngressClass", "Namespace", "NodeClass"),
        *("NodePool", "PersistentVolume", "PersistentVolumeClaim", "StorageClass"),
        "TriggerAuthentication",
    )
)

# Nodes may have to be started first, which for GPUs takes its time.
_ROLLOUT = "30m"


def service_role(
    scope: Construct,
    *,
    name: str,
    spec: EksService,
    place: Place,
    cluster: EksOutputs,
    kms_key_arn: str,
) -> PodRole | None:
    """The role of a service's pods, or None where they call nothing of AWS."""
    if not spec.needs_role:
        return None
    context = place.context
    artifact = spec.model.artifact_uri(place.artifact_bucket)
    statements = grants.read_secrets(spec.model.environment.values())
    if artifact is not None:
        statements += grants.read_artifact(context, artifact, kms_key_arn)
    statements += grants.read_mounted(
        context, [each.uri(place.artifact_bucket) for each in spec.buckets], kms_key_arn
    )
    if spec.compute.collector is not None:
        statements += spec.compute.collector.statements(context, name)
    return PodRole(
        scope,
        name,
        context=context,
        name=pod_role_name(context, name),
        cluster_name=cluster.cluster_name,
        namespace=spec.namespace,
        service_account=name,
        statements=statements,
        oidc_issuer=cluster.oidc_issuer if place.trusts_issuer else None,
        given=spec.existing.task_role,
    )


def keda_role(
    scope: Construct, *, spec: Kubernetes, place: Place, cluster: EksOutputs
) -> PodRole | None:
    """The role of KEDA's operator, which counts the messages of the services' queues; None where it
    has none of this layer's."""
    keda = spec.keda
    if keda is None or not spec.makes_keda_role:
        return None
    context = place.context
    queues = sorted(
        {
            f"arn:{context.partition}:sqs:{queue.region}:{queue.account}:{queue.name}"
            for queue in spec.queues
        }
    )
    return PodRole(
        scope,
        KEDA_ROLE,
        context=context,
        name=own_role(context, KEDA_ROLE),
        cluster_name=cluster.cluster_name,
        namespace=keda.namespace,
        service_account=keda.service_account,
        statements=[allow("sqs:GetQueueAttributes", queues, sid="CountMessages")],
        oidc_issuer=cluster.oidc_issuer if place.trusts_issuer else None,
    )


class Objects(Construct):
    """Kubernetes objects; each waits for its namespace, and those of a service for `ready`."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        objects: Iterable[Object],
        ready: Iterable[ITerraformDependable] = (),
    ) -> None:
        super().__init__(scope, id)
        waits_for = list(ready)
        first: list[ITerraformDependable] = []
        for each in objects:
            if each["kind"] in _FIRST:
                first.append(resource(self, each))
            else:
                # Pods get their role when they start, so it must be there before.
                roles = waits_for if each["kind"] == "Deployment" else []
                resource(self, each, [*first, *roles])


def resource(
    scope: Construct, made: Object, depends_on: Iterable[ITerraformDependable] = ()
) -> Any:
    """The Terraform resource of one object."""
    kind, metadata = made["kind"], made["metadata"]
    parts = (kind.lower(), metadata.get("namespace"), metadata["name"])
    name = "-".join(part for part in parts if part)
    waits_for = list(depends_on) or None
    if kind not in _TYPES:
        return Manifest(scope, name, manifest=_literal(made), depends_on=waits_for)
    module = importlib.import_module(f"cdktf_cdktf_provider_kubernetes.{_TYPES[kind]}")
    type_name = "".join(part.capitalize() for part in _TYPES[kind].split("_"))
    body = {key: value for key, value in made.items() if key not in ("apiVersion", "kind")}
    body = _as_provider_nests(kind, body)
    fields = _fields(module, type_name, body)
    if kind == "Deployment":
        fields["timeouts"] = module.DeploymentV1Timeouts(create=_ROLLOUT, update=_ROLLOUT)
    return getattr(module, type_name)(scope, name, **fields, depends_on=waits_for)


def _literal(value: Any) -> Any:
    """What looks like Terraform's templates is none: objects are literal."""
    if isinstance(value, dict):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    return value


def _as_provider_nests(kind: str, body: Object) -> Object:
    """An object as the provider nests and names its fields, where Kubernetes does otherwise."""
    if kind == "PersistentVolume":
        spec = {key: value for key, value in body["spec"].items() if key != "csi"}
        return {**body, "spec": {**spec, "persistentVolumeSource": {"csi": body["spec"]["csi"]}}}
    if kind == "StorageClass":
        rest = {key: value for key, value in body.items() if key != "provisioner"}
        return {**rest, "storageProvisioner": body["provisioner"]}
    return body


def _fields(module: ModuleType, name: str, value: Object) -> dict[str, Any]:
    """The arguments of one of the provider's classes, from the object's own field names."""
    known = _parameters(getattr(module, name))
    fields: dict[str, Any] = {}
    for key, inner in value.items():
        field = _field(key, known)
        fields[field] = _value(module, name, field, inner, known[field].annotation)
    return fields


@cache
def _parameters(block: type) -> Mapping[str, inspect.Parameter]:
    initialize: Callable[..., None] = vars(block)["__init__"]
    # Bindings differ in whether they write annotations as text.
    return inspect.signature(initialize, eval_str=True).parameters


def _value(module: ModuleType, parent: str, field: str, value: Any, annotation: Any) -> Any:
    name = parent + "".join(part.capitalize() for part in field.rstrip("_").split("_"))
    if isinstance(value, dict):
        if not hasattr(module, name):
            return value  # a map of the user's own keys, such as labels
        block = getattr(module, name)(**_fields(module, name, value))
        # The provider allows several of some blocks of which Kubernetes has one.
        return [block] if "Sequence[" in str(annotation) else block
    if isinstance(value, list):
        return [_value(module, parent, field, each, None) for each in value]
    if isinstance(value, str):
        return _literal(value)
    if isinstance(value, int) and not isinstance(value, bool) and _is_text(annotation):
        return str(value)
    return value


def _is_text(annotation: Any) -> bool:
    """Whether the provider takes text where Kubernetes takes a number or text."""
    return annotation is str or str in getattr(annotation, "__args__", ())


def _field(key: str, known: Mapping[str, inspect.Parameter]) -> str:
    """The provider's name of a field: snake case, and singular for lists.

    Raises KeyError for one that it does not have, so that nothing is lost on the way.
    """
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()
    singular = re.sub(r"ies$", "y", snake) if snake.endswith("ies") else snake.removesuffix("s")
    for candidate in (snake, f"{snake}_", singular):
        if candidate in known:
            return candidate
    raise KeyError(key)
