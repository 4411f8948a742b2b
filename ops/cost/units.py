"""What a price is for: the unit of each price key, and prices that follow from another one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_UNITS = {
    "kms/key|waf/(web-acl|rule)|route53/hosted-zone": "month",
    "ebs/gp[23]": "month",
    "greengrass/device": "device-month",
    "sagemaker/storage": "month",
    "ebs/gp3-iops": "IOPS-month",
    "ebs/gp3-throughput": "MiB/s-month",
    "apigateway/websocket-minute|codebuild/.+|codepipeline/v2-minute": "minute",
    "codepipeline/v1-pipeline": "pipeline-month",
    "cloudwatch/alarm.*": "alarm-month",
    "cloudwatch/metric": "metric-month",
    "cloudwatch/dashboard": "dashboard-month",
    "cloudwatch/get-metric-data": "metric",
    "cloudwatch/canary-run": "run",
    "secretsmanager/secret": "secret-month",
    "states/transition": "state transition",
    ".+/gb-second|.+-gb-second": "GB-second",
    "elb/.+-lcu": "LCU-hour",
    "fargate/ephemeral-storage": "GB-hour",
    "(ecr|mwaa)/storage|s3/standard.*|logs/stored": "GB-month",
    "data-transfer/.+|vpc/(endpoint|nat)-data|sagemaker/data|logs/.+": "GB",
    ".+[/-](request|message)": "request",
}
"""Units by price key, the first that matches; any other is priced by the hour."""

_PATTERNS = tuple((re.compile(pattern), unit) for pattern, unit in _UNITS.items())


def unit_of(key: str) -> str:
    """What one price of a key is for, such as `hour`, `GB-month` or `request`."""
    return next((unit for pattern, unit in _PATTERNS if pattern.fullmatch(key)), "hour")


@dataclass(frozen=True, slots=True)
class Derived:
    """A price that follows from the one of another key, where the table has none of its own."""

    pattern: re.Pattern[str]
    of: str
    """The other key, as a template of the pattern's groups."""

    why: str
    factor: Callable[[re.Match[str]], float] = lambda _match: 1.0
    unit: str = ""
    """Empty for the other key's."""


DERIVED = (
    Derived(
        re.compile(r"sagemaker/serverless/(\d+)"),
        "sagemaker/serverless/gb-second",
        "in proportion to the memory",
        lambda match: int(match[1]) / 1024,
        "second",
    ),
    # AWS's list has one price for a type, whichever of these runs on it: 884 pairs compared.
    Derived(
        re.compile(r"sagemaker/(?:transform|training|processing|async)/(ml\..+)"),
        r"sagemaker/hosting/\1",
        "the price of hosting, which is the same for jobs",
    ),
)
