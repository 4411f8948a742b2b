"""What is asked of the flow logs of a VPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import Context
from ..existing import key_problems
from ..places import KeyArn
from ..rules import Problem, rule
from ..spec import Aws, Check, Many, Matches, Spec, is_bucket_name, is_s3_key

VPC27 = rule(
    "VPC27",
    refuses="a retention or key for flow logs that are kept in a bucket",
    message="is for CloudWatch Logs; the bucket says how long they are kept, and under which key",
    source="EC2 API reference, CreateFlowLogs",
)
S3B1 = rule(
    "S3B1",
    refuses="a bucket's name that S3 does not give, or a folder that does not end in /",
    message="must be the name of a bucket, such as acme-flow-logs, or a folder such as vpc/",
    source="Amazon S3 user guide, bucket naming rules, naming Amazon S3 objects",
)
VPC28 = rule(
    "VPC28",
    refuses="a field of flow logs that cannot be one",
    message="must be the name of a field, such as pkt-srcaddr",
    source="Amazon VPC user guide, flow log records (available fields)",
)
LOG1 = rule(
    "LOG1",
    refuses="a retention that CloudWatch Logs does not offer",
    message="must be one of CloudWatch Logs' retentions, such as 7, 30, 90 or 365 days{hint}",
    source="CloudWatch Logs API reference, PutRetentionPolicy",
)

_RETENTIONS = tuple(
    int(days)
    for days in [
        "1",
        "3",
        "5",
        "7",
        "14",
        "30",
        "60",
        "90",
        "120",
        "150",
        "180",
        "365",
        "400",
        "545",
        "731",
        "1096",
        "1827",
        "2192",
        "2557",
        "2922",
        "3288",
        "3653",
    ]
)

RetentionDays = Annotated[
    int,
    Check(
        LOG1,
        lambda days: days in _RETENTIONS,
        lambda days: {"hint": f"; the next longer is {_longer(days)}" if days < 3653 else ""},
    ),
    Aws("logs:PutRetentionPolicyRequest.retentionInDays"),
]
"""Days that CloudWatch Logs keeps events."""


def _longer(days: int) -> int:
    return next(known for known in _RETENTIONS if known > days)


FLOW_LOGS = "flow-logs"
"""The flow logs and their role, in their names."""

FLOW_LOG_GROUP = "vpc-flow-logs"
"""The log group of flow logs, in its name."""


class LogBucket(Spec):
    """An S3 bucket that flow logs are written to, in the same Region or another."""

    name: Annotated[str, Check(S3B1, is_bucket_name)]
    """The bucket's name. Its policy lets `delivery.logs.amazonaws.com` write; EC2 adds that by
    itself in a bucket whose policy the deploy role may change."""

    prefix: (
        Annotated[str, Check(S3B1, lambda text: is_s3_key(text) and text.endswith("/"))] | None
    ) = None
    """The folder in it, which ends in `/`. Default: None, `AWSLogs/` at the top."""

    file_format: Annotated[
        Literal["plain-text", "parquet"], Aws("ec2:DestinationOptionsRequest.FileFormat")
    ] = "plain-text"
    """The format of the files. Default: plain-text."""

    hive_partitions: bool = False
    """Whether folders are named `year=2026/` and so on, as Athena reads them. Default: False."""

    hourly: bool = False
    """Whether there is a folder for each hour, in place of each day. Default: False."""


class FlowLogs(Spec):
    """VPC flow logs to CloudWatch Logs, or to a bucket."""

    retention_days: RetentionDays = 30
    """Days that the log group keeps them. Default: 30."""

    traffic: Annotated[
        Literal["ALL", "ACCEPT", "REJECT"], Aws("ec2:CreateFlowLogsRequest.TrafficType")
    ] = "ALL"
    """Which traffic is logged. Default: all."""

    bucket: LogBucket | None = None
    """The bucket that they are written to. Default: None, a log group of CloudWatch Logs."""

    interval_seconds: Annotated[
        Literal[60, 600], Aws("ec2:CreateFlowLogsRequest.MaxAggregationInterval")
    ] = 60
    """The longest time that one record stands for, 60 or 600 seconds. Default: 60."""

    kms_key: KeyArn | None = None
    """The key of the log group, which exists: its policy must let CloudWatch Logs of the Region use
    it. Default: None, CloudWatch's own key, as the environment's stands above the network."""

    fields: Many[Annotated[str, Matches(VPC28, r"[a-z0-9]+(-[a-z0-9]+)*")]] = ()
    """The fields of a record in their order, such as `("srcaddr", "dstaddr", "pkt-srcaddr")`.
    Default: those of AWS's default format."""

    def check(self) -> Iterator[Problem]:
        """A bucket has no retention and no key of CloudWatch Logs."""
        for field in ("kms_key", "retention_days"):
            if self.bucket is not None and field in self.model_fields_set:
                yield VPC27.problem(field, got=getattr(self, field))

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The key is of the Region."""
        if self.kms_key is not None:
            yield from key_problems(context, self.kms_key)
