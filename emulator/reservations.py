"""ML reservations: training plans that reserve instances for endpoints.

No API that the emulator has buys one, as that costs: the control route ``sagemaker/training-plan`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from moto.sagemaker.exceptions import ResourceNotFound, ValidationError
from moto.utilities.utils import get_partition

Status = Literal["Pending", "Active", "Scheduled", "Expired", "Failed"]
Target = Literal["training-job", "hyperpod-cluster", "endpoint", "studio-apps"]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What has been bought: so many instances of a type, from ``start`` to ``end`` (ISO 8601)."""

    instance_type: str
    instances: int = 1
    status: Status = "Active"
    target: Target = "endpoint"
    start: str = "2026-01-01T00:00:00+00:00"
    end: str = "2036-01-01T00:00:00+00:00"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("status", self.status, get_args(Status)),
            ("target", self.target, get_args(Target)),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        self.period()

    def period(self) -> tuple[datetime, datetime]:
        """When it begins and ends."""
        start, end = (datetime.fromisoformat(each) for each in (self.start, self.end))
        return start.astimezone(UTC), end.astimezone(UTC)


def buy(backend: Any, name: str, plan: TrainingPlan) -> str:
    """Have a training plan of that name; its ARN."""
    _plans(backend)[name] = plan
    return _arn(backend, "training-plan", name)


def describe(backend: Any, name: str) -> dict[str, Any]:
    """The answer of DescribeTrainingPlan."""
    plan = _plans(backend).get(name)
    if plan is None:
        raise ResourceNotFound(f"Training plan {name} does not exist.")
    start, end = plan.period()
    used = _used(backend, _arn(backend, "training-plan", name))
    duration = {
        "DurationHours": (end - start) // timedelta(hours=1),
        "StartTime": start,
        "EndTime": end,
    }
    return {
        "TrainingPlanArn": _arn(backend, "training-plan", name),
        "TrainingPlanName": name,
        "Status": plan.status,
        **duration,
        "TotalInstanceCount": plan.instances,
        "AvailableInstanceCount": max(plan.instances - used, 0),
        "InUseInstanceCount": used,
        "TargetResources": [plan.target],
        "ReservedCapacitySummaries": [
            {
                "ReservedCapacityArn": _arn(backend, "reserved-capacity", name),
                "InstanceType": plan.instance_type,
                "TotalInstanceCount": plan.instances,
                "Status": plan.status,
                **duration,
            }
        ],
    }


def require(backend: Any, config: Any) -> None:
    """Refuse an endpoint whose variants cannot have what they want reserved.

    A plan is for endpoints, is Active, has the instance type of the variant, and is the only one of its
    endpoint.
    """
    wanted = [
        (variant, reserved["MlReservationArn"])
        for variant in config.production_variants
        if (reserved := variant.get("CapacityReservationConfig") or {}).get("MlReservationArn")
    ]
    if len({arn for _, arn in wanted}) > 1:
        raise ValidationError("An endpoint can use only one training plan.")
    for variant, arn in wanted:
        plan = _plans(backend).get(arn.rsplit("/", 1)[-1])
        if plan is None or arn != _arn(backend, "training-plan", arn.rsplit("/", 1)[-1]):
            raise ValidationError(f"Could not find ML reservation {arn}.")
        if plan.target != "endpoint":
            raise ValidationError(
                f"The training plan {arn} is for {plan.target}, not for endpoint."
            )
        if plan.status != "Active":
            raise ValidationError(
                f"The training plan {arn} is {plan.status}, and has to be Active."
            )
        if variant.get("InstanceType") != plan.instance_type:
            raise ValidationError(
                f"The instance type {variant.get('InstanceType')} of variant {variant['VariantName']} "
                f"is not that of the training plan {arn}: {plan.instance_type}."
            )


def lacking(backend: Any, config: Any) -> str:
    """Why a plan cannot give what the variants begin with; empty where it can."""
    for variant in config.production_variants:
        arn = (variant.get("CapacityReservationConfig") or {}).get("MlReservationArn")
        plan = _plans(backend).get(arn.rsplit("/", 1)[-1]) if arn else None
        if plan is not None and (variant.get("InitialInstanceCount") or 0) > plan.instances:
            return (
                f"The training plan {arn} has {plan.instances} instances, and variant "
                f"{variant['VariantName']} needs {variant['InitialInstanceCount']}."
            )
    return ""


def _used(backend: Any, arn: str) -> int:
    used = 0
    for endpoint in backend.endpoints.values():
        for variant in endpoint.production_variants or []:
            reserved = variant.get("CapacityReservationConfig") or {}
            if reserved.get("MlReservationArn") == arn:
                used += variant.get("CurrentInstanceCount") or 0
    return used


def _plans(backend: Any) -> dict[str, TrainingPlan]:
    # on the backend, so that resetting moto resets them
    plans: dict[str, TrainingPlan] = backend.__dict__.setdefault("training_plans", {})
    return plans


def _arn(backend: Any, kind: str, name: str) -> str:
    place = f"{backend.region_name}:{backend.account_id}"
    return f"arn:{get_partition(backend.region_name)}:sagemaker:{place}:{kind}/{name}"
