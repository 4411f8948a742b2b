"""What starts a retraining or a pipeline, checked against the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..model.artifact import located
from ..rules import PathPart, Problem, did_you_mean, rule
from ..sagemaker.triggers import OnAlarm, OnApproval, OnDrift, OnUpload, Trigger
from ..service import Place

WFL2 = rule(
    "WFL2",
    refuses="a reference to what the retraining does not make, or makes only later",
    message="{wrong}{hint}",
    source="Inferform: steps run in the order prepare, train, evaluate",
)
WFL3 = rule(
    "WFL3",
    refuses="a retraining or a pipeline that is started by what it writes",
    message="writes below {watched}, where each upload starts it again; write elsewhere",
    source="Amazon EventBridge user guide: a rule matches what its target writes",
)
WFL6 = rule(
    "WFL6",
    refuses="a retraining or a pipeline that is started by the alarm on its own failures",
    message="is the alarm on its own failures, which would start it again and again",
    source="Inferform: a failure would start the next one",
)
WFL7 = rule(
    "WFL7",
    refuses="a retraining or a pipeline that waits for uploads without a prefix, or to a bucket that sends no events",
    message="{wrong}",
    source="Amazon S3 user guide, using EventBridge",
)
REG10 = rule(
    "REG10",
    refuses="a model package group that the environment's registry does not have, or one of another Region",
    message="{wrong}{hint}",
    source="SageMaker developer guide, model registry (a group is in one account and Region)",
)


def start_problems(
    place: Place,
    triggers: Iterable[Trigger],
    at: tuple[PathPart, ...],
    *,
    failed: str | None,
    written: Mapping[str, tuple[PathPart, ...]],
) -> Iterator[Problem]:
    """What triggers at `at` refer to in the environment.

    `failed` is the name of the alarm on failures of what they start, `written` where in S3 it writes, with
    the path of the field that says so; an empty one where none does.
    """
    environment = place.environment
    monitors = {name for each in environment.trainings.values() for name in each.monitors}
    for index, trigger in enumerate(triggers):
        here = (*at, index)
        match trigger:
            case OnAlarm(alarm=alarm):
                if alarm == failed:
                    yield WFL6.problem(*here, "alarm", got=alarm)
            case OnDrift(monitor=monitor):
                if monitor not in monitors:
                    hint = did_you_mean(monitor, monitors)
                    wrong = "is not a monitor of training.monitors"
                    yield WFL2.problem(*here, "monitor", got=monitor, wrong=wrong, hint=hint)
            case OnApproval(group=group):
                yield from group_problems(place, group, (*here, "group"))
            case OnUpload(prefix=None):
                wrong = "must be the prefix whose uploads start it, such as data/fraud/"
                yield WFL7.problem(*here, "prefix", wrong=wrong)
            case OnUpload(prefix=str() as prefix):
                yield from _upload_problems(place, here, prefix, written)


def group_problems(place: Place, group: str, at: tuple[PathPart, ...]) -> Iterator[Problem]:
    """A group by its short name that the environment's registry does not have."""
    groups = getattr(place.environment.registry, "models", None)
    if groups is not None and ":" not in group and group not in groups:
        hint = did_you_mean(group, groups) or "; add it there"
        wrong = "is not a model package group of registry.models"
        yield REG10.problem(*at, got=group, wrong=wrong, hint=hint)


def _upload_problems(
    place: Place,
    here: tuple[PathPart, ...],
    prefix: str,
    written: Mapping[str, tuple[PathPart, ...]],
) -> Iterator[Problem]:
    environment = place.environment
    sends = getattr(getattr(environment.registry, "artifacts", None), "send_events", True)
    if not prefix.startswith("s3://") and not sends:
        wrong = (
            "is in the artifact bucket, which sends no events; set "
            "registry.artifacts.send_events=True"
        )
        yield WFL7.problem(*here, "prefix", got=prefix, wrong=wrong)
    watched = located(prefix, environment.artifact_bucket)
    for uri, path in written.items():
        if uri.startswith(watched):
            yield WFL3.problem(*(path or (*here, "prefix")), watched=prefix)
