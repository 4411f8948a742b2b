"""Every alarm and every scaling policy watches a metric that its target publishes. Needs no Node."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    AsyncEndpoint,
    CloudWatchMetric,
    CustomMetric,
    EndpointAlarms,
    MetricMath,
    Model,
    RealtimeEndpoint,
    Scaling,
    SpecError,
    Step,
    StepScaling,
    TargetTracking,
)
from inferform.alarms.published import LISTED, TARGET_GROUP
from inferform.alarms.spec import WATCHED
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
from inferform.scaling.metrics import METRICS, Source, Tracked

PUBLISHED = sorted(
    {
        (each.namespace, each.name)
        for kind in KINDS
        for each in kind.publishes.metrics
        if each.namespace in LISTED
    }
)
WHERE = [
    "policies.0.metric.metric.name",
    "policies.1.metric.metrics.m1.name",
    "policies.2.metric.metric.name",
]


def scaled(metric: CloudWatchMetric) -> Scaling:
    """Scaling by what people named themselves, in each way: tracked, in steps and in a formula."""
    custom = CustomMetric(metric=metric, target=1)
    formula = MetricMath(expression="m1 * 2", metrics={"m1": metric}, target=1)
    return Scaling(
        max_capacity=2,
        policies=[
            TargetTracking(metric=custom),
            TargetTracking(metric=formula),
            StepScaling(metric=custom, steps=[Step(lower=0, change=1)]),
        ],
    )


def refused(metric: CloudWatchMetric, kind: Kind) -> list[str]:
    problems = [str(problem) for problem in scaled(metric).problems_for(kind)]
    return [problem for problem in problems if "[ALM12]" in problem]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_metric_is_taken_where_the_kind_publishes_it_and_nowhere_else(kind: Kind) -> None:
    own = {(each.namespace, each.name) for each in kind.publishes.metrics}
    for namespace, name in PUBLISHED:
        metric = CloudWatchMetric(namespace=namespace, name=name, own_dimensions=True)
        paths = [problem.partition(":")[0] for problem in refused(metric, kind)]
        if (namespace, name) in own:
            assert paths == [], name
            continue
        # Lambda has no step scaling, which another rule says.
        assert paths == WHERE[: 3 if kind.step_scaling else 2], name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_metrics_of_the_house_are_published_by_their_kinds(kind: Kind) -> None:
    for metric in METRICS:
        source = metric.sources.get(kind)
        if source is not None:
            tables = (kind.publishes, *((TARGET_GROUP,) if kind is ECS_SERVICE else ()))
            found = [table.find(source.namespace, source.name) for table in tables]
            assert source in [Source.of(each) for each in found if each], metric
        elif source is None and issubclass(metric, Tracked) and metric.sources:
            assert kind not in metric.predefined, metric


@pytest.mark.parametrize(
    ("kind", "name", "instead"),
    [
        (ASYNCHRONOUS, "Invocations", "InvocationsProcessed"),
        (ASYNCHRONOUS, "InvocationsPerInstance", "ApproximateBacklogSizePerInstance"),
        (ASYNCHRONOUS, "OverheadLatency", "TotalProcessingTime"),
        (REALTIME, "InvocationsProcessed", "Invocations"),
        (REALTIME, "InvocationsPerCopy", "InvocationsPerInstance"),
        (SERVERLESS, "Invocations5XXErrors", "Invocation5XXErrors"),
        (COMPONENT, "InvocationsPerInstance", "InvocationsPerCopy"),
    ],
)
def test_the_message_names_what_the_kind_publishes_instead(
    kind: Kind, name: str, instead: str
) -> None:
    metric = CloudWatchMetric(namespace="AWS/SageMaker", name=name, own_dimensions=True)
    message = refused(metric, kind)[0]
    assert f"{name} is never published by {kind.name}; use " in message
    assert instead in message


def test_the_message_names_the_namespace_that_has_the_metric() -> None:
    metric = CloudWatchMetric(namespace="AWS/SageMaker", name="CPUUtilization", own_dimensions=True)
    assert "it is in /aws/sagemaker/Endpoints" in refused(metric, REALTIME)[0]
    metric = metric.replace(name="DiskUtilization")
    assert "nor is anything else in AWS/SageMaker" in refused(metric, ECS_SERVICE)[0]


def test_another_endpoint_may_be_followed_by_whatever_any_kind_publishes() -> None:
    other = {"EndpointName": "acme-dev-use1-other", "VariantName": "primary"}
    metric = CloudWatchMetric(namespace="AWS/SageMaker", name="Invocations", dimensions=other)
    assert refused(metric, ASYNCHRONOUS) == []
    message = refused(metric.replace(name="Invocation5xxErrors"), ASYNCHRONOUS)[0]
    assert "by any endpoint or inference component; use Invocation5XXErrors" in message


@pytest.mark.parametrize("namespace", ["Fraud", "AWS/ECS", "AWS/SQS"])
def test_what_is_published_elsewhere_is_not_judged(namespace: str) -> None:
    metric = CloudWatchMetric(namespace=namespace, name="Anything", own_dimensions=True)
    for kind in KINDS:
        assert refused(metric, kind) == []


def test_a_metric_of_a_job_is_not_judged_as_one_of_an_endpoint() -> None:
    metric = CloudWatchMetric(
        namespace="AWS/SageMaker", name="ExecutionStarted", dimensions={"PipelineName": "train"}
    )
    assert refused(metric, REALTIME) == []


def test_a_metric_by_endpoint_alone_gets_that_dimension_alone() -> None:
    age = CloudWatchMetric(
        namespace="AWS/SageMaker", name="ApproximateAgeOfOldestRequest", own_dimensions=True
    )
    assert age.as_source(ASYNCHRONOUS).dimensions == ("EndpointName",)
    failures = age.replace(name="InvocationFailures")
    assert failures.as_source(ASYNCHRONOUS).dimensions == ("EndpointName", "VariantName")


@pytest.mark.parametrize(
    ("kind", "sound"),
    [
        (REALTIME, True),
        (ASYNCHRONOUS, True),
        (SERVERLESS, True),
        (COMPONENT, False),
        (ECS_SERVICE, False),
        (LAMBDA, False),
    ],
    ids=lambda value: getattr(value, "name", value),
)
@pytest.mark.parametrize(("alarm", "metric"), WATCHED.items())
def test_a_rollback_alarm_is_taken_where_the_variant_publishes_its_metric(
    kind: Kind, sound: bool, alarm: str, metric: str
) -> None:
    fields = {"5xx": "server_error_percent", "4xx": "client_error_percent"}
    field = fields.get(alarm, "model_latency_ms")
    none: dict[str, Any] = dict.fromkeys(fields.values())
    alarms = EndpointAlarms(**{**none, field: 2})
    problems = [str(problem) for problem in alarms.problems_for(kind.publishes, kind.name)]
    if sound:
        assert problems == []
    else:
        (problem,) = problems
        assert problem.startswith(f"{field}: {metric} is never published by ")


def test_an_endpoint_refuses_what_it_never_publishes() -> None:
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
    invocations = CloudWatchMetric(
        namespace="AWS/SageMaker", name="Invocations", statistic="Sum", own_dimensions=True
    )
    given: dict[str, Any] = {"model": Model(image=image), "instance_type": "ml.m5.large"}
    RealtimeEndpoint(**given, scaling=scaled(invocations))
    with pytest.raises(SpecError) as caught:
        AsyncEndpoint(**given, scaling=scaled(invocations))
    assert {problem.rule for problem in caught.value.problems} == {"ALM12"}
