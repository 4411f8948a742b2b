"""`inferform cost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json, print_table, stdout
from . import BEFORE, Command

if TYPE_CHECKING:
    from ..cost.model import Amount, Estimate, Price, PricedLine


def cost(env: EnvironmentKey, json: Json = False) -> None:
    """Estimate the monthly cost of an environment, from its Specs alone.

    Example: inferform cost dev-use1
    """
    from ..cost.model import ASSUMPTIONS
    from ..cost.prices import price_table
    from ..cost.specs import estimate
    from ..fitted import idle
    from ..review.renderers.json import amount

    table = price_table()
    found = environment(env)
    region = found.context.region
    result = estimate(found, table)
    if json:
        print_json(
            {
                "environment": found.key,
                "region": region,
                "currency": "USD",
                "monthly": amount(result.total),
                "lines": [
                    {
                        "service": line.usage.service,
                        "key": line.usage.key,
                        "alternatives": [*line.usage.alternatives],
                        "amount": amount(line.usage.amount) if line.usage.amount else None,
                        "price": line.price.usd if line.price else None,
                        "unit": line.price.unit if line.price else None,
                        "monthly": amount(line.monthly) if line.monthly else None,
                        "source": _source(line.price),
                    }
                    for line in result.lines
                ],
                "not_priced": len(result.not_priced),
                "estimated": amount(result.estimated),
                "estimated_between": [amount(bound) for bound in result.bounds],
                "prices_from": result.dates,
                "idle": idle(found),
                "assumptions": ASSUMPTIONS,
            }
        )
        return
    rows: list[list[str]] = []
    for line in result.lines:
        cells = _cells(line.monthly) if line.monthly else (_unpriced(line), "", "")
        keys = (line.usage.key, *(each.rpartition("/")[2] for each in line.usage.alternatives))
        what = " or ".join(keys).removeprefix("sagemaker/")
        rows.append([line.usage.service, what, _count(line.usage.amount), *cells])
    least = "at least" if result.not_priced else ""
    rows.append(["total", least, "", *_cells(result.total)])
    columns = ("for", "what", "how many", "minimum", "expected", "maximum")
    print_table(columns, rows, title=f"{found.key}: monthly cost in USD in {region}")
    notes = [*ASSUMPTIONS]
    if result.dates:
        notes.insert(0, f"prices of {result.dates}; inferform prices show names each source")
    if any(line.usage.alternatives for line in result.lines):
        notes.insert(
            0,
            "pools of instance types: the minimum is at the cheapest type, the expected sum at the "
            "preferred one, the maximum at the dearest",
        )
    notes = [*_estimated(result), *_idle(idle(found)), *notes]
    by_use = [line for line in result.not_priced if line.usage.amount is None]
    missing = [line for line in result.not_priced if line.usage.amount is not None]
    if by_use:
        notes.insert(
            0, f"{_lines(by_use)} billed by use and not in the sums: how much is not known"
        )
    for reason, lines in _by_reason(missing).items():
        hint = reason or f"inferform prices update {region} fetches prices"
        notes.insert(0, f"{_lines(lines)} not priced and not in the sums; {hint}")
    for note in notes:
        stdout.print(f"- {note}", markup=False)


def _estimated(estimate: Estimate) -> list[str]:
    """What of the sums rests on prices that AWS did not publish."""
    lines = [line for line, price in estimate.priced if price.bounds]
    if not lines:
        return []
    part, (low, high) = estimate.estimated.expected, estimate.bounds
    from ..cost.model import dollars

    return [
        f"{_lines(lines)} priced by an estimate: {dollars(part)} of the expected sum, which may be "
        f"{dollars(low.expected)} to {dollars(high.expected)}"
    ]


def _idle(shares: dict[str, float]) -> list[str]:
    """What of the fewest instances no inference component has reserved."""
    return [
        f"{name}: of its fewest instances {share:.0%} is reserved by no component; inferform fit draws it"
        for name, share in shares.items()
        if share
    ]


def _count(amount: Amount | None) -> str:
    if amount is None:
        return "not known"
    low, high = amount.minimum, amount.maximum
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _unpriced(line: PricedLine) -> str:
    if line.usage.amount is not None:
        return "not priced"
    return f"{rate(line.price)}" if line.price else "by use"


def rate(price: Price) -> str:
    """A price by use, per thousand or million units where one costs next to nothing."""
    for count, word in ((1, ""), (1_000, "1,000 "), (1_000_000, "million ")):
        if price.usd * count >= 0.01:
            return f"${price.usd * count:.4g} per {word}{_plural(price.unit, count)}"
    return f"${price.usd:.3g} per {price.unit}"


def _plural(unit: str, count: int) -> str:
    return unit if count == 1 else f"{unit}s"


def _lines(lines: list[PricedLine]) -> str:
    return "1 line is" if len(lines) == 1 else f"{len(lines)} lines are"


def _by_reason(lines: list[PricedLine]) -> dict[str, list[PricedLine]]:
    """Lines by why no refresh of the prices brings theirs; empty where one may."""
    if not lines:
        return {}
    # Imported late, as it brings the records of every resource type.
    from ..cost.update import unlisted

    found: dict[str, list[PricedLine]] = {}
    for line in lines:
        found.setdefault(unlisted(line.usage.key) or "", []).append(line)
    return found


def _cells(amount: Amount) -> tuple[str, str, str]:
    from ..cost.model import dollars

    return dollars(amount.minimum), dollars(amount.expected), dollars(amount.maximum)


def _source(price: Price | None) -> dict[str, str] | None:
    return {"date": price.date, "text": price.source} if price else None


COMMANDS = (Command("cost", cost, BEFORE, order=30),)
