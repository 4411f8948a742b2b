"""Specs are short: what is rarely set stands in a Spec of its own, and who writes it beside is told."""

from __future__ import annotations

from typing import Any

import pytest

import inferform
from inferform import (
    AsyncEndpoint,
    BatchTransform,
    CoreDumps,
    DataProcessing,
    DirectEndpoint,
    Environment,
    Host,
    Image,
    InferenceComponentEndpoint,
    Model,
    ModelClient,
    MultiModel,
    MultiModelEndpoint,
    PipelineEndpoint,
    PrefixAware,
    RealtimeEndpoint,
    Shadow,
    Spec,
    SpecError,
    Variant,
)
from inferform.service import Service
from tests.specs.fields import specs

MODEL = Model(image=Image(repository="fraud", tag="1"))
MANY = MultiModel(
    image=Image(repository="many", tag="1"), artifacts="models/", network_isolation=False
)
VALUES: dict[str, Any] = {
    "volume_size_gb": 30,
    "startup_timeout_seconds": 600,
    "download_timeout_seconds": 600,
    "inference_ami_version": "al2-ami-sagemaker-inference-gpu-2",
    "routing_strategy": "RANDOM",
    "prefix_aware": PrefixAware(prefix_length=1024, concurrency_threshold=1),
    "core_dumps": CoreDumps(),
    "ssm_access": True,
    "invocation_timeout_seconds": 900,
    "invocation_retries": 2,
    "input_filter": "$[1:]",
    "join_input": True,
}
HOSTS: list[tuple[type[Spec], dict[str, Any]]] = [
    (RealtimeEndpoint, {"model": MODEL}),
    (AsyncEndpoint, {"model": MODEL}),
    (MultiModelEndpoint, {"model": MANY}),
    (PipelineEndpoint, {"containers": [MODEL, MODEL]}),
    (DirectEndpoint, {"containers": {"a": MODEL, "b": MODEL}}),
    (InferenceComponentEndpoint, {}),
    (Variant, {"model": MODEL}),
    (Shadow, {"model": MODEL}),
]
MOVED: list[tuple[type[Spec], dict[str, Any], str, type[Spec], str]] = [
    *((spec, given, "host", Host, name) for spec, given in HOSTS for name in Host.model_fields),
    *(
        (BatchTransform, {"model": MODEL}, field, group, name)
        for field, group in (("model_client", ModelClient), ("data_processing", DataProcessing))
        for name in group.model_fields
    ),
]

# Fields that every service has.
_SHARED = Service.model_fields.keys()


def test_no_spec_has_more_than_15_fields_of_its_own() -> None:
    # The fields of an Environment are its layers, of which there may be as many as there are.
    shared = {*_SHARED, *Environment.records()}
    sizes = {spec: len(spec.model_fields.keys() - shared) for spec in specs()}
    assert len(sizes) > 100
    assert {spec.__name__: size for spec, size in sizes.items() if size > 15} == {}


@pytest.mark.parametrize(
    ("spec", "given", "field", "group", "name"),
    [pytest.param(*each, id=f"{each[0].__name__}-{each[4]}") for each in MOVED],
)
def test_a_field_beside_its_group_is_told_what_to_write(
    spec: type[Spec], given: dict[str, Any], field: str, group: type[Spec], name: str
) -> None:
    given, value = {**given, "instance_type": "ml.g4dn.xlarge"}, VALUES[name]
    if name == "volume_size_gb":
        given["instance_type"] = "ml.m5.xlarge"
    with pytest.raises(SpecError) as refused:
        spec(**given, **{name: value})
    (problem,) = refused.value.problems
    remedy = f"{field}={group.__name__}({name}={value!r})"
    assert (problem.rule, problem.where) == ("SPEC8", name)
    assert problem.text == f"is a field of {group.__name__}; write {remedy}"
    written = eval(f"dict({remedy})", vars(inferform))
    assert getattr(getattr(spec(**given, **written), field), name) == value


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        (
            {"volume_size_gb": 30, "routing_strategy": "RANDOM"},
            "host=Host(volume_size_gb=30, routing_strategy='RANDOM')",
        ),
        (
            {"host": Host(volume_size_gb=30), "routing_strategy": "RANDOM"},
            "host=Host(..., routing_strategy='RANDOM')",
        ),
        ({"traffic_percent": 10}, "shadow=Shadow(..., traffic_percent=10)"),
        ({"canary_percent": 10}, "rollout=Canary(canary_percent=10)"),
    ],
)
def test_what_belongs_together_is_written_together(written: dict[str, Any], remedy: str) -> None:
    with pytest.raises(SpecError) as refused:
        RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large", **written)
    assert {problem.rule for problem in refused.value.problems} == {"SPEC8"}
    assert all(problem.text.endswith(f"; write {remedy}") for problem in refused.value.problems)


def test_a_field_that_only_a_list_or_dict_holds_is_none_of_a_group() -> None:
    with pytest.raises(SpecError) as refused:
        RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large", weight=1)  # type: ignore[call-arg]
    assert [problem.rule for problem in refused.value.problems] == ["SPEC1"]
