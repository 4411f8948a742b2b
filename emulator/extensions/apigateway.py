"""API Gateway, REST APIs: what is changed after its creation, in the patches that AWS takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls
from moto.apigateway.exceptions import (
    BadRequestException,
    ConflictException,
    ModelNotFound,
    NotFoundException,
)
from moto.apigateway.models import (
    APIGatewayBackend,
    Authorizer,
    Deployment,
    Integration,
    RestAPI,
    Stage,
    UsagePlan,
    VpcLink,
)
from moto.apigateway.responses import APIGatewayResponse
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.core.common_types import TYPE_RESPONSE

from ..deployments import Served, references
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
    gap="turns the URL off whatever is said, takes a binary type for a value, and changes no endpoints",
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
        elif kind == "endpointConfiguration":
            _patch_endpoint(api, patch, rest[0])
        else:
            left.append(patch)
    original(api, left)


def _patch_endpoint(api: RestAPI, patch: Patch, key: str) -> None:
    """AWS replaces the type, and adds and removes endpoints."""
    config = {**(api.endpoint_configuration or {})}
    if patch["op"] == "replace":
        config[key] = [patch["value"]]
    else:
        held = [each for each in config.get(key) or [] if each != patch["value"]]
        config[key] = held if patch["op"] == "remove" else [*held, patch["value"]]
    api.endpoint_configuration = config


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
    "connectionId": "connection_id",
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


@service.corrects("GetIntegration", gap="loses connectionId", owner=Integration, method="to_json")
def integration_to_json(original: Original, integration: Integration) -> dict[str, Any]:
    """AWS answers the VPC link of an integration."""
    answer: dict[str, Any] = original(integration)
    link = getattr(integration, "connection_id", None)
    return answer if link is None else {**answer, "connectionId": link}


@service.corrects("PutIntegration", gap="takes any timeout, and loses connectionId")
def put_integration(original: Original, response: APIGatewayResponse) -> TYPE_RESPONSE:
    """AWS takes 50 to 29,000 milliseconds, more with another quota, and keeps the VPC link."""
    timeout = response._get_param("timeoutInMillis")
    if timeout is not None:
        _check_timeout(response, int(timeout))
    status, headers, body = original(response)
    if response._get_param("connectionType") == "VPC_LINK":
        made: Any = _method(response).method_integration
        made.connection_id = response._get_param("connectionId")
        return status, headers, json.dumps(made.to_json())
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
            scope, kept = patch["value"], method.authorization_scopes or []
            held = [each for each in kept if each != scope]
            method.authorization_scopes = held if patch["op"] == "remove" else [*held, scope]
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


@service.corrects(
    "UpdateAuthorizer",
    gap="changes no user pools",
    owner=Authorizer,
    method="apply_operations",
)
def patch_authorizer(
    original: Original, authorizer: Authorizer, patch_operations: list[Patch]
) -> Authorizer:
    """AWS adds user pools and takes them away, each by its ARN."""
    left = []
    for patch in patch_operations:
        if _parts(patch["path"])[0] != "providerARNs":
            left.append(patch)
            continue
        held = [each for each in authorizer.provider_arns or [] if each != patch["value"]]
        authorizer.provider_arns = held if patch["op"] == "remove" else [*held, patch["value"]]
    found = original(authorizer, left)
    assert isinstance(found, Authorizer)
    return found


def _methods(api: RestAPI) -> Iterator[tuple[str, str, Any]]:
    """The methods of an API, each with its path and verb."""
    for resource in api.resources.values():
        for verb, method in resource.resource_methods.items():
            yield resource.get_path(), verb, method


@service.corrects(
    "DeleteAuthorizer", gap="deletes one that a method names", owner=APIGatewayBackend
)
def delete_authorizer(
    original: Original, backend: APIGatewayBackend, restapi_id: str, authorizer_id: str
) -> None:
    """AWS keeps it (hashicorp/terraform-provider-aws #14812)."""
    api = backend.get_rest_api(restapi_id)
    for path, verb, method in _methods(api):
        if method.authorizer_id == authorizer_id:
            name = api.authorizers[authorizer_id].name
            raise ConflictException(
                f"Cannot delete authorizer '{name}', is referenced in method: {verb}/{path}"
            )
    original(backend, restapi_id, authorizer_id)


@service.corrects("DeleteModel", gap="deletes one that a method names", owner=APIGatewayBackend)
def delete_model(
    original: Original, backend: APIGatewayBackend, rest_api_id: str, model_name: str
) -> None:
    """AWS keeps it (amazon-archives/aws-apigateway-importer #144)."""
    for path, verb, method in _methods(backend.get_rest_api(rest_api_id)):
        if model_name in (method.request_models or {}).values():
            raise ConflictException(
                f"Cannot delete model '{model_name}', is referenced in method request: {path}/{verb}"
            )
    original(backend, rest_api_id, model_name)


# Deployments


@service.corrects(
    "CreateDeployment",
    gap="serves what is changed later too; has no id in a stack",
    owner=RestAPI,
    method="create_deployment",
)
def create_deployment(original: Original, api: RestAPI, *given: Any, **named: Any) -> Deployment:
    """AWS serves the API as it was when it was deployed."""
    made: Any = original(api, *given, **named)
    made.served = Served.of(api)
    made.physical_resource_id = made.id
    assert isinstance(made, Deployment)
    return made


@service.corrects("GetDeployment", gap="does not say what it serves")
def get_deployment(original: Original, response: APIGatewayResponse) -> TYPE_RESPONSE | str:
    """AWS tells the methods of each path where it is asked to embed them."""
    answer: Any = original(response)
    if "apisummary" not in (response.querystring or {}).get("embed", []):
        return answer
    _, _, api, _, deployment = response.path.rstrip("/").split("/")
    held: Any = response.backend.get_rest_api(api).deployments[deployment]
    summary = {
        path: {
            verb: {
                "authorizationType": method.authorization_type,
                "apiKeyRequired": str(method.api_key_required).lower() == "true",
            }
            for verb, method in methods.items()
        }
        for path, methods in held.served.methods.items()
        if methods
    }
    return json.dumps({**json.loads(answer), "apiSummary": summary})


@service.corrects(
    "DeleteDeployment", gap="deletes what a stage serves", owner=RestAPI, method="delete_deployment"
)
def delete_deployment(original: Original, api: RestAPI, deployment_id: str) -> Deployment:
    """AWS keeps a deployment that a stage points to."""
    if any(each.deployment_id == deployment_id for each in api.stages.values()):
        raise BadRequestException(
            "Active stages pointing to this deployment must be moved or deleted"
        )
    found = original(api, deployment_id)
    assert isinstance(found, Deployment)
    return found


# VPC links


@service.corrects("CreateVpcLink", gap="takes any target", owner=APIGatewayBackend)
def create_vpc_link(original: Original, backend: APIGatewayBackend, **given: Any) -> VpcLink:
    """AWS takes one target, and fails later where it is no Network Load Balancer."""
    from moto.elbv2.models import elbv2_backends

    targets = given["target_arns"] or []
    if len(targets) > 1:
        raise BadRequestException("More than one target arn specified for vpc link.")
    made: Any = original(backend, **given)
    made.tags = dict(given["tags"] or {})
    balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers
    if not any(arn in balancers and balancers[arn].type == "network" for arn in targets):
        made.status, made.status_message = "FAILED", "NLB ARN is malformed"
    assert isinstance(made, VpcLink)
    return made


@service.corrects("GetVpcLink", gap="does not say why one failed", owner=VpcLink, method="to_json")
def vpc_link_to_json(original: Original, link: VpcLink) -> dict[str, Any]:
    """AWS says why a link failed."""
    why = getattr(link, "status_message", None)
    return {**original(link), **({"statusMessage": why} if why else {})}


@service.corrects("DeleteVpcLink", gap="deletes one in use", owner=APIGatewayBackend)
def delete_vpc_link(original: Original, backend: APIGatewayBackend, vpc_link_id: str) -> None:
    """AWS keeps a link to which a stage refers."""
    if found := references(backend.apis.values(), vpc_link_id):
        raise BadRequestException(
            f"Cannot delete vpc link. Vpc link '{vpc_link_id}', is referenced in "
            f"[{', '.join(found)}] in format of [RESTApiId:Method:Resource:Stage]."
        )
    original(backend, vpc_link_id)


@service.adds("UpdateVpcLink", gap="cannot be changed")
def update_vpc_link(response: APIGatewayResponse) -> str:
    """AWS takes another name and description, and no other target."""
    link = response.backend.get_vpc_link(response.path.split("/")[-1])
    for patch in _patches(response):
        kind = _parts(patch["path"])[0]
        if kind == "targetArns":
            raise BadRequestException("Target arns are not allowed to be changed/added.")
        if kind not in ("name", "description"):
            raise _no_path(patch)
        setattr(link, kind, patch["value"])
    return json.dumps(link.to_json())


# Tags


@service.prepares("GetTags", gap="has no route to those of what has no stage")
def add_tags() -> None:
    """AWS has tags by ARN, which holds slashes."""
    urls.url_paths["{0}/tags/arn:(?P<arn>.+)$"] = APIGatewayResponse.dispatch


def _tagged(response: APIGatewayResponse) -> Any:
    """What the ARN of a request for tags is of."""
    kind, _, rest = unquote(response.path.split("/tags/")[1]).partition("::/")[2].partition("/")
    name, _, stage = rest.partition("/stages/")
    backend = response.backend
    if kind == "restapis":
        api = backend.get_rest_api(name)
        return api.stages[stage] if stage else api
    held: dict[str, dict[str, Any]] = {
        "apikeys": backend.keys,
        "usageplans": backend.usage_plans,
        "vpclinks": backend.vpc_links,
    }
    if name not in held.get(kind, {}):
        raise NotFoundException("Invalid resource identifier specified")
    return held[kind][name]


@service.corrects("GetTags", gap="knows tags of stages alone")
def get_tags(original: Original, response: APIGatewayResponse) -> str:
    """AWS has tags of APIs, stages, keys, usage plans and VPC links."""
    return json.dumps({"tags": dict(_tagged(response).tags or {})})


@service.corrects("TagResource", gap="knows tags of stages alone")
def tag_resource(original: Original, response: APIGatewayResponse) -> TYPE_RESPONSE:
    """AWS adds tags to APIs, stages, keys, usage plans and VPC links."""
    held = _tagged(response)
    held.tags = {**(held.tags or {}), **(response._get_param("tags") or {})}
    return 204, {"status": 204}, ""


@service.corrects("UntagResource", gap="knows tags of stages alone")
def untag_resource(original: Original, response: APIGatewayResponse) -> TYPE_RESPONSE:
    """AWS takes tags away from APIs, stages, keys, usage plans and VPC links."""
    held, gone = _tagged(response), {*(response.querystring or {}).get("tagKeys", [])}
    held.tags = {key: value for key, value in (held.tags or {}).items() if key not in gone}
    return 204, {"status": 204}, ""


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


@service.corrects("DeleteStage", gap="deletes one that a domain leads to", owner=APIGatewayBackend)
def delete_stage(
    original: Original, backend: APIGatewayBackend, function_id: str, stage_name: str
) -> None:
    """AWS keeps it (serverless/serverless #6251)."""
    held = apigatewayv2_backends[backend.account_id][backend.region_name].api_mappings.values()
    domains = sorted(
        each.domain_name for each in held if (each.api_id, each.stage) == (function_id, stage_name)
    )
    if domains:
        raise BadRequestException(
            f"Deleting stage {stage_name} failed. Please remove all base path mappings related to the "
            f"stage in your domains: {', '.join(domains)}"
        )
    original(backend, function_id, stage_name)


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
