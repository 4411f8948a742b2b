"""What only the apply tells has no cost that is known, and never that of a default."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest

from ops.cost.resources import usages
from ops.kinds.untold import NOT_TOLD
from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.reviewing import costs_of, review_plans
from tests.review.plans import changed, plan_of

Entry = dict[str, Any]


def keys(*entries: Entry) -> list[str]:
    """The price keys of what a plan uses afterwards."""
    return [usage.key for usage in usages(read_plan(plan_of(*entries)), "after")]


def created(kind: str, unknown: Any = None, **values: Any) -> Entry:
    return changed(f"{kind}.x", ["create"], None, values, unknown=unknown)


TASK = created(
    "aws_ecs_task_definition",
    family="f",
    cpu="1024",
    memory="2048",
    container_definitions="[]",
    requires_compatibilities=["FARGATE"],
)
SERVICE = {"name": "s", "task_definition": "x/f:1", "cluster": "arn:aws:ecs:x:1:cluster/c"}
FARGATE = ["fargate/x86_64/vcpu", "fargate/x86_64/gib"]
VARIANT = {"variant_name": "v", "instance_type": "ml.g5.xlarge", "initial_instance_count": 2}
ENDPOINT = created("aws_sagemaker_endpoint", name="e", endpoint_config_name="c")
CONFIGURATION = "aws_sagemaker_endpoint_configuration"
SIZES = {"min_size": 1, "max_size": 2}


def without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def target(unknown: Any = None, **values: Any) -> Entry:
    return created("aws_appautoscaling_target", unknown, **values)


@pytest.mark.parametrize(
    "entries",
    [
        [
            created("aws_ecs_service", {"desired_count": True}, **SERVICE, launch_type="FARGATE"),
            TASK,
        ],
        [
            created("aws_ecs_service", **SERVICE, launch_type="FARGATE", desired_count=1),
            target({"max_capacity": True}, resource_id="service/c/s", min_capacity=1),
            TASK,
        ],
        [created("aws_ecs_service", {"launch_type": True}, **SERVICE, desired_count=1), TASK],
        [created("aws_eks_node_group", {"instance_types": True}, scaling_config=[SIZES])],
        [created("aws_eks_node_group", {"scaling_config": True}, instance_types=["m5.large"])],
        [
            created(
                "aws_eks_node_group",
                {"scaling_config": [{"max_size": True}]},
                instance_types=["m5.large"],
                scaling_config=[{"min_size": 1}],
            )
        ],
        [created("aws_eks_node_group", scaling_config=[SIZES], launch_template=[{"id": "lt-1"}])],
        *(
            [
                ENDPOINT,
                created(
                    CONFIGURATION,
                    {"production_variants": [{name: True}]},
                    name="c",
                    production_variants=[without(VARIANT, name)],
                ),
            ]
            for name in ("instance_type", "initial_instance_count")
        ),
        [
            ENDPOINT,
            created(CONFIGURATION, name="c", production_variants=[VARIANT]),
            target({"min_capacity": True}, resource_id="endpoint/e/variant/v", max_capacity=4),
        ],
    ],
)
def test_an_amount_that_the_apply_tells_is_not_known(entries: list[Entry]) -> None:
    (key,) = keys(*entries)
    assert key.startswith(NOT_TOLD)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([created("aws_ecs_service", **SERVICE, launch_type="FARGATE"), TASK], FARGATE),
        ([created("aws_ecs_service", **SERVICE, launch_type="EC2"), TASK], []),
        (
            [
                created("aws_ecs_service", {"launch_type": True}, **SERVICE, desired_count=1),
                created(
                    "aws_ecs_cluster_capacity_providers",
                    cluster_name="c",
                    default_capacity_provider_strategy=[
                        {"capacity_provider": "FARGATE", "weight": 1}
                    ],
                ),
                TASK,
            ],
            FARGATE,
        ),
        (
            [
                created("aws_ecs_service", {"launch_type": True}, **SERVICE, desired_count=1),
                created(
                    "aws_ecs_cluster_capacity_providers",
                    cluster_name="c",
                    default_capacity_provider_strategy=[{"capacity_provider": "own", "weight": 1}],
                ),
                TASK,
            ],
            [],
        ),
        # EKS takes this one where none is given, with a volume of 20 GiB.
        ([created("aws_eks_node_group", scaling_config=[SIZES])], ["ec2/t3.medium", "ebs/gp3"]),
        (
            [ENDPOINT, created(CONFIGURATION, name="c", production_variants=[VARIANT])],
            ["sagemaker/hosting/ml.g5.xlarge"],
        ),
    ],
)
def test_an_amount_that_the_plan_tells_has_its_price(
    entries: list[Entry], expected: list[str]
) -> None:
    assert keys(*entries) == expected


@pytest.mark.parametrize("count", [-2, 10**400])
@pytest.mark.parametrize(
    "made",
    [
        lambda count: [
            ENDPOINT,
            created(
                CONFIGURATION,
                name="c",
                production_variants=[{**VARIANT, "initial_instance_count": count}],
            ),
        ],
        lambda count: [
            created(
                "aws_eks_node_group",
                instance_types=["m5.large"],
                scaling_config=[{"min_size": 0, "max_size": count}],
            )
        ],
        lambda count: [
            created("aws_lambda_function", function_name="l", memory_size=1024),
            created(
                "aws_lambda_provisioned_concurrency_config",
                function_name="l",
                provisioned_concurrent_executions=count,
            ),
        ],
        lambda count: [
            created("aws_ecs_service", **SERVICE, launch_type="FARGATE", desired_count=count),
            TASK,
        ],
    ],
)
def test_an_amount_that_nothing_has_takes_nothing_from_the_sums(made: Any, count: int) -> None:
    (cost,) = costs_of([read_plan(plan_of(*made(count)))])
    assert cost.after.total.minimum >= 0
    assert cost.after.total.maximum < 1e15
    assert any(line.usage.key.startswith(NOT_TOLD) for line in cost.after.not_priced)


def test_resources_of_types_without_prices_are_counted_by_type() -> None:
    plan = read_plan(
        plan_of(
            created("aws_db_instance", instance_class="db.m5.large"),
            created("aws_made_up_tomorrow"),
            changed("aws_made_up_tomorrow.y", ["no-op"], {}, {}),
            changed("aws_iam_role.r", ["create"], None, {"name": "r"}),
            changed("aws_iam_group_policy_attachment.r", ["create"], None, {"group": "r"}),
            changed("random_id.r", ["create"], None, {}),
            changed("data.aws_db_instance.d", ["read"], None, {}, mode="data"),
        ),
        "foreign",
    )
    report = review_plans([plan])
    [cost] = report.costs
    assert cost.untold == {"aws_db_instance": 1, "aws_made_up_tomorrow": 2}
    for name in FORMATS:
        text = html.unescape(FORMATS[name](report)).replace("\\_", "_")
        assert "aws_made_up_tomorrow" in text
        if name != "json":
            said = "3 resources are in no sum and in no difference, as no price is known of their types"
            assert said in " ".join(text.split()), name
            assert "not known" in text
    assert json.loads(FORMATS["json"](report))["costs"][0]["types_without_prices"] == cost.untold


@pytest.mark.parametrize(("actions", "known"), [("no-op", True), ("update", False)])
def test_no_difference_is_told_where_a_resource_of_such_a_type_changes(
    actions: str, known: bool
) -> None:
    database = changed("aws_db_instance.d", [actions], {}, {"allocated_storage": 100})
    [cost] = costs_of([read_plan(plan_of(database))])
    assert cost.difference_is_known is known


def test_a_plan_of_known_types_says_nothing_of_types() -> None:
    plan = read_plan(plan_of(created("aws_iam_role", name="r"), ENDPOINT), "own")
    assert all(not cost.untold for cost in costs_of([plan]))
