"""What stacks ask for and AWS does not have, told before a review ends and a deploy begins."""

from __future__ import annotations

from collections.abc import Sequence

from .aws import Aws
from .errors import OperatorError
from .kinds.record import Finding
from .output import stderr
from .preflight import NOT_CHECKED, before_apply
from .program import Stacks
from .terraform import Stack, contents_of


def missing(
    synthesis: Stacks, wanted: Sequence[Stack], *, deploys: bool = False
) -> dict[str, list[Finding]]:
    """What is not there, or could not be looked for, by the key of the environment.

    A stack of no environment is left out: its account is not known.
    """
    program, found = synthesis.program, dict[str, list[Finding]]()
    for key in dict.fromkeys(stack.environment for stack in wanted):
        environment = synthesis.environments.get(key)
        if environment is None:
            continue
        context = environment.context
        role = context.plan_role_arn if program.plans_only else None
        aws = Aws(context, emulator=program.emulator, role_arn=role)
        content = contents_of(synthesis.of(key))
        names = [stack.name for stack in wanted if stack.environment == key]
        findings = before_apply(environment, content, aws, names, deploys=deploys)
        found[key] = [
            each
            for each in findings
            if each.outcome == "failed" or each.found.startswith(NOT_CHECKED)
        ]
    return found


def refuse_missing(synthesis: Stacks, wanted: Sequence[Stack]) -> None:
    """Raise OperatorError for what a deploy of some stacks would fail for in its middle.

    What could not be looked for is said, and refuses nothing.
    """
    found = [
        each for findings in missing(synthesis, wanted, deploys=True).values() for each in findings
    ]
    failed = [each for each in found if each.outcome == "failed"]
    for each in found:
        if each.found.startswith(NOT_CHECKED):
            stderr.print(f"{each.subject} {each.found}", markup=False, highlight=False)
    if failed:
        lines = [
            f"{each.check.label} {each.subject} {each.found}\n    {each.fix}" for each in failed
        ]
        raise OperatorError(
            "\n  ".join(["this deploy would fail in its middle", *lines]),
            "nothing was done; --no-preflight deploys all the same",
        )
