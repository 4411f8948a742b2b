"""What ECS does before a task of a service runs: take on its roles, fetch registry credentials and
secrets, make a log stream and pull images. Judged where the control route ``access`` says so, see
``emulator.rights``.

The reasons are those of Amazon ECS developer guide, "Resolve Amazon ECS stopped task errors". What
the containers do by themselves with the task role, they do not do here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.logs.models import logs_backends

from . import rights, ways

SERVICE = "ecs-tasks.amazonaws.com"

_AUTH = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: "
)
_ONCE = "service call has been retried 1 time(s): "


def failure(backend: Any, service: Any, definition: str = "") -> str:
    """Why no task of a service can start; empty where one can, or where nothing is judged.

    `definition` is the task definition, the service's own where not given.
    """
    if not rights.is_judged(backend.account_id):
        return ""
    described = backend.describe_task_definition(definition or service.task_definition)
    roles = {}
    for name in ("execution_role_arn", "task_role_arn"):
        arn = getattr(described, name, None)
        if not arn:
            continue
        roles[name] = rights.assumed(arn, SERVICE, by=service.arn)
        if roles[name] is None:
            return (
                f"ECS was unable to assume the role '{arn}' that was provided for this task. Please "
                "verify that the role being passed has the proper trust relationship and permissions "
                "and that your IAM user has permissions to pass this role."
            )
    role = roles.get("execution_role_arn")
    if role is None:
        return ""
    return next(_failures(backend, service, described, role), "")


def _failures(backend: Any, service: Any, definition: Any, role: rights.Role) -> Iterator[str]:
    containers = definition.container_definitions
    reach = _reach(backend, service)
    for container in containers:
        for secret in _secrets(container):
            yield from _secret(role, secret, backend.region_name, reach)
    for container in containers:
        yield from _log(backend, role, container, reach)
    for container in containers:
        yield from _image(backend, role, container["image"], reach)


def _reach(backend: Any, service: Any) -> Callable[[str], bool]:
    """Whether the tasks' subnets have a way to a service."""
    network = (service.network_configuration or {}).get("awsvpcConfiguration", {})

    def reach(name: str) -> bool:
        return (
            ways.find(
                backend.account_id,
                backend.region_name,
                network.get("subnets", ()),
                network.get("securityGroups", ()),
                name,
                public=network.get("assignPublicIp") == "ENABLED",
            )
            is not None
        )

    return reach


def _secrets(container: dict[str, Any]) -> Iterator[str]:
    options = (container.get("logConfiguration") or {}).get("secretOptions") or []
    for each in [*(container.get("secrets") or []), *options]:
        yield each["valueFrom"]
    credentials = (container.get("repositoryCredentials") or {}).get("credentialsParameter")
    if credentials:
        yield credentials


def _secret(
    role: rights.Role, reference: str, region: str, reach: Callable[[str], bool]
) -> Iterator[str]:
    is_secret = ":secretsmanager:" in reference
    store = "asm" if is_secret else "ssm"
    what = f"failed to fetch secret {reference} from secrets manager: " if is_secret else ""
    said = f"{_AUTH}unable to retrieve secret from {store}: {_ONCE}{what}"
    name = "secretsmanager" if is_secret else "ssm"
    if not reach(name):
        yield f"{said}RequestCanceled: request context canceled caused by: context deadline exceeded"
    try:
        rights.read_secret(role, reference, region)
    except rights.DeniedError as error:
        if error.refusal.action.startswith("kms:"):
            yield f"{said}AccessDeniedException: Access to KMS is not allowed"
        yield f"{said}AccessDeniedException: {error}"
    except rights.MissingError:
        if is_secret:
            yield (
                f"{said}ResourceNotFoundException: Secrets Manager can't find the specified secret."
            )
        yield f"{said}invalid parameters: {reference}"


def _log(
    backend: Any, role: rights.Role, container: dict[str, Any], reach: Callable[[str], bool]
) -> Iterator[str]:
    configuration = container.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return
    options = configuration["options"]
    group, region = options["awslogs-group"], options["awslogs-region"]
    said = (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried "
        "1 times: failed to create Cloudwatch log stream: "
    )
    if not reach("logs"):
        yield f"{said}RequestError: send request failed: i/o timeout"
    try:
        rights.write_logs(role, region, group)
    except rights.DeniedError as error:
        yield f"{said}AccessDeniedException: {error}"
    if group not in logs_backends[backend.account_id][region].groups:
        yield f"{said}ResourceNotFoundException: The specified log group does not exist."


def _image(
    backend: Any, role: rights.Role, image: str, reach: Callable[[str], bool]
) -> Iterator[str]:
    if not rights.is_of_ecr(image):
        return
    region = backend.region_name
    if not reach("ecr.api"):
        yield (
            f"{_AUTH}unable to retrieve ecr registry auth: {_ONCE}RequestError: send request failed "
            f'caused by: Post "https://api.ecr.{region}.amazonaws.com/": dial tcp: i/o timeout'
        )
    said = (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
        f"ref {image}: "
    )
    if not (reach("ecr.dkr") and reach("s3")):
        yield f"{said}failed to do request: dial tcp: i/o timeout"
    try:
        rights.pull(role, image)
    except rights.DeniedError as error:
        if error.refusal.action == "ecr:GetAuthorizationToken":
            yield (
                f"{_AUTH}unable to retrieve ecr registry auth: {_ONCE}AccessDeniedException: {error}"
            )
        registry, _, rest = image.partition("/")
        tag = rest.rpartition(":")[2] if ":" in rest else "latest"
        yield (
            f"{said}pulling from host {registry} failed with status code [manifests {tag}]: "
            "403 Forbidden"
        )
    except rights.MissingError:
        yield f"{said}not found"
