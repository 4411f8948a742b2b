"""Reading a structure member by member, so that what nobody has read can be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Left:
    """What was there and has no place in a Spec."""

    path: str
    """Where it is: `EndpointConfig fraud ProductionVariants.0.AcceleratorType`."""

    value: Any
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


class Members:
    """A structure whose members are taken one by one; `left` are those that were not."""

    def __init__(self, values: Mapping[str, Any], path: str) -> None:
        self.path = path
        self._values = {name: value for name, value in values.items() if value not in (None, "")}
        self._parts: list[Members] = []

    def take(self, name: str, default: Any = None) -> Any:
        """A member, which is read by that."""
        return self._values.pop(name, default)

    def leave(self, *names: str) -> None:
        """Pass over members that say nothing of what is wanted, such as when something was made."""
        for name in names:
            self._values.pop(name, None)

    def part(self, name: str) -> Members:
        """A structure in it; an empty one where there is none."""
        return self._part(self._values.pop(name, None) or {}, name)

    def parts(self, name: str) -> list[Members]:
        """The structures of a list in it."""
        found = self._values.pop(name, None) or []
        found = found if isinstance(found, list | tuple) else [found]
        return [self._part(each, f"{name}.{index}") for index, each in enumerate(found)]

    def _part(self, values: Any, name: str) -> Members:
        known = values if isinstance(values, Mapping) else {"": values}
        made = Members(known, f"{self.path}.{name}")
        self._parts.append(made)
        return made

    def __bool__(self) -> bool:
        return bool(self._values) or any(self._parts)

    def left(self) -> Iterator[Left]:
        """What nobody has read, in the order of the paths."""
        for name, value in self._values.items():
            if value not in ([], {}, False):
                path = f"{self.path}.{name}".rstrip(".")
                yield Left(path, value, "no Spec says it")
        for part in self._parts:
            yield from part.left()
