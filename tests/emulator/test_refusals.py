"""What AWS refuses or keeps and moto does not: each with the legal neighbour that it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


def refused(error: Any) -> tuple[str, str]:
    """Code and message of an error."""
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


# CloudWatch


ALARM = {
    "MetricName": "Invocation5XXErrors",
    "Namespace": "AWS/SageMaker",
    "Statistic": "Average",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 1.0,
    "Period": 60,
    "EvaluationPeriods": 1,
}


def test_an_alarm_that_a_composite_names_is_not_deleted(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    for name in ("errors", "latency", "other"):
        cloudwatch.put_metric_alarm(AlarmName=name, **ALARM)
    rule = 'ALARM("errors") OR ALARM(latency)'
    cloudwatch.put_composite_alarm(AlarmName="bad", AlarmRule=rule)
    for name in ("errors", "latency"):
        with pytest.raises(ClientError) as error:
            cloudwatch.delete_alarms(AlarmNames=["other", name])
        assert refused(error) == (
            "ValidationError",
            f"Cannot delete {name} as there are composite alarm(s) depending on it.",
        )
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 3
    cloudwatch.delete_alarms(AlarmNames=["other"])
    cloudwatch.delete_alarms(AlarmNames=["bad"])
    cloudwatch.delete_alarms(AlarmNames=["errors", "latency"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_one_composite_alarm_is_deleted_at_a_time(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="errors", **ALARM)
    for name in ("first", "second"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="ALARM(errors)")
    with pytest.raises(ClientError) as error:
        cloudwatch.delete_alarms(AlarmNames=["first", "second"])
    assert refused(error)[0] == "ValidationError"
    assert "at most one composite alarm" in refused(error)[1]
    for name in ("first", "second"):
        cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


def test_an_alarm_has_five_actions_at_most(client: Client, account: str) -> None:
    cloudwatch = client("cloudwatch")
    topics = [f"arn:aws:sns:us-east-1:{account}:topic-{n}" for n in range(6)]
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_alarm(AlarmName="errors", **ALARM, OKActions=topics)
    code, message = refused(error)
    assert code == "ValidationError"
    assert "at 'okActions' failed to satisfy constraint: Member must have length" in message
    cloudwatch.put_metric_alarm(AlarmName="errors", **ALARM, OKActions=topics[:5])


@pytest.mark.parametrize(
    ("period", "periods", "said"),
    [
        (300, 288, ""),
        (300, 289, "across more than a day (EvaluationPeriods * Period must be <= 86400)"),
        (3600, 168, ""),
        (3600, 169, "across more than a week (EvaluationPeriods * Period must be <= 604800)"),
    ],
)
def test_an_alarm_looks_back_a_day_or_a_week(
    client: Client, period: int, periods: int, said: str
) -> None:
    given = {**ALARM, "Period": period, "EvaluationPeriods": periods}
    put = client("cloudwatch").put_metric_alarm
    if not said:
        put(AlarmName="errors", **given)
        return
    with pytest.raises(ClientError) as error:
        put(AlarmName="errors", **given)
    assert refused(error) == ("ValidationError", f"Metrics cannot be checked {said}")


def math(count: int, *, returned: int = 1) -> dict[str, Any]:
    """An alarm over so many metrics, which returns so many values."""
    metrics = [
        {
            "Id": f"m{number}",
            "ReturnData": number < returned - 1,
            "MetricStat": {
                "Metric": {"Namespace": "n", "MetricName": f"m{number}"},
                "Period": 300,
                "Stat": "Sum",
            },
        }
        for number in range(count)
    ]
    total = {"Id": "all", "Expression": "SUM(METRICS())", "ReturnData": returned > 0}
    kept = {name: ALARM[name] for name in ("ComparisonOperator", "Threshold", "EvaluationPeriods")}
    return {**kept, "Metrics": [total, *metrics]}


@pytest.mark.parametrize(
    ("given", "good", "said"),
    [
        (math(11), math(10), "at most 10 metrics"),
        (
            math(2, returned=0),
            math(2),
            "Exactly one element of the metrics list should return data.",
        ),
        (
            math(2, returned=2),
            math(2),
            "Exactly one element of the metrics list should return data.",
        ),
        (
            {**math(1), "EvaluationPeriods": 289},
            {**math(1), "EvaluationPeriods": 288},
            "across more than a day",
        ),
        (
            {**ALARM, "DatapointsToAlarm": 2},
            {**ALARM, "DatapointsToAlarm": 1},
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
        ),
    ],
)
def test_what_aws_refuses_of_an_alarm(
    client: Client, given: dict[str, Any], good: dict[str, Any], said: str
) -> None:
    put = client("cloudwatch").put_metric_alarm
    with pytest.raises(ClientError) as error:
        put(AlarmName="errors", **given)
    assert refused(error)[0] == "ValidationError"
    assert said in refused(error)[1]
    put(AlarmName="errors", **good)


def test_a_band_scales_nothing(client: Client, account: str) -> None:
    put = client("cloudwatch").put_metric_alarm
    made = math(1, returned=2)
    made["Metrics"][0] = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m0, 2)"}
    del made["Threshold"]
    banded = {
        **made,
        "ComparisonOperator": "GreaterThanUpperThreshold",
        "ThresholdMetricId": "band",
    }
    policy = (
        f"arn:aws:autoscaling:us-east-1:{account}:scalingPolicy:1:resource/sagemaker/a:policyName/b"
    )
    with pytest.raises(ClientError, match="Auto Scaling"):
        put(AlarmName="errors", **banded, AlarmActions=[policy])
    put(AlarmName="errors", **banded, AlarmActions=[f"arn:aws:sns:us-east-1:{account}:alerts"])


def test_a_composite_alarm_is_over_a_hundred_alarms(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    names = [f"errors-{number}" for number in range(101)]
    for name in names:
        cloudwatch.put_metric_alarm(AlarmName=name, **ALARM)

    def put(names: list[str]) -> None:
        rule = " OR ".join(f"ALARM({name})" for name in names)
        cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule=rule)

    with pytest.raises(ClientError, match="more than 100 alarms"):
        put(names)
    put(names[:100])


def test_a_dashboard_has_widgets_of_the_types_that_there_are(client: Client) -> None:
    cloudwatch = client("cloudwatch")

    def put(*widgets: dict[str, Any]) -> None:
        body = json.dumps({"widgets": widgets})
        cloudwatch.put_dashboard(DashboardName="all", DashboardBody=body)

    text = {"type": "text", "properties": {"markdown": "a"}}
    for wrong, path, said in (
        ({"type": "graph", "properties": {}}, "type", "allowed values"),
        ({"type": "metric", "properties": {}}, "properties", "required property 'metrics'"),
        ({"type": "alarm", "properties": {}}, "properties", "required property 'alarms'"),
    ):
        with pytest.raises(ClientError) as error:
            put(text, wrong)
        assert refused(error)[0] == "InvalidParameterInput"
        assert f'"/widgets/1/{path}"' in refused(error)[1]
        assert said in refused(error)[1]
    put(text, {"type": "metric", "properties": {"metrics": [["n", "m"]], "region": "us-east-1"}})


# Budgets, logs, queues


def test_a_budgets_limit_can_be_changed(client: Client, account: str) -> None:
    budgets = client("budgets")
    budget = {
        "BudgetName": "inference",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    }
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
    }
    subscriber = {"SubscriptionType": "EMAIL", "Address": "owner@example.com"}
    told = {"Notification": notification, "Subscribers": [subscriber]}
    budgets.create_budget(AccountId=account, Budget=budget, NotificationsWithSubscribers=[told])
    limit = {"Amount": "250", "Unit": "USD"}
    budgets.update_budget(AccountId=account, NewBudget={**budget, "BudgetLimit": limit})
    named = {"AccountId": account, "BudgetName": "inference"}
    assert budgets.describe_budget(**named)["Budget"]["BudgetLimit"] == limit
    assert len(budgets.describe_notifications_for_budget(**named)["Notifications"]) == 1
    with pytest.raises(ClientError) as error:
        budgets.update_budget(AccountId=account, NewBudget={**budget, "BudgetName": "ghost"})
    assert refused(error)[0] == "NotFoundException"


def adjusting(periods: int, **more: Any) -> dict[str, Any]:
    options = {"BudgetAdjustmentPeriod": periods, **more}
    return {
        "BudgetName": "adjusting",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "AutoAdjustData": {"AutoAdjustType": "HISTORICAL", "HistoricalOptions": options},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        adjusting(13),
        {**adjusting(5), "TimeUnit": "QUARTERLY"},
        adjusting(3, LookBackAvailablePeriods=2),
        {**adjusting(3), "BudgetLimit": {"Amount": "100", "Unit": "USD"}},
        {**adjusting(3), "AutoAdjustData": None},
    ],
)
def test_a_budget_that_adjusts_itself_is_given_no_amount(
    client: Client, account: str, wrong: dict[str, Any]
) -> None:
    budgets = client("budgets")
    wrong = {key: value for key, value in wrong.items() if value is not None}
    with pytest.raises(ClientError) as error:
        budgets.create_budget(AccountId=account, Budget=wrong)
    assert refused(error)[0] == "InvalidParameterException"
    budgets.create_budget(AccountId=account, Budget=adjusting(12))
    with pytest.raises(ClientError) as error:
        budgets.update_budget(AccountId=account, NewBudget=wrong)
    assert refused(error)[0] == "InvalidParameterException"


def test_a_metric_filter_is_changed_and_not_repeated(client: Client) -> None:
    logs = client("logs")
    for group in ("a", "b"):
        logs.create_log_group(logGroupName=group)
    metric = {"metricName": "errors", "metricNamespace": "serving", "metricValue": "1"}

    def put(group: str, pattern: str) -> None:
        logs.put_metric_filter(
            logGroupName=group,
            filterName="errors",
            filterPattern=pattern,
            metricTransformations=[metric],
        )

    put("a", "ERROR")
    put("b", "ERROR")
    put("a", "FATAL")
    found = logs.describe_metric_filters()["metricFilters"]
    patterns = {each["logGroupName"]: each["filterPattern"] for each in found}
    assert (len(found), patterns) == (2, {"a": "FATAL", "b": "ERROR"})


def test_a_queue_keeps_its_policy_when_something_else_is_set(client: Client) -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def kept() -> str | None:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        policy: str | None = found.get("Policy")
        return policy

    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "60"})
    assert json.loads(kept() or "{}")["Statement"] == [statement]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert kept() is None


# SageMaker


@pytest.fixture
def sagemaker(client: Client) -> Any:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="fraud",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/serve",
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"},
    )
    return sagemaker


SCALING = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}
VARIANT = {"VariantName": "main", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def test_instances_are_managed_for_inference_components_alone(sagemaker: Any) -> None:
    with pytest.raises(ClientError) as error:
        sagemaker.create_endpoint_config(
            EndpointConfigName="fraud",
            ProductionVariants=[
                {**VARIANT, "ModelName": "fraud", "ManagedInstanceScaling": SCALING}
            ],
        )
    assert refused(error) == (
        "ValidationException",
        "ManagedInstanceScaling is only supported for inference component endpoints.",
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="components",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/serve",
        ProductionVariants=[{**VARIANT, "ManagedInstanceScaling": SCALING}],
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="fraud", ProductionVariants=[{**VARIANT, "ModelName": "fraud"}]
    )


def test_a_variant_has_a_model_or_its_configuration_a_role(sagemaker: Any) -> None:
    with pytest.raises(ClientError) as error:
        sagemaker.create_endpoint_config(EndpointConfigName="none", ProductionVariants=[VARIANT])
    assert refused(error)[0] == "ValidationException"
    assert "ExecutionRoleArn" in refused(error)[1]


# Step Functions


GOOD = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}


def test_a_state_machine_starts_with_a_state_that_it_has(client: Client, account: str) -> None:
    states = client("stepfunctions")
    named = {"name": "nightly", "roleArn": f"arn:aws:iam::{account}:role/run"}
    bad = json.dumps({**GOOD, "StartAt": "Sleep"})
    with pytest.raises(ClientError) as error:
        states.create_state_machine(**named, definition=bad)
    code, message = refused(error)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: ")
    arn = states.create_state_machine(**named, definition=json.dumps(GOOD))["stateMachineArn"]
    with pytest.raises(ClientError, match="InvalidDefinition"):
        states.update_state_machine(stateMachineArn=arn, definition=bad)
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(GOOD))


# ECS


def test_fargate_needs_a_role_to_pull_from_ecr(client: Client, account: str) -> None:
    ecs = client("ecs")

    def register(image: str, **fields: str) -> None:
        ecs.register_task_definition(
            family="fraud",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "model", "image": image}],
            **fields,
        )

    image = f"{account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
    with pytest.raises(ClientError) as error:
        register(image)
    assert refused(error) == (
        "ClientException",
        "Fargate requires task definition to have execution role ARN to support ECR images.",
    )
    register(image, executionRoleArn=f"arn:aws:iam::{account}:role/pull")
    register("public.ecr.aws/nginx/nginx:1.27")


# Every service


def test_a_part_that_the_emulator_lacks_is_told_from_an_operation(client: Client) -> None:
    events = client("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["tests"]}))
    target = {"Id": "1", "Arn": "arn:aws:batch:us-east-1:123456789012:job-queue/jobs"}
    events.put_targets(Rule="all", Targets=[target])
    entry = {"Source": "tests", "DetailType": "t", "Detail": "{}"}
    with pytest.raises(ClientError) as error:
        events.put_events(Entries=[entry])
    code, message = refused(error)
    assert code == "UnknownOperationException"
    assert message.startswith("the emulator does not have all of events PutEvents")
