"""Valid Environments that hold every kind of Spec, as trees that tests may change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

import inferform
from inferform import Environment, HttpApi, Observability, Outputs, RestApi, Spec
from inferform.service import Service
from tests.capabilities import capabilities, together
from tests.capabilities.record import ACCOUNT, MODEL

BASE = f"""
    context=Context(
        organization="acme", stage="dev", account="{ACCOUNT}", region="us-east-1", owner="ml",
        deploy_role="deploy", plan_role="plan", permissions_boundary="boundary",
        tags={{"team": "ml"}},
    ),
    network=Network(
        cidr="10.20.0.0/16", availability_zones=3, zone_letters=["a", "b", "c"],
        public_subnets=True, interface_endpoints=["ecr.api", "execute-api", "logs"],
        flow_logs=FlowLogs(retention_days=30),
    ),
    registry=Registry(
        repositories={{"fraud": Repository(keep_images=10, pull_accounts=["444455556666"])}},
        artifacts=ArtifactBucket(expire_noncurrent_days=30, send_events=True),
        models={{"fraud": ModelPackageGroup(description="fraud")}},
    ),
"""
"""The Context, network and registry of every example."""

EXAMPLES = together(each.examples for each in capabilities().values())

_FOREIGN = f"""
    context=Context(
        organization="acme", stage="prod", account="{ACCOUNT}", region="us-east-1", owner="ml",
        images=ImageOwner(account="444455556666", stage="shared", home_region="eu-west-1"),
        naming=Naming(
            template="{{organization}}-{{stage}}-{{name}}", organization="Acme Holdings"
        ),
        backend=S3Backend(bucket="acme-terraform", prefix="ml"),
    ),
    network=NetworkOutputs(
        vpc_id="vpc-0123456789abcdef0", vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        public_subnet_ids=[], s3_prefix_list_id="pl-63a5400a",
    ),
    registry=RegistryOutputs(
        kms_key_arn="arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        artifact_bucket="their-artifacts",
    ),
    ecs=EcsOutputs(
        cluster_name="theirs", capacity_providers={{"gpu": "theirs-gpu"}},
        listener_arns={{
            "internal": "arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:listener/app/theirs/1/2",
        }},
        load_balancer_suffixes={{"internal": "app/theirs/1"}},
        load_balancer_groups={{"internal": "sg-0123456789abcdef0"}},
    ),
    eks=EksOutputs(
        cluster_name="theirs", endpoint="https://ABC.gr7.us-east-1.eks.amazonaws.com",
        certificate_authority="LS0tLQ==", oidc_issuer="oidc.eks.us-east-1.amazonaws.com/id/ABC",
    ),
    inference={{
        "one": Inference(
            endpoints={{"real": RealtimeEndpoint(model={MODEL}, instance_type="ml.m5.large")}},
        ),
        "two": Inference(
            services={{
                "web": EcsService(
                    model={MODEL}, compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(load_balancer="internal", hosts=["fraud.acme.test"]),
                ),
            }},
        ),
    }},
    kubernetes=Kubernetes(
        services={{"pods": EksService(model={MODEL}, compute=Pod(vcpu=1.0, memory_mib=2048))}},
    ),
"""


def observed(spec: Observability) -> Iterator[Environment]:
    """Every example, watched in one way."""
    for text in EXAMPLES.values():
        made: Environment = eval(f"Environment({BASE + text})", dict(vars(inferform)))
        yield made.replace(observability=spec)


def watchable(kind: type[Any] = Service) -> Iterator[type[Any]]:
    """Every kind of service that people can write, and of API."""
    yield from (HttpApi, RestApi) if kind is Service else ()
    for each in kind.__subclasses__():
        if getattr(inferform, each.__name__, None) is each:
            yield each
        yield from watchable(each)


@dataclass
class Tree:
    """A Spec or Outputs to be made: its type and what is given to it."""

    kind: str
    given: dict[Any, Any]


Path = tuple[Any, ...]


def tree_of(value: Any) -> Any:
    """A valid value as Trees, dicts and lists."""
    if isinstance(value, Spec):
        given = {name: tree_of(getattr(value, name)) for name in sorted(value.model_fields_set)}
        return Tree(type(value).__name__, given)
    if is_dataclass(value) and isinstance(value, Outputs):
        given = {each.name: tree_of(getattr(value, each.name)) for each in fields(value)}
        return Tree(type(value).__name__, given)
    if isinstance(value, dict):
        return {key: tree_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tree_of(item) for item in value]
    return value


def _valid(text: str) -> Tree:
    made = eval(f"Environment({text})", dict(vars(inferform)))
    tree = tree_of(made)
    assert isinstance(tree, Tree)
    if "delivery" in tree.given:
        # Pipelines are in an account that no role deploys: CPL25.
        for role in ("deploy_role", "plan_role"):
            del tree.given["context"].given[role]
    return tree


def valid_trees() -> dict[str, Tree]:
    """Every valid Environment, new each time."""
    return deepcopy(_valid_trees())


@cache
def _valid_trees() -> dict[str, Tree]:
    return {
        **{name: _valid(BASE + text) for name, text in EXAMPLES.items()},
        "foreign": _valid(_FOREIGN),
    }


SERVICES = ("of", "service", "alarms", "unless", "endpoint", "retraining", "pipeline")
"""Fields of the layers above that name a service, or its alarms."""

REFERENCES = (*SERVICES, "group", "monitor", "then")
"""Those, and fields that name what is no service."""


def followed(
    tree: Any, old: str, new: str, field: str = "", *, fields: tuple[str, ...] = REFERENCES
) -> Any:
    """A tree in which what refers by `fields` to what was renamed does so by the new name."""
    if isinstance(tree, Tree):
        given = {
            name: followed(value, old, new, name, fields=fields)
            for name, value in tree.given.items()
        }
        return Tree(tree.kind, given)
    if isinstance(tree, dict):
        are_services = field == "services" and all(
            isinstance(value, Tree) and value.kind == "ServiceAlarms" for value in tree.values()
        )
        return {
            (new if are_services and key == old else key): followed(
                value, old, new, field, fields=fields
            )
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [followed(each, old, new, field, fields=fields) for each in tree]
    if isinstance(tree, str) and field in fields:
        return "/".join(new if part == old else part for part in tree.split("/"))
    return tree


def places(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a tree, the containers before what they hold."""
    if path:
        yield path
    inside = tree.given if isinstance(tree, Tree) else tree
    if isinstance(inside, dict):
        for key, item in inside.items():
            yield from places(item, (*path, key))
    elif isinstance(inside, list):
        for index, item in enumerate(inside):
            yield from places(item, (*path, index))


def at(tree: Any, path: Path) -> Any:
    """What is at a place."""
    for part in path:
        tree = (tree.given if isinstance(tree, Tree) else tree)[part]
    return tree


def changed(tree: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy of a tree with another value at one place."""
    if not path:
        return change(tree)
    first, rest = path[0], path[1:]
    if isinstance(tree, Tree):
        return Tree(tree.kind, changed(tree.given, path, change))
    if isinstance(tree, dict):
        return {
            key: changed(item, rest, change) if key == first else item for key, item in tree.items()
        }
    return [changed(item, rest, change) if i == first else item for i, item in enumerate(tree)]


def put(tree: Any, place: str, value: Any) -> Any:
    """A copy of a tree with a value at a place such as `context.owner`, new or changed."""
    first, _, rest = place.partition(".")
    if isinstance(tree, Tree):
        return Tree(tree.kind, put(tree.given, place, value))
    if isinstance(tree, list):
        index = int(first)
        inner = put(tree[index], rest, value) if rest else value
        return [*tree[:index], inner, *tree[index + 1 :]]
    inner = put(tree[first], rest, value) if rest else value
    return {**tree, first: inner}


def built(tree: Any) -> Any:
    """What a tree says, made."""
    if isinstance(tree, Tree):
        given = {name: built(value) for name, value in tree.given.items()}
        return getattr(inferform, tree.kind)(**given)
    if isinstance(tree, dict):
        return {key: built(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [built(value) for value in tree]
    return tree


def source(tree: Any) -> str:
    """What a tree says, as people write it."""
    if isinstance(tree, Tree):
        return f"{tree.kind}(**{source(tree.given)})"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{source(k)}: {source(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return f"[{', '.join(map(source, tree))}]"
    if isinstance(tree, float) and not math.isfinite(tree):
        return f'float("{tree}")'
    if isinstance(tree, int) and not isinstance(tree, bool) and tree.bit_length() > 10_000:
        return f"int('{tree:x}', 16)"
    return ascii(tree)


def file(tree: Tree) -> str:
    """An environment file that says what a tree says."""
    return f"from inferform import *\n\ndev = {source(tree)}\n"


def environment(tree: Tree) -> Environment:
    """The Environment that a tree says."""
    made = built(tree)
    assert isinstance(made, Environment)
    return made
