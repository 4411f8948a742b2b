"""The AWS services behind keys."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "kms": Access(("Describe", "Get", "List")),
}
