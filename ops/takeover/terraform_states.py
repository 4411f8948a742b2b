"""What a Terraform state or plan has of what Inferform makes, whoever wrote the module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadInputError
from .converted import Declared, Found
from .hosting import Hosting, Scaled
from .members import Left

_WORDS = {"gb": "GB", "mb": "MB", "ssm": "SSM"}
_LISTS = {
    "production_variants",
    "shadow_production_variants",
    "container",
    "capture_options",
    "alarms",
}
_RENAMED = {"Container": "Containers", "KmsKeyArn": "KmsKeyId"}
_IGNORED = ("id", "arn", "name", "name_prefix", "tags", "tags_all", "region", "timeouts")

_INSTEAD = {
    "aws_iam_role": "the endpoint goes on with it, as existing.execution_role",
    "aws_iam_role_policy_attachment": "it belongs to a role that stays as it is",
    "aws_iam_role_policy": "it belongs to a role that stays as it is",
    "aws_iam_policy": "it belongs to a role that stays as it is",
    "random_string": "it is part of names alone",
    "random_id": "it is part of names alone",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of a state, or of what a plan leads to."""

    address: str
    type: str
    values: Mapping[str, Any]


def is_terraform(content: Mapping[str, Any]) -> bool:
    """Whether JSON is a state, or what `terraform show -json` prints of a state or a plan."""
    return "terraform_version" in content


def declared(content: Mapping[str, Any], name: str) -> Found:
    """What a state or plan has; `name` is the file's."""
    held = list(_resources(content))
    if not held and "resources" not in content:
        raise BadInputError(f"{name} holds no resources", "terraform show -json prints them")
    made, used = Found(), set[str]()
    configurations = _by_name(held, "aws_sagemaker_endpoint_configuration")
    models = _by_name(held, "aws_sagemaker_model")
    for endpoint in (each for each in held if each.type == "aws_sagemaker_endpoint"):
        used.add(endpoint.address)
        where = f"{name} {endpoint.address}"
        configuration = configurations.get(str(endpoint.values.get("endpoint_config_name")))
        if configuration is None:
            made.left.append(Left(where, None, "not taken: its configuration is not in this file"))
            continue
        settings = _in_api(_settings(configuration.values))
        variants = [
            *settings.get("ProductionVariants", ()),
            *settings.get("ShadowProductionVariants", ()),
        ]
        own = {
            str(each["ModelName"]): models[str(each["ModelName"])]
            for each in variants
            if str(each.get("ModelName")) in models
        }
        used |= {configuration.address, *(each.address for each in own.values())}
        scaling, scaled_by = _scaling(held, str(endpoint.values["name"]))
        used |= scaled_by
        deployment = endpoint.values.get("deployment_config") or [{}]
        made.endpoints.append(
            Declared(
                where,
                Hosting(
                    str(endpoint.values["name"]),
                    settings,
                    {each: _in_api(_settings(model.values)) for each, model in own.items()},
                    {str(k): str(v) for k, v in (endpoint.values.get("tags") or {}).items()},
                    scaling,
                    _in_api(deployment[0]),
                ),
            )
        )
        taken = {endpoint.address, configuration.address, *scaled_by}
        taken |= {each.address for each in own.values()}
        made.removed += [
            each.address
            for each in held
            if each.address in taken or _goes_with(each, endpoint, own)
        ]
    for each in held:
        if each.address not in used:
            why = _INSTEAD.get(each.type, "not taken over; it stays in the state that has it")
            made.left.append(Left(f"{name} {each.address}", each.type, why))
    return made


def _goes_with(each: Held, endpoint: Held, models: Mapping[str, Held]) -> bool:
    """Whether the other project would destroy something that the endpoint needs: what its module made, as
    the call of the module goes, and its role."""
    module = _module_of(endpoint.address)
    if module:
        return _module_of(each.address).startswith(module)
    roles = {
        str(model.values.get("execution_role_arn")).rpartition("/")[2] for model in models.values()
    }
    named = each.values.get("name" if each.type == "aws_iam_role" else "role")
    return each.type.startswith("aws_iam_role") and str(named) in roles


def _module_of(address: str) -> str:
    """The module that an address is in: `module.fraud.`, or nothing in the root module."""
    return "".join(re.findall(r"module\.[\w-]+(?:\[[^\]]+\])?\.", address))


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _IGNORED}


def _by_name(held: list[Held], kind: str) -> dict[str, Held]:
    return {str(each.values.get("name")): each for each in held if each.type == kind}


def _resources(content: Mapping[str, Any]) -> Iterator[Held]:
    for resource in content.get("resources") or ():
        if resource.get("mode") != "managed":
            continue
        prefix = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource.get("instances") or ():
            key = instance.get("index_key")
            index = "" if key is None else f"[{key!r}]".replace("'", '"')
            address = f"{prefix}{resource['type']}.{resource['name']}{index}"
            yield Held(address, str(resource["type"]), instance.get("attributes") or {})
    for part in ("values", "planned_values"):
        yield from _in_module((content.get(part) or {}).get("root_module") or {})


def _in_module(module: Mapping[str, Any]) -> Iterator[Held]:
    for each in module.get("resources") or ():
        if each.get("mode") == "managed":
            yield Held(str(each["address"]), str(each["type"]), each.get("values") or {})
    for child in module.get("child_modules") or ():
        yield from _in_module(child)


def _in_api(value: Any, name: str = "") -> Any:
    """Arguments of the provider in the members of AWS's API; what is not set comes as 0 or empty."""
    if isinstance(value, Mapping):
        made = {}
        for key, each in value.items():
            if each in (None, "", 0, [], {}) or (
                each is False and key != "enable_network_isolation"
            ):
                continue
            member = _member(key)
            # What people name themselves is no member.
            made[member] = dict(each) if key == "environment" else _in_api(each, key)
        return made
    if isinstance(value, list):
        if value and isinstance(value[0], Mapping):
            listed = [_in_api(each) for each in value]
            return listed if name in _LISTS else listed[0]
        return list(value)
    return value


def _member(name: str) -> str:
    words = [_WORDS.get(word, word.capitalize()) for word in name.split("_")]
    made = "".join(words)
    return _RENAMED.get(made, made)


def _scaling(held: list[Held], endpoint: str) -> tuple[dict[str, Scaled], set[str]]:
    found, used = {}, set[str]()
    for target in held:
        resource = str(target.values.get("resource_id"))
        match = re.fullmatch(rf"endpoint/{re.escape(endpoint)}/variant/(.+)", resource)
        if target.type != "aws_appautoscaling_target" or match is None:
            continue
        used.add(target.address)
        policies = [
            each
            for each in held
            if each.type == "aws_appautoscaling_policy"
            and each.values.get("resource_id") == resource
        ]
        used |= {each.address for each in policies}
        found[match[1]] = Scaled(
            {
                "MinCapacity": target.values["min_capacity"],
                "MaxCapacity": target.values["max_capacity"],
            },
            [
                {"PolicyName": each.values.get("name"), **_in_api(_settings(each.values))}
                for each in policies
            ],
        )
    return found, used
