"""The tables of options: how each is written, or why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tests.options import SOURCES
from tests.options.row import Becomes, Option, Way

_HEADINGS: dict[Way, str] = {
    "field": "field",
    "always": "always so",
    "overrides": "override",
    "extend": "own resource",
    "no": "no",
}


def _code(text: str) -> str:
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def _attribute(each: Becomes) -> str:
    path = re.sub(r"\.(\d+|\*)(?=\.|$)", "", each.path)
    return _code(".".join(filter(None, [each.type, path])))


def _cells(option: Option) -> tuple[str, str, str]:
    written = _code(option.written)
    words: dict[Way, str] = {
        "field": written,
        "always": "always so",
        "overrides": f"override: {written}",
        "extend": f"own resource: {written}",
        "no": f"no. {option.why}",
    }
    became = dict.fromkeys(map(_attribute, option.becomes))
    name = _code(option.name) if re.fullmatch(r"[\w.]+", option.name) else option.name
    return name, words[option.way], ", ".join(became)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def summary() -> str:
    """How many options of each source are written in which way."""
    text = _row(["Source", "Options", *_HEADINGS.values()]) + _row(["---"] * 7)
    total: Counter[Way] = Counter()
    for source, listed in SOURCES.items():
        ways = Counter(option.way for option in listed)
        total += ways
        text += _row([source, str(len(listed)), *(str(ways[way]) for way in _HEADINGS)])
    numbers = [str(total.total()), *(str(total[way]) for way in _HEADINGS)]
    return text + _row(f"**{cell}**" for cell in ["All", *numbers])


def tables() -> str:
    """A table for each source."""
    text = ""
    for source, listed in SOURCES.items():
        text += f"## {source}\n\n" + _row(["Option", "Inferform", "Terraform"])
        text += _row(["---"] * 3) + "".join(_row(_cells(option)) for option in listed) + "\n"
    return text.removesuffix("\n")
