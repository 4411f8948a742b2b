"""Failed and rolled-back deployments are told to EventBridge, and heard by the rules that the product makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Canary,
    Context,
    EcsOutputs,
    EcsService,
    Environment,
    Fargate,
    Image,
    Inference,
    LambdaFunction,
    Model,
    Network,
    Observability,
    RealtimeEndpoint,
    Registry,
    Repository,
)
from inferform.ecs.containers import ContainerHealth, ContainerOptions
from inferform.observability.events import told
from inferform_emulator.process import Emulator

Client = Callable[..., Any]

CLUSTER = "theirs"
MODEL = Model(image=Image(repository="fraud", tag="1"))


def environment(account: str) -> Environment:
    tasks = EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048),
        container=ContainerOptions(health=ContainerHealth(command=["CMD", "true"])),
    )
    return Environment(
        context=Context(
            organization="acme", stage="dev", account=account, region="us-east-1", owner="ml"
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsOutputs(
            cluster_name=CLUSTER,
            capacity_providers={},
            listener_arns={},
            load_balancer_suffixes={},
            load_balancer_groups={},
        ),
        inference=Inference(
            endpoints={"fraud": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")},
            services={"tasks": tasks},
            functions={"quick": LambdaFunction(model=MODEL, rollout=Canary())},
        ),
        observability=Observability(),
    )


@pytest.fixture
def heard(client: Client, account: str) -> Callable[[], list[str]]:
    """What the rules of the environment tell, since the last time that somebody asked."""
    events, sns, sqs = client("events"), client("sns"), client("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    rules = list(told(environment(account)))
    assert {each.source for each in rules} == {"codedeploy", "ecs", "sagemaker"}
    for each in rules:
        events.put_rule(Name=each.source, EventPattern=json.dumps(each.pattern))
        transformer = {
            "InputPathsMap": dict(each.paths),
            "InputTemplate": json.dumps(each.text),
        }
        target = {"Id": "topic", "Arn": topic, "InputTransformer": transformer}
        events.put_targets(Rule=each.source, Targets=[target])

    def read() -> list[str]:
        found = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [str(json.loads(each["Body"])["Message"]) for each in got]
            for each in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return found

    return read


def test_an_endpoint_that_fails_or_rolls_back_is_heard(
    client: Client, emulator: Emulator, account: str, heard: Callable[[], list[str]]
) -> None:
    sagemaker = client("sagemaker")
    role = f"arn:aws:iam::{account}:role/endpoint"
    sagemaker.create_model(
        ModelName="fraud", ExecutionRoleArn=role, PrimaryContainer={"Image": "image:1"}
    )
    for number in (1, 2):
        variant = {
            "VariantName": "main",
            "ModelName": "fraud",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": number,
        }
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"fraud-{number}", ProductionVariants=[variant]
        )
    name = "acme-dev-use1-fraud"
    for own in (name, "acme-prod-use1-fraud"):
        sagemaker.create_endpoint(EndpointName=own, EndpointConfigName="fraud-1")
    assert heard() == []
    for outcome, words in (
        ("rollback", "ROLLING_BACK"),
        ("rollback-failed", "UPDATE_ROLLBACK_FAILED"),
    ):
        for own in ("acme-prod-use1-fraud", name):
            plan = {"endpoint": own, "account": account, "outcome": outcome}
            emulator.control("POST", "sagemaker/rollout", plan)
            sagemaker.update_endpoint(EndpointName=own, EndpointConfigName="fraud-2")
            for _ in range(4):
                sagemaker.describe_endpoint(EndpointName=own)
        messages = heard()
        assert any(f"SageMaker endpoint {name} is {words}" in each for each in messages)
        assert not any("acme-prod" in each for each in messages)


def test_a_service_whose_deployment_fails_is_heard(
    client: Client, emulator: Emulator, account: str, heard: Callable[[], list[str]]
) -> None:
    ecs = client("ecs")
    for cluster in (CLUSTER, "others"):
        ecs.create_cluster(clusterName=cluster)
    image = {"name": "model", "image": "fraud:1", "memory": 128}
    for _ in range(2):
        ecs.register_task_definition(family="fraud", containerDefinitions=[image])
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    for cluster in (CLUSTER, "others"):
        ecs.create_service(
            cluster=cluster,
            serviceName="fraud",
            taskDefinition="fraud:1",
            desiredCount=1,
            deploymentConfiguration=breaker,
        )
    assert heard() == []
    for cluster in (CLUSTER, "others"):
        plan = {"cluster": cluster, "service": "fraud", "account": account, "outcome": "rollback"}
        emulator.control("POST", "ecs/rollout", plan)
        ecs.update_service(cluster=cluster, service="fraud", taskDefinition="fraud:2")
        for _ in range(4):
            ecs.describe_services(cluster=cluster, services=["fraud"])
    (message,) = heard()
    assert f"service/{CLUSTER}/fraud failed" in message


def test_a_deployment_of_codedeploy_that_fails_is_heard(
    client: Client, emulator: Emulator, account: str, heard: Callable[[], list[str]]
) -> None:
    ecs, codedeploy = client("ecs"), client("codedeploy")
    ecs.create_cluster(clusterName=CLUSTER)
    image = {"name": "model", "image": "fraud:1", "memory": 128}
    definition = ecs.register_task_definition(family="fraud", containerDefinitions=[image])[
        "taskDefinition"
    ]["taskDefinitionArn"]
    ecs.create_service(
        cluster=CLUSTER,
        serviceName="fraud",
        taskDefinition=definition,
        desiredCount=1,
        deploymentController={"type": "CODE_DEPLOY"},
    )
    name = "acme-dev-use1-tasks"
    codedeploy.create_application(applicationName=name, computePlatform="ECS")
    codedeploy.create_deployment_group(
        applicationName=name,
        deploymentGroupName=name,
        serviceRoleArn=f"arn:aws:iam::{account}:role/deploy",
        ecsServices=[{"serviceName": "fraud", "clusterName": CLUSTER}],
    )
    plan = {"cluster": CLUSTER, "service": "fraud", "account": account, "outcome": "fail"}
    emulator.control("POST", "ecs/rollout", plan)
    properties = {"TaskDefinition": definition}
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    made = codedeploy.create_deployment(
        applicationName=name,
        deploymentGroupName=name,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )
    for _ in range(3):
        codedeploy.get_deployment(deploymentId=made["deploymentId"])
    (message,) = heard()
    assert f"deployment {made['deploymentId']} of {name} ended with FAILURE" in message
