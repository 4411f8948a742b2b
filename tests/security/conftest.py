"""Every stack that the environments and the documents' examples synthesize to, made once."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from modules import (
    ArtifactBucket,
    BatchTransform,
    Context,
    EksCluster,
    Environment,
    FargateProfile,
    Inference,
    ModelPackageGroup,
    Network,
    Registry,
    Repository,
    load,
)
from modules.layers import program
from modules.sagemaker.spec import Endpoint
from tests.conftest import ROOT, Synthesized, stacks_in
from tests.examples import readme

FRIEND = "222233334444"
IMAGES = (
    *("churn", "documents", "explain", "fraud"),
    *("multi-model-server", "prepare", "ranking", "triton"),
)
DEV = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)


def every_kind() -> Environment:
    """Every kind of SageMaker endpoint and batch job, as modules/sagemaker/README.md shows them,
    on a registry that is shared with another account."""
    endpoints: dict[str, Any] = {}
    batch: dict[str, BatchTransform] = {}
    for block in readme.run("modules/sagemaker/README.md"):
        for value in block.values():
            if isinstance(value, Endpoint):
                endpoints[f"e{len(endpoints)}"] = value
            elif isinstance(value, BatchTransform):
                batch[f"b{len(batch)}"] = value
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16", auto_endpoints=True),
        registry=Registry(
            artifacts=ArtifactBucket(
                read_accounts=[FRIEND], expire_noncurrent_days=90, send_events=True
            ),
            repositories={name: Repository(pull_accounts=[FRIEND]) for name in IMAGES},
            models={"fraud": ModelPackageGroup(read_accounts=[FRIEND])},
        ),
        inference=Inference(endpoints=endpoints, batch=batch),
    )


def fargate_cluster() -> Environment:
    """The compute of EKS that no README has as a whole environment."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(version="1.35", compute=FargateProfile()),
    )


def sources() -> dict[str, list[Environment]]:
    """What is looked at, by where it is written."""

    def of(path: str) -> list[Environment]:
        return [
            value
            for block in readme.run(path)
            for value in block.values()
            if isinstance(value, Environment)
        ]

    return {
        "environments": list(load(ROOT / "environments").environments.values()),
        **{
            module: of(f"modules/{module}/README.md")
            for module in ("ecs", "eks", "identity", "kubernetes")
        },
        "sagemaker": [every_kind()],
        "fargate": [fargate_cluster()],
    }


class Made(NamedTuple):
    """A synthesized stack, and the environment that asks for it."""

    environment: Environment
    stack: dict[str, Any]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Every stack, by its source and its name."""
    found: dict[str, Made] = {}
    for source, environments in sources().items():
        outdir = tmp_path_factory.mktemp(source)
        program.synthesize(environments, outdir=outdir)
        by_key = {environment.key: environment for environment in environments}
        for name, stack in stacks_in(outdir).items():
            key = next(key for key in by_key if name.startswith(f"{key}-"))
            found[f"{source}-{name}"] = Made(by_key[key], stack)
    return found


@pytest.fixture(scope="session")
def everything(made: dict[str, Made]) -> Synthesized:
    """The Terraform JSON of every stack, by its source and its name."""
    return {name: each.stack for name, each in made.items()}
