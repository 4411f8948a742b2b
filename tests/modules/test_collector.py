"""The collector of OpenTelemetry in the pods of an EKS service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Collector,
    Context,
    EksCluster,
    EksService,
    Environment,
    Image,
    Kubernetes,
    Model,
    Network,
    Pod,
    Registry,
    Repository,
    SpecError,
)

Synthesize = Callable[[Environment], dict[str, Any]]

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
WORKSPACE = "ws-0a1b2c3d-1111-2222-3333-444455556666"


def environment(collector: Collector | None, **network: Any) -> Environment:
    compute = Pod(vcpu=1, memory_mib=2048, collector=collector)
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16", **network),
        registry=Registry(repositories={"fraud": Repository()}),
        eks=EksCluster(version="1.35"),
        kubernetes=Kubernetes(services={"fraud": EksService(model=MODEL, compute=compute)}),
    )


def made(synthesize: Synthesize, collector: Collector) -> tuple[dict[str, Any], dict[str, Any]]:
    """The collector's container, and the statements of the pods' role by their ids."""
    stack = synthesize(environment(collector))["dev-use1-kubernetes"]["resource"]
    (deployment,) = stack["kubernetes_deployment_v1"].values()
    containers = deployment["spec"]["template"]["spec"]["container"]
    assert [each["name"] for each in containers] == ["inference", "collector"]
    (policy,) = stack["aws_iam_role_policy"].values()
    return containers[1], {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}


def settings(container: dict[str, Any]) -> dict[str, Any]:
    found = {each["name"]: each["value"] for each in container["env"]}
    read: dict[str, Any] = json.loads(found["AOT_CONFIG_CONTENT"])
    return read


def test_a_collector_sends_traces_to_x_ray_and_metrics_to_cloudwatch(
    synthesize: Synthesize,
) -> None:
    container, statements = made(synthesize, Collector())
    read = settings(container)
    pipelines = read["service"]["pipelines"]
    assert {name: each["exporters"] for name, each in pipelines.items()} == {
        "traces": ["awsxray"],
        "metrics": ["awsemf"],
    }
    # The role may write to the log group that the collector is told, and to no other.
    group = read["exporters"]["awsemf"]["log_group_name"]
    arn = f"arn:aws:logs:us-east-1:111122223333:log-group:{group}"
    assert statements["SendMetrics"]["Resource"] == [arn, f"{arn}:*"]
    assert "xray:PutTraceSegments" in statements["SendTraces"]["Action"]
    assert container["resources"]["limits"] == {"memory": "256Mi"}
    security = container["security_context"]
    assert security["read_only_root_filesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_a_workspace_of_prometheus_takes_the_metrics(synthesize: Synthesize) -> None:
    container, statements = made(synthesize, Collector(workspace=WORKSPACE))
    read = settings(container)
    assert read["service"]["pipelines"]["metrics"]["exporters"] == ["prometheusremotewrite"]
    assert read["exporters"]["prometheusremotewrite"]["endpoint"] == (
        f"https://aps-workspaces.us-east-1.amazonaws.com/workspaces/{WORKSPACE}/api/v1/remote_write"
    )
    # Requests are signed, or the workspace answers 403.
    assert read["service"]["extensions"] == ["sigv4auth"]
    assert read["extensions"]["sigv4auth"] == {"region": "us-east-1", "service": "aps"}
    assert statements["WriteMetrics"]["Action"] == "aps:RemoteWrite"
    arn = f"arn:aws:aps:us-east-1:111122223333:workspace/{WORKSPACE}"
    assert statements["WriteMetrics"]["Resource"] == arn
    assert "SendMetrics" not in statements


def test_a_collector_is_reached_by_its_network_and_counted_in_its_pod() -> None:
    closed = {"nat": "none", "auto_endpoints": True}
    with pytest.raises(SpecError) as caught:
        environment(Collector(), **closed)
    paths = [".".join(map(str, each.path)) for each in caught.value.problems]
    assert paths == ["kubernetes.services.fraud.compute.collector.image"]
    own = Image(repository="fraud", tag="collector")
    environment(Collector(image=own, workspace=WORKSPACE), **closed)
    with pytest.raises(SpecError, match="KUB35"):
        Collector(workspace="metrics")
    with pytest.raises(SpecError, match="KUB34"):
        Collector(memory_mib=32)
    assert Pod(vcpu=1, memory_mib=2048, collector=Collector()).all_memory_mib == 2304
