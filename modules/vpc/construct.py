"""A VPC with private and public subnets, NAT, VPC endpoints and flow logs."""

from __future__ import annotations

from collections.abc import Iterable

from ..cdk import Construct
from ..context import Context
from ..iam.policy import allow, document, trust
from ..names import log_group
from ..names import role as role_name
from ..outputs import NetworkOutputs
from ..overriding import override
from ..protect import lifecycle
from .spec import ENDPOINTS, FLOW_LOG_GROUP, FLOW_LOGS, FlowLogs, Network

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.data_aws_prefix_list import DataAwsPrefixList
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.vpc_endpoint_route_table_association import (
    VpcEndpointRouteTableAssociation,
)
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

# The tags by which Kubernetes' load balancer controllers find subnets.
_BALANCED = {"private": "kubernetes.io/role/internal-elb", "public": "kubernetes.io/role/elb"}


class VpcNetwork(Construct):
    """The VPC that `spec` describes; `outputs` is what the layers above need of it."""

    outputs: NetworkOutputs

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Network,
        endpoints: Iterable[str] | None = None,
        kubernetes: bool = False,
    ) -> None:
        """`endpoints` are the interface endpoints; without it those that `spec` names.
        `kubernetes` marks the subnets for the load balancers of clusters."""
        super().__init__(scope, id)
        self._context = context
        self._spec = spec
        self._kubernetes = kubernetes
        self._endpoints = sorted(set(spec.interface_endpoints if endpoints is None else endpoints))
        self._zones = spec.zones(context.region)
        vpc = Vpc(
            self,
            "vpc",
            cidr_block=spec.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": context.name("vpc")},
            lifecycle=lifecycle(context),
        )
        self._vpc_id = vpc.id
        DefaultSecurityGroup(self, "closed", vpc_id=vpc.id)
        private = self._subnets("private", spec.private_cidrs())
        public = self._public(spec.public_cidrs())
        tables = self._private_routes(private, public)
        self._gateway_endpoints(tables)
        self._interface_endpoints(private)
        if spec.flow_logs is not None:
            self._flow_logs(spec.flow_logs)
        s3 = DataAwsPrefixList(self, "s3", name=f"com.amazonaws.{context.region}.s3")
        self.outputs = NetworkOutputs(
            vpc_id=vpc.id,
            vpc_cidr=spec.cidr,
            private_subnet_ids=[subnet.id for subnet in private],
            public_subnet_ids=[subnet.id for subnet in public],
            s3_prefix_list_id=s3.id,
        )
        override(spec, self)

    def _subnets(self, kind: str, cidrs: list[str]) -> list[Subnet]:
        return [
            Subnet(
                self,
                f"{kind}-{zone[-1]}",
                vpc_id=self._vpc_id,
                cidr_block=cidr,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={
                    "Name": self._context.name(kind, zone[-1]),
                    **({_BALANCED[kind]: "1"} if self._kubernetes else {}),
                },
                lifecycle=lifecycle(self._context),
            )
            for zone, cidr in zip(self._zones, cidrs, strict=True)
        ]

    def _table(self, name: str) -> RouteTable:
        return RouteTable(
            self,
            f"{name}-routes",
            vpc_id=self._vpc_id,
            tags={"Name": self._context.name(name)},
        )

    def _public(self, cidrs: list[str]) -> list[Subnet]:
        if self._spec.nat == "none" and not self._spec.public_subnets:
            return []
        gateway = InternetGateway(
            self, "internet", vpc_id=self._vpc_id, tags={"Name": self._context.name("internet")}
        )
        self._internet = gateway
        subnets = self._subnets("public", cidrs)
        table = self._table("public")
        Route(
            self,
            "public-default",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
        )
        for zone, subnet in zip(self._zones, subnets, strict=True):
            RouteTableAssociation(
                self, f"public-{zone[-1]}-routes", subnet_id=subnet.id, route_table_id=table.id
            )
        return subnets

    def _private_routes(self, private: list[Subnet], public: list[Subnet]) -> list[RouteTable]:
        nats: list[NatGateway] = []
        if self._spec.nat != "none":
            wanted = public if self._spec.nat == "per_zone" else public[:1]
            nats = [
                self._nat(zone[-1], subnet)
                for zone, subnet in zip(self._zones, wanted, strict=False)
            ]
        tables = []
        for index, (zone, subnet) in enumerate(zip(self._zones, private, strict=True)):
            letter = zone[-1]
            table = self._table(f"private-{letter}")
            RouteTableAssociation(
                self, f"private-{letter}-association", subnet_id=subnet.id, route_table_id=table.id
            )
            if nats:
                Route(
                    self,
                    f"private-{letter}-default",
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=nats[min(index, len(nats) - 1)].id,
                )
            tables.append(table)
        return tables

    def _nat(self, letter: str, subnet: Subnet) -> NatGateway:
        name = self._context.name("nat", letter)
        # EC2 refuses a NAT gateway in a VPC without an internet gateway, and takes none away while
        # an address of the VPC is in use; no attribute says so.
        waits_for = [self._internet]
        address = Eip(
            self,
            f"nat-{letter}-address",
            domain="vpc",
            tags={"Name": name},
            depends_on=waits_for,
        )
        return NatGateway(
            self,
            f"nat-{letter}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags={"Name": name},
            depends_on=waits_for,
        )

    def _gateway_endpoints(self, tables: list[RouteTable]) -> None:
        for service in self._spec.gateway_endpoints:
            endpoint = VpcEndpoint(
                self,
                f"{service}-gateway",
                vpc_id=self._vpc_id,
                service_name=f"com.amazonaws.{self._context.region}.{service}",
                vpc_endpoint_type="Gateway",
                tags={"Name": self._context.name(service)},
            )
            for zone, table in zip(self._zones, tables, strict=True):
                VpcEndpointRouteTableAssociation(
                    self,
                    f"{service}-gateway-{zone[-1]}",
                    vpc_endpoint_id=endpoint.id,
                    route_table_id=table.id,
                )

    def _interface_endpoints(self, private: list[Subnet]) -> None:
        if not self._endpoints:
            return
        group = SecurityGroup(
            self,
            "endpoints",
            name=self._context.name(ENDPOINTS),
            description="HTTPS from the VPC to AWS services",
            vpc_id=self._vpc_id,
            tags={"Name": self._context.name(ENDPOINTS)},
        )
        VpcSecurityGroupIngressRule(
            self,
            "endpoints-https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=self._spec.cidr,
        )
        group_ids, subnet_ids = [group.id], [subnet.id for subnet in private]
        for service in self._endpoints:
            VpcEndpoint(
                self,
                f"{service.replace('.', '-')}-interface",
                vpc_id=self._vpc_id,
                service_name=f"com.amazonaws.{self._context.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=subnet_ids,
                security_group_ids=group_ids,
                tags={"Name": self._context.name(service.replace(".", "-"))},
            )

    def _flow_logs(self, spec: FlowLogs) -> None:
        context = self._context
        name = log_group(context, FLOW_LOG_GROUP)
        group = CloudwatchLogGroup(
            self, "flow-log-group", name=name, retention_in_days=spec.retention_days
        )
        role = IamRole(
            self,
            "flow-log-role",
            name=role_name(context, FLOW_LOGS),
            assume_role_policy=trust("vpc-flow-logs.amazonaws.com", context),
        )
        policy = IamRolePolicy(
            self,
            "flow-log-policy",
            name="write",
            role=role.id,
            policy=document(
                allow(
                    [
                        "logs:CreateLogStream",
                        "logs:DescribeLogGroups",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    [
                        context.arn("logs", f"log-group:{name}"),
                        context.arn("logs", f"log-group:{name}:*"),
                    ],
                )
            ),
        )
        FlowLog(
            self,
            "flow-log",
            vpc_id=self._vpc_id,
            traffic_type=spec.traffic,
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags={"Name": context.name(FLOW_LOGS)},
            depends_on=[policy],
        )
