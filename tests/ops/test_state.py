"""States: versions, restoring one, and locks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from inferform import Context, S3Backend
from ops.advice import explained
from ops.aws import Aws
from ops.errors import BadInputError, OperatorError
from ops.state import States, difference

Write = Callable[..., str]


@pytest.fixture
def states(aws: Aws) -> States:
    return States(aws)


def _hold_lock(aws: Aws, layer: str) -> None:
    held = {"ID": "1f-2e", "Operation": "OperationTypeApply", "Who": "ann@build", "Created": "now"}
    aws.client("s3").put_object(
        Bucket=aws.context.state_bucket,
        Key=f"{aws.context.state_key(layer)}.tflock",
        Body=json.dumps(held).encode(),
    )


def test_the_state_of_a_destroyed_stack_is_recovered_by_its_version(
    states: States, write_state: Write
) -> None:
    full = write_state("registry", 4, **{"aws_kms_key.data": {"id": "1"}})
    write_state("registry", 5)
    assert states.read("registry").resources == {}  # type: ignore[union-attr]
    versions = states.versions("registry")
    assert [(v.serial, v.resources, v.latest) for v in versions] == [(5, 0, True), (4, 1, False)]
    restored = states.restore("registry", full)
    now = states.read("registry")
    assert now is not None
    assert now.resources == {"aws_kms_key.data": {"id": "1"}}
    assert (now.serial, restored.serial) == (6, 6)
    assert [v.serial for v in states.versions("registry")] == [6, 5, 4]
    assert states.lock("registry") is None


def test_a_state_that_is_restored_asks_for_the_encryption_that_terraform_asks_for(
    aws: Aws, write_state: Write
) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    full = write_state("registry", 4)

    def written(context: Context) -> tuple[str, str | None]:
        States(Aws(context, emulator=aws.emulator)).restore("registry", full)
        found = aws.client("s3").head_object(
            Bucket=aws.context.state_bucket, Key=aws.context.state_key("registry")
        )
        return found["ServerSideEncryption"], found.get("SSEKMSKeyId")

    named = S3Backend(bucket=aws.context.state_bucket, kms_key=key)
    assert written(aws.context) == ("AES256", None)
    assert written(aws.context.replace(backend=named)) == ("aws:kms", key)


def test_a_stack_that_names_a_key_by_itself_has_its_state_written_under_it(
    aws: Aws, write_state: Write
) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    full, context = write_state("registry", 4), aws.context
    arguments = {"bucket": context.state_bucket, "key": context.state_key("registry")}
    metadata = {"inferform": {"environment": context.key, "layer": "registry"}}
    stack = {
        "//": {"metadata": metadata},
        "terraform": {"backend": {"s3": {**arguments, "encrypt": True, "kms_key_id": key}}},
    }
    States(aws, {"dev-use1-registry": stack}).restore("registry", full)
    found = aws.client("s3").head_object(Bucket=arguments["bucket"], Key=arguments["key"])
    assert found["SSEKMSKeyId"] == key


def test_a_deleted_state_is_listed_and_recovered(
    aws: Aws, states: States, write_state: Write
) -> None:
    full = write_state("registry", 4, **{"aws_kms_key.data": {"id": "1"}})
    aws.client("s3").delete_object(
        Bucket=aws.context.state_bucket, Key=aws.context.state_key("registry")
    )
    assert states.read("registry") is None
    assert [version.deleted for version in states.versions("registry")] == [True, False]
    assert states.restore("registry", full).serial == 5
    assert states.read("registry") is not None


def test_a_restored_state_is_encrypted(aws: Aws, states: States, write_state: Write) -> None:
    version = write_state("registry", 1)
    states.restore("registry", version)
    found = aws.client("s3").head_object(
        Bucket=aws.context.state_bucket, Key=aws.context.state_key("registry")
    )
    assert found["ServerSideEncryption"] == "AES256"


def test_the_difference_names_what_comes_goes_and_changes(
    states: States, write_state: Write
) -> None:
    old = write_state("registry", 1, **{"aws_a.x": {"n": 1}, "aws_b.y": {}})
    write_state("registry", 2, **{"aws_a.x": {"n": 2}, "aws_c.z": {}})
    then = states.read("registry", old)
    assert then is not None
    found = difference(states.read("registry"), then)
    assert (found.added, found.removed, found.changed) == (["aws_b.y"], ["aws_c.z"], ["aws_a.x"])
    assert difference(then, then).empty


def test_nothing_is_restored_under_the_lock_of_another_run(
    aws: Aws, states: States, write_state: Write
) -> None:
    version = write_state("registry", 1)
    _hold_lock(aws, "registry")
    with pytest.raises(OperatorError) as error:
        states.restore("registry", version)
    assert "is locked: ann@build, OperationTypeApply" in str(error.value)
    assert "inferform state unlock dev-use1 registry" in str(error.value)
    assert len(states.versions("registry")) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_lock_that_cannot_be_read_is_a_lock(
    aws: Aws, states: States, write_state: Write, content: bytes
) -> None:
    version = write_state("registry", 4)
    key = f"{aws.context.state_key('registry')}.tflock"
    aws.client("s3").put_object(Bucket=aws.context.state_bucket, Key=key, Body=content)
    held = states.lock("registry")
    assert str(held) == "somebody unknown, the lock cannot be read"
    assert next(each.lock for each in states.holdings("registry")) == held
    with pytest.raises(OperatorError, match="is locked: somebody unknown"):
        states.restore("registry", version)


def test_only_the_lock_that_was_seen_is_removed(aws: Aws, states: States) -> None:
    _hold_lock(aws, "registry")
    with pytest.raises(OperatorError, match="is held by ann@build"):
        states.unlock("registry", "another")
    states.unlock("registry", "1f-2e")
    assert states.lock("registry") is None
    with pytest.raises(OperatorError, match="is free"):
        states.unlock("registry", "1f-2e")


def test_a_version_that_is_not_there_is_refused(states: States, write_state: Write) -> None:
    write_state("registry", 1)
    with pytest.raises(BadInputError, match="has no version"):
        states.restore("registry", "0" * 32)


def test_a_state_bucket_that_is_not_there_is_made_by_bootstrap(
    context: Context, emulator: Any
) -> None:
    with pytest.raises(OperatorError, match="inferform bootstrap dev-use1 makes it"):
        States(Aws(context, emulator=emulator)).read("registry")


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("expired-token", "the credentials have expired; sign in again"),
        ("access-denied", "the role may not do this"),
    ],
)
def test_a_failed_request_says_what_to_do(
    states: States, faults: Callable[..., None], kind: str, advice: str
) -> None:
    faults(kind=kind, service="s3", operation="GetObject", count=2)
    for asked in (states.read, states.lock):
        with pytest.raises(OperatorError, match=advice):
            asked("registry")


def test_a_throttled_request_is_repeated_until_it_passes(
    states: States, write_state: Write, faults: Callable[..., None]
) -> None:
    write_state("registry", 3)
    faults(kind="throttle", service="s3", operation="GetObject", count=2)
    state = states.read("registry")
    assert state is not None
    assert state.serial == 3


def test_an_endpoint_that_cannot_be_reached_says_so(context: Context) -> None:
    with (
        pytest.raises(OperatorError, match="AWS cannot be reached; check the network"),
        explained(context),
    ):
        raise EndpointConnectionError(endpoint_url="https://s3.us-east-1.amazonaws.com")


def test_a_shell_is_directed_to_the_environments_account(aws: Aws, context: Context) -> None:
    variables = {**aws.shell_variables(), "PATH": os.environ["PATH"]}
    asked = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    done = subprocess.run(
        [sys.executable, "-c", asked], env=variables, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == context.account, done.stderr
    assert variables["AWS_REGION"] == context.region


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "no JSON object"),
        ('{"serial": 1, "lineage": "1", "outputs": {}}', "its resources is damaged or missing"),
    ],
)
def test_a_state_that_is_damaged_is_an_error_and_not_an_empty_one(
    aws: Aws, states: States, text: str, reason: str
) -> None:
    key = aws.context.state_key("registry")
    aws.client("s3").put_object(Bucket=aws.context.state_bucket, Key=key, Body=text.encode())
    with pytest.raises(OperatorError, match=f"state {key} cannot be read: .*{reason}"):
        states.read("registry")
