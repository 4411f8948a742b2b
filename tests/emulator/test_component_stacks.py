"""CloudFormation stacks as AWS documents them, of inference components and endpoint configurations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Client

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/llm:1"


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
