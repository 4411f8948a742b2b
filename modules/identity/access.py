"""The AWS services that a project's own layers may use beside those of the capabilities."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "bedrock": Access(("List",), deploys=False),
    "budgets": Access(("Describe", "List", "View"), has_regions=False, deploys=False),
    "codebuild": Access(("BatchGetProjects", "List"), deploys=False, passes_to=("codebuild",)),
    # GetJobDetails returns credentials of a pipeline's artifacts.
    "codepipeline": Access(("GetPipeline", "List"), deploys=False, passes_to=("codepipeline",)),
    "dynamodb": Access(("Describe", "ListTagsOfResource"), deploys=False),
    "firehose": Access(("Describe", "List"), deploys=False, passes_to=("firehose",)),
    # GetFunction and GetLayerVersion return where code may be fetched. ListFunctions returns
    # the environments of functions.
    "lambda": Access(
        (
            *("GetAlias", "GetEventSource", "GetFunctionConcurrency", "GetPolicy"),
            *("ListAliases", "ListEventSource", "ListTags"),
        ),
        deploys=False,
        passes_to=("lambda",),
    ),
    "route53": Access(("Get", "List"), has_regions=False, deploys=False),
    "secretsmanager": Access(
        ("Describe", "GetResourcePolicy", "List"),
        deploys=False,
        roles=("GetSecretValue",),
        roles_have_regions=False,
    ),
    "servicediscovery": Access(("Get", "List"), deploys=False),
    "servicequotas": Access(("Get", "List"), deploys=False),
    "sns": Access(("Get", "List"), deploys=False, roles=("Publish",), roles_have_regions=False),
    "sqs": Access(("GetQueue", "List"), deploys=False),
    # ListCommandInvocations returns what commands wrote.
    "ssm": Access(
        ("Describe", "ListDocument", "ListTagsForResource"),
        deploys=False,
        roles=("GetParameter", "GetParameters"),
        roles_have_regions=False,
    ),
}
