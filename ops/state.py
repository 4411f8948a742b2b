"""Terraform's states in the state bucket: reading, listing versions, restoring, unlocking."""

from __future__ import annotations

import copy
import getpass
import json
import socket
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .advice import errors_of, explained
from .aws import Aws
from .errors import BadInputError, DamagedStateError, OperatorError
from .references import type_of, without_keys
from .terraform import Content, Stack, backend_in, place_in
from .untrusted import strict_json, visible

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOT_KNOWN = "not known"
"""What stands for what neither a state nor AWS tells."""

MOVE = "inferform state move"
"""What the locks of a move between states say."""

_SUFFIX = ".tfstate"

_ABSENT = ("NoSuchKey", "404", "NoSuchVersion")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which state it is, and how often it was written."""

    lineage: str
    serial: int


@dataclass(frozen=True)
class State:
    """One version of a layer's state."""

    content: dict[str, Any]
    version: str
    changed: datetime | None
    """When it was written; None where that is not known."""

    @property
    def serial(self) -> int:
        """Terraform's count of the versions of a state."""
        return int(self.content.get("serial", 0))

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The attributes of every managed resource, by address.

        What Terraform has replaced and has still to delete (its deposed objects) is not among them.
        """
        return {
            address: instance.get("attributes") or {} for address, instance in self._instances()
        }

    @property
    def deposed(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The attributes of what Terraform has replaced and has still to delete.

        By address, and there by the key that Terraform has given each: an address may have several.
        """
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for address, instance in _objects(self.content):
            if key := instance.get("deposed"):
                found.setdefault(address, {})[key] = instance.get("attributes") or {}
        return found

    @property
    def tainted(self) -> set[str]:
        """The addresses of what a run created that ended in an error, which Terraform replaces."""
        return {
            address
            for address, instance in self._instances()
            if instance.get("status") == "tainted"
        }

    def exchanged(self, chosen: Mapping[str, str]) -> dict[str, Any]:
        """The content of the next version, in which deposed objects are current again.

        `chosen` has the key of one for each address. What is current there now becomes the
        deposed one, so that Terraform deletes it.
        """
        content = copy.deepcopy(self.content)
        for address, instance in _objects(content):
            if address not in chosen:
                continue
            if not instance.get("deposed"):
                instance["deposed"] = chosen[address]
            elif instance["deposed"] == chosen[address]:
                del instance["deposed"]
        return {**content, "serial": self.serial + 1}

    def _instances(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The current object of every managed resource, by address."""
        for address, instance in _objects(self.content):
            if not instance.get("deposed"):
                yield address, instance

    def is_settled(self, values: Mapping[str, Any]) -> bool:
        """Whether neither the resource with `values` nor what it depends on is half-way.

        A run that failed leaves what it was to replace deposed, and what it did not finish tainted.
        """
        unsettled = {
            without_keys(address)
            for address, each in _objects(self.content)
            if each.get("deposed") or each.get("status") == "tainted"
        }
        return all(
            unsettled.isdisjoint({without_keys(address), *instance.get("dependencies", ())})
            for address, instance in self._instances()
            if instance.get("attributes") == values
        )

    def needed_by(self, values: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
        """The attributes of the resources of a type that the resource with `values` depends on."""
        needed = {
            address
            for _, instance in self._instances()
            if instance.get("attributes") == values
            for address in instance.get("dependencies", ())
        }
        return [
            attributes
            for address, attributes in sorted(self.resources.items())
            if without_keys(address) in needed and type_of(address) == kind
        ]

    def standing_on(self, addresses: Collection[str]) -> list[str]:
        """The addresses of what is among these or depends on one of them, in order."""
        changed = {without_keys(address) for address in addresses}
        return sorted(
            address
            for address, instance in self._instances()
            if address in addresses or changed & {*instance.get("dependencies", ())}
        )

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The attributes of every resource of one type, in the order of their addresses."""
        return [
            attributes
            for address, attributes in sorted(self.resources.items())
            if type_of(address) == kind
        ]


def _objects(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of every managed resource of a state, by address; deposed ones too."""
    for resource in content.get("resources", []):
        if resource.get("mode") != "managed":
            continue
        prefix = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource["instances"]:
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key)}]"
            yield f"{prefix}{resource['type']}.{resource['name']}{index}", instance


def _here() -> str:
    """How a lock names this user and this machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that a run of Terraform holds, or left behind."""

    id: str
    who: str
    operation: str
    created: str

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.who, self.operation, self.created]))

    @property
    def is_of_move(self) -> bool:
        """Whether a move between states took it: without it a deploy could destroy what is in both."""
        return self.operation == MOVE

    @property
    def is_of_here(self) -> bool:
        """Whether a run of this user on this machine took it, by their names."""
        return self.who == _here()


@dataclass(frozen=True, slots=True)
class Holding:
    """A time in which somebody held the lock of a state; S3 tells whole seconds."""

    lock: Lock
    begun: datetime
    ended: datetime | None
    """None where it is held still."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a state in the bucket. A deletion is a version too, and holds nothing."""

    id: str
    changed: datetime
    latest: bool
    deleted: bool
    serial: int | None
    resources: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a restore changes in a state: addresses."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    @property
    def empty(self) -> bool:
        """Whether both hold the same."""
        return not (self.added or self.removed or self.changed)


class OtherBackendError(OperatorError):
    """A state that only Terraform can read, as it is not in S3."""

    def __init__(self, stack: str, kind: str) -> None:
        super().__init__(
            f"{stack} keeps its state in a {kind} backend, not in S3",
            "use terraform state in its folder, after terraform init",
        )


class States:
    """The states of one environment. Its methods raise OperatorError with what to do.

    Where the JSON of its stacks is given, their own backends say where the states are; without it,
    the Context.
    """

    def __init__(self, aws: Aws, stacks: Mapping[str, Content] | None = None) -> None:
        self._aws = aws
        self._context = aws.context
        self._backends: dict[str, tuple[str, str, dict[str, Any]]] = {}
        for name, content in (stacks or {}).items():
            environment, layer = place_in(content)
            if environment == aws.context.key:
                self._backends[layer] = (name, *backend_in(content))

    @cached_property
    def _s3(self) -> S3Client:
        return self._aws.state_store

    def key(self, layer: str) -> str:
        """The key of a layer's state."""
        return self._at(layer)[1]

    def _encryption(self, layer: str) -> dict[str, Any]:
        """How Terraform asks for the encryption of a layer's state."""
        if layer in self._backends:
            _, kind, arguments = self._backends[layer]
            key = arguments.get("kms_key_id") if kind == "s3" else None
        else:
            key = self._context.states.kms_key if self._context.states else None
        if key:
            return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
        return {"ServerSideEncryption": "AES256"}

    def _at(self, layer: str) -> tuple[str, str]:
        """The bucket and the key of a layer's state."""
        if layer not in self._backends:
            if self._context.other_backend is not None:
                stack = f"{self._context.key}-{layer}"
                raise OtherBackendError(stack, self._context.other_backend.kind)
            return self._context.state_bucket, self._context.state_key(layer)
        name, kind, arguments = self._backends[layer]
        if kind != "s3":
            raise OtherBackendError(name, kind)
        return arguments["bucket"], arguments["key"]

    def read(self, layer: str, version: str | None = None) -> State | None:
        """The state of a layer, or an older version of it; None where there is none."""
        wanted: dict[str, Any] = {"VersionId": version} if version else {}
        bucket, key = self._at(layer)
        with explained(self._context, layer):
            try:
                answer = self._s3.get_object(Bucket=bucket, Key=key, **wanted)
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            content = _content(answer["Body"].read(), key)
        return State(content, answer.get("VersionId", ""), answer["LastModified"])

    def lock(self, layer: str) -> Lock | None:
        """The lock on a layer's state; None where it is free."""
        bucket, key = self._at(layer)
        with explained(self._context, layer):
            try:
                answer = self._s3.get_object(Bucket=bucket, Key=f"{key}.tflock")
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return _lock(answer["Body"].read())

    def versions(self, layer: str, limit: int = 20) -> list[Version]:
        """The newest versions of a layer's state, newest first."""
        entries = self._entries(layer)[:limit]
        return [self._version(layer, entry, deleted) for entry, deleted in entries]

    def history(self, layer: str, damaged: list[str] | None = None) -> Iterator[State]:
        """Every version of a layer's state, newest first, each read when it is asked for.

        A version that cannot be read is passed over where `damaged` is given, which then says why. Raises
        DamagedStateError for it otherwise.
        """
        for entry, deleted in self._entries(layer):
            try:
                state = None if deleted else self.read(layer, entry["VersionId"])
            except DamagedStateError as error:
                if damaged is None:
                    raise
                damaged.append(f"version {entry['VersionId']} is passed over: {error.message}")
                continue
            if state is not None:
                yield state

    def holdings(self, layer: str) -> Iterator[Holding]:
        """Who held the lock of a layer's state, newest first, as far as the bucket keeps the versions
        of its object; each is read when it is asked for."""
        ended: datetime | None = None
        bucket, key = self._at(layer)
        for entry, deleted in self._entries(layer, ".tflock"):
            begun = entry["LastModified"]
            if not deleted:
                with explained(self._context, layer):
                    answer = self._s3.get_object(
                        Bucket=bucket, Key=f"{key}.tflock", VersionId=entry["VersionId"]
                    )
                    held = answer["Body"].read()
                yield Holding(_lock(held), begun, ended)
            ended = begun

    def writer(self, layer: str, written: datetime | None) -> Lock | None:
        """The lock under which a version of a state was written at a time; None where nothing tells.

        Terraform writes a state while it holds the lock, whose versions the bucket keeps.
        """
        if written is None:
            return None
        found = []
        for each in self.holdings(layer):
            if each.ended is not None and each.ended < written:
                break
            if each.begun <= written:
                found.append(each.lock)
        # Of two that were held within the same second nobody knows whose it was.
        return found[0] if len({lock.who for lock in found}) == 1 else None

    def _entries(self, layer: str, suffix: str = "") -> list[tuple[Mapping[str, Any], bool]]:
        """What the bucket lists of a state, newest first, and whether each is a deletion."""
        bucket, key = self._at(layer)
        key += suffix
        with explained(self._context, layer):
            pages = self._s3.get_paginator("list_object_versions").paginate(
                Bucket=bucket, Prefix=key
            )
            entries: list[tuple[Mapping[str, Any], bool]] = []
            for page in pages:
                entries += [(entry, False) for entry in page.get("Versions", [])]
                entries += [(entry, True) for entry in page.get("DeleteMarkers", [])]
        entries = [(entry, deleted) for entry, deleted in entries if entry["Key"] == key]
        # Of what was written and deleted within a second the deletion is the later one.
        entries.sort(
            key=lambda pair: (pair[0]["IsLatest"], pair[0]["LastModified"], pair[1]), reverse=True
        )
        return entries

    def _version(self, layer: str, entry: Mapping[str, Any], deleted: bool) -> Version:
        state = None if deleted else self.read(layer, entry["VersionId"])
        return Version(
            id=entry["VersionId"],
            changed=entry["LastModified"],
            latest=entry["IsLatest"],
            deleted=deleted,
            serial=state.serial if state else None,
            resources=len(state.resources) if state else None,
        )

    def restore(self, layer: str, version: str) -> State:
        """Make an older version the newest, under the lock; answers the state that is now.

        The older version keeps its place, and so does the one that was the newest.
        """
        wanted = self.read(layer, version)
        if wanted is None:
            raise BadInputError(
                f"{self.key(layer)} has no version {version}",
                f"inferform state list {self._context.key} {layer} lists them",
            )
        with self._locked(layer):
            current = self.read(layer)
            serial = max(wanted.serial, current.serial if current else 0) + 1
            return self.write(layer, {**wanted.content, "serial": serial})

    def write(self, layer: str, content: Mapping[str, Any]) -> State:
        """Make this the newest version of a layer's state; whoever calls it holds the lock."""
        bucket, key = self._at(layer)
        with explained(self._context, layer):
            answer = self._s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=json.dumps(content, indent=2).encode(),
                ContentType="application/json",
                **self._encryption(layer),
            )
        return State(dict(content), answer.get("VersionId", ""), datetime.now(UTC))

    def layers(self, prefix: str) -> list[str]:
        """The layers that have a state and whose names begin so, also those of no stack any more."""
        bucket, key = self._at(prefix)
        begin = key.removesuffix(_SUFFIX)
        folder = begin.removesuffix(prefix)
        with explained(self._context, prefix):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=begin)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [
            each.removeprefix(folder).removesuffix(_SUFFIX)
            for each in keys
            if each.endswith(_SUFFIX)
        ]

    def journal(self) -> dict[str, Any] | None:
        """What a move between states that has not ended has written down; None without one."""
        bucket, key = self._journal
        with explained(self._context):
            try:
                answer = self._s3.get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            found = strict_json(answer["Body"].read())
        return dict(found)

    def begin_journal(self, content: Mapping[str, Any]) -> None:
        """Write down what a move is about to do. Raises OperatorError while another has not ended."""
        bucket, key = self._journal
        with explained(self._context):
            if not self._put_first("state-move", bucket, key, content):
                raise OperatorError("another move between the states of this environment has begun")

    def end_journal(self) -> None:
        """Say that a move has ended."""
        bucket, key = self._journal
        with explained(self._context):
            self._s3.delete_object(Bucket=bucket, Key=key)

    @property
    def _journal(self) -> tuple[str, str]:
        bucket, key = self._at("state-move")
        return bucket, f"{key.removesuffix(_SUFFIX)}.json"

    def _put_first(self, layer: str, bucket: str, key: str, content: Mapping[str, Any]) -> bool:
        """Write an object, unless there is one; whether it was written."""
        try:
            self._s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=json.dumps(content).encode(),
                IfNoneMatch="*",
                **self._encryption(layer),
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
            return False
        return True

    def unlock(self, layer: str, id: str) -> None:
        """Remove a lock that a dead run left behind. Raises OperatorError for another's lock."""
        held = self.lock(layer)
        if held is None or held.id != id:
            found = f"is held by {held} (id {held.id})" if held else "is free"
            raise OperatorError(f"the lock of {self.key(layer)} {found}, not by {id}")
        bucket, key = self._at(layer)
        with explained(self._context, layer):
            self._s3.delete_object(Bucket=bucket, Key=f"{key}.tflock")

    @contextmanager
    def _locked(self, layer: str) -> Iterator[None]:
        """Hold the lock for as long as the block runs."""
        own = str(uuid.uuid4())
        self.hold(layer, own, "inferform state restore")
        try:
            yield
        finally:
            self.unlock(layer, own)

    def hold(self, layer: str, own: str, operation: str) -> None:
        """Take the lock as Terraform does, which writes the lock's object if there is none.

        `own` is its id; who holds a lock with this id already holds it on. Raises OperatorError where
        another run does.
        """
        bucket, key = self._at(layer)
        held = {
            "ID": own,
            "Operation": operation,
            "Info": "",
            "Who": _here(),
            "Version": "",
            "Created": datetime.now(UTC).isoformat(),
            "Path": f"{bucket}/{key}",
        }
        with explained(self._context, layer):
            taken = self._put_first(layer, bucket, f"{key}.tflock", held)
        other = None if taken else self.lock(layer)
        if not taken and (other is None or other.id != own):
            raise OperatorError(
                f"the state {key} is locked: {other or 'by a run that has just ended'}",
                f"wait for that run. If it is dead: {self.how_to_unlock(layer, other)}",
            )

    def how_to_unlock(self, layer: str, lock: Lock | None) -> str:
        """The command that clears a lock whose run is dead, with what else has to be done."""
        if lock is not None and lock.is_of_move:
            return f"inferform state move {self._context.key} continues"
        return f"inferform state unlock {self._context.key} {layer}"


def pulled(stack: Stack, environment: Mapping[str, str]) -> Mark | None:
    """The mark of a stack's state, asked of Terraform; None when it was never applied, or
    everything was destroyed. Raises OperatorError when it cannot be read."""
    content = pulled_content(stack, environment)
    if content is None or (not content["resources"] and not content["outputs"]):
        return None
    return Mark(content["lineage"], content["serial"])


def pulled_content(stack: Stack, environment: Mapping[str, str]) -> dict[str, Any] | None:
    """What a stack's state holds, asked of Terraform, whatever the backend; None without a state.

    The stack is initialised. Raises OperatorError when it cannot be read.
    """
    text = stack.answer("state", "pull", environment=environment)
    return _content(text, stack.name) if text.strip() else None


def opened(stack: Stack, environment: Mapping[str, str]) -> State | None:
    """The state of a stack of one's own, which is initialised first; None without one.

    When it was written is not known. Raises OperatorError when it cannot be opened.
    """
    ready = stack.init(environment)
    if ready.status:
        raise OperatorError(
            "\n  ".join([f"{stack.name} cannot be opened", *errors_of(ready.output)])
        )
    content = pulled_content(stack, environment)
    return None if content is None else State(content, "", None)


def _lock(content: bytes) -> Lock:
    """A lock as Terraform writes it. One that cannot be read is held all the same."""
    try:
        held = json.loads(content)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        return Lock(id="", who="somebody unknown", operation="the lock cannot be read", created="")
    return Lock(
        id=visible(str(held.get("ID", ""))),
        who=visible(str(held.get("Who", ""))),
        operation=visible(str(held.get("Operation", ""))),
        created=visible(str(held.get("Created", ""))),
    )


_SHAPE: Mapping[str, type] = {"lineage": str, "serial": int, "outputs": dict, "resources": list}


def _content(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        content = strict_json(text)
    except ValueError as error:
        raise DamagedStateError(f"the state {name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise DamagedStateError(f"the state {name} cannot be read: it is no JSON object")
    for key, kind in _SHAPE.items():
        if not isinstance(content.get(key), kind):
            raise DamagedStateError(
                f"the state {name} cannot be read: its {key} is damaged or missing"
            )
    return content


def difference(now: State | None, then: State) -> Difference:
    """What putting `then` instead of `now` changes."""
    before, after = now.resources if now else {}, then.resources
    return Difference(
        added=sorted(after.keys() - before.keys()),
        removed=sorted(before.keys() - after.keys()),
        changed=sorted(a for a in before.keys() & after.keys() if before[a] != after[a]),
    )
