"""EC2 instances under ECS tasks and EKS pods: launch templates, disks, quotas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inferform.ec2 import ec2_facts

from ..aws import Aws
from ..plan import Change, Side, dig
from . import weaker
from .capacity import targeted
from .finding import filters, given, pairs
from .prices import products
from .reasons import resource
from .record import Existing, Quota, Values


def disk(templates: Iterable[Change], side: Side) -> float:
    """The size of the volume that instances are launched with, in GiB."""
    for template in templates:
        size = dig(template.at(side), "block_device_mappings", "ebs", "volume_size")
        if isinstance(size, int):
            return size
    return 0


# AWS grants vCPUs by the family of an instance type (EC2 user guide, "Amazon EC2 instance type
# quotas"): the name of the on-demand quota and of that for Spot.
_STANDARD = (
    "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
)
_FAMILIES = {
    "g": ("Running On-Demand G and VT instances", "All G and VT Spot Instance Requests"),
    "vt": ("Running On-Demand G and VT instances", "All G and VT Spot Instance Requests"),
    "p": ("Running On-Demand P instances", "All P4, P3 and P2 Spot Instance Requests"),
    "p5": ("Running On-Demand P instances", "All P5 Spot Instance Requests"),
    "inf": ("Running On-Demand Inf instances", "All Inf Spot Instance Requests"),
    "trn": ("Running On-Demand Trn instances", "All Trn Spot Instance Requests"),
    "dl": ("Running On-Demand DL instances", "All DL Spot Instance Requests"),
    "f": ("Running On-Demand F instances", "All F Spot Instance Requests"),
    "x": ("Running On-Demand X instances", "All X Spot Instance Requests"),
}


def ec2_quota(types: Iterable[str], count: int, *, spot: bool) -> Iterator[Quota]:
    """The vCPUs of `count` instances of some types, by the quota of each type's family.

    EC2 may take any of them, so that each family counts as its largest. Types whose vCPUs or whose
    family are not known count against none.
    """
    needed: dict[str, int] = {}
    for kind in types:
        quota, facts = _quota_of(kind, spot=spot), ec2_facts().get(kind)
        if quota and facts:
            needed[quota] = max(needed.get(quota, 0), int(facts[0]) * count)
    for name, vcpus in sorted(needed.items()):
        yield Quota("ec2", name, vcpus, doubled=False)


def _quota_of(kind: str, *, spot: bool) -> str:
    family = kind.partition(".")[0]
    letters = family[: next((n for n, c in enumerate(family) if not c.isalpha()), len(family))]
    if letters in ("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"):
        return _STANDARD[spot]
    names = _FAMILIES.get(family[: len(letters) + 1]) or _FAMILIES.get(letters)
    return names[spot] if names else ""


def template_tags(aws: Aws, identity: str | None) -> dict[str, str]:
    """The tags of a launch template."""
    if not identity:
        return {}
    found = aws.client("ec2").describe_launch_templates(LaunchTemplateIds=[identity])
    return pairs(found["LaunchTemplates"][0].get("Tags", []))


def _launch_template(aws: Aws, values: Values) -> Iterator[Existing]:
    wanted = filters({"launch-template-name": given(values, "name")})
    found = aws.client("ec2").describe_launch_templates(Filters=wanted)
    for template in found["LaunchTemplates"]:
        yield Existing(template["LaunchTemplateId"], pairs(template.get("Tags", [])))


KINDS = (
    resource(
        "aws_launch_template",
        "launch template",
        _launch_template,
        name="name",
        preflight=targeted,
        risks=weaker.LAUNCH_TEMPLATE,
    ),
)

PRICES = (
    products(
        "AmazonEC2",
        r"BoxUsage:(.+)",
        lambda match, _: f"ec2/{match[1]}",
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
        operation="RunInstances",
    ),
    products(
        "AmazonEC2", r"EBS:VolumeUsage\.gp3", "ebs/gp3", unit="month", productFamily="Storage"
    ),
)
UNLISTED_PRICES = {
    r"ec2-spot/.+": "EC2 Spot prices change with demand and are not in the Price List; see "
    "DescribeSpotPriceHistory",
}
