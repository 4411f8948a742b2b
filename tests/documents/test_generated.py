"""The generated parts of the documents are those of the code as it is."""

from __future__ import annotations

import re

import pytest

import inferform
from tests.conftest import ROOT

from . import capabilities, names, picture
from .generated import GENERATED, UPDATE, Part, with_part

pytestmark = pytest.mark.long


@pytest.mark.parametrize("part", GENERATED, ids=lambda part: part.name)
def test_a_generated_part_is_up_to_date(part: Part) -> None:
    text = part.file.read_text("utf-8")
    assert text == with_part(text, part.name, part.make()), f"run {UPDATE}"


def test_a_part_that_is_out_of_date_is_replaced_and_the_rest_stays() -> None:
    text = with_part(f"a\n{_empty('names')}b\n", "names", "old\n")
    assert with_part(text, "names", "new\n") == text.replace("old", "new")
    assert text.startswith("a\n")
    assert text.endswith("b\n")
    with pytest.raises(ValueError, match="no part names"):
        with_part("a\n", "names", "new\n")


def _empty(name: str) -> str:
    return f"<!-- {name}: written by {UPDATE} -->\n<!-- end of {name} -->\n"


def test_every_exported_name_stands_under_one_topic() -> None:
    listed = [name for group in names.by_topic().values() for name in group]
    assert sorted(listed) == sorted(inferform.__all__)
    assert len(listed) > 90


def test_no_cell_of_the_matrices_is_empty() -> None:
    kinds = [kind for _, _, records in capabilities.capabilities() for kind in records]
    assert len(kinds) > 60
    assert set(capabilities.members()) == capabilities.HEADINGS.keys()
    for kind in kinds:
        assert all(cell.strip() for cell in capabilities.cells(kind).values()), kind.type
    rows = capabilities.services()
    assert len(rows) > 8
    assert all(cell.strip() for row in rows for cell in row.values())
    lines = (capabilities.of_types() + capabilities.of_services()).splitlines()
    assert not [line for line in lines if re.search(r"\|\s*\|", line)]


def test_the_picture_shows_files_that_exist_and_nothing_that_stands_alone() -> None:
    shown = [module for modules in picture.GROUPS.values() for module in modules]
    assert len(set(shown)) == len(shown) > 15
    for module in shown:
        assert (ROOT / picture.path(module)).is_file(), module
    solid = picture.imports()
    assert len(solid) > 15
    for one, other in solid:
        assert picture.leads(one, other), (one, other)
    ends = {end for pair in solid for end in pair}
    ends |= {end for one, _, other in picture.FLOWS for end in (one, other)}
    assert ends == {*shown, *picture.FILES}
