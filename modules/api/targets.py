"""What the routes of APIs lead to, and how they reach it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..alb.network import NetworkLoadBalancer, NetworkRoute
from ..alb.spec import LoadBalancer, Route
from ..context import Context
from ..ecs.spec import EcsCluster, EcsService
from ..functions.spec import LambdaFunction
from ..rules import Problem, did_you_mean, one_of, rule
from ..sagemaker.endpoints import (
    AsyncEndpoint,
    DirectEndpoint,
    InferenceComponentEndpoint,
    MultiModelEndpoint,
    MultiVariantEndpoint,
)
from ..sagemaker.endpoints.base import Endpoint
from ..service import Deployed, Service
from .http import HttpRoute
from .rest import RestApi, RestRoute
from .spec import LARGEST_BODY_MB

if TYPE_CHECKING:
    from ..environment import Environment

APG4 = rule(
    "APG4",
    refuses="a model that takes larger bodies than an API passes on",
    message="takes bodies of {size} MiB, but an API passes on {limit} MB at most and answers 413 above; "
    "lower MAX_BODY_MIB of {service}, or let callers of larger bodies call it without the API",
    source="Amazon API Gateway developer guide, quotas (payload size 10 MB)",
    severity="warning",
)
APG12 = rule(
    "APG12",
    refuses="a field of a route that its target has no use for, or lacks",
    message="{wrong}; {remedy}",
    source="Amazon SageMaker API reference, InvokeEndpoint and InvokeEndpointAsync",
)
APG16 = rule(
    "APG16",
    refuses="a route to a service that the environment does not have, or has several of",
    message="{wrong}{hint}",
    source="Inferform: an API leads to services of its environment",
)
APG17 = rule(
    "APG17",
    refuses="a route of an HTTP API or a REST API to what it cannot call",
    message="is {words}, which {api} does not call; {remedy}",
    source="Amazon API Gateway developer guide, integrations of HTTP APIs and of REST APIs",
)
APG18 = rule(
    "APG18",
    refuses="a route to an ECS service behind no load balancer",
    message="has no route of its own, so that no VPC link reaches it; give {service} a Route or a "
    "NetworkRoute",
    source="Amazon API Gateway developer guide, private integrations for HTTP APIs (load balancers, and "
    "AWS Cloud Map with ports, which PrivateDns does not register)",
)
APG19 = rule(
    "APG19",
    refuses="a path at the service that its load balancer leads elsewhere",
    message="is {path} at the load balancer, whose rule for {service} takes {paths}; write path",
    source="Application Load Balancer guide, path conditions; Inferform: a request that no rule takes "
    "is answered with 404",
)
APG21 = rule(
    "APG21",
    refuses="a load balancer with TLS or hosts whose name is not known",
    message="needs a name: the load balancer of {service} {why}; write host",
    source="botocore apigatewayv2 TlsConfigInput ServerNameToVerify; Application Load Balancer guide, host "
    "conditions",
)
APG22 = rule(
    "APG22",
    refuses="a timeout above that of the load balancer, which gives up first",
    message="is above the {idle} s after which {balancer} gives up; lower it, or raise "
    "idle_timeout_seconds",
    source="Application Load Balancer guide, connection idle timeout (504)",
    severity="warning",
)
APG23 = rule(
    "APG23",
    refuses="a function that may run longer than the API waits for it",
    message="is below the {seconds} s that the function may run, which continues and is billed when the "
    "caller has been told of the timeout; lower timeout_seconds of the function",
    source="AWS Lambda developer guide, invoking functions with API Gateway (timeouts)",
    severity="warning",
)
APG49 = rule(
    "APG49",
    refuses="a path of a function's route that its container does not serve",
    message="leads to a function by {path}, of which its container gets {gets}; {remedy}",
    source="AWS Lambda Web Adapter, README (the path of the event is that of the request, without "
    "AWS_LWA_REMOVE_BASE_PATH); container contract",
)
APG56 = rule(
    "APG56",
    refuses="a function that streams behind an API",
    message="streams its responses by url.stream, which an API here does not pass on and answers with 502; "
    "leave stream out, or let callers call the function by its URL",
    source="AWS Lambda Web Adapter, README (AWS_LWA_INVOKE_MODE is of all responses, issue #536); Amazon API "
    "Gateway developer guide, Lambda proxy integrations (the response is one JSON document)",
)
APG53 = rule(
    "APG53",
    refuses="a route of a REST API to an ECS service behind an Application Load Balancer",
    message="is behind an Application Load Balancer, which no VPC link of REST APIs reaches here; give "
    "{service} a NetworkRoute, or write the route in apis.http",
    source="Amazon API Gateway developer guide, private integrations for REST APIs (VPC links V1 lead to "
    "Network Load Balancers); hashicorp/terraform-provider-aws #30910, #45230 (V2)",
)
APG43 = rule(
    "APG43",
    refuses="a host that the load balancer leads elsewhere",
    message="is none of the hosts of {service}'s own route, {hosts}; write one of them",
    source="Application Load Balancer guide, host conditions",
)


HTTP_CALLS: tuple[type[Service], ...] = (EcsService, LambdaFunction)
"""The kinds of services that HTTP APIs call."""

REST_CALLS: tuple[type[Service], ...] = (Endpoint, LambdaFunction, EcsService)
"""The kinds of services that REST APIs call."""


def _called(route: HttpRoute | RestRoute) -> tuple[type[Service], ...]:
    return HTTP_CALLS if isinstance(route, HttpRoute) else REST_CALLS


def target_of(environment: Environment, route: HttpRoute | RestRoute) -> Deployed | None:
    """The service that a route leads to: of those of its name one that the API calls; None where there
    is none, or several."""
    found = _callable(environment, route)
    return found[0] if len(found) == 1 else None


def _callable(environment: Environment, route: HttpRoute | RestRoute) -> list[Deployed]:
    """The services of a route's name that its API calls."""
    named = _named(environment, route)
    found = [each for each in named if isinstance(each.spec, _called(route))]
    if isinstance(route, RestRoute):
        # What a REST API calls without a load balancer between comes first.
        direct = [each for each in found if not isinstance(each.spec, EcsService)]
        return direct or found
    return found


def _named(environment: Environment, route: HttpRoute | RestRoute) -> list[Deployed]:
    return [each for each in environment.deployed if each.name == route.service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """How a VPC link reaches an ECS service."""

    load_balancer: str
    """The short name of its load balancer."""

    port: int | None
    """Its port on a Network Load Balancer; None behind a rule of an Application Load Balancer."""

    path: str
    """The path that the load balancer gets."""

    host: str | None
    """The `Host` that it gets; None for that of the API."""

    tls: bool
    """Whether it is spoken to by TLS, and has `host` in its certificate."""

    closed: bool
    """Whether its security group must let the VPC link in, as it is Inferform's and names others."""


def behind(
    environment: Environment, route: HttpRoute | RestRoute, service: EcsService
) -> Behind | None:
    """How a route reaches an ECS service; None where nothing leads there."""
    own = service.route
    if own is None:
        return None
    path = route.path or "/invocations"
    cluster = environment.ecs
    balancers = cluster.load_balancers if isinstance(cluster, EcsCluster) else {}
    if isinstance(own, NetworkRoute):
        return Behind(
            load_balancer=own.load_balancer,
            port=own.port,
            path=path,
            host=route.host,
            tls=own.certificate is not None,
            closed=bool(own.allowed_cidrs)
            and isinstance(balancers.get(own.load_balancer), NetworkLoadBalancer),
        )
    if own.strip_prefix is not None:
        path = own.strip_prefix + path
    balancer = balancers.get(own.load_balancer)
    literal = next((host for host in own.hosts if not re.search(r"[*?]", host)), None)
    if isinstance(balancer, LoadBalancer):
        tls, closed = balancer.certificate is not None, bool(balancer.allowed_cidrs)
    else:
        # What somebody else made does not say whether it takes TLS.
        tls, closed = route.host is not None, False
    return Behind(
        load_balancer=own.load_balancer,
        port=None,
        path=path,
        host=route.host or literal,
        tls=tls,
        closed=closed,
    )


def calls_vpc(environment: Environment) -> bool:
    """Whether a route of an HTTP API leads to an ECS service."""
    apis = environment.apis
    return apis is not None and any(
        isinstance(getattr(target_of(environment, route), "spec", None), EcsService)
        for api in apis.http.values()
        for route in api.routes.values()
    )


def reached(environment: Environment, api: RestApi) -> dict[str, Behind]:
    """How a REST API reaches the ECS services of its routes, by path."""
    return {
        path: way
        for path, route in api.routes.items()
        if (target := target_of(environment, route)) is not None
        and isinstance(target.spec, EcsService)
        and (way := behind(environment, route, target.spec)) is not None
        and way.port is not None
    }


def linked_balancers(environment: Environment) -> list[str]:
    """The Network Load Balancers that REST APIs call, by short name, in the order of these."""
    apis = environment.apis
    found = [reached(environment, api) for api in apis.rest.values()] if apis else []
    return sorted({way.load_balancer for ways in found for way in ways.values()})


def calls_sagemaker(environment: Environment, api: RestApi) -> bool:
    """Whether a route of a REST API leads to an endpoint of SageMaker."""
    targets = (target_of(environment, route) for route in api.routes.values())
    return any(target is not None and isinstance(target.spec, Endpoint) for target in targets)


def check_routes(environment: Environment) -> Iterator[Problem]:
    """What is wrong between routes of APIs and what they lead to."""
    apis = environment.apis
    if apis is None:
        return
    for name, http in apis.http.items():
        for path, route in http.routes.items():
            for problem in _check_http(environment, route, path, http.base_path):
                yield problem.under("apis", "http", name, "routes", path)
    for name, rest in apis.rest.items():
        for path, each in rest.routes.items():
            for problem in _check_rest(environment, each, path, rest.base_path):
                yield problem.under("apis", "rest", name, "routes", path)


def _unresolved(environment: Environment, route: HttpRoute | RestRoute) -> Iterator[Problem]:
    """Why a route leads to nothing."""
    called, service = _called(route), route.service
    named, found = _named(environment, route), _callable(environment, route)
    if found:
        names = one_of(each.full_name for each in found)
        yield APG16.problem(
            "service", got=service, wrong=f"is the name of {names}", hint="; rename one of them"
        )
    elif named:
        api, remedy = (
            "a REST API",
            "REST APIs call SageMaker endpoints, functions, and ECS services behind Network Load "
            "Balancers",
        )
        if isinstance(route, HttpRoute):
            api, remedy = (
                "an HTTP API",
                "HTTP APIs call functions, and ECS services behind load balancers",
            )
        if isinstance(named[0].spec, (*HTTP_CALLS, *REST_CALLS)):
            remedy = f"write the route in apis.{'rest' if isinstance(route, HttpRoute) else 'http'}"
        words = _a(named[0].spec.words)
        yield APG17.problem("service", got=service, words=words, api=api, remedy=remedy)
    else:
        known = [each.name for each in environment.deployed if isinstance(each.spec, called)]
        yield APG16.problem(
            "service",
            got=service,
            wrong="is no service of the environment",
            hint=did_you_mean(service, known) or "; write one that inference has",
        )


def _check_http(
    environment: Environment, route: HttpRoute, path: str, base_path: str
) -> Iterator[Problem]:
    target = target_of(environment, route)
    if target is None:
        yield from _unresolved(environment, route)
    elif isinstance(target.spec, LambdaFunction):
        yield from _check_function(route, path, base_path, target.spec)
    elif isinstance(target.spec, EcsService):
        yield from _check_behind(environment, route, target.name, target.spec)
        yield from _check_body(target.spec.model.environment, route.service)


def _check_function(
    route: HttpRoute | RestRoute, path: str, base_path: str, function: LambdaFunction
) -> Iterator[Problem]:
    """A function gets the path of the request, and runs on when the API has given up."""
    got = f"/{base_path}{path}" if base_path else path
    gets = function.container.path_of(got)
    if gets not in ("/invocations", "/ping"):
        own = got.rpartition("/")[0] if got.endswith(("/invocations", "/ping")) else got
        remedy = (
            f"make it {own}/invocations and write container=FunctionContainer(base_path={own!r}) of "
            f"{route.service}, or make it /invocations or /ping, without base_path of the API"
        )
        yield APG49.problem(path=got, gets=gets, remedy=remedy)
    yield from _useless(route, ("component", "host", "path"), "a function")
    if function.url is not None and function.url.stream:
        yield APG56.problem("service", got=route.service)
    limit = function.timeout_seconds * 1000
    if limit > route.timeout_ms:
        yield APG23.problem("timeout_ms", got=route.timeout_ms, seconds=function.timeout_seconds)


def _useless(route: HttpRoute | RestRoute, fields: Iterable[str], target: str) -> Iterator[Problem]:
    """The fields of a route that its target has no use for."""
    for field in fields:
        if (given := getattr(route, field, None)) is not None:
            remedy = f"leave {field} out"
            yield APG12.problem(field, got=given, wrong=f"is on {target}", remedy=remedy)


def _a(words: str) -> str:
    return f"{'an' if words[:1] in 'AEIOUaeiou' else 'a'} {words}"


def _check_behind(
    environment: Environment, route: HttpRoute | RestRoute, name: str, service: EcsService
) -> Iterator[Problem]:
    way = behind(environment, route, service)
    if way is None:
        yield APG18.problem("service", got=route.service, service=name)
        return
    own = service.route
    if isinstance(own, Route):
        if own.paths and not any(fits(way.path, pattern) for pattern in own.paths):
            where = ("path",) if route.path else ()
            yield APG19.problem(*where, path=way.path, service=name, paths=one_of(own.paths))
        if own.hosts and way.host and not any(fits(way.host, each) for each in own.hosts):
            yield APG43.problem("host", got=way.host, service=name, hosts=one_of(own.hosts))
    if way.tls and way.host is None:
        yield APG21.problem(service=name, why="has a certificate, whose name is compared")
    elif isinstance(own, Route) and own.hosts and way.host is None:
        yield APG21.problem(service=name, why="leads by host, and its route has patterns alone")
    cluster = environment.ecs
    balancer = (
        cluster.load_balancers.get(way.load_balancer) if isinstance(cluster, EcsCluster) else None
    )
    if (
        isinstance(balancer, LoadBalancer)
        and route.timeout_ms > balancer.idle_timeout_seconds * 1000
    ):
        idle = balancer.idle_timeout_seconds
        yield APG22.problem(
            "timeout_ms", got=route.timeout_ms, idle=idle, balancer=way.load_balancer
        )


def fits(text: str, pattern: str) -> bool:
    """Whether a pattern of a listener rule takes a text; hosts ignore case."""
    made = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    flags = 0 if pattern.startswith("/") else re.IGNORECASE
    return re.fullmatch(made, text, flags) is not None


def component_in(context: Context, target: Deployed, route: RestRoute) -> str | None:
    """The name in AWS of the inference component that a route names."""
    spec = target.spec
    if route.component is None or not isinstance(spec, InferenceComponentEndpoint):
        return route.component
    return spec.component_name(context, target.name, route.component)


def _check_rest(
    environment: Environment, route: RestRoute, path: str, base_path: str
) -> Iterator[Problem]:
    target = target_of(environment, route)
    if target is None:
        yield from _unresolved(environment, route)
        return
    spec = target.spec
    if isinstance(spec, LambdaFunction):
        yield from _check_function(route, path, base_path, spec)
        return
    if isinstance(spec, EcsService):
        yield from _useless(route, ("component",), "an ECS service")
        if isinstance(spec.route, Route):
            yield APG53.problem("service", got=route.service, service=target.name)
        else:
            yield from _check_behind(environment, route, target.name, spec)
        yield from _check_body(spec.model.environment, route.service)
        return
    assert isinstance(spec, Endpoint)
    yield from _useless(route, ("path", "host"), f"an endpoint of {spec.kind}")
    has_components = isinstance(spec, InferenceComponentEndpoint)
    if has_components and route.component is None:
        remedy = "write component, the short name of one, or the name in AWS of one made elsewhere"
        yield APG12.problem(wrong="leads to inference components, and names none", remedy=remedy)
    if not has_components:
        yield from _useless(route, ("component",), f"an endpoint of {spec.kind}")
    if isinstance(spec, AsyncEndpoint) and route.request_schema is not None:
        remedy = "leave it out, as callers post the place of an object in S3 and no body"
        yield APG12.problem("request_schema", wrong="checks bodies", remedy=remedy)
    for source in spec.sources():
        yield from _check_body(getattr(source, "environment", {}), route.service)


def _check_body(variables: object, service: str) -> Iterator[Problem]:
    """A model that says how large its bodies are."""
    said = variables.get("MAX_BODY_MIB", "") if isinstance(variables, dict) else ""
    # 10 MB are less than 10 MiB.
    if str(said).isdecimal() and int(said) * 1024 * 1024 > LARGEST_BODY_MB * 10**6:
        yield APG4.problem("service", size=said, limit=LARGEST_BODY_MB, service=service)


def caller_headers(spec: Service) -> tuple[str, ...]:
    """The headers of a request that choose what of an endpoint answers."""
    if isinstance(spec, MultiModelEndpoint):
        return ("X-Amzn-SageMaker-Target-Model",)
    if isinstance(spec, DirectEndpoint):
        return ("X-Amzn-SageMaker-Target-Container-Hostname",)
    if isinstance(spec, MultiVariantEndpoint):
        return ("X-Amzn-SageMaker-Target-Variant",)
    return ()
