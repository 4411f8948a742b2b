"""Rights follow the owner of the image, the artifact and the key, whoever that is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    BatchTransform,
    ContainerHealth,
    ContainerOptions,
    Context,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    Image,
    ImageOwner,
    Inference,
    InferenceComponentEndpoint,
    Kubernetes,
    Model,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    Network,
    PipelineEndpoint,
    Pod,
    RealtimeEndpoint,
    Registry,
)
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]

OWNER = "109876543210"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = f"orbit-shared-use1-artifacts-{OWNER}"
IMAGE = Image(repository="scorer", tag="2.0.1")
MODEL = Model(image=IMAGE, artifact=f"s3://{BUCKET}/scorer/1/model.tar.gz")
PACKAGE = ModelPackage(
    arn=f"arn:aws:sagemaker:us-east-1:{OWNER}:model-package/scorer/1",
    artifact=f"s3://{BUCKET}/scorer/",
)
INSTANCE = "ml.m5.large"


def synthesized(synthesize: Synthesize, **context: Any) -> dict[str, dict[str, Any]]:
    return synthesize(
        Environment(
            context=Context(
                organization="orbit",
                stage="dev",
                account="123456789012",
                region="us-east-1",
                owner="mlops",
                images=ImageOwner(account=OWNER, stage="shared"),
                **context,
            ),
            network=Network(cidr="10.62.0.0/16"),
            registry=Registry(),
            ecs=EcsCluster(),
            eks=EksCluster(version="1.35"),
            inference=Inference(
                endpoints={
                    "plain": RealtimeEndpoint(model=MODEL, instance_type=INSTANCE),
                    "row": PipelineEndpoint(containers=[MODEL, MODEL], instance_type=INSTANCE),
                    "many": MultiModelEndpoint(
                        model=MultiModel(image=IMAGE, artifacts=f"s3://{BUCKET}/scorer/"),
                        instance_type=INSTANCE,
                    ),
                    "package": RealtimeEndpoint(model=PACKAGE, instance_type=INSTANCE),
                    "parts": InferenceComponentEndpoint(instance_type="ml.g5.2xlarge"),
                },
                batch={"nightly": BatchTransform(model=MODEL, instance_type=INSTANCE)},
                services={
                    "task": EcsService(
                        model=MODEL,
                        compute=Fargate(cpu=1024, memory_mib=2048),
                        container=ContainerOptions(health=ContainerHealth(command=["true"])),
                    )
                },
            ),
            kubernetes=Kubernetes(
                services={"pods": EksService(model=MODEL, compute=Pod(vcpu=1.0, memory_mib=2048))}
            ),
        )
    )


def statements(stacks: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The statements of each role's policies, by the role's logical name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for stack in stacks.values():
        for policy in stack.get("resource", {}).get("aws_iam_role_policy", {}).values():
            role = policy["role"].split(".")[1]
            found.setdefault(role, []).extend(json.loads(policy["policy"])["Statement"])
    return found


@pytest.fixture
def stacks(synthesize: Synthesize) -> dict[str, dict[str, Any]]:
    return synthesized(synthesize, artifact_keys={BUCKET: KEY})


def test_every_pull_is_from_the_owner_of_the_images(stacks: dict[str, dict[str, Any]]) -> None:
    pulled = {
        role: each["Resource"]
        for role, given in statements(stacks).items()
        for each in given
        if "ecr:BatchGetImage" in each["Action"]
    }
    own = f"arn:aws:ecr:us-east-1:{OWNER}:repository/orbit-shared-use1-"
    assert len(pulled) == 7
    assert {role: r for role, r in pulled.items() if not r.startswith(own)} == {}
    assert sum(resource == f"{own}*" for resource in pulled.values()) == 2  # package and parts


def test_what_reads_another_owners_bucket_decrypts_with_its_key_alone_and_through_s3(
    stacks: dict[str, dict[str, Any]],
) -> None:
    through = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    readers = {
        role: [each for each in given if each["Action"] == "kms:Decrypt"]
        for role, given in statements(stacks).items()
        if any(
            "s3:GetObject" in each["Action"] and BUCKET in json.dumps(each["Resource"])
            for each in given
        )
    }
    assert len(readers) == 8
    for decrypts in readers.values():
        [foreign] = [each for each in decrypts if each["Resource"] == KEY]
        assert foreign["Condition"] == through


def test_no_other_role_may_use_the_key(stacks: dict[str, dict[str, Any]]) -> None:
    users = [
        each["Action"]
        for given in statements(stacks).values()
        for each in given
        if KEY in json.dumps(each["Resource"])
    ]
    assert set(users) == {"kms:Decrypt"}


def test_without_a_named_key_nothing_changes(synthesize: Synthesize) -> None:
    assert KEY not in json.dumps(synthesized(synthesize))
