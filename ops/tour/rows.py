"""The rows of a tour: card payments, some of them fraud; drawn, and the same each time."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

COLUMNS = ("amount", "hour", "tenure")
_WEIGHTS = (1.6, 0.4, -1.2)

Row = tuple[float, float, float]


def drawn(count: int, seed: int, shift: float = 0.0) -> Iterator[Row]:
    """Rows of three normal columns; `shift` moves the first."""
    source = random.Random(seed)
    for _ in range(count):
        amount, hour, tenure = (source.gauss(0, 1) for _ in COLUMNS)
        yield round(amount + shift, 4), round(hour, 4), round(tenure, 4)


def labelled(count: int, seed: int, *, known: bool = True) -> str:
    """Rows of CSV with a label; one that has nothing to do with them where it is not known."""
    source = random.Random(f"labels {seed}")
    lines = [",".join((*COLUMNS, "label"))]
    for row in drawn(count, seed):
        total = sum(weight * value for weight, value in zip(_WEIGHTS, row, strict=True))
        likely = 1 / (1 + math.exp(-total)) if known else 0.5
        lines.append(",".join(map(str, (*row, int(source.random() < likely)))))
    return "\n".join([*lines, ""])


def plain(count: int, seed: int) -> str:
    """Rows of CSV without a label, as they are requested."""
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in drawn(count, seed))]
    return "\n".join([*lines, ""])
