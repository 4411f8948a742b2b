"""`inferform overrides`."""

from __future__ import annotations

from dataclasses import asdict

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json, print_table, stdout
from . import LOOK_UP, Command


def overrides(key: EnvironmentKey, json: Json = False) -> None:
    """List every attribute that an environment overrides.

    Example: inferform overrides dev-use1
    """
    from .. import overrides as source

    found = list(source.overrides(environment(key)))
    if json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        stdout.print("nothing is overridden")
        return
    print_table(
        ("spec", "resource", "attribute", "value"),
        [(each.spec, each.role, each.attribute, each.shown) for each in found],
    )


COMMANDS = (Command("overrides", overrides, LOOK_UP, order=30),)
