"""A model monitor: the role of its analyzer, its job definition and its schedule."""

from __future__ import annotations

from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..model.artifact import located
from ..overriding import override
from . import names
from .construct import Surroundings, job_statements
from .jobs import ProcessingInput, ProcessingJob, ProcessingOutput
from .model_monitor import ModelMonitor

from cdktf_cdktf_provider_aws import sagemaker_data_quality_job_definition as definitions
from cdktf_cdktf_provider_aws import sagemaker_monitoring_schedule as schedules

_INPUT, _OUTPUT = "/opt/ml/processing/input/captured", "/opt/ml/processing/output"


class QualityMonitored(Construct):
    """A model monitor; `name` refers to its schedule."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: ModelMonitor,
        surroundings: Surroundings,
        reads: list[str],
    ) -> None:
        """`reads` is where what was captured lies."""
        super().__init__(scope, id)
        self._id, self._context, self._spec = id, context, spec
        self._around = around = surroundings.given(spec.existing)
        role = ExecutionRole(
            self,
            "analyze",
            context=context,
            name=names.quality_role(id),
            statements=self._statements(reads),
            given=spec.existing.execution_role,
        )
        definition = self._definition(role, reads)
        schedule = schedules.SagemakerMonitoringSchedule(
            self,
            "schedule",
            name=names.quality_schedule(context, id),
            monitoring_schedule_config=schedules.SagemakerMonitoringScheduleMonitoringScheduleConfig(
                monitoring_job_definition_name=definition.name,
                monitoring_type="DataQuality",
                schedule_config=(
                    schedules.SagemakerMonitoringScheduleMonitoringScheduleConfigScheduleConfig(
                        schedule_expression=spec.schedule
                    )
                ),
            ),
            depends_on=[*role.ready, *around.ways_out],
        )
        self.name: str = schedule.name
        override(spec, self)

    def _statements(self, reads: list[str]) -> list[Statement]:
        """What a processing job of the same data may, and metrics in the namespace of monitors."""
        spec, bucket = self._spec, self._around.artifact_bucket
        given = (spec.statistics, spec.constraints, spec.preprocessor, spec.postprocessor)
        held = [*reads, *(located(each, bucket) for each in given if each is not None)]
        job = ProcessingJob.model_construct(
            image=spec.image_uri(self._context),
            instance_type=spec.instance_type,
            inputs={
                str(number): ProcessingInput.model_construct(
                    uri=uri, local_path=None, distribution="FullyReplicated"
                )
                for number, uri in enumerate(held)
            },
            outputs={"report": ProcessingOutput()},
            environment={**spec.environment},
            vpc=spec.vpc,
        )
        folder = names.quality_folder(self._id)
        statements = job_statements(self._context, job, self._around, folder)
        if spec.publish_metrics:
            # AWS's pages name namespaces with and without a slash.
            like = {"cloudwatch:namespace": ["aws/sagemaker/*", "/aws/sagemaker/*"]}
            condition = {"StringLike": like}
            statements.append(
                allow("cloudwatch:PutMetricData", "*", sid="PublishQuality", conditions=condition)
            )
        return statements

    def _definition(
        self, role: ExecutionRole, reads: list[str]
    ) -> definitions.SagemakerDataQualityJobDefinition:
        context, spec, around = self._context, self._spec, self._around
        bucket, of = around.artifact_bucket, definitions
        key = None if spec.has_own_storage else around.own_key_arn
        output = f"s3://{bucket}/{names.quality_folder(self._id)}"
        cluster = of.SagemakerDataQualityJobDefinitionJobResourcesClusterConfig(
            instance_count=spec.instance_count,
            instance_type=spec.instance_type,
            volume_size_in_gb=spec.volume_size_gb,
            volume_kms_key_id=key,
        )
        network = of.SagemakerDataQualityJobDefinitionNetworkConfig(
            enable_network_isolation=not spec.publish_metrics,
            enable_inter_container_traffic_encryption=spec.instance_count > 1,
            vpc_config=of.SagemakerDataQualityJobDefinitionNetworkConfigVpcConfig(
                subnets=around.private_subnet_ids, security_group_ids=around.security_group_ids
            )
            if spec.vpc
            else None,
        )
        uris = {
            name: None if value is None else located(value, bucket)
            for name, value in (
                ("record_preprocessor_source_uri", spec.preprocessor),
                ("post_analytics_processor_source_uri", spec.postprocessor),
            )
        }
        return of.SagemakerDataQualityJobDefinition(
            self,
            "definition",
            name=spec.definition_name(context, self._id, role.name, around.suffix),
            role_arn=role.arn,
            data_quality_app_specification=(
                of.SagemakerDataQualityJobDefinitionDataQualityAppSpecification(
                    image_uri=spec.image_uri(context), environment=spec.variables, **uris
                )
            ),
            data_quality_baseline_config=(
                of.SagemakerDataQualityJobDefinitionDataQualityBaselineConfig(
                    statistics_resource=of.SagemakerDataQualityJobDefinitionDataQualityBaselineConfigStatisticsResource(
                        s3_uri=located(spec.statistics, bucket)
                    ),
                    constraints_resource=of.SagemakerDataQualityJobDefinitionDataQualityBaselineConfigConstraintsResource(
                        s3_uri=located(spec.constraints, bucket)
                    ),
                )
            ),
            data_quality_job_input=self._input(reads),
            data_quality_job_output_config=(
                of.SagemakerDataQualityJobDefinitionDataQualityJobOutputConfig(
                    kms_key_id=around.own_key_arn,
                    monitoring_outputs=of.SagemakerDataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputs(
                        s3_output=of.SagemakerDataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsS3Output(
                            s3_uri=output.rstrip("/"),
                            local_path=_OUTPUT,
                            s3_upload_mode="EndOfJob",
                        )
                    ),
                )
            ),
            job_resources=of.SagemakerDataQualityJobDefinitionJobResources(cluster_config=cluster),
            network_config=network,
            stopping_condition=of.SagemakerDataQualityJobDefinitionStoppingCondition(
                max_runtime_in_seconds=spec.max_runtime_seconds
            ),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=[*role.ready, *around.ways_out],
        )

    def _input(
        self, reads: list[str]
    ) -> definitions.SagemakerDataQualityJobDefinitionDataQualityJobInput:
        spec, of = self._spec, definitions
        if spec.endpoint is not None:
            watched = of.SagemakerDataQualityJobDefinitionDataQualityJobInputEndpointInput(
                endpoint_name=self._context.endpoint(spec.endpoint),
                local_path=_INPUT,
                s3_input_mode="File",
                s3_data_distribution_type="FullyReplicated",
            )
            return of.SagemakerDataQualityJobDefinitionDataQualityJobInput(endpoint_input=watched)
        assert spec.batch is not None
        prefix = "SagemakerDataQualityJobDefinitionDataQualityJobInputBatchTransformInput"
        form = getattr(of, f"{prefix}DatasetFormat")
        if spec.batch.format == "csv":
            kind = {"csv": getattr(of, f"{prefix}DatasetFormatCsv")(header=spec.batch.header)}
        else:
            kind = {"json": getattr(of, f"{prefix}DatasetFormatJson")(line=True)}
        (uri,) = reads
        return of.SagemakerDataQualityJobDefinitionDataQualityJobInput(
            batch_transform_input=getattr(of, prefix)(
                data_captured_destination_s3_uri=uri,
                dataset_format=form(**kind),
                local_path=_INPUT,
                s3_input_mode="File",
                s3_data_distribution_type="FullyReplicated",
            )
        )
