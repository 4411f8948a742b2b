"""What inference components take and refuse: each rule on both sides of its limit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from inferform import (
    RULES,
    Adapter,
    ArtifactBucket,
    AsyncEndpoint,
    CloudWatchMetric,
    Component,
    ComponentContainer,
    ComponentRolling,
    ConcurrentRequests,
    Consolidation,
    ContainerMetrics,
    Context,
    CpuUtilization,
    CustomMetric,
    EndpointAlarms,
    EndpointMetrics,
    Environment,
    FrameworkContainer,
    Host,
    HostingCapacity,
    IdleRelease,
    Inference,
    InferenceComponentEndpoint,
    InvocationsPerCopy,
    InvocationsPerInstance,
    LanguageModel,
    MlReservation,
    Model,
    Network,
    OnInstanceType,
    Placement,
    PrefixAware,
    RealtimeEndpoint,
    Registry,
    Scaling,
    Spec,
    SpecError,
    Step,
    StepScaling,
    TargetTracking,
    scale_to_zero,
)
from inferform.rules import Problem
from inferform.sagemaker.endpoints.components import component_regions
from inferform.spec import collecting, problems_of

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/llm:1"
MODEL = Model(image=IMAGE, artifact="llm/1/")
PLAN = "arn:aws:sagemaker:us-east-1:111122223333:training-plan/llm"
G5 = "ml.g5.12xlarge"
"""4 GPUs of 22.4 GiB, 48 vCPUs, 192 GiB."""


def component(**fields: Any) -> Component:
    return Component(**{"model": MODEL, "min_memory_mib": 4096, "accelerators": 1, **fields})


def endpoint(*components: Component, **fields: Any) -> InferenceComponentEndpoint:
    """An endpoint of these components, `a`, `b` and so on."""
    named = dict(zip("abcdefgh", components, strict=False))
    given = {"instance_type": G5, "max_instances": 9, "components": named}
    return InferenceComponentEndpoint(**{**given, **fields})


def within(
    spec: InferenceComponentEndpoint | RealtimeEndpoint, name: str = "llm", **context: Any
) -> Environment:
    given = {"organization": "acme", "stage": "dev", "account": "111122223333", "owner": "ml"}
    return Environment(
        context=Context(**{**given, "region": "us-east-1", **context}),
        network=Network(cidr="10.0.0.0/16", nat="single"),
        registry=Registry(artifacts=ArtifactBucket()),
        inference=Inference(endpoints={name: spec}),
    )


def pooled(*pools: str, **fields: Any) -> RealtimeEndpoint:
    capacity = HostingCapacity(pools=pools, **fields.pop("capacity", {}))
    return RealtimeEndpoint(model=MODEL, instance_type="ml.g5.xlarge", capacity=capacity, **fields)


def reserved(of: str, **fields: Any) -> RealtimeEndpoint:
    capacity = HostingCapacity(reservation=MlReservation(arn=PLAN, instance_type=of), **fields)
    return RealtimeEndpoint(model=MODEL, instance_type="ml.p5.48xlarge", capacity=capacity)


def rolling(copies: int, **fields: Any) -> Component:
    return component(copies=copies, rollout=ComponentRolling(**fields))


def scaled(least: int, most: int, **fields: Any) -> Component:
    scaling = Scaling(min_capacity=least, max_capacity=most)
    return component(scaling=scaling, rollout=ComponentRolling(**fields))


def to_zero(**fields: Any) -> Component:
    return component(
        scaling=scale_to_zero(ConcurrentRequests(requests=5), max_capacity=2), **fields
    )


def typed(*types: str, pools: tuple[str, ...] = ()) -> InferenceComponentEndpoint:
    """An endpoint of `ml.g5.12xlarge` and pools, whose component says what it takes of `types`."""
    own = {each: OnInstanceType(min_memory_mib=4096, accelerators=1) for each in types}
    capacity = HostingCapacity(pools=pools)
    return endpoint(component(by_instance_type=own), capacity=capacity)


def with_own_models(*types: str) -> InferenceComponentEndpoint:
    """An endpoint of two instance types, of which `types` serve a model of their own."""
    each = OnInstanceType(min_memory_mib=4096)
    of = {
        name: each.replace(model=MODEL) if name in types else each for name in (G5, "ml.g5.2xlarge")
    }
    capacity = HostingCapacity(pools=["ml.g5.2xlarge"])
    return endpoint(component(by_instance_type=of), capacity=capacity)


def custom(**fields: Any) -> Component:
    metric = CloudWatchMetric(namespace="AWS/SageMaker", name="Invocations", **fields)
    policy = TargetTracking(metric=CustomMetric(metric=metric, target=5))
    return component(scaling=Scaling(max_capacity=2, policies=[policy]))


def stepping(name: str) -> Component:
    step = StepScaling(
        name=name,
        metric=ConcurrentRequests(requests=5),
        steps=[Step(lower=0, change=1)],
        period_seconds=10,
    )
    return component(scaling=Scaling(max_capacity=2, policies=[step]))


def served(framework: str, version: str, ami: str | None = None, **variables: str) -> Any:
    image = FrameworkContainer(framework=framework, version=version)  # type: ignore[arg-type]
    model = Model(image=image, artifact="llm/1/", environment=variables)
    return endpoint(
        component(model=model, accelerators=4),
        host=Host(inference_ami_version=ami),  # type: ignore[arg-type]
    )


VLLM_2 = {"SM_VLLM_TENSOR_PARALLEL_SIZE": "2"}
VLLM_4 = {"SM_VLLM_TENSOR_PARALLEL_SIZE": "4"}


def without_accelerators(framework: str, version: str) -> Any:
    image = FrameworkContainer(framework=framework, version=version)  # type: ignore[arg-type]
    return endpoint(component(model=Model(image=image, artifact="a.tar.gz"), accelerators=None))


def lengthy(length: str, **fields: Any) -> InferenceComponentEndpoint:
    """A copy on one GPU of 22.4 GiB, of which 20.2 are taken: 14.9 GiB of weights, and 4 of KV cache
    for 32,768 tokens."""
    image = FrameworkContainer(framework="vllm", version="0.19.1")
    model = Model(image=image, artifact="llm/1/", environment={"SM_VLLM_MAX_MODEL_LEN": length})
    figures = LanguageModel(parameters_billion=8, layers=32, **fields)
    return endpoint(component(model=model, language_model=figures))


def described(**fields: Any) -> InferenceComponentEndpoint:
    """One copy of a language model on one GPU of 22.4 GiB, of which 20.2 are taken."""
    return endpoint(component(language_model=LanguageModel(**fields)))


def own(**fields: Any) -> ComponentContainer:
    return ComponentContainer(image=IMAGE, **fields)


def variables(count: int) -> dict[str, str]:
    return {f"LEVEL_{n}": "1" for n in range(count)}


Make = Callable[[], Spec]
LIMITS: list[tuple[str, str, Make, Make]] = [
    # The rule, where it is said, what breaks it, and what almost does.
    (
        "IC4",
        "max_instances",
        lambda: endpoint(min_instances=3, max_instances=2),
        lambda: endpoint(min_instances=2, max_instances=2),
    ),
    (
        "IC5",
        "components.a.accelerators",
        lambda: endpoint(component(accelerators=5)),
        lambda: endpoint(component(accelerators=4)),
    ),
    (
        "IC5",
        "components.a.cpu_cores",
        lambda: endpoint(component(cpu_cores=48.5)),
        lambda: endpoint(component(cpu_cores=48)),
    ),
    (
        "IC5",
        "components.a.min_memory_mib",
        lambda: endpoint(component(min_memory_mib=196_609)),
        lambda: endpoint(component(min_memory_mib=196_608)),
    ),
    (
        "IC5",
        "components.a.by_instance_type.ml.g5.xlarge.accelerators",
        lambda: endpoint(
            component(
                by_instance_type={
                    G5: OnInstanceType(min_memory_mib=4096),
                    "ml.g5.xlarge": OnInstanceType(min_memory_mib=4096, accelerators=2),
                }
            ),
            capacity=HostingCapacity(pools=["ml.g5.xlarge"]),
        ),
        lambda: typed(G5, "ml.g5.xlarge", pools=("ml.g5.xlarge",)),
    ),
    # An instance type of which AWS does not say how many devices SageMaker counts refuses nothing.
    (
        "IC5",
        "components.a.accelerators",
        lambda: endpoint(component(), instance_type="ml.m5.xlarge"),
        lambda: endpoint(component(accelerators=12), instance_type="ml.inf2.48xlarge"),
    ),
    (
        "IC6",
        "min_memory_mib",
        lambda: component(min_memory_mib=127),
        lambda: component(min_memory_mib=128),
    ),
    ("IC6", "cpu_cores", lambda: component(cpu_cores=0.2), lambda: component(cpu_cores=0.25)),
    ("IC6", "accelerators", lambda: component(accelerators=0), lambda: component(accelerators=1)),
    (
        "IC7",
        "max_memory_mib",
        lambda: component(max_memory_mib=4095),
        lambda: component(max_memory_mib=4096),
    ),
    (
        "IC8",
        "max_instances",
        lambda: endpoint(component(copies=9), max_instances=2),
        lambda: endpoint(component(copies=8), max_instances=2),
    ),
    # Three of four GPUs each: the sum would fit, but no two share an instance.
    (
        "IC8",
        "max_instances",
        lambda: endpoint(component(copies=3, accelerators=3), max_instances=2),
        lambda: endpoint(component(copies=2, accelerators=3), max_instances=2),
    ),
    ("IC9", "copies", lambda: component(copies=0), lambda: component(copies=1)),
    (
        "IC10",
        "environment",
        lambda: own(environment=variables(17)),
        lambda: own(environment=variables(16)),
    ),
    *(
        (
            "IC11",
            field,
            lambda field=field: Adapter(artifact="llm/a.tar.gz", **{field: 1}),
            lambda: Adapter(artifact="llm/a.tar.gz"),
        )
        for field in ("accelerators", "variant", "scaling", "adapters")
    ),
    (
        "IC12",
        "batch_percent",
        lambda: ComponentRolling(batch_percent=51),
        lambda: ComponentRolling(batch_percent=50),
    ),
    (
        "IC12",
        "batch_percent",
        lambda: ComponentRolling(batch_percent=4),
        lambda: ComponentRolling(batch_percent=5),
    ),
    (
        "IC12",
        "rollout.batch_copies",
        lambda: rolling(4, batch_copies=3),
        lambda: rolling(4, batch_copies=2),
    ),
    (
        "IC12",
        "rollout.batch_copies",
        lambda: rolling(41, batch_copies=2),
        lambda: rolling(40, batch_copies=2),
    ),
    # Of the one copy that there may be, more than one is no share at all.
    (
        "IC12",
        "rollout.batch_copies",
        lambda: rolling(1, batch_copies=2),
        lambda: rolling(1, batch_copies=1),
    ),
    (
        "IC12",
        "rollout.batch_copies",
        lambda: scaled(1, 8, batch_copies=2),
        lambda: scaled(4, 8, batch_copies=2),
    ),
    (
        "IC13",
        "maximum_execution_timeout_seconds",
        lambda: ComponentRolling(maximum_execution_timeout_seconds=599),
        lambda: ComponentRolling(maximum_execution_timeout_seconds=600),
    ),
    (
        "IC13",
        "maximum_execution_timeout_seconds",
        lambda: ComponentRolling(maximum_execution_timeout_seconds=28_801),
        lambda: ComponentRolling(maximum_execution_timeout_seconds=28_800),
    ),
    (
        "IC13",
        "rollout.maximum_execution_timeout_seconds",
        lambda: rolling(2, wait_seconds=300, maximum_execution_timeout_seconds=600),
        lambda: rolling(2, wait_seconds=300, maximum_execution_timeout_seconds=601),
    ),
    (
        "IC14",
        "inference.endpoints.llm.components",
        lambda: within(
            endpoint(component(model=MODEL.replace(image=IMAGE.replace("us-east-1", "eu-west-3")))),
            region="eu-west-3",
        ),
        lambda: within(endpoint(component())),
    ),
    (
        "IC15",
        "min_instances",
        lambda: endpoint(to_zero(), component(), min_instances=0),
        lambda: endpoint(to_zero(), to_zero(), min_instances=0),
    ),
    (
        "IC15",
        "components.a.scaling",
        lambda: endpoint(component(scaling=Scaling(min_capacity=0, max_capacity=2))),
        lambda: endpoint(to_zero()),
    ),
    (
        "IC16",
        "inference.endpoints.llm.components.",
        lambda: within(
            endpoint(
                components={"x" * 32: component(adapters={"b" * 13: Adapter(artifact="a.tar.gz")})}
            )
        ),
        lambda: within(
            endpoint(
                components={"x" * 32: component(adapters={"b" * 12: Adapter(artifact="a.tar.gz")})}
            )
        ),
    ),
    *(
        (
            "IC17",
            field,
            lambda given=given: PrefixAware(**given[0]),
            lambda given=given: PrefixAware(**given[1]),
        )
        for field, given in {
            "prefix_length": (
                {"prefix_length": 1023, "concurrency_threshold": 1},
                {"prefix_length": 1024, "concurrency_threshold": 1},
            ),
            "concurrency_threshold": (
                {"prefix_length": 65_536, "concurrency_threshold": 1025},
                {"prefix_length": 65_536, "concurrency_threshold": 1024},
            ),
        }.items()
    ),
    (
        "IC18",
        "cooldown_minutes",
        lambda: IdleRelease(cooldown_minutes=20),  # type: ignore[call-arg]
        lambda: Consolidation(cooldown_minutes=20),
    ),
    (
        "IC19",
        "alarms.new_configuration_only",
        lambda: ComponentRolling(alarms=EndpointAlarms(new_configuration_only=True)),
        lambda: ComponentRolling(alarms=EndpointAlarms()),
    ),
    (
        "IC19",
        "scaling.policies.0.metric.metric.dimensions",
        lambda: custom(dimensions={"EndpointName": "e", "VariantName": "v"}),
        lambda: custom(own_dimensions=True),
    ),
    (
        "IC20",
        "inference.endpoints.llm.vpc",
        lambda: within(endpoint(component(copies=2), vpc=False), protected=True),
        lambda: within(endpoint(component(copies=2)), protected=True),
    ),
    (
        "IC21",
        "copies",
        lambda: component(copies=1, scaling=Scaling(max_capacity=2)),
        lambda: component(scaling=Scaling(max_capacity=2)),
    ),
    ("IC22", "artifact", lambda: own(artifact="llm/1/"), lambda: own(artifact="llm/1.tar.gz")),
    (
        "IC22",
        "artifact",
        lambda: Adapter(artifact="llm/1/"),
        lambda: Adapter(artifact="llm/1.tar.gz"),
    ),
    (
        "IC23",
        "components.a.min_memory_mib",
        lambda: endpoint(component(min_memory_mib=176_948)),
        lambda: endpoint(component(min_memory_mib=176_947)),
    ),
    (
        "IC24",
        "max_instances",
        lambda: endpoint(component(scaling=Scaling(max_capacity=9)), max_instances=2),
        lambda: endpoint(component(scaling=Scaling(max_capacity=8)), max_instances=2),
    ),
    (
        "IC25",
        "by_instance_type",
        lambda: component(by_instance_type={G5: OnInstanceType(min_memory_mib=128)}),
        lambda: typed(G5, "ml.g5.xlarge", pools=("ml.g5.xlarge",)),
    ),
    (
        "IC25",
        "adapters",
        lambda: component(
            by_instance_type={
                each: OnInstanceType(min_memory_mib=128) for each in (G5, "ml.g5.xlarge")
            },
            adapters={"a": Adapter(artifact="a.tar.gz")},
        ),
        lambda: component(adapters={"a": Adapter(artifact="a.tar.gz")}),
    ),
    # 8 thousand million weights of 16 bits are 14.9 GiB; with 32 layers, 8 heads of 128 and 8,192
    # tokens a sequence takes 1 GiB.
    (
        "IC26",
        "components.a.language_model",
        lambda: described(parameters_billion=8, layers=32, sequences=6),
        lambda: described(parameters_billion=8, layers=32, sequences=5),
    ),
    (
        "IC26",
        "components.a.language_model",
        lambda: described(parameters_billion=11),
        lambda: described(parameters_billion=10.7),
    ),
    # The container's own length of a sequence counts, unless the Spec says another.
    (
        "IC26",
        "components.a.language_model",
        lambda: lengthy("49152"),
        lambda: lengthy("32768"),
    ),
    (
        "IC26",
        "components.a.language_model",
        lambda: lengthy("1024", tokens=49_152),
        lambda: lengthy("131072", tokens=32_768),
    ),
    *(
        (
            "IC27",
            f"components.a.model.environment.{name}",
            lambda of=of, name=name: served(*of, **{name: "5"}),
            lambda of=of, name=name: served(*of, **{name: "4"}),
        )
        for name, of in {
            "OPTION_TENSOR_PARALLEL_DEGREE": ("djl-lmi", "0.36.0-lmi24.0.0"),
            "SM_NUM_GPUS": ("huggingface-tgi", "3.3.6"),
            "SM_SGLANG_TP_SIZE": ("sglang", "0.5.10"),
            "SM_VLLM_TENSOR_PARALLEL_SIZE": ("vllm", "0.19.1"),
        }.items()
    ),
    # Each degree multiplies.
    (
        "IC27",
        "components.a.model.environment.SM_VLLM_TENSOR_PARALLEL_SIZE",
        lambda: served("vllm", "0.19.1", **VLLM_4, SM_VLLM_PIPELINE_PARALLEL_SIZE="2"),
        lambda: served("vllm", "0.19.1", **VLLM_2, SM_VLLM_PIPELINE_PARALLEL_SIZE="2"),
    ),
    (
        "IC27",
        "components.a.model.environment.SM_VLLM_DATA_PARALLEL_SIZE",
        lambda: served("vllm", "0.19.1", SM_VLLM_DATA_PARALLEL_SIZE="5"),
        lambda: served("vllm", "0.19.1", SM_VLLM_DATA_PARALLEL_SIZE="4"),
    ),
    (
        "IC28",
        "components.a.model.image",
        lambda: served("vllm", "0.19.1"),
        lambda: served("djl-lmi", "0.36.0-lmi24.0.0"),
    ),
    (
        "IC28",
        "components.a.model.image",
        lambda: served("vllm", "0.19.1", **VLLM_2),
        lambda: served("vllm", "0.19.1", **VLLM_4),
    ),
    # SGLang may split the model over those that hold it several times, or not.
    (
        "IC28",
        "components.a.model.image",
        lambda: served("sglang", "0.5.10", SM_SGLANG_TP_SIZE="2"),
        lambda: served("sglang", "0.5.10", SM_SGLANG_TP_SIZE="2", SM_SGLANG_DP_SIZE="2"),
    ),
    (
        "IC42",
        "components.a.model.image",
        lambda: without_accelerators("vllm", "0.19.1"),
        lambda: without_accelerators("xgboost", "1.7-1"),
    ),
    (
        "IC29",
        "components.a.model.image",
        lambda: served("vllm", "0.20.0", "al2-ami-sagemaker-inference-gpu-3-1"),
        lambda: served("vllm", "0.20.0", "al2023-ami-sagemaker-inference-gpu-4-1"),
    ),
    (
        "IC29",
        "components.a.model.image",
        lambda: served("vllm", "0.20.0"),
        lambda: served("vllm", "0.19.1"),
    ),
    ("IC30", "scaling.policies.0.name", lambda: stepping("5xx"), lambda: stepping("more")),
    (
        "IC31",
        "path",
        lambda: ContainerMetrics(path="/a/../b"),
        lambda: ContainerMetrics(path="/a/./b"),
    ),
    (
        "IC31",
        "path",
        lambda: ContainerMetrics(path="/" * 257),
        lambda: ContainerMetrics(path="/" * 256),
    ),
    (
        "IC32",
        "batch_percent",
        lambda: ComponentRolling(batch_copies=1, batch_percent=5),
        lambda: ComponentRolling(batch_copies=1),
    ),
    (
        "IC33",
        "max_imbalance",
        lambda: Placement(max_imbalance=101),
        lambda: Placement(max_imbalance=100),
    ),
    (
        "IC34",
        "wait_seconds",
        lambda: ComponentRolling(wait_seconds=3601),
        lambda: ComponentRolling(wait_seconds=3600),
    ),
    (
        "IC35",
        "rollback_batch_percent",
        lambda: ComponentRolling(rollback_batch_percent=4),
        lambda: ComponentRolling(rollback_batch_percent=5),
    ),
    (
        "IC36",
        "layers",
        lambda: LanguageModel(parameters_billion=8, layers=0),
        lambda: LanguageModel(parameters_billion=8, layers=1),
    ),
    (
        "IC37",
        "cooldown_minutes",
        lambda: Consolidation(cooldown_minutes=4),
        lambda: Consolidation(cooldown_minutes=5),
    ),
    (
        "IC37",
        "cooldown_minutes",
        lambda: Consolidation(cooldown_minutes=1441),
        lambda: Consolidation(cooldown_minutes=1440),
    ),
    (
        "IC37",
        "maximum_step_size",
        lambda: Consolidation(maximum_step_size=101),
        lambda: Consolidation(maximum_step_size=100),
    ),
    (
        "IC38",
        "max_instances",
        lambda: endpoint(component(copies=4), max_instances=1),
        lambda: endpoint(component(copies=3), max_instances=1),
    ),
    (
        "IC39",
        "components.a.by_instance_type",
        lambda: typed(G5, "ml.g5.xlarge", pools=("ml.g5.xlarge", "ml.g5.2xlarge")),
        lambda: typed(G5, "ml.g5.xlarge", pools=("ml.g5.xlarge",)),
    ),
    (
        "IC39",
        "components.a.by_instance_type.ml.g5.2xlarge",
        lambda: typed(G5, "ml.g5.2xlarge"),
        lambda: typed(G5, "ml.g5.2xlarge", pools=("ml.g5.2xlarge",)),
    ),
    (
        "IC39",
        "components.a.model",
        lambda: with_own_models(G5, "ml.g5.2xlarge"),
        lambda: with_own_models("ml.g5.2xlarge"),
    ),
    (
        "IC40",
        "frequency_seconds",
        lambda: EndpointMetrics(frequency_seconds=10),
        lambda: EndpointMetrics(frequency_seconds=10, enhanced=True),
    ),
    (
        "IC41",
        "routing_strategy",
        lambda: Host(
            routing_strategy="RANDOM",
            prefix_aware=PrefixAware(prefix_length=1024, concurrency_threshold=1),
        ),
        lambda: Host(prefix_aware=PrefixAware(prefix_length=1024, concurrency_threshold=1)),
    ),
    (
        "DEP10",
        "",
        lambda: ComponentRolling(alarm_names=[f"a{n}" for n in range(9)]),
        lambda: ComponentRolling(alarm_names=[f"a{n}" for n in range(8)]),
    ),
    (
        "DEP11",
        "alarms",
        lambda: ComponentRolling(alarms=None),
        lambda: ComponentRolling(alarms=None, alarm_names=["a"]),
    ),
    (
        "DEP22",
        "",
        lambda: ComponentRolling(wait_seconds=59),
        lambda: ComponentRolling(wait_seconds=60),
    ),
    # instance pools and reservations
    (
        "POOL1",
        "capacity.pools",
        lambda: pooled(*(f"ml.g5.{n}xlarge" for n in (2, 4, 8, 16, 12))),
        lambda: pooled(*(f"ml.g5.{n}xlarge" for n in (2, 4, 8, 16))),
    ),
    ("POOL1", "capacity.pools", lambda: pooled("ml.g5.xlarge"), lambda: pooled("ml.g5.2xlarge")),
    *(
        (
            "POOL2",
            "provision_timeout_seconds",
            lambda bad=bad: HostingCapacity(pools=[G5], provision_timeout_seconds=bad),
            lambda good=good: HostingCapacity(pools=[G5], provision_timeout_seconds=good),
        )
        for bad, good in ((299, 300), (3601, 3600))
    ),
    (
        "POOL3",
        "scaling.policies.0.metric",
        lambda: pooled("ml.g5.2xlarge", scaling=following(CpuUtilization(percent=50))),
        lambda: pooled(
            "ml.g5.2xlarge", scaling=following(InvocationsPerInstance(requests_per_second=9))
        ),
    ),
    (
        "POOL3",
        "scaling.policies.0.metric",
        lambda: pooled("ml.g5.2xlarge", scaling=following(CpuUtilization(percent=50))),
        lambda: pooled("ml.g6.xlarge", scaling=following(CpuUtilization(percent=50))),
    ),
    (
        "POOL4",
        "provision_timeout_seconds",
        lambda: HostingCapacity(provision_timeout_seconds=600),
        lambda: HostingCapacity(pools=[G5], provision_timeout_seconds=600),
    ),
    (
        "RSV1",
        "capacity.reservation.instance_type",
        lambda: reserved("ml.p5e.48xlarge"),
        lambda: reserved("ml.p5.48xlarge"),
    ),
    (
        "RSV2",
        "reservation",
        lambda: reserved("ml.p5.48xlarge", pools=["ml.p5e.48xlarge"]),
        lambda: reserved("ml.p5.48xlarge"),
    ),
    (
        "RSV4",
        "arn",
        lambda: MlReservation(arn=PLAN.replace("training-plan", "endpoint"), instance_type=G5),
        lambda: MlReservation(arn=PLAN, instance_type=G5),
    ),
    (
        "RSV5",
        "inference.endpoints.llm.capacity.reservation.arn",
        lambda: within(reserved("ml.p5.48xlarge"), account="444455556666"),
        lambda: within(reserved("ml.p5.48xlarge")),
    ),
]


def following(metric: Any) -> Scaling:
    return Scaling(min_capacity=2, max_capacity=4, policies=[TargetTracking(metric=metric)])


def problems(make: Make) -> list[Problem]:
    """What is wrong with what is written, warnings too."""
    try:
        return problems_of(make())
    except SpecError as error:
        return error.problems


def test_each_rule_holds_on_its_side_of_the_limit_alone() -> None:
    for rule, where, bad, good in LIMITS:
        broken = [problem for problem in problems(bad) if problem.rule == rule]
        assert broken, f"{rule} lets {where} through"
        assert any(each.where.startswith(where) for each in broken), [e.where for e in broken]
        assert all(each.severity == RULES[rule].severity for each in broken)
        kept = problems(good)
        assert rule not in {problem.rule for problem in kept}, f"{rule} refuses too much: {where}"
        assert not any(problem.severity == "error" for problem in kept), (rule, kept)


def test_every_rule_of_components_pools_and_reservations_is_tried() -> None:
    ours = {rule for rule in RULES if re.fullmatch(r"(IC|POOL|RSV)\d+", rule)}
    assert ours == {rule for rule, *_ in LIMITS if not rule.startswith("DEP")}


def test_a_message_says_where_what_and_what_to_write_instead() -> None:
    (small,) = problems(lambda: endpoint(component(accelerators=5)))
    (big,) = problems(lambda: rolling(3, batch_copies=2))
    (wide,) = problems(lambda: served("vllm", "0.19.1", SM_VLLM_TENSOR_PARALLEL_SIZE="5"))
    assert wide.text.endswith('write "4", or accelerators=5'), wide.text
    assert [str(each).partition(" (")[0] for each in (small, big)] == [
        "components.a.accelerators: takes 5 accelerators for one copy, and ml.g5.12xlarge has 4; take "
        "less, or an instance type that has more [IC5]",
        "rollout.batch_copies: is above half of 3 copies, and AWS takes 5 to 50 percent of the "
        "copies, got 2; write batch_copies=1 or batch_percent=50 [IC12]",
    ]


def test_a_pool_has_types_that_the_region_sells() -> None:
    def told(region: str) -> list[str]:
        made = problems(lambda: within(pooled("ml.g5.2xlarge", "ml.g6e.2xlarge"), region=region))
        return [each.where for each in made if each.rule == "RT3"]

    assert told("sa-east-1") == ["inference.endpoints.llm.capacity.pools.1"]
    assert told("us-east-1") == []


def test_what_the_first_caller_of_a_component_at_zero_sees_is_explained() -> None:
    assert "the first callers fail" in RULES["IC15"].template


def test_one_call_gives_all_four_pieces_of_scaling_to_zero() -> None:
    spec = endpoint(
        component(scaling=scale_to_zero(InvocationsPerCopy(requests_per_second=1), max_capacity=2))
    )
    scaling = spec.components["a"].scaling
    assert scaling is not None
    tracking, wake_up = scaling.policies
    assert spec.least_instances == 0
    assert scaling.min_capacity == 0
    assert isinstance(tracking, TargetTracking)
    assert isinstance(wake_up, StepScaling)
    assert wake_up.steps[0].change == 1
    # One component that keeps a copy keeps the instances.
    assert endpoint(to_zero(), component()).least_instances == 1


def test_components_are_in_the_vpc_and_instances_alone_are_not() -> None:
    assert endpoint(component()).in_vpc
    assert not endpoint().in_vpc
    assert endpoint(vpc=True).in_vpc


def test_a_release_is_one_copy_at_a_time_and_its_worst_case_is_told() -> None:
    slow = component(
        copies=2,
        startup_timeout_seconds=240,
        download_timeout_seconds=60,
        rollout=ComponentRolling(wait_seconds=60),
    )
    assert slow.batch == ("COPY_COUNT", 1)
    assert slow.steps == 2
    assert slow.worst_case_seconds == 720
    # AWS takes no less than 5 percent, and no more than half.
    assert component(copies=41).batch == ("COPY_COUNT", 3)
    assert scaled(6, 41).batch == ("COPY_COUNT", 3)
    assert scaled(5, 41).batch == scaled(1, 21).batch == ("CAPACITY_PERCENT", 5)
    assert scaled(1, 20).batch == ("COPY_COUNT", 1)


def test_a_promotion_copies_models_and_adapters() -> None:
    spec = endpoint(component(adapters={"legal": Adapter(artifact="llm/legal-1.tar.gz")}))
    assert dict(spec.release()) == {
        ("components", "a", "model", "image"): IMAGE,
        ("components", "a", "model", "artifact"): "llm/1/",
        ("components", "a", "adapters", "legal", "artifact"): "llm/legal-1.tar.gz",
    }
    assert list(spec.loads()) == ["llm/1/", "llm/legal-1.tar.gz"]
    assert list(spec.images()) == [IMAGE]


def test_the_table_of_regions_is_of_regions() -> None:
    assert "us-east-1" in component_regions()
    assert len(component_regions()) == 17


def test_an_asynchronous_endpoint_takes_pools_too() -> None:
    spec = AsyncEndpoint(
        model=MODEL, instance_type=G5, capacity=HostingCapacity(pools=["ml.g5.24xlarge"])
    )
    assert spec.instance_types == (G5, "ml.g5.24xlarge")


def test_what_is_wrong_is_collected_with_the_rest_of_the_file() -> None:
    with collecting():
        spec = endpoint(component(accelerators=5))
    assert [problem.rule for problem in problems_of(spec)] == ["IC5"]
