"""A web ACL of AWS's managed rule groups."""

from __future__ import annotations

from typing import Any

from ..cdk import Construct
from .rest import Firewall

from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclVisibilityConfig,
)

_LARGE_BODIES = "SizeRestrictions_BODY"
"""The rule of the common group that blocks bodies above 8 KB, which models take."""


def web_acl(scope: Construct, id: str, *, name: str, spec: Firewall) -> str:
    """Make a web ACL that lets through what its rules do not block, and return its ARN."""
    made = Wafv2WebAcl(
        scope,
        id,
        name=name,
        scope="REGIONAL",
        default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
        visibility_config=Wafv2WebAclVisibilityConfig(**_seen(name)),
    )
    rules = [_group(index, group) for index, group in enumerate(spec.groups)]
    if spec.requests_per_5_minutes is not None:
        rules.append(_rate(len(rules), spec.requests_per_5_minutes))
    # The bindings have a class for each way in which statements can be nested.
    made.add_override("rule", rules)
    return made.arn


def _seen(name: str) -> dict[str, Any]:
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": name,
        "sampled_requests_enabled": True,
    }


def _group(priority: int, group: str) -> dict[str, Any]:
    statement: dict[str, Any] = {"name": group, "vendor_name": "AWS"}
    if group == "AWSManagedRulesCommonRuleSet":
        statement["rule_action_override"] = [
            {"name": _LARGE_BODIES, "action_to_use": {"count": {}}}
        ]
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {"managed_rule_group_statement": statement},
        "visibility_config": _seen(group),
    }


def _rate(priority: int, limit: int) -> dict[str, Any]:
    return {
        "name": "rate",
        "priority": priority,
        "action": {"block": {}},
        "statement": {"rate_based_statement": {"limit": limit, "aggregate_key_type": "IP"}},
        "visibility_config": _seen("rate"),
    }
