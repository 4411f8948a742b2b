"""What ECS takes of a rollout: by itself, and by CodeDeploy."""

from __future__ import annotations

from ..rollouts.spec import AllAtOnce, Canary, Linear, Rolling
from ..rollouts.target import Takes, Target
from ..rules import rule

ECS18 = rule(
    "ECS18",
    refuses="a traffic shift outside the deployment controller's range",
    message="must be from {low} to {high}",
    source="botocore ecs CanaryConfiguration, LinearConfiguration; AWS CodeDeploy API reference, "
    "TimeBasedCanary, TimeBasedLinear",
)

_MINUTE = 60
_DAY = 86_400
_DEFAULT_5XX = Takes(5, 1, 1_000_000, ECS18, ("cloudwatch:PutMetricAlarmInput.Threshold",))
_INSTEAD = {
    "alarms": "write max_5xx for Inferform's own alarms, and alarm_names for others",
    "batch_percent": "write min_healthy_percent and max_percent",
    "wait_seconds": "leave it out; ECS waits until the new tasks are healthy",
}


def _minutes(default: int, *aws: str, low: int = 0) -> Takes:
    return Takes(default, low, _DAY, ECS18, aws, unit=_MINUTE)


def _percent(default: int, low: int, *aws: str) -> Takes:
    return Takes(default, low, 99, ECS18, aws)


_KEPT = _minutes(300, "codedeploy:BlueInstanceTerminationOption.terminationWaitTimeInMinutes")
_BAKE = _minutes(300, "ecs:DeploymentConfiguration.bakeTimeInMinutes")

CODE_DEPLOY = Target(
    "an ECS service that CodeDeploy rolls out",
    numbers={
        AllAtOnce: {"termination_wait_seconds": _KEPT, "max_5xx": _DEFAULT_5XX},
        Canary: {
            "canary_percent": _percent(10, 1, "codedeploy:TimeBasedCanary.canaryPercentage"),
            "wait_seconds": _minutes(300, "codedeploy:TimeBasedCanary.canaryInterval", low=_MINUTE),
            "termination_wait_seconds": _KEPT,
            "max_5xx": _DEFAULT_5XX,
        },
        Linear: {
            "step_percent": _percent(10, 3, "codedeploy:TimeBasedLinear.linearPercentage"),
            "wait_seconds": _minutes(60, "codedeploy:TimeBasedLinear.linearInterval", low=_MINUTE),
            "termination_wait_seconds": _KEPT,
            "max_5xx": _DEFAULT_5XX,
        },
    },
    instead=_INSTEAD,
)
"""CodeDeploy, which moves the traffic between two task sets."""

ECS = Target(
    "an ECS service that ECS rolls out",
    numbers={
        AllAtOnce: {"termination_wait_seconds": _BAKE, "max_5xx": _DEFAULT_5XX},
        Canary: {
            "canary_percent": _percent(10, 1, "ecs:CanaryConfiguration.canaryPercent"),
            "wait_seconds": _minutes(300, "ecs:CanaryConfiguration.canaryBakeTimeInMinutes"),
            "termination_wait_seconds": _BAKE,
            "max_5xx": _DEFAULT_5XX,
        },
        Linear: {
            "step_percent": _percent(10, 3, "ecs:LinearConfiguration.stepPercent"),
            "wait_seconds": _minutes(60, "ecs:LinearConfiguration.stepBakeTimeInMinutes"),
            "termination_wait_seconds": _BAKE,
            "max_5xx": _DEFAULT_5XX,
        },
        Rolling: {
            "min_healthy_percent": Takes(
                100, 0, 100, ECS18, ("ecs:DeploymentConfiguration.minimumHealthyPercent",)
            ),
            "max_percent": Takes(
                200, 100, 1000, ECS18, ("ecs:DeploymentConfiguration.maximumPercent",)
            ),
        },
    },
    instead=_INSTEAD,
)
"""ECS itself: in place, or between two service revisions."""
