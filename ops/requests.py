"""Requests to APIs by their URLs, signed where IAM says who may call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from .aws import Aws

TIMEOUT_SECONDS = 60
"""How long an answer may take: API Gateway gives up after 30 seconds, unless a quota allows more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The beginning of the body, on one line."""
        return " ".join(self.body[:400].decode("utf-8", "replace").split())[:200]


def send(
    aws: Aws, method: str, url: str, body: bytes, headers: Mapping[str, str], *, signed: bool
) -> Answer:
    """Send a request to an API of an environment. Raises BotoCoreError where nothing answers."""
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
    if signed:
        credentials = aws.session.get_credentials()
        assert credentials is not None  # the session has asked for its account with them
        SigV4Auth(credentials, "execute-api", aws.context.region).add_auth(request)
    if aws.emulator is not None:
        request.url = f"{aws.emulator.url}/inferform-emulator/api/{url.removeprefix('https://')}"
    return _sent(request)


def plain(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a request that is not signed. Raises BotoCoreError where nothing answers."""
    return _sent(AWSRequest(method=method, url=url, data=body, headers=dict(headers)))


def fetch(url: str) -> Answer:
    """What a URL that AWS has signed leads to. Raises BotoCoreError where nothing answers."""
    return _sent(AWSRequest(method="GET", url=url))


def _sent(request: AWSRequest) -> Answer:
    proxies = get_environ_proxies(str(request.url))
    # A path to certificates, or whether they are checked.
    verify: Any = os.environ.get("AWS_CA_BUNDLE") or True
    session = URLLib3Session(verify=verify, timeout=TIMEOUT_SECONDS, proxies=proxies)
    try:
        answer = session.send(request.prepare())
        return Answer(
            answer.status_code,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.content,
        )
    finally:
        session.close()
