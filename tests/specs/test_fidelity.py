"""Limits that fields take from AWS are those of botocore's service models, or say why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast, get_args

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape, StringShape

import modules
from modules.sagemaker.batch import transform_instance_types
from modules.sagemaker.instances import instance_type_names
from modules.spec import Between, Check, Known, Matches, Spec

# Where a range is not botocore's, and why.
REASONS = {
    "BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds": "the provider takes up to 14,400",
    "ProductionVariant.InitialInstanceCount": "no account's quota goes beyond 10,000",
    "ProductionVariantManagedInstanceScaling.MinInstanceCount": "likewise",
    "PutMetricAlarmInput.EvaluationPeriods": "periods of a minute fill AWS's window of a day",
    "TransformResources.InstanceCount": "the quota of a transform job",
}

# Where a closed set is a part of botocore's, and which.
SUBSETS = {"RunInstancesRequest.InstanceType": "the types with a GPU that ECS runs on"}


def specs(root: type[Spec] = Spec) -> Iterator[type[Spec]]:
    for child in root.__subclasses__():
        if child.__module__.startswith(modules.__name__):
            yield child
        yield from specs(child)


def limits(annotation: Any, metadata: Any) -> Iterator[Any]:
    """Every limit in a field's type, however deep."""
    for entry in metadata or ():
        if getattr(entry, "aws", None):
            yield entry
    for argument in get_args(annotation):
        yield from limits(argument, getattr(argument, "__metadata__", ()))


FIELDS = sorted(
    {
        (f"{spec.__name__}.{name}", limit.aws): limit
        for spec in specs()
        for name, field in spec.model_fields.items()
        for limit in limits(field.annotation, field.metadata)
    }.items(),
    key=lambda entry: entry[0],
)


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def shape_of(aws: str) -> Shape:
    service, _, member = aws.partition(":")
    shape, _, name = member.partition(".")
    model = service_model(service)
    found: Shape = model.shape_for(shape).members[name]  # type: ignore[attr-defined]
    return found


def expected(aws: str, name: str) -> Any:
    return shape_of(aws).metadata.get(name)


@pytest.mark.parametrize(("field", "limit"), FIELDS, ids=[f"{f} {aws}" for (f, aws), _ in FIELDS])
def test_a_limit_is_botocores_or_says_why_not(field: tuple[str, str], limit: Any) -> None:
    _, aws = field
    if isinstance(limit, Between):
        minimum, maximum = expected(aws, "min"), expected(aws, "max")
        reason = REASONS.get(aws.partition(":")[2])
        assert limit.low == minimum or reason, f"{limit.low} is not {minimum}"
        assert limit.high == maximum or reason, f"{limit.high} is not {maximum}"
    elif isinstance(limit, Known):
        enum = set(cast(StringShape, shape_of(aws)).enum)
        assert set(limit.values()) <= enum
        assert set(limit.values()) == enum or aws.partition(":")[2] in SUBSETS
    elif isinstance(limit, Matches):
        longest = expected(aws, "max")
        assert re.fullmatch(limit.pattern, "a" * min(longest, 64))
        assert not re.fullmatch(limit.pattern, "a" * (longest + 1))
        assert not re.fullmatch(limit.pattern, "")
    elif shape_of(aws).type_name == "integer":
        good = [number for number in range(0, 10_000, 512) if limit.test(number)]
        assert min(good) >= expected(aws, "min")
        assert max(good) <= (expected(aws, "max") or max(good))
    else:
        assert isinstance(limit, Check)
        assert shape_of(aws).type_name in ("string", "map")


def test_the_limits_are_many_and_every_reason_is_still_needed() -> None:
    assert len(FIELDS) > 50
    differing = {
        aws.partition(":")[2]
        for (_, aws), limit in FIELDS
        if isinstance(limit, Between)
        and (limit.low, limit.high) != (expected(aws, "min"), expected(aws, "max"))
    }
    assert differing == set(REASONS)


def test_the_tables_of_instance_types_are_botocores() -> None:
    model = service_model("sagemaker")
    hosting = cast(StringShape, model.shape_for("ProductionVariantInstanceType"))
    transform = cast(StringShape, model.shape_for("TransformInstanceType"))
    assert instance_type_names() == frozenset(hosting.enum)
    assert transform_instance_types() == frozenset(transform.enum)
