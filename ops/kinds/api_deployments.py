"""The deployments of REST APIs: what callers get from then on, out of the parts that change."""

from __future__ import annotations

from collections.abc import Iterator

from inferform.api.deployment import API, KIND

from ..plan import Action, Change, Plan, Side
from ..told import Story
from .sagemaker_story import referred_only
from .stacked import logical_of
from .stories import name_of
from .words import PAST

_RESOURCE = "aws_api_gateway_resource"
_METHOD, _INTEGRATION = "aws_api_gateway_method", "aws_api_gateway_integration"
_WORDS = {
    "aws_api_gateway_model": "schema of bodies",
    "aws_api_gateway_authorizer": "authorizer",
    "aws_api_gateway_rest_api_policy": "policy",
    "aws_api_gateway_gateway_response": "refusal",
}


def deployment_story(plan: Plan, stack: Change) -> Iterator[Story]:
    """What a REST API serves from now on."""
    before = logical_of(stack.before, KIND)
    if stack.action is not Action.UPDATE or before is None:
        return
    if before == logical_of(stack.after, KIND):
        return
    mine = (stack.before.get("parameters") or {}).get(API)
    apis = plan.of_type("aws_api_gateway_rest_api")
    api = next((each for each in apis if each.before.get("id") == mine), None)
    name = name_of(api, "name") if api else str(mine)
    yield Story(
        kind="REST API",
        name=name,
        address=stack.address,
        action=stack.action.value,
        headline=f"{name} is deployed again: callers get what it serves now, all at once",
        facts=tuple(dict.fromkeys(_facts(plan, mine))),
    )


def _facts(plan: Plan, api: object) -> Iterator[tuple[str, str]]:
    """The routes that come, go and change, and what else of an API does."""
    routes: dict[str, str] = {}
    for kind in (_METHOD, _INTEGRATION):
        for change in _parts(plan, kind, api):
            if kind == _METHOD or change.action in (Action.UPDATE, Action.REPLACE):
                routes.setdefault(route_of(plan, change), PAST[change.action])
    yield from ((f"route {past}", route) for route, past in sorted(routes.items()))
    for kind, words in _WORDS.items():
        for change in _parts(plan, kind, api):
            yield "changes", f"{words} {PAST[change.action]}"


def _parts(plan: Plan, kind: str, api: object) -> Iterator[Change]:
    """What changes of an API, of one type."""
    for change in plan.of_type(kind):
        held = (change.before.get("rest_api_id"), change.after.get("rest_api_id"))
        if change.is_shown and api in held:
            yield change


def route_of(plan: Plan, method: Change) -> str:
    """`POST /fraud`, of a method or of what belongs to one."""
    side: Side = "after" if method.exists_after else "before"
    return f"{method.at(side).get('http_method')} {_path(plan, method, 'resource_id', side)}"


def _path(plan: Plan, change: Change, attribute: str, side: Side) -> str:
    """The path of the resource that an attribute names; of one that is made, out of its parts."""
    named = change.at(side).get(attribute)
    if isinstance(named, str):
        resources = (*plan.of_type(_RESOURCE), *plan.kept(_RESOURCE))
        found = next((each for each in resources if each.at(side).get("id") == named), None)
    else:
        found = referred_only(plan, change, _RESOURCE, side, attribute)
    if found is None:
        return "" if attribute == "parent_id" else "of a path that is not known"
    path = found.at(side).get("path")
    if isinstance(path, str):
        return path
    return f"{_path(plan, found, 'parent_id', side)}/{found.at(side).get('path_part')}"
