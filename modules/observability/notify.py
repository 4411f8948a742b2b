"""Who is notified: of alarms, of rollbacks and failures, of money."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from ..alarms.spec import AlarmTopic, topic_problems
from ..context import Context
from ..rules import Problem, rule
from ..spec import Aws, Check, Many, ShortName, Spec, arn_of

MON11 = rule(
    "MON11",
    refuses="alarms that nobody hears, or in a protected environment people alone who have to confirm an e-mail",
    message="{wrong}",
    source="Amazon SNS developer guide, email notifications (a subscription is pending until somebody "
    "confirms it)",
    severity="warning",
)
MON13 = rule(
    "MON13",
    refuses="a topic for alarms under the key of Amazon SNS, which CloudWatch may not use",
    message="must be the ARN of a key of yours: the policy of alias/aws/sns lets no alarm publish, and "
    "nobody can change it",
    source="Amazon CloudWatch user guide, notifying users on alarm changes (encrypted topics)",
)
MON16 = rule(
    "MON16",
    refuses="a receiver of notifications that SNS or AWS Chatbot does not take, or one twice",
    message="must be {expected}",
    source="Amazon SNS API reference, Subscribe; botocore chatbot SlackChannelId, SlackTeamId, UUID",
)


def _form(pattern: str, expected: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return Check(
        MON16, lambda text: bool(compiled.fullmatch(text)), lambda _: {"expected": expected}
    )


_ONCE = Check(
    MON16,
    lambda given: len(given) == len(set(given)),
    lambda _: {"expected": "receivers that are each named once"},
)
EMAIL = _form(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+",
    "an e-mail address, such as ml-oncall@example.com",
)

Email = Annotated[str, EMAIL]
"""An e-mail address."""


class SlackChannel(Spec):
    """A channel of a Slack workspace, which an administrator has authorized once in AWS Chatbot's
    console."""

    workspace: Annotated[
        str,
        _form(r"[0-9A-Z]{1,255}", "the id of a workspace, such as T07EA123LEP"),
        Aws("chatbot:CreateSlackChannelConfigurationRequest.SlackTeamId"),
    ]
    """The id of the workspace, such as `T07EA123LEP`."""

    channel: Annotated[
        str,
        _form(r"[A-Za-z0-9]{1,255}", "the id of a channel, such as C07EZ1ABC23"),
        Aws("chatbot:CreateSlackChannelConfigurationRequest.SlackChannelId"),
    ]
    """The id of the channel, such as `C07EZ1ABC23`."""


_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


class TeamsChannel(Spec):
    """A channel of a team in Microsoft Teams, which an administrator has authorized once in AWS Chatbot's
    console.

    The channel's link holds all three: `.../channel/CHANNEL/...?groupId=TEAM&tenantId=TENANT`.
    """

    tenant: Annotated[
        str,
        _form(_UUID, "the id of a tenant, such as 0a1b2c3d-1111-2222-3333-444455556666"),
        Aws("chatbot:CreateTeamsChannelConfigurationRequest.TenantId"),
    ]
    """The id of the tenant, a UUID."""

    team: Annotated[
        str,
        _form(_UUID, "the id of a team, such as 0a1b2c3d-1111-2222-3333-444455556666"),
        Aws("chatbot:CreateTeamsChannelConfigurationRequest.TeamId"),
    ]
    """The id of the team, a UUID."""

    channel: Annotated[
        str,
        _form(
            r"(?=.{1,255}\Z)[\w=+/.,-]*%3[aA][\w=+/.,-]*%40[\w=+/.,-]*",
            "the id of a channel as its link has it, such as 19%3A0123456789abcdef%40thread.tacv2",
        ),
        Aws("chatbot:CreateTeamsChannelConfigurationRequest.ChannelId"),
    ]
    """The id of the channel as its link has it, such as `19%3A0123456789abcdef%40thread.tacv2`."""


class Notify(Spec):
    """One topic for the whole environment, and who hears it."""

    emails: Annotated[Many[Annotated[Email, Aws("sns:SubscribeInput.Endpoint")]], _ONCE] = ()
    """E-mail addresses. Each gets a message first, and hears nothing until somebody confirms it.
    Default: none."""

    https: Annotated[
        Many[
            Annotated[
                str,
                _form(
                    r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?",
                    "the https URL of a receiver that confirms subscriptions, such as "
                    "https://events.pagerduty.com/integration/0123456789abcdef/enqueue",
                ),
                Aws("sns:SubscribeInput.Endpoint"),
            ]
        ],
        _ONCE,
    ] = ()
    """URLs of services that page people, such as PagerDuty's or Opsgenie's for CloudWatch; they confirm
    by themselves. Default: none."""

    slack: dict[ShortName, SlackChannel] = {}
    """Channels of Slack, by AWS Chatbot (Amazon Q Developer in chat applications). The keys are yours, and
    change nothing in AWS. Default: none."""

    teams: dict[ShortName, TeamsChannel] = {}
    """Channels of Microsoft Teams, likewise. Default: none."""

    topic: Annotated[AlarmTopic, Aws("cloudwatch:PutMetricAlarmInput.AlarmActions")] | None = None
    """A topic that exists, in the same Region, which is told instead of the environment's own: its
    policy, and that of its key, must let `cloudwatch.amazonaws.com` and `events.amazonaws.com` publish.
    Default: None, a topic is made."""

    kms_key: (
        Annotated[
            str,
            Check(MON13, lambda arn: ":alias/" not in arn and not arn.startswith("alias/")),
            arn_of(
                "kms", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd", r"key/[\w-]+"
            ),
        ]
        | None
    ) = None
    """The ARN of the key of the topic, whose policy must let those services use it. Default: None, a key
    is made that does, for $1 a month."""

    ok: bool = True
    """Notify at the end of an alarm too. Default: True."""

    @property
    def chats(self) -> bool:
        """Whether somebody hears by AWS Chatbot."""
        return bool(self.slack or self.teams)

    def chat_places(self) -> Iterator[tuple[str, str, str]]:
        """What each channel has alone in an account: the field and the key of the channel, and what it
        is."""
        for name, slack in self.slack.items():
            yield "slack", name, f"channel {slack.channel} of the Slack workspace {slack.workspace}"
        for name, teams in self.teams.items():
            yield "teams", name, f"team {teams.team.lower()} of Microsoft Teams"

    def check(self) -> Iterator[Problem]:
        """What an account takes once, and what belongs to a topic that is made."""
        seen: dict[str, str] = {}
        for field, name, place in self.chat_places():
            other = seen.setdefault(place, name)
            if other != name:
                remedy = "leave one of them out"
                yield MON24.problem(field, name, place=place, other=other, remedy=remedy)
        if self.topic is None:
            return
        if self.topic.endswith(".fifo"):
            yield MON26.problem("topic", got=self.topic)
        for field in ("emails", "https", "kms_key"):
            if getattr(self, field):
                wrong = (
                    "belongs to a topic that is made; subscribe to the topic that exists instead"
                )
                yield MON17.problem(field, wrong=wrong)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is where the alarms are, and somebody hears."""
        topics = [self.topic] if self.topic else []
        yield from topic_problems(context, topic=topics)
        if self.topic or self.https or self.chats:
            return
        if not self.emails:
            wrong = (
                "nobody hears of alarms, rollbacks or the budget; write "
                'notify=Notify(emails=["ml-oncall@example.com"]), or https, slack or teams'
            )
            yield MON11.problem(wrong=wrong)
        elif context.protected:
            wrong = "are all that hear of alarms, and only once somebody has confirmed each; add https, slack or teams"
            yield MON11.problem("emails", wrong=wrong)


MON17 = rule(
    "MON17",
    refuses="settings of a topic that is not made",
    message="{wrong}",
    source="Inferform: nothing that is asked for is left out silently",
)
MON24 = rule(
    "MON24",
    refuses="a channel of Slack, or a team of Microsoft Teams, that an account has twice",
    message="is the {place}, which {other} has in the same account; {remedy}",
    source="AWS Chatbot, CreateSlackChannelConfiguration (aws-cloudformation/"
    "cloudformation-coverage-roadmap #1155); Terraform reads a channel of Microsoft Teams by its team "
    "alone (hashicorp/terraform-provider-aws #47039)",
)
MON26 = rule(
    "MON26",
    refuses="a FIFO topic to notify",
    message="must be a standard topic: EventBridge publishes to no FIFO topic, and e-mail, HTTPS and AWS "
    "Chatbot hear none",
    source="Amazon EventBridge user guide, targets (no Amazon SNS FIFO topics); Amazon SNS developer guide, "
    "message delivery for FIFO topics (Amazon SQS queues alone)",
)
