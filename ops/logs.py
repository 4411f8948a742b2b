"""The logs of a service, by a query of CloudWatch Logs Insights."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from inferform import BatchTransform, DriftMonitor, Retraining
from inferform.observability.queries import queries_of
from inferform.rules import did_you_mean, one_of
from inferform.sagemaker.batch import transform_jobs
from inferform.service import Subject
from inferform.training.drift import MEASURE
from inferform.training.names import job_name

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
    """Run a query over the logs of a service, or of the jobs that it has run, and wait for it.

    Raises BadInputError where its logs are not in CloudWatch Logs, or no job has run yet, and OperatorError
    where the query fails.
    """
    logs: Any = aws.client("logs")
    groups = list(service.spec.log_groups(service.place))
    if not groups:
        jobs = _jobs(service)
        if not jobs:
            raise BadInputError(
                f"the logs of {service.full_name} are not in CloudWatch Logs",
                "look where its router sends them, or at kubectl logs",
            )
        groups = [each for each in jobs if _is_there(logs, each)]
        if not groups:
            raise BadInputError(
                f"no job of {service.full_name} has run yet: there is no {one_of(jobs)}",
                f"inferform runs {service.place.environment.key} lists what ran",
            )
        # One log group has the jobs of the whole account.
        names = "|".join(dict.fromkeys(name for each in jobs.values() for name in each))
        text = f"filter @logStream like /^({names})-/ | {text}"
    try:
        begun = logs.start_query(
            logGroupNames=groups,
            startTime=int(now - since.total_seconds()),
            endTime=int(now),
            queryString=text,
        )
    except logs.exceptions.ResourceNotFoundException as error:
        raise OperatorError(
            f"there is no log group {one_of(groups)}",
            f"{service.full_name} is not deployed, or has written nothing yet: inferform show "
            f"{service.place.environment.key} {service.full_name}",
        ) from error
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


def _jobs(service: Subject) -> dict[str, list[str]]:
    """The log groups of SageMaker's jobs that a service runs, each with how the names of its jobs begin."""
    context, name, spec = service.place.environment.context, service.name, service.spec
    if isinstance(spec, BatchTransform):
        return {"/aws/sagemaker/TransformJobs": [transform_jobs(context, name)]}
    if isinstance(spec, DriftMonitor):
        return {"/aws/sagemaker/ProcessingJobs": [job_name(context, name, MEASURE)]}
    if isinstance(spec, Retraining):
        trains = [job_name(context, name, "train"), job_name(context, name, "tune", 32)]
        others = [job_name(context, name, step) for step in ("prepare", "evaluate")]
        return {"/aws/sagemaker/TrainingJobs": trains, "/aws/sagemaker/ProcessingJobs": others}
    return {}


def _is_there(logs: Any, group: str) -> bool:
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return any(each["logGroupName"] == group for each in found)


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
