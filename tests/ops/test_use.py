"""How to call an endpoint: what is printed is code, and names what is deployed."""

from __future__ import annotations

import ast
import json
import subprocess
from typing import Any

import pytest

from inferform import (
    AsyncEndpoint,
    Context,
    DirectEndpoint,
    Environment,
    FrameworkContainer,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Model,
    MultiVariantEndpoint,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    Variant,
)
from ops.errors import BadInputError
from ops.kinds.sagemaker_async import entrance
from ops.use import snippets
from tests.forked import inferform
from tests.specs import kinds


def environment(name: str) -> Environment:
    return kinds.environment(kinds.valid_trees()[name])


def test_every_snippet_of_every_endpoint_is_code_and_has_its_names() -> None:
    seen = set()
    for name in ("sagemaker", "components"):
        made = environment(name)
        for each in made.deployed:
            if each.spec.sort != "endpoint":
                continue
            for snippet in snippets(made, each.name):
                seen.add(snippet.key)
                assert made.context.name(each.name) in snippet.text
                assert made.context.region in snippet.text
                if snippet.language == "python":
                    ast.parse(snippet.text)
                else:
                    command = ["sh", "-n"]
                    subprocess.run(command, input=snippet.text, text=True, check=True)
    assert seen == {"boto3", "stream", "sdk-v3", "sdk-v2", "curl", "openai"}


def test_components_are_called_by_their_names_in_aws() -> None:
    made = environment("components")
    [each, *_] = [e for e in made.deployed if getattr(e.spec, "components", None)]
    assert isinstance(each.spec, InferenceComponentEndpoint)
    first, *others = each.spec.components
    name = made.context.name(each.name, first)
    texts = {snippet.key: snippet.text for snippet in snippets(made, each.name)}
    assert all(name in text for text in texts.values())
    assert f"/inference-components/{name}/openai/v1" in texts["openai"]
    for other in others:
        chosen = snippets(made, each.name, other)
        assert all(made.context.name(each.name, other) in snippet.text for snippet in chosen)
    with pytest.raises(BadInputError, match=f"did you mean {first}"):
        snippets(made, each.name, f"{first}x")


def test_what_is_asked_in_another_way_is_shown_so() -> None:
    made = environment("sagemaker")
    later = {snippet.key: snippet.text for snippet in snippets(made, "later")}
    assert not {"openai", "stream"} & later.keys()
    assert "async-invocations" in later["curl"]
    many = {snippet.key: snippet.text for snippet in snippets(made, "many")}
    assert 'TargetModel="MODEL.tar.gz"' in many["boto3"]
    # The stream of AWS's API names no model of many.
    assert "stream" not in many
    assert {s.key for s in snippets(made, "less")} & {"stream"} == set()
    with pytest.raises(BadInputError, match="is no endpoint"):
        snippets(made, "nightly")
    with pytest.raises(BadInputError, match="has no inference components"):
        snippets(made, "real", "a")


def test_a_request_of_an_asynchronous_endpoint_lies_where_its_role_may_read() -> None:
    made = environment("sagemaker")
    [later] = [each for each in made.deployed if isinstance(each.spec, AsyncEndpoint)]
    place = entrance(later)
    for snippet in snippets(made, later.name):
        assert f"{place}sample" in snippet.text
        assert "BUCKET" not in snippet.text


IMAGES: dict[str, Any] = {
    "vllm": FrameworkContainer(framework="vllm", version="0.19.1"),
    "huggingface-pytorch": FrameworkContainer(framework="huggingface-pytorch", version="4.37.0"),
    "own": Image(repository="fraud", tag="1"),
}
ASKED = {
    "vllm": ("application/json", '"messages"'),
    "huggingface-pytorch": ("application/json", '"inputs"'),
    "own": ("text/csv", "0.1,0.2,0.3"),
}


def of_one(endpoint: Any) -> dict[str, str]:
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    made = Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={"one": endpoint}),
    )
    return {snippet.key: snippet.text for snippet in snippets(made, "one")}


@pytest.mark.parametrize("image", ASKED)
def test_an_example_is_what_the_container_takes(image: str) -> None:
    on = "ml.m5.large" if image != "vllm" else "ml.g5.xlarge"
    texts = of_one(RealtimeEndpoint(model=Model(image=IMAGES[image]), instance_type=on))
    kind, body = ASKED[image]
    asked = {key: text for key, text in texts.items() if key not in ("openai", "stream")}
    assert all(kind in text and body in text for text in asked.values())
    assert ('"stream": true' in texts["stream"]) == (image == "vllm")


def test_each_request_names_its_container_where_that_has_to_be() -> None:
    model = Model(image=IMAGES["own"])
    texts = of_one(
        DirectEndpoint(containers={"first": model, "second": model}, instance_type="ml.m5.large")
    )
    assert 'TargetContainerHostname="first"' in texts["boto3"]
    assert 'TargetContainerHostname="first"' in texts["stream"]
    assert 'target_container_hostname="first"' in texts["sdk-v3"]
    assert '"TargetContainerHostname": "first"' in texts["sdk-v2"]
    assert "X-Amzn-SageMaker-Target-Container-Hostname: first" in texts["curl"]


def test_a_variant_may_be_chosen_where_there_are_several() -> None:
    variant = Variant(model=Model(image=IMAGES["own"]), instance_type="ml.m5.large")
    both = of_one(MultiVariantEndpoint(variants={"old": variant, "new": variant}))
    assert '# TargetVariant="new" asks that variant alone' in both["boto3"]
    assert "TargetVariant" not in of_one(MultiVariantEndpoint(variants={"old": variant}))["boto3"]


def test_the_command_prints_one_or_all() -> None:
    whole = inferform("endpoints", "use", "dev", "fraud").stdout
    assert "# SageMaker Python SDK 3" in whole
    one = inferform("endpoints", "use", "dev", "fraud", "--client", "boto3").stdout
    assert one.startswith("import boto3\n")
    ast.parse(one)
    told = json.loads(inferform("endpoints", "use", "dev", "fraud", "--json").stdout)
    assert told["boto3"] == one
    wrong = inferform("endpoints", "use", "dev", "fraud", "--client", "java")
    assert (wrong.returncode, "boto3, stream, sdk-v3" in wrong.stderr) == (2, True)
