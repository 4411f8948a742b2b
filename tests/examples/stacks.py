"""Every environment of the project and of its documents' examples, and synthesizing them all.

`python -m tests.examples.stacks OUTDIR` writes a folder for each source. It needs no package but
those that `modules` needs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from inferform import (
    ArtifactBucket,
    BatchTransform,
    Context,
    EcsCluster,
    EksCluster,
    Environment,
    FargateProfile,
    Inference,
    LoadBalancer,
    ModelPackageGroup,
    Network,
    OnUpload,
    Registry,
    Repository,
    load,
)
from inferform.sagemaker.endpoints.base import Endpoint

from . import readme

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
    batch["uploads"] = batch["b0"].replace(trigger=OnUpload(suffix=".csv"))
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


def edge() -> Environment:
    """A load balancer with all that stands before it, which no README has as a whole."""
    certificate = f"arn:aws:acm:us-east-1:{DEV.account}:certificate/"
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        ecs=EcsCluster(
            load_balancers={
                "internal": LoadBalancer(
                    certificate=f"{certificate}12345678-1234-1234-1234-123456789012",
                    more_certificates=[f"{certificate}87654321-4321-4321-4321-210987654321"],
                    web_acl=f"arn:aws:wafv2:us-east-1:{DEV.account}:regional/webacl/edge/1234abcd",
                )
            }
        ),
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
        "environments": list(load(readme.ROOT / "environments").environments.values()),
        **{
            module: of(f"modules/{module}/README.md")
            for module in ("ecs", "eks", "identity", "kubernetes")
        },
        "sagemaker": [every_kind()],
        "fargate": [fargate_cluster()],
        "edge": [edge()],
    }


def synthesize(outdir: Path) -> dict[str, list[Environment]]:
    """Write the stacks of every source to a folder of its name in `outdir`."""
    from inferform.layers import program

    found = sources()
    for source, environments in found.items():
        folder = outdir / source
        folder.mkdir(parents=True)
        program.synthesize(environments, outdir=folder)
    return found


if __name__ == "__main__":
    synthesize(Path(sys.argv[1]))
