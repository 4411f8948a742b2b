"""An ECR repository with its lifecycle and pull grants."""

from __future__ import annotations

import json
from typing import Any

from ..cdk import Construct
from ..context import Context
from ..overriding import override
from ..protect import lifecycle
from .lifecycle import Expiry
from .spec import Repository

from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import EcrLifecyclePolicy
from cdktf_cdktf_provider_aws.ecr_repository import (
    EcrRepository,
    EcrRepositoryEncryptionConfiguration,
    EcrRepositoryImageScanningConfiguration,
    EcrRepositoryImageTagMutabilityExclusionFilter,
)
from cdktf_cdktf_provider_aws.ecr_repository_policy import EcrRepositoryPolicy


class ImageRepository(Construct):
    """A repository: tags immutable, images encrypted by the environment's key."""

    def __init__(
        self, scope: Construct, id: str, *, context: Context, spec: Repository, kms_key_arn: str
    ) -> None:
        super().__init__(scope, id)
        self.name = context.own_repository(id)
        self.arn = context.arn("ecr", f"repository/{self.name}")
        repository = EcrRepository(
            self,
            "repository",
            name=self.name,
            image_tag_mutability=(
                "IMMUTABLE_WITH_EXCLUSION" if spec.mutable_tags else spec.mutability
            ),
            image_tag_mutability_exclusion_filter=[
                EcrRepositoryImageTagMutabilityExclusionFilter(filter=text, filter_type="WILDCARD")
                for text in spec.mutable_tags
            ]
            or None,
            force_delete=not context.protected,
            image_scanning_configuration=EcrRepositoryImageScanningConfiguration(
                scan_on_push=spec.scan_on_push
            ),
            encryption_configuration=None
            if spec.keep_encryption
            else [EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=kms_key_arn)],
            lifecycle=lifecycle(context),
        )
        EcrLifecyclePolicy(self, "lifecycle", repository=repository.name, policy=_lifecycle(spec))
        if spec.has_policy:
            EcrRepositoryPolicy(
                self,
                "policy",
                repository=repository.name,
                policy=_policy(context, spec),
            )
        override(spec, self)


def _lifecycle(spec: Repository) -> str:
    # An image that fits a rule is left alone by those after it.
    tagged = [
        {
            "rulePriority": priority,
            "description": "images of some tags expire",
            "selection": _selection(rule),
            "action": {"type": "expire"},
        }
        for priority, rule in enumerate(spec.expire, 1)
    ]
    rules = [
        {
            "rulePriority": 1 + len(tagged),
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
            "rulePriority": 2 + len(tagged),
            "description": "only the newest images are kept",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": spec.keep_images,
            },
            "action": {"type": "expire"},
        },
    ]
    return json.dumps({"rules": [*tagged, *rules]})


def _selection(rule: Expiry) -> dict[str, Any]:
    made: dict[str, Any] = {"tagStatus": "tagged"}
    if rule.tag_prefixes:
        made["tagPrefixList"] = list(rule.tag_prefixes)
    else:
        made["tagPatternList"] = list(rule.tag_patterns)
    if rule.keep is not None:
        return {**made, "countType": "imageCountMoreThan", "countNumber": rule.keep}
    return {
        **made,
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": rule.after_days,
    }


_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def _policy(context: Context, spec: Repository) -> str:
    statements: list[dict[str, Any]] = []
    if spec.pull_accounts:
        statements.append(
            {
                "Sid": "PullByNamedAccounts",
                "Effect": "Allow",
                "Principal": {"AWS": context.account_roots(spec.pull_accounts)},
                "Action": [*_PULL],
            }
        )
    if spec.pull_organizations:
        statements.append(
            {
                "Sid": "PullByOrganizations",
                "Effect": "Allow",
                "Principal": "*",
                "Action": [*_PULL],
                "Condition": {
                    "StringEquals": {"aws:PrincipalOrgID": list(spec.pull_organizations)}
                },
            }
        )
    if spec.pull_services:
        functions = [
            f"arn:{context.partition}:lambda:{context.region}:{account}:function:*"
            for account in (context.account, *spec.pull_accounts)
        ]
        statements.append(
            {
                "Sid": "PullByLambda",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {"StringLike": {"aws:SourceArn": functions}},
            }
        )
    statements += [each.document() for each in spec.statements]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
