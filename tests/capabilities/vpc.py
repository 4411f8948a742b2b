"""The network."""

from __future__ import annotations

from inferform import (
    Addressing,
    Dhcp,
    Environment,
    FlowLogs,
    Ipv6,
    LogBucket,
    Network,
    NetworkOptions,
    Peering,
    PolicyStatement,
    Tier,
    TransitGateway,
)

from .record import ACCOUNT, DEV, FLAG, OWN_CHOICE, PART_OF_A_NAME, PART_OF_A_POLICY, Capability

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def shaped() -> Environment:
    """A network with every option, which no README has as a whole."""
    return Environment(
        context=DEV.replace(stage="shaped"),
        network=Network(
            cidr="10.64.0.0/16",
            availability_zones=4,
            tiers={
                "private": Tier(
                    cidrs=[f"10.64.{block}.0/22" for block in (0, 4, 8, 12)],
                    names=["Private One"],
                    tags={"karpenter.sh/discovery": "shared"},
                ),
                "public": Tier(cidrs=[f"10.64.{block}.0/24" for block in (16, 17, 18, 19)]),
                "database": Tier(
                    cidrs=["10.64.20.0/24", "10.64.21.0/24"], routes="private", ipv6_offset=32
                ),
                "intra": Tier(cidrs=["100.64.0.0/24", "100.64.1.0/24"]),
                "edge": Tier(cidrs=["10.64.22.0/28"], routes="public"),
            },
            addressing=Addressing(
                secondary_cidrs=["100.64.0.0/16"],
                ipam_pool="ipam-pool-0a1b2c3d4e5f67890",
                ipv6=Ipv6(),
                nat_addresses=["eipalloc-0a1b2c3d4e5f67890"],
            ),
            links={
                "hub": TransitGateway(
                    id="tgw-0a1b2c3d4e5f67890",
                    destinations=["10.0.0.0/10", "172.16.0.0/12"],
                    default_routing=False,
                    appliance_mode=True,
                ),
                "data": Peering(
                    id="pcx-0a1b2c3d4e5f67890",
                    destinations=["10.128.0.0/16"],
                    tiers=["private", "public"],
                ),
            },
            interface_endpoints=["ecr.api", "rds", "aws.sagemaker.us-east-1.studio"],
            endpoint_policies={
                "s3": [
                    PolicyStatement(
                        actions=["s3:*"],
                        conditions={"StringEquals": {"aws:ResourceOrgID": ["o-a1b2c3d4e5"]}},
                    )
                ],
                "rds": [
                    PolicyStatement(
                        sid="OwnVpc",
                        effect="Deny",
                        actions=["*"],
                        conditions={"StringNotEquals": {"aws:PrincipalAccount": ["111122223333"]}},
                    )
                ],
            },
            flow_logs=FlowLogs(
                bucket=LogBucket(name="acme-flow-logs", prefix="vpc/", file_format="parquet"),
                interval_seconds=600,
                fields=["srcaddr", "dstaddr", "pkt-srcaddr"],
            ),
        ),
    )


def pooled() -> Environment:
    """IPv6 from a pool of IPAM, a firewall in another VPC on the way out."""
    return Environment(
        context=DEV.replace(stage="pooled"),
        network=Network(
            cidr="10.65.0.0/16",
            nat="none",
            addressing=Addressing(ipv6=Ipv6(ipam_pool="ipam-pool-0a1b2c3d4e5f67890")),
            links={"out": TransitGateway(id="tgw-0a1b2c3d", destinations=["0.0.0.0/0"])},
            flow_logs=FlowLogs(fields=["srcaddr", "action"], kms_key=KEY),
            options=NetworkOptions(
                dhcp=Dhcp(
                    domain_name="acme.internal",
                    name_servers=["AmazonProvidedDNS", "10.65.0.9"],
                    ntp_servers=["10.65.0.10"],
                ),
                dedicated_hardware=True,
                usage_metrics=True,
            ),
        ),
    )


CAPABILITY = Capability(
    environments={"shaped": shaped, "pooled": pooled},
    not_aws={
        PART_OF_A_NAME: (
            "FlowLogs.fields[]",
            "LogBucket.name",
            "LogBucket.prefix",
            "Network.endpoint_policies{key}",
            "Network.gateway_endpoints[]",
            "Network.interface_endpoints[]",
            "Network.zone_letters[]",
        ),
        OWN_CHOICE: ("Network.availability_zones", "Network.nat", "Tier.routes"),
        PART_OF_A_POLICY: (
            "PolicyStatement.actions[]",
            "PolicyStatement.conditions{key}",
            "PolicyStatement.conditions{}{key}",
            "PolicyStatement.conditions{}{}[]",
            "PolicyStatement.effect",
            "PolicyStatement.principals{key}",
            "PolicyStatement.principals{}[]",
            "PolicyStatement.resources[]",
            "PolicyStatement.sid",
        ),
        "a reference to what exists, which another request has": ("FlowLogs.kms_key",),
        "the number of a /64, which Terraform calculates": ("Tier.ipv6_offset",),
    },
    good={
        "VPC30": ("10.65.0.9",),
        "VPC14": tuple(
            f"{kind}-0a1b2c3d4e5f67890" for kind in ("eipalloc", "ipam-pool", "pcx", "tgw")
        ),
    },
    requests={
        "aws_default_security_group": "ec2:SecurityGroup",
        "aws_ec2_transit_gateway_vpc_attachment": (
            "ec2:CreateTransitGatewayVpcAttachment "
            "ec2:CreateTransitGatewayVpcAttachmentRequestOptions"
        ),
        "aws_egress_only_internet_gateway": "ec2:CreateEgressOnlyInternetGateway",
        "aws_eip": "ec2:AllocateAddress",
        "aws_flow_log": "ec2:CreateFlowLogs",
        "aws_internet_gateway": "ec2:AttachInternetGateway",
        "aws_nat_gateway": "ec2:CreateNatGateway",
        "aws_route": "ec2:CreateRoute",
        "aws_route_table": "ec2:CreateRouteTable",
        "aws_route_table_association": "ec2:AssociateRouteTable",
        "aws_security_group": "ec2:CreateSecurityGroup",
        "aws_subnet": "ec2:CreateSubnet",
        "aws_vpc": "ec2:CreateVpc",
        "aws_vpc_dhcp_options": "ec2:CreateDhcpOptions",
        "aws_vpc_dhcp_options_association": "ec2:AssociateDhcpOptions",
        "aws_vpc_endpoint": "ec2:CreateVpcEndpoint",
        "aws_vpc_endpoint_route_table_association": "ec2:ModifyVpcEndpoint",
        "aws_vpc_ipv4_cidr_block_association": "ec2:AssociateVpcCidrBlock",
        "aws_vpc_security_group_egress_rule": "ec2:AuthorizeSecurityGroupEgress ec2:IpRange",
        "aws_vpc_security_group_ingress_rule": "ec2:AuthorizeSecurityGroupIngress ec2:IpRange",
    },
    data_sources={"aws_prefix_list": "ec2:DescribePrefixLists"},
    elsewhere={
        "aws_route.egress_only_gateway_id": ("ec2:CreateRouteRequest.EgressOnlyInternetGatewayId"),
        "aws_vpc_dhcp_options.domain_name": "ec2:NewDhcpConfiguration.Values",
        "aws_vpc_dhcp_options.domain_name_servers": "ec2:NewDhcpConfiguration.Values",
        "aws_vpc_dhcp_options.ntp_servers": "ec2:NewDhcpConfiguration.Values",
        "aws_flow_log.iam_role_arn": "ec2:CreateFlowLogsRequest.DeliverLogsPermissionArn",
        "aws_flow_log.vpc_id": "ec2:CreateFlowLogsRequest.ResourceIds",
        "aws_vpc_endpoint_route_table_association.route_table_id": (
            "ec2:ModifyVpcEndpointRequest.AddRouteTableIds"
        ),
        "aws_vpc_security_group_egress_rule.cidr_ipv4": "ec2:IpRange.CidrIp",
        "aws_vpc_security_group_egress_rule.prefix_list_id": "ec2:PrefixListId.PrefixListId",
        "aws_vpc_security_group_egress_rule.referenced_security_group_id": "ec2:UserIdGroupPair.GroupId",
        "aws_vpc_security_group_egress_rule.security_group_id": (
            "ec2:AuthorizeSecurityGroupEgressRequest.GroupId"
        ),
        "aws_vpc_security_group_ingress_rule.cidr_ipv4": "ec2:IpRange.CidrIp",
        "aws_vpc_security_group_ingress_rule.referenced_security_group_id": "ec2:UserIdGroupPair.GroupId",
        "aws_vpc_security_group_ingress_rule.security_group_id": (
            "ec2:AuthorizeSecurityGroupIngressRequest.GroupId"
        ),
    },
    own={
        "what the transit gateway does by itself": (
            "aws_ec2_transit_gateway_vpc_attachment.transit_gateway_default_route_table_association",
            "aws_ec2_transit_gateway_vpc_attachment.transit_gateway_default_route_table_propagation",
        ),
        FLAG: (
            "aws_flow_log.destination_options.hive_compatible_partitions",
            "aws_flow_log.destination_options.per_hour_partition",
            "aws_subnet.assign_ipv6_address_on_creation",
            "aws_vpc.assign_generated_ipv6_cidr_block",
            "aws_subnet.map_public_ip_on_launch",
            "aws_vpc.enable_dns_hostnames",
            "aws_vpc.enable_network_address_usage_metrics",
            "aws_vpc.enable_dns_support",
        ),
    },
    unencrypted={
        "aws_cloudwatch_log_group.network_flow-log-group_": "the network stands below the layer "
        "with the key; CloudWatch's own key encrypts the addresses in flow logs",
    },
    unnamed={
        "aws_vpc_endpoint.service_name": "AWS's name of the service",
        "aws_vpc_dhcp_options.domain_name": "the domain that hosts look names up in",
    },
    checkov={
        "*-network/aws_cloudwatch_log_group.network_flow-log-group_*": {
            "CKV_AWS_158": (
                "the network stands below the layer with the key; flow logs hold addresses and "
                "are encrypted by CloudWatch's own key"
            ),
        },
    },
)
