"""Taking back what a killed deploy created and did not get to record.

Terraform writes its state only now and then, so a killed run leaves resources that the state
does not know, and whose names are then taken. What carries the tags of the very layer is the
layer's own: it is imported. A model or an endpoint configuration whose predecessor is still in
the state is deleted, as the next deploy makes it anew; one that an endpoint already uses takes
its predecessor's place in the state instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from .aws import Aws
from .errors import OperatorError
from .terraform import Stack


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _sagemaker_tags(kind: str) -> Callable[[Aws, dict[str, Any]], dict[str, str]]:
    def tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
        arn = aws.context.arn("sagemaker", f"{kind}/{values['name']}")
        return _pairs(aws.client("sagemaker").list_tags(ResourceArn=arn)["Tags"])

    return tags


def _role_tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
    return _pairs(aws.client("iam").list_role_tags(RoleName=values["name"])["Tags"])


def _log_group_tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
    arn = aws.context.arn("logs", f"log-group:{values['name']}")
    tags: dict[str, str] = aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]
    return tags


def _repository_tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
    arn = aws.context.arn("ecr", f"repository/{values['name']}")
    return _pairs(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"])


def _bucket_tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
    return _pairs(aws.client("s3").get_bucket_tagging(Bucket=values["bucket"])["TagSet"])


def _alias_tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
    kms = aws.client("kms")
    key = kms.describe_key(KeyId=values["name"])["KeyMetadata"]["KeyId"]
    tags = kms.list_resource_tags(KeyId=key)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in tags}


def _group_of(aws: Aws, values: dict[str, Any]) -> dict[str, Any]:
    filters = [{"Name": "group-name", "Values": [values["name"]]}]
    groups = aws.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    group: dict[str, Any] = next(g for g in groups if g["VpcId"] == values["vpc_id"])
    return group


def _group_tags(aws: Aws, values: dict[str, Any]) -> dict[str, str]:
    return _pairs(_group_of(aws, values).get("Tags", []))


def _name(_: Aws, values: dict[str, Any]) -> str:
    return str(values["name"])


# For each type whose name can be taken: its tags, and its id for `terraform import`.
_TYPES: Mapping[
    str,
    tuple[Callable[[Aws, dict[str, Any]], dict[str, str]], Callable[[Aws, dict[str, Any]], str]],
] = {
    "aws_cloudwatch_log_group": (_log_group_tags, _name),
    "aws_ecr_repository": (_repository_tags, _name),
    "aws_iam_role": (_role_tags, _name),
    "aws_kms_alias": (_alias_tags, _name),
    "aws_s3_bucket": (_bucket_tags, lambda _, values: str(values["bucket"])),
    "aws_sagemaker_endpoint": (_sagemaker_tags("endpoint"), _name),
    "aws_sagemaker_endpoint_configuration": (_sagemaker_tags("endpoint-config"), _name),
    "aws_sagemaker_model": (_sagemaker_tags("model"), _name),
    "aws_security_group": (_group_tags, lambda aws, values: str(_group_of(aws, values)["GroupId"])),
}

_DELETE: Mapping[str, Callable[[Any, str], Any]] = {
    "aws_sagemaker_endpoint_configuration": lambda sagemaker, name: (
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    ),
    "aws_sagemaker_model": lambda sagemaker, name: sagemaker.delete_model(ModelName=name),
}


def adopt(stack: Stack, aws: Aws, environment: Mapping[str, str], used: set[str]) -> list[str]:
    """Take back what exists, is to be created, and carries the tags of this layer.

    `used` is what endpoints use. Answers what was done, a line for each resource; nothing of
    anybody else is touched.
    """
    done: list[str] = []
    # Some names are known only once what they refer to is taken back.
    while more := _adopt_known(stack, aws, environment, used):
        done += more
    return done


def in_use(aws: Aws) -> set[str]:
    """The endpoint configurations, and their models, that endpoints of the environment use.

    Raises OperatorError while one of them is being changed.
    """
    sagemaker = aws.client("sagemaker")
    used: set[str] = set()
    pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=aws.context.prefix)
    for name in [e["EndpointName"] for page in pages for e in page["Endpoints"]]:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"].endswith("ing"):
            raise OperatorError(
                f"endpoint {name} is {endpoint['EndpointStatus']}",
                "wait until it has settled, then run this again",
            )
        configuration = endpoint["EndpointConfigName"]
        held = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
        variants = held["ProductionVariants"] + held.get("ShadowProductionVariants", [])
        used |= {configuration, *(v["ModelName"] for v in variants if "ModelName" in v)}
    return used


def _adopt_known(
    stack: Stack, aws: Aws, environment: Mapping[str, str], used: set[str]
) -> list[str]:
    done = []
    for change in _creations(stack, environment):
        kind, address, values = change["type"], change["address"], change["change"]["after"]
        if kind not in _TYPES or not _is_own(kind, values, stack, aws):
            continue
        identifier = _TYPES[kind][1](aws, values)
        if change["change"]["actions"] == ["create"]:
            _terraform(stack, environment, "import", "-input=false", address, identifier)
            done.append(f"imported {address} ({identifier})")
        elif kind in _DELETE and identifier not in used:
            _DELETE[kind](aws.client("sagemaker"), identifier)
            done.append(f"deleted {identifier}, which the next deploy makes anew")
        elif kind in _DELETE:
            old = change["change"]["before"]["name"]
            _terraform(stack, environment, "state", "rm", address)
            _terraform(stack, environment, "import", "-input=false", address, identifier)
            _DELETE[kind](aws.client("sagemaker"), old)
            done.append(f"imported {address} ({identifier}) in the place of {old}")
    return done


def _terraform(stack: Stack, environment: Mapping[str, str], *arguments: str) -> None:
    answer = stack.run(*arguments, environment=environment)
    if answer.status:
        raise OperatorError(f"terraform {' '.join(arguments)} failed\n{answer.output}")


def _creations(stack: Stack, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The changes of a plan that create something."""
    file = "adopt.tfplan"
    planned = stack.run(
        "plan", f"-out={file}", "-no-color", "-input=false", environment=environment
    )
    if planned.status:
        raise OperatorError(f"{stack.name} cannot be planned\n{planned.output}")
    shown = stack.run("show", "-json", file, environment=environment)
    (stack.folder / file).unlink(missing_ok=True)
    changes: list[dict[str, Any]] = json.loads(shown.output).get("resource_changes", [])
    return [change for change in changes if "create" in change["change"]["actions"]]


def _is_own(kind: str, values: dict[str, Any], stack: Stack, aws: Aws) -> bool:
    layer = stack.name.removeprefix(f"{aws.context.key}-")
    wanted = aws.context.default_tags(layer)
    try:
        tags = _TYPES[kind][0](aws, values)
    except (ClientError, KeyError, StopIteration):
        return False
    return all(tags.get(key) == wanted[key] for key in ("environment", "layer", "managed-by"))
