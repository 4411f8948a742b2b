"""What a command says to do next is to be done where it worked itself."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from ops.commands import AFTER, Command, on_emulator
from ops.environments import Emulated
from ops.errors import OperatorError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inferform deploy dev-use1-edge", "inferform deploy --emulator dev-use1-edge"),
        ("see inferform preflight", "see inferform preflight --emulator"),
        (
            "inferform edge publish dev-use1 a, then inferform edge deploy dev-use1 b",
            "inferform edge publish --emulator dev-use1 a, then "
            "inferform edge deploy --emulator dev-use1 b",
        ),
        (
            "inferform verify ENV looks again; --no-verify does not look",
            "inferform verify --emulator ENV looks again; --no-verify does not look",
        ),
        (
            "inferform recover dev-use1-edge --emulator writes it; inferform runs dev-use1 lists",
            "inferform recover dev-use1-edge --emulator writes it; "
            "inferform runs --emulator dev-use1 lists",
        ),
    ],
)
def test_a_command_that_is_named_goes_to_the_emulator_once(text: str, said: str) -> None:
    assert on_emulator(text) == said
    assert on_emulator(said) == said


@pytest.mark.parametrize(
    "text",
    [
        "inferform emulator start starts one",
        "inferform explain RT9",
        "inferform edge",
        "inferform is a command; what it makes is inferform's own",
        "deploy the training layer first",
    ],
)
def test_what_does_not_work_on_the_emulator_stays_as_it_is(text: str) -> None:
    assert on_emulator(text) == text


def failing(emulator: Emulated = False) -> None:
    raise OperatorError("not there: inferform status dev-use1", "inferform deploy dev-use1-edge")


@pytest.mark.parametrize(
    ("given", "emulated", "added"),
    [([], False, ""), (["--emulator"], False, " --emulator"), ([], True, " --emulator")],
)
def test_an_error_of_a_run_on_the_emulator_names_commands_that_work_there(
    given: list[str], emulated: bool, added: str
) -> None:
    app = typer.Typer()
    Command("fails", failing, AFTER, emulated=emulated).add_to(app)
    error = CliRunner().invoke(app, given).exception
    assert isinstance(error, OperatorError)
    assert str(error) == (
        f"not there: inferform status{added} dev-use1\n  inferform deploy{added} dev-use1-edge"
    )
