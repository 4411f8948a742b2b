"""Pipelines that deliver."""

from __future__ import annotations

from inferform.names import bare

from .record import (
    ACCOUNT,
    OWN_CHOICE,
    PART_OF_A_NAME,
    PART_OF_A_POLICY,
    Capability,
)

_SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:index-AbCdEf"
_PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/builds/index"
_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:releases"


def _size(value: str) -> str:
    return f"BUILD_GENERAL1_{value}"


_EXAMPLE = f"""
delivery=DeliveryPipelines(
    source=GitSource(repository="acme/inference", default_branch="trunk", provider="GitHub"),
    notify="{_TOPIC}", log_retention_days=90,
    pipelines={{
        "main": DeployPipeline(
            trigger=OnPush(
                branches=["main"], exclude_branches=["main-old"], paths=["environments/**"],
                exclude_paths=["docs/**"],
            ),
            setup=["make setup"], checks=["make lint", "make test"], command=".venv/bin/inferform",
            images=[
                ImageBuild(
                    repository="fraud", directory="models/fraud", dockerfile="Containerfile",
                    architecture="ARM64", build_args={{"VERSION": "1"}}, sample="samples/fraud.csv",
                    scan_severity="HIGH", size="XLARGE", check_contract=True,
                ),
            ],
            compute=BuildCompute(
                size="LARGE", architecture="X86_64", timeout_minutes=120, queued_minutes=30, private=True,
                image="{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/builds:1",
                variables={{
                    "PIP_RETRIES": "3", "PIP_INDEX": "{_SECRET}", "PIP_CERT": "{_PARAMETER}",
                }},
            ),
            promotions=[
                Promotion(
                    environment=TargetEnvironment(
                        key="test-use1", account="444455556666", deploy_role="deploy", plan_role="plan"
                    ),
                    rounds=2, smoke_tests=["make smoke"],
                ),
                Promotion(
                    environment=TargetEnvironment(key="prod-use1", account="555566667777"),
                    approval=ManualApproval(
                        timeout_minutes=1440, topic="{_TOPIC}", link="https://wiki.acme.test/releases"
                    ),
                    window=DeploymentWindow(
                        cron="* * 9-16 ? * MON-THU *", timezone="Europe/Berlin"
                    ),
                    entry_alarms=["production-is-ill"],
                ),
            ],
            artifact_retention_days=7,
        ),
        "release": DeployPipeline(
            trigger=OnTag(tags=["v*"], exclude_tags=["v*-rc*"]), checks=[],
            promotions=[
                Promotion(environment=TargetEnvironment(key="live-use1", account="555566667777")),
            ],
        ),
        "review": ReviewPipeline(
            trigger=OnPullRequest(
                branches=["main"], events=["OPEN"], paths=["environments/**"], exclude_paths=["docs/**"],
            ),
            environments=[TargetEnvironment(key="test-use1", account="444455556666")],
            setup=["make setup"], checks=["make test"], command=".venv/bin/inferform",
            compute=BuildCompute(), artifact_retention_days=3,
        ),
    }},
),
"""

_COMMAND = "a command of a buildspec, which the models hold as one text"
_ACTION = "a part of an action's or a rule's configuration, which the models hold as a map"

_HOSTED = """
delivery=DeliveryPipelines(
    source=GitSource(
        repository="acme/ml/inference",
        host="arn:aws:codeconnections:us-east-1:111122223333:host/gitlab/28aef605",
    ),
    pipelines={
        "main": DeployPipeline(
            trigger=OnPush(branches=["main"]),
            promotions=[
                Promotion(environment=TargetEnvironment(key="test-use1", account="444455556666")),
            ],
        ),
    },
),
"""

CAPABILITY = Capability(
    examples={"delivery": _EXAMPLE, "hosted": _HOSTED},
    not_aws={
        _COMMAND: (
            "DeployPipeline.checks[]",
            "DeployPipeline.command",
            "DeployPipeline.setup[]",
            "ImageBuild.build_args{key}",
            "ImageBuild.build_args{}",
            "ImageBuild.directory",
            "ImageBuild.dockerfile",
            "ImageBuild.sample",
            "ImageBuild.scan_severity",
            "Promotion.smoke_tests[]",
            "ReviewPipeline.checks[]",
            "ReviewPipeline.command",
            "ReviewPipeline.setup[]",
        ),
        _ACTION: (
            "DeploymentWindow.cron",
            "DeploymentWindow.timezone",
            "GitSource.connection",
            "GitSource.default_branch",
            "GitSource.repository",
            "ManualApproval.link",
            "ManualApproval.topic",
            "Promotion.entry_alarms[]",
        ),
        OWN_CHOICE: ("Promotion.rounds",),
        PART_OF_A_NAME: ("TargetEnvironment.account", "TargetEnvironment.key"),
        PART_OF_A_POLICY: ("Identity.planners[]",),
        "rules say more of it than the models, which take any text": (
            "BuildCompute.image",
            "BuildCompute.variables{key}",
            "BuildCompute.variables{}",
            "DeliveryPipelines.notify",
        ),
        "the kind of a machine, by CodeBuild's name": (
            "BuildCompute.architecture",
            "ImageBuild.architecture",
        ),
    },
    left_out={
        "GitSource.provider": {
            "GitHubEnterpriseServer|GitLabSelfManaged": "is what a host says",
            "AzureDevOps": "the provider of the emulator refuses it",
        },
    },
    sent={
        **dict.fromkeys(("BuildCompute.size", "ImageBuild.size"), _size),
        **dict.fromkeys(("TargetEnvironment.deploy_role", "TargetEnvironment.plan_role"), bare),
    },
    stricter={
        "a path stands before the name, as that of the environment's Context": (
            "TargetEnvironment.deploy_role",
            "TargetEnvironment.plan_role",
        ),
        "a name of a branch, tag or file, which begins and ends with none of these": (
            "OnPullRequest.branches[]",
            "OnPullRequest.exclude_paths[]",
            "OnPullRequest.paths[]",
            "OnPush.branches[]",
            "OnPush.exclude_branches[]",
            "OnPush.exclude_paths[]",
            "OnPush.paths[]",
            "OnTag.exclude_tags[]",
            "OnTag.tags[]",
        ),
        "the ARN of a host has a Region and an account": ("GitSource.host",),
    },
    checkov={
        "*-delivery/aws_codebuild_project.*image-*": {
            "CKV_AWS_316": "Docker builds images in privileged mode alone, and only these builds have it",
        },
    },
    good={
        "GitSource.host": ("arn:aws:codeconnections:us-east-1:111122223333:host/ghes/28aef605",),
    },
    requests={
        "aws_codebuild_project": "codebuild:CreateProject",
        "aws_codeconnections_connection": "codeconnections:CreateConnection",
        "aws_codepipeline": "codepipeline:CreatePipeline codepipeline:PipelineDeclaration",
    },
    elsewhere={
        "aws_codebuild_project.build_timeout": "codebuild:CreateProjectInput.timeoutInMinutes",
        "aws_codebuild_project.queued_timeout": (
            "codebuild:CreateProjectInput.queuedTimeoutInMinutes"
        ),
        **{
            f"aws_codepipeline.stage.action.{name}": f"codepipeline:ActionTypeId.{name}"
            for name in ("category", "owner", "provider", "version")
        },
        "aws_codepipeline.stage.action.input_artifacts": "codepipeline:InputArtifact.name",
        "aws_codepipeline.stage.action.output_artifacts": "codepipeline:OutputArtifact.name",
    },
)
