"""An environment of Airflow: its bucket and files, its role, logs and security group."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..outputs import NetworkOutputs
from ..overriding import override
from ..protect import lifecycle
from ..s3.construct import Bucket
from ..s3.spec import ArtifactBucket
from ..training.names import machine_name
from ..training.pipeline import pipeline_name
from ..vpc.egress import allow_https
from . import names as named
from .dags import dag_text, file_name
from .spec import AirflowEnvironment
from .starts import PipelineRun

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.mwaa_environment import (
    MwaaEnvironment,
    MwaaEnvironmentLoggingConfiguration,
    MwaaEnvironmentLoggingConfigurationDagProcessingLogs,
    MwaaEnvironmentLoggingConfigurationSchedulerLogs,
    MwaaEnvironmentLoggingConfigurationTaskLogs,
    MwaaEnvironmentLoggingConfigurationWebserverLogs,
    MwaaEnvironmentLoggingConfigurationWorkerLogs,
    MwaaEnvironmentNetworkConfiguration,
)
from cdktf_cdktf_provider_aws.s3_object import S3Object
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

_DAGS = f"{named.FOLDER}dags"

_LOGS: dict[str, Any] = {
    "dag_processing_logs": MwaaEnvironmentLoggingConfigurationDagProcessingLogs,
    "scheduler_logs": MwaaEnvironmentLoggingConfigurationSchedulerLogs,
    "task_logs": MwaaEnvironmentLoggingConfigurationTaskLogs,
    "webserver_logs": MwaaEnvironmentLoggingConfigurationWebserverLogs,
    "worker_logs": MwaaEnvironmentLoggingConfigurationWorkerLogs,
}


class Airflow(Construct):
    """One environment. `name` and `arn` are known without state; `bucket` holds its files, `role` is
    what Airflow and its tasks act as, and `webserver_url` is where people sign in."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: AirflowEnvironment,
        network: NetworkOutputs,
        subnet_ids: Sequence[str],
        kms_key_arn: str,
        leads_out: bool,
    ) -> None:
        """`subnet_ids` are two private subnets of `network`; `leads_out` says whether they may have a way
        to the internet."""
        super().__init__(scope, id)
        self._id, self._context, self._spec = id, context, spec
        self._network, self._leads_out = network, leads_out
        self._subnet_ids = subnet_ids
        self._key = spec.existing.kms_key or kms_key_arn
        self.name = named.environment_name(context, id)
        self.arn = named.environment_arn(context, id)
        self.bucket = Bucket(
            self,
            "bucket",
            context=context,
            spec=ArtifactBucket(),
            kms_key_arn=self._key,
            name=named.files_bucket(id),
        )
        self._files = Construct(self, "files")
        self._dags()
        self.role = ExecutionRole(
            self,
            "execution",
            context=context,
            name=named.execution_role(id),
            statements=self._statements(),
            service="airflow.amazonaws.com",
            also="airflow-env.amazonaws.com",
            given=spec.existing.execution_role,
        )
        logs = [
            CloudwatchLogGroup(
                self,
                log.replace("_", "-"),
                name=named.log_group(context, id, log),
                retention_in_days=spec.log_retention_days,
                kms_key_id=self._key,
            )
            for log in named.LOGS
        ]
        groups, ways = self._groups()
        ready = [*self.role.ready, *logs, *ways, *self.bucket.ready]
        self.webserver_url: str = self._environment(groups, ready).webserver_url
        override(spec, self)

    # Files

    def _dags(self) -> None:
        """DAGs are taken from the folder within a minute, without a change of the environment."""
        written = {
            file_name(name): dag_text(self._context, name, each)
            for name, each in self._spec.training_dags.items()
        }
        folder = Construct(self._files, "dags")
        for path, text in {**self._spec.dags, **written}.items():
            self._object(folder, path.replace("/", ":"), f"{_DAGS}/{path}", content=text)

    def _object(self, scope: Construct, id: str, key: str, **content: Any) -> S3Object:
        return S3Object(
            scope,
            id,
            bucket=self.bucket.name,
            key=key,
            kms_key_id=self._key,
            depends_on=self.bucket.ready,
            **content,
        )

    def _versioned(self) -> dict[str, Any]:
        """The files that MWAA takes by their version: it is known once the object is written."""
        spec, given = self._spec, {}
        for name, file, content in (
            ("requirements", "requirements.txt", {"content": spec.requirements}),
            ("startup_script", "startup.sh", {"content": spec.startup_script}),
            (
                "plugins",
                "plugins.zip",
                {
                    "content_base64": base64.b64encode(spec.plugins_zip).decode()
                    if spec.plugins
                    else None
                },
            ),
        ):
            held = {key: text for key, text in content.items() if text is not None}
            if held:
                made = self._object(
                    self._files, name.replace("_", "-"), f"{named.FOLDER}{file}", **held
                )
                given[f"{name}_s3_path"] = made.key
                given[f"{name}_s3_object_version"] = made.version_id
        return given

    # Rights

    def _statements(self) -> Iterator[Statement]:
        """What MWAA does with the role, and what the DAGs of Inferform start. More is given by
        `permissions`.

        Source: Amazon MWAA user guide, execution role, sample policy for a customer-managed key."""
        context = self._context
        yield allow("airflow:PublishMetrics", self.arn, sid="PublishMetrics")
        yield allow(
            ["s3:GetBucket*", "s3:GetObject*", "s3:List*"],
            [self.bucket.arn, f"{self.bucket.arn}/*"],
            sid="ReadFiles",
        )
        # None of these takes a resource.
        yield allow(
            ["logs:DescribeLogGroups", "s3:GetAccountPublicAccessBlock"], "*", sid="ReadAccount"
        )
        yield allow(
            [
                *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:GetLogEvents"),
                *("logs:GetLogGroupFields", "logs:GetLogRecord", "logs:GetQueryResults"),
                "logs:PutLogEvents",
            ],
            context.arn("logs", f"log-group:airflow-{self.name}-*"),
            sid="WriteLogs",
        )
        yield allow("cloudwatch:PutMetricData", "*", sid="WriteMetrics")
        # The queue is in an account of AWS's, which nobody knows before.
        yield allow(
            [
                *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                *("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"),
            ],
            f"arn:{context.partition}:sqs:{context.region}:*:airflow-celery-*",
            sid="QueueTasks",
        )
        through = [f"{each}.{context.region}.{context.dns_suffix}" for each in ("s3", "sqs")]
        yield allow(
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"],
            self._key,
            sid="UseKey",
            conditions={"StringLike": {"kms:ViaService": through}},
        )
        yield from self._starts()

    def _starts(self) -> Iterator[Statement]:
        context = self._context
        runs = [run for dag in self._spec.training_dags.values() for run in dag.runs.values()]
        for run in runs:
            if isinstance(run, PipelineRun):
                # SageMaker writes the name in small letters.
                arn = context.arn(
                    "sagemaker", f"pipeline/{pipeline_name(context, run.pipeline).lower()}"
                )
                yield allow("sagemaker:StartPipelineExecution", arn, sid="StartPipelines")
                yield allow(
                    "sagemaker:DescribePipelineExecution",
                    f"{arn}/execution/*",
                    sid="WaitForPipelines",
                )
            else:
                name = machine_name(context, run.retraining)
                machine = context.arn("states", f"stateMachine:{name}")
                yield allow("states:StartExecution", machine, sid="StartRetrainings")
                yield allow(
                    "states:DescribeExecution",
                    context.arn("states", f"execution:{name}:*"),
                    sid="WaitForRetrainings",
                )

    # Network

    def _groups(self) -> tuple[list[str], list[ITerraformDependable]]:
        """The security group of all parts of the environment, which talk to each other by it."""
        if self._spec.existing.security_groups:
            return [*self._spec.existing.security_groups], []
        name = named.security_group(self._context, self._id)
        group = SecurityGroup(
            self,
            "group",
            name=name,
            description="Airflow: its own parts, and HTTPS out",
            vpc_id=self._network.vpc_id,
            tags={"Name": name},
        )
        among: dict[str, Any] = {
            "security_group_id": group.id,
            "referenced_security_group_id": group.id,
            "description": "Parts of the environment",
            "ip_protocol": "-1",
        }
        ways = [
            VpcSecurityGroupIngressRule(self, "among-in", **among),
            VpcSecurityGroupEgressRule(self, "among-out", **among),
            *allow_https(
                self,
                "to",
                security_group_id=group.id,
                network=self._network,
                cidrs=self._spec.egress_cidrs or (),
                anywhere=self._spec.egress_cidrs is None and self._leads_out,
            ),
        ]
        return [group.id], ways

    def _environment(self, groups: list[str], ready: list[ITerraformDependable]) -> MwaaEnvironment:
        spec = self._spec
        return MwaaEnvironment(
            self,
            "environment",
            name=self.name,
            airflow_version=spec.airflow_version,
            environment_class=spec.environment_class,
            source_bucket_arn=self.bucket.arn,
            dag_s3_path=_DAGS,
            execution_role_arn=self.role.arn,
            kms_key=self._key,
            min_workers=spec.capacity.min_workers,
            max_workers=spec.capacity.max_workers,
            schedulers=spec.schedulers,
            min_webservers=spec.min_webservers,
            max_webservers=spec.max_webservers,
            webserver_access_mode=spec.webserver_access,
            weekly_maintenance_window_start=spec.maintenance_window,
            airflow_configuration_options=dict(sorted(spec.configuration.items())) or None,
            network_configuration=MwaaEnvironmentNetworkConfiguration(
                subnet_ids=[*spec.existing.subnets] or self._subnet_ids, security_group_ids=groups
            ),
            logging_configuration=MwaaEnvironmentLoggingConfiguration(
                **{
                    log: block(
                        enabled=True, log_level=spec.log_level if log == "task_logs" else "WARNING"
                    )
                    for log, block in _LOGS.items()
                }
            ),
            lifecycle=lifecycle(self._context),
            depends_on=ready,
            **self._versioned(),
        )
