"""SageMaker hosting: models, endpoint configurations, endpoints, model packages."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import get_service_model, utcnow
from moto.sagemaker.exceptions import (
    ConflictException,
    ResourceInUseException,
    ValidationError,
)
from moto.sagemaker.models import (
    FakeDataQualityJobDefinition,
    FakeEndpoint,
    FakeEndpointConfig,
    Model,
    ModelPackage,
    ModelPackageGroup,
    SageMakerModelBackend,
    sagemaker_backends,
)
from moto.sagemaker.responses import SageMakerResponse

from .. import (
    components,
    jobs,
    limits,
    monitoring,
    pipelines,
    reservations,
    rollouts,
    stack_schemas,
    versions,
)
from .registry import Service

service = Service("sagemaker", SageMakerResponse)

Original = Callable[..., Any]


# Models


@service.corrects(
    "CreateModel",
    gap="loses EnableNetworkIsolation and InferenceExecutionConfig; overwrites a model of that name",
)
def create_model(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS keeps every field and refuses a name that is taken."""
    backend = response.sagemaker_backend
    name = response._get_param("ModelName")
    if name in backend._models:
        raise ValidationError(
            f'Cannot create already existing model "{backend._models[name].arn}".'
        )
    _require_one_kind_of_container(response)
    result = original(response)
    model: Any = backend._models[name]
    model.enable_network_isolation = response._get_bool_param("EnableNetworkIsolation", False)
    model.inference_execution_config = response._get_param("InferenceExecutionConfig")
    assert isinstance(result, ActionResult)
    return result


def _require_one_kind_of_container(response: SageMakerResponse) -> None:
    primary = response._get_param("PrimaryContainer")
    containers = response._get_param("Containers")
    if bool(primary) == bool(containers):
        raise ValidationError(
            "You must provide exactly one of PrimaryContainer and Containers for the model."
        )


@service.corrects(
    "DescribeModel",
    gap="answers an empty VpcConfig, PrimaryContainer and Containers that were never given",
    owner=Model,
    method="response_object",
)
def describe_model(original: Original, model: Model) -> dict[str, Any]:
    """AWS leaves out what was not given; a single container comes back with its mode."""
    answer = dict(original(model))
    for field in ("VpcConfig", "PrimaryContainer", "Containers", "InferenceExecutionConfig"):
        if not answer.get(field):
            answer.pop(field, None)
    for container in [answer.get("PrimaryContainer"), *answer.get("Containers", [])]:
        if container is not None and container.get("Image"):
            container.setdefault("Mode", "SingleModel")
    return answer


# Endpoint configurations


_CONFIG = (
    "ShadowProductionVariants",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "ExplainerConfig",
    "MetricsConfig",
    "CrossRegionTrafficConfig",
)


@service.corrects(
    "CreateEndpointConfig",
    gap="overwrites a configuration of that name; takes ManagedInstanceScaling beside a model, "
    "neither a model nor a role, and values beyond the limits; loses shadow variants, ExecutionRoleArn, "
    "VpcConfig, EnableNetworkIsolation, ExplainerConfig and MetricsConfig",
)
def create_endpoint_config(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses a name that is taken, refuses unknown models, and keeps every field."""
    config = _create_config(
        response.sagemaker_backend,
        {
            name: response._get_param(name)
            for name in (
                "EndpointConfigName",
                "ProductionVariants",
                "AsyncInferenceConfig",
                "DataCaptureConfig",
                "Tags",
                "KmsKeyId",
                *_CONFIG,
            )
        },
    )
    return ActionResult({"EndpointConfigArn": config.endpoint_config_arn})


def _create_config(backend: SageMakerModelBackend, given: dict[str, Any]) -> Any:
    broken = limits.violation("sagemaker", "CreateEndpointConfigInput", given)
    if broken:
        raise ValidationError(broken)
    name = given["EndpointConfigName"]
    existing = backend.endpoint_configs.get(name)
    if existing is not None:
        raise ValidationError(
            "Cannot create already existing endpoint configuration "
            f'"{existing.endpoint_config_arn}".'
        )
    shadows = given.get("ShadowProductionVariants") or []
    for variant in [*given["ProductionVariants"], *shadows]:
        _require_fitting(variant, given.get("ExecutionRoleArn"))
    _require_unique_variants([*given["ProductionVariants"], *shadows])
    _require_models(backend, shadows)
    config: Any = backend.create_endpoint_config(
        endpoint_config_name=name,
        production_variants=given["ProductionVariants"],
        data_capture_config=given.get("DataCaptureConfig"),
        async_inference_config=given.get("AsyncInferenceConfig"),
        tags=given.get("Tags"),
        kms_key_id=given.get("KmsKeyId"),
    )
    for field in _CONFIG:
        setattr(config, _snake(field), given.get(field))
    return config


def _require_fitting(variant: dict[str, Any], role: str | None) -> None:
    """A variant has a model of its own, or is for inference components, which need a role."""
    has_model = bool(variant.get("ModelName"))
    if has_model and variant.get("ManagedInstanceScaling"):
        raise ValidationError(
            "ManagedInstanceScaling is only supported for inference component endpoints."
        )
    if not has_model and not role:
        raise ValidationError(
            "ExecutionRoleArn is required when a production variant has no ModelName."
        )

    scaling = variant.get("ManagedInstanceScaling") or {}
    least, most = scaling.get("MinInstanceCount"), scaling.get("MaxInstanceCount")
    if least is not None and most is not None and least > most:
        raise ValidationError("MinInstanceCount must not be greater than MaxInstanceCount.")
    policy = scaling.get("ScaleInPolicy") or {}
    if policy.get("Strategy") == "IDLE_RELEASE" and len(policy) > 1:
        raise ValidationError(
            "MaximumStepSize and CooldownInMinutes are only for the CONSOLIDATION strategy."
        )
    routing = variant.get("RoutingConfig") or {}
    prefix = routing.get("PrefixAwareRoutingConfig") or {}
    aware = routing.get("RoutingStrategy") == "PREFIX_AWARE"
    if aware and not {"PrefixLength", "ConcurrencyThreshold"} <= prefix.keys():
        raise ValidationError(
            "PrefixLength and ConcurrencyThreshold are required when RoutingStrategy is PREFIX_AWARE."
        )
    if prefix and not aware:
        raise ValidationError("PrefixAwareRoutingConfig is only for RoutingStrategy PREFIX_AWARE.")


def _require_unique_variants(variants: list[dict[str, Any]]) -> None:
    names = [variant.get("VariantName") for variant in variants]
    for name in names:
        if names.count(name) > 1:
            raise ValidationError(f'Found non-unique variant name "{name}" in the request.')


def _require_models(backend: SageMakerModelBackend, variants: list[dict[str, Any]]) -> None:
    for variant in variants:
        name = variant.get("ModelName")
        if name is not None and name not in backend._models:
            arn = f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}"
            raise ValidationError(f'Could not find model "{arn}:model/{name}".')


@service.corrects(
    "CreateEndpointConfig",
    gap="requires ModelName, so that variants for inference components are refused",
    owner=SageMakerModelBackend,
)
def validate_production_variants(
    original: Original, backend: SageMakerModelBackend, variants: list[dict[str, Any]]
) -> None:
    """AWS takes variants without a model, which inference components fill later."""
    _require_models(backend, variants)


@service.corrects(
    "CreateEndpointConfig",
    gap="refuses variants with InstancePools",
    owner=FakeEndpointConfig,
    method="validate_production_variants",
)
def validate_instances(
    original: Original, config: FakeEndpointConfig, variants: list[dict[str, Any]]
) -> None:
    """AWS takes pools of instances instead of one type."""
    for variant in variants:
        pools = variant.get("InstancePools")
        if not pools:
            original(config, [variant])
            continue
        if variant.get("InstanceType"):
            raise ValidationError("A variant must not have both InstanceType and InstancePools.")
        for each in ("InstanceType", "Priority"):
            given = [pool[each] for pool in pools]
            if len(set(given)) < len(given):
                raise ValidationError(f"Each of InstancePools must have a different {each}.")
        for pool in pools:
            config.validate_instance_type(pool["InstanceType"])


@service.corrects(
    "CreateEndpointConfig",
    gap="knows instance types of 2020 only, none of ml.g5, ml.m6i, ml.c7g and newer",
    owner=FakeEndpointConfig,
)
def validate_instance_type(
    original: Original, config: FakeEndpointConfig, instance_type: str
) -> None:
    """AWS takes the types which the ``ProductionVariantInstanceType`` of its API lists."""
    known = _instance_types()
    if instance_type not in known:
        raise ValidationError(
            f"1 validation error detected: Value '{instance_type}' at "
            "'productionVariants.1.member.instanceType' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(known)}]"
        )


@cache
def _instance_types() -> list[str]:
    shape: Any = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType")
    return list(shape.enum)


@service.corrects(
    "DescribeEndpointConfig",
    gap="answers an empty DataCaptureConfig; lists no shadow variants",
    owner=FakeEndpointConfig,
    method="response_object",
)
def describe_endpoint_config(original: Original, config: FakeEndpointConfig) -> dict[str, Any]:
    """AWS leaves out what was not given."""
    answer = dict(original(config))
    for field in ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants"):
        if not answer.get(field):
            answer.pop(field, None)
    return answer


_CONFIG_TYPE = "AWS::SageMaker::EndpointConfig"


@service.corrects(
    "AWS::SageMaker::EndpointConfig",
    gap="ignores its name, tags of the stack and most properties; takes properties that do not exist",
    owner=FakeEndpointConfig,
)
def create_from_cloudformation_json(
    original: Original,
    kind: type[FakeEndpointConfig],
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **kwargs: Any,
) -> FakeEndpointConfig:
    """AWS checks the schema, and then calls CreateEndpointConfig with all of it."""
    properties = stack_schemas.checked(_CONFIG_TYPE, cloudformation_json, kwargs["LogicalId"])
    given = {
        **properties,
        "EndpointConfigName": properties.get("EndpointConfigName") or resource_name[:63],
        "Tags": stack_schemas.tags(properties, account_id, region_name, kwargs["StackId"]),
    }
    config: Any = _create_config(sagemaker_backends[account_id][region_name], given)
    config.declared, config.stack_id = properties, kwargs["StackId"]
    return config


@service.corrects(
    "AWS::SageMaker::EndpointConfig",
    gap="knows no EndpointConfigArn",
    owner=FakeEndpointConfig,
)
def has_cfn_attr(original: Original, kind: type[FakeEndpointConfig], attr: str) -> bool:
    """AWS documents the name, and its schema the ARN."""
    return original(kind, attr) or attr in stack_schemas.attributes(_CONFIG_TYPE)


@service.corrects(
    "AWS::SageMaker::EndpointConfig",
    gap="knows no EndpointConfigArn",
    owner=FakeEndpointConfig,
)
def get_cfn_attribute(original: Original, config: FakeEndpointConfig, attribute_name: str) -> str:
    """AWS documents the name, and its schema the ARN."""
    if attribute_name == "EndpointConfigArn":
        return str(config.endpoint_config_arn)
    return str(original(config, attribute_name))


@service.corrects(
    "AWS::SageMaker::EndpointConfig",
    gap="deletes the old configuration before the new one is made, and takes the same name for both",
    owner=FakeEndpointConfig,
)
def update_from_cloudformation_json(
    original: Original,
    kind: type[FakeEndpointConfig],
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> FakeEndpointConfig:
    """AWS replaces it for any change but of tags, which a name that is kept does not allow."""
    old: Any = original_resource
    properties = cloudformation_json.get("Properties") or {}

    def untagged(given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name != "Tags"}

    if untagged(properties) == untagged(old.declared):
        old.tags = stack_schemas.tags(properties, account_id, region_name, old.stack_id)
        return old
    name = properties.get("EndpointConfigName")
    if name == old.endpoint_config_name:
        raise ValidationError(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )
    new = kind.create_from_cloudformation_json(
        new_resource_name,
        cloudformation_json,
        account_id,
        region_name,
        LogicalId=old.logical_resource_id,
        StackId=old.stack_id,
    )
    sagemaker_backends[account_id][region_name].endpoint_configs.pop(old.endpoint_config_name, None)
    return new


# Endpoints


@service.corrects(
    "CreateEndpoint",
    gap="overwrites an endpoint of that name; loses DeploymentConfig",
)
def create_endpoint(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses a name that is taken and keeps the deployment configuration."""
    backend = response.sagemaker_backend
    name = response._get_param("EndpointName")
    config = _config(backend, response._get_param("EndpointConfigName"))
    existing = _find_endpoint(backend, name)
    if existing is not None:
        raise ValidationError(f'Cannot create already existing endpoint "{existing.arn}".')
    kind: Any = FakeEndpoint
    endpoint = kind(
        account_id=backend.account_id,
        region_name=backend.region_name,
        endpoint_name=name,
        endpoint_config_name=config.endpoint_config_name,
        production_variants=[],
        data_capture_config={},
        tags=response._get_param("Tags"),
    )
    endpoint.deployment_config = response._get_param("DeploymentConfig")
    reservations.require(backend, config)
    _deploy(backend, endpoint, config)
    lacking = reservations.lacking(backend, config)
    backend.endpoints[name] = endpoint
    rollouts.begin(backend, endpoint, previous=None, misfit=lacking)
    return ActionResult({"EndpointArn": endpoint.arn})


@service.adds("UpdateEndpoint", gap="missing: every rollout ends in an error")
def update_endpoint(response: SageMakerResponse) -> ActionResult:
    """AWS deploys the new configuration; it may keep counts, weights and the deployment settings."""
    backend = response.sagemaker_backend
    endpoint: Any = _endpoint(backend, response._get_param("EndpointName"))
    rollouts.require_settled(endpoint)
    # AWS reads the configuration in use too, so that one deleted too early blocks every update
    _config(backend, endpoint.endpoint_config_name)
    config = _config(backend, response._get_param("EndpointConfigName"))
    _require_updatable(
        backend, endpoint, config, guarded=bool(response._get_param("DeploymentConfig"))
    )
    reservations.require(backend, config)
    previous = rollouts.snapshot(endpoint)
    if not response._get_bool_param("RetainDeploymentConfig", False):
        endpoint.deployment_config = response._get_param("DeploymentConfig")
    retained: dict[str, dict[str, Any]] = {}
    if response._get_bool_param("RetainAllVariantProperties", False):
        excluded = [
            each["VariantPropertyType"]
            for each in response._get_param("ExcludeRetainedVariantProperties") or []
        ]
        retained = _retained(endpoint, excluded)
    _deploy(backend, endpoint, config, retained)
    misfit = reservations.lacking(backend, config) or components.move(backend, endpoint, config)
    rollouts.begin(backend, endpoint, previous=previous, misfit=misfit)
    return ActionResult({"EndpointArn": endpoint.arn})


def _require_updatable(
    backend: SageMakerModelBackend, endpoint: Any, config: Any, *, guarded: bool
) -> None:
    """Refuse what AWS cannot do to a living endpoint."""
    running = backend.endpoint_configs[endpoint.endpoint_config_name].production_variants
    old = {variant["VariantName"]: variant for variant in running}
    new = {variant["VariantName"]: variant for variant in config.production_variants}
    if guarded and old.keys() != new.keys():
        raise ValidationError(
            "The new endpoint configuration must have the same variant names as the old one "
            "when a deployment configuration is given."
        )
    if not any("ServerlessConfig" in variant for variant in old.values()) and any(
        "ServerlessConfig" in variant for variant in new.values()
    ):
        raise ValidationError("Cannot update an instance-based endpoint to a serverless one.")
    for name, variant in old.items():
        kept = name in new and new[name].get("InstanceType") == variant.get("InstanceType")
        if not kept and _is_registered(endpoint, name):
            raise ValidationError(
                f'The variant "{name}" is registered with Application Auto Scaling; deregister '
                "it before its instance type is changed or it is removed."
            )


def _is_registered(endpoint: Any, variant: str) -> bool:
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    _, _, _, region, account, _ = endpoint.arn.split(":", 5)
    targets = applicationautoscaling_backends[account][region].targets
    resource = f"endpoint/{endpoint.endpoint_name}/variant/{variant}"
    return any(resource in by_resource for by_resource in targets.values())


def _retained(endpoint: Any, excluded: list[str]) -> dict[str, dict[str, Any]]:
    fields = {
        "DesiredInstanceCount": ("CurrentInstanceCount", "DesiredInstanceCount"),
        "DesiredWeight": ("CurrentWeight", "DesiredWeight"),
    }
    kept = [name for kind, names in fields.items() if kind not in excluded for name in names]
    return {
        variant["VariantName"]: {name: variant[name] for name in kept if name in variant}
        for variant in endpoint.production_variants
    }


def _deploy(
    backend: SageMakerModelBackend,
    endpoint: Any,
    config: Any,
    retained: dict[str, dict[str, Any]] | None = None,
) -> None:
    """Let the endpoint run what the configuration says."""
    endpoint.endpoint_config_name = config.endpoint_config_name
    endpoint.production_variants = _summaries(backend, config.production_variants, retained or {})
    shadows = getattr(config, "shadow_production_variants", None) or []
    endpoint.shadow_production_variants = _summaries(backend, shadows, {})
    endpoint.data_capture_config = _capture_summary(config.data_capture_config)
    endpoint.async_inference_config = config.async_inference_config
    endpoint.explainer_config = getattr(config, "explainer_config", None)
    endpoint.metrics_config = getattr(config, "metrics_config", None)
    endpoint.failure_reason = None
    endpoint.last_modified_time = utcnow()


def _summaries(
    backend: SageMakerModelBackend,
    variants: list[dict[str, Any]],
    retained: dict[str, dict[str, Any]],
) -> list[dict[str, Any]]:
    return [
        _summary(backend, variant) | retained.get(variant["VariantName"], {})
        for variant in variants
    ]


def _summary(backend: SageMakerModelBackend, variant: dict[str, Any]) -> dict[str, Any]:
    summary: dict[str, Any] = {"VariantName": variant["VariantName"]}
    images = _images(backend, variant)
    if images:
        summary["DeployedImages"] = images
    # no weight means 1; a weight of 0 is a variant that gets no traffic
    weight = variant.get("InitialVariantWeight")
    summary["CurrentWeight"] = summary["DesiredWeight"] = 1.0 if weight is None else weight
    if "ServerlessConfig" in variant:
        serverless = variant["ServerlessConfig"]
        summary["CurrentServerlessConfig"] = summary["DesiredServerlessConfig"] = serverless
        summary["CurrentInstanceCount"] = 0
    elif variant.get("InitialInstanceCount") is not None:
        count = variant["InitialInstanceCount"]
        summary["CurrentInstanceCount"] = summary["DesiredInstanceCount"] = count
    for field in ("ManagedInstanceScaling", "RoutingConfig", "CapacityReservationConfig"):
        if field in variant:
            summary[field] = variant[field]
    pools = variant.get("InstancePools")
    if pools:
        first = min(pools, key=lambda pool: int(pool["Priority"]))
        summary["InstancePools"] = [
            {
                "InstanceType": pool["InstanceType"],
                "CurrentInstanceCount": summary.get("CurrentInstanceCount", 0)
                if pool is first
                else 0,
            }
            for pool in pools
        ]
    return summary


def _images(backend: SageMakerModelBackend, variant: dict[str, Any]) -> list[dict[str, Any]]:
    model = backend._models.get(variant.get("ModelName", ""))
    if model is None:
        return []
    containers = model.containers or [model.primary_container]
    return [
        {
            "SpecifiedImage": container["Image"],
            "ResolvedImage": container["Image"],
            "ResolutionTime": utcnow(),
        }
        for container in containers
        if container.get("Image")
    ]


def _capture_summary(capture: dict[str, Any]) -> dict[str, Any] | None:
    if not capture:
        return None
    enabled = bool(capture.get("EnableCapture"))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


@service.corrects(
    "DescribeEndpoint",
    gap="is InService at once; answers no LastDeploymentConfig, PendingDeploymentSummary, "
    "DeployedImages, AsyncInferenceConfig or shadow variants",
)
def describe_endpoint(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS passes through Creating, Updating and RollingBack; see ``emulator.rollouts``."""
    endpoint: Any = _endpoint(response.sagemaker_backend, response._get_param("EndpointName"))
    rollouts.advance(endpoint)
    return ActionResult(rollouts.describe(endpoint))


@service.corrects(
    "DeleteEndpoint",
    gap="deletes while an update runs, or inference components are left; names the endpoint otherwise "
    "in the error",
)
def delete_endpoint(original: Original, response: SageMakerResponse) -> EmptyResult:
    """AWS refuses it while the endpoint is being created or updated."""
    backend = response.sagemaker_backend
    endpoint = _endpoint(backend, response._get_param("EndpointName"))
    rollouts.require_settled(endpoint, but=("Failed",))
    hosted = components.of_endpoint(backend, endpoint)
    if hosted:
        names = ", ".join(each.name for each in hosted)
        raise ValidationError(
            f'Cannot delete endpoint "{endpoint.arn}" while it hosts inference components: {names}. '
            "Delete them first."
        )
    del backend.endpoints[endpoint.endpoint_name]
    return EmptyResult()


@service.corrects(
    "DeleteEndpointConfig",
    gap="names the configuration otherwise in the error",
)
def delete_endpoint_config(original: Original, response: SageMakerResponse) -> EmptyResult:
    """AWS deletes it even where an endpoint uses it, and answers an unknown one with 400."""
    backend = response.sagemaker_backend
    config = _config(backend, response._get_param("EndpointConfigName"))
    del backend.endpoint_configs[config.endpoint_config_name]
    return EmptyResult()


@service.corrects(
    "UpdateEndpointWeightsAndCapacities",
    gap="sets what was not given to nothing: a new weight alone loses the instance count",
)
def update_endpoint_weights_and_capacities(
    original: Original, response: SageMakerResponse
) -> ActionResult:
    """AWS changes only the properties that were given."""
    backend = response.sagemaker_backend
    endpoint: Any = _endpoint(backend, response._get_param("EndpointName"))
    rollouts.require_settled(endpoint)
    before = {variant["VariantName"]: dict(variant) for variant in endpoint.production_variants}
    result = original(response)
    for change in response._get_param("DesiredWeightsAndCapacities"):
        old = before[change["VariantName"]]
        variant = next(
            each
            for each in endpoint.production_variants
            if each["VariantName"] == change["VariantName"]
        )
        for given, fields in (
            ("DesiredWeight", ("CurrentWeight", "DesiredWeight")),
            ("DesiredInstanceCount", ("CurrentInstanceCount", "DesiredInstanceCount")),
        ):
            if change.get(given) is None:
                for field in fields:
                    variant.pop(field, None)
                    if field in old:
                        variant[field] = old[field]
    endpoint.last_modified_time = utcnow()
    assert isinstance(result, ActionResult)
    return result


def _endpoint(backend: SageMakerModelBackend, name: str) -> FakeEndpoint:
    endpoint = _find_endpoint(backend, name)
    if endpoint is not None:
        return endpoint
    arn = FakeEndpoint.arn_formatter(name, backend.account_id, backend.region_name)
    raise ValidationError(f'Could not find endpoint "{arn}".')


def _find_endpoint(backend: SageMakerModelBackend, name: str) -> FakeEndpoint | None:
    # AWS compares endpoint names without regard to case
    known = {each.lower(): endpoint for each, endpoint in backend.endpoints.items()}
    return known.get(name.lower())


def _config(backend: SageMakerModelBackend, name: str) -> FakeEndpointConfig:
    config = backend.endpoint_configs.get(name)
    if config is None:
        arn = FakeEndpointConfig.arn_formatter(name, backend.account_id, backend.region_name)
        raise ValidationError(f'Could not find endpoint configuration "{arn}".')
    return config


# Inference components


@service.adds("CreateInferenceComponent", gap="missing")
def create_inference_component(response: SageMakerResponse) -> ActionResult:
    """AWS places copies of a model on the instances of an endpoint; see ``emulator.components``."""
    component = components.create(
        response.sagemaker_backend,
        _given(
            response,
            "InferenceComponentName",
            "EndpointName",
            "VariantName",
            "Specification",
            "Specifications",
            "RuntimeConfig",
            "Tags",
        ),
    )
    return ActionResult({"InferenceComponentArn": component.arn})


@service.adds("DescribeInferenceComponent", gap="missing")
def describe_inference_component(response: SageMakerResponse) -> ActionResult:
    """AWS passes through Creating and Updating; see ``emulator.components``."""
    component = _component(response)
    component.advance()
    return ActionResult(component.describe())


@service.adds("UpdateInferenceComponent", gap="missing")
def update_inference_component(response: SageMakerResponse) -> ActionResult:
    """AWS rolls to the new specification batch by batch, and back where an alarm fires."""
    component = _component(response)
    components.update(
        component,
        _given(response, "Specification", "Specifications", "RuntimeConfig", "DeploymentConfig"),
    )
    return ActionResult({"InferenceComponentArn": component.arn})


@service.adds("UpdateInferenceComponentRuntimeConfig", gap="missing")
def update_inference_component_runtime_config(response: SageMakerResponse) -> ActionResult:
    """AWS changes the number of copies alone."""
    component = _component(response)
    components.scale(component, response._get_param("DesiredRuntimeConfig")["CopyCount"])
    return ActionResult({"InferenceComponentArn": component.arn})


@service.adds("DeleteInferenceComponent", gap="missing")
def delete_inference_component(response: SageMakerResponse) -> EmptyResult:
    """AWS refuses it for the base of adapters, and while copies come or go."""
    components.delete(response.sagemaker_backend, _component(response))
    return EmptyResult()


@service.adds("ListInferenceComponents", gap="missing")
def list_inference_components(response: SageMakerResponse) -> ActionResult:
    """AWS answers those that the filters leave, the newest first unless told otherwise."""
    equal = {
        "EndpointName": response._get_param("EndpointNameEquals"),
        "VariantName": response._get_param("VariantNameEquals"),
        "InferenceComponentStatus": response._get_param("StatusEquals"),
    }
    part = response._get_param("NameContains") or ""
    found = [
        summary
        for each in [*components.components(response.sagemaker_backend).values()]
        if (summary := each.summary())
        and part in each.name
        and all(value in (None, summary[name]) for name, value in equal.items())
    ]
    by = response._get_param("SortBy")
    if by in ("Name", "Status"):
        found.sort(key=lambda each: str(each[f"InferenceComponent{by}"]))
    if response._get_param("SortOrder") != "Ascending":
        found.reverse()
    start = int(response._get_param("NextToken") or 0)
    end = start + int(response._get_param("MaxResults") or 10)
    answer: dict[str, Any] = {"InferenceComponents": found[start:end]}
    if end < len(found):
        answer["NextToken"] = str(end)
    return ActionResult(answer)


def _component(response: SageMakerResponse) -> components.InferenceComponent:
    name = response._get_param("InferenceComponentName")
    return components.find(response.sagemaker_backend, name)


def _given(response: SageMakerResponse, *names: str) -> dict[str, Any]:
    values = {name: response._get_param(name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


# ML reservations


@service.adds("DescribeTrainingPlan", gap="missing")
def describe_training_plan(response: SageMakerResponse) -> ActionResult:
    """AWS answers what a plan reserves and for what; see ``emulator.reservations``."""
    name = response._get_param("TrainingPlanName")
    return ActionResult(reservations.describe(response.sagemaker_backend, name))


# Model packages


@service.adds("DeleteModelPackageGroup", gap="missing: a group cannot be destroyed")
def delete_model_package_group(response: SageMakerResponse) -> EmptyResult:
    """AWS deletes an empty group, and answers ConflictException for one with model packages."""
    backend = response.sagemaker_backend
    group = _group(backend, response)
    name = group.model_package_group_name
    if any(each.model_package_group_name == name for each in backend.model_packages.values()):
        raise ConflictException(
            f"Cannot delete ModelPackageGroup {group.arn} since it has ModelPackages."
        )
    del backend.model_package_groups[name]
    return EmptyResult()


@service.adds("PutModelPackageGroupPolicy", gap="missing")
def put_model_package_group_policy(response: SageMakerResponse) -> ActionResult:
    """AWS keeps one resource policy for each group."""
    group: Any = _group(response.sagemaker_backend, response)
    group.resource_policy = response._get_param("ResourcePolicy")
    return ActionResult({"ModelPackageGroupArn": group.arn})


@service.adds("GetModelPackageGroupPolicy", gap="missing")
def get_model_package_group_policy(response: SageMakerResponse) -> ActionResult:
    """AWS answers the policy, or ValidationException where there is none."""
    group = _group(response.sagemaker_backend, response)
    policy = getattr(group, "resource_policy", None)
    if policy is None:
        raise ValidationError(f"Cannot find resource policy for: {group.arn}")
    return ActionResult({"ResourcePolicy": policy})


@service.adds("DeleteModelPackageGroupPolicy", gap="missing")
def delete_model_package_group_policy(response: SageMakerResponse) -> EmptyResult:
    """AWS removes the policy of the group."""
    group: Any = _group(response.sagemaker_backend, response)
    group.resource_policy = None
    return EmptyResult()


@service.adds("DeleteModelPackage", gap="missing")
def delete_model_package(response: SageMakerResponse) -> EmptyResult:
    """AWS deletes one version by its ARN."""
    backend = response.sagemaker_backend
    package = backend.describe_model_package(response._get_param("ModelPackageName"))
    del backend.model_packages[package.arn]
    for name in [n for n, arn in backend.model_package_name_mapping.items() if arn == package.arn]:
        del backend.model_package_name_mapping[name]
    return EmptyResult()


@service.corrects(
    "CreateModelPackageGroup", gap="overwrites a group of that name and forgets its versions"
)
def create_model_package_group(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses a name that is taken."""
    existing = response.sagemaker_backend.model_package_groups.get(
        response._get_param("ModelPackageGroupName")
    )
    if existing is not None:
        raise ValidationError(f"Model Package Group already exists: {existing.arn}")
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


@service.corrects(
    "CreateModelPackage",
    gap="starts the approval status at none; gives a version's number again after a deletion; "
    "takes no ARN of a group, of this account or another; loses ModelLifeCycle and SourceUri; tells "
    "EventBridge nothing",
)
def create_model_package(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS answers PendingManualApproval where no status is given, and never reuses a number. A version of
    a group of another account is made there, if the group's policy allows it."""
    given = response._get_param("ModelPackageGroupName")
    if not given:
        result = original(response)
        assert isinstance(result, ActionResult)
        return result
    backend = versions.owner(response, given, "sagemaker:CreateModelPackage")
    group: Any = _group(backend, response)
    response.params["ModelPackageGroupName"] = group.model_package_group_name
    # moto numbers by counting, which can meet the number of a version that still exists
    packages, names = dict(backend.model_packages), dict(backend.model_package_name_mapping)
    arn = original(response).result["ModelPackageArn"]
    package: Any = backend.model_packages[arn]
    group.last_version = getattr(group, "last_version", 0) + 1
    package.model_package_version = group.last_version
    package.arn = re.sub(r"\d+$", str(group.last_version), arn)
    if package.model_approval_status is None:
        package.model_approval_status = "PendingManualApproval"
    package.model_life_cycle = response._get_param("ModelLifeCycle")
    package.source_uri = response._get_param("SourceUri")
    backend.model_packages = packages | {package.arn: package}
    backend.model_package_name_mapping = names | {package.arn: package.arn}
    versions.tell(backend, package)
    return ActionResult({"ModelPackageArn": package.arn})


@service.corrects(
    "UpdateModelPackage",
    gap="wipes approval description and customer metadata that were not given; has no ModelLifeCycle and "
    "SourceUri; tells EventBridge nothing",
)
def update_model_package(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS changes only the fields that were given, merges customer metadata, and tells what changed."""
    arn = str(response._get_param("ModelPackageArn"))
    backend = versions.owner(response, arn, "sagemaker:UpdateModelPackage")
    package: Any = backend.describe_model_package(arn)
    metadata = dict(package.customer_metadata_properties or {})
    metadata.update(response._get_param("CustomerMetadataProperties") or {})
    kept = {
        "ModelApprovalStatus": package.model_approval_status,
        "ApprovalDescription": package.approval_description,
    }

    def change() -> None:
        for name, value in kept.items():
            response.params.setdefault(name, value)
        response.params["CustomerMetadataProperties"] = metadata or None
        original(response)
        for field in ("ModelLifeCycle", "SourceUri"):
            if response._get_param(field) is not None:
                setattr(package, _snake(field), response._get_param(field))

    versions.update(backend, package, change)
    return ActionResult({"ModelPackageArn": package.arn})


@service.corrects(
    "DescribeModelPackage",
    gap="has no ModelLifeCycle and SourceUri",
    owner=ModelPackage,
    method="gen_response_object",
)
def describe_model_package(original: Original, package: Any) -> dict[str, Any]:
    """AWS answers what was given."""
    answer: dict[str, Any] = original(package)
    more = {
        "ModelLifeCycle": getattr(package, "model_life_cycle", None),
        "SourceUri": getattr(package, "source_uri", None),
    }
    return answer | {name: value for name, value in more.items() if value is not None}


def _of_another_account(operation: str, method: str, parameter: str) -> None:
    """Let an operation reach what is in another account, as far as a group's policy lets it."""
    action = f"sagemaker:{operation}"

    def reach(original: Original, response: SageMakerResponse) -> ActionResult:
        """AWS reads a group and its versions of another account by ARN, if the group's policy allows it."""
        given = response._get_param(parameter)
        versions.owner(response, given, action)
        if parameter == "ModelPackageGroupName" and given:
            response.params[parameter] = str(given).rsplit("/", 1)[-1]
        result = original(response)
        assert isinstance(result, ActionResult)
        return result

    service.corrects(operation, gap="reads nothing of another account", method=method)(reach)


_of_another_account("DescribeModelPackage", "describe_model_package", "ModelPackageName")
_of_another_account(
    "DescribeModelPackageGroup", "describe_model_package_group", "ModelPackageGroupName"
)
_of_another_account("ListModelPackages", "list_model_packages", "ModelPackageGroupName")


def _group(backend: SageMakerModelBackend, response: SageMakerResponse) -> ModelPackageGroup:
    name = str(response._get_param("ModelPackageGroupName")).rsplit("/", 1)[-1]
    return backend.describe_model_package_group(name)


# Jobs


class ResourceInUseError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """There was a job of that name."""

    code = "ResourceInUse"


def _job(response: SageMakerResponse, kind: str) -> Any:
    held = {
        "TrainingJob": response.sagemaker_backend.training_jobs,
        "ProcessingJob": response.sagemaker_backend.processing_jobs,
        "TransformJob": response.sagemaker_backend.transform_jobs,
        "HyperParameterTuningJob": response.sagemaker_backend.hyper_parameter_tuning_jobs,
    }[kind]
    return held.get(response._get_param(f"{kind}Name"))


def _run_job(original: Original, response: SageMakerResponse, kind: str) -> ActionResult:
    name = response._get_param(f"{kind}Name")
    if _job(response, kind) is not None:
        raise ResourceInUseError(
            f"Job name must be unique within an AWS account and region: {name}"
        )
    if (refused := jobs.refusal(kind, response.params)) is not None:
        raise ValidationError(refused)
    request = copy.deepcopy(dict(response.params))
    result = original(response)
    assert isinstance(result, ActionResult)
    jobs.made(response.sagemaker_backend, kind, _job(response, kind), request)
    return result


def _describe_job(original: Original, response: SageMakerResponse, kind: str) -> ActionResult:
    result = original(response)
    assert isinstance(result, ActionResult)
    return ActionResult(jobs.described(kind, _job(response, kind), result.result))


_JOB_GAP = (
    "takes the name of a job again, and keeps a part of what is asked for; every job completes"
)


@service.corrects(
    "CreateTrainingJob", gap=f"{_JOB_GAP}; takes Spot with a warm pool or a wait that is too short"
)
def create_training_job(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses all three."""
    return _run_job(original, response, "TrainingJob")


@service.corrects("CreateProcessingJob", gap=_JOB_GAP)
def create_processing_job(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses a name that there was."""
    return _run_job(original, response, "ProcessingJob")


@service.corrects("CreateTransformJob", gap=_JOB_GAP)
def create_transform_job(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses a name that there was."""
    return _run_job(original, response, "TransformJob")


@service.corrects("CreateHyperParameterTuningJob", gap=_JOB_GAP)
def create_hyper_parameter_tuning_job(
    original: Original, response: SageMakerResponse
) -> ActionResult:
    """AWS refuses a name that there was."""
    return _run_job(original, response, "HyperParameterTuningJob")


_KEPT = "leaves out a part of what the job was made with, and makes up metrics"


@service.corrects("DescribeTrainingJob", gap=_KEPT)
def describe_training_job(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS answers all of it."""
    return _describe_job(original, response, "TrainingJob")


@service.corrects("DescribeProcessingJob", gap=_KEPT)
def describe_processing_job(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS answers all of it."""
    return _describe_job(original, response, "ProcessingJob")


@service.corrects("DescribeTransformJob", gap=_KEPT)
def describe_transform_job(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS answers all of it."""
    return _describe_job(original, response, "TransformJob")


@service.corrects(
    "DescribeHyperParameterTuningJob", gap="names no best training job of one that has completed"
)
def describe_hyper_parameter_tuning_job(
    original: Original, response: SageMakerResponse
) -> ActionResult:
    """AWS names it, with where its model is."""
    found = _describe_job(original, response, "HyperParameterTuningJob").result
    name = found["HyperParameterTuningJobName"]
    if found.get("HyperParameterTuningJobStatus") == "Completed":
        arn = found["HyperParameterTuningJobArn"].partition(":hyper-parameter-tuning-job/")[0]
        best = jobs.best_of(name)
        found["BestTrainingJob"] = {
            "TrainingJobName": best,
            "TrainingJobArn": f"{arn}:training-job/{best}",
            "CreationTime": found["CreationTime"],
            "TrainingJobStatus": "Completed",
            "TunedHyperParameters": {},
        }
    return ActionResult(found)


@service.adds("StopTrainingJob", gap="missing: a state machine that is stopped cannot end its job")
def stop_training_job(response: SageMakerResponse) -> EmptyResult:
    """AWS stops it."""
    job = _job(response, "TrainingJob")
    if job is None:
        raise ValidationError("Requested resource not found.")
    jobs.stop("TrainingJob", job)
    return EmptyResult()


# Pipelines


def _definition(response: SageMakerResponse) -> str | None:
    """The definition of a request, which may lie in S3."""
    place = response._get_param("PipelineDefinitionS3Location")
    if not place:
        given = response._get_param("PipelineDefinition")
        return None if given is None else str(given)
    from moto.s3.models import s3_backends

    partition = response.sagemaker_backend.partition
    objects = s3_backends[response.current_account][partition]
    found = objects.get_object(place["Bucket"], place["ObjectKey"])
    if found is None:
        raise ValidationError(f"Cannot read s3://{place['Bucket']}/{place['ObjectKey']}.")
    return bytes(found.value).decode()


@service.corrects(
    "CreatePipeline",
    gap="takes any text as a definition; keeps one in S3 as data of Python's",
)
def create_pipeline(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses what is no definition, and copies one from S3."""
    return _written(original, response)


@service.corrects(
    "UpdatePipeline",
    gap="takes any text as a definition; keeps one in S3 as data of Python's",
)
def update_pipeline(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS refuses what is no definition, and copies one from S3."""
    return _written(original, response)


def _written(original: Original, response: SageMakerResponse) -> ActionResult:
    text = _definition(response)
    if text is not None:
        pipelines.require_valid(text)
    result = original(response)
    if text is not None:
        backend = response.sagemaker_backend
        backend.pipelines[response._get_param("PipelineName")].pipeline_definition = text
    assert isinstance(result, ActionResult)
    return result


@service.corrects(
    "StartPipelineExecution",
    gap="takes any parameters, or none where one has no default; knows no ARN of a pipeline; tells of no run",
    owner=SageMakerModelBackend,
)
def start_pipeline_execution(
    original: Original,
    backend: SageMakerModelBackend,
    pipeline_name: str,
    pipeline_execution_display_name: str | None,
    pipeline_parameters: Any,
    *others: Any,
    **more: Any,
) -> dict[str, str]:
    """AWS refuses parameters that are not declared, takes a name or an ARN, and tells of each change of
    the status."""
    name = pipeline_name.rsplit("/", 1)[-1]
    pipeline = backend.pipelines.get(name)
    if pipeline is not None:
        pipelines.given(pipeline.pipeline_definition, pipeline_parameters)
    started: dict[str, str] = original(
        backend, name, pipeline_execution_display_name, pipeline_parameters, *others, **more
    )
    pipelines.began(backend, backend.pipelines[name], started["PipelineExecutionArn"])
    return started


@service.corrects(
    "ListPipelineExecutions", gap="lists all, the oldest first, whatever is asked for"
)
def list_pipeline_executions(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS lists them by their time, in the order and number that is asked for."""
    runs = original(response).result["PipelineExecutionSummaries"]
    if response._get_param("SortOrder") == "Descending":
        runs = runs[::-1]
    most = response._get_param("MaxResults")
    return ActionResult({"PipelineExecutionSummaries": runs[:most] if most else runs})


def _execution(response: SageMakerResponse) -> Any:
    """The run that a request names."""
    arn = str(response._get_param("PipelineExecutionArn"))
    for pipeline in response.sagemaker_backend.pipelines.values():
        if arn in pipeline.pipeline_executions:
            return pipeline.pipeline_executions[arn]
    raise ValidationError(f"Pipeline execution {arn} does not exist.")


@service.corrects("DescribePipelineExecution", gap="says of no run why it failed")
def describe_pipeline_execution(original: Original, response: SageMakerResponse) -> ActionResult:
    """AWS says why a run failed, and nothing of one that did not."""
    reason = _execution(response).pipeline_execution_failure_reason
    found = {**original(response).result, "FailureReason": reason}
    return ActionResult({name: value for name, value in found.items() if value is not None})


@service.adds("ListPipelineExecutionSteps", gap="missing")
def list_pipeline_execution_steps(response: SageMakerResponse) -> ActionResult:
    """AWS lists the steps that have begun; see ``emulator.pipelines``."""
    steps = pipelines.executed(_execution(response))
    return ActionResult({"PipelineExecutionSteps": steps})


# Tags


@service.corrects(
    "AddTags",
    gap="keeps the old value beside the new one; knows no tags of feature groups or packages",
    owner=SageMakerModelBackend,
)
def add_tags(
    original: Original, backend: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]
) -> list[dict[str, str]]:
    """AWS replaces the value of a key that exists."""
    resource = backend._get_resource_from_arn(arn)
    if resource is None:
        raise ValidationError(f"Could not find resource {arn}.")
    merged = {tag["Key"]: tag for tag in [*(resource.tags or []), *tags]}
    resource.tags = list(merged.values())
    return list(resource.tags)


# Monitoring


@service.corrects(
    "CreateDataQualityJobDefinition",
    gap="overwrites a definition of that name; takes an unknown endpoint, and values beyond the limits",
)
def create_data_quality_job_definition(
    original: Original, response: SageMakerResponse
) -> ActionResult:
    """AWS refuses a name that is taken, and an endpoint that does not exist or captures nothing."""
    shape = get_service_model("sagemaker").shape_for("CreateDataQualityJobDefinitionRequest")
    given = _given(response, *shape.members)
    backend = response.sagemaker_backend
    wrong = limits.violation("sagemaker", "CreateDataQualityJobDefinitionRequest", given)
    if wrong:
        raise ValidationError(wrong)
    name, watched = given["JobDefinitionName"], given["DataQualityJobInput"]
    if name in backend.data_quality_job_definitions:
        raise ResourceInUseException(f"Job definition {name} already exists")
    if bool(watched.get("EndpointInput")) == bool(watched.get("BatchTransformInput")):
        raise ValidationError("Exactly one of EndpointInput and BatchTransformInput must be given.")
    endpoint = watched.get("EndpointInput", {}).get("EndpointName")
    if endpoint is not None:
        _endpoint_that_captures(backend, endpoint)
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


def _endpoint_that_captures(backend: Any, name: str) -> None:
    """An endpoint has to be there, with data capture on (SageMaker API reference, EndpointInput)."""
    endpoint = _endpoint(backend, name)
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    capture = getattr(config, "data_capture_config", None) or {}
    if not capture.get("EnableCapture"):
        raise ValidationError(f'Endpoint "{name}" does not have data capture enabled.')


@service.corrects(
    "DescribeDataQualityJobDefinition",
    gap="answers empty blocks that were never given",
    owner=FakeDataQualityJobDefinition,
    method="response_object",
)
def describe_data_quality_job_definition(
    original: Original, definition: FakeDataQualityJobDefinition
) -> dict[str, Any]:
    """AWS leaves out what was not given."""
    answer = dict(original(definition))
    return {name: value for name, value in answer.items() if value != {}}


@service.adds("CreateMonitoringSchedule", gap="missing")
def create_monitoring_schedule(response: SageMakerResponse) -> ActionResult:
    """AWS refuses a name that is taken, another expression than its three forms, and an unknown job
    definition."""
    made = monitoring.create(
        response.sagemaker_backend,
        _given(response, "MonitoringScheduleName", "MonitoringScheduleConfig", "Tags"),
    )
    return ActionResult({"MonitoringScheduleArn": made.arn})


@service.adds("DescribeMonitoringSchedule", gap="missing")
def describe_monitoring_schedule(response: SageMakerResponse) -> ActionResult:
    """AWS passes through Pending; here a schedule is there at once."""
    backend = response.sagemaker_backend
    found = monitoring.find(backend, response._get_param("MonitoringScheduleName"))
    return ActionResult(found.describe(backend))


@service.adds("UpdateMonitoringSchedule", gap="missing")
def update_monitoring_schedule(response: SageMakerResponse) -> ActionResult:
    """AWS takes the whole configuration, and keeps nothing of the one before."""
    name, config = (
        response._get_param(each) for each in ("MonitoringScheduleName", "MonitoringScheduleConfig")
    )
    found = monitoring.update(response.sagemaker_backend, name, config)
    return ActionResult({"MonitoringScheduleArn": found.arn})


@service.adds("DeleteMonitoringSchedule", gap="missing")
def delete_monitoring_schedule(response: SageMakerResponse) -> EmptyResult:
    """AWS deletes its executions too, of which none are here."""
    backend = response.sagemaker_backend
    found = monitoring.find(backend, response._get_param("MonitoringScheduleName"))
    del monitoring.schedules(backend)[found.name]
    return EmptyResult()


def _switched(response: SageMakerResponse, status: str) -> EmptyResult:
    backend = response.sagemaker_backend
    found = monitoring.find(backend, response._get_param("MonitoringScheduleName"))
    found.status = status
    return EmptyResult()


@service.adds("StopMonitoringSchedule", gap="missing")
def stop_monitoring_schedule(response: SageMakerResponse) -> EmptyResult:
    """A schedule of AWS's that is stopped starts nothing."""
    return _switched(response, "Stopped")


@service.adds("StartMonitoringSchedule", gap="missing")
def start_monitoring_schedule(response: SageMakerResponse) -> EmptyResult:
    """AWS continues with one that was stopped."""
    return _switched(response, "Scheduled")


@service.adds("ListMonitoringSchedules", gap="missing")
def list_monitoring_schedules(response: SageMakerResponse) -> ActionResult:
    """AWS answers those of an endpoint or all, the newest first."""
    backend, endpoint = response.sagemaker_backend, response._get_param("EndpointName")
    told = [each.describe(backend) for each in monitoring.schedules(backend).values()]
    summaries = [
        {
            **{k: v for k, v in each.items() if k != "MonitoringScheduleConfig"},
            "MonitoringJobDefinitionName": each["MonitoringScheduleConfig"].get(
                "MonitoringJobDefinitionName"
            ),
        }
        for each in reversed(told)
        if endpoint in (None, each.get("EndpointName"))
    ]
    return ActionResult({"MonitoringScheduleSummaries": summaries})


@service.adds("ListMonitoringExecutions", gap="missing")
def list_monitoring_executions(response: SageMakerResponse) -> ActionResult:
    """AWS lists what its schedules have run; none ever runs here."""
    return ActionResult({"MonitoringExecutionSummaries": []})


@service.corrects(
    "ListTags",
    gap="fails with 500 for a resource that is gone, a versioned model package or a feature group",
    owner=SageMakerModelBackend,
    method="_get_resource_from_arn",
)
def resource_of_arn(original: Original, backend: SageMakerModelBackend, arn: str) -> Any:
    """AWS finds every taggable resource, and answers 400 for one that does not exist."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    match kind:
        case "model-package":
            found: Any = backend.model_packages.get(arn)
        case "feature-group":
            found = next((g for g in backend.feature_groups.values() if g.arn == arn), None)
        case "endpoint":
            found = _endpoint(backend, name)
        case "inference-component":
            found = components.find(backend, name)
        case "monitoring-schedule":
            found = monitoring.schedules(backend).get(name)
        case _:
            try:
                found = original(backend, arn)
            except AttributeError:
                raise ValidationError(f"Tags of {kind} are not known to the emulator.") from None
    if found is None:
        raise ValidationError(f"Could not find {kind} {arn}.")
    if found.tags is None:
        found.tags = []
    return found


def _snake(field: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", field).lower()
