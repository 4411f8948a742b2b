"""Costs from Specs and from plans, and the table behind them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    AutoMode,
    BatchTransform,
    Context,
    EksOutputs,
    EksService,
    Environment,
    FargateProfile,
    HostingCapacity,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Ingress,
    Kubernetes,
    MlReservation,
    Model,
    Network,
    OnSchedule,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    Scaling,
    Scheduled,
)
from inferform.alb.network import NetworkLoadBalancer
from inferform.alb.spec import LoadBalancer
from inferform.ecs.containers import ContainerHealth, ContainerOptions
from inferform.ecs.spec import Ec2Capacity, EcsCluster, EcsService, Fargate
from inferform.eks.spec import EksCluster, Karpenter, NodeGroup, NodeGroups, NodePool
from inferform.outputs import NetworkOutputs, RegistryOutputs
from inferform.sagemaker.endpoints import AsyncEndpoint, ServerlessEndpoint
from inferform.scaling.spec import Scaling as ScalingSpec
from inferform.usage import MONITORING
from ops.cli import app
from ops.cost.model import (
    EXPECTED_SHARE,
    HOURS_PER_MONTH,
    Amount,
    Estimate,
    Price,
    Usage,
    between,
    dollars,
)
from ops.cost.prices import PriceTable, price_table, written
from ops.cost.resources import usages as planned
from ops.cost.specs import estimate, usages
from ops.cost.units import unit_of
from ops.cost.update import unlisted
from ops.cost.written import rate
from ops.environments import environments
from ops.errors import BadInputError
from ops.kinds import wanted_prices
from ops.kinds.prices import Wanted
from ops.plan import read_plan
from ops.review.renderers.markdown import cost_notes
from ops.review.report import CostReport
from tests.review.make_fixtures import FRAUD
from tests.review.plans import PLANS, changed, plan_of
from tests.specs import kinds

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml-platform",
)
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
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


def of(**layers: Any) -> dict[tuple[str, str], Amount | None]:
    """What an environment uses, by service and key."""
    environment = Environment(context=CONTEXT, **layers)
    found = price_table().estimate("us-east-1", usages(environment)).lines
    return {
        (line.usage.service, line.usage.key): line.usage.amount
        for line in found
        if line.usage.service != MONITORING
    }


def least(usages: list[Usage]) -> dict[str, float]:
    """The least of each key."""
    return {usage.key: usage.amount.minimum for usage in usages if usage.amount is not None}


FOLLOWING = Scaling(
    min_capacity=2,
    max_capacity=6,
    schedules=[Scheduled(name="night", schedule="cron(0 22 * * ? *)", min_capacity=2)],
)


def endpoints(**specs: Any) -> dict[str, Any]:
    return {"network": NETWORK, "registry": REGISTRY, "inference": Inference(endpoints=specs)}


def test_an_endpoint_costs_its_instances_between_the_scaling_bounds() -> None:
    spec = RealtimeEndpoint(
        model=MODEL,
        instance_type="ml.m5.large",
        scaling=FOLLOWING,
    )
    found = of(**endpoints(fraud=spec))
    assert found == {("fraud", "sagemaker/hosting/ml.m5.large"): Amount(2, 3, 6)}
    environment = Environment(context=CONTEXT, **endpoints(fraud=spec))
    services = estimate(environment, price_table()).services
    assert services["fraud"].total.minimum == pytest.approx(2 * 0.115 * HOURS_PER_MONTH)
    assert services["fraud"].total.maximum == pytest.approx(6 * 0.115 * HOURS_PER_MONTH)
    # Two error rates of two metrics each guard its rollouts.
    assert services[MONITORING].total.expected == pytest.approx(0.4)


def test_what_nothing_moves_is_expected_to_stay_as_it_begins() -> None:
    held = Scaling(min_capacity=2, max_capacity=6)
    spec = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large", scaling=held)
    assert of(**endpoints(fraud=spec)) == {
        ("fraud", "sagemaker/hosting/ml.m5.large"): Amount(2, 2, 6)
    }


def test_what_shares_a_name_has_its_full_one() -> None:
    service = EcsService(
        model=Model(image=Image(repository="fraud", tag="1")),
        compute=Fargate(cpu=256, memory_mib=512),
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
    )
    group = NodeGroup(instance_types=["g5.xlarge"], max_size=2)
    capacity = Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)
    endpoint = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
    found = of(
        network=NETWORK,
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(capacity={"gpu": capacity}),
        eks=EksCluster(version="1.35", compute=NodeGroups(groups={"gpu": group})),
        inference=Inference(
            endpoints={"fraud": endpoint, "ranking": endpoint, "registry": endpoint},
            services={"fraud": service},
        ),
    )
    assert {name for name, _ in found} == {
        *("ecs.capacity.gpu", "eks.compute.groups.gpu", "ecs/fraud", "endpoint/fraud"),
        *("ranking", "registry", "endpoint/registry", "eks"),
    }


def test_expected_capacity_is_a_quarter_of_the_way_up() -> None:
    assert between(0, 4).expected == 4 * EXPECTED_SHARE


def test_an_asynchronous_endpoint_may_cost_nothing() -> None:
    spec = AsyncEndpoint(
        model=MODEL,
        instance_type="ml.g5.xlarge",
        scaling=ScalingSpec(min_capacity=0, max_capacity=2),
    )
    found = of(**endpoints(batch=spec))
    amount = found[("batch", "sagemaker/hosting/ml.g5.xlarge")]
    assert amount is not None
    assert amount.minimum == 0


def test_instances_for_components_cost_between_their_bounds() -> None:
    spec = InferenceComponentEndpoint(
        instance_type="ml.g5.xlarge", min_instances=1, max_instances=5
    )
    assert of(**endpoints(shared=spec)) == {
        ("shared", "sagemaker/hosting/ml.g5.xlarge"): Amount(1, 2, 5)
    }


def test_a_pool_costs_between_its_cheapest_and_its_dearest_type(tmp_path: Path) -> None:
    prices = {"ml.g5.12xlarge": 4.0, "ml.g6.12xlarge": 3.0, "ml.p4d.24xlarge": 10.0}
    keys = {f"sagemaker/hosting/{name}": usd for name, usd in prices.items()}

    def monthly(known: dict[str, float]) -> list[tuple[str, tuple[str, ...], Amount | None]]:
        file = tmp_path / f"{len(known)}.json"
        file.write_text(written(SOURCE, {"us-east-1": {"s": known}}), encoding="utf-8")
        pool = InferenceComponentEndpoint(
            instance_type="ml.g5.12xlarge",
            capacity=HostingCapacity(pools=["ml.g6.12xlarge", "ml.p4d.24xlarge"]),
            max_instances=5,
        )
        environment = Environment(context=CONTEXT, **endpoints(chat=pool))
        lines = estimate(environment, PriceTable(folder=None, own=file)).lines
        return [
            (each.usage.key, each.usage.alternatives, each.monthly)
            for each in lines
            if each.usage.service == "chat"
        ]

    first, *others = keys
    assert monthly(keys) == [
        (first, tuple(others), Amount(730 * 3.0, 2 * 730 * 4.0, 5 * 730 * 10.0))
    ]
    # One type without a price leaves the sum open.
    assert monthly({first: 4.0}) == [(first, tuple(others), None)]


def test_reserved_instances_are_paid_for_with_their_plan() -> None:
    plan = MlReservation(
        arn=CONTEXT.arn("sagemaker", "training-plan/llm"), instance_type="ml.p5.48xlarge"
    )
    spec = RealtimeEndpoint(
        model=MODEL,
        instance_type="ml.p5.48xlarge",
        capacity=HostingCapacity(reservation=plan),
    )
    assert of(**endpoints(llm=spec)) == {
        ("llm", "sagemaker/reserved/ml.p5.48xlarge"): Amount(1, 1, 1)
    }
    assert unlisted("sagemaker/reserved/ml.p5.48xlarge")


def test_a_serverless_endpoint_costs_only_what_is_provisioned() -> None:
    model = Model(image=MODEL.image, artifact=MODEL.artifact, network_isolation=False)
    plain = ServerlessEndpoint(model=model, memory_mib=2048)
    kept = plain.replace(provisioned_concurrency=3)
    requests = {("fraud", "sagemaker/serverless/2048"): None}
    assert of(**endpoints(fraud=plain)) == requests
    assert of(**endpoints(fraud=kept)) == {
        ("fraud", "sagemaker/provisioned-concurrency/2048"): Amount(3, 3, 3),
        **requests,
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
    assert found[("eks", "eks/cluster")] == Amount(1, 1, 1)
    assert found[("gpu", "ec2/g5.xlarge")] == Amount(1, 1.5, 3)
    assert found[("gpu", "ebs/gp3")] == Amount(50, 75, 150)


def test_a_service_on_fargate_costs_its_tasks() -> None:
    service = EcsService(
        model=Model(image=MODEL.image, artifact=MODEL.artifact),
        compute=Fargate(cpu=2048, memory_mib=4096),
        scaling=FOLLOWING,
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
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


def test_interface_endpoints_that_services_need_cost_too() -> None:
    spec = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
    found = of(
        network=Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True),
        registry=REGISTRY,
        inference=Inference(endpoints={"fraud": spec}),
    )
    assert found[("network", "vpc/interface-endpoint")] == Amount(16, 16, 16)


def on_fargate(**compute: Any) -> dict[tuple[str, str], Amount | None]:
    """What 2 to 6 tasks of 1 vCPU and 2 GiB use."""
    service = EcsService(
        model=Model(image=MODEL.image),
        compute=Fargate(cpu=1024, memory_mib=2048, **compute),
        scaling=FOLLOWING,
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
    )
    return of(
        network=NETWORK,
        registry=REGISTRY,
        ecs=EcsCluster(),
        inference=Inference(services={"fraud": service}),
    )


def test_tasks_on_fargate_spot_have_the_price_of_spot() -> None:
    assert on_fargate(on_demand_weight=0, spot_weight=1) == {
        ("fraud", "fargate-spot/x86_64/vcpu"): Amount(2, 3, 6),
        ("fraud", "fargate-spot/x86_64/gib"): Amount(4, 6, 12),
    }


def test_storage_beyond_what_each_task_has_is_paid_for() -> None:
    found = on_fargate(ephemeral_storage_gib=120, on_demand_weight=0, spot_weight=1)
    assert found[("fraud", "fargate/ephemeral-storage")] == Amount(200, 300, 600)
    assert ("fraud", "fargate/ephemeral-storage") not in on_fargate()


@pytest.mark.parametrize("kind", [LoadBalancer, NetworkLoadBalancer])
def test_a_load_balancer_that_faces_the_internet_has_an_address_in_each_zone(kind: Any) -> None:
    open_to = {"allowed_cidrs": ["203.0.113.0/24"]} if kind is LoadBalancer else {}
    more = {"certificate": CERTIFICATE} if kind is LoadBalancer else {}
    inside, outside = kind(**more), kind(internal=False, **open_to, **more)
    for balancer, addresses in ((inside, None), (outside, Amount(3, 3, 3))):
        found = of(
            network=Network(cidr="10.20.0.0/16", availability_zones=3, nat="single"),
            registry=REGISTRY,
            ecs=EcsCluster(load_balancers={"main": balancer}),
        )
        assert found.get(("load balancers", "vpc/public-ipv4")) == addresses


def test_nodes_that_karpenter_chooses_are_not_known_and_no_zero() -> None:
    for karpenter, expected in (
        (Karpenter(pools={"any": NodePool(max_vcpu=64)}), True),
        (None, False),
    ):
        groups = NodeGroups(
            groups={"own": NodeGroup(instance_types=["m5.large"], max_size=2)}, karpenter=karpenter
        )
        found = of(
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(),
            eks=EksCluster(version="1.35", compute=groups),
        )
        assert (("eks", "eks/karpenter-nodes") in found) is expected


def test_tasks_of_both_kinds_are_split_by_base_and_weight() -> None:
    found = on_fargate(on_demand_base=2, on_demand_weight=1, spot_weight=3)
    assert found[("fraud", "fargate/x86_64/vcpu")] == Amount(2, 2.25, 3)
    assert found[("fraud", "fargate-spot/x86_64/vcpu")] == Amount(0, 0.75, 3)


def test_instances_of_both_kinds_are_split_by_base_and_percent() -> None:
    capacity = Ec2Capacity(
        instance_types=["g5.xlarge"],
        min_instances=2,
        max_instances=6,
        on_demand_base=2,
        on_demand_percent=50,
    )
    found = of(network=NETWORK, registry=REGISTRY, ecs=EcsCluster(capacity={"gpu": capacity}))
    assert found[("gpu", "ec2/g5.xlarge")] == Amount(2, 2.5, 4)
    assert found[("gpu", "ec2-spot/g5.xlarge")] == Amount(0, 0.5, 2)
    assert found[("gpu", "ebs/gp3")] == Amount(200, 300, 600)


def test_a_batch_transform_is_billed_by_use_and_never_free() -> None:
    spec = BatchTransform(
        model=MODEL, instance_type="ml.m5.large", trigger=OnSchedule(schedule="rate(1 day)")
    )
    layers: dict[str, Any] = {
        "network": NETWORK,
        "registry": REGISTRY,
        "inference": Inference(batch={"b": spec}),
    }
    assert of(**layers) == {("b", "sagemaker/transform/ml.m5.large"): None}
    result = estimate(Environment(context=CONTEXT, **layers), price_table())
    assert [line.monthly for line in result.not_priced] == [None]
    assert result.total == Amount()


def pods(compute: Any, **fields: Any) -> dict[tuple[str, str], Amount | None]:
    """What one EKS service of 2 pods uses beside its cluster."""
    service = EksService(
        model=Model(image=MODEL.image), compute=Pod(vcpu=1, memory_mib=2048), count=2, **fields
    )
    found = of(
        network=Network(cidr="10.20.0.0/16"),
        registry=REGISTRY,
        eks=compute
        if isinstance(compute, EksOutputs)
        else EksCluster(version="1.35", compute=compute),
        kubernetes=Kubernetes(services={"fraud": service}),
    )
    return {key: amount for key, amount in found.items() if key[0] in ("fraud", "load balancers")}


def test_pods_on_fargate_cost_the_next_size_and_those_on_nodes_nothing_more() -> None:
    assert pods(FargateProfile()) == {
        ("fraud", "fargate/x86_64/vcpu"): Amount(2, 2, 2),
        ("fraud", "fargate/x86_64/gib"): Amount(6, 6, 6),
    }
    assert pods(AutoMode()) == {}
    assert pods(AutoMode(), ingress=Ingress()) == {
        ("load balancers", "elb/application"): Amount(1, 1, 1)
    }


def test_pods_on_a_foreign_cluster_are_not_known() -> None:
    cluster = EksOutputs(
        cluster_name="theirs",
        endpoint="https://ABCDEF.gr7.us-east-1.eks.amazonaws.com",
        certificate_authority="LS0t",
        oidc_issuer="oidc.eks.us-east-1.amazonaws.com/id/ABCDEF",
    )
    assert pods(cluster) == {("fraud", "eks/pods"): None}


def test_every_price_key_of_the_examples_is_fetched_or_explained() -> None:
    keys = {
        usage.key
        for tree in kinds.valid_trees().values()
        for usage in usages(kinds.environment(tree))
    }
    assert len(keys) > 12
    # What each entry makes of the types that the Price List names.
    fetched = {
        wanted.key(re.fullmatch(wanted.usage_type, usage_type), {})  # type: ignore[arg-type]
        for wanted in wanted_prices()
        for usage_type in usage_types(wanted, keys)
        if re.fullmatch(wanted.usage_type, usage_type)
    }
    assert {key for key in keys - fetched if unlisted(key) is None} == set()
    assert {key for key in fetched if unlisted(key) is not None} == set()


def usage_types(wanted: Wanted, keys: set[str]) -> list[str]:
    """The usage types that an entry may match: its own text, or with the last part of a key."""
    text = wanted.usage_type.pattern.replace("\\", "")
    return [re.sub(r"\(.*\)", key.rpartition("/")[2], text) for key in keys]


def test_what_has_no_price_is_named_and_not_taken_for_free(tmp_path: Path) -> None:
    spec = RealtimeEndpoint(model=MODEL, instance_type="ml.c7i.48xlarge")
    empty = PriceTable(folder=tmp_path)
    result = estimate(Environment(context=CONTEXT, **endpoints(f=spec)), empty)
    keys = [line.usage.key for line in result.not_priced]
    assert keys == ["sagemaker/hosting/ml.c7i.48xlarge", "cloudwatch/alarm"]
    assert result.left_out == "2 are not priced"
    assert result.total == Amount()
    assert result.dates == ""


SOURCE = {"s": {"date": "2026-01-01", "text": "a source of prices"}}


def own(tmp_path: Path, region: str) -> PriceTable:
    """Prices of one Region: a published one, an estimate, and one by use."""
    keys = {
        "sagemaker/hosting/ml.m5.large": 0.1,
        "vpc/nat-gateway": [0.05, 0.04, 0.06],
        "sagemaker/serverless/gb-second": 0.00002,
    }
    file = tmp_path / "prices.json"
    file.write_text(written(SOURCE, {region: {"s": keys}}), encoding="utf-8")
    return PriceTable(folder=None, own=file)


def test_a_price_of_another_region_is_never_taken(tmp_path: Path) -> None:
    table = own(tmp_path, "eu-west-1")
    assert table.price("eu-west-1", "sagemaker/hosting/ml.m5.large") is not None
    assert table.price("ap-south-1", "sagemaker/hosting/ml.m5.large") is None
    # Nor is a Region's name taken for a path.
    assert price_table().region("../tables/us-east-1") == {}


def test_a_sum_tells_what_of_it_is_estimated_and_between_what(tmp_path: Path) -> None:
    usages = [
        Usage("network", "vpc/nat-gateway", Amount(1, 1, 2)),
        Usage("fraud", "sagemaker/hosting/ml.m5.large", Amount(1, 2, 3)),
    ]
    result = own(tmp_path, "x").estimate("x", usages)
    low, high = result.bounds
    assert result.estimated.expected == pytest.approx(0.05 * HOURS_PER_MONTH)
    assert low.maximum == pytest.approx(2 * 0.04 * HOURS_PER_MONTH)
    assert high.maximum == pytest.approx(2 * 0.06 * HOURS_PER_MONTH)
    assert result.total.minimum == pytest.approx(0.15 * HOURS_PER_MONTH)
    assert result.dates == "2026-01-01"


def test_prices_that_follow_from_another_say_so(tmp_path: Path) -> None:
    table = own(tmp_path, "x")
    transform = table.price("x", "sagemaker/transform/ml.m5.large")
    serverless = table.price("x", "sagemaker/serverless/3072")
    assert transform is not None
    assert (transform.usd, transform.unit) == (0.1, "hour")
    assert "the price of hosting" in transform.source
    assert serverless is not None
    assert serverless.usd == pytest.approx(0.00006)
    assert serverless.unit == "second"
    assert table.price("x", "sagemaker/provisioned-concurrency/3072") is None


def test_a_rate_by_use_is_told_in_round_numbers() -> None:
    def said(usd: float, unit: str) -> str:
        return rate(Price(usd, unit, "2026-01-01", "a source"))

    assert said(0.0225, "GB") == "$0.0225 per GB"
    assert said(0.00002, "second") == "$0.02 per 1,000 seconds"
    assert said(2e-7, "request") == "$0.2 per million requests"
    assert said(1e-9, "request") == "$1e-09 per request"


def test_the_unit_of_every_key_is_the_one_of_its_price() -> None:
    assert {unit_of(key) for key in price_table().region("us-east-1")} >= {"hour", "GB-month"}
    for key, unit in {
        "sagemaker/hosting/ml.m5.large": "hour",
        "kms/key": "month",
        "lambda/arm64/provisioned-gb-second": "GB-second",
        "lambda/request": "request",
        "vpc/nat-data": "GB",
        "logs/stored": "GB-month",
        "logs/ingested": "GB",
        "elb/application-lcu": "LCU-hour",
        "vpc/public-ipv4": "hour",
        "mwaa/worker/small": "hour",
        "states/transition": "state transition",
    }.items():
        assert unit_of(key) == unit, key


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
    (before,), (after,) = (
        [each for each in planned(plan, side) if each.service != MONITORING]
        for side in ("before", "after")
    )
    assert (before.amount, after.amount) == (Amount(2, 2.5, 4), Amount(2, 4.5, 12))


RESOURCES: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "aws_nat_gateway.n": ({}, {"vpc/nat-gateway": 1}),
    "aws_vpc_endpoint.e": (
        {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]},
        {"vpc/interface-endpoint": 2},
    ),
    "aws_vpc_endpoint.g": ({"vpc_endpoint_type": "Gateway"}, {}),
    "aws_lb.l": ({"load_balancer_type": "network", "internal": True}, {"elb/network": 1}),
    "aws_lb.p": (
        {"load_balancer_type": "network", "subnets": ["subnet-1", "subnet-2"]},
        {"elb/network": 1, "vpc/public-ipv4": 2},
    ),
    "aws_lb.m": (
        {
            "load_balancer_type": "network",
            "subnet_mapping": [
                {"subnet_id": "subnet-1", "allocation_id": "eipalloc-1"},
                {"subnet_id": "subnet-2", "allocation_id": None},
            ],
        },
        {"elb/network": 1, "vpc/public-ipv4": 1},
    ),
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
    assert least(planned(plan, "after")) == expected


@pytest.mark.parametrize(
    ("mover", "expected"),
    [
        (None, 2),
        ("aws_appautoscaling_policy", 4),
        ("aws_appautoscaling_scheduled_action", 4),
    ],
)
@pytest.mark.parametrize("kind", ["endpoint", "function"])
def test_a_plan_whose_target_nothing_moves_is_expected_to_stay_as_it_begins(
    kind: str, mover: str | None, expected: int
) -> None:
    variant = {"variant_name": "v", "instance_type": "ml.m5.large", "initial_instance_count": 2}
    warm = {"function_name": "e", "qualifier": "live", "provisioned_concurrent_executions": 2}
    of_kind: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
        "endpoint": (
            {
                "aws_sagemaker_endpoint.e": {"name": "e", "endpoint_config_name": "c"},
                "aws_sagemaker_endpoint_configuration.c": {
                    "name": "c",
                    "production_variants": [variant],
                },
            },
            "endpoint/e/variant/v",
        ),
        "function": (
            {
                "aws_lambda_function.e": {"function_name": "e", "memory_size": 1024},
                "aws_lambda_provisioned_concurrency_config.w": warm,
            },
            "function:e:live",
        ),
    }
    resources, own = of_kind[kind]
    bounds = {"resource_id": own, "min_capacity": 2, "max_capacity": 10}
    entries = {
        **resources,
        "aws_appautoscaling_target.t": bounds,
        "aws_appautoscaling_policy.of-another": {"resource_id": f"{own}-other"},
    }
    if mover is not None:
        entries[f"{mover}.p"] = {"resource_id": own}
    plan = read_plan(
        plan_of(*(changed(name, ["create"], None, each) for name, each in entries.items()))
    )
    amounts = [each.amount for each in planned(plan, "after") if each.service == "e"]
    (amount, *_) = [each for each in amounts if each is not None]
    assert amount.expected / amount.minimum == expected / 2


def test_a_state_machine_is_billed_by_the_transform_jobs_that_it_runs() -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {"ModelName": "m", "TransformResources": resources},
    }
    values = {"name": "b", "definition": json.dumps({"States": {"Transform": state}})}
    other = {"name": "o", "definition": json.dumps({"States": {"Wait": {"Type": "Wait"}}})}
    plan = read_plan(
        plan_of(
            changed("aws_sfn_state_machine.b", ["create"], None, values),
            changed("aws_sfn_state_machine.o", ["create"], None, other),
            changed("aws_sfn_state_machine.x", ["create"], None, {"name": "x"}),
        )
    )
    assert [(u.service, u.key, u.amount) for u in planned(plan, "after")] == [
        ("b", "sagemaker/transform/ml.m5.large", None)
    ]


def test_instances_of_a_plan_are_split_into_on_demand_and_spot() -> None:
    values = {
        "min_size": 2,
        "max_size": 6,
        "mixed_instances_policy": [
            {
                "instances_distribution": [
                    {
                        "on_demand_base_capacity": 2,
                        "on_demand_percentage_above_base_capacity": 50,
                    }
                ],
                "launch_template": [{"override": [{"instance_type": "g5.xlarge"}]}],
            }
        ],
    }
    plan = read_plan(plan_of(changed("aws_autoscaling_group.a", ["create"], None, values)))
    assert {u.key: u.amount for u in planned(plan, "after")} == {
        "ec2/g5.xlarge": Amount(2, 2.5, 4),
        "ec2-spot/g5.xlarge": Amount(0, 0.5, 2),
    }


def test_tasks_of_a_plan_are_split_into_fargate_and_spot() -> None:
    arn = "arn:aws:ecs:us-east-1:1:task-definition/t:1"
    service = {
        "name": "s",
        "desired_count": 4,
        "task_definition": arn,
        "capacity_provider_strategy": [
            {"capacity_provider": "FARGATE", "base": 2, "weight": 1},
            {"capacity_provider": "FARGATE_SPOT", "base": 0, "weight": 3},
        ],
    }
    task = {"arn": arn, "family": "t", "cpu": "1024", "memory": "2048"}
    plan = read_plan(
        plan_of(
            changed("aws_ecs_service.s", ["no-op"], service, service),
            changed("aws_ecs_task_definition.t", ["no-op"], task, task),
        )
    )
    assert least(planned(plan, "after")) == {
        "fargate/x86_64/vcpu": 2.5,
        "fargate/x86_64/gib": 5,
        "fargate-spot/x86_64/vcpu": 1.5,
        "fargate-spot/x86_64/gib": 3,
    }


def test_what_a_plan_leaves_to_use_is_said_as_such() -> None:
    values = {"version": "1.35", "compute_config": [{"enabled": True}]}
    plan = read_plan(plan_of(changed("aws_eks_cluster.c", ["create"], None, values)))
    after = price_table().estimate("us-east-1", planned(plan, "after"))
    report = CostReport("dev-use1", "us-east-1", Estimate(()), after, "")
    assert "dev-use1: billed by use and not in the sums: eks/auto-mode-nodes" in cost_notes(report)


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
    assert least(planned(plan, "after")) == {
        "fargate/x86_64/vcpu": 1,
        "fargate/x86_64/gib": 2,
    }


def test_every_price_has_a_date_a_source_and_a_sensible_value() -> None:
    table = price_table()
    assert len(table.regions()) == 36
    for region in table.regions():
        prices = table.region(region)
        assert len(prices) > 200, region
        for key, price in prices.items():
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", price.date), (region, key)
            assert len(price.source) > 20
            # A u7in-32tb costs $263 an hour, in some Regions more.
            assert 0 < price.usd < 500, (region, key)
            if price.bounds:
                assert price.bounds[0] <= price.usd <= price.bounds[1]


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"regions": {}}', '{"sources": {}, "regions": 1}'),
        '{"sources": {}, "regions": {"x": {"s": {"kms/key": 1}}}}',
        '{"sources": {}, "regions": {}, "currency": "EUR"}',
        '{"sources": {}, "regions": {}, "regions": {}}',
        *(
            '{"sources": {"s": {"date": "2026-01-01", "text": "t"}}, '
            f'"regions": {{"x": {{"s": {{"kms/key": {price}}}}}}}}}'
            for price in ("0", "-1", '"1"', "true", "[1, 2, 3]", "[1, 2]", "null", "NaN", "1e999")
        ),
    ],
)
def test_a_malformed_table_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInputError, match=r"prices\.json is not a price table"):
        PriceTable(folder=None, own=file).region("x")


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
    assert ("not in the sums" in text) == bool(data["not_priced"])


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
