"""An SQS queue in front of the asynchronous endpoint `summary`, and the role of its worker."""

import json

from inferform.iam.policy import allow, document
from inferform.layers.built import Built
from inferform.names import role


def add(built: Built) -> None:
    """Make the queue, one for what fails, and a role that takes from it and calls the endpoint."""
    from cdktf_cdktf_provider_aws.iam_role import IamRole
    from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
    from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

    layer, context = built.inference, built.context
    endpoint = layer.endpoints["summary"]
    failed = SqsQueue(
        layer, "failed-jobs", name=context.name("failed-jobs"), sqs_managed_sse_enabled=True
    )
    jobs = SqsQueue(
        layer,
        "jobs",
        name=context.name("jobs"),
        sqs_managed_sse_enabled=True,
        visibility_timeout_seconds=120,
        redrive_policy=json.dumps({"deadLetterTargetArn": failed.arn, "maxReceiveCount": 3}),
    )
    worker = IamRole(
        layer,
        "worker",
        name=role(context, "worker"),
        assume_role_policy=document(
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": context.account}},
            }
        ),
    )
    IamRolePolicy(
        layer,
        "worker-policy",
        name="work",
        role=worker.id,
        policy=document(
            allow(
                ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                jobs.arn,
                sid="TakeJobs",
            ),
            allow("sagemaker:InvokeEndpointAsync", endpoint.arn, sid="CallEndpoint"),
        ),
    )
