"""Node pools of Karpenter and EKS Auto Mode, and scaling through KEDA.

The fields are those of the custom resource definitions of karpenter-provider-aws (karpenter.sh/v1,
karpenter.k8s.aws/v1) and KEDA (keda.sh/v1alpha1), and of the Amazon EKS user guide, node class.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AutoMode,
    CpuUtilization,
    EksService,
    Environment,
    GpuNodePool,
    Karpenter,
    Keda,
    KedaScaling,
    Kubernetes,
    Network,
    NodePool,
    Pod,
    PrometheusTrigger,
    QueueTrigger,
    Registry,
    Scaling,
    SpecError,
    TargetTracking,
)
from inferform.spec import Spec, collecting, problems_of
from tests.conftest import Synthesized
from tests.modules.test_kubernetes_layer import (
    CONTEXT,
    GROUPS,
    PLAIN,
    by_kind,
    environment,
    objects_of,
    resources,
)

Synthesize = Callable[..., Synthesized]
Object = dict[str, Any]

QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"
BY_QUEUE = KedaScaling(max_capacity=8, triggers=[QueueTrigger(queue=QUEUE)])
BY_GPU = KedaScaling(
    min_capacity=1,
    max_capacity=4,
    fallback=2,
    triggers=[
        PrometheusTrigger(
            server="http://prometheus.monitoring:9090",
            query='sum(DCGM_FI_DEV_GPU_UTIL{exported_pod=~"${x}.*"})',
            target=70,
        )
    ],
)
SCALED = PLAIN.replace(scaling=BY_QUEUE)
BIG = NodePool(
    instance_families=["g6"],
    capacity_types=["on-demand", "spot"],
    zones=["us-east-1a"],
    max_vcpu=100,
    max_gpus=4,
    disk_size_gib=300,
    labels={"team": "ml"},
    weight=10,
)


def named(made: list[Object], kind: str, name: str) -> Object:
    (found,) = (e for e in made if (e["kind"], e["metadata"]["name"]) == (kind, name))
    return found


def rules(make: Callable[[], Spec]) -> list[str]:
    with collecting():
        return [problem.rule for problem in problems_of(make())]


# KEDA


def test_keda_owns_the_number_of_pods_alone() -> None:
    made = by_kind(objects_of(environment({"fraud": SCALED}, keda=Keda())))
    assert "HorizontalPodAutoscaler" not in made
    assert "replicas" not in made["Deployment"]["spec"]
    spec = made["ScaledObject"]["spec"]
    assert spec["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "fraud",
    }
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 8)
    with pytest.raises(SpecError) as error:
        SCALED.replace(count=2)
    assert [problem.rule for problem in error.value.problems] == ["KUB6"]
    other: Any = [BY_QUEUE, Scaling(min_capacity=1, max_capacity=2, policies=[])]
    with pytest.raises(SpecError):
        PLAIN.replace(scaling=other)


def test_a_queue_is_counted_with_the_role_of_kedas_operator(synthesize: Synthesize) -> None:
    made = environment({"fraud": SCALED}, keda=Keda())
    objects = by_kind(objects_of(made))
    assert objects["ScaledObject"]["spec"]["triggers"] == [
        {
            "type": "aws-sqs-queue",
            "metadata": {
                "queueURL": QUEUE,
                "queueLength": "5",
                "awsRegion": "us-east-1",
                "scaleOnInFlight": "true",
            },
            "authenticationRef": {"name": "fraud"},
        }
    ]
    assert objects["TriggerAuthentication"]["spec"] == {"podIdentity": {"provider": "aws"}}
    stack = synthesize(made)["dev-use1-kubernetes"]
    (policy,) = resources(stack, "aws_iam_role_policy")
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Action"] == "sqs:GetQueueAttributes"
    assert statement["Resource"] == ["arn:aws:sqs:us-east-1:111122223333:jobs"]
    (association,) = resources(stack, "aws_eks_pod_identity_association")
    assert (association["namespace"], association["service_account"]) == ("keda", "keda-operator")


def test_the_operators_role_may_be_somebody_elses(synthesize: Synthesize) -> None:
    made = environment({"fraud": SCALED}, keda=Keda(makes_role=False))
    stack = synthesize(made)["dev-use1-kubernetes"]
    assert "aws_iam_role" not in stack["resource"]


def test_a_query_of_prometheus_reaches_keda_as_it_is_written(synthesize: Synthesize) -> None:
    made = environment({"fraud": PLAIN.replace(scaling=BY_GPU)}, keda=Keda())
    objects = by_kind(objects_of(made))
    assert "TriggerAuthentication" not in objects
    spec = objects["ScaledObject"]["spec"]
    assert spec["triggers"] == [
        {
            "type": "prometheus",
            "metadata": {
                "serverAddress": "http://prometheus.monitoring:9090",
                "query": 'sum(DCGM_FI_DEV_GPU_UTIL{exported_pod=~"${x}.*"})',
                "threshold": "70",
                "activationThreshold": "0",
            },
        }
    ]
    assert spec["fallback"] == {"failureThreshold": 3, "replicas": 2}
    stack = synthesize(made)["dev-use1-kubernetes"]
    (manifest,) = (
        each["manifest"]
        for each in resources(stack, "kubernetes_manifest")
        if each["manifest"]["kind"] == "ScaledObject"
    )
    # Terraform takes no template out of it.
    assert "$${x}" in manifest["spec"]["triggers"][0]["metadata"]["query"]


def test_keda_is_where_somebody_says_so() -> None:
    assert rules(lambda: Kubernetes(services={"fraud": SCALED})) == ["KUB32"]
    assert rules(lambda: Kubernetes(services={"fraud": SCALED}, keda=Keda())) == []
    by_cpu = Scaling(
        min_capacity=1, max_capacity=2, policies=[TargetTracking(metric=CpuUtilization(percent=60))]
    )
    assert rules(lambda: Kubernetes(services={"fraud": PLAIN.replace(scaling=by_cpu)})) == []


@pytest.mark.parametrize(
    ("kind", "fields", "rule"),
    [
        (KedaScaling, {"max_capacity": 0}, "KUB30"),
        (KedaScaling, {"max_capacity": 5001}, "KUB30"),
        (KedaScaling, {"max_capacity": 2, "min_capacity": 3}, "KUB30"),
        (KedaScaling, {"max_capacity": 2, "triggers": []}, "KUB31"),
        (KedaScaling, {"max_capacity": 2, "scale_in_cooldown_seconds": 3601}, "KUB33"),
        (KedaScaling, {"max_capacity": 2, "polling_seconds": 0}, "KUB33"),
        (QueueTrigger, {"queue": "jobs"}, "KUB31"),
        (QueueTrigger, {"queue": QUEUE, "messages_per_pod": 0}, "KUB31"),
        (PrometheusTrigger, {"server": "prometheus:9090"}, "KUB31"),
        (PrometheusTrigger, {"query": " "}, "KUB31"),
        (PrometheusTrigger, {"target": 0.0}, "KUB31"),
        (PrometheusTrigger, {"activation": -1.0}, "KUB31"),
    ],
)
def test_keda_is_asked_for_what_it_takes(
    kind: type[Spec], fields: dict[str, Any], rule: str
) -> None:
    good: dict[type[Spec], dict[str, Any]] = {
        KedaScaling: {"triggers": [QueueTrigger(queue=QUEUE)]},
        PrometheusTrigger: {"server": "http://p:9090", "query": "up", "target": 1.0},
    }
    assert rules(lambda: kind(**{**good.get(kind, {}), **fields})) == [rule]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (KedaScaling, {"max_capacity": 5000, "min_capacity": 5000}),
        (KedaScaling, {"max_capacity": 1, "scale_in_cooldown_seconds": 3600}),
        (QueueTrigger, {"queue": f"{QUEUE}.fifo", "messages_per_pod": 1}),
    ],
)
def test_keda_is_asked_up_to_its_limits(kind: type[Spec], fields: dict[str, Any]) -> None:
    triggers = {"triggers": [QueueTrigger(queue=QUEUE)]} if kind is KedaScaling else {}
    assert rules(lambda: kind(**{**triggers, **fields})) == []


# Karpenter


def test_a_pool_of_auto_mode_says_what_may_be_started() -> None:
    compute = AutoMode(pools={"big": BIG, "any": NodePool(max_vcpu=10)})
    made = objects_of(environment({"fraud": PLAIN}, compute))
    spec = named(made, "NodePool", "big")["spec"]
    assert spec["template"]["spec"] == {
        "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "big"},
        "requirements": [
            {"key": "eks.amazonaws.com/instance-family", "operator": "In", "values": ["g6"]},
            {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
            {
                "key": "karpenter.sh/capacity-type",
                "operator": "In",
                "values": ["on-demand", "spot"],
            },
            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-east-1a"]},
            {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
        ],
        "expireAfter": "336h",
        "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}],
    }
    assert spec["template"]["metadata"]["labels"] == {
        "team": "ml",
        "nvidia.com/gpu.present": "true",
    }
    assert spec["limits"] == {"cpu": "100", "nvidia.com/gpu": "4"}
    assert spec["weight"] == 10
    assert spec["disruption"] == {
        "consolidationPolicy": "WhenEmptyOrUnderutilized",
        "consolidateAfter": "5m",
    }
    # The class of Auto Mode itself does for the other.
    other = named(made, "NodePool", "any")["spec"]["template"]["spec"]
    assert other["nodeClassRef"]["name"] == "default"
    assert "taints" not in other


def test_a_larger_disk_is_a_class_of_the_clusters_subnets_group_and_role() -> None:
    made = objects_of(environment({"fraud": PLAIN}, AutoMode(pools={"big": BIG})))
    found = named(made, "NodeClass", "big")
    assert found["apiVersion"] == "eks.amazonaws.com/v1"
    spec = found["spec"]
    assert spec["ephemeralStorage"] == {"size": "300Gi"}
    assert spec["role"] == "acme-dev-use1-eks-node"
    assert spec["subnetSelectorTerms"] == [{"id": "subnet-1"}, {"id": "subnet-2"}]
    assert spec["securityGroupSelectorTerms"] == [
        {"tags": {"kubernetes.io/cluster/acme-dev-use1-eks": "owned"}}
    ]


def test_own_subnets_are_told_by_the_tags_that_the_network_gives_them(
    synthesize: Synthesize,
) -> None:
    foreign = environment({"fraud": PLAIN}, AutoMode(pools={"big": BIG}))
    made = Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=foreign.eks,
        kubernetes=Kubernetes(
            services={"fraud": EksService(model=PLAIN.model, compute=PLAIN.compute)}
        ),
    )
    (term,) = named(objects_of(made), "NodeClass", "big")["spec"]["subnetSelectorTerms"]
    stack = synthesize(made)["dev-use1-network"]
    (provider,) = stack["provider"]["aws"]
    (default,) = provider["default_tags"]
    tagged = [
        {**default["tags"], **subnet.get("tags", {})} for subnet in resources(stack, "aws_subnet")
    ]
    fitting = [tags for tags in tagged if term["tags"].items() <= tags.items()]
    assert fitting
    assert all("private" in tags["Name"] for tags in fitting)


@pytest.mark.parametrize(
    ("ami", "device"), [("al2023@v20261101", "/dev/xvda"), ("bottlerocket@latest", "/dev/xvdb")]
)
def test_pools_of_karpenter_have_a_class_of_its_own(ami: str, device: str) -> None:
    compute = GROUPS.replace(karpenter=Karpenter(pools={"big": BIG}, ami=ami))
    made = objects_of(environment({"fraud": PLAIN}, compute))
    spec = named(made, "EC2NodeClass", "big")["spec"]
    assert spec["amiSelectorTerms"] == [{"alias": ami}]
    assert spec["metadataOptions"] == {"httpTokens": "required", "httpPutResponseHopLimit": 1}
    (mapping,) = spec["blockDeviceMappings"]
    assert mapping == {
        "deviceName": device,
        "ebs": {"volumeType": "gp3", "volumeSize": "300Gi", "encrypted": True},
    }
    pool = named(made, "NodePool", "big")["spec"]["template"]["spec"]
    assert pool["nodeClassRef"] == {
        "group": "karpenter.k8s.aws",
        "kind": "EC2NodeClass",
        "name": "big",
    }
    assert pool["requirements"][0]["key"] == "karpenter.k8s.aws/instance-family"


def test_pods_fit_what_a_pool_may_start() -> None:
    gpu = PLAIN.replace(compute=Pod(vcpu=1, memory_mib=1024, gpus=1))
    large = PLAIN.replace(compute=Pod(vcpu=32, memory_mib=1024))

    def refused(service: EksService, compute: Any) -> bool:
        with collecting():
            made = environment({"fraud": service}, compute)
            return "KUB10" in [problem.rule for problem in problems_of(made)]

    assert refused(gpu, AutoMode())
    assert not refused(gpu, AutoMode(pools={"big": BIG}))
    assert refused(gpu, AutoMode(pools={"any": NodePool(max_vcpu=10)}))
    assert refused(large, GROUPS)
    pooled = GROUPS.replace(karpenter=Karpenter(pools={"any": NodePool(max_vcpu=64)}))
    assert not refused(large, pooled)
    only_gpu = GROUPS.replace(karpenter=Karpenter(pools={"big": BIG}))
    assert refused(large, only_gpu)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"instance_families": ["m99"]}, "EKS21"),
        ({"instance_families": ["M7I"]}, "EKS43"),
        ({"instance_families": ["m7i.large"]}, "EKS43"),
        ({"instance_families": ["m7i", "m7i"]}, "EKS43"),
        ({"instance_families": ["m7i", "g6"]}, "EKS7"),
        ({"instance_families": ["m7g"]}, "EKS7"),
        ({"instance_types": ["ml.m5.large"]}, "EKS26"),
        ({"architectures": []}, "EKS43"),
        ({"capacity_types": []}, "EKS43"),
        ({"zones": ["us-east-1"]}, "EKS43"),
        ({"max_vcpu": 0}, "EKS43"),
        ({"weight": 101}, "EKS43"),
        ({"weight": 0}, "EKS43"),
        ({"disk_size_gib": 19}, "EKS29"),
        ({"consolidate_after_minutes": 10_081}, "EKS43"),
    ],
)
def test_a_pool_is_what_karpenter_takes(fields: dict[str, Any], rule: str) -> None:
    assert rules(lambda: NodePool(**{"max_vcpu": 10, **fields})) == [rule]


def test_a_pool_is_taken_up_to_its_limits() -> None:
    pool = NodePool(
        instance_families=["m7g"], architectures=["arm64"], max_vcpu=1, weight=100, disk_size_gib=20
    )
    assert rules(lambda: AutoMode(pools={"arm": pool.replace(expire_after_hours=504)})) == []
    late = pool.replace(expire_after_hours=505)
    assert rules(lambda: AutoMode(pools={"arm": late})) == ["EKS43"]
    assert rules(lambda: Karpenter(pools={"arm": late})) == []
    assert rules(lambda: Karpenter(pools={"arm": pool}, ami="al2@latest")) == ["EKS43"]


def test_a_pool_takes_no_name_that_is_there() -> None:
    pool = NodePool(max_vcpu=1)
    assert rules(lambda: AutoMode(pools={"system": pool})) == ["EKS44"]
    assert rules(lambda: AutoMode(pools={"gpu": pool})) == []
    gpu = GpuNodePool(instance_families=["g6"])
    assert rules(lambda: AutoMode(pools={"gpu": pool}, gpu_pool=gpu)) == ["EKS44"]


def test_nvidias_plugin_keeps_off_auto_modes_nodes() -> None:
    compute = AutoMode(pools={"big": BIG}, groups={"gpu": GROUPS.groups["gpu"]})
    made = objects_of(environment({"fraud": PLAIN}, compute))
    (plugin,) = (each for each in made if each["kind"] == "DaemonSet")
    (term,) = plugin["spec"]["template"]["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["auto"]}
    ]
