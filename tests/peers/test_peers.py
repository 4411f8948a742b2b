"""The environments of `examples/peers` make what the public modules make of the same examples.

What is otherwise is listed with its reason in the files beside this one, and is looked at as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from inferform import load
from tests.conftest import Made

from . import examples
from .record import EXPECTED, FALSE_BY_DEFAULT, FOLDER, Example, Stacks, fits, kind_of, short

EXAMPLES = examples()
each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.environment)


@pytest.fixture(scope="module")
def stacks(made: dict[str, Made]) -> dict[str, Stacks]:
    """The stacks of each environment, by the name of its file."""
    keys = {file.stem: key for key, file in load(FOLDER).files.items()}
    return {
        example.environment: Stacks(
            {
                name.removeprefix("peers-"): each.stack
                for name, each in made.items()
                if name.startswith("peers-") and each.environment.key == keys[example.environment]
            },
            example.pairs,
        )
        for example in EXAMPLES
    }


def of(table: Mapping[str, str], name: str) -> str | None:
    """The reason that a table has for a name, by a pattern with `*`."""
    return next((why for pattern, why in table.items() if fits(pattern, name)), None)


def test_every_file_is_compared_and_every_record_is_used() -> None:
    files = sorted(file.stem for file in FOLDER.glob("*.py"))
    assert files == sorted(example.environment for example in EXAMPLES)
    recorded = sorted(file.stem for file in EXPECTED.glob("*.json"))
    assert recorded == sorted(example.expected for example in EXAMPLES)


@each
def test_every_attribute_that_the_module_sends_is_the_same_or_differs_as_listed(
    example: Example, stacks: dict[str, Stacks]
) -> None:
    recorded, made = example.recorded(), stacks[example.environment]
    wrong = []
    for pair in example.pairs:
        address, _ = made.find(pair.ours)
        sent = recorded.resources[pair.theirs]
        assert set(pair.differs) <= set(sent), pair.theirs
        for path in sent:
            theirs = recorded.value(pair.theirs, path)
            ours = made.value(address, pair.path(path))
            differs = pair.differs.get(path)
            if differs is None:
                unset = (
                    ours is None
                    and theirs == "false"
                    and path.rpartition(".")[2] in FALSE_BY_DEFAULT
                )
                good = ours == theirs or unset
            else:
                good = ours != theirs and (
                    ours is None if differs.got is None else fits(differs.got, ours)
                )
            if not good:
                wrong.append((pair.theirs, path, theirs, ours, differs and differs.got))
    assert wrong == []


@each
def test_every_resource_of_the_module_has_its_place_or_a_reason(example: Example) -> None:
    resources = example.recorded().resources
    paired = [pair.theirs for pair in example.pairs]
    assert len(set(paired)) == len(paired)
    left = [name for name in resources if name not in paired]
    assert [name for name in left if not of(example.not_made, name)] == []
    unused = [p for p in example.not_made if not any(fits(p, name) for name in left)]
    assert unused == []


def _is_in(path: str, block: str) -> bool:
    return path == block or path.startswith(f"{block}.")


def test_whatever_inferform_adds_is_listed_and_nothing_else(stacks: dict[str, Stacks]) -> None:
    unlisted = []
    added: set[tuple[str, str]] = set()
    beside: set[str] = set()
    for example in EXAMPLES:
        recorded, made = example.recorded(), stacks[example.environment]
        for pair in example.pairs:
            address, attributes = made.find(pair.ours)
            known = {short(pair.path(path)) for path in recorded.resources[pair.theirs]}
            for path in made.attributes(address):
                if path in known or (
                    path.startswith("tags.") and path[5:] not in attributes.get("tags", {})
                ):
                    continue
                listed = [block for block in pair.adds if _is_in(path, block)]
                added.update((kind_of(address), block) for block in listed)
                if not listed:
                    unlisted.append((example.environment, address, path))
        paired = {pair.ours.partition(" ")[0] for pair in example.pairs}
        beside |= made.types & {*example.beside}
        more = sorted(made.types - paired - {*example.beside})
        unlisted += [(example.environment, kind, "") for kind in more]
    assert unlisted == []
    assert beside == {kind for example in EXAMPLES for kind in example.beside}
    assert added == {
        (pair.ours.partition(" ")[0], block)
        for example in EXAMPLES
        for pair in example.pairs
        for block in pair.adds
    }


@each
def test_every_input_of_the_example_goes_somewhere(example: Example) -> None:
    recorded = example.recorded()
    paired = {pair.theirs for pair in example.pairs}
    compared = {
        (pair.theirs, path) for pair in example.pairs for path in recorded.resources[pair.theirs]
    }
    wrong = []
    for name, given in recorded.inputs.items():
        place = example.inputs.get(name)
        if isinstance(place, str) and place:
            continue
        if isinstance(place, tuple) and not place[1] and place[0] in paired:
            continue
        if not isinstance(place, tuple) or place not in compared:
            wrong.append(f"{name}: {place}")
            continue
        sent = str(recorded.resources[place[0]][place[1]])
        if str(given) not in sent:
            wrong.append(f"{name}: {given} is not in {sent}")
    assert wrong == []
