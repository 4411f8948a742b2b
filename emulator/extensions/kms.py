"""KMS: keys and their rotation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.kms.responses import KmsResponse

from .registry import Service

service = Service("kms", KmsResponse)

Original = Callable[..., Any]

DEFAULT_ROTATION_DAYS = 365


@service.corrects("CreateKey", gap="keeps no KeyUsage where none is given")
def create_key(original: Original, response: KmsResponse) -> str:
    """AWS makes a symmetric key that encrypts and decrypts where nothing else is said."""
    answer = str(original(response))
    key = response.kms_backend.keys[json.loads(answer)["KeyMetadata"]["KeyId"]]
    if key.key_usage is None and key.key_spec == "SYMMETRIC_DEFAULT":
        key.key_usage = "ENCRYPT_DECRYPT"
        answer = json.dumps(key.to_dict())
    return answer


@service.corrects("EnableKeyRotation", gap="loses RotationPeriodInDays")
def enable_key_rotation(original: Original, response: KmsResponse) -> str:
    """AWS keeps the period, 90 to 2560 days and 365 when none is given."""
    period = response._get_int_param("RotationPeriodInDays", DEFAULT_ROTATION_DAYS)
    if not 90 <= period <= 2560:
        raise JsonRESTError(
            "ValidationException",
            f"1 validation error detected: Value '{period}' at 'rotationPeriodInDays' failed to "
            "satisfy constraint: Member must have value between 90 and 2560",
        )
    answer = str(original(response))
    key = _key(response)
    key.rotation_period_in_days = period
    key.rotation_enabled_at = utcnow()
    return answer


@service.corrects("GetKeyRotationStatus", gap="answers no RotationPeriodInDays and no next date")
def get_key_rotation_status(original: Original, response: KmsResponse) -> str:
    """AWS answers the key, the period and the next date while rotation is on."""
    answer = json.loads(original(response))
    key = _key(response)
    answer["KeyId"] = key.id
    if answer["KeyRotationEnabled"]:
        period = getattr(key, "rotation_period_in_days", DEFAULT_ROTATION_DAYS)
        enabled_at: datetime = getattr(key, "rotation_enabled_at", utcnow())
        answer["RotationPeriodInDays"] = period
        answer["NextRotationDate"] = (enabled_at + timedelta(days=period)).timestamp()
    return json.dumps(answer)


def _key(response: KmsResponse) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
