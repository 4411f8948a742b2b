"""Tokens of the connections by which EventBridge calls repositories, which Terraform does not know."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Dispatch, Environment
from inferform.events.spec import approval_name
from inferform.layers.specs import Registry
from inferform.rules import did_you_mean, one_of

from .aws import Aws
from .errors import BadInputError, OperatorError


def connection_of(environment: Environment, given: str) -> str:
    """The name of the connection of an approval, by the approval's short name or its own.

    Raises BadInputError where no approval with a Dispatch has it.
    """
    registry = environment.registry
    approvals = registry.approvals if isinstance(registry, Registry) else {}
    known = {
        name: approval_name(environment.context, name)
        for name, approval in approvals.items()
        if isinstance(approval.target, Dispatch)
    }
    for name, connection in known.items():
        if given in (name, connection):
            return connection
    raise BadInputError(
        f"{environment.key} has no approval {given} that calls a repository{did_you_mean(given, known)}",
        f"those that do are {one_of(known or ['none'])}",
    )


def set_token(connection: str, token: str, aws: Aws) -> str:
    """Hand a token to EventBridge; the state of the connection afterwards.

    Raises BadInputError for a token that cannot stand in a header, and OperatorError where EventBridge does
    not take it. Neither tells the token.
    """
    token = token.strip()
    if not token or any(not "!" <= character <= "~" for character in token) or len(token) > 500:
        raise BadInputError(
            "the token is empty, too long, or has characters that no header takes",
            "give the token alone, as GitHub shows it",
        )
    events: Any = aws.any_client("events")
    try:
        answer = events.update_connection(
            Name=connection,
            AuthorizationType="API_KEY",
            AuthParameters={
                "ApiKeyAuthParameters": {
                    "ApiKeyName": "Authorization",
                    "ApiKeyValue": f"Bearer {token}",
                }
            },
        )
    except (BotoCoreError, ClientError) as error:
        said = str(error).replace(token, "…")
        raise OperatorError(
            f"EventBridge does not take the token of {connection}: {said}",
            "deploy the registry first",
        ) from None
    return str(answer["ConnectionState"])
