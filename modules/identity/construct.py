"""The deploy and plan roles, their boundary, and how jobs of GitHub and GitLab assume them."""

from __future__ import annotations

from typing import Literal

from ..cdk import Construct
from ..context import Context
from ..iam.policy import Statement, document
from ..names import bare, path_of
from ..overriding import override
from ..protect import lifecycle
from . import policies
from .spec import DataScientists, Identity
from .trust import DEPLOY_SECONDS, trust, trust_people

from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment


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
                    client_id_list=[source.token_audience],
                    lifecycle=self._protected,
                )
        boundary = str(context.permissions_boundary)
        IamPolicy(
            self,
            "boundary",
            name=bare(boundary),
            path=_path(boundary),
            description="What no role that Inferform creates may exceed",
            policy=document(*policies.boundary(context, spec.regions, spec.role_services)),
            lifecycle=self._protected,
        )
        inline, beside = policies.parts(spec.deploy_statements(context))
        deploy = self._role("deploy", str(context.deploy_role), inline)
        if beside:
            self._beside(deploy, beside)
        self._role("plan", str(context.plan_role), policies.plan(context, spec.other_plan_roles))
        if spec.data_scientists is not None:
            self._data_scientists(spec.data_scientists)
        override(spec, self)

    def _data_scientists(self, spec: DataScientists) -> None:
        role = IamRole(
            self,
            "data-scientist",
            name=spec.role,
            description=f"Who develops models of {self._context.organization}",
            assume_role_policy=document(*trust_people(self._context, [*spec.people])),
            lifecycle=self._protected,
        )
        IamRolePolicy(
            self,
            "data-scientist-policy",
            name="data-scientist",
            role=role.id,
            policy=document(*policies.data_scientist(self._context, spec.artifacts)),
        )

    def _beside(self, deploy: IamRole, statements: list[Statement]) -> None:
        """What the inline policy of the deploy role has no room for."""
        name = policies.beside(self._context)
        policy = IamPolicy(
            self,
            "deploy-roles",
            name=bare(name),
            path=_path(name),
            description="Which roles a deploy gives to services, and which policies to roles",
            policy=document(*statements),
            lifecycle=self._protected,
        )
        IamRolePolicyAttachment(self, "deploy-attachment", role=deploy.name, policy_arn=policy.arn)

    def _role(
        self,
        kind: Literal["deploy", "plan"],
        name: str,
        statements: list[Statement],
    ) -> IamRole:
        role = IamRole(
            self,
            kind,
            name=bare(name),
            path=_path(name),
            description=f"Terraform's {kind} role of {self._context.organization}",
            max_session_duration=DEPLOY_SECONDS if kind == "deploy" else None,
            assume_role_policy=document(*trust(self._context, self._spec, kind)),
            lifecycle=self._protected,
        )
        IamRolePolicy(self, f"{kind}-policy", name=kind, role=role.id, policy=document(*statements))
        return role


def _path(name: str) -> str | None:
    """The path of a role or policy, where it is not that of all."""
    path = path_of(name)
    return None if path == "/" else path
