"""What Specs of load balancers and routes refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform import (
    Canary,
    Context,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    GrpcHealthCheck,
    HealthCheck,
    Image,
    Inference,
    LoadBalancer,
    LoadBalancerOptions,
    Model,
    Network,
    NetworkRoute,
    Registry,
    Repository,
    Rolling,
    Route,
    RouteConditions,
    SpecError,
)
from inferform.spec import problems_of

ACCOUNT = "111122223333"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"

BETA = RouteConditions(headers={"X-Model": ["beta"]})


def refusal(of: type, **fields: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        of(**fields)
    return [problem.rule for problem in caught.value.problems]


def environment(
    *routes: Route, balancer: dict[str, Any] | None = None, **network: Any
) -> Environment:
    model = Model(image=Image(repository="fraud", tag="1"))
    made = LoadBalancer(**{"certificate": CERTIFICATE, **(balancer or {})})
    return Environment(
        context=Context(
            organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml"
        ),
        network=Network(cidr="10.20.0.0/16", **network),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"internal": made}),
        inference=Inference(
            services={
                f"s{index}": EcsService(
                    model=model, compute=Fargate(cpu=256, memory_mib=512), route=route
                )
                for index, route in enumerate(routes)
            }
        ),
    )


def refused(*routes: Route, **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        environment(*routes, **fields)
    return {problem.where: problem.rule for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "ELB11"),
        ({"paths": ["/a", "/b", "/c"], "hosts": ["a.test", "b.test", "c.test"]}, "ELB11"),
        ({"paths": ["fraud/*"]}, "ELB12"),
        ({"paths": ["/" + "a" * 128]}, "ELB12"),
        ({"hosts": ["localhost"]}, "ELB12"),
        ({"paths": ["/a/*"], "strip_prefix": "/a/"}, "ELB12"),
        ({"paths": ["/a"], "priority": 0}, "ELB13"),
        ({"paths": ["/a"], "deregistration_delay_seconds": 3601}, "ELB6"),
        ({"paths": ["/a"], "slow_start_seconds": 10, "algorithm": "round_robin"}, "ELB19"),
        ({"paths": ["/a"], "slow_start_seconds": 60}, "ELB19"),
        ({"paths": ["/a"], "sticky_seconds": 604_801}, "ELB22"),
        ({"paths": ["/a"], "more_conditions": BETA}, "ELB21"),
        (
            {
                "paths": ["/a", "/b", "/c"],
                "priority": 1,
                "more_conditions": RouteConditions(source_cidrs=["10.0.0.0/8"]),
                "hosts": ["a.test", "b.test"],
            },
            "ELB11",
        ),
    ],
)
def test_a_route_that_aws_refuses_is_refused(fields: dict[str, Any], rule: str) -> None:
    assert refusal(Route, load_balancer="internal", **fields) == [rule]


@pytest.mark.parametrize(
    "fields",
    [
        {"interval_seconds": 4},
        {"timeout_seconds": 1},
        {"healthy_threshold": 1},
        {"unhealthy_threshold": 11},
    ],
)
def test_a_health_check_that_aws_refuses_is_refused(fields: dict[str, Any]) -> None:
    assert refusal(HealthCheck, **fields) == ["ELB4"]


@pytest.mark.parametrize("codes", ["", "2xx", "199", "200-500", "200,", "200-", "200 201"])
def test_status_codes_that_aws_does_not_take_are_refused(codes: str) -> None:
    assert refusal(HealthCheck, codes=codes) == ["ELB23"]


@pytest.mark.parametrize("codes", ["", "OK", "100", "0-100", "5-1", "0,", "-1"])
def test_status_codes_of_grpc_that_aws_does_not_take_are_refused(codes: str) -> None:
    assert refusal(GrpcHealthCheck, codes=codes) == ["ELB38"]


@pytest.mark.parametrize("path", ["/ping", "grpc.health.v1.Health/Check", "/a/b/c", "/"])
def test_a_path_that_is_no_method_of_grpc_is_refused(path: str) -> None:
    assert refusal(GrpcHealthCheck, path=path) == ["ELB12"]


def test_a_task_is_asked_in_the_protocol_that_it_speaks() -> None:
    def rules(check: Any, version: str) -> list[str]:
        given = {"health_check": check, "protocol_version": version, "paths": ["/acme.Fraud/*"]}
        return refusal(Route, load_balancer="internal", **given)

    assert rules(HealthCheck(), "GRPC") == ["ELB39"]
    assert rules(GrpcHealthCheck(), "HTTP1") == ["ELB39"]
    by_grpc = Route(load_balancer="internal", paths=["/a.B/*"], protocol_version="GRPC")
    assert by_grpc.looked_at_by == GrpcHealthCheck(path="/grpc.health.v1.Health/Check", codes="0")
    assert Route(load_balancer="internal", paths=["/a"]).looked_at_by == HealthCheck(path="/ping")
    with pytest.raises(SpecError):
        NetworkRoute(load_balancer="tcp", port=9000, health_check=GrpcHealthCheck())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"headers": {"Host": ["a.test"]}}, ["ELB21"]),
        ({"headers": {"X Model": ["a"]}}, ["ELB21"]),
        ({"headers": {"X" * 41: ["a"]}}, ["ELB21"]),
        ({"headers": {"X-Model": []}}, ["ELB21"]),
        ({"headers": {"X-Model": ["a" * 129]}}, ["ELB21"]),
        ({"headers": {"X-Model": ["a"], "x-model": ["b"]}}, ["ELB21"]),
        ({"query": {"model": ""}}, ["ELB21"]),
        ({"query": {"mo del": "a"}}, ["ELB21"]),
    ],
)
def test_a_condition_that_no_rule_takes_is_refused(
    fields: dict[str, Any], rules: list[str]
) -> None:
    assert refusal(RouteConditions, **fields) == rules


def test_routes_that_differ_in_more_conditions_share_host_and_path() -> None:
    plain = Route(load_balancer="internal", hosts=["a.test"])
    beta = plain.replace(priority=1, more_conditions=BETA)
    again = beta.replace(priority=2, more_conditions=RouteConditions(headers={"x-model": ["beta"]}))
    environment(plain, beta)
    assert refused(plain, beta, again) == {"inference.services.s2.route": "ELB14"}


def test_a_route_with_more_conditions_is_asked_before_the_one_without() -> None:
    plain = Route(load_balancer="internal", hosts=["a.test"], priority=5)
    beta = plain.replace(priority=6, more_conditions=BETA)
    for routes in ((plain, beta), (beta, plain)):
        assert refused(*routes) == {"inference.services.s1.route.priority": "ELB21"}
    environment(plain, beta.replace(priority=4))
    environment(plain.replace(hosts=["b.test"]), beta)


@pytest.mark.parametrize("seconds", [59, 604_801])
def test_connections_are_kept_as_long_as_aws_keeps_them(seconds: int) -> None:
    assert refusal(LoadBalancerOptions, keep_alive_seconds=seconds) == ["ELB22"]


def test_an_answer_is_not_waited_for_longer_than_the_next_check() -> None:
    assert refusal(HealthCheck, interval_seconds=10, timeout_seconds=10) == ["ELB18"]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"certificate": "arn:aws:iam::111122223333:server-certificate/x"}, "ARN1"),
        ({"internal": False}, "ELB10"),
        ({"idle_timeout_seconds": 4001}, "ELB6"),
        ({"ssl_policy": "ELBSecurityPolicy-2016-08"}, "SPEC4"),
    ],
)
def test_a_load_balancer_that_is_open_or_impossible_is_refused(
    fields: dict[str, Any], rule: str
) -> None:
    assert refusal(LoadBalancer, **{"certificate": CERTIFICATE, **fields}) == [rule]


@pytest.mark.parametrize(
    "fields",
    [
        {"internal": False, "allowed_cidrs": ["192.0.2.0/24"]},
        {"more_certificates": [CERTIFICATE]},
    ],
)
def test_plain_http_stays_inside_and_has_no_certificate(fields: dict[str, Any]) -> None:
    assert refusal(LoadBalancer, certificate=None, **fields) == ["ELB20"]


def test_plain_http_inside_must_be_asked_for() -> None:
    assert LoadBalancer(certificate=None).internal
    assert refusal(LoadBalancer) == ["SPEC2"]


@pytest.mark.parametrize(
    "certificate",
    [CERTIFICATE.replace("us-east-1", "eu-west-1"), CERTIFICATE.replace(ACCOUNT, "999988887777")],
)
def test_a_certificate_of_elsewhere_is_refused(certificate: str) -> None:
    where = "ecs.load_balancers.internal.certificate"
    assert refused(balancer={"certificate": certificate}) == {where: "ELB9"}


def test_a_load_balancer_needs_two_zones() -> None:
    assert refused(availability_zones=1) == {"ecs.load_balancers.internal": "ELB5"}


def test_a_public_load_balancer_needs_public_subnets() -> None:
    public = {"internal": False, "allowed_cidrs": ["203.0.113.0/24"]}
    assert refused(balancer=public, nat="none") == {"ecs.load_balancers.internal": "ELB10"}
    assert environment(balancer=public).ecs is not None


def test_an_unknown_load_balancer_gets_its_nearest_match() -> None:
    with pytest.raises(SpecError, match="does not have; did you mean internal"):
        environment(Route(load_balancer="interna", paths=["/a"]))


def test_two_services_cannot_want_the_same_requests() -> None:
    route = Route(load_balancer="internal", hosts=["a.test", "b.test"])
    again = Route(load_balancer="internal", hosts=["b.test", "a.test"])
    assert refused(route, again) == {"inference.services.s1.route": "ELB14"}


def test_two_services_cannot_have_one_priority() -> None:
    routes = [Route(load_balancer="internal", paths=[path], priority=7) for path in ("/a", "/b")]
    assert refused(*routes) == {"inference.services.s1.route.priority": "ELB14"}


BY_GRPC = Route(load_balancer="internal", paths=["/acme.Fraud/*"], protocol_version="GRPC")


@pytest.mark.parametrize(
    "balancer", [{"certificate": None}, {"options": LoadBalancerOptions(http2=False)}]
)
def test_grpc_needs_https_and_http2(balancer: dict[str, Any]) -> None:
    where = "inference.services.s0.route.protocol_version"
    assert refused(BY_GRPC, balancer=balancer) == {where: "ELB40"}
    assert environment(BY_GRPC).ecs is not None
    assert environment(BY_GRPC.replace(protocol_version="HTTP1"), balancer=balancer).ecs is not None


def test_a_blue_green_rollout_that_sees_no_errors_of_grpc_is_a_warning() -> None:
    def told(rollout: Any, route: Route = BY_GRPC) -> list[str]:
        made = EcsService(
            model=Model(image=Image(repository="fraud", tag="1")),
            compute=Fargate(cpu=256, memory_mib=512),
            route=route,
            rollout=rollout,
        )
        return [each.rule for each in problems_of(made) if each.rule == "ECS80"]

    assert told(Canary()) == ["ECS80"]
    assert told(Canary(alarm_names=["fraud-errors"])) == []
    assert told(Rolling()) == []
    assert told(Canary(), BY_GRPC.replace(protocol_version="HTTP1")) == []


def test_a_delay_beyond_any_request_is_a_warning() -> None:
    made = environment(
        Route(load_balancer="internal", paths=["/a"], deregistration_delay_seconds=300)
    )
    assert [p.rule for p in problems_of(made) if p.rule.startswith("ELB")] == ["ELB8"]


paths = st.from_regex(r"/[a-z]{1,10}(/\*)?", fullmatch=True)


@given(st.lists(paths, min_size=1, max_size=5, unique=True))
def test_a_priority_is_legal_the_same_in_any_order_and_before_what_catches_all(
    given_paths: list[str],
) -> None:
    route = Route(load_balancer="internal", paths=given_paths)
    again = Route(load_balancer="internal", paths=given_paths[::-1])
    everything = Route(load_balancer="internal", paths=["/*"])
    assert 1 <= route.rule_priority == again.rule_priority < everything.rule_priority <= 50_000
