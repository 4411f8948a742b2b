"""The DAGs that Inferform writes, read by Airflow's own parser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inferform.airflow.dags import dag_text, file_name
from inferform.airflow.starts import PipelineRun, RetrainingRun, TrainingDag
from tests.capabilities.record import DEV
from tests.conftest import ROOT

PYTHON = ROOT / ".venv-airflow" / "bin" / "python"

WEEKLY = TrainingDag(
    runs={
        "prepare": PipelineRun(pipeline="fraud", parameters={"Day": "{{ ds }}", "A": "'\"\\"}),
        "train": RetrainingRun(retraining="fraud", parameters={"rows": "5"}),
        "again": RetrainingRun(retraining="shop"),
    },
    schedule="0 3 * * MON",
    timezone="Europe/Berlin",
    max_wait_minutes=90,
)
PIPELINE = TrainingDag(runs={"only": PipelineRun(pipeline="fraud")}, schedule="@daily")
BY_HAND = TrainingDag(runs={"only": RetrainingRun(retraining="fraud")})


def read(folder: Path) -> dict[str, Any]:
    """What Airflow reads in a folder; a database or a configuration of its own has no part in it."""
    if sys.version_info >= (3, 13):
        pytest.skip("no version of Airflow that MWAA has runs on this Python")
    if not (PYTHON.parent.parent / ".ready").exists():
        pytest.fail(".venv-airflow is missing: run make .venv-airflow/.ready", pytrace=False)
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("reading.py"), folder / "dags"],
        env={
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it reads of DAGs of each kind, beside one whose operator is called wrongly."""
    folder = tmp_path_factory.mktemp("airflow")
    texts = {
        file_name(name): dag_text(DEV, name, spec)
        for name, spec in (("weekly", WEEKLY), ("one-pipeline", PIPELINE), ("by-hand", BY_HAND))
    }
    wrong = dag_text(DEV, "wrong", WEEKLY).replace("execution_arn=", "execution=")
    (folder / "dags").mkdir()
    for name, text in {**texts, "wrong.py": wrong}.items():
        (folder / "dags" / name).write_text(text, encoding="utf-8")
    return read(folder)


def test_airflow_reads_each_dag_and_tells_one_that_is_wrong(found: dict[str, Any]) -> None:
    assert {*found["dags"]} == {"weekly", "one-pipeline", "by-hand"}
    assert [*found["errors"]] == ["wrong.py"]
    assert "execution" in found["errors"]["wrong.py"]


def test_its_schedule_and_limits_are_those_that_are_asked_for(found: dict[str, Any]) -> None:
    def told(name: str) -> tuple[str, str, bool, int]:
        dag = found["dags"][name]
        return dag["schedule"], dag["timezone"], dag["catchup"], dag["max_active_runs"]

    assert told("weekly") == ("0 3 * * MON", "Europe/Berlin", False, 1)
    assert told("one-pipeline") == ("0 0 * * *", "UTC", False, 1)
    assert told("by-hand") == ("None", "UTC", False, 1)
    assert found["dags"]["weekly"]["tags"] == ["dev-use1", "inferform"]


def test_its_tasks_start_in_order_and_wait_before_the_next(found: dict[str, Any]) -> None:
    starts, waits = "StepFunctionStartExecutionOperator", "StepFunctionExecutionSensor"
    assert found["dags"]["weekly"]["tasks"] == {
        "prepare": {"class": "SageMakerStartPipelineOperator", "after": [], "retries": 0},
        "prepare_ends": {"class": "SageMakerPipelineSensor", "after": ["prepare"], "retries": 2},
        "train": {"class": starts, "after": ["prepare_ends"], "retries": 0},
        "train_ends": {"class": waits, "after": ["train"], "retries": 2},
        "again": {"class": starts, "after": ["train_ends"], "retries": 0},
        "again_ends": {"class": waits, "after": ["again"], "retries": 2},
    }
