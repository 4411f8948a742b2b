"""A batch transform: a model, and a Step Functions state machine that runs transform jobs."""

from __future__ import annotations

import json
from typing import Any

from ..cdk import Construct, ITerraformDependable
from ..content import HASHES
from ..context import Context
from ..events.construct import Undelivered
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..model.artifact import located
from ..names import jobs_of
from ..overriding import override
from . import telling
from .batch import (
    BatchTransform,
    transform_failed,
    transform_jobs,
    transform_log_group,
    transform_name,
    transform_role,
    transform_trigger,
    transform_undelivered,
)
from .endpoints.base import Hosted
from .model_construct import HostedModel, Surroundings, container_grants
from .starts import AS_AWS_DOES, Starts, watch_executions
from .triggers import OnSchedule, OnUpload, event_of, keyed

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetDeadLetterConfig,
    SchedulerScheduleTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
)

_LOG_RETENTION_DAYS = 90
_UPLOADED = (
    {"bucket": "$.detail.bucket.name", "key": "$.detail.object.key"},
    '{"input": "s3://<bucket>/<key>"}',
)
"""Paths into the event of an upload, and the input that is made of them."""


class Transform(Construct):
    """A batch transform with its model, roles, state machine and trigger; `role` is what its
    containers may do."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: BatchTransform,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id)
        self._id = id
        self._context = context
        self._spec = spec
        self._topic = spec.automation.notify
        self._around = surroundings = surroundings.given(spec.existing)
        self.name = transform_name(context, id)
        self.arn = context.arn("states", f"stateMachine:{self.name}")
        self._jobs = transform_jobs(context, id)
        bucket = surroundings.artifact_bucket
        self._input = spec.reads(id, bucket)
        self._output = spec.writes(id, bucket)
        self.role = ExecutionRole(
            self,
            "execution",
            context=context,
            name=transform_role(id),
            statements=self._container_statements(),
            given=spec.existing.execution_role,
        )
        model = HostedModel(
            self,
            "model",
            context=context,
            base=context.name(id, limit=63 - HASHES),
            hosted=Hosted(
                name="transform",
                containers=((None, spec.model),),
                mode="single",
                isolated=spec.model.isolated,
                transform_type=spec.instance_type,
            ),
            role=self.role,
            vpc=spec.vpc,
            surroundings=surroundings,
            overrides=spec.overridden("model/model"),
            held=spec.existing.network,
        )
        if spec.existing.log_group is not None:
            logs = context.arn("logs", f"log-group:{spec.existing.log_group}")
        else:
            logs = CloudwatchLogGroup(
                self,
                "logs",
                name=transform_log_group(context, id),
                retention_in_days=_LOG_RETENTION_DAYS,
                kms_key_id=surroundings.own_key_arn,
            ).arn
        steps = ExecutionRole(
            self,
            "steps",
            context=context,
            name=transform_role(id, "steps"),
            service="states.amazonaws.com",
            statements=self._step_statements(),
        )
        machine = SfnStateMachine(
            self,
            "machine",
            name=self.name,
            role_arn=steps.arn,
            definition=json.dumps(self.definition(model.name)),
            logging_configuration=SfnStateMachineLoggingConfiguration(
                level="ERROR", include_execution_data=False, log_destination=f"{logs}:*"
            ),
            depends_on=[*steps.ready],
        )
        self._start(machine.arn)
        self._start_by(machine.arn)
        if spec.automation.alarm_on_failure:
            watch_executions(
                self,
                context=context,
                name=self.name,
                alarm=transform_failed(context, id),
                topic=self._topic,
            )
        override(spec, self)

    def _container_statements(self) -> list[Statement]:
        context, key = self._context, self._around.kms_key_arn
        statements = container_grants(context, self._spec.model, self._around.artifact_bucket, key)
        statements += grants.read_artifact(context, self._input, key)
        statements += grants.write_objects(
            context, self._output, self._around.own_key_arn, "WritePredictions"
        )
        statements += grants.log_and_measure(context, "/aws/sagemaker/TransformJobs")
        if self._spec.vpc:
            statements += grants.attach_to_vpc(context)
        return statements

    def _step_statements(self) -> list[Statement]:
        context = self._context
        rule = "rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
        return [
            allow(
                [
                    "sagemaker:AddTags",
                    "sagemaker:CreateTransformJob",
                    "sagemaker:DescribeTransformJob",
                    "sagemaker:StopTransformJob",
                ],
                context.arn("sagemaker", f"transform-job/{jobs_of(self._jobs)}"),
                sid="RunJobs",
            ),
            # Step Functions learns from this rule of its own when a job ends.
            allow(
                ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                context.arn("events", rule),
                sid="WaitForJobs",
            ),
            allow(
                ["kms:CreateGrant", "kms:DescribeKey"], self._around.own_key_arn, sid="EncryptJobs"
            ),
            grants.DELIVER_LOGS,
            *(grants.publish([self._topic]) if self._topic else []),
        ]

    def definition(self, model_name: str) -> dict[str, Any]:
        """The state machine in Amazon States Language."""
        return {
            "Comment": f"Batch transform {self._id}",
            "StartAt": "Input",
            "States": {
                "Input": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.input", "IsPresent": True, "Next": "Transform"}],
                    "Default": "Default input",
                },
                "Default input": {
                    "Type": "Pass",
                    "Result": {"input": self._input},
                    "Next": "Transform",
                },
                "Transform": {
                    "Type": "Task",
                    "Resource": f"arn:{self._context.partition}:states:::"
                    "sagemaker:createTransformJob.sync",
                    "Parameters": self._job(model_name),
                    "End": True,
                    **({"Catch": telling.CAUGHT} if self._topic else {}),
                },
                **(self._telling(self._topic) if self._topic else {}),
            },
        }

    def _telling(self, topic: str) -> dict[str, Any]:
        subject = f"{self._id}: batch transform failed"
        return telling.states(self._context.partition, topic, subject)

    def _job(self, model_name: str) -> dict[str, Any]:
        """What CreateTransformJob is told."""
        spec, key = self._spec, self._around.own_key_arn
        unique = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 4)"
        resources: dict[str, Any] = {
            "InstanceType": spec.instance_type,
            "InstanceCount": spec.instance_count,
        }
        if not spec.has_own_storage:
            resources["VolumeKmsKeyId"] = key
        processing = {
            "InputFilter": spec.data_processing.input_filter,
            "JoinSource": "Input" if spec.data_processing.join_input else None,
        }
        given = {name: value for name, value in processing.items() if value}
        # Predictions of one object go into one object, line by line where it was split by lines.
        output = {"AssembleWith": "Line"} if spec.split_type == "Line" else {}
        tags = {**self._context.default_tags(self._around.layer), **spec.tags}
        return {
            "TransformJobName.$": f"States.Format('{self._jobs}-{{}}', {unique})",
            "ModelName": model_name,
            "BatchStrategy": spec.batch_strategy,
            "MaxPayloadInMB": spec.max_payload_mb,
            "MaxConcurrentTransforms": spec.max_concurrent_transforms,
            "ModelClientConfig": {
                "InvocationsTimeoutInSeconds": spec.model_client.invocation_timeout_seconds,
                "InvocationsMaxRetries": spec.model_client.invocation_retries,
            },
            "TransformInput": {
                "ContentType": spec.content_type,
                "SplitType": spec.split_type or "None",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri.$": "$.input"}},
            },
            "TransformOutput": {
                "S3OutputPath": self._output,
                "Accept": spec.content_type,
                "KmsKeyId": key,
                **output,
            },
            "TransformResources": resources,
            **({"DataProcessing": given} if given else {}),
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        }

    def _start(self, machine_arn: str) -> None:
        trigger = self._spec.trigger
        if trigger is None:
            return
        service = "scheduler" if isinstance(trigger, OnSchedule) else "events"
        role = ExecutionRole(
            self,
            "start",
            context=self._context,
            name=transform_role(self._id, "start"),
            service=f"{service}.amazonaws.com",
            statements=[allow("states:StartExecution", self.arn, sid="Start")],
        )
        delivery = self._spec.automation.delivery
        dead, ready = self._undelivered(service, role)
        if isinstance(trigger, OnSchedule):
            SchedulerSchedule(
                self,
                "schedule",
                name=self.name,
                schedule_expression=trigger.spread(self.name),
                schedule_expression_timezone=trigger.timezone,
                flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
                target=SchedulerScheduleTarget(
                    arn=machine_arn,
                    role_arn=role.arn,
                    input=json.dumps({"input": self._input}),
                    retry_policy=SchedulerScheduleTargetRetryPolicy(
                        maximum_event_age_in_seconds=delivery.max_age_seconds,
                        maximum_retry_attempts=delivery.retry_attempts,
                    )
                    if delivery
                    else None,
                    dead_letter_config=SchedulerScheduleTargetDeadLetterConfig(arn=dead)
                    if dead
                    else None,
                ),
                depends_on=[*role.ready, *ready],
            )
            return
        self._on_upload(trigger, machine_arn, role, dead)

    def _undelivered(
        self, service: str, role: ExecutionRole
    ) -> tuple[str | None, list[ITerraformDependable]]:
        """The queue of what `trigger` cannot start, where there is one, and what lets `role` send there."""
        delivery = self._spec.automation.delivery
        if delivery is None or not delivery.dead_letter:
            return None, []
        kind = "schedule/default" if service == "scheduler" else "rule"
        queue = Undelivered(
            self,
            "undelivered",
            context=self._context,
            name=transform_undelivered(self._context, self._id, "trigger"),
            sender=self._context.arn(service, f"{kind}/{self.name}"),
            service=f"{service}.amazonaws.com",
        ).arn
        if service != "scheduler":
            return queue, []
        return queue, [
            role.allow("undelivered", allow("sqs:SendMessage", queue, sid="Undelivered"))
        ]

    def _start_by(self, machine_arn: str) -> None:
        """What `automation.triggers` say."""
        spec, context, short = self._spec, self._context, self._id
        if not spec.automation.triggers:
            return
        starts = Starts(
            self,
            "starts",
            context=context,
            arn=machine_arn,
            own_arn=self.arn,
            delivery=spec.automation.delivery or AS_AWS_DOES,
        )
        for key, trigger in keyed(spec.automation.triggers).items():
            name = transform_trigger(context, short, key)
            queue = transform_undelivered(context, short, key)
            if isinstance(trigger, OnSchedule):
                starts.schedule(
                    key,
                    name=name,
                    role=transform_role(short, "schedule"),
                    queue=queue,
                    expression=trigger.spread(name),
                    timezone=trigger.timezone,
                    given=json.dumps({"input": self._input}),
                )
                continue
            pattern, why = event_of(context, trigger, watched=self._watched)
            starts.rule(
                key,
                name=name,
                role=transform_role(short, "events"),
                queue=queue,
                pattern=pattern,
                why=why,
                told=_UPLOADED if isinstance(trigger, OnUpload) else None,
            )

    def _watched(self, trigger: OnUpload) -> str:
        """Where uploads start it."""
        if trigger.prefix is None:
            return self._input
        return located(trigger.prefix, self._around.artifact_bucket)

    def _on_upload(
        self, trigger: OnUpload, machine_arn: str, role: ExecutionRole, dead: str | None
    ) -> None:
        pattern, why = event_of(self._context, trigger, watched=self._watched)
        delivery = self._spec.automation.delivery
        rule = CloudwatchEventRule(
            self,
            "uploads",
            name=self.name,
            description=why,
            event_pattern=json.dumps(pattern),
        )
        CloudwatchEventTarget(
            self,
            "upload",
            rule=rule.name,
            arn=machine_arn,
            role_arn=role.arn,
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths=_UPLOADED[0], input_template=_UPLOADED[1]
            ),
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=delivery.max_age_seconds,
                maximum_retry_attempts=delivery.retry_attempts,
            )
            if delivery
            else None,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=dead) if dead else None,
            depends_on=[*role.ready],
        )
