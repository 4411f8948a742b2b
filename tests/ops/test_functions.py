"""What the operator's commands know of Lambda functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Canary,
    Context,
    Environment,
    Image,
    Inference,
    LambdaFunction,
    Model,
    Network,
    ProvisionedConcurrencyUtilization,
    Registry,
    Repository,
    Scaling,
    TargetTracking,
)
from inferform.scaling.kinds import LAMBDA
from inferform.target import EMULATOR
from ops import push, simulation_input
from ops.aws import Aws
from ops.cost import specs
from ops.cost.prices import price_table
from ops.kinds import kinds
from ops.plan import Plan, read_plan
from ops.preflight import preflight
from ops.promote import release_of
from ops.services import find
from tests.review.plans import changed, plan_of

Synthesize = Callable[..., dict[str, dict[str, Any]]]

SCALING = Scaling(
    min_capacity=2,
    max_capacity=20,
    policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())],
)
FRAUD = LambdaFunction(
    model=Model(image=Image(repository="fraud", tag="1")),
    memory_mib=4096,
    architecture="ARM64",
    scaling=SCALING,
)


def environment(context: Context, **functions: LambdaFunction) -> Environment:
    return Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(functions=functions or {"fraud": FRAUD}),
    )


# Review

BEFORE = {
    "function_name": "f",
    "image_uri": "1.dkr.ecr.us-east-1.amazonaws.com/fraud:1",
    "memory_size": 2048,
    "version": "1",
    "architectures": ["arm64"],
}
AFTER = {key: value for key, value in BEFORE.items() if key != "version"} | {
    "image_uri": "1.dkr.ecr.us-east-1.amazonaws.com/fraud:2",
    "memory_size": 4096,
}
ALIAS = {"function_name": "f", "name": "live", "function_version": "1"}


def stories(*entries: dict[str, Any]) -> list[Any]:
    plan: Plan = read_plan(plan_of(*entries))
    tell: Any = kinds()["aws_lambda_function"].story
    return [story for change in plan.of_type("aws_lambda_function") for story in tell(plan, change)]


@pytest.mark.parametrize(("moves", "action"), [(True, "update"), (False, "prepare")])
def test_a_new_version_moves_its_alias_at_once_or_waits_for_a_rollout(
    moves: bool, action: str
) -> None:
    function = changed(
        "aws_lambda_function.f", ["update"], BEFORE, AFTER, unknown={"version": True}
    )
    unknown = {"function_version": True} if moves else {}
    after = {**ALIAS} if not moves else {"function_name": "f", "name": "live"}
    alias = changed(
        "aws_lambda_alias.live", ["update"] if moves else ["no-op"], ALIAS, after, unknown=unknown
    )
    (story,) = stories(function, alias)
    assert story.action == action
    assert dict(story.facts) == {"image": "fraud:1 → fraud:2", "memory": "2048 → 4096 MiB"}
    if moves:
        assert story.headline == "f goes from fraud:1 to fraud:2"
        assert story.rollout.startswith("at once")
    else:
        assert story.headline == "f gets a new version, and its callers stay with the old one"
        assert story.rollout.startswith("by CodeDeploy")
    assert story.interrupted == ""


def test_a_function_that_goes_or_is_replaced_is_an_outage() -> None:
    (gone,) = stories(changed("aws_lambda_function.f", ["delete"], BEFORE, None))
    assert gone.interrupted == "every request, for good"
    (replaced,) = stories(
        changed(
            "aws_lambda_function.f",
            ["delete", "create"],
            BEFORE,
            AFTER,
            replace_paths=[["function_name"]],
        )
    )
    assert "because of function_name" in replaced.headline
    assert replaced.interrupted
    assert stories(changed("aws_lambda_function.f", ["no-op"], BEFORE, BEFORE)) == []


# Cost


def test_what_is_kept_warm_has_a_price_and_requests_are_by_use(context: Context) -> None:
    table = price_table()
    place = context.replace(region="us-east-1")
    found = specs.estimate(environment(place), table)
    lines = {line.usage.key: line for line in found.lines if line.usage.key.startswith("lambda/")}
    price = table.price("us-east-1", "lambda/arm64/provisioned-gb-second")
    assert price is not None
    warm = lines["lambda/arm64/provisioned-gb-second"].monthly
    assert warm is not None
    # Two to twenty environments of 4 GB.
    hours = 730 * 3600 * 4 * price.usd
    assert (warm.minimum, warm.maximum) == pytest.approx((2 * hours, 20 * hours))
    for key in ("lambda/request", "lambda/arm64/gb-second"):
        assert lines[key].usage.amount is None


def test_a_plan_prices_what_is_kept_warm_by_the_memory_of_its_function() -> None:
    warm = {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 3}
    entries = [
        changed("aws_lambda_function.f", ["create"], None, BEFORE),
        changed("aws_lambda_provisioned_concurrency_config.w", ["create"], None, warm),
    ]
    scaled = {
        "resource_id": "function:f:live",
        "service_namespace": "lambda",
        "min_capacity": 1,
        "max_capacity": 5,
    }
    target = changed("aws_appautoscaling_target.t", ["create"], None, scaled)

    def amounts(*given: dict[str, Any]) -> tuple[float, float]:
        plan = read_plan(plan_of(*given))
        uses: Any = kinds()["aws_lambda_provisioned_concurrency_config"].uses
        (change,) = plan.of_type("aws_lambda_provisioned_concurrency_config")
        usage, *_ = uses(plan, change, "after")
        assert usage.key == "lambda/arm64/provisioned-gb-second"
        month = 730 * 3600 * 2
        return usage.amount.minimum / month, usage.amount.maximum / month

    assert amounts(*entries) == (3, 3)
    assert amounts(*entries, target) == (1, 5)


SECONDS = 0.2
MEMORY_GB = 2


def test_lambda_is_cheaper_than_a_serverless_endpoint_but_for_very_short_requests() -> None:
    """The figures of the module's README."""
    table = price_table()

    def price(key: str) -> float:
        found = table.price("us-east-1", key)
        assert found is not None, key
        return found.usd

    on_lambda, request = price("lambda/x86_64/gb-second"), price("lambda/request")
    serverless = price("sagemaker/serverless/gb-second")
    million = 1_000_000 * MEMORY_GB * SECONDS
    assert round(million * on_lambda + 1_000_000 * request, 2) == 6.87
    assert round(million * serverless, 2) == 8.0
    assert round(1000 * request / (MEMORY_GB * (serverless - on_lambda))) == 30
    warm = price("lambda/x86_64/provisioned-gb-second")
    busy = price("lambda/x86_64/provisioned-duration-gb-second")
    assert round(warm / (on_lambda - busy), 2) == 0.6


# Preflight


def said(synthesize: Synthesize, made: Environment, aws: Aws, *checks: str) -> dict[str, Any]:
    stacks = synthesize(made, target=EMULATOR)
    return {
        each.subject: (each.outcome, each.found)
        for each in preflight(made, stacks, aws)
        if each.check.id in checks and (each.outcome == "failed" or each.check.id == "PRE6")
    }


def test_the_concurrency_that_is_taken_from_all_others_counts_against_the_quota(
    aws: Aws, context: Context, synthesize: Synthesize
) -> None:
    reserved = FRAUD.replace(scaling=None, reserved_concurrency=300)
    plain = LambdaFunction(model=FRAUD.model)
    made = environment(context, fraud=FRAUD, reserved=reserved, plain=plain)
    # Twenty of the one and three hundred of the other.
    assert said(synthesize, made, aws, "PRE6")["Concurrent executions"] == (
        "passed",
        "320 are needed at the maximum; the quota is 1000",
    )
    more = environment(context, fraud=FRAUD, reserved=reserved.replace(reserved_concurrency=990))
    outcome, text = said(synthesize, more, aws, "PRE6")["Concurrent executions"]
    assert (outcome, text) == ("failed", "1010 are needed at the maximum; the quota is 1000")


@pytest.mark.parametrize(
    ("media", "wrong"),
    [
        ("application/vnd.oci.image.index.v1+json", True),
        ("application/vnd.docker.distribution.manifest.list.v2+json", True),
        ("application/vnd.docker.distribution.manifest.v2+json", False),
    ],
)
def test_an_index_of_several_images_is_found_before_lambda_refuses_it(
    aws: Aws, context: Context, synthesize: Synthesize, media: str, wrong: bool
) -> None:
    made = environment(context)
    ecr, name = aws.client("ecr"), context.name("fraud")
    ecr.create_repository(repositoryName=name)
    digest = f"sha256:{'a' * 64}"
    platforms = [
        {"mediaType": media, "digest": digest, "size": 1, "platform": {"architecture": arch}}
        for arch in ("amd64", "arm64")
    ]
    of = {"manifests": platforms} if wrong else {"config": {"digest": digest}, "layers": []}
    manifest = {"schemaVersion": 2, "mediaType": media, **of}
    ecr.put_image(
        repositoryName=name,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=media,
        imageTag="1",
    )
    found = said(synthesize, made, aws, "PRE4")
    texts = [text for outcome, text in found.values() if outcome == "failed"]
    expected = "is an index of amd64, arm64, and Lambda takes one image, for arm64"
    assert (expected in texts) is wrong


@pytest.mark.parametrize(
    ("built", "outcome", "text"),
    [
        ("arm64", "passed", ""),
        ("amd64", "failed", "is for x86_64, and its function for arm64"),
        ("riscv64", "failed", "is for riscv64, and its function for arm64"),
        (None, "skipped", "whether it is for arm64 is not known"),
    ],
)
def test_a_single_image_of_another_architecture_is_found_before_lambda_refuses_it(
    aws: Aws,
    context: Context,
    synthesize: Synthesize,
    built: str | None,
    outcome: str,
    text: str,
) -> None:
    made = environment(context)
    ecr, name = aws.client("ecr"), context.name("fraud")
    ecr.create_repository(repositoryName=name)
    config = json.dumps({"architecture": built, "os": "linux"}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    if built:
        upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
        where = {"repositoryName": name, "uploadId": upload}
        ecr.upload_layer_part(
            **where, partFirstByte=0, partLastByte=len(config) - 1, layerPartBlob=config
        )
        ecr.complete_layer_upload(**where, layerDigests=[digest])
    media = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": media, "config": {"digest": digest}, "layers": []}
    ecr.put_image(
        repositoryName=name,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=media,
        imageTag="1",
    )
    stacks = synthesize(made, target=EMULATOR)
    found = [each for each in preflight(made, stacks, aws) if each.check.id == "PRE4"]
    told: dict[str, Any] = {each.outcome: each for each in found if each.found != "exists"}
    if outcome == "passed":
        assert told == {}
    else:
        assert text in told[outcome].found
        assert bool(told[outcome].fix) == (outcome == "failed")


# The rest


def test_a_function_is_found_pushed_promoted_and_simulated_like_any_service(
    context: Context,
) -> None:
    made = environment(context)
    assert find(made, "lambda/fraud").full_name == "lambda/fraud"
    assert push.target(made, "fraud", "2", None).platform == "linux/arm64"
    release = {path[-1]: value for path, value in release_of(made, "fraud").items()}
    assert release["tag"] == "1"
    scaled = simulation_input.find(made, "fraud")
    assert scaled.kind is LAMBDA


def test_drift_of_the_count_is_application_auto_scalings() -> None:
    owned: Any = kinds()["aws_lambda_provisioned_concurrency_config"].owned
    values = {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 2}

    def planned(target: str) -> Callable[[str], list[dict[str, str]]]:
        return lambda _: [{"resource_id": target}]

    assert owned(values, values, planned("function:f:live")) == {
        "provisioned_concurrent_executions"
    }
    assert owned(values, values, planned("function:g:live")) == set()


def test_a_rollout_follows_a_rollback_where_code_deploy_moves_the_alias(context: Context) -> None:
    moved = FRAUD.replace(rollout=Canary(), scaling=None)
    assert [each.spec.moves_later for each in environment(context, fraud=moved).deployed] == [True]
    assert [each.spec.moves_later for each in environment(context).deployed] == [False]
