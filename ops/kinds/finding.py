"""What finders share: see `ops.own.existing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .record import Values

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef


class NotKnownError(Exception):
    """An argument by which something would be found is not known yet."""


def given(values: Values, name: str) -> str:
    """An argument. Raises NotKnownError where it is not known yet."""
    value = values.get(name)
    if value is None:
        raise NotKnownError(name)
    return str(value)


def pairs(tags: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Tags in any of the three ways in which AWS's services write pairs."""
    written = (("Key", "Value"), ("TagKey", "TagValue"), ("key", "value"))
    return {str(tag[key]): str(tag[value]) for tag in tags for key, value in written if key in tag}


def filters(wanted: Mapping[str, str]) -> list[FilterTypeDef]:
    """EC2's way to ask for what has these values."""
    return [{"Name": name, "Values": [value]} for name, value in wanted.items()]


def paged(
    ask: Callable[..., Mapping[str, Any]], items: str, token: str = "NextToken", **asked: Any
) -> Iterator[Any]:
    """All items of an operation for which botocore has no paginator: asked on with its `token`."""
    more: dict[str, Any] = {}
    while True:
        page = ask(**asked, **more)
        yield from page.get(items, ())
        if not page.get(token):
            return
        more = {token: page[token]}
