"""The operator's command: help, exit status, JSON, and what it says when it cannot continue."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from inferform import RULES
from ops import commands as folder
from ops.cli import app
from ops.errors import OperatorError
from ops.terraform import provider_mirror, terraform_binary, terraform_environment
from tests.conftest import ROOT
from tests.examples.test_docs import check_command
from tests.forked import inferform


def commands() -> Iterator[tuple[str, Any]]:
    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        if hasattr(command, "commands"):
            for child, inner in command.commands.items():
                yield from below(f"{name} {child}", inner)
        else:
            yield name, command

    yield from below("inferform", typer.main.get_command(app))


_FAILING = """
import os
from ops import cli, errors
for error in ("OperatorError", "BadInputError", "NotVerifiedError", "NotApprovedError"):
    def app(): raise getattr(errors, error)("cause of", error)
    cli.app = app
    child = os.fork()
    if not child:
        cli.main()
    print(error, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


_COUNTING = """
import atexit, gc, sys
from inferform_ops.__main__ import main
sys.argv = ["inferform", "cost", "dev-use1"]
late = ("urllib.request", "boto3", "botocore", "cdktf", "jsii")
count = lambda: print(gc.get_stats()[2]["collections"], [m for m in late if m in sys.modules])
atexit.register(count)
main()
"""


def test_a_command_starts_without_collecting_garbage_or_what_it_does_not_call() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COUNTING], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 []"


def test_each_failure_has_its_exit_status() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FAILING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    statuses = {"OperatorError": 1, "BadInputError": 2, "NotVerifiedError": 3}
    statuses["NotApprovedError"] = 4
    assert done.stdout == "".join(f"{error} {status}\n" for error, status in statuses.items())
    assert done.stderr == "".join(f"cause of\n  {error}\n" for error in statuses)


def test_every_command_has_help_with_an_example() -> None:
    without = [name for name, command in commands() if f"Example: {name}" not in str(command.help)]
    assert without == []


def test_the_help_of_every_command_stands_whole_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command = typer.main.get_command(app)
    shown = {}
    for name in ("inferform", *(name for name, _ in commands())):
        command.main([*name.split()[1:], "--help"], "inferform", standalone_mode=False)
        shown[name] = capsys.readouterr().out
    assert all(f"Usage: {name}" in each for name, each in shown.items())
    lines = {(name, line) for name, each in shown.items() for line in each.splitlines()}
    assert {(name, line) for name, line in lines if "…" in line or len(line) > 80} == set()
    # A switch takes no value.
    assert {name for name, each in shown.items() if "<bool>" in each} == set()


def test_every_example_of_the_help_is_a_command_that_can_be_given() -> None:
    for name, command in commands():
        [example] = re.findall(r"Example: inferform (.+)", str(command.help))
        assert example.split()[: len(name.split()) - 1] == name.split()[1:]
        check_command(shlex.split(example, comments=True))


def test_the_commands_that_begin_a_users_day_are_there() -> None:
    names = {name for name, _ in commands()}
    assert names >= {
        "inferform bootstrap",
        "inferform deploy",
        "inferform emulator start",
        "inferform emulator status",
        "inferform emulator stop",
        "inferform explain",
        "inferform rules",
    }


def test_every_command_stands_under_a_heading_of_the_help_and_once() -> None:
    found = folder.found()
    names = [command.name for command in found]
    assert sorted(names) == sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert len(set(names)) == len(names) > 20
    assert folder.BROKEN not in {command.panel for command in found}
    shown = inferform("--help").stdout
    panels = sorted({command.panel for command in found})
    places = [shown.index(f"─ {panel.title} ─") for panel in panels]
    assert places == sorted(places)


def with_file(
    folder: Path, name: str, text: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with one more file of commands than there is in the repository."""
    (folder / f"{name}.py").write_text(text)
    return inferform(*arguments, commands=folder)


ONE_FILE = """
from ops.commands import Command, Panel

def zebra(name: str) -> None:
    '''Stripe. Example: inferform zebra a'''
    print(f"stripes for {name}")

COMMANDS = (Command("zebra", zebra, Panel(7, "Animals")),)
"""


def test_a_command_is_one_new_file_that_says_its_own_heading(tmp_path: Path) -> None:
    ran = with_file(tmp_path, "zebra", ONE_FILE, "zebra", "me")
    assert (ran.returncode, ran.stdout) == (0, "stripes for me\n")
    shown = with_file(tmp_path, "zebra", ONE_FILE, "--help").stdout
    assert shown.index("─ Look up ─") < shown.index("─ Animals ─") < shown.index("zebra")


BROKEN_FILES = {
    "an import that fails": ("import inferform.no_such_module", "ModuleNotFoundError"),
    "a syntax error": ("def zebra(:", "SyntaxError"),
    "no COMMANDS": ("def zebra() -> None: ...", "COMMANDS"),
    "a parameter of a type that does not exist": (
        "from ops.commands import LOOK_UP, Command\n"
        "def zebra(what: 'Missing') -> None: ...\n"
        "COMMANDS = (Command('zebra', zebra, LOOK_UP),)",
        "NameError",
    ),
    "a heading that is no Panel": (
        "from ops.commands import Command\n"
        "def zebra() -> None: ...\n"
        "COMMANDS = (Command('zebra', zebra, 'Animals'),)",
        "is no Panel",
    ),
    "an order that is no number": (
        "from ops.commands import LOOK_UP, Command\n"
        "def zebra() -> None: ...\n"
        "COMMANDS = (Command('zebra', zebra, LOOK_UP, order='last'),)",
        "is no int",
    ),
    "an error that reads like markup": ("raise ValueError('no [/end] here')", "no [/end] here"),
    "a command that is none": ("COMMANDS = ('zebra',)", "is no Command"),
    "a name that nobody can write": (
        "from ops.commands import LOOK_UP, Command\n"
        "def zebra() -> None: ...\n"
        "COMMANDS = (Command('zebra [/x]', zebra, LOOK_UP),)",
        "is not of letters, digits and hyphens",
    ),
    "an end of the program": ("raise SystemExit(3)", "SystemExit"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_broken_command_file_is_named_and_the_other_commands_work(
    tmp_path: Path, text: str, says: str
) -> None:
    used = with_file(tmp_path, "zebra", text, "zebra", "me", "--json")
    assert used.returncode == 1
    assert "ops/commands/zebra.py cannot be loaded" in used.stderr
    assert says in used.stderr
    assert "Traceback" not in used.stderr
    helped = with_file(tmp_path, "zebra", text, "--help")
    assert helped.returncode == 0
    assert "ops/commands/zebra.py cannot be loaded" in helped.stdout
    other = with_file(tmp_path, "zebra", text, "explain", "AAS3")
    assert other.returncode == 0
    assert RULES["AAS3"].condition in other.stdout


SECOND = """
from ops.commands import LOOK_UP, Command

def explain(what: str) -> None:
    '''Other. Example: inferform explain a'''
    print("not this one")

def zebra() -> None:
    '''Stripe. Example: inferform zebra'''
    print("stripes")

COMMANDS = (Command("explain", explain, LOOK_UP), Command("zebra", zebra, LOOK_UP))
"""


@pytest.mark.parametrize("file", ["zoo", "aardvark"])
def test_a_command_whose_name_is_taken_is_left_out_with_a_message(
    tmp_path: Path, file: str
) -> None:
    says = (
        f"the command explain of ops/commands/{file}.py is left out, as ops/commands/rules.py "
        "has one of that name; give it another"
    )
    first = with_file(tmp_path, file, SECOND, "explain", "AAS3")
    assert first.returncode == 0
    assert RULES["AAS3"].condition in first.stdout
    assert first.stderr == f"{says}\n"
    second = with_file(tmp_path, file, SECOND, file)
    assert (second.returncode, second.stderr.splitlines()[0]) == (1, says)
    other = with_file(tmp_path, file, SECOND, "zebra")
    assert (other.returncode, other.stdout, other.stderr) == (0, "stripes\n", "")
    helped = with_file(tmp_path, file, SECOND, "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert says in " ".join(helped.stdout.replace("│", " ").split())


def test_a_broken_file_does_not_take_the_command_of_another_away(tmp_path: Path) -> None:
    text = 'COMMANDS = (Command("explain", None, 1), Command("zoo", None, 1))'
    other = with_file(tmp_path, "zoo", text, "explain", "AAS3")
    assert other.returncode == 0
    for name in ("zoo", "zoo-2"):
        broken = with_file(tmp_path, "zoo", text, name)
        assert broken.returncode == 1
        assert "ops/commands/zoo.py cannot be loaded: NameError" in broken.stderr


MARKUP = """
from typing import Annotated
import typer
from ops.commands import Command, Panel

family = typer.Typer(help="Herds [/f].")

@family.command("graze")
def graze() -> None:
    '''Graze [/g]. Example: inferform herd graze'''

def zebra(
    what: Annotated[str, typer.Argument(help="What [/w].")],
    how: Annotated[str, typer.Option(help="How [bold].")] = "",
) -> None:
    '''Stripe [/x], [bold, [red]and[/red]. Example: inferform zebra a'''

PANEL = Panel(7, "Animals [/p]")
COMMANDS = (Command("zebra", zebra, PANEL), Command("herd", family, PANEL))
"""


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--help"], ["Stripe [/x], [bold, [red]and[/red].", "Animals [/p]", "Herds [/f]."]),
        (["zebra", "--help"], ["Stripe [/x], [bold, [red]and[/red]", "What [/w].", "How [bold]."]),
        (["herd", "--help"], ["Herds [/f].", "Graze [/g]."]),
        (["herd", "graze", "--help"], ["Graze [/g]."]),
    ],
)
def test_help_shows_what_reads_like_markup_as_it_stands(
    tmp_path: Path, arguments: list[str], shown: list[str]
) -> None:
    helped = with_file(tmp_path, "zebra", MARKUP, *arguments)
    assert helped.returncode == 0, helped.stderr
    for text in shown:
        assert text in helped.stdout


def test_an_interrupt_while_a_command_is_loaded_ends_the_program_as_elsewhere(
    tmp_path: Path,
) -> None:
    done = with_file(tmp_path, "zebra", "raise KeyboardInterrupt", "zebra")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_file_that_was_not_asked_for_is_not_loaded(tmp_path: Path) -> None:
    done = with_file(tmp_path, "zebra", "raise KeyboardInterrupt", "explain", "AAS3")
    assert (done.returncode, done.stderr) == (0, "")


def test_each_command_of_a_broken_file_is_there_and_says_so(tmp_path: Path) -> None:
    text = 'COMMANDS = (Command("graze", None, 1), Command("run-away", None, 1))'
    done = with_file(tmp_path, "zebra", text, "run-away")
    assert done.returncode == 1
    assert "ops/commands/zebra.py cannot be loaded: NameError" in done.stderr


def test_the_environment_is_the_first_argument_of_every_command_that_takes_one() -> None:
    for name, command in commands():
        arguments = [p.metavar for p in command.params if p.param_type_name == "argument"]
        if "ENV" in arguments:
            assert arguments[0] == "ENV", name


def test_every_command_that_asks_can_be_told_not_to_by_the_same_option() -> None:
    options = {o for _, command in commands() for p in command.params for o in p.opts}
    assert "--auto-approve" in options
    assert options & {"--yes", "-y", "--force"} == set()


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    command = [sys.executable, "-m", "ops", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"inferform {project['version']}\n"


def test_a_shell_completes_commands_and_environments() -> None:
    def completed(words: str) -> list[str]:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; sys.argv[0] = 'inferform'; from ops.cli import main; main()",
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "_INFERFORM_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(words.count(" ")),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split()

    assert completed("inferform dr") == ["drift"]
    assert completed("inferform cost pr") == ["prod-euw1"]


def test_a_stage_stands_for_its_only_environment() -> None:
    by_stage, by_key = inferform("cost", "dev", "--json"), inferform("cost", "dev-use1", "--json")
    assert by_stage.returncode == 0
    assert by_stage.stdout == by_key.stdout


@cache
def rules_listed() -> subprocess.CompletedProcess[str]:
    return inferform("rules", "--json")


def test_rules_are_listed_in_the_order_of_their_numbers() -> None:
    ids = [entry["id"] for entry in json.loads(rules_listed().stdout)]
    assert ids.index("AAS3") < ids.index("AAS10") < ids.index("ALM4")


def test_rules_are_listed_for_machines() -> None:
    done = rules_listed()
    assert done.returncode == 0
    listed = json.loads(done.stdout)
    # asked in another process: in this one, other tests may have added rules of a team's own
    program = "import json, inferform; print(json.dumps(list(inferform.RULES)))"
    asked = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {entry["id"] for entry in listed} == set(json.loads(asked.stdout))
    assert all(entry["source"] for entry in listed)


def test_a_rule_is_explained_with_its_source() -> None:
    done = inferform("explain", "aas3")
    assert done.returncode == 0
    assert RULES["AAS3"].condition in done.stdout
    assert RULES["AAS3"].source in done.stdout


def test_an_unknown_rule_is_bad_input_with_the_nearest_match() -> None:
    done = inferform("explain", "AAS333")
    assert done.returncode == 2
    assert "did you mean" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_environment_is_bad_input_with_the_known_ones() -> None:
    done = inferform("bootstrap", "dev-use2")
    assert done.returncode == 2
    assert "did you mean dev-use1" in done.stderr


def test_a_command_without_its_argument_is_bad_input() -> None:
    assert inferform("bootstrap").returncode == 2


def test_without_credentials_a_bootstrap_fails_in_two_lines() -> None:
    done = inferform(
        "bootstrap",
        "dev-use1",
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert done.returncode == 1
    assert "no credentials for account 111122223333" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_of_aws_ends_any_command_without_a_traceback() -> None:
    # A command of its own, as each of ours says more about the errors that it can meet.
    program = """
import socket, sys, boto3
from ops.cli import app, main

# Bound, but not listening: whoever connects is refused.
closed = socket.socket()
closed.bind(("127.0.0.1", 0))

@app.command()
def ask():
    boto3.client(
        "sts", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{closed.getsockname()[1]}",
        aws_access_key_id="a", aws_secret_access_key="b",
        config=boto3.session.Config(retries={"max_attempts": 0}),
    ).get_caller_identity()

sys.argv = ["inferform", "ask"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Could not connect to the endpoint URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_deploying_without_a_terminal_asks_for_approval_on_the_command_line() -> None:
    done = inferform("deploy", "dev-use1-network")
    assert done.returncode == 2
    assert "--auto-approve" in done.stderr


def test_a_stack_that_is_not_there_is_refused_before_anything_is_asked() -> None:
    # In two lines however narrow, as there is no terminal.
    done = inferform("destroy", "dev-use1-netwrk", COLUMNS="40")
    assert done.returncode == 2
    assert "did you mean dev-use1-network" in done.stderr
    assert "nobody to ask" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_missing_terraform_is_said_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(OperatorError, match="terraform is not on PATH") as caught:
        terraform_binary()
    assert "developer.hashicorp.com" in str(caught.value)


def test_an_old_terraform_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "terraform"
    old.write_text('#!/bin/sh\necho "Terraform v1.9.8\non linux_amd64"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(OperatorError, match="older than Terraform"):
        terraform_binary()


def test_an_unpacked_provider_is_found_in_a_users_plugin_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import platform

    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    system = platform.system().lower()
    folder = tmp_path / ".terraform.d/plugins/registry.example/hashicorp/aws/5.100.0"
    provider = folder / f"{system}_{machine}" / "terraform-provider-aws_v5.100.0_x5"
    provider.parent.mkdir(parents=True)
    provider.touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert provider_mirror() == tmp_path / ".terraform.d/plugins"


def test_a_cli_configuration_that_exists_is_kept(tmp_path: Path) -> None:
    own = tmp_path / "own.rc"
    own.touch()
    assert terraform_environment({"TF_CLI_CONFIG_FILE": str(own)})["TF_CLI_CONFIG_FILE"] == str(own)


def test_a_cli_configuration_that_is_missing_is_written_in_one_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ops.terraform.WORK", tmp_path)
    missing = {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing.rc")}
    written = Path(terraform_environment(missing)["TF_CLI_CONFIG_FILE"])
    # Another run may be reading the one of before: it keeps that, whole.
    with written.open(encoding="utf-8") as read_by_another:
        written_again = Path(terraform_environment(missing)["TF_CLI_CONFIG_FILE"])
        assert written_again.stat().st_ino != os.fstat(read_by_another.fileno()).st_ino
    assert written_again == written
    assert {path.name for path in tmp_path.iterdir()} <= {"terraform.rc", "plugin-cache"}
