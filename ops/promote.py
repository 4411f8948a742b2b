"""Promotion: one service's release, from one environment's file to another's.

A release is what is served: image tag or digest, artifact, model package. It is written as string
literals in the entry of the service, wherever the file has a dict entry or an argument of that name.
Which literals have to change is not guessed: an edit is made only where reading the edited file gives
exactly the environments of before with the service's release replaced.
"""

from __future__ import annotations

import difflib
import itertools
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst

from inferform import ConfigurationError, Environment, Image, load
from inferform.image_uri import parse_image
from inferform.loading import Loaded
from inferform.model.artifact import located
from inferform.rules import PathPart
from inferform.s3_uri import bucket_and_key
from inferform.service import Deployed
from inferform.spec import Spec

from .aws import Aws
from .errors import BadInputError, OperatorError
from .running import running
from .services import find

Path_ = tuple[PathPart, ...]
Release = dict[Path_, str | None]

_MOST_LITERALS = 8


@dataclass(frozen=True, slots=True)
class Promotion:
    """An edit of one environment's file, not yet made."""

    file: Path
    before: str
    after: str
    changes: dict[str, tuple[str | None, str | None]]
    """What the edit changes in the environment: path to old and new value."""

    @property
    def diff(self) -> str:
        """The edit as a unified diff."""
        name = f"{self.file.parent.name}/{self.file.name}"
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
        return "".join(lines)

    def make(self) -> None:
        """Make the edit. Raises OperatorError when the file has changed since it was read."""
        if self.file.read_text("utf-8") != self.before:
            raise OperatorError(f"{self.file.name} has changed meanwhile", "promote again")
        self.file.write_text(self.after, encoding="utf-8")


def release_of(environment: Environment, service: str) -> Release:
    """What a service of an environment serves, by the path of each value in the environment.

    Raises BadInputError for a service that the environment does not have.
    """
    return _release(find(environment, service))


def _release(found: Deployed) -> Release:
    return {(*found.place.path, *path): value for path, value in found.spec.release()}


def without_grants(release: Release) -> Release:
    """A release without what stands beside a version of the Model Registry: it only says what a role may
    read, and no state has it."""
    packages = {path[:-1] for path, value in release.items() if path[-1] == "arn" and value}
    return {
        path: value
        for path, value in release.items()
        if path[-1] == "arn" or not any(path[:end] in packages for end in range(len(path)))
    }


def require_in_service(
    environment: Environment, service: str, aws: Aws, *, unverified: bool = False
) -> None:
    """Raise OperatorError unless what the file says of a service is deployed and in service.

    With `unverified` a service passes that nothing can verify, and nothing is looked at.
    """
    found = find(environment, service)
    now = running(aws, found)
    if now.unverified:
        if unverified:
            return
        raise OperatorError(
            f"nothing verifies that {service} is in service in {environment.key}: {now.unverified}",
            "look at it yourself, then add --unverified",
        )
    wrong = [f"{f.subject} {f.found}" for f in now.findings if f.outcome == "failed"]
    if wrong or not now.findings:
        said = "; ".join(wrong) or "it has no state"
        raise OperatorError(
            f"{service} is not deployed and in service in {environment.key}: {said}",
            f"deploy {environment.key}, and see inferform verify {environment.key}",
        )
    for image in (*found.spec.images(), *found.spec.helpers()):
        wanted = image if isinstance(image, str) else image.uri(environment.context)
        if isinstance(image, Image) and wanted not in now.served:
            _refuse_undeployed(environment, service, wanted, now.served)
    for path, value in without_grants(dict(found.spec.release())).items():
        whole = value is not None and path[-1] not in ("tag", "digest")
        if whole and not any(text.endswith(str(value)) for text in now.served):
            _refuse_undeployed(environment, service, str(value), now.served)


def _refuse_undeployed(
    environment: Environment, service: str, wanted: str, deployed: Iterable[str]
) -> None:
    raise OperatorError(
        f"{environment.key} says {wanted} for {service}, which is not what is deployed: "
        f"{', '.join(sorted(deployed))}",
        f"deploy {environment.key} first",
    )


def plan(loaded: Loaded, service: str, source: str, target: str) -> Promotion:
    """The edit that gives `target` the release that `source` has.

    Raises BadInputError where there is nothing to promote or the file cannot be edited safely.
    """
    giver, taker = loaded.environments[source], loaded.environments[target]
    wanted = _wanted(giver, taker, service)
    now = release_of(taker, service)
    changes = {path: (now[path], new) for path, new in wanted.items() if now[path] != new}
    if not changes:
        raise BadInputError(f"{target} has the release of {source} already")
    if any(None in values for values in changes.values()):
        raise BadInputError(
            f"{service} is named by tag in one of {source} and {target}, and by digest in the other",
            "name its image in the same way in both",
        )
    return edit(loaded, target, service, {path: new for path, (_, new) in changes.items()})


def edit(loaded: Loaded, target: str, service: str, changes: Release) -> Promotion:
    """The edit that gives a service of `target` other values at some paths of its release.

    Raises BadInputError where the file cannot be edited safely.
    """
    now, file = release_of(loaded.environments[target], service), loaded.files[target]
    before = file.read_text("utf-8")
    return Promotion(
        file=file,
        before=before,
        after=_edited(loaded, target, service, before, changes),
        changes={".".join(map(str, path)): (now[path], new) for path, new in changes.items()},
    )


def copies(giver: Environment, taker: Environment, service: str) -> list[str]:
    """Commands that bring what a release names to where `taker` looks for it.

    None where both look in the same place. What is there already need not be copied.
    """
    return [
        f"aws s3 cp{' --recursive' if source.endswith('/') else ''} {source} {target}"
        if source.startswith("s3://")
        else f"skopeo copy --all --preserve-digests docker://{source} docker://{target}"
        for source, target in zip(_places(giver, service), _places(taker, service), strict=True)
        if source != target
    ]


def _places(environment: Environment, service: str) -> Iterator[str]:
    """Where the images and artifacts of a service are, in the order of its Spec."""
    spec = find(environment, service).spec
    for artifact in spec.loads():
        yield located(artifact, environment.artifact_bucket)
    for image in (*spec.images(), *spec.helpers()):
        yield image if isinstance(image, str) else image.uri(environment.context)


def _wanted(giver: Environment, taker: Environment, service: str) -> Release:
    """The release of `giver` at the paths of `taker`, in the accounts and buckets of that."""
    found, other = find(giver, service), find(taker, service)
    given, held = _release(found), _release(other)
    from_, to = found.place.path, other.place.path
    moved = {(*to, *path[len(from_) :]): value for path, value in given.items()}
    if moved.keys() != held.keys():
        only = sorted(".".join(map(str, path)) for path in moved.keys() ^ held.keys())
        raise BadInputError(
            f"{service} is written in another way in {taker.key} than in {giver.key}: "
            f"{', '.join(only)}",
            "write its release in the same fields in both",
        )
    return {path: _translated(path, moved[path], held[path], taker) for path in held}


def _translated(path: Path_, new: str | None, old: str | None, taker: Environment) -> str | None:
    if new is None or old is None or new == old:
        return new
    image, own = parse_image(new), parse_image(old)
    if image and own:
        version = f":{image['tag']}" if image["tag"] else f"@{image['digest']}"
        return f"{old.partition('@')[0].rpartition('/')[0]}/{own['repository'].rpartition('/')[2]}{version}"
    if new.startswith("s3://") and old.startswith("s3://"):
        return f"s3://{bucket_and_key(old)[0]}/{bucket_and_key(new)[1]}"
    if new.startswith("arn:") and new.split(":")[3] not in ("", taker.context.region):
        raise BadInputError(
            f"{new} is in another Region than {taker.key}",
            f"copy the package to {taker.context.region} and write it by hand",
        )
    return new


def _edited(loaded: Loaded, target: str, service: str, before: str, changes: Release) -> str:
    module = cst.parse_module(before)
    name = find(loaded.environments[target], service).name
    found = _Literals(name)
    module.visit(found)
    pairs = dict(_pairs(loaded.environments[target], service, changes))
    candidates = [literal for literal in found.literals if literal.evaluated_value in pairs]
    where = f"{loaded.files[target].parent.name}/{loaded.files[target].name}"
    if not candidates or len(candidates) > _MOST_LITERALS:
        raise BadInputError(
            f"the release of {service} cannot be edited in {where}: no literal of its entry is "
            f"{' or '.join(sorted(pairs))}"
            if not candidates
            else f"the entry of {service} in {where} has too many literals like its release",
            f"write the version as a literal in the entry of {service}, such as "
            f'"{name}": model("{name}", "1.4.2"), or edit it by hand',
        )
    failures: list[str] = []
    for size in range(1, len(candidates) + 1):
        good = []
        for chosen in itertools.combinations(candidates, size):
            text = module.visit(_Replacing(chosen, pairs)).code
            failure = difference(loaded, target, text, changes)
            if failure is None:
                good.append(text)
            else:
                failures.append(failure)
        if good:
            break
    if len(set(good)) != 1:
        said = "more than one edit would do" if good else failures[0]
        raise BadInputError(
            f"the release of {service} cannot be edited safely in {where}: {said}",
            "edit it by hand",
        )
    return good[0]


def _pairs(environment: Environment, service: str, changes: Release) -> Iterator[tuple[str, str]]:
    """Literals that may stand for a value that changes, and what would take their place.

    Beside the value itself: the tag or digest of an image's URI, and parts of a path.
    """
    held = release_of(environment, service)
    for path, new in changes.items():
        old = held[path]
        if old is None or new is None:
            continue
        yield old, new
        image, other = parse_image(old), parse_image(new)
        if image and other:
            for part in ("tag", "digest"):
                if image[part] and other[part]:
                    yield image[part], other[part]
        parts, others = old.split("/"), new.split("/")
        if len(parts) == len(others):
            yield from ((a, b) for a, b in zip(parts, others, strict=True) if a != b)


class _Literals(cst.CSTVisitor):
    """The string literals in the entries of one service: dict entries and keyword arguments."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service
        self._inside = 0
        self.literals: list[cst.SimpleString] = []

    def _is_entry(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.DictElement):
            key = node.key
            return isinstance(key, cst.SimpleString) and key.evaluated_value == self._service
        if isinstance(node, cst.Arg):
            return node.keyword is not None and node.keyword.value == self._service
        return False

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Count the entries around a node."""
        self._inside += self._is_entry(node)
        if self._inside and isinstance(node, cst.SimpleString):
            self.literals.append(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Leave an entry."""
        self._inside -= self._is_entry(original_node)


class _Replacing(cst.CSTTransformer):
    """Other values for some literals, quoted as they were."""

    def __init__(self, chosen: tuple[cst.SimpleString, ...], pairs: dict[str, str]) -> None:
        super().__init__()
        self._chosen = chosen
        self._pairs = pairs

    def leave_SimpleString(  # noqa: N802 - libcst's name
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.BaseExpression:
        """Replace the value of a chosen literal."""
        if not any(original_node is literal for literal in self._chosen):
            return updated_node
        new = self._pairs[str(original_node.evaluated_value)]
        quote = original_node.quote
        return updated_node.with_changes(value=f"{original_node.prefix}{quote}{new}{quote}")


def difference(loaded: Loaded, target: str, text: str, changes: Release) -> str | None:
    """Why the edited file is not what is wanted; None where it is."""
    file = loaded.files[target]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.parent.name
        shutil.copytree(file.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / file.name).write_text(text, encoding="utf-8")
        try:
            edited = load(copy).environments
        except ConfigurationError as error:
            return str(error)
    for key, before in loaded.environments.items():
        wanted = changes if key == target else {}
        found = _changed(_leaves(before), _leaves(edited[key])) if key in edited else None
        if found is None:
            return f"{key} would be gone"
        if found != wanted:
            paths = sorted(".".join(map(str, path)) for path in found.keys() ^ wanted.keys())
            return f"it would change {key} in {', '.join(paths) or 'other values'}"
    return None


def _leaves(value: Any, path: Path_ = ()) -> dict[Path_, Any]:
    if isinstance(value, Spec):
        fields = type(value).model_fields
        return _leaves({name: getattr(value, name) for name in fields}, path)
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    else:
        return {path: value}
    leaves: dict[Path_, Any] = {path: type(value).__name__ if not items else len(items)}
    for key, item in items:
        leaves |= _leaves(item, (*path, key))
    return leaves


def _changed(before: dict[Path_, Any], after: dict[Path_, Any]) -> dict[Path_, Any]:
    missing = object()
    paths = before.keys() | after.keys()
    return {
        path: after.get(path)
        for path in paths
        if before.get(path, missing) != after.get(path, missing)
    }
