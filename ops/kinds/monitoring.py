"""SageMaker's Model Monitor: schedules, and the job definitions that they start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from inferform.usage import Start, Usage, by_use, run_part

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import Runs, Story
from .finding import given, pairs
from .reasons import resource
from .record import Existing, Finding, Not, Quota, Values, Verifier
from .synthesis import Resource, Synthesis
from .words import PAST, arrow, changed_first, forced

SCHEDULE = "aws_sagemaker_monitoring_schedule"
DEFINITION = "aws_sagemaker_data_quality_job_definition"
_SIDES: tuple[Side, Side] = ("before", "after")
_HELD = ("monitoring_schedule_config", "monitoring_job_definition_name")


# Recover


def _found(aws: Aws, name: str, arn: str) -> Iterator[Existing]:
    yield Existing(name, pairs(aws.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]))


def _find_schedule(aws: Aws, values: Values) -> Iterator[Existing]:
    name, sagemaker = given(values, "name"), aws.client("sagemaker")
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    yield from _found(aws, name, found["MonitoringScheduleArn"])


def _find_definition(aws: Aws, values: Values) -> Iterator[Existing]:
    name, sagemaker = given(values, "name"), aws.client("sagemaker")
    found = sagemaker.describe_data_quality_job_definition(JobDefinitionName=name)
    yield from _found(aws, name, found["JobDefinitionArn"])


# Cost and preflight


def _cluster(values: Values) -> dict[str, Any]:
    path = ("job_resources", "cluster_config")
    names = ("instance_type", "instance_count")
    return {name: dig(values, *path, name) for name in names}


def _instances(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Instances while it analyzes: how long, nobody knows beforehand."""
    kind = _cluster(change.at(side)).get("instance_type")
    if kind:
        yield by_use(_name(change), f"sagemaker/processing/{kind}")


def _quotas(synthesis: Synthesis, definition: Resource) -> Iterator[Quota]:
    cluster = _cluster(definition.values)
    if cluster.get("instance_type"):
        name = f"{cluster['instance_type']} for processing job usage"
        yield Quota("sagemaker", name, number(cluster.get("instance_count"), 1), doubled=False)


# Review


def _name(change: Change) -> str:
    return str(change.after.get("name") or change.before.get("name") or change.name)


def _expression(values: Values) -> str:
    path = ("monitoring_schedule_config", "schedule_config", "schedule_expression")
    return str(dig(values, *path) or "")


def _definition(plan: Plan, schedule: Change, side: Side) -> Change | None:
    """The job definition that a schedule starts: by its name, or the one of the plan that it will have."""
    name = dig(schedule.at(side), *_HELD)
    known = [each for each in plan.of_type(DEFINITION) if each.exists(side)]
    named = [each for each in known if name and each.at(side).get("name") == name]
    # A plan of one monitor shows its new definition before the name of that is known.
    new = [each for each in known if each.action in (Action.CREATE, Action.REPLACE)]
    found = named or (new if side == "after" and not name else [])
    return found[0] if len(found) == 1 else None


def _facts(plan: Plan, schedule: Change, side: Side) -> dict[str, str]:
    if not schedule.exists(side):
        return {}
    facts = {"starts": _expression(schedule.at(side))}
    definition = _definition(plan, schedule, side)
    if definition is None:
        return facts
    values = definition.at(side)
    part = _part(values)
    image = dig(values, "data_quality_app_specification", "image_uri")
    base = "data_quality_baseline_config"
    return {
        **facts,
        "runs on": part.words if part else "",
        "analyzer": str(image or ""),
        "statistics": str(dig(values, base, "statistics_resource", "s3_uri") or ""),
        "constraints": str(dig(values, base, "constraints_resource", "s3_uri") or ""),
    }


def _part(values: Values) -> Any:
    cluster = _cluster(values)
    if not cluster.get("instance_type"):
        return None
    seconds = dig(values, "stopping_condition", "max_runtime_in_seconds")
    return run_part(
        "analyze",
        "processing",
        str(cluster["instance_type"]),
        count=int(number(cluster.get("instance_count"), 1)),
        seconds=int(number(seconds, 3600)),
    )


def _story(plan: Plan, schedule: Change) -> Iterator[Story]:
    before, after = (_facts(plan, schedule, side) for side in _SIDES)
    if not schedule.is_shown and before == after:
        return
    action, name = schedule.action, _name(schedule)
    facts = [
        (key, arrow(before.get(key, ""), after.get(key, "")))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) or after.get(key)
    ]
    interrupted = ""
    if action is Action.DELETE:
        interrupted = "nothing is monitored any more"
    elif action is Action.REPLACE:
        facts.append(("replaced because of", forced(schedule)))
        interrupted = "nothing is monitored until the new one is there"
    parts, starts = [], []
    for side in _SIDES:
        definition = _definition(plan, schedule, side) if schedule.exists(side) else None
        part = _part(definition.at(side)) if definition else None
        expression = _expression(schedule.at(side)) if schedule.exists(side) else ""
        parts.append((part,) if part else ())
        starts.append((Start(expression),) if expression else ())
    yield Story(
        kind="model monitor",
        name=name,
        address=schedule.address,
        action=action.value,
        headline=f"{name} is {PAST[action]}",
        facts=tuple(changed_first(facts)),
        interrupted=interrupted,
        rollout="the next analysis has it" if action is Action.UPDATE else "",
        runs=Runs(parts[0], parts[1], starts[0], starts[1]) if any(parts) else None,
    )


# Verify


class _Monitor(Verifier):
    """The checks of a model monitor. Nothing is analyzed: that costs, and takes its time."""

    def findings(self) -> Iterator[Finding]:
        """It is there, starts the definition in the state, is scheduled, and its last analysis ended."""
        sagemaker = self.run.aws.client("sagemaker")
        try:
            found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFound":
                raise
            fix = "somebody deleted it; deploy again"
            yield self.finding(CONFIGURATION, "failed", "does not exist", fix)
            return
        config = found["MonitoringScheduleConfig"]
        runs, wanted = config.get("MonitoringJobDefinitionName"), dig(self.values, *_HELD)
        if runs != wanted:
            said = f"starts {runs}, but the state says {wanted}"
            yield self.finding(CONFIGURATION, "failed", said, "somebody changed it; deploy again")
        else:
            yield self.finding(CONFIGURATION, "passed", f"starts {runs}")
        status = found["MonitoringScheduleStatus"]
        if status != "Scheduled":
            why = found.get("FailureReason", "")
            said = f"is {status}{f': {why}' if why else ''}"
            fix = f"aws sagemaker start-monitoring-schedule --monitoring-schedule-name {self.name}"
            yield self.finding(HEALTH, "failed", said, fix)
            return
        last: Any = found.get("LastMonitoringExecutionSummary")
        if not last:
            yield self.finding(HEALTH, "passed", "is Scheduled, and has never run")
        elif last["MonitoringExecutionStatus"] in ("Failed", "Stopped"):
            why = last.get("FailureReason", "for a reason that AWS does not tell")
            fix = "an hour without requests fails too, as there is no data; else read the analyzer's log"
            yield self.finding(HEALTH, "failed", f"its last analysis failed: {why}", fix)
        else:
            said = f"is Scheduled; its last analysis is {last['MonitoringExecutionStatus']}"
            yield self.finding(HEALTH, "passed", said)

    def served(self) -> Iterator[str]:
        """Nothing: it watches."""
        yield from ()


KINDS = (
    resource(
        SCHEDULE,
        "model monitor",
        _find_schedule,
        name="name",
        uses=Not("its job definition says what runs"),
        quotas=Not("its job definition says what runs"),
        addresses=Not("the instances of an analysis are there for minutes, and nobody knows when"),
        story=_story,
        reverted=Not("a run uses the definition that it began with; nothing rolls one back"),
        verify=_Monitor,
    ),
    resource(
        DEFINITION,
        "data quality job definition",
        _find_definition,
        part_of=SCHEDULE,
        name="name",
        uses=_instances,
        quotas=_quotas,
        story=Not("the story of its schedule tells it"),
        verify=Not("it cannot be changed, and is verified with its schedule"),
    ),
)
