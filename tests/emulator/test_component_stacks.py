"""Inference components with the real provider: each one stack, and so the endpoint configuration, which
hashicorp/aws 5.100.0 cannot make (`model_name` is required there, and there is no role)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Client, Terraform
from tests.emulator.test_terraform import settings, trust

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/llm:1"


def stack(name: str, kind: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A stack of one resource, whose template is canonical, so that a plan compares it word by word, and
    whose parameters are what Terraform knows only later."""
    template = {
        "Parameters": {each: {"Type": "String"} for each in more.get("parameters", {})},
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
        "ExecutionRoleArn": {"Ref": "Role"},
        "ProductionVariants": [variant],
    }
    # a configuration in use must not go before the endpoint has moved on: a new name, and so a new stack
    return stack(
        name,
        "AWS::SageMaker::EndpointConfig",
        properties,
        parameters={"Role": "${aws_iam_role.model.arn}"},
        lifecycle={"create_before_destroy": True},
    )


def component(name: str, model: str, *, copies: int = 2, **more: Any) -> dict[str, Any]:
    properties = {
        "InferenceComponentName": name,
        "EndpointName": {"Ref": "Endpoint"},
        "VariantName": "all",
        "Specification": {
            "ModelName": {"Ref": "Model"},
            "ComputeResourceRequirements": {
                "NumberOfAcceleratorDevicesRequired": 1,
                "MinMemoryRequiredInMb": 1024,
            },
        },
        "RuntimeConfig": {"CopyCount": copies},
        **more,
    }
    parameters = {
        "Endpoint": "${aws_sagemaker_endpoint.llm.name}",
        "Model": f"${{aws_sagemaker_model.{model}.name}}",
    }
    return stack(name, "AWS::SageMaker::InferenceComponent", properties, parameters=parameters)


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

    created = described("llama")["CreationTime"]

    # another model rolls in place; another configuration is made before the endpoint leaves the old one
    terraform.write(
        declared(
            account,
            configuration("llm-2", most=3),
            component("llama", "two", copies=3, DeploymentConfig=rolling),
        )
    )
    terraform.apply()
    terraform.assert_unchanged()
    assert described("llama")["Specification"]["ModelName"] == "llama-two"
    assert described("llama")["RuntimeConfig"]["CurrentCopyCount"] == 3
    assert described("llama")["CreationTime"] == created
    assert described("llama")["LastDeploymentConfig"] == rolling
    (config,) = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert config["EndpointConfigName"] == "llm-2"

    # a release that an alarm ends: Terraform fails, and what ran before runs
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
    # the provider has written what was refused into the state; a refresh finds what stands
    shown = json.loads(terraform.run("show", "-json"))["values"]["root_module"]["resources"]
    (kept,) = (each for each in shown if each["address"] == "aws_cloudformation_stack.llama")
    assert kept["values"]["parameters"]["Model"] == "llama-one"
    again = terraform.run("plan", "-no-color", "-detailed-exitcode", expect=2)
    assert "aws_cloudformation_stack.llama will be updated in-place" in again

    terraform.destroy()
    assert terraform.state() == []
    assert sagemaker.list_inference_components()["InferenceComponents"] == []
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []


# Stacks as CloudFormation documents them, without Terraform


class Stacks:
    """The CloudFormation of an account with an endpoint for components."""

    def __init__(self, client: Client) -> None:
        self.cloudformation = client("cloudformation")
        self.sagemaker = client("sagemaker")
        role = "arn:aws:iam::123456789012:role/llm"
        for name in ("one", "two"):
            self.sagemaker.create_model(
                ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE}
            )
        variant = {
            "VariantName": "all",
            "InstanceType": "ml.g5.12xlarge",
            "InitialInstanceCount": 1,
        }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName="c", ExecutionRoleArn=role, ProductionVariants=[variant]
        )
        self.sagemaker.create_endpoint(EndpointName="llm", EndpointConfigName="c")

    def create(self, name: str, template: str, **more: Any) -> dict[str, Any]:
        made = self.cloudformation.create_stack(StackName=name, TemplateBody=template, **more)
        return self.describe(made["StackId"])

    def update(self, name: str, template: str, **more: Any) -> dict[str, Any]:
        made = self.cloudformation.update_stack(StackName=name, TemplateBody=template, **more)
        return self.describe(made["StackId"])

    def describe(self, name: str) -> dict[str, Any]:
        while True:
            (found,) = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
            if not found["StackStatus"].endswith("_IN_PROGRESS"):
                answer: dict[str, Any] = found
                return answer

    def reasons(self, stack: str) -> str:
        events = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return "\n".join(each.get("ResourceStatusReason", "") for each in events)


@pytest.fixture
def stacks(client: Client) -> Stacks:
    return Stacks(client)


def template(kind: str = "InferenceComponent", **changes: Any) -> str:
    properties: dict[str, Any] = {
        "InferenceComponentName": "llama",
        "EndpointName": "llm",
        "VariantName": "all",
        "Specification": {
            "ModelName": "one",
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024},
        },
        "RuntimeConfig": {"CopyCount": 1},
    }
    if kind == "EndpointConfig":
        properties = {
            "EndpointConfigName": "config",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/llm",
            "ProductionVariants": [{"VariantName": "all", "InstanceType": "ml.g5.12xlarge"}],
        }
    resource = {"Type": f"AWS::SageMaker::{kind}", "Properties": {**properties, **changes}}
    return json.dumps({"Resources": {"It": resource}, "Outputs": {"Arn": {"Value": {"Ref": "It"}}}})


def test_a_resource_that_breaks_its_schema_ends_the_stack(stacks: Stacks) -> None:
    variant = {"VariantName": "all", "InstanceType": "ml.g5.12xlarge"}
    prefix = {"RoutingStrategy": "PREFIX_AWARE", "PrefixAwareRoutingConfig": {"PrefixLength": 1}}
    startup = {"StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 59}}
    for number, (body, words) in enumerate(
        (
            (template(Size=1), "#: extraneous key [Size] is not permitted"),
            (template(EndpointName=1), "#/EndpointName: expected type: String, found: Integer"),
            (template(Specifications=[]), "#: 2 subschemas matched instead of one"),
            (template(Specification=startup), "59 is not greater or equal to 60"),
            (template(VariantName="a_b"), "string [a_b] does not match pattern"),
            (
                template(Specification={"AcceleratorPartitionType": "mig-1g.5gb"}),
                "#/Specification: extraneous key [AcceleratorPartitionType] is not permitted",
            ),
            (
                template(RuntimeConfig={"DesiredCopyCount": 1}),
                "unsupported property DesiredCopyCount",
            ),
            (template(EndpointName="other"), "Could not find endpoint"),
            (template("EndpointConfig", ProductionVariants=[{}]), "required key [VariantName]"),
            (
                template(
                    "EndpointConfig", ProductionVariants=[{**variant, "RoutingConfig": prefix}]
                ),
                "1 is not greater or equal to 1024",
            ),
            (
                template("EndpointConfig", MetricsConfig={"MetricPublishFrequencyInSeconds": 20}),
                "20 is not a valid enum value",
            ),
        )
    ):
        failed = stacks.create(f"s{number}", body)
        assert failed["StackStatus"] == "ROLLBACK_COMPLETE", words
        assert words in stacks.reasons(f"s{number}")
        assert "Outputs" not in failed
        with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
            stacks.update(f"s{number}", template())
    assert stacks.sagemaker.list_inference_components()["InferenceComponents"] == []


def test_a_stack_that_fails_ends_as_it_was_asked_to(stacks: Stacks) -> None:
    body = template(EndpointName="other")
    deleted = stacks.create("s", body, OnFailure="DELETE")
    assert deleted["StackStatus"] == "DELETE_COMPLETE"
    assert "Could not find endpoint" in stacks.reasons(deleted["StackId"])
    assert stacks.create("s", body, OnFailure="DO_NOTHING")["StackStatus"] == "CREATE_FAILED"
    large = {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 999_999}, "ModelName": "one"}
    failed = stacks.create("t", template(Specification=large))
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "not enough accelerators, memory" in stacks.reasons("t")


def test_a_type_that_a_region_lacks_is_refused_at_once(client: Client) -> None:
    cloudformation = client("cloudformation", region_name="us-west-1")
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::SageMaker::Infer"):
        cloudformation.create_stack(StackName="s", TemplateBody=template())
    with pytest.raises(ClientError, match="resources of type AWS::SageMaker::Pipeline"):
        cloudformation.create_stack(StackName="s", TemplateBody=template("Pipeline"))


def test_outputs_are_the_attributes_of_the_schema(stacks: Stacks) -> None:
    def outputs(kind: str, *names: str) -> dict[str, str]:
        body = json.loads(template(kind))
        body["Outputs"] = {
            f"O{n}": {"Value": {"Fn::GetAtt": ["It", a]}} for n, a in enumerate(names)
        }
        made = stacks.create(f"{kind}{len(names)}", json.dumps(body))["Outputs"]
        return {each["OutputKey"]: each["OutputValue"] for each in made}

    component = outputs(
        "InferenceComponent",
        "InferenceComponentArn",
        "InferenceComponentStatus",
        "RuntimeConfig.CurrentCopyCount",
    )
    assert component["O0"].endswith(":inference-component/llama")
    assert (component["O1"], component["O2"]) == ("InService", "1")
    config = outputs("EndpointConfig", "EndpointConfigName", "EndpointConfigArn")
    assert config["O0"] == "config"
    assert config["O1"].endswith(":endpoint-config/config")
    with pytest.raises(ClientError, match="does not support attribute type InferenceComponentName"):
        outputs("InferenceComponent", "InferenceComponentName")


def test_updates_change_what_stands_or_leave_it(stacks: Stacks) -> None:
    made = stacks.create("s", template(), Tags=[{"Key": "k", "Value": "old"}])
    (output,) = made["Outputs"]
    assert output["OutputValue"].endswith(":inference-component/llama")
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stacks.update("s", template())
    for change, words in (
        ({"InferenceComponentName": "other"}, "InferenceComponentName of an inference component"),
        ({"VariantName": "other"}, "VariantName of an inference component cannot be updated"),
        ({"RuntimeConfig": {"CopyCount": -1}}, "-1 is not greater or equal to 0"),
    ):
        refused = stacks.update("s", template(**change))
        assert refused["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", change
        assert words in stacks.reasons("s")
        kept = stacks.cloudformation.get_template(StackName="s")["TemplateBody"]
        assert kept == json.loads(template())
    assert stacks.update("s", template(), Tags=[{"Key": "k", "Value": "new"}])["Outputs"] == [
        output
    ]
    assert stacks.sagemaker.list_tags(ResourceArn=output["OutputValue"])["Tags"] == [
        {"Key": "k", "Value": "new"}
    ]
    changed = {"ModelName": "two", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}
    assert stacks.update("s", template(Specification=changed))["StackStatus"] == "UPDATE_COMPLETE"
    described = stacks.sagemaker.describe_inference_component(InferenceComponentName="llama")
    assert described["Specification"]["ModelName"] == "two"


def test_parameters_change_resources_and_go_back_with_them(stacks: Stacks) -> None:
    body = json.loads(template())
    body["Parameters"] = {"Model": {"Type": "String"}}
    body["Resources"]["It"]["Properties"]["Specification"]["ModelName"] = {"Ref": "Model"}
    text = json.dumps(body)

    def given(model: str) -> list[dict[str, str]]:
        return [{"ParameterKey": "Model", "ParameterValue": model}]

    stacks.create("s", text, Parameters=given("one"))
    for model, status, runs in (
        ("two", "UPDATE_COMPLETE", "two"),
        ("none", "UPDATE_ROLLBACK_COMPLETE", "two"),
    ):
        updated = stacks.update("s", text, Parameters=given(model))
        assert (updated["StackStatus"], updated["Parameters"]) == (status, given(runs))
        described = stacks.sagemaker.describe_inference_component(InferenceComponentName="llama")
        assert described["Specification"]["ModelName"] == runs
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stacks.update("s", text, Parameters=given("two"))
    with pytest.raises(ClientError, match=r"Parameters: \[Model\] do not exist in the template"):
        stacks.create("t", template(), Parameters=given("one"))


def test_lists_are_parameters_with_commas(stacks: Stacks) -> None:
    body = json.loads(template("EndpointConfig"))
    body["Parameters"] = {"Subnets": {"Type": "CommaDelimitedList"}}
    network = {"Subnets": {"Ref": "Subnets"}, "SecurityGroupIds": ["sg-1"]}
    body["Resources"]["It"]["Properties"]["VpcConfig"] = network
    subnets = [{"ParameterKey": "Subnets", "ParameterValue": "subnet-1,subnet-2"}]
    assert stacks.create("s", json.dumps(body), Parameters=subnets)["Parameters"] == subnets
    described = stacks.sagemaker.describe_endpoint_config(EndpointConfigName="config")
    assert described["VpcConfig"]["Subnets"] == ["subnet-1", "subnet-2"]
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stacks.update("s", json.dumps(body), Parameters=subnets)


def test_a_configuration_in_a_stack_is_replaced_under_another_name(stacks: Stacks) -> None:
    stacks.create("s", template("EndpointConfig"))
    metrics = {"MetricsConfig": {"EnableDetailedObservability": False}}
    refused = stacks.update("s", template("EndpointConfig", **metrics))
    assert refused["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename config and update the stack again" in stacks.reasons("s")
    body = template("EndpointConfig", EndpointConfigName="other", **metrics)
    assert stacks.update("s", body)["StackStatus"] == "UPDATE_COMPLETE"
    names = [
        each["EndpointConfigName"]
        for each in stacks.sagemaker.list_endpoint_configs()["EndpointConfigs"]
    ]
    assert sorted(names) == ["c", "other"]
    described = stacks.sagemaker.describe_endpoint_config(EndpointConfigName="other")
    assert described["MetricsConfig"] == {"EnableDetailedObservability": False}
    assert described["ExecutionRoleArn"].endswith(":role/llm")


def test_a_region_tells_whether_it_has_a_type(client: Client) -> None:
    kind = "AWS::SageMaker::InferenceComponent"
    found = client("cloudformation").describe_type(Type="RESOURCE", TypeName=kind)
    assert (found["TypeName"], found["Visibility"]) == (kind, "PUBLIC")
    with pytest.raises(ClientError, match="TypeNotFoundException"):
        client("cloudformation").describe_type(Type="RESOURCE", TypeName=f"{kind}s")


def test_a_stack_that_cannot_go_says_why_and_stays(stacks: Stacks) -> None:
    stacks.create("base", template())
    spec = {"BaseInferenceComponentName": "llama", "Container": {"ArtifactUrl": "s3://b/a.tar.gz"}}
    adapter = json.loads(template(InferenceComponentName="adapter", Specification=spec))
    for name in ("VariantName", "RuntimeConfig"):
        del adapter["Resources"]["It"]["Properties"][name]
    assert stacks.create("adapter", json.dumps(adapter))["StackStatus"] == "CREATE_COMPLETE"
    for name, status in (("base", "DELETE_FAILED"), ("adapter", ""), ("base", "")):
        stacks.cloudformation.delete_stack(StackName=name)
        if status:
            assert stacks.describe(name)["StackStatus"] == status
            assert "is a base inference component for one or more" in stacks.reasons(name)
    assert stacks.cloudformation.describe_stacks()["Stacks"] == []
    assert stacks.sagemaker.list_inference_components()["InferenceComponents"] == []
