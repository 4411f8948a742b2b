"""The ecs layer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...alb.construct import GivenLoadBalancer, SharedLoadBalancer
from ...alb.network import NetworkLoadBalancer
from ...alb.network_construct import SharedNetworkLoadBalancer
from ...alb.spec import ExistingLoadBalancer, LoadBalancer
from ...cdk import Construct
from ...context import Context
from ...ecs.cluster import Cluster
from ...ecs.spec import EcsCluster
from ...layer import Layer
from ...outputs import EcsOutputs, NetworkOutputs, RegistryOutputs
from ...target import Target


class EcsLayer(Layer):
    """`cluster` with its EC2 capacity, and `load_balancers` by short name; hands up EcsOutputs,
    `outputs`."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: EcsCluster,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
        private: bool = False,
        linked: Collection[str] = (),
    ) -> None:
        """`private` is whether the network has an endpoint for all that instances need,
        `secondary_cidrs` the ranges of a Network that hold its subnets beside `cidr`, `linked` the Network
        Load Balancers that REST APIs reach by VPC links, by short name."""
        super().__init__(scope, "ecs", context=context, target=target)
        below = self.below("network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs)
        data = self.below("registry", RegistryOutputs, registry)
        self.cluster = cluster = Cluster(
            self,
            "cluster",
            context=context,
            spec=spec,
            network=below,
            kms_key_arn=data.kms_key_arn,
            private=private,
        )
        shared = Construct(self, "load-balancers")
        self.load_balancers: dict[str, SharedLoadBalancer] = {
            name: SharedLoadBalancer(shared, name, context=context, spec=balancer, network=below)
            for name, balancer in spec.load_balancers.items()
            if isinstance(balancer, LoadBalancer)
        }
        self.network_load_balancers = {
            name: SharedNetworkLoadBalancer(
                shared,
                name,
                context=context,
                spec=balancer,
                network=below,
                linked=name in linked,
            )
            for name, balancer in spec.load_balancers.items()
            if isinstance(balancer, NetworkLoadBalancer)
        }
        # By rules or by port: only the former have a listener of their own.
        balancers = {
            name: GivenLoadBalancer(balancer)
            if isinstance(balancer, ExistingLoadBalancer)
            else self.load_balancers[name]
            for name, balancer in spec.load_balancers.items()
            if not isinstance(balancer, NetworkLoadBalancer)
        }
        every = {**balancers, **self.network_load_balancers}
        self.outputs = EcsOutputs(
            cluster_name=cluster.name,
            capacity_providers=cluster.capacity_providers,
            listener_arns={name: lb.listener_arn for name, lb in balancers.items()},
            load_balancer_suffixes={name: lb.arn_suffix for name, lb in every.items()},
            load_balancer_groups={name: lb.group_id for name, lb in every.items()},
            test_listener_arns={
                name: lb.test_listener_arn for name, lb in balancers.items() if lb.test_listener_arn
            },
            namespace_id=cluster.namespace_id,
        )
        self.hand_up(self.outputs)
