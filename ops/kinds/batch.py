"""Batch transforms: a state machine that runs transform jobs, and what starts it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform.service import Deployed
from inferform.usage import Usage, by_use

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH, INVOCATION
from ..errors import BadInputError
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import Story
from . import training, weaker
from .approvals import approval_story
from .finding import given, pairs
from .pages import in_console, name_in_aws
from .reasons import resource
from .record import Existing, Finding, Not, Quota, Reply, Request, Values, Verifier
from .sagemaker_story import MODEL, Served, facts_of, named, served
from .sagemaker_verify import served_by
from .starts import RULE, SCHEDULE, TARGET, starts, waits_for
from .synthesis import Resource, Synthesis
from .words import PAST, arrow, changed_first, forced

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_stepfunctions import SFNClient

MACHINE = "aws_sfn_state_machine"

_ABSENT = ("StateMachineDoesNotExist", "ResourceNotFoundException", "ValidationException")


def job_of(values: Values) -> Mapping[str, Any]:
    """What a state machine tells CreateTransformJob; empty where it runs no transform jobs."""
    try:
        states = json.loads(str(values.get("definition"))).get("States", {})
    except (ValueError, AttributeError):
        return {}
    for state in states.values() if isinstance(states, dict) else ():
        if isinstance(state, dict) and "createTransformJob" in str(state.get("Resource")):
            found = state.get("Parameters")
            return found if isinstance(found, dict) else {}
    return {}


def _states(aws: Aws) -> SFNClient:
    client: SFNClient = aws.any_client("stepfunctions")
    return client


def _schedules(aws: Aws) -> EventBridgeSchedulerClient:
    client: EventBridgeSchedulerClient = aws.any_client("scheduler")
    return client


def _events(aws: Aws) -> EventBridgeClient:
    client: EventBridgeClient = aws.any_client("events")
    return client


# Recover


def _machine_tags(aws: Aws, arn: str) -> dict[str, str]:
    return pairs(_states(aws).list_tags_for_resource(resourceArn=arn)["tags"])


def _find_machine(aws: Aws, values: Values) -> Iterator[Existing]:
    arn = aws.context.arn("states", f"stateMachine:{given(values, 'name')}")
    _states(aws).describe_state_machine(stateMachineArn=arn)
    yield Existing(arn, _machine_tags(aws, arn))


def _find_schedule(aws: Aws, values: Values) -> Iterator[Existing]:
    """A schedule has no tags: those of the state machine or pipeline that it starts stand for them."""
    name, group = given(values, "name"), str(values.get("group_name") or "default")
    arn = _schedules(aws).get_schedule(Name=name, GroupName=group)["Target"]["Arn"]
    if ":sagemaker:" in arn:
        tags = pairs(aws.client("sagemaker").list_tags(ResourceArn=arn)["Tags"])
    else:
        tags = _machine_tags(aws, arn)
    yield Existing(f"{group}/{name}", tags)


def _rule_tags(aws: Aws, name: str, bus: str) -> dict[str, str]:
    events = _events(aws)
    arn = events.describe_rule(Name=name, EventBusName=bus)["Arn"]
    return pairs(events.list_tags_for_resource(ResourceARN=arn)["Tags"])


def _bus(values: Values) -> tuple[str, str]:
    """The event bus of a rule or target, and how the id of an import begins."""
    bus = str(values.get("event_bus_name") or "default")
    return bus, "" if bus == "default" else f"{bus}/"


def _find_rule(aws: Aws, values: Values) -> Iterator[Existing]:
    name, (bus, on) = given(values, "name"), _bus(values)
    yield Existing(f"{on}{name}", _rule_tags(aws, name, bus))


def _find_target(aws: Aws, values: Values) -> Iterator[Existing]:
    """The target of a rule, by what it starts: a second one would start everything twice."""
    rule, arn, (bus, on) = given(values, "rule"), given(values, "arn"), _bus(values)
    for target in _events(aws).list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]:
        if target["Arn"] == arn:
            yield Existing(f"{on}{rule}/{target['Id']}", _rule_tags(aws, rule, bus))


# Cost and preflight


def _instances(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Instances while a job runs: how often and how long, nobody knows beforehand."""
    values = plan.told(change, side, "definition")
    kind = dig(job_of(values), "TransformResources", "InstanceType")
    if kind:
        yield by_use(_name(change), f"sagemaker/transform/{kind}")
    yield from training.usage(values, _name(change))


def _quotas(synthesis: Synthesis, machine: Resource) -> Iterator[Quota]:
    """The instances of one job; several at a time take as often as many."""
    resources = job_of(machine.values).get("TransformResources", {})
    if resources.get("InstanceType"):
        name = f"{resources['InstanceType']} for transform job usage"
        count = number(resources.get("InstanceCount"), 1)
        yield Quota("sagemaker", name, count, doubled=False)
    yield from training.quotas(machine.values)


# Review

_SIDES: tuple[Side, Side] = ("before", "after")


def _name(change: Change) -> str:
    return str(change.after.get("name") or change.before.get("name") or change.name)


def _transform(plan: Plan, machine: Change, side: Side) -> dict[str, Served]:
    """What a state machine serves before or after, as an endpoint's variant is told."""
    job = job_of(plan.told(machine, side, "definition"))
    if not job:
        return {}
    resources = job.get("TransformResources", {})
    variant = {
        "instance_type": resources.get("InstanceType"),
        "initial_instance_count": resources.get("InstanceCount"),
    }
    model = named(plan, MODEL, job.get("ModelName"), side)
    return {"transform": served("transform", variant, model, side)}


def _story(plan: Plan, machine: Change) -> Iterator[Story]:
    before, after = (_transform(plan, machine, side) for side in _SIDES)
    triggers = list(starts(plan, machine))
    yield from training.stories(plan, machine, _name(machine), triggers)
    if not (before or after) or not (machine.is_shown or triggers):
        return
    name, action = _name(machine), machine.action
    facts = list(facts_of(before, after))
    interrupted = ""
    if action is Action.DELETE:
        facts, triggers = list(facts_of({}, before)), []
        interrupted = "no job can be started any more"
    elif action is Action.REPLACE:
        facts.append(("replaced because of", forced(machine)))
        interrupted = "no job can be started until the new one is there"
    elif triggers and not any(will for _, will in triggers):
        interrupted = "no job starts by itself any more"
    headline = f"{name} is {PAST[action]}"
    if action is Action.NONE:
        headline = f"{name} only changes what starts it"
    yield Story(
        kind="batch transform",
        name=name,
        address=machine.address,
        action=action.value if machine.is_shown else "trigger",
        headline=headline,
        facts=tuple(changed_first([*facts, *(("started by", arrow(*each)) for each in triggers)])),
        interrupted=interrupted,
        rollout="the next job runs it; those that run continue with the old one"
        if action is Action.UPDATE
        else "",
    )


# Verify


class _Transform(Verifier):
    """The checks of one batch transform. No job is started: that costs, and takes minutes."""

    def ask(self, request: Request) -> Reply:
        """It runs jobs, and answers nobody."""
        raise BadInputError(f"{self.name} runs jobs", "inferform train starts a retraining")

    def findings(self) -> Iterator[Finding]:
        """Definition, model and status."""
        aws = self.run.aws
        arn = aws.context.arn("states", f"stateMachine:{self.name}")
        try:
            found = _states(aws).describe_state_machine(stateMachineArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            fix = "somebody deleted it; deploy again"
            yield self.finding(CONFIGURATION, "failed", "does not exist", fix)
            return
        model = job_of(found).get("ModelName")
        if json.loads(found["definition"]) != json.loads(str(self.values["definition"])):
            said = "its definition is not the one in the state"
            yield self.finding(CONFIGURATION, "failed", said, "somebody changed it; deploy again")
        elif model is None:
            jobs = ", ".join(each.state for each in training.asked_of(found)) or "no job"
            yield self.finding(CONFIGURATION, "passed", f"runs {jobs}")
        elif not self._has_model(str(model)):
            said = f"its model {model} does not exist, so that every job fails"
            yield self.finding(CONFIGURATION, "failed", said, "somebody deleted it; deploy again")
        else:
            yield self.finding(CONFIGURATION, "passed", f"runs {model}")
        status = found["status"]
        if status != "ACTIVE":
            yield self.finding(
                HEALTH, "failed", f"is {status}", "wait until it is gone, deploy again"
            )
            return
        yield self._last(arn)
        if self.run.invoke:
            yield self.finding(INVOCATION, "skipped", "is started by its trigger, or by you")

    def _last(self, arn: str) -> Finding:
        """How its last execution ended."""
        listed = _states(self.run.aws).list_executions(stateMachineArn=arn, maxResults=1)
        if not listed["executions"]:
            return self.finding(HEALTH, "passed", "is ACTIVE, and has never run")
        last = listed["executions"][0]
        when, status = last["startDate"].isoformat(timespec="minutes"), last["status"]
        if status in ("RUNNING", "SUCCEEDED") or self.run.applied:
            # What is deployed has not run yet: its last run is no fault of it.
            return self.finding(HEALTH, "passed", f"is ACTIVE; its run of {when} is {status}")
        found = _states(self.run.aws).describe_execution(executionArn=last["executionArn"])
        why = ": ".join(filter(None, [str(found.get("error", "")), str(found.get("cause", ""))]))
        said = f"its run of {when} is {status}{f', {why}' if why else ''}"
        fix = f"inferform runs {self.run.environment.key}; fix what failed, and start it again"
        return self.finding(HEALTH, "failed", said, fix)

    def _has_model(self, name: str) -> bool:
        try:
            self.run.aws.client("sagemaker").describe_model(ModelName=name)
        except ClientError as error:
            if "Could not find" not in str(error):
                raise
            return False
        return True

    def served(self) -> Iterator[str]:
        """The image and artifact of its model, in the state."""
        wanted = job_of(self.values).get("ModelName")
        for model in self.run.state.of_type(MODEL):
            if model["name"] == wanted:
                yield from served_by(model)


class _Schedule(Verifier):
    """Whether a schedule still starts what it should."""

    def findings(self) -> Iterator[Finding]:
        """It is there, and enabled."""
        group = str(self.values.get("group_name") or "default")
        client = _schedules(self.run.aws)
        try:
            found = client.get_schedule(Name=self.name, GroupName=group)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            yield self.finding(HEALTH, "failed", _NO_SCHEDULE, "deploy again")
            return
        yield _enabled(self, found["State"], f"starts it at {found['ScheduleExpression']}")

    def served(self) -> Iterator[str]:
        """Nothing: the state machine does."""
        yield from ()


class _Rule(Verifier):
    """Whether events still start what they should."""

    def findings(self) -> Iterator[Finding]:
        """The rule is there, and enabled."""
        bus = str(self.values.get("event_bus_name") or "default")
        try:
            found = _events(self.run.aws).describe_rule(Name=self.name, EventBusName=bus)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            yield self.finding(
                HEALTH, "failed", "has no rule, so that no event starts it", "deploy again"
            )
            return
        if self.values.get("state") == "DISABLED" == found["State"]:
            yield self.finding(HEALTH, "skipped", "is switched off, as its Spec says")
            return
        waited = waits_for({"event_pattern": found.get("EventPattern")})
        yield _enabled(self, found["State"], f"waits for {waited or 'its events'}")

    def served(self) -> Iterator[str]:
        """Nothing: the state machine does."""
        yield from ()


_NO_SCHEDULE = "has no schedule, so that it is not started"


def _enabled(trigger: Verifier, state: str, passed: str) -> Finding:
    if state == "ENABLED":
        return trigger.finding(HEALTH, "passed", passed)
    said = f"what starts it is {state}"
    return trigger.finding(HEALTH, "failed", said, "enable it")


_OF_MACHINE = Not("it is told with the state machine that it starts")
_BY_USE = Not("it is billed by what it starts")
_TAKES_NOTHING = Not("what it starts takes them")
_INTERRUPTS = Not("its deletion is an interruption in the story of what it starts")


def _page(service: Deployed) -> str:
    """The executions of a state machine."""
    context = service.place.environment.context
    arn = context.arn("states", f"stateMachine:{name_in_aws(service)}")
    return in_console(service, "states", f"/statemachines/view/{arn}")


KINDS = (
    resource(
        MACHINE,
        "batch transform",
        _find_machine,
        name="name",
        outage=True,
        uses=_instances,
        quotas=_quotas,
        addresses=Not("the instances of a job are there for minutes, and nobody knows when"),
        preflight=training.data,
        story=_story,
        risks=training.RISKS,
        settings={"logging_configuration": "the log of failed executions"},
        reverted=Not("a run uses the definition that it began with; nothing rolls one back"),
        verify=_Transform,
        page=_page,
    ),
    resource(
        SCHEDULE,
        "schedule",
        _find_schedule,
        name="name",
        uses=_BY_USE,
        quotas=_TAKES_NOTHING,
        addresses=_TAKES_NOTHING,
        story=_OF_MACHINE,
        risks=weaker.SCHEDULE,
        verify=_Schedule,
    ),
    resource(
        RULE,
        "EventBridge rule",
        _find_rule,
        name=Not("EventBridge does not refuse the name of a rule that exists"),
        uses=_BY_USE,
        quotas=_TAKES_NOTHING,
        addresses=_TAKES_NOTHING,
        story=_OF_MACHINE,
        risks=weaker.EVENT_RULE,
        verify=_Rule,
    ),
    resource(
        TARGET,
        "target of a rule",
        _find_target,
        part_of=RULE,
        name=Not("it has no name of its own"),
        uses=_BY_USE,
        quotas=_TAKES_NOTHING,
        addresses=_TAKES_NOTHING,
        story=approval_story,
        risks=_INTERRUPTS,
        verify=Not("it is verified with its rule"),
    ),
)
