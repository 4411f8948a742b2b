"""Costs from Specs and from plans, and the table behind them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    Context,
    Environment,
    Image,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    Scaling,
)
from inferform.ecs.spec import ContainerHealth, Ec2Capacity, EcsCluster, EcsService, Fargate
from inferform.eks.spec import EksCluster, NodeGroup, NodeGroups
from inferform.outputs import NetworkOutputs, RegistryOutputs
from inferform.sagemaker.endpoints import AsyncEndpoint, ServerlessEndpoint
from inferform.scaling.spec import Scaling as ScalingSpec
from ops.cli import app
from ops.cost.model import EXPECTED_SHARE, HOURS_PER_MONTH, Amount, between, dollars
from ops.cost.prices import price_table
from ops.cost.resources import usages as planned
from ops.cost.specs import ESTIMATORS, estimate, usages
from ops.environments import environments
from ops.errors import BadInputError
from ops.plan import read_plan
from tests.review.make_fixtures import FRAUD
from tests.review.plans import PLANS, changed, plan_of

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml-platform",
)
NETWORK = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.0.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
REGISTRY = RegistryOutputs(
    kms_key_arn=CONTEXT.arn("kms", "key/1"), artifact_bucket="their-artifacts"
)
MODEL = Model(image=Image(repository="fraud", tag="1"), artifact="fraud/1/model.tar.gz")


def of(**layers: Any) -> dict[tuple[str, str], Amount]:
    """What an environment uses, by service and key."""
    environment = Environment(context=CONTEXT, **layers)
    found = price_table().estimate("us-east-1", usages(environment)).lines
    return {(line.usage.service, line.usage.key): line.usage.amount for line in found}


def endpoints(**specs: Any) -> dict[str, Any]:
    return {"network": NETWORK, "registry": REGISTRY, "inference": Inference(endpoints=specs)}


def test_an_endpoint_costs_its_instances_between_the_scaling_bounds() -> None:
    spec = RealtimeEndpoint(
        model=MODEL,
        instance_type="ml.m5.large",
        scaling=Scaling(min_capacity=2, max_capacity=6),
    )
    found = of(**endpoints(fraud=spec))
    assert found == {("fraud", "sagemaker/hosting/ml.m5.large"): Amount(2, 3, 6)}
    environment = Environment(context=CONTEXT, **endpoints(fraud=spec))
    total = estimate(environment, price_table()).total
    assert total.minimum == pytest.approx(2 * 0.115 * HOURS_PER_MONTH)
    assert total.maximum == pytest.approx(6 * 0.115 * HOURS_PER_MONTH)


def test_expected_capacity_is_a_quarter_of_the_way_up() -> None:
    assert between(0, 4).expected == 4 * EXPECTED_SHARE


def test_an_asynchronous_endpoint_may_cost_nothing() -> None:
    spec = AsyncEndpoint(
        model=MODEL,
        instance_type="ml.g5.xlarge",
        scaling=ScalingSpec(min_capacity=0, max_capacity=2),
    )
    found = of(**endpoints(batch=spec))
    assert found[("batch", "sagemaker/hosting/ml.g5.xlarge")].minimum == 0


def test_a_serverless_endpoint_costs_only_what_is_provisioned() -> None:
    model = Model(image=MODEL.image, artifact=MODEL.artifact, network_isolation=False)
    plain = ServerlessEndpoint(model=model, memory_mib=2048)
    kept = plain.replace(provisioned_concurrency=3)
    assert of(**endpoints(fraud=plain)) == {}
    assert of(**endpoints(fraud=kept)) == {
        ("fraud", "sagemaker/provisioned-concurrency/2048"): Amount(3, 3, 3)
    }


def test_nat_gateways_and_interface_endpoints_cost_by_the_zone() -> None:
    network = Network(
        cidr="10.20.0.0/16",
        availability_zones=3,
        nat="per_zone",
        interface_endpoints=["sts", "kms"],
    )
    found = of(network=network)
    assert found[("network", "vpc/nat-gateway")] == Amount(3, 3, 3)
    assert found[("network", "vpc/interface-endpoint")] == Amount(6, 6, 6)


def test_a_cluster_with_gpu_nodes_costs_its_control_plane_nodes_and_disks() -> None:
    groups = NodeGroups(
        groups={"gpu": NodeGroup(instance_types=["g5.xlarge"], min_size=1, max_size=3)}
    )
    found = of(
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(version="1.35", compute=groups),
    )
    assert found[("eks", "eks/cluster")].minimum == 1
    assert found[("gpu", "ec2/g5.xlarge")] == Amount(1, 1.5, 3)
    assert found[("gpu", "ebs/gp3")] == Amount(50, 75, 150)


def test_a_service_on_fargate_costs_its_tasks() -> None:
    service = EcsService(
        model=Model(image=MODEL.image, artifact=MODEL.artifact),
        compute=Fargate(cpu=2048, memory_mib=4096),
        scaling=Scaling(min_capacity=2, max_capacity=6),
        health=ContainerHealth(command=["true"]),
    )
    cluster = EcsCluster(
        capacity={"gpu": Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)}
    )
    found = of(
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=cluster,
        inference=Inference(services={"fraud": service}),
    )
    assert found[("fraud", "fargate/x86_64/vcpu")] == Amount(4, 6, 12)
    assert found[("fraud", "fargate/x86_64/gib")] == Amount(8, 12, 24)
    assert found[("gpu", "ec2/g5.xlarge")] == Amount(0, 0.5, 2)
    assert found[("gpu", "ebs/gp3")] == Amount(0, 50, 200)


def test_what_has_no_price_is_named_and_not_taken_for_free() -> None:
    spec = RealtimeEndpoint(model=MODEL, instance_type="ml.c7i.48xlarge")
    result = estimate(Environment(context=CONTEXT, **endpoints(f=spec)), price_table())
    assert [line.usage.key for line in result.not_priced] == ["sagemaker/hosting/ml.c7i.48xlarge"]
    assert result.total == Amount()


def test_a_price_of_another_region_is_never_taken() -> None:
    table = price_table()
    assert table.price("us-east-1", "sagemaker/hosting/ml.m5.large") is not None
    assert table.price("ap-south-1", "sagemaker/hosting/ml.m5.large") is None


def test_a_first_creation_costs_what_its_specs_cost() -> None:
    environment = Environment(context=CONTEXT, **endpoints(fraud=FRAUD))
    plan = read_plan(PLANS / "first-creation.json")
    by_plan = price_table().estimate("us-east-1", planned(plan, "after")).total
    assert by_plan == estimate(environment, price_table()).total
    assert planned(plan, "before") == []


def test_the_registry_costs_the_same_from_its_plan_and_its_specs() -> None:
    registry = Registry(repositories={"fraud": Repository(), "ranking": Repository()})
    plan = read_plan(PLANS / "first-creation-registry.json")
    specs = estimate(Environment(context=CONTEXT, registry=registry), price_table())
    by_plan = price_table().estimate("us-east-1", planned(plan, "after")).total
    assert by_plan == specs.total


def test_a_plan_changes_the_cost_by_what_it_changes() -> None:
    plan = read_plan(PLANS / "scaling-change.json")
    (before,), (after,) = planned(plan, "before"), planned(plan, "after")
    assert (before.amount, after.amount) == (Amount(2, 2.5, 4), Amount(2, 4.5, 12))


RESOURCES: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "aws_nat_gateway.n": ({}, {"vpc/nat-gateway": 1}),
    "aws_vpc_endpoint.e": (
        {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]},
        {"vpc/interface-endpoint": 2},
    ),
    "aws_vpc_endpoint.g": ({"vpc_endpoint_type": "Gateway"}, {}),
    "aws_lb.l": ({"load_balancer_type": "network"}, {"elb/network": 1}),
    "aws_eks_cluster.c": (
        {"version": "1.32", "upgrade_policy": [{"support_type": "EXTENDED"}]},
        {"eks/cluster-extended": 1},
    ),
    "aws_eks_node_group.g": (
        {
            "instance_types": ["g5.2xlarge"],
            "capacity_type": "ON_DEMAND",
            "scaling_config": [{"min_size": 2, "max_size": 4}],
            "disk_size": 100,
        },
        {"ec2/g5.2xlarge": 2, "ebs/gp3": 200},
    ),
    "aws_autoscaling_group.a": (
        {
            "min_size": 1,
            "max_size": 2,
            "mixed_instances_policy": [
                {"launch_template": [{"override": [{"instance_type": "g5.xlarge"}]}]}
            ],
        },
        {"ec2/g5.xlarge": 1},
    ),
}


@pytest.mark.parametrize("address", RESOURCES)
def test_resources_of_any_project_are_estimated(address: str) -> None:
    values, expected = RESOURCES[address]
    plan = read_plan(plan_of(changed(address, ["create"], None, values)))
    assert {u.key: u.amount.minimum for u in planned(plan, "after")} == expected


def test_fargate_tasks_are_estimated_by_cpu_and_memory() -> None:
    arn = "arn:aws:ecs:us-east-1:1:task-definition/t:1"
    plan = read_plan(
        plan_of(
            changed(
                "aws_ecs_service.s",
                ["no-op"],
                *[
                    {
                        "name": "s",
                        "launch_type": "FARGATE",
                        "desired_count": 2,
                        "task_definition": arn,
                    }
                ]
                * 2,
            ),
            changed(
                "aws_ecs_task_definition.t",
                ["no-op"],
                *[{"arn": arn, "family": "t", "cpu": "512", "memory": "1024"}] * 2,
            ),
        )
    )
    assert {u.key: u.amount.minimum for u in planned(plan, "after")} == {
        "fargate/x86_64/vcpu": 1,
        "fargate/x86_64/gib": 2,
    }


def test_every_price_has_a_date_a_source_and_a_sensible_value() -> None:
    for region, prices in price_table().regions.items():
        for key, price in prices.items():
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", price.date), (region, key)
            assert len(price.source) > 20
            assert 0 < price.usd < 200


@pytest.mark.parametrize("content", ["", "[]", '{"regions": {}}', '{"sources": {}, "regions": 1}'])
def test_a_malformed_table_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInputError, match=r"prices\.json is not a price table"):
        price_table(file)


def test_every_estimator_is_for_a_kind_of_spec_that_environments_hold() -> None:
    assert all(hasattr(kind, "model_fields") for kind in ESTIMATORS)


@pytest.mark.parametrize("key", list(environments().environments))
def test_the_command_prints_every_line_the_sums_and_the_assumptions(key: str) -> None:
    answer = CliRunner().invoke(app, ["cost", key, "--json"])
    assert answer.exit_code == 0, answer.output
    data = json.loads(answer.output)
    assert data["monthly"]["minimum"] <= data["monthly"]["expected"] <= data["monthly"]["maximum"]
    assert data["not_priced"] == sum(1 for line in data["lines"] if line["monthly"] is None)
    assert len(data["assumptions"]) >= 3
    text = CliRunner().invoke(app, ["cost", key]).output
    assert "total" in text
    assert ("not priced" in text) == bool(data["not_priced"])


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.001, True, "$0"),
        (9.5, False, "$9.50"),
        (1234.4, True, "+$1,234"),
        (-84, True, "-$84"),
    ],
)
def test_dollars_are_short(value: float, signed: bool, text: str) -> None:
    assert dollars(value, signed=signed) == text
