"""Versions of the Model Registry: whose they are, their life cycle, and what they tell EventBridge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import events_backends
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from . import policies

_TOLD = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelLifeCycle",
    "CustomerMetadataProperties",
)


class NotAllowedError(JsonRESTError):  # type: ignore[misc]  # moto is not checked
    """The policy of a group lets the caller's account in not at all, or not for this."""

    code = 400

    def __init__(self, account: str, action: str, arn: str) -> None:
        super().__init__(
            "AccessDeniedException",
            f"User: arn:aws:iam::{account}:root is not authorized to perform: {action} on resource: {arn} "
            "because no resource-based policy allows the action",
        )


def owner(response: Any, name: str | None, action: str) -> SageMakerModelBackend:
    """The backend of the account that a group or version is in, which its name or ARN says.

    What is in another account is reached by its ARN, as far as the policy of its group lets the
    caller's account. SageMaker developer guide, "Deploy a model version from a different account".
    """
    account, parts = response.current_account, str(name).split(":")
    if len(parts) < 6 or parts[4] == account:
        return response.sagemaker_backend
    backend = sagemaker_backends[parts[4]][parts[3]]
    group = backend.model_package_groups.get(parts[5].split("/")[1])
    versions = ":".join(parts[:5]) + f":model-package/{parts[5].split('/')[1]}/1"
    root = f"arn:{parts[1]}:iam::{account}:root"
    held = policies.statements(getattr(group, "resource_policy", None))
    if not any(
        policies.effect(held, action, each, {}, by=lambda found: policies.is_role(found, root))
        == "Allow"
        for each in (str(name), versions)
    ):
        raise NotAllowedError(account, action, str(name))
    response.current_account = parts[4]
    return backend


def kept(package: Any) -> dict[str, Any]:
    """The values whose changes are told."""
    shown = package.gen_response_object()
    return {name: shown.get(name) for name in _TOLD}


def tell(backend: SageMakerModelBackend, package: Any, changed: Iterable[str] = ()) -> None:
    """Send the event of a new version, or of one of which something changed, to the default bus of
    the registry's account.

    SageMaker developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
    """
    shown, updated = package.gen_response_object(), [*changed]
    told = (
        *("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn"),
        *("ModelPackageDescription", "InferenceSpecification", "ModelPackageStatus"),
        *("ModelPackageStatusDetails", "ModelApprovalStatus", "ApprovalDescription"),
        *("ModelLifeCycle", "ModelMetrics", "MetadataProperties", "CustomerMetadataProperties"),
    )
    detail: dict[str, Any] = {name: shown[name] for name in told if shown.get(name) is not None}
    for name in ("CreationTime", "LastModifiedTime"):
        if shown.get(name):
            detail[name] = shown[name].isoformat()
    if updated:
        detail["UpdatedModelPackageFields"] = updated
    events_backends[backend.account_id][backend.region_name].put_events(
        [
            {
                "Source": "aws.sagemaker",
                "DetailType": "SageMaker Model Package State Change",
                "Resources": [package.arn],
                "Detail": json.dumps(detail, default=str),
            }
        ]
    )


def update(backend: SageMakerModelBackend, package: Any, change: Callable[[], object]) -> None:
    """Make a change of a version, and tell what of it is another now; nothing where all is as it was."""
    before = json.loads(json.dumps(kept(package), default=str))
    change()
    after = json.loads(json.dumps(kept(package), default=str))
    changed = [name for name in _TOLD if before[name] != after[name]]
    if changed:
        tell(backend, package, changed)
