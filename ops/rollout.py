"""Starting a rollout that an apply has only prepared, by CodeDeploy, and following it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment
from inferform.rules import one_of

from .aws import Aws
from .errors import BadInputError, OperatorError
from .kinds import movers
from .services import find

_RUNNING = frozenset({"Created", "Queued", "InProgress", "Baking", "Ready"})
_POLL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Rollout:
    """A CodeDeploy deployment: its id, what it moves a service to and how it stands."""

    deployment: str
    target: str
    """The task definition or the version that it moves to."""

    status: str
    reason: str

    @property
    def running(self) -> bool:
        """Whether it continues."""
        return self.status in _RUNNING


def start(environment: Environment, service: str, aws: Aws) -> Rollout | None:
    """Move a service to what the last apply has made; None where it serves that already.

    Raises BadInputError for a service that an apply alone rolls out, and OperatorError where AWS
    refuses.
    """
    known = {mover.of: mover for mover in movers()}
    found = find(
        environment,
        service,
        among=lambda each: isinstance(each.spec, tuple(known)),
        what=one_of(kind.words for kind in known),
    )
    if not found.spec.moves_later:
        raise BadInputError(
            f"{service} is not rolled out by CodeDeploy", "an apply alone rolls it out"
        )
    mover = next(mover for kind, mover in known.items() if isinstance(found.spec, kind))
    try:
        begun = mover.begin(found, aws)
        return None if begun is None else follow(aws, *begun)
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"the rollout of {service} was refused: {error}") from error


def moved_later(environment: Environment) -> list[str]:
    """The services that an apply only prepares."""
    return [each.full_name for each in environment.deployed if each.spec.moves_later]


def follow(aws: Aws, deployment: str, target: str) -> Rollout:
    """How a deployment stands now."""
    info = aws.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    error = info.get("errorInformation") or {}
    reason = error.get("message") or "; ".join(info.get("deploymentStatusMessages") or [])
    return Rollout(deployment, target, info["status"], reason)


def wait(aws: Aws, rollout: Rollout) -> Rollout:
    """Follow a deployment to its end."""
    while rollout.running:
        time.sleep(_POLL_SECONDS)
        try:
            rollout = follow(aws, rollout.deployment, rollout.target)
        except (BotoCoreError, ClientError) as error:
            raise OperatorError(
                f"deployment {rollout.deployment} cannot be read any more: {error}"
            ) from error
    return rollout
