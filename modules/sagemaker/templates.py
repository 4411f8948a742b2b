"""CloudFormation templates of what hashicorp/aws cannot say: endpoint configurations with pools, VPC,
metrics and the like, and inference components.

What Terraform knows only later is a parameter, so that a plan tells all the rest. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..content import HELD, Content
from ..context import Context
from ..model.accelerator import device_of
from ..model.artifact import located
from .endpoints.component import Adapter, Component, ComponentContainer, ComponentResources

ROLE, KEY, NAME = "Role", "Key", "Name"
SUBNETS, GROUPS = "Subnets", "SecurityGroups"
MODEL = "Model"

CONFIGURATION = "AWS::SageMaker::EndpointConfig"
COMPONENT = "AWS::SageMaker::InferenceComponent"
LOGICAL = {CONFIGURATION: "Configuration", COMPONENT: "Component"}
"""The name of the one resource of a template, by its type."""

_LISTS = (SUBNETS, GROUPS)
_CAPITALS = {"gb": "GB", "ssm": "SSM"}
# Blocks that Terraform writes as a list of one.
_SINGLE = ("routing_config",)

Template = dict[str, Any]


def written(template: Template) -> str:
    """A template as canonical JSON, so that the same template is the same text."""
    return json.dumps(template, sort_keys=True, separators=(",", ":"))


def _template(kind: str, properties: Content) -> Template:
    """A template of one resource, with a parameter for each reference in it."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            name: {"Type": "CommaDelimitedList" if name in _LISTS else "String"}
            for name in dict.fromkeys(references(properties))
        },
        "Resources": {LOGICAL[kind]: {"Type": kind, "Properties": properties}},
    }


def references(value: Any) -> Iterator[str]:
    """The parameters that a part of a template refers to."""
    if isinstance(value, Mapping):
        if value.keys() == {"Ref"}:
            yield str(value["Ref"])
            return
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _property(name: str) -> str:
    """`volume_size_in_gb` as CloudFormation has it: `VolumeSizeInGB`."""
    return "".join(_CAPITALS.get(part, part.capitalize()) for part in name.split("_"))


def _set(value: Any) -> Any:
    """What is set in a part of a template: no None, no empty block; whole numbers without a point."""
    if isinstance(value, Mapping):
        kept = {key: _set(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [_set(inner) for inner in value]
    # 2.0 and 2 are one number, and are to be one text.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_HELD = {
    "kms_key_arn": KEY,
    "kms_key_id": KEY,
    "security_group_ids": GROUPS,
    "subnets": SUBNETS,
}


def _properties(content: Content) -> Content:
    """The properties of a block of Terraform's."""
    made: Content = {}
    for name, value in content.items():
        if value is HELD or value == HELD:
            made[_property(name)] = _ref(_HELD[name])
        elif isinstance(value, Mapping):
            made[_property(name)] = _properties(dict(value))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            blocks = [_properties(dict(each)) for each in value]
            made[_property(name)] = blocks[0] if name in _SINGLE else blocks
        else:
            made[_property(name)] = value
    return made


def configuration_template(content: Content, models: Mapping[str, str]) -> Template:
    """The template of an endpoint configuration; `models` are the parameters that name the models
    of its variants."""
    blocks = ("production_variants", "shadow_production_variants")
    made = _properties(
        {
            name: content.get(name)
            for name in (
                *blocks,
                *("data_capture_config", "async_inference_config", "vpc_config", "metrics_config"),
            )
        }
    )
    for block in blocks:
        for variant in made.get(_property(block)) or ():
            if variant["VariantName"] in models:
                variant["ModelName"] = _ref(models[variant["VariantName"]])
    made |= {
        "EndpointConfigName": _ref(NAME),
        "ExecutionRoleArn": _ref(ROLE) if content["execution_role_arn"] else None,
        "KmsKeyId": _ref(KEY) if content["kms_key_arn"] else None,
    }
    return _template(CONFIGURATION, _set(made))


def _resources(asked: ComponentResources) -> Content:
    return {
        "NumberOfAcceleratorDevicesRequired": asked.accelerators,
        "NumberOfCpuCoresRequired": asked.cpu_cores,
        "MinMemoryRequiredInMb": asked.min_memory_mib,
        "MaxMemoryRequiredInMb": asked.max_memory_mib,
    }


def _container(
    context: Context, container: ComponentContainer, instance_type: str, bucket: str
) -> Content:
    metrics = container.metrics
    return {
        "Image": container.image_uri(context, device_of(instance_type)),
        "ArtifactUrl": container.artifact_uri(bucket),
        "Environment": dict(container.environment),
        "ContainerMetricsConfig": {
            "MetricsEndpoints": [
                {
                    "MetricsEndpointPath": metrics.path,
                    "MetricPublishFrequencyInSeconds": metrics.frequency_seconds,
                }
            ]
        }
        if metrics
        else None,
    }


def _specification(
    context: Context, component: Component, instance_type: str, bucket: str, model: str
) -> Content:
    source, placement = component.source_on(instance_type), component.placement
    own = isinstance(source, ComponentContainer)
    return {
        "ModelName": None if own else _ref(model),
        "Container": _container(context, source, instance_type, bucket)
        if isinstance(source, ComponentContainer)
        else None,
        "ComputeResourceRequirements": _resources(component.on(instance_type)),
        "StartupParameters": {
            "ContainerStartupHealthCheckTimeoutInSeconds": component.startup_timeout_seconds,
            "ModelDataDownloadTimeoutInSeconds": component.download_timeout_seconds,
        },
        "DataCacheConfig": {"EnableCaching": component.caching},
        "SchedulingConfig": {
            "PlacementStrategy": placement.strategy,
            "AvailabilityZoneBalance": {
                "EnforcementMode": "PERMISSIVE",
                "MaxImbalance": placement.max_imbalance,
            },
        }
        if placement
        else None,
    }


def model_parameter(component: Component, instance_type: str) -> str:
    """The parameter that names the model of a component on an instance type."""
    own = component.by_instance_type.get(instance_type)
    if own is None or own.model is None:
        return MODEL
    return f"{MODEL}{[*component.by_instance_type].index(instance_type) + 1}"


def component_template(
    context: Context,
    component: Component,
    *,
    name: str,
    endpoint: str,
    variant: str,
    instance_type: str,
    bucket: str,
    alarms: list[str],
) -> Template:
    """The template of a component: with its rollout and alarms, that each release has them."""
    kind, value = component.batch
    rollout, back = component.rollout, component.rollout.rollback_batch_percent
    types = component.by_instance_type

    def on(each: str) -> Content:
        model = model_parameter(component, each)
        return _specification(context, component, each, bucket, model)

    properties = {
        "InferenceComponentName": name,
        "EndpointName": endpoint,
        "VariantName": variant,
        "Specification": None if types else on(instance_type),
        "Specifications": [{"InstanceType": each, **on(each)} for each in types],
        "RuntimeConfig": {"CopyCount": component.least},
        "DeploymentConfig": {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": kind, "Value": value},
                "RollbackMaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": back}
                if back
                else None,
                "WaitIntervalInSeconds": rollout.wait_seconds,
                "MaximumExecutionTimeoutInSeconds": component.worst_case_seconds,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": each} for each in alarms]},
        },
    }
    return _template(COMPONENT, _set(properties))


def adapter_template(
    adapter: Adapter, *, name: str, base: str, endpoint: str, bucket: str
) -> Template:
    """The template of an adapter: no variant and no resources, which are its base's."""
    properties = {
        "InferenceComponentName": name,
        "EndpointName": endpoint,
        "Specification": {
            "BaseInferenceComponentName": base,
            "Container": {"ArtifactUrl": located(adapter.artifact, bucket)},
        },
    }
    return _template(COMPONENT, _set(properties))
