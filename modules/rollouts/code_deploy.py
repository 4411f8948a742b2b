"""What CodeDeploy moves callers with, whatever they call: its role, and how traffic shifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..cdk import Construct, TerraformResourceLifecycle
from ..content import Content
from ..context import Context
from ..iam.policy import Statement, document, trust
from ..names import role as role_name

from cdktf_cdktf_provider_aws.codedeploy_deployment_config import (
    CodedeployDeploymentConfig,
    CodedeployDeploymentConfigTrafficRoutingConfig,
    CodedeployDeploymentConfigTrafficRoutingConfigTimeBasedCanary,
    CodedeployDeploymentConfigTrafficRoutingConfigTimeBasedLinear,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy


def code_deploy_role(
    scope: Construct, context: Context, name: str, statements: Sequence[Statement]
) -> tuple[IamRole, IamRolePolicy]:
    """The role of a short name by which CodeDeploy moves callers, and what it may do."""
    role = IamRole(
        scope,
        "role",
        name=role_name(context, name),
        assume_role_policy=trust(f"codedeploy.{context.dns_suffix}", context),
    )
    policy = IamRolePolicy(
        scope, "policy", name="shift-traffic", role=role.id, policy=document(*statements)
    )
    return role, policy


def traffic_shift(scope: Construct, platform: str, name: str, content: Content) -> str:
    """A deployment configuration of one's own, and its name; `content` is what its name stands for."""
    routing: dict[str, Any] = content["traffic_routing_config"]
    canary, linear = routing["time_based_canary"], routing["time_based_linear"]
    made: str = CodedeployDeploymentConfig(
        scope,
        "shift",
        deployment_config_name=name,
        compute_platform=platform,
        traffic_routing_config=CodedeployDeploymentConfigTrafficRoutingConfig(
            type="TimeBasedCanary" if canary else "TimeBasedLinear",
            time_based_canary=CodedeployDeploymentConfigTrafficRoutingConfigTimeBasedCanary(
                **canary
            )
            if canary
            else None,
            time_based_linear=CodedeployDeploymentConfigTrafficRoutingConfigTimeBasedLinear(
                **linear
            )
            if linear
            else None,
        ),
        lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
    ).deployment_config_name
    return made
