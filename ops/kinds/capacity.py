"""Reserved EC2 capacity, and what is bought and never given back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform import CapacityBlock
from inferform.spec import walk
from inferform.usage import Usage, exactly

from ..aws import Aws
from ..checks import CONFIGURATION, check
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import RiskRule, Severity, Story
from .finding import filters, given, pairs
from .reasons import resource
from .record import Existing, Finding, Foreign, Found, Not, Values, Verifier, risk
from .risks import CAP1, bought, gone
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .words import PAST, arrow

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import CapacityReservationTypeDef

RESERVATION = "aws_ec2_capacity_reservation"

BLOCK = check(
    "PRE60",
    "Capacity Block",
    command="preflight",
    why="instances of a Capacity Block start while it runs, in its zone and of its type alone; its end "
    "terminates them",
    fix="name a block that runs or is to begin, with its own zone, type and number of instances",
    source="Amazon EC2 user guide, Capacity Blocks for ML",
)
_SOON = timedelta(days=7)
_USABLE = ("active", "scheduled")


def reserved_for(plan: Plan, change: Change, templates: Sequence[Change], side: Side) -> float:
    """How many instances are reserved for a fleet: by what its launch templates target, or by what it
    waits for."""
    found = {
        each.address: each
        for each in (
            *plan.waits_for(change),
            *(
                referred
                for template in templates
                for referred in plan.referred(template, "capacity_reservation_specification")
            ),
        )
        if each.type == RESERVATION and each.exists(side)
    }
    return sum(number(each.at(side).get("instance_count"), 0) for each in found.values())


def of_block(templates: Sequence[Change], side: Side) -> bool:
    """Whether launch templates start instances of a Capacity Block."""
    return any(
        dig(each.at(side), "instance_market_options", "market_type") == "capacity-block"
        for each in templates
    )


# Recover


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    wanted = filters(
        {
            "availability-zone": given(values, "availability_zone"),
            "instance-type": given(values, "instance_type"),
            "state": "active",
            "tag:Name": given(values.get("tags") or {}, "Name"),
        }
    )
    pages = aws.client("ec2").get_paginator("describe_capacity_reservations")
    for page in pages.paginate(Filters=wanted):
        for each in page["CapacityReservations"]:
            yield Existing(each["CapacityReservationId"], pairs(each.get("Tags", [])))


# Cost


def _reserved(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Every instance, whether one runs in it or not."""
    values = change.at(side)
    name = dig(values, "tags", "Name") or change.name
    if hidden(change, "instance_count", side=side) or not values.get("instance_type"):
        same = change.action in (Action.NONE, Action.FORGET)
        yield not_told(f"capacity of {name}", str(name), side, same=same)
        return
    count = number(values.get("instance_count"), 0)
    yield Usage(str(name), f"{_sold_as(values)}/{values['instance_type']}", exactly(count))


def _sold_as(values: Values) -> str:
    """How its price key begins: another one than Linux's on shared hardware is not known."""
    if values.get("tenancy") == "dedicated":
        return "ec2-dedicated"
    system = str(values.get("instance_platform"))
    if "Windows" in system:
        return "ec2-windows"
    return "ec2" if system in ("Linux/UNIX", "None") else "ec2-licensed"


# Review


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    if not change.is_shown:
        return
    counts, kinds, zones = (
        [str(each or "") for each in change.both(argument)]
        for argument in ("instance_count", "instance_type", "availability_zone")
    )
    facts = (
        ("instances", arrow(*counts)),
        ("instance type", arrow(*kinds)),
        ("zone", arrow(*zones)),
        ("match", str(change.after.get("instance_match_criteria") or "")),
        ("until", str(change.after.get("end_date") or "it is deleted")),
    )
    side: Side = "before" if change.action is Action.DELETE else "after"
    name = str(dig(change.at(side), "tags", "Name") or change.name)
    yield Story(
        kind="capacity reservation",
        name=name,
        address=change.address,
        action=change.action.value,
        headline=f"{name} is {PAST[change.action]}: it is billed whether anything runs in it or not"
        if change.exists_after
        else f"{name} is {PAST[change.action]}: what runs in it continues, on demand",
        facts=tuple(fact for fact in facts if fact[1]) if change.exists_after else (),
    )


@risk(
    RiskRule(
        "CAP6",
        Severity.HIGH,
        "reserved capacity is given back",
        advice="AWS may not have it again: make the new reservation first, and see that what runs needs "
        "it no more",
    )
)
def _given_back(plan: Plan, change: Change) -> Iterator[Found]:
    if said := gone(change):
        # What is made first takes its place.
        yield said, Severity.MEDIUM if change.created_first else Severity.HIGH


@risk(CAP1)
def _fewer(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("instance_count")
    if change.action is Action.UPDATE and number(after, 0) < number(before, 0):
        yield f"reserves {after} instances instead of {before}", Severity.MEDIUM


# Preflight


def targeted(synthesis: Synthesis, templates: Sequence[Resource]) -> Iterator[Finding]:
    """Capacity Blocks that launch templates name run, and are what the Specs say."""
    blocks = {
        spec.id: spec for _, spec in walk(synthesis.environment) if isinstance(spec, CapacityBlock)
    }
    for template in templates:
        specification = _one(template.values.get("capacity_reservation_specification"))
        target = _one(specification.get("capacity_reservation_target"))
        block = blocks.get(str(target.get("capacity_reservation_id")))
        if block is not None:
            kind = str(template.values.get("instance_type"))
            yield _block(synthesis.aws, block, kind)


def _one(value: Any) -> Mapping[str, Any]:
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, Mapping) else {}


def _block(aws: Aws, block: CapacityBlock, kind: str) -> Finding:
    try:
        (found,) = aws.client("ec2").describe_capacity_reservations(
            CapacityReservationIds=[block.id]
        )["CapacityReservations"]
    except ClientError as error:
        if "NotFound" not in error.response["Error"]["Code"]:
            raise
        return Finding(BLOCK, block.id, "failed", "does not exist", "check its id and Region")
    wrong = [*_unusable(found, block, kind)]
    if wrong:
        return Finding(BLOCK, block.id, "failed", "; ".join(wrong), BLOCK.fix)
    ends, now = found.get("EndDate"), datetime.now(UTC)
    said = f"is {found['State']}" + (f" until {ends:%Y-%m-%d %H:%M} UTC" if ends else "")
    if ends is not None and ends - now <= _SOON:
        fix = "move what it serves before it ends: its instances are terminated"
        return Finding(BLOCK, block.id, "skipped", f"{said}, in less than 7 days", fix)
    return Finding(BLOCK, block.id, "passed", said)


def _unusable(found: CapacityReservationTypeDef, block: CapacityBlock, kind: str) -> Iterator[str]:
    """Why a fleet gets no instances, or too few, from a block."""
    if found["State"] not in _USABLE:
        yield f"is {found['State']}"
        return
    if found.get("ReservationType") != "capacity-block":
        yield "is a Capacity Reservation, and no Capacity Block"
    for what, is_, wanted in (
        ("instances", found["TotalInstanceCount"], block.instance_count),
        ("type", found["InstanceType"], kind),
        ("zone", found["AvailabilityZone"], block.zone),
    ):
        if is_ != wanted:
            yield f"has the {what} {is_}, and the environment says {wanted}"


# Verify


class _Reservation(Verifier):
    """Whether it holds what the state says."""

    @property
    def name(self) -> str:
        """The value of its tag Name, or its id."""
        return str(dig(self.values, "tags", "Name") or self.values.get("id"))

    def served(self) -> Iterator[str]:
        """It runs nothing by itself."""
        return iter(())

    def findings(self) -> Iterator[Finding]:
        """One finding."""
        try:
            (found,) = self.run.aws.client("ec2").describe_capacity_reservations(
                CapacityReservationIds=[str(self.values["id"])]
            )["CapacityReservations"]
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        wanted, state = int(self.values["instance_count"]), found["State"]
        if state not in _USABLE:
            fix = "make another one, or leave the reservation out; what runs there is on demand now"
            yield self.finding(CONFIGURATION, "failed", f"is {state}", fix)
        elif found["TotalInstanceCount"] != wanted:
            said = f"has {found['TotalInstanceCount']} instances, but the state says {wanted}"
            yield self.finding(CONFIGURATION, "failed", said, "deploy again")
        else:
            used = wanted - found["AvailableInstanceCount"]
            said = f"is {state}, with {wanted} instances, of which {used} run"
            yield self.finding(CONFIGURATION, "passed", said)


KINDS = (
    resource(
        RESERVATION,
        "capacity reservation",
        _find,
        name=Not("it has an id alone, which AWS gives"),
        uses=_reserved,
        quotas=Not("the fleet that it is for counts, which may start as many at least"),
        preflight=Not(
            "only an apply finds out whether AWS has the capacity; then nothing is reserved"
        ),
        story=_story,
        risks=(_given_back, _fewer),
        verify=_Reservation,
    ),
)

FOREIGN = (
    Foreign(
        "aws_ec2_capacity_block_reservation",
        "Capacity Block",
        uses=Not("it is paid in advance, at a price that an offering has"),
        risks=(bought("a Capacity Block, which is paid in advance and never given back"),),
    ),
    Foreign(
        "aws_savingsplans_savings_plan",
        "Savings Plan",
        uses=Not("it is a price, and no use"),
        risks=(bought("a Savings Plan, which is paid for to the end of its term"),),
    ),
)

UNLISTED_PRICES = {
    r"ec2-block/.+": "a Capacity Block is paid in advance, at a price of its own for each offering",
}
