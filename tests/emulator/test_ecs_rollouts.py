"""CodeDeploy moves an ECS service and its traffic, unless an alarm is on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from inferform_emulator.process import Emulator

Client = Callable[..., Any]


@dataclass
class Service:
    """A service behind a listener with a blue and a green target group."""

    client: Client
    rule: str
    definitions: list[str]

    def deploy(self, definition: str) -> str:
        properties = {
            "TaskDefinition": definition,
            "LoadBalancerInfo": {"ContainerName": "model", "ContainerPort": 8080},
        }
        resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
        content = json.dumps({"version": 0.0, "Resources": [resource]})
        codedeploy = self.client("codedeploy")
        deployment = codedeploy.create_deployment(
            applicationName="fraud",
            deploymentGroupName="fraud",
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        )["deploymentId"]
        answer = codedeploy.get_deployment(deploymentId=deployment)
        return str(answer["deploymentInfo"]["status"])

    @property
    def serves(self) -> str:
        answer = self.client("ecs").describe_services(cluster="c", services=["fraud"])
        return str(answer["services"][0]["taskDefinition"])

    @property
    def weights(self) -> list[int]:
        rule = self.client("elbv2").describe_rules(RuleArns=[self.rule])["Rules"][0]
        return [each["Weight"] for each in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]]


@pytest.fixture
def service(client: Client) -> Service:
    ec2, elb, ecs = client("ec2"), client("elbv2"), client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{z}")[
            "Subnet"
        ]["SubnetId"]
        for n, z in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[fixed],
    )["Listeners"][0]["ListenerArn"]
    groups = {
        color: elb.create_target_group(
            Name=color, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        for color in ("blue", "green")
    }
    targets = [
        {"TargetGroupArn": groups["blue"], "Weight": 100},
        {"TargetGroupArn": groups["green"], "Weight": 0},
    ]
    rule = elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}],
    )["Rules"][0]["RuleArn"]
    ecs.create_cluster(clusterName="c")
    definitions = [
        ecs.register_task_definition(
            family="fraud",
            containerDefinitions=[{"name": "model", "image": f"fraud:{version}", "memory": 128}],
        )["taskDefinition"]["taskDefinitionArn"]
        for version in (1, 2)
    ]
    ecs.create_service(
        cluster="c",
        serviceName="fraud",
        taskDefinition=definitions[0],
        desiredCount=1,
        deploymentController={"type": "CODE_DEPLOY"},
        loadBalancers=[
            {"targetGroupArn": groups["blue"], "containerName": "model", "containerPort": 8080}
        ],
    )
    codedeploy = client("codedeploy")
    codedeploy.create_application(applicationName="fraud", computePlatform="ECS")
    codedeploy.create_deployment_group(
        applicationName="fraud",
        deploymentGroupName="fraud",
        serviceRoleArn="arn:aws:iam::111122223333:role/deploy",
        ecsServices=[{"serviceName": "fraud", "clusterName": "c"}],
        alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]},
        loadBalancerInfo={
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [{"name": "blue"}, {"name": "green"}],
                    "prodTrafficRoute": {"listenerArns": [listener]},
                }
            ]
        },
    )
    return Service(client, rule, definitions)


def test_a_deployment_moves_tasks_and_traffic_and_the_next_one_moves_back(
    service: Service,
) -> None:
    old, new = service.definitions
    assert service.deploy(new) == "Succeeded"
    assert (service.serves, service.weights) == (new, [0, 100])
    assert service.deploy(old) == "Succeeded"
    assert (service.serves, service.weights) == (old, [100, 0])


def test_an_alarm_that_is_on_leaves_everything_where_it_was(
    service: Service, client: Client
) -> None:
    cloudwatch = client("cloudwatch")
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
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    old, new = service.definitions
    assert service.deploy(new) == "Stopped"
    assert (service.serves, service.weights) == (old, [100, 0])


def test_a_deployment_whose_tasks_cannot_start_fails(
    service: Service, client: Client, account: str, emulator: Emulator
) -> None:
    before = service.serves
    ghost = client("ecs").register_task_definition(
        family="fraud",
        executionRoleArn=f"arn:aws:iam::{account}:role/ghost",
        containerDefinitions=[{"name": "model", "image": "public.ecr.aws/fraud:3", "memory": 128}],
    )["taskDefinition"]["taskDefinitionArn"]
    emulator.control("POST", "access", {"account": account, "judged": True})
    assert service.deploy(ghost) == "Failed"
    assert (service.serves, service.weights) == (before, [100, 0])
    emulator.control("POST", "access", {"account": account, "judged": False})
    assert service.deploy(ghost) == "Succeeded"
