"""DAGs that Inferform writes: they start what the training layer makes, and wait for it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

from ..rules import PathPart, Problem, did_you_mean, rule
from ..scaling.schedule import TimeZone
from ..secret import name_says_secret, value_is_secret
from ..spec import Between, Check, OneOf, ShortName, Spec
from ..training.pipeline import Pipeline, PipelineFile
from .secrets import MWA17

if TYPE_CHECKING:
    from ..environment import Environment
    from ..training.spec import Training

Declared = TypeVar("Declared")

MWA18 = rule(
    "MWA18",
    refuses="a DAG that starts what the training layer does not make",
    message="is no {kind} of training.{field}{hint}",
    source="Inferform: a DAG may start what its environment declares",
)
MWA19 = rule(
    "MWA19",
    refuses="a parameter that what is started does not have, or one that it needs and is not given",
    message="{wrong}",
    source="Amazon SageMaker API reference, StartPipelineExecution PipelineParameters; AWS Step "
    "Functions API reference, StartExecution input",
)
MWA20 = rule(
    "MWA20",
    refuses="a schedule that Airflow does not take, or that has no day",
    message="must be a preset such as @daily, or five fields of cron: minute, hour, day of month, month "
    'and day of week, such as "0 3 * * 1", on a day that there is',
    source="Apache Airflow documentation, cron and time intervals; croniter",
)
MWA21 = rule(
    "MWA21",
    refuses="a DAG that starts nothing",
    message="must start one pipeline or retraining, or more",
    source="Inferform: a DAG without tasks does nothing",
)
MWA22 = rule(
    "MWA22",
    refuses="a time limit of a task outside a minute to 28 days",
    message="must be from {low} to {high} minutes",
    source="Amazon SageMaker developer guide, quotas (28 days for a training job)",
)

_PRESETS = frozenset({"@once", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"})
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = {
    3: dict(
        zip(
            ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
            range(1, 13),
            strict=True,
        )
    ),
    4: dict(zip(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], range(7), strict=True)),
}


def _is_schedule(text: str) -> bool:
    fields = text.split(" ")
    return text in _PRESETS or (
        len(fields) == 5
        and all(_is_field(index, each) for index, each in enumerate(fields))
        and _has_a_day(fields)
    )


def _has_a_day(fields: Sequence[str]) -> bool:
    """Whether a month has one of the days; a day of the week, where one is named, counts beside them."""
    _, _, days, months, weekdays = fields
    # 2024 has a 29th of February.
    longest = max(monthrange(2024, month)[1] for month in _values(3, months))
    return weekdays != "*" or min(_values(2, days)) <= longest


def _values(index: int, text: str) -> Iterator[int]:
    """The numbers that a field stands for."""
    names = _NAMES.get(index, {})
    for part in text.split(","):
        range_, _, step = part.partition("/")
        low, high = _FIELDS[index]
        if range_ != "*":
            words = [each.upper() for each in range_.split("-")]
            ends = [names[each] if each in names else int(each) for each in words]
            low, high = ends[0], ends[-1]
        yield from range(low, high + 1, int(step or 1))


def _is_field(index: int, text: str) -> bool:
    return all(_is_part(index, part) for part in text.split(","))


def _is_part(index: int, text: str) -> bool:
    """`*`, `*/5`, `3`, `1-5` or `1-5/2`, with names for months and days of the week."""
    range_, slash, step = text.partition("/")
    if slash and not (re.fullmatch(r"[1-9]\d?", step) and (range_ == "*" or "-" in range_)):
        return False
    if range_ == "*":
        return True
    low, high = _FIELDS[index]
    names = _NAMES.get(index, {})
    ends = [
        names.get(each.upper(), int(each) if re.fullmatch(r"\d{1,2}", each, re.ASCII) else -1)
        for each in range_.split("-")
    ]
    return (
        len(ends) in (1, 2) and all(low <= each <= high for each in ends) and ends == sorted(ends)
    )


class PipelineRun(Spec):
    """A run of a pipeline of SageMaker."""

    pipeline: ShortName
    """The pipeline, by its name in `training.pipelines`."""

    parameters: dict[str, str] = {}
    """Parameters of the run, beside the defaults of the pipeline. A value may be a template of
    Airflow's: `"{{ ds }}"` is the day that the run is for. Default: none."""

    def check(self) -> Iterator[Problem]:
        """No parameter is a secret."""
        yield from _secrets(self.parameters)

    def problems(self, environment: Environment) -> Iterator[Problem]:
        """Whether the pipeline is there, and takes these parameters."""
        known = _declared(environment, lambda training: training.pipelines)
        spec = known.get(self.pipeline)
        if spec is None:
            yield _missing("pipeline", self.pipeline, known)
            return
        if isinstance(spec, PipelineFile):
            declared = spec.declared
            needed = [name for name, default in declared.items() if default is None]
        else:
            assert isinstance(spec, Pipeline)
            declared = dict(spec.parameters)
            needed = spec.missing({})
        yield from _unknown(self.parameters, declared)
        for name in needed:
            if name not in self.parameters:
                wrong = f"has no value for {name}, for which the pipeline has no default"
                yield MWA19.problem("parameters", wrong=wrong)


class RetrainingRun(Spec):
    """A run of a retraining, which is a state machine."""

    retraining: ShortName
    """The retraining, by its name in `training.retrainings`."""

    parameters: dict[str, str] = {}
    """Parameters of the run, beside the defaults of the retraining. A value may be a template of
    Airflow's: `"{{ ds }}"` is the day that the run is for. Default: none."""

    def check(self) -> Iterator[Problem]:
        """No parameter is a secret."""
        yield from _secrets(self.parameters)

    def problems(self, environment: Environment) -> Iterator[Problem]:
        """Whether the retraining is there, and takes these parameters."""
        known = _declared(environment, lambda training: training.retrainings)
        spec = known.get(self.retraining)
        if spec is None:
            yield _missing("retraining", self.retraining, known)
            return
        yield from _unknown(self.parameters, spec.parameters)


def _secrets(given: dict[str, str]) -> Iterator[Problem]:
    """Parameters that look like secrets; the values stay out of the messages."""
    for name, value in given.items():
        if name_says_secret(name, value) or value_is_secret(value):
            remedy = "keep it in Secrets Manager, and give its ARN to what is started"
            yield MWA17.problem("parameters", name, where="", remedy=remedy)


def _unknown(given: dict[str, str], declared: object) -> Iterator[Problem]:
    assert isinstance(declared, dict)
    for name in given:
        if name not in declared:
            wrong = f"is no parameter of what is started{did_you_mean(name, declared)}"
            yield MWA19.problem("parameters", name, wrong=wrong)


class TrainingDag(Spec):
    """A DAG that starts pipelines and retrainings one after another, and waits for each.

    Tasks that wait hold no worker: they look once a minute. One run of a DAG works at a time. A run that
    fails is not started again by itself, as that costs.
    """

    runs: Annotated[
        dict[ShortName, Annotated[PipelineRun | RetrainingRun, OneOf()]], Check(MWA21, bool)
    ]
    """What is started, by the name of its task, in this order."""

    schedule: Annotated[str, Check(MWA20, _is_schedule)] | None = None
    """When it starts: `@daily`, or cron with five fields. Airflow pauses new DAGs until somebody turns
    them on. Default: None, somebody starts it."""

    timezone: TimeZone = "UTC"
    """The time zone of `schedule`, such as `Europe/Berlin`. Default: UTC."""

    max_wait_minutes: Annotated[int, Between(MWA22, 1, 40_320)] = 1440
    """Minutes after which a task gives up waiting. What it started continues. Default: 1,440, a day."""

    def problems(self, environment: Environment) -> Iterator[Problem]:
        """Whether all that it starts is there."""
        for name, run in self.runs.items():
            path: tuple[PathPart, ...] = ("runs", name)
            yield from (problem.under(*path) for problem in run.problems(environment))


def _declared(
    environment: Environment, of: Callable[[Training], Mapping[str, Declared]]
) -> dict[str, Declared]:
    """What the training layer declares, or each of its groups."""
    groups = environment.trainings.values()
    return {name: each for group in groups for name, each in of(group).items()}


def _missing(kind: str, got: str, known: Mapping[str, object]) -> Problem:
    return MWA18.problem(kind, got=got, kind=kind, field=f"{kind}s", hint=did_you_mean(got, known))
