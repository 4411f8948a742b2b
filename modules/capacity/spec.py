"""What is asked of reserved EC2 capacity under ECS tasks and EKS pods.

A reservation that Inferform makes is billed from its creation, used or not, until it is deleted. What is
paid in advance and never given back, a Capacity Block, is bought by hand and named here by its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from ..context import Context
from ..rules import Problem, rule
from ..spec import Aws, Between, Check, Matches, Spec, arn_of
from ..usage import Amount
from ..vpc.spec import Network

CPR1 = rule(
    "CPR1",
    refuses="a zone that the Region of the environment does not have",
    message="must be an availability zone of the environment's Region, such as us-east-1a",
    source="Amazon EC2 API reference, CreateCapacityReservation AvailabilityZone",
)
CPR2 = rule(
    "CPR2",
    refuses="a reservation of fewer than 1 or more than 1,000 instances",
    message="must be from {low} to {high} instances",
    source="Amazon EC2 API reference, CreateCapacityReservation InstanceCount (valid range: 1 - 1000)",
)
CPR3 = rule(
    "CPR3",
    refuses="a reservation under instances that cannot be taken from it",
    message="{wrong}; {remedy}",
    source="Amazon EC2 user guide, Capacity Reservations (instance type, platform and zone match; Spot "
    "Instances do not run in them)",
)
CPR4 = rule(
    "CPR4",
    refuses="targeted reservations in several zones for one fleet",
    message="are in {zones}, and a launch template targets one; give each zone a fleet of its own, or "
    'write match="open"',
    source="botocore ec2 CapacityReservationTarget (one id, or one group)",
)
CPR5 = rule(
    "CPR5",
    refuses="a fleet that can start more instances than its targeted reservation has, or fewer than any "
    "has",
    message="{wrong}; {remedy}",
    source="Amazon EC2 user guide, launch instances into a Capacity Reservation (a launch fails where the "
    "targeted one is full); Capacity Reservation pricing (billed whether used or not)",
)
CPR6 = rule(
    "CPR6",
    refuses="a reservation in a zone where the network has no private subnet",
    message="is not among the zones of the network: {zones}",
    source="Amazon EC2 user guide, Capacity Reservations (an instance runs in the reservation's zone)",
)
CPR7 = rule(
    "CPR7",
    refuses="an end that is no day",
    message="must be a day such as 2027-11-30",
    source="Amazon EC2 API reference, CreateCapacityReservation EndDate (ISO 8601)",
)
CPR8 = rule(
    "CPR8",
    refuses="a Capacity Block of an instance type that is not sold in blocks",
    message="is not sold in Capacity Blocks, which are of P4, P5, P6 and Trn instances; use a "
    "CapacityReservation",
    source="Amazon EC2 user guide, Capacity Blocks for ML, supported instance types",
)
CPR9 = rule(
    "CPR9",
    refuses="what is no id of a reservation",
    message="must be the id of a Capacity Reservation, such as cr-0123456789abcdef0",
    source="Amazon EC2 API reference, CapacityReservationTarget (form of the id)",
)
CPR10 = rule(
    "CPR10",
    refuses="a group of reservations in another Region or account",
    message="is of {other}, but the environment is in {here}",
    source="AWS Resource Groups user guide, service configurations for resource groups",
)
CPR11 = rule(
    "CPR11",
    refuses="a reservation of no zone",
    message="must name one availability zone at least, such as {{'us-east-1a': 2}}",
    source="Amazon EC2 API reference, CreateCapacityReservation AvailabilityZone",
)

_DAY = r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_IN_BLOCKS = re.compile(r"(p4d|p4de|p5|p5e|p5en|p6-\w+|p6e-\w+|trn1|trn2\w*)\.")

Zone = Annotated[str, Matches(CPR1, r"[a-z]{2}(-[a-z]+)+-\d[a-z]")]
Reserved = Annotated[int, Between(CPR2, 1, 1000)]
Day = Annotated[str, Matches(CPR7, _DAY)]


class CapacityReservation(Spec):
    """EC2 instances that AWS keeps for a fleet: On-Demand Capacity Reservations, one in each zone.

    They have the fleet's instance type, and cost what such instances cost on demand from the apply
    that makes them until one that deletes them, whether any runs or not. What runs in them costs
    nothing more.
    """

    instances: Annotated[dict[Zone, Reserved], Check(CPR11, bool)]
    """How many, by availability zone: `{"us-east-1a": 2}`."""

    match: Annotated[
        Literal["targeted", "open"],
        Aws("ec2:CreateCapacityReservationRequest.InstanceMatchCriteria"),
    ] = "targeted"
    """Who gets them. `targeted`: this fleet alone, which then runs in that one zone and starts nothing
    beyond them. `open`: any instance of the account with the same type and zone, so that the fleet may
    grow beyond them on demand, and another may take them. Default: targeted."""

    ends_on: Day | None = None
    """The last day, in UTC. AWS then gives the capacity to others; what runs continues, on demand.
    Default: until it is deleted."""

    def check(self) -> Iterator[Problem]:
        """What is targeted is in one zone."""
        if self.match == "targeted" and len(self.instances) > 1:
            yield CPR4.problem("instances", zones=" and ".join(self.zones))

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Its zones are of the Region."""
        for zone in self.zones:
            yield from _zone_problems(context, zone, "instances", zone)

    @property
    def zones(self) -> tuple[str, ...]:
        """Its availability zones, in order."""
        return tuple(sorted(self.instances))

    @property
    def count(self) -> int:
        """How many instances are reserved."""
        return sum(self.instances.values())


class CapacityBlock(Spec):
    """A Capacity Block for ML that somebody bought: accelerated instances of one zone for some days.

    Nothing buys one here: a block is paid in advance and never given back, and what is on offer changes
    by the minute. Its instances end with it; `inferform preflight` asks when that is.
    """

    id: Annotated[
        str,
        Matches(CPR9, r"cr-[0-9a-f]{8,40}"),
        Aws("ec2:CapacityReservationTarget.CapacityReservationId"),
    ]
    """The id of its reservation, such as `cr-0123456789abcdef0`."""

    zone: Zone
    """Its availability zone, the only one in which the fleet can run."""

    instance_count: Annotated[int, Between(CPR2, 1, 1000)]
    """How many instances it has."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Its zone is of the Region."""
        yield from _zone_problems(context, self.zone, "zone")


class ReservationGroup(Spec):
    """A group of Capacity Reservations that somebody else made, of any zones and types."""

    arn: Annotated[
        str,
        arn_of(
            "resource-groups",
            "arn:aws:resource-groups:us-east-1:111122223333:group/gpus",
            r"group/[a-zA-Z0-9_.-]{1,300}",
        ),
        Aws("ec2:CapacityReservationTarget.CapacityReservationResourceGroupArn"),
    ]
    """The ARN of the resource group. Where it is full, EC2 starts instances on demand."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """It is of the environment's Region and account."""
        region, account = self.arn.split(":")[3:5]
        if (region, account) != (context.region, context.account):
            yield CPR10.problem(
                "arn",
                got=self.arn,
                other=f"{region} and account {account}",
                here=f"{context.region} and account {context.account}",
            )


Reservation = CapacityReservation | CapacityBlock | ReservationGroup
"""Where the instances of a fleet are kept for it."""


def _zone_problems(context: Context, zone: str, *path: str) -> Iterator[Problem]:
    if not zone.startswith(context.region) or len(zone) != len(context.region) + 1:
        yield CPR1.problem(*path, got=zone)


def fleet_problems(
    reservation: Reservation | None, types: Sequence[str], maximum: int, *, spot: bool
) -> Iterator[Problem]:
    """What is wrong with a reservation for a fleet of some types and of at most `maximum` instances.

    `spot` is whether Spot instances would have to come from it.
    """
    if reservation is None:
        return
    if spot:
        wrong = "is for instances on demand, and these or some are Spot"
        yield CPR3.problem(wrong=wrong, remedy="start some on demand, or leave it out")
    if isinstance(reservation, ReservationGroup):
        return
    if len(types) > 1:
        wrong = f"is of one instance type, and the fleet has {' and '.join(types)}"
        yield CPR3.problem(wrong=wrong, remedy="name one, or a ReservationGroup of several")
    if isinstance(reservation, CapacityBlock):
        if types and not _IN_BLOCKS.match(types[0]):
            yield CPR8.problem(got=types[0])
        count, held = reservation.instance_count, True
    else:
        count, held = reservation.count, reservation.match == "targeted"
    if held and maximum > count:
        wrong = f"has {count} instances, and the fleet may start {maximum}, which then fail"
        yield CPR5.problem(wrong=wrong, remedy="reserve as many, or lower the fleet's maximum")
    elif isinstance(reservation, CapacityReservation) and count > maximum:
        wrong = (
            f"has {count} instances, and the fleet starts {maximum} at most: the others are billed "
        )
        wrong += "and never used"
        yield CPR5.problem(wrong=wrong, remedy="reserve fewer, or raise the fleet's maximum")


def network_problems(
    reservation: Reservation | None, network: object, region: str
) -> Iterator[Problem]:
    """Zones of a reservation in which a network of the environment has no private subnet."""
    if not isinstance(network, Network):
        return
    known = network.zones(region)
    for zone in zones_of(reservation):
        if zone not in known:
            yield CPR6.problem(got=zone, zones=", ".join(known))


def zones_of(reservation: Reservation | None) -> tuple[str, ...]:
    """The zones of a reservation, as far as they are known."""
    if isinstance(reservation, CapacityReservation):
        return reservation.zones
    return (reservation.zone,) if isinstance(reservation, CapacityBlock) else ()


def is_open(reservation: Reservation | None) -> bool:
    """Whether a fleet takes what is reserved as any other does, and may go without."""
    return isinstance(reservation, CapacityReservation) and reservation.match == "open"


def zone_of(reservation: Reservation | None) -> str | None:
    """The only zone in which a fleet with the reservation can run; None for all of the network's."""
    if is_open(reservation):
        return None
    return next(iter(zones_of(reservation)), None)


def paid_for(reservation: Reservation | None, running: Amount) -> Amount:
    """How many instances are paid for where so many run: those reserved at least."""
    if not isinstance(reservation, CapacityReservation):
        return running
    count = float(reservation.count)
    return Amount(
        max(running.minimum, count), max(running.expected, count), max(running.maximum, count)
    )


def price_key(reservation: Reservation | None) -> str:
    """What stands before an instance type in the key of its price."""
    return "ec2-block" if isinstance(reservation, CapacityBlock) else "ec2"
