"""The reference of the documentation site: every Spec, command, rule, risk and check."""

from __future__ import annotations

import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import typer
from typer.core import TyperArgument, TyperOption

import inferform
from ops.cli import app
from ops.explain import REGISTRIES, Entry, place
from ops.specs import Field, SpecPage, exported, json_schema, page
from tests.conftest import ROOT

_GENERAL = "environment"
"""The page of the Specs that belong to no capability."""


@cache
def specs() -> dict[str, list[SpecPage]]:
    """The Specs of each page, by the page's name."""
    found: defaultdict[str, list[SpecPage]] = defaultdict(list)
    for spec in exported().values():
        about = page(spec)
        readme = ROOT / "modules" / about.topic / "README.md"
        found[about.topic if about.topic and readme.exists() else _GENERAL].append(about)
    return {name: found[name] for name in sorted(found)}


@cache
def _places() -> dict[str, str]:
    """Where each Spec is described, from the folder of the pages of Specs."""
    return {
        about.name: f"{name}.md#{about.name.lower()}"
        for name, abouts in specs().items()
        for about in abouts
    }


@cache
def entries() -> dict[str, dict[str, Entry]]:
    """What is built in: rules, risks and checks, by id."""
    found: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
    for registry in REGISTRIES:
        for entry in sorted(registry(), key=lambda each: place(each.id)):
            found[_PAGES.get(entry.kind, "checks")][entry.id] = entry
    return dict(found)


_PAGES = {"rule": "rules", "risk": "risks"}


def _escaped(text: str) -> str:
    """Text with what Markdown would take for its own made harmless, outside of code."""
    parts = re.split(r"(`[^`]+`)", text)
    # Markdown of Python does not escape < by a backslash.
    return "".join(
        part if number % 2 else re.sub(r"([\\*_{}\[\]>#|])", r"\\\1", part).replace("<", "&lt;")
        for number, part in enumerate(parts)
    )


def _id(rule: str, up: str = "../") -> str:
    return f"[{rule}]({up}rules.md#{rule.lower()})"


def _member(name: str) -> str:
    """A name of AWS's, which a narrow screen may break behind its parts."""
    parts = re.sub(r"([:.])", r"\1<wbr>", name)
    return f"<code>{parts}</code>"


def _typed(text: str) -> str:
    """A type with a link for each Spec in it."""
    names = "|".join(sorted(_places(), key=len, reverse=True))
    parts = re.split(rf"\b({names})\b", text)
    inside = "".join(
        f"[{part}]({_places()[part]})" if number % 2 else _escaped(part)
        for number, part in enumerate(parts)
    )
    return f"<code>{inside}</code>"


def _field(spec: str, field: Field) -> Iterator[str]:
    given = "required" if field.default is None else f"default `{field.default}`"
    yield f"`{field.name}`{{ #{spec.lower()}-{field.name} }}"
    yield f":   {_typed(field.type)}, {given}{f', in {field.unit}' if field.unit else ''}"
    yield ""
    yield f"    {_escaped(field.words)}"
    yield ""
    lines = [f"Limit: {_escaped(each.text)} ({_id(each.rule)})" for each in field.limits]
    if field.rules:
        lines.append(f"Rules: {', '.join(map(_id, field.rules))}")
    if field.aws:
        lines.append(f"AWS: {', '.join(map(_member, field.aws))}")
    yield from (f"    - {line}" for line in lines)
    yield ""


def _spec(about: SpecPage) -> Iterator[str]:
    yield f"## {about.name}"
    yield ""
    yield _escaped(about.words)
    yield ""
    for field in about.fields:
        yield from _field(about.name, field)
    if about.rules:
        yield f"Further rules: {', '.join(map(_id, about.rules))}."
        yield ""
    yield f"[JSON Schema](../schemas/{about.name}.json){{ download }}"
    yield ""


def title_of(name: str) -> str:
    """The heading of a page of Specs."""
    if name == _GENERAL:
        return "Environment"
    text = (ROOT / "modules" / name / "README.md").read_text("utf-8")
    return text.partition("\n")[0].removeprefix("# ")


def _specs_page(name: str, abouts: Sequence[SpecPage]) -> str:
    lines = [f"# Specs: {title_of(name)}", ""]
    if name != _GENERAL:
        lines += [f"Examples are in [{title_of(name)}](../../modules/{name}.md).", ""]
    for about in abouts:
        lines += _spec(about)
    return "\n".join(lines)


def _specs_index() -> str:
    lines = [
        "# Specs",
        "",
        "Everything that an environment is written in. Each field has its type, its default, its limits with",
        "the [rules](../rules.md) that set them, and its name in AWS's API. `inferform spec NAME` prints the",
        "same in a terminal, and `inferform spec NAME --json` the JSON Schema.",
        "",
    ]
    for name, abouts in specs().items():
        lines += [f"## {title_of(name)}", "", "| Spec | Is |", "|---|---|"]
        for about in abouts:
            target = _places()[about.name]
            lines.append(f"| [`{about.name}`]({target}) | {_escaped(about.summary)} |")
        lines.append("")
    return "\n".join(lines)


def _entry(entry: Entry) -> Iterator[str]:
    yield f"`{entry.id}`{{ #{entry.id.lower()} }}"
    severity = f"**{entry.severity}**: " if entry.kind in ("rule", "risk") else ""
    yield f":   {severity}{_escaped(entry.title)}"
    yield ""
    for label, text in (
        ("Message", entry.message),
        ("Why", entry.why),
        ("Fix", entry.fix),
        ("Source", entry.source),
    ):
        if text:
            yield f"    - {label}: {_escaped(' '.join(text.split()))}"
    yield ""


def _families(found: Mapping[str, Entry]) -> dict[str, list[Entry]]:
    families: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in found.values():
        families[place(entry.id)[0] if entry.id.isupper() or "-" not in entry.id else ""].append(
            entry
        )
    return families


def _catalogue(name: str, title: str, words: str) -> str:
    lines = [f"# {title}", "", words, ""]
    found = entries()[name]
    if name == "checks":
        groups: dict[str, list[Entry]] = defaultdict(list)
        for entry in found.values():
            groups[entry.kind[:1].upper() + entry.kind[1:] + "s"].append(entry)
    else:
        groups = _families(found)
    for heading, held in groups.items():
        lines += [f"## {heading}", ""]
        for entry in held:
            lines += _entry(entry)
    return "\n".join(lines)


def _parameter(parameter: TyperArgument | TyperOption) -> Iterator[str]:
    if isinstance(parameter, TyperArgument):
        name = f"`{(parameter.metavar or parameter.name or '').strip('{}')}`"
    else:
        both = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
        name = both if parameter.is_flag else f"{both} `{parameter.metavar or 'VALUE'}`"
    words = " ".join((parameter.help or "").replace("\\[", "[").split())
    default = parameter.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    given = f" Default: `{default}`." if plain and "Default:" not in words else ""
    required = " Required." if parameter.required else ""
    yield name
    yield f":   {_escaped(words)}{required}{given}"
    yield ""


def _command(path: str, command: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {path}"
    yield ""
    text = inspect.getdoc(command.callback) if command.callback else command.help
    for paragraph in (text or command.help or "").split("\n\n"):
        words = " ".join(paragraph.split())
        example = words.removeprefix("Example: ")
        yield from (["```", example, "```"] if example != words else [_escaped(words)])
        yield ""
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from _command(f"{path} {name}", each, level + 1)
        return
    for parameter in command.params:
        if parameter.name != "help":
            yield from _parameter(parameter)


def commands() -> dict[str, Any]:
    """Every command of `inferform`, in the order of the help."""
    found: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return found


def _commands_page() -> str:
    lines = [
        "# Commands",
        "",
        "`inferform COMMAND --help` prints the same in a terminal. Every command with a result takes `--json`.",
        "",
    ]
    panel = ""
    for name, command in commands().items():
        if command.rich_help_panel != panel:
            panel = command.rich_help_panel
            lines += [f"## {panel}", ""]
        lines += _command(f"inferform {name}", command, 3)
    return "\n".join(lines)


def _functions() -> str:
    lines = [
        "# Functions and values",
        "",
        "What `inferform` exports beside [Specs](specs/index.md).",
        "",
    ]
    for name in sorted(set(inferform.__all__) - exported().keys()):
        value = getattr(inferform, name)
        lines += [f"## {name}", ""]
        if callable(value) and not isinstance(value, type):
            signature = str(inspect.signature(value))
            lines += ["```python", f"{name}{_plain(signature)}", "```", ""]
        if callable(value):
            for paragraph in (inspect.getdoc(value) or "").split("\n\n"):
                lines += [_escaped(" ".join(paragraph.split())), ""]
        elif name == "RULES":
            lines += ["Every [rule](rules.md) by its id.", ""]
        else:
            held = ", ".join(f"`{each}`" for each in value)
            lines += [f"{held}.", ""]
    return "\n".join(lines)


def _plain(signature: str) -> str:
    """A signature whose annotations stand without quotes."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)


def pages() -> dict[str, str]:
    """The text of each page, by its place in the site."""
    made = {f"reference/specs/{name}.md": _specs_page(name, each) for name, each in specs().items()}
    made["reference/specs/index.md"] = _specs_index()
    made["reference/commands.md"] = _commands_page()
    made["reference/functions.md"] = _functions()
    made["reference/rules.md"] = _catalogue(
        "rules",
        "Rules",
        "What a Spec is checked against when it is written: what each rule refuses, what it says, and whose "
        "limit it is. An error stops; a warning is printed. `inferform explain ID` prints one.",
    )
    made["reference/risks.md"] = _catalogue(
        "risks",
        "Risks",
        "What `inferform review` looks for in a plan ([how](../review.md#risks)), and what to do about it.",
    )
    made["reference/checks.md"] = _catalogue(
        "checks",
        "Checks",
        "What `inferform preflight`, `inferform verify` and `inferform check-container` look at.",
    )
    return made


def schemas() -> dict[str, str]:
    """The JSON Schema of each Spec, by its place in the site."""
    return {
        f"reference/schemas/{name}.json": json.dumps(json_schema(spec), indent=1) + "\n"
        for name, spec in exported().items()
    }
