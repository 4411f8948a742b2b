"""Who is told, and alarms over alarms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..aws import Aws
from ..plan import Action, Change, Plan
from ..told import RiskRule, Severity
from . import weaker
from .finding import given, pairs
from .policies import narrows, resource_policy
from .reasons import part, resource
from .record import Existing, Found, Not, Values, risk

# Recover


def _find_composite(aws: Aws, values: Values) -> Iterator[Existing]:
    cloudwatch = aws.client("cloudwatch")
    name = given(values, "alarm_name")
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    for alarm in found["CompositeAlarms"]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        yield Existing(name, pairs(tags))


def _find_dashboard(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "dashboard_name")
    aws.client("cloudwatch").get_dashboard(DashboardName=name)
    yield Existing(name, {}, own_name=True)


def _find_topic(aws: Aws, values: Values) -> Iterator[Existing]:
    sns: Any = aws.any_client("sns")
    arn = aws.context.arn("sns", given(values, "name"))
    sns.get_topic_attributes(TopicArn=arn)
    yield Existing(arn, pairs(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]))


def _find_chat(aws: Aws, values: Values) -> Iterator[Existing]:
    chatbot: Any = aws.any_client("chatbot")
    name = given(values, "configuration_name")
    found = chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]
    for each in found:
        if each["ConfigurationName"] == name:
            arn = each["ChatConfigurationArn"]
            tags = chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"]
            yield Existing(arn, pairs(tags))


# Risks


@risk(
    RiskRule(
        "TELL1",
        Severity.MEDIUM,
        "somebody is no longer told of alarms",
        advice="check that others hear: the other subscriptions of the topic",
    )
)
def _hears_no_more(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action is Action.DELETE:
        yield f"{change.before.get('endpoint') or 'a receiver'} hears nothing any more"


KINDS = (
    resource(
        "aws_cloudwatch_composite_alarm",
        "composite alarm",
        _find_composite,
        name=Not("CloudWatch does not refuse the name of an alarm that exists"),
        uses=Not("an alarm costs cents; the assumptions of an estimate say so"),
        quotas=Not("no environment comes near 5,000 alarms, the quota of a Region"),
        risks=weaker.ALARM,
    ),
    resource(
        "aws_cloudwatch_dashboard",
        "dashboard",
        _find_dashboard,
        name=Not("PutDashboard replaces the dashboard of that name"),
    ),
    resource(
        "aws_sns_topic",
        "SNS topic",
        _find_topic,
        name=Not("SNS gives the topic of that name that exists"),
        risks=resource_policy(),
        settings={"kms_master_key_id": "encryption by your key"},
    ),
    part(
        "aws_sns_topic_policy",
        "policy of a topic",
        "aws_sns_topic",
        "SetTopicAttributes replaces the policy that is there",
        risks=(*resource_policy(), narrows()),
    ),
    part(
        "aws_sns_topic_subscription",
        "subscription of a topic",
        "aws_sns_topic",
        "Subscribe gives the subscription of that receiver that exists",
        risks=(_hears_no_more,),
    ),
    resource(
        "aws_chatbot_slack_channel_configuration",
        "chat channel",
        _find_chat,
        name="configuration_name",
    ),
)
