"""The observability layer: alarms, who is notified, what there is to look at, and money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..names import Name
from ..observability.alarms import find_alarms
from ..observability.audit import audit_problems
from ..observability.dashboard import dashboards
from ..observability.events import told
from ..observability.logs import detectors, log_problems
from ..observability.names import event_rule
from ..observability.queries import saved
from ..observability.spec import Observability
from ..rules import PathPart, Problem
from ..usage import MONITORING, Usage, alarm_usage, exactly
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
    spec = environment.observability
    if spec is not None:
        for problem in (*log_problems(environment, spec), *audit_problems(environment, spec)):
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
    for _, detector in detectors(environment, spec) if spec is not None else ():
        yield ("observability", "logs"), Name("aws_cloudwatch_log_anomaly_detector", detector)
    if spec is not None and spec.dashboard:
        for made in dashboards(environment, found):
            yield ("observability", "dashboard"), Name("aws_cloudwatch_dashboard", made.name)
    if spec is not None and spec.events.rollbacks:
        for each in told(environment):
            name = event_rule(environment.context, each.source)
            yield ("observability", "events"), Name("aws_cloudwatch_event_rule", name)


def _uses(environment: Environment) -> Iterator[Usage]:
    """Its alarms, by the metrics that they look at, those over alarms, its dashboards and its key."""
    found = find_alarms(environment)
    for alarm in found.alarms:
        # The two edges of a band count as metrics.
        looked_at = len(alarm.terms) + (2 if alarm.band is not None else 0)
        yield alarm_usage(looked_at, fast=alarm.period < 60)
    if found.composites:
        yield Usage(MONITORING, "cloudwatch/alarm-composite", exactly(len(found.composites)))
    spec = environment.observability
    if spec is None:
        return
    if spec.dashboard:
        shown = len(dashboards(environment, found))
        yield Usage(MONITORING, "cloudwatch/dashboard", exactly(shown))
    if spec.notify.topic is None and spec.notify.kms_key is None:
        yield Usage(MONITORING, "kms/key", exactly(1))


OBSERVABILITY = LayerRecord(
    name="observability",
    spec=Observability,
    after=(
        *("network", "registry", "ecs", "inference", "training"),
        *("eks", "helm", "kubernetes", "apis"),
    ),
    build=_build,
    problems=_problems,
    names=_names,
    uses=_uses,
)
