"""Who is notified, and alarms over alarms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

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
from .record import Estimator, Existing, Finding, Found, Not, Outcome, Values, Verifier, risk
from .risks import protection
from .synthesis import Resource, Synthesis

COST_TAG = check(
    "PRE25",
    "cost-allocation tag",
    command="preflight",
    why="AWS Budgets counts what has a tag only where whoever pays the bill has activated it, and so does "
    "AWS Cost Anomaly Detection; they see nothing otherwise, and tell nobody.",
    fix="Activate the tag once in the account that pays; it takes up to a day and shows no past.",
    source="AWS Billing user guide, activating user-defined cost allocation tags",
)

CHAT = check(
    "PRE61",
    "chat workspace",
    command="preflight",
    why="AWS Chatbot makes a channel of a workspace or team that an administrator has authorized alone; the "
    "apply fails otherwise.",
    fix="Authorize it once in the console of Amazon Q Developer in chat applications (AWS Chatbot).",
    source="AWS Chatbot API reference, DescribeSlackWorkspaces, ListMicrosoftTeamsConfiguredTeams",
)

HEARS = check(
    "VER7",
    "who is notified",
    command="verify",
    why="An address that nobody has confirmed hears of no alarm; AWS forgets it after 48 hours.",
    fix="Open the message from no-reply@sns.amazonaws.com and confirm the subscription.",
    source="Amazon SNS developer guide, email notifications; deleting a topic and subscription",
)

AMOUNT = check(
    "VER8",
    "budget",
    command="verify",
    why="A budget that adjusts itself is the average of past months; AWS does not say what it is before "
    "there is one, so that what it tells until then means little.",
    fix="Wait for the first whole month, or write budget=Budget(usd_per_month=...).",
    source="AWS Cost Management user guide, budget methods; API reference, HistoricalOptions",
)

_CHATS = ("aws_chatbot_slack_channel_configuration", "aws_chatbot_teams_channel_configuration")

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


def _find_filter(aws: Aws, values: Values) -> Iterator[Existing]:
    group, name = given(values, "log_group_name"), given(values, "name")
    logs = aws.client("logs")
    found = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=name)
    if any(each.get("filterName") == name for each in found["metricFilters"]):
        yield Existing(f"{group}:{name}", {}, own_name=True)


def _find_detector(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "detector_name")
    logs = aws.client("logs")
    for page in logs.get_paginator("list_log_anomaly_detectors").paginate():
        for each in page["anomalyDetectors"]:
            if each.get("detectorName") == name:
                arn = each["anomalyDetectorArn"]
                tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
                yield Existing(arn, tags)


def _find_protection(aws: Aws, values: Values) -> Iterator[Existing]:
    group = given(values, "log_group_name")
    found = aws.client("logs").get_data_protection_policy(logGroupIdentifier=group)
    if found.get("policyDocument"):
        yield Existing(group, {}, own_name=True)


def _find_monitor(aws: Aws, values: Values) -> Iterator[Existing]:
    yield from _of_explorer(aws, given(values, "name"), "Monitor")


def _find_anomaly_subscription(aws: Aws, values: Values) -> Iterator[Existing]:
    yield from _of_explorer(aws, given(values, "name"), "Subscription")


def _of_explorer(aws: Aws, name: str, what: str) -> Iterator[Existing]:
    explorer: Any = aws.any_client("ce")
    read = getattr(explorer, f"get_anomaly_{what.lower()}s")
    for each in read()[f"Anomaly{what}s"]:
        if each[f"{what}Name"] == name:
            arn = each[f"{what}Arn"]
            tags = explorer.list_tags_for_resource(ResourceArn=arn)["ResourceTags"]
            yield Existing(arn, pairs(tags))


def _find_trail(aws: Aws, values: Values) -> Iterator[Existing]:
    trails: Any = aws.any_client("cloudtrail")
    found = trails.describe_trails(trailNameList=[given(values, "name")])["trailList"]
    for each in found:
        arn = each["TrailARN"]
        listed = trails.list_tags(ResourceIdList=[arn])["ResourceTagList"]
        yield Existing(arn, pairs([tag for entry in listed for tag in entry["TagsList"]]))


# Preflight


def _tag_is_active(synthesis: Synthesis, resources: Sequence[Resource]) -> Iterator[Finding]:
    """Whether whoever pays the bill has activated the tag that budgets and monitors count by."""
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
    # Nobody has asked for the budget that an environment has without a word.
    asked = any(not each.values.get("auto_adjust_data") for each in resources)
    outcome: Outcome = "failed" if asked else "skipped"
    fix = (
        "activate it in the Billing console of the account that pays (Cost allocation tags), or by aws ce "
        f"update-cost-allocation-tags-status --cost-allocation-tags-status TagKey={key},Status=Active"
    )
    yield Finding(COST_TAG, key, outcome, f"{said}, so that nothing is counted by it", fix)


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


def _find_teams(aws: Aws, values: Values) -> Iterator[Existing]:
    chatbot: Any = aws.any_client("chatbot")
    name = given(values, "configuration_name")
    found = chatbot.list_microsoft_teams_channel_configurations()["TeamChannelConfigurations"]
    for each in found:
        if each["ConfigurationName"] == name:
            tags = chatbot.list_tags_for_resource(ResourceARN=each["ChatConfigurationArn"])["Tags"]
            # An import wants the id of its team.
            yield Existing(each["TeamId"], pairs(tags))


def _is_authorized(synthesis: Synthesis, resources: Sequence[Resource]) -> Iterator[Finding]:
    """Whether an administrator has authorized the workspace or team of each channel."""
    chatbot: Any = synthesis.aws.any_client("chatbot")
    wanted: dict[str, Callable[[], dict[str, Any]]] = {}
    for each in resources:
        if "slack_team_id" in each.values:
            wanted[f"Slack workspace {each.values['slack_team_id']}"] = partial(
                _workspaces, chatbot
            )
        else:
            team, tenant = each.values["team_id"].lower(), each.values["tenant_id"].lower()
            wanted[f"team {team} of the tenant {tenant}"] = partial(_teams, chatbot)
    for place, read in wanted.items():
        try:
            held = read()
        except ClientError as error:
            yield Finding(
                CHAT, place, "skipped", f"cannot be read: {error.response['Error']['Code']}"
            )
            continue
        if place not in held:
            yield Finding(CHAT, place, "failed", "is not authorized in this account", CHAT.fix)
        elif held[place].get("State") == "DISABLED":
            said = f"is disabled: {held[place].get('StateReason') or 'AWS says no reason'}"
            fix = "ask whoever keeps the chat applications policy of the organization"
            yield Finding(CHAT, place, "failed", said, fix)
        else:
            yield Finding(CHAT, place, "passed", "is authorized")


def _workspaces(chatbot: Any) -> dict[str, Any]:
    pages = chatbot.get_paginator("describe_slack_workspaces").paginate()
    return {
        f"Slack workspace {each['SlackTeamId']}": each
        for page in pages
        for each in page["SlackWorkspaces"]
    }


def _teams(chatbot: Any) -> dict[str, Any]:
    pages = chatbot.get_paginator("list_microsoft_teams_configured_teams").paginate()
    return {
        f"team {each['TeamId'].lower()} of the tenant {each['TenantId'].lower()}": each
        for page in pages
        for each in page["ConfiguredTeams"]
    }


# Verify


class _Topic(Verifier):
    """Whether anybody is to be notified."""

    def findings(self) -> Iterator[Finding]:
        """Somebody has subscribed, or a chat shows it."""
        sns: Any = self.run.aws.any_client("sns")
        arn = given(self.values, "arn")
        count = sum(
            len(page["Subscriptions"])
            for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        )
        # AWS Chatbot subscribes a moment after its channel is there.
        chats = [each for kind in _CHATS for each in self.run.state.of_type(kind)]
        if count or chats:
            yield self.finding(HEARS, "passed", "somebody is to be notified")
            return
        fix = 'write notify=Notify(emails=["you@example.com"]), or https, slack or teams'
        yield self.finding(HEARS, "skipped", "nobody is notified of any alarm yet", fix)

    def served(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


class _Budget(Verifier):
    """What a budget watches now."""

    def findings(self) -> Iterator[Finding]:
        """It has an amount that means something."""
        budgets: Any = self.run.aws.any_client("budgets")
        found = budgets.describe_budget(
            AccountId=self.run.aws.context.account, BudgetName=given(self.values, "name")
        )["Budget"]
        amount = found.get("BudgetLimit", {}).get("Amount", 0)
        watches = f"watches ${float(amount):,.2f} a month"
        adjusts = found.get("AutoAdjustData")
        if adjusts is None:
            yield self.finding(AMOUNT, "passed", watches)
            return
        months = adjusts.get("HistoricalOptions", {}).get("LookBackAvailablePeriods", 0)
        if months:
            yield self.finding(AMOUNT, "passed", f"{watches}, the average of months: {months}")
        else:
            said = "has no month yet to take the average of"
            yield self.finding(AMOUNT, "skipped", said, AMOUNT.fix)

    def served(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


class _Receiver(Verifier):
    """Whether who is to be notified hears."""

    @property
    def name(self) -> str:
        """The address; of a URL, whose path may hold a key, the host."""
        endpoint = str(self.values.get("endpoint"))
        return urlsplit(endpoint).hostname or endpoint

    def findings(self) -> Iterator[Finding]:
        """The subscription is there, and confirmed."""
        sns: Any = self.run.aws.any_client("sns")
        again = "deploy again: AWS forgets after 48 hours what nobody has confirmed, and then asks once more"
        try:
            found = sns.get_subscription_attributes(SubscriptionArn=given(self.values, "arn"))
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise
            yield self.finding(HEARS, "failed", "is not subscribed", again)
            return
        if found["Attributes"].get("PendingConfirmation") == "true":
            # AWS has asked only now.
            outcome: Outcome = "skipped" if self.run.applied else "failed"
            yield self.finding(HEARS, outcome, "has not confirmed, and hears nothing", HEARS.fix)
        else:
            yield self.finding(HEARS, "passed", "is confirmed")

    def served(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


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


@risk(
    RiskRule(
        "TELL4",
        Severity.MEDIUM,
        "a budget ends, rises, or has no fixed amount any more",
        advice="check with whoever pays; a budget stops nothing, and tells of what is above it alone",
    )
)
def _watches_less(plan: Plan, change: Change) -> Iterator[Found]:
    name = change.before.get("name")
    if change.action is Action.DELETE:
        yield f"nothing watches what {name} was of"
        return
    before, after = _amount(change.before), _amount(change.after)
    if before is not None and change.exists_after:
        if after is None:
            yield f"{name} watches ${before:,g} a month no more, but the average of past months"
        elif after > before:
            yield f"{name} rises from ${before:,g} to ${after:,g} a month", Severity.LOW


def _amount(values: Values) -> float | None:
    """The amount of a budget, but none that AWS has found."""
    amount = None if values.get("auto_adjust_data") else values.get("limit_amount")
    return None if amount is None else float(amount)


@risk(
    RiskRule(
        "TELL2",
        Severity.MEDIUM,
        "calls of endpoints are no longer kept, or fewer of them",
        advice="check with whoever reads the trail; what was not kept cannot be kept later",
    )
)
def _keeps_less(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action in (Action.DELETE, Action.REPLACE):
        yield f"the trail {change.before.get('name')} ends"
        return
    before, after = _kept(change.before), _kept(change.after)
    lost = sorted(before - after)
    if lost:
        yield f"calls of {', '.join(lost)} are kept no more"


def _kept(values: Values) -> set[str]:
    """The names of the endpoints whose calls a trail keeps."""
    return {
        arn.rpartition("/")[2]
        for selector in values.get("advanced_event_selector") or ()
        for field in selector.get("field_selector") or ()
        if field.get("field") == "resources.ARN"
        for arn in field.get("equals") or ()
    }


@risk(
    RiskRule(
        "TELL3",
        Severity.HIGH,
        "what was masked in logs is written in clear",
        advice="keep the mask, or make sure that nothing personal is logged; what is written in clear stays so",
    )
)
def _masks_less(plan: Plan, change: Change) -> Iterator[Found]:
    group = change.before.get("log_group_name")
    if change.action is Action.DELETE:
        yield f"nothing is masked in {group} any more"
        return
    lost = sorted(_masked(change.before) - _masked(change.after))
    if lost:
        yield f"{', '.join(lost)} is no longer masked in {group}"


def _masked(values: Values) -> set[str]:
    try:
        policy = json.loads(values.get("policy_document") or "{}")
    except ValueError:
        return set()
    return {
        str(name).rpartition("/")[2]
        for statement in policy.get("Statement", ())
        if "Deidentify" in statement.get("Operation", {})
        for name in statement.get("DataIdentifier", ())
    }


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
        risks=(_watches_less,),
        verify=_Budget,
    ),
    resource(
        "aws_ce_anomaly_monitor",
        "monitor of unusual spending",
        _find_monitor,
        name=Not("Cost Explorer takes two of one name"),
        preflight=_tag_is_active,
    ),
    resource(
        "aws_ce_anomaly_subscription",
        "who is notified of unusual spending",
        _find_anomaly_subscription,
        name=Not("Cost Explorer takes two of one name"),
    ),
    resource(
        "aws_cloudtrail",
        "trail of calls",
        _find_trail,
        name="name",
        uses=Not("its calls are billed by their number, which nobody knows before"),
        risks=(_keeps_less, protection(), *weaker.TRAIL),
        settings={"kms_key_id": "encryption by your key"},
    ),
    resource(
        "aws_cloudwatch_log_metric_filter",
        "metric filter",
        _find_filter,
        name=Not("PutMetricFilter replaces the filter of that name"),
    ),
    resource(
        "aws_cloudwatch_log_anomaly_detector",
        "detector of anomalies in a log",
        _find_detector,
        name=Not("CloudWatch Logs takes two of one name"),
        uses=Not("it is billed by what it reads, which nobody knows before"),
    ),
    resource(
        "aws_cloudwatch_log_data_protection_policy",
        "mask of a log",
        _find_protection,
        name=Not("PutDataProtectionPolicy replaces the policy of the group"),
        uses=Not("it is billed by what it reads, which nobody knows before"),
        risks=(_masks_less,),
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
        verify=_Topic,
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
        verify=_Receiver,
    ),
    resource(
        "aws_chatbot_slack_channel_configuration",
        "channel of Slack",
        _find_chat,
        name="configuration_name",
        preflight=_is_authorized,
    ),
    resource(
        "aws_chatbot_teams_channel_configuration",
        "channel of Microsoft Teams",
        _find_teams,
        name="configuration_name",
        preflight=_is_authorized,
    ),
)
