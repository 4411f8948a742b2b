"""SQS: queue attributes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Queue
from moto.sqs.responses import SQSResponse

from .registry import Service

service = Service("sqs", SQSResponse)

Original = Callable[..., Any]


@service.corrects(
    "GetQueueAttributes",
    gap="answers RedrivePolicy with blanks that were not given: Terraform sees a change for ever",
    owner=Queue,
    method="attributes",
)
def get_queue_attributes(original: Original, queue: Queue) -> dict[str, Any]:
    """AWS answers it without blanks."""
    attributes = dict(original(queue))
    if queue.redrive_policy:
        attributes["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    return attributes


@service.corrects(
    "SetQueueAttributes",
    gap="forgets the queue's policy when anything else is set",
    owner=Queue,
    method="_set_attributes",
)
def set_attributes(
    original: Original, queue: Queue, attributes: dict[str, Any], now: float | None = None
) -> None:
    """AWS changes only the attributes that were given."""
    policy = getattr(queue, "_policy_json", None)
    original(queue, attributes, now)
    if "Policy" not in attributes and policy is not None:
        queue._policy_json = policy
