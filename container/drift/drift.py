"""Compare what an endpoint captured with a baseline: population stability index and Kolmogorov-Smirnov.

Reads the folders of a SageMaker processing job and writes one report; CONTRACT.md says what stands in it.
The standard library alone.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import math
import os
import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Row = list[str]

_BINS = 10
_CATEGORIES = 20
# What a bin without any record counts for, so that the logarithm is finite.
_LEAST = 1e-4
_HOUR = re.compile(r"(?:^|/)(\d{4})/(\d{2})/(\d{2})/(\d{2})/[^/]+$")
_COLUMNS = 500


class BadInputError(Exception):
    """What was given cannot be compared."""


def number(text: str) -> float | None:
    """A cell as a finite number; None where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def rows_of(text: str) -> list[Row]:
    """The rows of CSV, without empty ones."""
    return [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]


def has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row names columns: no cell of it is a number, and one below it is."""
    if len(rows) < 2 or any(number(cell) is not None for cell in rows[0]):
        return False
    return any(number(cell) is not None for cell in rows[1])


def baseline_of(folder: Path, names: Sequence[str]) -> tuple[list[str], list[Row]]:
    """The names of the columns and the rows of every CSV below a folder."""
    found: list[Row] = []
    columns = [*names]
    for file in sorted(folder.rglob("*.csv")):
        rows = rows_of(file.read_text("utf-8"))
        if has_header(rows):
            columns = columns or rows[0]
            rows = rows[1:]
        found += rows
    if not found:
        raise BadInputError(f"no rows of CSV below {folder}")
    columns = columns or [f"column{index}" for index in range(len(found[0]))]
    wrong = next((row for row in found if len(row) != len(columns)), None)
    if wrong is not None:
        raise BadInputError(
            f"a row of the baseline has {len(wrong)} cells, but {len(columns)} have names"
        )
    return columns, found


def captures(folder: Path, since: datetime, until: datetime) -> Iterator[Path]:
    """The files of captured traffic of the hours from `since` to `until`."""
    for file in sorted(folder.rglob("*.jsonl")):
        match = _HOUR.search(file.as_posix())
        if match is None:
            continue
        year, month, day, hour = (int(part) for part in match.groups())
        began = datetime(year, month, day, hour, tzinfo=UTC)
        if began + timedelta(hours=1) > since and began < until:
            yield file


def body_of(captured: Mapping[str, Any]) -> str:
    """The body of a request as text."""
    data = captured.get("data", "")
    if captured.get("encoding") == "BASE64":
        return base64.b64decode(data, validate=True).decode("utf-8")
    return str(data)


def requests_of(record: Mapping[str, Any], columns: Sequence[str]) -> list[Row]:
    """The rows of one captured request: CSV, or JSON with `instances`, a list, or columns by name."""
    captured = record["captureData"]["endpointInput"]
    text = body_of(captured)
    kind = str(captured.get("observedContentType", "text/csv")).partition(";")[0]
    if captured.get("encoding") == "JSON" or kind == "application/json":
        content = json.loads(text)
        if isinstance(content, dict):
            content = content.get("instances", content)
        if isinstance(content, dict) or (content and not isinstance(content[0], list | dict)):
            content = [content]
        return [
            [str(each.get(name, "")) for name in columns]
            if isinstance(each, dict)
            else [str(cell) for cell in each]
            for each in content
        ]
    return rows_of(text)


def read(
    folder: Path, columns: Sequence[str], since: datetime, until: datetime
) -> tuple[list[Row], int]:
    """The captured rows of a window, and how many requests could not be read."""
    rows: list[Row] = []
    unread = 0
    for file in captures(folder, since, until):
        for line in file.read_text("utf-8").splitlines():
            if not line.strip():
                continue
            try:
                found = requests_of(json.loads(line), columns)
            except (ValueError, KeyError, TypeError, binascii.Error):
                unread += 1
                continue
            good = [row for row in found if len(row) == len(columns)]
            rows += good
            unread += len(good) < len(found)
    return rows, unread


def shares(counts: Sequence[int]) -> list[float]:
    """Counts as shares, none of them zero."""
    total = sum(counts) or 1
    return [max(count / total, _LEAST) for count in counts]


def index_of(before: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index of two counts of the same bins."""
    pairs = zip(shares(before), shares(now), strict=True)
    return sum((a - e) * math.log(a / e) for e, a in pairs)


def psi_of_numbers(before: Sequence[float], now: Sequence[float]) -> float:
    """The index of numbers, by the deciles of the baseline."""
    ordered = sorted(before)
    cuts = sorted({ordered[len(ordered) * part // _BINS] for part in range(1, _BINS)})

    def counted(values: Sequence[float]) -> list[int]:
        found = [0] * (len(cuts) + 1)
        for value in values:
            found[bisect_right(cuts, value)] += 1
        return found

    return index_of(counted(before), counted(now))


def psi_of_texts(before: Sequence[str], now: Sequence[str]) -> float:
    """The index of texts, by the commonest of the baseline and all others together."""
    known = [text for text, _ in Counter(before).most_common(_CATEGORIES)]

    def counted(values: Sequence[str]) -> list[int]:
        counts = Counter(value if value in known else None for value in values)
        return [*(counts[text] for text in known), counts[None]]

    return index_of(counted(before), counted(now))


def ks_of(before: Sequence[float], now: Sequence[float]) -> float:
    """The Kolmogorov-Smirnov statistic: the largest distance of the two distribution functions."""
    first, second = sorted(before), sorted(now)
    return max(
        abs(bisect_right(first, value) / len(first) - bisect_right(second, value) / len(second))
        for value in {*first, *second}
    )


def compared(before: Sequence[str], now: Sequence[str]) -> dict[str, float]:
    """The measures of one column: of numbers where the baseline has nothing else."""
    numbers = [number(cell) for cell in before]
    if all(value is not None for value in numbers):
        old = [value for value in numbers if value is not None]
        new = [value for value in map(number, now) if value is not None]
        missing = 1 - len(new) / len(now)
        if not new:
            return {"psi": index_of([len(old), 0], [0, len(now)]), "ks": 1.0, "missing": missing}
        return {"psi": psi_of_numbers(old, new), "ks": ks_of(old, new), "missing": missing}
    return {"psi": psi_of_texts(before, now)}


def report(
    columns: Sequence[str], before: Sequence[Row], now: Sequence[Row], *, limit: float
) -> dict[str, Any]:
    """The measures of every column, and what they come to."""
    found = {
        name: compared([row[index] for row in before], [row[index] for row in now])
        for index, name in enumerate(columns)
    }
    drifting = [name for name, each in found.items() if each["psi"] > limit]
    worst = sorted(found, key=lambda name: -found[name]["psi"])[:_COLUMNS]
    return {
        "metrics": {
            "psi_max": max(each["psi"] for each in found.values()),
            "ks_max": max((each["ks"] for each in found.values() if "ks" in each), default=0.0),
            "drift_share": len(drifting) / len(found),
        },
        "columns": {name: found[name] for name in worst},
    }


def main(root: Path, variables: Mapping[str, str]) -> int:
    """Compare, and write the report; the exit status."""
    hours = int(variables.get("WINDOW_HOURS", "24"))
    least = int(variables.get("MIN_RECORDS", "100"))
    limit = float(variables.get("PSI_LIMIT", "0.2"))
    names = [name.strip() for name in variables.get("COLUMNS", "").split(",") if name.strip()]
    now = variables.get("NOW")
    until = datetime.fromisoformat(now) if now else datetime.now(UTC)
    until = until.replace(tzinfo=until.tzinfo or UTC)
    since = until - timedelta(hours=hours)
    try:
        columns, before = baseline_of(root / "input/baseline", names)
    except (BadInputError, UnicodeDecodeError) as error:
        print(f"drift: {error}", file=sys.stderr)
        return 1
    rows, unread = read(root / "input/captured", columns, since, until)
    verdict = len(rows) >= max(least, 1)
    content: dict[str, Any] = {
        "version": 1,
        "verdict": verdict,
        "records": len(rows),
        "unread": unread,
        "baseline_records": len(before),
        "window": {"since": since.isoformat(), "until": until.isoformat()},
    }
    if verdict:
        content |= report(columns, before, rows, limit=limit)
    else:
        content["reason"] = f"{len(rows)} records in the window, of {max(least, 1)} that are needed"
    made = root / "output/report"
    made.mkdir(parents=True, exist_ok=True)
    (made / "report.json").write_text(json.dumps(content), "utf-8")
    print(json.dumps({key: content[key] for key in ("verdict", "records", "unread")}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(os.environ.get("PROCESSING_DIR", "/opt/ml/processing")), os.environ))
