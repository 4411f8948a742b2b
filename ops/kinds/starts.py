"""What starts a state machine or a pipeline, in words: schedules of EventBridge Scheduler, and rules of
EventBridge."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from inferform.usage import Start

from ..plan import Action, Change, Plan, Side, dig
from .approvals import waited_for
from .record import Values

SCHEDULE = "aws_scheduler_schedule"
RULE = "aws_cloudwatch_event_rule"
TARGET = "aws_cloudwatch_event_target"

_NAMED = re.compile(r"^arn:.*:(stateMachine:|pipeline/)")
_DAILY = re.compile(r"cron\((\d{1,2}) (\d{1,2}) (\* \* \?|\? \* \*) \*\)")


def when(start: Start) -> str:
    """When a schedule starts something: `at 02:17 each day`, or the expression itself."""
    zone = "" if start.timezone == "UTC" else f" ({start.timezone})"
    daily = _DAILY.fullmatch(start.expression)
    if daily:
        return f"at {int(daily[2]):02}:{int(daily[1]):02} each day{zone}"
    return f"{start.expression}{zone}"


def _schedule(values: Values) -> Start | None:
    """When a schedule starts what it does; None where it is switched off."""
    expression = values.get("schedule_expression")
    if not isinstance(expression, str) or values.get("state") == "DISABLED":
        return None
    return Start(expression, str(values.get("schedule_expression_timezone") or "UTC"))


def _first(pattern: Any, *path: str) -> str:
    found = dig(pattern, *path)
    return str(found[0]) if isinstance(found, list) and found else ""


def waits_for(values: Values) -> str:
    """What a rule waits for: `uploads to data/`; empty where it is switched off or there is none."""
    if values.get("state") == "DISABLED" or values.get("is_enabled") is False:
        return ""
    text = values.get("event_pattern")
    if not isinstance(text, str):
        return str(values.get("schedule_expression") or "")
    try:
        pattern = json.loads(text)
    except ValueError:
        pattern = {}
    versions = waited_for(values)
    return f"versions of {versions}" if versions else _event(pattern)


def _event(pattern: Any) -> str:
    kind = _first(pattern, "detail-type")
    if kind == "Object Created":
        held = dig(pattern, "detail", "object", "key")
        keys = held[0] if isinstance(held, list) and held else {}
        below = keys.get("prefix") or keys.get("wildcard") if isinstance(keys, dict) else keys
        return f"uploads to {below or _first(pattern, 'detail', 'bucket', 'name')}"
    if kind == "CloudWatch Alarm State Change":
        arns = dig(pattern, "resources")
        named = [str(arn).rpartition(":")[2] for arn in arns] if isinstance(arns, list) else []
        return f"alarm {', '.join(named)}" if named else "alarms"
    return f"events {kind or _first(pattern, 'source') or 'of a pattern'}"


_SIDES: tuple[Side, Side] = ("before", "after")


def _triggers(plan: Plan, machine: Change) -> Iterator[Change]:
    """The schedules and rules whose target is a state machine or a pipeline: what they refer to says so, or
    its ARN. Names do not, as they are cut where they are long."""
    for schedule in plan.of_type(SCHEDULE):
        if _leads(plan, schedule, machine, "target", 0, "arn"):
            yield schedule
    rules = {name: rule for rule in plan.of_type(RULE) for name in _of(rule, "name")}
    found: dict[str, Change] = {}
    for target in plan.of_type(TARGET):
        if _leads(plan, target, machine, "arn"):
            known = [rules[name] for name in _of(target, "rule") if name in rules]
            for rule in known or plan.referred(target, "rule"):
                found.setdefault(rule.address, rule)
    yield from found.values()


def _of(change: Change, *path: Any) -> set[str]:
    """The texts of an argument, before and after."""
    values = (dig(change.at(side), *path) for side in _SIDES)
    return {each for each in values if isinstance(each, str) and each}


def _leads(plan: Plan, holder: Change, machine: Change, *path: Any) -> bool:
    """Whether an argument is the ARN of a state machine or a pipeline, or refers to it."""
    named = {_NAMED.sub("", arn) for arn in _of(holder, *path)}
    if named:
        return bool(named & (_of(machine, "name") | _of(machine, "pipeline_name")))
    return machine in plan.referred(holder, *path)


def starts(plan: Plan, machine: Change) -> Iterator[tuple[str, str]]:
    """What starts a state machine or a pipeline before and after, where that changes; empty texts for nothing."""
    for trigger in _triggers(plan, machine):
        if trigger.is_shown:
            texts = [_told(trigger, side) for side in _SIDES]
            if texts[0] != texts[1]:
                yield texts[0], texts[1]


def _told(trigger: Change, side: Side) -> str:
    values = trigger.at(side) if trigger.exists(side) else {}
    if trigger.type == RULE:
        return waits_for(values) if values else ""
    start = _schedule(values)
    return when(start) if start else ""


def scheduled(plan: Plan, machine: Change, side: Side) -> list[Start]:
    """The schedules that start a state machine or a pipeline on one side of a plan."""
    if side == "after" and machine.action is Action.DELETE:
        return []
    found = (
        _schedule(each.at(side))
        for each in _triggers(plan, machine)
        if each.type == SCHEDULE and each.exists(side)
    )
    return [each for each in found if each is not None]
