"""Whether what runs is what the states say: configuration, image, health, one invocation.

Terraform reports success when SageMaker has rolled an update back before it looked; the state then
holds the new configuration and the endpoint runs the old one. This is what finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment

from .advice import explained
from .aws import Aws
from .kinds.record import Values, Verification
from .state import State, States

Outcome = Literal["passed", "failed", "skipped"]

CONTENT_TYPES = {".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonlines"}
"""What a sample is sent as, by the end of its file's name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of one endpoint or service found."""

    subject: str
    check: str
    outcome: Outcome
    found: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding for machines."""
        return asdict(self)


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
            findings.append(Finding(stack, "deployed", "failed", "has no state", fix))
            continue
        with explained(environment.context, layer):
            for endpoint in state.of_type("aws_sagemaker_endpoint"):
                findings += _Endpoint(environment, aws, state, endpoint, samples).findings()
            for service in state.of_type("aws_ecs_service"):
                findings += _Service(aws, state, service).findings()
    return findings


def _endpoint(checked: Verification, values: Values) -> _Endpoint:
    return _Endpoint(
        checked.environment,
        checked.aws,
        checked.state,
        dict(values),
        checked.samples,
        invoke=checked.invoke,
    )


def _service(checked: Verification, values: Values) -> _Service:
    return _Service(checked.aws, checked.state, dict(values))


VERIFIERS: dict[str, Callable[[Verification, Values], Any]] = {
    "aws_sagemaker_endpoint": _endpoint,
    "aws_ecs_service": _service,
}


class _Endpoint:
    """The checks of one SageMaker endpoint."""

    def __init__(
        self,
        environment: Environment,
        aws: Aws,
        state: State,
        endpoint: dict[str, Any],
        samples: Path | None,
        *,
        invoke: bool = True,
    ) -> None:
        self._invoke = invoke
        self._environment = environment
        self._aws = aws
        self._state = state
        self._name = str(endpoint["name"])
        self._expected = str(endpoint["endpoint_config_name"])
        self._samples = samples

    def findings(self) -> Iterator[Finding]:
        """One finding for each check, until one fails that the others need."""
        sagemaker = self._aws.client("sagemaker")
        try:
            found = sagemaker.describe_endpoint(EndpointName=self._name)
        except ClientError as error:
            if "Could not find" not in str(error):
                raise
            fix = "somebody deleted it; deploy again"
            yield self._finding("configuration", "failed", "does not exist", fix)
            return
        status, running = found["EndpointStatus"], found["EndpointConfigName"]
        reason = found.get("FailureReason", "")
        if running != self._expected:
            yield self._rolled_back(status, running, reason)
        else:
            yield self._finding("configuration", "passed", running)
        yield from self._images(found)
        if status != "InService":
            said = f"is {status}{f': {reason}' if reason else ''}"
            wait = "wait until the update ends" if status.endswith("ing") else self._look()
            yield self._finding("health", "failed", said, wait)
            return
        counts = [
            variant.get("CurrentInstanceCount", 0)
            if "CurrentServerlessConfig" not in variant
            else 1
            for variant in found.get("ProductionVariants", [])
        ]
        asynchronous = bool(found.get("AsyncInferenceConfig"))
        if not asynchronous and not all(counts):
            yield self._finding("health", "failed", "has a variant without instances", self._look())
            return
        yield self._finding("health", "passed", "is InService")
        if not self._invoke:
            return
        if asynchronous:
            said = "is asynchronous: an answer would come later, in S3"
            yield self._finding("invocation", "skipped", said)
        else:
            yield self._invocation()

    def _rolled_back(self, status: str, running: str, reason: str) -> Finding:
        if status in ("Updating", "RollingBack", "SystemUpdating"):
            said = f"is {status} from {running} to {self._expected}"
            return self._finding("configuration", "failed", said, "wait until the update ends")
        why = reason or "SageMaker gives no reason"
        said = f"runs {running}, but the state says {self._expected}; it was rolled back: {why}"
        return self._finding("configuration", "failed", said, self._look())

    def _look(self) -> str:
        return (
            f"read the log group /aws/sagemaker/Endpoints/{self._name} and the endpoint's alarms, "
            "mend the model, and deploy again"
        )

    def _images(self, found: dict[str, Any]) -> Iterator[Finding]:
        """The images of each variant against those of its model in the state."""
        expected = {
            container["image"] for container in self._containers() if container.get("image")
        }
        deployed = {
            image["SpecifiedImage"]
            for variant in found.get("ProductionVariants", [])
            for image in variant.get("DeployedImages", [])
            if "SpecifiedImage" in image
        }
        if not expected or not deployed:
            return
        if deployed == expected:
            yield self._finding("image", "passed", ", ".join(sorted(deployed)))
            return
        said = (
            f"runs {', '.join(sorted(deployed))}, but the state says {', '.join(sorted(expected))}"
        )
        yield self._finding("image", "failed", said, self._look())

    def _containers(self) -> Iterator[dict[str, Any]]:
        """The containers of every variant of the configuration, in the state."""
        models = {model["name"]: model for model in self._state.of_type("aws_sagemaker_model")}
        for configuration in self._state.of_type("aws_sagemaker_endpoint_configuration"):
            if configuration["name"] != self._expected:
                continue
            for variant in configuration.get("production_variants", []):
                model = models.get(variant.get("model_name"), {})
                yield from model.get("primary_container", [])
                yield from model.get("container", [])

    def served(self) -> Iterator[str]:
        """The images, artifacts and packages of the configuration, in the state."""
        for container in self._containers():
            sources = container.get("model_data_source") or []
            for value in (
                container.get("image"),
                container.get("model_data_url"),
                container.get("model_package_name"),
                *(each["s3_uri"] for source in sources for each in source["s3_data_source"]),
            ):
                if value:
                    yield str(value)

    def _invocation(self) -> Finding:
        body, content_type = self._sample()
        runtime = self._aws.client("sagemaker-runtime")
        try:
            answer = runtime.invoke_endpoint(
                EndpointName=self._name, ContentType=content_type, Body=body or b"{}"
            )
            size = len(answer["Body"].read())
        except ClientError as error:
            return self._refused(error, sampled=body is not None)
        except BotoCoreError as error:
            return self._finding("invocation", "failed", str(error), self._look())
        return self._finding("invocation", "passed", f"answered {size} bytes")

    def _refused(self, error: ClientError, *, sampled: bool) -> Finding:
        code = error.response["Error"]["Code"]
        status = int(error.response.get("OriginalStatusCode", 0))  # type: ignore[call-overload]
        if code == "ModelError" and 400 <= status < 500 and not sampled:
            said = f"answered {status} to an empty body; give a sample to see a prediction"
            return self._finding("invocation", "passed", said)
        if code == "ValidationError":
            # It needs to be told which of its models: nothing that one request can check.
            return self._finding("invocation", "skipped", error.response["Error"]["Message"])
        fix = "mend the sample or the model" if 400 <= status < 500 else self._look()
        return self._finding("invocation", "failed", str(error), fix)

    def _sample(self) -> tuple[bytes | None, str]:
        context = self._environment.context
        for file in sorted(self._samples.iterdir()) if self._samples else ():
            if file.suffix in CONTENT_TYPES and context.name(file.stem) == self._name:
                return file.read_bytes(), CONTENT_TYPES[file.suffix]
        return None, "application/json"

    def _finding(self, check: str, outcome: Outcome, found: str, fix: str = "") -> Finding:
        return Finding(self._name, check, outcome, found, fix)


class _Service:
    """The checks of one ECS service."""

    def __init__(self, aws: Aws, state: State, service: dict[str, Any]) -> None:
        self._aws = aws
        self._state = state
        self._name = str(service["name"])
        self._cluster = str(service["cluster"])
        self._service = service

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        answer = self._aws.client("ecs").describe_services(
            cluster=self._cluster, services=[self._name]
        )
        active = [each for each in answer["services"] if each.get("status") == "ACTIVE"]
        if not active:
            yield self._finding("configuration", "failed", "does not exist", "deploy again")
            return
        found = active[0]
        yield from self._task_definition(found)
        wanted, running = found.get("desiredCount", 0), found.get("runningCount", 0)
        if running < wanted:
            said = f"runs {running} of {wanted} tasks{self._last_event(found)}"
            yield self._finding("health", "failed", said, self._look())
            return
        unhealthy = list(self._unhealthy(found))
        if unhealthy:
            said = f"has unhealthy targets: {', '.join(unhealthy)}"
            yield self._finding("health", "failed", said, self._look())
            return
        yield self._finding("health", "passed", f"runs {running} of {wanted} tasks")
        said = "is reached through its load balancer, from inside the VPC"
        yield self._finding("invocation", "skipped", said)

    def _task_definition(self, found: dict[str, Any]) -> Iterator[Finding]:
        """The task definition of the primary deployment, or of the task set that has the traffic.

        A service under CodeDeploy ignores it in Terraform; then its own family has to do.
        """
        deployments = [*found.get("deployments", []), *found.get("taskSets", [])]
        primary = next((each for each in deployments if each.get("status") == "PRIMARY"), found)
        running = str(primary.get("taskDefinition", ""))
        expected = str(self._service.get("task_definition", ""))
        controlled = found.get("deploymentController", {}).get("type", "ECS") != "ECS"
        if primary.get("rolloutState") == "FAILED":
            said = f"its rollout failed: {primary.get('rolloutStateReason', 'no reason given')}"
            yield self._finding("configuration", "failed", said, self._look())
        elif not controlled and _revision(running) != _revision(expected):
            reason = primary.get("rolloutStateReason") or "ECS gives no reason"
            said = f"runs {_revision(running)}, but the state says {_revision(expected)}: {reason}"
            yield self._finding("configuration", "failed", said, self._look())
        else:
            yield self._finding("configuration", "passed", _revision(running))
        yield from self._images(running)

    def _images(self, running: str) -> Iterator[Finding]:
        family = _revision(running).partition(":")[0]
        expected = {
            image
            for definition in self._state.of_type("aws_ecs_task_definition")
            if definition.get("family") == family
            for image in _container_images(definition)
        }
        if not expected or not running:
            return
        described = self._aws.client("ecs").describe_task_definition(taskDefinition=running)
        containers = described["taskDefinition"]["containerDefinitions"]
        deployed = {container["image"] for container in containers}
        if deployed == expected:
            yield self._finding("image", "passed", ", ".join(sorted(deployed)))
            return
        said = (
            f"runs {', '.join(sorted(deployed))}, but the state says {', '.join(sorted(expected))}"
        )
        yield self._finding("image", "failed", said, self._look())

    def served(self) -> Iterator[str]:
        """The images of the service's task definition, and its variables, in the state."""
        family = _revision(str(self._service.get("task_definition", ""))).partition(":")[0]
        for definition in self._state.of_type("aws_ecs_task_definition"):
            if definition.get("family") == family:
                for container in json.loads(definition.get("container_definitions") or "[]"):
                    yield str(container.get("image", ""))
                    for variable in container.get("environment", []):
                        yield str(variable["value"])

    def _unhealthy(self, found: dict[str, Any]) -> Iterator[str]:
        balancing = self._aws.client("elbv2")
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
        return (
            f"read the events and stopped tasks of {self._name}, mend the image, and deploy again"
        )

    def _finding(self, check: str, outcome: Outcome, found: str, fix: str = "") -> Finding:
        return Finding(self._name, check, outcome, found, fix)


def _revision(arn: str) -> str:
    """`family:revision` of a task definition's ARN."""
    return arn.rpartition("/")[2]


def _container_images(definition: dict[str, Any]) -> Iterator[str]:
    for container in json.loads(definition.get("container_definitions") or "[]"):
        if container.get("image"):
            yield container["image"]
