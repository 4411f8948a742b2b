"""How CodeDeploy moves callers of a function to its new version."""

from __future__ import annotations

from ..cdk import Construct, TerraformResourceLifecycle
from ..content import Content
from ..context import Context
from ..iam.policy import allow, document, trust
from ..names import role as role_name
from ..rollouts.spec import Canary, Linear
from .names import shift_configuration, shift_content, shift_name, shift_role

from cdktf_cdktf_provider_aws.codedeploy_app import CodedeployApp
from cdktf_cdktf_provider_aws.codedeploy_deployment_config import (
    CodedeployDeploymentConfig,
    CodedeployDeploymentConfigTrafficRoutingConfig,
    CodedeployDeploymentConfigTrafficRoutingConfigTimeBasedCanary,
    CodedeployDeploymentConfigTrafficRoutingConfigTimeBasedLinear,
)
from cdktf_cdktf_provider_aws.codedeploy_deployment_group import (
    CodedeployDeploymentGroup,
    CodedeployDeploymentGroupAlarmConfiguration,
    CodedeployDeploymentGroupAutoRollbackConfiguration,
    CodedeployDeploymentGroupDeploymentStyle,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy


class AliasShift(Construct):
    """CodeDeploy's application, group and traffic shift for one function."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        spec: Canary | Linear,
        alias_arn: str,
        alarms: list[str],
        overrides: Content | None = None,
    ) -> None:
        """`overrides` are those of the deployment configuration, which its name stands for too.
        Default: none."""
        super().__init__(scope, id)
        self.name = shift_name(context, name)
        role = IamRole(
            self,
            "role",
            name=role_name(context, shift_role(name)),
            assume_role_policy=trust(f"codedeploy.{context.dns_suffix}", context),
        )
        function_arn = alias_arn.rpartition(":")[0]
        policy = IamRolePolicy(
            self,
            "policy",
            name="shift-traffic",
            role=role.id,
            policy=document(
                allow(
                    [
                        "lambda:GetAlias",
                        "lambda:GetProvisionedConcurrencyConfig",
                        "lambda:UpdateAlias",
                    ],
                    [function_arn, f"{function_arn}:*"],
                    sid="MoveAlias",
                ),
                # Composite alarms are shown only to those who may describe all alarms.
                allow("cloudwatch:DescribeAlarms", "*", sid="SeeAlarms"),
            ),
        )
        app = CodedeployApp(self, "application", name=self.name, compute_platform="Lambda")
        content = shift_content(spec)["traffic_routing_config"]
        canary, linear = content["time_based_canary"], content["time_based_linear"]
        configuration = CodedeployDeploymentConfig(
            self,
            "shift",
            deployment_config_name=shift_configuration(context, name, spec, overrides),
            compute_platform="Lambda",
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
        )
        CodedeployDeploymentGroup(
            self,
            "group",
            app_name=app.name,
            deployment_group_name=self.name,
            deployment_config_name=configuration.deployment_config_name,
            service_role_arn=role.arn,
            deployment_style=CodedeployDeploymentGroupDeploymentStyle(
                deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
            ),
            auto_rollback_configuration=CodedeployDeploymentGroupAutoRollbackConfiguration(
                enabled=True,
                events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
                if alarms
                else ["DEPLOYMENT_FAILURE"],
            ),
            alarm_configuration=CodedeployDeploymentGroupAlarmConfiguration(
                enabled=bool(alarms), alarms=alarms
            )
            if alarms
            else None,
            depends_on=[policy],
        )
