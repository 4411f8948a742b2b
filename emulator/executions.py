"""Tasks of state machines: how they call AWS here, and how they wait for a job.

moto runs the states itself. It calls services as nobody in particular, waits for no job of SageMaker,
and cannot write down an answer with a date or a body in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of job that a task can wait for."""

    describe: str
    name: str
    status: str


JOBS = {
    "createtrainingjob": Job("describe_training_job", "TrainingJobName", "TrainingJobStatus"),
    "createprocessingjob": Job(
        "describe_processing_job", "ProcessingJobName", "ProcessingJobStatus"
    ),
    "createtransformjob": Job("describe_transform_job", "TransformJobName", "TransformJobStatus"),
    "createhyperparametertuningjob": Job(
        "describe_hyper_parameter_tuning_job",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
    ),
}
"""The jobs of SageMaker that `.sync` waits for.

AWS Step Functions developer guide, create and manage Amazon SageMaker AI jobs; labeling jobs are not
known here."""


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    """A client of this emulator that calls in the account of the role of the state machine, and
    refuses a request that is none, as Step Functions does."""
    client = boto3.client(
        service,
        region_name=region,
        aws_access_key_id="states",
        aws_secret_access_key="states",
        endpoint_url=f"http://localhost:{os.environ['MOTO_PORT']}",
        config=Config(
            retries={"max_attempts": 0}, s3={"addressing_style": "path"}, inject_host_prefix=False
        ),
    )
    account = state_credentials.role_arn.split(":")[4] if state_credentials else ""

    def within(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    if account:
        client.meta.events.register("before-send", within)
    return client


def plain(value: Any) -> Any:
    """An answer as a state's output holds it: dates and bodies as text."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StreamingBody):
        return value.read().decode("utf-8")
    return value


class JobFailedError(Exception):
    """A job that a task waited for has not completed."""

    def __init__(self, described: dict[str, Any]) -> None:
        super().__init__(json.dumps(described))


def waits_for(job: Job, client: Any, name: str) -> Callable[[], Any]:
    """What asks how far a job is: nothing while it runs, and then its description."""

    def ask() -> Any:
        described = plain(getattr(client, job.describe)(**{job.name: name}))
        status = described[job.status]
        if status in ("InProgress", "Stopping", "Pending"):
            return None
        if status != "Completed":
            raise JobFailedError(described)
        return described

    return ask


def error_of(error: ClientError) -> str:
    """The name of an error of SageMaker, as a task's Retry and Catch know it."""
    code = error.response["Error"]["Code"]
    if code in ("ValidationException", "AccessDeniedException"):
        return "SageMaker.AmazonSageMakerException"
    return f"SageMaker.{code.removesuffix('Exception')}Exception"
