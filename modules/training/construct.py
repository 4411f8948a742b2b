"""A retraining: the roles of its jobs, its state machine, what starts it, and who is notified."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..existing import Existing
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..model.artifact import located
from ..names import jobs_of
from ..overriding import override
from ..s3_uri import bucket_and_key
from ..sagemaker.starts import Starts, watch_executions
from ..sagemaker.triggers import OnSchedule, OnUpload, event_of, keyed
from . import machine, names
from .drift import MEASURE, NAMESPACE, REPORT, DriftMonitor
from .jobs import Job, ProcessingJob, TrainingJob, Tuning
from .workflow import Retraining

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
)

# How Step Functions learns that a job of each kind has ended, and what it does with one.
_JOBS: Mapping[str, tuple[str, str]] = {
    "training": ("TrainingJob", "StepFunctionsGetEventsForSageMakerTrainingJobsRule"),
    "processing": ("ProcessingJob", "StepFunctionsGetEventsForSageMakerProcessingJobsRule"),
    "tuning": ("HyperParameterTuningJob", "StepFunctionsGetEventsForSageMakerTuningJobsRule"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The references that what trains shares in its layer."""

    subnet_ids: list[str]
    security_group_ids: list[str]
    ways_out: list[ITerraformDependable]
    kms_key_arn: str
    artifact_bucket: str
    layer: str
    private_subnet_ids: list[str] = field(default_factory=list)
    """The subnets once more, as arguments of a resource take them."""

    suffix: str = ""
    """A Terraform expression: eight characters that change when any reference does."""

    given_key_arn: str | None = None

    @property
    def own_key_arn(self) -> str:
        """The key of volumes, logs and what is written."""
        return self.given_key_arn or self.kms_key_arn

    def given(self, existing: Existing) -> Surroundings:
        """The surroundings of one service with what somebody else made for it."""
        made = replace(self, given_key_arn=existing.kms_key)
        if existing.subnets:
            given = [*existing.subnets]
            made = replace(made, subnet_ids=given, private_subnet_ids=given)
        if existing.security_groups:
            made = replace(made, security_group_ids=[*existing.security_groups], ways_out=[])
        return made


def job_statements(
    context: Context, job: Job, around: Surroundings, folder: str, more_reads: Iterable[str] = ()
) -> list[Statement]:
    """What the containers of a job, and SageMaker for them, do: read their data, write below `folder` of
    the artifact bucket and where the job says, and log."""
    bucket, key = around.artifact_bucket, around.kms_key_arn
    assert isinstance(job, TrainingJob | ProcessingJob)
    statements = grants.pull(context, job.image_uri(context))
    statements += grants.read_secrets(job.variables.values())
    own = f"s3://{bucket}/{folder}"
    if isinstance(job, TrainingJob):
        reads = [each.uri for each in job.channels.values()]
        writes: list[str] = []
        kept = job.spot.checkpoints if job.spot else None
        if kept and isinstance(kept.uri, str):
            writes.append(kept.uri)
        logs = "/aws/sagemaker/TrainingJobs"
    else:
        reads = [each.uri for each in job.inputs.values()]
        writes = [each.uri for each in job.outputs.values() if isinstance(each.uri, str)]
        logs = "/aws/sagemaker/ProcessingJobs"
    places = [own, *(located(each, bucket) for each in writes)]
    # What earlier steps and interrupted trainings left there is read, too.
    for uri in [*(located(e, bucket) for e in reads if isinstance(e, str)), *more_reads, *places]:
        statements += grants.read_artifact(context, _beginning(uri), key)
    for uri in places:
        statements += grants.write_objects(context, uri, around.own_key_arn, "WriteResults")
    statements.append(
        allow(["kms:CreateGrant", "kms:DescribeKey"], around.own_key_arn, sid="EncryptVolumes")
    )
    statements += grants.log_and_measure(context, logs)
    if job.vpc:
        statements += grants.attach_to_vpc(context)
    return statements


def _beginning(uri: str) -> str:
    """The prefix of what SageMaker reads by an S3 URI: all keys that begin with it."""
    last = uri.rpartition("/")[2]
    return uri if not last or "." in last else f"{uri}*"


def run_jobs(
    context: Context, kind: str, name: str, roles: Iterable[str], key: str
) -> list[Statement]:
    """What Step Functions does with jobs of a kind whose names begin with `name`: start them with their
    roles, and wait.

    AWS Step Functions developer guide, create and manage Amazon SageMaker AI jobs; the events are
    asked for when the state machine is made.
    """
    job, rule = _JOBS[kind]
    resource = {
        "training": "training-job",
        "processing": "processing-job",
        "tuning": "hyper-parameter-tuning-job",
    }[kind]
    statements = [
        allow(
            [
                "sagemaker:AddTags",
                f"sagemaker:Create{job}",
                f"sagemaker:Describe{job}",
                "sagemaker:ListTags",
                f"sagemaker:Stop{job}",
            ],
            context.arn("sagemaker", f"{resource}/{jobs_of(name)}"),
            sid=f"Run{job}s",
        ),
        allow(
            ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
            context.arn("events", f"rule/{rule}"),
            sid="WaitForJobs",
        ),
        allow(
            "iam:PassRole",
            sorted(roles),
            sid="GiveRoles",
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(["kms:CreateGrant", "kms:DescribeKey"], key, sid="EncryptJobs"),
    ]
    if kind == "tuning":
        statements.append(
            allow(
                [f"sagemaker:{verb}TrainingJob" for verb in ("Create", "Describe", "Stop")],
                # SageMaker adds a number and letters of its own.
                context.arn("sagemaker", f"training-job/{jobs_of(name)}-*"),
                sid="RunTunedJobs",
            )
        )
    return statements


class Machine(Construct):
    """A state machine with its log, the role of its steps, and the alarm on executions that fail."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        definition: str,
        role: str,
        statements: Iterable[Statement],
        retention_days: int,
        kms_key_arn: str,
        alarm: str | None,
        topic: str | None,
        waits_for: Iterable[ITerraformDependable],
    ) -> None:
        super().__init__(scope, id)
        logs = CloudwatchLogGroup(
            self,
            "logs",
            name=names.log_group(name),
            retention_in_days=retention_days,
            kms_key_id=kms_key_arn,
        )
        steps = ExecutionRole(
            self,
            "steps",
            context=context,
            name=role,
            service="states.amazonaws.com",
            statements=statements,
        )
        self.arn: str = SfnStateMachine(
            self,
            "machine",
            name=name,
            role_arn=steps.arn,
            definition=definition,
            logging_configuration=SfnStateMachineLoggingConfiguration(
                level="ERROR", include_execution_data=False, log_destination=f"{logs.arn}:*"
            ),
            depends_on=[*steps.ready, *waits_for],
        ).arn
        if alarm is not None:
            watch_executions(self, context=context, name=name, alarm=alarm, topic=topic)


class Retrained(Construct):
    """A retraining; `arn` refers to its state machine."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Retraining,
        surroundings: Surroundings,
        drift_alarms: Mapping[str, list[str]],
    ) -> None:
        """`drift_alarms` are the names of the alarms of each drift monitor."""
        super().__init__(scope, id)
        self._id, self._context, self._spec = id, context, spec
        self._around = around = surroundings.given(spec.existing)
        self._drift_alarms = drift_alarms
        bucket = around.artifact_bucket
        self.roles = {
            step: ExecutionRole(
                self,
                step,
                context=context,
                name=names.step_role(id, step),
                statements=job_statements(
                    context, job, around, names.folder(id), self._outputs_of_prepare()
                ),
            )
            for step, job in spec.jobs.items()
        }
        # Known without state, so that a plan of something new knows its definition.
        self._role_arns: dict[str, str] = {
            step: context.own_role_arn(role.name) for step, role in self.roles.items()
        }
        definition = machine.definition(
            spec,
            id,
            machine.Around(
                context=context,
                bucket=bucket,
                kms_key_arn=around.own_key_arn,
                subnet_ids=around.subnet_ids,
                security_group_ids=around.security_group_ids,
                roles=self._role_arns,
                tags={**context.default_tags(around.layer), **spec.tags},
            ),
        )
        made = Machine(
            self,
            "machine",
            context=context,
            name=names.machine_name(context, id),
            definition=json.dumps(definition),
            role=names.machine_role(id, "steps"),
            statements=self._step_statements(),
            retention_days=spec.log_retention_days,
            kms_key_arn=around.own_key_arn,
            alarm=names.failed_alarm(context, id) if spec.alarm_on_failure else None,
            topic=spec.notify,
            waits_for=[
                *(each for role in self.roles.values() for each in role.ready),
                *around.ways_out,
            ],
        )
        self.arn = made.arn
        self._start()
        override(spec, self)

    def _outputs_of_prepare(self) -> list[str]:
        """Where `prepare` writes that is not below the retraining's own folder."""
        outputs = self._spec.prepare.outputs.values() if self._spec.prepare else ()
        given = (each.uri for each in outputs)
        return [located(e, self._around.artifact_bucket) for e in given if isinstance(e, str)]

    def _step_statements(self) -> list[Statement]:
        context, spec, key = self._context, self._spec, self._around.own_key_arn
        statements: list[Statement] = []
        for step in spec.jobs:
            role = self._role_arns[step]
            if step == "train" and isinstance(spec.train, Tuning):
                name = names.job_name(context, self._id, "tune", 32)
                statements += run_jobs(context, "tuning", name, [role], key)
                continue
            kind = "training" if step == "train" else "processing"
            name = names.job_name(context, self._id, step)
            statements += run_jobs(context, kind, name, [role], key)
        if spec.evaluate is not None:
            report = (
                f"{names.folder(self._id)}*/evaluate/{spec.evaluate.output}/{spec.evaluate.file}"
            )
            statements += [
                allow(
                    "s3:GetObject",
                    f"arn:{context.partition}:s3:::{self._around.artifact_bucket}/{report}",
                    sid="ReadReport",
                ),
                allow("kms:Decrypt", key, sid="DecryptReport"),
            ]
        if spec.registers is not None:
            group = machine.group_name(context, spec.registers)
            arn = (
                group
                if group.startswith("arn:")
                else context.arn("sagemaker", f"model-package-group/{group}")
            )
            versions = arn.replace(":model-package-group/", ":model-package/")
            statements.append(
                allow(
                    "sagemaker:CreateModelPackage", [arn, f"{versions}/*"], sid="RegisterVersions"
                )
            )
        if spec.notify is not None:
            statements += grants.publish([spec.notify])
        return [*statements, grants.DELIVER_LOGS]

    def _start(self) -> None:
        context, short = self._context, self._id
        if not self._spec.triggers:
            return
        starts = Starts(
            self,
            "starts",
            context=context,
            arn=self.arn,
            own_arn=names.machine_arn(context, short),
            delivery=self._spec.delivery,
        )
        for key, trigger in keyed(self._spec.triggers).items():
            name, queue = (
                names.trigger_name(context, short, key),
                names.undelivered(context, short, key),
            )
            if isinstance(trigger, OnSchedule):
                starts.schedule(
                    key,
                    name=name,
                    role=names.machine_role(short, "schedule"),
                    queue=queue,
                    expression=trigger.spread(name),
                    timezone=trigger.timezone,
                )
                continue
            pattern, why = event_of(
                context, trigger, watched=self._watched, drift_alarms=self._drift_alarms
            )
            role = names.machine_role(short, "start")
            starts.rule(key, name=name, role=role, queue=queue, pattern=pattern, why=why)

    def _watched(self, trigger: OnUpload) -> str:
        return located(str(trigger.prefix), self._around.artifact_bucket)


class Monitored(Construct):
    """A drift monitor; `arn` refers to its state machine."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: DriftMonitor,
        surroundings: Surroundings,
        captured: str,
    ) -> None:
        """`captured` is where the captures of the endpoint lie."""
        super().__init__(scope, id)
        around = surroundings.given(spec.existing)
        key, name = around.own_key_arn, names.monitor_name(context, id)
        folder, job = names.monitor_folder(id), spec.job_on(captured)
        role = ExecutionRole(
            self,
            MEASURE,
            context=context,
            name=names.monitor_role(id, MEASURE),
            statements=job_statements(context, job, around, folder),
        )
        role_arn = context.own_role_arn(role.name)
        endpoint = context.endpoint(spec.endpoint)
        definition = machine.monitor_definition(
            spec,
            id,
            machine.Around(
                context=context,
                bucket=around.artifact_bucket,
                kms_key_arn=key,
                subnet_ids=around.subnet_ids,
                security_group_ids=around.security_group_ids,
                roles={MEASURE: role_arn},
                tags={**context.default_tags(around.layer), **spec.tags},
            ),
            captured=captured,
            endpoint=endpoint,
        )
        report = (
            f"arn:{context.partition}:s3:::{around.artifact_bucket}/{folder}*/{MEASURE}/{REPORT}"
        )
        bucket, prefix = bucket_and_key(captured)
        statements = [
            *run_jobs(context, "processing", names.job_name(context, id, MEASURE), [role_arn], key),
            allow(
                "s3:ListBucket",
                f"arn:{context.partition}:s3:::{bucket}",
                sid="LookForCaptures",
                conditions={"StringEquals": {"s3:prefix": prefix}},
            ),
            allow("s3:GetObject", f"{report}/report.json", sid="ReadReport"),
            allow("kms:Decrypt", key, sid="DecryptReport"),
            allow(
                "cloudwatch:PutMetricData",
                "*",
                sid="PublishDrift",
                conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
            ),
            *(grants.publish([spec.notify]) if spec.notify else []),
            grants.DELIVER_LOGS,
        ]
        if spec.then is not None and spec.thresholds:
            retraining = names.machine_arn(context, spec.then)
            statements.append(allow("states:StartExecution", retraining, sid="Retrain"))
        made = Machine(
            self,
            "machine",
            context=context,
            name=name,
            definition=json.dumps(definition),
            role=names.monitor_role(id, "steps"),
            statements=statements,
            retention_days=spec.log_retention_days,
            kms_key_arn=key,
            alarm=names.monitor_failed(context, id),
            topic=spec.notify,
            waits_for=[*role.ready, *around.ways_out],
        )
        self.arn = made.arn
        starts = Starts(
            self,
            "starts",
            context=context,
            arn=made.arn,
            own_arn=context.arn("states", f"stateMachine:{name}"),
            delivery=spec.delivery,
        )
        starts.schedule(
            "schedule",
            name=names.monitor_schedule(context, id),
            role=names.monitor_role(id, "schedule"),
            queue=names.monitor_undelivered(context, id),
            expression=spec.schedule.spread(name),
            timezone=spec.schedule.timezone,
        )
        for metric, alarm in spec.alarms(context, id).items():
            CloudwatchMetricAlarm(
                self,
                f"alarm-{metric}",
                alarm_name=alarm,
                alarm_description=f"{metric} of {endpoint} above {spec.thresholds[metric]:g}",
                namespace=NAMESPACE,
                metric_name=metric,
                dimensions={"Endpoint": endpoint, "Monitor": id},
                statistic="Maximum",
                period=3600,
                evaluation_periods=1,
                threshold=spec.thresholds[metric],
                comparison_operator="GreaterThanThreshold",
                # No data in a window is no verdict.
                treat_missing_data="notBreaching",
                alarm_actions=[spec.notify] if spec.notify else None,
            )
        override(spec, self)
