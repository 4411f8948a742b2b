"""The network."""

from __future__ import annotations

from .record import FLAG, OWN_CHOICE, PART_OF_A_NAME, Capability

CAPABILITY = Capability(
    not_aws={
        PART_OF_A_NAME: (
            "Network.gateway_endpoints[]",
            "Network.interface_endpoints[]",
            "Network.zone_letters[]",
        ),
        OWN_CHOICE: ("Network.availability_zones", "Network.nat"),
    },
    requests={
        "aws_default_security_group": "ec2:SecurityGroup",
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
        "aws_vpc_endpoint": "ec2:CreateVpcEndpoint",
        "aws_vpc_endpoint_route_table_association": "ec2:ModifyVpcEndpoint",
        "aws_vpc_security_group_egress_rule": "ec2:AuthorizeSecurityGroupEgress ec2:IpRange",
        "aws_vpc_security_group_ingress_rule": "ec2:AuthorizeSecurityGroupIngress ec2:IpRange",
    },
    data_sources={"aws_prefix_list": "ec2:DescribePrefixLists"},
    elsewhere={
        "aws_flow_log.iam_role_arn": "ec2:CreateFlowLogsRequest.DeliverLogsPermissionArn",
        "aws_flow_log.vpc_id": "ec2:CreateFlowLogsRequest.ResourceIds",
        "aws_vpc_endpoint_route_table_association.route_table_id": (
            "ec2:ModifyVpcEndpointRequest.AddRouteTableIds"
        ),
        "aws_vpc_security_group_egress_rule.cidr_ipv4": "ec2:IpRange.CidrIp",
        "aws_vpc_security_group_egress_rule.prefix_list_id": "ec2:PrefixListId.PrefixListId",
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
        FLAG: (
            "aws_subnet.map_public_ip_on_launch",
            "aws_vpc.enable_dns_hostnames",
            "aws_vpc.enable_dns_support",
        ),
    },
    unencrypted={
        "aws_cloudwatch_log_group.network_flow-log-group_": "the network stands below the layer "
        "with the key; CloudWatch's own key encrypts the addresses in flow logs",
    },
    unnamed={
        "aws_vpc_endpoint.service_name": "AWS's name of the service",
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
