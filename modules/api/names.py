"""Names of what is made for APIs, for those that work on them."""

from __future__ import annotations

from ..context import Context
from ..names import log_group

LINK = "api-link"
"""The VPC link of HTTP APIs and its security group, in their names."""

LOG_ROLE = "api-logs"
"""The role by which API Gateway writes the logs of REST APIs, in its name."""


def rest_link(context: Context, load_balancer: str) -> str:
    """The name of the VPC link by which REST APIs reach a Network Load Balancer."""
    return context.name(load_balancer, "rest-link", limit=128)


def http_name(context: Context, api: str) -> str:
    """The name of an HTTP API."""
    return context.name(api, limit=128)


def rest_name(context: Context, api: str) -> str:
    """The name of a REST API."""
    return context.name(api, limit=128)


def http_log_group(context: Context, api: str) -> str:
    """The log group of an HTTP API's requests."""
    return log_group(context, "http-api", api)


def deployment_stack(context: Context, api: str) -> str:
    """The name of the stack that deploys a REST API."""
    return context.name(api, "rest-deployment", limit=128)


def rest_log_group(context: Context, api: str) -> str:
    """The log group of a REST API's requests."""
    return log_group(context, "rest-api", api)


def rest_role(api: str) -> str:
    """The short name of the role by which a REST API calls SageMaker."""
    return f"{api}-rest-api"


def plan_name(context: Context, api: str, plan: str) -> str:
    """The name of a usage plan, by which its keys are found."""
    return context.name(api, plan, limit=128)


def web_acl_name(context: Context, api: str) -> str:
    """The name of the web ACL of managed rule groups of a REST API."""
    return context.name(api, "rest-api", limit=128)
