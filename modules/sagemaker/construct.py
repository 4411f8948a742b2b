"""SageMaker real-time endpoints.

Models and endpoint configurations cannot be changed, so their names carry a hash of what they
hold and the new one is made before the old one goes. The endpoint keeps its name and is updated
in place.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement
from ..names import short_hash
from ..scaling.construct import ScalableTarget
from ..scaling.kinds import REALTIME
from . import grants
from .instances import instance_types
from .spec import DataCapture, Model, RealtimeEndpoint

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
    SagemakerEndpointConfiguration,
    SagemakerEndpointConfigurationDataCaptureConfig,
    SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions,
    SagemakerEndpointConfigurationProductionVariants,
)
from cdktf_cdktf_provider_aws.sagemaker_model import (
    SagemakerModel,
    SagemakerModelPrimaryContainer,
    SagemakerModelPrimaryContainerModelDataSource,
    SagemakerModelPrimaryContainerModelDataSourceS3DataSource,
    SagemakerModelVpcConfig,
)

# What a hashed name needs beside its base: two hyphens and two hashes of eight.
_HASHES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The references that endpoints of one layer share."""

    subnet_ids: list[str]
    security_group_ids: list[str]
    kms_key_arn: str
    artifact_bucket: str
    suffix: str
    """A Terraform expression: eight characters that change when any reference does, so that
    names of immutable resources change with what they hold."""


class Endpoint(Construct):
    """A real-time endpoint with its model, endpoint configuration, role, logs and scaling."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: RealtimeEndpoint,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id)
        self._id = id
        self._context = context
        self._spec = spec
        self._around = surroundings
        self.name = context.name(id)
        self.arn = context.arn("sagemaker", f"endpoint/{self.name}")
        self._base = context.name(id, limit=63 - _HASHES)
        self._log_group = f"/aws/sagemaker/Endpoints/{self.name}"
        logs = CloudwatchLogGroup(
            self,
            "logs",
            name=self._log_group,
            retention_in_days=spec.log_retention_days,
            kms_key_id=surroundings.kms_key_arn,
        )
        role = ExecutionRole(
            self, "execution", context=context, name=id, statements=self._statements()
        )
        model, model_hash = self._model(spec.model, role)
        configuration = self._configuration(model, model_hash)
        endpoint = SagemakerEndpoint(
            self,
            "endpoint",
            name=self.name,
            endpoint_config_name=configuration.name,
            depends_on=[logs],
        )
        if spec.scaling is not None:
            ScalableTarget(
                self,
                "scaling",
                name=self.name,
                spec=spec.scaling,
                resource_id=f"endpoint/{endpoint.name}/variant/{spec.variant}",
                kind=REALTIME,
                dimensions={"EndpointName": endpoint.name, "VariantName": spec.variant},
                instance_type=spec.instance_type,
            )

    @property
    def _capture_uri(self) -> str | None:
        capture = self._spec.data_capture
        if capture is None:
            return None
        return capture.destination or (
            f"s3://{self._around.artifact_bucket}/data-capture/{self._id}"
        )

    def _statements(self) -> list[Statement]:
        spec, context, key = self._spec, self._context, self._around.kms_key_arn
        statements = grants.pull(context, spec.model.image_uri(context))
        artifact = spec.model.artifact_uri(self._around.artifact_bucket)
        if artifact:
            statements += grants.read_artifact(context, artifact, key)
        if self._capture_uri:
            statements += grants.write_objects(context, self._capture_uri, key, "CaptureData")
        statements += grants.log_and_measure(context, self._log_group)
        if spec.vpc:
            statements += grants.attach_to_vpc(context)
        return statements

    def _model(self, spec: Model, role: ExecutionRole) -> tuple[SagemakerModel, str]:
        image = spec.image_uri(self._context)
        artifact = spec.artifact_uri(self._around.artifact_bucket)
        is_prefix = bool(artifact) and str(artifact).endswith("/")
        content = {
            "image": image,
            "artifact": artifact,
            "environment": spec.environment,
            "isolated": spec.isolated,
            "vpc": self._spec.vpc,
            "role": role.name,
        }
        digest = short_hash(content)
        model = SagemakerModel(
            self,
            "model",
            name=f"{self._base}-{digest}-{self._around.suffix}",
            execution_role_arn=role.arn,
            enable_network_isolation=spec.isolated,
            primary_container=SagemakerModelPrimaryContainer(
                image=image,
                model_data_url=None if is_prefix else artifact,
                model_data_source=_uncompressed(str(artifact)) if is_prefix else None,
                environment=spec.environment or None,
            ),
            vpc_config=SagemakerModelVpcConfig(
                subnets=self._around.subnet_ids,
                security_group_ids=self._around.security_group_ids,
            )
            if self._spec.vpc
            else None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=[role.ready],
        )
        return model, digest

    def _configuration(
        self, model: SagemakerModel, model_hash: str
    ) -> SagemakerEndpointConfiguration:
        spec = self._spec
        # AWS refuses a key for instance types whose local storage encrypts itself.
        has_own_storage = bool(instance_types()[spec.instance_type].local_gb)
        content = {
            "model": model_hash,
            "variant": spec.variant,
            "instance_type": spec.instance_type,
            "count": spec.initial_count,
            "volume": spec.volume_size_gb,
            "startup": spec.startup_timeout_seconds,
            "download": spec.download_timeout_seconds,
            "capture": [self._capture_uri, spec.data_capture and spec.data_capture.model_dump()],
        }
        return SagemakerEndpointConfiguration(
            self,
            "configuration",
            name=f"{self._base}-{short_hash(content)}-{self._around.suffix}",
            kms_key_arn=None if has_own_storage else self._around.kms_key_arn,
            production_variants=[
                SagemakerEndpointConfigurationProductionVariants(
                    variant_name=spec.variant,
                    model_name=model.name,
                    instance_type=spec.instance_type,
                    initial_instance_count=spec.initial_count,
                    initial_variant_weight=1,
                    volume_size_in_gb=spec.volume_size_gb,
                    container_startup_health_check_timeout_in_seconds=spec.startup_timeout_seconds,
                    model_data_download_timeout_in_seconds=spec.download_timeout_seconds,
                )
            ],
            data_capture_config=self._capture(spec.data_capture) if spec.data_capture else None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _capture(self, spec: DataCapture) -> SagemakerEndpointConfigurationDataCaptureConfig:
        return SagemakerEndpointConfigurationDataCaptureConfig(
            enable_capture=True,
            initial_sampling_percentage=spec.sampling_percent,
            destination_s3_uri=str(self._capture_uri),
            kms_key_id=self._around.kms_key_arn,
            capture_options=[
                SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions(capture_mode=mode)
                for mode in spec.modes
            ],
        )


def _uncompressed(uri: str) -> SagemakerModelPrimaryContainerModelDataSource:
    return SagemakerModelPrimaryContainerModelDataSource(
        s3_data_source=[
            SagemakerModelPrimaryContainerModelDataSourceS3DataSource(
                s3_uri=uri, s3_data_type="S3Prefix", compression_type="None"
            )
        ]
    )
