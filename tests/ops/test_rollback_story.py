"""A rollback says of a release what the state tells of it, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ops.kinds import kinds
from ops.kinds.record import Not
from ops.rollback import Rollback


@pytest.mark.parametrize(
    ("kind", "tells"),
    [
        ("aws_sagemaker_endpoint", True),
        ("aws_ecs_service", True),
        ("kubernetes_deployment_v1", False),
    ],
)
def test_a_rollback_claims_no_service_that_the_state_does_not_tell(kind: str, tells: bool) -> None:
    verify = kinds()[kind].verify
    assert not isinstance(verify, Not)
    told = cast("Any", verify).tells_reached
    assert told is tells
    service = cast("Any", SimpleNamespace(name="fraud"))
    edit = cast("Any", None)
    story = Rollback(edit, "dev-kubernetes", "v1", None, service, serving=True, told=told).story
    assert ("was in service with it in version v1" in story) is tells
    assert ("no state tells" in story) is not tells
    assert ("should serve now" in story) is tells
