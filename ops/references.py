"""Which resources an argument of a plan's configuration refers to.

Terraform writes the references of an expression and of what it repeats over, but neither the
expression nor the values of locals. What cannot be followed is said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_KEY = r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]"
_MODULES = re.compile(rf"(?:module\.[^.\[]+(?:{_KEY})?\.)*")
_STEP = re.compile(rf"module\.(?P<name>[^.\[]+)(?P<key>{_KEY})?\.")
_CALL = re.compile(rf"module\.(?P<name>[^.\[]+)(?P<key>{_KEY})?(?:\.(?P<output>[^.\[]+))?")
_RESOURCE = re.compile(rf"(?P<base>(?:data\.|ephemeral\.)?[\w-]+\.[\w-]+)(?P<key>{_KEY})?")
_LAST_KEY = re.compile(rf"{_KEY}$")
_ANY_KEY = re.compile(_KEY)
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Referred:
    """The addresses that an argument refers to."""

    addresses: tuple[str, ...] = ()
    is_whole: bool = True
    """Whether every reference could be followed; not through a local value, for one."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """One instance of a module: its configuration, and its address with a dot at the end."""

    module: Mapping[str, Any]
    prefix: str = ""
    parent: _Scope | None = None
    call: Mapping[str, Any] | None = None
    key: str = ""
    """The key of the module instance, with its brackets."""


@dataclass(frozen=True)
class References:
    """The references of one plan."""

    root: Mapping[str, Any]
    """`configuration.root_module` of the plan."""

    addresses: tuple[str, ...]
    """The addresses of the resources in the plan."""

    @cached_property
    def _instances(self) -> dict[str, list[str]]:
        """The instances of each resource, of one module instance, by its address without a key."""
        found: dict[str, list[str]] = {}
        for address in self.addresses:
            found.setdefault(_LAST_KEY.sub("", address), []).append(address)
        return found

    @cached_property
    def _resources(self) -> dict[str, Mapping[str, Any]]:
        """The configuration of each resource by its address without any key."""
        return dict(_resources(self.root, ""))

    def arguments(self, address: str) -> frozenset[str] | None:
        """The arguments that the configuration sets; None where it does not show the resource."""
        resource = self._resources.get(without_keys(address))
        return None if resource is None else frozenset(resource.get("expressions") or {})

    def constant(self, address: str, argument: str) -> Any:
        """The constant that an argument is; None where it is left out.

        Raises LookupError where the configuration does not show what it is.
        """
        resource = self._resources.get(without_keys(address))
        if resource is None:
            raise LookupError(address)
        expression = (resource.get("expressions") or {}).get(argument)
        if expression is None:
            return None
        if not isinstance(expression, dict) or "constant_value" not in expression:
            raise LookupError(argument)
        return expression["constant_value"]

    def of(self, address: str, *path: Any) -> Referred:
        """What an argument of a resource refers to, or one inside of its blocks."""
        resource = self._resources.get(without_keys(address))
        scope = self._scope(address)
        if resource is None or scope is None:
            return Referred(is_whole=False)
        expression = _at(resource.get("expressions") or {}, path)
        if expression is None:
            # A dynamic block is not in Terraform's JSON.
            return Referred(is_whole=False)
        key = match[0] if (match := _LAST_KEY.search(address)) else ""
        repeated = resource.get("for_each_expression") or {}
        found = list(self._follow(_of(expression), scope, key, repeated, _DEEPEST))
        known = [each for each in found if each is not None]
        return Referred(tuple(dict.fromkeys(known)), is_whole=len(known) == len(found))

    def awaited(self, address: str) -> Referred:
        """What a resource waits for by `depends_on`."""
        resource = self._resources.get(without_keys(address))
        scope = self._scope(address)
        if resource is None or scope is None:
            return Referred(is_whole=False)
        found = list(self._follow(resource.get("depends_on") or (), scope, "", {}, _DEEPEST))
        known = [each for each in found if each is not None]
        return Referred(tuple(dict.fromkeys(known)), is_whole=len(known) == len(found))

    def _scope(self, address: str) -> _Scope | None:
        scope = _Scope(self.root)
        match = _MODULES.match(address)
        for call in _STEP.finditer(match[0] if match else ""):
            entered = self._enter(scope, call["name"], call["key"] or "")
            if entered is None:
                return None
            scope = entered
        return scope

    def _enter(self, scope: _Scope, name: str, key: str) -> _Scope | None:
        call = (scope.module.get("module_calls") or {}).get(name)
        if call is None:
            return None
        prefix = f"{scope.prefix}module.{name}{key}."
        return _Scope(call.get("module") or {}, prefix, scope, call, key)

    def _follow(
        self,
        references: Iterable[str],
        scope: _Scope,
        key: str,
        repeated: Mapping[str, Any],
        depth: int,
    ) -> Iterator[str | None]:
        """The addresses behind references; None for each that cannot be followed."""
        named = tuple(dict.fromkeys(references))
        by_key = any(name.startswith(("each.", "count.")) for name in named)
        for name in named:
            if any(other.startswith((f"{name}.", f"{name}[")) for other in named):
                # Terraform also names what a more exact reference is inside of.
                continue
            kind = name.partition(".")[0]
            if depth == 0 or kind == "local":
                yield None
            elif name.startswith("each.value"):
                yield from self._follow((*_of(repeated), "each.key"), scope, key, {}, depth - 1)
            elif kind == "var":
                yield from self._variable(name, scope, depth)
            elif kind == "module":
                yield from self._module(name, scope, key if by_key else "", depth)
            elif kind not in ("each", "count", "path", "terraform", "self"):
                yield from self._resource(name, scope, key if by_key else "")

    def _variable(self, name: str, scope: _Scope, depth: int) -> Iterator[str | None]:
        if scope.parent is None or scope.call is None:
            return
        match = re.match(r"var\.([\w-]+)", name)
        expression = (scope.call.get("expressions") or {}).get(match[1]) if match else None
        if expression is not None:
            repeated = scope.call.get("for_each_expression") or {}
            yield from self._follow(_of(expression), scope.parent, scope.key, repeated, depth - 1)

    def _module(self, name: str, scope: _Scope, key: str, depth: int) -> Iterator[str | None]:
        match = _CALL.match(name)
        inside = self._enter(scope, match["name"], match["key"] or key) if match else None
        output = match["output"] if match else None
        outputs = (inside.module.get("outputs") or {}) if inside else {}
        if inside is None or (output and output not in outputs):
            yield None
            return
        if output is None:
            # An index by `each.key` hides which output it is.
            yield None
        for each in [output] if output else outputs:
            expression = outputs[each].get("expression") or {}
            yield from self._follow(_of(expression), inside, "", {}, depth - 1)

    def _resource(self, name: str, scope: _Scope, key: str) -> Iterator[str | None]:
        match = _RESOURCE.match(name)
        if match is None:
            yield None
            return
        base = f"{scope.prefix}{match['base']}"
        instances = self._instances.get(base, [])
        for wanted in (f"{base}{match['key']}" if match["key"] else "", f"{base}{key}", base):
            if wanted in instances:
                yield wanted
                return
        if match["key"] or not instances or key:
            yield None
        if not match["key"]:
            yield from instances


def without_keys(address: str) -> str:
    """An address without the keys of its instances, which may hold brackets themselves."""
    return _ANY_KEY.sub("", address)


def type_of(address: str) -> str:
    """The type of a resource by its address; empty for what is none, such as an output."""
    parts = without_keys(address).split(".")
    return parts[-2] if len(parts) > 1 else ""


def written_in(module: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of everything in a module and those inside of it, without keys."""
    return (address for address, _ in _resources(module, ""))


def _resources(module: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources") or ():
        yield f"{prefix}{resource['address']}", resource
    for name, call in (module.get("module_calls") or {}).items():
        yield from _resources(call.get("module") or {}, f"{prefix}module.{name}.")


def _at(expressions: Any, path: Iterable[Any]) -> Any:
    """The expression at a path, or the one around it; None where there is none."""
    found = expressions
    for part in path:
        if isinstance(found, dict):
            if "references" in found or "constant_value" in found:
                return found
            found = found.get(part)
        elif isinstance(found, list) and isinstance(part, int):
            found = found[part] if part < len(found) else None
        else:
            return found
    return found


def _of(expression: Any) -> Iterator[str]:
    """The references in an expression, and in the blocks inside of it."""
    if isinstance(expression, dict):
        for key, value in expression.items():
            if key == "references" and isinstance(value, list):
                yield from map(str, value)
            elif key != "constant_value":
                yield from _of(value)
    elif isinstance(expression, list):
        for value in expression:
            yield from _of(value)
