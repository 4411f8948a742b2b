"""Alarms, dashboards, public addresses and web ACLs, from Specs and from plans."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    AnomalyAlarm,
    Environment,
    Inference,
    Network,
    Observability,
    RealtimeEndpoint,
    Scaling,
)
from inferform.scaling.metrics import ConcurrentRequests
from inferform.scaling.spec import Step, StepScaling, TargetTracking
from inferform.usage import MONITORING
from ops.cost.model import Amount
from ops.cost.prices import price_table
from ops.cost.resources import usages as planned
from ops.cost.specs import estimate
from ops.plan import read_plan
from tests.cost.test_estimates import CONTEXT, MODEL, NETWORK, REGISTRY
from tests.review.plans import changed, plan_of


def monitored(**layers: Any) -> dict[str, float]:
    """How many of what watches an environment."""
    environment = Environment(context=CONTEXT, **layers)
    lines = estimate(environment, price_table()).lines
    return {
        line.usage.key: line.usage.amount.minimum
        for line in lines
        if line.usage.service == MONITORING and line.usage.amount
    }


def endpoint(**fields: Any) -> dict[str, Any]:
    spec = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large", **fields)
    return {
        "network": NETWORK,
        "registry": REGISTRY,
        "inference": Inference(endpoints={"fraud": spec}),
    }


def test_the_alarms_of_rollouts_and_policies_are_counted_by_the_metrics_that_they_look_at() -> None:
    steps = StepScaling(metric=ConcurrentRequests(requests=5), steps=[Step(lower=0, change=1)])
    scaling = Scaling(
        min_capacity=1,
        max_capacity=4,
        policies=[TargetTracking(metric=ConcurrentRequests(requests=5)), steps],
    )
    # Two error rates of two metrics each; two alarms of target tracking, of a metric of 10 seconds;
    # one of step scaling.
    assert monitored(**endpoint()) == {"cloudwatch/alarm": 4}
    assert monitored(**endpoint(scaling=scaling)) == {
        "cloudwatch/alarm": 5,
        "cloudwatch/alarm-high-resolution": 2,
    }


def test_the_observability_layer_costs_its_alarms_and_dashboards() -> None:
    anomaly = AnomalyAlarm(of="fraud", metric="Invocations")
    plain = monitored(**endpoint(), observability=Observability())
    banded = monitored(**endpoint(), observability=Observability(anomalies={"odd": anomaly}))
    assert plain["cloudwatch/dashboard"] == 1
    assert plain["cloudwatch/alarm"] > 4
    # A band has two edges, which count as metrics.
    assert banded["cloudwatch/alarm"] == plain["cloudwatch/alarm"] + 3
    assert "cloudwatch/dashboard" not in monitored(
        **endpoint(), observability=Observability(dashboard=False)
    )


def test_the_addresses_of_nat_gateways_cost_unless_they_exist() -> None:
    network = Network(cidr="10.20.0.0/16", availability_zones=2, nat="per_zone")
    lines = estimate(Environment(context=CONTEXT, network=network), price_table()).lines
    (address,) = (line for line in lines if line.usage.key == "vpc/public-ipv4")
    assert address.usage.amount == Amount(2, 2, 2)
    assert address.monthly is not None
    assert address.monthly.expected == pytest.approx(2 * 0.005 * 730)


METRIC = {"metric_name": "Errors", "namespace": "AWS/Lambda", "period": 60, "stat": "Sum"}
RESOURCES: dict[str, tuple[dict[str, Any], dict[str, float | None]]] = {
    "aws_cloudwatch_metric_alarm.one": ({"period": 60}, {"cloudwatch/alarm": 1}),
    "aws_cloudwatch_metric_alarm.fast": ({"period": 10}, {"cloudwatch/alarm-high-resolution": 1}),
    "aws_cloudwatch_metric_alarm.math": (
        {
            # As the state has what is not set.
            "period": 0,
            "metric_query": [
                {"expression": "a/b", "metric": []},
                {"metric": [METRIC]},
                {"metric": [METRIC]},
            ],
        },
        {"cloudwatch/alarm": 2},
    ),
    "aws_cloudwatch_metric_alarm.odd": (
        {"metric_query": [{"expression": "ANOMALY_DETECTION_BAND(m, 2)"}, {"metric": [METRIC]}]},
        {"cloudwatch/alarm": 3},
    ),
    "aws_cloudwatch_composite_alarm.c": ({}, {"cloudwatch/alarm-composite": 1}),
    "aws_cloudwatch_dashboard.d": ({}, {"cloudwatch/dashboard": 1}),
    "aws_eip.e": ({}, {"vpc/public-ipv4": 1}),
    "aws_appautoscaling_policy.p": (
        {"target_tracking_scaling_policy_configuration": [{"target_value": 1}]},
        {"cloudwatch/alarm": 2},
    ),
    "aws_appautoscaling_policy.s": ({"step_scaling_policy_configuration": [{}]}, {}),
    "aws_wafv2_web_acl.w": (
        {"rule": [{}, {}]},
        {"waf/web-acl": 1, "waf/rule": 2, "waf/request": None},
    ),
}


def test_what_watches_in_a_plan_of_any_project_is_counted_and_has_a_price() -> None:
    for address, (values, expected) in RESOURCES.items():
        plan = read_plan(plan_of(changed(address, ["create"], None, values)))
        found = planned(plan, "after")
        assert {each.key: each.amount and each.amount.minimum for each in found} == expected, (
            address
        )
        for region in ("eu-west-1", "ap-southeast-4"):
            lines = price_table().estimate(region, found).not_priced
            # How many requests there will be is not known, what one costs is.
            assert not [each for each in lines if each.price is None], (address, region)


def test_what_costs_the_same_everywhere_is_not_taken_for_china_or_govcloud() -> None:
    table = price_table()
    assert table.price("eu-west-1", "waf/web-acl") is not None
    assert table.price("us-gov-west-1", "waf/web-acl") is None
    assert table.price("cn-north-1", "waf/web-acl") is None
    assert "everywhere" not in table.regions()
