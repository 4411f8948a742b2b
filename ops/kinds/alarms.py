"""CloudWatch: alarms and log groups."""

from __future__ import annotations

from collections.abc import Iterator

from inferform.usage import Usage, alarm_usage

from ..aws import Aws
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import RiskRule, Severity
from . import weaker
from .finding import given, pairs
from .reasons import resource
from .record import Existing, Found, Not, Values, risk

# Cost


def _metrics(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """An alarm, by the metrics that it looks at; the two edges of a band count as metrics."""
    values = change.at(side)
    queries = values.get("metric_query") or ()
    metrics = [query for query in queries if dig(query, "metric")]
    banded = any("ANOMALY_DETECTION_BAND" in str(dig(query, "expression")) for query in queries)
    own = (dig(query, "metric", "period") for query in metrics)
    # A state has 0 for a period that is not set.
    periods = [number(period, 60) or 60 for period in (values.get("period"), *own)]
    yield alarm_usage(max(1, len(metrics)) + (2 if banded else 0), fast=min(periods) < 60)


# Recover


def _find_alarm(aws: Aws, values: Values) -> Iterator[Existing]:
    cloudwatch = aws.client("cloudwatch")
    name = given(values, "alarm_name")
    for alarm in cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        yield Existing(name, pairs(tags))


def _find_log_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    arn = aws.context.arn("logs", f"log-group:{name}")
    yield Existing(name, aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"])


# Risks


@risk(
    RiskRule(
        "SEC3",
        Severity.LOW,
        "logs are kept for a shorter time or not at all",
        advice="check that nobody has to keep them; export them first if so",
    )
)
def _shorter_logs(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("retention_in_days")
    if change.action is Action.DELETE and not change.before.get("skip_destroy"):
        yield "is deleted with the events that it holds", Severity.MEDIUM
    elif change.action is Action.UPDATE and after and (not before or after < before):
        yield f"keeps events {after} days (was {before or 'for ever'})"


METRIC_ALARM = "aws_cloudwatch_metric_alarm"

KINDS = (
    resource(
        METRIC_ALARM,
        "alarm",
        _find_alarm,
        name=Not("CloudWatch does not refuse the name of an alarm that exists"),
        uses=_metrics,
        quotas=Not("no environment comes near 5,000 alarms, the quota of a Region"),
        story=Not("it is told with the rollout that it guards"),
        risks=weaker.ALARM,
        verify=Not("an alarm that rolls back is found by the service's own configuration"),
    ),
    resource(
        "aws_cloudwatch_log_group",
        "log group",
        _find_log_group,
        name="name",
        uses=Not("it is billed by what is written and stored"),
        quotas=Not("no environment comes near a million log groups, the quota of a Region"),
        story=Not("no request depends on it"),
        risks=(_shorter_logs,),
        settings={"kms_key_id": "encryption by your key"},
        verify=Not("what writes to it works without it, too"),
    ),
)

UNLISTED_PRICES = {
    r"cloudwatch/(alarm.*|dashboard)": "alarms and dashboards have units of their own in the Price "
    "List; see aws.amazon.com/cloudwatch/pricing",
}
