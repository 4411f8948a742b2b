"""The generated parts: each stands in its document between two comments with its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inferform import load
from ops.diagram import mermaid
from ops.picture import picture as drawn
from tests.conftest import ROOT

from . import (
    capabilities,
    checkov,
    containers,
    extensions,
    names,
    options,
    overrides,
    peers,
    picture,
    prices,
)

UPDATE = ".venv/bin/python -m tests.documents"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document, and what makes its text."""

    name: str
    file: Path
    make: Callable[[], str]


EXAMPLE = ROOT / "examples/tour/environments/dev.py"


def _tour() -> str:
    """The environment of the tour, which its test deploys."""
    return f"```python\n{EXAMPLE.read_text('utf-8').rstrip()}\n```\n"


PLATFORM = ROOT / "examples/platform"


def _platform() -> str:
    """What production of the platform is, and who calls whom."""
    prod = load(PLATFORM / "environments").environments["prod-use1"]
    return f"```mermaid\n{mermaid(drawn(prod))}```\n"


GENERATED = (
    Part("names", ROOT / "README.md", names.table),
    Part("containers", ROOT / "modules/model/README.md", containers.table),
    Part("way-of-a-spec", ROOT / "docs/architecture.md", picture.drawing),
    Part("services", ROOT / "docs/capabilities.md", capabilities.of_services),
    Part("types", ROOT / "docs/capabilities.md", capabilities.of_types),
    Part("prices", ROOT / "docs/review.md", prices.table),
    Part("roles", ROOT / "docs/overrides.md", overrides.table),
    Part("option-numbers", ROOT / "docs/options.md", options.summary),
    Part("options", ROOT / "docs/options.md", options.tables),
    Part("loop", ROOT / "docs/training.md", _tour),
    Part("production", PLATFORM / "README.md", _platform),
    Part("extensions", ROOT / "docs/capabilities.md", extensions.table),
    Part("examples", ROOT / "docs/peers.md", peers.of_examples),
    Part("checkov", ROOT / "docs/approval.md", checkov.table),
    Part("differences", ROOT / "docs/peers.md", peers.of_differences),
)


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: written by {UPDATE} -->\n", f"<!-- end of {name} -->\n"


def with_part(text: str, name: str, part: str) -> str:
    """The text with a part of it instead of the one that it has."""
    first, last = _marks(name)
    before, _, rest = text.partition(first)
    _, found, after = rest.partition(last)
    if not found:
        raise ValueError(f"the document has no part {name}")
    return f"{before}{first}\n{part}\n{last}{after}"
