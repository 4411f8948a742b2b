"""EC2 instances under ECS tasks and EKS pods: launch templates, disks, quotas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from inferform.ec2 import ec2_facts
from inferform.usage import Amount, Usage

from ..aws import Aws
from ..plan import Action, Change, Side, dig, number
from . import weaker
from .capacity import of_block, targeted
from .finding import filters, given, pairs
from .prices import products
from .reasons import resource
from .record import Existing, Quota, Values
from .untold import hidden, not_told


def sold_as(templates: Sequence[Change], side: Side) -> str:
    """How instances of launch templates are bought, as price keys begin: `ec2` for On-Demand in shared
    hardware with Linux, the one that the table has prices of."""
    market = {dig(each.at(side), "instance_market_options", "market_type") for each in templates}
    tenancy = {dig(each.at(side), "placement", "tenancy") for each in templates}
    if of_block(templates, side):
        return "ec2-block"
    if tenancy & {"dedicated", "host"}:
        return "ec2-dedicated"
    return "ec2-spot" if "spot" in market else "ec2"


_FREE_IOPS, _FREE_MIBS = 3000, 125
"""What a gp3 volume has without extra charge. Source: aws.amazon.com/ebs/pricing."""


def volume(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """What one volume uses, by price key: `values` are the arguments of a block device. One whose type
    nobody says is taken for gp3."""
    kind = str(values.get("volume_type") or "gp3")
    # Magnetic volumes are called standard.
    yield f"ebs/{kind}", number(values.get("volume_size"), 0)
    iops, throughput = number(values.get("iops"), 0), number(values.get("throughput"), 0)
    if kind in ("io1", "io2") and iops:
        yield f"ebs/{kind}-iops", iops
    if kind == "gp3" and iops > _FREE_IOPS:
        yield "ebs/gp3-iops", iops - _FREE_IOPS
    if kind == "gp3" and throughput > _FREE_MIBS:
        yield "ebs/gp3-throughput", throughput - _FREE_MIBS


def disks(templates: Iterable[Change], side: Side, name: str, instances: Amount) -> Iterator[Usage]:
    """The volumes that instances are launched with, as far as their launch templates tell them."""
    for template in templates:
        for index, device in enumerate(template.at(side).get("block_device_mappings") or ()):
            path = ("block_device_mappings", index, "ebs", 0, "volume_size")
            if hidden(template, *path, side=side):
                same = template.action in (Action.NONE, Action.FORGET)
                yield not_told(f"volumes of {name}", name, side, same=same)
                continue
            for values in device.get("ebs") or ():
                for key, each in volume(values):
                    if each:
                        yield Usage(name, key, instances * each)


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
    r"ec2-(dedicated|licensed|windows)/.+": "the table has EC2's prices of Linux on shared hardware alone; see "
    "aws.amazon.com/ec2/pricing",
    r"ebs/(gp2|gp3-.+|io[12].*|st1|sc1|standard)": "the refresh fetches gp3 alone; see "
    "aws.amazon.com/ebs/pricing",
}
