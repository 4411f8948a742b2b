"""A statement of a resource's own policy, as people write it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from .rules import Problem, rule
from .spec import Many, Matches, Spec

if TYPE_CHECKING:
    from .context import Context

POL1 = rule(
    "POL1",
    refuses="an action that is not a service's prefix and a name, which may hold * and ?",
    message="must be an action such as s3:GetObject or ecr:Batch*",
    source="IAM user guide, IAM JSON policy elements: Action",
)
POL2 = rule(
    "POL2",
    refuses="a statement without actions",
    message="must name an action such as s3:GetObject",
    source="IAM user guide, IAM JSON policy elements: Action",
)
POL3 = rule(
    "POL3",
    refuses="a Sid with anything but letters and digits",
    message="must be letters and digits, such as ReadByAnalysts",
    source="IAM user guide, IAM JSON policy elements: Sid",
)
POL4 = rule(
    "POL4",
    refuses="two statements of one policy with one Sid",
    message="is the sid of two statements of this policy; name each otherwise",
    source="IAM user guide, IAM JSON policy elements: Sid (unique within a policy)",
)
POL5 = rule(
    "POL5",
    refuses="an Allow for everybody without a condition",
    message="lets everybody in, whatever account they are of; add a condition such as "
    '{{"StringEquals": {{"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}}}}, or name principals',
    source="IAM user guide, AWS JSON policy elements: Principal (anonymous access)",
)

POL6 = rule(
    "POL6",
    refuses="an ARN of a policy in another partition than the environment's Region",
    message="is in the partition {found}, and the environment's Region in {partition}; write "
    "arn:{partition}:",
    source="IAM User Guide, Amazon Resource Names (a partition is a group of Regions)",
)

_PARTITION = re.compile(r"arn:(aws[a-z-]*):")

Action = Annotated[str, Matches(POL1, r"([a-z0-9-]+:[A-Za-z0-9*?]+|\*)")]


class PolicyStatement(Spec):
    """A statement of the policy of a repository, a registry, a bucket or a VPC endpoint."""

    actions: Many[Action]
    """What is allowed or denied: `ecr:BatchGetImage`, `s3:Get*`."""

    resources: Many[str] = ()
    """The ARNs that it is for. Default: what the policy belongs to."""

    principals: Mapping[Literal["AWS", "Federated", "Service"], Many[str]] = {}
    """Who, by the kind of principal: `{"AWS": ["arn:aws:iam::111122223333:role/analyst"]}`.
    Default: everybody, which an Allow of anything but an endpoint must narrow by a condition."""

    conditions: Mapping[str, Mapping[str, Many[str]]] = {}
    """Conditions by operator and key: `{"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}}`.
    Default: none."""

    effect: Literal["Allow", "Deny"] = "Allow"
    """Whether it allows or denies. Default: Allow."""

    sid: Annotated[str, Matches(POL3, r"[A-Za-z0-9]{1,100}")] | None = None
    """Its name within the policy. Default: none."""

    def check(self) -> Iterator[Problem]:
        """It names actions."""
        if not self.actions:
            yield POL2.problem("actions", got=self.actions)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Everything is of the Region's partition: AWS refuses the whole policy otherwise."""
        for index, arn in enumerate(self.resources):
            yield from elsewhere(context, arn, "resources", index)
        for kind, named in self.principals.items():
            for index, arn in enumerate(named):
                yield from elsewhere(context, arn, "principals", kind, index)

    def document(self, *resources: str) -> dict[str, Any]:
        """The statement as IAM reads it; without resources of its own it is for `resources`.
        A policy whose statements have no Resource gives none."""
        made: dict[str, Any] = {"Sid": self.sid} if self.sid else {}
        made["Effect"] = self.effect
        made["Principal"] = (
            {kind: list(named) for kind, named in sorted(self.principals.items())}
            if self.principals
            else "*"
        )
        made["Action"] = list(self.actions)
        if self.resources or resources:
            made["Resource"] = list(self.resources or resources)
        if self.conditions:
            made["Condition"] = {
                operator: {key: list(values) for key, values in sorted(keys.items())}
                for operator, keys in sorted(self.conditions.items())
            }
        return made


def elsewhere(context: Context, arn: str, *path: str | int) -> Iterator[Problem]:
    """What is wrong with an ARN that is in another partition than the Region."""
    found = _PARTITION.match(arn)
    if found and found[1] != context.partition:
        yield POL6.problem(*path, got=arn, found=found[1], partition=context.partition)


def problems(statements: Sequence[PolicyStatement], field: str) -> Iterator[Problem]:
    """What is wrong with the statements of one policy of a resource that is not an endpoint."""
    taken: set[str] = set()
    for index, each in enumerate(statements):
        if each.effect == "Allow" and not each.conditions:
            everybody = not each.principals or "*" in each.principals.get("AWS", ())
            if everybody:
                yield POL5.problem(field, index, "principals")
        yield from _repeated(each, taken, field, index)


def repeated(statements: Sequence[PolicyStatement], *path: str) -> Iterator[Problem]:
    """The names that two statements of one policy have."""
    taken: set[str] = set()
    for index, each in enumerate(statements):
        yield from _repeated(each, taken, *path, index)


def _repeated(each: PolicyStatement, taken: set[str], *path: str | int) -> Iterator[Problem]:
    if each.sid and each.sid in taken:
        yield POL4.problem(*path, "sid", got=each.sid)
    if each.sid:
        taken.add(each.sid)
