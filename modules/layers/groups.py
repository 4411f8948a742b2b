"""Groups of a layer: several Specs by name, each of which has a stack and a state of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..rules import Problem, rule
from ..spec import NAME1, Check, Spec, is_short_name

if TYPE_CHECKING:
    from ..environment import Environment

GRP1 = rule(
    "GRP1",
    refuses="a name that two groups of a layer share",
    message="is in group {other} too; give it another name, as both would be {name} in AWS",
    source="Inferform: groups have states of their own, but one namespace in the account",
)
GRP2 = rule(
    "GRP2",
    refuses="a layer without groups, or a group that is none of it",
    message="must be {one}, or a dict of {name} by the name of the group",
    source="Inferform: each group is a stack",
)


def groups_of(kind: type[Spec], one: str) -> Check:
    """The check that a dict holds groups, and nothing else; `one` is the Spec with its article."""

    def fit(value: object) -> bool:
        return not isinstance(value, dict) or (
            bool(value) and all(isinstance(group, kind) for group in value.values())
        )

    return Check(GRP2, fit, lambda _: {"one": one, "name": kind.__name__})


def check_groups(layer: str, environment: Environment) -> Iterator[Problem]:
    """No name of a group that is none, and nothing that two groups call alike."""
    groups = getattr(environment, layer)
    if not isinstance(groups, dict):
        return
    owners: dict[tuple[str, str], str] = {}
    for group, spec in groups.items():
        if not is_short_name(group):
            yield NAME1.problem(layer, got=group)
        for field in type(spec).model_fields:
            named = getattr(spec, field)
            for name in named if isinstance(named, dict) else ():
                other = owners.setdefault((field, name), group)
                if other != group:
                    full = environment.context.name(name)
                    yield GRP1.problem(layer, group, field, name, other=other, name=full)
