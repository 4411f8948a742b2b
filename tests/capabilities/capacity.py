"""Reserved EC2 capacity."""

from __future__ import annotations

from inferform import (
    CapacityBlock,
    CapacityReservation,
    Ec2Capacity,
    EcsCluster,
    EksCluster,
    Environment,
    Network,
    NodeGroup,
    NodeGroups,
    Registry,
    ReservationGroup,
)

from .record import DEV, OTHER_UNIT, OWN_CHOICE, Capability

_EXAMPLE = """
ecs=EcsCluster(
    capacity={
        "kept": Ec2Capacity(
            instance_types=["g5.xlarge"], max_instances=4,
            reservation=CapacityReservation(
                instances={"us-east-1a": 1, "us-east-1b": 1}, match="open", ends_on="2027-03-31"
            ),
        ),
        "block": Ec2Capacity(
            instance_types=["p5.48xlarge"], max_instances=2,
            reservation=CapacityBlock(
                id="cr-0123456789abcdef0", zone="us-east-1a", instance_count=2
            ),
        ),
        "grouped": Ec2Capacity(
            instance_types=["g5.xlarge"], max_instances=4,
            reservation=ReservationGroup(
                arn="arn:aws:resource-groups:us-east-1:111122223333:group/gpus"
            ),
        ),
    },
),
"""


def reserved() -> Environment:
    """Each kind of reservation under a fleet of ECS and one of EKS."""
    kept = CapacityReservation(instances={"us-east-1a": 2})
    shared = CapacityReservation(
        instances={"us-east-1a": 1, "us-east-1b": 1}, match="open", ends_on="2027-03-31"
    )
    block = CapacityBlock(id="cr-0123456789abcdef0", zone="us-east-1a", instance_count=2)
    grouped = ReservationGroup(arn="arn:aws:resource-groups:us-east-1:111122223333:group/gpus")
    kinds: dict[str, tuple[str, int, CapacityReservation | CapacityBlock | ReservationGroup]] = {
        "kept": ("g5.xlarge", 2, kept),
        "shared": ("g6.xlarge", 6, shared),
        "block": ("p5.48xlarge", 2, block),
        "grouped": ("g5.2xlarge", 4, grouped),
    }
    return Environment(
        context=DEV.replace(protected=True),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        ecs=EcsCluster(
            capacity={
                name: Ec2Capacity(instance_types=[kind], max_instances=most, reservation=each)
                for name, (kind, most, each) in kinds.items()
            }
        ),
        eks=EksCluster(
            version="1.35",
            compute=NodeGroups(
                groups={
                    name: NodeGroup(
                        instance_types=[kind], min_size=0, max_size=most, reservation=each
                    )
                    for name, (kind, most, each) in kinds.items()
                }
            ),
        ),
    )


CAPABILITY = Capability(
    environments={"reserved": reserved},
    examples={"capacity": _EXAMPLE},
    requests={"aws_ec2_capacity_reservation": "ec2:CreateCapacityReservation"},
    data_sources={"aws_subnets": "ec2:DescribeSubnets"},
    elsewhere={
        "aws_autoscaling_group.launch_template.id": (
            "autoscaling:LaunchTemplateSpecification.LaunchTemplateId"
        ),
    },
    not_aws={
        OTHER_UNIT: ("CapacityReservation.ends_on",),
        "a request for each zone, with its count": (
            "CapacityReservation.instances{key}",
            "CapacityReservation.instances{}",
        ),
        OWN_CHOICE: ("CapacityBlock.instance_count", "CapacityBlock.zone"),
    },
    good={
        "CPR9": ("cr-0123456789abcdef0",),
        "CPR1": ("us-east-1a",),
        "CPR7": ("2027-03-31",),
        "ReservationGroup.arn": ("arn:aws:resource-groups:us-east-1:111122223333:group/gpus",),
    },
)
