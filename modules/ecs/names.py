"""Names of what the ecs layer and its services make, for those that work on them."""

from __future__ import annotations

from collections.abc import Mapping

from ..content import Content
from ..context import Context
from ..rollouts.spec import Canary, Linear
from .guardrails import CODE_DEPLOY
from .spec import Ec2, Fargate


def cluster_name(context: Context) -> str:
    """The name of the environment's cluster."""
    return context.name("ecs")


def command_log_group(context: Context) -> str:
    """The log group of ECS Exec sessions."""
    return f"/inferform/{context.key}/ecs-exec"


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


def capacity_shares(
    compute: Fargate | Ec2, providers: Mapping[str, str]
) -> list[tuple[str, int, int]]:
    """Each capacity provider of a service with its base and weight.

    `providers` are the names of EC2 capacity providers by their short names.
    """
    if isinstance(compute, Ec2):
        return [(providers[compute.capacity], 0, 1)]
    shares = [
        ("FARGATE", compute.on_demand_base, compute.on_demand_weight),
        ("FARGATE_SPOT", 0, compute.spot_weight),
    ]
    return [(name, base, weight) for name, base, weight in shares if base or weight]
