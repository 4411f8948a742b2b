"""One emulator for all tests here; each test has an AWS account of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from emulator import process
from emulator.process import Emulator

_accounts = itertools.count(100_000_000_001)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with process.serve() as server:
        yield server


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return str(next(_accounts))


Client = Callable[..., Any]


@pytest.fixture
def client_of(emulator: Emulator) -> Callable[[str], Client]:
    """Clients that act in a given account, by an assumed role as the deployment does."""

    def of(account: str) -> Client:
        credentials = _client(emulator, "sts", None).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/deploy", RoleSessionName="test"
        )["Credentials"]

        def make(service: str, **config: Any) -> Any:
            return _client(emulator, service, credentials, **config)

        return make

    return of


@pytest.fixture
def client(client_of: Callable[[str], Client], account: str) -> Client:
    """Clients that act in the test's own account."""
    return client_of(account)


def _client(
    emulator: Emulator, service: str, credentials: dict[str, Any] | None, **config: Any
) -> Any:
    credentials = credentials or {}
    return boto3.client(
        service,
        endpoint_url=emulator.url,
        region_name=config.pop("region_name", "us-east-1"),
        aws_access_key_id=credentials.get("AccessKeyId", "emulator"),
        aws_secret_access_key=credentials.get("SecretAccessKey", "emulator"),
        aws_session_token=credentials.get("SessionToken"),
        config=Config(**{"retries": {"max_attempts": 0}, **config}),
    )
