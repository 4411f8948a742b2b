"""What the second fleet of a blue/green rollout costs while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inferform import EcsService, Environment
from inferform.rollouts.spec import BlueGreen
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.sagemaker.guardrails import waits_seconds
from inferform.scaling.kinds import ECS_SERVICE, REALTIME

from ..simulate import STARTUP_SECONDS
from .model import HOURS_PER_MONTH, Amount, Estimate, dollars


@dataclass(frozen=True, slots=True)
class SecondFleet:
    """The instances, or tasks, that a release starts beside those that serve."""

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
    """Of each endpoint, and each service of ECS on Fargate, with a blue/green rollout whose instances or
    tasks have a price. What runs on a cluster's own instances has no price of its own."""
    for each in environment.deployed:
        spec = each.spec
        if isinstance(spec, Endpoint) and isinstance(spec.guard, BlueGreen):
            prefix, kind, waits = "sagemaker/hosting/", REALTIME, waits_seconds(spec.guard)
        elif isinstance(spec, EcsService) and isinstance(spec.rollout, BlueGreen):
            by = spec.rolled_out_by
            prefix, kind, waits = "fargate", ECS_SERVICE, waits_seconds(spec.rollout, by)
        else:
            continue
        names = (each.name, each.full_name)
        lines = [
            line
            for line in estimate.lines
            if line.usage.service in names and line.usage.key.startswith(prefix)
        ]
        if not lines or any(line.monthly is None for line in lines):
            continue
        minutes = (STARTUP_SECONDS[kind] + waits) / 60
        total = Amount()
        for line in lines:
            total += line.monthly or Amount()
        usd = total * (minutes / 60 / HOURS_PER_MONTH)
        yield SecondFleet(lines[0].usage.service, minutes, usd)
