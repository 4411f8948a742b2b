"""The names of what delivers: pipelines, their projects, roles, buckets and log groups."""

from __future__ import annotations

from ..context import Context
from ..names import fit, log_group, role

DELIVERY = "delivery"
"""The key, the connection and the rule of failures, in their names."""


def pipeline_name(context: Context, pipeline: str) -> str:
    """The name of a pipeline of CodePipeline."""
    return context.name(DELIVERY, pipeline, limit=100)


def project_name(context: Context, pipeline: str, job: str) -> str:
    """The name of a project of CodeBuild."""
    return context.name(DELIVERY, pipeline, job, limit=150)


def pipeline_role(pipeline: str) -> str:
    """The short name of the role of a pipeline."""
    return f"{DELIVERY}-{pipeline}"


def build_role(pipeline: str, job: str) -> str:
    """The short name of the role of a project."""
    return f"{DELIVERY}-{pipeline}-{job}"


def build_role_arn(context: Context, pipeline: str, job: str) -> str:
    """The ARN of the role of a project."""
    return context.own_role_arn(role(context, build_role(pipeline, job)))


def build_log_group(context: Context, pipeline: str, job: str) -> str:
    """The log group of a project."""
    return log_group(context, DELIVERY, pipeline, job)


def bucket_id(pipeline: str) -> str:
    """The short name of the bucket of a pipeline's artifacts."""
    return f"{DELIVERY}-{pipeline}"


def connection_name(context: Context) -> str:
    """The name of the connection to the Git provider, which has no more than 32 characters."""
    return fit(context.name(DELIVERY), 32)


def failed_rule(context: Context, pipeline: str) -> str:
    """The rule of EventBridge for executions that failed."""
    return context.name(DELIVERY, pipeline, "failed", limit=64)
