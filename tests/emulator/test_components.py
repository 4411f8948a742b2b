"""Inference components as AWS documents them: what is refused, where copies stand, how they roll."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform_emulator import components, placement
from inferform_emulator.process import Emulator
from tests.emulator.conftest import Client

ROLE = "arn:aws:iam::123456789012:role/llm"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/llm:1"

Given = dict[str, Any]


class Host:
    """An account with an endpoint for components, two models, and clients."""

    def __init__(self, client: Client, account: str) -> None:
        self.account = account
        self.sagemaker = client("sagemaker")
        self.runtime = client("sagemaker-runtime")
        self.cloudwatch = client("cloudwatch")
        self.scaling = client("application-autoscaling")
        for name in ("one", "two"):
            self.sagemaker.create_model(
                ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE}
            )

    def configure(self, name: str, **variant: Any) -> None:
        given = {
            "VariantName": "all",
            "InstanceType": "ml.g5.12xlarge",
            "InitialInstanceCount": 1,
            **variant,
        }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ExecutionRoleArn=ROLE,
            ProductionVariants=[{key: each for key, each in given.items() if each is not None}],
        )

    def endpoint(self, *, least: int = 0, most: int = 2, **variant: Any) -> None:
        scaling = {"Status": "ENABLED", "MinInstanceCount": least, "MaxInstanceCount": most}
        self.configure("first", **{"ManagedInstanceScaling": scaling, **variant})
        self.sagemaker.create_endpoint(EndpointName="llm", EndpointConfigName="first")

    def create(self, name: str, *, gpus: int = 1, copies: int = 1, **more: Any) -> Given:
        self.sagemaker.create_inference_component(
            **changed(
                {
                    "InferenceComponentName": name,
                    "EndpointName": "llm",
                    "VariantName": "all",
                    "Specification": specification(gpus=gpus),
                    "RuntimeConfig": {"CopyCount": copies},
                },
                more,
            )
        )
        return self.describe(name)

    def describe(self, name: str) -> Given:
        answer: Given = self.sagemaker.describe_inference_component(InferenceComponentName=name)
        return answer

    def settled(self, name: str) -> Given:
        while (described := self.describe(name))["InferenceComponentStatus"] == "Updating":
            pass
        return described

    def update(self, name: str, **given: Any) -> Given:
        self.sagemaker.update_inference_component(InferenceComponentName=name, **given)
        return self.describe(name)

    def delete(self, name: str) -> None:
        self.sagemaker.delete_inference_component(InferenceComponentName=name)

    def instances(self) -> int:
        (variant,) = self.sagemaker.describe_endpoint(EndpointName="llm")["ProductionVariants"]
        count: int = variant["CurrentInstanceCount"]
        return count

    def alarm(self, state: str) -> None:
        self.cloudwatch.put_metric_alarm(
            AlarmName="errors",
            MetricName="Invocation5XXErrors",
            Namespace="AWS/SageMaker",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        self.cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="test")


def specification(model: str = "one", *, gpus: int = 1, memory: int = 1024) -> Given:
    return {
        "ModelName": model,
        "ComputeResourceRequirements": {
            "NumberOfAcceleratorDevicesRequired": gpus,
            "MinMemoryRequiredInMb": memory,
        },
    }


def changed(given: Given, change: Given) -> Given:
    """A request with other members: those that are None are left out, those within others by a dot."""
    result = copy.deepcopy(given)
    for path, value in change.items():
        *parents, last = path.split("__")
        at = result
        for parent in parents:
            at = at.setdefault(parent, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = copy.deepcopy(value)
    return result


def rolling(batch: int = 1, kind: str = "COPY_COUNT", *, alarms: bool = True) -> Given:
    config: Given = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": kind, "Value": batch},
            "WaitIntervalInSeconds": 60,
        }
    }
    if alarms:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "errors"}]}
    return config


@pytest.fixture
def host(client: Client, account: str) -> Host:
    return Host(client, account)


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return str(caught.value.response["Error"]["Message"])


def test_what_creation_refuses(host: Host) -> None:
    host.endpoint()
    host.create("base")
    adapter = {
        "Container": {"ArtifactUrl": "s3://b/a.tar.gz"},
        "BaseInferenceComponentName": "base",
    }
    bare: Given = {"VariantName": None, "RuntimeConfig": None, "Specification": adapter}
    pooled = [{**specification(), "InstanceType": "ml.g5.12xlarge"}]
    needs = "Specification__ComputeResourceRequirements__"
    for change, words in (
        ({"InferenceComponentName": "base"}, "Cannot create already existing inference component"),
        ({"EndpointName": "other"}, "Could not find endpoint"),
        ({"VariantName": "other"}, 'Could not find variant "other"'),
        ({"VariantName": None}, "VariantName is required"),
        ({"Specification": None}, "exactly one of Specification and Specifications"),
        ({"Specifications": pooled}, "exactly one of Specification and Specifications"),
        ({"Specification": None, "Specifications": pooled}, "2 to 5 entries"),
        ({"Specification": None, "Specifications": pooled * 2}, "an InstanceType of its own"),
        (
            {
                "Specification": None,
                "Specifications": [*pooled, {**specification(), "InstanceType": "ml.g5.2xlarge"}],
            },
            "no instance pool of ml.g5.2xlarge",
        ),
        ({"Specification__ModelName": "none"}, "Could not find model"),
        ({"Specification__ModelName": None}, "exactly one of ModelName and Container"),
        ({"Specification__Container": {"Image": IMAGE}}, "exactly one of ModelName and Container"),
        ({needs.rstrip("_"): None}, "ComputeResourceRequirements must be provided"),
        ({f"{needs}MaxMemoryRequiredInMb": 512}, "must not be less than MinMemoryRequiredInMb"),
        (
            {
                "Specification__ModelName": None,
                "Specification__Container": {
                    "Image": IMAGE,
                    "Environment": {f"N{number}": "v" for number in range(17)},
                },
            },
            "at most 16 entries",
        ),
        ({"InferenceComponentName": "-x"}, "regular expression pattern"),
        (
            {"Specification__StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 3601}},
            "'specification.startupParameters.modelDataDownloadTimeoutInSeconds' failed to satisfy "
            "constraint: Member must have value less than or equal to 3600",
        ),
        ({**bare, "VariantName": "all"}, "VariantName must not be provided for an adapter"),
        (
            {**bare, f"{needs}MinMemoryRequiredInMb": 1024},
            "ComputeResourceRequirements must not be provided for an adapter",
        ),
        ({**bare, "Specification__Container": {"Image": IMAGE}}, "has Container with ArtifactUrl"),
        ({**bare, "Specification__BaseInferenceComponentName": "x"}, "Could not find inference"),
    ):
        assert words in refusal(host.create, name="new", **change), change
    assert host.create("adapter", **bare)["VariantName"] == "all"
    nested = {**bare, "Specification__BaseInferenceComponentName": "adapter"}
    assert "is an adapter" in refusal(host.create, name="nested", **nested)


def test_an_endpoint_with_a_model_of_its_own_takes_no_components(host: Host) -> None:
    host.configure("first", ModelName="one")
    host.sagemaker.create_endpoint(EndpointName="llm", EndpointConfigName="first")
    assert "not supported in this Endpoint" in refusal(host.create, name="new")


def test_what_a_configuration_for_components_refuses(host: Host) -> None:
    scaling: Given = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    prefix = {"RoutingStrategy": "PREFIX_AWARE"}
    lengths = {"PrefixLength": 1024, "ConcurrencyThreshold": 1}
    pool = {"InstanceType": "ml.g5.12xlarge", "Priority": 1}
    idle = {"Strategy": "IDLE_RELEASE", "MaximumStepSize": 2}
    for variant, words in (
        (
            {"ModelName": "one", "ManagedInstanceScaling": scaling},
            "only supported for inference comp",
        ),
        (
            {"ManagedInstanceScaling": {**scaling, "MinInstanceCount": 3}},
            "must not be greater than",
        ),
        (
            {"ManagedInstanceScaling": {**scaling, "ScaleInPolicy": idle}},
            "only for the CONSOLIDATION",
        ),
        ({"RoutingConfig": prefix}, "PrefixLength and ConcurrencyThreshold are required"),
        (
            {
                "RoutingConfig": {
                    **prefix,
                    "PrefixAwareRoutingConfig": {**lengths, "PrefixLength": 65537},
                }
            },
            "Member must have value less than or equal to 65536",
        ),
        (
            {"RoutingConfig": {"RoutingStrategy": "RANDOM", "PrefixAwareRoutingConfig": lengths}},
            "only for RoutingStrategy PREFIX_AWARE",
        ),
        ({"InstancePools": [pool]}, "both InstanceType and InstancePools"),
        ({"InstanceType": None, "InstancePools": [pool, pool]}, "a different InstanceType"),
        ({"VariantInstanceProvisionTimeoutInSeconds": 3601}, "less than or equal to 3600"),
    ):
        assert words in refusal(host.configure, name="new", **variant), variant
    with pytest.raises(ClientError, match="ExecutionRoleArn is required"):
        host.sagemaker.create_endpoint_config(
            EndpointConfigName="new",
            ProductionVariants=[{"VariantName": "all", "InstanceType": "ml.g5.12xlarge"}],
        )


def test_what_updates_and_deletions_refuse(host: Host) -> None:
    host.endpoint()
    host.create("base", copies=4)
    adapter = {
        "Container": {"ArtifactUrl": "s3://b/a.tar.gz"},
        "BaseInferenceComponentName": "base",
    }
    host.create("adapter", VariantName=None, RuntimeConfig=None, Specification=adapter)
    for given, words in (
        ({}, "At least one of Specification, Specifications and RuntimeConfig"),
        ({"DeploymentConfig": rolling()}, "At least one of Specification"),
        (
            {"Specification": specification("two"), "DeploymentConfig": rolling(3)},
            "between 5% and 50% of the copy count",
        ),
        (
            {
                "Specification": specification("two"),
                "DeploymentConfig": rolling(51, "CAPACITY_PERCENT"),
            },
            "between 5% and 50% of the copy count",
        ),
        ({"Specification": adapter}, "BaseInferenceComponentName of an inference component cannot"),
        ({"Specification": specification("none")}, "Could not find model"),
    ):
        assert words in refusal(host.update, name="base", **given), given
    scale = host.sagemaker.update_inference_component_runtime_config
    runtime = {"DesiredRuntimeConfig": {"CopyCount": 2}}
    assert "is that of its base" in refusal(scale, InferenceComponentName="adapter", **runtime)
    assert "Could not find inference component" in refusal(host.delete, name="other")
    assert "is a base inference component for one or more" in refusal(host.delete, name="base")
    delete = host.sagemaker.delete_endpoint
    assert "hosts inference components: base, adapter" in refusal(delete, EndpointName="llm")
    host.delete("adapter")
    host.delete("base")
    delete(EndpointName="llm")


def test_copies_stand_on_as_many_instances_as_they_need(host: Host) -> None:
    host.endpoint(most=2)  # of 4 GPUs each
    small = host.create("small", gpus=1, copies=2)
    assert small["InferenceComponentStatus"] == "InService"
    assert small["RuntimeConfig"] == {
        "DesiredCopyCount": 2,
        "CurrentCopyCount": 2,
        "PlacementStatus": [{"InstanceType": "ml.g5.12xlarge", "CurrentCopyCount": 2}],
    }
    assert host.instances() == 1
    host.create("large", gpus=4)
    assert host.instances() == 2
    failed = host.create("third", gpus=4)
    assert failed["InferenceComponentStatus"] == "Creating"
    failed = host.describe("third")
    assert failed["InferenceComponentStatus"] == "Failed"
    assert "not enough accelerators" in failed["FailureReason"]
    assert "PlacementStatus" not in failed["RuntimeConfig"]
    host.delete("third")
    memory = {"Specification__ComputeResourceRequirements__MinMemoryRequiredInMb": 197_000}
    host.create("memory", gpus=1, **memory)
    assert "memory" in host.describe("memory")["FailureReason"]

    scale = host.sagemaker.update_inference_component_runtime_config
    scale(InferenceComponentName="large", DesiredRuntimeConfig={"CopyCount": 0})
    assert host.describe("large")["RuntimeConfig"]["CurrentCopyCount"] == 0
    assert host.instances() == 1
    scale(InferenceComponentName="small", DesiredRuntimeConfig={"CopyCount": 9})
    assert host.describe("small")["RuntimeConfig"]["DesiredCopyCount"] == 9
    assert host.describe("small")["RuntimeConfig"]["CurrentCopyCount"] == 8
    host.delete("small")
    assert host.instances() == 0


def test_requests_at_once_get_no_more_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    variant = {"VariantName": "all", "InstanceType": "ml.g5.12xlarge", "InitialInstanceCount": 2}
    endpoint = SimpleNamespace(
        endpoint_name="llm",
        arn="arn:aws:sagemaker:us-east-1:123456789012:endpoint/llm",
        endpoint_status="InService",
        endpoint_config_name="first",
        production_variants=[{"VariantName": "all"}],
    )
    config = SimpleNamespace(production_variants=[variant], execution_role_arn=ROLE)
    backend = SimpleNamespace(
        account_id="123456789012",
        region_name="us-east-1",
        endpoints={"llm": endpoint},
        endpoint_configs={"first": config},
        _models={"one": None},
    )
    left = placement.Instance.left

    def slowly(instance: placement.Instance) -> placement.Room:
        found = left(instance)
        time.sleep(0.001)  # others come in between, unless they are kept out
        return found

    monkeypatch.setattr(placement.Instance, "left", slowly)
    names = [f"c{number}" for number in range(12)]

    def create(name: str) -> None:
        given = {"InferenceComponentName": name, "EndpointName": "llm", "VariantName": "all"}
        components.create(backend, {**given, "Specification": specification()})

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(create, names))
    made = components.components(backend)
    assert sorted(made) == sorted(names)
    assert sum(each.current for each in made.values()) == 8


def test_pools_are_used_in_their_order_with_a_specification_each(host: Host) -> None:
    host.endpoint(
        most=3,
        InstanceType=None,
        InstancePools=[
            {"InstanceType": "ml.g5.2xlarge", "Priority": 2},
            {"InstanceType": "ml.g5.12xlarge", "Priority": 1},
        ],
    )
    described = host.create(
        "llama",
        copies=2,
        Specification=None,
        Specifications=[
            {**specification("one", gpus=4), "InstanceType": "ml.g5.12xlarge"},
            {**specification("two", gpus=1), "InstanceType": "ml.g5.2xlarge"},
        ],
    )
    assert described["RuntimeConfig"]["PlacementStatus"] == [
        {"InstanceType": "ml.g5.12xlarge", "CurrentCopyCount": 2}
    ]
    host.create("small", gpus=1)
    (variant,) = host.sagemaker.describe_endpoint(EndpointName="llm")["ProductionVariants"]
    assert variant["InstancePools"] == [
        {"InstanceType": "ml.g5.12xlarge", "CurrentInstanceCount": 3},
        {"InstanceType": "ml.g5.2xlarge", "CurrentInstanceCount": 0},
    ]


def test_copies_are_spread_or_packed_and_consolidated(client_of: Any, account: str) -> None:
    for number, (strategy, policy, instances) in enumerate(
        (
            ("SPREAD", "IDLE_RELEASE", 2),
            ("BINPACK", "IDLE_RELEASE", 1),
            ("SPREAD", "CONSOLIDATION", 1),
        )
    ):
        account = f"{int(account) + 500_000 + number}"
        host = Host(client_of(account), account)
        host.endpoint(
            ManagedInstanceScaling={
                "Status": "ENABLED",
                "MinInstanceCount": 1,
                "MaxInstanceCount": 2,
                "ScaleInPolicy": {"Strategy": policy},
            },
            InitialInstanceCount=2,
        )
        scheduling = {
            "PlacementStrategy": strategy,
            "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"},
        }
        described = host.create("a", copies=2, Specification__SchedulingConfig=scheduling)
        assert described["RuntimeConfig"]["CurrentCopyCount"] == 2
        assert host.instances() == instances, (strategy, policy)


def test_an_update_goes_batch_by_batch_while_its_alarms_are_watched(host: Host) -> None:
    host.endpoint()
    host.create("llama", copies=4)
    host.alarm("OK")
    started = host.update("llama", Specification=specification("two"), DeploymentConfig=rolling(2))
    seen = [started["InferenceComponentStatus"]]
    while seen[-1] == "Updating":
        described = host.describe("llama")
        seen.append(described["InferenceComponentStatus"])
        assert described["RuntimeConfig"]["CurrentCopyCount"] == 4
    assert seen == ["Updating", "Updating", "InService"]
    assert described["Specification"]["ModelName"] == "two"
    assert described["LastDeploymentConfig"] == rolling(2)
    without = host.update("llama", Specification=specification("one"))
    assert without["InferenceComponentStatus"] == "InService"
    assert without["Specification"]["ModelName"] == "one"


def test_an_alarm_in_the_middle_brings_the_old_copies_back(host: Host) -> None:
    host.endpoint()
    host.create("llama", copies=2)
    host.alarm("OK")
    host.update("llama", Specification=specification("two"), DeploymentConfig=rolling())
    host.alarm("ALARM")
    assert host.describe("llama")["InferenceComponentStatus"] == "Updating"
    described = host.settled("llama")
    assert described["InferenceComponentStatus"] == "InService"
    assert described["Specification"]["ModelName"] == "one"
    assert described["RuntimeConfig"]["CurrentCopyCount"] == 2
    assert "alarms in state ALARM: errors" in described["FailureReason"]


def test_a_batch_without_room_is_rolled_back(host: Host) -> None:
    host.endpoint(most=1)
    host.create("llama", gpus=2, copies=2)
    described = host.update(
        "llama",
        Specification=specification("two", gpus=2),
        DeploymentConfig=rolling(alarms=False),
    )
    assert described["InferenceComponentStatus"] == "InService"
    assert described["Specification"]["ModelName"] == "one"
    assert described["RuntimeConfig"]["CurrentCopyCount"] == 2
    assert "not enough accelerators" in described["FailureReason"]


def test_a_plan_says_what_a_component_comes_to(host: Host, emulator: Emulator) -> None:
    host.endpoint()

    def plan(**given: Any) -> None:
        place = {"component": "llama", "account": host.account}
        emulator.control("POST", "sagemaker/rollout", {**place, **given})

    plan(outcome="fail", describes=1, reason="out of memory")
    assert host.create("llama")["InferenceComponentStatus"] == "Creating"
    assert "in status Creating" in refusal(host.delete, name="llama")
    assert host.describe("llama")["FailureReason"] == "out of memory"
    host.delete("llama")
    assert host.create("llama")["InferenceComponentStatus"] == "InService"
    plan(outcome="rollback", describes=0, rolling_back_describes=0, reason="5xx")
    host.update("llama", Specification=specification("two"))
    described = host.settled("llama")
    assert described["Specification"]["ModelName"] == "one"
    assert described["FailureReason"] == "5xx"


def test_what_cannot_be_fetched_fails_where_it_is_judged(host: Host, emulator: Emulator) -> None:
    host.endpoint()
    host.create("before")
    emulator.control("POST", "access", {"account": host.account, "judged": True})
    host.create("llama")
    assert "execution role ARN" in host.describe("llama")["FailureReason"]
    host.update("before", Specification=specification("two"))
    described = host.settled("before")
    assert described["Specification"]["ModelName"] == "one"
    assert "execution role ARN" in described["FailureReason"]


def test_another_configuration_takes_the_copies_along_where_they_fit(host: Host) -> None:
    host.endpoint()
    host.create("llama", gpus=4, copies=2)
    scaling = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 1}
    host.configure("narrow", ManagedInstanceScaling=scaling)
    host.configure("wide", ManagedInstanceScaling={**scaling, "MaxInstanceCount": 3})
    host.configure("model", ModelName="one")

    def update(config: str) -> Given:
        host.sagemaker.update_endpoint(EndpointName="llm", EndpointConfigName=config)
        while True:
            described: Given = host.sagemaker.describe_endpoint(EndpointName="llm")
            if described["EndpointStatus"] == "InService":
                return described

    for config, words in (("narrow", "not enough accelerators"), ("model", "no variant for")):
        refused = update(config)
        assert refused["EndpointConfigName"] == "first"
        assert words in refused["FailureReason"]
    assert update("wide")["EndpointConfigName"] == "wide"
    assert host.describe("llama")["RuntimeConfig"]["CurrentCopyCount"] == 2
    host.create("third", gpus=4)
    assert host.instances() == 3


def test_components_are_listed_and_tagged(host: Host) -> None:
    host.endpoint()
    for name in ("b", "a", "c"):
        arn = host.create(name, Tags=[{"Key": "k", "Value": name}])["InferenceComponentArn"]

    def listed(**given: Any) -> list[str]:
        answer = host.sagemaker.list_inference_components(**given)["InferenceComponents"]
        return [each["InferenceComponentName"] for each in answer]

    assert listed() == ["c", "a", "b"]
    assert listed(SortBy="Name", SortOrder="Ascending") == ["a", "b", "c"]
    assert listed(NameContains="a", EndpointNameEquals="llm") == ["a"]
    assert listed(EndpointNameEquals="other") == []
    pages = host.sagemaker.get_paginator("list_inference_components").paginate(MaxResults=2)
    assert [len(page["InferenceComponents"]) for page in pages] == [2, 1]
    host.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "new"}])
    assert host.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "new"}]


# Requests and scaling


def invoke(host: Host, component: str | None) -> Given:
    named = {"InferenceComponentName": component} if component else {}
    answer: Given = host.runtime.invoke_endpoint(
        EndpointName="llm", ContentType="application/json", Body=b"{}", **named
    )
    return answer


def runtime_refusal(host: Host, component: str | None) -> str:
    with pytest.raises(ClientError) as caught:
        invoke(host, component)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    return str(caught.value.response["Error"]["Message"])


def test_a_request_names_its_component_and_is_counted_by_it(host: Host) -> None:
    host.endpoint()
    host.create("llama")
    assert '"inferenceComponent": "llama"' in invoke(host, "llama")["Body"].read().decode()
    assert "Inference Component Name header is required" in runtime_refusal(host, None)
    assert "Inference Component other not found" in runtime_refusal(host, "other")
    metrics = host.cloudwatch.list_metrics(Namespace="AWS/SageMaker")["Metrics"]
    assert {each["MetricName"] for each in metrics} >= {"Invocations", "Invocation5XXErrors"}
    dimensions = [{"Name": "InferenceComponentName", "Value": "llama"}]
    assert all(each["Dimensions"] == dimensions for each in metrics)


def test_a_component_scales_to_zero_and_a_lost_request_wakes_it(host: Host) -> None:
    host.endpoint()
    host.create("llama", gpus=4)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "inference-component/llama",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
    }
    host.scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
    steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    policy = host.scaling.put_scaling_policy(
        **target,
        PolicyName="wake",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": steps,
        },
    )["PolicyARN"]
    host.cloudwatch.put_metric_alarm(
        AlarmName="asleep",
        Namespace="AWS/SageMaker",
        MetricName="NoCapacityInvocationFailures",
        Dimensions=[{"Name": "InferenceComponentName", "Value": "llama"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[policy],
    )
    invoke(host, "llama")
    host.sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="llama", DesiredRuntimeConfig={"CopyCount": 0}
    )
    assert host.instances() == 0
    assert "has no capacity to process this request" in runtime_refusal(host, "llama")
    assert host.instances() == 1
    assert host.describe("llama")["RuntimeConfig"]["CurrentCopyCount"] == 1
    (alarm,) = host.cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    invoke(host, "llama")
    for _ in range(3):  # the maximum holds
        host.cloudwatch.set_alarm_state(AlarmName="asleep", StateValue="ALARM", StateReason="test")
    assert host.describe("llama")["RuntimeConfig"]["DesiredCopyCount"] == 2


def test_target_tracking_takes_an_idle_component_to_its_minimum(host: Host) -> None:
    host.endpoint()
    host.create("llama", copies=2)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "inference-component/llama",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
    }
    host.scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=3)
    metric = {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"}

    def track(value: float) -> dict[str, str]:
        made = host.scaling.put_scaling_policy(
            **target,
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": value,
                "PredefinedMetricSpecification": metric,
            },
        )
        assert len(made["Alarms"]) == 2
        return {each["AlarmName"].split("-")[3]: each["AlarmName"] for each in made["Alarms"]}

    track(10)
    names = track(5)  # a changed policy has new alarms and its old ARN
    alarms = host.cloudwatch.describe_alarms()["MetricAlarms"]
    assert {each["AlarmName"] for each in alarms} == set(names.values())
    for load, copies in (("AlarmHigh", 3), ("AlarmHigh", 3), ("AlarmLow", 0)):
        host.cloudwatch.set_alarm_state(
            AlarmName=names[load], StateValue="ALARM", StateReason="test"
        )
        assert host.describe("llama")["RuntimeConfig"]["CurrentCopyCount"] == copies
    host.scaling.deregister_scalable_target(**target)
    assert host.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_an_adapter_serves_on_the_copies_of_its_base(host: Host) -> None:
    host.endpoint()
    host.create("base", copies=2)
    spec = {"Container": {"ArtifactUrl": "s3://b/a.tar.gz"}, "BaseInferenceComponentName": "base"}
    adapter: Given = {"VariantName": None, "RuntimeConfig": None, "Specification": spec}
    assert host.create("adapter", **adapter)["RuntimeConfig"]["CurrentCopyCount"] == 2
    assert invoke(host, "adapter")["InvokedProductionVariant"] == "all"
    newer = {**spec, "Container": {"ArtifactUrl": "s3://b/b.tar.gz"}}
    assert host.update("adapter", Specification=newer)["Specification"] == newer
    host.sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="base", DesiredRuntimeConfig={"CopyCount": 0}
    )
    assert "has no capacity" in runtime_refusal(host, "adapter")


# ML reservations


def test_a_training_plan_gives_its_instances_to_endpoints_of_its_type(
    host: Host, emulator: Emulator
) -> None:
    def bought(name: str, **given: Any) -> str:
        plan = {"instance_type": "ml.p5.48xlarge", "instances": 2, "account": host.account}
        answer = emulator.control(
            "POST", "sagemaker/training-plan", {"name": name, **plan, **given}
        )
        return str(answer["arn"])

    def endpoint(name: str, arn: str, **variant: Any) -> Given:
        reserved = {
            "MlReservationArn": arn,
            "CapacityReservationPreference": "capacity-reservations-only",
        }
        given = {"InstanceType": "ml.p5.48xlarge", "ModelName": "one", **variant}
        host.configure(name, CapacityReservationConfig=reserved, **given)
        host.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        answer: Given = host.sagemaker.describe_endpoint(EndpointName=name)
        return answer

    good = bought("good")
    for number, (arn, variant, words) in enumerate(
        (
            (good, {"InstanceType": "ml.g5.12xlarge"}, "is not that of the training plan"),
            (good[:-4] + "none", {}, "Could not find ML reservation"),
            (bought("job", target="training-job"), {}, "is for training-job"),
            (bought("later", status="Scheduled"), {}, "has to be Active"),
        )
    ):
        assert words in refusal(endpoint, name=f"e{number}", arn=arn, **variant), words
    assert endpoint("fits", good, InitialInstanceCount=2)["EndpointStatus"] == "InService"
    described = host.sagemaker.describe_training_plan(TrainingPlanName="good")
    assert (described["Status"], described["TargetResources"]) == ("Active", ["endpoint"])
    assert (described["TotalInstanceCount"], described["AvailableInstanceCount"]) == (2, 0)
    (capacity,) = described["ReservedCapacitySummaries"]
    assert capacity["InstanceType"] == "ml.p5.48xlarge"
    endpoint("large", good, InitialInstanceCount=3)
    failed = host.sagemaker.describe_endpoint(EndpointName="large")
    assert failed["EndpointStatus"] == "Failed"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        host.sagemaker.describe_training_plan(TrainingPlanName="none")
