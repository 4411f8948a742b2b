"""What of a plan's inference components fits on the instances below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inferform.sagemaker.endpoints.component import ComponentResources
from inferform.sagemaker.fit import Fitted, placed

from ..plan import Change, Plan, Side, dig
from .sagemaker_story import ENDPOINT, configuration_of
from .sagemaker_verify import specifications_of
from .scaling import TARGET
from .stacked import STACK, component_of, types_of


def asked_of(component: Mapping[str, Any], instance_type: str) -> ComponentResources:
    """What a copy of a component takes of an instance of a type, in SageMaker's words."""
    all_of = specifications_of(component)
    found = next((each for each in all_of if each.get("InstanceType") == instance_type), all_of[0])
    wants = found.get("ComputeResourceRequirements") or {}
    devices = wants.get("NumberOfAcceleratorDevicesRequired")
    return ComponentResources(
        min_memory_mib=max(128, int(wants.get("MinMemoryRequiredInMb") or 128)),
        accelerators=int(devices) if devices else None,
        cpu_cores=wants.get("NumberOfCpuCoresRequired"),
    )


@dataclass(frozen=True, slots=True)
class Fits:
    """The components of an endpoint on the preferred instance type of its one variant."""

    instance_type: str
    fewest: Fitted
    most: Fitted
    limit: int | None
    """The most instances that there may be; None where the plan does not tell."""

    def story(self) -> str:
        """How many instances the fewest and the most copies take, and what of them is idle."""
        parts, kind = [], f" x {self.instance_type}"
        for words, fitted in (("at the fewest copies", self.fewest), ("at the most", self.most)):
            if fitted.unplaced:
                lost = ", ".join(dict.fromkeys(fitted.unplaced))
                return f"{lost} fits no {self.instance_type}"
            idle = fitted.idle_share
            share = "" if idle is None else f" ({idle:.0%} idle)"
            parts.append(f"{len(fitted.instances)}{kind} {words}{share}")
            kind = ""
        if self.fewest == self.most:
            parts = parts[:1]
        limit = "" if self.limit is None else f", of at most {self.limit}"
        return f"about {', '.join(parts)}{limit}"


def fits(plan: Plan, endpoint: str, side: Side) -> Fits | None:
    """What all components of an endpoint take on one side of a plan; None where it has none there, or
    the plan does not tell its instances."""
    variant = _variant(plan, endpoint, side)
    types = types_of(variant)
    components = dict(_components(plan, endpoint, side))
    if not types or not components:
        return None
    kind = types[0]
    asked = {name: asked_of(each, kind) for name, each in components.items()}
    bounds = {name: _bounds(plan, name, each, side) for name, each in components.items()}
    limit = dig(variant, "managed_instance_scaling", "max_instance_count")
    return Fits(
        kind,
        placed(kind, {name: low for name, (low, _) in bounds.items()}, asked),
        placed(kind, {name: high for name, (_, high) in bounds.items()}, asked),
        limit if isinstance(limit, int) else None,
    )


def _variant(plan: Plan, endpoint: str, side: Side) -> Mapping[str, Any]:
    for each in plan.of_type(ENDPOINT):
        if each.exists(side) and each.at(side).get("name") == endpoint:
            held: Change | None = configuration_of(plan, each, side)
            variants = (held.at(side).get("production_variants") or ()) if held else ()
            return variants[0] if variants else {}
    return {}


def _components(plan: Plan, endpoint: str, side: Side) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for stack in plan.of_type(STACK):
        component = component_of(stack.at(side)) if stack.exists(side) else None
        if not component or component.get("EndpointName") != endpoint:
            continue
        specifications = specifications_of(component)
        # An adapter runs in the copies of its base.
        if specifications and not specifications[0].get("BaseInferenceComponentName"):
            yield str(component.get("InferenceComponentName")), component


def _bounds(plan: Plan, name: str, component: Mapping[str, Any], side: Side) -> tuple[int, int]:
    """The fewest and the most copies of a component."""
    for target in plan.of_type(TARGET):
        values = target.at(side)
        if target.exists(side) and values.get("resource_id") == f"inference-component/{name}":
            low, high = values.get("min_capacity"), values.get("max_capacity")
            if isinstance(low, int) and isinstance(high, int):
                return low, high
    count = int(dig(component, "RuntimeConfig", "CopyCount") or 1)
    return count, count
