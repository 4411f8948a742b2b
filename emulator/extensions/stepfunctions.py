"""Step Functions: checking a state machine before it is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse

from .registry import Service

Original = Callable[..., Any]

service = Service("stepfunctions", StepFunctionResponse)


class InvalidDefinitionError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """The definition of a state machine is none."""

    code = "InvalidDefinition"


@service.adds(
    "ValidateStateMachineDefinition", gap="missing: a state machine in Terraform cannot be planned"
)
def validate_state_machine_definition(response: StepFunctionResponse) -> str:
    """AWS checks the whole language; the emulator checks what every definition has."""
    problems = list(_problems(response._get_param("definition")))
    return json.dumps(
        {
            "result": "FAIL" if problems else "OK",
            "diagnostics": [
                {"severity": "ERROR", "code": code, "message": message}
                for code, message in problems
            ],
            "truncated": False,
        }
    )


@service.corrects(
    "CreateStateMachine", gap="takes a definition that starts or goes on with a state it lacks"
)
def create_state_machine(original: Original, response: StepFunctionResponse) -> ActionResult:
    """AWS refuses it."""
    _require_valid(response._get_param("definition"))
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


@service.corrects(
    "UpdateStateMachine", gap="takes a definition that starts or goes on with a state it lacks"
)
def update_state_machine(original: Original, response: StepFunctionResponse) -> ActionResult:
    """AWS refuses it."""
    definition = response._get_param("definition")
    if definition is not None:
        _require_valid(definition)
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


def _require_valid(definition: str) -> None:
    problems = [f"{code}: {message}" for code, message in _problems(definition)]
    if problems:
        found = ", ".join(f"'{each}'" for each in problems)
        raise InvalidDefinitionError(f"Invalid State Machine Definition: {found}")


def _problems(definition: str) -> list[tuple[str, str]]:
    try:
        content: Any = json.loads(definition)
    except ValueError as error:
        return [("INVALID_JSON_DESCRIPTION", str(error))]
    if not isinstance(content, dict):
        return [("INVALID_JSON_DESCRIPTION", "The definition has to be an object.")]
    states = content.get("States")
    if not isinstance(states, dict):
        return [("SCHEMA_VALIDATION_FAILED", "The field 'States' is required.")]
    start = content.get("StartAt")
    if start not in states:
        return [("MISSING_TRANSITION_TARGET", f"'StartAt' names no state: {start}")]
    return [
        ("MISSING_TRANSITION_TARGET", f"State '{name}' leads to no state: {state['Next']}")
        for name, state in states.items()
        if state.get("Next") is not None and state["Next"] not in states
    ]


@service.adds(
    "ListStateMachineVersions", gap="missing: a state machine in Terraform fails when it is read"
)
def list_state_machine_versions(response: StepFunctionResponse) -> str:
    """AWS lists published versions, newest first."""
    machine: Any = response.stepfunction_backend.describe_state_machine(
        response._get_param("stateMachineArn")
    )
    return json.dumps(
        {
            "stateMachineVersions": [
                {
                    "stateMachineVersionArn": version.arn,
                    "creationDate": version.creation_date.timestamp(),
                }
                for _, version in sorted(machine.versions.items(), reverse=True)
            ]
        }
    )
