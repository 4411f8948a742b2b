"""The rules of Lambda functions, each on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Asynchronous,
    Canary,
    Context,
    CpuUtilization,
    Environment,
    Existing,
    FrameworkContainer,
    FunctionAlarms,
    FunctionContainer,
    FunctionUrl,
    FunctionVpc,
    Image,
    Inference,
    LambdaFunction,
    Linear,
    Model,
    Network,
    NetworkOutputs,
    Problem,
    Registry,
    Repository,
    Rolling,
    Scaling,
    ServerlessEndpoint,
    TargetTracking,
)
from inferform.functions.spec import SECONDS_PER_MONTH
from inferform.rules import RULES
from inferform.service import Place
from inferform.spec import SpecError, collecting, problems_of
from inferform.usage import Usage, exactly

ACCOUNT = "111122223333"
DEV = Context(organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml")
PROD = DEV.replace(stage="prod", protected=True)
IMAGE = Image(repository="fraud", tag="1")
MODEL = Model(image=IMAGE)
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/fraud"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"
_HUB = {"HF_MODEL_ID": "acme/fraud"}


def found(context: Context = DEV, network: Any = None, **fields: Any) -> list[Problem]:
    """The problems of an environment with one function."""
    with collecting():
        environment = Environment(
            context=context,
            network=network or Network(cidr="10.20.0.0/16", nat="single", public_subnets=True),
            registry=Registry(repositories={"fraud": Repository()}),
            inference=Inference(functions={"fraud": LambdaFunction(**{"model": MODEL, **fields})}),
        )
    return problems_of(environment)


def model(**fields: Any) -> dict[str, Any]:
    with collecting():
        return {"model": Model(**{"image": IMAGE, **fields})}


def made(spec: Any, field: str = "", **fields: Any) -> dict[str, Any]:
    with collecting():
        return {field: spec(**fields)}


def alarms(**fields: Any) -> dict[str, Any]:
    return made(FunctionAlarms, "alarms", **fields)


def container(**fields: Any) -> dict[str, Any]:
    return made(FunctionContainer, "container", **fields)


def url(**fields: Any) -> dict[str, Any]:
    return made(FunctionUrl, "url", **fields)


def events(**fields: Any) -> dict[str, Any]:
    return made(Asynchronous, "asynchronous", **{"on_failure": QUEUE, **fields})


def rollout(spec: Any, **fields: Any) -> dict[str, Any]:
    return made(spec, "rollout", **fields)


SCALING = Scaling(min_capacity=2, max_capacity=5)
AWS_URI = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
GPU = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312-cu124"
OWN_URI = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
CLOSED = Network(cidr="10.20.0.0/16", nat="none")

# The rule, where it is broken, and on this side of it.
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("LMB1", "memory_mib", {"memory_mib": 127}, {"memory_mib": 128}),
    ("LMB1", "memory_mib", {"memory_mib": 10_241}, {"memory_mib": 10_240}),
    ("LMB2", "timeout_seconds", {"timeout_seconds": 0}, {"timeout_seconds": 1}),
    ("LMB2", "timeout_seconds", {"timeout_seconds": 901}, {"timeout_seconds": 900}),
    (
        "LMB3",
        "ephemeral_storage_mib",
        {"ephemeral_storage_mib": 511},
        {"ephemeral_storage_mib": 512},
    ),
    (
        "LMB3",
        "ephemeral_storage_mib",
        {"ephemeral_storage_mib": 10_241},
        {"ephemeral_storage_mib": 10_240},
    ),
    (
        "LMB4",
        "model.environment",
        model(environment={f"V{n}": "x" * 1000 for n in range(4)}),
        model(environment={f"V{n}": "x" * 1000 for n in range(3)}),
    ),
    (
        "LMB5",
        "model.environment.AWS_REGION",
        model(environment={"AWS_REGION": "x"}),
        model(environment={"MY_REGION": "x"}),
    ),
    (
        "LMB5",
        "model.environment._HANDLER",
        model(environment={"_HANDLER": "x"}),
        model(environment={"HANDLER": "x"}),
    ),
    (
        "LMB5",
        "model.environment.AWS_LWA_PORT",
        model(environment={"AWS_LWA_PORT": "80"}),
        model(environment={"LWA_PORT": "80"}),
    ),
    (
        "LMB5",
        "model.environment.AWS_LWA_NEW",
        model(environment={"AWS_LWA_NEW": "x"}),
        model(environment={"AWS_NEW": "x"}),
    ),
    (
        "LMB5",
        "model.environment.PORT",
        model(environment={"PORT": "80"}),
        model(environment={"PORTAL": "80"}),
    ),
    ("LMB6", "model.artifact", model(artifact="fraud/model.tar.gz"), model()),
    (
        "LMB7",
        "url.cors_origins",
        url(cors_origins=[f"https://{n}.test" for n in range(101)]),
        url(cors_origins=[f"https://{n}.test" for n in range(100)]),
    ),
    (
        "LMB7",
        "url.cors_headers",
        url(cors_origins=["*"], cors_headers=[f"h{n}" for n in range(101)]),
        url(cors_origins=["*"], cors_headers=[f"h{n}" for n in range(100)]),
    ),
    (
        "LMB7",
        "url.cors_max_age_seconds",
        url(cors_origins=["*"], cors_max_age_seconds=86_401),
        url(cors_origins=["*"], cors_max_age_seconds=86_400),
    ),
    (
        "LMB8",
        "container.snap_start",
        {**container(snap_start=True), "provisioned_concurrency": 1},
        {"provisioned_concurrency": 1},
    ),
    (
        "LMB8",
        "container.snap_start",
        {**container(snap_start=True), "scaling": SCALING},
        container(snap_start=True),
    ),
    (
        "LMB8",
        "container.snap_start",
        {**container(snap_start=True), "ephemeral_storage_mib": 513},
        {**container(snap_start=True), "ephemeral_storage_mib": 512},
    ),
    (
        "LMB9",
        "provisioned_concurrency",
        {"provisioned_concurrency": 6, "reserved_concurrency": 5},
        {"provisioned_concurrency": 5, "reserved_concurrency": 5},
    ),
    (
        "AAS30",
        "scaling.max_capacity",
        {"scaling": SCALING, "reserved_concurrency": 4},
        {"scaling": SCALING, "reserved_concurrency": 5},
    ),
    ("LMB10", "reserved_concurrency", {"reserved_concurrency": 901}, {"reserved_concurrency": 900}),
    (
        "LMB11",
        "provisioned_concurrency",
        {"provisioned_concurrency": 3, "scaling": SCALING},
        {"provisioned_concurrency": 2, "scaling": SCALING},
    ),
    ("LMB12", "model.image", model(image=GPU), model(image=OWN_URI)),
    ("LMB12", "model.image", model(image=AWS_URI), model(image=OWN_URI)),
    (
        "LMB12",
        "model.image",
        model(image=FrameworkContainer(framework="xgboost", version="1.7-1")),
        model(),
    ),
    (
        "LMB16",
        "model.image",
        {**model(image=OWN_URI.replace("fraud", "my-pytorch")), "architecture": "ARM64"},
        model(image=OWN_URI.replace("fraud", "my-pytorch")),
    ),
    ("LMB17", "memory_mib", {"memory_mib": 1768}, {"memory_mib": 1769}),
    (
        "LMB18",
        "alarms.duration_ms",
        {**alarms(duration_ms=900), "context": PROD},
        {**alarms(duration_ms=1000), "context": PROD},
    ),
    (
        "LMB18",
        "alarms.duration_ms",
        {**alarms(duration_ms=900), "context": PROD},
        {**alarms(duration_ms=900), "context": PROD, "provisioned_concurrency": 1},
    ),
    ("LMB19", "model.image", model(image=OWN_URI), model()),
    ("LMB20", "asynchronous.max_retries", events(max_retries=3), events(max_retries=2)),
    (
        "LMB20",
        "asynchronous.max_event_age_seconds",
        events(max_event_age_seconds=59),
        events(max_event_age_seconds=60),
    ),
    (
        "LMB20",
        "asynchronous.max_event_age_seconds",
        events(max_event_age_seconds=21_601),
        events(max_event_age_seconds=21_600),
    ),
    (
        "LMB21",
        "",
        {**model(environment={"KEY": SECRET}), "vpc": FunctionVpc(), "network": CLOSED},
        {**model(environment={"KEY": SECRET}), "network": CLOSED},
    ),
    (
        "LMB21",
        "",
        {**model(environment={"KEY": SECRET}), "vpc": FunctionVpc(), "network": CLOSED},
        {
            **model(environment={"KEY": SECRET}),
            "vpc": FunctionVpc(),
            "network": CLOSED.replace(interface_endpoints=["secretsmanager"]),
        },
    ),
    (
        "MDL30",
        "model.environment.HF_MODEL_ID",
        {**model(environment=_HUB), "vpc": FunctionVpc(egress_cidrs=[])},
        {**model(environment=_HUB), "vpc": FunctionVpc(egress_cidrs=["0.0.0.0/0"])},
    ),
    (
        "LMB22",
        "rollout.wait_seconds",
        rollout(Canary, wait_seconds=0),
        rollout(Canary, wait_seconds=60),
    ),
    (
        "ROL4",
        "rollout.wait_seconds",
        rollout(Linear, wait_seconds=90),
        rollout(Linear, wait_seconds=120),
    ),
    ("SPEC3", "rollout", rollout(Rolling), rollout(AllAtOnce)),
    ("ROL3", "rollout.max_5xx", rollout(Canary, max_5xx=5), rollout(Canary)),
    (
        "ROL3",
        "rollout.termination_wait_seconds",
        rollout(AllAtOnce, termination_wait_seconds=60),
        rollout(AllAtOnce),
    ),
    ("LMB23", "model.network_isolation", model(network_isolation=False), model()),
    ("LMB23", "model.accept_eula", model(accept_eula=False), model()),
    (
        "LMB24",
        "rollout",
        rollout(Linear, step_percent=3, wait_seconds=91 * 60),
        rollout(Linear, step_percent=3, wait_seconds=87 * 60),
    ),
    (
        "LMB25",
        "rollout",
        {**rollout(Canary), "alarms": None},
        {**rollout(Canary, alarm_names=["sales"]), "alarms": None},
    ),
    (
        "LMB26",
        "rollout.alarm_names",
        rollout(Canary, alarm_names=[f"a{n}" for n in range(10)]),
        rollout(Canary, alarm_names=[f"a{n}" for n in range(9)]),
    ),
    (
        "LMB27",
        "rollout.alarm_names",
        rollout(AllAtOnce, alarm_names=["sales"]),
        rollout(Canary, alarm_names=["sales"]),
    ),
    ("LMB28", "container.snap_start", container(snap_start=True), container()),
    (
        "LMB29",
        "asynchronous.on_failure",
        events(on_failure="failed"),
        events(on_failure=QUEUE.replace("sqs", "sns")),
    ),
    (
        "LMB29",
        "asynchronous.on_success",
        events(on_success="arn:aws:s3:::results"),
        events(on_failure="arn:aws:s3:::results"),
    ),
    (
        "LMB29",
        "asynchronous.on_failure",
        events(on_failure=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/x"),
        events(on_failure=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:x:live"),
    ),
    ("LMB30", "asynchronous", events(on_failure=None), events()),
    (
        "LMB31",
        "provisioned_concurrency",
        {"provisioned_concurrency": 0},
        {"provisioned_concurrency": 1},
    ),
    ("LMB31", "reserved_concurrency", {"reserved_concurrency": -1}, {"reserved_concurrency": 0}),
    ("LMB32", "reserved_concurrency", {"reserved_concurrency": 0}, {"reserved_concurrency": 1}),
    (
        "LMB33",
        "container.command",
        container(command=["x"] * 1501),
        container(command=["x"] * 1500),
    ),
    (
        "LMB33",
        "container.working_directory",
        container(working_directory="app"),
        container(working_directory="/app"),
    ),
    (
        "LMB34",
        "existing.security_groups",
        {"existing": Existing(security_groups=["sg-0123456789abcdef0"])},
        {"existing": Existing(security_groups=["sg-0123456789abcdef0"]), "vpc": FunctionVpc()},
    ),
    (
        "EXI4",
        "existing.task_role",
        {"existing": Existing(task_role=ROLE)},
        {"existing": Existing(execution_role=ROLE)},
    ),
    (
        "LMB36",
        "rollout",
        {**rollout(Canary), "provisioned_concurrency": 1},
        {**rollout(AllAtOnce), "provisioned_concurrency": 1},
    ),
    (
        "LMB37",
        "container.slow_start",
        {**container(slow_start=True), "provisioned_concurrency": 1},
        container(slow_start=True),
    ),
    ("LMB37", "container.slow_start", container(slow_start=True, snap_start=True), container()),
    (
        "LMB38",
        "model.environment.X",
        model(environment={"X": "y"}),
        model(environment={"XY": "y"}),
    ),
    (
        "LMB38",
        "model.environment._XY",
        model(environment={"_XY": "y"}),
        model(environment={"X_": "y"}),
    ),
    (
        "LMB39",
        "asynchronous.on_failure",
        events(on_failure=QUEUE.replace("us-east-1", "eu-west-1")),
        events(),
    ),
    (
        "LMB39",
        "asynchronous.on_failure",
        events(on_failure=QUEUE.replace("arn:aws:", "arn:aws-cn:")),
        events(on_failure="arn:aws:s3:::anywhere"),
    ),
    ("LMB40", "asynchronous.on_failure", events(on_failure=f"{QUEUE}.fifo"), events()),
    (
        "LMB41",
        "alarms.duration_ms",
        {**alarms(duration_ms=60_000), "timeout_seconds": 60},
        {**alarms(duration_ms=59_999), "timeout_seconds": 60},
    ),
    ("LMB42", "alarms.throttles", alarms(throttles=-1), alarms(throttles=0)),
    (
        "LMB43",
        "timeout_seconds",
        {**container(slow_start=True), "timeout_seconds": 29},
        {**container(slow_start=True), "timeout_seconds": 30},
    ),
    (
        "LMB46",
        "url.cors_origins.0",
        url(cors_origins=["https://shop.acme.test/path"]),
        url(cors_origins=["https://shop.acme.test"]),
    ),
    ("LMB46", "url.cors_origins.0", url(cors_origins=["shop.acme.test"]), url(cors_origins=["*"])),
    (
        "LMB47",
        "url.cors_headers.0",
        url(cors_origins=["*"], cors_headers=["content type"]),
        url(cors_origins=["*"], cors_headers=["content-type"]),
    ),
    ("LMB49", "url.authorization_type", url(authorization_type="NONE"), url()),
    ("LMB50", "container.base_path", container(base_path="light"), container(base_path="/light")),
    (
        "LMB50",
        "container.base_path",
        container(base_path="/light/"),
        container(base_path="/v1/a.b"),
    ),
    (
        "LMB50",
        "container.base_path",
        container(base_path="/light/invocations"),
        container(base_path="/invocations-of/light"),
    ),
    (
        "LMB51",
        "model.environment.MAX_BODY_MIB",
        model(environment={"MAX_BODY_MIB": "7"}),
        model(environment={"MAX_BODY_MIB": "6"}),
    ),
    ("LMB48", "url.cors_methods", url(cors_methods=["GET"]), url()),
    (
        "LMB48",
        "url.cors_max_age_seconds",
        url(cors_max_age_seconds=60),
        url(cors_origins=["*"], cors_max_age_seconds=60),
    ),
    ("ALM2", "alarms.evaluation_periods", alarms(evaluation_periods=1440, period_seconds=120), {}),
    (
        "ALM3",
        "alarms.datapoints_to_alarm",
        alarms(datapoints_to_alarm=2),
        alarms(datapoints_to_alarm=2, evaluation_periods=2),
    ),
    ("ALM4", "alarms.period_seconds", alarms(period_seconds=30), alarms(period_seconds=60)),
    (
        "ALM14",
        "alarms.alarm_topics.0",
        alarms(alarm_topics=[f"arn:aws:sns:eu-west-1:{ACCOUNT}:x"]),
        alarms(alarm_topics=[f"arn:aws:sns:us-east-1:{ACCOUNT}:x"]),
    ),
    (
        "AAS8",
        "scaling.policies.0.metric",
        {
            "scaling": Scaling(
                min_capacity=2,
                max_capacity=5,
                policies=[TargetTracking(metric=CpuUtilization(percent=70))],
            )
        },
        {"scaling": SCALING},
    ),
]


def test_each_rule_is_broken_on_one_side_alone() -> None:
    wrong = []
    for rule, path, bad, good in CASES:
        at = f"inference.functions.fraud.{path}".rstrip(".")
        broken = [(problem.rule, problem.where) for problem in found(**bad)]
        if (rule, at) not in broken:
            wrong.append(f"{rule} is not at {at} of {bad}: {broken}")
        if rule in [problem.rule for problem in found(**good)]:
            wrong.append(f"{rule} refuses {good}")
    assert not wrong, "\n".join(wrong)


def test_every_rule_of_functions_is_tried_and_names_its_source() -> None:
    tried = {rule for rule, *_ in CASES}
    known = {each: rule for each, rule in RULES.items() if each.startswith("LMB")}
    # It is of several functions, and has a test of its own.
    assert known.keys() - tried == {"LMB52"}
    assert all(rule.source and rule.message for rule in known.values())


def test_functions_that_reserve_too_much_together_are_told_once() -> None:
    def told(**reserved: int | None) -> list[Problem]:
        functions = {
            name: LambdaFunction(model=MODEL, reserved_concurrency=count)
            for name, count in reserved.items()
        }
        with collecting():
            environment = Environment(
                context=DEV,
                network=Network(cidr="10.20.0.0/16"),
                registry=Registry(repositories={"fraud": Repository()}),
                inference=Inference(functions=functions),
            )
        return [each for each in problems_of(environment) if each.rule in ("LMB10", "LMB52")]

    assert told(a=500, b=400, c=None) == []
    (problem,) = told(a=500, b=401)
    assert (problem.rule, problem.where) == (
        "LMB52",
        "inference.functions.b.reserved_concurrency",
    )
    assert "901 with those of lambda/a" in str(problem)
    # One that is too much by itself has its own.
    assert [each.rule for each in told(a=950, b=100)] == ["LMB10"]


def test_messages_say_where_what_was_got_and_what_to_write() -> None:
    with pytest.raises(SpecError) as caught:
        LambdaFunction(
            model=Model(image=IMAGE, artifact="fraud/model.tar.gz"),
            provisioned_concurrency=9,
            reserved_concurrency=5,
        )
    text = str(caught.value)
    assert (
        "model.artifact: is unpacked by nothing on Lambda, got 'fraud/model.tar.gz'; copy the model into "
        "the image, of up to 10 GB, or let the container fetch it to /tmp [LMB6]" in text
    )
    assert (
        "provisioned_concurrency: is above reserved_concurrency (5), got 9; lower it, or reserve more "
        "[LMB9]" in text
    )


def test_variables_of_the_adapter_make_a_5xx_a_failed_invocation() -> None:
    plain = LambdaFunction(model=Model(image=IMAGE, environment={"MAX_BODY_MIB": "3"}))
    assert plain.variables["AWS_LWA_ERROR_STATUS_CODES"] == "500-599"
    assert plain.variables["AWS_LWA_READINESS_CHECK_PATH"] == "/ping"
    assert plain.variables["AWS_LWA_INVOKE_MODE"] == "buffered"
    assert plain.variables["MAX_BODY_MIB"] == "3"
    assert "AWS_LWA_ASYNC_INIT" not in plain.variables
    assert "AWS_LWA_REMOVE_BASE_PATH" not in plain.variables
    based = plain.replace(container=FunctionContainer(base_path="/light"))
    assert based.variables["AWS_LWA_REMOVE_BASE_PATH"] == "/light"
    slow = plain.replace(url=FunctionUrl(stream=True), container=FunctionContainer(slow_start=True))
    assert slow.variables["AWS_LWA_INVOKE_MODE"] == "response_stream"
    assert slow.variables["AWS_LWA_ASYNC_INIT"] == "true"


def test_a_function_outside_the_vpc_needs_no_endpoint_and_in_it_its_secrets_alone() -> None:
    plain = LambdaFunction(model=Model(image=IMAGE, environment={"KEY": SECRET}))
    environment = Environment(context=DEV, network=NetworkOutputs(**NETWORK))
    place = Place(("inference", "functions", "fraud"), environment)
    assert plain.needs(place).endpoints == frozenset()
    assert plain.is_led_out(place)
    inside = plain.replace(vpc=FunctionVpc())
    assert inside.needs(place).endpoints == {"secretsmanager"}


NETWORK: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "vpc_cidr": "10.0.0.0/16",
    "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "public_subnet_ids": [],
    "s3_prefix_list_id": "pl-63a5400a",
}


def test_what_is_kept_warm_is_paid_by_its_memory_and_requests_by_use() -> None:
    environment = Environment(context=DEV, network=NetworkOutputs(**NETWORK))
    place = Place(("inference", "functions", "fraud"), environment)
    warm = LambdaFunction(
        model=MODEL, memory_mib=4096, architecture="ARM64", provisioned_concurrency=3
    )
    assert [*warm.uses(place)] == [
        Usage("fraud", "lambda/arm64/provisioned-gb-second", exactly(3 * 4 * SECONDS_PER_MONTH)),
        Usage("fraud", "lambda/arm64/provisioned-duration-gb-second", None),
        Usage("fraud", "lambda/arm64/gb-second", None),
        Usage("fraud", "lambda/request", None),
    ]
    assert SECONDS_PER_MONTH == 730 * 3600


def test_a_model_moves_between_a_serverless_endpoint_and_a_function_by_type_and_sizes() -> None:
    model = Model(image=IMAGE, environment={"LEVEL": "info"})
    shared: dict[str, Any] = {
        "model": model,
        "memory_mib": 2048,
        "provisioned_concurrency": 2,
        "scaling": SCALING,
    }
    endpoint = ServerlessEndpoint(**shared)
    function = LambdaFunction(**shared)
    assert endpoint.model == function.model
    assert [*endpoint.release()] == [*function.release()]
    back = ServerlessEndpoint(**{name: getattr(function, name) for name in shared})
    assert back == endpoint
