"""What CloudWatch measured of a service: its requests and how much of its instances they used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from inferform.alarms.published import Published
from inferform.alarms.watched import Watched
from inferform.service import Deployed

from ..aws import Aws
from ..errors import BadInputError
from ..simulate import Load
from .observed import Observed

_REQUESTS = ("Invocations", "InvocationsProcessed", "RequestCount")
_USED = ("GPUUtilization", "CPUUtilization")
_PERIOD = 300
"""Seconds of a datapoint: CloudWatch keeps these for 63 days."""


def observed(service: Deployed, aws: Aws, *, days: int, now: datetime) -> Observed:
    """The requests per second of the last days, over all variants, and the utilization of the first
    that has one. Raises BadInputError where CloudWatch has no requests of it."""
    end = now.replace(second=0, microsecond=0)
    begin = end - timedelta(days=days)
    parts = [*service.spec.watched(service.place)]
    requests: dict[int, float] = {}
    used: dict[int, float] = {}
    for part in parts:
        metric = _first(part, _REQUESTS)
        if metric is not None:
            for at, value in _read(aws, part, metric, "Sum", begin, end).items():
                requests[at] = requests.get(at, 0.0) + value / _PERIOD
        metric = _first(part, _USED)
        times = part.times(metric) if metric is not None else None
        if metric is not None and times and not used:
            found = _read(aws, part, metric, "Average", begin, end)
            used = {at: value / times for at, value in found.items()}
    if not requests:
        raise BadInputError(
            f"CloudWatch has no requests of {service.full_name} in {days} days",
            "give --csv FILE with times and rates instead",
        )
    # Before the first of both it was not there, which is not the same as idle.
    first = min((*requests, *used))
    count = days * 86_400 // _PERIOD - first
    rates = tuple(requests.get(first + index, 0.0) for index in range(count))
    load = Load("measured", rates, _PERIOD, begin + timedelta(seconds=first * _PERIOD))
    lasted = f"{count * _PERIOD / 86_400:.2g} days"
    return Observed(load, tuple(used[at] for at in sorted(used)), f"CloudWatch, {lasted}")


def _first(part: Watched, names: tuple[str, ...]) -> Published | None:
    known = {metric.name: metric for metric in part.metrics()}
    found = (known[name] for name in names if name in known)
    return next((each for each in found if _values(part, each) is not None), None)


def _values(part: Watched, metric: Published) -> dict[str, str] | None:
    """The dimensions; None where only a state knows one."""
    values = {name: part.dimensions[name] for name in metric.dimensions}
    if not all(isinstance(value, str) for value in values.values()):
        return None
    return {name: str(value) for name, value in values.items()}


def _read(
    aws: Aws, part: Watched, metric: Published, statistic: str, begin: datetime, end: datetime
) -> dict[int, float]:
    """The values by the number of their period."""
    dimensions = [{"Name": k, "Value": v} for k, v in (_values(part, metric) or {}).items()]
    query: Any = {
        "Id": "m",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": dimensions,
            },
            "Period": _PERIOD,
            "Stat": statistic,
        },
    }
    pages = aws.client("cloudwatch").get_paginator("get_metric_data")
    found: dict[int, float] = {}
    for page in pages.paginate(MetricDataQueries=[query], StartTime=begin, EndTime=end):
        for result in page["MetricDataResults"]:
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                found[int((moment - begin).total_seconds() // _PERIOD)] = value
    return found
