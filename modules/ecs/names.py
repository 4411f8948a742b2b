"""Names of what the ecs layer and its services make, for those that work on them."""

from __future__ import annotations

from ..context import Context


def cluster_name(context: Context) -> str:
    """The name of the environment's cluster."""
    return context.name("ecs")


def command_log_group(context: Context) -> str:
    """The log group of ECS Exec sessions."""
    return f"/inferra/{context.key}/ecs-exec"


def code_deploy_name(context: Context, service: str) -> str:
    """The name of a service's CodeDeploy application and deployment group."""
    return context.name(service, limit=100)
