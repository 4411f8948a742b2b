"""SageMaker Runtime: invoking an endpoint."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from .. import captures, components, rights
from ..s3_uri import bucket_and_key
from .registry import Service

service = Service("sagemakerruntime", SageMakerRuntimeResponse)

Original = Callable[..., Any]

SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")


class RuntimeValidationError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """The runtime's own error, whose code is not that of SageMaker's control plane."""

    code = "ValidationError"

    def __init__(self, message: str) -> None:
        super().__init__(message)


@service.prepares("InvokeEndpoint", gap="fails with 500 for a body that is not UTF-8")
def take_bytes() -> None:
    """AWS hands the body to the container as it is."""
    SageMakerRuntimeResponse.use_raw_body = True


@service.corrects(
    "InvokeEndpoint",
    gap="answers any name, known or not, with the same words; captures nothing; knows no inference "
    "components and publishes no metrics of them",
)
def invoke_endpoint(original: Original, response: SageMakerRuntimeResponse) -> TYPE_RESPONSE:
    """AWS answers 400 for an endpoint or component that does not serve, and names the variant that did.

    There is no container here, so returns a JSON object that says what was received.
    Results queued through moto's own API are answered as moto does.
    """
    endpoint = _serving(response)
    if getattr(endpoint, "async_inference_config", None):
        raise RuntimeValidationError(
            f"Endpoint {endpoint.endpoint_name} of account {response.current_account} is an "
            "asynchronous inference endpoint. Use InvokeEndpointAsync."
        )
    component = _invoked(response, endpoint)
    if component is not None:
        components.publish(
            component,
            Invocations=1,
            InvocationsPerCopy=1 / component.current,
            Invocation4XXErrors=0,
            Invocation5XXErrors=0,
            InvocationModelErrors=0,
        )
    variant = (
        _variant(endpoint, response.headers.get("X-Amzn-SageMaker-Target-Variant"))
        if component is None
        else component.variant
    )
    _check_container(response, endpoint, variant)
    if response.sagemakerruntime_backend.results_queue:
        response.body = response.raw_body.decode("utf-8", errors="replace")
        status, headers, body = original(response)
        return status, headers, body
    told = json.dumps(_echo(response, endpoint, variant))
    captures.capture(
        sagemaker_backends[response.current_account][response.region],
        endpoint,
        variant,
        (response.headers.get("Content-Type") or "", response.raw_body or b""),
        ("application/json", told.encode()),
    )
    return (
        200,
        {"Content-Type": "application/json", "x-Amzn-Invoked-Production-Variant": variant},
        told,
    )


@service.corrects(
    "InvokeEndpointAsync",
    gap="answers any name; writes to a bucket of its own instead of the configured one",
)
def invoke_endpoint_async(original: Original, response: SageMakerRuntimeResponse) -> TYPE_RESPONSE:
    """AWS accepts with 202 and writes the answer under S3OutputPath of the configuration, or below
    S3FailurePath why there is none."""
    endpoint = _serving(response)
    config = getattr(endpoint, "async_inference_config", None)
    if not config:
        raise RuntimeValidationError(
            f"Endpoint {endpoint.endpoint_name} of account {response.current_account} is not an "
            "asynchronous inference endpoint. Use InvokeEndpoint."
        )
    location = response.headers.get("X-Amzn-SageMaker-InputLocation")
    if not location:
        raise RuntimeValidationError("InputLocation is required.")
    inference = response.headers.get("X-Amzn-SageMaker-Inference-Id") or str(mock_random.uuid4())
    headers: dict[str, Any] = {"status": 202, "Content-Type": "application/json"}
    failure = output = ""
    name = mock_random.uuid4()
    outputs = config["OutputConfig"]
    if outputs.get("S3FailurePath"):
        failure = f"{outputs['S3FailurePath'].rstrip('/')}/{name}-error.out"
        headers["X-Amzn-SageMaker-FailureLocation"] = failure
    if outputs.get("S3OutputPath"):
        output = f"{outputs['S3OutputPath'].rstrip('/')}/{name}.out"
        headers["X-Amzn-SageMaker-OutputLocation"] = output
    if not rights.has_object(location):
        # In words of this emulator: AWS documents that a download may fail, and not what it says then.
        if failure:
            _write(response, failure, f"The request cannot be downloaded: there is no {location}")
    elif output:
        variant = _variant(endpoint, None)
        content = _echo(response, endpoint, variant) | {"inputLocation": location}
        _write(response, output, json.dumps(content))
    return 202, headers, json.dumps({"InferenceId": inference})


def _serving(response: SageMakerRuntimeResponse) -> Any:
    name = unquote(response.path.split("/")[2])
    endpoints = sagemaker_backends[response.current_account][response.region].endpoints
    for known, endpoint in endpoints.items():
        if known.lower() == name.lower() and endpoint.endpoint_status in SERVING:
            return endpoint
    raise RuntimeValidationError(
        f"Endpoint {name} of account {response.current_account} not found."
    )


def _check_container(response: SageMakerRuntimeResponse, endpoint: Any, variant: str) -> None:
    """Amazon SageMaker developer guide, "Invoke a multi-container endpoint with direct invocation": where
    there is a validation error. The words are this emulator's own."""
    backend = sagemaker_backends[response.current_account][response.region]
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    models = (
        backend._models.get(each.get("ModelName"))
        for each in getattr(config, "production_variants", [])
        if each["VariantName"] == variant
    )
    model = next(models, None)
    if model is None:
        return
    asked = response.headers.get(_CONTAINER)
    mode = (getattr(model, "inference_execution_config", None) or {}).get("Mode")
    if mode != "Direct":
        if asked:
            raise RuntimeValidationError(
                f"Endpoint {endpoint.endpoint_name} is not configured for direct invocation: leave out "
                "TargetContainerHostname."
            )
        return
    known = [str(each.get("ContainerHostname")) for each in getattr(model, "containers", ())]
    if asked not in known:
        wrong = f"has no container {asked}" if asked else "needs a TargetContainerHostname"
        raise RuntimeValidationError(
            f"Endpoint {endpoint.endpoint_name}, which is configured for direct invocation, {wrong}: its "
            f"containers are {', '.join(known)}."
        )


_CONTAINER = "X-Amzn-SageMaker-Target-Container-Hostname"
_COMPONENT = "X-Amzn-SageMaker-Inference-Component"


def _invoked(
    response: SageMakerRuntimeResponse, endpoint: Any
) -> components.InferenceComponent | None:
    """The component that a request names, which an endpoint for components requires."""
    name = response.headers.get(_COMPONENT)
    backend = sagemaker_backends[response.current_account][response.region]
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    variants = getattr(config, "production_variants", [])
    if not any(not each.get("ModelName") for each in variants):
        if name:
            raise RuntimeValidationError(
                f"Inference Component Name header is not supported by endpoint "
                f"{endpoint.endpoint_name}, which hosts no inference components."
            )
        return None
    if not name:
        raise RuntimeValidationError(
            "Inference Component Name header is required for endpoints to which you plan to deploy "
            "inference components. Please include Inference Component Name header or consider using "
            "SageMaker models."
        )
    component = components.components(backend).get(name)
    if component is None or component.endpoint is not endpoint:
        raise RuntimeValidationError(f"Inference Component {name} not found.")
    if not component.serves or component.current == 0:
        components.publish(component, NoCapacityInvocationFailures=1)
        raise RuntimeValidationError(
            "Inference Component has no capacity to process this request. ApplicationAutoScaling may be "
            "in-progress (if configured) or try to increase the capacity by invoking "
            "UpdateInferenceComponentRuntimeConfig API."
        )
    return component


def _variant(endpoint: Any, target: str | None) -> str:
    names = [str(variant["VariantName"]) for variant in endpoint.production_variants]
    if target is not None:
        if target not in names:
            raise RuntimeValidationError(
                f"Variant {target} was not found for endpoint {endpoint.endpoint_name}."
            )
        return target
    # deterministic, where AWS draws by weight
    weights = {
        str(v["VariantName"]): v.get("CurrentWeight", 0) for v in endpoint.production_variants
    }
    return max(names, key=lambda name: weights[name])


def _echo(response: SageMakerRuntimeResponse, endpoint: Any, variant: str) -> dict[str, Any]:
    body = response.raw_body or b""
    echo: dict[str, Any] = {
        "emulator": "inferform",
        "note": "no container ran; this is what the endpoint received",
        "endpoint": endpoint.endpoint_name,
        "endpointConfig": endpoint.endpoint_config_name,
        "variant": variant,
        "contentType": response.headers.get("Content-Type"),
        "accept": response.headers.get("Accept"),
        "bytes": len(body),
    }
    for header, field in (
        (_COMPONENT, "inferenceComponent"),
        (_CONTAINER, "targetContainer"),
        ("X-Amzn-SageMaker-Target-Model", "targetModel"),
        ("X-Amzn-SageMaker-Custom-Attributes", "customAttributes"),
        ("X-Amzn-SageMaker-Inference-Id", "inferenceId"),
    ):
        if response.headers.get(header):
            echo[field] = response.headers[header]
    try:
        echo["body"] = body.decode("utf-8")
    except UnicodeDecodeError:
        echo["bodyBase64"] = base64.b64encode(body).decode("ascii")
    return echo


def _write(response: SageMakerRuntimeResponse, location: str, content: str) -> None:
    bucket, key = bucket_and_key(location)
    backend = s3_backends[response.current_account][response.partition]
    try:
        backend.put_object(bucket, key, value=content.encode())
    except S3ClientError as error:
        raise RuntimeValidationError(f"Could not write to {location}: {error}") from None
