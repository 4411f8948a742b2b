"""The frame of a page of HTML that needs nothing beside itself and loads nothing."""

from __future__ import annotations

from collections.abc import Iterable

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"

BASE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1c2733; --quiet: #5a6877; --line: #d8dee6;
  --critical: #b3261e; --high: #b4540a; --medium: #7a5c00; --low: #5a6877; --good: #1b6e3c;
  --code: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12171d; --card: #1b222b; --text: #e6ebf0; --quiet: #9aa7b5; --line: #313c48;
    --critical: #ff8a80; --high: #ffb070; --medium: #e8c860; --low: #9aa7b5; --good: #7fd39b;
    --code: #242d38;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
"""
"""The colours of pages, light and dark, and their text."""


def web_page(title: str, style: str, body: Iterable[str]) -> str:
    """A whole page; `title` and the lines of `body` are HTML already."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>{style}</style>",
            "</head>",
            "<body><main>",
            *body,
            "</main></body>",
            "</html>",
            "",
        ]
    )
