"""What a Terraform state or plan has of what Inferform makes, whoever wrote the module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inferform import NetworkOutputs, Repository

from ..errors import BadInputError
from .converted import Beside, Declared, DeclaredRepository, Found, short_name
from .hosting import Hosting, Scaled
from .members import Left

_WORDS = {"gb": "GB", "mb": "MB", "ssm": "SSM"}
_LISTS = {
    "production_variants",
    "shadow_production_variants",
    "container",
    "capture_options",
    "alarms",
    "dimensions",
    "metrics",
}
_ZEROS = ("initial_variant_weight", "initial_sampling_percentage")
"""What is 0 only where somebody wrote so."""

_RENAMED = {"Container": "Containers", "KmsKeyArn": "KmsKeyId"}
_IGNORED = ("id", "arn", "name", "name_prefix", "tags", "tags_all", "region", "timeouts")

_INSTEAD = {
    "aws_iam_role": "the endpoint continues with it, as existing.execution_role",
    "aws_iam_role_policy_attachment": "it belongs to a role that stays as it is",
    "aws_iam_role_policy": "it belongs to a role that stays as it is",
    "aws_iam_policy": "it belongs to a role that stays as it is",
    "random_string": "it is part of names alone",
    "random_id": "it is part of names alone",
}
_OF_NETWORK = (
    *("aws_vpc", "aws_subnet", "aws_route", "aws_internet_gateway", "aws_nat_gateway", "aws_eip"),
    *("aws_default_", "aws_network_acl"),
)
_MOST = 10_000
"""Images, or days: what is kept where nothing expires."""


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of a state, or of what a plan leads to."""

    address: str
    type: str
    values: Mapping[str, Any]


def is_terraform(content: Mapping[str, Any]) -> bool:
    """Whether JSON is a state, or what `terraform show -json` prints of a state or a plan."""
    # An empty state is printed with the version of its format alone.
    return "terraform_version" in content or "format_version" in content


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
        configuration = _meant(
            endpoint.values.get("endpoint_config_name"), endpoint, configurations
        )
        if configuration is None:
            made.left.append(Left(where, None, "not taken: its configuration is not in this file"))
            made.kept += [endpoint.address, *_with(endpoint, {}, held)]
            continue
        settings = _in_api(_settings(configuration.values))
        variants = [
            *settings.get("ProductionVariants", ()),
            *settings.get("ShadowProductionVariants", ()),
        ]
        own = dict[str, Held]()
        for each in variants:
            model = _meant(each.get("ModelName"), configuration, models)
            if model is not None:
                called = str(model.values.get("name") or model.address)
                each["ModelName"], own[called] = called, model
        if any(_is_open(each, own) for each in variants) and _is_planned(content):
            why = "not taken: which model it runs is known after the apply alone; convert the state"
            made.left.append(Left(where, None, why))
            made.kept += [endpoint.address, *_with(endpoint, own, held)]
            continue
        used |= {configuration.address, *(each.address for each in own.values())}
        called = str(endpoint.values.get("name") or _named(endpoint))
        scaling, scaled_by = _scaling(held, called)
        used |= scaled_by
        deployment = endpoint.values.get("deployment_config") or [{}]
        taken = {endpoint.address, configuration.address, *scaled_by}
        taken |= {each.address for each in own.values()}
        made.endpoints.append(
            Declared(
                where,
                Hosting(
                    called,
                    settings,
                    {each: _in_api(_settings(model.values)) for each, model in own.items()},
                    {str(k): str(v) for k, v in (endpoint.values.get("tags") or {}).items()},
                    scaling,
                    _in_api(deployment[0]),
                ),
                named=bool(endpoint.values.get("name")),
                arn=str(endpoint.values.get("arn") or ""),
                own=tuple(each.address for each in held if each.address in taken),
                rest=tuple(_with(endpoint, own, held)),
            )
        )
    used |= _registry(held, name, made, exists=not _is_planned(content))
    made.network, standing = _network(held)
    for each in held:
        why = _INSTEAD.get(each.type, "")
        if each.address in standing:
            why = "the environment depends on it; it stays in the state that has it"
        made.beside.append(
            Beside(f"{name} {each.address}", each.address, each.type, each.address in used, why)
        )
    return made


def _meant(called: Any, by: Held, named: Mapping[str, Held]) -> Held | None:
    """The resource that one refers to by its name, or by one that is known after the apply of a plan alone:
    then the one of its module, and of its key where there are several."""
    if called:
        return named.get(str(called))
    module = _module_of(by.address)
    near = [
        each
        for each in named.values()
        if not each.values.get("name") and _module_of(each.address) == module
    ]
    alike = [each for each in near if _key_of(each.address) == _key_of(by.address)]
    found = near if len(near) == 1 else alike
    return found[0] if len(found) == 1 else None


def _is_open(variant: Mapping[str, Any], models: Mapping[str, Held]) -> bool:
    return str(variant.get("ModelName")) not in models


def _is_planned(content: Mapping[str, Any]) -> bool:
    return "planned_values" in content


def _key_of(address: str) -> str:
    """The key of an instance, and nothing where there is one alone."""
    found = re.search(r"\[[^\[]*\]$", address)
    return found[0] if found else ""


def _named(each: Held) -> str:
    """What something is called whose name is known after the apply alone: its module, or itself, and its
    key."""
    module = re.findall(r"module\.([\w-]+)", _module_of(each.address))
    resource = each.address.rpartition(f"{each.type}.")[2].partition("[")[0]
    return f"{module[-1] if module else resource}-{_key_of(each.address)}"


# Repositories


def _registry(held: list[Held], name: str, made: Found, *, exists: bool) -> set[str]:
    """Add repositories and model package groups; the addresses of what is taken so. `exists` is whether
    they are there."""
    used = set[str]()
    for each in _of(held, "aws_ecr_repository"):
        own = str(each.values.get("name") or "")
        beside = [
            other
            for other in held
            if other.type.startswith("aws_ecr_repository_")
            or other.type == "aws_ecr_lifecycle_policy"
            if own and other.values.get("repository") == own
        ]
        short = short_name(own.rpartition("/")[2] or _named(each), made.repositories)
        left, where = made.left, f"{name} {each.address}"
        spec = _repository(each, beside, where, left)
        made.repositories[short] = DeclaredRepository(own, spec, exists)
        taken = {each.address, *(one.address for one in beside)}
        used |= taken
        made.removed += sorted(taken)
    for each in _of(held, "aws_sagemaker_model_package_group"):
        used.add(each.address)
        own = str(each.values.get("model_package_group_name") or _named(each))
        made.left.append(
            Left(
                f"{name} {each.address}",
                own,
                "written as a new group; its versions stay in this one",
            )
        )
        made.groups.append(short_name(own, dict.fromkeys(made.groups)))
    return used


def _repository(each: Held, beside: Iterable[Held], where: str, left: list[Left]) -> Repository:
    """A repository as it is: no image expires that did not before, and it keeps its encryption, which ECR
    never changes."""
    given: dict[str, Any] = {
        "keep_images": _MOST,
        "expire_untagged_days": _MOST,
        "keep_encryption": True,
    }
    mutability = str(each.values.get("image_tag_mutability"))
    if mutability == "IMMUTABLE_WITH_EXCLUSION":
        given["mutable_tags"] = [
            one["filter"] for one in each.values["image_tag_mutability_exclusion_filter"]
        ]
    elif mutability != "IMMUTABLE":
        given["mutability"] = "MUTABLE"
        if mutability != "MUTABLE":
            left.append(Left(where, mutability, f"its tags are {mutability}; written as MUTABLE"))
    scanning = each.values.get("image_scanning_configuration") or [{}]
    if not scanning[0].get("scan_on_push"):
        given["scan_on_push"] = False
    for other in beside:
        if other.type == "aws_ecr_lifecycle_policy":
            given |= _expiry(other, where, left)
        else:
            left.append(
                Left(where, other.type, f"{other.address}: its policy stays; write pull_accounts")
            )
    return Repository(**given)


def _expiry(policy: Held, where: str, left: list[Left]) -> dict[str, int]:
    """What expires by a lifecycle policy, as far as it is one of the two rules that every repository has."""
    found = dict[str, int]()
    for rule in json.loads(str(policy.values.get("policy") or "{}")).get("rules", ()):
        chosen = rule["selection"]
        kind = (chosen.get("tagStatus"), chosen.get("countType"))
        field = {
            ("any", "imageCountMoreThan"): "keep_images",
            ("untagged", "sinceImagePushed"): "expire_untagged_days",
        }.get(kind)
        if field is None or field in found:
            left.append(
                Left(
                    where,
                    rule,
                    f"rule {rule.get('rulePriority')} of its lifecycle policy: write expire=",
                )
            )
        else:
            found[field] = int(chosen["countNumber"])
    return found


# Networks


def _network(held: list[Held]) -> tuple[NetworkOutputs | None, set[str]]:
    """The one VPC of a state with its subnets, and the addresses of what it is made of; None where there
    are several, or something is missing that an environment needs."""
    vpcs = _of(held, "aws_vpc")
    subnets = _of(held, "aws_subnet")
    lists = {
        str(each.values["prefix_list_id"])
        for each in _of(held, "aws_vpc_endpoint")
        if str(each.values.get("service_name")).endswith(".s3")
        and each.values.get("prefix_list_id")
    }
    # A plan of what is not there yet knows no ids.
    if (
        len(vpcs) != 1
        or len(lists) != 1
        or not all(each.values.get("id") for each in vpcs + subnets)
    ):
        return None, set()
    out = {
        str(route.values.get("route_table_id"))
        for route in _of(held, "aws_route")
        if str(route.values.get("gateway_id")).startswith("igw-")
    }
    public = {
        str(each.values.get("subnet_id"))
        for each in _of(held, "aws_route_table_association")
        if str(each.values.get("route_table_id")) in out
    }
    ids = [
        str(each.values["id"]) for each in subnets if each.values["vpc_id"] == vpcs[0].values["id"]
    ]
    private = [each for each in ids if each not in public]
    if not private:
        return None, set()
    network = NetworkOutputs(
        vpc_id=str(vpcs[0].values["id"]),
        vpc_cidr=str(vpcs[0].values["cidr_block"]),
        private_subnet_ids=private,
        public_subnet_ids=[each for each in ids if each in public],
        s3_prefix_list_id=lists.pop(),
    )
    return network, {each.address for each in held if each.type.startswith(_OF_NETWORK)}


def _of(held: Iterable[Held], kind: str) -> list[Held]:
    return [each for each in held if each.type == kind]


def _with(endpoint: Held, models: Mapping[str, Held], held: Iterable[Held]) -> Iterator[str]:
    yield from (each.address for each in held if _goes_with(each, endpoint, models))


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
    return {
        str(each.values.get("name") or each.address): each for each in held if each.type == kind
    }


def _resources(content: Mapping[str, Any]) -> Iterator[Held]:
    for resource in content.get("resources") or ():
        if resource.get("mode") != "managed":
            continue
        prefix = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource.get("instances") or ():
            if instance.get("deposed"):
                # What was replaced and is not destroyed yet.
                continue
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
            address = f"{prefix}{resource['type']}.{resource['name']}{index}"
            yield Held(address, str(resource["type"]), instance.get("attributes") or {})
    for part in ("values", "planned_values"):
        yield from _in_module((content.get(part) or {}).get("root_module") or {})


def _in_module(module: Mapping[str, Any]) -> Iterator[Held]:
    for each in module.get("resources") or ():
        if each.get("mode") == "managed" and not each.get("deposed_key"):
            yield Held(str(each["address"]), str(each["type"]), each.get("values") or {})
    for child in module.get("child_modules") or ():
        yield from _in_module(child)


def _in_api(value: Any, name: str = "") -> Any:
    """Arguments of the provider in the members of AWS's API; what is not set comes as 0 or empty."""
    if isinstance(value, Mapping):
        made = {}
        for key, each in value.items():
            if each in (None, "", [], {}) or (each == 0 and key not in _ZEROS):
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
        if not {"min_capacity", "max_capacity"} <= target.values.keys():
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
                **_in_api({"suspended_state": target.values.get("suspended_state")}),
            },
            [
                {"PolicyName": each.values.get("name"), **_in_api(_settings(each.values))}
                for each in policies
            ],
        )
    return found, used
