"""The registry of rules: what AWS, Terraform or Inferform refuses, and the problems found.

Every check carries a rule: an id that `inferform explain ID` spells out, the condition it
refuses, the message a user reads and the source of the limit.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Any, Final, Literal

Severity = Literal["error", "warning"]
PathPart = str | int

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a Spec: where, what, what was got, and which rule says so."""

    path: tuple[PathPart, ...]
    text: str
    rule: str
    severity: Severity = "error"
    got: Any = field(default=_NOTHING, compare=False)
    at: str | None = None

    def under(self, *prefix: PathPart) -> Problem:
        """The same problem seen from a parent, its path prefixed."""
        return replace(self, path=(*prefix, *self.path))

    @property
    def where(self) -> str:
        """The path as people write it: `inference.endpoints.fraud.image`."""
        return ".".join(map(_written, self.path))

    def __str__(self) -> str:
        wrong, semicolon, remedy = self.text.partition("; ")
        got = "" if self.got is _NOTHING else f", got {shown(self.got)}"
        where = f"{self.where}: " if self.path else ""
        at = f" ({self.at})" if self.at else ""
        return f"{where}{wrong}{got}{semicolon}{remedy} [{self.rule}]{at}"

    def as_dict(self) -> dict[str, Any]:
        """The problem for machines (`--json`)."""
        return {
            "path": self.where,
            "text": self.text,
            "rule": self.rule,
            "severity": self.severity,
            "got": None if self.got is _NOTHING else shown(self.got),
            "at": self.at,
        }


def _written(part: PathPart) -> str:
    """A part of a path; escaped and cut where it is no name."""
    text = str(part)
    return text if text.isprintable() and len(text) <= 120 else shown(text)


def shown(value: Any, limit: int = 120) -> str:
    """A value as it appears in a message: its repr, cut when long."""
    try:
        text = repr(value)
    except Exception:  # a value whose own repr fails must not hide the problem
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with an id, the condition it refuses, a message and a source.

    `message` is a `str.format` template whose fields the check fills in; it says what is
    wrong and what to write instead.
    """

    id: str
    condition: str
    message: str
    source: str
    severity: Severity = "error"

    @property
    def template(self) -> str:
        """The message with the names of its fields instead of values: `<instance type>`."""
        return "".join(
            text + ("" if name in (None, "hint") else f"<{name.replace('_', ' ')}>")
            for text, name, _, _ in Formatter().parse(self.message)
        )

    def problem(self, *path: PathPart, got: Any = _NOTHING, **values: Any) -> Problem:
        """A Problem at `path`, its text made from the rule's message and `values`."""
        text = self.message.format(**values)
        return Problem(path=path, text=text, rule=self.id, severity=self.severity, got=got)


RULES: Final[dict[str, Rule]] = {}


def rule(id: str, *, refuses: str, message: str, source: str, severity: Severity = "error") -> Rule:
    """Define and register a rule. Raises ValueError when the id is taken by another rule."""
    made = Rule(id, refuses, message, source, severity)
    if RULES.setdefault(id, made) != made:
        raise ValueError(f"rule {id} is defined twice")
    return made


def nearest(wrong: object, known: Iterable[str]) -> list[str]:
    """The entries of `known` that `wrong` is a misspelling of; none when nothing is near.

    Case does not count. Words at the same place must be alike too: `min_size` is no misspelling
    of `max_size`, nor `us-east-9` of `us-east-1`.
    """
    # Skip long input: difflib is quadratic, and no typo is this long.
    if not isinstance(wrong, str) or len(wrong) > 100:
        return []
    word, by_folded = wrong.casefold(), {entry.casefold(): entry for entry in known}
    if word in by_folded:
        return [by_folded[word]]
    # `huggingface` is the beginning of several, and nothing tells of which.
    begun = [
        by_folded[each] for each in by_folded if re.match(rf"{re.escape(word)}[^a-z0-9]", each)
    ]
    if len(begun) > 1:
        return begun
    matches = difflib.get_close_matches(word, list(by_folded), n=5, cutoff=_NEAR)
    matches = [match for match in matches if _is_slip(word, match)]
    # What was left out at one end is likelier than what was put instead of something.
    longer = [match for match in matches if match.endswith(word) or match.startswith(word)]
    ratios = {match: _ratio(match, word) for match in longer or matches}
    best = max(ratios.values(), default=0)
    return [by_folded[match] for match, ratio in ratios.items() if ratio >= best]


# Few mistype a first letter: what differs there must be alike otherwise.
_NEAR, _VERY_NEAR = 0.65, 0.8


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _is_slip(wrong: str, known: str) -> bool:
    """Whether each word is like the other's, where both have as many, and so are the beginnings."""
    if wrong[:1] != known[:1] and not known.endswith(wrong) and _ratio(wrong, known) < _VERY_NEAR:
        return False
    words = [re.split(r"[^a-z0-9]+", text) for text in (wrong, known)]
    pairs = zip(*words, strict=False)
    return len(words[0]) != len(words[1]) or all(_ratio(*pair) >= 0.5 for pair in pairs)


def did_you_mean(wrong: object, known: Iterable[str]) -> str:
    """`; did you mean X` for the nearest match, or an empty string."""
    matches = nearest(wrong, known)
    return f"; did you mean {one_of(matches)}" if matches else ""


def one_of(values: Iterable[object]) -> str:
    """`a, b or c`, for messages."""
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


SPEC1 = rule(
    "SPEC1",
    refuses="a field that the Spec does not have",
    message="is not a field of {spec}{hint}",
    source="Inferform: Specs are closed, so that a typo is never ignored",
)
SPEC2 = rule(
    "SPEC2",
    refuses="a Spec without a field that it requires",
    message="is required by {spec}",
    source="Inferform: a field is required only where no default can be given",
)
SPEC3 = rule(
    "SPEC3",
    refuses="a value of another type than the field's",
    message="must be {expected}{hint}",
    source="Inferform: values are never converted silently",
)
SPEC4 = rule(
    "SPEC4",
    refuses="a value outside a closed set",
    message="must be one of {values}{hint}",
    source="Inferform: the set is AWS's own, or stands in the field's documentation",
)
SPEC5 = rule(
    "SPEC5",
    refuses="a value that holds itself, or is nested hundreds deep",
    message="holds a list or dict that holds itself, or is nested too deep",
    source="Inferform: Specs are plain data",
)
SPEC6 = rule(
    "SPEC6",
    refuses="text with a NUL or with half of a surrogate pair",
    message="holds a character that no file or API takes",
    source="The Unicode Standard, surrogates; RFC 8259, section 8.2",
)
SPEC7 = rule(
    "SPEC7",
    refuses="a field that has another place now",
    message="is no field of {spec} any more; write {instead}",
    source="Inferform: no Spec has more than 15 fields of its own",
)
SPEC8 = rule(
    "SPEC8",
    refuses="a field beside the Spec that it belongs into",
    message="is a field of {spec}; write {remedy}",
    source="Inferform: what is rarely set, and what belongs together, is a Spec of its own",
)
