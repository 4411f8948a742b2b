"""What metric filters count in log events: terms, alternatives, regular expressions and fields of JSON."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

# Amazon CloudWatch Logs user guide, "Filter pattern syntax for metric filters".
_TERM = re.compile(r'(?P<sign>[-?]?)(?:"(?P<quoted>[^"]*)"|%(?P<regex>[^%]+)%|(?P<word>\S+))')
_FIELD = re.compile(
    r'\{\s*\$(?P<path>(?:\.\w+)+)\s*(?P<sign>=|!=|>=|<=|>|<)\s*(?:"(?P<text>[^"]*)"|(?P<word>\S+))\s*\}'
)
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def expressions(pattern: str) -> int:
    """How many regular expressions a filter pattern has."""
    return sum(bool(term["regex"]) for term in _TERM.finditer(pattern))


def matches(pattern: str, message: str) -> bool:
    """Whether a filter pattern takes an event.

    Raises ValueError for a pattern that the emulator cannot read, such as one of columns, or of several
    fields of JSON.
    """
    pattern = pattern.strip()
    if pattern[:1] == "{":
        return _of_json(pattern, message)
    if pattern[:1] == "[":
        raise ValueError(f"the emulator reads no filter pattern of columns: {pattern}")
    needed, either, never = True, [], False
    for term in _TERM.finditer(pattern):
        text = term["quoted"] if term["quoted"] is not None else term["word"]
        found = bool(re.search(term["regex"], message)) if term["regex"] else text in message
        if term["sign"] == "-":
            never = never or found
        elif term["sign"] == "?":
            either.append(found)
        else:
            needed = needed and found
    return needed and not never and (any(either) if either else True)


def _of_json(pattern: str, message: str) -> bool:
    read = _FIELD.fullmatch(pattern)
    if read is None:
        raise ValueError(f"the emulator reads no filter pattern such as {pattern}")
    value = field(message, read["path"])
    if value is None:
        return False
    wanted = read["text"] if read["text"] is not None else read["word"]
    if read["sign"] in _COMPARED:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and _COMPARED[read["sign"]](float(value), float(wanted))
    same = str(value).lower() == wanted.lower() if isinstance(value, bool) else _same(value, wanted)
    return same is (read["sign"] == "=")


def _same(value: Any, wanted: str) -> bool:
    if isinstance(value, int | float):
        try:
            return float(value) == float(wanted)
        except ValueError:
            return False
    return re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), str(value)) is not None


def field(message: str, path: str) -> Any:
    """A field of an event of JSON, `.request.seconds`; None where there is none."""
    try:
        value: Any = json.loads(message)
    except ValueError:
        return None
    for name in path.strip(".").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def publish_counts(
    account: str, region: str, filters: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]]
) -> None:
    """Send what filters count of some events to CloudWatch, and a filter's default value where nothing
    matched."""
    from moto.cloudwatch.models import cloudwatch_backends

    cloudwatch = cloudwatch_backends[account][region]
    for each in filters:
        for transformation in each["metricTransformations"]:
            data = [
                datum
                for event in events
                if matches(each["filterPattern"], event["message"])
                for datum in [_datum(transformation, event)]
                if datum is not None
            ]
            default = transformation.get("defaultValue")
            if not data and default is not None and events:
                data = [_point(transformation, events[-1], float(default), [])]
            if data:
                cloudwatch.put_metric_data(transformation["metricNamespace"], data)


def _datum(transformation: dict[str, Any], event: dict[str, Any]) -> dict[str, Any] | None:
    """The datapoint of an event; None where the field that it counts, or is counted by, is not there."""
    given = transformation["metricValue"]
    value = field(event["message"], given[1:]) if given.startswith("$") else given
    named = transformation.get("dimensions") or {}
    dimensions = {name: field(event["message"], path[1:]) for name, path in named.items()}
    if value is None or None in dimensions.values():
        return None
    listed = [{"Name": name, "Value": str(each)} for name, each in dimensions.items()]
    return _point(transformation, event, float(value), listed)


def _point(
    transformation: dict[str, Any], event: dict[str, Any], value: float, dimensions: list[Any]
) -> dict[str, Any]:
    # moto keeps moments without a zone.
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return {
        "MetricName": transformation["metricName"],
        "Value": value,
        "Timestamp": moment.replace(tzinfo=None),
        "Dimensions": dimensions,
    }
