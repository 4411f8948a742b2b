"""Overriding attributes of resources, checked against the provider's schema.

The schema is that which the bindings are generated from: each resource and block is a class, whose
signature has its attributes with their types.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .cdk import Construct, TerraformResource, TerraformStack, Token, resolved
from .iam.policy import document
from .overrides import OVR1, OVR2, OVR3, OVR4, OVR6, Overridable, fits, overridden
from .permissions import MORE, PRM4, Permissions, attached_as
from .rules import Problem, did_you_mean, one_of
from .schema import Block, ListOf, MapOf, Taken
from .spec import SpecError

Elements = Mapping[str, TerraformResource]
"""The resources that are made for a Spec, by role."""

_META = {
    "connection": "provisioners have no place in what Inferform makes",
    "count": "Inferform makes each resource once",
    "depends_on": "the order of resources is Inferform's",
    "for_each": "Inferform makes each resource once",
    "id": "Terraform gives it",
    "lifecycle": "what is replaced, ignored and protected is Inferform's",
    "provider": "a layer has one provider",
    "provisioners": "provisioners have no place in what Inferform makes",
    "region": "an environment is in one Region, that of its Context",
    "tags_all": "the provider calculates it; override tags",
}
"""What every resource has, and why it is no matter of overrides."""

_PREFIX = re.compile(r"(name|bucket|family)_prefix")
_NAME = re.compile(r"(.+_)?(name|family|bucket)")


def elements(construct: Construct, *, apart: Collection[str] = ()) -> dict[str, TerraformResource]:
    """The provider's resources below a construct by their role, the ids that lead to each.

    `apart` are ids of children that another Spec stands for.
    """
    return dict(_elements(construct, apart))


def _elements(
    construct: Construct, apart: Collection[str], *above: str
) -> Iterator[tuple[str, TerraformResource]]:
    for child in construct.node.children:
        name = str(child.node.id)
        if not above and name in apart:
            continue
        if isinstance(child, TerraformResource):
            if child.terraform_resource_type.startswith("aws_"):
                yield "/".join((*above, name)), child
        elif isinstance(child, Construct):
            yield from _elements(child, (), *above, name)


class OverrideError(SpecError):
    """Overrides that the provider does not know; `spec` is the one that they stand in, `roles` are
    those that it has, with the Terraform type of each."""

    def __init__(
        self, spec: Overridable, problems: list[Problem], roles: Mapping[str, str]
    ) -> None:
        super().__init__(problems, type(spec).__name__)
        self.spec = spec
        self.roles = roles


_FOUND: ContextVar[list[OverrideError] | None] = ContextVar("overrides", default=None)


@contextmanager
def collecting_overrides() -> Iterator[list[OverrideError]]:
    """Collect what is wrong with overrides, where it would be raised for each Spec by itself."""
    found: list[OverrideError] = []
    token = _FOUND.set(found)
    try:
        yield found
    finally:
        _FOUND.reset(token)


def override(spec: Overridable, made: Construct | Elements, *, apart: Collection[str] = ()) -> None:
    """Tag, permit and override what `spec` asks for in the resources that are `made` for it: those
    below a construct, without its children `apart`, or those of a mapping.

    Raises OverrideError with every problem, or leaves it to `collecting_overrides`.
    """
    if not (spec.overrides or spec.permissions or spec.tags):
        return
    found = made if isinstance(made, Mapping) else elements(made, apart=apart)
    problems: list[Problem] = list(permit(spec, found))
    tag(spec.tags, found.values())
    problems += [
        OVR1.problem(
            "overrides",
            role,
            spec=type(spec).__name__,
            hint=did_you_mean(role, found),
            roles=one_of(found or ["none"]),
        )
        for role in spec.overrides
        if not any(fits(each, role) for each in found)
    ]
    for role, resource in found.items():
        wanted = overridden(spec.overrides, role)
        if wanted:
            problems += _override(resource, wanted, spec, role)
    if not problems:
        return
    roles = {role: resource.terraform_resource_type for role, resource in found.items()}
    error = OverrideError(spec, list(dict.fromkeys(problems)), roles)
    collected = _FOUND.get()
    if collected is None:
        raise error
    collected.append(error)


def tag(tags: Mapping[str, str], resources: Iterable[TerraformResource]) -> None:
    """Add tags to every resource that takes them."""
    for resource in resources if tags else ():
        taken: Any = resource
        if resource.terraform_resource_type == "aws_autoscaling_group":
            from cdktf_cdktf_provider_aws.autoscaling_group import AutoscalingGroupTag as Tag

            more = [Tag(key=key, value=tags[key], propagate_at_launch=True) for key in tags]
            taken.put_tag([*(taken.tag_input or ()), *more])
        elif hasattr(resource, "tags_input"):
            taken.tags = {**(taken.tags_input or {}), **tags}


def permit(spec: Overridable, found: Elements) -> Iterator[Problem]:
    """Give roles more rights; what waits for a policy of a role waits for these too. What is wrong
    with them is returned."""
    roles = {name: each for name, each in found.items() if _type(each) == "aws_iam_role"}
    for wanted, given in spec.permissions.items():
        fitting = {
            name: each
            for name, each in roles.items()
            if fits(name, wanted) or fits(name, f"{wanted}/role")
        }
        if not fitting:
            names = [name.removesuffix("/role") for name in roles]
            yield PRM4.problem(
                *("permissions", wanted),
                spec=type(spec).__name__,
                hint=_given(spec, wanted) or did_you_mean(wanted, names),
                roles=one_of(names or ["none"]),
            )
        for name, role in fitting.items():
            for problem in given.oversize(_inline(role, found)):
                yield problem.under("permissions", wanted)
            _permit(name, role, given, found)


def _inline(role: Any, found: Elements) -> Iterator[str]:
    """The inline policies in JSON that a role has by itself."""
    for each in found.values():
        if _type(each) == "aws_iam_role_policy":
            made: Any = each
            of, its, policy = resolved(role, [made.role_input, role.id, made.policy_input])
            if of == its:
                yield policy


def _given(spec: Overridable, role: str) -> str:
    """Says that somebody else's role stands instead of one."""
    field = "task_role" if role == "role" else f"{role}_role"
    if getattr(getattr(spec, "existing", None), field, None) is None:
        return ""
    return f", as existing.{field} takes its place, whose owner gives it rights"


def _type(resource: TerraformResource) -> str:
    return str(resource.terraform_resource_type)


def _address(resource: TerraformResource) -> str:
    return f"{_type(resource)}.{resource.friendly_unique_id}"


def _permit(name: str, role: Any, given: Permissions, found: Elements) -> None:
    # Imported late, as bindings take long and few Specs have permissions.
    from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
    from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment

    scope, own = role.node.scope, str(role.node.id)
    made: list[TerraformResource] = []
    if given.statements:
        policy = document(*given.documents)
        made.append(IamRolePolicy(scope, f"{own}-{MORE}", name=MORE, role=role.id, policy=policy))
    made += [
        IamRolePolicyAttachment(scope, attached_as(own, arn), role=role.name, policy_arn=arn)
        for arn in given.policies
    ]
    above = name.rpartition("/")[0]
    policies = {
        _address(each)
        for other, each in found.items()
        if _type(each) in ("aws_iam_role_policy", "aws_iam_role_policy_attachment")
        and other.rpartition("/")[0] == above
    }
    for resource in found.values():
        waits_for = resolved(resource, resource.depends_on or [])
        if policies.intersection(waits_for):
            resource.depends_on = [*waits_for, *map(_address, made)]


def _override(
    resource: TerraformResource, wanted: Mapping[str, Any], spec: Overridable, role: str
) -> Iterator[Problem]:
    attributes = _attributes(resource)
    checked = _Checked(type(resource), resource.terraform_resource_type, attributes)
    good = True
    for path, value in wanted.items():
        written = next(
            each for each, paths in spec.overrides.items() if fits(role, each) and path in paths
        )
        wrong = [*checked.problems(path, value)] or [*_overlap(path, wanted)]
        for problem in wrong:
            good = False
            yield problem.under("overrides", written, path)
    if not good:
        return
    changes: dict[str, Any] = {}
    for path, value in wanted.items():
        *above, last = checked.split(path)
        place = changes
        for name in above:
            place = place.setdefault(name, {})
        # cdktf appends to a list, and merges a dict, that is no token.
        place[last] = Token.as_any(value) if isinstance(value, list | tuple | dict) else value
    for name, change in changes.items():
        resource.add_override(name, change)
    _note(resource, wanted)


def _overlap(path: str, wanted: Mapping[str, Any]) -> Iterator[Problem]:
    """An override inside of what another one gives as a whole."""
    for other in wanted:
        if path.startswith(f"{other}."):
            yield OVR4.problem(reason=f"{other} is overridden as a whole; write it there")


def _attributes(resource: TerraformResource) -> dict[str, Any]:
    """A resource's arguments as they are synthesized, without their references resolved."""
    (by_name,) = resource.to_terraform()["resource"].values()
    (found,) = by_name.values()
    return dict(found)


def _note(resource: TerraformResource, wanted: Mapping[str, Any]) -> None:
    """Write into the stack's own metadata which attributes are overridden, for the commands."""
    place = f"//.metadata.inferform.overrides.{_address(resource)}"
    TerraformStack.of(resource).add_override(place, list(wanted))


class _Checked:
    """The arguments of one resource, against which overrides are checked."""

    def __init__(self, block: type, type_: str, arguments: dict[str, Any]) -> None:
        self._root = Block(block)
        self._type = type_
        self._arguments = arguments
        ignored = (arguments.get("lifecycle") or {}).get("ignore_changes") or []
        self._ignored = {_bare(each) for each in ignored}

    def split(self, path: str) -> list[str]:
        """The parts of a path; the key of a map may have points itself."""
        parts = path.split(".")
        takes: Taken | None = self._root
        for index, part in enumerate(parts):
            if isinstance(takes, MapOf):
                return [*parts[:index], ".".join(parts[index:])]
            takes = takes.below(part) if takes else None
        return parts

    def problems(self, path: str, value: Any) -> Iterator[Problem]:
        """What is wrong with an override, relative to its path."""
        parts = self.split(path)
        takes: Taken = self._root
        held: Any = self._arguments
        owned = _reserved(parts[0])
        if _bare(path) in self._ignored:
            owned = "something else sets it after the creation, so Terraform ignores it here"
        if owned:
            yield OVR4.problem(reason=owned)
            return
        required = False
        for index, part in enumerate(parts):
            below = takes.below(part)
            if below is None:
                yield self._unknown(takes, parts[:index], part)
                return
            if isinstance(takes, Block):
                required = takes.members[part].required
            is_last = index == len(parts) - 1
            inner = _inside(held, part)
            if (
                inner is None
                and (isinstance(takes, ListOf) or not is_last)
                and _has_parts(below, takes)
            ):
                block = ".".join(parts[: index if isinstance(takes, ListOf) else index + 1])
                yield OVR6.problem(block=block, count=_count(held))
                return
            reason = _own(part, inner) if is_last and isinstance(takes, Block) else ""
            if reason:
                yield OVR4.problem(reason=reason)
                return
            takes, held = below, inner
        yield from self._wrong(takes, value, required=required)

    def _wrong(self, takes: Taken, value: Any, *, required: bool) -> Iterator[Problem]:
        if value is None:
            if required:
                yield OVR3.problem(expected=f"{takes.words}, as it is required", got=None)
            return
        for wrong in takes.wrong(value):
            if wrong.unknown:
                hint = did_you_mean(wrong.unknown, wrong.known) or _some(wrong.known)
                yield OVR2.problem(*wrong.at, type=f"this block of {self._type}", hint=hint)
            else:
                yield OVR3.problem(*wrong.at, expected=wrong.expected, got=wrong.got)

    def _unknown(self, takes: Taken, above: Sequence[str], part: str) -> Problem:
        """What is said of a part that leads nowhere."""
        name = ".".join(above)
        if isinstance(takes, Block):
            where = ".".join((self._type, *(each for each in above if not each.isdecimal())))
            hint = did_you_mean(part, takes.members) or _some(takes.members)
            if above and part.isdecimal():
                hint = f"; there is at most one {above[-1]}, so leave the number out"
            return OVR2.problem(type=where, hint=hint)
        if isinstance(takes, ListOf):
            return OVR3.problem(expected=f"under an index, as {name} is a list: {name}.0.{part}")
        return OVR3.problem(expected=f"{name} itself, which is {takes.words}")


def _has_parts(below: Taken, takes: Taken) -> bool:
    return isinstance(takes, ListOf) or isinstance(below, Block | ListOf)


def _count(held: Any) -> str:
    count = len(held) if isinstance(held, list) else 0
    return "are none" if not count else "is 1" if count == 1 else f"are {count}"


def _inside(held: Any, part: str) -> Any:
    if isinstance(held, dict):
        return held.get(part)
    if isinstance(held, list) and part.isdecimal() and int(part) < len(held):
        return held[int(part)]
    return None


def _reserved(name: str) -> str:
    """Why a resource's own attribute is no matter of overrides; empty where it is."""
    if _PREFIX.fullmatch(name):
        return "Inferform gives names, from the Context and the Spec"
    return _META.get(name, "")


def _own(name: str, current: Any) -> str:
    """Why what is there is Inferform's own; empty where it is not."""
    if current is None:
        return ""
    if _NAME.fullmatch(name):
        return "other resources and commands find it by this name"
    if isinstance(current, str) and current.startswith(("{", "[")):
        return "it is a document that Inferform writes as a whole"
    if _refers(current):
        return "it refers to another resource, which roles and rules are made for"
    return ""


def _bare(path: str) -> str:
    """A path without indices: `scaling_config[0].desired_size` is `scaling_config.desired_size`."""
    return re.sub(r"\[\d+\]|\.\d+(?=\.|$)", "", path)


def _refers(value: Any) -> bool:
    """Whether a value, or one in it, is what Terraform knows alone."""
    if isinstance(value, dict):
        return any(map(_refers, value.values()))
    if isinstance(value, list):
        return any(map(_refers, value))
    if isinstance(value, str):
        return "${" in value.replace("$${", "") or "TfToken[" in value
    # A number that stands for a reference is beyond all that AWS takes.
    return not isinstance(value, int | float | None) or (value or 0) < -1e300


def _some(known: Collection[str]) -> str:
    names = [name for name in known if name not in _META]
    shown = ", ".join(names[:12])
    return f"; it has {shown}{', ...' if len(names) > 12 else ''}"
