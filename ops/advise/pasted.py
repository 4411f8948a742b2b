"""A Spec as the Python that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inferform.spec import Spec


def pasted(spec: Spec) -> str:
    """The call that makes a Spec, with the fields that were given."""
    fields = ", ".join(f"{name}={_value(getattr(spec, name))}" for name in _given(spec))
    return f"{type(spec).__name__}({fields})"


def _given(spec: Spec) -> list[str]:
    return [name for name in type(spec).model_fields if name in spec.model_fields_set]


def _value(value: Any) -> str:
    if isinstance(value, Spec):
        return pasted(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
