"""The AWS services behind SageMaker and what starts batch transforms."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    # Endpoint configurations and inference components that hashicorp/aws cannot say.
    "cloudformation": Access(("Describe", "GetTemplate", "List")),
    "ec2": Access(
        (),
        roles=("CreateNetworkInterface*", "DeleteNetworkInterface*", "Describe*"),
    ),
    "events": Access(
        ("Describe", "List"),
        roles=("DescribeRule", "PutRule", "PutTargets"),
        passes_to=("events",),
    ),
    "sagemaker": Access(
        ("Describe", "GetModelPackageGroupPolicy", "List"),
        roles=("AddTags", "*TransformJob", "InvokeEndpoint*"),
        passes_to=("sagemaker",),
    ),
    "ssmmessages": Access((), deploys=False, roles=("Create*Channel", "Open*Channel")),
    "scheduler": Access(("Get", "List"), passes_to=("scheduler",)),
    # The provider has a definition checked while it plans. Executions have inputs and outputs.
    "states": Access(
        ("DescribeStateMachine", "List", "ValidateStateMachineDefinition"),
        roles=("StartExecution",),
        passes_to=("states",),
    ),
}
