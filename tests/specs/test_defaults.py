"""Specs that no field is given of, which are made without what checks fields."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isabstract

import inferform  # noqa: F401
from inferform.spec import Spec, SpecError, _Given


def kinds(base: type[Spec]) -> Iterator[type[Spec]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("inferform."):
            yield kind
            yield from kinds(kind)


def test_a_spec_of_defaults_alone_is_what_pydantic_makes_of_it() -> None:
    compared = 0
    for kind in set(kinds(Spec)):
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
