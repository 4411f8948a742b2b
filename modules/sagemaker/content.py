"""What models and endpoint configurations hold, as plain data: it is hashed into their names,
and the blocks are made from it."""

from __future__ import annotations

from ..content import HELD, Content
from ..context import Context
from ..instances import facts_of
from ..model.accelerator import Device
from ..model.artifact import located
from .endpoints.asynchronous import AsyncEndpoint, Notifications
from .endpoints.base import Endpoint, Hosted
from .endpoints.capacity import Pooled
from .endpoints.capture import CoreDumps, DataCapture
from .endpoints.components import Consolidation, InferenceComponentEndpoint
from .endpoints.fleet import Fleet
from .endpoints.host import Host
from .sources import AnySource, JumpStartModel, ModelPackage, MultiModel


def core_dumps_uri(dumps: CoreDumps, endpoint: str, bucket: str) -> str:
    """Where the core dumps of an endpoint go."""
    return dumps.destination or f"s3://{bucket}/core-dumps/{endpoint}"


def capture_uri(capture: DataCapture, endpoint: str, bucket: str) -> str:
    """Where the captured traffic of an endpoint goes."""
    return capture.destination or f"s3://{bucket}/data-capture/{endpoint}"


def async_uri(given: str | None, folder: str, endpoint: str, bucket: str) -> str:
    """Where an asynchronous endpoint reads (`input`) or writes (`output`, `failure`)."""
    return given or f"s3://{bucket}/async/{endpoint}/{folder}"


def container_content(
    context: Context,
    source: AnySource,
    hostname: str | None,
    bucket: str,
    device: Device | None,
) -> Content:
    """The block of one container, on instances that have `device`."""
    content: Content = {"container_hostname": hostname, "environment": source.environment or None}
    if isinstance(source, ModelPackage | JumpStartModel):
        return {**content, "model_package_name": source.package}
    content["image"] = source.image_uri(context, device)
    if isinstance(source, MultiModel):
        setting = "Enabled" if source.caching else "Disabled"
        return {
            **content,
            "mode": "MultiModel",
            "model_data_url": located(source.artifacts, bucket),
            "multi_model_config": {"model_cache_setting": setting},
        }
    artifact = source.artifact_uri(bucket)
    if not source.uncompressed:
        return {**content, "model_data_url": artifact}
    objects: Content = {
        "s3_uri": artifact,
        "s3_data_type": "S3Prefix",
        "compression_type": "None",
        "model_access_config": {"accept_eula": True} if source.accept_eula else None,
    }
    return {**content, "model_data_source": {"s3_data_source": [objects]}}


def model_content(
    context: Context, hosted: Hosted, *, role: str, vpc: bool, bucket: str
) -> Content:
    """A model, with the name of its role; `variant` keeps the models of two variants apart."""
    execution = hosted.mode if hosted.mode in ("Serial", "Direct") else None
    return {
        "variant": hosted.name,
        "execution_role_arn": role,
        "enable_network_isolation": hosted.isolated,
        "container": [
            container_content(context, source, hostname, bucket, hosted.device)
            for hostname, source in hosted.containers
        ],
        "inference_execution_config": {"mode": execution} if execution else None,
        "vpc_config": {"subnets": HELD, "security_group_ids": HELD} if vpc else None,
    }


def variant_content(hosted: Hosted, endpoint: str, bucket: str) -> Content:
    """The block of one variant, without its model."""
    content: Content = {
        "variant_name": hosted.name,
        "initial_variant_weight": hosted.weight,
    }
    if hosted.serverless:
        settings = {
            "memory_size_in_mb": hosted.serverless.memory_mib,
            "max_concurrency": hosted.serverless.max_concurrency,
            "provisioned_concurrency": hosted.serverless.provisioned_concurrency,
        }
        return {**content, "serverless_config": settings}
    fleet = hosted.fleet
    assert fleet is not None
    host = fleet.host
    dumps, strategy = host.core_dumps, host.routing_strategy
    content |= {
        "instance_type": fleet.instance_type,
        "initial_instance_count": hosted.count,
        "volume_size_in_gb": host.volume_size_gb,
        "container_startup_health_check_timeout_in_seconds": host.startup_timeout_seconds,
        "model_data_download_timeout_in_seconds": host.download_timeout_seconds,
        "inference_ami_version": host.inference_ami_version,
        "enable_ssm_access": host.ssm_access or None,
        "routing_config": [{"routing_strategy": strategy}] if strategy else _prefix_aware(host),
        "core_dump_config": {
            "destination_s3_uri": core_dumps_uri(dumps, endpoint, bucket),
            "kms_key_id": HELD,
        }
        if dumps
        else None,
    }
    if isinstance(fleet, InferenceComponentEndpoint):
        content["managed_instance_scaling"] = {
            "status": "ENABLED",
            "min_instance_count": fleet.least_instances,
            "max_instance_count": fleet.max_instances,
            **_scale_in(fleet),
        }
    return content | _capacity(fleet)


def _prefix_aware(host: Host) -> list[Content] | None:
    prefix = host.prefix_aware
    if prefix is None:
        return None
    settings = {
        "prefix_length": prefix.prefix_length,
        "concurrency_threshold": prefix.concurrency_threshold,
    }
    return [{"routing_strategy": "PREFIX_AWARE", "prefix_aware_routing_config": settings}]


def _scale_in(fleet: InferenceComponentEndpoint) -> Content:
    policy = fleet.scale_in
    if policy is None:
        return {}
    if not isinstance(policy, Consolidation):
        return {"scale_in_policy": {"strategy": "IDLE_RELEASE"}}
    settings = {
        "strategy": "CONSOLIDATION",
        "maximum_step_size": policy.maximum_step_size,
        "cooldown_in_minutes": policy.cooldown_minutes,
    }
    return {"scale_in_policy": settings}


def _capacity(fleet: Fleet) -> Content:
    """Instance pools and reservations, of which the first has no instance type beside it."""
    if not isinstance(fleet, Pooled):
        return {}
    capacity = fleet.capacity
    made: Content = {}
    if capacity.pools:
        made = {
            "instance_type": None,
            "instance_pools": [
                {"instance_type": name, "priority": priority}
                for priority, name in enumerate(fleet.instance_types, 1)
            ],
            "variant_instance_provision_timeout_in_seconds": capacity.provision_timeout_seconds,
        }
    if capacity.reservation is not None:
        made["capacity_reservation_config"] = {
            "capacity_reservation_preference": "capacity-reservations-only",
            "ml_reservation_arn": capacity.reservation.arn,
        }
    return made


def _content_types(capture: DataCapture) -> Content | None:
    content = {
        "csv_content_types": list(capture.csv_content_types) or None,
        "json_content_types": list(capture.json_content_types) or None,
    }
    # The provider fails on an empty block.
    return content if any(content.values()) else None


def _capture_content(capture: DataCapture, endpoint: str, bucket: str) -> Content:
    return {
        "enable_capture": True,
        "initial_sampling_percentage": capture.sampling_percent,
        "destination_s3_uri": capture_uri(capture, endpoint, bucket),
        "kms_key_id": HELD,
        "capture_options": [{"capture_mode": mode} for mode in capture.modes],
        "capture_content_type_header": _content_types(capture),
    }


def _notification_content(spec: Notifications) -> Content:
    included = [f"{kind.upper()}_NOTIFICATION_TOPIC" for kind in spec.include_response_in]
    return {
        "success_topic": spec.success_topic,
        "error_topic": spec.error_topic,
        "include_inference_response_in": included or None,
    }


def _async_content(spec: AsyncEndpoint, endpoint: str, bucket: str) -> Content:
    concurrency = spec.max_concurrent_invocations_per_instance
    return {
        "client_config": {"max_concurrent_invocations_per_instance": concurrency}
        if concurrency
        else None,
        "output_config": {
            "s3_output_path": async_uri(spec.output, "output", endpoint, bucket),
            "s3_failure_path": async_uri(spec.failure_output, "failure", endpoint, bucket),
            "kms_key_id": HELD,
            "notification_config": _notification_content(spec.notifications)
            if spec.notifications and spec.notifications.topics
            else None,
        },
    }


def has_own_storage(spec: Endpoint) -> bool:
    """Whether any instance encrypts its own local storage, for which AWS refuses a key."""
    types = {each.instance_type for each in spec.variants_and_shadow if each.instance_type}
    return any(facts_of(name).local_gb for name in types)


def configuration_content(
    spec: Endpoint, *, endpoint: str, role: str, bucket: str, models: dict[str, str]
) -> Content:
    """An endpoint configuration; `models` are the hashes of its variants' models."""
    shadow = spec.shadowed()
    return {
        "models": models,
        "execution_role_arn": None if models else role,
        "kms_key_arn": None if has_own_storage(spec) else HELD,
        "production_variants": [variant_content(each, endpoint, bucket) for each in spec.hosted()],
        "shadow_production_variants": [variant_content(shadow, endpoint, bucket)]
        if shadow
        else None,
        "data_capture_config": _capture_content(spec.capture, endpoint, bucket)
        if spec.capture
        else None,
        "async_inference_config": _async_content(spec, endpoint, bucket)
        if isinstance(spec, AsyncEndpoint)
        else None,
        "vpc_config": {"subnets": HELD, "security_group_ids": HELD}
        if isinstance(spec, InferenceComponentEndpoint) and spec.in_vpc
        else None,
        "metrics_config": _metrics(spec),
    }


def _metrics(spec: Endpoint) -> Content | None:
    if not isinstance(spec, InferenceComponentEndpoint) or spec.metrics is None:
        return None
    return {
        "enable_enhanced_metrics": spec.metrics.enhanced,
        "enable_detailed_observability": spec.metrics.detailed_observability,
        "metric_publish_frequency_in_seconds": spec.metrics.frequency_seconds,
    }


def is_stacked(spec: Endpoint, content: Content) -> bool:
    """Whether CloudFormation has to make an endpoint configuration: where hashicorp/aws cannot say
    what is asked for, or, below 6.25, a variant for components."""
    variants = [*content["production_variants"], *(content["shadow_production_variants"] or ())]
    return (
        (isinstance(spec, InferenceComponentEndpoint) and bool(spec.components))
        or any(content[name] for name in ("vpc_config", "metrics_config"))
        or any(
            variant.get("instance_pools")
            or variant.get("capacity_reservation_config")
            or (variant.get("managed_instance_scaling") or {}).get("scale_in_policy")
            or "prefix_aware_routing_config" in (variant.get("routing_config") or [{}])[0]
            for variant in variants
        )
    )
