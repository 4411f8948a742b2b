"""Whether an object in a state is what a plan asks for: a deposed one may only then come back."""

from __future__ import annotations

from typing import Any

import pytest

from ops.adopt import _is_same

MODEL: dict[str, Any] = {
    "name": "acme-dev-fraud-1a2b",
    "execution_role_arn": "arn:aws:iam::111122223333:role/fraud",
    "enable_network_isolation": True,
    "primary_container": [{"image": "fraud:1", "environment": {"A": "1"}, "mode": "SingleModel"}],
    "tags": {"Owner": "ml"},
}


def changed(path: tuple[str | int, ...], value: Any, model: Any = MODEL) -> Any:
    """A model with another value in one place."""
    key, *rest = path
    new = value if not rest else changed(tuple(rest), value, model[key])
    if isinstance(model, list):
        return [new if index == key else each for index, each in enumerate(model)]
    return {**model, key: new}


@pytest.mark.parametrize(
    "held",
    [
        changed(("name",), "acme-dev-fraud-3c4d"),
        changed(("enable_network_isolation",), False),
        changed(("enable_network_isolation",), None),
        changed(("primary_container", 0, "image"), "fraud:2"),
        changed(("primary_container", 0, "environment"), {"A": "2"}),
        changed(("primary_container", 0, "environment"), {}),
        changed(("primary_container", 0, "environment"), {"A": "1", "B": "2"}),
        changed(("primary_container",), []),
        changed(("primary_container",), MODEL["primary_container"] * 2),
        {name: value for name, value in MODEL.items() if name != "execution_role_arn"},
        {},
    ],
)
def test_what_differs_in_anything_that_is_asked_for_is_another(held: Any) -> None:
    assert not _is_same(MODEL, held)


@pytest.mark.parametrize(
    "held",
    [
        MODEL,
        changed(("tags",), {"Owner": "fraud"}),
        # What the provider writes of what was not asked for.
        {**MODEL, "id": "acme-dev-fraud-1a2b", "arn": "arn:aws:sagemaker:x", "container": []},
        changed(("primary_container", 0), {**MODEL["primary_container"][0], "hostname": ""}),
    ],
)
def test_tags_and_what_was_not_asked_for_make_no_other(held: Any) -> None:
    assert _is_same(MODEL, held)


def test_a_value_that_is_not_asked_for_must_be_empty_in_the_state() -> None:
    asked = changed(("primary_container", 0, "model_data_url"), None)
    assert _is_same(asked, MODEL)
    held = changed(("primary_container", 0, "model_data_url"), "s3://b/m.tar.gz")
    assert not _is_same(asked, held)
