"""Going back: one service's release, to the last other one that was in service.

What was in service is read from the versions of the layer's state in its bucket, newest first: a
version counts where the run that wrote it reached what it asked for. So a release that AWS rolled back
is passed over, and so is what stood in the file and was never deployed.

Like a promotion it edits the environment's file, and a deploy does the rest: the state, AWS and the
next plan agree at every moment. Moving an endpoint past Terraform would be drift that the next apply
undoes, and what to move it to is deleted once its successor is in service. After a rollout that failed
AWS serves the predecessor already.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from inferform import Environment, ModelPackage
from inferform.loading import Loaded
from inferform.model.artifact import located
from inferform.rules import did_you_mean
from inferform.service import Deployed
from inferform.spec import Spec, walk

from .aws import Aws
from .errors import BadInputError
from .kinds import kinds
from .kinds.record import Not, Verification, Verifier
from .promote import Path_, Promotion, Release, edit, release_of, without_grants
from .running import name_of
from .services import aliases, find
from .state import State, States
from .versions import described, named_by

_BY_HAND = "git revert of the commit that changed it, or edit it by hand; then deploy"


@dataclass(frozen=True, slots=True)
class Rollback:
    """An edit that gives a service its earlier release, not yet made."""

    edit: Promotion
    stack: str
    """The stack whose deploy brings it to AWS."""

    version: str
    """The version of the state in which the earlier release was in service."""

    written: datetime | None
    """When that version was written."""

    service: Deployed

    serving: bool
    """Whether no run since has reached another release, so that AWS serves the earlier one still."""

    told: bool = True
    """Whether the state tells that the service got to it. Default: True."""

    @property
    def story(self) -> str:
        """Which release it is, and where that is known from."""
        when = f", written {self.written:%Y-%m-%d %H:%M:%S} UTC" if self.written else ""
        where = f"version {self.version} of its state{when}"
        if not self.told:
            return (
                f"{self.service.name} was asked for with it in {where}; whether it came into service, "
                "no state tells: look before you deploy it"
            )
        said = f"{self.service.name} was in service with it in {where}"
        if self.serving:
            said += "; no run has reached another release since, so it is what AWS should serve now"
        return said

    def steps(self, *, deployed: bool) -> list[str]:
        """The commands that follow."""
        key = self.service.place.environment.key
        steps = [f"inferform verify {key}"]
        if not deployed:
            steps = [f"inferform preflight {key}", f"inferform deploy {self.stack}", *steps]
        if self.service.spec.moves_later:
            steps.insert(-1, f"inferform rollout {key} {self.service.name}")
        return steps


def where(loaded: Loaded, service: str) -> str:
    """The key of the one environment that has a service.

    Raises BadInputError where none has it, and where several have.
    """
    having = [
        key
        for key, each in loaded.environments.items()
        if any(service in aliases(deployed) for deployed in each.deployed)
    ]
    if len(having) == 1:
        return having[0]
    if having:
        raise BadInputError(f"{service} is in {', '.join(having)}", "say which one: --in ENV")
    known = [a for e in loaded.environments.values() for d in e.deployed for a in aliases(d)]
    raise BadInputError(f"no environment has a service {service}{did_you_mean(service, known)}")


def plan(loaded: Loaded, service: str, key: str, aws: Aws, *, version: str = "") -> Rollback:
    """The edit that gives a service the last other release that was in service.

    With `version` it is the release in that version of the state. Raises BadInputError where there
    is none, or the file cannot be edited safely, and OperatorError where the state cannot be read.
    """
    environment = loaded.environments[key]
    found = find(environment, service)
    now, reached, looked, settings = release_of(environment, service), False, 0, False
    for state in States(aws).history(found.place.layer):
        looked += 1
        verifier = verifier_in(found, aws, state)
        if version and state.version != version:
            reached = reached or (verifier is not None and verifier.was_reached())
            continue
        if verifier is None or not verifier.was_reached():
            if version:
                raise BadInputError(f"{service} was not in service in version {version}")
            continue
        release = release_in(found, tuple(verifier.served()), state, grants=False)
        changes = {path: new for path, new in release.items() if new != now[path]}
        if changes:
            changes |= _grants(found, now, changes, aws)
            made = edit(loaded, key, service, changes)
            stack = f"{key}-{found.place.layer}"
            return Rollback(
                made,
                stack,
                state.version,
                state.changed,
                found,
                serving=not reached,
                told=verifier.tells_reached,
            )
        if version:
            raise BadInputError(f"{service} has the release of version {version} already")
        reached, settings = True, True
    if version:
        layer = found.place.layer
        raise BadInputError(
            f"the state of {layer} has no version {version}",
            f"inferform state list {key} {layer} lists them",
        )
    if not looked:
        raise BadInputError(f"{service} was never deployed in {key}: its layer has no state")
    only = (
        "has served no other release than the one in the file" if settings else "was not in service"
    )
    raise BadInputError(
        f"{service} {only}, as far as the {looked} versions of its state go",
        f"where other settings are to go back: {_BY_HAND}",
    )


def verifier_in(found: Deployed, aws: Aws, state: State) -> Verifier | None:
    """What reads a service from a version of its state; None where it is not there.

    Raises BadInputError for a service that is in no state.
    """
    if found.resource is None:
        raise BadInputError(
            f"somebody else than Terraform makes {found.name}",
            "go back where it is delivered from, such as the repository of GitOps",
        )
    kind, name = found.resource
    verify = kinds()[kind].verify
    if isinstance(verify, Not):
        raise BadInputError(f"nothing tells what {found.name} served: {verify.reason}", _BY_HAND)
    run = Verification(found.place.environment, aws, state, invoke=False)
    return next((verify(run, v) for v in state.of_type(kind) if name_of(kind, v) == name), None)


def _grants(found: Deployed, now: Release, changes: Release, aws: Aws) -> Release:
    """What else has to change beside versions of the Model Registry that others take the place of.

    No state has what stands beside a version, as it only says what the role may pull and read. What the
    other version names is asked of the registry; what is written stays where it covers that. Raises
    OperatorError where the registry does not tell, and BadInputError where its answer cannot be written
    in the same place.
    """
    made: Release = {}
    for path, arn in changes.items():
        pin = _spec_at(found, path[:-1])
        if path[-1] != "arn" or not arn or not isinstance(pin, ModelPackage):
            continue
        wholes = _granted(found, pin)
        if not wholes:
            continue
        named = named_by(described(arn, aws), arn)
        for field, whole in wholes.items():
            text = getattr(named, field)
            if text == whole or not text or (whole.endswith("/") and text.startswith(whole)):
                continue
            place = (*path[:-1], field)
            written = next(each for each in now if each[: len(place)] == place and now[each])
            made[written] = _value(found, written, str(now[written]), whole, text)
    return made


def _granted(found: Deployed, pin: ModelPackage) -> dict[str, str]:
    """The whole URIs of what stands beside a version."""
    environment, wholes = found.place.environment, dict[str, str]()
    if pin.image is not None:
        image = pin.image
        wholes["image"] = image if isinstance(image, str) else image.uri(environment.context)
    if pin.artifact is not None:
        wholes["artifact"] = located(pin.artifact, environment.artifact_bucket)
    return wholes


def _spec_at(found: Deployed, path: Path_) -> Spec | None:
    base = found.place.path
    return next((spec for each, spec in walk(found.spec) if (*base, *each) == path), None)


def release_in(
    found: Deployed, served: tuple[str, ...], state: State, *, grants: bool = True
) -> Release:
    """The release of a service that a version of the state has, at the paths of its Spec; without
    `grants` of what a version is told by alone.

    A value is found by its sort and its place: the image of the same repository, the artifact or the
    package that is listed where it is.
    """
    release: Release = {(*found.place.path, *path): value for path, value in found.spec.release()}
    if not grants:
        release = without_grants(release)
    wholes, then = _wholes(found, release), defaultdict[str, list[str]](list)
    for text in served:
        then[_sort(text)].append(text)
    wanted = defaultdict[str, list[Path_]](list)
    for path, whole in wholes.items():
        wanted[_sort(whole)].append(path)
    for sort, paths in wanted.items():
        if len(then[sort]) != len(paths):
            said = ", ".join(then[sort]) or "nothing like it"
            raise BadInputError(
                f"what {found.name} served in version {state.version} of the state cannot be told "
                f"apart: {said} for {', '.join('.'.join(map(str, path)) for path in paths)}",
                _BY_HAND,
            )
        for path, text in zip(paths, then[sort], strict=True):
            release[path] = _value(found, path, str(release[path]), wholes[path], text)
    return release


def _wholes(found: Deployed, release: Release) -> dict[Path_, str]:
    """The whole URI or ARN behind each value of a release.

    Raises BadInputError for a value that is in no state.
    """
    environment, spec = found.place.environment, found.spec
    left = deque(
        [
            *_uris(found, environment),
            *(located(a, environment.artifact_bucket) for a in spec.loads()),
        ]
    )
    wholes = {}
    for path, value in release.items():
        if value is None:
            continue
        whole = next((text for text in left if _names(text, value, path)), None)
        if whole is not None:
            left.remove(whole)
        elif not value.startswith("arn:"):
            raise BadInputError(
                f"{'.'.join(map(str, path))} of {found.name} stands in no state", _BY_HAND
            )
        wholes[path] = whole or value
    return wholes


def _uris(found: Deployed, environment: Environment) -> Iterator[str]:
    for image in (*found.spec.images(), *found.spec.helpers()):
        yield image if isinstance(image, str) else image.uri(environment.context)


def _names(whole: str, value: str, path: Path_) -> bool:
    """Whether a value of a release is what a URI ends with."""
    mark = {"tag": ":", "digest": "@"}.get(str(path[-1]), "/")
    return whole == value or whole.endswith(f"{mark}{value}")


def _sort(text: str) -> str:
    """What can take the place of what: artifacts, packages, images of one repository."""
    if text.startswith("s3://"):
        return "artifact"
    if text.startswith("arn:"):
        return "package"
    folder, _, image = text.partition("@")[0].rpartition("/")
    return f"{folder}/{image.partition(':')[0]}"


def _value(found: Deployed, path: Path_, now: str, whole: str, text: str) -> str:
    """The value instead of `now` that makes `text` of `whole`."""
    kept = whole.removesuffix(now)
    if kept and not text.startswith(kept):
        raise BadInputError(
            f"{found.name} served {text}, which no {path[-1]} instead of {now} gives", _BY_HAND
        )
    return text.removeprefix(kept)
