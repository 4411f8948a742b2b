"""Application Auto Scaling of one target."""

from __future__ import annotations

from collections.abc import Mapping

from ..cdk import Construct, TerraformResourceLifecycle
from ..data_resource import TerraformData
from ..names import scaled
from .kinds import Kind
from .metrics import Metric, MetricMath, RequestsPerTarget, Source
from .schedule import Scheduled
from .spec import Scaling, StepScaling, TargetTracking, converted

from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyStepScalingPolicyConfiguration,
    AppautoscalingPolicyStepScalingPolicyConfigurationStepAdjustment,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensions,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetrics,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStat,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetric,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetricDimensions,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_scheduled_action import (
    AppautoscalingScheduledAction,
    AppautoscalingScheduledActionScalableTargetAction,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import (
    AppautoscalingTarget,
    AppautoscalingTargetSuspendedState,
)
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)


class ScalableTarget(Construct):
    """A scalable target with its policies, their alarms, and its scheduled actions.

    `resource_id` refers to what is scaled, so that the target is registered once that is in
    service. `dimensions` has the values of the CloudWatch dimensions that its metrics have, as
    `kind.dimensions` names them, and of a service behind a load balancer `LoadBalancer` and
    `TargetGroup`: their ARNs' suffixes. Where `instance_type` is given, percentages are of such
    an instance, and a new one registers the target again, as AWS asks; so does a change of
    anything in `registered_with`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        spec: Scaling,
        resource_id: str,
        kind: Kind,
        dimensions: Mapping[str, str],
        instance_type: str | None = None,
        registered_with: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._name = name
        self._kind = kind
        self._dimensions = dimensions
        self._instance_type = instance_type
        self._anew: list[str] = []
        registration = dict(registered_with or {})
        if instance_type:
            registration["instance_type"] = instance_type
        if registration:
            # Deregistering deletes policies and actions, so they are made anew with the target.
            data = TerraformData(self, "instance", triggers_replace=registration)
            self._anew = [data.address]
        target = AppautoscalingTarget(
            self,
            "target",
            service_namespace=kind.namespace,
            scalable_dimension=kind.dimension,
            resource_id=resource_id,
            min_capacity=spec.min_capacity,
            max_capacity=spec.max_capacity,
            suspended_state=_suspended(spec),
            lifecycle=self._lifecycle(list(spec.scheduled_bounds)),
        )
        if spec.scheduled_bounds:
            # What is written is ignored from now on, so that a review can only compare it with this.
            bounds = {field: getattr(spec, field) for field in spec.scheduled_bounds}
            TerraformData(self, "bounds", input={"scheduled_bounds": bounds, "target": name})
        self._resource_id = target.resource_id
        self._policies = Construct(self, "policies")
        self._alarms = Construct(self, "alarms")
        self._schedules = Construct(self, "schedules")
        for policy in spec.policies:
            if isinstance(policy, TargetTracking):
                self._target_tracking(policy)
            else:
                self._step_scaling(policy)
        for schedule in spec.schedules:
            self._scheduled(schedule)

    def _lifecycle(self, ignored: list[str] | None = None) -> TerraformResourceLifecycle | None:
        if not self._anew and not ignored:
            return None
        return TerraformResourceLifecycle(
            ignore_changes=ignored or None, replace_triggered_by=self._anew or None
        )

    def _target_tracking(self, policy: TargetTracking) -> None:
        metric, kind = policy.metric, self._kind
        predefined = metric.predefined_type(kind)
        factor = converted(metric, kind, self._instance_type)
        AppautoscalingPolicy(
            self._policies,
            policy.label,
            name=scaled(self._name, policy.label),
            policy_type="TargetTrackingScaling",
            service_namespace=kind.namespace,
            scalable_dimension=kind.dimension,
            resource_id=self._resource_id,
            target_tracking_scaling_policy_configuration=AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                target_value=round(metric.target_value * factor, 3),
                scale_in_cooldown=policy.scale_in_cooldown_seconds,
                scale_out_cooldown=policy.scale_out_cooldown_seconds,
                disable_scale_in=policy.disable_scale_in,
                predefined_metric_specification=self._predefined(metric, predefined),
                customized_metric_specification=None if predefined else self._customized(metric),
            ),
            lifecycle=self._lifecycle(),
        )

    def _predefined(
        self, metric: Metric, name: str | None
    ) -> (
        AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification
        | None
    ):
        if name is None:
            return None
        label = None
        if isinstance(metric, RequestsPerTarget):
            label = f"{self._dimensions['LoadBalancer']}/{self._dimensions['TargetGroup']}"
        return AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
            predefined_metric_type=name, resource_label=label
        )

    def _customized(
        self, metric: Metric
    ) -> AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification:
        if isinstance(metric, MetricMath):
            return AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification(
                metrics=[
                    *(
                        self._query(key, part.as_source(self._kind), returned=False)
                        for key, part in metric.metrics.items()
                    ),
                    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetrics(
                        id="result", expression=metric.expression, return_data=True
                    ),
                ]
            )
        source = metric.source(self._kind)
        if source.statistic.startswith("p"):
            return AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification(
                metrics=[self._query("m1", source, returned=True)]
            )
        return AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification(
            namespace=source.namespace,
            metric_name=source.name,
            statistic=source.statistic,
            unit=source.unit,
            dimensions=[
                AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensions(
                    name=name, value=value
                )
                for name, value in self._values(source).items()
            ]
            or None,
        )

    def _query(
        self, id: str, source: Source, *, returned: bool
    ) -> AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetrics:
        return AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetrics(
            id=id,
            return_data=returned,
            metric_stat=AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStat(
                stat=source.statistic,
                unit=source.unit,
                metric=AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetric(
                    namespace=source.namespace,
                    metric_name=source.name,
                    dimensions=[
                        AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricsMetricStatMetricDimensions(
                            name=name, value=value
                        )
                        for name, value in self._values(source).items()
                    ]
                    or None,
                ),
            ),
        )

    def _values(self, source: Source) -> dict[str, str]:
        """The dimensions of a metric with their values."""
        own = {name: self._dimensions[name] for name in source.dimensions}
        return {**own, **dict(source.literal)}

    def _step_scaling(self, policy: StepScaling) -> None:
        metric, kind = policy.metric, self._kind
        factor = converted(metric, kind, self._instance_type)
        made = AppautoscalingPolicy(
            self._policies,
            policy.label,
            name=scaled(self._name, policy.label),
            policy_type="StepScaling",
            service_namespace=kind.namespace,
            scalable_dimension=kind.dimension,
            resource_id=self._resource_id,
            step_scaling_policy_configuration=AppautoscalingPolicyStepScalingPolicyConfiguration(
                adjustment_type=policy.adjustment,
                cooldown=policy.cooldown_seconds,
                metric_aggregation_type=policy.aggregation,
                min_adjustment_magnitude=policy.minimum_change,
                step_adjustment=[
                    AppautoscalingPolicyStepScalingPolicyConfigurationStepAdjustment(
                        scaling_adjustment=step.change,
                        metric_interval_lower_bound=_bound(step.lower, metric, factor),
                        metric_interval_upper_bound=_bound(step.upper, metric, factor),
                    )
                    for step in policy.steps
                ],
            ),
            lifecycle=self._lifecycle(),
        )
        self._alarm(policy, made.arn, round(metric.target_value * factor, 3))

    def _alarm(self, policy: StepScaling, policy_arn: str, threshold: float) -> None:
        metric = policy.metric
        source = None if isinstance(metric, MetricMath) else metric.source(self._kind)
        is_percentile = source is not None and source.statistic.startswith("p")
        CloudwatchMetricAlarm(
            self._alarms,
            policy.label,
            alarm_name=scaled(self._name, policy.label),
            alarm_description=f"Sets off the scaling policy {self._name}-{policy.label}",
            comparison_operator=policy.comparison,
            threshold=threshold,
            evaluation_periods=policy.evaluation_periods,
            datapoints_to_alarm=policy.datapoints_to_alarm or policy.evaluation_periods,
            treat_missing_data=policy.missing_data,
            alarm_actions=[policy_arn],
            namespace=source.namespace if source else None,
            metric_name=source.name if source else None,
            statistic=source.statistic if source and not is_percentile else None,
            extended_statistic=source.statistic if source and is_percentile else None,
            unit=source.unit if source else None,
            dimensions=(self._values(source) or None) if source else None,
            period=policy.period_seconds if source else None,
            metric_query=self._alarm_queries(metric, policy.period_seconds)
            if isinstance(metric, MetricMath)
            else None,
        )

    def _alarm_queries(
        self, metric: MetricMath, period: int
    ) -> list[CloudwatchMetricAlarmMetricQuery]:
        sources = {key: part.as_source(self._kind) for key, part in metric.metrics.items()}
        return [
            *(
                CloudwatchMetricAlarmMetricQuery(
                    id=key,
                    return_data=False,
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=source.namespace,
                        metric_name=source.name,
                        stat=source.statistic,
                        unit=source.unit,
                        period=period,
                        dimensions=self._values(source) or None,
                    ),
                )
                for key, source in sources.items()
            ),
            CloudwatchMetricAlarmMetricQuery(
                id="result", expression=metric.expression, label="result", return_data=True
            ),
        ]

    def _scheduled(self, schedule: Scheduled) -> None:
        AppautoscalingScheduledAction(
            self._schedules,
            schedule.name,
            name=scaled(self._name, schedule.name),
            service_namespace=self._kind.namespace,
            scalable_dimension=self._kind.dimension,
            resource_id=self._resource_id,
            schedule=schedule.schedule,
            timezone=schedule.timezone,
            start_time=schedule.start,
            end_time=schedule.end,
            scalable_target_action=AppautoscalingScheduledActionScalableTargetAction(
                min_capacity=_number(schedule.min_capacity),
                max_capacity=_number(schedule.max_capacity),
            ),
            lifecycle=self._lifecycle(),
        )


def _suspended(spec: Scaling) -> AppautoscalingTargetSuspendedState | None:
    if not spec.suspended:
        return None
    return AppautoscalingTargetSuspendedState(
        dynamic_scaling_in_suspended="scale-in" in spec.suspended,
        dynamic_scaling_out_suspended="scale-out" in spec.suspended,
        scheduled_scaling_suspended="scheduled" in spec.suspended,
    )


def _bound(value: float | None, metric: Metric, factor: float) -> str | None:
    """A step's end in the metric's unit; the provider has it as a string."""
    return None if value is None else _number(round(value * metric.unit_factor * factor, 6))


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return str(int(value)) if value == int(value) else repr(value)
