"""Terraform expressions as Terraform reads them, without Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# In text, and in quotes: what is escaped, a template's begin, and the end of quotes. In an
# expression: a template's begin, quotes and braces.
_TEXT = re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|"', re.DOTALL)
_EXPRESSION = re.compile(r'[$%]\{|"|[{}]')


def is_nested(text: str) -> bool:
    """Whether an expression begins a template outside of quotes, which Terraform does not parse."""
    places, position = ["text"], 0
    while match := (_EXPRESSION if places[-1] == "{" else _TEXT).search(text, position):
        position, found = match.end(), match[0]
        if found in ("${", "%{"):
            if places[-1] == "{":
                return True
            places.append("{")
        elif found == "{":
            places.append("{")
        elif found == "}" or (found == '"' and places[-1] == '"'):
            places.pop()
        elif found == '"' and places[-1] == "{":
            places.append('"')
        elif places[-1] == "text" and found[0] == "\\":
            position = match.start() + 1  # outside of quotes it escapes nothing
    return False


def nested(value: Any, path: str = "") -> Iterator[str]:
    """Where the JSON of a stack has such an expression, and the expression."""
    if isinstance(value, str):
        if is_nested(value):
            yield f"{path}: {value}"
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from nested(each, f"{path}.{name}")
    elif isinstance(value, Sequence):
        for number, each in enumerate(value):
            yield from nested(each, f"{path}[{number}]")
