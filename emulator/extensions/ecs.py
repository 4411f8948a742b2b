"""ECS: services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends

from .registry import Service

service = Service("ecs", EC2ContainerServiceResponse)

Original = Callable[..., Any]

KEPT = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)

_DEPLOYMENT = {"maximumPercent": 200, "minimumHealthyPercent": 100}


@service.corrects(
    "CreateService",
    gap="loses capacity-provider strategy, execute-command flag, managed tags, grace period, "
    "availability-zone rebalancing, deployment configuration and placement; overwrites a service; "
    "never gets tasks to run, nor registers them as targets",
)
def create_service(original: Original, response: EC2ContainerServiceResponse) -> ActionResult:
    """AWS keeps every field, fills in defaults, and brings the tasks up."""
    result: Any = original(response)
    created: Any = result.result["service"]
    for field in KEPT:
        setattr(created, camelcase_to_underscores(field), response._get_param(field))
    _spread(created)
    created.availability_zone_rebalancing = created.availability_zone_rebalancing or "DISABLED"
    created.deployment_configuration = _filled_in(created.deployment_configuration)
    created.created_at = utcnow()
    _settle(created)
    return ActionResult({"service": created})


def _spread(changed: Any) -> None:
    """A strategy takes the place of a launch type; weight and base are 0 where not given."""
    if changed.capacity_provider_strategy:
        changed.launch_type = None
        for each in changed.capacity_provider_strategy:
            each.setdefault("weight", 0)
            each.setdefault("base", 0)


def _filled_in(given: dict[str, Any] | None) -> dict[str, Any]:
    filled: dict[str, Any] = {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        **_DEPLOYMENT,
    }
    return filled | (given or {})


def _settle(changed: Any) -> None:
    """Let the tasks of the newest deployment run: in the emulator nothing has to start."""
    changed.running_count, changed.pending_count = changed.desired_count, 0
    _register(changed)
    if changed.deployment_controller["type"] != "ECS":
        return
    newest = changed.deployments[0]
    newest.update(
        desiredCount=changed.desired_count,
        runningCount=changed.desired_count,
        pendingCount=0,
        launchType=changed.launch_type,
        capacityProviderStrategy=changed.capacity_provider_strategy,
        networkConfiguration=changed.network_configuration or None,
        platformVersion=changed.platform_version,
        taskDefinition=changed.task_definition,
        rolloutState="COMPLETED",
        rolloutStateReason=f"ECS deployment {newest['id']} completed.",
        updatedAt=utcnow(),
    )


def run(account: str, region: str, cluster: str, name: str, running: int) -> None:
    """Let so many tasks of a service run, until it is updated. Raises ValueError without it."""
    found = ecs_backends[account][region].services.get(f"{cluster}:{name}")
    if found is None:
        raise ValueError(f"there is no service {name} in the cluster {cluster}")
    found.running_count, found.pending_count = running, found.desired_count - running
    _register(found)


def _register(changed: Any) -> None:
    """Register the tasks of a service as targets, as ECS does with each task that starts."""
    _, _, _, region, account, _ = changed.arn.split(":", 5)
    known = elbv2_backends[account][region].target_groups
    for entry in changed.load_balancers or ():
        group = known.get(entry.get("targetGroupArn"))
        if group is None:
            continue
        group.targets.clear()
        tasks = range(10, 10 + changed.running_count)
        group.register([{"Id": f"10.0.{n // 250}.{n % 250}"} for n in tasks])


@service.corrects(
    "UpdateService",
    gap="leaves the deployment at the old task definition; takes a family for a definition's ARN",
    owner=EC2ContainerServiceBackend,
)
def update_service(
    original: Original, backend: EC2ContainerServiceBackend, properties: dict[str, Any]
) -> Any:
    """AWS deploys the new definition and keeps what was not given."""
    definition = properties.get("task_definition")
    if definition:
        properties["task_definition"] = backend.describe_task_definition(definition).arn
    strategy = properties.get("capacity_provider_strategy")
    configuration = properties.pop("deployment_configuration", None)
    changed: Any = original(backend, properties)
    if strategy:
        _spread(changed)
    if configuration:
        before = getattr(changed, "deployment_configuration", None) or {}
        changed.deployment_configuration = _filled_in(before | configuration)
    _settle(changed)
    return changed
