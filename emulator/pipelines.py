"""Pipelines of SageMaker: what AWS refuses of a definition, and the steps of a run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds
from moto.sagemaker.exceptions import ValidationError

from . import told_events

_GET = re.compile(r"(Steps|Parameters)\.([A-Za-z0-9_-]+)")


def steps_of(steps: Any) -> Iterator[dict[str, Any]]:
    """Every step, those of the branches of conditions too."""
    for step in steps if isinstance(steps, list) else ():
        yield step
        arguments = step.get("Arguments")
        if step.get("Type") == "Condition" and isinstance(arguments, dict):
            for branch in ("IfSteps", "ElseSteps"):
                yield from steps_of(arguments.get(branch))


def _gets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Get" and isinstance(inner, str):
                yield inner
            else:
                yield from _gets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _gets(inner)


def require_valid(definition: str) -> None:
    """Refuse what AWS refuses: no JSON, no steps or too many, a name twice, a reference to nothing."""
    try:
        content = json.loads(definition)
    except (TypeError, ValueError):
        raise ValidationError("Unable to parse pipeline definition: it is no valid JSON.") from None
    if not isinstance(content, dict) or not isinstance(content.get("Steps"), list):
        raise ValidationError("Unable to parse pipeline definition: Steps is required.")
    names = [str(step.get("Name")) for step in steps_of(content["Steps"])]
    if not 1 <= len(names) <= 50:
        raise ValidationError(f"Pipeline has {len(names)} steps; it must have 1 to 50.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValidationError(f"Step names must be unique within the pipeline: {twice}")
    known = {
        "Steps": set(names),
        "Parameters": {str(each.get("Name")) for each in content.get("Parameters", [])},
    }
    for get in _gets(content):
        match = _GET.match(get)
        if match and match[2] not in known[match[1]]:
            raise ValidationError(f"Cannot reference {get}: there is no such name.")


def given(definition: str, parameters: list[dict[str, str]] | None) -> None:
    """Refuse a start with unknown parameters, or without a value for one."""
    declared = {each["Name"]: each for each in json.loads(definition).get("Parameters", [])}
    named = {each["Name"] for each in parameters or ()}
    unknown = sorted(named - declared.keys())
    if unknown:
        raise ValidationError(f"Invalid Pipeline parameters {unknown}: they are not declared.")
    missing = [n for n, each in declared.items() if "DefaultValue" not in each and n not in named]
    if missing:
        raise ValidationError(f"Values must be provided for parameters {missing}.")


def plan_failure(backend: Any, pipeline: str, reason: str) -> None:
    """Let every run of a pipeline fail for a reason from now on; for none, succeed again."""
    # on the backend, so that resetting moto resets it
    backend.__dict__.setdefault("failing_pipelines", {})[pipeline] = reason


def began(backend: Any, pipeline: Any, arn: str) -> None:
    """Let a run come to what is planned, and tell of it.

    Amazon SageMaker AI developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge": one
    event for each change of the status.
    """
    execution = pipeline.pipeline_executions[arn]
    reason = backend.__dict__.get("failing_pipelines", {}).get(pipeline.pipeline_name)
    if reason:
        execution.pipeline_execution_status = "Failed"
        execution.pipeline_execution_failure_reason = reason
    time = iso_8601_datetime_without_milliseconds(execution.start_time)
    told = {
        "pipelineArn": pipeline.arn,
        "pipelineExecutionArn": arn,
        "pipelineExecutionDisplayName": execution.pipeline_execution_display_name,
        "pipelineExecutionDescription": execution.pipeline_execution_description,
        "executionStartTime": time,
    }
    statuses = ["Executing", execution.pipeline_execution_status]
    for before, now in (("", statuses[0]), (statuses[0], statuses[1])):
        detail: dict[str, Any] = {**told, "currentPipelineExecutionStatus": now}
        if before:
            detail |= {"previousPipelineExecutionStatus": before, "executionEndTime": time}
        kind = "SageMaker Model Building Pipeline Execution Status Change"
        told_events.put(pipeline.arn, kind, detail, [pipeline.arn, arn])


def executed(execution: Any) -> list[dict[str, Any]]:
    """The steps of a run, the newest first. The emulator runs none: each has succeeded, conditions
    hold, and nothing is trained or registered; of a run that fails, the first fails."""
    content = json.loads(execution.pipeline_definition_for_execution)
    reason = execution.pipeline_execution_failure_reason
    if reason:
        time, name = execution.start_time, content["Steps"][0]["Name"]
        failed = {"StepName": name, "StepStatus": "Failed", "FailureReason": reason}
        return [{**failed, "StartTime": time, "EndTime": time, "AttemptCount": 1}]

    def run(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for step in steps:
            condition = step["Type"] == "Condition"
            yield {
                "StepName": step["Name"],
                "StepStatus": "Succeeded",
                "StartTime": execution.start_time,
                "EndTime": execution.start_time,
                "AttemptCount": 1,
                **({"Metadata": {"Condition": {"Outcome": "True"}}} if condition else {}),
            }
            if condition:
                yield from run(step["Arguments"].get("IfSteps", []))

    return [*run(content["Steps"])][::-1]
