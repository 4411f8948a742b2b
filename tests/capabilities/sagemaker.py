"""SageMaker endpoints, batch transforms and the Model Registry."""

from __future__ import annotations

from typing import Any

from inferform import (
    ArtifactBucket,
    BatchTransform,
    Environment,
    Inference,
    ModelPackageGroup,
    Network,
    OnUpload,
    Registry,
    Repository,
)
from inferform.instances import instance_types
from inferform.model.artifact import located
from inferform.sagemaker.endpoints.base import Endpoint
from tests.examples import readme

from .record import (
    ACCOUNT,
    CLOSED_SET,
    DEV,
    MODEL,
    MORE_THAN_MODELS,
    NARROWER,
    OTHER_UNIT,
    PART_OF_A_POLICY,
    Capability,
)

_PACKAGE = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/fraud/12"
_JUMPSTART = "arn:aws:sagemaker:us-east-1:865070037744:model-package/llm-1a2b"

_EXAMPLE = f"""
inference=Inference(
    endpoints={{
        "real": RealtimeEndpoint(
            model={MODEL}, instance_type="ml.m5.large",
            scaling=Scaling(
                min_capacity=1, max_capacity=4,
                policies=[
                    TargetTracking(metric=InvocationsPerInstance(requests_per_second=20)),
                    StepScaling(
                        name="slow", metric=ModelLatency(p90_latency_ms=200.0),
                        steps=[Step(lower=0, upper=100, change=1), Step(lower=100, change=2)],
                    ),
                    TargetTracking(
                        metric=CustomMetric(
                            metric=CloudWatchMetric(
                                namespace="Fraud/Model", name="Queue", dimensions={{"a": "b"}}
                            ),
                            target=5.0,
                        ),
                    ),
                ],
                schedules=[
                    Scheduled(
                        name="night", schedule="cron(0 22 * * ? *)", timezone="Europe/Berlin",
                        min_capacity=1, start="2026-12-01T08:00:00Z",
                    ),
                ],
            ),
            data_capture=DataCapture(
                sampling_percent=5, destination="s3://capture/here",
                csv_content_types=["text/csv"], json_content_types=["application/json"],
            ),
            shadow=Shadow(model={MODEL}, instance_type="ml.m5.large", traffic_percent=20),
            rollout=Canary(
                canary_percent=10, wait_seconds=600,
                alarms=EndpointAlarms(
                    model_latency_ms=500.0,
                    alarm_topics=["arn:aws:sns:us-east-1:{ACCOUNT}:alerts"],
                    ok_topics=["arn:aws:sns:us-east-1:{ACCOUNT}:calm"],
                ),
                alarm_names=["business"],
            ),
            host=Host(core_dumps=CoreDumps(destination="s3://dumps/here/")),
        ),
        "several": MultiVariantEndpoint(
            variants={{
                "a": Variant(model={MODEL}, instance_type="ml.m5.large", weight=0.8),
                "b": Variant(model={MODEL}, instance_type="ml.c5.large", weight=0.2),
            }},
        ),
        "less": ServerlessEndpoint(
            model=Model(image=Image(repository="fraud", tag="1.4.2")), memory_mib=2048,
            max_concurrency=10, provisioned_concurrency=2,
        ),
        "later": AsyncEndpoint(
            model=ModelPackage(arn="{_PACKAGE}"), instance_type="ml.m5.large",
            scaling=scale_to_zero(BacklogPerInstance(requests=5), max_capacity=3),
            notifications=Notifications(
                error_topic="arn:aws:sns:us-east-1:{ACCOUNT}:failed", include_response_in=["error"],
            ),
            rollout=Rolling(batch_percent=20),
        ),
        "many": MultiModelEndpoint(
            model=MultiModel(image=Image(repository="fraud", tag="1.4.2"), artifacts="models/"),
            instance_type="ml.m5.large", rollout=Linear(step_percent=20),
        ),
        "serial": PipelineEndpoint(containers=[{MODEL}, {MODEL}], instance_type="ml.m5.large"),
        "direct": DirectEndpoint(
            containers={{"a": {MODEL}, "b": {MODEL}}}, instance_type="ml.m5.large",
            rollout=AllAtOnce(termination_wait_seconds=300),
        ),
        "bought": RealtimeEndpoint(
            model=JumpStartModel(model_package_arn="{_JUMPSTART}", accept_eula=True),
            instance_type="ml.g5.xlarge",
        ),
        "theirs": RealtimeEndpoint(
            model=Model(image=FrameworkContainer(framework="scikit-learn", version="1.2-1")),
            instance_type="ml.m5.large", instance_count=2, host=Host(volume_size_gb=50, ssm_access=True),
        ),
    }},
    batch={{
        "nightly": BatchTransform(
            model={MODEL}, instance_type="ml.m5.xlarge", input="s3://data/in/",
            output="s3://data/out/", trigger=OnSchedule(schedule="rate(12 hours)"),
            automation=Automation(
                triggers=[
                    OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=30),
                    OnUpload(prefix="s3://data/scores/", suffix=".csv"),
                    OnAlarm(alarm="late"),
                    OnApproval(group="fraud"),
                    OnEvent(pattern={{"source": ["acme.data"]}}),
                ],
                delivery=Delivery(retry_attempts=3, max_age_seconds=600),
                notify="arn:aws:sns:us-east-1:{ACCOUNT}:batch", alarm_on_failure=True,
            ),
        ),
        "upload": BatchTransform(
            model={MODEL}, instance_type="ml.m5.xlarge", trigger=OnUpload(suffix=".csv"),
        ),
    }},
    egress_cidrs=["192.0.2.0/24"],
),
identity=Identity(
    github=GitHub(repository="acme/inference", environments=["dev"]),
    operators=["arn:aws:iam::{ACCOUNT}:role/admin"], regions=["eu-west-1"],
    data_scientists=DataScientists(
        people=["arn:aws:iam::{ACCOUNT}:role/science"], role="science", artifacts=["models/"],
    ),
),
moved={{"registry": {{"aws_s3_bucket.a": "aws_s3_bucket.b"}}}},
"""

_FRIEND = "222233334444"
_IMAGES = (
    *("churn", "documents", "explain", "fraud"),
    *("multi-model-server", "prepare", "ranking", "triton"),
)


def every_kind() -> Environment:
    """Every kind of SageMaker endpoint and batch job, as modules/sagemaker/README.md shows them,
    on a registry that is shared with another account."""
    endpoints: dict[str, Any] = {}
    batch: dict[str, BatchTransform] = {}
    for block in readme.run("modules/sagemaker/README.md"):
        for value in block.values():
            if isinstance(value, Endpoint):
                endpoints[f"e{len(endpoints)}"] = value
            elif isinstance(value, BatchTransform):
                batch[f"b{len(batch)}"] = value
    batch["uploads"] = batch["b0"].replace(trigger=OnUpload(suffix=".csv"))
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16", auto_endpoints=True),
        registry=Registry(
            artifacts=ArtifactBucket(
                read_accounts=[_FRIEND], expire_noncurrent_days=90, send_events=True
            ),
            repositories={name: Repository(pull_accounts=[_FRIEND]) for name in _IMAGES},
            models={"fraud": ModelPackageGroup(read_accounts=[_FRIEND])},
        ),
        inference=Inference(endpoints=endpoints, batch=batch),
    )


def _is_encrypted(configuration: dict[str, Any]) -> bool:
    """By a key, or by instances with local NVMe storage, for which AWS refuses one."""
    variants = [
        *configuration["production_variants"],
        *configuration.get("shadow_production_variants", []),
    ]
    types = [variant["instance_type"] for variant in variants if variant.get("instance_type")]
    own_storage = any(instance_types()[each].local_gb for each in types)
    return bool(configuration.get("kms_key_arn")) or own_storage


CAPABILITY = Capability(
    examples={
        "sagemaker": _EXAMPLE,
    },
    environments={"sagemaker": every_kind},
    not_aws={
        PART_OF_A_POLICY: (
            "AsyncEndpoint.input",
            "ModelPackage.artifact",
            "ModelPackage.image",
            "ModelPackageGroup.artifact_prefix",
            "ModelPackageGroup.read_accounts[]",
            "ModelPackageGroup.register_accounts[]",
            "ModelPackageGroup.stages{key}",
            "ModelPackageGroup.stages{}[]",
            "OnUpload.suffix",
        ),
        OTHER_UNIT: ("Shadow.traffic_percent",),
    },
    left_out={
        "BatchTransform.split_type": {
            "None": "is Python's None",
        },
        "DataCapture.modes[]": {
            "InputAndOutput": "is both modes",
        },
        "Host.routing_strategy": {
            "PREFIX_AWARE": "is prefix_aware, with its settings",
            "KV_AWARE": "CloudFormation does not know it, nor does hashicorp/aws",
        },
    },
    stricter={
        "a role is granted the bucket and key, so both are there, and of safe characters": (
            "AsyncEndpoint.failure_output",
            "AsyncEndpoint.output",
            "BatchTransform.input",
            "BatchTransform.output",
            "CoreDumps.destination",
            "DataCapture.destination",
            "MultiModel.artifacts",
        ),
        MORE_THAN_MODELS: ("OnSchedule.schedule", "OnSchedule.timezone"),
        NARROWER: ("BatchTransform.max_concurrent_transforms", "BatchTransform.max_payload_mb"),
        "an image is in Amazon ECR, and is named by tag or digest": ("MultiModel.image",),
        "a model package is one version, by its ARN": (
            "JumpStartModel.model_package_arn",
            "ModelPackage.arn",
        ),
        "HTTP's own form of a media type": ("BatchTransform.content_type",),
    },
    shorter={
        CLOSED_SET: ("OnSchedule.timezone",),
        "its parts are shorter": ("JumpStartModel.model_package_arn", "ModelPackage.arn"),
    },
    sent={
        "Notifications.include_response_in[]": lambda topic: f"{topic.upper()}_NOTIFICATION_TOPIC",
        **dict.fromkeys(
            ("BatchTransform.input", "BatchTransform.output", "MultiModel.artifacts"),
            lambda prefix: located(prefix, "b" * 63),
        ),
    },
    good={
        "JOB14": ("s3://my-bucket/path/", f"{'p' * 953}/"),
        "JOB17": ("text/csv; charset=utf-8",),
    },
    requests={
        "aws_cloudwatch_event_rule": "events:PutRule",
        "aws_cloudwatch_event_target": "events:PutTargets events:Target",
        "aws_sagemaker_endpoint": "sagemaker:CreateEndpoint",
        "aws_sagemaker_endpoint_configuration": "sagemaker:CreateEndpointConfig",
        "aws_sagemaker_model": "sagemaker:CreateModel",
        "aws_sagemaker_model_package_group": "sagemaker:CreateModelPackageGroup",
        "aws_sagemaker_model_package_group_policy": "sagemaker:PutModelPackageGroupPolicy",
        "aws_scheduler_schedule": "scheduler:CreateSchedule",
        "aws_sfn_state_machine": "stepfunctions:CreateStateMachine",
    },
    elsewhere={
        "aws_cloudwatch_event_target.input_transformer.input_paths": "events:InputTransformer.InputPathsMap",
        "aws_cloudwatch_event_target.sagemaker_pipeline_target.pipeline_parameter_list": (
            "events:SageMakerPipelineParameters.PipelineParameterList"
        ),
        "aws_sagemaker_endpoint_configuration.kms_key_arn": (
            "sagemaker:CreateEndpointConfigInput.KmsKeyId"
        ),
        "aws_sagemaker_endpoint_configuration.name": (
            "sagemaker:CreateEndpointConfigInput.EndpointConfigName"
        ),
        "aws_sfn_state_machine.logging_configuration.log_destination": (
            "stepfunctions:CloudWatchLogsLogGroup.logGroupArn"
        ),
    },
    encrypted={"aws_sagemaker_endpoint_configuration": _is_encrypted},
    unnamed={
        "aws_sagemaker_endpoint_configuration.name": "a hash of its role, whose name is unique",
        "aws_sagemaker_model.name": "a hash of its role, whose name is unique",
    },
    checkov={
        "*-inference/aws_security_group.models": {
            "CKV2_AWS_5": (
                "SageMaker's models and batch transforms hold the group, which Checkov does not "
                "know as users of one"
            ),
        },
        "aws_sfn_state_machine": {
            "CKV_AWS_284": (
                "the machine has one task, whose time Step Functions and SageMaker show already"
            ),
            "CKV_AWS_285": (
                "failures are logged, without the input, as that would copy customers' data into "
                "logs"
            ),
        },
        "aws_scheduler_schedule": {
            "CKV_AWS_297": (
                "the schedule holds a time and the ARN of a state machine, and no data"
            ),
        },
        "peers-*/aws_sagemaker_model.*": {
            "CKV_AWS_370": "containers fetch their model from the Hub, as the examples have it",
        },
        "peers-*/aws_sagemaker_endpoint_configuration.*": {
            "CKV_AWS_98": (
                "AWS refuses a key for instances with local NVMe storage, which they encrypt "
                "themselves"
            ),
        },
        "sagemaker-*/aws_sagemaker_model.*": {
            "CKV_AWS_370": (
                "isolation is the default where SageMaker fetches the artifact; these have none, "
                "fetch secrets, or are of a kind that needs the network"
            ),
        },
        "sagemaker-*/aws_sagemaker_endpoint_configuration.*": {
            "CKV_AWS_98": (
                "AWS refuses a key for instances with local NVMe storage, which they encrypt "
                "themselves"
            ),
        },
    },
)
