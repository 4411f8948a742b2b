"""Rights that a team adds to roles of Inferform's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

from .names import short_hash
from .rules import Problem, rule
from .spec import Check, Many, Spec, arn_of
from .statement import PolicyStatement, elsewhere, repeated

if TYPE_CHECKING:
    from .context import Context

PRM1 = rule(
    "PRM1",
    refuses="every action of every service for a role",
    message="must be actions of one service, such as dynamodb:GetItem or dynamodb:Get*",
    source="Inferform: a role is for one service",
)
PRM2 = rule(
    "PRM2",
    refuses="a statement of a role without resources, or one that is neither an ARN nor *",
    message="must be ARNs, such as arn:aws:dynamodb:us-east-1:111122223333:table/features, or * for "
    "actions that take none",
    source="IAM User Guide, IAM JSON policy elements: Resource",
)
PRM3 = rule(
    "PRM3",
    refuses="a principal in a statement of a role",
    message="must be left out: the statement is the role's own",
    source="IAM User Guide, AWS JSON policy elements: Principal (identity-based policies have none)",
)
PRM4 = rule(
    "PRM4",
    refuses="more rights for a role that its Spec does not make",
    message="is not a role of {spec}{hint}; its roles are {roles}",
    source="Inferform: a role is named by the path of construct ids from the Spec's construct to it",
)
PRM5 = rule(
    "PRM5",
    refuses="a right that the permissions boundary cuts",
    message="allows {actions}, which the permissions boundary of {identity} cuts; name the service in "
    "identity.role_services, or leave it out",
    source="IAM User Guide, permissions boundaries for IAM entities",
    severity="warning",
)
PRM6 = rule(
    "PRM6",
    refuses="more managed policies of one role than IAM attaches",
    message="must be at most 10, each once",
    source="IAM and AWS STS quotas, managed policies attached to an IAM role (10 by default)",
)

PRM7 = rule(
    "PRM7",
    refuses="more statements than the inline policies of a role hold",
    message="have {size} characters{own}, of which IAM takes {most} in all inline policies of a role; "
    "write one statement for several resources, or name a managed policy in policies",
    source="IAM and AWS STS quotas, role inline policy size (10,240 characters without white space)",
)

_INLINE_SIZE = 10_240

_REFERENCE = re.compile(r"\$\{[^{}]*\}")

_POLICY_EXAMPLE = "arn:aws:iam::111122223333:policy/feature-store-reader"

_ARN = re.compile(r"\*|arn:[\w*-]+:[\w*-]+:[\w*-]*:[\w*-]*:[ -~]+", re.ASCII)

PolicyArn = Annotated[
    str,
    Check(
        arn_of("iam", _POLICY_EXAMPLE).rule,
        lambda arn: bool(
            re.fullmatch(
                r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]{1,512}", arn, re.ASCII
            )
        ),
        lambda _: {"example": _POLICY_EXAMPLE},
    ),
]
"""The ARN of a managed policy, AWS's or the team's."""


MORE = "more"
"""The name of the policy that holds the statements that a role has more."""


def _size(policy: str) -> int:
    """How many characters of a policy IAM counts."""
    return len("".join(policy.split()))


def attached_as(role: str, policy: str) -> str:
    """The construct id by which a managed policy is attached to a role that has more."""
    return f"{role}-{short_hash(policy)}"


class Permissions(Spec):
    """What a role may do beside what Inferform gives it, within the permissions boundary."""

    statements: Many[PolicyStatement] = ()
    """Statements of a policy of its own, with resources and without principals. Default: none."""

    policies: Annotated[
        Many[PolicyArn], Check(PRM6, lambda given: len(given) == len(set(given)) <= 10)
    ] = ()
    """Managed policies by ARN. The deploy role of the identity layer may attach those that
    `Identity.role_policies` names. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Each statement is one that a role can have."""
        for index, each in enumerate(self.statements):
            if "*" in each.actions:
                yield PRM1.problem("statements", index, "actions", got="*")
            if not each.resources or not all(map(_ARN.fullmatch, each.resources)):
                yield PRM2.problem("statements", index, "resources", got=[*each.resources])
            if each.principals:
                yield PRM3.problem("statements", index, "principals")
        yield from repeated(self.statements, "statements")
        yield from self.oversize()

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Managed policies are of the Region's partition; statements say so themselves."""
        for index, arn in enumerate(self.policies):
            yield from elsewhere(context, arn, "policies", index)

    def oversize(self, own: Iterable[str] = ()) -> Iterator[Problem]:
        """More than the inline policies of a role hold, with those in JSON that it has anyway.
        References in them count for nothing, as how long they are shows only in AWS."""
        held = sum(_size(_REFERENCE.sub("", policy)) for policy in own)
        size = held + _size(json.dumps({"Statement": self.documents}))
        if self.statements and size > _INLINE_SIZE:
            among = f" with {held:,} of Inferform's own" if held else ""
            most = f"{_INLINE_SIZE:,}"
            yield PRM7.problem("statements", size=f"{size:,}", own=among, most=most)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The statements in JSON."""
        made = [each.document() for each in self.statements]
        return [{key: each[key] for key in each if key != "Principal"} for each in made]


def cut(statement: PolicyStatement, boundary: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The actions of a statement that no statement of a permissions boundary allows, whatever its
    resources and conditions."""
    if statement.effect == "Deny":
        return
    allowed = [
        action.lower()
        for each in boundary
        if each["Effect"] == "Allow"
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    ]
    for action in statement.actions:
        if not any(fnmatchcase(action.lower(), pattern) for pattern in allowed):
            yield action


def boundary_problems(
    permissions: Iterable[tuple[str, Permissions]],
    boundary: Iterable[dict[str, Any]],
    identity: str,
) -> Iterator[Problem]:
    """What of the rights of roles their boundary cuts; `identity` is the environment that makes it."""
    held = list(boundary)
    for role, given in permissions:
        for index, statement in enumerate(given.statements):
            actions = list(cut(statement, held))
            if actions:
                yield PRM5.problem(
                    *("permissions", role, "statements", index),
                    actions=", ".join(actions),
                    identity=identity,
                )
