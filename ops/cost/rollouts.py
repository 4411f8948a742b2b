"""What the second fleet of a blue/green rollout costs while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inferform import Environment
from inferform.rollouts.spec import BlueGreen
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.sagemaker.guardrails import waits_seconds
from inferform.scaling.kinds import REALTIME

from ..simulate import STARTUP_SECONDS
from .model import HOURS_PER_MONTH, Amount, Estimate, dollars


@dataclass(frozen=True, slots=True)
class SecondFleet:
    """The instances that a release starts beside those that serve."""

    service: str
    minutes: float
    """From the start of the new instances to the end of the old ones, where nothing goes wrong."""

    usd: Amount
    """What one release costs, at the fewest, the expected and the most instances."""

    @property
    def text(self) -> str:
        """It in a sentence."""
        low, high = dollars(self.usd.minimum), dollars(self.usd.maximum)
        between = low if low == high else f"{low} to {high}"
        return (
            f"{self.service}: each release has a second fleet for about {self.minutes:.0f} minutes, "
            f"{between}, which no sum has"
        )


def second_fleets(environment: Environment, estimate: Estimate) -> Iterator[SecondFleet]:
    """Of each endpoint with blue/green guardrails whose instances have a price."""
    for each in environment.deployed:
        if not isinstance(each.spec, Endpoint) or not isinstance(each.spec.guard, BlueGreen):
            continue
        names = (each.name, each.full_name)
        lines = [
            line
            for line in estimate.lines
            if line.usage.service in names and line.usage.key.startswith("sagemaker/hosting/")
        ]
        if not lines or any(line.monthly is None for line in lines):
            continue
        minutes = (STARTUP_SECONDS[REALTIME] + waits_seconds(each.spec.guard)) / 60
        total = Amount()
        for line in lines:
            total += line.monthly or Amount()
        usd = total * (minutes / 60 / HOURS_PER_MONTH)
        yield SecondFleet(lines[0].usage.service, minutes, usd)
