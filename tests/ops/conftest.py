"""An environment with a state bucket on the emulator, and states written by hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inferform import Context, Environment, NetworkOutputs, Registry, RegistryOutputs
from ops.aws import Aws

_accounts = itertools.count(100_000_000_001)


@pytest.fixture
def context() -> Context:
    """A Context in an account of its own, so that tests share an emulator and nothing else."""
    return Context(
        organization=f"org{next(_accounts) % 1000}",
        stage="dev",
        account=str(next(_accounts)),
        region="us-east-1",
        owner="ml",
        deploy_role="inferform-deploy",
    )


@pytest.fixture
def aws(context: Context, emulator: Any) -> Aws:
    """Clients in the account of `context`, with a bucket for its states as plain as may be."""
    made = Aws(context, emulator=emulator)
    s3, bucket = made.client("s3"), context.state_bucket
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return made


@pytest.fixture
def faults(emulator: Any) -> Iterator[Callable[..., None]]:
    """Faults for the requests of one account; ended afterwards."""

    def add(**fault: Any) -> None:
        emulator.control("POST", "faults", fault)

    yield add
    emulator.control("DELETE", "faults")


@pytest.fixture
def foreign(context: Context) -> dict[str, Any]:
    """Layers below that are somebody else's."""
    return {
        "network": NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.0.0.0/16",
            private_subnet_ids=["subnet-1", "subnet-2"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        "registry": RegistryOutputs(
            kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            artifact_bucket=f"acme-artifacts-{context.account}",
        ),
    }


@pytest.fixture
def environment(context: Context) -> Environment:
    """The registry layer alone."""
    return Environment(context=context, registry=Registry())


@pytest.fixture
def write_state(aws: Aws) -> Callable[..., str]:
    """Write a state by hand: `write_state("registry", 3, **{"aws_kms_key.data": {...}})`."""

    def write(layer: str, serial: int, **resources: dict[str, Any]) -> str:
        content = {
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": serial,
            "lineage": "7a1b",
            "outputs": {},
            "resources": [
                {
                    "mode": "managed",
                    "type": address.split(".")[0],
                    "name": address.split(".")[1],
                    "instances": [{"attributes": attributes}],
                }
                for address, attributes in resources.items()
            ],
        }
        answer = aws.client("s3").put_object(
            Bucket=aws.context.state_bucket,
            Key=aws.context.state_key(layer),
            Body=json.dumps(content).encode(),
        )
        return str(answer["VersionId"])

    return write
