"""Savings Plans: what cost subtracts for those that exist, and what one would save."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from inferform import RULES, Commitment, SpecError
from inferform.usage import Amount, Usage
from ops.cli import app
from ops.cost.commitments import covered, net, offers, subtracted
from ops.cost.loads import Hours
from ops.cost.model import Estimate
from ops.cost.prices import price_table
from ops.environments import environments
from ops.plan import Plan, read_plan
from ops.program import Program, Stacks
from ops.review.reviewing import _commitments, costs_of
from ops.terraform import Stack
from tests.review.plans import changed, plan_of

HOURLY = 0.115
"""An ml.m5.large in us-east-1."""


def instances(amount: Amount, *more: Usage) -> Estimate:
    usage = Usage("fraud", "sagemaker/hosting/ml.m5.large", amount)
    return price_table().estimate("us-east-1", [usage, *more])


def plan(usd: float, discount: float = 30.0, kind: str = "sagemaker") -> Commitment:
    return Commitment(kind=kind, usd_per_hour=usd, discount_percent=discount)  # type: ignore[arg-type]


def test_a_commitment_is_paid_whether_it_is_used_or_not() -> None:
    before = instances(Amount(1, 4, 8))
    # It covers the price of two instances, at seven tenths.
    after = subtracted(before, [plan(2 * HOURLY * 0.7)])
    saved = before.total - after.total
    assert saved.expected / 730 == pytest.approx(2 * HOURLY * 0.3)
    assert saved.maximum / 730 == pytest.approx(2 * HOURLY * 0.3)
    # With one instance half of it is for nothing.
    assert saved.minimum / 730 == pytest.approx(HOURLY - 2 * HOURLY * 0.7)
    assert saved.minimum < 0


def test_a_second_commitment_covers_what_the_first_leaves() -> None:
    before = instances(Amount(3, 3, 3))
    one = plan(2 * HOURLY * 0.7)
    after = subtracted(before, [one, one])
    saved = (before.total - after.total).expected / 730
    assert saved == pytest.approx(2 * HOURLY * 0.3 + HOURLY - 2 * HOURLY * 0.7)


def test_a_plan_covers_its_own_kind_and_neither_disks_nor_spot_nor_requests() -> None:
    estimate = instances(
        Amount(1, 1, 1),
        Usage("fraud", "sagemaker/storage", Amount(9, 9, 9)),
        Usage("fraud", "sagemaker/serverless/2048", Amount(9, 9, 9)),
        Usage("nodes", "ec2/m5.large", Amount(1, 1, 1)),
        Usage("tasks", "fargate/x86_64/vcpu", Amount(1, 1, 1)),
        Usage("tasks", "fargate-spot/x86_64/vcpu", Amount(1, 1, 1)),
        Usage("tasks", "fargate/ephemeral-storage", Amount(1, 1, 1)),
        Usage("light", "lambda/x86_64/gb-second", Amount(1, 1, 1)),
        Usage("light", "lambda/request", Amount(1, 1, 1)),
    )
    assert [line.usage.key for line in covered(estimate, "sagemaker")] == [
        "sagemaker/hosting/ml.m5.large"
    ]
    assert [line.usage.key for line in covered(estimate, "compute")] == [
        *("ec2/m5.large", "fargate/x86_64/vcpu", "lambda/x86_64/gb-second")
    ]


@given(
    spend=st.lists(st.floats(0, 100), min_size=1, max_size=40),
    reached=st.floats(0.01, 100),
    discount=st.floats(0.01, 0.72),
)
def test_a_plan_of_what_is_always_reached_never_loses(
    spend: list[float], reached: float, discount: float
) -> None:
    always = min(spend)
    for hour in spend:
        assert net(hour, always * (1 - discount), discount) <= hour + 1e-9
        # Nothing costs less than the discount off all of it.
        assert net(hour, reached * (1 - discount), discount) >= hour * (1 - discount) - 1e-9


def test_offers_follow_the_hours_of_the_load_and_the_mean_is_none() -> None:
    # Twelve hours with two instances, twelve with eight.
    hours = {"endpoint/fraud": Hours("endpoint/fraud", [0.0] * 12 + [1.0] * 12)}
    estimate = instances(Amount(2, 5, 8))
    found = offers(estimate, hours, {"fraud": "endpoint/fraud"}, 0.3)
    least, most = found[0], found[-1]
    assert least.usd_per_hour == pytest.approx(2 * HOURLY * 0.7)
    assert least.used_percent == pytest.approx(100)
    assert least.saved == pytest.approx(2 * HOURLY * 0.3 * 730)
    # What half of the hours reach is eight instances, which the others pay for in vain.
    assert most.usd_per_hour == pytest.approx(8 * HOURLY * 0.7)
    assert most.used_percent == pytest.approx(62.5)
    assert most.saved < 0
    mean = 5 * HOURLY * 0.7
    assert all(each.usd_per_hour != pytest.approx(mean) for each in found)
    assert offers(Estimate(()), {}, {}, 0.3) == []


def test_what_is_covered_already_is_not_offered_again() -> None:
    hours = {"endpoint/fraud": Hours("endpoint/fraud", [0.0] * 12 + [1.0] * 12)}
    names = {"fraud": "endpoint/fraud"}
    estimate = instances(Amount(2, 5, 8))

    def further(*bought: Commitment) -> list[float]:
        found = offers(estimate, hours, names, 0.3, bought)
        return [round(each.usd_per_hour / HOURLY / 0.7, 6) for each in found if each.saved > 0]

    assert further() == [2]
    # Those in all hours are bought; what is left is there in half of them, and saves nothing.
    assert further(plan(2 * HOURLY * 0.7)) == []
    assert further(plan(1 * HOURLY * 0.7)) == [1]
    assert offers(estimate, hours, names, 0.3, [plan(8 * HOURLY * 0.7)]) == []
    # One of the other kind covers none of it.
    assert further(plan(2 * HOURLY * 0.7, kind="compute")) == [2]


def test_the_command_says_what_a_plan_would_save_and_buys_nothing(tmp_path: Path) -> None:
    load = tmp_path / "load.toml"
    load.write_text('[services.fraud]\nload = "daily"\npeak = 60\n', encoding="utf-8")
    run = CliRunner().invoke
    answer = run(app, ["cost", "dev-use1", "--load", str(load), "--commitment", "30"])
    assert answer.exit_code == 0, answer.output
    assert "a sagemaker Savings Plan of $0.08" in answer.output
    assert "saves" in answer.output
    assert "nothing is bought here" in answer.output
    assert run(app, ["cost", "dev-use1", "--commitment", "90"]).exit_code == 2


def test_the_command_subtracts_the_plans_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = environments().environments["dev-use1"]
    with_plan = environment.replace(commitments=[plan(0.0805)])
    monkeypatch.setattr("ops.commands.cost.environment", lambda _: with_plan)
    run = CliRunner().invoke
    data = json.loads(run(app, ["cost", "dev-use1", "--by", "service", "--json"]).output)
    groups = {each["name"]: each["monthly"] for each in data["groups"]}
    # One instance is all that the plan covers, and the fewest that there are.
    assert groups["commitments"]["minimum"] == pytest.approx(-0.3 * HOURLY * 730, abs=0.01)
    for figure, total in data["monthly"].items():
        assert sum(each[figure] for each in groups.values()) == pytest.approx(total, abs=0.03)
    assert "without other Savings Plans" in data["assumptions"][0]
    text = run(app, ["cost", "dev-use1"]).output
    assert "with a sagemaker Savings Plan of $0.0805 an hour" in text


@pytest.mark.parametrize(
    ("ends_on", "is_in_force"),
    [(None, True), ("2026-06-16", True), ("2026-06-15", True), ("2026-06-14", False)],
)
def test_a_plan_is_subtracted_until_its_last_day(
    monkeypatch: pytest.MonkeyPatch, ends_on: str | None, is_in_force: bool
) -> None:
    monkeypatch.setattr("ops.days.today", lambda: date(2026, 6, 15))
    monkeypatch.setattr("ops.review.reviewing.today", lambda: date(2026, 6, 15))
    bought = plan(0.0805).replace(ends_on=ends_on)
    environment = environments().environments["dev-use1"].replace(commitments=[bought])
    monkeypatch.setattr("ops.commands.cost.environment", lambda _: environment)
    run = CliRunner().invoke
    data = json.loads(run(app, ["cost", "dev-use1", "--by", "service", "--json"]).output)
    assert ("commitments" in {each["name"] for each in data["groups"]}) == is_in_force
    text = " ".join(run(app, ["cost", "dev-use1"]).output.split())
    ended = f"without a sagemaker Savings Plan of $0.0805 an hour, which has ended on {ends_on}"
    assert (ended in text) != is_in_force
    assert ("with a sagemaker Savings Plan of $0.0805 an hour" in text) == is_in_force
    synthesis = Stacks(Program(), (), {"dev-use1": environment})
    assert bool(_commitments(synthesis, [], ())) == is_in_force


def test_a_review_of_a_whole_environment_subtracts_them_and_one_of_a_part_does_not(
    tmp_path: Path,
) -> None:
    def planned(count: int) -> Plan:
        kind = "aws_sagemaker_endpoint"
        variants = [
            {"instance_type": "ml.m5.large", "initial_instance_count": n, "variant_name": "v"}
            for n in (1, count)
        ]
        configurations = [{"name": "c", "production_variants": [each]} for each in variants]
        endpoint = {"name": "fraud", "endpoint_config_name": "c"}
        text = plan_of(
            changed(f"{kind}_configuration.c", ["update"], *configurations),
            changed(f"{kind}.fraud", ["update"], endpoint, endpoint),
        )
        return replace(read_plan(text), environment="dev-use1", region="us-east-1")

    def difference(count: int, **more: Any) -> float:
        (cost,) = costs_of([planned(count)], **more)
        return cost.difference.expected / 730

    bought = {"dev-use1": [plan(2 * HOURLY * 0.7)]}
    assert difference(2) == pytest.approx(HOURLY)
    # The second instance is paid already, and a third is not.
    assert difference(2, commitments=bought) == pytest.approx(0, abs=1e-9)
    assert difference(3, commitments=bought) == pytest.approx(HOURLY)
    assert difference(2, commitments={"prod-euw1": bought["dev-use1"]}) == pytest.approx(HOURLY)

    environment = environments().environments["dev-use1"]
    with_plan = environment.replace(commitments=bought["dev-use1"])
    stacks = []
    for layer in ("network", "inference"):
        folder = tmp_path / layer
        folder.mkdir()
        said = {"metadata": {"inferform": {"environment": "dev-use1", "layer": layer}}}
        (folder / "cdk.tf.json").write_text(json.dumps({"//": said}), encoding="utf-8")
        stacks.append(Stack(f"dev-use1-{layer}", folder, ()))
    known = {"dev-use1": with_plan}
    synthesis = Stacks(Program(), tuple(stacks), known)
    assert [*_commitments(synthesis, stacks, ())] == ["dev-use1"]
    assert not _commitments(synthesis, stacks[:1], ())
    assert not _commitments(synthesis, stacks, {"dev-use1"})


def test_every_rule_of_commitments_is_tried() -> None:
    tried = set()
    for fields in (
        {"usd_per_hour": 0},
        {"discount_percent": 73},
        {"ends_on": "2027-13-01"},
    ):
        with pytest.raises(SpecError) as error:
            Commitment(
                **{"kind": "compute", "usd_per_hour": 1, "discount_percent": 20, **fields}  # type: ignore[arg-type]
            )
        tried |= {problem.rule for problem in error.value.problems}
    assert {rule for rule in RULES if rule.startswith("CMT")} == tried
