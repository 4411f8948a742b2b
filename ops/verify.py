"""Whether what runs is what the states say: configuration, image, health, one invocation."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from inferform import Environment

from .advice import explained
from .aws import Aws
from .callers import Caller
from .checks import DEPLOYED
from .errors import OperatorError
from .kinds import kinds
from .kinds.record import Finding, Not, Verification, Verifier
from .program import Stacks
from .references import type_of
from .services import shortest_names
from .state import State, States, opened
from .terraform import Stack, contents_of

_POLL_SECONDS = 10.0
_POLLS = 180  # half an hour, as long as Terraform waits for a new service


@dataclass(slots=True)
class Applied:
    """What is known of the services that an apply has changed."""

    findings: list[Finding] = field(default_factory=list)

    unknown: dict[str, str] = field(default_factory=dict)
    """Why nothing is known of a service, by its name."""

    @property
    def failed(self) -> list[Finding]:
        """What is not as the state says, or does not serve."""
        return [each for each in self.findings if each.outcome == "failed"]

    @property
    def left_open(self) -> list[Finding]:
        """What only a further step shows or does."""
        return [each for each in self.findings if each.outcome == "skipped" and each.fix]

    @property
    def verified(self) -> list[str]:
        """The names of those that passed every check there is."""
        names = dict.fromkeys(each.subject for each in self.findings)
        others = {each.subject for each in (*self.failed, *self.left_open)}
        return [name for name in names if name not in others]


class _TellingApart:
    """Gives findings of services that share a name the full name of theirs too, `ecs/fraud`."""

    def __init__(self, environment: Environment) -> None:
        shortest = shortest_names(environment.deployed)
        self._full = {
            each.resource: each.full_name
            for each in environment.deployed
            if each.resource and shortest[each.full_name] == each.full_name
        }

    def name(self, kind: str, name: str) -> str:
        """What a service of a type is called."""
        full_name = self._full.get((kind, name))
        return f"{full_name} ({name})" if full_name else name

    def findings(self, kind: str, verifier: Verifier) -> Iterator[Finding]:
        """The findings of a verifier."""
        for found in verifier.findings():
            yield replace(found, subject=self.name(kind, found.subject))


def verify(
    environment: Environment,
    aws: Aws,
    samples: Path | None = None,
    callers: Mapping[str, Caller] | None = None,
) -> list[Finding]:
    """Check everything that the states of an environment say serves predictions.

    `samples` is a folder of request bodies, `fraud.csv` or `fraud.json` for the service fraud;
    without a body an endpoint is sent an empty one, and has only to answer. `callers` have the tokens
    and keys of APIs (`ops.callers`); what needs one that is not given is not tried. Findings of
    services that share a name have the full name of theirs too, `ecs/fraud`.
    """
    told_apart = _TellingApart(environment)
    states = States(aws)
    findings: list[Finding] = []
    for layer in environment.layers:
        state = states.read(layer)
        if state is None or not state.resources:
            stack = f"{environment.key}-{layer}"
            fix = f"inferform deploy {stack}"
            findings.append(Finding(DEPLOYED, stack, "failed", "has no state", fix))
            continue
        with explained(environment.context, layer):
            run = Verification(environment, aws, state, samples, callers=callers or {})
            for kind, verifier in _verifiers(run):
                findings += told_apart.findings(kind, verifier)
    return findings


def verify_at(
    environment: Environment, aws: Aws, state: State, addresses: Iterable[str]
) -> list[Finding]:
    """Check single resources of a state, without an invocation."""
    run = Verification(environment, aws, state, invoke=False)
    findings: list[Finding] = []
    for address in addresses:
        record = kinds().get(type_of(address))
        values = state.resources.get(address)
        if values is not None and record is not None and not isinstance(record.verify, Not):
            findings += record.verify(run, values).findings()
    return findings


def verify_stack(
    stack: Stack,
    changed: Collection[str],
    synthesis: Stacks,
    *,
    waiting: Callable[[str], object] = lambda _: None,
) -> Applied:
    """Check what an apply of a stack has changed, see `verify_applied`. Raises nothing: what cannot
    be read is said to be not known."""
    environment = synthesis.environment(stack)
    if environment is None or not changed:
        return Applied()
    program = synthesis.program
    try:
        aws = Aws(environment.context, emulator=program.emulator)
        if synthesis.with_state(stack) is None:
            state = opened(stack, program.terraform_environment())
        else:
            state = States(aws, contents_of([stack])).read(stack.layer)
    except OperatorError as error:
        return Applied(unknown={stack.name: str(error)})
    if state is None:
        return Applied(unknown={stack.name: "its state cannot be found"})
    return verify_applied(environment, aws, state, changed, waiting=waiting)


def verify_applied(
    environment: Environment,
    aws: Aws,
    state: State,
    changed: Collection[str],
    *,
    waiting: Callable[[str], object] = lambda _: None,
) -> Applied:
    """Check what an apply has changed, and what depends on it in the same state, without a request.

    What Terraform does not wait for is waited for, up to half an hour; `waiting` is told of it.
    """
    run = Verification(environment, aws, state, invoke=False, applied=True)
    applied, told_apart = Applied(), _TellingApart(environment)
    for address in state.standing_on(changed):
        record = kinds().get(type_of(address))
        if record is None or isinstance(record.verify, Not):
            continue
        verifier = record.verify(run, state.resources[address])
        try:
            with explained(environment.context):
                _come_to_rest(verifier, waiting)
                applied.findings += told_apart.findings(record.type, verifier)
        except OperatorError as error:
            applied.unknown[told_apart.name(record.type, verifier.name)] = str(error)
    return applied


def _come_to_rest(verifier: Verifier, waiting: Callable[[str], object]) -> None:
    for _ in range(_POLLS):
        about = verifier.waits_for()
        if not about:
            return
        waiting(f"{verifier.name}: {about}")
        time.sleep(_POLL_SECONDS)


def _verifiers(run: Verification) -> Iterator[tuple[str, Verifier]]:
    """The checks of everything in a state that has some, with its type."""
    for kind, record in kinds().items():
        if not isinstance(record.verify, Not):
            yield from ((kind, record.verify(run, values)) for values in run.state.of_type(kind))
