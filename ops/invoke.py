"""One request for a prediction to a service that is deployed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment

from .advice import explained
from .aws import Aws
from .errors import OperatorError
from .kinds.record import Reply, Request
from .rollback import verifier_in
from .services import find
from .state import States


@dataclass(frozen=True, slots=True)
class Answered:
    """What a service answered, and how long that took from here."""

    reply: Reply
    milliseconds: int


def invoke(environment: Environment, name: str, request: Request, aws: Aws) -> Answered:
    """Send a request to a service. Raises OperatorError with its words where it does not answer, and
    BadInputError where nothing can ask it from here."""
    found = find(environment, name)
    layer = found.place.layer
    with explained(environment.context, layer):
        state = States(aws).read(layer)
        verifier = verifier_in(found, aws, state) if state is not None else None
        if verifier is None:
            raise OperatorError(
                f"{found.full_name} is not deployed in {environment.key}",
                f"inferform deploy {environment.key}-{layer}",
            )
        begun = time.monotonic()
        try:
            reply = verifier.ask(request)
        except ClientError as error:
            said = error.response["Error"].get("Message") or str(error)
            raise OperatorError(
                f"{found.full_name} did not answer: {said}",
                f"inferform logs {environment.key} {name}",
            ) from error
        except BotoCoreError as error:
            raise OperatorError(f"{found.full_name} did not answer: {error}") from error
    return Answered(reply, round((time.monotonic() - begun) * 1000))
