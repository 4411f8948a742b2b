"""An approval becomes a pull request, and that is merged."""

from __future__ import annotations

import json

from ..place import KEY, Tour
from .chapter import Chapter


def approve(tour: Tour, version: str, why: str) -> None:
    """Approve a version, run the workflow that GitHub is told to run, and merge what it proposes."""
    told = len(tour.approved_elsewhere())
    tour.inferform("models", "approve", KEY, version, "--why", why, "--auto-approve")
    (call,) = tour.approved_elsewhere()[told:]
    tour.say(f"EventBridge calls {call['url']} with {json.dumps(call['body'])}")
    branch = tour.workflow(call)
    tour.merge(branch)


def run(tour: Tour) -> None:
    """Approve the second version."""
    approve(tour, "fraud/2", "trained on more rows")


CHAPTER = Chapter(
    "It is approved",
    "Somebody approves the version. EventBridge tells GitHub, whose workflow writes the version's ARN into the "
    "environment's file and opens a pull request; its diff is one line. It is merged.",
    run,
)
