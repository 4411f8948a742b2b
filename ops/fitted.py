"""Which copies of inference components fit on which instances, of every endpoint that has some."""

from __future__ import annotations

from inferform import Environment, InferenceComponentEndpoint

from .errors import BadInputError


def idle(environment: Environment) -> dict[str, float]:
    """The share of accelerators, or of memory where there are none, that no component has of the
    fewest instances of each endpoint by its short name; without those of which it is not known."""
    found = {
        each.name: each.spec.idle_share
        for each in environment.deployed
        if isinstance(each.spec, InferenceComponentEndpoint) and each.spec.components
    }
    return {name: share for name, share in found.items() if share is not None}


def drawings(environment: Environment, endpoint: str | None = None) -> dict[str, list[str]]:
    """The lines of each endpoint's drawing by its short name, or those of one alone.

    Raises BadInputError where there is none.
    """
    found = {
        each.name: each.spec.drawing()
        for each in environment.deployed
        if isinstance(each.spec, InferenceComponentEndpoint) and each.spec.components
    }
    if endpoint is not None and endpoint not in found:
        known = ", ".join(sorted(found)) or "no endpoint"
        raise BadInputError(f"{endpoint} has no inference components", f"{known} has some")
    if not found:
        raise BadInputError(
            f"{environment.key} has no inference components", "declare some: components={...}"
        )
    return {endpoint: found[endpoint]} if endpoint is not None else found
