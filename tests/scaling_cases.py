"""One Scaling for each kind of target, with every policy that the kind takes."""

from __future__ import annotations

from typing import Any

from inferform import (
    BacklogPerInstance,
    CloudWatchMetric,
    ConcurrentRequests,
    CpuUtilization,
    CustomMetric,
    GpuMemoryUtilization,
    GpuUtilization,
    InvocationsPerCopy,
    InvocationsPerInstance,
    MemoryUtilization,
    MetricMath,
    ModelLatency,
    ProvisionedConcurrencyUtilization,
    RequestsPerTarget,
    Scaling,
    Scheduled,
    Step,
    StepScaling,
    TargetTracking,
    office_hours,
    scale_to_zero,
)
from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    LAMBDA,
    REALTIME,
    SERVERLESS,
    Kind,
)

DIMENSIONS = {
    "EndpointName": "${aws_sagemaker_endpoint.fraud.name}",
    "VariantName": "primary",
    "InferenceComponentName": "fraud",
    "ClusterName": "${aws_ecs_cluster.fraud.name}",
    "ServiceName": "${aws_ecs_service.fraud.name}",
    "LoadBalancer": "${aws_lb.fraud.arn_suffix}",
    "TargetGroup": "${aws_lb_target_group.fraud.arn_suffix}",
    "FunctionName": "${aws_lambda_function.fraud.function_name}",
    "Resource": "${aws_lambda_function.fraud.function_name}:live",
}
BUSY = CloudWatchMetric(
    namespace="Fraud/Model", name="BusyWorkers", own_dimensions=True, dimensions={"pool": "main"}
)
CUSTOM = CustomMetric(metric=BUSY, target=8)
MATH = MetricMath(
    expression="busy / FILL(size, 1)",
    metrics={"busy": BUSY, "size": CloudWatchMetric(namespace="Fraud/Model", name="Workers")},
    target=0.75,
)
ONE_MORE = [Step(lower=0, change=1)]
PERCENT = StepScaling(
    metric=CUSTOM,
    adjustment="PercentChangeInCapacity",
    minimum_change=2,
    steps=[Step(lower=0, upper=4, change=20), Step(lower=4, change=50)],
    cooldown_seconds=120,
    missing_data="notBreaching",
    name="surge",
)
DOWN = StepScaling(
    metric=MATH,
    adjustment="ExactCapacity",
    comparison="LessThanThreshold",
    steps=[Step(upper=0, change=1)],
    evaluation_periods=15,
    datapoints_to_alarm=12,
    name="idle",
)


def tracking(*metrics: Any) -> list[TargetTracking]:
    return [TargetTracking(metric=metric) for metric in metrics]


SCHEDULES = (
    *office_hours("Europe/Berlin", min_capacity=2, max_capacity=6),
    Scheduled(
        name="launch",
        schedule="at(2026-12-01T09:00:00)",
        timezone="America/New_York",
        min_capacity=4,
        max_capacity=8,
    ),
    Scheduled(
        name="refresh",
        schedule="rate(12 hours)",
        start="2026-12-01T00:00:00Z",
        end="2027-01-01T00:00:00Z",
        max_capacity=8,
    ),
)

CASES: dict[str, tuple[Kind, str, str | None, Scaling]] = {
    "realtime": (
        REALTIME,
        "endpoint/${aws_sagemaker_endpoint.fraud.name}/variant/primary",
        "ml.g5.12xlarge",
        Scaling(
            min_capacity=1,
            max_capacity=8,
            policies=[
                *tracking(
                    InvocationsPerInstance(requests_per_second=20, safety_factor=0.7),
                    ConcurrentRequests(requests=5),
                    CpuUtilization(percent=60),
                    MemoryUtilization(percent=75),
                    GpuUtilization(percent=70),
                    GpuMemoryUtilization(percent=80),
                    ModelLatency(p90_latency_ms=250),
                    CUSTOM,
                    MATH,
                ),
                StepScaling(
                    metric=ModelLatency(average_latency_ms=500),
                    steps=[Step(lower=0, upper=250, change=1), Step(lower=250, change=3)],
                ),
                StepScaling(
                    metric=ModelLatency(p90_latency_ms=900), steps=ONE_MORE, name="slow-tail"
                ),
                StepScaling(
                    metric=GpuUtilization(percent=90),
                    steps=[Step(lower=0, upper=5, change=1), Step(lower=5, change=2)],
                ),
                StepScaling(
                    metric=ConcurrentRequests(requests=8), steps=ONE_MORE, period_seconds=10
                ),
                PERCENT,
                DOWN,
            ],
            schedules=SCHEDULES,
        ),
    ),
    "asynchronous": (
        ASYNCHRONOUS,
        "endpoint/${aws_sagemaker_endpoint.fraud.name}/variant/primary",
        None,
        scale_to_zero(BacklogPerInstance(requests=5), max_capacity=5),
    ),
    "serverless": (
        SERVERLESS,
        "endpoint/${aws_sagemaker_endpoint.fraud.name}/variant/primary",
        None,
        Scaling(
            max_capacity=10,
            policies=[
                *tracking(ProvisionedConcurrencyUtilization(utilization=0.7)),
                StepScaling(
                    metric=ProvisionedConcurrencyUtilization(utilization=0.9), steps=ONE_MORE
                ),
            ],
            schedules=SCHEDULES[:2],
        ),
    ),
    "component": (
        COMPONENT,
        "inference-component/fraud",
        None,
        scale_to_zero(ConcurrentRequests(requests=4), max_capacity=6).replace(
            policies=[
                *scale_to_zero(ConcurrentRequests(requests=4), max_capacity=6).policies,
                *tracking(
                    InvocationsPerCopy(requests_per_second=3),
                    CpuUtilization(percent=60),
                    MemoryUtilization(percent=60),
                    GpuUtilization(percent=60),
                    GpuMemoryUtilization(percent=60),
                ),
            ]
        ),
    ),
    "ecs": (
        ECS_SERVICE,
        "service/${aws_ecs_cluster.fraud.name}/${aws_ecs_service.fraud.name}",
        None,
        Scaling(
            min_capacity=0,
            max_capacity=8,
            policies=[
                *tracking(
                    CpuUtilization(percent=60),
                    MemoryUtilization(percent=75, high_resolution=True),
                    RequestsPerTarget(requests_per_second=10),
                    CUSTOM,
                    MATH,
                ),
                StepScaling(metric=CpuUtilization(percent=85), steps=ONE_MORE),
                StepScaling(metric=RequestsPerTarget(requests_per_second=20), steps=ONE_MORE),
                PERCENT,
            ],
            schedules=SCHEDULES,
            suspended=["scale-in"],
        ),
    ),
    "lambda": (
        LAMBDA,
        "function:${aws_lambda_function.fraud.function_name}:live",
        None,
        Scaling(
            max_capacity=10,
            policies=tracking(ProvisionedConcurrencyUtilization(), CUSTOM),
            schedules=SCHEDULES[:2],
        ),
    ),
}
