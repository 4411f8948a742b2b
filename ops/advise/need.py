"""What is asked for: a load, a model, and what the callers want."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from ..cost.model import HOURS_PER_MONTH
from ..errors import BadInputError
from ..simulate import Load, shape

Architecture = Literal["x86_64", "arm64"]
Processor = Literal["cpu", "gpu", "neuron"]

Platform = Literal["containers", "kubernetes", "devices", "foundation"]
"""Where a team works already: ECS, Kubernetes, its own devices, or with Bedrock's foundation models."""

FASTEST = 1e6
"""The most requests per second that are compared."""

SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600


@lru_cache(maxsize=256)
def _load(need: Need) -> Load:
    if need.captured is not None:
        return need.captured
    hours = 168 if need.shape == "office-hours" else 24
    given = shape(need.shape, need.requests_per_second, hours=hours)
    if not need.idle_hours:
        return given
    asleep = (24 - need.idle_hours) * 3600
    rates = tuple(
        0.0 if tick * given.step_seconds % 86_400 >= asleep else rate
        for tick, rate in enumerate(given.rates)
    )
    return replace(given, rates=rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The numbers of one service."""

    requests_per_second: float
    """At the top of the load, over all models."""

    shape: str = "steady"
    """One of the built-in loads of `inferform simulate`. Default: steady."""

    captured: Load | None = None
    """A captured load, in place of rate and shape."""

    idle_hours: float = 0.0
    """Hours of each day without a request. Default: none."""

    seconds: float = 0.1
    """How long the model works on one request. Default: 0.1."""

    payload_mb: float = 0.01
    """The largest request. Default: 10 kB."""

    response_mb: float = 0.01
    """The usual answer. Default: 10 kB."""

    memory_gib: float = 2.0
    """What the container of one model takes. Default: 2 GiB."""

    gpu_memory_gib: float = 0.0
    """What a model takes of accelerators. Default: 0, it runs on CPUs."""

    neuron: bool = False
    """Whether those accelerators are Inferentia or Trainium, which run what is compiled for AWS Neuron.
    Default: False, GPUs."""

    architecture: Architecture = "x86_64"
    """What the image is built for. Default: x86_64."""

    cores: float = 1.0
    """The cores that one request keeps busy. Default: 1."""

    latency_ms: float | None = None
    """In what time callers want their answer. Default: None, nobody waits for it."""

    models: int = 1
    """How many models of one framework. Default: 1."""

    steps: int = 1
    """How many containers work on a request one after the other. Default: 1."""

    runs_per_month: float | None = None
    """How often a month everything is scored at once. Default: None, requests come one by one."""

    event_driven: bool = False
    """Whether events of AWS, such as uploads, set requests off. Default: False."""

    platform: Platform | None = None
    """Where the team works already. Default: None, nowhere."""

    minimum: int = 1
    """The instances or tasks that are kept running. Default: 1; two survive the loss of a zone."""

    def __post_init__(self) -> None:
        checks = (
            ("requests-per-second", self.requests_per_second, 0.0, FASTEST),
            ("response-seconds", self.seconds, 0.001, 86_400.0),
            ("payload-mb", self.payload_mb, 0.0, 1e6),
            ("response-mb", self.response_mb, 0.0, 1e6),
            ("memory-gib", self.memory_gib, 0.06, 24_576.0),
            ("gpu-memory-gib", self.gpu_memory_gib, 0.0, 10_000.0),
            ("cores", self.cores, 0.05, 448.0),
            ("idle-hours", self.idle_hours, 0.0, 23.99),
            ("models", self.models, 1.0, 100_000.0),
            ("steps", self.steps, 1.0, 1_000.0),
            ("minimum", self.minimum, 1.0, 1_000.0),
            ("runs-per-month", self.runs_per_month, 0.01, 100_000.0),
            ("latency-ms", self.latency_ms, 0.1, 1e9),
        )
        if self.neuron and not self.gpu_memory_gib:
            raise BadInputError(
                "--neuron has no memory", "write --gpu-memory-gib with what the model takes of it"
            )
        for name, value, low, high in checks:
            if value is not None and not low <= value <= high:
                raise BadInputError(f"--{name} must be from {low:g} to {high:g}, got {value:g}")

    @property
    def load(self) -> Load:
        """The rates over a day, or over a week where days differ, or those that were captured."""
        return _load(self)

    @property
    def processor(self) -> Processor:
        """What the model runs on."""
        if not self.gpu_memory_gib:
            return "cpu"
        return "neuron" if self.neuron else "gpu"

    def on(self, processor: Processor) -> Need:
        """The same on another processor, with the memory of accelerators that is known, or 1 GiB."""
        memory = 0.0 if processor == "cpu" else self.gpu_memory_gib or 1.0
        return replace(self, gpu_memory_gib=memory, neuron=processor == "neuron")

    @property
    def mean(self) -> float:
        """Requests per second on average."""
        return sum(self.load.rates) / len(self.load.rates)

    @property
    def peak(self) -> float:
        """Requests per second at the top."""
        return max(self.load.rates)

    @property
    def requests(self) -> float:
        """Requests a month."""
        return self.mean * SECONDS_PER_MONTH

    @property
    def gigabytes(self) -> float:
        """Gigabytes of requests and answers a month."""
        return self.requests * (self.payload_mb + self.response_mb) / 1000

    @property
    def awake(self) -> float:
        """The share of the time in which requests come."""
        return sum(rate > 0 for rate in self.load.rates) / len(self.load.rates)

    @property
    def sleeps(self) -> bool:
        """Whether there are hours without a request."""
        return (1 - self.awake) * self.load.hours >= 1

    def at(self, requests_per_second: float) -> Need:
        """The same with another rate at the top."""
        if self.captured is None:
            return replace(self, requests_per_second=requests_per_second)
        factor = requests_per_second / (self.peak or 1)
        rates = tuple(rate * factor for rate in self.captured.rates)
        return replace(
            self,
            requests_per_second=requests_per_second,
            captured=replace(self.captured, rates=rates),
        )
