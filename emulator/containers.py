"""Runs the containers of training and processing jobs as processes of this machine.

The emulator itself starts no process: what is here stands beside it, sees which jobs are in progress, gives
each a folder instead of `/opt/ml`, and writes what it leaves behind where the job says. A container
is a folder with a program, by the name of the repository that its image is in; images are not pulled.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import boto3

from .control import DEFAULT_ACCOUNT, DEFAULT_REGION
from .process import Emulator
from .s3_uri import bucket_and_key

ROOT = "/opt/ml"
_PAUSE_SECONDS = 0.1
_REPOSITORY = re.compile(r"[^/]+/(?P<name>[^:@]+)")


@dataclass(frozen=True, slots=True)
class Container:
    """What an image runs."""

    folder: Path
    """Where its programs are, which is the folder that they run in."""

    command: Sequence[str]
    """Its entry point, where the job names none. `python` is the Python that runs this."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Its environment variables. `/opt/ml` in them, and in the job's, is the folder of the job."""


@contextmanager
def running(
    emulator: Emulator,
    containers: Mapping[str, Container],
    *,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> Iterator[list[str]]:
    """Run the jobs that begin within a `with` block; yields the names of those that have ended."""
    ended: list[str] = []
    place = {"account": account, "region": region}
    emulator.control("POST", "sagemaker/job", {"job": "", "outcome": "InProgress", **place})
    machine = _Machine(emulator, containers, place, ended)
    machine.thread.start()
    try:
        yield ended
    finally:
        machine.stopping.set()
        machine.thread.join()
        emulator.control("POST", "sagemaker/job", {"job": "", **place})


class _Machine:
    """Runs one job after the other."""

    def __init__(
        self,
        emulator: Emulator,
        containers: Mapping[str, Container],
        place: Mapping[str, str],
        ended: list[str],
    ) -> None:
        self._emulator, self._containers, self._place = emulator, containers, place
        self._ended = ended
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, name="containers")
        self._sagemaker, self._s3 = self._client("sagemaker"), self._client("s3")

    def _client(self, service: str) -> Any:
        client = boto3.client(
            service,
            endpoint_url=self._emulator.url,
            region_name=self._place["region"],
            aws_access_key_id="sagemaker",
            aws_secret_access_key="sagemaker",
        )

        def within(request: Any, **_: Any) -> None:
            request.headers["x-moto-account-id"] = self._place["account"]

        client.meta.events.register("before-send", within)
        return client

    def _work(self) -> None:
        while not self.stopping.wait(_PAUSE_SECONDS):
            for kind, name in self._begun():
                outcome = self._run(kind, name)
                if outcome is None:
                    return
                told = {"kind": kind, "name": name, **outcome, **self._place}
                self._emulator.control("POST", "sagemaker/job-end", told)
                self._ended.append(name)

    def _begun(self) -> Iterator[tuple[str, str]]:
        for kind, listed in (
            ("ProcessingJob", self._sagemaker.list_processing_jobs),
            ("TrainingJob", self._sagemaker.list_training_jobs),
        ):
            found = listed(StatusEquals="InProgress")[f"{kind}Summaries"]
            for each in found:
                yield kind, each[f"{kind}Name"]

    def _run(self, kind: str, name: str) -> dict[str, str] | None:
        """How a job ends; None where it was interrupted."""
        try:
            with tempfile.TemporaryDirectory(prefix="opt-ml-") as folder:
                job = _JOBS[kind](self._s3, Path(folder), self._described(kind, name))
                return self._done(job)
        except _NoInputError as error:
            return {"outcome": "Failed", "reason": str(error)}
        # Whatever it was: a job that never ends would leave its state machine waiting.
        except Exception as error:
            return {"outcome": "Failed", "reason": f"InternalServerError: {error}"}

    def _described(self, kind: str, name: str) -> Any:
        describe = {
            "ProcessingJob": self._sagemaker.describe_processing_job,
            "TrainingJob": self._sagemaker.describe_training_job,
        }[kind]
        return describe(**{f"{kind}Name": name})

    def _done(self, job: _Job) -> dict[str, str] | None:
        found = _REPOSITORY.match(job.image)
        container = self._containers.get(found["name"]) if found else None
        if container is None:
            return {"outcome": "Failed", "reason": f"no container is known for {job.image}"}
        job.begin()
        with subprocess.Popen(
            job.command(container),
            cwd=container.folder,
            env=job.variables(container),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            said = self._waited(process)
            if said is None:
                process.kill()
                return None
        if process.returncode:
            reason = job.failure() or said.strip().rpartition("\n")[2]
            status = f"exit code: {process.returncode}"
            return {"outcome": "Failed", "reason": f"AlgorithmError: {reason}, {status}"[:1024]}
        job.finish()
        return {"outcome": "Completed"}

    def _waited(self, process: subprocess.Popen[str]) -> str | None:
        while True:
            try:
                return process.communicate(timeout=_PAUSE_SECONDS)[0]
            except subprocess.TimeoutExpired:
                if self.stopping.is_set():
                    return None


class _NoInputError(Exception):
    """An input of which there is no object, in the words of SageMaker."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source. '
            "Please ensure that objects exist under that S3 prefix"
        )


class _Job:
    """A job, and the folder that is its `/opt/ml`."""

    def __init__(self, s3: Any, root: Path, asked: Mapping[str, Any]) -> None:
        self._s3, self._root, self._asked = s3, root, asked

    @property
    def image(self) -> str:
        """The URI of its image."""
        return str(self._program["TrainingImage" if self._is_training else "ImageUri"])

    @property
    def _is_training(self) -> bool:
        return "AlgorithmSpecification" in self._asked

    @property
    def _program(self) -> Mapping[str, Any]:
        member = "AlgorithmSpecification" if self._is_training else "AppSpecification"
        found: Mapping[str, Any] = self._asked[member]
        return found

    def command(self, container: Container) -> list[str]:
        """What is run."""
        program = self._program.get("ContainerEntrypoint") or container.command
        words = [*program, *self._program.get("ContainerArguments", [])]
        return [sys.executable if words[0] == "python" else words[0], *map(self._here, words[1:])]

    def variables(self, container: Container) -> dict[str, str]:
        """Its environment variables, and none of those of this process."""
        given = {**container.variables, **(self._asked.get("Environment") or {})}
        return {"PATH": "/usr/bin:/bin", **{name: self._here(v) for name, v in given.items()}}

    def _here(self, text: str) -> str:
        return text.replace(ROOT, str(self._root))

    def path(self, text: str) -> Path:
        """A path of the container, here."""
        return self._root / PurePosixPath(text).relative_to(ROOT)

    def begin(self) -> None:
        """Put there what the program reads."""
        raise NotImplementedError

    def finish(self) -> None:
        """Write what the program has left behind."""
        raise NotImplementedError

    def failure(self) -> str:
        """What the program says of its failure."""
        raise NotImplementedError

    def given(self, uri: str, folder: Path) -> None:
        """Copy an input into a folder. Raises _NoInputError where there is no object, which SageMaker
        refuses."""
        if not self.fetch(uri, folder):
            raise _NoInputError(uri)

    def fetch(self, uri: str, folder: Path) -> int:
        """Copy all objects whose keys begin with a URI into a folder; how many there are."""
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        bucket, prefix = bucket_and_key(uri)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for key in (each["Key"] for page in pages for each in page.get("Contents", [])):
            count += 1
            rest = key[prefix.rfind("/") + 1 :]
            target = folder.joinpath(*PurePosixPath(rest).parts)
            if not target.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"{key} leads out of its folder")
            if not key.endswith("/"):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return count

    def store(self, folder: Path, uri: str) -> None:
        """Copy all files of a folder below a URI."""
        bucket, prefix = bucket_and_key(uri)
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            key = f"{prefix.rstrip('/')}/{file.relative_to(folder).as_posix()}".lstrip("/")
            self._s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())


class _Processing(_Job):
    """SageMaker developer guide, "Build your own processing container"."""

    def begin(self) -> None:
        for each in self._asked.get("ProcessingInputs", []):
            self.given(each["S3Input"]["S3Uri"], self.path(each["S3Input"]["LocalPath"]))
        for each in self._outputs:
            self.path(each["LocalPath"]).mkdir(parents=True, exist_ok=True)

    @property
    def _outputs(self) -> list[Mapping[str, str]]:
        config = self._asked.get("ProcessingOutputConfig") or {}
        return [each["S3Output"] for each in config.get("Outputs", [])]

    def finish(self) -> None:
        for each in self._outputs:
            self.store(self.path(each["LocalPath"]), each["S3Uri"])

    def failure(self) -> str:
        return _text(self._root / "output/message")


class _Training(_Job):
    """SageMaker developer guide, "How Amazon SageMaker AI provides training information"."""

    def begin(self) -> None:
        config = self._root / "input/config"
        config.mkdir(parents=True)
        for name in ("model", "output/data"):
            (self._root / name).mkdir(parents=True)
        told = {
            "hyperparameters": self._asked.get("HyperParameters") or {},
            "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"]},
        }
        for name, content in told.items():
            (config / f"{name}.json").write_text(json.dumps(content), "utf-8")
        for channel in self._asked.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            self.given(uri, self._root / "input/data" / channel["ChannelName"])
        kept = self._asked.get("CheckpointConfig")
        if kept:
            place = self.path(kept.get("LocalPath", f"{ROOT}/checkpoints"))
            self.fetch(f"{kept['S3Uri'].rstrip('/')}/", place)

    def finish(self) -> None:
        kept = self._asked.get("CheckpointConfig")
        if kept:
            self.store(self.path(kept.get("LocalPath", f"{ROOT}/checkpoints")), kept["S3Uri"])
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(self._root / "model", arcname=".")
        bucket, key = bucket_and_key(self._asked["ModelArtifacts"]["S3ModelArtifacts"])
        self._s3.put_object(Bucket=bucket, Key=key, Body=packed.getvalue())

    def failure(self) -> str:
        return _text(self._root / "output/failure")


def _text(file: Path) -> str:
    return file.read_text("utf-8", errors="replace").strip() if file.is_file() else ""


_JOBS: Mapping[str, type[_Job]] = {"ProcessingJob": _Processing, "TrainingJob": _Training}
