"""What the deploy role, the plan role and the boundary of an account need, for a team that makes roles itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from inferform import Context, Environment, Existing
from inferform.iam.policy import Statement, size
from inferform.identity import policies
from inferform.identity.trust import DEPLOY_SECONDS, Kind, trust, trust_people
from inferform.names import bare, path_of
from inferform.spec import walk

from .errors import BadInputError

_NAMED = ("deploy_role", "plan_role", "permissions_boundary")


@dataclass(frozen=True, slots=True)
class Needed:
    """A role or policy that the Context names, and what it has to hold."""

    kind: Literal["deploy", "plan", "boundary"]
    arn: str
    name: str
    path: str
    policy: dict[str, Any]
    characters: int
    """Of the policy, without white space, as IAM counts."""

    trust: dict[str, Any] | None = None
    """The trust policy; None of the boundary."""

    session_seconds: int | None = None
    """How long a session must be allowed to last, in seconds; None where IAM's default does."""

    beside: dict[str, Any] | None = None
    """A managed policy beside `policy`, where a role's inline policies have no room for all."""

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """Its documents by the names of their files."""
        made = {
            f"{self.kind}.policy.json": self.policy,
            f"{self.kind}.trust.json": self.trust,
            f"{self.kind}-roles.policy.json": self.beside,
        }
        return {name: document for name, document in made.items() if document is not None}


def needed(environment: Environment, among: Iterable[Environment]) -> list[Needed]:
    """What the roles and the boundary that an environment's Context names need, for all of `among` that have them.

    An identity layer of the account says who assumes the roles, and what more they do. Without one the trust names
    the role alone. Raises BadInputError where the Context does not name all three.
    """
    context = environment.context
    for field in _NAMED:
        if getattr(context, field) is None:
            raise BadInputError(
                f"the Context of {environment.key} names no {field}",
                "name deploy_role, plan_role and permissions_boundary, each behind its path where it has one",
            )
    sharing = [each for each in among if _roles(each.context) == _roles(context)]
    owner = next((each for each in sharing if each.identity is not None), environment)
    identity = owner.identity
    regions = {each.context.region for each in sharing} | {*(identity.regions if identity else ())}
    existing = {*(identity.existing_roles if identity else ()), *_existing(sharing)}
    deploy = policies.deploy(
        owner.context,
        regions,
        identity.deploy_services if identity else (),
        identity.role_policies if identity else _attached(sharing),
        sorted(existing),
    )
    plan = policies.plan(owner.context, identity.other_plan_roles if identity else ())
    boundary = policies.boundary(
        owner.context, sorted(regions), identity.role_services if identity else ()
    )

    def role(kind: Kind, arn: str, statements: list[Statement]) -> Needed:
        trusted = (
            trust(owner.context, identity, kind)
            if identity is not None
            else trust_people(context, [arn])
        )
        seconds = DEPLOY_SECONDS if kind == "deploy" else None
        return _needed(kind, arn, statements, _document(trusted), seconds)

    return [
        role("deploy", str(context.deploy_role_arn), deploy),
        role("plan", str(context.plan_role_arn), plan),
        _needed("boundary", str(context.boundary_arn), boundary),
    ]


def _needed(
    kind: Literal["deploy", "plan", "boundary"],
    arn: str,
    statements: list[Statement],
    trusted: dict[str, Any] | None = None,
    seconds: int | None = None,
) -> Needed:
    named = arn.split(":", 5)[5].partition("/")[2]
    inline, beside = policies.parts(statements)
    return Needed(
        kind=kind,
        arn=arn,
        name=bare(named),
        path=path_of(named),
        policy=_document(inline),
        characters=size(inline),
        beside=_document(beside) if beside else None,
        trust=trusted,
        session_seconds=seconds,
    )


def _document(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _roles(context: Context) -> tuple[str | None, ...]:
    return (context.account, context.deploy_role)


def _existing(environments: Iterable[Environment]) -> set[str]:
    """The roles of others that services of the environments run with."""
    return {
        role
        for environment in environments
        for _, spec in walk(environment)
        if isinstance(spec, Existing)
        for role in (spec.execution_role, spec.task_role)
        if role is not None
    }


def _attached(environments: Iterable[Environment]) -> list[str]:
    """The managed policies that services of the environments attach to their roles."""
    found = {
        policy
        for environment in environments
        for _, spec in walk(environment)
        for permissions in (getattr(spec, "permissions", None) or {}).values()
        for policy in permissions.policies
    }
    return sorted(found)
