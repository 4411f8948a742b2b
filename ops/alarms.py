"""The alarms of an environment as CloudWatch has them, beside what its Specs ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inferform import Environment
from inferform.observability.alarms import Alarm, Composite, find_alarms

from .aws import Aws
from .errors import BadInputError
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


def read(environment: Environment, aws: Aws) -> list[AlarmState]:
    """Every alarm of the observability layer, those that fire first.

    Raises BadInputError where the environment has no such layer.
    """
    if environment.observability is None:
        raise BadInputError(
            f"{environment.key} has no observability layer",
            "write observability=Observability() in its file",
        )
    found = find_alarms(environment)
    wanted: dict[str, Alarm | Composite] = {each.name: each for each in found.composites}
    wanted |= {each.name: each for each in found.alarms}
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


def _state(spec: Alarm | Composite, state: Any) -> AlarmState:
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
