"""What is asked of the registry of an account and Region, which its repositories share."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import AccountId, Context
from ..places import Region
from ..rules import Problem, Rule, rule
from ..spec import Aws, Check, Many, Matches, Spec
from ..statement import PolicyStatement, problems

ECR13 = rule(
    "ECR13",
    refuses="a filter of repositories that ECR does not take",
    message="must be lower-case letters, digits and . _ - /, such as acme-prod-use1-; scans take "
    "* too",
    source="botocore ecr RepositoryFilterValue, ScanningRepositoryFilterValue",
)
ECR14 = rule(
    "ECR14",
    refuses="continuous scans by basic scanning, or scanning without repositories",
    message="{wrong}; {remedy}",
    source="Amazon ECR user guide, image scanning (continuous scans are enhanced)",
)
ECR15 = rule(
    "ECR15",
    refuses="a replica in the registry itself, no Region, or a destination that stands twice",
    message="{wrong}; {remedy}",
    source="Amazon ECR API reference, PutReplicationConfiguration",
)
ECR16 = rule(
    "ECR16",
    refuses="more than 10 rules of replication, or 25 destinations of all of them",
    message="must have at most {limit}",
    source="Amazon ECR user guide, private image replication (10 rules, 25 destinations)",
)
ECR17 = rule(
    "ECR17",
    refuses="a prefix of cached repositories that ECR does not take",
    message="must be 2 to 30 lower-case letters, digits and . _ - /, such as docker-hub, or ROOT",
    source="botocore ecr PullThroughCacheRuleRepositoryPrefix",
)
ECR18 = rule(
    "ECR18",
    refuses="a registry upstream that no cache can be for",
    message="must be a registry that ECR caches, such as public.ecr.aws, registry-1.docker.io or "
    "444455556666.dkr.ecr.us-east-1.amazonaws.com",
    source="Amazon ECR user guide, pull through cache (supported upstream registries)",
)
ECR19 = rule(
    "ECR19",
    refuses="a cache of a registry that asks for credentials without them, or with them where there "
    "are none",
    message="{wrong}; {remedy}",
    source="Amazon ECR user guide, pull through cache (authentication of upstream registries)",
)
ECR20 = rule(
    "ECR20",
    refuses="credentials of another account or Region",
    message="must be the ARN of a secret of {place}",
    source="Amazon ECR user guide, storing upstream credentials in Secrets Manager",
)

ECR25 = rule(
    "ECR25",
    refuses="credentials that are no secret for a cache",
    message="must be the ARN of a secret whose name begins with ecr-pullthroughcache/",
    source="botocore ecr CredentialArn; AWS Secrets Manager user guide, ARNs of secrets",
)
_WITH_CREDENTIALS = (
    *("registry-1.docker.io", "ghcr.io", "registry.gitlab.com", "cgr.dev"),
    *(".azurecr.io", ".azurecr.cn"),
)
_UPSTREAM = (
    r"public\.ecr\.aws|registry\.k8s\.io|quay\.io|registry-1\.docker\.io|ghcr\.io"
    r"|registry\.gitlab\.com|cgr\.dev|[a-z0-9]+\.azurecr\.(io|cn)"
    r"|\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
)
_FILTER = r"([a-z0-9]+([._-][a-z0-9]*)*/)*[a-z0-9]*([._-][a-z0-9]*)*"
_SCAN_FILTER = r"[a-z0-9*]([._\-/a-z0-9*]?[a-z0-9*]+)*"
_SECRET = (
    r"arn:aws(-[a-z]+)*:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache/"
    r"[a-zA-Z0-9/_+=.@-]+"
)
_PREFIX = r"([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*/?|ROOT)"


def _long(rule: Rule, low: int, high: int) -> Check:
    return Check(rule, lambda text: low <= len(text) <= high)


ScanFilters = Annotated[
    Many[
        Annotated[
            str,
            Matches(ECR13, _SCAN_FILTER),
            _long(ECR13, 1, 255),
            Aws("ecr:ScanningRepositoryFilter.filter"),
        ]
    ],
    Check(ECR13, lambda filters: len(filters) <= 100),
]
CachePrefix = Annotated[
    str,
    Matches(ECR17, _PREFIX),
    _long(ECR17, 2, 30),
    Aws("ecr:CreatePullThroughCacheRuleRequest.ecrRepositoryPrefix"),
]


class Scanning(Spec):
    """Scans of all images of the registry, instead of what repositories say themselves."""

    type: Annotated[
        Literal["BASIC", "ENHANCED"], Aws("ecr:PutRegistryScanningConfigurationRequest.scanType")
    ] = "ENHANCED"
    """Enhanced scans are by Amazon Inspector, which bills each image; basic ones cost nothing.
    Default: ENHANCED."""

    on_push: ScanFilters = ()
    """The repositories that are scanned at a push, by names with `*`: `("*",)`. Default: none."""

    continuous: ScanFilters = ()
    """The repositories that are scanned whenever a vulnerability becomes known, which only enhanced
    scanning does. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Basic scans are at a push."""
        if self.continuous and self.type == "BASIC":
            yield ECR14.problem(
                "continuous",
                got=self.continuous,
                wrong="is for enhanced scanning",
                remedy='write on_push, or type="ENHANCED"',
            )
        if not self.on_push and not self.continuous:
            wrong, remedy = "scans nothing", 'name repositories, such as on_push=["*"]'
            yield ECR14.problem(wrong=wrong, remedy=remedy)

    def scans(self, repository: str) -> bool:
        """Whether images of a repository are scanned by themselves, by its full name.

        A filter without `*` fits every name that it is a part of. Source: Amazon ECR user guide, filters to
        choose which repositories are scanned.
        """
        return any(
            fnmatch.fnmatchcase(repository, each if "*" in each else f"*{each}*")
            for each in (*self.on_push, *self.continuous)
        )


class Replication(Spec):
    """A copy of images in other Regions or in another account, as they are pushed from now on."""

    regions: Many[Annotated[Region, Aws("ecr:ReplicationDestination.region")]]
    """The Regions of the copies."""

    account: Annotated[AccountId, Aws("ecr:ReplicationDestination.registryId")] | None = None
    """The account of the copies, whose registry lets this one in, see `replicate_from`. Default:
    None, this one."""

    prefixes: Annotated[
        Many[
            Annotated[
                str,
                Matches(ECR13, _FILTER),
                _long(ECR13, 2, 256),
                Aws("ecr:RepositoryFilter.filter"),
            ]
        ],
        Check(ECR13, lambda filters: len(filters) <= 100),
    ] = ()
    """The beginnings of the names of repositories that are copied. Default: every repository of
    the registry, those of other environments among them."""

    def check(self) -> Iterator[Problem]:
        """There is a Region, and each once."""
        if not self.regions or len(set(self.regions)) != len(self.regions):
            wrong = "names no Region" if not self.regions else "names a Region twice"
            yield ECR15.problem(
                "regions", got=self.regions, wrong=wrong, remedy="name each Region once"
            )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """A registry is not copied to itself."""
        if context.region in self.regions and self.account in (None, context.account):
            wrong = f"copies {context.region} to itself"
            yield ECR15.problem("regions", got=self.regions, wrong=wrong, remedy="leave it out")

    def destinations(self, context: Context) -> list[tuple[str, str]]:
        """The Region and account of each copy."""
        return [(region, self.account or context.account) for region in self.regions]


class PullThroughCache(Spec):
    """A cache of another registry: repositories below a prefix are made at the first pull.

    A role that pulls needs `ecr:BatchImportUpstreamImage` and `ecr:CreateRepository` for them.
    """

    upstream: Annotated[
        str,
        Matches(ECR18, _UPSTREAM),
        Aws("ecr:CreatePullThroughCacheRuleRequest.upstreamRegistryUrl"),
    ]
    """The registry's host, such as `public.ecr.aws` or `registry-1.docker.io`."""

    credential: (
        Annotated[
            str,
            Matches(ECR25, _SECRET),
            _long(ECR25, 50, 612),
            Aws("ecr:CreatePullThroughCacheRuleRequest.credentialArn"),
        ]
        | None
    ) = None
    """The ARN of the Secrets Manager secret with the credentials of the registry, whose name begins
    with `ecr-pullthroughcache/`. Default: None, as public registries ask for none."""

    upstream_prefix: (
        Annotated[
            str,
            Matches(ECR17, _PREFIX),
            _long(ECR17, 2, 30),
            Aws("ecr:CreatePullThroughCacheRuleRequest.upstreamRepositoryPrefix"),
        ]
        | None
    ) = None
    """The beginning of the names upstream. Default: None, all of them."""

    def check(self) -> Iterator[Problem]:
        """Credentials are given where the registry asks for some."""
        asks = self.upstream.endswith(_WITH_CREDENTIALS)
        if asks and self.credential is None:
            wrong = f"is missing: {self.upstream} asks for credentials"
            remedy = "write the ARN of a secret named ecr-pullthroughcache/…"
            yield ECR19.problem("credential", wrong=wrong, remedy=remedy)
        if self.credential is not None and not asks:
            wrong = f"is not for {self.upstream}, which asks for none"
            yield ECR19.problem("credential", wrong=wrong, remedy="leave it out")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The secret is of this account and Region."""
        if self.credential is None:
            return
        if not self.credential.startswith(context.arn("secretsmanager", "secret:")):
            place = f"account {context.account} in {context.region}"
            yield ECR20.problem("credential", got=self.credential, place=place)


class RegistrySettings(Spec):
    """Settings that an account has once in a Region: one environment of them writes them."""

    scanning: Scanning | None = None
    """How images are scanned. Default: None, as the account has it and repositories say."""

    replication: Many[Replication] = ()
    """Where images are copied to: each rule by itself. Default: nowhere."""

    replicate_from: Many[AccountId] = ()
    """Accounts whose registries may copy images into this one. Default: none."""

    statements: Many[PolicyStatement] = ()
    """More statements of the registry's policy. Default: none."""

    def check(self) -> Iterator[Problem]:
        """No more rules and destinations than a registry takes."""
        if len(self.replication) > 10:
            yield ECR16.problem("replication", got=len(self.replication), limit="10 rules")
        found = {(each.account, region) for each in self.replication for region in each.regions}
        if len(found) > 25:
            yield ECR16.problem("replication", got=len(found), limit="25 destinations")
        yield from problems(self.statements, "statements")

    @property
    def has_policy(self) -> bool:
        """Whether the registry has a policy."""
        return bool(self.replicate_from or self.statements)
