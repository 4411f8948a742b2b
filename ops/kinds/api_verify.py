"""Whether APIs serve what the state says, and answer: one request for each route, and their domains."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform.api.http import HttpApi
from inferform.api.names import http_name, rest_name
from inferform.api.rest import RestApi
from inferform.rules import one_of

from ..callers import Caller
from ..checks import CONFIGURATION, INVOCATION, check
from ..errors import BadInputError, OperatorError
from ..plan import dig
from ..requests import Answer, send
from .finding import paged
from .record import Finding, Outcome, Reply, Request, Values, Verifier
from .sagemaker_verify import CONTENT_TYPES

SERVED_CERTIFICATE = check(
    "VER6",
    "domain's certificate",
    command="verify",
    why="a domain whose certificate is over is refused by every caller that checks it",
    fix="renew the certificate, or import it again under the same ARN",
    source="AWS Certificate Manager user guide, managed certificate renewal",
)

_CHOOSES = ("X-Amzn-SageMaker-Target-Model", "X-Amzn-SageMaker-Target-Container-Hostname")
"""Headers without which SageMaker does not know which of an endpoint's models is meant."""

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Route:
    """A route as the state has it, and what stands in the way of a request."""

    method: str
    path: str
    authorization: str
    service: str = ""
    """The short name of the service behind it; empty where the Spec has no such route."""

    needs_key: bool = False
    needs: str = ""
    """Why verify can send no request, whatever the caller brings."""

    needs_sample: str = ""
    """Why verify can send none without a sample."""

    models_refusal: int | None = None
    """The status that stands for what the model itself refuses; None where it comes as it is."""

    @property
    def words(self) -> str:
        """What people call it: `POST /fraud`."""
        return f"{self.method} {self.path}"


def judged(answer: Answer, route: Route, *, sampled: bool) -> tuple[Outcome, str, str]:
    """What an answer says of a route: the outcome, what to tell, and what to do."""
    status = answer.status
    said = f"{route.words} answered {status}"
    if 200 <= status < 300:
        return "passed", f"{said}, {len(answer.body)} bytes", ""
    why = f"{said}: {answer.text}" if answer.body else said
    if status == 429:
        return "skipped", f"{why}; it was throttled, which says nothing of what is behind it", ""
    if status == 403 and "explicit deny" in answer.text:
        return "skipped", f"{why}; its policy lets nobody in from here", ""
    if not sampled and _of_model(answer, route):
        return "passed", f"{said} to an empty body; give a sample to see a prediction", ""
    return "failed", why, _remedy(status, route)


def _remedy(status: int, route: Route) -> str:
    if status in (401, 403):
        if route.authorization == "AWS_IAM":
            return "let the caller execute-api:Invoke, and everybody who is to call"
        return "give a token and a key that the API takes"
    if 400 <= status < 500 and status not in (404, 405):
        return "fix the sample or the model"
    return "read the API's log, and verify the service behind it"


def _of_model(answer: Answer, route: Route) -> bool:
    """Whether it is the model that takes no empty body."""
    if route.models_refusal is None:
        return 400 <= answer.status < 500 and answer.status not in (401, 403, 404, 405, 408)
    if answer.status != route.models_refusal:
        return False
    try:
        original = int(json.loads(answer.body)["OriginalStatusCode"])
    except (KeyError, TypeError, ValueError):
        return False
    return 400 <= original < 500


class ApiVerifier(Verifier):
    """The checks of an API: what its stage serves, and one request for each route."""

    takes = frozenset({"path"})

    kind = ""
    """The field of Apis that holds it."""

    @abstractmethod
    def _short(self, name: str) -> str:
        """The name of an API of the environment in AWS."""

    @abstractmethod
    def _serves(self) -> Finding:
        """Whether the stage serves what was deployed last."""

    @abstractmethod
    def _routes(self) -> Iterator[Route]:
        """Its routes in the state."""

    @abstractmethod
    def _url(self) -> str:
        """The URL that API Gateway gives it, with its stage."""

    def findings(self) -> Iterator[Finding]:
        """One finding for its stage, and one for each route."""
        serves = self._serves()
        yield serves
        if serves.outcome == "failed" or not self.run.invoke:
            return
        for route in sorted(self._routes(), key=lambda each: (each.path, each.method)):
            yield self._called(route)

    def served(self) -> Iterator[str]:
        """An API runs nothing by itself."""
        return iter(())

    @cached_property
    def _spec(self) -> tuple[str, HttpApi | RestApi | None]:
        """Its short name, and what is asked for under it."""
        apis = self.run.environment.apis
        every: Mapping[str, HttpApi | RestApi] = getattr(apis, self.kind) if apis else {}
        return next(
            ((short, spec) for short, spec in every.items() if self._short(short) == self.name),
            ("", None),
        )

    def _service(self, path: str) -> str:
        spec = self._spec[1]
        route = spec.routes.get(path) if spec else None
        return route.service if route else ""

    @property
    def _caller(self) -> Caller:
        return self.run.callers.get(f"{self.kind}.{self._spec[0]}", Caller())

    @cached_property
    def _base(self) -> str:
        """Where callers reach it: by its domain, where it has one."""
        for mapping in self.run.state.of_type("aws_apigatewayv2_api_mapping"):
            if mapping.get("api_id") == self.values.get("id"):
                key = mapping.get("api_mapping_key")
                return f"https://{mapping['domain_name']}{f'/{key}' if key else ''}"
        return self._url()

    def _not_tried(self, route: Route) -> str:
        """Why no request is sent; empty where one can be."""
        caller = self._caller
        if route.needs:
            return route.needs
        if route.authorization in ("JWT", "COGNITO_USER_POOLS") and caller.token is None:
            return "it needs a token, and none was given with --callers"
        if route.needs_key and caller.api_key is None:
            return "it needs a key of a usage plan, and none was given with --callers"
        if route.authorization not in ("AWS_IAM", "COGNITO_USER_POOLS", "JWT", "NONE"):
            return f"nothing is known of its authorizer, {route.authorization}"
        return ""

    def ask(self, request: Request) -> Reply:
        """Through the route that is meant, signed where IAM lets callers in."""
        route = self._meant(request.path)
        if why := self._not_tried(route):
            raise BadInputError(f"{route.words} of {self.name} was not asked: {why}")
        answer = self._sent(route, request.body, request.content_type)
        if not 200 <= answer.status < 300:
            _, said, fix = judged(answer, route, sampled=True)
            raise OperatorError(f"{self.name}: {said}", fix)
        return Reply(answer.body, answer.headers.get("content-type", ""), route.words)

    def _meant(self, path: str) -> Route:
        routes = sorted(self._routes(), key=lambda each: each.path)
        found = [each for each in routes if path in ("", each.path)]
        if len(found) == 1:
            return found[0]
        known = one_of(each.path for each in routes)
        said = f"has no route {path}" if path else f"has {len(routes)} routes"
        raise BadInputError(f"{self.name} {said}", f"say which with --path: {known}")

    def _called(self, route: Route) -> Finding:
        body, kind = self._sample(route)
        why = self._not_tried(route) or ("" if body is not None else route.needs_sample)
        if why:
            return self.finding(INVOCATION, "skipped", f"{route.words} was not tried: {why}")
        try:
            answer = self._sent(route, body or b"{}", kind)
        except BotoCoreError as error:
            fix = "look whether the name leads to the API, and whether it is reached from here"
            return self.finding(INVOCATION, "failed", f"{route.words}: {error}", fix)
        outcome, said, fix = judged(answer, route, sampled=body is not None)
        return self.finding(INVOCATION, outcome, said, fix)

    def _sent(self, route: Route, body: bytes, kind: str) -> Answer:
        """The answer to one request. Raises BotoCoreError where there is none."""
        caller = self._caller
        headers = {"Accept": "*/*"}
        if route.method not in ("GET", "HEAD"):
            headers["Content-Type"] = kind
        if route.authorization in ("JWT", "COGNITO_USER_POOLS") and caller.token:
            headers["Authorization"] = f"Bearer {caller.token}"
        if route.needs_key and caller.api_key:
            headers["X-API-Key"] = caller.api_key
        return send(
            self.run.aws,
            route.method,
            f"{self._base}{route.path}",
            b"" if route.method in ("GET", "HEAD") else body,
            headers,
            signed=route.authorization == "AWS_IAM",
        )

    def _sample(self, route: Route) -> tuple[bytes | None, str]:
        for file in sorted(self.run.samples.iterdir()) if self.run.samples else ():
            if file.suffix in CONTENT_TYPES and file.stem == route.service:
                return file.read_bytes(), CONTENT_TYPES[file.suffix]
        return None, "application/json"

    def _of_mine(self, kind: str, attribute: str) -> list[dict[str, Any]]:
        """What belongs to the API."""
        mine = self.values.get("id")
        return [each for each in self.run.state.of_type(kind) if each.get(attribute) == mine]


class HttpApiVerifier(ApiVerifier):
    """The checks of an HTTP API."""

    kind = "http"

    def _short(self, name: str) -> str:
        return http_name(self.run.environment.context, name)

    def _serves(self) -> Finding:
        """Its stage deploys by itself, and keeps what it had where that fails."""
        client, api = self.run.aws.any_client("apigatewayv2"), str(self.values["id"])
        try:
            pages = client.get_paginator("get_deployments").paginate(ApiId=api)
            made = [each for page in pages for each in page["Items"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            return self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
        if not made:
            return self.finding(CONFIGURATION, "failed", "was never deployed", "deploy again")
        last = max(made, key=lambda each: each["CreatedDate"])
        status, deployment = last["DeploymentStatus"], last["DeploymentId"]
        if status == "FAILED":
            why = last.get("DeploymentStatusMessage") or "API Gateway gives no reason"
            said = f"serves what it did before, as deployment {deployment} failed: {why}"
            return self.finding(
                CONFIGURATION, "failed", said, "fix what it names, and deploy again"
            )
        if status == "PENDING":
            said = f"deployment {deployment} is under way"
            return self.finding(CONFIGURATION, "skipped", said, "wait until it ends")
        return self.finding(CONFIGURATION, "passed", f"serves deployment {deployment}")

    def _routes(self) -> Iterator[Route]:
        for each in self._of_mine("aws_apigatewayv2_route", "api_id"):
            method, _, path = str(each["route_key"]).partition(" ")
            yield Route(
                "POST" if method == "ANY" else method,
                path,
                str(each.get("authorization_type") or "NONE"),
                service=self._service(path),
            )

    def _url(self) -> str:
        return str(self.values["api_endpoint"])


class RestApiVerifier(ApiVerifier):
    """The checks of a REST API."""

    kind = "rest"

    def _short(self, name: str) -> str:
        return rest_name(self.run.environment.context, name)

    @cached_property
    def _stage(self) -> Values:
        found = self._of_mine("aws_api_gateway_stage", "rest_api_id")
        return found[0] if found else {}

    def _serves(self) -> Finding:
        """Its stage serves a deployment, which Terraform makes."""
        name, wanted = self._stage.get("stage_name"), self._stage.get("deployment_id")
        if name is None:
            return self.finding(CONFIGURATION, "failed", "has no stage", "deploy again")
        try:
            found = self.run.aws.any_client("apigateway").get_stage(
                restApiId=self.values["id"], stageName=name
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            said = f"its stage {name} does not exist"
            return self.finding(CONFIGURATION, "failed", said, "deploy again")
        serves = found.get("deploymentId")
        if serves != wanted:
            said = f"its stage {name} serves deployment {serves}, but the state says {wanted}"
            return self.finding(CONFIGURATION, "failed", said, "deploy again")
        if other := self._other(str(serves)):
            return self.finding(CONFIGURATION, "failed", "; ".join(other), "deploy again")
        return self.finding(CONFIGURATION, "passed", f"serves deployment {serves}")

    def _other(self, deployment: str) -> list[str]:
        """Where a deployment and the state differ: an apply has ended before it deployed."""
        found = self.run.aws.any_client("apigateway").get_deployment(
            restApiId=self.values["id"], deploymentId=deployment, embed=["apisummary"]
        )
        serves = {
            f"{verb} {path}"
            for path, methods in found.get("apiSummary", {}).items()
            for verb in methods
        }
        has = {
            f"{each['http_method']} {self._paths.get(each['resource_id'], '/')}"
            for each in self._of_mine("aws_api_gateway_method", "rest_api_id")
        }
        return [
            *(f"serves {each}, which the state has not" for each in sorted(serves - has)),
            *(f"does not serve {each}" for each in sorted(has - serves)),
        ]

    @cached_property
    def _paths(self) -> dict[str, str]:
        """The path of each resource, by its id."""
        return {
            each["id"]: str(each["path"])
            for each in self._of_mine("aws_api_gateway_resource", "rest_api_id")
        }

    def _routes(self) -> Iterator[Route]:
        called = {
            (each["resource_id"], each["http_method"]): str(each.get("uri") or "")
            for each in self._of_mine("aws_api_gateway_integration", "rest_api_id")
        }
        private = dig(self.values, "endpoint_configuration", "types", 0) == "PRIVATE"
        for method in self._of_mine("aws_api_gateway_method", "rest_api_id"):
            verb = str(method["http_method"])
            if verb == "OPTIONS":
                continue  # what browsers ask, which nothing behind the API answers
            path = self._paths.get(method["resource_id"], "/")
            service, uri = self._service(path), called.get((method["resource_id"], verb), "")
            parameters = method.get("request_parameters") or {}
            needs = ""
            if private:
                needs = "a private API is reached from its VPCs alone"
            elif uri.endswith("/async-invocations"):
                needs = "callers post the place of a body in S3"
            elif chosen := [
                each for each in _CHOOSES if f"method.request.header.{each}" in parameters
            ]:
                needs = f"callers choose a model by the header {chosen[0]}"
            yield Route(
                "POST" if verb == "ANY" else verb,
                path,
                str(method.get("authorization") or "NONE"),
                service=service,
                needs_key=bool(method.get("api_key_required")),
                needs=needs,
                needs_sample=f"it takes bodies of its schema alone; give {service or 'SERVICE'}.json "
                "with --samples"
                if method.get("request_models")
                else "",
                models_refusal=424 if ":runtime.sagemaker:" in uri else None,
            )

    def _url(self) -> str:
        return str(self._stage["invoke_url"])


class DomainVerifier(Verifier):
    """The checks of a domain: its status, what it leads to, and how long its certificate lasts."""

    @property
    def name(self) -> str:
        """The domain."""
        return str(self.values.get("domain_name"))

    def findings(self) -> Iterator[Finding]:
        """One for what it leads to, one for its certificate."""
        client = self.run.aws.any_client("apigatewayv2")
        try:
            found = client.get_domain_name(DomainName=self.name)["DomainNameConfigurations"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        yield self._leads(client, found)
        if found.get("CertificateArn"):
            yield self._certificate(str(found["CertificateArn"]))

    def _leads(self, client: Any, found: Mapping[str, Any]) -> Finding:
        status = found.get("DomainNameStatus", "AVAILABLE")
        if status in ("PENDING", "UPDATING"):
            return self.finding(CONFIGURATION, "skipped", f"is {status}", "wait until it ends")
        if status != "AVAILABLE":
            why = found.get("DomainNameStatusMessage") or "API Gateway gives no reason"
            fix = "do what API Gateway asks for, and deploy again"
            return self.finding(CONFIGURATION, "failed", f"is {status}: {why}", fix)
        leads = {
            _place(each) for each in paged(client.get_api_mappings, "Items", DomainName=self.name)
        }
        wanted = {
            (each["api_id"], each["stage"], each.get("api_mapping_key") or "")
            for each in self.run.state.of_type("aws_apigatewayv2_api_mapping")
            if each.get("domain_name") == self.name
        }
        if missing := sorted(wanted - leads):
            places = ", ".join(f"/{key} to {api}/{stage}" for api, stage, key in missing)
            return self.finding(
                CONFIGURATION, "failed", f"does not lead from {places}", "deploy again"
            )
        return self.finding(CONFIGURATION, "passed", f"leads to {len(wanted)} APIs")

    def _certificate(self, arn: str) -> Finding:
        try:
            found = self.run.aws.client("acm").describe_certificate(CertificateArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return self.finding(
                SERVED_CERTIFICATE, "failed", f"{arn} does not exist", SERVED_CERTIFICATE.fix
            )
        held = found["Certificate"]
        return self.finding(
            SERVED_CERTIFICATE, *certified(held.get("Status", ""), held.get("NotAfter"))
        )

    def served(self) -> Iterator[str]:
        """A domain runs nothing by itself."""
        return iter(())


def _place(mapping: Mapping[str, Any]) -> tuple[str, str, str]:
    return mapping["ApiId"], mapping["Stage"], mapping.get("ApiMappingKey") or ""


def certified(
    status: str, ends: datetime | None, now: datetime | None = None
) -> tuple[Outcome, str, str]:
    """What a certificate's status and end say at a time; `now` is the present without it."""
    fix = SERVED_CERTIFICATE.fix
    if status != "ISSUED":
        return "failed", f"is {status or 'of no known status'}", fix
    if ends is None:
        return "passed", "is issued; until when is not known", ""
    left = ends - (now or datetime.now(UTC))
    if left < timedelta(0):
        return "failed", f"ended on {ends:%Y-%m-%d}", fix
    if left < _SOON:
        return "skipped", f"ends on {ends:%Y-%m-%d}, in {left.days} days", fix
    return "passed", f"is issued until {ends:%Y-%m-%d}", ""


class RestLinkVerifier(Verifier):
    """Whether a VPC link of REST APIs is there, and its load balancer takes what comes by it."""

    def findings(self) -> Iterator[Finding]:
        """Its status, and whether security groups judge its traffic."""
        try:
            found = self.run.aws.any_client("apigateway").get_vpc_link(vpcLinkId=self.values["id"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        status = found.get("status", "")
        if status == "PENDING":
            yield self.finding(CONFIGURATION, "skipped", "is PENDING", "wait some minutes")
        elif status != "AVAILABLE":
            why = found.get("statusMessage") or "API Gateway gives no reason"
            yield self.finding(CONFIGURATION, "failed", f"is {status}: {why}", "deploy again")
        else:
            yield self._taken(found["targetArns"])

    def _taken(self, targets: Sequence[str]) -> Finding:
        elb = self.run.aws.client("elbv2")
        (found,) = elb.describe_load_balancers(LoadBalancerArns=[*targets])["LoadBalancers"]
        judged = found.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic") != "off"
        if judged and found.get("SecurityGroups"):
            said = (
                f"is AVAILABLE, but the security groups of {found['LoadBalancerName']} judge what comes "
                "by PrivateLink, whose addresses nobody knows"
            )
            fix = (
                "set enforce_security_group_inbound_rules_on_private_link_traffic of the load balancer to "
                "off; a deploy of the ecs layer does it for a NetworkLoadBalancer"
            )
            return self.finding(CONFIGURATION, "failed", said, fix)
        return self.finding(CONFIGURATION, "passed", "is AVAILABLE")

    def served(self) -> Iterator[str]:
        """A link runs nothing by itself."""
        return iter(())


class LinkVerifier(Verifier):
    """Whether a VPC link carries requests: one that carried none for 60 days is inactive."""

    def findings(self) -> Iterator[Finding]:
        """Its status."""
        try:
            found = self.run.aws.any_client("apigatewayv2").get_vpc_link(
                VpcLinkId=self.values["id"]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        status = found.get("VpcLinkStatus", "")
        if status == "AVAILABLE":
            yield self.finding(CONFIGURATION, "passed", "is AVAILABLE")
        elif status in ("INACTIVE", "PENDING"):
            # The first request wakes it, and fails.
            yield self.finding(CONFIGURATION, "skipped", f"is {status}", "wait some minutes")
        else:
            why = found.get("VpcLinkStatusMessage") or "API Gateway gives no reason"
            yield self.finding(CONFIGURATION, "failed", f"is {status}: {why}", "deploy again")

    def served(self) -> Iterator[str]:
        """A link runs nothing by itself."""
        return iter(())
