"""What an environment costs by the month, from its Specs: one walk."""

from __future__ import annotations

from inferform import Environment
from inferform.service import Billed, Place
from inferform.spec import walk

from .model import Estimate, Usage
from .prices import PriceTable


def usages(environment: Environment) -> list[Usage]:
    """What an environment uses."""
    return [
        usage
        for path, spec in walk(environment)
        if isinstance(spec, Billed)
        for usage in spec.uses(Place(path, environment))
    ]


def estimate(environment: Environment, table: PriceTable) -> Estimate:
    """What an environment costs by the month."""
    return table.estimate(environment.context.region, usages(environment))
