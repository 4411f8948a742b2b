"""The rows of services for a command: from the files, and from states and AWS where those answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from inferform import Environment

from .aws import Aws, emulator_in_use
from .cost.prices import price_table
from .errors import OperatorError
from .listed import Row, rows, unknown, with_seen


@dataclass(slots=True)
class Asked:
    """What was found of some environments."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By the key of the environment."""

    notes: list[str] = field(default_factory=list)
    """Why something is not known."""

    @property
    def every(self) -> list[Row]:
        """The rows of all."""
        return [row for each in self.rows.values() for row in each]


def asked(
    environments: Iterable[Environment],
    *,
    aws: bool,
    emulator: bool,
    only: str | None = None,
) -> Asked:
    """What runs of some environments; of one service alone, where its full name is given.

    An account that is out of reach leaves what the files say.
    Raises OperatorError where the emulator is asked for and does not run.
    """
    found, table = Asked(), price_table()
    running = emulator_in_use() if emulator else None
    for each in environments:
        listed = [row for row in rows(each, table) if only in (None, row.service.full_name)]
        if aws:
            try:
                listed = with_seen(listed, Aws(each.context, emulator=running))
            except OperatorError as error:
                found.notes.append(f"{each.key}: {error}")
        found.rows[each.key] = listed
        found.notes += unknown(listed)
    return found
