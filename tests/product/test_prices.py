"""A project's own table of prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform_ops.cost import prices
from tests.conftest import ROOT

KEY = "sagemaker/hosting/ml.m5.large"


def test_a_projects_own_prices_come_before_those_that_inferform_brings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "prices.json"
    monkeypatch.setattr(prices, "ROOT", tmp_path)
    monkeypatch.setattr(prices, "OWN", own)
    listed = prices.price_table().region("us-east-1")
    assert prices.file_to_update("us-east-1") == own
    sources = {"contract": {"date": "2026-01-31", "text": "our agreement with AWS"}}
    own.write_text(
        prices.written(sources, {"us-east-1": {"contract": {KEY: 0.01, "own/key": 2}}}), "utf-8"
    )
    table = prices.price_table()
    price = table.price("us-east-1", KEY)
    assert price is not None
    assert (price.usd, price.date, price.source) == (0.01, "2026-01-31", "our agreement with AWS")
    assert table.region("us-east-1").keys() == listed.keys() | {"own/key"}
    other = table.price("eu-west-1", KEY)
    assert other is not None
    assert other.usd > 0.1


def test_a_checkout_updates_the_table_that_inferform_brings() -> None:
    folder = ROOT / "ops" / "cost" / "tables"
    assert prices.file_to_update("eu-west-1") == folder / "eu-west-1.json"
