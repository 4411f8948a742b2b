"""Bound plans: a saved plan belongs to one commit, environment, stack and state."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from inferform import Context

from ..errors import BadInputError, OperatorError
from ..state import Mark, pulled
from ..terraform import LOCK_FILE, Stack
from .source import Source

VERSION = 2


def again(record: Record) -> str:
    """How to plan again what a record is of."""
    return f"plan it again: inferform review {record.environment or record.stack}"


@dataclass(frozen=True, slots=True)
class Record:
    """What a saved plan was made from."""

    version: int
    stack: str
    environment: str
    """The key of the environment; empty for a stack of one's own that names none, like the next."""

    layer: str
    account: str
    region: str
    target: str
    source: Source
    synthesized: str
    lock_file: str
    plan: str
    state: Mark | None
    below: dict[str, Mark]
    """The states of the stacks that it depends on."""

    made: str

    @classmethod
    def of(
        cls,
        stack: Stack,
        saved: Path,
        *,
        context: Context | None,
        target: str,
        source: Source,
        state: Mark | None,
        below: Mapping[str, Mark],
    ) -> Record:
        """The record of a plan that was just saved."""
        return cls(
            version=VERSION,
            stack=stack.name,
            environment=stack.environment,
            layer=stack.layer,
            account=context.account if context else "",
            region=context.region if context else "",
            target=target,
            source=source,
            synthesized=digest(stack.folder / "cdk.tf.json"),
            lock_file=digest(stack.folder / LOCK_FILE),
            plan=digest(saved),
            state=state,
            below=dict(below),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def digest(file: Path) -> str:
    """The SHA-256 of a file; empty when there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def configuration_of(saved: Path) -> bytes:
    """The Terraform JSON that a saved plan holds: what it was planned from.

    Terraform keeps it in the plan itself, which names the backend that an apply writes to. Empty
    where the file holds none.
    """
    try:
        with zipfile.ZipFile(saved) as plan:
            return plan.read("tfconfig/m-/cdk.tf.json")
    except (OSError, KeyError, zipfile.BadZipFile):
        return b""


def record_path(saved: Path) -> Path:
    """Where the record of a saved plan is."""
    return saved.with_suffix(".json")


def write_record(saved: Path, record: Record) -> None:
    """Write the record beside its plan."""
    record_path(saved).write_text(f"{json.dumps(asdict(record), indent=2)}\n", encoding="utf-8")


def read_record(saved: Path) -> Record:
    """The record of a saved plan. Raises BadInputError when there is none, or it is damaged."""
    if not saved.is_file():
        raise BadInputError(f"there is no plan {saved}", "inferform review ENV saves plans")
    try:
        content = json.loads(record_path(saved).read_text("utf-8"))
        if content.get("version") != VERSION:
            raise BadInputError(
                f"{saved} was made by another version of Inferform",
                "plan it again: inferform review",
            )
        source = Source.of(content.pop("source"))
        state = Mark(**content.pop("state")) if content.get("state") else content.pop("state")
        below = {name: Mark(**entry) for name, entry in content.pop("below").items()}
        record = Record(**content, source=source, state=state, below=below)
    except OSError as error:
        raise BadInputError(
            f"{saved} has no record of what it was made from", "inferform review ENV writes both"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInputError(f"the record of {saved} is damaged: {error}") from error
    return record


def check(
    record: Record,
    saved: Path,
    *,
    environment: str | None,
    target: str,
    source: Source,
    uncommitted: bool = False,
) -> None:
    """Refuse a plan of another commit, environment or target, or one that was changed.

    `source` is what the project is now. With `uncommitted` a plan is taken that no commit holds
    wholly. Raises OperatorError. What needs Terraform is checked by `check_stack`.
    """
    if environment is not None and environment != record.environment:
        whose = record.environment or record.stack
        raise OperatorError(f"{saved} is a plan of {whose}, not of {environment}")
    if target != record.target:
        hint = "add --emulator" if record.target == "emulator" else "leave --emulator out"
        raise OperatorError(f"{saved} is a plan for {record.target}, not for {target}", hint)
    if source.commit != record.source.commit:
        raise OperatorError(
            f"{saved} was made from {record.source}, but "
            f"{source.commit[:12] or 'no commit'} is checked out",
            again(record),
        )
    if not record.source.is_commit and not uncommitted:
        raise OperatorError(
            f"{saved} was made from {record.source}",
            "nobody can look up later what that was: commit, push and "
            f"{again(record)}; --uncommitted applies it as it is",
        )
    if digest(saved) != record.plan:
        raise OperatorError(f"{saved} is not the plan that was reviewed", again(record))


def check_stack(
    record: Record,
    saved: Path,
    stack: Stack,
    below: Sequence[Stack],
    environment: Mapping[str, str],
) -> None:
    """Refuse a stale plan, and one of another stack, whatever its record says.

    A plan is stale when the code, the provider or a state is no longer what it was made from. The
    stacks are synthesized and initialized; `below` are those that `stack` depends on. Raises
    OperatorError.
    """
    if digest(stack.folder / "cdk.tf.json") != record.synthesized:
        raise OperatorError(
            f"the plan of {stack.name} is stale: the code synthesizes to something else",
            again(record),
        )
    if digest(stack.folder / LOCK_FILE) != record.lock_file:
        raise OperatorError(
            f"the plan of {stack.name} is stale: {LOCK_FILE} chooses other providers", again(record)
        )
    if configuration_of(saved) != (stack.folder / "cdk.tf.json").read_bytes():
        raise OperatorError(
            f"{saved} is not a plan of {stack.name}: it was planned from something else",
            again(record),
        )
    if pulled(stack, environment) != record.state:
        raise OperatorError(
            f"the plan of {stack.name} is stale: its state has been written since", again(record)
        )
    for lower in below:
        if pulled(lower, environment) != record.below.get(lower.name):
            raise OperatorError(
                f"the plan of {stack.name} is stale: {lower.name}, which it depends on, has been "
                "applied since",
                again(record),
            )
