"""Who is told, and alarms over alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from inferform.usage import MONITORING, Usage, exactly

from ..aws import Aws
from ..checks import check
from ..plan import Action, Change, Plan, Side
from ..told import RiskRule, Severity
from . import weaker
from .finding import given, pairs
from .policies import resource_policy
from .reasons import part, resource
from .record import Estimator, Existing, Finding, Found, Not, Values, risk
from .synthesis import Resource, Synthesis

COST_TAG = check(
    "PRE25",
    "cost-allocation tag",
    command="preflight",
    why="AWS Budgets counts what has a tag only where whoever pays the bill has activated it; the budget "
    "stays at zero otherwise, and tells nobody.",
    fix="Activate the tag once in the account that pays; it takes up to a day and shows no past.",
    source="AWS Billing user guide, activating user-defined cost allocation tags",
)

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


def _find_budget(aws: Aws, values: Values) -> Iterator[Existing]:
    budgets: Any = aws.any_client("budgets")
    account, name = aws.context.account, given(values, "name")
    budgets.describe_budget(AccountId=account, BudgetName=name)
    arn = f"arn:{aws.context.partition}:budgets::{account}:budget/{name}"
    tags = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    yield Existing(f"{account}:{name}", pairs(tags))


def _find_query(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    logs = aws.client("logs")
    found = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    for each in found:
        if each["name"] == name:
            # An import wants its ARN.
            arn = aws.context.arn("logs", f"query-definition:{each['queryDefinitionId']}")
            yield Existing(arn, {}, own_name=True)


# Preflight


def _tag_is_active(synthesis: Synthesis, resources: Sequence[Resource]) -> Iterator[Finding]:
    """Whether whoever pays the bill has activated the tag that the budget counts by."""
    context = synthesis.environment.context
    key = context.tag_key("environment")
    explorer: Any = synthesis.aws.any_client("ce")
    try:
        found = explorer.list_cost_allocation_tags(TagKeys=[key], Type="UserDefined")
    except ClientError as error:
        yield Finding(
            COST_TAG, key, "skipped", f"cannot be read: {error.response['Error']['Code']}"
        )
        return
    states = {each["TagKey"]: each["Status"] for each in found["CostAllocationTags"]}
    if states.get(key) == "Active":
        yield Finding(COST_TAG, key, "passed", "is an active cost-allocation tag")
        return
    said = "is not active" if key in states else "is not known as a cost-allocation tag"
    fix = (
        "activate it in the Billing console of the account that pays (Cost allocation tags), or by aws ce "
        f"update-cost-allocation-tags-status --cost-allocation-tags-status TagKey={key},Status=Active"
    )
    yield Finding(COST_TAG, key, "failed", f"{said}, so that the budget sees nothing", fix)


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


# Cost


def _one(key: str) -> Estimator:
    def uses(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
        yield Usage(MONITORING, key, exactly(1))

    return uses


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
        uses=_one("cloudwatch/alarm-composite"),
        quotas=Not("no environment comes near 5,000 alarms, the quota of a Region"),
        risks=weaker.ALARM,
    ),
    resource(
        "aws_cloudwatch_dashboard",
        "dashboard",
        _find_dashboard,
        name=Not("PutDashboard replaces the dashboard of that name"),
        uses=_one("cloudwatch/dashboard"),
    ),
    resource(
        "aws_budgets_budget",
        "budget",
        _find_budget,
        name="name",
        preflight=_tag_is_active,
    ),
    resource(
        "aws_cloudwatch_query_definition",
        "saved query",
        _find_query,
        name=Not("CloudWatch Logs takes two of one name"),
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
        risks=resource_policy(),
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
