"""The model of Application Auto Scaling behind `inferform simulate`. Needs no Node."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from inferform import (
    AsyncEndpoint,
    BacklogPerInstance,
    ConcurrentRequests,
    Context,
    CpuUtilization,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    Inference,
    InvocationsPerInstance,
    LoadBalancer,
    MemoryUtilization,
    Model,
    MultiVariantEndpoint,
    Network,
    ProvisionedConcurrencyUtilization,
    Registry,
    Repository,
    RequestsPerTarget,
    Route,
    Scaling,
    Scheduled,
    Step,
    StepScaling,
    TargetTracking,
    Variant,
    office_hours,
    scale_to_zero,
)
from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    REALTIME,
    SERVERLESS,
    Kind,
)
from ops.cli import app
from ops.errors import BadInputError
from ops.simulate import (
    SHAPES,
    START,
    Load,
    Result,
    Service,
    read_load,
    shape,
    simulate,
)
from ops.simulation_input import find, scaled
from ops.simulation_plot import draw
from tests.work import calls

pytestmark = pytest.mark.long

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def service(
    kind: Kind = REALTIME, one: float = 10, startup: int = 300, initial: int = 1
) -> Service:
    return Service("fraud", kind, one, startup, initial, 1 / one)


def steady(rate: float, hours: float = 6) -> Load:
    return shape("steady", rate, hours=hours)


def track(metric: Any, **changes: Any) -> TargetTracking:
    return TargetTracking(metric=metric, **changes)


def rate(target: float, **changes: Any) -> TargetTracking:
    return track(InvocationsPerInstance(invocations_per_minute=target), **changes)


def scaling(*policies: Any, low: int = 1, high: int = 20, **more: Any) -> Scaling:
    return Scaling(min_capacity=low, max_capacity=high, policies=policies, **more)


def moments(result: Result) -> list[tuple[int, int, int]]:
    """The actions as minute, before and after."""
    start = result.load.start
    return [
        (int((a.time - start).total_seconds() // 60), a.before, a.after) for a in result.actions
    ]


def test_target_tracking_adds_after_three_datapoints_in_proportion() -> None:
    result = simulate(scaling(rate(300)), service(), steady(24))
    assert moments(result) == [(3, 1, 5)], "24 * 60 / 300 is 4.8, rounded up"


def test_new_instances_serve_after_their_start_up_time() -> None:
    result = simulate(scaling(rate(300)), service(startup=300), steady(24))
    served = [tick for tick, count in enumerate(result.in_service) if count == 5]
    assert served[0] == 3 + 5
    assert result.desired[3] == 5


def test_target_tracking_removes_after_fifteen_minutes_below_ninety_percent() -> None:
    load = Load("fall", (24.0,) * 60 + (10.0,) * 60)
    result = simulate(scaling(rate(300)), service(), load)
    assert moments(result)[1] == (60 + 15, 5, 2)


def test_within_the_margin_nothing_is_removed() -> None:
    # 5 instances at 92 percent of the target; 4 would be above it
    load = Load("dip", (24.0,) * 60 + (23.0,) * 120)
    result = simulate(scaling(rate(300)), service(), load)
    assert [after for _, _, after in moments(result)] == [5]


@pytest.mark.parametrize(("requests", "counts"), [(94.0, [20]), (88.0, [20, 18])])
def test_of_many_instances_none_is_removed_above_ninety_percent(
    requests: float, counts: list[int]
) -> None:
    # 19 or 18 instances would do
    load = Load("dip", (99.5,) * 60 + (requests,) * 120)
    result = simulate(scaling(rate(300)), service(), load)
    assert [after for _, _, after in moments(result)] == counts


def test_a_cooldown_separates_two_removals() -> None:
    falling = (24.0,) * 60 + (16.0,) * 16 + (4.0,) * 40
    quick = simulate(
        scaling(rate(300, scale_in_cooldown_seconds=0)), service(), Load("fall", falling)
    )
    slow = simulate(
        scaling(rate(300, scale_in_cooldown_seconds=3600)), service(), Load("fall", falling)
    )
    assert [after for *_, after in moments(quick)] == [5, 4, 1]
    assert [after for *_, after in moments(slow)] == [5, 4]


def test_scale_in_can_be_disabled() -> None:
    load = Load("fall", (24.0,) * 60 + (1.0,) * 120)
    result = simulate(scaling(rate(300, disable_scale_in=True)), service(), load)
    assert result.desired[-1] == 5


def test_of_two_policies_the_larger_capacity_wins_and_both_must_agree_to_remove() -> None:
    both = scaling(rate(300), track(CpuUtilization(percent=20)))
    load = Load("fall", (24.0,) * 120 + (18.0,) * 120)
    result = simulate(both, service(), load)
    assert result.desired[119] == 12, "24 requests/s at 20 percent of 10 each"
    assert result.desired[-1] == 9, "the CPU asks for 9, the rate for 4"


def test_a_saturated_utilization_is_approached_step_by_step() -> None:
    result = simulate(scaling(track(CpuUtilization(percent=50))), service(), steady(48))
    assert [after for *_, after in moments(result)] == [2, 4, 8, 10]


def steps(*bounds: tuple[float, float | None, int], **changes: Any) -> StepScaling:
    return StepScaling(
        metric=InvocationsPerInstance(invocations_per_minute=300),
        steps=[Step(lower=low, upper=high, change=change) for low, high, change in bounds],
        **changes,
    )


def test_a_step_is_chosen_by_the_distance_from_the_threshold() -> None:
    policy = steps((0, 300, 1), (300, None, 4), evaluation_periods=1)
    near = simulate(scaling(policy), service(), steady(8, 0.1))
    far = simulate(scaling(policy), service(), steady(12, 0.1))
    assert moments(near)[0] == (1, 1, 2)
    assert moments(far)[0] == (1, 1, 5)


@pytest.mark.parametrize(
    ("percent", "least", "added"), [(27, None, 2), (1, None, 1), (27, 3, 3), (150, 3, 15)]
)
def test_percentages_round_towards_zero_but_not_to_it(
    percent: int, least: int | None, added: int
) -> None:
    policy = steps(
        (0, None, percent),
        adjustment="PercentChangeInCapacity",
        minimum_change=least,
        evaluation_periods=1,
    )
    result = simulate(scaling(policy, low=10, high=99), service(initial=10), steady(100, 0.05))
    assert moments(result)[0] == (1, 10, 10 + added)


def test_an_exact_capacity_is_set() -> None:
    policy = steps((0, None, 7), adjustment="ExactCapacity", evaluation_periods=1)
    assert simulate(scaling(policy), service(), steady(10)).desired[-1] == 7


def test_two_of_three_datapoints_suffice_where_the_policy_says_so() -> None:
    policy = steps((0, None, 1), evaluation_periods=3, datapoints_to_alarm=2)
    flicker = Load("flicker", (9.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0))
    assert moments(simulate(scaling(policy), service(), flicker)) == [(3, 1, 2)]
    strict = steps((0, None, 1), evaluation_periods=3)
    assert moments(simulate(scaling(strict), service(), flicker)) == []


def test_what_was_just_added_counts_in_a_steps_cooldown() -> None:
    policy = StepScaling(
        metric=RequestsPerTarget(invocations_per_minute=300),
        steps=[Step(lower=0, upper=300, change=2), Step(lower=300, change=3)],
        evaluation_periods=1,
        cooldown_seconds=3600,
    )
    rising = Load("rise", (8.0,) * 1 + (60.0,) * 20)
    result = simulate(scaling(policy), service(ECS_SERVICE), rising)
    assert [(before, after) for _, before, after in moments(result)] == [(1, 3), (3, 4)]


def test_an_asynchronous_endpoint_wakes_up_and_goes_back_to_zero() -> None:
    load = Load("job", (0.0,) * 10 + (1.0,) * 10 + (0.0,) * 100)
    result = simulate(
        scale_to_zero(BacklogPerInstance(requests=5), max_capacity=5),
        service(ASYNCHRONOUS, one=0.5, initial=0),
        load,
    )
    first = result.actions[0]
    assert (first.before, first.after, first.reason) == (0, 1, "wake-up-step")
    assert moments(result)[0][0] == 12, "two datapoints of a minute"
    assert result.desired[-1] == 0
    assert result.backlog[-1] == 0
    assert sum(result.served) * 60 == pytest.approx(600)
    assert result.summary()["backlog_peak"] > 100


def test_an_inference_component_wakes_up_by_failures() -> None:
    load = Load("visit", (0.0,) * 5 + (1.0,) * 30)
    result = simulate(
        scale_to_zero(ConcurrentRequests(requests=4), max_capacity=3),
        service(COMPONENT, one=5, startup=60, initial=0),
        load,
    )
    assert result.actions[0].reason == "wake-up-step"
    assert result.in_service[-1] >= 1
    assert result.summary()["beyond_capacity"] > 0


def test_a_fast_metric_is_simulated_in_ten_second_ticks() -> None:
    policy = track(ConcurrentRequests(requests=2))
    result = simulate(scaling(policy), Service("chat", REALTIME, 4, 300, 1, 1.0), steady(8, 0.5))
    assert result.load.step_seconds == 10
    assert result.actions[0].time == START + timedelta(seconds=30)
    assert result.actions[0].after == 4


def test_suspended_scaling_stands_still() -> None:
    still = scaling(rate(300), suspended=["scale-out"])
    assert simulate(still, service(), steady(24)).actions == []


def test_metrics_that_do_not_follow_from_requests_are_left_out_and_said() -> None:
    result = simulate(
        scaling(rate(300), track(MemoryUtilization(percent=70))), service(), steady(24)
    )
    assert result.summary()["notes"] == [
        "policy memory is left out: MemoryUtilization does not follow from the number of requests"
    ]


targets = st.floats(30, 3000)
rates = st.floats(0, 400)


@st.composite
def policies(draw: st.DrawFn) -> tuple[Any, ...]:
    kinds: list[Any] = []
    if draw(st.booleans()):
        kinds.append(rate(draw(targets), scale_in_cooldown_seconds=draw(st.integers(0, 900))))
    if draw(st.booleans()):
        kinds.append(track(CpuUtilization(percent=draw(st.integers(10, 95)))))
    if draw(st.booleans()):
        kinds.append(
            steps(
                (0, None, draw(st.integers(-9, 40))),
                adjustment=draw(st.sampled_from(["ChangeInCapacity", "PercentChangeInCapacity"])),
                cooldown_seconds=draw(st.integers(0, 900)),
            )
        )
    return tuple(kinds)


@settings(deadline=None, max_examples=40)
@given(
    policies=policies(),
    loads=st.lists(rates, min_size=30, max_size=150),
    low=st.integers(0, 5),
    more=st.integers(0, 30),
)
def test_capacity_is_never_outside_minimum_and_maximum(
    policies: tuple[Any, ...], loads: list[float], low: int, more: int
) -> None:
    assume(low + more > 0)
    night = Scheduled(
        name="night", schedule="rate(1 hour)", min_capacity=low + 1, max_capacity=low + more + 1
    )
    spec = scaling(*policies, low=low, high=low + more, schedules=[night])
    result = simulate(spec, service(), Load("any", tuple(loads)))
    assert all(
        minimum <= desired <= maximum and 0 <= up <= maximum
        for minimum, desired, maximum, up in zip(
            result.minimum, result.desired, result.maximum, result.in_service, strict=True
        )
    )


def settled(target: float, load: float, initial: int = 1, metric: str = "rate") -> list[int]:
    policy = (
        rate(target)
        if metric == "rate"
        else track(CpuUtilization(percent=max(10, min(95, target / 30))))
    )
    spec = scaling(policy, high=100)
    return simulate(spec, service(initial=initial), steady(load, hours=8)).desired


@settings(deadline=None, max_examples=40)
@given(targets, rates, st.integers(1, 100), st.sampled_from(["rate", "cpu"]))
def test_a_constant_load_converges(target: float, load: float, initial: int, metric: str) -> None:
    desired = settled(target, load, initial, metric)
    assert len(set(desired[-120:])) == 1


@settings(deadline=None, max_examples=40)
@given(targets, rates, rates, st.integers(1, 100), st.sampled_from(["rate", "cpu"]))
def test_more_load_never_gives_fewer_instances_in_the_end(
    target: float, one: float, other: float, initial: int, metric: str
) -> None:
    low, high = sorted((one, other))
    assert settled(target, low, initial, metric)[-1] <= settled(target, high, initial, metric)[-1]


@settings(deadline=None, max_examples=30)
@given(targets, st.integers(1, 100), st.integers(0, 5), st.floats(0, 400))
def test_no_load_reaches_the_minimum(target: float, initial: int, low: int, before: float) -> None:
    load = Load("end", (before,) * 60 + (0.0,) * 180)
    spec = scaling(rate(target), low=low, high=100)
    result = simulate(spec, service(initial=initial), load)
    assert result.desired[-1] == low


CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2026, 10, 3, tzinfo=UTC)),
]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(CHANGES), st.integers(4, 23), st.integers(0, 59))
def test_schedules_take_effect_at_their_local_time_across_a_change_of_clocks(
    change: tuple[str, datetime], hour: int, minute: int
) -> None:
    zone, day = change
    daily = Scheduled(
        name="up", schedule=f"cron({minute} {hour} * * ? *)", timezone=zone, min_capacity=5
    )
    reset = Scheduled(name="down", schedule="cron(30 0 * * ? *)", timezone=zone, min_capacity=1)
    spec = scaling(schedules=[daily, reset], high=9)
    start = day - timedelta(days=2)
    result = simulate(spec, service(), shape("steady", 0, hours=5 * 24, start=start))
    raised = [
        (start + timedelta(minutes=tick)).astimezone(ZoneInfo(zone))
        for tick in range(1, len(result.minimum))
        if result.minimum[tick - 1] == 1 and result.minimum[tick] == 5
    ]
    assert len(raised) in (4, 5, 6)
    assert {(moment.hour, moment.minute) for moment in raised} == {(hour, minute)}
    assert len({moment.utcoffset() for moment in raised}) == 2


def test_a_change_of_clocks_moves_a_schedule_in_utc() -> None:
    spec = scaling(
        schedules=office_hours("Europe/Berlin", min_capacity=4, max_capacity=9, days="*"), high=9
    )
    start = datetime(2026, 3, 28, tzinfo=UTC)
    result = simulate(spec, service(), shape("steady", 0, hours=48, start=start))
    raised = [action.time for action in result.actions if action.after == 4]
    assert raised == [datetime(2026, 3, 28, 7, tzinfo=UTC)], "nothing takes it away again"
    bounds = [tick for tick in range(1, 2880) if result.minimum[tick] > result.minimum[tick - 1]]
    assert [tick / 60 for tick in bounds] == [7, 24 + 6]


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_input_gives_the_same_result(name: str) -> None:
    spec = scaling(rate(300), steps((0, None, 2)))
    first = simulate(spec, service(), shape(name, 60))
    assert first == simulate(spec, service(), shape(name, 60))
    assert first.summary()["requests"] > 0


def test_the_work_for_a_load_grows_as_the_load_does() -> None:
    # `python -m bench` holds the seconds that a day may take.
    def simulating(hours: float) -> int:
        load = shape("daily", 60, hours=hours)
        assert len(load.rates) == hours * 60
        return calls(lambda: simulate(scaling(rate(300)), service(), load))

    assert simulating(24) < 2.2 * simulating(12)


def test_provisioned_concurrency_follows_its_utilization() -> None:
    spec = scaling(track(ProvisionedConcurrencyUtilization(utilization=0.7)), high=50)
    result = simulate(spec, service(SERVERLESS, one=2, startup=60), steady(20))
    assert result.desired[-1] == 15, "10 in use are 70 percent of 14.3"


def test_a_csv_file_with_seconds_is_a_load(tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    file.write_text("seconds,rate\n0,5\n120,7.5\n240,0\n", "utf-8")
    load = read_load(file)
    assert list(load.rates) == [5, 5, 7.5, 7.5, 0, 0]
    assert list(read_load(file, hours=0.05).rates) == [5, 5, 7.5]


def test_a_csv_file_with_times_begins_at_the_first(tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    file.write_text(
        "time,rate\n2026-03-29T01:00:00+01:00,5\n2026-03-29T00:02:00Z,6\n2026-03-29T00:03:00,7\n",
        "utf-8",
    )
    load = read_load(file)
    assert load.start == datetime(2026, 3, 29, tzinfo=UTC)
    assert list(load.rates) == [5, 5, 6, 7]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("time,rate\n0,5\n60,x\n", "load.csv:3: must be a time and a rate"),
        ("time,rate\n0,5\nnoon,5\n", "load.csv:3: must be a time and a rate"),
        ("time,rate\n0,5\n60\n", "load.csv:3: must be a time and a rate"),
        ("0,5\n60,6\n120,7\n", "load.csv:1: must be a header, got '0,5'"),
        ("2026-03-29T08:01:00Z,5\n2026-03-29T08:02:00Z,6\n", "load.csv:1: must be a header"),
        ("time,rate\n0,5\n0,6\n", "load.csv:3: rates are 0 or more and times rise"),
        ("time,rate\n0,5\n60,-1\n", "load.csv:3: rates are 0 or more"),
        ("time,rate\n0,5\n60,nan\n", "load.csv:3: rates are 0 or more"),
        ("time,rate\n0,5\n2026-03-29T00:00:00,6\n", "load.csv:3: must be a time and a rate"),
        ("time,rate\n0,5\n", "fewer than two lines"),
        ("time,rate\n0,5\n9999999,5\n", "longer than 62 days"),
        ("", "fewer than two lines"),
    ],
)
def test_a_wrong_line_of_a_csv_file_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "load.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInputError, match=wrong):
        read_load(file)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["simulate", *arguments])


def test_the_command_prints_the_figures_of_an_environments_service() -> None:
    answer = run("prod-euw1", "fraud", "--load", "office-hours", "--json")
    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.stdout)
    assert (said["service"], said["kind"]) == ("fraud", "a real-time endpoint")
    (figures,) = said["policies"]
    assert figures["units_peak"] <= 12
    assert figures["scale_outs"] == sum(a["to"] > a["from"] for a in figures["actions"])


def test_a_compared_scaling_has_to_suit_the_kind(tmp_path: Path) -> None:
    file = tmp_path / "other.py"
    file.write_text(
        "from inferform import BacklogPerInstance, Scaling, TargetTracking\n"
        "wrong = Scaling(max_capacity=2, policies=[TargetTracking(metric="
        "BacklogPerInstance())])\n",
        "utf-8",
    )
    answer = run("prod-euw1", "fraud", "--compare", str(file))
    assert isinstance(answer.exception, BadInputError)
    assert "BacklogPerInstance is not a metric of a real-time endpoint" in str(answer.exception)


def test_the_command_compares_the_scalings_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "other.py"
    file.write_text(
        "from inferform import InvocationsPerInstance, Scaling, TargetTracking\n"
        "bold = Scaling(max_capacity=12, policies=[TargetTracking(metric="
        "InvocationsPerInstance(requests_per_second=45, safety_factor=0.9))])\n",
        "utf-8",
    )
    answer = run("prod-euw1", "fraud", "--compare", str(file))
    assert answer.exit_code == 0, answer.output
    head = next(line for line in answer.stdout.splitlines() if "bold" in line)
    assert head.split() == ["fraud", "bold"]
    assert "instance-hours" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("prod-euw1", "frod"), "did you mean fraud"),
        (("prod-euw1", "fraud", "--load", "dayly"), "did you mean daily"),
        (("prod-euw1", "fraud", "--hours", "-1"), "--hours must be above 0"),
        (("prod-euw1", "fraud", "--plot", "a.pdf"), "neither a .png nor a .svg"),
        (("prod-euw1", "fraud", "--plot", "nowhere/a.png"), "there is no folder nowhere"),
        (("prod-euw1", "fraud", "--load", __file__, "--peak", "5"), "for the built-in loads"),
        (("prod-euw1", "fraud", "--start", "noon"), "--start must be a time"),
        (("prod-euw1", "fraud", "--timezone", "Europe/Berlinn"), "did you mean Europe/Berlin"),
        (("prod-euw1", "fraud", "--capacity", "0"), "--capacity must be above 0"),
        (("nowhere", "fraud"), "there is no environment nowhere"),
    ],
)
def test_bad_input_is_refused_with_what_to_write(arguments: tuple[str, ...], wrong: str) -> None:
    answer = run(*arguments)
    assert isinstance(answer.exception, BadInputError)
    assert wrong in str(answer.exception)


def test_everything_that_scales_is_found_by_its_name() -> None:
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
    model = Model(image=image)
    queue = scale_to_zero(BacklogPerInstance(), max_capacity=5)
    tasks = scaling(track(RequestsPerTarget(requests_per_second=9)))
    variants = MultiVariantEndpoint(
        variants={
            "blue": Variant(model=model, instance_type="ml.m5.large", scaling=scaling(rate(60))),
            "green": Variant(model=model, instance_type="ml.m5.large"),
        }
    )
    known = scaled(
        Environment(
            context=Context(
                organization="acme",
                stage="dev",
                account="111122223333",
                region="us-east-1",
                owner="ml",
            ),
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(repositories={"fraud": Repository()}),
            ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
            inference={
                "risk": Inference(
                    endpoints={
                        "fraud": variants,
                        "queue": AsyncEndpoint(
                            model=model, instance_type="ml.m5.large", scaling=queue
                        ),
                    },
                    services={
                        "web": EcsService(
                            model=model,
                            compute=Fargate(cpu=1024, memory_mib=2048),
                            scaling=tasks,
                            route=Route(load_balancer="internal", hosts=["web.acme.test"]),
                        )
                    },
                )
            },
        )
    )
    assert {found.full_name: found.kind for found in known} == {
        "endpoint/fraud/blue": REALTIME,
        "endpoint/queue": ASYNCHRONOUS,
        "ecs/web": ECS_SERVICE,
    }
    assert find(known[0].deployed.place.environment, "queue").scaling is queue


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_plot_is_the_same_bytes_every_time(tmp_path: Path, suffix: str) -> None:
    spec = scaling(rate(300))
    results = [simulate(spec, service(), shape("spike", 60), name) for name in ("one", "two")]
    files = [tmp_path / f"{n}.{suffix}" for n in range(2)]
    for file in files:
        draw(results, file, title="fraud")
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert len(first) > 10_000
    assert os.path.getsize(files[0]) < 2_000_000


@pytest.mark.parametrize("hours", [0.1, 6, 50, 400])
def test_a_plot_of_any_length_is_drawn_without_a_warning(tmp_path: Path, hours: float) -> None:
    load = shape("daily", 60, hours=hours)
    draw([simulate(scaling(rate(300)), service(), load)], tmp_path / "a.png", title="fraud")
    assert (tmp_path / "a.png").stat().st_size > 10_000
