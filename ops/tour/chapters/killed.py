"""A deploy is killed half-way, and recovered."""

from __future__ import annotations

from ..place import KEY, Tour
from .chapter import Chapter

SMALL, LARGE = '"ml.m5.large",\n                rollout', '"ml.m5.xlarge",\n                rollout'


def run(tour: Tour) -> None:
    """Ask for a larger instance, kill the deploy once AWS has made its configuration, recover, deploy."""
    tour.write(SMALL, LARGE)
    tour.git("diff")
    tour.git("commit", "--quiet", "--all", "--message", "Serve from a larger instance")
    tour.review("inference")
    tour.killed("inference", operation="CreateEndpointConfig")
    tour.inferform("status", KEY)
    tour.inferform("recover", f"{KEY}-inference", "--auto-approve")
    # The dashboard says what the environment costs.
    tour.deploy("inference", "observability")
    tour.inferform("verify", KEY)


CHAPTER = Chapter(
    "A deploy is killed",
    "A larger instance is asked for. The deploy is killed once AWS has made what Terraform has not heard of: the state is "
    "locked and lacks it. One command clears the lock and takes up or deletes what was made, and the next deploy does "
    "the rest.",
    run,
)
