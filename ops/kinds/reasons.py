"""Why members of a record do not apply, where the reason is the same for many types."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .record import (
    Completed,
    Discard,
    Estimator,
    Finder,
    Kind,
    Not,
    Owner,
    Page,
    Preflight,
    Quotas,
    Reverted,
    RiskCheck,
    Teller,
    Unseen,
    Values,
    Verification,
    Verifier,
)
from .synthesis import Resource, Synthesis

FREE = Not("it is not billed by the hour or month")
IN_PLACE = Not("it is changed in place, so that none is left behind")
NOBODY_ELSE = Not("only Terraform writes it")
NO_QUOTA = Not("no environment comes near its quota")
NO_ADDRESSES = Not("it takes no address of the private subnets")
CHECKED_BY_SPECS = Not("the Specs find what AWS would refuse")
NO_SETTINGS = Not("it has no setting that protects anything")
NO_RISKS = Not("a change of it can hurt nothing that its other members do not know")
RUNS_NOTHING = Not("it answers no requests")
COMPLETE = Not("the next deploy brings it to what the files ask for")
STAYS = Not("AWS does what Terraform asks for, or refuses it")
SEEN = Not("Terraform reads what it has set")
NO_PAGE = Not("AWS's console has no page for it alone")
NO_STORY = Not("it is part of what other stories tell")


def resource(
    type: str,
    words: str,
    find: Finder | Not,
    *,
    name: str | Not,
    part_of: str = "",
    outage: bool = False,
    holds_data: bool = False,
    discard: Discard | Not = IN_PLACE,
    completed: Completed | Not = COMPLETE,
    owned: Owner | Not = NOBODY_ELSE,
    uses: Estimator | Not = FREE,
    quotas: Quotas | Not = NO_QUOTA,
    addresses: Callable[[Synthesis, Resource], int] | Not = NO_ADDRESSES,
    preflight: Preflight | Not = CHECKED_BY_SPECS,
    story: Teller | Not = NO_STORY,
    risks: tuple[RiskCheck, ...] | Not = NO_RISKS,
    settings: Mapping[str, str] | Not = NO_SETTINGS,
    reverted: Reverted | Not = STAYS,
    verify: Callable[[Verification, Values], Verifier] | Not = RUNS_NOTHING,
    unseen: Unseen | Not = SEEN,
    page: Page | Not = NO_PAGE,
) -> Kind:
    """The record of a type that runs nothing by itself, but for the members that are given."""
    return Kind(
        type,
        words,
        part_of=part_of,
        outage=outage,
        holds_data=holds_data,
        find=find,
        name=name,
        discard=discard,
        completed=completed,
        owned=owned,
        uses=uses,
        quotas=quotas,
        addresses=addresses,
        preflight=preflight,
        story=story,
        risks=risks,
        settings=settings,
        reverted=reverted,
        verify=verify,
        unseen=unseen,
        page=page,
    )


def part(
    type: str,
    words: str,
    of: str,
    because: str,
    *,
    risks: tuple[RiskCheck, ...] = (),
    settings: Mapping[str, str] | None = None,
    verify: Callable[[Verification, Values], Verifier] | Not = RUNS_NOTHING,
) -> Kind:
    """The record of a type that only sets something on the type `of`.

    `because` is why nothing has to be found of one that a killed apply has left: how AWS takes it
    when the next apply sets it again.
    """
    return Kind(
        type,
        words,
        part_of=of,
        outage=False,
        holds_data=False,
        find=Not(because),
        name=Not(because),
        discard=IN_PLACE,
        completed=COMPLETE,
        owned=NOBODY_ELSE,
        uses=FREE,
        quotas=NO_QUOTA,
        addresses=NO_ADDRESSES,
        preflight=CHECKED_BY_SPECS,
        story=NO_STORY,
        risks=risks or NO_RISKS,
        settings=settings or NO_SETTINGS,
        reverted=STAYS,
        verify=verify,
    )
