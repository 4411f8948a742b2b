"""The Kubernetes API of an EKS cluster, as far as the operator's commands read it."""

from __future__ import annotations

import base64
import ssl
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from .aws import Aws
from .errors import OperatorError

if TYPE_CHECKING:
    import httpx

_TOKEN = "k8s-aws-v1."
_TOKEN_SECONDS = 60
_TIMEOUT_SECONDS = 10


class UnreadableError(OperatorError):
    """The Kubernetes API cannot be reached from here, or lets this role read nothing."""


class Api:
    """The API of one cluster, asked as the environment's role."""

    def __init__(self, aws: Aws, cluster: str) -> None:
        self._aws = aws
        self._cluster = cluster

    def deployment(self, namespace: str, name: str) -> dict[str, Any] | None:
        """A Deployment; None where there is none. Raises UnreadableError."""
        return self._get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")

    def _get(self, path: str) -> dict[str, Any] | None:
        import httpx  # late, as few commands ask a cluster

        try:
            answer = self._client.get(path, headers={"Authorization": f"Bearer {self.token()}"})
        except httpx.HTTPError as error:
            raise UnreadableError(
                f"the API of {self._cluster} cannot be reached: {error}",
                "run this inside the VPC, or in a range of EksCluster.public_access_cidrs",
            ) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.is_error:
            raise UnreadableError(
                f"the API of {self._cluster} answers {answer.status_code}: {_message(answer)}",
                f"give the role an access entry with AmazonEKSViewPolicy (EksCluster.access): "
                f"{self._role}",
            )
        found: dict[str, Any] = answer.json()
        return found

    @property
    def _role(self) -> str:
        return str(self._aws.client("sts").get_caller_identity()["Arn"])

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        try:
            cluster = self._aws.client("eks").describe_cluster(name=self._cluster)["cluster"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise UnreadableError(
                f"there is no cluster {self._cluster}", "deploy the eks layer"
            ) from error
        return httpx.Client(
            base_url=cluster["endpoint"],
            verify=trust(cluster["certificateAuthority"]["data"])
            if cluster["endpoint"].startswith("https:")
            else False,
            timeout=_TIMEOUT_SECONDS,
            trust_env=self._aws.emulator is None,
        )

    def token(self) -> str:
        """A token as EKS takes it: a signed request to STS that says who asks, and for what."""
        session, sts = self._aws.session, self._aws.client("sts")
        credentials = session.get_credentials()
        assert credentials is not None  # the session has asked for its account with them
        signer = RequestSigner(
            sts.meta.service_model.service_id,
            session.region_name,
            "sts",
            "v4",
            credentials,
            session.events,
        )
        url = signer.generate_presigned_url(
            {
                "method": "GET",
                "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
                "body": {},
                "headers": {"x-k8s-aws-id": self._cluster},
                "context": {},
            },
            region_name=session.region_name,
            expires_in=_TOKEN_SECONDS,
            operation_name="",
        )
        return _TOKEN + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def trust(authority: str) -> ssl.SSLContext:
    """Trust in the cluster's own certificate authority, and in no other."""
    return ssl.create_default_context(cadata=base64.b64decode(authority).decode())


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
