"""Reserved capacity, asked for on the emulator: blocks before an apply, reservations after one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inferform import (
    CapacityBlock,
    CapacityReservation,
    Context,
    Ec2Capacity,
    EcsCluster,
    Environment,
)
from inferform.target import EMULATOR
from inferform.usage import Amount
from ops.aws import Aws
from ops.cost.resources import usages as planned
from ops.cost.specs import usages
from ops.kinds import known
from ops.kinds.record import Finding, Kind, Verification
from ops.kinds.synthesis import Synthesis
from ops.plan import read_plan
from ops.state import State
from tests.review.plans import changed, plan_of

Synthesize = Callable[..., dict[str, dict[str, Any]]]
P5 = "p5.48xlarge"
RESERVATION = "aws_ec2_capacity_reservation"


def bought(aws: Aws, *, days: int = 14, kind: str = P5, count: int = 2, begins: int = 0) -> str:
    """The id of a Capacity Block, bought as AWS sells it."""
    ec2 = aws.client("ec2")
    (offer,) = ec2.describe_capacity_block_offerings(
        InstanceType=kind,
        InstanceCount=count,
        CapacityDurationHours=24 * days,
        StartDateRange=datetime.now(UTC) + timedelta(days=begins),
    )["CapacityBlockOfferings"]
    block = ec2.purchase_capacity_block(
        CapacityBlockOfferingId=offer["CapacityBlockOfferingId"], InstancePlatform="Linux/UNIX"
    )
    return block["CapacityReservation"]["CapacityReservationId"]


@pytest.fixture
def asked(
    aws: Aws, context: Context, foreign: dict[str, Any], synthesize: Synthesize
) -> Callable[..., Finding]:
    """What preflight finds of a fleet on a block."""

    def found(identity: str, *, zone: str = "us-east-1a", count: int = 2) -> Finding:
        block = CapacityBlock(id=identity, zone=zone, instance_count=count)
        capacity = Ec2Capacity(instance_types=[P5], max_instances=1, reservation=block)
        environment = Environment(
            context=context, ecs=EcsCluster(capacity={"gpu": capacity}), **foreign
        )
        synthesis = Synthesis(environment, synthesize(environment, target=EMULATOR), aws)
        record = known()["aws_launch_template"]
        assert isinstance(record, Kind)
        assert callable(record.preflight)
        (finding,) = record.preflight(synthesis, synthesis.of("aws_launch_template"))
        return finding

    return found


def test_a_block_is_what_the_file_says_and_runs(asked: Callable[..., Finding], aws: Aws) -> None:
    ends_late = asked(bought(aws, days=14))
    assert (ends_late.outcome, ends_late.check.id) == ("passed", "PRE60")
    assert ends_late.found.startswith("is active until ")
    ends_soon = asked(bought(aws, days=7))
    assert ends_soon.outcome == "skipped"
    assert "in less than 7 days" in ends_soon.found
    later = asked(bought(aws, begins=3))
    assert (later.outcome, later.found.split()[1]) == ("passed", "scheduled")
    for finding, words in (
        (asked("cr-00000000000000000"), "does not exist"),
        (asked(bought(aws), zone="us-east-1b"), "has the zone us-east-1a"),
        (asked(bought(aws), count=3), "has the instances 2"),
        (asked(bought(aws, kind="p4d.24xlarge")), "has the type p4d.24xlarge"),
        (asked(bought(aws, begins=-20)), "is expired"),
    ):
        assert finding.outcome == "failed"
        assert words in finding.found


def test_a_reservation_of_another_kind_is_no_block(asked: Callable[..., Finding], aws: Aws) -> None:
    made = aws.client("ec2").create_capacity_reservation(
        InstanceType=P5,
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=2,
    )["CapacityReservation"]
    finding = asked(made["CapacityReservationId"])
    assert finding.outcome == "failed"
    assert "no Capacity Block" in finding.found


def test_a_reservation_is_verified(aws: Aws, environment: Environment) -> None:
    ec2 = aws.client("ec2")
    made = ec2.create_capacity_reservation(
        InstanceType="g5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=2,
    )["CapacityReservation"]
    identity = made["CapacityReservationId"]
    record = known()[RESERVATION]
    assert isinstance(record, Kind)
    verify = record.verify
    assert callable(verify)

    def found(count: int = 2, of: str = identity) -> Finding:
        run = Verification(environment, aws, State({}, "", None))
        (finding,) = verify(run, {"id": of, "instance_count": count}).findings()
        return finding

    assert (found().outcome, found().found) == (
        "passed",
        "is active, with 2 instances, of which 0 run",
    )
    assert found(3).found == "has 2 instances, but the state says 3"
    assert found(of="cr-00000000000000000").found == "does not exist"
    ec2.cancel_capacity_reservation(CapacityReservationId=identity)
    assert (found().outcome, found().found) == ("failed", "is cancelled")


def test_a_reservation_costs_whether_it_is_used_or_not(
    context: Context, foreign: dict[str, Any]
) -> None:
    def paid(reservation: Any, kind: str = "g5.xlarge", **fields: Any) -> dict[str, Amount | None]:
        given = {"instance_types": [kind], "max_instances": 5, "reservation": reservation}
        capacity = Ec2Capacity(**{**given, **fields})
        environment = Environment(
            context=context, ecs=EcsCluster(capacity={"gpu": capacity}), **foreign
        )
        return {each.key: each.amount for each in usages(environment) if each.service == "gpu"}

    kept = CapacityReservation(instances={"us-east-1a": 2}, match="open")
    assert paid(None)["ec2/g5.xlarge"] == Amount(0, 1.25, 5)
    assert paid(kept)["ec2/g5.xlarge"] == Amount(2, 2, 5)
    # Nothing beyond it is on demand, and all of Spot comes on top.
    spot = paid(kept, on_demand_base=2, on_demand_percent=0)
    assert spot["ec2/g5.xlarge"] == Amount(2, 2, 2)
    assert spot["ec2-spot/g5.xlarge"] == Amount(0, 0, 3)
    block = CapacityBlock(id="cr-0123456789abcdef0", zone="us-east-1a", instance_count=5)
    assert paid(block, P5) == {
        f"ec2-block/{P5}": Amount(0, 1.25, 5),
        "ebs/gp3": Amount(0, 125, 500),
    }


def test_a_plan_that_hides_the_count_of_a_reservation_says_so() -> None:
    values = {"instance_type": "g5.xlarge", "tags": {"Name": "gpu"}}
    entry = changed(f"{RESERVATION}.r", ["create"], None, {**values, "instance_count": 2})
    (usage,) = planned(read_plan(plan_of(entry)), "after")
    assert (usage.service, usage.key, usage.amount) == ("gpu", "ec2/g5.xlarge", Amount(2, 2, 2))
    entry = changed(f"{RESERVATION}.r", ["create"], None, values)
    entry["change"]["after_unknown"] = {"instance_count": True}
    (usage,) = planned(read_plan(plan_of(entry)), "after")
    assert usage.key.startswith("not told/capacity of gpu")
