"""Text that comes from anywhere: plans, states, errors, file names, tags.

What would act instead of being read is made harmless once, where it is read: the control
characters of terminals, and characters that are drawn in another order or not at all. The writers
of reports add what their own format needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

LONGEST = 10_000
"""The most characters of one text that any format shows."""

LONGEST_DOCUMENT = 2_000_000
"""The most characters of an attribute that is read as a JSON document."""

DEEPEST_DOCUMENT = 64
"""How deep a JSON document in an attribute may be nested to be read as one. IAM's policies need 6."""

# C0 and C1 but tab and newline, DEL; what Unicode calls default ignorable, which is drawn as nothing
# or turns the direction; other spaces without ink; line separators; halves of UTF-16 characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Whatever a reader may take for the end of a line.
_BREAK = re.compile(r"[ \t]{0,64}[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s{0,64}")
# An escape of JSON that may stand for such a character.
_JSON_ESCAPE = re.compile(r"\\[bfru]")


def visible(text: str) -> str:
    """Text whose control characters (but tab and newline), bidirectional and invisible characters
    are escapes to be read, such as `\\u202e`. Everything else stays as it is."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def bounded(text: str, limit: int = LONGEST) -> str:
    """Text of at most about `limit` characters, which says how many more there are."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... {len(text) - limit:,} more characters"


def cell(text: str, limit: int = LONGEST) -> str:
    """A dynamic text of a report, before the escapes of its format."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    return visible(bounded(text, limit))


def line(text: str, limit: int = LONGEST) -> str:
    """A dynamic text on a line of its own, which writes no other; leading spaces are kept."""
    return cell(_BREAK.sub(" ", text), limit)


def harmless(
    value: Any, label: Callable[[str], str] = visible, labels: frozenset[str] = frozenset()
) -> Any:
    """A value of JSON whose texts are made `visible`, in the JSON documents in them too.

    `label` does it for keys, and for the texts at the keys of `labels`. Keys that would become the
    same are numbered.
    """
    if isinstance(value, str):
        return _harmless_document(visible(value))
    if isinstance(value, list):
        return [harmless(item, label, labels) for item in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for name, item in value.items():
        known = wanted = label(name)
        number = 1
        while known in made or (known != name and known in value):
            number += 1
            known = f"{wanted} ({number})"
        if name in labels and isinstance(item, str):
            made[known] = label(item)
        else:
            made[known] = harmless(item, label, labels)
    return made


def _harmless_document(text: str) -> str:
    """A JSON document whose escapes do not become control characters when it is read."""
    if text[:64].lstrip()[:1] not in ("{", "[") or not _JSON_ESCAPE.search(text):
        return text
    try:
        held = document(text)
    except ValueError:
        return text
    made = harmless(held)
    return text if made == held else json.dumps(made, ensure_ascii=False)


def strict_json(content: str | bytes) -> Any:
    """What JSON holds. Raises ValueError for anything that two readers may read differently: a key
    that stands twice in an object, and numbers that JSON does not have."""
    try:
        return json.loads(
            content, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite
        )
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def document(text: str) -> Any:
    """The JSON document that an attribute holds; raises ValueError where it is none, is longer than
    `LONGEST_DOCUMENT` or nested deeper than `DEEPEST_DOCUMENT`: it stays a text then."""
    if len(text) > LONGEST_DOCUMENT:
        raise ValueError("it is too long for a document")
    held = strict_json(text)
    level = [held]
    for _ in range(DEEPEST_DOCUMENT):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return held
    raise ValueError("it is nested too deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in made if names.count(name) > 1)
        raise ValueError(f"the key {json.dumps(bounded(twice, 80))} stands twice in one object")
    return made


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {bounded(text, 40)} is too large")
    return number
