"""What is asked of approvals of the Model Registry: what they start, and the bus of other accounts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from ..context import AccountId, Context
from ..names import Name, role
from ..overrides import Overridable
from ..places import Region
from ..rules import Problem, rule
from ..service import Named, Place
from ..spec import Aws, Between, Check, Many, OneOf, Spec

APR1 = rule(
    "APR1",
    refuses="retries or an age of undelivered events outside EventBridge's limits",
    message="must be from {low} to {high}",
    source="botocore events RetryPolicy MaximumRetryAttempts, MaximumEventAgeInSeconds",
)
APR2 = rule(
    "APR2",
    refuses="an approval of a model package group that the registry does not have, and whose events no "
    "bus of it receives",
    message="{wrong}",
    source="Amazon EventBridge user guide, sending and receiving events between accounts (a service sends "
    "its events to the default bus of its own account and Region)",
)
APR3 = rule(
    "APR3",
    refuses="a repository dispatch that GitHub does not take",
    message="must be {expected}",
    source="GitHub REST API, create a repository dispatch event (event_type of 100 characters, client_payload "
    "of 10 properties)",
)
APR4 = rule(
    "APR4",
    refuses="a value for what is started that is no path into the event, or a name that is none",
    message="must be {expected}",
    source="botocore events TargetInputPath, InputTransformerPathKey; CodePipeline PipelineVariableName",
)
APR5 = rule(
    "APR5",
    refuses="an event bus that nobody else may send to, or one whose events are the account's own",
    message="{wrong}",
    source="Amazon EventBridge user guide, event bus permissions",
)
APR6 = rule(
    "APR6",
    refuses="values beside an event that is passed on as it is, or an event passed on to where it comes from",
    message="{wrong}",
    source="Amazon EventBridge user guide, sending and receiving events between accounts (no input transformer "
    "for an event bus)",
)
APR7 = rule(
    "APR7",
    refuses="statuses or stages that are none, stand twice, or that the group does not have",
    message="{wrong}",
    source="botocore sagemaker ModelApprovalStatus, ModelLifeCycle; Inferform: stages are those of the group",
)
APR8 = rule(
    "APR8",
    refuses="the name of what is started where AWS would not take it",
    message="must be {expected}",
    source="botocore codepipeline PipelineName, events EventBusName, stepfunctions Arn",
)
APR9 = rule(
    "APR9",
    refuses="days of an archive below 0, or a description over 512 characters",
    message="must be {expected}",
    source="botocore events RetentionDays, EventBusDescription",
)

STATUSES = ("Approved", "Rejected", "PendingManualApproval")
"""The approval statuses of a version."""

PATHS: Mapping[str, str] = {
    "group": "$.detail.ModelPackageGroupName",
    "model_package": "$.detail.ModelPackageArn",
    "status": "$.detail.ModelApprovalStatus",
    "version": "$.detail.ModelPackageVersion",
}
"""What is told of each version, by its name in what is started."""

GROUP_ARN = r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package-group/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
"""The ARN of a model package group."""

BUS = "models"
"""The event bus, in its name."""


def _form(apr: Any, pattern: str, expected: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return Check(
        apr,
        lambda text: bool(compiled.fullmatch(text)),
        lambda _: {"expected": expected, "wrong": f"must be {expected}"},
    )


def bus_name(context: Context) -> str:
    """The name of the environment's event bus."""
    return context.name(BUS, limit=256)


def archive_name(context: Context) -> str:
    """The name of the archive of the environment's event bus."""
    return context.name(BUS, limit=48)


def approval_name(context: Context, name: str) -> str:
    """The name of the rule of an approval, of its API destination and connection."""
    return context.name("approval", name, limit=64)


def undelivered_name(context: Context, name: str) -> str:
    """The name of the queue of events that an approval could not deliver."""
    return context.name("approval", name, "undelivered", limit=80)


def approval_role(name: str) -> str:
    """The short name of the role of an approval."""
    return f"approval-{name}"


EventPath = Annotated[
    str,
    _form(
        APR4,
        r"(?=.{1,256}$)\$(\.[A-Za-z0-9_-]+|\[\d+\])+",
        "a path into the event, such as $.detail.CustomerMetadataProperties.team",
    ),
]
"""A path into an event: `$.detail.ModelPackageArn`."""

PayloadName = Annotated[
    str, _form(APR4, r"[A-Za-z_][A-Za-z0-9_]{0,63}", "letters, digits and _, such as data_version")
]
"""The name of a value."""

BusName = Annotated[
    str,
    _form(
        APR8, r"[/.\-_A-Za-z0-9]{1,256}", "the name of an event bus, such as acme-prod-use1-models"
    ),
]
"""The name of an event bus."""


StageName = Annotated[
    str,
    _form(
        APR7,
        r"(?=.{1,63}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*",
        "a stage of the life cycle, such as Production",
    ),
]
"""A stage of a version's life cycle."""


class EventBus(Overridable, Named):
    """An event bus that other accounts pass the events of their Model Registries on to.

    A service's own events reach the default bus of its account alone; an `Approval` there with
    `ForwardTo` passes them on.
    """

    from_accounts: Annotated[
        Many[AccountId],
        Check(
            APR5,
            lambda accounts: bool(accounts) and len(accounts) == len(set(accounts)),
            lambda _: {"wrong": "must name each account once, and at least one"},
        ),
    ]
    """The accounts that may send events of SageMaker to it."""

    archive_days: Annotated[
        int,
        Check(APR9, lambda days: 0 <= days <= 2**31 - 1, lambda _: {"expected": "0 or more days"}),
        Aws("events:CreateArchiveRequest.RetentionDays"),
    ] = 0
    """How many days events are kept, to be replayed. Default: 0, none is kept."""

    description: Annotated[
        str,
        Check(
            APR9, lambda text: len(text) <= 512, lambda _: {"expected": "at most 512 characters"}
        ),
        Aws("events:CreateEventBusRequest.Description"),
    ] = ""
    """What the bus is for. Default: nothing is said."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The accounts are others."""
        yield from super().check_in(context)
        if context.account in self.from_accounts:
            wrong = (
                "is the environment's own account, whose events reach its default bus by themselves"
            )
            yield APR5.problem("from_accounts", got=context.account, wrong=wrong)

    def names(self, place: Place) -> Iterator[Name]:
        """Of the bus and its archive."""
        context = place.environment.context
        yield Name("aws_cloudwatch_event_bus", bus_name(context))
        if self.archive_days:
            yield Name("aws_cloudwatch_event_archive", archive_name(context))


class Dispatch(Spec):
    """Tells a repository on GitHub, which starts the workflows that wait for `repository_dispatch`.

    The token is no field, as Terraform's state would hold it: `inferform connections set-token` hands it
    to EventBridge once the approval is deployed.
    """

    repository: Annotated[
        str,
        _form(
            APR3,
            r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}",
            "a repository, such as acme/inference",
        ),
    ]
    """The repository: `acme/inference`."""

    event_type: Annotated[
        str,
        _form(APR3, r"[!-~]{1,100}", "a name of at most 100 characters, such as model-approved"),
    ] = "model-approved"
    """What the workflow waits for. Default: `model-approved`."""

    environments: Many[
        Annotated[
            str,
            _form(APR3, r"[a-z0-9]+(-[a-z0-9]+)+", "the key of an environment, such as prod-euw1"),
        ]
    ] = ()
    """The keys of the environments whose files the workflow edits. Default: the environment itself."""

    api: Annotated[
        str,
        _form(
            APR3,
            r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._-]+)*",
            "the https URL of GitHub's REST API, such as https://github.acme.com/api/v3",
        ),
    ] = "https://api.github.com"
    """Where GitHub's REST API is. Default: `https://api.github.com`; a GitHub Enterprise Server has its
    own."""

    @property
    def url(self) -> str:
        """What EventBridge calls."""
        return f"{self.api}/repos/{self.repository}/dispatches"


class StartCodePipeline(Spec):
    """Starts a pipeline of CodePipeline in the same account and Region; `payload` sets its variables."""

    name: Annotated[
        str,
        _form(APR8, r"[A-Za-z0-9.@\-_]{1,100}", "the name of a pipeline, such as deploy-fraud"),
    ]
    """The pipeline's name."""


class StartWorkflow(Spec):
    """Starts a state machine of Step Functions, with `group`, `model_package`, `version`, `status` and
    `payload` as its input."""

    state_machine: Annotated[
        str,
        _form(
            APR8,
            r"arn:aws[a-z-]{0,12}:states:[a-z0-9-]{1,25}:\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}",
            "the ARN of a state machine, such as "
            "arn:aws:states:us-east-1:111122223333:stateMachine:acme-dev-use1-shadow",
        ),
        Aws("events:Target.Arn"),
    ]
    """The ARN of the state machine, in the same account and Region."""


class ForwardTo(Spec):
    """Passes the event on, as it is, to an event bus of another account or Region: the `event_bus` of an
    environment there."""

    account: AccountId
    """The account."""

    bus: BusName
    """The name of its event bus."""

    region: Region | None = None
    """Its Region. Default: None, the environment's."""

    def arn(self, context: Context) -> str:
        """The bus's ARN."""
        region = self.region or context.region
        return f"arn:{context.partition}:events:{region}:{self.account}:event-bus/{self.bus}"


class Approval(Overridable, Named):
    """What starts once a version of a model package group is approved, or reaches another status or stage.

    It fires for a change of the status alone: SageMaker sends an event for every change of a version, and
    may send one twice, so that what is started has to bear the same version again.
    """

    group: Annotated[
        str,
        _form(
            APR2,
            rf"[a-z0-9]+(-[a-z0-9]+)*|{GROUP_ARN}",
            "the short name of a group of registry.models, or the ARN of one of another account",
        ),
    ]
    """The model package group: its short name in `Registry.models`, or the ARN of one of another account,
    whose events the `event_bus` receives."""

    target: Annotated[Dispatch | StartCodePipeline | StartWorkflow | ForwardTo, OneOf()]
    """What it starts."""

    statuses: Many[Literal["Approved", "Rejected", "PendingManualApproval"]] = ("Approved",)
    """The approval statuses that it waits for. Default: Approved."""

    stages: Many[StageName] = ()
    """The stages of the life cycle that it waits for instead of a change of status; the version must
    have one of `statuses` too. Default: none, the status alone counts."""

    retry_attempts: Annotated[
        int, Between(APR1, 0, 185), Aws("events:RetryPolicy.MaximumRetryAttempts")
    ] = 3
    """How often a delivery is tried again. Default: 3."""

    max_age_seconds: Annotated[
        int, Between(APR1, 60, 86_400), Aws("events:RetryPolicy.MaximumEventAgeInSeconds")
    ] = 3600
    """How long a delivery is tried again, in seconds. Default: 3,600."""

    dead_letter: bool = True
    """Whether events that could not be delivered are kept in a queue for 14 days. Default: True."""

    payload: dict[PayloadName, EventPath] = {}
    """More of the event for what is started, by name: `{"team":
    "$.detail.CustomerMetadataProperties.team"}`. Default: none."""

    enabled: bool = True
    """Whether it fires. Default: True."""

    def check(self) -> Iterator[Problem]:
        """What EventBridge and the target do not take."""
        for name in ("statuses", "stages"):
            given = getattr(self, name)
            if len(set(given)) < len(given):
                yield APR7.problem(name, got=list(given), wrong="must name each once")
        if not self.statuses:
            yield APR7.problem("statuses", wrong="must name one status at least")
        target, taken = self.target, [name for name in self.payload if name in PATHS]
        for name in taken:
            expected = f"another name; {name} is told anyway"
            yield APR4.problem("payload", name, expected=expected)
        if isinstance(target, ForwardTo) and self.payload:
            yield APR6.problem(
                "payload", wrong="cannot go with ForwardTo, which passes the event on as it is"
            )
        if isinstance(target, Dispatch) and len(self.payload) > 10 - len(PATHS) - 1:
            most = 10 - len(PATHS) - 1
            yield APR3.problem(
                "payload",
                got=len(self.payload),
                expected=f"at most {most} values, as GitHub takes 10 with those that are told anyway",
            )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The target is where EventBridge can start it."""
        yield from super().check_in(context)
        target = self.target
        if isinstance(target, StartWorkflow):
            own = context.arn("states", "stateMachine:")
            if not target.state_machine.startswith(own):
                expected = f"a state machine of the environment's account and Region: {own}NAME"
                yield APR8.problem(
                    "target", "state_machine", got=target.state_machine, expected=expected
                )
        if isinstance(target, ForwardTo):
            here = (target.account, target.region or context.region)
            if here == (context.account, context.region) and target.bus in (
                "default",
                bus_name(context),
            ):
                wrong = "is where the event comes from, so that it would go round for ever"
                yield APR6.problem("target", "bus", got=target.bus, wrong=wrong)

    def names(self, place: Place) -> Iterator[Name]:
        """Of its rule and role, of what tells a repository, and of its queue."""
        context, short = place.environment.context, place.name
        yield Name("aws_cloudwatch_event_rule", approval_name(context, short))
        yield Name("aws_iam_role", role(context, approval_role(short)))
        if isinstance(self.target, Dispatch):
            for kind in ("api_destination", "connection"):
                yield Name(f"aws_cloudwatch_event_{kind}", approval_name(context, short))
        if self.dead_letter:
            yield Name("aws_sqs_queue", undelivered_name(context, short))

    def is_of_registry(self, context: Context) -> bool:
        """Whether the group's events reach the environment's default bus."""
        _, _, _, region, account, *_ = f"{self.group}:::::".split(":")
        return not account or (account, region) == (context.account, context.region)

    def group_name(self, context: Context) -> str:
        """AWS's name of the group."""
        return self.group.split("/")[1] if "/" in self.group else context.name(self.group)

    def pattern(self, context: Context) -> dict[str, Any]:
        """The pattern of the events that it fires for.

        A new version with the status tells of no changed field. Amazon SageMaker AI developer guide, events
        that SageMaker AI sends to EventBridge; Amazon EventBridge user guide, $or and exists in patterns.
        """
        detail: dict[str, Any] = {
            "ModelPackageGroupName": [self.group_name(context)],
            "ModelPackageStatus": ["Completed"],
            "ModelApprovalStatus": list(self.statuses),
        }
        changed = "ModelApprovalStatus"
        if self.stages:
            detail["ModelLifeCycle"] = {"Stage": list(self.stages)}
            changed = "ModelLifeCycle"
        detail["$or"] = [
            {"UpdatedModelPackageFields": [changed]},
            {"UpdatedModelPackageFields": [{"exists": False}]},
        ]
        asked: dict[str, Any] = {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": detail,
        }
        if not self.is_of_registry(context):
            asked["account"] = [self.group.split(":")[4]]
        return asked

    def template(self, context: Context) -> str | None:
        """What the target is told, with the names of paths in angle brackets; None for nothing, or the
        event as it is. Every variable stands inside quotes, which EventBridge takes of any type."""
        values = {name: f"<{name}>" for name in {**PATHS, **self.payload}}
        match self.target:
            case ForwardTo():
                return None
            case StartCodePipeline():
                if not self.payload:
                    return None
                return json.dumps(
                    {"variables": [{"name": n, "value": f"<{n}>"} for n in self.payload]}
                )
            case Dispatch(event_type=event_type, environments=environments):
                keys = " ".join(environments or (context.key,))
                told = {**values, "group": self.group if "/" not in self.group else "<group>"}
                return json.dumps(
                    {
                        "event_type": event_type,
                        "client_payload": {"environments": keys, **told},
                    }
                )
        return json.dumps(values)

    def paths(self, context: Context) -> dict[str, str]:
        """The paths that the template names."""
        template = self.template(context) or ""
        return {
            name: path
            for name, path in {**PATHS, **self.payload}.items()
            if f"<{name}>" in template
        }
