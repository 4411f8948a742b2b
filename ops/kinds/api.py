"""HTTP APIs and REST APIs: what they serve, who may call, their stages, domains and usage plans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from inferform.usage import Usage, by_use, exactly

from ..aws import Aws
from ..checks import check
from ..plan import Action, Change, Plan, Side, dig
from ..told import RiskRule, Severity, Story
from .alb import certificate
from .api_deployments import route_of
from .api_verify import (
    DomainVerifier,
    HttpApiVerifier,
    LinkVerifier,
    RestApiVerifier,
    RestLinkVerifier,
)
from .finding import given, paged, pairs
from .policies import any_account, lets, resource_policy
from .prices import products
from .reasons import part, resource
from .record import Existing, Finding, Found, Not, Teller, Values, risk
from .risks import NET2, SEC1, protection
from .stories import name_of, story_of, told_when_gone
from .synthesis import Resource, Synthesis
from .untold import hidden
from .weaker import NET4, changes
from .words import PAST, some

# Finding


def _rest(aws: Aws) -> Any:
    return aws.any_client("apigateway")


def _http(aws: Aws) -> Any:
    return aws.any_client("apigatewayv2")


def _rest_tags(aws: Aws, api: str) -> dict[str, str]:
    """The tags of a REST API, which what belongs to it has none of."""
    return dict(_rest(aws).get_rest_api(restApiId=api).get("tags", {}))


def _http_tags(aws: Aws, api: str) -> dict[str, str]:
    return dict(_http(aws).get_api(ApiId=api).get("Tags", {}))


def _rest_api(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for page in _rest(aws).get_paginator("get_rest_apis").paginate():
        for found in page["items"]:
            if found["name"] == name:
                yield Existing(found["id"], dict(found.get("tags", {})))


def _resource(aws: Aws, values: Values) -> Iterator[Existing]:
    api, parent, last = (given(values, key) for key in ("rest_api_id", "parent_id", "path_part"))
    for page in _rest(aws).get_paginator("get_resources").paginate(restApiId=api):
        for found in page["items"]:
            if (found.get("parentId"), found.get("pathPart")) == (parent, last):
                yield Existing(f"{api}/{found['id']}", _rest_tags(aws, api))


def _place(values: Values) -> tuple[str, str, str]:
    """The API, resource and method that something belongs to."""
    api, held, method = (
        given(values, key) for key in ("rest_api_id", "resource_id", "http_method")
    )
    return api, held, method


def _method(aws: Aws, values: Values) -> Iterator[Existing]:
    api, held, method = _place(values)
    _rest(aws).get_method(restApiId=api, resourceId=held, httpMethod=method)
    yield Existing(f"{api}/{held}/{method}", _rest_tags(aws, api))


def _answer(aws: Aws, values: Values) -> Iterator[Existing]:
    api, held, method = _place(values)
    status = given(values, "status_code")
    _rest(aws).get_method_response(
        restApiId=api, resourceId=held, httpMethod=method, statusCode=status
    )
    yield Existing(f"{api}/{held}/{method}/{status}", _rest_tags(aws, api))


def _model(aws: Aws, values: Values) -> Iterator[Existing]:
    api, name = given(values, "rest_api_id"), given(values, "name")
    _rest(aws).get_model(restApiId=api, modelName=name)
    yield Existing(f"{api}/{name}", _rest_tags(aws, api))


def _rest_authorizer(aws: Aws, values: Values) -> Iterator[Existing]:
    api, name = given(values, "rest_api_id"), given(values, "name")
    for page in _rest(aws).get_paginator("get_authorizers").paginate(restApiId=api):
        for found in page["items"]:
            if found["name"] == name:
                yield Existing(f"{api}/{found['id']}", _rest_tags(aws, api))


def _validator(aws: Aws, values: Values) -> Iterator[Existing]:
    api, name = given(values, "rest_api_id"), given(values, "name")
    for page in _rest(aws).get_paginator("get_request_validators").paginate(restApiId=api):
        for found in page["items"]:
            if found["name"] == name:
                yield Existing(f"{api}/{found['id']}", _rest_tags(aws, api))


def _rest_stage(aws: Aws, values: Values) -> Iterator[Existing]:
    api, name = given(values, "rest_api_id"), given(values, "stage_name")
    found = _rest(aws).get_stage(restApiId=api, stageName=name)
    yield Existing(f"{api}/{name}", dict(found.get("tags", {})))


def _plan(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for page in _rest(aws).get_paginator("get_usage_plans").paginate():
        for found in page["items"]:
            if found["name"] == name:
                yield Existing(found["id"], dict(found.get("tags", {})))


def _named(items: Iterable[Mapping[str, Any]], name: str, key: str) -> Iterator[Existing]:
    for found in items:
        if found["Name"] == name:
            yield Existing(str(found[key]), dict(found.get("Tags", {})))


def _http_api(aws: Aws, values: Values) -> Iterator[Existing]:
    pages = _http(aws).get_paginator("get_apis").paginate()
    items = [found for page in pages for found in page["Items"]]
    yield from _named(items, given(values, "name"), "ApiId")


def _link(aws: Aws, values: Values) -> Iterator[Existing]:
    items = paged(_http(aws).get_vpc_links, "Items")
    yield from _named(items, given(values, "name"), "VpcLinkId")


def _rest_link(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for page in _rest(aws).get_paginator("get_vpc_links").paginate():
        for found in page["items"]:
            if found["name"] == name:
                status = "CREATING" if found["status"] == "PENDING" else ""
                yield Existing(found["id"], dict(found.get("tags", {})), status)


def _http_authorizer(aws: Aws, values: Values) -> Iterator[Existing]:
    api, name = given(values, "api_id"), given(values, "name")
    pages = _http(aws).get_paginator("get_authorizers").paginate(ApiId=api)
    for found in (found for page in pages for found in page["Items"]):
        if found["Name"] == name:
            yield Existing(f"{api}/{found['AuthorizerId']}", _http_tags(aws, api))


def _route(aws: Aws, values: Values) -> Iterator[Existing]:
    api, key = given(values, "api_id"), given(values, "route_key")
    pages = _http(aws).get_paginator("get_routes").paginate(ApiId=api)
    for found in (found for page in pages for found in page["Items"]):
        if found["RouteKey"] == key:
            yield Existing(f"{api}/{found['RouteId']}", _http_tags(aws, api))


def _http_stage(aws: Aws, values: Values) -> Iterator[Existing]:
    api, name = given(values, "api_id"), given(values, "name")
    found = _http(aws).get_stage(ApiId=api, StageName=name)
    yield Existing(f"{api}/{name}", dict(found.get("Tags", {})))


def _domain(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "domain_name")
    found = _http(aws).get_domain_name(DomainName=name)
    yield Existing(name, dict(found.get("Tags", {})))


def _mapping(aws: Aws, values: Values) -> Iterator[Existing]:
    domain, key = given(values, "domain_name"), str(values.get("api_mapping_key") or "")
    tags = dict(_http(aws).get_domain_name(DomainName=domain).get("Tags", {}))
    for found in paged(_http(aws).get_api_mappings, "Items", DomainName=domain):
        if (found.get("ApiMappingKey") or "") == key:
            yield Existing(f"{found['ApiMappingId']}/{domain}", tags)


def _web_acl(aws: Aws, values: Values) -> Iterator[Existing]:
    name, waf = given(values, "name"), aws.any_client("wafv2")
    for found in paged(waf.list_web_acls, "WebACLs", "NextMarker", Scope="REGIONAL"):
        if found["Name"] == name:
            tags = waf.list_tags_for_resource(ResourceARN=found["ARN"])
            held = pairs(tags.get("TagInfoForResource", {}).get("TagList", ()))
            yield Existing(f"{found['Id']}/{name}/REGIONAL", held)


def _permission(aws: Aws, values: Values) -> Iterator[Existing]:
    name, alias, sid = (
        given(values, key) for key in ("function_name", "qualifier", "statement_id")
    )
    functions = aws.any_client("lambda")
    policy = json.loads(functions.get_policy(FunctionName=name, Qualifier=alias)["Policy"])
    if any(each.get("Sid") == sid for each in policy["Statement"]):
        arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
        tags = dict(functions.list_tags(Resource=arn).get("Tags", {}))
        # It has no tags, and its function is of another layer.
        own = aws.context.is_own(tags)
        yield Existing(f"{name}:{alias}/{sid}", tags, own_name=own)


# Cost


def _requests(key: str) -> Any:
    def uses(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
        """Its requests, of which nobody knows how many there will be."""
        yield by_use(name_of(change, "name"), key)

    return uses


def _cache_hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The cache of a stage, which is paid for by its size around the clock; a stage itself is free."""
    values = change.at(side)
    if values.get("cache_cluster_enabled"):
        name = f"cache of {values.get('stage_name') or change.name}"
        size = values.get("cache_cluster_size") or "size not told"
        yield Usage(name, f"apigateway/cache/{size}", exactly(1))


def _acl_hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A web ACL, its rules and the requests that it sees, of which nobody knows how many there will be."""
    name = name_of(change, "name")
    yield by_use(name, "waf/request")
    yield Usage(name, "waf/web-acl", exactly(1))
    rules = change.at(side).get("rule")
    yield Usage(name, "waf/rule", exactly(len(rules)) if isinstance(rules, list) else None)


PRICES = (
    products("awswaf", r"WebACLV2", "waf/web-acl", unit="month"),
    products("awswaf", r"RuleV2", "waf/rule", unit="month"),
)
UNLISTED_PRICES = {
    r"apigateway/cache/.+": "a cache is priced by its size; see aws.amazon.com/api-gateway/pricing",
    r"(apigateway/.*-|waf/)request": "requests are billed by use, of which a plan does not know how many",
}

# Review

API1 = RiskRule(
    "API1",
    Severity.CRITICAL,
    "an API is called by everybody, without authorization",
    advice="let callers sign (AWS_IAM) or bring a token; an API key counts requests and authorizes nobody",
)
API2 = RiskRule(
    "API2",
    Severity.HIGH,
    "a throttle of an API is lifted, or set to 0",
    advice="write both limits of the throttle: without them the account's own limits hold for all APIs of "
    "the Region together, and at 0 every request gets 429",
)


def _opened(attribute: str) -> Any:
    @risk(API1)
    def opened(plan: Plan, change: Change) -> Iterator[Found]:
        before, after = change.both(attribute)
        if not change.is_written or hidden(change, attribute):
            return
        # What browsers ask before they call has no credentials, and no model behind it.
        if change.after.get("http_method") == "OPTIONS" or after != "NONE" or before == "NONE":
            return
        yield "is called without authorization" + (f" (was {before})" if before else "")

    return opened


_LIMITS = ("throttling_rate_limit", "throttling_burst_limit")


def _lifted(block: str) -> Any:
    @risk(API2)
    def lifted(plan: Plan, change: Change) -> Iterator[Found]:
        if not change.is_written or hidden(change, block):
            return
        for limit in _LIMITS:
            before, after = change.both(block, 0, limit)
            words = limit.removeprefix("throttling_").replace("_", " ")
            if change.is_unknown(block) or change.is_unknown(block, 0, limit):
                continue
            if after == 0:
                yield f"sets the {words} to 0, at which every request gets 429"
            elif (after is None or after < 0) and isinstance(before, int | float) and before > 0:
                yield f"takes the {words} of {before:g} away"

    return lifted


@risk(API2)
def _unthrottled(plan: Plan, change: Change) -> Iterator[Found]:
    """The settings of a stage's methods that go, and not their stage."""
    if change.action is Action.DELETE and not any(
        other.action is Action.DELETE for other in plan.of_type("aws_api_gateway_stage")
    ):
        yield f"takes the throttle of {change.before.get('method_path')} away"


@risk(NET2)
def _published(plan: Plan, change: Change) -> Iterator[Found]:
    path = ("endpoint_configuration", 0, "types", 0)
    before, after = change.both(*path)
    if changes(change) and before == "PRIVATE" and after not in (None, "PRIVATE"):
        yield f"becomes {after}, and is no longer reached from VPCs alone"


@risk(NET4)
def _url_off(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("disable_execute_api_endpoint")
    if changes(change) and after is True and before is not True:
        yield "is no longer reached by the URL that API Gateway gives it, but by its domain alone"


@risk(NET4)
def _route_gone(plan: Plan, route: Change) -> Iterator[Found]:
    key = route.before.get("route_key")
    again = any(
        other is not route and other.exists_after and other.after.get("route_key") == key
        for other in plan.of_type(route.type)
    )
    if route.action is Action.DELETE and not again:
        yield f"is deleted, so callers of {key} get 404"
    elif changes(route) and key != route.after.get("route_key"):
        yield f"is {route.after.get('route_key')} now (was {key})"


@risk(NET4)
def _method_gone(plan: Plan, method: Change) -> Iterator[Found]:
    """A method that goes while its API stays."""
    kept = not any(
        other.action is Action.DELETE for other in plan.of_type("aws_api_gateway_rest_api")
    )
    if method.action is Action.DELETE and kept and method.before.get("http_method") != "OPTIONS":
        yield f"is deleted, so callers of {route_of(plan, method)} get 403"


@risk(NET4)
def _moved(plan: Plan, mapping: Change) -> Iterator[Found]:
    domain = mapping.before.get("domain_name")
    key = mapping.before.get("api_mapping_key") or "/"
    if mapping.action is Action.DELETE:
        yield f"is deleted, so {domain} leads nowhere at {key}"
    elif changes(mapping):
        for attribute in ("api_id", "stage", "domain_name", "api_mapping_key"):
            before, after = mapping.both(attribute)
            if before != after and not hidden(mapping, attribute):
                shown = "another one" if after is None else after
                yield f"moves {domain} at {key}: {attribute} is {shown} (was {before})"


@risk(NET4)
def _domain_gone(plan: Plan, domain: Change) -> Iterator[Found]:
    if domain.action in (Action.DELETE, Action.REPLACE):
        yield f"is {PAST[domain.action]}, so {domain.before.get('domain_name')} answers nothing"


@risk(SEC1)
def _rules_gone(plan: Plan, acl: Change) -> Iterator[Found]:
    """Rules that a web ACL loses."""
    if not changes(acl) or hidden(acl, "rule"):
        return
    before, after = (
        {str(rule.get("name")) for rule in side.get("rule") or () if isinstance(rule, dict)}
        for side in (acl.before, acl.after)
    )
    if lost := sorted(before - after):
        yield f"loses the rules {some(lost)}"


def _api_story(words: str) -> Teller:
    def tell(plan: Plan, change: Change) -> Iterator[Story]:
        """An API, whose URL changes once it is replaced."""
        if not change.is_shown:
            return
        gone = change.action in (Action.DELETE, Action.REPLACE)
        interrupted = "every request to it" if gone else ""
        if change.action is Action.REPLACE:
            interrupted += (
                ", until callers know the new URL; keys are to be added to its plans again"
            )
        yield story_of(change, words, name_of(change, "name"), interrupted)

    return tell


def _gone(words: str, attribute: str, interrupted: str) -> Teller:
    """What requests need on their way, once it goes; a change of it is the API's to tell."""
    return told_when_gone(words, interrupted, attribute, comes_back=True)


# Preflight

TIMEOUT = check(
    "PRE40",
    "integration timeout",
    command="preflight",
    why="API Gateway refuses a timeout of a REST API above the account's quota, in the middle of an apply",
    fix="ask for more in Service Quotas (Amazon API Gateway, Maximum integration timeout in "
    "milliseconds), or write timeout_ms=29000",
    source="Amazon API Gateway developer guide, quotas",
)
LOG_ROLE = check(
    "PRE41",
    "log role",
    command="preflight",
    why="API Gateway writes logs of REST APIs by one role of the account and Region; without it a stage "
    "with a log is refused, and a second owner takes it from the first",
    fix="let one environment of the account and Region make it: Apis(log_role=True)",
    source="Amazon API Gateway developer guide, CloudWatch logging for REST APIs",
)

_TIMEOUT_QUOTA = "Maximum integration timeout in milliseconds"
_DEFAULT_TIMEOUT = 29_000


def _timeouts(synthesis: Synthesis, integrations: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the account's quota allows the longest timeout."""
    longest = max(int(each.values.get("timeout_milliseconds") or 0) for each in integrations)
    if longest <= _DEFAULT_TIMEOUT:
        return
    pages = synthesis.aws.client("service-quotas").get_paginator("list_service_quotas")
    found = [
        quota["Value"]
        for page in pages.paginate(ServiceCode="apigateway")
        for quota in page["Quotas"]
        if quota["QuotaName"] == _TIMEOUT_QUOTA
    ]
    subject = f"{longest:,} ms"
    if not found:
        yield Finding(TIMEOUT, subject, "skipped", "Service Quotas does not tell the quota")
    elif found[0] < longest:
        yield Finding(TIMEOUT, subject, "failed", f"the quota is {found[0]:,.0f} ms", TIMEOUT.fix)
    else:
        yield Finding(TIMEOUT, subject, "passed", f"the quota is {found[0]:,.0f} ms")


def _log_role(synthesis: Synthesis, stages: Sequence[Resource]) -> Iterator[Finding]:
    """Whether API Gateway has a role to write logs with, and whose it is."""
    region = synthesis.context.region
    role = str(_rest(synthesis.aws).get_account().get("cloudwatchRoleArn") or "")
    makes = bool(synthesis.of("aws_api_gateway_account"))
    own = synthesis.makes_role(role.rpartition("/")[2]) if role else False
    if makes and role and not own:
        fix = "write Apis(log_role=False), as somebody else has made it"
        yield Finding(LOG_ROLE, region, "failed", f"is {role}, which the apply replaces", fix)
    elif not makes and not role:
        yield Finding(LOG_ROLE, region, "failed", "is not set", LOG_ROLE.fix)
    else:
        yield Finding(LOG_ROLE, region, "passed", role or "is made by the apply")


def _certificates(synthesis: Synthesis, domains: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the certificates of domains are issued, in the environment's Region."""
    arns = {
        str(dig(each.values, "domain_name_configuration", "certificate_arn") or "")
        for each in domains
    }
    for arn in sorted(arns):
        if arn.startswith("arn:"):
            yield certificate(synthesis, arn)


# Records


_SERVED = Not("its API is verified, by its stage and a request for each route")
_API_TOLD = Not("the deployment of its API is told, which serves it")

KINDS = (
    resource(
        "aws_api_gateway_rest_api",
        "REST API",
        _rest_api,
        name=Not("an account may have several REST APIs of one name"),
        outage=True,
        uses=_requests("apigateway/rest-request"),
        story=_api_story("REST API"),
        risks=(_published, _url_off, *resource_policy(computed=True)),
        verify=RestApiVerifier,
    ),
    resource(
        "aws_api_gateway_resource",
        "path of a REST API",
        _resource,
        name=Not("a path has each part once"),
        story=_API_TOLD,
        verify=_SERVED,
    ),
    resource(
        "aws_api_gateway_method",
        "method of a REST API",
        _method,
        name=Not("a path has each method once"),
        story=_API_TOLD,
        risks=(_opened("authorization"), _method_gone),
        verify=_SERVED,
    ),
    resource(
        "aws_api_gateway_integration",
        "call of a service by a REST API",
        Not("putting an integration takes the place of the one that is there"),
        name=Not("a method has one integration"),
        preflight=_timeouts,
        story=_API_TOLD,
        verify=_SERVED,
    ),
    resource(
        "aws_api_gateway_method_response",
        "answer of a REST API",
        _answer,
        name=Not("a method has each status once"),
        story=_API_TOLD,
        verify=_SERVED,
    ),
    part(
        "aws_api_gateway_integration_response",
        "answer of a service behind a REST API",
        "aws_api_gateway_method",
        "putting an answer takes the place of the one that is there",
    ),
    part(
        "aws_api_gateway_gateway_response",
        "refusal of a REST API",
        "aws_api_gateway_rest_api",
        "putting a refusal takes the place of the one that is there",
    ),
    resource(
        "aws_api_gateway_model",
        "schema of a REST API",
        _model,
        name=Not("an API has each name of a model once"),
        story=_API_TOLD,
        verify=_SERVED,
    ),
    resource(
        "aws_api_gateway_request_validator",
        "validator of a REST API",
        _validator,
        name=Not("an API may have several validators of one name"),
        story=_API_TOLD,
        verify=_SERVED,
    ),
    resource(
        "aws_api_gateway_authorizer",
        "authorizer of a REST API",
        _rest_authorizer,
        name=Not("an API has each name of an authorizer once"),
        story=_API_TOLD,
        verify=_SERVED,
    ),
    part(
        "aws_api_gateway_rest_api_policy",
        "policy of a REST API",
        "aws_api_gateway_rest_api",
        "putting a policy takes the place of the one that is there",
        risks=(protection("aws_api_gateway_rest_api", "rest_api_id"), *resource_policy()),
    ),
    resource(
        "aws_api_gateway_stage",
        "stage of a REST API",
        _rest_stage,
        name=Not("an API has each name of a stage once"),
        outage=True,
        preflight=_log_role,
        story=_gone("stage of a REST API", "stage_name", "every request to the stage"),
        settings={"access_log_settings": "access logs"},
        verify=_SERVED,
        uses=_cache_hours,
    ),
    resource(
        "aws_api_gateway_vpc_link",
        "VPC link of REST APIs",
        _rest_link,
        name=Not("an account may have several VPC links of one name"),
        outage=True,
        addresses=Not("it is an endpoint service, which takes no address of a subnet"),
        verify=RestLinkVerifier,
        story=_gone(
            "VPC link of REST APIs", "name", "every request of REST APIs to the services behind it"
        ),
    ),
    part(
        "aws_api_gateway_method_settings",
        "throttle of a REST API",
        "aws_api_gateway_stage",
        "settings of a stage are patched, over those that are there",
        risks=(_lifted("settings"), _unthrottled),
    ),
    resource(
        "aws_lambda_permission",
        "permission of a function",
        _permission,
        name=Not("a policy of an alias has each statement id once"),
        part_of="aws_lambda_function",
        outage=True,
        story=_gone(
            "permission of a function",
            "statement_id",
            "every request that the API passes to the function",
        ),
        risks=(*lets(), any_account),
        verify=_SERVED,
    ),
    part(
        "aws_api_gateway_account",
        "settings of API Gateway in an account",
        "aws_iam_role",
        "an account has one, which is set again",
    ),
    resource(
        "aws_api_gateway_usage_plan",
        "usage plan",
        _plan,
        name=Not("an account may have several usage plans of one name"),
        outage=True,
        holds_data=False,
        story=_gone("usage plan", "name", "every request with a key of the plan"),
        settings={"throttle_settings": "the throttle of its keys", "quota_settings": "its quota"},
        verify=Not("it counts requests of callers with a key, which verify has none of"),
    ),
    resource(
        "aws_apigatewayv2_api",
        "HTTP API",
        _http_api,
        name=Not("an account may have several HTTP APIs of one name"),
        outage=True,
        uses=_requests("apigateway/http-request"),
        story=_api_story("HTTP API"),
        risks=(_url_off,),
        verify=HttpApiVerifier,
    ),
    resource(
        "aws_apigatewayv2_route",
        "route of an HTTP API",
        _route,
        name=Not("an API has each key of a route once"),
        outage=True,
        risks=(_opened("authorization_type"), _route_gone),
        verify=_SERVED,
        story=_gone("route of an HTTP API", "route_key", "every request to the route"),
    ),
    resource(
        "aws_apigatewayv2_integration",
        "call of a service by an HTTP API",
        Not("an integration that a killed apply has left serves nothing, and goes with its API"),
        name=Not("AWS gives integrations their ids alone"),
        verify=_SERVED,
    ),
    resource(
        "aws_apigatewayv2_authorizer",
        "authorizer of an HTTP API",
        _http_authorizer,
        name=Not("an API may have several authorizers of one name"),
        verify=_SERVED,
    ),
    resource(
        "aws_apigatewayv2_stage",
        "stage of an HTTP API",
        _http_stage,
        name=Not("an API has each name of a stage once"),
        outage=True,
        risks=(_lifted("default_route_settings"),),
        settings={"access_log_settings": "access logs"},
        verify=_SERVED,
        story=_gone("stage of an HTTP API", "name", "every request to the stage"),
    ),
    resource(
        "aws_apigatewayv2_vpc_link",
        "VPC link",
        _link,
        name=Not("an account may have several VPC links of one name"),
        outage=True,
        addresses=Not("it takes one address of a subnet or a few, as its traffic asks for them"),
        verify=LinkVerifier,
        story=_gone("VPC link", "name", "every request to the services behind it"),
    ),
    resource(
        "aws_apigatewayv2_domain_name",
        "domain of APIs",
        _domain,
        name="domain_name",
        outage=True,
        preflight=_certificates,
        story=_gone("domain of APIs", "domain_name", "every request to the domain"),
        risks=(_domain_gone,),
        verify=DomainVerifier,
    ),
    resource(
        "aws_apigatewayv2_api_mapping",
        "place of an API at a domain",
        _mapping,
        name=Not("a domain has each base path once"),
        outage=True,
        risks=(_moved,),
        verify=Not("its domain is verified"),
        story=_gone("place of an API at a domain", "domain_name", "every request to that place"),
    ),
    resource(
        "aws_wafv2_web_acl",
        "web ACL",
        _web_acl,
        name="name",
        uses=_acl_hours,
        risks=(_rules_gone,),
        verify=Not("requests through the API that it guards meet it"),
    ),
)
