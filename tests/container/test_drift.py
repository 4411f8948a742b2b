"""The reference container of drift monitors, as a process: what it reads, measures and refuses."""

from __future__ import annotations

import base64
import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from inferform.training.drift import METRICS

DRIFT = Path(__file__).parents[2] / "container/drift/drift.py"
NOW = "2026-11-29T03:30:00.000Z"


class Job:
    """The folders of a processing job, and the container in them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "input/baseline").mkdir(parents=True)
        (root / "input/captured").mkdir(parents=True)

    def baseline(self, rows: Iterable[Iterable[object]], name: str = "data.csv") -> None:
        text = "\n".join(",".join(map(str, row)) for row in rows)
        (self.root / "input/baseline" / name).write_text(text, "utf-8")

    def capture(self, *lines: dict[str, Any] | str, hour: str = "2026/11/29/02") -> None:
        folder = self.root / "input/captured/primary" / hour
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
        (folder / f"{len([*folder.iterdir()])}.jsonl").write_text(text, "utf-8")

    def run(self, **variables: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, str(DRIFT)],
            env={
                "PATH": os.environ["PATH"],
                "PROCESSING_DIR": str(self.root),
                "NOW": NOW,
                "MIN_RECORDS": "1",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    def report(self, **variables: str) -> dict[str, Any]:
        status, said = self.run(**variables)
        assert status == 0, said
        content = (self.root / "output/report/report.json").read_text("utf-8")
        assert len(content) < 200_000
        found: dict[str, Any] = json.loads(content)
        return found


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def request(data: str, encoding: str = "CSV", kind: str = "text/csv") -> dict[str, Any]:
    return {
        "captureData": {
            "endpointInput": {
                "observedContentType": kind,
                "mode": "INPUT",
                "data": data,
                "encoding": encoding,
            }
        },
        "eventMetadata": {"eventId": "1", "inferenceTime": "2026-11-29T02:10:00Z"},
        "eventVersion": "0",
    }


def normal(count: int, mean: float, seed: int) -> list[float]:
    drawn = random.Random(seed)
    return [drawn.gauss(mean, 1) for _ in range(count)]


def test_what_is_as_before_has_a_small_index_and_what_moved_a_large_one(job: Job) -> None:
    columns = zip(normal(4000, 0, 1), normal(4000, 0, 2), strict=True)
    job.baseline([["kept", "moved"], *columns])
    now = zip(normal(2000, 0, 3), normal(2000, 2, 4), strict=True)
    job.capture(*(request(f"{kept},{moved}") for kept, moved in now))
    report = job.report()
    assert report["verdict"] is True
    assert (report["records"], report["baseline_records"], report["unread"]) == (2000, 4000, 0)
    kept, moved = report["columns"]["kept"], report["columns"]["moved"]
    assert kept["psi"] < 0.05
    assert kept["ks"] < 0.05
    assert moved["psi"] > 1
    # Of two normal distributions whose means are two deviations apart: 2 * Phi(1) - 1.
    assert moved["ks"] == pytest.approx(math.erf(1 / math.sqrt(2)), abs=0.04)
    metrics = report["metrics"]
    assert metrics == {"psi_max": moved["psi"], "ks_max": moved["ks"], "drift_share": 0.5}


def test_the_index_is_that_of_the_formula(job: Job) -> None:
    job.baseline([["kind", "n"], *[["a", 1]] * 50, *[["b", 1]] * 50])
    job.capture(*[request("a,1")] * 75, *[request("b,1")] * 25)
    wanted = (0.75 - 0.5) * math.log(0.75 / 0.5) + (0.25 - 0.5) * math.log(0.25 / 0.5)
    report = job.report()
    assert report["columns"]["kind"] == {"psi": pytest.approx(wanted)}
    # A column that never varies is where it was.
    assert report["columns"]["n"] == {"psi": pytest.approx(0), "ks": 0.0, "missing": 0.0}


def test_values_that_were_never_seen_are_told_together(job: Job) -> None:
    job.baseline([["kind", "n"], *[["a", 1]] * 100])
    job.capture(*[request("new,1")] * 100)
    assert job.report()["metrics"]["psi_max"] > 5


def test_only_the_hours_of_the_window_count(job: Job) -> None:
    job.baseline([["n"], *[[n] for n in range(100)]])
    job.capture(*[request("1")] * 3, hour="2026/11/29/02")
    job.capture(*[request("2")] * 5, hour="2026/11/28/04")
    job.capture(*[request("3")] * 7, hour="2026/11/28/02")
    job.capture(*[request("4")] * 9, hour="2026/11/29/04")
    assert job.report(WINDOW_HOURS="24")["records"] == 8
    assert job.report(WINDOW_HOURS="1")["records"] == 3
    assert job.report(WINDOW_HOURS="48")["records"] == 15


def test_without_data_enough_there_is_no_verdict(job: Job) -> None:
    job.baseline([["n"], *[[n] for n in range(100)]])
    empty = job.report()
    assert (empty["verdict"], empty["records"]) == (False, 0)
    assert "metrics" not in empty
    job.capture(*[request("1")] * 99)
    report = job.report(MIN_RECORDS="100")
    assert report["verdict"] is False
    assert report["reason"] == "99 records in the window, of 100 that are needed"


@pytest.mark.parametrize(
    "made",
    [
        request("1,a"),
        request("1,a\n2,b"),
        request(base64.b64encode(b"1,a").decode(), "BASE64"),
        request('{"instances": [[1, "a"]]}', "JSON", "application/json"),
        request('[1, "a"]', "JSON", "application/json"),
        request('{"kind": "a", "n": 1}', "JSON", "application/json; charset=utf-8"),
    ],
)
def test_requests_of_each_form_are_read(job: Job, made: dict[str, Any]) -> None:
    job.baseline([["n", "kind"], [1, "a"], [2, "b"]])
    job.capture(made)
    report = job.report()
    assert report["unread"] == 0
    assert report["records"] >= 1
    assert report["columns"].keys() == {"n", "kind"}


def test_what_cannot_be_read_is_counted_and_left_out(job: Job) -> None:
    job.baseline([["n", "kind"], [1, "a"], [2, "b"]])
    job.capture(
        request("1,a"),
        "not json",
        {"captureData": {}},
        request("1,a,b"),
        request("!", "BASE64"),
        request("{", "JSON", "application/json"),
    )
    report = job.report()
    assert (report["records"], report["unread"]) == (1, 5)


def test_a_baseline_without_header_has_the_names_that_are_given(job: Job) -> None:
    job.baseline([[1, 2], [3, 4]])
    job.capture(request("1,2"))
    assert job.report()["columns"].keys() == {"column0", "column1"}
    assert job.report(COLUMNS="amount, age")["columns"].keys() == {"amount", "age"}


def test_a_baseline_that_is_none_ends_the_job(job: Job) -> None:
    assert job.run()[0] == 1
    job.baseline([["n", "m"], [1, 2], [3]])
    status, said = job.run()
    assert status == 1
    assert "a row of the baseline has 1 cells, but 2 have names" in said


def test_the_report_has_what_a_monitor_reads_by_default(job: Job) -> None:
    job.baseline([[f"c{n}" for n in range(2000)], [*range(2000)], [*range(2000)]])
    job.capture(request(",".join(map(str, range(2000)))))
    report = job.report()
    for path in METRICS.values():
        value: Any = report
        for part in path.split("."):
            value = value[part]
        assert isinstance(value, float)
        assert math.isfinite(value)
