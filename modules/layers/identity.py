"""The identity layer: the deploy and plan roles of an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..identity.spec import Identity
from ..rules import Problem, rule
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.identity import IdentityLayer

IDN1 = rule(
    "IDN1",
    refuses="an identity layer in an environment whose Context does not name what it creates",
    message="creates what the Context names, which names no {field}; give it one, such as "
    "{example}",
    source="Inferform: the identity layer makes what the Context names",
)

_NAMED = {
    "deploy_role": "inferform-deploy",
    "plan_role": "inferform-plan",
    "permissions_boundary": "inferform-boundary",
}
"""What the Context must name, with an example."""


def _build(site: Site) -> IdentityLayer:
    from .stacks.identity import IdentityLayer

    return IdentityLayer(site.app, context=site.context, spec=site.spec, target=site.target)


def _problems(environment: Environment) -> Iterator[Problem]:
    if environment.identity is None:
        return
    for field, example in _NAMED.items():
        if getattr(environment.context, field) is None:
            yield IDN1.problem("identity", field=field, example=example)


IDENTITY = LayerRecord(
    name="identity", spec=Identity, is_first=True, build=_build, problems=_problems
)
