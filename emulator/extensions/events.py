"""EventBridge: where rules deliver to."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from moto.core.utils import unix_time
from moto.events.models import Connection, EventsBackend, EventTemplateParser, Rule
from moto.events.responses import EventsHandler

from .. import rights
from ..delivery import deliver, is_own, service_of
from .registry import Service

service = Service("events", EventsHandler)

Original = Callable[..., Any]


@service.corrects(
    "PutEvents",
    gap="delivers by a rule that is disabled; has no state machines, functions, pipelines and topics as "
    "targets, and fails for one, silently where S3 sends the event; knows no dead-letter queue; passes an event "
    "on to another bus without its account and resources, whatever the policy of the bus; calls an API "
    "destination without a body",
    owner=Rule,
)
def send_to_targets(
    original: Original, rule: Rule, original_event: Any, transform_input: bool = True
) -> None:
    """AWS delivers by rules that are enabled, with the target's input; what cannot be delivered goes into
    the target's dead-letter queue.

    Where services are judged, the target's role has to trust EventBridge and to start the state
    machine; otherwise the invocation fails, which AWS tells by a metric alone.
    """
    if rule.state == "DISABLED":
        return
    others = copy.copy(rule)
    others.targets = [each for each in rule.targets if not is_own(each)]
    if rule.event_pattern.matches_event(original_event):
        for target in filter(is_own, rule.targets):
            if _may_start(rule, target):
                deliver(target, _input(target, original_event), rule.arn)
    original(others, original_event, transform_input)


def _may_start(rule: Rule, target: dict[str, Any]) -> bool:
    if service_of(target) != "states" or not rights.is_judged(rule.account_id):
        return True
    role = rights.assumed(target.get("RoleArn") or "", "events.amazonaws.com", by=rule.arn)
    if role is None:
        return False
    try:
        rights.check(role, "states:StartExecution", target["Arn"])
    except rights.DeniedError as error:
        rights.note(rule.account_id, error.refusal)
        return False
    return True


def _input(target: dict[str, Any], event: dict[str, Any]) -> str:
    if target.get("Input"):
        return str(target["Input"])
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps({k: v for k, v in event.items() if k != "ingestion-time"}, default=str)
    made = EventTemplateParser.parse(
        input_template=transformer["InputTemplate"],
        input_paths_map=transformer.get("InputPathsMap", {}),
        event={"ingestion-time": event["time"], **event},
    )
    return json.dumps(made)


@service.corrects(
    "UpdateConnection", gap="does not keep when a connection was changed", owner=EventsBackend
)
def update_connection(
    original: Original, backend: EventsBackend, name: str, **given: Any
) -> dict[str, Any]:
    """AWS does, and answers it."""
    original(backend, name, **given)
    connection = backend.connections[name]
    connection.last_modified_time = unix_time()
    return _with_times(connection, connection.describe_short())


@service.corrects(
    "DescribeConnection",
    gap="does not say when a connection was changed",
    owner=Connection,
    method="describe",
)
def describe_connection(original: Original, connection: Connection) -> dict[str, Any]:
    """AWS says when it was changed and authorized; at first both are when it was made."""
    return _with_times(connection, original(connection))


def _with_times(connection: Any, told: dict[str, Any]) -> dict[str, Any]:
    changed = getattr(connection, "last_modified_time", connection.creation_time)
    return {**told, "LastModifiedTime": changed, "LastAuthorizedTime": changed}
