"""Pipelines of CodePipeline: what AWS refuses of them, and how executions go through their stages."""

from __future__ import annotations

import copy
import json
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


def action(name: str, provider: str, order: int = 1, **more: Any) -> dict[str, Any]:
    category = {"CodeStarSourceConnection": "Source", "Manual": "Approval"}.get(provider, "Build")
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "runOrder": order, **more}


def build(name: str, project: str = "work", order: int = 1, **more: Any) -> dict[str, Any]:
    given = {"inputArtifacts": [{"name": "source"}], "configuration": {"ProjectName": project}}
    return action(name, "CodeBuild", order, **{**given, **more})


def only_where(variable: str, result: str = "SKIP", provider: str = "VariableCheck") -> Any:
    rule = {
        "name": "changes",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": {"Variable": variable, "Operator": "NE", "Value": "0"},
    }
    return {"conditions": [{"result": result, "rules": [rule]}]}


class Pipelines:
    """Pipelines in one account."""

    def __init__(self, client: Client, account: str, control: Callable[..., Any]) -> None:
        self.client, self.account, self.control = client, account, control
        self.pipelines = client("codepipeline")
        trust = {"Service": ["codepipeline.amazonaws.com", "events.amazonaws.com"]}
        role = client("iam").create_role(
            RoleName="pipeline",
            AssumeRolePolicyDocument=json.dumps(
                {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trust}]}
            ),
        )["Role"]["Arn"]
        client("codebuild").create_project(
            name="work",
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "computeType": "BUILD_GENERAL1_SMALL",
                "image": "aws/codebuild/standard:7.0",
            },
            serviceRole=f"arn:aws:iam::{account}:role/build",
        )
        self.connection = client("codeconnections").create_connection(
            ConnectionName="git", ProviderType="GitHub"
        )["ConnectionArn"]
        control("codeconnections/status", arn=self.connection, status="AVAILABLE")
        source = action(
            "git",
            "CodeStarSourceConnection",
            outputArtifacts=[{"name": "source"}],
            namespace="git",
            configuration={
                "ConnectionArn": self.connection,
                "FullRepositoryId": "acme/inference",
                "BranchName": "main",
                "DetectChanges": "false",
            },
        )
        self.declared: dict[str, Any] = {
            "name": "deploy",
            "roleArn": role,
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "artifactStore": {"type": "S3", "location": "acme-artifacts"},
            "stages": [
                {"name": "source", "actions": [source]},
                {"name": "plan", "actions": [build("plan", namespace="planned")]},
                {
                    "name": "apply",
                    "actions": [
                        action(
                            *("approve", "Manual"),
                            configuration={"CustomData": "#{planned.CHANGES} changes"},
                        ),
                        build("apply", order=2),
                    ],
                    "beforeEntry": only_where("#{planned.CHANGES}"),
                },
            ],
        }

    def changed(self, **more: Any) -> dict[str, Any]:
        return {**copy.deepcopy(self.declared), **more}

    def make(self, pipeline: dict[str, Any] | None = None) -> None:
        self.pipelines.create_pipeline(pipeline=pipeline or self.declared)

    def start(self, **more: Any) -> str:
        started = self.pipelines.start_pipeline_execution(name="deploy", **more)
        return str(started["pipelineExecutionId"])

    def end(self, stage: str, name: str = "", **more: Any) -> None:
        self.control(
            "codepipeline/outcome", pipeline="deploy", stage=stage, action=name or stage, **more
        )

    def planned(self, changes: int) -> None:
        self.end("source", "git", variables={"CommitId": "abc"})
        self.end("plan", variables={"CHANGES": str(changes)})

    def status(self, execution: str) -> str:
        found = self.pipelines.get_pipeline_execution(
            pipelineName="deploy", pipelineExecutionId=execution
        )["pipelineExecution"]
        return str(found["status"])

    def stages(self) -> dict[str, dict[str, Any]]:
        found = self.pipelines.get_pipeline_state(name="deploy")["stageStates"]
        return {each["stageName"]: each for each in found}

    def approve(self, status: str = "Approved", token: str = "") -> None:
        [waiting] = [
            each["latestExecution"]
            for each in self.stages()["apply"]["actionStates"]
            if each["actionName"] == "approve"
        ]
        self.pipelines.put_approval_result(
            pipelineName="deploy",
            stageName="apply",
            actionName="approve",
            result={"summary": "seen", "status": status},
            token=token or waiting["token"],
        )


@pytest.fixture
def deploy(client: Client, account: str, control: Callable[..., Any]) -> Pipelines:
    return Pipelines(client, account, control)


def test_a_pipeline_is_read_with_its_defaults_and_dates(deploy: Pipelines) -> None:
    plain = deploy.changed(stages=deploy.declared["stages"][:2])
    del plain["pipelineType"], plain["executionMode"]
    deploy.make(plain)
    found = deploy.pipelines.get_pipeline(name="deploy")
    assert found["pipeline"]["pipelineType"] == "V1"
    assert found["pipeline"]["executionMode"] == "SUPERSEDED"
    assert found["metadata"]["created"].year > 2000
    deploy.pipelines.update_pipeline(pipeline=deploy.declared)
    assert deploy.pipelines.get_pipeline(name="deploy")["pipeline"]["version"] == 2
    with pytest.raises(deploy.pipelines.exceptions.PipelineNameInUseException):
        deploy.make()


def test_an_execution_waits_for_an_approval_and_applies_what_was_planned(
    deploy: Pipelines,
) -> None:
    deploy.make()
    execution = deploy.start()
    deploy.planned(3)
    [approve, apply] = deploy.stages()["apply"]["actionStates"]
    assert approve["latestExecution"]["status"] == "InProgress"
    assert "latestExecution" not in apply
    [asked] = [
        each["input"]["resolvedConfiguration"]
        for each in deploy.pipelines.list_action_executions(pipelineName="deploy")[
            "actionExecutionDetails"
        ]
        if each["actionName"] == "approve"
    ]
    assert asked == {"CustomData": "3 changes"}
    deploy.approve()
    [running] = deploy.control("codepipeline/running")["running"]
    assert (running["action"], running["configuration"]["ProjectName"]) == ("apply", "work")
    assert running["inputs"]["source"]["bucket"] == "acme-artifacts"
    deploy.end("apply")
    assert deploy.status(execution) == "Succeeded"


def test_a_stage_is_skipped_where_its_condition_is_not_met(deploy: Pipelines) -> None:
    deploy.make()
    execution = deploy.start()
    deploy.planned(0)
    assert deploy.status(execution) == "Succeeded"
    applied = deploy.stages()["apply"]
    assert applied["latestExecution"]["status"] == "Skipped"
    assert applied["beforeEntryConditionState"]["latestExecution"]["status"] == "Failed"
    with pytest.raises(deploy.pipelines.exceptions.StageNotRetryableException):
        deploy.pipelines.retry_stage_execution(
            pipelineName="deploy",
            stageName="apply",
            pipelineExecutionId=execution,
            retryMode="FAILED_ACTIONS",
        )


def test_a_rejected_approval_fails_the_stage(deploy: Pipelines) -> None:
    deploy.make()
    execution = deploy.start()
    deploy.planned(1)
    with pytest.raises(deploy.pipelines.exceptions.InvalidApprovalTokenException):
        deploy.approve(token="11111111-1111-1111-1111-111111111111")
    deploy.approve("Rejected")
    assert deploy.status(execution) == "Failed"
    assert deploy.control("codepipeline/running")["running"] == []


def test_what_failed_of_a_stage_is_retried_alone(deploy: Pipelines) -> None:
    deploy.make()
    execution = deploy.start()
    deploy.planned(1)
    deploy.approve()
    deploy.end("apply", outcome="failed", summary="the runner died")
    assert deploy.status(execution) == "Failed"
    deploy.pipelines.retry_stage_execution(
        pipelineName="deploy",
        stageName="apply",
        pipelineExecutionId=execution,
        retryMode="FAILED_ACTIONS",
    )
    [running] = deploy.control("codepipeline/running")["running"]
    assert running["action"] == "apply"
    deploy.end("apply")
    assert deploy.status(execution) == "Succeeded"


def test_queued_executions_keep_their_order_and_overtake_nothing(deploy: Pipelines) -> None:
    deploy.make()
    first, second = deploy.start(), deploy.start()
    deploy.planned(1)
    deploy.planned(2)
    assert [deploy.status(each) for each in (first, second)] == ["InProgress", "InProgress"]
    [waiting] = deploy.stages()["apply"]["inboundExecutions"]
    assert waiting["pipelineExecutionId"] == second
    deploy.approve()
    deploy.end("apply")
    assert deploy.status(first) == "Succeeded"
    assert deploy.stages()["apply"]["latestExecution"]["pipelineExecutionId"] == second


def test_a_newer_execution_supersedes_one_that_waits(deploy: Pipelines) -> None:
    deploy.make(deploy.changed(executionMode="SUPERSEDED"))
    first = deploy.start()
    deploy.planned(1)
    second = deploy.start()
    deploy.planned(1)
    third = deploy.start()
    deploy.planned(1)
    assert [deploy.status(each) for each in (first, second, third)] == [
        "InProgress",
        "Superseded",
        "InProgress",
    ]


def test_an_execution_is_stopped(deploy: Pipelines) -> None:
    deploy.make()
    execution = deploy.start()
    deploy.pipelines.stop_pipeline_execution(
        pipelineName="deploy", pipelineExecutionId=execution, abandon=True
    )
    assert deploy.status(execution) == "Stopped"
    with pytest.raises(deploy.pipelines.exceptions.PipelineExecutionNotStoppableException):
        deploy.pipelines.stop_pipeline_execution(
            pipelineName="deploy", pipelineExecutionId=execution
        )


def test_variables_of_a_pipeline_have_to_be_declared_and_have_values(deploy: Pipelines) -> None:
    deploy.make(deploy.changed(variables=[{"name": "VERSION"}]))
    with pytest.raises(ClientError, match="need values"):
        deploy.start()
    with pytest.raises(ClientError, match="does not have the variables OTHER"):
        deploy.start(variables=[{"name": "OTHER", "value": "1"}])
    execution = deploy.start(variables=[{"name": "VERSION", "value": "7"}])
    found = deploy.pipelines.get_pipeline_execution(
        pipelineName="deploy", pipelineExecutionId=execution
    )["pipelineExecution"]
    assert found["variables"] == [{"name": "VERSION", "resolvedValue": "7"}]


def test_an_action_fails_where_a_variable_was_not_told_or_a_project_is_not_there(
    deploy: Pipelines,
) -> None:
    pipeline = deploy.changed()
    del pipeline["stages"][2]["beforeEntry"]
    deploy.make(pipeline)
    execution = deploy.start()
    deploy.end("source", "git")
    deploy.end("plan", variables={"OTHER": "1"})
    assert deploy.status(execution) == "Failed"
    deploy.client("codebuild").delete_project(name="work")
    execution = deploy.start()
    deploy.end("source", "git")
    found = deploy.pipelines.get_pipeline_execution(
        pipelineName="deploy", pipelineExecutionId=execution
    )["pipelineExecution"]
    assert "Project cannot be found" in found["statusSummary"]


def test_a_source_fails_while_nobody_has_finished_its_connection(deploy: Pipelines) -> None:
    deploy.make()
    deploy.control("codeconnections/status", arn=deploy.connection, status="PENDING")
    assert deploy.status(deploy.start()) == "Failed"


def test_an_alarm_that_sounds_keeps_an_execution_out(deploy: Pipelines) -> None:
    pipeline = deploy.changed()
    before = only_where("", "FAIL", "CloudWatchAlarm")
    before["conditions"][0]["rules"][0]["configuration"] = {"AlarmName": "errors"}
    pipeline["stages"][1]["beforeEntry"] = before
    deploy.make(pipeline)
    cloudwatch = deploy.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="acme",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    for state, expected in (("ALARM", "Failed"), ("OK", "InProgress")):
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="test")
        execution = deploy.start()
        deploy.end("source", "git")
        assert deploy.status(execution) == expected


PUSH = {"branches": {"includes": ["main", "release/*"]}, "filePaths": {"excludes": ["docs/**"]}}


@pytest.mark.parametrize(
    ("event", "starts"),
    [
        ({"branch": "main", "paths": ["environments/dev.py"]}, True),
        ({"branch": "release/1", "paths": ["a.py"]}, True),
        ({"branch": "release/1/2", "paths": ["a.py"]}, False),
        ({"branch": "main", "paths": ["docs/a.md"]}, False),
        ({"branch": "main", "paths": ["docs/a.md", "a.py"]}, True),
        ({"branch": "other", "paths": ["a.py"]}, False),
        ({"tag": "v1.2"}, True),
        ({"tag": "v1.2-rc1"}, False),
        ({"branch": "main", "paths": ["a.py"], "repository": "acme/other"}, False),
        ({"branch": "main", "pull_request": "OPEN"}, True),
        ({"branch": "main", "pull_request": "CLOSED"}, False),
    ],
)
def test_what_a_git_provider_tells_starts_the_pipelines_with_a_trigger_for_it(
    deploy: Pipelines, event: dict[str, Any], starts: bool
) -> None:
    git = {
        "sourceActionName": "git",
        "push": [PUSH, {"tags": {"includes": ["v*"], "excludes": ["v*-rc*"]}}],
        "pullRequest": [{"branches": {"includes": ["main"]}, "events": ["OPEN", "UPDATED"]}],
    }
    trigger = {"providerType": "CodeStarSourceConnection", "gitConfiguration": git}
    deploy.make(deploy.changed(triggers=[trigger]))
    started = deploy.control("codepipeline/git", **{"repository": "acme/inference", **event})
    assert bool(started["started"]) is starts


def stage_of(pipeline: dict[str, Any], stage: int) -> dict[str, Any]:
    found: dict[str, Any] = pipeline["stages"][stage]
    return found


def refused(deploy: Pipelines, pipeline: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as error:
        deploy.make(pipeline)
    return str(error.value)


def test_what_aws_refuses_of_a_pipeline(deploy: Pipelines) -> None:
    def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        pipeline = deploy.changed()
        change(pipeline)
        return pipeline

    cases: dict[str, Callable[[dict[str, Any]], object]] = {
        "minimum of 2 stages": lambda p: p.update(stages=p["stages"][:1]),
        "first stage, and only they": lambda p: p["stages"].reverse(),
        "no earlier action": lambda p: stage_of(p, 1)["actions"][0].update(
            inputArtifacts=[{"name": "other"}]
        ),
        "used more than once": lambda p: stage_of(p, 1)["actions"][0].update(
            outputArtifacts=[{"name": "source"}]
        ),
        "no PrimarySource": lambda p: (
            stage_of(p, 1)["actions"][0].update(outputArtifacts=[{"name": "plans"}]),
            stage_of(p, 2)["actions"][1].update(
                inputArtifacts=[{"name": "source"}, {"name": "plans"}]
            ),
        ),
        "Stage names must be unique": lambda p: stage_of(p, 2).update(name="plan"),
        "Manual takes 0 to 0": lambda p: stage_of(p, 2)["actions"][0].update(
            inputArtifacts=[{"name": "source"}]
        ),
        "type V1 has the execution mode": lambda p: p.update(pipelineType="V1"),
        "result SKIP": lambda p: stage_of(p, 2).update(
            beforeEntry=only_where("#{planned.CHANGES}", provider="CloudWatchAlarm")
        ),
        "FAIL or SKIP": lambda p: stage_of(p, 2).update(
            beforeEntry=only_where("#{planned.CHANGES}", "ROLLBACK")
        ),
        "Namespace other": lambda p: stage_of(p, 2)["actions"][0].update(
            configuration={"CustomData": "#{other.CHANGES}"}
        ),
        "not authorized to perform AssumeRole": lambda p: p.update(
            roleArn=f"arn:aws:iam::{deploy.account}:role/other"
        ),
        "is no source action": lambda p: p.update(
            triggers=[
                {
                    "providerType": "CodeStarSourceConnection",
                    "gitConfiguration": {"sourceActionName": "other", "push": [PUSH]},
                }
            ]
        ),
        "A push filter has tags, or branches": lambda p: p.update(
            triggers=[
                {
                    "providerType": "CodeStarSourceConnection",
                    "gitConfiguration": {
                        "sourceActionName": "git",
                        "push": [{**PUSH, "tags": {"includes": ["v*"]}}],
                    },
                }
            ]
        ),
    }
    for said, change in cases.items():
        assert said in refused(deploy, changed(change)), said
    deploy.make()


@pytest.mark.parametrize(
    ("route", "given"),
    [
        ("outcome", {"pipeline": "deploy", "stage": "plan", "action": "plan"}),
        ("outcome", {"pipeline": "other", "stage": "plan", "action": "plan"}),
        ("outcome", {"pipeline": "deploy", "stage": "plan", "action": "plan", "outcome": "x"}),
        ("git", {"repository": "acme/inference"}),
        ("git", {"repository": "acme/inference", "branch": "a", "pull_request": "MERGED"}),
    ],
)
def test_what_the_control_routes_refuse(
    deploy: Pipelines, route: str, given: dict[str, Any]
) -> None:
    deploy.make()
    with pytest.raises(urllib.error.HTTPError, match="400"):
        deploy.control(f"codepipeline/{route}", **given)
