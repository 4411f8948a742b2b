"""Whether a pod fits the cluster's nodes: their size, their GPUs and their taints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..eks.instances import node_types
from ..eks.spec import (
    EBS_DRIVER,
    EFS_DRIVER,
    GPU_TAINT_KEY,
    S3_DRIVER,
    AutoMode,
    EksCluster,
    FargateProfile,
    NodeGroup,
    NodePool,
    Taint,
    minor,
)
from ..rules import PathPart, Problem, did_you_mean
from .spec import KUB10, KUB11, KUB17, EksService, Pod, Toleration
from .volumes import KUB25, BucketMount, ClaimMount, EbsMount, EfsMount, PodVolume

# A Fargate pod has 16 vCPUs and 120 GiB at most, of which Kubernetes takes 256 MiB.
_FARGATE_VCPU = 16
_FARGATE_MIB = 120 * 1024 - 256

_DRIVERS: Mapping[type[PodVolume], str] = {
    BucketMount: S3_DRIVER,
    EbsMount: EBS_DRIVER,
    EfsMount: EFS_DRIVER,
}
_NOT_ON_FARGATE: Mapping[type[PodVolume], tuple[str, str]] = {
    BucketMount: ("Fargate mounts no buckets", "use model.artifact, or NodeGroups"),
    EbsMount: ("Fargate mounts no EBS volumes", "use EfsMount, or NodeGroups"),
}


def tolerations(pod: Pod) -> list[Toleration]:
    """What a pod tolerates: GPU nodes where it has GPUs, and what is written."""
    own = [Toleration(key=GPU_TAINT_KEY)] if pod.gpus else []
    return [*own, *(each for each in pod.tolerations if each not in own)]


def problems(cluster: EksCluster, services: Mapping[str, EksService]) -> Iterator[Problem]:
    """A problem for each service whose pods no node of the cluster takes."""
    for name, service in services.items():
        for problem in (*_problems(cluster, service), *_unmounted(cluster, service)):
            yield problem.under(name)


def _unmounted(cluster: EksCluster, service: EksService) -> Iterator[Problem]:
    """A problem for each volume whose driver the pod's nodes do not have."""
    for name, volume in service.volumes.items():
        found = _lacking(cluster, service.compute, volume)
        if found is not None:
            reason, remedy = found
            yield KUB25.problem("volumes", name, reason=reason, remedy=remedy)


def _lacking(cluster: EksCluster, pod: Pod, volume: PodVolume) -> tuple[str, str] | None:
    """Why a volume is not mounted, and what to do; None where it is, or where nobody knows."""
    compute = cluster.compute
    if isinstance(volume, ClaimMount):
        return None
    if isinstance(compute, FargateProfile):
        # Fargate brings the driver of EFS, and takes no other.
        return _NOT_ON_FARGATE.get(type(volume))
    if isinstance(volume, BucketMount) and minor(cluster.version) < 30:
        needed = f"roles of pods for buckets need Kubernetes 1.30, eks has {cluster.version}"
        return needed, "raise eks.version, or use model.artifact"
    driver = _DRIVERS[type(volume)]
    brought = driver == EBS_DRIVER and isinstance(compute, AutoMode) and pod.node_group is None
    if brought or driver in cluster.installed_addons:
        return None
    return f"the cluster has no add-on {driver}", f'write eks.addons={{"{driver}": Addon()}}'


def _problems(cluster: EksCluster, service: EksService) -> Iterator[Problem]:
    compute, pod = cluster.compute, service.compute
    if not cluster.groups and pod.node_group is not None:
        kind = type(compute).__name__
        yield KUB17.problem("compute", "node_group", got=pod.node_group, compute=kind)
    elif isinstance(compute, AutoMode) and pod.node_group is None:
        pooled = compute.gpu_pool is not None or any(pool.gpu for pool in compute.pools.values())
        if pod.gpus and not pooled and not _fit_groups(cluster.groups, pod):
            yield KUB10.problem(
                *("compute", "gpus"),
                got=pod.gpus,
                reasons="the built-in pools of Auto Mode have no GPUs",
                remedy="give eks.compute a gpu_pool",
            )
    elif isinstance(compute, FargateProfile):
        yield from _on_fargate(compute, service)
    else:
        started = any(_starts(pool, pod) for pool in cluster.pools.values())
        if pod.node_group is not None or not started:
            yield from _on_groups(cluster.groups, pod)


def _on_fargate(profile: FargateProfile, service: EksService) -> Iterator[Problem]:
    pod = service.compute
    path: tuple[PathPart, ...] = ("compute",)
    if pod.gpus:
        reasons, remedy = "Fargate has no GPUs", "use NodeGroups, or AutoMode with a gpu_pool"
    elif pod.vcpu > _FARGATE_VCPU or pod.all_memory_mib > _FARGATE_MIB:
        reasons = f"Fargate gives a pod {_FARGATE_VCPU} vCPUs and {_FARGATE_MIB:,} MiB at most"
        remedy = "ask for less, or use NodeGroups"
    elif service.namespace not in profile.selected:
        path = ("namespace",)
        reasons = f"the Fargate profile has no namespace {service.namespace}"
        remedy = "add it to eks.compute.namespaces"
    else:
        return
    yield KUB10.problem(*path, reasons=reasons, remedy=remedy)


def _starts(pool: NodePool, pod: Pod) -> bool:
    """Whether Karpenter starts a node of a pool for a pod, as far as GPUs and taints tell."""
    return (pool.gpu or not pod.gpus) and all(
        taint.effect == "PREFER_NO_SCHEDULE" or _tolerates(pod, taint) for taint in pool.all_taints
    )


def _fit_groups(groups: Mapping[str, NodeGroup], pod: Pod) -> bool:
    """Whether some group takes a pod."""
    return any(not list(_refusals(group, pod)) for group in groups.values())


def _on_groups(groups: Mapping[str, NodeGroup], pod: Pod) -> Iterator[Problem]:
    if pod.node_group is not None and pod.node_group not in groups:
        hint = did_you_mean(pod.node_group, groups) or f"; the groups are {', '.join(groups)}"
        yield KUB11.problem("compute", "node_group", got=pod.node_group, hint=hint)
        return
    refusals = {name: list(_refusals(group, pod)) for name, group in groups.items()}
    asked = [pod.node_group] if pod.node_group is not None else list(groups)
    if any(not refusals[name] for name in asked):
        return
    reasons = "; ".join(f"{name} {' and '.join(refusals[name])}" for name in asked)
    yield KUB10.problem("compute", reasons=reasons, remedy=_remedy(groups, refusals, pod))


def _refusals(group: NodeGroup, pod: Pod) -> Iterator[str]:
    """Why a group does not take a pod; nothing where it does, or where its types are unknown."""
    taint = _untolerated(group, pod)
    if taint is not None:
        yield f"has the taint {_shown(taint)}"
    # Any of the types may be what the group starts, so the pod must fit the smallest of each.
    facts = [node_types()[name] for name in group.instance_types if name in node_types()]
    if not facts:
        return
    cpu, memory, gpus = _smallest(group)
    if pod.vcpu > cpu:
        yield f"has {cpu:g} vCPUs for pods, not {pod.vcpu:g}"
    if pod.all_memory_mib > memory:
        yield f"has {memory:,} MiB for pods, not {pod.all_memory_mib:,}"
    if pod.gpus > gpus:
        yield f"has {gpus or 'no'} GPU{'' if gpus == 1 else 's'}, not {pod.gpus}"


def _smallest(group: NodeGroup) -> tuple[float, int, int]:
    """The vCPUs, MiB and GPUs that every known type of a group has for pods."""
    facts = [node_types()[name] for name in group.instance_types if name in node_types()]
    return (
        min(fact.pod_cpu for fact in facts),
        min(fact.pod_memory_mib for fact in facts),
        min(fact.gpus for fact in facts),
    )


def _untolerated(group: NodeGroup, pod: Pod) -> Taint | None:
    for taint in group.all_taints:
        if taint.effect != "PREFER_NO_SCHEDULE" and not _tolerates(pod, taint):
            return taint
    return None


def _tolerates(pod: Pod, taint: Taint) -> bool:
    return any(
        each.key == taint.key
        and each.value in (None, taint.value)
        and each.effect in (None, taint.effect)
        for each in tolerations(pod)
    )


def _shown(taint: Taint) -> str:
    return f"{taint.key}={taint.value}" if taint.value else taint.key


def _remedy(groups: Mapping[str, NodeGroup], refusals: Mapping[str, list[str]], pod: Pod) -> str:
    """Which group would fit, or what to change so that one does."""
    fitting = [name for name, reasons in refusals.items() if not reasons]
    if fitting:
        return f"node_group {fitting[0]} would take it"
    for name, reasons in refusals.items():
        taint = _untolerated(groups[name], pod)
        if len(reasons) == 1 and taint is not None:
            value = f", value={taint.value!r}" if taint.value else ""
            return f"{name} would take it with Toleration(key={taint.key!r}{value})"
    if pod.gpus and all(not group.gpu for group in groups.values()):
        return "add a group of GPU instances, such as g6.xlarge"
    return "use larger instance types, or ask for less"
