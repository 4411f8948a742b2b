"""Whether nodes and pods reach what they need in subnets without internet."""

from __future__ import annotations

from collections.abc import Iterator

from ..ecr.spec import Image, parse_image
from ..eks.spec import EKS35, AutoMode, EksCluster
from ..rules import Problem
from ..vpc.spec import Network
from .objects import brings_device_plugin
from .spec import KUB18, Kubernetes


def needed_endpoints(cluster: EksCluster, services: Kubernetes | None) -> frozenset[str]:
    """The interface endpoints that the cluster and its services need."""
    needed = set(cluster.vpc_endpoints)
    for service in services.services.values() if services else ():
        # Auto Mode's controller runs in an account of AWS's.
        if service.ingress is not None and not isinstance(cluster.compute, AutoMode):
            needed.add("elasticloadbalancing")
        for value in service.model.environment.values():
            if value.startswith("arn:") and ":secretsmanager:" in value:
                needed.add("secretsmanager")
            elif value.startswith("arn:") and ":ssm:" in value:
                needed.add("ssm")
    return frozenset(needed)


def problems(
    cluster: EksCluster,
    services: Kubernetes | None,
    network: Network,
    endpoints: frozenset[str],
) -> Iterator[Problem]:
    """What lacks a way to AWS, or to a registry on the internet."""
    if network.nat != "none":
        return
    missing = sorted(needed_endpoints(cluster, services) - endpoints)
    if "s3" not in network.gateway_endpoints:
        missing.append("s3 (gateway)")
    if missing:
        yield EKS35.problem("eks", missing=", ".join(missing))
    if services is None:
        return
    if brings_device_plugin(cluster) and _is_public(services.device_plugin):
        yield KUB18.problem("kubernetes", "device_plugin", got=services.device_plugin)
    for name, service in services.services.items():
        if service.model.artifact is not None and _is_public(service.loader):
            yield KUB18.problem("kubernetes", "services", name, "loader", got=service.loader)


def _is_public(image: Image | str) -> bool:
    return isinstance(image, str) and parse_image(image) is None
