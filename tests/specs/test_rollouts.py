"""One vocabulary of rollouts: what each target takes of each shape, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    RULES,
    AllAtOnce,
    AsyncEndpoint,
    Canary,
    EcsDeployment,
    EcsService,
    EndpointAlarms,
    Fargate,
    Linear,
    Model,
    MultiVariantEndpoint,
    Problem,
    RealtimeEndpoint,
    Rolling,
    Route,
    SpecError,
    Variant,
)
from inferform.ecs.guardrails import CODE_DEPLOY, ECS
from inferform.rollouts.spec import Rollout
from inferform.rollouts.target import Takes, Target
from inferform.sagemaker.guardrails import SAGEMAKER
from inferform.spec import problems_of
from tests.service_models import limits, shape_of

MODEL = Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1")
SHAPES: tuple[type[Rollout], ...] = (AllAtOnce, Canary, Linear, Rolling)


def service(controller: Any) -> Callable[[Any], Any]:
    return lambda rollout: EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048),
        count=2,
        route=Route(load_balancer="internal", paths=["/fraud/*"]),
        rollout=rollout,
        deployment=EcsDeployment(controller=controller),
    )


def endpoint(kind: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda rollout: kind(
        model=MODEL, instance_type="ml.m5.large", instance_count=2, rollout=rollout
    )


def several(rollout: Any) -> Any:
    variant = Variant(model=MODEL, instance_type="ml.m5.large", instance_count=2)
    return MultiVariantEndpoint(variants={"a": variant, "b": variant}, rollout=rollout)


OWNERS: dict[str, tuple[Target, Callable[[Any], Any]]] = {
    "realtime": (SAGEMAKER, endpoint(RealtimeEndpoint)),
    "asynchronous": (SAGEMAKER, endpoint(AsyncEndpoint)),
    "several": (SAGEMAKER, several),
    "code-deploy": (CODE_DEPLOY, service("CODE_DEPLOY")),
    "ecs": (ECS, service("ECS")),
}
TARGETS = {id(target): target for target, _ in OWNERS.values()}.values()


def problems(owner: str, shape: type[Rollout], **fields: Any) -> list[Problem]:
    """What is wrong with the rollout there, whether of itself or of its owner."""
    try:
        made = OWNERS[owner][1](shape(**fields))
    except SpecError as refused:
        return list(refused.problems)
    return [problem for problem in problems_of(made) if problem.path[:1] == ("rollout",)]


def errors(owner: str, shape: type[Rollout], **fields: Any) -> list[str]:
    found = problems(owner, shape, **fields)
    return [str(problem.rule) for problem in found if problem.severity == "error"]


TAKEN = {
    "realtime": SHAPES,
    "asynchronous": SHAPES,
    "several": (AllAtOnce, Canary, Linear),
    "code-deploy": (AllAtOnce, Canary, Linear),
    "ecs": SHAPES,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("owner", OWNERS)
def test_each_target_takes_the_shapes_that_aws_has_for_it(owner: str, shape: type[Rollout]) -> None:
    refused = [] if shape in TAKEN[owner] else ["DEP15" if owner == "several" else "ROL2"]
    assert errors(owner, shape) == refused


def _numbers() -> Iterator[Any]:
    for owner, (target, _) in OWNERS.items():
        for shape, takes in target.numbers.items():
            if shape in TAKEN[owner]:
                for name, number in takes.items():
                    yield pytest.param(
                        owner, shape, name, number, id=f"{owner}-{shape.__name__}-{name}"
                    )


NUMBERS = list(_numbers())


@pytest.mark.parametrize(("owner", "shape", "name", "number"), NUMBERS)
def test_each_number_is_taken_within_the_targets_range_and_not_beyond(
    owner: str, shape: type[Rollout], name: str, number: Takes
) -> None:
    own = {number.rule.id, "ROL1", "ROL4", "ROL3"}
    for value in (number.low, number.high):
        assert own.isdisjoint(errors(owner, shape, **{name: value})), value
    for value in (number.low - 1, number.high + 1):
        assert errors(owner, shape, **{name: value})[0] in {number.rule.id, "ROL1"}, value
    if number.default is not None:
        assert number.low <= number.default <= number.high
        assert number.default % number.unit == 0


@pytest.mark.parametrize("name", ["wait_seconds", "termination_wait_seconds"])
@pytest.mark.parametrize("owner", OWNERS)
def test_seconds_are_whole_minutes_where_aws_counts_minutes(owner: str, name: str) -> None:
    found = problems(owner, Canary, **{name: 90})
    if OWNERS[owner][0] is SAGEMAKER:
        assert found == []
        return
    [problem] = found
    assert (problem.rule, problem.path, problem.got) == ("ROL4", ("rollout", name), 90)
    assert problem.text.endswith("counts minutes; write 60 or 120")


FIELDS = {
    "alarms": EndpointAlarms(),
    "alarm_names": ["business"],
    "maximum_execution_timeout_seconds": 3600,
    "max_5xx": 7,
    "alarm_topics": ["arn:aws:sns:us-east-1:111122223333:alerts"],
    "ok_topics": ["arn:aws:sns:us-east-1:111122223333:alerts"],
    "canary_percent": 20,
    "step_percent": 20,
    "wait_seconds": 300,
    "termination_wait_seconds": 300,
    "batch_percent": 20,
    "rollback_batch_percent": 50,
    "min_healthy_percent": 50,
    "max_percent": 150,
}


@pytest.mark.parametrize(
    ("owner", "shape"), [(owner, shape) for owner in OWNERS for shape in TAKEN[owner]]
)
def test_a_field_that_the_target_does_not_take_is_refused_with_what_to_write(
    owner: str, shape: type[Rollout]
) -> None:
    target = OWNERS[owner][0]
    # Rollouts without an alarm of their own have no topics.
    taken = target.numbers[shape].keys() | (target.others & {*shape.model_fields})
    assert taken <= set(shape.model_fields)
    for name in shape.model_fields:
        found = [p for p in problems(owner, shape, **{name: FIELDS[name]}) if p.severity == "error"]
        if name in taken:
            assert found == []
            continue
        [problem] = found
        assert (problem.rule, problem.path) == ("ROL3", ("rollout", name))
        assert f"is not for {target.name}; " in problem.text
        assert re.search("write |leave it out", problem.text)


def test_every_field_of_a_rollout_is_taken_by_some_target() -> None:
    for shape in SHAPES:
        taken = {
            name
            for target in TARGETS
            if shape in target.numbers
            for name in (*target.numbers[shape], *target.others & {*shape.model_fields})
        }
        assert set(shape.model_fields) == taken


@pytest.mark.parametrize(("owner", "shape", "name", "number"), NUMBERS)
def test_a_number_is_one_that_the_aws_api_takes(
    owner: str, shape: type[Rollout], name: str, number: Takes
) -> None:
    assert number.aws
    for member in number.aws:
        known = limits(shape_of(member))
        low, high = known.get("min", 0), known.get("max", float("inf"))
        assert low <= number.low / number.unit
        assert number.high / number.unit <= high
        # What is narrower than the API has the documentation as its source.
        narrower = number.low / number.unit > low or number.high / number.unit < high
        assert not narrower or "API reference" in RULES[number.rule.id].source or "quota" in name


def test_the_readme_has_the_shapes_of_each_target() -> None:
    text = (Path(__file__).parents[2] / "modules/rollouts/README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(AllAtOnce|Canary|Linear|Rolling)` \|[^|]*\|(.*)\|$", text, re.M))
    for shape in SHAPES:
        cells = [cell.strip().startswith("yes") for cell in rows[shape.__name__].split("|")]
        assert cells == [shape in target.numbers for target in (SAGEMAKER, CODE_DEPLOY, ECS)]
