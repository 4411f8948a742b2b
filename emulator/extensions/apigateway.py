"""API Gateway, REST APIs: what is changed after its creation, in the patches that AWS takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.apigateway.exceptions import BadRequestException, ModelNotFound
from moto.apigateway.models import APIGatewayBackend, RestAPI, Stage, UsagePlan
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from .registry import Service
from .servicequotas import INTEGRATION_TIMEOUT, granted

service = Service("apigateway", APIGatewayResponse)

Original = Callable[..., Any]
Patch = dict[str, Any]


def _parts(path: str) -> list[str]:
    """The parts of a path of JSON Patch (RFC 6901): `~1` is a slash within one."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _patches(response: APIGatewayResponse) -> list[Patch]:
    return list(response._get_param("patchOperations") or [])


# REST APIs


@service.corrects("CreateRestApi", gap="loses binaryMediaTypes")
def create_rest_api(original: Original, response: APIGatewayResponse) -> TYPE_RESPONSE:
    """AWS keeps the types of bodies that are bytes."""
    status, headers, body = original(response)
    types = response._get_param("binaryMediaTypes")
    if status != 200 or not types:
        return status, headers, body
    api = response.backend.get_rest_api(json.loads(body)["id"])
    api.binaryMediaTypes = list(types)
    return status, headers, json.dumps(api.to_dict())


@service.corrects(
    "GetRestApi", gap="answers a policy without escaping it", owner=RestAPI, method="to_dict"
)
def rest_api_to_dict(original: Original, api: RestAPI) -> dict[str, Any]:
    """AWS answers the policy as a text within a text, which the provider unescapes."""
    answer: dict[str, Any] = original(api)
    if answer.get("policy"):
        answer["policy"] = json.dumps(answer["policy"])[1:-1]
    else:
        answer.pop("policy", None)
    return answer


@service.corrects(
    "UpdateRestApi",
    gap="turns the URL off whatever is said, and takes a binary type for a value",
    owner=RestAPI,
    method="apply_patch_operations",
)
def patch_rest_api(original: Original, api: RestAPI, patch_operations: list[Patch]) -> None:
    """AWS names a binary type in the path of a patch."""
    left = []
    for patch in patch_operations:
        kind, *rest = _parts(patch["path"])
        if kind == "binaryMediaTypes" and rest:
            held = [each for each in api.binaryMediaTypes if each != rest[0]]
            api.binaryMediaTypes = held if patch["op"] == "remove" else [*held, rest[0]]
        elif kind == "disableExecuteApiEndpoint":
            api.disableExecuteApiEndpoint = patch["value"] == "true"
        else:
            left.append(patch)
    original(api, left)


# Methods and what they call


def _method(response: APIGatewayResponse) -> Any:
    _, _, api, _, resource, _, method, *_ = response.path.split("/")
    return response.backend.get_method(api, resource, method)


def _set(values: dict[str, Any], patch: Patch, key: str) -> None:
    if patch["op"] == "remove":
        values.pop(key, None)
    else:
        values[key] = patch["value"]


_INTEGRATION = {
    "cacheNamespace": "cache_namespace",
    "connectionType": "connection_type",
    "contentHandling": "content_handling",
    "credentials": "credentials",
    "httpMethod": "http_method",
    "passthroughBehavior": "passthrough_behaviour",
    "uri": "uri",
}


@service.adds("UpdateIntegration", gap="cannot be changed")
def update_integration(response: APIGatewayResponse) -> str:
    """AWS takes a patch of each part, and answers the whole."""
    integration = _method(response).method_integration
    for patch in _patches(response):
        kind, *rest = _parts(patch["path"])
        if kind in ("requestParameters", "requestTemplates"):
            name = "request_parameters" if kind == "requestParameters" else "request_templates"
            values = dict(getattr(integration, name) or {})
            _set(values, patch, rest[0])
            setattr(integration, name, values)
        elif kind == "timeoutInMillis":
            _check_timeout(response, int(patch["value"]))
            integration.timeout_in_millis = int(patch["value"])
        elif kind in _INTEGRATION:
            value = patch.get("value") if patch["op"] != "remove" else None
            setattr(integration, _INTEGRATION[kind], value)
        else:
            raise _no_path(patch)
    return json.dumps(integration.to_json())


@service.corrects("PutIntegration", gap="takes any timeout")
def put_integration(original: Original, response: APIGatewayResponse) -> TYPE_RESPONSE:
    """AWS takes 50 to 29,000 milliseconds, more with another quota."""
    timeout = response._get_param("timeoutInMillis")
    if timeout is not None:
        _check_timeout(response, int(timeout))
    status, headers, body = original(response)
    return status, headers, body


def _check_timeout(response: APIGatewayResponse, timeout: int) -> None:
    most = int(granted(response.current_account, response.region, INTEGRATION_TIMEOUT))
    if not 50 <= timeout <= most:
        raise BadRequestException(f"Timeout should be between 50 ms and {most} ms")


def _no_path(patch: Patch) -> BadRequestException:
    return BadRequestException(
        f"Invalid patch path '{patch['path']}' specified for op '{patch['op']}'."
    )


@service.adds("UpdateMethod", gap="cannot be changed")
def update_method(response: APIGatewayResponse) -> str:
    """AWS takes a patch of each part, and answers the whole."""
    method = _method(response)
    names = {
        "authorizationType": "authorization_type",
        "authorizerId": "authorizer_id",
        "requestValidatorId": "request_validator_id",
    }
    for patch in _patches(response):
        kind, *rest = _parts(patch["path"])
        value = patch.get("value") if patch["op"] != "remove" else None
        if kind == "apiKeyRequired":
            method.api_key_required = value == "true"
        elif kind == "authorizationScopes":
            held = [each for each in method.authorization_scopes or [] if each != value]
            method.authorization_scopes = held if patch["op"] == "remove" else [*held, value]
        elif kind in ("requestModels", "requestParameters"):
            name = "request_models" if kind == "requestModels" else "request_parameters"
            values = dict(getattr(method, name) or {})
            _set(values, patch, rest[0])
            if kind == "requestParameters":
                values = {key: each in (True, "true") for key, each in values.items()}
            setattr(method, name, values)
        elif kind in names:
            setattr(method, names[kind], value)
        else:
            raise _no_path(patch)
    return json.dumps(method.to_json())


@service.adds("UpdateMethodResponse", gap="cannot be changed")
def update_method_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """AWS takes a patch of each header and model, and answers the whole."""
    answer = _method(response).get_response(response.path.rpartition("/")[2])
    for patch in _patches(response):
        kind, *rest = _parts(patch["path"])
        if kind not in ("responseModels", "responseParameters"):
            raise _no_path(patch)
        name = "response_models" if kind == "responseModels" else "response_parameters"
        values = dict(getattr(answer, name) or {})
        _set(values, patch, rest[0])
        if kind == "responseParameters":
            values = {key: each in (True, "true") for key, each in values.items()}
        setattr(answer, name, values)
    return 201, {"status": 201}, json.dumps(answer.to_json())


@service.adds("UpdateModel", gap="cannot be changed")
def update_model(response: APIGatewayResponse) -> str:
    """AWS takes another schema and description."""
    _, _, api, _, name = response.path.rstrip("/").split("/")
    model = response.backend.get_rest_api(api).models.get(name)
    if model is None:
        raise ModelNotFound
    for patch in _patches(response):
        kind = _parts(patch["path"])[0]
        if kind not in ("description", "schema"):
            raise _no_path(patch)
        setattr(model, kind, patch["value"])
    return json.dumps(model.to_json())


# Usage plans


@service.corrects(
    "UpdateUsagePlan",
    gap="makes texts of numbers, and loses throttles of routes",
    owner=UsagePlan,
    method="apply_patch_operations",
)
def patch_usage_plan(original: Original, plan: UsagePlan, patch_operations: list[Patch]) -> None:
    """AWS answers numbers, and keeps a throttle for each path and method of a stage."""
    left = []
    for patch in patch_operations:
        kind, *rest = _parts(patch["path"])
        if kind == "apiStages":
            _patch_stages(plan, patch, rest)
        elif kind in ("quota", "throttle") and rest and patch["op"] != "remove":
            value: Any = patch["value"]
            if rest[0] == "rateLimit":
                value = float(value)
            elif rest[0] != "period":
                value = int(value)
            getattr(plan, kind)[rest[0]] = value
        else:
            left.append(patch)
    original(plan, left)


def _patch_stages(plan: UsagePlan, patch: Patch, rest: list[str]) -> None:
    api, _, stage = (rest[0] if rest else patch["value"]).partition(":")
    held = [each for each in plan.api_stages if (each["apiId"], each["stage"]) == (api, stage)]
    if not rest:
        plan.api_stages = [each for each in plan.api_stages if each not in held]
        if patch["op"] == "add":
            plan.api_stages.append({"apiId": api, "stage": stage})
        return
    # Behind `throttle` the path of a route with its method, in one part or several, and a limit.
    *route, limit = [part.strip("/") for part in rest[2:] if part.strip("/")]
    for each in held:
        throttles = each.setdefault("throttle", {})
        if patch["op"] == "remove":
            throttles.pop(f"/{'/'.join([*route, limit])}", None)
        else:
            number = float(patch["value"]) if limit == "rateLimit" else int(patch["value"])
            throttles.setdefault(f"/{'/'.join(route)}", {})[limit] = number


@service.corrects(
    "DeleteApiKey",
    gap="leaves it in its plans",
    owner=APIGatewayBackend,
    method="delete_api_key",
)
def delete_api_key(original: Original, backend: APIGatewayBackend, api_key_id: str) -> None:
    """AWS takes a key out of its plans when it is deleted."""
    original(backend, api_key_id)
    for held in backend.usage_plan_keys.values():
        held.pop(api_key_id, None)


# Stages


@service.corrects(
    "UpdateStage",
    gap="knows settings of no method below the first part of a path, and takes none away",
    owner=Stage,
    method="apply_operations",
)
def patch_stage(original: Original, stage: Stage, patch_operations: list[Patch]) -> Stage:
    """AWS has settings by the path of a method, however many parts that has."""
    left = []
    for patch in patch_operations:
        parts = [part.strip("/") for part in _parts(patch["path"])]
        setting = "/".join(parts[-2:])
        if patch["op"] == "remove" and patch["path"] != "/accessLogSettings":
            stage.method_settings.pop("/".join(parts), None)
        elif stage._method_settings_translations(setting) and len(parts) > 2:
            stage._patch_method_setting("/".join(parts[:-2]), setting, patch["value"])
        else:
            left.append(patch)
    return original(stage, left)
