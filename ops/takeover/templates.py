"""CloudFormation templates, as people write them and as AWS CDK synthesizes them: what their intrinsic
functions come to, as far as that is known without a stack."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..errors import BadInputError


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only a stack knows, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A value of another resource of the template."""

    logical: str
    attribute: str = "Ref"


@dataclass(frozen=True, slots=True)
class Text:
    """A text with values of other resources in it."""

    parts: tuple[Any, ...]

    @property
    def references(self) -> Iterator[Reference]:
        """The resources whose values are in it."""
        yield from (each for each in self.parts if isinstance(each, Reference))

    @property
    def end(self) -> str:
        """What stands behind the last of them."""
        last = self.parts[-1] if self.parts else ""
        return last if isinstance(last, str) else ""


NOTHING = object()
"""AWS::NoValue: as if it was not written."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a template."""

    logical: str
    type: str
    properties: Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of intrinsic functions."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A version such as 2010-09-09 is a text, and so is what people write as a date elsewhere.
_Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str, name: str) -> Mapping[str, Any]:
    """A template. Raises BadInputError for what is none."""
    try:
        content = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)
    except (ValueError, yaml.YAMLError) as error:
        raise BadInputError(f"{name} is neither JSON nor YAML: {error}") from error
    if not isinstance(content, Mapping) or not isinstance(content.get("Resources"), Mapping):
        raise BadInputError(f"{name} has no Resources, so it is no CloudFormation template")
    return content


@dataclass(slots=True)
class Template:
    """A template with values for its parameters."""

    content: Mapping[str, Any]
    given: Mapping[str, str]
    account: str
    region: str
    partition: str = "aws"
    _conditions: dict[str, bool | Unknown] = field(default_factory=dict)

    def resources(self) -> list[Resource]:
        """The resources whose conditions hold, or are not known."""
        made = []
        for logical, written in self.content["Resources"].items():
            if not isinstance(written, Mapping):
                continue
            name = written.get("Condition")
            if name is not None and self.condition(str(name)) is False:
                continue
            properties = self.value(written.get("Properties") or {})
            properties = properties if isinstance(properties, Mapping) else {}
            made.append(Resource(str(logical), str(written.get("Type", "")), properties))
        return made

    def condition(self, name: str) -> bool | Unknown:
        """Whether a condition holds."""
        if name not in self._conditions:
            self._conditions[name] = Unknown(f"condition {name} refers to itself")
            written = (self.content.get("Conditions") or {}).get(name)
            found = self._holds(written)
            self._conditions[name] = found
        return self._conditions[name]

    def _holds(self, written: Any) -> bool | Unknown:
        if not isinstance(written, Mapping) or len(written) != 1:
            return Unknown("a condition that is no function")
        ((function, given),) = written.items()
        if function == "Condition":
            return self.condition(str(given))
        parts = given if isinstance(given, list) else [given]
        if function == "Fn::Equals":
            return self._equal(*parts)
        judged = [self._holds(each) for each in parts]
        unknown = next((each for each in judged if isinstance(each, Unknown)), None)
        answers: dict[str, bool | Unknown] = {
            "Fn::Not": unknown or not judged[0],
            "Fn::And": False if False in judged else unknown or True,
            "Fn::Or": True if True in judged else unknown or False,
        }
        return answers.get(str(function), Unknown(f"{function} is no condition"))

    def _equal(self, one: Any, other: Any) -> bool | Unknown:
        values = [self.value(each) for each in (one, other)]
        unknown = next((each for each in values if isinstance(each, Unknown)), None)
        return unknown or _plain(values[0]) == _plain(values[1])

    def value(self, written: Any) -> Any:
        """What something written comes to: plain data with Unknown, Reference and Text in it."""
        if isinstance(written, list):
            return [made for each in written if (made := self.value(each)) is not NOTHING]
        if not isinstance(written, Mapping):
            return written
        if len(written) == 1:
            ((function, given),) = written.items()
            if function == "Ref":
                return self._referred(str(given))
            if str(function).startswith("Fn::"):
                return self._function(str(function), given)
        return {
            str(name): made
            for name, each in written.items()
            if (made := self.value(each)) is not NOTHING
        }

    def _referred(self, name: str) -> Any:
        known = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NOTHING,
        }
        if name in known:
            return known[name]
        if name in self.given:
            return self.given[name]
        parameters = self.content.get("Parameters") or {}
        if name in parameters:
            return _default(name, parameters[name] or {})
        if name in self.content["Resources"]:
            return Reference(name)
        return Unknown(f"nothing is called {name}")

    def _function(self, name: str, given: Any) -> Any:
        made = getattr(self, f"_{name.removeprefix('Fn::').lower()}", None)
        if made is None:
            return Unknown(f"{name} is known to a stack alone")
        try:
            return made(given)
        except (IndexError, KeyError, TypeError, ValueError):
            return Unknown(f"{name} of {json.dumps(given, default=str)[:80]} cannot be told")

    def _getatt(self, given: Any) -> Any:
        parts = given.split(".", 1) if isinstance(given, str) else given
        logical, attribute = str(parts[0]), str(parts[1])
        if logical not in self.content["Resources"]:
            return Unknown(f"nothing is called {logical}")
        return Reference(logical, attribute)

    def _if(self, given: Sequence[Any]) -> Any:
        name, then, otherwise = given
        holds = self.condition(str(name))
        if isinstance(holds, Unknown):
            return holds
        return self.value(then if holds else otherwise)

    def _findinmap(self, given: Sequence[Any]) -> Any:
        keys = [self.value(each) for each in given[:3]]
        if len(keys) < 3:
            return Unknown(
                f"Fn::FindInMap {given} names no map, a first and a second key{self._meant(keys[-1])}"
            )
        for each in keys:
            if isinstance(each, Unknown):
                return each
        found = self.content.get("Mappings") or {}
        for key in keys:
            if key not in found:
                return Unknown(f"Fn::FindInMap finds no {key}")
            found = found[key]
        return found

    def _meant(self, key: Any) -> str:
        """What a look-up may have meant that names a key and no map."""
        for name, entries in (self.content.get("Mappings") or {}).items():
            found = (
                (entries.get(self.region) or {}).get(key) if isinstance(entries, Mapping) else None
            )
            if found is not None:
                return f"; [{name}, {self.region}, {key}] is {found}{_no_account(str(found))}"
        return ""

    def _sub(self, given: Any) -> Any:
        text, variables = (given, {}) if isinstance(given, str) else given
        known = {name: self.value(each) for name, each in variables.items()}

        def part(name: str) -> Any:
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in known:
                return known[name]
            return self._getatt(name) if "." in name else self._referred(name)

        pieces = re.split(r"\$\{([^}]*)\}", text)
        return _joined([part(each.strip()) if n % 2 else each for n, each in enumerate(pieces)])

    def _join(self, given: Sequence[Any]) -> Any:
        delimiter, values = given[0], self.value(given[1])
        if isinstance(values, Unknown | Reference):
            return values if isinstance(values, Unknown) else Unknown("a list of another resource")
        parts = []
        for n, each in enumerate(values):
            parts += [delimiter, each] if n and delimiter else [each]
        return _joined(parts)

    def _select(self, given: Sequence[Any]) -> Any:
        values = self.value(given[1])
        return values if isinstance(values, Unknown) else values[int(self.value(given[0]))]

    def _split(self, given: Sequence[Any]) -> Any:
        value = self.value(given[1])
        return value if isinstance(value, Unknown) else str(value).split(str(given[0]))


def _default(name: str, parameter: Mapping[str, Any]) -> Any:
    """What a parameter is where nobody gives it."""
    kind, default = str(parameter.get("Type", "")), parameter.get("Default")
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return Unknown(f"parameter {name} is read from Parameter Store")
    if default is None or default == "":
        return Unknown(f"parameter {name} has no default; give --parameter {name}=...")
    is_list = "List" in kind and isinstance(default, str)
    return default.split(",") if is_list else default


def _no_account(image: str) -> str:
    match = re.match(r"(\d+)\.dkr\.ecr\.", image)
    if match is None or len(match[1]) == 12:
        return ""
    return f", whose account has {len(match[1])} digits and not 12"


def _plain(value: Any) -> str:
    """As CloudFormation compares: every value is a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _joined(parts: Sequence[Any]) -> Any:
    flat: list[Any] = []
    for each in parts:
        if isinstance(each, Unknown):
            return each
        for piece in each.parts if isinstance(each, Text) else (each,):
            if isinstance(piece, Reference):
                flat.append(piece)
            elif flat and isinstance(flat[-1], str):
                flat[-1] += _plain(piece)
            else:
                flat.append(_plain(piece))
    if all(isinstance(each, str) for each in flat):
        return "".join(flat)
    return Text(tuple(each for each in flat if each != ""))


Cleaner = Callable[[str, Any], Any]


def cleaned(value: Any, path: str, unknown: Cleaner) -> Any:
    """Plain data in the place of what is known to a stack alone: what `unknown` answers for each, by its
    path; NOTHING leaves it out."""
    if isinstance(value, Mapping):
        made = {name: cleaned(each, f"{path}.{name}", unknown) for name, each in value.items()}
        return {name: each for name, each in made.items() if each is not NOTHING}
    if isinstance(value, list):
        listed = [cleaned(each, f"{path}.{n}", unknown) for n, each in enumerate(value)]
        return [each for each in listed if each is not NOTHING]
    return unknown(path, value) if isinstance(value, Unknown | Reference | Text) else value
