"""The words for what happens to services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.kinds.sagemaker_story import MODEL
from ops.kinds.words import minutes, short_image
from ops.plan import read_plan
from ops.review.stories import tell
from ops.told import Story

from .plans import PLANS, changed, plan_of


def told(name: str) -> list[Story]:
    return tell(read_plan(PLANS / f"{name}.json"))


def test_an_image_change_names_both_images_and_the_rollout() -> None:
    (story,) = told("image-change")
    assert story.headline == (
        "acme-dev-use1-fraud goes from acme-dev-use1-fraud:1.4.2 to acme-dev-use1-fraud:1.5.0"
    )
    assert story.rollout == "blue/green, all at once; rolls back on 2 alarms"
    assert story.worst_case == "35 min, then AWS rolls back"
    assert story.interrupted == ""
    assert "starts again with 2" in story.resets_capacity


def test_a_version_of_the_registry_is_a_model_and_no_image() -> None:
    plan = json.loads((PLANS / "image-change.json").read_text())
    versions = [f"arn:aws:sagemaker:us-east-1:123456789012:model-package/fraud/{n}" for n in (1, 2)]
    (model,) = [each["change"] for each in plan["resource_changes"] if each["type"] == MODEL]
    for side, version in zip(("before", "after"), versions, strict=True):
        container = {"image": "", "model_data_url": "", "model_package_name": version}
        model[side]["primary_container"][0] |= container
    (story,) = tell(read_plan(json.dumps(plan)))
    assert story.headline == f"acme-dev-use1-fraud goes from {versions[0]} to {versions[1]}"
    facts = dict(story.facts)
    assert (facts["model"], "image" in facts) == (f"{versions[0]} → {versions[1]}", False)


def test_a_new_endpoint_is_told_before_its_names_are_known() -> None:
    (story,) = told("first-creation")
    assert story.headline == "acme-dev-use1-fraud is new"
    assert dict(story.facts)["instances"] == "2 x ml.m5.large"
    assert dict(story.facts)["scaling of primary"] == "2 to 4 instances"


def test_a_renamed_endpoint_is_an_interruption_and_recognized() -> None:
    deleted, created = told("endpoint-renamed")
    assert deleted.interrupted == "every request, for good"
    assert dict(deleted.facts)["looks like"].startswith("it is renamed to acme-dev-use1-fraud-s")
    assert created.interrupted == ""


def test_a_variant_that_is_added_takes_its_share_of_the_traffic() -> None:
    (story,) = told("variant-added")
    assert story.headline == "acme-dev-use1-fraud gets the variant challenger"
    assert dict(story.facts)["traffic of primary"] == "100 % → 90 %"
    assert dict(story.facts)["traffic of challenger"] == "10 %"
    assert story.interrupted == ""
    assert story.worst_case.startswith("60 min")


def test_variants_that_come_under_guardrails_replace_the_endpoint() -> None:
    (story,) = told("variants-under-guardrails")
    assert story.interrupted.startswith("every request")
    assert dict(story.facts)["replaced because of"] == "deployment_config"


def test_a_scaling_change_rolls_nothing() -> None:
    (story,) = told("scaling-change")
    assert story.facts == (("scaling of primary", "2 to 4 → 2 to 12 instances"),)
    assert story.rollout == ""


def test_nothing_to_do_tells_nothing() -> None:
    assert told("nothing-to-do") == []


def _endpoint(deployment: dict[str, Any]) -> Story:
    entry = changed(
        "aws_sagemaker_endpoint.e",
        ["update"],
        {"name": "e", "endpoint_config_name": "a"},
        {"name": "e", "endpoint_config_name": "b", "deployment_config": [deployment]},
    )
    (story,) = tell(read_plan(plan_of(entry)))
    return story


def _routing(**routing: Any) -> dict[str, Any]:
    return {"traffic_routing_configuration": [routing], "termination_wait_in_seconds": 300}


def test_a_canary_is_told_with_its_share_wait_and_alarms() -> None:
    size = [{"type": "CAPACITY_PERCENT", "value": 10}]
    policy = _routing(type="CANARY", canary_size=size, wait_interval_in_seconds=600)
    story = _endpoint(
        {
            "blue_green_update_policy": [policy],
            "auto_rollback_configuration": [{"alarms": [{"alarm_name": "a"}]}],
        }
    )
    assert story.rollout == (
        "blue/green, canary of 10% for 600 s, then the rest; rolls back on 1 alarm"
    )
    assert story.worst_case.startswith("15 min of waiting beside starting instances")


def test_an_execution_timeout_bounds_the_worst_case() -> None:
    policy = _routing(type="ALL_AT_ONCE", wait_interval_in_seconds=0)
    story = _endpoint(
        {"blue_green_update_policy": [{**policy, "maximum_execution_timeout_in_seconds": 1800}]}
    )
    assert story.worst_case == "30 min, then AWS rolls back"


def test_a_rolling_update_is_told_with_its_batches() -> None:
    rolling = {
        "maximum_batch_size": [{"type": "INSTANCE_COUNT", "value": 2}],
        "wait_interval_in_seconds": 60,
    }
    story = _endpoint({"rolling_update_policy": [rolling]})
    assert story.rollout.startswith("rolling, 2 instances at a time, 60 s between")


def _variant(name: str, kind: str, model: str) -> dict[str, Any]:
    return {
        "variant_name": name,
        "instance_type": kind,
        "model_name": model,
        "initial_instance_count": 1,
    }


def test_an_added_variant_is_told() -> None:
    old = {"name": "a", "production_variants": [_variant("champion", "ml.m5.large", "m1")]}
    new = {
        "name": "b",
        "production_variants": [
            _variant("champion", "ml.m5.large", "m1"),
            _variant("challenger", "ml.m5.large", "m2"),
        ],
    }
    image = {"primary_container": [{"image": "r/m:2"}]}
    plan = plan_of(
        changed(
            "aws_sagemaker_endpoint.e",
            ["update"],
            {"name": "e", "endpoint_config_name": "a"},
            {"name": "e", "endpoint_config_name": "b"},
        ),
        changed("aws_sagemaker_endpoint_configuration.c", ["create", "delete"], old, new),
        changed("aws_sagemaker_model.m2", ["create"], None, {"name": "m2", **image}),
    )
    (story,) = tell(read_plan(plan))
    assert story.headline == "e gets the variant challenger"
    assert ("variant challenger", "added") in story.facts
    assert ("image of challenger", "m:2") in story.facts


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (False, True, "closed → open to who may start a session"),
        (True, True, "open to who may start a session"),
        (True, False, "open to who may start a session → closed"),
        (False, False, None),
    ],
)
def test_a_shell_in_the_containers_of_an_endpoint_is_told(
    before: bool, after: bool, told: str | None
) -> None:
    def configuration(name: str, shell: bool) -> dict[str, Any]:
        variant = {**_variant("v", "ml.m5.large", "m"), "enable_ssm_access": shell}
        return {"name": name, "production_variants": [variant]}

    plan = plan_of(
        changed(
            "aws_sagemaker_endpoint.e",
            ["update"],
            {"name": "e", "endpoint_config_name": "a"},
            {"name": "e", "endpoint_config_name": "b"},
        ),
        changed(
            "aws_sagemaker_endpoint_configuration.c",
            ["create", "delete"],
            configuration("a", before),
            configuration("b", after),
        ),
    )
    (story,) = tell(read_plan(plan))
    assert dict(story.facts).get("shell in containers") == told


def _service(actions: list[str], **values: Any) -> Story:
    def definition(tag: str) -> dict[str, Any]:
        containers = json.dumps([{"name": "api", "image": f"1.dkr.ecr/r/api:{tag}"}])
        return {"family": "api", "cpu": "512", "container_definitions": containers}

    arn = "arn:aws:ecs:us-east-1:1:task-definition/api:"
    common = {"name": "api", "desired_count": 2, **values}
    plan = plan_of(
        changed(
            "aws_ecs_service.s",
            actions,
            {**common, "task_definition": f"{arn}1"},
            {**common, "task_definition": None},
            unknown={"task_definition": True},
        ),
        changed(
            "aws_ecs_task_definition.t",
            ["create", "delete"],
            {**definition("1"), "arn": f"{arn}1"},
            definition("2"),
        ),
    )
    (story,) = tell(read_plan(plan))
    return story


def test_an_ecs_service_is_told_with_its_images_and_circuit_breaker() -> None:
    story = _service(["update"], deployment_circuit_breaker=[{"rollback": True}])
    assert story.headline == "api goes from api:1 to api:2"
    assert story.rollout == "rolling, 100 to 200 % of the tasks; rolls back by itself"
    assert story.interrupted == ""


def test_an_ecs_service_that_may_stop_every_task_is_an_interruption() -> None:
    assert "all stop" in _service(["update"], deployment_minimum_healthy_percent=0).interrupted


def test_a_replaced_ecs_service_is_an_interruption() -> None:
    assert _service(["delete", "create"]).interrupted.startswith("every request")


def test_a_real_image_change_of_an_ecs_service_is_told() -> None:
    (story,) = told("service-image-change")
    assert story.headline == (
        "acme-dev-use1-fraud goes from acme-dev-use1-fraud:1.4.2 to acme-dev-use1-fraud:1.5.0"
    )
    assert story.rollout == "rolling, 100 to 200 % of the tasks; rolls back by itself"
    assert story.worst_case.startswith("20 min")


def test_a_deleted_ecs_service_is_told_with_what_it_served() -> None:
    (story,) = told("service-deleted")
    assert story.interrupted == "every request, for good"
    assert story.facts == (("image of model", "acme-dev-use1-fraud:1.4.2"),)


def test_a_service_that_codedeploy_moves_goes_on_with_its_old_task_definition() -> None:
    arn = "arn:aws:ecs:us-east-1:1:task-definition/api:1"
    values = {
        "name": "api",
        "task_definition": arn,
        "deployment_controller": [{"type": "CODE_DEPLOY"}],
    }
    old = {"family": "api", "arn": arn, "container_definitions": '[{"name": "a", "image": "a:1"}]'}
    new = {"family": "api", "container_definitions": '[{"name": "a", "image": "a:2"}]'}
    plan = plan_of(
        changed("aws_ecs_service.s", ["no-op"], values, values),
        changed("aws_ecs_task_definition.t", ["create", "delete"], old, new),
    )
    (story,) = tell(read_plan(plan))
    assert story.headline.startswith("api gets a new task definition")
    assert story.facts == (("image of a", "a:1 → a:2"),)
    assert "CodeDeploy" in story.rollout


def test_a_kubernetes_deployment_is_told_with_its_images() -> None:
    def spec(tag: str) -> dict[str, Any]:
        container = [{"name": "api", "image": f"api:{tag}"}]
        pod = {"spec": [{"container": container}]}
        return {"metadata": [{"name": "api"}], "spec": [{"template": [pod]}]}

    entry = changed("kubernetes_deployment_v1.d", ["update"], spec("1"), spec("2"))
    (story,) = tell(read_plan(plan_of(entry)))
    assert story.facts == (("image of api", "api:1 → api:2"),)


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 min"), (3600, "60 min"), (9000, "2 h 30 min"), (7200, "2 h")]
)
def test_durations_are_readable(seconds: int, text: str) -> None:
    assert minutes(seconds) == text


@pytest.mark.parametrize(
    ("image", "short"),
    [
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/acme/fraud:1", "fraud:1"),
        (f"r/fraud@sha256:{'a' * 64}", "fraud@sha256:aaaaaaaaaaaa"),
        ("fraud:1", "fraud:1"),
    ],
)
def test_images_lose_their_registry(image: str, short: str) -> None:
    assert short_image(image) == short


@pytest.mark.parametrize(
    ("before", "after", "rolls"),
    [
        ({"task_definition": "t:1"}, {"task_definition": "t:2"}, True),
        ({"network_configuration": [{"subnets": ["a"]}]}, {"network_configuration": []}, True),
        ({"tags_all": {"Owner": "a"}}, {"tags_all": {"Owner": "b"}}, False),
        ({"desired_count": 2}, {"desired_count": 4}, False),
        ({"deployment_maximum_percent": 200}, {"deployment_maximum_percent": 150}, False),
    ],
)
def test_an_ecs_service_rolls_for_what_starts_a_deployment(
    before: dict[str, Any], after: dict[str, Any], rolls: bool
) -> None:
    values = {"name": "s", "deployment_minimum_healthy_percent": 0}
    entry = changed("aws_ecs_service.s", ["update"], {**values, **before}, {**values, **after})
    (story,) = tell(read_plan(plan_of(entry)))
    assert bool(story.rollout) is bool(story.interrupted) is rolls


def pods(replicas: str, image: str, label: str = "a") -> dict[str, Any]:
    spec = {"replicas": replicas, "template": [{"spec": [{"container": [{"image": image}]}]}]}
    metadata = {"name": "d", "namespace": "n", "labels": {"team": label}}
    return {"metadata": [metadata], "spec": [spec]}


@pytest.mark.parametrize(
    ("after", "rolls"),
    [(pods("2", "a:2"), True), (pods("4", "a:1"), False), (pods("2", "a:1", "b"), False)],
)
def test_a_deployment_rolls_for_what_its_pods_are_made_of(
    after: dict[str, Any], rolls: bool
) -> None:
    entry = changed("kubernetes_deployment_v1.d", ["update"], pods("2", "a:1"), after)
    (story,) = tell(read_plan(plan_of(entry)))
    assert bool(story.rollout) is rolls


@pytest.mark.parametrize(
    ("before", "after", "rolls"),
    [
        ({"version": "1.34"}, {"version": "1.35"}, True),
        ({"launch_template": [{"version": "1"}]}, {"launch_template": [{"version": "2"}]}, True),
        ({"labels": {"a": "1"}}, {"labels": {"a": "2"}}, False),
        ({"tags_all": {"Owner": "a"}}, {"tags_all": {"Owner": "b"}}, False),
    ],
)
def test_a_node_group_rolls_for_its_template_and_its_version(
    before: dict[str, Any], after: dict[str, Any], rolls: bool
) -> None:
    values = {"node_group_name": "g", "instance_types": ["m5.large"]}
    entry = changed("aws_eks_node_group.g", ["update"], {**values, **before}, {**values, **after})
    (story,) = tell(read_plan(plan_of(entry)))
    assert bool(story.rollout) is rolls


ON_THE_WAY = {
    "aws_api_gateway_stage": "stage_name",
    "aws_api_gateway_usage_plan": "name",
    "aws_apigatewayv2_api_mapping": "domain_name",
    "aws_apigatewayv2_domain_name": "domain_name",
    "aws_apigatewayv2_route": "route_key",
    "aws_apigatewayv2_stage": "name",
    "aws_apigatewayv2_vpc_link": "name",
    "aws_lambda_permission": "statement_id",
}


@pytest.mark.parametrize("kind", ON_THE_WAY)
def test_what_requests_need_on_their_way_to_a_model_is_told_once_it_goes(kind: str) -> None:
    before = {ON_THE_WAY[kind]: "x", "tags": {}}
    gone = changed(f"{kind}.x", ["delete"], before, None)
    (story,) = tell(read_plan(plan_of(gone)))
    assert story.headline == "x is deleted"
    assert story.interrupted.startswith("every request ")
    again = changed(f"{kind}.x", ["delete", "create"], before, before)
    (story,) = tell(read_plan(plan_of(again)))
    assert story.interrupted.endswith(", until it is made again")
    kept = changed(f"{kind}.x", ["update"], before, {**before, "tags": {"a": "b"}})
    assert list(tell(read_plan(plan_of(kept)))) == []


def test_requests_to_a_kubernetes_service_come_back_with_another_and_not_after_a_deletion() -> None:
    before = {"metadata": [{"name": "x"}]}
    said = {}
    for after in (None, before):
        actions = ["delete", "create"] if after else ["delete"]
        plan = plan_of(changed("kubernetes_service_v1.x", actions, before, after))
        (story,) = tell(read_plan(plan))
        said[story.action] = story.interrupted
    assert list(said.values()) == [
        "requests by its name",
        "requests by its name, until it is made again",
    ]
