"""What the docs name is there: files, links, commands with their options, make's targets."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from inferform import load
from ops.cli import app

from .readme import ROOT

FILES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CODE_OF_CONDUCT.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *ROOT.glob("changes/*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("[a-z]*/README.md"),
        *ROOT.glob("modules/*/README.md"),
        *ROOT.glob("examples/*/README.md"),
        *ROOT.glob("container/**/CONTRACT.md"),
    ]
)
PARTS = ("bench", "container", "docs", "emulator", "environments", "modules", "ops", "tests")
# Words of the docs that stand for something else.
STAND_INS = {"STACK", "ENV", "SERVICE", "PLAN", "LAYER"}
# Options of other programs that stand by themselves: cdktf's, docker's, AWS's, and what is hidden in logs.
OTHERS = {
    "--ignore-missing-stack-dependencies",
    "--build-arg",
    "--thing-name",
    "--thing-group-name",
    "--thing-policy-name",
    "--tes-role-alias-name",
    "--api-key",
}

pytestmark = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))


def split(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text without its fenced blocks, and the blocks: the language of each and its content."""
    outside: list[str] = []
    blocks: list[tuple[str, list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
            if inside:
                blocks.append((line.strip().strip("`"), []))
        elif inside:
            blocks[-1][1].append(line)
        else:
            outside.append(line)
    assert not inside, "a block without an end"
    return "\n".join(outside), [(language, "\n".join(lines)) for language, lines in blocks]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return split(text)[0]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_link_leads_to_a_file_and_a_heading_of_it(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(file.read_text("utf-8"))):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (file.parent / name).resolve() if name else file
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text("utf-8")), target


def test_every_file_of_the_repository_that_it_names_is_there(file: Path) -> None:
    for path in re.findall(r"`([\w./-]+/[\w./-]+)`", prose(file.read_text("utf-8"))):
        if path.split("/")[0] in PARTS:
            # NAME stands for what a reader adds: there is one like it already.
            assert list(ROOT.glob(re.sub(r"NAME|SERVICE", "*", path))), path


def block_lines(text: str) -> Iterator[str]:
    """What stands in blocks for a shell, line by line."""
    for language, block in split(text)[1]:
        if language.partition(" ")[0] in ("", "sh", "bash"):
            yield from block.replace("\\\n", " ").splitlines()


def spans(text: str) -> Iterator[str]:
    """What stands between backticks."""
    for span in re.findall(r"`([^`]+)`", prose(text)):
        yield " ".join(span.split())


def shell_lines(text: str) -> Iterator[str]:
    """What stands in blocks for a shell, line by line, and between backticks."""
    yield from block_lines(text)
    yield from spans(text)


def commands(lines: Iterator[str]) -> Iterator[list[str]]:
    """The commands of `inferform`, in words."""
    for line in lines:
        for part in re.split(r"&&|\$\(|\)\"", line):
            match = re.match(r"\s*(?:\w+=\S+ )*(?:pipenv run )?(?:[\w./]*/)?inferform (.+)", part)
            if match:
                yield shlex.split(match[1], comments=True)


@cache
def _command() -> Any:
    return typer.main.get_command(app)


@cache
def _environments(project: Path) -> set[str]:
    """The keys and the stages of the environments of a project."""
    keys = load(project / "environments").environments
    return {*keys, *(each.context.stage for each in keys.values())}


def _found(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words begin with, and the other words."""
    found = _command()
    while words and hasattr(found, "commands") and words[0] in found.commands:
        found, words = found.commands[words[0]], words[1:]
    return found, words


def _options(command: Any) -> set[str]:
    """The options of a command and of those below it."""
    own = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return own.union(*(_options(each) for each in getattr(command, "commands", {}).values()))


def check_command(words: list[str], project: Path = ROOT) -> None:
    """Raise AssertionError unless command, options and environments are those that exist."""
    found, words = _found(words)
    family = hasattr(found, "commands")
    assert not family or words in ([], ["--help"]), f"{words} is no command of {found.name}"
    options = _options(found) | {"--help"}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= options, (found.name, given - options)
    for number, word in enumerate(words):
        named = words[number - 1] in ("--from", "--to", "--environment") if number else False
        first = [p.metavar for p in found.params if p.param_type_name == "argument"][:1]
        if named or (number == 0 and first == ["ENV"] and not word.startswith(("-", "["))):
            assert word in STAND_INS | _environments(project), word


def test_every_command_of_inferform_that_it_shows_exists_with_its_options(file: Path) -> None:
    project = file.parent if (file.parent / "environments").is_dir() else ROOT
    text = file.read_text("utf-8")
    for words in commands(shell_lines(text)):
        check_command(words, project)
    for span in spans(text):
        # `review --level`: a command without the word before it.
        words = span.split()
        if words[0] in _command().commands and "--" in span:
            check_command(words, project)


def test_every_command_in_a_block_can_be_given_as_it_stands(file: Path) -> None:
    for words in commands(block_lines(file.read_text("utf-8"))):
        found, rest = _found(words[: words.index(">")] if ">" in words else words)
        # Raises what click says of a missing argument, an unknown option and a value that is no choice.
        with contextlib.suppress(click.exceptions.Exit):
            found.make_context("inferform", rest)


def test_every_option_that_it_names_by_itself_is_one_of_a_command(file: Path) -> None:
    programs = ("bench/__main__.py", "modules/program.py")
    own = "".join((ROOT / each).read_text("utf-8") for each in programs)
    for span in spans(file.read_text("utf-8")):
        option = re.match(r"--[a-z-]+", span)
        if option:
            known = option[0] in _options(_command()) | OTHERS | {"--help"}
            assert known or f'"{option[0]}"' in own, span


def test_every_option_of_a_table_is_one_of_a_command_above_it(file: Path) -> None:
    text = file.read_text("utf-8")
    for table in re.finditer(r"^\| Option \|.*\n(?:\|.*\n)+", text, re.MULTILINE):
        cells = [row.split("|")[1] for row in table[0].splitlines()[2:]]
        listed = {option for cell in cells for option in re.findall(r"`(--[a-z-]+)`", cell)}
        if listed:
            above = text[: table.start()].rpartition("\n## ")[2]
            shown = [_options(_found(words)[0]) for words in commands(block_lines(above))]
            assert any(listed <= options for options in shown), listed


def test_every_target_of_make_that_it_names_exists(file: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for line in shell_lines(file.read_text("utf-8")):
        match = re.match(r"make ([\w./-]+)", line)
        assert match is None or re.search(rf"^{re.escape(match[1])}:", makefile, re.MULTILINE), line


def test_every_example_imports_the_package_by_the_name_that_it_has_everywhere(file: Path) -> None:
    assert not re.search(r"^\s*(from|import) modules\b", file.read_text("utf-8"), re.MULTILINE)
