"""Every scalar that people write in a Spec, and what it takes."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from botocore.model import ListShape, Shape
from pydantic import ConfigDict, TypeAdapter, ValidationError

import inferform
from inferform import (
    Addon,
    Channel,
    CloudWatchMetric,
    ComponentContainer,
    Context,
    DirectEndpoint,
    HostedZone,
    Image,
    IntegerRange,
    MetricMath,
    Model,
    ModelPackage,
    MultiModel,
    MultiVariantEndpoint,
    OnInstanceType,
    Outputs,
    ProcessingInput,
    ProcessingOutput,
    PullThroughCache,
    Spec,
    SpecError,
    Ulimit,
    Variant,
)
from inferform.spec import NAME1, Aws, below
from tests.service_models import element, entry, shape_of

# A flag has nothing to compare.
_NO_SCALARS = (bool, types.NoneType)
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)
_PART = re.compile(r"\[\]|\{\}|\{key\}")

_ARN = "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/12"
_SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
_MODEL = Model(image=Image(repository="fraud", tag="1"))
_CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
_METRIC = CloudWatchMetric(namespace="Fraud", name="Busy")
_VARIANT = Variant(model=_MODEL, instance_type="ml.m5.large")
_OWN = ComponentContainer(image=Image(repository="fraud", tag="1"))
_MULTI = MultiModel(image=Image(repository="fraud", tag="1"), artifacts="models/")

# What stands under a key, or over a value, where it is not any text.
_VALUES: dict[str, Any] = {
    "Component.by_instance_type": OnInstanceType(min_memory_mib=128),
    "Agent.secrets": _SECRET,
    "ContainerOptions.depends_on": "START",
    "ContainerOptions.secrets": _SECRET,
    "ContainerOptions.ulimits": Ulimit(soft=1, hard=1),
    "EksCluster.addons": Addon(),
    "FireLens.output_secrets": _SECRET,
    "RouteConditions.headers": ["beta"],
    "RouteConditions.query": "beta",
    "LoadBalancer.records": HostedZone(id="Z0123456789ABCDEFGHIJ"),
    "Registry.caches": PullThroughCache(upstream="public.ecr.aws"),
    "ProcessingJob.inputs": ProcessingInput(uri="data/"),
    "ProcessingJob.outputs": ProcessingOutput(),
    "SideCar.depends_on": "START",
    "TrainingJob.channels": Channel(uri="data/"),
    "TrainingJob.metrics": "auc=(.*)",
    "Tuning.ranges": IntegerRange(minimum=1, maximum=2),
}

# Where a Spec's `check` has the limits, as the message must not show the value or depends on more.
_SPECS: dict[str, Callable[[Any], Spec]] = {
    "ComponentContainer.environment{key}": lambda key: _OWN.replace(environment={key: "1"}),
    "ComponentContainer.environment{}": lambda value: _OWN.replace(environment={"KEY": value}),
    "Context.tag_keys{}": lambda key: _CONTEXT.replace(tag_keys={"owner": key}),
    "DirectEndpoint.containers{key}": lambda key: DirectEndpoint(
        containers={key: _MODEL, "other": _MODEL}, instance_type="ml.m5.large"
    ),
    "MetricMath.expression": lambda text: MetricMath(
        expression=text, metrics={"m": _METRIC}, target=1
    ),
    "MetricMath.metrics{key}": lambda key: MetricMath(
        expression="SUM(METRICS())", metrics={key: _METRIC}, target=1
    ),
    "Model.environment{key}": lambda key: _MODEL.replace(environment={key: "1"}),
    "Model.environment{}": lambda value: _MODEL.replace(environment={"KEY": value}),
    "_Package.environment{key}": lambda key: ModelPackage(arn=_ARN, environment={key: "1"}),
    "_Package.environment{}": lambda value: ModelPackage(arn=_ARN, environment={"A": value}),
    "MultiModel.environment{key}": lambda key: _MULTI.replace(environment={key: "1"}),
    "MultiModel.environment{}": lambda value: _MULTI.replace(environment={"A": value}),
    "MultiVariantEndpoint.variants{key}": lambda key: MultiVariantEndpoint(
        variants={key: _VARIANT}
    ),
}


@dataclass(frozen=True)
class Field:
    """A field of a Spec that holds one value, or one that stands in its lists and dicts."""

    spec: type[Spec]
    field: str
    path: str
    """`[]` for what a list holds, `{}` for the values of a dict and `{key}` for its keys."""

    type: Any
    """`str`, `int`, `float`, `Any` or a Literal."""

    rules: tuple[Any, ...]
    """The metadata of its type."""

    members: tuple[tuple[str, Shape], ...]
    """What it becomes in AWS's API, by name."""

    annotation: Any
    """The type of the whole field."""

    def __str__(self) -> str:
        return f"{self.spec.__name__}.{self.field}{self.path}"

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of a Literal."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()

    @property
    def is_short_name(self) -> bool:
        """Whether it is a name within the Environment: what `ShortName` takes."""
        return any(getattr(rule, "rule", None) is NAME1 for rule in self.rules)

    def broken_rules(self, value: Any) -> list[str]:
        """The rules that refuse `value`; none when it is taken."""
        make = _SPECS.get(str(self))
        if make is None:
            return self._validated(value)
        try:
            make(value)
        except SpecError as error:
            return [problem.rule for problem in error.problems]
        return []

    def _validated(self, value: Any) -> list[str]:
        for part in reversed(_PART.findall(self.path)):
            other = _VALUES.get(f"{self.spec.__name__}.{self.field}", "value")
            value = [value] if part == "[]" else {"key": value} if part == "{}" else {value: other}
        try:
            self._adapter.validate_python(value)
        except ValidationError as error:
            return [
                detail["ctx"]["rule"] if detail["type"] == "rule_broken" else "SPEC4"
                for detail in error.errors()
            ]
        return []

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation, config=_STRICT)


@cache
def fields() -> tuple[Field, ...]:
    """Every such field of every Spec, where the Spec itself declares it."""
    found = []
    for spec in specs():
        for name in spec.__annotations__.keys() & spec.model_fields.keys():
            info = spec.model_fields[name]
            annotation: Any = info.annotation
            for rule in info.metadata:
                annotation = Annotated[annotation, rule]
            found += [
                Field(spec, name, *leaf, annotation) for leaf in _leaves(annotation, "", (), ())
            ]
    return tuple(sorted(found, key=str))


def specs() -> list[type[Spec]]:
    """Every Spec of Inferform's own, once."""
    name = inferform.__name__
    return [each for each in dict.fromkeys(below(Spec)) if each.__module__.startswith(name)]


_Members = tuple[tuple[str, Shape], ...]


def _leaves(
    annotation: Any, path: str, rules: tuple[Any, ...], members: _Members
) -> Iterator[tuple[str, Any, tuple[Any, ...], _Members]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *found = arguments
        named = [each for rule in found if isinstance(rule, Aws) for each in rule.members]
        members += tuple((name, shape_of(name)) for name in named)
        yield from _leaves(inner, path, (*rules, *found), members)
    elif origin in (Union, types.UnionType):
        for each in arguments:
            yield from _leaves(each, path, rules, members)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        for part, each, index in zip(("{key}", "{}"), arguments, (0, 1), strict=True):
            inner_members = tuple(
                (name, pair[index][1] if (pair := entry(shape)) else shape)
                for name, shape in members
            )
            yield from _leaves(each, path + part, rules, inner_members)
    elif isinstance(origin, type) and issubclass(origin, Sequence):
        held = tuple((n, s.member if isinstance(s, ListShape) else s) for n, s in members)
        yield from _leaves(arguments[0], path + "[]", rules, held)
    elif annotation not in _NO_SCALARS and not _is_group(annotation):
        yield path, annotation, rules, tuple((name, element(shape)) for name, shape in members)


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Spec | Outputs)
