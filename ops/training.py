"""Runs of retrainings and drift monitors: what one may cost, how it is started, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform import Environment
from inferform.training import names
from inferform.training.workflow import Retraining

from .aws import Aws
from .errors import BadInputError, OperatorError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Run:
    """An execution of a retraining or a drift monitor."""

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


class Runs:
    """The executions of an environment's retrainings and monitors."""

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
        try:
            started = self._states.start_execution(
                stateMachineArn=arn, input=json.dumps(dict(given))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
            raise OperatorError(f"{name} is not deployed", "deploy its layer, training") from None
        return started["executionArn"]

    def wait(self, execution: str, every: float = _POLL_SECONDS) -> Run:
        """Wait for the end of an execution."""
        while True:
            found = self._states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return self._run("retraining", found)
            time.sleep(every)

    def latest(self, count: int = 5) -> Iterator[Run]:
        """The latest runs of each retraining and monitor, newest first; what is not deployed has none."""
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
