"""Application Auto Scaling: targets of endpoints and services."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling import models, responses
from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import JsonRESTError
from moto.core.utils import get_service_model
from moto.moto_api._internal import mock_random

from .registry import Service

service = Service("applicationautoscaling", ApplicationAutoScalingResponse)

Original = Callable[..., Any]


class _Values(list[Any]):
    """An iterable of values as moto reads its enums: each has a ``value``."""

    def __init__(self, values: list[str]) -> None:
        super().__init__(_Value(value) for value in values)


class _Value:
    def __init__(self, value: str) -> None:
        self.value = value


@service.prepares(
    "RegisterScalableTarget",
    gap="knows no sagemaker:variant:DesiredProvisionedConcurrency, "
    "sagemaker:inference-component:DesiredCopyCount and other newer dimensions",
)
def scalable_dimensions() -> None:
    """AWS takes the dimensions which the ``ScalableDimension`` of its API lists."""
    model = get_service_model("application-autoscaling")
    shape: Any = model.shape_for("ScalableDimension")
    dimensions: Any = _Values(shape.enum)
    modules: tuple[Any, Any] = (models, responses)
    for module in modules:
        module.ScalableDimensionValueSet = dimensions


@service.corrects(
    "RegisterScalableTarget",
    gap="loses tags given at registration; registers a new target without capacities; "
    "takes a minimum above the maximum, and a function without an alias that it has",
)
def register_scalable_target(original: Original, response: ApplicationAutoScalingResponse) -> str:
    """AWS keeps the tags, requires both capacities for a new target, and compares them."""
    backend = response.applicationautoscaling_backend
    dimension, resource = (
        response._get_param("ScalableDimension"),
        response._get_param("ResourceId"),
    )
    existing = backend.targets.get(dimension, {}).get(resource)
    minimum = response._get_int_param("MinCapacity")
    maximum = response._get_int_param("MaxCapacity")
    if existing is not None:
        minimum = existing.min_capacity if minimum is None else minimum
        maximum = existing.max_capacity if maximum is None else maximum
    if minimum is None or maximum is None:
        raise AWSValidationException("minCapacity and maxCapacity must be specified")
    if minimum > maximum:
        raise AWSValidationException("Maximum capacity cannot be less than minimum capacity")
    if dimension == "lambda:function:ProvisionedConcurrency":
        _check_function(backend, resource)
    answer = str(original(response))
    target: Any = backend.targets[dimension][resource]
    if existing is None:
        target.tags = {}
        target.role_arn = target.role_arn or _service_linked_role(backend, target)
        target.suspended_state = target.suspended_state or {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        }
    target.tags.update(response._get_param("Tags") or {})
    return answer


def _check_function(backend: ApplicationAutoscalingBackend, resource: str) -> None:
    """AWS keeps environments of a published version or an alias warm, and of nothing else."""
    match = re.fullmatch(r"function:([\w-]{1,64}):([\w-]+|\$LATEST)", resource)
    if match is None or match[2] == "$LATEST":
        raise AWSValidationException(
            "Unsupported service namespace, resource type or scalable dimension: the resource ID "
            f"{resource} must name an alias or a version of a function"
        )
    try:
        lambda_backends[backend.account_id][backend.region_name].get_function(match[1], match[2])
    except JsonRESTError:
        raise AWSValidationException(
            f"Lambda function doesn't exist for resource ID: {resource}"
        ) from None


def _service_linked_role(backend: ApplicationAutoscalingBackend, target: Any) -> str:
    names = {
        "sagemaker": ("sagemaker", "SageMakerEndpoint"),
        "ecs": ("ecs", "ECSService"),
        "lambda": ("lambda", "LambdaConcurrency"),
    }
    prefix, suffix = names.get(target.service_namespace, (target.service_namespace, "Resource"))
    return (
        f"arn:{backend.partition}:iam::{backend.account_id}:role/aws-service-role/"
        f"{prefix}.application-autoscaling.amazonaws.com/"
        f"AWSServiceRoleForApplicationAutoScaling_{suffix}"
    )


@service.corrects(
    "DeregisterScalableTarget",
    gap="answers ValidationException for an unknown target; keeps its policies and actions",
    owner=ApplicationAutoscalingBackend,
)
def deregister_scalable_target(
    original: Original,
    backend: ApplicationAutoscalingBackend,
    namespace: str,
    resource: str,
    dimension: str,
) -> None:
    """AWS answers ObjectNotFoundException, and deletes policies and scheduled actions too."""
    if resource not in backend.targets.get(dimension, {}):
        raise _object_not_found(
            f"No scalable target found for service namespace: {namespace}, "
            f"resource ID: {resource}, scalable dimension: {dimension}"
        )
    original(backend, namespace, resource, dimension)
    for key, policy in list(backend.policies.items()):
        if (policy.resource_id, policy.scalable_dimension) == (resource, dimension):
            policy.delete_alarms(backend.account_id, backend.region_name)
            del backend.policies[key]
    backend.scheduled_actions = [
        action
        for action in backend.scheduled_actions
        if (action.resource_id, action.scalable_dimension) != (resource, dimension)
    ]


@service.corrects(
    "PutScalingPolicy",
    gap="takes a policy for a target that was never registered; gives a changed policy a new ARN",
    owner=ApplicationAutoscalingBackend,
)
def put_scaling_policy(
    original: Original, backend: ApplicationAutoscalingBackend, **given: Any
) -> Any:
    """AWS requires the target, and keeps the ARN of a policy that is changed."""
    dimension, resource = given["scalable_dimension"], given["resource_id"]
    if resource not in backend.targets.get(dimension, {}):
        raise _object_not_found(
            f"No scalable target registered for service namespace: {given['service_namespace']}, "
            f"resource ID: {resource}, scalable dimension: {dimension}"
        )
    key = models.FakeApplicationAutoscalingPolicy.formulate_key(
        given["service_namespace"], resource, dimension, given["policy_name"]
    )
    existing = backend.policies.get(key)
    policy = original(backend, **given)
    if existing is not None:
        existing.delete_alarms(backend.account_id, backend.region_name)
        for alarm in policy.alarms:
            alarm.alarm_actions = [
                each.replace(policy.policy_arn, existing.policy_arn) for each in alarm.alarm_actions
            ]
        policy.policy_arn = existing.policy_arn
        policy.creation_time = existing.creation_time
    return policy


@service.corrects(
    "DescribeScalingPolicies",
    gap="describes policies that PolicyNames does not name, and those of a resource whose id is a part of "
    "the one that is asked for",
)
def describe_scaling_policies(original: Original, response: ApplicationAutoScalingResponse) -> str:
    """AWS describes those that are named, of the very resource."""
    answer = json.loads(original(response))
    names, resource = response._get_param("PolicyNames"), response._get_param("ResourceId")
    answer["ScalingPolicies"] = [
        each
        for each in answer["ScalingPolicies"]
        if (not names or each["PolicyName"] in names)
        and (not resource or each["ResourceId"] == resource)
    ]
    return json.dumps(answer)


_COMPONENT = "inference-component/"
# The metric behind each predefined one, and its period in seconds.
_BY_COPY = {
    "SageMakerInferenceComponentInvocationsPerCopy": ("InvocationsPerCopy", "Sum", 60),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": (
        "ConcurrentRequestsPerCopy",
        "Maximum",
        10,
    ),
}


@service.corrects(
    "PutScalingPolicy",
    gap="makes no alarms for target tracking of an inference component",
    owner=models.FakeApplicationAutoscalingPolicy,
)
def create_alarms(original: Original, policy: Any) -> None:
    """AWS makes an alarm for high load and one for low load, and deletes them with the policy."""
    original(policy)
    tracking = policy.target_tracking_scaling_policy_configuration
    if tracking is None or not policy.resource_id.startswith(_COMPONENT):
        return
    predefined = tracking.get("PredefinedMetricSpecification") or {}
    metric = _BY_COPY.get(predefined.get("PredefinedMetricType", ""))
    if metric is None:
        return
    name, statistic, period = metric
    target = float(tracking["TargetValue"])
    action = f"{policy.policy_arn}:createdBy/{mock_random.uuid4()}"
    dimension = {
        "Name": "InferenceComponentName",
        "Value": policy.resource_id.removeprefix(_COMPONENT),
    }
    high = ("High", "GreaterThanThreshold", 3, target)
    low = ("Low", "LessThanThreshold", 900 // period, target * 0.9)
    for load, comparison, periods, threshold in (
        high,
        *(() if tracking.get("DisableScaleIn") else (low,)),
    ):
        policy.alarms.append(
            cloudwatch_backends[policy.account_id][policy.region_name].put_metric_alarm(
                name=f"TargetTracking-{policy.resource_id}-Alarm{load}-{mock_random.uuid4()}",
                namespace="AWS/SageMaker",
                metric_name=name,
                metric_data_queries=[],
                comparison_operator=comparison,
                evaluation_periods=periods,
                period=period,
                threshold=threshold,
                statistic=statistic,
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {action}.",
                dimensions=[dimension],
                alarm_actions=[action],
            )
        )


@service.adds("ListTagsForResource", gap="missing: a target in Terraform fails when it is read")
def list_tags_for_resource(response: ApplicationAutoScalingResponse) -> str:
    """AWS answers the tags of a scalable target by its ARN."""
    return json.dumps({"Tags": _target(response).tags})


@service.adds("TagResource", gap="missing")
def tag_resource(response: ApplicationAutoScalingResponse) -> str:
    """AWS adds tags and replaces the values of keys that exist."""
    _target(response).tags.update(response._get_param("Tags"))
    return json.dumps({})


@service.adds("UntagResource", gap="missing")
def untag_resource(response: ApplicationAutoScalingResponse) -> str:
    """AWS removes the keys and ignores those that are not there."""
    target = _target(response)
    for key in response._get_param("TagKeys"):
        target.tags.pop(key, None)
    return json.dumps({})


def _target(response: ApplicationAutoScalingResponse) -> Any:
    arn = response._get_param("ResourceARN")
    for targets in response.applicationautoscaling_backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                return target
    raise JsonRESTError("ResourceNotFoundException", f"Resource not found: {arn}")


def _object_not_found(message: str) -> JsonRESTError:
    return JsonRESTError("ObjectNotFoundException", message)
