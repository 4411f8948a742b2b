"""Pipelines of SageMaker, and what EventBridge calls outside of AWS or in other accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
ROLE = "arn:aws:iam::123456789012:role/pipeline"


def step(name: str, kind: str = "Fail", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments}


def text(*steps: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps), **more})


def create(sagemaker: Any, definition: str) -> None:
    sagemaker.create_pipeline(
        PipelineName="p", PipelineDefinition=definition, RoleArn=ROLE, ClientRequestToken="a" * 32
    )


def test_what_is_no_definition_is_refused(client: Client) -> None:
    sagemaker = client("sagemaker")
    for match, definition in (
        ("no valid JSON", "{"),
        ("Steps is required", "{}"),
        ("has 0 steps", text()),
        ("has 51 steps", text(*(step(f"s{n}") for n in range(51)))),
        ("unique", text(step("a"), step("c", "Condition", IfSteps=[step("a")]))),
        ("no such name", text(step("a", ErrorMessage={"Get": "Steps.b.X"}))),
        ("no such name", text(step("a", ErrorMessage={"Get": "Parameters.b"}))),
    ):
        with pytest.raises(ClientError, match=match):
            create(sagemaker, definition)
    create(sagemaker, text(step("a")))
    with pytest.raises(ClientError, match="no valid JSON"):
        sagemaker.update_pipeline(PipelineName="p", PipelineDefinition="{")


def test_a_run_has_parameters_and_steps(client: Client) -> None:
    sagemaker = client("sagemaker")
    branches = {"IfSteps": [step("then")], "ElseSteps": [step("else")]}
    parameters = [{"Name": "A", "Type": "String"}]
    create(sagemaker, text(step("c", "Condition", **branches), Parameters=parameters))
    arn = sagemaker.describe_pipeline(PipelineName="p")["PipelineArn"]
    for match, given in (("must be provided", {}), ("not declared", {"A": "1", "B": "2"})):
        named = [{"Name": name, "Value": value} for name, value in given.items()]
        with pytest.raises(ClientError, match=match):
            sagemaker.start_pipeline_execution(PipelineName="p", PipelineParameters=named)
    run = sagemaker.start_pipeline_execution(
        PipelineName=arn, PipelineParameters=[{"Name": "A", "Value": "1"}]
    )
    steps = sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=run["PipelineExecutionArn"]
    )["PipelineExecutionSteps"]
    assert [each["StepName"] for each in steps] == ["then", "c"]
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.list_pipeline_execution_steps(
            PipelineExecutionArn=f"{arn}/execution/none12345678"
        )


def test_each_change_of_a_run_is_told_and_a_run_may_fail(
    client: Client, account: str, control: Callable[..., dict[str, Any]]
) -> None:
    sagemaker, events, sqs = client("sagemaker"), client("events"), client("sqs")
    create(sagemaker, text(step("a"), step("b")))
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    kind = "SageMaker Model Building Pipeline Execution Status Change"
    events.put_rule(Name="r", EventPattern=json.dumps({"detail-type": [kind]}))
    queue = f"arn:aws:sqs:us-east-1:{account}:told"
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": queue}])

    def run(reason: str) -> tuple[str, list[str]]:
        control("sagemaker/pipeline", pipeline="p", reason=reason)
        arn = sagemaker.start_pipeline_execution(PipelineName="p")["PipelineExecutionArn"]
        held = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        for each in held:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        details = [json.loads(each["Body"])["detail"] for each in held]
        assert {each["pipelineExecutionArn"] for each in details} == {arn}
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        assert found.get("FailureReason") == (reason or None)
        return arn, sorted(each["currentPipelineExecutionStatus"] for each in details)

    failed, told = run("no capacity")
    assert told == ["Executing", "Failed"]
    (first,) = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=failed)[
        "PipelineExecutionSteps"
    ]
    assert (first["StepName"], first["FailureReason"]) == ("a", "no capacity")
    good, told = run("")
    assert told == ["Executing", "Succeeded"]
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=good)
    assert len(steps["PipelineExecutionSteps"]) == 2

    def listed(**asked: Any) -> list[str]:
        found = sagemaker.list_pipeline_executions(PipelineName="p", **asked)
        return [each["PipelineExecutionArn"] for each in found["PipelineExecutionSummaries"]]

    assert listed(SortOrder="Ascending") == [failed, good]
    assert listed(SortOrder="Descending", MaxResults=1) == [good]


def test_a_definition_is_copied_from_s3(client: Client, account: str) -> None:
    sagemaker, s3 = client("sagemaker"), client("s3")
    s3.create_bucket(Bucket=f"pipelines-{account}")
    s3.put_object(Bucket=f"pipelines-{account}", Key="p.json", Body=text(step("a")))
    place = {"Bucket": f"pipelines-{account}", "ObjectKey": "p.json"}
    sagemaker.create_pipeline(
        PipelineName="p",
        PipelineDefinitionS3Location=place,
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
    )
    held = sagemaker.describe_pipeline(PipelineName="p")["PipelineDefinition"]
    assert held == text(step("a"))


def put(events: Any, **detail: Any) -> None:
    events.put_events(
        Entries=[{"Source": "acme", "DetailType": "T", "Detail": json.dumps({"a": "1", **detail})}]
    )


def test_a_repository_is_told_without_its_token(
    client: Client, account: str, control: Callable[..., Any]
) -> None:
    events = client("events")
    key = {"ApiKeyName": "Authorization", "ApiKeyValue": "Bearer secret"}
    connection = events.create_connection(
        Name="hub", AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": key}
    )
    destination = events.create_api_destination(
        Name="hub",
        ConnectionArn=connection["ConnectionArn"],
        InvocationEndpoint="https://api.github.com/repos/acme/inference/dispatches",
        HttpMethod="POST",
    )
    events.put_rule(Name="r", EventPattern='{"source": ["acme"]}')
    transformer = {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '{"it": "<a>"}'}
    events.put_targets(
        Rule="r",
        Targets=[
            {
                "Id": "1",
                "Arn": destination["ApiDestinationArn"],
                "InputTransformer": transformer,
                "RoleArn": ROLE,
            },
            {"Id": "2", "Arn": f"arn:aws:codepipeline:us-east-1:{account}:deploy", "RoleArn": ROLE},
        ],
    )
    put(events)
    called, started = control("events/calls")["calls"]
    assert called == {
        "method": "POST",
        "url": "https://api.github.com/repos/acme/inference/dispatches",
        "headers": {"Authorization": "…"},
        "body": {"it": "1"},
    }
    assert started["pipeline"] == "deploy"


def test_a_connection_says_when_it_was_changed(client: Client) -> None:
    events = client("events")
    key = {"ApiKeyName": "Authorization", "ApiKeyValue": "none"}
    parameters = {"ApiKeyAuthParameters": key}
    events.create_connection(Name="hub", AuthorizationType="API_KEY", AuthParameters=parameters)
    made = events.describe_connection(Name="hub")
    assert made["LastModifiedTime"] == made["LastAuthorizedTime"] == made["CreationTime"]
    answer = events.update_connection(
        Name="hub", AuthorizationType="API_KEY", AuthParameters=parameters
    )
    found = events.describe_connection(Name="hub")
    assert found["LastModifiedTime"] == answer["LastModifiedTime"] > made["CreationTime"]
    assert found["CreationTime"] == made["CreationTime"]


def test_an_event_reaches_another_account_as_its_bus_allows(
    client: Client, client_of: Callable[[str], Client], account: str
) -> None:
    other = "999999999997"
    events, theirs, sqs = client("events"), client_of(other)("events"), client("sqs")
    bus = theirs.create_event_bus(Name="models")["EventBusArn"]
    lost = sqs.create_queue(QueueName="lost")["QueueUrl"]
    held = client_of(other)("sqs")
    got = held.create_queue(QueueName="got")["QueueUrl"]
    theirs.put_rule(
        Name="r", EventBusName="models", EventPattern=json.dumps({"account": [account]})
    )
    queue = f"arn:aws:sqs:us-east-1:{other}:got"
    theirs.put_targets(Rule="r", EventBusName="models", Targets=[{"Id": "1", "Arn": queue}])
    events.put_rule(Name="r", EventPattern='{"source": ["acme"]}')
    dead = {"Arn": f"arn:aws:sqs:us-east-1:{account}:lost"}
    target = {"Id": "1", "Arn": bus, "RoleArn": ROLE, "DeadLetterConfig": dead}
    events.put_targets(Rule="r", Targets=[target])
    put(events)
    assert "Messages" not in held.receive_message(QueueUrl=got)
    assert len(sqs.receive_message(QueueUrl=lost)["Messages"]) == 1
    theirs.put_permission(
        EventBusName="models",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "them",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                        "Action": "events:PutEvents",
                        "Resource": bus,
                        "Condition": {"StringEquals": {"events:source": "acme"}},
                    }
                ],
            }
        ),
    )
    put(events)
    (message,) = held.receive_message(QueueUrl=got)["Messages"]
    # The rule there asks for the account that the event comes from.
    assert json.loads(message["Body"])["source"] == "acme"
