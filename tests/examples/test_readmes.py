"""Every Python block of every README runs."""

from __future__ import annotations

import pytest

from inferform import (
    ArtifactBucket,
    Context,
    Environment,
    Inference,
    LambdaFunction,
    Network,
    Registry,
    Repository,
    ServerlessEndpoint,
)
from inferform.spec import problems_of

from . import readme

READMES = ["README.md", "docs/guides/aws-containers.md", *readme.modules().values()]


@pytest.mark.parametrize("path", READMES)
def test_every_block_of_a_readme_runs(path: str) -> None:
    assert len(readme.run(path)) == len(readme.blocks(path)) > 0


def test_fifty_endpoints_are_as_easy_to_write_as_one() -> None:
    _, catalogue = readme.run("README.md")
    assert isinstance(catalogue["inference"], Inference)
    assert len(catalogue["inference"].endpoints) == 50


def test_the_address_plan_of_the_vpc_readme_is_what_the_code_makes() -> None:
    text = (readme.ROOT / "modules/vpc/README.md").read_text("utf-8")
    spec = Network(cidr="10.20.0.0/16", availability_zones=3)
    for cidr in spec.private_cidrs() + spec.public_cidrs():
        assert f" {cidr} " in text


def test_the_registry_examples_say_what_they_show() -> None:
    block, _ = readme.run("modules/s3/README.md")
    assert isinstance(block["registry"], Registry)
    assert block["registry"].artifacts == ArtifactBucket(expire_noncurrent_days=365)


def test_a_model_moves_from_a_serverless_endpoint_to_a_function_and_back_as_it_is() -> None:
    moved = readme.run("modules/functions/README.md")[-1]
    endpoint, function = moved["endpoint"], moved["function"]
    assert isinstance(endpoint, ServerlessEndpoint)
    assert isinstance(function, LambdaFunction)
    assert endpoint.model == function.model == moved["model"]
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    for inference in (moved["before"], moved["after"], moved["before"]):
        environment = Environment(
            context=context,
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(repositories={"fraud": Repository()}),
            inference=inference,
        )
        assert [getattr(each.spec, "model", None) for each in environment.deployed] == [
            moved["model"]
        ]
        assert problems_of(environment) == []
