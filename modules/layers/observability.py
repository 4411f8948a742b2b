"""The observability layer: alarms, who is told, what there is to look at, and money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..names import Name
from ..observability.alarms import find_alarms
from ..observability.dashboard import dashboards
from ..observability.events import told
from ..observability.names import event_rule
from ..observability.queries import saved
from ..observability.spec import Observability
from ..rules import PathPart, Problem
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.observability import ObservabilityLayer


def _build(site: Site) -> ObservabilityLayer:
    from .stacks.observability import ObservabilityLayer

    return ObservabilityLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        environment=site.environment,
    )


def _problems(environment: Environment) -> Iterator[Problem]:
    for problem in find_alarms(environment).problems:
        yield problem.under("observability")


def _names(environment: Environment) -> Iterator[tuple[tuple[PathPart, ...], Name]]:
    """Of what it makes of each service."""
    found = find_alarms(environment)
    for alarm in found.alarms:
        yield ("observability", *alarm.path), Name("aws_cloudwatch_metric_alarm", alarm.name)
    # Metric alarms and composite alarms share their names.
    for composite in found.composites:
        yield (
            ("observability", *composite.path),
            Name("aws_cloudwatch_metric_alarm", composite.name),
        )
    spec = environment.observability
    for query in saved(environment) if spec is not None and spec.queries else ():
        yield ("observability", "queries"), Name("aws_cloudwatch_query_definition", query.name)
    if spec is not None and spec.dashboard:
        for made in dashboards(environment, found):
            yield ("observability", "dashboard"), Name("aws_cloudwatch_dashboard", made.name)
    if spec is not None and spec.events.rollbacks:
        for each in told(environment):
            name = event_rule(environment.context, each.source)
            yield ("observability", "events"), Name("aws_cloudwatch_event_rule", name)


OBSERVABILITY = LayerRecord(
    name="observability",
    spec=Observability,
    after=("network", "registry", "ecs", "inference", "eks", "helm", "kubernetes", "apis"),
    build=_build,
    problems=_problems,
    names=_names,
)
