"""Services on Kubernetes as Specs: what is refused, and whether pods fit nodes."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    Addon,
    AutoMode,
    BucketMount,
    ClaimMount,
    Context,
    CpuUtilization,
    EbsMount,
    EfsMount,
    EksCluster,
    EksOutputs,
    EksService,
    Environment,
    FargateProfile,
    GpuNodePool,
    Image,
    Ingress,
    InvocationsPerInstance,
    Kubernetes,
    Model,
    Network,
    NodeGroup,
    NodeGroups,
    Pod,
    Registry,
    Repository,
    Scaling,
    SpecError,
    Taint,
    TargetTracking,
    Toleration,
)
from inferform.spec import Spec, collecting, problems_of

MODEL = Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1.4.2/model.tar.gz")
SMALL = Pod(vcpu=1, memory_mib=2048)
CPU = NodeGroup(instance_types=["m7i.large"], max_size=3)
GPU = NodeGroup(instance_types=["g6.xlarge"], max_size=3)


def service(compute: Pod = SMALL, **fields: Any) -> EksService:
    return EksService(**{"model": MODEL, "compute": compute, **fields})


def refused(kind: type[Spec], **fields: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        kind(**fields)
    return [str(problem).rpartition(" (")[0] for problem in error.value.problems]


def environment(compute: Any, one: EksService, **changes: Any) -> Environment:
    given: dict[str, Any] = {
        "context": Context(
            organization="acme",
            stage="dev",
            account="111122223333",
            region="us-east-1",
            owner="ml",
        ),
        "network": Network(cidr="10.20.0.0/16"),
        "registry": Registry(repositories={"fraud": Repository()}),
        "eks": EksCluster(version="1.35", compute=compute),
        "kubernetes": Kubernetes(services={"fraud": one}),
    }
    return Environment(**{**given, **changes})


def unfit(compute: Any, one: EksService) -> str:
    with pytest.raises(SpecError) as error:
        environment(compute, one)
    (problem,) = error.value.problems
    return str(problem)


def groups(**given: NodeGroup) -> NodeGroups:
    return NodeGroups(groups=dict(given))


def test_a_pod_that_fits_is_taken() -> None:
    environment(groups(cpu=CPU), service())
    environment(groups(cpu=CPU, gpu=GPU), service(Pod(vcpu=3, memory_mib=12_000, gpus=1)))
    environment(AutoMode(), service(Pod(vcpu=32, memory_mib=120_000)))
    environment(FargateProfile(), service())


def test_what_is_kept_for_the_kubelet_does_not_count() -> None:
    # An m7i.large has 2 vCPUs and 8,192 MiB, of which pods get 1.93 and 7,518.
    environment(groups(cpu=CPU), service(Pod(vcpu=1.93, memory_mib=7518)))
    cpu = unfit(groups(cpu=CPU), service(Pod(vcpu=2, memory_mib=1024)))
    assert "kubernetes.services.fraud.compute: fits no node: cpu has 1.93 vCPUs for pods" in cpu
    assert "[KUB10]" in cpu
    memory = unfit(groups(cpu=CPU), service(Pod(vcpu=1, memory_mib=7519)))
    assert "cpu has 7,518 MiB for pods, not 7,519; use larger instance types" in memory


def test_the_smallest_type_of_a_group_decides() -> None:
    mixed = NodeGroup(instance_types=["m7i.2xlarge", "m7i.large"], max_size=3)
    assert "1.93 vCPUs" in unfit(groups(cpu=mixed), service(Pod(vcpu=4, memory_mib=1024)))


def test_a_gpu_needs_a_group_of_gpu_instances() -> None:
    message = unfit(groups(cpu=CPU), service(Pod(vcpu=1, memory_mib=1024, gpus=1)))
    assert "cpu has no GPUs, not 1; add a group of GPU instances" in message
    message = unfit(groups(cpu=CPU, gpu=GPU), service(Pod(vcpu=1, memory_mib=1024, gpus=4)))
    assert "gpu has 1 GPU, not 4" in message


def test_a_pod_without_gpus_is_kept_off_gpu_nodes() -> None:
    message = unfit(groups(gpu=GPU), service())
    assert "gpu has the taint nvidia.com/gpu=true" in message
    assert "gpu would take it with Toleration(key='nvidia.com/gpu', value='true')" in message
    tolerant = Pod(vcpu=1, memory_mib=1024, tolerations=[Toleration(key="nvidia.com/gpu")])
    environment(groups(gpu=GPU), service(tolerant))


def test_a_toleration_matches_by_value_and_effect() -> None:
    tainted = CPU.replace(taints=[Taint(key="team", value="ml")])

    def pod(**fields: Any) -> EksService:
        return service(Pod(vcpu=1, memory_mib=1024, tolerations=[Toleration(key="team", **fields)]))

    environment(groups(cpu=tainted), pod())
    environment(groups(cpu=tainted), pod(value="ml", effect="NO_SCHEDULE"))
    assert "taint team=ml" in unfit(groups(cpu=tainted), pod(value="web"))
    assert "taint team=ml" in unfit(groups(cpu=tainted), pod(effect="NO_EXECUTE"))
    preferred = CPU.replace(taints=[Taint(key="team", effect="PREFER_NO_SCHEDULE")])
    environment(groups(cpu=preferred), service())


def test_the_message_names_the_group_that_would_fit() -> None:
    small, large = CPU, NodeGroup(instance_types=["m7i.4xlarge"], max_size=2)
    pod = Pod(vcpu=8, memory_mib=16_000, node_group="small")
    message = unfit(groups(small=small, large=large), service(pod))
    assert message.partition(" [")[0].endswith("; node_group large would take it")


def test_an_unknown_node_group_gets_its_nearest_match() -> None:
    pod = Pod(vcpu=1, memory_mib=1024, node_group="cpuu")
    assert "did you mean cpu" in unfit(groups(cpu=CPU), service(pod))
    elsewhere = unfit(AutoMode(), service(pod))
    assert "the cluster's compute is AutoMode" in elsewhere


def test_an_unknown_instance_type_is_not_checked() -> None:
    environment(
        groups(cpu=NodeGroup(instance_types=["m99.large"], max_size=1)),
        service(Pod(vcpu=64, memory_mib=100_000)),
    )


def test_auto_mode_has_gpus_by_a_pool_of_its_own() -> None:
    pod = service(Pod(vcpu=1, memory_mib=1024, gpus=1))
    assert "give eks.compute a gpu_pool" in unfit(AutoMode(), pod)
    environment(AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"])), pod)


def test_fargate_has_limits_and_namespaces() -> None:
    assert "Fargate has no GPUs" in unfit(
        FargateProfile(), service(Pod(vcpu=1, memory_mib=1024, gpus=1))
    )
    assert "16 vCPUs" in unfit(FargateProfile(), service(Pod(vcpu=17, memory_mib=1024)))
    assert "add it to eks.compute.namespaces" in unfit(
        FargateProfile(), service(namespace="models")
    )


def test_a_foreign_cluster_is_not_checked() -> None:
    foreign = EksOutputs(
        cluster_name="shared", endpoint="https://x", certificate_authority="eA==", oidc_issuer="x"
    )
    one = service(Pod(vcpu=64, memory_mib=100_000, gpus=8))
    environment(AutoMode(), one, eks=foreign)


def test_services_need_a_cluster() -> None:
    with pytest.raises(SpecError, match="kubernetes: needs eks"):
        environment(AutoMode(), service(), eks=None)


def test_scaling_follows_what_kubernetes_measures() -> None:
    def scaling(**fields: Any) -> Scaling:
        tracked = TargetTracking(metric=CpuUtilization(percent=60))
        return Scaling(**{"max_capacity": 4, "policies": [tracked], **fields})

    service(scaling=scaling())
    invocations = TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))
    (problem,) = refused(
        EksService, model=MODEL, compute=SMALL, scaling=scaling(policies=[invocations])
    )
    assert "nothing measures InvocationsPerInstance on Kubernetes; track CpuUtil" in problem
    mistakes: list[dict[str, Any]] = [{"policies": []}, {"min_capacity": 0}]
    for wrong in mistakes:
        (problem,) = refused(EksService, model=MODEL, compute=SMALL, scaling=scaling(**wrong))
        assert problem.endswith("[KUB5]")
    (problem,) = refused(EksService, model=MODEL, compute=SMALL, scaling=scaling(), count=2)
    assert problem.endswith("[KUB6]")


def test_what_only_sagemaker_knows_is_not_dropped_silently() -> None:
    isolated = Model(image=MODEL.image, network_isolation=True)
    (problem,) = refused(EksService, model=isolated, compute=SMALL)
    assert problem.endswith("[KUB12]")


@pytest.mark.parametrize("name", ["kube-system", "default"])
def test_kubernetes_own_namespaces_are_left_alone(name: str) -> None:
    (problem,) = refused(EksService, model=MODEL, compute=SMALL, namespace=name)
    assert problem.endswith("[KUB13]")


def test_root_is_refused() -> None:
    (problem,) = refused(EksService, model=MODEL, compute=SMALL, user=0)
    assert problem.endswith("[KUB15]")


def test_a_host_and_a_path_have_their_form() -> None:
    (problem,) = refused(Ingress, host="https://fraud.example.com")
    assert "such as fraud.ml.example.com" in problem
    (problem,) = refused(Ingress, path="invocations")
    assert "such as /invocations" in problem


def test_the_internet_without_tls_is_warned_of() -> None:
    (problem,) = problems_of(Ingress(scheme="internet-facing"))
    assert problem.rule == "KUB9"


def test_one_pod_in_production_is_warned_of() -> None:
    context = environment(AutoMode(), service()).context.replace(protected=True)
    made = environment(AutoMode(), service(), context=context)
    assert [problem.rule for problem in problems_of(made)] == ["KUB14"]


def test_a_cluster_without_nat_needs_its_endpoints() -> None:
    closed = Network(cidr="10.20.0.0/16", nat="none")
    one = service(loader=Image(repository="fraud", tag="cli"))
    with pytest.raises(
        SpecError, match=r"lacks the endpoints ec2, ecr\.api, .*auto_endpoints"
    ) as e:
        environment(groups(cpu=CPU), one, network=closed)
    assert [problem.rule for problem in e.value.problems] == ["EKS35"]
    made = environment(groups(cpu=CPU), one, network=closed.replace(auto_endpoints=True))
    assert {"eks", "eks-auth", "sts"} <= made.interface_endpoints
    assert "elasticloadbalancing" not in made.interface_endpoints
    balanced = environment(
        groups(cpu=CPU),
        one.replace(ingress=Ingress()),
        network=closed.replace(auto_endpoints=True),
    )
    assert "elasticloadbalancing" in balanced.interface_endpoints


def test_public_images_are_out_of_reach_without_nat() -> None:
    closed = Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True)
    with pytest.raises(SpecError) as error:
        environment(groups(cpu=CPU, gpu=GPU), service(), network=closed)
    assert [(p.where, p.rule) for p in error.value.problems] == [
        ("kubernetes.device_plugin", "KUB18"),
        ("kubernetes.services.fraud.loader", "KUB18"),
    ]


FILES = EfsMount(path="/mnt/files", file_system="fs-0123456789abcdef0")


@pytest.mark.parametrize(
    ("path", "good"),
    [
        ("/cache", True),
        ("/mnt/models/v1.2", True),
        ("/opt/ml/models", True),
        ("cache", False),
        ("/cache/", False),
        ("/", False),
        ("/mnt/../etc", False),
        ("/mnt/a b", False),
        ("/" + "a" * 65, False),
        ("/etc/models", False),
        ("/usr", False),
        ("/tmp", False),
        ("/tmp/cache", False),
        # The loader unpacks the artifact there.
        ("/opt/ml/model", False),
        ("/opt/ml", False),
    ],
)
def test_a_volume_has_a_folder_of_its_own(path: str, good: bool) -> None:
    with collecting():
        made = service(volumes={"cache": EbsMount(path=path, size_gib=1)})
    assert {problem.rule for problem in problems_of(made)} == (set() if good else {"KUB24"})


def test_volumes_of_one_service_share_no_folder_and_no_file_system() -> None:
    (problem,) = refused(
        EksService,
        model=MODEL,
        compute=SMALL,
        volumes={"a": FILES, "b": EbsMount(path="/mnt/files/b", size_gib=1)},
    )
    assert "volumes.b.path: is or holds /mnt/files, that of volumes.a" in problem
    (problem,) = refused(
        EksService,
        model=MODEL,
        compute=SMALL,
        volumes={"a": FILES, "b": FILES.replace(path="/mnt/b")},
    )
    assert problem.endswith("[KUB28]")
    other = FILES.replace(path="/mnt/b", access_point="fsap-0123456789abcdef0")
    service(volumes={"a": FILES, "b": other})


def test_a_bucket_takes_the_models_place_without_an_artifact() -> None:
    model = Model(image=MODEL.image)
    assert service(model=model, volumes={"model": BucketMount()}).needs_role
    (problem,) = refused(EksService, model=MODEL, compute=SMALL, volumes={"model": BucketMount()})
    assert "is /opt/ml/model, that of model.artifact" in problem


@pytest.mark.parametrize(
    ("kind", "given", "rule"),
    [
        (EbsMount, {"size_gib": 16_385}, "KUB16"),
        (EfsMount, {"file_system": "fs-0123456"}, "KUB26"),
        (EfsMount, {"file_system": FILES.file_system, "access_point": "ap-01234567"}, "KUB26"),
        (BucketMount, {"bucket": "Models"}, "KUB27"),
        (BucketMount, {"prefix": "fraud"}, "KUB27"),
        (BucketMount, {"prefix": "/fraud/"}, "KUB27"),
        (BucketMount, {"prefix": "a b/"}, "KUB27"),
        (ClaimMount, {"claim": "Models"}, "KUB29"),
    ],
)
def test_what_a_volume_is_of_has_its_own_form(
    kind: type[Spec], given: dict[str, Any], rule: str
) -> None:
    with pytest.raises(SpecError) as error:
        kind(path="/mnt/a", **given)
    assert [problem.rule for problem in error.value.problems] == [rule]


ALL = {
    "ebs": EbsMount(path="/ebs", size_gib=16_384),
    "efs": FILES,
    "s3": BucketMount(path="/s3", prefix="a/"),
    "claim": ClaimMount(path="/claim", claim="models.v1"),
}
ADDONS = {
    "ebs": "aws-ebs-csi-driver",
    "efs": "aws-efs-csi-driver",
    "s3": "aws-mountpoint-s3-csi-driver",
}


def mounted(compute: Any, volume: str, *addons: Any, version: str = "1.35") -> list[str]:
    cluster = EksCluster(version=version, compute=compute, addons=dict.fromkeys(addons, Addon()))
    try:
        environment(compute, service(volumes={volume: ALL[volume]}), eks=cluster)
    except SpecError as error:
        return [str(p) for p in error.problems if p.severity == "error"]
    return []


@pytest.mark.parametrize("volume", ADDONS)
def test_a_volume_needs_its_driver_on_the_nodes(volume: str) -> None:
    (problem,) = mounted(groups(cpu=CPU), volume)
    assert (
        f"volumes.{volume}: cannot be mounted: the cluster has no add-on {ADDONS[volume]}"
        in problem
    )
    assert f'write eks.addons={{"{ADDONS[volume]}": Addon()}}' in problem
    assert "[KUB25]" in problem
    assert mounted(groups(cpu=CPU), volume, ADDONS[volume]) == []
    assert mounted(groups(cpu=CPU), "claim") == []


def test_auto_mode_brings_the_driver_of_ebs_and_fargate_that_of_efs() -> None:
    assert mounted(AutoMode(), "ebs") == []
    assert "aws-efs-csi-driver" in mounted(AutoMode(), "efs")[0]
    assert mounted(AutoMode(), "s3", ADDONS["s3"]) == []
    assert mounted(FargateProfile(), "efs") == []
    assert "Fargate mounts no EBS volumes" in mounted(FargateProfile(), "ebs")[0]
    assert "Fargate mounts no buckets" in mounted(FargateProfile(), "s3")[0]


def test_pods_run_on_groups_beside_auto_mode_where_they_fit() -> None:
    mixed = AutoMode(groups={"gpu": GPU, "cpu": CPU})
    environment(mixed, service(Pod(vcpu=32, memory_mib=120_000)))
    environment(mixed, service(Pod(vcpu=1, memory_mib=1024, gpus=1)))
    environment(mixed, service(Pod(vcpu=1, memory_mib=1024, node_group="cpu")))
    message = unfit(mixed, service(Pod(vcpu=8, memory_mib=1024, node_group="cpu")))
    assert "cpu has 1.93 vCPUs for pods" in message
    message = unfit(mixed, service(Pod(vcpu=1, memory_mib=1024, node_group="gpus")))
    assert "[KUB11]" in message
    message = unfit(AutoMode(groups={"cpu": CPU}), service(Pod(vcpu=1, memory_mib=1024, gpus=1)))
    assert "the built-in pools of Auto Mode have no GPUs" in message


def test_a_pod_of_a_group_beside_auto_mode_needs_the_driver_of_ebs() -> None:
    mixed = AutoMode(groups={"cpu": CPU})
    pod = Pod(vcpu=1, memory_mib=1024, node_group="cpu")
    one = service(pod, volumes={"ebs": ALL["ebs"]})
    assert "aws-ebs-csi-driver" in unfit(mixed, one)
    cluster = EksCluster(version="1.35", compute=mixed, addons={"aws-ebs-csi-driver": Addon()})
    environment(mixed, one, eks=cluster)


def test_buckets_need_the_kubernetes_that_tells_drivers_of_pods() -> None:
    (problem,) = mounted(groups(cpu=CPU), "s3", ADDONS["s3"], version="1.29")
    assert "need Kubernetes 1.30" in problem
    assert mounted(groups(cpu=CPU), "s3", ADDONS["s3"], version="1.30") == []
