"""The roles of resources that can be overridden, by Spec."""

from __future__ import annotations

import re
from collections import defaultdict

from inferform.overrides import Overridable
from inferform.sagemaker.endpoints.base import Endpoint
from tests.overridden import roles

_ENDPOINT = "an endpoint of any kind"

# What people name in the examples, by what comes before it.
_GIVEN = (
    (r"^(models|alarms)/[^/]+/", r"\1/<variant>/"),
    (r"^components/[^/]+/adapters/[^/]+/", "components/<name>/adapters/<adapter>/"),
    (r"^components/[^/]+/model\d+/", "components/<name>/model<number>/"),
    (r"^components/[^/]+/", "components/<name>/"),
    (r"^scaling/(?!policies/|alarms/|schedules/)[^/]+/", "scaling/<variant>/"),
    (r"/(policies|alarms|schedules)/[^/]+$", r"/\1/<name>"),
    (r"^(private|public|nat)-[a-f](-|$)", r"\1-<zone>\2"),
    (r"^(s3|dynamodb)-gateway-[a-f]$", r"\1-gateway-<zone>"),
    (r"^[a-z-]+-interface$", "<service>-interface"),
    (r"-\d+$", "-<number>"),
    (r"^access/[a-z]+", "access/<name>"),
    (r"^addon-.+$", "addon-<name>"),
    (r"^(node|cluster)-amazon.+$", r"\1-<policy>"),
)


def _shown(role: str) -> str:
    for pattern, text in _GIVEN:
        role = re.sub(pattern, text, role)
    return role


def _owner(spec: type[Overridable]) -> str:
    return _ENDPOINT if issubclass(spec, Endpoint) else f"`{spec.__name__}`"


def table() -> str:
    """A row for each Spec and type of resource."""
    found: defaultdict[str, defaultdict[str, dict[str, None]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for spec, made in roles().items():
        for role, kind in made.items():
            found[_owner(spec)][kind][_shown(role)] = None
    lines = ["| Spec | Resource | Roles |", "| --- | --- | --- |"]
    for owner in sorted(found, key=lambda name: name.strip("`").lower()):
        for kind in sorted(found[owner]):
            names = ", ".join(f"`{role}`" for role in sorted(found[owner][kind]))
            lines.append(f"| {owner} | `{kind}` | {names} |")
    return "\n".join(lines) + "\n"
