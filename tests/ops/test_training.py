"""What a run of a retraining may cost, and what is asked before one is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    Channel,
    Image,
    IntegerRange,
    ProcessingJob,
    Retraining,
    Spot,
    TrainingJob,
    Tuning,
)
from ops.cli import app
from ops.commands import named_values
from ops.commands.training import _told
from ops.cost.prices import PriceTable
from ops.cost.runs import cost_of_run, total
from ops.errors import BadInputError
from ops.kinds.training import asked_of, quotas, usage

IMAGE = Image(repository="fraud", tag="1")
JOB = TrainingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    channels={"train": Channel(uri="data/")},
    instance_count=2,
    max_runtime_seconds=7200,
    metrics={"auc": "auc=(.*)"},
)
TABLE = PriceTable()


def price(key: str) -> float:
    found = TABLE.price("us-east-1", key)
    assert found is not None
    return found.usd


def test_a_run_costs_at_most_what_its_jobs_do_until_they_are_stopped() -> None:
    spec = Retraining(
        prepare=ProcessingJob(image=IMAGE, instance_type="ml.m5.large", max_runtime_seconds=1800),
        train=JOB,
    )
    costs = cost_of_run(spec, "us-east-1", TABLE)
    hour = price("sagemaker/training/ml.m5.xlarge")
    assert [each.most_usd for each in costs] == pytest.approx(
        [0.5 * price("sagemaker/processing/ml.m5.large"), 4 * hour]
    )
    least, most = total(costs)
    assert least == most
    assert costs[1].words == "2 ml.m5.xlarge for up to 2 h"


def test_spot_is_a_range_and_never_a_promise() -> None:
    spec = Retraining(train=JOB.replace(spot=Spot(max_wait_seconds=7200)))
    (train,) = cost_of_run(spec, "us-east-1", TABLE)
    most = 4 * price("sagemaker/training/ml.m5.xlarge")
    assert (train.least_usd, train.most_usd) == pytest.approx((most / 10, most))
    assert train.words == "2 ml.m5.xlarge Spot for up to 2 h"
    assert "where Spot takes off the most" in _told([train])


def test_a_tuning_costs_all_of_its_jobs() -> None:
    ranges: dict[str, Any] = {"depth": IntegerRange(minimum=1, maximum=9)}
    tuned = Tuning(job=JOB, objective="auc", ranges=ranges, max_jobs=8)
    (train,) = cost_of_run(Retraining(train=tuned), "us-east-1", TABLE)
    assert train.most_usd == pytest.approx(8 * 4 * price("sagemaker/training/ml.m5.xlarge"))


def test_a_price_that_is_not_known_is_not_nothing() -> None:
    costs = cost_of_run(Retraining(train=JOB), "us-east-1", PriceTable(folder=None))
    assert total(costs) == (None, None)
    assert "not known" in _told(costs)


def machine(*states: dict[str, Any]) -> dict[str, Any]:
    return {"definition": json.dumps({"States": {f"S{n}": s for n, s in enumerate(states)}})}


def training(**fields: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {
            "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
            **fields,
        },
    }


def test_the_instances_of_a_run_are_asked_of_the_quota_of_their_kind() -> None:
    spot = training(EnableManagedSpotTraining=True)
    tune = {
        "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
        "Parameters": {
            "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 3}},
            "TrainingJobDefinition": training()["Parameters"],
        },
    }
    process = {
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {"ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}}},
    }
    values = machine(training(), spot, tune, process, {"Type": "Pass"})
    assert [(each.name, each.amount) for each in quotas(values)] == [
        ("ml.m5.xlarge for training job usage", 2),
        ("ml.m5.xlarge for spot training job usage", 2),
        ("ml.m5.xlarge for training job usage", 6),
        ("ml.m5.large for processing job usage", 1),
    ]
    assert [each.key for each in usage(values, "fraud")][-1] == "sagemaker/processing/ml.m5.large"
    for none in ("", "no json", "[]", '{"States": []}', '{"States": {"a": 1}}'):
        assert asked_of({"definition": none}) == []


def test_parameters_are_written_by_name() -> None:
    assert named_values(["rounds=20", "where=a=b", "empty="], "parameter", "rounds=20") == {
        "rounds": "20",
        "where": "a=b",
        "empty": "",
    }
    with pytest.raises(BadInputError, match="is no parameter"):
        named_values(["rounds"], "parameter", "rounds=20")


def test_nothing_is_started_that_the_environment_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    text = (
        "from inferform import *\n"
        'tried = Environment(context=Context(organization="acme", stage="tried", account="111122223333", '
        'region="us-east-1", owner="ml"), network=Network(cidr="10.20.0.0/16"), registry=Registry())\n'
    )
    (folder / "tried.py").write_text(text, "utf-8")
    # Not the repository's own.
    monkeypatch.setattr("ops.environments.ROOT", tmp_path)
    done = CliRunner().invoke(app, ["train", "tried-use1", "fraud", "--auto-approve"])
    assert done.exit_code != 0
    assert "tried-use1 has no retraining fraud" in str(done.exception or done.output)
