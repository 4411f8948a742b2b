"""The README of modules/sagemaker: its examples run and deploy, its tables say what the code does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from inferform import (
    AllAtOnce,
    BatchTransform,
    Canary,
    Component,
    Context,
    Environment,
    Inference,
    InferenceComponentEndpoint,
    Linear,
    NetworkOutputs,
    RegistryOutputs,
    Rolling,
    ServerlessEndpoint,
)
from inferform.rollouts.spec import Rollout
from inferform.sagemaker.endpoints import AnyEndpoint
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.sagemaker.guardrails import SAGEMAKER, waits_seconds, worst_case_seconds
from inferform.spec import problems_of

from . import readme

README = "modules/sagemaker/README.md"
KINDS: tuple[type[Endpoint], ...] = get_args(get_args(AnyEndpoint)[0])


def tables() -> dict[str, list[list[str]]]:
    """The rows of the tables by their first cell, without the marks around code."""
    lines = (readme.ROOT / README).read_text("utf-8").splitlines()
    found: dict[str, list[list[str]]] = {}
    for line in lines:
        if line.startswith("|"):
            cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
            for name in cells[0].split(", "):
                found.setdefault(name, []).append(cells[1:])
    return found


def examples() -> dict[str, list[tuple[str, Any]]]:
    """What the blocks define, by type: `smallest`, `largest`, and others."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for block in readme.run(README):
        for name, value in block.items():
            if isinstance(value, Endpoint | BatchTransform):
                found.setdefault(type(value).__name__, []).append((name, value))
    return found


@pytest.mark.parametrize("kind", [*KINDS, BatchTransform], ids=lambda kind: kind.__name__)
def test_each_kind_has_its_smallest_and_largest_example(kind: type) -> None:
    named = dict(examples()[kind.__name__])
    assert {"smallest", "largest"} <= set(named)
    smallest, largest = named["smallest"], named["largest"]
    assert len(smallest.model_fields_set) < len(largest.model_fields_set) or (
        kind.__name__ in ("MultiVariantEndpoint", "DirectEndpoint", "PipelineEndpoint")
    )
    assert len(largest.model_fields_set) > 2


def test_no_example_is_doubtful() -> None:
    for name, written in ((k, v) for group in examples().values() for k, v in group):
        assert problems_of(written) == [], name


def test_all_examples_deploy_together(synthesize: Callable[..., Any]) -> None:
    found: list[Any] = [value for group in examples().values() for _, value in group]
    endpoints: dict[str, Any] = {
        f"e{n}": each for n, each in enumerate(found) if isinstance(each, Endpoint)
    }
    inference = Inference(
        endpoints=endpoints,
        batch={f"b{n}": each for n, each in enumerate(found) if isinstance(each, BatchTransform)},
    )
    environment = Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
        ),
        network=NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.9.0.0/16",
            private_subnet_ids=["subnet-1"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        registry=RegistryOutputs(
            kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k", artifact_bucket="artifacts"
        ),
        inference=inference,
    )
    stack = synthesize(environment)["dev-use1-inference"]["resource"]
    assert len(stack["aws_sagemaker_endpoint"]) == len(inference.endpoints)
    assert len(stack["aws_sfn_state_machine"]) == len(inference.batch)


@pytest.mark.parametrize("kind", [*KINDS, BatchTransform], ids=lambda kind: kind.__name__)
def test_the_tables_say_what_each_kind_has(kind: type) -> None:
    choice, features = tables()[kind.__name__]
    assert len(choice) == 6
    vpc, _, capture, shadow, guardrails, _ = features
    fields = getattr(kind, "model_fields")  # noqa: B009 - of a type that mypy cannot know
    assert (vpc == "yes") == ("vpc" in fields)
    assert (capture == "yes") == ("data_capture" in fields)
    assert (shadow != "no") == ("shadow" in fields)
    of_components = kind is InferenceComponentEndpoint and "rollout" in Component.model_fields
    assert (guardrails != "no") == ("rollout" in fields or of_components)
    assert (features[5] == "no") == (kind is ServerlessEndpoint)


@pytest.mark.parametrize("rollout", [AllAtOnce(), Canary(), Linear(), Rolling()])
def test_the_durations_are_those_of_the_code(rollout: Rollout) -> None:
    lines = (readme.ROOT / README).read_text("utf-8").splitlines()
    (line,) = [each for each in lines if each.startswith(f"| `{type(rollout).__name__}(")]
    written, _, waits, worst = [cell.strip() for cell in line.strip("|").split("|")]
    assert (waits, worst) == (f"{waits_seconds(rollout)} s", f"{worst_case_seconds(rollout)} s")
    for field, value in re.findall(r"(\w+)=(\d+)", written):
        assert SAGEMAKER.number(rollout, field) == int(value)


def test_the_alarms_readme_runs() -> None:
    (block,) = readme.run("modules/alarms/README.md")
    rollout = block["rollout"]
    assert isinstance(rollout, Canary)
    assert rollout.alarms is not None
    assert rollout.alarms.kinds == ("5xx", "latency")
