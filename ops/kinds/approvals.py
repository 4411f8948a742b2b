"""Approvals of the Model Registry: the bus, queues of what was not delivered, and calls of repositories."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH
from ..plan import Action, Change, Plan
from ..told import Story
from . import weaker
from .finding import given, pairs
from .policies import resource_policy
from .reasons import part, resource
from .record import Existing, Finding, Not, Outcome, Values, Verifier
from .stories import told_when_gone
from .words import PAST, arrow, changed_first

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

TARGET = "aws_cloudwatch_event_target"
RULE = "aws_cloudwatch_event_rule"
QUEUE = "aws_sqs_queue"
CONNECTION = "aws_cloudwatch_event_connection"
_VERSIONS = "SageMaker Model Package State Change"
_STARTS = {
    "api-destination": "the repository",
    "codepipeline": "CodePipeline",
    "event-bus": "the event bus",
    "states": "the state machine",
}


def _events(aws: Aws) -> EventBridgeClient:
    client: EventBridgeClient = aws.any_client("events")
    return client


# Recover


def _bus(aws: Aws, values: Values) -> Iterator[Existing]:
    name, events = given(values, "name"), _events(aws)
    arn = events.describe_event_bus(Name=name)["Arn"]
    yield Existing(name, pairs(events.list_tags_for_resource(ResourceARN=arn)["Tags"]))


def _archive(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    _events(aws).describe_archive(ArchiveName=name)
    yield Existing(name, {}, own_name=True)


def _destination(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    _events(aws).describe_api_destination(Name=name)
    yield Existing(name, {}, own_name=True)


def _connection(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    _events(aws).describe_connection(Name=name)
    yield Existing(name, {}, own_name=True)


def _queue(aws: Aws, values: Values) -> Iterator[Existing]:
    sqs: Any = aws.any_client("sqs")
    url = sqs.get_queue_url(QueueName=given(values, "name"))["QueueUrl"]
    yield Existing(url, dict(sqs.list_queue_tags(QueueUrl=url).get("Tags", {})))


# Review


def waited_for(rule: Values) -> str:
    """What a rule on versions of a model package group waits for, in words; empty for another rule."""
    try:
        pattern = json.loads(str(rule.get("event_pattern")))
        detail = pattern["detail"]
        if _VERSIONS not in pattern["detail-type"]:
            return ""
        statuses = " or ".join(detail["ModelApprovalStatus"])
        stages = " or ".join(detail.get("ModelLifeCycle", {}).get("Stage", ()))
        reached = f" in stage {stages}" if stages else ""
        return f"{detail['ModelPackageGroupName'][0]}: {statuses}{reached}"
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return ""


def _started(target: Values, calls: Mapping[str, str]) -> str:
    """What a target starts, in words."""
    arn = str(target.get("arn") or "")
    if not arn:
        return "not known before the apply"
    parts = arn.split(":")
    kind = parts[2] if parts[2] != "events" else parts[5].partition("/")[0]
    if kind == "api-destination":
        name = parts[5].split("/")[1]
        return calls.get(name, f"the API destination {name}")
    return f"{_STARTS.get(kind, kind)} {parts[-1].rpartition('/')[2]} of account {parts[4]}"


def approval_story(plan: Plan, target: Change) -> Iterator[Story]:
    """What a plan does to an approval: to its rule, its target, or where that calls."""
    rule = next(
        (
            each
            for each in plan.of_type(RULE)
            if {each.before.get("name"), each.after.get("name")}
            & {target.before.get("rule"), target.after.get("rule")}
            and (waited_for(each.before) or waited_for(each.after))
        ),
        None,
    )
    if rule is None:
        return
    destinations = plan.of_type("aws_cloudwatch_event_api_destination")
    name = str(rule.after.get("name") or rule.before.get("name"))
    own = [
        each for each in destinations if name in (each.before.get("name"), each.after.get("name"))
    ]
    if not any(each.is_shown for each in (rule, target, *own)):
        return
    facts = []
    for what, sides in (
        ("waits for", [waited_for(rule.before), waited_for(rule.after)]),
        ("starts", [_side(target, "before", own), _side(target, "after", own)]),
        ("fires", [_fires(rule.before), _fires(rule.after)]),
    ):
        facts.append((what, arrow(*sides)))
    action = rule.action if rule.is_shown else target.action if target.is_shown else Action.UPDATE
    yield Story(
        kind="approval",
        name=name,
        address=target.address,
        action=action.value,
        headline=f"{name} is {PAST[action]}",
        facts=tuple(changed_first(facts)),
        interrupted="nothing starts by itself once a version is approved"
        if action is Action.DELETE or (_fires(rule.before) and not _fires(rule.after))
        else "",
    )


def _side(target: Change, side: Any, destinations: list[Change]) -> str:
    if not target.exists(side):
        return ""
    own = [each.at(side) for each in destinations if each.exists(side)]
    if own:
        return f"POST {own[0].get('invocation_endpoint')}"
    return _started(target.at(side), {})


def _fires(rule: Values) -> str:
    if not rule.get("name"):
        return ""
    return "" if rule.get("state") == "DISABLED" else "once for each change of status"


# Verify


class _Undelivered(Verifier):
    """Whether anything lies in a queue of what EventBridge could not deliver."""

    def findings(self) -> Iterator[Finding]:
        """It is there, and empty."""
        sqs: Any = self.run.aws.any_client("sqs")
        try:
            url = sqs.get_queue_url(QueueName=self.name)["QueueUrl"]
        except ClientError as error:
            if "NonExistentQueue" not in error.response["Error"]["Code"]:
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        asked = ["ApproximateNumberOfMessages"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
        count = int(found[asked[0]])
        if count:
            said = f"holds {count} events that could not be delivered"
            fix = f"read them: aws sqs receive-message --queue-url {url}; then start by hand what they were for"
            yield self.finding(HEALTH, "failed", said, fix)
        else:
            yield self.finding(HEALTH, "passed", "is empty: everything was delivered")

    def served(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


class _Connection(Verifier):
    """Whether a connection has a token, as far as EventBridge tells."""

    def findings(self) -> Iterator[Finding]:
        """It is authorized, and was changed since Terraform made it without a token."""
        fix = f"inferform connections set-token {self.run.environment.key} {self.name}"
        try:
            found = _events(self.run.aws).describe_connection(Name=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        state, made = found["ConnectionState"], found["CreationTime"]
        if state != "AUTHORIZED":
            yield self.finding(HEALTH, "failed", f"is {state}", fix)
        elif found.get("LastModifiedTime", made) <= made:
            # The token is handed over once the connection is there.
            outcome: Outcome = "skipped" if self.run.applied else "failed"
            yield self.finding(HEALTH, outcome, "has no token yet, so that every call fails", fix)
        else:
            yield self.finding(
                HEALTH, "passed", "was given a token; whether it is still valid only a call tells"
            )

    def served(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


_BY_EVENT = Not("it is billed by event")
_PUT = "AWS puts it instead of the one that is there"
_SAID = Not("the story of its approval tells it")

KINDS = (
    resource(
        "aws_cloudwatch_event_bus",
        "event bus",
        _bus,
        name="name",
        uses=_BY_EVENT,
        story=told_when_gone("event bus", "what other accounts pass on to it", "name"),
    ),
    part(
        "aws_cloudwatch_event_bus_policy",
        "policy of an event bus",
        "aws_cloudwatch_event_bus",
        _PUT,
        risks=resource_policy(),
    ),
    resource(
        "aws_cloudwatch_event_archive",
        "archive of events",
        _archive,
        part_of="aws_cloudwatch_event_bus",
        name="name",
        holds_data=True,
        uses=Not("what is stored in it is billed, and no plan knows how much that is"),
        story=told_when_gone("archive of events", "replaying events of the bus", "name"),
    ),
    resource(
        "aws_cloudwatch_event_api_destination",
        "API destination",
        _destination,
        name="name",
        uses=_BY_EVENT,
        story=_SAID,
        verify=Not("nothing is called to try: the repository would start its workflows"),
    ),
    resource(
        CONNECTION,
        "connection of EventBridge",
        _connection,
        name="name",
        uses=Not("the secret that EventBridge makes for it is free of charge"),
        story=_SAID,
        verify=_Connection,
    ),
    resource(
        QUEUE,
        "SQS queue",
        _queue,
        name="name",
        holds_data=True,
        uses=Not("it is billed by request"),
        story=told_when_gone("SQS queue", "keeping what could not be delivered", "name"),
        risks=(*weaker.QUEUE, *resource_policy(computed=True)),
        settings={"sqs_managed_sse_enabled": "encryption"},
        verify=_Undelivered,
    ),
    part(
        "aws_sqs_queue_policy",
        "policy of a queue",
        QUEUE,
        _PUT,
        risks=resource_policy(),
    ),
)
