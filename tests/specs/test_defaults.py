"""Specs that no field is given of, which are made without what checks fields."""

from __future__ import annotations

from inspect import isabstract

from inferform import SpecError
from inferform.spec import _Given
from tests.specs.fields import specs


def test_a_spec_of_defaults_alone_is_what_pydantic_makes_of_it() -> None:
    compared = 0
    for kind in specs():
        if isabstract(kind):
            continue
        try:
            made = kind()
        # What needs a field, or is only the base of others.
        except (SpecError, NotImplementedError):
            continue
        kind.model_rebuild()
        checked = kind.__new__(kind)
        checked.__pydantic_validator__.validate_python(_Given(), self_instance=checked)
        assert made == checked
        assert [*made.model_dump()] == [*checked.model_dump()]
        assert made.model_fields_set == checked.model_fields_set == set()
        compared += 1
    assert compared > 80
