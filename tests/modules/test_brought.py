"""What somebody else made beside Inferform's own: a bucket, log groups, topics, repositories and a
load balancer, in synthesized JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    DataCapture,
    Environment,
    ExistingBucket,
    Inference,
    OnUpload,
    Registry,
    RegistryOutputs,
    Repository,
    SpecError,
)
from tests.conftest import Synthesized
from tests.names.test_taken import BATCH, CONTEXT, ENDPOINT, environment, service

Synthesize = Callable[..., Synthesized]

KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER = KEY.replace("1234abcd", "abcd1234")


def stack_of(synthesize: Synthesize, made: Environment, layer: str = "inference") -> dict[str, Any]:
    return synthesize(made)[f"{made.key}-{layer}"]


# A bucket of artifacts

BUCKET = ExistingBucket(name="risk-artifacts", send_events=True)
BESIDE = Registry(repositories={"fraud": Repository()}, artifacts=BUCKET)


def test_a_bucket_that_exists_is_read_and_nothing_of_it_is_made(synthesize: Synthesize) -> None:
    made = environment(
        registry=BESIDE,
        inference=Inference(
            endpoints={"fraud": ENDPOINT.replace(data_capture=DataCapture())},
            services={"web": service("web")},
            batch={"score": BATCH.replace(trigger=OnUpload())},
        ),
    )
    assert made.artifact_bucket == "risk-artifacts"
    registry = stack_of(synthesize, made, "registry")
    assert not [kind for kind in registry["resource"] if kind.startswith("aws_s3_")]
    assert registry["output"]["artifact_bucket"]["value"] == "risk-artifacts"
    assert made.context.bucket("artifacts") not in {name.value for _, name in made.names}


@pytest.mark.parametrize(
    "registry",
    [RegistryOutputs(kms_key_arn=KEY, artifact_bucket=BUCKET.name), BESIDE.replace(kms_key=KEY)],
)
def test_the_key_of_a_bucket_that_exists_may_be_used_by_whoever_reads_it(
    synthesize: Synthesize, registry: Registry | RegistryOutputs
) -> None:
    made = environment(
        context=CONTEXT.replace(artifact_keys={BUCKET.name: OTHER}),
        registry=registry,
        inference=Inference(endpoints={"fraud": ENDPOINT}),
    )
    (policy,) = stack_of(synthesize, made)["resource"]["aws_iam_role_policy"].values()
    decrypt = [
        each
        for each in json.loads(policy["policy"])["Statement"]
        if "kms:Decrypt" in each["Action"]
    ]
    assert [each["Resource"] for each in decrypt] == [OTHER]


def test_a_transform_on_uploads_waits_for_what_the_owner_turns_on() -> None:
    silent = BESIDE.replace(artifacts=BUCKET.replace(send_events=False))
    with pytest.raises(SpecError, match=r"let its owner turn EventBridge on.*JOB11"):
        environment(
            registry=silent, inference=Inference(batch={"score": BATCH.replace(trigger=OnUpload())})
        )
