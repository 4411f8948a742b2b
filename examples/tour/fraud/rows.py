"""The rows that the programs beside this one read, and the model that they make."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(os.environ.get("ML_DIR", "/opt/ml"))
COLUMNS = ("amount", "hour", "tenure", "label")

Row = Sequence[float]


def read(folder: Path) -> list[Row]:
    """The rows of the newest file of CSV in a folder, by its name."""
    newest = max(folder.rglob("*.csv"), key=lambda file: file.name)
    with newest.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if tuple(header) != COLUMNS:
        raise SystemExit(f"{newest.name} has the columns {header}, but {[*COLUMNS]} are wanted")
    return [[float(cell) for cell in row] for row in rows]


def write(file: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV."""
    with file.open("w", encoding="utf-8", newline="") as made:
        csv.writer(made).writerows([COLUMNS, *rows])


def score(weights: Sequence[float], row: Row) -> float:
    """How likely a row is fraud, by a logistic regression."""
    total = weights[0] + sum(w * x for w, x in zip(weights[1:], row, strict=False))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
