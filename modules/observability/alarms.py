"""Every alarm of an environment's observability layer, as plain data.

The construct, the dashboard, `inferform alarms` and the tests read the same list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..alarms.published import Bad, Counted, Feature, Published
from ..alarms.spec import never_published
from ..alarms.watched import Dimensions, Watched
from ..names import alarm as alarm_name
from ..rules import PathPart, Problem, did_you_mean, one_of, rule
from ..scaling.metrics import Metric, MetricMath
from ..scaling.spec import TargetTracking, converted
from ..service import Subject, meant
from .limits import ServiceAlarms
from .logs import LOG_ANOMALIES, counted, detectors
from .names import log_namespace
from .slo import Slo, Window
from .spec import MON5, AnomalyAlarm, CompositeAlarm, Observability

if TYPE_CHECKING:
    from ..environment import Environment

MON1 = rule(
    "MON1",
    refuses="an alarm, an SLO or a widget on a metric that its service never publishes",
    message="{metric} is never published by {kind}{instead}",
    source="SageMaker developer guide, Amazon SageMaker AI metrics in Amazon CloudWatch, alarms and logs of "
    "asynchronous and of serverless endpoints; Amazon ECS, Elastic Load Balancing and AWS Lambda "
    "developer guides, CloudWatch metrics",
)
MON3 = rule(
    "MON3",
    refuses="an alarm over more than 10 metrics",
    message="would need an alarm over {count} metrics, and CloudWatch takes 10; {remedy}",
    source="Amazon CloudWatch user guide, CloudWatch service quotas (metrics of a metric math alarm)",
)
MON14 = rule(
    "MON14",
    refuses="a service that the environment does not have, or a name that several have",
    message="{wrong}",
    source="Inferform: what is watched is a service of the environment",
)

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One metric of an alarm."""

    id: str
    metric: Published
    dimensions: Dimensions
    statistic: str
    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm on metrics."""

    key: str
    """What tells it from the others of the environment: `endpoint/fraud/primary/server-errors`."""

    name: str
    """Its name in CloudWatch."""

    path: tuple[PathPart, ...]
    """What in the observability layer asks for it."""

    terms: tuple[Term, ...]
    """Its metrics."""

    expression: str = ""
    """What is calculated of them. Default: nothing, it is the one metric."""

    threshold: float = 0
    """The value that is compared, in the metric's unit."""

    comparison: str = "GreaterThanThreshold"
    """How it is compared."""

    period: int = _MINUTE
    """The seconds of a datapoint."""

    datapoints: int = 1
    """How many datapoints have to be bad."""

    periods: int = 1
    """How many datapoints are looked at."""

    missing: str = "notBreaching"
    """What no datapoint means."""

    band: float | None = None
    """The width of the band of an anomaly alarm."""

    says: str = ""
    """What it means, for its description."""

    do: str = ""
    """What whoever is told does first."""

    tells: bool = True
    """Whether it tells people itself."""

    watched: str = ""
    """The service that it is of, `endpoint/fraud`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """One alarm over alarms."""

    key: str
    name: str
    path: tuple[PathPart, ...]
    of: tuple[str, ...]
    """The keys of those that it is over."""

    needs: str = "any"
    unless: tuple[str, ...] = ()
    muted_by: str | None = None
    says: str = ""
    do: str = ""
    watched: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What an environment's observability layer is made of, and what is wrong with it."""

    alarms: Sequence[Alarm] = ()
    composites: Sequence[Composite] = ()
    problems: Sequence[Problem] = ()

    @property
    def by_key(self) -> Mapping[str, Alarm]:
        """The alarms on metrics by their keys."""
        return {each.key: each for each in self.alarms}


def find_alarms(environment: Environment) -> Found:
    """Every alarm of the environment's observability layer, in the order of its Specs."""
    spec = environment.observability
    if spec is None:
        return Found()
    return _Alarms(environment, spec).found()


@dataclass
class _Alarms:
    environment: Environment
    spec: Observability
    alarms: list[Alarm] = field(default_factory=list)
    composites: list[Composite] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def found(self) -> Found:
        self.subjects = self.environment.subjects
        self.watched = {
            each.full_name: tuple(each.spec.watched(each.place)) for each in self.subjects
        }
        chosen = self._chosen()
        for each in self.subjects:
            limits = chosen.get(each.full_name, self.spec.alarms)
            if limits is not None:
                path = ("services", each.name) if each.full_name in chosen else ("alarms",)
                for part in self.watched[each.full_name]:
                    self._service(each, part, limits, path)
        self._logs(chosen)
        for name, anomaly in self.spec.anomalies.items():
            self._anomaly(name, anomaly)
        for name, slo in self.spec.slos.items():
            self._slo(name, slo)
        for name, composite in self.spec.composites.items():
            self._composite(name, composite)
        return Found(self._silenced(), tuple(self.composites), tuple(self.problems))

    def _chosen(self) -> dict[str, ServiceAlarms | None]:
        chosen: dict[str, ServiceAlarms | None] = {}
        for name, limits in self.spec.services.items():
            found = self._named(name, "services", name)
            if found is not None:
                chosen[found.full_name] = limits
        return chosen

    def _named(self, name: str, *path: PathPart) -> Subject | None:
        """The service or API of a name; what is wrong with the name is noted."""
        found = meant(self.subjects, name)
        if len(found) == 1:
            return found[0]
        if found:
            which = one_of(each.full_name for each in found)
            wrong = f"is the name of several services; write {which}"
        else:
            known = [*(each.name for each in self.subjects)]
            hint = did_you_mean(name, known) or (f"; write {one_of(known[:5])}" if known else "")
            wrong = f"is no service of this environment{hint}"
        self.problems.append(MON14.problem(*path, got=name, wrong=wrong))
        return None

    # Services

    def _service(
        self,
        each: Subject,
        part: Watched,
        limits: ServiceAlarms,
        path: tuple[PathPart, ...],
    ) -> None:
        for metric in part.metrics():
            if metric.bad is not None:
                self._bad(each, part, metric, metric.bad, limits, path)
        if limits.usage.behind_minutes is not None:
            self._behind(each, part, limits.usage.behind_minutes, path)
        if limits.no_traffic_hours is not None and part.publishes.requests is not None:
            self._no_traffic(each, part, part.publishes.requests, limits.no_traffic_hours, path)

    def _bad(
        self,
        each: Subject,
        part: Watched,
        metric: Published,
        bad: Bad,
        limits: ServiceAlarms,
        path: tuple[PathPart, ...],
    ) -> None:
        limit, times = limits.limit_of(bad), part.times(metric)
        if limit is None or times is None:
            return
        percentile = f"p{limits.latency_percentile:g}"
        statistic = bad.statistic or metric.statistic
        is_percentile = statistic == "percentile"
        says = bad.says.format(limit=number(limit))
        expression, terms = (
            "",
            [_term("value", part, metric, percentile if is_percentile else statistic)],
        )
        other = bad.share_of or bad.short_of
        if other:
            counted = part.publishes.named(other)
            terms.append(_term("all", part, counted, counted.statistic))
            expression = "IF(all > 0, 100 * value / all, 0)" if bad.share_of else "all - value"
        minutes, of_minutes = limits.minutes_of(bad)
        self._add(
            each,
            part,
            bad.alarm,
            path,
            terms=tuple(terms),
            expression=expression,
            # Rounded, as 0.07 / 100 is 0.0007000000000000001.
            threshold=round(limit * bad.factor * times, 9),
            datapoints=minutes,
            periods=of_minutes,
            says=f"{percentile}: {says}" if is_percentile else says,
            do=bad.do,
        )

    def _behind(
        self, each: Subject, part: Watched, minutes: int, path: tuple[PathPart, ...]
    ) -> None:
        """What scaling follows stays above its target."""
        if part.scaling is None or part.scales is None:
            return
        for policy in part.scaling.policies:
            metric: Metric = policy.metric
            if not isinstance(policy, TargetTracking) or isinstance(metric, MetricMath):
                continue
            source = metric.source(part.scales)
            own = {name: part.dimensions.get(name) for name in source.dimensions}
            if None in own.values():
                continue
            times = converted(metric, part.scales, part.instance_type)
            target = number(metric.target_value * times)
            published = Published(
                source.namespace, source.name, source.dimensions, source.statistic, source.unit
            )
            term = Term(
                id="value",
                metric=published,
                dimensions={
                    **{name: value for name, value in own.items() if value is not None},
                    **dict(source.literal),
                },
                statistic=source.statistic,
                period=_MINUTE,
            )
            self._add(
                each,
                part,
                f"behind-{policy.label}",
                path,
                terms=(term,),
                threshold=round(metric.target_value * times, 9),
                datapoints=minutes,
                periods=minutes,
                says=f"{source.name} has been above the target {target} of scaling for {minutes} minutes",
                do="raise max_capacity, or see why new capacity does not come",
            )

    def _no_traffic(
        self,
        each: Subject,
        part: Watched,
        counted: Counted,
        hours: int,
        path: tuple[PathPart, ...],
    ) -> None:
        metric = part.publishes.named(counted.metric)
        if not part.has(metric):
            return
        self._add(
            each,
            part,
            "no-traffic",
            path,
            terms=(_term("value", part, metric, counted.statistic, _HOUR),),
            threshold=1,
            comparison="LessThanThreshold",
            period=_HOUR,
            datapoints=hours,
            periods=hours,
            missing="breaching",
            says=f"no request for {hours} hours",
            do="ask the callers: what they call, and what they get",
        )

    def _add(
        self,
        each: Subject,
        part: Watched,
        label: str,
        path: tuple[PathPart, ...],
        *,
        terms: tuple[Term, ...],
        threshold: float,
        datapoints: int,
        periods: int,
        says: str,
        do: str,
        expression: str = "",
        comparison: str = "GreaterThanThreshold",
        period: int = _MINUTE,
        missing: str = "notBreaching",
    ) -> None:
        parts = [each.name, each.spec.sort, *filter(None, [part.part]), label]
        key = "/".join((each.full_name, *filter(None, [part.part]), label))
        self.alarms.append(
            Alarm(
                key=key,
                name=alarm_name(self.environment.context, *parts),
                path=path,
                terms=terms,
                expression=expression,
                threshold=threshold,
                comparison=comparison,
                period=period,
                datapoints=datapoints,
                periods=periods,
                missing=missing,
                says=says,
                do=do,
                watched=each.full_name,
            )
        )

    # Logs

    def _logs(self, chosen: Mapping[str, ServiceAlarms | None]) -> None:
        """Alarms on what is counted in logs, and on what is unusual in them."""
        namespace = log_namespace(self.environment.context)
        for each in counted(self.environment, self.spec):
            above = each.spec.alarm_above
            if above is None:
                continue
            limits = chosen.get(each.read.subject.full_name) or self.spec.alarms or ServiceAlarms()
            self._of_log(
                each.read.subject,
                f"log-{each.name}",
                ("logs", "metrics", each.name),
                metric=Published(namespace, each.metric, (), "Sum"),
                threshold=above,
                minutes=(limits.minutes, limits.of_minutes),
                says=f"more than {number(above)} a minute of {each.name} in the log",
                do="read the events: inferform logs",
            )
        anomalies = self.spec.logs.anomalies
        if anomalies is None or not anomalies.tells:
            return
        for read, name in detectors(self.environment, self.spec):
            self._of_log(
                read.subject,
                "log-anomalies",
                ("logs", "anomalies"),
                metric=Published(
                    LOG_ANOMALIES[0],
                    LOG_ANOMALIES[1],
                    ("LogAnomalyDetector", "LogAnomalyPriority"),
                    "Sum",
                ),
                dimensions={"LogAnomalyDetector": name, "LogAnomalyPriority": "HIGH"},
                threshold=0,
                period=max(anomalies.minutes, 5) * _MINUTE,
                says="something in the log is unusual, of high priority",
                do="look at the anomalies of the log group in CloudWatch Logs, and at the last release",
            )

    def _of_log(
        self,
        each: Subject,
        label: str,
        path: tuple[PathPart, ...],
        *,
        metric: Published,
        threshold: float,
        says: str,
        do: str,
        dimensions: Dimensions | None = None,
        minutes: tuple[int, int] = (1, 1),
        period: int = _MINUTE,
    ) -> None:
        self.alarms.append(
            Alarm(
                key=f"{each.full_name}/{label}",
                name=alarm_name(self.environment.context, each.name, each.spec.sort, label),
                path=path,
                terms=(
                    Term(
                        id="value",
                        metric=metric,
                        dimensions=dimensions or {},
                        statistic=metric.statistic,
                        period=period,
                    ),
                ),
                threshold=threshold,
                period=period,
                datapoints=minutes[0],
                periods=minutes[1],
                says=says,
                do=do,
                watched=each.full_name,
            )
        )

    # What is unusual

    def _anomaly(self, name: str, spec: AnomalyAlarm) -> None:
        path: tuple[PathPart, ...] = ("anomalies", name)
        each = self._named(spec.of, *path, "of")
        if each is None:
            return
        parts = [
            (part, metric)
            for part in self.watched[each.full_name]
            for metric in part.metrics()
            if metric.name == spec.metric
        ]
        if not parts:
            self.problems += unpublished(self.watched[each.full_name], spec.metric, each, *path)
            return
        if len(parts) > 1:
            which = one_of(part.part for part, _ in parts)
            wrong = f"is published by several parts of {each.full_name}: {which}"
            self.problems.append(MON14.problem(*path, "metric", got=spec.metric, wrong=wrong))
            return
        part, metric = parts[0]
        sides = {
            "above": "GreaterThanUpperThreshold",
            "below": "LessThanLowerThreshold",
            "both": "LessThanLowerOrGreaterThanUpperThreshold",
        }
        period = spec.period_minutes * _MINUTE
        self.alarms.append(
            Alarm(
                key=f"anomaly/{name}",
                name=alarm_name(self.environment.context, "anomaly", name),
                path=path,
                terms=(_term("value", part, metric, metric.statistic, period),),
                band=spec.band,
                comparison=sides[spec.outside],
                period=period,
                datapoints=spec.datapoints,
                periods=spec.of_datapoints,
                missing="ignore",
                says=f"{metric.name} of {each.full_name} is {_outside(spec.outside)} what is usual",
                do="compare it with other days, and with what callers and models have changed",
                watched=each.full_name,
            )
        )

    # What is promised

    def _slo(self, name: str, slo: Slo) -> None:
        path: tuple[PathPart, ...] = ("slos", name)
        each = self._named(slo.of, *path, "of")
        if each is None:
            return
        parts = [
            part
            for part in self.watched[each.full_name]
            if part.publishes.requests and (slo.latency_ms is None or part.publishes.latency)
        ]
        if not parts:
            self.problems += unpublished(
                self.watched[each.full_name], "a count of requests", each, *path
            )
            return
        count = len(parts) * 2
        if count > 10:
            remedy = f"it has {len(parts)} variants, and 5 are possible"
            self.problems.append(MON3.problem(*path, "of", count=count, remedy=remedy))
            return
        for window in slo.windows:
            ends = (
                self._window(name, slo, each, parts, window, length, seconds)
                for length, seconds in (
                    ("long", window.long_seconds),
                    ("short", window.short_seconds),
                )
            )
            both = tuple(alarm.key for alarm in ends)
            burn, left = window.burn(slo.period_days), window.long_seconds // _HOUR
            self.composites.append(
                Composite(
                    key=f"slo/{name}/{window.label}",
                    name=alarm_name(self.environment.context, "slo", name, window.label),
                    path=path,
                    of=both,
                    needs="all",
                    says=f"{each.full_name} uses up its budget of {slo.budget_percent:g} % bad requests in "
                    f"{slo.period_days} days {burn:g} times too fast, {window.share:.0%} in {left} h",
                    do="roll back if a release began with it; else look at the errors first"
                    if window.page
                    else "find time this week: the budget does not last",
                    watched=each.full_name,
                )
            )

    def _window(
        self,
        name: str,
        slo: Slo,
        each: Subject,
        parts: Sequence[Watched],
        window: Window,
        length: str,
        seconds: int,
    ) -> Alarm:
        terms, expression = _share_of_bad(parts, slo, slo.least(window), seconds)
        made = Alarm(
            key=f"slo/{name}/{window.label}/{length}",
            name=alarm_name(self.environment.context, "slo", name, window.label, length),
            path=("slos", name),
            terms=terms,
            expression=expression,
            threshold=slo.threshold(window),
            period=seconds,
            says=f"more than {slo.threshold(window):g} % of the requests to {each.full_name} were bad in "
            f"{seconds // _MINUTE} minutes",
            do="it tells nobody by itself",
            tells=False,
            watched=each.full_name,
        )
        self.alarms.append(made)
        return made

    # Alarms over alarms

    def _composite(self, name: str, spec: CompositeAlarm) -> None:
        path: tuple[PathPart, ...] = ("composites", name)
        over = {
            key: self._matching(patterns, *path, key)
            for key, patterns in (("alarms", spec.alarms), ("unless", spec.unless))
        }
        both = {*over["alarms"]} & {*over["unless"]}
        if both:
            wrong = f"holds {one_of(sorted(both))}, which is among alarms too"
            self.problems.append(MON5.problem(*path, "unless", wrong=wrong))
        made = Composite(
            key=f"composite/{name}",
            name=alarm_name(self.environment.context, "composite", name),
            path=path,
            of=over["alarms"],
            needs=spec.needs,
            unless=over["unless"],
            muted_by=spec.muted_by,
            says=f"{spec.needs} of {', '.join(spec.alarms)}",
            do="look at the alarms that it is over",
        )
        count = len(made.of) + len(made.unless)
        length = len(rule_of(made, self._names()))
        if count > 100 or length > 10_240:
            wrong = f"is over {count} alarms with a rule of {length} characters; CloudWatch takes 100 and "
            wrong += "10,240: make several, and one over them"
            self.problems.append(MON5.problem(*path, "alarms", wrong=wrong))
        self.composites.append(made)

    def _names(self) -> dict[str, str]:
        return {
            **{each.key: each.name for each in self.alarms},
            **{each.key: each.name for each in self.composites},
        }

    def _matching(self, patterns: Sequence[str], *path: PathPart) -> tuple[str, ...]:
        found: dict[str, None] = {}
        keys = list(self._names())
        for index, pattern in enumerate(patterns):
            matching = [key for key in keys if fnmatchcase(key, pattern)]
            if not matching:
                near = did_you_mean(pattern, keys)
                if pattern.removeprefix("composite/") in self.spec.composites:
                    near = ", before it: write the composite alarm that it names above it"
                wrong = f"is no alarm of this environment{near or '; inferform alarms lists them'}"
                self.problems.append(MON5.problem(*path, index, got=pattern, wrong=wrong))
            found |= dict.fromkeys(matching)
        return tuple(found)

    def _silenced(self) -> tuple[Alarm, ...]:
        """The alarms, of which those tell nobody that a composite alarm tells alone."""
        silent = {
            key
            for name, spec in self.spec.composites.items()
            if spec.alone
            for made in self.composites
            if made.key == f"composite/{name}"
            for key in made.of
        }
        quiet = [replace(each, tells=False) if each.key in silent else each for each in self.alarms]
        return tuple(quiet)


def number(value: float) -> str:
    """A number without an exponent, and without the noise of its binary form."""
    rounded = round(value, 9)
    return str(int(rounded)) if rounded == int(rounded) else f"{rounded:.9f}".rstrip("0")


def _outside(side: str) -> str:
    return "outside of" if side == "both" else side


def _term(id: str, part: Watched, metric: Published, statistic: str, period: int = _MINUTE) -> Term:
    return Term(
        id=id,
        metric=metric,
        dimensions=part.values(metric),
        statistic=statistic,
        period=period,
    )


def _share_of_bad(
    parts: Sequence[Watched], slo: Slo, least: int, seconds: int
) -> tuple[tuple[Term, ...], str]:
    """The metrics of all parts, and the percentage of their requests that was bad; 0 where there were
    fewer than `least`."""
    terms: list[Term] = []
    bad, all_ = [], []
    for index, part in enumerate(parts):
        table = part.publishes
        assert table.requests is not None
        count = _term(
            f"n{index}", part, table.named(table.requests.metric), table.requests.statistic, seconds
        )
        all_.append(f"FILL(n{index}, 0)")
        if slo.latency_ms is None:
            assert table.failures is not None
            failed = table.named(table.failures.metric)
            terms += [count, _term(f"b{index}", part, failed, table.failures.statistic, seconds)]
            bad.append(f"FILL(b{index}, 0)")
        else:
            assert table.latency is not None
            limit = number(slo.latency_ms * table.per_millisecond)
            slow = table.named(table.latency)
            terms += [count, _term(f"b{index}", part, slow, f"PR(:{limit})", seconds)]
            bad.append(f"FILL(n{index} * (100 - b{index}) / 100, 0)")
    total, wrong = (" + ".join(each) for each in (all_, bad))
    return tuple(terms), f"IF({total} >= {least}, 100 * ({wrong}) / ({total}), 0)"


_NEEDED: Mapping[Feature, str] = {
    "gpu": "whose instances have no GPU",
    "insights": "without Container Insights",
    "multi-model": "that serves one model",
    "provisioned": "without provisioned concurrency",
}
"""What a target lacks that a metric needs."""


def unpublished(
    parts: Sequence[Watched], metric: str, each: Subject, *path: PathPart
) -> Iterator[Problem]:
    """The problem that no part of a service has a metric, with what there is instead."""
    kind = parts[0].kind if parts else f"{each.full_name}, of which CloudWatch knows nothing"
    for part in parts:
        found = [each for each in part.publishes.metrics if each.name == metric]
        if found and not any(map(part.has, found)) and found[0].needs is not None:
            instead = f" {_NEEDED[found[0].needs]}"
            yield MON1.problem(*path, metric=metric, kind=part.kind, instead=instead)
            return
    names = [published.name for part in parts for published in part.metrics()]
    instead = did_you_mean(metric, names)
    for part in parts:
        for namespace in dict.fromkeys(published.namespace for published in part.metrics()):
            for problem in never_published(namespace, metric, part.publishes, part.kind):
                instead = instead or problem.text.partition(part.kind)[2]
    yield MON1.problem(*path, metric=metric, kind=kind, instead=instead)


def rule_of(made: Composite, names: Mapping[str, str]) -> str:
    """The rule of a composite alarm, with the names of its alarms."""

    def fires(key: str) -> str:
        return f'ALARM("{names[key]}")'

    joint = " AND " if made.needs == "all" else " OR "
    rule = joint.join(map(fires, made.of))
    if not made.unless:
        return rule
    return f"({rule}) AND NOT ({' OR '.join(map(fires, made.unless))})"
