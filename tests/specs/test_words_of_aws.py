"""Who knows AWS's API, its SDKs or Terraform's provider is told what their words are here."""

from __future__ import annotations

import re
from typing import Any

import pytest

import inferform
from inferform import (
    AsyncEndpoint,
    Canary,
    EcsService,
    Fargate,
    Image,
    LoadBalancer,
    Model,
    RealtimeEndpoint,
    ServerlessEndpoint,
    Spec,
    SpecError,
)
from inferform.spec import _instead
from tests.specs.fields import specs

MODEL = Model(image=Image(repository="fraud", tag="1"))
ON = {"model": MODEL, "instance_type": "ml.m5.large"}


def told(spec: type[Spec], **given: Any) -> list[str]:
    with pytest.raises(SpecError) as refused:
        spec(**given)
    return [f"{problem.where} {problem.text}" for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("spec", "given", "name", "hint"),
    [
        (RealtimeEndpoint, ON, "initial_instance_count", "AWS's InitialInstanceCount is written instance_count"),
        (RealtimeEndpoint, ON, "InitialInstanceCount", "AWS's InitialInstanceCount is written instance_count"),
        (RealtimeEndpoint, ON, "variant_name", "AWS's VariantName is written variant"),
        (RealtimeEndpoint, ON, "container_startup_health_check_timeout",
         "AWS's ContainerStartupHealthCheckTimeoutInSeconds is written host=Host(startup_timeout_seconds=...)"),
        (RealtimeEndpoint, ON, "volume_size", "AWS's VolumeSizeInGB is written host=Host(volume_size_gb=...)"),
        (RealtimeEndpoint, ON, "execution_role_arn", "write existing=Existing(execution_role=...), or nothing: one is made"),
        (RealtimeEndpoint, ON, "shadow_production_variants", "write shadow=Shadow(...)"),
        (AsyncEndpoint, ON, "s3_output_path", "AWS's S3OutputPath is written output"),
        (ServerlessEndpoint, {"model": MODEL}, "memory_size", "AWS's MemorySizeInMB is written memory_mib"),
        (Model, {"image": "x"}, "model_data_url", "AWS's ModelDataUrl is written artifact"),
        (Canary, {}, "canary_size", "write canary_percent=..."),
        (LoadBalancer, {"certificate": None}, "scheme", "write internal=False, or nothing: it is internal"),
        (EcsService, {"model": MODEL, "compute": Fargate(cpu=1024, memory_mib=2048)}, "desired_count",
         "AWS's desiredCount is written count"),
    ],
)  # fmt: skip
def test_a_word_of_awss_is_translated(
    spec: type[Spec], given: dict[str, Any], name: str, hint: str
) -> None:
    assert f"{name} is not a field of {spec.__name__}; {hint}" in told(spec, **given, **{name: 1})


def test_a_field_that_was_written_in_awss_words_is_not_missing_too() -> None:
    assert told(Model, image_uri="1.dkr.ecr.us-east-1.amazonaws.com/fraud:1", env={}) == [
        "image_uri is not a field of Model; AWS's Image is written image",
        "env is not a field of Model; write environment=...",
    ]
    assert told(Fargate, cpu=1024, memory=2048) == [
        "memory is not a field of Fargate; AWS's memory is written memory_mib"
    ]


@pytest.mark.parametrize("name", ["value", "key", "names", "min_size_of_all"])
def test_a_word_of_nothing_in_particular_is_not_translated(name: str) -> None:
    assert told(RealtimeEndpoint, **ON, **{name: 1}) == [
        f"{name} is not a field of RealtimeEndpoint"
    ]


def test_what_is_written_elsewhere_is_told_of_the_kinds_that_have_it() -> None:
    kinds = [each for each in specs() if each in vars(inferform).values()]
    listed = {word for each in kinds for word in each.elsewhere}
    told_of = {word for each in kinds for word in each.elsewhere if _instead(each, word)}
    assert listed == told_of
    assert _instead(RealtimeEndpoint, "shadow_production_variants")
    assert not _instead(ServerlessEndpoint, "shadow_production_variants")
    for spec in kinds:
        for word, remedy in spec.elsewhere.items():
            assert word not in spec.model_fields
            for name in re.findall(r"([A-Z]\w+)\(", remedy):
                assert hasattr(inferform, name), (spec, word, remedy)
