"""A service behind a load balancer, whose logs Fluent Bit routes.

As in terraform-aws-modules/terraform-aws-ecs, examples/complete.
"""

from inferform import (
    ContainerHealth,
    ContainerOptions,
    Context,
    CpuUtilization,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    FireLens,
    HealthCheck,
    Image,
    Inference,
    LoadBalancer,
    MemoryUtilization,
    Model,
    Network,
    Permissions,
    PolicyStatement,
    Registry,
    Repository,
    Rolling,
    Route,
    Scaling,
    TargetTracking,
)

ecs_complete = Environment(
    context=Context(
        organization="acme",
        stage="ecs",
        account="111122223333",
        region="eu-west-1",
        owner="ml",
        tags={
            "Example": "ex-complete",
            "Repository": "https://github.com/terraform-aws-modules/terraform-aws-ecs",
        },
    ),
    network=Network(cidr="10.111.0.0/16", availability_zones=3),
    registry=Registry(repositories={"frontend": Repository()}),
    ecs=EcsCluster(
        load_balancers={"internal": LoadBalancer(certificate=None)},
        overrides={
            "capacity": {
                "default_capacity_provider_strategy": [
                    {"capacity_provider": "FARGATE", "base": 20, "weight": 50},
                    {"capacity_provider": "FARGATE_SPOT", "weight": 50},
                ]
            }
        },
    ),
    inference=Inference(
        services={
            "frontend": EcsService(
                model=Model(image=Image(repository="frontend", tag="776fd50")),
                compute=Fargate(cpu=1024, memory_mib=4096),
                scaling=Scaling(
                    min_capacity=1,
                    max_capacity=10,
                    policies=[
                        TargetTracking(metric=CpuUtilization(percent=75)),
                        TargetTracking(metric=MemoryUtilization(percent=75)),
                    ],
                ),
                rollout=Rolling(min_healthy_percent=66, max_percent=200),
                container=ContainerOptions(
                    command=[],
                    port=3000,
                    read_only=False,
                    stop_timeout_seconds=120,
                    health=ContainerHealth(
                        command=["sh", "-c", "curl -f http://localhost:3000/health || exit 1"]
                    ),
                ),
                sidecars={
                    "fluent-bit": FireLens(
                        cpu=512,
                        memory_mib=1024,
                        output={
                            "Name": "firehose",
                            "delivery_stream": "my-stream",
                            "log-driver-buffer-limit": "2097152",
                        },
                    )
                },
                route=Route(
                    load_balancer="internal",
                    paths=["/*"],
                    deregistration_delay_seconds=5,
                    health_check=HealthCheck(
                        path="/",
                        interval_seconds=30,
                        timeout_seconds=5,
                        healthy_threshold=5,
                        unhealthy_threshold=2,
                    ),
                ),
                egress_cidrs=["0.0.0.0/0"],
                permissions={
                    "task": Permissions(
                        statements=[
                            PolicyStatement(actions=["s3:List*"], resources=["arn:aws:s3:::*"])
                        ],
                        policies=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                    )
                },
            )
        }
    ),
)
