"""A project's own table of prices."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inferform_ops.cost import prices
from tests.conftest import ROOT


def test_a_projects_own_table_takes_the_place_of_the_one_that_inferform_brings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prices, "ROOT", tmp_path)
    monkeypatch.setattr(prices, "OWN", tmp_path / "prices.json")
    known = prices.price_table()
    assert known.regions["us-east-1"]
    file = prices.table_to_update()
    assert file == tmp_path / "prices.json"
    # It begins as a copy, so that an update of one Region keeps the others.
    assert file.read_bytes() == prices.TABLE.read_bytes()
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(content | {"regions": {}}), encoding="utf-8")
    assert prices.price_table().regions == {}


def test_a_checkout_updates_the_table_that_inferform_brings() -> None:
    assert prices.table_to_update() == ROOT / "ops" / "cost" / "prices.json"
