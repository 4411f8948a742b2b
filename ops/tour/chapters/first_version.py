"""The first model: data comes, and a version is approved and served."""

from __future__ import annotations

from .. import rows
from ..place import KEY, Tour
from .chapter import Chapter

FIRST = "incoming/fraud/2026-11-01.csv"


def run(tour: Tour) -> None:
    """Train the first version, approve it, and deploy the endpoint that the file has waited with."""
    tour.upload(FIRST, rows.labelled(400, seed=35))
    tour.ended(tour.retraining, 1)
    tour.inferform("runs", KEY)
    tour.inferform("models", "approve", KEY, "fraud/1", "--why", "the first", "--auto-approve")
    (call,) = tour.approved_elsewhere()
    tour.say("GitHub is told, whose workflow finds that the file names this version already")
    tour.workflow(call)
    tour.deploy("inference")


CHAPTER = Chapter(
    "The first version",
    "An upload starts the retraining: its jobs prepare the rows, train on four of five, and try the model on the "
    "others. It is good enough, so a version is registered, which waits for an approval. Once it has one, the "
    "endpoint is deployed that names it.",
    run,
)
