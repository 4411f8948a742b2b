"""The AWS services behind functions and their rollouts."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "codedeploy": Access(("BatchGet", "Get", "List"), passes_to=("codedeploy",)),
    "ec2": Access((), roles=("AssignPrivateIpAddresses", "UnassignPrivateIpAddresses")),
    "events": Access((), deploys=False, roles=("PutEvents",)),
    # GetFunction returns where code may be fetched, and it and the others the environment of a function.
    "lambda": Access(
        (
            *("GetAlias", "GetFunctionCodeSigning", "GetFunctionEvent", "GetFunctionRecursion"),
            *("GetFunctionUrl", "GetPolicy", "GetProvisioned", "GetRuntime", "ListAliases"),
            *("ListProvisioned", "ListTags"),
        ),
        roles=("GetAlias", "GetProvisionedConcurrencyConfig", "InvokeFunction", "UpdateAlias"),
        passes_to=("lambda",),
        named=("function:",),
        named_reads=("GetFunction", "GetFunctionConfiguration", "ListVersionsByFunction"),
    ),
    "sqs": Access((), deploys=False, roles=("SendMessage",)),
    "xray": Access((), deploys=False, roles=("PutTelemetry*", "PutTrace*")),
}
