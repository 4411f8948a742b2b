"""An environment with any number of endpoints, in a network and a registry that exist."""

from __future__ import annotations

from pathlib import Path

_TEXT = """
from inferform import *


def endpoint():
    metric = InvocationsPerInstance(requests_per_second=20)
    return RealtimeEndpoint(
        model=Model(
            image=Image(repository="serving", tag="1.0.0"),
            artifact="serving/1.0.0/model.tar.gz",
        ),
        instance_type="ml.m5.large",
        scaling=Scaling(max_capacity=4, policies=[TargetTracking(metric=metric)]),
    )


def group(number, of):
    return Inference(endpoints={{
        f"model-{{n}}": endpoint() for n in range({endpoints}) if n % of == number
    }})


bench = Environment(
    context=Context(
        organization="acme",
        stage="bench",
        account="111122223333",
        region="us-east-1",
        owner="bench",
        deploy_role="inferform-deploy",
    ),
    network=NetworkOutputs(
        vpc_id="{vpc}",
        vpc_cidr="10.0.0.0/16",
        private_subnet_ids={subnets},
        public_subnet_ids=[],
        s3_prefix_list_id="pl-1",
    ),
    registry=RegistryOutputs(
        artifact_bucket="acme-artifacts",
        kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    inference={inference},
)
"""
SUBNETS = ("subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718")


def write(
    folder: Path,
    endpoints: int,
    *,
    groups: int = 1,
    vpc: str = "vpc-0a1b2c3d4e5f60718",
    subnets: tuple[str, ...] = SUBNETS,
) -> Path:
    """Write the environment file into `folder`, a new one, and return the folder.

    Each endpoint has a model, a role, a log group, two alarms and target tracking. More than one
    group makes a stack of each.
    """
    folder.mkdir(parents=True)
    one = "group(0, 1)"
    many = ", ".join(f'"g{number}": group({number}, {groups})' for number in range(groups))
    text = _TEXT.format(
        endpoints=endpoints,
        vpc=vpc,
        subnets=list(subnets),
        inference=one if groups == 1 else f"{{{many}}}",
    )
    (folder / "bench.py").write_text(text, encoding="utf-8")
    return folder


_COMPONENTS = """

def component(n):
    return Component(
        model=Model(
            image=Image(repository="serving", tag="1.0.0"), artifact=f"serving/{{n}}/model.tar.gz"
        ),
        accelerators=1,
        min_memory_mib=8192,
        copies=1,
    )


bench = bench.replace(
    inference=Inference(
        endpoints={{
            "shared": InferenceComponentEndpoint(
                instance_type="ml.g5.12xlarge",
                max_instances=20,
                components={{f"model-{{n}}": component(n) for n in range({components})}},
            )
        }}
    )
)
"""


def write_components(folder: Path, components: int) -> Path:
    """Write an environment with one endpoint and so many inference components on it into `folder`, a
    new one, and return the folder."""
    file = write(folder, 0) / "bench.py"
    text = file.read_text(encoding="utf-8") + _COMPONENTS.format(components=components)
    file.write_text(text, encoding="utf-8")
    return folder
