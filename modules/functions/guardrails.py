"""What a Lambda function takes of a rollout."""

from __future__ import annotations

from ..rollouts.spec import AllAtOnce, Canary, Linear
from ..rollouts.target import Takes, Target
from ..rules import rule

LMB22 = rule(
    "LMB22",
    refuses="a shift of a function's traffic outside CodeDeploy's range",
    message="must be from {low} to {high}",
    source="AWS CodeDeploy API reference, TimeBasedCanary, TimeBasedLinear; AWS CodeDeploy user guide, "
    "limits (1 to 99 percent)",
)

_MINUTE = 60
_DAY = 86_400

MOST_MINUTES = 2_880
"""The longest that CodeDeploy takes from the first to the last shift of a function's traffic.

Source: AWS CodeDeploy user guide, limits."""

_WATCHES = "write alarms=FunctionAlarms(...) of the function"


def _minutes(default: int, aws: str) -> Takes:
    return Takes(default, _MINUTE, _DAY, LMB22, (aws,), unit=_MINUTE)


LAMBDA = Target(
    "a Lambda function",
    numbers={
        AllAtOnce: {},
        Canary: {
            "canary_percent": Takes(
                10, 1, 99, LMB22, ("codedeploy:TimeBasedCanary.canaryPercentage",)
            ),
            "wait_seconds": _minutes(300, "codedeploy:TimeBasedCanary.canaryInterval"),
        },
        Linear: {
            "step_percent": Takes(
                10, 3, 99, LMB22, ("codedeploy:TimeBasedLinear.linearPercentage",)
            ),
            "wait_seconds": _minutes(60, "codedeploy:TimeBasedLinear.linearInterval"),
        },
    },
    others=frozenset({"alarm_names"}),
    instead={
        "alarms": _WATCHES,
        "max_5xx": _WATCHES,
        "alarm_topics": _WATCHES,
        "ok_topics": _WATCHES,
        "termination_wait_seconds": "leave it out; a function's former versions stay",
        "maximum_execution_timeout_seconds": "leave it out; the steps alone take time",
    },
)
"""An apply, which moves the alias at once, or CodeDeploy, which gives the new version a share."""
