"""Monitoring schedules of SageMaker: what they are told, and what AWS refuses of it.

None ever runs: a schedule of AWS's starts a processing job with an image of AWS's, which is not here.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError

from . import limits

# SageMaker API reference, ScheduleConfig: hourly, daily, or every so many hours from an hour of the day.
_EXPRESSION = re.compile(
    r"cron\(0 (\?|\*|\d{1,2}|\d{1,2}/\d{1,2}) (\?|\*) \* (\?|\*) \*\)|NOW", re.ASCII
)
_DEFINITIONS = {
    "DataQuality": "data_quality_job_definitions",
    "ModelQuality": "model_quality_job_definitions",
    "ModelBias": "model_bias_job_definitions",
    "ModelExplainability": "model_explainability_job_definitions",
}


class Schedule:
    """One monitoring schedule."""

    def __init__(self, arn: str, name: str, config: dict[str, Any], tags: list[Any]) -> None:
        self.arn, self.name, self.config, self.tags = arn, name, config, tags
        self.created: datetime = utcnow()
        self.modified = self.created
        self.status = "Scheduled"

    def describe(self, backend: Any) -> dict[str, Any]:
        """The answer of DescribeMonitoringSchedule."""
        found = {
            "MonitoringScheduleArn": self.arn,
            "MonitoringScheduleName": self.name,
            "MonitoringScheduleStatus": self.status,
            "MonitoringType": self.config["MonitoringType"],
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "MonitoringScheduleConfig": self.config,
        }
        watched = self.endpoint(backend)
        return {**found, "EndpointName": watched} if watched else found

    def endpoint(self, backend: Any) -> str:
        """The endpoint that its job definition names; empty for a batch."""
        held = getattr(backend, _DEFINITIONS[self.config["MonitoringType"]])
        definition = held.get(self.config.get("MonitoringJobDefinitionName"))
        given = getattr(definition, "data_quality_job_input", {}).get("EndpointInput", {})
        return str(given.get("EndpointName", ""))


def schedules(backend: Any) -> dict[str, Schedule]:
    """All schedules by name, in the order of their creation."""
    # on the backend, so that resetting moto resets them
    found: dict[str, Schedule] = backend.__dict__.setdefault("monitoring_schedules", {})
    return found


def find(backend: Any, name: str) -> Schedule:
    """A schedule; AWS answers ResourceNotFound where there is none."""
    found = schedules(backend).get(name)
    if found is None:
        raise ResourceNotFound(f"Monitoring schedule {name} not found")
    return found


def create(backend: Any, given: dict[str, Any]) -> Schedule:
    """Make a schedule."""
    name = given["MonitoringScheduleName"]
    wrong = limits.violation("sagemaker", "CreateMonitoringScheduleRequest", given)
    if wrong:
        raise ValidationError(wrong)
    if name in schedules(backend):
        raise ResourceInUseException(f"Monitoring schedule {name} already exists")
    config = _checked(backend, given["MonitoringScheduleConfig"])
    region, account = backend.region_name, backend.account_id
    arn = f"arn:aws:sagemaker:{region}:{account}:monitoring-schedule/{name}"
    made = schedules(backend)[name] = Schedule(arn, name, config, given.get("Tags") or [])
    return made


def update(backend: Any, name: str, config: dict[str, Any]) -> Schedule:
    """Give a schedule another configuration."""
    found = find(backend, name)
    found.config = _checked(backend, config)
    found.modified = utcnow()
    return found


def _checked(backend: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The configuration, of which AWS refuses what it does not take."""
    expression = (config.get("ScheduleConfig") or {}).get("ScheduleExpression")
    if expression is not None and not _EXPRESSION.fullmatch(expression):
        raise ValidationError(f"Invalid ScheduleExpression: {expression}")
    definition = config.get("MonitoringJobDefinitionName")
    if bool(definition) == bool(config.get("MonitoringJobDefinition")):
        raise ValidationError(
            "You must provide exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName."
        )
    if not definition:
        return {"MonitoringType": "DataQuality", **config}
    kind = config.get("MonitoringType")
    if kind is None:
        raise ValidationError("MonitoringType is required with MonitoringJobDefinitionName.")
    if definition not in getattr(backend, _DEFINITIONS[kind]):
        raise ValidationError(f"Could not find {kind} job definition {definition}.")
    return config
