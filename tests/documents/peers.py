"""What Inferform makes instead of public modules' examples."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.peers import examples
from tests.peers.record import Example, kind_of, short

_BASE = "https://github.com"


def _link(example: Example) -> str:
    file = f"examples/peers/{example.environment}.py"
    return f"[{example.environment}](../{file})"


def _where(environments: Iterable[str]) -> str:
    """Environments in a few words: all of a module, or all but some."""
    given = {*environments}
    modules: defaultdict[str, list[str]] = defaultdict(list)
    for example in examples():
        modules[example.environment.partition("_")[0]].append(example.environment)
    shown = []
    for module, of_module in modules.items():
        held = [name for name in of_module if name in given]
        left = [name for name in of_module if name not in given]
        if len(of_module) == 1 or len(held) <= len(left):
            shown += held
        else:
            but = f" but {', '.join(left)}" if left else ""
            shown.append(f"{module}_*{but}")
    return ", ".join(shown)


def _rows(found: Iterable[tuple[str, str, str]], heading: str, *, where: bool) -> Iterator[str]:
    """A row for each reason and the environments that have it."""
    places: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for thing, because, environment in found:
        places[thing, because][environment] = None
    grouped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for (thing, because), environments in places.items():
        grouped[because, _where(environments) if where else ""].append(thing)
    yield f"| {heading} | In | Because |" if where else f"| {heading} | Because |"
    yield "|---|---|---|" if where else "|---|---|"
    for (because, place), things in sorted(grouped.items(), key=lambda row: sorted(row[1])):
        shown = ", ".join(f"`{thing}`" for thing in sorted(things))
        cells = [shown, place, because] if where else [shown, because]
        yield f"| {' | '.join(cells)} |"


def of_examples() -> str:
    """A row for each example."""
    lines = ["| Public example | Environment | On the emulator |", "|---|---|---|"]
    for example in examples():
        recorded = example.recorded()
        place = f"{_BASE}/{recorded.module}/tree/{recorded.commit}/{recorded.example}"
        name = f"{recorded.module.split('/')[-1].removeprefix('terraform-aws-')}"
        name += f", {recorded.example.removeprefix('examples/')}"
        deployed = f"deployed, {example.emulator}" if example.deployed else example.emulator
        lines.append(f"| [{name}]({place}) | {_link(example)} | {deployed} |")
    return "\n".join(lines) + "\n"


def of_differences() -> str:
    """What is otherwise, what is not made, and what is added."""
    every = examples()
    differs = (
        (f"{kind_of(pair.theirs)}.{short(path)}", each.because, example.environment)
        for example in every
        for pair in example.pairs
        for path, each in pair.differs.items()
    )
    not_made = (
        (re.sub(r"\[\d+\]$", "", pattern), because, example.environment)
        for example in every
        for pattern, because in example.not_made.items()
    )
    adds = (
        (f"{kind_of(pair.theirs)}.{path}", because, example.environment)
        for example in every
        for pair in example.pairs
        for path, because in pair.adds.items()
    )
    beside = (
        (kind, because, example.environment)
        for example in every
        for kind, because in example.beside.items()
    )
    parts = (
        ("Otherwise on purpose", differs, "Attribute", True),
        ("Not made", not_made, "Resource of the module", True),
        ("Attributes that only Inferform sets", adds, "Attribute", False),
        ("Resources that only Inferform makes", beside, "Type", False),
    )
    return "\n".join(
        "\n".join([f"### {title}", "", *_rows(found, heading, where=where), ""])
        for title, found, heading, where in parts
    )
