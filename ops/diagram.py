"""A picture of an environment drawn as SVG, or written as Mermaid: deterministic, and complete in itself."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inferform.service import Lead

from .picture import Band, Key, Node, Picture
from .untrusted import visible

_WIDTH = 1120
_CARD, _HEIGHT = 192, 74
_GAP, _LABELS = 24, 44
_EDGE, _HEAD = 28, 18
_NAME, _LINE = 21, 28
_LABEL = {1: 24, 2: 10, 3: 7}
"""How long the label of a way may be, by how many ways lead to the same card."""

STYLE = """
.pic { --page: #ffffff; --band: #f1f4f7; --card: #ffffff; --text: #1c2733; --quiet: #5a6877;
  --line: #c3ccd6; --way: #3d6fb4; --vpc: #1b6e3c;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  .pic { --page: #12171d; --band: #1b222b; --card: #242d38; --text: #e6ebf0; --quiet: #9aa7b5;
    --line: #46525f; --way: #7fb0f0; --vpc: #7fd39b; }
}
.pic .page { fill: var(--page); }
.pic .band { fill: var(--band); }
.pic .vpc { fill: none; stroke: var(--vpc); stroke-width: 1.5; stroke-dasharray: 6 4; }
.pic .card { fill: var(--card); stroke: var(--line); }
.pic text { fill: var(--text); font-size: 12px; }
.pic .title { font-size: 18px; font-weight: 600; }
.pic .name { font-size: 14px; font-weight: 600; }
.pic .quiet { fill: var(--quiet); }
.pic .inside { fill: var(--vpc); }
.pic .inside, .pic .layer { stroke: var(--band); stroke-width: 4px; paint-order: stroke; }
.pic .way { fill: none; stroke: var(--way); stroke-width: 1.5; stroke-linejoin: round; }
.pic .head { fill: var(--way); }
.pic .label { fill: var(--way); font-size: 12px; stroke: var(--band); stroke-width: 4px;
  paint-order: stroke; stroke-linejoin: round; }
.pic a:focus-visible .card, .pic a:hover .card { stroke: var(--way); stroke-width: 2; }
"""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a card is."""

    x: int
    y: int

    @property
    def middle(self) -> int:
        return self.x + _CARD // 2


def svg(
    picture: Picture, *, anchor: Callable[[Node], str] | None = None, alone: bool = True
) -> str:
    """A picture as SVG; `anchor` gives the address that a card leads to.

    Not `alone` the page that holds it has STYLE, and says which environment it is.
    """
    drawn = _Drawing(picture, anchor, 84 if alone else 8)
    style = f"<style>{STYLE}</style>" if alone else ""
    name = _text(f"{picture.key}: {picture.about}")
    return "\n".join(
        [
            f'<svg class="pic" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {_WIDTH} {drawn.height}" width="{_WIDTH}" height="{drawn.height}" '
            f'aria-label="{name}">{style}',
            *drawn.parts,
            "</svg>",
            "",
        ]
    )


class _Drawing:
    """One picture as it is laid out: callers above, layers as bands, the VPC to the left."""

    def __init__(self, picture: Picture, anchor: Callable[[Node], str] | None, top: int) -> None:
        self._picture, self._anchor, self._top = picture, anchor, top
        nodes = [*picture.nodes.values()]
        inside = sum(node.in_vpc for node in nodes)
        whole = (_WIDTH - 2 * _EDGE + _GAP) // (_CARD + _GAP)
        # How many columns the VPC has: all, none, or its share.
        self._columns = whole
        self._inner = (
            whole
            if inside == len(nodes)
            else 0
            if not inside
            else 3
            if inside * 2 >= len(nodes)
            else 2
        )
        self._spots: dict[Key, _Spot] = {}
        self._bands: list[tuple[str, int, int]] = []
        self._entries = Counter(lead.target for lead in picture.leads)
        self._entries.update(node.path for _, node in picture.entrances)
        self._callers = list(dict.fromkeys(where for where, _ in picture.entrances))
        self.height = 0
        self._lay_out()
        self._rows = {y: row for row, y in enumerate(sorted({at.y for at in self._spots.values()}))}
        self.parts = [*self._draw()]

    # Where things are

    def _lay_out(self) -> None:
        y = self._top + (44 if self._callers else 0)
        for band in self._picture.bands:
            top = y
            y += _HEAD
            for level in band.levels:
                y = self._lay_level(level, y)
            y += 12
            self._bands.append((band.layer, top, y))
            y += 14
        self._foot = y
        self.height = y + 40

    def _lay_level(self, level: Sequence[Node], y: int) -> int:
        """Place the nodes of a level, and answer where the next begins."""
        used = [0, 0]
        rows = [0, 0]
        outer = self._columns - self._inner
        for node in level:
            side = 0 if node.in_vpc and self._inner else 1
            columns = self._inner if side == 0 else outer
            if not columns:
                side, columns = 0, self._inner
            row, column = divmod(used[side], columns)
            used[side] += 1
            rows[side] = row + 1
            first = 0 if side == 0 else self._inner
            x = _EDGE + (first + column) * (_CARD + _GAP)
            self._spots[node.path] = _Spot(x, y + _LABELS + row * (_HEIGHT + _LABELS))
        return y + max(rows) * (_HEIGHT + _LABELS)

    # What is drawn

    def _draw(self) -> Iterator[str]:
        picture = self._picture
        yield f'<rect class="page" width="{_WIDTH}" height="{self.height}"/>'
        if self._top > 50:
            yield f'<text class="title" x="{_EDGE}" y="30">{_text(picture.key)}</text>'
            yield f'<text class="quiet" x="{_EDGE}" y="50">{_text(picture.about)}</text>'
        for _, top, end in self._bands:
            yield f'<rect class="band" x="4" y="{top}" width="{_WIDTH - 8}" height="{end - top}" rx="8"/>'
        yield from self._ways()
        yield from self._vpc()
        # Above the lines that may pass below it.
        for layer, top, _ in self._bands:
            yield f'<text class="quiet layer" x="{_WIDTH - _EDGE}" y="{top + 13}" text-anchor="end">{_text(layer)}</text>'
        for node in picture.nodes.values():
            yield from self._card(node, self._spots[node.path])
        yield from self._callers_row()
        order = " → ".join(picture.layers)
        yield (
            f'<text class="quiet" x="{_EDGE}" y="{self._foot + 18}">'
            f"{_text(_cut(f'layers as they are deployed: {order}', 170))}</text>"
        )

    def _vpc(self) -> Iterator[str]:
        """The edge of the VPC, around what has addresses in it."""
        text = self._picture.network
        nodes = [node for node in self._picture.nodes.values() if node.in_vpc]
        if not nodes or not text:
            if text:
                yield f'<text class="inside" x="{_EDGE}" y="{self._foot + 34}">{_text(text)}</text>'
            return
        spots = [self._spots[node.path] for node in nodes]
        top = min(spot.y for spot in spots) - _LABELS + 2
        end = max(spot.y for spot in spots) + _HEIGHT + 8
        right = _EDGE + self._inner * (_CARD + _GAP) - _GAP + 6
        yield f'<rect class="vpc" x="8" y="{top}" width="{right - 8}" height="{end - top}" rx="10"/>'
        yield f'<text class="inside" x="{_EDGE}" y="{top - 5}">{_text(text)}</text>'

    def _card(self, node: Node, at: _Spot) -> Iterator[str]:
        whole = " · ".join([node.full_name or node.name, node.words, *node.lines])
        lead = self._anchor(node) if self._anchor else ""
        if lead:
            yield f'<a href="{html.escape(lead)}">'
        yield f"<g><title>{_text(whole)}</title>"
        yield f'<rect class="card" x="{at.x}" y="{at.y}" width="{_CARD}" height="{_HEIGHT}" rx="6"/>'
        for index, (css, text) in enumerate(
            [
                ("name", _cut(node.name, _NAME)),
                ("quiet", _cut(node.words, _LINE)),
                *(("", _cut(line, _LINE)) for line in node.lines if line),
            ]
        ):
            y = at.y + 20 + index * 16
            yield f'<text class="{css}" x="{at.x + 10}" y="{y}">{_text(text)}</text>'
        yield "</g>"
        if lead:
            yield "</a>"

    def _callers_row(self) -> Iterator[str]:
        for where, x in self._pills().items():
            yield f'<rect class="card" x="{x - 50}" y="{self._top}" width="100" height="28" rx="14"/>'
            yield f'<text x="{x}" y="{self._top + 19}" text-anchor="middle">{_text(where)}</text>'

    def _pills(self) -> Mapping[str, int]:
        """The middle of each place that callers come from."""
        many = len(self._callers)
        return {
            where: _WIDTH * (index + 1) // (many + 1) for index, where in enumerate(self._callers)
        }

    def _ways(self) -> Iterator[str]:
        """Each way, along the lanes between cards, so that none passes below a card."""
        taken: Counter[Key] = Counter()
        pills = self._pills()
        labels: list[str] = []
        number = 0
        for where, node in self._picture.entrances:
            x = self._entry(node.path, taken)
            end = self._spots[node.path]
            yield self._way((pills[where], self._top + 28, -1), x, end, number)
            number += 1
        for lead in self._picture.leads:
            start, end = self._spots[lead.source], self._spots[lead.target]
            x = self._entry(lead.target, taken)
            below = start.y <= end.y
            at = self._rows[start.y]
            yield self._way(
                (start.middle, start.y + _HEIGHT if below else start.y, at), x, end, number
            )
            number += 1
            many = self._entries[lead.target]
            if many in _LABEL:
                y = end.y - 11 if below else end.y + _HEIGHT + 19
                text = _text(_cut(lead.says, _LABEL[many]))
                labels.append(
                    f'<text class="label" x="{x}" y="{y}" text-anchor="middle">{text}</text>'
                )
        yield from labels

    def _way(self, begin: tuple[int, int, int], x: int, end: _Spot, number: int) -> str:
        """A way from a place with its row to a card: down into its top, or up into its bottom."""
        first, y, row = begin
        to = self._rows[end.y]
        # Ways that share a lane stand beside each other.
        off = number % 5 * 3 - 6
        if row > to:
            last = end.y + _HEIGHT
            steps = f"V{y - 32 + off}H{end.x - _GAP // 2 + off}V{last + 28 + off}H{x}V{last + 7}"
            return _path(first, y, steps, x, last, tip=-7)
        lane = end.y - 32 + off
        if row == to:
            y, steps = end.y, f"V{lane}H{x}V{end.y - 7}"
        elif row + 1 == to:
            steps = f"V{lane}H{x}V{end.y - 7}"
        else:
            leave = y + 10 + number % 5 * 2
            steps = f"V{leave}H{end.x - _GAP // 2 + off}V{lane}H{x}V{end.y - 7}"
        return _path(first, y, steps, x, end.y, tip=7)

    def _entry(self, path: Key, taken: Counter[Key]) -> int:
        """Where the next way meets a card: they share its edge."""
        taken[path] += 1
        many = self._entries[path]
        return self._spots[path].x + _CARD * taken[path] // (many + 1)


def _path(x: int, y: int, steps: str, end: int, at: int, *, tip: int) -> str:
    return (
        f'<path class="way" d="M{x} {y}{steps}"/><path class="head" d="M{end} {at}l-4 {-tip}h8z"/>'
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _text(text: str) -> str:
    return html.escape(visible(text))


# Mermaid


def mermaid(picture: Picture) -> str:
    """A picture as a flowchart of Mermaid, which GitHub and GitLab draw in Markdown."""
    ids = {path: f"n{index}" for index, path in enumerate(picture.nodes)}
    lines = ["flowchart TB"]
    callers = list(dict.fromkeys(where for where, _ in picture.entrances))
    lines += [f'  from{index}(["{_label(where)}"])' for index, where in enumerate(callers)]
    inside = [*_grouped(picture.bands, ids, in_vpc=True, prefix="in")]
    if inside:
        title = picture.network or "VPC"
        lines += [f'  subgraph vpc["{_label(title)}"]', *(f"  {line}" for line in inside), "  end"]
    lines += _grouped(picture.bands, ids, in_vpc=False, prefix="out")
    for where, node in picture.entrances:
        lines.append(f"  from{callers.index(where)} --> {ids[node.path]}")
    lines += [_way(lead, ids) for lead in picture.leads]
    return "\n".join([*lines, ""])


def _grouped(
    bands: Sequence[Band], ids: Mapping[Key, str], *, in_vpc: bool, prefix: str
) -> Iterator[str]:
    for index, band in enumerate(bands):
        nodes = [n for level in band.levels for n in level if n.in_vpc is in_vpc]
        if nodes:
            yield f'  subgraph {prefix}{index}["{_label(band.layer)}"]'
            for node in nodes:
                text = "<br/>".join(map(_label, filter(None, [node.name, node.words, *node.lines])))
                yield f'    {ids[node.path]}["{text}"]'
            yield "  end"


def _way(lead: Lead, ids: Mapping[Key, str]) -> str:
    return f'  {ids[lead.source]} -->|"{_label(lead.says)}"| {ids[lead.target]}'


_ENTITIES = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}


def _label(text: str) -> str:
    """A text that Mermaid shows as it is; it has entities of its own."""
    return "".join(_ENTITIES.get(char, char) for char in visible(" ".join(text.split())))
