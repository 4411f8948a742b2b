"""Whether what runs is what the states say: configuration, image, health, one invocation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from inferform import Environment

from .advice import explained
from .aws import Aws
from .checks import DEPLOYED
from .kinds import kinds
from .kinds.record import Finding, Not, Verification, Verifier
from .services import shortest_names
from .state import State, States


def verify(environment: Environment, aws: Aws, samples: Path | None = None) -> list[Finding]:
    """Check everything that the states of an environment say serves predictions.

    `samples` is a folder of request bodies, `fraud.csv` or `fraud.json` for the service fraud;
    without a body an endpoint is sent an empty one, and has only to answer. Findings of services
    that share a name have the full name of theirs too, `ecs/fraud`.
    """
    shortest = shortest_names(environment.deployed)
    told_apart = {
        each.resource: each.full_name
        for each in environment.deployed
        if each.resource and shortest[each.full_name] == each.full_name
    }
    states = States(aws)
    findings: list[Finding] = []
    for layer in environment.layers:
        state = states.read(layer)
        if state is None or not state.resources:
            stack = f"{environment.key}-{layer}"
            fix = f"cdktf deploy {stack}"
            findings.append(Finding(DEPLOYED, stack, "failed", "has no state", fix))
            continue
        with explained(environment.context, layer):
            for kind, verifier in _verifiers(Verification(environment, aws, state, samples)):
                full_name = told_apart.get((kind, verifier.name))
                findings += (
                    replace(found, subject=f"{full_name} ({found.subject})") if full_name else found
                    for found in verifier.findings()
                )
    return findings


def verify_at(
    environment: Environment, aws: Aws, state: State, addresses: Iterable[str]
) -> list[Finding]:
    """Check single resources of a state, without an invocation."""
    run = Verification(environment, aws, state, invoke=False)
    findings: list[Finding] = []
    for address in addresses:
        record = kinds().get(address.split(".")[0])
        values = state.resources.get(address)
        if values is not None and record is not None and not isinstance(record.verify, Not):
            findings += record.verify(run, values).findings()
    return findings


def _verifiers(run: Verification) -> Iterator[tuple[str, Verifier]]:
    """The checks of everything in a state that has some, with its type."""
    for kind, record in kinds().items():
        if not isinstance(record.verify, Not):
            yield from ((kind, record.verify(run, values)) for values in run.state.of_type(kind))
