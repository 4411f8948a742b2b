"""`inferform rules` and `inferform explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from inferform.rules import RULES, Rule, did_you_mean

from ..errors import BadInputError
from ..output import Json, print_json, print_table, stdout
from . import LOOK_UP, Command


def _as_dict(rule: Rule) -> dict[str, str]:
    return {
        "id": rule.id,
        "severity": rule.severity,
        "refuses": rule.condition,
        "message": rule.message,
        "source": rule.source,
    }


def _place(rule: Rule) -> tuple[str, int]:
    """Its letters and its number, so that AAS9 comes before AAS10."""
    letters = rule.id.rstrip("0123456789")
    return letters, int(rule.id.removeprefix(letters) or 0)


def list_rules(json: Json = False) -> None:
    """List every rule that environments are checked against.

    Example: inferform rules --json
    """
    rules = sorted(RULES.values(), key=_place)
    if json:
        print_json([_as_dict(rule) for rule in rules])
        return
    print_table(
        ("rule", "severity", "refuses"),
        [(rule.id, rule.severity, rule.condition) for rule in rules],
    )


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, such as AAS3.")],
    json: Json = False,
) -> None:
    """Spell out one rule: what it refuses, what to write, and who says so.

    Example: inferform explain AAS3
    """
    found = RULES.get(rule.upper())
    if found is None:
        raise BadInputError(
            f"there is no rule {rule}{did_you_mean(rule.upper(), RULES)}",
            "inferform rules lists them all",
        )
    if json:
        print_json(_as_dict(found))
        return
    for label, text in _as_dict(found).items():
        stdout.print(f"[bold]{label:>9}[/bold]  ", end="")
        stdout.print(text, markup=False)


COMMANDS = (
    Command("rules", list_rules, LOOK_UP, order=10),
    Command("explain", explain, LOOK_UP, order=20),
)
