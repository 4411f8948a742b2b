"""The price table: dated, per region, each price with its source."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import BadInputError
from ..terraform import ROOT
from .model import HOURS_PER_MONTH, Estimate, PricedLine, Usage, merged

TABLE = Path(__file__).resolve().parent / "prices.json"
"""The table that Inferform brings."""

OWN = ROOT / "prices.json"
"""The table of a project, which takes its place: `inferform prices update` writes it."""

_MONTHLY_FACTOR = {"hour": HOURS_PER_MONTH, "month": 1}


@dataclass(frozen=True, slots=True)
class Price:
    """One price in USD; `date` is when its source had it."""

    usd: float
    unit: str
    date: str
    source: str


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by region and key."""

    regions: dict[str, dict[str, Price]]

    def price(self, region: str, key: str) -> Price | None:
        """The price of a key in a region, or None; another region's price is never taken."""
        return self.regions.get(region, {}).get(key)

    def dates(self, region: str) -> tuple[str, str] | None:
        """The dates of the oldest and the newest price of a region."""
        dates = sorted(price.date for price in self.regions.get(region, {}).values())
        return (dates[0], dates[-1]) if dates else None

    def estimate(self, region: str, usages: Iterable[Usage]) -> Estimate:
        """What usages cost in a region by the month."""
        lines = []
        for usage in merged(usages):
            price = self.price(region, usage.key)
            factor = _MONTHLY_FACTOR[price.unit] if price else 0
            monthly = usage.amount * (price.usd * factor) if price and usage.amount else None
            unit = price.unit if price else ""
            lines.append(PricedLine(usage, unit, price.usd if price else None, monthly))
        return Estimate(tuple(lines))


def price_table(path: Path | None = None) -> PriceTable:
    """The table of the project, else Inferform's, or another one.

    Raises BadInputError when it is malformed.
    """
    return _read(path or (OWN if OWN.is_file() else TABLE))


def table_to_update() -> Path:
    """The table that an update rewrites: Inferform's in a checkout of it, else the project's, which
    begins as a copy."""
    if TABLE.is_relative_to(ROOT) and "site-packages" not in TABLE.parts:
        return TABLE
    if not OWN.is_file():
        shutil.copyfile(TABLE, OWN)
    return OWN


@cache
def _read(path: Path) -> PriceTable:
    try:
        content = json.loads(path.read_text("utf-8"))
        sources = content["sources"]
        regions = {
            region: {
                key: Price(
                    float(entry["usd"]),
                    str(entry["unit"]),
                    str(sources[entry["source"]]["date"]),
                    str(sources[entry["source"]]["text"]),
                )
                for key, entry in prices.items()
            }
            for region, prices in content["regions"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(
            f"{path.name} is not a price table: {error}", "inferform prices update writes a new one"
        ) from error
    if any(p.unit not in _MONTHLY_FACTOR for prices in regions.values() for p in prices.values()):
        raise BadInputError(f"{path.name} has a unit other than {', '.join(_MONTHLY_FACTOR)}")
    return PriceTable(regions)
