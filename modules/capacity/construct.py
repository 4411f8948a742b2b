"""Capacity Reservations of a fleet, and how its launch template asks for them."""

from __future__ import annotations

from typing import Any

from ..cdk import Construct, Postcondition, TerraformResourceLifecycle
from ..context import Context
from .spec import CapacityBlock, CapacityReservation, Reservation, ReservationGroup, zone_of

from cdktf_cdktf_provider_aws.data_aws_subnets import DataAwsSubnets, DataAwsSubnetsFilter
from cdktf_cdktf_provider_aws.ec2_capacity_reservation import Ec2CapacityReservation
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplateCapacityReservationSpecification,
    LaunchTemplateCapacityReservationSpecificationCapacityReservationTarget,
    LaunchTemplateInstanceMarketOptions,
)


class ReservedCapacity(Construct):
    """What is reserved for a fleet of `instance_type`: `made` by zone, empty where somebody else made
    it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Reservation,
        instance_type: str,
        name: str,
    ) -> None:
        """`name` is for the tag Name: reservations have none of their own."""
        super().__init__(scope, id)
        self._spec = spec
        self.made: dict[str, Ec2CapacityReservation] = {}
        if not isinstance(spec, CapacityReservation):
            return
        for zone in spec.zones:
            self.made[zone] = Ec2CapacityReservation(
                self,
                zone.removeprefix(context.region),
                availability_zone=zone,
                instance_count=spec.instances[zone],
                instance_platform="Linux/UNIX",
                instance_type=instance_type,
                instance_match_criteria=spec.match,
                end_date_type="limited" if spec.ends_on else "unlimited",
                end_date=f"{spec.ends_on}T23:59:59Z" if spec.ends_on else None,
                tags={"Name": name},
                # The new capacity is there before AWS may give the old one to others.
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            )

    @property
    def template(self) -> dict[str, Any]:
        """The arguments of a launch template whose instances run in it."""
        target = self._target()
        if target is None:
            return {}
        asked: dict[str, Any] = {
            "capacity_reservation_specification": LaunchTemplateCapacityReservationSpecification(
                capacity_reservation_target=target
            )
        }
        if isinstance(self._spec, CapacityBlock):
            asked["instance_market_options"] = LaunchTemplateInstanceMarketOptions(
                market_type="capacity-block"
            )
        return asked

    def _target(
        self,
    ) -> LaunchTemplateCapacityReservationSpecificationCapacityReservationTarget | None:
        target = LaunchTemplateCapacityReservationSpecificationCapacityReservationTarget
        if isinstance(self._spec, ReservationGroup):
            return target(capacity_reservation_resource_group_arn=self._spec.arn)
        found = self.id
        return None if found is None else target(capacity_reservation_id=found)

    @property
    def id(self) -> str | None:
        """The id of the one that instances are started in; None where they take any that fits."""
        if isinstance(self._spec, CapacityBlock):
            return self._spec.id
        if isinstance(self._spec, CapacityReservation) and self._spec.match == "targeted":
            return next(iter(self.made.values())).id
        return None


def subnets_for(
    scope: Construct, id: str, reservation: Reservation | None, subnet_ids: list[str]
) -> list[str]:
    """Those of the subnets in which a fleet with the reservation can run."""
    zone = zone_of(reservation)
    if zone is None:
        return subnet_ids
    found = DataAwsSubnets(
        scope,
        id,
        filter=[
            DataAwsSubnetsFilter(name="subnet-id", values=subnet_ids),
            DataAwsSubnetsFilter(name="availability-zone", values=[zone]),
        ],
    )
    found.lifecycle = TerraformResourceLifecycle(
        postcondition=[
            Postcondition(
                condition="${length(self.ids) > 0}",
                error_message=f"No private subnet of the network is in {zone}, where the reserved "
                "capacity is.",
            )
        ]
    )
    return found.ids
