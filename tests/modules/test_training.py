"""Retrainings and drift monitors as Terraform: requests that AWS takes, and roles that may do just that."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator

from inferform import (
    Channel,
    Environment,
    OnSchedule,
    Retraining,
    Training,
    TrainingJob,
)
from inferform.layers import program
from tests.conftest import stacks_in
from tests.service_models import service_model
from tests.specs.kinds import environment, valid_trees

Stacks = Callable[..., dict[str, Any]]
Statements = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def largest() -> Environment:
    return environment(valid_trees()["training"])


@pytest.fixture(scope="module")
def stack(largest: Environment, tmp_path_factory: pytest.TempPathFactory) -> Any:
    outdir = tmp_path_factory.mktemp("training")
    program.synthesize([largest], outdir=outdir)
    return stacks_in(outdir)["dev-use1-training"]["resource"]


def definitions(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        machine["name"].removeprefix("acme-dev-use1-"): json.loads(machine["definition"])
        for machine in stack["aws_sfn_state_machine"].values()
    }


def statements(stack: dict[str, Any], role: str) -> Statements:
    """The statements of a role's policies, by their Sid; `role` is the end of its name."""
    (key,) = (k for k, r in stack["aws_iam_role"].items() if r["name"] == f"acme-dev-use1-{role}")
    found = [
        each
        for policy in stack["aws_iam_role_policy"].values()
        if f"aws_iam_role.{key}." in policy["role"]
        for each in json.loads(policy["policy"])["Statement"]
    ]
    return {each["Sid"]: each for each in found}


def resolved(value: Any) -> Any:
    """A request with texts of the right form for what only a run or Terraform knows."""
    if isinstance(value, dict):
        return {
            name.removesuffix(".$"): "x" if name.endswith(".$") else resolved(each)
            for name, each in value.items()
        }
    return [resolved(each) for each in value] if isinstance(value, list) else value


def tasks(stack: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for machine, definition in definitions(stack).items():
        for name, state in definition["States"].items():
            match = re.fullmatch(
                r"arn:aws:states:::(?:aws-sdk:)?(\w+):(\w+)(?:\.sync)?", state.get("Resource", "")
            )
            if match:
                yield f"{machine}/{name}", match[1], match[2], state["Parameters"]


def test_every_request_of_a_state_is_one_that_aws_takes(stack: Any) -> None:
    tried = 0
    wrong = []
    for where, service, action, parameters in tasks(stack):
        if service in ("sns", "states"):
            continue  # integrations of their own, which take objects where the API takes text
        model = service_model(service)
        operation = model.operation_model(action[:1].upper() + action[1:])
        request = resolved(parameters)
        for part in request.get("ContainerArguments"), request.get("MetricData"):
            for each in part if isinstance(part, list) else ():
                if isinstance(each, dict):
                    each["Value"] = 1.0
        application = request.get("AppSpecification", {})
        if isinstance(application.get("ContainerArguments"), str):
            application["ContainerArguments"] = ["x"]
        shape = operation.input_shape
        assert shape is not None
        report = ParamValidator().validate(request, shape)
        tried += 1
        if report.has_errors():
            wrong.append(f"{where}: {report.generate_report()}")
    assert not wrong, "\n".join(wrong)
    assert tried >= 8


def test_every_state_is_reached_and_leads_on_or_ends(stack: Any) -> None:
    for name, definition in definitions(stack).items():
        states = definition["States"]
        led = {definition["StartAt"]}
        for state in states.values():
            led |= {state.get("Next"), state.get("Default")}
            led |= {each["Next"] for each in (*state.get("Choices", ()), *state.get("Catch", ()))}
            ends = state["Type"] in ("Succeed", "Fail", "Choice") or state.get("End")
            assert bool(state.get("Next")) != bool(ends), (name, state)
        assert led - {None} == states.keys(), name


def test_the_steps_may_run_their_jobs_read_the_report_and_register(stack: Any) -> None:
    found = statements(stack, "fraud-retraining-steps")
    assert found.keys() == {
        *("RunTrainingJobs", "RunProcessingJobs", "WaitForJobs", "GiveRoles", "EncryptJobs"),
        *("ReadReport", "DecryptReport", "RegisterVersions", "Notify", "NotifyEncrypted"),
        "DeliverLogs",
    }
    jobs = "arn:aws:sagemaker:us-east-1:111122223333"
    one = "?" * 12
    assert (
        found["RunTrainingJobs"]["Resource"]
        == f"{jobs}:training-job/acme-dev-use1-fraud-train-{one}"
    )
    assert set(found["RunTrainingJobs"]["Action"]) == {
        f"sagemaker:{each}"
        for each in (
            *("AddTags", "CreateTrainingJob", "DescribeTrainingJob", "ListTags"),
            "StopTrainingJob",
        )
    }
    assert set(found["RunProcessingJobs"]["Resource"]) == {
        f"{jobs}:processing-job/acme-dev-use1-fraud-prepare-{one}",
        f"{jobs}:processing-job/acme-dev-use1-fraud-evaluate-{one}",
    }
    rule = "arn:aws:events:us-east-1:111122223333:rule/StepFunctionsGetEventsForSageMaker"
    assert set(found["WaitForJobs"]["Resource"]) == {
        f"{rule}TrainingJobsRule",
        f"{rule}ProcessingJobsRule",
    }
    assert len(found["GiveRoles"]["Resource"]) == 3
    assert found["GiveRoles"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert set(found["RegisterVersions"]["Resource"]) == {
        f"{jobs}:model-package-group/acme-dev-use1-fraud",
        f"{jobs}:model-package/acme-dev-use1-fraud/*",
    }
    assert found["ReadReport"]["Resource"].endswith(
        "/training/fraud/*/evaluate/evaluation/evaluation.json"
    )
    assert found["Notify"]["Action"] == "sns:Publish"


def test_a_tuning_may_run_training_jobs_of_its_own_too(stack: Any) -> None:
    found = statements(stack, "tuned-retraining-steps")
    jobs = "arn:aws:sagemaker:us-east-1:111122223333"
    name = found["RunHyperParameterTuningJobs"]["Resource"].rpartition("/")[2]
    # 32 characters, of which 13 are the last part of a UUID.
    assert len(name.removesuffix(f"-{'?' * 12}")) <= 19
    assert found["RunTunedJobs"]["Resource"] == f"{jobs}:training-job/{name}-*"
    assert found["WaitForJobs"]["Resource"].endswith("SageMakerTuningJobsRule")
    assert "RegisterVersions" not in found


def test_containers_read_their_data_and_write_below_their_own_prefix(stack: Any) -> None:
    found = statements(stack, "fraud-train")
    bucket = "${data.terraform_remote_state.registry.outputs.artifact_bucket}"
    written = found["WriteResults"]["Resource"]
    assert written == f"arn:aws:s3:::{bucket}/training/fraud/*"
    assert not any("sagemaker:" in str(each["Action"]) for each in found.values())
    prepared = statements(stack, "fraud-prepare")["WriteResults"]["Resource"]
    assert f"arn:aws:s3:::{bucket}/prepared/fraud/*" in prepared


def test_each_trigger_starts_the_machine_with_retries_and_a_queue(stack: Any) -> None:
    targets = [*stack["aws_cloudwatch_event_target"].values()]
    assert len(targets) == 5
    for target in targets:
        assert target["retry_policy"] == {
            "maximum_event_age_in_seconds": 600,
            "maximum_retry_attempts": 3,
        }
        assert target["dead_letter_config"]["arn"].endswith("-undelivered")
        assert target["input"] == "{}"
    rules = {
        rule["name"].removeprefix("acme-dev-use1-fraud-retraining-"): json.loads(
            rule["event_pattern"]
        )
        for rule in stack["aws_cloudwatch_event_rule"].values()
    }
    assert rules.keys() == {"upload", "alarm", "drift", "approval", "event"}
    assert rules["upload"]["detail"]["object"] == {"key": [{"wildcard": "incoming/fraud/*.csv"}]}
    alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"
    assert rules["alarm"]["resources"] == [f"{alarm}quality"]
    assert rules["drift"]["resources"] == [f"{alarm}acme-dev-use1-fraud-drift-psi_max"]
    assert rules["approval"]["detail"]["ModelApprovalStatus"] == ["Rejected"]
    assert rules["approval"]["detail"]["$or"][0] == {
        "UpdatedModelPackageFields": ["ModelApprovalStatus"]
    }
    senders = {
        statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        for policy in stack["aws_sqs_queue_policy"].values()
        for statement in json.loads(policy["policy"])["Statement"]
        if statement["Sid"] == "Undelivered"
    }
    assert len(senders) == 7


def test_schedules_start_at_a_minute_of_their_names(stack: Any) -> None:
    found = {
        each["name"]: each["schedule_expression"]
        for each in stack["aws_scheduler_schedule"].values()
    }
    assert found.keys() == {"acme-dev-use1-fraud-retraining-schedule", "acme-dev-use1-fraud-drift"}
    for name, expression in found.items():
        hour = 2 if "retraining" in name else 4
        assert expression == OnSchedule(
            schedule=f"cron(0 {hour} * * ? *)", spread_minutes=30
        ).spread(name if "retraining" in name else "acme-dev-use1-fraud-drift")


def test_instances_of_one_job_reach_each_other_and_nothing_else(stack: Any) -> None:
    (inward,) = stack["aws_vpc_security_group_ingress_rule"].values()
    assert inward["ip_protocol"] == "-1"
    assert inward["referenced_security_group_id"] == inward["security_group_id"]
    outward = stack["aws_vpc_security_group_egress_rule"]
    assert outward.keys() == {"jobs-vpc", "jobs-s3", "jobs-egress-9d2accb9", "jobs-out"}


def test_each_group_has_a_stack_with_what_is_its_own(largest: Environment, tmp_path: Path) -> None:
    whole = largest.training
    assert isinstance(whole, Training)
    groups = {
        "models": whole.replace(monitors={}),
        "watch": Training(monitors=whole.monitors),
    }
    program.synthesize([largest.replace(training=groups)], outdir=tmp_path)
    made = stacks_in(tmp_path)
    models, watch = (made[f"dev-use1-training-{group}"]["resource"] for group in groups)
    for found, name in ((models, "training-models"), (watch, "training-watch")):
        (group,) = found["aws_security_group"].values()
        assert group["name"] == f"acme-dev-use1-{name}"
    machines = {each["name"] for each in watch["aws_sfn_state_machine"].values()}
    assert machines == {"acme-dev-use1-fraud-drift"}
    # What starts by drift waits for the alarm of the other group.
    patterns = [
        json.loads(e["event_pattern"]) for e in models["aws_cloudwatch_event_rule"].values()
    ]
    waited = [arn for each in patterns for arn in each.get("resources", ())]
    assert any(arn.endswith(":alarm:acme-dev-use1-fraud-drift-psi_max") for arn in waited)


def test_an_alarm_of_drift_says_nothing_without_data(stack: Any) -> None:
    alarms = {each["alarm_name"]: each for each in stack["aws_cloudwatch_metric_alarm"].values()}
    drift = alarms["acme-dev-use1-fraud-drift-psi_max"]
    assert (drift["namespace"], drift["threshold"]) == ("Inferform/Drift", 0.2)
    assert drift["dimensions"] == {"Endpoint": "acme-dev-use1-fraud", "Monitor": "fraud"}
    assert drift["treat_missing_data"] == "notBreaching"
    assert alarms.keys() == {
        "acme-dev-use1-fraud-drift-psi_max",
        "acme-dev-use1-fraud-drift-monitor-failed",
        "acme-dev-use1-fraud-retraining-failed",
        "acme-dev-use1-tuned-retraining-failed",
        "acme-dev-use1-warm-retraining-failed",
    }


@pytest.mark.long
def test_fifty_retrainings_are_made_alike_each_time(
    largest: Environment, synthesize: Stacks
) -> None:
    job = TrainingJob(
        image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1",
        instance_type="ml.m5.large",
        channels={"train": Channel(uri="data/")},
    )
    trigger = OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60)
    assert isinstance(largest.training, Training)
    many = largest.replace(
        training=largest.training.replace(
            monitors={},
            retrainings={
                f"model-{n}": Retraining(train=job, triggers=[trigger]) for n in range(50)
            },
        )
    )
    one, other = (synthesize(many)["dev-use1-training"]["resource"] for _ in range(2))
    assert one == other
    assert len(one["aws_sfn_state_machine"]) == 50
    times = {each["schedule_expression"] for each in one["aws_scheduler_schedule"].values()}
    assert len(times) > 25
