"""What CloudWatch does with alarms: it evaluates them by their datapoints, and tells their topics."""

from __future__ import annotations

import ast
import json
import math
import operator
import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

Buckets = dict[int, float]
"""The value of each period, by the second at which it begins."""

_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_BAND = re.compile(r"ANOMALY_DETECTION_BAND\(\s*(\w+)\s*,\s*([\d.]+)\s*\)")


def evaluate(backend: Any, changed: set[tuple[str, str]]) -> None:
    """Set the state of every alarm on a metric that has new data, and tell of it.

    Amazon CloudWatch user guide, "Alarm evaluation": M of the last N datapoints, the missing ones as the
    alarm says. The clock is that of the data: the newest datapoint is in the last period.
    """
    for alarm in list(backend.alarms.values()):
        if getattr(alarm, "rule", None) or not changed & set(_metrics(alarm)):
            continue
        state, reason, above = _judged(backend, alarm)
        if state != alarm.state_value:
            before = alarm.state_value
            alarm.update_state(reason, "{}", state)
            tell(backend, alarm, before)
        if state == "ALARM":
            scale(alarm, above)


def scale(alarm: Any, above: float = 0) -> None:
    """Run the scaling policies of an alarm that fires, which CloudWatch does for as long as it fires.

    ``above`` is by how much the metric is above the threshold, which a state that is set by hand does not
    say.
    """
    if alarm.actions_enabled and any(":scalingPolicy:" in arn for arn in alarm.alarm_actions or ()):
        # late, so that alarms alone do not load SageMaker
        from . import component_scaling

        component_scaling.set_off(alarm, above)


def tell(backend: Any, alarm: Any, before: str) -> None:
    """Send the actions of an alarm that has another state, and evaluate the alarms over it."""
    if alarm.state_value == before:
        return
    _act(backend, alarm, before)
    for other in list(backend.alarms.values()):
        if getattr(other, "rule", None) and other.settle():
            _act(backend, other, other.former)
            tell_above(backend, other)


def tell_above(backend: Any, alarm: Any) -> None:
    """Evaluate composite alarms over a composite alarm that has another state."""
    for other in list(backend.alarms.values()):
        if other is not alarm and getattr(other, "rule", None) and other.settle():
            _act(backend, other, other.former)
            tell_above(backend, other)


def _act(backend: Any, alarm: Any, before: str) -> None:
    _tell_eventbridge(backend, alarm, before)
    if not alarm.actions_enabled or _is_suppressed(backend, alarm):
        return
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    for arn in actions or ():
        if arn.split(":")[2] == "sns":
            publish(arn, json.dumps(_message(backend, alarm, before)), _subject(alarm))


def _tell_eventbridge(backend: Any, alarm: Any, before: str) -> None:
    """Send the event of the change to the default bus.

    Amazon CloudWatch user guide, "Alarm events and EventBridge".
    """
    from moto.events.models import events_backends

    at = f"{alarm.state_updated_timestamp:%Y-%m-%dT%H:%M:%S.000+0000}"
    detail = {
        "alarmName": alarm.name,
        "state": {"value": alarm.state_value, "reason": alarm.state_reason, "timestamp": at},
        "previousState": {"value": before},
        "configuration": {"description": alarm.description},
    }
    events_backends[backend.account_id][backend.region_name].put_events(
        [
            {
                "Source": "aws.cloudwatch",
                "DetailType": "CloudWatch Alarm State Change",
                "Resources": [alarm.alarm_arn],
                "Detail": json.dumps(detail, default=str),
            }
        ]
    )


def _is_suppressed(backend: Any, alarm: Any) -> bool:
    name = getattr(alarm, "actions_suppressor", None)
    suppressor = backend.alarms.get(str(name).rsplit(":alarm:", 1)[-1]) if name else None
    return suppressor is not None and suppressor.state_value == "ALARM"


def publish(arn: str, message: str, subject: str | None = None) -> None:
    """Publish to a topic, if it is there."""
    from moto.sns.models import sns_backends

    _, _, _, region, account, _ = arn.split(":", 5)
    known = account and region
    topic = sns_backends[account][region].topics.get(arn) if known else None
    if topic is not None:
        topic.publish(message, subject=subject)


def _subject(alarm: Any) -> str:
    return f'{alarm.state_value}: "{alarm.name}" in {alarm.region_name}'[:100]


def _message(backend: Any, alarm: Any, before: str) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "OldStateValue": before,
        "StateChangeTime": f"{alarm.state_updated_timestamp:%Y-%m-%dT%H:%M:%S.000+0000}",
        "Region": alarm.region_name,
        "AlarmArn": alarm.alarm_arn,
    }


def _metrics(alarm: Any) -> Iterator[tuple[str, str]]:
    if alarm.metric_name:
        yield alarm.namespace, alarm.metric_name
    for query in alarm.metric_data_queries:
        if query.metric_stat is not None:
            yield query.metric_stat.metric.namespace, query.metric_stat.metric.metric_name


def _judged(backend: Any, alarm: Any) -> tuple[str, str, float]:
    """The state of an alarm, why, and by how much its newest value is above the threshold."""
    period, values, band = _values(backend, alarm)
    if not values:
        return alarm.state_value, alarm.state_reason, 0
    periods = int(alarm.evaluation_periods)
    newest = max(values)
    missing = alarm.treat_missing_data or "missing"
    last = [newest - period * back for back in range(periods)]
    known = {at: values[at] for at in last if at in values}
    if missing in ("missing", "ignore") and not known:
        return alarm.state_value, alarm.state_reason, 0
    bad = sum(
        _is_bad(alarm, values[at], band) if at in values else missing == "breaching" for at in last
    )
    needed = int(alarm.datapoints_to_alarm or periods)
    limit = alarm.threshold if band is None else band
    word = "Crossed" if bad >= needed else "not crossed"
    numbers = [known[at] for at in last if at in known]
    reason = f"Threshold {word}: {bad} of {periods} datapoints {numbers} against {limit}"
    above = values[newest] - float(alarm.threshold) if band is None else 0
    return ("ALARM" if bad >= needed else "OK"), reason, above


def _is_bad(alarm: Any, value: float, band: tuple[float, float] | None) -> bool:
    kind = alarm.comparison_operator
    if band is None:
        return _COMPARED[kind](value, float(alarm.threshold))
    low, high = band
    below, above = "Lower" in kind and value < low, "Upper" in kind and value > high
    return below or above


def _values(backend: Any, alarm: Any) -> tuple[int, Buckets, tuple[float, float] | None]:
    """The period of an alarm and the value of each, and the band of an anomaly alarm."""
    if alarm.metric_name:
        period = int(alarm.period)
        statistic = alarm.statistic or alarm.extended_statistic
        dimensions = {each.name: each.value for each in alarm.dimensions}
        found = _buckets(backend, alarm.namespace, alarm.metric_name, dimensions, period, statistic)
        return period, found, None
    series: dict[str, Buckets] = {}
    period = 60
    for query in alarm.metric_data_queries:
        if query.metric_stat is not None:
            stat = query.metric_stat
            period = int(stat.period)
            dimensions = {each.name: each.value for each in stat.metric.dimensions}
            series[query.id] = _buckets(
                backend,
                stat.metric.namespace,
                stat.metric.metric_name,
                dimensions,
                period,
                stat.stat,
            )
    for query in alarm.metric_data_queries:
        if query.expression:
            banded = _BAND.fullmatch(query.expression.strip())
            if banded:
                return _expected(series[banded[1]], float(banded[2]), period, alarm)
            return period, calculated(query.expression, series), None
    return period, {}, None


def _expected(
    values: Buckets, width: float, period: int, alarm: Any
) -> tuple[int, Buckets, tuple[float, float] | None]:
    """The band that a metric's past makes: its mean and deviations. None of fewer than 3 datapoints, in
    which CloudWatch, which learns from two weeks, has no band either."""
    if not values:
        return period, {}, None
    since = max(values) - period * (int(alarm.evaluation_periods) - 1)
    past = [value for at, value in values.items() if at < since]
    if len(past) < 3:
        return period, {}, None
    middle, spread = statistics.fmean(past), statistics.pstdev(past) * width
    return period, values, (middle - spread, middle + spread)


def _buckets(
    backend: Any,
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    period: int,
    statistic: str,
) -> Buckets:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for datum in backend.metric_data:
        own = {each.name: each.value for each in datum.dimensions}
        if (datum.namespace, datum.name, own) == (namespace, name, dimensions):
            at = _seconds(datum.timestamp)
            found[at - at % period].append(datum)
    return {at: summed(data, statistic) for at, data in found.items()}


def _seconds(at: datetime) -> int:
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def summed(data: Sequence[Any], statistic: str) -> float:
    """A statistic of datapoints, each a value or what was summed up of several."""
    values: list[float] = sorted(each.value for each in data if hasattr(each, "value"))
    sets = [each for each in data if not hasattr(each, "value")]
    count = len(values) + sum(each.sample_count for each in sets)
    total = sum(values) + sum(each.sum for each in sets)
    simple: dict[str, float] = {
        "SampleCount": count,
        "Sum": total,
        "Average": total / count if count else 0,
        "Maximum": max([*values, *(each.max for each in sets)]),
        "Minimum": min([*values, *(each.min for each in sets)]),
    }
    if statistic in simple:
        return simple[statistic]
    rank = re.fullmatch(r"PR\(:([\d.]+)\)", statistic)
    if rank:
        within = sum(value <= float(rank[1]) for value in values)
        return 100.0 * within / max(1, len(values))
    share = re.fullmatch(r"p([\d.]+)", statistic)
    if share is None or not values:
        return float("nan")
    return float(values[max(0, math.ceil(len(values) * float(share[1]) / 100) - 1)])


def calculated(expression: str, series: dict[str, Buckets]) -> Buckets:
    """Metric math over each period: arithmetic, comparisons, IF and FILL.

    A period without a value of a metric has none of the expression, unless FILL gives it one.
    """
    tree = ast.parse(expression.strip(), mode="eval").body
    found: Buckets = {}
    for at in sorted({at for values in series.values() for at in values}):
        known = {name: values.get(at) for name, values in series.items()}
        value = _calculated(tree, known)
        if value is not None and not math.isnan(value):
            found[at] = value
    return found


_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def _calculated(node: ast.expr, known: dict[str, float | None]) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return known[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, other]):
            value = _calculated(inner, known)
            return _calculated(other, known) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[test, yes, no]):
            held = _calculated(test, known)
            return None if held is None else _calculated(yes if held else no, known)
        case ast.BinOp(left=left, op=sign, right=right):
            return _both(_calculated(left, known), type(sign), _calculated(right, known))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _both(_calculated(left, known), type(sign), _calculated(right, known))
    raise ValueError(f"the emulator has no metric math such as {ast.unparse(node)}")


def _both(left: float | None, sign: type[ast.AST], right: float | None) -> float | None:
    if left is None or right is None:
        return None
    if sign is ast.Div:
        return left / right if right else None
    return float(_OPERATORS[sign](left, right))
