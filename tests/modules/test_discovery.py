"""What names of services and load balancers become in Terraform."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import EcsCluster, HostedZone, Inference, LoadBalancer, PrivateDns, ServiceConnect

from .test_ecs_layer import (
    CERTIFICATE,
    Synthesize,
    containers,
    environment,
    only,
    resources,
    service,
)

VPC = "${data.terraform_remote_state.network.outputs.vpc_cidr}"
GIVEN = "${data.terraform_remote_state.ecs.outputs.namespace_id}"


def stacks(synthesize: Synthesize, discovery: Any, **cluster: Any) -> dict[str, Any]:
    services = {"fraud": service(discovery=discovery)}
    cluster = {
        "namespace": "inference.acme.internal",
        "load_balancers": {"internal": LoadBalancer(certificate=CERTIFICATE)},
        **cluster,
    }
    return synthesize(
        environment(service()).replace(
            ecs=EcsCluster(**cluster), inference=Inference(services=services)
        )
    )


def test_a_name_in_dns_is_a_registry_of_the_service(synthesize: Synthesize) -> None:
    made = stacks(synthesize, PrivateDns(ttl_seconds=5))
    namespace = only(made["dev-use1-ecs"], "aws_service_discovery_private_dns_namespace")
    assert namespace["name"] == "inference.acme.internal"
    assert namespace["vpc"] == "${data.terraform_remote_state.network.outputs.vpc_id}"
    handed = made["dev-use1-ecs"]["output"]["namespace_id"]["value"]
    assert handed.startswith("${aws_service_discovery_private_dns_namespace.")
    stack = made["dev-use1-inference"]
    name = only(stack, "aws_service_discovery_service")
    assert name["dns_config"] == {
        "namespace_id": GIVEN,
        "routing_policy": "MULTIVALUE",
        "dns_records": [{"ttl": 5, "type": "A"}],
    }
    registries = only(stack, "aws_ecs_service")["service_registries"]
    assert registries["registry_arn"].startswith("${aws_service_discovery_service.")
    assert "name" not in containers(stack)["model"]["portMappings"][0]


@pytest.mark.parametrize(("protocol", "said"), [("grpc", {"appProtocol": "grpc"}), (None, {})])
def test_service_connect_names_the_port(
    synthesize: Synthesize, protocol: Any, said: dict[str, str]
) -> None:
    asked = ServiceConnect(dns_name="scores", port=80, protocol=protocol, idle_timeout_seconds=60)
    stack = stacks(synthesize, asked)["dev-use1-inference"]
    connect = only(stack, "aws_ecs_service")["service_connect_configuration"]
    assert connect["namespace"] == (
        f"arn:aws:servicediscovery:us-east-1:111122223333:namespace/{GIVEN}"
    )
    (named,) = connect["service"]
    assert named == {
        "port_name": "model",
        "discovery_name": "scores",
        "client_alias": {"dns_name": "scores", "port": 80},
        "timeout": {"idle_timeout_seconds": 60},
    }
    assert connect["log_configuration"]["options"]["awslogs-stream-prefix"] == "service-connect"
    (port,) = containers(stack)["model"]["portMappings"]
    assert (
        port == {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp", "name": "model"} | said
    )
    assert "aws_service_discovery_service" not in stack["resource"]


def test_a_client_is_not_called(synthesize: Synthesize) -> None:
    asked = ServiceConnect(client_only=True, calls=[8000, 9000])
    stack = stacks(synthesize, asked)["dev-use1-inference"]
    assert "service" not in only(stack, "aws_ecs_service")["service_connect_configuration"]
    assert "name" not in containers(stack)["model"]["portMappings"][0]
    into = resources(stack, "aws_vpc_security_group_ingress_rule")
    assert [rule["description"] for rule in into] == ["requests from the load balancer"]
    out = resources(stack, "aws_vpc_security_group_egress_rule")
    assert {(rule["from_port"], rule.get("cidr_ipv4")) for rule in out} >= {
        (8000, VPC),
        (9000, VPC),
    }


@pytest.mark.parametrize(
    ("allowed", "ranges"),
    [([], [VPC]), (["10.1.0.0/16", "10.2.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"])],
)
def test_the_port_is_open_to_whom_it_is_said(
    synthesize: Synthesize, allowed: list[str], ranges: list[str]
) -> None:
    stack = stacks(synthesize, PrivateDns(allowed_cidrs=allowed))["dev-use1-inference"]
    into = resources(stack, "aws_vpc_security_group_ingress_rule")
    assert [rule["cidr_ipv4"] for rule in into if "cidr_ipv4" in rule] == ranges
    assert {(rule["from_port"], rule["to_port"]) for rule in into} == {(8080, 8080)}


def test_a_namespace_that_exists_is_handed_up(synthesize: Synthesize) -> None:
    made = stacks(synthesize, PrivateDns(), namespace="ns-0123456789")["dev-use1-ecs"]
    assert "aws_service_discovery_private_dns_namespace" not in made["resource"]
    assert made["output"]["namespace_id"]["value"] == "ns-0123456789"


def test_a_cluster_without_a_namespace_hands_none_up(synthesize: Synthesize) -> None:
    assert "namespace_id" not in synthesize(environment(service()))["dev-use1-ecs"]["output"]


def test_a_record_leads_to_the_load_balancer(synthesize: Synthesize) -> None:
    balancer = LoadBalancer(
        certificate=CERTIFICATE,
        records={
            "*.acme.test": HostedZone(id="Z0123456789ABCDEFGHIJ"),
            "fraud.acme.test": HostedZone(name="acme.test"),
        },
    )
    made = stacks(synthesize, None, load_balancers={"internal": balancer})["dev-use1-ecs"]
    records = {each["name"]: each for each in resources(made, "aws_route53_record")}
    assert records["*.acme.test"]["zone_id"] == "Z0123456789ABCDEFGHIJ"
    for record in records.values():
        assert record["type"] == "A"
        assert record["alias"]["name"].endswith(".dns_name}")
        assert record["alias"]["zone_id"].endswith(".zone_id}")
        assert record["alias"]["evaluate_target_health"] is True
    (zone,) = made["data"]["aws_route53_zone"].values()
    assert {"name": "acme.test", "private_zone": True}.items() <= zone.items()
    assert zone["vpc_id"] == "${data.terraform_remote_state.network.outputs.vpc_id}"
    assert records["fraud.acme.test"]["zone_id"].startswith("${data.aws_route53_zone.")
