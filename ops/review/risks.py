"""Risks: what in a plan can hurt, why, and what to do. Each rule has an id that does not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..cost.model import dollars
from ..kinds import known, made_of_records
from ..kinds.ground import cut
from ..kinds.record import Foreign, Found, Kind, Not, RiskCheck, risk
from ..kinds.risks import SEC1, SEC2, gone
from ..kinds.untold import NOT_TOLD
from ..plan import Action, Change, Plan
from ..team import own_rules, risks_of
from ..told import Risk, RiskRule, Severity

COST_RAISE_USD = 500
"""A monthly cost that grows by more than this is a risk; by ten times as much, a high one."""

COST = RiskRule(
    "COST1",
    Severity.MEDIUM,
    f"the monthly cost may grow by more than ${COST_RAISE_USD:,}",
    "check the budget; lower the maximum capacity or choose smaller instances if it is not meant",
)
"""Found where plans are priced together, as one plan alone does not show an environment's cost."""

HOLE = RiskRule(
    "COST2",
    Severity.MEDIUM,
    "what the plan changes has no known price",
    "look up what it costs; a price key goes into prices.json beside cdktf.json, or is fetched with "
    "inferform prices update, and what is named by its type is in no sum",
)


RUNS = RiskRule(
    "COST3",
    Severity.MEDIUM,
    f"what runs by itself may spend ${COST_RAISE_USD:,} a month more",
    "lower max_runtime_seconds to what a run takes, choose a smaller instance, or start it less often",
)
"""Found where runs are priced, as no resource of a plan shows its price."""


def hole_risk(
    environment: str,
    holes: Mapping[str, tuple[str, ...]],
    untold: Mapping[str, int] = MappingProxyType({}),
) -> Risk | None:
    """The risk of services that change and of which a part has no price, before or after, and of
    resources that change of types without prices: `untold` has how many of each."""
    named = [
        f"{service}: {', '.join(priceless)}"
        for service, keys in holes.items()
        # What only the apply tells is no missing price; the notes on cost name it.
        if (priceless := [key for key in keys if not key.startswith(NOT_TOLD)])
    ]
    named += [f"{kind} ({count})" for kind, count in untold.items()]
    if not named:
        return None
    said = "; ".join(named[:6])
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    reason = f"changes what has no price, so its cost is not known: {said}{more}"
    return Risk(HOLE, environment, reason, HOLE.severity, environment=environment)


def cost_risk(environment: str, expected: float, maximum: float) -> Risk | None:
    """The risk of what an environment's plans add a month, in USD."""
    most = max(expected, maximum)
    if most <= COST_RAISE_USD:
        return None
    severity = Severity.HIGH if most > 10 * COST_RAISE_USD else Severity.MEDIUM
    reason = f"costs {dollars(expected, signed=True)} as expected, {dollars(maximum, signed=True)} at most"
    return Risk(COST, environment, reason, severity, environment=environment)


@made_of_records
def risk_rules() -> Mapping[str, RiskRule]:
    """Every rule by its id. Raises ValueError where two have the same id."""
    own = [COST, HOLE, RUNS, PLAN1, PLAN2, SEC1, *(check.rule for check in _ANY)]
    held = (record.risks for record in known().values())
    of_types = [check.rule for risks in held if not isinstance(risks, Not) for check in risks]
    found: dict[str, RiskRule] = {}
    for rule in (*own, *of_types, *(each.rule for each in own_rules())):
        if found.setdefault(rule.id, rule) != rule:
            raise ValueError(f"risk {rule.id} is defined twice")
    return MappingProxyType(dict(sorted(found.items())))


def find_risks(plan: Plan) -> list[Risk]:
    """Every risk of a plan, the worst first."""
    found: list[Risk] = []
    for kind, record in known().items():
        for change in plan.of_type(kind):
            found += _of(plan, change, record)
    for change in plan.changes:
        for check in _ANY:
            found += _holding(check, plan, change)
    found += risks_of(plan)
    return sorted(found, key=lambda item: (-item.severity, item.rule.id, item.address))


def _of(plan: Plan, change: Change, record: Kind | Foreign) -> Iterator[Risk]:
    """The risks that a record knows of a change."""
    how = gone(change)
    if how and record.outage:
        yield Risk(PLAN1, change.address, how, PLAN1.severity)
    if how and record.holds_data:
        yield Risk(PLAN2, change.address, how, PLAN2.severity)
    settings = {} if isinstance(record.settings, Not) else record.settings
    for attribute, words in settings.items():
        before, after = change.both(attribute)
        unknown = change.is_unknown(attribute)
        if change.exists_after and _is_on(before) and not _is_on(after) and not unknown:
            yield Risk(SEC1, change.address, f"turns off {words}", SEC1.severity)
    for check in () if isinstance(record.risks, Not) else record.risks:
        yield from _holding(check, plan, change)


def _is_on(value: Any) -> bool:
    """Whether a setting has an effect: a block may be there and say that it has none."""
    if isinstance(value, list):
        return any(map(_is_on, value))
    if isinstance(value, dict):
        switches = [value[name] for name in _SWITCHES if name in value]
        return value.get("level") != "OFF" and all(each is not False for each in switches)
    return bool(value)


_SWITCHES = ("enabled", "enable_capture", "scan_on_push")


def _holding(check: RiskCheck, plan: Plan, change: Change) -> Iterator[Risk]:
    for found in check.find(plan, change):
        reason, severity = (found, check.rule.severity) if isinstance(found, str) else found
        yield Risk(check.rule, change.address, reason, severity)


PLAN1 = RiskRule(
    "PLAN1",
    Severity.CRITICAL,
    "a service is replaced or deleted: an outage",
    advice="keep its name and the settings that force the replacement, or run the new one beside "
    "it, move the callers, and delete the old one in a second change",
)
PLAN2 = RiskRule(
    "PLAN2",
    Severity.CRITICAL,
    "a resource that holds data is deleted or replaced",
    advice="check that its content is not needed or is copied; take it out of Terraform with "
    "terraform state rm to keep it",
)
STATE1 = RiskRule(
    "STATE1",
    Severity.MEDIUM,
    "Terraform stops managing a resource",
    advice="make sure that something else manages it, or it stays and costs on",
)


@risk(STATE1)
def _forgotten(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action is Action.FORGET:
        yield "is forgotten and continues to exist"


_PROTECTIONS = (
    "deletion_protection",
    "enable_deletion_protection",
    "deletion_protection_enabled",
    "disable_api_termination",
    "termination_protection",
)


@risk(SEC2)
def _unprotected(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action in (Action.UPDATE, Action.REPLACE):
        for attribute in _PROTECTIONS:
            before, after = change.both(attribute)
            if before is True and after is not True and not change.is_unknown(attribute):
                yield f"sets {attribute} to false"


_ANY = (_forgotten, _unprotected, cut)
"""The risks of resources of every type, known or not."""
