"""The rules between services, the cluster that they run on and the network around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..alb.network import ELB35, ELB36, NetworkLoadBalancer, NetworkRoute
from ..alb.spec import (
    ELB5,
    ELB8,
    ELB10,
    ELB14,
    ELB15,
    ELB21,
    ELB33,
    ELB40,
    ExistingLoadBalancer,
    LoadBalancer,
    Route,
)
from ..outputs import EcsOutputs, NetworkOutputs
from ..rules import PathPart, Problem, Rule, did_you_mean
from ..vpc.spec import Network
from .discovery import ECS66, ECS70
from .spec import ECS4, ECS26, ECS28, ECS33, Ec2, Ec2Capacity, EcsCluster, EcsService


def check_cluster(cluster: EcsCluster, network: object) -> Iterator[Problem]:
    """The cluster's load balancers have the subnets that they need."""
    for name, balancer in cluster.load_balancers.items():
        if isinstance(balancer, ExistingLoadBalancer):
            continue
        if isinstance(network, NetworkOutputs):
            yield from _check_foreign(name, balancer, network)
            continue
        if not isinstance(network, Network):
            continue
        if network.availability_zones < 2 and isinstance(balancer, LoadBalancer):
            yield ELB5.problem("load_balancers", name)
        if not balancer.internal and not network.is_public:
            missing = "faces the internet, and the network has no public subnets; set "
            missing += "network.public_subnets=True"
            yield ELB10.problem("load_balancers", name, missing=missing)


def _check_foreign(
    name: str, balancer: LoadBalancer | NetworkLoadBalancer, network: NetworkOutputs
) -> Iterator[Problem]:
    """A load balancer in a network that somebody else runs."""
    if not balancer.internal and not network.public_subnet_ids:
        missing = "faces the internet, and the network names no public subnets; name two in "
        missing += "network.public_subnet_ids"
        yield ELB10.problem("load_balancers", name, missing=missing)
        return
    subnets = network.private_subnet_ids if balancer.internal else network.public_subnet_ids
    if len(subnets) < 2 and isinstance(balancer, LoadBalancer):
        yield ELB5.problem("load_balancers", name)


def check_services(
    services: Mapping[tuple[PathPart, ...], EcsService],
    cluster: EcsCluster | EcsOutputs,
) -> Iterator[Problem]:
    """Each service's capacity and route."""
    taken: list[tuple[PathPart, Route]] = []
    ports: dict[tuple[str, int], PathPart] = {}
    for path, service in services.items():
        if isinstance(service.compute, Ec2):
            for problem in _check_capacity(service.compute, cluster):
                yield problem.under(*path, "compute")
        if isinstance(service.route, NetworkRoute):
            for problem in _check_port(service.route, cluster, ports):
                yield problem.under(*path, "route")
            ports.setdefault((service.route.load_balancer, service.route.port), path[-1])
        elif service.route is not None:
            for problem in _check_route(service.route, cluster, taken):
                yield problem.under(*path, "route")
            if service.deployment.test_traffic:
                for problem in _untested(service.route.load_balancer, cluster):
                    yield problem.under(*path, "deployment")
            taken.append((path[-1], service.route))
    yield from _check_names(services, cluster)


def _check_names(
    services: Mapping[tuple[PathPart, ...], EcsService], cluster: EcsCluster | EcsOutputs
) -> Iterator[Problem]:
    """Each name in the namespace is one service's."""
    namespace = cluster.namespace if isinstance(cluster, EcsCluster) else cluster.namespace_id
    taken: dict[str, PathPart] = {}
    for path, service in services.items():
        if service.discovery is None:
            continue
        if not namespace:
            yield ECS66.problem(*path, "discovery")
        name = service.discovery.registered or str(path[-1])
        if name in taken:
            yield ECS70.problem(*path, "discovery", got=name, other=taken[name])
        taken.setdefault(name, path[-1])


def _names(cluster: EcsCluster | EcsOutputs, field: str) -> Mapping[str, object]:
    if isinstance(cluster, EcsCluster):
        known: Mapping[str, object] = getattr(cluster, field)
        return known
    if field == "capacity":
        return cluster.capacity_providers
    return {
        name: suffix
        for name, suffix in cluster.load_balancer_suffixes.items()
        if name in cluster.listener_arns or _is_network(suffix)
    }


def _missing(rule: Rule, name: str, known: Mapping[str, object], field: str) -> Problem:
    return rule.problem(field, name=name, hint=did_you_mean(name, known))


def _check_capacity(task: Ec2, cluster: EcsCluster | EcsOutputs) -> Iterator[Problem]:
    known = _names(cluster, "capacity")
    runs: str | None = task.architecture
    for name in task.capacities:
        capacity = known.get(name)
        if name not in known:
            missing = _missing(ECS28, name, known, "capacity")
            yield (
                missing if name == task.capacity else replace(missing, path=("more_capacity", name))
            )
        elif isinstance(capacity, Ec2Capacity):
            yield from _check_size(task, name, capacity)
            runs = runs or capacity.facts[0].architecture
            yield from _check_architecture(task, name, capacity, runs)


def _check_architecture(
    task: Ec2, name: str, capacity: Ec2Capacity, wanted: str
) -> Iterator[Problem]:
    """One image runs on every capacity."""
    runs = capacity.facts[0].architecture
    if runs != wanted:
        given = task.architecture is not None
        path = ("architecture",) if given else ("more_capacity", name)
        yield ECS26.problem(
            *path,
            got=wanted,
            instance_type=capacity.instance_types[0],
            capacity=name,
            runs=runs,
        )


def _check_size(task: Ec2, name: str, capacity: Ec2Capacity) -> Iterator[Problem]:
    facts = dict(zip(capacity.instance_types, capacity.facts, strict=True))
    of = {"capacity": name}
    fewest = min(facts, key=lambda each: facts[each].gpus)
    if task.gpus > facts[fewest].gpus:
        yield ECS4.problem(
            "gpus", got=task.gpus, instance_type=fewest, gpus=facts[fewest].gpus or "no", **of
        )
    least = min(facts, key=lambda each: facts[each].memory_mib)
    if task.memory_mib >= facts[least].memory_mib:
        has = f"{facts[least].memory_mib} MiB"
        yield ECS33.problem("memory_mib", got=task.memory_mib, instance_type=least, has=has, **of)
    slowest = min(facts, key=lambda each: facts[each].vcpu)
    if task.cpu is not None and task.cpu > facts[slowest].vcpu * 1024:
        has = f"{facts[slowest].vcpu * 1024} CPU units"
        yield ECS33.problem("cpu", got=task.cpu, instance_type=slowest, has=has, **of)


def _check_balanced(route: Route, balancer: LoadBalancer) -> Iterator[Problem]:
    delay, idle = route.deregistration_delay_seconds, balancer.idle_timeout_seconds
    if delay > idle:
        yield ELB8.problem("deregistration_delay_seconds", got=delay, idle=idle)
    if route.by_grpc:
        wrong = remedy = ""
        if balancer.certificate is None:
            wrong, remedy = "has no HTTPS listener", "give it a certificate"
        elif not balancer.options.http2:
            wrong, remedy = "takes no HTTP/2", "leave out http2=False"
        if wrong:
            name = route.load_balancer
            yield ELB40.problem("protocol_version", load_balancer=name, wrong=wrong, remedy=remedy)


def _check_route(
    route: Route, cluster: EcsCluster | EcsOutputs, taken: list[tuple[PathPart, Route]]
) -> Iterator[Problem]:
    known = _names(cluster, "load_balancers")
    if route.load_balancer not in known:
        yield _missing(ELB15, route.load_balancer, known, "load_balancer")
        return
    balancer = known[route.load_balancer]
    if _is_network(balancer):
        remedy = "NetworkRoute(load_balancer=..., port=...)"
        kind = "a Network Load Balancer, which has ports and no hosts or paths"
        yield ELB35.problem(
            "load_balancer", load_balancer=route.load_balancer, kind=kind, remedy=remedy
        )
        return
    if isinstance(balancer, LoadBalancer):
        yield from _check_balanced(route, balancer)
    for other, theirs in taken:
        if listener_of(theirs, cluster) != listener_of(route, cluster):
            continue
        if theirs.conditions == route.conditions:
            remedy = "one of them would get nothing"
            yield ELB14.problem(what="hosts and paths", other=other, remedy=remedy)
        elif theirs.rule_priority == route.rule_priority:
            remedy = "give one of them another priority"
            yield ELB14.problem("priority", what="priority", other=other, remedy=remedy)
        elif theirs.conditions[:2] == route.conditions[:2]:
            yield from _check_order(route, other, theirs)


def _is_network(balancer: object) -> bool:
    """Whether a load balancer, or the end of the ARN of one, is a Network Load Balancer."""
    return isinstance(balancer, NetworkLoadBalancer) or str(balancer).startswith("net/")


def _check_port(
    route: NetworkRoute,
    cluster: EcsCluster | EcsOutputs,
    taken: Mapping[tuple[str, int], PathPart],
) -> Iterator[Problem]:
    """A port that is free, on a Network Load Balancer that may have it."""
    known, name = _names(cluster, "load_balancers"), route.load_balancer
    if name not in known:
        yield _missing(ELB15, name, known, "load_balancer")
        return
    balancer = known[name]
    if not _is_network(balancer):
        kind = "an Application Load Balancer, whose listener services share"
        remedy = "Route(load_balancer=..., hosts=[...])"
        yield ELB35.problem("load_balancer", load_balancer=name, kind=kind, remedy=remedy)
        return
    if other := taken.get((name, route.port)):
        remedy = "give one of them another"
        yield ELB14.problem("port", got=route.port, what="port", other=other, remedy=remedy)
    if isinstance(balancer, NetworkLoadBalancer) and not balancer.internal:
        if not route.allowed_cidrs:
            missing = "must say who may connect"
            yield ELB36.problem("allowed_cidrs", load_balancer=name, missing=missing)
        if route.certificate is None:
            missing = "must be the ARN of a certificate"
            yield ELB36.problem("certificate", load_balancer=name, missing=missing)


def _untested(name: str, cluster: EcsCluster | EcsOutputs) -> Iterator[Problem]:
    """A load balancer without the test listener that a service needs."""
    known = _names(cluster, "load_balancers")
    if name not in known:
        return
    if isinstance(cluster, EcsOutputs):
        missing = name not in cluster.test_listener_arns
        remedy = f"name it in ecs.test_listener_arns.{name}"
    else:
        balancer = cluster.load_balancers[name]
        missing = getattr(balancer, "test_listener", None) is None
        given = isinstance(balancer, ExistingLoadBalancer)
        wanted = "its ARN" if given else "RestrictedListener(port=8443, allowed_cidrs=[...])"
        remedy = f"give ecs.load_balancers.{name} a test_listener, {wanted}"
    if missing:
        yield ELB33.problem("test_traffic", got=True, load_balancer=name, remedy=remedy)


def listener_of(route: Route, cluster: EcsCluster | EcsOutputs) -> str:
    """The listener that has a route's rule: its ARN where it exists, else the load balancer's short
    name."""
    if isinstance(cluster, EcsOutputs):
        return cluster.listener_arns.get(route.load_balancer, route.load_balancer)
    balancer = cluster.load_balancers.get(route.load_balancer)
    return balancer.listener if isinstance(balancer, ExistingLoadBalancer) else route.load_balancer


def _check_order(route: Route, other: PathPart, theirs: Route) -> Iterator[Problem]:
    """Of two routes of the same hosts and paths the one with more conditions is asked first."""
    mine, their_more = (each.more_conditions.values for each in (route, theirs))
    first, then = (route, theirs) if mine else (theirs, route)
    if bool(mine) == bool(their_more) or first.rule_priority < then.rule_priority:
        return
    wrong = f"leaves nothing to one of it and {other}, whose hosts and paths are the same"
    remedy = "give the one with more conditions the lower priority"
    yield ELB21.problem("priority", got=route.rule_priority, wrong=wrong, remedy=remedy)
