"""What somebody else runs is checked like what an environment makes itself."""

from __future__ import annotations

import pytest

from inferform import (
    Context,
    EcsCluster,
    EksCluster,
    Environment,
    LoadBalancer,
    NetworkOutputs,
    Registry,
    SpecError,
)

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1234"
PRIVATE = ["subnet-0a", "subnet-0b"]
PUBLIC = ["subnet-1a", "subnet-1b"]


def environment(private: list[str], public: list[str], *, internal: bool) -> Environment:
    return Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
        ),
        network=NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.0.0.0/16",
            private_subnet_ids=private,
            public_subnet_ids=public,
            s3_prefix_list_id="pl-1",
        ),
        registry=Registry(),
        ecs=EcsCluster(
            load_balancers={
                "one": LoadBalancer(
                    certificate=CERTIFICATE,
                    internal=internal,
                    allowed_cidrs=["10.0.0.0/8"],
                )
            }
        ),
        eks=EksCluster(version="1.35"),
    )


def rules(private: list[str], public: list[str], *, internal: bool = False) -> list[str]:
    with pytest.raises(SpecError) as caught:
        environment(private, public, internal=internal)
    return sorted(problem.rule for problem in caught.value.problems)


def test_a_load_balancer_on_the_internet_needs_two_public_subnets_of_a_foreign_network() -> None:
    assert rules(PRIVATE, PUBLIC[:1]) == ["ELB5"]
    assert rules(PRIVATE, []) == ["ELB10"]


def test_an_internal_load_balancer_needs_two_private_subnets_of_a_foreign_network() -> None:
    assert rules(PRIVATE[:1], PUBLIC, internal=True) == ["EKS4", "ELB5"]


def test_a_foreign_network_with_two_subnets_of_each_kind_is_enough() -> None:
    environment(PRIVATE, PUBLIC, internal=False)
    environment(PRIVATE, [], internal=True)
