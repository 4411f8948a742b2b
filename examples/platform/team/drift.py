"""Alarms of drift that reach the account that trains: a layer of Lark's own at both ends."""

import json
from collections.abc import Callable
from typing import Any

from inferform import Context, DriftMonitor
from inferform.iam.policy import allow
from inferform.layers.built import Built
from inferform.sagemaker.triggers import alarm_pattern

NAME = "drift-sent"


def sounds(name: str, monitor: DriftMonitor, *contexts: Context) -> dict[str, Any]:
    """The event of a monitor of this name whose alarm fires, in any of these environments."""
    return alarm_pattern(
        [
            context.arn("cloudwatch", f"alarm:{alarm}")
            for context in contexts
            for alarm in monitor.alarms(context, name).values()
        ]
    )


def received_from(*accounts: str) -> Callable[[Built], None]:
    """Let accounts put events on the default event bus here."""

    def add(built: Built) -> None:
        from cdktf_cdktf_provider_aws.cloudwatch_event_permission import CloudwatchEventPermission

        layer = built.add_layer("drift")
        for account in accounts:
            name = f"drift-from-{account}"
            CloudwatchEventPermission(layer, name, principal=account, statement_id=name)

    return add


def sent_to(bus: str, name: str, monitor: DriftMonitor) -> Callable[[Built], None]:
    """Pass the alarms of a drift monitor on to an event bus."""

    def add(built: Built) -> None:
        from inferform.iam.execution_role import ExecutionRole

        from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
        from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget

        layer, context = built.add_layer("drift"), built.context
        role = ExecutionRole(
            layer,
            "role",
            context=context,
            name=NAME,
            service="events.amazonaws.com",
            statements=[allow("events:PutEvents", bus, sid="PassOn")],
        )
        pattern = json.dumps(sounds(name, monitor, context))
        rule = CloudwatchEventRule(layer, "rule", name=context.name(NAME), event_pattern=pattern)
        CloudwatchEventTarget(
            layer, "target", rule=rule.name, arn=bus, role_arn=role.arn, depends_on=role.ready
        )

    return add
