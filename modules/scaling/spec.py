"""What is asked of Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ..rules import Problem, rule
from ..spec import Between, Many, Spec

AAS3 = rule(
    "AAS3",
    refuses="a maximum capacity below the minimum",
    message="max_capacity ({maximum}) is below min_capacity ({minimum}); raise max_capacity or "
    "lower min_capacity",
    source="botocore application-autoscaling RegisterScalableTarget",
)
AAS16 = rule(
    "AAS16",
    refuses="more than 50 scaling policies on one target",
    message="has more than 50 policies",
    source="Application Auto Scaling user guide, quotas",
)
AAS20 = rule(
    "AAS20",
    refuses="a capacity outside 0 to 10,000",
    message="must be from {low} to {high}",
    source="Inferra: above any account's quota; a larger number is a slip of the finger",
)
AAS21 = rule(
    "AAS21",
    refuses="a cooldown outside 0 to 86,400 seconds",
    message="must be from {low} to {high} seconds",
    source="Application Auto Scaling API reference, TargetTrackingScalingPolicyConfiguration",
)
AAS22 = rule(
    "AAS22",
    refuses="a target that is zero or negative",
    message="must be above 0 and at most {high}",
    source="Application Auto Scaling API reference, TargetValue",
)
AAS23 = rule(
    "AAS23",
    refuses="a safety factor outside 0.05 to 1",
    message="must be from {low} to {high}: the share of the measured maximum that is aimed at",
    source="SageMaker developer guide, load testing your auto scaling configuration",
)
AAS24 = rule(
    "AAS24",
    refuses="invocations per instance given twice or not at all",
    message="give exactly one of requests_per_second and invocations_per_minute",
    source="Inferra: a target is said once",
)

Capacity = Annotated[int, Between(AAS20, 0, 10_000)]
CooldownSeconds = Annotated[int, Between(AAS21, 0, 86_400)]


class InvocationsPerInstance(Spec):
    """The metric `SageMakerVariantInvocationsPerInstance`: invocations of a minute, averaged
    over the instances."""

    requests_per_second: Annotated[float, Between(AAS22, 0.001, 100_000)] | None = None
    """What one instance can serve at most, as load-tested; or give `invocations_per_minute`."""

    safety_factor: Annotated[float, Between(AAS23, 0.05, 1)] = 0.5
    """The share of `requests_per_second` that is aimed at. Without it 0.5, as AWS advises."""

    invocations_per_minute: Annotated[float, Between(AAS22, 0.001, 6_000_000)] | None = None
    """The metric's own unit; or give `requests_per_second`."""

    def check(self) -> Iterator[Problem]:
        """Exactly one way of saying the target."""
        if (self.requests_per_second is None) == (self.invocations_per_minute is None):
            yield AAS24.problem()

    @property
    def target_value(self) -> float:
        """The target in invocations per minute and instance."""
        if self.requests_per_second is None:
            assert self.invocations_per_minute is not None
            return self.invocations_per_minute
        return round(self.requests_per_second * self.safety_factor * 60, 3)


class TargetTracking(Spec):
    """A target-tracking scaling policy: capacity follows a metric like a thermostat."""

    metric: InvocationsPerInstance
    """What is tracked, with its target."""

    scale_in_cooldown_seconds: CooldownSeconds = 300
    """Seconds between two removals. Without it 300, AWS's default."""

    scale_out_cooldown_seconds: CooldownSeconds = 60
    """Seconds between two additions. Without it 60: instances take minutes to start anyway."""

    disable_scale_in: bool = False
    """Whether the policy only ever adds. Without it, it also removes."""


class Scaling(Spec):
    """A scalable target and its policies."""

    max_capacity: Annotated[int, Between(AAS20, 1, 10_000)]
    """The most that scaling may start."""

    min_capacity: Capacity = 1
    """The least that scaling keeps. Without it, 1."""

    policies: Many[TargetTracking] = ()
    """The policies; capacity is the largest that any of them asks for."""

    def check(self) -> Iterator[Problem]:
        """Bounds in order, and a legal number of policies."""
        if self.max_capacity < self.min_capacity:
            yield AAS3.problem(maximum=self.max_capacity, minimum=self.min_capacity)
        if len(self.policies) > 50:
            yield AAS16.problem("policies")
