"""Faults on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from inferform_emulator.process import Emulator, EmulatorError

Client = Callable[..., Any]
Inject = Callable[..., dict[str, Any]]


@pytest.fixture
def inject(emulator: Emulator, account: str) -> Iterator[Inject]:
    yield lambda **fault: emulator.control("POST", "faults", {"account": account, **fault})
    emulator.control("DELETE", "faults")


CALLS = {
    "json": ("sagemaker", "ListModels", {}),
    "query": ("iam", "ListRoles", {}),
    "ec2": ("ec2", "DescribeVpcs", {}),
    "s3": ("s3", "ListBuckets", {}),
    "rest-json": ("eks", "ListClusters", {}),
    "cloudwatch": ("cloudwatch", "DescribeAlarms", {}),
    "runtime": ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "fraud", "Body": b"1"}),
}

ANSWERS = {
    ("json", "throttle"): ("ThrottlingException", 400),
    ("query", "throttle"): ("Throttling", 400),
    ("ec2", "throttle"): ("RequestLimitExceeded", 503),
    ("s3", "throttle"): ("SlowDown", 503),
    ("rest-json", "throttle"): ("TooManyRequestsException", 429),
    ("runtime", "500"): ("InternalFailure", 500),
    ("json", "500"): ("InternalFailure", 500),
    ("s3", "500"): ("InternalError", 500),
    ("json", "access-denied"): ("AccessDeniedException", 400),
    ("query", "access-denied"): ("AccessDenied", 403),
    ("ec2", "access-denied"): ("UnauthorizedOperation", 403),
    ("s3", "access-denied"): ("AccessDenied", 403),
    ("json", "expired-token"): ("ExpiredTokenException", 400),
    ("query", "expired-token"): ("ExpiredToken", 403),
    ("s3", "expired-token"): ("ExpiredToken", 400),
    ("cloudwatch", "500"): ("InternalFailure", 500),
    ("json", "quota"): ("ResourceLimitExceeded", 400),
    ("query", "quota"): ("LimitExceeded", 409),
    ("ec2", "quota"): ("VcpuLimitExceeded", 400),
    ("s3", "quota"): ("TooManyBuckets", 400),
    ("rest-json", "quota"): ("LimitExceededException", 400),
}


def call(client: Client, protocol: str) -> None:
    service, operation, given = CALLS[protocol]
    api = client(service)
    names = api.meta.method_to_api_mapping
    method = next(name for name, known in names.items() if known == operation)
    getattr(api, method)(**given)


@pytest.mark.parametrize(("protocol", "kind"), sorted(ANSWERS))
def test_a_fault_is_answered_as_the_service_would(
    client: Client, inject: Inject, protocol: str, kind: str
) -> None:
    service, operation, _ = CALLS[protocol]
    inject(service=service, operation=operation, kind=kind)
    with pytest.raises(ClientError) as caught:
        call(client, protocol)
    code, status = ANSWERS[protocol, kind]
    response = caught.value.response
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response["Error"]["Message"]


def test_a_fault_strikes_as_often_as_it_says(client: Client, inject: Inject) -> None:
    inject(service="sagemaker", kind="throttle", count=2)
    for _ in range(2):
        with pytest.raises(ClientError, match="ThrottlingException"):
            client("sagemaker").list_models()
    client("sagemaker").list_models()


def test_a_fault_can_let_the_first_requests_pass(client: Client, inject: Inject) -> None:
    inject(service="sagemaker", operation="ListModels", kind="500", after=1)
    client("sagemaker").list_models()
    with pytest.raises(ClientError, match="InternalFailure"):
        client("sagemaker").list_models()


def test_a_fault_spares_other_operations_services_and_accounts(
    client: Client, client_of: Callable[[str], Client], inject: Inject
) -> None:
    inject(service="sagemaker", operation="ListModels", kind="500")
    client("sagemaker").list_endpoints()
    client("kms").list_keys()
    client_of("999999999999")("sagemaker").list_models()
    with pytest.raises(ClientError):
        client("sagemaker").list_models()


def test_a_connection_can_be_dropped(client: Client, inject: Inject) -> None:
    inject(service="s3", operation="PutObject", kind="drop")
    s3 = client("s3")
    s3.create_bucket(Bucket="dropped-connections")
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="dropped-connections", Key="a", Body=b"1")
    assert "Contents" not in s3.list_objects_v2(Bucket="dropped-connections")


def test_an_answer_can_take_longer(client: Client, inject: Inject, emulator: Emulator) -> None:
    inject(service="sagemaker", operation="ListModels", kind="delay", seconds=0.4)
    begin = time.monotonic()
    assert client("sagemaker").list_models()["Models"] == []
    assert time.monotonic() - begin >= 0.4
    client("sagemaker").list_models()
    (fault,) = emulator.control("GET", "faults")["faults"]
    assert fault["hits"] == 1


def test_an_answer_can_be_lost_after_the_request_was_carried_out(
    client: Client, inject: Inject
) -> None:
    inject(service="s3", operation="PutObject", kind="drop-answer")
    s3 = client("s3")
    s3.create_bucket(Bucket="lost-answers")
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="lost-answers", Key="a", Body=b"1")
    assert s3.get_object(Bucket="lost-answers", Key="a")["Body"].read() == b"1"


def test_a_fault_can_begin_with_an_operation_and_then_strike_others(
    client: Client, client_of: Callable[[str], Client], inject: Inject
) -> None:
    inject(kind="expired-token", since="ListModels", count=99)
    client("kms").list_keys()
    client_of("999999999999")("sagemaker").list_models()
    client("kms").list_keys()
    for call_of in (client("sagemaker").list_models, client("kms").list_keys):
        with pytest.raises(ClientError, match="ExpiredToken"):
            call_of()


def test_retries_of_boto3_get_over_a_fault(client: Client, inject: Inject) -> None:
    inject(service="sagemaker", kind="throttle")
    patient = client("sagemaker", retries={"max_attempts": 2, "mode": "standard"})
    answer = patient.list_models()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_faults_tell_how_often_they_struck(
    emulator: Emulator, client: Client, inject: Inject
) -> None:
    fault = inject(service="sagemaker", kind="throttle", count=3)
    with pytest.raises(ClientError):
        client("sagemaker").list_models()
    (listed,) = [
        each for each in emulator.control("GET", "faults")["faults"] if each["id"] == fault["id"]
    ]
    assert (listed["hits"], listed["count"]) == (1, 3)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"kind": "explode"}, "kind must be one of throttle, 500"),
        ({"kind": "500", "count": "many"}, "count must be 0 or more"),
        ({"kind": "delay", "seconds": 61}, "seconds must be 0 to 60, got 61"),
        ({"kind": "500", "sevice": "s3"}, "sevice"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    inject: Inject, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(EmulatorError, match=problem):
        inject(**given)


def test_an_unknown_control_route_is_not_handed_to_aws(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match="no control route GET nonsense"):
        emulator.control("GET", "nonsense")
