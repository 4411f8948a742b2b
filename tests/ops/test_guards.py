"""Alarms that roll something back are looked for before an apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import (
    Canary,
    Context,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    Image,
    Inference,
    LambdaFunction,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    Rolling,
)
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.preflight import preflight

Synthesize = Callable[..., dict[str, dict[str, Any]]]


def test_an_alarm_that_a_rollout_names_exists_or_is_missing_whatever_is_rolled_out(
    aws: Aws, context: Context, synthesize: Synthesize
) -> None:
    model = Model(image=Image(repository="fraud", tag="1"))
    made = Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(),
        inference=Inference(
            endpoints={
                "hosted": RealtimeEndpoint(
                    model=model,
                    instance_type="ml.m5.large",
                    rollout=Canary(alarm_names=["sales", "of-endpoint"]),
                )
            },
            functions={
                "light": LambdaFunction(
                    model=model, rollout=Canary(alarm_names=["sales", "of-function"])
                )
            },
            services={
                "tasks": EcsService(
                    model=model,
                    compute=Fargate(cpu=256, memory_mib=512),
                    rollout=Rolling(alarm_names=["of-service"]),
                )
            },
        ),
    )
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="sales",
        Namespace="shop",
        MetricName="Sales",
        Period=60,
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )
    found = preflight(made, synthesize(made, target=EMULATOR), aws)
    said = {(each.subject, each.outcome) for each in found if each.check.id == "PRE42"}
    # Those that Inferform makes with them are not looked for.
    assert said == {
        ("sales", "passed"),
        ("of-endpoint", "failed"),
        ("of-function", "failed"),
        ("of-service", "failed"),
    }
