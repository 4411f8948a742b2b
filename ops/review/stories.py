"""Stories: what a plan does to each service that answers predictions, in words."""

from __future__ import annotations

from ..kinds import known
from ..kinds.record import Not
from ..plan import Plan
from ..told import Story


def tell(plan: Plan) -> list[Story]:
    """Every story of a plan; the services that are interrupted come first."""
    stories = [
        story
        for kind, record in known().items()
        if not isinstance(record.story, Not)
        for change in plan.of_type(kind)
        for story in record.story(plan, change)
    ]
    return sorted(stories, key=lambda story: (not story.interrupted, story.kind, story.name))
