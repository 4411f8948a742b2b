"""ECS on the emulator: a cluster with GPU capacity and four services, from apply to destroy.

The network and the registry are foreign here, which saves their time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from inferform import (
    AccessLogs,
    Canary,
    CapacityReservation,
    CapacityShare,
    ContainerHealth,
    ContainerOptions,
    Context,
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsService,
    EfsVolume,
    Environment,
    Fargate,
    GrpcHealthCheck,
    HealthCheck,
    HostedZone,
    Inference,
    LoadBalancer,
    LoadBalancerOptions,
    Model,
    NetworkOutputs,
    PrivateDns,
    RegistryOutputs,
    Route,
    RouteConditions,
    Scaling,
    ServiceConnect,
    SideCar,
)
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops import rollout
from ops.adopt import adopt
from ops.aws import Aws
from ops.kinds import kinds
from ops.terraform import stacks, terraform_environment
from ops.verify import verify
from tests.e2e.filled import judge, open_network, push
from tests.e2e.plan_role import within_plan_role

ACCOUNT = "555500005555"
CONTEXT = Context(
    organization="acme",
    stage="ecstest",
    account=ACCOUNT,
    region="us-east-1",
    owner="test",
    deploy_role="inferform-deploy",
)
LAYERS = ("ecs", "inference")
SERVICES = ("scaled", "spot", "llm", "canary", "called")

# Forgotten one at a time, as by a killed run, and taken back by their tags or their names.
FORGOTTEN = {
    "aws_autoscaling_group",
    "aws_ec2_capacity_reservation",
    "aws_codedeploy_app",
    "aws_codedeploy_deployment_config",
    "aws_codedeploy_deployment_group",
    "aws_ecs_capacity_provider",
    "aws_ecs_cluster",
    "aws_ecs_service",
    "aws_ecs_task_definition",
    "aws_launch_template",
    "aws_lb",
    "aws_lb_listener",
    "aws_lb_listener_rule",
    "aws_lb_target_group",
    "aws_route53_record",
    "aws_service_discovery_private_dns_namespace",
    "aws_service_discovery_service",
}


# What only sets something on another resource is not found: the next apply sets it again.
PARTS = {kind for kind, record in kinds().items() if record.part_of}


@dataclass
class Account:
    """The emulated account: what is there beside what Terraform makes."""

    session: boto3.Session
    url: str
    network: NetworkOutputs
    registry: RegistryOutputs
    certificate: str
    secret: str
    zone: str

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.url)


def _session(emulator: Emulator) -> boto3.Session:
    root = boto3.Session("emulator", "emulator", region_name="us-east-1")
    answer = root.client("sts", endpoint_url=emulator.url).assume_role(
        RoleArn=str(CONTEXT.deploy_role_arn), RoleSessionName="test"
    )["Credentials"]
    return boto3.Session(
        answer["AccessKeyId"],
        answer["SecretAccessKey"],
        answer["SessionToken"],
        region_name="us-east-1",
    )


@pytest.fixture(scope="module")
def account(emulator: Emulator) -> Account:
    session = _session(emulator)

    def client(name: str) -> Any:
        return session.client(name, endpoint_url=emulator.url)

    client("s3").create_bucket(Bucket=CONTEXT.state_bucket)
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.50.{n}.0/24", AvailabilityZone=f"us-east-1{z}")
        for n, z in enumerate("ab")
    ]
    open_network(ec2, vpc, subnets[0]["Subnet"]["SubnetId"])
    for version in ("1.0.0", "2.0.0"):
        push(client("ecr"), "fraud", version)
    judge(emulator, ACCOUNT)
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    client("s3").create_bucket(Bucket="acme-ecstest-artifacts")
    return Account(
        session,
        emulator.url,
        NetworkOutputs(
            vpc_id=vpc,
            vpc_cidr="10.50.0.0/16",
            private_subnet_ids=[subnet["Subnet"]["SubnetId"] for subnet in subnets],
            public_subnet_ids=[],
            s3_prefix_list_id=next(
                entry["PrefixListId"] for entry in lists if entry["PrefixListName"].endswith(".s3")
            ),
        ),
        RegistryOutputs(kms_key_arn=key, artifact_bucket="acme-ecstest-artifacts"),
        client("acm").request_certificate(DomainName="*.acme.test")["CertificateArn"],
        client("secretsmanager").create_secret(Name="hub", SecretString="token")["ARN"],
        client("route53")
        .create_hosted_zone(Name="acme.test", CallerReference="1")["HostedZone"]["Id"]
        .rpartition("/")[2],
    )


def model(version: str) -> Model:
    return Model(
        image=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fraud:{version}",
        artifact=f"fraud/{version}/model.tar.gz",
        environment={"LOG_LEVEL": "info"},
    )


def environment(
    account: Account,
    *,
    version: str = "1.0.0",
    spot_count: int = 2,
    spot_weight: int = 3,
    ttl: int = 10,
    reserved: int = 1,
) -> Environment:
    served = model(version)
    return Environment(
        context=CONTEXT,
        network=account.network,
        registry=account.registry,
        ecs=EcsCluster(
            capacity={
                "gpu": Ec2Capacity(
                    instance_types=["g5.xlarge", "g4dn.xlarge"],
                    max_instances=4,
                    on_demand_base=1,
                    on_demand_percent=50,
                ),
                "more": Ec2Capacity(
                    instance_types=["g5.xlarge"],
                    max_instances=3,
                    reservation=CapacityReservation(
                        instances={"us-east-1a": reserved}, match="open"
                    ),
                ),
                "kept": Ec2Capacity(
                    instance_types=["g6.xlarge"],
                    max_instances=2,
                    reservation=CapacityReservation(instances={"us-east-1b": 2}),
                ),
            },
            load_balancers={
                "internal": LoadBalancer(
                    certificate=account.certificate,
                    access_logs=AccessLogs(expire_days=None, connections=True),
                    options=LoadBalancerOptions(
                        http2=False,
                        keep_alive_seconds=7200,
                        preserve_host=True,
                        forwarded_for="preserve",
                        client_port=True,
                        tls_headers=True,
                        waf_fail_open=True,
                        zonal_shift=True,
                    ),
                    records={
                        "*.acme.test": HostedZone(id=account.zone),
                        "llm.acme.test": HostedZone(name="acme.test", private=False),
                    },
                ),
                "calls": LoadBalancer(certificate=account.certificate),
            },
            namespace="inference.acme.internal",
        ),
        inference=Inference(
            services={
                "scaled": EcsService(
                    model=served,
                    compute=Fargate(cpu=1024, memory_mib=2048),
                    scaling=Scaling(min_capacity=1, max_capacity=10),
                    route=Route(load_balancer="internal", hosts=["scaled.acme.test"]),
                    container=ContainerOptions(
                        command=["serve"],
                        port=8000,
                        depends_on={"agent": "HEALTHY"},
                        secrets={"TOKEN": account.secret},
                        read_only=False,
                    ),
                    sidecars={
                        "agent": SideCar(
                            image=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fraud:1.0.0",
                            ports=[4317],
                            memory_mib=128,
                            health=ContainerHealth(command=["true"]),
                        )
                    },
                    volumes={
                        "features": EfsVolume(
                            file_system="fs-0123456789abcdef0",
                            access_point="fsap-0123456789abcdef0",
                            path="/mnt/features",
                        )
                    },
                    execute_command=True,
                ),
                "spot": EcsService(
                    model=served,
                    compute=Fargate(
                        cpu=512,
                        memory_mib=1024,
                        architecture="ARM64",
                        on_demand_base=1,
                        spot_weight=spot_weight,
                        ephemeral_storage_gib=50,
                    ),
                    count=spot_count,
                    discovery=PrivateDns(ttl_seconds=ttl, calls=[8080]),
                    container=ContainerOptions(
                        health=ContainerHealth(command=["python", "-c", "pass"])
                    ),
                ),
                "llm": EcsService(
                    model=served,
                    compute=Ec2(
                        capacity="gpu",
                        memory_mib=12_000,
                        cpu=3072,
                        gpus=1,
                        share=CapacityShare(base=1),
                        more_capacity={"more": CapacityShare(weight=3)},
                    ),
                    route=Route(
                        load_balancer="internal",
                        paths=["/llm/*"],
                        grace_seconds=600,
                        priority=1,
                        sticky_seconds=600,
                        health_check=HealthCheck(codes="200-299"),
                        more_conditions=RouteConditions(
                            headers={"X-Model": ["llm"]},
                            query={"model": "llm"},
                            source_cidrs=["10.0.0.0/8"],
                        ),
                    ),
                    discovery=ServiceConnect(port=80, request_timeout_seconds=ttl),
                ),
                "canary": EcsService(
                    model=served,
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(load_balancer="internal", hosts=["canary.acme.test"]),
                    rollout=Canary(canary_percent=20, wait_seconds=180),
                ),
                "called": EcsService(
                    model=served,
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(
                        load_balancer="calls",
                        paths=["/acme.Fraud/*"],
                        protocol_version="GRPC",
                        health_check=GrpcHealthCheck(codes="0,12"),
                    ),
                ),
            }
        ),
    )


def _is_made(change: dict[str, Any]) -> bool:
    return bool({"create", "delete"} & {*change["change"]["actions"]})


class Deployment:
    """Terraform on the synthesized stacks, one state each."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self._emulator = emulator
        self.variables: Mapping[str, str] = terraform_environment(emulator.environment())
        self._round = 0

    def write(self, wanted: Environment) -> None:
        from inferform.layers.program import synthesize

        self._round += 1
        outdir = synthesize([wanted], target=EMULATOR, outdir=self.folder / str(self._round))
        self._stacks = {stack.name.rpartition("-")[2]: stack for stack in stacks(outdir)}

    def run(self, layer: str, *arguments: str, expect: int = 0) -> str:
        stack = self._stacks[layer]
        if not (stack.folder / ".terraform").exists():
            started = stack.init(self.variables)
            assert started.status == 0, started.output
        with within_plan_role(self._emulator, arguments):
            done = stack.run(*arguments, "-no-color", environment=self.variables, timeout=600)
        assert done.status == expect, done.output
        return done.output

    def apply(self, *layers: str) -> None:
        for layer in layers or LAYERS:
            self.run(layer, "apply", "-auto-approve", "-input=false")

    def assert_unchanged(self, *layers: str) -> None:
        for layer in layers or LAYERS:
            self.run(layer, "plan", "-detailed-exitcode", "-input=false", "-lock=false")

    def recover(self, layer: str, emulator: Emulator) -> list[str]:
        """Forget one resource of each type and every part, and take back what is in AWS."""
        held = self.run(layer, "state", "list").split()
        one = {address.split(".")[0]: address for address in held if address.startswith("aws_")}
        forgotten = [one[kind] for kind in sorted({*one} & (FORGOTTEN | PARTS))]
        self.run(layer, "state", "rm", *forgotten)
        stack, aws = self._stacks[layer], Aws(CONTEXT, emulator=emulator)
        done = adopt(stack, aws, self.variables, set())
        self._assert_parts_alone_are_made_again(layer)
        self.apply(layer)
        self.assert_unchanged(layer)
        return sorted(line.split()[1].split(".")[0] for line in done)

    def _assert_parts_alone_are_made_again(self, layer: str) -> None:
        self.run(layer, "plan", "-out=again", "-input=false")
        changes = json.loads(self.run(layer, "show", "-json", "again"))["resource_changes"]
        made = {c["type"]: c["change"]["actions"] for c in changes if _is_made(c)}
        assert made == {kind: ["create"] for kind in made if kind in PARTS}

    def destroy(self) -> None:
        for layer in reversed(LAYERS):
            self.run(layer, "destroy", "-auto-approve", "-input=false")


@pytest.fixture
def deployment(tmp_path: Path, emulator: Emulator) -> Deployment:
    return Deployment(tmp_path, emulator)


def services(account: Account) -> dict[str, Any]:
    ecs = account.client("ecs")
    names = [CONTEXT.name(name) for name in SERVICES]
    found = ecs.describe_services(cluster=CONTEXT.name("ecs"), services=names)["services"]
    return {each["serviceName"].rpartition("-")[2]: each for each in found}


def shares(service: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Base and weight of each capacity provider."""
    return {
        each["capacityProvider"]: (each["base"], each["weight"])
        for each in service["capacityProviderStrategy"]
    }


def names_in_dns(account: Account) -> dict[str, int]:
    """The names in the namespace, with their TTL."""
    client = account.client("servicediscovery")
    found = [client.get_service(Id=each["Id"]) for each in client.list_services()["Services"]]
    services = [each["Service"] for each in found]
    return {each["Name"]: each["DnsConfig"]["DnsRecords"][0]["TTL"] for each in services}


def records(account: Account) -> set[str]:
    """The alias records of the zone."""
    client = account.client("route53")
    found = client.list_resource_record_sets(HostedZoneId=account.zone)["ResourceRecordSets"]
    return {
        each["Name"].rstrip(".").replace(r"\052", "*") for each in found if "AliasTarget" in each
    }


def image_of(account: Account, definition: str) -> str:
    described = account.client("ecs").describe_task_definition(taskDefinition=definition)
    containers = described["taskDefinition"]["containerDefinitions"]
    image: str = next(c["image"] for c in containers if c["name"] == "model")
    return image.rpartition(":")[2]


def asked_of(account: Account, service: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """How a load balancer asks a service, and what it takes for healthy."""
    (group,) = account.client("elbv2").describe_target_groups(
        TargetGroupArns=[each["targetGroupArn"] for each in service["loadBalancers"]]
    )["TargetGroups"]
    return group["ProtocolVersion"], group["Matcher"]


def weights(account: Account) -> list[int]:
    """The shares of the blue and the green target group."""
    elb = account.client("elbv2")
    found = elb.describe_load_balancers(Names=[CONTEXT.name("internal")])["LoadBalancers"]
    balancer = found[0]["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    names = {
        group["TargetGroupArn"]: group["TargetGroupName"]
        for group in elb.describe_target_groups()["TargetGroups"]
    }
    shares = {
        names[target["TargetGroupArn"]].rpartition("-")[2]: target["Weight"]
        for rule in elb.describe_rules(ListenerArn=listener)["Rules"]
        for action in rule["Actions"]
        for target in action.get("ForwardConfig", {}).get("TargetGroups", [])
    }
    return [shares["blue"], shares["green"]]


def wrong(wanted: Environment, aws: Aws) -> set[tuple[str, str]]:
    """What `inferform verify` finds wrong: service and check."""
    findings = verify(wanted, aws)
    assert {finding.subject for finding in findings} == {
        CONTEXT.name(name) for name in (*SERVICES, "ecs", "internal", "calls", "more", "kept")
    }
    return {
        (finding.subject.rpartition("-")[2], finding.check.title)
        for finding in findings
        if finding.outcome == "failed"
    }


def assert_nothing_left(account: Account) -> None:
    ecs = account.client("ecs")
    left = ecs.describe_clusters(clusters=[CONTEXT.name("ecs")])["clusters"]
    assert [each["status"] for each in left] in ([], ["INACTIVE"])
    gpu = [CONTEXT.name("gpu"), CONTEXT.name("more")]
    assert ecs.describe_capacity_providers(capacityProviders=gpu)["capacityProviders"] == []
    assert account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert account.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert account.client("elbv2").describe_target_groups()["TargetGroups"] == []
    assert account.client("codedeploy").list_applications()["applications"] == []
    assert account.client("servicediscovery").list_namespaces()["Namespaces"] == []
    assert names_in_dns(account) == {}
    assert records(account) == set()


def test_services_deploy_roll_scale_and_go(
    account: Account, deployment: Deployment, emulator: Emulator
) -> None:
    deployment.write(environment(account))
    deployment.apply()
    deployment.assert_unchanged()
    taken_back = [each for layer in LAYERS for each in deployment.recover(layer, emulator)]
    assert sorted(taken_back) == sorted(FORGOTTEN)
    first = services(account)
    assert shares(first["spot"]) == {"FARGATE": (1, 1), "FARGATE_SPOT": (0, 3)}
    assert shares(first["llm"]) == {
        CONTEXT.name("gpu"): (1, 1),
        CONTEXT.name("more"): (0, 3),
    }
    assert [each["containerPort"] for each in first["scaled"]["loadBalancers"]] == [8000]
    assert names_in_dns(account) == {"spot": 10}
    (registry,) = first["spot"]["serviceRegistries"]
    assert ":service/srv-" in registry["registryArn"]
    assert records(account) == {"*.acme.test", "llm.acme.test"}
    described = account.client("ecs").describe_task_definition(
        taskDefinition=first["scaled"]["taskDefinition"]
    )["taskDefinition"]
    names = [each["name"] for each in described["containerDefinitions"]]
    assert names == ["model", "loader", "agent"]
    (files,) = (each for each in described["volumes"] if each["name"] == "features")
    assert files["efsVolumeConfiguration"]["transitEncryption"] == "ENABLED"
    assert first["canary"]["deploymentController"] == {"type": "CODE_DEPLOY"}
    assert asked_of(account, first["called"]) == ("GRPC", {"GrpcCode": "0,12"})
    ecs = account.client("ecs")

    # A scaling policy moves one count; another is changed in the environment, with the image.
    ecs.update_service(cluster=CONTEXT.name("ecs"), service=CONTEXT.name("scaled"), desiredCount=7)
    wanted = environment(account, version="2.0.0", spot_count=3, spot_weight=4, ttl=30, reserved=2)
    deployment.write(wanted)
    deployment.apply("ecs", "inference")
    kept = account.client("ec2").describe_capacity_reservations()["CapacityReservations"]
    assert sorted((each["State"], each["TotalInstanceCount"]) for each in kept) == [
        ("active", 2),
        ("active", 2),
    ]
    second = services(account)
    assert second["scaled"]["desiredCount"] == 7
    assert second["spot"]["desiredCount"] == 3
    assert names_in_dns(account) == {"spot": 30}
    assert second["spot"]["serviceRegistries"] == [registry]
    # Another share of Spot is a change in place.
    assert shares(second["spot"])["FARGATE_SPOT"] == (0, 4)
    assert second["spot"]["createdAt"] == first["spot"]["createdAt"]
    images = {name: image_of(account, each["taskDefinition"]) for name, each in second.items()}
    # CodeDeploy alone moves a service to a new task definition once it owns it.
    assert images == {name: "1.0.0" if name == "canary" else "2.0.0" for name in SERVICES}
    aws = Aws(CONTEXT, emulator=emulator)
    assert wrong(wanted, aws) == {("canary", "image")}
    moved = rollout.start(wanted, "canary", aws)
    assert moved is not None
    assert moved.status == "Succeeded"
    assert image_of(account, services(account)["canary"]["taskDefinition"]) == "2.0.0"
    assert weights(account) == [0, 100]
    # The traffic stays where CodeDeploy has put it.
    deployment.assert_unchanged("inference")
    assert rollout.start(wanted, "canary", aws) is None
    assert wrong(wanted, aws) == set()

    # Somebody puts an older task definition back.
    ecs.update_service(
        cluster=CONTEXT.name("ecs"),
        service=CONTEXT.name("spot"),
        taskDefinition=first["spot"]["taskDefinition"],
    )
    assert wrong(wanted, aws) == {("spot", "configuration"), ("spot", "image")}

    deployment.destroy()
    assert_nothing_left(account)
