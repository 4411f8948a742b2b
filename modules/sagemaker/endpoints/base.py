"""What endpoints of all kinds have, and what each kind says of its variants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from ...alarms.published import COMPONENT_HOST, Feature
from ...alarms.spec import EndpointAlarms
from ...alarms.watched import Watched
from ...context import Context
from ...existing import ELSEWHERE, EXI7
from ...model.accelerator import Device, device_of
from ...model.container import Container
from ...model.image import FrameworkContainer
from ...names import Name, role
from ...rollouts.spec import AllAtOnce, Canary, Linear, Rolling, Rollout
from ...rules import Problem, rule
from ...scaling.kinds import REALTIME, Kind
from ...scaling.spec import Scaling, StepScaling
from ...service import Needs, Place, Platform, Scalable, Teller
from ...spec import Aws, Check, OneOf, Spec
from ...usage import Amount, Usage, alarm_usage, bounds
from ...vpc.flow_logs import RetentionDays
from ..guardrails import DEP10, DEP14, rollout_problems
from ..sources import AnySource, Hosts, JumpStartModel, Source, architecture_of
from .capture import DataCapture
from .fleet import Fleet, Instances

AAS45 = rule(
    "AAS45",
    refuses="a step scaling policy whose alarm would have the name of a rollback alarm",
    message="is the name of an alarm that rolls back this endpoint's rollouts; choose another",
    source="CloudWatch API reference, PutMetricAlarm (an alarm of the same name is overwritten)",
)

RT22 = rule(
    "RT22",
    refuses="the name of a variant or container that SageMaker does not take",
    message="must be at most 63 letters and digits joined by hyphens, such as primary or AllTraffic",
    source="botocore sagemaker VariantName, ContainerHostname",
)


SSM1 = rule(
    "SSM1",
    refuses="shells in containers that nobody can get into: isolated ones, and those of sellers",
    message="cannot be used with {what}, into which AWS lets nobody; {remedy}",
    source="SageMaker developer guide, access containers through SSM",
)
SSM2 = rule(
    "SSM2",
    refuses="shells in AWS's own container of XGBoost, which may be one of SageMaker's algorithms",
    message="may have no effect: AWS lets nobody into the containers of SageMaker's own algorithms, "
    "of which XGBoost is one; use an image of yours",
    source="SageMaker developer guide, access containers through SSM",
    severity="warning",
)


def endpoint_log_group(context: Context, name: str) -> str:
    """The log group of an endpoint's containers, as SageMaker names it."""
    return f"/aws/sagemaker/Endpoints/{context.endpoint(name)}"


def scaled_variant(context: Context, endpoint: str, variant: str) -> str:
    """What the names of a variant's scaling policies begin with."""
    return f"{context.name(endpoint)}-{variant}"


def _names_a_part(text: str) -> bool:
    return bool(re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", text)) and len(text) <= 63


VariantName = Annotated[
    str, Check(RT22, _names_a_part), Aws("sagemaker:ProductionVariant.VariantName")
]
"""The name of a variant: `primary`, or as SageMaker's own tools call it, `AllTraffic`."""

Hostname = Annotated[
    str, Check(RT22, _names_a_part), Aws("sagemaker:ContainerDefinition.ContainerHostname")
]
"""The name of one of several containers: `first`, or as AWS's examples have it, `firstContainer`."""


@dataclass(frozen=True, slots=True)
class Serverless:
    """The settings of a serverless variant."""

    memory_mib: int
    max_concurrency: int
    provisioned_concurrency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """One variant of an endpoint of any kind, as SageMaker sees it."""

    name: str
    """The variant's name."""

    containers: tuple[tuple[str | None, AnySource], ...]
    """What its model holds, each with its hostname; empty for inference components."""

    mode: Literal["single", "multi-model", "Serial", "Direct", "components"]
    """How the containers work together."""

    isolated: bool
    """Whether the containers have no network."""

    fleet: Fleet | None = None
    """Its instances; None where there are none to choose."""

    count: int = 1
    """How many instances the endpoint configuration names."""

    weight: int | float = 1
    """Its share of the traffic, in a form that AWS keeps exactly."""

    scaling: Scaling | None = None
    """How it follows the load."""

    transform_type: str | None = None
    """The instance type, where it is a batch transform."""

    serverless: Serverless | None = None
    """The serverless settings, where it is serverless."""

    scales: Kind = REALTIME
    """What scaling changes."""

    @property
    def has_shell(self) -> bool:
        """Whether people get a shell in its containers."""
        return bool(self.fleet and self.fleet.host.ssm_access)

    @property
    def instance_type(self) -> str | None:
        """The instance type, if there are instances."""
        return self.fleet.instance_type if self.fleet else None

    @property
    def device(self) -> Device | None:
        """What the containers compute with; None where AWS does not say. Serverless inference
        has CPUs alone."""
        name = self.instance_type or self.transform_type
        return device_of(name) if name else "cpu"


class InVpc(Spec):
    """What SageMaker can attach to the environment's VPC."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Default: True."""

    @property
    def in_vpc(self) -> bool:
        """Whether the models are in the environment's VPC."""
        return self.vpc


class Captured(Spec):
    """An endpoint whose traffic can be captured."""

    data_capture: DataCapture | None = None
    """Capture of requests and responses. Default: none."""

    @property
    def capture(self) -> DataCapture | None:
        """The data capture."""
        return self.data_capture


class OneVariant(Spec):
    """An endpoint of one production variant."""

    variant: VariantName = "primary"
    """The production variant's name, which alarms and scaling refer to. Changing it replaces
    the endpoint."""


class Endpoint(Hosts):
    """What endpoints of all kinds have."""

    log_retention_days: RetentionDays = 30
    """Days that the endpoint's log group keeps events. Default: 30."""

    kind: ClassVar[str]
    """The kind of endpoint, in words."""

    family: ClassVar[str] = "instances"
    """Endpoints of one family can be updated into each other; others are replaced."""

    sort = "endpoint"
    words = "SageMaker endpoint"
    elsewhere: ClassVar[Mapping[str, str]] = {
        **ELSEWHERE,
        "name": "it as the key, endpoints={'fraud': ...}; Naming.endpoints takes a whole name of AWS's",
        "endpoint_name": "it as the key, endpoints={'fraud': ...}; Naming.endpoints takes a whole name of "
        "AWS's",
        "autoscaling": "scaling=Scaling(max_capacity=...)",
        "async_inference_config": "AsyncEndpoint(...) instead of this",
        "blue_green_update_policy": "rollout=Canary(...)",
        "auto_rollback_configuration": "rollout=Canary(alarms=EndpointAlarms(...))",
        "deployment_config": "rollout=Canary(...)",
        "enable_network_isolation": "model=Model(network_isolation=...)",
        "env": "model=Model(environment=...)",
        "health_check_timeout": "host=Host(startup_timeout_seconds=...)",
        "model_name": "model=Model(...), which makes one",
        "production_variants": "MultiVariantEndpoint(variants=...) instead of this",
        "serverless_config": "ServerlessEndpoint(...) instead of this",
        "serverless_inference_config": "ServerlessEndpoint(...) instead of this",
        "shadow_production_variants": "shadow=Shadow(...)",
    }

    def hosted(self) -> tuple[Hosted, ...]:
        """The production variants."""
        raise NotImplementedError

    def shadowed(self) -> Hosted | None:
        """The shadow variant, if there is one."""
        return None

    @property
    def guard(self) -> Rollout | None:
        """The deployment guardrails, if the kind has any."""
        return None

    @property
    def variants_and_shadow(self) -> tuple[Hosted, ...]:
        """The production variants, and the shadow variant if there is one."""
        shadow = self.shadowed()
        return (*self.hosted(), *((shadow,) if shadow else ()))

    def check(self) -> Iterator[Problem]:
        """Shells are opened only in what AWS lets people into."""
        yield from super().check()
        for variant in self.variants_and_shadow:
            if variant.has_shell:
                for problem in _without_shell(variant):
                    yield problem.under(*self.place_of(variant))

    def needs(self, place: Place) -> Needs:
        """What Session Manager's agent calls from inside the containers, too.

        AWS Systems Manager user guide, VPC endpoints for Session Manager.
        """
        needs = super().needs(place)
        if not self.in_vpc or not any(each.has_shell for each in self.variants_and_shadow):
            return needs
        called = needs.interface_endpoints | {"ssm", "ssmmessages"}
        return replace(needs, interface_endpoints=called)

    def resource(self, place: Place) -> tuple[str, str]:
        """The endpoint."""
        return "aws_sagemaker_endpoint", place.environment.context.endpoint(place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its role, log, alarms and scaling."""
        context, short = place.environment.context, place.name
        yield Name("aws_sagemaker_endpoint", context.endpoint(short))
        if self.existing.execution_role is None:
            yield Name("aws_iam_role", role(context, short))
        if self.existing.log_group is None:
            yield Name("aws_cloudwatch_log_group", endpoint_log_group(context, short))
        alarms = self.guard.alarms if self.guard else None
        for variant in self.hosted():
            of = f"variant {variant.name}"
            for name in alarms.names_of(context, short, variant.name) if alarms else ():
                yield Name("aws_cloudwatch_metric_alarm", name, of)
            if variant.scaling is not None:
                yield from variant.scaling.names(scaled_variant(context, short, variant.name), of)

    def watched(self, place: Place) -> Iterator[Watched]:
        """Each production variant."""
        for variant in self.hosted():
            yield _watched(variant, place.environment.context.endpoint(place.name))

    def alarms_used(self, place: Place) -> Iterator[Usage]:
        """Those of its rollouts too, one set for each production variant."""
        yield from super().alarms_used(place)
        own = self.guard.alarms if self.guard else None
        if own is not None:
            for variant in self.hosted():
                yield alarm_usage(own.metrics_of(variant.scales.publishes))

    @property
    def rolled_out(self) -> str:
        """Its guardrails; without them SageMaker's defaults hold."""
        return self.guard.words if self.guard else "SageMaker's own"

    @property
    def told_by(self) -> frozenset[Teller]:
        """SageMaker, of every endpoint."""
        return frozenset({"sagemaker"})

    def log_groups(self, place: Place) -> Iterator[str]:
        """The one that SageMaker writes to."""
        yield endpoint_log_group(place.environment.context, place.name)

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """No other log group than the one that SageMaker writes into."""
        yield from super().existing_problems(place)
        given = self.existing.log_group
        name = endpoint_log_group(place.environment.context, place.name)
        if given not in (None, name):
            wrong = f"must be {name}, as SageMaker names the log group of this endpoint"
            yield EXI7.problem("existing", "log_group", got=given, wrong=wrong)

    def sources(self) -> Iterator[Container]:
        """The containers of every variant, shadows included."""
        for variant in self.variants_and_shadow:
            for _, source in variant.containers:
                yield source

    def is_isolated(self, source: Container) -> bool:
        """Whether the model that a container is in has no network."""
        return any(
            variant.isolated
            for variant in self.variants_and_shadow
            for _, each in variant.containers
            if each is source
        )

    def uses(self, place: Place) -> Iterator[Usage]:
        """The instances of every variant, shadows included, with their volumes."""
        for variant in self.variants_and_shadow:
            fleet = variant.fleet
            if fleet is None:
                continue
            amount = self.capacity_of(variant)
            key, *others = fleet.price_keys
            yield Usage(place.name, key, amount, tuple(others))
            if fleet.host.volume_size_gb:
                yield Usage(place.name, "sagemaker/storage", amount * fleet.host.volume_size_gb)

    def capacity_of(self, variant: Hosted) -> Amount:
        """How many instances a variant has."""
        return bounds(variant.scaling, variant.count)

    def copies(self) -> Amount | None:
        """The instances of its production variants; None where it is serverless."""
        counted = [self.capacity_of(each) for each in self.hosted() if each.fleet is not None]
        return sum(counted, Amount()) if counted else None

    def shares(self) -> Mapping[str, float]:
        """By their weights."""
        weights = {each.name: float(each.weight) for each in self.hosted()}
        whole = sum(weights.values())
        if len(weights) < 2 or not whole:
            return {}
        return {name: weight / whole for name, weight in weights.items()}

    def platform(self, place: Place) -> Platform | None:
        """What the instances run; serverless endpoints run x86 images.

        SageMaker developer guide, serverless inference, which has no Graviton.
        """
        names = {variant.instance_type for variant in self.variants_and_shadow}
        return architecture_of(name for name in names if name) if any(names) else "linux/amd64"

    def scalings(self) -> Iterator[Scalable]:
        """Each production variant that scales."""
        variants = self.hosted()
        for variant in variants:
            if variant.scaling is not None:
                named = variant.name if self.has_named_variants else ""
                yield Scalable(variant.scaling, variant.count, named)

    has_named_variants: ClassVar[bool] = False
    """Whether people name its variants, so that they write `fraud/blue`."""

    @property
    def capture(self) -> DataCapture | None:
        """The data capture, if the kind has it."""
        return None

    def place_of(self, variant: Hosted) -> tuple[str, ...]:
        """The path of what has a variant's instances and scaling."""
        shadow = self.shadowed()
        return ("shadow",) if shadow and shadow.fleet is variant.fleet else ()

    def check_rollout(self) -> Iterator[Problem]:
        """The rules between guardrails and what is hosted."""
        guard = self.guard
        if guard is None:
            return
        for problem in rollout_problems(guard):
            yield problem.under("rollout")
        variants = self.hosted()
        taken = guard.alarms.kinds if guard.alarms else ()
        count = len(taken) * len(variants) + len(guard.alarm_names)
        if count > 10:
            yield DEP10.problem("rollout", count=count)
        yield from _silent(guard.alarms, variants)
        for variant in variants:
            policies = variant.scaling.policies if variant.scaling else ()
            for index, policy in enumerate(policies):
                if isinstance(policy, StepScaling) and policy.label in taken:
                    where = (*self.place_of(variant), "scaling", "policies")
                    yield AAS45.problem(*where, index, "name", got=policy.label)
        if isinstance(guard, AllAtOnce):
            return
        for variant in variants:
            what = _unguarded(variant)
            if what:
                yield DEP14.problem("rollout", what=what)


class Guarded(Endpoint):
    """An endpoint that every kind of rollout can update."""

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling, OneOf()] = AllAtOnce()
    """How updates reach the endpoint, and what rolls them back. Default: all at once, rolled
    back by alarms on the error rates."""

    def check(self) -> Iterator[Problem]:
        """The rules between guardrails and what is hosted too."""
        yield from super().check()
        yield from self.check_rollout()

    @property
    def guard(self) -> Rollout | None:
        """The rollout."""
        return self.rollout


def _silent(alarms: EndpointAlarms | None, variants: Iterable[Hosted]) -> Iterator[Problem]:
    if alarms is not None:
        for kind in dict.fromkeys(variant.scales for variant in variants):
            for problem in alarms.problems_for(kind.publishes, kind.name):
                yield problem.under("rollout", "alarms")


def _watched(variant: Hosted, endpoint: str) -> Watched:
    facts = variant.fleet.facts if variant.fleet else None
    counted = {"vcpu": facts.vcpu, "gpu": facts.gpus} if facts else {}
    provisioned = variant.serverless and variant.serverless.provisioned_concurrency is not None
    has: dict[Feature, bool] = {
        "gpu": bool(counted.get("gpu")),
        "multi-model": variant.mode == "multi-model",
        "provisioned": bool(provisioned),
    }
    of_components = variant.mode == "components"
    return Watched(
        kind="instances under inference components" if of_components else variant.scales.name,
        publishes=COMPONENT_HOST if of_components else variant.scales.publishes,
        part=variant.name,
        dimensions={"EndpointName": endpoint, "VariantName": variant.name},
        features=frozenset(feature for feature, given in has.items() if given),
        processors={name: count for name, count in counted.items() if count},
        instance_type=variant.instance_type,
        scaling=variant.scaling,
        scales=variant.scales,
    )


def _unguarded(variant: Hosted) -> str | None:
    if any(isinstance(source, JumpStartModel) for _, source in variant.containers):
        return "a Marketplace model"
    if (variant.instance_type or "").startswith("ml.inf1."):
        return "an Inf1 instance type"
    return None


def _without_shell(variant: Hosted) -> Iterator[Problem]:
    """Why nobody gets into the containers of a variant."""
    path = ("host", "ssm_access")
    sources = [source for _, source in variant.containers]
    if variant.isolated:
        remedy = "write network_isolation=False, or leave it out"
        yield SSM1.problem(*path, what="a model without network", remedy=remedy)
    if any(isinstance(source, JumpStartModel) for source in sources):
        yield SSM1.problem(*path, what="a Marketplace model", remedy="leave it out")
    images = [getattr(source, "image", None) for source in sources]
    if any(isinstance(each, FrameworkContainer) and each.framework == "xgboost" for each in images):
        yield SSM2.problem(*path)


def single(name: str, model: Source, fleet: Instances, weight: int | float = 1) -> Hosted:
    """A variant that serves one model on instances."""
    return Hosted(
        name=name,
        containers=((None, model),),
        mode="single",
        isolated=model.isolated,
        fleet=fleet,
        count=fleet.initial_count,
        weight=weight,
        scaling=fleet.scaling,
        scales=fleet.scaled_as,
    )
