"""The training layer: state machines that train, evaluate and register models, and watch for drift.

It stands beside the inference layer, and not in it: what trains has other roles, other owners and
another pace than what serves, and a change of it must not touch an endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..outputs import NetworkOutputs, RegistryOutputs
from ..rules import Problem, rule
from ..scaling.schedule import Scheduled
from ..training.drift import DriftMonitor
from ..training.model_monitor import ModelMonitor
from ..training.pipeline import AnyPipeline
from ..training.spec import Training
from ..training.workflow import Retraining
from ..usage import Start
from .groups import check_groups
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.training import TrainingLayer


def _build(site: Site) -> TrainingLayer:
    from .stacks.training import TrainingLayer

    return TrainingLayer(
        site.app,
        environment=site.environment,
        spec=site.spec,
        target=site.target,
        group=site.part.group,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
    )


EVT9 = rule(
    "EVT9",
    refuses="more than 30 schedules that start processing jobs at one time",
    message="start {count} processing jobs at {time:%H:%M} UTC on {time:%Y-%m-%d}, such as those of {some}: "
    "SageMaker starts one a second; write spread_minutes=60 in their schedules",
    source="AWS General Reference, SageMaker quotas (CreateProcessingJob: 1 a second, not adjustable)",
    severity="warning",
)
_AT_ONCE = 30
_WEEK = timedelta(days=7)


def _crowds(environment: Environment) -> Iterator[Problem]:
    """The fullest time of a week at which more schedules start processing jobs than AWS takes at once.

    A rate counts from when its schedule is made, which nobody knows here.
    """
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    named: dict[Start, list[str]] = {}
    for each in environment.deployed:
        first = next(iter(each.spec.run_parts()), None)
        if first is None or not first.key.startswith("sagemaker/processing/"):
            continue
        for start in each.spec.starts_at(each.place):
            if not start.expression.startswith("rate"):
                named.setdefault(start, []).append(each.full_name)
    starts: dict[datetime, list[str]] = {}
    for start, names in named.items():
        when = Scheduled(
            name="start", schedule=start.expression, timezone=start.timezone, min_capacity=1
        )
        for time in when.times(begin, begin + _WEEK):
            starts.setdefault(time, []).extend(names)
    full = max(starts, key=lambda time: (len(starts[time]), -time.timestamp()), default=None)
    if full is not None and len(starts[full]) > _AT_ONCE:
        some = ", ".join(sorted(starts[full])[:3])
        yield EVT9.problem("training", count=len(starts[full]), time=full, some=some)


def _problems(environment: Environment) -> Iterator[Problem]:
    if environment.training is None:
        return
    yield from check_groups("training", environment)
    for each in environment.deployed:
        found: Iterator[Problem] = iter(())
        if isinstance(each.spec, Retraining | AnyPipeline):
            found = each.spec.trigger_problems(each.place)
        elif isinstance(each.spec, DriftMonitor | ModelMonitor):
            found = each.spec.monitor_problems(each.place)
        yield from (problem.under(*each.place.path) for problem in found)
    yield from _crowds(environment)


TRAINING = LayerRecord(
    name="training",
    spec=Training,
    stands_on=("network", "registry"),
    grouped=True,
    after=("inference",),
    build=_build,
    problems=_problems,
)
"""The training layer."""
