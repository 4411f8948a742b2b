"""Refreshing the price table through the AWS Price List API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OperatorError
from .prices import TABLE

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient
    from mypy_boto3_pricing.type_defs import FilterTypeDef

HOME = "us-east-1"
"""Where the Price List API answers for every Region."""

# TS- is no Region's: it marks what a load balancer's trust stores cost.
_PREFIX = re.compile(r"^(?!TS-)[A-Z]{2,4}\d?-|^[a-z]{2}(?:-[a-z]+)+-\d-")
_UNITS = {"hrs": "hour", "hours": "hour", "gb-mo": "month", "keys": "month", "key": "month"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Products of one service, and the price key of each; a usage type has no Region's prefix."""

    service: str
    filters: dict[str, str]
    usage_type: re.Pattern[str]
    key: Callable[[re.Match[str], dict[str, str]], str]
    unit: str = "hour"


def _wanted(
    service: str,
    usage_type: str,
    key: str | Callable[[re.Match[str], dict[str, str]], str],
    *,
    unit: str = "hour",
    **filters: str,
) -> Wanted:
    fixed = key if callable(key) else lambda _match, _attributes, text=key: text
    return Wanted(service, filters, re.compile(usage_type), fixed, unit)


WANTED = (
    _wanted(
        "AmazonSageMaker",
        r"Host:(ml\..+)",
        lambda match, _: f"sagemaker/hosting/{match[1]}",
        productFamily="ML Instance",
        component="Hosting",
    ),
    _wanted("AmazonSageMaker", r"Host:VolumeUsage\.gp2", "sagemaker/storage", unit="month"),
    _wanted(
        "AmazonSageMaker",
        r"Tsform:(ml\..+)",
        lambda match, _: f"sagemaker/transform/{match[1]}",
        productFamily="ML Instance",
    ),
    _wanted(
        "AmazonEC2",
        r"BoxUsage:(.+)",
        lambda match, _: f"ec2/{match[1]}",
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
        operation="RunInstances",
    ),
    _wanted("AmazonEC2", r"EBS:VolumeUsage\.gp3", "ebs/gp3", unit="month", productFamily="Storage"),
    _wanted("AmazonEC2", r"NatGateway-Hours", "vpc/nat-gateway", productFamily="NAT Gateway"),
    _wanted("AmazonVPC", r"VpcEndpoint-Hours", "vpc/interface-endpoint"),
    _wanted(
        "AWSELB",
        r"LoadBalancerUsage",
        "elb/application",
        productFamily="Load Balancer-Application",
    ),
    _wanted("AWSELB", r"LoadBalancerUsage", "elb/network", productFamily="Load Balancer-Network"),
    _wanted("AmazonECS", r"Fargate-vCPU-Hours:perCPU", "fargate/x86_64/vcpu"),
    _wanted("AmazonECS", r"Fargate-GB-Hours", "fargate/x86_64/gib"),
    _wanted("AmazonECS", r"Fargate-ARM-vCPU-Hours:perCPU", "fargate/arm64/vcpu"),
    _wanted("AmazonECS", r"Fargate-ARM-GB-Hours", "fargate/arm64/gib"),
    _wanted("AmazonECS", r"SpotUsage-Fargate-vCPU-Hours:perCPU", "fargate-spot/x86_64/vcpu"),
    _wanted("AmazonECS", r"SpotUsage-Fargate-GB-Hours", "fargate-spot/x86_64/gib"),
    _wanted("AmazonECS", r"SpotUsage-Fargate-ARM-vCPU-Hours:perCPU", "fargate-spot/arm64/vcpu"),
    _wanted("AmazonECS", r"SpotUsage-Fargate-ARM-GB-Hours", "fargate-spot/arm64/gib"),
    _wanted("awskms", r"KMS-Keys", "kms/key", unit="month"),
    _wanted("AmazonEKS", r"AmazonEKS-Hours:perCluster", "eks/cluster"),
    _wanted("AmazonEKS", r"AmazonEKS-Hours:extendedSupport", "eks/cluster-extended"),
)

UNLISTED = {
    r"ec2-spot/.+": "EC2 Spot prices change with demand and are not in the Price List; see "
    "DescribeSpotPriceHistory",
    r"sagemaker/serverless/\d+": "serverless inference is billed by use",
    r"sagemaker/provisioned-concurrency/\d+": "provisioned concurrency is priced by the second "
    "on aws.amazon.com/sagemaker/pricing; write its price into the table by hand",
    r"eks/auto-mode-nodes": "EKS Auto Mode chooses the nodes, so their number and type are not known",
    r"eks/fargate-pods": "the number of the cluster's own pods on Fargate is not known",
    r"eks/pods": "pods on a cluster that another environment makes run on nodes not known here",
}
"""Price keys that the refresh does not fetch, as patterns, each with the reason."""


def unlisted(key: str) -> str | None:
    """Why the refresh does not fetch the price of a key; None where it may."""
    return next((why for pattern, why in UNLISTED.items() if re.fullmatch(pattern, key)), None)


@dataclass(slots=True)
class Updated:
    """What an update found."""

    regions: dict[str, int] = field(default_factory=dict)
    """How many prices each Region got."""

    kept: int = 0
    """Older prices of those Regions that the Price List did not answer."""

    ambiguous: list[str] = field(default_factory=list)
    """Keys that had two prices, and so were left as they were."""


def update(
    client: PricingClient,
    regions: Sequence[str],
    *,
    table: Path = TABLE,
    follow: Callable[[str, str], None] = lambda _region, _service: None,
) -> Updated:
    """Fetch the prices of `regions` and rewrite the table. Raises OperatorError without any."""
    content: dict[str, Any] = json.loads(table.read_text("utf-8"))
    done = Updated()
    for region in regions:
        found: dict[str, dict[tuple[float, str], str]] = {}
        for wanted in WANTED:
            follow(region, wanted.service)
            for key, usd, published in prices(client, wanted, region):
                source = f"price-list-{wanted.service}-{published}"
                found.setdefault(key, {}).setdefault((usd, wanted.unit), source)
                content["sources"][source] = {
                    "date": published,
                    "text": f"AWS Price List API, {wanted.service}, publication {published}",
                }
        if not found:
            raise OperatorError(
                f"the Price List API knows no price for {region}", "check the Region's name"
            )
        old = content["regions"].get(region, {})
        new = dict(old)
        for key, priced in found.items():
            if len(priced) > 1:
                done.ambiguous.append(f"{region} {key}")
                continue
            ((usd, unit), source), *_ = priced.items()
            new[key] = {"usd": usd, "unit": unit, "source": source}
        done.kept += sum(1 for key in old if key not in found)
        done.regions[region] = sum(1 for priced in found.values() if len(priced) == 1)
        content["regions"][region] = dict(sorted(new.items()))
    used = {entry["source"] for known in content["regions"].values() for entry in known.values()}
    content["sources"] = {
        name: source for name, source in sorted(content["sources"].items()) if name in used
    }
    content["regions"] = dict(sorted(content["regions"].items()))
    table.write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")
    return done


def prices(client: PricingClient, wanted: Wanted, region: str) -> Iterator[tuple[str, float, str]]:
    """The key, price and publication date of every product that is wanted."""
    filters: list[FilterTypeDef] = [
        {"Type": "TERM_MATCH", "Field": name, "Value": value}
        for name, value in {**wanted.filters, "regionCode": region}.items()
    ]
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=wanted.service, Filters=filters, FormatVersion="aws_v1"
    )
    for page in pages:
        for text in page["PriceList"]:
            parsed = parse(text, wanted)
            if parsed is not None:
                yield parsed


def parse(text: str, wanted: Wanted) -> tuple[str, float, str] | None:
    """One product of the Price List; None when it is not what is wanted, or free."""
    product = json.loads(text)
    attributes = product.get("product", {}).get("attributes", {})
    usage_type = _PREFIX.sub("", str(attributes.get("usagetype", "")))
    match = wanted.usage_type.fullmatch(usage_type)
    if match is None:
        return None
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            usd = float(dimension.get("pricePerUnit", {}).get("USD", 0))
            first = str(dimension.get("beginRange", "0")) in ("0", "")
            unit = _UNITS.get(str(dimension.get("unit", "")).lower())
            # Fargate's unit is the name of the resource: "hours" for vCPU, "GB-Hours" for memory.
            if str(dimension.get("unit", "")).lower().endswith("hours"):
                unit = "hour"
            if usd > 0 and first and unit == wanted.unit:
                published = str(product.get("publicationDate", ""))[:10]
                return wanted.key(match, attributes), usd, published
    return None
