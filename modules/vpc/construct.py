"""A VPC with private and public subnets, NAT, VPC endpoints and flow logs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any

from ..cdk import Construct, Fn, ITerraformDependable, TerraformResourceLifecycle
from ..context import Context
from ..iam.policy import allow, document, trust
from ..names import log_group
from ..names import role as role_name
from ..outputs import NetworkOutputs
from ..overriding import override
from ..protect import lifecycle
from .flow_logs import FLOW_LOG_GROUP, FLOW_LOGS, FlowLogs, LogBucket
from .links import Peering, TransitGateway
from .options import Dhcp
from .spec import ENDPOINTS, Network, has_private_dns
from .spec import Subnet as Planned

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.data_aws_prefix_list import DataAwsPrefixList
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.ec2_transit_gateway_vpc_attachment import (
    Ec2TransitGatewayVpcAttachment,
)
from cdktf_cdktf_provider_aws.egress_only_internet_gateway import EgressOnlyInternetGateway
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.flow_log import FlowLog, FlowLogDestinationOptions
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
from cdktf_cdktf_provider_aws.vpc_dhcp_options import VpcDhcpOptions
from cdktf_cdktf_provider_aws.vpc_dhcp_options_association import VpcDhcpOptionsAssociation
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint, VpcEndpointDnsOptions
from cdktf_cdktf_provider_aws.vpc_endpoint_route_table_association import (
    VpcEndpointRouteTableAssociation,
)
from cdktf_cdktf_provider_aws.vpc_ipv4_cidr_block_association import (
    VpcIpv4CidrBlockAssociation,
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
        addressing = spec.addressing
        ipv6 = addressing.ipv6
        vpc = Vpc(
            self,
            "vpc",
            cidr_block=spec.cidr,
            ipv4_ipam_pool_id=addressing.ipam_pool,
            assign_generated_ipv6_cidr_block=True if ipv6 and not ipv6.ipam_pool else None,
            ipv6_ipam_pool_id=ipv6.ipam_pool if ipv6 else None,
            ipv6_netmask_length=56 if ipv6 and ipv6.ipam_pool else None,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            instance_tenancy="dedicated" if spec.options.dedicated_hardware else None,
            enable_network_address_usage_metrics=spec.options.usage_metrics or None,
            tags={"Name": context.name("vpc")},
            lifecycle=lifecycle(context),
        )
        self._vpc_id = vpc.id
        self._ipv6_range = vpc.ipv6_cidr_block if ipv6 else None
        DefaultSecurityGroup(self, "closed", vpc_id=vpc.id)
        if spec.options.dhcp is not None:
            self._dhcp(spec.options.dhcp)
        self._secondary = [
            VpcIpv4CidrBlockAssociation(
                self, f"range-{_as_id(cidr)}", vpc_id=vpc.id, cidr_block=cidr
            )
            for cidr in addressing.secondary_cidrs
        ]
        self._tables: dict[str, list[RouteTable]] = {}
        self._more = Construct(self, "tiers")
        made = [(planned, self._subnet(planned)) for planned in spec.subnets(context.region)]
        of_tier: dict[str, list[Subnet]] = {}
        for planned, subnet in made:
            of_tier.setdefault(planned.tier, []).append(subnet)
        public = of_tier.get("public", [])
        if any(planned.routes == "public" for planned, _ in made):
            self._public_routes([each for each in made if each[0].routes == "public"])
        self._private_routes([each for each in made if each[0].routes == "private"], public)
        for tier in of_tier:
            isolated = [e for e in made if e[0].tier == tier and e[0].routes == "isolated"]
            if isolated:
                self._isolated_routes(tier, isolated)
        self._links(of_tier)
        private = of_tier["private"]
        self._interface_endpoints(private, self._gateway_endpoints())
        if spec.flow_logs is not None:
            self._flow_logs(spec.flow_logs)
        s3 = DataAwsPrefixList(self, "s3", name=f"com.amazonaws.{context.region}.s3")
        self.subnet_ids = {tier: [each.id for each in subnets] for tier, subnets in of_tier.items()}
        """The ids of the subnets of each tier, in the order of the zones."""
        self.outputs = NetworkOutputs(
            vpc_id=vpc.id,
            vpc_cidr=spec.cidr,
            secondary_cidrs=spec.more_cidrs,
            private_subnet_ids=[subnet.id for subnet in private],
            public_subnet_ids=[subnet.id for subnet in public],
            s3_prefix_list_id=s3.id,
        )
        override(spec, self)

    def _place(self, tier: str) -> Construct:
        """Where what a tier has is made: names of own tiers are apart from all others."""
        return self if tier in _BALANCED else self._more

    def _subnet(self, planned: Planned) -> Subnet:
        context = self._context
        mark = _BALANCED.get(planned.tier) if self._kubernetes else None
        within = self._spec.network
        waits = (
            None
            if ipaddress.IPv4Network(planned.cidr).subnet_of(within)
            else list[ITerraformDependable](self._secondary)
        )
        ipv6 = (
            None
            if planned.ipv6 is None or self._ipv6_range is None
            else Fn.cidrsubnet(self._ipv6_range, 8, planned.ipv6)
        )
        return Subnet(
            self._place(planned.tier),
            f"{planned.tier}-{planned.letter}",
            vpc_id=self._vpc_id,
            cidr_block=planned.cidr,
            ipv6_cidr_block=ipv6,
            assign_ipv6_address_on_creation=True if ipv6 else None,
            availability_zone=planned.zone,
            map_public_ip_on_launch=planned.public_addresses,
            tags={
                "Name": planned.name or context.name(planned.tier, planned.letter),
                **({mark: "1"} if mark else {}),
                **planned.tags,
            },
            lifecycle=lifecycle(context),
            depends_on=waits,
        )

    def _dhcp(self, spec: Dhcp) -> None:
        options = VpcDhcpOptions(
            self,
            "dhcp",
            domain_name=spec.domain_name,
            domain_name_servers=list(spec.name_servers),
            ntp_servers=list(spec.ntp_servers) or None,
            tags={"Name": self._context.name("dhcp")},
            # A set cannot be changed, nor go while the VPC has it.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        VpcDhcpOptionsAssociation(
            self, "dhcp-association", vpc_id=self._vpc_id, dhcp_options_id=options.id
        )

    def _table(self, name: str, tier: str = "private") -> RouteTable:
        return RouteTable(
            self._place(tier),
            f"{name}-routes",
            vpc_id=self._vpc_id,
            tags={"Name": self._context.name(name)},
        )

    def _public_routes(self, subnets: list[tuple[Planned, Subnet]]) -> None:
        gateway = InternetGateway(
            self, "internet", vpc_id=self._vpc_id, tags={"Name": self._context.name("internet")}
        )
        self._internet = gateway
        table = self._table("public")
        self._tables["public"] = [table]
        Route(
            self,
            "public-default",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
        )
        if self._ipv6_range:
            Route(
                self,
                "public-default-ipv6",
                route_table_id=table.id,
                destination_ipv6_cidr_block="::/0",
                gateway_id=gateway.id,
            )
        for planned, subnet in subnets:
            RouteTableAssociation(
                self._place(planned.tier),
                f"{planned.tier}-{planned.letter}-routes",
                subnet_id=subnet.id,
                route_table_id=table.id,
            )

    def _private_routes(self, subnets: list[tuple[Planned, Subnet]], public: list[Subnet]) -> None:
        nats: list[NatGateway] = []
        if self._spec.nat != "none":
            wanted = public if self._spec.nat == "per_zone" else public[:1]
            given = dict(zip(self._zones, self._spec.addressing.nat_addresses, strict=False))
            nats = [
                self._nat(zone[-1], subnet, given.get(zone))
                for zone, subnet in zip(self._zones, wanted, strict=False)
            ]
        egress = self._ipv6_egress()
        tables: dict[str, RouteTable] = {}
        for index, zone in enumerate(self._zones):
            letter = zone[-1]
            table = tables[zone] = self._table(f"private-{letter}")
            if nats:
                Route(
                    self,
                    f"private-{letter}-default",
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=nats[min(index, len(nats) - 1)].id,
                )
            if egress is not None:
                Route(
                    self,
                    f"private-{letter}-default-ipv6",
                    route_table_id=table.id,
                    destination_ipv6_cidr_block="::/0",
                    egress_only_gateway_id=egress.id,
                )
        for planned, subnet in subnets:
            RouteTableAssociation(
                self._place(planned.tier),
                f"{planned.tier}-{planned.letter}-association",
                subnet_id=subnet.id,
                route_table_id=tables[planned.zone].id,
            )
        self._tables["private"] = [*tables.values()]

    def _isolated_routes(self, tier: str, subnets: list[tuple[Planned, Subnet]]) -> None:
        table = self._table(tier, tier)
        self._tables[tier] = [table]
        for planned, subnet in subnets:
            RouteTableAssociation(
                self._place(tier),
                f"{planned.tier}-{planned.letter}-association",
                subnet_id=subnet.id,
                route_table_id=table.id,
            )

    def _ipv6_egress(self) -> EgressOnlyInternetGateway | None:
        ipv6 = self._spec.addressing.ipv6
        if ipv6 is None or not ipv6.egress:
            return None
        return EgressOnlyInternetGateway(
            self,
            "egress",
            vpc_id=self._vpc_id,
            tags={"Name": self._context.name("egress")},
        )

    def _nat(self, letter: str, subnet: Subnet, allocation_id: str | None) -> NatGateway:
        name = self._context.name("nat", letter)
        # EC2 refuses a NAT gateway in a VPC without an internet gateway, and takes none away while
        # an address of the VPC is in use; no attribute says so.
        waits_for = [self._internet]
        if allocation_id is None:
            address = Eip(
                self,
                f"nat-{letter}-address",
                domain="vpc",
                tags={"Name": name},
                depends_on=waits_for,
            )
            allocation_id = address.id
        return NatGateway(
            self,
            f"nat-{letter}",
            allocation_id=allocation_id,
            subnet_id=subnet.id,
            tags={"Name": name},
            depends_on=waits_for,
        )

    def _links(self, of_tier: dict[str, list[Subnet]]) -> None:
        links = Construct(self, "links")
        for name, link in self._spec.links.items():
            scope = Construct(links, name)
            target: dict[str, Any] = {}
            if isinstance(link, TransitGateway):
                attachment = self._attachment(scope, name, link, of_tier[link.attached_in])
                target = {"transit_gateway_id": link.id, "depends_on": [attachment]}
            elif isinstance(link, Peering):
                target = {"vpc_peering_connection_id": link.id}
            for table in self._spec.tables(link):
                # Only the tables of private tiers are one for each zone.
                several = len(self._tables[table]) > 1
                for zone, each in zip(self._zones, self._tables[table], strict=False):
                    for cidr in link.destinations:
                        where = f"{table}-{zone[-1]}" if several else table
                        Route(
                            scope,
                            f"{where}-{_as_id(cidr)}",
                            route_table_id=each.id,
                            destination_cidr_block=cidr,
                            **target,
                        )

    def _attachment(
        self, scope: Construct, name: str, link: TransitGateway, subnets: list[Subnet]
    ) -> Ec2TransitGatewayVpcAttachment:
        return Ec2TransitGatewayVpcAttachment(
            scope,
            "attachment",
            transit_gateway_id=link.id,
            vpc_id=self._vpc_id,
            subnet_ids=[subnet.id for subnet in subnets],
            appliance_mode_support="enable" if link.appliance_mode else "disable",
            dns_support="enable" if link.dns_support else "disable",
            ipv6_support="enable" if self._ipv6_range else "disable",
            transit_gateway_default_route_table_association=link.default_routing,
            transit_gateway_default_route_table_propagation=link.default_routing,
            tags={"Name": self._context.name(name)},
        )

    def _service(self, service: str) -> str:
        """The whole name of a service with endpoints."""
        whole = service.startswith(("com.amazonaws.", "aws."))
        return service if whole else f"com.amazonaws.{self._context.region}.{service}"

    def _endpoint_policy(self, service: str) -> str | None:
        statements = self._spec.endpoint_policies.get(service)
        return document(*(each.document("*") for each in statements)) if statements else None

    def _gateway_endpoints(self) -> dict[str, VpcEndpoint]:
        made: dict[str, VpcEndpoint] = {}
        isolated = {
            tier: tables[0] for tier, tables in self._tables.items() if tier not in _BALANCED
        }
        for service in self._spec.gateway_endpoints:
            endpoint = made[service] = VpcEndpoint(
                self,
                f"{service}-gateway",
                vpc_id=self._vpc_id,
                service_name=f"com.amazonaws.{self._context.region}.{service}",
                vpc_endpoint_type="Gateway",
                policy=self._endpoint_policy(service),
                tags={"Name": self._context.name(service)},
            )
            for zone, table in zip(self._zones, self._tables["private"], strict=True):
                VpcEndpointRouteTableAssociation(
                    self,
                    f"{service}-gateway-{zone[-1]}",
                    vpc_endpoint_id=endpoint.id,
                    route_table_id=table.id,
                )
            for tier, table in isolated.items():
                VpcEndpointRouteTableAssociation(
                    self._more,
                    f"{service}-gateway-{tier}",
                    vpc_endpoint_id=endpoint.id,
                    route_table_id=table.id,
                )
        return made

    def _interface_endpoints(self, private: list[Subnet], gateways: dict[str, VpcEndpoint]) -> None:
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
        for cidr in self._spec.addressing.secondary_cidrs:
            VpcSecurityGroupIngressRule(
                self,
                f"endpoints-https-{_as_id(cidr)}",
                security_group_id=group.id,
                description="HTTPS from the VPC",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=cidr,
            )
        group_ids, subnet_ids = [group.id], [subnet.id for subnet in private]
        for service in self._endpoints:
            VpcEndpoint(
                self,
                f"{service.replace('.', '-')}-interface",
                vpc_id=self._vpc_id,
                service_name=self._service(service),
                vpc_endpoint_type="Interface",
                policy=self._endpoint_policy(service),
                private_dns_enabled=has_private_dns(service),
                subnet_ids=subnet_ids,
                security_group_ids=group_ids,
                dns_options=self._dns_options(service),
                # EC2 refuses private DNS for resolvers alone before there is a gateway endpoint.
                depends_on=[gateways[service]] if service in gateways else None,
                # A gateway endpoint of the same service has the plain name.
                tags={
                    "Name": self._context.name(
                        service.replace(".", "-"),
                        *(("interface",) if service in self._spec.gateway_endpoints else ()),
                    )
                },
            )

    def _dns_options(self, service: str) -> VpcEndpointDnsOptions | None:
        """Private DNS for all of the VPC, where EC2's default is for inbound resolver endpoints
        alone and needs a gateway endpoint that is not there."""
        if service != "s3" or service in self._spec.gateway_endpoints:
            return None
        return VpcEndpointDnsOptions(private_dns_only_for_inbound_resolver_endpoint=False)

    def _flow_logs(self, spec: FlowLogs) -> None:
        context = self._context
        if spec.bucket is not None:
            self._flow_logs_to(spec, spec.bucket)
            return
        name = log_group(context, FLOW_LOG_GROUP)
        group = CloudwatchLogGroup(
            self,
            "flow-log-group",
            name=name,
            retention_in_days=spec.retention_days,
            kms_key_id=spec.kms_key,
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
            max_aggregation_interval=spec.interval_seconds,
            log_format=_log_format(spec),
            tags={"Name": context.name(FLOW_LOGS)},
            depends_on=[policy],
        )

    def _flow_logs_to(self, spec: FlowLogs, bucket: LogBucket) -> None:
        context = self._context
        folder = f"/{bucket.prefix}" if bucket.prefix else ""
        FlowLog(
            self,
            "flow-log",
            vpc_id=self._vpc_id,
            traffic_type=spec.traffic,
            log_destination=f"arn:{context.partition}:s3:::{bucket.name}{folder}",
            log_destination_type="s3",
            destination_options=FlowLogDestinationOptions(
                file_format=bucket.file_format,
                hive_compatible_partitions=bucket.hive_partitions,
                per_hour_partition=bucket.hourly,
            ),
            max_aggregation_interval=spec.interval_seconds,
            log_format=_log_format(spec),
            tags={"Name": context.name(FLOW_LOGS)},
        )


def _log_format(spec: FlowLogs) -> str | None:
    """The fields as EC2 reads them. Terraform reads $${ as ${."""
    return " ".join(f"$${{{field}}}" for field in spec.fields) or None


def _as_id(cidr: str) -> str:
    """A range as a part of an id: ids have no slashes."""
    return re.sub(r"[./]", "-", cidr)
