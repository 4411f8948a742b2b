"""The instances of one variant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from ...context import Context
from ...instances import TYPE_FORM, InstanceType, facts_of, instance_type_names, instance_types
from ...rules import Problem, rule
from ...scaling.kinds import REALTIME, Kind
from ...scaling.spec import Scaling
from ...spec import Aws, Between, Listed, Spec
from .host import Host

RT2 = rule(
    "RT2",
    refuses="what cannot be a hosting instance type of SageMaker's",
    message="is not a SageMaker hosting instance type{hint}",
    source="botocore sagemaker ProductionVariantInstanceType",
)
RT3 = rule(
    "RT3",
    refuses="an instance type without a price in the region",
    message="has no price for hosting in {region}, so it is probably not sold there{hint}",
    source="AWS Price List, Amazon SageMaker hosting",
    severity="warning",
)
RT4 = rule(
    "RT4",
    refuses="an instance count outside 1 to 10,000",
    message="must be from {low} to {high}",
    source="botocore sagemaker InitialTaskCount (at least 1); Inferform: no account's quota goes beyond "
    "10,000",
)
RT9 = rule(
    "RT9",
    refuses="a volume size on an instance type with local storage",
    message="cannot be set: {instance_type} has {local_gb} GB of its own; leave it out",
    source="SageMaker developer guide, host instance storage volumes",
)
RT13 = rule(
    "RT13",
    refuses="an AMI for another accelerator than the instance type's",
    message="is made for {made_for}, which {instance_type} does not have; leave it out",
    source="botocore sagemaker ProductionVariantInferenceAmiVersion",
)
SSM3 = rule(
    "SSM3",
    refuses="shells in the containers of a protected environment",
    message="lets people into containers of a protected environment: AWS advises it for tests alone, "
    "and delays security patches and the replacement of faulty instances by a day; leave it out",
    source="SageMaker developer guide, access containers through SSM",
    severity="warning",
)
RT24 = rule(
    "RT24",
    refuses="an instance count beside scaling",
    message="must be left out where scaling is given: an endpoint starts with "
    "scaling.min_capacity instances",
    source="Inferform: UpdateEndpoint resets counts to the configuration's",
)
RT25 = rule(
    "RT25",
    refuses="one instance in a protected environment",
    message="is one instance in a protected environment; two in two zones survive the loss of one",
    source="SageMaker developer guide, best practices for deploying models",
    severity="warning",
)

InstanceTypeName = Annotated[
    str,
    Listed(RT2, "a SageMaker hosting instance type", instance_type_names, TYPE_FORM),
    Aws("sagemaker:ProductionVariant.InstanceType"),
]
InstanceCount = Annotated[int, Between(RT4, 1, 10_000)]
InitialCount = Annotated[InstanceCount, Aws("sagemaker:ProductionVariant.InitialInstanceCount")]


class Fleet(Spec):
    """The instances of one variant."""

    instance_type: InstanceTypeName
    """The instance type, such as `ml.m5.xlarge`."""

    host: Host = Host()
    """What is rarely set of each instance: its volume, machine image, time limits, routing and core
    dumps. Default: what SageMaker chooses."""

    @property
    def price_keys(self) -> tuple[str, ...]:
        """The keys in the price table of its instances, the preferred type first."""
        return (f"sagemaker/hosting/{self.instance_type}",)

    def check(self) -> Iterator[Problem]:
        """The rules between instance type, volume and machine image."""
        yield from super().check()
        facts = self.facts
        if self.host.volume_size_gb is not None and facts.local_gb:
            yield RT9.problem(
                "host",
                "volume_size_gb",
                got=self.host.volume_size_gb,
                instance_type=self.instance_type,
                local_gb=facts.local_gb,
            )
        ami = self.host.inference_ami_version
        if ami is not None:
            made_for = "Neuron devices" if "neuron" in ami else "GPUs"
            has = is_neuron(self.instance_type) if "neuron" in ami else facts.gpus != 0
            if not has:
                yield RT13.problem(
                    "host",
                    "inference_ami_version",
                    got=ami,
                    made_for=made_for,
                    instance_type=self.instance_type,
                )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The instance type is sold in the region; nobody gets into what is protected."""
        yield from super().check_in(context)
        for problem in sold_problems(self.instance_type, context.region):
            yield problem.under("instance_type")
        if context.protected and self.host.ssm_access:
            yield SSM3.problem("host", "ssm_access", got=True)

    @property
    def facts(self) -> InstanceType:
        """What the instance type has."""
        return facts_of(self.instance_type)


class Instances(Fleet):
    """Instances whose number may follow the load."""

    instance_count: InitialCount | None = None
    """How many instances. Default: 1, or what `scaling` decides."""

    scaling: Scaling | None = None
    """How the number of instances follows the load. Default: none."""

    scales: ClassVar[Kind | None] = REALTIME

    def check(self) -> Iterator[Problem]:
        """The rules between instance type, counts and scaling too."""
        yield from super().check()
        if self.scaling is None:
            return
        if self.instance_count is not None:
            yield RT24.problem("instance_count", got=self.instance_count)
        for problem in self.scaling.problems_for(self.scaled_as, instance_type=self.instance_type):
            yield problem.under("scaling")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Production has more than one instance."""
        yield from super().check_in(context)
        if context.protected and self.initial_count == 1 and self.scales is REALTIME:
            field = "instance_count" if self.scaling is None else "scaling"
            yield RT25.problem(field, got=1)

    @property
    def scaled_as(self) -> Kind:
        """The kind of target that the instances are."""
        return self.scales or REALTIME

    @property
    def initial_count(self) -> int:
        """How many instances the endpoint configuration names."""
        return max(1, self.scaling.min_capacity) if self.scaling else self.instance_count or 1


def is_neuron(instance_type: str) -> bool:
    """Whether an instance type has AWS's own accelerators."""
    return instance_type.startswith(("ml.inf", "ml.trn"))


def sold_problems(name: str, region: str) -> Iterator[Problem]:
    """Whether a known instance type is sold in a Region."""
    facts = instance_types().get(name)
    if facts is not None and facts.sold_in(region) is not True:
        yield RT3.problem(got=name, region=region, hint=_sold_instead(name, region))


def _sold_instead(name: str, region: str) -> str:
    """A type of the same size and accelerator that the region sells, as a hint."""
    wanted = instance_types()[name]
    size = name.rpartition(".")[2]
    same = [
        other
        for other, facts in instance_types().items()
        if other.endswith(f".{size}") and facts.sold_in(region) and facts.gpus == wanted.gpus
    ]
    return f"; {same[-1]} is" if same else ""
