"""What is refused of Bedrock, and what is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Context,
    Environment,
    GitHub,
    Identity,
    Inference,
    InferenceProfile,
    Network,
    ProvisionedThroughput,
    Registry,
)
from inferform.spec import collecting, problems_of

MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k"
CUSTOM = "arn:aws:bedrock:us-east-1:111122223333:custom-model/imported/abcdefghijkl"
PROFILE = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-lite-v1:0"


def throughput(**fields: Any) -> ProvisionedThroughput:
    return ProvisionedThroughput(**{"model_arn": MODEL, **fields})


def profile(**fields: Any) -> InferenceProfile:
    return InferenceProfile(**{"copy_from": MODEL, **fields})


def rules(make: Callable[[], Any]) -> list[str]:
    with collecting():
        return sorted(problem.rule for problem in problems_of(make()))


def environment(
    throughput: ProvisionedThroughput | None = None,
    profile: InferenceProfile | None = None,
    identity: Identity | None = None,
    **context: Any,
) -> Environment:
    given = {"organization": "acme", "stage": "dev", "account": "111122223333", "owner": "ml"}
    return Environment(
        context=Context(**{**given, "region": "us-east-1", **context}),
        network=Network(cidr="10.0.0.0/16"),
        registry=Registry(),
        identity=identity,
        inference=Inference(
            throughputs={"chat": throughput} if throughput else {},
            profiles={"team": profile} if profile else {},
        ),
    )


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (throughput, []),
        (lambda: throughput(model_arn=CUSTOM), []),
        (lambda: throughput(model_arn=PROFILE), ["BDR5"]),
        (lambda: throughput(model_arn="amazon.nova-lite-v1:0"), ["BDR5"]),
        (lambda: throughput(model_units=1), []),
        (lambda: throughput(model_units=0), ["BDR4"]),
        (lambda: throughput(commitment="OneYear"), ["SPEC4"]),
        (lambda: profile(copy_from=PROFILE), []),
        (lambda: profile(copy_from=CUSTOM), ["BDR7"]),
        (lambda: profile(description="a" * 200), []),
        (lambda: profile(description="a" * 201), ["BDR1"]),
        (lambda: profile(description="two  spaces"), ["BDR1"]),
        (lambda: profile(description="(brackets)"), ["BDR1"]),
        # Months are bought where nothing is destroyed by the way.
        (lambda: environment(throughput(commitment="OneMonth"), protected=True), []),
        (lambda: environment(throughput(commitment="OneMonth"), protected=False), ["BDR2"]),
        (lambda: environment(throughput()), []),
        (lambda: environment(throughput(), profile(), region="eu-west-1"), ["BDR3", "BDR3"]),
        (lambda: environment(throughput(model_arn=CUSTOM), account="444455556666"), ["BDR3"]),
        (lambda: environment(profile=profile(copy_from=PROFILE), account="4" * 12), ["BDR3"]),
    ],
)
def test_bedrock_takes_what_aws_takes(make: Callable[[], Any], found: list[str]) -> None:
    assert rules(make) == found


def test_the_deploy_role_of_the_environment_buys_nothing_unasked() -> None:
    def with_role(*services: str) -> list[str]:
        identity = Identity(
            github=GitHub(repository="acme/inference"),
            deploy_services=list(services),  # type: ignore[arg-type]
        )
        return rules(
            lambda: environment(
                throughput(), profile(), identity, deploy_role="deploy", plan_role="plan"
            )
        )

    assert [each for each in with_role() if each == "BDR6"] == ["BDR6", "BDR6"]
    assert "BDR6" not in with_role("bedrock")
