"""Deployment guardrails and their alarms: limits, durations, exclusions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform import (
    AllAtOnce,
    AsyncEndpoint,
    Canary,
    Context,
    EndpointAlarms,
    FunctionAlarms,
    Linear,
    Model,
    MultiVariantEndpoint,
    RealtimeEndpoint,
    Rolling,
    SpecError,
    Variant,
)
from inferform.rollouts.spec import Rollout
from inferform.sagemaker.guardrails import rolls_back, waits_seconds, worst_case_seconds
from inferform.spec import problems_of

MODEL = Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1")
VARIANT = Variant(model=MODEL, instance_type="ml.m5.large")


def topic(number: int, region: str = "us-east-1", partition: str = "aws") -> str:
    return f"arn:{partition}:sns:{region}:444455556666:alerts-{number}"


ALL = EndpointAlarms(model_latency_ms=500)


def guarded(rollout: Any) -> RealtimeEndpoint:
    return RealtimeEndpoint(
        model=MODEL, instance_type="ml.m5.large", instance_count=2, rollout=rollout
    )


def shared(count: int, rollout: Any) -> MultiVariantEndpoint:
    return MultiVariantEndpoint(variants={f"v{n}": VARIANT for n in range(count)}, rollout=rollout)


@pytest.mark.parametrize(
    ("rule", "write"),
    [
        ("DEP4", lambda: guarded(Canary(canary_percent=51))),
        ("DEP5", lambda: guarded(Linear(step_percent=9))),
        ("DEP5", lambda: guarded(Linear(step_percent=51))),
        ("ROL1", lambda: Rolling(batch_percent=4)),
        ("ROL1", lambda: Rolling(batch_percent=51)),
        ("DEP7", lambda: guarded(Canary(wait_seconds=3601))),
        ("ROL1", lambda: AllAtOnce(termination_wait_seconds=-1)),
        ("DEP8", lambda: Canary(maximum_execution_timeout_seconds=599)),
        ("DEP8", lambda: Canary(maximum_execution_timeout_seconds=14_401)),
        ("DEP9", lambda: guarded(Canary(maximum_execution_timeout_seconds=600))),
        ("DEP9", lambda: guarded(Rolling(batch_percent=5, wait_seconds=1000))),
        ("DEP10", lambda: shared(4, Canary(alarms=ALL))),
        ("DEP10", lambda: shared(3, Canary(alarms=ALL, alarm_names=["a", "b"]))),
        ("DEP17", lambda: Canary(alarm_names=["arn:aws:cloudwatch:us-east-1:1:alarm:a"])),
        ("DEP15", lambda: shared(2, Rolling())),
        ("ALM1", lambda: EndpointAlarms(period_seconds=90)),
        ("ALM2", lambda: EndpointAlarms(period_seconds=120, evaluation_periods=1000)),
        ("ALM3", lambda: EndpointAlarms(evaluation_periods=2, datapoints_to_alarm=3)),
        ("ALM6", lambda: EndpointAlarms(model_latency_ms=0.5)),
        ("ALM13", lambda: EndpointAlarms(alarm_topics=[topic(n) for n in range(6)])),
        ("ALM13", lambda: EndpointAlarms(ok_topics=[topic(1), topic(1)])),
        ("ARN1", lambda: EndpointAlarms(alarm_topics=["alerts"])),
        ("ARN1", lambda: EndpointAlarms(ok_topics=[topic(1).replace("sns", "sqs")])),
        ("ALM9", lambda: EndpointAlarms(latency_percentile=100)),
        ("ALM11", lambda: EndpointAlarms(server_error_percent=101)),
    ],
)
def test_what_aws_refuses_is_refused(rule: str, write: Callable[[], object]) -> None:
    with pytest.raises(SpecError) as refused:
        write()
    assert rule in [problem.rule for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("rule", "rollout"),
    [
        ("DEP11", Canary(alarms=None)),
        ("DEP22", Canary(wait_seconds=30)),
        ("DEP24", Linear(step_percent=10, wait_seconds=360)),
        ("DEP24", Canary(maximum_execution_timeout_seconds=7200)),
    ],
)
def test_what_is_legal_but_doubtful_is_a_warning(rule: str, rollout: Rollout) -> None:
    assert [problem.rule for problem in problems_of(guarded(rollout))] == [rule]


def test_the_high_resolution_of_an_alarm_is_a_warning() -> None:
    assert [p.rule for p in problems_of(EndpointAlarms(period_seconds=10))] == ["ALM4"]


@pytest.mark.parametrize(
    ("rollout", "waits", "worst"),
    [
        (AllAtOnce(), 300, 2100),
        (Canary(canary_percent=30, wait_seconds=600), 600, 2400),
        (Canary(wait_seconds=600, termination_wait_seconds=600), 1200, 3000),
        (Linear(step_percent=20, wait_seconds=300), 1500, 3300),
        (Linear(step_percent=30, wait_seconds=300), 1200, 3000),
        (Linear(step_percent=10, wait_seconds=300), 3000, 3600),
        (Rolling(batch_percent=25, wait_seconds=300), 1200, 3000),
        (Canary(maximum_execution_timeout_seconds=1800), 600, 1800),
    ],
)
def test_the_worst_case_is_computed(rollout: Rollout, waits: int, worst: int) -> None:
    assert (waits_seconds(rollout), worst_case_seconds(rollout)) == (waits, worst)


@given(st.integers(10, 50), st.integers(60, 1400))
def test_the_time_limit_always_leaves_time_for_the_waits(step: int, interval: int) -> None:
    rollout = Linear(step_percent=step, wait_seconds=interval)
    assert waits_seconds(rollout) < worst_case_seconds(rollout) <= 14_400
    assert worst_case_seconds(rollout) >= 600


def test_every_kind_with_instances_is_guarded_unless_variants_come_and_go() -> None:
    realtime = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
    queued = AsyncEndpoint(model=MODEL, instance_type="ml.m5.large")
    for endpoint in (realtime, queued):
        assert isinstance(endpoint.guard, AllAtOnce)
        assert rolls_back(endpoint.guard)
    assert shared(2, None).guard is None


def test_three_variants_have_room_for_every_kind_of_alarm() -> None:
    assert shared(3, Canary(alarms=ALL, alarm_names=["billing"])).guard is not None


@pytest.mark.parametrize("field", ["alarm_topics", "ok_topics"])
def test_alarms_tell_topics_of_their_own_region_alone(field: str) -> None:
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )

    def refused(*topics: str) -> list[tuple[str, str]]:
        given: dict[str, Any] = {field: topics}
        alarms = EndpointAlarms(**given)
        return [(each.rule, each.where) for each in alarms.check_in(context)]

    assert refused(*(topic(n) for n in range(5))) == []
    assert refused(topic(1), topic(1, "eu-west-1")) == [("ALM14", f"{field}.1")]
    assert refused(topic(1, partition="aws-us-gov")) == [("ALM14", f"{field}.0")]


@pytest.mark.parametrize("field", ["alarm_topics", "ok_topics"])
@pytest.mark.parametrize("kind", [EndpointAlarms, FunctionAlarms, Canary])
def test_a_fifo_topic_hears_no_alarm_and_is_warned_of(kind: Any, field: str) -> None:
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    made = kind(**{field: [topic(1), f"{topic(2)}.fifo"]})
    found = [(each.rule, each.where, each.severity) for each in made.check_in(context)]
    assert found == [("ALM15", f"{field}.1", "warning")]


def test_one_variant_among_several_places_for_them_is_rolled() -> None:
    assert list(problems_of(shared(1, Rolling()))) == []
