"""An environment's file from what another tool declares: CloudFormation, AWS CDK's output, Terraform's
states and plans. What could not be taken is named, line by line."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inferform import (
    Context,
    Environment,
    Image,
    Inference,
    ModelPackageGroup,
    Naming,
    Network,
    NetworkOutputs,
    Registry,
    Repository,
    SpecError,
)
from inferform.image_uri import parse_image
from inferform.names import logical_id, short_hash
from inferform.rollouts.spec import AllAtOnce, Canary, Linear, Rolling, Rollout
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.spec import is_short_name

from ..errors import BadInputError
from ..pasted import laid_out, types_in
from .hosting import Hosting, said, taken
from .members import Left, Members

CIDR = "10.20.0.0/16"


@dataclass(frozen=True, slots=True)
class Declared:
    """An endpoint as another tool declares it."""

    where: str
    """Its address there, or its logical id."""

    hosting: Hosting
    in_network: bool = False
    """Whether its containers are in a network that the same files declare."""

    named: bool = True
    """Whether its name is known; `hosting.name` is made up otherwise."""

    arn: str = ""
    """Its ARN, where it runs."""

    own: tuple[str, ...] = ()
    """The addresses in Terraform of what it is made of."""

    rest: tuple[str, ...] = ()
    """The addresses of what else its module made, and of its role."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A resource of a Terraform state."""

    where: str
    """Its address, behind the file's name."""

    address: str
    type: str

    used: bool = False
    """Whether a Spec says it."""

    why: str = ""
    """What becomes of it, where that is known of its type."""


@dataclass(frozen=True, slots=True)
class DeclaredRepository:
    """An ECR repository as another tool declares it."""

    name: str = ""
    """Its name; empty where that is not known."""

    spec: Repository = field(default_factory=Repository)
    exists: bool = False
    """Whether it is there, so that it is imported."""


@dataclass(slots=True)
class Found:
    """What files declare."""

    endpoints: list[Declared] = field(default_factory=list)
    repositories: dict[str, DeclaredRepository] = field(default_factory=dict)
    """By short name."""

    groups: list[str] = field(default_factory=list)
    """Model package groups, by short name."""

    network: NetworkOutputs | None = None
    """The network that is there."""

    left: list[Left] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    """The addresses in Terraform of what leaves the other state beside the endpoints."""

    kept: list[str] = field(default_factory=list)
    """The addresses of endpoints that cannot be read, and of what goes with them."""

    beside: list[Beside] = field(default_factory=list)
    """All that the states have."""


@dataclass(frozen=True, slots=True)
class Converted:
    """An environment's file."""

    text: str
    left: tuple[Left, ...]
    adopt: tuple[tuple[str, str], ...]
    """The endpoints whose names are known, each with its short name."""

    removed: tuple[str, ...] = ()


def convert(found: Found, context: Context, source: str) -> Converted:
    """The environment that declares the same. Raises BadInputError where nothing could be taken."""
    left, endpoints = list(found.left), dict[str, Endpoint]()
    by_short, refused = dict[str, Declared](), list[Declared]()
    repositories = {short: each.spec for short, each in found.repositories.items()}
    for each in found.endpoints:
        short = short_name(each.hosting.name, endpoints)
        spec = _spec(each, short, context, left)
        if spec is None:
            refused.append(each)
            continue
        by_short[short] = each
        left += _elsewhere(each, context)
        endpoints[short] = spec
        for image in spec.images():
            if isinstance(image, Image):
                repositories.setdefault(image.repository, Repository())
    names = {short: each.hosting.name for short, each in by_short.items() if each.named}
    removed = _removed(found, by_short.values(), refused, left)
    left += _beside(found, removed)
    if not (endpoints or repositories or found.groups or found.network or left):
        raise BadInputError("nothing in these files is of a kind that Inferform makes")
    own = {
        short: each.name
        for short, each in found.repositories.items()
        if each.name and context.own_repository(short) != each.name
    }
    other = {short: name for short, name in names.items() if context.name(short) != name}
    naming = _given(endpoints=other, repositories=own)
    environment = Environment(
        context=context.replace(naming=Naming(**naming)) if naming else context,
        **_layers(found, endpoints, repositories),
    )
    return Converted(
        text=_file(environment, source),
        left=tuple(left),
        adopt=tuple((each, short) for short, each in names.items()),
        removed=tuple(removed),
    )


def _layers(
    found: Found, endpoints: Mapping[str, Endpoint], repositories: Mapping[str, Repository]
) -> dict[str, Any]:
    registry = _given(
        repositories=repositories,
        models={short: ModelPackageGroup() for short in found.groups},
    )
    layers: dict[str, Any] = {"registry": Registry(**registry)}
    if endpoints or found.network:
        layers["network"] = found.network or Network(cidr=CIDR)
    if endpoints:
        served: dict[str, Any] = dict(endpoints)
        layers["inference"] = Inference(endpoints=served)
    if imported := dict(_imports(found)):
        layers["imported"] = {"registry": imported}
    return layers


def _elsewhere(each: Declared, context: Context) -> Iterator[Left]:
    """That an endpoint does not run where the environment is, so that it cannot be taken over."""
    parts = each.arn.split(":")
    if len(parts) < 5:
        return
    region, account = parts[3:5]
    if (region, account) != (context.region, context.account):
        why = (
            f"runs in {region} of account {account}, and the environment is {context.region} of "
            f"{context.account}; give --region {region} --account {account} to take it over"
        )
        yield Left(each.where, each.arn, why)


def _removed(
    found: Found, taken_over: Iterable[Declared], refused: Iterable[Declared], left: list[Left]
) -> list[str]:
    """What leaves the states by removed blocks. A block names a resource with all its instances, so a
    resource of which any stays has none."""
    own = dict.fromkeys(found.removed)
    rest = dict[str, None]()
    for each in taken_over:
        own |= dict.fromkeys(each.own)
        rest |= dict.fromkeys(each.rest)
    kept = {address for each in refused for address in (*each.own, *each.rest)} | {*found.kept}
    leaving = own | {each: None for each in rest if each not in kept}
    stays = {_resource(each.address) for each in found.beside if each.address not in leaving}
    for address in own:
        if _resource(address) in stays:
            why = (
                "has no removed block, which would forget the instances too that are not taken over; "
                f"after the adoption: terraform state rm '{address}'"
            )
            left.append(Left(address, None, why))
    return [each for each in leaving if _resource(each) not in stays]


def _beside(found: Found, removed: Collection[str]) -> Iterator[Left]:
    """What is not taken over of the states."""
    for each in found.beside:
        if not each.used:
            why = "not taken over; it stays in the state that has it"
            if each.address in removed:
                why = "not taken over; the removed blocks leave it in AWS, where nothing manages it"
            yield Left(each.where, each.type, each.why or why)


def _imports(found: Found) -> Iterator[tuple[str, str]]:
    """The address of what exists in the registry layer, and its id."""
    for short, each in found.repositories.items():
        if each.exists:
            logical = logical_id(["repositories", short, "repository"])
            yield f"aws_ecr_repository.{logical}", each.name


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _file(environment: Environment, source: str) -> str:
    names = sorted(types_in(environment))
    imported = f"from inferform import {', '.join(names)}"
    if len(imported) > 100:
        imported = "from inferform import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    stage = environment.context.stage
    # A file's name may be anything, and is not to end the text that it stands in.
    source = re.sub(r'["\\\s]', " ", source)
    return (
        f'"""{stage}: converted from {source}."""\n\n{imported}\n\n'
        f"{_variable(stage)} = {laid_out(environment)}\n"
    )


def _variable(stage: str) -> str:
    name = stage.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def short_name(name: str, taken_names: Mapping[str, Any]) -> str:
    """A short name that is not taken."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:24].strip("-") or "endpoint"
    if not plain[0].isalpha():
        plain = f"e-{plain}"
    found = plain
    if found in taken_names or not is_short_name(found):
        found = f"{plain[:19].rstrip('-')}-{short_hash(name, 4)}"
    return found


def _spec(each: Declared, short: str, context: Context, left: list[Left]) -> Endpoint | None:
    hosting, where = _with_images(each, short, context, left), each.where
    rollout = rollout_of(hosting.deployment, f"{where}.DeploymentConfig", left)
    made = taken(hosting, context, rollout=rollout)
    left += (Left(f"{where} {one.path}", one.value, one.why) for one in made.left)
    if made.spec is None:
        left.append(Left(where, hosting.name, f"not taken: {'; '.join(made.refused)}"))
        return None
    spec = made.spec
    if each.in_network and "vpc" in type(spec).model_fields:
        kept = {name: getattr(spec, name) for name in spec.model_fields_set - {"vpc"}}
        spec = type(spec)(**kept)
    return spec


def _with_images(each: Declared, short: str, context: Context, left: list[Left]) -> Hosting:
    """The endpoint with an image of the environment's registry where the one that is declared is none."""
    models = {}
    for name, model in each.hosting.models.items():
        made = dict(model)
        for key in ("PrimaryContainer", "Containers"):
            held = made.get(key)
            if isinstance(held, Mapping):
                made[key] = _container(
                    held, f"{each.where} Model {name}.{key}", short, context, left
                )
            elif isinstance(held, Sequence) and held:
                made[key] = [
                    _container(one, f"{each.where} Model {name}.{key}.{n}", short, context, left)
                    for n, one in enumerate(held)
                ]
        if "PrimaryContainer" not in made and not made.get("Containers"):
            made["PrimaryContainer"] = _container(
                {}, f"{each.where} Model {name}.PrimaryContainer", short, context, left
            )
        role = made.get("ExecutionRoleArn")
        if role and role.split(":")[4:5] != [context.account]:
            left.append(
                Left(f"{each.where} Model {name}.ExecutionRoleArn", role, "is of another account")
            )
            del made["ExecutionRoleArn"]
        models[name] = made
    hosting = each.hosting
    return Hosting(
        hosting.name,
        hosting.configuration,
        models,
        hosting.tags,
        hosting.scaling,
        hosting.deployment,
    )


def _container(
    container: Mapping[str, Any], path: str, short: str, context: Context, left: list[Left]
) -> dict[str, Any]:
    made = dict(container)
    if made.get("ModelPackageName"):
        return made
    image = made.get("Image")
    found = parse_image(image) if isinstance(image, str) else None
    why = ""
    if image is None:
        why = "names no image that is known here"
    elif isinstance(image, str) and found is None:
        why = f"{image} is no image of ECR's"
    elif found is not None and f".ecr.{context.region}." not in str(image):
        why = f"{image} is in another Region than {context.region}"
    if why:
        left.append(
            Left(
                f"{path}.Image",
                image,
                f"{why}; written as {short}:1 of the environment's registry",
            )
        )
        made["Image"] = Image(repository=short, tag="1")
    return made


def rollout_of(deployment: Mapping[str, Any], path: str, left: list[Left]) -> Rollout | None:
    """The rollout that a DeploymentConfig says; None where there is none. Its alarms are not taken, as
    the rollout has its own."""
    if not deployment:
        return None
    members = Members(deployment, path)
    alarms = members.part("AutoRollbackConfiguration").parts("Alarms")
    for alarm in alarms:
        name = alarm.take("AlarmName")
        left.append(
            Left(
                f"{alarm.path}.AlarmName", name, "the rollout has alarms of its own; or alarm_names"
            )
        )
    blue, rolling = members.part("BlueGreenUpdatePolicy"), members.part("RollingUpdatePolicy")
    routing = blue.part("TrafficRoutingConfiguration")
    kind = routing.take("Type")
    wait = _number(routing.take("WaitIntervalInSeconds"))
    canary = _number(_percent(routing.part("CanarySize")))
    step = _number(_percent(routing.part("LinearStepSize")))
    given = _given(
        termination_wait_seconds=_number(blue.take("TerminationWaitInSeconds")),
        maximum_execution_timeout_seconds=_number(blue.take("MaximumExecutionTimeoutInSeconds")),
    )
    try:
        made: Rollout = AllAtOnce(**given)
        if kind == "CANARY":
            made = Canary(**_given(canary_percent=canary, wait_seconds=wait), **given)
        elif kind == "LINEAR":
            made = Linear(**_given(step_percent=step, wait_seconds=wait), **given)
        elif rolling:
            batch = _number(_percent(rolling.part("MaximumBatchSize")))
            made = Rolling(
                **_given(
                    batch_percent=batch,
                    wait_seconds=_number(rolling.take("WaitIntervalInSeconds")),
                    maximum_execution_timeout_seconds=_number(
                        rolling.take("MaximumExecutionTimeoutInSeconds")
                    ),
                )
            )
    except SpecError as error:
        why = "; ".join(map(said, error.problems))
        left.append(Left(path, deployment, f"not taken: {why}"))
        return None
    left += members.left()
    return made


def _percent(size: Members) -> Any:
    if size.take("Type", "CAPACITY_PERCENT") != "CAPACITY_PERCENT":
        return None
    return size.take("Value")


def _number(value: Any) -> Any:
    """A whole number that may be written as a text; anything else as it is, for a rule to refuse."""
    try:
        return None if value is None else int(float(value))
    except (TypeError, ValueError):
        return value


def removed_blocks(addresses: Sequence[str]) -> str:
    """What takes resources out of another Terraform state, and leaves them in AWS."""
    # A removed block names a resource, whatever its instances.
    whole = dict.fromkeys(map(_resource, addresses))
    return "\n".join(
        f"removed {{\n  from = {address}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
        for address in whole
    )


def _resource(address: str) -> str:
    """The address of a resource without the keys of instances, which may hold any text in quotes."""
    return re.sub(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]', "", address)


def lines(converted: Converted) -> Iterator[str]:
    """What could not be taken, a line each."""
    yield from dict.fromkeys(map(str, converted.left))
