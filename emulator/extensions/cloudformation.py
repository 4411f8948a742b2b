"""CloudFormation: stacks that take their time, fail and go back, as far as their resources do."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.cloudformation.parsing import OutputMap, get_model_map, parse_and_update_resource
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.responses import ActionResult, EmptyResult

from .. import components, stack_schemas
from .registry import Service

service = Service("cloudformation", CloudFormationResponse)

Original = Callable[..., Any]

_REFUSALS = (ServiceException, JsonRESTError)
"""What the services of a stack's resources refuse with."""

# Terraform makes ten stacks at once, and moto looks through all of them
_LOCK = threading.RLock()


_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def _alone(function: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    @functools.wraps(function)
    def locked(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
        with _LOCK:
            return function(*args, **kwargs)

    return locked


@dataclass(frozen=True, slots=True)
class _Before:
    """What a stack was before an update."""

    template: str
    parameters: dict[str, Any]
    tags: dict[str, str]


class TypeNotFoundError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """A resource type that the Region does not have."""

    code = "TypeNotFoundException"


class _ResourceError(Exception):
    """A resource that could not be made or changed."""

    def __init__(self, logical: str, reason: str) -> None:
        super().__init__(reason)
        self.logical = logical


@service.adds("DescribeType", gap="missing")
def describe_type(response: CloudFormationResponse) -> ActionResult:
    """AWS tells of the types that a Region has, and refuses others."""
    kind = response._get_param("TypeName")
    region = response.cloudformation_backend.region_name
    if not stack_schemas.is_known(str(kind), region):
        raise TypeNotFoundError(f"The type '{kind}' cannot be found.")
    return ActionResult(
        {
            "Arn": f"arn:aws:cloudformation:{region}::type/resource/{kind.replace('::', '-')}",
            "Type": "RESOURCE",
            "TypeName": kind,
            "Visibility": "PUBLIC",
            "ProvisioningType": "FULLY_MUTABLE",
            "DeprecatedStatus": "LIVE",
        }
    )


@service.corrects(
    "CreateStack",
    gap="refuses the request where a resource fails, and keeps a stack that never ends; ignores types "
    "that it does not have; knows no OnFailure and no ClientRequestToken",
)
@_alone
def create_stack(original: Original, response: CloudFormationResponse) -> ActionResult:
    """AWS answers at once; a resource that fails ends the stack as OnFailure says."""
    backend = response.cloudformation_backend
    body = response._get_param("TemplateBody") or response._get_stack_from_s3_url(
        response._get_param("TemplateURL")
    )
    _require_types(body, backend.region_name)
    _require_parameters(body, response._get_param("Parameters", []))
    result: ActionResult = original(response)
    stack: Any = backend.get_stack(result.result["StackId"])
    no_rollback = response._get_bool_param("DisableRollback", False)
    stack.on_failure = response._get_param("OnFailure") or (
        "DO_NOTHING" if no_rollback else "ROLLBACK"
    )
    stack.disable_rollback = no_rollback
    _begin(stack, response)
    return result


def _require_types(body: str, region: str) -> None:
    kinds = {
        each.get("Type") for each in (Stack.parse_template(body).get("Resources") or {}).values()
    }
    unknown = sorted(
        str(kind)
        for kind in kinds
        if not str(kind).startswith("Custom::") and not stack_schemas.is_known(str(kind), region)
    )
    if unknown:
        raise ValidationError(
            message=f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
        )
    lacking = sorted(
        kind
        for kind in kinds
        if kind not in get_model_map()
        and not kind.startswith(("Custom::", "AWS::CloudFormation::WaitCondition"))
    )
    if lacking:
        raise NotImplementedError(f"resources of type {', '.join(lacking)}")


def _require_parameters(body: str, given: list[dict[str, Any]]) -> None:
    declared = Stack.parse_template(body).get("Parameters") or {}
    unknown = sorted({each["ParameterKey"] for each in given} - declared.keys())
    if unknown:
        raise ValidationError(
            message=f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )


def _begin(stack: Any, response: CloudFormationResponse) -> None:
    stack.token = response._get_param("ClientRequestToken")
    for event in stack.events:
        if event.client_request_token is None:
            event.client_request_token = stack.token


@service.corrects(
    "CreateStack", gap="ends with the error of a resource", owner=Stack, method="create_resources"
)
def create_resources(original: Original, stack: Any) -> None:
    """AWS makes resources one after the other; the stack is complete when all are."""
    stack.before, stack.trouble, stack.on_failure = None, None, "ROLLBACK"
    stack.token = stack.status_reason = None
    stack.status = "CREATE_IN_PROGRESS"
    stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)
    try:
        stack.resource_map.create(stack.template_dict)
    except _REFUSALS as error:
        made = stack.resource_map._parsed_resources
        logical = next(each for each in stack.template_dict["Resources"] if each not in made)
        stack.trouble = _ResourceError(logical, str(error.message))


@service.corrects(
    "UpdateStack",
    gap="takes an update that changes nothing, or of a stack that is busy",
)
@_alone
def update_stack(original: Original, response: CloudFormationResponse) -> ActionResult:
    """AWS refuses both, and what came before stands where the update fails."""
    backend = response.cloudformation_backend
    stack: Any = backend.get_stack(response._get_param("StackName"))
    _advance(backend, stack)
    if not stack.status.endswith("_COMPLETE") or stack.status in (
        "ROLLBACK_COMPLETE",
        "DELETE_COMPLETE",
    ):
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )
    body = response._get_param("TemplateBody") or stack.template
    _require_types(body, backend.region_name)
    tags = {each["Key"]: each["Value"] for each in response._get_param("Tags", [])}
    parameters = response._get_param("Parameters", [])
    _require_parameters(body, parameters)
    if (
        stack.has_template(body)
        and (not tags or tags == stack.tags)
        and not _changed_parameters(stack, parameters)
    ):
        raise ValidationError(message="No updates are to be performed.")
    result: ActionResult = original(response)
    _begin(stack, response)
    return result


@service.corrects(
    "UpdateStack", gap="takes no change of tags alone", method="_validate_different_update"
)
def differs(original: Original, *given: Any) -> None:
    """AWS takes one of tags alone; `update_stack` looks at all three."""


def _changed_parameters(stack: Any, given: list[dict[str, Any]]) -> bool:
    return any(
        each.get("ParameterValue") != stack.parameters.get(each["ParameterKey"])
        for each in given
        if not each.get("UsePreviousValue")
    )


@service.corrects(
    "UpdateStack",
    gap="is complete at once; keeps half an update where a resource fails; hands on no tags",
    owner=Stack,
    method="update",
)
def update(
    original: Original,
    stack: Any,
    template: str,
    role_arn: str | None = None,
    parameters: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> None:
    """AWS changes resources one after the other, and goes back where one fails."""
    stack._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
    stack.before = _Before(stack.template, stack.parameters, stack.tags)
    stack.status, stack.status_reason, stack.trouble = "UPDATE_IN_PROGRESS", None, None
    stack.role_arn = role_arn
    stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)
    try:
        _change(
            stack, template, parameters or stack.parameters, stack.tags if tags is None else tags
        )
    except _ResourceError as error:
        stack.trouble = error


def _change(stack: Any, template: str, parameters: dict[str, Any], tags: dict[str, str]) -> None:
    resources = stack.resource_map
    old_tags, stack.tags = stack.tags, tags
    new = Stack.parse_template(template)
    difference = resources.build_resource_diff(new, parameters)
    removed = {name: resources._resource_json_map[name] for name in difference["Remove"]}
    modified = difference["Modify"]
    if tags != old_tags:
        modified += [
            name
            for name in new["Resources"]
            if name in resources._parsed_resources and name not in modified
        ]
    stack.template, stack.parameters = template, parameters
    stack._parse_template()
    resources._template, resources.input_parameters = new, parameters
    resources.resolved_parameters = {}
    resources.load_mapping()
    resources.load_parameters()
    resources.load_conditions()
    resources._resource_json_map = new["Resources"]
    for name in difference["Add"]:
        with _naming(name):
            _ = resources[name]
    for name in modified:
        with _naming(name):
            changed = parse_and_update_resource(
                name,
                resources._resource_json_map[name],
                resources,
                account_id=stack.account_id,
                region_name=stack.region_name,
            )
            if changed is not None:
                resources._parsed_resources[name] = changed
    # what is no longer declared goes last, as AWS cleans up
    for name, declared in removed.items():
        gone = resources._parsed_resources.pop(name, None)
        if gone is not None and declared.get("DeletionPolicy") != "Retain":
            with _naming(name):
                resources._delete_resource(gone, declared)


@contextmanager
def _naming(logical: str) -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        raise _ResourceError(logical, str(error.message)) from error


@service.corrects(
    "DescribeStacks",
    gap="answers a parameter that is a list as a list",
    owner=Stack,
    method="parameter_list",
)
def parameters_of(original: Original, stack: Any) -> list[dict[str, Any]]:
    """AWS answers each parameter as it was given."""
    return [
        {**each, "ParameterValue": ",".join(map(str, value))}
        if isinstance(value := each["ParameterValue"], list)
        else each
        for each in original(stack)
    ]


@service.corrects(
    "DescribeStacks",
    gap="never ends a stack that waits for a resource",
    owner=CloudFormationBackend,
)
@_alone
def describe_stacks(
    original: Original, backend: CloudFormationBackend, name_or_stack_id: str
) -> list[Stack]:
    """AWS continues with what it has begun; here every answer takes it on."""
    for stack in [*backend.stacks.values()]:
        if name_or_stack_id in (None, "", stack.name, stack.stack_id):
            _advance(backend, stack)
    found: list[Stack] = original(backend, name_or_stack_id)
    return found


def _advance(backend: CloudFormationBackend, stack: Any) -> None:
    if stack.status not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
        return
    creating = stack.status == "CREATE_IN_PROGRESS"
    trouble = stack.trouble
    for logical, resource in _components(stack):
        resource.advance()
        if trouble is None and resource.status == "Failed":
            trouble = _ResourceError(logical, resource.failure_reason)
        elif trouble is None and not creating and resource.update_failure:
            trouble = _ResourceError(logical, resource.update_failure)
    if trouble is not None:
        _fail(backend, stack, trouble)
    elif all(each.is_created() for _, each in _components(stack)):
        _end(stack, "CREATE_COMPLETE" if creating else "UPDATE_COMPLETE")


def _components(stack: Any) -> list[tuple[str, components.InferenceComponent]]:
    return [
        (logical, each)
        for logical, each in stack.resource_map._parsed_resources.items()
        if isinstance(each, components.InferenceComponent)
    ]


def _fail(backend: CloudFormationBackend, stack: Any, trouble: _ResourceError) -> None:
    creating = stack.status == "CREATE_IN_PROGRESS"
    verb = "CREATE" if creating else "UPDATE"
    if any(each.status == "Updating" for _, each in _components(stack)):
        return  # it goes back when all of them stand still
    _note(stack, trouble.logical, f"{verb}_FAILED", str(trouble))
    reason = f"The following resource(s) failed to {verb.lower()}: [{trouble.logical}]. "
    if not creating:
        _go_back(stack, reason)
        return
    if stack.on_failure == "DO_NOTHING":
        _end(stack, "CREATE_FAILED", reason)
        return
    deletes = stack.on_failure == "DELETE"
    doing, done = ("DELETE", "DELETE") if deletes else ("ROLLBACK", "ROLLBACK")
    _note(
        stack,
        "",
        f"{doing}_IN_PROGRESS",
        f"{reason}{'Delete' if deletes else 'Rollback'} requested by user.",
    )
    try:
        _delete_resources(stack)
    except _REFUSALS as error:
        _end(stack, f"{done}_FAILED", str(error.message))
        return
    _end(stack, f"{done}_COMPLETE", reason)
    if deletes:
        backend.stacks.pop(stack.stack_id)
        backend.deleted_stacks[stack.stack_id] = stack


def _go_back(stack: Any, reason: str) -> None:
    before = stack.before
    _note(stack, "", "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    try:
        _change(stack, before.template, before.parameters, before.tags)
    except _ResourceError as error:
        _note(stack, error.logical, "UPDATE_FAILED", str(error))
        _end(stack, "UPDATE_ROLLBACK_FAILED", reason)
        return
    _end(stack, "UPDATE_ROLLBACK_COMPLETE", reason)


def _end(stack: Any, status: str, reason: str | None = None) -> None:
    stack.status, stack.status_reason, stack.trouble = status, reason, None
    # moto makes a resource that an output asks for
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
        stack.output_map = OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)
    _note(stack, "", status, None)


def _note(stack: Any, logical: str, status: str, reason: str | None) -> None:
    """Note an event of one resource, or of the stack where none is named."""
    resource = stack.resource_map._parsed_resources.get(logical) if logical else None
    declared = (stack.template_dict.get("Resources") or {}).get(logical, {})
    event: Any = Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=logical or stack.name,
        physical_resource_id=getattr(resource, "physical_resource_id", "")
        if logical
        else stack.stack_id,
        resource_type=declared.get("Type", "AWS::CloudFormation::Stack"),
        resource_status=status,
        resource_status_reason=reason,
        resource_properties=None,
    )
    event.client_request_token = stack.token
    stack.events.append(event)


def _delete_resources(stack: Any) -> None:
    resources = stack.resource_map
    made = [name for name in resources._parsed_resources if name in resources._resource_json_map]
    # what was made last may depend on what was made first
    for name in reversed(made):
        declared = resources._resource_json_map[name]
        if declared.get("DeletionPolicy") == "Retain":
            continue
        resource = resources._parsed_resources[name]
        if resource is not None:
            resources._delete_resource(resource, declared)
        del resources._parsed_resources[name]


@service.corrects(
    "DeleteStack",
    gap="forgets a stack that it could not delete; deletes one with termination protection",
)
@_alone
def delete_stack(original: Original, response: CloudFormationResponse) -> EmptyResult:
    """AWS keeps it in DELETE_FAILED, with the reason."""
    backend = response.cloudformation_backend
    name = response._get_param("StackName")
    stack: Any = next(
        (each for each in backend.stacks.values() if name in (each.name, each.stack_id)), None
    )
    if stack is None:
        return EmptyResult()
    if stack.enable_termination_protection:
        raise ValidationError(
            message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    stack.token = response._get_param("ClientRequestToken")
    exports = [each.name for each in stack.exports]
    _note(stack, "", "DELETE_IN_PROGRESS", "User Initiated")
    try:
        _delete_resources(stack)
    except _REFUSALS as error:
        logical = list(stack.resource_map._parsed_resources)[-1]
        _note(stack, logical, "DELETE_FAILED", str(error.message))
        _end(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{logical}]. ")
        return EmptyResult()
    _end(stack, "DELETE_COMPLETE")
    backend.stacks.pop(stack.stack_id)
    backend.deleted_stacks[stack.stack_id] = stack
    for each in exports:
        backend.exports.pop(each, None)
    return EmptyResult()
