"""Which instances an endpoint gets, and where from: instance pools and ML reservations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ...context import Context
from ...instances import TYPE_FORM, instance_type_names, instance_types
from ...rules import Problem, rule
from ...scaling.metrics import CpuUtilization, GpuMemoryUtilization, GpuUtilization
from ...scaling.spec import Scaling, TargetTracking
from ...spec import Aws, Between, Listed, Many, Matches, Spec
from .fleet import RT2, Fleet, Instances, sold_problems

POOL1 = rule(
    "POOL1",
    refuses="instance pools of more than 5 types, or of one type twice",
    message="come to {count} instance types with instance_type {instance_type}, of which SageMaker "
    "takes 5, each once; leave some out",
    source="botocore sagemaker InstancePoolList, InstancePoolPriority (1 to 5)",
)
POOL2 = rule(
    "POOL2",
    refuses="a time limit for instances outside 300 to 3,600 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker VariantInstanceProvisionTimeoutInSeconds",
)
POOL3 = rule(
    "POOL3",
    refuses="one utilization as the target of instance types with different vCPUs or GPUs",
    message="averages over instance types with {counts}, so that the same percentage is not the "
    "same work; follow invocations or concurrent requests, or weigh the types with MetricMath",
    source="SageMaker developer guide, instance pools (predefined metrics average over all types)",
    severity="warning",
)
POOL4 = rule(
    "POOL4",
    refuses="a time limit for instances without instance pools",
    message="is how long SageMaker waits before it takes the next type, and there is none; name "
    "types in pools, or leave it out",
    source="botocore sagemaker VariantInstanceProvisionTimeoutInSeconds",
)
RSV1 = rule(
    "RSV1",
    refuses="an ML reservation of another instance type than the variant's",
    message="is a reservation of {reserved}, but instance_type is {instance_type}; write "
    'instance_type="{reserved}", or the reservation of that type',
    source="SageMaker developer guide, training plans for endpoints",
)
RSV2 = rule(
    "RSV2",
    refuses="an ML reservation beside other instance types",
    message="is not supported beside pools: an endpoint has exactly one plan, whose type is the "
    "variant's; leave pools or the reservation out",
    source="SageMaker developer guide, training plans for endpoints (one plan an endpoint)",
)
RSV4 = rule(
    "RSV4",
    refuses="what is not the ARN of a training plan",
    message="must be the ARN of a training plan, such as "
    "arn:aws:sagemaker:us-east-1:111122223333:training-plan/llm",
    source="botocore sagemaker MlReservationArn; SageMaker developer guide, training plans for "
    "endpoints",
)
RSV5 = rule(
    "RSV5",
    refuses="an ML reservation of another Region or account",
    message="is of {other}, but the environment is in {here}; name a plan of {here}",
    source="SageMaker developer guide, training plans for endpoints",
)

_PoolType = Annotated[
    str,
    Listed(RT2, "a SageMaker hosting instance type", instance_type_names, TYPE_FORM),
    Aws("sagemaker:InstancePool.InstanceType"),
]


class MlReservation(Spec):
    """Instances of a training plan whose target are endpoints, which somebody bought.

    Terraform and CloudFormation buy none. Once the plan ends, the endpoint stops serving;
    `inferform preflight` asks SageMaker whether it is active, and for how long.
    """

    arn: Annotated[
        str,
        Matches(
            RSV4,
            r"arn:aws[a-z-]{0,12}:sagemaker:[a-z0-9-]{1,25}:\d{12}:training-plan/"
            r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}",
        ),
        Aws("sagemaker:ProductionVariantCapacityReservationConfig.MlReservationArn"),
    ]
    """The training plan's ARN."""

    instance_type: Annotated[
        str, Listed(RT2, "a SageMaker hosting instance type", instance_type_names, TYPE_FORM)
    ]
    """The instance type that the plan is of, which `instance_type` of the endpoint must be too."""


class HostingCapacity(Spec):
    """Where the instances of an endpoint come from, beside its one instance type on demand."""

    pools: Many[_PoolType] = ()
    """Further instance types, which SageMaker takes in this order where those before them are not
    available, and releases the last first. The endpoint's own `instance_type` is the first. At
    most 4. Default: none."""

    provision_timeout_seconds: (
        Annotated[
            int,
            Between(POOL2, 300, 3600),
            Aws("sagemaker:ProductionVariant.VariantInstanceProvisionTimeoutInSeconds"),
        ]
        | None
    ) = None
    """How long SageMaker tries to get instances before it gives up, in seconds. Only with `pools`.
    Default: SageMaker's own."""

    reservation: MlReservation | None = None
    """The ML reservation that all instances are taken from, and none beyond it. Default: none."""

    def check(self) -> Iterator[Problem]:
        """A reservation is of one type, a time limit for several."""
        if self.reservation is not None and self.pools:
            yield RSV2.problem("reservation")
        if self.provision_timeout_seconds is not None and not self.pools:
            yield POOL4.problem("provision_timeout_seconds", got=self.provision_timeout_seconds)


class Pooled(Fleet):
    """Instances that may be of several types, or of a reservation."""

    capacity: HostingCapacity = HostingCapacity()
    """Further instance types, or an ML reservation. Default: `instance_type` alone, on demand."""

    def check(self) -> Iterator[Problem]:
        """The types of pools differ, and a reservation is of the endpoint's type."""
        yield from super().check()
        types, reservation = self.instance_types, self.capacity.reservation
        if len(types) > 5 or len(set(types)) < len(types):
            yield POOL1.problem(
                *("capacity", "pools"),
                got=self.capacity.pools,
                count=len(types),
                instance_type=self.instance_type,
            )
        if reservation is not None and reservation.instance_type != self.instance_type:
            yield RSV1.problem(
                *("capacity", "reservation", "instance_type"),
                reserved=reservation.instance_type,
                instance_type=self.instance_type,
            )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Every type is sold in the Region; a reservation is of the environment's account and Region."""
        yield from super().check_in(context)
        for index, each in enumerate(self.capacity.pools):
            for problem in sold_problems(each, context.region):
                yield problem.under("capacity", "pools", index)
        reservation = self.capacity.reservation
        if reservation is None:
            return
        region, account = reservation.arn.split(":")[3:5]
        if (region, account) != (context.region, context.account):
            yield RSV5.problem(
                *("capacity", "reservation", "arn"),
                got=reservation.arn,
                other=f"{region} and account {account}",
                here=f"{context.region} and account {context.account}",
            )

    @property
    def instance_types(self) -> tuple[str, ...]:
        """Every instance type, the preferred one first."""
        return (self.instance_type, *self.capacity.pools)

    @property
    def price_keys(self) -> tuple[str, ...]:
        """Of every instance type; a reservation is paid for with its training plan."""
        if self.capacity.reservation is not None:
            return (f"sagemaker/reserved/{self.instance_type}",)
        return tuple(f"sagemaker/hosting/{each}" for each in self.instance_types)


class PooledInstances(Pooled, Instances):
    """Instances that may be of several types, and whose number may follow the load."""

    def check(self) -> Iterator[Problem]:
        """What scaling follows is the same work on every type."""
        yield from super().check()
        for problem in _mixed_problems(self.scaling, self.instance_types):
            yield problem.under("scaling")


def _mixed_problems(scaling: Scaling | None, types: tuple[str, ...]) -> Iterator[Problem]:
    """Utilizations that are followed over instance types that differ in what is averaged."""
    for index, policy in enumerate(scaling.policies if scaling else ()):
        metric = policy.metric
        if not isinstance(policy, TargetTracking):
            continue
        if isinstance(metric, CpuUtilization):
            what, counts = "vCPUs", {each: _facts(each)[0] for each in types}
        elif isinstance(metric, GpuUtilization | GpuMemoryUtilization):
            what, counts = "GPUs", {each: _facts(each)[1] for each in types}
        else:
            continue
        known = sorted({count for count in counts.values() if count is not None})
        if len(known) > 1:
            told = " and ".join(map(str, known))
            yield POOL3.problem("policies", index, "metric", counts=f"{told} {what}")


def _facts(name: str) -> tuple[int | None, int | None]:
    facts = instance_types().get(name)
    return (None, None) if facts is None else (facts.vcpu, facts.gpus)
