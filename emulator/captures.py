"""What an endpoint captures of its requests and answers, and where it lies.

SageMaker developer guide, "Capture data from real-time endpoint". AWS collects for some minutes and writes
several to a file; here each has a file of its own at once. AWS draws which requests are captured; here
they are spread evenly, so that a test knows which.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from . import rights
from .s3_uri import bucket_and_key

Message = tuple[str, bytes]
"""The media type and the body of a request or an answer."""


def capture(backend: Any, endpoint: Any, variant: str, request: Message, answer: Message) -> None:
    """Write a request and its answer where the endpoint's configuration says, if it captures them.

    What the role of the model may not write is not there, and nothing else comes of it.
    """
    config = backend.endpoint_configs[endpoint.endpoint_config_name]
    asked = config.data_capture_config or {}
    if not asked.get("EnableCapture") or not _is_drawn(endpoint, asked):
        return
    role = _role(backend, endpoint, config, variant)
    if rights.is_judged(backend.account_id) and not _may_write(role, asked):
        return
    data: dict[str, Any] = {}
    modes = {each["CaptureMode"] for each in asked.get("CaptureOptions", [])}
    for mode, member, message in (
        ("Input", "endpointInput", request),
        ("Output", "endpointOutput", answer),
    ):
        if modes & {mode, "InputAndOutput"}:
            data[member] = _captured(mode, message, asked.get("CaptureContentTypeHeader") or {})
    now, event = utcnow(), str(mock_random.uuid4())
    record = {
        "captureData": data,
        "eventMetadata": {"eventId": event, "inferenceTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"},
        "eventVersion": "0",
    }
    bucket, prefix = bucket_and_key(asked["DestinationS3Uri"])
    folder = f"{prefix}/{endpoint.endpoint_name}/{variant}/{now:%Y/%m/%d/%H}"
    key = f"{folder}/{now:%M-%S}-{now.microsecond // 1000:03}-{event}.jsonl".lstrip("/")
    try:
        s3_backends[backend.account_id][backend.partition].put_object(
            bucket, key, f"{json.dumps(record)}\n".encode()
        )
    except S3ClientError:
        return


def _is_drawn(endpoint: Any, asked: dict[str, Any]) -> bool:
    seen = endpoint.__dict__.get("requests_seen", 0)
    endpoint.requests_seen = seen + 1
    percent = int(asked.get("InitialSamplingPercentage", 100))
    return bool((seen + 1) * percent // 100 > seen * percent // 100)


def _role(backend: Any, endpoint: Any, config: Any, variant: str) -> rights.Role | None:
    """The role of the model of a variant, else that of the configuration."""
    found = next(each for each in config.production_variants if each["VariantName"] == variant)
    model = backend._models.get(found.get("ModelName"))
    arn = getattr(model or config, "execution_role_arn", None) or ""
    return rights.assumed(arn, "sagemaker.amazonaws.com", by=endpoint.arn)


def _may_write(role: rights.Role | None, asked: dict[str, Any]) -> bool:
    if role is None:
        return False
    try:
        rights.write(role, asked["DestinationS3Uri"], asked.get("KmsKeyId") or "")
    except rights.DeniedError:
        return False
    return True


def _captured(mode: str, message: Message, kinds: dict[str, list[str]]) -> dict[str, str]:
    media, body = message
    plain = media.partition(";")[0].strip().lower()
    encoding = next(
        (
            name
            for name, member in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes"))
            if plain in {each.lower() for each in kinds.get(member) or ()}
        ),
        "BASE64",
    )
    text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    return {
        "observedContentType": media,
        "mode": mode.upper(),
        "data": text,
        "encoding": encoding,
    }
