"""What is asked of EKS clusters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ..capacity.spec import (
    CapacityBlock,
    CapacityReservation,
    ReservationGroup,
    fleet_problems,
    paid_for,
    price_key,
    zone_of,
)
from ..content import HASHES, Content, content_name
from ..context import Context
from ..ec2 import has_gpu
from ..names import Name, role
from ..overrides import Overridable
from ..rules import Problem, did_you_mean, one_of, rule
from ..service import Billed, Named, Needs, Place, Reaching
from ..spec import (
    Aws,
    Between,
    Check,
    Cidrs,
    Known,
    Many,
    Matches,
    OneOf,
    ShortName,
    Spec,
    arn_of,
    is_json,
)
from ..usage import Usage, between, by_use, exactly
from ..vpc.flow_logs import RetentionDays
from .instances import architecture, has_neuron, node_types
from .launch import EKS38, EKS39, NodeLaunch, Os
from .versions import in_support, versions, versions_read

EKS1 = rule(
    "EKS1",
    refuses="a Kubernetes version that is not major and minor only",
    message="must be a minor version of Kubernetes without a patch, such as '1.35'",
    source="Amazon EKS user guide, Kubernetes versions",
)
EKS2 = rule(
    "EKS2",
    refuses="a version whose standard support had ended when Inferform's table was read",
    message="{state} on {read}; move to {better}, one minor version at a time{policy}",
    source="Amazon EKS user guide, Kubernetes release calendar and cluster upgrade policy",
    severity="warning",
)
EKS4 = rule(
    "EKS4",
    refuses="a cluster in fewer than two availability zones",
    message="needs private subnets in two availability zones; give the network two or three",
    source="Amazon EKS user guide, VPC and subnet requirements",
)
EKS5 = rule(
    "EKS5",
    refuses="a cluster whose API nobody can reach",
    message="has neither private nor public access to its API; leave private_access on or name "
    "public_access_cidrs",
    source="Amazon EKS user guide, cluster API server endpoint access",
)
EKS6 = rule(
    "EKS6",
    refuses="an AMI type that EKS does not have, or one that has ended",
    message="is not an AMI type of Amazon EKS for Linux (AL2_… ended in November 2025){hint}",
    source="botocore eks AMITypes; Amazon EKS user guide, AL2 AMI deprecation",
)
EKS7 = rule(
    "EKS7",
    refuses="instance types of one group that no single AMI runs on",
    message="do not fit together: {reason}; {remedy}",
    source="Amazon EKS user guide, Amazon EKS optimized AMIs",
)
EKS8 = rule(
    "EKS8",
    refuses="sizes of a node group out of order",
    message="must be min_size <= desired_size <= max_size; they are {minimum}, {desired} and "
    "{maximum}",
    source="botocore eks NodegroupScalingConfig",
)
EKS9 = rule(
    "EKS9",
    refuses="a taint or label that Kubernetes does not take",
    message="must have at most 63 letters, digits, - _ or . with a letter or digit at both ends; "
    "a key may have a domain and / before it",
    source="botocore eks taintKey, taintValue, labelKey; Kubernetes labels and selectors",
)
EKS37 = rule(
    "EKS37",
    refuses="a label or taint of a node group whose key has over 63 characters with its domain, or a "
    "label without a value",
    message="must have 1 to 63 characters on a node group, the domain of a key included",
    source="botocore eks labelKey, labelValue, taintKey",
)
EKS12 = rule(
    "EKS12",
    refuses="nodes that are replaced at once outside 1 to 100",
    message="must be from {low} to {high}",
    source="botocore eks NodegroupUpdateConfig",
)
EKS14 = rule(
    "EKS14",
    refuses="Auto Mode on a version before 1.29, or an Auto Mode without anything to run on",
    message="{reason}; {remedy}",
    source="Amazon EKS user guide, EKS Auto Mode",
)
EKS16 = rule(
    "EKS16",
    refuses="groups or a policy on an access entry of a type that nodes use",
    message="can be given only where type is STANDARD; {type} entries get theirs from EKS",
    source="Amazon EKS user guide, access entries",
)
EKS34 = rule(
    "EKS34",
    refuses="two access entries of one principal",
    message="has an access entry already, {other}; give it one that says everything",
    source="Amazon EKS user guide, access entries (one for each principal)",
)
EKS20 = rule(
    "EKS20",
    refuses="a version that is not in the table of known versions",
    message="is not in Inferform's table of {read}, which has {known}; nothing is checked against it",
    source="Amazon EKS user guide, Kubernetes release calendar",
    severity="warning",
)
EKS21 = rule(
    "EKS21",
    refuses="an instance type that is not in the table of EC2 instance types",
    message="is not an EC2 instance type that Inferform knows, so nothing is checked against it"
    "{hint}",
    source="Amazon EC2 DescribeInstanceTypes",
    severity="warning",
)
EKS22 = rule(
    "EKS22",
    refuses="a cluster API that the whole internet reaches",
    message="opens the cluster's API to the whole internet; name the networks that need it",
    source="Amazon EKS best practices guide, cluster endpoint access",
    severity="warning",
)
EKS23 = rule(
    "EKS23",
    refuses="Spot capacity of a single instance type",
    message="is one Spot instance type; several of one size are interrupted less often",
    source="Amazon EKS user guide, managed node group capacity types",
    severity="warning",
)
EKS24 = rule(
    "EKS24",
    refuses="an accelerated instance type on an AMI without its driver",
    message="runs {types} without their driver; leave ami_type out, or use {better}",
    source="Amazon EKS user guide, accelerated AMIs",
    severity="warning",
)
EKS25 = rule(
    "EKS25",
    refuses="an add-on that the cluster's compute brings or cannot run",
    message="{reason}; leave it out",
    source="Amazon EKS user guide, Amazon EKS add-ons; EKS Auto Mode; AWS Fargate considerations",
)
EKS26 = rule(
    "EKS26",
    refuses="a SageMaker instance type on a node group",
    message="must be an EC2 instance type, such as m5.large: the prefix ml. is SageMaker's",
    source="Amazon EC2 user guide, instance types",
)
EKS27 = rule(
    "EKS27",
    refuses="no instance type, or more than 20",
    message="must be 1 to 20 different instance types",
    source="Amazon EKS API reference, CreateNodegroup instanceTypes",
)
EKS28 = rule(
    "EKS28",
    refuses="an add-on version of another form than EKS's, or a kube-proxy newer than the cluster",
    message="must be a version of the add-on such as v1.35.0-eksbuild.2{remedy}",
    source="Amazon EKS user guide, add-ons; Kubernetes version skew policy",
)
EKS29 = rule(
    "EKS29",
    refuses="a node volume outside 20 to 16,384 GiB",
    message="must be from {low} to {high} GiB",
    source="Amazon EKS user guide, managed node groups; Amazon EBS user guide, gp3",
)
EKS30 = rule(
    "EKS30",
    refuses="a node group size outside 0 to 450, or a maximum of 0",
    message="must be from {low} to {high} nodes",
    source="Amazon EKS user guide, service quotas (nodes per managed node group)",
)
EKS31 = rule(
    "EKS31",
    refuses="a Kubernetes namespace with another form than a DNS label",
    message="must be lower-case letters, digits and hyphens, at most 63, such as inference",
    source="Kubernetes, object names (RFC 1123 labels)",
)
EKS32 = rule(
    "EKS32",
    refuses="a Fargate profile with more namespaces than AWS takes",
    message="must be 1 to 4 different namespaces beside kube-system",
    source="Amazon EKS user guide, Fargate profiles (five selectors)",
)
EKS33 = rule(
    "EKS33",
    refuses="one node, or nodes on Spot only, in a protected environment",
    message="{reason} in a protected environment; {remedy}",
    source="Amazon EKS best practices guide, reliability",
    severity="warning",
)

EKS35 = rule(
    "EKS35",
    refuses="a cluster in subnets with no NAT and not every endpoint that it needs",
    message="cannot run: the network has no NAT and lacks the endpoints {missing}; add them, or "
    "set network.auto_endpoints=True",
    source="Amazon EKS user guide, private clusters with limited internet access",
)

EKS43 = rule(
    "EKS43",
    refuses="a node pool that Karpenter does not take",
    message="must be {expected}",
    source="Karpenter, NodePools; Amazon EKS user guide, create a node pool for EKS Auto Mode",
)
EKS44 = rule(
    "EKS44",
    refuses="a node pool with the name of one that is there anyway",
    message="is the name of {whose}; give it another",
    source="Amazon EKS user guide, enable or disable built-in NodePools; Inferform: gpu_pool is gpu",
)

EKS36 = rule(
    "EKS36",
    refuses="settings of an add-on that JSON cannot hold",
    message="must be what JSON holds: text, numbers, True, False, None, lists and dicts by text",
    source="botocore eks CreateAddon configurationValues",
)

AMI_TYPES = frozenset(
    (
        "AL2023_x86_64_STANDARD",
        "AL2023_x86_64_NVIDIA",
        "AL2023_x86_64_NEURON",
        "AL2023_ARM_64_STANDARD",
        "AL2023_ARM_64_NVIDIA",
        "BOTTLEROCKET_x86_64",
        "BOTTLEROCKET_x86_64_FIPS",
        "BOTTLEROCKET_x86_64_NVIDIA",
        "BOTTLEROCKET_ARM_64",
        "BOTTLEROCKET_ARM_64_FIPS",
        "BOTTLEROCKET_ARM_64_NVIDIA",
    )
)
"""The AMI types of Linux nodes that EKS still publishes and hashicorp/aws 5.100 knows."""

GPU_TAINT_KEY = "nvidia.com/gpu"
"""The taint of GPU nodes, which only pods that ask for GPUs tolerate."""

GPU_LABEL = "nvidia.com/gpu.present"
"""The label of GPU nodes, as NVIDIA's own components name it."""

NODE_GROUP_LABEL = "inferform/node-group"
"""The label that each node carries with the short name of its group."""

AddonName = Literal[
    "amazon-cloudwatch-observability",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "aws-mountpoint-s3-csi-driver",
    "coredns",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "kube-proxy",
    "metrics-server",
    "snapshot-controller",
    "vpc-cni",
]
"""The add-ons that Inferform installs."""

LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]

AccessPolicy = Literal[
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
]

EntryType = Literal["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"]

_LABEL_PART = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"

LabelKey = Annotated[str, Matches(EKS9, rf"({_DOMAIN}/)?{_LABEL_PART}")]
LabelValue = Annotated[str, Matches(EKS9, rf"({_LABEL_PART})?")]

NodeKey = Annotated[LabelKey, Check(EKS37, lambda key: len(key) <= 63)]

Namespace = Annotated[str, Matches(EKS31, r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")]
"""A Kubernetes namespace."""

NodeCount = Annotated[int, Between(EKS30, 0, 450)]


_ARCHITECTURES = {"arm64": "arm64", "x86_64": "amd64"}


def _is_families(names: tuple[str, ...]) -> bool:
    return len(names) == len(set(names)) and all(
        re.fullmatch(r"[a-z][a-z0-9-]*[0-9][a-z0-9-]*", name, re.ASCII) for name in names
    )


def _expects_families(_: object) -> dict[str, str]:
    return {"expected": "families of EC2 instances, each once, such as m7i"}


def _expects_once(_: object) -> dict[str, str]:
    return {"expected": "different ones, one at least where it is given"}


def _expects_more(_: object) -> dict[str, str]:
    return {"expected": "more than 0"}


def _expects_minutes(_: object) -> dict[str, str]:
    return {"expected": "from 0 to 10,080 minutes"}


def _expects_weight(_: object) -> dict[str, str]:
    return {"expected": "from 1 to 100"}


def _is_zone(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d[a-z]", name, re.ASCII))


def _expects_zone(_: object) -> dict[str, str]:
    return {"expected": "the name of an availability zone, such as us-east-1a"}


def _is_alias(name: str) -> bool:
    return bool(
        re.fullmatch(
            r"(al2023@(latest|v\d{8})|bottlerocket@(latest|v\d+\.\d+\.\d+))", name, re.ASCII
        )
    )


def _expects_alias(_: object) -> dict[str, str]:
    return {"expected": "an alias such as al2023@latest, al2023@v20261101 or bottlerocket@v1.50.0"}


def _namespaces_fit(names: tuple[str, ...]) -> bool:
    return 0 < len(names) == len(set(names)) and len({"kube-system", *names}) <= 5


def cluster_name(context: Context) -> str:
    """The name of the environment's cluster."""
    return context.name("eks", limit=100)


def pod_role_name(context: Context, name: str) -> str:
    """The name of the IAM role of a service's pods."""
    return role(context, "pod", name)


def own_role(context: Context, does: str) -> str:
    """The name of an IAM role of the cluster itself, such as that of its nodes."""
    return role(context, "eks", does)


def api_group(context: Context) -> str:
    """The name of the security group of the cluster's API."""
    return context.name("eks", "api")


def fargate_profile(context: Context) -> str:
    """The name of the Fargate profile."""
    return context.name("fargate")


def node_template(context: Context, group: str) -> str:
    """The name of the launch template of a node group."""
    return context.name("node", group, limit=128)


def control_plane_log(context: Context) -> str:
    """The log group of the control plane, as EKS names it."""
    return f"/aws/eks/{cluster_name(context)}/cluster"


def minor(version: str) -> int:
    """The minor number of a Kubernetes version: 35 of `1.35`."""
    return int(version.partition(".")[2])


class Taint(Spec):
    """A taint on every node of a group: only pods that tolerate it are placed there."""

    key: Annotated[NodeKey, Aws("eks:Taint.key")]
    """The taint's key."""

    value: Annotated[LabelValue, Aws("eks:Taint.value")] = ""
    """Its value. Default: empty."""

    effect: Annotated[
        Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], Aws("eks:Taint.effect")
    ] = "NO_SCHEDULE"
    """What it does to pods that do not tolerate it. Default: they are not placed there."""


class NodeGroup(Overridable, Billed, Named):
    """A managed node group: EC2 instances of one kind, replaced by EKS on an upgrade."""

    instance_types: Annotated[
        Many[Annotated[str, Check(EKS26, lambda name: not name.startswith("ml."))]],
        Check(EKS27, lambda names: 0 < len(names) == len(set(names)) <= 20),
        Aws("eks:CreateNodegroupRequest.instanceTypes"),
    ]
    """The EC2 instance types, in the order of preference: one, or several alike for Spot."""

    max_size: Annotated[int, Between(EKS30, 1, 450), Aws("eks:NodegroupScalingConfig.maxSize")]
    """The most nodes."""

    min_size: Annotated[NodeCount, Aws("eks:NodegroupScalingConfig.minSize")] = 1
    """The fewest nodes. Default: 1."""

    desired_size: Annotated[NodeCount, Aws("eks:NodegroupScalingConfig.desiredSize")] | None = None
    """How many nodes there are, or are at first where an autoscaler decides afterwards.
    Default: `min_size`."""

    capacity_type: Annotated[
        Literal["ON_DEMAND", "SPOT"], Aws("eks:CreateNodegroupRequest.capacityType")
    ] = "ON_DEMAND"
    """How the instances are bought. Default: on demand."""

    reservation: (
        Annotated[CapacityReservation | CapacityBlock | ReservationGroup, OneOf()] | None
    ) = None
    """Where its instances are kept for it. Default: none, EC2 has them or has not."""

    ami_type: (
        Annotated[str, Known(EKS6, lambda: AMI_TYPES), Aws("eks:CreateNodegroupRequest.amiType")]
        | None
    ) = None
    """The nodes' AMI. Default: Amazon Linux 2023 for the instance types' processor, with
    the NVIDIA or Neuron driver where they have such devices."""

    disk_size_gib: Annotated[
        int, Between(EKS29, 20, 16_384), Aws("ec2:LaunchTemplateEbsBlockDeviceRequest.VolumeSize")
    ] = 50
    """The size of each node's encrypted gp3 volume in GiB, which holds images and models.
    Default: 50."""

    labels: Annotated[
        dict[NodeKey, Annotated[LabelValue, Check(EKS37, bool)]],
        Aws("eks:CreateNodegroupRequest.labels"),
    ] = {}
    """More labels on each node. Each has `inferform/node-group` with the group's name."""

    taints: Many[Taint] | None = None
    """Taints on each node. Default: none, or `nvidia.com/gpu` where the nodes have GPUs."""

    launch: NodeLaunch = NodeLaunch()
    """How nodes start: an AMI of your own, settings, a script or a launch template of your own.
    Default: by EKS's AMI and Inferform's launch template."""

    max_unavailable_percentage: Annotated[
        int, Between(EKS12, 1, 100), Aws("eks:NodegroupUpdateConfig.maxUnavailablePercentage")
    ] = 33
    """The share of nodes that an upgrade replaces at once. Default: a third."""

    def names(self, place: Place) -> Iterator[Name]:
        """Its own without the suffix, and of its launch template."""
        context = place.environment.context
        yield Name("aws_eks_node_group", self.name_in(context, place.name))
        if self.launch.template is None:
            yield Name("aws_launch_template", node_template(context, place.name))

    def name_in(self, context: Context, group: str, suffix: str = "") -> str:
        """The name of the node group, which changes with what EKS cannot change in place, so
        that the new group is there before the old one goes."""
        base = context.name(group, limit=63 - HASHES)
        content = {**self.fixed, "overrides": self.overridden("group")}
        return content_name(base, "aws_eks_node_group", content, suffix)

    def uses(self, place: Place) -> Iterator[Usage]:
        """The nodes, as the first of the instance types, with their volumes."""
        nodes = between(self.min_size, self.max_size)
        key = "ec2-spot" if self.capacity_type == "SPOT" else price_key(self.reservation)
        paid = paid_for(self.reservation, nodes)
        yield Usage(place.name, f"{key}/{self.instance_types[0]}", paid)
        yield Usage(place.name, "ebs/gp3", nodes * self.disk_size_gib)

    def check(self) -> Iterator[Problem]:
        """The rules between sizes, instance types and AMI."""
        if not self.min_size <= self.desired <= self.max_size:
            yield EKS8.problem(minimum=self.min_size, desired=self.desired, maximum=self.max_size)
        for index, name in enumerate(self.instance_types):
            if name not in node_types():
                hint = did_you_mean(name, node_types())
                yield EKS21.problem("instance_types", index, got=name, hint=hint)
        yield from self._check_ami()
        if self.launch.template is not None and "disk_size_gib" in self.model_fields_set:
            yield EKS38.problem("disk_size_gib", got=self.disk_size_gib)
        if self.launch.template is not None and self.reservation is not None:
            yield EKS38.problem("reservation")
        for problem in fleet_problems(
            self.reservation,
            self.instance_types,
            self.max_size,
            spot=self.capacity_type == "SPOT",
        ):
            yield problem.under("reservation")
        for problem in self.launch.problems_on(self.os):
            yield problem.under("launch")
        if self.capacity_type == "SPOT" and len(self.instance_types) == 1:
            yield EKS23.problem("instance_types", got=self.instance_types[0])

    def _check_ami(self) -> Iterator[Problem]:
        archs = {architecture(name) for name in self.instance_types}
        kinds = {(has_gpu(name), has_neuron(name)) for name in self.instance_types}
        if len(archs) > 1 or len(kinds) > 1:
            reason = (
                "some are ARM and some are not"
                if len(archs) > 1
                else "some are accelerated and some are not"
            )
            yield EKS7.problem("instance_types", reason=reason, remedy="make a group of each")
        elif self.ami_type is not None and self.has_own_ami:
            yield EKS39.problem("ami_type", got=self.ami_type, other="launch's")
        elif self.ami_type is not None:
            runs = "arm64" if "_ARM_64" in self.ami_type else "x86_64"
            if archs != {runs}:
                reason = f"{self.ami_type} runs on {runs}, the instances are {archs.pop()}"
                remedy = f"leave ami_type out, or use {self._derived_ami}"
                yield EKS7.problem("ami_type", reason=reason, remedy=remedy)
            elif not self._has_driver(self.ami_type):
                types = ", ".join(self.instance_types)
                yield EKS24.problem("ami_type", types=types, better=self._derived_ami)

    def _has_driver(self, ami_type: str) -> bool:
        name = self.instance_types[0]
        if has_gpu(name):
            return "NVIDIA" in ami_type
        return "NEURON" in ami_type or not has_neuron(name)

    @property
    def _derived_ami(self) -> str:
        name = self.instance_types[0]
        processor = "ARM_64" if architecture(name) == "arm64" else "x86_64"
        if has_gpu(name):
            return f"AL2023_{processor}_NVIDIA"
        return f"AL2023_{processor}_{'NEURON' if has_neuron(name) else 'STANDARD'}"

    @property
    def ami(self) -> str:
        """The AMI type: what was given, or what the instance types need; CUSTOM for one's own."""
        return "CUSTOM" if self.has_own_ami else self.ami_type or self._derived_ami

    @property
    def has_own_ami(self) -> bool:
        """Whether the AMI is not one that EKS chooses."""
        template = self.launch.template
        return self.launch.has_own_ami or (template is not None and template.has_ami)

    @property
    def os(self) -> Os:
        """The nodes' operating system."""
        if self.has_own_ami:
            return self.launch.os or "AL2023"
        return "BOTTLEROCKET" if self.ami.startswith("BOTTLEROCKET") else "AL2023"

    @property
    def asked_types(self) -> tuple[str, ...]:
        """The instance types that EKS is asked for: none where the launch template names one."""
        template = self.launch.template
        in_template = self.is_block or (template is not None and template.has_instance_type)
        return () if in_template else tuple(self.instance_types)

    @property
    def is_block(self) -> bool:
        """Whether its instances are of a Capacity Block, whose type EKS wants in the template."""
        return isinstance(self.reservation, CapacityBlock)

    @property
    def fixed(self) -> Content:
        """What EKS cannot change in place."""
        return {
            "instance_types": list(self.asked_types),
            "ami_type": self.ami,
            "capacity_type": self.bought,
            "zone": zone_of(self.reservation),
        }

    @property
    def bought(self) -> str:
        """How EKS is told that the instances are bought."""
        return "CAPACITY_BLOCK" if self.is_block else self.capacity_type

    @property
    def desired(self) -> int:
        """How many nodes the group starts with."""
        return self.min_size if self.desired_size is None else self.desired_size

    @property
    def gpu(self) -> bool:
        """Whether the group's nodes have NVIDIA GPUs."""
        return has_gpu(self.instance_types[0])

    @property
    def all_taints(self) -> tuple[Taint, ...]:
        """The taints: what was given, or the one that keeps other pods off GPU nodes."""
        if self.taints is not None:
            return tuple(self.taints)
        return (Taint(key=GPU_TAINT_KEY, value="true"),) if self.gpu else ()


class NodePool(Spec):
    """What Karpenter may start for pods that find no node: instances, how many, and what is on them."""

    instance_families: Annotated[Many[str], Check(EKS43, _is_families, _expects_families)] = ()
    """Instance families, such as `m7i`. Default: any, or those of `instance_types`."""

    instance_types: Annotated[
        Many[Annotated[str, Check(EKS26, lambda name: not name.startswith("ml."))]],
        Check(EKS43, lambda names: len(names) == len(set(names)), _expects_once),
    ] = ()
    """Instance types, such as `m7i.2xlarge`. Default: every one of the families."""

    architectures: Annotated[
        Many[Literal["amd64", "arm64"]],
        Check(EKS43, lambda names: 0 < len(names) == len(set(names)), _expects_once),
    ] = ("amd64",)
    """Processors that the images are built for. Default: amd64."""

    capacity_types: Annotated[
        Many[Literal["on-demand", "spot", "reserved"]],
        Check(EKS43, lambda names: 0 < len(names) == len(set(names)), _expects_once),
    ] = ("on-demand",)
    """How instances may be bought; reserved are capacity reservations. Default: on demand."""

    zones: Annotated[
        Many[Annotated[str, Check(EKS43, _is_zone, _expects_zone)]],
        Check(EKS43, lambda names: len(names) == len(set(names)), _expects_once),
    ] = ()
    """Availability zones by name. Default: all of the cluster's."""

    max_vcpu: Annotated[int, Check(EKS43, lambda value: value > 0, _expects_more)]
    """The most vCPUs at once."""

    max_gpus: Annotated[int, Check(EKS43, lambda value: value >= 0, _expects_more)] | None = None
    """The most GPUs at once. Default: no limit beside `max_vcpu`."""

    labels: dict[NodeKey, LabelValue] = {}
    """Labels of its nodes. Default: none."""

    taints: Many[Taint] | None = None
    """Taints of its nodes. Default: none, or `nvidia.com/gpu` where its instances have GPUs."""

    disk_size_gib: Annotated[int, Between(EKS29, 20, 16_384)] | None = None
    """The size of each node's volume in GiB, which holds images and models. Default: Karpenter's,
    80 GiB on Auto Mode."""

    consolidation: Literal["WhenEmpty", "WhenEmptyOrUnderutilized"] = "WhenEmptyOrUnderutilized"
    """When nodes go: empty, or also where their pods fit elsewhere. Default: both."""

    consolidate_after_minutes: Annotated[
        int, Check(EKS43, lambda value: 0 <= value <= 10_080, _expects_minutes)
    ] = 5
    """Minutes that such a node stays. Default: 5."""

    expire_after_hours: Annotated[int, Check(EKS43, lambda value: value > 0, _expects_more)] = 336
    """Hours after which a node is replaced; at most 504 on Auto Mode. Default: 336."""

    weight: (
        Annotated[int, Check(EKS43, lambda value: 1 <= value <= 100, _expects_weight)] | None
    ) = None
    """Which pool is tried first: the one with the highest. Default: none, the last."""

    def check(self) -> Iterator[Problem]:
        """All of its instances have the processors, and all or none have GPUs."""
        known = {name.partition(".")[0] for name in node_types()}
        for index, name in enumerate(self.instance_families):
            if name not in known:
                hint = did_you_mean(name, sorted(known))
                yield EKS21.problem("instance_families", index, got=name, hint=hint)
        if len({has_gpu(name) for name in self.instances}) > 1:
            reason = "some have GPUs and some have not"
            yield EKS7.problem("instance_families", reason=reason, remedy="make a pool of each")
        built = {_ARCHITECTURES[architecture(name)] for name in self.instances}
        missing = sorted(set(self.architectures) - built) if built else []
        if missing:
            reason = f"no instance has {one_of(missing)}"
            remedy = f"write architectures={sorted(built)}"
            yield EKS7.problem("architectures", reason=reason, remedy=remedy)

    @property
    def instances(self) -> tuple[str, ...]:
        """Instance types that stand for what it may start; empty for any."""
        return (*self.instance_types, *(f"{name}.xlarge" for name in self.instance_families))

    @property
    def gpu(self) -> bool:
        """Whether its nodes have NVIDIA GPUs."""
        return bool(self.instances) and has_gpu(self.instances[0])

    @property
    def all_taints(self) -> tuple[Taint, ...]:
        """The taints: what was given, or the one that keeps other pods off GPU nodes."""
        if self.taints is not None:
            return tuple(self.taints)
        return (Taint(key=GPU_TAINT_KEY, value="true"),) if self.gpu else ()


class Karpenter(Spec):
    """Karpenter in the cluster, which somebody else installs with its role and queue."""

    pools: Annotated[
        dict[ShortName, NodePool],
        Check(EKS43, bool, lambda _: {"expected": "one node pool at least"}),
    ]
    """Its node pools, by short name."""

    ami: Annotated[str, Check(EKS43, _is_alias, _expects_alias)] = "al2023@latest"
    """The alias of EKS's AMI for its nodes; a version such as `al2023@v20261101` keeps them until it
    is changed. Default: al2023@latest."""


class GpuNodePool(Spec):
    """A node pool of Auto Mode for GPU pods, as the built-in pools have no GPUs."""

    instance_families: Annotated[
        Many[Literal["g4dn", "g5", "g5g", "g6", "g6e", "gr6", "p3", "p4d", "p4de", "p5"]],
        Check(EKS27, lambda names: 0 < len(names) == len(set(names)) <= 20),
    ]
    """The instance families that it may start."""

    capacity_types: Annotated[
        Many[Literal["on-demand", "spot"]],
        Check(EKS27, lambda names: 0 < len(names) == len(set(names))),
    ] = ("on-demand",)
    """How instances may be bought. Default: on demand."""

    max_gpus: Annotated[int, Between(EKS30, 1, 450)] = 8
    """The most GPUs at once. Default: 8."""


class AutoMode(Spec):
    """EKS Auto Mode: AWS starts and replaces nodes as pods need them, and brings networking,
    DNS, storage, load balancing and pod identity."""

    node_pools: Annotated[
        Many[Literal["general-purpose", "system"]],
        Check(EKS27, lambda names: len(names) == len(set(names))),
        Aws("eks:ComputeConfigRequest.nodePools"),
    ] = ("general-purpose", "system")
    """The built-in node pools. Default: both."""

    gpu_pool: GpuNodePool | None = None
    """A node pool of GPU instances. Default: none, and without `pools` GPU pods find no node."""

    pools: dict[ShortName, NodePool] = {}
    """Node pools of your own beside those, by short name. Default: none."""

    groups: dict[ShortName, NodeGroup] = {}
    """Managed node groups beside Auto Mode, by short name, with the add-ons that their nodes need:
    for AMIs of your own, or capacity that Auto Mode does not start. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Something runs pods."""
        if not self.node_pools:
            reason = "has no built-in node pool, so that add-ons find no node"
            yield EKS14.problem("node_pools", reason=reason, remedy="keep one of them at least")
        for name, pool in self.pools.items():
            if name in ("general-purpose", "system"):
                yield EKS44.problem("pools", name, whose="a built-in node pool")
            if name == "gpu" and self.gpu_pool is not None:
                yield EKS44.problem("pools", name, whose="gpu_pool's")
            if pool.expire_after_hours > 504:
                expected = "at most 504 hours on Auto Mode"
                yield EKS43.problem(
                    *("pools", name, "expire_after_hours"),
                    got=pool.expire_after_hours,
                    expected=expected,
                )


class NodeGroups(Spec):
    """Managed node groups."""

    groups: Annotated[
        dict[ShortName, NodeGroup],
        Check(EKS14, bool, lambda _: {"reason": "has no group", "remedy": "add one"}),
    ]
    """The groups by short name."""

    cluster_autoscaler: bool = False
    """Whether the Kubernetes Cluster Autoscaler sets each group's size: it gets its role, and
    Terraform leaves `desired_size` alone. Default: groups have the size that is written."""

    karpenter: Karpenter | None = None
    """Node pools of Karpenter, where somebody installed it. Default: none."""

    load_balancer_controller: bool = False
    """Whether the AWS Load Balancer Controller gets its role, for the service account
    `kube-system/aws-load-balancer-controller`. EKS offers it as no add-on: install it with its
    Helm chart. Default: False."""


class FargateProfile(Spec):
    """A Fargate profile: pods of some namespaces run without nodes, one by one."""

    namespaces: Annotated[
        Many[Namespace], Check(EKS32, _namespaces_fit), Aws("eks:FargateProfileSelector.namespace")
    ] = ("inference",)
    """The namespaces whose pods run on Fargate, beside `kube-system`, which holds DNS. Without
    it, `inference`."""

    @property
    def selected(self) -> tuple[str, ...]:
        """Every namespace of the profile."""
        return tuple(sorted({"kube-system", *self.namespaces}))


class Addon(Spec):
    """An add-on and its version."""

    version: (
        Annotated[
            str,
            Check(
                EKS28,
                lambda v: bool(re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", v)),
                lambda _: {"remedy": ""},
            ),
            Aws("eks:CreateAddonRequest.addonVersion"),
        ]
        | None
    ) = None
    """The version, such as `v1.35.0-eksbuild.2`. Default: the default that EKS names for
    the cluster's Kubernetes version, so that an upgrade of the cluster takes it along."""

    configuration: Annotated[dict[str, Any], Check(EKS36, is_json)] = {}
    """The add-on's own settings. Default: Inferform's."""


class AccessEntry(Spec):
    """Who may do what in the cluster, by IAM principal."""

    principal: Annotated[
        str,
        arn_of("iam", "arn:aws:iam::111122223333:role/ml-engineers", r"(role|user)/.+"),
        Aws("eks:CreateAccessEntryRequest.principalArn"),
    ]
    """The ARN of the IAM role or user."""

    policy: AccessPolicy | None = None
    """EKS's access policy. Default: only `kubernetes_groups` give rights."""

    namespaces: Annotated[Many[Namespace], Aws("eks:AccessScope.namespaces")] = ()
    """The namespaces in which `policy` holds. Default: the whole cluster."""

    kubernetes_groups: Annotated[
        Many[str], Aws("eks:CreateAccessEntryRequest.kubernetesGroups")
    ] = ()
    """Groups for the cluster's own role bindings. Default: none."""

    type: Annotated[EntryType, Aws("eks:CreateAccessEntryRequest.type")] = "STANDARD"
    """The kind of principal. Default: STANDARD: people and pipelines."""

    def check(self) -> Iterator[Problem]:
        """Only people and pipelines have groups and policies."""
        for field in ("kubernetes_groups", "policy"):
            if self.type != "STANDARD" and getattr(self, field):
                yield EKS16.problem(field, got=getattr(self, field), type=self.type)


OBSERVABILITY = "amazon-cloudwatch-observability"
"""The add-on of CloudWatch's agent."""

AGENT = "cloudwatch-agent"
"""CloudWatch's agent, in the name of its role and of its service account."""

GROUP_NODE = "group-node"
"""The nodes of groups beside Auto Mode, in the name of their role."""

AUTOSCALER = "cluster-autoscaler"
"""The Cluster Autoscaler, likewise."""

EBS_DRIVER = "aws-ebs-csi-driver"
"""The add-on that mounts EBS volumes."""

EFS_DRIVER = "aws-efs-csi-driver"
"""The add-on that mounts EFS file systems."""

S3_DRIVER = "aws-mountpoint-s3-csi-driver"
"""The add-on that mounts buckets. It needs no role: each service's pods have theirs."""

BALANCER = "aws-load-balancer-controller"
"""The controller of load balancers, in the name of its role and of its service account."""


@dataclass(frozen=True, slots=True)
class AddonRole:
    """The role of an add-on's pods."""

    does: str
    """What stands for it in the role's name."""

    namespace: str
    service_account: str
    managed_policy: str
    """AWS's own policy for it, by its path and name."""


ADDON_ROLES: Mapping[str, AddonRole] = {
    OBSERVABILITY: AddonRole(AGENT, "amazon-cloudwatch", AGENT, "CloudWatchAgentServerPolicy"),
    EBS_DRIVER: AddonRole(
        "ebs-driver",
        "kube-system",
        "ebs-csi-controller-sa",
        "AmazonEBSCSIDriverPolicyV2",
    ),
    EFS_DRIVER: AddonRole(
        "efs-driver",
        "kube-system",
        "efs-csi-controller-sa",
        "service-role/AmazonEFSCSIDriverPolicy",
    ),
}
"""The add-ons whose pods call AWS. Source: Amazon EKS user guide, AWS add-ons."""


class EksCluster(Overridable, Billed, Named, Reaching):
    """An EKS cluster: private, encrypted by the environment's key, logged, with access entries."""

    version: Annotated[str, Matches(EKS1, r"1\.\d{2}"), Aws("eks:CreateClusterRequest.version")]
    """The Kubernetes version, `1.35`. Raise it by one minor at a time."""

    compute: Annotated[AutoMode | NodeGroups | FargateProfile, OneOf()] = AutoMode()
    """What pods run on. Default: EKS Auto Mode."""

    private_access: bool = True
    """Whether the VPC reaches the API without leaving it. Default: True."""

    public_access_cidrs: Annotated[Cidrs, Aws("eks:VpcConfigRequest.publicAccessCidrs")] = ()
    """Networks on the internet that reach the API. Default: none: deploy the services from
    inside the VPC."""

    access: dict[ShortName, AccessEntry] = {}
    """Who else may use the cluster, by a short name. Default: only the role that deploys."""

    addons: dict[Annotated[AddonName, Aws("eks:CreateAddonRequest.addonName")], Addon] = {}
    """Add-ons beside those that the compute needs, or other versions of those."""

    control_plane_logs: Annotated[Many[LogType], Aws("eks:LogSetup.types")] = (
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    )
    """The control plane's logs that are kept. Default: all."""

    log_retention_days: RetentionDays = 30
    """Days that they are kept. Default: 30."""

    support_type: Annotated[
        Literal["STANDARD", "EXTENDED"], Aws("eks:UpgradePolicyRequest.supportType")
    ] = "STANDARD"
    """What happens when standard support of `version` ends: EKS upgrades the cluster (STANDARD),
    or it stays for a higher price (EXTENDED). Default: STANDARD."""

    def check(self) -> Iterator[Problem]:
        """The rules between version, compute, access and add-ons."""
        if not self.private_access and not self.public_access_cidrs:
            yield EKS5.problem()
        if "0.0.0.0/0" in self.public_access_cidrs:
            yield EKS22.problem("public_access_cidrs", got="0.0.0.0/0")
        yield from self._check_version()
        owners: dict[str, str] = {}
        for name, entry in self.access.items():
            other = owners.setdefault(entry.principal, name)
            if other != name:
                yield EKS34.problem("access", name, got=entry.principal, other=other)
        for name, addon in self.addons.items():
            reason = self._refusal(name)
            if reason:
                yield EKS25.problem("addons", name, reason=reason)
            if name == "kube-proxy" and addon.version and self._newer(addon.version):
                remedy = f"; kube-proxy must not be newer than the cluster's {self.version}"
                yield EKS28.problem("addons", name, "version", got=addon.version, remedy=remedy)

    def _check_version(self) -> Iterator[Problem]:
        if isinstance(self.compute, AutoMode) and minor(self.version) < 29:
            reason = f"Auto Mode needs Kubernetes 1.29 or newer, version is {self.version}"
            yield EKS14.problem("compute", reason=reason, remedy="raise version or use NodeGroups")
        known, read = versions().get(self.version), versions_read()
        if known is None:
            table = ", ".join(versions())
            yield EKS20.problem("version", got=self.version, read=read, known=table)
        elif (support := known.support(read)) != "standard":
            by_itself = support == "extended" and self.support_type == "STANDARD"
            yield EKS2.problem(
                "version",
                got=self.version,
                read=read,
                state="was in extended support, at a higher price for each hour,"
                if support == "extended"
                else "was not supported any more",
                better=one_of(in_support("standard")),
                policy=", or set support_type='EXTENDED', as EKS upgrades it by itself otherwise"
                if by_itself
                else "",
            )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The environment's own roles have entries; production survives the loss of a node."""
        for name, entry in self.access.items():
            if entry.principal in (context.deploy_role_arn, context.plan_role_arn):
                own = "which Inferform makes for the environment's own roles"
                yield EKS34.problem("access", name, got=entry.principal, other=own)
        if not context.protected or not isinstance(self.compute, NodeGroups):
            return
        groups = self.compute.groups.values()
        if sum(group.min_size for group in groups) < 2:
            remedy = "two survive the loss of one"
            yield EKS33.problem("compute", reason="has fewer than two nodes", remedy=remedy)
        if all(group.capacity_type == "SPOT" for group in groups):
            remedy = "add a group on demand for what must stay up"
            yield EKS33.problem("compute", reason="has Spot nodes only", remedy=remedy)

    def _refusal(self, addon: str) -> str | None:
        if isinstance(self.compute, AutoMode) and not self.groups and addon in _BY_AUTO_MODE:
            return "is part of EKS Auto Mode already"
        if isinstance(self.compute, FargateProfile) and addon in _DAEMON_SETS:
            return "runs a pod on every node, which Fargate does not have"
        return None

    unreached = EKS35

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its log, API, roles and Fargate profile."""
        context, compute = place.environment.context, self.compute
        yield Name("aws_eks_cluster", cluster_name(context))
        yield Name("aws_cloudwatch_log_group", control_plane_log(context))
        yield Name("aws_security_group", api_group(context))
        roles = ["cluster", "fargate" if isinstance(compute, FargateProfile) else "node"]
        if isinstance(compute, AutoMode) and compute.groups:
            roles.append(GROUP_NODE)
        roles += [ADDON_ROLES[name].does for name in self.addons if name in ADDON_ROLES]
        if isinstance(compute, NodeGroups) and compute.cluster_autoscaler:
            roles.append(AUTOSCALER)
        if isinstance(compute, NodeGroups) and compute.load_balancer_controller:
            roles.append(BALANCER)
        for does in roles:
            yield Name("aws_iam_role", own_role(context, does))
        if isinstance(compute, FargateProfile):
            yield Name("aws_eks_fargate_profile", fargate_profile(context))

    def needs(self, place: Place) -> Needs:
        """What nodes and add-ons call; Amazon EKS user guide, private clusters."""
        needed = {"ecr.api", "ecr.dkr", "sts"}
        if isinstance(self.compute, FargateProfile):
            return Needs(frozenset((*needed, "logs")), s3=True)
        needed |= {"ec2", "eks", "eks-auth"}
        if isinstance(self.compute, NodeGroups) and self.compute.cluster_autoscaler:
            needed.add("autoscaling")
        if OBSERVABILITY in self.addons:
            needed |= {"logs", "monitoring"}
        if isinstance(self.compute, NodeGroups) and self.compute.load_balancer_controller:
            needed.add("elasticloadbalancing")
        extra = {"elasticfilesystem"} if EFS_DRIVER in self.addons else ()
        return Needs(frozenset(needed), conveniences=frozenset(extra), s3=True)

    def uses(self, place: Place) -> Iterator[Usage]:
        """The control plane, and what EKS itself starts, whose amount is not known.

        Its support is that of the day on which the table of versions was read.
        """
        extended = self.version in in_support("extended") and self.support_type == "EXTENDED"
        yield Usage("eks", "eks/cluster-extended" if extended else "eks/cluster", exactly(1))
        if isinstance(self.compute, FargateProfile):
            yield by_use("eks", "eks/fargate-pods")
        elif isinstance(self.compute, AutoMode):
            yield by_use("eks", "eks/auto-mode-nodes")
        elif self.compute.karpenter is not None:
            yield by_use("eks", "eks/karpenter-nodes")

    @property
    def lacks_device_plugin(self) -> bool:
        """Whether its GPU nodes need NVIDIA's device plugin as a Kubernetes object."""
        return any(
            # Bottlerocket's AMI for NVIDIA has the plugin inside, Amazon Linux's has not.
            group.gpu and group.os == "AL2023"
            for group in self.groups.values()
        )

    @property
    def pools(self) -> Mapping[str, NodePool]:
        """Its node pools, but for those of Auto Mode itself and its `gpu_pool`."""
        if isinstance(self.compute, AutoMode):
            return self.compute.pools
        found = self.compute.karpenter if isinstance(self.compute, NodeGroups) else None
        return found.pools if found else {}

    @property
    def groups(self) -> Mapping[str, NodeGroup]:
        """Its managed node groups."""
        return {} if isinstance(self.compute, FargateProfile) else self.compute.groups

    def _newer(self, addon_version: str) -> bool:
        return minor(addon_version.rpartition(".")[0].rpartition(".")[0]) > minor(self.version)

    @property
    def installed_addons(self) -> dict[str, Addon]:
        """Every add-on that is installed: what the compute needs, and what is asked for."""
        if isinstance(self.compute, AutoMode) and not self.groups:
            names = ["metrics-server"]
        elif isinstance(self.compute, FargateProfile):
            names = ["coredns", "metrics-server"]
        else:
            names = ["coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"]
        asked = {str(name): addon for name, addon in self.addons.items()}
        return dict(sorted({**{name: Addon() for name in names}, **asked}.items()))


_BY_AUTO_MODE = frozenset(
    (
        *("aws-ebs-csi-driver", "coredns", "eks-node-monitoring-agent"),
        *("eks-pod-identity-agent", "kube-proxy", "vpc-cni"),
    )
)
_DAEMON_SETS = frozenset(
    (
        *("amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver"),
        *("aws-mountpoint-s3-csi-driver", "eks-node-monitoring-agent", "eks-pod-identity-agent"),
        *("kube-proxy", "vpc-cni"),
    )
)
