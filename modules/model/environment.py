"""The environment variables of a container, and the secrets that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from ..rules import Problem, rule
from ..secret import name_says_secret, secret_service, value_is_secret
from ..spec import Aws

MDL17 = rule(
    "MDL17",
    refuses="environment variables beyond SageMaker's limits",
    message="{wrong}",
    source="botocore sagemaker EnvironmentMap, EnvironmentKey, EnvironmentValue; Inferform: a Model "
    "runs on ECS and EKS alike",
)
MDL24 = rule(
    "MDL24",
    refuses="an environment variable whose name says that it holds a secret",
    message="looks like a secret by its name, and everyone who can describe the model can read "
    "it; store it in Secrets Manager or SSM Parameter Store, and {instead}",
    source="botocore sagemaker ContainerDefinition Environment (no sensitive data)",
)
MDL25 = rule(
    "MDL25",
    refuses="an environment variable whose value has the form of a key, token or password",
    message="looks like a secret by its value, and everyone who can describe the model can read "
    "it; store it in Secrets Manager or SSM Parameter Store, and {instead}",
    source="botocore sagemaker ContainerDefinition Environment (no sensitive data)",
)
MDL26 = rule(
    "MDL26",
    refuses="a secret's ARN given to a container without network",
    message="names a secret, but the container has no network to fetch it; set "
    "network_isolation=False",
    source="SageMaker developer guide, run training and inference containers in internet-free mode",
)


_FETCH = "write its ARN here, and let the container fetch it"


def environment_size(variables: dict[str, str]) -> int:
    """What AWS counts: the characters of all names and values."""
    return sum(len(key) + len(value) for key, value in variables.items())


TOGETHER = "must have at most 32 KiB of names and values together"


def _beyond_limits(variables: dict[str, str]) -> Iterator[Problem]:
    wrong = [*_each_beyond_limits(variables)]
    yield from wrong
    if not wrong and environment_size(variables) > 32 * 1024:
        yield MDL17.problem("environment", wrong=TOGETHER)


def _each_beyond_limits(variables: dict[str, str]) -> Iterator[Problem]:
    if len(variables) > 100:
        wrong = f"must be at most 100 variables; {len(variables)} are given"
        yield MDL17.problem("environment", wrong=wrong)
    for name, value in variables.items():
        if not re.fullmatch(r"[a-zA-Z_]\w{0,1023}", name, re.ASCII):
            as_name = re.sub(r"^(?=\d)", "_", re.sub(r"\W", "_", name, flags=re.ASCII))[:1024]
            wrong = (
                "must have a name of at most 1,024 letters, digits and _, the first no digit"
                f"{f'; did you mean {as_name}' if as_name and len(as_name) < 120 else ''}"
            )
            yield MDL17.problem("environment", name, wrong=wrong)
        if len(value) > 1024:
            wrong = f"must have a value of at most 1,024 characters; it has {len(value):,}"
            yield MDL17.problem("environment", name, wrong=wrong)


ContainerEnvironment = Annotated[
    dict[str, str],
    Aws("sagemaker:ContainerDefinition.Environment", "ecs:ContainerDefinition.environment"),
]


def environment_problems(variables: dict[str, str], *, isolated: bool) -> Iterator[Problem]:
    """Variables beyond the limits, that hold a secret, or that name one out of reach.

    The values stay out of the messages.
    """
    yield from _beyond_limits(variables)
    for name, value in variables.items():
        if name_says_secret(name, value):
            yield MDL24.problem("environment", name, instead=_FETCH)
        elif value_is_secret(value):
            yield MDL25.problem("environment", name, instead=_FETCH)
        elif isolated and secret_service(value):
            yield MDL26.problem("environment", name)


def fetches_secrets(variables: dict[str, str]) -> bool:
    """Whether a variable is the ARN of a secret, for which the container needs a network."""
    return any(secret_service(value) for value in variables.values())
