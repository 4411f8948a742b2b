"""What runs, what it costs, and how it is watched."""

from __future__ import annotations

from ..place import KEY, Tour
from .chapter import Chapter

EMAIL = "ml@acme.example"
LAYER = f"    observability=Observability(notify=Notify(emails=['{EMAIL}'])),\n"


def run(tour: Tour) -> None:
    """Watch the environment, list what runs with its cost, and draw it."""
    tour.write("    Network,\n", "    Network,\n    Notify,\n    Observability,\n")
    tour.write("    training=Training(\n", f"{LAYER}    training=Training(\n")
    tour.git("diff")
    tour.git("commit", "--quiet", "--all", "--message", "Watch what runs")
    tour.review("observability")
    tour.deploy("observability")
    tour.say(f"{EMAIL} opens the first message of the topic, and confirms")
    topic = {"topic": tour.context.name("alerts"), "endpoint": EMAIL}
    tour.emulator.control("POST", "sns/confirmed", {**topic, "account": tour.context.account})
    # The alarm on the drift still fires.
    tour.inferform("alarms", KEY, status=1)
    tour.inferform("list", KEY)
    tour.read("cost", KEY)
    tour.picture("The dashboard, drawn from the file with sample data", "dashboard", KEY)
    tour.picture("The catalog, of the files alone", "catalog", KEY, "--no-aws")


CHAPTER = Chapter(
    "What runs, and what it costs",
    "One line adds a layer of alarms, a budget and a dashboard beside what serves. What runs is listed, with its cost, and "
    "drawn.",
    run,
)
