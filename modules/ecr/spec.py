"""What is asked of container image repositories and of images in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from ..context import AccountId
from ..image_uri import parse_image
from ..names import Name
from ..overrides import Overridable
from ..rules import Problem, did_you_mean, rule
from ..service import Named, Place, Versioned
from ..spec import Aws, Between, Check, Many, Matches, OneOf, ShortName
from ..statement import PolicyStatement, problems
from .lifecycle import ECR7, ECR12, MOST_RULES, Expiry

if TYPE_CHECKING:
    from ..context import Context

ECR1 = rule(
    "ECR1",
    refuses="an image without a tag or digest",
    message="must name one image by tag or digest, such as {example}",
    source="Amazon ECR user guide, image URIs; Inferform: an image without a tag means latest",
)
ECR2 = rule(
    "ECR2",
    refuses="the tag latest",
    message="must not be the tag latest, which changes under a running endpoint; write a "
    "version such as 1.4.2 or a digest",
    source="Amazon ECR user guide, image tag mutability",
)
ECR3 = rule(
    "ECR3",
    refuses="an image in another region than the endpoint",
    message="is in {other}, but the environment is in {region}; push or replicate it to {region}",
    source="SageMaker API reference, ContainerDefinition Image (same region)",
)
ECR4 = rule(
    "ECR4",
    refuses="a tag over 128 characters or with other characters than letters, digits, . _ -",
    message="must be an image tag such as 1.4.2",
    source="botocore ecr ImageTag; OCI distribution specification, tags",
)
ECR5 = rule(
    "ECR5",
    refuses="a digest that is not sha256 and 64 hexadecimal digits",
    message="must be a digest such as sha256:{example}",
    source="OCI image specification, digests",
)
ECR6 = rule(
    "ECR6",
    refuses="both a tag and a digest, or neither",
    message="give exactly one of tag and digest",
    source="Inferform: an image is named once",
)
ECR8 = rule(
    "ECR8",
    refuses="an image whose repository the environment's registry does not declare",
    message="names the repository {repository}, which registry.repositories does not have{hint}",
    source="Inferform: an image that nobody pushes fails only after minutes in Creating",
)


def missing_repository(name: str, known: Iterable[str]) -> str:
    """What to write where a registry does not have a repository: a name that it has, or one more."""
    return did_you_mean(name, known) or f'; add "{name}": Repository() to them'


ECR9 = rule(
    "ECR9",
    refuses="an image outside Amazon ECR",
    message="must be an image in Amazon ECR, such as {example}",
    source="SageMaker developer guide, use a private Docker registry (ECR is the default)",
)

ECR21 = rule(
    "ECR21",
    refuses="tags that may move that ECR does not take, or in a repository whose tags all may move",
    message="{wrong}; {remedy}",
    source="botocore ecr ImageTagMutabilityExclusionFilters; Amazon ECR user guide, image tag "
    "mutability exclusion filters",
)
ECR24 = rule(
    "ECR24",
    refuses="a pattern of tags that may move with other characters than letters, digits and . _ - *",
    message="must be 1 to 128 letters, digits and . _ - *, such as dev-*",
    source="botocore ecr ImageTagMutabilityExclusionFilterValue",
)
ECR22 = rule(
    "ECR22",
    refuses="an id that is not one of an organization",
    message="must be the id of an organization, such as o-a1b2c3d4e5",
    source="AWS Organizations API reference, Organization (Id)",
)
ECR23 = rule(
    "ECR23",
    refuses="tags that may move in a repository of the emulator",
    message="needs hashicorp/aws 6.8 or later, and the emulator works with {version}; it is deployed to AWS only",
    source="hashicorp/terraform-provider-aws, changelog (image_tag_mutability_exclusion_filter)",
)

ECR26 = rule(
    "ECR26",
    refuses="a repository to be made in another account's registry",
    message="is {given} by context.naming.repositories, so not in this environment's registry; leave it "
    "out here, or its registry there",
    source="Amazon ECR user guide, private registries",
)

EXAMPLE_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
EXAMPLE_DIGEST = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


def is_public(image: Image | str) -> bool:
    """Whether an image lies outside ECR's private registries, so on the internet."""
    return isinstance(image, str) and parse_image(image) is None


ImageTag = Annotated[
    str,
    Matches(ECR4, r"\w[\w.-]{0,127}"),
    Aws("ecr:ImageIdentifier.imageTag"),
    Check(ECR2, lambda tag: tag != "latest"),
]

ImageDigest = Annotated[
    str,
    Check(
        ECR5,
        lambda digest: bool(re.fullmatch(r"sha256:[0-9a-f]{64}", digest)),
        lambda _: {"example": EXAMPLE_DIGEST},
    ),
    Aws("ecr:ImageIdentifier.imageDigest"),
]


class Image(Versioned):
    """An image in one of the environment's own repositories, or of the owner of its images."""

    repository: ShortName
    """The repository's short name, a key of `registry.repositories`, here or at the owner, or of
    `Context.naming.repositories`."""

    tag: ImageTag | None = None
    """The image's tag; give it or `digest`."""

    digest: ImageDigest | None = None
    """The image's digest, `sha256:…`; give it or `tag`."""

    def check(self) -> Iterator[Problem]:
        """Exactly one of tag and digest."""
        if (self.tag is None) == (self.digest is None):
            yield ECR6.problem(got=self.tag or None)

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """Tag and digest, of which one is None."""
        yield from (("tag", self.tag), ("digest", self.digest))

    def uri(self, context: Context) -> str:
        """The image's URI in the registry of the environment, or of the owner of its images."""
        name = self.repository
        version = f":{self.tag}" if self.tag else f"@{self.digest}"
        return f"{context.registry_of(name)}/{context.repository(name)}{version}"


VersionedImage = Annotated[
    Image | str,
    OneOf(),
    Check(
        ECR1,
        lambda image: isinstance(image, Image) or bool(re.search(r"(:[\w.-]+|@.+)$", image)),
        lambda _: {"example": EXAMPLE_IMAGE},
    ),
    Check(ECR2, lambda image: isinstance(image, Image) or not image.endswith(":latest")),
]
"""An image, or the URI of one, with a tag other than `latest` or a digest."""

OrganizationId = Annotated[str, Matches(ECR22, r"o-[a-z0-9]{10,32}")]


class Repository(Overridable, Named):
    """An ECR repository: immutable tags, encrypted by the environment's key."""

    scan_on_push: bool = True
    """Whether each pushed image is scanned for vulnerabilities. Default: True."""

    keep_images: Annotated[int, Between(ECR7, 1, 10_000)] = 100
    """How many images are kept; older ones expire. Default: 100."""

    expire_untagged_days: Annotated[int, Between(ECR7, 1, 10_000)] = 14
    """Days after which an untagged image expires. Default: 14."""

    expire: Many[Expiry] = ()
    """When images of some tags expire, the first rule that an image fits first; before the two
    above. Default: none."""

    mutability: Annotated[
        Literal["IMMUTABLE", "MUTABLE"], Aws("ecr:CreateRepositoryRequest.imageTagMutability")
    ] = "IMMUTABLE"
    """Whether a tag may be pushed again with another image. Default: IMMUTABLE."""

    mutable_tags: Many[
        Annotated[
            str,
            Matches(ECR24, r"[0-9a-zA-Z._*-]{1,128}"),
            Aws("ecr:ImageTagMutabilityExclusionFilter.filter"),
        ]
    ] = ()
    """Tags that may move in an immutable repository, with `*`: `("latest*", "dev-*")`, at most five.
    Default: none."""

    keep_encryption: bool = False
    """Whether a repository that is imported keeps the encryption that it was made with, as ECR never
    changes one. A new one is under ECR's own key then. Default: False, it has the environment's key."""

    pull_accounts: Many[AccountId] = ()
    """Other accounts that may pull. Default: none."""

    pull_organizations: Many[OrganizationId] = ()
    """Organizations all of whose accounts may pull, by id. Default: none."""

    pull_services: Many[Literal["lambda"]] = ()
    """AWS services that may pull for functions of this account and of `pull_accounts`. Default:
    none."""

    statements: Many[PolicyStatement] = ()
    """More statements of the repository's policy. Default: none."""

    def check(self) -> Iterator[Problem]:
        """No more rules than ECR takes, and moving tags among those that do not."""
        if len(self.expire) > MOST_RULES:
            yield ECR12.problem("expire", got=len(self.expire))
        if len(self.mutable_tags) > 5:
            wrong, remedy = f"has {len(self.mutable_tags)} patterns", "write at most five"
            yield ECR21.problem("mutable_tags", wrong=wrong, remedy=remedy)
        if self.mutable_tags and self.mutability == "MUTABLE":
            wrong, remedy = "is for immutable tags", "leave it out, or mutability"
            yield ECR21.problem("mutable_tags", wrong=wrong, remedy=remedy)
        for index, text in enumerate(self.mutable_tags):
            if text.count("*") > 2:
                wrong, remedy = "has more than two *", "write one or two"
                yield ECR21.problem("mutable_tags", index, got=text, wrong=wrong, remedy=remedy)
        yield from problems(self.statements, "statements")

    @property
    def has_policy(self) -> bool:
        """Whether the repository has a policy of its own."""
        return bool(
            self.pull_accounts or self.pull_organizations or self.pull_services or self.statements
        )

    def names(self, place: Place) -> Iterator[Name]:
        """Its own."""
        yield Name("aws_ecr_repository", place.environment.context.own_repository(place.name))
