"""Reading endpoints that run: what they are made of, and what nobody has declared of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from ..advice import explained
from ..aws import Aws
from ..errors import BadInputError, OperatorError
from ..kinds.finding import pairs
from .hosting import Hosting, Scaled


def described(aws: Aws, name: str) -> Mapping[str, Any]:
    """An endpoint as SageMaker describes it now. Raises BadInputError where there is none."""
    with explained(aws.context):
        try:
            answer: Mapping[str, Any] = aws.client("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if "Could not find" not in str(error):
                raise
            raise BadInputError(
                f"{aws.context.account} has no endpoint {name} in {aws.context.region}",
                f"inferform endpoints list {aws.context.key} --foreign lists them",
            ) from error
    return answer


def hosting_of(aws: Aws, name: str) -> Hosting:
    """What an endpoint runs. Raises OperatorError where AWS does not tell."""
    endpoint = described(aws, name)
    sagemaker = aws.client("sagemaker")
    with explained(aws.context):
        configuration: dict[str, Any] = _or_gone(
            lambda: sagemaker.describe_endpoint_config(
                EndpointConfigName=endpoint["EndpointConfigName"]
            ),
            f"the configuration {endpoint['EndpointConfigName']} of {name}",
        )
        variants = [
            *configuration["ProductionVariants"],
            *configuration.get("ShadowProductionVariants", ()),
        ]
        models: dict[str, Mapping[str, Any]] = {
            model: _or_gone(
                lambda model=model: sagemaker.describe_model(ModelName=model),
                f"the model {model} of {name}",
            )
            for model in dict.fromkeys(
                each["ModelName"] for each in variants if "ModelName" in each
            )
        }
        tags = pairs(_tags(sagemaker, endpoint["EndpointArn"]))
    if key := configuration.get("KmsKeyId"):
        configuration["KmsKeyId"] = _key_arn(aws, key)
    return Hosting(
        name,
        configuration,
        models,
        tags,
        scaling_of(aws, name),
        endpoint.get("LastDeploymentConfig") or {},
        str(endpoint["EndpointStatus"]),
    )


def _or_gone(read: Any, what: str) -> Any:
    try:
        return dict(read())
    except ClientError as error:
        if "Could not find" not in str(error):
            raise
        raise OperatorError(
            f"{what} is gone: SageMaker keeps serving it, and no longer tells what it is",
            "update the endpoint to a configuration that exists, then run this again",
        ) from error


def _tags(sagemaker: Any, arn: str) -> list[Any]:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return [tag for page in pages for tag in page["Tags"]]


def _key_arn(aws: Aws, key: str) -> str:
    """The ARN of a key that a configuration names by its id, its alias or its ARN."""
    try:
        return str(aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])
    except ClientError:
        return key  # the Spec says what is wrong with it


def scaling_of(aws: Aws, name: str) -> dict[str, Scaled]:
    """What scales the variants of an endpoint, by variant."""
    client = aws.client("application-autoscaling")
    prefix, found = f"endpoint/{name}/variant/", dict[str, Scaled]()
    with explained(aws.context):
        pages = client.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="sagemaker"
        )
        targets = [
            target
            for page in pages
            for target in page["ScalableTargets"]
            if target["ResourceId"].startswith(prefix)
        ]
        for target in targets:
            asked: Any = {"ServiceNamespace": "sagemaker", "ResourceId": target["ResourceId"]}
            policies: list[Any] = [
                each
                for page in client.get_paginator("describe_scaling_policies").paginate(**asked)
                for each in page["ScalingPolicies"]
            ]
            schedules: list[Any] = [
                each
                for page in client.get_paginator("describe_scheduled_actions").paginate(**asked)
                for each in page["ScheduledActions"]
            ]
            found[target["ResourceId"].removeprefix(prefix)] = Scaled(target, policies, schedules)
    return found
