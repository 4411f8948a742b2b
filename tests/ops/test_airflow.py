"""What is known of Airflow environments: their networks before an apply, their cost, and what a plan of
them does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AirflowEnvironment,
    Context,
    Environment,
    Existing,
    NetworkOutputs,
    Orchestration,
    RegistryOutputs,
)
from inferform.airflow.spec import ENDPOINTS
from inferform.target import EMULATOR
from inferform.usage import Amount
from ops.aws import Aws
from ops.kinds.airflow import KINDS
from ops.kinds.record import Not
from ops.kinds.synthesis import Synthesis
from ops.plan import read_plan
from ops.review.stories import tell
from tests.review.plans import changed, plan_of

Synthesize = Callable[..., dict[str, dict[str, Any]]]
(KIND,) = KINDS


class Vpc:
    """A VPC that somebody else made, with two private subnets that lead nowhere yet."""

    def __init__(self, aws: Aws, context: Context) -> None:
        self.ec2, self.context, self.aws = aws.client("ec2"), context, aws
        self.id = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self.subnet("a", 0), self.subnet("b", 1)]
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.id]}])
        self.table = tables["RouteTables"][0]["RouteTableId"]

    def subnet(self, zone: str, number: int) -> str:
        made = self.ec2.create_subnet(
            VpcId=self.id,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone=f"{self.context.region}{zone}",
        )
        return str(made["Subnet"]["SubnetId"])

    def nat(self) -> None:
        address = self.ec2.allocate_address()["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=self.subnet("a", 9), AllocationId=address)
        self.leads_to(NatGatewayId=made["NatGateway"]["NatGatewayId"])

    def leads_to(self, **target: str) -> None:
        self.ec2.create_route(
            RouteTableId=self.table,
            DestinationCidrBlock="0.0.0.0/0",
            **target,  # type: ignore[arg-type]
        )

    def endpoint(self, service: str, **given: Any) -> None:
        name = f"com.amazonaws.{self.context.region}.{service}"
        self.ec2.create_vpc_endpoint(VpcId=self.id, ServiceName=name, **given)

    def group(self, *, of_itself: bool) -> str:
        made = self.ec2.create_security_group(
            VpcId=self.id, GroupName=f"group-{of_itself}", Description="airflow"
        )["GroupId"]
        if of_itself:
            pairs: Any = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made}]}]
            self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=pairs)
        return made


@pytest.fixture
def vpc(aws: Aws, context: Context) -> Vpc:
    return Vpc(aws, context)


@pytest.fixture
def judged(vpc: Vpc, synthesize: Synthesize) -> Callable[..., tuple[str, str]]:
    """What preflight finds of an environment in the VPC."""

    def found(*groups: str, subnets: list[str] | None = None) -> tuple[str, str]:
        spec = AirflowEnvironment(
            airflow_version="2.11.0", existing=Existing(security_groups=groups)
        )
        key = f"arn:aws:kms:{vpc.context.region}:{vpc.context.account}:key/1"
        environment = Environment(
            context=vpc.context,
            network=NetworkOutputs(
                vpc_id=vpc.id,
                vpc_cidr="10.0.0.0/16",
                private_subnet_ids=subnets or vpc.subnets,
                public_subnet_ids=[],
                s3_prefix_list_id="pl-1",
            ),
            registry=RegistryOutputs(kms_key_arn=key, artifact_bucket="artifacts"),
            orchestration=Orchestration(airflow={"main": spec}),
        )
        synthesis = Synthesis(environment, synthesize(environment, target=EMULATOR), vpc.aws)
        assert callable(KIND.preflight)
        (finding,) = KIND.preflight(synthesis, synthesis.of(KIND.type))
        return finding.outcome, finding.found

    return found


def test_subnets_with_a_nat_gateway_lead_to_aws(vpc: Vpc, judged: Any) -> None:
    outcome, said = judged()
    assert outcome == "failed"
    assert "has no way out" in said
    vpc.nat()
    outcome, said = judged()
    assert (outcome, said.endswith("are private, in two zones, and lead to AWS")) == (
        "passed",
        True,
    )


def test_subnets_with_every_endpoint_lead_to_aws(vpc: Vpc, judged: Any) -> None:
    for service in sorted(ENDPOINTS):
        vpc.endpoint(service, VpcEndpointType="Interface", SubnetIds=vpc.subnets)
    outcome, said = judged()
    assert outcome == "failed"
    assert said.endswith("its VPC no endpoint s3 (gateway)")
    vpc.endpoint("s3", VpcEndpointType="Gateway", RouteTableIds=[vpc.table])
    assert judged()[0] == "passed"


def test_public_subnets_and_those_of_one_zone_are_found(vpc: Vpc, judged: Any) -> None:
    vpc.nat()
    pair = [vpc.subnets[0], vpc.subnet("a", 5)]
    outcome, said = judged(subnets=pair)
    assert (outcome, said) == ("failed", f"{' and '.join(pair)} are both in us-east-1a")
    gateway = vpc.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    vpc.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc.id)
    vpc.ec2.delete_route(RouteTableId=vpc.table, DestinationCidrBlock="0.0.0.0/0")
    vpc.leads_to(GatewayId=gateway)
    outcome, said = judged()
    assert outcome == "failed"
    assert f"{vpc.subnets[0]} is public: its routes lead to {gateway}" in said


def test_one_of_the_security_groups_lets_itself_in(vpc: Vpc, judged: Any) -> None:
    vpc.nat()
    closed, opened = vpc.group(of_itself=False), vpc.group(of_itself=True)
    outcome, said = judged(closed)
    assert (outcome, said) == ("failed", f"none of {closed} lets itself in by every protocol")
    assert judged(closed, opened)[0] == "passed"
    assert judged("sg-0123456789abcdef0")[0] == "failed"


ENVIRONMENT = {
    "name": "main",
    "airflow_version": "2.11.0",
    "environment_class": "mw1.medium",
    "min_workers": 2,
    "max_workers": 10,
    "schedulers": 3,
    "min_webservers": 2,
    "max_webservers": 3,
    "webserver_access_mode": "PRIVATE_ONLY",
    "source_bucket_arn": "arn:aws:s3:::files",
}


def used(values: dict[str, Any]) -> dict[str, Amount | None]:
    plan = read_plan(plan_of(changed("aws_mwaa_environment.a", ["create"], None, values)))
    (change,) = plan.of_type(KIND.type)
    assert not isinstance(KIND.uses, Not)
    return {each.key: each.amount for each in KIND.uses(plan, change, "after")}


def test_a_plan_is_priced_as_its_spec_is() -> None:
    assert used(ENVIRONMENT) == {
        "mwaa/environment/medium": Amount(1, 1, 1),
        "mwaa/worker/medium": Amount(1, 3, 9),
        "mwaa/scheduler/medium": Amount(1, 1, 1),
        "mwaa/webserver/medium": Amount(0, 0.25, 1),
        "mwaa/storage": None,
    }
    micro = {"environment_class": "mw1.micro", "min_workers": 1, "max_workers": 1, "schedulers": 1}
    assert [*used({**ENVIRONMENT, **micro, "min_webservers": 1, "max_webservers": 1})] == [
        "mwaa/environment/micro",
        "mwaa/storage",
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (changed("aws_mwaa_environment.a", ["create"], None, ENVIRONMENT), ""),
        (
            changed(
                "aws_mwaa_environment.a",
                ["update"],
                ENVIRONMENT,
                {**ENVIRONMENT, "max_workers": 12},
            ),
            "tasks",
        ),
        (
            changed(
                "aws_mwaa_environment.a",
                ["update"],
                {**ENVIRONMENT, "weekly_maintenance_window_start": "SUN:03:30"},
                {**ENVIRONMENT, "weekly_maintenance_window_start": "MON:03:30"},
            ),
            "",
        ),
        (changed("aws_mwaa_environment.a", ["delete"], ENVIRONMENT, None), "its history"),
    ],
)
def test_a_review_says_what_stops(entry: Any, words: str) -> None:
    (story,) = tell(read_plan(plan_of(entry)))
    assert words in story.interrupted
    assert bool(words) == bool(story.interrupted)


def test_an_unchanged_environment_has_no_story() -> None:
    same = changed("aws_mwaa_environment.a", ["no-op"], ENVIRONMENT, ENVIRONMENT)
    assert tell(read_plan(plan_of(same))) == []
