"""What requests of SageMaker's jobs ask for, as a state machine or a definition of a pipeline holds them.

Nothing is taken for granted of their shape: somebody else may have written them, or an override.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..usage import RunPart, run_part

_INSTANCES = {
    "processing": ("ProcessingResources", "ClusterConfig"),
    "transform": ("TransformResources",),
}
"""Where a request says what a job runs on, beside those of trainings."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that a state machine or a pipeline runs: what SageMaker is told."""

    state: str
    kind: str
    """`training`, `processing`, `tuning` or `transform`."""

    request: Mapping[str, Any]

    @property
    def definition(self) -> Mapping[str, Any]:
        """The part that says what runs: of a tuning its training jobs."""
        part = self.request.get("TrainingJobDefinition") if self.kind == "tuning" else self.request
        return part if isinstance(part, dict) else {}

    @property
    def instances(self) -> Mapping[str, Any]:
        """The instances of one job."""
        found = _at(self.definition, *_INSTANCES.get(self.kind, ("ResourceConfig",)))
        return found if isinstance(found, dict) else {}

    @property
    def instance_type(self) -> str:
        """The instance type; empty where it is not said, or only a run knows it."""
        found = self.instances.get("InstanceType")
        return found if isinstance(found, str) else ""

    @property
    def count(self) -> int:
        """How many instances one job has."""
        return int(_number(self.instances.get("InstanceCount"), 1))

    @property
    def jobs(self) -> int:
        """How many jobs there are at a time."""
        path = ("HyperParameterTuningJobConfig", "ResourceLimits", "MaxParallelTrainingJobs")
        return int(_number(_at(self.request, *path), 1)) if self.kind == "tuning" else 1

    @property
    def total(self) -> int:
        """How many jobs there are at most: a grid has as many as it has places."""
        if self.kind != "tuning":
            return 1
        config = self.request.get("HyperParameterTuningJobConfig")
        if _at(config, "Strategy") == "Grid":
            ranges = _at(config, "ParameterRanges", "CategoricalParameterRanges")
            places = ranges if isinstance(ranges, list) else []
            return math.prod(len(_at(each, "Values") or ()) for each in places)
        return int(_number(_at(config, "ResourceLimits", "MaxNumberOfTrainingJobs"), 1))

    @property
    def is_spot(self) -> bool:
        """Whether its instances are Spot."""
        return bool(self.definition.get("EnableManagedSpotTraining"))

    @property
    def max_seconds(self) -> int | None:
        """After which time one job is stopped; None where nothing stops it."""
        if self.kind == "transform":
            return None
        return int(
            _number(_at(self.definition, "StoppingCondition", "MaxRuntimeInSeconds"), 86_400)
        )

    @property
    def part(self) -> RunPart:
        """What it asks for in one run."""
        return run_part(
            self.state,
            "training" if self.kind == "tuning" else self.kind,
            self.instance_type,
            count=self.count,
            jobs=self.total,
            at_once=self.jobs,
            seconds=self.max_seconds,
            spot=self.is_spot,
        )

    @property
    def image(self) -> str:
        """The container; empty where it is not said."""
        found = _at(self.definition, "AlgorithmSpecification", "TrainingImage")
        return str(found or _at(self.definition, "AppSpecification", "ImageUri") or "")

    @property
    def is_isolated(self) -> bool:
        """Whether its containers have no network."""
        part = self.definition
        held = part.get("NetworkConfig") if self.kind == "processing" else part
        return isinstance(held, dict) and held.get("EnableNetworkIsolation") is True

    @property
    def reads(self) -> Iterator[tuple[str, bool]]:
        """The fixed places in S3 that it reads, and whether each is a prefix."""
        for channel in _listed(self.definition, "InputDataConfig"):
            source = _at(channel, "DataSource", "S3DataSource") or {}
            if isinstance(source.get("S3Uri"), str):
                yield source["S3Uri"], source.get("S3DataType") == "S3Prefix"
        for each in _listed(self.definition, "ProcessingInputs"):
            source = _at(each, "S3Input") or {}
            if isinstance(source.get("S3Uri"), str):
                yield source["S3Uri"], source.get("S3DataType") == "S3Prefix"


def _listed(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = values.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _at(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _number(value: Any, default: float) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


_KINDS = {
    "Training": "training",
    "Tuning": "tuning",
    "Processing": "processing",
    "Transform": "transform",
}
"""What the job of a step is, by the type of the step."""


def steps_of(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every step of a definition of a pipeline, those of branches too."""

    def within(listed: Any) -> Iterator[Mapping[str, Any]]:
        for step in listed if isinstance(listed, list) else ():
            if isinstance(step, dict):
                yield step
                for branch in ("IfSteps", "ElseSteps"):
                    yield from within(_at(step, "Arguments", branch))

    yield from within(definition.get("Steps"))


def part_of_step(step: Mapping[str, Any]) -> RunPart | None:
    """What the job of a step asks for; None where it has none. How much is not known where a parameter
    says it."""
    name, kind = str(step.get("Name")), _KINDS.get(str(step.get("Type")))
    if kind is None:
        return None
    request = step.get("Arguments")
    asked = Asked(name, kind, request if isinstance(request, dict) else {})
    numbers = (
        asked.instances.get("InstanceCount", 1),
        _at(asked.definition, "StoppingCondition", "MaxRuntimeInSeconds") or 1,
    )
    if asked.instance_type and all(isinstance(each, int | float) for each in numbers):
        return asked.part
    billed = "training" if kind == "tuning" else kind
    return RunPart(name, "what each run is told", f"sagemaker/{billed}/{asked.instance_type}", None)
