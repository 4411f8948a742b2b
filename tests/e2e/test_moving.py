"""An endpoint of a layer without groups goes into a group, and AWS notices a tag alone."""

from __future__ import annotations

from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops import moving
from ops.errors import OperatorError
from ops.state import States
from ops.terraform import contents_of

from .program import Life

pytestmark = pytest.mark.story("one environment is deployed, moved and destroyed")

OLD, NEW = "inference", "inference-risk"
TEXT = """
from inferform import *

endpoints = {
    "fraud": RealtimeEndpoint(
        model=Model(
            image="123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1", artifact="fraud/m.tar.gz"
        ),
        instance_type="ml.m5.large",
        scaling=Scaling(
            max_capacity=3,
            policies=[TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=300))],
        ),
    )
}

dev = Environment(
    context=Context(
        organization="moved", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=NetworkOutputs(
        vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    registry=RegistryOutputs(
        artifact_bucket="moved-artifacts",
        kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    inference=INFERENCE,
)
"""


def test_an_endpoint_goes_into_a_group_and_stays_what_it_is(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    life = Life(tmp_path_factory.mktemp("life"), emulator)
    life.write(TEXT.replace("INFERENCE", "Inference(endpoints=endpoints)"))
    ec2 = life.aws().client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    text = TEXT.replace("vpc-1", vpc).replace("subnet-1", subnet)
    life.write(text.replace("INFERENCE", "Inference(endpoints=endpoints)"))
    life.bootstrap()
    life.deploy("dev-use1-inference")
    before = _told(life)

    grouped = '{"risk": Inference(endpoints=endpoints%s)}'
    life.write(text.replace("INFERENCE", grouped % ""))
    with pytest.raises(OperatorError, match=r"models keep the security group") as refused:
        _move(life)
    group = _states(life).read(OLD).resources["aws_security_group.models"]["id"]  # type: ignore[union-attr]
    assert f'security_group="{group}"' in str(refused.value)
    assert _states(life).read(NEW) is None

    life.write(text.replace("INFERENCE", grouped % f', security_group="{group}"'))
    _move(life)
    kept = _states(life).read(OLD)
    assert kept is not None
    assert {address.partition(".")[2].partition("-")[0] for address in kept.resources} == {"models"}
    life.deploy("dev-use1-inference-risk")
    assert life.plan_status("dev-use1-inference-risk") == 0
    assert _told(life) == before
    tags = life.aws().client("sagemaker").list_tags(ResourceArn=before["EndpointArn"])["Tags"]
    assert {"Key": "layer", "Value": NEW} in tags
    life.destroy("dev-use1-inference-risk")


def _states(life: Life) -> States:
    return States(life.aws(), contents_of(life.to_plan().stacks))


def _move(life: Life) -> None:
    """What the command does once it is agreed to."""
    synthesis, states = life.to_plan(), _states(life)
    (wanted,) = moving.moves(synthesis, "dev-use1", states)
    assert (wanted.source, wanted.target) == (OLD, NEW)
    program = synthesis.program
    check = moving.check_by_plan(program, program.terraform_environment(), "layer")
    moving.move(synthesis, "dev-use1", states, wanted, check)


def _told(life: Life) -> dict[str, Any]:
    """What SageMaker says of the endpoint, times among it, and of the models and configurations."""
    sagemaker = life.aws().client("sagemaker")
    told = dict(sagemaker.describe_endpoint(EndpointName="moved-dev-use1-fraud"))
    told["models"] = sagemaker.list_models()["Models"]
    told["configurations"] = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    del told["ResponseMetadata"]
    return told
