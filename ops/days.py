"""The day by which support, prices and commitments are judged."""

from __future__ import annotations

from datetime import UTC, date, datetime


def today() -> date:
    """The day, in UTC, as AWS counts them."""
    return datetime.now(UTC).date()
