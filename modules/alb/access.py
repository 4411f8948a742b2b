"""The AWS services behind load balancers, their certificates and web ACLs."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "acm": Access(("Describe", "List"), roles=("DescribeCertificate", "ListCertificates")),
    "elasticloadbalancing": Access(("Describe",), roles=("*",)),
    "wafv2": Access(
        ("Get", "List"),
        roles=("AssociateWebACL", "DisassociateWebACL", "GetWebACL*", "ListWebACLs"),
    ),
}
