"""The program that `cdktf.json` names: how it is run, and which of its stacks are meant."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inferform._node.process import SLOW
from ops.deploy import deploy
from ops.errors import BadInputError, OperatorError
from ops.program import Program, Stacks
from ops.review import approved
from ops.review.approved import Approved
from ops.review.reviewing import review_environments
from ops.terraform import ROOT
from tests.specs.files import CONTEXT

ENVIRONMENT = f"""
from inferform import Context, Environment, Registry

dev = Environment(context={CONTEXT}, registry=Registry())
"""
# Says what it was asked for, and makes the stacks that it was given, as cdktf writes them.
WRITER = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
names = ("INFERFORM_TARGET", "INFERFORM_PLANS_ONLY", "INFERFORM_ENVIRONMENTS", "TF_VAR_secret")
pathlib.Path("asked.json").write_text(json.dumps({name: os.environ.get(name) for name in names}))
stacks = {"a-b-network": ("a-b", "network"), "a-b-jobs": ("a-b", "jobs"), "a-b-mine": None}
for name, place in stacks.items():
    folder = out / "stacks" / name
    folder.mkdir(parents=True)
    said = dict(zip(("environment", "layer"), place)) if place else {}
    content = {"//": {"metadata": {"inferform": said}}} if place else {}
    (folder / "cdk.tf.json").write_text(json.dumps(content))
entries = {
    name: {"workingDirectory": f"stacks/{name}", "dependencies": []} for name in stacks
}
(out / "manifest.json").write_text(json.dumps({"stacks": entries}))
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A project with one environment and a program that is yet to be written."""
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(ENVIRONMENT, encoding="utf-8")
    return Program(
        environments=folder,
        outdir=tmp_path / "cdktf.out",
        folder=tmp_path,
        work=tmp_path / ".inferform",
    )


def name_app(program: Program, app: str) -> None:
    (program.folder / "cdktf.json").write_text(json.dumps({"app": app}), encoding="utf-8")


def test_the_program_is_told_what_is_asked_of_it_and_no_variables_of_terraform(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_secret", "hidden")
    monkeypatch.setenv("INFERFORM_PLANS_ONLY", "1")
    name_app(program, f"{sys.executable} -c {shlex.quote(WRITER)}")

    def asked() -> dict[str, str | None]:
        found: dict[str, str | None] = json.loads((program.folder / "asked.json").read_text())
        return found

    program.synthesize()
    assert asked() == {
        "INFERFORM_TARGET": "aws",
        "INFERFORM_PLANS_ONLY": "",
        "INFERFORM_ENVIRONMENTS": str(program.environments),
        "TF_VAR_secret": None,
    }
    planned = program.to_plan("drift")
    planned.synthesize()
    assert asked()["INFERFORM_PLANS_ONLY"] == "1"
    assert planned.outdir != program.outdir


def test_the_program_reads_the_environments_that_are_named_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFERFORM_ENVIRONMENTS", "more/environments")
    assert Program().environments == tmp_path / "more/environments"
    monkeypatch.setenv("INFERFORM_ENVIRONMENTS", "")
    assert Program().environments == ROOT / "environments"


@pytest.mark.parametrize(
    ("app", "says"),
    [
        ("echo the reason >&2; exit 3", "synthesis failed\nthe reason"),
        ("true", "true wrote no stacks to"),
        (" ", "names no app"),
    ],
)
def test_a_program_that_makes_no_stacks_is_said(program: Program, app: str, says: str) -> None:
    name_app(program, app)
    with pytest.raises(OperatorError) as caught:
        program.synthesize()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        ("dev", "the stack dev has the name of the stage of dev-use1: 'deploy dev' would mean"),
        ("dev-use1", "the stack dev-use1 has the name of the environment: 'deploy dev-use1' would"),
    ],
)
def test_a_stack_that_is_called_like_an_environment_is_refused(
    program: Program, stack: str, says: str
) -> None:
    name_app(program, f"{sys.executable} -c {shlex.quote(WRITER.replace('a-b-mine', stack))}")
    with pytest.raises(OperatorError, match=says) as caught:
        program.synthesize()
    assert caught.value.hint == "give the stack another name in the program"


def test_two_stacks_that_say_they_are_one_layer_are_refused(program: Program) -> None:
    text = WRITER.replace('("a-b", "jobs")', '("a-b", "network")')
    name_app(program, f"{sys.executable} -c {shlex.quote(text)}")
    with pytest.raises(OperatorError, match="both say that they are the layer network of a-b"):
        program.synthesize()


def test_why_a_synthesis_is_slow_is_passed_on(
    program: Program, capfd: pytest.CaptureFixture[str]
) -> None:
    text = f"import sys; print('banner\\n{SLOW}, as [/x]', file=sys.stderr)\n" + WRITER
    name_app(program, f"{sys.executable} -c {shlex.quote(text)}")
    program.synthesize()
    assert capfd.readouterr().err == f"{SLOW}, as [/x]\n"


def stop(*_: object) -> None:
    raise BadInputError("far enough")


@pytest.mark.parametrize(
    "command",
    [
        lambda program: deploy(["dev-use1-*"], program, check=stop),
        lambda program: review_environments(["dev"], program),
        lambda program: approved.deploy(
            ["dev-use1-*"], program, Approved("", None), ask=lambda _: None, check=stop
        ),
    ],
)
def test_what_the_rules_warn_of_is_said_once_by_what_deploys_and_reviews_of_what_it_does(
    program: Program,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[[Program], object],
) -> None:
    monkeypatch.setattr("ops.aws.Aws.require_credentials", stop)
    other = '"prod-use1-network": ("prod-use1", "network")'
    written = WRITER.replace('"a-b-mine": None', other).replace("a-b", "dev-use1")
    name_app(program, f"{sys.executable} -c {shlex.quote(written)}")
    public = 'network=Network(cidr="11.0.0.0/16")'
    text = ENVIRONMENT.replace("registry=Registry()", public).replace("Registry", "Network")
    other = text.replace("dev =", "prod =").replace('stage="dev"', 'stage="prod"')
    other = other.replace("11.0.0.0", "12.0.0.0")
    (program.environments / "dev.py").write_text(text, encoding="utf-8")
    (program.environments / "prod.py").write_text(other, encoding="utf-8")
    with pytest.raises(BadInputError, match="far enough"):
        command(program)
    said = capfd.readouterr().err
    assert said.startswith("warning: environments/dev.py: dev-use1")
    assert said.count("VPC6") == 1


def test_a_folder_without_cdktf_json_is_said(program: Program) -> None:
    with pytest.raises(OperatorError, match=r"cdktf\.json cannot be read"):
        program.synthesize()


def test_the_program_of_this_project_is_what_cdktf_runs() -> None:
    assert Program().app == json.loads((ROOT / "cdktf.json").read_text("utf-8"))["app"]
    assert not os.path.isabs(Program().app.split()[0])


@pytest.fixture
def made(program: Program) -> Stacks:
    """Two layers of an environment, and a stack that only has its name from it."""
    name_app(program, f"{sys.executable} -c {shlex.quote(WRITER)}")
    text = ENVIRONMENT.replace('stage="dev"', 'stage="a"')
    (program.environments / "dev.py").write_text(text, encoding="utf-8")
    return program.synthesize()


def test_a_stack_is_where_it_says_and_not_where_its_name_says(made: Stacks) -> None:
    key = next(iter(made.environments))
    assert [stack.name for stack in made.of("a-b")] == ["a-b-jobs", "a-b-network"]
    # The program names an environment that no file has, so nobody's Context is known.
    assert [stack.name for stack in made.of_nobody()] == ["a-b-jobs", "a-b-mine", "a-b-network"]
    assert made.of(key) == []
    assert made.layer("a-b", "jobs") == made.stack("a-b-jobs")


def test_names_are_environments_or_patterns_of_stacks(made: Stacks) -> None:
    assert [stack.name for stack in made.named(["a-b-m*"])] == ["a-b-mine"]
    assert made.named(["a"]) == []  # the environment's stage, which has no stack here
    with pytest.raises(BadInputError, match="there is no environment b-a"):
        made.named(["b-a"])
    with pytest.raises(BadInputError, match="did you mean a-b-mine"):
        made.matching(["a-b-min"])
    (key,) = made.environments
    for name in (key, "a"):
        with pytest.raises(BadInputError) as caught:
            made.matching([name])
        assert caught.value.hint == f"{key} is an environment; its stacks are '{key}-*'"
    with pytest.raises(BadInputError, match="a-b-mine belongs to no environment"):
        made.require_layer("a-b", "a-b-mine")
    with pytest.raises(BadInputError, match="a-b has no layer job; did you mean jobs"):
        made.require_layer("a-b", "job")
