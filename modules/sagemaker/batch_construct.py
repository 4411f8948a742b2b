"""A batch transform: a model, and a Step Functions state machine that runs transform jobs."""

from __future__ import annotations

import json
from typing import Any

from ..cdk import Construct
from ..content import HASHES
from ..context import Context
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..model.artifact import located
from ..overriding import override
from .batch import (
    BatchTransform,
    OnSchedule,
    OnUpload,
    transform_log_group,
    transform_name,
    transform_role,
)
from .endpoints.base import Hosted
from .model_construct import HostedModel, Surroundings, container_grants

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetInputTransformer,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
)
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
)

_LOG_RETENTION_DAYS = 90
# A hyphen and the last part of a UUID.
_UNIQUE = 13


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
        self._around = surroundings = surroundings.given(spec.existing)
        self.name = transform_name(context, id)
        self.arn = context.arn("states", f"stateMachine:{self.name}")
        self._jobs = context.name(id, limit=63 - _UNIQUE)
        self._input = spec.input or self._folder("input")
        self._output = spec.output or self._folder("output")
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
        override(spec, self)

    def _folder(self, name: str) -> str:
        return f"s3://{self._around.artifact_bucket}/batch/{self._id}/{name}/"

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
                context.arn("sagemaker", f"transform-job/{self._jobs}-*"),
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
            # These take no resource.
            allow(
                [
                    "logs:CreateLogDelivery",
                    "logs:DeleteLogDelivery",
                    "logs:DescribeLogGroups",
                    "logs:DescribeResourcePolicies",
                    "logs:GetLogDelivery",
                    "logs:ListLogDeliveries",
                    "logs:PutResourcePolicy",
                    "logs:UpdateLogDelivery",
                ],
                "*",
                sid="DeliverLogs",
            ),
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
                },
            },
        }

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
        if isinstance(trigger, OnSchedule):
            SchedulerSchedule(
                self,
                "schedule",
                name=self.name,
                schedule_expression=trigger.spread(self.name),
                schedule_expression_timezone=trigger.timezone,
                flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
                target=SchedulerScheduleTarget(
                    arn=machine_arn, role_arn=role.arn, input=json.dumps({"input": self._input})
                ),
                depends_on=[*role.ready],
            )
            return
        self._on_upload(trigger, machine_arn, role)

    def _on_upload(self, trigger: OnUpload, machine_arn: str, role: ExecutionRole) -> None:
        watched = self._input
        if trigger.prefix is not None:
            watched = located(trigger.prefix, self._around.artifact_bucket)
        bucket, _, prefix = watched.removeprefix("s3://").partition("/")
        key = {"wildcard": f"{prefix}*{trigger.suffix}"} if trigger.suffix else {"prefix": prefix}
        rule = CloudwatchEventRule(
            self,
            "uploads",
            name=self.name,
            description=f"Uploads to {prefix}",
            event_pattern=json.dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
                }
            ),
        )
        CloudwatchEventTarget(
            self,
            "upload",
            rule=rule.name,
            arn=machine_arn,
            role_arn=role.arn,
            input_transformer=CloudwatchEventTargetInputTransformer(
                input_paths={"bucket": "$.detail.bucket.name", "key": "$.detail.object.key"},
                input_template='{"input": "s3://<bucket>/<key>"}',
            ),
            depends_on=[*role.ready],
        )
