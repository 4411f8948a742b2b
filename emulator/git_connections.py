"""Connections to Git providers: what CodeConnections keeps, and what a person makes of them."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend


class CodeConnectionsBackend(BaseBackend):  # type: ignore[misc]  # moto is not checked
    """The connections and hosts of one account and Region, and their tags, by ARN."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.kept: dict[str, dict[str, dict[str, Any]]] = {"connection": {}, "host": {}}
        self.tags: dict[str, dict[str, str]] = {}


# botocore lists no Regions of the service.
codeconnections_backends = BackendDict(CodeConnectionsBackend, "codestar-connections")


def connections(account: str) -> dict[str, dict[str, Any]]:
    """The connections of an account, by ARN: those of every Region are seen and used in all of them.

    Developer Tools console user guide, global resources in AWS CodeConnections.
    """
    found: dict[str, dict[str, Any]] = {}
    for backend in codeconnections_backends[account].values():
        found |= backend.kept["connection"]
    return found


def handshake(account: str, arn: str, status: str) -> None:
    """What a person does in the console: a connection becomes AVAILABLE, or ends in ERROR.

    Raises ValueError for another status, or a connection that is not there.
    """
    if status not in ("AVAILABLE", "ERROR", "PENDING"):
        raise ValueError(f"status must be AVAILABLE, ERROR or PENDING, got {status}")
    found = connections(account)
    if arn not in found:
        raise ValueError(f"no connection {arn}")
    found[arn]["ConnectionStatus"] = status


def is_available(arn: str) -> bool:
    """Whether a connection can be used; one that somebody made elsewhere is taken as given."""
    _, _, _, region, account, _ = arn.split(":", 5)
    found = codeconnections_backends[account][region].kept["connection"].get(arn)
    return found is None or found["ConnectionStatus"] == "AVAILABLE"
