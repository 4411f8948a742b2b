"""What refers to what, through for_each, count, modules and blocks; or that it is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.plan import Plan, read_plan
from ops.references import type_of
from ops.review.renderers import FORMATS
from ops.review.reviewing import review_plans

from .plans import PLANS, changed, plan_of

REFERENCES = {
    "terraform_data.follows[0]": ["terraform_data.counted[0]"],
    "terraform_data.follows[1]": ["terraform_data.counted[1]"],
    "terraform_data.literal": ["terraform_data.counted[1]"],
    "terraform_data.bracket": ['terraform_data.fe["a"]'],
    "terraform_data.splat": ["terraform_data.counted[0]", "terraform_data.counted[1]"],
    "terraform_data.of_module": ['module.m["k"].terraform_data.inner["x"]'],
    'module.m["k"].terraform_data.inner["x"]': ["terraform_data.root"],
    'module.m["k"].terraform_data.outer["y"]': ['module.m["k"].terraform_data.inner["y"]'],
}


@pytest.mark.parametrize("address", REFERENCES)
def test_a_reference_leads_to_the_instance_that_it_means(address: str) -> None:
    plan = read_plan(PLANS / "references.json")
    change = plan.by_address[address]
    assert [other.address for other in plan.referred(change, "input")] == REFERENCES[address]
    assert plan.is_resolved(change, "input")


def test_a_reference_through_a_local_value_is_not_known() -> None:
    plan = read_plan(PLANS / "references.json")
    change = plan.by_address["terraform_data.through_local"]
    assert plan.referred(change, "input") == ()
    assert not plan.is_resolved(change, "input")


def test_an_argument_that_the_configuration_does_not_show_is_not_known() -> None:
    plan = read_plan(PLANS / "references.json")
    assert not plan.is_resolved(plan.by_address["terraform_data.root"], "dynamic", 0, "name")


def foreach(**expressions: Any) -> str:
    """The plan of a type change under `for_each`, with other expressions of the endpoint."""
    content = json.loads((PLANS / "foreach-type-change.json").read_text("utf-8"))
    for resource in content["configuration"]["root_module"]["resources"]:
        if resource["type"] == "aws_sagemaker_endpoint":
            resource["expressions"] |= expressions
    return json.dumps(content)


def risks(plan: Plan) -> set[tuple[str, str, str]]:
    report = review_plans([plan])
    return {(risk.rule.id, risk.address, str(risk.severity)) for risk in report.risks}


ENDPOINTS = ('aws_sagemaker_endpoint.this["alpha"]', 'aws_sagemaker_endpoint.this["beta"]')


def test_endpoints_under_for_each_are_judged_by_the_configuration_of_their_key() -> None:
    plan = read_plan(foreach(), "plan")
    for endpoint in ENDPOINTS:
        assert {("CAP2", endpoint, "medium"), ("CAP4", endpoint, "high")} <= risks(plan)
    report = review_plans([plan])
    assert [story.headline for story in report.stories] == [
        f"ep-{key} goes from {key}:1 to {key}:2 and from 1 x ml.m5.large to 1 x ml.m5.xlarge"
        for key in ("alpha", "beta")
    ]
    [cost] = report.costs
    assert cost.after.not_priced == ()
    assert cost.after.total.minimum == pytest.approx(2 * cost.before.total.minimum)
    assert cost.after.total.minimum > 0


def test_an_endpoint_whose_configuration_cannot_be_told_is_said_to_be_not_known() -> None:
    hidden = {"references": ["local.configurations", "each.key"]}
    plan = read_plan(foreach(endpoint_config_name=hidden), "plan")
    for endpoint in ENDPOINTS:
        assert {("CAP2", endpoint, "medium"), ("CAP4", endpoint, "medium")} <= risks(plan)
    report = review_plans([plan])
    assert not report.costs[0].difference_is_known
    for name, render in FORMATS.items():
        text = render(report)
        assert "not known: its endpoint configuration" in text, name
        assert "removed" not in text
        assert "nothing" not in text
    text = " ".join(FORMATS["text"](report).split())
    assert "instances of ep-alpha after the plan, instances of ep-beta after the plan" in text
    assert "not known (change not known)" in text


@pytest.mark.parametrize("expression", [None, {"references": ["local.models"]}])
def test_a_model_that_cannot_be_told_is_said_to_be_not_known(expression: Any) -> None:
    content = json.loads(foreach())
    for resource in content["configuration"]["root_module"]["resources"]:
        if resource["type"] == "aws_sagemaker_endpoint_configuration":
            resource["expressions"]["production_variants"][0]["model_name"] = expression
    report = review_plans([read_plan(json.dumps(content), "plan")])
    assert [dict(story.facts)["image"] for story in report.stories] == [
        "alpha:1 → not known",
        "beta:1 → not known",
    ]


def test_each_block_leads_to_its_own_model() -> None:
    def variant(name: str) -> dict[str, Any]:
        return {"variant_name": name, "instance_type": "ml.m5.large", "initial_instance_count": 1}

    def model(name: str) -> dict[str, Any]:
        after = {"primary_container": [{"image": f"image/{name}:1"}]}
        unknown = {"name": True}
        return changed(f"aws_sagemaker_model.{name}", ["create"], None, after, unknown=unknown)

    blocks = [
        {
            "model_name": {
                "references": [f"aws_sagemaker_model.{n}.name", f"aws_sagemaker_model.{n}"]
            }
        }
        for n in "ab"
    ]
    named = {"references": ["aws_sagemaker_endpoint_configuration.c.name"]}
    plan = plan_of(
        model("a"),
        model("b"),
        changed(
            "aws_sagemaker_endpoint_configuration.c",
            ["create"],
            None,
            {"production_variants": [variant("a"), variant("b")]},
            unknown={"name": True, "production_variants": [{"model_name": True}] * 2},
        ),
        changed(
            "aws_sagemaker_endpoint.e",
            ["create"],
            None,
            {"name": "e"},
            unknown={"endpoint_config_name": True},
        ),
        configuration={
            "root_module": {
                "resources": [
                    {
                        "address": "aws_sagemaker_endpoint_configuration.c",
                        "expressions": {"production_variants": blocks},
                    },
                    {
                        "address": "aws_sagemaker_endpoint.e",
                        "expressions": {"endpoint_config_name": named},
                    },
                ]
            }
        },
    )
    [story] = review_plans([read_plan(plan)]).stories
    facts = dict(story.facts)
    assert (facts["image of a"], facts["image of b"]) == ("a:1", "b:1")


def test_a_forgotten_resource_costs_on() -> None:
    gateway = changed("aws_nat_gateway.n", ["forget"], {"id": "nat-1"}, None)
    [cost] = review_plans([read_plan(plan_of(gateway, **US))]).costs
    assert cost.after.total == cost.before.total
    assert cost.after.total.expected > 0


US = {
    "configuration": {
        "provider_config": {
            "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}
        }
    }
}


@pytest.mark.parametrize("definition", [{}, {"task_definition": "other:1"}])
def test_a_service_whose_task_definition_is_not_in_the_plan_has_no_known_cost(
    definition: dict[str, Any],
) -> None:
    after = {"name": "s", "launch_type": "FARGATE", "desired_count": 2, **definition}
    [cost] = review_plans(
        [read_plan(plan_of(changed("aws_ecs_service.s", ["create"], None, after), **US))]
    ).costs
    assert not cost.difference_is_known


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("aws_vpc.main", "aws_vpc"),
        ('aws_vpc.main["a]b.c"]', "aws_vpc"),
        ('module.m["k.x"].aws_vpc.main[0]', "aws_vpc"),
        ("data.aws_region.here", "aws_region"),
        ("output", ""),
    ],
)
def test_a_type_is_read_past_the_keys_of_modules_and_instances(address: str, kind: str) -> None:
    assert type_of(address) == kind
