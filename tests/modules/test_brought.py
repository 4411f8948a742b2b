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
    Image,
    Inference,
    Model,
    Naming,
    OnUpload,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    Repository,
    SpecError,
)
from inferform.iam.grants import pull_any
from ops.promote import copies
from ops.push import target
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


# Repositories of any name

THEIRS = "444455556666.dkr.ecr.us-east-1.amazonaws.com/shared/base/fraud"
NAMED = CONTEXT.replace(naming=Naming(repositories={"fraud": "risk/fraud", "base": THEIRS}))


def serving(name: str) -> RealtimeEndpoint:
    model = Model(image=Image(repository=name, tag="1.4.2"), artifact="m.tar.gz")
    return RealtimeEndpoint(model=model, instance_type="ml.m5.large")


def test_a_repository_is_made_and_pulled_by_any_name_that_ecr_takes(
    synthesize: Synthesize,
) -> None:
    made = environment(
        context=NAMED,
        registry=Registry(repositories={"fraud": Repository(), "plain": Repository()}),
        inference=Inference(endpoints={name: serving(name) for name in ("fraud", "plain", "base")}),
    )
    stacks = synthesize(made)
    kinds = stacks["dev-use1-registry"]["resource"]
    assert {each["name"] for each in kinds["aws_ecr_repository"].values()} == {
        "risk/fraud",
        "acme-dev-use1-plain",
    }
    models = stacks["dev-use1-inference"]["resource"]["aws_sagemaker_model"].values()
    own = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert {each["primary_container"]["image"] for each in models} == {
        f"{own}/risk/fraud:1.4.2",
        f"{own}/acme-dev-use1-plain:1.4.2",
        f"{THEIRS}:1.4.2",
    }
    policies = stacks["dev-use1-inference"]["resource"]["aws_iam_role_policy"].values()
    pulled = {
        each["Resource"]
        for policy in policies
        for each in json.loads(policy["policy"])["Statement"]
        if each.get("Sid") == "PullImage"
    }
    assert "arn:aws:ecr:us-east-1:444455556666:repository/shared/base/fraud" in pulled
    assert "arn:aws:ecr:us-east-1:111122223333:repository/risk/fraud" in pulled


def test_components_may_pull_from_repositories_that_are_named(synthesize: Synthesize) -> None:
    statements = pull_any(NAMED)
    assert statements[1]["Resource"] == [
        "arn:aws:ecr:us-east-1:111122223333:repository/acme-dev-use1-*",
        "arn:aws:ecr:us-east-1:444455556666:repository/shared/base/fraud",
        "arn:aws:ecr:us-east-1:111122223333:repository/risk/fraud",
    ]
    assert isinstance(pull_any(CONTEXT)[1]["Resource"], str)


@pytest.mark.parametrize(
    "name",
    ["Risk/fraud", "risk//fraud", "/risk", "risk/", "a", "a" * 257, "risk/fraud:1", "a..b", "a.-b"],
)
def test_a_name_that_ecr_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="CTX13"):
        Naming(repositories={"fraud": name})


@pytest.mark.parametrize(
    ("repository", "rule"),
    [
        ("444455556666.dkr.ecr.eu-west-1.amazonaws.com/risk/fraud", r"naming\.repositories.*CTX14"),
        (THEIRS, r"registry\.repositories\.fraud.*ECR26"),
        ("acme-dev-use1-other", "NAME3"),
    ],
)
def test_a_repository_that_the_environment_cannot_make_is_refused(
    repository: str, rule: str
) -> None:
    with pytest.raises(SpecError, match=rule):
        environment(
            context=CONTEXT.replace(naming=Naming(repositories={"fraud": repository})),
            registry=Registry(repositories={"fraud": Repository(), "other": Repository()}),
        )


def test_the_uri_of_the_own_registry_names_an_own_repository() -> None:
    uri = "111122223333.dkr.ecr.us-east-1.amazonaws.com/risk/fraud"
    context = CONTEXT.replace(naming=Naming(repositories={"fraud": uri}))
    made = environment(context=context, registry=Registry(repositories={"fraud": Repository()}))
    assert "risk/fraud" in {name.value for _, name in made.names}


def test_an_image_of_a_repository_that_nobody_names_is_refused_still() -> None:
    with pytest.raises(SpecError, match=r"fraude.*did you mean fraud.*ECR8"):
        environment(context=NAMED, inference=Inference(endpoints={"fraud": serving("fraude")}))


def test_push_and_promote_speak_of_the_repository_that_is_named() -> None:
    inference = Inference(endpoints={"fraud": serving("fraud"), "base": serving("base")})
    dev = environment(context=NAMED, inference=inference)
    own, theirs = (target(dev, name, "2.0.0", None) for name in ("fraud", "base"))
    assert (own.name, own.account) == ("risk/fraud", "111122223333")
    assert (theirs.name, theirs.account) == ("shared/base/fraud", "444455556666")
    prod = environment(
        context=CONTEXT.replace(stage="prod"),
        inference=inference.replace(endpoints={"fraud": serving("fraud")}),
    )
    host = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert (
        f"skopeo copy --all --preserve-digests docker://{host}/risk/fraud:1.4.2 "
        f"docker://{host}/acme-prod-use1-fraud:1.4.2"
    ) in copies(dev, prod, "fraud")
