"""The alarms of an environment as CloudWatch has them, beside what its Specs ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inferform import Environment
from inferform.observability.alarms import Alarm, Composite, find_alarms

from .aws import Aws
from .errors import BadInputError
from .kinds.alarms import METRIC_ALARM
from .untrusted import visible

_ORDER = ("ALARM", "INSUFFICIENT_DATA", "not deployed", "OK")


@dataclass(frozen=True, slots=True)
class AlarmState:
    """One alarm: what it is, how it is, and what to do."""

    key: str
    name: str
    state: str
    """CloudWatch's word; `not deployed` where it has none of that name."""

    since: datetime | None
    why: str
    says: str
    do: str

    def as_dict(self) -> dict[str, Any]:
        """The alarm for machines."""
        since = self.since.isoformat() if self.since else None
        return {
            "key": self.key,
            "name": self.name,
            "state": self.state,
            "since": since,
            "why": self.why,
            "says": self.says,
            "do": self.do,
        }


@dataclass(frozen=True, slots=True)
class Own:
    """An alarm that a service has of its own. People know it by its name in AWS."""

    name: str
    says: str
    do: str

    @property
    def key(self) -> str:
        """Its name."""
        return self.name


def read(environment: Environment, aws: Aws) -> list[AlarmState]:
    """Every alarm of the observability layer, and those that services have of their own, such as the ones
    that roll their updates back. Those that fire come first.

    Raises BadInputError where the environment has none.
    """
    wanted: dict[str, Alarm | Composite | Own] = {each.name: each for each in _own(environment)}
    if environment.observability is not None:
        found = find_alarms(environment)
        wanted |= {each.name: each for each in found.composites}
        wanted |= {each.name: each for each in found.alarms}
    if not wanted:
        raise BadInputError(
            f"{environment.key} has no alarms", "write observability=Observability() in its file"
        )
    names = list(wanted)
    states: dict[str, Any] = {}
    for start in range(0, len(names), 100):
        answer = aws.client("cloudwatch").describe_alarms(
            AlarmNames=names[start : start + 100], AlarmTypes=["CompositeAlarm", "MetricAlarm"]
        )
        held: list[Any] = [*answer["CompositeAlarms"], *answer["MetricAlarms"]]
        states |= {each["AlarmName"]: each for each in held}
    read = [_state(each, states.get(name)) for name, each in wanted.items()]
    return sorted(read, key=lambda each: _ORDER.index(each.state))


def _own(environment: Environment) -> Iterator[Own]:
    for each in environment.deployed:
        for name in each.spec.names(each.place):
            if name.kind == METRIC_ALARM:
                of = f"{each.full_name}{f', {name.of}' if name.of else ''}"
                yield Own(
                    name.value,
                    f"an alarm of {of}, by which it rolls back, scales or tells of a run that failed",
                    f"inferform show {environment.key} {each.full_name}, then its logs and metrics",
                )


def _state(spec: Alarm | Composite | Own, state: Any) -> AlarmState:
    known = state or {}
    return AlarmState(
        key=spec.key,
        name=spec.name,
        state=known.get("StateValue", "not deployed"),
        since=known.get("StateUpdatedTimestamp"),
        why=visible(known.get("StateReason") or ""),
        says=spec.says,
        do=spec.do,
    )
