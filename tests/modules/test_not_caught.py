"""What hashicorp/aws 5.100.0 takes of functions and APIs and AWS refuses, or answers nothing with: a Spec refuses
it, or what is made never has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import (
    Apis,
    Canary,
    Context,
    Environment,
    FunctionContainer,
    FunctionUrl,
    FunctionVpc,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    JwtAuthorization,
    LambdaFunction,
    Linear,
    Model,
    Network,
    Quota,
    RealtimeEndpoint,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Throttle,
)
from inferform.rules import Problem
from inferform.spec import SpecError, collecting, problems_of

Synthesize = Callable[..., dict[str, dict[str, Any]]]

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1"))
SLOW = Throttle(requests_per_second=5, burst=5)
AUTH: dict[str, Any] = {"auth": "NONE"}
JWT = JwtAuthorization(issuer="https://issuer.acme.test/", audiences=["app"])


def environment(
    functions: dict[str, LambdaFunction] | None = None, context: Context = CONTEXT, **apis: Any
) -> Environment:
    light = LambdaFunction(model=MODEL, timeout_seconds=5)
    return Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            functions=functions or {"light": light},
            endpoints={"hosted": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")},
        ),
        apis=Apis(**apis) if apis else None,
    )


def function(**fields: Any) -> Environment:
    return environment({"light": LambdaFunction(**{"model": MODEL, **fields})})


def imaged(image: str) -> Environment:
    return function(model=Model(image=image))


def http(path: str = "/invocations", **route: Any) -> Environment:
    routes = {path: HttpRoute(**{"service": "light", **route})}
    return environment(http={"front": HttpApi(routes=routes, throttle=SLOW)})


REFUSED: list[tuple[str, str, Callable[[], Any]]] = [
    ("a runtime of an image", "SPEC1", lambda: function(runtime="python3.13")),
    ("a handler of an image", "SPEC1", lambda: function(handler="app.handler")),
    ("layers of an image", "SPEC1", lambda: function(layers=["arn"])),
    (
        "a name of 65 characters",
        "NAME2",
        lambda: environment({"l" * 65: LambdaFunction(model=MODEL)}),
    ),
    (
        "a reserved variable",
        "LMB5",
        lambda: function(model=Model(image=MODEL.image, environment={"AWS_REGION": "x"})),
    ),
    (
        "an environment of 5 KB",
        "LMB4",
        lambda: function(
            model=Model(image=MODEL.image, environment={f"BIG{n}": "x" * 1_000 for n in range(5)})
        ),
    ),
    ("an image outside of ECR", "ECR9", lambda: imaged("docker.io/acme/fraud:1")),
    (
        "an image of another Region",
        "ECR3",
        lambda: imaged("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:1"),
    ),
    ("provisioned concurrency of 0", "LMB31", lambda: function(provisioned_concurrency=0)),
    ("a URL for everybody", "SPEC1", lambda: function(url=FunctionUrl(**AUTH))),
    ("a shift of 100 %", "ROL1", lambda: function(rollout=Canary(canary_percent=100))),
    ("a shift of 0 %", "ROL1", lambda: function(rollout=Canary(canary_percent=0))),
    (
        "shifts of 3,000 minutes",
        "LMB24",
        lambda: function(rollout=Linear(step_percent=10, wait_seconds=333 * 60 + 60)),
    ),
    (
        "11 alarms of a rollout",
        "LMB26",
        lambda: function(rollout=Canary(alarm_names=[f"a{n}" for n in range(10)])),
    ),
    ("30,001 ms of an HTTP API", "APG1", lambda: http(timeout_ms=30_001)),
    ("49 ms of an HTTP API", "APG1", lambda: http(timeout_ms=49)),
    ("SageMaker behind an HTTP API", "APG17", lambda: http("/a", service="hosted")),
    ("a key of an HTTP API", "APG7", lambda: http(api_key=True)),
    ("a route without a slash", "APG10", lambda: http("invocations")),
    ("a method that is none", "SPEC4", lambda: http(method="FETCH")),
    ("an offset above the limit", "APG8", lambda: Quota(limit=5, period="WEEK", offset=6)),
    ("a limit of 0", "APG8", lambda: Quota(limit=0, period="DAY")),
]


def told(make: Callable[[], Any]) -> list[Problem]:
    with collecting():
        try:
            made = make()
        except SpecError as error:
            return list(error.problems)
    return list(problems_of(made))


def test_what_terraform_does_not_refuse_is_refused_here() -> None:
    found = {words: {each.rule for each in told(make)} for words, _, make in REFUSED}
    assert {words: rule for words, rule, _ in REFUSED if rule not in found[words]} == {}


def whole() -> Environment:
    """Functions of every shape behind APIs of both kinds."""
    light = LambdaFunction(model=MODEL, timeout_seconds=5)
    return environment(
        {
            "light": light.replace(vpc=FunctionVpc(), url=FunctionUrl(), provisioned_concurrency=1),
            "snap": light.replace(container=FunctionContainer(snap_start=True)),
            "canary": light.replace(rollout=Canary()),
            "linear": light.replace(rollout=Linear()),
        },
        http={
            "front": HttpApi(
                routes={"/invocations": HttpRoute(service="light")},
                throttle=SLOW,
                authorization=JWT,
            )
        },
        rest={
            "models": RestApi(
                routes={
                    "/invocations": RestRoute(service="light"),
                    "/hosted": RestRoute(service="hosted"),
                },
                throttle=SLOW,
            )
        },
    )


def test_what_no_field_says_is_never_made(synthesize: Synthesize) -> None:
    stacks = synthesize(whole())
    of: dict[str, list[dict[str, Any]]] = {}
    for stack in stacks.values():
        for kind, found in stack["resource"].items():
            of.setdefault(kind, []).extend(found.values())
    functions = of["aws_lambda_function"]
    assert len(functions) == 4
    for each in functions:
        assert not each.keys() & {"runtime", "handler", "layers", "dead_letter_config"}
        assert each["publish"] is True  # SnapStart is of published versions
        assert each["logging_config"]["log_format"] == "JSON"  # which levels need
        if "vpc_config" in each:
            assert each["vpc_config"]["security_group_ids"]
    # No number, no $LATEST, and no weights of Terraform's.
    assert {each["name"] for each in of["aws_lambda_alias"]} == {"live"}
    assert not [each for each in of["aws_lambda_alias"] if "routing_config" in each]
    for kind in ("aws_lambda_provisioned_concurrency_config", "aws_lambda_function_url"):
        (each,) = of[kind]
        assert each["qualifier"].startswith("${aws_lambda_alias.")
    assert len(of["aws_lambda_permission"]) == 2
    assert all(each["source_arn"] for each in of["aws_lambda_permission"])

    blocks = {"TimeBasedCanary": "time_based_canary", "TimeBasedLinear": "time_based_linear"}
    configurations = of["aws_codedeploy_deployment_config"]
    assert len(configurations) == 2
    for each in configurations:
        routing = each["traffic_routing_config"]
        assert routing.keys() == {"type", blocks[routing["type"]]}
    for each in of["aws_codedeploy_deployment_group"]:
        style = each["deployment_style"]
        assert style["deployment_type"] == "BLUE_GREEN"
        assert {*each["auto_rollback_configuration"]["events"]} <= {
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_ALARM",
            "DEPLOYMENT_STOP_ON_REQUEST",
        }

    (route,) = of["aws_apigatewayv2_route"]
    assert (route["authorization_type"], bool(route["authorizer_id"])) == ("JWT", True)
    calls = [each for each in of["aws_api_gateway_integration"] if each["type"] == "AWS"]
    assert len(calls) == 1
    assert all(each["credentials"] and each["integration_http_method"] for each in calls)
