"""The AWS services behind alarms and log groups."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "cloudwatch": Access(("Describe", "Get", "List"), roles=("DescribeAlarms", "PutMetricData")),
    "logs": Access(
        ("Describe", "List"),
        roles=(
            *("CreateLogDelivery", "CreateLogGroup", "CreateLogStream", "DeleteLogDelivery"),
            *("Describe*", "GetLogDelivery", "ListLogDeliveries", "PutLogEvents"),
            *("PutResourcePolicy", "PutRetentionPolicy", "UpdateLogDelivery"),
        ),
    ),
}
