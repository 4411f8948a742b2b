"""The rules of SageMaker's Model Monitor, each on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    BatchCapture,
    Context,
    DataCapture,
    Environment,
    Existing,
    Image,
    Inference,
    Model,
    ModelMonitor,
    Network,
    PipelineEndpoint,
    RealtimeEndpoint,
    Registry,
    Repository,
    Training,
)
from inferform.rules import RULES
from inferform.spec import collecting, problems_of

ACCOUNT = "111122223333"
DEV = Context(organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml")
MODEL = Model(image=Image(repository="fraud", tag="1"), artifact="fraud/1/model.tar.gz")
CAPTURING = RealtimeEndpoint(
    model=MODEL, instance_type="ml.m5.large", instance_count=2, data_capture=DataCapture()
)
SERIAL = PipelineEndpoint(
    containers=[MODEL, MODEL],
    instance_type="ml.m5.large",
    instance_count=2,
    data_capture=DataCapture(),
)
FIELDS: dict[str, Any] = {
    "endpoint": "fraud",
    "statistics": "base/statistics.json",
    "constraints": "base/constraints.json",
}


def found(context: Context = DEV, watched: Any = CAPTURING, **fields: Any) -> dict[str, str]:
    """The rules that a monitor breaks, with where; without the warning that each has."""
    with collecting():
        spec = ModelMonitor(**{**FIELDS, **fields})
        environment = Environment(
            context=context,
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(repositories={"fraud": Repository()}),
            inference=Inference(endpoints={"fraud": watched}),
            training=Training(model_monitors={"fraud": spec}),
        )
        problems = problems_of(environment)
    place = "training.model_monitors.fraud"
    return {p.rule: p.where.removeprefix(place).lstrip(".") for p in problems if p.rule != "MMO1"}


LONG = "a" * 400
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("MMO3", "schedule", {"schedule": "rate(1 day)"}, {"schedule": "cron(0 * ? * * *)"}),
    ("MMO3", "schedule", {"schedule": "cron(0 24 ? * * *)"}, {"schedule": "cron(0 23 ? * * *)"}),
    (
        "MMO3",
        "schedule",
        {"schedule": "cron(0 0/25 ? * * *)"},
        {"schedule": "cron(0 0/24 ? * * *)"},
    ),
    ("MMO3", "schedule", {"schedule": "cron(5 3 ? * * *)"}, {"schedule": "cron(0 3 ? * * *)"}),
    ("MMO3", "schedule", {"schedule": "Hourly: cron(0 * ? * * *)"}, {}),
    ("MMO4", "max_runtime_seconds", {"max_runtime_seconds": 3600}, {"max_runtime_seconds": 3599}),
    (
        "MMO4",
        "max_runtime_seconds",
        {"schedule": "cron(0 0/2 ? * * *)", "max_runtime_seconds": 7200},
        {"schedule": "cron(0 0/2 ? * * *)", "max_runtime_seconds": 7199},
    ),
    (
        "MMO5",
        "max_runtime_seconds",
        {"schedule": "cron(0 3 ? * * *)", "max_runtime_seconds": 86_401},
        {"schedule": "cron(0 3 ? * * *)", "max_runtime_seconds": 86_399},
    ),
    ("MMO5", "volume_size_gb", {"volume_size_gb": 16_385}, {"volume_size_gb": 16_384}),
    ("MMO5", "instance_count", {"instance_count": 0}, {"instance_count": 100}),
    ("MMO6", "instance_type", {"instance_type": "ml.t3.medium"}, {"instance_type": "ml.m5.large"}),
    ("PRC1", "instance_type", {"instance_type": "m5.large"}, {"instance_type": "ml.m5.large"}),
    (
        "MMO8",
        "endpoint",
        {"batch": BatchCapture(uri="captured/")},
        {"batch": BatchCapture(uri="captured/"), "endpoint": None},
    ),
    ("MMO8", "endpoint", {"endpoint": None}, {}),
    (
        "MMO9",
        "environment",
        {"environment": {f"N{n}": "" for n in range(49)}},
        {"environment": {f"N{n}": "" for n in range(48)}},
    ),
    (
        "MMO9",
        "environment.A",
        {"environment": {"A": "a" * 257}},
        {"environment": {"A": "a" * 256}},
    ),
    ("MMO9", "environment", {"environment": {"publish_cloudwatch_metrics": "Enabled"}}, {}),
    ("MMO10", "statistics", {"statistics": "base/"}, {}),
    ("MMO10", "preprocessor", {"preprocessor": "a.sh"}, {"preprocessor": "a.py"}),
    ("DRF1", "endpoint", {"endpoint": "frud"}, {}),
    (
        "EXI4",
        "existing.subnets",
        {"existing": Existing(subnets=["subnet-0a1b2c3d", "subnet-1a1b2c3d"]), "vpc": False},
        {"existing": Existing(subnets=["subnet-0a1b2c3d", "subnet-1a1b2c3d"])},
    ),
]


@pytest.mark.parametrize(("rule", "path", "bad", "good"), CASES)
def test_each_rule_is_broken_on_one_side_alone(
    rule: str, path: str, bad: dict[str, Any], good: dict[str, Any]
) -> None:
    assert found(**bad).get(rule) == path
    assert rule not in found(**good)


def test_a_batch_of_a_long_place_is_refused() -> None:
    with collecting():
        long, short = BatchCapture(uri=f"{LONG}/"), BatchCapture(uri=f"{LONG[:-1]}/")
        assert [p.rule for p in problems_of(long)] == ["MMO10"]
        assert problems_of(short) == []


def test_what_the_endpoint_and_the_region_say_is_heard() -> None:
    assert found() == {}
    assert found(watched=CAPTURING.replace(data_capture=None)) == {"DRF2": "endpoint"}
    assert found(watched=SERIAL) == {"MMO7": "endpoint"}
    assert found(DEV.replace(region="ap-south-2")).get("MMO2") == ""


def test_each_one_warns_that_it_is_closed_to_new_customers() -> None:
    assert RULES["MMO1"].severity == "warning"
    with collecting():
        environment = Environment(
            context=DEV,
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(repositories={"fraud": Repository()}),
            inference=Inference(endpoints={"fraud": CAPTURING}),
            training=Training(model_monitors={"fraud": ModelMonitor(**FIELDS)}),
        )
    (problem,) = problems_of(environment)
    assert (problem.rule, problem.where) == ("MMO1", "training.model_monitors.fraud")
    assert "write a DriftMonitor" in problem.text


def test_every_rule_is_tried_and_names_its_source() -> None:
    tried = {rule for rule, *_ in CASES} | {"MMO1", "MMO2", "MMO7"}
    known = {name: rule for name, rule in RULES.items() if name.startswith("MMO")}
    assert known.keys() - tried == set()
    assert all(rule.source for rule in known.values())


def test_another_content_makes_another_definition_and_the_schedule_stays() -> None:
    spec = ModelMonitor(**FIELDS)
    names = {
        each.definition_name(DEV, "fraud", "role", "held")
        for each in (
            spec,
            spec.replace(instance_count=2),
            spec.replace(constraints="base/other.json"),
            spec.replace(publish_metrics=False),
            spec.replace(environment={"LEVEL": "info"}),
        )
    }
    assert len(names) == 5
    again = spec.replace(schedule="cron(0 3 ? * * *)")
    assert again.definition_name(DEV, "fraud", "role", "held") in names
    long = spec.definition_name(DEV, "a" * 30, "role", "12345678")
    assert len(long) <= 63
