"""Node pools and node classes of Karpenter and EKS Auto Mode, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..context import Context
from ..eks.spec import (
    GPU_LABEL,
    AutoMode,
    EksCluster,
    Karpenter,
    NodeGroups,
    NodePool,
    cluster_name,
    own_role,
)

Object = dict[str, Any]

EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
"""Kubernetes' words for the effects of taints."""

_AUTO = ("eks.amazonaws.com", "eks.amazonaws.com/v1", "NodeClass")
_KARPENTER = ("karpenter.k8s.aws", "karpenter.k8s.aws/v1", "EC2NodeClass")


def node_pools(
    cluster: EksCluster, context: Context, subnets: Sequence[Object]
) -> Iterator[Object]:
    """The node pools of a cluster, with the classes of those that Auto Mode's own does not do for."""
    compute = cluster.compute
    if isinstance(compute, AutoMode):
        for name, pool in compute.pools.items():
            if pool.disk_size_gib is not None:
                yield _class(_AUTO, name, pool, context, subnets, {})
            its = "default" if pool.disk_size_gib is None else name
            yield _pool(_AUTO, name, pool, its)
    elif isinstance(compute, NodeGroups) and compute.karpenter is not None:
        for name, pool in compute.karpenter.pools.items():
            yield _class(_KARPENTER, name, pool, context, subnets, _ami(compute.karpenter, pool))
            yield _pool(_KARPENTER, name, pool, name)


def _ami(karpenter: Karpenter, pool: NodePool) -> Object:
    found: Object = {
        "amiSelectorTerms": [{"alias": karpenter.ami}],
        # As nodes of groups: pods get roles of their own and must not take the node's.
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    }
    if pool.disk_size_gib is not None:
        # Bottlerocket keeps images and pods on its second volume.
        device = "/dev/xvdb" if karpenter.ami.startswith("bottlerocket") else "/dev/xvda"
        volume = {"volumeType": "gp3", "volumeSize": f"{pool.disk_size_gib}Gi", "encrypted": True}
        found["blockDeviceMappings"] = [{"deviceName": device, "ebs": volume}]
    return found


def _class(
    kind: tuple[str, str, str],
    name: str,
    pool: NodePool,
    context: Context,
    subnets: Sequence[Object],
    more: Object,
) -> Object:
    spec: Object = {
        "role": own_role(context, "node"),
        "subnetSelectorTerms": list(subnets),
        # EKS tags the cluster's security group so.
        "securityGroupSelectorTerms": [
            {"tags": {f"kubernetes.io/cluster/{cluster_name(context)}": "owned"}}
        ],
        "tags": {**context.default_tags("kubernetes"), "Name": context.name("node", name)},
        **more,
    }
    if kind is _AUTO:
        spec["ephemeralStorage"] = {"size": f"{pool.disk_size_gib}Gi"}
    return {"apiVersion": kind[1], "kind": kind[2], "metadata": {"name": name}, "spec": spec}


def _pool(kind: tuple[str, str, str], name: str, pool: NodePool, node_class: str) -> Object:
    group = kind[0]
    wanted = {
        f"{group}/instance-family": pool.instance_families,
        "node.kubernetes.io/instance-type": pool.instance_types,
        "kubernetes.io/arch": pool.architectures,
        "karpenter.sh/capacity-type": pool.capacity_types,
        "topology.kubernetes.io/zone": pool.zones,
        "kubernetes.io/os": ("linux",),
    }
    requirements = [
        {"key": key, "operator": "In", "values": list(values)}
        for key, values in wanted.items()
        if values
    ]
    labels = {**pool.labels, **({GPU_LABEL: "true"} if pool.gpu else {})}
    within: Object = {
        "nodeClassRef": {"group": group, "kind": kind[2], "name": node_class},
        "requirements": requirements,
        "expireAfter": f"{pool.expire_after_hours}h",
    }
    taints = [
        {
            "key": taint.key,
            **({"value": taint.value} if taint.value else {}),
            "effect": EFFECTS[taint.effect],
        }
        for taint in pool.all_taints
    ]
    if taints:
        within["taints"] = taints
    limits = {"cpu": str(pool.max_vcpu)}
    if pool.max_gpus is not None:
        limits["nvidia.com/gpu"] = str(pool.max_gpus)
    spec: Object = {
        "template": {**({"metadata": {"labels": labels}} if labels else {}), "spec": within},
        "disruption": {
            "consolidationPolicy": pool.consolidation,
            "consolidateAfter": f"{pool.consolidate_after_minutes}m",
        },
        "limits": limits,
    }
    if pool.weight is not None:
        spec["weight"] = pool.weight
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name},
        "spec": spec,
    }
