"""The catalogue: one page of HTML with what runs in every environment, for people who only look.

It is complete in itself: no script, no font, no picture from elsewhere. What nobody asked AWS for is said to
be not known.
"""

from __future__ import annotations

import ast
import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inferform import Environment
from inferform.service import Deployed

from . import diagram
from .cost.model import dollars
from .cost.prices import PriceTable
from .cost.specs import estimate
from .errors import BadInputError
from .links import dashboard_links, links
from .listed import Row
from .picture import Node, picture
from .state import NOT_KNOWN
from .untrusted import visible
from .web_page import BASE, web_page

_OPEN_UP_TO = 40
"""How many services an environment may have whose picture is unfolded."""

_STYLE = (
    BASE
    + """
main { max-width: 76rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
.quiet { color: var(--quiet); }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; padding: 0; list-style: none; }
.bar a { display: block; padding: .5rem .75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; text-decoration: none; color: var(--text); }
.bar a:hover, .bar a:focus-visible { border-color: var(--link); }
.bar strong { display: block; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--link); }
.scroll svg { display: block; min-width: 70rem; width: 100%; height: auto; border-radius: .5rem; }
.scroll td, .scroll th { white-space: nowrap; }
[data-label="status"], [data-label="rollout"], [data-label="owner"] { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; background: var(--card); font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .625rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
td.name strong { display: block; font-size: 1rem; }
td .places { display: flex; flex-wrap: wrap; gap: .125rem .625rem; }
.number { white-space: nowrap; }
.good { color: var(--good); }
.wrong { color: var(--high); }
tr:target td { background: var(--code); }
summary { cursor: pointer; padding: .25rem 0; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
:root { --link: #1f5fae; }
@media (prefers-color-scheme: dark) { :root { --link: #8ab8f2; } }
@media (max-width: 52rem) {
  .services thead { display: none; }
  .services table, .services tbody, .services tr, .services td { display: block; }
  .services tr { border: 1px solid var(--line); border-radius: .5rem; margin: 0 0 .75rem; padding: .5rem 0; }
  .services td { border: 0; padding: .125rem .75rem; display: flex; gap: .75rem; }
  .services td::before { content: attr(data-label); flex: 0 0 6.5rem; color: var(--quiet); }
  .services td > span { min-width: 0; white-space: normal; }
  .services td.name { display: block; }
  .services td.name::before { content: none; }
}
"""
    + diagram.STYLE
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where environment files are."""

    files: Mapping[str, Path]
    """The file of each environment, by its key."""

    url: str = ""
    """Their folder's parent on the web, such as `https://github.com/acme/inference/blob/main`. Default:
    none, so that lines are named and lead nowhere."""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith("https://"):
            raise BadInputError(
                f"{self.url} is no https URL", "such as https://github.com/acme/a/blob/main"
            )


def page(
    environments: Sequence[Environment],
    listed: Mapping[str, Sequence[Row]],
    source: Source,
    table: PriceTable,
    *,
    asked: datetime | None = None,
    notes: Sequence[str] = (),
) -> str:
    """The page; `asked` is when states and AWS were, None where the files alone are known."""
    count = sum(len(rows) for rows in listed.values())
    body = [
        "<h1>What runs</h1>",
        f'<p class="quiet">{_many(count, "service")} in {_many(len(environments), "environment")}, '
        f"{_text(_known(asked))}</p>",
        *(f"<p>{_text(note)}</p>" for note in notes),
        '<ul class="bar">',
        *(_pill(each, listed[each.key], table) for each in environments),
        "</ul>",
        *(_matrix(environments, listed) if len(environments) > 1 else ()),
    ]
    for each in environments:
        body += _environment(each, listed[each.key], source, table)
    return web_page("What runs", _STYLE, body)


def _known(asked: datetime | None) -> str:
    if asked is None:
        return "as their files have them; what is deployed of them is not known here"
    return f"as states and AWS had them at {asked:%Y-%m-%d %H:%M} UTC"


def _pill(environment: Environment, rows: Sequence[Row], table: PriceTable) -> str:
    money = estimate(environment, table)
    least = "at least " if any(line.is_hole for line in money.lines) else ""
    return (
        f'<li><a href="#{_text(environment.key)}"><strong>{_text(environment.key)}</strong>'
        f"{_many(len(rows), 'service')}, {least}{dollars(money.total.expected)} a month</a></li>"
    )


def _matrix(
    environments: Sequence[Environment], listed: Mapping[str, Sequence[Row]]
) -> Iterator[str]:
    """Every service with its version in each environment."""
    found: dict[str, dict[str, str]] = {}
    for key, rows in listed.items():
        for row in rows:
            found.setdefault(row.service.full_name, {})[key] = row.running
    if not found:
        return
    yield '<h2>Versions</h2><div class="scroll" tabindex="0"><table><thead><tr><th>service</th>'
    yield "".join(f"<th>{_text(each.key)}</th>" for each in environments)
    yield "</tr></thead><tbody>"
    for name, versions in found.items():
        cells = [
            f'<td><a href="#{_id(each.key, name)}">{_text(versions[each.key])}</a></td>'
            if each.key in versions
            else '<td class="quiet">none</td>'
            for each in environments
        ]
        yield f"<tr><td>{_text(name)}</td>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _environment(
    environment: Environment, rows: Sequence[Row], source: Source, table: PriceTable
) -> Iterator[str]:
    context = environment.context
    yield f'<section id="{_text(environment.key)}"><h2>{_text(environment.key)}</h2>'
    guarded = ", protected" if context.protected else ""
    yield (
        f'<p class="quiet">account {context.account}, {context.region}, owner {_text(context.owner)}'
        f"{guarded}</p>"
    )
    places = [
        f'<a href="{_text(url)}" rel="noreferrer">dashboard</a>'
        for url in dashboard_links(environment)
    ]
    if places:
        yield f"<p>{' '.join(places)}</p>"
    drawn = picture(environment, rows, table)
    if drawn.nodes:

        def anchor(node: Node) -> str:
            return f"#{_id(environment.key, node.full_name)}" if node.full_name else ""

        unfolded = " open" if len(drawn.nodes) <= _OPEN_UP_TO else ""
        yield f"<details{unfolded}><summary>Picture</summary>"
        yield f'<div class="scroll" tabindex="0">{diagram.svg(drawn, anchor=anchor, alone=False)}</div>'
        yield "</details>"
    if rows:
        yield "<h3>Services</h3>"
        yield from _services(environment, rows, source)
    else:
        yield "<p>It has no services.</p>"
    yield "</section>"


_COLUMNS = (
    "service",
    "version",
    "status",
    "instances",
    "rollout",
    "a month",
    "last deploy",
    "owner",
    "places",
)


def _services(environment: Environment, rows: Sequence[Row], source: Source) -> Iterator[str]:
    lines = _lines(source.files.get(environment.key))
    yield '<div class="services"><table><thead><tr>'
    yield "".join(f"<th>{column}</th>" for column in _COLUMNS)
    yield "</tr></thead><tbody>"
    for row in rows:
        service = row.service
        changed = row.changed if row.changed == NOT_KNOWN else f"{row.changed} UTC by {row.by}"
        instances = ", ".join(filter(None, [row.instances, row.traffic]))
        cells = (
            ("version", _text(row.running)),
            ("status", _status(row)),
            ("instances", _text(instances)),
            ("rollout", _text(service.spec.rolled_out or "none of its own")),
            ("a month", _text(row.money)),
            ("last deploy", _text(changed)),
            ("owner", _text(row.owner)),
            ("places", _places(service, source, lines)),
        )
        yield (
            f'<tr id="{_id(environment.key, service.full_name)}"><td class="name">'
            f'<strong>{_text(service.name)}</strong><span class="quiet">{_text(service.spec.words)}</span></td>'
            + "".join(f'<td data-label="{name}"><span>{text}</span></td>' for name, text in cells)
            + "</tr>"
        )
    yield "</tbody></table></div>"


def _status(row: Row) -> str:
    status = row.status
    known = row.seen is not None and row.seen.now.status is not None
    good = status in ("InService", "Active", "ACTIVE") or status.startswith("ACTIVE")
    css = "quiet" if not known else "good" if good else ""
    return f'<span class="{css}">{_text(status)}</span>' if css else _text(status)


def _places(service: Deployed, source: Source, lines: Mapping[str, int]) -> str:
    found = [
        f'<a href="{_text(each.url)}" rel="noreferrer">{_text(each.title)}</a>'
        for each in links(service)
    ]
    file = source.files.get(service.place.environment.key)
    if file is not None:
        line = lines.get(service.name)
        name = f"{file.parent.name}/{file.name}"
        text = f"{name}:{line}" if line else name
        if source.url:
            url = f"{source.url.rstrip('/')}/{name}{f'#L{line}' if line else ''}"
            found.append(f'<a href="{_text(url)}" rel="noreferrer">{_text(text)}</a>')
        else:
            found.append(f"<code>{_text(text)}</code>")
    return f'<span class="places">{" ".join(found)}</span>'


def _lines(file: Path | None) -> dict[str, int]:
    """The line of an environment's file in which each name is written as a key or an argument; of a name
    that is written more than once nothing is said."""
    if file is None:
        return {}
    found: dict[str, list[int]] = {}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found.setdefault(key.value, []).append(key.lineno)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            found.setdefault(node.arg, []).append(node.lineno)
    return {name: lines[0] for name, lines in found.items() if len(lines) == 1}


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _id(key: str, full_name: str) -> str:
    return _text(f"{key}.{full_name}")


def _text(text: str) -> str:
    return html.escape(visible(text))
