"""Waiting until no other execution of a pipeline of CodePipeline is in an environment.

In the mode QUEUED a stage has one execution at a time, and a pipeline one in each of its stages: a later execution
would plan what an earlier one is about to change.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from inferform_emulator.process import Emulator

from .errors import BadInputError, OperatorError

_ARN = re.compile(r"arn:[\w-]+:codepipeline:(?P<region>[\w-]+):\d{12}:(?P<name>[\w.@-]{1,100})")

_EVERY_SECONDS = 15
_THERE = ("InProgress", "Stopping")


def wait(
    pipeline: str,
    environment: str,
    execution: str,
    *,
    minutes: int,
    emulator: Emulator | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return once no execution of a pipeline but one is between the first plan of an environment and its end.

    `pipeline` is an ARN. Raises OperatorError where another is there after some minutes, or AWS does not tell.
    """
    match = _ARN.fullmatch(pipeline)
    if match is None:
        raise BadInputError(
            f"{pipeline} is no ARN of a pipeline of CodePipeline",
            "arn:aws:codepipeline:us-east-1:111122223333:acme-tools-use1-delivery-main",
        )
    client = _client(match["region"], emulator)
    for turn in range(minutes * 60 // _EVERY_SECONDS + 1):
        if turn:
            sleep(_EVERY_SECONDS)
        try:
            states = client.get_pipeline_state(name=match["name"])["stageStates"]
        except (BotoCoreError, ClientError) as error:
            raise OperatorError(f"the stages of {match['name']} are not known: {error}") from error
        found = others(states, environment, execution)
        if not found:
            return
    where = ", ".join(f"{other} in {stage}" for stage, other in found.items())
    raise OperatorError(
        f"{environment} is not planned: another execution of {match['name']} is still there: {where}",
        "let it end, or reject what it asks; then start the pipeline again, or retry this stage",
    )


def others(states: Iterable[Mapping[str, Any]], environment: str, execution: str) -> dict[str, str]:
    """The executions but one that are in an environment, by their stages; those that wait to be planned first are
    not."""
    own = re.compile(rf"{re.escape(environment)}-(?:(?:plan|approve|apply)-\d+|verify)")
    found = {}
    for state in states:
        stage = state["stageName"]
        if stage == f"{environment}-plan-1" or not own.fullmatch(stage):
            continue
        last = state.get("latestExecution", {})
        there = [last] if last.get("status") in _THERE else []
        for each in (*there, *state.get("inboundExecutions", ())):
            if each["pipelineExecutionId"] != execution:
                found[stage] = str(each["pipelineExecutionId"])
    return found


def _client(region: str, emulator: Emulator | None) -> Any:
    """A client with the caller's own credentials: those of the pipeline's build."""
    settings = emulator.settings(region=region) if emulator else {}
    return boto3.client(
        "codepipeline",
        region_name=region,
        endpoint_url=emulator.url if emulator else None,
        aws_access_key_id=settings.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=settings.get("AWS_SECRET_ACCESS_KEY"),
    )
