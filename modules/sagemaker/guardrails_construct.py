"""The block that says how an update reaches an endpoint."""

from __future__ import annotations

from .guardrails import AllAtOnce, Canary, Linear, Rolling, Rollout

from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfig,
    SagemakerEndpointDeploymentConfigAutoRollbackConfiguration,
    SagemakerEndpointDeploymentConfigAutoRollbackConfigurationAlarms,
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicy,
    SagemakerEndpointDeploymentConfigRollingUpdatePolicy,
)
from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration as Routing,
)
from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySize as CanarySize,
)
from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSize as LinearStepSize,
)
from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfigRollingUpdatePolicyMaximumBatchSize as BatchSize,
)
from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfigRollingUpdatePolicyRollbackMaximumBatchSize as RollbackBatchSize,
)

_PERCENT = "CAPACITY_PERCENT"


def deployment_config(rollout: Rollout, alarms: list[str]) -> SagemakerEndpointDeploymentConfig:
    """The endpoint's `deployment_config` block."""
    rollback = None
    if alarms:
        rollback = SagemakerEndpointDeploymentConfigAutoRollbackConfiguration(
            alarms=[
                SagemakerEndpointDeploymentConfigAutoRollbackConfigurationAlarms(alarm_name=name)
                for name in alarms
            ]
        )
    if isinstance(rollout, Rolling):
        return SagemakerEndpointDeploymentConfig(
            rolling_update_policy=_rolling(rollout), auto_rollback_configuration=rollback
        )
    routing, termination = _routing(rollout)
    return SagemakerEndpointDeploymentConfig(
        blue_green_update_policy=SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicy(
            traffic_routing_configuration=routing,
            termination_wait_in_seconds=termination,
            maximum_execution_timeout_in_seconds=rollout.worst_case_seconds,
        ),
        auto_rollback_configuration=rollback,
    )


def _rolling(rollout: Rolling) -> SagemakerEndpointDeploymentConfigRollingUpdatePolicy:
    back = rollout.rollback_batch_percent
    return SagemakerEndpointDeploymentConfigRollingUpdatePolicy(
        maximum_batch_size=BatchSize(type=_PERCENT, value=rollout.batch_percent),
        rollback_maximum_batch_size=RollbackBatchSize(type=_PERCENT, value=back) if back else None,
        wait_interval_in_seconds=rollout.wait_seconds,
        maximum_execution_timeout_in_seconds=rollout.worst_case_seconds,
    )


def _routing(rollout: Rollout) -> tuple[Routing, int]:
    """How traffic moves, and how long the old fleet is kept after it."""
    if isinstance(rollout, Canary):
        canary = Routing(
            type="CANARY",
            canary_size=CanarySize(type=_PERCENT, value=rollout.percent),
            wait_interval_in_seconds=rollout.bake_seconds,
        )
        return canary, rollout.termination_wait_seconds
    if isinstance(rollout, Linear):
        linear = Routing(
            type="LINEAR",
            linear_step_size=LinearStepSize(type=_PERCENT, value=rollout.step_percent),
            wait_interval_in_seconds=rollout.interval_seconds,
        )
        return linear, rollout.termination_wait_seconds
    assert isinstance(rollout, AllAtOnce)
    return Routing(type="ALL_AT_ONCE", wait_interval_in_seconds=0), rollout.bake_seconds
