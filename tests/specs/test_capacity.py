"""What is refused of reserved capacity, and what is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    CapacityBlock,
    CapacityReservation,
    Context,
    Ec2Capacity,
    EcsCluster,
    EksCluster,
    Environment,
    Network,
    NodeGroup,
    NodeGroups,
    NodeLaunch,
    OwnTemplate,
    Registry,
    ReservationGroup,
)
from inferform.spec import collecting, problems_of

DEV = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/gpus"


def kept(count: int = 2, **fields: Any) -> CapacityReservation:
    return CapacityReservation(**{"instances": {"us-east-1a": count}, **fields})


def block(**fields: Any) -> CapacityBlock:
    given = {"id": "cr-0123456789abcdef0", "zone": "us-east-1a", "instance_count": 2}
    return CapacityBlock(**{**given, **fields})


def nodes(reservation: Any, **fields: Any) -> NodeGroup:
    given = {"instance_types": ["g6.xlarge"], "max_size": 2, "reservation": reservation}
    return NodeGroup(**{**given, **fields})


def capacity(reservation: Any, **fields: Any) -> Ec2Capacity:
    given = {"instance_types": ["g6.xlarge"], "max_instances": 2, "reservation": reservation}
    return Ec2Capacity(**{**given, **fields})


def rules(make: Callable[[], Any]) -> list[str]:
    with collecting():
        return [problem.rule for problem in problems_of(make())]


P5 = {"instance_types": ["p5.48xlarge"]}
OPEN = {"us-east-1a": 1, "us-east-1b": 1}


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: kept(1), []),
        (lambda: kept(1000), []),
        (lambda: kept(0), ["CPR2"]),
        (lambda: kept(1001), ["CPR2"]),
        (lambda: CapacityReservation(instances={}), ["CPR11"]),
        (lambda: CapacityReservation(instances={"use1-az1": 1}), ["CPR1"]),
        (lambda: CapacityReservation(instances=OPEN), ["CPR4"]),
        (lambda: CapacityReservation(instances=OPEN, match="open"), []),
        (lambda: kept(ends_on="2027-02-28"), []),
        (lambda: kept(ends_on="2027-13-01"), ["CPR7"]),
        (lambda: block(id="vpc-0123456789abcdef0"), ["CPR9"]),
        (lambda: block(instance_count=0), ["CPR2"]),
        # A fleet that is held to what is reserved starts as many at most, and at least.
        (lambda: nodes(kept(2)), []),
        (lambda: nodes(kept(2), max_size=3), ["CPR5"]),
        (lambda: nodes(kept(3)), ["CPR5"]),
        (lambda: nodes(kept(2, match="open"), max_size=3), []),
        (lambda: nodes(kept(3, match="open")), ["CPR5"]),
        (lambda: nodes(ReservationGroup(arn=GROUP), max_size=9), []),
        (lambda: nodes(block(), **P5), []),
        (lambda: nodes(block(), max_size=3, **P5), ["CPR5"]),
        (lambda: nodes(block(), max_size=1, **P5), []),
        (lambda: nodes(block()), ["CPR8"]),
        (lambda: nodes(kept(), instance_types=["g6.xlarge", "g5.xlarge"]), ["CPR3"]),
        (
            lambda: nodes(ReservationGroup(arn=GROUP), instance_types=["g6.xlarge", "g5.xlarge"]),
            [],
        ),
        (
            lambda: nodes(kept(), capacity_type="SPOT", instance_types=["g6.xlarge"]),
            ["CPR3", "EKS23"],
        ),
        (
            lambda: nodes(
                kept(), launch=NodeLaunch(template=OwnTemplate(id="lt-01234567", version="1"))
            ),
            ["EKS38"],
        ),
        (lambda: capacity(kept(2)), []),
        (lambda: capacity(kept(2), max_instances=3), ["CPR5"]),
        (lambda: capacity(kept(2), on_demand_percent=0), ["CPR3", "CPR5"]),
        # What is open is taken by those on demand; the others are Spot.
        (lambda: capacity(kept(2, match="open"), on_demand_base=2, on_demand_percent=0), []),
        (
            lambda: capacity(kept(2, match="open"), on_demand_base=1, on_demand_percent=0),
            ["CPR5"],
        ),
        (lambda: capacity(kept(2), on_demand_base=2, on_demand_percent=0), ["CPR3"]),
    ],
)
def test_reservations_fit_their_fleet(make: Callable[[], Any], found: list[str]) -> None:
    assert sorted(rules(make)) == found


def environment(reservation: Any, **network: Any) -> Environment:
    given = {"cidr": "10.0.0.0/16", **network}
    return Environment(
        context=DEV,
        network=Network(**given),
        registry=Registry(),
        ecs=EcsCluster(capacity={"gpu": capacity(reservation)}),
        eks=EksCluster(version="1.35", compute=NodeGroups(groups={"gpu": nodes(reservation)})),
    )


@pytest.mark.parametrize(
    ("reservation", "found"),
    [
        (kept(2), []),
        (CapacityReservation(instances={"us-east-1c": 2}), ["CPR6", "CPR6"]),
        (CapacityReservation(instances={"eu-west-1a": 2}), ["CPR1", "CPR1", "CPR6", "CPR6"]),
        (ReservationGroup(arn=GROUP), []),
        (ReservationGroup(arn=GROUP.replace("us-east-1", "eu-west-1")), ["CPR10", "CPR10"]),
        (ReservationGroup(arn=GROUP.replace("1111", "2222")), ["CPR10", "CPR10"]),
    ],
)
def test_reservations_are_where_the_network_is(reservation: Any, found: list[str]) -> None:
    assert sorted(rules(lambda: environment(reservation))) == found


def test_a_zone_that_the_network_has_only_with_three_is_taken() -> None:
    reservation = CapacityReservation(instances={"us-east-1c": 2})
    assert rules(lambda: environment(reservation, availability_zones=3)) == []
