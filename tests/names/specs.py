"""Specs whose resources carry a hash of what they hold in their names."""

from __future__ import annotations

from typing import Any

from inferform import (
    AsyncEndpoint,
    BatchCapture,
    BatchTransform,
    Canary,
    Context,
    CoreDumps,
    DataCapture,
    DirectEndpoint,
    EcsOutputs,
    EcsService,
    EksCluster,
    Environment,
    Fargate,
    FrameworkContainer,
    Host,
    Image,
    Inference,
    InferenceComponentEndpoint,
    JumpStartModel,
    Linear,
    Model,
    ModelMonitor,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    NetworkOutputs,
    NodeGroup,
    NodeGroups,
    Notifications,
    PipelineEndpoint,
    RealtimeEndpoint,
    RegistryOutputs,
    Route,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    Training,
    Variant,
)
from inferform.names import short_hash
from inferform.sagemaker.endpoints.base import Endpoint

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
NETWORK = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
DATA = RegistryOutputs(
    kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k", artifact_bucket="artifacts"
)
CLUSTER = EcsOutputs(
    cluster_name="shared",
    capacity_providers={},
    listener_arns={
        "public": "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/public/1/2"
    },
    load_balancer_suffixes={"public": "app/public/1"},
    load_balancer_groups={"public": "sg-1"},
)
MODEL = Model(
    image=Image(repository="fraud", tag="1.4.2"),
    artifact="fraud/1.4.2/model.tar.gz",
    environment={"LEVEL": "info"},
)
_PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/12"
_JUMPSTART = "arn:aws:sagemaker:us-east-1:865070037744:model-package/llm-1a2b"
_TOPIC = "arn:aws:sns:us-east-1:111122223333:predictions"

ENDPOINTS: dict[str, Endpoint] = {
    "realtime": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
    "realtime-full": RealtimeEndpoint(
        model=MODEL,
        instance_type="ml.g4dn.xlarge",
        scaling=Scaling(min_capacity=2, max_capacity=6),
        host=Host(
            startup_timeout_seconds=600,
            download_timeout_seconds=900,
            inference_ami_version="al2-ami-sagemaker-inference-gpu-2",
            routing_strategy="LEAST_OUTSTANDING_REQUESTS",
            core_dumps=CoreDumps(),
        ),
        data_capture=DataCapture(sampling_percent=20, modes=["Input"]),
        shadow=Shadow(model=MODEL, instance_type="ml.m5.large", traffic_percent=20),
    ),
    "realtime-objects": RealtimeEndpoint(
        model=MODEL.replace(artifact="llm/1/", accept_eula=True, network_isolation=False),
        instance_type="ml.m5.large",
        host=Host(volume_size_gb=100),
        vpc=False,
    ),
    "framework": RealtimeEndpoint(
        model=Model(
            image=FrameworkContainer(framework="xgboost", version="1.7-1"),
            artifact="s3://models/fraud.tar.gz",
        ),
        instance_type="ml.m5.large",
    ),
    "package": RealtimeEndpoint(model=ModelPackage(arn=_PACKAGE), instance_type="ml.m5.large"),
    "marketplace": RealtimeEndpoint(
        model=JumpStartModel(model_package_arn=_JUMPSTART, accept_eula=True),
        instance_type="ml.m5.large",
    ),
    "variants": MultiVariantEndpoint(
        variants={
            "a": Variant(model=MODEL, instance_type="ml.m5.large", weight=0.8),
            "b": Variant(model=MODEL, instance_type="ml.m5.large", weight=0.2),
        }
    ),
    "serverless": ServerlessEndpoint(model=MODEL.replace(network_isolation=False)),
    "serverless-warm": ServerlessEndpoint(
        model=MODEL.replace(network_isolation=False),
        memory_mib=4096,
        max_concurrency=10,
        provisioned_concurrency=2,
    ),
    "asynchronous": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
    "asynchronous-full": AsyncEndpoint(
        model=MODEL,
        instance_type="ml.m5.large",
        max_concurrent_invocations_per_instance=4,
        output="s3://answers/here",
        failure_output="s3://answers/failed",
        notifications=Notifications(
            success_topic=_TOPIC, error_topic=_TOPIC, include_response_in=["error"]
        ),
    ),
    "multi-model": MultiModelEndpoint(
        model=MultiModel(image=Image(repository="triton", tag="1"), artifacts="models/"),
        instance_type="ml.m5.large",
    ),
    "multi-model-uncached": MultiModelEndpoint(
        model=MultiModel(
            image=Image(repository="triton", tag="1"),
            artifacts="models/",
            environment={"LEVEL": "info"},
            caching=False,
        ),
        instance_type="ml.m5.large",
    ),
    "pipeline": PipelineEndpoint(containers=[MODEL, MODEL], instance_type="ml.m5.large"),
    "direct": DirectEndpoint(
        containers={"first": MODEL, "second": MODEL}, instance_type="ml.m5.large"
    ),
    "components": InferenceComponentEndpoint(
        instance_type="ml.m5.large", min_instances=1, max_instances=4
    ),
}
BATCH = {"nightly": BatchTransform(model=MODEL, instance_type="ml.m5.large")}
_ROLLOUTS: dict[str, Canary | Linear] = {
    "canary": Canary(canary_percent=20, wait_seconds=600),
    "linear": Linear(step_percent=25, wait_seconds=120),
}
SERVICES = {
    name: EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048),
        route=Route(load_balancer="public", paths=[f"/{name}/*"], grace_seconds=120),
        rollout=rollout,
    )
    for name, rollout in _ROLLOUTS.items()
}
NODES = {
    "cpu": NodeGroup(instance_types=["m5.large", "m5.xlarge"], max_size=4),
    "spot": NodeGroup(instance_types=["m5.large"], max_size=4, capacity_type="SPOT"),
}

HASHED = {
    "aws_sagemaker_model": "name",
    "aws_sagemaker_endpoint_configuration": "name",
    "aws_codedeploy_deployment_config": "deployment_config_name",
    "aws_eks_node_group": "node_group_name",
    "aws_sagemaker_data_quality_job_definition": "name",
}
"""The Terraform types whose names carry a hash, and the argument that is the name."""


MONITORS = {
    "batch": ModelMonitor(
        batch=BatchCapture(uri="captured/"),
        statistics="base/statistics.json",
        constraints="base/constraints.json",
    )
}


def environment(
    *,
    endpoints: dict[str, Any] = ENDPOINTS,
    batch: dict[str, Any] = BATCH,
    services: dict[str, Any] = SERVICES,
    nodes: dict[str, Any] = NODES,
    monitors: dict[str, Any] = MONITORS,
) -> Environment:
    """An environment of these Specs."""
    return Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=DATA,
        ecs=CLUSTER,
        eks=EksCluster(version="1.35", compute=NodeGroups(groups=nodes)) if nodes else None,
        inference=Inference(endpoints=endpoints, batch=batch, services=services),
        training=Training(model_monitors=monitors) if monitors else None,
    )


def sent(stacks: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, str]]:
    """What is sent for each resource whose name carries a hash, and that name."""
    found = {}
    for stack in stacks.values():
        for kind, argument in HASHED.items():
            for made in stack.get("resource", {}).get(kind, {}).values():
                path = f"{kind} {made['//']['metadata']['path']}"
                arguments = {
                    name: value
                    for name, value in made.items()
                    if name not in ("//", "depends_on", "lifecycle", argument)
                }
                found[path] = (arguments, made[argument])
    return found


def sent_hashes(found: dict[str, tuple[Any, str]]) -> dict[str, str]:
    """What is sent for each resource of which nothing can be changed in place; EKS changes most of
    a node group."""
    return {
        path: short_hash(arguments)
        for path, (arguments, _) in found.items()
        if not path.startswith("aws_eks_node_group ")
    }


def names_in(stacks: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The name of each resource whose name carries a hash, by its path among the constructs."""
    return {path: name for path, (_, name) in sent(stacks).items()}
