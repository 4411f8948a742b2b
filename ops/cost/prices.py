"""The price table: dated, by Region, each price with its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import BadInputError
from ..terraform import ROOT
from ..untrusted import strict_json
from .model import Amount, Estimate, Price, PricedLine, Usage, merged
from .units import DERIVED, unit_of

TABLES = Path(__file__).resolve().parent / "tables"
"""The prices that Inferform brings: one file for each Region."""

EVERYWHERE = "everywhere"
"""In place of a Region, for what costs the same in all but China and GovCloud."""

OWN = ROOT / "prices.json"
"""A project's own prices, such as those of its contract with AWS: they take the place of Inferform's
under the same key. `inferform prices update` writes it too."""

Prices = dict[str, Price]
Source = dict[str, str]
Blocks = Mapping[str, Mapping[str, Any]]

_GROUP = re.compile(r"(.+[./])([^./]+)")


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by Region and key; a Region's file is read when it is asked for."""

    folder: Path | None = TABLES
    own: Path | None = None

    def region(self, region: str) -> Prices:
        """Every price of a Region; empty where there is none. Raises BadInputError when a file is
        malformed."""
        found: Prices = {}
        own = self._file(region)
        if own is not None and own.is_file():
            # China's accounts pay in yuan, and GovCloud has prices of its own.
            everywhere = self._file(EVERYWHERE)
            if everywhere is not None and everywhere.is_file() and not _is_apart(region):
                found |= _read(everywhere)[EVERYWHERE]
            found |= _read(own).get(region, {})
        if self.own is not None and self.own.is_file():
            found |= _read(self.own).get(region, {})
        return found

    def regions(self) -> list[str]:
        """The Regions that have prices."""
        files = [] if self.folder is None else self.folder.glob("*.json")
        own = _read(self.own) if self.own is not None and self.own.is_file() else {}
        return sorted(({file.stem for file in files} | set(own)) - {EVERYWHERE})

    def price(self, region: str, key: str) -> Price | None:
        """The price of a key in a Region, or None; another Region's price is never taken."""
        return _price(self.region(region), key)

    def estimate(self, region: str, usages: Iterable[Usage]) -> Estimate:
        """What usages cost a month in a Region."""
        prices = self.region(region)
        lines = []
        for usage in merged(usages):
            found = [_price(prices, key) for key in (usage.key, *usage.alternatives)]
            price = found[0] if all(found) else None
            monthly = usage.amount * price.monthly if price and usage.amount else None
            if monthly is not None and usage.amount and usage.alternatives:
                each = [other.monthly for other in found if other]
                monthly = Amount(
                    usage.amount.minimum * min(each),
                    monthly.expected,
                    usage.amount.maximum * max(each),
                )
            lines.append(PricedLine(usage, price, monthly))
        return Estimate(tuple(lines))

    def _file(self, region: str) -> Path | None:
        # A Region's name comes from plans of others too, and is not to become a path.
        if self.folder is None or not re.fullmatch(r"[a-z0-9-]+", region):
            return None
        return self.folder / f"{region}.json"


def _is_apart(region: str) -> bool:
    return region.startswith(("cn-", "us-gov-"))


def price_table() -> PriceTable:
    """Inferform's prices, and above them the project's own."""
    return PriceTable(own=OWN)


def file_to_update(region: str) -> Path:
    """The file that an update writes: Inferform's own in a checkout of it, else the project's."""
    if TABLES.is_relative_to(ROOT) and "site-packages" not in TABLES.parts:
        return TABLES / f"{region}.json"
    return OWN


def _price(prices: Prices, key: str) -> Price | None:
    if key in prices:
        return prices[key]
    for rule in DERIVED:
        match = rule.pattern.fullmatch(key)
        base = prices.get(match.expand(rule.of)) if match else None
        if match and base:
            factor = rule.factor(match)
            return replace(
                base,
                usd=base.usd * factor,
                bounds=base.bounds and (base.bounds[0] * factor, base.bounds[1] * factor),
                unit=rule.unit or base.unit,
                source=f"{base.source}; {rule.why}",
            )
    return None


def read_blocks(file: Path) -> tuple[dict[str, Source], dict[str, dict[str, dict[str, Any]]]]:
    """The sources of a file, and the prices of each Region by source and key; a price is a number, or
    an estimate's value, lower and upper bound. Raises BadInputError when it is malformed."""
    try:
        content = strict_json(file.read_text("utf-8"))
        if unknown := sorted(set(content) - {"sources", "regions"}):
            raise ValueError(f"{', '.join(unknown)} is not known there; prices are in USD")
        sources = {str(name): dict(source) for name, source in content["sources"].items()}
        regions = {
            str(region): {source: dict(_ungrouped(block)) for source, block in blocks.items()}
            for region, blocks in content["regions"].items()
        }
        for name in {name for blocks in regions.values() for name in blocks}:
            _ = sources[name]["date"], sources[name]["text"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(
            f"{file.name} is not a price table: {error!r}",
            'write {"sources": {"contract": {"date": "2026-01-31", "text": "our agreement"}}, '
            '"regions": {"eu-west-1": {"contract": {"sagemaker/hosting/ml.m5.large": 0.11}}}}',
        ) from error
    return sources, regions


def written(sources: Mapping[str, Source], regions: Mapping[str, Blocks]) -> str:
    """The text of a price file: one line for each family of keys, such as the sizes of one instance
    family, so that a difference can be read."""
    lines = ["{", ' "sources": {']
    lines += _joined(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(sources.items()))
    lines += [" },", ' "regions": {']
    for region, blocks in sorted(regions.items()):
        lines.append(f"  {json.dumps(region)}: {{")
        for source, block in sorted(blocks.items()):
            lines.append(f"   {json.dumps(source)}: {{")
            lines += _joined(
                f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(_grouped(block).items())
            )
            lines.append("   },")
        _close(lines, "  },")
    _close(lines, " }")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _joined(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f"{line}," for line in found[:-1]] + found[-1:]


def _close(lines: list[str], end: str) -> None:
    lines[-1] = lines[-1].rstrip(",")
    lines.append(end)


def _grouped(block: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, usd in sorted(block.items()):
        match = _GROUP.fullmatch(key)
        if match is None:
            found[key] = usd
        else:
            found.setdefault(match[1], {})[match[2]] = usd
    return found


def _ungrouped(block: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in block.items():
        if isinstance(value, dict):
            yield from ((f"{key}{last}", usd) for last, usd in value.items())
        else:
            yield str(key), value


@cache
def _read(file: Path) -> dict[str, Prices]:
    sources, regions = read_blocks(file)
    try:
        return {
            region: {
                key: _one(value, key, sources[source])
                for source, block in blocks.items()
                for key, value in block.items()
            }
            for region, blocks in regions.items()
        }
    except (ValueError, TypeError) as error:
        raise BadInputError(f"{file.name} is not a price table: {error}") from error


def _one(value: Any, key: str, source: Source) -> Price:
    usd, low, high = value if isinstance(value, list) else (value, value, value)
    if isinstance(usd, bool) or not 0 < low <= usd <= high:
        raise ValueError(f"{key} has the price {value!r}, which is no amount of USD")
    bounds = (float(low), float(high)) if isinstance(value, list) else None
    return Price(float(usd), unit_of(key), source["date"], source["text"], bounds)
