"""Starting a CodeDeploy rollout of an ECS service, and following it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import EcsOutputs, EcsService, Environment
from inferform.ecs.names import cluster_name, code_deploy_name

from .aws import Aws
from .errors import BadInputError, OperatorError
from .services import find

_RUNNING = frozenset({"Created", "Queued", "InProgress", "Baking", "Ready"})
_POLL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Rollout:
    """A CodeDeploy deployment: its id, its task definition and how it stands."""

    deployment: str
    task_definition: str
    status: str
    reason: str

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.status in _RUNNING


def start(environment: Environment, service: str, aws: Aws) -> Rollout | None:
    """Move a service to its newest task definition; None where it serves that already.

    Raises BadInputError for a service that CodeDeploy does not roll out, and OperatorError where
    AWS refuses.
    """
    found = find(
        environment,
        service,
        among=lambda each: isinstance(each.spec, EcsService),
        what="ECS service",
    )
    spec = found.spec
    if not isinstance(spec, EcsService) or not spec.uses_code_deploy:
        raise BadInputError(
            f"{service} is not rolled out by CodeDeploy", "an apply alone rolls it out"
        )
    try:
        return _start(environment, found.name, spec, aws)
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"the rollout of {service} was refused: {error}") from error


def _start(environment: Environment, service: str, spec: EcsService, aws: Aws) -> Rollout | None:
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
    return follow(aws, answer["deploymentId"], arn)


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


def follow(aws: Aws, deployment: str, task_definition: str) -> Rollout:
    """How a deployment stands now."""
    info = aws.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    error = info.get("errorInformation") or {}
    reason = error.get("message") or "; ".join(info.get("deploymentStatusMessages") or [])
    return Rollout(deployment, task_definition, info["status"], reason)


def wait(aws: Aws, rollout: Rollout) -> Rollout:
    """Follow a deployment to its end."""
    while rollout.running:
        time.sleep(_POLL_SECONDS)
        try:
            rollout = follow(aws, rollout.deployment, rollout.task_definition)
        except (BotoCoreError, ClientError) as error:
            raise OperatorError(
                f"deployment {rollout.deployment} cannot be read any more: {error}"
            ) from error
    return rollout
