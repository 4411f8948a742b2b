"""CodeConnections: connections to Git providers and hosts, which moto does not have at all."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition

from ..git_connections import CodeConnectionsBackend, codeconnections_backends, connections
from ..own import OwnError, OwnResponse
from .registry import Service

_HOSTED = ("GitHubEnterpriseServer", "GitLabSelfManaged")


class CodeConnectionsResponse(OwnResponse):
    """What is asked of CodeConnections."""

    name = "codeconnections"

    @property
    def backend(self) -> CodeConnectionsBackend:
        """What the account of the request keeps in its Region."""
        found: CodeConnectionsBackend = codeconnections_backends[self.current_account][self.region]
        return found


service = Service("codeconnections", CodeConnectionsResponse)

_NO_SERVICE = "has no such service"


@service.adds("CreateConnection", gap=_NO_SERVICE)
def create_connection(response: CodeConnectionsResponse) -> ActionResult:
    """AWS creates it PENDING: a person finishes it in the console. Either a provider or a host is given."""
    given: Any = response.params
    provider, host = given.get("ProviderType"), given.get("HostArn")
    if bool(provider) == bool(host):
        raise _invalid("Either ProviderType or HostArn has to be given, and not both")
    if host:
        provider = _found(response, "host", host)["ProviderType"]
    elif provider in _HOSTED:
        raise _invalid(f"HostArn is required for {provider}")
    arn = _arn(response, "connection")
    made = {
        "ConnectionArn": arn,
        "ConnectionName": given["ConnectionName"],
        "ConnectionStatus": "PENDING",
        "OwnerAccountId": response.current_account,
        "ProviderType": provider,
        **({"HostArn": host} if host else {}),
    }
    response.backend.kept["connection"][arn] = made
    tags = _keep_tags(response, arn, given.get("Tags") or [])
    return ActionResult({"ConnectionArn": arn, "Tags": tags})


@service.adds("GetConnection", gap=_NO_SERVICE)
def get_connection(response: CodeConnectionsResponse) -> ActionResult:
    """AWS describes it, with its status, in whichever Region it was made."""
    arn = response._get_param("ConnectionArn")
    found = connections(response.current_account).get(arn)
    if found is None:
        raise _missing(f"Connection could not be found: {arn}")
    return ActionResult({"Connection": found})


@service.adds("ListConnections", gap=_NO_SERVICE)
def list_connections(response: CodeConnectionsResponse) -> ActionResult:
    """AWS lists those of the account in all Regions, of a provider or host where asked."""
    provider, host = (response._get_param(f"{each}Filter") for each in ("ProviderType", "HostArn"))
    return ActionResult(
        {
            "Connections": [
                each
                for each in connections(response.current_account).values()
                if provider in (None, each["ProviderType"]) and host in (None, each.get("HostArn"))
            ]
        }
    )


@service.adds("DeleteConnection", gap=_NO_SERVICE)
def delete_connection(response: CodeConnectionsResponse) -> EmptyResult:
    """AWS deletes it, and refuses one that is not there."""
    return _delete(response, "connection", response._get_param("ConnectionArn"))


@service.adds("CreateHost", gap=_NO_SERVICE)
def create_host(response: CodeConnectionsResponse) -> ActionResult:
    """AWS creates a host of a provider that somebody runs on their own, PENDING."""
    given: Any = response.params
    if given.get("ProviderType") not in _HOSTED:
        raise _invalid(f"A host is of {' or '.join(_HOSTED)}, not {given.get('ProviderType')}")
    if not re.match(r"https?://", given.get("ProviderEndpoint") or ""):
        raise _invalid("ProviderEndpoint has to be a URL")
    arn = _arn(response, "host")
    response.backend.kept["host"][arn] = {
        "Name": given["Name"],
        "ProviderEndpoint": given["ProviderEndpoint"],
        "ProviderType": given["ProviderType"],
        "Status": "PENDING",
    }
    return ActionResult(
        {"HostArn": arn, "Tags": _keep_tags(response, arn, given.get("Tags") or [])}
    )


@service.adds("GetHost", gap=_NO_SERVICE)
def get_host(response: CodeConnectionsResponse) -> ActionResult:
    """AWS describes it."""
    return ActionResult(_found(response, "host", response._get_param("HostArn")))


@service.adds("DeleteHost", gap=_NO_SERVICE)
def delete_host(response: CodeConnectionsResponse) -> EmptyResult:
    """AWS deletes it once no connection uses it."""
    arn = response._get_param("HostArn")
    if any(each.get("HostArn") == arn for each in response.backend.kept["connection"].values()):
        raise _invalid(f"Connections use the host {arn}")
    return _delete(response, "host", arn)


@service.adds("ListTagsForResource", gap=_NO_SERVICE)
def list_tags_for_resource(response: CodeConnectionsResponse) -> ActionResult:
    """AWS lists the tags of a connection or host."""
    return ActionResult({"Tags": _tags(response, response._get_param("ResourceArn"))})


@service.adds("TagResource", gap=_NO_SERVICE)
def tag_resource(response: CodeConnectionsResponse) -> EmptyResult:
    """AWS adds tags, and replaces the values of keys that are there."""
    arn = response._get_param("ResourceArn")
    _tags(response, arn)
    _keep_tags(response, arn, response._get_param("Tags"))
    return EmptyResult()


@service.adds("UntagResource", gap=_NO_SERVICE)
def untag_resource(response: CodeConnectionsResponse) -> EmptyResult:
    """AWS removes the keys that are there."""
    arn = response._get_param("ResourceArn")
    _tags(response, arn)
    for key in response._get_param("TagKeys"):
        response.backend.tags[arn].pop(key, None)
    return EmptyResult()


def _invalid(said: str) -> OwnError:
    return OwnError("ValidationException", said)


def _missing(said: str) -> OwnError:
    return OwnError("ResourceNotFoundException", said)


def _arn(response: CodeConnectionsResponse, kind: str) -> str:
    place = f"{response.region}:{response.current_account}"
    partition = get_partition(response.region)
    return f"arn:{partition}:codeconnections:{place}:{kind}/{mock_random.uuid4()}"


def _found(response: CodeConnectionsResponse, kind: str, arn: str) -> dict[str, Any]:
    found: dict[str, Any] | None = response.backend.kept[kind].get(arn)
    if found is None:
        raise _missing(f"Connection could not be found: {arn}")
    return found


def _delete(response: CodeConnectionsResponse, kind: str, arn: str) -> EmptyResult:
    _found(response, kind, arn)
    del response.backend.kept[kind][arn]
    response.backend.tags.pop(arn, None)
    return EmptyResult()


def _keep_tags(
    response: CodeConnectionsResponse, arn: str, tags: list[dict[str, str]]
) -> list[dict[str, str]]:
    kept = response.backend.tags.setdefault(arn, {})
    kept.update({tag["Key"]: tag["Value"] for tag in tags})
    return _tags(response, arn)


def _tags(response: CodeConnectionsResponse, arn: str) -> list[dict[str, str]]:
    kept = response.backend.tags
    if arn not in kept:
        raise _missing(f"Resource could not be found: {arn}")
    return [{"Key": key, "Value": value} for key, value in sorted(kept[arn].items())]
