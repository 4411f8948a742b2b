"""How other services find an ECS service: by a name in the VPC's DNS, or by Service Connect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from ..alb.records import is_dns_name
from ..rules import Problem, rule
from ..spec import Aws, Between, Check, Cidrs, Many, Spec
from .containers import Port

ECS66 = rule(
    "ECS66",
    refuses="discovery without a namespace in the cluster",
    message="needs a namespace; give ecs.namespace, such as inference.acme.internal",
    source="botocore ecs ServiceConnectConfiguration namespace, ServiceRegistry registryArn",
)
ECS67 = rule(
    "ECS67",
    refuses="discovery with a rollout that cannot move what it names",
    message="does not go with {rollout}; {remedy}",
    source="AWS Containers blog, Migrating from AWS CodeDeploy to Amazon ECS for blue/green "
    "deployments (CodeDeploy takes load balancers alone; ECS load balancers and Service Connect)",
)
ECS68 = rule(
    "ECS68",
    refuses="a namespace that is neither the id of one nor a DNS name",
    message="must be a DNS name such as inference.acme.internal, or the id of a namespace, ns-…",
    source="botocore servicediscovery NamespaceNamePrivate; Amazon Route 53 developer guide, DNS "
    "domain name format",
)
ECS69 = rule(
    "ECS69",
    refuses="a name of a service in a namespace that is none",
    message="must have at most 63 lower-case letters, digits, _ and -, with - neither first nor last",
    source="botocore servicediscovery ServiceName, ecs ServiceConnectClientAlias dnsName; Amazon "
    "Route 53 developer guide, DNS domain name format (63 characters for a label)",
)
ECS70 = rule(
    "ECS70",
    refuses="one name in the namespace for two services",
    message="is the name of the service {other} too; give one of them another",
    source="botocore ecs ServiceConnectService discoveryName, ServiceConnectClientAlias (unique in "
    "the namespace); AWS Cloud Map API reference, ServiceAlreadyExists",
)
ECS71 = rule(
    "ECS71",
    refuses="a TTL or timeout outside AWS's range",
    message="must be from {low} to {high} seconds",
    source="botocore servicediscovery RecordTTL; botocore ecs TimeoutConfiguration",
)
ECS72 = rule(
    "ECS72",
    refuses="a timeout of requests where the protocol has none",
    message="must be left out where protocol is None, which is TCP and has no requests",
    source="botocore ecs TimeoutConfiguration perRequestTimeoutSeconds",
)

_MOST = 2**31 - 1


def is_namespace_id(value: str) -> bool:
    """Whether `value` is the id of a namespace, not the name of one to make."""
    return bool(re.fullmatch(r"ns-[a-z0-9]{1,61}", value, re.ASCII))


Namespace = Annotated[
    str,
    Check(ECS68, lambda value: is_namespace_id(value) or is_dns_name(value)),
    Aws("servicediscovery:CreatePrivateDnsNamespaceRequest.Name"),
]


Label = Annotated[
    str,
    Check(
        ECS69,
        lambda value: bool(re.fullmatch(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", value, re.ASCII)),
    ),
]


class Discovery(Spec):
    """What PrivateDns and ServiceConnect have in common: who connects to whom."""

    allowed_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Who may connect to the container's port. Default: the VPC."""

    calls: Many[Port] = ()
    """Ports of other services in the VPC that its own tasks connect to, beside HTTPS. Default:
    none."""

    @property
    def registered(self) -> str | None:
        """Its name in the namespace, where it is not the service's."""
        raise NotImplementedError


class PrivateDns(Discovery):
    """A name in the VPC's DNS for the tasks of a service: `fraud.inference.acme.internal`.

    ECS registers the address of each task that starts in AWS Cloud Map, and takes it out again.
    """

    name: Annotated[Label, Aws("servicediscovery:CreateServiceRequest.Name")] | None = None
    """Its name in the namespace. Default: the service's own."""

    ttl_seconds: Annotated[int, Between(ECS71, 0, _MOST), Aws("servicediscovery:DnsRecord.TTL")] = (
        10
    )
    """Seconds that clients may keep an address. Default: 10."""

    routing: Annotated[
        Literal["MULTIVALUE", "WEIGHTED"], Aws("servicediscovery:DnsConfig.RoutingPolicy")
    ] = "MULTIVALUE"
    """Whether an answer has up to eight addresses of healthy tasks (MULTIVALUE), or one at random.
    Default: MULTIVALUE."""

    @property
    def registered(self) -> str | None:
        """`name`."""
        return self.name


class ServiceConnect(Discovery):
    """A place in the namespace's Service Connect: a proxy beside each task spreads its requests
    over the tasks of the services that it calls, and tells CloudWatch of them.

    Services of the namespace alone find it, by `dns_name` and `port`.
    """

    dns_name: Annotated[Label, Aws("ecs:ServiceConnectClientAlias.dnsName")] | None = None
    """The name that clients use. Default: the service's own."""

    port: Annotated[Port, Aws("ecs:ServiceConnectClientAlias.port")] | None = None
    """The port that clients use. Default: the container's."""

    protocol: (
        Annotated[Literal["http", "http2", "grpc"], Aws("ecs:PortMapping.appProtocol")] | None
    ) = "http"
    """What is spoken at the port; None is any TCP. A service must be made again to change it.
    Default: http."""

    idle_timeout_seconds: (
        Annotated[int, Between(ECS71, 0, _MOST), Aws("ecs:TimeoutConfiguration.idleTimeoutSeconds")]
        | None
    ) = None
    """Seconds until an idle connection is closed; 0 is never. Default: AWS's, 5 minutes, of tcp an
    hour."""

    request_timeout_seconds: (
        Annotated[
            int, Between(ECS71, 0, _MOST), Aws("ecs:TimeoutConfiguration.perRequestTimeoutSeconds")
        ]
        | None
    ) = None
    """Seconds that a request may take; 0 is any time. Default: AWS's, 15 seconds."""

    client_only: bool = False
    """Whether it calls others and is not called itself. Default: False."""

    def check(self) -> Iterator[Problem]:
        """Requests are only timed where there are some."""
        if self.protocol is None and self.request_timeout_seconds is not None:
            yield ECS72.problem("request_timeout_seconds", got=self.request_timeout_seconds)

    @property
    def registered(self) -> str | None:
        """`dns_name`."""
        return self.dns_name
