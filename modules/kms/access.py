"""The AWS services behind keys."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "kms": Access(
        ("Describe", "Get", "List"),
        roles=(
            *("CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*"),
            "ListGrants",
        ),
        roles_have_regions=False,
    ),
}
