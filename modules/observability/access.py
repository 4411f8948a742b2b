"""The AWS services behind alarms over alarms, and who is told."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    # The role by which AWS Chatbot shows alarms with their graphs.
    "cloudwatch": Access((), roles=("DescribeAlarms", "GetMetric*", "ListMetrics")),
    "chatbot": Access(("Describe", "Get", "List"), has_regions=False, passes_to=("chatbot",)),
    "events": Access(("Describe", "List")),
    "sns": Access(("Get", "List")),
}
