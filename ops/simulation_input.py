"""What a simulation is given: the service that somebody means, what is known of it, and a load."""

from __future__ import annotations

import math
import runpy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from inferform import Environment, InferenceComponentEndpoint, Scaling, SpecError
from inferform.rules import did_you_mean
from inferform.scaling.kinds import Kind
from inferform.scaling.metrics import ConcurrentRequests, ProvisionedConcurrencyUtilization
from inferform.service import Deployed, Scalable
from inferform.spec import report

from .errors import BadInputError
from .services import aliases, chosen, folded
from .simulate import (
    MAX_HOURS,
    SHAPES,
    START,
    STARTUP_SECONDS,
    Load,
    Service,
    capacity_of,
    read_load,
    shape,
    target_rate,
)


@dataclass(frozen=True, slots=True)
class Scaled:
    """What scales: a service, or one of its variants, with its Scaling."""

    deployed: Deployed
    scalable: Scalable

    @property
    def scaling(self) -> Scaling:
        """How it scales."""
        return self.scalable.scaling

    @property
    def kind(self) -> Kind:
        """The kind of target. Raises BadInputError where it cannot be simulated."""
        spec = self.deployed.spec
        if spec.scales is None:
            raise BadInputError(
                f"{self.deployed.name} cannot be simulated: {spec.not_simulated}",
                "measure it under load instead",
            )
        return spec.scales

    @property
    def full_name(self) -> str:
        """Its name with its sort: `endpoint/fraud/blue`."""
        return _joined(self.deployed.full_name, self.scalable.variant)


def scaled(environment: Environment) -> list[Scaled]:
    """Everything that scales in an environment."""
    return [
        Scaled(each, scalable) for each in environment.deployed for scalable in each.spec.scalings()
    ]


def runs_again(environment: Environment, name: str) -> bool:
    """Whether a name means what runs again and again, and nothing that scales: `runs` for all of it."""
    name = folded(name)
    meant = [each for each in environment.deployed if name in aliases(each)]
    return all(any(each.spec.run_parts()) for each in meant) and bool(meant or name == "runs")


def find(environment: Environment, name: str) -> Scaled:
    """What `name` means: `fraud`, or `fraud/blue` for one of its variants.

    Raises BadInputError for what does not scale, or cannot be simulated.
    """
    name = folded(name)
    known = scaled(environment)
    names: dict[str, list[Scaled]] = {}
    for each in known:
        for alias in aliases(each.deployed):
            names.setdefault(_joined(alias, each.scalable.variant), []).append(each)
    listed = f"what scales: {', '.join(sorted(each.full_name for each in known)) or 'nothing'}"
    for service in environment.deployed:
        if name in aliases(service) and name not in names and not any(service.spec.scalings()):
            why = service.spec.not_simulated
            raise BadInputError(f"{name} cannot be simulated: {why}", listed)
    found = chosen(names, name, environment.key, "scaling of", listed, lambda e: e.full_name)
    _ = found.kind
    return found


def _joined(name: str, variant: str) -> str:
    return f"{name}/{variant}" if variant else name


def compared(file: Path, of: Scaled) -> dict[str, Scaling]:
    """The Scaling values of a Python file by their names, for a target of the same kind."""
    try:
        values = runpy.run_path(str(file))
    except SpecError as error:
        raise BadInputError(f"{file}: {error}") from None
    except Exception as error:
        raise BadInputError(f"{file} does not run: {type(error).__name__}: {error}") from None
    found = {name: value for name, value in values.items() if isinstance(value, Scaling)}
    if not found:
        raise BadInputError(
            f"{file} has no Scaling",
            "assign one to a name: steady = Scaling(max_capacity=4, policies=[...])",
        )
    for name, scaling in found.items():
        found_wrong = of.deployed.spec.scaling_problems(scaling)
        problems = [problem for problem in found_wrong if problem.severity == "error"]
        if problems:
            raise BadInputError(report(f"{file}: {name}", problems))
    return found


def described(
    name: str,
    found: Scaled,
    *,
    capacity: float | None = None,
    latency_ms: float | None = None,
    startup: float | None = None,
) -> Service:
    """What is simulated. Raises BadInputError where nothing says what one unit serves.

    `capacity` is what one unit serves in requests per second, `latency_ms` how long one is in
    work, and `startup` the seconds until a new unit serves.
    """
    for value, option in ((capacity, "capacity"), (latency_ms, "latency-ms")):
        if value is not None and not 0 < value < math.inf:
            raise BadInputError(f"--{option} must be above 0, got {value:g}")
    kind, scaling = found.kind, found.scaling
    metrics = [policy.metric for policy in scaling.policies]
    if latency_ms is None and any(isinstance(m, ConcurrentRequests) for m in metrics):
        raise BadInputError(
            f"{name} scales by concurrent requests", "give --latency-ms, how long one is in work"
        )
    one = capacity or capacity_of(scaling, kind)
    if (
        one is None
        and latency_ms is not None
        and any(isinstance(m, ProvisionedConcurrencyUtilization) for m in metrics)
    ):
        one = 1000 / latency_ms
    if one is None:
        raise BadInputError(
            f"the policies of {name} do not say what one {kind.unit} serves",
            "give --capacity, the requests per second that you load-tested",
        )
    spec, of = found.deployed.spec, found.scalable.variant
    below = spec if isinstance(spec, InferenceComponentEndpoint) else None
    return Service(
        name=name,
        kind=kind,
        requests_per_second=one,
        startup_seconds=STARTUP_SECONDS[kind] if startup is None else int(max(0, startup)),
        initial=found.scalable.initial,
        seconds_per_request=1 / one if latency_ms is None else latency_ms / 1000,
        instances=partial(below.instances_for, of) if below else None,
        max_instances=below.max_instances if below else None,
    )


def load(
    name: str,
    found: Scaled,
    service: Service,
    *,
    hours: float | None,
    peak: float | None,
    start: str | None,
    timezone: str | None,
) -> Load:
    """A built-in load, or that of a CSV file. Raises BadInputError for one that is neither."""
    if hours is not None and not 0 < hours <= MAX_HOURS:
        raise BadInputError(f"--hours must be above 0 and at most {MAX_HOURS}, got {hours:g}")
    if peak is not None and peak < 0:
        raise BadInputError(f"--peak must be 0 or more, got {peak:g}")
    if name not in SHAPES:
        if not Path(name).is_file():
            raise BadInputError(
                f"there is no load {name}{did_you_mean(name, SHAPES)}",
                f"the loads are {', '.join(SHAPES)} and CSV files",
            )
        for option, value in (("peak", peak), ("start", start)):
            if value is not None:
                raise BadInputError(f"--{option} is for the built-in loads; the file says its own")
        given = read_load(Path(name), hours=hours)
        return replace(given, timezone=_zone(timezone)) if timezone else given
    schedules = found.scaling.schedules
    zone = timezone or (schedules[0].timezone if schedules else "UTC")
    top = max(maximum for _, maximum in found.scaling.highest())
    return shape(
        name,
        0.8 * top * target_rate(found.scaling, service) if peak is None else peak,
        hours=hours or 24,
        start=moment(start) if start else START,
        timezone=_zone(zone),
    )


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, sorted(available_timezones()))
        raise BadInputError(f"there is no time zone {name}{hint}") from None
    return name


def moment(text: str) -> datetime:
    """A time that an option says, in UTC where it says no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--start must be a time such as 2026-03-29T00:00, got {text}") from (
            None
        )
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
