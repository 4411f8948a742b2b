"""Reading `terraform show -json`: any project's plan, without its secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property, partial
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any, Literal

from .beside import (
    Check,
    Invocation,
    Output,
    checks_of,
    ephemeral_of,
    invocations_of,
    outputs_of,
    reason_of,
    unknown_fields,
)
from .errors import BadInputError
from .masking import Masked, Unmasked, mask, mask_text
from .references import References, without_keys, written_in
from .untrusted import document, harmless, strict_json, visible

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
    """The id or the identity that it is imported by."""

    deposed: str = ""
    forgets_old: bool = False
    """Whether a replacement leaves the old one as it is, and only forgets it."""

    generated: bool = False
    """Whether Terraform wrote its configuration in the course of an import."""

    new_identity: bool = False
    """Whether the identity that its provider knows it by changes."""

    judged_before: Unmasked | None = field(default=None, repr=False, compare=False)
    judged_after: Unmasked | None = field(default=None, repr=False, compare=False)

    def judged(self, side: Side, name: str) -> Any:
        """An attribute before it is masked: for a rule to judge, and never to be shown."""
        held = self.judged_before if side == "before" else self.judged_after
        return held.get(name) if held else self.at(side).get(name)

    @property
    def repeats(self) -> bool:
        """Whether it is replaced only as the run that created it ended in an error, the new one first."""
        tainted = self.reason == "replace because tainted"
        return tainted and self.created_first and not self.replace_paths

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
            return document(value)
        except ValueError:
            return value
    return value


@dataclass(frozen=True, slots=True)
class Deferred:
    """A change that Terraform leaves for a later plan."""

    change: Change
    reason: str


@dataclass(frozen=True)
class Plan:
    """One plan of one stack."""

    name: str
    environment: str
    region: str
    changes: tuple[Change, ...]
    drifted: tuple[Change, ...] = ()
    """What was changed outside of Terraform, and the plan puts back."""

    recorded: tuple[Change, ...] = ()
    """What else differs from the state; the apply only writes it into the state."""

    configuration: dict[str, Any] = field(default_factory=dict, repr=False)
    """The root module of the configuration."""

    written: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The resources of the synthesized stack, by type and name; empty where a plan comes without it."""

    provider_accounts: tuple[str, ...] = ()
    """The accounts that its AWS providers are bound to."""

    made: date | None = None
    """The day on which Terraform made it, in UTC; None before Terraform 1.5, which does not say."""

    outputs: tuple[Output, ...] = ()
    checks: tuple[Check, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    invocations: tuple[Invocation, ...] = ()
    ephemeral: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()
    """The resources that are written, and have no instance in the plan."""

    not_known: tuple[str, ...] = ()
    """The fields of the plan format that this release does not know."""

    errored: bool = False
    complete: bool = True
    """Whether nothing is left for a later plan. Default: True, as before Terraform 1.8."""

    applyable: bool | None = None
    """Whether Terraform would apply it; None before Terraform 1.7, which does not say."""

    @property
    def outputs_changed(self) -> int:
        """How many outputs change."""
        return len(self.outputs)

    @cached_property
    def reads(self) -> tuple[Change, ...]:
        """The data sources that only the apply can read."""
        return tuple(c for c in self.changes if c.is_data and c.action is Action.READ)

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

    def kept(self, kind: str) -> tuple[Change, ...]:
        """The old copies of a type that replacements left behind, and the plan deletes."""
        return tuple(change for change in self.changes if change.deposed and change.type == kind)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The accounts that the plan works in, told from its providers and the ARNs of what exists."""
        arns = (
            str(change.before.get("arn") or change.after.get("arn") or "").split(":")
            for change in self.changes
        )
        found = {arn[4] for arn in arns if len(arn) > 4 and arn[4].isdigit()}
        return frozenset(found | {*self.provider_accounts})

    @cached_property
    def _references(self) -> References:
        return References(self.configuration, tuple(self.by_address))

    def referred(self, change: Change, *path: Any) -> tuple[Change, ...]:
        """The resources that an argument of a resource, or of its blocks, refers to.

        Through variables and outputs of modules, and by `each` and `count` to the instance with
        the same key. What stands behind a local value is not known (`is_resolved`).
        """
        found = self._references.of(change.address, *path).addresses
        return tuple(self.by_address[address] for address in found)

    def waits_for(self, change: Change) -> tuple[Change, ...]:
        """The resources that a resource waits for by name, beside those that it refers to."""
        found = self._references.awaited(change.address).addresses
        return tuple(self.by_address[address] for address in found)

    def arguments(self, change: Change) -> frozenset[str] | None:
        """The arguments that the configuration of a resource sets; None where it is not shown."""
        return self._references.arguments(change.address)

    def constant(self, change: Change, argument: str) -> Any:
        """What the configuration sets an argument to; None where it leaves it out.

        Raises LookupError where it is no constant, or the resource is not shown.
        """
        return self._references.constant(change.address, argument)

    def told(self, change: Change, side: Side, argument: str) -> dict[str, Any]:
        """What a resource is on one side; nothing where it is not there.

        An argument of one text that holds an id which only an apply tells is not known as a whole then:
        the synthesized stack has all of it but that, where the plan came with it.
        """
        if not change.exists(side):
            return {}
        values = change.at(side)
        if side == "before" or not change.is_unknown(argument):
            return values
        kind, _, name = change.address.partition(".")
        written = {argument: dig(self.written, kind, name, argument)}
        return {**values, **mask(written)}

    def is_resolved(self, change: Change, *path: Any) -> bool:
        """Whether every reference of an argument could be followed."""
        return self._references.of(change.address, *path).is_whole


def read_plan(
    source: Path | bytes | str,
    name: str | None = None,
    *,
    in_clear: bool = False,
    stack: Mapping[str, Any] | None = None,
) -> Plan:
    """Read what `terraform show -json` printed; raises BadInputError when it is something else.

    Secrets are masked, unless they are wanted `in_clear` by a program that shows none of them. `stack`
    is the synthesized stack that was planned, where it is at hand.
    """
    if isinstance(source, Path):
        name = name or source.name.removesuffix(".json")
        try:
            content = source.read_bytes()
        except OSError as error:
            raise BadInputError(f"{source}: {error.strerror or error}", _HOW_TO_MAKE) from error
    else:
        content = source.encode() if isinstance(source, str) else source
    name = visible(name or "plan")
    if content[:2] == b"PK":
        raise BadInputError(
            f"{name} is a saved plan, not its JSON", "convert it: terraform show -json FILE"
        )
    try:
        shown = strict_json(content)
    except ValueError as error:
        raise BadInputError(f"{name} is not JSON: {error}", _HOW_TO_MAKE) from error
    if not isinstance(shown, dict) or "format_version" not in shown:
        raise BadInputError(f"{name} is JSON, but no Terraform plan", _HOW_TO_MAKE)
    # A plan that failed early holds nothing but that it did.
    if not {"resource_changes", "planned_values", "errored"} & set(shown):
        kind = "a state" if "values" in shown else "no plan"
        raise BadInputError(f"{name} is {kind} in Terraform's JSON", _HOW_TO_MAKE)
    if not _FORMAT.fullmatch(str(shown["format_version"])):
        raise BadInputError(
            f"{name} has format {shown['format_version']}, which is newer than 1.x",
            "a newer Inferform may read it",
        )
    if _SURROGATE.search(content) and not _is_text(shown):
        raise BadInputError(f"{name} holds an incomplete character of UTF-16", _HOW_TO_MAKE)
    with shaped(name):
        plan = _plan(_harmless(shown, in_clear=in_clear), name, in_clear=in_clear)
    return replace(plan, written=(stack or {}).get("resource") or {})


# What nothing is read from.
_UNREAD = frozenset({"planned_values", "prior_state", "variables"})
# The fields that hold addresses, which may have keys of `for_each` in them.
_ADDRESSES = frozenset(
    {"address", "previous_address", "to_display"}
    | {"triggering_resource_address", "calling_resource_address"}
)


def _harmless(shown: dict[str, Any], *, in_clear: bool) -> dict[str, Any]:
    """A plan without characters that act or hide, and without secrets in keys and addresses."""
    known: dict[str, str] = {}

    def label(text: str) -> str:
        if text not in known:
            known[text] = visible(text) if in_clear else mask_text(visible(text))
        return known[text]

    read = {key: None if key in _UNREAD else value for key, value in shown.items()}
    made: dict[str, Any] = harmless(read, label, _ADDRESSES)
    return made


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
    entries = shown.get("resource_changes") or ()
    changes = tuple(read(entry) for entry in entries if entry.get("mode") != "ephemeral")
    configuration = shown.get("configuration") or {}
    drifts = tuple(map(read, shown.get("resource_drift") or ()))
    planned = {change.address: change.attributes for change in changes if change.is_written}
    undone = [_is_undone(drift, planned) for drift in drifts]
    applyable = shown.get("applyable")
    return Plan(
        name=name,
        environment=_tag(changes or drifts, "environment"),
        region=_region(configuration, changes),
        changes=changes,
        drifted=tuple(compress(drifts, undone)),
        recorded=tuple(compress(drifts, map(not_, undone))),
        configuration=configuration.get("root_module") or {},
        provider_accounts=_provider_accounts(configuration),
        made=_day(shown.get("timestamp")),
        outputs=tuple(outputs_of(shown, in_clear=in_clear)),
        checks=tuple(checks_of(shown)),
        deferred=tuple(
            Deferred(read(entry["resource_change"]), reason_of(entry))
            for entry in shown.get("deferred_changes") or ()
        ),
        invocations=tuple(invocations_of(shown)),
        unplanned=tuple(_unplanned(configuration, entries)),
        ephemeral=tuple(dict.fromkeys(ephemeral_of(shown))),
        not_known=tuple(unknown_fields(shown)),
        errored=bool(shown.get("errored")),
        complete=shown.get("complete") is not False,
        applyable=applyable if isinstance(applyable, bool) else None,
    )


def _unplanned(configuration: dict[str, Any], entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    planned = {without_keys(str(entry["address"])) for entry in entries}
    for address in written_in(configuration.get("root_module") or {}):
        # A data source that is read already is not in a plan.
        if address not in planned and not re.search(r"(^|\.)(data|ephemeral)\.", address):
            yield address


def _is_undone(drift: Change, planned: dict[str, set[str]]) -> bool:
    """Whether the plan puts back what was changed outside of Terraform.

    Refreshing also shows what AWS has filled in since the apply, and what somebody else owns.
    """
    put_back = planned.get(drift.address, set())
    return bool(drift.attributes & put_back or (drift.action is Action.DELETE and put_back))


def _change(entry: dict[str, Any], *, in_clear: bool) -> Change:
    change = entry["change"]
    actions = tuple(change["actions"])
    if actions not in _ACTIONS:
        raise ValueError(f"{entry['address']} has the unknown action {'+'.join(actions)}")
    importing = change.get("importing")
    identities = change.get("before_identity"), change.get("after_identity")
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
        replace_paths=tuple(
            tuple(
                mask_text(part) if isinstance(part, str) and not in_clear else part for part in path
            )
            for path in change.get("replace_paths") or ()
        ),
        reason=str(entry.get("action_reason") or "").replace("_", " "),
        moved_from=str(entry.get("previous_address") or ""),
        import_id="" if importing is None else _imported(importing),
        deposed=str(entry.get("deposed") or ""),
        forgets_old=actions == ("create", "forget"),
        generated=bool(change.get("generated_config")),
        new_identity=None not in identities and identities[0] != identities[1],
        judged_before=Unmasked(change.get("before")),
        judged_after=Unmasked(change.get("after")),
    )


def _imported(importing: dict[str, Any]) -> str:
    """The id that a resource is imported by, or the members of its identity."""
    identity = importing.get("identity")
    if isinstance(identity, dict) and not importing.get("id"):
        return ", ".join(f"{key} {value}" for key, value in mask(identity).items())
    return mask_text(str(importing.get("id") or "(known after apply)"))


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
    """A tag that Inferform puts on everything; empty for another project's resources, and where
    the Context names its tags otherwise."""
    for change in changes:
        for values in (change.after, change.before):
            tags = values.get("tags_all")
            if isinstance(tags, dict) and tags.get("managed-by") == "inferform":
                return str(tags.get(name, ""))
    return ""


def _provider_accounts(configuration: dict[str, Any]) -> tuple[str, ...]:
    """The accounts that providers allow alone, or whose role they assume."""
    found: set[str] = set()
    for provider in (configuration.get("provider_config") or {}).values():
        if provider.get("name") != "aws":
            continue
        given = provider.get("expressions") or {}
        found |= {str(each) for each in dig(given, "allowed_account_ids", "constant_value") or ()}
        arn = str(dig(given, "assume_role", "role_arn", "constant_value") or "").split(":")
        found |= {arn[4]} if len(arn) > 4 else set()
    return tuple(sorted(each for each in found if each.isdigit()))


def _day(timestamp: object) -> date | None:
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        return None


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
