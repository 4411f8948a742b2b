"""A repository with tags that may move, and all that an account's registry can be told.

As in terraform-aws-modules/terraform-aws-ecr, examples/complete.
"""

from inferform import (
    Context,
    Environment,
    Expiry,
    PolicyStatement,
    PullThroughCache,
    Registry,
    RegistrySettings,
    Replication,
    Repository,
    Scanning,
)

CI = ["arn:aws:iam::111122223333:role/ci"]
ACCOUNT = ["arn:aws:iam::111122223333:root"]
READ = [
    *("GetAuthorizationToken", "BatchCheckLayerAvailability", "BatchGetImage"),
    *("DescribeImageScanFindings", "DescribeImages", "DescribeRepositories"),
    *("GetDownloadUrlForLayer", "GetLifecyclePolicy", "GetLifecyclePolicyPreview"),
    *("GetRepositoryPolicy", "ListImages", "ListTagsForResource"),
]
WRITE = ["PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]


def may(sid: str, actions: list[str]) -> PolicyStatement:
    return PolicyStatement(
        sid=sid, principals={"AWS": CI}, actions=[f"ecr:{each}" for each in actions]
    )


ecr_complete = Environment(
    context=Context(
        organization="acme",
        stage="ecr",
        account="111122223333",
        region="us-east-1",
        owner="ml",
        tags={
            "Example": "ecr-ex-complete",
            "Repository": "https://github.com/terraform-aws-modules/terraform-aws-ecr",
        },
    ),
    registry=Registry(
        repositories={
            "app": Repository(
                expire=[Expiry(tag_prefixes=["v"], keep=30)],
                mutable_tags=["latest*", "dev-*", "qa-*"],
                statements=[may("PrivateReadOnly", READ), may("ReadWrite", WRITE)],
            )
        },
        caches={
            "ecr-public": PullThroughCache(upstream="public.ecr.aws"),
            "dockerhub": PullThroughCache(
                upstream="registry-1.docker.io",
                credential="arn:aws:secretsmanager:us-east-1:111122223333:secret:"
                "ecr-pullthroughcache/dockerhub-credentials-AbCdEf",
            ),
            "ecr-ex-complete": PullThroughCache(
                upstream="111122223333.dkr.ecr.us-west-2.amazonaws.com", upstream_prefix="myapp"
            ),
        },
        settings=RegistrySettings(
            scanning=Scanning(on_push=["example1", "example2"], continuous=["example"]),
            replication=[
                Replication(regions=["us-west-2", "eu-west-1"], prefixes=["prod-microservice"])
            ],
            statements=[
                PolicyStatement(
                    principals={"AWS": ACCOUNT},
                    actions=["ecr:ReplicateImage"],
                    resources=["arn:aws:ecr:us-east-1:111122223333:repository/acme-ecr-use1-app"],
                ),
                PolicyStatement(
                    sid="dockerhub",
                    principals={"AWS": ACCOUNT},
                    actions=["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
                    resources=["arn:aws:ecr-public::111122223333:repository/dockerhub/*"],
                ),
            ],
        ),
    ),
)
