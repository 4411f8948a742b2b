"""Data arrives, and a version comes of it that nobody has approved."""

from __future__ import annotations

from .. import rows
from ..place import KEY, Tour
from .chapter import Chapter

SECOND = "incoming/fraud/2026-11-08.csv"


def run(tour: Tour) -> None:
    """Upload more rows, and look at the version that waits."""
    before = len(tour.runs(tour.retraining))
    tour.upload(SECOND, rows.labelled(1000, seed=13))
    tour.ended(tour.retraining, before + 1)
    tour.inferform("models", "list", KEY, "fraud")
    tour.inferform("models", "diff", KEY, "fraud/1", "fraud/2")
    tour.review("inference")


CHAPTER = Chapter(
    "Data arrives",
    "More rows are uploaded, and a second version is registered. It waits: what serves is what the file names, and "
    "a deploy would change nothing.",
    run,
)
