"""What Specs of lifecycle hooks and test listeners refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Canary,
    EcsCluster,
    EcsDeployment,
    EcsOutputs,
    ExistingLoadBalancer,
    LifecycleHook,
    Linear,
    LoadBalancer,
    RestrictedListener,
    Rolling,
    SpecError,
)
from inferform.access import services
from inferform.identity.policies import boundary
from tests.modules.test_ecs_layer import ACCOUNT, CERTIFICATE, environment, service

CHECK = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:check"
LISTENER = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:listener/app/shared/1a2b/"
EVENT = LifecycleHook(function=CHECK, stages=["AfterInstall"])
STAGE = LifecycleHook(function=CHECK, stages=["POST_SCALE_UP"])
ROLE = f"arn:aws:iam::{ACCOUNT}:role/hooks"


def refused(of: Any, **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        of(**fields)
    return {problem.where: problem.rule for problem in caught.value.problems}


@pytest.mark.parametrize(
    "function",
    [
        "check",
        "arn:aws:lambda:us-east-1:111122223333:layer:check:1",
        "arn:aws:lambda:us-east-1:111122223333:function:" + "a" * 65,
    ],
)
def test_a_hook_is_the_arn_of_a_function(function: str) -> None:
    assert refused(LifecycleHook, function=function, stages=["AfterInstall"]) == {
        "function": "ARN1"
    }


@pytest.mark.parametrize(
    ("stages", "rule"),
    [
        ([], "ECS76"),
        (["AfterInstall", "AfterInstall"], "ECS76"),
        (["BeforeAllowTestTraffic"], "SPEC4"),
    ],
)
def test_a_hook_has_stages_each_once(stages: list[Any], rule: str) -> None:
    assert [*refused(LifecycleHook, function=CHECK, stages=stages).values()] == [rule]


@pytest.mark.parametrize(
    ("rollout", "deployment", "expected"),
    [
        (Rolling(), {"hooks": [STAGE]}, {"deployment.hooks": "ECS75"}),
        (Rolling(), {"test_traffic": True}, {"deployment.test_traffic": "ECS75"}),
        (Canary(), {"hooks": [STAGE]}, {"deployment.hooks.0.stages": "ECS76"}),
        (
            Linear(),
            {"hooks": [STAGE, EVENT], "controller": "ECS"},
            {"deployment.hooks.1.stages": "ECS76"},
        ),
        # One function for each event, and by CodeDeploy's own role.
        (
            AllAtOnce(),
            {"hooks": [EVENT, EVENT]},
            {"deployment.hooks.0.stages": "ECS76", "deployment.hooks.1.stages": "ECS76"},
        ),
        (Canary(), {"hooks": [EVENT.replace(role=ROLE)]}, {"deployment.hooks.0.role": "ECS76"}),
        (
            Canary(),
            {"hooks": [EVENT.replace(stages=["AfterAllowTestTraffic"])]},
            {"deployment.hooks.0.stages": "ECS76"},
        ),
    ],
)
def test_what_a_rollout_does_not_do_is_refused(
    rollout: Any, deployment: dict[str, Any], expected: dict[str, str]
) -> None:
    found = refused(service, rollout=rollout, deployment=EcsDeployment(**deployment))
    assert {where.removeprefix("EcsService."): rule for where, rule in found.items()} == expected


def test_what_a_rollout_does_is_taken() -> None:
    tested = EVENT.replace(stages=["AfterAllowTestTraffic", "AfterInstall"])
    service(rollout=Canary(), deployment=EcsDeployment(hooks=[tested], test_traffic=True))
    both = [STAGE, STAGE.replace(role=ROLE)]
    service(rollout=Canary(), deployment=EcsDeployment(controller="ECS", hooks=both))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"function": CHECK.replace("us-east-1", "eu-west-1")}, {"function": "ECS77"}),
        ({"role": ROLE.replace(ACCOUNT, "999988887777")}, {"role": "EXI1"}),
    ],
)
def test_a_hook_of_elsewhere_is_refused(changes: dict[str, Any], rule: dict[str, str]) -> None:
    hook = STAGE.replace(**changes)
    made = service(rollout=Canary(), deployment=EcsDeployment(controller="ECS", hooks=[hook]))
    found = refused(lambda: environment(made))
    where = "inference.services.fraud.deployment.hooks.0."
    assert {key.partition(where)[2]: value for key, value in found.items()} == rule


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "ELB32"),
        ({"allowed_cidrs": ["0.0.0.0/0"]}, "ELB32"),
        ({"port": 0, "allowed_cidrs": ["10.9.0.0/16"]}, "ELB34"),
        ({"port": 65_536, "allowed_cidrs": ["10.9.0.0/16"]}, "ELB34"),
        ({"allowed_groups": ["vpc-0123456789abcdef0"]}, "EXI6"),
    ],
)
def test_a_test_listener_says_who_reaches_it(fields: dict[str, Any], rule: str) -> None:
    assert [*refused(RestrictedListener, **{"port": 8443, **fields}).values()] == [rule]


@pytest.mark.parametrize(("certificate", "port"), [(CERTIFICATE, 443), (None, 80)])
def test_a_test_listener_has_a_port_of_its_own(certificate: str | None, port: int) -> None:
    test = RestrictedListener(port=port, allowed_groups=["sg-0123456789abcdef0"])
    assert refused(LoadBalancer, certificate=certificate, test_listener=test) == {
        "test_listener.port": "ELB32"
    }
    LoadBalancer(certificate=certificate, test_listener=test.replace(port=8443))


@pytest.mark.parametrize("test", [f"{LISTENER}3c4d", LISTENER.replace("1a2b", "9f9f") + "5e6f"])
def test_a_test_listener_that_exists_is_another_of_the_same_load_balancer(test: str) -> None:
    given = {"listener": f"{LISTENER}3c4d", "security_group": "sg-0123456789abcdef0"}
    assert refused(ExistingLoadBalancer, **given, test_listener=test) == {"test_listener": "ELB32"}
    outputs = EcsOutputs(
        cluster_name="acme",
        capacity_providers={},
        listener_arns={"internal": f"{LISTENER}3c4d"},
        test_listener_arns={"internal": f"{LISTENER}5e6f"},
        load_balancer_suffixes={"internal": "app/shared/1a2b"},
        load_balancer_groups={"internal": "sg-0123456789abcdef0"},
    )
    assert not [*outputs.check()]
    (problem,) = replace(outputs, test_listener_arns={"internal": test}).check()
    assert problem.rule == "OUT6"


def test_test_traffic_needs_a_test_listener() -> None:
    made = service(rollout=Canary(), deployment=EcsDeployment(test_traffic=True))
    plain = LoadBalancer(certificate=CERTIFICATE)
    given = ExistingLoadBalancer(listener=f"{LISTENER}3c4d", security_group="sg-0123456789abcdef0")
    foreign = EcsOutputs(
        cluster_name="acme",
        capacity_providers={},
        listener_arns={"internal": f"{LISTENER}3c4d"},
        load_balancer_suffixes={"internal": "app/shared/1a2b"},
        load_balancer_groups={"internal": "sg-0123456789abcdef0"},
    )
    for ecs in (
        EcsCluster(load_balancers={"internal": plain}),
        EcsCluster(load_balancers={"internal": given}),
        foreign,
    ):
        found = refused(lambda ecs=ecs: environment(made, ecs=ecs))
        assert [*found.values()] == ["ELB33"]
    environment(made, ecs=replace(foreign, test_listener_arns={"internal": f"{LISTENER}5e6f"}))
    tested = given.replace(test_listener=f"{LISTENER}5e6f")
    environment(made, ecs=EcsCluster(load_balancers={"internal": tested}))


def test_roles_under_the_boundary_may_invoke_hooks() -> None:
    assert "InvokeFunction" in services()["lambda"].roles
    context = environment().context
    (within, *_) = boundary(context, [], [])
    assert "lambda:InvokeFunction" in within["Action"]
