"""The graph of a pipeline's steps: what each waits for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..rules import PathPart, Problem, did_you_mean
from .steps import SMP1, SMP2, SMP3, SMP6

Where = tuple[PathPart, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a step asks of another."""

    where: Where
    step: str

    output: str = ""
    """An output of a processing step; empty for anything else."""

    file: str = ""
    """A property file; empty for anything else."""

    of: tuple[str, ...] = ()
    """The types of steps that have it; empty for any."""


@dataclass(frozen=True, slots=True)
class Node:
    """A step with what it asks of others."""

    where: Where
    name: str
    type: str
    branches: tuple[tuple[str, str], ...] = ()
    """The condition steps whose branches it is in, the outermost first, each with the branch."""

    wants: tuple[Wanted, ...] = ()
    outputs: frozenset[str] | None = None
    files: frozenset[str] | None = None
    parameters: tuple[tuple[Where, str], ...] = field(default=())
    """The parameters that it names."""


def problems(nodes: Iterable[Node], parameters: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the steps of a pipeline, whoever wrote them."""
    steps, known = [*nodes], [*parameters]
    if not 1 <= len(steps) <= 50:
        yield SMP1.problem("steps", count=len(steps))
    by_name: dict[str, Node] = {}
    for node in steps:
        other = by_name.setdefault(node.name, node)
        if other is not node:
            place = ".".join(map(str, other.where))
            wrong = f"is the name of {place} too; a step's name is unique in the pipeline"
            yield SMP2.problem(*node.where, got=node.name, wrong=wrong)
    for node in steps:
        for where, name in node.parameters:
            if name not in known:
                hint = did_you_mean(name, known)
                yield SMP3.problem(*where, got=name, wrong=f"is no parameter of the pipeline{hint}")
        for wanted in node.wants:
            yield from _wanted_problems(node, wanted, by_name)
    yield from _cycles(by_name)
    read = sum(1 for node in steps for each in node.wants if each.file)
    if read > 200:
        yield SMP6.problem("steps", wrong=f"read property files {read} times; AWS takes 200")
    files = sum(len(node.files or ()) for node in steps)
    if files > 10:
        yield SMP6.problem("steps", wrong=f"have {files} property files; AWS takes 10")


def _wanted_problems(node: Node, wanted: Wanted, by_name: Mapping[str, Node]) -> Iterator[Problem]:
    other = by_name.get(wanted.step)
    if other is None:
        hint = did_you_mean(wanted.step, by_name)
        yield SMP3.problem(*wanted.where, got=wanted.step, wrong=f"is no step{hint}")
        return
    outside = other.branches[len(_shared(node.branches, other.branches)) :]
    if outside:
        condition, branch = outside[0]
        wrong = (
            f"runs only in the branch {branch} of {condition}, in which {node.name} is not; move one of "
            "them"
        )
        yield SMP3.problem(*wanted.where, got=wanted.step, wrong=wrong)
    elif wanted.of and other.type not in wanted.of:
        wrong = f"is a step of type {other.type}, which has none of it"
        yield SMP3.problem(*wanted.where, got=wanted.step, wrong=wrong)
    elif wanted.output and other.outputs is not None and wanted.output not in other.outputs:
        hint = did_you_mean(wanted.output, other.outputs)
        wrong = f"is no output of {wanted.step}{hint}"
        yield SMP3.problem(*wanted.where, got=wanted.output, wrong=wrong)
    elif wanted.file and wanted.file not in (other.files or ()):
        hint = did_you_mean(wanted.file, other.files or ())
        wrong = f"is no property file of {wanted.step}{hint}"
        yield SMP3.problem(*wanted.where, got=wanted.file, wrong=wrong)


def _shared(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    found = []
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        found.append(left)
    return tuple(found)


def order(nodes: Iterable[Node]) -> tuple[list[str], list[str]]:
    """The steps in an order in which each comes after what it waits for; and those that wait for each
    other, for which there is none."""
    by_name = {node.name: node for node in nodes}
    waits = {
        node.name: {each.step for each in node.wants if each.step in by_name}
        | {condition for condition, _ in node.branches}
        for node in by_name.values()
    }
    done: list[str] = []
    while ready := [name for name, on in waits.items() if not on - set(done)]:
        done += ready
        for name in ready:
            del waits[name]
    # What only stands behind a cycle is not in it.
    while ends := [n for n in waits if not any(n in on for on in waits.values())]:
        for name in ends:
            del waits[name]
    return done, list(waits)


def _cycles(by_name: Mapping[str, Node]) -> Iterator[Problem]:
    _, circle = order(by_name.values())
    if circle:
        first = by_name[circle[0]]
        wrong = (
            "waits for itself"
            if circle == [first.name]
            else f"and the others of {', '.join(circle)} wait for each other"
        )
        yield SMP3.problem(*first.where, wrong=wrong)
