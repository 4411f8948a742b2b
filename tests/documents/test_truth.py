"""The documents are true of today: numbers are those of the code and of the prices, nothing that is there is
left out, and what was not run on AWS is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from inferform import Observability, Slo, load
from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    LAMBDA,
    POD,
    REALTIME,
    SERVERLESS,
)
from inferform.target import AWS, EMULATOR
from ops.cost.prices import PriceTable
from ops.cost.runs import repeated
from ops.simulate import STARTUP_SECONDS
from ops.status import MOST_RESOURCES
from tests.conftest import ROOT
from tests.cost.test_monitoring import endpoint, monitored

PLACE = "README.md#what-was-run-and-what-was-not"
PAGES = (
    "docs/adopt.md",
    "docs/approval.md",
    "docs/capabilities.md",
    "docs/game-days.md",
    "docs/options.md",
    "docs/peers.md",
    "docs/review.md",
    "docs/simulation.md",
    "docs/state.md",
    "docs/training.md",
)
"""Pages that say what works, and that a reader may take for what was seen on AWS."""


def text(path: str) -> str:
    """A document, as one line."""
    return " ".join((ROOT / path).read_text("utf-8").split())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_first_that_nothing_of_it_was_run_on_aws(path: str) -> None:
    said = text(path).partition(" ## ")[0]
    assert "Nothing on this page has been run on AWS itself" in said
    assert f"](../{PLACE})" in said


def test_the_overview_says_what_was_run_and_by_which_provider() -> None:
    said = text("README.md").partition("## What was run, and what was not ")[2]
    assert said.startswith("Nothing here has been run on AWS itself.")
    assert f"hashicorp/aws {EMULATOR.provider_version}, against the" in said
    oldest = re.match(r">= ([\d.]+)\.0, ", AWS.provider_version)
    assert oldest is not None
    assert f"hashicorp/aws from {oldest[1]} on" in said


def test_the_overview_leads_to_every_module_and_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)\)", text("README.md")))
    pages = {*ROOT.glob("modules/*/README.md"), *ROOT.glob("docs/*.md")}
    assert {str(page.relative_to(ROOT)) for page in pages} - linked == set()


def test_the_demo_makes_as_many_resources_as_the_overview_shows(
    synthesize: Callable[..., Any],
) -> None:
    stacks = synthesize(load(ROOT / "environments").environments["dev-use1"], target=EMULATOR)
    shown = re.findall(r"(dev-use1-\w+) applied (\d+) ", text("README.md"))
    assert [name for name, _ in shown] == ["dev-use1-network", "dev-use1-inference"]
    for name, changes in shown:
        assert sum(map(len, stacks[name]["resource"].values())) == int(changes), name


def test_a_run_of_the_tours_retraining_may_spend_what_its_page_shows() -> None:
    dev = load(ROOT / "examples/tour/environments").environments["dev-use1"]
    said = [each.text for each in repeated(dev, PriceTable())]
    shown = re.search(r"`(retraining/fraud: [^`]+)`", text("docs/training.md"))
    assert shown is not None
    assert shown[1] in said


def usd(key: str) -> float:
    """A price in us-east-1."""
    price = PriceTable().price("us-east-1", key)
    assert price is not None, key
    return price.usd


def test_an_slo_costs_what_the_readme_of_its_module_says() -> None:
    slos = {"fraud": Slo(of="fraud", objective_percent=99.9)}
    without = monitored(**endpoint(), observability=Observability())
    with_slo = monitored(**endpoint(), observability=Observability(slos=slos))
    more = {key: count - without.get(key, 0) for key, count in with_slo.items()}
    monthly = sum(usd(key) * count for key, count in more.items() if count)
    assert f"${monthly:.2f} a month in us-east-1" in text("modules/observability/README.md")


def test_an_idle_environment_of_airflow_costs_what_its_readme_says() -> None:
    monthly = usd("mwaa/environment/small") * 730
    assert f"some ${monthly:.0f} a month in us-east-1" in text("modules/airflow/README.md")


def test_simulation_assumes_the_start_up_times_that_its_page_names() -> None:
    seconds = {kind: str(each) for kind, each in STARTUP_SECONDS.items()}
    assert seconds[REALTIME] == seconds[ASYNCHRONOUS]
    assert seconds[ECS_SERVICE] == seconds[POD]
    assert (
        f"in seconds: real-time and asynchronous endpoints {seconds[REALTIME]}, "
        f"inference components {seconds[COMPONENT]}, "
        f"serverless provisioned concurrency {seconds[SERVERLESS]}, "
        f"ECS tasks and pods {seconds[POD]}, Lambda provisioned concurrency {seconds[LAMBDA]}. "
    ) in text("docs/simulation.md")


def test_groups_are_due_from_as_many_resources_as_the_page_of_states_says() -> None:
    assert f"more than {MOST_RESOURCES} resources" in text("docs/state.md")
