"""Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/fraud/variant/main",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}


@pytest.fixture
def scaling(client: Client) -> Any:
    return client("application-autoscaling")


def described(scaling: Any) -> Any:
    return scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def test_a_targets_tags_can_be_given_listed_changed_and_removed(scaling: Any) -> None:
    arn = scaling.register_scalable_target(
        **TARGET, MinCapacity=1, MaxCapacity=4, Tags={"owner": "a", "stage": "dev"}
    )["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"owner": "b"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["stage", "absent"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "b"}


def test_tags_of_an_unknown_target_are_not_found(scaling: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scaling.list_tags_for_resource(
            ResourceARN="arn:aws:application-autoscaling:us-east-1:1:scalable-target/ghost"
        )


def test_a_raised_maximum_keeps_the_target(scaling: Any) -> None:
    first = scaling.register_scalable_target(
        **TARGET, MinCapacity=1, MaxCapacity=4, Tags={"owner": "a"}
    )["ScalableTargetARN"]
    second = scaling.register_scalable_target(**TARGET, MaxCapacity=8)["ScalableTargetARN"]
    assert first == second
    (target,) = described(scaling)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 8)
    assert target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert scaling.list_tags_for_resource(ResourceARN=first)["Tags"] == {"owner": "a"}


@pytest.mark.parametrize(
    ("resource", "dimension"),
    [
        ("endpoint/rare/variant/main", "sagemaker:variant:DesiredProvisionedConcurrency"),
        ("inference-component/chat", "sagemaker:inference-component:DesiredCopyCount"),
    ],
)
def test_newer_dimensions_are_known(scaling: Any, resource: str, dimension: str) -> None:
    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=resource,
        ScalableDimension=dimension,
        MinCapacity=1,
        MaxCapacity=2,
    )
    assert described(scaling)[0]["ScalableDimension"] == dimension


def test_an_unknown_dimension_is_refused(scaling: Any) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*sagemaker:variant:Nonsense"):
        scaling.register_scalable_target(
            **{**TARGET, "ScalableDimension": "sagemaker:variant:Nonsense"},
            MinCapacity=1,
            MaxCapacity=2,
        )


def test_capacities_have_to_make_sense(scaling: Any) -> None:
    with pytest.raises(ClientError, match="must be specified"):
        scaling.register_scalable_target(**TARGET, MaxCapacity=2)
    with pytest.raises(ClientError, match="cannot be less than minimum"):
        scaling.register_scalable_target(**TARGET, MinCapacity=3, MaxCapacity=2)


def test_a_policy_needs_its_target(scaling: Any) -> None:
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.put_scaling_policy(
            **TARGET,
            PolicyName="load",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=TRACKING,
        )


def test_a_changed_policy_keeps_its_arn(scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    arns = {
        scaling.put_scaling_policy(
            **TARGET,
            PolicyName="load",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={**TRACKING, "TargetValue": value},
        )["PolicyARN"]
        for value in (70.0, 50.0)
    }
    assert len(arns) == 1


def test_a_target_takes_its_policies_with_it(scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    scaling.put_scaling_policy(
        **TARGET,
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    scaling.deregister_scalable_target(**TARGET)
    left = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert left == []
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**TARGET)


def test_policies_are_described_by_their_names_and_of_their_very_resource(scaling: Any) -> None:
    longer = {**TARGET, "ResourceId": f"{TARGET['ResourceId']}-2"}
    for target, name in ((TARGET, "one"), (TARGET, "two"), (longer, "one")):
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
        scaling.put_scaling_policy(
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=TRACKING,
            **target,
        )

    def found(**asked: Any) -> list[tuple[str, str]]:
        answer = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", **asked)
        return [(each["ResourceId"], each["PolicyName"]) for each in answer["ScalingPolicies"]]

    here, there = TARGET["ResourceId"], longer["ResourceId"]
    assert found(PolicyNames=["two"]) == [(here, "two")]
    assert found(PolicyNames=["one"], ResourceId=there) == [(there, "one")]
    assert found(ResourceId=there) == [(there, "one")]
    assert len(found()) == 3
