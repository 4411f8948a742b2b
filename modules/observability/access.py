"""The AWS services behind alarms over alarms, and who is notified."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "budgets": Access(("Describe", "List", "View"), has_regions=False),
    # The role by which AWS Chatbot shows alarms with their graphs.
    "cloudwatch": Access((), roles=("DescribeAlarms", "GetMetric*", "ListMetrics")),
    # Whether the tag of a budget is one that bills are counted by, which preflight asks.
    "ce": Access(
        ("GetAnomaly", "ListCostAllocationTags", "ListTagsForResource"), has_regions=False
    ),
    "cloudtrail": Access(("Describe", "Get", "List")),
    "chatbot": Access(("Describe", "Get", "List"), has_regions=False, passes_to=("chatbot",)),
    # Not what was logged, which GetLogEvents reads.
    "logs": Access(("GetDataProtection", "GetLogAnomaly")),
    "events": Access(("Describe", "List")),
    "sns": Access(("Get", "List")),
}
