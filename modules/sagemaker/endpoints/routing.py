"""How requests reach the instances or copies."""

from __future__ import annotations

from typing import Annotated

from ...rules import rule
from ...spec import Aws, Between, Spec

IC17 = rule(
    "IC17",
    refuses="a prefix outside 1,024 to 65,536 characters, or a threshold outside 1 to 1,024 requests",
    message="must be from {low} to {high}",
    source="botocore sagemaker PrefixAwareRoutingConfig",
)


class PrefixAware(Spec):
    """Requests that begin alike go to the same copy, whose cache has their beginning already.

    For language models with long system prompts. hashicorp/aws cannot say it, so that the endpoint
    configuration is made by a CloudFormation stack.
    """

    prefix_length: Annotated[
        int,
        Between(IC17, 1024, 65_536),
        Aws("sagemaker:PrefixAwareRoutingConfig.PrefixLength"),
    ]
    """How many characters of a request count."""

    concurrency_threshold: Annotated[
        int,
        Between(IC17, 1, 1024),
        Aws("sagemaker:PrefixAwareRoutingConfig.ConcurrencyThreshold"),
    ]
    """The requests in work at one copy from which on others get them instead."""
