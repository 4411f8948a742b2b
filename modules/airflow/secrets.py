"""Secrets in what an environment of Airflow is given: plans and states show all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..rules import rule
from ..secret import name_says_secret, value_is_secret
from ..spec import read_json

MWA17 = rule(
    "MWA17",
    refuses="a secret among the options of Airflow, in a file, or among the parameters of a run",
    message="holds a secret{where}, which plans and states would show; {remedy}",
    source="Amazon MWAA user guide, configuring an Apache Airflow connection using Secrets Manager; using a startup "
    "script (access tokens for requirements.txt)",
)

_ASSIGNED = re.compile(
    r"\s*(?:export\s+)?([A-Za-z_]\w*)=(?:\"([^\"$`]*)\"|'([^']*)'|([^\s\"'$`;&|]+))\s*(?:[;#].*)?",
    re.ASCII,
)


def option_holds_secret(name: str, value: str) -> bool:
    """Whether the value of an option, `section.option`, is a secret by its name or by what it looks like.

    The section `secrets` says where Airflow looks for secrets, and names none itself.
    """
    own = name.removeprefix("secrets.").replace("secrets_backend", "backend")
    if name_says_secret(own, value) or value_is_secret(value):
        return True
    try:
        given = read_json(value)
    except ValueError:
        return False
    return isinstance(given, dict) and any(
        isinstance(each, str) and name_says_secret(key, each) for key, each in given.items()
    )


def secret_lines(text: str) -> Iterator[int]:
    """The lines of a text that hold a well-known kind of secret, counted from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        if value_is_secret(line):
            yield number


def script_secrets(text: str) -> Iterator[int]:
    """The lines of a script of bash that hold a secret, or give one to a variable, counted from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        found = _ASSIGNED.fullmatch(line)
        if value_is_secret(line):
            yield number
        elif found is not None:
            value = next((each for each in found.groups()[1:] if each is not None), "")
            if option_holds_secret(_option(found[1]), value):
                yield number


def _option(variable: str) -> str:
    """The option that a variable of the environment sets, `AIRFLOW__SECTION__OPTION`; any other name itself."""
    found = re.fullmatch(r"AIRFLOW__([A-Z_]+?)__([A-Z_]+)", variable)
    return variable if found is None else f"{found[1]}.{found[2]}".lower()
