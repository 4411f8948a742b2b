"""Rules of a team's own over its Specs: a few lines of Python, in the same reports as all others.

`rule` makes one of a function, and `Environment.rules` names those that hold for an environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .rules import PathPart, Problem, Rule, Severity
from .rules import rule as defined
from .service import Place
from .spec import Spec, walk

if TYPE_CHECKING:
    from .environment import Environment

S = TypeVar("S", bound=Spec)

Found = tuple[str, Any]
"""A field that breaks a rule, by its path in the Spec, and its value; an empty path is the Spec."""


@dataclass(frozen=True, slots=True)
class SpecRule(Generic[S]):
    """A rule over every Spec of one type; call it as the function that it was made of."""

    rule: Rule
    over: type[S]
    find: Callable[[S, Place], Iterator[Found]]

    def __call__(self, spec: S, place: Place) -> Iterator[Found]:
        """What of a Spec breaks the rule."""
        return self.find(spec, place)

    def problems(self, environment: Environment) -> Iterator[Problem]:
        """What breaks the rule in an environment."""
        specs: list[tuple[tuple[PathPart, ...], Spec]] = [((), environment), *walk(environment)]
        for path, spec in specs:
            if not isinstance(spec, self.over):
                continue
            for field, got in self._found(spec, Place(path, environment)):
                below = field.split(".") if field else []
                yield self.rule.problem(*path, *below, got=got)

    def _found(self, spec: S, place: Place) -> Iterator[Found]:
        """What the function yields; a mistake in it is said of the rule, not of the environment."""
        try:
            yield from self.find(spec, place)
        except Exception as error:
            where = ".".join(map(str, place.path)) or place.environment.key
            error.add_note(f"in the rule {self.rule.id}, over {where}")
            raise


def rule(
    id: str,
    *,
    over: type[S],
    refuses: str,
    message: str,
    source: str = "a rule of the team's own",
    severity: Severity = "error",
) -> Callable[[Callable[[S, Place], Iterator[Found]]], SpecRule[S]]:
    """Make a rule of a function that yields what breaks it in a Spec of the type `over`.

    `refuses` says what the rule refuses, `message` what is wrong and what to write instead; both
    are shown by `inferform explain`. An error ends a synthesis before Terraform runs, a warning does
    not. Raises ValueError where the id is another rule's.
    """
    text = message.replace("{", "{{").replace("}", "}}")
    made = defined(id, refuses=refuses, message=text, source=source, severity=severity)

    def of(find: Callable[[S, Place], Iterator[Found]]) -> SpecRule[S]:
        return SpecRule(made, over, find)

    return of
