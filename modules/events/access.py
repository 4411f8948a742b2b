"""The AWS services behind approvals of the Model Registry."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "codepipeline": Access((), deploys=False, roles=("StartPipelineExecution",)),
    "events": Access(
        ("Describe", "List"),
        roles=("InvokeApiDestination", "PutEvents"),
        passes_to=("events",),
    ),
    # EventBridge keeps the token of a connection as a secret, with the rights of who makes the connection:
    # AWS managed policy AmazonEventBridgeFullAccess.
    "secretsmanager": Access((), named=("secret:events!connection/",)),
    # Queues hold events, which no plan reads.
    "sqs": Access(("GetQueueAttributes", "GetQueueUrl", "ListQueueTags"), named=("",)),
    "states": Access((), roles=("StartExecution",)),
}
