"""What pipelines and builds may do, and who may touch the artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..context import Context
from ..iam.grants import decrypt_secrets, publish, pull, read_secrets, repository
from ..iam.policy import Statement, allow, deny, merged, size
from .names import project_name
from .parts import BuildCompute, ImageBuild

SOURCE = "Source"
"""The artifact that says which commit is built."""


def artifact(promotion: int, turn: int) -> str:
    """The artifact of the plans of a round. CodePipeline cuts names in keys after ten characters."""
    return f"Plan{promotion + 1}_{turn}"


def use_connection(connection_arn: str, repository_id: str) -> Statement:
    """Fetching commits of one repository. ARNs and actions of connections have an old and a new name."""
    services = ("codeconnections", "codestar-connections")
    return allow(
        [f"{service}:UseConnection" for service in services],
        connection_arn,
        sid="UseConnection",
        conditions={
            "StringEqualsIfExists": {
                f"{service}:FullRepositoryId": repository_id for service in services
            }
        },
    )


def of_pipeline(
    context: Context,
    name: str,
    *,
    jobs: Iterable[str],
    bucket_arn: str,
    key_arn: str,
    topics: Sequence[str],
    has_alarms: bool,
) -> list[Statement]:
    """What the pipeline itself does beside fetching commits: start its own builds and hand artifacts on."""
    projects = [
        context.arn("codebuild", f"project/{project_name(context, name, job)}") for job in jobs
    ]
    return [
        allow(["codebuild:BatchGetBuilds", "codebuild:StartBuild"], projects, sid="Build"),
        allow(
            ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            f"{bucket_arn}/*",
            sid="Artifacts",
        ),
        allow(["s3:GetBucketLocation", "s3:GetBucketVersioning"], bucket_arn, sid="Bucket"),
        allow(["kms:Decrypt", "kms:GenerateDataKey*"], key_arn, sid="Encrypt"),
        *publish(topics),
        # DescribeAlarms takes no resource.
        *([allow("cloudwatch:DescribeAlarms", "*", sid="Alarms")] if has_alarms else []),
    ]


LARGEST_POLICY = 10_240
"""The largest policy of a role, in characters without white space. Source: AWS IAM user guide, IAM quotas."""


def policy_size(statements: Iterable[Statement]) -> int:
    """How many characters of a role's policy IAM counts."""
    return size(merged(statements))


def of_build(
    *,
    log_group_arn: str,
    bucket_arn: str,
    key_arn: str,
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    assumes: str | None = None,
    looks_at: str | None = None,
) -> list[Statement]:
    """What a build does beside fetching its commit: log, read and write its own artifacts, work as one role of
    one environment, and look at where the executions of its pipeline are."""
    read = [f"{bucket_arn}/*/{each}/*" for each in (SOURCE, *reads)]
    written = [f"{bucket_arn}/*/{each}/*" for each in writes]
    return [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group_arn}:*", sid="Log"),
        allow(["s3:GetObject", "s3:GetObjectVersion"], read, sid="ReadArtifacts"),
        *([allow("s3:PutObject", written, sid="WriteArtifacts")] if written else []),
        allow(["kms:Decrypt", "kms:GenerateDataKey*"], key_arn, sid="Encrypt"),
        *([allow("sts:AssumeRole", assumes, sid="WorkElsewhere")] if assumes else []),
        *(
            [allow("codepipeline:GetPipelineState", looks_at, sid="WaitForTurn")]
            if looks_at
            else []
        ),
    ]


def of_machine(context: Context, compute: BuildCompute) -> list[Statement]:
    """What a build's machine needs: its image, the secrets among its variables, and a place in the network."""
    return [
        *(_network_interfaces(context) if compute.private else []),
        *(pull(context, compute.image) if compute.image is not None else []),
        *read_secrets(compute.secrets.values()),
        *decrypt_secrets(compute.secrets.values()),
    ]


def _network_interfaces(context: Context) -> list[Statement]:
    """From the CodeBuild user guide, "Allow CodeBuild access to AWS services required to create a VPC network
    interface"."""
    reads = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    made = [
        context.arn("ec2", f"{kind}/*")
        for kind in ("network-interface", "security-group", "subnet")
    ]
    return [
        allow([f"ec2:Describe{each}" for each in reads], "*", sid="ReadVpc"),
        allow(
            ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"], made, sid="AttachToVpc"
        ),
        allow(
            "ec2:CreateNetworkInterfacePermission",
            made[0],
            sid="HandToCodeBuild",
            conditions={"StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"}},
        ),
    ]


def of_image(context: Context, spec: ImageBuild) -> list[Statement]:
    """Pushing one image into its repository, and reading what its scan finds."""
    return [
        # GetAuthorizationToken takes no resource.
        allow("ecr:GetAuthorizationToken", "*", sid="RegistryLogin"),
        allow(
            [
                *(
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:CompleteLayerUpload",
                ),
                *("ecr:DescribeImageScanFindings", "ecr:DescribeImages"),
                *("ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage"),
                "ecr:UploadLayerPart",
            ],
            repository(context, spec.repository),
            sid="PushImage",
        ),
    ]


def only_by(bucket_arn: str, roles: Sequence[str]) -> Statement:
    """Nobody else reads or writes artifacts, whatever else lets them: a plan holds every value in the clear,
    and is what will be applied."""
    return deny(
        ["s3:GetObject*", "s3:PutObject*"],
        f"{bucket_arn}/*",
        sid="OnlyByThePipeline",
        principal={"AWS": "*"},
        conditions={"ArnNotEquals": {"aws:PrincipalArn": list(roles)}},
    )
