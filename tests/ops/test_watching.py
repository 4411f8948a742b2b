"""What was measured and logged of a service, read from the emulator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from inferform import (
    Apis,
    AsyncEndpoint,
    BatchTransform,
    Context,
    EksCluster,
    EksService,
    Environment,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    Kubernetes,
    LambdaFunction,
    Model,
    Network,
    Observability,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    Throttle,
)
from ops import alarms, logs, metrics
from ops.aws import Aws
from ops.dashboard import draw, read
from ops.errors import BadInputError, OperatorError
from ops.services import find, find_watched

CONTEXT = Context(
    organization="watch", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
ENVIRONMENT = Environment(
    context=CONTEXT,
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={"fraud": Repository()}),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
            "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
        },
        functions={"quick": LambdaFunction(model=MODEL, timeout_seconds=25)},
    ),
    eks=EksCluster(version="1.35"),
    kubernetes=Kubernetes(
        services={"pods": EksService(model=MODEL, compute=Pod(vcpu=1.0, memory_mib=2048))}
    ),
    observability=Observability(),
)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def aws(emulator: Any) -> Aws:
    return Aws(CONTEXT, emulator=emulator)


def fed(aws: Aws, name: str, *values: float) -> None:
    dimensions = [
        {"Name": "EndpointName", "Value": "watch-dev-use1-fraud"},
        {"Name": "VariantName", "Value": "primary"},
    ]
    cloudwatch: Any = aws.client("cloudwatch")
    for index, value in enumerate(reversed(values)):
        cloudwatch.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {
                    "MetricName": name,
                    "Value": value,
                    "Timestamp": NOW - timedelta(minutes=1 + index),
                    "Dimensions": dimensions,
                }
            ],
        )


def test_what_was_measured_is_in_the_units_of_the_dashboard_and_can_be_drawn(
    aws: Aws, tmp_path: Path
) -> None:
    fed(aws, "Invocations", 10, 30, 20)
    fed(aws, "Invocation5XXErrors", 0, 0.5, 0.25)
    fraud = find(ENVIRONMENT, "fraud")
    measured = metrics.read(ENVIRONMENT, fraud, aws, minutes=60, now=NOW)
    by_label = {each.label: each for each in measured}
    assert [value for _, value in by_label["Invocations"].points] == [10, 30, 20]
    assert by_label["Invocation5XXErrors"].last == 25
    assert by_label["MemoryUtilization"].last is None

    file = tmp_path / "recorded.json"
    file.write_text(json.dumps(metrics.recorded(measured)))
    assert "Invocation5XXErrors <b>25</b>" in draw(ENVIRONMENT, read(file)).text
    metrics.draw(measured, tmp_path / "fraud.png", title="fraud")
    assert (tmp_path / "fraud.png").read_bytes().startswith(b"\x89PNG")


def test_an_http_api_is_measured_by_the_id_that_api_gateway_gives(aws: Aws) -> None:
    throttle = Throttle(requests_per_second=10, burst=20)
    front = HttpApi(routes={"/invocations": HttpRoute(service="quick")}, throttle=throttle)
    environment = ENVIRONMENT.replace(apis=Apis(http={"front": front}))
    subject = find_watched(environment, "front")
    unknown = metrics.read(environment, subject, aws, minutes=60, now=NOW)
    assert not any(each.known for each in unknown)
    gateway: Any = aws.any_client("apigatewayv2")
    made = gateway.create_api(Name="watch-dev-use1-front", ProtocolType="HTTP")
    cloudwatch: Any = aws.client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="AWS/ApiGateway",
        MetricData=[
            {
                "MetricName": "5xx",
                "Value": 3,
                "Timestamp": NOW - timedelta(minutes=5),
                "Dimensions": [
                    {"Name": "ApiId", "Value": made["ApiId"]},
                    {"Name": "Stage", "Value": "$default"},
                ],
            }
        ],
    )
    measured = metrics.read(environment, subject, aws, minutes=60, now=NOW)
    gateway.delete_api(ApiId=made["ApiId"])
    assert {each.label: each.last for each in measured if each.points} == {"5xx": 3}


def test_a_spark_stands_where_something_was_measured() -> None:
    assert metrics.spark([(0, 0), (5, 5), (9, 10)], 10, width=10) == "▁    ▄   █"
    assert metrics.spark([], 10, width=3) == "   "


def test_a_service_of_which_cloudwatch_has_nothing_is_bad_input(aws: Aws) -> None:
    pods = find(ENVIRONMENT, "pods")
    with pytest.raises(BadInputError, match="has no metrics of eks/pods"):
        metrics.read(ENVIRONMENT, pods, aws, minutes=60, now=NOW)
    with pytest.raises(BadInputError, match="logs of eks/pods are not in CloudWatch"):
        logs.read(pods, aws, text="", since=timedelta(hours=1), now=NOW.timestamp())


def test_the_log_of_a_service_is_read_by_a_saved_query_and_secrets_are_hidden(aws: Aws) -> None:
    client: Any = aws.client("logs")
    group = "/aws/sagemaker/Endpoints/watch-dev-use1-fraud"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="primary/i-1")
    # CloudWatch Logs takes no events that are older than 14 days.
    now = int(datetime.now(UTC).timestamp())
    for message in ("ready", "password=hunter2hunter2 \x1b[31mred"):
        client.put_log_events(
            logGroupName=group,
            logStreamName="primary/i-1",
            logEvents=[{"timestamp": (now - 60) * 1000, "message": message}],
        )
    fraud = find(ENVIRONMENT, "fraud")
    lines = logs.read(
        fraud,
        aws,
        text="fields @timestamp, @message",
        since=timedelta(hours=1),
        now=now,
        wait=lambda _: None,
    )
    text = json.dumps([dict(zip(lines.columns, row, strict=True)) for row in lines.rows])
    assert "ready" in text
    assert "hunter2" not in text
    assert not any("\x1b" in cell for row in lines.rows for cell in row)


def test_the_log_of_a_batch_transform_is_that_of_its_jobs(aws: Aws) -> None:
    batch = ENVIRONMENT.replace(
        inference=Inference(
            batch={"nightly": BatchTransform(model=MODEL, instance_type="ml.m5.large")}
        )
    )
    nightly, client = find(batch, "nightly"), cast("Any", aws.client("logs"))
    now = int(datetime.now(UTC).timestamp())

    def lines() -> list[str]:
        read = logs.read(
            nightly,
            aws,
            text="fields @message",
            since=timedelta(hours=1),
            now=now,
            wait=lambda _: None,
        )
        return [cell for row in read.rows for cell in row]

    with pytest.raises(BadInputError, match="no job of batch/nightly has run yet"):
        lines()
    group = "/aws/sagemaker/TransformJobs"
    client.create_log_group(logGroupName=group)
    for job, message in (
        ("watch-dev-use1-nightly-0a1b", "scored"),
        ("another-0a1b", "secret of another"),
    ):
        client.create_log_stream(logGroupName=group, logStreamName=f"{job}/i-1")
        client.put_log_events(
            logGroupName=group,
            logStreamName=f"{job}/i-1",
            logEvents=[{"timestamp": (now - 60) * 1000, "message": message}],
        )
    asked: list[str] = []
    start = client.start_query

    def noted(**given: Any) -> Any:
        asked.append(given["queryString"])
        return start(**given)

    client.start_query = noted
    try:
        assert any("scored" in cell for cell in lines())
    finally:
        client.start_query = start
        client.delete_log_group(logGroupName=group)
    assert asked == ["filter @logStream like /^(watch-dev-use1-nightly)-/ | fields @message"]


def test_a_log_that_is_not_there_is_named(aws: Aws) -> None:
    with pytest.raises(OperatorError, match=r"there is no log group \S+/lambda/quick") as told:
        logs.read(
            find(ENVIRONMENT, "quick"),
            aws,
            text="fields @message",
            since=timedelta(hours=1),
            now=1e9,
        )
    assert "inferform show dev-use1 lambda/quick" in told.value.hint


def test_queries_are_those_of_the_kind() -> None:
    quick, fraud = find(ENVIRONMENT, "quick"), find(ENVIRONMENT, "fraud")
    assert "REPORT" in logs.query_text(quick, "cold-starts")
    with pytest.raises(BadInputError, match="has no query cold-starts"):
        logs.query_text(fraud, "cold-starts")
    with pytest.raises(BadInputError, match="did you mean errors"):
        logs.query_text(fraud, "erors")


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "1w", "-1h", "1.5h"])
def test_a_span_that_is_none_is_bad_input(text: str) -> None:
    with pytest.raises(BadInputError, match="--since must be such as"):
        logs.span(text)


def test_spans_are_minutes_hours_and_days() -> None:
    assert logs.span("90m") == timedelta(minutes=90)
    assert logs.span(" 2d ") == timedelta(days=2)


def test_alarms_that_are_not_deployed_are_said_to_be_so(aws: Aws) -> None:
    states = alarms.read(ENVIRONMENT, aws)
    assert {each.state for each in states} == {"not deployed"}
    assert all(each.do for each in states)


def test_the_alarms_that_roll_an_update_back_are_shown_by_their_names(aws: Aws) -> None:
    without = ENVIRONMENT.replace(observability=None)
    fraud = find(without, "fraud")
    own = {
        name.value
        for name in fraud.spec.names(fraud.place)
        if name.kind == "aws_cloudwatch_metric_alarm"
    }
    assert len(own) == 2
    sounding = min(own)
    client: Any = aws.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=sounding,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(AlarmName=sounding, StateValue="ALARM", StateReason="bad release")
    states = alarms.read(without, aws)
    assert own <= {each.key for each in states}
    assert (states[0].key, states[0].state, states[0].why) == (sounding, "ALARM", "bad release")
    assert "endpoint/fraud, variant primary" in states[0].says
    assert own <= {each.key for each in alarms.read(ENVIRONMENT, aws)}
    client.delete_alarms(AlarmNames=[sounding])
    alone = without.replace(inference=None, eks=None, kubernetes=None)
    with pytest.raises(BadInputError, match="has no alarms"):
        alarms.read(alone, aws)
