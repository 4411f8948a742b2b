"""Environment: a Context and one Spec per layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from graphlib import TopologicalSorter
from typing import Annotated, Any

from . import reach
from .airflow.spec import Orchestration
from .api.apis import Apis
from .api.http import HttpApi
from .api.rest import RestApi
from .commitment import Commitment
from .context import Context
from .delivery.spec import DeliveryPipelines
from .ecr.spec import ECR8, Image, missing_repository
from .ecs.spec import EcsCluster, EcsService
from .edge.spec import Edge
from .eks.spec import EksCluster
from .helm.spec import Helm
from .identity.policies import boundary
from .identity.spec import Identity
from .kubernetes.spec import Kubernetes
from .layers.apis import APIS
from .layers.delivery import DELIVERY
from .layers.ecs import ECS
from .layers.edge import EDGE
from .layers.eks import EKS
from .layers.groups import groups_of
from .layers.helm import HELM
from .layers.identity import IDENTITY
from .layers.inference import INFERENCE
from .layers.kubernetes import KUBERNETES
from .layers.network import NETWORK
from .layers.observability import OBSERVABILITY
from .layers.orchestration import ORCHESTRATION
from .layers.record import LayerRecord, Part
from .layers.registry import REGISTRY
from .layers.specs import ARTIFACTS, Inference, Registry
from .layers.training import TRAINING
from .names import LIMITS, RESERVED, Name, taken_twice
from .observability.spec import Observability
from .outputs import EcsOutputs, EksOutputs, NetworkOutputs, Outputs, RegistryOutputs
from .overrides import Overridable
from .permissions import boundary_problems
from .rules import PathPart, Problem, did_you_mean, one_of, rule
from .service import Deployed, Named, Place, Reaching, Service, Subject
from .spec import (
    Check,
    Many,
    Matches,
    OneOf,
    ShortName,
    Spec,
    walk,
)
from .team import SpecRule
from .training.spec import Training
from .vpc.spec import Network

ENV1 = rule(
    "ENV1",
    refuses="a layer without the layers that it depends on",
    message="needs {layer}: add {ways}",
    source="Inferform: layers read only from layers below",
)

NAME3 = rule(
    "NAME3",
    refuses="a name in AWS or Kubernetes that would be made twice in one environment",
    message="would make the {name}{taken}; rename {what}",
    source="Terraform refuses what exists already, or one apply replaces what the other made: IAM "
    "API reference, CreateRole (EntityAlreadyExists); CloudWatch API reference, PutMetricAlarm (an "
    "alarm of the same name is overwritten)",
)

NAME4 = rule(
    "NAME4",
    refuses="a name that is longer than AWS takes",
    message="would make the {name}, of {length} characters, but AWS takes {limit}; {what}",
    source="API references of each service: the longest name of its resources",
)

NAME6 = rule(
    "NAME6",
    refuses="a name that begins as only AWS's own may",
    message="would make the {name}, but AWS keeps names that begin with {prefix} for itself; begin "
    "context.naming.template, or the organization, otherwise",
    source="Amazon EC2 API reference, CreateSecurityGroup; Amazon S3 User Guide, bucket naming rules",
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

IMP1 = rule(
    "IMP1",
    refuses="resources imported into a layer that the environment does not have",
    message="is not a layer of this environment; its layers are {layers}{hint}",
    source="Inferform: imports are written by layer",
)
IMP2 = rule(
    "IMP2",
    refuses="an import to what is not the address of a resource, or without an id",
    message="must be the provider's id of what exists, under the address of a resource, such as "
    'aws_sagemaker_endpoint.fraud_endpoint_1A2B3C4D: "fraud-detector"',
    source="Terraform language, import blocks",
)
IMP3 = rule(
    "IMP3",
    refuses="one thing that is imported to two addresses",
    message="is imported to {other} too; leave one of them out",
    source="Terraform language, import blocks (one resource for one thing)",
)

ENV11 = rule(
    "ENV11",
    refuses="records of resource types that are not named by the path of a Python module",
    message="must be the path of a Python module, such as team.kinds",
    source="Inferform: the operator's commands import the records of resource types",
)

ENV12 = rule(
    "ENV12",
    refuses="a rule of one's own that is a bare function",
    message="must be a rule: put @rule(...) of inferform.team over the function",
    source="Inferform: every problem has a rule with an id",
)

ENV13 = rule(
    "ENV13",
    refuses="an error of a function that extends an environment",
    message="ends with {error}, in {function}",
    source="Inferform: what extends an environment is Python of the team's own",
)

_ADDRESS = re.compile(
    r"(module\.[\w-]+(\[[^\]]+\])?\.)*[a-z][a-z0-9_]*\.[A-Za-z_][\w-]*(\[[^\]]+\])?"
)


class Environment(Spec):
    """One account and one region at one stage: a Context and what each layer holds."""

    context: Context
    """Who, where and which stage."""

    network: Annotated[Network | NetworkOutputs | None, OneOf(), NETWORK] = None
    """The VPC, or the Outputs of one that exists."""

    registry: Annotated[Registry | RegistryOutputs | None, OneOf(), REGISTRY] = None
    """Image repositories and artifacts, or the Outputs of ones that exist."""

    ecs: Annotated[EcsCluster | EcsOutputs | None, OneOf(), ECS] = None
    """The ECS cluster that services run on, or the Outputs of one that exists."""

    inference: Annotated[
        Inference | dict[ShortName, Inference] | None,
        OneOf(),
        groups_of(Inference, "an Inference"),
        INFERENCE,
    ] = None
    """What serves predictions: one Inference, or several by the name of the group that each is.
    A group has a stack and a state of its own, so that teams deploy side by side."""

    apis: Annotated[Apis | None, APIS] = None
    """APIs in front of what serves, with their domains."""

    training: Annotated[
        Training | dict[ShortName, Training] | None,
        OneOf(),
        groups_of(Training, "a Training"),
        TRAINING,
    ] = None
    """What trains models, and watches those that serve: one Training, or several by the name of the
    group that each is, as of `inference`."""

    orchestration: Annotated[Orchestration | None, ORCHESTRATION] = None
    """What runs workflows beside the schedules and events of training: Airflow."""

    edge: Annotated[Edge | None, EDGE] = None
    """Models on devices: fleets, and the components that they run."""

    eks: Annotated[EksCluster | EksOutputs | None, OneOf(), EKS] = None
    """The EKS cluster, or the Outputs of one that exists."""

    helm: Annotated[Helm | None, HELM] = None
    """The Helm releases of the EKS cluster, which its services may need."""

    kubernetes: Annotated[Kubernetes | None, KUBERNETES] = None
    """The inference services of the EKS cluster."""

    observability: Annotated[Observability | None, OBSERVABILITY] = None
    """What watches all of it: alarms, who is notified, dashboards, logs and money. `Observability()` is
    useful alone. Default: nothing, but the alarms that roll a release back."""

    identity: Annotated[Identity | None, IDENTITY] = None
    """The deploy and plan roles of the account. One environment of an account carries it.
    Default: the roles that the Context names are made elsewhere."""

    delivery: Annotated[DeliveryPipelines | None, DELIVERY] = None
    """The pipelines that review and deploy the other environments, in an account of their own.
    Default: none, they are made elsewhere."""

    extend: Many[Callable[..., None]] = ()
    """Functions that add constructs of your own to the layers, or layers of your own: each gets the
    layers as they are built (`inferform.layers.built.Built`), in this order, at synthesis. Default: none."""

    kinds: Many[Annotated[str, Matches(ENV11, r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")]] = ()
    """Python modules with what the operator's commands know of your own: records of resource types,
    and rules over plans. The commands import them by their path: `team.kinds`. Default: none."""

    rules: Many[
        Annotated[Callable[..., Any], Check(ENV12, lambda given: isinstance(given, SpecRule))]
    ] = ()
    """Rules of your own over the Specs, made by `inferform.team.rule`. Default: none."""

    commitments: Many[Commitment] = ()
    """Savings Plans that somebody bought for this account, which `inferform cost` subtracts; no apply
    buys one. Default: none, all is On-Demand."""

    imported: dict[str, dict[str, str]] = {}
    """Resources that exist in AWS and are taken into the state by the next apply, by layer: the address
    and the provider's id. Terraform passes over what the state has already, and ends every plan that would
    destroy or replace what is named here. Take an entry out once it is applied. `inferform endpoints
    adopt` writes them. Default: none."""

    moved: dict[str, dict[str, str]] = {}
    """Resources that have another address since the last apply, by layer: the old address and
    the new one. Take an entry out once every environment is applied. Default: none."""

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
    def trainings(self) -> dict[str, Training]:
        """The training layers by the name of their group, which is empty for a single one."""
        if isinstance(self.training, dict):
            return self.training
        return {} if self.training is None else {"": self.training}

    @property
    def deployed(self) -> list[Deployed]:
        """Everything that serves or runs something, in the order in which it is written."""
        return [
            Deployed(Place(path, self), spec)
            for path, spec in walk(self)
            if isinstance(spec, Service)
        ]

    @property
    def subjects(self) -> list[Subject]:
        """Everything that is watched: what serves or runs, and the APIs in front of it, in the order in
        which it is written."""
        return [
            Subject(Place(path, self), spec)
            for path, spec in walk(self)
            if isinstance(spec, Service | HttpApi | RestApi)
        ]

    @property
    def services(self) -> dict[tuple[PathPart, ...], EcsService]:
        """The ECS services, by their path."""
        return {
            each.place.path: each.spec
            for each in self.deployed
            if isinstance(each.spec, EcsService)
        }

    @property
    def artifact_bucket(self) -> str:
        """The name of the bucket of model artifacts: made by the registry layer, or by somebody
        else."""
        if isinstance(self.registry, RegistryOutputs):
            return self.registry.artifact_bucket
        if self.registry is not None:
            return self.registry.bucket(self.context)
        return self.context.bucket(ARTIFACTS)

    @property
    def names(self) -> list[tuple[tuple[PathPart, ...], Name]]:
        """Every name that is made in AWS and Kubernetes, with the path of what it is made for."""
        return [
            *((("context",), name) for name in self.context.taken_names()),
            *(
                (path, name)
                for path, spec in walk(self)
                if isinstance(spec, Named)
                for name in spec.names(Place(path, self))
            ),
            *(each for part in self.parts for each in part.record.names(self)),
        ]

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

    @classmethod
    def records(cls) -> dict[str, LayerRecord]:
        """The record of every layer that an environment may have, by the name of its field."""
        return {
            name: record
            for name, field in cls.model_fields.items()
            for record in field.metadata
            if isinstance(record, LayerRecord)
        }

    @property
    def parts(self) -> list[Part]:
        """Every layer that this environment deploys, those below first."""
        made = [
            Part(record, spec, group)
            for name, record in self.records().items()
            for group, spec in self._specs(name).items()
        ]
        named = {part.name: part for part in made}
        return [named[name] for name in TopologicalSorter(_below(made)).static_order()]

    @property
    def layers(self) -> list[str]:
        """The names of the layers that this environment deploys, those below first."""
        return [part.name for part in self.parts]

    def below(self) -> dict[str, list[str]]:
        """The layers that each layer depends on, of those that this environment deploys."""
        return _below(self.parts)

    def _specs(self, name: str) -> dict[str, Spec]:
        """What is asked of a layer, by group; a layer without groups has one without a name."""
        value = getattr(self, name)
        if isinstance(value, dict):
            return value
        return {"": value} if isinstance(value, Spec) else {}

    def check(self) -> Iterator[Problem]:
        """The rules between layers, and those of every Spec that need the Context."""
        foreign = [
            problem.under(field)
            for field in type(self).model_fields
            if isinstance(outputs := getattr(self, field), Outputs)
            for problem in [*outputs.check()] or outputs.check_in(self.context)
        ]
        if foreign:
            yield from foreign
            return
        yield from self._check_moved()
        yield from self._check_imported()
        yield from self._check_specs()
        missing = [
            ENV1.problem(*path, layer=layer, ways=self.records()[layer].ways)
            for part in self.parts
            for layer, path in part.needs.items()
            if getattr(self, layer, None) is None
        ]
        yield from missing or self._check_names()
        if self.identity is not None:
            yield from self.cut_by(self.key, self.context, self.identity)
        for record in self.records().values():
            yield from record.problems(self)
        yield from reach.problems(self)
        for own in self.rules:
            assert isinstance(own, SpecRule)
            yield from own.problems(self)

    def _check_specs(self) -> Iterator[Problem]:
        """What each Spec says of itself in this Context."""
        for path, spec in walk(self):
            found = [*spec.check_in(self.context)]
            if isinstance(spec, Overridable):
                found += spec.tag_problems(self.context)
            if isinstance(spec, Service):
                found += spec.existing_problems(Place(path, self))
            yield from (problem.under(*path) for problem in found)
            if isinstance(spec, Image):
                yield from self._check_image(path, spec)

    def cut_by(self, key: str, context: Context, identity: Identity) -> Iterator[Problem]:
        """What the boundary that the environment `key` makes cuts of what its roles may do more."""
        limits = boundary(context, identity.regions, identity.role_services)
        for path, spec in walk(self):
            if isinstance(spec, Overridable) and spec is not self.identity:
                for problem in boundary_problems(spec.permissions.items(), limits, key):
                    yield problem.under(*path)

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

    def _check_imported(self) -> Iterator[Problem]:
        for layer, imports in self.imported.items():
            if layer not in self.layers:
                hint = did_you_mean(layer, self.layers)
                known = one_of(self.layers or ["none"])
                yield IMP1.problem("imported", layer, layers=known, hint=hint)
            owners: dict[tuple[str, str], str] = {}
            for address, identifier in imports.items():
                if not _ADDRESS.fullmatch(address) or not identifier.strip():
                    yield IMP2.problem("imported", layer, address, got=identifier)
                kind = address.rpartition(".")[0].rpartition(".")[2]
                other = owners.setdefault((kind, identifier), address)
                if other != address:
                    yield IMP3.problem("imported", layer, address, got=identifier, other=other)

    def _check_names(self) -> Iterator[Problem]:
        for path, name in self.names:
            limit = LIMITS.get(name.kind, len(name.value))
            if len(name.value) > limit:
                what = "shorten the name, or context.naming.template"
                yield NAME4.problem(
                    *path, name=name, length=len(name.value), limit=limit, what=what
                )
            for prefix in RESERVED.get(name.kind, ()):
                if name.value.startswith(prefix):
                    yield NAME6.problem(*path, name=name, prefix=prefix)
        for path, name, other, theirs, more in taken_twice(self.names):
            if path != other and path[-2:] == other[-2:] and len(path) > 3:
                continue  # one name in two groups: GRP1
            if path == other:
                taken = " twice"
                given = [f"its {each.of}" for each in (name, theirs) if each.of]
            else:
                taken = f", as {'.'.join(map(str, other))} would"
                given = [*_renamed(path, name), *_renamed(other, theirs)]
            if more:
                taken += f", and {more} more {'name' if more == 1 else 'names'} alike"
            what = one_of(dict.fromkeys(given))
            yield NAME3.problem(*path, name=name, taken=taken, what=what)

    def _check_image(self, path: tuple[PathPart, ...], image: Image) -> Iterator[Problem]:
        if self.context.images is not None:
            return  # its owner is another environment: see between.py
        if not isinstance(self.registry, Registry):
            return
        known = {*self.registry.repositories, *self.context.naming.repositories}
        if image.repository not in known:
            hint = missing_repository(image.repository, known)
            yield ECR8.problem(*path, repository=image.repository, hint=hint)


def _renamed(path: tuple[PathPart, ...], name: Name) -> Iterator[str]:
    """What can be given another name, so that `name` becomes another: nothing for a layer."""
    if len(path) > 1:
        yield ".".join(map(str, path))
    if name.of:
        yield name.of if len(path) == 1 else f"its {name.of}"


def _below(parts: Iterable[Part]) -> dict[str, list[str]]:
    first = [part.name for part in parts if part.record.is_first]
    return {
        part.name: [
            *(first if not part.record.is_first else ()),
            *(
                below.name
                for below in parts
                if below.record.name in part.needs or below.record.name in part.record.after
            ),
        ]
        for part in parts
    }
