"""The inputs of terraform-aws-modules/vpc 6.6.0, with its module vpc-endpoints."""

from __future__ import annotations

from .row import Option, added, always, at, like, never, no, overridden, refers, some, yes

SOURCE = "terraform-aws-modules/vpc"
_ALLOCATION = "eipalloc-0a1b2c3d4e5f67890"
_DATABASE = 'Network(tiers={"database": Tier(cidrs=["10.0.240.0/24", "10.0.241.0/24"])})'

OPTIONS: tuple[Option, ...] = (
    yes("cidr", 'Network(cidr="10.1.0.0/16")', at("aws_vpc", "cidr_block", "10.1.0.0/16")),
    yes(
        "secondary_cidr_blocks",
        'Network(addressing=Addressing(secondary_cidrs=["100.64.0.0/16"]))',
        at("aws_vpc_ipv4_cidr_block_association", "cidr_block", "100.64.0.0/16"),
    ),
    yes(
        "azs",
        'Network(zone_letters=["b", "c"])',
        at("aws_subnet", "availability_zone", "us-east-1c"),
    ),
    always("enable_dns_hostnames", "Network()", at("aws_vpc", "enable_dns_hostnames", True)),
    always("enable_dns_support", "Network()", at("aws_vpc", "enable_dns_support", True)),
    yes(
        "instance_tenancy",
        "Network(options=NetworkOptions(dedicated_hardware=True))",
        at("aws_vpc", "instance_tenancy", "dedicated"),
    ),
    yes(
        "enable_network_address_usage_metrics",
        "Network(options=NetworkOptions(usage_metrics=True))",
        at("aws_vpc", "enable_network_address_usage_metrics", True),
    ),
    yes(
        "ipv4_ipam_pool_id",
        'Network(addressing=Addressing(ipam_pool="ipam-pool-0a1b2c3d4e5f67890"))',
        at("aws_vpc", "ipv4_ipam_pool_id", "ipam-pool-0a1b2c3d4e5f67890"),
    ),
    no(
        "ipv4_netmask_length",
        "Subnets and rules follow from the range, so it is written: give `cidr` with the pool.",
        never("aws_vpc", "ipv4_netmask_length"),
    ),
    yes(
        "enable_ipv6",
        "Network(addressing=Addressing(ipv6=Ipv6()))",
        at("aws_vpc", "assign_generated_ipv6_cidr_block", True),
    ),
    yes(
        "ipv6_ipam_pool_id",
        'Network(addressing=Addressing(ipv6=Ipv6(ipam_pool="ipam-pool-0a1b2c3d4e5f67890")))',
        at("aws_vpc", "ipv6_ipam_pool_id", "ipam-pool-0a1b2c3d4e5f67890"),
        at("aws_vpc", "ipv6_netmask_length", 56),
    ),
    yes(
        "private_subnet_ipv6_prefixes",
        "Network(addressing=Addressing(ipv6=Ipv6()), tiers={"
        '"private": Tier(cidrs=["10.0.0.0/18", "10.0.64.0/18"], ipv6_offset=32)})',
        at("aws_subnet", "ipv6_cidr_block", like(r"\$\{cidrsubnet\(.*, 8, 33\)\}")),
    ),
    yes(
        "private_subnet_assign_ipv6_address_on_creation",
        "Network(addressing=Addressing(ipv6=Ipv6()))",
        at("aws_subnet", "assign_ipv6_address_on_creation", True),
    ),
    yes(
        "create_egress_only_igw",
        "Network(addressing=Addressing(ipv6=Ipv6(egress=True)))",
        some("aws_egress_only_internet_gateway", 1),
        beside="Network(addressing=Addressing(ipv6=Ipv6(egress=False)))",
    ),
    yes(
        "private_subnets",
        'Network(tiers={"private": Tier(cidrs=["10.0.1.0/24", "10.0.2.0/24"])})',
        at("aws_subnet", "cidr_block", "10.0.1.0/24"),
        at("aws_subnet", "cidr_block", "10.0.2.0/24"),
    ),
    yes(
        "public_subnets",
        'Network(tiers={"public": Tier(cidrs=["10.0.201.0/24", "10.0.202.0/24"])})',
        at("aws_subnet", "cidr_block", "10.0.201.0/24"),
        at("aws_subnet", "cidr_block", "10.0.202.0/24"),
    ),
    yes("database_subnets", _DATABASE, at("aws_subnet", "cidr_block", "10.0.240.0/24")),
    yes(
        "create_database_nat_gateway_route",
        "Network(tiers={"
        '"database": Tier(cidrs=["10.0.240.0/24", "10.0.241.0/24"], routes="private")})',
        some("aws_route_table", 3),
        beside=_DATABASE,
    ),
    yes(
        "create_database_internet_gateway_route",
        "Network(tiers={"
        '"database": Tier(cidrs=["10.0.240.0/24", "10.0.241.0/24"], routes="public")})',
        some("aws_route_table", 3),
        beside=_DATABASE,
    ),
    added(
        "create_database_subnet_group",
        _DATABASE,
        'DbSubnetGroup(built.network, "database", '
        'subnet_ids=built.network.network.subnet_ids["database"])',
        at("aws_db_subnet_group", "subnet_ids", refers("aws_subnet")),
    ),
    yes(
        "elasticache_subnets",
        'Network(tiers={"elasticache": Tier(cidrs=["10.0.241.0/24"], routes="private")})',
        at("aws_subnet", "cidr_block", "10.0.241.0/24"),
    ),
    yes(
        "redshift_subnets",
        'Network(tiers={"redshift": Tier(cidrs=["10.0.242.0/24"], routes="private")})',
        at("aws_subnet", "cidr_block", "10.0.242.0/24"),
    ),
    yes(
        "intra_subnets",
        'Network(tiers={"intra": Tier(cidrs=["10.0.243.0/24"])})',
        at("aws_subnet", "cidr_block", "10.0.243.0/24"),
        some("aws_route_table", 4),
    ),
    no(
        "outpost_subnets",
        "Neither SageMaker endpoints nor Fargate run on an Outpost.",
        never("aws_subnet", "outpost_arn"),
    ),
    yes(
        "private_subnet_names",
        'Network(tiers={"private": Tier(cidrs=["10.0.0.0/18", "10.0.64.0/18"], '
        'names=["one", "two"])})',
        at("aws_subnet", "tags.Name", "one"),
        at("aws_subnet", "tags.Name", "two"),
    ),
    yes(
        "private_subnet_tags",
        'Network(tiers={"private": Tier(cidrs=["10.0.0.0/18", "10.0.64.0/18"], '
        'tags={"karpenter.sh/discovery": "acme"})})',
        at("aws_subnet", "tags.karpenter.sh/discovery", "acme"),
    ),
    yes(
        "public_subnet_tags",
        'Network(tiers={"public": Tier(cidrs=["10.0.192.0/20", "10.0.208.0/20"], '
        'tags={"kubernetes.io/role/elb": "1"})})',
        at("aws_subnet", "tags.kubernetes.io/role/elb", "1"),
    ),
    yes(
        "map_public_ip_on_launch",
        'Network(tiers={"public": Tier(cidrs=["10.0.192.0/20", "10.0.208.0/20"], '
        "public_addresses=True)})",
        at("aws_subnet", "map_public_ip_on_launch", True),
    ),
    overridden(
        "private_subnet_private_dns_hostname_type_on_launch",
        'Network(overrides={"private-?": {"private_dns_hostname_type_on_launch": "resource-name"}})',
        at("aws_subnet", "private_dns_hostname_type_on_launch", "resource-name"),
    ),
    yes(
        "enable_nat_gateway",
        'Network(nat="single")',
        some("aws_nat_gateway", 1),
        at("aws_route", "nat_gateway_id", refers("aws_nat_gateway")),
        beside='Network(nat="none")',
    ),
    yes(
        "single_nat_gateway",
        'Network(nat="single")',
        some("aws_nat_gateway", 1),
        beside='Network(nat="per_zone")',
    ),
    yes("one_nat_gateway_per_az", 'Network(nat="per_zone")', some("aws_nat_gateway", 2)),
    yes(
        "external_nat_ip_ids",
        f'Network(addressing=Addressing(nat_addresses=["{_ALLOCATION}"]))',
        at("aws_nat_gateway", "allocation_id", _ALLOCATION),
        some("aws_eip", 0),
    ),
    no(
        "nat_gateway_destination_cidr_block",
        "Private subnets reach everything through NAT, or nothing: `nat`.",
    ),
    yes(
        "create_igw",
        'Network(nat="none", public_subnets=True)',
        some("aws_internet_gateway", 1),
        beside='Network(nat="none")',
    ),
    added(
        "enable_vpn_gateway",
        "Network()",
        'VpnGateway(built.network, "vpn", vpc_id=built.network.outputs.vpc_id)',
        at("aws_vpn_gateway", "vpc_id", refers("aws_vpc")),
    ),
    added(
        "customer_gateways",
        "Network()",
        'CustomerGateway(built.network, "office", type="ipsec.1", bgp_asn="65000", '
        'ip_address="203.0.113.7")',
        at("aws_customer_gateway", "ip_address", "203.0.113.7"),
    ),
    yes(
        "enable_dhcp_options, dhcp_options_domain_name",
        'Network(options=NetworkOptions(dhcp=Dhcp(domain_name="acme.internal")))',
        at("aws_vpc_dhcp_options", "domain_name", "acme.internal"),
        at("aws_vpc_dhcp_options", "domain_name_servers", ["AmazonProvidedDNS"]),
        at("aws_vpc_dhcp_options_association", "dhcp_options_id", refers("aws_vpc_dhcp_options")),
    ),
    yes(
        "dhcp_options_domain_name_servers",
        'Network(options=NetworkOptions(dhcp=Dhcp(name_servers=["AmazonProvidedDNS", "10.0.0.9"])))',
        at(
            "aws_vpc_dhcp_options",
            "domain_name_servers",
            ["AmazonProvidedDNS", "10.0.0.9"],
        ),
    ),
    yes(
        "dhcp_options_ntp_servers",
        'Network(options=NetworkOptions(dhcp=Dhcp(ntp_servers=["10.0.0.10"])))',
        at("aws_vpc_dhcp_options", "ntp_servers", ["10.0.0.10"]),
    ),
    no(
        "private_dedicated_network_acl",
        "Security groups guard everything that Inferform makes.",
        never("aws_network_acl"),
    ),
    always(
        "manage_default_security_group",
        "Network()",
        some("aws_default_security_group", 1),
    ),
    no(
        "manage_default_network_acl",
        "The default ACL of the VPC is left as AWS makes it.",
        never("aws_default_network_acl"),
    ),
    no(
        "manage_default_route_table",
        "No subnet uses it: each tier has tables of its own.",
        never("aws_default_route_table"),
    ),
    added(
        "vpc_block_public_access_options",
        "Network()",
        'VpcBlockPublicAccessOptions(built.network, "block", '
        'internet_gateway_block_mode="block-bidirectional")',
        at(
            "aws_vpc_block_public_access_options",
            "internet_gateway_block_mode",
            "block-bidirectional",
        ),
    ),
    yes(
        "enable_flow_log",
        "Network(flow_logs=FlowLogs())",
        some("aws_flow_log", 1),
        beside="Network(flow_logs=None)",
    ),
    yes(
        "flow_log_cloudwatch_log_group_retention_in_days",
        "Network(flow_logs=FlowLogs(retention_days=90))",
        at("aws_cloudwatch_log_group", "retention_in_days", 90),
    ),
    yes(
        "flow_log_traffic_type",
        'Network(flow_logs=FlowLogs(traffic="REJECT"))',
        at("aws_flow_log", "traffic_type", "REJECT"),
    ),
    yes(
        "flow_log_max_aggregation_interval",
        "Network(flow_logs=FlowLogs(interval_seconds=600))",
        at("aws_flow_log", "max_aggregation_interval", 600),
    ),
    yes(
        "flow_log_destination_arn",
        'Network(flow_logs=FlowLogs(bucket=LogBucket(name="acme-flow-logs")))',
        at("aws_flow_log", "log_destination_type", "s3"),
        at("aws_flow_log", "log_destination", "arn:aws:s3:::acme-flow-logs"),
    ),
    yes(
        "flow_log_file_format",
        'Network(flow_logs=FlowLogs(bucket=LogBucket(name="acme-flow-logs", '
        'file_format="parquet")))',
        at("aws_flow_log", "destination_options.file_format", "parquet"),
    ),
    yes(
        "flow_log_hive_compatible_partitions",
        'Network(flow_logs=FlowLogs(bucket=LogBucket(name="acme-flow-logs", hive_partitions=True)))',
        at("aws_flow_log", "destination_options.hive_compatible_partitions", True),
    ),
    yes(
        "flow_log_per_hour_partition",
        'Network(flow_logs=FlowLogs(bucket=LogBucket(name="acme-flow-logs", hourly=True)))',
        at("aws_flow_log", "destination_options.per_hour_partition", True),
    ),
    yes(
        "flow_log_log_format",
        'Network(flow_logs=FlowLogs(fields=["srcaddr", "pkt-srcaddr"]))',
        at("aws_flow_log", "log_format", "$${srcaddr} $${pkt-srcaddr}"),
    ),
    yes(
        "flow_log_cloudwatch_log_group_kms_key_id",
        "Network(flow_logs=FlowLogs(kms_key=KEY))",
        at("aws_cloudwatch_log_group", "kms_key_id", like(r"arn:aws:kms:.+")),
    ),
    overridden(
        "igw_tags",
        'Network(overrides={"internet": {"tags.role": "edge"}})',
        at("aws_internet_gateway", "tags.role", "edge"),
    ),
    yes(
        "vpc_flow_log_permissions_boundary",
        'Context(permissions_boundary="acme-boundary")',
        at(
            "aws_iam_role",
            "permissions_boundary",
            "arn:aws:iam::111122223333:policy/acme-boundary",
        ),
    ),
    no(
        "manage_default_vpc",
        "The account's default VPC is left alone.",
        never("aws_default_vpc"),
    ),
    no(
        "private_subnet_enable_dns64",
        "Private subnets have IPv4 too.",
        never("aws_subnet", "enable_dns64"),
    ),
    no(
        "private_subnet_ipv6_native",
        "SageMaker and ECS tasks have addresses of IPv4.",
        never("aws_subnet", "ipv6_native"),
    ),
    no(
        "propagate_private_route_tables_vgw",
        "VPN gateways are your own resources.",
        never("aws_route_table", "propagating_vgws"),
    ),
    yes("tags", 'Network(tags={"cost-center": "42"})', at("aws_vpc", "tags.cost-center", "42")),
    yes(
        "endpoints: s3 (gateway)",
        'Network(gateway_endpoints=["s3"])',
        at("aws_vpc_endpoint", "service_name", "com.amazonaws.us-east-1.s3"),
        at("aws_vpc_endpoint", "vpc_endpoint_type", "Gateway"),
        beside="Network(gateway_endpoints=[])",
    ),
    yes(
        "endpoints: ecr.dkr (interface)",
        'Network(interface_endpoints=["ecr.dkr"])',
        at("aws_vpc_endpoint", "service_name", "com.amazonaws.us-east-1.ecr.dkr"),
        at("aws_vpc_endpoint", "private_dns_enabled", True),
        at("aws_vpc_endpoint", "subnet_ids", refers("aws_subnet")),
    ),
    yes(
        "endpoints: policy",
        'Network(endpoint_policies={"s3": [PolicyStatement(actions=["s3:GetObject"])]})',
        at("aws_vpc_endpoint", "policy.Statement.0.Action", ["s3:GetObject"]),
    ),
    yes(
        "security_group_rules",
        'Network(interface_endpoints=["kms"], '
        'addressing=Addressing(secondary_cidrs=["100.64.0.0/16"]))',
        at("aws_vpc_security_group_ingress_rule", "cidr_ipv4", "100.64.0.0/16"),
    ),
    yes(
        "VPC peering (AWS: CreateRoute)",
        'Network(links={"data": Peering(id="pcx-0a1b2c3d4e5f67890", '
        'destinations=["10.128.0.0/16"])})',
        at("aws_route", "vpc_peering_connection_id", "pcx-0a1b2c3d4e5f67890"),
        at("aws_route", "destination_cidr_block", "10.128.0.0/16"),
    ),
    yes(
        "transit gateway (AWS: CreateTransitGatewayVpcAttachment)",
        'Network(links={"hub": TransitGateway(id="tgw-0a1b2c3d4e5f67890", '
        'destinations=["10.0.0.0/8"])})',
        at(
            "aws_ec2_transit_gateway_vpc_attachment",
            "transit_gateway_id",
            "tgw-0a1b2c3d4e5f67890",
        ),
        at("aws_route", "destination_cidr_block", "10.0.0.0/8"),
    ),
)
