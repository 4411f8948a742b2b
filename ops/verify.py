"""Whether what runs is what the states say: configuration, image, health, one invocation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inferform import Environment

from .advice import explained
from .aws import Aws
from .checks import CONFIGURATION, DEPLOYED, HEALTH, INVOCATION, RUNNING_IMAGE
from .kinds import kinds
from .kinds.record import Finding, Not, Verification, Verifier
from .state import States


def verify(environment: Environment, aws: Aws, samples: Path | None = None) -> list[Finding]:
    """Check everything that the states of an environment say serves predictions.

    `samples` is a folder of request bodies, `fraud.csv` or `fraud.json` for the service fraud;
    without a body an endpoint is sent an empty one, and has only to answer.
    """
    states = States(aws)
    findings: list[Finding] = []
    for layer in environment.layers:
        state = states.read(layer)
        if state is None or not state.resources:
            stack = f"{environment.key}-{layer}"
            fix = f"cdktf deploy {stack}"
            findings.append(Finding(DEPLOYED, stack, "failed", "has no state", fix))
            continue
        with explained(environment.context, layer):
            for verifier in _verifiers(Verification(environment, aws, state, samples)):
                findings += verifier.findings()
    return findings


def _verifiers(run: Verification) -> Iterator[Verifier]:
    """The checks of everything in a state that has some."""
    verified = {kind: record.verify for kind, record in kinds().items()}
    for kind, verify in {**VERIFIERS, **verified}.items():
        if not isinstance(verify, Not):
            yield from (verify(run, values) for values in run.state.of_type(kind))


class _Service(Verifier):
    """The checks of one ECS service."""

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        answer = self.run.aws.client("ecs").describe_services(
            cluster=str(self.values["cluster"]), services=[self.name]
        )
        active = [each for each in answer["services"] if each.get("status") == "ACTIVE"]
        if not active:
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        found = active[0]
        yield from self._task_definition(found)
        wanted, running = found.get("desiredCount", 0), found.get("runningCount", 0)
        if running < wanted:
            said = f"runs {running} of {wanted} tasks{self._last_event(found)}"
            yield self.finding(HEALTH, "failed", said, self._look())
            return
        unhealthy = list(self._unhealthy(found))
        if unhealthy:
            said = f"has unhealthy targets: {', '.join(unhealthy)}"
            yield self.finding(HEALTH, "failed", said, self._look())
            return
        yield self.finding(HEALTH, "passed", f"runs {running} of {wanted} tasks")
        said = "is reached through its load balancer, from inside the VPC"
        yield self.finding(INVOCATION, "skipped", said)

    def _task_definition(self, found: dict[str, Any]) -> Iterator[Finding]:
        """The task definition of the primary deployment, or of the task set that has the traffic.

        A service under CodeDeploy ignores it in Terraform; then its own family has to do.
        """
        deployments = [*found.get("deployments", []), *found.get("taskSets", [])]
        primary = next((each for each in deployments if each.get("status") == "PRIMARY"), found)
        running = str(primary.get("taskDefinition", ""))
        expected = str(self.values.get("task_definition", ""))
        controlled = found.get("deploymentController", {}).get("type", "ECS") != "ECS"
        if primary.get("rolloutState") == "FAILED":
            said = f"its rollout failed: {primary.get('rolloutStateReason', 'no reason given')}"
            yield self.finding(CONFIGURATION, "failed", said, self._look())
        elif not controlled and _revision(running) != _revision(expected):
            reason = primary.get("rolloutStateReason") or "ECS gives no reason"
            said = f"runs {_revision(running)}, but the state says {_revision(expected)}: {reason}"
            yield self.finding(CONFIGURATION, "failed", said, self._look())
        else:
            yield self.finding(CONFIGURATION, "passed", _revision(running))
        yield from self._images(running)

    def _images(self, running: str) -> Iterator[Finding]:
        family = _revision(running).partition(":")[0]
        expected = {
            image
            for definition in self.run.state.of_type("aws_ecs_task_definition")
            if definition.get("family") == family
            for image in _container_images(definition)
        }
        if not expected or not running:
            return
        described = self.run.aws.client("ecs").describe_task_definition(taskDefinition=running)
        containers = described["taskDefinition"]["containerDefinitions"]
        deployed = {container["image"] for container in containers}
        if deployed == expected:
            yield self.finding(RUNNING_IMAGE, "passed", ", ".join(sorted(deployed)))
            return
        said = (
            f"runs {', '.join(sorted(deployed))}, but the state says {', '.join(sorted(expected))}"
        )
        yield self.finding(RUNNING_IMAGE, "failed", said, self._look())

    def served(self) -> Iterator[str]:
        """The images of the service's task definition, and its variables, in the state."""
        family = _revision(str(self.values.get("task_definition", ""))).partition(":")[0]
        for definition in self.run.state.of_type("aws_ecs_task_definition"):
            if definition.get("family") == family:
                for container in json.loads(definition.get("container_definitions") or "[]"):
                    yield str(container.get("image", ""))
                    for variable in container.get("environment", []):
                        yield str(variable["value"])

    def _unhealthy(self, found: dict[str, Any]) -> Iterator[str]:
        balancing = self.run.aws.client("elbv2")
        for entry in found.get("loadBalancers", []):
            group = entry.get("targetGroupArn")
            if not group:
                continue
            health = balancing.describe_target_health(TargetGroupArn=group)
            for target in health["TargetHealthDescriptions"]:
                state = target["TargetHealth"]
                if state["State"] == "unhealthy":
                    yield f"{target['Target']['Id']} ({state.get('Reason', 'no reason')})"

    @staticmethod
    def _last_event(found: dict[str, Any]) -> str:
        events = found.get("events", [])
        return f": {events[0]['message']}" if events else ""

    def _look(self) -> str:
        return f"read the events and stopped tasks of {self.name}, mend the image, and deploy again"


def _revision(arn: str) -> str:
    """`family:revision` of a task definition's ARN."""
    return arn.rpartition("/")[2]


def _container_images(definition: dict[str, Any]) -> Iterator[str]:
    for container in json.loads(definition.get("container_definitions") or "[]"):
        if container.get("image"):
            yield container["image"]


# Of types that have no record yet.
VERIFIERS: dict[str, type[Verifier]] = {"aws_ecs_service": _Service}
