"""What an example of a public module sends, and what the environment in its place makes instead.

`expected/*.json` has the attributes that the module sends for its example, those of its own
resources that it sets itself: `expected/README.md` says how they were taken from Terraform.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples/peers"
EXPECTED = Path(__file__).with_name("expected")

NAMED_BY = ("name", "bucket")
"""The attributes by which a resource is named in others."""

OWN_NAME = (*NAMED_BY, "family")
"""The attributes by which AWS knows a resource."""

Content = Mapping[str, Any]

Inputs = Mapping[str, str | tuple[str, str]]
"""Where inputs go, by their path in the example: an address and an attribute of the module that has
the input in it, an address and "" where the resource is there because of it, or why it goes into no
attribute."""

FALSE_BY_DEFAULT = {
    *("initProcessEnabled", "interactive", "privileged", "pseudoTerminal"),
    *("lambda_multi_value_headers_enabled", "proxy_protocol_v2", "skip_destroy", "self"),
    "assign_ipv6_address_on_creation",
    "enable_dns64",
    "enable_resource_name_dns_a_record_on_launch",
    "enable_resource_name_dns_aaaa_record_on_launch",
    "ipv6_native",
}
"""What modules write and Inferform leaves out, as the provider has no for it anyway."""


@dataclass(frozen=True, slots=True)
class Differs:
    """An attribute that Inferform sets otherwise on purpose."""

    got: str | None
    """What it is, with `*` for anything; None where Inferform does not set it. Something of a resource
    is `<aws_kms_key>`, by its address in the module where there is one in its place."""

    because: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A resource of the module, and the one of Inferform in its place."""

    theirs: str
    """Its address in the module."""

    ours: str
    """The type, and after a space the end of the construct's path where there are several."""

    differs: Mapping[str, Differs] = field(default_factory=dict)
    """By attribute."""

    adds: Mapping[str, str] = field(default_factory=dict)
    """Attributes and blocks that only Inferform sets, and why."""

    at: Mapping[str, str] = field(default_factory=dict)
    """Attributes that the type of Inferform's resource has by another path."""

    def path(self, theirs: str) -> str:
        """Where Inferform has an attribute of the module."""
        return self.at.get(theirs, theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An example of a module, written as an environment."""

    environment: str
    """The file in `examples/peers`, and the name of the environment in it."""

    expected: str
    """The file in `expected`."""

    pairs: tuple[Pair, ...]
    """What is there in both."""

    inputs: Inputs
    """Where each input of the example goes. Those that this example does not have are left out."""

    not_made: Mapping[str, str] = field(default_factory=dict)
    """What Inferform does not make, by the address, and why. `*` stands for anything."""

    beside: Mapping[str, str] = field(default_factory=dict)
    """What Inferform makes besides, by the type, and why."""

    emulator: str = "as it is"
    """How the tests deploy it to the emulator, without what, and why; else why they do not."""

    deployed: bool = True
    """Whether the tests deploy it."""

    def recorded(self) -> Recorded:
        """What the module sends."""
        content = json.loads((EXPECTED / f"{self.expected}.json").read_text("utf-8"))
        return Recorded(content, {pair.theirs for pair in self.pairs})


class Recorded:
    """What a module sends for one of its examples."""

    def __init__(self, content: Content, paired: Collection[str]) -> None:
        self.module: str = content["module"]
        self.commit: str = content["commit"]
        self.example: str = content["example"]
        self.inputs: dict[str, Any] = dict(leaves(content["inputs"]))
        self.resources: dict[str, dict[str, Any]] = content["resources"]
        self._paired = {unnumbered(address) for address in paired}
        self._names = {
            attributes[key]: unnumbered(address)
            for address, attributes in self.resources.items()
            for key in NAMED_BY
            if address in paired and isinstance(attributes.get(key), str)
        }

    def value(self, address: str, path: str) -> Any:
        """What the module sends for an attribute, in a form to be compared."""
        value = self.resources[address][path]
        if is_raw(path) and isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            address = unnumbered(value["refers to"])
            return f"<{address if address in self._paired else kind_of(address)}>"
        return plain(value, self._names)


class Stacks:
    """The stacks of an environment, with their references followed."""

    def __init__(self, stacks: Mapping[str, Content], pairs: Iterable[Pair]) -> None:
        self._layers = {name.split("-", 2)[-1]: stack for name, stack in stacks.items()}
        self._made = {
            f"{kind}.{name}": (stack, attributes)
            for stack in self._layers.values()
            for kind, resources in stack.get("resource", {}).items()
            for name, attributes in resources.items()
        }
        self._theirs: dict[str, str] = {}
        self._theirs = {self.find(pair.ours)[0]: unnumbered(pair.theirs) for pair in pairs}
        # One name may be of several: it is that of the first pair.
        self._names: dict[str, str] = {}
        unpaired = [address for address in self._made if address not in self._theirs]
        for address in (*unpaired, *reversed(self._theirs)):
            stack, attributes = self._made[address]
            for key in NAMED_BY:
                name = attributes.get(key)
                if isinstance(name, str) and "acme-" in (text := self._followed(name, stack)):
                    self._names[text] = self._theirs.get(address, address.partition(".")[0])

    @property
    def types(self) -> set[str]:
        """The types of everything that is made."""
        return {address.partition(".")[0] for address in self._made}

    def find(self, ours: str) -> tuple[str, dict[str, Any]]:
        """The address and attributes of the one resource that a Pair names."""
        kind, _, end = ours.partition(" ")
        found = [
            (address, attributes)
            for address, (_, attributes) in self._made.items()
            if address.startswith(f"{kind}.")
            and attributes["//"]["metadata"]["path"].endswith(f"/{end}" if end else "")
        ]
        assert len(found) == 1, (ours, [address for address, _ in found])
        return found[0]

    def attributes(self, address: str) -> dict[str, Any]:
        """Every attribute that is set, by its path without the numbers of blocks."""
        stack, attributes = self._made[address]
        (provider,) = stack["provider"]["aws"]
        apart = ("//", "lifecycle", "depends_on", "provider")
        own = {key: value for key, value in attributes.items() if key not in apart}
        containers = own.pop("container_definitions", "[]")
        own["container_definitions"] = {
            container.pop("name"): container for container in json.loads(containers)
        }
        tags = {**provider.get("default_tags", [{}])[0].get("tags", {}), **own.pop("tags", {})}
        return dict(leaves(own)) | {f"tags.{key}": value for key, value in tags.items()}

    def value(self, address: str, path: str) -> Any:
        """An attribute of a resource by its path in Terraform's words; None where it is not set."""
        stack, _ = self._made[address]
        value = self.attributes(address).get(short(path))
        if value is None or is_raw(path):
            return value
        return self.meant(value, stack)

    def meant(self, value: Any, stack: Content) -> Any:
        """A value with what it names of the environment's resources in a form to be compared."""
        if not isinstance(value, str):
            return plain(value, {})
        return plain(self._followed(value, stack), self._names)

    def _followed(self, text: str, stack: Content) -> str:
        """A text with the values of references that are known before the apply."""

        def output(match: re.Match[str]) -> str:
            other = self._layers.get(match[1])
            if other is None:
                return f"<output {match[2]}>"
            return self._followed(str(other["output"][match[2]]["value"]), other)

        def attribute(match: re.Match[str]) -> str:
            address, key = match[1], match[2]
            held = self._made[address][1].get(key) if address in self._made else None
            if isinstance(held, str):
                return self._followed(held, stack)
            return f"<{self._theirs.get(address, address.split('.')[-2])}>"

        text = re.sub(r"\$\{data\.terraform_remote_state\.([\w-]+)\.outputs\.(\w+)\}", output, text)
        return re.sub(r"\$\{((?:data\.)?aws_\w+\.[\w-]+)\.([^}]+)\}", attribute, text)


def is_raw(path: str) -> bool:
    """Whether the text of an attribute names nothing else."""
    return path in (*OWN_NAME, "ecr_repository_prefix") or "tags." in path


def kind_of(address: str) -> str:
    """The type in an address of the module."""
    return re.sub(r"^(module\.[\w-]+(\[[^\]]*\])?\.)*", "", address).partition(".")[0]


def unnumbered(address: str) -> str:
    """An address without the number of one of several, as references are to all of them."""
    return re.sub(r"\[\d+\]", "", address)


def short(path: str) -> str:
    """A path without the numbers of blocks that are alone."""
    return re.sub(r"\.0(?=\.|$)", "", path)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in blocks, lists and maps, by its path; the first of several has no number."""
    if isinstance(value, Mapping) and "refers to" not in value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{index}" if index else path)
    elif value is not None:
        yield path, value


def plain(value: Any, names: Mapping[str, str]) -> Any:
    """A value as text, as Terraform takes numbers and their texts for the same."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if not isinstance(value, str):
        return str(value)
    for name in sorted(names, key=len, reverse=True):
        value = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f"<{names[name]}>", value)
    if value.startswith("{"):
        document = json.loads(value)
        is_policy = "Statement" in document
        return json.dumps(_any_order(document) if is_policy else document, sort_keys=True)
    return value


def _any_order(part: Any) -> Any:
    """A part of an IAM policy as IAM reads it: a list has no order, and one value needs none."""
    if isinstance(part, Mapping):
        return {key: _any_order(inner) for key, inner in part.items() if key != "Statement"} | (
            {"Statement": [_any_order(each) for each in part["Statement"]]}
            if "Statement" in part
            else {}
        )
    if isinstance(part, list):
        return sorted(part) if len(part) > 1 else part[0]
    return part


def fits(pattern: str, value: Any) -> bool:
    """Whether a value is what a pattern with `*` says."""
    text = ".*".join(map(re.escape, pattern.split("*")))
    return isinstance(value, str) and re.fullmatch(text, value, re.DOTALL) is not None
