"""Public Terraform modules' examples, compared with what Inferform makes in their place."""

from __future__ import annotations

from .record import Example


def examples() -> tuple[Example, ...]:
    """Every example that is compared."""
    from . import ecr, ecs, eks, sagemaker, vpc

    return (*sagemaker.EXAMPLES, *vpc.EXAMPLES, *ecr.EXAMPLES, *ecs.EXAMPLES, *eks.EXAMPLES)
