"""Alarms of drift that reach the account that trains: a layer of Lark's own at both ends."""

import json
from collections.abc import Callable

from inferform.iam.policy import allow, document
from inferform.layers.built import Built
from inferform.names import role

SOUNDS = {
    "source": ["aws.cloudwatch"],
    "detail-type": ["CloudWatch Alarm State Change"],
    "detail": {
        "alarmName": [{"wildcard": "lark-*-drift-fraud-*"}],
        "state": {"value": ["ALARM"]},
    },
}
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "events.amazonaws.com"},
}


def received_from(*accounts: str) -> Callable[[Built], None]:
    """Let accounts put events on the default event bus here."""

    def add(built: Built) -> None:
        from cdktf_cdktf_provider_aws.cloudwatch_event_permission import CloudwatchEventPermission

        layer = built.add_layer("drift")
        for account in accounts:
            name = f"drift-from-{account}"
            CloudwatchEventPermission(layer, name, principal=account, statement_id=name)

    return add


def sent_to(bus: str) -> Callable[[Built], None]:
    """Pass the alarms of drift monitors on to an event bus."""

    def add(built: Built) -> None:
        from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
        from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
        from cdktf_cdktf_provider_aws.iam_role import IamRole
        from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy

        layer, context = built.add_layer("drift"), built.context
        here = {"Condition": {"StringEquals": {"aws:SourceAccount": context.account}}}
        name = role(context, "drift-sent")
        sends = IamRole(layer, "role", name=name, assume_role_policy=document(TRUST | here))
        rights = document(allow("events:PutEvents", bus, sid="PassOn"))
        IamRolePolicy(layer, "policy", name="send", role=sends.id, policy=rights)
        name = context.name("drift-sent")
        rule = CloudwatchEventRule(layer, "rule", name=name, event_pattern=json.dumps(SOUNDS))
        CloudwatchEventTarget(layer, "target", rule=rule.name, arn=bus, role_arn=sends.arn)

    return add
