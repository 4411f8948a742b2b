"""Retrainings and drift monitors: what the jobs of a state machine are, use and need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from inferform import Environment, OnUpload
from inferform.model.artifact import located
from inferform.training.asked import Asked
from inferform.usage import Usage, by_use

from ..checks import ARTIFACT, check
from ..plan import Action, Change, Plan, Side, dig
from ..told import RiskRule, Runs, Severity, Story
from .preflight import ABSENT, NO_BUCKET, Load, artifacts
from .record import Finding, Found, Quota, Values, risk
from .risks import SEC1
from .starts import scheduled
from .synthesis import Resource, Synthesis
from .words import PAST, arrow, changed_first, forced, some

_SIDES: tuple[Side, Side] = ("before", "after")

_TASKS = {
    "createTrainingJob": "training",
    "createProcessingJob": "processing",
    "createHyperParameterTuningJob": "tuning",
}


def asked_of(values: Values) -> list[Asked]:
    """The jobs of a state machine, in order; none where it runs none."""
    try:
        states = json.loads(str(values.get("definition"))).get("States", {})
    except (ValueError, AttributeError):
        return []
    found = []
    for name, state in states.items() if isinstance(states, dict) else ():
        resource = str(state.get("Resource")) if isinstance(state, dict) else ""
        for task, kind in _TASKS.items():
            request = state.get("Parameters") if f"sagemaker:{task}" in resource else None
            if isinstance(request, dict):
                found.append(Asked(name, kind, request))
    return found


def usage(values: Values, name: str) -> Iterator[Usage]:
    """Instances while jobs run: how long a run takes, nobody knows beforehand."""
    for job in asked_of(values):
        if job.instance_type:
            yield by_use(name, job.part.key)


def quotas(values: Values) -> Iterator[Quota]:
    """The instances of one run; several at a time take as often as many."""
    for job in asked_of(values):
        if not job.instance_type:
            continue
        kind = "processing job" if job.kind == "processing" else "training job"
        kind = f"spot {kind}" if job.is_spot else kind
        name = f"{job.instance_type} for {kind} usage"
        yield Quota("sagemaker", name, job.count * job.jobs, doubled=False)
        if job.instances.get("KeepAlivePeriodInSeconds"):
            # AWS gives none of these until it is asked.
            name = f"{job.instance_type} for training warm pool usage"
            yield Quota("sagemaker", name, job.count, doubled=False)


def _facts(values: Values) -> dict[str, str]:
    """What is told of each job."""
    facts: dict[str, str] = {}
    for job in asked_of(values):
        facts[f"{job.state.lower()} on"] = job.part.words
        facts[f"{job.state.lower()} image"] = job.image or "not known"
    return facts


def _runs(plan: Plan, machine: Change) -> Runs:
    """What a run asks for, and when schedules start one, on both sides."""
    parts, starts = [], []
    for side in _SIDES:
        jobs = asked_of(plan.told(machine, side, "definition"))
        parts.append(tuple(job.part for job in jobs if job.instance_type))
        starts.append(tuple(scheduled(plan, machine, side)))
    return Runs(parts[0], parts[1], starts[0], starts[1])


def stories(
    plan: Plan, machine: Change, name: str, starts: list[tuple[str, str]]
) -> Iterator[Story]:
    """What happens to a retraining or a drift monitor; nothing where the machine is none."""
    before, after = (_facts(plan.told(machine, side, "definition")) for side in _SIDES)
    if not (before or after) or not (machine.is_shown or starts):
        return
    action = machine.action
    if action is Action.DELETE:
        starts = []
    kind = "drift monitor" if "measure on" in (before | after) else "retraining"
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    facts = [(key, arrow(before.get(key, ""), after.get(key, ""))) for key in keys]
    interrupted = ""
    if action is Action.DELETE:
        interrupted = "nothing of it can be started any more"
    elif action is Action.REPLACE:
        facts.append(("replaced because of", forced(machine)))
        interrupted = "nothing of it can be started until the new one is there"
    elif starts and not any(will for _, will in starts):
        interrupted = "it does not start by itself any more"
    headline = f"{name} is {PAST[action]}"
    if action is Action.NONE:
        headline = f"{name} only changes what starts it"
    yield Story(
        kind=kind,
        name=name,
        address=machine.address,
        action=action.value if machine.is_shown else "trigger",
        headline=headline,
        facts=tuple(changed_first([*facts, *(("started by", arrow(*each)) for each in starts)])),
        interrupted=interrupted,
        rollout="the next run has it; those that run continue as before"
        if action is Action.UPDATE
        else "",
        runs=_runs(plan, machine),
    )


# Risks

TRN1 = RiskRule(
    "TRN1",
    Severity.HIGH,
    "models are registered or approved with less care than before",
    advice="keep the evaluation and the approval; or say in the change who looks at versions from now on",
)
TRN2 = RiskRule(
    "TRN2",
    Severity.MEDIUM,
    "nobody is notified of failures of what runs by itself any more",
    advice="keep the topic in notify, or see that somebody watches the alarm on failed executions",
)


def _states(values: Values) -> Mapping[str, Any]:
    try:
        found = json.loads(str(values.get("definition"))).get("States")
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def _of(states: Mapping[str, Any], ending: str) -> list[Mapping[str, Any]]:
    """The tasks whose resource has an ending."""
    tasks = (state for state in states.values() if isinstance(state, dict))
    return [state for state in tasks if str(state.get("Resource")).endswith(ending)]


_REGISTERS = ":aws-sdk:sagemaker:createModelPackage"


def _sides(plan: Plan, change: Change) -> tuple[Values, Values] | None:
    """What a machine that trains is before and after, where it is written otherwise."""
    if change.action not in (Action.UPDATE, Action.REPLACE):
        return None
    before, after = (plan.told(change, side, "definition") for side in _SIDES)
    return (before, after) if asked_of(before) and asked_of(after) else None


@risk(TRN1)
def _less_care(plan: Plan, change: Change) -> Iterator[Found]:
    sides = _sides(plan, change)
    if sides is None:
        return
    states = [_states(each) for each in sides]
    before, after = (_of(each, _REGISTERS) for each in states)
    judged = ["Judge" in each for each in states]
    if after and judged[0] and not judged[1]:
        yield "registers every model that is trained: its evaluation goes away"
    statuses = [
        {dig(each, "Parameters", "ModelApprovalStatus") for each in listed}
        for listed in (before, after)
    ]
    if "Approved" in statuses[1] and before and "Approved" not in statuses[0]:
        yield "approves each version without anybody looking at it"


@risk(TRN2)
def _untold(plan: Plan, change: Change) -> Iterator[Found]:
    sides = _sides(plan, change)
    before, after = ([], []) if sides is None else (_of(_states(e), ":sns:publish") for e in sides)
    if before and not after:
        yield "tells no topic of its failures any more"


@risk(SEC1)
def _opened(plan: Plan, change: Change) -> Iterator[Found]:
    sides = _sides(plan, change)
    if sides is None:
        return
    before, after = (asked_of(each) for each in sides)
    isolated = {job.state for job in before if job.is_isolated}
    opened = [job.state for job in after if job.state in isolated and not job.is_isolated]
    if opened:
        yield f"gives the containers of {some(opened)} a network"


RISKS = (_less_care, _untold, _opened)
"""The risks of a machine that trains, evaluates or watches."""


# Preflight

_LIKE_DATA = "upload the data: aws s3 cp --recursive data/ {uri}; or write where it lies"


def _coming(environment: Environment) -> Iterator[str]:
    """Where objects come by themselves: what endpoints capture, and the uploads that something waits for."""
    bucket = environment.artifact_bucket
    for training in environment.trainings.values():
        for monitor in training.monitors.values():
            yield monitor.captured(environment, bucket)
        for each in training.retrainings.values():
            for trigger in each.triggers:
                if isinstance(trigger, OnUpload) and trigger.prefix is not None:
                    yield located(trigger.prefix, bucket)


def data(synthesis: Synthesis, machines: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the data of jobs is there and their roles may read it, and their groups are there."""
    coming = [*_coming(synthesis.environment)]
    loads = []
    for machine in machines:
        for job in asked_of(machine.values):
            role = _role(synthesis, job)
            loads += [Load(uri, role, is_prefix=prefix) for uri, prefix in job.reads]
    for found in artifacts(synthesis, loads):
        comes = any(found.subject.startswith(each) for each in coming)
        if comes and found.found in (ABSENT, NO_BUCKET):
            yield Finding(
                ARTIFACT, found.subject, "skipped", "has no objects yet, which come later"
            )
        elif found.found == ABSENT:
            fix = _LIKE_DATA.format(uri=found.subject)
            yield Finding(ARTIFACT, found.subject, "failed", "has no objects", fix)
        else:
            yield found
    yield from _groups(synthesis, machines)


GROUP = check(
    "PRE26",
    "model package group",
    command="preflight",
    why="a model that was trained for hours is registered nowhere where its group does not exist, or does "
    "not let this account in",
    fix="add the group to registry.models; of another account's, let its owner name this account in "
    "register_accounts",
    source="SageMaker developer guide, register a model version from another account",
)


def _groups(synthesis: Synthesis, machines: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the groups that models are registered in are there, or are made by the same deploy."""
    made = {each.values.get("model_package_group_name") for each in synthesis.of(_GROUP_TYPE)}
    wanted = {
        str(dig(state, "Parameters", "ModelPackageGroupName"))
        for machine in machines
        for state in _of(_states(machine.values), _REGISTERS)
    }
    sagemaker = synthesis.aws.client("sagemaker")
    for name in sorted(wanted - made):
        try:
            sagemaker.describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            yield _without(name, error)
            continue
        yield Finding(GROUP, name, "passed", "exists")


def _without(name: str, error: ClientError) -> Finding:
    code, said = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in ("AccessDenied", "AccessDeniedException"):
        fix = "let the group's owner name this account in register_accounts"
        return Finding(GROUP, name, "failed", "may not be described", fix)
    if code not in ("ValidationException", "ResourceNotFound"):
        raise error
    return Finding(GROUP, name, "failed", f"does not exist: {said}", "make it, then deploy")


_GROUP_TYPE = "aws_sagemaker_model_package_group"


def _role(synthesis: Synthesis, job: Asked) -> Resource | None:
    name = str(job.definition.get("RoleArn")).rpartition("/")[2]
    roles = synthesis.of("aws_iam_role")
    return next((each for each in roles if each.values.get("name") == name), None)
