"""Context: who, where and which stage. The only source of names and tags."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import starmap
from typing import Annotated, Literal, get_args

from . import names
from .backends import (
    BCK4,
    AzurermBackend,
    Backend,
    CloudBackend,
    GcsBackend,
    HttpBackend,
    LocalBackend,
    S3Backend,
)
from .places import KeyArn, Region, partition_of
from .rules import Problem, rule, shown
from .spec import (
    Aws,
    Check,
    Joined,
    Matches,
    OneOf,
    ShortName,
    Spec,
    is_bucket_name,
)

CTX1 = rule(
    "CTX1",
    refuses="an account id that is not 12 digits in a string",
    message="must be the 12 digits of an AWS account id, in quotes, such as '111122223333'",
    source="AWS Account Management reference guide, AWS account identifiers",
)
CTX3 = rule(
    "CTX3",
    refuses="more than 40 tags, a key over 128 or a value over 256 characters, a key aws:…, or "
    "characters that tags do not take",
    message="must be at most 40 tags with keys up to 128 characters not starting with aws: "
    "and values up to 256, of letters, digits, spaces and _ . : / = + - @{wrong}",
    source="AWS General Reference, tagging limits (50 per resource; Inferform adds its own)",
)
CTX4 = rule(
    "CTX4",
    refuses="an organization over 16 or a stage over 10 characters",
    message="must have at most {limit} characters, as every AWS name begins with it{hint}",
    source="Inferform: leaves 32 characters for the name of a service within SageMaker's 63",
)
CTX5 = rule(
    "CTX5",
    refuses="a role that is not an IAM role name",
    message="must be the name of an IAM role in the environment's account, such as inferform-deploy, behind its "
    "path where it has one, such as platform/ci/inferform-deploy",
    source="botocore iam roleNameType, pathType",
)

CTX6 = rule(
    "CTX6",
    refuses="a permissions boundary that is not the name of an IAM policy",
    message="must be the name of an IAM policy in the environment's account, such as inferform-boundary, behind "
    "its path where it has one, such as platform/inferform-boundary",
    source="botocore iam policyNameType, policyPathType",
)
CTX7 = rule(
    "CTX7",
    refuses="an owner that cannot be the value of a tag",
    message="must be 1 to 256 letters, digits, spaces and _ . : / = + - @, such as ml-platform",
    source="botocore sagemaker TagValue; AWS General Reference, tagging limits",
)
CTX8 = rule(
    "CTX8",
    refuses="a tag whose key is another's, or one that Inferform sets itself, but for upper and "
    "lower case",
    message="is the same key as {other}, as IAM ignores case; leave it out or name it otherwise",
    source="IAM User Guide, rules for tagging in IAM (keys are not case-sensitive); Inferform: its "
    "own tags are never replaced",
)

CTX10 = rule(
    "CTX10",
    refuses="a key of artifacts under something that is no bucket's name, or in another partition",
    message="must be a bucket's name, such as acme-shared-artifacts, with the ARN of a key of {partition}",
    source="Amazon S3 user guide, bucket naming rules; AWS General Reference, Amazon Resource Names",
)

CTX11 = rule(
    "CTX11",
    refuses="a template of names without organization and name, with other placeholders, or with "
    "what not every AWS name takes",
    message="must hold the placeholders organization and name once each, and may hold stage, region "
    "and account, between lower-case letters, digits and single hyphens, such as {example}",
    source="Inferform: the deploy role works on names of the organization; NAME1 for what AWS's names "
    "have in common",
)
CTX12 = rule(
    "CTX12",
    refuses="a template of names that leaves too little of AWS's shortest names",
    message="adds {length} characters to each name, of which {after} behind it; at most {limit} may "
    "be added, and {behind} behind it",
    source="Inferform: leaves 29 characters of SageMaker's 63 for a service, and of a load balancer's "
    "32 more than a hash (botocore sagemaker EndpointName; elbv2 CreateLoadBalancer)",
)
CTX13 = rule(
    "CTX13",
    refuses="a repository's name that ECR does not take",
    message="must be the name of a repository, such as risk/fraud, or where it is another account's the "
    "URI of it, such as 444455556666.dkr.ecr.us-east-1.amazonaws.com/risk/fraud",
    source="botocore ecr RepositoryName (2 to 256 characters)",
)
CTX14 = rule(
    "CTX14",
    refuses="a repository in another Region or partition than the environment",
    message="is in {other}, but images are pulled in {region}; replicate the repository there and name that",
    source="Amazon ECR user guide, private registries (a registry in each Region); SageMaker API "
    "reference, ContainerDefinition Image (same Region)",
)
CTX15 = rule(
    "CTX15",
    refuses="a name of an endpoint that SageMaker does not take",
    message="must be the name of an endpoint: 1 to 63 letters, digits and hyphens between them, such as "
    "fraud-detector-2024-05-01",
    source="botocore sagemaker EndpointName",
)
CTX16 = rule(
    "CTX16",
    refuses="one role to plan and to deploy",
    message="is deploy_role too, so that whoever may plan could change everything; name a role of its own, or leave "
    "plan_role out where there is none",
    source="AWS IAM user guide, IAM names (names that differ in case alone are one); Inferform: a plan changes "
    "nothing",
)
CTX17 = rule(
    "CTX17",
    refuses="a path of roles that IAM does not take, or that is AWS's own or everybody's",
    message="must be an IAM path that begins and ends with a slash and has a name between them, such as "
    "/delegated/ml/, and none of AWS's own",
    source="botocore iam pathType; AWS IAM user guide, IAM identifiers (paths), service-linked roles; Inferform: the "
    "deploy role changes what has the organization's names below it",
)
OwnTag = Literal["environment", "layer", "managed-by", "organization", "owner", "stage"]

FIXED_TAGS = (
    *("Name", "AmazonECSManaged"),
    *("kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"),
)
"""The keys of tags that AWS or a resource of Inferform has, which no Context renames."""


def is_tag_text(text: str) -> bool:
    """Whether every service of AWS takes the characters of a text in a tag."""
    return all(char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN" for char in text)


def tags_fit(tags: dict[str, str]) -> bool:
    """Whether AWS takes these tags beside ten of Inferform's own."""
    return len(tags) <= 40 and not any(starmap(_is_unfit, tags.items()))


def _is_unfit(key: str, value: str) -> bool:
    return (
        not 0 < len(key) <= 128
        or key.lower().startswith("aws:")
        or len(value) > 256
        or not is_tag_text(key + value)
    )


def _wrong(tags: dict[str, str]) -> dict[str, str]:
    unfit = [f"{shown(key)}: {shown(tags[key])}" for key in tags if _is_unfit(key, tags[key])]
    named = f"; change {', '.join(unfit[:3])}" + (f" and {len(unfit) - 3} more" * (len(unfit) > 3))
    return {"wrong": named if unfit else f"; there are {len(tags)}"}


def _as_keys(keys: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(keys.values(), "")


FIT = Check(CTX3, tags_fit, _wrong)
"""The rule of tags."""

_KEYS_FIT = Check(CTX3, lambda keys: tags_fit(_as_keys(keys)), lambda keys: _wrong(_as_keys(keys)))


def _at_most(limit: int, hint: str = "") -> Check:
    return Check(CTX4, lambda value: len(value) <= limit, lambda _: {"limit": limit, "hint": hint})


RoleName = Annotated[str, Matches(CTX5, r"[\w+=,.@-]{1,64}"), Aws("iam:CreateRoleRequest.RoleName")]
"""The name of an IAM role of 1 to 64 characters, without a path."""

# IAM takes paths of 512 characters, with the slashes at their ends.
_IN_PATH = r"([\w+=,.@-]+/)"


def _fits_path(text: str) -> bool:
    return len(names.path_of(text)) <= 512


PathedRole = Annotated[
    str,
    Matches(CTX5, rf"{_IN_PATH}*[\w+=,.@-]{{1,64}}"),
    Check(CTX5, _fits_path),
    Aws("iam:CreateRoleRequest.RoleName"),
]
"""The name of an IAM role, behind its path where it has one: `platform/ci/inferform-deploy`."""

PolicyName = Annotated[
    str,
    Matches(CTX6, rf"{_IN_PATH}*[\w+=,.@-]{{1,128}}"),
    Check(CTX6, _fits_path),
    Aws("iam:CreatePolicyRequest.PolicyName"),
]
"""The name of an IAM policy, behind its path where it has one."""

RolePath = Annotated[
    str,
    Matches(CTX17, rf"/(?!aws-(service-role|reserved)/){_IN_PATH}+"),
    Check(CTX17, lambda text: len(text) <= 512),
    Aws("iam:CreateRoleRequest.Path"),
]
"""A path below which roles are made."""

TagKey = Annotated[str, Aws("ecs:Tag.key", "iam:Tag.Key", "sagemaker:Tag.Key")]
TagValue = Annotated[str, Aws("ecs:Tag.value", "iam:Tag.Value", "sagemaker:Tag.Value")]
AccountId = Annotated[str, Matches(CTX1, r"\d{12}")]


_TEMPLATE = "{organization}-{stage}-{region}-{name}"
_AROUND = 34
_BEHIND = 16
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def _is_template(text: str) -> bool:
    held = _PLACEHOLDER.findall(text)
    return (
        all(held.count(name) == 1 for name in ("organization", "name"))
        and {*held} <= {"account", "name", "organization", "region", "stage"}
        and bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", _PLACEHOLDER.sub("x", text), re.ASCII))
    )


def _is_tag_value(text: str) -> bool:
    return 0 < len(text.strip()) <= 256 and is_tag_text(text)


_REPOSITORY = re.compile(
    r"((?P<host>\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?)/)?"
    r"(?P<name>(?=.{2,256}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)",
    re.ASCII,
)

RepositoryName = Annotated[str, Check(CTX13, lambda text: bool(_REPOSITORY.fullmatch(text)))]
"""The name of an ECR repository, or the URI of one of another account."""


EndpointName = Annotated[
    str,
    Matches(CTX15, r"(?=.{1,63}\Z)[a-zA-Z0-9](-*[a-zA-Z0-9])*"),
    Aws("sagemaker:CreateEndpointInput.EndpointName"),
]
"""The name of a SageMaker endpoint."""


def is_one_role(name: str, other: str | None) -> bool:
    """Whether two names of roles of one account are those of one role: IAM tells none apart by case, or by path."""
    return other is not None and names.bare(name).casefold() == names.bare(other).casefold()


class Naming(Spec):
    """How names are made, where a team has a rule of its own."""

    template: Annotated[str, Check(CTX11, _is_template, lambda _: {"example": _TEMPLATE})] = (
        _TEMPLATE
    )
    """What every name is made of, with `{name}` for what it is given to: a service, or a service and
    what it does. `{region}` is the Region's short code, `use1`. A change renames, and so replaces,
    everything. Default: `{organization}-{stage}-{region}-{name}`."""

    repositories: dict[ShortName, RepositoryName] = {}
    """The names of ECR repositories that are not made by the template, by the short name that images
    call them: `{"fraud": "risk/fraud"}`. One of `registry.repositories` is made under it; any other
    exists, in the registry of the images, or where its URI says. Default: all by the template."""

    endpoints: dict[ShortName, EndpointName] = {}
    """The names of SageMaker endpoints that are not made by the template, by their short names:
    `{"fraud": "fraud-detector-2024-05-01"}`. Such is an endpoint that was there before, whose callers
    know its name; a change replaces it. Default: all by the template."""

    role_path: RolePath = names.ROLE_PATH
    """The IAM path of every role and instance profile that layers make, where an account lets roles be made
    under one path alone. The deploy role works on names of the organization below it, so nothing else should
    have such a name there. A change replaces every role. Default: `/inferform/`."""

    organization: Annotated[TagValue, Check(CTX7, _is_tag_value)] | None = None
    """The organization's whole name, of any length up to 256 characters, for the tag
    `organization`; `Context.organization` is then its short form, for names. Default:
    `Context.organization`."""


class ImageOwner(Spec):
    """The environment of another account whose registry owns the images."""

    account: AccountId
    """The AWS account id of the owner."""

    stage: Annotated[Joined, _at_most(10, "; write a short form, such as prod")]
    """The owner's stage, `shared`, which is part of the names of its repositories."""

    home_region: Region | None = None
    """The Region of the environment that declares the repositories, where it replicates them
    to this one: a replica keeps its name. Default: this environment's own."""


class Context(Spec):
    """One account and one region at one stage: the only source of names, ARNs and tags."""

    organization: Annotated[
        Joined,
        _at_most(16, "; write a short form, and the whole name in naming=Naming(organization=...)"),
    ]
    """The first part of every name. A longer one has a short form here, and stands whole in
    `naming`."""

    stage: Annotated[Joined, _at_most(10, "; write a short form, such as prod")]
    """`dev`, `staging`, `prod`."""

    account: AccountId
    """The AWS account id. Terraform refuses to work in any other (`allowed_account_ids`)."""

    region: Region
    """The AWS Region."""

    owner: Annotated[TagValue, Check(CTX7, _is_tag_value)]
    """The team that answers for it; becomes the tag `owner`."""

    deploy_role: PathedRole | None = None
    """The IAM role that Terraform assumes, behind its path where it has one:
    `platform/ci/inferform-deploy`. Default: the caller's credentials are used."""

    plan_role: PathedRole | None = None
    """The IAM role that plans and drift detection assume, which changes nothing and is therefore another
    than `deploy_role`. Default: None, `deploy_role`."""

    permissions_boundary: PolicyName | None = None
    """The IAM policy that bounds every role that Inferform creates, behind its path where it has one.
    Default: none."""

    images: ImageOwner | None = None
    """Who owns the images, where it is another account. Default: this environment."""

    artifact_keys: dict[str, KeyArn] = {}
    """The KMS key of each bucket whose objects another key encrypts than the environment's own, by
    the bucket's name: another environment's or account's. Roles that read an artifact there may
    decrypt with that key, through S3 alone; its policy must let this account in too. Default:
    none, everything is encrypted by the environment's key."""

    tags: Annotated[dict[TagKey, TagValue], FIT] = {}
    """More tags for every resource. Keys may not differ in case alone, nor be one of Inferform's
    own in any case: `environment`, `layer`, `managed-by`, `organization`, `owner`, `stage`,
    `Name`, or those of ECS and Kubernetes. Default: only Inferform's own."""

    tag_keys: Annotated[dict[OwnTag, TagKey], _KEYS_FIT] = {}
    """Other keys for Inferform's own tags, such as `{"owner": "team"}` where a tag policy has
    another meaning for `owner`. A change tags every resource again; resources that a killed deploy
    left before it are not known as Inferform's any more. Default: the keys that `tags` names."""

    naming: Naming = Naming()
    """A naming rule of your own. Default: `{organization}-{stage}-{region}-{name}`."""

    protected: bool = False
    """Whether stateful resources refuse to be destroyed. Set it in production."""

    backend: Annotated[
        CloudBackend | GcsBackend | AzurermBackend | HttpBackend | LocalBackend | S3Backend | None,
        OneOf(),
    ] = None
    """Where Terraform keeps the states. Default: None, in `state_bucket` in S3."""

    def check(self) -> Iterator[Problem]:
        """No two tags that IAM takes for one, and keys of buckets that there can be."""
        for bucket, key in self.artifact_keys.items():
            if not is_bucket_name(bucket) or key.split(":")[1] != self.partition:
                yield CTX10.problem("artifact_keys", bucket, got=key, partition=self.partition)
        if self.plan_role is not None and is_one_role(self.plan_role, self.deploy_role):
            yield CTX16.problem("plan_role", got=self.plan_role)
        yield from self._check_repositories()
        yield from self._check_states()
        before, after = self.around
        if len(before) + len(after) > _AROUND or len(after) > _BEHIND:
            yield CTX12.problem(
                "naming",
                "template",
                got=self.naming.template,
                length=len(before) + len(after),
                after=len(after),
                limit=_AROUND,
                behind=_BEHIND,
            )
        taken = {key.casefold(): key for key in FIXED_TAGS}
        for own in get_args(OwnTag):
            key = self.tag_key(own)
            if key.casefold() in taken:
                other = f"{taken[key.casefold()]}, which Inferform sets"
                where = ("tag_keys", own) if own in self.tag_keys else ("tag_keys",)
                yield CTX8.problem(*where, got=key, other=other)
            taken[key.casefold()] = key
        own_keys = {*taken.values()}
        for key in self.tags:
            other = taken.setdefault(key.casefold(), key)
            if other in own_keys:
                yield CTX8.problem("tags", key, other=f"{other}, which Inferform sets")
            elif other != key:
                yield CTX8.problem("tags", key, other=other)

    def _check_repositories(self) -> Iterator[Problem]:
        for short, given in self.naming.repositories.items():
            region = self._repository(given)["region"]
            if region not in (None, self.region):
                where = ("naming", "repositories", short)
                yield CTX14.problem(*where, got=given, other=region, region=self.region)

    def _check_states(self) -> Iterator[Problem]:
        if self.states is None:
            return
        given, region = self.states.region, self.state_region
        if given is not None and partition_of(given) != self.partition:
            remedy = f"name a bucket in the partition {self.partition}, where the environment is"
            yield BCK4.problem("backend", "region", got=given, other=given, remedy=remedy)
        elif self.states.kms_key is not None:
            _, partition, _, other, *_ = self.states.kms_key.split(":")
            if (partition, other) != (self.partition, region):
                remedy = f"name a key of {region}, where the bucket is"
                where = ("backend", "kms_key")
                yield BCK4.problem(*where, got=self.states.kms_key, other=other, remedy=remedy)

    @property
    def key(self) -> str:
        """The environment's key, `prod-use1`."""
        return f"{self.stage}-{names.region_code(self.region)}"

    @property
    def partition(self) -> str:
        """The AWS partition of the region: `aws`, `aws-cn` or `aws-us-gov`."""
        return partition_of(self.region)

    @property
    def dns_suffix(self) -> str:
        """The domain of the region's endpoints and registries."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @property
    def around(self) -> tuple[str, str]:
        """What every name begins and ends with: `acme-prod-use1-` and nothing."""
        return self._around(stage=self.stage, region=names.region_code(self.region))

    def _around(self, *, stage: str, region: str) -> tuple[str, str]:
        before, _, after = self.naming.template.partition("{name}")
        values = {
            "organization": self.organization,
            "stage": stage,
            "region": region,
            "account": self.account,
        }
        return before.format(**values), after.format(**values)

    @property
    def prefix(self) -> str:
        """What every name begins with, `acme-prod-use1`; empty where a template of names begins with
        the name."""
        return self.around[0].removesuffix("-")

    @property
    def any_name(self) -> str:
        """The pattern of all names of the environment, `acme-prod-use1-*`."""
        return "*".join(self.around)

    @property
    def any_name_of_organization(self) -> str:
        """The pattern of the names of every environment of the organization in the account,
        `acme-*`."""
        return re.sub(r"\*(-?\*)+", "*", "*".join(self._around(stage="*", region="*")))

    def is_own_name(self, name: str) -> bool:
        """Whether a name is one that the environment gives."""
        before, after = self.around
        return (
            name.startswith(before)
            and name.endswith(after)
            and len(name) > len(before) + len(after)
        )

    def name(self, *parts: str, limit: int = 63) -> str:
        """`acme-prod-use1-fraud`; past `limit` characters it is cut and given a stable hash."""
        before, after = self.around
        return names.fit(f"{before}{'-'.join(parts)}", limit, after)

    def bucket(self, *parts: str) -> str:
        """A bucket's name, which carries the account id as bucket names are global."""
        return f"{self.name(*parts, limit=63 - 13)}-{self.account}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in this account and region."""
        region = "" if service in ("iam", "s3") else self.region
        account = "" if service == "s3" else self.account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def account_roots(self, accounts: Iterable[str]) -> list[str]:
        """The root principals of other accounts, which stand for all that those let in."""
        return [f"arn:{self.partition}:iam::{account}:root" for account in accounts]

    def own_role_arn(self, name: str) -> str:
        """The ARN of a role that a layer makes, which is under Inferform's path."""
        return self.arn("iam", f"role{self.naming.role_path}{name}")

    @property
    def deploy_role_arn(self) -> str | None:
        """The ARN of the role that Terraform assumes."""
        return self.arn("iam", f"role/{self.deploy_role}") if self.deploy_role else None

    @property
    def plan_role_arn(self) -> str | None:
        """The ARN of the role that plans assume."""
        role = self.plan_role or self.deploy_role
        return self.arn("iam", f"role/{role}") if role else None

    def taken_names(self) -> Iterator[names.Name]:
        """The IAM names that it gives, whoever makes what has them."""
        for field, name in (("deploy_role", self.deploy_role), ("plan_role", self.plan_role)):
            if name is not None:
                yield names.Name("aws_iam_role", names.bare(name), of=f"context.{field}")
        if self.permissions_boundary is not None:
            yield names.Name("aws_iam_policy", names.bare(self.permissions_boundary))

    @property
    def boundary_arn(self) -> str | None:
        """The ARN of the policy that bounds every role that Inferform creates."""
        name = self.permissions_boundary
        return self.arn("iam", f"policy/{name}") if name else None

    @property
    def image_account(self) -> str:
        """The account that owns the images."""
        return self.images.account if self.images else self.account

    @property
    def image_owner(self) -> Context:
        """The environment that owns the images: this one, or that of another account."""
        if self.images is None:
            return self
        return self.replace(
            account=self.images.account,
            stage=self.images.stage,
            region=self.images.home_region or self.region,
            images=None,
        )

    def repository(self, name: str) -> str:
        """The full name of an image repository, here or at the owner of the images."""
        return self._named(name) or self.image_owner.name(name)

    def endpoint(self, name: str) -> str:
        """The full name of a SageMaker endpoint."""
        return self.naming.endpoints.get(name) or self.name(name)

    def naming_endpoints(self, given: Mapping[str, str]) -> Context:
        """The same Context with these names of endpoints beside those of `naming`."""
        endpoints = {**self.naming.endpoints, **given}
        return self.replace(naming=self.naming.replace(endpoints=endpoints))

    def own_repository(self, name: str) -> str:
        """The full name of an image repository that this environment makes."""
        return self._named(name) or self.name(name)

    def _named(self, name: str) -> str | None:
        """The full name of a repository that is not made by the template."""
        given = self.naming.repositories.get(name)
        return None if given is None else self._repository(given)["name"]

    @staticmethod
    def _repository(given: str) -> re.Match[str]:
        found = _REPOSITORY.fullmatch(given)
        assert found is not None
        return found

    def registry_of(self, name: str) -> str:
        """The host of the registry that has an image repository."""
        given = self.naming.repositories.get(name)
        host = None if given is None else self._repository(given)["host"]
        return host or f"{self.image_account}.dkr.ecr.{self.region}.{self.dns_suffix}"

    @property
    def states(self) -> S3Backend | None:
        """The bucket of states that somebody else made, if they are in one."""
        return self.backend if isinstance(self.backend, S3Backend) else None

    @property
    def other_backend(self) -> Backend | None:
        """The backend of the states, if they are not in S3."""
        return self.backend if isinstance(self.backend, Backend) else None

    @property
    def state_bucket(self) -> str:
        """The bucket of Terraform states: one per organization, account and region."""
        if self.states is not None:
            return self.states.bucket
        return f"{self.organization}-tfstate-{self.account}-{self.region}"

    @property
    def state_region(self) -> str:
        """The Region of that bucket."""
        return (self.states.region if self.states else None) or self.region

    def state_key(self, layer: str) -> str:
        """The key of a layer's state in the state bucket."""
        prefix = self.states.prefix if self.states else ""
        return "/".join(filter(None, (prefix, self.key, f"{layer}.tfstate")))

    def default_tags(self, layer: str) -> dict[str, str]:
        """The tags that the provider puts on every resource of a layer."""
        own: dict[OwnTag, str] = {
            "environment": self.key,
            "layer": layer,
            "managed-by": "inferform",
            "organization": self.naming.organization or self.organization,
            "owner": self.owner,
            "stage": self.stage,
        }
        return {**self.tags, **{self.tag_key(name): value for name, value in own.items()}}

    @property
    def own_tags(self) -> frozenset[str]:
        """The keys of tags that no Spec sets."""
        return frozenset((*FIXED_TAGS, *map(self.tag_key, get_args(OwnTag))))

    def tag_key(self, own: OwnTag) -> str:
        """The key of one of Inferform's own tags."""
        return self.tag_keys.get(own, own)

    def is_own(self, tags: Mapping[str, str], *, layer: str | None = None) -> bool:
        """Whether something in AWS has this environment's tags, and those of a layer if given."""
        names: list[OwnTag] = ["environment", "managed-by"]
        if layer is not None:
            names.append("layer")
        wanted = self.default_tags(layer or "")
        return all(tags.get(key) == wanted[key] for key in map(self.tag_key, names))
