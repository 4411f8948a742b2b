"""Who may deploy to an account, and who may only plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from ..context import Context, RoleName
from ..existing import RoleArn
from ..iam.policy import Statement, size
from ..overrides import Overridable
from ..permissions import PolicyArn
from ..places import Region
from ..rules import Problem, rule
from ..spec import Check, Many, Matches, Spec, arn_of
from . import policies
from .trust import LARGEST_TRUST, USUAL_TRUST, trust, trust_people

IDN3 = rule(
    "IDN3",
    refuses="a GitHub repository that is not owner/name",
    message="must be one repository as owner/name, such as acme/inference, without wildcards",
    source="GitHub documentation, OpenID Connect reference (subject claims)",
)
IDN4 = rule(
    "IDN4",
    refuses="a branch or GitHub environment with a wildcard or a colon",
    message="must be the name of one branch or environment, without *, ? or :",
    source="GitHub documentation, OpenID Connect in AWS; IAM condition operator StringLike",
)
IDN5 = rule(
    "IDN5",
    refuses="a deploy role that nobody of the repository may assume",
    message="lets nobody deploy; name a branch in branches or an environment in environments",
    source="Inferform: an empty condition would let nobody in",
)
IDN6 = rule(
    "IDN6",
    refuses="an operator that is not the ARN of one IAM role",
    message="must be the ARN of one role, without wildcards, such as {example}",
    source="AWS IAM user guide, aws:PrincipalArn",
)
IDN7 = rule(
    "IDN7",
    refuses="an identity layer that lets nobody in",
    message="lets nobody assume its roles; give github, gitlab or operators",
    source="Inferform: the deploy role would have no user",
)

IDN8 = rule(
    "IDN8",
    refuses="branches that may deploy beside GitHub environments",
    message="lets a job on {branch} deploy that names no environment, so that nobody approves it; "
    "leave branches out, and name in plan_branches who only plans",
    source="GitHub documentation, OpenID Connect reference (subject claims): a job without an "
    "environment shows its branch; environments, deployment protection rules",
)

IDN9 = rule(
    "IDN9",
    refuses="a GitLab project that is not its whole path",
    message="must be the path of one project with its groups, such as acme/ml/inference, without wildcards",
    source="GitLab documentation, ID tokens (claims project_path and sub)",
)
IDN10 = rule(
    "IDN10",
    refuses="an issuer of tokens with a scheme, a port, a query or a slash at its end",
    message="must be the host, and the path where it has one, without https://, such as gitlab.acme.com",
    source="IAM user guide, Create an OpenID Connect identity provider; CreateOpenIDConnectProvider (Url)",
)

IDN11 = rule(
    "IDN11",
    refuses="a role for data scientists that nobody may assume",
    message="lets nobody assume it; name roles of people in people",
    source="Inferform: the role would have no user",
)
IDN12 = rule(
    "IDN12",
    refuses="a prefix of artifacts that does not end in a slash, or has a wildcard",
    message="must be the beginning of keys and end in a slash, such as models/",
    source="AWS IAM user guide, wildcards in Resource; Amazon S3 user guide, object keys",
)

IDN18 = rule(
    "IDN18",
    refuses="more Regions, services, policies or roles of others than the policies of the layer have room for",
    message="make the policy {what} {size:,} characters long; IAM takes {limit:,}: {remedy}",
    source="AWS IAM user guide, IAM and AWS STS quotas (inline policies of a role, managed policies)",
)
IDN15 = rule(
    "IDN15",
    refuses="an audience of tokens that IAM does not take",
    message="must be what the provider in IAM has as its audience, of 1 to 255 characters without white space, such "
    "as https://gitlab.acme.com",
    source="botocore iam clientIDType; GitLab documentation, ID tokens (claim aud)",
)
IDN13 = rule(
    "IDN13",
    refuses="more operators and jobs than the trust policy of a role has room for",
    message="lets {count} roles in by a trust policy of {size:,} characters of {role}; IAM takes {limit:,}: leave some "
    "out, or give their environments an account of their own",
    source="AWS IAM user guide, IAM and AWS STS quotas (role trust policy length)",
)
IDN14 = rule(
    "IDN14",
    refuses="operators and jobs for whom the account needs a higher quota",
    message="lets {count} roles in by a trust policy of {size:,} characters of {role}; IAM takes {limit:,} unless the "
    "account's quota for the length of trust policies is raised: ask AWS for that first, or leave some out",
    source="AWS IAM user guide, IAM and AWS STS quotas (role trust policy length)",
    severity="warning",
)

GITHUB_ISSUER = "token.actions.githubusercontent.com"
GITLAB_ISSUER = "gitlab.com"

_ROLE_EXAMPLE = "arn:aws:iam::111122223333:role/platform-admin"

SubjectPart = Annotated[str, Matches(IDN4, r"[^*?:\s]{1,255}")]


# A URL of 255 characters, https:// among them.
_ISSUER = r"(?=.{1,247}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/[A-Za-z0-9._~-]+)*"


class GitHub(Spec):
    """The GitHub repository whose workflows plan and deploy, without any stored key."""

    repository: Annotated[
        str, Matches(IDN3, r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
    ]
    """`owner/name`."""

    branches: Many[SubjectPart] | None = None
    """Branches whose workflows may deploy, without anybody's approval. Default: main where
    `environments` is empty, none otherwise; both together are refused."""

    environments: Many[SubjectPart] = ()
    """GitHub environments whose jobs alone may deploy, under the protection rules that GitHub has
    for them. A job of an environment names it instead of its branch. Default: none."""

    plan_branches: Many[SubjectPart] = ("main",)
    """Branches whose workflows may assume the plan role. Default: main. Who may deploy may plan
    too."""

    plan_pull_requests: bool = True
    """Whether workflows of pull requests may assume the plan role: whoever may push a branch then
    reads what that role reads, the states among it. Workflows of pull requests from forks get no
    token. Default: True."""

    create_provider: bool = True
    """Whether GitHub's OIDC provider is created; an account has one at most. Default: True."""

    issuer: Annotated[str, Matches(IDN10, _ISSUER)] = GITHUB_ISSUER
    """Who signs the tokens, without `https://`. A GitHub Enterprise Server is
    `HOST/_services/token`; an enterprise with an issuer of its own has its name after GitHub's.
    Default: `token.actions.githubusercontent.com`."""

    def check(self) -> Iterator[Problem]:
        """Someone may deploy, and nobody past the approval of an environment."""
        if not self.deploy_subjects:
            yield IDN5.problem()
        if self.branches and self.environments:
            yield IDN8.problem("branches", got=list(self.branches), branch=self.branches[0])

    @property
    def deploy_subjects(self) -> list[str]:
        """The subject claims that may assume the deploy role."""
        branches = self.branches
        if branches is None:
            branches = () if self.environments else ("main",)
        return [
            *self._branch_subjects(branches),
            *(f"repo:{self.repository}:environment:{name}" for name in self.environments),
        ]

    @property
    def plan_subjects(self) -> list[str]:
        """The subject claims that may assume the plan role."""
        requests = [f"repo:{self.repository}:pull_request"] if self.plan_pull_requests else []
        planning = self._branch_subjects(self.plan_branches)
        return list(dict.fromkeys([*self.deploy_subjects, *planning, *requests]))

    @property
    def token_audience(self) -> str:
        """For whom the workflows ask a token: what AWS's own action for GitHub asks."""
        return "sts.amazonaws.com"

    def _branch_subjects(self, branches: Iterable[str]) -> list[str]:
        return [f"repo:{self.repository}:ref:refs/heads/{branch}" for branch in branches]


class GitLab(Spec):
    """The GitLab project whose jobs plan and deploy, without any stored key.

    A job's subject names its project and its branch, not its GitLab environment: what protects a
    deploy is a protected branch, and that only who may deploy may start the job.
    """

    project: Annotated[
        str,
        Matches(
            IDN9, r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}){1,20}"
        ),
    ]
    """The project's path with its groups, such as `acme/ml/inference`."""

    branches: Many[SubjectPart] = ("main",)
    """Branches whose jobs may deploy: protected branches, as whoever may push to one may deploy.
    Default: main."""

    plan_branches: Many[SubjectPart] = ("main",)
    """Branches whose jobs may assume the plan role. Default: main. Who may deploy may plan too."""

    plan_merge_requests: bool = True
    """Whether jobs of merge requests may assume the plan role. Their subject names the branch that
    is to be merged, so every branch of the project may then. Whoever may push one reads what that
    role reads, the states among it. Default: True."""

    create_provider: bool = True
    """Whether GitLab's OIDC provider is created; an account has one at most. Default: True."""

    issuer: Annotated[str, Matches(IDN10, _ISSUER)] = GITLAB_ISSUER
    """Who signs the tokens, without `https://`: the host of the GitLab. AWS must reach it for the
    keys. Default: `gitlab.com`."""

    audience: Annotated[str, Matches(IDN15, r"\S{1,255}")] | None = None
    """For whom the jobs ask a token, `aud` in their `id_tokens`: what the provider in IAM has as its
    audience, where somebody else made it. Default: None, `https://` and the issuer, which is
    `$CI_SERVER_URL` in a job."""

    def check(self) -> Iterator[Problem]:
        """Someone may deploy."""
        if not self.branches:
            yield IDN5.problem()

    @property
    def deploy_subjects(self) -> list[str]:
        """The subject claims that may assume the deploy role."""
        return self._branch_subjects(self.branches)

    @property
    def plan_subjects(self) -> list[str]:
        """The subject claims that may assume the plan role, as `StringLike` reads them."""
        if self.plan_merge_requests:
            return self._branch_subjects(["*"])
        return list(
            dict.fromkeys([*self.deploy_subjects, *self._branch_subjects(self.plan_branches)])
        )

    @property
    def token_audience(self) -> str:
        """For whom the jobs ask a token."""
        return self.audience or f"https://{self.issuer}"

    def _branch_subjects(self, branches: Iterable[str]) -> list[str]:
        return [f"project_path:{self.project}:ref_type:branch:ref:{branch}" for branch in branches]


def _is_one_role(arn: str) -> bool:
    return not re.search(r"[*?]", arn)


OneRole = Annotated[
    str,
    arn_of("iam", _ROLE_EXAMPLE, resource=r"role/.+"),
    Check(IDN6, _is_one_role, lambda _: {"example": _ROLE_EXAMPLE}),
]
"""The ARN of one role."""


DeployService = Literal[
    "bedrock",
    "budgets",
    "codebuild",
    "codepipeline",
    "dynamodb",
    "firehose",
    "lambda",
    "route53",
    "secretsmanager",
    "servicediscovery",
    "servicequotas",
    "sns",
    "sqs",
    "ssm",
]
"""Services that only a project's own layers create in, by the prefix of their actions."""

RoleService = Literal[
    "aoss",
    "bedrock",
    "dynamodb",
    "elasticfilesystem",
    "es",
    "kafka-cluster",
    "kinesis",
    "rds-db",
    "s3vectors",
    "sqs",
]
"""Services that roles of a project's own may use at run time, by the prefix of their actions."""


class DataScientists(Spec):
    """A role for who develops models.

    It calls what serves, registers versions that wait for an approval, and reads logs and metrics. It
    decides on no version, and neither makes, changes nor deletes what is declared.
    """

    people: Annotated[Many[OneRole], Check(IDN11, bool)]
    """Roles of people who may assume it, by ARN."""

    role: RoleName = "inferform-data-scientist"
    """Its name. Default: inferform-data-scientist."""

    artifacts: Many[Annotated[str, Matches(IDN12, r"[A-Za-z0-9!_.'()/-]{1,1000}/")]] = ("models/",)
    """Where it may put and read artifacts in the organization's buckets, by the beginning of their keys:
    there it may also replace those that something runs. Default: `models/`."""


def _too_long(field: str, role: str, count: int, length: int) -> Iterator[Problem]:
    """A trust policy that IAM does not take, or takes with a higher quota alone."""
    told = {"count": count, "role": f"the {role} role" if role in ("deploy", "plan") else role}
    if length > LARGEST_TRUST:
        yield IDN13.problem(field, size=length, limit=LARGEST_TRUST, **told)
    elif length > USUAL_TRUST:
        yield IDN14.problem(field, size=length, limit=USUAL_TRUST, **told)


class Identity(Overridable):
    """The deploy role, the plan role and the permissions boundary that the Context names."""

    github: GitHub | None = None
    """The repository whose workflows may assume the roles. Default: none."""

    gitlab: GitLab | None = None
    """The project whose jobs may assume the roles. Default: none."""

    operators: Many[OneRole] = ()
    """Roles of people who may assume both roles, by ARN. Default: none."""

    planners: Many[OneRole] = ()
    """Roles that may assume the plan role alone, by ARN, such as those of builds of pull requests, or the
    plan role of another account. Default: none."""

    other_plan_roles: Many[OneRole] = ()
    """Plan roles of other accounts that the plan role may assume, by ARN, where one job reviews environments of
    several accounts. Those accounts let it in as one of their `planners`. Default: none."""

    data_scientists: DataScientists | None = None
    """A role for who develops models. Default: None, none is made."""

    regions: Many[Region] = ()
    """Regions where the deploy role may work beside the environment's own: those of the other
    environments of the account. Default: none."""

    deploy_services: Many[DeployService] = ()
    """Services that a deploy creates in beside those of Inferform's own layers, as layers of the
    project need them. It may then also change what is not of this organization there, and so run
    as roles of others (`codebuild`) or read their secrets
    (`secretsmanager`). Default: none; it only reads how resources
    of these are set up."""

    role_services: Many[RoleService] = ()
    """Services that roles under the boundary may use in the account's Regions, beside what roles of
    Inferform's own layers need. Default: none."""

    role_policies: Many[PolicyArn] = ()
    """Managed policies that a deploy may attach to roles of the layers, as `permissions` names them,
    by ARN. Default: none but those that Inferform's own layers attach."""

    existing_roles: Many[RoleArn] = ()
    """Roles that a deploy may give to services though somebody else made them, as `existing` names
    them, by ARN. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Someone may assume the roles."""
        if not (self.sources or self.operators):
            yield IDN7.problem()

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The trust policies of its roles are small enough; of the deploy and the plan role, the larger one is
        told."""
        yield from super().check_in(context)
        more = len(self.operators) + len(self.planners)
        deploy = ("operators", "deploy", len(self.operators), size(trust(context, self, "deploy")))
        plan = ("planners", "plan", more, size(trust(context, self, "plan")))
        yield from _too_long(*max(deploy, plan, key=lambda each: each[3]))
        yield from self._check_sizes(context)
        if self.data_scientists is not None:
            people = [*self.data_scientists.people]
            length = size(trust_people(context, people))
            yield from _too_long("data_scientists", self.data_scientists.role, len(people), length)

    def _check_sizes(self, context: Context) -> Iterator[Problem]:
        inline, beside = policies.parts(self.deploy_statements(context))
        boundary = policies.boundary(context, self.regions, self.role_services)
        for field, what, statements, limit, remedy in (
            ("regions", "of the deploy role", inline, policies.LARGEST_INLINE, "leave some out"),
            (
                "existing_roles",
                "beside the deploy role's",
                beside,
                policies.LARGEST_MANAGED,
                "leave some out, or let services share a role",
            ),
            (
                "role_services",
                "of the boundary",
                boundary,
                policies.LARGEST_MANAGED,
                "leave some out",
            ),
        ):
            if statements and size(statements) > limit:
                found = {"what": what, "size": size(statements), "limit": limit, "remedy": remedy}
                yield IDN18.problem(field, **found)

    def deploy_statements(self, context: Context) -> list[Statement]:
        """What the deploy role may do."""
        regions = {context.region, *self.regions}
        more = (self.deploy_services, self.role_policies, self.existing_roles)
        return policies.deploy(context, regions, *more)

    @property
    def sources(self) -> list[GitHub | GitLab]:
        """Whose jobs may assume the roles."""
        return [each for each in (self.github, self.gitlab) if each]

    @property
    def creates_providers(self) -> list[str]:
        """The issuers whose OIDC providers this layer creates."""
        return [each.issuer for each in self.sources if each.create_provider]
