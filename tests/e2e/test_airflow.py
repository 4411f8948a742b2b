"""An environment of Airflow on the emulator by Terraform: made, changed, judged and destroyed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.own import existing
from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.review.stories import tell
from ops.verify import verify

from .hosting import client
from .program import Life, actions

pytestmark = pytest.mark.story("one environment is deployed, changed and destroyed")

STACK = "dev-use1-orchestration"
NAME = "acme-dev-use1-main-airflow"

TEXT = """
from inferform import *

V = {values!r}
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
train = TrainingJob(
    image=image, instance_type="ml.m5.xlarge", vpc=False,
    channels={{"train": Channel(uri="data/fraud/")}},
)
dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(),
    training=Training(
        pipelines={{"fraud": Pipeline(steps={{"Train": TrainingStep(training=train)}})}},
        retrainings={{"fraud": Retraining(train=train)}},
    ),
    orchestration=Orchestration(
        airflow={{
            "main": AirflowEnvironment(
                airflow_version=V["version"],
                environment_class=V["class"],
                capacity=AirflowCapacity(max_workers=V["workers"]),
                training_dags={{
                    "weekly": TrainingDag(
                        runs={{
                            "pipeline": PipelineRun(pipeline="fraud"),
                            "retraining": RetrainingRun(retraining="fraud"),
                        }},
                        schedule=V["schedule"],
                    )
                }},
                dags=V["dags"],
                requirements=V["requirements"],
                plugins={{"tools.py": V["plugin"]}},
                startup_script="export STAGE=dev\\n",
                configuration=V["options"],
                log_level=V["level"],
                log_retention_days=V["days"],
            )
        }}
    ),
)
"""
FIRST: dict[str, Any] = {
    "version": "2.10.3",
    "class": "mw1.small",
    "workers": 5,
    "schedule": "@daily",
    "dags": {"own/hello.py": "from airflow import DAG\n"},
    "requirements": "--constraint /usr/local/airflow/c.txt\npandas==2.2.3\n",
    "plugin": "LIMIT = 1\n",
    "options": {"core.parallelism": "32"},
    "level": "INFO",
    "days": 30,
}
SECOND = {
    "version": "2.11.0",
    "class": "mw1.medium",
    "workers": 3,
    "schedule": "@weekly",
    "dags": {"own/other.py": "from airflow import DAG\n"},
    "requirements": "--constraint /usr/local/airflow/c.txt\npandas==2.2.4\n",
    "plugin": "LIMIT = 2\n",
    "options": {"core.parallelism": "16"},
    "level": "DEBUG",
    "days": 7,
}


def write(life: Life, **changes: Any) -> None:
    life.write(TEXT.format(values={**FIRST, **changes}))


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    found = Life(tmp_path_factory.mktemp("airflow"), emulator)
    write(found)
    found.bootstrap()
    found.deploy("dev-use1-network", "dev-use1-registry", STACK)
    return found


def environment(life: Life) -> Any:
    return client(life.emulator, "mwaa").get_environment(Name=NAME)["Environment"]


def files(life: Life) -> dict[str, bytes]:
    s3 = client(life.emulator, "s3")
    bucket = f"{NAME}-123456789012"
    return {
        each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        for each in s3.list_objects_v2(Bucket=bucket)["Contents"]
    }


def test_an_environment_is_made_and_plans_empty(life: Life) -> None:
    assert life.plan_status(STACK) == 0
    made = environment(life)
    assert (made["Status"], made["AirflowVersion"]) == ("AVAILABLE", "2.10.3")
    assert {*files(life)} == {
        "airflow/dags/inferform_weekly.py",
        "airflow/dags/own/hello.py",
        "airflow/plugins.zip",
        "airflow/requirements.txt",
        "airflow/startup.sh",
    }
    (finding,) = [each for each in verify(life.environment(), life.aws()) if each.subject == NAME]
    assert finding.outcome == "passed"
    assert finding.found.startswith("Airflow 2.10.3 is available at https://")


def test_verify_tells_an_environment_that_is_not_what_the_state_says(life: Life) -> None:
    def found() -> tuple[str, str]:
        (finding,) = [
            each for each in verify(life.environment(), life.aws()) if each.subject == NAME
        ]
        return finding.outcome, finding.found

    broken = {"environment": NAME, "status": "UNAVAILABLE", "error": "no way to SQS"}
    life.emulator.control("POST", "airflow/health", broken)
    assert found() == ("failed", "is UNAVAILABLE: no way to SQS")
    mwaa = client(life.emulator, "mwaa")
    mwaa.update_environment(Name=NAME, EnvironmentClass="mw1.large")
    assert found() == ("failed", "has mw1.large, but the state says mw1.small")
    mwaa.update_environment(Name=NAME, EnvironmentClass="mw1.small")
    assert found()[0] == "passed"


def test_a_change_of_dags_alone_leaves_the_environment_as_it_is(life: Life) -> None:
    write(life, dags=SECOND["dags"], schedule="@weekly")
    planned = life.plan(STACK)
    assert {*actions(planned)} == {"aws_s3_object"}
    (story,) = [each for each in tell(read_plan(json.dumps(planned))) if NAME in each.name]
    assert story.headline == f"{NAME} gets other DAG files"
    assert dict(story.facts) == {
        "DAG files, deleted": "own/hello.py",
        "DAG files, new": "own/other.py",
        "DAG files, updated": "inferform_weekly.py",
    }
    assert story.interrupted == ""
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    assert "airflow/dags/own/hello.py" not in files(life)
    assert b"schedule='@weekly'" in files(life)["airflow/dags/inferform_weekly.py"]


def test_everything_else_changes_in_place_and_a_review_says_what_stops(life: Life) -> None:
    before = environment(life)
    write(life, **SECOND)
    planned = life.plan(STACK)
    made = actions(planned)
    assert made["aws_mwaa_environment"] == ["update"]
    assert not [each for each in made.values() if "delete" in each]
    plan = read_plan(json.dumps(planned))
    (story,) = [each for each in tell(plan) if NAME in each.name]
    assert {
        ("Airflow", "2.10.3 → 2.11.0"),
        ("class", "mw1.small → mw1.medium"),
        ("workers", "1 to 5 → 1 to 3"),
        ("requirements", "change"),
        ("plugins", "change"),
        ("options", "change"),
    } <= {*story.facts}
    assert ("startup script", "change") not in story.facts
    assert story.interrupted.startswith("tasks that run")
    found = {each.rule.id for each in find_risks(plan) if "mwaa" in each.address}
    assert found == {"CAP1", "CAP5"}
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    after = environment(life)
    assert (after["AirflowVersion"], after["EnvironmentClass"]) == ("2.11.0", "mw1.medium")
    assert after["LoggingConfiguration"]["TaskLogs"]["LogLevel"] == "DEBUG"
    # What is taken by its version is taken where it has changed.
    for field, changed in (("Requirements", True), ("Plugins", True), ("StartupScript", False)):
        version = f"{field}S3ObjectVersion"
        assert (before[version] != after[version]) is changed


def test_what_is_there_is_found_again_and_nothing_stays_behind(life: Life) -> None:
    (found,) = existing("aws_mwaa_environment", {"name": NAME}, life.aws())
    assert found.id == NAME
    assert found.tags["environment"] == "dev-use1"
    life.destroy(STACK)
    assert client(life.emulator, "mwaa").list_environments()["Environments"] == []
    buckets = client(life.emulator, "s3").list_buckets()["Buckets"]
    assert not [each for each in buckets if "airflow" in each["Name"]]
    assert existing("aws_mwaa_environment", {"name": NAME}, life.aws()) == []
