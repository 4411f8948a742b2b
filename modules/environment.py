"""Environment: a Context and one Spec per layer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from . import reach
from .context import Context
from .ecr.spec import ECR8, Image
from .ecs.checks import check_cluster, check_services
from .ecs.spec import EcsCluster, EcsService
from .eks.spec import EKS4, EksCluster
from .identity.spec import Identity
from .kubernetes import fit
from .kubernetes.spec import Kubernetes
from .layers.specs import Inference, Registry
from .outputs import EcsOutputs, EksOutputs, NetworkOutputs, Outputs, RegistryOutputs
from .rules import PathPart, Problem, did_you_mean, one_of, rule
from .sagemaker.batch import JOB11, BatchTransform
from .service import Deployed, Place, Reaching, Service
from .spec import (
    NAME1,
    Check,
    OneOf,
    ShortName,
    Spec,
    is_short_name,
    walk,
)
from .vpc.spec import Network

ENV1 = rule(
    "ENV1",
    refuses="a layer without the layers that it stands on",
    message="needs {layer}: write its Spec, or its Outputs by hand for one that exists",
    source="Inferform: layers read only from layers below",
)

GRP1 = rule(
    "GRP1",
    refuses="a name that two groups of the inference layer share",
    message="is in group {other} too; give it another name, as both would be {name} in AWS",
    source="Inferform: groups have states of their own, but one namespace in the account",
)
GRP2 = rule(
    "GRP2",
    refuses="an inference layer without groups, or a group that is no Inference",
    message="must be an Inference, or a dict of Inference by the name of the group",
    source="Inferform: each group is a stack",
)
MOV1 = rule(
    "MOV1",
    refuses="resources moved in a layer that the environment does not have",
    message="is not a layer of this environment; its layers are {layers}{hint}",
    source="Inferform: moves are written by layer",
)
MOV2 = rule(
    "MOV2",
    refuses="a move from or to something that is not the address of a resource",
    message="must be the address of a resource, such as aws_s3_bucket.artifacts_bucket_1A2B3C4D",
    source="Terraform language, resource addressing and moved blocks",
)
MOV3 = rule(
    "MOV3",
    refuses="a resource that is moved to its own address, or to one that moves away itself",
    message="is both an old and a new address; write one move from the first to the last",
    source="Terraform language, moved blocks (redundant and chained moves)",
)
IDN1 = rule(
    "IDN1",
    refuses="an identity layer in an environment whose Context does not name what it creates",
    message="creates what the Context names, which names no {field}; give it one, such as "
    "{example}",
    source="Inferform: the identity layer makes what the Context names",
)

_ADDRESS = re.compile(
    r"(module\.[\w-]+(\[[^\]]+\])?\.)*[a-z][a-z0-9_]*\.[A-Za-z_][\w-]*(\[[^\]]+\])?"
)

_IDENTITY = {
    "deploy_role": "inferform-deploy",
    "plan_role": "inferform-plan",
    "permissions_boundary": "inferform-boundary",
}


_STANDS_ON = {
    "ecs": ("network", "registry"),
    "inference": ("network", "registry"),
    "eks": ("network", "registry"),
    "kubernetes": ("network", "registry", "eks"),
}


def _groups_fit(value: object) -> bool:
    return not isinstance(value, dict) or (
        bool(value) and all(isinstance(group, Inference) for group in value.values())
    )


class Environment(Spec):
    """One account and one region at one stage: a Context and what each layer holds."""

    context: Context
    """Who, where and which stage."""

    network: Annotated[Network | NetworkOutputs | None, OneOf()] = None
    """The VPC, or the Outputs of one that exists."""

    registry: Annotated[Registry | RegistryOutputs | None, OneOf()] = None
    """Image repositories and artifacts, or the Outputs of ones that exist."""

    ecs: Annotated[EcsCluster | EcsOutputs | None, OneOf()] = None
    """The ECS cluster that services run on, or the Outputs of one that exists."""

    inference: Annotated[
        Inference | dict[ShortName, Inference] | None, OneOf(), Check(GRP2, _groups_fit)
    ] = None
    """What serves predictions: one Inference, or several by the name of the group that each is.
    A group has a stack and a state of its own, so that teams deploy side by side."""

    eks: Annotated[EksCluster | EksOutputs | None, OneOf()] = None
    """The EKS cluster, or the Outputs of one that exists."""

    kubernetes: Kubernetes | None = None
    """The inference services of the EKS cluster."""

    identity: Identity | None = None
    """The deploy and plan roles of the account. One environment of an account carries it.
    Without it the roles that the Context names are made elsewhere."""

    moved: dict[str, dict[str, str]] = {}
    """Resources that have another address since the last apply, by layer: the old address and
    the new one. Take an entry out once every environment is applied. Without it, none."""

    @property
    def key(self) -> str:
        """`prod-use1`: the name of the environment and the first part of its stacks' names."""
        return self.context.key

    @property
    def groups(self) -> dict[str, Inference]:
        """The inference layers by the name of their group, which is empty for a single one."""
        if isinstance(self.inference, dict):
            return self.inference
        return {} if self.inference is None else {"": self.inference}

    @property
    def deployed(self) -> list[Deployed]:
        """Everything that serves or runs something, in the order in which it is written."""
        return [
            Deployed(Place(path, self), spec)
            for path, spec in walk(self)
            if isinstance(spec, Service)
        ]

    @property
    def services(self) -> dict[tuple[PathPart, ...], EcsService]:
        """The ECS services of every group, by their path."""
        return {
            ("inference", *filter(None, [group]), "services", name): service
            for group, inference in self.groups.items()
            for name, service in inference.services.items()
        }

    @property
    def needed_endpoints(self) -> frozenset[str]:
        """The interface endpoints that reach everything that is declared without internet."""
        return frozenset().union(
            *(
                spec.needs(Place(path, self)).endpoints
                for path, spec in walk(self)
                if isinstance(spec, Reaching)
            )
        )

    @property
    def interface_endpoints(self) -> frozenset[str]:
        """The interface endpoints that the network layer makes."""
        if not isinstance(self.network, Network):
            return frozenset()
        written = frozenset(self.network.interface_endpoints)
        return written | self.needed_endpoints if self.network.auto_endpoints else written

    @property
    def private(self) -> bool:
        """Whether what is declared reaches all it needs of AWS through endpoints alone."""
        return (
            isinstance(self.network, Network)
            and "s3" in self.network.gateway_endpoints
            and self.needed_endpoints <= self.interface_endpoints
        )

    @property
    def layers(self) -> list[str]:
        """The names of the layers that this environment deploys, those below first."""
        names = []
        for name in ("identity", *(field for field in type(self).model_fields)):
            if name == "inference":
                names += [inference_layer(group) for group in self.groups]
            elif name not in ("context", *names) and isinstance(getattr(self, name), Spec):
                names.append(name)
        return names

    def check(self) -> Iterator[Problem]:
        """The rules between layers, and those of every Spec that need the Context."""
        foreign = [
            problem.under(field)
            for field in type(self).model_fields
            if isinstance(outputs := getattr(self, field), Outputs)
            for problem in outputs.check()
        ]
        if foreign:
            yield from foreign
            return
        yield from self._check_groups()
        yield from self._check_moved()
        if self.identity is not None:
            for field, example in _IDENTITY.items():
                if getattr(self.context, field) is None:
                    yield IDN1.problem("identity", field=field, example=example)
        for path, spec in walk(self):
            for problem in spec.check_in(self.context):
                yield problem.under(*path)
            if isinstance(spec, Image):
                yield from self._check_image(path, spec)
            if isinstance(spec, BatchTransform) and spec.waits_for_events() and self._is_silent:
                yield JOB11.problem(*path, "trigger")
        yield from self._check_layers()
        yield from self._check_ecs()
        yield from reach.problems(self)

    @property
    def _is_silent(self) -> bool:
        """Whether the artifact bucket is this environment's and sends no events."""
        return isinstance(self.registry, Registry) and not self.registry.artifacts.send_events

    def _check_layers(self) -> Iterator[Problem]:
        for name, needed in _STANDS_ON.items():
            for layer in needed:
                if isinstance(getattr(self, name), Spec | dict) and getattr(self, layer) is None:
                    yield ENV1.problem(name, layer=layer)
        if isinstance(self.eks, EksCluster):
            yield from self._check_eks(self.eks)

    def _check_eks(self, cluster: EksCluster) -> Iterator[Problem]:
        if not self._has_two_zones:
            yield EKS4.problem("eks")
        if self.kubernetes is not None:
            for problem in fit.problems(cluster, self.kubernetes.services):
                yield problem.under("kubernetes", "services")

    @property
    def _has_two_zones(self) -> bool:
        if isinstance(self.network, Network):
            return self.network.availability_zones > 1
        return self.network is None or len(self.network.private_subnet_ids) > 1

    def _check_ecs(self) -> Iterator[Problem]:
        if isinstance(self.ecs, EcsCluster):
            for problem in check_cluster(self.ecs, self.network):
                yield problem.under("ecs")
        if self.ecs is not None:
            yield from check_services(self.services, self.ecs)
        elif self.services:
            yield ENV1.problem(*next(iter(self.services))[:-1], layer="ecs")

    def _check_groups(self) -> Iterator[Problem]:
        if not isinstance(self.inference, dict):
            return
        owners: dict[tuple[str, str], str] = {}
        for group, inference in self.inference.items():
            if not is_short_name(group):
                yield NAME1.problem("inference", got=group)
            for field in type(inference).model_fields:
                named = getattr(inference, field)
                for name in named if isinstance(named, dict) else ():
                    other = owners.setdefault((field, name), group)
                    if other != group:
                        full = self.context.name(name)
                        yield GRP1.problem("inference", group, field, name, other=other, name=full)

    def _check_moved(self) -> Iterator[Problem]:
        for layer, moves in self.moved.items():
            if layer not in self.layers:
                hint = did_you_mean(layer, self.layers)
                known = one_of(self.layers or ["none"])
                yield MOV1.problem("moved", layer, layers=known, hint=hint)
            for address in (*moves, *moves.values()):
                if not _ADDRESS.fullmatch(address):
                    yield MOV2.problem("moved", layer, got=address)
            for address in sorted(moves.keys() & set(moves.values())):
                yield MOV3.problem("moved", layer, got=address)

    def _check_image(self, path: tuple[PathPart, ...], image: Image) -> Iterator[Problem]:
        if self.context.images is not None:
            return  # its owner is another environment: see between.py
        known = self.registry.repositories if isinstance(self.registry, Registry) else None
        if known is not None and image.repository not in known:
            hint = did_you_mean(image.repository, known)
            yield ECR8.problem(*path, repository=image.repository, hint=hint)


def inference_layer(group: str) -> str:
    """The name of the layer of a group of the inference layer."""
    return f"inference-{group}" if group else "inference"
