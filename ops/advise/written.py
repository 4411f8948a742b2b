"""The advice, for people and for machines."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..cost.model import dollars
from ..output import print_table, stdout
from .chart import Curves, changes, drawn
from .choices import Choice, choices
from .crossings import cost_of, crossings
from .instances import Compared, compared
from .market import Market
from .need import Need
from .options import Option

ASSUMPTIONS = (
    "a request keeps so many cores busy as --cores says for as long as it takes, or a GPU of its own; "
    "scaling aims at 70% of that: load-test and give your own figures",
    "costs are list prices of On-Demand for a month of 730 hours, with data in and out of endpoints; "
    "without free tiers, logs, NAT and what stands around it",
    "limits without a rule are of AWS's guides and may have been raised for your account",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What was found for one need."""

    need: Need
    region: str
    options: Sequence[Option]
    instances: Sequence[Compared]
    break_evens: dict[str, list[float]]
    """The rates at which the cheaper of an option and the best one changes."""

    choices: Sequence[Choice]
    """What goes with an option."""

    prices_from: str

    @classmethod
    def of(cls, need: Need, market: Market, options: Sequence[Option]) -> Advice:
        """The advice with what is compared beside the options."""
        best = options[0]
        evens: dict[str, list[float]] = {}
        if best.monthly is not None and need.peak > 0:
            own = cost_of(best.name, need, market)
            for each in options[1:]:
                if each.monthly is not None:
                    other = cost_of(each.name, need, market)
                    found = crossings(own, other, need.peak / 100, need.peak * 100, 25)
                    evens[each.name] = list(found)[:3]
        dates = sorted(market.used)
        return cls(
            need=need,
            region=market.region,
            options=options,
            instances=compared(need, market),
            break_evens=evens,
            choices=choices(need, market),
            prices_from=" to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "no date",
        )

    @property
    def best(self) -> Option:
        """The first choice."""
        return self.options[0]


def as_data(advice: Advice) -> dict[str, Any]:
    """The advice as JSON."""
    need = advice.need
    return {
        "region": advice.region,
        "requests_per_second": {"mean": round(need.mean, 6), "peak": round(need.peak, 6)},
        "requests_per_month": round(need.requests),
        "options": [
            {
                "name": each.name,
                "verdict": each.verdict,
                "why": list(each.why),
                "cold_start": each.cold_start,
                "monthly_usd": None if each.monthly is None else round(each.monthly, 2),
                "of": each.of,
                "break_even_requests_per_second": [
                    float(f"{rate:.4g}") for rate in advice.break_evens.get(each.name, [])
                ],
                "scaling": each.scaling,
                "spec": each.spec,
            }
            for each in advice.options
        ],
        "instance_types": [
            {
                "name": each.sold.name,
                "usd_per_hour": each.sold.usd,
                "vcpu": each.sold.vcpu,
                "memory_gib": each.sold.memory_gib,
                "architecture": each.sold.arch,
                "processor": each.sold.processor,
                "if": each.if_ or None,
                "gpus": each.sold.gpus,
                "gpu_memory_gib": each.sold.gpu_memory_gib,
                "vertical_monthly_usd": round(each.sold.monthly, 2) if each.alone else None,
                "horizontal_count": each.count,
                "horizontal_monthly_usd": round(each.together, 2),
            }
            for each in advice.instances
        ],
        "choices": [asdict(each) for each in advice.choices],
        "prices_from": advice.prices_from,
        "assumptions": list(ASSUMPTIONS),
    }


def print_advice(advice: Advice) -> None:
    """Print the options, the instance types and the Spec of the first choice."""
    need = advice.need
    stdout.print(
        f"{need.requests:,.0f} requests a month: {need.mean:.4g} a second on average, "
        f"{need.peak:.4g} at most, in {advice.region}"
    )
    print_table(_COLUMNS, _rows(advice))
    if advice.instances:
        print_table(*_types(advice.instances))
        for note in _conditions(advice.instances):
            stdout.print(f"- {note}")
    best = advice.best
    if best.spec:
        stdout.print(f"{best.name}, to paste:\n  {best.spec}")
    stdout.print(f"- prices of {advice.prices_from}; inferform prices show names each source")
    for note in ASSUMPTIONS:
        stdout.print(f"- {note}")


_COLUMNS = ("option", "", "a month", "break-even", "why, or for what")
_CHOICES = ("", "where", "choose", "as", "write")


def _rows(advice: Advice) -> list[list[str]]:
    return [
        [
            each.name,
            each.verdict,
            "" if each.verdict == "does not" else _usd(each.monthly),
            ", ".join(f"{rate:.3g}/s" for rate in advice.break_evens.get(each.name, [])),
            "; ".join(
                (
                    *each.why,
                    *([each.of] if each.of else []),
                    *([f"cold start: {each.cold_start}"] if each.is_cold else []),
                )
            ),
        ]
        for each in advice.options
    ]


def _usd(value: float | None) -> str:
    return "not known" if value is None else dollars(value)


def _types(instances: Sequence[Compared]) -> tuple[list[str], list[list[str]]]:
    """The columns that say something, and the rows."""
    columns: dict[str, list[str]] = {
        "instance type": [each.sold.name for each in instances],
        "an hour": [f"${each.sold.usd:.4g}" for each in instances],
        "vCPU": [f"{each.sold.vcpu}" for each in instances],
        "GiB": [f"{each.sold.memory_gib:g}" for each in instances],
        "per vCPU": [f"${each.sold.usd / each.sold.vcpu:.4f}" for each in instances],
        "per GiB": [f"${each.sold.usd / each.sold.memory_gib:.4f}" for each in instances],
        "vertical": [dollars(each.sold.monthly) if each.alone else "" for each in instances],
        "horizontal": [f"{each.count} x {dollars(each.sold.monthly)}" for each in instances],
    }
    memory = [each.sold.gpu_memory_gib for each in instances]
    if any(memory):
        # What computes is what is compared.
        del columns["vCPU"], columns["per vCPU"], columns["per GiB"]
        columns["GPU GiB"] = [f"{size:g}" for size in memory]
        columns["per GPU GiB"] = [
            f"${each.sold.usd / size:.4f}" for each, size in zip(instances, memory, strict=True)
        ]
    said = {name: cells for name, cells in columns.items() if any(cells)}
    return [*said], [list(row) for row in zip(*said.values(), strict=True)]


def _conditions(instances: Sequence[Compared]) -> list[str]:
    return [f"{each.sold.name} needs {each.if_}" for each in instances if each.if_]


def _choices(found: Sequence[Choice]) -> list[list[str]]:
    return [
        ["*" if each.yours else "", each.when, each.choose, each.because, each.write]
        for each in found
    ]


def print_choices(found: Sequence[Choice]) -> None:
    """Print situations with their answers, each a paragraph: their texts are too long for columns."""
    for each in found:
        mark = ", as here" if each.yours else ""
        stdout.print(f"\n{each.topic}: {each.when}{mark}", markup=False)
        stdout.print(f"  {each.choose}: {each.because}", markup=False)
        stdout.print(f"  {each.write}", markup=False)


_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: 13px; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #8884; text-align: left; vertical-align: top; }
pre { background: #8881; padding: .8rem; overflow-x: auto; white-space: pre-wrap; }
svg { max-width: 100%; height: auto; }
li { color: #777; }
"""


def as_html(advice: Advice, curves: Curves, *, title: str) -> str:
    """The advice with its picture, as a page without scripts and requests."""
    picture = drawn(curves, advice.need, "svg", title="Monthly cost over the load").decode()
    found = changes(curves)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{html.escape(title)}</h1>",
            _table(_COLUMNS, _rows(advice)),
            picture[picture.index("<svg") :],
            *(
                f"<p>From {rate:.3g} requests a second on, {html.escape(new)} costs less than "
                f"{html.escape(old)}.</p>"
                for rate, old, new in found
            ),
            _table(*_types(advice.instances)) if advice.instances else "",
            f"<pre>{html.escape(advice.best.spec)}</pre>" if advice.best.spec else "",
            _table(_CHOICES, _choices(advice.choices)),
            "<ul>",
            *(
                f"<li>{html.escape(note)}</li>"
                for note in (*_conditions(advice.instances), *ASSUMPTIONS)
            ),
            "</ul></body></html>",
        ]
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(columns, 'th')}</thead><tbody>{body}</tbody></table>"
