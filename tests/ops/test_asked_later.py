"""A request to an asynchronous endpoint goes through S3, and its answer or its failure comes out of S3."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from inferform import (
    AsyncEndpoint,
    Environment,
    Image,
    Inference,
    Model,
    Network,
    Registry,
    Repository,
)
from ops.aws import Aws
from ops.errors import OperatorError
from ops.kinds.record import Request
from ops.kinds.sagemaker_async import ask, entrance

ROWS = b"0.1,0.2"


@dataclass
class Queue:
    """Stands for the runtime of SageMaker: takes a request, and says where what becomes of it will be."""

    bucket: str
    asked: dict[str, Any] | None = None

    def invoke_endpoint_async(self, **asked: Any) -> dict[str, str]:
        self.asked = asked
        return {
            "OutputLocation": f"s3://{self.bucket}/answers/1.out",
            "FailureLocation": f"s3://{self.bucket}/failures/1-error.out",
        }


class Queued:
    """Clients of the emulator, but for that queue."""

    def __init__(self, aws: Aws, queue: Queue) -> None:
        self._aws, self._queue = aws, queue

    def client(self, name: str) -> Any:
        return self._queue if name == "sagemaker-runtime" else self._aws.client(name)  # type: ignore[call-overload]


@pytest.fixture
def queue(aws: Aws) -> Queue:
    made = Queue(f"async-{aws.context.account}")
    aws.client("s3").create_bucket(Bucket=made.bucket)
    return made


def asked(aws: Aws, queue: Queue, wait: int) -> Any:
    request = Request(ROWS, "text/csv", wait_seconds=wait)
    below = f"s3://{queue.bucket}/in/"
    return ask(Queued(aws, queue), "acme-dev-use1-documents", below, request)  # type: ignore[arg-type]


def test_the_answer_is_read_where_it_comes_and_the_request_is_where_the_role_reads(
    aws: Aws, queue: Queue
) -> None:
    s3 = aws.client("s3")
    s3.put_object(
        Bucket=queue.bucket, Key="answers/1.out", Body=b"0.9", ContentType="text/csv; charset=utf-8"
    )
    reply = asked(aws, queue, 5)
    assert (reply.body, reply.content_type) == (b"0.9", "text/csv; charset=utf-8")
    assert queue.asked is not None
    place = queue.asked["InputLocation"]
    assert place.startswith(f"s3://{queue.bucket}/in/")
    held = s3.get_object(Bucket=queue.bucket, Key=place.removeprefix(f"s3://{queue.bucket}/"))
    assert (held["Body"].read(), held["ContentType"]) == (ROWS, "text/csv")
    assert queue.asked["ContentType"] == "text/csv"


def test_a_failure_is_told_in_the_models_own_words(aws: Aws, queue: Queue) -> None:
    aws.client("s3").put_object(
        Bucket=queue.bucket, Key="failures/1-error.out", Body=b"expected 4 values per row, got 2"
    )
    with pytest.raises(OperatorError, match="did not answer: expected 4 values per row, got 2"):
        asked(aws, queue, 5)


def test_what_does_not_come_in_time_is_told_with_its_places(aws: Aws, queue: Queue) -> None:
    with pytest.raises(OperatorError, match="has not answered within 1 s") as told:
        asked(aws, queue, 1)
    assert f"s3://{queue.bucket}/answers/1.out" in told.value.hint
    assert f"s3://{queue.bucket}/failures/1-error.out" in told.value.hint


def test_without_a_wait_the_places_are_the_reply(aws: Aws, queue: Queue) -> None:
    told = json.loads(asked(aws, queue, 0).body)
    assert told["output"] == f"s3://{queue.bucket}/answers/1.out"
    assert told["input"].startswith(f"s3://{queue.bucket}/in/")


def test_requests_go_below_what_the_file_names_and_else_into_the_environments_bucket(
    aws: Aws,
) -> None:
    endpoint = AsyncEndpoint(
        model=Model(image=Image(repository="documents", tag="1")), instance_type="ml.m5.large"
    )
    made = Environment(
        context=aws.context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"documents": Repository()}),
        inference=Inference(
            endpoints={
                "own": endpoint,
                "given": endpoint.replace(input="s3://acme-documents/requests"),
            }
        ),
    )
    found = {each.name: entrance(each) for each in made.deployed}
    assert found == {
        "own": f"s3://{made.artifact_bucket}/async/own/input/",
        "given": "s3://acme-documents/requests/",
    }
