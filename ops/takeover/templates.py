"""CloudFormation templates, as people write them and as AWS CDK synthesizes them: what their intrinsic
functions come to, as far as that is known without a stack."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from ..errors import BadInputError


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only a stack knows, and why."""

    why: str
    written: str = ""
    """What stands in its place, so that two are the same value only where the same was written."""

    empty: bool = False
    """Whether it is a parameter whose default is an empty text: it says nothing, and compares as one."""


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
    unsure: str = ""
    """Why it is not known whether a stack has it; empty where it has."""


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
    dns_suffix: str = "amazonaws.com"
    _conditions: dict[str, bool | Unknown] = field(default_factory=dict)
    referred: set[str] = field(default_factory=set)
    """The given values that something refers to."""

    def resources(self) -> list[Resource]:
        """The resources whose conditions hold, or are not known."""
        made = []
        for logical, written in self.content["Resources"].items():
            if not isinstance(written, Mapping) or str(logical).startswith("Fn::"):
                continue
            name = written.get("Condition")
            holds = True if name is None else self.condition(str(name))
            if holds is False:
                continue
            properties = self.value(written.get("Properties") or {})
            properties = properties if isinstance(properties, Mapping) else {}
            unsure = holds.why if isinstance(holds, Unknown) else ""
            kind = str(written.get("Type", ""))
            made.append(Resource(str(logical), kind, properties, unsure))
        return made

    def passed_over(self) -> Iterator[tuple[str, Any]]:
        """What stands among the resources and is none by itself: loops and macros, which AWS expands."""
        for logical, written in self.content["Resources"].items():
            if not isinstance(written, Mapping) or str(logical).startswith("Fn::"):
                yield str(logical), written

    def parameters(self) -> Mapping[str, Any]:
        """Its parameters, by name."""
        found = self.content.get("Parameters")
        return found if isinstance(found, Mapping) else {}

    def condition(self, name: str) -> bool | Unknown:
        """Whether a condition holds."""
        if name not in self._conditions:
            self._conditions[name] = Unknown(f"condition {name} refers to itself")
            written = (self.content.get("Conditions") or {}).get(name)
            if written is None:
                self._conditions[name] = Unknown(f"there is no condition {name}")
            else:
                self._conditions[name] = self._holds(written)
        return self._conditions[name]

    def _holds(self, written: Any) -> bool | Unknown:
        if not isinstance(written, Mapping) or len(written) != 1:
            return Unknown("a condition that is no function")
        ((function, given),) = written.items()
        if function == "Condition":
            return self.condition(str(given))
        parts = given if isinstance(given, list) else [given]
        if function == "Fn::Equals" and len(parts) == 2:
            return self._equal(*parts)
        if function not in ("Fn::Not", "Fn::And", "Fn::Or") or not parts:
            return Unknown(f"{function} of {_shown(given)} is no condition")
        judged = [self._holds(each) for each in parts]
        unknown = next((each for each in judged if isinstance(each, Unknown)), None)
        answers: dict[str, bool | Unknown] = {
            "Fn::Not": unknown or not judged[0],
            "Fn::And": False if False in judged else unknown or True,
            "Fn::Or": True if True in judged else unknown or False,
        }
        return answers[function]

    def _equal(self, one: Any, other: Any) -> bool | Unknown:
        values = [_emptied(self.value(each)) for each in (one, other)]
        unknown = next((each for each in values if isinstance(each, Unknown)), None)
        if unknown is not None:
            return unknown
        resource = next((each for each in values if isinstance(each, Reference | Text)), None)
        if resource is not None:
            return Unknown("a condition cannot look at another resource")
        return _plain(values[0]) == _plain(values[1])

    def value(self, written: Any) -> Any:
        """What something written comes to: plain data with Unknown, Reference and Text in it."""
        if isinstance(written, list):
            return [made for each in written if (made := self.value(each)) is not NOTHING]
        if not isinstance(written, Mapping):
            return written
        if len(written) == 1:
            ((function, given),) = written.items()
            if function == "Ref" or str(function).startswith("Fn::"):
                made = (
                    self._referred(str(given))
                    if function == "Ref"
                    else self._function(str(function), given)
                )
                known = not isinstance(made, Unknown)
                return made if known else replace(made, written=_shown(written, None))
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
            "AWS::URLSuffix": self.dns_suffix,
            "AWS::NoValue": NOTHING,
        }
        if name in known:
            return known[name]
        parameter = self.parameters().get(name)
        if name in self.given:
            self.referred.add(name)
            given = self.given[name]
            return _listed(given) if _is_list(parameter) else given
        if name in self.parameters():
            return _default(name, parameter or {})
        if name in self.content["Resources"]:
            return Reference(name)
        return Unknown(_missing(name))

    def _function(self, name: str, given: Any) -> Any:
        followed: Mapping[str, Callable[[Any], Any]] = {
            "Fn::FindInMap": self._findinmap,
            "Fn::GetAtt": self._getatt,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }
        if name in _OF_A_STACK:
            return Unknown(f"{name} is known to a stack alone")
        if name not in followed:
            return Unknown(f"{name} is not followed")
        try:
            return followed[name](given)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return Unknown(f"{name} of {_shown(given)} cannot be told")

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
        for key in map(_plain, keys):
            # YAML reads a key such as an account as a number.
            named = {_plain(name): each for name, each in found.items()}
            if key not in named:
                otherwise = given[3]["DefaultValue"] if len(given) > 3 else None
                if otherwise is not None:
                    return self.value(otherwise)
                return Unknown(f"Fn::FindInMap finds no {key}")
            found = named[key]
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
        known = {str(name): self.value(each) for name, each in variables.items()}

        def part(name: str) -> Any:
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in known:
                return known[name]
            return self._getatt(name) if "." in name else self._referred(name)

        pieces = re.split(r"\$\{([^}]*)\}", text)
        return _joined([part(each.strip()) if n % 2 else each for n, each in enumerate(pieces)])

    def _join(self, given: Sequence[Any]) -> Any:
        delimiter, values = given[0], _emptied(self.value(given[1]))
        if isinstance(values, Unknown | Reference):
            return values if isinstance(values, Unknown) else Unknown("a list of another resource")
        values = values if isinstance(values, list) else [values]
        parts = []
        for n, each in enumerate(values):
            parts += [delimiter, each] if n and delimiter else [each]
        return _joined(parts)

    def _select(self, given: Sequence[Any]) -> Any:
        values = self.value(given[1])
        if isinstance(values, Unknown):
            return values
        if not isinstance(values, list):
            raise TypeError(values)
        return values[int(self.value(given[0]))]

    def _split(self, given: Sequence[Any]) -> Any:
        value = _emptied(self.value(given[1]))
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Reference | Text):
            return Unknown("a text of another resource")
        return _plain(value).split(str(given[0]))


STACK_NAME = "AWS::StackName"
"""What a stack is called, which may be given as a parameter."""


def _missing(name: str) -> str:
    if name == STACK_NAME:
        return f"{name} is known to a stack alone; give --parameter {name}=..."
    if name.startswith("AWS::"):
        return f"{name} is known to a stack alone"
    return f"nothing is called {name}"


_OF_A_STACK = ("Fn::GetAZs", "Fn::ImportValue", "Fn::Transform", "Fn::GetStackOutput")


def _shown(written: Any, most: int | None = 80) -> str:
    return json.dumps(written, default=str)[:most]


def _emptied(value: Any) -> Any:
    """The empty text that a parameter is by default, where a value is compared or is a part of a text."""
    return "" if isinstance(value, Unknown) and value.empty else value


def _is_list(parameter: Any) -> bool:
    return isinstance(parameter, Mapping) and "List" in str(parameter.get("Type", ""))


def _listed(value: str) -> list[str]:
    """The members of a list in a parameter, as CloudFormation reads them: without the spaces around."""
    return [each.strip() for each in value.split(",")]


def _default(name: str, parameter: Mapping[str, Any]) -> Any:
    """What a parameter is where nobody gives it."""
    kind, default = str(parameter.get("Type", "")), parameter.get("Default")
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return Unknown(f"parameter {name} is read from Parameter Store")
    if default is None:
        return Unknown(f"parameter {name} has no default; give --parameter {name}=...")
    if default == "":
        why = f"parameter {name} is empty by default; give --parameter {name}=..."
        return Unknown(why, empty=True)
    return _listed(default) if _is_list(parameter) and isinstance(default, str) else default


def _no_account(image: str) -> str:
    match = re.match(r"(\d+)\.dkr\.ecr\.", image)
    if match is None or len(match[1]) == 12:
        return ""
    return f", whose account has {len(match[1])} digits and not 12"


def _plain(value: Any) -> str:
    """As CloudFormation compares: every value is a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_text(value: Any) -> Any:
    """A number or a truth where a text is meant, as CloudFormation takes it; anything else as it is."""
    return _plain(value) if isinstance(value, bool | int | float) else value


def _joined(parts: Sequence[Any]) -> Any:
    flat: list[Any] = []
    for each in map(_emptied, parts):
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
    held = tuple(each for each in flat if each != "")
    return held[0] if len(held) == 1 else Text(held)


Cleaner = Callable[[str, Any], Any]


def cleaned(value: Any, path: str, unknown: Cleaner) -> Any:
    """Plain data instead of what is known to a stack alone: what `unknown` answers for each, by its
    path; NOTHING leaves it out."""
    if isinstance(value, Mapping):
        made = {name: cleaned(each, f"{path}.{name}", unknown) for name, each in value.items()}
        return {name: each for name, each in made.items() if each is not NOTHING}
    if isinstance(value, list):
        listed = [cleaned(each, f"{path}.{n}", unknown) for n, each in enumerate(value)]
        return [each for each in listed if each is not NOTHING]
    return unknown(path, value) if isinstance(value, Unknown | Reference | Text) else value
