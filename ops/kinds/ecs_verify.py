"""Whether an ECS service runs what the state says, and how its last rollout ended.

Where ECS has rolled an update back before Terraform looked, the provider writes the task definition
that runs again into the service's attribute. What should run is therefore read from the task
definition in the state that the service depends on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..checks import CONFIGURATION, HEALTH, INVOCATION
from ..plan import dig
from .entrances import ask, of_ecs
from .record import Finding, Now, Reply, Request, Reverted, Values, Verifier

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

SERVICE = "aws_ecs_service"
TASK_DEFINITION = "aws_ecs_task_definition"
_GROUP = "aws_codedeploy_deployment_group"

# How a service deployment can stand (Amazon ECS API reference, ServiceDeployment).
_UNDER_WAY = frozenset({"PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
_BACK = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"})
_FAILED = frozenset({"STOPPED", "STOP_REQUESTED", "ROLLBACK_FAILED"}) | _BACK

# How a CodeDeploy deployment ends that did not move its service.
_NOT_MOVED = frozenset({"Failed", "Stopped"})


def _is_guarded(service: Values) -> bool:
    return str(dig(service, "deployment_controller", "type")) != "CODE_DEPLOY"


SERVICE_REVERTED = Reverted(
    by="ECS's circuit breaker or an alarm, during an apply; with CodeDeploy, during "
    "`inferform rollout`",
    found="the running task definition, and ECS's or CodeDeploy's last deployment",
    guarded=_is_guarded,
)


class ServiceVerifier(Verifier):
    """The checks of a service: the task definition that it runs, its tasks and its targets."""

    takes = frozenset({"path"})

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        found = self._found
        if not found:
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        yield from self._task_definition(found)
        wanted, running = found.get("desiredCount", 0), found.get("runningCount", 0)
        if running < wanted:
            events = found.get("events", [])
            last = f": {events[0]['message']}" if events else ""
            said = f"runs {running} of {wanted} tasks{last}"
            yield self.finding(HEALTH, "failed", said, self._look())
            return
        wrong = list(self._targets(found, wanted))
        if wrong:
            yield self.finding(HEALTH, "failed", "; ".join(wrong), self._look())
            return
        yield self.finding(HEALTH, "passed", f"runs {running} of {wanted} tasks")
        said = "is reached through its load balancer, from inside the VPC"
        yield self.finding(INVOCATION, "skipped", said)

    def now(self) -> Now:
        """Its status, tasks, and the shares of its task sets."""
        found = self._found
        if not found:
            return Now("does not exist")
        sets = {
            _revision(str(each.get("taskDefinition", ""))): float(each["scale"]["value"]) / 100
            for each in found.get("taskSets", [])
            if dig(each, "scale", "value") is not None
        }
        rollout = self._primary(found).get("rolloutState")
        status = f"{found['status']}, rollout {rollout}" if rollout else str(found["status"])
        return Now(status, found.get("runningCount"), sets if len(sets) > 1 else {})

    def ask(self, request: Request) -> Reply:
        """Through its load balancer, where that faces the internet."""
        environment = self.run.environment
        (found,) = (each for each in environment.deployed if each.resource == (SERVICE, self.name))
        return ask(self.run.aws, of_ecs(environment, found, request.path), request)

    def waits_for(self) -> str:
        """What it is still about after an apply: tasks that start, or targets that register."""
        self.__dict__.pop("_found", None)
        found = self._found
        wanted, running = found.get("desiredCount", 0), found.get("runningCount", 0)
        if running < wanted and not self._failed(found):
            return f"{running} of {wanted} tasks run"
        starting = [
            state for _, states in self._health(found) for state in states if state == "initial"
        ]
        return f"{len(starting)} targets register" if starting else ""

    @property
    def _ecs(self) -> ECSClient:
        return self.run.aws.client("ecs")

    @cached_property
    def _found(self) -> Mapping[str, Any]:
        """The service as ECS describes it; empty where there is none."""
        answer = self._ecs.describe_services(
            cluster=str(self.values["cluster"]), services=[self.name]
        )
        active = [each for each in answer["services"] if each.get("status") == "ACTIVE"]
        return active[0] if active else {}

    @property
    def _expected(self) -> str:
        """The task definition in the state that it should run."""
        needed = self.run.state.needed_by(self.values, TASK_DEFINITION)
        found = [str(each["arn"]) for each in needed if each.get("arn")]
        return found[0] if len(found) == 1 else str(self.values.get("task_definition", ""))

    @staticmethod
    def _primary(found: Mapping[str, Any]) -> Mapping[str, Any]:
        """The primary deployment, or the task set that has the traffic."""
        deployments = [*found.get("deployments", []), *found.get("taskSets", [])]
        return next((each for each in deployments if each.get("status") == "PRIMARY"), found)

    def _failed(self, found: Mapping[str, Any]) -> bool:
        return bool(self._primary(found).get("rolloutState") == "FAILED")

    def _task_definition(self, found: Mapping[str, Any]) -> Iterator[Finding]:
        running = str(self._primary(found).get("taskDefinition", ""))
        controlled = dig(found, "deploymentController", "type") not in (None, "ECS")
        prepared = False
        if controlled:
            finding, prepared = self._moved_by_code_deploy(running)
            yield finding
        else:
            yield self._deployed_by_ecs(found, running)
        for finding in self._images(running):
            if not (prepared and self.run.applied):
                yield finding

    # By ECS itself

    def _deployed_by_ecs(self, found: Mapping[str, Any], running: str) -> Finding:
        primary, last = self._primary(found), self._last_deployment()
        status = str(last.get("status", ""))
        runs, expected = _revision(running), _revision(self._expected)
        if primary.get("rolloutState") == "FAILED":
            reason = last.get("statusReason") or primary.get("rolloutStateReason")
            said = f"its rollout failed: {reason or 'ECS gives no reason'}"
            return self.finding(CONFIGURATION, "failed", said, self._look())
        if status in _FAILED:
            verb = "is being rolled back" if status in _UNDER_WAY else "was rolled back"
            if status not in _BACK:
                verb = "was stopped"
            but = f", but the state says {expected}" if runs != expected else ""
            said = f"runs {runs}{but}; its last rollout {verb}: {self._reason(found, last)}"
            return self.finding(CONFIGURATION, "failed", said, self._look())
        if runs != expected:
            if status in _UNDER_WAY:
                said = f"is on the way to {expected}"
                return self.finding(CONFIGURATION, "failed", said, "wait until the rollout ends")
            said = f"runs {runs}, but the state says {expected}: {self._reason(found, last)}"
            return self.finding(CONFIGURATION, "failed", said, self._look())
        return self.finding(CONFIGURATION, "passed", runs)

    def _last_deployment(self) -> Mapping[str, Any]:
        """ECS's last deployment of the service; empty where it has none or may not be read."""
        try:
            listed = self._ecs.list_service_deployments(
                cluster=str(self.values["cluster"]), service=self.name, maxResults=1
            )["serviceDeployments"]
        except ClientError:
            # The service itself says enough for a finding, and its events the reason.
            return {}
        return listed[0] if listed else {}

    @staticmethod
    def _reason(found: Mapping[str, Any], last: Mapping[str, Any]) -> str:
        """Why, in ECS's words: those of its events name the tasks' fault."""
        told = [str(event.get("message", "")) for event in found.get("events", [])]
        failed = [message for message in told if "deployment failed" in message]
        event = failed[0].partition("deployment failed: ")[2] if failed else ""
        reasons = dict.fromkeys(r for r in (str(last.get("statusReason") or ""), event) if r)
        return " ".join(reasons) or "ECS gives no reason"

    # By CodeDeploy

    def _moved_by_code_deploy(self, running: str) -> tuple[Finding, bool]:
        """The finding, and whether the newest task definition only waits for its rollout."""
        expected = self._expected
        if _revision(running) == _revision(expected) or not self._is_newest(expected):
            return self.finding(CONFIGURATION, "passed", _revision(running)), False
        reason = self._not_moved(expected)
        if reason:
            said = (
                f"runs {_revision(running)}, but the state says {_revision(expected)}; CodeDeploy "
                f"did not move it: {reason}"
            )
            return self.finding(CONFIGURATION, "failed", said, self._look()), False
        said = f"continues with {_revision(running)}; {_revision(expected)} waits for its rollout"
        fix = f"inferform rollout {self.run.environment.key} {self._short}"
        return self.finding(CONFIGURATION, "skipped", said, fix), True

    def _is_newest(self, expected: str) -> bool:
        """Whether the state names a task definition of its own beside the service's attribute."""
        return expected != str(self.values.get("task_definition", ""))

    @property
    def _short(self) -> str:
        environment = self.run.environment
        shorts = (str(path[-1]) for path in environment.services)
        return next(short for short in shorts if environment.context.name(short) == self.name)

    def _not_moved(self, expected: str) -> str:
        """Why CodeDeploy's last deployment did not bring a task definition; empty where it had none
        to do."""
        codedeploy = self.run.aws.client("codedeploy")
        for group in self.run.state.of_type(_GROUP):
            if dig(group, "ecs_service", "service_name") != self.name:
                continue
            info = codedeploy.get_deployment_group(
                applicationName=str(group["app_name"]),
                deploymentGroupName=str(group["deployment_group_name"]),
            )["deploymentGroupInfo"]
            last = info.get("lastAttemptedDeployment", {})
            if last.get("status") not in _NOT_MOVED:
                continue
            described = self._ecs.describe_task_definition(taskDefinition=expected)
            made = described["taskDefinition"].get("registeredAt")
            if made is not None and last["createTime"] < made:
                continue
            deployment = codedeploy.get_deployment(deploymentId=last["deploymentId"])
            return reason_of(deployment["deploymentInfo"])
        return ""

    # What runs

    def _images(self, running: str) -> Iterator[Finding]:
        family = _revision(running).partition(":")[0]
        expected = {
            str(container["image"])
            for container in self._containers(family)
            if container.get("image")
        }
        if not expected or not running:
            return
        described = self._ecs.describe_task_definition(taskDefinition=running)
        containers = described["taskDefinition"]["containerDefinitions"]
        deployed = {container["image"] for container in containers}
        yield self.images(expected, deployed, self._look())

    def served(self) -> Iterator[str]:
        """The images of the service's task definition, and its variables, in the state."""
        family = _revision(str(self.values.get("task_definition", ""))).partition(":")[0]
        for container in self._containers(family):
            yield str(container.get("image", ""))
            for variable in container.get("environment", []):
                yield str(variable["value"])

    def _containers(self, family: str) -> Iterator[dict[str, Any]]:
        for definition in self.run.state.of_type(TASK_DEFINITION):
            if definition.get("family") == family:
                yield from json.loads(definition.get("container_definitions") or "[]")

    def _health(self, found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
        """The target groups of the service, and the states of their targets."""
        for group, targets in self._targets_of(found):
            yield group, [target["TargetHealth"]["State"] for target in targets]

    def _targets_of(self, found: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
        elb = self.run.aws.client("elbv2")
        for entry in found.get("loadBalancers", []):
            group = entry.get("targetGroupArn")
            if group:
                health = elb.describe_target_health(TargetGroupArn=group)
                yield group, list(health["TargetHealthDescriptions"])

    def _targets(self, found: Mapping[str, Any], wanted: int) -> Iterator[str]:
        """What is wrong with the targets of the service's tasks in its load balancer."""
        for group, targets in self._targets_of(found):
            states = [target["TargetHealth"] for target in targets]
            unhealthy = [
                f"{target['Target']['Id']} ({state.get('Reason', 'no reason')})"
                for target, state in zip(targets, states, strict=True)
                if state["State"] == "unhealthy"
            ]
            if unhealthy:
                yield f"has unhealthy targets: {', '.join(unhealthy)}"
            elif wanted and not any(state["State"] == "healthy" for state in states):
                yield f"has no healthy target in {group.split('/')[-2]}"

    def _look(self) -> str:
        return f"read the events and stopped tasks of {self.name}, fix the image, and deploy again"


def reason_of(deployment: Mapping[str, Any]) -> str:
    """Why a CodeDeploy deployment did not succeed, in CodeDeploy's words."""
    error = deployment.get("errorInformation") or {}
    told = deployment.get("deploymentStatusMessages") or []
    return str(error.get("message") or "; ".join(told) or "CodeDeploy gives no reason")


def _revision(arn: str) -> str:
    """`family:revision` of a task definition's ARN."""
    return arn.rpartition("/")[2]


class ClusterVerifier(Verifier):
    """Whether a cluster is there, and has instances registered where it has a capacity provider."""

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        found = self.run.aws.client("ecs").describe_clusters(clusters=[self.name])["clusters"]
        status = found[0]["status"] if found else ""
        if status != "ACTIVE":
            said = f"is {status}" if status else "does not exist"
            yield self.finding(CONFIGURATION, "failed", said, "deploy again")
            return
        yield self.finding(CONFIGURATION, "passed", "is ACTIVE")

    def served(self) -> Iterator[str]:
        """A cluster runs nothing by itself."""
        return iter(())
