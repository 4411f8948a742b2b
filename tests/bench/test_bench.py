"""The benchmarks run, and their tables say what was measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import commands, synth
from bench import measure as measuring
from bench.__main__ import PARTS, beside, main
from bench.catalogue import write, write_components
from bench.measure import MEASURED, Part, Run, Runs, in_turn, measure, timed
from inferform import InferenceComponentEndpoint, load
from tests.conftest import ROOT


def test_growth_is_measured_between_two_counts() -> None:
    part = synth.growth([1, 3], 1)
    assert [row[0] for row in part.rows] == ["1", "3"]
    # Between so few endpoints either may be nothing, or less where the machine is busy.
    assert re.fullmatch(r"-?\d+\.\d\d", part.rows[1][4])
    assert re.fullmatch(r"-?\d+", part.rows[1][5])
    assert len(part.gates) == 0


def test_commands_are_measured_on_projects_of_their_own() -> None:
    part = commands.commands(2, 1)
    assert [row[0] for row in part.rows] == [
        *("inferform cost", "inferform advise", "inferform list", "inferform catalog")
    ]
    assert all(float(row[1]) > 0 for row in part.rows)
    catalog, cost = part.gates
    assert "for the catalog of 2, at most 10" in catalog
    assert "for the cost, at most 0.5" in cost


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


def test_a_run_is_measured_in_seconds_and_with_what_it_holds() -> None:
    run = measure(["sleep", "0.3"])
    assert run.seconds >= 0.3
    assert run.mebibytes > 0


def test_a_command_runs_where_and_with_what_is_asked_for(tmp_path: Path) -> None:
    measure(["sh", "-c", 'echo "$GIVEN" > here'], {"GIVEN": "yes"}, folder=tmp_path)
    assert (tmp_path / "here").read_text() == "yes\n"
    with pytest.raises(SystemExit, match="false failed"):
        measure(["false"])


def test_the_middle_run_of_each_counts_but_not_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: Iterator[Run] = iter(
        Run(*each) for each in ((1, 1), (5, 9), (7, 30), (6, 8), (4, 40), (6, 7), (9, 50), (2, 1))
    )
    asked = []

    def measured(command: list[str], _environment: dict[str, str], *, folder: Path) -> Run:
        asked.append(command[0])
        return next(taken)

    monkeypatch.setattr("bench.measure.measure", measured)
    runs = in_turn({"a": (["a"], {}), "b": (["b"], {})}, 3)
    assert asked == ["a", "b"] * 4
    assert {name: (each.seconds, each.mebibytes) for name, each in runs.items()} == {
        "a": (7, 40),
        "b": (6, 7),
    }
    assert runs["a"].spread == "4.00 to 9.00"
    taken = iter([Run(3, 1), Run(4, 1)])
    assert in_turn({"a": (["a"], {})}, 2, filling=False)["a"].spread == "3.00 to 4.00"


_BUSY = """
import time
while time.process_time() < 1: pass
print(flush=True)
input()
"""


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the system does not show it")
def test_what_the_own_processes_take_is_known_while_they_run_and_afterwards() -> None:
    busy, own = measuring._busy(), measuring._own()
    assert busy is not None
    # A child of a child, as Terraform's provider is.
    command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, _BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert measuring._own() - own > 0.9
    assert measuring._own() - own > 0.9
    # The kernel counts what all take by its clock's ticks.
    assert (measuring._busy() or 0) - busy > 0.5


def test_other_work_is_what_the_processors_do_beside_ones_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(measuring, "SHORTEST", 0)

    def beside(busy: tuple[float | None, ...], own: tuple[float, ...]) -> float | None:
        for name, values in (("_busy", iter(busy)), ("_own", iter(own))):
            monkeypatch.setattr(measuring, name, values.__next__)
        (run,) = timed(lambda: None, 1, iter((5.0, 7.5)).__next__).taken
        assert run.seconds == 2.5
        return run.others

    # Nothing was done in no time at all: whatever others took is more than all of the processors.
    assert (beside((10.0, 13.0), (1.0, 2.0)) or 0) > 1
    assert beside((10.0, 11.0), (1.0, 2.0)) == 0
    assert beside((None, None), (1.0, 2.0)) is None
    watched = measuring._Beside.__new__(measuring._Beside)
    watched._busy, watched._own = 10.0, 1.0
    monkeypatch.setattr(measuring, "_busy", lambda: 13.0)
    monkeypatch.setattr(measuring, "_own", lambda: 2.0)
    assert watched.others(4.0) == 0.25


def test_what_is_short_is_called_until_others_can_be_seen_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, calls = [0.0], []
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def work() -> None:
        calls.append(now[0])
        now[0] += 0.2

    runs = timed(work, 2, lambda: 10 * now[0])
    assert [round(run.seconds, 9) for run in runs.taken] == [2.0, 2.0]
    assert len(calls) == 6


IDLE, BUSY, UNKNOWN = Run(1, 1, 0.01), Run(1, 1, 0.4), Run(1, 1)


@pytest.mark.parametrize(
    ("taken", "holds", "found"),
    [
        ((IDLE,), True, True),
        ((IDLE,), False, False),
        # One run of three that was disturbed does not shift the median.
        ((IDLE, BUSY, IDLE), False, False),
        ((BUSY, BUSY, IDLE), False, None),
        ((BUSY,), True, None),
        ((UNKNOWN,), True, None),
        ((IDLE, UNKNOWN), False, None),
    ],
)
def test_a_bound_is_judged_where_the_machine_was_idle(
    taken: tuple[Run, ...], holds: bool, found: bool | None
) -> None:
    part = Part("Title", ("", *MEASURED))
    part.judge("it is fast", holds, [Runs((IDLE,)), Runs(taken)])
    part.require("it is right", holds)
    assert part.gates == {"it is fast": found, "it is right": holds}


def test_a_part_says_what_others_took_at_most() -> None:
    part = Part("Title", ("", *MEASURED))
    part.add("a", Runs((IDLE,)))
    part.add("b", Runs((BUSY,)))
    part.add("c", Runs((IDLE,)))
    assert "took 40% of the processors at most, and bounds are judged up to 5%" in beside(part)
    part.add("d", Runs((UNKNOWN,)))
    part.add("e", Runs((IDLE,)))
    assert "is not known, so no bound is judged" in beside(part)


def test_everything_runs_on_the_processors_that_it_is_pinned_to() -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("the system pins nothing")
    asked = (
        "from bench.measure import pin; import os, subprocess; print(pin(1)); "
        "print(subprocess.run(['nproc'], capture_output=True, text=True).stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"[{min(os.sched_getaffinity(0))}]", "1"]


def test_what_a_process_leaves_behind_is_no_work_of_others(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the system tells nothing")
    end = tmp_path / "end"
    burn = f"import pathlib, time\nwhile time.process_time() < 0.6: pass\npathlib.Path({str(end)!r}).touch()"
    # The process that starts it ends at once and waits for nothing.
    leave = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}])"
    asked = (
        "import pathlib, subprocess, sys, time\n"
        "from bench.measure import _own, pin\n"
        f"pin(1); begin = _own(); subprocess.run([sys.executable, '-c', {leave!r}], check=True)\n"
        f"while not pathlib.Path({str(end)!r}).exists(): time.sleep(0.05)\n"
        "print(_own() - begin)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) >= 0.6


def test_results_are_put_between_the_marks_of_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    part = Part("Title", ("", *MEASURED), gates={"it holds": True})
    part.add("a", Runs((Run(1.234, 56.7, 0.0), Run(1.5, 60, 0.0), Run(1.2, 50, 0.0))))
    monkeypatch.setitem(PARTS, "stock", lambda _: part)
    monkeypatch.setattr("bench.__main__.pin", lambda _: [0, 1])
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- results -->\nstale\n<!-- end of results -->\nafter\n")
    assert main(["--only", "stock", "--json", "--write", str(document)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parts"][0]["rows"] == [["a", "1.23", "1.20 to 1.50", "57"]]
    assert "pinned to processors 0, 1 of" in told["machine"]
    text = document.read_text()
    assert text.startswith("before\n<!-- results -->")
    assert "stale" not in text
    assert "load average" in text
    assert "| a | 1.23 | 1.20 to 1.50 | 57 |" in text
    assert text.endswith("<!-- end of results -->\nafter\n")
    part.gates["nobody knows"] = None
    assert main(["--only", "stock"]) == 3
    shown = capsys.readouterr().out
    assert "NOT JUDGED: nobody knows" in shown
    part.gates["it does not"] = False
    assert main(["--only", "stock", "--write", str(document)]) == 1
    said = "it holds; nobody knows (not judged); it does not (not reached)."
    assert said in document.read_text()


def test_the_document_has_the_marks_and_names_every_part() -> None:
    text = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert "<!-- results -->" in text
    assert "<!-- end of results -->" in text
    assert all(f"| `{name}` |" in text for name in PARTS)
