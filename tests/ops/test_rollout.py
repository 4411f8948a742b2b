"""`inferform rollout`: what it refuses, and what it says when an alarm stops CodeDeploy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    Canary,
    Context,
    EcsCluster,
    EcsDeployment,
    EcsOutputs,
    EcsService,
    Environment,
    Fargate,
    Image,
    Inference,
    LifecycleHook,
    LoadBalancer,
    Model,
    Network,
    Registry,
    Repository,
    Rolling,
    Route,
)
from inferform_emulator.process import Emulator
from ops import rollout as operations
from ops.aws import Aws
from ops.cli import app
from ops.errors import BadInputError, OperatorError
from ops.kinds.ecs_rollout import _app_spec

ACCOUNT = "777700007777"
CONTEXT = Context(
    organization="acme",
    stage="roll",
    account=ACCOUNT,
    region="us-east-1",
    owner="test",
    deploy_role="inferform-deploy",
)
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"


ROLLOUTS: dict[str, Rolling | Canary] = {
    "fraud": Canary(),
    "plain": Rolling(),
    "rank": Canary(),
}


def environment() -> Environment:
    model = Model(image=Image(repository="fraud", tag="1"))
    spot = Fargate(cpu=256, memory_mib=512, spot_weight=2)
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.80.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
        inference=Inference(
            services={
                name: EcsService(
                    model=model,
                    compute=spot,
                    route=Route(load_balancer="internal", hosts=[f"{name}.acme.test"]),
                    rollout=rollout,
                )
                for name, rollout in ROLLOUTS.items()
            }
        ),
    )


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Aws:
    """Services that run their first task definition."""
    made = Aws(CONTEXT, emulator=emulator)
    ecs, cluster = made.client("ecs"), CONTEXT.name("ecs")
    ecs.create_cluster(clusterName=cluster)
    codedeploy = made.client("codedeploy")
    for service in ("fraud", "rank"):
        name = CONTEXT.name(service)
        first = prepare(made, service, "1")
        target_group = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/blue/1"
        ecs.create_service(
            cluster=cluster,
            serviceName=name,
            taskDefinition=first,
            desiredCount=1,
            deploymentController={"type": "CODE_DEPLOY"},
            loadBalancers=[
                {"targetGroupArn": target_group, "containerName": "model", "containerPort": 8080}
            ],
        )
        codedeploy.create_application(applicationName=name, computePlatform="ECS")
        codedeploy.create_deployment_group(
            applicationName=name,
            deploymentGroupName=name,
            serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/deploy",
            ecsServices=[{"serviceName": name, "clusterName": cluster}],
            alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]},
        )
    return made


def prepare(aws: Aws, service: str, version: str) -> str:
    """Make another task definition of a service, as an apply does; its ARN."""
    container: Any = {
        "name": "model",
        "image": f"{service}:{version}",
        "memory": 128,
        "portMappings": [{"containerPort": 8080}],
    }
    name, ecs = CONTEXT.name(service), aws.client("ecs")
    made = ecs.register_task_definition(family=name, containerDefinitions=[container])
    return made["taskDefinition"]["taskDefinitionArn"]


@pytest.fixture
def alarm(aws: Aws) -> Callable[[str], None]:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_5XX_Count",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )

    def to(state: Any) -> None:
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="test")

    return to


def test_an_alarm_that_stops_it_is_the_reason_and_without_it_the_service_moves(
    aws: Aws, alarm: Callable[[str], None]
) -> None:
    prepare(aws, "fraud", "3")
    alarm("ALARM")
    stopped = operations.start(environment(), "fraud", aws)
    assert stopped is not None
    assert (stopped.status, stopped.running) == ("Stopped", False)
    assert "errors" in stopped.reason
    alarm("OK")
    moved = operations.start(environment(), "fraud", aws)
    assert moved is not None
    assert moved.status == "Succeeded"
    assert operations.wait(aws, moved) == moved
    assert operations.start(environment(), "fraud", aws) is None


def test_the_traffic_goes_to_the_port_of_the_new_tasks(
    aws: Aws, alarm: Callable[[str], None]
) -> None:
    alarm("ALARM")
    ecs, name = aws.client("ecs"), CONTEXT.name("fraud")
    container: Any = {
        "name": "model",
        "memory": 128,
        "image": "fraud:4",
        "portMappings": [{"containerPort": 8000}],
    }
    ecs.register_task_definition(family=name, containerDefinitions=[container])
    started = operations.start(environment(), "fraud", aws)
    assert started is not None
    info = aws.client("codedeploy").get_deployment(deploymentId=started.deployment)
    content = info["deploymentInfo"]["revision"]["appSpecContent"]["content"]
    assert '"LoadBalancerInfo": {"ContainerName": "model", "ContainerPort": 8000}' in content


def test_the_tasks_keep_their_share_of_spot(aws: Aws, alarm: Callable[[str], None]) -> None:
    alarm("ALARM")
    ecs, name = aws.client("ecs"), CONTEXT.name("fraud")
    ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "model", "memory": 128, "image": "fraud:3"}]
    )
    started = operations.start(environment(), "fraud", aws)
    assert started is not None
    info = aws.client("codedeploy").get_deployment(deploymentId=started.deployment)
    content = info["deploymentInfo"]["revision"]["appSpecContent"]["content"]
    assert '{"CapacityProvider": "FARGATE_SPOT", "Base": 0, "Weight": 2}' in content


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("frad", "no ECS service.* frad; did you mean fraud"),
        ("plain", "an apply alone rolls it out"),
    ],
)
def test_what_codedeploy_does_not_roll_out_is_said(aws: Aws, service: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        operations.start(environment(), service, aws)


@pytest.fixture
def rollout(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command, for this environment on this emulator."""
    monkeypatch.setattr("ops.commands.rollout.environment", lambda _: environment())
    monkeypatch.setattr("ops.aws.emulator_in_use", lambda: aws.emulator)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["rollout", "roll-use1", *words, "--emulator"])

    return run


def begun(aws: Aws) -> dict[str, int]:
    """How many deployments each service has had."""
    codedeploy = aws.client("codedeploy")
    return {
        service: len(
            codedeploy.list_deployments(
                applicationName=CONTEXT.name(service), deploymentGroupName=CONTEXT.name(service)
            )["deployments"]
        )
        for service in ("fraud", "rank")
    }


def test_every_service_that_codedeploy_moves_is_moved_in_turn(
    aws: Aws, alarm: Callable[[str], None], rollout: Callable[..., Any]
) -> None:
    alarm("OK")
    for service in ("fraud", "rank"):
        prepare(aws, service, "5")
    done = rollout("--all", "--json")
    assert [each["status"] for each in json.loads(done.stdout)] == ["Succeeded", "Succeeded"]
    again = rollout("--all")
    assert again.stdout.splitlines() == [
        f"ecs/{name} serves what the last apply made already" for name in ("fraud", "rank")
    ]


def test_a_rollout_that_fails_ends_those_after_it(
    aws: Aws, alarm: Callable[[str], None], rollout: Callable[..., Any]
) -> None:
    for service in ("fraud", "rank"):
        prepare(aws, service, "6")
    before = begun(aws)
    alarm("ALARM")
    done = rollout("--all")
    assert isinstance(done.exception, OperatorError)
    assert "ecs/fraud was not moved" in str(done.exception)
    assert begun(aws) == {"fraud": before["fraud"] + 1, "rank": before["rank"]}


@pytest.mark.parametrize("words", [(), ("fraud", "--all")])
def test_one_service_is_moved_or_all(words: tuple[str, ...], rollout: Callable[..., Any]) -> None:
    done = rollout(*words)
    assert isinstance(done.exception, BadInputError)
    assert "name a service, or write --all" in str(done.exception)


def test_a_service_that_is_not_deployed_names_the_layer(aws: Aws) -> None:
    empty = EcsOutputs(
        cluster_name="empty",
        capacity_providers={},
        listener_arns={
            "internal": "arn:aws:elasticloadbalancing:us-east-1:777700007777:listener/app/shared/1/2"
        },
        load_balancer_suffixes={"internal": "app/shared/1"},
        load_balancer_groups={"internal": "sg-1"},
    )
    aws.client("ecs").create_cluster(clusterName="empty")
    with pytest.raises(OperatorError, match="apply the inference layer first"):
        operations.start(environment().replace(ecs=empty), "fraud", aws)


def test_the_app_spec_names_the_hooks_in_their_order() -> None:
    check, other = (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{each}" for each in "ab")
    deployment = EcsDeployment(
        test_traffic=True,
        hooks=[
            LifecycleHook(function=check, stages=["AfterAllowTraffic", "BeforeInstall"]),
            LifecycleHook(function=other, stages=["AfterAllowTestTraffic"]),
        ],
    )
    made = json.loads(_app_spec("arn", "model", 8080, [], deployment.events))
    assert made["Hooks"] == [
        {"BeforeInstall": check},
        {"AfterAllowTestTraffic": other},
        {"AfterAllowTraffic": check},
    ]
    assert "Hooks" not in json.loads(_app_spec("arn", "model", 8080, [], {}))
