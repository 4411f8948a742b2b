"""Jobs of SageMaker: what is refused, what they come to, and what they leave behind.

No container runs here. A job has completed at once, unless a plan says otherwise; what a plan says that it
writes lies in its outputs afterwards, so that the next step of a state machine finds it, and a small archive
where a training job leaves its model, so that an endpoint of the version starts. One that a plan
leaves in progress is ended from outside, as `emulator.containers` does, which runs its container as a process.
"""

from __future__ import annotations

import copy
import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from moto.core.utils import utcnow

from .s3_uri import bucket_and_key

Outcome = Literal["Completed", "Failed", "Stopped", "InProgress"]

STATUS = {
    "TrainingJob": "training_job_status",
    "ProcessingJob": "processing_job_status",
    "TransformJob": "transform_job_status",
    "HyperParameterTuningJob": "hyper_parameter_tuning_job_status",
}
"""Where moto keeps the status of each kind of job."""

_HOUR = 3600
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Plan:
    """What jobs come to whose name begins with that of the plan."""

    outcome: Outcome = "Completed"
    reason: str = ""
    """The FailureReason of one that fails."""

    writes: Mapping[str, str] = field(default_factory=dict)
    """What it leaves in its outputs: the text by the name of an output, a slash and the rest of the key."""

    def __post_init__(self) -> None:
        if self.outcome not in ("Completed", "Failed", "Stopped", "InProgress"):
            raise ValueError(f"no outcome of a job: {self.outcome}")
        if not all("/" in name for name in self.writes):
            raise ValueError("writes: name an output, a slash and the rest of the key")


def set_plan(backend: Any, job: str, plan: Plan) -> None:
    """Plan what jobs come to from now on whose name begins with `job`."""
    _plans(backend)[job] = plan


def clear_plans(backend: Any) -> None:
    """Forget every plan."""
    _plans(backend).clear()


def _plans(backend: Any) -> dict[str, Plan]:
    # on the backend, so that resetting moto resets it
    plans: dict[str, Plan] = backend.__dict__.setdefault("job_plans", {})
    return plans


def plan_for(backend: Any, name: str) -> Plan:
    """The plan of a job: that of the longest beginning of its name."""
    plans = _plans(backend)
    fitting = sorted((each for each in plans if name.startswith(each)), key=len)
    return plans[fitting[-1]] if fitting else Plan()


def refusal(kind: str, request: Mapping[str, Any]) -> str | None:
    """Why AWS refuses a job; None where it takes it.

    SageMaker API reference, CreateTrainingJob, StoppingCondition; developer guide, managed warm pools and
    managed Spot training.
    """
    if kind != "TrainingJob":
        return None
    stopping = request.get("StoppingCondition") or {}
    runtime, wait = stopping.get("MaxRuntimeInSeconds", _DAY), stopping.get("MaxWaitTimeInSeconds")
    spot = bool(request.get("EnableManagedSpotTraining"))
    if spot and wait is None:
        return "MaxWaitTimeInSeconds is required when EnableManagedSpotTraining is true"
    if wait is not None and not spot:
        return "MaxWaitTimeInSeconds above requires EnableManagedSpotTraining to be true"
    if wait is not None and wait < runtime:
        return f"MaxWaitTimeInSeconds ({wait}) must be at least MaxRuntimeInSeconds ({runtime})"
    if spot and (request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds"):
        return "KeepAlivePeriodInSeconds is not supported when EnableManagedSpotTraining is true"
    return None


def made(backend: Any, kind: str, job: Any, request: Mapping[str, Any]) -> None:
    """Let a new job come to what is planned."""
    name = str(request[f"{kind}Name"])
    plan = plan_for(backend, name)
    setattr(job, STATUS[kind], plan.outcome)
    job.asked = {key: copy.deepcopy(value) for key, value in request.items() if key != "Tags"}
    job.failure_reason = plan.reason or None
    if plan.outcome == "Completed":
        _write(backend, kind, request, plan)


def _write(backend: Any, kind: str, request: Mapping[str, Any], plan: Plan) -> None:
    """Put what a job leaves behind where it was told to."""
    model = _model_place(kind, request)
    if model is not None:
        _put(backend, model, _no_model())
    places = {
        each["OutputName"]: each["S3Output"]["S3Uri"]
        for each in (request.get("ProcessingOutputConfig") or {}).get("Outputs", ())
        if "S3Output" in each
    }
    for name, text in plan.writes.items():
        output, _, rest = name.partition("/")
        if output not in places:
            continue
        _put(backend, f"{places[output].rstrip('/')}/{rest}", text.encode("utf-8"))


def best_of(tuning: str) -> str:
    """The name of the best training job of a tuning."""
    return f"{tuning}-001-best"


def _model_place(kind: str, request: Mapping[str, Any]) -> str | None:
    """Where a job that trains leaves its model; None of one that trains nothing.

    SageMaker developer guide, "Where SageMaker AI saves training artifacts": OUTPUT/JOB/output/model.tar.gz.
    """
    if kind == "TrainingJob":
        job, asked = str(request["TrainingJobName"]), request
    elif kind == "HyperParameterTuningJob":
        job = best_of(str(request["HyperParameterTuningJobName"]))
        asked = request.get("TrainingJobDefinition") or {}
    else:
        return None
    output = (asked.get("OutputDataConfig") or {}).get("S3OutputPath")
    return f"{output.rstrip('/')}/{job}/output/model.tar.gz" if output else None


def _no_model() -> bytes:
    """An archive that says that nothing was trained."""
    packed, note = io.BytesIO(), b"no container ran, so that nothing was trained\n"
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        entry = tarfile.TarInfo("model.txt")
        entry.size = len(note)
        archive.addfile(entry, io.BytesIO(note))
    return packed.getvalue()


def _put(backend: Any, uri: str, content: bytes) -> None:
    """Write an object, where its bucket is there."""
    from moto.s3.models import s3_backends

    bucket, key = bucket_and_key(uri)
    store = s3_backends[backend.account_id][backend.partition]
    if bucket in store.buckets:
        store.put_object(bucket, key, content)


def described(kind: str, job: Any, answer: Mapping[str, Any]) -> dict[str, Any]:
    """A description with all that was asked for: moto keeps a part, and makes up another."""
    asked = getattr(job, "asked", {})
    whole = {**answer, **asked}
    if getattr(job, "failure_reason", None):
        whole["FailureReason"] = job.failure_reason
    return whole


def end(backend: Any, kind: str, name: str, plan: Plan) -> None:
    """End a job that is in progress as a plan says. Raises ValueError where none is."""
    held = {
        "TrainingJob": backend.training_jobs,
        "ProcessingJob": backend.processing_jobs,
    }
    if kind not in held:
        raise ValueError(f"a job of kind {kind} is not ended from outside")
    job = held[kind].get(name)
    if job is None or getattr(job, STATUS[kind]) != "InProgress":
        raise ValueError(f"no {kind} {name} is in progress")
    setattr(job, STATUS[kind], plan.outcome)
    job.failure_reason = plan.reason or None
    job.last_modified_time = utcnow()


def stop(kind: str, job: Any) -> None:
    """Stop a job that runs."""
    if getattr(job, STATUS[kind]) == "InProgress":
        setattr(job, STATUS[kind], "Stopped")
        job.last_modified_time = utcnow()
