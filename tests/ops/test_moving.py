"""Moving services between groups, with states that Terraform writes into the emulator's S3."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import Context, Environment, Inference, Model, RealtimeEndpoint
from inferform.target import EMULATOR
from ops import moving
from ops.aws import Aws
from ops.cli import app
from ops.commands import state as commands
from ops.errors import BadInputError, OperatorError
from ops.moving import Move
from ops.plan import read_plan
from ops.program import Program, Stacks
from ops.state import States
from ops.terraform import Stack, contents_of
from tests.ops import alone
from tests.review.plans import changed, plan_of

FRAUD = [
    "terraform_data.endpoints_fraud_model_0A1B2C3D",
    "terraform_data.endpoints_fraud_endpoint_1A2B3C4D",
]
CHURN = "terraform_data.endpoints_churn_endpoint_5A6B7C8D"
MODELS = "terraform_data.models"
MOVE = Move("inference", "inference-risk", tuple(FRAUD))

Write = Callable[..., Stack]


@pytest.fixture
def key(context: Context) -> str:
    return context.key


@pytest.fixture
def program(emulator: Any, tmp_path: Path) -> Program:
    return Program(emulator, work=tmp_path / "work")


@pytest.fixture
def write(aws: Aws, tmp_path: Path) -> Write:
    """Write a stack whose state is in S3: `write("inference", *addresses)`."""

    def written(layer: str, *addresses: str, value: str = "1") -> Stack:
        context = aws.context
        backend = {
            "bucket": context.state_bucket,
            "key": context.state_key(layer),
            "region": context.region,
            "use_lockfile": True,
            "assume_role": {"role_arn": EMULATOR.caller_arn(context)},
            **EMULATOR.backend,
        }
        names = [address.partition(".")[2] for address in addresses]
        resources: dict[str, Any] = {name: {"input": value} for name in names}
        for name in names:
            if "endpoint" in name:
                before = [f"terraform_data.{each}" for each in names if "model" in each]
                resources[name]["depends_on"] = before
        about = {"environment": context.key, "layer": layer}
        return alone.written(
            tmp_path / f"{context.key}-{layer}",
            value,
            **{
                "//": {"metadata": {"inferform": about}},
                "terraform": {"backend": {"s3": backend}},
                "resource": {"terraform_data": resources},
            },
        )

    return written


def grouped(context: Context, foreign: Mapping[str, Any]) -> Environment:
    model = Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/x:1", artifact="x/m.tar.gz")
    endpoint = RealtimeEndpoint(model=model, instance_type="ml.m5.large")
    groups = {
        group: Inference(endpoints={name: endpoint})
        for group, name in (("risk", "fraud"), ("shop", "churn"))
    }
    return Environment(context=context, **foreign, inference=groups)


@pytest.fixture
def synthesis(aws: Aws, program: Program, write: Write, foreign: Mapping[str, Any]) -> Stacks:
    """An environment with two groups, of which no stack is deployed: all is in the state of the layer
    that it had before."""
    alone.applied(write("inference", MODELS, *FRAUD, CHURN), program.terraform_environment())
    stacks = (write("inference-risk", *FRAUD), write("inference-shop", CHURN))
    context = aws.context
    return Stacks(program, stacks, {context.key: grouped(context, foreign)})


@pytest.fixture
def states(aws: Aws, synthesis: Stacks) -> States:
    return States(aws, contents_of(synthesis.stacks))


@pytest.fixture
def deployed(states: States) -> dict[str, Any]:
    """What the state holds in which all is."""
    found = states.read("inference")
    assert found is not None
    return found.content


def held(states: States) -> dict[str, list[str]]:
    """The addresses in each state."""
    found = {layer: states.read(layer) for layer in ("inference", *_GROUPS)}
    return {layer: sorted(state.resources) for layer, state in found.items() if state}


_GROUPS = ("inference-risk", "inference-shop")


def is_free(states: States) -> bool:
    """Whether nothing is locked, and no move has begun."""
    locks = [states.lock(layer) for layer in ("inference", *_GROUPS)]
    return locks == [None] * 3 and moving.interrupted(states) is None


def nothing_changes(_stack: Stack, _content: Any, _new: Collection[str]) -> list[str]:
    return []


def test_what_the_files_have_in_another_group_is_moved_and_no_plan_changes_anything(
    synthesis: Stacks, states: States, key: str
) -> None:
    found = moving.moves(synthesis, key, states)
    assert {(each.source, each.target): sorted(each.addresses) for each in found} == {
        ("inference", "inference-risk"): sorted(FRAUD),
        ("inference", "inference-shop"): [CHURN],
    }
    variables = synthesis.program.terraform_environment()
    check = moving.check_by_plan(synthesis.program, variables, "layer")
    for each in found:
        moving.move(synthesis, key, states, each, check)
    assert held(states) == {
        "inference": [MODELS],
        "inference-risk": sorted(FRAUD),
        "inference-shop": [CHURN],
    }
    assert is_free(states)
    assert moving.moves(synthesis, key, states) == []
    for stack in synthesis.stacks:
        assert stack.init(variables).status == 0
        planned = stack.run("plan", "-detailed-exitcode", "-input=false", environment=variables)
        assert planned.status == 0, planned.output
    gained = states.read("inference-risk")
    assert gained is not None
    assert gained.standing_on([FRAUD[0]]) == sorted(FRAUD)


def test_a_move_between_groups_counts_both_states_on_and_keeps_their_lineages(
    synthesis: Stacks, states: States, key: str, write: Write
) -> None:
    variables = synthesis.program.terraform_environment()
    alone.applied(write("inference-risk", MODELS, *FRAUD), variables)
    alone.applied(write("inference-shop", CHURN), variables)
    shop = write("inference-shop", CHURN, *FRAUD)
    risk = write("inference-risk", MODELS)
    synthesis = Stacks(synthesis.program, (risk, shop), synthesis.environments)
    before = {layer: states.read(layer) for layer in _GROUPS}
    move = Move("inference-risk", "inference-shop", tuple(FRAUD))
    check = moving.check_by_plan(synthesis.program, variables, "layer")
    moving.move(synthesis, key, states, move, check)
    for layer, state in before.items():
        after = states.read(layer)
        assert after is not None
        assert state is not None
        assert after.serial == state.serial + 1
        assert after.content["lineage"] == state.content["lineage"]
    assert held(states)["inference-risk"] == [MODELS]
    assert held(states)["inference-shop"] == sorted([CHURN, *FRAUD])


def test_nothing_is_moved_where_the_next_plan_would_change_something(
    synthesis: Stacks, states: States, key: str, write: Write
) -> None:
    before = held(states)
    write("inference-risk", *FRAUD, value="2")
    variables = synthesis.program.terraform_environment()
    check = moving.check_by_plan(synthesis.program, variables, "layer")
    (wanted, _) = moving.moves(synthesis, key, states)
    with pytest.raises(OperatorError, match="would change more than where resources are kept") as e:
        moving.move(synthesis, key, states, wanted, check)
    assert f"{key}-inference-risk: update {FRAUD[0]}" in str(e.value)
    assert held(states) == before
    assert is_free(states)


def test_nothing_is_moved_under_the_lock_of_another_run(
    synthesis: Stacks, states: States, key: str
) -> None:
    before = held(states)
    states.hold("inference-risk", "another", "apply")
    with pytest.raises(OperatorError, match="is locked"):
        moving.move(synthesis, key, states, MOVE, nothing_changes)
    assert held(states) == before
    assert states.lock("inference") is None
    assert moving.interrupted(states) is None
    states.unlock("inference-risk", "another")
    assert is_free(states)


def test_what_a_run_has_left_half_way_is_not_moved(
    synthesis: Stacks, states: States, key: str, tmp_path: Path
) -> None:
    variables = synthesis.program.terraform_environment()
    source = Stack("inference", tmp_path / f"{key}-inference", ())
    tainted = source.run("taint", FRAUD[0], environment=variables)
    assert tainted.status == 0, tainted.output
    with pytest.raises(OperatorError, match=f"left half-way is not moved: {FRAUD[0]}\n"):
        moving.move(synthesis, key, states, MOVE, nothing_changes)
    assert is_free(states)


class KilledError(BaseException):
    """The end of a run, that nothing catches."""


class Mortal:
    """A client of S3 that is killed with its process before or after so many writes."""

    def __init__(self, client: Any, writes: int, *, done: bool) -> None:
        self._client, self._left, self._done = client, writes, done

    def __getattr__(self, name: str) -> Any:
        if self._left < 0:
            raise KilledError
        call = getattr(self._client, name)
        if name not in ("put_object", "delete_object"):
            return call

        def write(**given: Any) -> Any:
            if self._left < 0:
                raise KilledError
            self._left -= 1
            if self._left >= 0:
                return call(**given)
            if self._done:
                call(**given)
            raise KilledError

        return write


def test_a_move_that_is_killed_at_any_write_goes_on_and_loses_nothing(
    aws: Aws, synthesis: Stacks, states: States, key: str, deployed: dict[str, Any]
) -> None:
    every = sorted([MODELS, CHURN, *FRAUD])
    # A move writes eight times. The run after one that is killed is killed earlier, if at all.
    for writes, done in product(range(9), (False, True)):
        states.write("inference", deployed)
        aws.client("s3").delete_object(
            Bucket=aws.context.state_bucket, Key=aws.context.state_key("inference-risk")
        )
        ends = []
        for again in (writes, writes // 2):
            mortal = States(aws, contents_of(synthesis.stacks))
            mortal.__dict__["_s3"] = Mortal(aws.client("s3"), again, done=done)
            ends.append(_is_killed(synthesis, key, mortal))
            # Nothing is forgotten at any time, and while something is in two states both are locked.
            now = [address for addresses in held(states).values() for address in addresses]
            assert sorted({*now}) == every
            if len(now) > len(every):
                assert all(lock and lock.is_of_move for lock in _locks(states))
        assert ends[0] is (writes < 8)
        _run(synthesis, key, states)
        assert held(states)["inference"] == sorted([MODELS, CHURN])
        assert held(states)["inference-risk"] == sorted(FRAUD)
        assert is_free(states)


def _is_killed(synthesis: Stacks, key: str, states: States) -> bool:
    try:
        _run(synthesis, key, states)
    except KilledError:
        return True
    return False


def _run(synthesis: Stacks, key: str, states: States) -> None:
    """What the command does, for one group."""
    if moving.interrupted(states):
        moving.go_on(states)
    for each in moving.moves(synthesis, key, states):
        if each.target == MOVE.target:
            moving.move(synthesis, key, states, each, nothing_changes)


def _locks(states: States) -> list[Any]:
    return [states.lock(layer) for layer in ("inference", "inference-risk")]


def test_the_command_goes_on_with_what_was_interrupted_and_moves_the_rest(
    aws: Aws, synthesis: Stacks, states: States, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = States(aws, contents_of(synthesis.stacks))
    mortal.__dict__["_s3"] = Mortal(aws.client("s3"), 3, done=True)
    assert _is_killed(synthesis, key, mortal)
    assert held(states)["inference-risk"] == sorted(FRAUD)
    monkeypatch.setattr(commands, "environment", lambda _: synthesis.environments[key])
    monkeypatch.setattr(commands, "_synthesis", lambda *_: (synthesis, states))
    with pytest.raises(BadInputError, match=f"inferform state move {key} continues"):
        _invoked("unlock", key, "inference-risk")
    assert states.lock("inference-risk")
    assert "moved from inference to inference-shop" in _invoked("move", key)
    assert "every service of" in _invoked("move", key)
    assert held(states) == {
        "inference": [MODELS],
        "inference-risk": sorted(FRAUD),
        "inference-shop": [CHURN],
    }
    assert is_free(states)


def _invoked(*words: str) -> str:
    """What `inferform state` prints."""
    given = ["state", *words, "--auto-approve"]
    return CliRunner().invoke(app, given, catch_exceptions=False).output


def test_of_two_moves_one_begins(synthesis: Stacks, states: States, key: str) -> None:
    states.begin_journal({"source": "a", "target": "b", "addresses": [], "lock": "1"})
    with pytest.raises(OperatorError, match="has begun"):
        moving.move(synthesis, key, states, MOVE, nothing_changes)
    assert moving.interrupted(states) == Move("a", "b", ())


_TAGS = {"layer": "inference-risk", "stage": "dev"}


@pytest.mark.parametrize(
    ("actions", "after", "new", "is_nothing"),
    [
        (["no-op"], {}, (), True),
        (["update"], {"tags_all": _TAGS}, ("aws_x.y",), True),
        (["update"], {"tags_all": _TAGS}, (), False),
        (["update"], {"tags_all": {"layer": "inference", "stage": "prod"}}, ("aws_x.y",), False),
        (["update"], {"size": 2}, ("aws_x.y",), False),
        (["delete", "create"], {"tags_all": {"layer": "x", "stage": "dev"}}, ("aws_x.y",), False),
    ],
)
def test_only_the_tag_that_names_the_layer_may_change_of_what_moves(
    actions: list[str], after: dict[str, Any], new: tuple[str, ...], is_nothing: bool
) -> None:
    before = {"tags_all": {"layer": "inference", "stage": "dev"}, "size": 1}
    entry = changed("aws_x.y[0]", actions, before, {**before, **after})
    (change,) = read_plan(plan_of(entry), "dev").changes
    assert moving._is_nothing(change, new, "layer") is is_nothing
