"""The circle, by the chapters of the tour: data, training, approval, pull request, canary, drift, retraining; and a
model and a canary that fail, where production stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from inferform.training import names
from ops.lineage import origins
from ops.tour import CHAPTERS, rows
from ops.tour.chapters import (
    approval,
    by_hand,
    canary,
    drift,
    failed_canary,
    first_version,
    gone,
    ground,
    killed,
    looks,
    new_data,
    worse_model,
)
from ops.tour.place import KEY, MODEL, Serving, Tour, opened
from ops.tour.record import Record

from .program import app_of

pytestmark = [
    pytest.mark.story("each chapter of the tour continues from the one before"),
    # A chapter is several commands, each of which starts cdktf and Terraform.
    pytest.mark.timeout(3600),
]

WAITS, APPROVED, REJECTED = "PendingManualApproval", "Approved", "Rejected"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return Record(tmp_path_factory.mktemp("record") / "tour.html")


@pytest.fixture(scope="module")
def tour(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    folder = tmp_path_factory.mktemp("circle")
    program = folder / "tour/project/main.py"
    app = app_of(folder / "remembered", program=program)
    with opened(folder / "tour", record, app=app) as tour:
        yield tour


@dataclass(frozen=True)
class Production:
    """What serves, what the file says that serves, and what a deploy would change."""

    serving: Serving
    pinned: str
    planned: dict[str, int]


def production(tour: Tour) -> Production:
    return Production(tour.serving(), tour.pinned(), tour.planned())


def show(tour: Tour, record: Record, module: Any) -> None:
    """Show a chapter, as the tour does."""
    chapter = module.CHAPTER
    assert chapter in CHAPTERS
    with record.chapter(chapter.title, chapter.words):
        chapter.run(tour)


def captured(tour: Tour) -> int:
    """How many requests the endpoint has captured."""
    pages = tour.aws.client("s3").get_paginator("list_objects_v2")
    bucket = tour.environment.artifact_bucket
    listed = pages.paginate(Bucket=bucket, Prefix=f"data-capture/fraud/{tour.context.name(MODEL)}/")
    return sum(len(page.get("Contents", [])) for page in listed)


def states_of(tour: Tour, run: dict[str, Any]) -> list[str]:
    """The states that an execution has entered, in their order."""
    states: Any = tour.aws.any_client("stepfunctions")
    events = states.get_execution_history(executionArn=run["executionArn"])["events"]
    entered = [
        each["stateEnteredEventDetails"] for each in events if "stateEnteredEventDetails" in each
    ]
    return [str(each["name"]) for each in entered]


def test_nothing_is_trained_before_data_has_arrived(tour: Tour, record: Record) -> None:
    show(tour, record, ground)
    assert tour.versions() == {}
    assert tour.runs(tour.retraining) == []


def test_an_upload_makes_a_version_and_its_approval_lets_it_be_served(
    tour: Tour, record: Record
) -> None:
    show(tour, record, first_version)
    assert tour.versions() == {1: APPROVED}
    assert [each["status"] for each in tour.runs(tour.retraining)] == ["SUCCEEDED"]
    assert tour.branches() == {"main"}
    found = production(tour)
    assert found.serving.version == found.pinned == tour.version(1)
    assert found.planned == {}


def test_without_traffic_or_with_little_there_is_no_verdict(tour: Tour) -> None:
    runs = len(tour.runs(tour.retraining))
    tour.notices()
    assert captured(tour) == 0
    states = []
    for number in (1, 2):
        tour.fire(names.monitor_schedule(tour.context, MODEL))
        assert tour.ended(tour.monitor, number) == "SUCCEEDED"
        states.append(states_of(tour, tour.runs(tour.monitor)[-1]))
        # Fewer than the container takes for a verdict.
        drift.request(tour, rows.drawn(9, seed=3))
    assert states == [
        ["Look", "Has captures", "No data"],
        ["Look", "Has captures", "Measure", "Read", "Has data", "No data"],
    ]
    (training,) = tour.environment.trainings.values()
    for alarm in training.monitors[MODEL].alarms(tour.context, MODEL).values():
        assert drift.state(tour, alarm) != "ALARM"
    assert tour.notices() == []
    assert len(tour.runs(tour.retraining)) == runs


def test_new_data_makes_a_version_that_waits(tour: Tour, record: Record) -> None:
    before = production(tour)
    show(tour, record, new_data)
    assert tour.versions() == {1: APPROVED, 2: WAITS}
    assert production(tour) == before
    # The jobs ran: the report is one that a program has measured.
    sagemaker = tour.aws.client("sagemaker")
    version = sagemaker.describe_model_package(ModelPackageName=tour.version(2))
    report = version["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, _, key = report.removeprefix("s3://").partition("/")
    body = tour.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert b'"auc": {"value": 0.8' in body


def test_an_approval_becomes_a_pull_request_of_one_line(tour: Tour, record: Record) -> None:
    before, calls = tour.serving(), len(tour.approved_elsewhere())
    show(tour, record, approval)
    (call,) = tour.approved_elsewhere()[calls:]
    assert call["url"] == "https://api.github.com/repos/acme/inference/dispatches"
    assert call["body"]["client_payload"] == {
        "environments": KEY,
        "group": MODEL,
        "model_package": tour.version(2),
        "version": "2",
        "status": "Approved",
    }
    assert tour.pinned() == tour.version(2)
    changed = tour.difference("HEAD^1").splitlines()
    marks = [line for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.replace(" ", "") for line in marks] == [
        f'{sign}arn="{tour.version(number)}"' for sign, number in (("-", 1), ("+", 2))
    ]
    # Merged is not deployed.
    assert tour.serving() == before


def test_the_new_version_is_deployed_behind_a_canary(tour: Tour, record: Record) -> None:
    before = tour.serving()
    show(tour, record, canary)
    found = production(tour)
    assert found.serving.configuration != before.configuration
    assert found.serving.version == found.pinned == tour.version(2)
    assert found.planned == {}
    endpoint: Any = tour.aws.client("sagemaker").describe_endpoint(
        EndpointName=tour.context.name(MODEL)
    )
    blue_green = endpoint["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]
    routed = blue_green["TrafficRoutingConfiguration"]
    assert (routed["Type"], routed["CanarySize"]["Value"]) == ("CANARY", 10)


def test_what_serves_is_followed_to_version_job_data_and_commit(tour: Tour) -> None:
    (origin,) = origins(tour.environment, tour.aws)
    assert origin.version == tour.version(2)
    assert (origin.status, origin.approved_because) == (APPROVED, "trained on more rows")
    run = tour.runs(tour.retraining)[1]["name"]
    root = f"s3://{tour.environment.artifact_bucket}/training/{MODEL}/{run}"
    job = origin.training_job.rpartition("/")[2]
    assert job.startswith(f"{tour.context.name(MODEL, 'train')}-")
    assert origin.artifact == f"{root}/model/{job}/output/model.tar.gz"
    assert origin.data == (f"train: {root}/prepare/train",)
    assert origin.commit == "9f2c41d"
    assert origin.notes == ()


def test_drift_of_captured_traffic_starts_a_retraining(tour: Tour, record: Record) -> None:
    before, runs = production(tour), len(tour.runs(tour.retraining))
    asked = captured(tour)
    tour.notices()
    show(tour, record, drift)
    assert captured(tour) == asked + 300
    assert [each["status"] for each in tour.runs(tour.monitor)] == ["SUCCEEDED"] * 4
    # The measurement before was of traffic that is as it was, and started nothing.
    assert len(tour.runs(tour.retraining)) == runs + 1
    (told,) = tour.notices()
    assert told["AlarmName"] == names.drift_alarm(tour.context, MODEL, "psi_max")
    assert tour.versions() == {1: APPROVED, 2: APPROVED, 3: WAITS}
    assert production(tour) == before


def test_a_model_that_is_not_good_enough_leaves_production_as_it_was(
    tour: Tour, record: Record
) -> None:
    before, versions = production(tour), tour.versions()
    show(tour, record, worse_model)
    assert tour.versions() == versions
    (told,) = tour.notices()
    assert told["wanted"] == "metrics.auc.value GreaterThanOrEqualTo 0.8"
    assert told["report"]["metrics"]["auc"]["value"] < 0.8
    assert production(tour) == before


def test_a_canary_that_fails_leaves_production_as_it_was(tour: Tour, record: Record) -> None:
    before = production(tour)
    show(tour, record, failed_canary)
    assert production(tour) == before
    assert tour.versions() == {1: APPROVED, 2: APPROVED, 3: REJECTED}


def test_what_runs_is_listed_with_its_cost_and_drawn(tour: Tour, record: Record) -> None:
    before = production(tour)
    show(tour, record, looks)
    assert production(tour) == before
    page = record.page.read_text("utf-8")
    # The dashboard and the catalog are pages within the page.
    assert page.count("<iframe sandbox srcdoc=") == 2
    assert "a month" in page


def test_a_change_by_hand_is_found_and_put_back(tour: Tour, record: Record) -> None:
    before = production(tour)
    show(tour, record, by_hand)
    groups = tour.aws.client("logs").describe_log_groups(logGroupNamePrefix=by_hand.log_group(tour))
    assert [each["retentionInDays"] for each in groups["logGroups"]] != [1]
    assert production(tour) == before


def test_a_deploy_that_is_killed_is_recovered(tour: Tour, record: Record) -> None:
    before = production(tour)
    show(tour, record, killed)
    found = production(tour)
    assert found.serving.version == before.serving.version
    assert found.serving.configuration != before.serving.configuration
    assert found.planned == {}
    (chapter,) = record.html().split("<h2 id=")[-1:]
    assert "cleared the lock" in chapter


def test_the_whole_environment_is_as_it_is_written(tour: Tour) -> None:
    assert tour.planned(KEY) == {}


def test_nothing_that_a_service_needed_was_refused(tour: Tour) -> None:
    account = {"account": tour.context.account}
    assert tour.emulator.control("GET", "access", account)["refused"] == []


def test_nothing_is_left_after_all_is_destroyed(tour: Tour, record: Record) -> None:
    show(tour, record, gone)
    listed = tour.aws.client("sagemaker").list_endpoints()
    assert listed["Endpoints"] == []
    assert tour.aws.client("sagemaker").list_models()["Models"] == []


def test_the_record_has_every_chapter_and_nothing_from_elsewhere(record: Record) -> None:
    page = record.page.read_text("utf-8")
    assert all(chapter.title in page for chapter in CHAPTERS)
    assert page.count("done, ") == len(CHAPTERS)
    assert "http-equiv" in page
    assert "<script" not in page
    assert "src=" not in page.replace("img-src", "")
