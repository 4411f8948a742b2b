"""Queries of CloudWatch Logs Insights over the logs of an environment's services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..service import Subject
from .names import query_name

if TYPE_CHECKING:
    from ..environment import Environment

LOG_GROUPS = 50
"""The most log groups of a query. Source: botocore logs LogGroupNames; CloudWatch Logs user guide, quotas."""

QUERIES: Mapping[str, str] = {
    "errors": "fields @timestamp, @logStream, @message\n"
    "| filter @message like /(?i)(error|exception|traceback|fatal|killed)/\n"
    "| sort @timestamp desc\n| limit 100",
    "errors-by-hour": "filter @message like /(?i)(error|exception|traceback|fatal)/\n"
    "| stats count(*) as errors by bin(1h), @log\n| sort errors desc",
    "latest": "fields @timestamp, @logStream, @message\n| sort @timestamp desc\n| limit 100",
    "out-of-memory": "fields @timestamp, @logStream, @message\n"
    "| filter @message like /(?i)(out of memory|oomkilled|memoryerror|cuda.*memory|runtime exited)/\n"
    "| sort @timestamp desc\n| limit 100",
}
"""The queries that make sense of every container's log."""

_LAMBDA: Mapping[str, str] = {
    "cold-starts": 'filter @type = "REPORT"\n'
    "| stats count(*) as requests, count(@initDuration) as cold, max(@initDuration) as slowest_start, "
    "max(@maxMemoryUsed / 1024 / 1024) as memory_mib by bin(1h)",
}
"""Those of Lambda, which writes a report of each request."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """One query as it is saved."""

    name: str
    text: str
    log_groups: Sequence[str]


def queries_of(each: Subject) -> Mapping[str, str]:
    """The queries of a service by their name."""
    return {**QUERIES, **(_LAMBDA if each.spec.sort == "lambda" else {})}


def saved(environment: Environment) -> Iterator[SavedQuery]:
    """Every query of an environment, over the logs of all services that it is of."""
    groups: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for each in environment.subjects:
        own = list(each.spec.log_groups(each.place))
        for name, text in queries_of(each).items() if own else ():
            groups.setdefault(name, []).extend(own)
            texts[name] = text
    for name, found in groups.items():
        for page, start in enumerate(range(0, len(found), LOG_GROUPS)):
            chosen = tuple(found[start : start + LOG_GROUPS])
            yield SavedQuery(query_name(environment.context, name, page), texts[name], chosen)
