"""Work on stacks side by side: in order where one depends on another, at the same time elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .errors import OperatorError
from .terraform import Stack

Result = TypeVar("Result")


def stacks_at_a_time(given: int | None) -> int:
    """How many stacks are worked on at a time. Default: two for each processor that this process may
    use, as Terraform waits for AWS most of its time."""
    return given or 2 * _processors()


def _processors() -> int:
    # macOS lets each process use all of them.
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


@dataclass(slots=True)
class Done(Generic[Result]):
    """What has become of each stack, by its name."""

    results: dict[str, Result] = field(default_factory=dict)
    failed: dict[str, OperatorError] = field(default_factory=dict)

    left: list[str] = field(default_factory=list)
    """Those that were not begun, as what they wait for has failed."""


def below_each(stacks: Iterable[Stack]) -> dict[str, set[str]]:
    """What each stack depends on, also by way of others; `stacks` come those below first."""
    found: dict[str, set[str]] = {}
    for stack in stacks:
        found[stack.name] = {*stack.dependencies}.union(
            *(found.get(name, set()) for name in stack.dependencies)
        )
    return found


def levels(names: Sequence[str], below: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Names that do not depend on each other, those below first."""
    found: list[list[str]] = []
    left = [*names]
    while left:
        level = [name for name in left if not {*below[name]} & {*left}]
        found.append(level)
        left = [name for name in left if name not in level]
    return found


def work(
    names: Sequence[str],
    one: Callable[[str], Result],
    *,
    after: Mapping[str, Collection[str]],
    parallelism: int | None = None,
) -> Done[Result]:
    """Call `one` for each name, after those that it waits for.

    `after` has the names that each waits for; those that are not among `names` are waited for by
    nobody. An OperatorError of one leaves those that wait for it, also by way of others, and
    nothing else. Any other error ends all, once what has begun has ended.
    """
    done = Done[Result]()
    waiting = {name: {*after[name]} & {*names} for name in names}
    running: dict[Future[Result], str] = {}
    most = stacks_at_a_time(parallelism)
    with ThreadPoolExecutor(most) as pool:
        while waiting or running:
            for name in [name for name, before in waiting.items() if not before]:
                if len(running) < most:
                    del waiting[name]
                    running[pool.submit(one, name)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                try:
                    done.results[name] = future.result()
                except OperatorError as error:
                    done.failed[name] = error
                    _leave(name, waiting, done.left)
                for before in waiting.values():
                    before.discard(name)
    return done


def _leave(name: str, waiting: dict[str, set[str]], left: list[str]) -> None:
    for above in [each for each, before in waiting.items() if name in before]:
        if waiting.pop(above, None) is not None:
            left.append(above)
            _leave(above, waiting, left)
