"""Where EventBridge delivers to: what a rule or a schedule has as its target."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcnow

from . import policies
from .alarm_states import publish

_OWN = ("states", "sns", "lambda", "sagemaker", "events", "codepipeline")


def service_of(target: dict[str, Any]) -> str:
    """The service of a target."""
    return str(target["Arn"]).split(":")[2]


def is_own(target: dict[str, Any]) -> bool:
    """Whether the emulator delivers to it, and not moto."""
    return service_of(target) in _OWN


def deliver(target: dict[str, Any], payload: str, source: str) -> str | None:
    """Deliver a payload, or put it into the target's dead-letter queue with the reason, which is
    returned; `source` is the ARN of the rule or schedule.

    AWS tries again for as long as the target's retry policy says, but what is not there at once is not
    there later here.
    """
    try:
        _call(target, payload, source)
    except Exception as error:
        _leave(target, payload, source, error)
        return str(error)
    return None


def calls(account: str, region: str) -> list[dict[str, Any]]:
    """What EventBridge and SNS have called outside of AWS, or started in a service that the emulator lacks."""
    from moto.events.models import events_backends

    backend: Any = events_backends[account][region]
    found: list[dict[str, Any]] = backend.__dict__.setdefault("called", [])
    return found


def _call(target: dict[str, Any], payload: str, source: str = "") -> None:
    _, _, service, region, account, resource = str(target["Arn"]).split(":", 5)
    if service == "states":
        from moto.stepfunctions.responses import get_backend

        get_backend(account, region).start_execution(target["Arn"], str(uuid.uuid4()), payload)
    elif service == "sns":
        from moto.sns.models import sns_backends

        if target["Arn"] not in sns_backends[account][region].topics:
            raise LookupError(f"Topic does not exist: {target['Arn']}")
        publish(target["Arn"], payload)
    elif service == "lambda":
        from moto.awslambda.utils import get_backend as functions_of

        name, _, qualifier = resource.removeprefix("function:").partition(":")
        function = functions_of(account, region).get_function(name, qualifier or None)
        function.invoke(payload, {}, {})
    elif service == "codepipeline":
        started = {"pipeline": resource, "input": json.loads(payload)}
        calls(account, region).append(started)
        from . import code_pipelines

        code_pipelines.start(account, region, resource)
    elif service == "events" and resource.startswith("event-bus/"):
        _forward(account, region, resource.partition("/")[2], json.loads(payload), source)
    elif service == "events":
        _request(account, region, resource.split("/")[1], target, payload)
    elif service == "sagemaker":
        _start_pipeline(
            region,
            account,
            resource.partition("/")[2],
            (target.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList", []),
        )


def _forward(account: str, region: str, bus: str, event: dict[str, Any], source: str) -> None:
    """Pass an event on to a bus as it is, with the account and Region that it comes from.

    Amazon EventBridge user guide, "Sending and receiving events between AWS accounts": the policy of the
    bus has to let the sending account.
    """
    from moto.events.models import events_backends

    found = events_backends[account][region].describe_event_bus(bus)
    sender = source.split(":")[4]
    root = f"arn:aws:iam::{sender}:root"
    context = {"events:source": str(event["source"]), "events:detail-type": event["detail-type"]}
    if sender != account and (
        policies.effect(
            policies.statements(found.policy),
            "events:PutEvents",
            found.arn,
            context,
            by=lambda statement: policies.is_role(statement, root),
        )
        != "Allow"
    ):
        raise PermissionError(f"{found.arn} lets account {sender} put no such events")
    for rule in list(found.rules.values()):
        rule.send_to_targets({"ingestion-time": event["time"], **event})


def _request(account: str, region: str, name: str, target: dict[str, Any], payload: str) -> None:
    """Note the request that an API destination would get. Nothing outside of the machine is called, and
    the value of the connection's key is left out."""
    from moto.events.models import events_backends

    backend = events_backends[account][region]
    destination = backend.destinations[name]
    connection = backend.connections[destination.connection_arn.split("/")[1]]
    key = connection.auth_parameters.get("ApiKeyAuthParameters", {})
    given = (target.get("HttpParameters") or {}).get("HeaderParameters", {})
    calls(account, region).append(
        {
            "method": destination.http_method,
            "url": destination.invocation_endpoint,
            "headers": {**given, **({key["ApiKeyName"]: "…"} if key else {})},
            "body": json.loads(payload),
        }
    )


def _start_pipeline(region: str, account: str, name: str, parameters: list[Any]) -> None:
    from moto.sagemaker.models import sagemaker_backends

    token = str(uuid.uuid4())
    sagemaker_backends[account][region].start_pipeline_execution(
        pipeline_name=name,
        pipeline_execution_display_name=None,
        pipeline_parameters=parameters,
        pipeline_execution_description=None,
        parallelism_configuration=None,
        client_request_token=token,
    )


def _leave(target: dict[str, Any], payload: str, source: str, error: Exception) -> None:
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = queue.split(":", 5)
    told = {"ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": str(error), "RULE_ARN": source}
    told["TARGET_ARN"] = target["Arn"]
    attributes = {key: {"DataType": "String", "StringValue": value} for key, value in told.items()}
    sqs_backends[account][region].send_message(name, payload, message_attributes=attributes)


_KEYWORD = re.compile(r"<aws\.scheduler\.([a-z-]+)>")


def fire(backend: Any, group: str, name: str) -> dict[str, Any]:
    """Let a schedule start its target now, as at its time; says why it did not.

    EventBridge Scheduler user guide, "Using universal targets", "Adding context attributes".
    """
    schedule = backend.get_schedule(group, name)
    if schedule.state == "DISABLED":
        return {"delivered": False, "reason": "the schedule is disabled"}
    now = iso_8601_datetime_without_milliseconds(utcnow())
    context = {
        "schedule-arn": schedule.arn,
        "scheduled-time": now,
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    target = dict(schedule.target)
    payload = _KEYWORD.sub(
        lambda found: context.get(found[1], found[0]), target.get("Input") or "{}"
    )
    arn = str(target["Arn"])
    if ":aws-sdk:" in arn:
        reason = _universal(backend, arn, target, payload, schedule.arn)
    elif is_own(target):
        reason = deliver(target, payload, schedule.arn)
    else:
        raise ValueError(f"the emulator fires no schedule at {service_of(target)}")
    return {"delivered": reason is None, **({"reason": reason} if reason else {})}


def _universal(
    backend: Any, arn: str, target: dict[str, Any], payload: str, source: str
) -> str | None:
    service, action = arn.split(":")[-2:]
    given = json.loads(payload)
    try:
        if (service, action) == ("sagemaker", "startPipelineExecution"):
            _start_pipeline(
                backend.region_name,
                backend.account_id,
                given["PipelineName"],
                given.get("PipelineParameters", []),
            )
        elif (service, action) == ("sfn", "startExecution"):
            _call({"Arn": given["StateMachineArn"]}, given.get("Input", "{}"))
        else:
            raise ValueError(f"the emulator has no universal target {service}:{action}")
    except LookupError as error:
        _leave(target, payload, source, error)
        return str(error)
    return None
