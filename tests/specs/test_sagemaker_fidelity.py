"""Limits that say which member of AWS's API they follow are those of botocore's service model."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import botocore.session
import pytest

from modules.alarms import spec as alarms
from modules.sagemaker import batch, guardrails, instances, model, registry, spec
from modules.spec import Between, Check, Known, Matches, Spec

MODULES: tuple[types.ModuleType, ...] = (alarms, batch, guardrails, model, registry, spec)


def checks(hint: Any) -> Iterator[Any]:
    """The checks in an annotation, however deep."""
    if get_origin(hint) is Annotated:
        yield from (each for each in hint.__metadata__ if getattr(each, "aws", None))
        hint = hint.__origin__
    for inner in get_args(hint):
        yield from checks(inner)


def followed() -> list[tuple[str, Any]]:
    """Every check that follows a member of AWS's API, with the field that has it."""
    found: dict[str, Any] = {}
    for module in MODULES:
        for cls in vars(module).values():
            if (
                isinstance(cls, type)
                and issubclass(cls, Spec)
                and cls.__module__ == module.__name__
            ):
                for name, hint in get_type_hints(cls, include_extras=True).items():
                    for check in checks(hint):
                        found.setdefault(f"{cls.__name__}.{name}", check)
    return list(found.items())


@cache
def member(path: str) -> Any:
    """The shape of `service:Shape.Member`."""
    service, _, rest = path.partition(":")
    shape, _, name = rest.partition(".")
    found: Any = botocore.session.get_session().get_service_model(service).shape_for(shape)
    return found.members[name]


FOLLOWED = followed()


def test_many_limits_follow_aws() -> None:
    assert len(FOLLOWED) > 20


@pytest.mark.parametrize(("field", "check"), FOLLOWED, ids=[field for field, _ in FOLLOWED])
def test_a_limit_is_awss(field: str, check: Any) -> None:
    shape = member(check.aws)
    limits = shape.metadata
    if isinstance(check, Between):
        # A bound of AWS's is kept; where AWS has none, Inferra may have one.
        assert check.low >= limits.get("min", check.low)
        assert check.high <= limits.get("max", check.high)
        exact = field.rpartition(".")[2] != "maximum_execution_timeout_seconds"
        if exact and "max" in limits:
            assert (check.low, check.high) == (limits.get("min", 0), limits["max"])
    elif isinstance(check, Known):
        assert set(check.values()) == set(shape.enum)
    elif isinstance(check, Check | Matches) and shape.type_name == "integer":
        good = [n for n in range(0, 10_000, 512) if _passes(check, n)]
        assert min(good) >= limits["min"]
        assert max(good) <= limits["max"]
    else:
        assert shape.type_name in ("string", "map")


def _passes(check: Any, value: int) -> bool:
    return bool(check.test(value))


def test_the_tables_of_instance_types_are_botocores() -> None:
    model_ = botocore.session.get_session().get_service_model("sagemaker")
    hosting: Any = model_.shape_for("ProductionVariantInstanceType")
    transform: Any = model_.shape_for("TransformInstanceType")
    assert instances.instance_type_names() == frozenset(hosting.enum)
    assert batch.transform_instance_types() == frozenset(transform.enum)


def test_every_rule_of_sagemaker_names_its_source() -> None:
    from modules import RULES

    prefixes = ("MDL", "RT", "CAPT", "SLS", "ASY", "MME", "PIP", "SHD", "IC", "DEP", "JOB", "FWK")
    found = [rule for rule in RULES.values() if rule.id.rstrip("0123456789") in prefixes]
    assert len(found) > 60
    assert all(len(rule.source) > 15 for rule in found)
