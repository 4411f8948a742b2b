"""Writing untrusted text into Markdown as GitHub reads it: one function for each place."""

from __future__ import annotations

import html
import re

from .untrusted import cell

# The longest text in a comment; the other formats have more of it.
_LONGEST = 1000
_BLOCK = re.compile(r"(\d{1,9}(?=[.)])|(?=[-+=]))")
# Where GitHub would mention somebody, or link: addresses, e-mail, issues.
_LINKING = re.compile(r"(?i)@|:(?=//)|\bwww(?=\.)|#(?=\d)|\bGH(?=-\d)")


def plain(text: str) -> str:
    """A dynamic text without a meaning in Markdown: names and values come from anywhere."""
    text = _line(text)
    block = _BLOCK.match(text)
    start = block.end() if block else 0
    escaped = re.sub(r"([\\`*_{}\[\]<>|~#&])", r"\\\1", text[start:])
    # What begins a list or underlines a heading does so only as the first of its line.
    return _inert(f"{text[:start]}\\{escaped}" if block else escaped)


def _line(text: str) -> str:
    """A dynamic text on one line."""
    return cell(" ".join(text.split()), _LONGEST)


def _inert(text: str) -> str:
    """Text that mentions nobody and links to nothing."""
    return _LINKING.sub("\\g<0>\u200b", text)


def code(text: str) -> str:
    """A dynamic text as code, also within a table."""
    text = _line(text)
    if "\\|" in text or text.endswith("\\"):
        # A table reads a backslash also in code.
        return plain(text)
    text = text.replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def in_html(text: str) -> str:
    """A dynamic text inside of an element of HTML."""
    return _inert(html.escape(_line(text), quote=False))


def fenced(text: str) -> str:
    """A dynamic text that cannot end the fence that it is in."""
    return _line(text).replace("```", "'''")
