"""State machines that run: their tasks, the jobs that they wait for, and what starts them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

Client = Callable[..., Any]
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"


class States:
    """State machines of one account, and what their executions come to."""

    def __init__(self, client: Client, account: str) -> None:
        self.client, self.account = client, account
        self.role = f"arn:aws:iam::{account}:role/states"
        self.states = client("stepfunctions")

    def machine(self, definition: dict[str, Any], name: str = "machine") -> str:
        made = self.states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self.role
        )
        return str(made["stateMachineArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        def described() -> dict[str, Any]:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return found

        assert wait_until(lambda: described()["status"] != "RUNNING")
        return described()

    def run(
        self, definition: dict[str, Any], given: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        machine = self.machine(definition)
        started = self.states.start_execution(
            stateMachineArn=machine, input=json.dumps(given or {})
        )
        return self.ended(started["executionArn"])

    def executions(self, machine: str) -> list[dict[str, Any]]:
        found = self.states.list_executions(stateMachineArn=machine)["executions"]
        return [self.ended(each["executionArn"]) for each in found]


@pytest.fixture
def states(client: Client, account: str) -> States:
    return States(client, account)


def training(account: str, name: str = "fraud-1", **fields: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": f"arn:aws:iam::{account}:role/training",
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **fields,
    }


def task(resource: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = fields if "Next" in fields else {**fields, "End": True}
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Parameters": parameters,
        **given,
    }


def of(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def test_a_task_waits_for_a_job_in_the_account_of_its_machine(states: States) -> None:
    asked = training(
        states.account, Environment={"LEVEL": "info"}, RetryStrategy={"MaximumRetryAttempts": 3}
    )
    ended = states.run(of(Train=task("sagemaker:createTrainingJob.sync", asked)))
    assert ended["status"] == "SUCCEEDED"
    output = json.loads(ended["output"])
    assert output["TrainingJobStatus"] == "Completed"
    assert (
        output["ModelArtifacts"]["S3ModelArtifacts"]
        == "s3://models/out/fraud-1/output/model.tar.gz"
    )
    # As AWS describes it: all that it was asked for, and dates as text.
    found = states.client("sagemaker").describe_training_job(TrainingJobName="fraud-1")
    assert found["TrainingJobArn"].split(":")[4] == states.account
    assert {name: found[name] for name in asked} == asked
    assert output["CreationTime"].startswith("20")


def test_a_job_that_fails_fails_the_task_by_its_own_name(
    states: States, control: Callable[..., Any]
) -> None:
    control("sagemaker/job", job="fraud-", outcome="Failed", reason="OutOfMemory")
    train = task("sagemaker:createTrainingJob.sync", training(states.account))
    ended = states.run(of(Train=train))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(ended["cause"])["FailureReason"] == "OutOfMemory"
    # One that is caught leads on; one of another name is as before.
    caught = {**train, "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Told"}]}
    caught["Parameters"] = training(states.account, "fraud-2")
    machine = states.machine(
        of(Train=caught, Told={"Type": "Pass", "Result": {"told": True}, "End": True}), "two"
    )
    started = states.states.start_execution(stateMachineArn=machine)
    assert json.loads(states.ended(started["executionArn"])["output"]) == {"told": True}


def test_a_refused_job_is_an_error_of_sagemaker(states: States) -> None:
    asked = training(states.account)
    train = task("sagemaker:createTrainingJob.sync", asked, Next="Again")
    again = task("sagemaker:createTrainingJob.sync", asked)
    ended = states.run(of(Train=train, Again=again))
    assert (ended["status"], ended["error"]) == ("FAILED", "SageMaker.ResourceInUseException")


def test_a_request_that_is_none_fails_the_task(states: States) -> None:
    asked = {**training(states.account), "Nonsense": 1}
    ended = states.run(of(Train=task("sagemaker:createTrainingJob.sync", asked)))
    assert ended["status"] == "FAILED"
    assert "Nonsense" in ended["cause"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds is required"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59},
            },
            "must be at least MaxRuntimeInSeconds",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}},
            "requires EnableManagedSpotTraining",
        ),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 30,
                    "KeepAlivePeriodInSeconds": 60,
                },
            },
            "KeepAlivePeriodInSeconds is not supported",
        ),
    ],
)
def test_spot_is_refused_where_aws_refuses_it(
    client: Client, account: str, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said):
        client("sagemaker").create_training_job(**training(account, **fields))


def test_what_a_processing_job_writes_is_read_by_the_next_state(
    states: States, control: Callable[..., Any]
) -> None:
    bucket = f"reports-{states.account}"
    states.client("s3").create_bucket(Bucket=bucket)
    control("sagemaker/job", job="judge", writes={"report/evaluation.json": '{"auc": 0.9}'})
    asked = {
        "ProcessingJobName": "judge-1",
        "RoleArn": states.role,
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 30,
            }
        },
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/run/report",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }
    judge = task("sagemaker:createProcessingJob.sync", asked, Next="Read")
    read = task(
        "aws-sdk:s3:getObject",
        {"Bucket": bucket, "Key": "run/report/evaluation.json"},
        ResultSelector={"report.$": "States.StringToJson($.Body)"},
    )
    ended = states.run(of(Judge=judge, Read=read))
    assert json.loads(ended["output"]) == {"report": {"auc": 0.9}}


def test_the_start_of_an_execution_is_text_for_a_request(states: States) -> None:
    asked = training(states.account) | {"Environment": {"NOW.$": "$$.Execution.StartTime"}}
    ended = states.run(of(Train=task("sagemaker:createTrainingJob.sync", asked)))
    assert ended["status"] == "SUCCEEDED"
    found = states.client("sagemaker").describe_training_job(TrainingJobName="fraud-1")
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", found["Environment"]["NOW"])


def test_a_tuning_job_names_its_best(states: States) -> None:
    asked = {
        "HyperParameterTuningJobName": "fraud-1",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
        },
    }
    ended = states.run(of(Tune=task("sagemaker:createHyperParameterTuningJob.sync", asked)))
    assert json.loads(ended["output"])["BestTrainingJob"]["TrainingJobName"]


ECHO = of(Echo={"Type": "Pass", "End": True})


def test_an_alarm_starts_a_machine_by_a_rule(states: States) -> None:
    machine = states.machine(ECHO)
    events, cloudwatch = states.client("events"), states.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="drift",
        MetricName="Drift",
        Namespace="Fraud",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.2,
        ComparisonOperator="GreaterThanThreshold",
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["drift"])["MetricAlarms"]
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [alarm["AlarmArn"]],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name="drift", EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": machine, "RoleArn": states.role, "Input": '{"why": "drift"}'}
    events.put_targets(Rule="drift", Targets=[target])
    cloudwatch.set_alarm_state(AlarmName="drift", StateValue="OK", StateReason="calm")
    assert states.executions(machine) == []
    cloudwatch.set_alarm_state(AlarmName="drift", StateValue="ALARM", StateReason="far")
    (started,) = states.executions(machine)
    assert json.loads(started["output"]) == {"why": "drift"}
    # Data that is as bad as before is no other state.
    cloudwatch.set_alarm_state(AlarmName="drift", StateValue="ALARM", StateReason="far")
    assert len(states.executions(machine)) == 1


def test_what_cannot_be_delivered_lies_in_the_dead_letter_queue(states: States) -> None:
    events, sqs = states.client("events"), states.client("sqs")
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    gone = f"arn:aws:states:us-east-1:{states.account}:stateMachine:gone"
    events.put_rule(Name="come", EventPattern='{"source": ["acme"]}')
    target = {"Id": "1", "Arn": gone, "RoleArn": states.role, "DeadLetterConfig": {"Arn": arn}}
    events.put_targets(Rule="come", Targets=[target])
    events.put_events(Entries=[{"Source": "acme", "DetailType": "new", "Detail": '{"a": 1}'}])
    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"])["detail"] == {"a": 1}
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == gone


def test_a_schedule_is_fired_by_hand(states: States, control: Callable[..., Any]) -> None:
    machine, scheduler = states.machine(ECHO), states.client("scheduler")
    given: dict[str, Any] = {
        "ScheduleExpression": "rate(1 days)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": machine,
            "RoleArn": states.role,
            "Input": '{"run": "<aws.scheduler.execution-id>"}',
        },
    }
    scheduler.create_schedule(Name="nightly", **given)
    assert control("scheduler/fire", name="nightly")["delivered"] is True
    (started,) = states.executions(machine)
    assert len(json.loads(started["output"])["run"]) == 36
    scheduler.update_schedule(Name="nightly", State="DISABLED", **given)
    assert control("scheduler/fire", name="nightly")["delivered"] is False
    assert len(states.executions(machine)) == 1


def test_a_job_that_runs_is_stopped(
    client: Client, account: str, control: Callable[..., Any]
) -> None:
    sagemaker = client("sagemaker")
    control("sagemaker/job", job="long", outcome="InProgress")
    sagemaker.create_training_job(**training(account, "long-1"))
    sagemaker.stop_training_job(TrainingJobName="long-1")
    assert (
        sagemaker.describe_training_job(TrainingJobName="long-1")["TrainingJobStatus"] == "Stopped"
    )
