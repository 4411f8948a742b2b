"""What everything depends on: network, registry, and what trains."""

from __future__ import annotations

from .. import rows
from ..place import KEY, MODEL, Tour
from .chapter import Chapter

BASELINE = "data/fraud/baseline/rows.csv"


def run(tour: Tour) -> None:
    """Make the state bucket, and deploy three layers."""
    tour.inferform("bootstrap", KEY)
    tour.deploy("network", "registry")
    tour.inferform("connections", "set-token", KEY, MODEL, "--stdin", given="not-a-token\n")
    tour.say("push the images that the environment names: fraud:1, fraud-train:1, drift:1")
    tour.push_images()
    tour.upload(BASELINE, rows.plain(1000, seed=1))
    tour.deploy("training")


CHAPTER = Chapter(
    "The ground",
    "An environment is one file. Three of its layers are deployed onto an emulated AWS, by cdktf and Terraform: "
    "a network, the registry with its rules for approvals, and the state machines that train and watch.",
    run,
)
