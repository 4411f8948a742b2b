"""Apis: what is asked of the layer of APIs."""

from __future__ import annotations

from collections.abc import Iterator

from ..names import Name, role
from ..overrides import Overridable
from ..rules import Problem, did_you_mean, rule
from ..service import Lead, Leading, Named, Place
from ..spec import ShortName
from .http import HttpApi
from .names import LINK, LOG_ROLE, rest_link, rest_role
from .rest import RestApi
from .spec import ApiDomain, OwnDomain
from .targets import calls_sagemaker, calls_vpc, linked_balancers, target_of

APG9 = rule(
    "APG9",
    refuses="a domain that apis.domains does not have, or a base path without a domain",
    message="{wrong}{hint}",
    source="Inferform: APIs share domains by their base paths",
)
APG14 = rule(
    "APG14",
    refuses="two APIs at one place of a domain",
    message="is where {other} is too; give one of them another base_path",
    source="Amazon API Gateway API reference, CreateApiMapping (ConflictException)",
)
APG36 = rule(
    "APG36",
    refuses="a domain that no API has",
    message="leads to no API; name it as domain of one, or leave it out",
    source="Inferform: a domain without a mapping answers 403",
    severity="warning",
)


APG51 = rule(
    "APG51",
    refuses="a path that API Gateway answers itself",
    message="tells of the health of API Gateway at a domain, and reaches no service; write base_path or "
    "another path, or leave it out",
    source="Amazon API Gateway developer guide, quotas (/ping and /sping are reserved at the root of custom "
    "domain names)",
)


class Apis(Overridable, Leading, Named):
    """APIs in front of services, and the domains that lead to them."""

    http: dict[ShortName, HttpApi] = {}
    """HTTP APIs by short name, in front of functions and ECS services. Default: none."""

    rest: dict[ShortName, RestApi] = {}
    """REST APIs by short name, in front of SageMaker endpoints, functions and ECS services behind Network
    Load Balancers. Default: none."""

    domains: dict[OwnDomain, ApiDomain] = {}
    """Domains by their names: `{"api.acme.test": ApiDomain(certificate=…)}`. Default: none."""

    log_role: bool = True
    """Whether the role is made by which API Gateway writes the logs of all REST APIs of the account in the
    Region. One environment of an account and Region makes it, and others write False. Default: True;
    nothing is made without a REST API."""

    def check(self) -> Iterator[Problem]:
        """Each place of a domain is one API's."""
        taken: dict[tuple[str, str], str] = {}
        used: set[str] = set()
        every: list[tuple[str, str, HttpApi | RestApi]] = [
            *(("http", name, api) for name, api in self.http.items()),
            *(("rest", name, api) for name, api in self.rest.items()),
        ]
        for kind, name, api in every:
            if api.domain is None:
                if api.base_path:
                    wrong, hint = "stands at no domain", "; write domain, or leave it out"
                    yield APG9.problem(
                        kind, name, "base_path", got=api.base_path, wrong=wrong, hint=hint
                    )
                continue
            used.add(api.domain)
            yield from (each.under(kind, name) for each in _reserved(api))
            if api.domain not in self.domains:
                hint = did_you_mean(api.domain, self.domains) or "; write it there"
                wrong = "is not in apis.domains"
                yield APG9.problem(kind, name, "domain", got=api.domain, wrong=wrong, hint=hint)
            place = (api.domain, api.base_path)
            other = taken.setdefault(place, f"{kind}.{name}")
            if other != f"{kind}.{name}":
                yield APG14.problem(kind, name, "base_path", got=api.base_path, other=other)
        for domain, spec in self.domains.items():
            if domain not in used:
                yield APG36.problem("domains", domain)
            if spec.zone is not None:
                yield from (
                    problem.under("domains", domain, "zone")
                    for problem in spec.zone.problems_of(domain)
                )

    @property
    def makes_log_role(self) -> bool:
        """Whether it makes the role of the account's logs."""
        return self.log_role and bool(self.rest)

    def leads(self, place: Place) -> Iterator[Lead]:
        """From each API to what its routes lead to."""
        every: list[tuple[str, str, HttpApi | RestApi]] = [
            *(("http", name, api) for name, api in self.http.items()),
            *(("rest", name, api) for name, api in self.rest.items()),
        ]
        for kind, name, api in every:
            for path, route in api.routes.items():
                target = target_of(place.environment, route)
                if target is not None:
                    yield Lead((*place.path, kind, name), target.place.path, path)

    def names(self, place: Place) -> Iterator[Name]:
        """Of the VPC link, its security group, the role of logs, and the domains."""
        context = place.environment.context
        if calls_vpc(place.environment):
            yield Name("aws_apigatewayv2_vpc_link", context.name(LINK))
            yield Name("aws_security_group", context.name(LINK))
        for balancer in linked_balancers(place.environment):
            yield Name("aws_api_gateway_vpc_link", rest_link(context, balancer), balancer)
        if self.makes_log_role:
            yield Name("aws_iam_role", role(context, LOG_ROLE))
        for name, api in self.rest.items():
            if calls_sagemaker(place.environment, api):
                yield Name("aws_iam_role", role(context, rest_role(name)), f"REST API {name}")
        for domain, spec in self.domains.items():
            yield Name("aws_apigatewayv2_domain_name", domain)
            if spec.zone is not None:
                within = spec.zone.id or str(spec.zone.name)
                yield Name("aws_route53_record", domain, within=within)


def _reserved(api: HttpApi | RestApi) -> Iterator[Problem]:
    """Routes at the root of a domain that reach nothing."""
    for path in () if api.base_path else api.routes:
        if path in ("/ping", "/sping"):
            yield APG51.problem("routes", path)
