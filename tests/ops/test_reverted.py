"""What AWS may put back without Terraform: every service's kind says so, and the apply fails then."""

from __future__ import annotations

from typing import Any

import pytest

from ops.kinds import kinds
from ops.kinds.reasons import STAYS
from ops.kinds.record import Kind, Not, Reverted
from tests.specs.test_services import environments

from ..conftest import Synthesized

SERVED_BY = sorted(
    {each.resource[0] for one in environments() for each in one.deployed if each.resource}
)
"""The type of resource that each kind of service is."""

REVERTED = {kind.type: kind for kind in kinds().values() if isinstance(kind.reverted, Reverted)}


def of(stacks: Synthesized, kind: str) -> list[dict[str, Any]]:
    """Every resource of a type in the examples."""
    return [made for stack in stacks.values() for made in stack["resource"].get(kind, {}).values()]


def unanswered(kind: Kind) -> bool:
    """Whether the record of a service leaves open if AWS may put an update of it back."""
    return kind.reverted is STAYS or (
        isinstance(kind.reverted, Reverted) and isinstance(kind.verify, Not)
    )


def test_every_kind_of_service_says_whether_aws_may_put_an_update_back() -> None:
    assert {"aws_sagemaker_endpoint", "aws_ecs_service"} <= {*SERVED_BY} & {*REVERTED}
    assert [type_ for type_ in SERVED_BY if unanswered(kinds()[type_])] == []


def test_a_service_that_leaves_it_open_is_found() -> None:
    assert unanswered(kinds()["aws_iam_role"])


@pytest.mark.parametrize("type_", sorted(REVERTED))
def test_what_is_put_back_during_an_apply_fails_it_by_a_postcondition(
    type_: str, everything: Synthesized
) -> None:
    reverted = REVERTED[type_].reverted
    assert isinstance(reverted, Reverted)
    made = of(everything, type_)
    with_one = [bool(each.get("lifecycle", {}).get("postcondition")) for each in made]
    assert with_one == [reverted.guarded(each) for each in made]
    assert any(with_one)


def test_an_apply_waits_for_every_deployment_of_kubernetes(everything: Synthesized) -> None:
    made = of(everything, "kubernetes_deployment_v1")
    assert made
    # The provider waits unless it is told not to.
    assert [each for each in made if each.get("wait_for_rollout", True) is not True] == []


def test_an_apply_waits_for_every_service_that_ecs_itself_deploys(everything: Synthesized) -> None:
    reverted = REVERTED["aws_ecs_service"].reverted
    assert isinstance(reverted, Reverted)
    for service in of(everything, "aws_ecs_service"):
        assert service["wait_for_steady_state"] is reverted.guarded(service)
