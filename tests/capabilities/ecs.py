"""Amazon ECS."""

from __future__ import annotations

from inferform import (
    Canary,
    ContainerHealth,
    ContainerOptions,
    EcsCluster,
    EcsDeployment,
    EcsService,
    Environment,
    Fargate,
    Image,
    Inference,
    LifecycleHook,
    LoadBalancer,
    Model,
    Network,
    PrivateDns,
    Registry,
    Repository,
    RestrictedListener,
    Route,
    ServiceConnect,
)

from .record import (
    ACCOUNT,
    CERTIFICATE,
    CLOSED_SET,
    DEV,
    FLAG,
    MODEL,
    PART_OF_A_NAME,
    TERRAFORMS,
    Capability,
)

_EXAMPLE = f"""
ecs=EcsCluster(
    capacity={{
        "gpu": Ec2Capacity(
            instance_types=["g5.xlarge"], max_instances=2, gpu_metrics=True
        ),
        "spot": Ec2Capacity(
            instance_types=["g4dn.xlarge"], max_instances=4, on_demand_percent=0
        ),
    }},
    load_balancers={{
        "internal": LoadBalancer(
            certificate="{CERTIFICATE}", allowed_cidrs=["10.0.0.0/8"],
            access_logs=AccessLogs(expire_days=30),
            test_listener=RestrictedListener(
                port=8443, allowed_cidrs=["10.9.0.0/16"], allowed_groups=["sg-0123456789abcdef0"]
            ),
            records={{
                "fraud.acme.test": HostedZone(id="Z0123456789ABCDEFGHIJ"),
                "*.acme.test": HostedZone(name="acme.test", private=False),
            }},
        ),
    }},
    namespace="inference.acme.internal",
),
inference=Inference(
    services={{
        "web": EcsService(
            model={MODEL}, compute=Fargate(cpu=1024, memory_mib=2048, spot_weight=1),
            scaling=Scaling(
                min_capacity=1, max_capacity=4,
                policies=[TargetTracking(metric=CpuUtilization(percent=60.0))],
            ),
            route=Route(
                load_balancer="internal", hosts=["fraud.acme.test"], paths=["/fraud/*"],
                priority=10, health_check=HealthCheck(path="/ping", interval_seconds=15),
            ),
            rollout=Canary(canary_percent=10, wait_seconds=300, alarm_names=["business"]),
            container=ContainerOptions(
                secrets={{"TOKEN": "arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"}},
                user="10003", read_only=True, stop_timeout_seconds=60,
            ),
            deployment=EcsDeployment(
                controller="CODE_DEPLOY", test_traffic=True,
                hooks=[
                    LifecycleHook(
                        function="arn:aws:lambda:us-east-1:{ACCOUNT}:function:check:live",
                        stages=["AfterAllowTestTraffic"],
                    ),
                ],
            ),
        ),
        "gpu": EcsService(
            model={MODEL}, count=1,
            compute=Ec2(
                capacity="gpu", memory_mib=4096, gpus=1, share=CapacityShare(base=1, weight=1),
                more_capacity={{"spot": CapacityShare(weight=3)}},
            ),
            rollout=Rolling(min_healthy_percent=50), deployment=EcsDeployment(controller="ECS"),
            egress_cidrs=["192.0.2.0/24"],
            discovery=PrivateDns(
                name="gpu-model", ttl_seconds=5, routing="WEIGHTED", allowed_cidrs=["10.0.0.0/8"],
                calls=[8080],
            ),
            container=ContainerOptions(
                command=["serve", "--fast"], entry_point=["/bin/server"], port=8000,
                depends_on={{"agent": "HEALTHY"}}, ulimits={{"nofile": Ulimit(soft=1024, hard=65535)}},
                shared_memory_mib=1024, init_process=True, environment_files=["fraud/prod.env"],
                restart=Restart(attempt_period_seconds=60, ignored_exit_codes=[0]),
                health=ContainerHealth(command=["CMD-SHELL", "true"]),
            ),
            sidecars={{
                "agent": SideCar(
                    image=Image(repository="fraud", tag="agent-1"), essential=True,
                    command=["--config"], entry_point=["/bin/agent"], environment={{"LEVEL": "info"}},
                    secrets={{"TOKEN": "arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"}},
                    cpu=64, memory_mib=128, ports=[4319],
                    environment_files=["s3://acme-shared/agent.env"],
                    health=ContainerHealth(command=["true"]), user="10002",
                ),
                "router": FireLens(
                    output={{"Name": "firehose", "delivery_stream": "logs"}},
                    output_secrets={{"key": "arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"}},
                ),
                "otel": Adot(config="receivers:", memory_mib=256, cpu=32),
                "log": SideCar(
                    image=Image(repository="fraud", tag="log-1"), depends_on={{"model": "START"}},
                ),
            }},
            volumes={{
                "features": EfsVolume(
                    file_system="fs-0123456789abcdef0", access_point="fsap-0123456789abcdef0",
                    path="/mnt/features", containers=["model", "agent"],
                ),
                "files": EfsVolume(file_system="fs-0123456789abcdef0", path="/mnt/a", root="/a"),
            }},
        ),
        "mesh": EcsService(
            model={MODEL}, compute=Fargate(cpu=1024, memory_mib=2048),
            container=ContainerOptions(health=ContainerHealth(command=["true"])),
            discovery=ServiceConnect(
                dns_name="mesh-model", port=80, protocol="grpc", idle_timeout_seconds=60,
                request_timeout_seconds=30,
            ),
        ),
    }},
),
"""


def namespace() -> Environment:
    """Services that find each other by name, which the README's environments have not."""
    model = Model(image=Image(repository="fraud", tag="1.4.2"))
    container = ContainerOptions(health=ContainerHealth(command=["true"]))
    task = EcsService(model=model, compute=Fargate(cpu=256, memory_mib=512), container=container)
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(namespace="inference.acme.internal"),
        inference=Inference(
            services={
                "named": task.replace(discovery=PrivateDns(ttl_seconds=5)),
                "connected": task.replace(
                    discovery=ServiceConnect(
                        dns_name="scores",
                        port=80,
                        idle_timeout_seconds=60,
                        request_timeout_seconds=30,
                        calls=[8080],
                    )
                ),
                "caller": task.replace(discovery=ServiceConnect(client_only=True, calls=[80])),
            }
        ),
    )


def hooks() -> Environment:
    """A rollout by ECS with hooks and test traffic, which the README only has by CodeDeploy."""
    model = Model(image=Image(repository="fraud", tag="1.4.2"))
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:check"
    asked = [
        LifecycleHook(function=function, stages=["PRE_SCALE_UP"]),
        LifecycleHook(
            function=function,
            stages=["POST_TEST_TRAFFIC_SHIFT"],
            role=f"arn:aws:iam::{ACCOUNT}:role/hooks",
        ),
    ]
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(
            load_balancers={
                "internal": LoadBalancer(
                    certificate=CERTIFICATE,
                    test_listener=RestrictedListener(
                        port=8443,
                        allowed_cidrs=["10.9.0.0/16"],
                        allowed_groups=["sg-0123456789abcdef0"],
                    ),
                )
            }
        ),
        inference=Inference(
            services={
                "asked": EcsService(
                    model=model,
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(load_balancer="internal", hosts=["fraud.acme.test"]),
                    rollout=Canary(),
                    deployment=EcsDeployment(controller="ECS", hooks=asked, test_traffic=True),
                ),
                "shown": EcsService(
                    model=model,
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(load_balancer="internal", hosts=["shown.acme.test"]),
                    rollout=Canary(),
                    deployment=EcsDeployment(test_traffic=True),
                ),
            }
        ),
    )


CAPABILITY = Capability(
    environments={"hooks": hooks, "namespace": namespace},
    examples={
        "ecs": _EXAMPLE,
    },
    not_aws={
        "stages of ECS, and events of CodeDeploy's AppSpec": ("LifecycleHook.stages[]",),
        PART_OF_A_NAME: ("Ec2Capacity.ami_parameter",),
    },
    left_out={
        "Ec2Capacity.instance_types[]": {
            r"(dl1|dl2q|f1|f2|g4ad|inf1|inf2|trn1|trn1n|trn2|trn2u|vt1)\..+": (
                "accelerators that the ECS-optimised AMIs have no driver for"
            ),
            r"(c1|cc\d|cg1|cr1|g2|g3s?|hi1|hs1|m1|m2|p2|p3|t1)\..+": "are of a previous generation",
            r"mac[-\w]*\..+": "have macOS",
        },
        "EcsDeployment.controller": {
            "EXTERNAL": "is for a controller of one's own",
        },
    },
    stricter={
        "a name of one label, in lower case, as all of DNS takes it": ("PrivateDns.name",),
        "a DNS name of two labels or more, in lower case": ("EcsCluster.namespace",),
        "0 is no port": ("ServiceConnect.port",),
        "a quota of the account is lower": ("Ec2Capacity.max_instances",),
        "the closed set of the EC2 API": ("Ec2Capacity.instance_types[]",),
    },
    shorter={
        "labels of DNS have 63 characters": ("EcsCluster.namespace",),
        CLOSED_SET: ("Ec2Capacity.instance_types[]",),
    },
    good={
        "ECS37": ("10001", "app:app"),
        "ECS68": ("ns-0123456789abcdef", "inference.acme.internal"),
        "ECS69": ("fraud", "fraud-2"),
        "ECS62": ("fraud/prod.env", "s3://acme-shared/prod.env"),
        "EfsVolume.access_point": ("fsap-0123456789abcdef0",),
        "EfsVolume.file_system": ("fs-0123456789abcdef0",),
    },
    requests={
        "aws_autoscaling_group": "autoscaling:CreateAutoScalingGroup",
        "aws_codedeploy_app": "codedeploy:CreateApplication",
        "aws_codedeploy_deployment_config": "codedeploy:CreateDeploymentConfig",
        "aws_codedeploy_deployment_group": "codedeploy:CreateDeploymentGroup",
        "aws_ecs_capacity_provider": "ecs:CreateCapacityProvider",
        "aws_ecs_cluster": "ecs:CreateCluster",
        "aws_ecs_cluster_capacity_providers": "ecs:PutClusterCapacityProviders",
        "aws_ecs_service": "ecs:CreateService ecs:DeploymentConfiguration",
        "aws_ecs_task_definition": "ecs:RegisterTaskDefinition",
        "aws_service_discovery_private_dns_namespace": "servicediscovery:CreatePrivateDnsNamespace",
        "aws_service_discovery_service": "servicediscovery:CreateService",
    },
    elsewhere={
        "aws_autoscaling_group.protect_from_scale_in": (
            "autoscaling:CreateAutoScalingGroupType.NewInstancesProtectedFromScaleIn"
        ),
        "aws_codedeploy_app.name": "codedeploy:CreateApplicationInput.applicationName",
        ("aws_codedeploy_deployment_config.traffic_routing_config.time_based_canary.interval"): (
            "codedeploy:TimeBasedCanary.canaryInterval"
        ),
        ("aws_codedeploy_deployment_config.traffic_routing_config.time_based_canary.percentage"): (
            "codedeploy:TimeBasedCanary.canaryPercentage"
        ),
        ("aws_codedeploy_deployment_config.traffic_routing_config.time_based_linear.interval"): (
            "codedeploy:TimeBasedLinear.linearInterval"
        ),
        ("aws_codedeploy_deployment_config.traffic_routing_config.time_based_linear.percentage"): (
            "codedeploy:TimeBasedLinear.linearPercentage"
        ),
        "aws_codedeploy_deployment_group.alarm_configuration.alarms": "codedeploy:Alarm.name",
        "aws_codedeploy_deployment_group.app_name": (
            "codedeploy:CreateDeploymentGroupInput.applicationName"
        ),
        "aws_codedeploy_deployment_group.blue_green_deployment_config": (
            "codedeploy:BlueGreenDeploymentConfiguration"
        ),
        (
            "aws_codedeploy_deployment_group.blue_green_deployment_config."
            "terminate_blue_instances_on_deployment_success"
        ): "codedeploy:BlueInstanceTerminationOption",
        "aws_codedeploy_deployment_group.load_balancer_info.target_group_pair_info": "codedeploy:TargetGroupPairInfo",
        "aws_ecs_cluster_capacity_providers.cluster_name": (
            "ecs:PutClusterCapacityProvidersRequest.cluster"
        ),
        "aws_ecs_service.deployment_maximum_percent": (
            "ecs:DeploymentConfiguration.maximumPercent"
        ),
        "aws_ecs_service.deployment_minimum_healthy_percent": (
            "ecs:DeploymentConfiguration.minimumHealthyPercent"
        ),
        "aws_ecs_service.service_connect_configuration.service.client_alias.dns_name": (
            "ecs:ServiceConnectClientAlias.dnsName"
        ),
        "aws_ecs_service.service_connect_configuration.service.client_alias.port": (
            "ecs:ServiceConnectClientAlias.port"
        ),
        "aws_ecs_service.network_configuration": "ecs:AwsVpcConfiguration",
        "aws_ecs_service.ordered_placement_strategy": (
            "ecs:CreateServiceRequest.placementStrategy"
        ),
    },
    own={
        TERRAFORMS: (
            "aws_autoscaling_group.force_delete",
            "aws_ecs_service.force_new_deployment",
            "aws_ecs_service.wait_for_steady_state",
            "aws_ecs_task_definition.skip_destroy",
        ),
        FLAG: ("aws_ecs_service.network_configuration.assign_public_ip",),
    },
    checkov={
        f"{environment}-*/aws_iam_role_policy.services_*_rollout_policy_*": {
            "CKV_AWS_355": (
                "CloudWatch answers about composite alarms only to those who may describe all "
                "alarms"
            ),
        }
        for environment in ("ecs", "hooks")
    },
)
