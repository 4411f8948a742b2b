"""Members of the SageMaker API by which models, endpoint configurations and endpoints are made."""

from __future__ import annotations

from .row import Option, at, gone, has, like, never, no, overridden, yes

SOURCE = "Amazon SageMaker API"
_MODEL = "aws_sagemaker_model"
_CONFIGURATION = "aws_sagemaker_endpoint_configuration"
_ENDPOINT = "aws_sagemaker_endpoint"
_VARIANT = "production_variants.*"
_CONTAINER = "primary_container"
_POLICY = "aws_appautoscaling_policy"
_TRACKING = "target_tracking_scaling_policy_configuration"
_PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/3"
_TOPIC = "arn:aws:sns:us-east-1:111122223333:predictions"
_PLAN = "arn:aws:sagemaker:us-east-1:111122223333:training-plan/llm"
_STACK = "aws_cloudformation_stack"
_PROPERTIES = "template_body.Resources.Configuration.Properties"
_STACKED = f"{_PROPERTIES}.ProductionVariants.*"
_COMPONENT = "template_body.Resources.Component.Properties"
_ROLE = "arn:aws:iam::111122223333:role/security/fraud"

OPTIONS: tuple[Option, ...] = (
    # CreateModel
    yes(
        "CreateModel: Image",
        'Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/risk/triton:24.08")',
        at(
            _MODEL,
            f"{_CONTAINER}.image",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/risk/triton:24.08",
        ),
    ),
    yes(
        "CreateModel: ModelDataUrl",
        'Model(artifact="s3://acme-models/fraud/model.tar.gz")',
        at(_MODEL, f"{_CONTAINER}.model_data_url", "s3://acme-models/fraud/model.tar.gz"),
    ),
    yes(
        "CreateModel: ModelDataSource (uncompressed)",
        'Model(artifact="s3://acme-models/llama/")',
        at(
            _MODEL,
            f"{_CONTAINER}.model_data_source.s3_data_source.0.s3_uri",
            "s3://acme-models/llama/",
        ),
        at(
            _MODEL,
            f"{_CONTAINER}.model_data_source.s3_data_source.0.compression_type",
            "None",
        ),
    ),
    yes(
        "CreateModel: ModelAccessConfig.AcceptEula",
        'Model(artifact="s3://jumpstart-private-cache-prod-us-east-1/llama/", accept_eula=True)',
        at(
            _MODEL,
            f"{_CONTAINER}.model_data_source.s3_data_source.0.model_access_config.accept_eula",
            True,
        ),
    ),
    yes(
        "CreateModel: Environment",
        'Model(environment={"SAGEMAKER_PROGRAM": "serve.py"})',
        at(_MODEL, f"{_CONTAINER}.environment.SAGEMAKER_PROGRAM", "serve.py"),
    ),
    yes(
        "CreateModel: ModelPackageName",
        f'RealtimeEndpoint(model=ModelPackage(arn="{_PACKAGE}"))',
        at(_MODEL, f"{_CONTAINER}.model_package_name", _PACKAGE),
    ),
    yes(
        "CreateModel: EnableNetworkIsolation",
        "Model(network_isolation=True)",
        at(_MODEL, "enable_network_isolation", True),
    ),
    yes(
        "CreateModel: ExecutionRoleArn",
        f'RealtimeEndpoint(existing=Existing(execution_role="{_ROLE}"))',
        at(_MODEL, "execution_role_arn", _ROLE),
    ),
    yes(
        "CreateModel: VpcConfig.Subnets",
        'RealtimeEndpoint(existing=Existing(subnets=["subnet-0123456789abcdef0", '
        '"subnet-0123456789abcdef1"]))',
        at(
            _MODEL,
            "vpc_config.subnets",
            ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        ),
    ),
    yes(
        "CreateModel: VpcConfig.SecurityGroupIds",
        'RealtimeEndpoint(existing=Existing(security_groups=["sg-0a1b2c3d4e5f67890"]))',
        at(_MODEL, "vpc_config.security_group_ids", ["sg-0a1b2c3d4e5f67890"]),
    ),
    yes(
        "CreateModel: VpcConfig (none)",
        "RealtimeEndpoint(vpc=False)",
        gone(_MODEL, "vpc_config.subnets"),
    ),
    yes(
        "CreateModel: Containers, InferenceExecutionConfig (Serial)",
        "PipelineEndpoint(containers=[Model(), Model(), Model()])",
        at(_MODEL, "container", lambda value: isinstance(value, list) and len(value) == 3),
        at(_MODEL, "inference_execution_config.mode", "Serial"),
        beside="RealtimeEndpoint()",
    ),
    yes(
        "CreateModel: Containers (Mode MultiModel, one of a pipeline)",
        'PipelineEndpoint(containers=[Model(), MultiModel(image=IMAGE, artifacts="models/")])',
        at(_MODEL, "container.*.mode", "MultiModel"),
    ),
    yes(
        "CreateModel: Containers (ModelPackageName)",
        f'PipelineEndpoint(containers=[Model(), ModelPackage(arn="{_PACKAGE}")])',
        at(_MODEL, "container.*.model_package_name", _PACKAGE),
    ),
    yes(
        "CreateModel: ContainerHostname, InferenceExecutionConfig (Direct)",
        'DirectEndpoint(containers={"firstContainer": Model(), "secondContainer": Model()})',
        at(_MODEL, "container.*.container_hostname", "secondContainer"),
    ),
    yes(
        "CreateModel: Mode (MultiModel)",
        "MultiModelEndpoint()",
        at(_MODEL, f"{_CONTAINER}.mode", "MultiModel"),
        beside="RealtimeEndpoint()",
    ),
    yes(
        "CreateModel: MultiModelConfig.ModelCacheSetting",
        'MultiModelEndpoint(model=MultiModel(image=IMAGE, artifacts="models/", caching=False))',
        at(_MODEL, f"{_CONTAINER}.multi_model_config.model_cache_setting", "Disabled"),
    ),
    no(
        "CreateModel: ImageConfig (registries in the VPC)",
        "Images come from ECR; cache another registry with `Registry.caches`.",
        never(_MODEL, "image_config"),
    ),
    overridden(
        "CreateModel: InferenceSpecificationName",
        'RealtimeEndpoint(model=ModelPackage(arn="arn:aws:sagemaker:us-east-1:111122223333:'
        'model-package/fraud/3"), overrides={"models/*/model": '
        '{"primary_container.inference_specification_name": "gpu"}})',
        at(_MODEL, "primary_container.inference_specification_name", "gpu"),
    ),
    overridden(
        "CreateModel: AdditionalModelDataSources",
        'RealtimeEndpoint(overrides={"models/*/model": '
        '{"primary_container.additional_model_data_source": [{"channel_name": "draft", '
        '"s3_data_source": [{"s3_uri": "s3://acme-models/draft/", "s3_data_type": "S3Prefix", '
        '"compression_type": "None"}]}]}})',
        at(_MODEL, "primary_container.additional_model_data_source.0.channel_name", "draft"),
    ),
    # CreateEndpointConfig
    yes(
        "ProductionVariants: InstanceType",
        'RealtimeEndpoint(instance_type="ml.g5.xlarge")',
        at(_CONFIGURATION, f"{_VARIANT}.instance_type", "ml.g5.xlarge"),
    ),
    yes(
        "ProductionVariants: InitialInstanceCount",
        "RealtimeEndpoint(instance_count=3)",
        at(_CONFIGURATION, f"{_VARIANT}.initial_instance_count", 3),
    ),
    yes(
        "ProductionVariants: VariantName",
        'RealtimeEndpoint(variant="AllTraffic")',
        at(_CONFIGURATION, f"{_VARIANT}.variant_name", "AllTraffic"),
    ),
    yes(
        "ProductionVariants: InitialVariantWeight",
        'MultiVariantEndpoint(variants={"blue": Variant(weight=9), "green": Variant()})',
        at(_CONFIGURATION, f"{_VARIANT}.initial_variant_weight", 9),
    ),
    yes(
        "ProductionVariants: VolumeSizeInGB",
        "RealtimeEndpoint(host=Host(volume_size_gb=200))",
        at(_CONFIGURATION, f"{_VARIANT}.volume_size_in_gb", 200),
    ),
    yes(
        "ProductionVariants: ContainerStartupHealthCheckTimeoutInSeconds",
        "RealtimeEndpoint(host=Host(startup_timeout_seconds=900))",
        at(
            _CONFIGURATION,
            f"{_VARIANT}.container_startup_health_check_timeout_in_seconds",
            900,
        ),
    ),
    yes(
        "ProductionVariants: ModelDataDownloadTimeoutInSeconds",
        "RealtimeEndpoint(host=Host(download_timeout_seconds=1200))",
        at(_CONFIGURATION, f"{_VARIANT}.model_data_download_timeout_in_seconds", 1200),
    ),
    yes(
        "ProductionVariants: InferenceAmiVersion",
        'RealtimeEndpoint(instance_type="ml.g5.xlarge", '
        'host=Host(inference_ami_version="al2-ami-sagemaker-inference-gpu-2"))',
        at(
            _CONFIGURATION,
            f"{_VARIANT}.inference_ami_version",
            "al2-ami-sagemaker-inference-gpu-2",
        ),
    ),
    yes(
        "ProductionVariants: RoutingConfig",
        'RealtimeEndpoint(host=Host(routing_strategy="LEAST_OUTSTANDING_REQUESTS"))',
        at(
            _CONFIGURATION,
            f"{_VARIANT}.routing_config.0.routing_strategy",
            "LEAST_OUTSTANDING_REQUESTS",
        ),
    ),
    yes(
        "ProductionVariants: CoreDumpConfig",
        'RealtimeEndpoint(host=Host(core_dumps=CoreDumps(destination="s3://acme-dumps/fraud")))',
        at(
            _CONFIGURATION,
            f"{_VARIANT}.core_dump_config.destination_s3_uri",
            "s3://acme-dumps/fraud",
        ),
    ),
    yes(
        "ProductionVariants: EnableSSMAccess",
        "RealtimeEndpoint(model=Model(network_isolation=False), host=Host(ssm_access=True))",
        at(_CONFIGURATION, f"{_VARIANT}.enable_ssm_access", True),
    ),
    yes(
        "ProductionVariants: ManagedInstanceScaling",
        "InferenceComponentEndpoint(min_instances=1, max_instances=4)",
        at(_CONFIGURATION, f"{_VARIANT}.managed_instance_scaling.status", "ENABLED"),
        at(_CONFIGURATION, f"{_VARIANT}.managed_instance_scaling.max_instance_count", 4),
        beside="RealtimeEndpoint()",
    ),
    no(
        "ProductionVariants: AcceleratorType",
        "AWS ended Elastic Inference in April 2024.",
        never(_CONFIGURATION, "accelerator_type"),
    ),
    yes(
        "ProductionVariants: CapacityReservationConfig",
        'RealtimeEndpoint(instance_type="ml.p5.48xlarge", capacity=HostingCapacity('
        f'reservation=MlReservation(arn="{_PLAN}", instance_type="ml.p5.48xlarge")))',
        at(_STACK, f"{_STACKED}.CapacityReservationConfig.MlReservationArn", _PLAN),
    ),
    yes(
        "ProductionVariants: InstancePools",
        'RealtimeEndpoint(capacity=HostingCapacity(pools=["ml.m5.4xlarge"]))',
        at(_STACK, f"{_STACKED}.InstancePools.1.InstanceType", "ml.m5.4xlarge"),
        at(_STACK, f"{_STACKED}.InstancePools.1.Priority", 2),
    ),
    yes(
        "ProductionVariants: VariantInstanceProvisionTimeoutInSeconds",
        'RealtimeEndpoint(capacity=HostingCapacity(pools=["ml.m5.4xlarge"], '
        "provision_timeout_seconds=600))",
        at(_STACK, f"{_STACKED}.VariantInstanceProvisionTimeoutInSeconds", 600),
    ),
    yes(
        "ProductionVariants: RoutingConfig.PrefixAwareRoutingConfig",
        "RealtimeEndpoint(host=Host(prefix_aware=PrefixAware(prefix_length=2048, "
        "concurrency_threshold=8)))",
        at(_STACK, f"{_STACKED}.RoutingConfig.RoutingStrategy", "PREFIX_AWARE"),
        at(_STACK, f"{_STACKED}.RoutingConfig.PrefixAwareRoutingConfig.PrefixLength", 2048),
    ),
    yes(
        "ProductionVariants: ManagedInstanceScaling.ScaleInPolicy",
        "InferenceComponentEndpoint(scale_in=Consolidation(cooldown_minutes=30))",
        at(_STACK, f"{_STACKED}.ManagedInstanceScaling.ScaleInPolicy.Strategy", "CONSOLIDATION"),
        at(_STACK, f"{_STACKED}.ManagedInstanceScaling.ScaleInPolicy.CooldownInMinutes", 30),
    ),
    yes(
        "MetricsConfig",
        "InferenceComponentEndpoint(metrics=EndpointMetrics(enhanced=True, "
        "detailed_observability=False))",
        at(_STACK, f"{_PROPERTIES}.MetricsConfig.EnableEnhancedMetrics", True),
        at(_STACK, f"{_PROPERTIES}.MetricsConfig.EnableDetailedObservability", False),
    ),
    yes(
        "VpcConfig of the configuration",
        "InferenceComponentEndpoint(vpc=True)",
        at(_STACK, f"{_PROPERTIES}.VpcConfig.Subnets.Ref", "Subnets"),
    ),
    yes(
        "ServerlessConfig: MemorySizeInMB",
        "ServerlessEndpoint(memory_mib=4096)",
        at(_CONFIGURATION, f"{_VARIANT}.serverless_config.memory_size_in_mb", 4096),
    ),
    yes(
        "ServerlessConfig: MaxConcurrency",
        "ServerlessEndpoint(max_concurrency=50)",
        at(_CONFIGURATION, f"{_VARIANT}.serverless_config.max_concurrency", 50),
    ),
    yes(
        "ServerlessConfig: ProvisionedConcurrency",
        "ServerlessEndpoint(provisioned_concurrency=5)",
        at(_CONFIGURATION, f"{_VARIANT}.serverless_config.provisioned_concurrency", 5),
    ),
    yes(
        "ShadowProductionVariants",
        "RealtimeEndpoint(shadow=Shadow())",
        at(_CONFIGURATION, "shadow_production_variants.0.variant_name", "shadow"),
    ),
    yes(
        "KmsKeyId",
        'RealtimeEndpoint(existing=Existing(kms_key=KEY.replace("1234", "4321")))',
        at(_CONFIGURATION, "kms_key_arn", like(".*key/4321abcd-.*")),
    ),
    yes(
        "DataCaptureConfig: InitialSamplingPercentage",
        "RealtimeEndpoint(data_capture=DataCapture(sampling_percent=20))",
        at(_CONFIGURATION, "data_capture_config.enable_capture", True),
        at(_CONFIGURATION, "data_capture_config.initial_sampling_percentage", 20),
    ),
    yes(
        "DataCaptureConfig: DestinationS3Uri",
        'RealtimeEndpoint(data_capture=DataCapture(destination="s3://acme-capture/fraud"))',
        at(_CONFIGURATION, "data_capture_config.destination_s3_uri", "s3://acme-capture/fraud"),
    ),
    yes(
        "DataCaptureConfig: CaptureOptions",
        'RealtimeEndpoint(data_capture=DataCapture(modes=["Input"]))',
        at(_CONFIGURATION, "data_capture_config.capture_options", [{"capture_mode": "Input"}]),
    ),
    yes(
        "DataCaptureConfig: CaptureContentTypeHeader",
        "RealtimeEndpoint(data_capture=DataCapture("
        'csv_content_types=["text/csv"], json_content_types=["application/json"]))',
        at(
            _CONFIGURATION,
            "data_capture_config.capture_content_type_header",
            {"csv_content_types": ["text/csv"], "json_content_types": ["application/json"]},
        ),
    ),
    yes(
        "AsyncInferenceConfig: S3OutputPath",
        'AsyncEndpoint(output="s3://acme-answers/fraud/")',
        at(
            _CONFIGURATION,
            "async_inference_config.output_config.s3_output_path",
            "s3://acme-answers/fraud/",
        ),
    ),
    yes(
        "AsyncInferenceConfig: S3FailurePath",
        'AsyncEndpoint(failure_output="s3://acme-failures/fraud/")',
        at(
            _CONFIGURATION,
            "async_inference_config.output_config.s3_failure_path",
            "s3://acme-failures/fraud/",
        ),
    ),
    yes(
        "AsyncInferenceConfig: NotificationConfig",
        f'AsyncEndpoint(notifications=Notifications(success_topic="{_TOPIC}"))',
        at(
            _CONFIGURATION,
            "async_inference_config.output_config.notification_config.success_topic",
            _TOPIC,
        ),
    ),
    yes(
        "AsyncInferenceConfig: MaxConcurrentInvocationsPerInstance",
        "AsyncEndpoint(max_concurrent_invocations_per_instance=8)",
        at(
            _CONFIGURATION,
            "async_inference_config.client_config.max_concurrent_invocations_per_instance",
            8,
        ),
    ),
    # CreateEndpoint, UpdateEndpoint
    yes(
        "DeploymentConfig: TrafficRoutingConfiguration (CANARY)",
        "RealtimeEndpoint(rollout=Canary(canary_percent=20))",
        at(
            _ENDPOINT,
            "deployment_config.blue_green_update_policy.traffic_routing_configuration.type",
            "CANARY",
        ),
        at(
            _ENDPOINT,
            "deployment_config.blue_green_update_policy.traffic_routing_configuration."
            "canary_size.value",
            20,
        ),
    ),
    yes(
        "DeploymentConfig: TrafficRoutingConfiguration (LINEAR)",
        "RealtimeEndpoint(rollout=Linear(step_percent=25))",
        at(
            _ENDPOINT,
            "deployment_config.blue_green_update_policy.traffic_routing_configuration."
            "linear_step_size.value",
            25,
        ),
    ),
    yes(
        "DeploymentConfig: RollingUpdatePolicy",
        "RealtimeEndpoint(rollout=Rolling(batch_percent=20))",
        at(
            _ENDPOINT,
            "deployment_config.rolling_update_policy.maximum_batch_size.value",
            20,
        ),
    ),
    yes(
        "DeploymentConfig: TerminationWaitInSeconds",
        "RealtimeEndpoint(rollout=AllAtOnce(termination_wait_seconds=900))",
        at(
            _ENDPOINT,
            "deployment_config.blue_green_update_policy.termination_wait_in_seconds",
            900,
        ),
    ),
    yes(
        "DeploymentConfig: AutoRollbackConfiguration",
        'RealtimeEndpoint(rollout=AllAtOnce(alarm_names=["fraud-drift"]))',
        at(
            _ENDPOINT,
            "deployment_config.auto_rollback_configuration.alarms.*.alarm_name",
            "fraud-drift",
        ),
    ),
    yes(
        "PutMetricAlarm: AlarmActions",
        f'RealtimeEndpoint(rollout=AllAtOnce(alarms=EndpointAlarms(alarm_topics=["{_TOPIC}"])))',
        at("aws_cloudwatch_metric_alarm", "alarm_actions", [_TOPIC]),
    ),
    yes(
        "DeploymentConfig: MaximumExecutionTimeoutInSeconds",
        "RealtimeEndpoint(rollout=Canary(maximum_execution_timeout_seconds=7200))",
        at(
            _ENDPOINT,
            "deployment_config.blue_green_update_policy.maximum_execution_timeout_in_seconds",
            7200,
        ),
    ),
    yes(
        "Tags",
        'RealtimeEndpoint(tags={"cost-center": "42"})',
        at(_ENDPOINT, "tags.cost-center", "42"),
        at(_MODEL, "tags.cost-center", "42"),
    ),
    yes(
        "CreateModelPackageGroup",
        'Registry(models={"fraud": ModelPackageGroup(description="card fraud")})',
        at(
            "aws_sagemaker_model_package_group",
            "model_package_group_description",
            "card fraud",
        ),
    ),
    yes(
        "CreateTransformJob: TransformInput, TransformOutput",
        'BatchTransform(input="s3://acme-claims/in/", output="s3://acme-claims/out/")',
        at(
            "aws_sfn_state_machine",
            "definition",
            has("s3://acme-claims/in/", "s3://acme-claims/out/"),
        ),
    ),
    yes(
        "CreateTransformJob: MaxPayloadInMB",
        "BatchTransform(max_payload_mb=50)",
        at("aws_sfn_state_machine", "definition.States.*.Parameters.MaxPayloadInMB", 50),
    ),
    # CreateInferenceComponent
    *(
        yes(
            f"CreateInferenceComponent: {name}",
            f'InferenceComponentEndpoint(max_instances=9, components={{"llm": Component({written})}})',
            at(_STACK, f"{_COMPONENT}.{path}", value),
            beside='InferenceComponentEndpoint(max_instances=9, components={"llm": Component()})',
        )
        for name, written, path, value in (
            (
                "NumberOfCpuCoresRequired",
                "cpu_cores=2",
                "Specification.ComputeResourceRequirements.NumberOfCpuCoresRequired",
                2,
            ),
            (
                "MaxMemoryRequiredInMb",
                "max_memory_mib=4096",
                "Specification.ComputeResourceRequirements.MaxMemoryRequiredInMb",
                4096,
            ),
            (
                "StartupParameters",
                "startup_timeout_seconds=900",
                "Specification.StartupParameters.ContainerStartupHealthCheckTimeoutInSeconds",
                900,
            ),
            (
                "DataCacheConfig",
                "caching=False",
                "Specification.DataCacheConfig.EnableCaching",
                False,
            ),
            (
                "SchedulingConfig",
                'placement=Placement(strategy="BINPACK")',
                "Specification.SchedulingConfig.PlacementStrategy",
                "BINPACK",
            ),
            ("RuntimeConfig.CopyCount", "copies=2", "RuntimeConfig.CopyCount", 2),
            (
                "Container",
                'model=ComponentContainer(image=IMAGE, artifact="llm.tar.gz")',
                "Specification.Container.ArtifactUrl",
                has("llm.tar.gz"),
            ),
            (
                "BaseInferenceComponentName",
                'adapters={"legal": Adapter(artifact="legal.tar.gz")}',
                "Specification.BaseInferenceComponentName",
                has("-llm"),
            ),
            (
                "DeploymentConfig (at updates)",
                "copies=2, rollout=ComponentRolling(batch_percent=50)",
                "DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize.Value",
                50,
            ),
        )
    ),
    no(
        "CreateInferenceComponent: AcceleratorPartitionType",
        "CloudFormation has no such property, nor has hashicorp/aws.",
        never(
            _STACK,
            f"{_COMPONENT}.Specification.ComputeResourceRequirements.AcceleratorPartitionType",
        ),
    ),
    # PutScalingPolicy for endpoints
    yes(
        "RegisterScalableTarget: MinCapacity, MaxCapacity",
        "RealtimeEndpoint(scaling=Scaling(min_capacity=2, max_capacity=6))",
        at("aws_appautoscaling_target", "min_capacity", 2),
        at("aws_appautoscaling_target", "max_capacity", 6),
    ),
    yes(
        "PutScalingPolicy: SageMakerVariantInvocationsPerInstance",
        "RealtimeEndpoint(scaling=Scaling(max_capacity=6, policies=["
        "TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=600))]))",
        at(
            _POLICY,
            f"{_TRACKING}.predefined_metric_specification.predefined_metric_type",
            "SageMakerVariantInvocationsPerInstance",
        ),
        at(_POLICY, f"{_TRACKING}.target_value", 600),
    ),
    yes(
        "PutScalingPolicy: CustomizedMetricSpecification",
        "RealtimeEndpoint(scaling=Scaling(max_capacity=6, policies=["
        "TargetTracking(metric=GpuUtilization(percent=70))]), "
        'instance_type="ml.g5.xlarge")',
        at(_POLICY, f"{_TRACKING}.target_value", 70),
        at(_POLICY, f"{_TRACKING}.customized_metric_specification", bool),
    ),
    yes(
        "PutScalingPolicy: ScaleInCooldown, ScaleOutCooldown",
        "RealtimeEndpoint(scaling=Scaling(max_capacity=6, policies=[TargetTracking("
        "metric=InvocationsPerInstance(invocations_per_minute=600), "
        "scale_in_cooldown_seconds=900, scale_out_cooldown_seconds=30)]))",
        at(_POLICY, f"{_TRACKING}.scale_in_cooldown", 900),
        at(_POLICY, f"{_TRACKING}.scale_out_cooldown", 30),
    ),
    yes(
        "PutScheduledAction",
        "RealtimeEndpoint(scaling=Scaling(max_capacity=6, schedules=["
        'Scheduled(name="night", schedule="cron(0 20 * * ? *)", min_capacity=1)]))',
        at("aws_appautoscaling_scheduled_action", "schedule", "cron(0 20 * * ? *)"),
    ),
    yes(
        "scaling to zero (asynchronous)",
        "AsyncEndpoint(scaling=scale_to_zero(BacklogPerInstance(), max_capacity=3))",
        at("aws_appautoscaling_target", "min_capacity", 0),
    ),
)
