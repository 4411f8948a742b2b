"""The inputs of aws-ia/terraform-aws-sagemaker-endpoint 0.0.1."""

from __future__ import annotations

from .row import Option, at, like, overridden, yes

SOURCE = "aws-ia/terraform-aws-sagemaker-endpoint"
_MODEL = "aws_sagemaker_model"
_CONFIGURATION = "aws_sagemaker_endpoint_configuration"
_ROLE = "arn:aws:iam::111122223333:role/sagemaker"
_TRACKING = "target_tracking_scaling_policy_configuration"

OPTIONS: tuple[Option, ...] = (
    yes(
        "name_prefix",
        'Context(organization="sgtf")',
        at("aws_s3_bucket", "bucket", like(r"sgtf-.+")),
    ),
    yes(
        "endpoint_name",
        'Inference(endpoints={"scores": RealtimeEndpoint()})',
        at("aws_sagemaker_endpoint", "name", like(r"acme-\w+-use1-scores")),
    ),
    yes(
        "sg_role_arn",
        f'RealtimeEndpoint(existing=Existing(execution_role="{_ROLE}"))',
        at(_MODEL, "execution_role_arn", _ROLE),
    ),
    yes(
        "enable_network_isolation",
        "Model(network_isolation=True)",
        at(_MODEL, "enable_network_isolation", True),
    ),
    yes(
        "containers: image_uri",
        'Model(image="763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.30.0-lmi")',
        at(
            _MODEL,
            "primary_container.image",
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.30.0-lmi",
        ),
    ),
    yes(
        "containers: model_data_source",
        'Model(artifact="s3://acme-models/phi/")',
        at(
            _MODEL,
            "primary_container.model_data_source.s3_data_source.0.s3_data_type",
            "S3Prefix",
        ),
    ),
    overridden(
        "containers: inference_specification_name",
        'RealtimeEndpoint(model=ModelPackage(arn="arn:aws:sagemaker:us-east-1:111122223333:'
        'model-package/fraud/3"), overrides={"models/*/model": '
        '{"primary_container.inference_specification_name": "gpu"}})',
        at(_MODEL, "primary_container.inference_specification_name", "gpu"),
    ),
    yes(
        "production_variant: container_startup_health_check_timeout_in_seconds",
        "RealtimeEndpoint(host=Host(startup_timeout_seconds=600))",
        at(
            _CONFIGURATION,
            "production_variants.0.container_startup_health_check_timeout_in_seconds",
            600,
        ),
    ),
    yes(
        "production_variant: volume_size_in_gb",
        "RealtimeEndpoint(host=Host(volume_size_gb=30))",
        at(_CONFIGURATION, "production_variants.0.volume_size_in_gb", 30),
    ),
    yes(
        "kms_key_arn",
        'RealtimeEndpoint(existing=Existing(kms_key=KEY.replace("1234", "4321")))',
        at(_CONFIGURATION, "kms_key_arn", like(".*key/4321abcd-.*")),
    ),
    yes(
        "autoscaling_config: max_capacity, target_value",
        "RealtimeEndpoint(scaling=Scaling(max_capacity=2, policies=["
        "TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=200))]))",
        at("aws_appautoscaling_target", "max_capacity", 2),
        at("aws_appautoscaling_policy", f"{_TRACKING}.target_value", 200),
    ),
    yes(
        "tags",
        'RealtimeEndpoint(tags={"app": "scores"})',
        at("aws_sagemaker_endpoint", "tags.app", "scores"),
    ),
)
