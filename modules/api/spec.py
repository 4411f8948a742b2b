"""What HTTP APIs and REST APIs have in common: throttles, who may call, CORS and domains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from ..alb.records import HostedZone
from ..alb.spec import CertificateArn, certificate_problems
from ..context import Context
from ..rules import Problem, rule
from ..spec import Aws, Between, Check, Many, Matches, Spec, arn_of

APG5 = rule(
    "APG5",
    refuses="a throttle of 0, at which nothing passes",
    message="must be 1 or more; at 0 every request is answered with 429",
    source="Amazon API Gateway developer guide, throttle requests to your HTTP APIs; "
    "hashicorp/terraform-provider-aws #43307",
)
APG6 = rule(
    "APG6",
    refuses="a throttle above what an account has in a Region by default",
    message="is above {limit}, which all APIs of an account share in a Region by default; ask for more "
    "in Service Quotas, or lower it",
    source="Amazon API Gateway developer guide, quotas (10,000 requests per second, 5,000 of burst)",
    severity="warning",
)
APG10 = rule(
    "APG10",
    refuses="a path that is no path of a route",
    message="must be a path such as /fraud or /v1/fraud: letters, digits, -, _, . and ~ between "
    "slashes, without a variable or a part . or .., at most 512 characters",
    source="Amazon API Gateway developer guide, routes for HTTP APIs and resources of REST APIs; "
    "Inferform: each path leads to one service",
)
APG11 = rule(
    "APG11",
    refuses="an issuer of JSON Web Tokens that is no https URL, or no audience",
    message="must be {expected}",
    source="botocore apigatewayv2 JWTConfiguration; Amazon API Gateway developer guide, JWT authorizers (iss "
    "must match the issuer), and quotas of HTTP APIs (50 audiences of an authorizer); Amazon Cognito developer "
    "guide, verifying JSON web tokens (iss)",
)
APG24 = rule(
    "APG24",
    refuses="a base path of a domain that API Gateway does not take",
    message="must be words of letters, digits, - and _ joined by /, such as v1 or models/v1, without "
    "a slash at the ends, at most 300 characters",
    source="Amazon API Gateway developer guide, API mappings for custom domain names",
)
APG25 = rule(
    "APG25",
    refuses="CORS that browsers or API Gateway do not take",
    message="{wrong}; {remedy}",
    source="Fetch Standard, CORS protocol and credentials; botocore apigatewayv2 Cors; Amazon API Gateway "
    "developer guide, CORS for REST APIs (one value of Access-Control-Allow-Origin)",
)
APG38 = rule(
    "APG38",
    refuses="seconds of CORS outside of AWS's range",
    message="must be from {low} to {high} seconds",
    source="botocore apigatewayv2 IntegerWithLengthBetweenMinus1And86400",
)
APG39 = rule(
    "APG39",
    refuses="a scope of tokens with white space, or more than API Gateway compares",
    message="must be at most 10 scopes, without white space, such as models/invoke",
    source="RFC 6749, section 3.3; Amazon API Gateway developer guide, quotas (scopes of a route: 10)",
)

LARGEST_BODY_MB = 10
"""The largest body of a request that an API passes on. Source: Amazon API Gateway developer guide,
quotas (payload size, which cannot be raised)."""

_ACCOUNT_RATE, _ACCOUNT_BURST = 10_000, 5_000


def _is_path(text: str) -> bool:
    # Clients take . and .. out of a path before they send it.
    return len(text) <= 512 and bool(
        re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9_.~-]+)+", text, re.ASCII)
    )


RoutePath = Annotated[str, Check(APG10, _is_path)]
"""The path of a route: `/fraud`."""

Scopes = Annotated[
    Many[str],
    Check(
        APG39,
        lambda scopes: (
            len(scopes) <= 10 and all(re.fullmatch(r"[!-~]{1,64}", each) for each in scopes)
        ),
    ),
]
"""Scopes of tokens, of which one is enough."""

BasePath = Annotated[
    str,
    Check(
        APG24,
        lambda text: (
            len(text) <= 300 and bool(re.fullmatch(r"([\w-]+(/[\w-]+)*)?", text, re.ASCII))
        ),
    ),
    Aws("apigatewayv2:CreateApiMappingRequest.ApiMappingKey"),
]


class Throttle(Spec):
    """How many requests pass; those above get 429."""

    requests_per_second: Annotated[
        int,
        Check(APG5, lambda value: value >= 1),
        Aws("apigatewayv2:RouteSettings.ThrottlingRateLimit"),
    ]
    """Requests a second, over time; 1 or more."""

    burst: Annotated[
        int,
        Check(APG5, lambda value: value >= 1),
        Aws("apigatewayv2:RouteSettings.ThrottlingBurstLimit"),
    ]
    """Requests at once, before `requests_per_second` holds; 1 or more."""

    def check(self) -> Iterator[Problem]:
        """What the account has by default."""
        if self.requests_per_second > _ACCOUNT_RATE:
            got = self.requests_per_second
            yield APG6.problem("requests_per_second", got=got, limit=f"{_ACCOUNT_RATE:,}")
        if self.burst > _ACCOUNT_BURST:
            yield APG6.problem("burst", got=self.burst, limit=f"{_ACCOUNT_BURST:,}")


class IamAuthorization(Spec):
    """Callers sign their requests (Signature Version 4), and IAM lets them by `execute-api:Invoke`."""


_COGNITO = re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?(/.*)?")


def _is_issuer(text: str) -> bool:
    """Whether it can be the claim `iss` of a token; a user pool's is its URL without a slash at the end."""
    if pool := _COGNITO.fullmatch(text):
        return bool(re.fullmatch(rf"/{re.escape(pool[1])}_[0-9A-Za-z]+", pool[3] or ""))
    return (
        bool(re.fullmatch(r"https://[a-z0-9.-]+\.[a-z0-9-]+(/[!-~]*)?", text))
        and "/.well-known/" not in text
    )


class JwtAuthorization(Spec):
    """Callers have a JSON Web Token of an issuer, such as a Cognito user pool.

    `JwtAuthorization(issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab12Cd34E",
    audiences=["client-id"])`.
    """

    issuer: Annotated[
        str,
        Check(
            APG11,
            _is_issuer,
            lambda _: {
                "expected": "the https URL of the issuer, exactly as the claim iss of its tokens has it; "
                "that of a user pool of Cognito is https://cognito-idp.REGION.amazonaws.com/POOL"
            },
        ),
        Aws("apigatewayv2:JWTConfiguration.Issuer"),
    ]
    """The issuer, an https URL, below which `/.well-known/openid-configuration` is found."""

    audiences: Annotated[
        Many[str],
        Check(
            APG11,
            lambda values: 1 <= len(values) <= 50 and all(value.strip() for value in values),
            lambda _: {
                "expected": "one audience or more, up to 50, such as the id of a client of the user pool"
            },
        ),
        Aws("apigatewayv2:JWTConfiguration.Audience"),
    ]
    """Whom the tokens must be for: their claim `aud` or, without it, `client_id` is one of these."""

    scopes: Annotated[Scopes, Aws("apigatewayv2:CreateRouteRequest.AuthorizationScopes")] = ()
    """Scopes of which a token must have one, where a route names none. Default: any token."""


UserPoolArn = Annotated[
    str,
    arn_of(
        "cognito-idp",
        "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_Ab12Cd34E",
        r"userpool/[\w-]+_[0-9a-zA-Z]+",
    ),
]

APG40 = rule(
    "APG40",
    refuses="an authorizer without user pools, or with more than API Gateway takes",
    message="must be from 1 to 1,000 user pools",
    source="Amazon API Gateway API reference, Authorizer providerARNs",
)


APG50 = rule(
    "APG50",
    refuses="a user pool or a web ACL from where API Gateway takes none",
    message="must be of {expected}",
    source="Amazon API Gateway API reference, Authorizer providerARNs; AWS WAF API reference, AssociateWebACL "
    "(a web ACL of the account and Region of the stage)",
)


class CognitoAuthorization(Spec):
    """Callers have a token of a Cognito user pool."""

    user_pools: Annotated[
        Many[UserPoolArn],
        Check(APG40, lambda pools: 1 <= len(pools) <= 1000),
        Aws("apigateway:CreateAuthorizerRequest.providerARNs"),
    ]
    """The ARNs of the user pools."""

    scopes: Annotated[Scopes, Aws("apigateway:PutMethodRequest.authorizationScopes")] = ()
    """Scopes of which an access token must have one, where a route names none. Default: identity
    tokens are taken, whatever their scopes."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The pools are of the environment's partition."""
        for index, arn in enumerate(self.user_pools):
            if arn.split(":")[1] != context.partition:
                expected = f"the partition {context.partition}"
                yield APG50.problem("user_pools", index, got=arn, expected=expected)


_ORIGIN = r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?"


class Cors(Spec):
    """Which pages of other origins browsers let call the API."""

    origins: Annotated[
        Many[
            Annotated[
                str,
                Check(
                    APG25,
                    lambda text: bool(re.fullmatch(_ORIGIN, text)),
                    lambda _: {
                        "wrong": "is no origin",
                        "remedy": "write scheme and host without a path, such as https://app.acme.test",
                    },
                ),
            ]
        ],
        Check(
            APG25,
            bool,
            lambda _: {"wrong": "names no origin", "remedy": "name one, or leave cors out"},
        ),
        Aws("apigatewayv2:Cors.AllowOrigins"),
    ]
    """Origins, such as `https://app.acme.test`; `*` is any."""

    headers: Annotated[
        Many[
            Annotated[
                str,
                Check(
                    APG25,
                    lambda text: bool(re.fullmatch(r"[!#$%&*+.^_`|~\w-]{1,128}", text, re.ASCII)),
                    lambda _: {"wrong": "is no name of a header", "remedy": "write one"},
                ),
            ]
        ],
        Aws("apigatewayv2:Cors.AllowHeaders"),
    ] = ("authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-api-key")
    """Headers that pages may send. Default: those of signatures, tokens and API keys."""

    credentials: Annotated[bool, Aws("apigatewayv2:Cors.AllowCredentials")] = False
    """Whether browsers send cookies along. Default: False."""

    max_age_seconds: Annotated[int, Between(APG38, 0, 86_400), Aws("apigatewayv2:Cors.MaxAge")] = (
        600
    )
    """Seconds that a browser may keep the answer; up to 86,400. Default: 600."""

    def check(self) -> Iterator[Problem]:
        """Browsers take `*` without credentials alone."""
        if "*" in self.origins and len(self.origins) > 1:
            wrong, remedy = "has * beside other origins", "write * alone, or leave it out"
            yield APG25.problem("origins", got=list(self.origins), wrong=wrong, remedy=remedy)
        if self.credentials and "*" in self.origins:
            remedy = "name the origins"
            yield APG25.problem(
                "credentials", got=True, wrong="is not taken with the origin *", remedy=remedy
            )
        if self.credentials and "*" in self.headers:
            wrong, remedy = "has *, which is no wildcard beside credentials", "name the headers"
            yield APG25.problem("headers", got=list(self.headers), wrong=wrong, remedy=remedy)


APG41 = rule(
    "APG41",
    refuses="a domain of APIs that is no name of one",
    message="must be a DNS name such as api.acme.test, in lower case",
    source="Amazon API Gateway developer guide, custom domain names; Amazon Route 53 developer guide, DNS "
    "domain name format",
)

OwnDomain = Annotated[
    str,
    Matches(APG41, r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"),
]
"""A domain of one's own."""

DomainName = Annotated[OwnDomain, Aws("apigatewayv2:CreateDomainNameRequest.DomainName")]


class ApiDomain(Spec):
    """A domain of one's own, Regional, with TLS 1.2, that APIs share by their base paths.

    An API with a domain is not reached by the URL that API Gateway gives it.
    """

    certificate: Annotated[
        CertificateArn, Aws("apigatewayv2:DomainNameConfiguration.CertificateArn")
    ]
    """The ACM certificate of the domain, issued, in the environment's Region and account."""

    zone: HostedZone | None = None
    """The hosted zone of Route 53 that gets the domain's record: `HostedZone(name="acme.test",
    private=False)`. Default: None, the record is made elsewhere."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The certificate is the environment's own."""
        yield from certificate_problems(context, "certificate", self.certificate)
