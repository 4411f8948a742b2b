"""EKS clusters deployed to the emulator: every kind of compute, scaled, upgraded, destroyed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from inferform import (
    AccessEntry,
    Addon,
    AutoMode,
    CapacityReservation,
    Context,
    EksCluster,
    EksService,
    FargateProfile,
    Model,
    NetworkOutputs,
    NodeGroup,
    NodeGroups,
    Pod,
    RegistryOutputs,
)
from inferform.eks.spec import AddonName
from inferform.kubernetes.objects import Place
from inferform.target import EMULATOR
from inferform.usage import Amount
from inferform_emulator.process import Emulator
from ops.adopt import adopt
from ops.aws import Aws
from ops.cost.resources import usages as planned
from ops.kinds import kinds
from ops.plan import Action, Plan, Side, read_plan
from ops.review.stories import tell
from ops.terraform import Stack, stacks, terraform_environment
from tests import emulators
from tests.e2e.plan_role import within_plan_role

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
SERVICE = EksService(
    model=Model(
        image=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2",
        artifact="fraud/1.4.2/model.tar.gz",
    ),
    compute=Pod(vcpu=1, memory_mib=1024),
)
# Forgotten one at a time, as by a killed run, and taken back by their tags.
FORGOTTEN = {
    "aws_ec2_capacity_reservation",
    "aws_eks_access_entry",
    "aws_eks_addon",
    "aws_eks_cluster",
    "aws_eks_fargate_profile",
    "aws_eks_node_group",
    "aws_eks_pod_identity_association",
    "aws_launch_template",
}
# What only sets something on another resource is not found: the next apply sets it again.
PARTS = {kind for kind, record in kinds().items() if record.part_of}
OBSERVED: dict[AddonName, Addon] = {"amazon-cloudwatch-observability": Addon()}


def context(stage: str) -> Context:
    return Context(
        organization="e2e",
        stage=stage,
        account=ACCOUNT,
        region="us-east-1",
        owner="ml",
        deploy_role="inferform-deploy",
    )


def first_context(stage: str) -> Context:
    """The least that an environment may begin with."""
    return context(stage).replace(deploy_role=None)


def later_context(stage: str) -> Context:
    """All that a team may change of a Context without a change of names."""
    return context(stage).replace(
        owner="platform",
        plan_role="inferform-plan",
        permissions_boundary="boundary",
        tags={"team": "ml"},
    )


def clusters(version: str, gpu_nodes: int) -> dict[str, EksCluster]:
    """One cluster for each kind of compute, by the stage that it stands for."""
    groups = NodeGroups(
        groups={
            "cpu": NodeGroup(instance_types=["m7i.xlarge"], max_size=5, desired_size=2),
            "gpu": NodeGroup(
                instance_types=["g5.xlarge", "g6.xlarge"],
                capacity_type="SPOT",
                max_size=8,
                min_size=0,
                desired_size=gpu_nodes,
            ),
            "kept": NodeGroup(
                instance_types=["g6.xlarge"],
                min_size=0,
                max_size=gpu_nodes,
                reservation=CapacityReservation(instances={"us-east-1b": gpu_nodes}),
            ),
        }
    )
    reader = AccessEntry(
        principal=f"{ROLE}/ml", policy="AmazonEKSViewPolicy", namespaces=["inference"]
    )
    return {
        "auto": EksCluster(version=version, compute=AutoMode()),
        "groups": EksCluster(
            version=version,
            compute=groups,
            addons=OBSERVED,
            access={"ml": reader},
            public_access_cidrs=["203.0.113.0/24"],
        ),
        "fargate": EksCluster(version=version, compute=FargateProfile()),
    }


class Deployment:
    """The clusters in one stack, so that one Terraform run stands for all."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self._folder = folder
        self._emulator = emulator
        self._environment = terraform_environment(emulator.environment())
        self._make = {
            service: boto3.client(
                service,
                endpoint_url=emulator.url,
                region_name="us-east-1",
                **_session(emulator),
            )
            for service in ("ec2", "eks", "iam", "kms", "logs", "s3")
        }
        self._make["s3"].create_bucket(Bucket=context("eks").state_bucket)
        vpc = self._make["ec2"].create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self._make["ec2"].create_subnet(
                VpcId=vpc, CidrBlock=f"10.77.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        self.network = NetworkOutputs(
            vpc_id=vpc,
            vpc_cidr="10.77.0.0/16",
            private_subnet_ids=subnets,
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        )
        key = self._make["kms"].create_key()["KeyMetadata"]["Arn"]
        self.registry = RegistryOutputs(kms_key_arn=key, artifact_bucket="artifacts")

    def client(self, service: str) -> Any:
        return self._make[service]

    def write(
        self, asked: Mapping[str, EksCluster], context: Callable[[str], Context] = context
    ) -> Stack:
        from inferform.cdk import App, Construct, TerraformLocal
        from inferform.eks.construct import Cluster
        from inferform.kubernetes.construct import service_role
        from inferform.layer import Layer

        app = App(outdir=str(self._folder / "cdktf.out"))
        # One role for the state, so that no backend has to be initialised again.
        of_layer = context("eks").replace(deploy_role="inferform-deploy", plan_role=None)
        layer = Layer(app, "eks", context=of_layer, target=EMULATOR)
        TerraformLocal(layer, "suffix", "01234567")
        for stage, spec in asked.items():
            scope = Construct(layer, stage)
            cluster = Cluster(
                scope,
                "cluster",
                context=context(stage),
                spec=spec,
                network=self.network,
                registry=self.registry,
                suffix="${local.suffix}",
            )
            service_role(
                scope,
                name="fraud",
                spec=SERVICE,
                place=Place(
                    context=context(stage),
                    artifact_bucket=self.registry.artifact_bucket,
                    vpc_cidrs=(self.network.vpc_cidr,),
                    cluster=spec,
                ),
                cluster=cluster.outputs,
                kms_key_arn=self.registry.kms_key_arn,
            )
        app.synth()
        (stack,) = stacks(Path(app.outdir))
        return stack

    def run(self, stack: Stack, *arguments: str) -> int:
        with within_plan_role(self._emulator, arguments):
            outcome = stack.run(*arguments, "-no-color", environment=self._environment, timeout=600)
        assert outcome.status in (0, 2), outcome.output[-6000:]
        self.output = outcome.output
        return outcome.status

    def apply(
        self,
        asked: Mapping[str, EksCluster],
        *,
        first: bool = False,
        context: Callable[[str], Context] = context,
    ) -> None:
        stack = self.write(asked, context)
        if first:
            self.run(stack, "init")
        self.run(stack, "apply", "-auto-approve", "-parallelism=30")
        assert self.run(stack, "plan", "-detailed-exitcode") == 0, self.output[-6000:]

    def plan(
        self, asked: Mapping[str, EksCluster], context: Callable[[str], Context] = context
    ) -> Plan:
        """A plan."""
        stack = self.write(asked, context)
        self.run(stack, "plan", "-out=plan.bin")
        self.run(stack, "show", "-json", "plan.bin")
        return read_plan(self.output, stack.name)

    def recover(self, asked: Mapping[str, EksCluster], emulator: Emulator) -> list[str]:
        """Forget one resource of each type and every part, and take back what is in AWS."""
        stack = self.write(asked)
        self.run(stack, "state", "list")
        held = self.output.split()
        one = {address.split(".")[0]: address for address in held if address.startswith("aws_")}
        forgotten = [one[kind] for kind in sorted({*one} & (FORGOTTEN | PARTS))]
        self.run(stack, "state", "rm", *forgotten)
        done = adopt(stack, Aws(context("eks"), emulator=emulator), self._environment, set())
        self.run(stack, "plan", "-out=again")
        self.run(stack, "show", "-json", "again")
        actions = {
            change["type"]: change["change"]["actions"]
            for change in json.loads(self.output)["resource_changes"]
            if {"create", "delete"} & {*change["change"]["actions"]}
        }
        assert actions == {kind: ["create"] for kind in actions if kind in PARTS}
        return sorted(line.split()[1].split(".")[0] for line in done)

    def destroy(self, asked: Mapping[str, EksCluster]) -> None:
        self.run(self.write(asked), "destroy", "-auto-approve", "-parallelism=30")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator for each test, as both deploy a stack of one name and one state."""
    with emulators.serve() as running:
        yield running


def _session(emulator: Any) -> dict[str, Any]:
    settings = emulator.settings()
    return {
        "aws_access_key_id": settings["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": settings["AWS_SECRET_ACCESS_KEY"],
    }


def reserved(deployment: Deployment) -> list[tuple[str, int, str]]:
    """Zone, count and state of every capacity reservation."""
    found = deployment.client("ec2").describe_capacity_reservations()["CapacityReservations"]
    return [(each["AvailabilityZone"], each["TotalInstanceCount"], each["State"]) for each in found]


def zones_of(deployment: Deployment, name: str) -> list[str]:
    """The zones of the subnets of a node group."""
    ids = groups_of(deployment.client("eks"))[name]["subnets"]
    found = deployment.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    return sorted(each["AvailabilityZone"] for each in found)


def test_clusters_are_made_scaled_upgraded_and_taken_down(
    emulator: Emulator, tmp_path: Path
) -> None:
    deployment = Deployment(emulator, tmp_path)
    eks = deployment.client("eks")

    deployment.apply(clusters("1.34", gpu_nodes=1), first=True)
    assert reserved(deployment) == [("us-east-1b", 1, "active")]
    made = {
        name: eks.describe_cluster(name=name)["cluster"] for name in eks.list_clusters()["clusters"]
    }
    assert set(made) == {"e2e-auto-use1-eks", "e2e-fargate-use1-eks", "e2e-groups-use1-eks"}
    for cluster in made.values():
        assert cluster["version"] == "1.34"
        assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"] is True
        assert cluster["accessConfig"]["authenticationMode"] == "API"
        assert (
            cluster["encryptionConfig"][0]["provider"]["keyArn"] == deployment.registry.kms_key_arn
        )
    assert made["e2e-auto-use1-eks"]["computeConfig"]["enabled"] is True
    assert eks.list_addons(clusterName="e2e-auto-use1-eks")["addons"] == ["metrics-server"]
    assert len(eks.list_addons(clusterName="e2e-groups-use1-eks")["addons"]) == 6
    entries = eks.list_access_entries(clusterName="e2e-groups-use1-eks")["accessEntries"]
    assert sorted(entries) == [f"{ROLE}/inferform-deploy", f"{ROLE}/ml"]
    before = groups_of(eks)
    assert before["gpu"]["scalingConfig"]["desiredSize"] == 1

    # Pods get their roles from the agent, or on Fargate by the cluster's own tokens.
    found = eks.list_pod_identity_associations(
        clusterName="e2e-groups-use1-eks", namespace="inference"
    )
    assert [each["serviceAccount"] for each in found["associations"]] == ["fraud"]
    role = deployment.client("iam").get_role(RoleName="e2e-fargate-use1-pod-fraud")
    issuer = made["e2e-fargate-use1-eks"]["identity"]["oidc"]["issuer"].removeprefix("https://")
    (trusted,) = role["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"]["Federated"].endswith(f":oidc-provider/{issuer}")
    assert trusted["Condition"]["StringEquals"] == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": "system:serviceaccount:inference:fraud",
    }

    assert deployment.recover(clusters("1.34", gpu_nodes=1), emulator) == sorted(FORGOTTEN)

    # One minor version up, and more GPU nodes: groups stay the same ones.
    plan = deployment.plan(clusters("1.35", gpu_nodes=4))
    # What is reserved is paid for whether nodes run in it or not, and once.
    sides: tuple[tuple[Side, int], ...] = (("before", 1), ("after", 4))
    for side, count in sides:
        found = [each.amount for each in planned(plan, side) if each.key == "ec2/g6.xlarge"]
        paid = sorted(found, key=lambda amount: amount.maximum)
        assert paid == [Amount(0, 0, 0), Amount(count, count, count)]
    deployment.apply(clusters("1.35", gpu_nodes=4))
    assert reserved(deployment) == [("us-east-1b", 4, "active")]
    # What is reserved in one zone runs there alone.
    assert zones_of(deployment, "kept") == ["us-east-1b"]
    after = groups_of(eks)
    assert after["gpu"]["scalingConfig"]["desiredSize"] == 4
    assert {name: group["nodegroupArn"] for name, group in after.items()} == {
        name: group["nodegroupArn"] for name, group in before.items()
    }
    assert {group["version"] for group in after.values()} == {"1.35"}
    proxy = eks.describe_addon(clusterName="e2e-groups-use1-eks", addonName="kube-proxy")["addon"]
    assert proxy["addonVersion"].startswith("v1.35.")

    deployment.destroy(clusters("1.35", gpu_nodes=4))
    assert eks.list_clusters()["clusters"] == []
    roles = deployment.client("iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles if role["RoleName"].startswith("e2e-")] == []
    templates = deployment.client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert templates == []
    assert {state for _, _, state in reserved(deployment)} == {"cancelled"}
    logs = deployment.client("logs").describe_log_groups(logGroupNamePrefix="/aws/eks/e2e-")
    assert logs["logGroups"] == []
    assert (
        json.loads(
            deployment.client("s3")
            .get_object(Bucket=context("eks").state_bucket, Key=context("eks").state_key("eks"))[
                "Body"
            ]
            .read()
        )["resources"]
        == []
    )


def test_nothing_that_a_team_changes_of_a_context_later_replaces_a_cluster(
    emulator: Emulator, tmp_path: Path
) -> None:
    deployment = Deployment(emulator, tmp_path)
    asked = {"groups": clusters("1.34", gpu_nodes=1)["groups"]}
    deployment.apply(asked, first=True, context=first_context)

    planned = deployment.plan(asked, later_context)
    gone = (Action.DELETE, Action.REPLACE)
    assert [each.address for each in planned.changes if each.action in gone] == []
    made = [each.type for each in planned.changes if each.action is Action.CREATE]
    assert sorted(made) == [
        *["aws_eks_access_entry"] * 2,
        *["aws_eks_access_policy_association"] * 2,
    ]
    # Instances get the new tags when they are next replaced, and are not replaced for them.
    for template in planned.of_type("aws_launch_template"):
        assert "tag_specifications" in template.attributes
    groups = planned.of_type("aws_eks_node_group")
    assert [each.attributes for each in groups] == [{"tags", "tags_all"}] * 3
    told = [each for each in tell(planned) if each.kind == "EKS node group"]
    assert [each.rollout for each in told] == ["", "", ""]

    # What nodes are started with is another matter, and takes the new tags along.
    compute = asked["groups"].compute
    assert isinstance(compute, NodeGroups)
    larger = {name: group.replace(disk_size_gib=200) for name, group in compute.groups.items()}
    asked = {"groups": asked["groups"].replace(compute=compute.replace(groups=larger))}
    planned = deployment.plan(asked, later_context)
    groups = planned.of_type("aws_eks_node_group")
    assert [each.is_unknown("launch_template", 0, "version") for each in groups] == [True] * 3
    told = [each for each in tell(planned) if each.kind == "EKS node group"]
    assert {each.rollout for each in told} == {"nodes are drained and replaced, a few at a time"}


def groups_of(eks: Any) -> dict[str, Any]:
    """The node groups by the label that names them."""
    name = "e2e-groups-use1-eks"
    described = (
        eks.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
        for group in eks.list_nodegroups(clusterName=name)["nodegroups"]
    )
    return {group["labels"]["inferform/node-group"]: group for group in described}
