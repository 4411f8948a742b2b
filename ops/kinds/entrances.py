"""By which URL a service behind a load balancer is reached from here, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator

from inferform import (
    EcsCluster,
    EcsService,
    EksService,
    Environment,
    HttpApi,
    HttpRoute,
    LoadBalancer,
    RestApi,
    Route,
)
from inferform.api.targets import behind, fits, target_of
from inferform.rules import one_of
from inferform.service import Deployed

from ..aws import Aws
from ..errors import BadInputError, OperatorError
from ..requests import plain
from .record import Reply, Request

INVOCATIONS = "/invocations"


def ask(aws: Aws, url: str, request: Request) -> Reply:
    """Post a request to a load balancer. Raises OperatorError for an answer that is none of the model,
    and BotoCoreError where nothing answers."""
    if aws.emulator is not None:
        raise BadInputError(
            f"the emulator runs no containers, so nothing answers at {url}", "ask it in AWS"
        )
    headers = {"Accept": "*/*", "Content-Type": request.content_type}
    answer = plain("POST", url, request.body, headers)
    if not 200 <= answer.status < 300:
        said = f": {answer.text}" if answer.body else ""
        raise OperatorError(f"POST {url} answered {answer.status}{said}")
    return Reply(answer.body, answer.headers.get("content-type", ""), url)


def of_ecs(environment: Environment, service: Deployed, path: str) -> str:
    """The URL of an ECS service; `path` is that of its container, empty for /invocations.

    Raises BadInputError where it is not reached from here, or nothing says by which name.
    """
    assert isinstance(service.spec, EcsService)
    own, name = service.spec.route, service.full_name
    way = behind(environment, HttpRoute(service=service.name, path=path or None), service.spec)
    if own is None or way is None:
        raise BadInputError(
            f"{name} has no route, so that nothing reaches it from here",
            _by_api(environment, service) or "give it a Route, or an API in front of it (apis)",
        )
    cluster = environment.ecs
    balancers = cluster.load_balancers if isinstance(cluster, EcsCluster) else {}
    balancer = balancers.get(own.load_balancer)
    reached_from = balancer.reached_from if balancer is not None else ""
    where = f"{way.host or 'HOST'}{f':{way.port}' if way.port else ''}{way.path}"
    url = f"{'https' if way.tls else 'http'}://{where}"
    if reached_from == "VPC":
        raise BadInputError(
            f"{name} is reached through its load balancer {own.load_balancer}, from inside the VPC",
            _by_api(environment, service)
            or f"put an API in front of it (apis), or from a machine in the VPC: {_curl(url)}",
        )
    if reached_from != "internet":
        raise BadInputError(
            f"{name} is behind the load balancer {own.load_balancer}, which somebody else made: from "
            "where it is reached is not known",
            _by_api(environment, service) or f"from where it is: {_curl(url)}",
        )
    if isinstance(own, Route) and own.paths and not any(fits(way.path, one) for one in own.paths):
        raise BadInputError(
            f"the load balancer leads {one_of(own.paths)} to {name}, and not {way.path}",
            "say which with --path",
        )
    if way.host is None:
        named = balancer.records if isinstance(balancer, LoadBalancer) and _is_open(own) else {}
        if not named:
            raise BadInputError(
                f"nothing says by which name of its certificate {name} is reached",
                f"write it into hosts of the route or records of {own.load_balancer}; or {_curl(url)}",
            )
        url = url.replace("HOST", next(iter(named)), 1)
    return url


def _is_open(route: object) -> bool:
    """Whether a route takes requests by whatever name."""
    return isinstance(route, Route) and not route.hosts


def of_eks(service: Deployed, path: str, namespace: str, workload: str) -> str:
    """The URL of an EKS service behind an ingress that faces the internet; `path` is that of its container,
    empty for /invocations. Raises BadInputError where it is not reached from here."""
    assert isinstance(service.spec, EksService)
    ingress, name = service.spec.ingress, service.full_name
    forward = f"kubectl --namespace {namespace} port-forward deployment/{workload} 8080"
    if ingress is None or ingress.scheme == "internal":
        from_where = "the cluster" if ingress is None else "the cluster or the VPC"
        raise BadInputError(
            f"{name} is reached from inside {from_where}",
            f"{forward}, and then {_curl(f'http://localhost:8080{path or INVOCATIONS}')}",
        )
    wanted = path or INVOCATIONS
    prefix = ingress.path.rstrip("/")
    if prefix and wanted != prefix and not wanted.startswith(f"{prefix}/"):
        raise BadInputError(
            f"the ingress leads what is below {ingress.path} to {name}, and not {wanted}",
            "say which with --path",
        )
    if ingress.host is None or ingress.host.startswith("*"):
        raise BadInputError(
            f"nothing says by which name {name} is reached",
            f"write it as host of the ingress; kubectl --namespace {namespace} get ingress shows that of "
            "the load balancer",
        )
    return f"{'https' if ingress.certificate_arn else 'http'}://{ingress.host}{wanted}"


def _by_api(environment: Environment, service: Deployed) -> str:
    """How it is asked through an API that leads to it; empty where none does."""
    found = next(_routes_to(environment, service), "")
    return f"inferform invoke {environment.key} {found}, which leads to it" if found else ""


def _routes_to(environment: Environment, service: Deployed) -> Iterator[str]:
    for each in environment.subjects:
        if not isinstance(each.spec, HttpApi | RestApi):
            continue
        for path, route in each.spec.routes.items():
            target = target_of(environment, route)
            if target is not None and target.place.path == service.place.path:
                yield f"{each.full_name} --path {path}"


def _curl(url: str) -> str:
    return f"curl --data-binary @FILE {url}"
