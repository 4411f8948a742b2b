"""An ECR repository with its lifecycle and pull grants."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..cdk import Construct
from ..context import Context
from ..overriding import override
from ..protect import lifecycle
from .spec import Repository

from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import EcrLifecyclePolicy
from cdktf_cdktf_provider_aws.ecr_repository import (
    EcrRepository,
    EcrRepositoryEncryptionConfiguration,
    EcrRepositoryImageScanningConfiguration,
)
from cdktf_cdktf_provider_aws.ecr_repository_policy import EcrRepositoryPolicy


class ImageRepository(Construct):
    """A repository: tags immutable, images encrypted by the environment's key."""

    def __init__(
        self, scope: Construct, id: str, *, context: Context, spec: Repository, kms_key_arn: str
    ) -> None:
        super().__init__(scope, id)
        self.name = context.name(id)
        self.arn = context.arn("ecr", f"repository/{self.name}")
        repository = EcrRepository(
            self,
            "repository",
            name=self.name,
            image_tag_mutability="IMMUTABLE",
            force_delete=not context.protected,
            image_scanning_configuration=EcrRepositoryImageScanningConfiguration(
                scan_on_push=spec.scan_on_push
            ),
            encryption_configuration=[
                EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=kms_key_arn)
            ],
            lifecycle=lifecycle(context),
        )
        EcrLifecyclePolicy(self, "lifecycle", repository=repository.name, policy=_lifecycle(spec))
        if spec.pull_accounts:
            EcrRepositoryPolicy(
                self,
                "policy",
                repository=repository.name,
                policy=_pull_policy(context, spec.pull_accounts),
            )
        override(spec, self)


def _lifecycle(spec: Repository) -> str:
    rules = [
        {
            "rulePriority": 1,
            "description": "untagged images expire",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": spec.expire_untagged_days,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "only the newest images are kept",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": spec.keep_images,
            },
            "action": {"type": "expire"},
        },
    ]
    return json.dumps({"rules": rules})


def _pull_policy(context: Context, accounts: Sequence[str]) -> str:
    statement = {
        "Sid": "PullByNamedAccounts",
        "Effect": "Allow",
        "Principal": {"AWS": context.account_roots(accounts)},
        "Action": [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
