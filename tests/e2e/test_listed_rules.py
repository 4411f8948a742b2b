"""What a load balancer has of several is kept when another one goes, by the real Terraform."""

from __future__ import annotations

from typing import Any

import pytest

from inferform_emulator.process import Emulator

from ..ops.certificates import issued
from .program import Life, actions

pytestmark = pytest.mark.story("one layer is changed there and back")

STACK = "dev-use1-ecs"

TEXT = """
from inferform import *

V = {values!r}
context = Context(
    organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)
dev = Environment(
    context=context,
    network=NetworkOutputs(
        vpc_id=V["vpc"], vpc_cidr="10.0.0.0/16", private_subnet_ids=V["subnets"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    registry=RegistryOutputs(
        artifact_bucket="acme-artifacts", kms_key_arn=context.arn("kms", "key/1234abcd"),
    ),
    ecs=EcsCluster(
        load_balancers={{
            "internal": LoadBalancer(
                certificate=V["certificates"][0], more_certificates={certificates},
                allowed_cidrs={cidrs}, access_logs=None,
                test_listener=RestrictedListener(port=8443, allowed_cidrs={cidrs}),
            )
        }}
    ),
)
"""
CIDRS = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]


class Balanced(Life):
    """A load balancer with several certificates, for several ranges of clients."""

    def begin(self) -> None:
        """Make what it depends on."""
        self._values: dict[str, Any] = {
            "vpc": "vpc-00000001",
            "subnets": ["subnet-00000001", "subnet-00000002"],
            "certificates": [
                f"arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-{n:012}"
                for n in range(4)
            ],
        }
        self.release(CIDRS, [])
        self.bootstrap()
        ec2, acm = self.aws().any_client("ec2"), self.aws().any_client("acm")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        self.certificates = [
            acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
            for certificate, key in (issued() for _ in range(4))
        ]
        self._values |= {"vpc": vpc, "subnets": subnets, "certificates": self.certificates}

    def release(self, cidrs: list[str], certificates: list[str]) -> None:
        """Write a release."""
        self.write(TEXT.format(values=self._values, cidrs=cidrs, certificates=certificates))

    def served(self) -> dict[int, set[str]]:
        """The certificates of each port."""
        elb = self.aws().any_client("elbv2")
        (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
        listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        return {
            each["Port"]: {
                held["CertificateArn"]
                for held in elb.describe_listener_certificates(ListenerArn=each["ListenerArn"])[
                    "Certificates"
                ]
            }
            for each in listeners
        }

    def let_in(self) -> dict[int, set[str]]:
        """The ranges of clients of each port."""
        ec2 = self.aws().any_client("ec2")
        rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
        found: dict[int, set[str]] = {}
        for each in rules:
            if not each["IsEgress"] and each.get("CidrIpv4"):
                found.setdefault(each["FromPort"], set()).add(each["CidrIpv4"])
        return found


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Balanced:
    found = Balanced(tmp_path_factory.mktemp("listed"), emulator)
    found.begin()
    found.release(CIDRS, found.certificates[1:])
    found.apply(STACK)
    return found


def test_those_of_before_are_known_by_their_numbers(life: Balanced) -> None:
    moved = {each["to"]: each["from"] for each in life.stack(STACK).content["moved"]}
    assert len(moved) == 12
    for to, before in moved.items():
        done = life.terraform(STACK, "state", "mv", to, before)
        assert done.status == 0, done.output
    assert actions(life.plan(STACK)) == {}
    assert life.apply(STACK) == []


def test_the_first_of_several_goes_alone(life: Balanced) -> None:
    life.release(CIDRS[1:], life.certificates[2:])
    changes = life.plan(STACK)["resource_changes"]
    done = [(each["type"], *each["change"]["actions"]) for each in changes]
    assert sorted(each for each in done if each[1] not in ("no-op", "read")) == [
        *[("aws_lb_listener_certificate", "delete")] * 2,
        *[("aws_vpc_security_group_ingress_rule", "delete")] * 2,
    ]
    life.apply(STACK)
    assert actions(life.plan(STACK)) == {}
    kept = {life.certificates[0], *life.certificates[2:]}
    assert life.served() == {443: kept, 8443: kept}
    assert life.let_in() == {443: {*CIDRS[1:]}, 8443: {*CIDRS[1:]}}
    life.destroy(STACK)
