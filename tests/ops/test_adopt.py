"""Which of what exists is taken back, by plans written by hand and commands that are only noted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inferform import Context
from ops import adopt
from ops.adopt import reinstate
from ops.aws import Aws
from ops.errors import OperatorError
from ops.kinds.record import Discard, Existing
from ops.terraform import Outcome, Stack
from tests.review.plans import changed, plan_of

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
AWS = Aws(CONTEXT)
MODEL, REPOSITORY = "aws_sagemaker_model.m", "aws_ecr_repository.r"
NO_CHANGE = plan_of()


@dataclass(frozen=True)
class Noted(Stack):
    """A stack of the registry layer that answers each plan in turn, and notes what is run."""

    plans: list[str] = field(default_factory=list)
    state: str = ""
    commands: list[tuple[str, ...]] = field(default_factory=list)
    pushed: list[Any] = field(default_factory=list)
    fails: Mapping[str, str] = field(default_factory=dict)

    @property
    def layer(self) -> str:
        return "registry"

    def run(
        self, *arguments: str, environment: Mapping[str, str], timeout: float = 1800
    ) -> Outcome:
        assert environment == {"A": "1"}
        if arguments[0] == "plan":
            assert arguments == ("plan", "-out=adopt.tfplan", "-no-color", "-input=false")
            (self.folder / "adopt.tfplan").touch()
        else:
            self.commands.append(arguments)
        if arguments[:2] == ("state", "push"):
            self.pushed.append(json.loads(Path(arguments[-1]).read_text("utf-8")))
        output = self.fails.get(arguments[0], "")
        return Outcome(bool(output), output)

    def answer(self, *arguments: str, environment: Mapping[str, str]) -> str:
        assert environment == {"A": "1"}
        if arguments[0] == "state":
            return self.state
        assert arguments == ("show", "-json", "adopt.tfplan")
        return self.plans.pop(0)


@pytest.fixture
def stack(tmp_path: Path) -> Callable[..., Noted]:
    return lambda *plans, **more: Noted("dev-use1-registry", tmp_path, (), [*plans], **more)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Existing]]:
    """What AWS has, by the name that a resource asks for."""
    found: dict[str, list[Existing]] = {}
    monkeypatch.setattr(
        adopt, "existing", lambda kind, values, aws: found.get(values.get("name", ""), [])
    )
    return found


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that are deleted; they alone are immutable."""
    found: list[str] = []
    how = Discard(lambda aws, name: found.append(name), lambda aws: {"in-use"})
    monkeypatch.setattr(adopt, "_discarded", lambda: {"aws_sagemaker_model": how})
    return found


def own(name: str, status: str = "", **more: Any) -> Existing:
    return Existing(name, CONTEXT.default_tags("registry"), status, **more)


def take_back(stack: Noted, used: set[str] | None = None) -> list[str]:
    return adopt.adopt(stack, AWS, {"A": "1"}, used or set())


def creates(address: str, name: str) -> str:
    return plan_of(changed(address, ["create"], None, {"name": name}))


REPLACES = plan_of(changed(MODEL, ["create", "delete"], {"name": "old"}, {"name": "new"}))


def test_what_has_the_layers_tags_is_imported_until_a_plan_finds_nothing_more(
    stack: Callable[..., Noted], there: dict[str, list[Existing]], deleted: list[str]
) -> None:
    there |= {"one": [own("id-1")], "two": [own("id-2")]}
    noted = stack(creates(REPOSITORY, "one"), creates(MODEL, "two"), NO_CHANGE)
    assert take_back(noted) == [f"imported {REPOSITORY} (id-1)", f"imported {MODEL} (id-2)"]
    assert noted.commands == [
        ("import", "-input=false", REPOSITORY, "id-1"),
        ("import", "-input=false", MODEL, "id-2"),
    ]
    assert deleted == []
    # A plan holds secrets in the clear.
    assert not (noted.folder / "adopt.tfplan").exists()


def test_what_is_of_another_layer_or_of_nobody_is_left_alone(
    stack: Callable[..., Noted], there: dict[str, list[Existing]]
) -> None:
    for tags in ({}, CONTEXT.default_tags("network")):
        there["one"] = [Existing("id-1", tags)]
        assert take_back(stack(creates(REPOSITORY, "one"))) == []
    there["one"] = [Existing("id-1", {}, own_name=True)]
    noted = stack(creates(REPOSITORY, "one"), NO_CHANGE)
    assert take_back(noted) == [f"imported {REPOSITORY} (id-1)"]


def test_only_what_is_to_be_created_is_looked_for(
    stack: Callable[..., Noted], there: dict[str, list[Existing]], deleted: list[str]
) -> None:
    there["one"] = [own("id-1")]
    for actions, before, after in (
        (["update"], {"name": "one", "x": 1}, {"name": "one", "x": 2}),
        (["delete"], {"name": "one"}, None),
        (["delete", "create"], {"name": "one", "x": 1}, {"name": "one", "x": 2}),
    ):
        assert take_back(stack(plan_of(changed(REPOSITORY, actions, before, after)))) == []


def test_of_two_that_have_the_layers_tags_none_is_taken(
    stack: Callable[..., Noted], there: dict[str, list[Existing]]
) -> None:
    there["one"] = [own("id-1"), own("id-2")]
    with pytest.raises(OperatorError, match=r"is there more than once: id-1, id-2"):
        take_back(stack(creates(REPOSITORY, "one")))


@pytest.mark.parametrize("status", ["CREATING", "Updating", "deleting"])
def test_what_is_still_being_made_is_waited_for(
    status: str, stack: Callable[..., Noted], there: dict[str, list[Existing]]
) -> None:
    there["one"] = [own("id-1", status)]
    with pytest.raises(OperatorError, match=f"{REPOSITORY} is {status}") as caught:
        take_back(stack(creates(REPOSITORY, "one")))
    assert "wait until it has settled" in str(caught.value)
    there["one"] = [own("id-1", "ACTIVE")]
    assert take_back(stack(creates(REPOSITORY, "one"), NO_CHANGE))


def test_a_new_model_that_nothing_uses_is_deleted_and_one_in_use_takes_the_olds_place(
    stack: Callable[..., Noted], there: dict[str, list[Existing]], deleted: list[str]
) -> None:
    there["new"] = [own("new")]
    noted = stack(REPLACES, NO_CHANGE)
    assert take_back(noted) == ["deleted new, which the next deploy creates again"]
    assert (noted.commands, deleted) == ([], ["new"])
    deleted.clear()
    noted = stack(REPLACES, NO_CHANGE)
    assert take_back(noted, {"new"}) == [f"imported {MODEL} (new) instead of old"]
    assert noted.commands == [
        ("state", "rm", MODEL),
        ("import", "-input=false", MODEL, "new"),
    ]
    assert deleted == ["old"]


def test_of_two_models_that_may_be_in_use_none_is_deleted(
    stack: Callable[..., Noted], there: dict[str, list[Existing]], deleted: list[str]
) -> None:
    there["new"] = [own("new")]
    noted = stack(REPLACES)
    with pytest.raises(OperatorError, match="is old in the state and asked for as new"):
        take_back(noted, {"new", "old"})
    assert (noted.commands, deleted) == ([], [])


def test_what_the_state_knows_under_another_address_is_moved_and_not_imported(
    stack: Callable[..., Noted], there: dict[str, list[Existing]]
) -> None:
    there["one"] = [own("id-1")]
    gone = changed("aws_ecr_repository.before", ["delete"], {"name": "one"}, None)
    made = changed(REPOSITORY, ["create"], None, {"name": "one"})
    with pytest.raises(OperatorError, match=r"is aws_ecr_repository\.before in the state") as error:
        take_back(stack(plan_of(gone, made)))
    assert "Environment(moved=...)" in str(error.value)
    # What was replaced and is still to be deleted is no other address.
    kept = {**gone, "deposed": "8a3d1c2b"}
    assert take_back(stack(plan_of(kept, made), NO_CHANGE)) == [f"imported {REPOSITORY} (id-1)"]


def test_a_layer_whose_lower_one_is_not_deployed_has_nothing_to_take_back(
    stack: Callable[..., Noted],
) -> None:
    lacking = (
        "│ data.terraform_remote_state.network.outputs is object with no attributes\n"
        "Error: Unsupported attribute"
    )
    assert take_back(stack(fails={"plan": lacking})) == []
    with pytest.raises(OperatorError, match="dev-use1-registry cannot be planned\n  Error: no"):
        take_back(stack(fails={"plan": "Error: no"}))


def test_an_import_that_fails_ends_the_recovery(
    stack: Callable[..., Noted], there: dict[str, list[Existing]]
) -> None:
    there["one"] = [own("id-1")]
    noted = stack(creates(REPOSITORY, "one"), fails={"import": "Error: taken"})
    with pytest.raises(OperatorError, match=r"terraform import .* failed\nError: taken"):
        take_back(noted)


def state(*instances: dict[str, Any], serial: int = 7) -> str:
    resource = {
        "mode": "managed",
        "type": "aws_sagemaker_model",
        "name": "m",
        "instances": [*instances],
    }
    content = {"lineage": "l", "serial": serial, "outputs": {}, "resources": [resource]}
    return json.dumps(content)


KEPT = {"deposed": "8a3d1c2b", "attributes": {"id": "old", "name": "old", "tags": None, "x": ""}}
CURRENT = {"attributes": {"id": "new", "name": "new"}}
BACK = plan_of(
    changed(
        MODEL,
        ["create", "delete"],
        {"name": "new"},
        {"name": "old", "tags": {"a": "b"}, "x": None},
    )
)


def test_what_terraform_would_make_again_and_delete_is_made_current_again(
    stack: Callable[..., Noted], there: dict[str, list[Existing]], deleted: list[str]
) -> None:
    there["old"] = [own("old")]
    noted = stack(BACK, state=state(CURRENT, KEPT))
    assert reinstate(noted, AWS, {"A": "1"}) == [
        f"old is {MODEL} again, which Terraform kept in the state to delete it; Terraform deletes "
        "new instead"
    ]
    (pushed,) = noted.pushed
    (resource,) = pushed["resources"]
    assert pushed["serial"] == 8
    assert resource["instances"] == [
        {**CURRENT, "deposed": "8a3d1c2b"},
        {"attributes": KEPT["attributes"]},
    ]
    assert deleted == []


def test_nothing_is_reinstated_but_what_is_there_and_is_asked_for(
    stack: Callable[..., Noted], there: dict[str, list[Existing]], deleted: list[str]
) -> None:
    def tried(plan: str, held: str, **more: Any) -> list[str]:
        noted = stack(plan, state=held, **more)
        done = reinstate(noted, AWS, {"A": "1"})
        assert noted.pushed == []
        return done

    both = state(CURRENT, KEPT)
    assert tried(BACK, both) == [], "it is not in AWS"
    there["old"] = [Existing("old", CONTEXT.default_tags("network"))]
    assert tried(BACK, both) == [], "it is another layer's"
    there["old"] = [own("another")]
    assert tried(BACK, both) == [], "it is another one of the name"
    there["old"] = [own("old")]
    assert tried(BACK, state(CURRENT)) == [], "nothing is deposed"
    assert tried(BACK, "") == [], "there is no state"
    assert tried(BACK, both, fails={"plan": "Error: no"}) == [], "the next plan says why"
    other = plan_of(
        changed(MODEL, ["create", "delete"], {"name": "new"}, {"name": "old", "x": "y"})
    )
    assert tried(other, both) == [], "something else is asked for"
    updated = plan_of(changed(MODEL, ["update"], {"name": "new"}, {"name": "old"}))
    assert tried(updated, both) == [], "it is not made again"
    removed = changed(MODEL, ["delete"], KEPT["attributes"], None)
    assert tried(plan_of({**removed, "deposed": "8a3d1c2b"}), both) == [], "only deleted"


TAINTED = {"status": "tainted", "attributes": {"id": "one", "name": "one"}}


def repeated(*actions: str, reason: str = "replace_because_tainted", **more: Any) -> str:
    entry = changed(MODEL, [*actions], {"name": "one", **more}, {"name": "one"})
    return plan_of({**entry, "action_reason": reason})


def test_what_terraform_would_create_again_while_it_is_there_is_untainted(
    stack: Callable[..., Noted], there: dict[str, list[Existing]]
) -> None:
    def tried(plan: str, held: str = state(TAINTED), **resource: Any) -> bool:
        noted = stack(plan, state=held)
        written = {"resource": {"aws_sagemaker_model": {"m": resource}}}
        (noted.folder / "cdk.tf.json").write_text(json.dumps(written), "utf-8")
        done = reinstate(noted, AWS, {"A": "1"})
        untainted = ("untaint", MODEL) in noted.commands
        assert noted.pushed == []
        assert done == [
            f"{MODEL} is no longer tainted: the run that created it could not read it, and it is there"
        ] * len(done)
        assert len(done) == untainted
        return untainted

    both = repeated("create", "delete")
    assert tried(both)
    there["one"] = [Existing("one", CONTEXT.default_tags("registry"), status="Ready")]
    assert tried(both)
    assert not tried(both, state(CURRENT)), "nothing is tainted"
    assert not tried(repeated("delete", "create")), "the old one goes first"
    assert not tried(repeated("create", "delete", reason="replace_by_request"))
    assert not tried(both, provisioner=[{"local-exec": {}}]), "it may have failed"
    assert not tried(repeated("create", "delete", status="CREATE_FAILED"))
    for status in ("Failed", "Creating"):
        there["one"] = [Existing("one", CONTEXT.default_tags("registry"), status=status)]
        assert not tried(both)


@pytest.mark.parametrize(
    ("planned", "held", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": None}, {"a": ""}, True),
        ({"a": []}, {}, True),
        ({"a": False}, {"a": True}, False),
        ({"tags": {"a": "1"}, "tags_all": {"a": "1"}}, {"tags": {}}, True),
        ({"box": [{"a": 1}]}, {"box": [{"a": 1}]}, True),
        ({"box": [{"a": 1}]}, {"box": [{"a": 2}]}, False),
        ({"box": [{"a": 1}]}, {"box": [{"a": 1}, {"a": 1}]}, False),
        ({"box": [{"a": 1}, {"a": 2}]}, {"box": [{"a": 1}, {"a": 3}]}, False),
    ],
)
def test_what_is_planned_and_what_is_held_are_compared_without_tags(
    planned: Any, held: Any, same: bool
) -> None:
    assert adopt._is_same(planned, held) is same


def test_every_user_of_immutable_resources_is_asked_once(deleted: list[str]) -> None:
    assert adopt.in_use(AWS) == {"in-use"}
