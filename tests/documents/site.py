"""The pages of the documentation site: those of the repository, and the reference.

`make docs` writes them into a folder and lets MkDocs build the site from it. No page of the reference
is kept in git.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

from tests.conftest import ROOT

from . import reference

SCRIPTS = {
    "mermaid.js": "@mermaid-js/tiny/dist/mermaid.tiny.js",
    "iframe-worker.js": "iframe-worker/shim/index.js",
}
"""What draws Mermaid's pictures, and what lets search work from the disk, where npm has them."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)

_PICTURE = r'<div class="picture" markdown>\n\n\1\n\n</div>'


def sources() -> dict[str, Path]:
    """The file of each page that stands in the repository, by its place in the site."""
    docs = ROOT / "docs"
    found = {file.relative_to(docs).as_posix(): file for file in sorted(docs.rglob("*.md"))}
    for name in ("CHANGELOG", "CONTRIBUTING", "CODE_OF_CONDUCT", "SECURITY"):
        found[f"{name.lower().replace('_', '-')}.md"] = ROOT / f"{name}.md"
    for folder in ("container", "emulator", "examples"):
        found[f"{folder}.md"] = ROOT / folder / "README.md"
    found["container-contract.md"] = ROOT / "container" / "CONTRACT.md"
    found["drift-contract.md"] = ROOT / "container" / "drift" / "CONTRACT.md"
    found["platform.md"] = ROOT / "examples" / "platform" / "README.md"
    found["overview.md"] = ROOT / "README.md"
    for file in sorted(ROOT.glob("modules/*/README.md")):
        found[f"modules/{file.parent.name}.md"] = file
    return found


def _linked(page: str, file: Path, places: Mapping[Path, str]) -> Callable[[re.Match[str]], str]:
    """What a link of a file becomes on its page."""

    def link(match: re.Match[str]) -> str:
        image, text, target = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        name, _, anchor = target.partition("#")
        if not name:
            return match[0]
        wanted = (file.parent / name).resolve()
        if wanted not in places and not image:
            # The site has no sources: it names them.
            path = wanted.relative_to(ROOT).as_posix()
            return text if path in text else f"{text} (`{path}`)"
        place = f"pictures/{wanted.name}" if image else places[wanted]
        relative = posixpath.relpath(place, posixpath.dirname(page) or ".")
        return f"{image}[{text}]({relative}{'#' if anchor else ''}{anchor})"

    return link


def pages() -> dict[str, str]:
    """The text of every page, by its place in the site."""
    found = sources()
    places = {file: page for page, file in found.items()}
    made = {}
    for page, file in found.items():
        link = _linked(page, file, places)
        # MkDocs knows the language of a block, and nothing behind it.
        text = re.sub(r"^(```\w+) .*$", r"\1", file.read_text("utf-8"), flags=re.MULTILINE)
        # What scrolls beside the text stands in an element of its own.
        text = re.sub(r"(^```mermaid$.*?^```$)", _PICTURE, text, flags=re.MULTILINE | re.DOTALL)
        parts = _CODE.split(text)
        # Every second part is code, where nothing is a link.
        made[page] = "".join(
            part if number % 2 else _LINK.sub(link, part) for number, part in enumerate(parts)
        )
    return {**made, **reference.pages()}


def write(folder: Path) -> None:
    """Write what MkDocs builds the site from."""
    shutil.rmtree(folder, ignore_errors=True)
    for page, text in {**pages(), **reference.schemas()}.items():
        place = folder / page
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    for picture in sorted((ROOT / "docs").glob("*.svg")):
        (folder / "pictures").mkdir(exist_ok=True)
        shutil.copy(picture, folder / "pictures")
    shutil.copytree(ROOT / "docs" / "theme", folder / "theme")
    for name, script in SCRIPTS.items():
        shutil.copy(ROOT / ".venv-docs/node_modules" / script, folder / "theme" / name)


class _Loaded(HTMLParser):
    """The addresses that a page loads something from."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("img", "script", "iframe", "source"):
            self.found.append(given.get("src") or "")
        # A canonical or alternate link loads nothing.
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.found.append(given.get("href") or "")


def outside(folder: Path) -> Iterator[str]:
    """What the pages of a built site load from another host."""
    for file in sorted(folder.rglob("*.html")):
        parser = _Loaded()
        parser.feed(file.read_text("utf-8"))
        for address in parser.found:
            if re.match(r"(https?:)?//", address):
                yield f"{file.relative_to(folder)}: {address}"


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "write":
        write(Path(where))
    elif loaded := list(outside(Path(where))):
        sys.exit("loaded from elsewhere:\n" + "\n".join(loaded))
