"""A rollback that is over before Terraform looks: never a success, whatever serves.

Everything that AWS may put back is in one stack. It fails when it is created and, once it serves,
when it is updated; the run after each of them converges.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from typer.testing import CliRunner

import ops.aws
import ops.commands.rollout
import ops.verify
from inferform_emulator.process import Emulator
from ops.cli import app
from ops.deploy import deploy, notes, refuse_unknown, verify_changed
from ops.errors import NotVerifiedError, OperatorError
from ops.kinds import kinds
from ops.kinds.record import Finding, Reverted
from ops.state import State, States
from ops.verify import verify

from .program import LASTING, Life

pytestmark = pytest.mark.story("each test begins with the stack that the one before it left")

STACK, LAYER, ACCOUNT = "dev-use1-inference", "inference", "111122223333"

TEXT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")
model = Model(image=Image(repository="fraud", tag="{tag}"))
task = Fargate(cpu=256, memory_mib=512)
dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["{subnets[0]}", "{subnets[1]}"], public_subnet_ids=[],
        s3_prefix_list_id="pl-1"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    ecs=EcsOutputs(cluster_name="shared", capacity_providers={{}},
        listener_arns={{"internal": "{listener}"}},
        load_balancer_suffixes={{"internal": "{suffix}"}},
        load_balancer_groups={{"internal": "{group}"}}),
    inference=Inference(
        endpoints={{
            "realtime": RealtimeEndpoint(model=model, instance_type="ml.m5.large"),
            "queued": AsyncEndpoint(model=model, instance_type="ml.m5.large"),
            "serverless": ServerlessEndpoint(model=model, max_concurrency=5),
            "many": MultiModelEndpoint(instance_type="ml.m5.large", model=MultiModel(
                image=Image(repository="mms", tag="{tag}"), artifacts="models/")),
        }},
        services={{
            "rolling": EcsService(model=model, compute=task, count=2,
                container=ContainerOptions(health=ContainerHealth(command=["true"]))),
            {moved}
        }},
    ),
)
"""

MOVED = """"moved": EcsService(model=Model(image=Image(repository="fraud", tag="{tag}")), compute=task, count=2, rollout=Canary(),
                route=Route(load_balancer="internal", hosts=["moved.acme.test"])),"""

ENDPOINTS = ("realtime", "queued", "serverless", "many")
DURING_AN_APPLY = (*ENDPOINTS, "rolling")
"""What is put back while Terraform waits; CodeDeploy moves its services afterwards."""


class Fleet(Life):
    """The stack, in a network and on a cluster that are foreign."""

    def begin(self) -> None:
        """Make what the stack depends on."""
        given: dict[str, Any] = {"vpc": "vpc-1", "subnets": ["subnet-1", "subnet-2"]}
        arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1a2b/3c4d"
        given |= {"listener": arn, "suffix": "app/shared/1a2b", "group": "sg-1"}
        self._given = given
        self.release("1.0.0")
        self.bootstrap()
        aws = self.aws()
        ec2, elb, self.ecs = aws.client("ec2"), aws.client("elbv2"), aws.client("ecs")
        self.states = States(aws)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        group = ec2.create_security_group(GroupName="lb", Description="lb", VpcId=vpc)["GroupId"]
        balancer = elb.create_load_balancer(Name="shared", Subnets=subnets)["LoadBalancers"][0]
        said: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[said],
        )["Listeners"][0]["ListenerArn"]
        self.ecs.create_cluster(clusterName="shared")
        self._given = {
            "vpc": vpc,
            "subnets": subnets,
            "listener": listener,
            "suffix": balancer["LoadBalancerArn"].partition("loadbalancer/")[2],
            "group": group,
        }
        self.release("1.0.0")

    def release(self, tag: str, moved: str = "") -> None:
        """Write and synthesize a release; `moved` is that of CodeDeploy's service, if there is one."""
        service = MOVED.format(tag=moved) if moved else ""
        self.write(TEXT.format(tag=tag, moved=service, **self._given))

    def roll_back(self, *names: str) -> None:
        """Let AWS put the next deployment of these back before anybody looks; each for a reason."""
        for name in names:
            plan: dict[str, Any] = {"outcome": "rollback", "describes": 0, "account": ACCOUNT}
            plan |= {"rolling_back_describes": 0, "reason": reason(name)}
            if name in ENDPOINTS:
                place = {"endpoint": f"acme-dev-use1-{name}"}
                self.emulator.control("POST", "sagemaker/rollout", {**place, **plan})
            else:
                place = {"cluster": "shared", "service": f"acme-dev-use1-{name}"}
                self.emulator.control("POST", "ecs/rollout", {**place, **plan})

    def failed(self) -> dict[str, list[Finding]]:
        """What `inferform verify` finds wrong, by service."""
        found: dict[str, list[Finding]] = {}
        for each in verify(self.environment(), self.aws()):
            if each.outcome == "failed":
                found.setdefault(each.subject.removeprefix("acme-dev-use1-"), []).append(each)
        return found

    def state(self) -> State:
        """The stack's state."""
        state = self.states.read(LAYER)
        assert state is not None
        return state


@contextmanager
def directed(life: Fleet) -> Iterator[None]:
    """Let commands work on the tests' environment and emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ops.commands.rollout, "environment", lambda _: life.environment())
        patch.setattr(ops.aws, "emulator_in_use", lambda: life.emulator)
        yield


def reason(name: str) -> str:
    """Why a service is put back."""
    return f"the tests want {name} to fail"


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    life = Fleet(tmp_path_factory.mktemp("rolled-back"), emulator)
    life.begin()
    variables = life.program.terraform_environment()
    assert life.stack(STACK).init(variables).status == 0
    with pytest.MonkeyPatch.context() as patch:
        # Nothing here gets better by waiting.
        patch.setattr(ops.verify, "_POLLS", 1)
        patch.setattr(ops.verify, "_POLL_SECONDS", 0)
        yield life


def test_the_stack_has_every_type_that_aws_may_put_back(life: Fleet) -> None:
    made = set(life.stack(STACK).content["resource"])
    reverted = {kind.type for kind in kinds().values() if isinstance(kind.reverted, Reverted)}
    assert reverted <= made


def test_a_creation_that_fails_before_terraform_looks_is_no_success(life: Fleet) -> None:
    life.release("1.0.0")
    file = life.stack(STACK).folder / "cdk.tf.json"
    content = json.loads(file.read_text("utf-8"))
    for service in content["resource"]["aws_ecs_service"].values():
        # The provider waits for new tasks for all of this time, whatever ECS says of them.
        service["timeouts"]["create"] = "1s"
    file.write_text(json.dumps(content), encoding="utf-8")
    life.roll_back(*DURING_AN_APPLY)
    done = life.terraform(STACK, "apply", "-auto-approve", "-no-color", "-input=false")
    assert done.status == 1
    for name in ENDPOINTS:
        assert f"acme-dev-use1-{name}" in done.output
    assert "service/shared/acme-dev-use1-rolling" in done.output
    failed = life.failed()
    assert set(failed) == {*DURING_AN_APPLY}
    for name in DURING_AN_APPLY:
        assert any(reason(name) in each.found for each in failed[name]), name


def test_the_deploy_after_it_converges(life: Fleet) -> None:
    deployed = deploy([STACK], life.program)
    assert [run.status for run in deployed.stacks] == ["applied"]
    names = {f"acme-dev-use1-{name}" for name in DURING_AN_APPLY}
    assert set(deployed.applied[STACK].verified) == names
    assert life.failed() == {}
    assert life.plan_status(STACK) == 0


def test_a_new_service_of_code_deploy_that_does_not_start_is_no_success(life: Fleet) -> None:
    life.release("1.0.0", moved="1.0.0")
    life.roll_back("moved")
    with pytest.raises(OperatorError) as caught:
        deploy([STACK], life.program)
    said = str(caught.value)
    assert f"{STACK} was applied, but what it changed does not serve as it should" in said
    assert "acme-dev-use1-moved runs 0 of 2 tasks" in said
    assert life.failed().keys() == {"moved"}
    life.ecs.update_service(cluster="shared", service="acme-dev-use1-moved", desiredCount=2)
    assert life.failed() == {}


def test_nothing_is_verified_where_nothing_changed(life: Fleet) -> None:
    deployed = deploy([STACK], life.program)
    assert [run.status for run in deployed.stacks] == ["no changes"]
    assert deployed.applied == {}


def test_an_update_that_is_put_back_before_terraform_looks_is_no_success(life: Fleet) -> None:
    before = life.state()
    life.release("1.1.0", moved="1.0.0")
    # The second time shows that a deploy does not delete first what the one before kept.
    for _ in range(2):
        life.roll_back(*DURING_AN_APPLY)
        with pytest.raises(OperatorError) as caught:
            deploy([STACK], life.program)
        said = str(caught.value)
        for name in DURING_AN_APPLY:
            assert f"acme-dev-use1-{name}" in said
            assert reason(name) in said
        failed = life.failed()
        for name in DURING_AN_APPLY:
            assert [each.check.title for each in failed[name]] == ["configuration", "image"], name
            assert reason(name) in failed[name][0].found
        # What serves is still there.
        sagemaker = life.aws().client("sagemaker")
        for configuration in before.of_type("aws_sagemaker_endpoint_configuration"):
            sagemaker.describe_endpoint_config(EndpointConfigName=configuration["name"])
        for definition in before.of_type("aws_ecs_task_definition"):
            described = life.ecs.describe_task_definition(taskDefinition=definition["arn"])
            assert described["taskDefinition"]["status"] == "ACTIVE"


def test_the_deploy_after_an_update_that_was_put_back_converges(life: Fleet) -> None:
    life.release("1.1.0", moved="1.1.0")
    deployed = deploy([STACK], life.program)
    # CodeDeploy moves its service afterwards, which is no failure of the deploy.
    (waiting,) = deployed.applied[STACK].left_open
    assert waiting.subject == "acme-dev-use1-moved"
    assert waiting.fix == "inferform rollout dev-use1 moved"
    assert life.failed().keys() == {"moved"}
    assert life.plan_status(STACK) == 0


@pytest.mark.parametrize(
    ("fault", "why"),
    [("access-denied", "the role may not do this"), ("drop", "AWS cannot be reached")],
)
def test_what_cannot_be_read_is_said_to_be_not_verified(life: Fleet, fault: str, why: str) -> None:
    stack, synthesis = life.stack(STACK), life.program.synthesize()
    (rolling,) = (
        address
        for address, values in life.state().resources.items()
        if address.startswith("aws_ecs_service.") and values["name"] == "acme-dev-use1-rolling"
    )
    life.fault(kind=fault, service="ecs", count=LASTING)
    try:
        found = verify_changed(stack, [rolling], synthesis)
    finally:
        life.mend()
    (line,) = notes(found)
    assert line.startswith("not verified: acme-dev-use1-rolling: ")
    assert why in line
    with pytest.raises(NotVerifiedError, match="whether it serves is not known"):
        refuse_unknown([found])
    assert notes(verify_changed(stack, [rolling], synthesis)) == ["verified: acme-dev-use1-rolling"]


def test_a_rollout_that_code_deploy_puts_back_is_no_success(life: Fleet) -> None:
    life.roll_back("moved")
    rollout = ["rollout", "dev-use1", "moved", "--emulator"]
    with directed(life):
        done = CliRunner().invoke(app, rollout)
    assert isinstance(done.exception, OperatorError)
    assert reason("moved") in str(done.exception)
    (configuration, image) = life.failed()["moved"]
    assert (configuration.check.title, image.check.title) == ("configuration", "image")
    assert reason("moved") in configuration.found
    with directed(life):
        assert CliRunner().invoke(app, rollout).exit_code == 0
    assert life.failed() == {}
