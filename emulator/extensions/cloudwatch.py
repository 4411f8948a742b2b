"""CloudWatch: composite alarms and the state of alarms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from ..alarm_states import evaluate, scale, tell
from .registry import Service

service = Service("cloudwatch", CloudWatchResponse)

Original = Callable[..., Any]


class DashboardInvalidInputError(ValidationError):  # type: ignore[misc]  # moto is not checked
    """AWS's error of a dashboard that it does not take."""

    code = "InvalidParameterInput"


# p99, tm99, wm98.5, tc90, ts90, pr(:300), TM(10%:90%), IQM
_EXTENDED_STATISTIC = re.compile(r"(p|tm|tc|ts|wm)\d{1,3}(\.\d+)?|(TM|TC|TS|WM|PR)\(.+\)|IQM", re.I)


@service.corrects(
    "PutMetricAlarm",
    gap="creates alarms in state OK and sets a changed alarm back to it; knows percentiles as the "
    "only extended statistic; takes more than five actions, any window and any metric math",
    owner=CloudWatchBackend,
)
def put_metric_alarm(original: Original, backend: CloudWatchBackend, **given: Any) -> Alarm:
    """AWS starts at INSUFFICIENT_DATA, keeps the state of an alarm that exists, and knows more."""
    _require_limits(given)
    statistic = given.get("extended_statistic")
    if statistic and not _EXTENDED_STATISTIC.fullmatch(statistic):
        raise InvalidParameterValue(
            f"The value {statistic} for parameter ExtendedStatistic is not supported."
        )
    before = backend.alarms.get(given["name"])
    alarm: Alarm = original(backend, **{**given, "extended_statistic": None})
    alarm.extended_statistic = statistic
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        for name in ("state_value", "state_reason", "state_reason_data", "history"):
            setattr(alarm, name, getattr(before, name))
        alarm.state_updated_timestamp = before.state_updated_timestamp
    return alarm


@service.corrects(
    "SetAlarmState",
    gap="starts no scaling policy of an inference component, tells no topic, and no composite alarm",
    owner=CloudWatchBackend,
)
def set_alarm_state(
    original: Original, backend: CloudWatchBackend, alarm_name: str, *state: Any, **named: Any
) -> None:
    """AWS does what the alarm is for, whoever sets it off."""
    before = backend.alarms[alarm_name].state_value if alarm_name in backend.alarms else ""
    original(backend, alarm_name, *state, **named)
    alarm = backend.alarms[alarm_name]
    tell(backend, alarm, before)
    if alarm.state_value == "ALARM":
        scale(alarm)


def _require_limits(given: dict[str, Any]) -> None:
    """PutMetricAlarm: five actions for a state, and a window of a week, or of a day where the period
    is shorter than an hour."""
    for kind in ("alarm_actions", "ok_actions", "insufficient_data_actions"):
        actions = given.get(kind) or []
        if len(actions) > 5:
            first, *others = kind.split("_")
            field = "".join([first, *(each.title() for each in others)])
            raise ValidationError(
                f"1 validation error detected: Value '[{', '.join(actions)}]' at '{field}' failed to "
                "satisfy constraint: Member must have length less than or equal to 5"
            )
    queries = given.get("metric_data_queries") or []
    _require_queries(given, queries)
    periods, datapoints = given.get("evaluation_periods"), given.get("datapoints_to_alarm")
    if periods and datapoints and int(datapoints) > int(periods):
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    measured = [each.metric_stat.period for each in queries if each.metric_stat]
    period = given.get("period") or max(measured, default=None, key=int)
    if not period or not periods:
        return
    span, seconds = ("day", 86_400) if int(period) < 3600 else ("week", 604_800)
    if int(period) * int(periods) > seconds:
        raise ValidationError(
            f"Metrics cannot be checked across more than a {span} (EvaluationPeriods * Period must be "
            f"<= {seconds})"
        )


def _require_queries(given: dict[str, Any], queries: list[Any]) -> None:
    """PutMetricAlarm: 10 metrics, one of which is compared, and nothing that scales by a band.

    Amazon CloudWatch user guide, service quotas; API reference, PutMetricAlarm AlarmActions; of the first and
    the last the words are not known.
    """
    if sum(bool(each.metric_stat) for each in queries) > 10:
        raise ValidationError("An alarm on metric math can contain at most 10 metrics")
    banded = given.get("threshold_metric_id")
    scales = any(":scalingPolicy:" in arn for arn in given.get("alarm_actions") or ())
    if banded and scales:
        raise ValidationError("An anomaly detection alarm cannot have Auto Scaling actions")
    # moto keeps what it was given: a flag is a text.
    returned = [each for each in queries if str(each.return_data).lower() != "false"]
    if queries and not banded and len(returned) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")


@service.corrects(
    "DeleteAlarms", gap="deletes alarms that a composite alarm names, and several composite alarms"
)
def delete_alarms(original: Original, response: CloudWatchResponse) -> ActionResult:
    """AWS deletes none of them then."""
    alarms = response.cloudwatch_backend.alarms
    names = response._get_param("AlarmNames", [])
    composites = [each for each in alarms.values() if isinstance(each, CompositeAlarm)]
    if sum(each.name in names for each in composites) > 1:
        raise ValidationError("DeleteAlarms request can contain at most one composite alarm")
    for name in names:
        if any(name in _names_in(each.rule) for each in composites):
            raise ValidationError(
                f"Cannot delete {name} as there are composite alarm(s) depending on it."
            )
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


def _names_in(rule: str) -> list[str]:
    found = [match["alarm"] for match in _TOKEN.finditer(rule) if match["alarm"]]
    return [each.strip('"').rsplit(":alarm:", 1)[-1] for each in found]


class CompositeAlarm(Alarm):  # type: ignore[misc]  # moto is not checked
    """An alarm whose state follows from those of others."""

    backend: CloudWatchBackend

    # moto finds an alarm's fields by the name of its class
    alarm_name = property(lambda self: self.name)
    alarm_description = property(lambda self: self.description)
    alarm_rule = property(lambda self: self.rule)

    announced: str = "INSUFFICIENT_DATA"
    former: str = "INSUFFICIENT_DATA"

    def settle(self) -> bool:
        """Note the state now, and the one before. Returns whether it has changed."""
        self.former, self.announced = self.announced, self.state_value
        if self.former != self.announced:
            self.state_reason = f"{self.rule} is {str(self.announced == 'ALARM').lower()}"
            self.state_updated_timestamp = utcnow()
        return self.former != self.announced

    @property
    def state_value(self) -> str:
        """The state now: AWS evaluates the rule whenever one of its alarms changes."""
        return "ALARM" if _Rule(self.backend, self.rule).holds() else "OK"

    @state_value.setter
    def state_value(self, value: str) -> None:
        """Ignored: the rule decides."""


@service.adds("PutCompositeAlarm", gap="missing")
def put_composite_alarm(response: CloudWatchResponse) -> EmptyResult:
    """AWS checks that the rule can be read, and that its alarms, at most 100, exist."""
    backend = response.cloudwatch_backend
    rule = response._get_param("AlarmRule")
    read = _Rule(backend, rule)
    if len(_names_in(rule)) > 100:
        raise ValidationError("AlarmRule refers to more than 100 alarms")
    read.holds()
    if read.missing:
        raise ValidationError(
            f"Could not save the composite alarm as alarms [{', '.join(read.missing)}] "
            "in the alarm rule do not exist"
        )
    kind: Any = CompositeAlarm
    alarm = kind(
        account_id=backend.account_id,
        region_name=backend.region_name,
        name=response._get_param("AlarmName"),
        namespace=None,
        metric_name=None,
        metric_data_queries=[],
        comparison_operator=None,
        evaluation_periods=None,
        datapoints_to_alarm=None,
        period=None,
        threshold=None,
        statistic=None,
        extended_statistic=None,
        description=response._get_param("AlarmDescription"),
        dimensions=[],
        alarm_actions=response._get_param("AlarmActions", []),
        ok_actions=response._get_param("OKActions", []),
        insufficient_data_actions=response._get_param("InsufficientDataActions", []),
        unit=None,
        actions_enabled=response._get_bool_param("ActionsEnabled"),
        treat_missing_data=None,
        evaluate_low_sample_count_percentile=None,
        threshold_metric_id=None,
        rule=rule,
    )
    alarm.backend = backend
    alarm.actions_suppressor = response._get_param("ActionsSuppressor")
    alarm.actions_suppressor_wait_period = response._get_param("ActionsSuppressorWaitPeriod")
    known = backend.alarms.get(alarm.name)
    if known is not None:
        alarm.announced = known.announced
    extension = response._get_param("ActionsSuppressorExtensionPeriod")
    alarm.actions_suppressor_extension_period = extension
    backend.alarms[alarm.name] = alarm
    tags = response._get_param("Tags", [])
    if tags:
        backend.tagger.tag_resource(alarm.alarm_arn, tags)
    return EmptyResult()


@service.corrects(
    "GetMetricStatistics", gap="adds up metrics with further dimensions", owner=CloudWatchBackend
)
def get_metric_statistics(
    original: Original,
    backend: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime,
    end_time: datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    unit: str | None = None,
) -> Any:
    """AWS has a metric for each set of dimensions, and adds up none of them."""
    wanted = {(each["Name"], each.get("Value")) for each in dimensions or ()}
    measured = [
        each
        for each in backend.get_all_metrics()
        if {(one.name, one.value) for one in each.dimensions or ()} == wanted
    ]
    # moto asks it for its metrics alone.
    those: Any = SimpleNamespace(get_all_metrics=lambda: measured)
    return original(
        those, namespace, metric_name, start_time, end_time, period, stats, dimensions, unit
    )


@service.corrects("PutMetricData", gap="evaluates no alarm", owner=CloudWatchBackend)
def put_metric_data(
    original: Original, backend: CloudWatchBackend, namespace: str, metric_data: list[Any]
) -> None:
    """AWS evaluates the alarms of a metric once it has new data, and tells their topics."""
    original(backend, namespace, metric_data)
    evaluate(backend, {(namespace, each["MetricName"]) for each in metric_data})


@service.corrects(
    "PutDashboard",
    gap="takes more metrics than AWS, widgets that AWS does not have, and names that AWS refuses",
    owner=CloudWatchBackend,
)
def put_dashboard(original: Original, backend: CloudWatchBackend, name: str, body: str) -> Any:
    """AWS takes 500 metrics of a widget, 2,500 of a dashboard and 500 widgets, of the types that it has."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,255}", name):
        raise InvalidParameterValue(f"The value {name} for parameter DashboardName is not valid.")
    widgets = json.loads(body).get("widgets", [])
    counts = [len(each.get("properties", {}).get("metrics", [])) for each in widgets]
    for wrong, what in (
        (max(counts, default=0) > 500, "a widget has more than 500 metrics"),
        (sum(counts) > 2500, "the dashboard has more than 2500 metrics"),
        (len(widgets) > 500, "the dashboard has more than 500 widgets"),
    ):
        if wrong:
            raise DashboardInvalidInputError(f"The dashboard body is invalid: {what}")
    errors = [*_errors(widgets)]
    if errors:
        count = f"there are {len(errors)} validation errors"
        raise DashboardInvalidInputError(
            f"The dashboard body is invalid, {count}: {json.dumps(errors)}"
        )
    return original(backend, name, body)


# Amazon CloudWatch API reference, "Dashboard Body Structure and Syntax".
_WIDGETS = ("alarm", "chart", "custom", "explorer", "log", "metric", "text", "trace")
_NEEDED = {"alarm": "alarms", "text": "markdown", "log": "query"}


def _errors(widgets: list[Any]) -> Iterator[dict[str, str]]:
    """What AWS's schema of a dashboard refuses, in the form in which it says so."""
    for index, each in enumerate(widgets):
        path, kind = f"/widgets/{index}", each.get("type")
        properties = each.get("properties", {})
        if kind not in _WIDGETS:
            said = "Should be equal to one of the allowed values"
            yield {"dataPath": f"{path}/type", "message": said}
        elif kind == "metric" and not {"metrics", "annotations"} & properties.keys():
            yield {
                "dataPath": f"{path}/properties",
                "message": "Should have required property 'metrics'",
            }
        elif kind in _NEEDED and _NEEDED[kind] not in properties:
            said = f"Should have required property '{_NEEDED[kind]}'"
            yield {"dataPath": f"{path}/properties", "message": said}


@service.corrects("DescribeAlarms", gap="answers composite alarms unasked")
def describe_alarms(original: Original, response: CloudWatchResponse) -> ActionResult:
    """AWS answers metric alarms only, unless AlarmTypes says otherwise."""
    answer: Any = original(response)
    kinds = response._get_param("AlarmTypes") or ["MetricAlarm"]
    return ActionResult(
        {
            f"{kind}s": alarms if kind in kinds else []
            for kind, alarms in (
                ("MetricAlarm", answer.result["MetricAlarms"]),
                ("CompositeAlarm", answer.result["CompositeAlarms"]),
            )
        }
    )


_TOKEN = re.compile(
    r'\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?P<alarm>"[^"]+"|[^\s)]+)\s*\)'
    r"|(?P<word>TRUE|FALSE|AND|OR|NOT|\(|\)))"
)


class _Rule:
    """A composite alarm's rule, such as ``ALARM(errors) AND NOT ALARM(deploying)``."""

    def __init__(self, backend: CloudWatchBackend, rule: str) -> None:
        self.backend = backend
        self.rule = rule
        self.missing: list[str] = []
        self.tokens = list(self._read())

    def _read(self) -> Iterator[str | bool]:
        position, end = 0, len(self.rule.rstrip())
        while position < end:
            match = _TOKEN.match(self.rule, position)
            if match is None:
                raise ValidationError(f"AlarmRule cannot be read: {self.rule[position:]}")
            position = match.end()
            yield self._state(match) if match["state"] else match["word"]

    def _state(self, match: re.Match[str]) -> bool:
        name = match["alarm"].strip('"').rsplit(":alarm:", 1)[-1]
        alarm = self.backend.alarms.get(name)
        if alarm is None:
            self.missing.append(name)
            return bool(match["state"] == "INSUFFICIENT_DATA")
        return bool(alarm.state_value == match["state"])

    def holds(self) -> bool:
        value = self._either()
        if self.tokens:
            raise ValidationError(f"AlarmRule cannot be read: {self.rule}")
        return value

    def _either(self) -> bool:
        value = self._both()
        while self._next("OR"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._one()
        while self._next("AND"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._next("NOT"):
            return not self._one()
        if self._next("("):
            value = self._either()
            if not self._next(")"):
                raise ValidationError(f"AlarmRule lacks a closing bracket: {self.rule}")
            return value
        token = self.tokens.pop(0) if self.tokens else ""
        if token in ("TRUE", "FALSE"):
            return token == "TRUE"
        if not isinstance(token, bool):
            raise ValidationError(f"AlarmRule cannot be read: {self.rule}")
        return token

    def _next(self, token: str) -> bool:
        if self.tokens[:1] == [token]:
            del self.tokens[0]
            return True
        return False
