"""The README of modules/scaling: its examples run, and its table says what the code does."""

from __future__ import annotations

import pytest

from inferform import CustomMetric, MetricMath, Scaling, StepScaling
from inferform.scaling.kinds import ASYNCHRONOUS, COMPONENT, KINDS, REALTIME
from inferform.scaling.metrics import METRICS, Metric, Tracked

from . import readme

README = "modules/scaling/README.md"


def table() -> dict[str, list[str]]:
    """The rows of the first table by their first cell."""
    lines = (readme.ROOT / README).read_text("utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return {row[0].replace("`", "").strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_every_block_runs_and_its_scalings_suit_their_kinds() -> None:
    defined = {name: value for block in readme.run(README) for name, value in block.items()}
    kinds = {"queue": ASYNCHRONOUS, "copies": COMPONENT}
    found = {name: value for name, value in defined.items() if isinstance(value, Scaling)}
    assert len(found) == 5
    for name, scaling in found.items():
        assert list(scaling.problems_for(kinds.get(name, REALTIME))) == []
    assert isinstance(defined["slow"], StepScaling)
    assert defined["scaling"].policies[0].metric.target_value == 1350


@pytest.mark.parametrize("metric", METRICS)
def test_the_table_has_what_each_kind_publishes(metric: type[Metric]) -> None:
    row = table()[metric.__name__]
    everywhere = metric in (CustomMetric, MetricMath)
    for kind, cell in zip(KINDS, row, strict=True):
        policies = ["T"] * issubclass(metric, Tracked) + ["S"] * kind.step_scaling
        known = everywhere or kind in metric.sources
        assert cell == (" ".join(policies) if known else "-"), kind.name


def test_the_table_has_the_floor_of_each_kind() -> None:
    assert table()["least min_capacity"] == [str(kind.floor) for kind in KINDS]
