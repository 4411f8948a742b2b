"""Options of AWS, of well-known Terraform modules and of the CDK, and how each is written."""

from __future__ import annotations

from collections.abc import Iterator

from . import alb, aws_ia, cdk, common, ecr, ecs, eks, functions, observability, sagemaker, vpc
from .row import Option

SOURCES: dict[str, tuple[Option, ...]] = {
    module.SOURCE: module.OPTIONS
    for module in (
        vpc,
        ecr,
        ecs,
        eks,
        alb,
        functions,
        sagemaker,
        observability,
        aws_ia,
        cdk,
        common,
    )
}
"""The options of each source."""


def options() -> Iterator[tuple[str, Option]]:
    """Every option with its source."""
    for source, listed in SOURCES.items():
        for option in listed:
            yield source, option
