"""The block that says how an update reaches an endpoint."""

from __future__ import annotations

from ..rollouts.spec import Canary, Linear, Rolling, Rollout
from .guardrails import SAGEMAKER, worst_case_seconds

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
    return SagemakerEndpointDeploymentConfig(
        blue_green_update_policy=SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicy(
            traffic_routing_configuration=_routing(rollout),
            termination_wait_in_seconds=SAGEMAKER.number(rollout, "termination_wait_seconds"),
            maximum_execution_timeout_in_seconds=worst_case_seconds(rollout),
        ),
        auto_rollback_configuration=rollback,
    )


def _rolling(rollout: Rolling) -> SagemakerEndpointDeploymentConfigRollingUpdatePolicy:
    batch, back = SAGEMAKER.number(rollout, "batch_percent"), rollout.rollback_batch_percent
    return SagemakerEndpointDeploymentConfigRollingUpdatePolicy(
        maximum_batch_size=BatchSize(type=_PERCENT, value=batch),
        rollback_maximum_batch_size=RollbackBatchSize(type=_PERCENT, value=back) if back else None,
        wait_interval_in_seconds=SAGEMAKER.number(rollout, "wait_seconds"),
        maximum_execution_timeout_in_seconds=worst_case_seconds(rollout),
    )


def _routing(rollout: Rollout) -> Routing:
    """How traffic moves."""
    if isinstance(rollout, Canary):
        share = SAGEMAKER.number(rollout, "canary_percent")
        return Routing(
            type="CANARY",
            canary_size=CanarySize(type=_PERCENT, value=share),
            wait_interval_in_seconds=SAGEMAKER.number(rollout, "wait_seconds"),
        )
    if isinstance(rollout, Linear):
        share = SAGEMAKER.number(rollout, "step_percent")
        return Routing(
            type="LINEAR",
            linear_step_size=LinearStepSize(type=_PERCENT, value=share),
            wait_interval_in_seconds=SAGEMAKER.number(rollout, "wait_seconds"),
        )
    return Routing(type="ALL_AT_ONCE", wait_interval_in_seconds=0)
