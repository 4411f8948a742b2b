"""Where a function and a serverless endpoint cost the same, and which costs less on either side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from inferform import (
    Context,
    Environment,
    Image,
    Inference,
    LambdaFunction,
    Model,
    Network,
    Registry,
    Repository,
    ServerlessEndpoint,
)
from ops.cli import app
from ops.cost.break_even import BreakEven, Rate, break_evens, crossing
from ops.cost.model import Estimate
from ops.cost.prices import PriceTable, price_table
from ops.cost.written import Costs, as_data, print_costs

PRICES = st.floats(min_value=1e-9, max_value=1e-2)
RATES = st.builds(Rate, PRICES, st.one_of(st.just(0.0), PRICES))


@settings(max_examples=200, deadline=None)
@given(RATES, RATES)
def test_both_cost_the_same_where_they_cross_and_nowhere_else(one: Rate, other: Rate) -> None:
    seconds = crossing(one, other)
    found = BreakEven("fraud", 1024, 1024, one, other)
    if seconds is None:
        sides = {found.cheaper(each) for each in (1e-6, 1e-3, 1.0, 60.0)}
        # Rounding may make two that are almost the same one and the same.
        assert len(sides - {"neither"}) <= 1
        return
    assert one.costs(seconds) == pytest.approx(other.costs(seconds))
    below, above = found.cheaper(seconds * 0.9), found.cheaper(seconds * 1.1)
    assert {below, above} <= {"function", "endpoint", "neither"}
    if "neither" not in (below, above):
        assert below != above


def environment(region: str = "us-east-1") -> Environment:
    model = Model(image=Image(repository="fraud", tag="1"))
    return Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region=region, owner="ml"
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            functions={
                "light": LambdaFunction(model=model, memory_mib=2048),
                "odd": LambdaFunction(model=model, memory_mib=1100, architecture="ARM64"),
                "large": LambdaFunction(model=model, memory_mib=10_240),
            },
            endpoints={"rare": ServerlessEndpoint(model=model, memory_mib=2048)},
        ),
    )


def test_each_function_and_serverless_endpoint_has_its_break_even() -> None:
    found = {each.service: each for each in break_evens(environment(), price_table())}
    assert [*found] == ["rare", "light", "odd"]  # no serverless endpoint has 10 GB
    light = found["light"]
    # 20 cents for a million requests, against 2 GB at the difference of both prices by GB-second.
    assert light.seconds == pytest.approx(2e-7 / (2 * (2e-5 - 1.66667e-5)))
    assert (light.cheaper(0.01), light.cheaper(0.2)) == ("endpoint", "function")
    assert str(light) == (
        "light: a function of 2,048 MiB costs less than a serverless endpoint of 2,048 MiB where "
        "requests take longer than 30 ms, with nothing kept warm"
    )
    assert found["rare"].seconds == light.seconds
    assert (found["odd"].function_mib, found["odd"].endpoint_mib) == (1100, 2048)
    assert found["odd"].function.second == pytest.approx(1.33334e-5 * 1100 / 1024)


def test_the_cost_of_an_environment_says_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [*break_evens(environment(), price_table())]
    costs = Costs(
        environment="dev-use1", region="us-east-1", estimate=Estimate(()), break_evens=found
    )
    (light,) = (each for each in as_data(costs)["break_even"] if each["service"] == "light")
    assert light["seconds"] == found[1].seconds
    print_costs(costs)
    assert "requests take longer than 30 ms" in " ".join(capsys.readouterr().out.split())
    monkeypatch.setattr("ops.commands.cost.environment", lambda _: environment())
    said = json.loads(CliRunner().invoke(app, ["cost", "dev-use1", "--json"]).output)
    assert [each["service"] for each in said["break_even"]] == ["rare", "light", "odd"]


def test_without_both_prices_nothing_is_said(tmp_path: Path) -> None:
    assert [*break_evens(environment(), PriceTable(folder=tmp_path))] == []


def test_one_that_always_costs_less_is_said_to() -> None:
    dear, cheap = Rate(2e-5, 1e-6), Rate(1e-5)
    said = "costs less than {}, however long requests take, with nothing kept warm"
    serverless, function = "a serverless endpoint of 1,024 MiB", "a function of 1,024 MiB"
    assert said.format(function) in str(BreakEven("a", 1024, 1024, dear, cheap))
    assert said.format(serverless) in str(BreakEven("a", 1024, 1024, cheap, dear))
    assert "costs the same as" in str(BreakEven("a", 1024, 1024, cheap, cheap))
    turned = str(BreakEven("a", 1024, 1024, Rate(2e-5), Rate(1e-5, 1e-6)))
    assert (
        f"{serverless} costs less than {function} where requests take longer than 100 ms" in turned
    )
