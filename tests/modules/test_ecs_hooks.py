"""Test listeners and lifecycle hooks of ECS services in Terraform."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Canary,
    EcsCluster,
    EcsDeployment,
    ExistingLoadBalancer,
    LifecycleHook,
    Linear,
    LoadBalancer,
    RestrictedListener,
)
from tests.modules.test_ecs_layer import (
    ACCOUNT,
    CERTIFICATE,
    environment,
    only,
    policy,
    resources,
    service,
)

Synthesize = Callable[..., dict[str, dict[str, Any]]]

CHECK = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:check:live"
OTHER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/security/hooks"
TESTED = LoadBalancer(
    certificate=CERTIFICATE,
    more_certificates=[CERTIFICATE.replace("1234", "4321", 1)],
    test_listener=RestrictedListener(
        port=8443, allowed_cidrs=["10.9.0.0/16"], allowed_groups=["sg-0123456789abcdef0"]
    ),
)


def stacks(synthesize: Synthesize, balancer: Any = TESTED, **changes: Any) -> dict[str, Any]:
    ecs = EcsCluster(load_balancers={"internal": balancer})
    return synthesize(environment(service(**changes), ecs=ecs))


def test_a_test_listener_is_reached_by_those_who_are_named_alone(synthesize: Synthesize) -> None:
    stack = stacks(synthesize)["dev-use1-ecs"]
    https, test = sorted(resources(stack, "aws_lb_listener"), key=lambda each: each["port"])
    assert (https["port"], test["port"]) == (443, 8443)
    differ = {key for key in https.keys() | test.keys() if https.get(key) != test.get(key)}
    assert differ - {"//"} == {"port"}
    assert len(resources(stack, "aws_lb_listener_certificate")) == 2
    rules = resources(stack, "aws_vpc_security_group_ingress_rule")
    sources = {
        rule.get("cidr_ipv4") or rule["referenced_security_group_id"]
        for rule in rules
        if rule["from_port"] == rule["to_port"] == 8443
    }
    assert sources == {"10.9.0.0/16", "sg-0123456789abcdef0"}
    assert len(rules) == 3
    assert stack["output"]["test_listener_arns"]["value"].keys() == {"internal"}


def test_without_a_test_listener_nothing_is_handed_up(synthesize: Synthesize) -> None:
    stack = stacks(synthesize, LoadBalancer(certificate=CERTIFICATE))["dev-use1-ecs"]
    assert "test_listener_arns" not in stack["output"]


def test_a_test_listener_that_exists_is_used_as_it_is(synthesize: Synthesize) -> None:
    arn = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:listener/app/shared/1a2b/"
    given = ExistingLoadBalancer(
        listener=f"{arn}3c4d", test_listener=f"{arn}5e6f", security_group="sg-0123456789abcdef0"
    )
    made = stacks(synthesize, given)["dev-use1-ecs"]
    assert made["output"]["test_listener_arns"]["value"] == {"internal": f"{arn}5e6f"}
    assert not resources(made, "aws_lb_listener")


def test_code_deploy_shows_new_tasks_to_the_test_listener(synthesize: Synthesize) -> None:
    stack = stacks(synthesize, rollout=Canary(), deployment=EcsDeployment(test_traffic=True))[
        "dev-use1-inference"
    ]
    production, test = sorted(
        resources(stack, "aws_lb_listener_rule"), key=lambda each: "test" in each["listener_arn"]
    )
    for each in ("condition", "priority", "action", "lifecycle"):
        assert production[each] == test[each]
    pair = only(stack, "aws_codedeploy_deployment_group")["load_balancer_info"][
        "target_group_pair_info"
    ]
    assert pair["test_traffic_route"] == {"listener_arns": [test["listener_arn"]]}
    assert pair["prod_traffic_route"] == {"listener_arns": [production["listener_arn"]]}


def test_services_without_test_traffic_have_one_rule(synthesize: Synthesize) -> None:
    stack = stacks(synthesize, rollout=Canary())["dev-use1-inference"]
    only(stack, "aws_lb_listener_rule")
    pair = only(stack, "aws_codedeploy_deployment_group")["load_balancer_info"]
    assert "test_traffic_route" not in pair["target_group_pair_info"]
    assert "AskHooks" not in {each["Sid"] for each in policy(stack, "rollout")}


def test_code_deploy_may_invoke_its_hooks_and_no_other_function(synthesize: Synthesize) -> None:
    hooks = [
        LifecycleHook(function=CHECK, stages=["BeforeInstall", "AfterAllowTraffic"]),
        LifecycleHook(function=OTHER, stages=["AfterInstall"]),
    ]
    stack = stacks(synthesize, rollout=Canary(), deployment=EcsDeployment(hooks=hooks))[
        "dev-use1-inference"
    ]
    (asked,) = (each for each in policy(stack, "rollout") if each["Sid"] == "AskHooks")
    assert asked["Action"] == "lambda:InvokeFunction"
    assert asked["Resource"] == [CHECK, OTHER]


@pytest.mark.parametrize("rollout", [AllAtOnce(), Canary(), Linear()])
def test_ecs_asks_hooks_by_a_role_that_may_invoke_them_alone(
    synthesize: Synthesize, rollout: Any
) -> None:
    hooks = [
        LifecycleHook(function=CHECK, stages=["PRE_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT"]),
        LifecycleHook(function=OTHER, stages=["PRE_SCALE_UP"], role=ROLE),
    ]
    deployment = EcsDeployment(controller="ECS", hooks=hooks, test_traffic=True)
    stack = stacks(synthesize, rollout=rollout, deployment=deployment)["dev-use1-inference"]
    made = only(stack, "aws_ecs_service")
    own, given = made["deployment_configuration"]["lifecycle_hook"]
    assert own["hook_target_arn"] == CHECK
    assert own["lifecycle_stages"] == ["PRE_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT"]
    assert given["role_arn"] == ROLE
    (address,) = (
        name for name in stack["resource"]["aws_iam_role"] if f"aws_iam_role.{name}.arn" in str(own)
    )
    role = stack["resource"]["aws_iam_role"][address]
    assert role["name"] == "acme-dev-use1-fraud-ecs-hooks"
    trusted = json.loads(role["assume_role_policy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "ecs.amazonaws.com"}
    (statement,) = policy(stack, "hooks")
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", CHECK)
    # ECS asks a hook only once its role may invoke it.
    assert any("_hooks_policy_" in each for each in made["depends_on"])
    (needed,) = stack["//"]["metadata"]["inferform"]["roles"].values()
    assert needed["arn"] == ROLE
    assert needed["statements"][0]["Resource"] == OTHER
    advanced = made["load_balancer"][0]["advanced_configuration"]
    rules = {
        f"${{aws_lb_listener_rule.{name}.arn}}"
        for name in stack["resource"]["aws_lb_listener_rule"]
    }
    assert {advanced["production_listener_rule"], advanced["test_listener_rule"]} == rules
    (moved,) = (each for each in policy(stack, "traffic") if each["Sid"] == "MoveTraffic")
    assert {*moved["Resource"]} == rules
