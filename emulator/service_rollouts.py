"""How an ECS service gets from one deployment to another.

AWS takes minutes and may end in a failure or a rollback; the emulator is done at once, unless a
plan says otherwise or its tasks cannot start, where that is judged (``emulator.tasks``). A plan is for the next deployment of one service, by ECS itself or by
CodeDeploy, and counts in answers instead of minutes: of DescribeServices or of GetDeployment.

A rollback puts the last deployment that was completed back, under its own id (Amazon ECS developer
guide, "How the Amazon ECS deployment circuit breaker detects failures"); a new service has none, and
its deployment fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from . import planned, tasks, told_events

Outcome = Literal["succeed", "fail", "rollback"]

# What a deployment changes on a service, and a rollback puts back.
_DEPLOYED = (
    "task_definition",
    "capacity_provider_strategy",
    "launch_type",
    "load_balancers",
    "network_configuration",
    "platform_version",
)

_FAILED = "tasks failed to start."
_ROLLED_BACK = "Service deployment rolled back because the circuit breaker threshold was exceeded."


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next deployment of a service shall come to.

    ``describes`` answers show it in progress, and after them, for a rollback,
    ``rolling_back_describes`` show it rolling back.
    """

    outcome: Outcome = "succeed"
    describes: int = 0
    rolling_back_describes: int = 0
    reason: str | None = None

    def __post_init__(self) -> None:
        planned.check(self, get_args(Outcome))


@dataclass(slots=True)
class _Rollout:
    """A deployment under way, and what it comes from."""

    plan: Plan
    new: dict[str, Any]
    old: dict[str, Any] | None
    before: dict[str, Any] | None
    record: dict[str, Any]
    shown: int = 0


def set_plan(backend: Any, cluster: str, service: str, plan: Plan) -> None:
    """Plan the next deployment of a service, which need not exist yet."""
    _plans(backend)[f"{cluster}:{service}"] = plan


def clear_plans(backend: Any) -> None:
    """Forget the plans that no deployment has used."""
    _plans(backend).clear()


def take_plan(backend: Any, service: Any, definition: str = "") -> Plan:
    """The plan for the deployment that begins now, of a task definition that CodeDeploy brings or of
    the service's own. Without one it succeeds at once, unless its tasks cannot start."""
    plan = _plans(backend).pop(f"{service.cluster_name}:{service.name}", Plan())
    failure = tasks.failure(backend, service, definition) if plan.outcome == "succeed" else ""
    return Plan("rollback", describes=plan.describes, reason=failure) if failure else plan


def _plans(backend: Any) -> dict[str, Plan]:
    # on the backend, so that resetting moto resets them, and each account and region has its own
    plans: dict[str, Plan] = backend.__dict__.setdefault("service_plans", {})
    return plans


def snapshot(service: Any) -> dict[str, Any]:
    """What the service runs now."""
    return {name: getattr(service, name, None) for name in _DEPLOYED}


def begin(backend: Any, service: Any, *, before: dict[str, Any] | None) -> None:
    """Start the deployment of what the service has just been told to run."""
    plan = take_plan(backend, service)
    if service.deployment_controller["type"] != "ECS":
        failed = before is None and plan.outcome != "succeed"
        service.running_count = 0 if failed else service.desired_count
        service.pending_count = service.desired_count - service.running_count
        return
    number = mock_random.randint(10**18, 10**19)
    old = service.deployments[0] if before is not None else None
    new = {
        **service.deployments[0],
        "id": f"ecs-svc/{number}",
        "status": "PRIMARY",
        "createdAt": utcnow(),
        "failedTasks": 0,
    }
    record = _record(service, number)
    _records(service).insert(0, record)
    service.current_service_deployment = record["serviceDeploymentArn"]
    rollout = _Rollout(plan, new, old, before, record)
    service.rollout = rollout
    if plan.outcome == "succeed" and plan.describes == 0:
        _complete(service, rollout)
    else:
        _start(service, rollout)


def resize(service: Any) -> None:
    """Let the running deployment have as many tasks as the service wants now."""
    rollout: _Rollout | None = getattr(service, "rollout", None)
    if rollout is not None:
        return
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in service.deployments[:1]:
        deployment.update(
            desiredCount=service.desired_count, runningCount=service.desired_count, pendingCount=0
        )


def _record(service: Any, number: int) -> dict[str, Any]:
    """The service deployment, as DescribeServiceDeployments answers it."""
    place = f"{service.cluster_name}/{service.name}/{number}"
    prefix = service.arn.partition(":service/")[0]
    records = _records(service)
    return {
        "serviceDeploymentArn": f"{prefix}:service-deployment/{place}",
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": utcnow(),
        "startedAt": utcnow(),
        "updatedAt": utcnow(),
        "sourceServiceRevisions": [records[0]["targetServiceRevision"]] if records else [],
        "targetServiceRevision": {
            "arn": f"{prefix}:service-revision/{place}",
            "requestedTaskCount": service.desired_count,
            "runningTaskCount": 0,
            "pendingTaskCount": 0,
        },
        "status": "IN_PROGRESS",
        "deploymentConfiguration": getattr(service, "deployment_configuration", None) or {},
    }


def _records(service: Any) -> list[dict[str, Any]]:
    """The deployments of a service, newest first."""
    records: list[dict[str, Any]] = service.__dict__.setdefault("service_deployments", [])
    return records


def records(service: Any) -> list[dict[str, Any]]:
    """The deployments of a service as DescribeServiceDeployments answers them, newest first."""
    return list(_records(service))


def advance(service: Any) -> bool:
    """Move on by one answer of DescribeServices; answers whether a deployment is under way."""
    rollout: _Rollout | None = getattr(service, "rollout", None)
    if rollout is None:
        return False
    plan = rollout.plan
    rollout.shown += 1
    if rollout.shown <= plan.describes:
        return True
    if plan.outcome == "succeed":
        _complete(service, rollout)
    elif plan.outcome == "fail" or rollout.old is None or not _rolls_back(service):
        _fail(service, rollout)
    elif rollout.shown <= plan.describes + plan.rolling_back_describes:
        _roll_back(service, rollout)
    else:
        _roll_back(service, rollout)
        _rolled_back(service, rollout)
    return True


def _rolls_back(service: Any) -> bool:
    """Whether the service was told to roll failed deployments back."""
    configuration = getattr(service, "deployment_configuration", None) or {}
    guards = (configuration.get(name) or {} for name in ("deploymentCircuitBreaker", "alarms"))
    return any(guard.get("enable") and guard.get("rollback") for guard in guards)


def _start(service: Any, rollout: _Rollout) -> None:
    running = service.desired_count if rollout.old else 0
    _show(service, rollout.new, "IN_PROGRESS", f"ECS deployment {rollout.new['id']} in progress.")
    rollout.new.update(runningCount=0, pendingCount=service.desired_count)
    service.deployments = [rollout.new]
    if rollout.old is not None:
        rollout.old["status"] = "ACTIVE"
        service.deployments.append(rollout.old)
    service.running_count, service.pending_count = running, service.desired_count


def _complete(service: Any, rollout: _Rollout) -> None:
    _show(service, rollout.new, "COMPLETED", f"ECS deployment {rollout.new['id']} completed.")
    _serve(service, rollout.new)
    _end(service, rollout, "SUCCESSFUL", None)


def _serve(service: Any, deployment: dict[str, Any]) -> None:
    """Let the tasks of one deployment run, and no others."""
    service.running_count, service.pending_count = service.desired_count, 0
    deployment.update(runningCount=service.desired_count, pendingCount=0, status="PRIMARY")
    service.deployments = [deployment]


def _fail(service: Any, rollout: _Rollout) -> None:
    reason = rollout.plan.reason or _FAILED
    said = f"ECS deployment circuit breaker: {reason}"
    _show(service, rollout.new, "FAILED", said)
    rollout.new.update(runningCount=0, pendingCount=0, failedTasks=service.desired_count)
    service.running_count = rollout.old["runningCount"] if rollout.old else 0
    service.pending_count = 0
    _tell(service, f"(deployment {rollout.new['id']}) deployment failed: {reason}")
    told_events.service_failed(service, rollout.new["id"], said)
    _end(service, rollout, "STOPPED", said)


def _roll_back(service: Any, rollout: _Rollout) -> None:
    old, before = rollout.old, rollout.before
    assert old is not None
    assert before is not None
    if rollout.record["status"] == "ROLLBACK_IN_PROGRESS":
        return
    reason = rollout.plan.reason or _FAILED
    _show(service, rollout.new, "FAILED", f"ECS deployment circuit breaker: {reason}")
    rollout.new["status"] = "ACTIVE"
    for name, value in before.items():
        setattr(service, name, value)
    back = f"ECS deployment circuit breaker: rolling back to deploymentId {old['id']}."
    _show(service, old, "IN_PROGRESS", back)
    old["status"] = "PRIMARY"
    service.deployments = [old, rollout.new]
    rollout.record.update(
        status="ROLLBACK_IN_PROGRESS",
        statusReason=rollout.plan.reason or _ROLLED_BACK,
        rollback={
            "reason": rollout.plan.reason or _ROLLED_BACK,
            "startedAt": utcnow(),
            "serviceRevisionArn": _records(service)[1]["targetServiceRevision"]["arn"],
        },
    )
    _tell(service, f"(deployment {rollout.new['id']}) deployment failed: {reason}")
    told_events.service_failed(
        service, rollout.new["id"], f"ECS deployment circuit breaker: {reason}"
    )
    _tell(service, f"rolling back to deployment {old['id']}.")


def _rolled_back(service: Any, rollout: _Rollout) -> None:
    assert rollout.old is not None
    _show(service, rollout.old, "COMPLETED", f"ECS deployment {rollout.old['id']} completed.")
    _serve(service, rollout.old)
    _end(service, rollout, "ROLLBACK_SUCCESSFUL", rollout.plan.reason or _ROLLED_BACK)


def _end(service: Any, rollout: _Rollout, status: str, reason: str | None) -> None:
    service.rollout = None
    triggered = status != "SUCCESSFUL"
    rollout.record.update(
        status=status,
        finishedAt=utcnow(),
        updatedAt=utcnow(),
        deploymentCircuitBreaker={
            "status": "TRIGGERED" if triggered else "MONITORING_COMPLETE",
            "failureCount": 3 if triggered else 0,
            "threshold": 3,
        },
    )
    if reason is not None:
        rollout.record["statusReason"] = reason


def _show(service: Any, deployment: dict[str, Any], state: str, reason: str) -> None:
    deployment.update(
        desiredCount=service.desired_count,
        launchType=service.launch_type,
        capacityProviderStrategy=service.capacity_provider_strategy,
        networkConfiguration=service.network_configuration or None,
        platformVersion=service.platform_version,
        taskDefinition=service.task_definition,
        rolloutState=state,
        rolloutStateReason=reason,
        updatedAt=utcnow(),
    )


def _tell(service: Any, message: str) -> None:
    event = {
        "id": str(mock_random.uuid4()),
        "createdAt": utcnow(),
        "message": f"(service {service.name}) {message}",
    }
    service.events.insert(0, event)
