"""Valid Environments that hold every kind of Spec, as trees that tests may change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import inferform
from inferform import Environment, Outputs, Spec

ACCOUNT = "111122223333"
_CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
_PACKAGE = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/fraud/12"
_JUMPSTART = "arn:aws:sagemaker:us-east-1:865070037744:model-package/llm-1a2b"

_BASE = f"""
    context=Context(
        organization="acme", stage="dev", account="{ACCOUNT}", region="us-east-1", owner="ml",
        deploy_role="deploy", plan_role="plan", permissions_boundary="boundary",
        tags={{"team": "ml"}},
    ),
    network=Network(
        cidr="10.20.0.0/16", availability_zones=3, zone_letters=["a", "b", "c"],
        public_subnets=True, interface_endpoints=["ecr.api", "logs"],
        flow_logs=FlowLogs(retention_days=30),
    ),
    registry=Registry(
        repositories={{"fraud": Repository(keep_images=10, pull_accounts=["444455556666"])}},
        artifacts=ArtifactBucket(expire_noncurrent_days=30, send_events=True),
        models={{"fraud": ModelPackageGroup(description="fraud")}},
    ),
"""
_MODEL = (
    'Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1/model.tar.gz", '
    'environment={"LEVEL": "info"})'
)

SOURCES = {
    "sagemaker": f"""
inference=Inference(
    endpoints={{
        "real": RealtimeEndpoint(
            model={_MODEL}, instance_type="ml.m5.large",
            scaling=Scaling(
                min_capacity=1, max_capacity=4,
                policies=[
                    TargetTracking(metric=InvocationsPerInstance(requests_per_second=20)),
                    StepScaling(
                        name="slow", metric=ModelLatency(p90_latency_ms=200.0),
                        steps=[Step(lower=0, upper=100, change=1), Step(lower=100, change=2)],
                    ),
                    TargetTracking(
                        metric=CustomMetric(
                            metric=CloudWatchMetric(
                                namespace="Fraud/Model", name="Queue", dimensions={{"a": "b"}}
                            ),
                            target=5.0,
                        ),
                    ),
                ],
                schedules=[
                    Scheduled(
                        name="night", schedule="cron(0 22 * * ? *)", timezone="Europe/Berlin",
                        min_capacity=1, start="2026-12-01T08:00:00Z",
                    ),
                ],
            ),
            data_capture=DataCapture(sampling_percent=5, destination="s3://capture/here/"),
            shadow=Shadow(model={_MODEL}, instance_type="ml.m5.large", traffic_percent=20),
            rollout=Canary(
                canary_percent=10, wait_seconds=600, alarms=EndpointAlarms(model_latency_ms=500.0),
                alarm_names=["business"],
            ),
            core_dumps=CoreDumps(destination="s3://dumps/here/"),
        ),
        "several": MultiVariantEndpoint(
            variants={{
                "a": Variant(model={_MODEL}, instance_type="ml.m5.large", weight=0.8),
                "b": Variant(model={_MODEL}, instance_type="ml.c5.large", weight=0.2),
            }},
        ),
        "less": ServerlessEndpoint(
            model=Model(image=Image(repository="fraud", tag="1.4.2")), memory_mib=2048,
            max_concurrency=10, provisioned_concurrency=2,
        ),
        "later": AsyncEndpoint(
            model=ModelPackage(arn="{_PACKAGE}"), instance_type="ml.m5.large",
            scaling=scale_to_zero(BacklogPerInstance(requests=5), max_capacity=3),
            notifications=Notifications(
                error_topic="arn:aws:sns:us-east-1:{ACCOUNT}:failed", include_response_in=["error"],
            ),
            rollout=Rolling(batch_percent=20),
        ),
        "many": MultiModelEndpoint(
            model=MultiModel(image=Image(repository="fraud", tag="1.4.2"), artifacts="models/"),
            instance_type="ml.m5.large", rollout=Linear(step_percent=20),
        ),
        "serial": PipelineEndpoint(containers=[{_MODEL}, {_MODEL}], instance_type="ml.m5.large"),
        "direct": DirectEndpoint(
            containers={{"a": {_MODEL}, "b": {_MODEL}}}, instance_type="ml.m5.large",
            rollout=AllAtOnce(termination_wait_seconds=300),
        ),
        "bought": RealtimeEndpoint(
            model=JumpStartModel(model_package_arn="{_JUMPSTART}", accept_eula=True),
            instance_type="ml.g5.xlarge",
        ),
        "theirs": RealtimeEndpoint(
            model=Model(image=FrameworkContainer(framework="scikit-learn", version="1.2-1")),
            instance_type="ml.m5.large", instance_count=2, volume_size_gb=50,
        ),
    }},
    batch={{
        "nightly": BatchTransform(
            model={_MODEL}, instance_type="ml.m5.xlarge", input="s3://data/in/",
            output="s3://data/out/", trigger=OnSchedule(schedule="rate(12 hours)"),
        ),
        "upload": BatchTransform(
            model={_MODEL}, instance_type="ml.m5.xlarge", trigger=OnUpload(suffix=".csv"),
        ),
    }},
    egress_cidrs=["192.0.2.0/24"],
),
identity=Identity(
    github=GitHub(repository="acme/inference", environments=["dev"]),
    operators=["arn:aws:iam::{ACCOUNT}:role/admin"], regions=["eu-west-1"],
),
moved={{"registry": {{"aws_s3_bucket.a": "aws_s3_bucket.b"}}}},
""",
    "ecs": f"""
ecs=EcsCluster(
    capacity={{"gpu": Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)}},
    load_balancers={{
        "internal": LoadBalancer(
            certificate="{_CERTIFICATE}", allowed_cidrs=["10.0.0.0/8"],
            access_logs=AccessLogs(expire_days=30),
        ),
    }},
),
inference=Inference(
    services={{
        "web": EcsService(
            model={_MODEL}, compute=Fargate(cpu=1024, memory_mib=2048, spot_weight=1),
            scaling=Scaling(
                min_capacity=1, max_capacity=4,
                policies=[TargetTracking(metric=CpuUtilization(percent=60.0))],
            ),
            route=Route(
                load_balancer="internal", hosts=["fraud.acme.test"], paths=["/fraud/*"],
                priority=10, health_check=HealthCheck(path="/ping", interval_seconds=15),
            ),
            rollout=Canary(canary_percent=10, wait_seconds=300, alarm_names=["business"]),
            secrets={{"TOKEN": "arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"}},
        ),
        "gpu": EcsService(
            model={_MODEL}, compute=Ec2(capacity="gpu", memory_mib=4096, gpus=1), count=1,
            rollout=Rolling(min_healthy_percent=50),
            health=ContainerHealth(command=["CMD-SHELL", "true"]),
            egress_cidrs=["192.0.2.0/24"],
        ),
    }},
),
""",
    "eks": f"""
eks=EksCluster(
    version="1.35",
    compute=NodeGroups(
        groups={{
            "cpu": NodeGroup(
                instance_types=["m7i.large"], max_size=3, labels={{"team": "ml"}},
                taints=[Taint(key="only", value="ml", effect="PREFER_NO_SCHEDULE")],
            ),
            "gpu": NodeGroup(instance_types=["g6.xlarge"], max_size=2, desired_size=1),
        }},
    ),
    public_access_cidrs=["192.0.2.0/24"],
    access={{
        "admins": AccessEntry(
            principal="arn:aws:iam::{ACCOUNT}:role/admin", policy="AmazonEKSClusterAdminPolicy"
        ),
    }},
    addons={{"metrics-server": Addon(configuration={{"replicas": 2}})}},
),
kubernetes=Kubernetes(
    services={{
        "web": EksService(
            model={_MODEL},
            compute=Pod(vcpu=1.0, memory_mib=2048, tolerations=[Toleration(key="only")]),
            scaling=Scaling(
                min_capacity=1, max_capacity=4,
                policies=[TargetTracking(metric=CpuUtilization(percent=60.0))],
            ),
            ingress=Ingress(host="fraud.acme.test", certificate_arn="{_CERTIFICATE}"),
            client_namespaces=["shop"],
        ),
        "gpu": EksService(
            model={_MODEL}, compute=Pod(vcpu=2.0, memory_mib=4096, gpus=1, node_group="gpu"),
            count=1,
        ),
    }},
),
""",
    "auto": f"""
eks=EksCluster(
    version="1.35",
    compute=AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"], max_gpus=2)),
),
kubernetes=Kubernetes(
    services={{"web": EksService(model={_MODEL}, compute=Pod(vcpu=1.0, memory_mib=2048))}},
    objects_by="gitops",
),
""",
}
"""What each Environment has beside its Context, network and registry."""

_FOREIGN = f"""
    context=Context(
        organization="acme", stage="prod", account="{ACCOUNT}", region="us-east-1", owner="ml",
        images=ImageOwner(account="444455556666", stage="shared", home_region="eu-west-1"),
    ),
    network=NetworkOutputs(
        vpc_id="vpc-0123456789abcdef0", vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        public_subnet_ids=[], s3_prefix_list_id="pl-63a5400a",
    ),
    registry=RegistryOutputs(
        kms_key_arn="arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        artifact_bucket="their-artifacts",
    ),
    ecs=EcsOutputs(
        cluster_name="theirs", capacity_providers={{"gpu": "theirs-gpu"}},
        listener_arns={{
            "internal": "arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:listener/app/theirs/1/2",
        }},
        load_balancer_suffixes={{"internal": "app/theirs/1"}},
        load_balancer_groups={{"internal": "sg-0123456789abcdef0"}},
    ),
    eks=EksOutputs(
        cluster_name="theirs", endpoint="https://ABC.gr7.us-east-1.eks.amazonaws.com",
        certificate_authority="LS0tLQ==", oidc_issuer="oidc.eks.us-east-1.amazonaws.com/id/ABC",
    ),
    inference={{
        "one": Inference(
            endpoints={{"real": RealtimeEndpoint(model={_MODEL}, instance_type="ml.m5.large")}},
        ),
        "two": Inference(
            services={{
                "web": EcsService(
                    model={_MODEL}, compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(load_balancer="internal", hosts=["fraud.acme.test"]),
                ),
            }},
        ),
    }},
    kubernetes=Kubernetes(
        services={{"pods": EksService(model={_MODEL}, compute=Pod(vcpu=1.0, memory_mib=2048))}},
    ),
"""


@dataclass
class Tree:
    """A Spec or Outputs to be made: its type and what is given to it."""

    kind: str
    given: dict[Any, Any]


Path = tuple[Any, ...]


def tree_of(value: Any) -> Any:
    """A valid value as Trees, dicts and lists."""
    if isinstance(value, Spec):
        given = {name: tree_of(getattr(value, name)) for name in sorted(value.model_fields_set)}
        return Tree(type(value).__name__, given)
    if is_dataclass(value) and isinstance(value, Outputs):
        given = {each.name: tree_of(getattr(value, each.name)) for each in fields(value)}
        return Tree(type(value).__name__, given)
    if isinstance(value, dict):
        return {key: tree_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tree_of(item) for item in value]
    return value


def _valid(text: str) -> Tree:
    made = eval(f"Environment({text})", dict(vars(inferform)))
    tree = tree_of(made)
    assert isinstance(tree, Tree)
    return tree


def valid_trees() -> dict[str, Tree]:
    """Every valid Environment, new each time."""
    return {
        **{name: _valid(_BASE + text) for name, text in SOURCES.items()},
        "foreign": _valid(_FOREIGN),
    }


def places(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a tree, the containers before what they hold."""
    if path:
        yield path
    inside = tree.given if isinstance(tree, Tree) else tree
    if isinstance(inside, dict):
        for key, item in inside.items():
            yield from places(item, (*path, key))
    elif isinstance(inside, list):
        for index, item in enumerate(inside):
            yield from places(item, (*path, index))


def at(tree: Any, path: Path) -> Any:
    """What is at a place."""
    for part in path:
        tree = (tree.given if isinstance(tree, Tree) else tree)[part]
    return tree


def changed(tree: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy of a tree with another value at one place."""
    if not path:
        return change(tree)
    first, rest = path[0], path[1:]
    if isinstance(tree, Tree):
        return Tree(tree.kind, changed(tree.given, path, change))
    if isinstance(tree, dict):
        return {
            key: changed(item, rest, change) if key == first else item for key, item in tree.items()
        }
    return [changed(item, rest, change) if i == first else item for i, item in enumerate(tree)]


def put(tree: Any, place: str, value: Any) -> Any:
    """A copy of a tree with a value at a place such as `context.owner`, new or changed."""
    first, _, rest = place.partition(".")
    if isinstance(tree, Tree):
        return Tree(tree.kind, put(tree.given, place, value))
    if isinstance(tree, list):
        index = int(first)
        inner = put(tree[index], rest, value) if rest else value
        return [*tree[:index], inner, *tree[index + 1 :]]
    inner = put(tree[first], rest, value) if rest else value
    return {**tree, first: inner}


def built(tree: Any) -> Any:
    """What a tree says, made."""
    if isinstance(tree, Tree):
        given = {name: built(value) for name, value in tree.given.items()}
        return getattr(inferform, tree.kind)(**given)
    if isinstance(tree, dict):
        return {key: built(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [built(value) for value in tree]
    return tree


def source(tree: Any) -> str:
    """What a tree says, as people write it."""
    if isinstance(tree, Tree):
        return f"{tree.kind}(**{source(tree.given)})"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{source(k)}: {source(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return f"[{', '.join(map(source, tree))}]"
    if isinstance(tree, float) and not math.isfinite(tree):
        return f'float("{tree}")'
    if isinstance(tree, int) and not isinstance(tree, bool) and tree.bit_length() > 10_000:
        return f"int('{tree:x}', 16)"
    return ascii(tree)


def file(tree: Tree) -> str:
    """An environment file that says what a tree says."""
    return f"from inferform import *\n\ndev = {source(tree)}\n"


def environment(tree: Tree) -> Environment:
    """The Environment that a tree says."""
    made = built(tree)
    assert isinstance(made, Environment)
    return made
