"""Names of what the ecs layer and its services make, for those that work on them."""

from __future__ import annotations

from ..content import Content, content_name
from ..context import Context
from ..names import alarm, log_group
from ..rollouts.spec import Canary, Linear
from .guardrails import CODE_DEPLOY

INSTANCES = "ecs-instances"
"""What container instances have in the names of their role, profile and security group."""

COLORS = ("blue", "green")
"""The target groups of a blue/green rollout, in their names and those of their alarms."""


def cluster_name(context: Context) -> str:
    """The name of the environment's cluster."""
    return context.name("ecs")


def command_log_group(context: Context) -> str:
    """The log group of ECS Exec sessions."""
    return log_group(context, "ecs-exec")


def code_deploy_name(context: Context, service: str) -> str:
    """The name of a service's CodeDeploy application and deployment group."""
    return context.name(service, limit=100)


def deployment_content(rollout: Canary | Linear) -> Content:
    """What CodeDeploy's deployment configuration of a rollout holds."""
    canary = isinstance(rollout, Canary)
    share = "canary_percent" if canary else "step_percent"
    block = {
        "percentage": CODE_DEPLOY.number(rollout, share),
        "interval": CODE_DEPLOY.number(rollout, "wait_seconds") // 60,
    }
    return {
        "compute_platform": "ECS",
        "traffic_routing_config": {
            "time_based_canary": block if canary else None,
            "time_based_linear": None if canary else block,
        },
    }


SHIFT = "rollout/shift"
"""The role of the deployment configuration among what is made for a service."""


def code_deploy_configuration(
    context: Context, service: str, rollout: Canary | Linear, overrides: Content | None
) -> str:
    """The name of the deployment configuration of a service's rollout, with its overrides."""
    base = context.name(service, limit=91)
    content = {**deployment_content(rollout), "overrides": overrides}
    return content_name(base, "aws_codedeploy_deployment_config", content)


def code_deploy_role(service: str) -> str:
    """The short name of the role by which CodeDeploy moves a service's traffic."""
    return f"{service}-code-deploy"


def service_log_group(context: Context, service: str) -> str:
    """The log group of a service's containers."""
    return log_group(context, "ecs", service)


def service_role(service: str, does: str) -> str:
    """The short name of a service's role: `execution`, `task`, `traffic` or `hooks`."""
    return f"{service}-ecs-{does}"


def service_group(context: Context, service: str) -> str:
    """The name of the security group of a service's tasks."""
    return context.name(service, "ecs")


def error_alarm(context: Context, service: str, color: str) -> str:
    """The name of the alarm on the 5xx answers of one of a service's target groups."""
    return alarm(context, service, color, "5xx")
