"""One HTTP API: its routes to load balancers, its stage and its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..functions.names import ALIAS, alias_arn, function_name
from ..overriding import override
from .http import STAGE, HttpApi, HttpRoute
from .names import http_log_group, http_name
from .shared_construct import Domain, log_format, route_id, statement_id
from .spec import Cors, IamAuthorization, JwtAuthorization, Throttle
from .targets import Behind

from cdktf_cdktf_provider_aws.apigatewayv2_api import (
    Apigatewayv2Api,
    Apigatewayv2ApiCorsConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_authorizer import (
    Apigatewayv2Authorizer,
    Apigatewayv2AuthorizerJwtConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_integration import (
    Apigatewayv2Integration,
    Apigatewayv2IntegrationTlsConfig,
)
from cdktf_cdktf_provider_aws.apigatewayv2_route import Apigatewayv2Route
from cdktf_cdktf_provider_aws.apigatewayv2_stage import (
    Apigatewayv2Stage,
    Apigatewayv2StageAccessLogSettings,
    Apigatewayv2StageDefaultRouteSettings,
    Apigatewayv2StageRouteSettings,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedTarget:
    """A load balancer that the VPC link reaches."""

    link_id: str
    listener_arn: str
    way: Behind


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTarget:
    """A function, which is called by its alias."""

    name: str
    alias: str
    invoke_arn: str

    @staticmethod
    def of(context: Context, name: str) -> FunctionTarget:
        """The function of a short name."""
        arn = alias_arn(context, name)
        return FunctionTarget(
            name=function_name(context, name),
            alias=ALIAS,
            invoke_arn=f"arn:{context.partition}:apigateway:{context.region}:lambda:path/2015-03-31/"
            f"functions/{arn}/invocations",
        )

    def let(self, scope: Construct, id: str, *, statement: str, source_arn: str) -> None:
        """Let the methods and paths of an API that `source_arn` names call the function."""
        LambdaPermission(
            scope,
            id,
            statement_id=statement,
            action="lambda:InvokeFunction",
            function_name=self.name,
            qualifier=self.alias,
            principal="apigateway.amazonaws.com",
            source_arn=source_arn,
        )


class HttpFront(Construct):
    """An HTTP API with its stage `$default`, which serves every change at once.

    `url` is where callers reach it, `api_id` its id.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: HttpApi,
        targets: Mapping[str, LinkedTarget | FunctionTarget],
        kms_key_arn: str,
        domain: Domain | None = None,
    ) -> None:
        """`targets` are what its routes lead to, by path; `domain` is what leads to it."""
        super().__init__(scope, id)
        self._spec, self._id = spec, id
        logs = CloudwatchLogGroup(
            self,
            "logs",
            name=http_log_group(context, id),
            retention_in_days=spec.log_retention_days,
            kms_key_id=kms_key_arn,
        )
        api = Apigatewayv2Api(
            self,
            "api",
            name=http_name(context, id),
            protocol_type="HTTP",
            disable_execute_api_endpoint=spec.domain is not None,
            cors_configuration=_cors(spec.cors, spec.routes) if spec.cors else None,
        )
        self._api, self.api_id = api, api.id
        self._authorizer_id = self._authorizer()
        routes: list[ITerraformDependable] = [
            self._route(path, route, targets[path]) for path, route in spec.routes.items()
        ]
        stage = Apigatewayv2Stage(
            self,
            "stage",
            api_id=api.id,
            name=STAGE,
            auto_deploy=True,
            # Both limits always: one that is left out is 0.
            default_route_settings=Apigatewayv2StageDefaultRouteSettings(
                detailed_metrics_enabled=True, **_throttled(spec.throttle)
            ),
            route_settings=[
                Apigatewayv2StageRouteSettings(
                    route_key=_key(path, route),
                    detailed_metrics_enabled=True,
                    **_throttled(route.throttle),
                )
                for path, route in spec.routes.items()
                if route.throttle is not None
            ]
            or None,
            access_log_settings=Apigatewayv2StageAccessLogSettings(
                destination_arn=logs.arn, format=log_format(route="$context.routeKey")
            ),
            # Settings of a route need the route.
            depends_on=routes,
        )
        self.url = api.api_endpoint
        if domain is not None:
            domain.lead(spec.base_path, api_id=api.id, stage=stage.name)
            self.url = domain.url(spec.base_path)
        override(spec, self)

    def _authorizer(self) -> str | None:
        given = self._spec.authorization
        if isinstance(given, IamAuthorization):
            return None
        return Apigatewayv2Authorizer(
            self,
            "authorizer",
            api_id=self.api_id,
            name="tokens",
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration=Apigatewayv2AuthorizerJwtConfiguration(
                issuer=given.issuer, audience=list(given.audiences)
            ),
        ).id

    def _called(
        self, path: str, route: HttpRoute, target: FunctionTarget
    ) -> Apigatewayv2Integration:
        method = "*" if route.method == "ANY" else route.method
        target.let(
            self,
            f"permission-{route_id(path)}",
            statement=statement_id("http-api", self._id, path),
            source_arn=f"{self._api.execution_arn}/*/{method}{path}",
        )
        return Apigatewayv2Integration(
            self,
            f"integration-{route_id(path)}",
            api_id=self.api_id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=target.invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=route.timeout_ms,
        )

    def _linked(self, path: str, route: HttpRoute, target: LinkedTarget) -> Apigatewayv2Integration:
        way = target.way
        named = {"overwrite:header.Host": way.host} if way.host else {}
        return Apigatewayv2Integration(
            self,
            f"integration-{route_id(path)}",
            api_id=self.api_id,
            integration_type="HTTP_PROXY",
            # The load balancer gets the method of the request where a route takes every one.
            integration_method=route.method,
            integration_uri=target.listener_arn,
            connection_type="VPC_LINK",
            connection_id=target.link_id,
            payload_format_version="1.0",
            request_parameters={"overwrite:path": way.path, **named},
            timeout_milliseconds=route.timeout_ms,
            tls_config=Apigatewayv2IntegrationTlsConfig(server_name_to_verify=way.host)
            if way.tls
            else None,
        )

    def _route(
        self, path: str, route: HttpRoute, target: LinkedTarget | FunctionTarget
    ) -> Apigatewayv2Route:
        given = self._spec.authorization
        integration = (
            self._called(path, route, target)
            if isinstance(target, FunctionTarget)
            else self._linked(path, route, target)
        )
        scopes = route.scopes or (given.scopes if isinstance(given, JwtAuthorization) else ())
        return Apigatewayv2Route(
            self,
            f"route-{route_id(path)}",
            api_id=self.api_id,
            route_key=_key(path, route),
            target=f"integrations/{integration.id}",
            authorization_type="AWS_IAM" if isinstance(given, IamAuthorization) else "JWT",
            authorizer_id=self._authorizer_id,
            authorization_scopes=list(scopes) or None,
        )


def _key(path: str, route: HttpRoute) -> str:
    return f"{route.method} {path}"


def _throttled(throttle: Throttle) -> dict[str, Any]:
    return {
        "throttling_rate_limit": throttle.requests_per_second,
        "throttling_burst_limit": throttle.burst,
    }


def _cors(cors: Cors, routes: Mapping[str, HttpRoute]) -> Apigatewayv2ApiCorsConfiguration:
    return Apigatewayv2ApiCorsConfiguration(
        allow_origins=list(cors.origins),
        allow_headers=list(cors.headers),
        allow_methods=sorted({route.method for route in routes.values()}),
        allow_credentials=cors.credentials,
        max_age=cors.max_age_seconds,
    )
