"""What callers of APIs show where IAM does not say who they are: tokens and keys, from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from inferform import Environment

from .errors import BadInputError


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request to an API brings; neither is shown."""

    token: str | None = field(default=None, repr=False)
    """A JWT of the issuer, or of the user pool."""

    api_key: str | None = field(default=None, repr=False)
    """The value of a key of a usage plan."""


def read(file: Path, environment: Environment) -> dict[str, Caller]:
    """The callers of a file, by the API as the environment names it: `http.front`, `rest.models`.

    The file is a JSON object: `{"rest.models": {"api_key": "…"}, "http.front": {"token": "…"}}`.
    Raises BadInputError, which repeats no value, for anything else.
    """
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise BadInputError(f"{file} cannot be read as JSON", "write an object by API") from None
    if not isinstance(content, dict):
        raise BadInputError(f"{file} is no JSON object", 'write {"rest.models": {"api_key": …}}')
    apis = environment.apis
    known = (
        [*(f"http.{name}" for name in apis.http), *(f"rest.{name}" for name in apis.rest)]
        if apis
        else []
    )
    found = {}
    for name, given in content.items():
        if name not in known:
            raise BadInputError(
                f"{file}: {environment.key} has no API {name}",
                f"write one of {', '.join(known)}" if known else "leave --callers out",
            )
        if (
            not isinstance(given, dict)
            or not given.keys() <= {"token", "api_key"}
            or not all(isinstance(each, str) and each for each in given.values())
        ):
            raise BadInputError(
                f"{file}: {name} must have token, api_key or both, each a text", "correct the file"
            )
        found[name] = Caller(**given)
    return found
