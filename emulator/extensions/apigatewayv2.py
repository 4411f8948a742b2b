"""API Gateway, HTTP APIs: stages that change, and domains with an address."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from moto.apigateway import urls
from moto.apigateway.models import apigateway_backends
from moto.apigatewayv2.exceptions import APIGatewayV2Error, BadRequestException
from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, DomainName, Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import iso_8601_datetime_without_milliseconds

from .registry import Service

service = Service("apigatewayv2", ApiGatewayV2Response)

Original = Callable[..., Any]

HOSTED_ZONE = "Z1UJRXOUMOOFQ8"
"""The zone of Regional domains of API Gateway in us-east-1. Source: AWS General Reference, API Gateway
endpoints."""


@service.adds("UpdateStage", gap="cannot be changed")
def update_stage(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS takes the fields that are given, and keeps the others."""
    stage = response.apigatewayv2_backend.get_stage(
        response.path.split("/")[-3], unquote(response.path.split("/")[-1])
    )
    given = json.loads(response.body)
    for name, attribute in (
        ("accessLogSettings", "access_log_settings"),
        ("autoDeploy", "auto_deploy"),
        ("clientCertificateId", "client_certificate_id"),
        ("defaultRouteSettings", "default_route_settings"),
        ("description", "description"),
        ("stageVariables", "stage_variables"),
    ):
        if name in given:
            setattr(stage, attribute, given[name])
    # One is added or changed; DeleteRouteSettings takes it away.
    stage.route_settings = {**stage.route_settings, **given.get("routeSettings", {})}
    stage.updated = datetime.now()
    return 200, {}, json.dumps(stage.to_json())


@service.prepares("DeleteRouteSettings", gap="has no route to it")
def add_routes() -> None:
    """AWS takes the settings of a route away, whose key holds a slash."""
    path = "{0}/v2/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)/routesettings/(?P<key>.+)$"
    urls.url_paths[path] = _delete_route_settings


def _delete_route_settings(request: Any, full_url: str, headers: Any) -> TYPE_RESPONSE:
    response = ApiGatewayV2Response()
    response.setup_class(request, full_url, headers)
    before, _, key = unquote(urlsplit(full_url).path).partition("/routesettings/")
    _, api, _, stage = before.rsplit("/", 3)
    held = response.apigatewayv2_backend.get_stage(api, stage)
    if key not in held.route_settings:
        raise BadRequestException(f"Unable to find route settings of {key}")
    held.route_settings = {name: each for name, each in held.route_settings.items() if name != key}
    return 204, {}, ""


@service.prepares("TagResource", gap="has no route to tags of stages and domains")
def add_tags() -> None:
    """AWS has tags by ARN, which holds slashes."""
    urls.url_paths["{0}/v2/tags/arn:(?P<arn>.+)$"] = ApiGatewayV2Response.dispatch


def _tagged(backend: ApiGatewayV2Backend, arn: str) -> Any:
    """The stage or the domain that an ARN is of; None for what keeps its tags by ARN."""
    kind, _, rest = arn.partition("::/")[2].partition("/")
    if kind == "domainnames":
        return backend.get_domain_name(rest)
    api, _, stage = rest.partition("/stages/")
    return backend.get_stage(api, stage) if stage else None


@service.corrects("TagResource", gap="tags neither stages nor domains", owner=ApiGatewayV2Backend)
def tag_resource(
    original: Original, backend: ApiGatewayV2Backend, resource_arn: str, tags: dict[str, str]
) -> None:
    """AWS adds tags to stages and domains too."""
    held = _tagged(backend, resource_arn)
    if held is None:
        original(backend, resource_arn, tags)
    else:
        held.tags = {**(held.tags or {}), **tags}


@service.corrects(
    "UntagResource", gap="takes tags of neither stages nor domains away", owner=ApiGatewayV2Backend
)
def untag_resource(
    original: Original, backend: ApiGatewayV2Backend, resource_arn: str, tag_keys: list[str]
) -> None:
    """AWS takes tags of stages and domains away too."""
    held = _tagged(backend, resource_arn)
    if held is None:
        original(backend, resource_arn, tag_keys)
    else:
        held.tags = {key: tag for key, tag in (held.tags or {}).items() if key not in tag_keys}


@service.corrects(
    "GetTags", gap="answers tags of neither stages nor domains", owner=ApiGatewayV2Backend
)
def get_tags(original: Original, backend: ApiGatewayV2Backend, resource_id: str) -> dict[str, str]:
    """AWS answers tags of stages and domains too."""
    held = _tagged(backend, resource_id)
    found: dict[str, str] = original(backend, resource_id) if held is None else held.tags or {}
    return dict(found)


def _deployments(response: ApiGatewayV2Response, api: str) -> list[dict[str, Any]]:
    """The last deployment of each stage that deploys by itself; without a route it fails."""
    held = response.apigatewayv2_backend.get_api(api)
    made = []
    for stage in held.stages.values():
        if not stage.auto_deploy:
            continue
        parts = [each.to_json() for each in (*held.routes.values(), *held.integrations.values())]
        deployment = {
            "autoDeployed": True,
            "createdDate": iso_8601_datetime_without_milliseconds(stage.updated),
            "deploymentId": _id(json.dumps([stage.name, parts], sort_keys=True, default=str)),
            "deploymentStatus": "DEPLOYED",
        }
        if not held.routes:
            deployment["deploymentStatus"] = "FAILED"
            deployment["deploymentStatusMessage"] = (
                "Unable to deploy API because at least one route is required in this API"
            )
        made.append(deployment)
    return made


@service.prepares("GetDeployments", gap="has no route to it")
def add_deployments() -> None:
    """AWS has the deployments of an API below it."""
    path = "{0}/v2/apis/(?P<api_id>[^/]+)/deployments/?$"
    urls.url_paths[path] = ApiGatewayV2Response.dispatch


@service.adds("GetDeployments", gap="missing")
def get_deployments(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS answers how each deployment ended, of a stage that deploys by itself too."""
    return 200, {}, json.dumps({"items": _deployments(response, response.path.split("/")[-2])})


@service.adds("GetAuthorizers", gap="missing")
def get_authorizers(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS lists the authorizers of an API."""
    api = response.apigatewayv2_backend.get_api(response.path.split("/")[-2])
    return 200, {}, json.dumps({"items": [each.to_json() for each in api.authorizers.values()]})


@service.corrects("GetApi", gap="answers CORS that was deleted", owner=Api, method="to_json")
def api_to_json(original: Original, api: Api) -> dict[str, Any]:
    """AWS answers no CORS of an API that has none."""
    answer: dict[str, Any] = original(api)
    if not answer.get("corsConfiguration"):
        answer.pop("corsConfiguration", None)
    return answer


@service.corrects(
    "GetStage",
    gap="answers no throttle where AWS answers 0 of what is left out",
    owner=Stage,
    method="to_json",
)
def stage_to_json(original: Original, stage: Stage) -> dict[str, Any]:
    """AWS takes a limit that is left out of settings that have another for 0, at which nothing passes."""
    answer: dict[str, Any] = original(stage)
    settings = answer.get("defaultRouteSettings") or {}
    limits = {"throttlingRateLimit", "throttlingBurstLimit"}
    if settings.keys() & limits:
        answer["defaultRouteSettings"] = {**dict.fromkeys(limits, 0), **settings}
    return answer


@service.corrects(
    "GetDomainName",
    gap="answers no status and no address of a domain",
    owner=DomainName,
    method="to_json",
)
def domain_to_json(original: Original, domain: DomainName) -> dict[str, Any]:
    """AWS answers the address that a record leads to, and that the domain is available."""
    answer: dict[str, Any] = original(domain)
    if not answer.get("mutualTlsAuthentication"):
        answer.pop("mutualTlsAuthentication", None)
    region = str(domain.domain_name_arn).split(":")[3]
    answer["domainNameConfigurations"] = [
        {
            "apiGatewayDomainName": f"d-{_id(domain.domain_name)}.execute-api.{region}.amazonaws.com",
            "domainNameStatus": "AVAILABLE",
            "hostedZoneId": HOSTED_ZONE,
            "ipAddressType": "ipv4",
            **each,
        }
        for each in domain.domain_name_configurations
    ]
    return answer


def _id(name: str) -> str:
    return f"{zlib.crc32(name.encode()):010x}"


@service.adds("UpdateDomainName", gap="cannot be changed")
def update_domain_name(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS takes another certificate and policy."""
    domain = response.apigatewayv2_backend.get_domain_name(unquote(response.path.split("/")[-1]))
    given = json.loads(response.body)
    if "domainNameConfigurations" in given:
        domain.domain_name_configurations = given["domainNameConfigurations"]
    return 200, {}, json.dumps(domain.to_json())


class TakenError(APIGatewayV2Error):  # type: ignore[misc]  # moto is not checked
    """What AWS says of a place that is taken."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


@service.corrects(
    "CreateApiMapping",
    gap="knows HTTP APIs alone, and takes a base path twice",
    owner=ApiGatewayV2Backend,
)
def create_api_mapping(original: Original, backend: ApiGatewayV2Backend, **given: Any) -> Any:
    """AWS maps REST APIs too, and has each base path of a domain once."""
    if any(
        each.domain_name == given["domain_name"]
        and (each.api_mapping_key or "") == (given["api_mapping_key"] or "")
        for each in backend.api_mappings.values()
    ):
        raise TakenError("ApiMapping key already exists for this domain name")
    rest = apigateway_backends[backend.account_id][backend.region_name].apis
    stranger = given["api_id"] in rest and given["api_id"] not in backend.apis
    if stranger:
        backend.apis[given["api_id"]] = rest[given["api_id"]]
    try:
        return original(backend, **given)
    finally:
        if stranger:
            del backend.apis[given["api_id"]]


@service.adds("UpdateApiMapping", gap="cannot be changed")
def update_api_mapping(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS takes another stage and base path, and answers the whole."""
    _, _, _, domain, _, mapping = unquote(response.path).split("/")
    held = response.apigatewayv2_backend.get_api_mapping(mapping, domain)
    given = json.loads(response.body)
    held.stage = given.get("stage", held.stage)
    held.api_mapping_key = given.get("apiMappingKey", held.api_mapping_key)
    return 200, {}, json.dumps(held.to_json())


@service.corrects("CreateIntegration", gap="takes any timeout, and AWS's own kinds for HTTP APIs")
def create_integration(original: Original, response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS takes 50 to 30,000 milliseconds, and two kinds of integrations for an HTTP API."""
    given = json.loads(response.body)
    _check_timeout(given)
    if given.get("integrationType") not in ("AWS_PROXY", "HTTP_PROXY"):
        api = response.apigatewayv2_backend.get_api(response.path.split("/")[-2])
        if api.protocol_type == "HTTP":
            raise BadRequestException(
                f"Invalid integration type {given.get('integrationType')} for HTTP APIs: "
                "AWS_PROXY and HTTP_PROXY are supported"
            )
    status, headers, body = original(response)
    return status, headers, body


@service.corrects("UpdateIntegration", gap="takes any timeout")
def update_integration(original: Original, response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """AWS takes 50 to 30,000 milliseconds."""
    _check_timeout(json.loads(response.body))
    status, headers, body = original(response)
    return status, headers, body


def _check_timeout(given: dict[str, Any]) -> None:
    timeout = given.get("timeoutInMillis")
    if timeout is not None and not 50 <= int(timeout) <= 30_000:
        raise BadRequestException("Timeout should be between 50 ms and 30000 ms")
