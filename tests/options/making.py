"""Environments made of what options are written as, and their Terraform JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import inferform
from inferform import (
    BatchTransform,
    Context,
    Ec2Capacity,
    EcsCluster,
    EcsOutputs,
    EcsService,
    EksCluster,
    Environment,
    Identity,
    Inference,
    LambdaFunction,
    LoadBalancer,
    Model,
    Network,
    NetworkOutputs,
    NodeGroup,
    NodeGroups,
    Observability,
    Registry,
    RegistryOutputs,
    Repository,
    Route,
    SpecError,
)
from inferform.layers import program
from inferform.target import AWS
from tests.conftest import stacks_in

from .row import Option, Stacks

ACCOUNT = "111122223333"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

_NETWORK = NetworkOutputs(
    vpc_id="vpc-0a1b2c3d4e5f67890",
    vpc_cidr="10.0.0.0/16",
    private_subnet_ids=["subnet-0a1b2c3d4e5f67890", "subnet-1a2b3c4d5e6f78901"],
    public_subnet_ids=["subnet-2a3b4c5d6e7f89012", "subnet-3a4b5c6d7e8f90123"],
    s3_prefix_list_id="pl-63a5400a",
)
_REGISTRY = RegistryOutputs(kms_key_arn=KEY, artifact_bucket="acme-artifacts")
_BALANCER = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}"
_ECS = EcsOutputs(
    cluster_name="acme",
    capacity_providers={"gpu": "acme-gpu", "spot": "acme-spot"},
    listener_arns={"shared": f"{_BALANCER}:listener/app/shared/1/2"},
    load_balancer_suffixes={"shared": "app/shared/1"},
    load_balancer_groups={"shared": "sg-0123456789abcdef0"},
    test_listener_arns={"shared": f"{_BALANCER}:listener/app/shared/1/3"},
    namespace_id="ns-0123456789abcdef",
)

LISTENER = f"{_BALANCER}:listener/app/shared/1a2b3c4d5e6f7890/0a1b2c3d4e5f6789"

STAGE = "q7z"
"""The stage of what is made, instead of which each environment gets one of its own."""


def _model(**given: Any) -> Model:
    return Model(**{"image": IMAGE, **given})


# The fields that a Spec asks for. What is written in an option may leave them out.
_REQUIRED: dict[str, Callable[[], dict[str, Any]]] = {
    "AsyncEndpoint": lambda: {"model": _model(), "instance_type": "ml.m5.large"},
    "BatchTransform": lambda: {"model": _model(), "instance_type": "ml.m5.large"},
    "Context": lambda: {
        "organization": "acme",
        "stage": STAGE,
        "account": ACCOUNT,
        "region": "us-east-1",
        "owner": "ml",
    },
    "Component": lambda: {"model": _model(), "min_memory_mib": 1024},
    "DirectEndpoint": lambda: {
        "containers": {"one": _model(), "two": _model()},
        "instance_type": "ml.m5.large",
    },
    "Ec2": lambda: {"capacity": "gpu", "memory_mib": 14_000},
    "Ec2Capacity": lambda: {"instance_types": ["m5.large"], "max_instances": 4},
    "EcsService": lambda: {
        "model": _model(),
        "compute": inferform.Fargate(cpu=1024, memory_mib=2048),
    },
    "EksCluster": lambda: {"version": "1.35"},
    "Fargate": lambda: {"cpu": 1024, "memory_mib": 2048},
    "InferenceComponentEndpoint": lambda: {"instance_type": "ml.m5.large"},
    "LambdaFunction": lambda: {"model": _model()},
    "LoadBalancer": lambda: {"certificate": CERTIFICATE},
    "Model": lambda: {"image": IMAGE},
    "MultiModelEndpoint": lambda: {
        "model": inferform.MultiModel(image=IMAGE, artifacts="models/"),
        "instance_type": "ml.m5.large",
    },
    "MultiVariantEndpoint": lambda: {
        "variants": {
            name: inferform.Variant(model=_model(), instance_type="ml.m5.large")
            for name in ("blue", "green")
        }
    },
    "Network": lambda: {"cidr": "10.0.0.0/16"},
    "NodeGroup": lambda: {"instance_types": ["m5.large"], "max_size": 3},
    "PipelineEndpoint": lambda: {
        "containers": [_model(), _model()],
        "instance_type": "ml.m5.large",
    },
    "RealtimeEndpoint": lambda: {"model": _model(), "instance_type": "ml.m5.large"},
    "Route": lambda: {"load_balancer": "shared", "hosts": ["fraud.acme.test"]},
    "ServerlessEndpoint": lambda: {"model": _model()},
    "Shadow": lambda: {"model": _model(), "instance_type": "ml.m5.large"},
    "SideCar": lambda: {"image": IMAGE},
    "Variant": lambda: {"model": _model(), "instance_type": "ml.m5.large"},
}


def _names() -> dict[str, Any]:
    """What the code of options may name: the package, with required fields filled in."""
    found: dict[str, Any] = {name: getattr(inferform, name) for name in inferform.__all__}
    for name, required in _REQUIRED.items():
        found[name] = _filled(found[name], required)
    return {
        **found,
        "ACCOUNT": ACCOUNT,
        "CERTIFICATE": CERTIFICATE,
        "IMAGE": IMAGE,
        "KEY": KEY,
        "LISTENER": LISTENER,
    }


def _filled(spec: Any, required: Callable[[], dict[str, Any]]) -> Callable[..., Any]:
    return lambda **given: spec(**{**required(), **given})


class _Bindings(dict[str, Any]):
    """Classes of the provider's bindings, by name."""

    def __missing__(self, name: str) -> Any:
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        try:
            return getattr(import_module(f"cdktf_cdktf_provider_aws.{module}"), name)
        except ModuleNotFoundError:
            raise KeyError(name) from None


def written(code: str) -> Any:
    """The Spec or Environment that an expression makes."""
    return eval(code, _names())


def _extending(code: str) -> Callable[..., None]:
    def extend(built: Any) -> None:
        exec(code, {**_names(), "built": built}, _Bindings())

    return extend


_BELOW: dict[str, Any] = {"network": _NETWORK, "registry": _REGISTRY}
_SERVING: dict[str, Any] = {**_BELOW, "ecs": _ECS}


def _served(service: EcsService) -> dict[str, Any]:
    return {**_SERVING, "inference": Inference(services={"fraud": service})}


def _grouped(group: NodeGroup) -> dict[str, Any]:
    cluster = written("EksCluster()").replace(compute=NodeGroups(groups={"cpu": group}))
    return {**_BELOW, "eks": cluster}


def _identified(identity: Identity) -> dict[str, Any]:
    context = written("Context()").replace(
        deploy_role="deploy", plan_role="plan", permissions_boundary="bound"
    )
    return {"context": context, "identity": identity}


# The layers of the smallest environment that holds a Spec. What is not here is an endpoint.
_AROUND: dict[type, Callable[[Any], dict[str, Any]]] = {
    Context: lambda spec: {
        "context": spec,
        "network": written("Network()"),
        "registry": Registry(),
    },
    Network: lambda spec: {"network": spec},
    Registry: lambda spec: {"registry": spec},
    Repository: lambda spec: {"registry": Registry(repositories={"fraud": spec})},
    EcsCluster: lambda spec: {**_BELOW, "ecs": spec},
    Ec2Capacity: lambda spec: {**_BELOW, "ecs": EcsCluster(capacity={"cpu": spec})},
    LoadBalancer: lambda spec: {**_BELOW, "ecs": EcsCluster(load_balancers={"shared": spec})},
    Route: lambda spec: _served(written("EcsService()").replace(route=spec)),
    EcsService: _served,
    EksCluster: lambda spec: {**_BELOW, "eks": spec},
    NodeGroup: _grouped,
    Identity: _identified,
    Inference: lambda spec: {**_SERVING, "inference": spec},
    BatchTransform: lambda spec: {**_BELOW, "inference": Inference(batch={"fraud": spec})},
    LambdaFunction: lambda spec: {**_BELOW, "inference": Inference(functions={"fraud": spec})},
    Model: lambda spec: _endpoint(written("RealtimeEndpoint()").replace(model=spec)),
    Observability: lambda spec: {
        **_endpoint(written("RealtimeEndpoint()")),
        "observability": spec,
    },
    dict: lambda layers: {**_BELOW, **layers},
}


def _endpoint(spec: Any) -> dict[str, Any]:
    return {**_BELOW, "inference": Inference(endpoints={"fraud": spec})}


def environment(code: str, stage: str, extend: str = "") -> Environment:
    """The environment of what is written, with a stage of its own."""
    spec = written(code)
    layers = _AROUND.get(type(spec), _endpoint)(spec)
    context = layers.pop("context", None) or written("Context()")
    return Environment(
        context=context.replace(stage=stage),
        extend=[_extending(extend)] if extend else [],
        **layers,
    )


def compared_with(option: Option) -> str:
    """What is written without the option."""
    return option.beside or re.sub(r"\(.*\)", "()", option.written, flags=re.DOTALL)


def _sources(options: Iterable[Option]) -> dict[tuple[str, str], None]:
    """Everything that is to be made: code of a Spec and of an extension."""
    found: dict[tuple[str, str], None] = {}
    for option in options:
        if not option.yes:
            continue
        found[compared_with(option), ""] = None
        if option.way == "extend":
            found[option.beside, option.written] = None
        elif option.written:
            found[option.written, ""] = None
    return found


def made(options: Iterable[Option], code: str, extend: str = "") -> Stacks:
    """The stacks of what is written; all that `options` write is made in one synthesis."""
    found = _made(tuple(_sources(options)))[code, extend]
    if isinstance(found, SpecError):
        raise found
    return found


@cache
def _made(sources: tuple[tuple[str, str], ...]) -> Mapping[tuple[str, str], Stacks | SpecError]:
    stages: dict[str, tuple[str, str]] = {}
    found: dict[tuple[str, str], Any] = {}
    environments = []
    for number, (code, extend) in enumerate(sources):
        stage = f"q{number:03}"
        try:
            environments.append(environment(code, stage, extend))
        except SpecError as error:
            # It fails alone.
            found[code, extend] = error
        else:
            stages[stage] = (code, extend)
            found[code, extend] = {}
    with TemporaryDirectory() as folder:
        outdir = program.synthesize(environments, target=AWS, outdir=Path(folder) / "out")
        stacks = stacks_in(outdir)
    for name, stack in stacks.items():
        found[stages[name.partition("-")[0]]][name] = stack
    return found
