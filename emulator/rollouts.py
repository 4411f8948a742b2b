"""How an endpoint gets from one configuration to another.

AWS takes minutes and may end in a failure or a rollback; the emulator is done at once, unless
a plan says otherwise. A plan is for the next CreateEndpoint or UpdateEndpoint of one endpoint
and counts in answers of DescribeEndpoint instead of minutes. Without a plan, an update whose
DeploymentConfig names an alarm in state ALARM is rolled back, as AWS does. So is what SageMaker
cannot fetch, where that is judged (``emulator.hosting``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError

from . import hosting, planned, told_events

Outcome = Literal["succeed", "fail", "rollback", "rollback-failed"]

# What a deployment changes on an endpoint, and a rollback puts back.
_DEPLOYED = (
    "endpoint_config_name",
    "production_variants",
    "shadow_production_variants",
    "data_capture_config",
    "async_inference_config",
    "explainer_config",
    "metrics_config",
    "fleets",
)

_SETTLED = ("InService", "OutOfService")

_REASONS: dict[Outcome, str] = {
    "succeed": "",
    "fail": "The primary container for production variant did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint.",
    "rollback": "The update was rolled back to the previous endpoint configuration.",
    "rollback-failed": "The update failed and could not be rolled back.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next deployment of an endpoint shall come to.

    ``describes`` answers show Creating or Updating, and after them, for a rollback,
    ``rolling_back_describes`` show RollingBack. An empty ``reason`` is a silent rollback,
    which AWS is known for as well: InService, the old configuration, and no FailureReason.
    """

    outcome: Outcome = "succeed"
    describes: int = 1
    rolling_back_describes: int = 1
    reason: str | None = None

    def __post_init__(self) -> None:
        planned.check(self, get_args(Outcome))


@dataclass(slots=True)
class _Deployment:
    """A deployment under way: the answers still to show, and what comes after them."""

    plan: Plan
    target: dict[str, Any]
    updates: bool
    started: Any = field(default_factory=utcnow)
    shown: int = 0


def set_plan(backend: Any, endpoint: str, plan: Plan) -> None:
    """Plan the next deployment of an endpoint, which need not exist yet."""
    _plans(backend)[endpoint.lower()] = plan


def set_component_plan(backend: Any, component: str, plan: Plan) -> None:
    """Plan the next creation or update of an inference component, which need not exist yet."""
    _plans(backend)[f"inference-component/{component}"] = plan


def take_component_plan(backend: Any, component: str) -> Plan:
    """The plan for a creation or update that begins now."""
    return _plans(backend).pop(f"inference-component/{component}", Plan(describes=0))


def clear_plans(backend: Any) -> None:
    """Forget the plans that no deployment has used."""
    _plans(backend).clear()


def _plans(backend: Any) -> dict[str, Plan]:
    # on the backend, so that resetting moto resets them, and each account and region has its own
    plans: dict[str, Plan] = backend.__dict__.setdefault("rollout_plans", {})
    return plans


_TOLD = {
    "fail": "FAILED",
    "rollback": "IN_SERVICE",
    "rollback-failed": "UPDATE_ROLLBACK_FAILED",
}
"""What EventBridge is told of the end of a deployment that did not succeed."""


def snapshot(endpoint: Any) -> dict[str, Any]:
    """What the endpoint runs now."""
    return {name: getattr(endpoint, name, None) for name in _DEPLOYED}


def begin(
    backend: Any, endpoint: Any, *, previous: dict[str, Any] | None, misfit: str = ""
) -> None:
    """Start the deployment of what the endpoint has just been told to run, and which cannot come up
    where ``misfit`` says why."""
    updates = previous is not None
    plan = _plans(backend).pop(endpoint.endpoint_name.lower(), Plan(describes=0))
    config = backend.endpoint_configs[endpoint.endpoint_config_name]
    failure = ""
    if plan.outcome == "succeed":
        failure = misfit or hosting.failure(backend, endpoint, config)
    if failure:
        plan = Plan("rollback", describes=max(plan.describes, 1), reason=failure)
    elif updates and plan.outcome == "succeed" and _alarms(endpoint):
        # an alarm is seen while traffic moves, so Updating shows first
        plan = _alarm_plan(endpoint, describes=max(plan.describes, 1))
    deployment = _Deployment(plan=plan, target=snapshot(endpoint), updates=updates)
    endpoint.deployment = deployment
    if previous is not None:
        _run(endpoint, previous)
    endpoint.endpoint_status = "Updating" if updates else "Creating"
    if plan.describes == 0 and plan.outcome == "succeed":
        _settle(endpoint, deployment)


def advance(endpoint: Any) -> None:
    """Move on by one answer of DescribeEndpoint."""
    deployment = getattr(endpoint, "deployment", None)
    if deployment is None:
        return
    plan = deployment.plan
    if deployment.updates and plan.outcome == "succeed" and _alarms(endpoint):
        deployment.plan = plan = _alarm_plan(endpoint, describes=deployment.shown)
    deployment.shown += 1
    if deployment.shown <= plan.describes:
        return
    rolls_back = deployment.updates and plan.outcome in ("rollback", "rollback-failed")
    if rolls_back and deployment.shown <= plan.describes + plan.rolling_back_describes:
        if endpoint.endpoint_status != "RollingBack":
            endpoint.endpoint_status = "RollingBack"
            told_events.endpoint_changed(endpoint, "ROLLING_BACK")
        return
    _settle(endpoint, deployment)


def _settle(endpoint: Any, deployment: _Deployment) -> None:
    endpoint.deployment = None
    endpoint.last_modified_time = utcnow()
    outcome = deployment.plan.outcome
    if outcome == "rollback" and not deployment.updates:
        outcome = "fail"  # a new endpoint has nothing to go back to
    if outcome == "succeed":
        _run(endpoint, deployment.target)
        endpoint.endpoint_status = "InService"
        endpoint.failure_reason = None
        return
    if outcome == "rollback" and endpoint.endpoint_status != "RollingBack":
        told_events.endpoint_changed(endpoint, "ROLLING_BACK")
    told_events.endpoint_changed(endpoint, _TOLD[outcome])
    endpoint.endpoint_status = {
        "fail": "Failed",
        "rollback": "InService",
        "rollback-failed": "UpdateRollbackFailed",
    }[outcome]
    given = deployment.plan.reason
    endpoint.failure_reason = (_REASONS[outcome] if given is None else given) or None


def _run(endpoint: Any, deployed: dict[str, Any]) -> None:
    for name, value in deployed.items():
        setattr(endpoint, name, value)


def describe(endpoint: Any) -> dict[str, Any]:
    """The answer of DescribeEndpoint."""
    answer = {name: value for name, value in endpoint.response_object.items() if value}
    if endpoint.deployment_config is not None:
        answer["LastDeploymentConfig"] = endpoint.deployment_config
    deployment = endpoint.deployment
    if deployment is not None:
        target = deployment.target
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": target["endpoint_config_name"],
            "ProductionVariants": target["production_variants"],
            "StartTime": deployment.started,
        }
        if target["shadow_production_variants"]:
            answer["PendingDeploymentSummary"]["ShadowProductionVariants"] = target[
                "shadow_production_variants"
            ]
    return answer


def require_settled(endpoint: Any, *, but: tuple[str, ...] = ()) -> None:
    """Refuse a change while the endpoint is between two states, as AWS does."""
    status = endpoint.endpoint_status
    if status in ("UpdateRollbackFailed", *_SETTLED, *but):
        return
    if status == "Failed":
        raise ValidationError(f'Cannot update endpoint "{endpoint.arn}" in status Failed.')
    raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _alarms(endpoint: Any) -> list[str]:
    """The alarms of the deployment's rollback configuration that are in state ALARM."""
    return alarming(endpoint.arn, getattr(endpoint, "deployment_config", None))


def alarming(arn: str, config: dict[str, Any] | None) -> list[str]:
    """The alarms of a deployment configuration that are in state ALARM, beside what the ARN names."""
    from moto.cloudwatch.models import cloudwatch_backends

    watched = ((config or {}).get("AutoRollbackConfiguration") or {}).get("Alarms", [])
    if not watched:
        return []
    _, _, _, region, account, _ = arn.split(":", 5)
    alarms = cloudwatch_backends[account][region].alarms
    names = [each["AlarmName"] for each in watched]
    return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]


def alarm_reason(names: list[str]) -> str:
    """What SageMaker says of an update that alarms have ended."""
    return (
        "The update was rolled back because of CloudWatch alarms in state ALARM: "
        f"{', '.join(names)}"
    )


def _alarm_plan(endpoint: Any, *, describes: int) -> Plan:
    return Plan(
        outcome="rollback",
        describes=describes,
        reason=alarm_reason(_alarms(endpoint)),
    )
