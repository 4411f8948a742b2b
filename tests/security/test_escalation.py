"""No published way to more rights works for the roles of an account, nor under their boundary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Made
from tests.rights import allows

Statements = list[dict[str, Any]]

ACCOUNT = "arn:aws:iam::111122223333"
STATES = "arn:aws:s3:::acme-tfstate-111122223333-us-east-1"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:theirs-AbCdEf"


@pytest.fixture(scope="module", name="identities")
def _identities(made: dict[str, Made]) -> dict[str, dict[str, Statements]]:
    """The policies of the deploy and plan role, and the boundary, of every identity layer."""
    found = {}
    for stack, each in made.items():
        resources = each.stack.get("resource", {})
        policies = {
            resource["name"]: resource["policy"]
            for resource in resources.get("aws_iam_role_policy", {}).values()
            if resource["name"] in ("deploy", "plan")
        }
        if not policies:
            continue
        (boundary,) = resources["aws_iam_policy"].values()
        policies["boundary"] = boundary["policy"]
        found[stack] = {name: json.loads(text)["Statement"] for name, text in policies.items()}
    assert found
    return found


@pytest.mark.parametrize(
    "action",
    [
        "s3:BypassGovernanceRetention",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObjectVersion",
        "s3:PutBucketAcl",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutObjectAcl",
        "s3:PutReplicationConfiguration",
    ],
)
def test_the_deploy_role_changes_nothing_about_how_states_are_kept(
    action: str, identities: dict[str, dict[str, Statements]]
) -> None:
    for roles in identities.values():
        for resource in (STATES, f"{STATES}/dev-use1/network.tfstate"):
            assert not allows(roles["deploy"], action, resource)
        own = "arn:aws:s3:::acme-dev-use1-artifacts"
        assert allows(roles["deploy"], action, own)


def test_the_deploy_role_writes_the_states_of_other_layers_alone(
    identities: dict[str, dict[str, Statements]],
) -> None:
    for roles in identities.values():
        for action in ("s3:PutObject", "s3:DeleteObject"):
            for name in ("network.tfstate", "network.tfstate.tflock"):
                assert allows(roles["deploy"], action, f"{STATES}/dev-use1/{name}")
            for name in ("identity.tfstate", "identity.tfstate.tflock"):
                assert not allows(roles["deploy"], action, f"{STATES}/dev-use1/{name}")
        assert allows(roles["deploy"], "s3:GetObject", f"{STATES}/dev-use1/identity.tfstate")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("codebuild:BatchGetBuilds", "*"),
        ("codepipeline:GetJobDetails", "*"),
        ("codepipeline:GetThirdPartyJobDetails", "*"),
        ("ec2:DescribeInstanceAttribute", "*"),
        ("ec2:GetConsoleOutput", "*"),
        ("ecr:GetDownloadUrlForLayer", "*"),
        ("kms:Decrypt", "*"),
        ("lambda:GetFunction", "*"),
        ("lambda:GetFunctionConfiguration", "*"),
        ("lambda:GetLayerVersion", "*"),
        ("lambda:ListFunctions", "*"),
        ("logs:FilterLogEvents", "*"),
        ("logs:GetLogEvents", "*"),
        ("s3:GetObject", "arn:aws:s3:::acme-dev-use1-artifacts/fraud/model.tar.gz"),
        ("s3:ListBucket", "arn:aws:s3:::payroll"),
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("secretsmanager:GetSecretValue", SECRET),
        ("sqs:ReceiveMessage", "*"),
        ("ssm:GetCommandInvocation", "*"),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1:111122223333:parameter/db/password"),
        ("ssm:GetParameterHistory", "*"),
        ("ssm:GetParametersByPath", "*"),
        ("ssm:ListCommandInvocations", "*"),
        ("states:DescribeExecution", "*"),
        ("states:GetExecutionHistory", "*"),
    ],
)
def test_the_plan_role_reads_no_secrets_code_or_inputs(
    action: str, resource: str, identities: dict[str, dict[str, Statements]]
) -> None:
    for roles in identities.values():
        assert not allows(roles["plan"], action, resource)
