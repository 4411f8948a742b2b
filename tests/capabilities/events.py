"""Approvals of the Model Registry, and event buses."""

from __future__ import annotations

from .record import PART_OF_A_NAME, PART_OF_A_POLICY, Capability

_PATTERN = "a part of the pattern of a rule, which the models hold as one text"
_TOLD = "a part of what the target is told, which the models hold as one text"

CAPABILITY = Capability(
    not_aws={
        _PATTERN: ("Approval.group", "Approval.stages[]", "Approval.statuses[]"),
        _TOLD: (
            "Approval.payload{key}",
            "Approval.payload{}",
            "Dispatch.environments[]",
            "Dispatch.event_type",
        ),
        PART_OF_A_NAME: (
            "Dispatch.api",
            "Dispatch.repository",
            "ForwardTo.account",
            "ForwardTo.bus",
            "ForwardTo.region",
            "StartCodePipeline.name",
        ),
        PART_OF_A_POLICY: ("EventBus.from_accounts[]",),
    },
    stricter={
        "a state machine, by its ARN": ("StartWorkflow.state_machine",),
    },
    good={
        "StartWorkflow.state_machine": (
            "arn:aws:states:us-east-1:111122223333:stateMachine:acme-dev-use1-shadow",
        ),
    },
    shorter={
        "its parts are shorter": ("StartWorkflow.state_machine",),
    },
    encrypted={"aws_sqs_queue": lambda queue: queue.get("sqs_managed_sse_enabled")},
    elsewhere={
        "aws_cloudwatch_event_bus_policy.policy": "events:PutPermissionRequest.Policy",
        "aws_cloudwatch_event_connection.auth_parameters.api_key.key": (
            "events:CreateConnectionApiKeyAuthRequestParameters.ApiKeyName"
        ),
        "aws_cloudwatch_event_connection.auth_parameters.api_key.value": (
            "events:CreateConnectionApiKeyAuthRequestParameters.ApiKeyValue"
        ),
    },
    own={
        "a value of the attributes of a queue, which the models do not name": (
            "aws_sqs_queue_policy.policy",
            "aws_sqs_queue.message_retention_seconds",
            "aws_sqs_queue.sqs_managed_sse_enabled",
        ),
        "a header, which the models hold as a map": (
            "aws_cloudwatch_event_target.http_target.header_parameters.Accept",
        ),
    },
    requests={
        "aws_cloudwatch_event_api_destination": "events:CreateApiDestination",
        "aws_cloudwatch_event_archive": "events:CreateArchive",
        "aws_cloudwatch_event_bus": "events:CreateEventBus",
        "aws_cloudwatch_event_bus_policy": "events:PutPermission",
        "aws_cloudwatch_event_connection": "events:CreateConnection",
        "aws_sqs_queue": "sqs:CreateQueue",
        "aws_sqs_queue_policy": "sqs:SetQueueAttributes",
    },
)
