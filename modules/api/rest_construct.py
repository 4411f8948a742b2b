"""One REST API: its resources and methods, calls of SageMaker, deployment, stage and usage plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from ..cdk import (
    Construct,
    Fn,
    ITerraformDependable,
    TerraformResource,
    TerraformResourceLifecycle,
)
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow, deny, document
from ..names import short_hash
from ..overriding import override
from ..sagemaker.endpoints import AsyncEndpoint
from ..sagemaker.endpoints.base import Endpoint
from ..sagemaker.templates import written
from ..service import Deployed
from .deployment import API, DEPLOYMENT, deployment_template
from .http_construct import FunctionTarget
from .names import (
    deployment_stack,
    plan_name,
    rest_log_group,
    rest_name,
    rest_role,
    web_acl_name,
)
from .rest import Firewall, PrivateAccess, RestApi, RestRoute, UsagePlan, resources_of
from .shared_construct import Domain, RestLinkedTarget, log_format, route_id, statement_id
from .spec import CognitoAuthorization, Cors, IamAuthorization, Throttle
from .targets import caller_headers, component_in

from cdktf_cdktf_provider_aws.api_gateway_authorizer import ApiGatewayAuthorizer
from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_integration_response import ApiGatewayIntegrationResponse
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_response import ApiGatewayMethodResponse
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_model import ApiGatewayModel
from cdktf_cdktf_provider_aws.api_gateway_request_validator import ApiGatewayRequestValidator
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_rest_api import (
    ApiGatewayRestApi,
    ApiGatewayRestApiEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.api_gateway_rest_api_policy import ApiGatewayRestApiPolicy
from cdktf_cdktf_provider_aws.api_gateway_stage import (
    ApiGatewayStage,
    ApiGatewayStageAccessLogSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_usage_plan import (
    ApiGatewayUsagePlan,
    ApiGatewayUsagePlanApiStages,
    ApiGatewayUsagePlanApiStagesThrottle,
    ApiGatewayUsagePlanQuotaSettings,
    ApiGatewayUsagePlanThrottleSettings,
)
from cdktf_cdktf_provider_aws.cloudformation_stack import CloudformationStack
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation

R = TypeVar("R", bound=TerraformResource)

_STATUSES = {"400": r"4(?!24|29)\d{2}", "424": "424", "429": "429", "500": r"5\d{2}"}
"""What a caller gets for what SageMaker answers: its own fault, the model's, too many requests, or a
fault of SageMaker's. What is in no pattern is the answer of the model."""

_SENT = ("Accept", "Content-Type", "X-Amzn-SageMaker-Custom-Attributes")
"""Headers that every endpoint gets."""

_ANSWERED = {
    "Content-Type": "Content-Type",
    "X-Amzn-Invoked-Production-Variant": "x-Amzn-Invoked-Production-Variant",
    "X-Amzn-SageMaker-Custom-Attributes": "X-Amzn-SageMaker-Custom-Attributes",
}
_ANSWERED_LATER = {
    name: name for name in ("X-Amzn-SageMaker-OutputLocation", "X-Amzn-SageMaker-FailureLocation")
}


_LAST = TerraformResourceLifecycle(create_before_destroy=True)
"""AWS deletes nothing that a method names: it goes when the methods have changed."""


class RestFront(Construct):
    """A REST API, deployed again when, and only when, what it serves changes.

    `url` is where callers reach it, `api_id` its id.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: RestApi,
        targets: Mapping[str, Deployed],
        kms_key_arn: str,
        linked: Mapping[str, RestLinkedTarget],
        vpc_id: str | None = None,
        domain: Domain | None = None,
        logged_by: ITerraformDependable | None = None,
    ) -> None:
        """`targets` are the services of its routes, by path, `linked` how VPC links reach those on ECS; `vpc_id`
        is the environment's VPC, from which a private API is reached; `domain` is what leads to it;
        `logged_by` are the account's settings, where the environment makes them."""
        super().__init__(scope, id)
        self._context, self._spec, self._id = context, spec, id
        self._linked = linked
        self._served: dict[str, Any] = {}
        self._parts: list[ITerraformDependable] = []
        logs = CloudwatchLogGroup(
            self,
            "logs",
            name=rest_log_group(context, id),
            retention_in_days=spec.log_retention_days,
            kms_key_id=kms_key_arn,
        )
        private = spec.private
        api = ApiGatewayRestApi(
            self,
            "api",
            name=rest_name(context, id),
            # Left out, those of before would stay.
            binary_media_types=list(spec.binary_types),
            disable_execute_api_endpoint=spec.domain is not None,
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(
                types=["PRIVATE" if private else "REGIONAL"],
                vpc_endpoint_ids=list(private.endpoint_ids) or None if private else None,
            ),
        )
        self._api, self.api_id = api, api.id
        # Turning the URL off or on holds from the next deployment on.
        self._served["api"] = [list(spec.binary_types), spec.overridden("api")]
        if spec.domain is not None:
            self._served["api"].append("closed")
        self._policy(vpc_id)
        self._role_arn = self._role(targets)
        self._authorizer_id = self._authorizer()
        resources = self._resources()
        self._validators: dict[str, str] = {}
        for path, route in spec.routes.items():
            self._method(path, route, targets[path], resources[path])
            if spec.cors is not None:
                self._preflight(path, spec.cors, resources[path])
        if spec.cors is not None:
            self._errors_with_cors(spec.cors)
        deployment = self._deployment()
        stage = ApiGatewayStage(
            self,
            "stage",
            rest_api_id=api.id,
            deployment_id=deployment,
            stage_name=spec.stage,
            xray_tracing_enabled=spec.tracing,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=logs.arn,
                format=log_format(route="$context.resourcePath", key="$context.identity.apiKeyId"),
            ),
            depends_on=[logged_by] if logged_by is not None else None,
        )
        self._stage = stage
        self._settings("all", "*/*", spec.throttle)
        for path, route in spec.routes.items():
            if route.throttle is not None:
                self._settings(route_id(path), f"{path.strip('/')}/POST", route.throttle)
        for name, plan in spec.plans.items():
            self._plan(name, plan)
        if spec.firewall is not None:
            self._firewall(spec.firewall)
        self.url = stage.invoke_url
        if domain is not None:
            domain.lead(
                spec.base_path,
                api_id=api.id,
                stage=stage.stage_name,
                lifecycle=self._made_again_with_stage(),
            )
            self.url = domain.url(spec.base_path)
        override(spec, self)

    def _part(self, kind: type[R], id: str, *, refers: Mapping[str, Any], **literals: Any) -> R:
        """A resource that callers notice once it is deployed. What it refers to is known by the ids of
        constructs, so that its content needs none of the references."""
        self._served[id] = [literals, self._spec.overridden(id)]
        made = kind(self, id, **refers, **literals)
        self._parts.append(made)
        return made

    def _deployment(self) -> str:
        """The id of the deployment of what is served, by a stack that is updated in place.

        A resource that is replaced before the one of before goes has all that it waits for removed after
        it, so that Terraform's own deployment keeps a part that is taken out; nothing that such a
        resource waits for may wait for a part either (hashicorp/terraform-provider-aws #13630)."""
        links = sorted({each.link_id for each in self._linked.values()})
        # A link that is made again is deployed before the one of before goes.
        again = "".join(Fn.substr(Fn.sha1(each), 0, 8) for each in links)
        return CloudformationStack(
            self,
            "deployment",
            name=deployment_stack(self._context, self._id),
            template_body=written(deployment_template(f"{short_hash(self._served, 16)}{again}")),
            parameters={API: self.api_id},
            on_failure="DELETE",
            depends_on=self._parts,
        ).outputs.lookup(DEPLOYMENT)

    def _made_again_with_stage(self) -> TerraformResourceLifecycle:
        """For what names the stage: AWS deletes no stage that something leads to."""
        stage = self._stage
        place = f"{stage.terraform_resource_type}.{stage.friendly_unique_id}"
        return TerraformResourceLifecycle(replace_triggered_by=[f"{place}.stage_name"])

    def _policy(self, vpc_id: str | None) -> None:
        """Who reaches it at all. Whom IAM lets in is said by IAM alone; a token and a preflight need an
        Allow here."""
        spec = self._spec
        conditions: dict[str, dict[str, Any]]
        if spec.private is not None:
            conditions = {"StringNotEquals": _sources(spec.private, vpc_id)}
            self._served["policy"] = [
                list(spec.private.vpc_ids),
                list(spec.private.endpoint_ids),
            ]
        elif spec.source_cidrs:
            conditions = {"NotIpAddress": {"aws:SourceIp": list(spec.source_cidrs)}}
            self._served["policy"] = list(spec.source_cidrs)
        else:
            return
        every = f"{self._api.execution_arn}/*"
        invoke, anyone = "execute-api:Invoke", {"AWS": "*"}
        statements: list[Statement] = [
            deny(invoke, every, sid="FromElsewhere", conditions=conditions, principal=anyone)
        ]
        if isinstance(spec.authorization, CognitoAuthorization):
            statements.append(allow(invoke, every, sid="WithToken", principal=anyone))
        elif spec.cors is not None:
            # A preflight is not signed: where nobody is asked for, API Gateway seeks an Allow. API
            # Gateway developer guide, "How resource policies affect authorization workflow".
            preflights = f"{self._api.execution_arn}/*/OPTIONS/*"
            statements.append(allow(invoke, preflights, sid="Preflight", principal=anyone))
        self._parts.append(
            ApiGatewayRestApiPolicy(
                self, "policy", rest_api_id=self.api_id, policy=document(*statements)
            )
        )

    def _role(self, targets: Mapping[str, Deployed]) -> str:
        """The role by which it calls exactly these endpoints."""
        context = self._context
        statements = []
        for path, target in targets.items():
            if not isinstance(target.spec, Endpoint):
                continue
            endpoint = context.arn("sagemaker", f"endpoint/{context.endpoint(target.name)}")
            if isinstance(target.spec, AsyncEndpoint):
                statements.append(
                    allow("sagemaker:InvokeEndpointAsync", endpoint, sid="InvokeLater")
                )
                continue
            statements.append(allow("sagemaker:InvokeEndpoint", endpoint, sid="Invoke"))
            component = component_in(context, target, self._spec.routes[path])
            if component is not None:
                arn = context.arn("sagemaker", f"inference-component/{component}")
                statements.append(allow("sagemaker:InvokeEndpoint", arn, sid="Invoke"))
        if not statements:
            return ""
        made = ExecutionRole(
            self,
            "role",
            context=context,
            name=rest_role(self._id),
            service="apigateway.amazonaws.com",
            statements=statements,
        )
        self._parts += made.ready
        return made.arn

    def _authorizer(self) -> str | None:
        given = self._spec.authorization
        if isinstance(given, IamAuthorization):
            return None
        return self._part(
            ApiGatewayAuthorizer,
            "authorizer",
            refers={"rest_api_id": self.api_id, "lifecycle": _LAST},
            name="tokens",
            type="COGNITO_USER_POOLS",
            identity_source="method.request.header.Authorization",
            provider_arns=list(given.user_pools),
        ).id

    def _resources(self) -> dict[str, str]:
        """The id of the resource of every path, and of every part before it."""
        made = {"": self._api.root_resource_id}
        for path in sorted(resources_of(self._spec.routes)):
            above, _, last = path.rpartition("/")
            made[path] = self._part(
                ApiGatewayResource,
                f"resource-{route_id(path)}",
                refers={"rest_api_id": self.api_id, "parent_id": made[above]},
                path_part=last,
            ).id
        return made

    def _validator(self, *, body: bool) -> str:
        name = "bodies" if body else "parameters"
        if name not in self._validators:
            self._validators[name] = self._part(
                ApiGatewayRequestValidator,
                f"validator-{name}",
                refers={"rest_api_id": self.api_id, "lifecycle": _LAST},
                name=name,
                validate_request_body=body,
                validate_request_parameters=not body,
            ).id
        return self._validators[name]

    def _method(self, path: str, route: RestRoute, target: Deployed, resource: str) -> None:
        """A path that posts to an endpoint."""
        spec, short = self._spec, route_id(path)
        endpoint = target.spec
        later = isinstance(endpoint, AsyncEndpoint)
        given = spec.authorization
        sent = [*_SENT, "X-Amzn-SageMaker-Inference-Id", *caller_headers(endpoint)]
        if not isinstance(endpoint, Endpoint):
            sent = []  # functions and services get every header
        if later:
            sent += ["X-Amzn-SageMaker-InputLocation", "X-Amzn-SageMaker-RequestTTLSeconds"]
            sent += ["X-Amzn-SageMaker-InvocationTimeoutSeconds"]
        static = {}
        component = component_in(self._context, target, route)
        if component is not None:
            static["X-Amzn-SageMaker-Inference-Component"] = f"'{component}'"
        references: dict[str, Any] = {
            "rest_api_id": self.api_id,
            "resource_id": resource,
            "authorizer_id": self._authorizer_id,
        }
        models = None
        if route.request_schema is not None:
            model = self._part(
                ApiGatewayModel,
                f"model-{short}",
                refers={"rest_api_id": self.api_id, "lifecycle": _LAST},
                name=f"Body{short_hash(path)}",
                content_type="application/json",
                schema=json.dumps(route.request_schema, sort_keys=True),
            )
            references["request_validator_id"] = self._validator(body=True)
            # A model of one content type would let a body of any other pass unseen.
            models = {"$default": model.name}
        elif later:
            references["request_validator_id"] = self._validator(body=False)
        scopes = route.scopes or (given.scopes if isinstance(given, CognitoAuthorization) else ())
        method = self._part(
            ApiGatewayMethod,
            f"method-{short}",
            refers={**references, "request_models": models},
            http_method="POST",
            authorization="AWS_IAM"
            if isinstance(given, IamAuthorization)
            else "COGNITO_USER_POOLS",
            authorization_scopes=list(scopes) or None,
            api_key_required=route.api_key,
            request_parameters={
                f"method.request.header.{name}": later and name.endswith("InputLocation")
                for name in sent
            }
            or None,
        )
        where = {"rest_api_id": self.api_id, "resource_id": resource}
        context = self._context
        if path in self._linked:
            self._passed_on(path, route, self._linked[path], where, method)
            return
        if not isinstance(endpoint, Endpoint):
            self._proxied(path, route, target.name, where, method)
            return
        action = "async-invocations" if later else "invocations"
        name = context.endpoint(target.name)
        integration = self._part(
            ApiGatewayIntegration,
            f"integration-{short}",
            refers={**where, "http_method": method.http_method, "credentials": self._role_arn},
            type="AWS",
            integration_http_method="POST",
            uri=f"arn:{context.partition}:apigateway:{context.region}:runtime.sagemaker:"
            f"path/endpoints/{name}/{action}",
            passthrough_behavior="WHEN_NO_TEMPLATES",
            request_parameters={
                **{
                    f"integration.request.header.{name}": f"method.request.header.{name}"
                    for name in sent
                },
                **{f"integration.request.header.{key}": text for key, text in static.items()},
            },
            timeout_milliseconds=route.timeout_ms,
        )
        good, answered = ("202", _ANSWERED_LATER) if later else ("200", _ANSWERED)
        headers = {
            f"method.response.header.{name}": f"integration.response.header.{sent}"
            for name, sent in answered.items()
        }
        self._response(short, where, method, integration, good, None, headers)
        for status, pattern in _STATUSES.items():
            self._response(short, where, method, integration, status, pattern, {})

    def _proxied(
        self,
        path: str,
        route: RestRoute,
        function: str,
        where: Mapping[str, str],
        method: ApiGatewayMethod,
    ) -> None:
        """A function, which gets the request and gives the answer as they are."""
        called = FunctionTarget.of(self._context, function)
        self._part(
            ApiGatewayIntegration,
            f"integration-{route_id(path)}",
            refers={**where, "http_method": method.http_method},
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=called.invoke_arn,
            timeout_milliseconds=route.timeout_ms,
        )
        called.let(
            self,
            f"permission-{route_id(path)}",
            statement=statement_id("rest-api", self._id, path),
            source_arn=f"{self._api.execution_arn}/*/POST{path}",
        )

    def _passed_on(
        self,
        path: str,
        route: RestRoute,
        target: RestLinkedTarget,
        where: Mapping[str, str],
        method: ApiGatewayMethod,
    ) -> None:
        """An ECS service, which gets the request by its port and gives the answer as they are."""
        way, name = target.way, f"integration-{route_id(path)}"
        host = way.host or target.dns_name
        self._part(
            ApiGatewayIntegration,
            name,
            refers={
                **where,
                "http_method": method.http_method,
                "connection_id": target.link_id,
                "uri": f"{'https' if way.tls else 'http'}://{host}:{way.port}{way.path}",
            },
            type="HTTP_PROXY",
            connection_type="VPC_LINK",
            integration_http_method="POST",
            timeout_milliseconds=route.timeout_ms,
        )
        self._served[f"way-{name}"] = [way.load_balancer, way.port, way.path, way.host, way.tls]

    def _response(
        self,
        id: str,
        where: Mapping[str, str],
        method: ApiGatewayMethod,
        integration: ApiGatewayIntegration,
        status: str,
        pattern: str | None,
        headers: Mapping[str, str],
    ) -> None:
        """An answer with a status, for what SageMaker answers by `pattern`."""
        cors = self._spec.cors
        headers = {**headers, **(_origin(cors) if cors else {})}
        made = self._part(
            ApiGatewayMethodResponse,
            f"answer-{id}-{status}",
            refers={**where, "http_method": method.http_method},
            status_code=status,
            response_parameters=dict.fromkeys(headers, True) or None,
        )
        self._part(
            ApiGatewayIntegrationResponse,
            f"answered-{id}-{status}",
            # It is refused before these are there.
            refers={
                **where,
                "http_method": method.http_method,
                "depends_on": [made, integration],
            },
            status_code=status,
            selection_pattern=pattern,
            response_parameters=dict(headers) or None,
        )

    def _preflight(self, path: str, cors: Cors, resource: str) -> None:
        """What browsers ask before they call from a page of another origin."""
        short = f"options-{route_id(path)}"
        where = {"rest_api_id": self.api_id, "resource_id": resource}
        method = self._part(
            ApiGatewayMethod,
            f"method-{short}",
            refers=where,
            http_method="OPTIONS",
            authorization="NONE",
        )
        integration = self._part(
            ApiGatewayIntegration,
            f"integration-{short}",
            refers={**where, "http_method": method.http_method},
            type="MOCK",
            # A body that is taken for binary has no template.
            content_handling="CONVERT_TO_TEXT" if self._spec.binary_types else None,
            request_templates={"application/json": '{"statusCode": 204}'},
        )
        headers = {
            **_origin(cors),
            "method.response.header.Access-Control-Allow-Headers": f"'{','.join(cors.headers)}'",
            "method.response.header.Access-Control-Allow-Methods": "'OPTIONS,POST'",
            "method.response.header.Access-Control-Max-Age": f"'{cors.max_age_seconds}'",
        }
        self._response(short, where, method, integration, "204", None, headers)

    def _errors_with_cors(self, cors: Cors) -> None:
        """Browsers show a page no refusal without CORS."""
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            self._part(
                ApiGatewayGatewayResponse,
                f"refusal-{kind.lower().replace('_', '-')}",
                refers={"rest_api_id": self.api_id},
                response_type=kind,
                response_parameters={
                    name.replace("method.response", "gatewayresponse"): value
                    for name, value in _origin(cors).items()
                },
            )

    def _settings(self, id: str, path: str, throttle: Throttle) -> None:
        ApiGatewayMethodSettings(
            self,
            f"settings-{id}",
            rest_api_id=self.api_id,
            stage_name=self._stage.stage_name,
            method_path=path,
            settings=ApiGatewayMethodSettingsSettings(
                metrics_enabled=True,
                # What it logs beside the stage's own log holds headers, and is kept for good.
                logging_level="OFF",
                data_trace_enabled=False,
                throttling_rate_limit=throttle.requests_per_second,
                throttling_burst_limit=throttle.burst,
            ),
        )

    def _plan(self, name: str, plan: UsagePlan) -> None:
        limits = {
            "rate_limit": plan.throttle.requests_per_second,
            "burst_limit": plan.throttle.burst,
        }
        ApiGatewayUsagePlan(
            self,
            f"plan-{name}",
            name=plan_name(self._context, self._id, name),
            api_stages=[
                ApiGatewayUsagePlanApiStages(
                    api_id=self.api_id,
                    stage=self._stage.stage_name,
                    throttle=[
                        ApiGatewayUsagePlanApiStagesThrottle(path=f"{path}/POST", **limits)
                        for path in plan.routes
                    ]
                    or None,
                )
            ],
            lifecycle=self._made_again_with_stage(),
            throttle_settings=ApiGatewayUsagePlanThrottleSettings(**limits),
            quota_settings=ApiGatewayUsagePlanQuotaSettings(
                limit=plan.quota.limit, offset=plan.quota.offset, period=plan.quota.period
            )
            if plan.quota
            else None,
        )

    def _firewall(self, firewall: Firewall) -> None:
        arn = firewall.web_acl
        if arn is None:
            from .firewall_construct import web_acl

            name = web_acl_name(self._context, self._id)
            arn = web_acl(self, "web-acl", name=name, spec=firewall)
        Wafv2WebAclAssociation(self, "firewall", resource_arn=self._stage.arn, web_acl_arn=arn)


def _sources(private: PrivateAccess, vpc_id: str | None) -> dict[str, Any]:
    if private.endpoint_ids:
        return {"aws:SourceVpce": list(private.endpoint_ids)}
    return {"aws:SourceVpc": [*filter(None, [vpc_id]), *private.vpc_ids]}


def _origin(cors: Cors) -> dict[str, str]:
    """The headers of every answer to a page of another origin."""
    headers = {"method.response.header.Access-Control-Allow-Origin": f"'{cors.origins[0]}'"}
    if cors.credentials:
        headers["method.response.header.Access-Control-Allow-Credentials"] = "'true'"
    return headers
