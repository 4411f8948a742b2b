"""What finders share: see `ops.own.existing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .record import Values


class NotKnownError(Exception):
    """An argument by which something would be found is not known yet."""


def given(values: Values, name: str) -> str:
    """An argument. Raises NotKnownError where it is not known yet."""
    value = values.get(name)
    if value is None:
        raise NotKnownError(name)
    return str(value)


def pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags in any of the three ways in which AWS's services write pairs."""
    written = (("Key", "Value"), ("TagKey", "TagValue"), ("key", "value"))
    return {tag[key]: tag[value] for tag in tags for key, value in written if key in tag}
