"""The states of a state machine that tell a topic of what failed, in Amazon States Language."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]

CAUGHT = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]
"""What a task that may fail catches."""


def publish(
    partition: str, topic: str | None, subject: str, message: dict[str, Any], **fields: Any
) -> State:
    """A task that tells the topic."""
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Subject": subject[:100], "Message": message},
        "ResultPath": None,
        **fields,
    }


def states(partition: str, topic: str | None, subject: str) -> dict[str, State]:
    """What is told of a failure, after which the execution fails."""
    message = {
        "execution.$": "$$.Execution.Id",
        "input.$": "$$.Execution.Input",
        "error.$": "$.error.Error",
        "cause.$": "$.error.Cause",
    }
    told = publish(partition, topic, subject, message, Next="Failed")
    # What nobody could be told of fails as well.
    told["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.untold", "Next": "Failed"}]
    failed = {
        "Type": "Fail",
        # No state may fail by a name of Step Functions' own, as that of a failed task is.
        "Error": "StepFailed",
        "CausePath": "$.error.Cause",
    }
    return {"Tell": told, "Failed": failed}
