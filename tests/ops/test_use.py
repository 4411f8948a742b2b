"""How to call an endpoint: what is printed is code, and names what is deployed."""

from __future__ import annotations

import ast
import json
import subprocess

import pytest

from inferform import Environment, InferenceComponentEndpoint
from ops.errors import BadInputError
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
    assert seen == {"boto3", "sdk-v3", "sdk-v2", "curl", "openai"}


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
    assert "openai" not in later
    assert all("s3://" in text for text in later.values())
    assert "async-invocations" in later["curl"]
    many = {snippet.key: snippet.text for snippet in snippets(made, "many")}
    assert 'TargetModel="MODEL.tar.gz"' in many["boto3"]
    with pytest.raises(BadInputError, match="is no endpoint"):
        snippets(made, "nightly")
    with pytest.raises(BadInputError, match="has no inference components"):
        snippets(made, "real", "a")


def test_the_command_prints_one_or_all() -> None:
    whole = inferform("endpoints", "use", "dev", "fraud").stdout
    assert "# SageMaker Python SDK 3" in whole
    one = inferform("endpoints", "use", "dev", "fraud", "--client", "boto3").stdout
    assert one.startswith("import boto3\n")
    ast.parse(one)
    told = json.loads(inferform("endpoints", "use", "dev", "fraud", "--json").stdout)
    assert told["boto3"] == one
    wrong = inferform("endpoints", "use", "dev", "fraud", "--client", "java")
    assert (wrong.returncode, "boto3, sdk-v3" in wrong.stderr) == (2, True)
