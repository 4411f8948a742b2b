"""Reading the files of other tools, whatever each of them is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from inferform import Context
from inferform.rules import one_of

from ..errors import BadInputError
from . import cloudformation, terraform_states
from .converted import Converted, Found, convert
from .members import Left
from .templates import STACK_NAME, Template, as_text, read


def converted(files: Iterable[Path], context: Context, given: Mapping[str, str]) -> Converted:
    """The environment that files declare together. Raises BadInputError for a file that is none of these,
    and for a parameter that none of them has, or that does not allow the value."""
    whole, names, parameters = Found(), list[str](), dict[str, None]()
    for file in files:
        try:
            found = _declared(file, context, given, parameters)
        except RecursionError as error:
            raise BadInputError(f"{file} nests too deeply, or holds itself") from error
        names.append(file.name)
        whole.endpoints += found.endpoints
        for short, each in found.repositories.items():
            if whole.repositories.setdefault(short, each) != each:
                why = f"another repository is called {short} here; convert this file alone"
                whole.left.append(Left(f"{file.name} {each.name or short}", short, why))
        whole.groups += found.groups
        whole.network = whole.network or found.network
        whole.left += found.left
        whole.removed += found.removed
        whole.kept += found.kept
        whole.beside += found.beside
    for name in given.keys() - parameters.keys():
        near = get_close_matches(name, parameters)
        hint = f"did you mean {one_of(near)}?" if near else f"there are: {', '.join(parameters)}"
        raise BadInputError(
            f"--parameter {name}: no template here has it",
            hint if parameters else "none of these files has a parameter",
        )
    return convert(whole, context, ", ".join(names) if len(names) < 3 else f"{len(names)} files")


def _declared(
    file: Path, context: Context, given: Mapping[str, str], parameters: dict[str, None]
) -> Found:
    if file.is_dir():
        raise BadInputError(f"{file} is a folder", f"give its templates: {file}/*.template.json")
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{file} cannot be read: {error}") from error
    content = _json(text)
    if content is not None and terraform_states.is_terraform(content):
        return terraform_states.declared(content, file.name)
    template = Template(
        read(text, file.name),
        given,
        context.account,
        context.region,
        context.partition,
        context.dns_suffix,
    )
    _check(template, file.name)
    found = cloudformation.declared(template, file.name)
    parameters |= dict.fromkeys([*map(str, template.parameters()), STACK_NAME])
    # A part of a template refers to parameters that it does not hold.
    parameters |= dict.fromkeys(sorted(template.referred))
    return found


def _check(template: Template, name: str) -> None:
    for parameter, written in template.parameters().items():
        allowed = written.get("AllowedValues") if isinstance(written, Mapping) else None
        values = template.given.get(str(parameter))
        if values is None or not isinstance(allowed, list):
            continue
        known = [str(as_text(each)) for each in allowed]
        if values not in known:
            raise BadInputError(
                f"--parameter {parameter}: {name} does not allow {values}",
                f"it allows {', '.join(known)}",
            )


def _json(text: str) -> Mapping[str, Any] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, Mapping) else None
