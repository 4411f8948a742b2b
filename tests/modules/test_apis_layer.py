"""APIs in Terraform's words: what each route becomes, and what a change of it makes again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Adapter,
    ApiDomain,
    Apis,
    CognitoAuthorization,
    Component,
    Cors,
    EcsCluster,
    EcsService,
    Environment,
    Firewall,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Model,
    Network,
    NetworkLoadBalancer,
    NetworkRoute,
    PrivateAccess,
    Quota,
    RestApi,
    RestRoute,
    Throttle,
    UsagePlan,
)
from inferform.api.shared_construct import statement_id
from tests.specs.test_api import CERTIFICATE, COGNITO, CONTEXT, JWT, SLOW, TASK, whole

pytestmark = pytest.mark.long

Synthesize = Callable[..., dict[str, dict[str, Any]]]
STACK = f"{CONTEXT.key}-apis"
DOMAIN = "api.acme.test"


def of(stack: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type by their path below the stack."""
    return {
        each["//"]["metadata"]["path"].split("/", 1)[1]: each
        for each in stack["resource"].get(kind, {}).values()
    }


def named(stack: dict[str, Any], kind: str, part: str) -> dict[str, Any]:
    """The one resource of a type whose path has a part."""
    (found,) = [each for path, each in of(stack, kind).items() if part in path]
    return found


def rest(**changes: Any) -> Environment:
    given: dict[str, Any] = {"routes": {"/v1/fraud": RestRoute(service="fraud")}, "throttle": SLOW}
    return whole(apis=Apis(rest={"models": RestApi(**{**given, **changes})}))


def http(**changes: Any) -> Environment:
    given: dict[str, Any] = {
        "routes": {"/a": HttpRoute(service="score", timeout_ms=5_000)},
        "throttle": SLOW,
    }
    return whole(apis=Apis(http={"front": HttpApi(**{**given, **changes})}))


def served(synthesize: Synthesize, environment: Environment) -> str:
    """What a redeployment is triggered by."""
    stack = synthesize(environment)[STACK]
    return deployed(stack)


def deployed(stack: dict[str, Any]) -> str:
    """The name that the template of a deployment has for it, by which it is another one."""
    template = named(stack, "aws_cloudformation_stack", "models")["template_body"]
    (logical,) = json.loads(template)["Resources"]
    return str(logical)


def test_a_route_names_a_component_or_an_adapter_by_its_short_name(synthesize: Synthesize) -> None:
    component = Component(
        model=Model(image=Image(repository="fraud", tag="1")),
        min_memory_mib=1024,
        adapters={"legal": Adapter(artifact="llm/legal.tar.gz")},
    )
    parts = InferenceComponentEndpoint(
        instance_type="ml.g5.12xlarge", max_instances=2, components={"llm": component}
    )
    names = {"llm": "parts-llm", "llm-legal": "parts-llm-legal", "made-elsewhere": ""}
    routes = {f"/{each}": RestRoute(service="parts", component=each) for each in names}
    api = RestApi(routes=routes, throttle=SLOW)
    environment = whole(
        apis=Apis(rest={"models": api}), inference=Inference(endpoints={"parts": parts}), ecs=None
    )
    stack = synthesize(environment)[STACK]
    header = "integration.request.header.X-Amzn-SageMaker-Inference-Component"
    policy = named(stack, "aws_iam_role_policy", "rest/models")["policy"]
    real = {f"acme-dev-use1-{name}" if name else short for short, name in names.items()}
    calls = of(stack, "aws_api_gateway_integration").values()
    assert {each["request_parameters"][header] for each in calls} == {f"'{each}'" for each in real}
    assert all(f'inference-component/{each}"' in policy for each in real)


def test_a_rest_api_calls_sagemaker_by_a_role_that_may_invoke_its_endpoints_alone(
    synthesize: Synthesize,
) -> None:
    routes = {
        "/v1/fraud": RestRoute(service="fraud"),
        "/slow": RestRoute(service="slow"),
        "/part": RestRoute(service="parts", component="acme-fraud-1"),
    }
    stack = synthesize(rest(routes=routes))[STACK]
    call = named(stack, "aws_api_gateway_integration", "v1-fraud")
    assert call["type"] == "AWS"
    assert call["integration_http_method"] == "POST"
    assert call["uri"] == (
        "arn:aws:apigateway:us-east-1:runtime.sagemaker:path/endpoints/acme-dev-use1-fraud/invocations"
    )
    assert call["passthrough_behavior"] == "WHEN_NO_TEMPLATES"
    header = "integration.request.header"
    assert (
        call["request_parameters"][f"{header}.Content-Type"] == "method.request.header.Content-Type"
    )
    later = named(stack, "aws_api_gateway_integration", "integration-slow")
    assert later["uri"].endswith("endpoints/acme-dev-use1-slow/async-invocations")
    asked = named(stack, "aws_api_gateway_method", "method-slow")["request_parameters"]
    assert asked["method.request.header.X-Amzn-SageMaker-InputLocation"] is True
    part = named(stack, "aws_api_gateway_integration", "integration-part")["request_parameters"]
    assert part[f"{header}.X-Amzn-SageMaker-Inference-Component"] == "'acme-fraud-1'"

    policy = json.loads(named(stack, "aws_iam_role_policy", "rest/models")["policy"])
    arn = "arn:aws:sagemaker:us-east-1:111122223333"
    assert {each["Action"]: each["Resource"] for each in policy["Statement"]} == {
        "sagemaker:InvokeEndpoint": [
            f"{arn}:endpoint/acme-dev-use1-fraud",
            f"{arn}:endpoint/acme-dev-use1-parts",
            f"{arn}:inference-component/acme-fraud-1",
        ],
        "sagemaker:InvokeEndpointAsync": f"{arn}:endpoint/acme-dev-use1-slow",
    }
    # With a condition API Gateway could not assume it.
    trusted = json.loads(named(stack, "aws_iam_role", "rest/models")["assume_role_policy"])
    assert trusted["Statement"][0].keys() == {"Effect", "Action", "Principal"}


def test_every_answer_of_sagemaker_has_a_status_and_waits_for_what_it_belongs_to(
    synthesize: Synthesize,
) -> None:
    stack = synthesize(rest())[STACK]
    answers = of(stack, "aws_api_gateway_integration_response").values()
    assert {each["status_code"]: each.get("selection_pattern") for each in answers} == {
        "200": None,
        "400": r"4(?!24|29)\d{2}",
        "424": "424",
        "429": "429",
        "500": r"5\d{2}",
    }
    for each in answers:
        kinds = {address.partition(".")[0] for address in each["depends_on"]}
        assert kinds == {"aws_api_gateway_integration", "aws_api_gateway_method_response"}
    deployment = named(stack, "aws_cloudformation_stack", "models")
    waits = {address.partition(".")[0] for address in deployment["depends_on"]}
    assert {"aws_api_gateway_method", "aws_api_gateway_integration_response"} <= waits


def test_only_what_a_method_names_is_made_before_it_goes(synthesize: Synthesize) -> None:
    # What is made before it goes lets all that it waits for go after it: after a deployment, or a stage.
    early: dict[str, set[bool]] = {}
    schema = {"type": "object", "required": ["a"]}
    routes = {
        "/v1/fraud": RestRoute(service="fraud", request_schema=schema),
        "/tcp": RestRoute(service="tcp"),
    }
    environment = rest(
        routes=routes,
        authorization=COGNITO,
        cors=Cors(origins=["https://a.test"]),
        source_cidrs=["203.0.113.0/24"],
        firewall=Firewall(requests_per_5_minutes=100),
    )
    for kind, made in synthesize(environment)[STACK]["resource"].items():
        for each in made.values():
            lifecycle = each.get("lifecycle", {})
            early.setdefault(kind, set()).add(lifecycle.get("create_before_destroy", False))
    assert {kind for kind, found in early.items() if True in found} == {
        "aws_api_gateway_authorizer",
        "aws_api_gateway_model",
        "aws_api_gateway_request_validator",
        "aws_api_gateway_vpc_link",
    }


def test_what_names_a_stage_is_made_again_with_it(synthesize: Synthesize) -> None:
    apis = Apis(
        rest={
            "models": RestApi(
                routes={"/v1/fraud": RestRoute(service="fraud", api_key=True)},
                throttle=SLOW,
                domain=DOMAIN,
                plans={"gold": UsagePlan(throttle=SLOW)},
            )
        },
        domains={DOMAIN: ApiDomain(certificate=CERTIFICATE)},
    )
    stack = synthesize(whole(apis=apis))[STACK]
    (stage,) = stack["resource"]["aws_api_gateway_stage"]
    # AWS deletes no stage that a domain leads to (hashicorp/terraform-provider-aws #28774).
    for kind in ("aws_apigatewayv2_api_mapping", "aws_api_gateway_usage_plan"):
        (made,) = of(stack, kind).values()
        triggers = made["lifecycle"]["replace_triggered_by"]
        assert triggers == [f"aws_api_gateway_stage.{stage}.stage_name"]


def test_a_rest_api_is_deployed_again_when_and_only_when_what_it_serves_changes(
    synthesize: Synthesize,
) -> None:
    first = served(synthesize, rest())
    keyed = {"/v1/fraud": RestRoute(service="fraud", api_key=True)}
    plan = UsagePlan(throttle=SLOW)
    same = {
        "the same": rest(),
        "a throttle": rest(throttle=Throttle(requests_per_second=1, burst=1)),
        "a log": rest(log_retention_days=7),
        "tracing": rest(tracing=False),
        "tags": rest(tags={"cost": "a"}),
        "a web ACL": rest(firewall=Firewall(requests_per_5_minutes=100)),
        "the stage's overrides": rest(overrides={"stage": {"description": "x"}}),
    }
    other = {
        "a path": rest(routes={"/fraud": RestRoute(service="fraud")}),
        "a service": rest(routes={"/v1/fraud": RestRoute(service="fits")}),
        "a timeout": rest(routes={"/v1/fraud": RestRoute(service="fraud", timeout_ms=100)}),
        "a schema": rest(
            routes={"/v1/fraud": RestRoute(service="fraud", request_schema={"type": "object"})}
        ),
        "a key": rest(routes=keyed, plans={"gold": plan}),
        "who may call": rest(authorization=COGNITO),
        "from where": rest(source_cidrs=["203.0.113.0/24"]),
        "CORS": rest(cors=Cors(origins=["*"])),
        "binary types": rest(binary_types=["image/*"]),
        # The URL that API Gateway gives is turned off with the next deployment, and not before.
        "a domain": whole(
            apis=Apis(
                rest={
                    "models": RestApi(
                        routes={"/v1/fraud": RestRoute(service="fraud")},
                        throttle=SLOW,
                        domain=DOMAIN,
                    )
                },
                domains={DOMAIN: ApiDomain(certificate=CERTIFICATE)},
            )
        ),
        "an override": rest(
            overrides={"integration-v1-fraud-20dbf688": {"passthrough_behavior": "NEVER"}}
        ),
    }
    assert {name: served(synthesize, each) for name, each in same.items()} == dict.fromkeys(
        same, first
    )
    changed = [served(synthesize, each) for each in other.values()]
    assert first not in changed
    assert len({*changed}) == len(other)
    # A plan is read when a request comes, and deploys nothing.
    limited = plan.replace(quota=Quota(limit=5, period="DAY"))
    keys = [rest(routes=keyed, plans={"gold": each}) for each in (plan, limited)]
    assert served(synthesize, keys[0]) == served(synthesize, keys[1])


def test_apis_that_change_places_of_domains_keep_the_resource_of_each_place(
    synthesize: Synthesize,
) -> None:
    def places(first: str, second: str) -> dict[str, str]:
        routes = {"/a": HttpRoute(service="score", timeout_ms=5_000)}
        apis = {
            "first": HttpApi(routes=routes, throttle=SLOW, domain=DOMAIN, base_path=first),
            "second": HttpApi(routes=routes, throttle=SLOW, domain=DOMAIN, base_path=second),
        }
        domains = {DOMAIN: ApiDomain(certificate=CERTIFICATE)}
        stack = synthesize(whole(apis=Apis(http=apis, domains=domains)))[STACK]
        return {
            address: each.get("api_mapping_key", "")
            for address, each in stack["resource"]["aws_apigatewayv2_api_mapping"].items()
        }

    # A domain has each base path once: a resource that asks for one which another still has fails.
    before = places("v1", "")
    assert sorted(before.values()) == ["", "v1"]
    assert places("", "v1") == before


def test_a_schema_is_of_every_content_type(synthesize: Synthesize) -> None:
    route = RestRoute(service="fraud", request_schema={"type": "object"})
    stack = synthesize(rest(routes={"/v1/fraud": route}))[STACK]
    (method,) = of(stack, "aws_api_gateway_method").values()
    assert [*method["request_models"]] == ["$default"]


def test_ids_of_statements_fit_and_tell_routes_apart() -> None:
    long = "/" + "a" * 80
    made = {statement_id("rest-api", "n" * 32, path) for path in (long, f"{long}b")}
    assert len(made) == 2
    # Source: botocore lambda StatementId.
    assert {len(each) <= 100 for each in made} == {True}


def test_throttles_are_always_written_with_both_limits(synthesize: Synthesize) -> None:
    own = Throttle(requests_per_second=3, burst=2)
    both = {"throttling_rate_limit": 10, "throttling_burst_limit": 5}
    less = {"throttling_rate_limit": 3, "throttling_burst_limit": 2}
    stack = synthesize(
        http(routes={"/a": HttpRoute(service="score", timeout_ms=5_000, throttle=own)})
    )[STACK]
    stage = named(stack, "aws_apigatewayv2_stage", "front")
    assert stage["default_route_settings"].items() >= both.items()
    (route,) = stage["route_settings"]
    assert route.items() >= {"route_key": "POST /a", **less}.items()

    stack = synthesize(rest(routes={"/v1/fraud": RestRoute(service="fraud", throttle=own)}))[STACK]
    settings = of(stack, "aws_api_gateway_method_settings").values()
    held = {each["method_path"]: each["settings"] for each in settings}
    assert held["*/*"].items() >= both.items()
    assert held["v1/fraud/POST"].items() >= less.items()


def test_an_http_api_reaches_a_service_by_its_load_balancer(synthesize: Synthesize) -> None:
    routes = {
        "/score": HttpRoute(service="score", timeout_ms=5_000),
        "/port": HttpRoute(service="port", host="port.acme.test", path="/ping", method="GET"),
    }
    stack = synthesize(http(routes=routes))[STACK]
    call = named(stack, "aws_apigatewayv2_integration", "score")
    assert call["integration_uri"] == (
        '${data.terraform_remote_state.ecs.outputs.listener_arns["tls"]}'
    )
    assert call["request_parameters"] == {
        "overwrite:header.Host": "score.acme.test",
        "overwrite:path": "/invocations",
    }
    assert call["tls_config"] == {"server_name_to_verify": "score.acme.test"}
    assert call["connection_type"] == "VPC_LINK"
    port = named(stack, "aws_apigatewayv2_integration", "integration-port")
    assert port["integration_uri"] == "${data.aws_lb_listener.listener-ports-9443.arn}"
    assert port["integration_method"] == "GET"
    listener = stack["data"]["aws_lb_listener"]["listener-ports-9443"]
    assert listener["port"] == 9443
    ports = {each["from_port"] for each in of(stack, "aws_vpc_security_group_egress_rule").values()}
    assert ports == {443, 9443}
    # Load balancers that take the whole VPC take the link too.
    assert of(stack, "aws_vpc_security_group_ingress_rule") == {}


ECS = f"{CONTEXT.key}-ecs"
ENFORCED = "enforce_security_group_inbound_rules_on_private_link_traffic"


def test_a_rest_api_reaches_ports_of_a_network_load_balancer_by_one_link(
    synthesize: Synthesize,
) -> None:
    routes = {
        "/tcp": RestRoute(service="tcp", timeout_ms=5_000),
        "/tls": RestRoute(service="port", host="port.acme.test", path="/v2/invocations"),
    }
    stacks = synthesize(rest(routes=routes))
    stack = stacks[STACK]
    (link,) = of(stack, "aws_api_gateway_vpc_link").values()
    suffix = '${data.terraform_remote_state.ecs.outputs.load_balancer_suffixes["ports"]}'
    arn = f"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/{suffix}"
    assert (link["name"], link["target_arns"]) == ("acme-dev-use1-ports-rest-link", [arn])
    assert link["lifecycle"] == {"create_before_destroy": True}
    calls = of(stack, "aws_api_gateway_integration")
    assert {(each["type"], each["connection_type"]) for each in calls.values()} == {
        ("HTTP_PROXY", "VPC_LINK")
    }
    (link_id,) = {each["connection_id"] for each in calls.values()}
    plain = named(stack, "aws_api_gateway_integration", "integration-tcp")
    assert plain["uri"].startswith("http://${data.aws_lb.")
    assert plain["uri"].endswith(".dns_name}:9444/invocations")
    assert plain["timeout_milliseconds"] == 5_000
    secured = named(stack, "aws_api_gateway_integration", "integration-tls")
    assert secured["uri"] == "https://port.acme.test:9443/v2/invocations"
    # A link that is made again is deployed, before the one of before goes.
    assert link_id.removeprefix("${").removesuffix("}") in deployed(stack)
    assert named(stacks[ECS], "aws_lb", "ports")[ENFORCED] == "off"


def test_each_link_of_an_api_is_deployed_when_it_is_made_again(synthesize: Synthesize) -> None:
    given = whole()
    assert isinstance(given.inference, Inference)
    assert isinstance(given.ecs, EcsCluster)
    balancers = {**given.ecs.load_balancers, "more": NetworkLoadBalancer()}
    far = TASK.replace(route=NetworkRoute(load_balancer="more", port=9001))
    routes = {"/tcp": RestRoute(service="tcp"), "/far": RestRoute(service="far")}
    environment = whole(
        apis=Apis(rest={"models": RestApi(routes=routes, throttle=SLOW)}),
        ecs=given.ecs.replace(load_balancers=balancers),
        inference=given.inference.replace(services={**given.inference.services, "far": far}),
    )
    stack = synthesize(environment)[STACK]
    links = stack["resource"]["aws_api_gateway_vpc_link"]
    assert len(links) == 2
    assert all(f"sha1(aws_api_gateway_vpc_link.{link}.id)" in deployed(stack) for link in links)


def test_security_groups_judge_private_link_where_no_rest_api_comes_by_it(
    synthesize: Synthesize,
) -> None:
    routes = {"/a": HttpRoute(service="tcp")}
    for environment in (rest(), http(routes=routes)):
        stacks = synthesize(environment)
        assert named(stacks[ECS], "aws_lb", "ports")[ENFORCED] == "on"
        assert "aws_api_gateway_vpc_link" not in stacks[STACK]["resource"]


def test_a_rest_api_calls_the_endpoint_of_an_endpoint_and_a_service_of_one_name(
    synthesize: Synthesize,
) -> None:
    port = NetworkRoute(load_balancer="ports", port=9001)
    given = whole().inference
    assert isinstance(given, Inference)
    services = {**given.services, "fraud": TASK.replace(route=port)}
    both = rest().replace(inference=given.replace(services=services))
    call = named(synthesize(both)[STACK], "aws_api_gateway_integration", "models")
    assert call["uri"].endswith("path/endpoints/acme-dev-use1-fraud/invocations")


def test_a_way_to_a_service_is_deployed_when_it_changes(synthesize: Synthesize) -> None:
    first = {"/v1/fraud": RestRoute(service="tcp")}
    others = [
        {"/v1/fraud": RestRoute(service="tcp", path="/v2")},
        {"/v1/fraud": RestRoute(service="tcp", host="a.acme.test")},
        {"/v1/fraud": RestRoute(service="tcp-large")},
    ]
    made = [served(synthesize, rest(routes=routes)) for routes in (first, *others)]
    assert len({*made}) == len(made)


def test_ports_that_name_their_clients_take_the_vpc_link_too(synthesize: Synthesize) -> None:
    def port(number: int, **given: Any) -> EcsService:
        return TASK.replace(route=NetworkRoute(load_balancer="ports", port=number, **given))

    named_clients = {"allowed_cidrs": ["192.168.0.0/16"]}
    services = {
        "first": port(9001, **named_clients),
        "second": port(9002, **named_clients),
        "third": port(9003),
    }
    routes = {f"/{name}": HttpRoute(service=name) for name in services}
    stack = synthesize(
        whole(
            inference=Inference(services=services),
            apis=Apis(http={"front": HttpApi(routes=routes, throttle=SLOW)}),
        )
    )[STACK]
    opened = of(stack, "aws_vpc_security_group_ingress_rule").values()
    assert sorted(each["from_port"] for each in opened) == [9001, 9002]
    group = '${data.terraform_remote_state.ecs.outputs.load_balancer_groups["ports"]}'
    assert {each["security_group_id"] for each in opened} == {group}
    assert all("referenced_security_group_id" in each for each in opened)


def test_a_route_has_the_authorization_of_its_api(synthesize: Synthesize) -> None:
    signed = named(synthesize(http())[STACK], "aws_apigatewayv2_route", "front")
    assert signed["authorization_type"] == "AWS_IAM"
    assert "authorizer_id" not in signed
    tokens = JWT.replace(scopes=["read"])
    routes = {
        "/a": HttpRoute(service="score", timeout_ms=5_000),
        "/b": HttpRoute(service="score", timeout_ms=5_000, scopes=["write"]),
    }
    stack = synthesize(http(routes=routes, authorization=tokens))[STACK]
    held = of(stack, "aws_apigatewayv2_route").values()
    assert {each["route_key"]: each["authorization_scopes"] for each in held} == {
        "POST /a": ["read"],
        "POST /b": ["write"],
    }
    assert {each["authorization_type"] for each in held} == {"JWT"}

    cognito = CognitoAuthorization(user_pools=COGNITO.user_pools, scopes=["invoke"])
    stack = synthesize(rest(authorization=cognito, cors=Cors(origins=["*"])))[STACK]
    methods = {
        each["http_method"]: each["authorization"]
        for each in of(stack, "aws_api_gateway_method").values()
    }
    assert methods == {"POST": "COGNITO_USER_POOLS", "OPTIONS": "NONE"}


def test_a_private_api_is_closed_to_all_but_its_vpcs(synthesize: Synthesize) -> None:
    def statements(environment: Environment) -> list[dict[str, Any]]:
        stack = synthesize(environment)[STACK]
        policy = named(stack, "aws_api_gateway_rest_api_policy", "models")["policy"]
        return list(json.loads(policy)["Statement"])

    def private(access: PrivateAccess, **changes: Any) -> Environment:
        routes = {"/fraud": RestRoute(service="fraud")}
        api = RestApi(routes=routes, throttle=SLOW, private=access, **changes)
        network = Network(cidr="10.20.0.0/16", auto_endpoints=True)
        return whole(network=network, apis=Apis(rest={"models": api}))

    vpc = "${data.terraform_remote_state.network.outputs.vpc_id}"
    (only,) = statements(private(PrivateAccess(vpc_ids=["vpc-0a1b2c3d"])))
    assert only["Effect"] == "Deny"
    assert only["Condition"] == {"StringNotEquals": {"aws:SourceVpc": [vpc, "vpc-0a1b2c3d"]}}
    # A token lets in only whom the policy allows; IAM lets in whom an identity policy allows.
    denied, allowed = statements(
        private(PrivateAccess(endpoint_ids=["vpce-0a1b2c3d"]), authorization=COGNITO)
    )
    assert denied["Condition"] == {"StringNotEquals": {"aws:SourceVpce": ["vpce-0a1b2c3d"]}}
    assert allowed["Effect"] == "Allow"


def test_a_preflight_passes_the_policy_of_an_api_that_iam_lets_in(synthesize: Synthesize) -> None:
    def statements(**changes: Any) -> dict[str, dict[str, Any]]:
        stack = synthesize(rest(source_cidrs=["203.0.113.0/24"], **changes))[STACK]
        policy = named(stack, "aws_api_gateway_rest_api_policy", "models")["policy"]
        return {each["Sid"]: each for each in json.loads(policy)["Statement"]}

    assert [*statements()] == ["FromElsewhere"]
    made = statements(cors=Cors(origins=["https://acme.test"]))
    assert [*made] == ["FromElsewhere", "Preflight"]
    preflight = made["Preflight"]
    assert (preflight["Effect"], preflight["Principal"]) == ("Allow", {"AWS": "*"})
    assert preflight["Resource"].endswith(".execution_arn}/*/OPTIONS/*")


def test_no_key_is_in_terraform(synthesize: Synthesize) -> None:
    keyed = {"/v1/fraud": RestRoute(service="fraud", api_key=True)}
    stack = synthesize(rest(routes=keyed, plans={"gold": UsagePlan(throttle=SLOW)}))[STACK]
    kinds = {*stack["resource"]}
    assert "aws_api_gateway_usage_plan" in kinds
    assert not kinds & {"aws_api_gateway_api_key", "aws_api_gateway_usage_plan_key"}


def test_the_common_rules_count_large_bodies_and_do_not_block_them(synthesize: Synthesize) -> None:
    firewall = Firewall(groups=["AWSManagedRulesCommonRuleSet"])
    stack = synthesize(rest(firewall=firewall))[STACK]
    (rule,) = named(stack, "aws_wafv2_web_acl", "models")["rule"]
    group = rule["statement"]["managed_rule_group_statement"]
    assert group["rule_action_override"] == [
        {"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}}
    ]


def test_one_environment_makes_the_role_of_logs(synthesize: Synthesize) -> None:
    assert of(synthesize(rest())[STACK], "aws_api_gateway_account")
    other = whole(apis=rest().apis.replace(log_role=False))  # type: ignore[union-attr]
    assert not of(synthesize(other)[STACK], "aws_api_gateway_account")
    assert not of(synthesize(http())[STACK], "aws_api_gateway_account")


def test_a_function_is_called_by_its_alias_and_lets_the_api_alone_call_it(
    synthesize: Synthesize,
) -> None:
    uri = (
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:111122223333:function:acme-dev-use1-light:live/invocations"
    )
    stack = synthesize(http(routes={"/invocations": HttpRoute(service="light")}))[STACK]
    call = named(stack, "aws_apigatewayv2_integration", "front")
    assert (call["integration_type"], call["integration_uri"]) == ("AWS_PROXY", uri)
    assert call["payload_format_version"] == "2.0"
    may = named(stack, "aws_lambda_permission", "front")
    assert (may["function_name"], may["qualifier"]) == ("acme-dev-use1-light", "live")
    assert may["source_arn"].endswith(".execution_arn}/*/POST/invocations")
    assert "aws_apigatewayv2_vpc_link" not in stack["resource"]

    stack = synthesize(rest(routes={"/invocations": RestRoute(service="light")}))[STACK]
    call = named(stack, "aws_api_gateway_integration", "models")
    assert (call["type"], call["uri"]) == ("AWS_PROXY", uri)
    may = named(stack, "aws_lambda_permission", "models")
    assert may["source_arn"].endswith(".execution_arn}/*/POST/invocations")
    # It calls no endpoint, and has no role to do so.
    assert not [path for path in of(stack, "aws_iam_role") if "rest/models" in path]
