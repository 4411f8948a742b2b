"""Retrainings and drift monitors: what the jobs of a state machine are, use and need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inferform.usage import Usage, by_use

from ..plan import Action, Change, Side, dig, number
from ..told import Story
from .record import Quota, Values
from .words import PAST, arrow, changed_first, forced

_SIDES: tuple[Side, Side] = ("before", "after")


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that a state machine runs: what SageMaker is told."""

    state: str
    kind: str
    """`training`, `processing` or `tuning`."""

    request: Mapping[str, Any]

    @property
    def definition(self) -> Mapping[str, Any]:
        """The part that says what runs: of a tuning its training jobs."""
        part = self.request.get("TrainingJobDefinition") if self.kind == "tuning" else self.request
        return part if isinstance(part, dict) else {}

    @property
    def instances(self) -> Mapping[str, Any]:
        """The instances of one job."""
        path = (
            ("ProcessingResources", "ClusterConfig")
            if self.kind == "processing"
            else ("ResourceConfig",)
        )
        found = dig(self.definition, *path)
        return found if isinstance(found, dict) else {}

    @property
    def instance_type(self) -> str:
        """The instance type; empty where it is not said."""
        return str(self.instances.get("InstanceType") or "")

    @property
    def count(self) -> int:
        """How many instances one job has."""
        return int(number(self.instances.get("InstanceCount"), 1))

    @property
    def jobs(self) -> int:
        """How many jobs there are at a time."""
        path = ("HyperParameterTuningJobConfig", "ResourceLimits", "MaxParallelTrainingJobs")
        return int(number(dig(self.request, *path), 1)) if self.kind == "tuning" else 1

    @property
    def total(self) -> int:
        """How many jobs there are at most."""
        path = ("HyperParameterTuningJobConfig", "ResourceLimits", "MaxNumberOfTrainingJobs")
        return int(number(dig(self.request, *path), 1)) if self.kind == "tuning" else 1

    @property
    def is_spot(self) -> bool:
        """Whether its instances are Spot."""
        return bool(self.definition.get("EnableManagedSpotTraining"))

    @property
    def max_seconds(self) -> int:
        """After which time one job is stopped."""
        return int(number(dig(self.definition, "StoppingCondition", "MaxRuntimeInSeconds"), 86_400))

    @property
    def price_key(self) -> str:
        """The key of an hour of one instance in the price table."""
        kind = "processing" if self.kind == "processing" else "training"
        return f"sagemaker/{kind}/{self.instance_type}"


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
            yield by_use(name, job.price_key)


def quotas(values: Values) -> Iterator[Quota]:
    """The instances of one run; several at a time take as often as many."""
    for job in asked_of(values):
        if not job.instance_type:
            continue
        kind = "processing job" if job.kind == "processing" else "training job"
        kind = f"spot {kind}" if job.is_spot else kind
        name = f"{job.instance_type} for {kind} usage"
        yield Quota("sagemaker", name, job.count * job.jobs, doubled=False)


def _facts(values: Values) -> dict[str, str]:
    """What is told of each job."""
    told: dict[str, str] = {}
    for job in asked_of(values):
        hours = job.max_seconds / 3600
        many = f"{job.count} {job.instance_type}" if job.count > 1 else job.instance_type
        spot = " Spot" if job.is_spot else ""
        jobs = f", {job.total} jobs" if job.kind == "tuning" else ""
        image = dig(job.definition, "AlgorithmSpecification", "TrainingImage") or dig(
            job.definition, "AppSpecification", "ImageUri"
        )
        told[f"{job.state.lower()} on"] = f"{many}{spot} for up to {hours:g} h{jobs}"
        told[f"{job.state.lower()} image"] = str(image or "not known")
    return told


def stories(machine: Change, name: str, starts: list[tuple[str, str]]) -> Iterator[Story]:
    """What happens to a retraining or a drift monitor; nothing where the machine is none."""
    before, after = (_facts(machine.at(side)) if machine.exists(side) else {} for side in _SIDES)
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
        rollout="the next run has it; those that run go on as before"
        if action is Action.UPDATE
        else "",
    )
