"""How an update reaches what serves: one vocabulary for SageMaker and ECS.

Each target takes some shapes, some of their fields, and each number within its own range
(`modules/rollouts/target.py`); the endpoint or service that has the rollout checks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from ..alarms.spec import AlarmName, AlarmTopics, EndpointAlarms, OkTopics, alarm_topic_problems
from ..context import Context
from ..rules import Problem, rule
from ..spec import Aws, Between, Many, Spec

ROL1 = rule(
    "ROL1",
    refuses="a number of a rollout that no target takes",
    message="must be from {low} to {high}",
    source="SageMaker API reference, CapacitySize, BlueGreenUpdatePolicy and RollingUpdatePolicy; "
    "AWS CodeDeploy API reference, TimeBasedCanary and TimeBasedLinear; Amazon ECS API reference, "
    "DeploymentConfiguration",
)
DEP8 = rule(
    "DEP8",
    refuses="a time limit outside 600 to 14,400 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker MaximumExecutionTimeoutInSeconds; hashicorp/aws stops at 14,400",
)

_DAY = 86_400

Seconds = Annotated[int, Between(ROL1, 0, _DAY)]
"""0 to 86,400 seconds; a target may take less, or whole minutes only."""


class Rollout(Spec):
    """What all rollouts have: alarms and a time limit."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        "auto_rollback_configuration": "alarms=EndpointAlarms(...), or alarm_names=[...]",
    }

    alarms: EndpointAlarms | None = EndpointAlarms()
    """The alarms, made for each variant of a SageMaker endpoint, that roll an update back.
    Default: 5XX above 1 % and 4XX above 5 % of invocations; None for none. Going from None to
    alarms and back replaces the endpoint. SageMaker only; see `max_5xx` for ECS."""

    alarm_names: Annotated[
        Many[AlarmName],
        Aws(
            "sagemaker:Alarm.AlarmName", "codedeploy:Alarm.name", "ecs:DeploymentAlarms.alarmNames"
        ),
    ] = ()
    """The names of alarms that exist already and roll back too. Default: none."""

    maximum_execution_timeout_seconds: (
        Annotated[
            int,
            Between(DEP8, 600, 14_400),
            Aws(
                "sagemaker:BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds",
                "sagemaker:RollingUpdatePolicy.MaximumExecutionTimeoutInSeconds",
            ),
        ]
        | None
    ) = None
    """Seconds after which AWS gives up and rolls back. Default: the waits and half an hour for
    instances to start. SageMaker only."""

    @property
    def words(self) -> str:
        """What people call it: `all at once`, `canary 10 %`."""
        raise NotImplementedError


class BlueGreen(Rollout):
    """What the rollouts have that start the new beside the old and then move the traffic."""

    termination_wait_seconds: Seconds | None = None
    """Seconds that the old instances or tasks are kept after all traffic has moved, to go back
    at once. Default: 300 with AllAtOnce and on ECS, else 0. SageMaker takes 0 to 3,600; ECS takes
    0 to 86,400 in whole minutes."""

    max_5xx: (
        Annotated[
            int,
            Between(ROL1, 1, 1_000_000),
            Aws("cloudwatch:PutMetricAlarmInput.Threshold"),
        ]
        | None
    ) = None
    """5xx responses of the tasks within a minute above which Inferform's own alarms roll back.
    Default: 5. ECS only; see `alarms` for SageMaker."""

    alarm_topics: AlarmTopics = ()
    """The SNS topics notified when one of those alarms fires, in the same Region. The policy of
    each, and of its key, must let `cloudwatch.amazonaws.com` publish. Default: none. ECS only."""

    ok_topics: OkTopics = ()
    """The SNS topics notified when one is over, likewise. Default: none. ECS only."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Topics are where the alarms are."""
        yield from super().check_in(context)
        yield from alarm_topic_problems(
            context, alarm_topics=self.alarm_topics, ok_topics=self.ok_topics
        )


class AllAtOnce(BlueGreen):
    """Blue/green with all traffic moved in one step."""

    @property
    def words(self) -> str:
        """Its name."""
        return "all at once"


class Canary(BlueGreen):
    """Blue/green in two steps: a small share of the traffic, a wait, then the rest."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **Rollout.elsewhere,
        "bake_time": "wait_seconds=...",
        "canary_size": "canary_percent=...",
        "wait_interval_in_seconds": "wait_seconds=...",
    }

    canary_percent: Annotated[
        int,
        Between(ROL1, 1, 99),
        Aws(
            "sagemaker:CapacitySize.Value",
            "codedeploy:TimeBasedCanary.canaryPercentage",
            "ecs:CanaryConfiguration.canaryPercent",
        ),
    ] = 10
    """The share that is tried first: of the capacity on SageMaker, which takes 1 to 50, of the
    traffic on ECS. Default: 10."""

    wait_seconds: Seconds | None = None
    """Seconds for which the first step is watched. Default: 600 on SageMaker, which takes 0 to
    3,600; 300 on ECS, which takes up to 86,400 in whole minutes."""

    @property
    def words(self) -> str:
        """Its name and its first share."""
        return f"canary {self.canary_percent} %"


class Linear(BlueGreen):
    """Blue/green in equal steps, each watched."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **Rollout.elsewhere,
        "linear_step_size": "step_percent=...",
        "wait_interval_in_seconds": "wait_seconds=...",
    }

    step_percent: (
        Annotated[
            int,
            Between(ROL1, 3, 99),
            Aws(
                "sagemaker:CapacitySize.Value",
                "codedeploy:TimeBasedLinear.linearPercentage",
                "ecs:LinearConfiguration.stepPercent",
            ),
        ]
        | None
    ) = None
    """The share that each step moves. Default: 20 on SageMaker, which takes 10 to 50; 10 on
    ECS."""

    wait_seconds: Seconds | None = None
    """Seconds for which each step is watched. Default: 300 on SageMaker, which takes 0 to 3,600;
    60 on ECS, which takes up to 86,400 in whole minutes."""

    @property
    def words(self) -> str:
        """Its name and, where it is written, the share of each step."""
        return "linear" if self.step_percent is None else f"linear {self.step_percent} %"


class Rolling(Rollout):
    """Instances or tasks replaced a few at a time: no second fleet is paid for."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **Rollout.elsewhere,
        "maximum_batch_size": "batch_percent=...",
        "rollback_maximum_batch_size": "rollback_batch_percent=...",
    }

    batch_percent: (
        Annotated[int, Between(ROL1, 5, 50), Aws("sagemaker:CapacitySize.Value")] | None
    ) = None
    """The share of capacity that each batch replaces. Default: 25. SageMaker only."""

    wait_seconds: (
        Annotated[
            int,
            Between(ROL1, 0, 3600),
            Aws("sagemaker:RollingUpdatePolicy.WaitIntervalInSeconds"),
        ]
        | None
    ) = None
    """Seconds for which each batch is watched. Default: 300. SageMaker only."""

    rollback_batch_percent: (
        Annotated[int, Between(ROL1, 5, 100), Aws("sagemaker:CapacitySize.Value")] | None
    ) = None
    """The share that each batch of a rollback takes back. Default: all at once. SageMaker
    only."""

    min_healthy_percent: (
        Annotated[
            int,
            Between(ROL1, 0, 100),
            Aws("ecs:DeploymentConfiguration.minimumHealthyPercent"),
        ]
        | None
    ) = None
    """The share of tasks that stays up. Default: 100. ECS only."""

    max_percent: (
        Annotated[
            int,
            Between(ROL1, 100, 1000),
            Aws("ecs:DeploymentConfiguration.maximumPercent"),
        ]
        | None
    ) = None
    """The most tasks while it lasts, in percent of the count. Default: 200. ECS only."""

    @property
    def words(self) -> str:
        """Its name and, where it is written, the share of each batch."""
        return "rolling" if self.batch_percent is None else f"rolling {self.batch_percent} %"
