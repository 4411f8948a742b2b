"""What the CloudFormation stacks hold that Inferform makes, as Terraform would write it.

A stack's template has parameters instead of references, so that it is known in a plan; their
values stand beside it. What CloudFormation calls `InitialInstanceCount` is `initial_instance_count`
here, so that whoever reads an endpoint configuration reads both ways.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from inferform.sagemaker.templates import COMPONENT, CONFIGURATION

from ..plan import Change

STACK = "aws_cloudformation_stack"

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

Values = Mapping[str, Any]


def properties_of(stack: Values, kind: str) -> dict[str, Any] | None:
    """The properties of the resource of a type in a stack, its parameters filled in as far as they
    are known; None where it holds no such resource, or its template is not known."""
    found = _resource(str(stack.get("template_body") or ""), kind)
    if found is None:
        return None
    filled: dict[str, Any] = _filled(found[1], stack.get("parameters") or {})
    return filled


def logical_of(stack: Values, kind: str) -> str | None:
    """The name that a stack's template has for the resource of a type; None as in `properties_of`."""
    found = _resource(str(stack.get("template_body") or ""), kind)
    return None if found is None else found[0]


@lru_cache(maxsize=512)
def _resource(body: str, kind: str) -> tuple[str, dict[str, Any]] | None:
    try:
        template: Any = json.loads(body)
    except ValueError:
        return None
    resources = template.get("Resources") if isinstance(template, dict) else None
    for name, each in resources.items() if isinstance(resources, dict) else ():
        if isinstance(each, dict) and each.get("Type") == kind:
            return str(name), each.get("Properties") or {}
    return None


def _filled(value: Any, parameters: Values) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"Ref"}:
            return parameters.get(str(value["Ref"]))
        return {key: _filled(inner, parameters) for key, inner in value.items()}
    return [_filled(each, parameters) for each in value] if isinstance(value, list) else value


def component_of(stack: Values) -> dict[str, Any] | None:
    """The properties of the inference component of a stack, in CloudFormation's words."""
    return properties_of(stack, COMPONENT)


def configuration_values(stack: Values) -> dict[str, Any] | None:
    """The endpoint configuration of a stack, in Terraform's words."""
    found = properties_of(stack, CONFIGURATION)
    if found is None:
        return None
    values: dict[str, Any] = _in_terraform(found)
    values["name"] = values.pop("endpoint_config_name", None) or stack.get("name")
    for block in ("production_variants", "shadow_production_variants"):
        for variant in values.get(block) or ():
            pools = variant.get("instance_pools")
            if pools:
                variant["instance_type"] = pools[0].get("instance_type")
    return values


def types_of(variant: Values) -> list[str]:
    """The instance types of a variant in Terraform's words: those of its pools, the preferred first."""
    pools = variant.get("instance_pools") or ()
    types = [str(each["instance_type"]) for each in pools if each.get("instance_type")]
    one = variant.get("instance_type")
    return types or ([str(one)] if one else [])


def _in_terraform(value: Any) -> Any:
    if isinstance(value, dict):
        return {_attribute(key): _in_terraform(inner) for key, inner in value.items()}
    return [_in_terraform(each) for each in value] if isinstance(value, list) else value


def _attribute(name: str) -> str:
    """`VolumeSizeInGB` as Terraform has it: `volume_size_in_gb`."""
    return _WORDS.sub("_", name).lower()


def configuration_change(stack: Change, kind: str) -> Change | None:
    """A stack's change as that of the endpoint configuration in it; None where it holds none."""
    before, after = configuration_values(stack.before), configuration_values(stack.after)
    if before is None and after is None:
        return None
    return replace(
        stack,
        type=kind,
        before=before or {},
        after=after or {},
        unknown=False,
        judged_before=None,
        judged_after=None,
    )
