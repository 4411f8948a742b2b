"""Overrides: attributes of Terraform resources that no Spec has a field for.

What stands here is pure: the field, and which of its entries are for which resource. Whether the
provider knows a role and a path shows at synthesis, see overriding.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any

from .context import FIT, FIXED_TAGS, Context, TagKey, TagValue
from .permissions import Permissions
from .rules import Problem, rule
from .spec import Check, Spec

OVR1 = rule(
    "OVR1",
    refuses="an override of a resource that is not made for its Spec",
    message="is not a resource of {spec}{hint}; its resources are {roles}",
    source="Inferform: a role is the path of construct ids from the Spec's construct to a resource",
)
OVR2 = rule(
    "OVR2",
    refuses="an override of an attribute that the provider's resource does not have",
    message="is not an attribute of {type}{hint}",
    source="hashicorp/aws, the schema that its bindings are generated from",
)
OVR3 = rule(
    "OVR3",
    refuses="an override with a value of another type than the provider's attribute",
    message="must be {expected}",
    source="hashicorp/aws, the schema that its bindings are generated from",
)
OVR4 = rule(
    "OVR4",
    refuses="an override of what Inferform must decide itself",
    message="cannot be overridden: {reason}",
    source="Inferform: names, references and documents that other resources and commands rely on",
)
OVR5 = rule(
    "OVR5",
    refuses="an override that is no plain data, or names no attribute",
    message="must give plain values to paths of attributes, such as "
    '{{"configuration": {{"production_variants.0.instance_type": "ml.m5.large"}}}}',
    source="Inferform: overrides are written into Terraform's JSON and hashed into names",
)
OVR6 = rule(
    "OVR6",
    refuses="an override inside a block that the resource does not have",
    message="is inside {block}, of which there {count}; override {block} as a whole",
    source="Inferform: an override changes what is there, or gives a whole block",
)


def _is_written(overrides: dict[str, dict[str, Any]]) -> bool:
    return all(
        path and all(path.split(".")) and _is_plain(value)
        for attributes in overrides.values()
        for path, value in attributes.items()
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


TAG1 = rule(
    "TAG1",
    refuses="a tag whose key is another's but for upper and lower case, or one that Inferform sets",
    message="is the same key as {other}, as IAM ignores case; leave it out or name it otherwise",
    source="IAM User Guide, rules for tagging in IAM (keys are not case-sensitive); Inferform: its "
    "own tags are never replaced",
)
TAG2 = rule(
    "TAG2",
    refuses="more tags of a resource than AWS takes",
    message="make {count} tags with those of the Context; AWS takes 50 of a resource, of which "
    "Inferform has 8",
    source="AWS General Reference, tagging limits",
)

Overrides = Annotated[dict[str, dict[str, Any]], Check(OVR5, _is_written)]
"""Values by the path of an attribute, by the role of a resource."""


class Overridable(Spec):
    """A Spec for which Terraform resources are made, whose attributes can be overridden."""

    overrides: Overrides = {}
    """Attributes that no field sets, by the role of a resource and the path of the attribute:
    `{"configuration": {"production_variants.0.enable_ssm_access": True}}`. `*` in a role stands
    for any one name. None removes an optional attribute. Default: none."""

    permissions: dict[str, Permissions] = {}
    """What roles may do beside what Inferform gives them, by the role that the construct has for
    it: `{"execution": Permissions(statements=[...])}` for an endpoint, `{"task": ...}` for an ECS
    service. Default: none."""

    tags: Annotated[dict[TagKey, TagValue], FIT] = {}
    """Tags of everything that is made for it, beside those of `Context.tags`, which they take
    precedence over. A change rolls nothing. Default: none."""

    def tag_problems(self, context: Context) -> Iterator[Problem]:
        """What is wrong with its tags beside those that it has anyway."""
        known = {key.casefold(): key for key in (*FIXED_TAGS, *context.default_tags(""))}
        for key in self.tags:
            other = known.setdefault(key.casefold(), key)
            if other != key or (key in known.values() and key in context.own_tags):
                yield TAG1.problem("tags", key, other=other)
        count = len({*context.tags, *self.tags})
        if self.tags and count > 42:
            yield TAG2.problem("tags", count=count)

    def overridden(self, role: str) -> dict[str, Any] | None:
        """What is overridden in the resource `role`, by path; None where nothing is. Part of the
        content of what carries a hash in its name."""
        return overridden(self.overrides, role)


def overridden(overrides: Mapping[str, Mapping[str, Any]], role: str) -> dict[str, Any] | None:
    """The entries for the resource `role`; a later one comes before an earlier one."""
    found: dict[str, Any] = {}
    for pattern, attributes in overrides.items():
        if fits(role, pattern):
            found |= attributes
    return found or None


def fits(role: str, pattern: str) -> bool:
    """Whether a role is what a role with `*` for some of its names means."""
    names, patterns = role.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(map(fnmatchcase, names, patterns))
