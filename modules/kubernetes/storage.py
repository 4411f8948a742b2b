"""The objects behind what pods mount: classes, volumes and claims, as plain data.

A PersistentVolume cannot be changed in place, so its name and its claim's end in a hash of what it
is: pods move to the new one before the old one goes. Both stand for something that somebody else
owns, so that deleting them deletes nothing in AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..eks.spec import AutoMode, EksCluster
from ..names import short_hash
from .volumes import BucketMount, ClaimMount, EbsMount, EfsMount, PodVolume

Object = dict[str, Any]

EBS_CLASS = "inferform-gp3"
"""The StorageClass of EBS volumes by the driver that is installed."""

EBS_CLASS_OF_AUTO_MODE = "inferform-gp3-auto"
"""The StorageClass of EBS volumes on the nodes of EKS Auto Mode, which has a driver of its own."""

# No object: it only tells a volume and its claim from what a default StorageClass would make.
_STATIC = "inferform-static"

# Nodes of groups beside Auto Mode have not its driver.
_OF_AUTO_MODE = [
    {"matchLabelExpressions": [{"key": "eks.amazonaws.com/compute-type", "values": ["auto"]}]}
]

# Both drivers ignore it, and Kubernetes asks for one.
_IGNORED_SIZE = "1Gi"


def ebs_class(cluster: EksCluster | None, node_group: str | None) -> str:
    """The StorageClass whose driver runs on the nodes of a pod."""
    auto = cluster is not None and isinstance(cluster.compute, AutoMode) and node_group is None
    return EBS_CLASS_OF_AUTO_MODE if auto else EBS_CLASS


def storage_class(name: str) -> Object:
    """A StorageClass of encrypted gp3 volumes, each made in the zone of its pod."""
    auto = name == EBS_CLASS_OF_AUTO_MODE
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "inferform"}},
        "provisioner": "ebs.csi.eks.amazonaws.com" if auto else "ebs.csi.aws.com",
        "parameters": {"type": "gp3", "encrypted": "true"},
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        **({"allowedTopologies": _OF_AUTO_MODE} if auto else {}),
    }


class Storage:
    """What one service mounts: `objects` beside its pods, `volumes` and `mounts` in them."""

    def __init__(
        self,
        volumes: Mapping[str, PodVolume],
        *,
        service: str,
        namespace: str,
        labels: Mapping[str, str],
        context: Context,
        artifact_bucket: str,
        user: int,
        ebs_class: str,
    ) -> None:
        self.objects: list[Object] = []
        self.volumes: list[Object] = []
        self.mounts: list[Object] = []
        for name, volume in volumes.items():
            within = f"volume-{name}"
            mount: Object = {"name": within, "mountPath": volume.path}
            source: Object
            if isinstance(volume, EbsMount):
                source = {"ephemeral": {"volumeClaimTemplate": _own_claim(volume, ebs_class)}}
            else:
                if volume_is_read(volume):
                    mount["readOnly"] = True
                claim = volume.claim if isinstance(volume, ClaimMount) else ""
                if not isinstance(volume, ClaimMount):
                    csi = (
                        _efs(volume)
                        if isinstance(volume, EfsMount)
                        else _bucket(volume, context, artifact_bucket, user)
                    )
                    claim = f"{service}-{name}-{short_hash(csi)}"
                    held = f"{namespace}-{claim}"
                    self.objects += _claimed(held, claim, namespace, labels, csi)
                source = {"persistentVolumeClaim": {"claimName": claim}}
            self.volumes.append({"name": within, **source})
            self.mounts.append(mount)


def volume_is_read(volume: EfsMount | BucketMount | ClaimMount) -> bool:
    """Whether pods only read it."""
    return isinstance(volume, BucketMount) or volume.read_only


def _own_claim(volume: EbsMount, storage_class: str) -> Object:
    return {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": f"{volume.size_gib}Gi"}},
        }
    }


def _efs(volume: EfsMount) -> Object:
    handle = volume.file_system
    if volume.access_point is not None:
        handle += f"::{volume.access_point}"
    return {
        "csi": {"driver": "efs.csi.aws.com", "volumeHandle": handle},
        "mountOptions": ["tls"],
        "accessModes": ["ReadOnlyMany" if volume.read_only else "ReadWriteMany"],
    }


def _bucket(volume: BucketMount, context: Context, artifact_bucket: str, user: int) -> Object:
    options = [
        "read-only",
        # Files belong to the user that the container runs as.
        *("allow-other", f"uid={user}", f"gid={user}"),
        f"region {context.region}",
        *([f"prefix {volume.prefix}"] if volume.prefix else []),
    ]
    return {
        "csi": {
            "driver": "s3.csi.aws.com",
            "volumeAttributes": {
                "bucketName": volume.bucket or artifact_bucket,
                # The role of the service's pods: the driver itself may read nothing.
                "authenticationSource": "pod",
                # Nodes answer no pod's question for their Region, as metadata goes one hop.
                "stsRegion": context.region,
            },
        },
        "mountOptions": options,
        "accessModes": ["ReadOnlyMany"],
    }


def _claimed(
    volume: str, claim: str, namespace: str, labels: Mapping[str, str], content: Object
) -> list[Object]:
    """A PersistentVolume, and the claim that no other one can take its place of."""
    made = {"app.kubernetes.io/managed-by": "inferform", **labels}
    csi = {"volumeHandle": volume, **content["csi"]}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "labels": made},
            "spec": {
                "capacity": {"storage": _IGNORED_SIZE},
                "accessModes": content["accessModes"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": _STATIC,
                "claimRef": {"namespace": namespace, "name": claim},
                "mountOptions": content["mountOptions"],
                "csi": csi,
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim, "namespace": namespace, "labels": made},
            "spec": {
                "accessModes": content["accessModes"],
                "storageClassName": _STATIC,
                "resources": {"requests": {"storage": _IGNORED_SIZE}},
                "volumeName": volume,
            },
        },
    ]
