"""What prices Inferform brings: of what, in how many Regions, how old, and how many are estimates."""

from __future__ import annotations

from collections import defaultdict

from ops.cost.model import Price
from ops.cost.prices import PriceTable


def _of(key: str) -> str:
    """What a price is of: the service, and of SageMaker's what it does."""
    first, _, rest = key.partition("/")
    return f"{first}/{rest.partition('/')[0]}" if first == "sagemaker" else first


def table() -> str:
    """A row for each kind of price, from the tables alone: a project's own prices are not in it."""
    prices = PriceTable()
    found: dict[str, list[tuple[str, Price]]] = defaultdict(list)
    for region in prices.regions():
        for key, price in prices.region(region).items():
            found[_of(key)].append((region, price))
    lines = ["| Prices of | Regions | Prices | Dated | Estimates |", "|---|--:|--:|---|--:|"]
    for name, each in sorted(found.items()):
        dates = sorted({price.date for _, price in each})
        dated = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        regions = len({region for region, _ in each})
        estimates = sum(price.bounds is not None for _, price in each)
        lines.append(f"| `{name}` | {regions} | {len(each):,} | {dated} | {estimates:,} |")
    every = [price for each in found.values() for _, price in each]
    dates = sorted({price.date for price in every})
    lines.append(
        f"| **All** | **{len(prices.regions())}** | **{len(every):,}** | {dates[0]} to {dates[-1]} | "
        f"**{sum(price.bounds is not None for price in every):,}** |"
    )
    return "\n".join(lines) + "\n"
