"""Alarms that roll something back, some of which others make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..checks import check
from ..plan import dig
from .record import Finding, Preflight
from .synthesis import Resource, Synthesis

GUARD = check(
    "PRE42",
    "alarm of a rollout",
    command="preflight",
    why="a rollout that names an alarm which does not exist is refused, or is watched by nothing",
    fix="write the name of an alarm of this account and Region in alarm_names, or make the alarm first",
    source="AWS CodeDeploy API reference, AlarmConfiguration (ignorePollAlarmFailure); Amazon ECS API reference, "
    "DeploymentAlarms; Amazon SageMaker API reference, AutoRollbackConfig",
)

_ALARMS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")


def guards(*path: str) -> Preflight:
    """Whether the alarms that resources name at a path exist, or are made with them."""

    def look(synthesis: Synthesis, resources: Sequence[Resource]) -> Iterator[Finding]:
        made = {str(each.values.get("alarm_name")) for each in synthesis.of(*_ALARMS)}
        named = {name for each in resources for name in _names(each, path)}
        wanted = sorted(name for name in named - made if "${" not in name)
        cloudwatch = synthesis.aws.client("cloudwatch")
        for start in range(0, len(wanted), 100):
            names = wanted[start : start + 100]
            answer = cloudwatch.describe_alarms(
                AlarmNames=names, AlarmTypes=["CompositeAlarm", "MetricAlarm"]
            )
            held = {
                each.get("AlarmName")
                for kind in (answer["MetricAlarms"], answer["CompositeAlarms"])
                for each in kind
            }
            for name in names:
                if name in held:
                    yield Finding(GUARD, name, "passed", "exists")
                else:
                    yield Finding(GUARD, name, "failed", "does not exist", GUARD.fix)

    return look


def _names(resource: Resource, path: Sequence[str]) -> Iterator[str]:
    for each in dig(resource.values, *path) or ():
        yield str(each.get("alarm_name") if isinstance(each, dict) else each)
