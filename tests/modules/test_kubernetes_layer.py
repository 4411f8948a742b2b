"""The Kubernetes objects of services, and the Terraform resources made of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    FrameworkContainer,
    GpuNodePool,
    Ingress,
    Kubernetes,
    MemoryUtilization,
    Model,
    NetworkOutputs,
    NodeGroup,
    NodeGroups,
    Pod,
    RegistryOutputs,
    Scaling,
    TargetTracking,
    Toleration,
)
from inferform.eks.versions import in_support
from inferform.kubernetes.objects import objects
from inferform.kubernetes.place import place_of
from inferform.target import EMULATOR
from ops.terraform import stacks
from tests.conftest import Synthesized

pytestmark = pytest.mark.long

# The library reads its schemas anew for each object, which takes longer than all the rest.
kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)

Synthesize = Callable[..., Synthesized]
Object = dict[str, Any]

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
)
NETWORK = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
REGISTRY = RegistryOutputs(
    kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k", artifact_bucket="artifacts"
)
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
MODEL = Model(
    image=IMAGE,
    artifact="fraud/1.4.2/model.tar.gz",
    environment={"THREADS": "4", "TEMPLATE": "${HOME} %{x}"},
)
FULL = EksService(
    model=MODEL,
    compute=Pod(
        vcpu=1.5,
        memory_mib=4096,
        gpus=1,
        storage_gib=30,
        node_group="gpu",
        tolerations=[Toleration(key="team", value="ml", effect="NO_EXECUTE")],
    ),
    scaling=Scaling(
        min_capacity=2,
        max_capacity=8,
        policies=[
            TargetTracking(metric=CpuUtilization(percent=60), scale_in_cooldown_seconds=600),
            TargetTracking(metric=MemoryUtilization(percent=75), disable_scale_in=True),
        ],
    ),
    ingress=Ingress(
        host="fraud.ml.example.com",
        path="/invocations",
        scheme="internet-facing",
        certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/c",
    ),
    client_namespaces=["web"],
    secrets={"HF_TOKEN": "hub/token"},
)
PLAIN = EksService(
    model=Model(image=IMAGE), compute=Pod(vcpu=1, memory_mib=1024), namespace="plain"
)
OF_AWS = PLAIN.replace(
    model=Model(
        image=FrameworkContainer(framework="pytorch", version="2.6.0"),
        artifact="fraud/1/model.tar.gz",
    )
)
MOUNTING = PLAIN.replace(
    volumes={
        "cache": EbsMount(path="/cache", size_gib=100),
        "features": EfsMount(
            path="/mnt/features",
            file_system="fs-0123456789abcdef0",
            access_point="fsap-0123456789abcdef0",
        ),
        "model": BucketMount(prefix="fraud/1.4.2/"),
        "old": ClaimMount(path="/mnt/old", claim="models", read_only=False),
    }
)
DRIVERS: dict[Any, Addon] = {
    name: Addon()
    for name in ("aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-mountpoint-s3-csi-driver")
}
GROUPS = NodeGroups(
    groups={
        "cpu": NodeGroup(instance_types=["m7i.xlarge"], max_size=3),
        "gpu": NodeGroup(instance_types=["g6.xlarge", "g5.xlarge"], max_size=3),
    }
)


def environment(
    services: dict[str, EksService], compute: Any = GROUPS, **fields: Any
) -> Environment:
    return Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=REGISTRY,
        eks=EksCluster(
            version="1.35",
            compute=compute,
            addons=DRIVERS
            if isinstance(compute, NodeGroups) or getattr(compute, "groups", {})
            else {},
        ),
        kubernetes=Kubernetes(services=services, **fields),
    )


def objects_of(made: Environment) -> list[Object]:
    assert made.kubernetes is not None
    return objects(made.kubernetes, place_of(made))


def by_kind(made: list[Object], name: str = "fraud") -> dict[str, Object]:
    return {each["kind"]: each for each in made if each["metadata"]["name"] == name}


def pod_of(made: list[Object], name: str = "fraud") -> Object:
    spec: Object = by_kind(made, name)["Deployment"]["spec"]["template"]["spec"]
    return spec


def validate(made: list[Object]) -> None:
    """Check objects against the schema of every Kubernetes version in standard support."""
    for each in made:
        if each["kind"] == "NodePool":
            continue  # a custom resource, whose schema only the cluster has
        for version in in_support("standard"):
            kubernetes_validate.validate(each, version, strict=True)


# Objects


@pytest.mark.parametrize(
    ("compute", "services"),
    [
        (GROUPS, {"fraud": FULL, "plain": PLAIN, "of-aws": OF_AWS, "mounting": MOUNTING}),
        (
            AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"])),
            {"fraud": FULL.replace(compute=Pod(vcpu=1, memory_mib=1024, gpus=1))},
        ),
        (FargateProfile(namespaces=["plain"]), {"plain": PLAIN}),
    ],
)
def test_every_object_is_valid_on_every_supported_version(
    compute: Any, services: dict[str, EksService]
) -> None:
    validate(objects_of(environment(services, compute)))


def test_a_wrong_object_would_be_seen() -> None:
    (budget,) = (
        each for each in objects_of(environment({"fraud": FULL})) if "Budget" in each["kind"]
    )
    budget["spec"]["maxUnavailble"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        validate([budget])


def test_a_service_is_eight_objects_in_its_namespace() -> None:
    made = by_kind(objects_of(environment({"fraud": FULL})))
    assert set(made) == {
        "ServiceAccount",
        "NetworkPolicy",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
        "Ingress",
    }
    assert {each["metadata"]["namespace"] for each in made.values()} == {"inference"}


def test_a_secret_is_named_and_its_value_is_nowhere() -> None:
    variables = pod_of(objects_of(environment({"fraud": FULL})))["containers"][0]["env"]
    named = {each["name"]: each.get("valueFrom") for each in variables}
    assert named["HF_TOKEN"] == {"secretKeyRef": {"name": "hub", "key": "token"}}
    assert named["THREADS"] is None


def test_gpus_are_limits_and_their_nodes_are_tolerated() -> None:
    pod = pod_of(objects_of(environment({"fraud": FULL})))
    resources = pod["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "1500m", "memory": "4096Mi", "nvidia.com/gpu": "1"}
    assert resources["limits"] == {"memory": "4096Mi", "nvidia.com/gpu": "1"}
    assert pod["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists"},
        {"key": "team", "operator": "Equal", "value": "ml", "effect": "NoExecute"},
    ]
    assert pod["nodeSelector"] == {"inferform/node-group": "gpu"}
    plain = pod_of(objects_of(environment({"plain": PLAIN})), "plain")
    assert not {"tolerations", "nodeSelector", "initContainers"} & set(plain)


def test_the_container_is_closed_probed_on_ping_and_spread_over_zones() -> None:
    pod = pod_of(objects_of(environment({"fraud": FULL})))
    (container,) = pod["containers"]
    assert container["args"] == ["serve"]
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    assert {container[probe]["httpGet"]["path"] for probe in probes} == {"/ping"}
    # A busy model that misses one answer is not started anew.
    liveness = container["livenessProbe"]
    assert (liveness["failureThreshold"], liveness["timeoutSeconds"]) == (6, 5)
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == FULL.startup_timeout_seconds
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert [each["topologyKey"] for each in pod["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]


def test_awss_own_container_may_write_what_its_server_writes() -> None:
    """TorchServe's start writes /etc/sagemaker-ts.properties and .sagemaker in the working
    folder, as root; nginx gives its workers another user."""
    made = objects_of(environment({"fraud": OF_AWS}))
    validate(made)
    pod = pod_of(made)
    assert not {"runAsNonRoot", "runAsUser", "runAsGroup"} & pod["securityContext"].keys()
    closed = pod["containers"][0]["securityContext"]
    assert closed["readOnlyRootFilesystem"] is False
    assert closed["allowPrivilegeEscalation"] is False
    assert closed["capabilities"]["drop"] == ["ALL"]
    assert {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"} <= set(closed["capabilities"]["add"])
    loader = pod["initContainers"][0]["securityContext"]
    assert (loader["runAsNonRoot"], loader["runAsUser"]) == (True, 10001)
    assert loader["capabilities"] == {"drop": ["ALL"]}


def test_the_model_is_fetched_before_the_container_starts() -> None:
    pod = pod_of(objects_of(environment({"fraud": FULL})))
    (loader,) = pod["initContainers"]
    assert {"name": "ARTIFACT", "value": "s3://artifacts/fraud/1.4.2/model.tar.gz"} in loader["env"]
    assert "tarfile" in loader["command"][-1]
    mounts = {each["name"]: each for each in pod["containers"][0]["volumeMounts"]}
    assert mounts["model"] == {
        "name": "model",
        "mountPath": "/opt/ml/model",
        "readOnly": True,
    }
    assert {"name": "model", "emptyDir": {"sizeLimit": "30Gi"}} in pod["volumes"]
    folder = FULL.replace(model=Model(image=IMAGE, artifact="s3://models/fraud/"))
    (loader,) = pod_of(objects_of(environment({"fraud": folder})))["initContainers"]
    assert "--recursive" in loader["command"][-1]


def test_what_is_mounted_is_a_volume_of_the_pod_and_a_mount_of_the_container() -> None:
    pod = pod_of(objects_of(environment({"fraud": MOUNTING})))
    volumes = {each["name"]: each for each in pod["volumes"]}
    template = volumes["volume-cache"]["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert template == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "inferform-gp3",
        "resources": {"requests": {"storage": "100Gi"}},
    }
    assert volumes["volume-old"]["persistentVolumeClaim"] == {"claimName": "models"}
    assert pod["containers"][0]["volumeMounts"][1:] == [
        {"name": "volume-cache", "mountPath": "/cache"},
        {"name": "volume-features", "mountPath": "/mnt/features", "readOnly": True},
        {"name": "volume-model", "mountPath": "/opt/ml/model", "readOnly": True},
        {"name": "volume-old", "mountPath": "/mnt/old"},
    ]


def test_a_bucket_is_read_by_mountpoint_with_the_role_of_the_pods() -> None:
    made = objects_of(environment({"fraud": MOUNTING}))
    (volume,) = (
        each
        for each in made
        if each["kind"] == "PersistentVolume" and "s3" in each["spec"]["csi"]["driver"]
    )
    assert volume["spec"]["csi"]["volumeAttributes"] == {
        "bucketName": "artifacts",
        "authenticationSource": "pod",
        "stsRegion": "us-east-1",
    }
    assert volume["spec"]["mountOptions"] == [
        *("read-only", "allow-other", "uid=10001", "gid=10001"),
        *("region us-east-1", "prefix fraud/1.4.2/"),
    ]
    assert volume["spec"]["accessModes"] == ["ReadOnlyMany"]
    assert volume["spec"]["csi"]["volumeHandle"] == volume["metadata"]["name"]
    # Mountpoint has pods of its own, so that the service's stay shut in.
    policy = by_kind(made)["NetworkPolicy"]["spec"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53}


def test_each_volume_has_a_claim_that_no_other_one_takes_the_place_of() -> None:
    made = objects_of(environment({"fraud": MOUNTING}))
    volumes = {e["metadata"]["name"]: e for e in made if e["kind"] == "PersistentVolume"}
    claims = [each for each in made if each["kind"] == "PersistentVolumeClaim"]
    assert len(volumes) == len(claims) == 2
    for claim in claims:
        volume = volumes[claim["spec"]["volumeName"]]["spec"]
        assert volume["claimRef"] == {"namespace": "plain", "name": claim["metadata"]["name"]}
        assert volume["storageClassName"] == claim["spec"]["storageClassName"]
        assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    handles = {each["spec"]["csi"]["volumeHandle"] for each in volumes.values()}
    assert "fs-0123456789abcdef0::fsap-0123456789abcdef0" in handles


def test_a_volume_that_becomes_another_gets_a_name_of_its_own() -> None:
    def claim(**changes: Any) -> str:
        volume = BucketMount(**{"prefix": "fraud/1/", **changes})
        made = objects_of(environment({"fraud": PLAIN.replace(volumes={"model": volume})}))
        (found,) = (e for e in made if e["kind"] == "PersistentVolumeClaim")
        name: str = found["metadata"]["name"]
        return name

    assert claim(prefix="fraud/2/") != claim() != claim(bucket="acme-models")
    # Where it is mounted is the pod's business.
    assert claim(path="/mnt/models") == claim()


@pytest.mark.parametrize(
    ("compute", "group", "name", "provisioner"),
    [
        (GROUPS, None, "inferform-gp3", "ebs.csi.aws.com"),
        (AutoMode(), None, "inferform-gp3-auto", "ebs.csi.eks.amazonaws.com"),
        (AutoMode(groups=GROUPS.groups), "cpu", "inferform-gp3", "ebs.csi.aws.com"),
    ],
)
def test_ebs_volumes_are_made_by_the_driver_of_the_pods_nodes(
    compute: Any, group: str | None, name: str, provisioner: str
) -> None:
    service = PLAIN.replace(
        volumes={"cache": EbsMount(path="/cache", size_gib=1)},
        compute=PLAIN.compute.replace(node_group=group),
    )
    made = objects_of(environment({"fraud": service}, compute))
    (found,) = (each for each in made if each["kind"] == "StorageClass")
    assert (found["metadata"]["name"], found["provisioner"]) == (name, provisioner)
    assert found["parameters"] == {"type": "gp3", "encrypted": "true"}
    template = pod_of(made)["volumes"][-1]["ephemeral"]["volumeClaimTemplate"]
    assert template["spec"]["storageClassName"] == name


def test_the_autoscaler_owns_the_count_where_there_is_one() -> None:
    scaled = by_kind(objects_of(environment({"fraud": FULL})))
    assert "replicas" not in scaled["Deployment"]["spec"]
    spec = scaled["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 8)
    assert [
        (each["resource"]["name"], each["resource"]["target"]["averageUtilization"])
        for each in spec["metrics"]
    ] == [("cpu", 60), ("memory", 75)]
    down = spec["behavior"]["scaleDown"]
    assert (down["stabilizationWindowSeconds"], down["selectPolicy"]) == (600, "Disabled")
    fixed = by_kind(objects_of(environment({"plain": PLAIN.replace(count=3)})), "plain")
    assert fixed["Deployment"]["spec"]["replicas"] == 3
    assert "HorizontalPodAutoscaler" not in fixed


def test_the_network_policy_opens_what_is_declared() -> None:
    policy = by_kind(objects_of(environment({"fraud": FULL})))["NetworkPolicy"]["spec"]
    (ingress,) = policy["ingress"]
    assert ingress["ports"] == [{"protocol": "TCP", "port": 8080}]
    names = [
        each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for each in ingress["from"]
        if "namespaceSelector" in each
    ]
    assert names == ["inference", "web"]
    assert [each for each in ingress["from"] if "ipBlock" in each] == [
        {"ipBlock": {"cidr": "10.9.0.0/16"}}
    ]
    wider = replace(NETWORK, secondary_cidrs=["100.64.0.0/16"])
    reached = environment({"fraud": FULL}).replace(network=wider)
    (ingress,) = by_kind(objects_of(reached))["NetworkPolicy"]["spec"]["ingress"]
    assert {"ipBlock": {"cidr": "100.64.0.0/16"}} in ingress["from"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 80, 443}
    closed = by_kind(objects_of(environment({"plain": PLAIN})), "plain")["NetworkPolicy"]["spec"]
    assert {port["port"] for rule in closed["egress"] for port in rule["ports"]} == {53}
    assert not any("ipBlock" in each for each in closed["ingress"][0]["from"])
    opened = PLAIN.replace(egress_cidrs=["203.0.113.0/24"])
    policy = by_kind(objects_of(environment({"plain": opened})), "plain")["NetworkPolicy"]["spec"]
    assert policy["egress"][1]["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]


def test_the_ingress_speaks_tls_where_it_has_a_certificate() -> None:
    annotations = by_kind(objects_of(environment({"fraud": FULL})))["Ingress"]["metadata"][
        "annotations"
    ]
    assert annotations["alb.ingress.kubernetes.io/scheme"] == "internet-facing"
    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == "/ping"
    assert annotations["alb.ingress.kubernetes.io/listen-ports"] == '[{"HTTPS":443}]'
    inside = PLAIN.replace(ingress=Ingress())
    plain = by_kind(objects_of(environment({"plain": inside})), "plain")["Ingress"]
    assert plain["metadata"]["annotations"]["alb.ingress.kubernetes.io/scheme"] == "internal"
    assert "alb.ingress.kubernetes.io/listen-ports" not in plain["metadata"]["annotations"]


def test_auto_mode_is_told_of_policies_load_balancers_and_gpus() -> None:
    kinds = [each["kind"] for each in objects_of(environment({"fraud": PLAIN}, AutoMode()))]
    assert "ConfigMap" in kinds
    assert not {"IngressClass", "NodePool", "DaemonSet"} & set(kinds)
    pooled = AutoMode(gpu_pool=GpuNodePool(instance_families=["g6", "g6e"], max_gpus=4))
    made = objects_of(environment({"fraud": PLAIN.replace(ingress=Ingress())}, pooled))
    (pool,) = (each for each in made if each["kind"] == "NodePool")
    assert pool["spec"]["limits"] == {"nvidia.com/gpu": "4"}
    assert pool["spec"]["template"]["spec"]["requirements"][0]["values"] == ["g6", "g6e"]
    assert "IngressClass" in [each["kind"] for each in made]


def test_nvidias_plugin_runs_where_the_ami_does_not_bring_it() -> None:
    def kinds(group: NodeGroup) -> list[str]:
        compute = NodeGroups(groups={"cpu": GROUPS.groups["cpu"], "gpu": group})
        return [each["kind"] for each in objects_of(environment({"plain": PLAIN}, compute))]

    gpu = NodeGroup(instance_types=["g6.xlarge"], max_size=1)
    assert "DaemonSet" in kinds(gpu)
    assert "DaemonSet" not in kinds(gpu.replace(ami_type="BOTTLEROCKET_x86_64_NVIDIA"))
    assert "DaemonSet" not in kinds(NodeGroup(instance_types=["m7i.large"], max_size=1))


def test_on_fargate_the_service_account_names_its_role() -> None:
    needs_s3 = PLAIN.replace(model=MODEL)
    made = objects_of(
        environment({"fraud": needs_s3, "other": PLAIN}, FargateProfile(namespaces=["plain"]))
    )
    annotations = by_kind(made)["ServiceAccount"]["metadata"]["annotations"]
    assert annotations == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/inferform/acme-dev-use1-pod-fraud"
    }
    assert "annotations" not in by_kind(made, "other")["ServiceAccount"]["metadata"]


# Terraform


def resources(stack: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(stack["resource"].get(kind, {}).values())


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield str(value)


def as_object(resource: dict[str, Any]) -> Counter[str]:
    own = {"//", "depends_on", "timeouts"}
    values = {key: value for key, value in resource.items() if key not in own}
    return Counter(leaf.replace("$${", "${").replace("%%{", "%{") for leaf in leaves(values))


@pytest.mark.parametrize(
    ("compute", "services"),
    [
        (GROUPS, {"fraud": FULL, "plain": PLAIN, "of-aws": OF_AWS, "mounting": MOUNTING}),
        (
            AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"])),
            {"fraud": PLAIN.replace(ingress=Ingress())},
        ),
    ],
)
def test_terraform_makes_the_same_objects(
    synthesize: Synthesize, compute: Any, services: dict[str, EksService]
) -> None:
    made = environment(services, compute)
    stack = synthesize(made)["dev-use1-kubernetes"]
    found = {
        resource["//"]["metadata"]["path"].rpartition("/")[2]: (kind, as_object(resource))
        for kind, entries in stack["resource"].items()
        if kind.startswith("kubernetes_")
        for resource in entries.values()
    }
    wanted = objects_of(made)
    assert len(found) == len(wanted)
    for each in wanted:
        metadata = each["metadata"]
        parts = (each["kind"].lower(), metadata.get("namespace"), metadata["name"])
        kind, leaf = found["-".join(part for part in parts if part)]
        body = {key: value for key, value in each.items() if key not in ("apiVersion", "kind")}
        whole = each if kind == "kubernetes_manifest" else body
        assert leaf == Counter(leaves(whole)), each["kind"]


def test_the_provider_asks_for_a_token_at_each_run(synthesize: Synthesize) -> None:
    stack = synthesize(environment({"fraud": FULL}))["dev-use1-kubernetes"]
    (provider,) = stack["provider"]["kubernetes"]
    outputs = "data.terraform_remote_state.eks.outputs"
    assert provider["host"] == f"${{{outputs}.endpoint}}"
    assert provider["cluster_ca_certificate"] == (
        f"${{base64decode({outputs}.certificate_authority)}}"
    )
    (exec_,) = provider["exec"]
    assert exec_["command"] == "aws"
    assert exec_["args"][-2:] == ["--role-arn", "arn:aws:iam::111122223333:role/inferform-deploy"]
    assert f"${{{outputs}.cluster_name}}" in exec_["args"]
    assert stack["terraform"]["required_providers"]["kubernetes"]["version"] == (
        ">= 2.35.0, < 3.0.0"
    )


def test_services_go_before_the_cluster_and_come_after_it(
    synthesize: Synthesize, tmp_path: Path
) -> None:
    synthesize(environment({"plain": PLAIN}))
    order = {stack.name: stack.dependencies for stack in stacks(tmp_path / "cdktf.out")}
    assert order["dev-use1-kubernetes"] == ("dev-use1-eks",)


def test_a_foreign_cluster_is_used_by_its_literal_outputs(synthesize: Synthesize) -> None:
    foreign = EksOutputs(
        cluster_name="shared", endpoint="https://x", certificate_authority="eA==", oidc_issuer="i"
    )
    made = environment({"fraud": PLAIN}).replace(eks=foreign)
    stack = synthesize(made)["dev-use1-kubernetes"]
    (provider,) = stack["provider"]["kubernetes"]
    assert provider["cluster_ca_certificate"] == '${base64decode("eA==")}'
    assert "data" not in stack


def test_a_role_reads_the_artifact_and_named_secrets_and_nothing_else(
    synthesize: Synthesize,
) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
    model = MODEL.replace(environment={"HUB_TOKEN": secret})
    stack = synthesize(environment({"fraud": FULL.replace(model=model), "plain": PLAIN}))[
        "dev-use1-kubernetes"
    ]
    (policy,) = resources(stack, "aws_iam_role_policy")
    granted = {
        statement["Sid"]: statement for statement in json.loads(policy["policy"])["Statement"]
    }
    assert set(granted) == {"ReadArtifact", "ListArtifact", "DecryptArtifact", "ReadSecrets"}
    assert granted["ReadArtifact"]["Resource"] == (
        "arn:aws:s3:::artifacts/fraud/1.4.2/model.tar.gz"
    )
    assert granted["ReadSecrets"]["Resource"] in (secret, [secret])
    (role,) = resources(stack, "aws_iam_role")
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-namespace"] == (
        "inference"
    )
    (association,) = resources(stack, "aws_eks_pod_identity_association")
    assert (association["namespace"], association["service_account"]) == ("inference", "fraud")
    (deployment,) = (
        each
        for each in resources(stack, "kubernetes_deployment_v1")
        if each["metadata"]["name"] == "fraud"
    )
    assert any("pod_identity" in each for each in deployment["depends_on"])


def test_a_role_reads_what_is_mounted_and_nothing_else(synthesize: Synthesize) -> None:
    volumes = {
        "model": BucketMount(prefix="fraud/1.4.2/"),
        "all": BucketMount(path="/a", bucket="b-1"),
    }
    service = PLAIN.replace(volumes=volumes)
    stack = synthesize(environment({"fraud": service}))["dev-use1-kubernetes"]
    (policy,) = resources(stack, "aws_iam_role_policy")
    granted = {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}
    assert granted["ReadMounted"] == {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Sid": "ReadMounted",
        "Resource": "arn:aws:s3:::artifacts/fraud/1.4.2/*",
    }
    assert granted["ListMounted"]["Condition"] == {"StringLike": {"s3:prefix": ["fraud/1.4.2/*"]}}
    assert granted["ReadMounted2"]["Resource"] == "arn:aws:s3:::b-1/*"
    assert set(granted) == {
        f"{does}Mounted{number}" for does in ("Decrypt", "List", "Read") for number in ("", "2")
    }
    (association,) = resources(stack, "aws_eks_pod_identity_association")
    assert (association["namespace"], association["service_account"]) == ("plain", "fraud")


def test_on_fargate_the_role_trusts_the_clusters_tokens(synthesize: Synthesize) -> None:
    made = environment({"fraud": PLAIN.replace(model=MODEL)}, FargateProfile(namespaces=["plain"]))
    stack = synthesize(made)["dev-use1-kubernetes"]
    (role,) = resources(stack, "aws_iam_role")
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert "system:serviceaccount:plain:fraud" in statement["Condition"]["StringEquals"].values()
    assert "aws_eks_pod_identity_association" not in stack["resource"]


def test_gitops_leaves_the_objects_to_somebody_else(synthesize: Synthesize) -> None:
    made = environment({"fraud": FULL}, objects_by="gitops")
    stack = synthesize(made, target=EMULATOR)["dev-use1-kubernetes"]
    assert {kind for kind in stack["resource"] if not kind.startswith("aws_")} == set()
    assert set(stack["terraform"]["required_providers"]) == {"aws"}
    assert resources(stack, "aws_eks_pod_identity_association")


# Any valid service

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=30)


@st.composite
def services(draw: st.DrawFn) -> EksService:
    gpus = draw(st.integers(0, 4))
    scaled = draw(st.booleans())
    low = draw(st.integers(1, 20))
    percent = draw(st.integers(1, 100))
    metrics = (CpuUtilization(percent=percent), MemoryUtilization(percent=percent))
    return EksService(
        model=Model(
            image=IMAGE,
            artifact=draw(st.sampled_from([None, "a/model.tar.gz", "a/b/", "s3://bucket/x/"])),
            environment=draw(
                st.dictionaries(st.from_regex(r"OPT_[A-Z0-9]{1,8}", fullmatch=True), TEXT)
            ),
        ),
        compute=Pod(
            vcpu=draw(st.floats(0.05, 64)),
            memory_mib=draw(st.integers(64, 500_000)),
            gpus=gpus,
            tolerations=draw(
                st.lists(
                    st.builds(
                        Toleration,
                        key=NAMES,
                        value=st.none() | NAMES,
                        effect=st.sampled_from([None, "NO_SCHEDULE", "NO_EXECUTE"]),
                    ),
                    max_size=3,
                )
            ),
        ),
        count=None if scaled else low,
        scaling=Scaling(
            min_capacity=low,
            max_capacity=low + draw(st.integers(0, 20)),
            policies=[
                TargetTracking(metric=metric) for metric in metrics[: draw(st.integers(1, 2))]
            ],
        )
        if scaled
        else None,
        ingress=draw(
            st.none()
            | st.builds(
                Ingress,
                host=st.sampled_from([None, "a.example.com", "*.ml.example.com"]),
                path=st.sampled_from(["/", "/v1/predict"]),
            )
        ),
        namespace=draw(NAMES.filter(lambda name: name != "default")),
        client_namespaces=draw(st.lists(NAMES, max_size=3)),
        read_only=draw(st.booleans()),
        startup_timeout_seconds=draw(st.integers(10, 3600)),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=NAMES, service=services())
def test_any_valid_service_makes_valid_objects(name: str, service: EksService) -> None:
    pool = AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"]))
    made = objects_of(environment({name: service}, pool))
    for each in made:
        if each["kind"] != "NodePool":
            kubernetes_validate.validate(each, in_support("standard")[-1], strict=True)
    kinds = Counter(each["kind"] for each in made if each["metadata"]["name"] == name)
    assert kinds["Deployment"] == kinds["Service"] == 1
    assert kinds["HorizontalPodAutoscaler"] == bool(service.scaling)
    selector = by_kind(made, name)["Service"]["spec"]["selector"]
    labels = by_kind(made, name)["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items()
