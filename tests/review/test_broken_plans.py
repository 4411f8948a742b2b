"""A broken plan gives a report or one clear message, whatever is broken in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.errors import OperatorError
from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.reviewing import review_plans

from .plans import PLANS, changed, plan_of

TEXTS = {path.name: path.read_text("utf-8") for path in sorted(PLANS.glob("*.json"))}
stable = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Parts of a plan that the reader does not look at.
_UNREAD = ("planned_values", "prior_state")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in _UNREAD:
                yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


PLACES = {name: list(places(json.loads(text))) for name, text in TEXTS.items()}
names = st.sampled_from(sorted(TEXTS))
junk: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, -1, 10**30, 1e308, -0.5),
        *(
            "",
            "x" * 10_000,
            "\ud800",
            "{",
            "[1",
            '{"a":',
            "<script>",
            "${x}",
            "|",
            "\n",
            "arn:aws:",
        ),
        *([], {}, [None], [[]], {"a": 1}, ["a"], [1, 2], {"": {}}),
    ]
)


def outcome(content: str | bytes) -> list[str]:
    """What a reader sees: the report in every format, or the one message."""
    try:
        report = review_plans([read_plan(content, "plan")])
        return [render(report) for render in FORMATS.values()]
    except OperatorError as error:
        return [str(error)]


def assert_is_reported_or_refused(content: str | bytes) -> None:
    texts = outcome(content)
    assert all(text.encode() for text in texts)
    if len(texts) == 1:
        said, _, hint = texts[0].partition("\n")
        assert said.startswith("plan ")
        assert hint.strip()


@settings(stable, max_examples=60)
@given(names, st.floats(0, 1, exclude_max=True))
def test_a_plan_that_is_cut_anywhere_is_refused(name: str, where: float) -> None:
    text = TEXTS[name].rstrip()
    assert_is_reported_or_refused(text[: int(where * len(text))])


@pytest.mark.long
@settings(stable, max_examples=150)
@given(names, st.lists(st.tuples(st.integers(0, 10**6), junk), min_size=1, max_size=3))
def test_a_plan_with_other_values_anywhere_is_reported_or_refused(
    name: str, breaks: list[tuple[int, Any]]
) -> None:
    content = json.loads(TEXTS[name])
    for number, value in breaks:
        *path, last = PLACES[name][number % len(PLACES[name])]
        inside = content
        for part in path:
            fits = isinstance(inside, dict) and part in inside
            fits = fits or (isinstance(inside, list) and isinstance(part, int))
            if not fits or (isinstance(inside, list) and part >= len(inside)):
                break
            inside = inside[part]
        else:
            if isinstance(inside, dict) or (isinstance(inside, list) and isinstance(last, int)):
                if isinstance(inside, list) and last >= len(inside):
                    continue
                inside[last] = value
    assert_is_reported_or_refused(json.dumps(content))


@settings(stable, max_examples=100)
@given(st.binary(max_size=40))
def test_bytes_are_refused(content: bytes) -> None:
    assert_is_reported_or_refused(content)


def test_a_known_resource_of_another_shape_is_refused_with_the_name_of_the_plan() -> None:
    before = {"name": "m", "primary_container": [{"environment": [[]]}]}
    after = {"name": "m", "primary_container": [{"environment": {"A": "b"}}]}
    plan = plan_of(changed("aws_sagemaker_model.m", ["update"], before, after))
    assert_is_reported_or_refused(plan)
    assert_is_reported_or_refused(plan.replace('"m"', '"\\ud800"'))
