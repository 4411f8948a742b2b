"""What schedules start in a month, as the operator sees it before anything is deployed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    ArtifactBucket,
    BatchTransform,
    Channel,
    Context,
    DataCapture,
    DriftMonitor,
    Environment,
    Image,
    Inference,
    IntegerRange,
    Model,
    Network,
    OnSchedule,
    OnUpload,
    ProcessingJob,
    RealtimeEndpoint,
    Registry,
    Repository,
    Retraining,
    Scaling,
    Spot,
    Training,
    TrainingJob,
    Tuning,
)
from inferform.usage import Start
from ops.cli import app
from ops.cost.prices import PriceTable
from ops.cost.runs import cost_of, repeated, times
from ops.errors import BadInputError
from ops.simulated_runs import simulated

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
IMAGE = Image(repository="fraud", tag="1")
TABLE = PriceTable()
JOB = TrainingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    channels={"train": Channel(uri="data/")},
    max_runtime_seconds=7200,
    metrics={"auc": "auc=(.*)"},
)


def at(expression: str, **more: Any) -> list[OnSchedule]:
    return [OnSchedule(schedule=expression, **more)]


def environment(
    retrainings: dict[str, Retraining],
    monitors: dict[str, DriftMonitor] | None = None,
    batch: dict[str, BatchTransform] | None = None,
) -> Environment:
    endpoint = RealtimeEndpoint(
        model=Model(image=IMAGE, artifact="fraud/1/model.tar.gz"),
        instance_type="ml.m5.large",
        data_capture=DataCapture(),
        scaling=Scaling(min_capacity=1, max_capacity=2),
    )
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(
            repositories={"fraud": Repository()}, artifacts=ArtifactBucket(send_events=True)
        ),
        inference=Inference(endpoints={"scores": endpoint}, batch=batch or {}),
        training=Training(retrainings=retrainings, monitors=monitors or {}),
    )


def usd(key: str) -> float:
    found = TABLE.price("us-east-1", key)
    assert found is not None
    return found.usd


def test_runs_hours_and_cost_are_those_of_the_schedules() -> None:
    nightly = Retraining(train=JOB, triggers=at("cron(0 2 * * ? *)"))
    month = simulated(environment({"fraud": nightly}), TABLE)
    (fraud,) = month.scheduled
    assert (fraud.service, len(fraud.starts), fraud.hours) == ("retraining/fraud", 30, 60)
    assert fraud.most_usd == pytest.approx(60 * usd("sagemaker/training/ml.m5.xlarge"))
    assert fraud.least_usd == fraud.most_usd
    assert month.total == (fraud.least_usd, fraud.most_usd)
    assert month.collisions == ()
    assert month.peaks == {"sagemaker/training/ml.m5.xlarge": 1}


def test_spot_makes_it_a_range() -> None:
    spot = Retraining(
        train=JOB.replace(spot=Spot(max_wait_seconds=7200)), triggers=at("rate(7 days)")
    )
    (fraud,) = simulated(environment({"fraud": spot}), TABLE).scheduled
    assert fraud.most_usd is not None
    assert fraud.least_usd == pytest.approx(fraud.most_usd / 10)


def test_two_schedules_and_a_zone_count_each_time() -> None:
    twice = Retraining(
        train=JOB,
        triggers=[*at("cron(0 2 * * ? *)"), *at("cron(0 2 * * ? *)", timezone="Asia/Tokyo")],
    )
    (fraud,) = simulated(environment({"fraud": twice}), TABLE).scheduled
    assert len(fraud.starts) == 60


def test_runs_that_may_overlap_and_runs_of_one_minute_are_named() -> None:
    hourly = Retraining(train=JOB, triggers=at("cron(0 * * * ? *)"))
    other = Retraining(train=JOB, triggers=at("cron(0 2 * * ? *)"))
    found = environment({"fraud": hourly, "churn": other})
    month = simulated(found, TABLE, lasts=timedelta(days=1))
    overlaps = [each for each in month.collisions if each.why.startswith("starts again")]
    assert len(overlaps) == 23
    (minute,) = [each for each in month.collisions if each.why == "begin in the same minute"]
    assert minute.services == ("retraining/churn", "retraining/fraud")
    assert (minute.time.hour, minute.time.minute) == (2, 0)
    # Two runs of the hourly one at a time, and the nightly one beside them.
    assert month.peaks == {"sagemaker/training/ml.m5.xlarge": 3}
    # One that ends when the next begins is no overlap.
    exact = Retraining(train=JOB, triggers=at("cron(0 0/2 * * ? *)"))
    assert simulated(environment({"fraud": exact}), TABLE).collisions == ()


def test_schedules_that_are_spread_do_not_meet() -> None:
    each = Retraining(train=JOB, triggers=at("cron(0 2 * * ? *)", spread_minutes=60))
    month = simulated(environment({"fraud": each, "churn": each}), TABLE)
    assert month.collisions == ()


def test_a_tuning_has_its_parallel_jobs_at_once() -> None:
    tuned = Tuning(
        job=JOB,
        objective="auc",
        ranges={"depth": IntegerRange(minimum=1, maximum=9)},
        max_jobs=8,
        max_parallel_jobs=4,
    )
    spec = Retraining(train=tuned, triggers=at("cron(0 2 * * ? *)"))
    month = simulated(environment({"fraud": spec}), TABLE, lasts=timedelta(days=1))
    assert month.peaks == {"sagemaker/training/ml.m5.xlarge": 4}
    (fraud,) = month.scheduled
    assert (fraud.hours, fraud.lasts) == (16, timedelta(hours=4))


def test_monitors_and_batch_transforms_run_too() -> None:
    monitor = DriftMonitor(endpoint="scores", image=IMAGE, baseline="data/")
    batch = BatchTransform(
        model=Model(image=IMAGE, artifact="fraud/1/model.tar.gz"),
        instance_type="ml.m5.large",
        trigger=OnSchedule(schedule="cron(0 5 * * ? *)"),
    )
    by_hand = Retraining(train=JOB, triggers=[OnUpload(prefix="incoming/")])
    found = environment({"fraud": by_hand}, {"drift": monitor}, {"nightly": batch})
    month = simulated(found, TABLE)
    runs = {each.service: each for each in month.scheduled}
    assert set(runs) == {"monitor/drift", "batch/nightly"}
    # Nothing stops a transform job.
    assert (runs["batch/nightly"].hours, runs["batch/nightly"].most_usd) == (None, None)
    assert month.total == (None, None)
    assert month.unscheduled == ("retraining/fraud",)
    assert "sagemaker/transform/ml.m5.large" not in month.peaks
    assert (
        "no schedule starts it"
        in {e.service: e.text for e in repeated(found, TABLE)}["retraining/fraud"]
    )


def test_what_does_not_run_again_is_refused() -> None:
    with pytest.raises(BadInputError, match="has nothing named scores"):
        simulated(environment({}), TABLE, service="scores")


def test_what_is_no_expression_starts_nothing() -> None:
    assert times(Start("sometimes")) == []
    assert len(times(Start("rate(1 day)"))) == 30


def test_a_processing_job_is_priced_as_one() -> None:
    spec = Retraining(
        prepare=ProcessingJob(image=IMAGE, instance_type="ml.m5.large", max_runtime_seconds=1800),
        train=JOB,
    )
    prepare, _ = cost_of(spec.run_parts(), "us-east-1", TABLE)
    assert prepare.most_usd == pytest.approx(usd("sagemaker/processing/ml.m5.large") / 2)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Environment:
    nightly = Retraining(train=JOB, triggers=at("cron(0 2 * * ? *)"))
    found = environment({"fraud": nightly})
    for command in ("simulate", "cost"):
        monkeypatch.setattr(f"ops.commands.{command}.environment", lambda _: found)
    return found


@pytest.mark.parametrize("name", ["runs", "fraud", "retraining/fraud"])
def test_the_command_shows_the_month(project: Environment, name: str) -> None:
    done = CliRunner().invoke(app, ["simulate", "dev-use1", name, "--json"])
    assert done.exit_code == 0, done.output
    month = json.loads(done.stdout)
    assert [(each["service"], each["runs"]) for each in month["scheduled"]] == [
        ("retraining/fraud", 30)
    ]
    assert month["most_usd"] == pytest.approx(60 * usd("sagemaker/training/ml.m5.xlarge"))
    text = CliRunner().invoke(app, ["simulate", "dev-use1", name]).stdout
    assert "Spot takes off is AWS's claim" in " ".join(text.split())


def test_a_week_from_a_day_is_a_week(project: Environment) -> None:
    args = [
        "simulate",
        "dev-use1",
        "runs",
        "--json",
        "--hours",
        "168",
        "--start",
        "2026-03-01T00:00",
    ]
    month = json.loads(CliRunner().invoke(app, args).stdout)
    assert (month["scheduled"][0]["runs"], month["begin"][:10]) == (7, "2026-03-01")


@pytest.mark.parametrize(
    ("args", "said"),
    [(["--peak", "3"], "--peak is for what scales"), (["--hours", "0"], "is no time")],
)
def test_what_is_for_what_scales_is_refused(
    project: Environment, args: list[str], said: str
) -> None:
    done = CliRunner().invoke(app, ["simulate", "dev-use1", "runs", *args])
    assert done.exit_code != 0
    assert said in str(done.exception or done.output)


def test_the_cost_of_an_environment_says_what_runs_may_spend(project: Environment) -> None:
    done = CliRunner().invoke(app, ["cost", "dev-use1", "--json"])
    (run,) = json.loads(done.stdout)["runs"]
    assert (run["service"], run["runs_in_30_days"]) == ("retraining/fraud", 30)
    assert run["most_usd"] == pytest.approx(2 * usd("sagemaker/training/ml.m5.xlarge"))
    text = " ".join(CliRunner().invoke(app, ["cost", "dev-use1"]).stdout.split())
    assert "retraining/fraud: a run may spend up to $" in text
