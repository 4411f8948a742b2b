"""Every sentence on rights in the README of the identity layer is true of the policies that it makes.

A new sentence is refused until it stands here with what shows it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from inferform.layers import program
from tests.conftest import ROOT, stacks_in
from tests.examples import readme
from tests.rights import allows

README = "modules/identity/README.md"
ACCOUNT = "111122223333"
IAM = f"arn:aws:iam::{ACCOUNT}"
STATES = f"arn:aws:s3:::acme-tfstate-{ACCOUNT}-us-east-1"
OWN = f"{IAM}:role/inferform/acme-dev-use1-fraud"
HERE = {"aws:RequestedRegion": "us-east-1"}
THERE = {"aws:RequestedRegion": "ap-south-1"}
BOUNDED = {"iam:PermissionsBoundary": f"{IAM}:policy/inferform-boundary"}
TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


@dataclass(frozen=True)
class Right:
    """Whether a role may do something."""

    role: str
    action: str
    resource: str = "*"
    allowed: bool = False
    context: dict[str, str] = field(default_factory=lambda: HERE)


def can(role: str, action: str, resource: str = "*", **context: str) -> Right:
    return Right(role, action, resource, True, {**HERE, **context})


def no(role: str, action: str, resource: str = "*", **context: str) -> Right:
    return Right(role, action, resource, False, {**HERE, **context})


SENTENCES: dict[str, list[Right]] = {
    "The deploy role itself may read this layer and not change it.": [
        can("deploy", "iam:GetRole", f"{IAM}:role/inferform-plan"),
        can("deploy", "s3:GetObject", f"{STATES}/dev-use1/identity.tfstate"),
        no("deploy", "s3:PutObject", f"{STATES}/dev-use1/identity.tfstate"),
        *(
            no("deploy", action, f"{IAM}:role/inferform-{name}", **BOUNDED)
            for name in ("deploy", "plan")
            for action in ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole")
        ),
        no("deploy", "iam:CreatePolicyVersion", f"{IAM}:policy/inferform-boundary"),
    ],
    "The deploy role may use the services in which Inferform's layers create something, in the "
    "account's Regions, and S3 and IAM only for names of the organization.": [
        can("deploy", "sagemaker:CreateModel"),
        Right("deploy", "sagemaker:CreateModel", context=THERE),
        no("deploy", "lambda:CreateFunction"),
        can("deploy", "s3:CreateBucket", "arn:aws:s3:::acme-dev-use1-artifacts"),
        no("deploy", "s3:CreateBucket", "arn:aws:s3:::payroll"),
        no("deploy", "s3:GetObject", "arn:aws:s3:::payroll/x"),
        can("deploy", "iam:CreateRole", OWN, **BOUNDED),
        no("deploy", "iam:CreateRole", f"{IAM}:role/inferform/other", **BOUNDED),
    ],
    "Of other services it reads how resources are set up; `deploy_services` names those in which "
    "layers of your own create.": [
        can("deploy", "lambda:ListTags", _arn("lambda", "function:theirs")),
        no("deploy", "lambda:UpdateFunctionCode", _arn("lambda", "function:theirs")),
    ],
    "It reads and writes states.": [
        can("deploy", f"s3:{verb}", f"{STATES}/dev-use1/network.tfstate")
        for verb in ("GetObject", "PutObject")
    ],
    "It cannot delete versions of a state, change how the bucket of the states keeps them or who "
    "reads them, or write the state of the identity layer.": [
        no("deploy", "s3:DeleteObjectVersion", f"{STATES}/dev-use1/network.tfstate"),
        no("deploy", "s3:PutLifecycleConfiguration", STATES),
        no("deploy", "s3:PutBucketVersioning", STATES),
        no("deploy", "s3:PutBucketPolicy", STATES),
        no("deploy", "s3:PutObject", f"{STATES}/dev-use1/identity.tfstate"),
    ],
    "The deploy role creates, changes and passes only roles for names of the organization under "
    "the path `/inferform/`, where every layer but this one has its roles.": [
        can("deploy", "iam:PutRolePolicy", OWN, **BOUNDED),
        no("deploy", "iam:PutRolePolicy", f"{IAM}:role/acme-dev-use1-fraud", **BOUNDED),
        can("deploy", "iam:PassRole", OWN, **TASKS),
        no("deploy", "iam:PassRole", f"{IAM}:role/acme-admin", **TASKS),
    ],
    "It creates them only under the boundary, attaches only AWS-managed policies that the layers "
    "use and policies named for the organization under the path `/inferform/`, and passes them "
    "only to services that the layers use.": [
        no("deploy", "iam:CreateRole", OWN),
        no("deploy", "iam:CreateRole", OWN, **{"iam:PermissionsBoundary": f"{IAM}:policy/free"}),
        *(
            no("deploy", "iam:AttachRolePolicy", OWN, **BOUNDED, **{"iam:PolicyARN": arn})
            for arn in ("arn:aws:iam::aws:policy/AdministratorAccess", f"{IAM}:policy/acme-x")
        ),
        can(
            *("deploy", "iam:AttachRolePolicy", OWN),
            **{**BOUNDED, "iam:PolicyARN": f"{IAM}:policy/inferform/acme-x"},
        ),
        no("deploy", "iam:PassRole", OWN, **{"iam:PassedToService": "glue.amazonaws.com"}),
    ],
    "It starts no commands, sessions, builds, pipelines or tasks with roles of others, puts nothing "
    "into running instances, and changes neither access to clusters nor launch templates that are "
    "not named or tagged as Inferform's.": [
        no("deploy", "ssm:SendCommand", _arn("ec2", "instance/i-1")),
        no("deploy", "ssm:StartSession", _arn("ec2", "instance/i-1")),
        no("deploy", "codebuild:StartBuild", _arn("codebuild", "project/theirs")),
        no("deploy", "ecs:RunTask", _arn("ecs", "task-definition/theirs:1")),
        no("deploy", "sagemaker:StartPipelineExecution", _arn("sagemaker", "pipeline/theirs")),
        no("deploy", "ec2:CreateReplaceRootVolumeTask", _arn("ec2", "instance/i-1")),
        no("deploy", "ec2:ModifyInstanceAttribute", _arn("ec2", "instance/i-1")),
        no("deploy", "eks:CreateAccessEntry", _arn("eks", "cluster/theirs")),
        no("deploy", "eks:AssociateIdentityProviderConfig", _arn("eks", "cluster/theirs")),
        can("deploy", "eks:UpdateClusterConfig", _arn("eks", "cluster/acme-dev-use1-eks")),
        no("deploy", "ec2:ModifyLaunchTemplate", _arn("ec2", "launch-template/lt-1")),
    ],
    "The plan role reads how resources are set up, and every state of the account.": [
        can("plan", "sagemaker:DescribeEndpoint"),
        can("plan", "s3:GetObject", f"{STATES}/prod-use1/network.tfstate"),
    ],
    "It writes nothing but the lock of a state.": [
        can("plan", "s3:PutObject", f"{STATES}/dev-use1/network.tfstate.tflock"),
        no("plan", "s3:PutObject", f"{STATES}/dev-use1/network.tfstate"),
        no("plan", "sagemaker:CreateModel"),
        no("plan", "ecr:PutImage"),
        no("plan", "iam:CreateRole", OWN, **BOUNDED),
    ],
    "It assumes no role but itself and those that `other_plan_roles` names.": [
        can("plan", "sts:AssumeRole", f"{IAM}:role/inferform-plan"),
        no("plan", "sts:AssumeRole", f"{IAM}:role/inferform-deploy"),
        no("plan", "sts:AssumeRole", "arn:aws:iam::444455556666:role/inferform-plan"),
    ],
    "It does not fetch secrets, images, other objects, code of functions, logs, or what executions "
    "and commands took and returned.": [
        no("plan", "secretsmanager:GetSecretValue"),
        no("plan", "ssm:GetParameter", _arn("ssm", "parameter/db")),
        no("plan", "kms:Decrypt"),
        no("plan", "ecr:GetDownloadUrlForLayer"),
        no("plan", "s3:GetObject", "arn:aws:s3:::acme-dev-use1-artifacts/fraud/model.tar.gz"),
        no("plan", "lambda:GetFunction"),
        no("plan", "logs:GetLogEvents"),
        no("plan", "states:DescribeExecution"),
        no("plan", "ssm:GetCommandInvocation"),
    ],
    "Who may assume the plan role may read these.": [
        can("plan", "ecs:DescribeTaskDefinition"),
        can("plan", "ec2:DescribeLaunchTemplateVersions"),
    ],
    "The boundary is a list of what roles of the layers do at run time: in the account's Regions, "
    "but for images, keys, objects, secrets, parameters, topics and Shield's protections, which may "
    "be of any Region.": [
        can("boundary", "cloudwatch:PutMetricData"),
        Right("boundary", "cloudwatch:PutMetricData", context=THERE),
        Right("boundary", "ecr:BatchGetImage", allowed=True, context=THERE),
        no("boundary", "lambda:CreateFunction"),
        no("boundary", "sagemaker:CreateEndpoint"),
    ],
    "It has no access to the states, no change of IAM but what EKS needs, and no other role to "
    "assume.": [
        no("boundary", "s3:GetObject", f"{STATES}/dev-use1/network.tfstate"),
        no("boundary", "iam:CreateRole", OWN, **BOUNDED),
        no("boundary", "iam:PutRolePolicy", OWN, **BOUNDED),
        no("boundary", "sts:AssumeRole", f"{IAM}:role/admin"),
    ],
    # What AWS cannot tell apart is true as well.
    "In a shared account the roles reach what AWS cannot tell apart: a role under the boundary may "
    "be given any secret, parameter, topic, key or object that the account's roles may read, as "
    "Specs may name any; the deploy role may tag somebody else's KMS key as its own and then "
    "change its policy, and may change or delete resources of the services that it deploys to, "
    "whoever made them, such as an image that tasks of others run or a volume of theirs.": [
        can("boundary", "secretsmanager:GetSecretValue", _arn("secretsmanager", "secret:theirs")),
        can("boundary", "ssm:GetParameters", _arn("ssm", "parameter/theirs")),
        can("boundary", "sns:Publish", _arn("sns", "theirs")),
        can("boundary", "kms:Decrypt", _arn("kms", "key/theirs")),
        can("boundary", "s3:GetObject", "arn:aws:s3:::payroll/x"),
        can("deploy", "kms:TagResource", _arn("kms", "key/theirs")),
        can("deploy", "sagemaker:DeleteEndpoint", _arn("sagemaker", "endpoint/theirs")),
        can("deploy", "ecr:PutImage", _arn("ecr", "repository/theirs")),
        can("deploy", "ec2:DetachVolume", _arn("ec2", "volume/vol-1")),
    ],
}
"""What each sentence says that a role may do and may not do."""

ELSEWHERE = {
    "The trust names one repository, and branches or GitHub environments, without wildcards.",
    "A job that has a GitHub environment shows that instead of its branch.",
    "With `environments`, only their jobs may deploy, so that nothing on a branch gets round the "
    "reviewers of an environment; `plan_branches` and `plan_pull_requests` say who may only plan.",
    "Without `environments`, every job on main may deploy.",
    '`gitlab=GitLab(project="acme/ml/inference")` trusts the jobs of a GitLab project, of gitlab.com or '
    "of the GitLab that `issuer` names.",
    "`aud` of the jobs' tokens is the address of the GitLab, or `audience`.",
    "An operator that is a plan role is refused (IDN16).",
    "A merge request's job shows the branch that is to be merged, so `plan_merge_requests` gives the "
    "plan role to every branch of the project.",
    "`plan_pull_requests` gives the plan role, and so all states, to whoever may push a branch, as "
    "a workflow in a branch is what that branch says.",
}
"""Sentences on trusts, which test_trust.py and tests/modules/test_identity_layer.py evaluate."""

NO_RIGHT = {
    "Roles belong to an account, so one environment of an account carries `identity`; the others "
    "name the same roles in their Contexts, and their Regions stand in `Identity.regions`.",
    "The layer makes what the other layers assume.",
    "It is therefore applied first, by an administrator of the account with credentials of their "
    "own, and `cdktf deploy dev-use1-identity`.",
    "`inferform drift` uses it.",
    "States hold secrets in the clear where a resource has one, and the settings that the plan "
    "role reads hold plain variables and user data.",
    "`Naming.role_path` names another path than `/inferform/`, and `S3Backend.kms_key` the key of the states, "
    "which both roles use through S3 alone ([what exists already](../../docs/existing.md)).",
    "`inferform roles dev-use1 --output roles` writes these policies for a team that makes roles itself.",
    "Where one job reviews environments of several accounts, its plan role names those of the others in "
    "`other_plan_roles`, and their layers name it in `planners`.",
    "`role_services` adds services that roles of your own use.",
    "GitLab's subject names a branch and no GitLab environment: protect the branches that may deploy.",
    "`GitHub.issuer` names a GitHub Enterprise Server, as `HOST/_services/token`.",
    "Give Inferform an account of its own.",
    "Set it to False for an account whose states nobody but its operators may read.",
}
"""Sentences that say how to use the layer."""


def sentences() -> list[str]:
    """The sentences of the README's list."""
    text = (ROOT / README).read_text("utf-8").partition("\n- ")[2].partition("\n## ")[0]
    found = []
    for item in text.split("\n- "):
        plain = re.sub(r"\s+", " ", item).strip()
        found += [part.strip() for part in re.split(r"(?<=\.) (?=[A-Z`])", plain)]
    return found


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The statements of each role and of the boundary that the README's example makes."""
    (defined,) = readme.run(README)
    outdir = tmp_path_factory.mktemp("identity")
    program.synthesize([defined["dev"]], outdir=outdir)
    resources = stacks_in(outdir)["dev-use1-identity"]["resource"]
    documents = {
        policy["name"]: policy["policy"] for policy in resources["aws_iam_role_policy"].values()
    }
    (boundary,) = resources["aws_iam_policy"].values()
    documents["boundary"] = boundary["policy"]
    return {name: json.loads(text)["Statement"] for name, text in documents.items()}


def test_every_sentence_has_what_shows_it() -> None:
    written = sentences()
    assert len(written) > 20
    known = [*SENTENCES, *ELSEWHERE, *NO_RIGHT]
    assert sorted(written) == sorted(known)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence[:40])
def test_a_sentence_is_true(sentence: str, roles: dict[str, list[dict[str, Any]]]) -> None:
    for right in SENTENCES[sentence]:
        found = allows(roles[right.role], right.action, right.resource, right.context)
        assert found is right.allowed, right
