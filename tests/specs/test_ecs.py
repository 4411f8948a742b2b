"""What ECS Specs refuse, and how they say it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform import (
    Canary,
    ContainerOptions,
    Context,
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    FrameworkContainer,
    Image,
    Inference,
    LoadBalancer,
    Model,
    Network,
    Registry,
    Repository,
    RequestsPerTarget,
    Rolling,
    Route,
    Scaling,
    Scheduled,
    SpecError,
    TargetTracking,
)
from inferform.model.image import framework_containers
from inferform.spec import problems_of

ACCOUNT = "111122223333"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
SMALL = Fargate(cpu=256, memory_mib=512)
ROUTE = Route(load_balancer="internal", hosts=["fraud.acme.test"])
NEEDED = ("ecr.api", "ecr.dkr", "logs")


def service(**changes: Any) -> EcsService:
    return EcsService(**{"model": MODEL, "compute": SMALL, "route": ROUTE, **changes})


def environment(
    services: dict[str, EcsService] | None = None,
    *,
    protected: bool = False,
    network: Network | None = None,
    **cluster: Any,
) -> Environment:
    return Environment(
        context=Context(
            organization="acme",
            stage="dev",
            account=ACCOUNT,
            region="us-east-1",
            owner="ml",
            protected=protected,
        ),
        network=network or Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(
            **{"load_balancers": {"internal": LoadBalancer(certificate=CERTIFICATE)}, **cluster}
        ),
        inference=Inference(services={"fraud": service()} if services is None else services),
    )


def refusal(of: type, **fields: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        of(**fields)
    return [problem.rule for problem in caught.value.problems if problem.severity == "error"]


def refused(**arguments: Any) -> dict[str, str]:
    """The paths of the environment's errors and their rules."""
    with pytest.raises(SpecError) as caught:
        environment(**arguments)
    return {p.where: p.rule for p in caught.value.problems if p.severity == "error"}


def warned(of: Environment | EcsService) -> list[str]:
    return [problem.rule for problem in problems_of(of) if problem.severity == "warning"]


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(256, 512), (512, 4096), (1024, 8192), (4096, 30720), (8192, 61440), (16384, 122880)],
)
def test_a_pair_of_cpu_and_memory_that_fargate_offers_is_taken(cpu: Any, memory: int) -> None:
    assert Fargate(cpu=cpu, memory_mib=memory).memory_mib == memory


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(256, 4096), (512, 512), (1024, 2000), (4096, 31744), (8192, 17408), (32768, 131072)],
)
def test_any_other_pair_is_refused(cpu: Any, memory: int) -> None:
    assert refusal(Fargate, cpu=cpu, memory_mib=memory) == ["ECS1"]


def test_the_refusal_says_what_the_cpu_takes() -> None:
    with pytest.raises(SpecError, match="got 4096; that takes 512, 1024, 2048 MiB"):
        Fargate(cpu=256, memory_mib=4096)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"cpu": 300, "memory_mib": 512}, "SPEC4"),
        ({"cpu": 256, "memory_mib": 512, "gpus": 1}, "SPEC1"),
        ({"cpu": 256, "memory_mib": 512, "ephemeral_storage_gib": 20}, "ECS3"),
        ({"cpu": 256, "memory_mib": 512, "on_demand_weight": 0}, "ECS12"),
        ({"cpu": 256, "memory_mib": 512, "spot_weight": 1001}, "ECS44"),
        ({"cpu": 256, "memory_mib": 512, "architecture": "aarch64"}, "SPEC4"),
    ],
)
def test_a_fargate_task_that_aws_refuses_is_refused(fields: dict[str, Any], rule: str) -> None:
    assert refusal(Fargate, **fields) == [rule]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"instance_types": ["g5.huge"], "max_instances": 2}, "ECS40"),
        ({"instance_types": ["inf2.xlarge"], "max_instances": 2}, "ECS40"),
        ({"instance_types": ["g5.xlarge", "m5.large"], "max_instances": 2}, "ECS31"),
        ({"instance_types": ["g5.xlarge", "g5g.xlarge"], "max_instances": 2}, "ECS31"),
        ({"instance_types": [], "max_instances": 2}, "ECS31"),
        ({"instance_types": ["g5.xlarge"], "max_instances": 2, "min_instances": 3}, "ECS30"),
        ({"instance_types": ["g5.xlarge"], "max_instances": 0}, "ECS30"),
        ({"instance_types": ["g5.xlarge"], "max_instances": 2, "volume_gb": 8}, "ECS41"),
        ({"instance_types": ["g5.xlarge"], "max_instances": 2, "on_demand_percent": 101}, "ECS30"),
        ({"instance_types": ["g5.xlarge"], "max_instances": 2, "ami_parameter": "ami-1"}, "ECS43"),
    ],
)
def test_capacity_that_cannot_start_is_refused(fields: dict[str, Any], rule: str) -> None:
    assert refusal(Ec2Capacity, **fields) == [rule]


@pytest.mark.parametrize(
    ("instance_type", "variant"),
    [("g5.xlarge", "gpu/"), ("m7g.large", "arm64/"), ("m5.large", "")],
)
def test_capacity_uses_the_optimised_image_of_its_instances(
    instance_type: str, variant: str
) -> None:
    capacity = Ec2Capacity(instance_types=[instance_type], max_instances=1)
    path = f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{variant}recommended/image_id"
    assert capacity.image_parameter == path


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"count": 2, "scaling": Scaling(max_capacity=4)}, "ECS29"),
        ({"route": None, "rollout": Canary()}, "ECS32"),
        ({"model": MODEL.replace(network_isolation=True)}, "ECS24"),
        ({"execute_command": True}, "ECS46"),
        ({"log_retention_days": 31}, "LOG1"),
        ({"loader": "public.ecr.aws/aws-cli/aws-cli:latest"}, "ECR2"),
        ({"loader": "public.ecr.aws/aws-cli/aws-cli"}, "ECR1"),
        ({"compute": "fargate"}, "SPEC3"),
    ],
)
def test_a_service_that_cannot_work_is_refused(changes: dict[str, Any], rule: str) -> None:
    assert refusal(EcsService, **{"model": MODEL, "compute": SMALL, "route": ROUTE, **changes}) == [
        rule
    ]


def test_a_name_is_a_secret_or_a_variable_but_not_both() -> None:
    arn = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:token-AbCdEf"
    model = MODEL.replace(environment={"HUB": "x"})
    container = ContainerOptions(secrets={"HUB": arn})
    assert refusal(EcsService, model=model, compute=SMALL, container=container) == ["ECS35"]


@pytest.mark.parametrize(
    ("tasks", "rollout", "stuck"),
    [
        (1, Rolling(max_percent=100), True),
        (4, Rolling(max_percent=100), True),
        # AWS rounds the most down and the least up.
        (1, Rolling(max_percent=150), True),
        (2, Rolling(max_percent=150), False),
        (3, Rolling(max_percent=133), True),
        (3, Rolling(max_percent=134), False),
        (1, Rolling(max_percent=100, min_healthy_percent=50), True),
        (2, Rolling(max_percent=100, min_healthy_percent=50), False),
        (1, Rolling(max_percent=100, min_healthy_percent=0), False),
        (0, Rolling(max_percent=150), False),
    ],
)
def test_a_rolling_deployment_has_room_to_move(tasks: int, rollout: Rolling, stuck: bool) -> None:
    service = EcsService(model=MODEL, compute=SMALL, route=ROUTE, rollout=rollout, count=tasks)
    assert ("ECS16" in [problem.rule for problem in problems_of(service)]) is stuck


def test_a_rolling_deployment_has_room_to_move_at_the_least_that_a_schedule_leaves() -> None:
    rollout = Rolling(max_percent=150)
    night = Scheduled(name="night", schedule="cron(0 19 * * ? *)", min_capacity=1)
    day = Scheduled(name="day", schedule="cron(0 7 * * ? *)", min_capacity=2)
    for schedules, found in (((day,), []), ((day, night), ["ECS16"])):
        scaling = Scaling(min_capacity=2, max_capacity=4, schedules=schedules)
        service = EcsService(
            model=MODEL, compute=SMALL, route=ROUTE, rollout=rollout, scaling=scaling
        )
        assert sorted(problem.rule for problem in problems_of(service)) == found


def test_scaling_by_requests_needs_one_target_group_and_a_route() -> None:
    by_requests = Scaling(
        max_capacity=4,
        policies=[TargetTracking(metric=RequestsPerTarget(requests_per_second=10))],
    )
    fields: dict[str, Any] = {"model": MODEL, "compute": SMALL, "scaling": by_requests}
    assert refusal(EcsService, **fields, route=ROUTE, rollout=Canary()) == ["ECS23"]
    assert refusal(EcsService, **fields) == ["AAS11"]
    assert EcsService(**fields, route=ROUTE).initial_count == 1


def test_a_secret_written_into_the_environment_is_refused() -> None:
    assert refusal(Model, image=MODEL.image, environment={"API_TOKEN": "hunter2hunter2"}) == [
        "MDL24"
    ]


def test_awss_own_containers_run_where_they_are_built_for() -> None:
    cpu = Model(image=FrameworkContainer(framework="scikit-learn", version="1.2-1"))
    arm = Fargate(cpu=256, memory_mib=512, architecture="ARM64")
    assert refusal(EcsService, model=cpu, compute=arm, route=ROUTE) == ["ECS47"]
    lmi = framework_containers()["djl-lmi"]["versions"]
    gpu_only = Model(image=FrameworkContainer(framework="djl-lmi", version=next(iter(lmi))))
    assert warned(service(model=gpu_only)) == ["ECS48"]
    task = Ec2(capacity="gpu", memory_mib=4096, gpus=1)
    assert warned(service(model=gpu_only, compute=task)) == []


def gpu(**changes: Any) -> dict[str, Ec2Capacity]:
    fields = {"instance_types": ["g5.xlarge"], "max_instances": 2, **changes}
    return {"gpu": Ec2Capacity(**fields)}


@pytest.mark.parametrize(
    ("compute", "where", "rule"),
    [
        ({"capacity": "gpus", "memory_mib": 4096}, "compute.capacity", "ECS28"),
        ({"capacity": "gpu", "memory_mib": 4096, "gpus": 2}, "compute.gpus", "ECS4"),
        ({"capacity": "gpu", "memory_mib": 16384}, "compute.memory_mib", "ECS33"),
        ({"capacity": "gpu", "memory_mib": 4096, "cpu": 8192}, "compute.cpu", "ECS33"),
        (
            {"capacity": "gpu", "memory_mib": 4096, "architecture": "ARM64"},
            "compute.architecture",
            "ECS26",
        ),
    ],
)
def test_a_task_that_the_capacity_cannot_hold_is_refused(
    compute: dict[str, Any], where: str, rule: str
) -> None:
    services = {"llm": service(compute=Ec2(**compute))}
    assert refused(services=services, capacity=gpu()) == {f"inference.services.llm.{where}": rule}


def test_a_task_that_fits_is_taken() -> None:
    task = Ec2(capacity="gpu", memory_mib=12_000, cpu=4096, gpus=1, architecture="X86_64")
    assert environment({"llm": service(compute=task)}, capacity=gpu()).ecs is not None


def test_services_need_a_cluster() -> None:
    made = environment()
    with pytest.raises(SpecError, match=r"inference\.services: needs ecs"):
        made.replace(ecs=None)


def test_a_cluster_needs_a_network_and_a_registry() -> None:
    made = environment({})
    with pytest.raises(SpecError) as caught:
        Environment(context=made.context, ecs=made.ecs)
    assert [str(p).split(":")[0] for p in caught.value.problems] == ["ecs", "ecs"]


def test_a_private_network_names_the_endpoints_that_a_service_lacks() -> None:
    network = Network(cidr="10.20.0.0/16", nat="none", interface_endpoints=["ecr.api"])
    with pytest.raises(SpecError) as caught:
        environment(network=network)
    assert [problem.rule for problem in caught.value.problems] == ["ECS22"]
    assert "lacks the endpoints ecr.dkr, logs;" in str(caught.value)


def test_each_thing_that_a_service_asks_for_adds_its_endpoint() -> None:
    asked = service(
        compute=Ec2(capacity="gpu", memory_mib=4096),
        container=ContainerOptions(
            secrets={
                "A": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:a-AbCdEf",
                "B": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/b",
            },
            read_only=False,
        ),
        execute_command=True,
    )
    agent = {"ecs", "ecs-agent", "ecs-telemetry"}
    shell = {"kms", "ssmmessages"}
    (deployed,) = environment({"fraud": asked}, capacity=gpu()).deployed
    needs = deployed.spec.needs(deployed.place)
    assert needs.interface_endpoints == {*NEEDED, *agent, *shell, "secretsmanager", "ssm"}


def test_the_network_adds_the_endpoints_when_it_is_told_to() -> None:
    made = environment(network=Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True))
    assert made.interface_endpoints == set(NEEDED)
    assert made.private


def test_a_public_loader_is_refused_where_nothing_reaches_it() -> None:
    network = Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True)
    loads = service(model=MODEL.replace(artifact="fraud/model.tar.gz"))
    where = "inference.services.fraud.loader"
    assert refused(services={"fraud": loads}, network=network) == {where: "ECS38"}
    cached = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/ecr-public/aws-cli/aws-cli:2.27.51"
    assert environment({"fraud": loads.replace(loader=cached)}, network=network).private


def test_production_is_warned_of_one_task_and_of_spot_alone() -> None:
    spot = Fargate(cpu=256, memory_mib=512, on_demand_weight=0, spot_weight=1)
    made = environment({"fraud": service(compute=spot)}, protected=True)
    assert sorted(warned(made)) == ["ECS34", "ECS39"]


def test_a_service_that_nobody_checks_is_a_warning() -> None:
    assert warned(service(route=None)) == ["ECS25"]


def test_a_short_grace_period_is_a_warning_for_a_service_that_fetches_its_model() -> None:
    model = MODEL.replace(artifact="fraud/model.tar.gz")
    assert warned(service(model=model, route=ROUTE.replace(grace_seconds=10))) == ["ECS14"]


@pytest.mark.parametrize("organization", ["aws-team", "ecs", "fargate"])
def test_an_organization_that_makes_reserved_names_is_refused(organization: str) -> None:
    made = environment({}, capacity=gpu())
    context = made.context.replace(organization=organization)
    with pytest.raises(SpecError, match="ECS27"):
        made.replace(context=context)


def test_moving_a_model_from_sagemaker_changes_only_what_is_around_it() -> None:
    from inferform import RealtimeEndpoint

    model = MODEL.replace(artifact="fraud/model.tar.gz", environment={"LOG_LEVEL": "info"})
    endpoint = RealtimeEndpoint(model=model, instance_type="ml.m5.large")
    moved = service(model=endpoint.model)
    assert json.loads(moved.model.model_dump_json()) == json.loads(model.model_dump_json())
