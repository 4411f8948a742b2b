"""Instances for inference components, and the components on them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Annotated, ClassVar, Literal

from ...alarms.published import ADAPTER
from ...alarms.watched import Watched
from ...context import Context
from ...model.accelerator import device_of
from ...model.container import Container
from ...names import Name
from ...rules import Problem, Rule, rule
from ...scaling.kinds import COMPONENT
from ...service import Place, Scalable
from ...spec import Aws, Between, OneOf, ShortName, Spec
from ...usage import Amount, Usage, alarm_usage, between
from ..fit import SAFE_SHARE, WORDS, Fitted, at_least, explained, placed, room_of, shortages
from ..sources import source_problems
from .base import Endpoint, Hosted, OneVariant
from .capacity import Pooled
from .component import Component, ComponentResources, ComponentSource
from .fleet import RT4, InstanceCount
from .language import serving_problems

_ROOT = __package__.split(".")[0]

IC4 = rule(
    "IC4",
    refuses="a managed instance count out of order",
    message="({maximum}) is below min_instances ({minimum}); raise it",
    source="botocore sagemaker ProductionVariantManagedInstanceScaling",
)
IC5 = rule(
    "IC5",
    refuses="a component of which no copy fits an instance",
    message="takes {want:g} {what} for one copy, and {instance_type} has {have:g}; take less, or an "
    "instance type that has more",
    source="botocore sagemaker InferenceComponentComputeResourceRequirements; AWS Price List and "
    "Amazon EC2 instance types",
)
IC8 = rule(
    "IC8",
    refuses="components that at their fewest copies need more instances than max_instances",
    message="({maximum}) is too few: {copies} copies, the fewest that the components have, need "
    "{needed} x {instance_type}; raise it, or let components scale to zero",
    source="SageMaker developer guide, inference components (a copy runs on one instance)",
)
IC14 = rule(
    "IC14",
    refuses="components in a Region whose CloudFormation schemas do not have them",
    message="may not be declared in {region}: the CloudFormation schemas of 2026-10-20 have no "
    "AWS::SageMaker::InferenceComponent there; check that CloudFormation takes it",
    source="CloudFormation resource schemas by Region, 2026-10-20",
    severity="warning",
)
IC15 = rule(
    "IC15",
    refuses="instances to zero under components that never go there, or do not wake up",
    message="{wrong}. At zero the first callers fail, as nothing queues: about 5 minutes in AWS's own "
    "measure until a copy serves, so callers have to repeat",
    source="SageMaker developer guide, scale an endpoint to zero instances",
)
IC16 = rule(
    "IC16",
    refuses="a component or adapter whose name has more than 63 characters",
    message="has the name {name} in AWS, of {length} characters, and SageMaker takes 63; shorten it "
    "or the endpoint's",
    source="botocore sagemaker InferenceComponentName",
)
IC18 = rule(
    "IC18",
    refuses="a step or cooldown of consolidation that SageMaker does not take, or beside IdleRelease",
    message="is a setting of Consolidation; write scale_in=Consolidation(...)",
    source="botocore sagemaker ProductionVariantManagedInstanceScalingScaleInPolicy",
)
IC37 = rule(
    "IC37",
    refuses="a step of consolidation outside 1 to 100, or a cooldown outside 5 to 1,440 minutes",
    message="must be from {low} to {high}",
    source="botocore sagemaker ProductionVariantManagedInstanceScalingScaleInPolicy",
)
IC20 = rule(
    "IC20",
    refuses="components outside the VPC of a protected environment",
    message="leaves the components in SageMaker's own network, in a protected environment; write "
    "vpc=True",
    source="hashicorp/terraform-provider-aws #37659; SageMaker developer guide, infrastructure "
    "security",
    severity="warning",
)
IC23 = rule(
    "IC23",
    refuses="a component of which one copy takes more than nine tenths of an instance's memory",
    message="is {share:.0%} of the memory of {instance_type}, of which SageMaker keeps some for "
    "itself; the copy may not start. Take less than {safe:,} MiB",
    source="Inferform: what SageMaker's own containers take is not published",
    severity="warning",
)
IC24 = rule(
    "IC24",
    refuses="components that at their most copies need more instances than max_instances",
    message="({maximum}) is too few for {copies} copies, the most that the components may have, "
    "which take about {needed} x {instance_type}: scaling then waits for room; raise it",
    source="SageMaker developer guide, inference components (a copy runs on one instance)",
    severity="warning",
)
IC38 = rule(
    "IC38",
    refuses="a release of components for which there is no room",
    message="leaves no room for a step of the rollout of {component}: {batch} more copies beside "
    "those that serve take about {needed} x {instance_type}, and max_instances is {maximum}; "
    "raise it, or a release waits until it fails",
    source="SageMaker developer guide, inference components, rolling updates (new copies first)",
    severity="warning",
)
IC39 = rule(
    "IC39",
    refuses="what a component takes of an instance type that its endpoint does not have, or not of "
    "each that it has, or a model that is served on none",
    message="{wrong}",
    source="SageMaker developer guide, instance pools (one specification for all types or one each)",
)
IC40 = rule(
    "IC40",
    refuses="metrics of an endpoint of a frequency that needs enhanced metrics",
    message="needs enhanced=True; write it, or leave the frequency out",
    source="botocore sagemaker MetricsConfig",
)


@cache
def component_regions() -> frozenset[str]:
    """The Regions in whose CloudFormation schemas components are, from the table in the package."""
    table = resources.files(_ROOT) / "data" / "inference_component_regions.txt"
    lines = table.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


class IdleRelease(Spec):
    """Instances go once nothing runs on them: SageMaker's own way."""

    excluded: ClassVar[dict[str, Rule]] = {
        "maximum_step_size": IC18,
        "cooldown_minutes": IC18,
    }


class Consolidation(Spec):
    """Copies are moved together, so that instances become idle and go."""

    maximum_step_size: (
        Annotated[
            int,
            Between(IC37, 1, 100),
            Aws("sagemaker:ProductionVariantManagedInstanceScalingScaleInPolicy.MaximumStepSize"),
        ]
        | None
    ) = None
    """How many instances may go at a time. Default: 1, AWS's own."""

    cooldown_minutes: (
        Annotated[
            int,
            Between(IC37, 5, 1440),
            Aws("sagemaker:ProductionVariantManagedInstanceScalingScaleInPolicy.CooldownInMinutes"),
        ]
        | None
    ) = None
    """Minutes between two such moves. Default: 20, AWS's own."""


class EndpointMetrics(Spec):
    """What SageMaker measures of an endpoint beyond its usual metrics, which costs money."""

    enhanced: bool | None = None
    """Whether metrics are published by instance and container too. Default: SageMaker's own, no."""

    detailed_observability: bool | None = None
    """Whether SageMaker keeps detailed signals of the endpoint. Default: SageMaker's own, which since
    2026 is yes."""

    frequency_seconds: (
        Annotated[
            Literal[10, 30, 60, 120, 180, 240, 300],
            Aws("sagemaker:MetricsConfig.MetricPublishFrequencyInSeconds"),
        ]
        | None
    ) = None
    """How often utilization is published, in seconds. Default: SageMaker's own, 60."""

    def check(self) -> Iterator[Problem]:
        """Only enhanced metrics have a frequency."""
        yield from super().check()
        if self.frequency_seconds is not None and not self.enhanced:
            yield IC40.problem("frequency_seconds", got=self.frequency_seconds)


class InferenceComponentEndpoint(OneVariant, Pooled, Endpoint):
    """Instances that inference components share, and the components.

    Each component is an `aws_cloudformation_stack` with one `AWS::SageMaker::InferenceComponent`, as
    hashicorp/aws has no resource for them that keeps their guardrails. Without `components` they are
    placed on the instances outside Terraform.
    """

    min_instances: (
        Annotated[
            int,
            Between(RT4, 0, 10_000),
            Aws("sagemaker:ProductionVariantManagedInstanceScaling.MinInstanceCount"),
        ]
        | None
    ) = None
    """The least instances that SageMaker keeps. Default: 0 where every component scales to zero,
    else 1."""

    max_instances: Annotated[
        InstanceCount, Aws("sagemaker:ProductionVariantManagedInstanceScaling.MaxInstanceCount")
    ] = 1
    """The most instances that SageMaker starts. Default: 1."""

    scale_in: Annotated[IdleRelease | Consolidation | None, OneOf()] = None
    """How SageMaker gives instances back. Default: its own, once nothing runs on them."""

    components: dict[ShortName, Component] = {}
    """The components by short name. Default: none, they are made outside Terraform."""

    vpc: bool | None = None
    """Whether the components' network interfaces are in the environment's private subnets. Default:
    True where `components` are given, else False."""

    metrics: EndpointMetrics | None = None
    """What SageMaker measures beyond the usual. Default: SageMaker's own."""

    kind = "inference components"
    not_simulated = "none of its components scales, or they are made outside Terraform"
    family = "components"
    scales = COMPONENT
    has_named_variants = True

    def check(self) -> Iterator[Problem]:
        """The rules of instances, and of the components on them."""
        yield from super().check()
        if self.max_instances < self.least_instances:
            yield IC4.problem(
                "max_instances", maximum=self.max_instances, minimum=self.least_instances
            )
        for name, component in self.components.items():
            for problem in self._problems_of(name, component):
                yield problem.under("components", name)
        yield from self._fit_problems()
        yield from self._zero_problems()

    def _problems_of(self, name: str, component: Component) -> Iterator[Problem]:
        types, own = self.instance_types, component.by_instance_type
        for given in own:
            if given not in types:
                wrong = f"is none of the endpoint's instance types ({', '.join(types)})"
                yield IC39.problem("by_instance_type", given, wrong=wrong)
        missing = [each for each in types if own and each not in own]
        if missing:
            wrong = f"must name each instance type of the endpoint; {', '.join(missing)} is missing"
            yield IC39.problem("by_instance_type", wrong=wrong)
        if own and all(each.model is not None for each in own.values()):
            wrong = "is served on no instance type, as each has another in by_instance_type; leave "
            wrong += "one of those out"
            yield IC39.problem("model", wrong=wrong)
        for each in types:
            asked = component.on(each)
            path = ("by_instance_type", each) if each in own else ()
            for problem in _shortage_problems(each, asked):
                yield problem.under(*path)
            source = component.source_on(each)
            where = (*path, "model") if each in own and own[each].model else ("model",)
            for problem in (
                *source_problems(source, each),
                *serving_problems(
                    source,
                    asked.accelerators,
                    self.host.inference_ami_version,
                    device_of(each),
                ),
            ):
                yield problem.under(*where)
            yield from component.estimate_problems(each)

    def _fit_problems(self) -> Iterator[Problem]:
        """Whether there is room for the fewest copies, the most, and a step of a rollout."""
        least = {name: each.lowest for name, each in self.components.items()}
        most = {name: each.most for name, each in self.components.items()}
        if not self.components or any(self._unfit()):
            return
        limit = self.max_instances
        needed = {each: at_least(each, least, self.asked_on(each)) for each in self.instance_types}
        # On the type that takes the fewest: pools may give any.
        best = min(needed, key=lambda each: needed[each])
        if needed[best] > limit:
            yield IC8.problem(
                "max_instances",
                maximum=limit,
                copies=sum(least.values()),
                needed=needed[best],
                instance_type=best,
            )
            return
        full = {
            each: len(placed(each, most, self.asked_on(each)).instances)
            for each in self.instance_types
        }
        best = min(full, key=lambda each: full[each])
        if full[best] > limit:
            yield IC24.problem(
                "max_instances",
                maximum=limit,
                copies=sum(most.values()),
                needed=full[best],
                instance_type=best,
            )
            return
        for name, component in self.components.items():
            more = {**most, name: most[name] + component.batch_of_most}
            step = len(placed(best, more, self.asked_on(best)).instances)
            if step > limit:
                yield IC38.problem(
                    "max_instances",
                    component=name,
                    batch=component.batch_of_most,
                    needed=step,
                    instance_type=best,
                    maximum=limit,
                )

    def _unfit(self) -> Iterator[str]:
        for each in self.instance_types:
            for name, asked in self.asked_on(each).items():
                if any(shortages(each, asked)):
                    yield name

    def _zero_problems(self) -> Iterator[Problem]:
        kept = [name for name, each in self.components.items() if each.lowest > 0]
        if self.min_instances == 0 and kept:
            remedy = "write scaling=scale_to_zero(...) for each, or leave min_instances out"
            told = (
                f"is 0, and {', '.join(kept)} always {'has' if len(kept) == 1 else 'have'} a copy"
            )
            yield IC15.problem("min_instances", got=0, wrong=f"{told}; {remedy}")
        for name, each in self.components.items():
            if each.lowest == 0 and not each.wakes_up:
                wrong = "goes to zero copies, and no policy adds the first one again; write "
                wrong += "scaling=scale_to_zero(...)"
                yield IC15.problem("components", name, "scaling", wrong=wrong)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Components are known in the Region, and in the VPC of what is protected."""
        yield from super().check_in(context)
        if self.components and context.region not in component_regions():
            yield IC14.problem("components", region=context.region)
        if context.protected and not self.in_vpc:
            yield IC20.problem("vpc", got=self.vpc)

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """Names of components, which people write, are not cut."""
        yield from super().existing_problems(place)
        before, after = place.environment.context.around
        for path, parts in self.named_components(place.name):
            name = f"{before}{'-'.join(parts)}{after}"
            if len(name) > 63:
                yield IC16.problem(*path, name=name, length=len(name))

    def named_components(self, endpoint: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Components and their adapters: the path of each in the Spec, and the parts of its name."""
        for name, component in self.components.items():
            yield ("components", name), (endpoint, name)
            for adapter in component.adapters:
                yield ("components", name, "adapters", adapter), (endpoint, name, adapter)

    @property
    def least_instances(self) -> int:
        """The least instances that SageMaker keeps."""
        if self.min_instances is not None:
            return self.min_instances
        to_zero = self.components and not any(each.lowest for each in self.components.values())
        return 0 if to_zero else 1

    @property
    def in_vpc(self) -> bool:
        """Whether the components are in the environment's VPC."""
        return bool(self.components) if self.vpc is None else self.vpc

    def asked_on(self, instance_type: str) -> dict[str, ComponentResources]:
        """What a copy of each component takes of an instance of a type."""
        return {name: each.on(instance_type) for name, each in self.components.items()}

    def drawing(self) -> list[str]:
        """What fits where, at the fewest and at the most copies."""
        return explained(
            self.instance_types,
            {each: self.asked_on(each) for each in self.instance_types},
            {name: each.lowest for name, each in self.components.items()},
            {name: each.most for name, each in self.components.items()},
        )

    def served(self) -> Iterator[ComponentSource]:
        """What the components serve, on every instance type."""
        for component in self.components.values():
            yield component.model
            for own in component.by_instance_type.values():
                if own.model is not None:
                    yield own.model

    def sources(self) -> Iterator[Container]:
        """The containers of every component."""
        yield from self.served()

    def loads(self) -> Iterator[str]:
        """The artifacts of components and adapters."""
        yield from super().loads()
        for component in self.components.values():
            for adapter in component.adapters.values():
                yield adapter.artifact

    def is_isolated(self, source: Container) -> bool:
        """Whether the model of a component has no network."""
        return any(each is source and each.isolated for each in self.served())

    def scalings(self) -> Iterator[Scalable]:
        """Each component that scales, by its name."""
        for name, component in self.components.items():
            if component.scaling is not None:
                yield Scalable(component.scaling, component.least, name)

    def component_name(self, context: Context, endpoint: str, component: str) -> str:
        """The name in AWS of a component by its short name, of an adapter by `COMPONENT-ADAPTER`;
        another text is taken for the name in AWS of one that is made elsewhere."""
        for _, parts in self.named_components(endpoint):
            if "-".join(parts[1:]) == component:
                return context.name(*parts)
        return component

    def watched(self, place: Place) -> Iterator[Watched]:
        """The instances; and each component and adapter, by whose name requests are counted."""
        yield from super().watched(place)
        context, endpoint = place.environment.context, place.name
        facts = self.facts
        for path, parts in self.named_components(endpoint):
            component, is_adapter = self.components[path[1]], "adapters" in path
            gpus = component.accelerators if facts.gpus else None
            yield Watched(
                kind="an adapter" if is_adapter else "an inference component",
                publishes=ADAPTER if is_adapter else COMPONENT.publishes,
                part="-".join(parts[1:]),
                dimensions={"InferenceComponentName": context.name(*parts)},
                features=frozenset({"gpu"}) if gpus and not is_adapter else frozenset(),
                instance_type=self.instance_type,
                scaling=None if is_adapter else component.scaling,
                scales=None if is_adapter else COMPONENT,
            )

    def names(self, place: Place) -> Iterator[Name]:
        """Its own; of the stacks, alarms and scaling of its components."""
        yield from super().names(place)
        context, endpoint = place.environment.context, place.name
        for path, parts in self.named_components(endpoint):
            yield Name(
                "aws_cloudformation_stack", context.name(*parts), f"{path[-2][:-1]} {path[-1]}"
            )
        for name, component in self.components.items():
            of = f"component {name}"
            alarms = component.rollout.alarms
            for alarm in alarms.names_of(context, endpoint, name) if alarms else ():
                yield Name("aws_cloudwatch_metric_alarm", alarm, of)
            if component.scaling is not None:
                yield from component.scaling.names(context.name(endpoint, name), of)

    def alarms_used(self, place: Place) -> Iterator[Usage]:
        """Those of its components too."""
        yield from super().alarms_used(place)
        for component in self.components.values():
            own = component.rollout.alarms
            if own is not None:
                yield alarm_usage(own.metrics_of(COMPONENT.publishes))

    def capacity_of(self, variant: Hosted) -> Amount:
        """Between the bounds that SageMaker keeps, and what the copies take at their fewest."""
        low = max(self.least_instances, len(self._fewest.instances))
        return between(min(low, self.max_instances), self.max_instances)

    def instances_for(self, component: str, copies: int) -> int:
        """About how many instances there are with so many copies of one component beside the fewest of
        the others, however many are allowed."""
        counts = {name: each.lowest for name, each in self.components.items()} | {component: copies}
        kind = self.instance_type
        return max(self.least_instances, len(placed(kind, counts, self.asked_on(kind)).instances))

    @property
    def _fewest(self) -> Fitted:
        """The fewest copies, placed on the preferred instance type."""
        least = {name: each.lowest for name, each in self.components.items()}
        return placed(self.instance_type, least, self.asked_on(self.instance_type))

    @property
    def idle_share(self) -> float | None:
        """The share of the fewest instances that no component has reserved: of accelerators, or of
        memory where there are none. None where there is no instance, or AWS does not publish it."""
        fewest = self._fewest
        return fewest.idle_among(max(self.least_instances, len(fewest.instances)))

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant, without a model."""
        return (
            Hosted(
                name=self.variant,
                containers=(),
                mode="components",
                isolated=False,
                fleet=self,
                count=max(1, self.least_instances),
            ),
        )


def _shortage_problems(instance_type: str, asked: ComponentResources) -> Iterator[Problem]:
    """What one copy takes that an instance does not have, or hardly."""
    fields = {"accelerators": "accelerators", "cores": "cpu_cores", "memory": "min_memory_mib"}
    short = False
    for what, want, have in shortages(instance_type, asked):
        short = True
        yield IC5.problem(
            fields[what], want=want, what=WORDS[what], have=have, instance_type=instance_type
        )
    memory = room_of(instance_type).memory
    if not short and memory and asked.min_memory_mib > SAFE_SHARE * memory:
        yield IC23.problem(
            "min_memory_mib",
            got=asked.min_memory_mib,
            share=asked.min_memory_mib / memory,
            instance_type=instance_type,
            safe=int(SAFE_SHARE * memory),
        )
