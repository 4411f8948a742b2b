"""What is refused of names by which services and load balancers are found, and what is taken."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Canary,
    ContainerHealth,
    ContainerOptions,
    Context,
    EcsCluster,
    EcsDeployment,
    EcsOutputs,
    EcsService,
    Environment,
    Fargate,
    HostedZone,
    Identity,
    Image,
    Inference,
    LoadBalancer,
    Model,
    Network,
    PrivateDns,
    Registry,
    Repository,
    Rolling,
    Route,
    ServiceConnect,
    SpecError,
)

NAMESPACE = "inference.acme.internal"
ROUTE = Route(load_balancer="internal", hosts=["fraud.acme.test"])
BY_ECS = EcsDeployment(controller="ECS")
ZONE = HostedZone(id="Z0123456789ABCDEFGHIJ")


def service(**fields: Any) -> EcsService:
    return EcsService(
        **{
            "model": Model(image=Image(repository="fraud", tag="1.4.2")),
            "compute": Fargate(cpu=256, memory_mib=512),
            "container": ContainerOptions(health=ContainerHealth(command=["true"])),
            **fields,
        }
    )


def environment(
    *services: EcsService, ecs: EcsCluster | EcsOutputs | None = None, **layers: Any
) -> Environment:
    return Environment(
        context=Context(
            organization="acme",
            stage="dev",
            account="111122223333",
            region="us-east-1",
            owner="ml",
            deploy_role="deploy",
            plan_role="plan",
            permissions_boundary="boundary",
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=ecs or EcsCluster(namespace=NAMESPACE),
        inference=Inference(services=dict(zip("abc", services, strict=False))),
        **layers,
    )


def refused(of: Any, *arguments: Any, **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        of(*arguments, **fields)
    return {problem.where: problem.rule for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("of", "fields", "path", "rule"),
    [
        (HostedZone, {}, "", "DNS2"),
        (HostedZone, {"id": "Z1", "name": "acme.test"}, "", "DNS2"),
        (HostedZone, {"id": "Z" * 33}, "id", "DNS1"),
        (HostedZone, {"id": "/hostedzone/Z1"}, "id", "DNS1"),
        (HostedZone, {"name": "acme"}, "name", "DNS3"),
        (HostedZone, {"name": "*.acme.test"}, "name", "DNS3"),
        (HostedZone, {"name": f"{'a' * 64}.test"}, "name", "DNS3"),
        (EcsCluster, {"namespace": "internal"}, "namespace", "ECS68"),
        (EcsCluster, {"namespace": "ns-ABC"}, "namespace", "ECS68"),
        (PrivateDns, {"name": "a" * 64}, "name", "ECS69"),
        (PrivateDns, {"name": "fraud-"}, "name", "ECS69"),
        (PrivateDns, {"ttl_seconds": -1}, "ttl_seconds", "ECS71"),
        (PrivateDns, {"ttl_seconds": 2**31}, "ttl_seconds", "ECS71"),
        (ServiceConnect, {"dns_name": "fraud.internal"}, "dns_name", "ECS69"),
        (ServiceConnect, {"idle_timeout_seconds": 2**31}, "idle_timeout_seconds", "ECS71"),
        (ServiceConnect, {"protocol": None, "request_timeout_seconds": 5},
         "request_timeout_seconds", "ECS72"),
        (ServiceConnect, {"calls": [0]}, "calls.0", "ECS50"),
        (service, {"discovery": PrivateDns(), "rollout": Canary(), "route": ROUTE},
         "discovery", "ECS67"),
        (service, {"discovery": PrivateDns(), "rollout": Canary(), "route": ROUTE,
                   "deployment": BY_ECS}, "discovery", "ECS67"),
        (service, {"discovery": ServiceConnect(), "rollout": AllAtOnce(), "route": ROUTE},
         "discovery", "ECS67"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(
    of: Any, fields: dict[str, Any], path: str, rule: str
) -> None:
    assert refused(of, **fields) == {path: rule}


@pytest.mark.parametrize(
    ("of", "fields"),
    [
        (HostedZone, {"id": "Z" * 32}),
        (HostedZone, {"name": f"{'a' * 63}.test"}),
        (EcsCluster, {"namespace": "ns-0123456789abcdef"}),
        (PrivateDns, {"name": "a" * 63, "ttl_seconds": 0}),
        (PrivateDns, {"ttl_seconds": 2**31 - 1}),
        (ServiceConnect, {"protocol": None, "idle_timeout_seconds": 0}),
        (service, {"discovery": PrivateDns(), "rollout": Rolling()}),
        (service, {"discovery": ServiceConnect(), "rollout": Canary(), "route": ROUTE,
                   "deployment": BY_ECS}),
    ],
)  # fmt: skip
def test_a_name_that_can_be_is_taken(of: Any, fields: dict[str, Any]) -> None:
    assert of(**fields)


@pytest.mark.parametrize(
    ("zone", "name", "problem"),
    [
        (HostedZone(name="acme.test"), "fraud.acme.test", None),
        (HostedZone(name="acme.test"), "*.acme.test", None),
        (HostedZone(name="acme.test"), "acme.test", None),
        (ZONE, "fraud.other.test", None),
        (HostedZone(name="acme.test"), "fraud.other.test", "DNS4"),
        (HostedZone(name="acme.test"), "fraudacme.test", "DNS4"),
        (ZONE, "fraud.*.test", "DNS3"),
        (ZONE, "Fraud.acme.test", "DNS3"),
    ],
)
def test_a_record_is_in_its_zone(zone: HostedZone, name: str, problem: str | None) -> None:
    if problem is None:
        assert LoadBalancer(certificate=None, records={name: zone})
    else:
        found = refused(LoadBalancer, certificate=None, records={name: zone})
        assert [*found.values()] == [problem]


def test_discovery_needs_a_namespace() -> None:
    found = refused(environment, service(discovery=PrivateDns()), ecs=EcsCluster())
    assert found == {"inference.services.a.discovery": "ECS66"}
    known = environment(service(discovery=PrivateDns()), ecs=EcsCluster(namespace="ns-0123456789"))
    assert isinstance(known.ecs, EcsCluster)
    assert known.ecs.own_namespace is None


def test_a_foreign_cluster_names_its_namespace() -> None:
    given: dict[str, Any] = {
        "cluster_name": "shared",
        "capacity_providers": {},
        "listener_arns": {},
        "load_balancer_suffixes": {},
        "load_balancer_groups": {},
    }
    asked = service(discovery=ServiceConnect())
    assert refused(environment, asked, ecs=EcsOutputs(**given)) == {
        "inference.services.a.discovery": "ECS66"
    }
    assert environment(asked, ecs=EcsOutputs(**given, namespace_id="ns-0123456789"))


def test_a_name_in_the_namespace_is_one_services() -> None:
    named = service(discovery=PrivateDns(name="fraud"))
    other = service(discovery=ServiceConnect(dns_name="fraud"))
    assert refused(environment, named, other) == {"inference.services.b.discovery": "ECS70"}
    # A service's own name is taken too.
    called = service(discovery=PrivateDns(name="b"))
    assert refused(environment, called, service(discovery=ServiceConnect())) == {
        "inference.services.b.discovery": "ECS70"
    }


@pytest.mark.parametrize(
    ("ecs", "allowed", "problems"),
    [
        (EcsCluster(namespace=NAMESPACE), ["route53"], {"ecs.namespace": "DNS5"}),
        (EcsCluster(namespace=NAMESPACE), ["route53", "servicediscovery"], {}),
        (EcsCluster(namespace="ns-0123456789"), [], {}),
        (
            EcsCluster(
                load_balancers={"a": LoadBalancer(certificate=None, records={"a.acme.test": ZONE})}
            ),
            [],
            {"ecs.load_balancers.a.records": "DNS5"},
        ),
    ],
)
def test_the_deploy_role_of_the_environment_may_make_what_is_asked_for(
    ecs: EcsCluster, allowed: list[Any], problems: dict[str, str]
) -> None:
    identity = Identity(operators=["arn:aws:iam::111122223333:role/ops"], deploy_services=allowed)
    if problems:
        assert refused(environment, ecs=ecs, identity=identity) == problems
    else:
        assert environment(ecs=ecs, identity=identity)
