"""DNS records of a load balancer, in hosted zones of Route 53 that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from ..rules import Problem, rule
from ..spec import Aws, Check, Matches, Spec

DNS1 = rule(
    "DNS1",
    refuses="a hosted zone's id that is none",
    message="must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ",
    source="botocore route53 ResourceId (at most 32 characters)",
)
DNS2 = rule(
    "DNS2",
    refuses="a hosted zone by both its id and its name, or by neither",
    message="must have either id or name",
    source="Inferform: one way to name it",
)
DNS3 = rule(
    "DNS3",
    refuses="a name that Route 53 has no record of",
    message="must be a DNS name such as fraud.acme.test or *.acme.test, in lower case",
    source="Amazon Route 53 developer guide, DNS domain name format (labels of 1 to 63 characters, "
    "255 bytes with their lengths, * as the whole leftmost label)",
)
DNS4 = rule(
    "DNS4",
    refuses="a record outside of its hosted zone",
    message="is not in the zone {zone}; name a zone that ends its name",
    source="botocore route53 ResourceRecordSet Name; Amazon Route 53 developer guide, records of a zone",
)
DNS5 = rule(
    "DNS5",
    refuses="DNS records or a namespace, which the deploy role of the environment may not make",
    message="needs {services} among identity.deploy_services",
    source="Inferform: a deploy role changes no DNS unless it is asked for; AWS Cloud Map developer "
    "guide, permissions for a private DNS namespace",
)

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"


def is_dns_name(value: str, *, wildcard: bool = False) -> bool:
    """Whether `value` is a name of two labels or more."""
    first = rf"(\*|{_LABEL})" if wildcard else _LABEL
    return len(value) <= 253 and bool(re.fullmatch(rf"{first}(\.{_LABEL})+", value, re.ASCII))


RecordName = Annotated[
    str,
    Check(DNS3, lambda value: is_dns_name(value, wildcard=True)),
    Aws("route53:ResourceRecordSet.Name"),
]


class HostedZone(Spec):
    """A hosted zone of Route 53 that exists, in the environment's account."""

    id: (
        Annotated[
            str,
            Matches(DNS1, r"[A-Z0-9]{1,32}"),
            Aws("route53:ChangeResourceRecordSetsRequest.HostedZoneId"),
        ]
        | None
    ) = None
    """Its id, such as `Z0123456789ABCDEFGHIJ`. Default: None; it is looked up by `name`."""

    name: Annotated[str, Check(DNS3, is_dns_name)] | None = None
    """Its name, such as `acme.test`, by which each plan looks it up. Default: None; `id` is given."""

    private: bool = True
    """Whether the zone that `name` looks up is private, and of the environment's VPC. Default:
    True."""

    def check(self) -> Iterator[Problem]:
        """It is named one way."""
        if (self.id is None) == (self.name is None):
            yield DNS2.problem()

    def problems_of(self, record: str) -> Iterator[Problem]:
        """A record that is not in the zone."""
        if self.name is not None and record != self.name and not record.endswith(f".{self.name}"):
            yield DNS4.problem(got=record, zone=self.name)
