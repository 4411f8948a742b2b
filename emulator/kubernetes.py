"""The Kubernetes API of the emulator's EKS clusters: Deployments, and who may read them.

It is under the `endpoint` that DescribeCluster answers. A token is what EKS takes: a signed
GetCallerIdentity for the cluster, by a principal with an access entry (Amazon EKS user guide, "Grant
IAM users and roles access to Kubernetes APIs"). Access policies are not looked into.

Kubernetes brings up pods; in the emulator a Deployment that is written has rolled out at once, until
its status subresource is written, or has stopped where its images cannot be pulled and that is judged
(``emulator.pods``).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

PREFIX = "/inferform-emulator/kubernetes/"
"""Where the Kubernetes APIs of the emulator are; account, Region and cluster follow."""

Answer = tuple[HTTPStatus, dict[str, Any]]

_PATH = re.compile(
    r"(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/(?P<cluster>[^/]+)/apis/apps/v1/"
    r"namespaces/(?P<namespace>[^/]+)/deployments(?:/(?P<name>[^/]+)(?P<status>/status)?)?"
)
_UNAVAILABLE = ("False", "MinimumReplicasUnavailable")
_STOPPED = ("False", "ProgressDeadlineExceeded")
_TOKEN = "k8s-aws-v1."
_REASONS = {
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.NOT_FOUND: "NotFound",
    HTTPStatus.CONFLICT: "AlreadyExists",
    HTTPStatus.METHOD_NOT_ALLOWED: "MethodNotAllowed",
    HTTPStatus.BAD_REQUEST: "BadRequest",
}


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        self.status = status
        super().__init__(message)


def answer(method: str, route: str, token: str, body: bytes) -> Answer:
    """Answer a request; `route` is the path after the emulator's own prefix for Kubernetes."""
    try:
        return _answer(method, route, token, body)
    except _RefusedError as error:
        return error.status, {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(error),
            "reason": _REASONS[error.status],
            "code": error.status.value,
        }


def _answer(method: str, route: str, token: str, body: bytes) -> Answer:
    from moto.eks.models import eks_backends

    match = _PATH.fullmatch(route)
    if match is None:
        raise _RefusedError(
            HTTPStatus.NOT_FOUND, "the server could not find the requested resource"
        )
    cluster = eks_backends[match["account"]][match["region"]].clusters.get(match["cluster"])
    if cluster is None or not _is_let_in(cluster, token, match["account"], match["region"]):
        raise _RefusedError(HTTPStatus.UNAUTHORIZED, "Unauthorized")
    # on the cluster, so that it goes with it
    kept: dict[str, dict[str, Any]] = cluster.__dict__.setdefault("deployments", {})
    held = kept.setdefault(match["namespace"], {})
    name = match["name"]
    place = (match["account"], cluster)
    if name is None:
        return _collection(method, held, body, place)
    return _one(method, held, name, body, place, status=bool(match["status"]))


def _collection(method: str, held: dict[str, Any], body: bytes, place: tuple[str, Any]) -> Answer:
    if method == "GET":
        items = list(held.values())
        return HTTPStatus.OK, {"kind": "DeploymentList", "apiVersion": "apps/v1", "items": items}
    if method != "POST":
        raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "the server does not allow this method")
    asked = _object(body)
    name = asked["metadata"]["name"]
    if name in held:
        raise _RefusedError(HTTPStatus.CONFLICT, f'deployments.apps "{name}" already exists')
    held[name] = _rolled_out(asked, 1, place)
    return HTTPStatus.CREATED, held[name]


def _one(
    method: str,
    held: dict[str, Any],
    name: str,
    body: bytes,
    place: tuple[str, Any],
    *,
    status: bool,
) -> Answer:
    if name not in held:
        raise _RefusedError(HTTPStatus.NOT_FOUND, f'deployments.apps "{name}" not found')
    found: dict[str, Any] = held[name]
    if method == "PUT" and status:
        found["status"] = _object(body).get("status", {})
    elif method == "PUT":
        found = held[name] = _rolled_out(_object(body), found["metadata"]["generation"] + 1, place)
    elif method == "DELETE":
        del held[name]
    elif method != "GET":
        raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "the server does not allow this method")
    return HTTPStatus.OK, found


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
        asked["metadata"]["name"]
    except (ValueError, KeyError, TypeError):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "the body is no Deployment") from None
    found: dict[str, Any] = asked
    return found


def _rolled_out(
    asked: Mapping[str, Any], generation: int, place: tuple[str, Any]
) -> dict[str, Any]:
    # late, so that a server that is never asked for it does not load what it judges
    from . import pods

    spec = {"replicas": 1, **asked.get("spec", {})}
    count = spec["replicas"]
    starts = pods.may_start(*place, spec)
    ready = count if starts else 0
    available = ("True", "MinimumReplicasAvailable") if starts else _UNAVAILABLE
    progressing = ("True", "NewReplicaSetAvailable") if starts else _STOPPED
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {**asked["metadata"], "generation": generation},
        "spec": spec,
        "status": {
            "observedGeneration": generation,
            "replicas": count,
            "updatedReplicas": count,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": count - ready,
            "conditions": [
                {"type": "Available", "status": available[0], "reason": available[1]},
                {"type": "Progressing", "status": progressing[0], "reason": progressing[1]},
            ],
        },
    }


def _is_let_in(cluster: Any, token: str, account: str, region: str) -> bool:
    """Whether a token is a signed GetCallerIdentity for the cluster, by somebody with an entry."""
    encoded = token.removeprefix(_TOKEN)
    if encoded == token:
        return False
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return False
    asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    signed = asked.get("X-Amz-SignedHeaders", "").split(";")
    if asked.get("Action") != "GetCallerIdentity" or "x-k8s-aws-id" not in signed:
        return False
    key = asked.get("X-Amz-Credential", "").partition("/")[0]
    return _principal(key, account, region) in cluster.__dict__.get("access_entries", {})


def _principal(key: str, account: str, region: str) -> str:
    """The role, or the user, that an access key belongs to."""
    from moto.sts.models import sts_backends

    for backends in sts_backends.values():
        for backend in backends.values():
            role = backend.get_assumed_role_from_access_key(key)
            if role is not None:
                return str(role.role_arn)
    return str(sts_backends[account]["aws"].get_caller_identity(key, region)[1])
