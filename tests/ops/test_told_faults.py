"""A run's errors for a person: cause, place and what to do, whatever frame Terraform draws."""

from __future__ import annotations

import pytest
from botocore.exceptions import NoCredentialsError

from inferform import Context
from ops import advice
from ops.faults import faults_of, told

WORDS = {"aws_ecs_service": "ECS service", "aws_sagemaker_model": "SageMaker model"}

UNMET = """
Error: Resource postcondition failed

  on cdk.tf.json line 106, in resource.aws_ecs_service.fraud_113A (services/fraud/service).lifecycle.postcondition[0]:
 106:               "condition": "${self.task_definition == aws_ecs_task_definition.fraud_BA0D.arn}",
    ├────────────────
    │ aws_ecs_task_definition.fraud_BA0D.arn is "arn:aws:ecs:us-east-1:111122223333:task-definition/fraud:2"
    │ self.task_definition is "arn:aws:ecs:us-east-1:111122223333:task-definition/fraud:1"

ECS rolled the update of service fraud back. It serves what it
served before, which is kept.
"""
DENIED = """
Error: creating SageMaker AI Model: operation error SageMaker: CreateModel, https response error StatusCode: 400, RequestID: 1a2b, api error AccessDeniedException: User is not authorized

  with aws_sagemaker_model.fraud_2A7D,
  on cdk.tf.json line 327, in resource.aws_sagemaker_model.fraud_2A7D:
 327:       }
"""
LOCKED = """
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error StatusCode:
412, api error PreconditionFailed: At least one of the pre-conditions you specified
did not hold
Lock Info:
  ID:        8a9b0c1d-1111-2222-3333-444455556666
  Path:      dev-use1/inference.tfstate
  Operation: OperationTypeApply
  Who:       me@host
  Version:   1.11.4
  Created:   2026-11-28 12:00:00 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state from being written
by multiple users at the same time.
"""
ROLE = """
Error: Cannot assume IAM Role

IAM Role (arn:aws:iam::111122223333:role/deploy) cannot be assumed.

Error: operation error STS: AssumeRole, https response error StatusCode: 403,
RequestID: 1a2b, api error ExpiredToken: The security token included in
the request is expired
"""


def on_a_terminal(output: str) -> str:
    """The same with the frame and the colours that Terraform draws on a terminal."""
    lines = [f"\x1b[31m│\x1b[0m \x1b[0m{line}" for line in output.strip().splitlines()]
    return "\n".join(["\x1b[31m╷\x1b[0m\x1b[0m", *lines, "\x1b[31m╵\x1b[0m\x1b[0m"])


@pytest.mark.parametrize("drawn", [str, on_a_terminal], ids=["plain", "terminal"])
@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            UNMET,
            [
                "ECS rolled the update of service fraud back. It serves what it served before, "
                "which is kept.",
                "  where: ECS service services/fraud/service (aws_ecs_service.fraud_113A)",
            ],
        ),
        (
            DENIED,
            [
                "creating SageMaker AI Model: operation error SageMaker: CreateModel, api error "
                "AccessDeniedException: User is not authorized",
                "  where: SageMaker model aws_sagemaker_model.fraud_2A7D",
            ],
        ),
        (
            LOCKED,
            [
                "the state is locked by me@host: apply, since 2026-11-28 12:00:00 +0000 UTC, lock "
                "8a9b0c1d-1111-2222-3333-444455556666"
            ],
        ),
        (
            ROLE,
            [
                "Cannot assume IAM Role. IAM Role (arn:aws:iam::111122223333:role/deploy) cannot "
                "be assumed.",
                "operation error STS: AssumeRole, api error ExpiredToken: The security token "
                "included in the request is expired",
            ],
        ),
    ],
    ids=["unmet", "denied", "locked", "role"],
)
def test_an_error_is_told_by_its_cause_and_its_place(
    output: str, said: list[str], drawn: type[str]
) -> None:
    assert told(drawn(output), WORDS) == said


def test_what_is_no_error_is_left_out() -> None:
    output = f"Refreshing state...\n\nWarning: Deprecated\n\nuse another\n{DENIED}"
    assert len(faults_of(output)) == 1
    assert told("Apply complete!", WORDS) == []


def test_many_errors_are_counted() -> None:
    assert told(DENIED * 20, WORDS)[-1] == "and 8 more errors"


@pytest.mark.parametrize("runs", [True, False])
def test_who_has_no_credentials_is_told_of_the_emulator_that_runs(
    context: Context, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    monkeypatch.setattr(advice, "running", lambda _: object() if runs else None)
    told = advice.about_sign_in(NoCredentialsError(), context)
    assert told.startswith("sign in")
    assert told.endswith("--emulator") == runs
