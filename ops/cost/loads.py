"""What an environment uses under a load: what follows it by the simulator, and what is billed by use.

The load is a TOML file with a table for each service. docs/review.md shows one.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from inferform import BatchTransform, EcsService, Environment, HttpApi, Network, OnSchedule, RestApi
from inferform.alb.spec import Route
from inferform.rules import did_you_mean
from inferform.scaling.schedule import Scheduled
from inferform.service import Deployed, Place
from inferform.usage import Amount, Usage, exactly

from .. import simulation_input as given_by
from ..errors import BadInputError
from ..simulate import SHAPES, START, Load, read_load, shape, simulate
from .model import HOURS_PER_MONTH
from .specs import Owned

SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLoad:
    """The load of one service. Sizes are in kB, which AWS bills as 1,000 bytes."""

    load: str = "steady"
    """A built-in load of `inferform simulate`, or a CSV file beside the TOML file."""

    peak: float | None = None
    """Requests per second at the top of a built-in load."""

    latency_ms: float | None = None
    """How long one request is in work."""

    capacity: float | None = None
    """Requests per second that one unit serves. Default: what its policies say."""

    request_kb: float = 0.0
    response_kb: float = 0.0
    log_kb: float = 0.0
    """What a request writes into the log."""

    runs_per_month: float | None = None
    """How often a batch transform runs. Default: its schedule's."""

    hours_per_run: float | None = None
    """How long a run of a batch transform takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLoad:
    """What passes the network beside the services."""

    nat_gb: float = 0.0
    """GB a month through NAT gateways."""

    out_gb: float = 0.0
    """GB a month out to the internet."""


@dataclass(frozen=True, slots=True)
class Loads:
    """The loads of an environment."""

    file: Path
    services: Mapping[str, ServiceLoad] = field(default_factory=dict)
    network: NetworkLoad = NetworkLoad()

    def rates(self, name: str) -> Load:
        """The rates of a service, as its table says."""
        own = self.services[name]
        if own.load not in SHAPES:
            path = self.file.parent / own.load
            if own.peak is not None:
                raise BadInputError(f"{self.file}: {name}: peak is for the built-in loads")
            if not path.is_file():
                raise BadInputError(
                    f"{self.file}: {name}: there is no load {own.load}"
                    f"{did_you_mean(own.load, SHAPES)}",
                    f"the loads are {', '.join(SHAPES)} and CSV files",
                )
            return read_load(path)
        if own.peak is None:
            raise BadInputError(
                f"{self.file}: {name}: has no peak", "write peak = 40 for 40 requests a second"
            )
        # Days differ in office hours, so that a week is a whole.
        return shape(own.load, own.peak, hours=168 if own.load == "office-hours" else 24)


def read(file: Path) -> Loads:
    """The loads of a TOML file. Raises BadInputError, naming what is wrong."""
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInputError(f"{file} cannot be read: {error}") from None
    for name in content:
        if name not in ("services", "network"):
            known = ("services", "network")
            raise BadInputError(
                f"{file}: {name} is not known{did_you_mean(name, known)}",
                "write [services.fraud] or [network]",
            )
    services = content.get("services", {})
    if not isinstance(services, dict):
        raise BadInputError(f"{file}: services must be tables such as [services.fraud]")
    return Loads(
        file,
        {name: _table(file, name, value, ServiceLoad) for name, value in services.items()},
        _table(file, "network", content.get("network", {}), NetworkLoad),
    )


def _table(file: Path, name: str, value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, dict):
        raise BadInputError(f"{file}: {name} must be a table")
    known = [each.name for each in fields(kind)]
    for key, given in value.items():
        if key not in known:
            raise BadInputError(
                f"{file}: {name}: {key} is not known{did_you_mean(key, known)}",
                f"the keys are {', '.join(known)}",
            )
        if key == "load":
            right = isinstance(given, str)
        else:
            right = (
                isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 1e12
            )
        if not right:
            raise BadInputError(f"{file}: {name}: {key} must be {_kind(key)}, got {given!r}")
    return kind(**value)


def _kind(key: str) -> str:
    return "a load's name or a file" if key == "load" else "a number, 0 or more"


_TIERS = (
    ("data-transfer/out-10tb", 10 * 1024),
    ("data-transfer/out-50tb", 40 * 1024),
    ("data-transfer/out-150tb", 100 * 1024),
    ("data-transfer/out-over-150tb", math.inf),
)
"""GB a month out to the internet by the price that each costs. Source: Amazon EC2 pricing, data
transfer (the first 10 TB, the next 40 and 100, and what is above 150)."""


def tiers(gigabytes: float) -> Iterator[tuple[str, float]]:
    """Data out to the internet by its price keys: what is above a tier costs less."""
    for key, size in _TIERS:
        if gigabytes > 0:
            yield key, min(gigabytes, size)
        gigabytes -= size


@dataclass(slots=True)
class Hours:
    """How many units of a service are paid for, as shares between its bounds over time."""

    service: str
    shares: list[float]
    """For each hour, where between the bounds the mean lies: 0 at the minimum, 1 at the maximum."""

    @property
    def mean(self) -> float:
        """The mean of the shares."""
        return sum(self.shares) / len(self.shares)


def _mean(parts: Sequence[tuple[list[float], int]]) -> list[float]:
    """The shares of a service of several variants: each counts as much as its bounds are apart, and a
    shorter load begins again."""
    whole = sum(width for _, width in parts)
    return [
        sum(shares[hour % len(shares)] * width for shares, width in parts) / whole if whole else 0.0
        for hour in range(max(len(shares) for shares, _ in parts))
    ]


class Loaded:
    """An environment's usages under loads."""

    def __init__(self, environment: Environment, uses: Sequence[Owned], loads: Loads) -> None:
        self._environment, self._loads = environment, loads
        self._by_name = _chosen(environment, loads)
        self.hours: dict[str, Hours] = {}
        """Of each service that scales, by its full name."""

        self._parts: dict[str, list[tuple[list[float], int]]] = {}
        self._requests: dict[str, float] = {}
        for name, service in self._by_name.items():
            rates = loads.rates(name) if self._has_rates(service) else None
            if rates is not None:
                mean = sum(rates.rates) / len(rates.rates)
                full = service.full_name
                self._requests[full] = self._requests.get(full, 0.0) + mean * SECONDS_PER_MONTH
                self._simulate(name, service, rates)
        self.uses = [*self._filled(uses), *self._more()]

    def _has_rates(self, service: Deployed) -> bool:
        return not isinstance(service.spec, BatchTransform)

    def _simulate(self, name: str, service: Deployed, rates: Load) -> None:
        if not any(service.spec.scalings()):
            return
        own = self._loads.services[name]
        found = given_by.find(self._environment, name)
        described = given_by.described(
            name, found, capacity=own.capacity, latency_ms=own.latency_ms
        )
        # Twice, of which the second time counts: what it begins with is no matter of the month.
        twice = replace(rates, rates=rates.rates * 2)
        result = simulate(found.scaling, described, twice, name)
        low = min(minimum for _, minimum in found.scaling.lowest())
        high = max(maximum for _, maximum in found.scaling.highest())
        desired = result.desired[len(result.desired) // 2 :]
        per_hour = max(1, 3600 // result.load.step_seconds)
        hourly = [desired[at : at + per_hour] for at in range(0, len(desired), per_hour)]
        shares = [
            (sum(hour) / len(hour) - low) / (high - low) if high > low else 0.0 for hour in hourly
        ]
        parts = self._parts.setdefault(service.full_name, [])
        parts.append((shares, high - low))
        self.hours[service.full_name] = Hours(service.full_name, _mean(parts))

    def _filled(self, uses: Sequence[Owned]) -> Iterator[Owned]:
        services = {str(each.place): each for each in self._by_name.values()}
        names = {each.full_name: name for name, each in self._by_name.items()}
        for each in uses:
            service = services.get(str(each.place))
            usage = each.usage
            if service is not None and usage.amount is None:
                amount = self._by_use(names[service.full_name], service, usage.key)
                usage = replace(usage, amount=amount)
            elif service is not None and usage.amount is not None:
                usage = replace(usage, amount=self._followed(service, usage.amount))
            elif usage.amount is None and isinstance(each.spec, HttpApi | RestApi):
                usage = replace(usage, amount=self._called(each.spec))
            yield replace(each, usage=usage)

    def _followed(self, service: Deployed, amount: Amount) -> Amount:
        hours = self.hours.get(service.full_name)
        if hours is None or amount.minimum == amount.maximum:
            return amount
        expected = amount.minimum + hours.mean * (amount.maximum - amount.minimum)
        return Amount(amount.minimum, expected, amount.maximum)

    def _by_use(self, name: str, service: Deployed, key: str) -> Amount | None:
        own = self._loads.services[name]
        if isinstance(service.spec, BatchTransform):
            return self._runs(own, service.spec)
        requests = self._requests.get(service.full_name, 0.0)
        if key.endswith("request"):
            return exactly(requests)
        if own.latency_ms is None:
            return None
        seconds = requests * own.latency_ms / 1000
        memory = getattr(service.spec, "memory_mib", None)
        if key.startswith("sagemaker/serverless/"):
            return exactly(seconds)
        if not key.endswith("gb-second") or memory is None:
            return None
        # What is kept warm serves at its own price; what is beyond it is not told apart.
        warm = bool(getattr(service.spec, "keeps_warm", False))
        own_price = ("provisioned-duration" in key) == warm
        return exactly(seconds * memory / 1024 if own_price else 0)

    def _runs(self, own: ServiceLoad, spec: BatchTransform) -> Amount | None:
        runs = own.runs_per_month
        if runs is None and isinstance(spec.trigger, OnSchedule):
            runs = _times(spec.trigger.schedule, spec.trigger.timezone)
        if runs is None or own.hours_per_run is None:
            return None
        return exactly(runs * own.hours_per_run * spec.instance_count / HOURS_PER_MONTH)

    def _called(self, api: HttpApi | RestApi) -> Amount | None:
        """The requests of an API: those of the services behind it, where all are told."""
        total = 0.0
        told = {each.name: each.full_name for each in self._by_name.values()}
        for name in {route.service for route in api.routes.values()}:
            if name not in told:
                return None
            total += self._requests.get(told[name], 0.0)
        return exactly(total)

    def _more(self) -> Iterator[Owned]:
        """What no Spec tells without a load: data, logs, capacity units of load balancers."""
        nat_gb, out_gb = self._loads.network.nat_gb, self._loads.network.out_gb
        units = 0.0
        for name, service in self._by_name.items():
            own, requests = self._loads.services[name], self._requests.get(service.full_name, 0.0)
            data = requests * (own.request_kb + own.response_kb) / 1e6
            logs = requests * own.log_kb / 1e6
            spec = service.spec
            if service.spec.sort == "endpoint" and data:
                yield self._owned(service, "sagemaker/data", data)
            if logs:
                yield self._owned(service, "logs/ingested", logs)
                days = getattr(spec, "log_retention_days", None)
                if isinstance(days, int) and days:
                    yield self._owned(service, "logs/stored", logs * days / 30)
                if isinstance(spec, EcsService) and self._logs_leave():
                    nat_gb += logs
            if isinstance(spec, EcsService) and isinstance(spec.route, Route):
                rate = requests / SECONDS_PER_MONTH
                # With a connection for each request; rules and open connections are less.
                units += max(data / HOURS_PER_MONTH, rate / 25)
        first = next(iter(self._by_name.values()), None)
        for shared, key, amount in (
            ("load balancers", "elb/application-lcu", units),
            ("network", "vpc/nat-data", nat_gb),
            *(("network", key, share) for key, share in tiers(out_gb)),
        ):
            if amount:
                # What passes the network needs no service; capacity units come of services alone.
                at = first.place.path if shared != "network" and first else ("network",)
                usage = Usage(shared, key, exactly(amount))
                yield Owned(Place(at, self._environment), self._environment, usage)

    def _logs_leave(self) -> bool:
        """Whether logs of containers in the VPC pass a NAT gateway."""
        network = self._environment.network
        through = isinstance(network, Network) and network.nat != "none"
        return through and "logs" not in self._environment.interface_endpoints

    def _owned(self, service: Deployed, key: str, amount: float) -> Owned:
        return Owned(service.place, service.spec, Usage(service.name, key, exactly(amount)))


def _chosen(environment: Environment, loads: Loads) -> dict[str, Deployed]:
    """The service that each table is of; `fraud/blue` is a variant's."""
    known = {each.full_name: each for each in environment.deployed}
    short: dict[str, list[Deployed]] = {}
    for each in environment.deployed:
        short.setdefault(each.name, []).append(each)
    found = {}
    for name in loads.services:
        base = name.rpartition("/")[0]
        of_base = known.get(base) or next(iter(short.get(base, ())), None)
        of_name = short.get(name, [])
        service = known.get(name) or (of_name[0] if len(of_name) == 1 else of_base)
        if service is None:
            listed = sorted(known)
            raise BadInputError(
                f"{loads.file}: there is no service {name}{did_you_mean(name, [*short, *listed])}"
                if len(of_name) < 2
                else f"{loads.file}: {name} is several services",
                f"the services are {', '.join(listed)}",
            )
        found[name] = service
    return found


def _times(schedule: str, timezone: str) -> float:
    """How often a month a schedule fires: a year's times by twelve."""
    action = Scheduled(name="runs", schedule=schedule, timezone=timezone, min_capacity=1)
    return sum(1 for _ in action.times(START, START + timedelta(days=364))) / 364 * 365 / 12


def under(environment: Environment, uses: Sequence[Owned], loads: Loads) -> Loaded:
    """Usages under loads."""
    return Loaded(environment, uses, loads)
