"""Step Functions: checking a state machine before it is made, and running it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from ..executions import JOBS, JobFailedError, client_for, error_of, plain, waits_for
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
    "CreateStateMachine", gap="takes a definition that starts or continues with a state it lacks"
)
def create_state_machine(original: Original, response: StepFunctionResponse) -> ActionResult:
    """AWS refuses it."""
    _require_valid(response._get_param("definition"))
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


@service.corrects(
    "UpdateStateMachine", gap="takes a definition that starts or continues with a state it lacks"
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


@service.prepares("StartExecution", gap="runs no state machine")
def run_executions() -> None:
    """AWS runs it: moto has an interpreter, which is off by default."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}


@service.prepares(
    "StartExecution", gap="calls services in the default account, whatever the execution's is"
)
def call_in_own_account() -> None:
    """AWS calls with the role of the state machine."""
    for module in (
        state_task_service_aws_sdk,
        state_task_service_sfn,
        state_task_service_sns,
        state_task_service_sqs,
        state_task_service_unsupported,
    ):
        module.boto_client_for = client_for


Sdk = state_task_service_aws_sdk.StateTaskServiceAwsSdk
Optimised = state_task_service_unsupported.StateTaskServiceUnsupported


@service.corrects(
    "StartExecution",
    gap="cannot write down a date or an object in the answer of a service",
    owner=Sdk,
    method="_eval_service_task",
)
def call_by_sdk(original: Original, task: Any, env: Any, **given: Any) -> None:
    """AWS has both as text in the output of the state."""
    original(task, env, **given)
    env.stack.append(plain(env.stack.pop()))


@service.corrects(
    "StartExecution",
    gap="cannot write down a date in the answer of a service that has an integration of its own",
    owner=Optimised,
    method="_eval_service_task",
)
def call_by_integration(original: Original, task: Any, env: Any, **given: Any) -> None:
    """AWS has it as text in the output of the state."""
    original(task, env, **given)
    env.stack.append(plain(env.stack.pop()))


@service.corrects(
    "StartExecution",
    gap="passes the parameters of another execution on in the words of the state, which are no request",
    owner=state_task_service_sfn.StateTaskServiceSfn,
    method="_eval_service_task",
)
def call_states(
    original: Original, task: Any, env: Any, normalised_parameters: dict[str, Any], **given: Any
) -> None:
    """AWS has its integrations in Pascal case, and answers in it."""
    asked = {name[:1].lower() + name[1:]: each for name, each in normalised_parameters.items()}
    original(task, env, normalised_parameters=asked, **given)
    told = plain(env.stack.pop())
    env.stack.append({name[:1].upper() + name[1:]: each for name, each in told.items()})


@service.prepares("StartExecution", gap="knows no .sync of SageMaker")
def wait_for_jobs() -> None:
    """AWS waits for a job and takes on how it ends."""
    state_task_service_unsupported._SUPPORTED_INTEGRATION_PATTERNS.add(ResourceCondition.Sync)


@service.corrects(
    "StartExecution",
    gap="waits for no job of SageMaker",
    owner=Optimised,
    method="_build_sync_resolver",
)
def sync_with_job(
    original: Original,
    task: Any,
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> Callable[[], Any]:
    """AWS describes the job until it ends: what it describes is the output."""
    job = JOBS.get(task.resource.api_action.lower())
    if task.resource.service_name != "sagemaker" or job is None:
        found: Callable[[], Any] = original(
            task, env, resource_runtime_part, normalised_parameters, state_credentials
        )
        return found
    env.stack.pop()
    client = client_for(resource_runtime_part.region, "sagemaker", state_credentials)
    return waits_for(job, client, normalised_parameters[job.name])


@service.corrects(
    "StartExecution",
    gap="has no names of the errors of SageMaker and its jobs",
    owner=Optimised,
    method="_from_error",
)
def error_of_integration(original: Original, task: Any, env: Any, ex: Exception) -> FailureEvent:
    """AWS names them, so that a task can catch them."""
    if isinstance(ex, JobFailedError):
        name = "States.TaskFailed"
    elif isinstance(ex, ClientError):
        name = error_of(ex)
    else:
        return original(task, env, ex)
    details = TaskFailedEventDetails(
        resource=task._get_sfn_resource(),
        resourceType=task._get_sfn_resource_type(),
        error=name,
        cause=str(ex),
    )
    return FailureEvent(
        env=env,
        error_name=ErrorName(error_name=name),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),
    )


@service.corrects(
    "StartExecution",
    gap="gives an execution without a name the name None",
    owner=StepFunctionsParserBackend,
)
def start_execution(
    original: Original,
    backend: StepFunctionsParserBackend,
    state_machine_arn: str,
    name: str | None,
    *others: Any,
    **more: Any,
) -> Any:
    """AWS gives it a UUID."""
    return original(backend, state_machine_arn, name or str(uuid.uuid4()), *others, **more)


@service.corrects(
    "StartExecution",
    gap="has the start in the context object as no text, which no request takes",
    owner=Execution,
    method="get_start_execution_details",
)
def details_of_start(original: Original, execution: Execution) -> Any:
    """AWS has it in ISO 8601."""
    details = original(execution)
    if isinstance(details.start_time, datetime):
        started = details.start_time.astimezone(UTC).isoformat(timespec="milliseconds")
        details.start_time = started.replace("+00:00", "Z")
    return details


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
