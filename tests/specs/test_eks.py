"""EKS clusters as Specs: what is refused, what is warned of, what is derived."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from inferform import (
    AccessEntry,
    Addon,
    AutoMode,
    Context,
    EksCluster,
    Environment,
    FargateProfile,
    GpuNodePool,
    Network,
    NodeGroup,
    NodeGroups,
    Registry,
    SpecError,
    Taint,
)
from inferform.ec2 import has_gpu
from inferform.eks.instances import architecture, has_neuron, node_types
from inferform.eks.spec import AddonName
from inferform.eks.versions import in_support, versions, versions_read
from inferform.spec import Spec, problems_of


def refused(kind: type[Spec], **fields: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        kind(**fields)
    return [str(problem).rpartition(" (")[0] for problem in error.value.problems]


def rules(spec: Spec) -> list[str]:
    return [problem.rule for problem in problems_of(spec)]


def group(**fields: Any) -> NodeGroup:
    return NodeGroup(**{"instance_types": ["m7i.xlarge"], "max_size": 3, **fields})


def environment(cluster: EksCluster, **changes: Any) -> Environment:
    given: dict[str, Any] = {
        "context": Context(
            organization="acme",
            stage="dev",
            account="111122223333",
            region="us-east-1",
            owner="ml",
            deploy_role="inferform-deploy",
        ),
        "network": Network(cidr="10.20.0.0/16"),
        "registry": Registry(),
        "eks": cluster,
    }
    return Environment(**{**given, **changes})


@pytest.mark.parametrize("version", ["1.35.1", "v1.35", "2", "1.5"])
def test_a_version_is_major_and_minor(version: str) -> None:
    (problem,) = refused(EksCluster, version=version)
    assert "such as '1.35'" in problem
    assert problem.endswith("[EKS1]")


def test_the_table_of_versions_warns_and_never_refuses() -> None:
    assert all(rules(EksCluster(version=version)) == [] for version in in_support("standard"))
    assert all(rules(EksCluster(version=version)) == ["EKS2"] for version in in_support("extended"))
    assert all(rules(EksCluster(version=version)) == ["EKS2"] for version in in_support("ended"))
    assert rules(EksCluster(version="1.99")) == ["EKS20"]


def test_the_support_of_a_version_ends_on_its_days() -> None:
    version = versions()["1.34"]
    days = {
        "2026-12-02": "standard",
        "2026-12-03": "extended",
        "2027-12-02": "extended",
        "2027-12-03": "ended",
    }
    assert {day: version.support(date.fromisoformat(day)) for day in days} == days
    assert version.ending(date(2026, 9, 2)) is None
    assert version.ending(date(2026, 9, 3)) == ("standard", version.standard_until)
    assert versions()["1.37"].support(date(2099, 1, 1)) == "extended"
    assert versions()["1.37"].ending(date(2099, 1, 1)) is None


def test_the_table_of_versions_is_that_of_a_day_and_in_order() -> None:
    assert in_support("standard") == ("1.34", "1.35", "1.36", "1.37")
    assert versions_read() == date(2026, 10, 9)
    rows = [*versions().values()]
    assert rows == sorted(rows, key=lambda each: each.standard_until)


def test_extended_support_is_named_as_the_way_to_stay() -> None:
    (staying,) = problems_of(EksCluster(version="1.33"))
    (paying,) = problems_of(EksCluster(version="1.33", support_type="EXTENDED"))
    assert "support_type='EXTENDED'" in str(staying)
    assert "support_type" not in str(paying)


@pytest.mark.parametrize(
    ("kind", "fields", "hint"),
    [
        (AutoMode, {"node_pools": ["genral-purpose"]}, "did you mean general-purpose"),
        (EksCluster, {"version": "1.35", "addons": {"cordns": Addon()}}, "did you mean coredns"),
        (
            NodeGroup,
            {"instance_types": ["g5.xlarge"], "max_size": 1, "ami_type": "AL2023_x86_64_NVIDA"},
            "did you mean AL2023_x86_64_NVIDIA",
        ),
        (
            AccessEntry,
            {
                "principal": "arn:aws:iam::111122223333:role/a",
                "policy": "AmazonEKSClusterAdmin",
            },
            "did you mean AmazonEKSClusterAdminPolicy",
        ),
        (GpuNodePool, {"instance_families": ["g6ee"]}, "did you mean g6e"),
    ],
)
def test_a_typo_in_a_closed_set_gets_its_nearest_match(
    kind: type[Spec], fields: dict[str, Any], hint: str
) -> None:
    (problem,) = refused(kind, **fields)
    assert hint in problem


def test_an_ended_ami_type_is_refused() -> None:
    (problem,) = refused(
        NodeGroup, instance_types=["m5.large"], max_size=1, ami_type="AL2_x86_64_GPU"
    )
    assert "ended in November 2025" in problem


@pytest.mark.parametrize(
    ("instance_type", "ami"),
    [
        ("m7i.xlarge", "AL2023_x86_64_STANDARD"),
        ("m7g.xlarge", "AL2023_ARM_64_STANDARD"),
        ("g5.xlarge", "AL2023_x86_64_NVIDIA"),
        ("g6f.xlarge", "AL2023_x86_64_NVIDIA"),
        ("g5g.xlarge", "AL2023_ARM_64_NVIDIA"),
        ("inf2.xlarge", "AL2023_x86_64_NEURON"),
        ("trn2.48xlarge", "AL2023_x86_64_NEURON"),
    ],
)
def test_the_ami_follows_the_instance_family(instance_type: str, ami: str) -> None:
    assert group(instance_types=[instance_type]).ami == ami


def test_families_say_what_the_table_says() -> None:
    for name, facts in node_types().items():
        assert has_gpu(name) or not facts.gpus, name
        assert has_neuron(name) or not facts.neuron_devices, name
    assert architecture("z99g.large") == "arm64"
    assert architecture("z99i.large") == "x86_64"


def test_the_table_is_what_ec2_describes() -> None:
    moto = pytest.importorskip("moto.ec2.models.instance_types").INSTANCE_TYPES
    for name, facts in node_types().items():
        described = moto[name]
        assert facts.vcpu == described["VCpuInfo"]["DefaultVCpus"], name
        assert facts.memory_mib == described["MemoryInfo"]["SizeInMiB"], name
        assert facts.arch in described["ProcessorInfo"]["SupportedArchitectures"], name


def test_what_a_node_keeps_for_itself_is_what_the_eks_ami_reserves() -> None:
    facts = node_types()["m5.large"]
    # 255 MiB and 11 for each of 29 pods are reserved, 100 kept from eviction; 70 millicores.
    assert facts.max_pods == 29
    assert facts.pod_memory_mib == 8192 - 574 - 100
    assert facts.pod_cpu == pytest.approx(1.93)
    assert node_types()["m5.4xlarge"].pod_cpu == pytest.approx(16 - 0.11)


def test_processors_of_two_kinds_need_two_groups() -> None:
    (problem,) = refused(NodeGroup, instance_types=["m7g.large", "m7i.large"], max_size=1)
    assert "make a group of each" in problem
    (problem,) = refused(NodeGroup, instance_types=["g5.xlarge", "m7i.large"], max_size=1)
    assert problem.endswith("[EKS7]")


def test_an_ami_of_another_processor_is_refused() -> None:
    (problem,) = refused(
        NodeGroup, instance_types=["m7g.large"], max_size=1, ami_type="AL2023_x86_64_STANDARD"
    )
    assert "AL2023_ARM_64_STANDARD" in problem


def test_an_ami_without_the_driver_is_warned_of() -> None:
    assert rules(group(instance_types=["g5.xlarge"], ami_type="AL2023_x86_64_STANDARD")) == [
        "EKS24"
    ]
    assert rules(group(instance_types=["g5.xlarge"], ami_type="BOTTLEROCKET_x86_64_NVIDIA")) == []


def test_an_unknown_instance_type_is_a_warning_and_a_sagemaker_one_an_error() -> None:
    assert rules(group(instance_types=["m99.large"])) == ["EKS21"]
    (problem,) = refused(NodeGroup, instance_types=["ml.m5.large"], max_size=1)
    assert problem.endswith("[EKS26]")


@pytest.mark.parametrize(
    "sizes",
    [
        {"min_size": 4, "max_size": 3},
        {"max_size": 3, "desired_size": 4},
        {"max_size": 3, "min_size": 2, "desired_size": 1},
    ],
)
def test_sizes_are_in_order(sizes: dict[str, int]) -> None:
    (problem,) = refused(NodeGroup, instance_types=["m5.large"], **sizes)
    assert problem.endswith("[EKS8]")


def test_gpu_nodes_are_tainted_unless_told_otherwise() -> None:
    assert [taint.key for taint in group(instance_types=["g5.xlarge"]).all_taints] == [
        "nvidia.com/gpu"
    ]
    assert group(instance_types=["g5.xlarge"], taints=[]).all_taints == ()
    assert group().all_taints == ()


def test_a_taint_has_kubernetes_form() -> None:
    (problem,) = refused(Taint, key="team name")
    assert problem.endswith("[EKS9]")
    (problem,) = refused(Taint, key="team", value="x" * 64)
    assert problem.endswith("[EKS9]")


def test_one_spot_type_is_warned_of() -> None:
    assert rules(group(capacity_type="SPOT")) == ["EKS23"]
    assert rules(group(capacity_type="SPOT", instance_types=["m7i.large", "m6i.large"])) == []


def test_an_api_that_nobody_reaches_is_refused() -> None:
    (problem,) = refused(EksCluster, version="1.35", private_access=False)
    assert problem.endswith("[EKS5]")


def test_an_api_open_to_the_world_is_warned_of() -> None:
    assert rules(EksCluster(version="1.35", public_access_cidrs=["0.0.0.0/0"])) == ["EKS22"]


def test_what_auto_mode_brings_is_not_added_twice() -> None:
    (problem,) = refused(EksCluster, version="1.35", addons={"vpc-cni": Addon()})
    assert "part of EKS Auto Mode already" in problem
    assert list(EksCluster(version="1.35").installed_addons) == ["metrics-server"]


def test_fargate_has_no_add_ons_of_nodes() -> None:
    fargate = EksCluster(version="1.35", compute=FargateProfile())
    assert list(fargate.installed_addons) == ["coredns", "metrics-server"]
    (problem,) = refused(
        EksCluster, version="1.35", compute=FargateProfile(), addons={"kube-proxy": Addon()}
    )
    assert problem.endswith("[EKS25]")


def test_dns_is_always_in_the_fargate_profile() -> None:
    assert FargateProfile().selected == ("inference", "kube-system")
    assert FargateProfile(namespaces=["kube-system", "a", "b", "c", "d"]).selected[-1] == (
        "kube-system"
    )
    (problem,) = refused(FargateProfile, namespaces=["a", "b", "c", "d", "e"])
    assert problem.endswith("[EKS32]")


def test_kube_proxy_is_not_newer_than_the_cluster() -> None:
    compute = NodeGroups(groups={"cpu": group()})
    pinned: dict[AddonName, Addon] = {"kube-proxy": Addon(version="v1.36.0-eksbuild.2")}
    (problem,) = refused(EksCluster, version="1.35", compute=compute, addons=pinned)
    assert "not be newer than the cluster's 1.35" in problem
    EksCluster(version="1.36", compute=compute, addons=pinned)


def test_an_add_on_version_has_the_form_of_eks() -> None:
    (problem,) = refused(Addon, version="1.35.0")
    assert "v1.35.0-eksbuild.2" in problem


def test_auto_mode_needs_a_version_and_a_pool() -> None:
    (problem,) = refused(AutoMode, node_pools=[])
    assert problem.endswith("[EKS14]")
    assert any("[EKS14]" in problem for problem in refused(EksCluster, version="1.28"))


def test_nodes_have_no_groups_or_policies() -> None:
    (problem,) = refused(
        AccessEntry,
        principal="arn:aws:iam::111122223333:role/nodes",
        type="EC2_LINUX",
        kubernetes_groups=["viewers"],
    )
    assert problem.endswith("[EKS16]")


def test_a_principal_has_one_access_entry() -> None:
    entry = AccessEntry(principal="arn:aws:iam::111122223333:role/ml")
    (problem,) = refused(EksCluster, version="1.35", access={"a": entry, "b": entry})
    assert problem.endswith("[EKS34]")
    own = AccessEntry(principal="arn:aws:iam::111122223333:role/inferform-deploy")
    with pytest.raises(SpecError, match="EKS34"):
        environment(EksCluster(version="1.35", access={"me": own}))


def test_a_cluster_needs_two_zones_and_the_layers_below() -> None:
    cluster = EksCluster(version="1.35")
    environment(cluster)
    with pytest.raises(SpecError, match="EKS4"):
        environment(cluster, network=Network(cidr="10.20.0.0/16", availability_zones=1))
    with pytest.raises(SpecError, match="eks: needs registry"):
        environment(cluster, registry=None)


def test_production_is_warned_of_one_node_and_of_spot_alone() -> None:
    spot = group(capacity_type="SPOT", instance_types=["m7i.large", "m6i.large"])
    cluster = EksCluster(version="1.35", compute=NodeGroups(groups={"cpu": spot}))
    found = environment(cluster, context=environment(cluster).context.replace(protected=True))
    assert rules(found) == ["EKS33", "EKS33"]
