"""What runs: each service of an environment as its file has it, and as states and AWS tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from inferform import Environment
from inferform.service import Deployed, Service
from inferform.usage import Amount

from .advice import explained
from .aws import Aws
from .cost.model import Estimate, dollars, rounded
from .cost.prices import PriceTable, price_table
from .cost.specs import owned
from .errors import OperatorError
from .kinds.record import Now
from .releases import deployed, written
from .rollback import verifier_in
from .state import NOT_KNOWN, State, States


@dataclass(frozen=True, slots=True)
class Seen:
    """What states and AWS tell of a service."""

    is_deployed: bool
    """Whether the state of its layer has it."""

    version: str | None = None
    """The version that the state holds; None where that is not told."""

    now: Now = field(default_factory=Now)
    changed: datetime | None = None
    """When the state of its layer was last written."""

    by: str | None = None
    """Who wrote it, as Terraform calls them."""

    why: str = ""
    """Why something of it is not known."""


@dataclass(frozen=True, slots=True)
class Row:
    """One service."""

    service: Deployed
    version: str
    """The version in the file; empty where nothing of it is versioned."""

    owner: str
    cost: Estimate
    """What it costs a month by the Specs."""

    seen: Seen | None = None
    """None where nobody looked."""

    @property
    def copies(self) -> Amount | None:
        """How many instances, tasks or pods it may have."""
        return self.service.spec.copies()

    @property
    def money(self) -> str:
        """Its cost in a word: `$84`, `$84 + use`, `by use`, `at least $84`."""
        if not self.cost.lines:
            return "nothing of its own"
        holes = any(line.is_hole for line in self.cost.lines)
        if not self.cost.priced:
            return NOT_KNOWN if holes else "by use"
        total = dollars(self.cost.total.expected)
        by_use = any(line.monthly is None and not line.is_hole for line in self.cost.lines)
        return f"at least {total}" if holes else f"{total} + use" if by_use else total

    @property
    def running(self) -> str:
        """The version that is deployed, with the one of the file where that differs."""
        told = self.seen.version if self.seen else None
        if told is None or told == self.version:
            return self.version or "none"
        return f"{told} (file: {self.version or 'none'})"

    @property
    def status(self) -> str:
        """AWS's word, or what else is known."""
        if self.seen is None:
            return NOT_KNOWN
        if not self.seen.is_deployed:
            return NOT_KNOWN if self.seen.why else "not deployed"
        return self.seen.now.status or NOT_KNOWN

    @property
    def instances(self) -> str:
        """How many run, and between which bounds."""
        bounds = self.copies
        between = "" if bounds is None else spanned(bounds)
        now = self.seen.now.copies if self.seen else None
        if now is None:
            return between or "none"
        return f"{now} ({between})" if between else str(now)

    @property
    def traffic(self) -> str:
        """The shares of its variants: those of AWS, else those of the file."""
        shares = (self.seen.now.shares if self.seen else None) or self.service.spec.shares()
        return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())

    @property
    def changed(self) -> str:
        """When the state of its layer was last written."""
        if self.seen is None or self.seen.changed is None:
            return NOT_KNOWN
        return f"{self.seen.changed:%Y-%m-%d %H:%M}"

    @property
    def by(self) -> str:
        """Who wrote it."""
        return (self.seen.by if self.seen else None) or NOT_KNOWN

    def as_dict(self) -> dict[str, Any]:
        """The service for machines; null is not known, or does not apply."""
        seen, bounds = self.seen, self.copies
        return {
            "environment": self.service.place.environment.key,
            "service": self.service.full_name,
            "kind": self.service.spec.words,
            "layer": self.service.place.layer,
            "version": self.version or None,
            "deployed": seen.is_deployed if seen and not seen.why else None,
            "deployed_version": seen.version if seen else None,
            "status": seen.now.status if seen else None,
            "instances": seen.now.copies if seen else None,
            "instances_min": int(bounds.minimum) if bounds else None,
            "instances_max": int(bounds.maximum) if bounds else None,
            "traffic": dict((seen.now.shares if seen else None) or self.service.spec.shares()),
            "rollout": self.service.spec.rolled_out or None,
            "usd_per_month": rounded(self.cost.total) if self.cost.priced else None,
            "not_in_the_sum": self.cost.left_out or None,
            "changed": seen.changed.isoformat() if seen and seen.changed else None,
            "by": seen.by if seen else None,
            "owner": self.owner,
            "why_not_known": (seen.why or None) if seen else "AWS was not asked",
        }


def spanned(amount: Amount) -> str:
    """`2`, or `1-4`."""
    low, high = amount.minimum, amount.maximum
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def rows(environment: Environment, table: PriceTable | None = None) -> list[Row]:
    """The services of an environment, from its Specs alone."""
    uses: dict[int, list[Any]] = {}
    for each in owned(environment):
        if isinstance(each.spec, Service):
            uses.setdefault(id(each.spec), []).append(each.usage)
    table = table or price_table()
    region, owner = environment.context.region, environment.context.owner
    return [
        Row(
            each,
            written(each),
            owner,
            table.estimate(region, uses.get(id(each.spec), [])),
        )
        for each in environment.deployed
    ]


def with_seen(listed: Sequence[Row], aws: Aws) -> list[Row]:
    """The same rows of one environment with what its states and AWS tell.

    What cannot be read of one service does not hide the others. Raises OperatorError where the states
    cannot be read at all.
    """
    if not listed:
        return []
    aws.require_credentials()  # once, before threads would each do it
    states = States(aws)
    layers = list(dict.fromkeys(row.service.place.layer for row in listed))
    with ThreadPoolExecutor(max_workers=8) as pool:
        held = dict(zip(layers, pool.map(lambda layer: _held(states, layer), layers), strict=True))
        return list(pool.map(lambda row: replace(row, seen=_seen(row, aws, held)), listed))


def _held(states: States, layer: str) -> tuple[State | None, str | None]:
    """The state of a layer, and who wrote it."""
    state = states.read(layer)
    lock = states.writer(layer, state.changed) if state else None
    return state, lock.who if lock else None


def _seen(row: Row, aws: Aws, held: dict[str, tuple[State | None, str | None]]) -> Seen:
    service = row.service
    state, by = held[service.place.layer]
    if state is None:
        return Seen(is_deployed=False)
    known = Seen(is_deployed=False, changed=state.changed, by=by)
    try:
        verifier = verifier_in(service, aws, state)
        if verifier is None:
            return known
        version = deployed(service, aws, state)
        with explained(service.place.environment.context):
            return replace(known, is_deployed=True, now=verifier.now(), version=version)
    except OperatorError as error:
        return replace(known, why=str(error), version=deployed(service, aws, state))


@dataclass(frozen=True, slots=True)
class Differing:
    """A service whose version differs between two environments."""

    service: str
    one: str | None
    """None where the environment does not have it."""

    other: str | None

    def as_dict(self) -> dict[str, object]:
        """It for machines."""
        return {"service": self.service, "one": self.one, "other": self.other}


def difference(one: Iterable[Row], other: Iterable[Row]) -> list[Differing]:
    """The services whose versions differ, and those that only one environment has."""
    before, after = ({each.service.full_name: each for each in rows} for rows in (one, other))
    return [
        made
        for name in dict.fromkeys([*before, *after])
        if (made := Differing(name, _told(before.get(name)), _told(after.get(name)))).one
        != made.other
    ]


def _told(row: Row | None) -> str | None:
    if row is None:
        return None
    if row.seen is None:
        return row.version or "none"
    if not row.seen.is_deployed:
        return "not deployed"
    return row.seen.version or NOT_KNOWN


def unknown(listed: Iterable[Row]) -> Iterator[str]:
    """Why something of a service is not known, once each."""
    yield from dict.fromkeys(
        f"{row.service.full_name}: {row.seen.why}" for row in listed if row.seen and row.seen.why
    )


def described(row: Row) -> list[tuple[str, str]]:
    """What is known of a service, for people: each fact with its name."""
    spec, place = row.service.spec, row.service.place
    facts = [
        ("kind", spec.words),
        ("environment", place.environment.key),
        ("layer", place.layer),
        ("owner", row.owner),
        ("version", row.running),
        ("status", row.status),
        ("instances", row.instances),
        ("traffic", row.traffic),
        ("rollout", spec.rolled_out),
        ("a month", ", ".join(filter(None, [row.money, row.cost.left_out]))),
        ("last deploy", row.changed if row.changed == NOT_KNOWN else f"{row.changed} UTC"),
        ("by", row.by),
    ]
    return [(name, text) for name, text in facts if text]
