"""From which duration of a request a function costs less than a serverless endpoint, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inferform import Environment, LambdaFunction, ServerlessEndpoint

from .prices import PriceTable

_SIZES = (1024, 2048, 3072, 4096, 5120, 6144)
"""Memory of serverless endpoints in MiB. Source: Amazon SageMaker API reference,
ProductionVariantServerlessConfig MemorySizeInMB."""

_LONGEST = 60.0
"""Seconds that SageMaker waits for a serverless endpoint. Source: Amazon SageMaker developer guide,
Serverless Inference (60 seconds)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What requests cost in USD where nothing is kept warm."""

    second: float
    """For each second that one runs."""

    request: float = 0.0
    """For each one, however long it runs."""

    def costs(self, seconds: float) -> float:
        """What one request of a duration costs."""
        return self.second * seconds + self.request


def crossing(one: Rate, other: Rate) -> float | None:
    """The duration in seconds above 0 at which both cost the same; None where one costs less for
    every duration, or they are the same."""
    if one.second == other.second:
        return None
    seconds = (one.request - other.request) / (other.second - one.second)
    return seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class BreakEven:
    """A function beside a serverless endpoint for the same model."""

    service: str
    """The short name of the service that the environment has of the two."""

    function_mib: int
    endpoint_mib: int
    function: Rate
    endpoint: Rate

    @property
    def seconds(self) -> float | None:
        """From which duration the one that costs less changes."""
        return crossing(self.function, self.endpoint)

    def cheaper(self, seconds: float) -> str:
        """Which costs less for requests of a duration."""
        difference = self.function.costs(seconds) - self.endpoint.costs(seconds)
        return "function" if difference < 0 else "endpoint" if difference > 0 else "neither"

    def __str__(self) -> str:
        sizes = f"a function of {self.function_mib:,} MiB"
        other = f"a serverless endpoint of {self.endpoint_mib:,} MiB"
        turn = self.seconds
        if turn is None or turn >= _LONGEST:
            first = self.cheaper(min(turn or 1.0, 1.0) / 2)
            less = {"function": f"{sizes} costs less than {other}"}.get(
                first, f"{other} costs less than {sizes}"
            )
            said = f"{less}, however long requests take"
            if first == "neither":
                said = f"{sizes} costs the same as {other}"
        elif self.cheaper(turn * 2) == "function":
            said = f"{sizes} costs less than {other} where requests take longer than {_ms(turn)}"
        else:
            said = f"{other} costs less than {sizes} where requests take longer than {_ms(turn)}"
        return f"{self.service}: {said}, with nothing kept warm"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def break_evens(environment: Environment, table: PriceTable) -> Iterator[BreakEven]:
    """One for each function and serverless endpoint for whose memory both have a price in the Region."""
    region = environment.context.region
    for found in environment.deployed:
        spec = found.spec
        if isinstance(spec, LambdaFunction):
            mib, kind = spec.memory_mib, "arm64" if spec.architecture == "ARM64" else "x86_64"
            endpoint_mib = next((size for size in _SIZES if size >= mib), None)
        elif isinstance(spec, ServerlessEndpoint):
            mib, kind = spec.memory_mib, "x86_64"
            endpoint_mib = mib
        else:
            continue
        if endpoint_mib is None:
            continue
        second = table.price(region, f"lambda/{kind}/gb-second")
        request = table.price(region, "lambda/request")
        hosted = table.price(region, f"sagemaker/serverless/{endpoint_mib}")
        if second is None or request is None or hosted is None:
            continue
        yield BreakEven(
            found.name,
            mib,
            endpoint_mib,
            Rate(second.usd * mib / 1024, request.usd),
            Rate(hosted.usd),
        )
