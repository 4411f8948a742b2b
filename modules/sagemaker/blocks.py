"""The blocks of models and endpoint configurations, made from their content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..content import Content

from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
    SagemakerEndpointConfigurationAsyncInferenceConfig,
    SagemakerEndpointConfigurationAsyncInferenceConfigClientConfig,
    SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfig,
    SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfigNotificationConfig,
    SagemakerEndpointConfigurationDataCaptureConfig,
    SagemakerEndpointConfigurationDataCaptureConfigCaptureContentTypeHeader,
    SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions,
    SagemakerEndpointConfigurationProductionVariants,
    SagemakerEndpointConfigurationProductionVariantsCoreDumpConfig,
    SagemakerEndpointConfigurationProductionVariantsManagedInstanceScaling,
    SagemakerEndpointConfigurationProductionVariantsRoutingConfig,
    SagemakerEndpointConfigurationProductionVariantsServerlessConfig,
    SagemakerEndpointConfigurationShadowProductionVariants,
    SagemakerEndpointConfigurationShadowProductionVariantsCoreDumpConfig,
    SagemakerEndpointConfigurationShadowProductionVariantsManagedInstanceScaling,
    SagemakerEndpointConfigurationShadowProductionVariantsRoutingConfig,
    SagemakerEndpointConfigurationShadowProductionVariantsServerlessConfig,
)
from cdktf_cdktf_provider_aws.sagemaker_model import (
    SagemakerModelContainer,
    SagemakerModelContainerModelDataSource,
    SagemakerModelContainerModelDataSourceS3DataSource,
    SagemakerModelContainerModelDataSourceS3DataSourceModelAccessConfig,
    SagemakerModelContainerMultiModelConfig,
    SagemakerModelPrimaryContainer,
    SagemakerModelPrimaryContainerModelDataSource,
    SagemakerModelPrimaryContainerModelDataSourceS3DataSource,
    SagemakerModelPrimaryContainerModelDataSourceS3DataSourceModelAccessConfig,
    SagemakerModelPrimaryContainerMultiModelConfig,
)

_Block = Callable[..., Any]


def _made(block: _Block, content: Content | None) -> Any:
    """The block, or None where there is no content."""
    return None if content is None else block(**content)


@dataclass(frozen=True, slots=True)
class _ContainerBlocks:
    """The classes of one of the two places where a model holds containers."""

    container: _Block
    multi_model: _Block
    source: _Block
    objects: _Block
    access: _Block

    def __call__(self, content: Content) -> Any:
        """The block of one container."""
        source = content.get("model_data_source")
        return self.container(
            **{
                **content,
                "multi_model_config": _made(self.multi_model, content.get("multi_model_config")),
                "model_data_source": source
                and self.source(
                    s3_data_source=[self._objects(each) for each in source["s3_data_source"]]
                ),
            }
        )

    def _objects(self, content: Content) -> Any:
        access = _made(self.access, content["model_access_config"])
        return self.objects(**{**content, "model_access_config": access})


primary_container = _ContainerBlocks(
    SagemakerModelPrimaryContainer,
    SagemakerModelPrimaryContainerMultiModelConfig,
    SagemakerModelPrimaryContainerModelDataSource,
    SagemakerModelPrimaryContainerModelDataSourceS3DataSource,
    SagemakerModelPrimaryContainerModelDataSourceS3DataSourceModelAccessConfig,
)
one_of_several = _ContainerBlocks(
    SagemakerModelContainer,
    SagemakerModelContainerMultiModelConfig,
    SagemakerModelContainerModelDataSource,
    SagemakerModelContainerModelDataSourceS3DataSource,
    SagemakerModelContainerModelDataSourceS3DataSourceModelAccessConfig,
)


@dataclass(frozen=True, slots=True)
class _VariantBlocks:
    """The classes of one of the two places where a configuration holds variants."""

    variant: _Block
    serverless: _Block
    routing: _Block
    core_dumps: _Block
    managed: _Block

    def __call__(self, content: Content, *, model: str | None, kms_key_arn: str) -> Any:
        """The block of one variant."""
        dumps, routing = content.get("core_dump_config"), content.get("routing_config")
        return self.variant(
            **{
                **content,
                "model_name": model,
                "serverless_config": _made(self.serverless, content.get("serverless_config")),
                "routing_config": routing and [self.routing(**each) for each in routing],
                "core_dump_config": dumps
                and self.core_dumps(**{**dumps, "kms_key_id": kms_key_arn}),
                "managed_instance_scaling": _made(
                    self.managed, content.get("managed_instance_scaling")
                ),
            }
        )


production_variant = _VariantBlocks(
    SagemakerEndpointConfigurationProductionVariants,
    SagemakerEndpointConfigurationProductionVariantsServerlessConfig,
    SagemakerEndpointConfigurationProductionVariantsRoutingConfig,
    SagemakerEndpointConfigurationProductionVariantsCoreDumpConfig,
    SagemakerEndpointConfigurationProductionVariantsManagedInstanceScaling,
)
shadow_variant = _VariantBlocks(
    SagemakerEndpointConfigurationShadowProductionVariants,
    SagemakerEndpointConfigurationShadowProductionVariantsServerlessConfig,
    SagemakerEndpointConfigurationShadowProductionVariantsRoutingConfig,
    SagemakerEndpointConfigurationShadowProductionVariantsCoreDumpConfig,
    SagemakerEndpointConfigurationShadowProductionVariantsManagedInstanceScaling,
)


def data_capture(content: Content, *, kms_key_arn: str) -> Any:
    """The block of the data capture."""
    options = [
        SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions(**each)
        for each in content["capture_options"]
    ]
    types = _made(
        SagemakerEndpointConfigurationDataCaptureConfigCaptureContentTypeHeader,
        content["capture_content_type_header"],
    )
    return SagemakerEndpointConfigurationDataCaptureConfig(
        **{
            **content,
            "kms_key_id": kms_key_arn,
            "capture_options": options,
            "capture_content_type_header": types,
        }
    )


def async_inference(content: Content, *, kms_key_arn: str) -> Any:
    """The block of the asynchronous settings."""
    output = content["output_config"]
    notification = _made(
        SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfigNotificationConfig,
        output["notification_config"],
    )
    return SagemakerEndpointConfigurationAsyncInferenceConfig(
        client_config=_made(
            SagemakerEndpointConfigurationAsyncInferenceConfigClientConfig,
            content["client_config"],
        ),
        output_config=SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfig(
            **{**output, "kms_key_id": kms_key_arn, "notification_config": notification}
        ),
    )
