"""The new version is deployed behind a canary."""

from __future__ import annotations

from ..place import KEY, Tour
from .chapter import Chapter


def run(tour: Tour) -> None:
    """Review, deploy, and look where what serves comes from."""
    tour.review("inference")
    tour.deploy("inference")
    tour.inferform("models", "lineage", KEY)
    tour.inferform("verify", KEY)


CHAPTER = Chapter(
    "A canary",
    "The plan of the merged file replaces one endpoint configuration. SageMaker moves a tenth of the traffic "
    "first and watches the alarms, then the rest.",
    run,
)
