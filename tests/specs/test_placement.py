"""Copies are placed on instances as one after the other would be, with little work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform.sagemaker.endpoints.component import ComponentResources
from inferform.sagemaker.fit import Room, asked_by, placed, room_of

G5 = "ml.g5.12xlarge"


def one_by_one(
    instance_type: str, counts: dict[str, int], asked: dict[str, ComponentResources]
) -> tuple[list[list[str]], list[str]]:
    """Each copy on the first instance with room for it, the largest first."""
    whole = room_of(instance_type)
    rooms: list[Room] = []
    held: list[list[str]] = []
    unplaced = []

    def size(name: str) -> tuple[float, float, float]:
        want = asked_by(asked[name])
        return want.accelerators or 0, want.memory or 0, want.cores or 0

    for name in sorted(counts, key=size, reverse=True):
        want = asked_by(asked[name])
        for _ in range(counts[name]):
            if not whole.holds(want):
                unplaced.append(name)
                continue
            at = next((n for n, room in enumerate(rooms) if room.holds(want)), len(rooms))
            if at == len(rooms):
                rooms.append(whole)
                held.append([])
            rooms[at] = rooms[at].without(want)
            held[at].append(name)
    return held, unplaced


_COMPONENTS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(
        st.integers(0, 20),
        st.builds(
            ComponentResources,
            accelerators=st.sampled_from([None, 1, 2, 3, 4, 8]),
            cpu_cores=st.sampled_from([None, 0.25, 1, 12, 48]),
            min_memory_mib=st.sampled_from([128, 1024, 40_000, 120_000, 400_000]),
        ),
    ),
)


@given(_COMPONENTS)
def test_copies_stand_where_one_after_the_other_puts_them(
    components: dict[str, tuple[int, ComponentResources]],
) -> None:
    counts = {name: count for name, (count, _) in components.items()}
    asked = {name: resources for name, (_, resources) in components.items()}
    found = placed(G5, counts, asked)
    held, unplaced = one_by_one(G5, counts, asked)
    assert [each.copies for each in found.instances] == held
    assert list(found.unplaced) == unplaced


def test_thousands_of_copies_are_placed_with_a_look_at_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    holds = Room.holds

    def counted(room: Room, asked: Room) -> bool:
        nonlocal looks
        looks += 1
        return holds(room, asked)

    monkeypatch.setattr(Room, "holds", counted)
    asked: dict[str, Any] = {
        name: ComponentResources(accelerators=count, min_memory_mib=1024)
        for name, count in (("large", 3), ("small", 1))
    }
    found = placed(G5, {"large": 2000, "small": 4000}, asked)
    assert len(found.instances) == 2500
    # One look for each copy and one for each instance that is full, by component.
    assert looks <= 2000 + 4000 + 2 * 2500 + 4
