"""Pipelines with their projects, roles, buckets and logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement
from ..names import role
from ..outputs import NetworkOutputs
from ..s3.construct import Bucket
from ..s3.lifecycle import ObjectRule
from ..s3.spec import ArtifactBucket
from ..secret import secret_service
from ..vpc.egress import allow_https
from . import buildspecs, rights
from .definition import Stage, stages, trigger
from .names import (
    DELIVERY,
    bucket_id,
    build_log_group,
    build_role,
    build_role_arn,
    connection_name,
    failed_rule,
    pipeline_name,
    pipeline_role,
    project_name,
)
from .parts import BuildCompute, ImageBuild
from .spec import DeliveryPipelines, DeployPipeline, ReviewPipeline

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.codebuild_project import (
    CodebuildProject,
    CodebuildProjectArtifacts,
    CodebuildProjectEnvironment,
    CodebuildProjectEnvironmentEnvironmentVariable,
    CodebuildProjectLogsConfig,
    CodebuildProjectLogsConfigCloudwatchLogs,
    CodebuildProjectSource,
    CodebuildProjectVpcConfig,
)
from cdktf_cdktf_provider_aws.codeconnections_connection import CodeconnectionsConnection
from cdktf_cdktf_provider_aws.codepipeline import (
    Codepipeline,
    CodepipelineArtifactStore,
    CodepipelineArtifactStoreEncryptionKey,
    CodepipelineStage,
    CodepipelineStageAction,
    CodepipelineStageBeforeEntry,
    CodepipelineStageBeforeEntryCondition,
    CodepipelineStageBeforeEntryConditionRule,
    CodepipelineStageBeforeEntryConditionRuleRuleTypeId,
    CodepipelineTrigger,
    CodepipelineTriggerGitConfiguration,
    CodepipelineTriggerGitConfigurationPullRequest,
    CodepipelineTriggerGitConfigurationPullRequestBranches,
    CodepipelineTriggerGitConfigurationPullRequestFilePaths,
    CodepipelineTriggerGitConfigurationPush,
    CodepipelineTriggerGitConfigurationPushBranches,
    CodepipelineTriggerGitConfigurationPushFilePaths,
    CodepipelineTriggerGitConfigurationPushTags,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup

B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A project of a pipeline: what it runs, and what it may do."""

    name: str
    buildspec: buildspecs.Buildspec
    compute: BuildCompute
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    assumes: str | None = None
    looks_at: str | None = None
    image: ImageBuild | None = None


def connection(scope: Construct, *, context: Context, spec: DeliveryPipelines) -> str:
    """The ARN of the connection to the repository, which is made where none is given."""
    source = spec.source
    if source.connection is not None:
        return source.connection
    made = CodeconnectionsConnection(
        scope,
        "connection",
        name=connection_name(context),
        provider_type=None if source.host else source.provider,
        host_arn=source.host,
    )
    arn: str = made.arn
    return arn


@dataclass(frozen=True, slots=True)
class Inside:
    """Where builds run in a network."""

    config: CodebuildProjectVpcConfig
    ways_out: list[ITerraformDependable]


def network_of(scope: Construct, *, context: Context, network: NetworkOutputs) -> Inside:
    """The private subnets, and a security group for builds."""
    name = context.name(DELIVERY)
    group = SecurityGroup(
        scope,
        "builds",
        name=name,
        description="Builds: HTTPS to anywhere",
        vpc_id=network.vpc_id,
        tags={"Name": name},
    )
    return Inside(
        CodebuildProjectVpcConfig(
            vpc_id=network.vpc_id,
            subnets=network.private_subnet_ids,
            security_group_ids=[group.id],
        ),
        allow_https(scope, "builds", security_group_id=group.id, anywhere=True),
    )


class DeliveryPipeline(Construct):
    """One pipeline with its bucket, its projects and their roles."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: DeliveryPipelines,
        connection_arn: str,
        kms_key_arn: str,
        network: Inside | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._context, self._spec, self._id, self._network = context, spec, id, network
        self._connection_arn, self._key_arn = connection_arn, kms_key_arn
        pipeline = spec.pipelines[id]
        made = list(jobs(id, pipeline, context))
        own_role = context.own_role_arn(role(context, pipeline_role(id)))
        roles = [own_role, *(build_role_arn(context, id, job.name) for job in made)]
        name = context.bucket(bucket_id(id))
        self._bucket_arn = f"arn:{context.partition}:s3:::{name}"
        self.bucket = Bucket(
            self,
            bucket_id(id),
            context=context,
            spec=ArtifactBucket(
                rules={
                    "expire": ObjectRule(
                        expire_days=pipeline.artifact_retention_days, expire_noncurrent_days=1
                    )
                }
            ),
            kms_key_arn=kms_key_arn,
            statements=[rights.only_by(self._bucket_arn, roles)],
        )
        use = rights.use_connection(connection_arn, spec.source.repository)
        self.projects = {job.name: self._project(job, use, spec.log_retention_days) for job in made}
        self.role = ExecutionRole(
            self,
            "role",
            context=context,
            name=pipeline_role(id),
            service="codepipeline.amazonaws.com",
            statements=[
                use,
                *rights.of_pipeline(
                    context,
                    id,
                    jobs=[job.name for job in made],
                    bucket_arn=self._bucket_arn,
                    key_arn=kms_key_arn,
                    topics=pipeline.topics,
                    has_alarms=pipeline.has_alarms,
                ),
            ],
        )
        self.name = pipeline_name(context, id)
        Codepipeline(
            self,
            "pipeline",
            name=self.name,
            role_arn=self.role.arn,
            pipeline_type="V2",
            # A later execution may overtake no plan that waits for its approval; reviews are apart.
            execution_mode="QUEUED" if isinstance(pipeline, DeployPipeline) else "PARALLEL",
            artifact_store=[
                CodepipelineArtifactStore(
                    location=self.bucket.name,
                    type="S3",
                    encryption_key=CodepipelineArtifactStoreEncryptionKey(
                        id=kms_key_arn, type="KMS"
                    ),
                )
            ],
            stage=[
                _stage(each) for each in stages(context, id, spec, connection_arn=connection_arn)
            ],
            trigger=[_trigger(trigger(pipeline))],
            depends_on=[*self.role.ready, *self.projects.values()],
        )
        if spec.notify is not None:
            self._notify(spec.notify)

    def _project(self, job: Job, use: Statement, retention_days: int) -> CodebuildProject:
        context, compute = self._context, job.compute
        scope = Construct(self, job.name)
        group = build_log_group(context, self._id, job.name)
        logs = CloudwatchLogGroup(
            scope,
            "logs",
            name=group,
            retention_in_days=retention_days,
            kms_key_id=self._key_arn,
        )
        made = ExecutionRole(
            scope,
            "role",
            context=context,
            name=build_role(self._id, job.name),
            service="codebuild.amazonaws.com",
            statements=[
                use,
                *rights.of_build(
                    log_group_arn=context.arn("logs", f"log-group:{group}"),
                    bucket_arn=self._bucket_arn,
                    key_arn=self._key_arn,
                    reads=job.reads,
                    writes=job.writes,
                    assumes=job.assumes,
                    looks_at=job.looks_at,
                ),
                *rights.of_machine(context, compute),
                *(rights.of_image(context, job.image) if job.image else []),
            ],
        )
        own_image = compute.image is not None
        inside = self._network if compute.private else None
        return CodebuildProject(
            scope,
            "project",
            name=project_name(context, self._id, job.name),
            service_role=made.arn,
            encryption_key=self._key_arn,
            build_timeout=compute.timeout_minutes,
            queued_timeout=compute.queued_minutes,
            source=CodebuildProjectSource(
                type="CODEPIPELINE", buildspec=buildspecs.as_text(job.buildspec)
            ),
            artifacts=CodebuildProjectArtifacts(type="CODEPIPELINE"),
            environment=CodebuildProjectEnvironment(
                type=compute.environment_type,
                compute_type=compute.compute_type,
                image=compute.build_image,
                # CodeBuild pulls its own images by itself.
                image_pull_credentials_type="SERVICE_ROLE" if own_image else "CODEBUILD",
                # Docker builds images.
                privileged_mode=job.image is not None,
                environment_variable=[
                    _variable(name, value) for name, value in compute.variables.items()
                ],
            ),
            logs_config=CodebuildProjectLogsConfig(
                cloudwatch_logs=CodebuildProjectLogsConfigCloudwatchLogs(group_name=logs.name)
            ),
            vpc_config=inside.config if inside else None,
            depends_on=[*made.ready, *(inside.ways_out if inside else ())],
        )

    def _notify(self, topic: str) -> None:
        """Tell a topic of executions that failed."""
        context = self._context
        pattern = {
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Pipeline Execution State Change"],
            "resources": [context.arn("codepipeline", self.name)],
            "detail": {"state": ["FAILED"]},
        }
        rule = CloudwatchEventRule(
            self,
            "failed",
            name=failed_rule(context, self._id),
            description=f"Executions of {self.name} that failed",
            event_pattern=json.dumps(pattern),
        )
        CloudwatchEventTarget(self, "failed-target", rule=rule.name, arn=topic)


def jobs(name: str, pipeline: DeployPipeline | ReviewPipeline, context: Context) -> Iterable[Job]:
    """The projects of a pipeline, in the order of its stages."""
    compute = pipeline.compute
    if pipeline.checks:
        yield Job(name="checks", buildspec=buildspecs.checks(pipeline), compute=compute)
    if isinstance(pipeline, ReviewPipeline):
        for number, target in enumerate(pipeline.environments, 1):
            yield Job(
                name=f"review-{target.key}",
                buildspec=buildspecs.review(pipeline, context, target),
                compute=compute,
                writes=(f"Review{number}",),
                assumes=target.role_arn(context, target.plan_role),
            )
        return
    for image in pipeline.images:
        yield Job(
            name=image.job,
            buildspec=buildspecs.image(pipeline, context, image),
            compute=compute.replace(size=image.size, architecture=image.architecture, image=None),
            image=image,
        )
    for number, promotion in enumerate(pipeline.promotions):
        target = promotion.environment
        plans = rights.artifact(number, 1).removesuffix("1") + "*"
        deploy = target.role_arn(context, target.deploy_role)
        arn = context.arn("codepipeline", pipeline_name(context, name))
        yield Job(
            name=f"plan-{target.key}",
            buildspec=buildspecs.plan(pipeline, context, promotion, pipeline_arn=arn),
            compute=compute,
            writes=(plans,),
            assumes=deploy,
            looks_at=arn,
        )
        yield Job(
            name=f"apply-{target.key}",
            buildspec=buildspecs.apply(pipeline, context, promotion),
            compute=compute,
            reads=(plans,),
            assumes=deploy,
        )
        yield Job(
            name=f"verify-{target.key}",
            buildspec=buildspecs.verify(pipeline, context, promotion),
            compute=compute,
            assumes=deploy,
        )


def _variable(name: str, value: str) -> CodebuildProjectEnvironmentEnvironmentVariable:
    """An environment variable of a build; a secret by where it is."""
    kind = "PLAINTEXT"
    service = secret_service(value)
    if service == "secretsmanager":
        kind = "SECRETS_MANAGER"
    elif service == "ssm":
        kind, path = "PARAMETER_STORE", value.partition(":parameter/")[2]
        value = f"/{path}" if "/" in path else path
    return CodebuildProjectEnvironmentEnvironmentVariable(name=name, value=value, type=kind)


def _stage(given: Stage) -> CodepipelineStage:
    entry = given.get("before_entry")
    return CodepipelineStage(
        name=given["name"],
        action=[CodepipelineStageAction(**each) for each in given["action"]],
        before_entry=None
        if entry is None
        else CodepipelineStageBeforeEntry(
            condition=CodepipelineStageBeforeEntryCondition(
                result=entry["condition"]["result"],
                rule=[_rule(each) for each in entry["condition"]["rule"]],
            )
        ),
    )


def _rule(given: dict[str, Any]) -> CodepipelineStageBeforeEntryConditionRule:
    kind = CodepipelineStageBeforeEntryConditionRuleRuleTypeId(**given["rule_type_id"])
    return CodepipelineStageBeforeEntryConditionRule(**{**given, "rule_type_id": kind})


def _trigger(given: dict[str, Any]) -> CodepipelineTrigger:
    git = dict(given["git_configuration"])
    if "push" in git:
        git["push"] = [
            CodepipelineTriggerGitConfigurationPush(
                branches=_given(CodepipelineTriggerGitConfigurationPushBranches, each, "branches"),
                file_paths=_given(
                    CodepipelineTriggerGitConfigurationPushFilePaths, each, "file_paths"
                ),
                tags=_given(CodepipelineTriggerGitConfigurationPushTags, each, "tags"),
            )
            for each in git["push"]
        ]
    if "pull_request" in git:
        git["pull_request"] = [
            CodepipelineTriggerGitConfigurationPullRequest(
                events=each["events"],
                branches=_given(
                    CodepipelineTriggerGitConfigurationPullRequestBranches, each, "branches"
                ),
                file_paths=_given(
                    CodepipelineTriggerGitConfigurationPullRequestFilePaths, each, "file_paths"
                ),
            )
            for each in git["pull_request"]
        ]
    return CodepipelineTrigger(
        provider_type=given["provider_type"],
        git_configuration=CodepipelineTriggerGitConfiguration(**git),
    )


def _given(block: Callable[..., B], filters: dict[str, Any], name: str) -> B | None:
    return block(**filters[name]) if name in filters else None
