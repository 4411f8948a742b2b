"""Blue/green rollouts of ECS services: by CodeDeploy, or by ECS itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..alb.construct import Backend
from ..cdk import Construct, ITerraformDependable
from ..content import Content
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..rollouts.code_deploy import code_deploy_role, traffic_shift
from ..rollouts.spec import BlueGreen, Canary, Linear
from .deployment import LifecycleHook
from .guardrails import CODE_DEPLOY, ECS
from .names import (
    code_deploy_configuration,
    code_deploy_name,
    deployment_content,
    error_alarm,
    service_role,
)
from .names import code_deploy_role as code_deploy_role_name

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.codedeploy_app import CodedeployApp
from cdktf_cdktf_provider_aws.codedeploy_deployment_group import (
    CodedeployDeploymentGroup,
    CodedeployDeploymentGroupAlarmConfiguration,
    CodedeployDeploymentGroupAutoRollbackConfiguration,
    CodedeployDeploymentGroupBlueGreenDeploymentConfig,
    CodedeployDeploymentGroupBlueGreenDeploymentConfigDeploymentReadyOption,
    CodedeployDeploymentGroupBlueGreenDeploymentConfigTerminateBlueInstancesOnDeploymentSuccess,
    CodedeployDeploymentGroupDeploymentStyle,
    CodedeployDeploymentGroupEcsService,
    CodedeployDeploymentGroupLoadBalancerInfo,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfo,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoProdTrafficRoute,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroup,
    CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTestTrafficRoute,
)
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsServiceDeploymentConfiguration,
    EcsServiceDeploymentConfigurationCanaryConfiguration,
    EcsServiceDeploymentConfigurationLifecycleHook,
    EcsServiceDeploymentConfigurationLinearConfiguration,
    EcsServiceLoadBalancerAdvancedConfiguration,
)


def error_alarms(
    scope: Construct,
    context: Context,
    name: str,
    maximum: int,
    *,
    load_balancer: str,
    groups: Mapping[str, str],
    alarm_topics: Sequence[str] = (),
    ok_topics: Sequence[str] = (),
) -> list[str]:
    """Create one 5xx alarm per target group, with its topics, and return the alarm names."""
    names = []
    for color, group in groups.items():
        alarm = CloudwatchMetricAlarm(
            scope,
            f"errors-{color}",
            alarm_name=error_alarm(context, name, color),
            alarm_description=f"{name} answers 5xx in its {color} target group",
            namespace="AWS/ApplicationELB",
            metric_name="HTTPCode_Target_5XX_Count",
            dimensions={"LoadBalancer": load_balancer, "TargetGroup": group},
            statistic="Sum",
            period=60,
            evaluation_periods=1,
            threshold=maximum,
            comparison_operator="GreaterThanThreshold",
            # Without requests there is no data, and no fault.
            treat_missing_data="notBreaching",
            alarm_actions=[*alarm_topics] or None,
            ok_actions=[*ok_topics] or None,
        )
        names.append(alarm.alarm_name)
    return names


class CodeDeployRollout(Construct):
    """CodeDeploy's application, group and traffic shift for one service."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        spec: BlueGreen,
        cluster: str,
        service: str,
        listener_arn: str,
        test_listener_arn: str | None = None,
        functions: Sequence[str] = (),
        groups: list[str],
        alarms: list[str],
        roles: list[str],
        overrides: Content | None = None,
    ) -> None:
        """`functions` are the ARNs of those that CodeDeploy invokes. `overrides` are those of the deployment configuration, which its name stands for too.
        Default: none."""
        super().__init__(scope, id)
        self.name = code_deploy_name(context, name)
        role, policy = code_deploy_role(
            self,
            context,
            code_deploy_role_name(name),
            _statements(context, f"{cluster}/{service}", roles, functions),
        )
        app = CodedeployApp(self, "application", name=self.name, compute_platform="ECS")
        CodedeployDeploymentGroup(
            self,
            "group",
            app_name=app.name,
            deployment_group_name=self.name,
            deployment_config_name=self._configuration(context, name, spec, overrides),
            service_role_arn=role.arn,
            deployment_style=CodedeployDeploymentGroupDeploymentStyle(
                deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
            ),
            ecs_service=CodedeployDeploymentGroupEcsService(
                cluster_name=cluster, service_name=service
            ),
            load_balancer_info=CodedeployDeploymentGroupLoadBalancerInfo(
                target_group_pair_info=CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfo(
                    prod_traffic_route=CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoProdTrafficRoute(
                        listener_arns=[listener_arn]
                    ),
                    test_traffic_route=None
                    if test_listener_arn is None
                    else CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTestTrafficRoute(
                        listener_arns=[test_listener_arn]
                    ),
                    target_group=[
                        CodedeployDeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroup(
                            name=group
                        )
                        for group in groups
                    ],
                )
            ),
            blue_green_deployment_config=CodedeployDeploymentGroupBlueGreenDeploymentConfig(
                deployment_ready_option=CodedeployDeploymentGroupBlueGreenDeploymentConfigDeploymentReadyOption(
                    action_on_timeout="CONTINUE_DEPLOYMENT"
                ),
                terminate_blue_instances_on_deployment_success=CodedeployDeploymentGroupBlueGreenDeploymentConfigTerminateBlueInstancesOnDeploymentSuccess(
                    action="TERMINATE",
                    termination_wait_time_in_minutes=CODE_DEPLOY.number(
                        spec, "termination_wait_seconds"
                    )
                    // 60,
                ),
            ),
            auto_rollback_configuration=CodedeployDeploymentGroupAutoRollbackConfiguration(
                enabled=True,
                events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
            ),
            alarm_configuration=CodedeployDeploymentGroupAlarmConfiguration(
                enabled=True, alarms=alarms
            ),
            depends_on=[policy],
        )

    def _configuration(
        self, context: Context, name: str, spec: BlueGreen, overrides: Content | None
    ) -> str:
        """The name of the deployment configuration: CodeDeploy's own, or one made here."""
        if not isinstance(spec, Canary | Linear):
            return "CodeDeployDefault.ECSAllAtOnce"
        named = code_deploy_configuration(context, name, spec, overrides)
        return traffic_shift(self, "ECS", named, deployment_content(spec))


def _statements(
    context: Context, service: str, roles: list[str], functions: Sequence[str]
) -> list[Statement]:
    return [
        *([_invoke(functions)] if functions else []),
        allow(
            [
                "ecs:CreateTaskSet",
                "ecs:DeleteTaskSet",
                "ecs:DescribeServices",
                "ecs:UpdateServicePrimaryTaskSet",
            ],
            [
                context.arn("ecs", f"service/{service}"),
                context.arn("ecs", f"task-set/{service}/*"),
            ],
            sid="MoveTasks",
        ),
        # Calls about load balancers take no resource; composite alarms are shown only to those who
        # may describe all alarms.
        allow(
            [
                "cloudwatch:DescribeAlarms",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroups",
            ],
            "*",
            sid="SeeTrafficAndAlarms",
        ),
        allow(
            ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"],
            [
                context.arn("elasticloadbalancing", "listener/app/*"),
                context.arn("elasticloadbalancing", "listener-rule/app/*"),
            ],
            sid="MoveTraffic",
        ),
        allow(
            "iam:PassRole",
            roles,
            sid="StartTasks",
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
    ]


def _invoke(functions: Iterable[str]) -> Statement:
    return allow("lambda:InvokeFunction", sorted({*functions}), sid="AskHooks")


@dataclass(frozen=True, slots=True)
class NativeRollout:
    """What ECS's own blue/green needs in the service."""

    configuration: EcsServiceDeploymentConfiguration
    advanced: EcsServiceLoadBalancerAdvancedConfiguration
    ready: list[ITerraformDependable]
    """What the service waits for: the policies of the roles that move its traffic and invoke its
    hooks."""


def native_rollout(
    scope: Construct,
    context: Context,
    name: str,
    spec: BlueGreen,
    backend: Backend,
    hooks: Sequence[LifecycleHook] = (),
) -> NativeRollout:
    """The deployment configuration of ECS's own blue/green, with the roles that move traffic and
    invoke `hooks`. Default: no hooks."""
    rules = [rule.arn for rule in backend.rules]
    role = ExecutionRole(
        scope,
        "traffic",
        context=context,
        name=service_role(name, "traffic"),
        service="ecs.amazonaws.com",
        statements=[
            allow(
                [
                    "elasticloadbalancing:DescribeListeners",
                    "elasticloadbalancing:DescribeRules",
                    "elasticloadbalancing:DescribeTargetGroups",
                    "elasticloadbalancing:DescribeTargetHealth",
                ],
                "*",
                sid="SeeTraffic",
            ),
            allow(
                ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
                [group.arn for group in backend.groups],
                sid="MoveTasks",
            ),
            allow(
                "elasticloadbalancing:ModifyRule",
                rules[0] if len(rules) == 1 else rules,
                sid="MoveTraffic",
            ),
        ],
    )
    asked, ready = _hooks(scope, context, name, hooks)
    bake = str(ECS.number(spec, "termination_wait_seconds") // 60)
    if isinstance(spec, Linear):
        configuration = EcsServiceDeploymentConfiguration(
            strategy="LINEAR",
            lifecycle_hook=asked,
            bake_time_in_minutes=bake,
            linear_configuration=EcsServiceDeploymentConfigurationLinearConfiguration(
                step_percent=ECS.number(spec, "step_percent"),
                step_bake_time_in_minutes=str(ECS.number(spec, "wait_seconds") // 60),
            ),
        )
    elif isinstance(spec, Canary):
        configuration = EcsServiceDeploymentConfiguration(
            strategy="CANARY",
            lifecycle_hook=asked,
            bake_time_in_minutes=bake,
            canary_configuration=EcsServiceDeploymentConfigurationCanaryConfiguration(
                canary_percent=ECS.number(spec, "canary_percent"),
                canary_bake_time_in_minutes=str(ECS.number(spec, "wait_seconds") // 60),
            ),
        )
    else:
        configuration = EcsServiceDeploymentConfiguration(
            strategy="BLUE_GREEN", lifecycle_hook=asked, bake_time_in_minutes=bake
        )
    return NativeRollout(
        configuration,
        EcsServiceLoadBalancerAdvancedConfiguration(
            alternate_target_group_arn=backend.groups[1].arn,
            production_listener_rule=backend.rule.arn,
            test_listener_rule=backend.test_rule.arn if backend.test_rule else None,
            role_arn=role.arn,
        ),
        [*role.ready, *ready],
    )


def _hooks(
    scope: Construct, context: Context, name: str, hooks: Sequence[LifecycleHook]
) -> tuple[list[EcsServiceDeploymentConfigurationLifecycleHook] | None, list[ITerraformDependable]]:
    """The hooks of a service, and what it waits for: the policy of the role made for them."""
    own = [hook.function for hook in hooks if hook.role is None]
    made = None
    if own:
        made = ExecutionRole(
            scope,
            "hooks",
            context=context,
            name=service_role(name, "hooks"),
            service="ecs.amazonaws.com",
            statements=[_invoke(own)],
        )
    asked = []
    for index, hook in enumerate(hooks):
        role = made
        if hook.role is not None:
            role = ExecutionRole(
                scope,
                f"hook-{index}",
                context=context,
                name=service_role(name, "hooks"),
                service="ecs.amazonaws.com",
                statements=[_invoke([hook.function])],
                given=hook.role,
            )
        assert role is not None
        asked.append(
            EcsServiceDeploymentConfigurationLifecycleHook(
                hook_target_arn=hook.function,
                lifecycle_stages=[*hook.stages],
                role_arn=role.arn,
            )
        )
    return asked or None, [*made.ready] if made else []
