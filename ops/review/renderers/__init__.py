"""One report model, four formats."""

from __future__ import annotations

from collections.abc import Callable

from ..report import Report
from .html import render_html
from .json import render_json
from .markdown import render_markdown
from .text import render_text

FORMATS: dict[str, Callable[[Report], str]] = {
    "markdown": render_markdown,
    "html": render_html,
    "json": render_json,
    "text": render_text,
}
"""The renderers by the name that `--format` takes."""
