"""What hashicorp/aws takes of functions and APIs, and AWS refuses in the middle of an apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import (
    RULES,
    AllAtOnce,
    Apis,
    Asynchronous,
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
    Registry,
    Repository,
    RestApi,
    RestRoute,
    SpecError,
    Throttle,
)

IMAGE = Image(repository="fraud", tag="1")
SLOW = Throttle(requests_per_second=10, burst=5)
LONG = "f" * 60
DEV = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)


def whole(**changes: Any) -> Environment:
    given: dict[str, Any] = {
        "context": DEV,
        "network": Network(cidr="10.20.0.0/16"),
        "registry": Registry(repositories={"fraud": Repository()}),
        "inference": Inference(functions={"light": function()}),
    }
    return Environment(**{**given, **changes})


def function(image: Any = IMAGE, **fields: Any) -> LambdaFunction:
    variables = fields.pop("variables", {})
    return LambdaFunction(model=Model(image=image, environment=variables), **fields)


def deployed(**fields: Any) -> Environment:
    return whole(inference=Inference(functions={"light": function(**fields)}))


def http(**route: Any) -> HttpApi:
    return HttpApi(routes={"/invocations": HttpRoute(service="light", **route)}, throttle=SLOW)


def rest(**route: Any) -> RestApi:
    return RestApi(routes={"/invocations": RestRoute(service="light", **route)}, throttle=SLOW)


def of(spec: Any, **fields: Any) -> Any:
    return spec(**fields)


def uri(region: str) -> str:
    return f"111122223333.dkr.ecr.{region}.amazonaws.com/fraud:1"


UNKNOWN = "SPEC1"
"""What no field says, as the construct sets it."""

REFUSED: dict[str, tuple[str, Callable[[], Any]]] = {
    # aws_lambda_function
    "a timeout of 901 s": ("LMB2", lambda: function(timeout_seconds=901)),
    "a memory of 127 MiB": ("LMB1", lambda: function(memory_mib=127)),
    "a memory of 10,241 MiB": ("LMB1", lambda: function(memory_mib=10_241)),
    "a storage of 511 MiB": ("LMB3", lambda: function(ephemeral_storage_mib=511)),
    "a storage of 10,241 MiB": ("LMB3", lambda: function(ephemeral_storage_mib=10_241)),
    "two architectures": ("SPEC4", lambda: function(architecture=["ARM64", "X86_64"])),
    "amd64": ("SPEC4", lambda: function(architecture="amd64")),
    "a name with a dot": ("NAME1", lambda: whole(inference=Inference(functions={"a.b": function()}))),
    "a name of more than 64 characters": (
        "NAME2", lambda: whole(inference=Inference(functions={LONG: function()})),
    ),
    "no code": ("SPEC2", lambda: of(LambdaFunction)),
    "a reserved concurrency of -2": ("LMB31", lambda: function(reserved_concurrency=-2)),
    "a dead letter queue that is no ARN": ("LMB29", lambda: of(Asynchronous, on_failure="failed")),
    "a file system": (UNKNOWN, lambda: function(file_system="/data")),
    "a runtime": (UNKNOWN, lambda: function(runtime="python3.13")),
    "a handler": (UNKNOWN, lambda: function(handler="app.handler")),
    "layers": (UNKNOWN, lambda: function(layers=[])),
    "SnapStart without versions": (UNKNOWN, lambda: function(publish=False)),
    "a reserved variable": ("LMB5", lambda: deployed(variables={"AWS_REGION": "x"})),
    "5 KB of variables": ("LMB4", lambda: deployed(variables=dict.fromkeys("ABCDE", "x" * 1_000))),
    "an image outside ECR": ("ECR9", lambda: deployed(image="docker.io/acme/fraud:1")),
    "an image of another Region": ("LMB19", lambda: deployed(image=uri("eu-west-1"))),
    "a VPC without groups": (UNKNOWN, lambda: of(FunctionVpc, security_group_ids=[])),
    "a log level with text": (UNKNOWN, lambda: function(log_format="Text")),
    "an entry point that is no list": ("SPEC3", lambda: of(FunctionContainer, command="serve")),
    # aws_lambda_alias, aws_lambda_provisioned_concurrency_config, aws_lambda_permission
    "an alias of $LATEST": (UNKNOWN, lambda: function(version="$LATEST")),
    "an alias of another name": (UNKNOWN, lambda: function(alias="1")),
    "weights": (UNKNOWN, lambda: of(AllAtOnce, weights={"2": 1.5})),
    "no environment kept warm": ("LMB31", lambda: function(provisioned_concurrency=0)),
    # aws_lambda_function_url
    "a URL for everybody": ("LMB49", lambda: of(FunctionUrl, authorization_type="NONE")),
    "a URL of a version": (UNKNOWN, lambda: of(FunctionUrl, qualifier="1")),
    "another mode": (UNKNOWN, lambda: of(FunctionUrl, invoke_mode="STREAM")),
    "a day and a second of CORS": (
        "LMB7", lambda: of(FunctionUrl, cors_origins=["*"], cors_max_age_seconds=86_401),
    ),
    # aws_lambda_function_event_invoke_config
    "an age of 59 s": ("LMB20", lambda: of(Asynchronous, max_event_age_seconds=59)),
    "three retries": ("LMB20", lambda: of(Asynchronous, max_retries=3)),
    # aws_codedeploy_deployment_config, aws_codedeploy_deployment_group
    "a canary of everything": ("ROL1", lambda: of(Canary, canary_percent=100)),
    "a canary of nothing": ("ROL1", lambda: of(Canary, canary_percent=0)),
    "steps of nothing": ("ROL1", lambda: of(Linear, step_percent=0)),
    "a canary and steps": (UNKNOWN, lambda: of(Canary, step_percent=10)),
    "a shift of 3,000 minutes": (
        "LMB24", lambda: deployed(rollout=Linear(step_percent=3, wait_seconds=91 * 60)),
    ),
    "11 alarms": ("LMB26", lambda: deployed(rollout=Canary(alarm_names=[f"a{n}" for n in range(11)]))),
    "a deployment in place": (UNKNOWN, lambda: of(Canary, deployment_type="IN_PLACE")),
    "an event that there is not": (UNKNOWN, lambda: of(Canary, rollback_events=["DEPLOYMENT_SLOW"])),
    # aws_apigatewayv2_*
    "an HTTP timeout of 30,001 ms": ("APG1", lambda: http(timeout_ms=30_001)),
    "an HTTP timeout of 49 ms": ("APG1", lambda: http(timeout_ms=49)),
    "a payload format 3.0": (UNKNOWN, lambda: http(payload_format_version="3.0")),
    "an integration of an AWS service": (UNKNOWN, lambda: http(integration_type="AWS")),
    "another protocol": (UNKNOWN, lambda: of(HttpApi, routes={}, throttle=SLOW, protocol_type="REST")),
    "a name of 129 characters": ("NAME2", lambda: Apis(http={"f" * 129: http()})),
    "authorization by a key": ("SPEC3", lambda: http().replace(authorization="API_KEY")),
    "JWT without an issuer": ("SPEC2", lambda: of(JwtAuthorization, audiences=["app"])),
    "a key on an HTTP route": ("APG7", lambda: http(api_key=True)),
    "a route key without a path": (
        "APG10", lambda: of(HttpApi, routes={"x": HttpRoute(service="light")}, throttle=SLOW),
    ),
    "a method that there is not": ("SPEC4", lambda: http(method="FETCH")),
    # aws_api_gateway_*
    "a REST timeout of 300,001 ms": ("APG2", lambda: rest(timeout_ms=300_001)),
    "a quota by the hour": ("SPEC4", lambda: of(Quota, limit=1, period="HOUR")),
    "an offset above the limit": ("APG8", lambda: of(Quota, limit=5, period="DAY", offset=6)),
    "a quota of nothing": ("APG8", lambda: of(Quota, limit=0, period="DAY")),
    "an integration without a role": (UNKNOWN, lambda: rest(credentials=None)),
    "an integration without a method": (UNKNOWN, lambda: rest(integration_http_method=None)),
}  # fmt: skip


def test_what_the_provider_would_take_is_refused_before_terraform() -> None:
    wrong = []
    for words, (rule, make) in REFUSED.items():
        try:
            make()
        except SpecError as error:
            found = [problem.rule for problem in error.problems]
        else:
            found = []
        if rule not in found:
            wrong.append(f"{words}: {found or 'is taken'}, and not {rule}")
    assert not wrong, "\n".join(wrong)
    assert whole(apis=Apis(http={"a": http(timeout_ms=29_000)})).apis


def test_functions_and_apis_have_at_least_60_rules_each_with_its_source() -> None:
    rules = [rule for each, rule in RULES.items() if each.startswith(("LMB", "APG"))]
    assert len(rules) >= 60
    assert all(rule.source for rule in rules)
