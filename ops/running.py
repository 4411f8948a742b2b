"""Whether one service is deployed and in service, and what it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inferform.service import Deployed

from .advice import explained
from .aws import Aws
from .checks import HEALTH
from .kinds import kinds
from .kinds.record import Finding, Not, Verification, Verifier
from .state import States


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of a service that should be deployed."""

    findings: tuple[Finding, ...] = ()
    """What was checked; empty where its layer's state does not have it."""

    served: frozenset[str] = frozenset()
    """The images and artifacts that it runs."""

    unverified: str = ""
    """Why nothing can check it; empty where something can."""


def running(aws: Aws, service: Deployed) -> Running:
    """Check a service without an invocation."""
    if service.resource is None:
        return Running(unverified="somebody else than Terraform makes it")
    type_, name = service.resource
    verify = kinds()[type_].verify
    if isinstance(verify, Not):
        return Running(unverified=verify.reason)
    place = service.place
    state = States(aws).read(place.layer)
    for values in state.of_type(type_) if state else ():
        if state is not None and name_of(type_, values) == name:
            with explained(place.environment.context, place.layer):
                checks = verify(Verification(place.environment, aws, state, invoke=False), values)
                findings = tuple(checks.findings())
                skipped = [f.found for f in findings if (f.check, f.outcome) == (HEALTH, "skipped")]
                if skipped:
                    return Running(unverified=skipped[0])
                return Running((*findings, *_of_parts(checks)), frozenset(checks.served()))
    return Running()


def _of_parts(service: Verifier) -> Iterator[Finding]:
    """What is found of the parts of a service that are verified by themselves."""
    for type_, values in service.parts():
        verify = kinds()[type_].verify
        if not isinstance(verify, Not):
            yield from verify(service.run, values).findings()


def name_of(type_: str, values: Mapping[str, Any]) -> str:
    """The name of a resource, by the argument that its record names; a Kubernetes object has it in
    its metadata."""
    argument = kinds()[type_].name
    metadata = values.get("metadata") or [{}]
    named = "name" if isinstance(argument, Not) else argument
    return str(values.get(named) or metadata[0].get("name", ""))
