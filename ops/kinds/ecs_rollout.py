"""Moving an ECS service to its newest task definition, by CodeDeploy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inferform import EcsOutputs, EcsService
from inferform.ecs.names import cluster_name, code_deploy_name
from inferform.service import Deployed

from ..aws import Aws
from ..errors import OperatorError
from .record import Mover


def _begin(deployed: Deployed, aws: Aws) -> tuple[str, str] | None:
    """Start a deployment of the newest task definition; None where the service serves that."""
    environment, service, spec = deployed.place.environment, deployed.name, deployed.spec
    assert isinstance(spec, EcsService)
    context, ecs = environment.context, aws.client("ecs")
    name = context.name(service)
    cluster = getattr(environment.ecs, "cluster_name", None) or cluster_name(context)
    found = ecs.describe_services(cluster=cluster, services=[name])["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise OperatorError(
            f"{name} is not in cluster {cluster}", "apply the inference layer first"
        )
    newest = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
    arn = newest["taskDefinitionArn"]
    serving = [
        each["taskDefinition"]
        for each in found[0].get("taskSets", [])
        if each.get("status") == "PRIMARY"
    ] or [found[0].get("taskDefinition", "")]
    if serving == [arn]:
        return None
    container, port = _served(found[0], newest)
    if isinstance(environment.ecs, EcsOutputs):
        providers = dict(environment.ecs.capacity_providers)
    else:
        assert environment.ecs is not None
        providers = {short: context.name(short) for short in environment.ecs.capacity}
    shares = spec.compute.shares(providers)
    application = code_deploy_name(context, service)
    answer = aws.client("codedeploy").create_deployment(
        applicationName=application,
        deploymentGroupName=application,
        description="inferform rollout",
        revision={
            "revisionType": "AppSpecContent",
            "appSpecContent": {
                "content": _app_spec(arn, container, port, shares, spec.deployment.events)
            },
        },
    )
    return answer["deploymentId"], arn


def _served(service: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[str, int]:
    """The container behind the load balancer, and the port that it has in the new definition."""
    behind = service.get("loadBalancers") or [
        entry for each in service.get("taskSets", []) for entry in each.get("loadBalancers", [])
    ]
    name, port = behind[0]["containerName"], behind[0]["containerPort"]
    for container in definition["containerDefinitions"]:
        if container["name"] == name and container.get("portMappings"):
            port = container["portMappings"][0]["containerPort"]
    return name, port


def _app_spec(
    task_definition: str,
    container: str,
    port: int,
    shares: list[tuple[str, int, int]],
    hooks: Mapping[str, str],
) -> str:
    """CodeDeploy's AppSpec in JSON. Without the strategy the cluster's own would be used."""
    properties = {
        "TaskDefinition": task_definition,
        "LoadBalancerInfo": {"ContainerName": container, "ContainerPort": port},
        "CapacityProviderStrategy": [
            {"CapacityProvider": name, "Base": base, "Weight": weight}
            for name, base, weight in shares
        ],
    }
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    app_spec: dict[str, Any] = {"version": 0.0, "Resources": [resource]}
    if hooks:
        app_spec["Hooks"] = [{event: function} for event, function in hooks.items()]
    return json.dumps(app_spec)


MOVERS = (Mover(EcsService, _begin),)
