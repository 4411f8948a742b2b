"""What somebody else made is imported into the layers by the next apply, and nothing of it is destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OperatorError
from ops.terraform import Stack
from tests import emulators

from .filled import push
from .program import Life, actions

HEAD = """
from inferform import (
    Context, EcsCluster, EcsService, Environment, ExistingLoadBalancer, Fargate, Inference,
    LoadBalancer, Model, Naming, Network, NetworkOutputs, Registry, RegistryOutputs, Repository, Route,
)

context = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml",
    deploy_role="inferform-deploy", naming=Naming(template="{naming}"),
)
"""
LAYERS = (
    HEAD
    + """
dev = Environment(
    context=context,
    network=Network(cidr="10.30.0.0/16"),
    registry=Registry(repositories={{"fraud": Repository({kept})}}),
    imported={imported},
)
"""
)
SERVICE = (
    HEAD
    + """
dev = Environment(
    context=context,
    network=NetworkOutputs(
        vpc_id="{vpc}", vpc_cidr="10.50.0.0/16", private_subnet_ids={subnets}, public_subnet_ids=[],
        s3_prefix_list_id="{prefixes}",
    ),
    registry=RegistryOutputs(kms_key_arn="{key}", artifact_bucket="acme-artifacts"),
    ecs=EcsCluster(
        container_insights="disabled",
        load_balancers={{
            "front": ExistingLoadBalancer(listener="{listener}", security_group="{group}"),
            "own": LoadBalancer(certificate=None, access_logs=None),
        }},
    ),
    inference=Inference(
        services={{
            "fraud": EcsService(
                model=Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1"),
                compute=Fargate(cpu=256, memory_mib=512),
                count=2,
                route=Route(load_balancer="front", paths=["/fraud/*"], priority={priority}),
            )
        }}
    ),
    imported={imported},
)
"""
)
THEIRS, OURS = "{name}-{organization}", "{organization}-{name}"
"""A template that gives the names that others have given, and one that does not."""

NETWORK, REGISTRY = "dev-use1-network", "dev-use1-registry"
ECS, INFERENCE = "dev-use1-ecs", "dev-use1-inference"


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with emulators.serve() as emulator:
        yield Life(tmp_path, emulator)


def address(life: Life, stack: str, kind: str) -> str:
    """The address of the only resource of a type."""
    (logical,) = life.stack(stack).content["resource"][kind]
    return f"{kind}.{logical}"


def layer_of(stack: str) -> str:
    return stack.removeprefix("dev-use1-")


def import_whole(life: Life, stack: str, imported: Mapping[str, str]) -> None:
    """Deploy a stack that imports; everything of it comes in, and nothing goes."""
    changes = life.plan(stack)["resource_changes"]
    found = {
        each["address"]: each["change"]["importing"]["id"]
        for each in changes
        if each["change"].get("importing")
    }
    assert found == imported
    assert not [each["address"] for each in changes if "delete" in each["change"]["actions"]]
    life.deploy(stack)
    assert life.plan_status(stack) == 0


def made_by_others(life: Life) -> dict[str, dict[str, str]]:
    """A VPC, its log group, a bucket with an object, a key and a repository with an image; their ids by
    layer and type."""
    context, aws = life.environment().context, life.aws()
    bucket, logs = context.bucket("artifacts"), "/inferform/dev-use1/vpc-flow-logs"
    s3, ecr = aws.client("s3"), aws.client("ecr")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="fraud/1/model.tar.gz", Body=b"model")
    aws.client("logs").create_log_group(logGroupName=logs)
    aws.client("logs").create_log_stream(logGroupName=logs, logStreamName="before")
    name = context.own_repository("fraud")
    push(ecr, name, "1")
    return {
        NETWORK: {
            "aws_vpc": aws.client("ec2").create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"],
            "aws_cloudwatch_log_group": logs,
        },
        REGISTRY: {
            "aws_s3_bucket": bucket,
            "aws_kms_key": aws.client("kms").create_key(Description="theirs")["KeyMetadata"][
                "KeyId"
            ],
            "aws_ecr_repository": name,
        },
    }


def test_vpc_log_group_bucket_key_and_repository_come_in_and_none_is_destroyed(life: Life) -> None:
    life.write(LAYERS.format(naming=THEIRS, imported={}, kept=""))
    life.bootstrap()
    ids = made_by_others(life)
    imported = {
        layer_of(stack): {address(life, stack, kind): given for kind, given in found.items()}
        for stack, found in ids.items()
    }

    # ECR never changes the encryption of a repository, so that this would replace it.
    life.write(LAYERS.format(naming=THEIRS, imported=json.dumps(imported), kept=""))
    with pytest.raises(OperatorError) as refused:
        life.deploy(REGISTRY)
    said = refused.value.message
    assert "Instance cannot be destroyed" in said
    assert "what Environment.imported names is never destroyed or replaced" in said
    life.write(
        LAYERS.format(naming=THEIRS, imported=json.dumps(imported), kept="keep_encryption=True")
    )
    for stack in (NETWORK, REGISTRY):
        import_whole(life, stack, imported[layer_of(stack)])

    aws = life.aws()
    (vpc,) = aws.client("ec2").describe_vpcs(VpcIds=[ids[NETWORK]["aws_vpc"]])["Vpcs"]
    assert {"Key": "managed-by", "Value": "inferform"} in vpc["Tags"]
    group = ids[NETWORK]["aws_cloudwatch_log_group"]
    streams = aws.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    assert "before" in [each["logStreamName"] for each in streams]
    bucket = ids[REGISTRY]["aws_s3_bucket"]
    held = aws.client("s3").get_object(Bucket=bucket, Key="fraud/1/model.tar.gz")
    assert held["Body"].read() == b"model"
    images = aws.client("ecr").list_images(repositoryName=ids[REGISTRY]["aws_ecr_repository"])
    assert [each["imageTag"] for each in images["imageIds"]] == ["1"]


class ByHand:
    """A service on ECS behind a load balancer, as somebody makes it by the console or the AWS CLI."""

    def __init__(self, life: Life) -> None:
        self.aws = life.aws()
        self.ec2: Any = self.aws.client("ec2")
        self.elb: Any = self.aws.client("elbv2")
        self.ecs: Any = self.aws.client("ecs")
        self.vpc: str = self.ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.50.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        self.group: str = self.ec2.create_security_group(
            GroupName="theirs", Description="theirs", VpcId=self.vpc
        )["GroupId"]
        self.key: str = self.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        lists = self.ec2.describe_managed_prefix_lists()["PrefixLists"]
        self.prefixes = next(
            each["PrefixListId"] for each in lists if each["PrefixListName"].endswith(".s3")
        )
        push(self.aws.client("ecr"), "fraud", "1")
        self.front, self.listener = self._balancer("their-front")
        self.own, self.own_listener = self._balancer("own-acme")
        self.targets = self.elb.create_target_group(
            Name="fraud-acme", Protocol="HTTP", Port=8080, VpcId=self.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        self.rule = self.elb.create_rule(
            ListenerArn=self.listener,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/fraud/*"]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": self.targets}],
        )["Rules"][0]["RuleArn"]
        self.cluster = self.ecs.create_cluster(clusterName="ecs-acme")["cluster"]["clusterName"]
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = self.aws.client("iam").create_role(
            RoleName="theirs",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        definition = self.ecs.register_task_definition(
            family="theirs",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            executionRoleArn=role,
            containerDefinitions=[
                {
                    "name": "web",
                    "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1",
                    "portMappings": [{"containerPort": 8080}],
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        self.service = "fraud-acme"
        self.ecs.create_service(
            cluster=self.cluster,
            serviceName=self.service,
            taskDefinition=definition,
            desiredCount=2,
            launchType="FARGATE",
            loadBalancers=[
                {
                    "targetGroupArn": self.targets,
                    "containerName": "web",
                    "containerPort": 8080,
                }
            ],
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.group]}
            },
        )

    def _balancer(self, name: str) -> tuple[str, str]:
        balancer = self.elb.create_load_balancer(
            Name=name,
            Subnets=self.subnets,
            SecurityGroups=[self.group],
            Scheme="internal",
            Type="application",
        )["LoadBalancers"][0]["LoadBalancerArn"]
        listener = self.elb.create_listener(
            LoadBalancerArn=balancer,
            Port=80,
            Protocol="HTTP",
            DefaultActions=[
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            ],
        )["Listeners"][0]["ListenerArn"]
        return balancer, listener

    def text(self, imported: Any, *, naming: str = THEIRS, priority: int = 10) -> str:
        """The environment's file."""
        return SERVICE.format(
            naming=naming,
            priority=priority,
            vpc=self.vpc,
            subnets=self.subnets,
            prefixes=self.prefixes,
            key=self.key,
            listener=self.listener,
            group=self.group,
            imported=json.dumps(imported),
        )

    def served(self) -> dict[str, Any]:
        """What tells the service, its load balancers and its rule from ones that were made again."""
        (service,) = self.ecs.describe_services(cluster=self.cluster, services=[self.service])[
            "services"
        ]
        balancers = self.elb.describe_load_balancers()["LoadBalancers"]
        rules = self.elb.describe_rules(ListenerArn=self.listener)["Rules"]
        return {
            "service": (service["serviceArn"], service["createdAt"], service["status"]),
            "balancers": sorted((e["LoadBalancerArn"], str(e["CreatedTime"])) for e in balancers),
            "rules": [
                (e["RuleArn"], e["Priority"], e["Actions"][0].get("TargetGroupArn")) for e in rules
            ],
        }


def test_a_service_on_ecs_comes_in_with_its_cluster_target_group_rule_and_load_balancer(
    life: Life,
) -> None:
    life.write(LAYERS.format(naming=THEIRS, imported={}, kept=""))
    life.bootstrap()
    theirs = ByHand(life)
    before = theirs.served()
    life.write(theirs.text({}))
    ids = {
        ECS: {
            "aws_ecs_cluster": theirs.cluster,
            "aws_lb": theirs.own,
            "aws_lb_listener": theirs.own_listener,
        },
        INFERENCE: {
            "aws_ecs_service": f"{theirs.cluster}/{theirs.service}",
            "aws_lb_target_group": theirs.targets,
            "aws_lb_listener_rule": theirs.rule,
        },
    }
    imported = {
        layer_of(stack): {address(life, stack, kind): given for kind, given in found.items()}
        for stack, found in ids.items()
    }
    life.write(theirs.text(imported))
    import_whole(life, ECS, imported["ecs"])

    # The provider replaces a service that gets its first capacity providers.
    with pytest.raises(OperatorError, match=r"\(capacity_provider_strategy would\)"):
        life.deploy(INFERENCE)
    assert theirs.served() == before
    theirs.ecs.update_service(
        cluster=theirs.cluster,
        service=theirs.service,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        forceNewDeployment=True,
    )
    import_whole(life, INFERENCE, imported["inference"])
    assert theirs.served() == before


def test_what_the_provider_would_replace_is_what_the_guide_says(life: Life) -> None:
    life.write(LAYERS.format(naming=THEIRS, imported={}, kept=""))
    life.bootstrap()
    theirs = ByHand(life)
    cluster = f"arn:aws:ecs:us-east-1:111122223333:cluster/{theirs.cluster}"
    service = {"name": theirs.service, "cluster": cluster, "task_definition": "theirs:1"}
    reply = {"content_type": "text/plain", "status_code": "404"}
    answers = [{"type": "fixed-response", "fixed_response": reply}]
    leads = [{"type": "forward", "target_group_arn": theirs.targets}]
    wanted: dict[str, tuple[str, dict[str, Any], set[str]]] = {
        "aws_ecs_cluster": (theirs.cluster, {"name": "other"}, {"name"}),
        "aws_ecs_service": (
            f"{theirs.cluster}/{theirs.service}",
            {
                **service,
                "name": "other",
                "cluster": f"{cluster}-2",
                "scheduling_strategy": "DAEMON",
                "deployment_controller": {"type": "CODE_DEPLOY"},
            },
            {"name", "cluster", "scheduling_strategy", "deployment_controller"},
        ),
        "aws_lb": (
            theirs.own,
            {
                "name": "other",
                "internal": False,
                "subnets": theirs.subnets,
                "idle_timeout": 61,
            },
            {"name", "internal"},
        ),
        "aws_lb_listener": (
            theirs.own_listener,
            {
                "load_balancer_arn": theirs.own,
                "port": 8081,
                "protocol": "HTTP",
                "default_action": answers,
            },
            set(),
        ),
        "aws_lb_target_group": (
            theirs.targets,
            {
                "name": "other",
                "port": 80,
                "protocol": "HTTPS",
                "vpc_id": theirs.vpc,
                "target_type": "instance",
            },
            {"name", "port", "protocol", "target_type"},
        ),
        "aws_lb_listener_rule": (
            theirs.rule,
            {
                "listener_arn": theirs.listener,
                "priority": 11,
                "condition": [{"path_pattern": {"values": ["/other/*"]}}],
                "action": leads,
            },
            set(),
        ),
        "aws_security_group": (
            theirs.group,
            {"name": "other", "description": "other", "vpc_id": theirs.vpc},
            {"name", "description"},
        ),
    }
    content = life.stack(REGISTRY).content
    stack = Stack("other", life.program.folder / "other", ())
    stack.folder.mkdir()
    (stack.folder / "cdk.tf.json").write_text(
        json.dumps(
            {
                "terraform": {"required_providers": content["terraform"]["required_providers"]},
                "provider": content["provider"],
                "resource": {kind: {"x": body} for kind, (_, body, _) in wanted.items()},
                "import": [
                    {"to": f"{kind}.x", "id": given} for kind, (given, _, _) in wanted.items()
                ],
            }
        ),
        encoding="utf-8",
    )
    variables = life.program.terraform_environment()
    assert stack.init(variables).status == 0
    done = stack.run("plan", "-out=x.tfplan", "-no-color", environment=variables)
    assert done.status == 0, done.output
    plan = json.loads(stack.answer("show", "-json", "x.tfplan", environment=variables))
    forced = {
        each["type"]: {path[0] for path in each["change"].get("replace_paths", ())}
        for each in plan["resource_changes"]
    }
    assert forced == {kind: paths for kind, (_, _, paths) in wanted.items()}


def test_a_service_beside_theirs_takes_the_requests_and_gives_them_back(life: Life) -> None:
    life.write(LAYERS.format(naming=OURS, imported={}, kept=""))
    life.bootstrap()
    theirs = ByHand(life)
    before = theirs.served()
    life.write(theirs.text({}, naming=OURS, priority=20))
    life.deploy(ECS, INFERENCE)
    assert theirs.served()["service"] == before["service"]

    def asked() -> list[tuple[int, bool]]:
        """The rules in the order in which they are asked: priority, and whether it is theirs."""
        rules = theirs.elb.describe_rules(ListenerArn=theirs.listener)["Rules"]
        own = [each for each in rules if not each["IsDefault"]]
        return sorted((int(each["Priority"]), each["RuleArn"] == theirs.rule) for each in own)

    assert asked() == [(10, True), (20, False)]
    (group,) = theirs.elb.describe_target_groups(Names=["acme-fraud"])["TargetGroups"]
    health = theirs.elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    assert len(health["TargetHealthDescriptions"]) == 2
    for priority, wanted in ((5, [(5, False), (10, True)]), (20, [(10, True), (20, False)])):
        life.write(theirs.text({}, naming=OURS, priority=priority))
        assert actions(life.plan(INFERENCE)) == {"aws_lb_listener_rule": ["update"]}
        life.deploy(INFERENCE)
        assert asked() == wanted
    assert theirs.served()["service"] == before["service"]
