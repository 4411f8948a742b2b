"""Capacity Reservations and Capacity Blocks, as the Amazon EC2 API reference has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
ASKED = {
    "InstanceType": "g5.xlarge",
    "InstancePlatform": "Linux/UNIX",
    "AvailabilityZone": "us-east-1a",
    "InstanceCount": 2,
}


@pytest.fixture
def ec2(client: Client) -> Any:
    return client("ec2")


def described(ec2: Any, identity: str) -> Any:
    (found,) = ec2.describe_capacity_reservations(CapacityReservationIds=[identity])[
        "CapacityReservations"
    ]
    return found


def test_a_reservation_is_made_changed_and_cancelled(ec2: Any) -> None:
    tags = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "Name", "Value": "gpu"}]}]
    made = ec2.create_capacity_reservation(
        **ASKED, InstanceMatchCriteria="targeted", TagSpecifications=tags
    )["CapacityReservation"]
    identity = made["CapacityReservationId"]
    assert (made["State"], made["TotalInstanceCount"], made["EndDateType"]) == (
        "active",
        2,
        "unlimited",
    )
    wanted = [{"Name": "tag:Name", "Values": ["gpu"]}, {"Name": "state", "Values": ["active"]}]
    (found,) = ec2.describe_capacity_reservations(Filters=wanted)["CapacityReservations"]
    assert found["CapacityReservationId"] == identity
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    ec2.modify_capacity_reservation(
        CapacityReservationId=identity, InstanceCount=3, EndDateType="limited", EndDate=end
    )
    changed = described(ec2, identity)
    assert (changed["TotalInstanceCount"], changed["EndDate"]) == (3, end)
    ec2.modify_capacity_reservation(CapacityReservationId=identity, EndDateType="unlimited")
    assert "EndDate" not in described(ec2, identity)
    ec2.cancel_capacity_reservation(CapacityReservationId=identity)
    # AWS keeps describing it.
    assert described(ec2, identity)["State"] == "cancelled"
    with pytest.raises(ClientError, match="InvalidCapacityReservationState"):
        ec2.cancel_capacity_reservation(CapacityReservationId=identity)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"InstanceCount": 0}, "InvalidParameterValue"),
        ({"InstanceCount": 1001}, "InvalidParameterValue"),
        ({"AvailabilityZone": "eu-west-1a"}, "InvalidParameterValue"),
        ({"InstanceType": "g5.tiny"}, "InvalidParameterValue"),
        ({"EndDateType": "limited"}, "MissingParameter"),
        ({"EndDate": datetime(2099, 1, 1, tzinfo=UTC)}, "InvalidParameterValue"),
        (
            {"EndDateType": "limited", "EndDate": datetime(2020, 1, 1, tzinfo=UTC)},
            "InvalidParameterValue",
        ),
    ],
)
def test_what_aws_does_not_reserve_is_refused(ec2: Any, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        ec2.create_capacity_reservation(**{**ASKED, **asked})


def test_a_reservation_that_there_is_not_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match="InvalidCapacityReservationId"):
        described(ec2, "cr-00000000000000000")


def test_a_block_is_bought_from_an_offering_and_never_given_back(ec2: Any) -> None:
    asked = {"InstanceType": "p5.48xlarge", "InstanceCount": 2, "CapacityDurationHours": 48}
    (offer,) = ec2.describe_capacity_block_offerings(**asked)["CapacityBlockOfferings"]
    identity = offer["CapacityBlockOfferingId"]
    bought = ec2.purchase_capacity_block(
        CapacityBlockOfferingId=identity, InstancePlatform="Linux/UNIX"
    )["CapacityReservation"]
    assert bought["ReservationType"] == "capacity-block"
    assert bought["InstanceMatchCriteria"] == "targeted"
    assert bought["EndDate"] - bought["StartDate"] == timedelta(hours=48)
    held = {"CapacityReservationId": bought["CapacityReservationId"]}
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.purchase_capacity_block(CapacityBlockOfferingId=identity, InstancePlatform="Linux/UNIX")
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.cancel_capacity_reservation(**held)
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.modify_capacity_reservation(**held, InstanceCount=1)


@pytest.mark.parametrize("hours", [12, 24 * 15, 24 * 183])
def test_blocks_are_sold_by_whole_days_and_then_weeks(ec2: Any, hours: int) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.describe_capacity_block_offerings(
            InstanceType="p5.48xlarge", InstanceCount=1, CapacityDurationHours=hours
        )
