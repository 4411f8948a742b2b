"""What a node of EKS does before a pod runs: pull its images with the role of its node group. Judged
where the control route ``access`` says so, see ``emulator.rights``.

A cluster without node groups takes nodes from elsewhere, such as Fargate, and is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import rights

SERVICE = "ec2.amazonaws.com"


def may_start(account: str, cluster: Any, spec: Mapping[str, Any]) -> bool:
    """Whether the pods of a Deployment get their images on the nodes of one group at least."""
    if not rights.is_judged(account):
        return True
    groups = list(cluster.nodegroups.values())
    pod = spec.get("template", {}).get("spec", {})
    images = [
        container["image"]
        for kind in ("initContainers", "containers")
        for container in pod.get(kind, ())
    ]
    return not groups or any(_pulls(group, images) for group in groups)


def _pulls(group: Any, images: list[str]) -> bool:
    role = rights.assumed(group.node_role, SERVICE, by=group.arn)
    if role is None:
        return False
    try:
        for image in images:
            rights.pull(role, image)
    except (rights.DeniedError, rights.MissingError):
        return False
    return True
