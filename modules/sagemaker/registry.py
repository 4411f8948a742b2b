"""What is asked of the Model Registry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated

from ..context import AccountId, Context
from ..iam.policy import allow, document
from ..names import Name
from ..overrides import Overridable
from ..rules import Problem, rule
from ..service import Drawn, Named, Place
from ..spec import Aws, Check, Many, ShortName

REG1 = rule(
    "REG1",
    refuses="a description of a model package group over 1,024 characters, or with a line break or "
    "another control character",
    message="must have at most 1,024 characters, without line breaks and other control characters",
    source="botocore sagemaker EntityDescription",
)
REG2 = rule(
    "REG2",
    refuses="a stage of the life cycle, or a status of one, that SageMaker does not take, or a stage without "
    "a status",
    message="must be 1 to 63 letters and digits with hyphens between them, such as PreProduction, each stage "
    "with one status at least",
    source="botocore sagemaker ModelLifeCycle Stage, StageStatus (EntityName)",
)
REG9 = rule(
    "REG9",
    refuses="accounts that register versions and have no place in the bucket for their artifacts",
    message="needs artifact_prefix, such as models/fraud/: the accounts may write there and nowhere else, and "
    "whoever deploys a version reads there",
    source="Inferform: a version is deployed from the account that its artifact is in",
)
REG8 = rule(
    "REG8",
    refuses="a prefix for artifacts that is none",
    message="must be a prefix of keys that ends in /, such as models/fraud/",
    source="Amazon S3 user guide, organizing objects using prefixes",
)
REG5 = rule(
    "REG5",
    refuses="a group that other accounts use, whose artifacts lie in a bucket or under a key with a policy "
    "that somebody else writes",
    message="lets in {accounts}, but {what} exists already; its owner has to let them {may} too",
    source="SageMaker developer guide, deploy a model version from a different account (the bucket's policy "
    "and the key's)",
    severity="warning",
)
REG6 = rule(
    "REG6",
    refuses="a policy of a group that is longer than 20,480 characters",
    message="make a policy of {length} characters of the group, of which SageMaker takes 20,480; name fewer "
    "accounts, or share the group by AWS Resource Access Manager",
    source="botocore sagemaker PolicyString",
)
REG7 = rule(
    "REG7",
    refuses="a repository of a group's images that the registry does not have",
    message="is not a repository of the registry{hint}",
    source="Inferform: the repository lets the group's accounts pull",
)


def is_stage(text: str) -> bool:
    """Whether `text` can be a stage of a life cycle, or its status."""
    return bool(re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", text)) and len(text) <= 63


StageName = Annotated[str, Check(REG2, is_stage)]
"""A stage of a life cycle, or its status."""


def _is_description(text: str) -> bool:
    return len(text) <= 1024 and all(unicodedata.category(char)[0] != "C" for char in text)


def _is_prefix(text: str) -> bool:
    return not text or bool(re.fullmatch(r"([A-Za-z0-9!_.*'()=-]+/)+", text) and len(text) <= 512)


class ModelPackageGroup(Overridable, Drawn, Named):
    """The versions of one model in SageMaker's Model Registry."""

    words = "model package group"

    description: Annotated[
        str,
        Check(REG1, _is_description),
        Aws("sagemaker:CreateModelPackageGroupInput.ModelPackageGroupDescription"),
    ] = ""
    """What the model is for. AWS takes it when the group is created: a later change is ignored,
    as only a new group could have it, and `inferform review` tells it (KEPT1). Default: nothing is
    said."""

    read_accounts: Many[AccountId] = ()
    """Other accounts that may find its versions and deploy them: the policies of the group, of the
    artifact bucket, of its key and of `repositories` let them. Default: none."""

    register_accounts: Many[AccountId] = ()
    """Other accounts that may register versions too, by the group's ARN, and write artifacts below
    `artifact_prefix`. Default: none."""

    artifact_prefix: Annotated[str, Check(REG8, _is_prefix)] = ""
    """The prefix in the artifact bucket below which the artifacts of its versions lie: what
    `read_accounts` may read. Default: empty, the whole bucket."""

    repositories: Many[ShortName] = ()
    """The repositories of the registry whose images its versions run, from which `read_accounts` may
    pull. Default: none."""

    stages: dict[StageName, Annotated[Many[StageName], Check(REG2, bool)]] = {}
    """The stages of its versions' life cycle, each with its statuses: `{"QA": ["InProgress",
    "Approved"]}`. `inferform models approve --stage`, `Approval.stages` and accounts that register take
    no others. Default: none are declared, and any is taken."""

    def check(self) -> Iterator[Problem]:
        """Who registers has a place for artifacts."""
        if self.register_accounts and not self.artifact_prefix:
            yield REG9.problem("register_accounts", got=list(self.register_accounts))

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account that is let in, each once."""
        return tuple(dict.fromkeys([*self.read_accounts, *self.register_accounts]))

    def policy(self, context: Context, short: str) -> str | None:
        """The policy of the group `short`; None where nobody else is let in."""
        if not self.accounts:
            return None
        name = context.name(short)
        group = context.arn("sagemaker", f"model-package-group/{name}")
        versions = context.arn("sagemaker", f"model-package/{name}/*")
        readers = {"AWS": context.account_roots(self.read_accounts)}
        everybody = {"AWS": context.account_roots(self.accounts)}
        statements = [
            allow(
                "sagemaker:DescribeModelPackageGroup",
                group,
                sid="FindGroup",
                principal=everybody,
            )
        ]
        if self.read_accounts:
            statements.append(
                allow(
                    [
                        "sagemaker:CreateModel",
                        "sagemaker:DescribeModelPackage",
                        "sagemaker:ListModelPackages",
                    ],
                    versions,
                    sid="DeployVersions",
                    principal=readers,
                )
            )
        if self.register_accounts:
            cycle = {"StringEqualsIfExists": {"sagemaker:ModelLifeCycle:stage": [*self.stages]}}
            statements.append(
                allow(
                    [
                        "sagemaker:CreateModelPackage",
                        "sagemaker:DescribeModelPackage",
                        "sagemaker:ListModelPackages",
                    ],
                    [group, versions],
                    sid="RegisterVersions",
                    principal={"AWS": context.account_roots(self.register_accounts)},
                    conditions=cycle if self.stages else None,
                )
            )
        return document(*statements)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own."""
        context = place.environment.context
        yield Name("aws_sagemaker_model_package_group", context.name(place.name))
