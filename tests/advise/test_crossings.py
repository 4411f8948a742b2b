"""Break-even points: on both sides of each the cheaper option wins in the simulator as well."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inferform.scaling.kinds import ECS_SERVICE, REALTIME
from ops.advise.crossings import break_even, cost_of, crossings, spaced
from ops.advise.fleets import calculated, fleet, simulated
from ops.advise.market import Market
from ops.advise.need import SECONDS_PER_MONTH, Need
from ops.advise.options import judge
from ops.cost.prices import price_table
from ops.simulate import shape

MARKET = Market(price_table(), "us-east-1")


def test_a_formula_for_one_instance_against_requests() -> None:
    # 1 x ml.m5.large costs as much as 2,098,750 s of 2 GB: 8 requests a second of 100 ms.
    rate = break_even(0.115 * 730, 0.1 * 2 * 0.00002)
    assert rate * SECONDS_PER_MONTH * 0.1 == pytest.approx(2_098_750)
    assert rate == pytest.approx(8.0, abs=0.02)


@settings(max_examples=12, deadline=None)
@given(
    seconds=st.sampled_from([0.02, 0.1, 0.4]),
    memory_gib=st.sampled_from([1.0, 2.0, 5.0]),
    pair=st.sampled_from(
        [
            ("serverless", "real-time"),
            ("serverless", "multi-model"),
            ("Lambda", "real-time"),
            ("Lambda", "ECS on Fargate"),
            ("Lambda", "ECS on EC2"),
            ("Lambda", "EKS"),
        ]
    ),
)
def test_on_both_sides_of_a_crossing_the_cheaper_option_wins_in_the_simulator(
    seconds: float, memory_gib: float, pair: tuple[str, str]
) -> None:
    need = Need(requests_per_second=1, seconds=seconds, memory_gib=memory_gib)
    one, other = (cost_of(name, need, MARKET) for name in pair)
    found = list(crossings(one, other, 0.05, 20 / seconds, 24))
    assume(found)
    for at in found[:2]:
        sides = []
        for rate in (at * 0.98, at * 1.02):
            left, right = (judge(name, need.at(rate), MARKET).monthly for name in pair)
            formula = (one(rate) or 0) - (other(rate) or 0)
            assert left is not None
            assert right is not None
            assert (left < right) == (formula < 0), (pair, at, rate)
            sides.append(left < right)
        assert sides[0] != sides[1], (pair, at)


@settings(max_examples=8, deadline=None)
@given(rate=st.floats(0.1, 400), serves=st.floats(2, 80))
def test_the_formula_of_a_steady_fleet_is_what_the_simulator_has(
    rate: float, serves: float
) -> None:
    need = Need(requests_per_second=rate)
    for kind in (REALTIME, ECS_SERVICE):
        made = fleet(need, kind, serves)
        # Within a hair of a further unit, the alarm of 90 percent and rounding may differ.
        needed = rate / made.aim
        assume(abs(needed - round(needed)) > 0.02)
        assert simulated(made, need.load) == calculated(made, need.load)


def test_a_simulated_day_costs_no_less_than_the_formula() -> None:
    for form in ("daily", "spike", "ramp"):
        need = Need(requests_per_second=200, shape=form)
        made = fleet(need, REALTIME, 20)
        # Scaling in waits, so that a few more are up than each minute needs.
        assert simulated(made, need.load) >= calculated(made, need.load) * 0.99, form
        assert simulated(made, shape("steady", 200)) == calculated(made, shape("steady", 200))


def test_rates_are_spaced_evenly_by_their_size() -> None:
    rates = spaced(0.1, 100, 4)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(100)
    assert {round(b / a, 6) for a, b in pairwise(rates)} == {10.0}
