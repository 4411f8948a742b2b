"""`inferform cost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json, print_table, stdout
from . import BEFORE, Command

if TYPE_CHECKING:
    from ..cost.model import Amount
    from ..cost.prices import Price


def cost(env: EnvironmentKey, json: Json = False) -> None:
    """Estimate what an environment costs by the month, from its Specs alone.

    Example: inferform cost dev-use1
    """
    from ..cost.model import ASSUMPTIONS
    from ..cost.prices import price_table
    from ..cost.specs import estimate
    from ..review.renderers.json import amount

    table = price_table()
    found = environment(env)
    region = found.context.region
    result = estimate(found, table)
    dates = table.dates(region)
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
                        "amount": amount(line.usage.amount),
                        "price": line.price,
                        "unit": line.unit or None,
                        "monthly": amount(line.monthly) if line.monthly else None,
                        "source": _source(table.price(region, line.usage.key)),
                    }
                    for line in result.lines
                ],
                "not_priced": len(result.not_priced),
                "prices_from": dates,
                "assumptions": ASSUMPTIONS,
            }
        )
        return
    rows: list[list[str]] = []
    for line in result.lines:
        low, high = line.usage.amount.minimum, line.usage.amount.maximum
        count = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        cells = _cells(line.monthly) if line.monthly else ("not priced", "", "")
        what = line.usage.key.removeprefix("sagemaker/")
        rows.append([line.usage.service, what, count, *cells])
    least = "at least " if result.not_priced else ""
    rows.append(["total", "", "", *(least + cell for cell in _cells(result.total))])
    columns = ("for", "what", "how many", "minimum", "expected", "maximum")
    print_table(columns, rows, title=f"{found.key}: USD by the month in {region}")
    notes = [*ASSUMPTIONS]
    if dates:
        notes.insert(
            0, f"prices of {dates[0]} to {dates[1]}; inferform prices show names each source"
        )
    if result.not_priced:
        missing = len(result.not_priced)
        what = "line is" if missing == 1 else "lines are"
        hint = f"inferform prices update {region} fetches prices"
        notes.insert(0, f"{missing} {what} not priced and not in the sums; {hint}")
    for note in notes:
        stdout.print(f"- {note}", markup=False)


def _cells(amount: Amount) -> tuple[str, str, str]:
    from ..cost.model import dollars

    return dollars(amount.minimum), dollars(amount.expected), dollars(amount.maximum)


def _source(price: Price | None) -> dict[str, str] | None:
    return {"date": price.date, "text": price.source} if price else None


COMMANDS = (Command("cost", cost, BEFORE, order=30),)
