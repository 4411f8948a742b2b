"""Work on stacks side by side keeps their order, its bound, and leaves only what waits for a failure."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import OperatorError
from ops.side_by_side import below_each, levels, work
from ops.terraform import Stack


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Names, each with some of those before it, all that those depend on among them."""
    names = [f"s{number}" for number in range(draw(st.integers(0, 7)))]
    found: dict[str, set[str]] = {}
    for number, name in enumerate(names):
        direct = draw(st.sets(st.sampled_from(names[:number]))) if number else set()
        found[name] = direct.union(*(found[each] for each in direct))
    return found


class Recorder:
    """What was begun and ended, in order."""

    def __init__(self, failing: set[str]) -> None:
        self.failing = failing
        self.events: list[tuple[str, str]] = []
        self.most = 0
        self._running = 0
        self._lock = Lock()

    def __call__(self, name: str) -> str:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            self.events.append(("begun", name))
        with self._lock:
            self._running -= 1
            self.events.append(("ended", name))
        if name in self.failing:
            raise OperatorError(f"{name} failed")
        return name.upper()


@given(graphs(), st.integers(1, 4), st.data())
def test_each_is_done_after_what_it_waits_for_or_left_with_it(
    after: dict[str, set[str]], parallelism: int, data: st.DataObject
) -> None:
    failing = data.draw(st.sets(st.sampled_from(sorted(after)))) if after else set()
    record = Recorder(failing)
    done = work([*after], record, after=after, parallelism=parallelism)
    # It fails, or something that it waits for does, or it is done.
    assert {*done.left} == {name for name in after if after[name] & failing}
    assert {*done.failed} == failing - {*done.left}
    assert done.results == {
        name: name.upper() for name in after if name not in failing | {*done.left}
    }
    assert record.most <= parallelism
    for name in {*after} - {*done.left}:
        begun = record.events.index(("begun", name))
        assert all(record.events.index(("ended", each)) < begun for each in after[name])


def test_those_that_do_not_wait_are_worked_on_at_the_same_time() -> None:
    met = {name: Event() for name in "ab"}

    def meet(name: str) -> bool:
        met[name].set()
        return met["b" if name == "a" else "a"].wait(timeout=60)

    done = work(["a", "b"], meet, after={"a": (), "b": ()}, parallelism=2)
    assert done.results == {"a": True, "b": True}


def test_one_at_a_time_is_one_after_the_other() -> None:
    record = Recorder(set())
    work(["b", "a", "c"], record, after=dict.fromkeys("abc", ()), parallelism=1)
    assert [name for event, name in record.events if event == "begun"] == ["b", "a", "c"]
    assert record.most == 1


def test_what_is_waited_for_and_not_asked_for_is_not_waited_for() -> None:
    done = work(["above"], str.upper, after={"above": {"below"}})
    assert done.results == {"above": "ABOVE"}


def test_an_error_that_is_none_of_ours_ends_all() -> None:
    with pytest.raises(ZeroDivisionError):
        work(["a"], lambda _: 1 // 0, after={"a": ()})


@given(graphs())
def test_a_level_stands_on_the_levels_before_it_alone(below: dict[str, set[str]]) -> None:
    found = levels([*below], below)
    assert sorted(name for level in found for name in level) == sorted(below)
    before: set[str] = set()
    for level in found:
        assert all(below[name] <= before for name in level)
        before |= {*level}


def test_a_stack_stands_on_what_those_below_it_stand_on(tmp_path: Path) -> None:
    stacks = [
        Stack("network", tmp_path, ()),
        Stack("registry", tmp_path, ("network",)),
        Stack("inference", tmp_path, ("registry",)),
    ]
    assert below_each(stacks)["inference"] == {"network", "registry"}
    # Without the one between them, the order is kept.
    assert levels(["inference", "network"], below_each(stacks)) == [["network"], ["inference"]]
