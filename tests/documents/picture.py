"""The picture of the way of one Spec, its arrows read from the imports of the code."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import cache

import grimp

from tests.conftest import ROOT

GROUPS: Mapping[str, tuple[str, ...]] = {
    "What people write": ("environments.dev",),
    "Specs: plain Python, checked when written": (
        "inferform",
        "inferform.exports",
        "inferform.environment",
        "inferform.sagemaker.endpoints.realtime",
        "inferform.service",
        "inferform.rules",
    ),
    "Synthesis: Terraform JSON": (
        "main",
        "inferform.program",
        "inferform.layers.program",
        "inferform.layers.inference",
        "inferform.layers.stacks.inference",
        "inferform.sagemaker.construct",
        "inferform.cdk",
    ),
    "The operator's command": (
        "inferform_ops.commands.deploy",
        "inferform_ops.commands.review",
        "inferform_ops.commands.verify",
        "inferform_ops.deploy",
        "inferform_ops.program",
        "inferform_ops.review.reviewing",
        "inferform_ops.verify",
        "inferform_ops.plan",
        "inferform_ops.state",
        "inferform_ops.kinds",
        "inferform_ops.kinds.sagemaker",
    ),
}
"""The modules of the picture. Its solid arrows are their imports, as far as one does not follow
from others."""

FILES = {
    "json": "cdk.tf.json of each stack",
    "terraform": "Terraform",
    "plan": "plan",
    "states": "state",
    "aws": "AWS, or the emulator",
}
"""What is no module: files, and programs that are not ours."""

FLOWS = (
    ("inferform", "loads when asked", "inferform.exports"),
    ("inferform.cdk", "writes", "json"),
    ("inferform_ops.program", "runs", "main"),
    ("json", "is read by", "terraform"),
    ("inferform_ops.deploy", "runs", "terraform"),
    ("inferform_ops.review.reviewing", "runs", "terraform"),
    ("terraform", "writes", "plan"),
    ("terraform", "writes", "states"),
    ("terraform", "changes", "aws"),
    ("plan", "is read by", "inferform_ops.plan"),
    ("states", "is read by", "inferform_ops.state"),
    ("inferform_ops.kinds.sagemaker", "asks", "aws"),
    ("inferform_ops.kinds", "finds by itself", "inferform_ops.kinds.sagemaker"),
)
"""What is handed on other than by an import, as dotted arrows."""


_FOLDERS = {"inferform": "modules", "inferform_ops": "ops"}


def path(module: str) -> str:
    """The file of a module, from the root of the repository."""
    parts = module.split(".")
    base = "/".join([_FOLDERS.get(parts[0], parts[0]), *parts[1:]])
    return f"{base}/__init__.py" if (ROOT / base).is_dir() else f"{base}.py"


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        *("inferform", "inferform_ops", "environments"),
        exclude_type_checking_imports=True,
        cache_dir=None,
    )


def imported_by(module: str) -> set[str]:
    """The modules that a module imports, also where it does so when it is called."""
    if module != "main":
        return set(_graph().find_modules_directly_imported_by(module))
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    named = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        name
        for node in named
        for name in (node.module or "", *(f"{node.module}.{each.name}" for each in node.names))
    }


def leads(one: str, other: str) -> bool:
    """Whether a module imports another, itself or through others."""
    if one == "main":
        return other in imported_by(one)
    return _graph().find_shortest_chain(importer=one, imported=other) is not None


def _used(module: str, shown: Collection[str]) -> list[str]:
    """The modules of the picture that a module imports, itself or by its neighbours.

    A neighbour is a module of the same capability that the picture leaves out.
    """
    capability = ".".join([*module.split(".")[:2], ""])
    seen: set[str] = set()
    waiting = imported_by(module)
    while waiting:
        new = waiting - seen
        seen |= new
        hidden = {each for each in new - {*shown} if each.startswith(capability)}
        waiting = {each for neighbour in hidden for each in imported_by(neighbour)} - seen
    return [other for other in shown if other in seen and other != module]


def imports() -> list[tuple[str, str]]:
    """The imports between modules of the picture that do not follow from others of them."""
    shown = [module for modules in GROUPS.values() for module in modules]
    used = {module: _used(module, shown) for module in shown}

    def reached(start: str, without: str) -> set[str]:
        found: set[str] = set()
        waiting = [other for other in used[start] if other != without]
        while waiting:
            if (module := waiting.pop()) not in found:
                found.add(module)
                waiting += used[module]
        return found

    return [
        (one, other)
        for one in shown
        for other in used[one]
        if other not in reached(one, without=other)
    ]


def _key(name: str) -> str:
    return name.replace(".", "_")


def drawing() -> str:
    """The picture in Mermaid, which GitHub draws."""
    lines = ["```mermaid", "flowchart TD"]
    for number, (title, modules) in enumerate(GROUPS.items()):
        lines.append(f'  subgraph group{number}["{title}"]')
        lines += [f'    {_key(module)}["{path(module)}"]' for module in modules]
        lines.append("  end")
    lines += [f'  {name}(["{words}"])' for name, words in FILES.items()]
    lines += [f"  {_key(one)} --> {_key(other)}" for one, other in imports()]
    lines += [f"  {_key(one)} -. {words} .-> {_key(other)}" for one, words, other in FLOWS]
    return "\n".join([*lines, "```"]) + "\n"
