"""The JSON of reserved capacity: reservations, what launch templates ask for, and in which subnets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    CapacityBlock,
    CapacityReservation,
    Ec2Capacity,
    EcsCluster,
    EksCluster,
    Environment,
    NodeGroup,
    NodeGroups,
    ReservationGroup,
)
from tests.conftest import Synthesized
from tests.modules.test_eks_layer import CONTEXT, NETWORK, REGISTRY, resources

Synthesize = Callable[..., Synthesized]
KEPT = CapacityReservation(instances={"us-east-1a": 2})
OPEN = CapacityReservation(
    instances={"us-east-1b": 1, "us-east-1a": 3}, match="open", ends_on="2027-03-31"
)
BLOCK = CapacityBlock(id="cr-0123456789abcdef0", zone="us-east-1a", instance_count=2)
GROUP = ReservationGroup(arn="arn:aws:resource-groups:us-east-1:111122223333:group/gpus")
ID = "${aws_ec2_capacity_reservation.%s.id}"


@pytest.fixture
def nodes(synthesize: Synthesize) -> Callable[..., dict[str, Any]]:
    def of(reservation: Any, kind: str = "g6.xlarge", most: int = 2) -> dict[str, Any]:
        group = NodeGroup(instance_types=[kind], min_size=0, max_size=most, reservation=reservation)
        cluster = EksCluster(version="1.35", compute=NodeGroups(groups={"gpu": group}))
        environment = Environment(context=CONTEXT, network=NETWORK, registry=REGISTRY, eks=cluster)
        return synthesize(environment)["dev-use1-eks"]

    return of


@pytest.fixture
def instances(synthesize: Synthesize) -> Callable[..., dict[str, Any]]:
    def of(reservation: Any, kind: str = "g6.xlarge", most: int = 2) -> dict[str, Any]:
        capacity = Ec2Capacity(instance_types=[kind], max_instances=most, reservation=reservation)
        environment = Environment(
            context=CONTEXT,
            network=NETWORK,
            registry=REGISTRY,
            ecs=EcsCluster(capacity={"gpu": capacity}),
        )
        return synthesize(environment)["dev-use1-ecs"]

    return of


def only(stack: dict[str, Any], kind: str) -> Any:
    (found,) = stack["resource"][kind].values()
    return found


def test_a_targeted_reservation_is_made_and_targeted_in_its_zone(
    nodes: Callable[..., dict[str, Any]], instances: Callable[..., dict[str, Any]]
) -> None:
    for make, fleet, subnets in (
        (nodes, "aws_eks_node_group", "subnet_ids"),
        (instances, "aws_autoscaling_group", "vpc_zone_identifier"),
    ):
        stack = make(KEPT)
        ((logical, made),) = stack["resource"]["aws_ec2_capacity_reservation"].items()
        assert made["availability_zone"] == "us-east-1a"
        assert made["instance_count"] == 2
        assert made["instance_platform"] == "Linux/UNIX"
        assert made["instance_type"] == "g6.xlarge"
        assert made["instance_match_criteria"] == "targeted"
        assert made["end_date_type"] == "unlimited"
        assert "end_date" not in made
        assert made["lifecycle"]["create_before_destroy"] is True
        template = only(stack, "aws_launch_template")
        assert template["capacity_reservation_specification"] == {
            "capacity_reservation_target": {"capacity_reservation_id": ID % logical}
        }
        assert "instance_market_options" not in template
        ((name, read),) = stack["data"]["aws_subnets"].items()
        assert {"name": "availability-zone", "values": ["us-east-1a"]} in read["filter"]
        assert only(stack, fleet)[subnets] == f"${{data.aws_subnets.{name}.ids}}"
        assert f"aws_ec2_capacity_reservation.{logical}" in only(stack, fleet)["depends_on"]


def test_open_reservations_are_waited_for_and_not_targeted(
    nodes: Callable[..., dict[str, Any]], instances: Callable[..., dict[str, Any]]
) -> None:
    for make, fleet in ((nodes, "aws_eks_node_group"), (instances, "aws_autoscaling_group")):
        stack = make(OPEN, most=9)
        made = stack["resource"]["aws_ec2_capacity_reservation"]
        assert [(each["availability_zone"], each["instance_count"]) for each in made.values()] == [
            ("us-east-1a", 3),
            ("us-east-1b", 1),
        ]
        assert {each["end_date"] for each in made.values()} == {"2027-03-31T23:59:59Z"}
        assert {each["end_date_type"] for each in made.values()} == {"limited"}
        assert "capacity_reservation_specification" not in only(stack, "aws_launch_template")
        assert "aws_subnets" not in stack.get("data", {})
        waits = only(stack, fleet)["depends_on"]
        assert {f"aws_ec2_capacity_reservation.{each}" for each in made} <= {*waits}


def test_a_block_is_a_market_of_its_own(
    nodes: Callable[..., dict[str, Any]], instances: Callable[..., dict[str, Any]]
) -> None:
    for make in (nodes, instances):
        stack = make(BLOCK, kind="p5.48xlarge")
        assert "aws_ec2_capacity_reservation" not in stack["resource"]
        assert "aws_ec2_capacity_block_reservation" not in stack["resource"]
        template = only(stack, "aws_launch_template")
        target = template["capacity_reservation_specification"]["capacity_reservation_target"]
        assert target == {"capacity_reservation_id": "cr-0123456789abcdef0"}
        assert template["instance_market_options"] == {"market_type": "capacity-block"}
        assert template["instance_type"] == "p5.48xlarge"
    group = only(nodes(BLOCK, kind="p5.48xlarge"), "aws_eks_node_group")
    assert group["capacity_type"] == "CAPACITY_BLOCK"
    # EKS takes no types beside a template that has one.
    assert "instance_types" not in group
    scaled = only(instances(BLOCK, kind="p5.48xlarge"), "aws_autoscaling_group")
    assert "mixed_instances_policy" not in scaled
    assert set(scaled["launch_template"]) == {"id", "version"}


def test_a_group_of_reservations_is_targeted_in_every_zone(
    nodes: Callable[..., dict[str, Any]], instances: Callable[..., dict[str, Any]]
) -> None:
    for make in (nodes, instances):
        stack = make(GROUP)
        template = only(stack, "aws_launch_template")
        target = template["capacity_reservation_specification"]["capacity_reservation_target"]
        assert target == {"capacity_reservation_resource_group_arn": GROUP.arn}
        assert "aws_subnets" not in stack.get("data", {})


def test_nodes_are_replaced_where_what_they_run_in_changes(
    nodes: Callable[..., dict[str, Any]],
) -> None:
    def launched(reservation: Any, **given: Any) -> Any:
        stack = nodes(reservation, **given)
        held = resources(stack, "terraform_data")["gpu-launched"]["triggers_replace"]
        return held, only(stack, "aws_eks_node_group")["node_group_name"]

    plain, name = launched(None)
    assert "reservation" not in plain
    kept, in_zone = launched(KEPT)
    assert kept["reservation"].startswith("${aws_ec2_capacity_reservation.")
    # The zone's subnets are others, which a group cannot change in place.
    assert in_zone != name
    assert launched(OPEN, most=9)[1] == name
    other = BLOCK.replace(id="cr-00000000000000000")
    one, two = (launched(each, kind="p5.48xlarge")[0] for each in (BLOCK, other))
    assert one["reservation"] != two["reservation"]
