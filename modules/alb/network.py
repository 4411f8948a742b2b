"""What is asked of Network Load Balancers, and of a service's port on one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import Context
from ..names import Name, balanced
from ..overrides import Overridable
from ..rules import Problem, rule
from ..service import Billed, Drawn, Named, Place
from ..spec import Aws, Between, Cidrs, ShortName, Spec
from ..usage import Usage, of_balancer
from .spec import (
    ELB34,
    CertificateArn,
    DeregistrationSeconds,
    GraceSeconds,
    HealthCheck,
    certificate_problems,
    group_name,
)

ELB35 = rule(
    "ELB35",
    refuses="a route of the other kind of load balancer",
    message="{load_balancer} is {kind}; write {remedy}",
    source="Elastic Load Balancing API reference, CreateRule (Application Load Balancers) and "
    "CreateListener (TCP and TLS on Network Load Balancers)",
)
ELB36 = rule(
    "ELB36",
    refuses="a port that faces the internet for everybody, or in plain",
    message="{missing} where {load_balancer} faces the internet",
    source="Inferform: nothing is sent in plain over the internet, and who may connect is said",
)


ELB37 = rule(
    "ELB37",
    refuses="protocols that are negotiated where the load balancer takes no TLS off",
    message="is negotiated by TLS alone; give the certificate, or leave it out",
    source="Elastic Load Balancing API reference, CreateListener AlpnPolicy (TLS listeners)",
)


class NetworkLoadBalancer(Overridable, Billed, Drawn, Named):
    """A Network Load Balancer whose ports are services' own: internal by default.

    It passes connections on as they are, or takes TLS off them. A service gets its port by a
    `NetworkRoute`.
    """

    words = "Network Load Balancer"

    internal: bool = True
    """Whether it is reached from inside the VPC only. Default: True."""

    cross_zone: bool = True
    """Whether tasks in all zones get the connections of each. AWS charges what passes from zone to
    zone. Default: True."""

    @property
    def in_vpc(self) -> bool:
        """It has addresses in subnets of the VPC."""
        return True

    @property
    def reached_from(self) -> str:
        """The VPC, or the internet."""
        return "VPC" if self.internal else "internet"

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its security group."""
        context = place.environment.context
        yield Name("aws_lb", balanced(context, place.name))
        yield Name("aws_security_group", group_name(context, place.name))

    def uses(self, place: Place) -> Iterator[Usage]:
        """A load balancer, without its capacity units."""
        addresses = place.public_addresses(internal=self.internal)
        yield from of_balancer("elb/network", addresses=addresses)


class NetworkRoute(Spec):
    """A port of a Network Load Balancer whose connections one service gets."""

    load_balancer: ShortName
    """The load balancer, a key of `ecs.load_balancers`."""

    port: Annotated[int, Between(ELB34, 1, 65_535), Aws("elbv2:CreateListenerInput.Port")]
    """The port that clients connect to, which is this service's alone."""

    certificate: CertificateArn | None = None
    """The ACM certificate by which the load balancer takes TLS off. Default: None, TCP is passed on
    as it is, which only an internal load balancer may do."""

    alpn: (
        Annotated[
            Literal["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred"],
            Aws("elbv2:CreateListenerInput.AlpnPolicy"),
        ]
        | None
    ) = None
    """Which protocols TLS offers to clients (ALPN): `HTTP2Preferred` or `HTTP2Only` for gRPC, whose clients
    insist on HTTP/2. Default: None, none is offered."""

    allowed_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Who may connect. Default: the VPC; required when the load balancer faces the internet."""

    health_check: HealthCheck | None = HealthCheck()
    """How a task is found healthy; None for whether its port takes connections. Default: `GET /ping`
    every 15 seconds."""

    grace_seconds: GraceSeconds = 120
    """Seconds after its start in which a task's failing health checks are ignored. Default:
    120; loading a large model needs more."""

    deregistration_delay_seconds: DeregistrationSeconds = 60
    """Seconds that a task which goes may finish its connections. Default: 60."""

    def check(self) -> Iterator[Problem]:
        """What TLS offers goes with a certificate."""
        if self.alpn is not None and self.certificate is None:
            yield ELB37.problem("alpn", got=self.alpn)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The certificate is the environment's own."""
        if self.certificate is not None:
            yield from certificate_problems(context, "certificate", self.certificate)
