"""S3: bucket policies, lifecycle rules, notifications."""

from __future__ import annotations

import copy
import fnmatch
import json
from collections.abc import Callable
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from flask import has_request_context, request
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL

from .. import policies
from ..policies import listed
from .registry import Service

service = Service("s3", S3Response)

Original = Callable[..., Any]


@service.corrects(
    "PutObject",
    gap="ignores conditions, so that a Deny on aws:SecureTransport=false denies everything",
    owner=FakeBucket,
)
def get_permission(original: Original, bucket: FakeBucket, action: str, resource: str) -> Any:
    """AWS applies a statement only where its conditions hold.

    The emulator speaks plain HTTP on loopback instead of AWS's TLS endpoint, so a request
    counts as TLS unless it says ``X-Forwarded-Proto: http``.
    """
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    context, caller = _context(), _caller()
    found = policies.effect(
        policies.statements(bucket.policy),
        action,
        resource,
        context,
        by=lambda statement: _concerns(statement.get("Principal", "*"), caller),
    )
    return _RESULTS[found]


_RESULTS = {
    "Allow": PermissionResult.PERMITTED,
    "Deny": PermissionResult.DENIED,
    "": PermissionResult.NEUTRAL,
}


def _context() -> dict[str, str]:
    """The condition keys of the request being answered, in lower case as IAM compares them."""
    context = {"aws:principalaccount": _caller()}
    if not has_request_context():
        return context | {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
    secure = request.headers.get("X-Forwarded-Proto", "https").lower() != "http"
    context["aws:securetransport"] = str(secure).lower()
    if secure:
        context["s3:tlsversion"] = "1.3"
    for name, value in request.headers.items():
        if name.lower().startswith("x-amz-"):
            context[f"s3:{name.lower()}"] = value
    return context


def _caller() -> str:
    """The account of the request being answered."""
    from moto.iam.models import get_account_id_from

    authorization = request.headers.get("Authorization", "") if has_request_context() else ""
    match = S3Response.access_key_regex.search(authorization)
    return str(get_account_id_from(match.group("access_key") if match else ""))


def _concerns(principal: Any, account: str) -> bool:
    """Whether a statement's principal can be the caller, of whom only the account is known."""
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return any(
        each in ("*", account) or each.split(":")[4:5] == [account]
        for each in listed(principal.get("AWS", []))
    )


@service.corrects(
    "HeadBucket",
    gap="lets every account into every bucket",
    owner=S3Backend,
)
def get_bucket(original: Original, backend: S3Backend, bucket_name: str) -> FakeBucket:
    """AWS denies another account's bucket unless the bucket's policy allows the account."""
    bucket: FakeBucket = original(backend, bucket_name)
    if bucket.account_id != backend.account_id and not _lets_in(bucket, backend.account_id):
        raise S3AccessDeniedError()
    return bucket


def _lets_in(bucket: FakeBucket, account: str) -> bool:
    if bucket.policy is None:
        return False
    return any(
        statement.get("Effect") == "Allow" and _concerns(statement.get("Principal"), account)
        for statement in listed(json.loads(bucket.policy)["Statement"])
    )


@service.corrects(
    "PutBucketLogging",
    gap="fails with 500 for a target policy with Principal *; knows one form of statement only",
    owner=FakeBucket,
    method="_log_permissions_enabled_policy",
)
def log_permissions_enabled_policy(
    original: Original, target_bucket: FakeBucket, target_prefix: str | None
) -> bool:
    """AWS lets S3's logging service write where any statement of the target's policy allows it."""
    if target_bucket.policy is None:
        return False
    written = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}x"
    return any(
        statement.get("Effect") == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and LOGGING_SERVICE_PRINCIPAL in listed(statement["Principal"].get("Service", []))
        and any(fnmatch.fnmatchcase("s3:PutObject", a) for a in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(written, r) for r in listed(statement["Resource"]))
        for statement in listed(json.loads(target_bucket.policy)["Statement"])
    )


@service.corrects(
    "PutBucketLifecycleConfiguration",
    gap="loses NewerNoncurrentVersions and object sizes",
    owner=FakeBucket,
)
def set_lifecycle(original: Original, bucket: Any, rules: list[dict[str, Any]]) -> None:
    """AWS keeps the rules as they were given."""
    given = copy.deepcopy(rules)
    original(bucket, rules)
    bucket.lifecycle_rules = given


@service.corrects(
    "GetBucketLifecycleConfiguration",
    gap="answers rules without what it lost: Terraform waits for them until it gives up",
)
def get_bucket_lifecycle(original: Original, response: S3Response) -> TYPE_RESPONSE:
    """AWS answers the rules as they were given; request and answer have the same form."""
    status, headers, body = original(response)
    bucket: Any = response.backend.get_bucket(response.bucket_name)
    rules = getattr(bucket, "lifecycle_rules", None)
    if rules is not None:
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        body = xmltodict.unparse({"LifecycleConfiguration": {"@xmlns": namespace, "Rule": rules}})
    return status, headers, body


@service.corrects(
    "GetBucketNotificationConfiguration", gap="does not answer that EventBridge is on"
)
def get_bucket_notification(original: Original, response: S3Response) -> TYPE_RESPONSE:
    """AWS answers an empty element for it."""
    status, headers, body = original(response)
    configuration = response.backend.get_bucket_notification_configuration(response.bucket_name)
    if configuration is not None and configuration.event_bridge is not None:
        content = xmltodict.parse(body)
        content["NotificationConfiguration"] = {
            **(content["NotificationConfiguration"] or {}),
            "EventBridgeConfiguration": "",
        }
        body = xmltodict.unparse(content)
    return status, headers, body


@service.corrects(
    "GetBucketReplication",
    gap="answers every rule for all objects, without deletions and what is encrypted by a key",
)
def get_bucket_replication(original: Original, response: S3Response) -> Any:
    """AWS answers the rules as they were put."""
    replication = response.backend.get_bucket_replication(response.bucket_name)
    if not replication:
        return original(response)
    response.data["Action"] = "GetBucketReplication"
    rules = [
        {
            "DeleteMarkerReplication": {"Status": "Disabled"},
            **{name: value for name, value in rule.items() if not name.startswith("@")},
            "Filter": {"Prefix": ((rule.get("Filter") or {}).get("Prefix") or "")},
        }
        for rule in replication["Rule"]
    ]
    answer = {"ReplicationConfiguration": {"Role": replication["Role"], "Rules": rules}}
    return response.serialized(ActionResult(answer))
