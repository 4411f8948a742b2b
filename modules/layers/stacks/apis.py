"""The layer of APIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...alb.spec import LoadBalancer
from ...api.apis import Apis
from ...api.http import HttpApi, HttpRoute
from ...api.http_construct import FunctionTarget, HttpFront, LinkedTarget
from ...api.rest import RestApi, RestRoute
from ...api.rest_construct import RestFront
from ...api.shared_construct import Domain, Link, LogRole, RestLink, RestLinkedTarget
from ...api.targets import Behind, behind, linked_balancers, reached, target_of
from ...cdk import Construct
from ...ecs.spec import EcsCluster, EcsService
from ...functions.spec import LambdaFunction
from ...layer import Layer, known_beside
from ...outputs import ApisOutputs, EcsOutputs, NetworkOutputs, RegistryOutputs
from ...overriding import override
from ...service import Deployed
from ...target import Target

from cdktf_cdktf_provider_aws.data_aws_lb_listener import DataAwsLbListener

if TYPE_CHECKING:
    from ...environment import Environment


class ApisLayer(Layer):
    """`http` and `rest`, the constructs of APIs by short name, `domains` by name, `link`, the VPC link of
    HTTP APIs; None where none calls into the VPC, and `rest_links`, those of REST APIs by load balancer."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        spec: Apis,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
        ecs: EcsOutputs | None = None,
        listeners: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` has the services that routes lead to; `listeners` are the ARNs of those that exist
        beside an ecs layer, `secondary_cidrs` the ranges of a Network beside `cidr`."""
        context = environment.context
        super().__init__(scope, "apis", context=context, target=target)
        self._environment = environment
        self._spec = spec
        self._network, self._more_cidrs = network, secondary_cidrs
        self._ecs, self._listeners = ecs, listeners or {}
        data = self.below("registry", RegistryOutputs, registry)
        domains = Construct(self, "domains")
        self.domains = {
            name: Domain(
                domains,
                name.replace(".", "-"),
                name=name,
                spec=each,
                vpc_id=self._vpc_id() if each.zone and each.zone.private else None,
            )
            for name, each in spec.domains.items()
        }
        self.link: Link | None = None
        self._cluster: EcsOutputs | None = None
        routed = self._link()
        http = Construct(self, "http")
        self.http = {
            name: HttpFront(
                http,
                name,
                context=context,
                spec=api,
                targets=self._functions(api) | routed[name],
                kms_key_arn=data.kms_key_arn,
                domain=self._domain(api),
            )
            for name, api in spec.http.items()
        }
        account = LogRole(self, "account", context=context).account if spec.makes_log_role else None
        self.rest_links = self._rest_links()
        rest = Construct(self, "rest")
        self.rest = {
            name: RestFront(
                rest,
                name,
                context=context,
                spec=api,
                targets={path: self._target(each) for path, each in api.routes.items()},
                linked=self._linked(api),
                kms_key_arn=data.kms_key_arn,
                vpc_id=self._vpc_id() if api.private else None,
                domain=self._domain(api),
                logged_by=account,
            )
            for name, api in spec.rest.items()
        }
        if environment.observability is not None:
            self.hand_up(
                ApisOutputs(http_ids={name: api.api_id for name, api in self.http.items()})
            )
        override(spec, self, apart=["http", "rest"])

    def _below(self) -> NetworkOutputs:
        return self.below(
            "network", NetworkOutputs, self._network, secondary_cidrs=self._more_cidrs
        )

    def _vpc_id(self) -> str:
        return self._below().vpc_id

    def _domain(self, api: HttpApi | RestApi) -> Domain | None:
        return self.domains[api.domain] if api.domain is not None else None

    def _target(self, route: HttpRoute | RestRoute) -> Deployed:
        found = target_of(self._environment, route)
        assert found is not None
        return found

    def _functions(self, api: HttpApi) -> dict[str, LinkedTarget | FunctionTarget]:
        """The functions that routes lead to, by path."""
        return {
            path: FunctionTarget.of(self.context, target.name)
            for path, route in api.routes.items()
            if isinstance((target := self._target(route)).spec, LambdaFunction)
        }

    def _link(self) -> dict[str, dict[str, LinkedTarget]]:
        """The VPC link, and what each route of each HTTP API leads to by it."""
        ways: dict[str, dict[str, Behind]] = {
            name: {
                path: way
                for path, route in api.routes.items()
                if isinstance(service := self._target(route).spec, EcsService)
                and (way := behind(self._environment, route, service))
            }
            for name, api in self._spec.http.items()
        }
        every = [way for routes in ways.values() for way in routes.values()]
        if not every:
            return {name: {} for name in ways}
        cluster = self._ecs or self.read("ecs", EcsOutputs)
        arns = known_beside(cluster.listener_arns, self._listeners)
        opens = {
            # Each service has a port of its own on a Network Load Balancer.
            way.load_balancer if way.port is None else f"{way.load_balancer}-{way.port}": (
                cluster.load_balancer_groups[way.load_balancer],
                self._port(way),
            )
            for way in every
            if way.closed
        }
        self.link = link = Link(
            self,
            "link",
            context=self.context,
            network=self._below(),
            ports=[self._port(way) for way in every],
            opens=opens,
        )
        looked_up: dict[tuple[str, int], str] = {}
        return {
            name: {
                path: LinkedTarget(
                    link_id=link.id,
                    listener_arn=arns[way.load_balancer]
                    if way.port is None
                    else self._listener(cluster, way.load_balancer, way.port, looked_up),
                    way=way,
                )
                for path, way in routes.items()
            }
            for name, routes in ways.items()
        }

    def _rest_links(self) -> dict[str, RestLink]:
        """The VPC link of each Network Load Balancer that REST APIs call."""
        names = linked_balancers(self._environment)
        if not names:
            return {}
        cluster, links = self._ecs or self.read("ecs", EcsOutputs), Construct(self, "rest-links")
        return {
            name: RestLink(
                links,
                name,
                context=self.context,
                load_balancer_arn=self._arn(cluster, name),
            )
            for name in names
        }

    def _linked(self, api: RestApi) -> dict[str, RestLinkedTarget]:
        """The ECS services that routes lead to, by path."""
        return {
            path: RestLinkedTarget(
                link_id=self.rest_links[way.load_balancer].id,
                dns_name=self.rest_links[way.load_balancer].dns_name,
                way=way,
            )
            for path, way in reached(self._environment, api).items()
        }

    def _arn(self, cluster: EcsOutputs, balancer: str) -> str:
        end = cluster.load_balancer_suffixes[balancer]
        return self.context.arn("elasticloadbalancing", f"loadbalancer/{end}")

    def _port(self, way: Behind) -> int:
        """The port of the load balancer; of one that somebody else made, by whether it takes TLS."""
        if way.port is not None:
            return way.port
        cluster = self._environment.ecs
        balancers = cluster.load_balancers if isinstance(cluster, EcsCluster) else {}
        balancer = balancers.get(way.load_balancer)
        if isinstance(balancer, LoadBalancer):
            return balancer.port
        return 443 if way.tls else 80

    def _listener(
        self, cluster: EcsOutputs, balancer: str, port: int, known: dict[tuple[str, int], str]
    ) -> str:
        """The listener of a port of a Network Load Balancer, which the inference layer has made."""
        if (balancer, port) not in known:
            known[balancer, port] = DataAwsLbListener(
                self,
                f"listener-{balancer}-{port}",
                load_balancer_arn=self._arn(cluster, balancer),
                port=port,
            ).arn
        return known[balancer, port]
