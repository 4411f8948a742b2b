"""What services tell EventBridge of failed and rolled-back deployments."""

from __future__ import annotations

import json
from typing import Any


def put(arn: str, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
    """Send an event of a service to the default bus of the account and Region of an ARN of its."""
    # late, so that services without rules do not load it
    from moto.events.models import events_backends

    _, _, service, region, account, _ = arn.split(":", 5)
    events_backends[account][region].put_events(
        [
            {
                "Source": f"aws.{service}",
                "DetailType": kind,
                "Resources": resources,
                "Detail": json.dumps(detail, default=str),
            }
        ]
    )


def service_failed(service: Any, deployment: str, reason: str) -> None:
    """Amazon ECS developer guide, "Amazon ECS service deployment state change events"."""
    detail = {
        "eventType": "ERROR",
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "deploymentId": deployment,
        "reason": reason,
    }
    put(service.arn, "ECS Deployment State Change", detail, [service.arn])


def endpoint_changed(endpoint: Any, status: str) -> None:
    """Amazon SageMaker developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge": its
    statuses are those of the API in capitals."""
    detail = {
        "EndpointName": endpoint.endpoint_name,
        "EndpointArn": endpoint.arn,
        "EndpointStatus": status,
    }
    put(endpoint.arn, "SageMaker Endpoint State Change", detail, [endpoint.arn])
