"""What Scaling refuses, and how it says so. Needs no Node."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

import inferform
from inferform import (
    BacklogPerInstance,
    BacklogWithoutCapacity,
    CloudWatchMetric,
    ConcurrentRequests,
    CpuUtilization,
    CustomMetric,
    GpuUtilization,
    InvocationsPerCopy,
    InvocationsPerInstance,
    MetricMath,
    Model,
    ModelLatency,
    NoCapacityFailures,
    ProvisionedConcurrencyUtilization,
    RealtimeEndpoint,
    RequestsPerTarget,
    Scaling,
    Scheduled,
    SpecError,
    Step,
    StepScaling,
    TargetTracking,
    office_hours,
    scale_to_zero,
)
from inferform.instances import instance_types
from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    KINDS,
    LAMBDA,
    REALTIME,
    SERVERLESS,
    Kind,
)
from inferform.scaling.metrics import METRICS, Metric, Tracked, metrics_of
from inferform.scaling.spec import converted
from inferform.spec import problems_of

RATE = InvocationsPerInstance(requests_per_second=20)
TRACKING = TargetTracking(metric=RATE)


BY_HAND = Scaling(min_capacity=0, max_capacity=2, suspended=["scale-in", "scale-out"])
HELD = Scaling(min_capacity=2, max_capacity=2)


def refused(write: Any) -> list[str]:
    """The messages with which a Spec is refused."""
    with pytest.raises(SpecError) as caught:
        write()
    return [str(problem) for problem in caught.value.problems]


def problems(scaling: Scaling, kind: Kind, **facts: Any) -> list[str]:
    return [str(problem) for problem in scaling.problems_for(kind, **facts)]


def steps(*given: tuple[float | None, float | None], rises: bool = True) -> Any:
    return StepScaling(
        metric=RATE,
        steps=[Step(lower=lower, upper=upper, change=1) for lower, upper in given],
        comparison="GreaterThanOrEqualToThreshold" if rises else "LessThanThreshold",
    )


def cron(expression: str, timezone: str = "UTC") -> Scheduled:
    return Scheduled(name="x", schedule=f"cron({expression})", timezone=timezone, min_capacity=1)


def test_requests_per_second_become_invocations_per_minute_with_a_safety_factor() -> None:
    assert InvocationsPerInstance(requests_per_second=20).target_value == 600
    assert InvocationsPerCopy(requests_per_second=20, safety_factor=0.7).target_value == 840
    assert RequestsPerTarget(invocations_per_minute=70).target_value == 70


def test_milliseconds_become_microseconds() -> None:
    latency = ModelLatency(p90_latency_ms=500)
    assert latency.target_value == 500_000
    assert latency.source(REALTIME).statistic == "p90"
    assert ModelLatency(average_latency_ms=1.5).target_value == 1_500


def test_a_percentage_of_an_instance_becomes_a_sum_over_its_vcpus_or_gpus() -> None:
    assert converted(CpuUtilization(percent=60), REALTIME, "ml.m5.xlarge") == 4
    assert converted(GpuUtilization(percent=60), REALTIME, "ml.g5.12xlarge") == 4
    assert converted(CpuUtilization(percent=60), ECS_SERVICE, None) == 1


def test_a_target_is_said_once() -> None:
    (message,) = refused(InvocationsPerInstance)
    assert "give exactly one of requests_per_second and invocations_per_minute" in message
    (message,) = refused(lambda: ModelLatency(average_latency_ms=5, p90_latency_ms=9))
    assert "[AAS24]" in message


def test_seventy_percent_of_provisioned_concurrency_is_a_fraction() -> None:
    (message,) = refused(lambda: ProvisionedConcurrencyUtilization(utilization=70))
    assert message.startswith(
        "utilization: must be from 0.01 to 1, a fraction, got 70; 70 percent is 0.7 [AAS10]"
    )


def test_a_realtime_endpoint_to_zero_is_refused_and_alternatives_are_named() -> None:
    (message,) = problems(BY_HAND, REALTIME)
    assert message.startswith(
        "min_capacity: must be at least 1: a real-time endpoint cannot scale to zero, got 0; "
        "use an asynchronous endpoint, a serverless endpoint, or inference components"
    )
    assert "[AAS4]" in message


def test_a_schedule_respects_the_floor_of_the_kind_too() -> None:
    night = Scheduled(name="night", schedule="cron(0 22 * * ? *)", min_capacity=0)
    scaling = Scaling(max_capacity=2, schedules=[night])
    (message,) = problems(scaling, REALTIME)
    assert message.startswith("schedules.0.min_capacity: must be at least 1")
    assert problems(scaling, ECS_SERVICE) == []


def test_serverless_to_zero_says_that_it_is_native() -> None:
    (message,) = problems(BY_HAND, SERVERLESS)
    assert "serverless endpoints scale to zero by themselves" in message


@pytest.mark.parametrize("kind", [ASYNCHRONOUS, COMPONENT, ECS_SERVICE, LAMBDA])
def test_other_kinds_may_go_to_zero(kind: Kind) -> None:
    assert problems(BY_HAND, kind) == []


def test_a_metric_that_the_kind_does_not_publish_is_refused_with_those_that_it_has() -> None:
    scaling = Scaling(max_capacity=2, policies=[TRACKING])
    (message,) = problems(scaling, LAMBDA)
    assert "InvocationsPerInstance is not a metric of a Lambda function" in message
    assert "a Lambda function has ProvisionedConcurrencyUtilization, CustomMetric" in message
    assert "[AAS8]" in message


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_belongs_to_a_kind_that_names_it(metric: Any) -> None:
    homes = [kind for kind in KINDS if metric.__name__ in metrics_of(kind, tracked=False)]
    assert homes
    for kind in metric.predefined:
        assert kind in metric.sources


def test_predefined_metrics_and_dimensions_are_aws_own() -> None:
    model = botocore.session.get_session().get_service_model("application-autoscaling")
    types: Any = model.shape_for("MetricType")
    dimensions: Any = model.shape_for("ScalableDimension")
    for metric in METRICS:
        assert set(metric.predefined.values()) <= set(types.enum)
    for kind in KINDS:
        assert kind.dimension in dimensions.enum
    ecs = CpuUtilization(percent=50, high_resolution=True).predefined_type(ECS_SERVICE)
    assert ecs in types.enum


def test_high_resolution_utilization_is_for_ecs_only() -> None:
    metric = CpuUtilization(percent=50, high_resolution=True)
    scaling = Scaling(max_capacity=2, policies=[TargetTracking(metric=metric)])
    assert problems(scaling, ECS_SERVICE) == []
    assert "[AAS8]" in problems(scaling, REALTIME)[0]


def test_policies_take_every_metric_that_the_package_exports_and_no_other() -> None:
    """A metric is its class alone: the policies' fields follow it."""
    exported = [getattr(inferform, name) for name in inferform.__all__]
    metrics = {each for each in exported if isinstance(each, type) and issubclass(each, Metric)}
    assert metrics == set(METRICS)
    assert set(get_args(StepScaling.model_fields["metric"].annotation)) == metrics
    tracked = set(get_args(TargetTracking.model_fields["metric"].annotation))
    assert tracked == {each for each in metrics if issubclass(each, Tracked)}
    assert metrics - tracked == {BacklogWithoutCapacity, NoCapacityFailures}


def test_wake_up_metrics_are_for_step_scaling_only() -> None:
    (message,) = refused(lambda: TargetTracking(metric=BacklogWithoutCapacity()))  # type: ignore[arg-type]
    assert "metric: must be an InvocationsPerInstance" in message


def test_lambda_takes_no_step_scaling() -> None:
    scaling = Scaling(
        max_capacity=2,
        policies=[
            StepScaling(metric=ProvisionedConcurrencyUtilization(), steps=[Step(lower=0, change=1)])
        ],
    )
    (message,) = problems(scaling, LAMBDA)
    assert "policies.0: cannot be step scaling: a Lambda function takes target tracking" in message
    assert "[AAS12]" in message


def test_an_unusual_share_of_lambdas_concurrency_is_a_warning() -> None:
    policy = TargetTracking(metric=ProvisionedConcurrencyUtilization(utilization=0.95))
    scaling = Scaling(max_capacity=2, policies=[policy])
    (problem,) = scaling.problems_for(LAMBDA)
    assert (problem.rule, problem.severity) == ("AAS42", "warning")
    assert problems(scaling, SERVERLESS) == []


def test_burstable_types_do_not_scale() -> None:
    (message,) = problems(HELD, REALTIME, instance_type="ml.t2.medium")
    assert "ml.t2.medium is burstable" in message


def test_gpu_metrics_need_a_gpu() -> None:
    policy = TargetTracking(metric=GpuUtilization(percent=60))
    scaling = Scaling(max_capacity=2, policies=[policy])
    (message,) = problems(scaling, REALTIME, instance_type="ml.m5.large")
    assert "[AAS31]" in message
    assert problems(scaling, REALTIME, instance_type="ml.g5.xlarge") == []


def test_requests_per_target_need_a_load_balancer() -> None:
    policy = TargetTracking(metric=RequestsPerTarget(requests_per_second=10))
    scaling = Scaling(max_capacity=2, policies=[policy])
    assert problems(scaling, ECS_SERVICE) == []
    assert "[AAS11]" in problems(scaling, ECS_SERVICE, load_balanced=False)[0]


def test_a_maximum_above_the_limit_names_it() -> None:
    held = Scaling(min_capacity=9, max_capacity=9)
    (message,) = problems(held, SERVERLESS, limit=(5, "max_concurrency"))
    assert message.startswith("max_capacity: is above 5, the most that max_concurrency allows")


def test_an_initial_capacity_outside_the_bounds_is_a_warning() -> None:
    (problem,) = HELD.problems_for(ECS_SERVICE, initial=1)
    assert (problem.rule, problem.severity) == ("AAS18", "warning")


def test_zero_without_a_wake_up_policy_is_a_warning() -> None:
    tracking = TargetTracking(metric=BacklogPerInstance())
    scaling = Scaling(min_capacity=0, max_capacity=5, policies=[tracking])
    (problem,) = scaling.problems_for(ASYNCHRONOUS)
    assert (problem.rule, problem.severity) == ("ASY10", "warning")
    assert problems(scale_to_zero(BacklogPerInstance(), max_capacity=5), ASYNCHRONOUS) == []
    copies = scale_to_zero(ConcurrentRequests(requests=4), max_capacity=5)
    assert problems(copies, COMPONENT) == []


def test_zero_where_nothing_is_measured_at_zero_is_a_warning() -> None:
    tracking = TargetTracking(metric=CpuUtilization(percent=60))
    scaling = Scaling(min_capacity=0, max_capacity=5, policies=[tracking])
    (problem,) = scaling.problems_for(ECS_SERVICE)
    assert (problem.rule, problem.severity) == ("AAS43", "warning")
    assert "CpuUtilization has no value, so that no policy adds the first task" in str(problem)
    assert problems(BY_HAND, ECS_SERVICE) == []


@pytest.mark.parametrize(
    "kind", [REALTIME, ASYNCHRONOUS, SERVERLESS, COMPONENT, ECS_SERVICE, LAMBDA]
)
def test_bounds_between_which_nothing_moves_are_a_warning(kind: Kind) -> None:
    (problem,) = Scaling(min_capacity=1, max_capacity=6).problems_for(kind)
    assert (problem.rule, problem.severity, problem.path) == ("AAS46", "warning", ("policies",))
    assert "nothing moves the capacity from 1 towards max_capacity 6" in str(problem)
    metric = re.search(r"TargetTracking\(metric=(\w+)\(", str(problem))
    assert metric is not None
    assert metric[1] in metrics_of(kind, tracked=True)


def test_what_is_held_moved_by_a_schedule_or_moved_by_hand_on_purpose_is_no_warning() -> None:
    night = Scheduled(name="night", schedule="cron(0 22 * * ? *)", min_capacity=1)
    for quiet in (
        HELD,
        Scaling(min_capacity=1, max_capacity=6, schedules=[night]),
        Scaling(min_capacity=1, max_capacity=6, suspended=["scale-out"]),
    ):
        assert problems(quiet, ECS_SERVICE) == []


def test_maximum_below_minimum_is_refused() -> None:
    (message,) = refused(lambda: Scaling(min_capacity=4, max_capacity=2))
    assert "max_capacity (2) is below min_capacity (4)" in message


def test_cooldowns_are_at_most_a_day() -> None:
    (message,) = refused(lambda: TargetTracking(metric=RATE, scale_in_cooldown_seconds=86_401))
    assert "scale_in_cooldown_seconds: must be from 0 to 86400 seconds, got 86401" in message


METRIC = CloudWatchMetric(namespace="Fraud", name="Busy")
REFUSED: list[tuple[str, Any]] = [
    ("AAS16", lambda: Scaling(max_capacity=2, policies=_many(51))),
    ("AAS16", lambda: Scaling(max_capacity=2, schedules=_many_times(201))),
    ("AAS20", lambda: Scaling(max_capacity=0)),
    ("AAS20", lambda: Scaling(min_capacity=-1, max_capacity=2)),
    ("AAS21", lambda: TargetTracking(metric=RATE, scale_out_cooldown_seconds=-1)),
    ("AAS22", lambda: InvocationsPerInstance(requests_per_second=0)),
    ("AAS22", lambda: ConcurrentRequests(requests=-2)),
    ("AAS23", lambda: InvocationsPerInstance(requests_per_second=1, safety_factor=1.2)),
    ("AAS25", lambda: CpuUtilization(percent=0.6)),
    ("AAS25", lambda: GpuUtilization(percent=101)),
    ("AAS27", lambda: Scaling(max_capacity=2, schedules=[*_many_times(1), *_many_times(1)])),
    ("AAS32", lambda: Scaling(max_capacity=2, policies=[TRACKING, _renamed(TRACKING)])),
    ("AAS33", lambda: CloudWatchMetric(namespace="Fraud", name="")),
    ("AAS33", lambda: METRIC.replace(dimensions={f"d{n}": "x" for n in range(31)})),
    ("AAS34", lambda: MetricMath(expression="1", metrics={}, target=1)),
    ("AAS35", lambda: CloudWatchMetric(namespace=":Fraud", name="Busy")),
    ("AAS40", lambda: steps((0, None)).replace(minimum_change=0)),
    ("AAS41", lambda: Scaling(max_capacity=2, suspended=["scale-in", "scale-in"])),
    ("AAS44", lambda: InvocationsPerInstance(invocations_per_minute=60, safety_factor=0.7)),
    ("ALM8", lambda: steps((0, None)).replace(evaluation_periods=0)),
]


def _many(count: int) -> list[TargetTracking]:
    return [
        TargetTracking(
            metric=CustomMetric(metric=METRIC.replace(name=f"M{n}"), target=1), name=f"m{n}"
        )
        for n in range(count)
    ]


def _many_times(count: int) -> list[Scheduled]:
    return [Scheduled(name=f"s{n}", schedule="rate(1 hour)", min_capacity=1) for n in range(count)]


def _renamed(policy: TargetTracking) -> TargetTracking:
    return policy.replace(name="other")


@pytest.mark.parametrize(("rule", "write"), REFUSED)
def test_what_aws_would_refuse_is_refused_with_its_rule(rule: str, write: Any) -> None:
    with pytest.raises(SpecError) as caught:
        write()
    assert {problem.rule for problem in caught.value.problems} == {rule}


def test_a_sum_over_an_unknown_number_of_processors_is_refused() -> None:
    policy = TargetTracking(metric=CpuUtilization(percent=60))
    scaling = Scaling(max_capacity=2, policies=[policy])
    unknown = next(name for name, facts in instance_types().items() if facts.vcpu is None)
    assert "[AAS39]" in problems(scaling, REALTIME, instance_type=unknown)[0]


def test_two_policies_on_one_metric_are_refused() -> None:
    other = TargetTracking(metric=InvocationsPerInstance(requests_per_second=5), name="other")
    (message,) = refused(lambda: Scaling(max_capacity=2, policies=[TRACKING, other]))
    assert "policies.1: follows the same metric as policy 0" in message


def test_two_policies_of_one_name_are_refused() -> None:
    step = StepScaling(metric=RATE, steps=[Step(lower=0, change=1)], name="invocations")
    (message,) = refused(lambda: Scaling(max_capacity=2, policies=[TRACKING, step]))
    assert "policies.1: is named invocations like another" in message


@pytest.mark.parametrize(
    "given",
    [
        [(0, None)],
        [(0, 10), (10, 20), (20, None)],
    ],
)
def test_contiguous_steps_without_an_end_are_good(given: Any) -> None:
    assert len(steps(*given).steps) == len(given)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ([], "must be 1 to 20 steps"),
        ([(0, 10), (20, None)], "must begin where the step before it ends, at 10"),
        ([(0, 10), (5, None)], "must begin where the step before it ends, at 10"),
        ([(0, None), (10, None)], "must begin where the step before it ends, at infinity"),
        ([(0, 10)], "must reach from 0, the threshold, up"),
        ([(5, None)], "must reach from 0, the threshold, up"),
        ([(10, 0), (0, None)], "ends before it begins"),
        ([(None, None)], "must have a bound; write lower=0"),
    ],
)
def test_steps_with_gaps_overlaps_or_two_ends_are_refused(given: Any, wrong: str) -> None:
    messages = refused(lambda: steps(*given))
    assert any(wrong in message for message in messages)
    assert all("[AAS13]" in message for message in messages)


def test_steps_below_the_threshold_go_down() -> None:
    assert steps((None, -10), (-10, 0), rises=False).steps[0].upper == -10
    assert "the threshold, down" in refused(lambda: steps((0, None), rises=False))[0]


def test_an_exact_capacity_is_not_negative() -> None:
    (message,) = refused(
        lambda: StepScaling(
            metric=RATE, adjustment="ExactCapacity", steps=[Step(lower=0, change=-1)]
        )
    )
    assert message.startswith("steps.0.change: cannot set a negative capacity, got -1")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"period_seconds": 45}, "ALM1"),
        ({"evaluation_periods": 1_440, "period_seconds": 120}, "ALM2"),
        ({"evaluation_periods": 2, "datapoints_to_alarm": 3}, "ALM3"),
        ({"minimum_change": 2}, "AAS38"),
    ],
)
def test_an_alarm_is_one_that_cloudwatch_takes(changes: dict[str, Any], rule: str) -> None:
    messages = refused(lambda: StepScaling(metric=RATE, steps=[Step(lower=0, change=1)], **changes))
    assert [f"[{rule}]" in message for message in messages] == [True]


@pytest.mark.parametrize(
    ("metric", "period", "rule"),
    [(RATE, 10, "ALM4"), (ConcurrentRequests(requests=4), 60, "AAS19")],
)
def test_a_period_that_does_not_suit_the_metric_is_a_warning(
    metric: Any, period: int, rule: str
) -> None:
    policy = StepScaling(metric=metric, steps=[Step(lower=0, change=1)], period_seconds=period)
    (problem,) = Scaling(max_capacity=2, policies=[policy]).problems_for(REALTIME)
    assert (problem.rule, problem.severity) == (rule, "warning")


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 8 ? * MON-FRI *)",
        "cron(0/15 8-18 1,15 * ? 2026-2030)",
        "cron(0 0 L * ? *)",
        "cron(0 0 15W 1-3 ? *)",
        "cron(30 6 ? JAN 2#1 *)",
        "cron(30 6 ? * 6L *)",
        "cron(30 6 29 FEB ? *)",
        "at(2026-12-24T18:00:00)",
        "rate(1 minute)",
        "rate(12 hours)",
    ],
)
def test_schedules_in_aws_form_are_good(schedule: str) -> None:
    assert Scheduled(name="x", schedule=schedule, min_capacity=1).schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        ("0 8 * * *", "is not an at, rate or cron expression"),
        ("cron(0 8 * * *)", "has 6 fields"),
        ("cron(0 8 * * MON-FRI *)", "exactly one of day of month and day of week is ?"),
        ("cron(0 8 ? * ? *)", "exactly one of day of month and day of week is ?"),
        ("cron(60 8 ? * MON *)", "minutes cannot be 60"),
        ("cron(0 24 ? * MON *)", "hours cannot be 24"),
        ("cron(0 8 ? * MONDAY *)", "day of week cannot be MONDAY"),
        ("cron(0 8 ? 13 MON *)", "month cannot be 13"),
        ("cron(0 8 ? * FRI-MON *)", "write FRI-SAT,SUN-MON"),
        ("cron(0 8 ? * 7-1 *)", "write 7,1"),
        ("cron(0 22-6/2 * * ? *)", "write 22-23,0-6"),
        ("cron(*/0 8 * * ? *)", "a step is 1 or more"),
        ("cron(*-5 8 * * ? *)", "minutes cannot be *-5"),
        ("cron(٣ 8 * * ? *)", "minutes cannot be ٣"),
        ("cron(0 8 31 APR,JUN ? *)", "has no day"),
        ("cron(0 8 29 2 ? 2025-2027)", "has no day"),
        # A deployment window takes it.
        ("cron(0 8 L-3 * ? *)", "day of month cannot be L"),
        ("cron(0 8 ? * 0 *)", "day of week cannot be 0"),
        ("at(2026-12-24 18:00)", "is not a date and time"),
        ("at(2026-02-30T18:00:00)", "is not a date and time"),
        ("rate(1 hours)", "is not a rate"),
        ("rate(5 minute)", "is not a rate"),
        ("rate(0 minutes)", "is not a rate"),
    ],
)
def test_schedules_that_aws_refuses_are_refused(schedule: str, wrong: str) -> None:
    (message,) = refused(lambda: Scheduled(name="x", schedule=schedule, min_capacity=1))
    assert wrong in message
    assert "[AAS14]" in message


def test_a_scheduled_action_changes_something() -> None:
    (message,) = refused(lambda: Scheduled(name="x", schedule="rate(1 hour)"))
    assert "[AAS15]" in message


def test_a_wrong_time_zone_gets_its_nearest_match() -> None:
    (message,) = refused(lambda: cron("0 8 ? * * *", "Europe/Berlinn"))
    assert "did you mean Europe/Berlin [AAS29]" in message


def test_start_and_end_are_times_in_utc_and_in_order() -> None:
    def scheduled(**times: Any) -> Scheduled:
        return Scheduled(name="x", schedule="rate(1 hour)", min_capacity=1, **times)

    assert "[AAS28]" in refused(lambda: scheduled(start="2026-12-01"))[0]
    (message,) = refused(
        lambda: scheduled(start="2026-12-01T00:00:00Z", end="2026-11-01T00:00:00Z")
    )
    assert "end: is not after start" in message


def test_a_time_zone_beside_a_rate_is_a_warning() -> None:
    spec = Scheduled(name="x", schedule="rate(1 hour)", timezone="Europe/Berlin", min_capacity=1)
    assert [problem.rule for problem in problems_of(spec)] == ["AAS36"]


def test_a_minimum_above_the_maximum_in_force_is_refused() -> None:
    low = Scheduled(name="night", schedule="cron(0 22 * * ? *)", max_capacity=2)
    high = Scheduled(name="day", schedule="cron(0 8 * * ? *)", min_capacity=4)
    messages = refused(lambda: Scaling(max_capacity=10, schedules=[low, high]))
    assert (
        "schedules.1.min_capacity: is above the maximum (2) of schedule night, which may be in "
        "force, got 4; give min_capacity and max_capacity both [AAS26]" in messages[1]
    )
    both = high.replace(max_capacity=10)
    night = low.replace(min_capacity=1)
    assert len(Scaling(max_capacity=10, schedules=[night, both]).schedules) == 2


def test_office_hours_are_two_scheduled_actions() -> None:
    begin, end = office_hours("Europe/Berlin", min_capacity=4, max_capacity=10, begin="08:30")
    assert (begin.schedule, begin.min_capacity) == ("cron(30 8 ? * MON-FRI *)", 4)
    assert (end.schedule, end.min_capacity, end.max_capacity) == (
        "cron(0 18 ? * MON-FRI *)",
        1,
        10,
    )
    assert (
        "[AAS37]"
        in refused(
            lambda: office_hours("UTC", min_capacity=1, max_capacity=2, begin="18:00", end="08:00")
        )[0]
    )


def test_a_cron_time_follows_its_zone_across_a_change_of_clocks() -> None:
    morning = cron("0 8 * * ? *", "Europe/Berlin")
    times = list(
        morning.times(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
    )
    assert [time.hour for time in times] == [7, 6]


def test_a_local_time_that_does_not_exist_does_not_occur() -> None:
    gap = cron("30 2 * * ? *", "Europe/Berlin")
    since, until = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
    assert [time.day for time in gap.times(since, until)] == [28, 30]


@pytest.mark.parametrize(
    ("expression", "month", "days"),
    [
        ("0 0 L * ? *", 10, [31]),
        ("0 0 LW * ? *", 10, [30]),
        ("0 0 29 2 ? *", 2, []),
        ("0 0 1W * ? *", 8, [3]),
        ("0 0 ? * 6L *", 10, [30]),
        ("0 0 ? * 2#1 *", 10, [5]),
        ("0 0 ? * SUN *", 10, [4, 11, 18, 25]),
        ("0 0 ? * 1-3 *", 2, [1, 2, 3, 8, 9, 10, 15, 16, 17, 22, 23, 24]),
    ],
)
def test_special_days_of_cron_fall_as_in_a_calendar(
    expression: str, month: int, days: list[int]
) -> None:
    since, until = datetime(2026, month, 1, tzinfo=UTC), datetime(2026, month + 1, 1, tzinfo=UTC)
    assert [time.day for time in cron(expression).times(since, until)] == days


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    day=st.integers(0, 700),
)
def test_a_daily_time_occurs_at_its_local_time(minute: int, hour: int, zone: str, day: int) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    times = list(cron(f"{minute} {hour} * * ? *", zone).times(since, since + timedelta(days=7)))
    # In spring a week of 167 hours, with a time at either end, has room for an eighth.
    assert len(times) in (6, 7, 8)
    for time in times:
        local = time.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (hour, minute)


def test_metric_math_uses_each_metric_and_no_other() -> None:
    busy = CloudWatchMetric(namespace="Fraud", name="Busy")

    def math(expression: str, **metrics: CloudWatchMetric) -> MetricMath:
        return MetricMath(expression=expression, metrics=metrics, target=5)

    assert math("busy / FILL(copies, 1)", busy=busy, copies=busy).target_value == 5
    (message,) = refused(lambda: math("busi / 2", busy=busy))[1:]
    assert "uses busi, which is no metric; did you mean busy" in message
    assert "is not used" in refused(lambda: math("busy / 2", busy=busy, other=busy))[0]
    assert "is not an id" in refused(lambda: math("Busy / 2", Busy=busy))[0]


def test_an_asynchronous_endpoint_publishes_no_invocations() -> None:
    scaling = Scaling(max_capacity=2, policies=[TRACKING])
    (message,) = problems(scaling, ASYNCHRONOUS)
    assert "InvocationsPerInstance is not a metric of an asynchronous endpoint" in message
    assert "BacklogPerInstance" in message


def test_a_custom_metric_is_tracked_by_every_kind() -> None:
    metric = CustomMetric(
        metric=CloudWatchMetric(namespace="Fraud", name="Busy", own_dimensions=True), target=5
    )
    scaling = Scaling(max_capacity=2, policies=[TargetTracking(metric=metric)])
    for kind in KINDS:
        assert problems(scaling, kind) == []
        assert metric.source(kind).dimensions == kind.dimensions


def test_an_endpoint_reports_what_its_scaling_cannot_do() -> None:
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
    (message,) = refused(
        lambda: RealtimeEndpoint(
            model=Model(image=image),
            instance_type="ml.m5.large",
            scaling=Scaling(max_capacity=2, policies=[TargetTracking(metric=BacklogPerInstance())]),
        )
    )
    assert message.startswith("scaling.policies.0.metric: BacklogPerInstance is not a metric of")
