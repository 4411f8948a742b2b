"""`inferform cost`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json, stderr
from . import BEFORE, Command

if TYPE_CHECKING:
    from inferform.usage import Amount

    from ..cost.model import Estimate


class Format(StrEnum):
    """How the cost is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


class Figure(StrEnum):
    """Which of the three sums a budget is held against."""

    MINIMUM = "minimum"
    EXPECTED = "expected"
    MAXIMUM = "maximum"


def cost(
    env: EnvironmentKey,
    by: Annotated[
        str | None,
        typer.Option(
            help="Sums by service, by layer, or by the values of a tag: tag:owner. Default: every "
            "line."
        ),
    ] = None,
    format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TABLE,
    fail_over: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            help="Exit with status 3 where the environment costs more a month, or has what is not priced.",
        ),
    ] = None,
    of: Annotated[Figure, typer.Option(help="Which sum --fail-over looks at.")] = Figure.EXPECTED,
    load: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="What services get: the expected sum is then what the simulator has, with what is "
            "billed by use.",
        ),
    ] = None,
    commitment: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            help="What Savings Plans with this discount would save, over the hours of --load.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Estimate the monthly cost of an environment, from its Specs alone.

    Example: inferform cost dev-use1 --by service --fail-over 500
    """
    from ..cost.break_even import break_evens
    from ..cost.commitments import in_force, offers, subtracted
    from ..cost.model import ASSUMPTIONS, Estimate, under_load, with_plans
    from ..cost.prices import price_table
    from ..cost.rollouts import second_fleets
    from ..cost.runs import repeated
    from ..cost.specs import grouped, owned
    from ..cost.written import Costs, as_csv, as_data, as_html, print_costs
    from ..days import today
    from ..fitted import idle

    if fail_over is not None and not fail_over >= 0:
        raise typer.BadParameter("must be 0 or more", param_hint="--fail-over")
    if commitment is not None and not 0 < commitment <= 72:
        raise typer.BadParameter("must be above 0 and at most 72", param_hint="--commitment")
    found, table = environment(env), price_table()
    region = found.context.region
    uses = owned(found)
    assumptions: tuple[str, ...] = ASSUMPTIONS
    hours = {}
    if load is not None:
        from ..cost.loads import read, under

        with stderr.status("simulating"):
            loaded = under(found, uses, read(load))
        uses, hours = loaded.uses, loaded.hours
        assumptions = under_load(load.name)
    whole = table.estimate(region, [each.usage for each in uses])
    bought = in_force(found.commitments, today())
    estimate = subtracted(whole, bought)
    groups = {
        name: table.estimate(region, usages)
        for name, usages in (grouped(uses, by) if by else {}).items()
    }
    if by and bought:
        # They are of no service, layer or tag, and the groups add up to the total.
        groups["commitments"] = Estimate(estimate.lines[len(whole.lines) :])
    offered = []
    if commitment is not None:
        names = {
            alias: each.full_name
            for each in found.deployed
            for alias in (each.name, each.full_name)
        }
        offered = offers(whole, hours, names, commitment / 100, bought)
    costs = Costs(
        environment=found.key,
        region=region,
        estimate=estimate,
        assumptions=with_plans(assumptions) if bought else assumptions,
        runs=[*repeated(found, table)],
        releases=[*second_fleets(found, estimate)],
        by=by or "",
        groups=groups,
        idle=idle(found),
        commitments=bought,
        ended=[each for each in found.commitments if each not in bought],
        offers=offered,
        break_evens=[*break_evens(found, table)],
    )
    written = Format.JSON if json else format
    if written is Format.JSON:
        print_json(as_data(costs))
    elif written is Format.CSV:
        typer.echo(as_csv(costs), nl=False)
    elif written is Format.HTML:
        typer.echo(as_html(costs))
    else:
        print_costs(costs)
    if fail_over is not None:
        _hold(costs.estimate, found.key, fail_over, of)


def _hold(estimate: Estimate, key: str, limit: float, of: Figure) -> None:
    """Hold an estimate against a budget, to the cent. What has no price may be anything, so nothing with
    it is known to be within one."""
    total: Amount = estimate.total
    value = round(float(getattr(total, of.value)), 2)
    missing = estimate.left_out
    costs = f"{key} costs {'at least ' if missing else ''}${value:,.2f} a month ({of.value})"
    more = f", and {missing}" if missing else ""
    if value > limit:
        stderr.print(f"{costs}, over ${limit:,.2f}{more}")
        raise typer.Exit(3)
    if any(line.is_hole for line in estimate.lines):
        stderr.print(
            f"{costs}{more}: whether it is within ${limit:,.2f} is not known; write what is not priced "
            "into prices.json beside cdktf.json"
        )
        raise typer.Exit(3)
    stderr.print(f"{costs}, within ${limit:,.2f}{more}")


COMMANDS = (Command("cost", cost, BEFORE, order=30),)
