"""What roles may do, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..context import Context
from ..image_uri import parse_image
from ..s3_uri import bucket_and_key
from ..secret import secret_arn, secret_service
from .policy import Statement, allow

DELIVER_LOGS = allow(
    # These take no resource.
    [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ],
    "*",
    sid="DeliverLogs",
)
"""What a state machine does to log what its executions do."""


def pull(context: Context, image_uri: str) -> list[Statement]:
    """Pulling one image from ECR, in this account or another."""
    match = parse_image(image_uri)
    assert match is not None
    repository = (
        f"arn:{context.partition}:ecr:{match['region']}:{match['account']}:"
        f"repository/{match['repository']}"
    )
    return _pull(repository)


def pull_any(context: Context) -> list[Statement]:
    """Pulling any image that the environment has, or whoever owns its images, where something else
    names the image: a model package, or an inference component."""
    owner = context.image_owner
    # A replica is in this Region, under the name that its owner gave it.
    own = owner.replace(region=context.region).arn("ecr", f"repository/{owner.any_name}")
    given = [repository(context, name) for name in sorted(context.naming.repositories)]
    return _pull([own, *given] if given else own)


def repository(context: Context, name: str) -> str:
    """The ARN of an image repository by its short name, here or elsewhere."""
    account, _, _, region, *_ = context.registry_of(name).split(".")
    return f"arn:{context.partition}:ecr:{region}:{account}:repository/{context.repository(name)}"


def _pull(repository: str | list[str]) -> list[Statement]:
    return [
        # GetAuthorizationToken takes no resource.
        allow("ecr:GetAuthorizationToken", "*", sid="RegistryLogin"),
        allow(
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            repository,
            sid="PullImage",
        ),
    ]


def _named(values: Iterable[str], service: str) -> list[str]:
    """The ARNs of the secrets or parameters that values name, as IAM compares them.

    Secrets Manager finds a secret without the hyphen and the six characters that end its ARN; IAM does not.
    """
    found = {secret_arn(value) or "" for value in values if secret_service(value) == service}
    short = service == "secretsmanager"
    return sorted(
        f"{arn}-??????" if short and not re.search(r"-[A-Za-z0-9]{6}$", arn) else arn
        for arn in found
    )


def read_secrets(values: Iterable[str]) -> list[Statement]:
    """Fetching the secrets and parameters that environment variables name."""
    given = [*values]
    secrets, parameters = (_named(given, service) for service in ("secretsmanager", "ssm"))
    statements = []
    if secrets:
        statements.append(allow("secretsmanager:GetSecretValue", secrets, sid="ReadSecrets"))
    if parameters:
        actions = ["ssm:GetParameter", "ssm:GetParameters"]
        statements.append(allow(actions, parameters, sid="ReadParameters"))
    return statements


# What each service tells KMS of what it decrypts. Source: AWS Secrets Manager user guide, secret encryption and
# decryption; AWS Systems Manager user guide, how Parameter Store uses AWS KMS.
_DECRYPTED = {
    "secretsmanager": ("SecretARN", "DecryptSecrets"),
    "ssm": ("PARAMETER_ARN", "DecryptParameters"),
}


def decrypt_secrets(values: Iterable[str]) -> list[Statement]:
    """Decrypting the secrets and parameters that environment variables name, and nothing else, by whichever key
    of their accounts and Regions encrypts them. The policy of a key still has to let it."""
    given, statements = [*values], []
    for service, (told, sid) in _DECRYPTED.items():
        if named := _named(given, service):
            keys = sorted({_keys_beside(arn) for arn in named})
            conditions = {"StringLike": {f"kms:EncryptionContext:{told}": named}}
            statements.append(allow("kms:Decrypt", keys, sid=sid, conditions=conditions))
    return statements


def publish(topics: Iterable[str]) -> list[Statement]:
    """Publishing to SNS topics, whose messages SNS encrypts as the publisher where they have a key.

    The policy of a key still has to let the account's IAM, or the role, decide.
    """
    arns = sorted(set(topics))
    if not arns:
        return []
    keys = sorted({_keys_beside(arn) for arn in arns})
    return [
        allow("sns:Publish", arns, sid="Notify"),
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            keys,
            sid="NotifyEncrypted",
            conditions={"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": arns}},
        ),
    ]


def _keys_beside(arn: str) -> str:
    """The keys of the account and Region that something else is in."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return f"arn:{partition}:kms:{region}:{account}:key/*"


def open_shell() -> Statement:
    """Letting Session Manager's agent in a container open a shell; its actions take no resource."""
    return allow(
        [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ],
        "*",
        sid="OpenShell",
    )


def see_alarms(context: Context, names: Iterable[str]) -> list[Statement]:
    """Reading the alarms that roll an update back."""
    arns = [context.arn("cloudwatch", f"alarm:{name}") for name in names]
    return [allow("cloudwatch:DescribeAlarms", arns, sid="WatchRollout")] if arns else []


def read_artifact(context: Context, uri: str, kms_key_arn: str) -> list[Statement]:
    """Reading one artifact: an object, all objects below a prefix, or a whole bucket."""
    bucket, key = bucket_and_key(uri)
    bucket_arn = f"arn:{context.partition}:s3:::{bucket}"
    objects = f"{key}*" if not key or key.endswith("/") else key
    return [
        allow("s3:GetObject", f"{bucket_arn}/{objects}", sid="ReadArtifact"),
        allow(
            "s3:ListBucket",
            bucket_arn,
            sid="ListArtifact",
            conditions={"StringLike": {"s3:prefix": [objects]}},
        ),
        _decrypt(context, bucket, kms_key_arn),
    ]


def read_mounted(context: Context, uris: Iterable[str], kms_key_arn: str) -> list[Statement]:
    """Reading the objects below prefixes as files, by Mountpoint for Amazon S3."""
    statements = []
    for index, uri in enumerate(uris, 1):
        bucket, prefix = bucket_and_key(uri)
        bucket_arn = f"arn:{context.partition}:s3:::{bucket}"
        number = str(index) if index > 1 else ""
        statements += [
            allow("s3:GetObject", f"{bucket_arn}/{prefix}*", sid=f"ReadMounted{number}"),
            allow(
                "s3:ListBucket",
                bucket_arn,
                sid=f"ListMounted{number}",
                # Mountpoint lists the folders above and below the prefix by their names.
                conditions={"StringLike": {"s3:prefix": [f"{prefix}*"]}},
            ),
            {**_decrypt(context, bucket, kms_key_arn), "Sid": f"DecryptMounted{number}"},
        ]
    return statements


def _decrypt(context: Context, bucket: str, kms_key_arn: str) -> Statement:
    """Decrypting the objects of a bucket, by the key that the Context names for it."""
    key = context.artifact_keys.get(bucket)
    if key is None:
        return allow("kms:Decrypt", kms_key_arn, sid="DecryptArtifact")
    through = f"s3.{key.split(':')[3]}.{context.dns_suffix}"
    return allow(
        "kms:Decrypt",
        key,
        sid="DecryptArtifact",
        conditions={"StringEquals": {"kms:ViaService": through}},
    )


def write_objects(context: Context, uri: str, kms_key_arn: str, sid: str) -> list[Statement]:
    """Writing objects below a prefix."""
    location = uri.removeprefix("s3://").rstrip("/")
    return [
        allow(
            ["s3:PutObject", "s3:AbortMultipartUpload"],
            f"arn:{context.partition}:s3:::{location}/*",
            sid=sid,
        ),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], kms_key_arn, sid=f"{sid}Key"),
    ]


def log_and_measure(context: Context, log_group: str) -> list[Statement]:
    """Writing the endpoint's own log group and SageMaker's metrics."""
    return [
        allow(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [
                context.arn("logs", f"log-group:{log_group}"),
                context.arn("logs", f"log-group:{log_group}:*"),
            ],
            sid="WriteLogs",
        ),
        allow(
            "cloudwatch:PutMetricData",
            "*",
            sid="PublishMetrics",
            conditions={
                "StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}
            },
        ),
    ]


def attach_to_vpc(context: Context) -> list[Statement]:
    """Network interfaces in the environment's subnets, as SageMaker's documentation asks."""
    return [
        allow(
            [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "*",
            sid="ReadVpc",
        ),
        allow(
            [
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            [
                context.arn("ec2", "network-interface/*"),
                context.arn("ec2", "security-group/*"),
                context.arn("ec2", "subnet/*"),
            ],
            sid="AttachToVpc",
        ),
    ]
