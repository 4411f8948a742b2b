"""What APIs share: their logs, domains, the VPC link, and the role that writes logs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ..alb.records import HostedZone
from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import allow
from ..names import fit, short_hash
from ..outputs import NetworkOutputs
from .names import LINK, LOG_ROLE, rest_link
from .spec import ApiDomain
from .targets import Behind

from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from cdktf_cdktf_provider_aws.api_gateway_vpc_link import ApiGatewayVpcLink
from cdktf_cdktf_provider_aws.apigatewayv2_api_mapping import Apigatewayv2ApiMapping
from cdktf_cdktf_provider_aws.apigatewayv2_domain_name import (
    Apigatewayv2DomainName,
    Apigatewayv2DomainNameDomainNameConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_vpc_link import Apigatewayv2VpcLink
from cdktf_cdktf_provider_aws.data_aws_lb import DataAwsLb
from cdktf_cdktf_provider_aws.data_aws_route53_zone import DataAwsRoute53Zone
from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

_LOGGED = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.caller",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "latency": "$context.responseLatency",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "error": "$context.error.message",
}
"""What a line of a log says. Tokens, keys and bodies are not among it."""


def log_format(**more: str) -> str:
    """The format of a log of requests."""
    return json.dumps({**_LOGGED, **more})


def route_id(path: str) -> str:
    """The id of what is made for a path: letters, digits, _ and -, and no other path's."""
    text = "".join(char if char.isalnum() or char in "-_" else "-" for char in path.strip("/"))
    return f"{text[:60]}-{short_hash(path)}"


def statement_id(kind: str, api: str, path: str) -> str:
    """The id of the statement by which a route of an API may call a function, of 100 characters at most."""
    return fit(f"{kind}-{api}-{route_id(path)}", 100)


class LogRole(Construct):
    """The role by which API Gateway writes the logs of the account's REST APIs in the Region."""

    def __init__(self, scope: Construct, id: str, *, context: Context) -> None:
        super().__init__(scope, id)
        made = ExecutionRole(
            self,
            "logs",
            context=context,
            name=LOG_ROLE,
            service="apigateway.amazonaws.com",
            statements=[
                # API Gateway tries all of these when it is given the role.
                allow(
                    [
                        "logs:CreateLogGroup",
                        "logs:CreateLogStream",
                        "logs:DescribeLogGroups",
                        "logs:DescribeLogStreams",
                        "logs:FilterLogEvents",
                        "logs:GetLogEvents",
                        "logs:PutLogEvents",
                    ],
                    context.arn("logs", "*"),
                    sid="WriteLogs",
                )
            ],
        )
        self.account = ApiGatewayAccount(
            self, "settings", cloudwatch_role_arn=made.arn, depends_on=made.ready
        )


class Link(Construct):
    """The VPC link of HTTP APIs, in the private subnets."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        network: NetworkOutputs,
        ports: Iterable[int],
        opens: dict[str, tuple[str, int]],
    ) -> None:
        """`ports` are those of load balancers; `opens` are security groups of load balancers that take
        requests from it beside those that they name, each with a port, by the name of the load balancer,
        with the port where it is a service's own."""
        super().__init__(scope, id)
        name = context.name(LINK)
        group = SecurityGroup(
            self,
            "group",
            name=name,
            description="VPC link of HTTP APIs: to load balancers",
            vpc_id=network.vpc_id,
            tags={"Name": name},
        )
        for port in sorted(set(ports)):
            for rule, cidr in network.cidrs_by(f"balancers-{port}").items():
                VpcSecurityGroupEgressRule(
                    self,
                    rule,
                    security_group_id=group.id,
                    description="load balancers in the VPC",
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=cidr,
                )
        for balancer, (other, port) in sorted(opens.items()):
            VpcSecurityGroupIngressRule(
                self,
                f"into-{balancer}",
                security_group_id=other,
                description="HTTP APIs",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                referenced_security_group_id=group.id,
            )
        # AWS changes neither subnets nor groups of a VPC link.
        self.id = Apigatewayv2VpcLink(
            self,
            "link",
            name=name,
            subnet_ids=network.private_subnet_ids,
            security_group_ids=[group.id],
        ).id


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLinkedTarget:
    """A port of a Network Load Balancer that a VPC link of REST APIs reaches."""

    link_id: str
    dns_name: str
    """The load balancer's own name."""

    way: Behind


class RestLink(Construct):
    """The VPC link of REST APIs to one Network Load Balancer, of which all ports are reached by it."""

    def __init__(
        self, scope: Construct, id: str, *, context: Context, load_balancer_arn: str
    ) -> None:
        super().__init__(scope, id)
        name = rest_link(context, id)
        # AWS changes no target of a link, and deletes none that a deployment refers to.
        self.id = ApiGatewayVpcLink(
            self,
            "link",
            name=name,
            description="REST APIs to a Network Load Balancer",
            target_arns=[load_balancer_arn],
            tags={"Name": name},
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        ).id
        self.dns_name = DataAwsLb(self, "load-balancer", arn=load_balancer_arn).dns_name


class Domain(Construct):
    """A Regional domain, the record that leads to it, and the APIs that it leads to."""

    def __init__(
        self, scope: Construct, id: str, *, name: str, spec: ApiDomain, vpc_id: str | None
    ) -> None:
        """`vpc_id` is the VPC of a private zone that is looked up by name."""
        super().__init__(scope, id)
        self._name = name
        self.domain = Apigatewayv2DomainName(
            self,
            "domain",
            domain_name=name,
            domain_name_configuration=Apigatewayv2DomainNameDomainNameConfiguration(
                certificate_arn=spec.certificate,
                endpoint_type="REGIONAL",
                security_policy="TLS_1_2",
            ),
        )
        if spec.zone is not None:
            self._record(name, spec.zone, vpc_id)

    def lead(
        self,
        base_path: str,
        *,
        api_id: str,
        stage: str,
        lifecycle: TerraformResourceLifecycle | None = None,
    ) -> None:
        """Lead callers of a base path to an API.

        The place is the resource, and not the API: a domain has each base path once, so that APIs which
        change places would else ask for one that is not free yet."""
        Apigatewayv2ApiMapping(
            self,
            f"mapping-{route_id(base_path)}" if base_path else "mapping",
            api_id=api_id,
            domain_name=self.domain.id,
            stage=stage,
            api_mapping_key=base_path or None,
            lifecycle=lifecycle,
        )

    def url(self, base_path: str) -> str:
        """Where callers reach what a base path leads to."""
        return "/".join(filter(None, [f"https://{self._name}", base_path]))

    def _record(self, name: str, zone: HostedZone, vpc_id: str | None) -> None:
        zone_id = zone.id
        if zone_id is None:
            zone_id = DataAwsRoute53Zone(
                self,
                "zone",
                name=zone.name,
                private_zone=zone.private,
                vpc_id=vpc_id if zone.private else None,
            ).zone_id
        made = self.domain.domain_name_configuration
        Route53Record(
            self,
            "record",
            zone_id=zone_id,
            name=name,
            type="A",
            alias=Route53RecordAlias(
                name=made.target_domain_name,
                zone_id=made.hosted_zone_id,
                evaluate_target_health=False,
            ),
        )
