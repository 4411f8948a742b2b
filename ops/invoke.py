"""One request for a prediction to a service that is deployed, or to the API in front of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment
from inferform.service import Service, Subject

from .advice import explained
from .aws import Aws
from .callers import Caller
from .errors import BadInputError, OperatorError
from .kinds import kinds
from .kinds.record import Not, Reply, Request, Verification, Verifier
from .rollback import verifier_in
from .services import find, find_watched
from .state import State, States


@dataclass(frozen=True, slots=True)
class Answered:
    """What a service answered, and how long that took from here."""

    reply: Reply
    milliseconds: int


def invoke(
    environment: Environment,
    name: str,
    request: Request,
    aws: Aws,
    callers: Mapping[str, Caller] | None = None,
) -> Answered:
    """Send a request to a service or an API; `callers` have the tokens and keys of APIs.

    Raises OperatorError with its words where it does not answer, and BadInputError where nothing can
    ask it from here.
    """
    found = find_watched(environment, name)
    layer = found.place.layer
    with explained(environment.context, layer):
        state = States(aws).read(layer)
        verifier = _verifier(environment, found, aws, state, callers or {}) if state else None
        if verifier is None:
            raise OperatorError(
                f"{found.full_name} is not deployed in {environment.key}",
                f"inferform deploy {environment.key}-{layer}",
            )
        if unknown := sorted(request.given - verifier.takes):
            raise BadInputError(
                f"{found.full_name} has no {unknown[0]} to choose", f"leave --{unknown[0]} out"
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


def _verifier(
    environment: Environment,
    found: Subject,
    aws: Aws,
    state: State,
    callers: Mapping[str, Caller],
) -> Verifier | None:
    """What asks a service or an API of a state; None where it is not there."""
    if isinstance(found.spec, Service):
        return verifier_in(find(environment, found.full_name), aws, state)
    resource = found.resource
    assert resource is not None
    kind, name = resource
    verify = kinds()[kind].verify
    assert not isinstance(verify, Not)
    run = Verification(environment, aws, state, invoke=False, callers=callers)
    return next((verify(run, v) for v in state.of_type(kind) if v.get("name") == name), None)
