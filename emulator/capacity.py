"""Capacity Reservations of EC2, and Capacity Blocks, which are bought and never given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, InvalidParameterValueError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import generic_filter
from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition

_ZONES = "abcdef"
_DAYS = (*range(1, 15), *range(21, 183, 7))
_MOST_OF_A_BLOCK = 64


class UnknownReservationError(EC2ClientError):  # type: ignore[misc]  # moto is not checked
    """EC2's error of a reservation that there is not."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            "InvalidCapacityReservationId.NotFound",
            f"The capacity reservation ID '{identity}' does not exist",
        )


class ReservationStateError(EC2ClientError):  # type: ignore[misc]  # moto is not checked
    """EC2's error of a reservation that has ended."""

    def __init__(self, identity: str, state: str) -> None:
        super().__init__(
            "InvalidCapacityReservationState",
            f"The capacity reservation '{identity}' is in state '{state}'",
        )


class Reservation(TaggedEC2Resource):  # type: ignore[misc]  # moto is not checked
    """A Capacity Reservation, as EC2 describes it."""

    def __init__(self, backend: Any, given: dict[str, Any]) -> None:
        self.ec2_backend = backend
        self.id = f"cr-{mock_random.get_random_hex(17)}"
        self.given = given
        self.created = utcnow()
        self.started = given.get("StartDate") or self.created
        self.cancelled = False

    @property
    def state(self) -> str:
        """The state now: what has an end expires by itself."""
        end, now = self.given.get("EndDate"), utcnow()
        if self.cancelled:
            return "cancelled"
        if end is not None and _naive(end) <= now:
            return "expired"
        return "scheduled" if _naive(self.started) > now else "active"

    def described(self) -> dict[str, Any]:
        """The answer of DescribeCapacityReservations."""
        place = f"{self.ec2_backend.region_name}:{self.ec2_backend.account_id}"
        partition = get_partition(self.ec2_backend.region_name)
        live = self.state in ("active", "scheduled")
        count = self.given["InstanceCount"] if live else 0
        return {
            "CapacityReservationId": self.id,
            "OwnerId": self.ec2_backend.account_id,
            "CapacityReservationArn": f"arn:{partition}:ec2:{place}:capacity-reservation/{self.id}",
            "InstanceType": self.given["InstanceType"],
            "InstancePlatform": self.given["InstancePlatform"],
            "AvailabilityZone": self.given["AvailabilityZone"],
            "Tenancy": self.given.get("Tenancy") or "default",
            "TotalInstanceCount": count,
            "AvailableInstanceCount": count,
            "EbsOptimized": self.given.get("EbsOptimized") or False,
            "EphemeralStorage": False,
            "State": self.state,
            "StartDate": self.started,
            "CreateDate": self.created,
            "EndDate": self.given.get("EndDate"),
            "EndDateType": self.given.get("EndDateType") or "unlimited",
            "InstanceMatchCriteria": self.given.get("InstanceMatchCriteria") or "open",
            "PlacementGroupArn": self.given.get("PlacementGroupArn"),
            "ReservationType": self.given.get("ReservationType") or "default",
            "Tags": [{"Key": each["key"], "Value": each["value"]} for each in self.get_tags()],
        }

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What EC2 filters reservations by."""
        member = "".join(part.title() for part in filter_name.split("-"))
        found = self.described()
        if member in found:
            return found[member]
        return super().get_filter_value(filter_name, method_name)


def reservations(backend: Any) -> dict[str, Reservation]:
    """The reservations of an account in a Region."""
    # on the backend, so that resetting moto resets them
    found: dict[str, Reservation] = backend.__dict__.setdefault("capacity_reservations", {})
    return found


def reserve(backend: Any, given: dict[str, Any], tags: dict[str, str]) -> Reservation:
    """Reserve capacity, as CreateCapacityReservation does."""
    zones = [each.name for each in backend.describe_availability_zones()]
    if given["AvailabilityZone"] not in zones:
        raise InvalidParameterValueError(given["AvailabilityZone"])
    if not any(given["InstanceType"] == each["InstanceType"] for each in _types(backend)):
        raise InvalidParameterValueError(given["InstanceType"])
    _require_count(given["InstanceCount"])
    _require_end(given)
    made = Reservation(backend, given)
    reservations(backend)[made.id] = made
    made.add_tags(tags)
    return made


def find(backend: Any, identity: str) -> Reservation:
    """A reservation by its id."""
    found = reservations(backend).get(identity)
    if found is None:
        raise UnknownReservationError(identity)
    return found


def modify(backend: Any, identity: str, given: dict[str, Any]) -> None:
    """Change count, end or eligibility of a reservation that has not ended."""
    found = _live(backend, identity)
    if found.given.get("ReservationType") == "capacity-block":
        raise EC2ClientError("OperationNotPermitted", "A Capacity Block can't be modified")
    changed = {**found.given, **given}
    if given.get("EndDateType") == "unlimited":
        changed.pop("EndDate", None)
    _require_count(changed["InstanceCount"])
    _require_end(changed)
    found.given = changed


def cancel(backend: Any, identity: str) -> None:
    """Give a reservation back; nobody gives back a Capacity Block."""
    found = _live(backend, identity)
    if found.given.get("ReservationType") == "capacity-block":
        raise EC2ClientError("OperationNotPermitted", "A Capacity Block can't be cancelled")
    found.cancelled = True


def list_reservations(
    backend: Any, identities: list[str], filters: dict[str, list[str]]
) -> list[Reservation]:
    """Those of some ids, or all that fit the filters."""
    found = [find(backend, each) for each in identities] or [*reservations(backend).values()]
    fitting: list[Reservation] = generic_filter(filters, found)
    return fitting


# Capacity Blocks


def offer(backend: Any, given: dict[str, Any]) -> list[dict[str, Any]]:
    """What is on sale: one block of what was asked for, in the first zone."""
    hours, count = given["CapacityDurationHours"], given.get("InstanceCount") or 1
    if hours % 24 or hours // 24 not in _DAYS or not 1 <= count <= _MOST_OF_A_BLOCK:
        raise InvalidParameterValueError(str(hours))
    start = given.get("StartDateRange") or utcnow()
    made = {
        "CapacityBlockOfferingId": f"cb-{mock_random.get_random_hex(17)}",
        "InstanceType": given["InstanceType"],
        "AvailabilityZone": f"{backend.region_name}{_ZONES[0]}",
        "InstanceCount": count,
        "StartDate": start,
        "EndDate": _naive(start) + timedelta(hours=hours),
        "CapacityBlockDurationHours": hours,
        "UpfrontFee": "0.000000",
        "CurrencyCode": "USD",
        "Tenancy": "default",
    }
    offers: dict[str, dict[str, Any]] = backend.__dict__.setdefault("capacity_offers", {})
    offers[made["CapacityBlockOfferingId"]] = made
    return [made]


def buy(backend: Any, offering: str, platform: str, tags: dict[str, str]) -> Reservation:
    """Buy a block that is on sale."""
    offered = backend.__dict__.get("capacity_offers", {}).pop(offering, None)
    if offered is None:
        raise InvalidParameterValueError(offering)
    names = ("InstanceType", "AvailabilityZone", "InstanceCount", "StartDate", "EndDate")
    made = Reservation(
        backend,
        {
            **{name: offered[name] for name in names},
            "InstancePlatform": platform,
            "EndDateType": "limited",
            "InstanceMatchCriteria": "targeted",
            "ReservationType": "capacity-block",
        },
    )
    reservations(backend)[made.id] = made
    made.add_tags(tags)
    return made


def _live(backend: Any, identity: str) -> Reservation:
    found = find(backend, identity)
    if found.state not in ("active", "scheduled"):
        raise ReservationStateError(identity, found.state)
    return found


def _types(backend: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = backend.describe_instance_types()
    return found


def _require_count(count: int) -> None:
    if not 1 <= count <= 1000:
        raise InvalidParameterValueError(str(count))


def _require_end(given: dict[str, Any]) -> None:
    limited, end = given.get("EndDateType") == "limited", given.get("EndDate")
    if limited and end is None:
        raise EC2ClientError("MissingParameter", "EndDate is required when EndDateType is limited")
    if end is not None and not limited:
        raise InvalidParameterValueError(str(end))
    if end is not None and _naive(end) <= utcnow():
        raise InvalidParameterValueError(str(end))


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
