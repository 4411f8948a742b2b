"""Reading the files of other tools, whatever each of them is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from inferform import Context

from ..errors import BadInputError
from . import cloudformation, terraform_states
from .converted import Converted, Found, convert
from .templates import Template, read


def converted(files: Iterable[Path], context: Context, given: Mapping[str, str]) -> Converted:
    """The environment that files declare together. Raises BadInputError for a file that is none of these."""
    whole, names = Found(), list[str]()
    for file in files:
        found = _declared(file, context, given)
        names.append(file.name)
        whole.endpoints += found.endpoints
        whole.repositories |= found.repositories
        whole.groups += found.groups
        whole.network = whole.network or found.network
        whole.left += found.left
        whole.removed += found.removed
    return convert(whole, context, ", ".join(names) if len(names) < 3 else f"{len(names)} files")


def _declared(file: Path, context: Context, given: Mapping[str, str]) -> Found:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{file} cannot be read: {error}") from error
    content = _json(text)
    if content is not None and terraform_states.is_terraform(content):
        return terraform_states.declared(content, file.name)
    template = Template(
        read(text, file.name), given, context.account, context.region, context.partition
    )
    return cloudformation.declared(template, file.name)


def _json(text: str) -> Mapping[str, Any] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, Mapping) else None
