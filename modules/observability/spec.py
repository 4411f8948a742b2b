"""What is asked of the observability layer: who is notified of what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..alarms.spec import ALM3, AlarmName, DatapointsToAlarm, EvaluationPeriods
from ..context import Context
from ..names import Name, role
from ..overrides import Overridable
from ..rules import Problem, rule
from ..service import Named, Place
from ..spec import Aws, Between, Many, ShortName, Spec
from . import names as named
from .audit import MON12, Audit
from .limits import ServiceAlarms
from .logs import Logs
from .money import AdjustingBudget, Budget, CostAnomalies
from .notify import Notify
from .slo import Slo

MON4 = rule(
    "MON4",
    refuses="an anomaly alarm with a band, a period or a number that CloudWatch does not take",
    message="must be from {low} to {high}",
    source="Amazon CloudWatch user guide, anomaly detection (500 models in an account and Region); API "
    "reference, PutMetricAlarm Period (whole minutes, at most a day)",
)
MON5 = rule(
    "MON5",
    refuses="a composite alarm of no alarm, of more than 100, or with a rule above 10,240 characters",
    message="{wrong}",
    source="botocore cloudwatch PutCompositeAlarmInput AlarmRule; CloudWatch API reference, "
    "PutCompositeAlarm (at most 100 alarms)",
)

MON23 = rule(
    "MON23",
    refuses="an anomaly alarm that looks back more than a day, or a week with periods of an hour",
    message="looks back {seconds} seconds; period_minutes times of_datapoints is at most {most} seconds",
    source="CloudWatch API reference, PutMetricAlarm EvaluationPeriods",
)
MON22 = rule(
    "MON22",
    refuses="what AWS does not have in the environment's partition",
    message="{what} is not in the partition {partition}; {instead}",
    source="AWS General Reference, endpoints of AWS Billing and Cost Management (none in AWS GovCloud, whose "
    "costs are in the standard account) and of AWS Chatbot (commercial Regions alone)",
)
_PAYER = "watch the costs in the account that pays for this one"
_CHAT = ("AWS Chatbot", ("aws-cn", "aws-us-gov"), "use emails or https")
_ELSEWHERE = {
    "budget": ("AWS Budgets", ("aws-us-gov",), _PAYER),
    "cost_anomalies": ("AWS Cost Anomaly Detection", ("aws-us-gov",), _PAYER),
    "slack": _CHAT,
    "teams": _CHAT,
}


class AnomalyAlarm(Spec):
    """An alarm on a metric that leaves the band in which CloudWatch expects it.

    CloudWatch learns the band from two weeks of the metric, and has one from three hours on.
    """

    of: str
    """The service: `fraud`, or with its sort where several have the name, `endpoint/fraud`."""

    metric: str
    """The metric, such as `Invocations`; one that the service publishes."""

    outside: Literal["above", "below", "both"] = "both"
    """On which side of the band the alarm fires. Default: on both."""

    band: Annotated[float, Between(MON4, 0.5, 10)] = 2.0
    """The width of the band in standard deviations. Default: 2."""

    period_minutes: Annotated[int, Between(MON4, 1, 1_440)] = 5
    """The length of one datapoint. Default: 5."""

    datapoints: DatapointsToAlarm = 3
    """How many datapoints of `of_datapoints` have to be outside. Default: 3."""

    of_datapoints: EvaluationPeriods = 3
    """How many datapoints are looked at. Default: 3."""

    def check(self) -> Iterator[Problem]:
        """No more datapoints than are looked at, and no longer than CloudWatch looks."""
        if self.datapoints > self.of_datapoints:
            yield ALM3.problem("datapoints", got=self.datapoints, periods=self.of_datapoints)
        looked_at = self.period_minutes * self.of_datapoints * 60
        most = 604_800 if self.period_minutes >= 60 else 86_400
        if looked_at > most:
            yield MON23.problem(
                "of_datapoints", got=self.of_datapoints, seconds=looked_at, most=most
            )


class CompositeAlarm(Spec):
    """An alarm over others: one message for many, or none during what is planned."""

    alarms: Many[str]
    """The alarms, by their keys as `inferform alarms` lists them, in which `*` stands for any text:
    `endpoint/fraud/*`, `*/server-errors`, `slo/availability/*`."""

    needs: Literal["any", "all"] = "any"
    """How many of them have to fire. Default: any one."""

    unless: Many[str] = ()
    """Alarms that suppress it while they fire, likewise. Default: none."""

    muted_by: (
        Annotated[AlarmName, Aws("cloudwatch:PutCompositeAlarmInput.ActionsSuppressor")] | None
    ) = None
    """The name of an alarm that exists, outside of this environment: while it fires, and two minutes
    after, this one tells nobody. A maintenance window is such an alarm that somebody sets by hand; mute
    rules of CloudWatch are not in the provider's versions that Inferform works with. Default: none."""

    alone: bool = False
    """Whether only it tells people, and the alarms that it is over do not. Default: False."""

    def check(self) -> Iterator[Problem]:
        """It is over something."""
        if not self.alarms:
            yield MON5.problem("alarms", wrong="must name an alarm, such as endpoint/fraud/*")


class Events(Spec):
    """What happens to services and is told beside alarms."""

    rollbacks: bool = True
    """Notify of rollbacks and failed updates: of SageMaker endpoints, of ECS services, and of
    deployments of CodeDeploy. Default: True."""


class Observability(Overridable, Named):
    """The observability layer: alarms that mean something, who is notified, and what there is to look at.

    Without any field it watches every service of the environment by the metrics that its kind publishes.
    """

    notify: Notify = Notify()
    """Who is notified. Default: a topic that nobody hears yet."""

    alarms: ServiceAlarms | None = ServiceAlarms()
    """The alarms of every service. Default: those that mean something without knowing the model; None
    for none."""

    services: dict[str, ServiceAlarms | None] = {}
    """Other alarms of single services, by their name: `{"fraud": ServiceAlarms(latency_ms=200)}`; where
    several have the name, with the sort: `endpoint/fraud`. None of a service for none. Default: those of
    `alarms`."""

    anomalies: dict[ShortName, AnomalyAlarm] = {}
    """Alarms on what is unusual. Default: none."""

    slos: dict[ShortName, Slo] = {}
    """What is promised, each with alarms on how fast its budget is used up. Default: none."""

    composites: dict[ShortName, CompositeAlarm] = {}
    """Alarms over alarms. Default: none, but those of SLOs."""

    budget: Budget | AdjustingBudget | None = AdjustingBudget()
    """What the environment may cost: an amount, or what it has cost in the last months. Default: the
    average of the last three, where the partition has AWS Budgets; None for no budget."""

    cost_anomalies: CostAnomalies | None = None
    """What is told of unusual spending. Default: None, nothing."""

    logs: Logs = Logs()
    """Metrics, anomalies and masks of logs. Default: none."""

    audit: Audit | None = None
    """Whether it is kept who called which endpoint. Default: None, it is not."""

    queries: bool = True
    """Whether queries over the logs of its services are saved in CloudWatch Logs Insights. Default:
    True."""

    dashboard: bool = True
    """Whether a dashboard of every service is made, or as many as CloudWatch's limits ask for. Default:
    True; $3 a month each beyond three of the account."""

    events: Events = Events()
    """What is told beside alarms. Default: rollbacks and failures."""

    def names(self, place: Place) -> Iterator[Name]:
        """Of its topic and key, and of chat channels."""
        context, notify = place.environment.context, self.notify
        if notify.topic is None:
            yield Name("aws_sns_topic", named.topic_name(context))
            if notify.kms_key is None:
                yield Name("aws_kms_alias", f"alias/{named.topic_name(context)}")
        if self.budget_in(context) is not None:
            yield Name("aws_budgets_budget", named.budget_name(context))
        if self.audit is not None:
            yield Name("aws_cloudtrail", named.audit_name(context))
            yield Name("aws_s3_bucket", named.audit_bucket(context))
            yield Name("aws_kms_alias", f"alias/{named.audit_name(context)}")
        if notify.chats:
            yield Name("aws_iam_role", role(context, named.CHAT_ROLE))
        for channel in notify.slack.values():
            kind = "aws_chatbot_slack_channel_configuration"
            yield Name(kind, named.chat_name(context, channel))
        for team in notify.teams.values():
            kind = "aws_chatbot_teams_channel_configuration"
            yield Name(kind, named.teams_name(context, team))

    def budget_in(self, context: Context) -> Budget | AdjustingBudget | None:
        """The budget, if any; nobody is refused one that nobody has written."""
        _, lacks, _ = _ELSEWHERE["budget"]
        return None if context.partition in lacks else self.budget

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Nothing that AWS does not have in the partition, and nobody of another one."""
        asked = {
            ("budget",): "budget" in self.model_fields_set and self.budget is not None,
            ("cost_anomalies",): self.cost_anomalies is not None,
            ("notify", "slack"): bool(self.notify.slack),
            ("notify", "teams"): bool(self.notify.teams),
        }
        for path, is_asked in asked.items():
            what, lacks, instead = _ELSEWHERE[path[-1]]
            if is_asked and context.partition in lacks:
                yield MON22.problem(*path, what=what, partition=context.partition, instead=instead)
        for index, reader in enumerate(self.audit.readers if self.audit else ()):
            if reader.split(":")[1] != context.partition:
                wrong = f"is in the partition {reader.split(':')[1]}, and the trail in {context.partition}"
                yield MON12.problem("audit", "readers", index, got=reader, wrong=wrong)

    def check(self) -> Iterator[Problem]:
        """No more anomaly alarms than an account may have."""
        if len(self.anomalies) > 500:
            yield MON4.problem("anomalies", got=len(self.anomalies), low=0, high=500)
