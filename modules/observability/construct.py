"""The topic, the alarms and the rules of the observability layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..alarms.watched import Handed
from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..data_resource import TerraformData
from ..iam.execution_role import ExecutionRole
from ..iam.policy import allow, deny, document
from ..names import short_hash
from ..protect import lifecycle
from .alarms import Alarm, Composite, Found, Term, number, rule_of
from .dashboard import Dashboard, body
from .events import Told
from .money import AdjustingBudget, Budget, CostAnomalies, notifications
from .names import (
    CHAT,
    CHAT_ROLE,
    budget_name,
    chat_name,
    event_rule,
    spending_name,
    teams_name,
    topic_name,
)
from .notify import Notify
from .queries import SavedQuery

from cdktf_cdktf_provider_aws.budgets_budget import (
    BudgetsBudget,
    BudgetsBudgetAutoAdjustData,
    BudgetsBudgetAutoAdjustDataHistoricalOptions,
    BudgetsBudgetCostFilter,
    BudgetsBudgetNotification,
)
from cdktf_cdktf_provider_aws.ce_anomaly_monitor import CeAnomalyMonitor
from cdktf_cdktf_provider_aws.ce_anomaly_subscription import (
    CeAnomalySubscription,
    CeAnomalySubscriptionSubscriber,
    CeAnomalySubscriptionThresholdExpression,
    CeAnomalySubscriptionThresholdExpressionDimension,
)
from cdktf_cdktf_provider_aws.chatbot_slack_channel_configuration import (
    ChatbotSlackChannelConfiguration,
)
from cdktf_cdktf_provider_aws.chatbot_teams_channel_configuration import (
    ChatbotTeamsChannelConfiguration,
)
from cdktf_cdktf_provider_aws.cloudwatch_composite_alarm import (
    CloudwatchCompositeAlarm,
    CloudwatchCompositeAlarmActionsSuppressor,
)
from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetInputTransformer,
)
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from cdktf_cdktf_provider_aws.cloudwatch_query_definition import CloudwatchQueryDefinition
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription

Resolve = Callable[[Handed], str]
"""The value that a layer below hands up."""

# Amazon CloudWatch user guide, notifying users on alarm changes; Amazon EventBridge user guide,
# resource-based policies (which take no conditions for topics); AWS Cost Management user guide,
# creating an Amazon SNS topic for budget notifications.
_PUBLISHERS = ("cloudwatch", "budgets", "costalerts")
_EVENTS = "events"


class Topic(Construct):
    """The environment's topic with its key, and who hears it; or one that exists.

    `arn` is its ARN.
    """

    def __init__(self, scope: Construct, id: str, *, context: Context, spec: Notify) -> None:
        super().__init__(scope, id)
        self.arn = spec.topic or self._made(context, spec)
        if spec.chats:
            self._chat(context, spec)

    def _made(self, context: Context, spec: Notify) -> str:
        name = topic_name(context)
        topic = SnsTopic(
            self, "topic", name=name, kms_master_key_id=spec.kms_key or self._key(context)
        )
        SnsTopicPolicy(self, "policy", arn=topic.arn, policy=_topic_policy(context, name))
        for kind, receivers in (("email", spec.emails), ("https", spec.https)):
            for receiver in receivers:
                # By its number, one that moves up would be subscribed before its old subscription, which SNS
                # then gives again, is deleted.
                SnsTopicSubscription(
                    self,
                    f"{kind}-{short_hash(receiver)}",
                    topic_arn=topic.arn,
                    protocol=kind,
                    endpoint=receiver,
                    endpoint_auto_confirms=True if kind == "https" else None,
                )
        arn: str = topic.arn
        return arn

    def _key(self, context: Context) -> str:
        services = [f"{name}.amazonaws.com" for name in (*_PUBLISHERS, _EVENTS)]
        key = KmsKey(
            self,
            "key",
            description=f"Messages of {topic_name(context)}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            lifecycle=lifecycle(context),
            policy=document(
                allow(
                    "kms:*",
                    "*",
                    sid="AccountAdministersByIam",
                    principal={"AWS": context.arn("iam", "root")},
                ),
                allow(
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    "*",
                    sid="ServicesPublish",
                    principal={"Service": services},
                ),
            ),
        )
        KmsAlias(self, "alias", name=f"alias/{topic_name(context)}", target_key_id=key.key_id)
        arn: str = key.arn
        return arn

    def _chat(self, context: Context, spec: Notify) -> None:
        """AWS Chatbot shows alarms with their graphs, for which its role reads metrics."""
        role = ExecutionRole(
            self,
            CHAT,
            context=context,
            name=CHAT_ROLE,
            service="chatbot.amazonaws.com",
            statements=[
                allow(
                    [
                        "cloudwatch:DescribeAlarms",
                        "cloudwatch:GetMetric*",
                        "cloudwatch:ListMetrics",
                    ],
                    "*",
                    sid="ShowAlarms",
                )
            ],
        )
        given: dict[str, Any] = {
            "iam_role_arn": role.arn,
            "sns_topic_arns": [self.arn],
            # People read in a channel, and change nothing from there.
            "guardrail_policy_arns": [f"arn:{context.partition}:iam::aws:policy/ReadOnlyAccess"],
            "logging_level": "ERROR",
            "depends_on": role.ready,
        }
        # Address and name are those of the place. AWS has each once in an account and moves no configuration
        # to another, so that by the key of the Spec, one that was renamed would be made before the old one is gone.
        for slack in spec.slack.values():
            ChatbotSlackChannelConfiguration(
                self,
                f"slack-{slack.workspace}-{slack.channel}",
                configuration_name=chat_name(context, slack),
                slack_channel_id=slack.channel,
                slack_team_id=slack.workspace,
                **given,
            )
        for teams in spec.teams.values():
            team = f"teams-{teams.team.lower()}"
            # The provider plans another tenant in place, which AWS has no way to change.
            tenant = TerraformData(self, f"{team}-tenant", input=teams.tenant)
            ChatbotTeamsChannelConfiguration(
                self,
                team,
                configuration_name=teams_name(context, teams),
                channel_id=teams.channel,
                team_id=teams.team,
                tenant_id=teams.tenant,
                lifecycle=TerraformResourceLifecycle(replace_triggered_by=[tenant.address]),
                **given,
            )


def _topic_policy(context: Context, name: str) -> str:
    arn = context.arn("sns", name)
    return document(
        allow(
            "sns:Publish",
            arn,
            sid="AlarmsAndMoney",
            principal={"Service": [f"{each}.amazonaws.com" for each in _PUBLISHERS]},
            conditions={"StringEquals": {"aws:SourceAccount": context.account}},
        ),
        allow(
            "sns:Publish",
            arn,
            sid="Events",
            principal={"Service": f"{_EVENTS}.amazonaws.com"},
        ),
        deny(
            "sns:Publish",
            arn,
            sid="NoPlainText",
            principal={"AWS": "*"},
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )


class Alarms(Construct):
    """Every alarm of the environment, and those over them."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        found: Found,
        spec: Notify,
        topic: str,
        resolve: Resolve,
    ) -> None:
        super().__init__(scope, id)
        self._spec, self._topic, self._resolve = spec, topic, resolve
        names: dict[str, str] = {}
        self.alarms: dict[str, CloudwatchMetricAlarm] = {}
        for alarm in found.alarms:
            made = self.alarms[alarm.key] = self._alarm(alarm)
            names[alarm.key] = made.alarm_name
        for composite in found.composites:
            names[composite.key] = self._composite(composite, names)

    def _actions(self, tells: bool) -> dict[str, Any]:
        topics = [self._topic] if tells else None
        return {"alarm_actions": topics, "ok_actions": topics if self._spec.ok else None}

    def _alarm(self, alarm: Alarm) -> CloudwatchMetricAlarm:
        given: dict[str, Any] = {"threshold": alarm.threshold}
        alone = alarm.terms[0] if len(alarm.terms) == 1 and not alarm.expression else None
        if alarm.band is not None:
            given = {"threshold_metric_id": "band", "metric_query": self._banded(alarm)}
        elif alone is not None:
            is_statistic = alone.statistic in _STATISTICS
            given |= {
                "namespace": alone.metric.namespace,
                "metric_name": alone.metric.name,
                "dimensions": self._values(alone),
                "statistic": alone.statistic if is_statistic else None,
                "extended_statistic": None if is_statistic else alone.statistic,
                "period": alarm.period,
                # One slow request of a quiet minute is no percentile.
                "evaluate_low_sample_count_percentiles": None if is_statistic else "ignore",
            }
        else:
            given["metric_query"] = [
                CloudwatchMetricAlarmMetricQuery(
                    id="result",
                    expression=alarm.expression,
                    label=alarm.key.rpartition("/")[2],
                    return_data=True,
                ),
                *map(self._query, alarm.terms),
            ]
        return CloudwatchMetricAlarm(
            self,
            alarm.key.replace("/", "_"),
            alarm_name=alarm.name,
            alarm_description=described(alarm),
            comparison_operator=alarm.comparison,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.datapoints,
            treat_missing_data=alarm.missing,
            # CloudWatch deletes no alarm that a composite alarm names: with this, Terraform changes the
            # composite alarm first.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            **self._actions(alarm.tells),
            **given,
        )

    def _banded(self, alarm: Alarm) -> list[CloudwatchMetricAlarmMetricQuery]:
        (term,) = alarm.terms
        return [
            CloudwatchMetricAlarmMetricQuery(
                id="band",
                expression=f"ANOMALY_DETECTION_BAND({term.id}, {number(alarm.band or 0)})",
                label="expected",
                return_data=True,
            ),
            self._query(term, returned=True),
        ]

    def _query(self, term: Term, returned: bool = False) -> CloudwatchMetricAlarmMetricQuery:
        return CloudwatchMetricAlarmMetricQuery(
            id=term.id,
            return_data=returned,
            metric=CloudwatchMetricAlarmMetricQueryMetric(
                namespace=term.metric.namespace,
                metric_name=term.metric.name,
                dimensions=self._values(term),
                period=term.period,
                stat=term.statistic,
            ),
        )

    def _values(self, term: Term) -> dict[str, str]:
        return {
            name: self._resolve(value) if isinstance(value, Handed) else value
            for name, value in term.dimensions.items()
        }

    def _composite(self, made: Composite, names: Mapping[str, str]) -> str:
        suppressor = None
        if made.muted_by is not None:
            suppressor = CloudwatchCompositeAlarmActionsSuppressor(
                alarm=made.muted_by, wait_period=120, extension_period=120
            )
        alarm = CloudwatchCompositeAlarm(
            self,
            made.key.replace("/", "_"),
            alarm_name=made.name,
            alarm_description=described(made),
            alarm_rule=rule_of(made, names),
            actions_suppressor=suppressor,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            **self._actions(tells=True),
        )
        name: str = alarm.alarm_name
        return name


_STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")


def described(alarm: Alarm | Composite) -> str:
    """The description of an alarm: of what, what it means, and what to do. CloudWatch takes 1,024
    characters."""
    about = f"{alarm.watched}: " if alarm.watched else ""
    text = f"{about}{alarm.says}. First: {alarm.do}."
    return text if len(text) <= 1024 else f"{text[:1023]}…"


class Dashboards(Construct):
    """The dashboards of the environment."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        made: Sequence[Dashboard],
        resolve: Resolve,
    ) -> None:
        super().__init__(scope, id)
        for index, each in enumerate(made):
            content = body(
                each,
                context.region,
                resolve,
                lambda name: context.arn("cloudwatch", f"alarm:{name}"),
            )
            CloudwatchDashboard(
                self,
                f"page-{index + 1}",
                dashboard_name=each.name,
                dashboard_body=json.dumps(content),
            )


class MonthlyBudget(Construct):
    """What the environment may cost in a month, by its tag."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Budget | AdjustingBudget,
        topic: str,
    ) -> None:
        super().__init__(scope, id)
        amount: dict[str, Any] = (
            {"limit_amount": number(spec.usd_per_month), "limit_unit": "USD"}
            if isinstance(spec, Budget)
            else {
                "auto_adjust_data": BudgetsBudgetAutoAdjustData(
                    auto_adjust_type="HISTORICAL",
                    historical_options=BudgetsBudgetAutoAdjustDataHistoricalOptions(
                        budget_adjustment_period=spec.months
                    ),
                )
            }
        )
        BudgetsBudget(
            self,
            "budget",
            name=budget_name(context),
            budget_type="COST",
            time_unit="MONTHLY",
            **amount,
            cost_filter=[
                BudgetsBudgetCostFilter(
                    name="TagKeyValue",
                    values=[f"user:{context.tag_key('environment')}${context.key}"],
                )
            ],
            notification=[
                BudgetsBudgetNotification(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[topic],
                    subscriber_email_addresses=list(spec.emails) or None,
                )
                for kind, percent in notifications(spec)
            ],
        )


class UnusualSpending(Construct):
    """What is unusual in what the environment's tag costs, and who is notified."""

    def __init__(
        self, scope: Construct, id: str, *, context: Context, spec: CostAnomalies, topic: str
    ) -> None:
        super().__init__(scope, id)
        name = spending_name(context)
        tag = {
            "Key": context.tag_key("environment"),
            "MatchOptions": None,
            "Values": [context.key],
        }
        # Cost Explorer answers every member, and Terraform compares the text.
        empty = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
        monitor = CeAnomalyMonitor(
            self,
            "monitor",
            name=name,
            monitor_type="CUSTOM",
            monitor_specification=json.dumps({**empty, "Tags": tag}, sort_keys=True),
        )
        is_immediate = spec.often == "immediate"
        addresses = [topic] if is_immediate else list(spec.emails)
        CeAnomalySubscription(
            self,
            "subscription",
            name=name,
            frequency=spec.often.upper(),
            monitor_arn_list=[monitor.arn],
            subscriber=[
                CeAnomalySubscriptionSubscriber(
                    type="SNS" if is_immediate else "EMAIL", address=address
                )
                for address in addresses
            ],
            threshold_expression=CeAnomalySubscriptionThresholdExpression(
                dimension=CeAnomalySubscriptionThresholdExpressionDimension(
                    key="ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    match_options=["GREATER_THAN_OR_EQUAL"],
                    values=[number(spec.usd)],
                )
            ),
        )


class Queries(Construct):
    """Queries that people find in CloudWatch Logs Insights."""

    def __init__(self, scope: Construct, id: str, *, made: Iterable[SavedQuery]) -> None:
        super().__init__(scope, id)
        for each in made:
            CloudwatchQueryDefinition(
                self,
                each.name.rpartition("/")[2],
                name=each.name,
                query_string=each.text,
                log_group_names=list(each.log_groups),
            )


class EventRule(Construct):
    """One EventBridge rule that tells the topic."""

    def __init__(
        self, scope: Construct, id: str, *, context: Context, told: Told, topic: str, chats: bool
    ) -> None:
        super().__init__(scope, id)
        rule = CloudwatchEventRule(
            self,
            "rule",
            name=event_rule(context, told.source),
            description=f"Tells of what failed or rolled back in {told.source}",
            event_pattern=json.dumps(told.pattern, sort_keys=True),
        )
        CloudwatchEventTarget(
            self,
            "target",
            rule=rule.name,
            arn=topic,
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths=dict(told.paths),
                input_template=json.dumps(told.in_chats if chats else told.text),
            ),
        )
