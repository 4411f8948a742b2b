"""The inference layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...cdk import Construct, ITerraformDependable
from ...context import Context
from ...ecs.names import cluster_name
from ...layer import Layer, known_beside
from ...outputs import EcsOutputs, InferenceOutputs, NetworkOutputs, RegistryOutputs
from ...overriding import override
from ...own import OwnSurroundings
from ...sagemaker.construct import HostedEndpoint
from ...sagemaker.model_construct import Surroundings
from ...target import Target
from ...vpc.egress import allow_https
from ..specs import MODELS, Inference

from cdktf_cdktf_provider_aws.security_group import SecurityGroup

if TYPE_CHECKING:
    from ...ecs.service import Service
    from ...functions.construct import Function
    from ...sagemaker.batch_construct import Transform


class InferenceLayer(Layer):
    """Every endpoint of the environment or of a group, in one security group that reaches
    only AWS.

    `endpoints`, `batch`, `services` and `functions` are the constructs by short name, `network` and `registry`
    what the layers below hand up, `security_group_id` is that of what SageMaker runs; None where it
    runs nothing.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: Inference,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
        ecs: EcsOutputs | None = None,
        private: bool = False,
        layer: str = "inference",
        group: str = "",
        artifacts: str | None = None,
        listeners: Mapping[str, str] | None = None,
        watched: bool = False,
    ) -> None:
        """`artifacts` is the bucket of artifacts that exists beside a registry layer, `listeners` the
        ARNs of those that exist beside an ecs layer, `secondary_cidrs` the ranges of a Network that hold its
        subnets beside `cidr`: they are known before those layers' states; `watched` whether the observability
        layer reads what this one hands up."""
        super().__init__(scope, layer, context=context, target=target)
        self._group = group
        self._listeners = listeners or {}
        self.endpoints: dict[str, HostedEndpoint] = {}
        self.batch: dict[str, Transform] = {}
        self.services: dict[str, Service] = {}
        self.functions: dict[str, Function] = {}
        self.security_group_id: str | None = None
        below = self.network = self.below(
            "network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs
        )
        data = self.below("registry", RegistryOutputs, registry)
        if artifacts is not None:
            data = replace(data, artifact_bucket=artifacts)
        self.registry = data
        if spec.endpoints or spec.batch:
            self._hosted(below, data, spec)
        if spec.services:
            self._services(below, data, ecs, spec, private=private)
        if spec.functions:
            self._functions(below, data, spec, private=private)
        if spec.throughputs or spec.profiles:
            from ...bedrock.construct import Bedrock

            Bedrock(
                self,
                "bedrock",
                context=self.context,
                throughputs=spec.throughputs,
                profiles=spec.profiles,
            )
        self._own(spec)
        if watched:
            self.hand_up(InferenceOutputs(target_group_suffixes=self._target_groups()))
        override(
            spec, self, apart=["endpoints", "batch", "services", "functions", "bedrock", "own"]
        )

    def _target_groups(self) -> dict[str, str]:
        """The end of each target group's ARN, by service and color."""
        return {
            "-".join(filter(None, [name, color])): suffix
            for name, service in self.services.items()
            for color, suffix in service.target_group_suffixes.items()
        }

    def _own(self, spec: Inference) -> None:
        """What is of kinds of the team's own."""
        if not spec.own:
            return
        around = OwnSurroundings(context=self.context, network=self.network, registry=self.registry)
        own = Construct(self, "own")
        for name, service in spec.own.items():
            scope = Construct(own, name)
            service.build(scope, name, around)
            override(service, scope)

    def _hosted(self, network: NetworkOutputs, registry: RegistryOutputs, spec: Inference) -> None:
        """What SageMaker runs."""
        surroundings = self._surroundings(network, registry, spec)
        endpoints = Construct(self, "endpoints")
        for name, endpoint in spec.endpoints.items():
            self.endpoints[name] = HostedEndpoint(
                endpoints, name, context=self.context, spec=endpoint, surroundings=surroundings
            )
        if not spec.batch:
            return
        from ...sagemaker.batch_construct import Transform

        batch = Construct(self, "batch")
        for name, transform in spec.batch.items():
            self.batch[name] = Transform(
                batch, name, context=self.context, spec=transform, surroundings=surroundings
            )

    def _services(
        self,
        network: NetworkOutputs,
        registry: RegistryOutputs,
        ecs: EcsOutputs | None,
        spec: Inference,
        *,
        private: bool,
    ) -> None:
        # Imported late, as its bindings take long and most environments have no ECS service.
        from ...ecs.service import EcsSurroundings, Service

        # Names can be computed where the cluster is this environment's own.
        cluster = ecs or replace(
            self.read("ecs", EcsOutputs), cluster_name=cluster_name(self.context)
        )
        if self._listeners:
            arns = known_beside(cluster.listener_arns, self._listeners)
            cluster = replace(cluster, listener_arns=arns)
        surroundings = EcsSurroundings(
            network=network,
            cluster=cluster,
            kms_key_arn=registry.kms_key_arn,
            artifact_bucket=registry.artifact_bucket,
            private=private,
            given_balancers=frozenset(ecs.load_balancer_suffixes if ecs else self._listeners),
        )
        services = Construct(self, "services")
        for name, service in spec.services.items():
            self.services[name] = Service(
                services, name, context=self.context, spec=service, surroundings=surroundings
            )

    def _functions(
        self, network: NetworkOutputs, registry: RegistryOutputs, spec: Inference, *, private: bool
    ) -> None:
        from ...functions.construct import Function, FunctionSurroundings

        surroundings = FunctionSurroundings(
            network=network, kms_key_arn=registry.kms_key_arn, private=private
        )
        functions = Construct(self, "functions")
        for name, function in spec.functions.items():
            self.functions[name] = Function(
                functions, name, context=self.context, spec=function, surroundings=surroundings
            )

    def _surroundings(
        self, network: NetworkOutputs, registry: RegistryOutputs, spec: Inference
    ) -> Surroundings:
        ways_out: list[ITerraformDependable] = []
        if spec.security_group is None:
            self.security_group_id, ways_out = self._security_group(network, spec)
        else:
            self.security_group_id = spec.security_group
        return Surroundings.within(
            self,
            layer=self.layer,
            subnet_ids=network.private_subnet_ids,
            security_group_ids=[self.security_group_id],
            ways_out=ways_out,
            kms_key_arn=registry.kms_key_arn,
            artifact_bucket=registry.artifact_bucket,
        )

    def _security_group(
        self, network: NetworkOutputs, spec: Inference
    ) -> tuple[str, list[ITerraformDependable]]:
        """The security group of what SageMaker runs, and the rules that models wait for."""
        name = self.context.name(MODELS, *filter(None, [self._group]))
        group = SecurityGroup(
            self,
            "models",
            name=name,
            description="Model containers: HTTPS to AWS services only",
            vpc_id=network.vpc_id,
            tags={"Name": name},
        )
        ways_out = allow_https(
            self,
            "models",
            security_group_id=group.id,
            network=network,
            cidrs=spec.egress_cidrs,
        )
        return group.id, ways_out
