"""Audit: who called which SageMaker endpoint, kept in a bucket that only readers open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from ..existing import RoleArn
from ..rules import Problem, rule
from ..s3.lifecycle import Days
from ..service import Subject, meant
from ..spec import Check, Many, Spec
from .names import AUDIT

if TYPE_CHECKING:
    from ..context import Context
    from ..environment import Environment
    from .spec import Observability

MON12 = rule(
    "MON12",
    refuses="an audit of what CloudTrail has no data events of, or of more than it selects",
    message="{wrong}",
    source="AWS CloudTrail user guide, logging data events (AWS::SageMaker::Endpoint) and quotas (500 values "
    "of the conditions of a trail)",
)

ENDPOINTS = 490
"""The most endpoints of a trail: CloudTrail takes 500 values of conditions, of which a few say what is kept."""

_SORT = "endpoint"


class Audit(Spec):
    """A trail of AWS CloudTrail with each call of SageMaker endpoints: InvokeEndpoint, InvokeEndpointAsync
    and InvokeEndpointWithResponseStream.

    It holds who called what, when and from where, and neither requests nor answers. Calls of management,
    such as UpdateEndpoint, are in the account's event history without it. $0.10 for 100,000 calls, and S3.
    """

    of: Many[str] = ()
    """Which endpoints, by name. Default: every SageMaker endpoint of the environment."""

    readers: Annotated[
        Many[RoleArn],
        Check(
            MON12,
            lambda given: len(given) == len(set(given)) <= 50,
            lambda _: {"wrong": "must be at most 50 roles, each once"},
        ),
    ] = ()
    """The roles that alone may read it, whatever their IAM policies let others do. Those of other accounts
    need IAM's leave there too. Default: whoever IAM lets in this account."""

    keep_days: Days = 365
    """Days after which an entry is deleted. Default: 365."""


def audited(environment: Environment, audit: Audit) -> list[Subject]:
    """The endpoints whose calls are kept."""
    every = [each for each in environment.subjects if each.spec.sort == _SORT]
    if not audit.of:
        return every
    found = [each for name in audit.of for each in meant(every, name)]
    return list({each.full_name: each for each in found}.values())


def audit_problems(environment: Environment, spec: Observability) -> Iterator[Problem]:
    """Something is kept, and no more than CloudTrail selects."""
    audit = spec.audit
    if audit is None:
        return
    for index, name in enumerate(audit.of):
        if not audited(environment, audit.replace(of=(name,))):
            wrong = "is no SageMaker endpoint of this environment, and CloudTrail knows the calls of no other"
            yield MON12.problem(AUDIT, "of", index, got=name, wrong=wrong)
    count = len(audited(environment, audit))
    if not audit.of and not count:
        wrong = "would keep nothing: the environment has no SageMaker endpoint; leave it out"
        yield MON12.problem(AUDIT, wrong=wrong)
    if count > ENDPOINTS:
        wrong = f"would keep the calls of {count} endpoints, and a trail selects {ENDPOINTS}; name them in of"
        yield MON12.problem(AUDIT, wrong=wrong)


def trail_arn(context: Context, name: str) -> str:
    """The ARN of a trail."""
    return context.arn("cloudtrail", f"trail/{name}")
