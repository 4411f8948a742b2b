"""The benchmarks run, and their tables say what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench import synth
from bench.__main__ import PARTS, main, markdown
from bench.catalogue import write, write_components
from bench.measure import Part, Run, in_turn, measure
from inferform import InferenceComponentEndpoint, load
from tests.conftest import ROOT


def test_growth_is_measured_between_two_counts() -> None:
    part = synth.growth([1, 3], 1)
    assert [row[0] for row in part.rows] == ["1", "3"]
    # Between so few endpoints either may be nothing, or less where the machine is busy.
    assert re.fullmatch(r"-?\d+\.\d\d", part.rows[1][3])
    assert re.fullmatch(r"-?\d+", part.rows[1][4])
    assert len(part.gates) == 0


def test_the_catalogue_has_as_many_endpoints_in_as_many_groups_as_asked(tmp_path: Path) -> None:
    one = load(write(tmp_path / "one", 5)).environments["bench-use1"]
    assert [len(group.endpoints) for group in one.groups.values()] == [5]
    two = load(write(tmp_path / "two", 5, groups=2)).environments["bench-use1"]
    assert [len(group.endpoints) for group in two.groups.values()] == [3, 2]


def test_the_catalogue_has_as_many_components_as_asked(tmp_path: Path) -> None:
    (inference,) = (
        load(write_components(tmp_path / "one", 3)).environments["bench-use1"].groups.values()
    )
    (shared,) = inference.endpoints.values()
    assert isinstance(shared, InferenceComponentEndpoint)
    assert list(shared.components) == ["model-0", "model-1", "model-2"]


def test_a_run_is_measured_in_seconds() -> None:
    assert measure(["sleep", "0.3"]).seconds >= 0.3


def test_the_best_run_of_each_counts_but_not_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = iter([Run(1, 1), Run(5, 9), Run(7, 30), Run(6, 8), Run(4, 40), Run(6, 7)])
    asked = []

    def measured(command: list[str], **environment: str) -> Run:
        asked.append(command[0])
        return next(runs)

    monkeypatch.setattr("bench.measure.measure", measured)
    best = in_turn({"a": (["a"], {}), "b": (["b"], {})}, 2)
    assert best == {"a": Run(4, 30), "b": Run(6, 7)}
    assert asked == ["a", "b"] * 3


def test_results_are_put_between_the_marks_of_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    part = Part("Title", ("", "seconds", "MiB"), gates={"it holds": True})
    part.add("a", Run(1.234, 56.7))
    monkeypatch.setitem(PARTS, "stock", lambda _: part)
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- results -->\nstale\n<!-- end of results -->\nafter\n")
    assert main(["--only", "stock", "--json", "--write", str(document)]) == 0
    assert json.loads(capsys.readouterr().out)[0]["rows"] == [["a", "1.23", "57"]]
    text = document.read_text()
    assert text.startswith("before\n<!-- results -->")
    assert "stale" not in text
    assert "| a | 1.23 | 57 |" in text
    assert text.endswith("<!-- end of results -->\nafter\n")
    part.gates["it does not"] = False
    assert main(["--only", "stock", "--json"]) == 1
    assert "it holds; it does not." in markdown([part])


def test_the_document_has_the_marks_and_names_every_part() -> None:
    text = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert "<!-- results -->" in text
    assert "<!-- end of results -->" in text
    assert all(f"| `{name}` |" in text for name in PARTS)
