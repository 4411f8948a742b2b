"""ECS: services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs.exceptions import EcsClientException, ServiceNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends

from .. import rights, service_rollouts
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
    "RegisterTaskDefinition",
    gap="does not say when it was registered; takes images of ECR for Fargate without an execution role",
)
def register_task_definition(
    original: Original, response: EC2ContainerServiceResponse
) -> ActionResult:
    """AWS says when, and what Fargate needs to pull from ECR."""
    images = [each.get("image", "") for each in response._get_param("containerDefinitions") or []]
    on_fargate = "FARGATE" in (response._get_param("requiresCompatibilities") or [])
    pulls = any(rights.is_of_ecr(each) for each in images)
    if on_fargate and pulls and not response._get_param("executionRoleArn"):
        raise EcsClientException(
            "Fargate requires task definition to have execution role ARN to support ECR images."
        )
    result: Any = original(response)
    result.result["taskDefinition"].registered_at = utcnow()
    return ActionResult(result.result)


@service.corrects(
    "CreateService",
    gap="loses capacity-provider strategy, execute-command flag, managed tags, grace period, "
    "availability-zone rebalancing, deployment configuration and placement; overwrites a service; "
    "never gets tasks to run, nor registers them as targets; takes a port of Service Connect that "
    "the task definition does not name",
)
def create_service(original: Original, response: EC2ContainerServiceResponse) -> ActionResult:
    """AWS keeps every field, fills in defaults, and brings the tasks up."""
    _check_connected(response)
    result: Any = original(response)
    created: Any = result.result["service"]
    for field in KEPT:
        setattr(created, camelcase_to_underscores(field), response._get_param(field))
    _spread(created)
    created.availability_zone_rebalancing = created.availability_zone_rebalancing or "DISABLED"
    created.deployment_configuration = _filled_in(created.deployment_configuration)
    created.created_at = utcnow()
    service_rollouts.begin(response.ecs_backend, created, before=None)
    _register(created)
    return ActionResult({"service": created})


def _check_connected(response: EC2ContainerServiceResponse) -> None:
    """AWS refuses a port of Service Connect that the task definition does not name.

    Source: ECS API reference, ServiceConnectService portName.
    """
    connect = response._get_param("serviceConnectConfiguration") or {}
    definition = response._get_param("taskDefinition")
    if not connect.get("services") or not definition:
        return
    known = response.ecs_backend.describe_task_definition(definition)
    named = {
        port.get("name")
        for container in known.container_definitions
        for port in container.get("portMappings") or ()
    }
    for each in connect["services"]:
        if each["portName"] not in named:
            raise EcsClientException(
                f"No port mapping of the task definition has the name {each['portName']}."
            )


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
    """AWS deploys what is new, keeps what was not given, and otherwise changes the running
    deployment."""
    cluster = properties.get("cluster", "default").split("/")[-1]
    name = properties["service"].split("/")[-1]
    found: Any = backend.services.get(f"{cluster}:{name}")
    before = service_rollouts.snapshot(found) if found is not None else {}
    definition = properties.get("task_definition")
    if definition:
        properties["task_definition"] = backend.describe_task_definition(definition).arn
    strategy = properties.get("capacity_provider_strategy")
    configuration = properties.pop("deployment_configuration", None)
    forced = properties.pop("force_new_deployment", False)
    changed: Any = original(backend, properties)
    if strategy:
        _spread(changed)
    if configuration:
        had = getattr(changed, "deployment_configuration", None) or {}
        changed.deployment_configuration = _filled_in(had | configuration)
    if forced or service_rollouts.snapshot(changed) != before:
        service_rollouts.begin(backend, changed, before=before)
    else:
        service_rollouts.resize(changed)
    _register(changed)
    return changed


@service.corrects("DescribeServices", gap="has every deployment done at once, and none rolled back")
def describe_services(original: Original, response: EC2ContainerServiceResponse) -> ActionResult:
    """AWS takes its time, and rolls back what its circuit breaker stops."""
    result: Any = original(response)
    for each in result.result["services"]:
        if service_rollouts.advance(each):
            _register(each)
    return ActionResult(result.result)


@service.adds("ListServiceDeployments", gap="missing")
def list_service_deployments(response: EC2ContainerServiceResponse) -> ActionResult:
    """AWS lists the deployments of a service, newest first."""
    cluster = (response._get_param("cluster") or "default").split("/")[-1]
    name = response._get_param("service").split("/")[-1]
    found = response.ecs_backend.services.get(f"{cluster}:{name}")
    if found is None:
        raise ServiceNotFoundException
    wanted = response._get_param("status") or []
    kept = ("serviceDeploymentArn", "serviceArn", "clusterArn", "status", "statusReason")
    times = ("createdAt", "startedAt", "finishedAt")
    briefs = [
        {name: record[name] for name in (*kept, *times) if name in record}
        | {"targetServiceRevisionArn": record["targetServiceRevision"]["arn"]}
        for record in service_rollouts.records(found)
        if not wanted or record["status"] in wanted
    ]
    return ActionResult({"serviceDeployments": briefs})


@service.adds("DescribeServiceDeployments", gap="missing")
def describe_service_deployments(response: EC2ContainerServiceResponse) -> ActionResult:
    """AWS answers how each deployment stands, and why it was rolled back."""
    known = {
        record["serviceDeploymentArn"]: record
        for each in response.ecs_backend.services.values()
        for record in service_rollouts.records(each)
    }
    asked = response._get_param("serviceDeploymentArns")
    return ActionResult(
        {
            "serviceDeployments": [known[arn] for arn in asked if arn in known],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known],
        }
    )
