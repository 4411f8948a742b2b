"""AWS's own examples come out as AWS writes them, attribute by attribute, and what each kind of
endpoint adds around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    AsyncEndpoint,
    BatchTransform,
    Canary,
    Context,
    CoreDumps,
    DataCapture,
    DataProcessing,
    DirectEndpoint,
    EndpointAlarms,
    Environment,
    FrameworkContainer,
    Host,
    Inference,
    InferenceComponentEndpoint,
    JumpStartModel,
    Linear,
    Model,
    ModelPackage,
    ModelPackageGroup,
    MultiModel,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    NetworkOutputs,
    Notifications,
    OnSchedule,
    OnUpload,
    PipelineEndpoint,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    Rolling,
    ServerlessEndpoint,
    Shadow,
    SpecError,
    Variant,
)
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]

KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
MODEL = Model(image=IMAGE, artifact="s3://models/fraud/model.tar.gz")
CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
NETWORK = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
DATA = RegistryOutputs(kms_key_arn=KEY, artifact_bucket="artifacts")


@pytest.fixture
def stack_of(synthesize: Synthesize) -> Callable[..., dict[str, Any]]:
    """The inference stack with one endpoint, or with what is given."""

    def of(endpoint: Any = None, **given: Any) -> dict[str, Any]:
        inference = Inference(**(given or {"endpoints": {"fraud": endpoint}}))
        environment = Environment(
            context=CONTEXT, network=NETWORK, registry=DATA, inference=inference
        )
        return synthesize(environment)["dev-use1-inference"]

    return of


StackOf = Callable[..., dict[str, Any]]


def resources(stack: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [dict(each) for each in stack["resource"].get(f"aws_{kind}", {}).values()]
    for each in found:
        for field in ("//", "lifecycle", "depends_on"):
            each.pop(field, None)
    return found


def one(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = resources(stack, kind)
    return found


def configuration(stack: dict[str, Any]) -> dict[str, Any]:
    """The endpoint configuration without the names that hold hashes."""
    found = one(stack, "sagemaker_endpoint_configuration")
    assert found.pop("name").startswith("acme-dev-use1-fraud-")
    for variant in found["production_variants"] + found.get("shadow_production_variants", []):
        reference = variant.pop("model_name", None)
        assert reference is None or reference.startswith("${aws_sagemaker_model.")
    return found


def guardrails(stack: dict[str, Any]) -> Any:
    return one(stack, "sagemaker_endpoint")["deployment_config"]


def statements(stack: dict[str, Any], role: str = "execution") -> dict[str, dict[str, Any]]:
    policies = stack["resource"]["aws_iam_role_policy"]
    (policy,) = (each for name, each in policies.items() if f"_{role}_" in name)
    found = json.loads(policy["policy"])["Statement"]
    by_sid = {each["Sid"]: each for each in found}
    assert len(by_sid) == len(found)
    return by_sid


# SageMaker developer guide, create an asynchronous inference endpoint


def test_asynchronous_creation(stack_of: StackOf) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:{}"
    stack = stack_of(
        AsyncEndpoint(
            model=MODEL,
            instance_type="ml.m5.xlarge",
            variant="variant1",
            max_concurrent_invocations_per_instance=4,
            output="s3://results/output",
            failure_output="s3://results/failure",
            notifications=Notifications(
                success_topic=topic.format("success"),
                error_topic=topic.format("error"),
                include_response_in=["success", "error"],
            ),
        )
    )
    assert configuration(stack) == {
        "kms_key_arn": KEY,
        "production_variants": [
            {
                "variant_name": "variant1",
                "initial_instance_count": 1,
                "initial_variant_weight": 1,
                "instance_type": "ml.m5.xlarge",
            }
        ],
        "async_inference_config": {
            "client_config": {"max_concurrent_invocations_per_instance": 4},
            "output_config": {
                "s3_output_path": "s3://results/output",
                "s3_failure_path": "s3://results/failure",
                "kms_key_id": KEY,
                "notification_config": {
                    "success_topic": topic.format("success"),
                    "error_topic": topic.format("error"),
                    "include_inference_response_in": [
                        "SUCCESS_NOTIFICATION_TOPIC",
                        "ERROR_NOTIFICATION_TOPIC",
                    ],
                },
            },
        },
    }
    granted = statements(stack)
    assert granted["WriteAnswers"]["Resource"] == [
        "arn:aws:s3:::results/output/*",
        "arn:aws:s3:::results/failure/*",
    ]
    assert granted["ReadArtifact"]["Resource"] == [
        "arn:aws:s3:::models/fraud/model.tar.gz",
        "arn:aws:s3:::artifacts/async/fraud/input/*",
    ]
    assert granted["Notify"]["Resource"] == [topic.format("error"), topic.format("success")]


# SageMaker developer guide, create a serverless endpoint


def test_serverless_creation(stack_of: StackOf) -> None:
    stack = stack_of(
        ServerlessEndpoint(model=MODEL, memory_mib=2048, max_concurrency=20, variant="alltraffic")
    )
    assert configuration(stack) == {
        "kms_key_arn": KEY,
        "production_variants": [
            {
                "variant_name": "alltraffic",
                "initial_variant_weight": 1,
                "serverless_config": {"memory_size_in_mb": 2048, "max_concurrency": 20},
            }
        ],
    }
    model = one(stack, "sagemaker_model")
    assert model["enable_network_isolation"] is False
    assert "vpc_config" not in model
    assert "deployment_config" not in one(stack, "sagemaker_endpoint")
    assert "AttachToVpc" not in statements(stack)


# SageMaker developer guide, deployment guardrails: canary, linear and rolling examples


def test_canary_with_alarms(stack_of: StackOf) -> None:
    stack = stack_of(
        RealtimeEndpoint(
            model=MODEL,
            instance_type="ml.m5.xlarge",
            rollout=Canary(
                canary_percent=30,
                wait_seconds=600,
                termination_wait_seconds=600,
                maximum_execution_timeout_seconds=1800,
                alarms=None,
                alarm_names=["latency-high", "errors-high"],
            ),
        )
    )
    assert guardrails(stack) == {
        "blue_green_update_policy": {
            "traffic_routing_configuration": {
                "type": "CANARY",
                "canary_size": {"type": "CAPACITY_PERCENT", "value": 30},
                "wait_interval_in_seconds": 600,
            },
            "termination_wait_in_seconds": 600,
            "maximum_execution_timeout_in_seconds": 1800,
        },
        "auto_rollback_configuration": {
            "alarms": [{"alarm_name": "latency-high"}, {"alarm_name": "errors-high"}]
        },
    }
    assert statements(stack)["WatchRollout"]["Resource"] == [
        "arn:aws:cloudwatch:us-east-1:111122223333:alarm:latency-high",
        "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors-high",
    ]


def test_linear_in_steps_of_a_fifth(stack_of: StackOf) -> None:
    rollout = Linear(step_percent=20, wait_seconds=300, termination_wait_seconds=300)
    stack = stack_of(RealtimeEndpoint(model=MODEL, instance_type="ml.m5.xlarge", rollout=rollout))
    assert guardrails(stack)["blue_green_update_policy"] == {
        "traffic_routing_configuration": {
            "type": "LINEAR",
            "linear_step_size": {"type": "CAPACITY_PERCENT", "value": 20},
            "wait_interval_in_seconds": 300,
        },
        "termination_wait_in_seconds": 300,
        "maximum_execution_timeout_in_seconds": 3600,
    }


def test_rolling_in_batches(stack_of: StackOf) -> None:
    rollout = Rolling(batch_percent=10, wait_seconds=120, rollback_batch_percent=50)
    stack = stack_of(RealtimeEndpoint(model=MODEL, instance_type="ml.m5.xlarge", rollout=rollout))
    guard = guardrails(stack)
    assert "blue_green_update_policy" not in guard
    assert guard["rolling_update_policy"] == {
        "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": 10},
        "rollback_maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": 50},
        "wait_interval_in_seconds": 120,
        "maximum_execution_timeout_in_seconds": 3000,
    }


def test_all_at_once_keeps_the_old_fleet_while_it_bakes(stack_of: StackOf) -> None:
    stack = stack_of(
        RealtimeEndpoint(
            model=MODEL,
            instance_type="ml.m5.xlarge",
            rollout=AllAtOnce(termination_wait_seconds=600),
        )
    )
    policy = guardrails(stack)["blue_green_update_policy"]
    assert policy["traffic_routing_configuration"] == {
        "type": "ALL_AT_ONCE",
        "wait_interval_in_seconds": 0,
    }
    assert policy["termination_wait_in_seconds"] == 600


# SageMaker developer guide, shadow tests


def test_shadow_of_two_instances(stack_of: StackOf) -> None:
    stack = stack_of(
        RealtimeEndpoint(
            model=MODEL,
            instance_type="ml.m5.xlarge",
            variant="prod",
            shadow=Shadow(model=MODEL, instance_type="ml.m5.xlarge", traffic_percent=30),
        )
    )
    instances = {"initial_instance_count": 1, "instance_type": "ml.m5.xlarge"}
    assert configuration(stack) == {
        "kms_key_arn": KEY,
        "production_variants": [
            {"variant_name": "prod", "initial_variant_weight": 10, **instances}
        ],
        "shadow_production_variants": [
            {"variant_name": "shadow", "initial_variant_weight": 3, **instances}
        ],
    }
    assert len(resources(stack, "sagemaker_model")) == 2


# SageMaker developer guide, multi-container endpoints with direct invocation


def test_direct_multi_container(stack_of: StackOf) -> None:
    stack = stack_of(
        DirectEndpoint(
            containers={
                "first-container": MODEL,
                "second-container": Model(image=IMAGE, environment={"MODE": "second"}),
            },
            instance_type="ml.m5.xlarge",
        )
    )
    model = one(stack, "sagemaker_model")
    assert model["inference_execution_config"] == {"mode": "Direct"}
    assert "primary_container" not in model
    assert model["container"] == [
        {
            "container_hostname": "first-container",
            "image": IMAGE,
            "model_data_url": "s3://models/fraud/model.tar.gz",
        },
        {
            "container_hostname": "second-container",
            "image": IMAGE,
            "environment": {"MODE": "second"},
        },
    ]
    assert model["enable_network_isolation"] is False


def test_a_serial_pipeline(stack_of: StackOf) -> None:
    stack = stack_of(
        PipelineEndpoint(containers=[MODEL, MODEL], instance_type="ml.m5.xlarge", vpc=False)
    )
    model = one(stack, "sagemaker_model")
    assert model["inference_execution_config"] == {"mode": "Serial"}
    assert [set(each) for each in model["container"]] == [{"image", "model_data_url"}] * 2
    assert model["enable_network_isolation"] is True
    assert "vpc_config" not in model


def test_a_pipeline_of_an_image_many_models_and_a_package(stack_of: StackOf) -> None:
    arn = "arn:aws:sagemaker:us-east-1:444455556666:model-package/fraud/12"
    stack = stack_of(
        PipelineEndpoint(
            containers=[
                MODEL,
                MultiModel(image=IMAGE, artifacts="models/"),
                ModelPackage(arn=arn, image=IMAGE, artifact="s3://models/fraud/"),
            ],
            instance_type="ml.m5.xlarge",
        )
    )
    model = one(stack, "sagemaker_model")
    assert model["inference_execution_config"] == {"mode": "Serial"}
    assert model["container"] == [
        {"image": IMAGE, "model_data_url": "s3://models/fraud/model.tar.gz"},
        {
            "image": IMAGE,
            "mode": "MultiModel",
            "model_data_url": "s3://artifacts/models/",
            "multi_model_config": {"model_cache_setting": "Enabled"},
        },
        {"model_package_name": arn},
    ]
    assert statements(stack)["ReadArtifact"]["Resource"] == [
        "arn:aws:s3:::models/fraud/model.tar.gz",
        "arn:aws:s3:::artifacts/models/*",
        "arn:aws:s3:::models/fraud/*",
    ]


def test_a_package_among_containers_that_requests_name(stack_of: StackOf) -> None:
    arn = "arn:aws:sagemaker:us-east-1:444455556666:model-package/fraud/12"
    containers: dict[str, Any] = {"a": MODEL, "b": ModelPackage(arn=arn)}
    stack = stack_of(DirectEndpoint(containers=containers, instance_type="ml.m5.xlarge"))
    model = one(stack, "sagemaker_model")
    assert model["inference_execution_config"] == {"mode": "Direct"}
    assert model["container"][1] == {"container_hostname": "b", "model_package_name": arn}


def test_one_variant_is_rolled_and_shadowed(stack_of: StackOf) -> None:
    endpoint = MultiVariantEndpoint(
        variants={"main": Variant(model=MODEL, instance_type="ml.m5.large", weight=0.5)},
        shadow=Shadow(model=MODEL, instance_type="ml.m5.large", traffic_percent=50),
        rollout=Rolling(),
    )
    stack = stack_of(endpoint)
    made = configuration(stack)
    for block, name, weight in (
        ("production_variants", "main", 0.5),
        ("shadow_production_variants", "shadow", 0.25),
    ):
        (variant,) = made[block]
        assert (variant["variant_name"], variant["initial_variant_weight"]) == (name, weight)
    assert "rolling_update_policy" in guardrails(stack)


def test_a_multi_model_endpoint(stack_of: StackOf) -> None:
    stack = stack_of(
        MultiModelEndpoint(
            model=MultiModel(image=IMAGE, artifacts="models/", caching=False),
            instance_type="ml.g5.xlarge",
        )
    )
    container = one(stack, "sagemaker_model")["primary_container"]
    assert container == {
        "image": IMAGE,
        "mode": "MultiModel",
        "model_data_url": "s3://artifacts/models/",
        "multi_model_config": {"model_cache_setting": "Disabled"},
    }
    assert statements(stack)["ReadArtifact"]["Resource"] == "arn:aws:s3:::artifacts/models/*"
    assert "kms_key_arn" not in configuration(stack)


def test_inference_components_need_a_role_and_no_model(stack_of: StackOf) -> None:
    stack = stack_of(
        InferenceComponentEndpoint(
            instance_type="ml.g5.12xlarge",
            min_instances=0,
            max_instances=4,
            host=Host(routing_strategy="LEAST_OUTSTANDING_REQUESTS"),
        )
    )
    found = configuration(stack)
    assert found.pop("execution_role_arn").startswith("${aws_iam_role.")
    assert found == {
        "production_variants": [
            {
                "variant_name": "primary",
                "initial_instance_count": 1,
                "initial_variant_weight": 1,
                "instance_type": "ml.g5.12xlarge",
                "managed_instance_scaling": {
                    "status": "ENABLED",
                    "min_instance_count": 0,
                    "max_instance_count": 4,
                },
                "routing_config": [{"routing_strategy": "LEAST_OUTSTANDING_REQUESTS"}],
            }
        ]
    }
    assert "aws_sagemaker_model" not in stack["resource"]
    assert statements(stack)["ReadArtifact"]["Resource"] == "arn:aws:s3:::artifacts/*"


def test_weights_are_written_so_that_aws_keeps_them(stack_of: StackOf) -> None:
    variant = Variant(model=MODEL, instance_type="ml.m5.large")
    shares = {"stable": variant.replace(weight=0.8), "next": variant.replace(weight=0.2)}
    found = configuration(stack_of(MultiVariantEndpoint(variants=shares)))
    weights = [each["initial_variant_weight"] for each in found["production_variants"]]
    assert weights == [4, 1]


def test_a_weight_is_in_the_name_of_the_configuration_and_not_of_the_models(
    stack_of: StackOf,
) -> None:
    variant = Variant(model=MODEL, instance_type="ml.m5.large")
    names = []
    for weight in (1, 3):
        stack = stack_of(
            MultiVariantEndpoint(variants={"a": variant, "b": variant.replace(weight=weight)})
        )
        found = stack["resource"]["aws_sagemaker_endpoint_configuration"]
        models = sorted(each["name"] for each in resources(stack, "sagemaker_model"))
        names.append(([each["name"] for each in found.values()], models))
    assert names[0][0] != names[1][0]
    assert names[0][1] == names[1][1]
    assert len(set(names[0][1])) == 2


def test_rollback_alarms_watch_one_variant_of_one_endpoint(stack_of: StackOf) -> None:
    alarms = EndpointAlarms(model_latency_ms=500, latency_percentile=90, evaluation_periods=3)
    stack = stack_of(
        RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large", rollout=Canary(alarms=alarms))
    )
    made = {each["alarm_name"]: each for each in resources(stack, "cloudwatch_metric_alarm")}
    prefix = "acme-dev-use1-fraud-primary"
    assert set(made) == {f"{prefix}-5xx", f"{prefix}-4xx", f"{prefix}-latency"}
    named = guardrails(stack)["auto_rollback_configuration"]["alarms"]
    assert {each["alarm_name"] for each in named} == set(made)
    dimensions = {"EndpointName": "acme-dev-use1-fraud", "VariantName": "primary"}
    latency = made[f"{prefix}-latency"]
    assert latency["threshold"] == 500_000
    assert (latency["extended_statistic"], latency["dimensions"]) == ("p90", dimensions)
    assert all(each["treat_missing_data"] == "notBreaching" for each in made.values())
    assert all(each["datapoints_to_alarm"] == 3 for each in made.values())
    rate = made[f"{prefix}-5xx"]
    assert rate["threshold"] == 1
    metrics = [each["metric"] for each in rate["metric_query"] if "metric" in each]
    assert {each["metric_name"] for each in metrics} == {"Invocation5XXErrors", "Invocations"}
    assert all(each["dimensions"] == dimensions for each in metrics)
    assert [each["return_data"] for each in rate["metric_query"] if "expression" in each] == [True]


def test_error_rates_of_an_asynchronous_endpoint_are_averages(stack_of: StackOf) -> None:
    # As the developer guide's auto-rollback example has it: Invocations is never published here.
    stack = stack_of(AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"))
    made = {each["alarm_name"]: each for each in resources(stack, "cloudwatch_metric_alarm")}
    alarm = made["acme-dev-use1-fraud-primary-5xx"]
    assert {key: value for key, value in alarm.items() if key != "//"} == {
        "alarm_name": "acme-dev-use1-fraud-primary-5xx",
        "alarm_description": "5XX answers above 1% of invocations",
        "namespace": "AWS/SageMaker",
        "metric_name": "Invocation5XXErrors",
        "dimensions": {"EndpointName": "acme-dev-use1-fraud", "VariantName": "primary"},
        "statistic": "Average",
        "period": 60,
        "threshold": 0.01,
        "comparison_operator": "GreaterThanThreshold",
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
        "treat_missing_data": "notBreaching",
    }
    assert made["acme-dev-use1-fraud-primary-4xx"]["threshold"] == 0.05


@pytest.mark.parametrize("kind", [RealtimeEndpoint, AsyncEndpoint])
def test_alarms_may_watch_the_new_configuration_alone(stack_of: StackOf, kind: Any) -> None:
    # The developer guide's example for the latency of the new fleet.
    alarms = EndpointAlarms(model_latency_ms=100, new_configuration_only=True)
    rollout = Canary(alarms=alarms)
    stack = stack_of(kind(model=MODEL, instance_type="ml.m5.large", rollout=rollout))
    (configuration,) = stack["resource"]["aws_sagemaker_endpoint_configuration"]
    expected = {
        "EndpointName": "acme-dev-use1-fraud",
        "VariantName": "primary",
        # A reference, so that the alarm is changed once the configuration exists.
        "EndpointConfigName": f"${{aws_sagemaker_endpoint_configuration.{configuration}.name}}",
    }
    made = resources(stack, "cloudwatch_metric_alarm")
    assert len(made) == 3
    for alarm in made:
        queries = alarm.get("metric_query", [])
        metrics = [each["metric"] for each in queries if "metric" in each] or [alarm]
        assert all(metric["dimensions"] == expected for metric in metrics)


def test_alarms_exist_before_the_endpoint_and_go_after_it(stack_of: StackOf) -> None:
    stack = stack_of(RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"))
    (endpoint,) = stack["resource"]["aws_sagemaker_endpoint"].values()
    alarms = [
        f"aws_cloudwatch_metric_alarm.{name}"
        for name in stack["resource"]["aws_cloudwatch_metric_alarm"]
    ]
    assert len(alarms) == 2
    assert set(alarms) <= set(endpoint["depends_on"])


def test_a_guarded_endpoint_is_replaced_only_for_what_it_cannot_update(stack_of: StackOf) -> None:
    def identity(endpoint: Any) -> Any:
        data = stack_of(endpoint)["resource"]["terraform_data"]
        return [each["input"] for name, each in data.items() if "identity" in name]

    base = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
    same = [
        base.replace(rollout=Rolling()),
        base.replace(instance_type="ml.m5.xlarge"),
        base.replace(vpc=False),
        base.replace(rollout=Canary(alarms=None, alarm_names=["a"])),
        PipelineEndpoint(containers=[MODEL, MODEL], instance_type="ml.m5.large"),
    ]
    other = [
        base.replace(variant="main"),
        base.replace(rollout=Canary(alarms=None)),
        AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
        ServerlessEndpoint(model=MODEL),
        InferenceComponentEndpoint(instance_type="ml.m5.large"),
    ]
    assert all(identity(endpoint) == identity(base) for endpoint in same)
    assert all(identity(endpoint) != identity(base) for endpoint in other)


def test_core_dumps_are_encrypted_and_may_be_written(stack_of: StackOf) -> None:
    stack = stack_of(
        RealtimeEndpoint(
            model=MODEL, instance_type="ml.m5.large", host=Host(core_dumps=CoreDumps())
        )
    )
    (variant,) = configuration(stack)["production_variants"]
    location = "s3://artifacts/core-dumps/fraud"
    assert variant["core_dump_config"] == {"destination_s3_uri": location, "kms_key_id": KEY}
    assert statements(stack)["WriteCoreDumps"]["Resource"] == (
        "arn:aws:s3:::artifacts/core-dumps/fraud/*"
    )


@pytest.mark.parametrize("block", ["production_variants", "shadow_production_variants"])
def test_a_shell_is_opened_in_the_variant_that_asks_for_it(stack_of: StackOf, block: str) -> None:
    model, shell = MODEL.replace(network_isolation=False), Host(ssm_access=True)
    own, shadows = (shell, Host()) if block == "production_variants" else (Host(), shell)
    shadow = Shadow(model=model, instance_type="ml.m5.large", host=shadows)
    endpoint = RealtimeEndpoint(model=model, instance_type="ml.m5.large", shadow=shadow, host=own)
    stack = stack_of(endpoint)
    made = configuration(stack)
    blocks = ("production_variants", "shadow_production_variants")
    shells = {name: made[name][0].get("enable_ssm_access") for name in blocks}
    assert shells == {name: True if name == block else None for name in blocks}
    # SageMaker developer guide, access containers through SSM: the policy of the role.
    assert statements(stack)["OpenShell"] == {
        "Sid": "OpenShell",
        "Effect": "Allow",
        "Action": [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ],
        "Resource": "*",
    }


def test_without_a_shell_the_role_opens_none(stack_of: StackOf) -> None:
    stack = stack_of(RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"))
    assert "OpenShell" not in statements(stack)


def test_bodies_are_captured_as_what_they_are(stack_of: StackOf) -> None:
    def header(**types: Any) -> Any:
        capture = DataCapture(**types)
        endpoint = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large", data_capture=capture)
        made = configuration(stack_of(endpoint))
        return made["data_capture_config"].get("capture_content_type_header")

    csv, json_ = ["text/csv"], ["application/json", "application/jsonlines"]
    assert header() is None
    assert header(csv_content_types=csv) == {"csv_content_types": csv}
    assert header(csv_content_types=csv, json_content_types=json_) == {
        "csv_content_types": csv,
        "json_content_types": json_,
    }


def test_every_alarm_of_an_endpoint_tells_the_topics(stack_of: StackOf) -> None:
    sounds, over = (f"arn:aws:sns:us-east-1:444455556666:{name}" for name in ("alerts", "calm"))
    alarms = EndpointAlarms(model_latency_ms=100, alarm_topics=[sounds], ok_topics=[over])
    stack = stack_of(
        AsyncEndpoint(model=MODEL, instance_type="ml.m5.large", rollout=AllAtOnce(alarms=alarms)),
    )
    made = resources(stack, "cloudwatch_metric_alarm")
    assert len(made) == 3
    assert all((a["alarm_actions"], a["ok_actions"]) == ([sounds], [over]) for a in made)
    silent = stack_of(RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"))
    for alarm in resources(silent, "cloudwatch_metric_alarm"):
        assert not {"alarm_actions", "ok_actions"} & alarm.keys()


def test_a_package_is_deployed_by_its_pinned_version(stack_of: StackOf) -> None:
    arn = "arn:aws:sagemaker:us-east-1:444455556666:model-package/fraud/12"
    stack = stack_of(RealtimeEndpoint(model=ModelPackage(arn=arn), instance_type="ml.m5.large"))
    model = one(stack, "sagemaker_model")
    assert model["primary_container"] == {"model_package_name": arn}
    assert model["enable_network_isolation"] is True
    pulled = statements(stack)["PullImage"]["Resource"]
    assert pulled == "arn:aws:ecr:us-east-1:111122223333:repository/acme-dev-use1-*"
    assert statements(stack)["ReadArtifact"]["Resource"] == "arn:aws:s3:::artifacts/*"
    precise = ModelPackage(arn=arn, image=IMAGE, artifact="s3://models/fraud/")
    granted = statements(stack_of(RealtimeEndpoint(model=precise, instance_type="ml.m5.large")))
    assert granted["PullImage"]["Resource"].endswith(":repository/fraud")
    assert granted["ReadArtifact"]["Resource"] == "arn:aws:s3:::models/fraud/*"


def test_a_jumpstart_model_needs_no_rights_to_what_aws_publishes(stack_of: StackOf) -> None:
    arn = "arn:aws:sagemaker:us-east-1:865070037744:model-package/llm-1a2b"
    model = JumpStartModel(model_package_arn=arn, accept_eula=True)
    stack = stack_of(RealtimeEndpoint(model=model, instance_type="ml.g5.xlarge", vpc=False))
    assert one(stack, "sagemaker_model")["primary_container"] == {"model_package_name": arn}
    assert set(statements(stack)) == {"WatchRollout", "WriteLogs", "PublishMetrics"}


def test_a_gated_model_carries_the_accepted_licence(stack_of: StackOf) -> None:
    gated = Model(
        image=FrameworkContainer(framework="djl-lmi", version="0.30.0"),
        artifact="s3://jumpstart-private-cache-prod-us-east-1/llm/",
        accept_eula=True,
    )
    stack = stack_of(RealtimeEndpoint(model=gated, instance_type="ml.g5.xlarge"))
    container = one(stack, "sagemaker_model")["primary_container"]
    (source,) = container["model_data_source"]["s3_data_source"]
    assert source["model_access_config"] == {"accept_eula": True}
    assert container["image"].startswith("763104351884.dkr.ecr.us-east-1.amazonaws.com/")


def test_a_named_secret_may_be_read_and_nothing_else(stack_of: StackOf) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:fraud-AbCdEf"
    parameter = "arn:aws:ssm:us-east-1:111122223333:parameter/fraud/key"
    model = MODEL.replace(environment={"DB_PASSWORD": secret, "API_KEY": parameter, "MODE": "a"})
    granted = statements(stack_of(RealtimeEndpoint(model=model, instance_type="ml.m5.large")))
    assert granted["ReadSecrets"]["Resource"] == secret
    assert granted["ReadParameters"]["Resource"] == parameter


# Batch transform


def test_a_batch_transform_reads_and_writes_prefixes_of_the_artifact_bucket(
    stack_of: StackOf,
) -> None:
    made = BatchTransform(
        model=MODEL, instance_type="ml.m5.xlarge", input="claims/in/", output="claims/out/"
    )
    stack = stack_of(batch={"nightly": made})
    states = json.loads(one(stack, "sfn_state_machine")["definition"])["States"]
    assert states["Default input"]["Result"] == {"input": "s3://artifacts/claims/in/"}
    output = states["Transform"]["Parameters"]["TransformOutput"]
    assert output["S3OutputPath"] == "s3://artifacts/claims/out/"


def test_a_batch_transform_runs_a_job_and_waits_for_it(stack_of: StackOf) -> None:
    nightly = BatchTransform(
        model=MODEL,
        instance_type="ml.m5.xlarge",
        instance_count=2,
        trigger=OnSchedule(schedule="cron(0 2 * * ? *)", timezone="Europe/Berlin"),
        data_processing=DataProcessing(input_filter="$[1:]", join_input=True),
        max_concurrent_transforms=4,
    )
    stack = stack_of(batch={"nightly": nightly})
    machine = one(stack, "sfn_state_machine")
    states = json.loads(machine["definition"])["States"]
    job = states["Transform"]
    assert job["Resource"] == "arn:aws:states:::sagemaker:createTransformJob.sync"
    parameters = job["Parameters"]
    assert parameters.pop("ModelName").startswith("${aws_sagemaker_model.")
    assert parameters.pop("TransformJobName.$") == (
        "States.Format('acme-dev-use1-nightly-{}', "
        "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 4))"
    )
    assert {"Key": "environment", "Value": "dev-use1"} in parameters.pop("Tags")
    assert parameters == {
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": 6,
        "MaxConcurrentTransforms": 4,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 3},
        "TransformInput": {
            "ContentType": "text/csv",
            "SplitType": "Line",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri.$": "$.input"}},
        },
        "TransformOutput": {
            "S3OutputPath": "s3://artifacts/batch/nightly/output/",
            "Accept": "text/csv",
            "KmsKeyId": KEY,
            "AssembleWith": "Line",
        },
        "TransformResources": {
            "InstanceType": "ml.m5.xlarge",
            "InstanceCount": 2,
            "VolumeKmsKeyId": KEY,
        },
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
    }
    assert states["Default input"]["Result"] == {"input": "s3://artifacts/batch/nightly/input/"}
    schedule = one(stack, "scheduler_schedule")
    assert schedule["schedule_expression"] == "cron(0 2 * * ? *)"
    assert schedule["schedule_expression_timezone"] == "Europe/Berlin"
    assert json.loads(schedule["target"]["input"]) == {
        "input": "s3://artifacts/batch/nightly/input/"
    }
    jobs = (
        "arn:aws:sagemaker:us-east-1:111122223333:transform-job/acme-dev-use1-nightly-????????????"
    )
    assert statements(stack, "steps")["RunJobs"]["Resource"] == jobs
    assert statements(stack, "start")["Start"]["Resource"] == (
        "arn:aws:states:us-east-1:111122223333:stateMachine:acme-dev-use1-nightly-transform"
    )


def test_transform_jobs_carry_the_tags_of_their_own_layer(synthesize: Synthesize) -> None:
    nightly = Inference(batch={"nightly": BatchTransform(model=MODEL, instance_type="ml.m5.large")})
    environment = Environment(
        context=CONTEXT, network=NETWORK, registry=DATA, inference={"risk": nightly}
    )
    stack = synthesize(environment)["dev-use1-inference-risk"]
    states = json.loads(one(stack, "sfn_state_machine")["definition"])["States"]
    [provider] = stack["provider"]["aws"]
    tags = {tag["Key"]: tag["Value"] for tag in states["Transform"]["Parameters"]["Tags"]}
    assert tags["layer"] == "inference-risk"
    assert tags == provider["default_tags"][0]["tags"]


@pytest.mark.long
def test_every_tag_that_inferform_sets_is_refused_among_the_teams_own(
    everything: Synthesized,
) -> None:
    context = CONTEXT.replace(tags={"team": "ml"})
    assert context.default_tags("ecs")["team"] == "ml"
    keys = {
        key
        for name, stack in everything.items()
        if not name.startswith("peers-")  # which have the tags of the modules' examples
        for tags in (
            *(p["default_tags"][0]["tags"] for p in stack["provider"].get("aws", ())),
            *(
                resource.get("tags") or {}
                for resources in stack["resource"].values()
                for resource in resources.values()
            ),
        )
        for key in tags
    } - {"team", "karpenter.sh/discovery"}  # which the examples give
    assert {"Name", "owner"} <= keys
    for key in keys:
        with pytest.raises(SpecError, match="CTX8"):
            CONTEXT.replace(tags={key.upper(): "x"})


def test_a_batch_transform_starts_with_each_upload(stack_of: StackOf) -> None:
    uploads = BatchTransform(
        model=MODEL, instance_type="ml.g5.xlarge", trigger=OnUpload(suffix=".csv")
    )
    stack = stack_of(batch={"scores": uploads})
    pattern = json.loads(one(stack, "cloudwatch_event_rule")["event_pattern"])
    assert pattern["detail"] == {
        "bucket": {"name": ["artifacts"]},
        "object": {"key": [{"wildcard": "batch/scores/input/*.csv"}]},
    }
    template = one(stack, "cloudwatch_event_target")["input_transformer"]
    assert json.loads(template["input_template"]) == {"input": "s3://<bucket>/<key>"}
    job = json.loads(one(stack, "sfn_state_machine")["definition"])["States"]["Transform"]
    assert "VolumeKmsKeyId" not in job["Parameters"]["TransformResources"]


def test_uploads_to_a_silent_bucket_are_refused() -> None:
    from inferform import SpecError

    uploads = BatchTransform(model=MODEL, instance_type="ml.m5.xlarge", trigger=OnUpload())
    with pytest.raises(SpecError) as refused:
        Environment(
            context=CONTEXT,
            network=NETWORK,
            registry=Registry(),
            inference=Inference(batch={"scores": uploads}),
        )
    assert [(p.rule, p.where) for p in refused.value.problems] == [
        ("JOB11", "inference.batch.scores.trigger")
    ]


# Model Registry


def test_a_model_package_group_can_be_read_by_named_accounts(synthesize: Synthesize) -> None:
    registry = Registry(
        models={
            "fraud": ModelPackageGroup(description="Fraud scores", read_accounts=["444455556666"]),
            "ranking": ModelPackageGroup(),
        }
    )
    environment = Environment(context=CONTEXT, registry=registry)
    stack = synthesize(environment)["dev-use1-registry"]
    groups = resources(stack, "sagemaker_model_package_group")
    assert [each["model_package_group_name"] for each in groups] == [
        "acme-dev-use1-fraud",
        "acme-dev-use1-ranking",
    ]
    policy = json.loads(one(stack, "sagemaker_model_package_group_policy")["resource_policy"])
    by_sid = {each["Sid"]: each for each in policy["Statement"]}
    assert all(
        each["Principal"] == {"AWS": ["arn:aws:iam::444455556666:root"]} for each in by_sid.values()
    )
    versions = "arn:aws:sagemaker:us-east-1:111122223333:model-package/acme-dev-use1-fraud/*"
    assert by_sid["DeployVersions"]["Resource"] == versions
