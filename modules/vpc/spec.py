"""What is asked of a VPC."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import Context
from ..names import Name, log_group, role
from ..overrides import Overridable
from ..rules import Problem, rule
from ..service import Billed, Named, Place
from ..spec import Aws, Between, Check, Cidr, Known, Many, Spec
from ..usage import Usage, exactly

VPC1 = rule(
    "VPC1",
    refuses="a VPC whose mask is outside /16 to /24",
    message="must have a mask from /16 to /24: a larger VPC is refused by AWS, a smaller one "
    "leaves a public subnet under AWS's /28",
    source="Amazon VPC user guide, VPC CIDR blocks (/16 to /28) and subnet sizing",
)
VPC2 = rule(
    "VPC2",
    refuses="a CIDR that overlaps another environment's",
    message="overlaps {other} of {environment}; choose a free range, or set "
    "allow_overlap=True if the two never meet",
    source="Inferform: overlapping VPCs can never be peered or joined by a transit gateway",
)
VPC3 = rule(
    "VPC3",
    refuses="a number of availability zones outside 1 to 3",
    message="must be from {low} to {high}",
    source="Inferform: the address plan has room for three zones, as most regions do",
)
VPC4 = rule(
    "VPC4",
    refuses="zone letters that are not as many as the availability zones, or not a to f",
    message="must name {zones} distinct zones of the region, such as ('a', 'b')",
    source="Amazon EC2 user guide, Availability Zones",
)
VPC5 = rule(
    "VPC5",
    refuses="an interface endpoint for a service that has none, or one with a gateway only",
    message="is not a VPC interface endpoint that Inferform knows{hint}",
    source="AWS PrivateLink guide, services that integrate with AWS PrivateLink",
)
VPC6 = rule(
    "VPC6",
    refuses="a VPC outside the private ranges",
    message="is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; public addresses "
    "inside a VPC hide the real owners of them",
    source="Amazon VPC user guide, VPC CIDR blocks (RFC 1918 recommended)",
    severity="warning",
)
VPC7 = rule(
    "VPC7",
    refuses="a single availability zone in a protected environment",
    message="is one availability zone in a protected environment; two or three survive the "
    "loss of one",
    source="AWS SageMaker developer guide, inference reliability",
    severity="warning",
)
LOG1 = rule(
    "LOG1",
    refuses="a retention that CloudWatch Logs does not offer",
    message="must be one of CloudWatch Logs' retentions, such as 7, 30, 90 or 365 days{hint}",
    source="CloudWatch Logs API reference, PutRetentionPolicy",
)

PRIVATE_SAGEMAKER: tuple[str, ...] = (
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "sts",
)
"""The interface endpoints that a SageMaker model in subnets without internet needs."""

INTERFACE_SERVICES = frozenset(
    (
        *PRIVATE_SAGEMAKER,
        "autoscaling",
        "ec2",
        "ec2messages",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
        "eks",
        "eks-auth",
        "elasticloadbalancing",
        "events",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "ssmmessages",
        "states",
    )
)

_RETENTIONS = tuple(
    int(days)
    for days in [
        "1",
        "3",
        "5",
        "7",
        "14",
        "30",
        "60",
        "90",
        "120",
        "150",
        "180",
        "365",
        "400",
        "545",
        "731",
        "1096",
        "1827",
        "2192",
        "2557",
        "2922",
        "3288",
        "3653",
    ]
)

RetentionDays = Annotated[
    int,
    Check(
        LOG1,
        lambda days: days in _RETENTIONS,
        lambda days: {"hint": f"; the next longer is {_longer(days)}" if days < 3653 else ""},
    ),
    Aws("logs:PutRetentionPolicyRequest.retentionInDays"),
]
"""Days that CloudWatch Logs keeps events."""

# What AWS calls zones by: no Region has a zone past f.
_LETTERS = ("a", "b", "c", "d", "e", "f")

# Regions whose zone letters are not a, b, c for every account.
_ZONE_LETTERS = {
    "ap-northeast-1": ("a", "c", "d"),
    "ap-northeast-2": ("a", "b", "c"),
    "ca-central-1": ("a", "b", "d"),
    "us-west-1": ("a", "c"),
}

_PRIVATE_RANGES = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


def _longer(days: int) -> int:
    return next(known for known in _RETENTIONS if known > days)


VPC8 = rule(
    "VPC8",
    refuses="a range that hosts cannot have: 0.0.0.0/8, loopback, link-local, multicast and above",
    message="is not for hosts; take one of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16",
    source="RFC 6890, special-purpose IP addresses",
)


def _is_for_hosts(cidr: str) -> bool:
    first = ipaddress.IPv4Address(cidr.partition("/")[0])
    return not (first.is_loopback or first.is_link_local) and 1 <= int(first) >> 24 <= 223


ENDPOINTS = "endpoints"
"""The security group of interface endpoints, in its name."""

FLOW_LOGS = "flow-logs"
"""The flow logs and their role, in their names."""

FLOW_LOG_GROUP = "vpc-flow-logs"
"""The log group of flow logs, in its name."""


class FlowLogs(Spec):
    """VPC flow logs to CloudWatch Logs."""

    retention_days: RetentionDays = 30
    """Days that the log group keeps them. Without it, 30."""

    traffic: Annotated[
        Literal["ALL", "ACCEPT", "REJECT"], Aws("ec2:CreateFlowLogsRequest.TrafficType")
    ] = "ALL"
    """Which traffic is logged. Without it, all."""


class Network(Overridable, Billed, Named):
    """A VPC with one private and one public subnet in each availability zone.

    The address plan is fixed by `cidr` alone: a quarter of it for each zone's private subnet,
    and a sixteenth for each public one. Adding a zone moves no existing subnet.
    """

    cidr: Annotated[
        Cidr,
        Check(VPC1, lambda cidr: 16 <= int(cidr.partition("/")[2]) <= 24),
        Check(VPC8, _is_for_hosts),
        Aws("ec2:CreateVpcRequest.CidrBlock"),
    ]
    """The VPC's IPv4 range, /16 to /24."""

    availability_zones: Annotated[int, Between(VPC3, 1, 3)] = 2
    """How many zones, 1 to 3. Without it, 2."""

    zone_letters: Many[str] | None = None
    """Which zones, such as `("a", "b")`. Without it the first ones that the region offers."""

    nat: Literal["none", "single", "per_zone"] = "single"
    """NAT gateways: none, one for all zones (cheaper), or one in each (survives a zone)."""

    public_subnets: bool = False
    """Whether there are public subnets and an internet gateway even without NAT. Without it,
    only where NAT needs them."""

    gateway_endpoints: Many[Literal["s3", "dynamodb"]] = ("s3", "dynamodb")
    """Gateway endpoints, which cost nothing. Without it, both."""

    interface_endpoints: Many[Annotated[str, Known(VPC5, lambda: INTERFACE_SERVICES)]] = ()
    """Interface endpoints with private DNS; `PRIVATE_SAGEMAKER` is the set that a private
    SageMaker model needs. Each is billed by the hour and zone. Without it, none."""

    auto_endpoints: bool = False
    """Whether the interface endpoints that the environment's endpoints and services need are
    added to those. Without it, no."""

    flow_logs: FlowLogs | None = FlowLogs()
    """Flow logs. Without it they are kept for 30 days; `None` turns them off."""

    allow_overlap: bool = False
    """Whether the range may overlap another environment's. Without it, it may not."""

    def check(self) -> Iterator[Problem]:
        """Zone letters fit the number of zones."""
        letters = self.zone_letters
        if letters is not None and (
            len(set(letters)) != self.availability_zones
            or len(letters) != self.availability_zones
            or any(letter not in _LETTERS for letter in letters)
        ):
            yield VPC4.problem("zone_letters", got=letters, zones=self.availability_zones)
        if not any(self.network.subnet_of(block) for block in _PRIVATE_RANGES):
            yield VPC6.problem("cidr", got=self.cidr)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The region has as many zones as are asked for."""
        known = _ZONE_LETTERS.get(context.region, ("a", "b", "c"))
        if self.zone_letters is None and self.availability_zones > len(known):
            yield VPC4.problem("zone_letters", zones=self.availability_zones)
        if context.protected and self.availability_zones == 1:
            yield VPC7.problem("availability_zones", got=1)

    def names(self, place: Place) -> Iterator[Name]:
        """Of the interface endpoints' security group, and of the flow logs."""
        context = place.environment.context
        if place.environment.interface_endpoints:
            yield Name("aws_security_group", context.name(ENDPOINTS))
        if self.flow_logs is not None:
            yield Name("aws_cloudwatch_log_group", log_group(context, FLOW_LOG_GROUP))
            yield Name("aws_iam_role", role(context, FLOW_LOGS))

    def uses(self, place: Place) -> Iterator[Usage]:
        """NAT gateways, and the interface endpoints that the environment makes, by the zone."""
        gateways = {"none": 0, "single": 1, "per_zone": self.availability_zones}[self.nat]
        if gateways:
            yield Usage("network", "vpc/nat-gateway", exactly(gateways))
        interfaces = len(place.environment.interface_endpoints) * self.availability_zones
        if interfaces:
            yield Usage("network", "vpc/interface-endpoint", exactly(interfaces))

    @property
    def network(self) -> ipaddress.IPv4Network:
        """`cidr` as a network."""
        return ipaddress.IPv4Network(self.cidr)

    def zones(self, region: str) -> list[str]:
        """The names of the availability zones, `us-east-1a` and so on."""
        letters = self.zone_letters or _ZONE_LETTERS.get(region, ("a", "b", "c"))
        return [f"{region}{letter}" for letter in letters[: self.availability_zones]]

    def private_cidrs(self) -> list[str]:
        """The private subnets' ranges, one for each zone."""
        quarters = list(self.network.subnets(prefixlen_diff=2))
        return [str(block) for block in quarters[: self.availability_zones]]

    def public_cidrs(self) -> list[str]:
        """The public subnets' ranges, one for each zone."""
        last_quarter = list(self.network.subnets(prefixlen_diff=2))[3]
        sixteenths = list(last_quarter.subnets(prefixlen_diff=2))
        return [str(block) for block in sixteenths[: self.availability_zones]]
