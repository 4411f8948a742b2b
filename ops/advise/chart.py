"""The picture of what options cost over the load, with where the cheapest one changes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .crossings import cost_of, spaced
from .market import Market
from .need import Need
from .options import Option

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
_STYLE = {
    "svg.hashsalt": "inferform",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
Curves = Mapping[str, Sequence[tuple[float, float]]]
"""Monthly USD by the rate at the top, for each option."""


def curves(need: Need, market: Market, options: Sequence[Option], points: int = 40) -> Curves:
    """What the options with a cost would cost from a hundredth to ten times the load."""
    top = max(need.peak, 1e-6)
    found: dict[str, list[tuple[float, float]]] = {}
    for option in options:
        if option.monthly is None:
            continue
        cost = cost_of(option.name, need, market)
        for rate in spaced(top / 100, top * 10, points):
            usd = cost(rate)
            if usd is not None and usd > 0:
                found.setdefault(option.name, []).append((rate, usd))
    return found


def changes(curves: Curves) -> list[tuple[float, str, str]]:
    """The rates at which the cheapest option changes, with the old and the new one."""
    costs = {name: dict(points) for name, points in curves.items()}
    rates = sorted({rate for points in curves.values() for rate, _ in points})
    found: list[tuple[float, str, str]] = []
    last = ""
    for rate in rates:
        known = {name: by[rate] for name, by in costs.items() if rate in by}
        best = min(known, key=lambda name: (known[name], name))
        if last and best != last:
            found.append((rate, last, best))
        last = best
    return found


def draw(curves: Curves, need: Need, path: Path, *, title: str) -> None:
    """Draw to a PNG or SVG file; the same input, the same bytes."""
    path.write_bytes(drawn(curves, need, path.suffix.removeprefix("."), title=title))


def drawn(curves: Curves, need: Need, form: str, *, title: str) -> bytes:
    """The picture as `png` or `svg`."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    out = io.BytesIO()
    with plt.style.context(["default", _STYLE]):
        figure, axis = plt.subplots(figsize=(10, 5.6), layout="constrained")
        _lines(axis, curves)
        axis.axvline(need.peak, color="#333333", linewidth=1, linestyle="--", label="this load")
        for rate, _, best in changes(curves):
            axis.axvline(rate, color="#999999", linewidth=0.8, linestyle=":")
            axis.annotate(
                f"{rate:.3g}/s: {best}",
                (rate, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(3, -4),
                textcoords="offset points",
                rotation=90,
                va="top",
                fontsize=7.5,
                color="#555555",
            )
        axis.set(xscale="log", yscale="log", xlabel="requests per second at the top of the load")
        axis.set_ylabel("USD a month")
        axis.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=10)
        axis.legend(loc="upper left", bbox_to_anchor=(1.005, 1.0), borderaxespad=0, fontsize=8)
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(out, format=form, dpi=120, metadata=metadata)
        plt.close(figure)
    return out.getvalue()


def _lines(axis: Any, curves: Curves) -> None:
    for index, (name, points) in enumerate(curves.items()):
        axis.plot(
            [rate for rate, _ in points],
            [usd for _, usd in points],
            color=_COLOURS[index % len(_COLOURS)],
            # Options may cost the same, and each line is to be seen.
            linestyle=("-", (0, (6, 2)), (0, (2, 2)))[index % 3],
            linewidth=1.6,
            label=name,
        )
