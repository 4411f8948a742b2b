"""The AWS services behind models on devices."""

from __future__ import annotations

from ..access import Access

# Terraform makes nothing of Greengrass; `inferform edge` publishes and deploys with the role.
ACCESS = {
    "cloudwatch": Access((), roles=("PutMetricData",)),
    "greengrass": Access(
        ("GetComponent", "GetCoreDevice", "GetDeployment", "List"),
    ),
    "iot": Access(
        (
            *("Describe", "GetPolicy", "ListAttached", "ListPolicyVersions"),
            *("ListTagsForResource", "ListThingsInThingGroup"),
        ),
        passes_to=("credentials.iot",),
    ),
    "logs": Access(
        (), roles=("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
    ),
}
