"""Errors of Terraform and AWS: shown without secrets, and with their codes."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from ops.advice import errors_of, explained
from ops.checks import RUNNING_IMAGE
from ops.deploy import failure_of
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.masking import mask_text
from ops.program import Program, Stacks
from ops.terraform import Stack
from tests.capabilities.record import DEV

# Made here, so that no scanner takes this file for one that holds secrets.
WORD = string.ascii_lowercase + string.digits
KEY = "AKIA" + WORD[:16].upper()
HELD = ["hunter2", WORD, KEY]

OUTPUTS = {
    "a line of the configuration": '  12:  {"name": "DB_PASSWORD", "DB_PASSWORD": "hunter2"}',
    "an assignment": "the container said DB_PASSWORD=hunter2 and ended",
    "an address": "could not connect to postgres://app:hunter2@db/fraud",
    "a token": f"the registry refused hf_{WORD}",
    "a token that a cut would halve": "x" * 390 + f" hf_{WORD}",
    "a header": f"GET / with Authorization: Bearer {WORD}",
    "an option": f"vllm serve --api-key {WORD}",
    "a key": f"the key {KEY} is not active",
    "a private key": f"-----BEGIN RSA PRIVATE KEY-----\n{WORD}\n{WORD}\n-----END RSA PRIVATE KEY-----",
    "a value that is wrapped": "the value of\nDB_PASSWORD=hunter2\nis not valid",
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_no_secret_that_terraform_prints_is_told(case: str, tmp_path: Path) -> None:
    output = (
        f"Error: creating ECS Service: InvalidParameterException: it failed\n\n{OUTPUTS[case]}\n"
    )
    (tmp_path / "cdk.tf.json").write_text("{}")
    stack = Stack("mine", tmp_path, ())
    synthesis = Stacks(Program(), (stack,), {})
    for told in (
        "\n".join(errors_of(output)),
        "\n".join(failure_of(stack, output, synthesis)),
        str(OperatorError("it failed", output)),
        str(OperatorError(output)),
        Finding(RUNNING_IMAGE, "fraud", "failed", output).found,
    ):
        assert not [secret for secret in HELD if secret in told]
        assert "InvalidParameterException: it failed" in told


def test_no_secret_that_aws_answers_is_told() -> None:
    answer = {"Error": {"Code": "ValidationException", "Message": "password=hunter2 is too short"}}
    with pytest.raises(OperatorError) as caught, explained(DEV):
        raise ClientError(answer, "PutSecret")  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)
    assert "ValidationException" in str(caught.value)


def _codes() -> Iterator[str]:
    """The code of every error of every service that botocore knows."""
    known = Loader()
    for service in known.list_available_services("service-2"):
        version = known.determine_latest_version(service, "service-2")
        # A loader of its own, as one for all would hold the models of all.
        model = ServiceModel(Loader().load_data(f"{service}/{version}/service-2"), service)
        for shape in model.error_shapes:
            yield shape.name
            yield str(shape.metadata.get("error", {}).get("code", shape.name))


def test_the_code_of_an_error_and_what_it_means_are_never_masked() -> None:
    codes = {*_codes(), "ExpiredToken", "InvalidToken", "MissingAuthenticationToken"}
    assert len(codes) > 2000
    for code in codes:
        for text in (
            f"Error: {code}: The thing failed",
            f"https response error StatusCode: 400, RequestID: 1a2b, {code}: The thing failed",
            f"api error {code}: The thing failed",
            f"An error occurred ({code}) when calling the CreateModel operation: It failed",
        ):
            assert mask_text(text) == text
    text = "api error SignatureToken: The security token included in the request is expired"
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "text",
    ["NotFound: token: hunter2", "error: DB_PASSWORD: hunter2", "Error: MyPassword: hunter2"],
)
def test_a_secret_after_a_code_is_masked(text: str) -> None:
    assert "hunter2" not in mask_text(text)
