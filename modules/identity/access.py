"""The AWS services that a project's own layers may use beside those of the capabilities."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "budgets": Access(("Describe", "List", "View"), has_regions=False),
    "codebuild": Access(("BatchGet", "List")),
    "codepipeline": Access(("Get", "List")),
    "firehose": Access(("Describe", "List")),
    "lambda": Access(
        ("GetAlias", "GetEventSource", "GetFunction", "GetLayer", "GetPolicy", "List")
    ),
    "route53": Access(("Get", "List"), has_regions=False),
    "secretsmanager": Access(("Describe", "GetResourcePolicy", "List")),
    "servicediscovery": Access(("Get", "List")),
    "servicequotas": Access(("Get", "List")),
    "sns": Access(("Get", "List")),
    "sqs": Access(("GetQueue", "List")),
    "ssm": Access(("Describe", "List")),
}
