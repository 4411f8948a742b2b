"""Rules of a security group that let HTTPS out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..cdk import Construct, ITerraformDependable
from ..layer import was
from ..names import short_hash
from ..outputs import NetworkOutputs

from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule


def allow_https(
    scope: Construct,
    prefix: str,
    *,
    security_group_id: str,
    network: NetworkOutputs | None = None,
    cidrs: Sequence[str] = (),
    anywhere: bool = False,
) -> list[ITerraformDependable]:
    """Let `security_group_id` send HTTPS to the VPC and S3 of `network`, to each of `cidrs`, or `anywhere`.

    The rules are named by `prefix` and where they lead to: `vpc`, `vpc-1`, `s3`, `anywhere`, or `egress`
    with a hash.
    Returns them, for what fails to start without: it refers to the group alone.
    """
    blocks = {} if network is None else network.cidrs_by("vpc")
    if anywhere:
        blocks["anywhere"] = "0.0.0.0/0"
    prefix_lists = {} if network is None else {"s3": network.s3_prefix_list_id}
    rules = [
        _rule(
            scope,
            f"{prefix}-{name}",
            security_group_id=security_group_id,
            description=f"HTTPS to {name}",
            cidr_ipv4=blocks.get(name),
            prefix_list_id=prefix_lists.get(name),
        )
        for name in sorted({*blocks, *prefix_lists})
    ]
    for index, cidr in enumerate(cidrs):
        made = _rule(
            scope,
            f"{prefix}-egress-{short_hash(cidr)}",
            security_group_id=security_group_id,
            description=f"HTTPS to {cidr}",
            cidr_ipv4=cidr,
        )
        was(made, f"{prefix}-egress-{index}")
        rules.append(made)
    return [*rules]


def _rule(scope: Construct, id: str, **given: Any) -> VpcSecurityGroupEgressRule:
    return VpcSecurityGroupEgressRule(
        scope, id, ip_protocol="tcp", from_port=443, to_port=443, **given
    )
