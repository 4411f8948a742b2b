"""Refreshing the price table through the AWS Price List API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OperatorError
from ..kinds import unlisted_prices, wanted_prices
from ..kinds.prices import Wanted
from .prices import Source, file_to_update, read_blocks, written

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient
    from mypy_boto3_pricing.type_defs import FilterTypeDef

HOME = "us-east-1"
"""Where the Price List API answers for every Region."""

# TS- is no Region's: it marks what a load balancer's trust stores cost.
_PREFIX = re.compile(r"^(?!TS-)[A-Z]{2,4}\d?-|^[a-z]{2}(?:-[a-z]+)+-\d-")
_UNITS = {"hrs": "hour", "hours": "hour", "gb-mo": "month", "keys": "month", "key": "month"}


def unlisted(key: str) -> str | None:
    """Why the refresh does not fetch the price of a key; None where it may."""
    return next(
        (why for pattern, why in unlisted_prices().items() if re.fullmatch(pattern, key)), None
    )


def not_asked(region: str) -> str | None:
    """Why the Price List API has no prices of a Region; None where it may.

    Source: AWS Billing user guide, Price List endpoints: China has its own, and prices in yuan.
    """
    if region.startswith("cn-"):
        return "prices of China's Regions are in yuan, and the Price List API here has none of them"
    return None


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
    file: Callable[[str], Path] = file_to_update,
    follow: Callable[[str, str], None] = lambda _region, _service: None,
) -> Updated:
    """Fetch the prices of `regions` and write each into its file, with those that it has under other
    keys. Raises OperatorError where the Price List has none."""
    for region in regions:
        if why := not_asked(region):
            hint = "write them in USD into prices.json beside cdktf.json"
            raise OperatorError(f"{region}: {why}", hint)
    done = Updated()
    for region in regions:
        found: dict[str, dict[float, str]] = {}
        sources: dict[str, dict[str, str]] = {}
        for wanted in wanted_prices():
            follow(region, wanted.service)
            for key, usd, published in prices(client, wanted, region):
                source = f"price-list-{wanted.service}-{published}"
                found.setdefault(key, {}).setdefault(usd, source)
                sources[source] = {
                    "date": published,
                    "text": f"AWS Price List API, {wanted.service}, publication {published}",
                }
        if not found:
            raise OperatorError(
                f"the Price List API knows no price for {region}", "check the Region's name"
            )
        done.ambiguous += [f"{region} {key}" for key, usd in found.items() if len(usd) > 1]
        new = {key: next(iter(usd.items())) for key, usd in found.items() if len(usd) == 1}
        done.regions[region] = len(new)
        done.kept += _write(file(region), region, new, sources)
    return done


def _write(
    file: Path, region: str, new: dict[str, tuple[float, str]], sources: dict[str, Source]
) -> int:
    """Put the prices of a Region into a file, and return how many older ones of it are left."""
    old, regions = read_blocks(file) if file.is_file() else ({}, {})
    blocks = {
        source: {key: usd for key, usd in block.items() if key not in new}
        for source, block in regions.get(region, {}).items()
    }
    kept = sum(len(block) for block in blocks.values())
    for key, (usd, source) in new.items():
        blocks.setdefault(source, {})[key] = usd
    regions[region] = {source: block for source, block in blocks.items() if block}
    used = {source for blocks in regions.values() for source in blocks}
    known = {name: source for name, source in {**old, **sources}.items() if name in used}
    file.write_text(written(known, regions), encoding="utf-8")
    return kept


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
