"""Runs of retrainings, drift monitors and batch transforms: how one is started, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform import BatchTransform, Environment
from inferform.model.artifact import located
from inferform.sagemaker.batch import transform_name
from inferform.service import Deployed
from inferform.training import names
from inferform.training.workflow import Retraining

from .aws import Aws
from .errors import BadInputError, OperatorError
from .services import find

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Run:
    """An execution of a retraining, a drift monitor or a batch transform."""

    kind: str
    of: str
    name: str
    status: str
    """Step Functions' own: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    started: str
    ended: str
    why: str
    """Why it failed, or the version that it registered; empty where neither is known."""


def retraining(environment: Environment, name: str) -> Retraining:
    """A retraining of an environment. Raises BadInputError where there is none of that name."""
    known = {
        name: spec
        for each in environment.trainings.values()
        for name, spec in each.retrainings.items()
    }
    if name not in known:
        raise BadInputError(
            f"{environment.key} has no retraining {name}",
            f"write one of {', '.join(sorted(known))}"
            if known
            else "write Training(retrainings={...})",
        )
    return known[name]


def transform(environment: Environment, name: str) -> Deployed:
    """A batch transform of an environment. Raises BadInputError where there is none of that name."""
    return find(
        environment,
        name,
        among=lambda each: isinstance(each.spec, BatchTransform),
        what="batch transform",
    )


class Runs:
    """The executions of an environment's retrainings, monitors and batch transforms."""

    def __init__(self, environment: Environment, aws: Aws) -> None:
        self._environment = environment
        self._context = environment.context
        self._states: SFNClient = aws.any_client("stepfunctions")

    def start(self, name: str, given: Mapping[str, str]) -> str:
        """Start a retraining with other parameters than its own; the ARN of the execution.

        Raises BadInputError for a parameter that it does not have, and OperatorError where it is not
        deployed.
        """
        spec = retraining(self._environment, name)
        unknown = sorted(given.keys() - spec.parameters.keys())
        if unknown:
            known = ", ".join(sorted(spec.parameters)) or "none"
            raise BadInputError(
                f"{name} has no parameter {unknown[0]}", f"its parameters are: {known}"
            )
        arn = names.machine_arn(self._context, name)
        return self._start(arn, given, name, "training")

    def start_transform(self, name: str, place: str = "") -> str:
        """Start a batch transform over what lies below a place: an S3 URI, or a prefix in the environment's
        artifact bucket. Default: the input of the file. The ARN of the execution.

        Raises BadInputError for a place that its role may not read, and OperatorError where it is not
        deployed.
        """
        found = transform(self._environment, name)
        bucket = self._environment.artifact_bucket
        given = {"input": located(place, bucket)} if place else {}
        spec = found.spec
        assert isinstance(spec, BatchTransform)
        readable = spec.reads(found.name, bucket)
        # What other roles and rights of one's own let it read is not known here.
        own = not spec.permissions and spec.existing.execution_role is None
        if own and given and not given["input"].startswith(readable):
            raise BadInputError(
                f"the role of {found.full_name} may read {readable} alone, not {given['input']}",
                "put it below that, or write another input in the file",
            )
        machine = transform_name(self._context, found.name)
        arn = self._context.arn("states", f"stateMachine:{machine}")
        return self._start(arn, given, found.full_name, found.place.layer)

    def _start(self, arn: str, given: Mapping[str, str], name: str, layer: str) -> str:
        try:
            started = self._states.start_execution(
                stateMachineArn=arn, input=json.dumps(dict(given))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
            hint = f"inferform deploy {self._environment.key}-{layer}"
            raise OperatorError(f"{name} is not deployed", hint) from None
        return started["executionArn"]

    def wait(self, execution: str, every: float = _POLL_SECONDS, kind: str = "retraining") -> Run:
        """Wait for the end of an execution."""
        while True:
            found = self._states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return self._run(kind, found)
            time.sleep(every)

    def latest(self, count: int = 5) -> Iterator[Run]:
        """The latest runs of each retraining, monitor and batch transform, newest first; what is not deployed
        has none."""
        trainings = self._environment.trainings.values()
        machines = [
            *(
                ("retraining", n, names.machine_name(self._context, n))
                for each in trainings
                for n in each.retrainings
            ),
            *(
                ("monitor", n, names.monitor_name(self._context, n))
                for each in trainings
                for n in each.monitors
            ),
            *(
                ("batch transform", each.name, transform_name(self._context, each.name))
                for each in self._environment.deployed
                if isinstance(each.spec, BatchTransform)
            ),
        ]
        for kind, _, machine in machines:
            arn = self._context.arn("states", f"stateMachine:{machine}")
            try:
                found = self._states.list_executions(stateMachineArn=arn, maxResults=count)
            except ClientError as error:
                if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                    raise
                continue
            for each in found["executions"]:
                described = self._states.describe_execution(executionArn=each["executionArn"])
                yield self._run(kind, described)

    def _run(self, kind: str, found: Any) -> Run:
        machine = str(found["stateMachineArn"]).rpartition(":")[2]
        ended = found.get("stopDate")
        return Run(
            kind=kind,
            of=machine,
            name=str(found.get("name") or found["executionArn"].rpartition(":")[2]),
            status=str(found["status"]),
            started=found["startDate"].isoformat(timespec="seconds"),
            ended=ended.isoformat(timespec="seconds") if ended else "",
            why=_why(found),
        )


def _why(found: Any) -> str:
    """Why an execution failed, or the version that it registered."""
    if found["status"] not in ("RUNNING", "SUCCEEDED"):
        return ": ".join(filter(None, [found.get("error"), found.get("cause")]))
    try:
        output = json.loads(found.get("output") or "{}")
    except ValueError:
        return ""
    registered = output.get("registered") if isinstance(output, dict) else None
    return str(registered.get("version", "")) if isinstance(registered, dict) else ""
