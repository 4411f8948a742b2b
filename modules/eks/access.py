"""The AWS services behind EKS."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "eks": Access(("Describe", "List")),
}
