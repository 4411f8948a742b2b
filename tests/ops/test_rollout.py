"""`inferform rollout`: what it refuses, and what it says when an alarm stops CodeDeploy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

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


ROLLOUTS: dict[str, Rolling | Canary] = {"fraud": Canary(), "plain": Rolling()}


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
    """A service that runs its first task definition, though there is a second."""
    made = Aws(CONTEXT, emulator=emulator)
    ecs, name, cluster = made.client("ecs"), CONTEXT.name("fraud"), CONTEXT.name("ecs")
    ecs.create_cluster(clusterName=cluster)
    first, _ = (
        ecs.register_task_definition(
            family=name,
            containerDefinitions=[
                {
                    "name": "model",
                    "image": f"fraud:{version}",
                    "memory": 128,
                    "portMappings": [{"containerPort": 8080}],
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        for version in (1, 2)
    )
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
    codedeploy = made.client("codedeploy")
    codedeploy.create_application(applicationName=name, computePlatform="ECS")
    codedeploy.create_deployment_group(
        applicationName=name,
        deploymentGroupName=name,
        serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/deploy",
        ecsServices=[{"serviceName": name, "clusterName": cluster}],
        alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]},
    )
    return made


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
