"""What Terraform's attributes become in AWS's API: the members of the requests they are sent in."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from tests.capabilities import capabilities, reasons, together
from tests.conftest import ROOT
from tests.service_models import element, entry, members_of, refusal, service_model, shape_of

# See Capability in tests/capabilities/record.py.
_KNOWN = capabilities().values()
REQUESTS = together(each.requests for each in _KNOWN)
DATA_SOURCES = together(each.data_sources for each in _KNOWN)
ELSEWHERE = together(each.elsewhere for each in _KNOWN)
OWN = reasons(each.own for each in _KNOWN)

_AWS = "cdktf_cdktf_provider_aws"

# Tags that EC2's requests hold in a list with the type of what is tagged.
_TAGS = "ec2:TagList"
# The provider's own tags are put on everything; these services say most of what a tag may be.
_DEFAULT_TAGS = ("ecs:Tags", "iam:tagListType", "sagemaker:TagList")
_OWN = frozenset(name for names in OWN.values() for name in names)
_META = ("//", "depends_on", "lifecycle", "provider", "timeouts")
_REFERENCE = re.compile(r"\$\{[^}]*\}")

Parents = tuple[tuple[str, Shape], ...]
"""Structures, or lists of them, each with its service."""


@dataclass(frozen=True)
class Sent:
    """A value that a stack sends to AWS."""

    stack: str
    attribute: str
    """`type.attribute.attribute`, without the numbers of lists."""

    member: str
    """`service:Shape.Member`, or empty where the request has none."""

    shape: Shape | None
    value: Any

    @property
    def refusal(self) -> str | None:
        """Why AWS does not take it, as far as it is known before an apply."""
        value = self.value
        if self.attribute.endswith(".$"):
            # A path, at which a state machine finds the value.
            return None
        if isinstance(value, str):
            value = _REFERENCE.sub(_stand_in, value)
            if not value.replace(_UNKNOWN, ""):
                return None
        return refusal(self.shape, value) if self.shape else None


_UNKNOWN = "x"


def _stand_in(reference: re.Match[str]) -> str:
    """What a reference within a text comes to: the ends of names are known to have 8 characters,
    buckets to have at most 63."""
    if reference[0] == "${local.suffix}":
        return "0a1b2c3d"
    if reference[0].endswith("execution_arn}"):
        return "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"
    return "b" * 63 if reference[0].endswith("bucket}") else _UNKNOWN


def sent_by(stack: str, content: dict[str, Any]) -> Iterator[Sent]:
    """Every value of every resource of AWS in the Terraform JSON of a stack."""
    for provider in content.get("provider", {}).get("aws", ()):
        for tags in provider.get("default_tags", ()):
            for name in _DEFAULT_TAGS:
                shape = shape_of(name)
                service, _, _ = name.partition(":")
                yield from _value(stack, service, name, shape, ("default_tags",), tags["tags"])
    for kind, named in content.get("resource", {}).items():
        if not kind.startswith("aws_"):
            continue
        for resource in named.values():
            for name, value in resource.items():
                if name not in _META:
                    yield from _attribute(stack, _requests(kind), (kind, name), value)


def in_request(stack: str, request: str, content: dict[str, Any]) -> Iterator[Sent]:
    """Every value of a request that is written in AWS's own words, such as a state machine's."""
    parent = _request(request)
    for name, value in content.items():
        yield from _attribute(stack, (parent,), (request, name), value)


@cache
def imported_types() -> tuple[set[str], set[str]]:
    """The types of resources and of data sources of AWS whose bindings the modules import."""
    files = sorted((ROOT / "modules").rglob("*.py"))
    return types_imported_by(file.read_text("utf-8") for file in files)


def types_imported_by(sources: Iterable[str]) -> tuple[set[str], set[str]]:
    """The types of resources and of data sources whose bindings Python sources import."""
    resources: set[str] = set()
    data: set[str] = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        for module in _bindings(node):
            if module.startswith("data_aws_"):
                data.add(module.removeprefix("data_"))
            elif module != "provider":
                resources.add(f"aws_{module}")
    return resources, data


def _bindings(node: ast.AST) -> Iterator[str]:
    """The submodules of the bindings of AWS that a statement imports."""
    if isinstance(node, ast.ImportFrom) and node.module == _AWS:
        yield from (alias.name for alias in node.names)
        return
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    for name in names:
        if name.startswith(f"{_AWS}."):
            yield name.split(".")[1]


@cache
def _requests(kind: str) -> Parents:
    return tuple(_request(name) for name in REQUESTS.get(kind, "").split())


def _request(name: str) -> tuple[str, Shape]:
    service, _, operation = name.partition(":")
    model = service_model(service)
    if operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        return service, shape
    return service, shape_of(name)


def _attribute(stack: str, parents: Parents, path: tuple[str, ...], value: Any) -> Iterator[Sent]:
    attribute = ".".join(path)
    found = None if attribute in _OWN else _elsewhere(attribute) or _member(path, parents)
    if found is None and path[1:] == ("tags",):
        found = ("ec2", _TAGS, shape_of(_TAGS))
    if found is not None:
        yield from _value(stack, *found, path, value)
    elif isinstance(value, dict):
        # A block that the request has not: its attributes stand in the request itself.
        for name, inner in value.items():
            yield from _attribute(stack, parents, (*path, name), inner)
    else:
        yield Sent(stack, attribute, "", None, value)


def _elsewhere(attribute: str) -> tuple[str, str, Shape] | None:
    name = ELSEWHERE.get(attribute)
    return (name.partition(":")[0], name, shape_of(name)) if name else None


def _member(path: tuple[str, ...], parents: Parents) -> tuple[str, str, Shape] | None:
    """The member that an attribute is, by its name, alone or with the words of its type."""
    plain = _plain(path[-1])
    words = path[0].split("_")
    own = ["".join(words[index:]) + plain for index in range(1, len(words))]
    for service, parent in parents:
        members = {_plain(name): (name, shape) for name, shape in members_of(parent).items()}
        for name in (
            plain,
            f"{plain}s",
            plain.removesuffix("s"),
            f"{plain}list",
            *own,
            f"{plain}document",
            f"{plain}text",
            f"{plain}name",
        ):
            if name in members:
                member, shape = members[name]
                return service, f"{service}:{element(parent).name}.{member}", shape
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _value(
    stack: str, service: str, member: str, shape: Shape, path: tuple[str, ...], value: Any
) -> Iterator[Sent]:
    attribute = ".".join(path)
    value = _read(shape, value)
    if isinstance(value, list):
        if isinstance(shape, ListShape):
            yield Sent(stack, attribute, member, shape, value)
            shape = shape.member
        for each in value:
            yield from _value(stack, service, member, shape, path, each)
    elif not isinstance(value, dict):
        yield Sent(stack, attribute, member, element(shape), value)
    elif pair := _pair(shape, value):
        yield Sent(stack, attribute, member, shape, value)
        for key, each in value.items():
            if str(key).endswith(".$"):
                continue  # a path, at which a state machine finds the value
            for (name, inner), part in zip(pair, (key, each), strict=True):
                member = f"{service}:{element(shape).name}.{name}"
                yield Sent(stack, f"{attribute}.{name}", member, inner, part)
    else:
        for key, each in value.items():
            yield from _attribute(stack, ((service, shape),), (*path, key), each)


def _read(shape: Shape, value: Any) -> Any:
    """What an attribute that is text in JSON is sent as, where the request has more than text."""
    if isinstance(value, str) and isinstance(shape, ListShape) and value.startswith("["):
        return json.loads(value)
    if isinstance(value, str) and isinstance(shape, StructureShape) and value.startswith("{"):
        return _without_nothing(json.loads(value))
    return value


def _without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    """A structure in JSON without the members that are null, which are not sent."""
    return {
        key: _without_nothing(each) if isinstance(each, dict) else each
        for key, each in value.items()
        if each is not None
    }


def _pair(
    shape: Shape, value: dict[str, Any]
) -> tuple[tuple[str, Shape], tuple[str, Shape]] | None:
    """How entries are called, where a dict is sent as a map or as a list of them."""
    pair = entry(shape)
    names = {_plain(name) for name, _ in pair or ()}
    return None if names == {_plain(key) for key in value} else pair
