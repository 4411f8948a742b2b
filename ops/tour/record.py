"""What a tour has shown: printed as it comes, and kept as one page of HTML."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..output import stdout
from ..untrusted import visible
from ..web_page import web_page

_STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2733; --quiet: #5a6877;
  --line: #d8dee6; --good: #1b6e3c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #12171d; --card: #1b222b; --text: #e6ebf0;
  --quiet: #9aa7b5; --line: #313c48; --good: #7fd39b; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 72rem; margin: 0 auto; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.125rem; margin: 2.5rem 0 .5rem; }
p { max-width: 48rem; margin: .5rem 0; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: .875rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0;
  padding: .75rem 1rem; overflow-x: auto; white-space: pre;
  font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (min-width: 48rem) { pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
iframe { width: 100%; height: 36rem; border: 1px solid var(--line); border-radius: .5rem; }
pre b { display: block; } .added { color: var(--good); } .removed { color: var(--bad); }
"""


@dataclass(slots=True)
class _Shown:
    """A paragraph, or a command with what it printed, or a page."""

    text: str
    command: str = ""
    page: str = ""


@dataclass(slots=True)
class _Chapter:
    title: str
    words: str
    seconds: float = 0.0
    ended: str = "is still shown"
    shown: list[_Shown] = field(default_factory=list)


class Record:
    """The chapters that were shown, and what of each."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self._chapters: list[_Chapter] = []

    @contextmanager
    def chapter(self, title: str, words: str) -> Iterator[None]:
        """A chapter, for as long as it is shown. The page is written when it ends, well or not."""
        chapter = _Chapter(title, words)
        self._chapters.append(chapter)
        stdout.print(f"\n{len(self._chapters)}. {title}", style="bold")
        stdout.print(words)
        began = time.monotonic()
        try:
            yield
            chapter.ended = "done"
        except BaseException:
            chapter.ended = "failed"
            raise
        finally:
            chapter.seconds = time.monotonic() - began
            self.write()

    def say(self, text: str) -> None:
        """A sentence of what is seen."""
        stdout.print(text)
        self._chapters[-1].shown.append(_Shown(visible(text)))

    def show(self, command: str, text: str) -> None:
        """A command and all that it printed."""
        stdout.print(f"\n$ {command}", style="bold")
        if text.strip():
            stdout.print(text.rstrip("\n"))
        self._chapters[-1].shown.append(_Shown(visible(text), visible(command)))

    def keep(self, text: str, page: str) -> None:
        """A page of HTML, and a sentence about it."""
        stdout.print(text)
        self._chapters[-1].shown.append(_Shown(visible(text), page=page))

    def write(self) -> None:
        """Write the page."""
        self.page.parent.mkdir(parents=True, exist_ok=True)
        self.page.write_text(self.html(), encoding="utf-8")

    def html(self) -> str:
        """The page: everything in it, and nothing from elsewhere."""
        body = ["<h1>A tour of Inferform</h1>", "<ol>"]
        for number, each in enumerate(self._chapters, 1):
            told = f"{each.ended}, {each.seconds:.0f} s"
            body.append(
                f'<li><a href="#chapter-{number}">{html.escape(each.title)}</a> '
                f'<span class="quiet">{told}</span></li>'
            )
        body.append("</ol>")
        for number, each in enumerate(self._chapters, 1):
            body.append(f'<h2 id="chapter-{number}">{number}. {html.escape(each.title)}</h2>')
            body.append(f"<p>{html.escape(each.words)}</p>")
            body += map(_shown, each.shown)
        return web_page("A tour of Inferform", _STYLE, body)


def _shown(each: _Shown) -> str:
    if each.page:
        # Nothing in it may run or leave its frame.
        framed = (
            f'<iframe sandbox srcdoc="{html.escape(each.page)}" title="{html.escape(each.text)}">'
        )
        return f"<p>{html.escape(each.text)}</p>{framed}</iframe>"
    if not each.command:
        return f"<p>{html.escape(each.text)}</p>"
    is_diff = " diff " in f"{each.command} "
    lines = [_line(line) if is_diff else html.escape(line) for line in each.text.splitlines()]
    return f"<pre><b>$ {html.escape(each.command)}</b>{chr(10).join(lines)}</pre>"


def _line(line: str) -> str:
    kind = {"+": "added", "-": "removed"}.get(line[:1])
    text = html.escape(line)
    return f'<span class="{kind}">{text}</span>' if kind else text
