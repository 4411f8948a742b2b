"""What an environment costs, for people and for machines."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inferform import Commitment

from ..output import print_table, stdout
from ..untrusted import visible
from .break_even import BreakEven
from .commitments import Offer
from .model import ASSUMPTIONS, Amount, Estimate, Price, PricedLine, dollars, rounded
from .rollouts import SecondFleet
from .runs import Repeated

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #8884; text-align: left; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.total { font-weight: 600; }
li { color: #777; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What one environment costs."""

    environment: str
    region: str
    estimate: Estimate
    by: str = ""
    """How its sums are grouped; empty for every line."""

    groups: Mapping[str, Estimate] = field(default_factory=dict)
    """The sums of the groups."""

    idle: Mapping[str, float] = field(default_factory=dict)
    """What share of the fewest instances of an endpoint no component has reserved."""

    break_evens: Sequence[BreakEven] = ()
    """Functions beside serverless endpoints, and the reverse."""

    runs: Sequence[Repeated] = ()
    """What a run of what runs again and again may spend."""

    releases: Sequence[SecondFleet] = ()
    """What second fleets of rollouts cost."""

    commitments: Sequence[Commitment] = ()
    """The Savings Plans that the sums are with."""

    ended: Sequence[Commitment] = ()
    """The Savings Plans whose last day is past."""

    offers: Sequence[Offer] = ()
    """What further ones would save."""

    assumptions: Sequence[str] = ASSUMPTIONS

    @property
    def rows(self) -> list[tuple[str, Estimate]]:
        """The groups, the dearest first."""
        return sorted(self.groups.items(), key=lambda pair: (-pair[1].total.maximum, pair[0]))


def as_data(costs: Costs) -> dict[str, Any]:
    """The cost as JSON; a sum of which nothing is known is None."""
    estimate = costs.estimate
    return {
        "environment": costs.environment,
        "region": costs.region,
        "currency": "USD",
        "monthly": _rounded_total(estimate),
        **(
            {
                "by": costs.by,
                "groups": [
                    {
                        "name": name,
                        "monthly": _rounded_total(group),
                        "not_priced": len(group.not_priced),
                    }
                    for name, group in costs.rows
                ],
            }
            if costs.by
            else {}
        ),
        "lines": [
            {
                "service": line.usage.service,
                "key": line.usage.key,
                "alternatives": [*line.usage.alternatives],
                "amount": rounded(line.usage.amount) if line.usage.amount else None,
                "price": line.price.usd if line.price else None,
                "unit": line.price.unit if line.price else None,
                "monthly": rounded(line.monthly) if line.monthly else None,
                "source": _source(line.price),
            }
            for line in estimate.lines
        ],
        "not_priced": len(estimate.not_priced),
        "estimated": rounded(estimate.estimated),
        "estimated_between": [rounded(bound) for bound in estimate.bounds],
        "prices_from": estimate.dates,
        "idle": dict(costs.idle),
        "offers": [
            {
                "kind": each.kind,
                "usd_per_hour": round(each.usd_per_hour, 3),
                "saved": round(each.saved, 2),
                "used_percent": round(each.used_percent, 1),
            }
            for each in costs.offers
        ],
        "runs": [
            {
                "service": each.service,
                "least_usd": each.least_usd,
                "most_usd": each.most_usd,
                "runs_in_30_days": each.runs,
            }
            for each in costs.runs
        ],
        "releases": [
            {
                "service": each.service,
                "minutes": round(each.minutes, 1),
                "usd": rounded(each.usd),
            }
            for each in costs.releases
        ],
        "break_even": [
            {
                "service": each.service,
                "function_mib": each.function_mib,
                "endpoint_mib": each.endpoint_mib,
                "seconds": each.seconds,
                "said": str(each),
            }
            for each in costs.break_evens
        ],
        "assumptions": list(costs.assumptions),
    }


def as_csv(costs: Costs) -> str:
    """The cost as CSV: one row for each line or group, without a sum; money in USD a month. Empty
    cells are not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if costs.by:
        writer.writerow([costs.by, "minimum", "expected", "maximum", "not_priced"])
        for name, group in costs.rows:
            money = _money(group.total) if group.is_known else ("", "", "")
            writer.writerow([_cell(name), *money, len(group.not_priced)])
        return out.getvalue()
    writer.writerow(
        ["service", "key", "unit", "price", "minimum", "expected", "maximum", "prices_from"]
    )
    for line in costs.estimate.lines:
        price = line.price
        writer.writerow(
            [
                _cell(line.usage.service),
                _cell(line.usage.key),
                *((price.unit, price.usd) if price else ("", "")),
                *(_money(line.monthly) if line.monthly else ("", "", "")),
                price.date if price else "",
            ]
        )
    return out.getvalue()


def _cell(text: str) -> str:
    # A spreadsheet runs what begins like a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _money(value: Amount) -> tuple[str, str, str]:
    return f"{value.minimum:.2f}", f"{value.expected:.2f}", f"{value.maximum:.2f}"


def as_html(costs: Costs) -> str:
    """The cost as a page without scripts and requests."""
    title = f"{costs.environment}: monthly cost in USD in {costs.region}"
    columns, rows, total = _table(costs)
    first = len(columns) - 3

    def row(cells: Sequence[str], tag: str, attributes: str = "") -> str:
        made = "".join(
            f"<{tag}{' class=number' if index >= first else ''}>{_text(cell)}</{tag}>"
            for index, cell in enumerate(cells)
        )
        return f"<tr{attributes}>{made}</tr>"

    return "\n".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(title)}</h1><table><thead>{row(columns, 'th')}</thead><tbody>",
            *(row(cells, "td") for cells in rows),
            row(total, "td", ' class="total"'),
            "</tbody></table><ul>",
            *(f"<li>{_text(note)}</li>" for note in notes(costs)),
            "</ul></body></html>",
        ]
    )


def _text(text: str) -> str:
    return html.escape(visible(text))


def print_costs(costs: Costs) -> None:
    """Print the cost as a table with its notes."""
    columns, rows, total = _table(costs)
    title = f"{costs.environment}: monthly cost in USD in {costs.region}"
    print_table(columns, [*rows, total], title=title)
    for note in notes(costs):
        stdout.print(f"- {note}", markup=False)


def _table(costs: Costs) -> tuple[list[str], list[list[str]], list[str]]:
    """The columns, of which the last three are sums, the rows, and the total."""
    estimate = costs.estimate
    least = "at least" if estimate.not_priced else ""
    sums = ["minimum", "expected", "maximum"]
    if costs.by:
        made = [[name, group.left_out, *_sums(group)] for name, group in costs.rows]
        missing = estimate.left_out
        total = ["total", f"{least}; {missing}" if missing else "", *_sums(estimate)]
        return [costs.by, "not in the sums", *sums], made, total
    rows = []
    for line in estimate.lines:
        cells = _cells(line.monthly) if line.monthly else (_unpriced(line), "", "")
        keys = (line.usage.key, *(each.rpartition("/")[2] for each in line.usage.alternatives))
        what = " or ".join(keys).removeprefix("sagemaker/")
        rows.append([line.usage.service, what, _count(line.usage.amount), *cells])
    missing = estimate.left_out
    total = ["total", least, missing, *_sums(estimate)]
    return ["for", "what", "how many", *sums], rows, total


def notes(costs: Costs) -> Iterator[str]:
    """What is to be known beside the sums."""
    estimate = costs.estimate
    by_use = [line for line in estimate.not_priced if line.usage.amount is None]
    missing = [line for line in estimate.not_priced if line.usage.amount is not None]
    for reason, lines in _by_reason(missing).items():
        hint = reason or _remedy(costs.region)
        yield f"{_lines(lines)} not priced and not in the sums; {hint}"
    if by_use:
        yield f"{_lines(by_use)} billed by use and not in the sums: how much is not known"
    yield from _estimated(estimate)
    for name, share in costs.idle.items():
        if share:
            yield (
                f"{name}: of its fewest instances {share:.0%} is reserved by no component; "
                "inferform fit draws it"
            )
    yield from map(str, costs.break_evens)
    if any(line.usage.alternatives for line in estimate.lines):
        yield (
            "pools of instance types: the minimum is at the cheapest type, the expected sum at the "
            "preferred one, the maximum at the dearest"
        )
    yield from (each.text for each in costs.runs)
    yield from (each.text for each in costs.releases)
    for plan in costs.commitments:
        until = f" until {plan.ends_on}" if plan.ends_on else ""
        yield f"with a {plan.kind} Savings Plan of ${plan.usd_per_hour:g} an hour{until}"
    for plan in costs.ended:
        yield (
            f"without a {plan.kind} Savings Plan of ${plan.usd_per_hour:g} an hour, which has ended on "
            f"{plan.ends_on}"
        )
    for offer in costs.offers:
        verb = "saves" if offer.saved >= 0 else "loses"
        yield (
            f"a {offer.kind} Savings Plan of ${offer.usd_per_hour:.3f} an hour {verb} "
            f"{dollars(abs(offer.saved))} a month, and {offer.used_percent:.0f}% of it is used; nothing "
            "is bought here"
        )
    if estimate.dates:
        yield f"prices of {estimate.dates}; inferform prices show names each source"
    yield from costs.assumptions


def _remedy(region: str) -> str:
    # Imported late, as it brings the records of every resource type.
    from .update import not_asked

    if why := not_asked(region):
        return f"{why}: write them into prices.json beside cdktf.json"
    return f"inferform prices update {region} fetches prices"


def _estimated(estimate: Estimate) -> Iterator[str]:
    """What of the sums rests on prices that AWS did not publish."""
    lines = [line for line, price in estimate.priced if price.bounds]
    if lines:
        part, (low, high) = estimate.estimated.expected, estimate.bounds
        yield (
            f"{_lines(lines)} priced by an estimate: {dollars(part)} of the expected sum, which may "
            f"be {dollars(low.expected)} to {dollars(high.expected)}"
        )


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


def _lines(lines: Sequence[PricedLine]) -> str:
    return "1 line is" if len(lines) == 1 else f"{len(lines)} lines are"


def _by_reason(lines: Sequence[PricedLine]) -> dict[str, list[PricedLine]]:
    """Lines by why no refresh of the prices brings theirs; empty where one may."""
    if not lines:
        return {}
    # Imported late, as it brings the records of every resource type.
    from .update import unlisted

    found: dict[str, list[PricedLine]] = {}
    for line in lines:
        found.setdefault(unlisted(line.usage.key) or "", []).append(line)
    return found


def _cells(amount: Amount) -> tuple[str, str, str]:
    return dollars(amount.minimum), dollars(amount.expected), dollars(amount.maximum)


def _sums(estimate: Estimate) -> tuple[str, str, str]:
    return _cells(estimate.total) if estimate.is_known else ("not known",) * 3


def _rounded_total(estimate: Estimate) -> dict[str, float] | None:
    return rounded(estimate.total) if estimate.is_known else None


def _source(price: Price | None) -> dict[str, str] | None:
    return {"date": price.date, "text": price.source} if price else None
