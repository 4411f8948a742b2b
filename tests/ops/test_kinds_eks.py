"""What verify and preflight know of EKS clusters, their nodes and their services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from inferform import (
    AutoMode,
    EksCluster,
    EksService,
    Environment,
    Image,
    Kubernetes,
    Model,
    NodeGroup,
    NodeGroups,
    Pod,
)
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.kinds.record import Finding
from ops.preflight import preflight
from ops.verify import verify

from .clusters import Cluster

Write = Callable[..., str]
Synthesize = Callable[..., dict[str, dict[str, Any]]]
GROUP = "gpu-0123abcd"


class Nodes:
    """A cluster with a node group, as its state and AWS have it."""

    def __init__(self, aws: Aws, write: Write, foreign: dict[str, Any], emulator: Any) -> None:
        self.aws, self._write, self._emulator = aws, write, emulator
        self.cluster = Cluster(aws)
        self.cluster.eks.create_nodegroup(
            clusterName=self.cluster.name,
            nodegroupName=GROUP,
            subnets=self.cluster.subnets,
            nodeRole=aws.context.arn("iam", "role/nodes"),
            version="1.35",
        )
        self.environment = Environment(
            context=aws.context, **foreign, eks=EksCluster(version="1.35", compute=AutoMode())
        )
        self.state("1.35")

    def state(self, version: str) -> None:
        """Write the state of the eks layer."""
        name = self.cluster.name
        group = {"node_group_name": GROUP, "cluster_name": name, "version": version}
        self._write(
            "eks",
            1,
            **{
                "aws_eks_cluster.main": {"name": name, "version": version},
                "aws_eks_node_group.gpu": group,
            },
        )

    def ail(self, **health: Any) -> None:
        """Give the cluster or its node group a status and issues."""
        context = self.aws.context
        where = {"account": context.account, "region": context.region}
        content = {"cluster": self.cluster.name, **health, **where}
        self._emulator.control("POST", "eks/health", content)

    def found(self) -> dict[tuple[str, str], tuple[str, str]]:
        """What verify finds, by subject and check."""
        names = {self.cluster.name: "cluster", GROUP: "group"}
        return {
            (names[each.subject], each.check.title): (each.outcome, each.found)
            for each in verify(self.environment, self.aws)
        }


@pytest.fixture
def nodes(aws: Aws, write_state: Write, foreign: dict[str, Any], emulator: Any) -> Nodes:
    return Nodes(aws, write_state, foreign, emulator)


def test_a_cluster_and_its_nodes_are_in_service(nodes: Nodes) -> None:
    runs, active = ("passed", "runs Kubernetes 1.35"), ("passed", "is ACTIVE")
    assert nodes.found() == {
        ("cluster", "configuration"): runs,
        ("cluster", "health"): active,
        ("group", "configuration"): runs,
        ("group", "health"): active,
    }


def test_another_version_than_the_states_fails(nodes: Nodes) -> None:
    nodes.state("1.34")
    said = ("failed", "runs Kubernetes 1.35, but the state says 1.34")
    found = nodes.found()
    assert found["cluster", "configuration"] == said
    assert found["group", "configuration"] == said


@pytest.mark.parametrize(("part", "named"), [("cluster", ""), ("group", GROUP)])
def test_a_status_and_issues_that_eks_names_fail(nodes: Nodes, part: str, named: str) -> None:
    nodes.ail(nodegroup=named, status="DEGRADED")
    assert nodes.found()[part, "health"] == ("failed", "is DEGRADED")
    issue = {"code": "AccessDenied", "message": "the role is gone"}
    nodes.ail(nodegroup=named, issues=[issue])
    said = "is ACTIVE; AccessDenied: the role is gone"
    assert nodes.found()[part, "health"] == ("failed", said)


def test_what_somebody_deleted_fails(nodes: Nodes) -> None:
    nodes.cluster.eks.delete_nodegroup(clusterName=nodes.cluster.name, nodegroupName=GROUP)
    found = nodes.found()
    assert found["group", "configuration"] == ("failed", "does not exist")
    assert found["cluster", "health"][0] == "passed"


def checked(environment: Environment, aws: Aws, synthesize: Synthesize) -> list[Finding]:
    stacks = synthesize(environment, target=replace(EMULATOR, plans_only=True))
    return preflight(environment, stacks, aws)


def test_node_groups_count_against_the_vcpus_of_ec2(
    aws: Aws, foreign: dict[str, Any], synthesize: Synthesize
) -> None:
    groups = NodeGroups(
        groups={
            "cpu": NodeGroup(instance_types=["m7i.xlarge"], max_size=5, desired_size=1),
            "gpu": NodeGroup(
                instance_types=["g5.xlarge", "g6.2xlarge"],
                capacity_type="SPOT",
                max_size=3,
                min_size=0,
                desired_size=0,
            ),
        }
    )
    environment = Environment(
        context=aws.context, **foreign, eks=EksCluster(version="1.35", compute=groups)
    )
    found = {
        (each.check.title, each.subject): (each.outcome, each.found.partition(" are needed")[0])
        for each in checked(environment, aws, synthesize)
        if each.check.title in ("quota", "instance type")
    }
    standard = "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"
    offered = ("passed", f"is offered in {aws.context.region}")
    assert found == {
        ("quota", standard): ("passed", "20"),
        ("quota", "All G and VT Spot Instance Requests"): ("failed", "24"),
        ("instance type", "g5.xlarge"): offered,
        ("instance type", "g6.2xlarge"): offered,
        ("instance type", "m7i.xlarge"): offered,
    }


def test_the_artifact_of_an_eks_service_is_looked_for(
    aws: Aws, foreign: dict[str, Any], synthesize: Synthesize
) -> None:
    model = Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1/model.tar.gz")
    environment = Environment(
        context=aws.context,
        **foreign,
        eks=EksCluster(version="1.35", compute=AutoMode()),
        kubernetes=Kubernetes(
            services={"fraud": EksService(model=model, compute=Pod(vcpu=1, memory_mib=2048))}
        ),
    )

    def looked() -> list[tuple[str, str, str]]:
        found = checked(environment, aws, synthesize)
        return [(f.subject, f.outcome, f.found) for f in found if f.check.title == "artifact"]

    bucket = foreign["registry"].artifact_bucket
    uri = f"s3://{bucket}/fraud/1/model.tar.gz"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    assert looked() == [(uri, "failed", "does not exist")]
    s3.put_object(Bucket=bucket, Key="fraud/1/model.tar.gz", Body=b"model")
    assert looked() == [(uri, "passed", "exists")]


@pytest.mark.parametrize(
    ("day", "outcome", "words"),
    [
        (date(2026, 12, 1), "passed", "has standard support until 2027-03-27"),
        (date(2027, 3, 1), "failed", "whose standard support ends on 2027-03-27"),
        (date(2027, 4, 1), "failed", "EKS upgrades it by itself"),
        (date(2028, 4, 1), "failed", "whose support ended on 2028-03-27"),
    ],
)
def test_a_version_whose_support_ends_is_found_before_it_does(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, day: date, outcome: str, words: str
) -> None:
    monkeypatch.setattr("ops.kinds.eks.today", lambda: day)
    cluster = {
        "name": "c",
        "version": "1.35",
        "upgrade_policy": {"support_type": "STANDARD"},
    }
    stack = {"resource": {"aws_eks_cluster": {"c": cluster}}}
    stacks = {"dev-use1-eks": {**stack, "terraform": {"backend": {"s3": {}}}}}
    checks = preflight(nodes.environment, stacks, nodes.aws)
    [version] = [each for each in checks if each.check.title == "version"]
    assert version.outcome == outcome
    assert words in version.found
