"""Application Auto Scaling of one target."""

from __future__ import annotations

from ..cdk import Construct
from .spec import Scaling, TargetTracking

from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget


class ScalableTarget(Construct):
    """A scalable target and its policies.

    `resource_id` refers to the endpoint resource, so that the target is registered once the
    endpoint is in service.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        spec: Scaling,
        resource_id: str,
        dimension: str,
    ) -> None:
        super().__init__(scope, id)
        self._name = name
        self._namespace = dimension.partition(":")[0]
        self._dimension = dimension
        target = AppautoscalingTarget(
            self,
            "target",
            service_namespace=self._namespace,
            scalable_dimension=dimension,
            resource_id=resource_id,
            min_capacity=spec.min_capacity,
            max_capacity=spec.max_capacity,
        )
        self._resource_id = target.resource_id
        for index, policy in enumerate(spec.policies):
            self._target_tracking(index, policy)

    def _target_tracking(self, index: int, policy: TargetTracking) -> None:
        name = "invocations" if index == 0 else f"invocations-{index}"
        AppautoscalingPolicy(
            self,
            name,
            name=f"{self._name}-{name}",
            policy_type="TargetTrackingScaling",
            service_namespace=self._namespace,
            scalable_dimension=self._dimension,
            resource_id=self._resource_id,
            target_tracking_scaling_policy_configuration=AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                target_value=policy.metric.target_value,
                scale_in_cooldown=policy.scale_in_cooldown_seconds,
                scale_out_cooldown=policy.scale_out_cooldown_seconds,
                disable_scale_in=policy.disable_scale_in,
                predefined_metric_specification=AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
            ),
        )
