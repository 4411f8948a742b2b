"""The observability layer on the emulator: one deploy, on which its alarms are fed and heard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import inferform
from inferform import (
    AdjustingBudget,
    AnomalyAlarm,
    AsyncEndpoint,
    Audit,
    Budget,
    CompositeAlarm,
    Context,
    CostAnomalies,
    CpuUtilization,
    DataProtection,
    EcsOutputs,
    EcsService,
    Environment,
    Fargate,
    Inference,
    LambdaFunction,
    LogAnomalies,
    LogMetric,
    Logs,
    Model,
    Notify,
    Observability,
    RealtimeEndpoint,
    Scaling,
    ServerlessEndpoint,
    ServiceAlarms,
    SlackChannel,
    Slo,
    TargetTracking,
    TeamsChannel,
)
from inferform.ecs.containers import ContainerHealth, ContainerOptions
from inferform.observability.alarms import Alarm, find_alarms
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops import alarms as operations
from ops.aws import Aws
from ops.state import State
from ops.terraform import Stack, stacks
from ops.verify import verify_at
from tests import emulators
from tests.specs.kinds import BASE, EXAMPLES

from .hosting import CONTEXT, Hosting, client, hosting

MODEL = Model(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1")
FRAUD = RealtimeEndpoint(
    model=MODEL,
    instance_type="ml.g5.12xlarge",
    scaling=Scaling(max_capacity=3, policies=[TargetTracking(metric=CpuUtilization(percent=60))]),
)
LATE = AsyncEndpoint(model=MODEL, instance_type="ml.m5.large")
OTHERS: dict[str, Any] = {
    "warm": ServerlessEndpoint(
        model=MODEL, memory_mib=2048, max_concurrency=5, provisioned_concurrency=1
    ),
}
TEAM = TeamsChannel(
    tenant="0a1b2c3d-1111-2222-3333-444455556666",
    team="1a1b2c3d-1111-2222-3333-444455556666",
    channel="19%3A0123456789abcdef%40thread.tacv2",
)
TENANT = "9a1b2c3d-1111-2222-3333-444455556666"
"""The tenant in which that team is found to be."""

LATE_TEAM = TEAM.replace(team="3a1b2c3d-1111-2222-3333-444455556666")
SPEC = Observability(
    notify=Notify(
        emails=["a@example.com", "b@example.com"],
        https=["https://events.example.com/integration/0123/enqueue"],
        slack={
            "oncall": SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23"),
            "late": SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC24"),
        },
        teams={"oncall": TEAM, "late": LATE_TEAM},
    ),
    budget=Budget(usd_per_month=500),
    cost_anomalies=CostAnomalies(usd=50),
    logs=Logs(
        metrics={
            "timeouts": LogMetric(pattern='?"timed out" ?timeout', of=["fraud"], alarm_above=2),
            "slow": LogMetric(
                pattern="{ $.seconds > 3 }", of=["fraud"], value="$.seconds", default_value=0
            ),
        },
        anomalies=LogAnomalies(of=["fraud"]),
        protection=DataProtection(of=["fraud"], identifiers=["EmailAddress"]),
    ),
    audit=Audit(of=["fraud"], readers=[f"arn:aws:iam::{CONTEXT.account}:role/auditor"]),
    slos={"up": Slo(of="fraud", objective_percent=99.5)},
    anomalies={"traffic": AnomalyAlarm(of="late", metric="InvocationsProcessed")},
    composites={"all": CompositeAlarm(alarms=["*/memory"], unless=["anomaly/*"])},
)
Resources = dict[tuple[str, str], list[Any]]
"""The attributes of each resource of a state, by its type and name."""

_BUCKET = "a setting of the bucket of the trail, which is always the same"
UNCHANGED = {
    "aws_cloudwatch_event_target": "its text changes where the first chat channel comes, or the last one goes",
    "aws_iam_role_policy": "what AWS Chatbot may read is always the same",
    "aws_kms_alias": "a key that comes instead of another has an alias of its own",
    "aws_s3_bucket_ownership_controls": _BUCKET,
    "aws_s3_bucket_public_access_block": _BUCKET,
    "aws_s3_bucket_server_side_encryption_configuration": _BUCKET,
    "aws_s3_bucket_versioning": _BUCKET,
    "aws_sns_topic_policy": "it has the name of the topic alone",
}
"""Why a type has nothing that another Spec changes."""

GROUP = "/aws/sagemaker/Endpoints/kinds-dev-use1-fraud"
START = 1_900_000_800
"""A minute, and an hour, in which the feeding begins."""


def asked(
    hosted: Hosting, spec: Observability, context: Context = CONTEXT, **endpoints: Any
) -> Environment:
    tasks = EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048),
        container=ContainerOptions(health=ContainerHealth(command=["CMD", "true"])),
    )
    return Environment(
        context=context,
        network=hosted.network,
        registry=hosted.registry,
        ecs=EcsOutputs(
            cluster_name="theirs",
            capacity_providers={},
            listener_arns={},
            load_balancer_suffixes={},
            load_balancer_groups={},
        ),
        inference=Inference(
            endpoints={"fraud": FRAUD, **OTHERS, **endpoints},
            services={"tasks": tasks},
            functions={"quick": LambdaFunction(model=MODEL, provisioned_concurrency=1)},
        ),
        observability=spec,
    )


def stack_of(hosted: Hosting, environment: Environment) -> Stack:
    from inferform.layers import program

    program.synthesize([environment], target=EMULATOR, outdir=hosted.folder)
    (found,) = [each for each in stacks(hosted.folder) if each.name.endswith("observability")]
    return found


def apply(hosted: Hosting, environment: Environment) -> Resources:
    """Deploy, and see that nothing is left to do; what there is then."""
    stack = stack_of(hosted, environment)
    hosted.terraform(stack, "apply", "-auto-approve", "-no-color")
    hosted.terraform(stack, "plan", "-detailed-exitcode", "-no-color")
    state = json.loads(hosted.terraform(stack, "state", "pull"))
    return {
        (each["type"], each["name"]): [made["attributes"] for made in each["instances"]]
        for each in state["resources"]
        if each["mode"] == "managed"
    }


def hearing(hosted: Hosting, environment: Environment, aws: Aws) -> dict[str, str]:
    """Whether each receiver hears, as `inferform verify` says."""
    stack = stack_of(hosted, environment)
    state = State(json.loads(hosted.terraform(stack, "state", "pull")), "1", None)
    addresses = [each for each in state.resources if each.startswith("aws_sns_topic")]
    found = verify_at(environment, aws, state, addresses)
    return {each.subject: each.outcome for each in found}


def types(resources: Iterable[tuple[str, str]]) -> set[str]:
    return {kind for kind, _ in resources}


def unchanged(*after_each_other: Resources) -> set[str]:
    """The types of which no resource was changed, or replaced by another of its address."""
    changed = {
        place
        for before, after in pairwise(after_each_other)
        for place in before.keys() & after.keys()
        if before[place] != after[place]
    }
    return types(after_each_other[0]) - types(changed)


def types_of_the_layer(folder: Path) -> set[str]:
    """Every resource type that an observability layer of an example has."""
    from inferform.layers import program

    found: set[str] = set()
    for name, text in EXAMPLES.items():
        if "observability=" not in text:
            continue
        environment: Environment = eval(f"Environment({BASE + text})", dict(vars(inferform)))
        program.synthesize([environment], outdir=folder / name)
        for stack in stacks(folder / name):
            if stack.name.endswith("observability"):
                found |= set(stack.content["resource"])
    return found


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator for each test, as all have the same names."""
    with emulators.serve() as running:
        yield running


def listening(emulator: Emulator) -> Iterator[list[Any]]:
    """What the topic tells, in pieces: all since the last time that somebody asked."""
    sqs, sns = client(emulator, "sqs"), client(emulator, "sns")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    given = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic = CONTEXT.arn("sns", "kinds-dev-use1-alerts")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=given["QueueArn"])
    while True:
        found = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"])["Message"] for message in got]
            for message in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        yield found


def told(messages: list[Any], state: str) -> set[str]:
    """The alarms that came to a state, of what was heard."""
    read = [json.loads(message) for message in messages]
    return {each["AlarmName"] for each in read if each["NewStateValue"] == state}


def in_chats(messages: list[Any]) -> dict[str, str]:
    """What AWS Chatbot shows of one message, which it would drop in another form."""
    (message,) = map(json.loads, messages)
    assert (message["version"], message["source"]) == ("1.0", "custom")
    content: dict[str, str] = message["content"]
    return content


def feed(cloudwatch: Any, alarm: Alarm, at: int, *, bad: bool) -> None:
    """A value on either side of an alarm's limit, for each period that it looks at."""
    for term in alarm.terms:
        if alarm.expression:
            # A share of all, or what is missing to all: none of it bad, or all of it.
            value = (
                100.0
                if term.id == "all"
                else (100.0 if bad == ("100 *" in alarm.expression) else 0)
            )
            if not bad and "100 *" not in alarm.expression:
                value = 100.0
        else:
            value = alarm.threshold * 1.5 + 1e-3 if bad else alarm.threshold / 2
        for index in range(alarm.periods):
            cloudwatch.put_metric_data(
                Namespace=term.metric.namespace,
                MetricData=[
                    {
                        "MetricName": term.metric.name,
                        "Timestamp": at - alarm.period * (alarm.periods - 1 - index),
                        "Value": value,
                        "Dimensions": [
                            {"Name": name, "Value": str(each)}
                            for name, each in term.dimensions.items()
                        ],
                    }
                ],
            )


def failing_hour(cloudwatch: Any) -> None:
    """400 requests that fail."""
    cloudwatch.put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "Invocation5XXErrors",
                "Timestamp": START + 10_800,
                "Values": [1.0],
                "Counts": [400],
                "Dimensions": [
                    {"Name": "EndpointName", "Value": "kinds-dev-use1-fraud"},
                    {"Name": "VariantName", "Value": "primary"},
                ],
            }
        ],
    )


def roll_back(emulator: Emulator, *endpoints: str) -> None:
    """What SageMaker tells of endpoints that roll back."""
    for name in endpoints:
        detail = {"EndpointName": name, "EndpointStatus": "ROLLING_BACK"}
        client(emulator, "events").put_events(
            Entries=[
                {
                    "Source": "aws.sagemaker",
                    "DetailType": "SageMaker Endpoint State Change",
                    "Detail": json.dumps(detail),
                }
            ]
        )


def rule_of_all(cloudwatch: Any) -> str:
    """The rule of the composite alarm `all`."""
    (rule,) = [
        str(each["AlarmRule"])
        for each in cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        if each["AlarmName"].endswith("composite-all")
    ]
    return rule


def logged(emulator: Emulator) -> dict[str, float]:
    """What is counted of some events that are written now."""
    logs, cloudwatch = client(emulator, "logs"), client(emulator, "cloudwatch")
    logs.create_log_stream(logGroupName=GROUP, logStreamName="primary/i-1")
    now = int(datetime.now(UTC).timestamp() * 1000)
    lines = ["ready", "request timed out", '{"seconds": 4.5}', '{"seconds": 1}']
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="primary/i-1",
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )
    return {
        name: sum(
            each["Sum"]
            for each in cloudwatch.get_metric_statistics(
                Namespace="inferform/dev-use1",
                MetricName=f"endpoint/fraud/{name}",
                StartTime=datetime.fromtimestamp(now / 1000 - 120, UTC),
                EndTime=datetime.fromtimestamp(now / 1000 + 120, UTC),
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
        )
        for name in ("timeouts", "slow")
    }


def audited(emulator: Emulator) -> list[str]:
    """The endpoints whose calls the trail keeps."""
    (selector,) = client(emulator, "cloudtrail").get_event_selectors(
        TrailName="kinds-dev-use1-audit"
    )["AdvancedEventSelectors"]
    return next(
        each["Equals"] for each in selector["FieldSelectors"] if each["Field"] == "resources.ARN"
    )


def told_of_logs_and_money(emulator: Emulator) -> dict[str, Any]:
    """What the services have of metric filters, masks, detectors and unusual spending."""
    logs, explorer = client(emulator, "logs"), client(emulator, "ce")
    budgets = client(emulator, "budgets")
    mask = logs.get_data_protection_policy(logGroupIdentifier=GROUP).get("policyDocument", "{}")
    return {
        "filters": [
            each["filterPattern"]
            for each in logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
        ],
        "masked": [
            name.rpartition("/")[2]
            for each in json.loads(mask).get("Statement", ())[1:]
            for name in each["DataIdentifier"]
        ],
        "detectors": [
            (each["evaluationFrequency"], each["anomalyVisibilityTime"])
            for each in logs.list_log_anomaly_detectors()["anomalyDetectors"]
        ],
        "told": [
            (each["Frequency"], each["Subscribers"][0]["Address"])
            for each in explorer.get_anomaly_subscriptions()["AnomalySubscriptions"]
        ],
        "monitors": len(explorer.get_anomaly_monitors()["AnomalyMonitors"]),
        "budgets": [
            (notified["NotificationType"], notified["Threshold"])
            for each in budgets.describe_budgets(AccountId=CONTEXT.account).get("Budgets", [])
            for notified in budgets.describe_notifications_for_budget(
                AccountId=CONTEXT.account, BudgetName=each["BudgetName"]
            )["Notifications"]
        ],
        "trails": len(client(emulator, "cloudtrail").describe_trails()["trailList"]),
    }


def chats(emulator: Emulator) -> list[set[tuple[str, str]]]:
    """The channels of Slack with their workspaces, and those of Microsoft Teams with their tenants."""
    chatbot = client(emulator, "chatbot")
    slack = chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]
    teams = chatbot.list_microsoft_teams_channel_configurations()["TeamChannelConfigurations"]
    return [
        {(each["SlackTeamId"], each["SlackChannelId"]) for each in slack},
        {(each["TenantId"], each["ChannelId"]) for each in teams},
    ]


def amounts(
    hosted: Hosting, environment: Environment, aws: Aws, made: Resources
) -> tuple[str, str, list[int | None]]:
    """What `inferform verify` says of the budget, and how Terraform's state has it."""
    stack = stack_of(hosted, environment)
    state = State(json.loads(hosted.terraform(stack, "state", "pull")), "1", None)
    (address,) = (each for each in state.resources if each.startswith("aws_budgets_budget"))
    (found,) = verify_at(environment, aws, state, [address])
    (budget,) = (
        attributes
        for (kind, _), each in made.items()
        if kind == "aws_budgets_budget"
        for attributes in each
    )
    months = [
        options["budget_adjustment_period"]
        for data in budget["auto_adjust_data"]
        for options in data["historical_options"]
    ]
    return found.outcome, found.found, months


def test_a_budget_that_adjusts_itself_becomes_a_fixed_one_and_back(
    emulator: Emulator, tmp_path: Path
) -> None:
    hosted = hosting(emulator, tmp_path / "stack")
    client(emulator, "logs").create_log_group(logGroupName=GROUP)
    aws = Aws(CONTEXT, emulator=emulator)
    alone = asked(hosted, Observability())
    said = amounts(hosted, alone, aws, apply(hosted, alone))
    assert said == ("skipped", "has no month yet to take the average of", [3])

    # A new month has another amount, which is no change of anybody's.
    emulator.control(
        *("POST", "budgets/month"),
        {"budget": "kinds-dev-use1-month", "usd": [0, 90, 30], "account": CONTEXT.account},
    )
    hosted.terraform(stack_of(hosted, alone), "plan", "-detailed-exitcode", "-no-color")
    said = amounts(hosted, alone, aws, apply(hosted, alone))
    assert said == ("passed", "watches $60.00 a month, the average of months: 2", [3])

    longer = asked(hosted, Observability(budget=AdjustingBudget(months=12)))
    assert amounts(hosted, longer, aws, apply(hosted, longer))[2] == [12]
    fixed = asked(hosted, Observability(budget=Budget(usd_per_month=500)))
    said = amounts(hosted, fixed, aws, apply(hosted, fixed))
    assert said == ("passed", "watches $500.00 a month", [])
    back = amounts(hosted, alone, aws, apply(hosted, alone))
    assert back == ("passed", "watches $60.00 a month, the average of months: 2", [3])
    assert told_of_logs_and_money(emulator)["budgets"] == [("ACTUAL", 120), ("FORECASTED", 120)]

    none = apply(hosted, asked(hosted, Observability(budget=None)))
    assert "aws_budgets_budget" not in types(none)
    assert told_of_logs_and_money(emulator)["budgets"] == []
    apply(hosted, alone)
    hosted.terraform(stack_of(hosted, alone), "destroy", "-auto-approve", "-no-color")
    assert_nothing_is_left(emulator)


def assert_nothing_is_left(emulator: Emulator) -> None:
    cloudwatch = client(emulator, "cloudwatch")
    left = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert [*left["CompositeAlarms"], *left["MetricAlarms"]] == []
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
    assert client(emulator, "events").list_rules()["Rules"] == []
    assert client(emulator, "logs").describe_query_definitions()["queryDefinitions"] == []
    assert not any(told_of_logs_and_money(emulator).values())
    assert chats(emulator) == [set(), set()]


def sound_and_end(
    emulator: Emulator, environment: Environment, aws: Aws, heard: Iterator[list[Any]]
) -> None:
    """Feed every alarm with good values, bad ones and good ones again."""
    cloudwatch = client(emulator, "cloudwatch")
    found = find_alarms(environment)
    judged = [each for each in found.alarms if each.tells and each.band is None]
    labels = {each.key.rpartition("/")[2] for each in judged}
    # Every kind of default alarm that needs no number of the user's, and no load balancer.
    assert labels == {
        "server-errors", "client-errors", "overhead", "memory", "disk", "gpu-memory",
        "behind-cpu", "saturation", "spillover", "backlog-age", "expired-requests",
        "unread-requests", "unwritten-answers", "throttled", "log-timeouts", "log-anomalies",
    }  # fmt: skip

    # 1. Good values set off nothing.
    for alarm in judged:
        feed(cloudwatch, alarm, START, bad=False)
    assert told(next(heard), "ALARM") == set()
    read = {each.key: each for each in operations.read(environment, aws)}
    assert {read[each.key].state for each in judged} == {"OK"}

    # 2. Bad ones do, and the topic hears of each alarm and of the one over those of memory.
    for alarm in judged:
        feed(cloudwatch, alarm, START + 3600, bad=True)
    loud = told(next(heard), "ALARM")
    assert {each.name for each in judged} <= loud
    assert "kinds-dev-use1-composite-all" in loud
    paged = emulator.control("POST", "events/calls", {"account": CONTEXT.account})["calls"]
    assert loud <= told([each["body"] for each in paged], "ALARM")
    states = operations.read(environment, aws)
    assert [each.state for each in states[: len(judged)]] == ["ALARM"] * len(judged)
    errors = next(each for each in states if each.key == "endpoint/fraud/primary/server-errors")
    assert "Threshold Crossed" in errors.why
    assert "roll the last release back" in errors.do

    # 3. They are over with good values again.
    for alarm in judged:
        feed(cloudwatch, alarm, START + 7200, bad=False)
    assert {each.name for each in judged} <= told(next(heard), "OK")


def stricter(spec: Observability, hosted: Hosting) -> Observability:
    """Other values of everything that a Spec may change."""
    return spec.replace(
        notify=Notify(
            emails=["b@example.com"],
            slack={
                "people": SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23"),
                "late": SlackChannel(workspace="T07EA999999", channel="C07EZ1ABC24"),
            },
            teams={
                "people": TEAM.replace(channel="19%3A9999999999999999%40thread.tacv2"),
                "late": LATE_TEAM.replace(tenant=TENANT),
            },
            kms_key=hosted.registry.kms_key_arn,
            ok=False,
        ),
        budget=Budget(usd_per_month=750, warn_at_percent=[90], forecast_at_percent=None),
        cost_anomalies=CostAnomalies(usd=75, often="weekly", emails=["finance@example.com"]),
        logs=Logs(
            metrics={
                "timeouts": LogMetric(
                    pattern="{ $.error = TIMEOUT }", of=["fraud"], dimensions={"model": "$.model"}
                )
            },
            anomalies=LogAnomalies(of=["fraud"], minutes=5, shown_days=30, pattern="ERROR"),
            protection=DataProtection(
                of=["fraud"], identifiers=["EmailAddress"], own={"CustomerId": "C-[0-9]+"}
            ),
        ),
        audit=Audit(keep_days=30),
        alarms=ServiceAlarms(server_error_percent=0.5, latency_ms=100),
    )


def test_alarms_sound_when_they_are_fed_and_their_topic_hears(
    emulator: Emulator, tmp_path: Path
) -> None:
    hosted = hosting(emulator, tmp_path / "stack")
    client(emulator, "logs").create_log_group(logGroupName=GROUP)
    aws = Aws(CONTEXT, emulator=emulator)
    topic = "kinds-dev-use1-alerts"
    alone = asked(hosted, Observability(), late=LATE)
    apply(hosted, alone)
    assert hearing(hosted, alone, aws) == {topic: "skipped"}
    both = asked(hosted, SPEC, late=LATE)
    first = apply(hosted, both)
    assert types(first) >= types_of_the_layer(tmp_path / "examples")
    heard = listening(emulator)
    next(heard)
    assert hearing(hosted, both, aws) == {
        topic: "passed",
        "a@example.com": "failed",
        "b@example.com": "failed",
        "events.example.com": "passed",
    }
    confirmed = {"topic": topic, "endpoint": "b@example.com"}
    emulator.control("POST", "sns/confirmed", {**confirmed, "account": CONTEXT.account})
    sound_and_end(emulator, both, aws, heard)
    cloudwatch = client(emulator, "cloudwatch")

    # 4. An hour in which every request fails uses up the budget too fast.
    failing_hour(cloudwatch)
    assert {f"kinds-dev-use1-slo-up-{label}" for label in ("fast", "slow", "ticket")} <= told(
        next(heard), "ALARM"
    )

    # 5. A rollback is told, of this environment alone.
    roll_back(emulator, "kinds-dev-use1-fraud", "kinds-prod-use1-fraud")
    said = in_chats(next(heard))
    assert said["title"] == "SageMaker endpoint kinds-dev-use1-fraud: ROLLING_BACK"
    assert "SageMaker endpoint kinds-dev-use1-fraud is ROLLING_BACK" in said["description"]

    # 6. What is written in a log counts, and the calls of that endpoint alone are kept.
    assert logged(emulator) == {"timeouts": 1, "slow": 4.5}
    assert audited(emulator) == [CONTEXT.arn("sagemaker", "endpoint/kinds-dev-use1-fraud")]

    # 7. A service goes away with its alarms, of which a composite alarm names one.
    fewer = SPEC.replace(anomalies={}, composites={"all": CompositeAlarm(alarms=["*/memory"])})
    second = apply(hosted, asked(hosted, fewer))
    assert "late" not in rule_of_all(cloudwatch)

    # 8. Other limits are changed in place. Of the chats, two are renamed, which changes nothing of where they are,
    # and two move on.
    strict = stricter(fewer, hosted)
    last = asked(hosted, strict, CONTEXT.replace(owner="risk"))
    third = apply(hosted, last)
    # Who is left hears on, and is not asked again.
    assert hearing(hosted, last, aws) == {topic: "passed", "b@example.com": "passed"}
    assert unchanged(first, second, third) == set(UNCHANGED)

    assert chats(emulator) == [
        {("T07EA123LEP", "C07EZ1ABC23"), ("T07EA999999", "C07EZ1ABC24")},
        {(TEAM.tenant, "19%3A9999999999999999%40thread.tacv2"), (TENANT, LATE_TEAM.channel)},
    ]
    (budget,) = client(emulator, "budgets").describe_budgets(AccountId=CONTEXT.account)["Budgets"]
    assert float(budget["BudgetLimit"]["Amount"]) == 750
    assert budget["CostFilters"] == {"TagKeyValue": ["user:environment$dev-use1"]}

    assert told_of_logs_and_money(emulator) == {
        "filters": ["{ $.error = TIMEOUT }"],
        "masked": ["EmailAddress", "CustomerId"],
        "detectors": [("FIVE_MIN", 30)],
        "told": [("WEEKLY", "finance@example.com")],
        "monitors": 1,
        "budgets": [("ACTUAL", 90)],
        "trails": 1,
    }

    # 9. Nothing is left.
    hosted.terraform(
        stack_of(hosted, asked(hosted, strict)), "destroy", "-auto-approve", "-no-color"
    )
    assert_nothing_is_left(emulator)
