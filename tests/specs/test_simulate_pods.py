"""The model of a HorizontalPodAutoscaler behind `inferform simulate` of an EKS service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Context,
    CpuUtilization,
    EksCluster,
    EksService,
    Environment,
    Kubernetes,
    Model,
    Network,
    Pod,
    Registry,
    Scaling,
    TargetTracking,
)
from inferform.scaling.kinds import POD
from ops.errors import BadInputError
from ops.pod_autoscaler import PodAutoscaler
from ops.simulate import Load, Result, Service, shape, simulate
from ops.simulation_input import compared, described, find


def cpu(percent: float, **changes: Any) -> TargetTracking:
    return TargetTracking(metric=CpuUtilization(percent=percent), **changes)


def pods(*policies: TargetTracking, rates: tuple[float, ...], initial: int = 1) -> Result:
    """Pods that serve 10 requests per second each and start in 90 s, under rates by the minute."""
    target = Scaling(max_capacity=50, policies=policies)
    return simulate(target, Service("fraud", POD, 10, 90, initial, 0.1), Load("pods", rates))


def moves(result: Result) -> list[tuple[float, int, int]]:
    """The actions as seconds from the start, before and after."""
    start = result.load.start
    return [((a.time - start).total_seconds(), a.before, a.after) for a in result.actions]


def test_an_autoscaler_of_pods_looks_every_15_seconds_and_waits_for_pods_that_start() -> None:
    result = pods(cpu(50), rates=(24.0,) * 10)
    assert result.load.step_seconds == 15
    # At 100 % of 2 pods it cannot see more than twice the target; those that start count as idle.
    assert moves(result) == [(15, 1, 2), (120, 2, 4), (225, 4, 5)]
    assert result.in_service[-1] == 5


def test_an_autoscaler_of_pods_ignores_a_tenth_above_or_below_the_target() -> None:
    assert moves(pods(cpu(50), rates=(21.5, 21.5, 18.5, 18.5), initial=4)) == []
    assert moves(pods(cpu(50), rates=(22.5,), initial=4)) == [(15, 4, 5)]


def test_an_autoscaler_adds_at_most_four_pods_or_as_many_as_there_are_at_once() -> None:
    assert moves(pods(cpu(10), rates=(30.0,)))[0] == (15, 1, 5)
    assert moves(pods(cpu(10), rates=(100.0,), initial=8))[0] == (15, 8, 16)


@pytest.mark.parametrize(
    ("utilization", "desired", "ready"),
    [
        (60.0, 10, 2),  # those that start are enough: nothing is removed meanwhile
        (55.0, 21, 20),  # with those that start it is within a tenth
    ],
)
def test_an_autoscaler_counts_pods_that_start_as_idle(
    utilization: float, desired: int, ready: int
) -> None:
    autoscaler = PodAutoscaler([cpu(50, scale_in_cooldown_seconds=0)], desired)
    assert autoscaler.wanted(15, [utilization], desired, ready)[0] == desired


def test_an_autoscaler_removes_pods_down_to_the_most_of_its_window() -> None:
    quiet = (30.0,) + (5.0,) * 10
    result = pods(cpu(50, scale_in_cooldown_seconds=120), rates=quiet, initial=6)
    # Six were right until second 60, which is in the window up to second 180.
    assert moves(result) == [(195, 6, 1)]
    kept = pods(cpu(50, disable_scale_in=True), rates=quiet, initial=6)
    assert moves(kept) == []


def eks_environment(*policies: TargetTracking) -> Environment:
    model = Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1")
    one = EksService(
        model=model,
        compute=Pod(vcpu=1, memory_mib=1024),
        scaling=Scaling(min_capacity=2, max_capacity=20, policies=policies),
    )
    return Environment(
        context=Context(
            organization="acme",
            stage="dev",
            account="111122223333",
            region="us-east-1",
            owner="ml",
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(version="1.35"),
        kubernetes=Kubernetes(services={"fraud": one}),
    )


def test_an_eks_service_is_simulated_as_pods_and_not_as_a_sagemaker_endpoint() -> None:
    found = find(eks_environment(cpu(60)), "fraud")
    given = described("fraud", found, capacity=10)
    assert (given.kind.name, given.kind.unit) == ("an EKS service", "pod")
    assert (given.startup_seconds, given.initial) == (90, 2)
    with pytest.raises(BadInputError, match="do not say what one pod serves"):
        described("fraud", found)
    result = simulate(found.scaling, given, shape("steady", 30, hours=1))
    assert any("room on a node" in note for note in result.notes)


def test_a_compared_scaling_has_to_suit_an_autoscaler_of_pods(tmp_path: Path) -> None:
    file = tmp_path / "other.py"
    file.write_text(
        "from inferform import RequestsPerTarget, Scaling, TargetTracking\n"
        "wrong = Scaling(max_capacity=2, policies=[TargetTracking(metric="
        "RequestsPerTarget(requests_per_second=9))])\n",
        "utf-8",
    )
    with pytest.raises(BadInputError, match="nothing measures RequestsPerTarget on Kubernetes"):
        compared(file, find(eks_environment(cpu(60)), "fraud"))
