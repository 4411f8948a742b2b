"""The AWS services behind autoscaling."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "application-autoscaling": Access(("Describe", "List")),
}
