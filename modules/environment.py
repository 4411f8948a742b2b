"""Environment: a Context and one Spec per layer, and the loading of environment files."""

from __future__ import annotations

import ast
import importlib
import ipaddress
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Annotated

from .context import Context
from .ecr.spec import ECR8, Image
from .ecs.checks import check_cluster, check_services
from .ecs.spec import EcsCluster, EcsService
from .eks.spec import EKS4, EksCluster
from .identity.spec import Identity
from .kubernetes import fit, reach
from .kubernetes.spec import Kubernetes
from .layers.specs import Inference, Registry
from .outputs import EcsOutputs, EksOutputs, NetworkOutputs, Outputs, RegistryOutputs
from .rules import PathPart, Problem, did_you_mean, one_of, rule
from .sagemaker.batch import JOB11, BatchTransform
from .spec import (
    NAME1,
    Check,
    OneOf,
    ShortName,
    Spec,
    SpecError,
    collecting,
    is_short_name,
    problems_of,
    report,
    walk,
)
from .vpc.spec import PRIVATE_SAGEMAKER, VPC2, Network

ENV1 = rule(
    "ENV1",
    refuses="a layer without the layers that it stands on",
    message="needs {layer}: write its Spec, or its Outputs by hand for one that exists",
    source="Inferform: layers read only from layers below",
)
ENV2 = rule(
    "ENV2",
    refuses="an environment file that does not import",
    message="does not import: {error}",
    source="Inferform: environments are Python modules",
)
ENV3 = rule(
    "ENV3",
    refuses="two environments with the same organization, stage and region",
    message="is the key of {other} too; give one of them another stage or region",
    source="Inferform: the key names stacks and states",
)
ENV4 = rule(
    "ENV4",
    refuses="a key that is written twice in one dict",
    message="is written twice in the same dict (lines {first} and {second}); Python would "
    "silently keep the last",
    source="Python language reference, dictionary displays",
)
ENV5 = rule(
    "ENV5",
    refuses="an environments folder without any environment",
    message="holds no Environment: assign one to a name in a file of the folder",
    source="Inferform: environments are found by their type",
)
ENV6 = rule(
    "ENV6",
    refuses="an environments folder that does not exist",
    message="is not a folder",
    source="Inferform: environments are files in one folder",
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
OWN1 = rule(
    "OWN1",
    refuses="an image of another account's registry that does not let this account pull",
    message="is in {owner}, whose repository {repository} does not let account {account} pull; "
    "add the account to its pull_accounts",
    source="Amazon ECR user guide, repository policies (cross-account access)",
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
IDN2 = rule(
    "IDN2",
    refuses="two environments that create the same role or policy in one account",
    message="creates {kind} {name} in account {account}, which {other} creates too; give identity "
    "to one environment of the account",
    source="AWS IAM user guide: names of roles and policies are unique in an account",
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
        needed = {name for service in self.services.values() for name in service.vpc_endpoints}
        if any(inference.endpoints or inference.batch for inference in self.groups.values()):
            needed |= set(PRIVATE_SAGEMAKER)
        if isinstance(self.eks, EksCluster):
            needed |= reach.needed_endpoints(self.eks, self.kubernetes)
        return frozenset(needed)

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
        if isinstance(self.network, Network):
            yield from reach.problems(
                cluster, self.kubernetes, self.network, self.interface_endpoints
            )
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
            yield from check_services(
                self.services, self.ecs, self.network, self.interface_endpoints
            )
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
            return  # its owner is another environment: see _unowned_images
        known = self.registry.repositories if isinstance(self.registry, Registry) else None
        if known is not None and image.repository not in known:
            hint = did_you_mean(image.repository, known)
            yield ECR8.problem(*path, repository=image.repository, hint=hint)


def inference_layer(group: str) -> str:
    """The name of the layer of a group of the inference layer."""
    return f"inference-{group}" if group else "inference"


@dataclass(frozen=True, slots=True)
class FileReport:
    """The problems of one environment, or of a file that could not be read."""

    where: str
    problems: list[Problem]

    def __str__(self) -> str:
        return report(self.where, self.problems)


class ConfigurationError(SpecError):
    """Environment files that cannot be deployed; `reports` has one entry for each."""

    def __init__(self, reports: list[FileReport]) -> None:
        super().__init__([problem for entry in reports for problem in entry.problems])
        self.reports = reports

    def __str__(self) -> str:
        return "\n".join(str(entry) for entry in self.reports)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Every environment of a folder, in the order of their keys, and the warnings found."""

    environments: dict[str, Environment]
    warnings: list[FileReport]
    files: dict[str, Path]


def load(folder: Path | str) -> Loaded:
    """Load every Environment that the Python files of `folder` define.

    Raises ConfigurationError with the problems of all files at once. Imports no cdktf.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise ConfigurationError([FileReport(folder.name, [ENV6.problem(got=folder.name)])])
    reports: list[FileReport] = []
    found: list[tuple[Path, str, Environment]] = []
    with _importable(folder):
        for file in sorted(folder.glob("*.py")):
            if file.stem.startswith("_"):
                continue
            problems = list(_repeated_keys(file))
            with collecting():
                try:
                    module = importlib.import_module(f"{folder.name}.{file.stem}")
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    problems += _import_problems(error, folder)
                else:
                    found += [
                        (file, name, value)
                        for name, value in vars(module).items()
                        if isinstance(value, Environment) and not _is_known(found, value)
                    ]
            if problems:
                reports.append(FileReport(f"{folder.name}/{file.name}", problems))
    return _checked(folder, found, reports)


def _key(environment: Environment) -> str | None:
    """The environment's key, or None where its Context is wrong."""
    try:
        return environment.key
    except SpecError:
        return None


def _is_known(found: list[tuple[Path, str, Environment]], environment: Environment) -> bool:
    return any(environment is known for _, _, known in found)


def _checked(
    folder: Path, found: list[tuple[Path, str, Environment]], failed: list[FileReport]
) -> Loaded:
    if not found and not failed:
        failed.append(FileReport(folder.name, [ENV5.problem()]))
    environments: dict[str, Environment] = {}
    files: dict[str, Path] = {}
    problems: dict[str, list[Problem]] = {}
    for file, name, environment in found:
        key = _key(environment) or name
        where = f"{folder.name}/{file.name}: {key}"
        own = [*problems.get(where, []), *problems_of(environment)]
        if key in environments:
            own.append(ENV3.problem(got=key, other=f"{folder.name}/{files[key].name}"))
        else:
            environments[key], files[key] = environment, file
        problems[where] = own
    good = {key: env for key, env in environments.items() if not _has_errors(problems_of(env))}
    between = (*_overlaps(good), *_unowned_images(good), *_repeated_roles(good))
    for key, problem in between:
        problems[f"{folder.name}/{files[key].name}: {key}"].append(problem)
    reports = [FileReport(where, entries) for where, entries in problems.items() if entries]
    if failed or any(_has_errors(entry.problems) for entry in reports):
        raise ConfigurationError([*failed, *reports])
    return Loaded(dict(sorted(environments.items())), reports, files)


def _has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _overlaps(environments: dict[str, Environment]) -> Iterator[tuple[str, Problem]]:
    seen: list[tuple[str, ipaddress.IPv4Network]] = []
    for key, environment in sorted(environments.items()):
        network = environment.network
        if not isinstance(network, Network) or network.allow_overlap:
            continue
        for other, block in seen:
            if block.overlaps(network.network):
                yield (
                    key,
                    VPC2.problem(
                        "network", "cidr", got=network.cidr, other=block, environment=other
                    ),
                )
        seen.append((key, network.network))


def _unowned_images(environments: dict[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Images of an owner among the environments that it does not have, or does not share."""
    for key, environment in environments.items():
        context = environment.context
        if context.images is None:
            continue
        for owner in environments.values():
            registry = owner.registry
            if (
                owner.context.organization != context.organization
                or owner.context.account != context.images.account
                or owner.context.stage != context.images.stage
                or owner.context.region != (context.images.home_region or context.region)
                or not isinstance(registry, Registry)
            ):
                continue
            for path, image in walk(environment):
                if not isinstance(image, Image):
                    continue
                name = image.repository
                if name not in registry.repositories:
                    hint = did_you_mean(name, registry.repositories)
                    yield key, ECR8.problem(*path, repository=name, hint=hint)
                elif context.account not in (
                    owner.context.account,
                    *registry.repositories[name].pull_accounts,
                ):
                    yield (
                        key,
                        OWN1.problem(
                            *path, owner=owner.key, repository=name, account=context.account
                        ),
                    )


def _repeated_roles(environments: dict[str, Environment]) -> Iterator[tuple[str, Problem]]:
    """Roles and policies of one account that two environments would create."""
    owners: dict[tuple[str, str, str], str] = {}
    for key, environment in environments.items():
        if environment.identity is None:
            continue
        context = environment.context
        for kind, name in (
            ("role", context.deploy_role),
            ("role", context.plan_role),
            ("policy", context.permissions_boundary),
            # An account has one provider for an issuer.
            ("OIDC provider", environment.identity.creates_provider),
        ):
            if not name:
                continue
            other = owners.setdefault((context.account, kind, name), key)
            if other != key:
                yield (
                    key,
                    IDN2.problem(
                        "identity", kind=kind, name=name, account=context.account, other=other
                    ),
                )


def _import_problems(error: BaseException, folder: Path) -> list[Problem]:
    if isinstance(error, SpecError):
        return error.problems
    at = None
    if isinstance(error, SyntaxError) and error.filename:
        at = f"{Path(error.filename).name}:{error.lineno}"
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if folder in Path(frame.filename).resolve().parents:
                at = f"{Path(frame.filename).name}:{frame.lineno}"
    text = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    return [replace(ENV2.problem(error=text), at=at)]


def _repeated_keys(file: Path) -> Iterator[Problem]:
    """Keys written twice in one dict display, which Python itself does not report."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        seen: dict[object, int] = {}
        for key in node.keys:
            if isinstance(key, ast.Constant):
                if key.value in seen:
                    first = seen[key.value]
                    problem = ENV4.problem(got=key.value, first=first, second=key.lineno)
                    yield replace(problem, at=f"{file.name}:{key.lineno}")
                seen[key.value] = key.lineno


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Make `folder` importable as a package for a while, and forget it afterwards."""

    def forget() -> None:
        name = folder.name
        for known in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[known]

    forget()
    # Put in place by hand, as a package of the same name elsewhere on the path would win.
    package = ModuleType(folder.name)
    package.__path__ = [str(folder)]
    sys.modules[folder.name] = package
    sys.path.insert(0, str(folder.parent))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder.parent))
        forget()
