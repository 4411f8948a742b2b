"""SageMaker's inference components: models that share the instances of an endpoint.

AWS takes minutes to place, to roll and to remove copies; the emulator is done at once, save that an
update which watches alarms is held open: every answer of DescribeInferenceComponent, or of
DescribeStacks for the component's stack, takes it one batch on, and an alarm in state ALARM rolls it
back. A plan (``emulator.rollouts.Plan``) for the next creation or update of a component says otherwise.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from moto.core.common_models import CloudFormationModel
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.utilities.utils import get_partition

from . import hosting, limits, rollouts, stack_schemas
from .placement import Copy, Fleet, Room

TYPE = "AWS::SageMaker::InferenceComponent"

NOT_SUPPORTED = (
    "Inference Components are not supported in this Endpoint. Please make sure this endpoint can deploy "
    "inference components."
)


_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")
_LOCK = threading.RLock()


def _alone(function: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Let no two requests place copies on the same instances: Terraform makes ten stacks at once."""

    @functools.wraps(function)
    def locked(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
        with _LOCK:
            return function(*args, **kwargs)

    return locked


@dataclass(slots=True)
class _Deployment:
    """An update under way: what it comes to, in how many steps, and how far it is."""

    plan: rollouts.Plan
    updates: bool
    target: dict[str, Any]
    batches: list[int]
    watched: dict[str, Any] | None = None
    done: int = 0
    shown: int = 0
    rolling_back: str = ""


class InferenceComponent(CloudFormationModel):  # type: ignore[misc]  # moto is not checked
    """One component, as the API and as CloudFormation know it."""

    def __init__(self, backend: Any, name: str, endpoint: Any, variant: str, given: dict[str, Any]):
        self.backend = backend
        self.name = name
        self.arn = arn_of(backend, name)
        self.endpoint = endpoint
        self.variant = variant
        self.spec = _spec_of(given)
        self.copies = (given.get("RuntimeConfig") or {}).get("CopyCount", 1)
        self.tags = list(given.get("Tags") or [])
        self.stack_id = ""
        self.revision = 1
        self.status = "Creating"
        self.failure_reason = ""
        self.update_failure = ""
        self.deployment_config: dict[str, Any] | None = None
        self.deployment: _Deployment | None = None
        self.created = self.modified = utcnow()

    # What it is

    @property
    def base(self) -> str:
        """The component that an adapter is loaded by; empty for others."""
        spec = self.spec.get("Specification") or {}
        return str(spec.get("BaseInferenceComponentName") or "")

    @property
    def fleet(self) -> Fleet:
        """The instances on which its copies stand."""
        return fleet_of(self.backend, self.endpoint, self.variant)

    @property
    def current(self) -> int:
        """How many copies stand now; those of its base for an adapter."""
        if self.base:
            base = components(self.backend).get(self.base)
            return base.current if base is not None else 0
        return self.fleet.count(self.name)

    @property
    def serves(self) -> bool:
        """Whether requests reach it, once it has copies."""
        return self.status in ("InService", "Updating")

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeInferenceComponent."""
        answer: dict[str, Any] = {
            "InferenceComponentName": self.name,
            "InferenceComponentArn": self.arn,
            "EndpointName": self.endpoint.endpoint_name,
            "EndpointArn": self.endpoint.arn,
            "VariantName": self.variant,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "InferenceComponentStatus": self.status,
            **{name: _shown(value) for name, value in self.spec.items()},
        }
        runtime: dict[str, Any] = {
            "DesiredCopyCount": self.current if self.base else self.copies,
            "CurrentCopyCount": self.current,
        }
        kinds = [each.kind for each in self.fleet.instances] if not self.base else []
        placed = {kind: self.fleet.count(self.name, kind=kind) for kind in dict.fromkeys(kinds)}
        if any(placed.values()):
            runtime["PlacementStatus"] = [
                {"InstanceType": kind, "CurrentCopyCount": count}
                for kind, count in placed.items()
                if count
            ]
        answer["RuntimeConfig"] = runtime
        if self.failure_reason:
            answer["FailureReason"] = self.failure_reason
        if self.deployment_config is not None:
            answer["LastDeploymentConfig"] = self.deployment_config
        return answer

    def summary(self) -> dict[str, Any]:
        """One entry of ListInferenceComponents."""
        described = self.describe()
        return {
            name: described[name]
            for name in (
                "CreationTime",
                "InferenceComponentArn",
                "InferenceComponentName",
                "EndpointArn",
                "EndpointName",
                "VariantName",
                "InferenceComponentStatus",
                "LastModifiedTime",
            )
        }

    # What happens to it

    def begin_creation(self) -> None:
        """Place its copies, and be InService, or Failed, now or after what is planned."""
        plan = rollouts.take_component_plan(self.backend, self.name)
        failure = ""
        if plan.outcome == "succeed":
            failure = hosting.component_failure(self.backend, self, self.spec) or self._fill()
        if failure:
            plan = rollouts.Plan("fail", describes=max(plan.describes, 1), reason=failure)
        self.deployment = _Deployment(plan, False, dict(self.spec), [])
        if plan.describes == 0 and plan.outcome == "succeed":
            self._settle(self.deployment)

    def begin_update(
        self, spec: dict[str, Any], copies: int, config: dict[str, Any] | None, given: bool
    ) -> None:
        """Roll to another specification, or change the number of copies alone."""
        self.update_failure = ""
        self.modified = utcnow()
        if given:
            self.deployment_config = config
        plan = rollouts.take_component_plan(self.backend, self.name)
        if spec == self.spec and plan.describes == 0:
            self.scale(copies)
            return
        self.status = "Updating"
        watches = bool((config or {}).get("AutoRollbackConfiguration"))
        batches = _batches(config, 0 if self.base else copies)
        failure = hosting.component_failure(self.backend, self, spec)
        if failure and plan.outcome == "succeed":
            plan = rollouts.Plan("rollback", describes=max(plan.describes, 1), reason=failure)
            batches = []
        self.deployment = _Deployment(plan, True, spec, batches, config if watches else None)
        self.copies = copies
        if not self.base:
            self._resize()
        if plan.describes == 0 and plan.outcome == "succeed" and not watches:
            while self.deployment is not None:
                self.advance()

    @_alone
    def advance(self) -> None:
        """Move on by one answer."""
        deployment = self.deployment
        if deployment is None:
            return
        plan = deployment.plan
        deployment.shown += 1
        if deployment.rolling_back:
            if deployment.shown > plan.rolling_back_describes:
                self._end(deployment, deployment.rolling_back)
            return
        alarming = rollouts.alarming(self.arn, deployment.watched)
        if alarming:
            self._roll_back(deployment, rollouts.alarm_reason(alarming))
        elif deployment.done < len(deployment.batches):
            self._step(deployment)
        elif deployment.shown > plan.describes:
            self._come_to_an_end(deployment)

    def _come_to_an_end(self, deployment: _Deployment) -> None:
        plan = deployment.plan
        if plan.outcome == "succeed":
            self._settle(deployment)
        elif deployment.updates:
            self._roll_back(deployment, plan.reason or "The update was rolled back.")
        else:
            self._end(deployment, plan.reason or _UNHEALTHY)

    def scale(self, copies: int) -> None:
        """Change the number of copies: where there is no room, fewer stand than are desired."""
        self.copies = copies
        self.modified = utcnow()
        if not self.base:
            self._resize()
        if self.status in ("Updating", "Creating"):
            self.status = "InService"

    def remove(self) -> None:
        """Give back what it holds."""
        self.fleet.take(self.name, self.fleet.count(self.name))
        self.fleet.release()
        _show(self.endpoint, self.variant, self.fleet)

    def settle_on(self, fleet: Fleet) -> bool:
        """Place the copies it wants on other instances; whether there is room."""
        missing = self.copies - fleet.count(self.name)
        return all(self._place(fleet, self.spec, self.revision) for _ in range(missing))

    def _resize(self) -> None:
        fleet = self.fleet
        standing = fleet.count(self.name)
        if self.copies < standing:
            fleet.take(self.name, standing - self.copies)
            fleet.release()
        self._fill()

    def _fill(self) -> str:
        """Place the copies that are missing; why that was not possible."""
        if self.base:
            return ""
        fits = self.settle_on(self.fleet)
        _show(self.endpoint, self.variant, self.fleet)
        return "" if fits else _NO_ROOM

    def _place(self, fleet: Fleet, spec: dict[str, Any], revision: int) -> bool:
        wanted = {kind: _specification(spec, kind) for kind in fleet.kinds}
        copies = {
            kind: Copy(self.name, revision, _needs(specification))
            for kind, specification in wanted.items()
            if specification is not None
        }
        scheduling = next(iter(each for each in wanted.values() if each), {}).get(
            "SchedulingConfig"
        )
        return fleet.place(
            copies, spread=(scheduling or {}).get("PlacementStrategy", "SPREAD") == "SPREAD"
        )

    def _step(self, deployment: _Deployment) -> None:
        """Replace one batch: the new copies stand before the old ones go."""
        size = deployment.batches[deployment.done]
        fleet = self.fleet
        for _ in range(size):
            if not self._place(fleet, deployment.target, self.revision + 1):
                self._roll_back(deployment, _NO_ROOM)
                return
        fleet.take(self.name, size, but_revision=self.revision + 1)
        deployment.done += 1
        _show(self.endpoint, self.variant, fleet)

    def _roll_back(self, deployment: _Deployment, reason: str) -> None:
        deployment.rolling_back = reason
        deployment.shown = 0
        fleet = self.fleet
        fleet.take(self.name, fleet.count(self.name), but_revision=self.revision)
        self._fill()
        if deployment.plan.rolling_back_describes == 0:
            self._end(deployment, reason)

    def _settle(self, deployment: _Deployment) -> None:
        if deployment.updates:
            self.spec = deployment.target
            self.revision += 1
        self.fleet.release()
        _show(self.endpoint, self.variant, self.fleet)
        self.deployment = None
        self.status = "InService"
        self.failure_reason = ""
        self.modified = utcnow()

    def _end(self, deployment: _Deployment, reason: str) -> None:
        """It has failed: an update leaves what ran before, a creation nothing."""
        self.deployment = None
        self.modified = utcnow()
        if deployment.updates:
            self.status = "InService"
            self.update_failure = reason
        else:
            self.status = "Failed"
            self.fleet.take(self.name, self.fleet.count(self.name))
            self.fleet.release()
            _show(self.endpoint, self.variant, self.fleet)
        self.failure_reason = reason

    # What CloudFormation asks of it

    @property
    def physical_resource_id(self) -> str:
        """What ``Ref`` answers."""
        return self.arn

    def is_created(self) -> bool:
        """Whether its stack need not wait for it any more."""
        return self.status == "InService"

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete it with its stack."""
        delete(self.backend, self)

    @staticmethod
    def cloudformation_type() -> str:
        """The type of its resource in a template."""
        return TYPE

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "InferenceComponentName"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether ``Fn::GetAtt`` knows an attribute."""
        return attr in stack_schemas.attributes(TYPE)

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """What ``Fn::GetAtt`` answers."""
        value: Any = self.describe()
        for part in attribute_name.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        return value if isinstance(value, str | int) else str(value)

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> InferenceComponent:
        """CloudFormation sends no deployment configuration with a creation."""
        properties = stack_schemas.checked(TYPE, cloudformation_json, kwargs["LogicalId"])
        given = {
            **{name: value for name, value in properties.items() if name != "DeploymentConfig"},
            "InferenceComponentName": resource_name,
            "Tags": stack_schemas.tags(properties, account_id, region_name, kwargs["StackId"]),
        }
        component = create(sagemaker_backends[account_id][region_name], given)
        component.stack_id = kwargs["StackId"]
        return component

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> InferenceComponent:
        """The schema has no property that replaces a component, and the API cannot change its names."""
        component: InferenceComponent = original_resource
        properties = stack_schemas.checked(TYPE, cloudformation_json, component.logical_resource_id)
        named = {
            "InferenceComponentName": component.name,
            "EndpointName": component.endpoint.endpoint_name,
            "VariantName": component.variant,
        }
        for name, old in named.items():
            if properties.get(name, old) != old:
                raise ValidationError(
                    f"{name} of an inference component cannot be updated, from {old} to "
                    f"{properties[name]}."
                )
        component.tags = stack_schemas.tags(properties, account_id, region_name, component.stack_id)
        spec = _spec_of(properties)
        copies = (properties.get("RuntimeConfig") or {}).get("CopyCount")
        if spec == component.spec and copies in (None, component.copies):
            return component
        update(
            component,
            {
                **spec,
                **({"RuntimeConfig": {"CopyCount": copies}} if copies is not None else {}),
                **(
                    {"DeploymentConfig": properties["DeploymentConfig"]}
                    if "DeploymentConfig" in properties
                    else {}
                ),
            },
        )
        return component

    @classmethod
    def delete_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> None:
        """Not reached: ``delete`` is."""
        raise NotImplementedError


_NO_ROOM = (
    "There are not enough accelerators, memory or CPU cores on the instances of the endpoint, and it may "
    "not have more instances."
)
_UNHEALTHY = (
    "The container of the inference component did not pass the ping health check. Please check "
    "CloudWatch logs for this inference component."
)


# The components of an account in a Region


def components(backend: Any) -> dict[str, InferenceComponent]:
    """All components by name, in the order of their creation."""
    # on the backend, so that resetting moto resets them
    found: dict[str, InferenceComponent] = backend.__dict__.setdefault("inference_components", {})
    return found


def of_endpoint(backend: Any, endpoint: Any) -> list[InferenceComponent]:
    """The components that an endpoint hosts."""
    return [each for each in [*components(backend).values()] if each.endpoint is endpoint]


def find(backend: Any, name: str) -> InferenceComponent:
    """A component by its name; AWS's refusal where there is none."""
    found = components(backend).get(name)
    if found is None:
        raise ValidationError(f'Could not find inference component "{arn_of(backend, name)}".')
    return found


def arn_of(backend: Any, name: str) -> str:
    """The ARN that a component of that name has."""
    partition = get_partition(backend.region_name)
    place = f"{backend.region_name}:{backend.account_id}"
    return f"arn:{partition}:sagemaker:{place}:inference-component/{name}"


@_alone
def create(backend: Any, given: dict[str, Any]) -> InferenceComponent:
    """CreateInferenceComponent."""
    _check("CreateInferenceComponentInput", given)
    name = given["InferenceComponentName"]
    if name in components(backend):
        raise ValidationError(
            f'Cannot create already existing inference component "{arn_of(backend, name)}".'
        )
    endpoint = _hosting_endpoint(backend, given["EndpointName"])
    spec = _spec_of(given)
    if len(spec) != 1:
        raise ValidationError("You must provide exactly one of Specification and Specifications.")
    adapts = (given.get("Specification") or {}).get("BaseInferenceComponentName")
    if adapts:
        variant = _base_of(backend, endpoint, given, adapts).variant
    else:
        variant = _fitting_variant(backend, endpoint, given.get("VariantName"))
        _require_complete(backend, spec, fleet_of(backend, endpoint, variant).kinds)
    component = InferenceComponent(backend, name, endpoint, variant, given)
    components(backend)[name] = component
    component.begin_creation()
    return component


@_alone
def update(component: InferenceComponent, given: dict[str, Any]) -> None:
    """UpdateInferenceComponent."""
    _check("UpdateInferenceComponentInput", {**given, "InferenceComponentName": component.name})
    spec = _spec_of(given)
    runtime = given.get("RuntimeConfig")
    if not spec and not runtime:
        raise ValidationError(
            "At least one of Specification, Specifications and RuntimeConfig must be provided."
        )
    if len(spec) > 1:
        raise ValidationError("You must provide exactly one of Specification and Specifications.")
    if component.status != "InService":
        raise ValidationError(
            f'Cannot update inference component "{component.arn}" in status {component.status}.'
        )
    if spec:
        new_base = (spec.get("Specification") or {}).get("BaseInferenceComponentName") or ""
        if new_base != component.base:
            raise ValidationError(
                "BaseInferenceComponentName of an inference component cannot be updated."
            )
        if component.base:
            _require_adapter(given)
        else:
            _require_complete(component.backend, spec, component.fleet.kinds)
    copies = component.copies if runtime is None else runtime["CopyCount"]
    config = given.get("DeploymentConfig")
    _require_batches(config, copies)
    component.begin_update(spec or component.spec, copies, config, "DeploymentConfig" in given)


@_alone
def scale(component: InferenceComponent, copies: int) -> None:
    """UpdateInferenceComponentRuntimeConfig, which Application Auto Scaling calls as well."""
    if component.base:
        raise ValidationError(
            "The runtime configuration of an adapter inference component is that of its base."
        )
    if component.status != "InService":
        raise ValidationError(
            f'Cannot update inference component "{component.arn}" in status {component.status}.'
        )
    component.scale(copies)


@_alone
def delete(backend: Any, component: InferenceComponent) -> None:
    """DeleteInferenceComponent."""
    adapters = [each.name for each in components(backend).values() if each.base == component.name]
    if adapters:
        raise ValidationError(
            f'Inference component "{component.arn}" is a base inference component for one or more '
            f"associated adapter inference components: {', '.join(adapters)}. Delete them first."
        )
    if component.status in ("Creating", "Updating"):
        raise ValidationError(
            f'Cannot delete inference component "{component.arn}" in status {component.status}.'
        )
    component.remove()
    del components(backend)[component.name]


def fleet_of(backend: Any, endpoint: Any, variant: str) -> Fleet:
    """The instances of a variant, which begin as the endpoint configuration says."""
    fleets: dict[str, Fleet] = getattr(endpoint, "fleets", None) or {}
    if variant not in fleets:
        config = backend.endpoint_configs[endpoint.endpoint_config_name]
        (declared,) = (
            each for each in config.production_variants if each["VariantName"] == variant
        )
        endpoint.fleets = fleets = {**fleets, variant: Fleet.of(declared)}
    return fleets[variant]


@_alone
def move(backend: Any, endpoint: Any, config: Any) -> str:
    """Place the components of an endpoint on the instances of another configuration; why they do not
    fit."""
    hosted = of_endpoint(backend, endpoint)
    if not hosted:
        endpoint.fleets = {}
        return ""
    declared = {each["VariantName"]: each for each in config.production_variants}
    missing = [each.variant for each in hosted if each.variant not in declared]
    if missing or any(declared[each.variant].get("ModelName") for each in hosted):
        return (
            "The new endpoint configuration has no variant for inference components that it hosts."
        )
    endpoint.fleets = {variant: Fleet.of(each) for variant, each in declared.items()}
    for component in hosted:
        if not component.base and not component.settle_on(endpoint.fleets[component.variant]):
            return _NO_ROOM
    for variant, fleet in endpoint.fleets.items():
        fleet.release()
        _show(endpoint, variant, fleet)
    return ""


def _check(shape: str, given: dict[str, Any]) -> None:
    broken = limits.violation("sagemaker", shape, given)
    if broken:
        raise ValidationError(broken)


def _hosting_endpoint(backend: Any, name: str) -> Any:
    # AWS compares endpoint names without regard to case
    endpoint = {each.lower(): found for each, found in backend.endpoints.items()}.get(name.lower())
    if endpoint is None:
        partition = get_partition(backend.region_name)
        place = f"{backend.region_name}:{backend.account_id}"
        raise ValidationError(
            f'Could not find endpoint "arn:{partition}:sagemaker:{place}:endpoint/{name}".'
        )
    if endpoint.endpoint_status != "InService":
        raise ValidationError(
            f'Cannot create an inference component on endpoint "{endpoint.arn}" in status '
            f"{endpoint.endpoint_status}."
        )
    return endpoint


def _fitting_variant(backend: Any, endpoint: Any, name: str | None) -> str:
    if not name:
        raise ValidationError("VariantName is required unless BaseInferenceComponentName is given.")
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    variants = {each["VariantName"]: each for each in getattr(config, "production_variants", [])}
    if name not in variants:
        raise ValidationError(f'Could not find variant "{name}" of endpoint "{endpoint.arn}".')
    if variants[name].get("ModelName") or not getattr(config, "execution_role_arn", None):
        raise ValidationError(NOT_SUPPORTED)
    return name


def _base_of(backend: Any, endpoint: Any, given: dict[str, Any], name: str) -> InferenceComponent:
    base = find(backend, name)
    if given.get("VariantName"):
        raise ValidationError(
            "VariantName must not be provided for an adapter inference component."
        )
    _require_adapter(given)
    if base.endpoint is not endpoint:
        raise ValidationError(
            f'The base inference component "{base.arn}" is not hosted by endpoint "{endpoint.arn}".'
        )
    if base.base:
        raise ValidationError(
            f'Inference component "{base.arn}" is an adapter, and cannot be the base of another.'
        )
    if base.status != "InService":
        raise ValidationError(
            f'The base inference component "{base.arn}" is in status {base.status}, and has to be '
            "InService."
        )
    return base


def _require_adapter(given: dict[str, Any]) -> None:
    spec = given["Specification"]
    if spec.get("ComputeResourceRequirements"):
        raise ValidationError(
            "ComputeResourceRequirements must not be provided for an adapter inference component."
        )
    if spec.get("ModelName") or not (spec.get("Container") or {}).get("ArtifactUrl"):
        raise ValidationError(
            "An adapter inference component has Container with ArtifactUrl, and no ModelName."
        )


_MOST_VARIABLES = 16


def _require_complete(backend: Any, spec: dict[str, Any], kinds: list[str]) -> None:
    several = spec.get("Specifications")
    if several is not None:
        _require_pools(several, kinds)
    for each in several or [spec["Specification"]]:
        _require_model(backend, each)
        needs = each.get("ComputeResourceRequirements")
        if not needs:
            raise ValidationError("ComputeResourceRequirements must be provided.")
        most = needs.get("MaxMemoryRequiredInMb")
        if most is not None and most < needs["MinMemoryRequiredInMb"]:
            raise ValidationError(
                "MaxMemoryRequiredInMb must not be less than MinMemoryRequiredInMb."
            )


def _require_pools(several: list[dict[str, Any]], kinds: list[str]) -> None:
    if not 2 <= len(several) <= 5:
        raise ValidationError(
            "Specifications must have 2 to 5 entries; use Specification for one instance type."
        )
    given = [each.get("InstanceType") for each in several]
    if len(set(given)) < len(given) or None in given:
        raise ValidationError("Each of Specifications needs an InstanceType of its own.")
    for kind in given:
        if kind not in kinds:
            raise ValidationError(
                f"The variant has no instance pool of {kind}, which Specifications names."
            )


def _require_model(backend: Any, specification: dict[str, Any]) -> None:
    model, container = specification.get("ModelName"), specification.get("Container")
    if bool(model) == bool(container):
        raise ValidationError("A specification must have exactly one of ModelName and Container.")
    if model and model not in backend._models:
        partition = get_partition(backend.region_name)
        place = f"{backend.region_name}:{backend.account_id}"
        raise ValidationError(
            f'Could not find model "arn:{partition}:sagemaker:{place}:model/{model}".'
        )
    if container and not container.get("Image"):
        raise ValidationError("Container must have an Image.")
    if len((container or {}).get("Environment") or {}) > _MOST_VARIABLES:
        raise ValidationError(
            f"Environment of a container of an inference component has at most {_MOST_VARIABLES} "
            "entries."
        )


def _require_batches(config: dict[str, Any] | None, copies: int) -> None:
    """5 to 50 % of the copies; one copy is always taken, as there is no smaller batch."""
    if config is None:
        return
    size = config["RollingUpdatePolicy"]["MaximumBatchSize"]
    kind, value = size["Type"], size["Value"]
    percent = value if kind == "CAPACITY_PERCENT" else 100 * value / max(copies, 1)
    if not 5 <= percent <= 50 and not (kind == "COPY_COUNT" and value == 1):
        raise ValidationError(
            "MaximumBatchSize must be between 5% and 50% of the copy count of the inference component."
        )


def _batches(config: dict[str, Any] | None, copies: int) -> list[int]:
    """The sizes of the batches in which so many copies are replaced: all at once without a policy."""
    if config is None or copies == 0:
        return [copies]
    size = config["RollingUpdatePolicy"]["MaximumBatchSize"]
    one = size["Value"]
    if size["Type"] == "CAPACITY_PERCENT":
        one = math.ceil(copies * one / 100)
    return [min(one, copies - done) for done in range(0, copies, one)]


_SPECS = ("Specification", "Specifications")


def _spec_of(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _SPECS if given.get(name) is not None}


def _shown(value: Any) -> Any:
    """A specification as it is described: with the image that is deployed."""
    if isinstance(value, list):
        return [_shown(each) for each in value]
    container = value.get("Container") or {}
    image = container.get("Image")
    if not image:
        return value
    deployed = {"SpecifiedImage": image, "ResolvedImage": image}
    shown = {name: each for name, each in container.items() if name != "Image"}
    return {**value, "Container": {**shown, "DeployedImage": deployed}}


def _specification(spec: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The specification that holds on an instance type."""
    single: dict[str, Any] | None = spec.get("Specification")
    if single is not None:
        return single if single.get("InstanceType") in (None, kind) else None
    return next((each for each in spec["Specifications"] if each["InstanceType"] == kind), None)


def _needs(specification: dict[str, Any]) -> Room:
    needs = specification.get("ComputeResourceRequirements") or {}
    return Room(
        accelerators=needs.get("NumberOfAcceleratorDevicesRequired") or 0,
        cores=needs.get("NumberOfCpuCoresRequired") or 0,
        memory=needs.get("MinMemoryRequiredInMb") or 0,
    )


def _show(endpoint: Any, variant: str, fleet: Fleet) -> None:
    """Let DescribeEndpoint tell how many instances a variant has."""
    for summary in endpoint.production_variants or []:
        if summary["VariantName"] == variant:
            count = len(fleet.instances)
            summary["CurrentInstanceCount"] = summary["DesiredInstanceCount"] = count
            if len(fleet.kinds) > 1:
                summary["InstancePools"] = [
                    {
                        "InstanceType": kind,
                        "CurrentInstanceCount": sum(each.kind == kind for each in fleet.instances),
                    }
                    for kind in fleet.kinds
                ]


def publish(component: InferenceComponent, **values: float) -> None:
    """Publish a value of each metric by the component alone, as SageMaker does."""
    from moto.cloudwatch.models import cloudwatch_backends

    backend = component.backend
    dimensions = [{"Name": "InferenceComponentName", "Value": component.name}]
    cloudwatch_backends[backend.account_id][backend.region_name].put_metric_data(
        "AWS/SageMaker",
        [
            {"MetricName": name, "Value": value, "Dimensions": dimensions}
            for name, value in values.items()
        ],
    )
