"""What each way of hosting takes, and what it refuses."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform import (
    RULES,
    AsyncEndpoint,
    BatchTransform,
    Canary,
    Context,
    DataCapture,
    DataProcessing,
    DirectEndpoint,
    FrameworkContainer,
    Host,
    Image,
    Inference,
    InferenceComponentEndpoint,
    JumpStartModel,
    Model,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    Notifications,
    OnSchedule,
    OnUpload,
    PipelineEndpoint,
    RealtimeEndpoint,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    Spec,
    SpecError,
    Variant,
)
from inferform.sagemaker.endpoints.weights import exact_weights, weights_fit
from inferform.secret import name_says_secret, value_is_secret
from inferform.spec import problems_of

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
MODEL = Model(image=IMAGE, artifact="fraud/1/model.tar.gz")
BARE = Model(image=IMAGE)
PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/12"
JUMPSTART = JumpStartModel(
    model_package_arn="arn:aws:sagemaker:us-east-1:865070037744:model-package/llm-1a2b",
    accept_eula=True,
)
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:fraud-AbCdEf"


def realtime(**fields: Any) -> RealtimeEndpoint:
    return RealtimeEndpoint(**{"model": MODEL, "instance_type": "ml.m5.large", **fields})


def serverless(**fields: Any) -> ServerlessEndpoint:
    return ServerlessEndpoint(**{"model": MODEL, **fields})


def asynchronous(**fields: Any) -> AsyncEndpoint:
    return AsyncEndpoint(**{"model": MODEL, "instance_type": "ml.m5.large", **fields})


def many(**fields: Any) -> MultiModelEndpoint:
    return MultiModelEndpoint(**{"model": models(), "instance_type": "ml.m5.large", **fields})


def models(**fields: Any) -> MultiModel:
    return MultiModel(**{"image": IMAGE, "artifacts": "models/", **fields})


def variants(**weights: float) -> MultiVariantEndpoint:
    return MultiVariantEndpoint(
        variants={
            name: Variant(model=MODEL, instance_type="ml.m5.large", weight=weight)
            for name, weight in weights.items()
        }
    )


def batch(**fields: Any) -> BatchTransform:
    return BatchTransform(**{"model": MODEL, "instance_type": "ml.m5.xlarge", **fields})


def context(region: str = "us-east-1", **fields: Any) -> Context:
    given = {"organization": "acme", "stage": "dev", "account": "111122223333", "owner": "ml"}
    return Context(**{**given, "region": region, **fields})


SHELL = Host(ssm_access=True)
PACKED = MODEL.replace(network_isolation=True)
OPEN = MODEL.replace(network_isolation=False)

REFUSED: list[tuple[str, str, Callable[[], object]]] = [
    ("RT1", "variants", lambda: MultiVariantEndpoint(variants={})),
    ("RT1", "variants", lambda: variants(**{f"v{n}": 1.0 for n in range(11)})),
    ("RT6", "variants", lambda: variants(a=0, b=0)),
    ("RT6", "weight", lambda: variants(a=-1, b=1)),
    ("RT7", "variants", lambda: variants(a=0.123456789012, b=1)),
    (
        "RT9",
        "host.volume_size_gb",
        lambda: realtime(instance_type="ml.g5.xlarge", host=Host(volume_size_gb=50)),
    ),
    (
        "RT13",
        "host.inference_ami_version",
        lambda: realtime(host=Host(inference_ami_version="al2-ami-sagemaker-inference-gpu-2")),
    ),
    (
        "RT13",
        "host.inference_ami_version",
        lambda: realtime(
            instance_type="ml.g5.xlarge",
            host=Host(inference_ami_version="al2-ami-sagemaker-inference-neuron-2"),
        ),
    ),
    # shells
    ("SSM1", "host.ssm_access", lambda: realtime(model=PACKED, host=SHELL)),
    (
        "SSM1",
        "host.ssm_access",
        lambda: realtime(model=JUMPSTART.replace(network_isolation=False), host=SHELL),
    ),
    ("SSM1", "host.ssm_access", lambda: asynchronous(model=PACKED, host=SHELL)),
    ("SSM1", "shadow.host.ssm_access", lambda: realtime(shadow=shadow(host=SHELL))),
    (
        "SSM1",
        "variants.b.host.ssm_access",
        lambda: MultiVariantEndpoint(
            variants={
                "a": Variant(model=MODEL, instance_type="ml.m5.large"),
                "b": Variant(model=MODEL, instance_type="ml.m5.large", host=SHELL),
            }
        ),
    ),
    # capture
    ("CAPT8", "csv_content_types.1", lambda: DataCapture(csv_content_types=["text/csv", "csv"])),
    ("CAPT8", "json_content_types", lambda: DataCapture(json_content_types=["text/csv; a=b"])),
    ("CAPT8", "csv_content_types", lambda: DataCapture(csv_content_types=["a/" + "b" * 255])),
    (
        "CAPT9",
        "json_content_types",
        lambda: DataCapture(json_content_types=[f"a/{n}" for n in range(11)]),
    ),
    (
        "CAPT9",
        "csv_content_types",
        lambda: DataCapture(csv_content_types=[f"a/{n}" for n in range(11)]),
    ),
    (
        "CAPT10",
        "json_content_types.0",
        lambda: DataCapture(csv_content_types=["text/csv"], json_content_types=["Text/csv"]),
    ),
    ("N7", "shadow.variant", lambda: realtime(shadow=shadow(variant="primary"))),
    ("SHD2", "shadow", lambda: realtime(model=JUMPSTART, shadow=shadow())),
    (
        "SHD2",
        "instance_type",
        lambda: realtime(instance_type="ml.inf1.xlarge", shadow=shadow()),
    ),
    ("SHD2", "shadow.instance_type", lambda: realtime(shadow=shadow("ml.inf1.xlarge"))),
    ("SHD3", "traffic_percent", lambda: realtime(shadow=shadow(traffic_percent=0))),
    ("SPEC3", "model", lambda: realtime(shadow=shadow(model=JUMPSTART))),
    ("AAS4", "scaling.min_capacity", lambda: realtime(scaling=to_zero())),
    ("CAPT5", "destination", lambda: DataCapture(destination="s3://bucket/captured/")),
    ("CAPT4", "destination", lambda: DataCapture(destination=f"s3://bucket/{'k' * 512}")),
    # serverless
    ("SLS1", "memory_mib", lambda: serverless(memory_mib=2000)),
    ("SLS2", "max_concurrency", lambda: serverless(max_concurrency=201)),
    ("SLS4", "provisioned_concurrency", lambda: serverless(provisioned_concurrency=21)),
    (
        "SLS6",
        "model.network_isolation",
        lambda: serverless(model=MODEL.replace(network_isolation=True)),
    ),
    (
        "SLS6",
        "model.image",
        lambda: serverless(
            model=Model(
                image=FrameworkContainer(framework="pytorch", version="2.6.0", accelerator="gpu"),
                artifact="a/m.tar.gz",
            )
        ),
    ),
    ("MDL14", "model.artifact", lambda: serverless(model=MODEL.replace(artifact="fraud/1/"))),
    ("SPEC3", "model", lambda: serverless(model=JUMPSTART)),
    ("SLS13", "scaling", lambda: serverless(scaling=Scaling(max_capacity=5))),
    ("AAS30", "scaling.max_capacity", lambda: provisioned(Scaling(max_capacity=21))),
    ("AAS4", "scaling.min_capacity", lambda: provisioned(to_zero())),
    # asynchronous
    ("ASY2", "", lambda: asynchronous(max_concurrent_invocations_per_instance=1001)),
    ("ASY4", "include_response_in", lambda: Notifications(include_response_in=["success"])),
    ("ASY6", "instance_type", lambda: asynchronous(instance_type="ml.inf1.xlarge")),
    ("ARN1", "success_topic", lambda: Notifications(success_topic="arn:aws:sqs:us-east-1:1:q")),
    ("SPEC3", "model", lambda: asynchronous(model=JUMPSTART)),
    # several models or containers
    ("MDL15", "artifacts", lambda: models(artifacts="models/a.tar.gz")),
    ("MME2", "instance_type", lambda: many(instance_type="ml.g5.12xlarge")),
    ("PIP1", "containers", lambda: pipeline(MODEL)),
    ("PIP4", "containers", lambda: pipeline(MODEL, models(), models())),
    ("PIP7", "containers.b", lambda: direct(a=MODEL, b=models())),
    ("SPEC3", "containers", lambda: pipeline(MODEL, JUMPSTART)),
    ("SPEC3", "containers", lambda: direct(a=MODEL, b=JUMPSTART)),
    (
        "MME2",
        "instance_type",
        lambda: pipeline(MODEL, models(), instance_type="ml.g5.12xlarge"),
    ),
    (
        "MDL17",
        "containers",
        lambda: pipeline(heavy(), heavy(), models(environment=heavy().environment), heavy()),
    ),
    ("SHD1", "shadow", lambda: variants(a=1, b=1).replace(shadow=shadow())),
    ("N7", "shadow.variant", lambda: variants(shadow=1).replace(shadow=shadow())),
    (
        "SHD2",
        "variants.a.instance_type",
        lambda: MultiVariantEndpoint(
            variants={"a": Variant(model=MODEL, instance_type="ml.inf1.xlarge")}, shadow=shadow()
        ),
    ),
    ("PIP1", "containers", lambda: pipeline(*[MODEL] * 16)),
    ("MDL17", "containers", lambda: pipeline(*[heavy()] * 4)),
    ("PIP1", "containers", lambda: DirectEndpoint(containers={}, instance_type="ml.m5.large")),
    # inference components
    ("IC4", "max_instances", lambda: components(min_instances=3, max_instances=2)),
    # guardrails
    ("DEP14", "rollout", lambda: realtime(model=JUMPSTART, rollout=Canary())),
    ("DEP14", "rollout", lambda: realtime(instance_type="ml.inf1.xlarge", rollout=Canary())),
    # models
    (
        "MDL26",
        "environment.KEY",
        lambda: MODEL.replace(network_isolation=True, environment=named()),
    ),
    ("MDL27", "arn", lambda: ModelPackage(arn=PACKAGE.rpartition("/")[0])),
    ("JMP1", "accept_eula", lambda: JUMPSTART.replace(accept_eula=False)),
    ("JMP2", "model_package_arn", lambda: JUMPSTART.replace(model_package_arn="llm")),
    ("JMP3", "accept_eula", lambda: MODEL.replace(accept_eula=True)),
    ("FWK1", "version", lambda: FrameworkContainer(framework="xgboost", version="1.7")),
    # batch
    ("JOB4", "max_payload_mb", lambda: batch(max_payload_mb=60, max_concurrent_transforms=2)),
    ("JOB5", "instance_type", lambda: batch(instance_type="p5.48xlarge")),
    ("JOB10", "batch_strategy", lambda: batch(split_type=None)),
    ("JOB12", "instance_count", lambda: batch(instance_count=101)),
    ("JOB13", "input_filter", lambda: DataProcessing(input_filter="$" * 64)),
    ("JOB14", "input", lambda: batch(input="s3://bucket/data.csv")),
    ("JOB14", "input", lambda: batch(input="https://bucket/data/")),
    ("JOB14", "output", lambda: batch(output="claims/data.csv")),
    ("MDL14", "model.artifact", lambda: batch(model=MODEL.replace(artifact="fraud/1/"))),
    ("JOB16", "suffix", lambda: OnUpload(suffix="*.csv")),
    ("AAS14", "schedule", lambda: OnSchedule(schedule="0 2 * * *")),
]


def shadow(instance_type: str = "ml.m5.large", **fields: Any) -> Shadow:
    return Shadow(**{"model": MODEL, "instance_type": instance_type, **fields})


def to_zero() -> Scaling:
    return Scaling(min_capacity=0, max_capacity=2)


def provisioned(scaling: Scaling) -> ServerlessEndpoint:
    return serverless(provisioned_concurrency=1, scaling=scaling)


def pipeline(*containers: Any, **fields: Any) -> PipelineEndpoint:
    return PipelineEndpoint(**{"containers": containers, "instance_type": "ml.m5.large", **fields})


def direct(shadow: Any = None, **containers: Any) -> DirectEndpoint:
    more = {} if shadow is None else {"shadow": shadow}
    return DirectEndpoint(containers=containers, instance_type="ml.m5.large", **more)


def heavy() -> Model:
    return MODEL.replace(environment={f"A{n}": "x" * 1000 for n in range(10)})


def components(**fields: Any) -> InferenceComponentEndpoint:
    return InferenceComponentEndpoint(**{"instance_type": "ml.g5.xlarge", **fields})


def named() -> dict[str, str]:
    return {"KEY": SECRET}


@pytest.mark.parametrize(
    ("rule", "path", "write"), REFUSED, ids=[f"{rule}-{path}" for rule, path, _ in REFUSED]
)
def test_what_aws_refuses_is_refused_with_its_rule(
    rule: str, path: str, write: Callable[[], object]
) -> None:
    with pytest.raises(SpecError) as refused:
        write()
    found = {(problem.rule, problem.where) for problem in refused.value.problems}
    assert any(rule == found_rule and where.startswith(path) for found_rule, where in found), found
    assert RULES[rule].source


@pytest.mark.parametrize(
    "field",
    [
        {"instance_type": "ml.g5.xlarge"},
        {"instance_count": 2},
        {"vpc": True},
        {"variants": {}},
        {"containers": [MODEL, MODEL]},
        {"artifacts": "models/"},
        {"output": "s3://bucket/out"},
        {"rollout": Canary()},
        {"host": Host(volume_size_gb=5)},
    ],
    ids=lambda field: next(iter(field)),
)
def test_what_serverless_inference_excludes_cannot_be_written(field: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as refused:
        serverless(**field)
    assert [problem.rule for problem in refused.value.problems] == ["SPEC1"]


@pytest.mark.parametrize(
    "write",
    [
        lambda: realtime(model=OPEN, host=SHELL),
        lambda: realtime(model=BARE, host=SHELL),
        lambda: asynchronous(model=OPEN, host=SHELL),
        lambda: components(host=SHELL),
        # A shell in one variant says nothing of the other.
        lambda: realtime(model=PACKED, shadow=shadow(model=OPEN, host=SHELL)),
    ],
)
def test_a_shell_is_opened_in_what_has_a_network(write: Callable[[], Spec]) -> None:
    assert list(problems_of(write())) == []


def test_a_shell_in_the_container_of_an_algorithm_is_warned_of() -> None:
    def shells(framework: Any, version: str) -> list[str]:
        image = FrameworkContainer(framework=framework, version=version)
        written = realtime(model=Model(image=image), host=SHELL)
        return [problem.rule for problem in problems_of(written)]

    assert shells("xgboost", "1.7-1") == ["SSM2"]
    assert shells("scikit-learn", "1.2-1") == ["FWK4"]


def test_a_shell_in_a_protected_environment_is_warned_of() -> None:
    def rules(host: Host, protected: bool) -> list[str]:
        spec = realtime(model=OPEN, instance_count=2, host=host)
        return [each.rule for each in spec.check_in(context(protected=protected))]

    assert rules(SHELL, True) == ["SSM3"]
    assert rules(SHELL, False) == rules(Host(), True) == []


def test_ten_content_types_of_256_characters_are_captured() -> None:
    longest = "a" * 127 + "/" + "b" * 128
    capture = DataCapture(
        csv_content_types=[longest, *(f"text/{n}" for n in range(9))],
        json_content_types=[f"application/v{n}.json" for n in range(10)],
    )
    assert len(capture.csv_content_types[0]) == 256


SHADOW = Shadow(model=MODEL, instance_type="ml.m5.large")


@pytest.mark.parametrize(
    ("write", "field", "value", "rule"),
    [
        (serverless, "data_capture", DataCapture(), "CAPT7"),
        (asynchronous, "data_capture", DataCapture(), "CAPT7"),
        (serverless, "shadow", SHADOW, "SHD4"),
        (asynchronous, "shadow", SHADOW, "SHD4"),
        (many, "shadow", SHADOW, "SHD4"),
        (lambda **given: pipeline(MODEL, MODEL, **given), "shadow", SHADOW, "SHD4"),
        (lambda **given: direct(a=MODEL, b=MODEL, **given), "shadow", SHADOW, "SHD4"),
    ],
)
def test_what_aws_has_for_other_kinds_alone_is_refused_with_its_rule(
    write: Any, field: str, value: Any, rule: str
) -> None:
    with pytest.raises(SpecError) as refused:
        write(**{field: value})
    (problem,) = refused.value.problems
    assert (problem.rule, problem.where) == (rule, field)
    assert "; leave it out" in problem.text


def test_one_variant_may_be_shadowed_in_proportion_to_its_weight() -> None:
    def weights(weight: float, percent: int) -> list[float]:
        variant = Variant(model=MODEL, instance_type="ml.m5.large", weight=weight)
        copied = SHADOW.replace(traffic_percent=percent)
        made = MultiVariantEndpoint(variants={"a": variant}, shadow=copied)
        return [each.weight for each in made.variants_and_shadow]

    assert weights(1, 30) == [10, 3]
    assert weights(0.7, 10) == [10, 1]
    assert weights(2, 50) == [2, 1]
    assert weights(1, 100) == [1, 1]


def test_a_pipeline_takes_packages_and_one_container_of_many_models() -> None:
    package = ModelPackage(arn=PACKAGE)
    mixed = pipeline(BARE, models(), package)
    assert [source for _, source in mixed.hosted()[0].containers] == [BARE, models(), package]
    assert list(problems_of(mixed)) == []
    assert list(problems_of(direct(a=package, b=MODEL))) == []


def test_a_serverless_model_has_a_network_even_with_an_artifact() -> None:
    assert MODEL.isolated
    assert not serverless().hosted()[0].isolated
    assert not serverless(model=ModelPackage(arn=PACKAGE)).hosted()[0].isolated


@pytest.mark.parametrize(
    ("weights", "exact"),
    [
        ([0.8, 0.2], [4, 1]),
        ([0.9, 0.1], [9, 1]),
        ([0.75, 0.25], [0.75, 0.25]),
        ([1, 3], [1, 3]),
        ([0.5, 0.3, 0.2], [5, 3, 2]),
        ([0.7, 0], [1, 0]),
    ],
)
def test_weights_keep_their_ratio_in_numbers_that_aws_keeps(
    weights: list[float], exact: list[float]
) -> None:
    assert exact_weights(weights) == exact


def test_weights_fit_up_to_what_32_bits_hold_exactly() -> None:
    assert weights_fit([2**24, 1])
    assert not weights_fit([2**24 + 2, 1])


def test_an_instance_works_on_up_to_100_mb_at_once() -> None:
    assert batch(max_payload_mb=10, max_concurrent_transforms=10).max_payload_mb == 10


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=10).filter(any))
def test_weights_in_percent_always_survive(percents: list[int]) -> None:
    weights = [percent / 1000 for percent in percents]
    exact = exact_weights(weights)
    total = sum(percents)
    assert [w / sum(exact) for w in exact] == pytest.approx([p / total for p in percents])
    assert [struct.unpack("f", struct.pack("f", w))[0] for w in exact] == exact


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2"),
        ("API_KEY", "abc"),
        ("apiKey", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "abc"),
        ("HF_TOKEN", "abc"),
        ("AUTH_TOKEN", "abc"),
        ("GITHUB_PAT", "abc"),
        ("CLIENT_SECRET", "abc"),
        ("OPENAI_API_KEY", "abc"),
    ],
)
def test_a_name_that_says_secret_is_refused(name: str, value: str) -> None:
    with pytest.raises(SpecError) as refused:
        Model(image=IMAGE, environment={name: value})
    (problem,) = refused.value.problems
    assert (problem.rule, problem.where) == ("MDL24", f"environment.{name}")
    assert value not in str(problem).partition("looks like")[2]


@pytest.mark.parametrize(
    "value",
    [
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "hf_abcdefghijklmnopqrstuvwxyz",
        "postgres://user:pass@db.internal/fraud",
        "-----BEGIN RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    ],
)
def test_a_value_that_looks_like_a_secret_is_refused(value: str) -> None:
    for write in (
        lambda: Model(image=IMAGE, environment={"X": value}),
        lambda: ModelPackage(arn=PACKAGE, environment={"X": value}),
        lambda: models(environment={"X": value}),
    ):
        with pytest.raises(SpecError) as refused:
            write()
        assert [problem.rule for problem in refused.value.problems] == ["MDL25"]
        assert value not in str(refused.value)
        assert value not in json.dumps([each.as_dict() for each in refused.value.problems])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_TOKENS", "512"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("PAD_TOKEN", "<pad>"),
        ("USE_AUTH_TOKEN", "true"),
        ("DB_PASSWORD_ARN", SECRET),
        ("DB_PASSWORD", SECRET),
        ("API_KEY", "arn:aws:ssm:us-east-1:111122223333:parameter/fraud/key"),
        ("SECRET_NAME", "fraud"),
        ("PRIMARY_KEY", "id"),
        ("MODEL_URL", "https://models.internal/a"),
        ("SAGEMAKER_PROGRAM", "inference.py"),
    ],
)
def test_a_setting_or_reference_is_no_secret(name: str, value: str) -> None:
    assert not name_says_secret(name, value)
    assert not value_is_secret(value)


def test_a_container_that_fetches_a_secret_has_a_network() -> None:
    assert not MODEL.replace(environment=named()).isolated
    assert not ModelPackage(arn=PACKAGE, environment=named()).isolated
    assert not models(environment=named()).isolated


@pytest.mark.parametrize(
    ("container", "uri"),
    [
        (
            FrameworkContainer(framework="scikit-learn", version="1.2-1"),
            "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        (
            FrameworkContainer(framework="djl-lmi", version="0.30.0"),
            "763104351884.dkr.ecr.eu-west-1.amazonaws.com/djl-inference:0.30.0-lmi12.0.0-cu124",
        ),
        (
            FrameworkContainer(framework="pytorch", version="2.6.0", accelerator="gpu"),
            "763104351884.dkr.ecr.eu-west-1.amazonaws.com/"
            "pytorch-inference:2.6.0-gpu-py312-cu124-ubuntu22.04-sagemaker",
        ),
    ],
)
def test_a_framework_container_is_found_in_the_region(
    container: FrameworkContainer, uri: str
) -> None:
    assert container.uri(context("eu-west-1")) == uri
    assert len(uri) <= 255


def test_a_package_of_another_region_is_refused() -> None:
    package = ModelPackage(arn=PACKAGE)
    assert [problem.rule for problem in package.check_in(context("eu-west-1"))] == ["MDL28"]
    assert list(package.check_in(context())) == []


def test_one_instance_in_production_is_a_warning_but_not_for_a_queue() -> None:
    production = context(protected=True)
    assert "RT25" in [problem.rule for problem in realtime().check_in(production)]
    assert list(asynchronous().check_in(production)) == []


def test_a_gpu_container_without_a_gpu_is_a_warning() -> None:
    gpu = Model(image=FrameworkContainer(framework="djl-lmi", version="0.30.0"), artifact="llm/")
    endpoint = realtime(model=gpu)
    assert [problem.rule for problem in problems_of(endpoint)] == ["RT20"]


def test_an_x86_container_on_arm_is_a_warning() -> None:
    model = Model(image=FrameworkContainer(framework="pytorch", version="2.6.0"))
    endpoint = realtime(model=model, instance_type="ml.c7g.xlarge")
    assert [problem.rule for problem in problems_of(endpoint)] == ["RT19"]


def test_too_large_an_environment_is_refused_without_its_values() -> None:
    with pytest.raises(SpecError) as refused:
        Model(image=IMAGE, environment={"A": "confidential" * 100})
    assert [problem.rule for problem in refused.value.problems] == ["MDL17"]
    assert "confidential" not in str(refused.value)


def test_endpoints_of_every_kind_stand_side_by_side() -> None:
    endpoints: dict[str, Any] = {
        "a": realtime(),
        "b": variants(x=1, y=2),
        "c": serverless(),
        "d": asynchronous(),
        "e": many(),
        "f": pipeline(MODEL, BARE),
        "g": DirectEndpoint(containers={"x": MODEL, "y": BARE}, instance_type="ml.m5.large"),
        "h": components(),
        "i": realtime(model=ModelPackage(arn=PACKAGE)),
        "j": realtime(model=JUMPSTART),
        "k": realtime(model=Model(image=Image(repository="fraud", tag="1"))),
    }
    inference = Inference(endpoints=endpoints)
    kinds = {endpoint.kind for endpoint in inference.endpoints.values()}
    assert len(kinds) == 8
    for endpoint in inference.endpoints.values():
        assert endpoint.hosted()[0].name


def test_a_topic_that_takes_no_notification_of_an_endpoint_is_told() -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:answers"
    assert problems_of(Notifications(success_topic=arn)) == []
    (found,) = problems_of(Notifications(error_topic=f"{arn}.fifo"))
    assert (found.rule, found.severity, found.where) == ("ASY11", "warning", "error_topic")
