"""What Specs of Network Load Balancers refuse."""

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
    LoadBalancer,
    Network,
    NetworkLoadBalancer,
    NetworkRoute,
    RequestsPerTarget,
    Route,
    Scaling,
    SpecError,
    TargetTracking,
)
from inferform.service import Place
from inferform.usage import exactly
from tests.modules.test_ecs_layer import CERTIFICATE, environment, service

ROUTE = NetworkRoute(load_balancer="tcp", port=9000)
CLIENTS = ["203.0.113.0/24"]


def made(*routes: Any, **balancer: Any) -> Any:
    return environment(
        *(service(route=route) for route in routes),
        network=Network(cidr="10.20.0.0/16", public_subnets=True),
        ecs=EcsCluster(
            load_balancers={
                "tcp": NetworkLoadBalancer(**balancer),
                "web": LoadBalancer(certificate=CERTIFICATE),
            }
        ),
    )


def refused(of: Any, *arguments: Any, **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        of(*arguments, **fields)
    return {
        problem.where.removeprefix("inference.services."): problem.rule
        for problem in caught.value.problems
    }


@pytest.mark.parametrize("port", [0, 65_536])
def test_a_port_is_one_of_tcp(port: int) -> None:
    assert refused(NetworkRoute, load_balancer="tcp", port=port) == {"port": "ELB34"}


def test_each_port_is_one_services() -> None:
    assert refused(made, ROUTE, ROUTE) == {"fraud-1.route.port": "ELB14"}
    made(ROUTE, ROUTE.replace(port=9001))


@pytest.mark.parametrize(
    ("route", "rule"),
    [
        (Route(load_balancer="tcp", hosts=["fraud.acme.test"]), "ELB35"),
        (ROUTE.replace(load_balancer="web"), "ELB35"),
        (ROUTE.replace(load_balancer="tpc"), "ELB15"),
    ],
)
def test_a_route_is_of_the_kind_of_its_load_balancer(route: Any, rule: str) -> None:
    assert refused(made, route) == {"fraud.route.load_balancer": rule}


def test_what_faces_the_internet_is_encrypted_and_names_its_clients() -> None:
    assert refused(made, ROUTE, internal=False) == {
        "fraud.route.allowed_cidrs": "ELB36",
        "fraud.route.certificate": "ELB36",
    }
    made(ROUTE.replace(allowed_cidrs=CLIENTS, certificate=CERTIFICATE), internal=False)


def test_protocols_are_negotiated_by_tls_alone() -> None:
    assert refused(ROUTE.replace, alpn="HTTP2Only") == {"alpn": "ELB37"}
    ROUTE.replace(alpn="HTTP2Only", certificate=CERTIFICATE)


def test_a_certificate_of_elsewhere_is_refused() -> None:
    route = ROUTE.replace(certificate=CERTIFICATE.replace("us-east-1", "eu-west-1"))
    assert refused(made, route) == {"fraud.route.certificate": "ELB9"}


@pytest.mark.parametrize("rollout", [AllAtOnce(), Canary()])
@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "ECS"])
def test_blue_green_needs_the_rule_of_an_application_load_balancer(
    rollout: Any, controller: Any
) -> None:
    deployment = EcsDeployment(controller=controller)
    assert refused(service, route=ROUTE, rollout=rollout, deployment=deployment) == {
        "rollout": "ECS78"
    }


def test_connections_are_no_requests_to_scale_by() -> None:
    tracking = TargetTracking(metric=RequestsPerTarget(requests_per_second=20))
    scaling = Scaling(max_capacity=4, policies=[tracking])
    assert refused(service, route=ROUTE, scaling=scaling).values()


def test_one_zone_is_enough() -> None:
    cluster = EcsCluster(load_balancers={"tcp": NetworkLoadBalancer()})
    environment(ecs=cluster, network=Network(cidr="10.20.0.0/16", availability_zones=1))


def test_it_is_paid_for_as_a_network_load_balancer() -> None:
    (balancer,) = NetworkLoadBalancer().uses(Place(("ecs", "load_balancers", "tcp"), made(ROUTE)))
    assert (balancer.key, balancer.amount) == ("elb/network", exactly(1))


def test_a_load_balancer_that_others_run_has_a_group_and_a_listener_if_it_has_rules() -> None:
    outputs = EcsOutputs(
        cluster_name="shared",
        capacity_providers={},
        listener_arns={},
        load_balancer_suffixes={"tcp": "net/shared/1a2b", "web": "app/shared/1a2b"},
        load_balancer_groups={"tcp": "sg-0123456789abcdef0", "web": "sg-0123456789abcdef0"},
    )
    environment(service(route=ROUTE), ecs=outputs)
    web = Route(load_balancer="web", hosts=["fraud.acme.test"])
    found = refused(lambda: environment(service(route=web), ecs=outputs))
    assert found == {"fraud.route.load_balancer": "ELB15"}
    (problem,) = replace(outputs, load_balancer_groups={}).check()
    assert problem.rule == "OUT6"
