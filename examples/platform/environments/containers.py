"""What Lark serves outside of SageMaker."""

from inferform import (
    CapacityReservation,
    CpuUtilization,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Fargate,
    FunctionContainer,
    Image,
    Kubernetes,
    LambdaFunction,
    LoadBalancer,
    Model,
    NodeGroup,
    NodeGroups,
    Pod,
    Route,
    Scaling,
    TargetTracking,
)

# On Fargate, behind a load balancer: how likely an invoice is paid.
SCORE = EcsService(
    model=Model(image=Image(repository="score", tag="3.0.0")),
    compute=Fargate(cpu=512, memory_mib=1024),
    route=Route(load_balancer="internal", hosts=["score.lark.example"]),
)
# On Lambda, as few ask: in which language a text is.
LANGUAGE = LambdaFunction(
    model=Model(image=Image(repository="language", tag="1.0.0")),
    timeout_seconds=20,
    container=FunctionContainer(base_path="/language"),
)


def cluster(certificate: str) -> EcsCluster:
    """The cluster of ECS, with its load balancer."""
    return EcsCluster(load_balancers={"internal": LoadBalancer(certificate=certificate)})


def kubernetes_cluster(zone: str) -> EksCluster:
    """The cluster of EKS, whose two nodes are reserved."""
    group = NodeGroup(
        instance_types=["m7i.large"],
        min_size=2,
        max_size=2,
        reservation=CapacityReservation(instances={zone: 2}),
    )
    return EksCluster(version="1.35", compute=NodeGroups(groups={"cpu": group}))


def kubernetes() -> Kubernetes:
    """Pods that turn texts into vectors."""
    embeddings = EksService(
        model=Model(image=Image(repository="embeddings", tag="2.1.0")),
        compute=Pod(vcpu=0.5, memory_mib=1024),
        scaling=Scaling(
            min_capacity=1,
            max_capacity=4,
            policies=[TargetTracking(metric=CpuUtilization(percent=60))],
        ),
    )
    return Kubernetes(services={"embeddings": embeddings})
