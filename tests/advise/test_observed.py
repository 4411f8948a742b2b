"""What a service that runs got, and what of it does not suit: from a CSV file and from CloudWatch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from inferform import InvocationsPerInstance, Scaling, TargetTracking
from inferform.scaling.kinds import REALTIME
from ops.advise.cloudwatch import observed
from ops.advise.observed import Finding, Observed, Running, findings, read_csv
from ops.aws import Aws
from ops.cli import app
from ops.environments import environments
from ops.errors import BadInputError
from ops.simulate import START, Load, Service


def running(low: int, high: int) -> Running:
    """Instances that serve 20 requests a second each, of which 10 are aimed at."""
    tracking = TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))
    return Running(
        service=Service("fraud", REALTIME, 20, 300, low, 0.05),
        scaling=Scaling(min_capacity=low, max_capacity=high, policies=[tracking]),
        aim=10,
        usd_per_hour=0.1,
    )


def found(rates: list[float], low: int, high: int, *used: float) -> dict[str, Finding]:
    """What is found of rates by the hour."""
    load = Load("measured", tuple(rate for rate in rates for _ in range(60)), 60, START)
    utilization = used * len(load.rates) if len(used) == 1 else used
    measured = Observed(load, tuple(utilization))
    return {each.what: each for each in findings(running(low, high), measured)}


DAY = [5.0] * 24


def test_bounds_that_suit_are_left_alone() -> None:
    assert found(DAY, 1, 3, 50.0) == {}
    assert found([5.0] * 12 + [25.0] * 12, 1, 3, 50.0) == {}


def test_a_maximum_below_what_comes_is_told_with_its_cost() -> None:
    told = found([5.0] * 12 + [45.0] * 12, 1, 3)
    short = told["the maximum is too low"]
    assert short.change == "max_capacity=5"
    assert "50.0% of the time" in short.evidence
    # Two instances more for half of the time.
    assert short.saved == pytest.approx(-0.1 * 730, rel=0.05)


def test_a_minimum_above_what_the_quiet_hours_need_is_told_with_its_saving() -> None:
    told = found([5.0] * 12 + [25.0] * 12, 3, 6)["the minimum is too high"]
    assert told.change.startswith("min_capacity=1")
    assert told.saved == pytest.approx(0.1 * 730, rel=0.1)
    assert found(DAY, 2, 6)["the minimum is too high"].saved == pytest.approx(73, rel=0.02)


def test_idle_hours_and_instances_without_work_are_told() -> None:
    idle = found([0.0] * 12 + [5.0] * 12, 1, 2)["it is idle for hours"]
    assert idle.evidence.startswith("12.0 hours")
    assert idle.saved == pytest.approx(0.1 * 730 / 2)
    assert "it is idle for hours" not in found([0.0] * 3 + [5.0] * 21, 1, 2)
    assert "its instances have little to do" in found(DAY, 1, 2, 4.0)
    busy = found(DAY, 1, 2, 93.0)["its instances have too much to do"]
    assert busy.saved is None


def test_a_file_that_is_no_measurement_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    for text, said in (
        ("time,rate\n0,1\n60,x\n", "m.csv:3"),
        ("time,rate\n0,1\n60,-1\n", "m.csv:3"),
        ("time,rate\n0,1\n", "as far apart"),
        ("time,rate\n0,1\n60,1\n180,1\n", "as far apart"),
        ("time,rate\n0,1\n30,1\n", "whole minutes"),
        ("0,1\n300,2\n600,2\n", "m.csv:1: must be a header, got '0,1'"),
        ("2026-03-29T08:00:00Z,1\n2026-03-29T08:05:00Z,2\n", "m.csv:1: must be a header"),
        ("time,rate\n0,1\n60000,1\n120000,1\n", "an hour apart at most, got 60000 seconds"),
        ("time,rate,cpu\n0,1,20\n300,2,340\n", "m.csv:3: utilization must be at most 100"),
        ("time,rate\n2026-03-29T08:00:00Z,1\n300,1\n", "m.csv:3"),
        ("time,rate\n0,1\n2026-03-29T08:00:00Z,1\n", "m.csv:3"),
        ("", "as far apart"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(BadInputError) as error:
            read_csv(file)
        assert said in str(error.value), text
    file.write_text("time,rate,cpu\n0,1,20\n300,2,40\n", encoding="utf-8")
    read = read_csv(file)
    assert (read.load.rates, read.utilization) == ((1, 2), (20, 40))
    # The hour that clocks leave out in Berlin is none in time.
    dated = "2026-03-29T01:30:00+01:00,1,20\n2026-03-29T03:30:00+02:00,2,\n2026-03-29T02:30:00Z,2\n"
    file.write_text(f"time,rate,cpu\n{dated}", encoding="utf-8")
    again = read_csv(file)
    assert (again.load.step_seconds, again.load.rates) == (3600, (1, 2, 2))
    # What was not measured is no 0.
    assert [*again.utilization] == [20]
    assert again.load.start.isoformat() == "2026-03-29T01:30:00+01:00"


def test_less_than_a_day_says_nothing_of_quiet_and_idle_hours(tmp_path: Path) -> None:
    assert found([0.0] * 23, 3, 6) == {}
    told = {*found([0.0] * 24, 3, 6)}
    assert told == {"the minimum is too high", "it is idle for hours"}
    # What was too little in it was too little.
    assert [*found([45.0] * 2, 1, 3)] == ["the maximum is too low"]
    file = tmp_path / "m.csv"
    file.write_text("time,rate\n0,0\n300,0\n", encoding="utf-8")
    run = CliRunner().invoke
    data = json.loads(
        run(app, ["advise", "prod-euw1", "fraud", "--csv", str(file), "--json"]).output
    )
    assert (data["idle_hours_a_day"], data["hours_measured"]) == (None, 0.17)
    text = run(app, ["advise", "prod-euw1", "fraud", "--csv", str(file)]).output
    assert "in 0.2 hours, which say nothing of quiet and idle ones" in " ".join(text.split())


def test_the_command_judges_a_service_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    rows = [f"{hour * 3600},{0 if hour % 24 < 14 else 2},{3}" for hour in range(48)]
    file.write_text("time,rate,cpu\n" + "\n".join(rows), encoding="utf-8")
    run = CliRunner().invoke
    answer = run(app, ["advise", "prod-euw1", "fraud", "--csv", str(file), "--json"])
    assert answer.exit_code == 0, answer.output
    data = json.loads(answer.output)
    told = {each["what"]: each for each in data["findings"]}
    assert data["idle_hours_a_day"] == 14
    assert {"the minimum is too high", "it is idle for hours"} <= set(told)
    assert told["the minimum is too high"]["saved_usd_a_month"] > 100
    assert "serverless" not in told.get("another option costs less", {}).get("evidence", "")
    text = run(app, ["advise", "prod-euw1", "fraud", "--csv", str(file)]).output
    assert "idle hours a day (m.csv)" in text
    error = run(app, ["advise", "prod-euw1"]).exception
    assert isinstance(error, BadInputError)
    assert "ENV SERVICE" in str(error)


@mock_aws  # type: ignore[untyped-decorator]
def test_cloudwatch_tells_requests_and_utilization_of_an_instance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    environment = environments().environments["dev-use1"]
    (service,) = (each for each in environment.deployed if each.name == "fraud")
    (part,) = service.spec.watched(service.place)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    # The account is that of the environment's role.
    aws = Aws(environment.context)
    client: Any = aws.client("cloudwatch")
    dimensions = [{"Name": k, "Value": str(v)} for k, v in part.dimensions.items()]
    for namespace, metric, value in (
        ("AWS/SageMaker", "Invocations", 600.0),
        # Of two vCPUs together.
        ("/aws/sagemaker/Endpoints", "CPUUtilization", 90.0),
    ):
        client.put_metric_data(
            Namespace=namespace,
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": dimensions,
                    "Timestamp": now - timedelta(hours=hour + 1),
                    "Value": value,
                }
                for hour in range(6)
            ],
        )
    read = observed(service, aws, days=1, now=now)
    assert sum(read.load.rates) * 300 == pytest.approx(6 * 600)
    assert max(read.load.rates) == pytest.approx(2)
    assert max(read.utilization) == pytest.approx(45)
    # It was not there before, and not idle.
    assert len(read.load.rates) == 72
    assert read.load.start == now - timedelta(hours=6)
    assert len(read.utilization) == 6
    assert min(read.utilization) == pytest.approx(45)
    assert read.idle_hours is None
    with pytest.raises(BadInputError, match="has no requests of endpoint/fraud"):
        observed(service, aws, days=1, now=now + timedelta(days=9))
