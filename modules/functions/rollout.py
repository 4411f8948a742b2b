"""How CodeDeploy moves callers of a function to its new version."""

from __future__ import annotations

from ..cdk import Construct
from ..content import Content
from ..context import Context
from ..iam.policy import allow
from ..rollouts.code_deploy import code_deploy_role, traffic_shift
from ..rollouts.spec import Canary, Linear
from .names import shift_configuration, shift_content, shift_name, shift_role

from cdktf_cdktf_provider_aws.codedeploy_app import CodedeployApp
from cdktf_cdktf_provider_aws.codedeploy_deployment_group import (
    CodedeployDeploymentGroup,
    CodedeployDeploymentGroupAlarmConfiguration,
    CodedeployDeploymentGroupAutoRollbackConfiguration,
    CodedeployDeploymentGroupDeploymentStyle,
)


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
        function_arn = alias_arn.rpartition(":")[0]
        role, policy = code_deploy_role(
            self,
            context,
            shift_role(name),
            [
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
            ],
        )
        app = CodedeployApp(self, "application", name=self.name, compute_platform="Lambda")
        CodedeployDeploymentGroup(
            self,
            "group",
            app_name=app.name,
            deployment_group_name=self.name,
            deployment_config_name=traffic_shift(
                self,
                "Lambda",
                shift_configuration(context, name, spec, overrides),
                shift_content(spec),
            ),
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
