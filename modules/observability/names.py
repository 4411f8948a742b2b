"""Names of what the observability layer makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..context import Context

if TYPE_CHECKING:
    from .notify import SlackChannel, TeamsChannel

TOPIC = "alerts"
"""What the topic, its key and what hears it have in their names."""

AUDIT = "audit"
"""What the trail of calls, its bucket and its key have in their names."""

CHAT = "chat"
"""What the configurations of AWS Chatbot have in their names."""

CHAT_ROLE = "alerts-chat"
"""What its role has in its name: an endpoint is often called chat, and has a role too."""


def topic_name(context: Context) -> str:
    """The name of the environment's topic."""
    return context.name(TOPIC, limit=256)


def topic_arn(context: Context) -> str:
    """Its ARN."""
    return context.arn("sns", topic_name(context))


def dashboard_name(context: Context, page: int) -> str:
    """The name of one of the environment's dashboards; an account's dashboards are in no Region."""
    parts = ["overview"] if page == 0 else ["overview", str(page + 1)]
    return context.name(*parts, limit=255)


def budget_name(context: Context) -> str:
    """The name of the environment's budget."""
    return context.name("month", limit=100)


def query_name(context: Context, query: str, page: int) -> str:
    """The name of a saved query, in the folder of the environment."""
    return "/".join(("inferform", context.key, query if page == 0 else f"{query}-{page + 1}"))


def event_rule(context: Context, source: str) -> str:
    """The name of the EventBridge rule of what one service tells."""
    return context.name("failed", source, limit=64)


def log_namespace(context: Context) -> str:
    """The namespace of metrics that are counted in logs."""
    return f"inferform/{context.key}"


def detector_name(context: Context, service: str, sort: str) -> str:
    """The name of the detector of anomalies in a log."""
    return context.name(service, sort, limit=255)


def audit_name(context: Context) -> str:
    """The name of the trail of calls, and of its key."""
    return context.name(AUDIT, limit=128)


def audit_bucket(context: Context) -> str:
    """The bucket of that trail."""
    return context.bucket(AUDIT)


def spending_name(context: Context) -> str:
    """The name of the monitor of unusual spending, and of who is notified of it."""
    return context.name("spending", limit=128)


def chat_name(context: Context, channel: SlackChannel) -> str:
    """The name of the configuration of a channel of Slack."""
    return context.name(CHAT, channel.workspace, channel.channel, limit=128)


def teams_name(context: Context, channel: TeamsChannel) -> str:
    """The name of the configuration of a team of Microsoft Teams."""
    return context.name("teams", channel.team.lower(), limit=128)
