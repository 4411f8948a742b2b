"""One emulator for all tests here, an AWS account for each, and Terraform against it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from inferform_emulator.process import Emulator
from ops.terraform import provider_mirror
from tests import emulators

_accounts = itertools.count(100_000_000_001)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with emulators.serve() as server:
        yield server


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return str(next(_accounts))


Client = Callable[..., Any]


@pytest.fixture
def control(emulator: Emulator, account: str) -> Callable[..., dict[str, Any]]:
    """A control route of the emulator, for the account of the test."""

    def post(route: str, **content: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{emulator.url}/inferform-emulator/{route}",
            json.dumps({"account": account, **content}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    return post


@pytest.fixture(scope="session")
def sts(emulator: Emulator) -> Any:
    return _client(emulator, "sts", None)


@pytest.fixture
def client_of(emulator: Emulator, sts: Any) -> Callable[[str], Client]:
    """Clients that act in a given account, by an assumed role as the deployment does."""

    def of(account: str) -> Client:
        credentials = sts.assume_role(
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
        config=Config(**{"retries": {"max_attempts": 0}, "inject_host_prefix": False, **config}),
    )


# Terraform


TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Terraform:
    """One configuration in a directory of its own."""

    directory: Path
    environment: Mapping[str, str]

    def write(self, configuration: Mapping[str, Any]) -> None:
        path = self.directory / "main.tf.json"
        path.write_text(json.dumps(configuration, indent=2), encoding="utf-8")

    def run(self, *arguments: str, expect: int = 0) -> str:
        mirror = self.directory / "mirror.tfrc"
        mirror.write_text(
            "provider_installation {\n"
            f'  filesystem_mirror {{ path = "{provider_mirror()}" }}\n'
            "}\n",
            encoding="utf-8",
        )
        variables = {
            **self.environment,
            "TF_CLI_CONFIG_FILE": str(mirror),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
        }
        with subprocess.Popen(
            ["terraform", *arguments],
            cwd=self.directory,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as child:
            try:
                output, _ = child.communicate(timeout=TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                # its provider is a process of its own and would continue
                os.killpg(child.pid, signal.SIGKILL)
                output, _ = child.communicate()
                output += f"\nterraform {arguments[0]} took more than {TIMEOUT_SECONDS} s"
        assert child.returncode == expect, output
        return output

    def apply(self) -> str:
        return self.run("apply", "-auto-approve", "-no-color")

    def assert_unchanged(self) -> None:
        """A plan that finds nothing to do: what was read is what was asked for."""
        self.run("plan", "-detailed-exitcode", "-no-color")

    def destroy(self) -> str:
        return self.run("destroy", "-auto-approve", "-no-color")

    def state(self) -> list[str]:
        return self.run("state", "list").split()


@pytest.fixture
def terraform(emulator: Emulator, tmp_path: Path) -> Terraform:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    if provider_mirror() is None:
        pytest.skip("no unpacked hashicorp/aws provider was found")
    return Terraform(tmp_path, emulator.environment())
