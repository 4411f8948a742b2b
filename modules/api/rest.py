"""REST APIs: in front of SageMaker endpoints, without anything between, functions, and ECS services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from ..alarms.published import REST_API
from ..alarms.watched import Watched
from ..alb.spec import WebAclArn
from ..context import Context
from ..names import Name
from ..overrides import Overridable
from ..rules import Problem, Rule, rule
from ..service import Billed, Drawn, Named, Needs, Place, Reaching
from ..spec import Aws, Between, Check, Cidrs, Many, Matches, OneOf, ShortName, Spec
from ..usage import Usage, by_use, exactly
from ..vpc.flow_logs import RetentionDays
from .http import APG26, APG37, ServiceHost, ServicePath
from .names import deployment_stack, plan_name, rest_log_group, rest_name, web_acl_name
from .schemas import schema_problems
from .spec import (
    APG25,
    APG50,
    BasePath,
    CognitoAuthorization,
    Cors,
    DomainName,
    IamAuthorization,
    RoutePath,
    Scopes,
    Throttle,
)

APG2 = rule(
    "APG2",
    refuses="a timeout of a REST API outside 50 to 300,000 milliseconds",
    message="must be from {low} to {high} milliseconds",
    source="Amazon API Gateway API reference, PutIntegration timeoutInMillis; hashicorp/aws "
    "aws_api_gateway_integration",
)
APG3 = rule(
    "APG3",
    refuses="a REST timeout above the 60 seconds that SageMaker waits for a model",
    message="has no effect above 60,000, after which SageMaker answers itself; write 60000 or less, or "
    "use an asynchronous endpoint",
    source="Amazon SageMaker API reference, InvokeEndpoint (60 seconds)",
    severity="warning",
)
APG8 = rule(
    "APG8",
    refuses="a quota of requests that API Gateway does not take",
    message="must be {expected}",
    source="Amazon API Gateway API reference, QuotaSettings (limit, offset, period); hashicorp/aws "
    "aws_api_gateway_usage_plan (offsets of each period)",
)
APG13 = rule(
    "APG13",
    refuses="multipart forms among the binary types",
    message="is taken apart by no part of the way to SageMaker, which gets it with its boundaries; send "
    "the file itself, such as image/png",
    source="Amazon API Gateway developer guide, content type conversions; bentoml/aws-sagemaker-deploy #18",
)
APG20 = rule(
    "APG20",
    refuses="a REST timeout above the 29 seconds that an account has by default",
    message="is above the 29,000 of the account's quota; ask for more in Service Quotas (Maximum "
    "integration timeout in milliseconds, which lowers the account's throttle), or the apply fails",
    source="Amazon API Gateway developer guide, quotas (integration timeout of Regional and private "
    "REST APIs)",
    severity="warning",
)
APG27 = rule(
    "APG27",
    refuses="a usage plan without a route, or a route that needs a key of no plan",
    message="{wrong}; {remedy}",
    source="Amazon API Gateway developer guide, usage plans and API keys (a key is taken by the stages "
    "of its plans alone)",
)
APG29 = rule(
    "APG29",
    refuses="a domain of a private API",
    message="is Regional, and leads to no private API; leave it out, or leave private out",
    source="Amazon API Gateway developer guide, custom domain names for private APIs (another kind)",
)
APG30 = rule(
    "APG30",
    refuses="addresses of callers of a private API",
    message="is compared with the public address of a caller, which a private API does not see; write "
    "private.endpoint_ids or private.vpc_ids",
    source="Amazon API Gateway developer guide, resource policy conditions (aws:SourceIp not for "
    "private APIs)",
)
APG31 = rule(
    "APG31",
    refuses="a name of a stage that API Gateway does not take",
    message="must be at most 128 letters, digits, - and _, such as live; test-invoke-stage is AWS's own",
    source="Amazon API Gateway API reference, CreateStage stageName",
)
APG32 = rule(
    "APG32",
    refuses="a binary type that is no media type",
    message="must be a media type such as application/x-npy or image/*, or */* for all, each once",
    source="Amazon API Gateway developer guide, binary media types; RFC 6838",
)
APG33 = rule(
    "APG33",
    refuses="a web ACL beside rule groups, a firewall of neither, or a rule group twice",
    message="must have either web_acl, or groups, each once, or requests_per_5_minutes",
    source="AWS WAF API reference, AssociateWebACL (one web ACL of a stage), CreateWebACL (a name of each "
    "rule)",
)
APG34 = rule(
    "APG34",
    refuses="a limit of AWS WAF's rate rule outside 10 to 2,000,000,000",
    message="must be from {low} to {high} requests",
    source="botocore wafv2 RateLimit",
)
APG52 = rule(
    "APG52",
    refuses="more callers in a resource policy than its size allows by default",
    message="has {size:,} characters, of 8,192 that a resource policy has by default with about 700 for the "
    "rest of it; name fewer and larger networks, or ask for more in Service Quotas",
    source="Amazon API Gateway developer guide, quotas (resource policy size)",
    severity="warning",
)
APG46 = rule(
    "APG46",
    refuses="the id of a VPC or an endpoint that is none",
    message="must be {expected}",
    source="Amazon EC2 API reference, VpcEndpoint, Vpc",
)
APG47 = rule(
    "APG47",
    refuses="a private API in a network without the endpoint that leads to it",
    message="is reached through an interface endpoint alone, and the network lacks {missing}; add it to "
    "network.interface_endpoints, or set network.auto_endpoints",
    source="Amazon API Gateway developer guide, private REST APIs",
)
APG48 = rule(
    "APG48",
    refuses="the name of an inference component that SageMaker does not take",
    message="must be at most 63 letters and digits joined by hyphens",
    source="botocore sagemaker InferenceComponentName",
)

_MOST_RESOURCES = 300
_POLICY_ROOM = 8192 - 700
_MOST_OFFSET = {"DAY": 0, "WEEK": 6, "MONTH": 27}


def _is_media_type(text: str) -> bool:
    return text == "*/*" or bool(
        re.fullmatch(
            r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/(\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})", text
        )
    )


APG57 = rule(
    "APG57",
    refuses="a method of a route of a REST API",
    message="is POST for every route of a REST API; leave it out, or write the route in apis.http",
    source="Amazon SageMaker API reference, InvokeEndpoint (POST); container contract",
)


class RestRoute(Spec):
    """A path of a REST API, and what gets the bodies that are posted there."""

    excluded: ClassVar[Mapping[str, Rule]] = {"method": APG57}

    service: ShortName
    """The SageMaker endpoint, the function, or the ECS service behind a `NetworkRoute`, by its short name.
    Of an endpoint and a service of one name it is the endpoint."""

    path: ServicePath | None = None
    """The path that an ECS service gets. Default: `/invocations`."""

    host: ServiceHost | None = None
    """The name in the certificate of an ECS service's port, which is compared, and the `Host` that the
    service gets. Default: the name of its load balancer, whose port must then have no certificate."""

    component: Annotated[str, Matches(APG48, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")] | None = None
    """The inference component that answers, by its short name (an adapter by `COMPONENT-ADAPTER`), or by
    its name in AWS where it is made elsewhere. Default: None, which an `InferenceComponentEndpoint`
    does not take."""

    timeout_ms: Annotated[
        int,
        Between(APG2, 50, 300_000),
        Aws("apigateway:PutIntegrationRequest.timeoutInMillis"),
    ] = 29_000
    """Milliseconds until the caller gets 504, from 50; more than 29,000 needs a quota. Default:
    29,000."""

    request_schema: dict[str, Any] | None = None
    """What the body must be, as JSON Schema draft 4; any other, whatever its Content-Type, gets 400.
    Default: anything."""

    api_key: Annotated[bool, Aws("apigateway:PutMethodRequest.apiKeyRequired")] = False
    """Whether callers need a key of a usage plan in `X-API-Key` too. Default: False."""

    throttle: Throttle | None = None
    """A throttle of this route's own. Default: that of the API."""

    scopes: Annotated[Scopes, Aws("apigateway:PutMethodRequest.authorizationScopes")] = ()
    """Scopes of which a token must have one. Default: those of the API's authorization."""

    def check(self) -> Iterator[Problem]:
        """Timeouts that need a quota or have no effect, and the schema."""
        if self.timeout_ms > 60_000:
            yield APG3.problem("timeout_ms", got=self.timeout_ms)
        if self.timeout_ms > 29_000:
            yield APG20.problem("timeout_ms", got=self.timeout_ms)
        if self.request_schema is not None:
            yield from schema_problems(self.request_schema)


class Quota(Spec):
    """How many requests a key of a usage plan has in a period; those above get 429."""

    limit: Annotated[
        int,
        Check(
            APG8,
            lambda value: 1 <= value < 2**31,
            lambda _: {"expected": "from 1 to 2,147,483,647 requests"},
        ),
        Aws("apigateway:QuotaSettings.limit"),
    ]
    """Requests in a period; 1 or more."""

    period: Annotated[Literal["DAY", "WEEK", "MONTH"], Aws("apigateway:QuotaSettings.period")]
    """The period."""

    offset: Annotated[
        int,
        Check(APG8, lambda value: value >= 0, lambda _: {"expected": "0 or more requests"}),
        Aws("apigateway:QuotaSettings.offset"),
    ] = 0
    """Requests that count as made already in the first period: at most 6 of a week, 27 of a month and
    none of a day, which is what Terraform's provider takes. Default: 0."""

    def check(self) -> Iterator[Problem]:
        """Something is left of the first period."""
        if self.offset > (most := _MOST_OFFSET[self.period]):
            expected = f"at most {most} where period is {self.period}"
            yield APG8.problem("offset", got=self.offset, expected=expected)
        if self.offset >= self.limit:
            yield APG8.problem("offset", got=self.offset, expected=f"below limit ({self.limit})")


class UsagePlan(Spec):
    """What callers with a key of the plan may use.

    Keys are not made by Terraform, so that none is in a state: `inferform api-keys create` makes one.
    """

    throttle: Throttle
    """How many requests pass with one key."""

    quota: Quota | None = None
    """How many requests one key has in a period. Default: any number."""

    routes: Many[RoutePath] = ()
    """The paths, of those that need a key, that have throttles of their own in the plan: `throttle`
    holds for each by itself. Default: none, it holds for all together."""


APG54 = rule(
    "APG54",
    refuses="further VPCs of a private API beside endpoints that narrow it",
    message="has no effect beside endpoint_ids, through which alone requests come; leave it out",
    source="Inferform: the resource policy of a private API names endpoints, or VPCs",
    severity="warning",
)


class PrivateAccess(Spec):
    """Who reaches a private API: requests through interface endpoints of VPCs."""

    vpc_ids: Many[
        Annotated[
            str,
            Check(
                APG46,
                lambda text: bool(re.fullmatch(r"vpc-[0-9a-f]{8,32}", text)),
                lambda _: {"expected": "the id of a VPC, such as vpc-0a1b2c3d4e5f67890"},
            ),
        ]
    ] = ()
    """Further VPCs, beside the environment's own. Default: none."""

    endpoint_ids: Annotated[
        Many[
            Annotated[
                str,
                Check(
                    APG46,
                    lambda text: bool(re.fullmatch(r"vpce-[0-9a-f]{8,32}", text)),
                    lambda _: {"expected": "the id of an endpoint, such as vpce-0a1b2c3d4e5f67890"},
                ),
            ]
        ],
        Aws("apigateway:EndpointConfiguration.vpcEndpointIds"),
    ] = ()
    """Interface endpoints of `execute-api` through which alone requests come; each gets a DNS name of
    its own. Default: any endpoint of the VPCs."""

    def check(self) -> Iterator[Problem]:
        """Endpoints are narrower than VPCs."""
        if self.vpc_ids and self.endpoint_ids:
            yield APG54.problem("vpc_ids", got=list(self.vpc_ids))


class Firewall(Spec):
    """AWS WAF in front of a REST API: a web ACL that exists, or one of AWS's rule groups."""

    web_acl: WebAclArn | None = None
    """The web ACL that exists. Default: None, one is made of the other fields."""

    groups: Annotated[
        Many[
            Literal[
                "AWSManagedRulesAdminProtectionRuleSet",
                "AWSManagedRulesAmazonIpReputationList",
                "AWSManagedRulesAnonymousIpList",
                "AWSManagedRulesCommonRuleSet",
                "AWSManagedRulesKnownBadInputsRuleSet",
                "AWSManagedRulesLinuxRuleSet",
                "AWSManagedRulesSQLiRuleSet",
                "AWSManagedRulesUnixRuleSet",
            ]
        ],
        Aws("wafv2:ManagedRuleGroupStatement.Name"),
    ] = ()
    """AWS's managed rule groups, in the order in which they are asked. The common one counts bodies
    above 8 KB and does not block them, as models take larger ones. Default: none."""

    requests_per_5_minutes: (
        Annotated[int, Between(APG34, 10, 2_000_000_000), Aws("wafv2:RateBasedStatement.Limit")]
        | None
    ) = None
    """Requests of one address in five minutes, above which it is blocked. Default: any number."""

    def check(self) -> Iterator[Problem]:
        """One of the two."""
        own = bool(self.groups) or self.requests_per_5_minutes is not None
        if own == (self.web_acl is not None):
            yield APG33.problem()
        if len({*self.groups}) < len(self.groups):
            yield APG33.problem("groups", got=list(self.groups))

    def check_in(self, context: Context) -> Iterator[Problem]:
        """A web ACL is the environment's own."""
        arn = self.web_acl
        if arn is not None and arn.split(":")[3:5] != [context.region, context.account]:
            expected = f"the account {context.account} and the Region {context.region}"
            yield APG50.problem("web_acl", got=arn, expected=expected)


class RestApi(Overridable, Billed, Drawn, Named, Reaching):
    """A REST API: a stable URL in front of SageMaker endpoints, which it calls directly, of functions, and of
    ECS services behind Network Load Balancers.

    Every caller is authorized; API keys are counted and throttled, and authorize nobody.
    """

    sort: ClassVar[str] = "rest-api"
    words = "REST API"
    unreached = APG47

    routes: Annotated[
        dict[RoutePath, RestRoute],
        Check(
            APG37,
            lambda routes: routes and len(resources_of(routes)) <= _MOST_RESOURCES,
            lambda _: {"most": _MOST_RESOURCES, "what": "resources, one for each part of a path"},
        ),
    ]
    """What callers reach by path: `{"/fraud": RestRoute(service="fraud")}`."""

    throttle: Throttle
    """How many requests pass by every route that has no throttle of its own."""

    authorization: Annotated[IamAuthorization | CognitoAuthorization, OneOf()] = IamAuthorization()
    """Who may call: IAM by signed requests, or whoever has a token of a Cognito user pool. Default:
    IAM."""

    plans: dict[ShortName, UsagePlan] = {}
    """Usage plans by short name, for routes with `api_key`. Default: none."""

    private: PrivateAccess | None = None
    """Who reaches it from VPCs, and nobody from elsewhere. Default: None, it is Regional."""

    source_cidrs: Cidrs = ()
    """Addresses from which requests must come, by its resource policy. Default: any."""

    domain: DomainName | None = None
    """A domain of `apis.domains` that leads to it; the URL that API Gateway gives is then turned off.
    Default: none."""

    base_path: BasePath = ""
    """What stands before the paths of its routes at `domain`: `v1`. Default: nothing."""

    cors: Cors | None = None
    """Which pages of another origin browsers let call it: one origin, or `*`. Default: none."""

    firewall: Firewall | None = None
    """AWS WAF in front of it. Default: none."""

    binary_types: Annotated[
        Many[Annotated[str, Check(APG32, _is_media_type)]],
        Aws("apigateway:CreateRestApiRequest.binaryMediaTypes"),
    ] = ()
    """Media types of bodies that pass byte by byte: `application/x-npy`, `image/*`. Default: none,
    bodies are text in UTF-8."""

    stage: Annotated[
        str,
        Matches(APG31, r"(?!test-invoke-stage$)[A-Za-z0-9_-]{1,128}"),
        Aws("apigateway:CreateStageRequest.stageName"),
    ] = "live"
    """The name of its stage, which the URL that API Gateway gives ends with. With another one its usage plans
    are made again too, and get their keys again. Default: live."""

    log_retention_days: RetentionDays = 30
    """Days that its log of requests keeps events. Default: 30."""

    tracing: Annotated[bool, Aws("apigateway:CreateStageRequest.tracingEnabled")] = True
    """Whether AWS X-Ray traces its requests. Default: True."""

    def check(self) -> Iterator[Problem]:
        """The rules between routes, plans, and who reaches it."""
        if isinstance(self.authorization, IamAuthorization):
            for path, route in self.routes.items():
                if route.scopes:
                    yield APG26.problem("routes", path, "scopes", got=list(route.scopes))
        yield from self._check_plans()
        if self.private is not None and self.domain is not None:
            yield APG29.problem("domain", got=self.domain)
        if self.private is not None and self.source_cidrs:
            yield APG30.problem("source_cidrs", got=list(self.source_cidrs))
        yield from self._check_policy()
        if len({*self.binary_types}) < len(self.binary_types):
            yield APG32.problem("binary_types", got=list(self.binary_types))
        for index, text in enumerate(self.binary_types):
            if text.startswith("multipart/"):
                yield APG13.problem("binary_types", index, got=text)
        if self.cors is not None and len(self.cors.origins) > 1:
            wrong, remedy = "has several origins, of which a REST API answers one", "name one, or *"
            yield APG25.problem(
                "cors", "origins", got=list(self.cors.origins), wrong=wrong, remedy=remedy
            )

    def _check_policy(self) -> Iterator[Problem]:
        """Its resource policy has room for who may call."""
        named: dict[tuple[str, ...], Sequence[str]] = {("source_cidrs",): self.source_cidrs}
        if self.private is not None:
            named["private", "vpc_ids"] = self.private.vpc_ids
            named["private", "endpoint_ids"] = self.private.endpoint_ids
        for where, values in named.items():
            # As JSON has them, each in quotes and with a comma.
            size = sum(len(each) + 3 for each in values)
            if size > _POLICY_ROOM:
                yield APG52.problem(*where, size=size)

    def _check_plans(self) -> Iterator[Problem]:
        keyed = [path for path, route in self.routes.items() if route.api_key]
        if self.plans and not keyed:
            wrong, remedy = "counts nothing, as no route needs a key", "set api_key=True of a route"
            yield APG27.problem("plans", wrong=wrong, remedy=remedy)
        if keyed and not self.plans:
            wrong, remedy = "needs a key, and no plan has any", "write plans"
            yield APG27.problem("routes", keyed[0], "api_key", got=True, wrong=wrong, remedy=remedy)
        for name, plan in self.plans.items():
            for index, path in enumerate(plan.routes):
                if path not in keyed and keyed:
                    wrong, remedy = (
                        "is no route that needs a key",
                        f"name one of {', '.join(keyed)}",
                    )
                    yield APG27.problem(
                        "plans", name, "routes", index, got=path, wrong=wrong, remedy=remedy
                    )

    @property
    def reached_from(self) -> str:
        """The internet, or the VPCs of a private one."""
        return "internet" if self.private is None else "VPC"

    def needs(self, place: Place) -> Needs:
        """The endpoint that leads to a private API; a NAT gateway leads nowhere near it."""
        called = {"execute-api"} if self.private is not None else set()
        return Needs(interface_endpoints=frozenset(called), through_nat=False)

    def resource(self, place: Place) -> tuple[str, str]:
        """The API itself."""
        return "aws_api_gateway_rest_api", rest_name(place.environment.context, place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its deployment, log, plans and web ACL."""
        context, short = place.environment.context, place.name
        yield Name(*self.resource(place))
        yield Name("aws_cloudformation_stack", deployment_stack(context, short), "deployment")
        yield Name("aws_cloudwatch_log_group", rest_log_group(context, short))
        for plan in self.plans:
            yield Name(
                "aws_api_gateway_usage_plan", plan_name(context, short, plan), f"plan {plan}"
            )
        if self.firewall is not None and self.firewall.web_acl is None:
            yield Name("aws_wafv2_web_acl", web_acl_name(context, short))

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its stage."""
        yield Watched(
            kind="a REST API",
            publishes=REST_API,
            dimensions={
                "ApiName": rest_name(place.environment.context, place.name),
                "Stage": self.stage,
            },
        )

    def log_groups(self, place: Place) -> Iterator[str]:
        """The log of its requests."""
        yield rest_log_group(place.environment.context, place.name)

    def uses(self, place: Place) -> Iterator[Usage]:
        """Its requests, by AWS WAF too, and a web ACL with its rules."""
        yield by_use(place.name, "apigateway/rest-request")
        firewall = self.firewall
        if firewall is not None:
            yield by_use(place.name, "waf/request")
        if firewall is not None and firewall.web_acl is None:
            rules = len(firewall.groups) + (firewall.requests_per_5_minutes is not None)
            yield Usage(place.name, "waf/web-acl", exactly(1))
            yield Usage(place.name, "waf/rule", exactly(rules))


def resources_of(routes: Mapping[str, object]) -> set[str]:
    """Every part of the paths that API Gateway has a resource for."""
    return {
        "/".join(parts[:end])
        for parts in (path.split("/") for path in routes)
        for end in range(2, len(parts) + 1)
    }
