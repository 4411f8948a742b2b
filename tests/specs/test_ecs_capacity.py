"""What is refused of several capacities for one service, and what is taken."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    CapacityShare,
    ContainerHealth,
    ContainerOptions,
    Ec2,
    Ec2Capacity,
    EcsService,
    Image,
    Model,
    SpecError,
)
from tests.specs.test_ecs import environment

GPU = Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)
CAPACITY = {
    "gpu": GPU,
    "spot": Ec2Capacity(instance_types=["g5.2xlarge"], max_instances=2, on_demand_percent=0),
    "arm": Ec2Capacity(instance_types=["g5g.xlarge"], max_instances=2),
    "cpu": Ec2Capacity(instance_types=["m5.large"], max_instances=2),
}


def compute(**fields: Any) -> Ec2:
    return Ec2(**{"capacity": "gpu", "memory_mib": 4096, **fields})


def share(**fields: Any) -> CapacityShare:
    return CapacityShare(**fields)


def placed(task: Ec2) -> Any:
    service = EcsService(
        model=Model(image=Image(repository="fraud", tag="1")),
        compute=task,
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
    )
    return environment({"fraud": service}, capacity=CAPACITY)


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"more_capacity": {"gpu": share()}}, ["more_capacity.gpu"]),
        ({"share": share(base=1), "more_capacity": {"spot": share(base=1)}}, ["more_capacity"]),
        ({"share": share(weight=0), "more_capacity": {"spot": share(weight=0)}}, ["share.weight"]),
        ({"more_capacity": {f"c{n}": share() for n in range(20)}}, ["more_capacity"]),
    ],
)
def test_a_strategy_that_aws_refuses_is_refused(fields: dict[str, Any], rules: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        compute(**fields)
    assert [problem.where for problem in caught.value.problems] == rules
    assert {problem.rule for problem in caught.value.problems} == {"ECS61"}


@pytest.mark.parametrize(
    "fields",
    [
        {"more_capacity": {f"c{n}": share() for n in range(19)}},
        {"share": share(weight=0), "more_capacity": {"spot": share(weight=1)}},
        {"share": share(base=2), "more_capacity": {"spot": share(weight=3)}},
    ],
)
def test_a_strategy_that_aws_takes_is_taken(fields: dict[str, Any]) -> None:
    assert compute(**fields)


@pytest.mark.parametrize(
    ("task", "path", "rule"),
    [
        (compute(more_capacity={"sopt": share()}), "more_capacity.sopt", "ECS28"),
        (compute(more_capacity={"arm": share()}), "more_capacity.arm", "ECS26"),
        (compute(gpus=1, more_capacity={"cpu": share()}), "gpus", "ECS4"),
        (compute(memory_mib=12_000, more_capacity={"cpu": share()}), "memory_mib", "ECS33"),
    ],
)
def test_each_capacity_must_hold_the_task(task: Ec2, path: str, rule: str) -> None:
    with pytest.raises(SpecError) as caught:
        placed(task)
    found = {problem.where: problem.rule for problem in caught.value.problems}
    assert found == {f"inference.services.fraud.compute.{path}": rule}


def test_capacities_that_hold_the_task_are_taken() -> None:
    assert placed(compute(gpus=1, more_capacity={"spot": share(weight=3)}))
