"""Where AWS's console shows what runs."""

from __future__ import annotations

from inferform.service import Deployed


def name_in_aws(service: Deployed) -> str:
    """The name of what stands for a service in AWS."""
    assert service.resource is not None  # its record was found by its type
    return service.resource[1]


def in_console(service: Deployed, home: str, place: str) -> str:
    """A place within the console of one service of AWS."""
    return f"{home}/home?region={service.place.environment.context.region}#{place}"
