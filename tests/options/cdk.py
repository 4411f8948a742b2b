"""The properties and methods of the SageMaker L2 of AWS's CDK, @aws-cdk/aws-sagemaker-alpha."""

from __future__ import annotations

from .row import Option, at, like, no, refers, yes

SOURCE = "AWS CDK, aws-sagemaker-alpha"
_MODEL = "aws_sagemaker_model"
_CONFIGURATION = "aws_sagemaker_endpoint_configuration"
_ALARM = "aws_cloudwatch_metric_alarm"
_TRACKING = "target_tracking_scaling_policy_configuration"

OPTIONS: tuple[Option, ...] = (
    yes(
        "ContainerImage.fromEcrRepository",
        '{"registry": Registry(repositories={"triton": Repository()}), '
        '"inference": Inference(endpoints={"fraud": RealtimeEndpoint(model=Model('
        'image=Image(repository="triton", tag="24.08")))})}',
        at(
            _MODEL,
            "primary_container.image",
            like(r"111122223333\.dkr\.ecr\.us-east-1\.amazonaws\.com/acme-\w+-use1-triton:24\.08"),
        ),
        beside="RealtimeEndpoint()",
    ),
    yes(
        "ContainerImage.fromDlc",
        'Model(image=FrameworkContainer(framework="pytorch", version="2.6.0"))',
        at(
            _MODEL,
            "primary_container.image",
            like(
                r"763104351884\.dkr\.ecr\.us-east-1\.amazonaws\.com/pytorch-inference:2\.6.+-cpu-.+"
            ),
        ),
    ),
    no(
        "ContainerImage.fromAsset",
        "A synthesis builds no image: `inferform push` takes the one that your pipeline built.",
    ),
    yes(
        "ModelData.fromBucket",
        'Model(artifact="s3://acme-models/fraud/1/model.tar.gz")',
        at(_MODEL, "primary_container.model_data_url", "s3://acme-models/fraud/1/model.tar.gz"),
    ),
    yes(
        "ModelData.fromAsset",
        'Model(artifact="fraud/1/model.tar.gz")',
        at(
            _MODEL,
            "primary_container.model_data_url",
            "s3://acme-artifacts/fraud/1/model.tar.gz",
        ),
    ),
    yes(
        "Model: allowAllOutbound",
        'Inference(endpoints={"fraud": RealtimeEndpoint()}, egress_cidrs=["0.0.0.0/0"])',
        at("aws_vpc_security_group_egress_rule", "cidr_ipv4", "0.0.0.0/0"),
    ),
    yes(
        "Model: vpc",
        "RealtimeEndpoint(vpc=True)",
        at(_MODEL, "vpc_config.security_group_ids", refers("aws_security_group")),
        beside="RealtimeEndpoint(vpc=False)",
    ),
    yes(
        "Model.addToRolePolicy",
        'RealtimeEndpoint(permissions={"execution": Permissions(statements=[PolicyStatement('
        'actions=["dynamodb:GetItem"], '
        'resources=["arn:aws:dynamodb:us-east-1:111122223333:table/features"])])})',
        at("aws_iam_role_policy", "policy.Statement.*.Action", ["dynamodb:GetItem"]),
    ),
    yes(
        "EndpointConfig: instanceProductionVariants (several)",
        'MultiVariantEndpoint(variants={"modelA": Variant(weight=2), "modelB": Variant()})',
        at(_CONFIGURATION, "production_variants.*.variant_name", "modelB"),
        at(_CONFIGURATION, "production_variants.*.initial_variant_weight", 2),
    ),
    yes(
        "EndpointConfig: serverlessProductionVariant",
        "ServerlessEndpoint(memory_mib=2048, max_concurrency=10)",
        at(_CONFIGURATION, "production_variants.0.serverless_config.max_concurrency", 10),
    ),
    yes(
        "EndpointConfig: containerStartupHealthCheckTimeout",
        "RealtimeEndpoint(host=Host(startup_timeout_seconds=300))",
        at(
            _CONFIGURATION,
            "production_variants.0.container_startup_health_check_timeout_in_seconds",
            300,
        ),
    ),
    yes(
        "autoScaleInstanceCount, scaleOnInvocations",
        "RealtimeEndpoint(scaling=Scaling(max_capacity=3, policies=["
        "TargetTracking(metric=InvocationsPerInstance(requests_per_second=30))]))",
        at("aws_appautoscaling_target", "max_capacity", 3),
        # The safety factor of 0.5 is the CDK's too: 30 x 60 x 0.5.
        at("aws_appautoscaling_policy", f"{_TRACKING}.target_value", 900),
    ),
    yes(
        "metricModelLatency().createAlarm",
        "RealtimeEndpoint(rollout=AllAtOnce(alarms=EndpointAlarms(model_latency_ms=100)))",
        at(_ALARM, "metric_name", "ModelLatency"),
        # AWS publishes the latency in microseconds.
        at(_ALARM, "threshold", 100_000),
    ),
    yes(
        "metricInvocationResponseCode().createAlarm",
        "RealtimeEndpoint(rollout=AllAtOnce(alarms=EndpointAlarms(server_error_percent=3)))",
        at(_ALARM, "threshold", 3),
    ),
)
