"""The deploy and plan roles, their boundary, and how jobs of GitHub and GitLab assume them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..cdk import Construct
from ..context import Context
from ..iam.policy import Statement, document
from ..overriding import override
from ..protect import lifecycle
from . import policies
from .spec import DataScientists, GitHub, GitLab, Identity

from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy


class Roles(Construct):
    """What the Context names: the deploy role, the plan role and the permissions boundary."""

    def __init__(self, scope: Construct, id: str, *, context: Context, spec: Identity) -> None:
        super().__init__(scope, id)
        self._context = context
        self._spec = spec
        self._protected = lifecycle(context)
        for source in spec.sources:
            if source.create_provider:
                IamOpenidConnectProvider(
                    self,
                    type(source).__name__.lower(),
                    url=f"https://{source.issuer}",
                    client_id_list=[source.audience],
                    lifecycle=self._protected,
                )
        IamPolicy(
            self,
            "boundary",
            name=context.permissions_boundary,
            description="What no role that Inferform creates may exceed",
            policy=document(*policies.boundary(context, spec.regions, spec.role_services)),
            lifecycle=self._protected,
        )
        self._role(
            "deploy",
            str(context.deploy_role),
            policies.deploy(
                context,
                {context.region, *spec.regions},
                spec.deploy_services,
                spec.role_policies,
                spec.existing_roles,
            ),
        )
        self._role(
            "plan",
            str(context.plan_role),
            policies.plan(context),
            spec.planners,
        )
        if spec.data_scientists is not None:
            self._data_scientists(spec.data_scientists)
        override(spec, self)

    def _data_scientists(self, spec: DataScientists) -> None:
        role = IamRole(
            self,
            "data-scientist",
            name=spec.role,
            description=f"Who develops models of {self._context.organization}",
            assume_role_policy=document(*self._trust_people([*spec.people])),
            lifecycle=self._protected,
        )
        IamRolePolicy(
            self,
            "data-scientist-policy",
            name="data-scientist",
            role=role.id,
            policy=document(*policies.data_scientist(self._context, spec.artifacts)),
        )

    def _role(
        self,
        kind: Literal["deploy", "plan"],
        name: str,
        statements: list[Statement],
        more: Sequence[str] = (),
    ) -> None:
        """`more` are roles that may assume it beside the operators."""
        arn = self._context.arn("iam", f"role/{name}")
        role = IamRole(
            self,
            kind,
            name=name,
            description=f"Terraform's {kind} role of {self._context.organization}",
            max_session_duration=4 * 3600 if kind == "deploy" else None,
            assume_role_policy=document(
                *self._trust_people([arn, *self._spec.operators, *more]),
                *(_trust_jobs(self._context, source, kind) for source in self._spec.sources),
            ),
            lifecycle=self._protected,
        )
        IamRolePolicy(self, f"{kind}-policy", name=kind, role=role.id, policy=document(*statements))

    def _trust_people(self, principals: list[str]) -> list[Statement]:
        """The role itself, as Terraform assumes it again from its own session, and who else may.

        A principal must exist, which the role does not yet; so the trust is in its account,
        under a condition that names it.
        """
        accounts = sorted({self._context.account, *(arn.split(":")[4] for arn in principals)})
        roots = self._context.account_roots(accounts)
        return [
            _trust(
                "Operators",
                {"AWS": roots},
                "sts:AssumeRole",
                {"ArnEquals": {"aws:PrincipalArn": principals}},
            )
        ]


def _trust_jobs(
    context: Context, source: GitHub | GitLab, kind: Literal["deploy", "plan"]
) -> Statement:
    subjects = source.deploy_subjects if kind == "deploy" else source.plan_subjects
    audience, subject = f"{source.issuer}:aud", f"{source.issuer}:sub"
    equal: dict[str, Any] = {audience: source.audience, subject: subjects}
    condition = {"StringEquals": equal}
    if any("*" in each for each in subjects):
        condition["StringLike"] = {subject: equal.pop(subject)}
    return _trust(
        type(source).__name__,
        {"Federated": context.arn("iam", f"oidc-provider/{source.issuer}")},
        "sts:AssumeRoleWithWebIdentity",
        condition,
    )


def _trust(
    sid: str, principal: dict[str, Any], action: str, condition: dict[str, dict[str, Any]]
) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Condition": condition,
    }
