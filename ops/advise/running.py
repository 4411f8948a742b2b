"""A service that runs: its scaling, what a unit costs, and what suits what it got."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inferform import Environment
from inferform.sagemaker.endpoints import AsyncEndpoint, RealtimeEndpoint

from .. import simulation_input as given_by
from ..cost.model import Estimate, dollars
from ..cost.prices import PriceTable
from ..cost.specs import estimate
from ..simulate import target_rate
from .market import Market
from .need import Need
from .observed import Finding, Observed, Running, findings
from .options import judged


def running(
    environment: Environment,
    name: str,
    table: PriceTable,
    *,
    capacity: float | None,
    latency_ms: float | None,
) -> Running:
    """The service, with what one unit of it costs. Raises BadInputError for what does not scale."""
    found = given_by.find(environment, name)
    service = given_by.described(name, found, capacity=capacity, latency_ms=latency_ms)
    low = min(minimum for _, minimum in found.scaling.lowest())
    high = max(maximum for _, maximum in found.scaling.highest())
    deployed = found.deployed
    return Running(
        service=service,
        scaling=found.scaling,
        aim=target_rate(found.scaling, service),
        usd_per_hour=_unit(
            estimate(environment, table), {deployed.name, deployed.full_name}, low, high
        ),
    )


def _unit(whole: Estimate, names: set[str], low: int, high: int) -> float | None:
    """What one unit more costs an hour: by how much the lines of the service rise between the
    bounds."""
    lines = [line for line in whole.lines if line.usage.service in names]
    if not lines or any(line.is_hole for line in lines):
        return None
    rise = sum(
        line.monthly.maximum - (line.monthly.minimum if high > low else 0.0)
        for line in lines
        if line.monthly is not None
    )
    return rise / ((high - low) or max(high, 1)) / 730


def judged_by(
    environment: Environment,
    name: str,
    table: PriceTable,
    observed: Observed,
    need: Need,
    *,
    capacity: float | None,
    latency_ms: float | None,
) -> Iterator[Finding]:
    """What does not suit: bounds, instances, hours, and the option itself."""
    own = running(environment, name, table, capacity=capacity, latency_ms=latency_ms)
    yield from findings(own, observed)
    spec = given_by.find(environment, name).deployed.spec
    present = (
        "real-time"
        if isinstance(spec, RealtimeEndpoint)
        else "asynchronous"
        if isinstance(spec, AsyncEndpoint)
        else None
    )
    if present is None:
        return
    if present == "real-time" and need.latency_ms is None:
        # Somebody waits for what is asked in real time.
        need = replace(need, latency_ms=1000 * need.seconds + 1)
    options = judged(need, Market(table, environment.context.region))
    now = next(each for each in options if each.name == present)
    best = options[0]
    if best.name != present and best.monthly is not None and now.monthly is not None:
        saved = now.monthly - best.monthly
        if saved > 0:
            yield Finding(
                what="another option costs less",
                evidence=f"{best.name} fits too, and costs {dollars(best.monthly)} a month for what was "
                f"measured; {present} costs {dollars(now.monthly)} with what it needs",
                change=best.spec,
                saved=saved,
            )
