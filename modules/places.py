"""Regions, and keys of KMS by their ARNs."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated

from .rules import rule
from .spec import Listed, arn_of

CTX2 = rule(
    "CTX2",
    refuses="what cannot be a Region of AWS's, China's or GovCloud's",
    message="is not an AWS Region{hint}",
    source="botocore partitions.json",
)

EXAMPLE_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

KeyArn = Annotated[str, arn_of("kms", EXAMPLE_KEY, r"key/[\w-]+")]
"""The ARN of a KMS key itself: IAM policies do not know aliases."""


@cache
def regions() -> frozenset[str]:
    """The names of AWS's Regions, from the table in the package."""
    text = (resources.files(__package__) / "data" / "regions.txt").read_text("utf-8")
    return frozenset(text.split())


Region = Annotated[
    str,
    Listed(
        CTX2,
        "an AWS Region",
        regions,
        r"([a-z]{2}|us-gov)-(central|(north|south)?(east|west)|north|south)-\d",
    ),
]
"""A Region of the partitions `aws`, `aws-cn` and `aws-us-gov`."""


def partition_of(region: str) -> str:
    """The AWS partition of a Region: `aws`, `aws-cn` or `aws-us-gov`."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
