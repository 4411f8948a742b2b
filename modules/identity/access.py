"""The AWS services that a project's own layers may use beside those of the capabilities."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "budgets": Access(("Describe", "List", "View"), has_regions=False),
    "codebuild": Access(("BatchGetProjects", "List")),
    # GetJobDetails returns credentials of a pipeline's artifacts.
    "codepipeline": Access(("GetPipeline", "List")),
    "firehose": Access(("Describe", "List")),
    # GetFunction and GetLayerVersion return where code may be fetched. ListFunctions returns
    # the environments of functions.
    "lambda": Access(
        (
            *("GetAlias", "GetEventSource", "GetFunctionConcurrency", "GetPolicy"),
            *("ListAliases", "ListEventSource", "ListTags"),
        )
    ),
    "route53": Access(("Get", "List"), has_regions=False),
    "secretsmanager": Access(("Describe", "GetResourcePolicy", "List")),
    "servicediscovery": Access(("Get", "List")),
    "servicequotas": Access(("Get", "List")),
    "sns": Access(("Get", "List")),
    "sqs": Access(("GetQueue", "List")),
    # ListCommandInvocations returns what commands wrote.
    "ssm": Access(("Describe", "ListDocument", "ListTagsForResource")),
}
