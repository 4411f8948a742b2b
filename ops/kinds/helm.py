"""Helm releases in an EKS cluster."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import Action, Change, Plan
from ..told import Story
from .reasons import RUNS_NOTHING, resource
from .record import Not
from .stories import name_of
from .words import PAST, arrow


def _release_story(plan: Plan, release: Change) -> Iterator[Story]:
    if not release.is_shown:
        return
    name = name_of(release, "name")
    was, will = (
        f"{values.get('chart')} {values.get('version')}" if values.get("chart") else ""
        for values in (release.before, release.after)
    )
    gone = release.action in (Action.DELETE, Action.REPLACE)
    yield Story(
        kind="Helm release",
        name=name,
        address=release.address,
        action=release.action.value,
        headline=f"{name} is {PAST[release.action]}",
        facts=(("chart", arrow(was, will)),) if was or will else (),
        interrupted="what its chart runs, and objects of the types that it brings" if gone else "",
        rollout="as its chart says; a failed upgrade goes back"
        if release.action is Action.UPDATE
        else "",
    )


KINDS = (
    resource(
        "helm_release",
        "Helm release",
        Not(
            "it is in the cluster, not in AWS: terraform import ADDRESS NAMESPACE/NAME takes it back"
        ),
        name=Not("a namespace has each name once"),
        outage=True,
        uses=Not("the nodes that its pods run on are billed"),
        quotas=Not("the nodes that its pods run on count"),
        addresses=Not("the nodes that its pods run on count"),
        preflight=Not("its repository is asked by Terraform, at the plan"),
        story=_release_story,
        reverted=Not("Helm goes back to the release before, and the provider fails the apply"),
        verify=RUNS_NOTHING,
    ),
)
