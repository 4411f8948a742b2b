"""What a team already has, and its rules for names, tags and rights, in synthesized JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    EcsCluster,
    Environment,
    Inference,
    LoadBalancer,
    Naming,
    Route,
    S3Backend,
    SpecError,
)
from tests.conftest import Synthesized
from tests.names.test_taken import (
    CERTIFICATE,
    CONTEXT,
    ENDPOINT,
    as_made,
    environment,
    names_made,
    service,
)

Synthesize = Callable[..., Synthesized]


def stack_of(synthesize: Synthesize, made: Environment, layer: str = "inference") -> dict[str, Any]:
    return synthesize(made)[f"{made.key}-{layer}"]


@pytest.mark.parametrize("template", ["{name}-{organization}", "{stage}-{organization}-ml-{name}"])
def test_every_layer_names_by_the_template(synthesize: Synthesize, template: str) -> None:
    route = Route(load_balancer="shared", paths=["/web/*"], grace_seconds=120)
    made = environment(
        context=CONTEXT.replace(naming=Naming(template=template)),
        ecs=EcsCluster(load_balancers={"shared": LoadBalancer(certificate=CERTIFICATE)}),
        inference=Inference(
            endpoints={"fraud": ENDPOINT, "a" * 32: ENDPOINT},
            services={"web": service("web", route=route)},
        ),
    )
    found = {each for stack in synthesize(made).values() for each in names_made(stack)}
    assert {as_made(name) for _, name in made.names} <= found
    roles = [name for kind, name in found if kind == "aws_iam_role"]
    assert roles
    assert all(map(made.context.is_own_name, roles))


def test_a_template_that_makes_a_reserved_name_is_refused() -> None:
    with pytest.raises(SpecError, match=r"makes the name internal-acme.*ELB17"):
        environment(context=CONTEXT.replace(naming=Naming(template="{name}-{organization}")))


def test_states_are_kept_and_read_in_the_bucket_that_is_named(synthesize: Synthesize) -> None:
    made = environment(
        context=CONTEXT.replace(backend=S3Backend(bucket="acme-terraform", prefix="ml")),
        inference=Inference(endpoints={"fraud": ENDPOINT}),
    )
    stack = stack_of(synthesize, made)
    states = [stack["terraform"]["backend"]["s3"]]
    states += [each["config"] for each in stack["data"]["terraform_remote_state"].values()]
    assert {(each["bucket"], each["key"]) for each in states} == {
        ("acme-terraform", f"ml/dev-use1/{layer}.tfstate")
        for layer in ("inference", "network", "registry")
    }
