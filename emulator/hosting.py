"""What SageMaker does before an endpoint serves: take on the role of each model, pull its images and
fetch its artifacts. Judged where the control route ``access`` says so, see ``emulator.rights``.

The reasons are SageMaker's own words. It names the lacking permission to pull as it is for
BatchGetImage; for the other two actions of a pull the words are taken to be the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

from . import rights, ways

SERVICE = "sagemaker.amazonaws.com"


def failure(backend: Any, endpoint: Any, config: Any) -> str:
    """Why an endpoint cannot run a configuration; empty where it can, or where nothing is judged."""
    if not rights.is_judged(backend.account_id):
        return ""
    for variant in _variants(config):
        model = backend._models.get(variant.get("ModelName"))
        if model is None:
            continue
        role = rights.assumed(model.execution_role_arn, SERVICE, by=endpoint.arn)
        if role is None:
            return not_assumed(model.execution_role_arn)
        for number, container in enumerate(_containers(backend, model), 1):
            found = _unfetched(backend, model, role, container, number)
            if found:
                return found
        if any(_is_cut_off(backend, model, each) for each in _containers(backend, model)):
            return (
                f"The primary container for production variant {variant['VariantName']} did not pass "
                "the ping health check. Please check CloudWatch logs for this endpoint."
            )
        _watch(backend, endpoint, config, role)
    return ""


def component_failure(backend: Any, component: Any, spec: dict[str, Any]) -> str:
    """Why an inference component cannot run a specification; empty where it can, or where nothing is
    judged. The role of its model fetches the model, else that of the endpoint configuration; the way
    leads through the VPC of the endpoint configuration."""
    if not rights.is_judged(backend.account_id):
        return ""
    config = backend.endpoint_configs[component.endpoint.endpoint_config_name]
    network = SimpleNamespace(
        vpc_config=getattr(config, "vpc_config", None),
        enable_network_isolation=getattr(config, "enable_network_isolation", False),
    )
    for each in spec.get("Specifications") or [spec["Specification"]]:
        model = backend._models.get(each.get("ModelName"))
        arn = getattr(model, "execution_role_arn", None) or config.execution_role_arn
        role = rights.assumed(arn, SERVICE, by=component.arn)
        if role is None:
            return not_assumed(arn)
        own = each.get("Container") or {}
        containers = (
            [{**own, "ModelDataUrl": own.get("ArtifactUrl")}]
            if model is None
            else list(_containers(backend, model))
        )
        for number, container in enumerate(containers, 1):
            found = _unfetched(backend, network, role, container, number)
            if found:
                return found
            if _is_cut_off(backend, network, container):
                return (
                    "The container of the inference component did not pass the ping health check. "
                    "Please check CloudWatch logs for this inference component."
                )
    return ""


def not_assumed(arn: str) -> str:
    """What SageMaker says of a role that it cannot take on."""
    return (
        f'The execution role ARN "{arn}" is invalid. Please ensure that the role exists and that '
        'its trust relationship policy allows the action "sts:AssumeRole" for the service '
        f'principal "{SERVICE}".'
    )


def _variants(config: Any) -> list[dict[str, Any]]:
    shadows = getattr(config, "shadow_production_variants", None) or []
    return [*config.production_variants, *shadows]


def _containers(backend: Any, model: Any) -> Iterator[dict[str, Any]]:
    """The containers of a model; those of a model package that the emulator has in its place."""
    for container in model.containers or [model.primary_container]:
        package = backend.model_packages.get(container.get("ModelPackageName"))
        if package is None:
            yield container
        else:
            yield from (package.inference_specification or {}).get("Containers", [])


def _unfetched(
    backend: Any, model: Any, role: rights.Role, container: dict[str, Any], number: int
) -> str:
    image = container.get("Image")
    if image:
        try:
            rights.pull(role, image)
        except rights.DeniedError as error:
            action = error.refusal.action.partition(":")[2]
            return (
                f"The role '{role.arn}' does not have {action} permission for the image: '{image}'."
            )
        except rights.MissingError:
            return f"The image '{image}' does not exist."
    for uri, is_prefix, may_be_empty in _artifacts(container):
        if not _is_fetched(backend, model, role, uri, is_prefix, may_be_empty):
            return (
                f'Failed to download model data for container "container_{number}" from URL: '
                f'"{uri}". Please ensure that there is an object located at the URL and that the '
                "role passed to CreateModel has permissions to download the object."
            )
    return ""


# What AWS's containers fetch from the Hugging Face Hub when they start
# (github.com/aws/deep-learning-containers, github.com/deepjavalibrary/djl-serving).
_FROM_THE_HUB = ("HF_MODEL_ID", "OPTION_MODEL_ID", "SM_SGLANG_MODEL_PATH", "SM_VLLM_MODEL")
_OFFLINE_OR_ELSEWHERE = ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HTTPS_PROXY", "TRANSFORMERS_OFFLINE")
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")


def _is_cut_off(backend: Any, model: Any, container: dict[str, Any]) -> bool:
    """Whether a container fetches its model from the Hub and nothing leads there."""
    variables = container.get("Environment") or {}
    fetches = any(_HUB_ID.fullmatch(variables.get(name, "")) for name in _FROM_THE_HUB)
    if not fetches or any(name in variables for name in _OFFLINE_OR_ELSEWHERE):
        return False
    network = model.vpc_config or {}
    way = ways.find(
        backend.account_id,
        backend.region_name,
        network.get("Subnets", ()),
        network.get("SecurityGroupIds", ()),
        ways.INTERNET,
    )
    return way is None or bool(getattr(model, "enable_network_isolation", False))


def _artifacts(container: dict[str, Any]) -> Iterator[tuple[str, bool, bool]]:
    """Each artifact: where it is, whether it is all below a prefix, and whether that may be empty, as
    models of an endpoint with many may come later."""
    many = container.get("Mode") == "MultiModel"
    if container.get("ModelDataUrl"):
        yield container["ModelDataUrl"], many, many
    for source in (
        container.get("ModelDataSource") or {},
        *(container.get("AdditionalModelDataSources") or []),
    ):
        location = source.get("S3DataSource")
        if location:
            yield location["S3Uri"], location.get("S3DataType") == "S3Prefix", many


def _is_fetched(
    backend: Any, model: Any, role: rights.Role, uri: str, is_prefix: bool, may_be_empty: bool
) -> bool:
    network = model.vpc_config or {}
    way = ways.find(
        backend.account_id,
        backend.region_name,
        network.get("Subnets", ()),
        network.get("SecurityGroupIds", ()),
        "s3",
    )
    if way is None:
        return False
    try:
        rights.read(role, uri, is_prefix=is_prefix, through=way.endpoint)
    except (rights.DeniedError, rights.MissingError):
        return False
    return not is_prefix or may_be_empty or rights.holds_anything(uri)


def _watch(backend: Any, endpoint: Any, config: Any, role: rights.Role) -> None:
    """Note what would be refused once it serves: logs, metrics, captured data, results, notices.

    None of it keeps an endpoint from serving.
    """
    group = f"/aws/sagemaker/Endpoints/{endpoint.endpoint_name}"
    calls: list[Callable[[], None]] = [
        partial(rights.write_logs, role, backend.region_name, group),
        partial(rights.measure, role, "/aws/sagemaker/Endpoints"),
    ]
    capture = config.data_capture_config or {}
    if capture.get("EnableCapture"):
        place = capture["DestinationS3Uri"]
        calls.append(partial(rights.write, role, place, capture.get("KmsKeyId") or ""))
    outputs = (config.async_inference_config or {}).get("OutputConfig", {})
    calls += [
        partial(rights.write, role, outputs[name], outputs.get("KmsKeyId") or "")
        for name in ("S3OutputPath", "S3FailurePath")
        if outputs.get(name)
    ]
    topics = outputs.get("NotificationConfig") or {}
    calls += [
        partial(rights.publish, role, topics[name])
        for name in ("SuccessTopic", "ErrorTopic")
        if topics.get(name)
    ]
    for call in calls:
        try:
            call()
        except rights.DeniedError as error:
            rights.note(backend.account_id, error.refusal)
