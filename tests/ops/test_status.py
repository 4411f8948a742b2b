"""`inferform status`: one line for each stack, from its state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferform import Context, Environment, Network
from ops.aws import Aws
from ops.errors import NotBootstrappedError
from ops.status import not_deployed, status, with_drift
from ops.terraform import Stack, stacks

Write = Callable[..., str]
Synthesize = Callable[[Environment], list[Stack]]


@pytest.fixture
def synthesized(tmp_path: Path) -> Synthesize:
    """The stacks of an environment."""
    from inferform.layers.program import synthesize

    return lambda environment: stacks(synthesize([environment], outdir=tmp_path / "cdktf.out"))


def test_each_stack_has_its_state_serial_resources_and_lock(
    environment: Environment, aws: Aws, write_state: Write, synthesized: Synthesize
) -> None:
    both = environment.replace(network=Network(cidr="10.20.0.0/16"))
    write_state("registry", 7, **{"aws_kms_key.data": {}, "aws_s3_bucket.artifacts": {}})
    aws.client("s3").put_object(
        Bucket=aws.context.state_bucket,
        Key="dev-use1/network.tfstate.tflock",
        Body=b'{"ID": "1", "Who": "ann@build", "Operation": "plan", "Created": "now"}',
    )
    network, registry = status(synthesized(both), aws)
    assert network.stack == "dev-use1-network"
    assert not network.deployed
    assert network.lock == "ann@build, plan, now"
    assert registry.as_dict() == {
        "stack": "dev-use1-registry",
        "state_key": "dev-use1/registry.tfstate",
        "serial": 7,
        "changed": registry.changed.isoformat() if registry.changed else "",
        "resources": 2,
        "lock": None,
        "drift": None,
    }


def test_drift_is_shown_for_the_stacks_that_were_planned(
    environment: Environment, aws: Aws, synthesized: Synthesize
) -> None:
    [registry] = with_drift(
        status(synthesized(environment), aws), {"dev-use1-registry": "1 drifted"}
    )
    assert registry.drift == "1 drifted"


def test_an_environment_without_a_state_bucket_is_not_deployed_and_told_how_to_begin(
    environment: Environment, context: Context, emulator: Any, synthesized: Synthesize
) -> None:
    made = synthesized(environment)
    with pytest.raises(NotBootstrappedError, match="inferform bootstrap dev-use1"):
        status(made, Aws(context, emulator=emulator))
    [registry] = not_deployed(made)
    assert registry.stack == "dev-use1-registry"
    assert not registry.deployed
