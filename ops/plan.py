"""Reading `terraform show -json`: any project's plan, without its secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from .errors import BadInputError
from .masking import Masked, mask, mask_text

Side = Literal["before", "after"]

_HOW_TO_MAKE = "make one with: terraform plan -out=plan && terraform show -json plan > plan.json"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_FORMAT = re.compile(r"[01]\.\d+")


class Action(StrEnum):
    """What Terraform does to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    READ = "read"
    NONE = "no-op"


_ACTIONS = {
    ("no-op",): Action.NONE,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    ("create", "forget"): Action.REPLACE,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute that changes; `after` is None with `unknown` when only the apply will tell."""

    path: str
    before: Any
    after: Any
    unknown: bool = False
    forces_replacement: bool = False


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `before` and `after` hold no secrets."""

    address: str
    type: str
    name: str
    action: Action
    before: dict[str, Any]
    after: dict[str, Any]
    unknown: Any = field(default=False, repr=False)
    is_data: bool = False
    created_first: bool = False
    replace_paths: tuple[tuple[Any, ...], ...] = ()
    reason: str = ""
    moved_from: str = ""
    import_id: str = ""
    deposed: str = ""

    @property
    def exists_before(self) -> bool:
        """Whether there is something now."""
        return self.action not in (Action.CREATE, Action.READ)

    @property
    def exists_after(self) -> bool:
        """Whether there will be something afterwards."""
        return self.action not in (Action.DELETE, Action.FORGET)

    def at(self, side: Side) -> dict[str, Any]:
        """The arguments before or after."""
        return self.before if side == "before" else self.after

    def exists(self, side: Side) -> bool:
        """Whether it is there before or after."""
        return self.exists_before if side == "before" else self.exists_after

    @property
    def is_written(self) -> bool:
        """Whether it is created, updated or replaced."""
        return self.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)

    @property
    def is_shown(self) -> bool:
        """Whether a reviewer has to see it: it changes, moves or is imported."""
        changes = self.action not in (Action.NONE, Action.READ)
        return not self.is_data and (changes or bool(self.moved_from or self.import_id))

    def is_unknown(self, *path: Any) -> bool:
        """Whether an attribute's new value is known only after the apply."""
        value = self.unknown
        for part in path:
            if value is True:
                return True
            value = _step(value, part)
        return value is True

    def both(self, *path: Any) -> tuple[Any, Any]:
        """An attribute before and after; None where it is not there or not known."""
        return dig(self.before, *path), dig(self.after, *path)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Every attribute that changes, in the order of their paths."""
        found = list(self._differ((), self.before, self.after, self.unknown))
        return tuple(sorted(found, key=lambda difference: difference.path))

    @property
    def attributes(self) -> set[str]:
        """The names of the attributes that change."""
        return {difference.path.partition(".")[0] for difference in self.differences}

    def _differ(
        self, path: tuple[Any, ...], before: Any, after: Any, unknown: Any
    ) -> Iterator[Difference]:
        if unknown is True:
            # Without a value before it is one that AWS fills in, such as an ARN.
            if path and before:
                yield self._difference(path, before, None, unknown=True)
            return
        if isinstance(before, Masked) or isinstance(after, Masked):
            if before != after:
                yield self._difference(path, before, after)
            return
        before, after = _comparable(_parsed(before), _parsed(after))
        if isinstance(before, dict | None) and isinstance(after, dict | None) and (before or after):
            before, after = before or {}, after or {}
            marks = unknown if isinstance(unknown, dict) else {}
            for key in {**before, **after, **marks}:
                yield from self._differ(
                    (*path, key), before.get(key), after.get(key), marks.get(key)
                )
        elif isinstance(before, list) and isinstance(after, list):
            for index in range(max(len(before), len(after))):
                yield from self._differ(
                    (*path, index),
                    before[index] if index < len(before) else None,
                    after[index] if index < len(after) else None,
                    _step(unknown, index),
                )
        elif before != after and (before or after or None not in (before, after)):
            yield self._difference(path, before, after)

    def _difference(
        self, path: tuple[Any, ...], before: Any, after: Any, *, unknown: bool = False
    ) -> Difference:
        forces = any(path[: len(forced)] == forced for forced in self.replace_paths)
        return Difference(".".join(map(str, path)), before, after, unknown, forces)


def dig(value: Any, *path: Any) -> Any:
    """A value inside dicts and lists, or None. A block that may occur once is a list of one."""
    for part in path:
        if isinstance(value, list) and not isinstance(part, int):
            value = value[0] if value else None
        value = _step(value, part)
    return value


def number(value: Any, default: float) -> float:
    """A value where it is a number, otherwise the default."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def _step(value: Any, part: Any) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _comparable(before: Any, after: Any) -> tuple[Any, Any]:
    """Both, with the statements of policies by their ids.

    By their places every statement after a new one would seem to change.
    """
    named = _by_sid(before), _by_sid(after)
    return named if all(named) else (before, after)


def _by_sid(statements: Any) -> dict[str, Any]:
    """The statements of a policy by their ids; empty where they have none of their own."""
    if not isinstance(statements, list) or not all(isinstance(s, dict) for s in statements):
        return {}
    named = {s["Sid"]: s for s in statements if isinstance(s.get("Sid"), str)}
    return named if len(named) == len(statements) else {}


def _parsed(value: Any) -> Any:
    """A policy or another document that an attribute holds as JSON; everything else as it is."""
    if type(value) is str and value[:1] in "{[" and len(value) > 1:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@dataclass(frozen=True)
class Plan:
    """One plan of one stack."""

    name: str
    environment: str
    region: str
    changes: tuple[Change, ...]
    drifted: tuple[Change, ...] = ()
    references: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    outputs_changed: int = 0
    errored: bool = False

    @cached_property
    def by_address(self) -> dict[str, Change]:
        """Every resource by its address."""
        return {change.address: change for change in self.changes if not change.deposed}

    @cached_property
    def shown(self) -> tuple[Change, ...]:
        """The changes that a reviewer has to see."""
        return tuple(change for change in self.changes if change.is_shown)

    @cached_property
    def _by_type(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            if not change.is_data and not change.deposed:
                found.setdefault(change.type, []).append(change)
        return found

    def of_type(self, *types: str) -> tuple[Change, ...]:
        """Every resource of some types, changed or not."""
        return tuple(change for kind in types for change in self._by_type.get(kind, ()))

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The accounts that the plan works in, told from the ARNs of what exists."""
        arns = (
            str(change.before.get("arn") or change.after.get("arn") or "").split(":")
            for change in self.changes
        )
        return frozenset(arn[4] for arn in arns if len(arn) > 4 and arn[4].isdigit())

    def referred(self, change: Change, attribute: str) -> tuple[Change, ...]:
        """The resources that an attribute of a resource refers to in the configuration."""
        known = self.references.get(_unindexed(change.address), {})
        prefix = change.address[: len(change.address) - len(_local(change.address))]
        found: dict[str, Change] = {}
        for reference in known.get(attribute, ()):
            wanted = prefix + reference
            for address, other in self.by_address.items():
                if address == wanted or wanted.startswith(f"{address}."):
                    found[address] = other
        return tuple(found.values())


def read_plan(
    source: Path | bytes | str, name: str | None = None, *, in_clear: bool = False
) -> Plan:
    """Read what `terraform show -json` printed; raises BadInputError when it is something else.

    Secrets are masked, unless they are wanted `in_clear` by a program that shows none of them.
    """
    if isinstance(source, Path):
        name = name or source.name.removesuffix(".json")
        try:
            content = source.read_bytes()
        except OSError as error:
            raise BadInputError(f"{source}: {error.strerror or error}", _HOW_TO_MAKE) from error
    else:
        content = source.encode() if isinstance(source, str) else source
    name = name or "plan"
    if content[:2] == b"PK":
        raise BadInputError(
            f"{name} is a saved plan, not its JSON", "convert it: terraform show -json FILE"
        )
    try:
        shown = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{name} is not JSON: {error}", _HOW_TO_MAKE) from error
    if not isinstance(shown, dict) or "format_version" not in shown:
        raise BadInputError(f"{name} is JSON, but no Terraform plan", _HOW_TO_MAKE)
    if "resource_changes" not in shown and "planned_values" not in shown:
        kind = "a state" if "values" in shown else "no plan"
        raise BadInputError(f"{name} is {kind} in Terraform's JSON", _HOW_TO_MAKE)
    if not _FORMAT.fullmatch(str(shown["format_version"])):
        raise BadInputError(
            f"{name} has format {shown['format_version']}, which is newer than 1.x",
            "a newer Inferform may read it",
        )
    if _SURROGATE.search(content) and not _is_text(shown):
        raise BadInputError(f"{name} holds half of a character in UTF-16", _HOW_TO_MAKE)
    with shaped(name):
        return _plan(shown, name, in_clear=in_clear)


@contextmanager
def shaped(name: str) -> Iterator[None]:
    """Report values of a plan that are not of the shape that they have in every plan."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = type(error).__name__
        raise BadInputError(
            f"{name} is not shaped like a Terraform plan ({what}: {error})", _HOW_TO_MAKE
        ) from error
    except RecursionError as error:
        raise BadInputError(f"{name} is nested too deep for a plan", _HOW_TO_MAKE) from error


def _is_text(shown: Any) -> bool:
    try:
        json.dumps(shown, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _plan(shown: dict[str, Any], name: str, *, in_clear: bool) -> Plan:
    read = partial(_change, in_clear=in_clear)
    changes = tuple(map(read, shown.get("resource_changes") or ()))
    configuration = shown.get("configuration") or {}
    outputs = shown.get("output_changes") or {}
    return Plan(
        name=name,
        environment=_tag(changes, "environment"),
        region=_region(configuration, changes),
        changes=changes,
        drifted=tuple(_undone(map(read, shown.get("resource_drift") or ()), changes)),
        references=dict(_references(configuration.get("root_module") or {}, "")),
        outputs_changed=sum(
            1 for output in outputs.values() if output.get("actions") not in (["no-op"], None)
        ),
        errored=bool(shown.get("errored")),
    )


def _undone(drifts: Iterable[Change], changes: Iterable[Change]) -> Iterator[Change]:
    """What was changed outside of Terraform and the plan puts back.

    Refreshing also shows what AWS has filled in since the apply, and what somebody else owns.
    """
    planned = {
        change.address: change.attributes
        for change in changes
        if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)
    }
    for drift in drifts:
        put_back = planned.get(drift.address, set())
        if (drift.action is Action.DELETE and put_back) or drift.attributes & put_back:
            yield drift


def _change(entry: dict[str, Any], *, in_clear: bool) -> Change:
    change = entry["change"]
    actions = tuple(change["actions"])
    if actions not in _ACTIONS:
        raise ValueError(f"{entry['address']} has the unknown action {'+'.join(actions)}")
    importing = change.get("importing") or {}
    return Change(
        address=str(entry["address"]),
        type=str(entry["type"]),
        name=str(entry.get("name", "")),
        action=_ACTIONS[actions],
        before=_side(change, "before", in_clear=in_clear),
        after=_side(change, "after", in_clear=in_clear),
        unknown=change.get("after_unknown") or False,
        is_data=entry.get("mode") == "data",
        created_first=actions[:1] == ("create",),
        replace_paths=tuple(tuple(path) for path in change.get("replace_paths") or ()),
        reason=str(entry.get("action_reason") or "").replace("_", " "),
        moved_from=str(entry.get("previous_address") or ""),
        import_id=mask_text(
            str(importing.get("id") or ("(known after apply)" if importing else ""))
        ),
        deposed=str(entry.get("deposed") or ""),
    )


def _side(change: dict[str, Any], side: Side, *, in_clear: bool) -> dict[str, Any]:
    value = change.get(side)
    if not in_clear:
        value = mask(value, change.get(f"{side}_sensitive"))
    if value is None or isinstance(value, Masked):
        return {}
    if not isinstance(value, dict):
        raise TypeError("a resource's values are not an object")
    return value


def _tag(changes: tuple[Change, ...], name: str) -> str:
    """A tag that Inferform puts on everything; empty for another project's resources."""
    for change in changes:
        for values in (change.after, change.before):
            tags = values.get("tags_all")
            if isinstance(tags, dict) and tags.get("managed-by") == "inferform":
                return str(tags.get(name, ""))
    return ""


def _region(configuration: dict[str, Any], changes: tuple[Change, ...]) -> str:
    for provider in (configuration.get("provider_config") or {}).values():
        if provider.get("name") == "aws" and not provider.get("alias"):
            region = dig(provider, "expressions", "region", "constant_value")
            if isinstance(region, str):
                return region
    for change in changes:
        for values in (change.after, change.before):
            parts = str(values.get("arn", "")).split(":")
            if len(parts) > 3 and parts[0] == "arn" and parts[3]:
                return parts[3]
    return ""


def _references(
    module: dict[str, Any], prefix: str
) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    for resource in module.get("resources") or ():
        expressions = resource.get("expressions") or {}
        yield (
            f"{prefix}{resource['address']}",
            {name: tuple(_referred(expression)) for name, expression in expressions.items()},
        )
    for name, call in (module.get("module_calls") or {}).items():
        yield from _references(call.get("module") or {}, f"{prefix}module.{name}.")


def _referred(expression: Any) -> Iterator[str]:
    if isinstance(expression, dict):
        for key, value in expression.items():
            if key == "references" and isinstance(value, list):
                yield from map(str, value)
            elif key != "constant_value":
                yield from _referred(value)
    elif isinstance(expression, list):
        for value in expression:
            yield from _referred(value)


def _unindexed(address: str) -> str:
    return re.sub(r"\[[^\]]*\]", "", address)


def _local(address: str) -> str:
    """The part of an address within its module."""
    match = re.match(r"(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)*", address)
    return address[match.end() :] if match else address
