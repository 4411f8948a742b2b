"""The AWS services behind alarms and log groups."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "cloudwatch": Access(("Describe", "Get", "List")),
    "logs": Access(("Describe", "List")),
}
