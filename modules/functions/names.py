"""Names of what is made for a Lambda function, for those that work on it."""

from __future__ import annotations

from ..content import Content, content_name
from ..context import Context
from ..names import alarm, log_group
from ..rollouts.spec import Canary, Linear
from .guardrails import LAMBDA

ALIAS = "live"
"""The alias that everything outside calls, which points to the version that serves."""

LONGEST = 64
"""The longest name of a function. Source: AWS Lambda API reference, CreateFunction."""


def function_name(context: Context, function: str) -> str:
    """The name of a function."""
    return context.name(function, limit=LONGEST)


def alias_arn(context: Context, function: str) -> str:
    """The ARN that everything outside calls: that of the alias."""
    return context.arn("lambda", f"function:{function_name(context, function)}:{ALIAS}")


def function_role(function: str) -> str:
    """The short name of a function's role."""
    return f"{function}-lambda"


def function_log_group(context: Context, function: str) -> str:
    """The log group of a function."""
    return log_group(context, "lambda", function)


def function_group(context: Context, function: str) -> str:
    """The name of the security group of a function in the VPC."""
    return context.name(function, "lambda")


def function_alarm(context: Context, function: str, kind: str) -> str:
    """The name of one of a function's alarms: `errors`, `duration` or `throttles`."""
    return alarm(context, function, "lambda", kind)


def shift_name(context: Context, function: str) -> str:
    """The name of a function's CodeDeploy application and deployment group."""
    return context.name(function, "lambda", limit=100)


def shift_role(function: str) -> str:
    """The short name of the role by which CodeDeploy moves a function's alias."""
    return f"{function}-lambda-code-deploy"


SHIFT = "rollout/shift"
"""The role of the deployment configuration among what is made for a function."""


def shift_content(rollout: Canary | Linear) -> Content:
    """What CodeDeploy's deployment configuration of a rollout holds."""
    canary = isinstance(rollout, Canary)
    share = "canary_percent" if canary else "step_percent"
    block = {
        "percentage": LAMBDA.number(rollout, share),
        "interval": LAMBDA.number(rollout, "wait_seconds") // 60,
    }
    return {
        "compute_platform": "Lambda",
        "traffic_routing_config": {
            "time_based_canary": block if canary else None,
            "time_based_linear": None if canary else block,
        },
    }


def shift_configuration(
    context: Context, function: str, rollout: Canary | Linear, overrides: Content | None
) -> str:
    """The name of the deployment configuration of a function's rollout, with its overrides."""
    base = context.name(function, "lambda", limit=91)
    content = {**shift_content(rollout), "overrides": overrides}
    return content_name(base, "aws_codedeploy_deployment_config", content)
