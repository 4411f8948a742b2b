"""What is asked of Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from ..alarms.spec import (
    ALM2,
    ALM3,
    ALM4,
    AlarmPeriod,
    DatapointsToAlarm,
    EvaluationPeriods,
    never_published,
)
from ..instances import instance_types
from ..names import Name, scaled
from ..rules import Problem, one_of, rule
from ..spec import Aws, Between, Check, Many, OneOf, ShortName, Spec
from ..usage import Usage, alarm_usage
from .kinds import ASYNCHRONOUS, COMPONENT, LAMBDA, Kind
from .metrics import (
    AlarmMetric,
    BacklogPerInstance,
    BacklogWithoutCapacity,
    CloudWatchMetric,
    ConcurrentRequests,
    CustomMetric,
    GpuMemoryUtilization,
    GpuUtilization,
    InvocationsPerCopy,
    Metric,
    MetricMath,
    NoCapacityFailures,
    ProvisionedConcurrencyUtilization,
    RequestsPerTarget,
    TrackedMetric,
    metrics_of,
)
from .schedule import AAS3, AAS20, Capacity, Scheduled

AAS4 = rule(
    "AAS4",
    refuses="a minimum capacity below what the kind of target can go to",
    message="must be at least {floor}: {kind} cannot scale to zero; {alternatives}",
    source="SageMaker developer guide, scale an endpoint to zero instances; serverless endpoints",
)
AAS5 = rule(
    "AAS5",
    refuses="scaling of a burstable instance type",
    message="cannot scale: {instance_type} is burstable; use ml.m5.large or another type",
    source="SageMaker developer guide, automatic scaling (burstable instances unsupported)",
)
AAS8 = rule(
    "AAS8",
    refuses="a metric that the kind of target does not publish, or that cannot be tracked",
    message="{wrong}; {kind} has {metrics}",
    source="Application Auto Scaling API reference, PredefinedMetricType; CloudWatch metrics of "
    "Amazon SageMaker, Amazon ECS and AWS Lambda",
)
AAS11 = rule(
    "AAS11",
    refuses="requests per target without a load balancer",
    message="needs a load balancer in front of the service",
    source="Application Auto Scaling API reference, PredefinedMetricSpecification ResourceLabel",
)
AAS12 = rule(
    "AAS12",
    refuses="step scaling of provisioned concurrency of AWS Lambda",
    message="cannot be step scaling: {kind} takes target tracking and schedules only",
    source="Application Auto Scaling API reference, PutScalingPolicy PolicyType",
)
AAS13 = rule(
    "AAS13",
    refuses="steps that leave a gap, overlap, have no bound, or do not reach to infinity",
    message="{wrong}",
    source="Application Auto Scaling user guide, step scaling policies, step adjustments (both "
    "bounds of one cannot be null)",
)
AAS16 = rule(
    "AAS16",
    refuses="more than 50 scaling policies or 200 scheduled actions on one target",
    message="has more than {most}",
    source="Application Auto Scaling user guide, quotas",
)
AAS18 = rule(
    "AAS18",
    refuses="an initial capacity outside the bounds of the target",
    message="starts outside min_capacity {minimum} to max_capacity {maximum}, where it is moved "
    "at once; start with a number between them",
    source="Application Auto Scaling API reference, RegisterScalableTarget",
    severity="warning",
)
AAS19 = rule(
    "AAS19",
    refuses="a one-minute alarm on a metric of high resolution",
    message="is {period} seconds, though the metric comes every {resolution}; shorten the period, "
    "or the faster metric gains nothing",
    source="CloudWatch user guide, high-resolution alarms",
    severity="warning",
)
AAS21 = rule(
    "AAS21",
    refuses="a cooldown outside 0 to 86,400 seconds",
    message="must be from {low} to {high} seconds",
    source="Application Auto Scaling API reference, TargetTrackingScalingPolicyConfiguration",
)
AAS26 = rule(
    "AAS26",
    refuses="a schedule's minimum above the maximum in force, or the reverse",
    message="is {relation} the {bound} ({other}) of {where}, which may be in force; give "
    "min_capacity and max_capacity both",
    source="Application Auto Scaling API reference, PutScheduledAction (the other bound stays)",
)
AAS27 = rule(
    "AAS27",
    refuses="two policies or two scheduled actions with the same name",
    message="is named {name} like another; give one of them another name",
    source="Application Auto Scaling API reference, PolicyName (a second one replaces the first)",
)
AAS30 = rule(
    "AAS30",
    refuses="a maximum above what the variant or function allows",
    message="is above {limit}, the most that {what} allows; lower max_capacity or raise {what}",
    source="SageMaker developer guide, serverless endpoints (provisioned within max concurrency)",
)
AAS31 = rule(
    "AAS31",
    refuses="a GPU metric on an instance type without GPUs",
    message="has no value: {instance_type} has no GPU",
    source="CloudWatch metrics of Amazon SageMaker, GPUUtilization",
)
AAS32 = rule(
    "AAS32",
    refuses="two target-tracking policies on the same metric of one target",
    message="follows the same metric as policy {other}; keep the lower target",
    source="Application Auto Scaling user guide, target tracking (each uses a different metric)",
)
AAS38 = rule(
    "AAS38",
    refuses="a least change outside percentages",
    message="is only for PercentChangeInCapacity; leave it out",
    source="Application Auto Scaling API reference, StepScalingPolicyConfiguration",
)
AAS39 = rule(
    "AAS39",
    refuses="a utilization added over processors on a type whose number of them is not known",
    message="cannot be converted: the number of {what}s of {instance_type} is not published; use "
    "a CustomMetric",
    source="CloudWatch metrics of Amazon SageMaker, CPUUtilization (0 to 100 times the vCPUs)",
)
AAS40 = rule(
    "AAS40",
    refuses="a least change below 1",
    message="must be from {low} to {high}",
    source="Application Auto Scaling API reference, MinAdjustmentMagnitude",
)
AAS41 = rule(
    "AAS41",
    refuses="the same suspension twice",
    message="must be scale-in, scale-out or scheduled, each once",
    source="Application Auto Scaling API reference, SuspendedState",
)
AAS42 = rule(
    "AAS42",
    refuses="a utilization of Lambda's provisioned concurrency outside 0.1 to 0.9",
    message="is outside 0.1 to 0.9, which AWS Lambda is said to require",
    source="Lambda developer guide, provisioned concurrency (from memory: a warning only)",
    severity="warning",
)
AAS43 = rule(
    "AAS43",
    refuses="a minimum of zero where no policy's metric has a value at zero",
    message="is 0, where {metrics} {have} no value, so that no policy adds the first {unit}; use "
    "at least 1, or a CustomMetric that has one",
    source="Application Auto Scaling API reference, MinCapacity (above 0 strongly recommended)",
    severity="warning",
)
AAS46 = rule(
    "AAS46",
    refuses="bounds between which nothing moves the capacity: no policy and no scheduled action",
    message="has none, and there is no scheduled action, so that nothing moves the capacity from {minimum} "
    "towards max_capacity {maximum}; write one, such as TargetTracking(metric={metric}(...)), or "
    "min_capacity={maximum} to keep that many; suspended says that it is set by hand",
    source="Application Auto Scaling user guide, scalable targets (a target alone only holds the "
    "capacity within its bounds)",
    severity="warning",
)
ASY10 = rule(
    "ASY10",
    refuses="a minimum of zero without the policy that wakes the target up",
    message="is 0 without a StepScaling policy on {metric}, so that waiting requests may not "
    "wake it; use scale_to_zero(...)",
    source="SageMaker developer guide, autoscale an asynchronous endpoint; scale an endpoint to "
    "zero instances",
    severity="warning",
)

CooldownSeconds = Annotated[int, Between(AAS21, 0, 86_400)]


class TargetTracking(Spec):
    """A target-tracking scaling policy: capacity follows a metric like a thermostat."""

    metric: TrackedMetric
    """What is tracked, with its target."""

    scale_in_cooldown_seconds: Annotated[
        CooldownSeconds,
        Aws("application-autoscaling:TargetTrackingScalingPolicyConfiguration.ScaleInCooldown"),
    ] = 300
    """Seconds between two removals. Default: 300, AWS's default."""

    scale_out_cooldown_seconds: Annotated[
        CooldownSeconds,
        Aws("application-autoscaling:TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown"),
    ] = 60
    """Seconds between two additions. Default: 60: instances take minutes to start anyway."""

    disable_scale_in: bool = False
    """Whether the policy only ever adds. Default: False, it also removes."""

    name: ShortName | None = None
    """The last part of the policy's name. Default: the metric's, such as `invocations`."""

    @property
    def label(self) -> str:
        """The last part of the policy's name."""
        return self.name or self.metric.what


class Step(Spec):
    """One step: what is done while the metric is that far from the threshold."""

    change: Annotated[int, Aws("application-autoscaling:StepAdjustment.ScalingAdjustment")]
    """What is added: units of capacity, percent, or the exact capacity; negative to remove."""

    lower: float | None = None
    """The lower end, counted from the threshold in the metric's own unit as the Spec says it.
    Default: minus infinity. A step has one end at least."""

    upper: float | None = None
    """The upper end, likewise. Default: infinity."""


class StepScaling(Spec):
    """A step scaling policy and the CloudWatch alarm that sets it off.

    The metric's target is the alarm's threshold.
    """

    metric: AlarmMetric
    """What the alarm watches, with its threshold."""

    steps: Many[Step]
    """The steps, one after another without a gap; the last one has no end."""

    adjustment: Annotated[
        Literal["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"],
        Aws("application-autoscaling:StepScalingPolicyConfiguration.AdjustmentType"),
    ] = "ChangeInCapacity"
    """What `change` means. Default: units of capacity to add or remove."""

    comparison: Annotated[
        Literal[
            "GreaterThanOrEqualToThreshold",
            "GreaterThanThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
        ],
        Aws("cloudwatch:PutMetricAlarmInput.ComparisonOperator"),
    ] = "GreaterThanOrEqualToThreshold"
    """When a datapoint counts. Default: at the threshold or above."""

    period_seconds: AlarmPeriod = 60
    """Seconds of one datapoint. Default: 60."""

    evaluation_periods: EvaluationPeriods = 2
    """How many datapoints are looked at. Default: 2."""

    datapoints_to_alarm: DatapointsToAlarm | None = None
    """How many of them have to count. Default: all."""

    missing_data: Annotated[
        Literal["missing", "ignore", "breaching", "notBreaching"],
        Aws("cloudwatch:PutMetricAlarmInput.TreatMissingData"),
    ] = "missing"
    """How missing datapoints are treated. Default: as missing, as in AWS."""

    cooldown_seconds: Annotated[
        CooldownSeconds, Aws("application-autoscaling:StepScalingPolicyConfiguration.Cooldown")
    ] = 300
    """Seconds after a step in which only a larger one is taken. Default: 300, AWS's
    default."""

    aggregation: Annotated[
        Literal["Average", "Minimum", "Maximum"],
        Aws("application-autoscaling:StepScalingPolicyConfiguration.MetricAggregationType"),
    ] = "Average"
    """How the policy sums up the metric's datapoints. Default: their average."""

    minimum_change: (
        Annotated[
            int,
            Between(AAS40, 1, 10_000),
            Aws("application-autoscaling:StepScalingPolicyConfiguration.MinAdjustmentMagnitude"),
        ]
        | None
    ) = None
    """With PercentChangeInCapacity, the least that is added or removed. Default: 1."""

    name: ShortName | None = None
    """The last part of the policy's name. Default: the metric's with `-step`."""

    @property
    def label(self) -> str:
        """The last part of the policy's name."""
        return self.name or f"{self.metric.what}-step"

    @property
    def rises(self) -> bool:
        """Whether the alarm goes off above the threshold."""
        return self.comparison.startswith("Greater")

    def check(self) -> Iterator[Problem]:
        """Steps fit together, and the alarm is one that CloudWatch takes."""
        yield from self._check_steps()
        window = self.period_seconds * self.evaluation_periods
        most = 86_400 if self.period_seconds < 3_600 else 604_800
        if window > most:
            yield ALM2.problem("evaluation_periods", seconds=window, most=most)
        points = self.datapoints_to_alarm
        if points is not None and points > self.evaluation_periods:
            yield ALM3.problem("datapoints_to_alarm", got=points, periods=self.evaluation_periods)
        if self.minimum_change is not None and self.adjustment != "PercentChangeInCapacity":
            yield AAS38.problem("minimum_change", got=self.minimum_change)

    def _check_steps(self) -> Iterator[Problem]:
        if not 0 < len(self.steps) <= 20:
            yield AAS13.problem("steps", wrong="must be 1 to 20 steps")
            return
        for index, step in enumerate(self.steps):
            if step.lower is None and step.upper is None and len(self.steps) == 1:
                bound = "lower" if self.rises else "upper"
                wrong = f"must have a bound; write {bound}=0, which is the threshold"
                yield AAS13.problem("steps", index, wrong=wrong)
            if step.lower is not None and step.upper is not None and step.upper <= step.lower:
                yield AAS13.problem("steps", index, wrong="ends before it begins")
            if self.adjustment == "ExactCapacity" and step.change < 0:
                wrong = "cannot set a negative capacity"
                yield AAS13.problem("steps", index, "change", got=step.change, wrong=wrong)
        for index, (step, following) in enumerate(pairwise(self.steps), 1):
            if step.upper is None or step.upper != following.lower:
                end = "infinity" if step.upper is None else f"{step.upper:g}"
                wrong = f"must begin where the step before it ends, at {end}"
                yield AAS13.problem("steps", index, "lower", got=following.lower, wrong=wrong)
        yield from self._check_ends()

    def _check_ends(self) -> Iterator[Problem]:
        """Above the threshold steps go from 0 to infinity, below it from minus infinity to 0."""
        lower, upper = self.steps[0].lower, self.steps[-1].upper
        if self.rises and (upper is not None or lower not in (None, 0)):
            wrong = "must reach from 0, the threshold, up; leave out upper in the last step"
            yield AAS13.problem("steps", got=(lower, upper), wrong=wrong)
        if not self.rises and (lower is not None or upper not in (None, 0)):
            wrong = "must reach from 0, the threshold, down; leave out lower in the first step"
            yield AAS13.problem("steps", got=(lower, upper), wrong=wrong)


Policy = Annotated[TargetTracking | StepScaling, OneOf()]
Suspension = Literal["scale-in", "scale-out", "scheduled"]


class Scaling(Spec):
    """A scalable target: its bounds, its policies and its scheduled actions.

    Without policies and schedules the capacity is set by hand, within the bounds; say so by
    `suspended`.
    """

    max_capacity: Annotated[
        int,
        Between(AAS20, 1, 10_000),
        Aws("application-autoscaling:RegisterScalableTargetRequest.MaxCapacity"),
    ]
    """The most that scaling may start."""

    min_capacity: Annotated[
        Capacity, Aws("application-autoscaling:RegisterScalableTargetRequest.MinCapacity")
    ] = 1
    """The least that scaling keeps. Default: 1."""

    policies: Many[Policy] = ()
    """The policies; capacity is the largest that any of them asks for."""

    schedules: Many[Scheduled] = ()
    """Scheduled actions, which change the bounds. They own the bounds that they change: a later
    deploy ignores changes of `min_capacity` or `max_capacity` here, which hold only from each
    registration of the target (a new instance type makes one) until the next action. Default:
    none."""

    suspended: Annotated[
        Many[Suspension],
        Check(AAS41, lambda value: len(value) == len(set(value))),
    ] = ()
    """What stands still for now, while capacity is set by hand. Default: nothing."""

    def names(self, target: str, of: str = "") -> Iterator[Name]:
        """The names of the policies, alarms and scheduled actions of the target `target`.

        `of` says what has the target's name, such as `variant blue`.
        """
        for policy in self.policies:
            name = scaled(target, policy.label)
            label = " of ".join(filter(None, [f"scaling policy {policy.label}", of]))
            yield Name("aws_appautoscaling_policy", name, label, within=target)
            if isinstance(policy, StepScaling):
                yield Name("aws_cloudwatch_metric_alarm", name, label)
        for schedule in self.schedules:
            name = scaled(target, schedule.name)
            yield Name("aws_appautoscaling_scheduled_action", name, within=target)

    def alarms(self, kind: Kind) -> Iterator[Usage]:
        """The alarms behind its policies: two that Application Auto Scaling makes for each target
        tracking, and one for each step scaling."""
        for policy in self.policies:
            metric = policy.metric
            looked_at = len(metric.metrics) if isinstance(metric, MetricMath) else 1
            if isinstance(policy, StepScaling):
                yield alarm_usage(looked_at, fast=policy.period_seconds < 60)
            else:
                fast = (metric.predefined_type(kind) or "").endswith("HighResolution")
                yield alarm_usage(2 * looked_at, fast=fast)

    def check(self) -> Iterator[Problem]:
        """Bounds in order, and a legal number of policies and schedules with names of their
        own."""
        if self.max_capacity < self.min_capacity:
            yield AAS3.problem(maximum=self.max_capacity, minimum=self.min_capacity)
        if len(self.policies) > 50:
            yield AAS16.problem("policies", most="50 policies")
        if len(self.schedules) > 200:
            yield AAS16.problem("schedules", most="200 scheduled actions")
        for field, names in (
            ("policies", [policy.label for policy in self.policies]),
            ("schedules", [schedule.name for schedule in self.schedules]),
        ):
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield AAS27.problem(field, index, name=name)
        tracked: dict[tuple[object, ...], int] = {}
        for index, policy in enumerate(self.policies):
            if isinstance(policy, TargetTracking):
                key = _what_is_tracked(policy.metric)
                if key in tracked:
                    yield AAS32.problem("policies", index, other=tracked[key])
                tracked.setdefault(key, index)
        yield from self._check_schedules()

    @property
    def scheduled_bounds(self) -> tuple[str, ...]:
        """The bounds that scheduled actions change, which Terraform must not change back."""
        return tuple(
            field
            for field in ("min_capacity", "max_capacity")
            if any(getattr(schedule, field) is not None for schedule in self.schedules)
        )

    def _check_schedules(self) -> Iterator[Problem]:
        """A schedule that gives one bound only fits the other bound, whichever is in force."""
        mins = [("the target", self.min_capacity)]
        maxs = [("the target", self.max_capacity)]
        for other in self.schedules:
            if other.min_capacity is not None:
                mins.append((f"schedule {other.name}", other.min_capacity))
            if other.max_capacity is not None:
                maxs.append((f"schedule {other.name}", other.max_capacity))
        lowest, highest = min(maxs, key=lambda b: b[1]), max(mins, key=lambda b: b[1])
        for index, schedule in enumerate(self.schedules):
            low, high = schedule.min_capacity, schedule.max_capacity
            if high is None and low is not None and low > lowest[1]:
                yield AAS26.problem(
                    *("schedules", index, "min_capacity"),
                    got=low,
                    relation="above",
                    bound="maximum",
                    where=lowest[0],
                    other=lowest[1],
                )
            if low is None and high is not None and high < highest[1]:
                yield AAS26.problem(
                    *("schedules", index, "max_capacity"),
                    got=high,
                    relation="below",
                    bound="minimum",
                    where=highest[0],
                    other=highest[1],
                )

    def lowest(self) -> Iterator[tuple[tuple[str | int, ...], int]]:
        """Every minimum that may be in force, with its path."""
        yield ("min_capacity",), self.min_capacity
        for index, schedule in enumerate(self.schedules):
            if schedule.min_capacity is not None:
                yield ("schedules", index, "min_capacity"), schedule.min_capacity

    def highest(self) -> Iterator[tuple[tuple[str | int, ...], int]]:
        """Every maximum that may be in force, with its path."""
        yield ("max_capacity",), self.max_capacity
        for index, schedule in enumerate(self.schedules):
            if schedule.max_capacity is not None:
                yield ("schedules", index, "max_capacity"), schedule.max_capacity

    def problems_for(
        self,
        kind: Kind,
        *,
        instance_type: str | None = None,
        initial: int | None = None,
        limit: tuple[int, str] | None = None,
        load_balanced: bool = True,
    ) -> Iterator[Problem]:
        """What is wrong with this Scaling on a target of `kind`; for the owner's `check`.

        `instance_type` is the SageMaker type of its instances, `initial` its capacity at
        creation, `limit` the most that it may have and the field that says so, and
        `load_balanced` whether an ECS service is behind a load balancer.
        """
        for path, minimum in self.lowest():
            if minimum < kind.floor:
                yield AAS4.problem(
                    *path,
                    got=minimum,
                    floor=kind.floor,
                    kind=kind.name,
                    alternatives=kind.to_zero,
                )
        for path, maximum in self.highest():
            if limit is not None and maximum > limit[0]:
                yield AAS30.problem(*path, got=maximum, limit=limit[0], what=limit[1])
        yield from self._check_instance_type(kind, instance_type)
        for index, policy in enumerate(self.policies):
            for problem in _problems_of_policy(policy, kind, load_balanced=load_balanced):
                yield problem.under("policies", index)
        if initial is not None and not self.min_capacity <= initial <= self.max_capacity:
            yield AAS18.problem(got=initial, minimum=self.min_capacity, maximum=self.max_capacity)
        yield from self._check_zero(kind)
        if not self.moves and not self.suspended and self.min_capacity < self.max_capacity:
            metric = metrics_of(kind, tracked=True)[0]
            minimum, maximum = self.min_capacity, self.max_capacity
            yield AAS46.problem("policies", minimum=minimum, maximum=maximum, metric=metric)

    @property
    def moves(self) -> bool:
        """Whether policies or scheduled actions move the capacity."""
        return bool(self.policies or self.schedules)

    def _check_zero(self, kind: Kind) -> Iterator[Problem]:
        """A policy wakes up what may be at zero."""
        if self.min_capacity > 0 or not self.policies:
            return
        wake = {ASYNCHRONOUS: BacklogWithoutCapacity, COMPONENT: NoCapacityFailures}.get(kind)
        metrics = [policy.metric for policy in self.policies]
        if wake is not None:
            steps = [p for p in self.policies if isinstance(p, StepScaling)]
            if not any(isinstance(p.metric, wake) for p in steps):
                yield ASY10.problem("min_capacity", got=0, metric=wake.__name__)
        elif kind.floor == 0 and not any(isinstance(m, CustomMetric | MetricMath) for m in metrics):
            names = list(dict.fromkeys(type(metric).__name__ for metric in metrics))
            yield AAS43.problem(
                "min_capacity",
                got=0,
                metrics=" and ".join(names),
                have="has" if len(names) == 1 else "have",
                unit=kind.unit,
            )

    def _check_instance_type(self, kind: Kind, name: str | None) -> Iterator[Problem]:
        facts = instance_types().get(name) if name else None
        if facts is None:
            return
        if facts.burstable:
            yield AAS5.problem(instance_type=name)
        for index, policy in enumerate(self.policies):
            metric = policy.metric
            added_over = metric.source(kind).added_over if kind in metric.kinds() else None
            if isinstance(metric, GpuUtilization | GpuMemoryUtilization) and facts.gpus == 0:
                yield AAS31.problem("policies", index, "metric", instance_type=name)
            elif added_over and processors(name, added_over) is None:
                yield AAS39.problem(
                    "policies", index, "metric", instance_type=name, what=added_over
                )


def _problems_of_policy(
    policy: TargetTracking | StepScaling, kind: Kind, *, load_balanced: bool
) -> Iterator[Problem]:
    metric = policy.metric
    if isinstance(policy, StepScaling) and not kind.step_scaling:
        yield AAS12.problem(kind=kind.name)
        return
    if kind not in metric.kinds():
        yield AAS8.problem(
            "metric",
            wrong=f"{type(metric).__name__} is not a metric of {kind.name}, but of "
            f"{one_of(k.name for k in metric.kinds())}",
            kind=kind.name,
            metrics=one_of(metrics_of(kind, tracked=isinstance(policy, TargetTracking))),
        )
        return
    yield from _never_published(metric, kind)
    is_share = isinstance(metric, ProvisionedConcurrencyUtilization)
    if kind is LAMBDA and is_share and not 0.1 <= metric.target_value <= 0.9:
        yield AAS42.problem("metric", "utilization", got=metric.target_value)
    if isinstance(metric, RequestsPerTarget) and not load_balanced:
        yield AAS11.problem("metric")
    if isinstance(policy, StepScaling) and not isinstance(metric, CustomMetric | MetricMath):
        resolution = metric.source(kind).period
        period = policy.period_seconds
        if period < resolution:
            yield ALM4.problem("period_seconds", got=period, resolution=resolution)
        elif resolution < 30 and period >= 60:
            yield AAS19.problem("period_seconds", period=period, resolution=resolution)


def _never_published(metric: Metric, kind: Kind) -> Iterator[Problem]:
    for path, part in _parts(metric):
        # What has no dimension of an endpoint is of something else, such as a training job.
        if part.own_dimensions or {"EndpointName", "InferenceComponentName"} & set(part.dimensions):
            own = (kind.publishes, kind.name) if part.own_dimensions else ()
            for problem in never_published(part.namespace, part.name, *own):
                yield problem.under("metric", *path, "name")


def _parts(metric: Metric) -> Iterator[tuple[tuple[str, ...], CloudWatchMetric]]:
    """The metrics that people named themselves, with their paths."""
    if isinstance(metric, CustomMetric):
        yield ("metric",), metric.metric
    elif isinstance(metric, MetricMath):
        for key, part in metric.metrics.items():
            yield ("metrics", key), part


def _what_is_tracked(metric: Metric) -> tuple[object, ...]:
    """What tells two metrics apart, whatever their targets."""
    if isinstance(metric, CustomMetric):
        source = metric.metric
        return (source.namespace, source.name, source.statistic, *source.dimensions.items())
    if isinstance(metric, MetricMath):
        return (metric.expression, *(m.name for m in metric.metrics.values()))
    return (type(metric),)


def processors(instance_type: str | None, what: str) -> int | None:
    """How many vCPUs or GPUs an instance type has, None where that is not published."""
    facts = instance_types().get(instance_type or "")
    if facts is None:
        return None
    return facts.vcpu if what == "vcpu" else facts.gpus


def converted(metric: Metric, kind: Kind, instance_type: str | None) -> float:
    """The factor from the Spec's percentage of an instance to CloudWatch's sum over its
    processors; 1 for every other metric."""
    added_over = metric.source(kind).added_over
    return (processors(instance_type, added_over) or 1) if added_over else 1


def scale_to_zero(
    metric: BacklogPerInstance | InvocationsPerCopy | ConcurrentRequests,
    *,
    max_capacity: int,
    scale_in_cooldown_seconds: int = 600,
    scale_out_cooldown_seconds: int = 300,
) -> Scaling:
    """Scaling between zero and `max_capacity`, with the policy that wakes the target up.

    With BacklogPerInstance for an asynchronous endpoint, as AWS's documentation shows it; with
    InvocationsPerCopy or ConcurrentRequests for an inference component.
    """
    tracking = TargetTracking(
        metric=metric,
        scale_in_cooldown_seconds=scale_in_cooldown_seconds,
        scale_out_cooldown_seconds=scale_out_cooldown_seconds,
    )
    wake_up = (
        StepScaling(metric=BacklogWithoutCapacity(), steps=[Step(lower=0, change=1)])
        if isinstance(metric, BacklogPerInstance)
        else StepScaling(
            metric=NoCapacityFailures(),
            steps=[Step(lower=0, change=1)],
            evaluation_periods=1,
            aggregation="Maximum",
            cooldown_seconds=60,
        )
    )
    return Scaling(min_capacity=0, max_capacity=max_capacity, policies=[tracking, wake_up])
