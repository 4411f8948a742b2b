"""A pipeline of SageMaker: the roles of its steps, and its definition."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..model.artifact import located
from ..model.image import image_uri
from ..names import short_hash
from ..overriding import override
from ..sagemaker.starts import AS_AWS_DOES, Starts, watch_runs
from ..sagemaker.triggers import Automation, OnSchedule, event_of, keyed
from .construct import Surroundings, job_statements
from .definition import definition
from .machine import Around
from .pipeline import (
    LARGEST,
    AnyPipeline,
    Pipeline,
    PipelineFile,
    failed_alarm,
    failed_rule,
    pipeline_folder,
    pipeline_name,
    pipeline_role,
    start_role,
    step_role,
    trigger_name,
    undelivered,
)
from .steps import JsonGet, ModelStep, ProcessingStep, RegisterStep, TransformStep

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetInputTransformer,
)
from cdktf_cdktf_provider_aws.s3_object import S3Object
from cdktf_cdktf_provider_aws.sagemaker_pipeline import (
    SagemakerPipeline,
    SagemakerPipelineParallelismConfiguration,
    SagemakerPipelinePipelineDefinitionS3Location,
)

_KNOWN = Surroundings(
    subnet_ids=[],
    security_group_ids=[],
    ways_out=[],
    kms_key_arn="",
    artifact_bucket="",
    layer="",
)

# What each type of step does in SageMaker, and on which resources. Amazon SageMaker AI developer guide,
# IAM access management for pipelines; the service names jobs `pipelines-…`.
_DOES: Mapping[str, tuple[str, str]] = {
    "Training": ("TrainingJob", "training-job/pipelines-*"),
    "Processing": ("ProcessingJob", "processing-job/pipelines-*"),
    "Transform": ("TransformJob", "transform-job/pipelines-*"),
    "Tuning": ("HyperParameterTuningJob", "hyper-parameter-tuning-job/*"),
    "QualityCheck": ("ProcessingJob", "processing-job/pipelines-*"),
    "ClarifyCheck": ("ProcessingJob", "processing-job/pipelines-*"),
    "AutoML": ("AutoMLJob", "automl-job/*"),
}


def run_steps(context: Context, types: frozenset[str]) -> Iterator[Statement]:
    """What the role of a pipeline does for the types of its steps."""
    for type_ in sorted(types & _DOES.keys()):
        job, resource = _DOES[type_]
        verbs = ("Create", "Describe", "Stop")
        yield allow(
            ["sagemaker:AddTags", *(f"sagemaker:{verb}{job}" for verb in verbs)],
            context.arn("sagemaker", resource),
            sid=f"Run{type_}",
        )
    if "Tuning" in types:
        yield allow(
            [f"sagemaker:{verb}TrainingJob" for verb in ("Create", "Describe", "Stop")],
            context.arn("sagemaker", "training-job/*"),
            sid="RunTuned",
        )
    if "Model" in types:
        yield allow(
            [
                *("sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DeleteModel"),
                "sagemaker:DescribeModel",
            ],
            context.arn("sagemaker", "model/pipelines-*"),
            sid="MakeModels",
        )


class PipelineOfSteps(Construct):
    """A pipeline of SageMaker; `name` and `arn` are known without state."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: AnyPipeline,
        surroundings: Surroundings,
        drift_alarms: Mapping[str, list[str]],
    ) -> None:
        """`drift_alarms` are the names of the alarms of each drift monitor."""
        super().__init__(scope, id)
        self._id, self._context = id, context
        self._around = surroundings.given(spec.existing)
        self.name = pipeline_name(context, id)
        self.arn = context.arn("sagemaker", f"pipeline/{self.name.lower()}")
        if isinstance(spec, Pipeline):
            roles = {
                name: ExecutionRole(
                    self,
                    f"step-{name}",
                    context=context,
                    name=step_role(id, name),
                    statements=statements,
                )
                for name, statements in self._step_statements(spec)
            }
            arns = {name: context.own_role_arn(each.name) for name, each in roles.items()}
            text = self._text(spec, arns, self._around)
            # References have other texts in each synthesis.
            known = self._text(spec, arns, _KNOWN)
            passed = [*arns.values()]
            waits = [each for one in roles.values() for each in one.ready]
            statements = [*self._statements(spec)]
        else:
            assert isinstance(spec, PipelineFile)
            text = known = spec.definition
            waits = []
            passed = sorted(
                {
                    arn
                    for path, arn in spec.named_arns()
                    if path[-1] in ("RoleArn", "ExecutionRoleArn")
                }
            )
            statements = [*self._file_statements(spec)]
        if passed:
            statements.append(
                allow(
                    "iam:PassRole",
                    passed,
                    sid="GiveRoles",
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                )
            )
        role = ExecutionRole(
            self,
            "role",
            context=context,
            name=pipeline_role(id),
            statements=statements,
            given=spec.existing.execution_role,
        )
        self._start(
            spec, self._make(spec, text, known, role.arn, [*role.ready, *waits]), drift_alarms
        )
        self._tell(spec.automation)
        override(spec, self)

    def _make(
        self, spec: AnyPipeline, text: str, known: str, role_arn: str, waits: list[Any]
    ) -> str:
        """Inline, or in S3 where it is too long, under a key that changes with it: the provider never
        sees a change of what lies there, and plans one for ever (hashicorp/terraform-provider-aws
        #38259)."""
        given: dict[str, Any] = {}
        if len(text) <= LARGEST - 4096:
            given["pipeline_definition"] = text
        else:
            key = f"{pipeline_folder(self._id)}definition-{short_hash(known, 16)}.json"
            made: Any = S3Object(
                self,
                "definition",
                bucket=self._around.artifact_bucket,
                key=key,
                content=text,
                content_type="application/json",
                kms_key_id=self._around.own_key_arn,
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            )
            given["pipeline_definition_s3_location"] = (
                SagemakerPipelinePipelineDefinitionS3Location(
                    bucket=self._around.artifact_bucket, object_key=made.key
                )
            )
            given["lifecycle"] = TerraformResourceLifecycle(ignore_changes=["pipeline_definition"])
        steps = spec.max_parallel_steps
        made_pipeline: Any = SagemakerPipeline(
            self,
            "pipeline",
            pipeline_name=self.name,
            pipeline_display_name=spec.display_name or self.name,
            pipeline_description=spec.description or None,
            role_arn=role_arn,
            parallelism_configuration=None
            if steps is None
            else SagemakerPipelineParallelismConfiguration(max_parallel_execution_steps=steps),
            depends_on=waits,
            **given,
        )
        arn: str = made_pipeline.arn
        return arn

    def _start(self, spec: AnyPipeline, arn: str, drift_alarms: Mapping[str, list[str]]) -> None:
        """What `automation.triggers` say; `arn` refers to the pipeline."""
        context, short, automation = self._context, self._id, spec.automation
        if not automation.triggers:
            return
        starts = Starts(
            self,
            "starts",
            context=context,
            arn=arn,
            own_arn=self.arn,
            delivery=automation.delivery or AS_AWS_DOES,
            pipeline=spec.starts_with(),
        )
        bucket = self._around.artifact_bucket
        for key, trigger in keyed(automation.triggers).items():
            name, queue = trigger_name(context, short, key), undelivered(context, short, key)
            if isinstance(trigger, OnSchedule):
                starts.schedule(
                    key,
                    name=name,
                    role=start_role(short, "schedule"),
                    queue=queue,
                    expression=trigger.spread(name),
                    timezone=trigger.timezone,
                )
                continue
            pattern, why = event_of(
                context,
                trigger,
                watched=lambda upload: located(str(upload.prefix), bucket),
                drift_alarms=drift_alarms,
            )
            role = start_role(short, "event")
            starts.rule(key, name=name, role=role, queue=queue, pattern=pattern, why=why)

    def _tell(self, automation: Automation) -> None:
        """The rule that tells of runs that fail, and the alarm on them."""
        if automation.notify is not None:
            pattern = {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
                "detail": {
                    "pipelineArn": [self.arn],
                    "currentPipelineExecutionStatus": ["Failed"],
                },
            }
            rule = CloudwatchEventRule(
                self,
                "failures",
                name=failed_rule(self._context, self._id),
                description=f"Runs of {self.name} that fail",
                event_pattern=json.dumps(pattern),
            )
            CloudwatchEventTarget(
                self,
                "failures-target",
                rule=rule.name,
                arn=automation.notify,
                input_transformer=CloudwatchEventTargetInputTransformer(
                    input_paths={"run": "$.detail.pipelineExecutionArn"},
                    input_template=json.dumps(
                        f"A run of the pipeline {self.name} failed: <run>. Its steps: inferform "
                        f"pipelines steps {self._context.key} {self._id}"
                    ),
                ),
            )
        if automation.alarm_on_failure:
            watch_runs(
                self,
                alarm=failed_alarm(self._context, self._id),
                says=f"Runs of {self.name} that failed or were stopped",
                topic=automation.notify,
                namespace="AWS/Sagemaker/ModelBuildingPipeline",
                dimensions={"PipelineName": self.name},
                failed=("ExecutionFailed", "ExecutionStopped"),
            )

    def _text(self, spec: Pipeline, roles: dict[str, str], around: Surroundings) -> str:
        tags = {**self._context.default_tags(around.layer), **spec.tags}
        made = Around(
            context=self._context,
            bucket=around.artifact_bucket,
            kms_key_arn=around.own_key_arn,
            subnet_ids=around.subnet_ids,
            security_group_ids=around.security_group_ids,
            roles=roles,
            tags=tags,
        )
        return json.dumps(definition(spec, self._id, made))

    # What roles may do

    def _step_statements(self, spec: Pipeline) -> Iterator[tuple[str, list[Statement]]]:
        """What the containers of each step do."""
        context, around = self._context, self._around
        folder = pipeline_folder(self._id)
        for _, name, step, _ in spec.every():
            if step.job is not None:
                yield name, job_statements(context, step.job, around, folder)
            elif isinstance(step, ModelStep):
                bucket = around.artifact_bucket
                artifact = (
                    located(step.artifact, bucket)
                    if isinstance(step.artifact, str)
                    else f"s3://{bucket}/{folder}"
                )
                yield (
                    name,
                    [
                        *grants.pull(context, image_uri(step.image, context)),
                        *grants.read_artifact(context, artifact, around.kms_key_arn),
                        *grants.log_and_measure(context, "/aws/sagemaker/TransformJobs"),
                    ],
                )

    def _statements(self, spec: Pipeline) -> Iterator[Statement]:
        """What the pipeline itself does: run steps, register versions, and read property files."""
        context, around = self._context, self._around
        steps = [step for _, _, step, _ in spec.every()]
        yield from run_steps(context, frozenset(step.type for step in steps))
        groups = [step.register_as.group for step in steps if isinstance(step, RegisterStep)]
        yield from self._register(
            each
            if ":" in each
            else context.arn("sagemaker", f"model-package-group/{context.name(each)}")
            for each in groups
        )
        bucket = around.artifact_bucket
        if any(isinstance(value, JsonGet) for step in steps for _, value in step.values()):
            places = [f"s3://{bucket}/{pipeline_folder(self._id)}"]
            for step in steps:
                if isinstance(step, ProcessingStep):
                    for file in step.property_files.values():
                        uri = step.processing.outputs[file.output].uri
                        if isinstance(uri, str):
                            places.append(located(uri, bucket))
            for place in places:
                yield from grants.read_artifact(context, place, around.kms_key_arn)
        for step in steps:
            if isinstance(step, TransformStep):
                yield allow(
                    ["kms:CreateGrant", "kms:DescribeKey"], around.own_key_arn, sid="EncryptJobs"
                )

    def _register(self, groups: Iterator[str]) -> Iterator[Statement]:
        for group in groups:
            versions = group.replace(":model-package-group/", ":model-package/")
            yield allow(
                ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"],
                [group, f"{versions}/*"],
                sid="RegisterVersions",
            )
            yield allow("sagemaker:DescribeModelPackageGroup", group, sid="FindGroups")

    def _file_statements(self, spec: PipelineFile) -> Iterator[Statement]:
        """What a definition that somebody else wrote says of itself; more is given by `permissions`."""
        context = self._context
        yield from run_steps(context, spec.types)
        if spec.types & {"RegisterModel", "Model"}:
            yield from self._register(iter(spec.groups(context)))
        bucket = f"s3://{self._around.artifact_bucket}/"
        yield from grants.read_artifact(context, bucket, self._around.kms_key_arn)
