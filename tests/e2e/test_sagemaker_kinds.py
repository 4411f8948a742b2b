"""Every kind of endpoint on the emulator: deployed, unchanged, updated in order, destroyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from modules import (
    AsyncEndpoint,
    BatchTransform,
    Canary,
    CoreDumps,
    DataCapture,
    DirectEndpoint,
    Inference,
    InvocationsPerInstance,
    Linear,
    Model,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    OnSchedule,
    OnUpload,
    PipelineEndpoint,
    RealtimeEndpoint,
    Rolling,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    TargetTracking,
    Variant,
)

from .hosting import Hosting, client, hosting

pytestmark = pytest.mark.timeout(400)


def model(version: str = "1", name: str = "fraud", artifact: str | None = "") -> Model:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:{version}"
    return Model(
        image=image, artifact=f"{name}/{version}/model.tar.gz" if artifact == "" else artifact
    )


SCALING = Scaling(
    max_capacity=4,
    policies=[TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=600))],
)
TOPIC = "arn:aws:sns:us-east-1:123456789012:predictions"

KINDS: dict[str, Any] = {
    "realtime": RealtimeEndpoint(
        model=model(artifact="fraud/1/"),
        instance_type="ml.m5.xlarge",
        instance_count=2,
        volume_size_gb=50,
        startup_timeout_seconds=600,
        download_timeout_seconds=900,
        routing_strategy="LEAST_OUTSTANDING_REQUESTS",
        core_dumps=CoreDumps(),
        data_capture=DataCapture(sampling_percent=20),
        shadow=Shadow(model=model("2"), instance_type="ml.m5.xlarge", traffic_percent=30),
        rollout=Canary(percent=30, bake_seconds=600),
    ),
    "scaled": RealtimeEndpoint(
        model=model(), instance_type="ml.m5.large", scaling=SCALING, rollout=Linear()
    ),
    "gpu": RealtimeEndpoint(
        model=model(),
        instance_type="ml.g5.xlarge",
        inference_ami_version="al2-ami-sagemaker-inference-gpu-2",
        rollout=Rolling(),
    ),
    "variants": MultiVariantEndpoint(
        variants={
            "stable": Variant(
                model=model(), instance_type="ml.m5.large", weight=0.8, scaling=SCALING
            ),
            "next": Variant(model=model("2"), instance_type="ml.m5.large", weight=0.2),
        },
    ),
    "serverless": ServerlessEndpoint(
        model=model(), memory_mib=2048, max_concurrency=20, provisioned_concurrency=2
    ),
    "queued": AsyncEndpoint(
        model=model(),
        instance_type="ml.m5.xlarge",
        max_concurrent_invocations_per_instance=4,
        success_topic=TOPIC,
        error_topic=TOPIC,
        include_response_in=["success"],
    ),
    "many": MultiModelEndpoint(
        image="123456789012.dkr.ecr.us-east-1.amazonaws.com/mms:1",
        artifacts="models/",
        instance_type="ml.m5.xlarge",
        caching=False,
    ),
    "pipeline": PipelineEndpoint(
        containers=[model(name="prepare"), model(), model(name="explain", artifact=None)],
        instance_type="ml.m5.xlarge",
    ),
    "direct": DirectEndpoint(
        containers={"first": model(), "second": model("2")}, instance_type="ml.m5.xlarge"
    ),
}

BATCH = {
    "nightly": BatchTransform(
        model=model(),
        instance_type="ml.m5.xlarge",
        trigger=OnSchedule(schedule="cron(0 2 * * ? *)", timezone="Europe/Berlin"),
        join_input=True,
    ),
    "uploads": BatchTransform(
        model=model(), instance_type="ml.g5.xlarge", trigger=OnUpload(suffix=".csv"), vpc=False
    ),
}


@pytest.fixture(scope="module")
def deployed(emulator: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    with hosting(emulator, tmp_path_factory.mktemp("hosting")) as found:
        found.apply(Inference(endpoints=KINDS, batch=BATCH))
        yield found


def steps(output: str, *words: str) -> list[str]:
    """The lines of an apply about one endpoint's resources, in order: `type: what`."""
    lines = re.findall(
        r"^(aws_[a-z_]+)\.(\S+): (Creating|Modifying|Destroying)\.\.\.", output, re.M
    )
    lines += re.findall(
        r"^(aws_[a-z_]+)\.(\S+): (Creating|Modifying|Destroying)\.\.\. \[", output, re.M
    )
    return [f"{kind} {what}" for kind, _, what in lines if not words or kind in words]


def test_every_kind_deploys_and_plans_empty(deployed: Hosting) -> None:
    sagemaker = client(deployed.emulator, "sagemaker")
    for name in KINDS:
        endpoint = sagemaker.describe_endpoint(EndpointName=f"acme-dev-use1-{name}")
        assert endpoint["EndpointStatus"] == "InService"
