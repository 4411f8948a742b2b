"""What a plan holds beside the changes of resources: outputs, checks, actions, unknown fields.

The format is https://developer.hashicorp.com/terraform/internals/json-format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .masking import mask, mask_text


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the root module that changes. `before` and `after` hold no secrets."""

    name: str
    action: str
    before: Any
    after: Any
    unknown: bool = False
    """Whether the new value, or a part of it, is known only after the apply."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check block, or a condition of a resource, output or variable, that does not hold."""

    address: str
    status: str
    """`fail`, `error`, or `unknown` where only the apply will tell."""

    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invocation:
    """An action of a provider that the apply invokes."""

    address: str
    trigger: str
    """What invokes it, in words."""

    deferred: str = ""
    """Why it is left for a later plan; empty where it is not."""


_PLAN = frozenset(
    {
        *("format_version", "terraform_version", "timestamp", "variables", "planned_values"),
        *("resource_drift", "resource_changes", "deferred_changes", "output_changes"),
        *("action_invocations", "deferred_action_invocations", "prior_state", "configuration"),
        *("relevant_attributes", "checks", "applyable", "complete", "errored"),
        # Of Terraform before 1.0.
        "proposed_unknown",
    }
)
_RESOURCE = frozenset(
    {
        *("address", "previous_address", "module_address", "mode", "type", "name", "index"),
        *("index_unknown", "provider_name", "deposed", "change", "action_reason"),
    }
)
_CHANGE = frozenset(
    {
        *("actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive"),
        *("replace_paths", "importing", "generated_config", "before_identity", "after_identity"),
    }
)
_IMPORTING = frozenset({"id", "unknown", "identity"})
_MODES = frozenset({"managed", "data", "ephemeral"})

_REASONS = {
    "instance_count_unknown": "how many instances there are is not known yet",
    "resource_config_unknown": "a part of its configuration is not known yet",
    "provider_config_unknown": "the configuration of its provider is not known yet",
    "deferred_prereq": "what it depends on is deferred",
    "absent_prereq": "what it depends on is not there yet",
    "excluded": "it is excluded from this plan",
    "not_included": "this plan does not include it",
    "unknown": "Terraform does not say why",
}


def reason_of(entry: Mapping[str, Any]) -> str:
    """Why something is deferred, in words."""
    reason = str(entry.get("reason") or "unknown")
    return _REASONS.get(reason, reason.replace("_", " "))


def outputs_of(shown: Mapping[str, Any], *, in_clear: bool) -> Iterator[Output]:
    """The outputs that change, by their names."""
    for name, entry in sorted((shown.get("output_changes") or {}).items()):
        actions = entry.get("actions")
        if actions in (["no-op"], None):
            continue
        before, after = (
            entry.get(side)
            if in_clear
            # With its name, as for an attribute: it may tell a secret that nobody has marked.
            else mask({name: entry.get(side)}, {name: entry.get(f"{side}_sensitive")})[name]
            for side in ("before", "after")
        )
        unknown = _any(entry.get("after_unknown"))
        yield Output(str(name), "+".join(map(str, actions)), before, after, unknown)


def _any(marks: Any) -> bool:
    if isinstance(marks, dict | list):
        return any(map(_any, marks.values() if isinstance(marks, dict) else marks))
    return marks is True


def checks_of(shown: Mapping[str, Any]) -> Iterator[Check]:
    """The checks that do not hold, or of which only the apply will tell."""
    for entry in shown.get("checks") or ():
        for found in entry.get("instances") or (entry,):
            status = str(found.get("status"))
            if status == "pass":
                continue
            problems = found.get("problems") or ()
            messages = tuple(mask_text(str(problem.get("message", ""))) for problem in problems)
            yield Check(str(found["address"].get("to_display", "")), status, messages)


def invocations_of(shown: Mapping[str, Any]) -> Iterator[Invocation]:
    """The actions that the apply invokes, and those left for later."""
    for entry in shown.get("action_invocations") or ():
        yield _invocation(entry)
    for entry in shown.get("deferred_action_invocations") or ():
        yield _invocation(entry["action_invocation"], reason_of(entry))


def _invocation(entry: Mapping[str, Any], deferred: str = "") -> Invocation:
    lifecycle = entry.get("lifecycle_action_trigger")
    if lifecycle:
        event = str(lifecycle.get("action_trigger_event") or "an event")
        # Terraform writes `AfterCreate`.
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in event).strip()
        trigger = f"{words} of {lifecycle.get('triggering_resource_address')}"
    elif isinstance(entry.get("invoke_action_trigger"), dict):
        caller = entry["invoke_action_trigger"].get("calling_resource_address")
        trigger = f"by request for {caller}" if caller else "by request"
    else:
        trigger = "by a trigger that this review does not know"
    return Invocation(str(entry["address"]), trigger, deferred)


def ephemeral_of(shown: Mapping[str, Any]) -> Iterator[str]:
    """The ephemeral resources, which are opened again by plan and apply and kept nowhere."""
    for entry in shown.get("resource_changes") or ():
        if entry.get("mode") == "ephemeral":
            yield str(entry["address"])
    configuration = shown.get("configuration") or {}
    yield from _ephemeral_in(configuration.get("root_module") or {}, "")


def _ephemeral_in(module: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for resource in module.get("resources") or ():
        if resource.get("mode") == "ephemeral":
            yield f"{prefix}{resource['address']}"
    for name, call in (module.get("module_calls") or {}).items():
        yield from _ephemeral_in(call.get("module") or {}, f"{prefix}module.{name}.")


def unknown_fields(shown: Mapping[str, Any]) -> Iterator[str]:
    """Each field of the plan format that is not known here, with where it stands."""
    for name in sorted(set(shown) - _PLAN):
        yield f'"{name}" of the plan'
    found: dict[str, list[str]] = {}
    for where, what in (*_unknown_of_resources(shown), *_unknown_of_outputs(shown)):
        found.setdefault(what, []).append(where)
    for what, places in found.items():
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        yield f"{what}: {', '.join(places[:3])}{more}"


def _unknown_of_resources(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in _resource_changes(shown):
        where = str(entry.get("address"))
        change = entry.get("change") or {}
        for values, known, prefix in (
            (entry, _RESOURCE, ""),
            (change, _CHANGE, "change."),
            (change.get("importing") or {}, _IMPORTING, "change.importing."),
        ):
            for name in sorted(set(values) - known):
                yield where, f'"{prefix}{name}" of a resource\'s change'
        if entry.get("mode", "managed") not in _MODES:
            yield where, f'the mode "{entry["mode"]}" of a resource'


def _unknown_of_outputs(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for output, entry in (shown.get("output_changes") or {}).items():
        for name in sorted(set(entry) - _CHANGE):
            yield str(output), f'"{name}" of an output\'s change'


def _resource_changes(shown: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from shown.get("resource_changes") or ()
    yield from shown.get("resource_drift") or ()
    for entry in shown.get("deferred_changes") or ():
        yield entry["resource_change"]
