"""The inputs of terraform-aws-modules/ecs 7.5.0: its modules cluster, service and
container-definition."""

from __future__ import annotations

from .row import Option, always, at, has, like, never, no, overridden, refers, some, yes

SOURCE = "terraform-aws-modules/ecs"
_SERVICE = "aws_ecs_service"
_TASK = "aws_ecs_task_definition"
_MODEL = "container_definitions.*"
_PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter/hunter2"
_SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hunter2-AbCdEf"

OPTIONS: tuple[Option, ...] = (
    # cluster
    yes(
        "cluster: setting (containerInsights)",
        'EcsCluster(container_insights="enhanced")',
        at("aws_ecs_cluster", "setting.0.value", "enhanced"),
    ),
    always(
        "cluster: configuration (execute_command_configuration)",
        "EcsCluster()",
        at(
            "aws_ecs_cluster",
            "configuration.execute_command_configuration.logging",
            "OVERRIDE",
        ),
    ),
    yes(
        "cluster: cloudwatch_log_group_retention_in_days",
        "EcsCluster(command_log_retention_days=90)",
        at("aws_cloudwatch_log_group", "retention_in_days", 90),
    ),
    always(
        "cluster: cluster_capacity_providers",
        "EcsCluster()",
        at(
            "aws_ecs_cluster_capacity_providers",
            "capacity_providers",
            ["FARGATE", "FARGATE_SPOT"],
        ),
    ),
    no(
        "cluster: service_connect_defaults",
        "No field has it so far.",
        never("aws_ecs_cluster", "service_connect_defaults"),
    ),
    yes(
        "cluster: capacity_providers (auto_scaling_group_provider)",
        'EcsCluster(capacity={"gpu": Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)})',
        some("aws_ecs_capacity_provider", 1),
        at("aws_autoscaling_group", "max_size", 2),
    ),
    yes(
        "cluster: capacity_providers (target_capacity)",
        "Ec2Capacity(target_percent=80)",
        at(
            "aws_ecs_capacity_provider",
            "auto_scaling_group_provider.managed_scaling.target_capacity",
            80,
        ),
    ),
    yes(
        "cluster: capacity_providers (instance_warmup_period)",
        "Ec2Capacity(warmup_seconds=120)",
        at(
            "aws_ecs_capacity_provider",
            "auto_scaling_group_provider.managed_scaling.instance_warmup_period",
            120,
        ),
    ),
    no(
        "cluster: capacity_providers (managed_instances_provider)",
        "ECS Managed Instances are newer than the provider that the emulator works with.",
        never("aws_ecs_capacity_provider", "managed_instances_provider"),
    ),
    # service
    yes(
        "desired_count",
        "EcsService(count=3)",
        at(_SERVICE, "desired_count", 3),
    ),
    yes("cpu", "EcsService(compute=Fargate(cpu=2048, memory_mib=4096))", at(_TASK, "cpu", "2048")),
    yes(
        "memory",
        "EcsService(compute=Fargate(cpu=1024, memory_mib=8192))",
        at(_TASK, "memory", "8192"),
    ),
    yes(
        "ephemeral_storage",
        "EcsService(compute=Fargate(ephemeral_storage_gib=100))",
        at(_TASK, "ephemeral_storage.size_in_gib", 100),
    ),
    yes(
        "runtime_platform",
        'EcsService(compute=Fargate(architecture="ARM64"))',
        at(_TASK, "runtime_platform.cpu_architecture", "ARM64"),
    ),
    yes(
        "requires_compatibilities",
        "EcsService(compute=Ec2())",
        at(_TASK, "requires_compatibilities", ["EC2"]),
    ),
    yes(
        "capacity_provider_strategy (FARGATE_SPOT)",
        "EcsService(compute=Fargate(on_demand_base=1, spot_weight=3))",
        at(_SERVICE, "capacity_provider_strategy.*.capacity_provider", "FARGATE_SPOT"),
        at(_SERVICE, "capacity_provider_strategy.*.weight", 3),
        at(_SERVICE, "capacity_provider_strategy.*.base", 1),
    ),
    yes(
        "capacity_provider_strategy (several)",
        'EcsService(compute=Ec2(more_capacity={"spot": CapacityShare(weight=4)}))',
        at(_SERVICE, "capacity_provider_strategy.*.capacity_provider", "acme-spot"),
        at(_SERVICE, "capacity_provider_strategy.*.weight", 4),
    ),
    yes(
        "deployment_minimum_healthy_percent",
        "EcsService(rollout=Rolling(min_healthy_percent=50))",
        at(_SERVICE, "deployment_minimum_healthy_percent", 50),
    ),
    yes(
        "deployment_maximum_percent",
        "EcsService(rollout=Rolling(max_percent=150), count=4)",
        at(_SERVICE, "deployment_maximum_percent", 150),
    ),
    always(
        "deployment_circuit_breaker",
        "EcsService()",
        at(_SERVICE, "deployment_circuit_breaker", {"enable": True, "rollback": True}),
    ),
    yes(
        "deployment_controller (CODE_DEPLOY)",
        "EcsService(route=Route(), rollout=Canary())",
        at(_SERVICE, "deployment_controller.type", "CODE_DEPLOY"),
        beside="EcsService(route=Route())",
    ),
    yes(
        "deployment_configuration (strategy: CANARY)",
        'EcsService(route=Route(), rollout=Canary(canary_percent=10), deployment=EcsDeployment(controller="ECS"))',
        at(_SERVICE, "deployment_configuration.strategy", "CANARY"),
        at(_SERVICE, "deployment_configuration.canary_configuration.canary_percent", 10),
        beside="EcsService(route=Route())",
    ),
    yes(
        "deployment_configuration (lifecycle_hook)",
        'EcsService(route=Route(), rollout=Canary(), deployment=EcsDeployment(controller="ECS", '
        "hooks=[LifecycleHook("
        'function="arn:aws:lambda:us-east-1:111122223333:function:check", '
        'stages=["POST_TEST_TRAFFIC_SHIFT"])]))',
        at(
            _SERVICE,
            "deployment_configuration.lifecycle_hook.0.lifecycle_stages",
            ["POST_TEST_TRAFFIC_SHIFT"],
        ),
        at(_SERVICE, "deployment_configuration.lifecycle_hook.0.role_arn", refers("aws_iam_role")),
        beside='EcsService(route=Route(), rollout=Canary(), deployment=EcsDeployment(controller="ECS"))',
    ),
    yes(
        "load_balancer (advanced_configuration.test_listener_rule)",
        'EcsService(route=Route(), rollout=Canary(), deployment=EcsDeployment(controller="ECS", '
        "test_traffic=True))",
        at(
            _SERVICE,
            "load_balancer.0.advanced_configuration.test_listener_rule",
            refers("aws_lb_listener_rule"),
        ),
        beside='EcsService(route=Route(), rollout=Canary(), deployment=EcsDeployment(controller="ECS"))',
    ),
    yes(
        "alarms",
        'EcsService(rollout=Rolling(alarm_names=["fraud-drift"]))',
        at(_SERVICE, "alarms.alarm_names", has("fraud-drift")),
    ),
    yes(
        "enable_execute_command",
        "EcsService(execute_command=True, container=ContainerOptions(read_only=False))",
        at(_SERVICE, "enable_execute_command", True),
    ),
    yes(
        "health_check_grace_period_seconds",
        "EcsService(route=Route(grace_seconds=300))",
        at(_SERVICE, "health_check_grace_period_seconds", 300),
    ),
    yes(
        "load_balancer",
        "EcsService(route=Route())",
        at(_SERVICE, "load_balancer.0.container_port", 8080),
        at(_SERVICE, "load_balancer.0.target_group_arn", refers("aws_lb_target_group")),
    ),
    overridden(
        "availability_zone_rebalancing",
        'EcsService(overrides={"service": {"availability_zone_rebalancing": "ENABLED"}})',
        at(_SERVICE, "availability_zone_rebalancing", "ENABLED"),
    ),
    overridden(
        "propagate_tags",
        'EcsService(overrides={"service": {"propagate_tags": "TASK_DEFINITION"}})',
        at(_SERVICE, "propagate_tags", "TASK_DEFINITION"),
    ),
    overridden(
        "platform_version",
        'EcsService(overrides={"service": {"platform_version": "1.4.0"}})',
        at(_SERVICE, "platform_version", "1.4.0"),
    ),
    overridden(
        "placement_constraints",
        'EcsService(compute=Ec2(), overrides={"service": {"placement_constraints": '
        '[{"type": "distinctInstance"}]}})',
        at(_SERVICE, "placement_constraints.0.type", "distinctInstance"),
    ),
    no(
        "scheduling_strategy (DAEMON)",
        "A model server is no daemon: `scaling` decides how many tasks there are.",
        never(_SERVICE, "scheduling_strategy"),
    ),
    no(
        "assign_public_ip",
        "Tasks are in private subnets.",
        tried="EcsService(assign_public_ip=True)",
    ),
    yes(
        "service_connect_configuration",
        "EcsService(discovery=ServiceConnect(port=80))",
        at(_SERVICE, "service_connect_configuration.service.0.client_alias.port", 80),
    ),
    yes(
        "service_registries",
        "EcsService(discovery=PrivateDns())",
        at(_SERVICE, "service_registries.registry_arn", refers("aws_service_discovery_service")),
        some("aws_service_discovery_service", 1),
    ),
    yes(
        "subnet_ids",
        'EcsService(existing=Existing(subnets=["subnet-0123456789abcdef0", '
        '"subnet-0123456789abcdef1"]))',
        at(
            _SERVICE,
            "network_configuration.subnets",
            ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        ),
    ),
    yes(
        "security_group_ids",
        'EcsService(existing=Existing(security_groups=["sg-0a1b2c3d4e5f67890"]))',
        at(_SERVICE, "network_configuration.security_groups", ["sg-0a1b2c3d4e5f67890"]),
    ),
    yes(
        "security_group_egress_rules",
        'EcsService(egress_cidrs=["10.9.0.0/16"])',
        at("aws_vpc_security_group_egress_rule", "cidr_ipv4", "10.9.0.0/16"),
    ),
    yes(
        "task_exec_iam_role_arn",
        'EcsService(existing=Existing(execution_role="arn:aws:iam::111122223333:role/exec"))',
        at(_TASK, "execution_role_arn", "arn:aws:iam::111122223333:role/exec"),
    ),
    yes(
        "task_exec_secret_arns",
        f'EcsService(container=ContainerOptions(secrets={{"HF_TOKEN": "{_SECRET}"}}))',
        at("aws_iam_role_policy", "policy.Statement.*.Resource", has(_SECRET)),
    ),
    yes(
        "tasks_iam_role_arn",
        'EcsService(existing=Existing(task_role="arn:aws:iam::111122223333:role/task"))',
        at(_TASK, "task_role_arn", "arn:aws:iam::111122223333:role/task"),
    ),
    yes(
        "tasks_iam_role_statements",
        'EcsService(permissions={"task": Permissions(statements=[PolicyStatement('
        'actions=["dynamodb:GetItem"], '
        'resources=["arn:aws:dynamodb:us-east-1:111122223333:table/features"])])})',
        at("aws_iam_role_policy", "policy.Statement.*.Action", has("dynamodb:GetItem")),
    ),
    yes(
        "tasks_iam_role_policies",
        'EcsService(permissions={"task": Permissions('
        'policies=["arn:aws:iam::aws:policy/AmazonBedrockReadOnly"])})',
        at(
            "aws_iam_role_policy_attachment",
            "policy_arn",
            "arn:aws:iam::aws:policy/AmazonBedrockReadOnly",
        ),
    ),
    yes(
        "volume (efs_volume_configuration)",
        'EcsService(volumes={"features": EfsVolume(file_system="fs-0123456789abcdef0", '
        'path="/mnt/features")})',
        at(_TASK, "volume.*.efs_volume_configuration.file_system_id", "fs-0123456789abcdef0"),
        at(_TASK, "volume.*.efs_volume_configuration.transit_encryption", "ENABLED"),
        at(_TASK, f"{_MODEL}.mountPoints.*.containerPath", "/mnt/features"),
    ),
    no(
        "volume_configuration (managed_ebs_volume)",
        "Use `ephemeral_storage_gib` on Fargate, `volume_gb` of the capacity on EC2.",
        never(_SERVICE, "volume_configuration"),
    ),
    yes(
        "autoscaling_min_capacity, autoscaling_max_capacity",
        "EcsService(scaling=Scaling(min_capacity=2, max_capacity=9))",
        at("aws_appautoscaling_target", "min_capacity", 2),
        at("aws_appautoscaling_target", "max_capacity", 9),
    ),
    yes(
        "autoscaling_policies (ECSServiceAverageCPUUtilization)",
        "EcsService(scaling=Scaling(max_capacity=9, "
        "policies=[TargetTracking(metric=CpuUtilization(percent=60))]))",
        at(
            "aws_appautoscaling_policy",
            "target_tracking_scaling_policy_configuration.predefined_metric_specification."
            "predefined_metric_type",
            "ECSServiceAverageCPUUtilization",
        ),
        at(
            "aws_appautoscaling_policy",
            "target_tracking_scaling_policy_configuration.target_value",
            60,
        ),
    ),
    yes(
        "autoscaling_scheduled_actions",
        "EcsService(scaling=Scaling(max_capacity=9, schedules=["
        'Scheduled(name="night", schedule="cron(0 20 * * ? *)", min_capacity=1)]))',
        at("aws_appautoscaling_scheduled_action", "schedule", "cron(0 20 * * ? *)"),
    ),
    always(
        "enable_ecs_managed_tags", "EcsService()", at(_SERVICE, "enable_ecs_managed_tags", True)
    ),
    always("wait_for_steady_state", "EcsService()", at(_SERVICE, "wait_for_steady_state", True)),
    always(
        "ordered_placement_strategy",
        "EcsService(compute=Ec2())",
        at(_SERVICE, "ordered_placement_strategy.*.type", "spread"),
    ),
    no(
        "force_new_deployment",
        "A change deploys: write a new tag or digest of the image.",
        tried="EcsService(force_new_deployment=True)",
    ),
    no(
        "vpc_lattice_configurations",
        "Services are reached through a load balancer.",
        never(_SERVICE, "vpc_lattice_configurations"),
    ),
    no(
        "proxy_configuration",
        "AWS ends App Mesh in September 2026.",
        never(_TASK, "proxy_configuration"),
    ),
    yes(
        "security_group_ingress_rules",
        "EcsService(route=Route())",
        at("aws_vpc_security_group_ingress_rule", "from_port", 8080),
    ),
    yes(
        "task_exec_ssm_param_arns",
        f'EcsService(container=ContainerOptions(secrets={{"LEVEL": "{_PARAMETER}"}}))',
        at("aws_iam_role_policy", "policy.Statement.*.Resource", has(_PARAMETER)),
        at("aws_iam_role_policy", "policy.Statement.*.Action", "ssm:GetParameters"),
    ),
    yes(
        "autoscaling_policies (ECSServiceAverageMemoryUtilization)",
        "EcsService(scaling=Scaling(max_capacity=9, "
        "policies=[TargetTracking(metric=MemoryUtilization(percent=70))]))",
        at(
            "aws_appautoscaling_policy",
            "target_tracking_scaling_policy_configuration.predefined_metric_specification."
            "predefined_metric_type",
            "ECSServiceAverageMemoryUtilization",
        ),
    ),
    yes(
        "autoscaling_policies (ALBRequestCountPerTarget)",
        "EcsService(route=Route(), scaling=Scaling(max_capacity=9, policies=["
        "TargetTracking(metric=RequestsPerTarget(invocations_per_minute=600))]))",
        at(
            "aws_appautoscaling_policy",
            "target_tracking_scaling_policy_configuration.predefined_metric_specification."
            "predefined_metric_type",
            "ALBRequestCountPerTarget",
        ),
    ),
    yes(
        "autoscaling_suspended_state",
        'EcsService(scaling=Scaling(max_capacity=9, suspended=["scheduled"]))',
        at("aws_appautoscaling_target", "suspended_state.scheduled_scaling_suspended", True),
    ),
    yes(
        "container: cloudwatch_log_group_name",
        'EcsService(existing=Existing(log_group="/acme/fraud"))',
        at(_TASK, f"{_MODEL}.logConfiguration.options.awslogs-group", "/acme/fraud"),
        some("aws_cloudwatch_log_group", 0),
    ),
    no(
        "container: workingDirectory",
        "No field has it so far.",
        never(_TASK, "workingDirectory"),
    ),
    no(
        "container: memoryReservation",
        "No field has it so far.",
        never(_TASK, "memoryReservation"),
    ),
    no("container: dockerLabels", "No field has it so far.", never(_TASK, "dockerLabels")),
    no("container: systemControls", "No field has it so far.", never(_TASK, "systemControls")),
    yes("tags", 'EcsService(tags={"cost-center": "42"})', at(_SERVICE, "tags.cost-center", "42")),
    # container-definition
    yes(
        "container: command",
        'EcsService(container=ContainerOptions(command=["--port", "8080"]))',
        at(_TASK, f"{_MODEL}.command", ["--port", "8080"]),
    ),
    yes(
        "container: entrypoint",
        'EcsService(container=ContainerOptions(entry_point=["tritonserver"]))',
        at(_TASK, f"{_MODEL}.entryPoint", ["tritonserver"]),
    ),
    yes(
        "container: portMappings",
        "EcsService(container=ContainerOptions(port=8000))",
        at(_TASK, f"{_MODEL}.portMappings.0.containerPort", 8000),
    ),
    yes(
        "container: environment",
        'EcsService(model=Model(environment={"LOG_LEVEL": "debug"}))',
        at(_TASK, f"{_MODEL}.environment", [{"name": "LOG_LEVEL", "value": "debug"}]),
    ),
    yes(
        "container: secrets",
        f'EcsService(container=ContainerOptions(secrets={{"HF_TOKEN": "{_SECRET}"}}))',
        at(_TASK, f"{_MODEL}.secrets", [{"name": "HF_TOKEN", "valueFrom": _SECRET}]),
    ),
    yes(
        "container: environmentFiles",
        "EcsService(container=ContainerOptions("
        'environment_files=["s3://acme-settings/fraud.env"]))',
        at(
            _TASK,
            f"{_MODEL}.environmentFiles",
            [{"type": "s3", "value": "arn:aws:s3:::acme-settings/fraud.env"}],
        ),
    ),
    yes(
        "container: firelensConfiguration",
        'EcsService(sidecars={"logs": FireLens(output={"Name": "firehose", '
        '"delivery_stream": "acme-logs"})})',
        at(_TASK, f"{_MODEL}.firelensConfiguration.type", "fluentbit"),
        at(_TASK, f"{_MODEL}.logConfiguration.logDriver", "awsfirelens"),
        at(_TASK, f"{_MODEL}.logConfiguration.options.delivery_stream", "acme-logs"),
    ),
    yes(
        "container: healthCheck",
        'EcsService(container=ContainerOptions(health=ContainerHealth(command=["ready"], interval_seconds=10)))',
        at(_TASK, f"{_MODEL}.healthCheck.command", ["CMD", "ready"]),
        at(_TASK, f"{_MODEL}.healthCheck.interval", 10),
    ),
    yes(
        "container: resourceRequirements (GPU)",
        "EcsService(compute=Ec2(gpus=1))",
        at(_TASK, f"{_MODEL}.resourceRequirements", [{"type": "GPU", "value": "1"}]),
        beside="EcsService(compute=Ec2())",
    ),
    yes(
        "container: linuxParameters (sharedMemorySize)",
        "EcsService(compute=Ec2(), container=ContainerOptions(shared_memory_mib=2048))",
        at(_TASK, f"{_MODEL}.linuxParameters.sharedMemorySize", 2048),
    ),
    yes(
        "container: linuxParameters (initProcessEnabled)",
        "EcsService(container=ContainerOptions(init_process=True))",
        at(_TASK, f"{_MODEL}.linuxParameters.initProcessEnabled", True),
    ),
    yes(
        "container: ulimits",
        'EcsService(container=ContainerOptions(ulimits={"nofile": Ulimit(soft=65535, hard=65535)}))',
        at(
            _TASK,
            f"{_MODEL}.ulimits",
            [{"name": "nofile", "softLimit": 65535, "hardLimit": 65535}],
        ),
    ),
    yes(
        "container: user",
        'EcsService(container=ContainerOptions(user="1234"))',
        at(_TASK, f"{_MODEL}.user", "1234"),
    ),
    yes(
        "container: readonlyRootFilesystem",
        "EcsService(container=ContainerOptions(read_only=False))",
        at(_TASK, f"{_MODEL}.readonlyRootFilesystem", False),
    ),
    yes(
        "container: stopTimeout",
        "EcsService(container=ContainerOptions(stop_timeout_seconds=120))",
        at(_TASK, f"{_MODEL}.stopTimeout", 120),
    ),
    yes(
        "container_definitions (several)",
        'EcsService(sidecars={"otel": SideCar(essential=False)})',
        at(_TASK, f"{_MODEL}.name", "otel"),
    ),
    yes(
        "container: essential",
        'EcsService(container=ContainerOptions(read_only=False), sidecars={"otel": SideCar(essential=False)})',
        at(_TASK, f"{_MODEL}.essential", False),
        beside='EcsService(container=ContainerOptions(read_only=False), sidecars={"otel": SideCar()})',
    ),
    yes(
        "container: dependsOn",
        'EcsService(sidecars={"otel": SideCar()}, '
        'container=ContainerOptions(depends_on={"otel": "START"}))',
        at(
            _TASK,
            f"{_MODEL}.dependsOn",
            has({"containerName": "otel", "condition": "START"}),
        ),
    ),
    yes(
        "container: memory",
        'EcsService(sidecars={"otel": SideCar(memory_mib=256)})',
        at(_TASK, f"{_MODEL}.memory", 256),
    ),
    always(
        "container: logConfiguration (awslogs)",
        "EcsService()",
        at(_TASK, f"{_MODEL}.logConfiguration.logDriver", "awslogs"),
    ),
    yes(
        "container: cloudwatch_log_group_retention_in_days",
        "EcsService(log_retention_days=90)",
        at("aws_cloudwatch_log_group", "retention_in_days", 90),
    ),
    always(
        "container: cloudwatch_log_group_kms_key_id",
        "EcsService()",
        at("aws_cloudwatch_log_group", "kms_key_id", like("arn:aws:kms:.+")),
    ),
    no(
        "container: privileged",
        "Fargate has none, and a model server needs none.",
        never(_TASK, "privileged"),
    ),
    no(
        "container: repositoryCredentials",
        "Images come from ECR; cache another registry with `Registry.caches`.",
        never(_TASK, "repositoryCredentials"),
    ),
    yes(
        "container: restartPolicy",
        "EcsService(container=ContainerOptions(restart=Restart(attempt_period_seconds=60)))",
        at(_TASK, f"{_MODEL}.restartPolicy.restartAttemptPeriod", 60),
    ),
)
