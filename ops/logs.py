"""The logs of a service, by a query of CloudWatch Logs Insights."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from inferform.observability.queries import queries_of
from inferform.rules import did_you_mean, one_of
from inferform.service import Subject

from .aws import Aws
from .errors import BadInputError, OperatorError
from .masking import mask_text
from .untrusted import visible

_SPAN = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Lines:
    """What a query found."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    scanned_mib: float
    """How much was read, for which AWS bills $0.005 a GB."""


def span(text: str) -> timedelta:
    """`90m`, `6h` or `2d`. Raises BadInputError for anything else."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise BadInputError(f"--since must be such as 90m, 6h or 2d, got {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def query_text(service: Subject, name: str) -> str:
    """The text of a saved query. Raises BadInputError where the service's kind has none of that name."""
    known = queries_of(service)
    if name not in known:
        hint = did_you_mean(name, known)
        raise BadInputError(
            f"{service.full_name} has no query {name}{hint}", f"its queries are {one_of(known)}"
        )
    return known[name]


def read(
    service: Subject,
    aws: Aws,
    *,
    text: str,
    since: timedelta,
    now: float,
    wait: Callable[[float], object] = time.sleep,
) -> Lines:
    """Run a query over the logs of a service and wait for it.

    Raises BadInputError where its logs are not in CloudWatch Logs, OperatorError where the query fails.
    """
    groups = list(service.spec.log_groups(service.place))
    if not groups:
        raise BadInputError(
            f"the logs of {service.full_name} are not in CloudWatch Logs",
            "look where its router sends them, or at kubectl logs",
        )
    logs: Any = aws.client("logs")
    begun = logs.start_query(
        logGroupNames=groups,
        startTime=int(now - since.total_seconds()),
        endTime=int(now),
        queryString=text,
    )
    for _ in range(120):
        found = logs.get_query_results(queryId=begun["queryId"])
        if found["status"] == "Complete":
            return _lines(found)
        if found["status"] not in ("Scheduled", "Running"):
            raise OperatorError(f"the query ended with {found['status']}")
        wait(1)
    raise OperatorError(
        "the query runs for over two minutes", "look at a shorter time with --since"
    )


def _lines(found: Mapping[str, Any]) -> Lines:
    records = [
        {cell["field"]: cell.get("value", "") for cell in record if cell["field"] != "@ptr"}
        for record in found["results"]
    ]
    columns = list(dict.fromkeys(name for record in records for name in record))
    rows = [
        [visible(mask_text(str(record.get(name, "")))) for name in columns] for record in records
    ]
    scanned = float(found.get("statistics", {}).get("bytesScanned", 0)) / 2**20
    return Lines(columns, rows, scanned)
