"""Calls of APIs, as API Gateway answers them, under ``/inferform-emulator/api/HOST/PATH``.

HOST is that of an API's URL, ``ID.execute-api.REGION.amazonaws.com``, or a domain of one's own. Of a
signature its scope is judged, and of a token its claims: whether they are genuine is not. Throttles depend on the time
and come by the control route `api/outcome`; a limit of 0 and a quota do not, and hold.
"""

from __future__ import annotations

import base64
import io
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from . import functions
from .deployments import Served, served

PREFIX = "/inferform-emulator/api/"
LARGEST_BODY = 10_000_000

_OUTCOMES: dict[str, list[str]] = {}
"""What the next calls of an API come to, by its id."""

_USED: dict[tuple[str, str], int] = {}
"""How many requests each key of a usage plan has made."""

OUTCOMES = ("throttled", "timeout")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def plan(api: str, outcome: str) -> None:
    """Let the next call of an API come to something: `throttled` or `timeout`. Raises ValueError for
    another outcome."""
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}")
    _OUTCOMES.setdefault(api, []).append(outcome)


@dataclass(frozen=True, slots=True)
class Answer:
    """What API Gateway answers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class Refused(Exception):  # noqa: N818 - it is an answer
    """What API Gateway answers itself, before anything behind it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, json.dumps({"message": message}).encode())


@dataclass(frozen=True, slots=True)
class Call:
    """A request of an API; names of headers are in lower case."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def answer(environ: Mapping[str, Any], moto: Wsgi) -> Answer:
    """Answer a request below PREFIX."""
    host, _, path = str(environ["PATH_INFO"]).removeprefix(PREFIX).partition("/")
    call = Call(
        environ["REQUEST_METHOD"],
        host,
        f"/{path}",
        dict(_headers(environ)),
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
    )
    try:
        found = _api(call)
        return found.answer(moto)
    except Refused as refused:
        return refused.answer


def _headers(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name.removeprefix("HTTP_").replace("_", "-").lower(), str(value)
    if environ.get("CONTENT_TYPE"):
        yield "content-type", str(environ["CONTENT_TYPE"])


def _api(call: Call) -> _RestCall | _HttpCall:
    """The API that a host leads to, with the path behind its stage or base path."""
    from moto.apigateway.models import apigateway_backends
    from moto.apigatewayv2.models import apigatewayv2_backends

    own = re.fullmatch(r"(\w+)\.execute-api\.([\w-]+)\.amazonaws\.com(\.cn)?", call.host)
    for account in {**apigateway_backends, **apigatewayv2_backends}:
        for region in _regions(account):
            rest = apigateway_backends[account][region].apis
            http = apigatewayv2_backends[account][region]
            if call.host in http.domain_names:
                return _mapped(call, account, region, rest, http)
            if not own or own[2] != region:
                continue
            if own[1] in rest:
                _, name, *more = call.path.split("/")
                stage = rest[own[1]].stages.get(name)
                copied = served(rest[own[1]], stage) if stage is not None else None
                if copied is not None and copied.closed:
                    raise Refused(403, "Forbidden")
                return _RestCall(call, account, region, rest[own[1]], name, "/" + "/".join(more))
            if own[1] in http.apis:
                if http.apis[own[1]].disable_execute_api_endpoint:
                    raise Refused(404, "Not Found")
                return _HttpCall(call, account, region, http.apis[own[1]], call.path)
    raise Refused(403, "Forbidden")


def _mapped(
    call: Call, account: str, region: str, rest: Mapping[str, Any], http: Any
) -> _RestCall | _HttpCall:
    """The API whose base path at a domain begins the path of a call; the longest is asked first."""
    mappings = http.get_api_mappings(call.host)
    for mapping in sorted(mappings, key=lambda each: -len(each.api_mapping_key or "")):
        base = f"/{mapping.api_mapping_key}" if mapping.api_mapping_key else ""
        if call.path == base or call.path.startswith(f"{base}/"):
            path = call.path.removeprefix(base)
            if mapping.api_id in rest:
                return _RestCall(call, account, region, rest[mapping.api_id], mapping.stage, path)
            return _HttpCall(call, account, region, http.apis[mapping.api_id], path)
    raise Refused(403, "Forbidden")


def _regions(account: str) -> list[str]:
    from moto.apigateway.models import apigateway_backends
    from moto.apigatewayv2.models import apigatewayv2_backends

    return list({*apigatewayv2_backends[account], *apigateway_backends[account]})


def _unsigned(call: Call, region: str) -> str:
    """What is wrong with the signature of a call; empty where its scope is the API's."""
    algorithm, _, rest = call.headers.get("authorization", "").partition(" ")
    if algorithm != "AWS4-HMAC-SHA256":
        return "Missing Authentication Token"
    given = dict(each.strip().partition("=")[::2] for each in rest.split(","))
    _, *scope = given.get("Credential", "").split("/")
    signed, service, end = scope[1:] if len(scope) == 4 else ("", "", "")
    wrong = (
        *(
            (not given.get(name), f"Authorization header requires '{name}' parameter.")
            for name in ("Credential", "Signature", "SignedHeaders")
        ),
        (
            "host" not in given.get("SignedHeaders", "").split(";"),
            "'Host' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (len(scope) != 4, "Credential must have exactly 5 slash-delimited elements."),
        (
            signed != region,
            f"Credential should be scoped to a valid Region, not '{signed}'.",
        ),
        (
            service != "execute-api",
            "Credential should be scoped to correct service: 'execute-api'.",
        ),
        (
            end != "aws4_request",
            "Credential should be scoped with a valid terminator: 'aws4_request'.",
        ),
    )
    return next((message for is_wrong, message in wrong if is_wrong), "")


def _claims(call: Call) -> dict[str, Any]:
    """The claims of a token, whose time has not passed."""
    token = call.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        raise Refused(401, "Unauthorized") from None
    if not isinstance(claims, dict) or float(claims.get("exp", 0)) < time.time():
        raise Refused(401, "Unauthorized")
    return claims


def _has_scope(claims: Mapping[str, Any], scopes: Iterable[str]) -> bool:
    return not (wanted := {*scopes}) or bool(wanted & {*str(claims.get("scope", "")).split()})


def _next(api: str) -> str:
    planned = _OUTCOMES.get(api)
    return planned.pop(0) if planned else ""


@dataclass(frozen=True, slots=True)
class _RestCall:
    """A call of a REST API."""

    call: Call
    account: str
    region: str
    api: Any
    stage: str
    path: str

    def answer(self, moto: Wsgi) -> Answer:
        stage = self.api.stages.get(self.stage)
        copied = served(self.api, stage) if stage is not None else None
        if copied is None:
            raise Refused(403, "Forbidden")
        method = self._method(copied)
        self._authorize(method, copied)
        self._count(method, stage)
        if len(self.call.body) > LARGEST_BODY:
            raise Refused(413, "Request Too Long")
        self._validate(method, copied)
        integration = method.method_integration
        if integration is None:
            raise Refused(500, "Internal server error")
        if integration.integration_type == "MOCK":
            said = re.search(r"\d{3}", str(integration.request_templates))
            return self._told(integration, int(said[0]) if said else 200, b"", {})
        if _next(self.api.id) == "timeout":
            raise Refused(504, "Endpoint request timed out")
        if integration.integration_type == "AWS_PROXY":
            return _function(self.account, self.region, integration.uri, self.call, self.path)
        if integration.connection_type == "VPC_LINK":
            return self._linked(integration)
        return self._called(integration, moto)

    def _method(self, copied: Served) -> Any:
        methods = copied.methods.get(self.path, {})
        if self.call.method not in methods:
            raise Refused(403, "Missing Authentication Token")
        return methods[self.call.method]

    def _linked(self, integration: Any) -> Answer:
        """What listens on the port of a URI, at the Network Load Balancer that the VPC link leads to."""
        from moto.apigateway.models import apigateway_backends
        from moto.elbv2.models import elbv2_backends

        from .extensions.elbv2 import ENFORCED

        links = apigateway_backends[self.account][self.region].vpc_links
        link = links.get(getattr(integration, "connection_id", None))
        if link is None or link.status != "AVAILABLE":
            raise Refused(500, "Internal server error")
        uri = urlsplit(integration.uri)
        port = uri.port or (443 if uri.scheme == "https" else 80)
        balancer = elbv2_backends[self.account][self.region].load_balancers[link.target_arns[0]]
        listener = next(
            (each for each in balancer.listeners.values() if int(each.port) == port), None
        )
        # The addresses that PrivateLink comes from are in no rule of a security group.
        judged = balancer.security_groups and getattr(balancer, ENFORCED, "on") != "off"
        if listener is None or judged or (listener.protocol == "TLS") != (uri.scheme == "https"):
            raise Refused(500, "Internal server error")
        led = _Led(self.call, self.account, self.region)
        return led.answer(listener.default_actions, str(uri.hostname), uri.path or "/")

    def _authorize(self, method: Any, copied: Served) -> None:
        kind = method.authorization_type
        if kind == "AWS_IAM" and (wrong := _unsigned(self.call, self.region)):
            raise Refused(403, wrong)
        if kind != "COGNITO_USER_POOLS":
            return
        claims = _claims(self.call)
        pools = copied.authorizers[method.authorizer_id].provider_arns or []
        issuers = {
            f"https://cognito-idp.{arn.split(':')[3]}.amazonaws.com/{arn.rpartition('/')[2]}"
            for arn in pools
        }
        if claims.get("iss") not in issuers or not _has_scope(
            claims, method.authorization_scopes or ()
        ):
            raise Refused(401, "Unauthorized")

    def _count(self, method: Any, stage: Any) -> None:
        """Keys, quotas and throttles."""
        settings = stage.method_settings
        route = f"{self.path.strip('/')}/{self.call.method}"
        limits = settings.get(route) or settings.get("*/*") or {}
        names = ("throttlingRateLimit", "throttlingBurstLimit")
        planned = _OUTCOMES.get(self.api.id, [])[:1] == ["throttled"]
        if planned:
            _next(self.api.id)
        if planned or any(limits.get(name) == 0 for name in names):
            raise Refused(429, "Too Many Requests")
        if str(method.api_key_required).lower() != "true":
            return
        from moto.apigateway.models import apigateway_backends

        backend = apigateway_backends[self.account][self.region]
        given = self.call.headers.get("x-api-key")
        for plan_id, plan in backend.usage_plans.items():
            covers = {(each["apiId"], each["stage"]) for each in plan.api_stages}
            for key in backend.usage_plan_keys.get(plan_id, {}).values():
                held = backend.keys[key.id]
                if held.value == given and held.enabled and (self.api.id, self.stage) in covers:
                    used = _USED[plan_id, key.id] = _USED.get((plan_id, key.id), 0) + 1
                    if (
                        plan.quota
                        and used + int(plan.quota.get("offset") or 0) > plan.quota["limit"]
                    ):
                        raise Refused(429, "Limit Exceeded")
                    return
        raise Refused(403, "Forbidden")

    def _validate(self, method: Any, copied: Served) -> None:
        validator = copied.validators.get(method.request_validator_id)
        if validator is None:
            return
        required = method.request_parameters or {}
        if validator.validate_request_parameters:
            for name, needed in required.items():
                header = name.removeprefix("method.request.header.")
                if str(needed).lower() == "true" and header.lower() not in self.call.headers:
                    raise Refused(400, f"Missing required request parameters: [{header}]")
        kind = self.call.headers.get("content-type", "application/json").partition(";")[0]
        models = method.request_models or {}
        model = models.get(kind, models.get("$default"))
        if validator.validate_request_body and model:
            schema = json.loads(copied.models[model].schema)
            if not _fits(self.call.body, schema):
                raise Refused(400, "Invalid request body")

    def _called(self, integration: Any, moto: Wsgi) -> Answer:
        """What SageMaker answers, with the status that the API has for it."""
        path = re.fullmatch(
            r"arn:[\w-]+:apigateway:[\w-]+:runtime\.sagemaker:path/(endpoints/.+)", integration.uri
        )
        if path is None:
            raise Refused(500, "Internal server error")
        headers = {}
        for target, source in (integration.request_parameters or {}).items():
            name = target.removeprefix("integration.request.header.")
            value = (
                source.strip("'")
                if source.startswith("'")
                else self.call.headers.get(source.removeprefix("method.request.header.").lower())
            )
            if value is not None:
                headers[name] = value
        status, answered, body = self._sent(moto, f"/{path[1]}", headers)
        return self._told(integration, status, body, answered)

    def _sent(
        self, moto: Wsgi, path: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the emulated SageMaker, as the account that has the API."""
        scope = f"{self.region}/sagemaker/aws4_request"
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": f"runtime.sagemaker.{self.region}.amazonaws.com",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=AKIAAPI/20260101/{scope}, "
            "SignedHeaders=host, Signature=0",
            "HTTP_X_MOTO_ACCOUNT_ID": self.account,
            "CONTENT_LENGTH": str(len(self.call.body)),
            "wsgi.input": io.BytesIO(self.call.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            plain = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if plain == "CONTENT_TYPE" else f"HTTP_{plain}"] = value
        told: list[Any] = []
        body = b"".join(moto(environ, lambda status, found, *_: told.extend((status, found))))
        return int(str(told[0])[:3]), {name.lower(): value for name, value in told[1]}, body

    def _told(
        self, integration: Any, status: int, body: bytes, answered: Mapping[str, str]
    ) -> Answer:
        default: Any = None
        chosen: Any = None
        for code, response in (integration.integration_responses or {}).items():
            if not response.selection_pattern:
                default = (code, response)
            elif re.fullmatch(response.selection_pattern, str(status)):
                chosen = (code, response)
        found = chosen or default
        if found is None:
            raise Refused(500, "Internal server error")
        code, response = found
        headers = {"Content-Type": answered.get("content-type", "application/json")}
        for target, source in (response.response_parameters or {}).items():
            name = target.removeprefix("method.response.header.")
            if source.startswith("'"):
                headers[name] = source.strip("'")
            elif value := answered.get(source.removeprefix("integration.response.header.").lower()):
                headers[name] = value
        return Answer(int(code), body, headers)


def _fits(body: bytes, schema: Mapping[str, Any]) -> bool:
    """Whether a body is what a schema of draft 4 asks for."""
    from jsonschema import Draft4Validator  # type: ignore[import-untyped]

    try:
        return bool(Draft4Validator(schema).is_valid(json.loads(body)))
    except ValueError:
        return False


def _function(account: str, region: str, uri: str, call: Call, path: str) -> Answer:
    """What a function answers that lets API Gateway call it; there is no container here, so it says what
    it was asked."""
    from moto.awslambda.models import lambda_backends

    named = re.fullmatch(r".+/functions/arn:[^/]+:function:([\w-]+):([\w-]+)/invocations", uri)
    stored = lambda_backends[account][region]._lambdas
    held = stored._functions.get(named[1]) if named else None
    if named is None or held is None or named[2] not in stored._get_function_aliases(named[1]):
        raise Refused(500, "Internal Server Error")
    every = [held["latest"], *held["versions"], *stored._get_function_aliases(named[1]).values()]
    policies = [each.policy for each in every if getattr(each, "policy", None)]
    statements = [each for policy in policies for each in policy.statements]
    if not any("apigateway.amazonaws.com" in str(each.get("Principal")) for each in statements):
        raise Refused(500, "Internal Server Error")
    backend = lambda_backends[account][region]
    executed = functions.executed(backend, named[1], named[2])
    if functions.is_stopped(backend, named[1]):
        functions.count(executed, named[2], Throttles=1)
        raise Refused(500, "Internal Server Error")
    functions.count_run(executed, named[2])
    if functions.is_failing(executed):
        raise Refused(502, "Internal server error")
    said = {
        "function": named[1],
        "alias": named[2],
        "version": str(executed.version),
        "path": path,
        "method": call.method,
    }
    return Answer(HTTPStatus.OK, json.dumps({**said, "received": len(call.body)}).encode())


@dataclass(frozen=True, slots=True)
class _HttpCall:
    """A call of an HTTP API, whose stage is `$default`."""

    call: Call
    account: str
    region: str
    api: Any
    path: str

    def answer(self, moto: Wsgi) -> Answer:
        stage = self.api.stages.get("$default")
        wanted = (f"{self.call.method} {self.path}", f"ANY {self.path}")
        routes = {each.route_key: each for each in self.api.routes.values()}
        route = next((routes[key] for key in wanted if key in routes), None)
        if stage is None or route is None:
            raise Refused(404, "Not Found")
        self._authorize(route)
        limits = stage.route_settings.get(route.route_key) or stage.default_route_settings or {}
        planned = _next(self.api.api_id)
        names = ("throttlingRateLimit", "throttlingBurstLimit")
        is_limited = bool(limits.keys() & {*names})
        if planned == "throttled" or (is_limited and any(not limits.get(each) for each in names)):
            raise Refused(429, "Too Many Requests")
        if len(self.call.body) > LARGEST_BODY:
            raise Refused(413, "Request Entity Too Large")
        if planned == "timeout":
            raise Refused(503, "Service Unavailable")
        integration = self.api.integrations[str(route.target).rpartition("/")[2]]
        if integration.integration_type == "AWS_PROXY":
            uri = integration.integration_uri
            return _function(self.account, self.region, uri, self.call, self.path)
        return self._balanced(integration)

    def _authorize(self, route: Any) -> None:
        if route.authorization_type == "AWS_IAM" and _unsigned(self.call, self.region):
            raise Refused(403, "Forbidden")
        if route.authorization_type != "JWT":
            return
        claims = _claims(self.call)
        wanted = self.api.authorizers[route.authorizer_id].jwt_config
        audience = claims.get("aud") or claims.get("client_id")
        named = {*audience} if isinstance(audience, list) else {audience}
        if claims.get("iss") != wanted["issuer"] or not named & {*wanted["audience"]}:
            raise Refused(401, "Unauthorized")
        if not _has_scope(claims, route.authorization_scopes or ()):
            raise Refused(403, "Forbidden")

    def _balanced(self, integration: Any) -> Answer:
        """What the service answers that a listener leads to."""
        from moto.elbv2.models import elbv2_backends

        arn = integration.integration_uri
        balancers = elbv2_backends[self.account][self.region].load_balancers.values()
        listener = next((each.listeners[arn] for each in balancers if arn in each.listeners), None)
        if listener is None:
            raise Refused(503, "Service Unavailable")
        changed = integration.request_parameters or {}
        path = changed.get("overwrite:path", self.path)
        host = changed.get("overwrite:header.Host", self.call.host)
        asked = sorted(
            listener.rules.values(),
            key=lambda each: (each.is_default, 0 if each.is_default else int(each.priority)),
        )
        for rule in asked:
            if all(_holds(each, host, path) for each in rule.conditions):
                led = _Led(self.call, self.account, self.region)
                return led.answer(rule.actions, host, path)
        return Answer(404, b"")


@dataclass(frozen=True, slots=True)
class _Led:
    """Where the actions of a listener lead a call."""

    call: Call
    account: str
    region: str

    def answer(self, actions: Iterable[Any], host: str, path: str) -> Answer:
        """What the service of a target group answers, or the listener itself."""
        for action in actions:
            data = action.data
            if data.get("Type") == "fixed-response":
                fixed = data.get("FixedResponseConfig") or {}
                body = str(fixed.get("MessageBody") or "").encode()
                return Answer(int(fixed.get("StatusCode") or 404), body, {})
            groups = [data.get("TargetGroupArn")] if data.get("TargetGroupArn") else []
            groups += [
                each.get("TargetGroupArn")
                for each in (data.get("ForwardConfig") or {}).get("TargetGroups") or ()
            ]
            for name in self._services(groups):
                said = {"service": name, "host": host, "path": path, "method": self.call.method}
                content = {**said, "received": len(self.call.body)}
                return Answer(HTTPStatus.OK, json.dumps(content).encode())
        return Answer(503, b"")

    def _services(self, groups: Iterable[Any]) -> Iterator[str]:
        """The ECS services whose tasks a target group has."""
        from moto.ecs.models import ecs_backends

        wanted = {*groups}
        for service in ecs_backends[self.account][self.region].services.values():
            for balancer in service.load_balancers or ():
                if balancer.get("targetGroupArn") in wanted:
                    yield str(service.name)


def _holds(condition: Mapping[str, Any], host: str, path: str) -> bool:
    """Whether a condition of a listener's rule holds for a request."""
    kind = condition.get("Field")
    config = condition.get("HostHeaderConfig") or condition.get("PathPatternConfig") or {}
    values = condition.get("Values") or config.get("Values") or ()
    if kind == "host-header":
        return any(fnmatchcase(host.lower(), each.lower()) for each in values)
    if kind == "path-pattern":
        return any(fnmatchcase(path, each) for each in values)
    return True
