"""What verify and preflight know of ECS services and their load balancers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inferform import (
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    Image,
    Inference,
    LoadBalancer,
    Model,
    Scaling,
)
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.kinds.ec2 import ec2_quota
from ops.kinds.record import Quota
from ops.preflight import preflight
from ops.verify import verify

from .certificates import issued
from .clusters import subnets_of

Write = Callable[..., str]
Synthesize = Callable[..., dict[str, dict[str, Any]]]


class Running:
    """A service of two tasks behind a load balancer, as its states and AWS have it."""

    def __init__(self, environment: Environment, aws: Aws, write: Write, emulator: Any) -> None:
        self.environment, self.aws, self._emulator = environment, aws, emulator
        context = aws.context
        self.cluster, self.name = context.name("ecs"), context.name("fraud")
        self.ecs, self.elb = aws.client("ecs"), aws.client("elbv2")
        self.subnets = subnets_of(aws)
        vpc = aws.client("ec2").describe_subnets(SubnetIds=self.subnets)["Subnets"][0]["VpcId"]
        self.ecs.create_cluster(clusterName=self.cluster)
        container: Any = {"name": "model", "image": "fraud:1.4.2", "memory": 512}
        self.definition = self.ecs.register_task_definition(
            family=self.name, containerDefinitions=[container]
        )["taskDefinition"]["taskDefinitionArn"]
        self.group = self.elb.create_target_group(
            Name=self.name, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        self.ecs.create_service(
            cluster=self.cluster,
            serviceName=self.name,
            taskDefinition=self.definition,
            desiredCount=2,
            loadBalancers=[
                {"targetGroupArn": self.group, "containerName": "model", "containerPort": 8080}
            ],
        )
        self.balancer = self.elb.create_load_balancer(
            Name=context.name("internal"), Subnets=self.subnets, Scheme="internal"
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self._write = write
        write(
            "inference",
            1,
            **{
                "aws_ecs_service.fraud": {
                    "name": self.name,
                    "cluster": self.cluster,
                    "task_definition": self.definition,
                },
                "aws_ecs_task_definition.fraud": {
                    "family": self.name,
                    "container_definitions": json.dumps([container]),
                },
            },
        )
        write(
            "ecs",
            1,
            **{
                "aws_ecs_cluster.main": {"name": self.cluster},
                "aws_lb.internal": {"name": context.name("internal"), "arn": self.balancer},
            },
        )

    def tasks(self, running: int) -> None:
        """Let so many tasks run."""
        content = {"cluster": self.cluster, "service": self.name, "running": running}
        where = {"account": self.aws.context.account, "region": self.aws.context.region}
        self._emulator.control("POST", "ecs/tasks", {**content, **where})

    def listen(self, certificate: str) -> None:
        """Give the load balancer a listener."""
        said = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no"}
        answer: Any = {"Type": "fixed-response", "FixedResponseConfig": said}
        self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="HTTPS",
            Port=443,
            Certificates=[{"CertificateArn": certificate}],
            DefaultActions=[answer],
        )

    def found(self, subject: str, check: str) -> tuple[str, str]:
        """What verify finds of one check."""
        name = self.aws.context.name(subject)
        findings = verify(self.environment, self.aws)
        ((outcome, said),) = [
            (each.outcome, each.found)
            for each in findings
            if (each.subject, each.check.title) == (name, check)
        ]
        return outcome, said


def service(**fields: Any) -> EcsService:
    return EcsService(
        model=Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1/model.tar.gz"),
        **{"compute": Fargate(cpu=1024, memory_mib=2048), **fields},
    )


@pytest.fixture
def ecs_environment(aws: Aws, foreign: dict[str, Any]) -> Environment:
    return Environment(
        context=aws.context,
        **foreign,
        ecs=EcsCluster(
            capacity={
                "gpu": Ec2Capacity(instance_types=["g5.xlarge", "g5.2xlarge"], max_instances=4)
            },
            load_balancers={
                "internal": LoadBalancer(
                    certificate=aws.context.arn(
                        "acm", "certificate/12345678-1234-1234-1234-123456789012"
                    )
                )
            },
        ),
        inference=Inference(services={"fraud": service()}),
    )


@pytest.fixture
def running(ecs_environment: Environment, aws: Aws, write_state: Write, emulator: Any) -> Running:
    return Running(ecs_environment, aws, write_state, emulator)


def test_a_service_one_task_short_is_not_in_service(running: Running) -> None:
    assert running.found("fraud", "health") == ("passed", "runs 2 of 2 tasks")
    running.tasks(1)
    outcome, said = running.found("fraud", "health")
    assert outcome == "failed"
    assert said.startswith("runs 1 of 2 tasks")


def test_tasks_that_no_target_stands_for_are_not_in_service(running: Running) -> None:
    targets = running.elb.describe_target_health(TargetGroupArn=running.group)
    held = [each["Target"] for each in targets["TargetHealthDescriptions"]]
    assert len(held) == 2
    running.elb.deregister_targets(TargetGroupArn=running.group, Targets=held)
    said = f"has no healthy target in {running.name}"
    assert running.found("fraud", "health") == ("failed", said)


def test_a_cluster_that_somebody_deleted_fails(running: Running) -> None:
    assert running.found("ecs", "configuration") == ("passed", "is ACTIVE")
    running.ecs.delete_service(cluster=running.cluster, service=running.name, force=True)
    running.ecs.delete_cluster(cluster=running.cluster)
    outcome, _ = running.found("ecs", "configuration")
    assert outcome == "failed"


def test_a_load_balancer_needs_a_listener_with_a_certificate(running: Running) -> None:
    assert running.found("internal", "health") == ("failed", "has no listener")
    acm = running.aws.client("acm")
    certificate, key = issued()
    made = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    running.listen(made)
    assert running.found("internal", "health")[0] == "passed"
    acm.delete_certificate(CertificateArn=made)
    said = f"the certificate of port 443 does not exist ({made})"
    assert running.found("internal", "health") == ("failed", said)


def test_a_load_balancer_in_plain_http_is_not_said_to_have_a_certificate(
    running: Running,
) -> None:
    answer: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    running.elb.create_listener(
        LoadBalancerArn=running.balancer, Protocol="HTTP", Port=80, DefaultActions=[answer]
    )
    assert running.found("internal", "health") == ("passed", "is active, in plain HTTP")


def test_a_network_load_balancer_waits_for_the_ports_of_services(running: Running) -> None:
    name = running.aws.context.name("tcp")
    arn = running.elb.create_load_balancer(
        Name=name, Subnets=running.subnets, Scheme="internal", Type="network"
    )["LoadBalancers"][0]["LoadBalancerArn"]
    running._write("ecs", 2, **{"aws_lb.tcp": {"name": name, "arn": arn}})
    assert running.found("tcp", "health") == ("passed", "is active, with 0 ports")


def test_a_load_balancer_that_somebody_deleted_fails(running: Running) -> None:
    running.elb.delete_load_balancer(LoadBalancerArn=running.balancer)
    assert running.found("internal", "configuration") == ("failed", "does not exist")


def test_quotas_count_fargate_spot_and_the_vcpus_of_instances(
    ecs_environment: Environment, aws: Aws, synthesize: Synthesize
) -> None:
    environment = ecs_environment.replace(
        inference=Inference(
            services={
                "fraud": service(scaling=Scaling(min_capacity=1, max_capacity=8)),
                "spot": service(
                    compute=Fargate(cpu=2048, memory_mib=4096, spot_weight=1, on_demand_weight=0),
                    count=3,
                ),
                "llm": service(compute=Ec2(capacity="gpu", memory_mib=12_000, gpus=1)),
            }
        )
    )
    stacks = synthesize(environment, target=replace(EMULATOR, plans_only=True))
    found = {
        finding.subject: (finding.outcome, finding.found.partition(" are needed")[0])
        for finding in preflight(environment, stacks, aws)
        if finding.check.title == "quota"
    }
    # 8 tasks of 1 vCPU and 3 of 2, twice for a rollout; 4 instances of g5.2xlarge with 8 vCPUs.
    assert found == {
        "Fargate On-Demand vCPU resource count": ("passed", "16"),
        "Fargate Spot vCPU resource count": ("passed", "12"),
        "Running On-Demand G and VT instances": ("failed", "32"),
    }


def test_the_artifact_of_an_ecs_service_is_looked_for(
    ecs_environment: Environment, foreign: dict[str, Any], aws: Aws, synthesize: Synthesize
) -> None:
    stacks = synthesize(ecs_environment, target=replace(EMULATOR, plans_only=True))

    def looked() -> list[tuple[str, str, str]]:
        found = preflight(ecs_environment, stacks, aws)
        return [(f.subject, f.outcome, f.found) for f in found if f.check.title == "artifact"]

    bucket = foreign["registry"].artifact_bucket
    uri = f"s3://{bucket}/fraud/1/model.tar.gz"
    assert looked() == [(uri, "failed", "its bucket does not exist")]
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    assert looked() == [(uri, "failed", "does not exist")]
    s3.put_object(Bucket=bucket, Key="fraud/1/model.tar.gz", Body=b"model")
    assert looked() == [(uri, "passed", "exists")]


@pytest.mark.parametrize(
    ("kind", "spot", "quota", "vcpus"),
    [
        ("m5.large", False, "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 4),
        ("m5.large", True, "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 4),
        ("g5.xlarge", True, "All G and VT Spot Instance Requests", 8),
        ("p4d.24xlarge", True, "All P4, P3 and P2 Spot Instance Requests", 192),
        ("p5.48xlarge", True, "All P5 Spot Instance Requests", 384),
        ("p5.48xlarge", False, "Running On-Demand P instances", 384),
        ("inf2.xlarge", False, "Running On-Demand Inf instances", 8),
    ],
)
def test_an_instance_type_counts_against_the_quota_of_its_family(
    kind: str, spot: bool, quota: str, vcpus: int
) -> None:
    assert list(ec2_quota([kind], 2, spot=spot)) == [Quota("ec2", quota, vcpus, doubled=False)]


def test_a_type_that_nobody_knows_counts_against_no_quota() -> None:
    assert list(ec2_quota(["m99.large", "qq1.large"], 2, spot=False)) == []


def test_names_that_somebody_else_has_are_found(
    running: Running, aws: Aws, synthesize: Synthesize, write_state: Write
) -> None:
    write_state("ecs", 2)
    stacks = synthesize(running.environment, target=replace(EMULATOR, plans_only=True))
    taken = {
        finding.subject
        for finding in preflight(running.environment, stacks, aws)
        if finding.check.title == "name" and finding.outcome == "failed"
    }
    internal = aws.context.name("internal")
    assert taken == {f"aws_lb {internal}", f"aws_ecs_cluster {running.cluster}"}
