"""One request to an asynchronous endpoint: into S3, into its queue, and the answer out of S3."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from botocore.exceptions import ClientError

from inferform.s3_uri import bucket_and_key
from inferform.sagemaker.content import async_uri
from inferform.sagemaker.endpoints.asynchronous import AsyncEndpoint
from inferform.service import Deployed

from ..aws import Aws
from ..errors import OperatorError
from .record import Reply, Request

# Of an object that is not there, S3 says 403 to who may not list the bucket.
_NOT_YET = ("403", "404", "AccessDenied", "NoSuchKey", "NotFound")
_LONGEST_PAUSE = 15.0


def entrance(found: Deployed) -> str:
    """The prefix in S3 below which an asynchronous endpoint may read its requests."""
    assert isinstance(found.spec, AsyncEndpoint)
    bucket = found.place.environment.artifact_bucket
    return async_uri(found.spec.input, "input", found.name, bucket).rstrip("/") + "/"


def ask(aws: Aws, endpoint: str, below: str, request: Request) -> Reply:
    """Put a request below a prefix, queue it, and wait for what becomes of it.

    Without a wait the reply is where the answer or the failure will be, as JSON. Raises OperatorError with
    the model's own words where it fails, and where nothing has come in time.
    """
    s3 = aws.client("s3")
    place = f"{below}{uuid.uuid4()}"
    bucket, key = bucket_and_key(place)
    s3.put_object(Bucket=bucket, Key=key, Body=request.body, ContentType=request.content_type)
    queued = aws.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=endpoint, ContentType=request.content_type, InputLocation=place
    )
    answer, failure = queued.get("OutputLocation", ""), queued.get("FailureLocation", "")
    if not request.wait_seconds:
        told = {"input": place, "output": answer, "failure": failure}
        return Reply(json.dumps(told).encode(), "application/json")
    ends, pause = time.monotonic() + request.wait_seconds, 0.5
    while True:
        if (found := _object(s3, answer)) is not None:
            return found
        if (found := _object(s3, failure)) is not None:
            said = found.body.decode("utf-8", "replace").strip()
            raise OperatorError(f"{endpoint} did not answer: {said}", f"what it was asked: {place}")
        left = ends - time.monotonic()
        if left <= 0:
            raise OperatorError(
                f"{endpoint} has not answered within {request.wait_seconds} s",
                f"the answer will be {answer}, a failure {failure or 'nowhere'}; where one is there, you may "
                "not read it",
            )
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _object(s3: Any, uri: str) -> Reply | None:
    """An object, or None where it is not there yet."""
    if not uri:
        return None
    bucket, key = bucket_and_key(uri)
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_YET:
            return None
        raise
    return Reply(found["Body"].read(), str(found.get("ContentType", "")))
