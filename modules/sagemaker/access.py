"""The AWS services behind SageMaker and what starts batch transforms."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "events": Access(("Describe", "List")),
    "sagemaker": Access(("Describe", "GetModelPackageGroupPolicy", "List")),
    "scheduler": Access(("Get", "List")),
    # The provider has a definition checked while it plans. Executions have inputs and outputs.
    "states": Access(("DescribeStateMachine", "List", "ValidateStateMachineDefinition")),
}
