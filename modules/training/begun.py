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

REG14 = rule(
    "REG14",
    refuses="a version in a group whose accounts cannot read its artifact",
    message="{wrong}; {remedy}",
    source="SageMaker developer guide, deploy a model version from a different account (the bucket's policy "
    "and the key's)",
    severity="warning",
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


def registered_problems(
    place: Place, group: str, at: tuple[PathPart, ...], artifact: str | None
) -> Iterator[Problem]:
    """What keeps versions of a group, at `at`, from being registered or deployed.

    `artifact` is where their artifacts lie, as an S3 URI; None where nobody knows beforehand.
    """
    yield from group_problems(place, group, at)
    environment = place.environment
    context, registry = environment.context, environment.registry
    folder = (artifact or "").removeprefix(f"s3://{environment.artifact_bucket}/")
    lies_here = artifact is not None and folder != artifact
    own = getattr(registry, "own_artifacts", None)
    everywhere = own.read_accounts if own is not None else ()
    if ":" in group:
        region, account = group.split(":")[3:5]
        if region != context.region:
            wrong = f"is in {region}, but the environment is in {context.region}"
            yield REG10.problem(*at, got=group, wrong=wrong, hint="")
        elif lies_here and account not in (context.account, *everywhere):
            wrong = (
                f"is of account {account}, which cannot read the artifact: it stays here, in {folder} of "
                f"{environment.artifact_bucket}"
            )
            remedy = (
                "the bucket's and the key's owner has to let that account read, and each that deploys"
                if own is None
                else f'add "{account}" to registry.artifacts.read_accounts, and each account that deploys'
            )
            yield REG14.problem(*at, got=group, wrong=wrong, remedy=remedy)
        return
    shared = getattr(registry, "models", {}).get(group)
    if shared is None or own is None or not lies_here or folder.startswith(shared.artifact_prefix):
        return
    readers = [each for each in shared.read_accounts if each not in everywhere]
    if readers:
        wrong = (
            f"lets {', '.join(readers)} read {shared.artifact_prefix} alone, but the artifact lies in "
            f"{folder}"
        )
        remedy = f'write registry.models.{group}.artifact_prefix="{folder}", or a prefix of it'
        yield REG14.problem(*at, got=group, wrong=wrong, remedy=remedy)


def _upload_problems(
    place: Place,
    here: tuple[PathPart, ...],
    prefix: str,
    written: Mapping[str, tuple[PathPart, ...]],
) -> Iterator[Problem]:
    environment = place.environment
    sends = getattr(getattr(environment.registry, "artifacts", None), "send_events", True)
    bucket = environment.artifact_bucket
    watched = located(prefix, bucket)
    if watched.startswith(f"s3://{bucket}/") and not sends:
        wrong = (
            "is in the artifact bucket, which sends no events; set "
            "registry.artifacts.send_events=True"
        )
        yield WFL7.problem(*here, "prefix", got=prefix, wrong=wrong)
    for uri, path in written.items():
        if uri.startswith(watched):
            yield WFL3.problem(*(path or (*here, "prefix")), watched=prefix)
