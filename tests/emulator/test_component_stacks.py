"""Inference components with the real provider: each one stack, and so the endpoint configuration, which
hashicorp/aws 5.100.0 cannot make (`model_name` is required there, and there is no role)."""

from __future__ import annotations

import json
from typing import Any

from tests.emulator.conftest import Client, Terraform
from tests.emulator.test_terraform import settings, trust

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/llm:1"


def stack(name: str, kind: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A stack of one resource, whose template is canonical, so that a plan compares it word by word."""
    template = {
        "Resources": {"Resource": {"Type": kind, "Properties": properties}},
        "Outputs": {"Arn": {"Value": {"Ref": "Resource"}}},
    }
    return {
        "name": name,
        "template_body": json.dumps(template, sort_keys=True),
        "on_failure": "DELETE",
        **more,
    }


def configuration(name: str, *, most: int = 2) -> dict[str, Any]:
    variant = {
        "VariantName": "all",
        "InstanceType": "ml.g5.12xlarge",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {
            "Status": "ENABLED",
            "MinInstanceCount": 0,
            "MaxInstanceCount": most,
        },
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }
    properties = {
        "EndpointConfigName": name,
        "ExecutionRoleArn": "${aws_iam_role.model.arn}",
        "ProductionVariants": [variant],
    }
    # a configuration in use must not go before the endpoint has moved on: a new name, and so a new stack
    return stack(
        name,
        "AWS::SageMaker::EndpointConfig",
        properties,
        lifecycle={"create_before_destroy": True},
    )


def component(name: str, model: str, *, copies: int = 2, **more: Any) -> dict[str, Any]:
    properties = {
        "InferenceComponentName": name,
        "EndpointName": "${aws_sagemaker_endpoint.llm.name}",
        "VariantName": "all",
        "Specification": {
            "ModelName": f"${{aws_sagemaker_model.{model}.name}}",
            "ComputeResourceRequirements": {
                "NumberOfAcceleratorDevicesRequired": 1,
                "MinMemoryRequiredInMb": 1024,
            },
        },
        "RuntimeConfig": {"CopyCount": copies},
        **more,
    }
    return stack(name, "AWS::SageMaker::InferenceComponent", properties)


def declared(account: str, config: dict[str, Any], *components: dict[str, Any]) -> dict[str, Any]:
    return {
        **settings(account),
        "resource": {
            "aws_iam_role": {"model": {"name": "m", "assume_role_policy": trust("sagemaker")}},
            "aws_sagemaker_model": {
                version: {
                    "name": f"llama-{version}",
                    "execution_role_arn": "${aws_iam_role.model.arn}",
                    "primary_container": {"image": IMAGE},
                }
                for version in ("one", "two")
            },
            "aws_cloudformation_stack": {
                "config": config,
                **{each["name"].replace("-", "_"): each for each in components},
            },
            "aws_sagemaker_endpoint": {
                "llm": {
                    "name": "llm",
                    # the output is an ARN; the end of it is the name, and Terraform waits for the stack
                    "endpoint_config_name": '${element(split("/", '
                    'aws_cloudformation_stack.config.outputs["Arn"]), 1)}',
                }
            },
        },
    }


def test_components_and_their_endpoint_configuration_live_in_stacks(
    terraform: Terraform, client: Client, account: str
) -> None:
    sagemaker = client("sagemaker")

    def described(name: str) -> dict[str, Any]:
        answer: dict[str, Any] = sagemaker.describe_inference_component(InferenceComponentName=name)
        return answer

    rolling = {
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1},
            "WaitIntervalInSeconds": 0,
        },
    }
    first = declared(
        account,
        configuration("llm-1"),
        component("llama", "one", DeploymentConfig=rolling),
    )
    terraform.write(first)
    terraform.run("init", "-no-color")
    terraform.apply()
    terraform.assert_unchanged()
    assert described("llama")["InferenceComponentStatus"] == "InService"
    assert described("llama")["RuntimeConfig"]["CurrentCopyCount"] == 2
    assert {"Key": "owner", "Value": "test"} in sagemaker.list_tags(
        ResourceArn=described("llama")["InferenceComponentArn"]
    )["Tags"]

    # another model rolls in place; another configuration is made before the endpoint leaves the old one
    terraform.write(
        declared(
            account,
            configuration("llm-2", most=3),
            component("llama", "two", copies=3, DeploymentConfig=rolling),
        )
    )
    planned = terraform.run("plan", "-no-color")
    assert "aws_cloudformation_stack.llama will be updated in-place" in planned
    terraform.apply()
    terraform.assert_unchanged()
    assert described("llama")["Specification"]["ModelName"] == "llama-two"
    assert described("llama")["RuntimeConfig"]["CurrentCopyCount"] == 3
    assert described("llama")["LastDeploymentConfig"] == rolling
    (config,) = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert config["EndpointConfigName"] == "llm-2"

    # a release that an alarm ends: Terraform fails, and what ran before stands in its state
    client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        MetricName="Invocation5XXErrors",
        Namespace="AWS/SageMaker",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    client("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    terraform.write(
        declared(
            account,
            configuration("llm-2", most=3),
            component("llama", "one", copies=3, DeploymentConfig=rolling),
        )
    )
    output = terraform.run("apply", "-auto-approve", "-no-color", expect=1)
    assert "UPDATE_ROLLBACK_COMPLETE" in output
    assert "alarms in state ALARM: errors" in output
    assert described("llama")["Specification"]["ModelName"] == "llama-two"
    again = terraform.run("plan", "-no-color", "-detailed-exitcode", expect=2)
    assert "aws_cloudformation_stack.llama will be updated in-place" in again

    terraform.destroy()
    assert terraform.state() == []
    assert sagemaker.list_inference_components()["InferenceComponents"] == []
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
