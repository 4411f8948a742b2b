"""Why members of a record do not apply, where the reason is the same for many types."""

from __future__ import annotations

from collections.abc import Mapping

from .record import Kind, Not, RiskCheck

FREE = Not("it is not billed by the hour or month")
IN_PLACE = Not("it is changed in place, so that none is left behind")
NOBODY_ELSE = Not("only Terraform writes it")
NO_QUOTA = Not("no environment comes near its quota")
NO_ADDRESSES = Not("it takes no address of the private subnets")
CHECKED_BY_SPECS = Not("the Specs find what AWS would refuse")
NO_SETTINGS = Not("it has no setting that protects anything")
NO_RISKS = Not("a change of it can hurt nothing that its other members do not know")
RUNS_NOTHING = Not("it answers no requests")
NO_STORY = Not("it is part of what other stories tell")


def part(
    type: str,
    words: str,
    of: str,
    because: str,
    *,
    risks: tuple[RiskCheck, ...] = (),
    settings: Mapping[str, str] | None = None,
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
        owned=NOBODY_ELSE,
        uses=FREE,
        quotas=NO_QUOTA,
        addresses=NO_ADDRESSES,
        preflight=CHECKED_BY_SPECS,
        story=NO_STORY,
        risks=risks or NO_RISKS,
        settings=settings or NO_SETTINGS,
        verify=RUNS_NOTHING,
    )
