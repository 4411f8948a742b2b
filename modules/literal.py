"""Strings that Terraform takes as they are written.

In Terraform's JSON every string is a template: what people write is kept from being one.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from .environment import Environment
from .outputs import Outputs
from .spec import Spec


def literal(environment: Environment) -> Environment:
    """`environment` with every `${` and `%{` escaped; itself where there is none.

    A layer that writes templates escapes its own.
    """
    written = {record.name for record in environment.records().values() if record.writes_templates}
    update = {
        name: escaped
        for name in type(environment).model_fields
        if name not in written
        and (escaped := _escaped(value := getattr(environment, name))) is not value
    }
    return environment.model_copy(update=update) if update else environment


def _escaped(value: Any) -> Any:
    """The same object where there is nothing to escape."""
    if isinstance(value, str):
        found = "${" in value or "%{" in value
        return value.replace("${", "$${").replace("%{", "%%{") if found else value
    if isinstance(value, Spec | Outputs):
        known = (
            list(type(value).model_fields)
            if isinstance(value, Spec)
            else [each.name for each in fields(value)]
        )
        update = {
            name: escaped
            for name in known
            if (escaped := _escaped(inner := getattr(value, name))) is not inner
        }
        if not update:
            return value
        return (
            value.model_copy(update=update) if isinstance(value, Spec) else replace(value, **update)
        )
    if isinstance(value, dict):
        pairs = {_escaped(key): _escaped(inner) for key, inner in value.items()}
        same = all(
            old is new
            for before, after in zip(value.items(), pairs.items(), strict=True)
            for old, new in zip(before, after, strict=True)
        )
        return value if same else pairs
    if isinstance(value, list | tuple):
        items = [_escaped(inner) for inner in value]
        same = all(old is new for old, new in zip(value, items, strict=True))
        return value if same else type(value)(items)
    return value
