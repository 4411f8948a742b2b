"""Inference components as they are synthesized: templates, models, alarms, scaling and order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from inferform import (
    Adapter,
    AsyncEndpoint,
    Component,
    ComponentContainer,
    ComponentRolling,
    ConcurrentRequests,
    Consolidation,
    ContainerMetrics,
    Context,
    CoreDumps,
    DataCapture,
    EndpointAlarms,
    EndpointMetrics,
    Environment,
    Host,
    HostingCapacity,
    IdleRelease,
    Inference,
    InferenceComponentEndpoint,
    MlReservation,
    Model,
    ModelPackage,
    Network,
    NetworkOutputs,
    Notifications,
    OnInstanceType,
    Placement,
    PrefixAware,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    Scaling,
    Shadow,
    scale_to_zero,
)
from tests.conftest import Synthesized
from tests.golden.__main__ import without_notes
from tests.golden.test_kubernetes import GOLDEN, check

Synthesize = Callable[..., Synthesized]
StackOf = Callable[..., dict[str, Any]]

ACCOUNT = "111122223333"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/llm:4"
MODEL = Model(image=IMAGE, artifact="llm/4/")
SMALL = ComponentContainer(image=IMAGE, artifact="small/1.tar.gz", environment={"LEVEL": "info"})
PACKAGE = ModelPackage(arn=f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/llm/12")
CONTEXT = Context(organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml")
NETWORK = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
DATA = RegistryOutputs(
    kms_key_arn=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k", artifact_bucket="artifacts"
)
LLM = Component(
    model=MODEL,
    accelerators=2,
    min_memory_mib=65_536,
    scaling=Scaling(min_capacity=2, max_capacity=2),
    adapters={name: Adapter(artifact=f"llm/{name}.tar.gz") for name in ("code", "legal", "mail")},
)
SHARED = InferenceComponentEndpoint(
    instance_type="ml.g5.12xlarge",
    min_instances=2,
    max_instances=3,
    components={
        "llm": LLM,
        "small": Component(model=SMALL, accelerators=1, min_memory_mib=8192),
    },
)


@pytest.fixture
def stack_of(synthesize: Synthesize) -> StackOf:
    def of(endpoint: Any) -> dict[str, Any]:
        environment = Environment(
            context=CONTEXT,
            network=NETWORK,
            registry=DATA,
            inference=Inference(endpoints={"chat": endpoint}),
        )
        return synthesize(environment)["dev-use1-inference"]

    return of


def stacks(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The CloudFormation stacks by name: `configuration` for that of the configuration."""
    found = {}
    for each in stack["resource"]["aws_cloudformation_stack"].values():
        template = json.loads(each["template_body"])
        (resource,) = template["Resources"].values()
        is_component = resource["Type"] == "AWS::SageMaker::InferenceComponent"
        name = each["name"] if is_component else "configuration"
        found[name] = {**each, "template": template, **resource}
    return found


def properties(stack: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = stacks(stack)[name]["Properties"]
    return found


def one(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = stack["resource"][kind].values()
    return dict(found)


# CloudFormation


def test_the_configuration_takes_the_subnets_that_the_network_layer_makes(
    synthesize: Synthesize,
) -> None:
    environment = Environment(
        context=CONTEXT,
        network=Network(cidr="10.9.0.0/16"),
        registry=Registry(),
        inference=Inference(endpoints={"chat": SHARED}),
    )
    stack = synthesize(environment)["dev-use1-inference"]
    outputs = "data.terraform_remote_state.network.outputs"
    assert stack["locals"]["held"][0] == f"${{{outputs}.private_subnet_ids}}"
    assert stacks(stack)["configuration"]["parameters"]["Subnets"] == (
        '${join(",", local.held[0])}'
    )


def faults(stack: dict[str, Any]) -> Iterator[str]:
    """What CloudFormation's own schemas find in the templates, with a text for each reference."""
    texts = {
        "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
        "Key": DATA.kms_key_arn,
        "Subnets": ["subnet-1"],
        "SecurityGroups": ["sg-1"],
    }

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"Ref"}:
                return texts.get(value["Ref"], "a-name")
            return {key: resolved(inner) for key, inner in value.items()}
        return [resolved(each) for each in value] if isinstance(value, list) else value

    for name, each in stacks(stack).items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", each["Type"]).schema
        closed = {**schema, "additionalProperties": False}
        for error in Draft7Validator(closed).iter_errors(resolved(each["Properties"])):
            yield f"{name}: {error.json_path}: {error.message}"
        assert each["template"]["Parameters"].keys() == (each.get("parameters") or {}).keys()


EVERYTHING = InferenceComponentEndpoint(
    instance_type="ml.g5.12xlarge",
    max_instances=9,
    scale_in=Consolidation(maximum_step_size=2, cooldown_minutes=30),
    metrics=EndpointMetrics(enhanced=True, detailed_observability=False, frequency_seconds=10),
    capacity=HostingCapacity(pools=["ml.g6.12xlarge"], provision_timeout_seconds=600),
    host=Host(
        prefix_aware=PrefixAware(prefix_length=2048, concurrency_threshold=8),
        startup_timeout_seconds=600,
        download_timeout_seconds=600,
        inference_ami_version="al2-ami-sagemaker-inference-gpu-3-1",
        core_dumps=CoreDumps(),
        ssm_access=True,
    ),
    components={
        "llm": Component(
            model=PACKAGE,
            accelerators=2,
            cpu_cores=4,
            min_memory_mib=4096,
            max_memory_mib=8192,
            copies=4,
            startup_timeout_seconds=600,
            download_timeout_seconds=900,
            caching=False,
            placement=Placement(strategy="BINPACK", max_imbalance=2),
            rollout=ComponentRolling(
                batch_percent=50, rollback_batch_percent=100, alarm_names=["business"]
            ),
            by_instance_type={
                "ml.g5.12xlarge": OnInstanceType(min_memory_mib=4096, accelerators=2),
                "ml.g6.12xlarge": OnInstanceType(min_memory_mib=4096, model=MODEL),
            },
        ),
        "own": Component(
            model=SMALL.replace(metrics=ContainerMetrics(frequency_seconds=30)),
            min_memory_mib=128,
            adapters={"a": Adapter(artifact="a.tar.gz")},
        ),
    },
)


@pytest.mark.parametrize(
    "endpoint",
    [
        SHARED,
        EVERYTHING,
        SHARED.replace(scale_in=IdleRelease(), vpc=False),
        RealtimeEndpoint(
            model=MODEL,
            instance_type="ml.g5.xlarge",
            capacity=HostingCapacity(pools=["ml.g5.2xlarge"]),
            data_capture=DataCapture(csv_content_types=["text/csv"]),
            shadow=Shadow(model=MODEL, instance_type="ml.g5.xlarge", traffic_percent=20),
        ),
        RealtimeEndpoint(
            model=MODEL,
            instance_type="ml.p5.48xlarge",
            capacity=HostingCapacity(
                reservation=MlReservation(
                    arn=f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-plan/llm",
                    instance_type="ml.p5.48xlarge",
                )
            ),
        ),
        AsyncEndpoint(
            model=MODEL,
            instance_type="ml.m5.xlarge",
            capacity=HostingCapacity(pools=["ml.m5.2xlarge"]),
            max_concurrent_invocations_per_instance=4,
            notifications=Notifications(
                error_topic=f"arn:aws:sns:us-east-1:{ACCOUNT}:failed",
                include_response_in=["error"],
            ),
            host=Host(volume_size_gb=50),
        ),
    ],
    ids=["shared", "everything", "idle", "pools", "reservation", "asynchronous"],
)
def test_cloudformations_own_schemas_take_every_template(stack_of: StackOf, endpoint: Any) -> None:
    stack = stack_of(endpoint)
    assert [*faults(stack)] == []
    assert "aws_sagemaker_endpoint_configuration" not in stack["resource"]


def test_a_template_is_canonical_so_that_a_plan_is_empty(stack_of: StackOf) -> None:
    for each in stacks(stack_of(SHARED)).values():
        body = json.loads(each["template_body"])
        assert each["template_body"] == json.dumps(body, sort_keys=True, separators=(",", ":"))
        # A stack that is rolled back after its creation can only be deleted.
        assert each["on_failure"] == "DELETE"


def test_two_models_share_instances_and_one_has_three_adapters(stack_of: StackOf) -> None:
    stack = stack_of(SHARED)
    assert [*stacks(stack)] == [
        "acme-dev-use1-chat-llm-code",
        "acme-dev-use1-chat-llm-legal",
        "acme-dev-use1-chat-llm-mail",
        "acme-dev-use1-chat-llm",
        "acme-dev-use1-chat-small",
        "configuration",
    ]
    assert properties(stack, "acme-dev-use1-chat-llm") == {
        "InferenceComponentName": "acme-dev-use1-chat-llm",
        "EndpointName": "acme-dev-use1-chat",
        "VariantName": "primary",
        "Specification": {
            "ModelName": {"Ref": "Model"},
            "ComputeResourceRequirements": {
                "NumberOfAcceleratorDevicesRequired": 2,
                "MinMemoryRequiredInMb": 65_536,
            },
        },
        "RuntimeConfig": {"CopyCount": 2},
        "DeploymentConfig": {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 300,
                "MaximumExecutionTimeoutInSeconds": 1800,
            },
            "AutoRollbackConfiguration": {
                "Alarms": [
                    {"AlarmName": "acme-dev-use1-chat-llm-5xx"},
                    {"AlarmName": "acme-dev-use1-chat-llm-4xx"},
                ]
            },
        },
    }
    # An adapter has neither variant nor resources nor copies: its base has them.
    assert properties(stack, "acme-dev-use1-chat-llm-code") == {
        "InferenceComponentName": "acme-dev-use1-chat-llm-code",
        "EndpointName": "acme-dev-use1-chat",
        "Specification": {
            "BaseInferenceComponentName": "acme-dev-use1-chat-llm",
            "Container": {"ArtifactUrl": "s3://artifacts/llm/code.tar.gz"},
        },
    }
    specification = properties(stack, "acme-dev-use1-chat-small")["Specification"]
    assert specification["Container"] == {
        "Image": IMAGE,
        "ArtifactUrl": "s3://artifacts/small/1.tar.gz",
        "Environment": {"LEVEL": "info"},
    }
    assert properties(stack, "configuration") == {
        "EndpointConfigName": {"Ref": "Name"},
        "ExecutionRoleArn": {"Ref": "Role"},
        "ProductionVariants": [
            {
                "VariantName": "primary",
                "InitialVariantWeight": 1,
                "InstanceType": "ml.g5.12xlarge",
                "InitialInstanceCount": 2,
                "ManagedInstanceScaling": {
                    "Status": "ENABLED",
                    "MinInstanceCount": 2,
                    "MaxInstanceCount": 3,
                },
            }
        ],
        "VpcConfig": {"Subnets": {"Ref": "Subnets"}, "SecurityGroupIds": {"Ref": "SecurityGroups"}},
    }


def test_components_come_after_the_endpoint_and_adapters_after_their_base(
    stack_of: StackOf,
) -> None:
    stack = stack_of(SHARED)
    found = stacks(stack)
    (endpoint,) = stack["resource"]["aws_sagemaker_endpoint"]
    base = found["acme-dev-use1-chat-llm"]
    assert f"aws_sagemaker_endpoint.{endpoint}" in base["depends_on"]
    alarms = {each for each in base["depends_on"] if each.startswith("aws_cloudwatch_metric_alarm")}
    assert len(alarms) == 2
    (above,) = found["acme-dev-use1-chat-llm-code"]["depends_on"]
    names = stack["resource"]["aws_cloudformation_stack"]
    assert names[above.removeprefix("aws_cloudformation_stack.")]["name"] == base["name"]
    # What replaces the endpoint replaces them, as AWS deletes no endpoint that has components.
    replaced = one(stack, "aws_sagemaker_endpoint")["lifecycle"]["replace_triggered_by"]
    for name, each in found.items():
        if name != "configuration":
            assert each["lifecycle"] == {"replace_triggered_by": replaced}
    # The endpoint and the scalable target refer to arguments: outputs are never known to a plan.
    assert one(stack, "aws_sagemaker_endpoint")["endpoint_config_name"].endswith(".name}")
    assert one(stack, "aws_appautoscaling_target")["resource_id"].endswith(".name}")


def test_alarms_of_a_component_are_by_its_own_name_alone(stack_of: StackOf) -> None:
    alarms = stack_of(SHARED)["resource"]["aws_cloudwatch_metric_alarm"].values()
    assert len(alarms) == 4
    for alarm in alarms:
        for query in alarm["metric_query"]:
            if "metric" in query:
                assert query["metric"]["dimensions"].keys() == {"InferenceComponentName"}


def test_the_role_loads_what_components_and_adapters_do_and_nothing_else(
    stack_of: StackOf,
) -> None:
    policy = one(stack_of(SHARED), "aws_iam_role_policy")
    found = {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}
    assert sorted(found["ReadArtifact"]["Resource"]) == [
        "arn:aws:s3:::artifacts/llm/4/*",
        "arn:aws:s3:::artifacts/llm/code.tar.gz",
        "arn:aws:s3:::artifacts/llm/legal.tar.gz",
        "arn:aws:s3:::artifacts/llm/mail.tar.gz",
        "arn:aws:s3:::artifacts/small/1.tar.gz",
    ]
    assert found["PullImage"]["Resource"] == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/llm"


def released(endpoint: InferenceComponentEndpoint) -> InferenceComponentEndpoint:
    return endpoint.replace(
        components={
            **endpoint.components,
            "llm": LLM.replace(model=MODEL.replace(artifact="llm/5/")),
        }
    )


def test_a_release_changes_the_models_name_alone(stack_of: StackOf) -> None:
    before = stacks(stack_of(SHARED))
    after = stacks(stack_of(released(SHARED)))
    assert [name for name in before if before[name] != after[name]] == []
    models = [
        {each["name"] for each in stack_of(spec)["resource"]["aws_sagemaker_model"].values()}
        for spec in (SHARED, released(SHARED))
    ]
    assert models[0].isdisjoint(models[1])


def test_neither_a_component_nor_its_scaling_gives_the_endpoint_another_configuration(
    stack_of: StackOf,
) -> None:
    more = SHARED.replace(
        components={
            **SHARED.components,
            "third": SHARED.components["small"],
            "llm": LLM.replace(scaling=None),
        }
    )
    names = {stacks(stack_of(spec))["configuration"]["name"] for spec in (SHARED, more)}
    assert len(names) == 1


def test_terraform_waits_for_a_rollout_as_long_as_aws_does(stack_of: StackOf) -> None:
    long = LLM.replace(rollout=ComponentRolling(maximum_execution_timeout_seconds=28_800))
    spec = SHARED.replace(components={"llm": long})
    times = stacks(stack_of(spec))["acme-dev-use1-chat-llm"]["timeouts"]
    assert times == {"create": "30m", "update": "510m", "delete": "30m"}


def test_another_variant_makes_endpoint_and_components_anew(stack_of: StackOf) -> None:
    def identity(spec: InferenceComponentEndpoint) -> Any:
        found = stack_of(spec)["resource"]["terraform_data"]
        return [each["input"] for each in found.values() if "input" in each]

    assert identity(SHARED) == [{"family": "components"}]
    assert identity(SHARED.replace(variant="AllTraffic")) == [
        {"family": "components", "variant": "AllTraffic"}
    ]


def test_pools_stand_in_the_place_of_the_instance_type(stack_of: StackOf) -> None:
    (variant,) = properties(stack_of(EVERYTHING), "configuration")["ProductionVariants"]
    assert "InstanceType" not in variant
    assert variant["InstancePools"] == [
        {"InstanceType": "ml.g5.12xlarge", "Priority": 1},
        {"InstanceType": "ml.g6.12xlarge", "Priority": 2},
    ]
    assert variant["RoutingConfig"] == {
        "RoutingStrategy": "PREFIX_AWARE",
        "PrefixAwareRoutingConfig": {"PrefixLength": 2048, "ConcurrencyThreshold": 8},
    }
    specifications = properties(stack_of(EVERYTHING), "acme-dev-use1-chat-llm")["Specifications"]
    assert [(each["InstanceType"], each["ModelName"]) for each in specifications] == [
        ("ml.g5.12xlarge", {"Ref": "Model"}),
        ("ml.g6.12xlarge", {"Ref": "Model2"}),
    ]


def test_components_of_each_sort_come_out_as_in_the_golden_file(stack_of: StackOf) -> None:
    """One with an adapter that scales to zero, one of two instance types, and one with a container of
    its own; the templates are read, so that a change of one is a line."""
    to_zero = scale_to_zero(ConcurrentRequests(requests=5), max_capacity=2)
    stack = without_notes(
        stack_of(
            InferenceComponentEndpoint(
                instance_type="ml.g5.12xlarge",
                max_instances=3,
                capacity=HostingCapacity(pools=["ml.g6.12xlarge"]),
                components={
                    "llm": LLM.replace(scaling=to_zero, adapters={"mail": LLM.adapters["mail"]}),
                    "both": EVERYTHING.components["llm"].replace(
                        copies=1, rollout=ComponentRolling()
                    ),
                    "small": Component(model=SMALL, accelerators=1, min_memory_mib=8192),
                },
            )
        )
    )
    for each in stack["resource"]["aws_cloudformation_stack"].values():
        each["template_body"] = json.loads(each["template_body"])
    folder = GOLDEN.parent / "components"
    check(folder / "whole.json", f"{json.dumps(stack['resource'], indent=1, sort_keys=True)}\n")


# AWS's example of scaling to zero


def test_awss_example_of_scaling_to_zero_comes_out_attribute_by_attribute(
    stack_of: StackOf,
) -> None:
    """SageMaker developer guide, scale an endpoint to zero instances: a model of one GPU on
    ml.g5.12xlarge, managed scaling from 0 to 2, a target of concurrent requests, and an alarm that
    wakes it up. What differs, and why:

    - The alarm fires at one lost request; AWS's is above 1, so that one caller alone wakes nothing.
    - One evaluation of 60 seconds and a cooldown of 60 are AWS's; `Maximum` is AWS's too.
    - Requests go to the least busy copy by SageMaker's own default unless `host` says otherwise.
    - Rollback alarms, a role for the endpoint alone and the VPC are beside it.
    """
    stack = stack_of(
        InferenceComponentEndpoint(
            instance_type="ml.g5.12xlarge",
            max_instances=2,
            host=Host(
                routing_strategy="LEAST_OUTSTANDING_REQUESTS",
                startup_timeout_seconds=600,
                download_timeout_seconds=3600,
            ),
            components={
                "llama": Component(
                    model=MODEL,
                    accelerators=1,
                    min_memory_mib=1024,
                    scaling=scale_to_zero(
                        ConcurrentRequests(requests=5),
                        max_capacity=2,
                        scale_in_cooldown_seconds=300,
                        scale_out_cooldown_seconds=300,
                    ),
                    rollout=ComponentRolling(alarms=EndpointAlarms()),
                )
            },
        )
    )
    (variant,) = properties(stack, "configuration")["ProductionVariants"]
    assert variant == {
        "VariantName": "primary",
        "InitialVariantWeight": 1,
        "InstanceType": "ml.g5.12xlarge",
        "InitialInstanceCount": 1,
        "ModelDataDownloadTimeoutInSeconds": 3600,
        "ContainerStartupHealthCheckTimeoutInSeconds": 600,
        "ManagedInstanceScaling": {
            "Status": "ENABLED",
            "MinInstanceCount": 0,
            "MaxInstanceCount": 2,
        },
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }
    component = properties(stack, "acme-dev-use1-chat-llama")
    assert component["RuntimeConfig"] == {"CopyCount": 1}
    assert component["Specification"]["ComputeResourceRequirements"] == {
        "NumberOfAcceleratorDevicesRequired": 1,
        "MinMemoryRequiredInMb": 1024,
    }
    target = one(stack, "aws_appautoscaling_target")
    assert (target["min_capacity"], target["max_capacity"]) == (0, 2)
    assert target["service_namespace"] == "sagemaker"
    assert target["scalable_dimension"] == "sagemaker:inference-component:DesiredCopyCount"
    assert target["resource_id"].startswith("inference-component/")
    policies = {
        each["policy_type"]: each
        for each in stack["resource"]["aws_appautoscaling_policy"].values()
    }
    tracking = policies["TargetTrackingScaling"]["target_tracking_scaling_policy_configuration"]
    assert tracking == {
        "predefined_metric_specification": {
            "predefined_metric_type": (
                "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
            )
        },
        "target_value": 5,
        "scale_in_cooldown": 300,
        "scale_out_cooldown": 300,
        "disable_scale_in": False,
    }
    assert policies["StepScaling"]["step_scaling_policy_configuration"] == {
        "adjustment_type": "ChangeInCapacity",
        "metric_aggregation_type": "Maximum",
        "cooldown": 60,
        "step_adjustment": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}],
    }
    (alarm,) = (
        each
        for each in stack["resource"]["aws_cloudwatch_metric_alarm"].values()
        if each.get("metric_name") == "NoCapacityInvocationFailures"
    )
    assert {key: alarm[key] for key in ("namespace", "statistic", "dimensions", "period")} == {
        "namespace": "AWS/SageMaker",
        "statistic": "Sum",
        "dimensions": {"InferenceComponentName": "acme-dev-use1-chat-llama"},
        "period": 60,
    }
    assert (alarm["evaluation_periods"], alarm["datapoints_to_alarm"]) == (1, 1)
    assert (alarm["threshold"], alarm["comparison_operator"]) == (
        1,
        "GreaterThanOrEqualToThreshold",
    )
    assert alarm["treat_missing_data"] == "missing"


def test_a_component_takes_as_many_resources_as_another(synthesize: Synthesize) -> None:
    """Twenty in a loop are no more than twenty times one: no resource is made for each pair."""

    def count(number: int) -> int:
        spec = InferenceComponentEndpoint(
            instance_type="ml.g5.12xlarge",
            max_instances=20,
            components={f"m{n}": SHARED.components["small"] for n in range(number)},
        )
        environment = Environment(
            context=CONTEXT,
            network=NETWORK,
            registry=DATA,
            inference=Inference(endpoints={"chat": spec}),
        )
        stack = synthesize(environment)["dev-use1-inference"]
        return sum(map(len, stack["resource"].values()))

    one, two, twenty = count(1), count(2), count(20)
    assert twenty - one == 19 * (two - one)
