"""Runs of pipelines of SageMaker: starting one, and how its steps went."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment
from inferform.rules import did_you_mean, one_of
from inferform.training.pipeline import AnyPipeline, Pipeline, PipelineFile, pipeline_name

from .aws import Aws
from .errors import BadInputError, OperatorError

_ENDED = ("Stopped", "Failed", "Succeeded")


@dataclass(frozen=True, slots=True)
class StepRun:
    """How one step of a run went."""

    name: str
    status: str
    started: str
    seconds: float | None
    cached: bool
    """Whether the result of an earlier run was taken."""

    why: str
    """Why it failed; the outcome of a condition."""


def pipeline_of(environment: Environment, given: str) -> tuple[str, AnyPipeline]:
    """The name in AWS and the Spec of a pipeline, by its short name or its name in AWS.

    Raises BadInputError where the environment has no such pipeline.
    """
    known = {
        name: spec
        for each in environment.trainings.values()
        for name, spec in each.pipelines.items()
    }
    for short, spec in known.items():
        name = pipeline_name(environment.context, short)
        if given in (short, name):
            return name, spec
    raise BadInputError(
        f"{environment.key} has no pipeline {given}{did_you_mean(given, known)}",
        f"its pipelines are {one_of(known or ['none'])}",
    )


def values_for(spec: AnyPipeline, given: Mapping[str, str]) -> dict[str, str]:
    """What a start is given: `start_with` of the Spec, and before that what the operator gives.

    Raises BadInputError for a parameter that is not declared, is too long, or has no value.
    """
    assert isinstance(spec, Pipeline | PipelineFile)
    declared = spec.parameters if isinstance(spec, Pipeline) else spec.declared
    for name, value in given.items():
        if name not in declared:
            raise BadInputError(
                f"the pipeline has no parameter {name}{did_you_mean(name, declared)}",
                f"its parameters are {one_of(declared or ['none'])}",
            )
        if len(value) > 1024:
            raise BadInputError(
                f"{name} has {len(value):,} characters", "AWS takes 1,024 of a parameter"
            )
    found = {**spec.starts_with(), **given}
    missing = spec.missing(found)
    if missing:
        raise BadInputError(
            f"the pipeline needs a value for {', '.join(missing)}",
            f"give it: --parameter {missing[0]}=VALUE",
        )
    return found


def start(name: str, values: Mapping[str, str], aws: Aws) -> str:
    """Start a run; its ARN."""
    try:
        answer = aws.client("sagemaker").start_pipeline_execution(
            PipelineName=name,
            ClientRequestToken=str(uuid.uuid4()),
            PipelineParameters=[{"Name": key, "Value": value} for key, value in values.items()],
        )
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(
            f"{name} cannot be started: {error}", "deploy the training layer first"
        ) from error
    return str(answer["PipelineExecutionArn"])


def last(name: str, aws: Aws) -> str:
    """The ARN of the newest run. Raises BadInputError where there is none."""
    try:
        listed = aws.client("sagemaker").list_pipeline_executions(
            PipelineName=name, SortOrder="Descending", MaxResults=1
        )
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(
            f"the runs of {name} cannot be listed: {error}", "deploy the training layer first"
        ) from error
    runs = listed["PipelineExecutionSummaries"]
    if not runs:
        raise BadInputError(f"{name} has never run", "start it: inferform pipelines start")
    return str(runs[0]["PipelineExecutionArn"])


def status(execution: str, aws: Aws) -> tuple[str, str]:
    """The status of a run, and why it failed."""
    found = aws.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=execution)
    return str(found["PipelineExecutionStatus"]), str(found.get("FailureReason", ""))


def wait(execution: str, aws: Aws, *, seconds: float = 15) -> tuple[str, str]:
    """Wait until a run has ended, asking every `seconds`."""
    while (found := status(execution, aws))[0] not in _ENDED:
        time.sleep(seconds)
    return found


def steps(execution: str, aws: Aws) -> Iterator[StepRun]:
    """How the steps of a run went, in the order in which they began."""
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution, SortOrder="Ascending"
    )
    try:
        found: list[Any] = [each for page in pages for each in page["PipelineExecutionSteps"]]
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(
            f"the steps of {execution} cannot be listed: {error}",
            "check the run's ARN: inferform pipelines steps without it takes the newest",
        ) from error
    for each in sorted(found, key=lambda step: step["StartTime"]):
        ended = each.get("EndTime")
        outcome = each.get("Metadata", {}).get("Condition", {}).get("Outcome", "")
        yield StepRun(
            name=each["StepName"],
            status=each["StepStatus"],
            started=each["StartTime"].strftime("%Y-%m-%d %H:%M:%S"),
            seconds=(ended - each["StartTime"]).total_seconds() if ended else None,
            cached=bool(each.get("CacheHitResult")),
            why=str(
                each.get("FailureReason") or (f"the conditions are {outcome}" if outcome else "")
            ),
        )
