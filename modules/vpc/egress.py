"""Rules of a security group that let HTTPS out."""

from __future__ import annotations

from collections.abc import Mapping

from ..cdk import Construct, ITerraformDependable
from ..outputs import NetworkOutputs

from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule


def allow_https(
    scope: Construct,
    prefix: str,
    *,
    security_group_id: str,
    network: NetworkOutputs | None = None,
    cidrs: Mapping[str, str] | None = None,
) -> list[ITerraformDependable]:
    """Let `security_group_id` send HTTPS to the VPC and S3 of `network`, and to each of `cidrs`.

    The rules are named by `prefix` and where they lead to: `vpc`, `vpc-1`, `s3` or a key of `cidrs`.
    Returns them, for what fails to start without: it refers to the group alone.
    """
    blocks = dict(cidrs or {})
    if network is not None:
        blocks |= network.cidrs_by("vpc")
    prefix_lists = {} if network is None else {"s3": network.s3_prefix_list_id}
    return [
        VpcSecurityGroupEgressRule(
            scope,
            f"{prefix}-{name}",
            security_group_id=security_group_id,
            description=f"HTTPS to {name}",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=blocks.get(name),
            prefix_list_id=prefix_lists.get(name),
        )
        for name in sorted({*blocks, *prefix_lists})
    ]
