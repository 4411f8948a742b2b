"""The execution role of one SageMaker endpoint: what it declares, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from ..cdk import Construct, ITerraformDependable, TerraformStack
from ..context import Context
from ..names import role as role_name
from .policy import Statement, document, merged, trust

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy


def note_given(scope: Construct, *, arn: str, trusted: str, statements: list[Statement]) -> None:
    """Say in the stack what a role that exists must be allowed, and who must be trusted by it: a
    service, or an identity provider. Preflight compares it with what the role may do."""
    TerraformStack.of(scope).add_override(
        f"//.metadata.inferform.roles.{scope.node.path}",
        {"arn": arn, "service": trusted, "statements": statements},
    )


_LONGEST_SESSION = 3600
"""Seconds for which a role is assumed at most, unless it says otherwise. Source: botocore iam CreateRole
(MaxSessionDuration)."""


class ExecutionRole(Construct):
    """A role that SageMaker assumes, with one inline policy.

    `ready` is what a consumer depends on, so that the policy is attached first.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        statements: Iterable[Statement],
        service: str = "sagemaker.amazonaws.com",
        also: str | None = None,
        given: str | None = None,
        longest_session: int = _LONGEST_SESSION,
    ) -> None:
        """`given` is the ARN of a role that exists, which takes its place. `also` is another principal of
        the service that assumes it. Default of both: None. `longest_session` is for how many seconds it
        is assumed. Default: 3,600, as IAM takes it."""
        super().__init__(scope, id)
        needed = merged(statements)
        if given is not None:
            self.name = self.arn = given
            self.ready: list[ITerraformDependable] = []
            note_given(self, arn=given, trusted=service, statements=needed)
            return
        self.name = role_name(context, name)
        role = IamRole(
            self,
            "role",
            name=self.name,
            assume_role_policy=trust(service, context, also=also),
            max_session_duration=longest_session if longest_session > _LONGEST_SESSION else None,
        )
        self.arn = role.arn
        self._role_id = role.id
        self.ready = [
            IamRolePolicy(self, "policy", name="inference", role=role.id, policy=document(*needed))
        ]

    def allow(self, name: str, *statements: Statement) -> IamRolePolicy:
        """Let the role do more, by an inline policy `name` of its own beside that of the service."""
        return IamRolePolicy(
            self, name, name=name, role=self._role_id, policy=document(*statements)
        )
