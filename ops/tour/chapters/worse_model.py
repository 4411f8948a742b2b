"""A model that is not good enough reaches nobody."""

from __future__ import annotations

from .. import rows
from ..place import KEY, Tour
from .chapter import Chapter

BAD = "incoming/fraud/2026-11-15.csv"


def run(tour: Tour) -> None:
    """Upload rows whose labels say nothing."""
    before = len(tour.runs(tour.retraining))
    tour.upload(BAD, rows.labelled(1000, seed=6, known=False))
    tour.ended(tour.retraining, before + 1)
    tour.inferform("models", "list", KEY, "fraud")


CHAPTER = Chapter(
    "A model that is not good enough",
    "Rows come whose labels are wrong. The model is trained, and the evaluation finds it no better than a coin: no "
    "version is registered, and what serves continues.",
    run,
)
