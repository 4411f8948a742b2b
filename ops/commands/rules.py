"""`inferform rules` and `inferform explain`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ..output import Json, print_json, print_table, stdout
from . import LOOK_UP, Command

All = Annotated[
    bool, typer.Option("--all", help="Also the risks of reviews, and the checks of commands.")
]


def list_rules(everything: All = False, json: Json = False) -> None:
    """List every rule that environments are checked against.

    Example: inferform rules --all --json
    """
    from ..explain import entries, load_own

    load_own()
    found = [entry for entry in entries().values() if everything or entry.kind == "rule"]
    if json:
        print_json([asdict(entry) for entry in found])
        return
    if everything:
        print_table(
            ("id", "of", "severity", "what"),
            [(entry.id, entry.kind, entry.severity, entry.title) for entry in found],
        )
        return
    print_table(
        ("rule", "severity", "refuses"),
        [(entry.id, entry.severity, entry.title) for entry in found],
    )


_TITLES = {"rule": "refuses", "risk": "found when"}
"""What the title of an entry is called; else it is what is checked."""


def explain(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="Any id that a command prints: AAS3, PLAN1, VER2.")
    ],
    json: Json = False,
) -> None:
    """Spell out the id of a rule, a risk or a check: what it is, why, and what to do.

    Example: inferform explain AAS3
    """
    from ..explain import explained

    entry = explained(id)
    if json:
        print_json(asdict(entry))
        return
    lines = {
        "id": f"{entry.id}, a {entry.kind}",
        "severity": entry.severity,
        _TITLES.get(entry.kind, "checks"): entry.title,
        "message": entry.message,
        "why": entry.why,
        "fix": entry.fix,
        "source": entry.source,
    }
    for label, text in lines.items():
        if text:
            stdout.print(f"{label:>10}  ", style="bold", end="")
            stdout.print(text, markup=False)


COMMANDS = (
    Command("rules", list_rules, LOOK_UP, order=10),
    Command("explain", explain, LOOK_UP, order=20),
)
