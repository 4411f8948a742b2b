"""Every policy on every kind of target, on the emulator: deployed, unchanged, destroyed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops.terraform import Stack, stacks

from ..scaling_cases import CASES
from .hosting import CONTEXT, Hosting, client, hosting

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
ROLE = "arn:aws:iam::123456789012:role/fraud"
ENDPOINTS: dict[str, dict[str, Any]] = {
    "realtime": {"instance_type": "ml.g5.12xlarge", "initial_instance_count": 1},
    "asynchronous": {"instance_type": "ml.m5.large", "initial_instance_count": 1},
    "serverless": {
        "serverless_config": {
            "memory_size_in_mb": 2048,
            "max_concurrency": 20,
            "provisioned_concurrency": 1,
        }
    },
}


def changed(host: Hosting, realtime: dict[str, Any]) -> dict[str, list[str]]:
    """What Terraform would do for another real-time variant: the actions by address."""
    stack = scaled(host.folder, host.network.private_subnet_ids[0], realtime)
    host.terraform(stack, "plan", "-out=plan", "-no-color")
    changes = json.loads(host.terraform(stack, "show", "-json", "plan"))["resource_changes"]
    return {change["address"]: change["change"]["actions"] for change in changes}


def scaled(folder: Path, subnet: str, realtime: dict[str, Any] | None = None) -> Stack:
    """A stack with endpoints, an ECS service and a scalable target of every kind."""
    from inferform.cdk import App
    from inferform.layer import Layer
    from inferform.scaling.construct import ScalableTarget

    from cdktf_cdktf_provider_aws.ecs_cluster import EcsCluster
    from cdktf_cdktf_provider_aws.ecs_service import (
        EcsService,
        EcsServiceNetworkConfiguration,
    )
    from cdktf_cdktf_provider_aws.ecs_task_definition import EcsTaskDefinition
    from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
    from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
        SagemakerEndpointConfiguration,
        SagemakerEndpointConfigurationAsyncInferenceConfig,
        SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfig,
        SagemakerEndpointConfigurationProductionVariants,
    )
    from cdktf_cdktf_provider_aws.sagemaker_model import (
        SagemakerModel,
        SagemakerModelPrimaryContainer,
    )

    app = App(outdir=str(folder))
    layer = Layer(app, "scaling", context=CONTEXT, target=EMULATOR)
    model = SagemakerModel(
        layer,
        "model",
        name="scaled",
        execution_role_arn=ROLE,
        primary_container=SagemakerModelPrimaryContainer(image=IMAGE),
    )
    names = {}
    endpoints = ENDPOINTS | ({"realtime": realtime} if realtime else {})
    for case, variant in endpoints.items():
        configuration = SagemakerEndpointConfiguration(
            layer,
            f"{case}-configuration",
            name=f"scaled-{case}",
            production_variants=[
                SagemakerEndpointConfigurationProductionVariants(
                    variant_name="primary", model_name=model.name, **variant
                )
            ],
            async_inference_config=SagemakerEndpointConfigurationAsyncInferenceConfig(
                output_config=SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfig(
                    s3_output_path="s3://answers/scaled"
                )
            )
            if case == "asynchronous"
            else None,
        )
        endpoint = SagemakerEndpoint(
            layer,
            f"{case}-endpoint",
            name=f"scaled-{case}",
            endpoint_config_name=configuration.name,
        )
        names[case] = endpoint.name
    cluster = EcsCluster(layer, "cluster", name="scaled")
    task = EcsTaskDefinition(
        layer,
        "task",
        family="scaled",
        cpu="256",
        memory="512",
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        execution_role_arn=ROLE,
        container_definitions=f'[{{"name": "model", "image": "{IMAGE}", "essential": true}}]',
    )
    service = EcsService(
        layer,
        "service",
        name="scaled",
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=1,
        launch_type="FARGATE",
        network_configuration=EcsServiceNetworkConfiguration(subnets=[subnet]),
    )
    for case, (kind, _, instance_type, spec) in CASES.items():
        name = names.get(case, "")
        resource_id = {
            "ecs": f"service/{cluster.name}/{service.name}",
            "component": "inference-component/scaled",
            "lambda": "function:scaled:live",
        }.get(case, f"endpoint/{name}/variant/primary")
        ScalableTarget(
            layer,
            case,
            name=f"scaled-{case}",
            spec=spec,
            resource_id=resource_id,
            kind=kind,
            dimensions={
                "EndpointName": name,
                "VariantName": "primary",
                "InferenceComponentName": "scaled",
                "ClusterName": cluster.name,
                "ServiceName": service.name,
                "LoadBalancer": "app/scaled/778d41231b141a0f",
                "TargetGroup": "targetgroup/scaled/943f017f100becff",
                "FunctionName": "scaled",
                "Resource": "scaled:live",
            },
            instance_type=instance_type and endpoints["realtime"]["instance_type"],
        )
    app.synth()
    (stack,) = stacks(folder)
    return stack


def test_every_policy_on_every_target_deploys_stays_and_goes(
    emulator: Emulator, tmp_path: Path
) -> None:
    host = hosting(emulator, tmp_path / "out")
    stack = scaled(host.folder, host.network.private_subnet_ids[0])
    assumed = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    role = client(host.emulator, "iam").create_role(
        RoleName="scaled",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [assumed]}),
    )["Role"]["Arn"]
    functions = client(host.emulator, "lambda")
    functions.create_function(
        FunctionName="scaled",
        Role=role,
        PackageType="Image",
        Code={"ImageUri": IMAGE},
        Publish=True,
    )
    functions.create_alias(FunctionName="scaled", Name="live", FunctionVersion="1")
    host.terraform(stack, "apply", "-auto-approve", "-no-color")
    host.terraform(stack, "plan", "-detailed-exitcode", "-no-color")
    scaling = client(host.emulator, "application-autoscaling")

    def found(operation: str, key: str) -> list[dict[str, Any]]:
        return [
            entry
            for namespace in ("sagemaker", "ecs", "lambda")
            for page in scaling.get_paginator(operation).paginate(ServiceNamespace=namespace)
            for entry in page[key]
            if "scaled" in entry["ResourceId"]
        ]

    specs = [entry[3] for entry in CASES.values()]
    targets = found("describe_scalable_targets", "ScalableTargets")
    assert {target["ScalableDimension"] for target in targets} == {
        entry[0].dimension for entry in CASES.values()
    }
    assert len(targets) == len(CASES)
    policies = found("describe_scaling_policies", "ScalingPolicies")
    assert len(policies) == sum(len(spec.policies) for spec in specs)
    actions = found("describe_scheduled_actions", "ScheduledActions")
    assert len(actions) == sum(len(spec.schedules) for spec in specs)
    arns = {policy["PolicyName"]: policy["PolicyARN"] for policy in policies}
    alarms = client(host.emulator, "cloudwatch").describe_alarms(
        AlarmNamePrefix="scaled-asynchronous-wake-up"
    )["MetricAlarms"]
    assert [alarm["AlarmActions"] for alarm in alarms] == [
        [arns["scaled-asynchronous-wake-up-step"]]
    ]
    changes = changed(host, ENDPOINTS["realtime"] | {"instance_type": "ml.g5.2xlarge"})
    replaced = {address for address, actions in changes.items() if "delete" in actions}
    spec = CASES["realtime"][3]
    kept = f"{len(spec.policies)} policies, {len(spec.schedules)} actions"
    assert kept == (
        f"{sum('_policy.' in address for address in replaced)} policies, "
        f"{sum('_scheduled_action.' in address for address in replaced)} actions"
    ), "AWS forgets them with the target, which a new instance type registers anew"
    assert all("realtime" in address for address in replaced)
    host.terraform(stack, "destroy", "-auto-approve", "-no-color")
    assert host.terraform(stack, "state", "list") == ""
    assert found("describe_scalable_targets", "ScalableTargets") == []
    assert found("describe_scaling_policies", "ScalingPolicies") == []
