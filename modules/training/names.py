"""The names of what trains, as it is known without state."""

from __future__ import annotations

from .. import names
from ..content import HASHES
from ..context import Context


def machine_name(context: Context, name: str) -> str:
    """The state machine of a retraining."""
    return context.name(name, "retraining", limit=80)


def machine_arn(context: Context, name: str) -> str:
    """The ARN of the state machine of a retraining."""
    return context.arn("states", f"stateMachine:{machine_name(context, name)}")


def log_group(machine: str) -> str:
    """The log group of a state machine, which AWS's services write."""
    return f"/aws/vendedlogs/states/{machine}"


def job_name(context: Context, name: str, step: str, longest: int = 63) -> str:
    """What the names of the jobs of a step begin with; a UUID's part follows."""
    return context.name(name, step, limit=longest - names.UNIQUE)


def step_role(name: str, step: str) -> str:
    """The short name of the role of a step's containers."""
    return f"{name}-{step}"


def machine_role(name: str, does: str) -> str:
    """The short name of a role of a retraining: of its steps, or of what starts it."""
    return f"{name}-retraining-{does}"


def trigger_name(context: Context, name: str, key: str) -> str:
    """The rule or schedule of a trigger."""
    return context.name(name, "retraining", key, limit=64)


def failed_alarm(context: Context, name: str) -> str:
    """The alarm on executions that fail."""
    return names.alarm(context, name, "retraining", "failed")


def undelivered(context: Context, name: str, key: str) -> str:
    """The queue of what could not start an execution."""
    return context.name(name, "retraining", key, "undelivered", limit=80)


def drift_alarm(context: Context, monitor: str, metric: str) -> str:
    """The alarm on a metric of a drift monitor."""
    return names.alarm(context, monitor, "drift", metric)


def monitor_name(context: Context, name: str) -> str:
    """The state machine of a drift monitor."""
    return context.name(name, "drift", limit=80)


def monitor_role(name: str, does: str) -> str:
    """The short name of a role of a drift monitor."""
    return f"{name}-drift-{does}"


def folder(name: str) -> str:
    """Where the runs of a retraining keep what they write, in the artifact bucket."""
    return f"training/{name}/"


def monitor_failed(context: Context, name: str) -> str:
    """The alarm on executions of a drift monitor that fail."""
    return names.alarm(context, name, "drift", "monitor", "failed")


def monitor_schedule(context: Context, name: str) -> str:
    """The schedule of a drift monitor."""
    return context.name(name, "drift", limit=64)


def monitor_undelivered(context: Context, name: str) -> str:
    """The queue of what could not start a drift monitor."""
    return context.name(name, "drift", "undelivered", limit=80)


def monitor_folder(name: str) -> str:
    """Where the runs of a drift monitor keep their reports, in the artifact bucket."""
    return f"monitors/{name}/"


def quality_schedule(context: Context, name: str) -> str:
    """The monitoring schedule of a model monitor."""
    return context.name(name, "quality", limit=63)


def quality_base(context: Context, name: str) -> str:
    """What the name of the job definition of a model monitor begins with; hashes follow."""
    return context.name(name, "quality", limit=63 - HASHES)


def quality_role(name: str) -> str:
    """The short name of the role of a model monitor."""
    return f"{name}-quality"


def quality_folder(name: str) -> str:
    """Where a model monitor writes its reports, in the artifact bucket."""
    return f"model-monitors/{name}/"
