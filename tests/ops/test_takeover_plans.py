"""Which plans a takeover refuses."""

from __future__ import annotations

import pytest

from ops.errors import OperatorError
from ops.plan import read_plan
from ops.takeover.steps import refuse_losses
from tests.review.plans import changed, plan_of

ENDPOINT = "aws_sagemaker_endpoint.fraud"


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        (
            ["delete", "create"],
            "replace, forced by deployment_config.0.auto_rollback_configuration",
        ),
        (["create", "delete"], "replace, forced by"),
        (["delete"], "delete"),
        (["forget"], "forget"),
    ],
)
def test_a_plan_that_loses_something_is_refused(actions: list[str], said: str) -> None:
    after = {"name": "fraud"} if "create" in actions else None
    paths = [["deployment_config", 0, "auto_rollback_configuration"]] if after else None
    plan = read_plan(
        plan_of(changed(ENDPOINT, actions, {"name": "fraud"}, after, replace_paths=paths))
    )
    with pytest.raises(OperatorError, match="ADO2") as caught:
        refuse_losses(plan.changes, "dev-use1-inference")
    assert f"{ENDPOINT}: {said}" in str(caught.value)


def test_a_plan_that_creates_and_changes_is_not() -> None:
    entries = [
        changed(f"{ENDPOINT}_{number}", [action], before, {"name": "x"})
        for number, (action, before) in enumerate(
            [("create", None), ("update", {"name": "y"}), ("no-op", {"name": "x"})]
        )
    ]
    refuse_losses(read_plan(plan_of(*entries)).changes, "dev-use1-inference")
