"""A request names the part of an endpoint that AWS has to be told of, or is told which there are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from inferform import (
    Component,
    Context,
    DirectEndpoint,
    Environment,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Model,
    MultiModel,
    MultiModelEndpoint,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
)
from ops.errors import BadInputError
from ops.kinds.record import Request, Verification
from ops.kinds.sagemaker_verify import EndpointVerifier

MODEL = Model(image=Image(repository="fraud", tag="1"))
COMPONENT = Component(model=MODEL, accelerators=1, min_memory_mib=4096)
ON: dict[str, Any] = {"instance_type": "ml.g5.12xlarge", "max_instances": 2}
MADE = Environment(
    context=Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={"fraud": Repository()}),
    inference=Inference(
        endpoints={
            "plain": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
            "one": InferenceComponentEndpoint(components={"llama": COMPONENT}, **ON),
            "two": InferenceComponentEndpoint(
                components={"llama": COMPONENT, "ranker": COMPONENT}, **ON
            ),
            "direct": DirectEndpoint(
                containers={"first": MODEL, "second": MODEL}, instance_type="ml.m5.large"
            ),
            "many": MultiModelEndpoint(
                model=MultiModel(image=Image(repository="fraud", tag="1"), artifacts="models/"),
                instance_type="ml.m5.large",
            ),
        }
    ),
)


class Answering:
    """Stands for the runtime of SageMaker, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def client(self, _: str) -> Any:
        return self

    def invoke_endpoint(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return {"Body": SimpleNamespace(read=lambda: b"1"), "ContentType": "text/csv"}


def ask(endpoint: str, **to: str) -> dict[str, Any]:
    runtime: Any = Answering()
    nothing: Any = SimpleNamespace(needed_by=lambda *_: [], of_type=lambda *_: [])
    run = Verification(MADE, runtime, nothing)
    EndpointVerifier(run, {"name": f"acme-dev-use1-{endpoint}"}).ask(Request(b"1", "text/csv", to))
    asked: dict[str, Any] = runtime.asked
    return {key: value for key, value in asked.items() if key.startswith(("Target", "Inference"))}


def test_the_only_component_is_asked_where_nobody_says() -> None:
    assert ask("one") == {"InferenceComponentName": "acme-dev-use1-one-llama"}
    assert ask("two", component="ranker") == {"InferenceComponentName": "acme-dev-use1-two-ranker"}
    assert ask("plain") == {}


def test_a_container_or_a_model_is_asked_by_its_name() -> None:
    assert ask("direct", container="second") == {"TargetContainerHostname": "second"}
    assert ask("many", model="a/model.tar.gz") == {"TargetModel": "a/model.tar.gz"}


@pytest.mark.parametrize(
    ("endpoint", "said", "hint"),
    [
        ("two", "has several components", "--component llama or ranker"),
        ("direct", "has several containers", "--container first or second"),
        ("many", "has many models", "--model, its key"),
    ],
)
def test_what_aws_would_refuse_is_told_with_what_there_is(
    endpoint: str, said: str, hint: str
) -> None:
    with pytest.raises(BadInputError, match=said) as told:
        ask(endpoint)
    assert told.value.hint.startswith(hint)
