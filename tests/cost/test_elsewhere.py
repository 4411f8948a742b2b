"""The cost of what other projects have, by a plan of the real Terraform: the price that it has, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferform.usage import Amount, exactly
from ops.cost.model import Price
from ops.cost.prices import price_table
from ops.cost.resources import usages
from ops.kinds.foreign import FREE
from ops.kinds.untold import NOT_TOLD
from ops.plan import Plan, read_plan
from ops.review.reviewing import costs_of, review_plans
from tests.review.plans import changed, plan_of

ELSEWHERE = Path(__file__).resolve().parent / "elsewhere.json"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(ELSEWHERE)


def used(plan: Plan, service: str) -> dict[str, Amount | None]:
    return {each.key: each.amount for each in usages(plan, "after") if each.service == service}


def known(key: str) -> Price | None:
    return price_table().price("us-east-1", key)


@pytest.mark.parametrize(
    ("service", "expected"),
    {
        "plain": {
            "ec2/m5.large": Amount(2, 3, 6),
            "ebs/gp3": Amount(200, 300, 600),
            "ebs/gp3-iops": Amount(2000, 3000, 6000),
            "ebs/gp3-throughput": Amount(200, 300, 600),
            "ebs/gp2": Amount(100, 150, 300),
        },
        "nodes-linux": {"ec2/m5.large": exactly(1), "ebs/gp3": exactly(20)},
        "reserved-linux": {"ec2/m5.large": exactly(10)},
        "tasks-linux": {
            "fargate/x86_64/vcpu": exactly(10),
            "fargate/x86_64/gib": exactly(20),
            "fargate/ephemeral-storage": exactly(10 * (120 - 20)),
            "vpc/public-ipv4": exactly(10),
        },
    }.items(),
)
def test_what_the_table_has_prices_of_has_them(
    plan: Plan, service: str, expected: dict[str, Amount]
) -> None:
    assert used(plan, service) == expected
    assert all(known(key) is not None for key in expected)


@pytest.mark.parametrize(
    ("service", "key"),
    [
        ("spot-market", "ec2-spot/m5.large"),
        ("dedicated", "ec2-dedicated/m5.large"),
        ("dedicated", "ebs/io2"),
        ("dedicated", "ebs/io2-iops"),
        ("nodes-windows", "ec2-windows/m5.large"),
        ("reserved-windows", "ec2-windows/m5.large"),
        ("reserved-rhel", "ec2-licensed/m5.large"),
        ("tasks-windows", "fargate/windows/vcpu"),
        ("cache of s", "apigateway/cache/237"),
        ("network", "vpc/gateway-load-balancer-endpoint"),
        ("load balancers", "elb/gateway"),
    ],
)
def test_what_is_sold_otherwise_does_not_have_the_price_of_something_else(
    plan: Plan, service: str, key: str
) -> None:
    found = used(plan, service)
    assert key in found
    assert known(key) is None
    assert not {"ec2/m5.large", "fargate/x86_64/vcpu"} & {*found}


@pytest.mark.parametrize("service", ["unknown-count", "weighted", "elsewhere", "x", "s"])
def test_what_the_plan_does_not_tell_is_neither_nothing_nor_a_number(
    plan: Plan, service: str
) -> None:
    (key,) = used(plan, service)
    assert key.startswith(NOT_TOLD)


def test_a_function_costs_what_it_keeps_warm_as_far_as_that_is_told(plan: Plan) -> None:
    found = used(plan, "warm")
    assert found["lambda/x86_64/provisioned-gb-second"] == exactly(10 * 2 * 730 * 3600)
    assert f"{NOT_TOLD}concurrency of warm after the plan" in found


def test_only_what_faces_the_internet_has_addresses_and_only_a_cache_is_paid_for(
    plan: Plan,
) -> None:
    balancers = used(plan, "load balancers")
    assert balancers["vpc/public-ipv4"] == exactly(3)
    assert "cache of plain" not in {each.service for each in usages(plan, "after")}
    assert used(plan, "network")["vpc/interface-endpoint"] == exactly(2)


def test_resources_of_types_without_prices_are_a_risk_and_free_ones_are_not(plan: Plan) -> None:
    (cost,) = costs_of([plan])
    assert cost.untold == {
        "aws_db_instance": 1,
        "aws_ec2_capacity_block_reservation": 1,
        "aws_instance": 1,
    }
    (risk,) = [each for each in review_plans([plan]).risks if each.rule.id == "COST2"]
    # Services first, of which there are more than are named.
    assert "dedicated: ebs/io2, ebs/io2-iops, ec2-dedicated/m5.large" in risk.reason


@pytest.mark.parametrize(
    ("actions", "before", "after", "risen"),
    [
        (["create"], None, {"instance_type": "p5.48xlarge"}, True),
        (["update"], {"instance_type": "t3.micro"}, {"instance_type": "p5.48xlarge"}, True),
        (["delete", "create"], {"ami": "a"}, {"ami": "b"}, True),
        (["delete"], {"ami": "a"}, None, True),
        (["update"], {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, False),
        (["no-op"], {"ami": "a"}, {"ami": "a"}, False),
    ],
)
def test_a_change_of_what_has_no_price_is_a_risk(
    actions: list[str], before: object, after: object, risen: bool
) -> None:
    plan = read_plan(plan_of(changed("aws_instance.i", actions, before, after)))
    report = review_plans([plan])
    assert ("COST2" in {each.rule.id for each in report.risks}) is risen
    (cost,) = report.costs
    assert cost.difference_is_known is not risen
    if risen:
        assert any("aws_instance (1)" in each.reason for each in report.risks)


@pytest.mark.parametrize(
    "kind",
    [
        *("aws_db_subnet_group", "aws_s3_bucket_acl", "aws_api_gateway_deployment", "aws_iam_user"),
        *(
            "aws_network_acl",
            "aws_key_pair",
            "aws_vpc_peering_connection",
            "aws_autoscaling_policy",
        ),
        *("aws_lb_target_group_attachment", "kubernetes_cluster_role_v1", "aws_alb_listener"),
    ],
)
def test_types_that_cost_nothing_are_not_counted(kind: str) -> None:
    assert FREE.fullmatch(kind)


@pytest.mark.parametrize(
    "kind",
    [
        *("aws_instance", "aws_db_instance", "aws_fms_policy", "aws_ec2_client_vpn_endpoint"),
        *("aws_ec2_client_vpn_network_association", "aws_vpn_connection", "aws_autoscaling_group"),
        *("aws_s3_bucket", "aws_networkfirewall_firewall", "aws_elasticache_cluster", "aws_fsx_x"),
        *("kubernetes_stateful_set_v1", "kubernetes_persistent_volume_claim_v1", "aws_eks_cluster"),
        *("kubernetes_service", "kubernetes_ingress", "kubernetes_manifest", "aws_elb"),
    ],
)
def test_types_that_cost_are_not_taken_for_free(kind: str) -> None:
    assert not FREE.fullmatch(kind)


def ingress(
    name: str, scheme: str = "internal", group: str = "", kind: str = "alb"
) -> dict[str, Any]:
    prefix = "alb.ingress.kubernetes.io"
    annotations = {f"{prefix}/scheme": scheme} | ({f"{prefix}/group.name": group} if group else {})
    values = {
        "metadata": [{"name": name, "annotations": annotations}],
        "spec": [{"ingress_class_name": kind}],
    }
    return changed(f"kubernetes_ingress_v1.{name}", ["create"], None, values)


def test_an_ingress_costs_the_load_balancer_that_it_shares_or_has(
    plan: Plan,
) -> None:
    made = read_plan(
        plan_of(
            ingress("a"),
            ingress("b", group="g"),
            ingress("c", group="g"),
            ingress("d", kind="nginx"),
            changed(
                "kubernetes_service_v1.in", ["create"], None, {"spec": [{"type": "ClusterIP"}]}
            ),
        )
    )
    found = [(each.key, each.amount) for each in usages(made, "after")]
    assert found == [("elb/application", exactly(1))] * 2
    public = read_plan(
        plan_of(
            ingress("p", "internet-facing"),
            changed(
                "kubernetes_service_v1.s", ["create"], None, {"spec": [{"type": "LoadBalancer"}]}
            ),
        )
    )
    keys = [each.key for each in usages(public, "after")]
    assert "elb/of-a-kubernetes-service" in keys
    assert known("elb/of-a-kubernetes-service") is None
    assert any(key.startswith(NOT_TOLD) for key in keys)
