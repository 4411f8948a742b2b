"""The AWS services behind the network."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "ec2": Access(
        ("Describe", "GetManagedPrefixList", "GetTransitGateway"), passes_to=("vpc-flow-logs",)
    ),
}
