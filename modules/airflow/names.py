"""The names of an Airflow environment, as they are known without state."""

from __future__ import annotations

from ..context import Context

LOGS = {
    "dag_processing_logs": "DAGProcessing",
    "scheduler_logs": "Scheduler",
    "task_logs": "Task",
    "webserver_logs": "WebServer",
    "worker_logs": "Worker",
}
"""The logs of an environment by their block, and how the log group of each ends.

Source: Amazon MWAA user guide, viewing Airflow logs in Amazon CloudWatch."""

FOLDER = "airflow/"
"""Where the files of an environment lie in its bucket."""


def environment_name(context: Context, name: str) -> str:
    """The name of an environment of Airflow."""
    return context.name(name, "airflow", limit=80)


def environment_arn(context: Context, name: str) -> str:
    """The ARN of an environment of Airflow."""
    return context.arn("airflow", f"environment/{environment_name(context, name)}")


def log_group(context: Context, name: str, log: str) -> str:
    """The log group of one of the logs of an environment, which MWAA names."""
    return f"airflow-{environment_name(context, name)}-{LOGS[log]}"


def files_bucket(name: str) -> tuple[str, ...]:
    """The parts of the name of the bucket of an environment's files."""
    return name, "airflow"


def execution_role(name: str) -> str:
    """The short name of the role of an environment."""
    return f"{name}-airflow"


def security_group(context: Context, name: str) -> str:
    """The name of the security group of an environment."""
    return context.name(name, "airflow")
