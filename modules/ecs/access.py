"""The AWS services behind ECS, its instances and rollouts."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "autoscaling": Access(("Describe",), roles=("Describe*",)),
    "codedeploy": Access(("BatchGet", "Get", "List"), passes_to=("codedeploy",)),
    "ecs": Access(
        ("Describe", "List"),
        roles=(
            *("CreateTaskSet", "DeleteTaskSet", "DeregisterContainerInstance"),
            *("DescribeServices", "DiscoverPollEndpoint", "Poll", "RegisterContainerInstance"),
            *("StartTelemetrySession", "Submit*", "UpdateContainerInstancesState"),
            "UpdateServicePrimaryTaskSet",
        ),
        passes_to=("ec2", "ecs", "ecs-tasks"),
    ),
    # Hooks of rollouts.
    "lambda": Access((), deploys=False, roles=("InvokeFunction",)),
    # Logs that a router of a task sends.
    "firehose": Access((), deploys=False, roles=("PutRecordBatch",)),
    "kinesis": Access((), deploys=False, roles=("PutRecords",)),
    # Traces that a collector of a task sends.
    "xray": Access((), deploys=False, roles=("GetSampling*", "PutTelemetry*", "PutTrace*")),
    # File systems that tasks mount.
    "elasticfilesystem": Access((), deploys=False, roles=("ClientMount", "ClientWrite")),
    # Commands in containers, and instances that are managed.
    "ssmmessages": Access((), deploys=False, roles=("Create*Channel", "Open*Channel")),
}
