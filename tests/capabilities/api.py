"""HTTP APIs and REST APIs."""

from __future__ import annotations

from inferform import (
    Apis,
    AsyncEndpoint,
    Cors,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    Firewall,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    LambdaFunction,
    Model,
    MultiModel,
    MultiModelEndpoint,
    Network,
    NetworkLoadBalancer,
    NetworkRoute,
    PrivateAccess,
    RealtimeEndpoint,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Throttle,
)

from .record import (
    ACCOUNT,
    CERTIFICATE,
    CLOSED_SET,
    DEV,
    MODEL,
    MORE_THAN_MODELS,
    PART_OF_A_POLICY,
    Capability,
)

THROTTLE = Throttle(requests_per_second=100, burst=50)


def private_api() -> Environment:
    """REST APIs that are reached from VPCs alone or from some addresses, in front of every kind of
    endpoint and a port of a Network Load Balancer, and an HTTP API in front of the same."""
    image = Image(repository="fraud", tag="1.4.2")
    model = Model(image=image, artifact="fraud/1/model.tar.gz")
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16", auto_endpoints=True),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"ports": NetworkLoadBalancer()}),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(model=model, instance_type="ml.m5.large"),
                "slow": AsyncEndpoint(model=model, instance_type="ml.m5.large"),
                "many": MultiModelEndpoint(
                    model=MultiModel(image=image, artifacts="many/"), instance_type="ml.m5.large"
                ),
            },
            functions={"light": LambdaFunction(model=Model(image=image), timeout_seconds=29)},
            services={
                "score": EcsService(
                    model=Model(image=image),
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=NetworkRoute(load_balancer="ports", port=9443, certificate=CERTIFICATE),
                )
            },
        ),
        apis=Apis(
            http={
                "ports": HttpApi(
                    routes={
                        "/score": HttpRoute(
                            service="score", host="score.acme.test", throttle=THROTTLE
                        ),
                        "/invocations": HttpRoute(service="light"),
                    },
                    throttle=THROTTLE,
                )
            },
            rest={
                "inside": RestApi(
                    routes={
                        "/fraud": RestRoute(service="fraud"),
                        "/slow": RestRoute(service="slow"),
                        "/many": RestRoute(service="many"),
                        "/invocations": RestRoute(service="light"),
                        "/score": RestRoute(
                            service="score", path="/invocations", host="score.acme.test"
                        ),
                    },
                    throttle=THROTTLE,
                    private=PrivateAccess(vpc_ids=["vpc-0a1b2c3d4e5f67890"]),
                    firewall=Firewall(
                        web_acl=f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/edge/1234abcd"
                    ),
                ),
                "partners": RestApi(
                    routes={"/fraud": RestRoute(service="fraud")},
                    throttle=THROTTLE,
                    source_cidrs=["203.0.113.0/24"],
                    cors=Cors(origins=["*"]),
                    tracing=False,
                ),
            },
        ),
    )


EXAMPLE = f"""
    ecs=EcsCluster(load_balancers={{
        "front": LoadBalancer(certificate="{CERTIFICATE}"), "ports": NetworkLoadBalancer(),
    }}),
    inference=Inference(
        endpoints={{"fraud": RealtimeEndpoint(model={MODEL}, instance_type="ml.m5.large")}},
        services={{"score": EcsService(
            model=Model(image=Image(repository="fraud", tag="1.4.2")),
            compute=Fargate(cpu=256, memory_mib=512),
            route=Route(load_balancer="front", hosts=["score.acme.test"]),
        ), "tcp": EcsService(
            model=Model(image=Image(repository="fraud", tag="1.4.2")),
            compute=Fargate(cpu=256, memory_mib=512),
            route=NetworkRoute(load_balancer="ports", port=9443, certificate="{CERTIFICATE}"),
        )}},
    ),
    apis=Apis(
        http={{"front": HttpApi(
            routes={{"/score": HttpRoute(
                service="score", method="POST", path="/invocations", host="score.acme.test",
                timeout_ms=5000, throttle=Throttle(requests_per_second=5, burst=5),
                scopes=["score/write"],
            )}},
            throttle=Throttle(requests_per_second=10, burst=5),
            authorization=JwtAuthorization(
                issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab12Cd34E",
                audiences=["client"], scopes=["score/read"],
            ),
            domain="api.acme.test", base_path="services",
            cors=Cors(
                origins=["https://app.acme.test"], headers=["authorization"], credentials=True,
                max_age_seconds=60,
            ),
            log_retention_days=30,
        )}},
        rest={{
            "models": RestApi(
                routes={{"/fraud": RestRoute(
                    service="fraud", timeout_ms=10_000, request_schema={{"type": "object"}},
                    api_key=True, throttle=Throttle(requests_per_second=5, burst=5),
                    scopes=["models/invoke"],
                )}},
                throttle=Throttle(requests_per_second=10, burst=5),
                authorization=CognitoAuthorization(
                    user_pools=[
                        "arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/us-east-1_Ab12Cd34E"
                    ],
                    scopes=["models/read"],
                ),
                plans={{"gold": UsagePlan(
                    throttle=Throttle(requests_per_second=5, burst=5),
                    quota=Quota(limit=1000, period="DAY", offset=0), routes=["/fraud"],
                )}},
                source_cidrs=["203.0.113.0/24"],
                domain="api.acme.test", base_path="models",
                cors=Cors(origins=["https://app.acme.test"]),
                firewall=Firewall(
                    groups=["AWSManagedRulesCommonRuleSet"], requests_per_5_minutes=1000
                ),
                binary_types=["image/*"], stage="live", log_retention_days=30, tracing=True,
            ),
            "inside": RestApi(
                routes={{
                    "/fraud": RestRoute(service="fraud"),
                    "/tcp": RestRoute(service="tcp", path="/invocations", host="tcp.acme.test"),
                }},
                throttle=Throttle(requests_per_second=10, burst=5),
                private=PrivateAccess(endpoint_ids=["vpce-0a1b2c3d4e5f67890"]),
            ),
        }},
        domains={{"api.acme.test": ApiDomain(
            certificate="{CERTIFICATE}", zone=HostedZone(name="acme.test", private=False),
        )}},
        log_role=True,
    ),
"""

LOOKUPS = (
    "the group that refuses these lookups is named by who wants it; Checkov does not find it in "
    "Terraform's JSON"
)

CAPABILITY = Capability(
    environments={"private-api": private_api},
    examples={"api": EXAMPLE},
    not_aws={
        "the name of a domain, which the domain of an API is compared with": ("Apis.domains{key}",),
        "a part of a key, of a path or of a text that the models hold as one": (
            "HttpApi.routes{key}",
            "HttpRoute.method",
            "HttpRoute.path",
            "RestApi.routes{key}",
            "RestRoute.component",
            "RestRoute.host",
            "RestRoute.path",
            "RestRoute.request_schema{key}",
            "RestRoute.request_schema{}",
            "UsagePlan.routes[]",
        ),
        PART_OF_A_POLICY: ("PrivateAccess.vpc_ids[]", "RestApi.source_cidrs[]"),
    },
    stricter={
        "-1 turns the header off, which leaving cors out does": ("Cors.max_age_seconds",),
        "those of AWS's groups that need no settings of their own": ("Firewall.groups[]",),
        MORE_THAN_MODELS: ("Firewall.web_acl",),
    },
    shorter={CLOSED_SET: ("Firewall.groups[]",)},
    good={
        "APG11": ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab12Cd34E",),
        "APG25": ("https://app.acme.test", "*"),
        "APG32": ("image/*", "application/x-npy"),
        "APG41": ("api.acme.test",),
        "APG46": ("vpce-0a1b2c3d4e5f67890",),
        "CognitoAuthorization.user_pools[]": (
            f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/us-east-1_Ab12Cd34E",
        ),
    },
    requests={
        "aws_api_gateway_account": "apigateway:UpdateAccount apigateway:Account",
        "aws_api_gateway_authorizer": "apigateway:CreateAuthorizer",
        "aws_api_gateway_gateway_response": "apigateway:PutGatewayResponse",
        "aws_api_gateway_integration": "apigateway:PutIntegration",
        "aws_api_gateway_integration_response": "apigateway:PutIntegrationResponse",
        "aws_api_gateway_method": "apigateway:PutMethod",
        "aws_api_gateway_method_response": "apigateway:PutMethodResponse",
        "aws_api_gateway_method_settings": "apigateway:UpdateStage apigateway:MethodSetting",
        "aws_api_gateway_model": "apigateway:CreateModel",
        "aws_api_gateway_request_validator": "apigateway:CreateRequestValidator",
        "aws_api_gateway_resource": "apigateway:CreateResource",
        "aws_api_gateway_rest_api": "apigateway:CreateRestApi apigateway:EndpointConfiguration",
        "aws_api_gateway_rest_api_policy": "apigateway:CreateRestApi apigateway:RestApi",
        "aws_api_gateway_stage": "apigateway:CreateStage apigateway:Stage",
        "aws_api_gateway_usage_plan": "apigateway:CreateUsagePlan",
        "aws_api_gateway_vpc_link": "apigateway:CreateVpcLink",
        "aws_apigatewayv2_api": "apigatewayv2:CreateApi",
        "aws_apigatewayv2_api_mapping": "apigatewayv2:CreateApiMapping",
        "aws_apigatewayv2_authorizer": "apigatewayv2:CreateAuthorizer",
        "aws_apigatewayv2_domain_name": "apigatewayv2:CreateDomainName",
        "aws_apigatewayv2_integration": "apigatewayv2:CreateIntegration",
        "aws_apigatewayv2_route": "apigatewayv2:CreateRoute",
        "aws_apigatewayv2_stage": "apigatewayv2:CreateStage",
        "aws_apigatewayv2_vpc_link": "apigatewayv2:CreateVpcLink",
        "aws_lambda_permission": "lambda:AddPermission",
        "aws_wafv2_web_acl": "wafv2:CreateWebACL",
    },
    elsewhere={
        "aws_api_gateway_integration.timeout_milliseconds": (
            "apigateway:PutIntegrationRequest.timeoutInMillis"
        ),
        "aws_api_gateway_method.authorization": "apigateway:PutMethodRequest.authorizationType",
        "aws_api_gateway_rest_api_policy.rest_api_id": "apigateway:RestApi.id",
        "aws_api_gateway_stage.xray_tracing_enabled": "apigateway:CreateStageRequest.tracingEnabled",
        "aws_api_gateway_usage_plan.quota_settings": "apigateway:QuotaSettings",
        "aws_api_gateway_usage_plan.throttle_settings": "apigateway:ThrottleSettings",
        "aws_apigatewayv2_integration.timeout_milliseconds": (
            "apigatewayv2:CreateIntegrationRequest.TimeoutInMillis"
        ),
    },
    own={
        "a parameter of the template, by the name that the template gives it": (
            "aws_cloudformation_stack.parameters.Api",
        ),
        "a part of the path of a patch": ("aws_api_gateway_method_settings.method_path",),
        "a list of what the request has by key": (
            "aws_api_gateway_usage_plan.api_stages.throttle",
            "aws_apigatewayv2_stage.route_settings",
        ),
    },
    unnamed={
        "aws_lambda_permission.function_name": "the function's, which it is a statement of",
        "aws_api_gateway_authorizer.name": "unique in its API alone",
        "aws_api_gateway_model.name": "unique in its API alone",
        "aws_api_gateway_request_validator.name": "no two need differ",
        "aws_api_gateway_stage.stage_name": "unique in its API alone",
        "aws_apigatewayv2_authorizer.name": "unique in its API alone",
        "aws_apigatewayv2_stage.name": "unique in its API alone",
    },
    data_sources={
        "aws_lb": "elbv2:DescribeLoadBalancers",
        "aws_lb_listener": "elbv2:DescribeListeners",
    },
    checkov={
        "aws_api_gateway_stage": {
            "CKV2_AWS_4": (
                "the stage's own log has a line for each request; what a logging level adds holds "
                "headers, and is kept for good"
            ),
            "CKV2_AWS_77": LOOKUPS,
            "CKV2_AWS_51": "SageMaker is called by a role, and verifies no client certificate",
            "CKV_AWS_120": "each request is another prediction, of which none is kept",
        },
        "private-api-*/aws_api_gateway_stage.*": {
            "CKV2_AWS_29": "the example takes requests of some addresses alone",
            "CKV_AWS_73": "the example turns tracing off, to show that it can be",
        },
        "aws_api_gateway_method": {
            "CKV2_AWS_53": (
                "models take bodies of any form; a body is checked where its route has a schema"
            ),
        },
        "*-apis/aws_cloudformation_stack.*": {
            "CKV_AWS_124": "Terraform waits for each stack, and its apply fails where the stack does",
        },
        "aws_api_gateway_method_settings": {
            "CKV_AWS_225": "each request is another prediction, of which none is kept",
        },
        "aws_api_gateway_rest_api": {
            "CKV_AWS_237": "no change of it replaces an API but that of its kind, with another URL",
        },
        "aws_wafv2_web_acl": {
            "CKV_AWS_192": LOOKUPS,
            "CKV2_AWS_31": "the stage's log tells what a web ACL blocks, with its status 403",
        },
        "private-api-*/aws_lb.*": {
            "CKV_AWS_91": "a Network Load Balancer logs TLS connections alone",
        },
        "api-dev-usw2-*/aws_lb.*": {
            "CKV_AWS_91": "a Network Load Balancer logs TLS connections alone",
            "CKV_AWS_150": "deletion protection comes with Context.protected, which dev is not",
        },
        "api-dev-usw2-*/aws_sagemaker_model.*": {
            "CKV_AWS_370": "the example has no artifact, as its image holds the model",
        },
        "api-dev-usw2-*/aws_api_gateway_stage.*": {
            "CKV2_AWS_29": "the example shows what an API leads to, and callers sign",
        },
    },
)
