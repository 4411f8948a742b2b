"""`inferform status`: one line for each stack, from its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inferform import Context, Environment, Network, load
from inferform_emulator.process import Emulator
from ops import plan_times
from ops.aws import Aws
from ops.errors import NotBootstrappedError
from ops.program import Program, Stacks
from ops.status import StackStatus, not_deployed, proposals, status, with_drift
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
        "plan_seconds": None,
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


GROUPED = """
from inferform import *


def endpoint(name):
    image, artifact = Image(repository="serving", tag="1.0.0"), f"serving/{name}/model.tar.gz"
    return RealtimeEndpoint(model=Model(image=image, artifact=artifact), instance_type="ml.m5.large")


dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={"serving": Repository()}),
    inference={name: Inference(endpoints={name: endpoint(name)}) for name in ("risk", "shop")},
)
"""


def test_groups_are_proposed_for_a_large_layer_that_may_have_them(tmp_path: Path) -> None:
    (tmp_path / "dev.py").write_text(GROUPED, encoding="utf-8")
    synthesis = Stacks(Program(), (), load(tmp_path).environments)
    found = [
        StackStatus("dev-use1-inference-risk", "", resources=501, plan_seconds=61.4),
        StackStatus("dev-use1-inference-shop", "", resources=500),
        StackStatus("dev-use1-network", "", resources=501),
        StackStatus("own", "", resources=501),
    ]
    assert proposals(synthesis, found) == [
        "dev-use1-inference-risk has 501 resources, and its plan took 61 s. Every plan reads each of "
        "them: groups of inference have a state and a plan each, see docs/state.md"
    ]


def test_the_time_of_the_last_plan_is_kept_by_target_and_by_stack(tmp_path: Path) -> None:
    program = Program(work=tmp_path / "work")
    one, other = Stack("one", tmp_path, ()), Stack("other", tmp_path, ())
    for seconds in (4.26, 61.0):
        plan_times.note(program, one, seconds)
    assert plan_times.noted(program, one) == 61.0
    assert plan_times.noted(program, other) is None
    on_emulator = replace(program, emulator=Emulator("http://localhost:1", 1, 1, 0.0, "", tmp_path))
    assert plan_times.noted(on_emulator, one) is None
