"""What starts a state machine of Step Functions or a pipeline of SageMaker, with its queues, and the alarm on
what fails."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..cdk import Construct
from ..context import Context
from ..events.construct import Undelivered
from ..iam.execution_role import ExecutionRole
from ..iam.policy import allow
from .triggers import Delivery

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
    CloudwatchEventTargetSagemakerPipelineTarget,
    CloudwatchEventTargetSagemakerPipelineTargetPipelineParameterListStruct,
)
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetDeadLetterConfig,
    SchedulerScheduleTargetRetryPolicy,
    SchedulerScheduleTargetSagemakerPipelineParameters,
    SchedulerScheduleTargetSagemakerPipelineParametersPipelineParameter,
)

AS_AWS_DOES = Delivery(retry_attempts=185, max_age_seconds=86_400, dead_letter=False)
"""What EventBridge does where nothing is said."""


def watch_executions(
    scope: Construct, *, context: Context, name: str, alarm: str, topic: str | None
) -> None:
    """The alarm on executions of the state machine `name` that do not succeed."""
    watch_runs(
        scope,
        alarm=alarm,
        says=f"Executions of {name} that failed, took too long or were stopped",
        topic=topic,
        namespace="AWS/States",
        dimensions={"StateMachineArn": context.arn("states", f"stateMachine:{name}")},
        failed=("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
    )


def watch_runs(
    scope: Construct,
    *,
    alarm: str,
    says: str,
    topic: str | None,
    namespace: str,
    dimensions: Mapping[str, str],
    failed: Sequence[str],
) -> None:
    """The alarm on runs that do not succeed, by the metrics that count them."""
    CloudwatchMetricAlarm(
        scope,
        "failed",
        alarm_name=alarm,
        alarm_description=says,
        comparison_operator="GreaterThanThreshold",
        evaluation_periods=1,
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[topic] if topic else None,
        metric_query=[
            CloudwatchMetricAlarmMetricQuery(
                id="all", expression="SUM(METRICS())", label="not succeeded", return_data=True
            ),
            *(
                CloudwatchMetricAlarmMetricQuery(
                    id=metric.lower(),
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=namespace,
                        metric_name=metric,
                        dimensions=dict(dimensions),
                        period=300,
                        stat="Sum",
                    ),
                )
                for metric in failed
            ),
        ],
    )


class Starts(Construct):
    """What starts a state machine, or a pipeline: schedules and rules, each with its queue."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        arn: str,
        own_arn: str,
        delivery: Delivery,
        pipeline: Mapping[str, str] | None = None,
    ) -> None:
        """`arn` refers to what is started, `own_arn` is known without state; `pipeline` are the parameters of
        a pipeline. Default: None, a state machine."""
        super().__init__(scope, id)
        self._context, self._arn, self._own_arn = context, arn, own_arn
        self._pipeline = pipeline
        self._delivery = delivery
        self._roles: dict[str, ExecutionRole] = {}

    def _role(self, does: str, name: str, service: str) -> ExecutionRole:
        if does not in self._roles:
            self._roles[does] = ExecutionRole(
                self,
                f"role-{does}",
                context=self._context,
                name=name,
                service=service,
                statements=[allow(self._action, self._own_arn, sid="Start")],
            )
        return self._roles[does]

    @property
    def _action(self) -> str:
        if self._pipeline is None:
            return "states:StartExecution"
        return "sagemaker:StartPipelineExecution"

    def _queue(self, key: str, name: str, sender: str, service: str) -> str | None:
        if not self._delivery.dead_letter:
            return None
        return Undelivered(
            self,
            f"undelivered-{key}",
            context=self._context,
            name=name,
            sender=sender,
            service=service,
        ).arn

    def schedule(
        self,
        key: str,
        *,
        name: str,
        role: str,
        queue: str,
        expression: str,
        timezone: str,
        given: str = "{}",
    ) -> None:
        """A schedule that starts it."""
        service = "scheduler.amazonaws.com"
        starts = self._role("schedule", role, service)
        sender = self._context.arn("scheduler", f"schedule/default/{name}")
        dead = self._queue(key, queue, sender, service)
        ready = [*starts.ready]
        if dead is not None:
            sends = allow("sqs:SendMessage", dead, sid="Undelivered")
            ready.append(starts.allow("undelivered-" + key, sends))
        SchedulerSchedule(
            self,
            key,
            name=name,
            schedule_expression=expression,
            schedule_expression_timezone=timezone,
            flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            target=SchedulerScheduleTarget(
                arn=self._arn,
                role_arn=starts.arn,
                input=given if self._pipeline is None else None,
                sagemaker_pipeline_parameters=SchedulerScheduleTargetSagemakerPipelineParameters(
                    pipeline_parameter=[
                        SchedulerScheduleTargetSagemakerPipelineParametersPipelineParameter(
                            name=name, value=value
                        )
                        for name, value in self._pipeline.items()
                    ]
                )
                if self._pipeline
                else None,
                retry_policy=SchedulerScheduleTargetRetryPolicy(
                    maximum_event_age_in_seconds=self._delivery.max_age_seconds,
                    maximum_retry_attempts=self._delivery.retry_attempts,
                ),
                dead_letter_config=SchedulerScheduleTargetDeadLetterConfig(arn=dead)
                if dead
                else None,
            ),
            depends_on=ready,
        )

    def rule(
        self,
        key: str,
        *,
        name: str,
        role: str,
        queue: str,
        pattern: Mapping[str, Any],
        why: str,
        told: tuple[Mapping[str, str], str] | None = None,
    ) -> None:
        """A rule of the default event bus that starts it; `told` are paths into the event, and the input
        that is made of them. Default: no input."""
        service = "events.amazonaws.com"
        starts = self._role("start", role, service)
        rule = CloudwatchEventRule(
            self, key, name=name, description=why, event_pattern=json.dumps(pattern)
        )
        dead = self._queue(key, queue, self._context.arn("events", f"rule/{name}"), service)
        CloudwatchEventTarget(
            self,
            f"{key}-target",
            rule=rule.name,
            arn=self._arn,
            role_arn=starts.arn,
            input=None if told or self._pipeline is not None else "{}",
            sagemaker_pipeline_target=CloudwatchEventTargetSagemakerPipelineTarget(
                pipeline_parameter_list=[
                    CloudwatchEventTargetSagemakerPipelineTargetPipelineParameterListStruct(
                        name=name, value=value
                    )
                    for name, value in self._pipeline.items()
                ]
            )
            if self._pipeline
            else None,
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths=told[0], input_template=told[1]
            )
            if told
            else None,
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=self._delivery.max_age_seconds,
                maximum_retry_attempts=self._delivery.retry_attempts,
            ),
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=dead) if dead else None,
            depends_on=[*starts.ready],
        )
