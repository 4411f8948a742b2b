"""What pods mount beside their own disk: EBS and EFS volumes, claims, and buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated

from ..rules import Problem, rule
from ..spec import Between, Check, Matches, OneOf, ShortName, Spec, is_bucket_name, is_s3_key

KUB16 = rule(
    "KUB16",
    refuses="storage for the model outside 1 to 16,384 GiB",
    message="must be from {low} to {high} GiB",
    source="Amazon EBS user guide, gp3",
)
KUB24 = rule(
    "KUB24",
    refuses="a volume over folders of the system, of the loader or of another volume",
    message="{wrong}; use a folder of its own, such as /mnt/models",
    source="Kubernetes, VolumeMount mountPath; Inferform: /tmp and the model's folder are mounted",
)
KUB25 = rule(
    "KUB25",
    refuses="a volume that the cluster cannot mount",
    message="cannot be mounted: {reason}; {remedy}",
    source="Amazon EKS user guide, application data storage: each driver's considerations",
)
KUB26 = rule(
    "KUB26",
    refuses="an id that is none of EFS's file systems or access points",
    message="must be an id such as {example}",
    source="Amazon EFS API reference, FileSystemId and AccessPointId",
)
KUB27 = rule(
    "KUB27",
    refuses="a bucket or prefix that S3 or Mountpoint does not take",
    message="must be {expected}",
    source="Amazon S3 user guide, bucket naming rules; Mountpoint for Amazon S3, configuration "
    "(a prefix ends with /)",
)
KUB28 = rule(
    "KUB28",
    refuses="one file system and access point twice in a pod",
    message="is what {other} mounts; Kubernetes mounts a volume of one handle once",
    source="Kubernetes CSI, volumeHandle; aws-efs-csi-driver and mountpoint-s3-csi-driver, "
    "troubleshooting",
)
KUB29 = rule(
    "KUB29",
    refuses="a name that no PersistentVolumeClaim has",
    message="must be lower-case letters, digits, hyphens and dots, at most 253, such as models",
    source="Kubernetes, object names (RFC 1123 subdomains)",
)

MODEL_FOLDER = "/opt/ml/model"
"""Where the container finds its model, as on SageMaker."""

_OF_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/proc", "/sbin", "/sys", "/usr", "/var/run")


def _mount_expected(path: str) -> dict[str, str]:
    return {"wrong": f"{path!r} is no absolute path of folders"}


MountPath = Annotated[
    str,
    Check(
        KUB24,
        lambda path: (
            bool(re.fullmatch(r"(/[A-Za-z0-9._-]{1,64}){1,16}", path))
            and not {".", ".."} & set(path.split("/"))
        ),
        _mount_expected,
    ),
]
"""A folder in the container."""


class EbsMount(Spec):
    """A volume on Amazon EBS for each pod, encrypted gp3, made and deleted with it: room for what is
    larger than the node's disk, such as a cache of models."""

    path: MountPath
    """The folder in the container."""

    size_gib: Annotated[int, Between(KUB16, 1, 16_384)]
    """Its size in GiB."""


class EfsMount(Spec):
    """A file system of Amazon EFS that is there, which every pod mounts, encrypted on the way. Its
    mount targets' security group must let the nodes in on port 2049."""

    path: MountPath
    """The folder in the container."""

    file_system: Annotated[
        str,
        Check(
            KUB26,
            lambda name: bool(re.fullmatch(r"fs-[0-9a-f]{8,40}", name)),
            lambda _: {"example": "fs-0123456789abcdef0"},
        ),
    ]
    """The id of the file system."""

    access_point: (
        Annotated[
            str,
            Check(
                KUB26,
                lambda name: bool(re.fullmatch(r"fsap-[0-9a-f]{8,40}", name)),
                lambda _: {"example": "fsap-0123456789abcdef0"},
            ),
        ]
        | None
    ) = None
    """The access point that it is mounted through. Default: None, the file system's root."""

    read_only: bool = True
    """Whether pods only read it. Default: True."""


class BucketMount(Spec):
    """Objects of an S3 bucket as read-only files, by Mountpoint for Amazon S3, with the role of the
    service's pods: a model is read as it is asked for, instead of being copied first."""

    path: MountPath = MODEL_FOLDER
    """The folder in the container. Default: `/opt/ml/model`, where the container looks for its
    model; leave out `Model.artifact` then."""

    bucket: (
        Annotated[
            str,
            Check(
                KUB27,
                is_bucket_name,
                lambda _: {"expected": "the name of a bucket in the environment's Region"},
            ),
        ]
        | None
    ) = None
    """The bucket. Default: None, the environment's artifact bucket."""

    prefix: Annotated[
        str,
        Check(
            KUB27,
            lambda text: not text or (is_s3_key(text) and text.endswith("/") and len(text) <= 900),
            lambda _: {
                "expected": "empty, or the beginning of keys that ends with /, such as fraud/1.4.2/"
            },
        ),
    ] = ""
    """The beginning of the keys that are mounted, such as `fraud/1.4.2/`. Default: empty, all."""

    def uri(self, artifact_bucket: str) -> str:
        """What is mounted as an `s3://` URI."""
        return f"s3://{self.bucket or artifact_bucket}/{self.prefix}"


class ClaimMount(Spec):
    """A PersistentVolumeClaim of the service's namespace that somebody else makes."""

    path: MountPath
    """The folder in the container."""

    claim: Annotated[str, Matches(KUB29, r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")]
    """The claim's name."""

    read_only: bool = True
    """Whether pods only read it. A claim that is written to must take several nodes
    (ReadWriteMany), as a rollout runs old and new pods side by side. Default: True."""


PodVolume = EbsMount | EfsMount | BucketMount | ClaimMount

PodVolumes = dict[ShortName, Annotated[PodVolume, OneOf()]]


def problems(volumes: Mapping[str, PodVolume], *, has_artifact: bool) -> Iterator[Problem]:
    """What is wrong between the volumes of one service."""
    taken = {"/tmp": "the pod's own"}
    if has_artifact:
        taken[MODEL_FOLDER] = "that of model.artifact"
    handles: dict[tuple[str, str | None], str] = {}
    for name, volume in volumes.items():
        wrong = _covers(volume.path, taken)
        if wrong:
            yield KUB24.problem(name, "path", wrong=wrong, got=volume.path)
        taken[volume.path] = f"that of volumes.{name}"
        if isinstance(volume, EfsMount):
            handle = (volume.file_system, volume.access_point)
            other = handles.setdefault(handle, name)
            if other != name:
                yield KUB28.problem(name, "file_system", got=volume.file_system, other=other)


def _covers(path: str, taken: Mapping[str, str]) -> str:
    """Why nothing is to be mounted there; empty where it may be."""
    folder = PurePosixPath(path)
    for name in _OF_SYSTEM:
        if folder == PurePosixPath(name) or PurePosixPath(name) in folder.parents:
            return f"covers {name}, which belongs to the system"
    for name, whose in taken.items():
        other = PurePosixPath(name)
        if folder == other or other in folder.parents or folder in other.parents:
            return f"is or holds {name}, {whose}" if folder != other else f"is {name}, {whose}"
    return ""
