"""Somebody changes something by hand."""

from __future__ import annotations

from ..place import KEY, MODEL, Tour
from .chapter import Chapter

DIFFERENCES = 2
"""The exit status of `inferform drift` where something is not as it was applied."""


def log_group(tour: Tour) -> str:
    """Where the endpoint's containers write."""
    return f"/aws/sagemaker/Endpoints/{tour.context.name(MODEL)}"


def run(tour: Tour) -> None:
    """Keep logs for a day, as in the console, find that, and put it back."""
    tour.say(f"somebody lets {log_group(tour)} keep logs for one day, in the console")
    tour.aws.client("logs").put_retention_policy(logGroupName=log_group(tour), retentionInDays=1)
    tour.inferform("drift", KEY, status=DIFFERENCES)
    tour.deploy("inference")
    tour.inferform("drift", KEY)


CHAPTER = Chapter(
    "A change by hand",
    "What somebody changes past Terraform is found, and told from what only waits to be applied. The next deploy puts "
    "it back.",
    run,
)
