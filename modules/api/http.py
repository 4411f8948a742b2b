"""HTTP APIs: in front of functions, and of ECS services through load balancers in the VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ..alarms.published import HTTP_API
from ..alarms.watched import Handed, Watched
from ..names import Name
from ..overrides import Overridable
from ..rules import Problem, Rule, rule
from ..service import Billed, Drawn, Named, Place
from ..spec import Aws, Between, Check, Matches, OneOf, ShortName, Spec
from ..usage import Usage, by_use
from ..vpc.flow_logs import RetentionDays
from .names import http_log_group, http_name
from .spec import (
    BasePath,
    Cors,
    DomainName,
    IamAuthorization,
    JwtAuthorization,
    RoutePath,
    Scopes,
    Throttle,
)

APG1 = rule(
    "APG1",
    refuses="a timeout of an HTTP API outside 50 to 30,000 milliseconds",
    message="must be from {low} to {high} milliseconds; AWS raises it for no account: put what takes "
    "longer behind an asynchronous endpoint",
    source="botocore apigatewayv2 IntegerWithLengthBetween50And30000",
)
APG7 = rule(
    "APG7",
    refuses="an API key or a usage plan on an HTTP API",
    message="is no matter of an HTTP API: AWS takes API keys for REST and WebSocket APIs alone; write "
    "apis.rest",
    source="botocore apigatewayv2 CreateRouteRequest ApiKeyRequired (WebSocket APIs)",
)
APG26 = rule(
    "APG26",
    refuses="scopes where callers sign, and have no token",
    message="goes with tokens alone, but authorization is IamAuthorization; leave it out, or let IAM "
    "policies say which path of the API a role may call",
    source="botocore apigatewayv2 CreateRouteRequest AuthorizationScopes (JWT authorizers), apigateway "
    "PutMethodRequest authorizationScopes (COGNITO_USER_POOLS)",
)
APG35 = rule(
    "APG35",
    refuses="what REST APIs have and HTTP APIs have not",
    message="is no matter of an HTTP API; write apis.rest",
    source="Amazon API Gateway developer guide, choose between REST APIs and HTTP APIs",
)
APG37 = rule(
    "APG37",
    refuses="an API without routes, or with more than AWS takes",
    message="must have from 1 to {most} {what}; make another API for more",
    source="Amazon API Gateway developer guide, quotas (300 routes of an HTTP API, 300 resources of a "
    "REST API)",
)
APG44 = rule(
    "APG44",
    refuses="a path at the service that no request has",
    message="must be a path such as /invocations, of letters, digits and -._~/, without a part . or .., at "
    "most 1,024 characters",
    source="Amazon API Gateway developer guide, parameter mapping for HTTP APIs (overwrite:path); RFC "
    "3986",
)
APG45 = rule(
    "APG45",
    refuses="the name of a host that is none",
    message="must be the name in the load balancer's certificate, such as fraud.acme.test",
    source="botocore apigatewayv2 TlsConfigInput ServerNameToVerify; RFC 1123, host names",
)

APG55 = rule(
    "APG55",
    refuses="a route of every method beside CORS",
    message="takes OPTIONS too, which browsers send without a signature or token before a request, so that "
    "it is refused; name a method, which lets API Gateway answer OPTIONS itself, or leave cors out",
    source="Amazon API Gateway developer guide, configure CORS for HTTP APIs (routes that take OPTIONS, and an "
    "authorizer); anomalyco/sst #5493",
)

MOST_ROUTES = 300

ServicePath = Annotated[str, Matches(APG44, r"(?!.*/\.{1,2}(/|$))/[\w.~/-]{0,1023}")]
"""The path that a service behind a load balancer gets."""

ServiceHost = Annotated[
    str, Matches(APG45, r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}")
]
"""The name in the certificate of a service's load balancer, and the `Host` that the service gets."""

STAGE = "$default"
"""The name of the stage of every HTTP API, which its URL leaves out."""


class HttpRoute(Spec):
    """A path of an HTTP API, and the service that gets its requests."""

    excluded: ClassVar[Mapping[str, Rule]] = {
        "api_key": APG7,
        **dict.fromkeys(("component", "request_schema"), APG35),
    }

    service: ShortName
    """The ECS service or function, by its short name."""

    method: Literal["ANY", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"] = "POST"
    """The method of the requests; ANY is every one, OPTIONS too, which goes with no `cors` of the API.
    Default: POST."""

    path: ServicePath | None = None
    """The path that the service gets. Default: `/invocations`, behind the prefix that its own route
    strips."""

    host: Annotated[ServiceHost, Aws("apigatewayv2:TlsConfigInput.ServerNameToVerify")] | None = (
        None
    )
    """The name in the certificate of the service's load balancer, which is compared, and the `Host`
    that the service gets. Default: the first host of the service's own route without `*` and `?`."""

    timeout_ms: Annotated[
        int,
        Between(APG1, 50, 30_000),
        Aws("apigatewayv2:CreateIntegrationRequest.TimeoutInMillis"),
    ] = 29_000
    """Milliseconds until the caller gets 503, from 50 to 30,000. Default: 29,000."""

    throttle: Throttle | None = None
    """A throttle of this route's own. Default: that of the API."""

    scopes: Annotated[Scopes, Aws("apigatewayv2:CreateRouteRequest.AuthorizationScopes")] = ()
    """Scopes of which a token must have one. Default: those of the API's authorization."""


class HttpApi(Overridable, Billed, Drawn, Named):
    """An HTTP API: a stable URL in front of ECS services and functions, with authorization and throttles.

    Every caller is authorized. What answers later than in 30 seconds, and SageMaker endpoints, are no
    matter of an HTTP API: `RestApi`.
    """

    sort: ClassVar[str] = "http-api"
    words = "HTTP API"
    excluded: ClassVar[Mapping[str, Rule]] = {
        "plans": APG7,
        "api_keys": APG7,
        **dict.fromkeys(
            ("binary_types", "firewall", "private", "source_cidrs", "stage", "tracing"), APG35
        ),
    }

    routes: Annotated[
        dict[RoutePath, HttpRoute],
        Check(
            APG37,
            lambda routes: 1 <= len(routes) <= MOST_ROUTES,
            lambda _: {"most": MOST_ROUTES, "what": "routes"},
        ),
    ]
    """What callers reach by path: `{"/fraud": HttpRoute(service="fraud")}`."""

    throttle: Throttle
    """How many requests pass by every route that has no throttle of its own."""

    authorization: Annotated[IamAuthorization | JwtAuthorization, OneOf()] = IamAuthorization()
    """Who may call: IAM by signed requests, or whoever has a token of an issuer. Default: IAM."""

    domain: DomainName | None = None
    """A domain of `apis.domains` that leads to it; the URL that API Gateway gives is then turned off.
    Default: none."""

    base_path: BasePath = ""
    """What stands before the paths of its routes at `domain`: `v1`. Default: nothing."""

    cors: Cors | None = None
    """Which pages of other origins browsers let call it. Default: none."""

    log_retention_days: RetentionDays = 30
    """Days that its log of requests keeps events. Default: 30."""

    def check(self) -> Iterator[Problem]:
        """Scopes need tokens, and CORS needs methods by name."""
        for path, route in self.routes.items():
            if isinstance(self.authorization, IamAuthorization) and route.scopes:
                yield APG26.problem("routes", path, "scopes", got=list(route.scopes))
            if self.cors is not None and route.method == "ANY":
                yield APG55.problem("routes", path, "method", got="ANY")

    @property
    def reached_from(self) -> str:
        """The internet, as every HTTP API."""
        return "internet"

    def resource(self, place: Place) -> tuple[str, str]:
        """The API itself."""
        return "aws_apigatewayv2_api", http_name(place.environment.context, place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its log."""
        context = place.environment.context
        yield Name(*self.resource(place))
        yield Name("aws_cloudwatch_log_group", http_log_group(context, place.name))

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its stage, by the id that API Gateway gives the API."""
        yield Watched(
            kind="an HTTP API",
            publishes=HTTP_API,
            dimensions={"ApiId": Handed("apis", "http_ids", place.name), "Stage": STAGE},
        )

    def log_groups(self, place: Place) -> Iterator[str]:
        """The log of its requests."""
        yield http_log_group(place.environment.context, place.name)

    def uses(self, place: Place) -> Iterator[Usage]:
        """Its requests."""
        yield by_use(place.name, "apigateway/http-request")
