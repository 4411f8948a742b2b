"""Services behind Network Load Balancers in Terraform."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    ContainerOptions,
    EcsCluster,
    EcsOutputs,
    HealthCheck,
    Network,
    NetworkLoadBalancer,
    NetworkRoute,
)
from tests.modules.test_ecs_layer import (
    CERTIFICATE,
    Synthesize,
    environment,
    only,
    resources,
    service,
)

ROUTE = NetworkRoute(load_balancer="tcp", port=9000)


def stacks(synthesize: Synthesize, balancer: Any, **fields: Any) -> dict[str, dict[str, Any]]:
    made = service(**{"route": ROUTE, **fields})
    network = Network(cidr="10.20.0.0/16", public_subnets=True)
    cluster = EcsCluster(load_balancers={"tcp": balancer})
    return synthesize(environment(made, ecs=cluster, network=network))


@pytest.mark.parametrize("internal", [True, False])
def test_a_network_load_balancer_has_a_security_group_and_no_port(
    synthesize: Synthesize, internal: bool
) -> None:
    given = NetworkLoadBalancer(internal=internal, cross_zone=internal)
    route = ROUTE.replace(certificate=CERTIFICATE, allowed_cidrs=["203.0.113.0/24"])
    stack = stacks(synthesize, given, route=route)["dev-use1-ecs"]
    balancer = only(stack, "aws_lb")
    assert balancer["load_balancer_type"] == "network"
    assert balancer["internal"] is internal
    assert balancer["enable_cross_zone_load_balancing"] is internal
    subnets = "private_subnet_ids" if internal else "public_subnet_ids"
    assert balancer["subnets"].endswith(f"outputs.{subnets}}}")
    (group,) = balancer["security_groups"]
    assert group.startswith("${aws_security_group.")
    # Who may connect, each service says of its own port.
    assert not resources(stack, "aws_vpc_security_group_ingress_rule")
    assert only(stack, "aws_vpc_security_group_egress_rule")["from_port"] == 8080
    assert not resources(stack, "aws_lb_listener")
    outputs = stack["output"]
    assert outputs["listener_arns"]["value"] == {}
    assert outputs["load_balancer_suffixes"]["value"].keys() == {"tcp"}


def test_a_service_has_its_port_and_gets_what_comes_to_it(synthesize: Synthesize) -> None:
    stack = stacks(synthesize, NetworkLoadBalancer())["dev-use1-inference"]
    listener, group = only(stack, "aws_lb_listener"), only(stack, "aws_lb_target_group")
    (name,) = stack["resource"]["aws_lb_target_group"]
    assert (listener["port"], listener["protocol"]) == (9000, "TCP")
    assert not {"alpn_policy", "certificate_arn", "ssl_policy"} & listener.keys()
    assert listener["default_action"] == [
        {"type": "forward", "target_group_arn": f"${{aws_lb_target_group.{name}.arn}}"}
    ]
    assert listener["load_balancer_arn"].startswith(
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/${"
    )
    assert (group["protocol"], group["target_type"]) == ("TCP", "ip")
    assert not {"slow_start", "load_balancing_algorithm_type", "stickiness"} & group.keys()
    assert (group["health_check"]["protocol"], group["health_check"]["path"]) == ("HTTP", "/ping")
    made = only(stack, "aws_ecs_service")
    assert made["load_balancer"][0]["target_group_arn"] == f"${{aws_lb_target_group.{name}.arn}}"
    assert any("aws_lb_listener." in each for each in made["depends_on"])
    assert not resources(stack, "aws_lb_listener_rule")
    clients, tasks = sorted(
        resources(stack, "aws_vpc_security_group_ingress_rule"), key=lambda each: -each["from_port"]
    )
    assert (clients["from_port"], clients["to_port"]) == (9000, 9000)
    assert clients["cidr_ipv4"].endswith("outputs.vpc_cidr}")
    balancer = clients["security_group_id"]
    assert balancer.endswith('outputs.load_balancer_groups["tcp"]}')
    assert tasks["referenced_security_group_id"] == balancer


def test_a_certificate_takes_tls_off(synthesize: Synthesize) -> None:
    route = ROUTE.replace(
        certificate=CERTIFICATE,
        alpn="HTTP2Preferred",
        allowed_cidrs=["10.9.0.0/16", "10.8.0.0/16"],
    )
    stack = stacks(synthesize, NetworkLoadBalancer(), route=route)["dev-use1-inference"]
    listener = only(stack, "aws_lb_listener")
    assert listener["protocol"] == "TLS"
    assert listener["certificate_arn"] == CERTIFICATE
    assert listener["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert listener["alpn_policy"] == "HTTP2Preferred"
    allowed = {
        each["cidr_ipv4"]
        for each in resources(stack, "aws_vpc_security_group_ingress_rule")
        if each["from_port"] == 9000
    }
    assert allowed == {"10.9.0.0/16", "10.8.0.0/16"}


@pytest.mark.parametrize(
    ("check", "protocol", "path"),
    [(None, "TCP", None), (HealthCheck(path="/ready", codes="204"), "HTTP", "/ready")],
)
def test_a_task_is_healthy_by_an_answer_or_by_its_port(
    synthesize: Synthesize, check: HealthCheck | None, protocol: str, path: str | None
) -> None:
    route = ROUTE.replace(health_check=check)
    stack = stacks(synthesize, NetworkLoadBalancer(), route=route)["dev-use1-inference"]
    made = only(stack, "aws_lb_target_group")["health_check"]
    assert made["protocol"] == protocol
    assert made.get("path") == path
    assert made.get("matcher") == (check and check.codes)


def test_another_container_port_is_opened_from_the_load_balancer(synthesize: Synthesize) -> None:
    fields = {"container": ContainerOptions(port=9443)}
    stack = stacks(synthesize, NetworkLoadBalancer(), **fields)["dev-use1-inference"]
    out = [
        each
        for each in resources(stack, "aws_vpc_security_group_egress_rule")
        if each["from_port"] == 9443
    ]
    assert [each["security_group_id"].endswith('groups["tcp"]}') for each in out] == [True]


def test_the_group_of_a_load_balancer_that_others_run_is_left_alone(
    synthesize: Synthesize,
) -> None:
    cluster = EcsOutputs(
        cluster_name="shared",
        capacity_providers={},
        listener_arns={},
        load_balancer_suffixes={"tcp": "net/shared/1a2b"},
        load_balancer_groups={"tcp": "sg-0123456789abcdef0"},
    )
    made = environment(service(route=ROUTE), ecs=cluster)
    stack = synthesize(made)["dev-use1-inference"]
    assert only(stack, "aws_lb_listener")["load_balancer_arn"].endswith(
        ":loadbalancer/net/shared/1a2b"
    )
    assert only(stack, "aws_vpc_security_group_ingress_rule")["from_port"] == 8080
