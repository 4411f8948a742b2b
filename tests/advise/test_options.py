"""The options for the founding documents' own questions, their limits, Specs and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import inferform
from inferform.functions.spec import LambdaFunction
from inferform.sagemaker.batch import BatchTransform
from inferform.spec import Between
from ops.advise.chart import changes, curves, drawn
from ops.advise.choices import TOPICS, choices
from ops.advise.crossings import cost_of
from ops.advise.fleets import calculated
from ops.advise.instances import compared
from ops.advise.market import Market
from ops.advise.need import Need
from ops.advise.options import NAMES, Option, judge, judged
from ops.cli import app
from ops.cost.prices import price_table
from ops.errors import BadInputError

MARKET = Market(price_table(), "us-east-1")


def options(**fields: Any) -> dict[str, Option]:
    """The options for a need by name, in their order."""
    needed = Need(**{"requests_per_second": 1.0, **fields})
    return {each.name: each for each in judged(needed, MARKET)}


def first(**fields: Any) -> str:
    return next(iter(options(**fields)))


SEEDS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "1 fraud, steady, under 100 ms": (
        {"requests_per_second": 50, "seconds": 0.02, "latency_ms": 100},
        {"real-time"},
    ),
    "2 development, a few requests an hour": (
        {"requests_per_second": 0.002, "idle_hours": 12},
        {"serverless"},
    ),
    "3 payloads up to 1 GB, minutes of work": (
        {"requests_per_second": 0.01, "seconds": 300, "payload_mb": 1000, "memory_gib": 12},
        {"asynchronous"},
    ),
    "4 a whole customer base each month": (
        {"requests_per_second": 5, "seconds": 0.05, "runs_per_month": 1},
        {"batch transform"},
    ),
    "5 hundreds of small models": (
        {"requests_per_second": 5, "seconds": 0.05, "models": 300, "latency_ms": 500},
        {"multi-model"},
    ),
    "6 three containers in a row": (
        {"requests_per_second": 5, "seconds": 0.05, "steps": 3, "latency_ms": 300},
        {"multi-container"},
    ),
    "7 events, rare and in bursts": (
        {"requests_per_second": 2, "shape": "spike", "seconds": 1, "event_driven": True},
        {"Lambda"},
    ),
    "8 one of many microservices": (
        {"requests_per_second": 20, "platform": "containers", "latency_ms": 300},
        {"ECS on Fargate", "ECS on EC2"},
    ),
    "9 Kubernetes": (
        {"requests_per_second": 20, "platform": "kubernetes", "latency_ms": 300},
        {"EKS"},
    ),
    "11 devices": ({"platform": "devices"}, {"edge"}),
    "a foundation model": ({"platform": "foundation"}, {"Bedrock"}),
}


def test_the_questions_of_the_founding_documents_are_answered_as_they_do() -> None:
    for question, (fields, expected) in SEEDS.items():
        assert first(**fields) in expected, question


AT_WORK: dict[str, Any] = {"requests_per_second": 300, "seconds": 0.05, "latency_ms": 300}
BESIDE: tuple[tuple[int, dict[str, Any], str, str, str], ...] = (
    (10, {}, "or dependencies, that none", "your own image", "Image("),
    (12, {}, "tree models", "CPU", "InvocationsPerInstance"),
    (13, {"gpu_memory_gib": 10}, "neural networks", "GPU, or Inferentia", "GpuUtilization"),
    (14, {}, "steady, such as at 70%", "target tracking", "TargetTracking"),
    (15, {"shape": "spike"}, "sudden spikes", "step scaling", "StepScaling"),
    (16, {"shape": "office-hours"}, "8 to 18 on workdays", "scheduled scaling", "MON-FRI"),
    (17, {}, "nobody knows yet, by hand", "target tracking", "max_capacity=44"),
    (18, {}, "one to three years", "a Savings Plan", "--commitment"),
    (19, {}, "training that may be interrupted", "Spot, with checkpoints", "Spot("),
    (19, {}, "batch and services that may be", "Spot of ECS and EKS", "spot_weight"),
    (
        20,
        {"platform": "foundation"},
        "guaranteed throughput",
        "ProvisionedThroughput",
        "model_units",
    ),
    (20, {}, "guaranteed capacity", "a reservation", "CapacityReservation("),
    (21, {"memory_gib": 30}, "too small for one request", "vertical", "instance_type="),
    (22, {}, "more requests of the same size", "horizontal", "max_capacity=12"),
    (23, {}, "instant rollback, at double cost", "all at once", "AllAtOnce()"),
    (24, {}, "prove itself, with alarms", "canary", "Canary()"),
    (25, {}, "steps that can be predicted", "linear", "Linear()"),
    (26, {}, "steps within SageMaker", "SageMaker Pipelines", "Pipeline("),
    (27, {}, "third parties", "Airflow (MWAA)", "AirflowEnvironment("),
    (28, {}, "templates to share", "CloudFormation", "main.py"),
    (28, {}, "loops", "CDKTF", "program.md"),
    (29, {}, "every night", "a schedule", "OnSchedule("),
    (29, {}, "when data arrives", "S3", "OnUpload("),
    (29, {}, "drift is seen", "monitor", "OnDrift("),
    (29, {}, "accuracy falls", "evaluation", "OnAlarm("),
    (30, {}, "released as it is merged", "GitHub Flow", "--ci github"),
    (30, {}, "hotfixes", "Gitflow", "--stage staging"),
)
"""The questions by their numbers, with the situation and what is chosen and written."""

TODAY = {
    17: "target tracking of today needs to know no load",
    18: "Reserved Instances are EC2's alone",
    29: "closed to new customers since 2026-07-30",
}
"""Where today's AWS, or Inferform, differs from the documents: what the answer says of it."""


@pytest.mark.parametrize(("number", "fields", "when", "choose", "write"), BESIDE)
def test_the_questions_beside_the_options_are_answered_as_they_do(
    number: int, fields: dict[str, Any], when: str, choose: str, write: str
) -> None:
    found = choices(Need(**{**AT_WORK, **fields}), MARKET)
    (choice,) = (each for each in found if when in each.when)
    assert choose in choice.choose
    assert write in choice.write
    if fields:
        assert choice.yours


def test_every_question_has_an_answer_and_says_where_today_differs() -> None:
    numbers = {int(name.split()[0]) for name in SEEDS if name[0].isdigit()}
    assert numbers | {number for number, *_ in BESIDE} == set(range(1, 31))
    found = choices(Need(**AT_WORK), MARKET)
    for number, words in TODAY.items():
        whens = [when for each, _, when, *_ in BESIDE if each == number]
        said = [each.because for each in found if any(when in each.when for when in whens)]
        assert any(words in text for text in said), number


def test_what_goes_with_an_option_has_the_numbers_of_the_need() -> None:
    def because(when: str, **fields: Any) -> str:
        found = choices(Need(**{**AT_WORK, **fields}), MARKET)
        return next(each.because for each in found if when in each.when)

    # 11 x ml.c5.large at $0.102 carry 300 requests a second at 70% of 40.
    assert "$1.12 on instances" in because("one to three years")
    assert "11 x ml.c5.large carry 300 requests/s" in because("more requests")
    assert "$0.19 a release" in because("instant rollback")
    assert "every hour of this load spends $0.10" in because("one to three years", idle_hours=8.0)
    assert "estimated" not in because("services that may be interrupted")
    far = choices(Need(**AT_WORK), Market(price_table(), "eu-central-1"))
    spot = next(each.because for each in far if "services that may be" in each.when)
    assert "(estimated, " in spot


def test_every_spec_of_a_choice_can_be_pasted() -> None:
    names = {name: getattr(inferform, name) for name in inferform.__all__}
    pasted = 0
    for fields in ({}, {"gpu_memory_gib": 10.0}, {"memory_gib": 20_000.0}):
        for each in choices(Need(**{**AT_WORK, **fields}), MARKET):
            if "(" in each.write and "..." not in each.write:
                assert isinstance(eval(each.write, {"__builtins__": {}}, names), inferform.Spec)
                pasted += 1
    assert pasted > 40


def test_arm_and_inferentia_are_compared_and_taken_where_they_are_asked_for() -> None:
    light, heavy = Need(requests_per_second=50), Need(requests_per_second=5, gpu_memory_gib=16)
    assert {each.if_: each.sold.arch for each in compared(light, MARKET) if each.if_} == {
        "an image for arm64": "arm64"
    }
    assert {each.if_: each.sold.processor for each in compared(heavy, MARKET) if each.if_} == {
        "a model compiled for AWS Neuron": "neuron"
    }
    # What has no GPUs is no CPU type: it is dear, and what it has stands idle.
    assert not any(each.name.startswith(("ml.inf", "ml.trn")) for each in MARKET.hosting(light))
    arm = options(requests_per_second=50, seconds=0.02, latency_ms=300, architecture="arm64")
    assert "ml.c6g" in arm["real-time"].spec
    assert "ARM64" in arm["Lambda"].spec
    assert "ARM64" in arm["ECS on Fargate"].spec
    intel = options(requests_per_second=50, seconds=0.02, latency_ms=300)
    assert (arm["Lambda"].monthly or 0) < (intel["Lambda"].monthly or 0)
    assert "x86_64" in " ".join(arm["serverless"].why)
    neuron = options(requests_per_second=5, gpu_memory_gib=16, neuron=True)
    assert "ml.inf" in neuron["real-time"].spec
    assert "InvocationsPerInstance" in neuron["real-time"].scaling
    for name, said in (
        ("multi-model", "on CPUs and GPUs"),
        ("ECS on EC2", "no Neuron devices"),
        ("EKS", "no Neuron devices"),
        ("Lambda", "no GPUs"),
    ):
        assert said in " ".join(neuron[name].why), name


def test_the_scaling_goes_with_the_load_and_the_model() -> None:
    at_work = {"requests_per_second": 300, "seconds": 0.05, "latency_ms": 300}
    light = options(**at_work)["real-time"].scaling
    assert "InvocationsPerInstance" in light
    assert "StepScaling" not in light
    heavy = options(**at_work, gpu_memory_gib=16)["real-time"].scaling
    assert "GpuUtilization(percent=70" in heavy
    assert "StepScaling" in options(**at_work, shape="spike")["real-time"].scaling
    office = options(**at_work, shape="office-hours")["real-time"].scaling
    assert "MON-FRI" in office
    assert "min_capacity=0" in options(**{**at_work, "latency_ms": None})["asynchronous"].scaling


def bound(spec: type[inferform.Spec], field: str) -> Between:
    """The range of a field, as its rule has it."""
    (found,) = (each for each in spec.model_fields[field].metadata if isinstance(each, Between))
    return found


def test_every_limit_of_a_spec_is_the_number_of_its_rule() -> None:
    timeout, memory = bound(LambdaFunction, "timeout_seconds"), bound(LambdaFunction, "memory_mib")
    payload = bound(BatchTransform, "max_payload_mb")
    for name, fields, ranged in (
        ("Lambda", {"seconds": timeout.high + 1}, timeout),
        ("Lambda", {"memory_gib": memory.high / 1024 + 1}, memory),
        ("batch transform", {"payload_mb": payload.high + 1}, payload),
    ):
        option = options(**fields)[name]
        assert option.verdict == "does not", name
        said = " ".join(option.why)
        assert f"(rule {ranged.rule.id})" in said, said
        assert f"{ranged.high:g}" in said, said
    assert options(seconds=timeout.high)["Lambda"].verdict == "fits if"
    assert options(payload_mb=payload.high)["batch transform"].verdict != "does not"
    assert "(rule SLS1)" in " ".join(options(memory_gib=7)["serverless"].why)
    assert "(rule PIP1)" in " ".join(options(steps=16)["multi-container"].why)


def test_what_an_option_cannot_do_keeps_it_out_with_the_reason() -> None:
    for fields, name, said in (
        ({"payload_mb": 26}, "real-time", "at most 25"),
        ({"seconds": 61}, "real-time", "at most 60"),
        ({"payload_mb": 5}, "serverless", "at most 4"),
        ({"gpu_memory_gib": 10}, "serverless", "no GPUs"),
        ({"gpu_memory_gib": 10}, "ECS on Fargate", "no GPUs"),
        ({"models": 51}, "serverless", "at most 50"),
        ({"latency_ms": 50, "seconds": 0.01}, "asynchronous", "S3"),
        ({"latency_ms": 50, "seconds": 0.1}, "real-time", "the model itself takes 100 ms"),
        ({"gpu_memory_gib": 9_000}, "real-time", "9000 GiB of GPUs"),
    ):
        option = options(**fields)[name]
        assert option.verdict == "does not", (fields, option)
        assert said in " ".join(option.why), (fields, option)
        assert option.monthly is None


def test_a_cold_start_is_a_condition_where_callers_wait_and_nowhere_else() -> None:
    for latency, verdict in ((100.0, "fits if"), (None, "fits")):
        need = Need(requests_per_second=1, seconds=0.05, latency_ms=latency, event_driven=True)
        for name in ("serverless", "Lambda"):
            found = judge(name, need, MARKET)
            assert found.verdict == verdict, name
            assert any("callers bear it" in why for why in found.why) is (latency is not None)


def test_a_price_that_is_not_known_is_no_zero() -> None:
    assert all(
        each.monthly is None for each in options().values() if each.name in ("Bedrock", "edge")
    )
    far = Market(price_table(), "ap-southeast-5")
    serverless = {each.name: each for each in judged(Need(requests_per_second=1), far)}[
        "serverless"
    ]
    assert serverless.verdict == "fits"
    assert serverless.monthly is None


def test_what_is_kept_warm_and_spot_have_their_prices() -> None:
    found = options(requests_per_second=10, seconds=0.1, latency_ms=300)
    # One function of 2 GB: 2,628,000 s kept, and as many worked, at the prices of N. Virginia.
    usd = 2 * 2_628_000 * (4.1667e-6 + 9.7222e-6) + 26_280_000 * 2e-7
    assert f"${usd:,.0f} with 1 kept warm" in found["Lambda"].of
    assert "no price of its provisioned concurrency is known" in found["serverless"].of
    task = found["ECS on Fargate"].of
    assert " on Fargate Spot" in task
    assert "estimate" not in task
    far = judge(
        "ECS on Fargate", Need(requests_per_second=10), Market(price_table(), "eu-central-1")
    )
    assert "on Fargate Spot, by an estimate of its price" in far.of


def test_each_spec_can_be_pasted_and_is_what_was_judged() -> None:
    pasted = 0
    for fields in ({}, {"gpu_memory_gib": 16.0}, {"idle_hours": 10.0}, {"steps": 2, "models": 4}):
        for option in options(**fields).values():
            assert bool(option.spec) == (option.verdict != "does not" and option.name != "edge"), (
                option
            )
            if option.spec:
                names = {name: getattr(inferform, name) for name in inferform.__all__}
                made = eval(option.spec, {"__builtins__": {}}, names)
                assert isinstance(made, inferform.Spec)
                pasted += 1
    assert pasted > 20


def test_vertical_and_horizontal_scaling_stand_side_by_side() -> None:
    small = Need(requests_per_second=0.5)
    large = Need(requests_per_second=400)
    assert compared(small, MARKET)[0].alone
    types = compared(large, MARKET)
    assert any(each.alone for each in types)
    assert any(each.count > 10 for each in types)
    for each in types:
        assert each.alone == (each.count == 1)
        assert each.together == pytest.approx(each.count * each.sold.usd * 730)
    gpus = compared(Need(requests_per_second=1, gpu_memory_gib=20), MARKET)
    assert all(each.sold.gpus and each.sold.gpu_memory_gib >= 20 for each in gpus)


def test_the_picture_is_the_same_each_time_and_shows_every_option_with_a_cost() -> None:
    need = Need(requests_per_second=50, seconds=0.02, latency_ms=500)
    found = judged(need, MARKET)
    shown = curves(need, MARKET, found, points=6)
    assert set(shown) == {each.name for each in found if each.monthly is not None}
    assert changes(shown)
    once = drawn(shown, need, "svg", title="cost")
    assert once == drawn(shown, need, "svg", title="cost")
    assert drawn(shown, need, "png", title="cost").startswith(b"\x89PNG")


def test_the_command_says_what_it_compared_and_draws_it(tmp_path: Path) -> None:
    load = tmp_path / "load.csv"
    load.write_text("time,rate\n0,5\n1800,0\n3600,0\n7200,20\n", encoding="utf-8")
    page = tmp_path / "options.html"
    run = CliRunner().invoke
    answer = run(app, ["advise", "--load", str(load), "--plot", str(page), "--json"])
    assert answer.exit_code == 0, answer.output
    data = json.loads(answer.output)
    assert data["requests_per_second"]["peak"] == 20
    assert {each["name"] for each in data["options"]} == set(NAMES)
    assert data["prices_from"]
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert "<script" not in text
    said = run(app, ["advise", "--requests-per-second", "50"]).output
    assert "to paste:" in said
    assert "vertical" in said
    assert "horizontal" in said
    assert {each["topic"] for each in data["choices"]} == set(TOPICS)
    for topic in ("all", *TOPICS):
        told = run(app, ["advise", "--about", topic, "--load", str(load)]).output
        assert ("capacity: " in told) == (topic in ("all", "capacity"))


def test_needs_at_the_edge_are_answered_with_reasons() -> None:
    for fields in (
        {"requests_per_second": 0.0},
        {"requests_per_second": 1e5, "seconds": 0.5, "gpu_memory_gib": 300.0},
        {"requests_per_second": 1.0, "seconds": 4000.0},
        {"requests_per_second": 5.0, "cores": 0.05, "seconds": 0.001},
        {"requests_per_second": 2e5, "seconds": 0.01},
        {"requests_per_second": 1.0, "memory_gib": 20_000.0},
    ):
        need = Need(**fields)  # type: ignore[arg-type]
        found = judged(need, MARKET, calculated)
        assert {each.name for each in found} == set(NAMES), fields
        assert all(each.why for each in found if each.verdict != "fits"), fields
    # No scaling takes so many instances.
    need = Need(requests_per_second=5e5, seconds=0.5, gpu_memory_gib=300.0)
    assert "(rule AAS20)" in " ".join(judge("real-time", need, MARKET, calculated).why)
    assert cost_of("real-time", Need(requests_per_second=1), MARKET)(2e6) is None


def test_what_is_no_need_is_refused(tmp_path: Path) -> None:
    load = tmp_path / "load.csv"
    load.write_text("time,rate\n0,1\n300,1\n", encoding="utf-8")
    service = ("prod-euw1", "fraud", "--csv", str(load))
    for arguments, said in (
        (["--region", "mars-1"], "no prices of mars-1"),
        (["--load", "dayly"], "there is no load dayly"),
        (["--idle-hours", "24"], "--idle-hours must be from 0 to 23.99"),
        (["--plot", str(tmp_path / "a.gif")], "neither a .png, .svg nor .html"),
        (["--models", "0"], "--models must be from 1"),
        (["--neuron"], "--neuron has no memory"),
        (["dev-use1", "fraud", "--about", "all"], "--about is for numbers"),
        (["--requests-per-second", "nan"], "--requests-per-second must be from 0"),
        (["--latency-ms", "0"], "--latency-ms must be from 0.1"),
        (["--runs-per-month", "0"], "--runs-per-month must be from 0.01"),
        # What would be ignored.
        (["--csv", str(load)], "--csv is for a service that runs"),
        (["--days", "3"], "--days is for a service that runs"),
        (["--capacity", "9"], "--capacity is for a service that runs"),
        (["--load", str(load), "--requests-per-second", "9"], "--requests-per-second is for the"),
        (["--load", str(load), "--idle-hours", "9"], "--idle-hours is for the built-in loads"),
        ([*service, "--region", "us-east-1"], "--region is for numbers"),
        ([*service, "--requests-per-second", "9"], "--requests-per-second is for numbers"),
        ([*service, "--load", "daily"], "--load is for numbers"),
        ([*service, "--plot", str(tmp_path / "a.svg")], "--plot is for numbers"),
        ([*service, "--days", "3"], "--days is for CloudWatch"),
        ([*service, "--capacity", "nan"], "--capacity must be above 0"),
    ):
        error = CliRunner().invoke(app, ["advise", *arguments]).exception
        assert isinstance(error, BadInputError), arguments
        assert said in str(error), arguments
