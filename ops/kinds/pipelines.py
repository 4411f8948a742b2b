"""Pipelines of SageMaker: what their steps run, and how the last run ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform.training.asked import part_of_step, steps_of
from inferform.usage import RunPart, Usage, by_use

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH
from ..plan import Action, Change, Plan, Side, dig
from ..told import Runs, Story
from .finding import given, pairs
from .reasons import part, resource
from .record import Existing, Finding, Not, Quota, Values, Verifier
from .starts import scheduled, starts
from .synthesis import Resource, Synthesis
from .words import PAST, arrow, changed_first, forced, some

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import PipelineExecutionSummaryTypeDef

PIPELINE = "aws_sagemaker_pipeline"
_DEFINITION = "pipeline_definition"
_SIDES: tuple[Side, Side] = ("before", "after")


def _content(values: Values) -> Mapping[str, Any]:
    """The definition of a pipeline; empty where it lies in S3 or is not known."""
    try:
        found = json.loads(str(values.get("pipeline_definition")))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _parts(values: Values) -> tuple[RunPart, ...]:
    """What a run asks for at most: of a condition both branches."""
    found = (part_of_step(step) for step in steps_of(_content(values)))
    return tuple(each for each in found if each is not None)


def _name(change: Change) -> str:
    return str(
        change.after.get("pipeline_name") or change.before.get("pipeline_name") or change.name
    )


# Recover


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    name, sagemaker = given(values, "pipeline_name"), aws.client("sagemaker")
    arn = sagemaker.describe_pipeline(PipelineName=name)["PipelineArn"]
    yield Existing(name, pairs(sagemaker.list_tags(ResourceArn=arn)["Tags"]))


# Cost and preflight


def _instances(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Instances while a run works: how often and how long, nobody knows beforehand."""
    for each in _parts(plan.told(change, side, _DEFINITION)):
        if not each.key.endswith("/"):
            yield by_use(_name(change), each.key)


def _quotas(synthesis: Synthesis, pipeline: Resource) -> Iterator[Quota]:
    """The instances of one run of each step; several runs take as often as many."""
    for each in _parts(pipeline.values):
        _, kind, instance_type = each.key.split("/")
        if instance_type:
            kind = f"spot {kind}" if each.is_spot else kind
            name = f"{instance_type} for {kind} job usage"
            yield Quota("sagemaker", name, each.instances, doubled=False)


# Review


def _told(values: Values) -> dict[str, str]:
    """What people know a pipeline by."""
    content = _content(values)
    if not values.get("pipeline_name"):
        return {}
    if not content:
        held = dig(values, "pipeline_definition_s3_location", "object_key")
        return {"steps": f"in S3: {held or 'not known before the apply'}"}
    told = {
        "steps": ", ".join(str(step.get("Name")) for step in steps_of(content)),
        "parameters": ", ".join(
            f"{each.get('Name')}={each.get('DefaultValue', '(none)')}"
            for each in content.get("Parameters", [])
        ),
        "steps at once": str(
            dig(values, "parallelism_configuration", "max_parallel_execution_steps") or "all"
        ),
    }
    return told | {f"{each.step} runs on": each.words for each in _parts(values)}


def _altered(change: Change) -> list[str]:
    """The steps that a definition tells otherwise than before."""
    before, after = (
        {str(step.get("Name")): step for step in steps_of(_content(change.at(side)))}
        for side in _SIDES
    )
    return [name for name in after if name in before and before[name] != after[name]]


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    triggers = list(starts(plan, change))
    if not (change.is_shown or triggers):
        return
    sides = [plan.told(change, side, _DEFINITION) for side in _SIDES]
    before, after = (_told(values) for values in sides)
    begins = [tuple(scheduled(plan, change, side)) for side in _SIDES]
    runs = Runs(_parts(sides[0]), _parts(sides[1]), begins[0], begins[1])
    facts = [
        (name, arrow(before.get(name, ""), after.get(name, "")))
        for name in dict.fromkeys([*before, *after])
        if change.is_shown and (before.get(name) or after.get(name))
    ]
    action, name, interrupted = change.action, _name(change), ""
    if altered := _altered(change):
        facts.append(("changed steps", some(altered)))
    if action is Action.DELETE:
        interrupted = "no run can be started any more"
    elif action is Action.REPLACE:
        facts.append(("replaced because of", forced(change)))
        interrupted = "no run can be started until the new one is there"
    elif triggers and not any(will for _, will in triggers):
        interrupted = "it does not start by itself any more"
    if action is not Action.DELETE:
        facts += [("started by", arrow(*each)) for each in triggers]
    headline = f"{name} is {PAST[action]}"
    if action is Action.NONE:
        headline = f"{name} only changes what starts it"
    yield Story(
        kind="pipeline",
        name=name,
        address=change.address,
        action=action.value if change.is_shown else "trigger",
        headline=headline,
        facts=tuple(changed_first(facts)),
        interrupted=interrupted,
        rollout="the next run has it; those that run continue with the old one"
        if action is Action.UPDATE
        else "",
        runs=runs if runs.before or runs.after else None,
    )


# Verify


class _Pipeline(Verifier):
    """The checks of a pipeline. No run is started: that costs, and takes its time."""

    @property
    def name(self) -> str:
        """AWS's name of it."""
        return str(self.values.get("pipeline_name"))

    def findings(self) -> Iterator[Finding]:
        """It is there, is what the state says, and its last run ended well."""
        sagemaker = self.run.aws.client("sagemaker")
        try:
            found = sagemaker.describe_pipeline(PipelineName=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        wanted = self.values.get("pipeline_definition")
        same = not wanted or json.loads(str(wanted)) == json.loads(found["PipelineDefinition"])
        if not same:
            said = "its definition is not the one in the state"
            yield self.finding(CONFIGURATION, "failed", said, "somebody changed it; deploy again")
        else:
            count = len([*steps_of(json.loads(found["PipelineDefinition"]))])
            yield self.finding(CONFIGURATION, "passed", f"has {count} steps")
        listed = sagemaker.list_pipeline_executions(
            PipelineName=self.name, SortOrder="Descending", MaxResults=1
        )
        runs = listed["PipelineExecutionSummaries"]
        yield self._last(runs[0]) if runs else self.finding(HEALTH, "skipped", "has never run")

    def _last(self, run: PipelineExecutionSummaryTypeDef) -> Finding:
        status = str(run.get("PipelineExecutionStatus", "not known"))
        if status != "Failed":
            return self.finding(HEALTH, "passed", f"its last run is {status}")
        fix = f"inferform pipelines steps {self.run.environment.key} {self.name}"
        why = run.get("PipelineExecutionFailureReason", "for a reason that AWS does not tell")
        return self.finding(HEALTH, "failed", f"its last run failed: {why}", fix)

    def served(self) -> Iterator[str]:
        """Nothing: its runs do."""
        yield from ()


KINDS = (
    resource(
        PIPELINE,
        "SageMaker pipeline",
        _find,
        name="pipeline_name",
        outage=True,
        uses=_instances,
        quotas=_quotas,
        addresses=Not("the instances of a run are there for minutes, and nobody knows when"),
        story=_story,
        reverted=Not("a run uses the definition that it began with; nothing rolls one back"),
        verify=_Pipeline,
    ),
    part(
        "aws_s3_object",
        "object in S3",
        "aws_s3_bucket",
        "PutObject replaces the object that is there",
    ),
)
