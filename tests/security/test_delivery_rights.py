"""What pipelines and their builds may do: each one its part, and a build of pull requests no deploy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from inferform import (
    BuildCompute,
    Context,
    DeliveryPipelines,
    DeployPipeline,
    Environment,
    GitSource,
    Identity,
    ImageBuild,
    ManualApproval,
    OnPullRequest,
    OnPush,
    Promotion,
    Registry,
    Repository,
    ReviewPipeline,
    TargetEnvironment,
)
from inferform.delivery.rights import of_machine, policy_size
from inferform.identity.policies import deploy, plan
from tests.conftest import Synthesized, stacks_in
from tests.rights import allows

TOOLS, TEAM, LIVE = "111122223333", "222233334444", "444455556666"
DEV = TargetEnvironment(key="dev-use1", account=TEAM)
PROD = TargetEnvironment(key="prod-use1", account=LIVE)
TOPIC = f"arn:aws:sns:us-east-1:{TOOLS}:releases"
BUCKET = f"arn:aws:s3:::acme-shared-use1-delivery-main-{TOOLS}"
REVIEWS = f"arn:aws:s3:::acme-shared-use1-delivery-review-{TOOLS}"
ROLES = f"arn:aws:iam::{TOOLS}:role/inferform/acme-shared-use1-delivery"
CONNECTION = f"arn:aws:codeconnections:us-east-1:{TOOLS}:connection/aEXAMPLE-8aad"
PUSHING = "main-image-fraud"
EVERYTHING: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def context(stage: str, account: str, **fields: Any) -> Context:
    return Context(
        organization="acme", stage=stage, account=account, region="us-east-1", owner="ml", **fields
    )


def role_of(account: str, role: str) -> str:
    return f"arn:aws:iam::{account}:role/inferform-{role}"


DELIVERY = DeliveryPipelines(
    source=GitSource(repository="acme/inference", connection=CONNECTION),
    pipelines={
        "review": ReviewPipeline(
            trigger=OnPullRequest(branches=["main"]), environments=[DEV, PROD]
        ),
        "main": DeployPipeline(
            trigger=OnPush(branches=["main"]),
            images=[ImageBuild(repository="fraud")],
            promotions=[
                Promotion(environment=DEV),
                Promotion(
                    environment=PROD,
                    approval=ManualApproval(topic=TOPIC),
                    entry_alarms=["ill"],
                ),
            ],
        ),
    },
)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The pipelines, and the identity layer of an environment that they deploy."""
    from inferform.layers import program

    tools = Environment(
        context=context("shared", TOOLS),
        registry=Registry(repositories={"fraud": Repository(), "other": Repository()}),
        delivery=DELIVERY,
    )
    dev = Environment(
        context=context(
            "dev",
            TEAM,
            deploy_role="inferform-deploy",
            plan_role="inferform-plan",
            permissions_boundary="inferform-boundary",
        ),
        identity=Identity(
            operators=[f"{ROLES}-main-{job}-dev-use1" for job in ("plan", "apply", "verify")],
            planners=[f"{ROLES}-review-review-dev-use1"],
        ),
    )
    outdir = tmp_path_factory.mktemp("delivery") / "cdktf.out"
    program.synthesize([tools, dev], outdir=outdir)
    return stacks_in(outdir)


def named(stack: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from stack["resource"][kind].items()


@pytest.fixture(scope="module")
def may(stacks: Synthesized) -> dict[str, list[dict[str, Any]]]:
    """The statements of each role of the pipelines, by its name without what all have in front."""
    stack = stacks["shared-use1-delivery"]
    roles = {logical: each["name"] for logical, each in named(stack, "aws_iam_role")}
    found: dict[str, list[dict[str, Any]]] = {}
    for _, policy in named(stack, "aws_iam_role_policy"):
        (logical,) = (each for each in roles if f"{{aws_iam_role.{each}." in policy["role"])
        name = roles[logical].removeprefix("acme-shared-use1-delivery-")
        found.setdefault(name, []).extend(json.loads(policy["policy"])["Statement"])
    return found


BUILDS = (
    *("main-checks", "review-checks", PUSHING),
    *(f"review-review-{key}" for key in ("dev-use1", "prod-use1")),
    *(
        f"main-{job}-{key}"
        for job in ("plan", "apply", "verify")
        for key in ("dev-use1", "prod-use1")
    ),
)


def test_the_size_of_a_pipelines_policy_is_known_before_it_is_made(stacks: Synthesized) -> None:
    """IAM refuses one that is too large at the apply alone."""
    stack = stacks["shared-use1-delivery"]
    key = re.compile(r"\$\{aws_kms_key\.\w+\.arn\}")
    known = {}
    for _, policy in named(stack, "aws_iam_role_policy"):
        path = policy["//"]["metadata"]["path"].split("/")
        if path[-2:] == ["role", "policy"] and len(path) == 5:
            arn = f"arn:aws:kms:us-east-1:{TOOLS}:key/{'0' * 36}"
            document = json.loads(key.sub(arn, policy["policy"]))
            known[path[2]] = policy_size(document["Statement"])
    for name in ("main", "review"):
        assert known[name] == DELIVERY._policy_size(context("shared", TOOLS), name)


def test_every_build_is_looked_at(may: dict[str, Any]) -> None:
    assert {*may} == {*BUILDS, "main", "review"}


@pytest.mark.parametrize("build", BUILDS)
def test_a_build_works_as_one_role_of_its_environment_alone(
    build: str, may: dict[str, list[dict[str, Any]]]
) -> None:
    wanted = set()
    for account, key in ((TEAM, "dev-use1"), (LIVE, "prod-use1")):
        for role in ("deploy", "plan"):
            if allows(may[build], "sts:AssumeRole", role_of(account, role)):
                wanted.add((key, role))
    job, _, key = build.removeprefix("main-").removeprefix("review-").partition("-")
    expected = {
        "checks": set(),
        "image": set(),
        "review": {(key, "plan")},
        "plan": {(key, "deploy")},
        "apply": {(key, "deploy")},
        "verify": {(key, "deploy")},
    }[job]
    assert wanted == expected
    assert not allows(may[build], "sts:AssumeRole", f"arn:aws:iam::{TOOLS}:role/admin")


def test_a_build_of_pull_requests_cannot_deploy_from_either_side(
    may: dict[str, list[dict[str, Any]]], stacks: Synthesized
) -> None:
    deploys = role_of(TEAM, "deploy")
    for build in ("review-checks", "review-review-dev-use1", "review"):
        assert not allows(may[build], "sts:AssumeRole", deploys)
    trust = {
        each["name"]: json.loads(each["assume_role_policy"])["Statement"]
        for _, each in named(stacks["dev-use1-identity"], "aws_iam_role")
    }

    def trusts(role: str, build: str) -> bool:
        # A trust has no resource: the role itself is.
        statements = [{**each, "Resource": "*"} for each in trust[role]]
        asked = {"aws:PrincipalArn": f"{ROLES}-{build}"}
        return allows(statements, "sts:AssumeRole", "*", asked)

    reviewing, applying = "review-review-dev-use1", "main-apply-dev-use1"
    assert trusts("inferform-plan", reviewing)
    assert not trusts("inferform-deploy", reviewing)
    assert trusts("inferform-deploy", applying)
    for build in ("review-checks", "main-checks", PUSHING, "review-review-prod-use1"):
        assert not trusts("inferform-deploy", build)
        assert not trusts("inferform-plan", build)


def test_the_plan_role_of_a_review_can_neither_deploy_nor_read_what_is_not_a_state() -> None:
    statements = plan(
        context("dev", TEAM, deploy_role="inferform-deploy", plan_role="inferform-plan")
    )
    assert not allows(statements, "sts:AssumeRole", role_of(TEAM, "deploy"))
    for action in ("secretsmanager:GetSecretValue", "ssm:GetParameterHistory", "kms:Decrypt"):
        assert not allows([*statements, EVERYTHING], action)
    assert not allows(statements, "s3:GetObject", f"{BUCKET}/main/Plan1_1/x")
    states = f"arn:aws:s3:::acme-tfstate-{TEAM}-us-east-1/dev-use1/network.tfstate"
    assert not allows(statements, "s3:PutObject", states)


STATES = f"arn:aws:s3:::acme-tfstate-{TEAM}-us-east-1/dev-use1/inference.tfstate"


@pytest.mark.parametrize("build", BUILDS)
def test_no_build_reads_states_or_secrets_by_itself(
    build: str, may: dict[str, list[dict[str, Any]]]
) -> None:
    for action, resource in (
        ("s3:GetObject", STATES),
        ("s3:ListBucket", STATES.partition("/")[0]),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{TOOLS}:secret:a"),
        ("ssm:GetParameter", f"arn:aws:ssm:us-east-1:{TOOLS}:parameter/a"),
        ("codebuild:StartBuild", f"arn:aws:codebuild:us-east-1:{TOOLS}:project/x"),
        ("codepipeline:PutApprovalResult", "*"),
        ("iam:PassRole", f"{ROLES}-main"),
    ):
        assert not allows(may[build], action, resource), action


@pytest.mark.parametrize("build", BUILDS)
def test_a_build_reads_its_commit_and_plans_of_its_own_environment(
    build: str, may: dict[str, list[dict[str, Any]]]
) -> None:
    own, other = (REVIEWS, BUCKET) if build.startswith("review-") else (BUCKET, REVIEWS)

    def reads(place: str) -> bool:
        return allows(may[build], "s3:GetObject", place)

    def writes(place: str) -> bool:
        return allows(may[build], "s3:PutObject", place)

    assert reads(f"{own}/acme-shared-use1-del/Source/abc")
    assert not reads(f"{other}/acme-shared-use1-del/Source/abc")
    assert not writes(f"{own}/acme-shared-use1-del/Source/abc")
    for number, key in ((1, "dev-use1"), (2, "prod-use1")):
        for turn in (1, 2, 3):
            plans = f"{BUCKET}/acme-shared-use1-del/Plan{number}_{turn}/abc"
            assert reads(plans) is (build == f"main-apply-{key}")
            assert writes(plans) is (build == f"main-plan-{key}")


@pytest.mark.parametrize("build", BUILDS)
def test_a_plan_alone_sees_where_the_executions_of_its_pipeline_are(
    build: str, may: dict[str, list[dict[str, Any]]]
) -> None:
    place = f"arn:aws:codepipeline:us-east-1:{TOOLS}:acme-shared-use1-delivery"
    sees = allows(may[build], "codepipeline:GetPipelineState", f"{place}-main")
    assert sees is build.startswith("main-plan-")
    assert not allows(may[build], "codepipeline:GetPipelineState", f"{place}-review")
    for action in ("PutApprovalResult", "RetryStageExecution", "StartPipelineExecution"):
        assert not allows(may[build], f"codepipeline:{action}", f"{place}-main")


def test_an_image_is_pushed_into_its_repository_alone(
    may: dict[str, list[dict[str, Any]]],
) -> None:
    place = f"arn:aws:ecr:us-east-1:{TOOLS}:repository/acme-shared-use1"
    for build in BUILDS:
        assert allows(may[build], "ecr:PutImage", f"{place}-fraud") is (build == PUSHING)
        assert not allows(may[build], "ecr:PutImage", f"{place}-other")
        assert not allows(may[build], "ecr:DeleteRepository", f"{place}-fraud")


def test_a_pipeline_starts_its_own_builds_alone(may: dict[str, list[dict[str, Any]]]) -> None:
    place = f"arn:aws:codebuild:us-east-1:{TOOLS}:project/acme-shared-use1-delivery"
    for pipeline, build in (("main", "main-apply-prod-use1"), ("review", "review-checks")):
        other = "review" if pipeline == "main" else "main"
        assert allows(may[pipeline], "codebuild:StartBuild", f"{place}-{build}")
        assert not allows(may[other], "codebuild:StartBuild", f"{place}-{build}")
        assert not allows(may[pipeline], "codebuild:UpdateProject", f"{place}-{build}")
        assert not allows(may[pipeline], "sts:AssumeRole", role_of(LIVE, "deploy"))
    assert allows(may["main"], "sns:Publish", TOPIC)
    assert not allows(may["review"], "sns:Publish", TOPIC)
    assert allows(may["main"], "cloudwatch:DescribeAlarms")
    assert not allows(may["review"], "cloudwatch:DescribeAlarms")


def test_an_approval_is_asked_through_an_encrypted_topic(
    may: dict[str, list[dict[str, Any]]],
) -> None:
    """The key of an observability layer's topic leaves it to IAM."""
    key = f"arn:aws:kms:us-east-1:{TOOLS}:key/1234abcd-12ab"
    for topic, publishes in ((TOPIC, True), (f"{TOPIC}-of-others", False)):
        asked = {"kms:EncryptionContext:aws:sns:topicArn": topic}
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert allows(may["main"], action, key, asked) is publishes
            assert not allows(may["review"], action, key, asked)
            assert not allows(may["main"], action, key.replace(TOOLS, TEAM), asked)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (f"arn:aws:secretsmanager:us-east-1:{TEAM}:secret:index-AbCdEf", "SecretARN"),
        (f"arn:aws:ssm:us-east-1:{TOOLS}:parameter/builds/index", "PARAMETER_ARN"),
    ],
)
def test_a_secret_is_decrypted_by_its_own_key_and_no_other_is(value: str, told: str) -> None:
    for written in (value, f"{value}:token::") if told == "SecretARN" else (value,):
        compute = BuildCompute(variables={"INDEX": written})
        statements = of_machine(context("shared", TOOLS), compute)
        account = value.split(":")[4]
        key = f"arn:aws:kms:us-east-1:{account}:key/1234abcd-12ab"
        asked = {f"kms:EncryptionContext:{told}": value}
        assert allows(statements, "kms:Decrypt", key, asked)
        assert not allows(statements, "kms:Decrypt", key)
        assert not allows(statements, "kms:Decrypt", key, {next(iter(asked)): f"{value}x"})
        assert not allows(statements, "kms:Decrypt", key.replace(account, LIVE), asked)
    assert not of_machine(context("shared", TOOLS), BuildCompute(variables={"RETRIES": "3"}))


def test_a_secret_is_read_by_an_arn_without_its_last_characters() -> None:
    """As Secrets Manager finds it; its policies are compared with the whole ARN."""
    short = f"arn:aws:secretsmanager:us-east-1:{TOOLS}:secret:builds/index"
    statements = of_machine(context("shared", TOOLS), BuildCompute(variables={"INDEX": short}))
    key = f"arn:aws:kms:us-east-1:{TOOLS}:key/1234abcd-12ab"
    for arn, reads in ((f"{short}-AbCdEf", True), (f"{short}-of-others-AbCdEf", False)):
        assert allows(statements, "secretsmanager:GetSecretValue", arn) is reads
        asked = {"kms:EncryptionContext:SecretARN": arn}
        assert allows(statements, "kms:Decrypt", key, asked) is reads


def test_commits_of_one_repository_are_fetched(may: dict[str, list[dict[str, Any]]]) -> None:
    for statements in may.values():
        for service in ("codeconnections", "codestar-connections"):

            def fetches(repository: str, arn: str = CONNECTION, of: str = service) -> bool:
                asked = {f"{of}:FullRepositoryId": repository}
                return allows(statements, f"{of}:UseConnection", arn, asked)  # noqa: B023

            assert fetches("acme/inference")
            assert not fetches("acme/payroll")
            assert not fetches("acme/inference", CONNECTION.replace("aEXAMPLE", "other"))


def test_artifacts_are_read_and_written_by_their_pipeline_alone(stacks: Synthesized) -> None:
    """Whatever else lets somebody: a deploy role of the same account may write every bucket of the
    organization."""
    allowed = deploy(
        context("shared", TOOLS, deploy_role="d", permissions_boundary="b"), {"us-east-1"}
    )
    place = f"{BUCKET}/acme-shared-use1-del/Plan2_1/abc"
    assert allows(allowed, "s3:PutObject", place)
    policies = {
        each["bucket"]: json.loads(each["policy"])["Statement"]
        for _, each in named(stacks["shared-use1-delivery"], "aws_s3_bucket_policy")
    }
    assert len(policies) == 2
    (own,) = (
        each
        for each in policies.values()
        if any(BUCKET in json.dumps(one["Resource"]) for one in each)
    )
    # TLS is another matter.
    (only,) = [each for each in own if each["Sid"] == "OnlyByThePipeline"]
    for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"):
        for who, is_taken in (
            (f"{ROLES}-main-plan-prod-use1", True),
            (f"{ROLES}-main", True),
            (f"{ROLES}-review-review-prod-use1", False),
            (f"arn:aws:iam::{TOOLS}:role/d", False),
            (f"arn:aws:iam::{TOOLS}:role/admin", False),
        ):
            asked = {"aws:PrincipalArn": who}
            assert allows([only, EVERYTHING], action, place, asked) is is_taken, who
        assert not allows([only, EVERYTHING], action, place)


def test_builds_take_on_roles_for_projects_of_this_account_alone(stacks: Synthesized) -> None:
    trusted = [
        statement
        for _, each in named(stacks["shared-use1-delivery"], "aws_iam_role")
        for statement in json.loads(each["assume_role_policy"])["Statement"]
        if statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
    ]
    assert trusted
    for statement in trusted:
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": TOOLS},
            "ArnLike": {"aws:SourceArn": f"arn:aws:codebuild:us-east-1:{TOOLS}:project/*"},
        }
