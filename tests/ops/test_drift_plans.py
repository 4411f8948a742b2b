"""What a plan says about drift, from plans in Terraform's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import Context
from ops.advice import about_terraform, errors_of
from ops.drift import StackDrift, exit_status, judged, markdown
from ops.plan import Plan, read_plan
from tests.review.plans import changed, plan_of

TARGET = {"resource_id": "endpoint/fraud/variant/primary", "min_capacity": 1, "max_capacity": 4}


def change(kind: str, before: Any, after: Any, actions: list[str] | None = None) -> dict[str, Any]:
    return changed(f"{kind}.x", actions or ["update"], before, after)


def plan(*changes: dict[str, Any], drifted: tuple[str, ...] = (), name: str = "s") -> Plan:
    """A plan; what has drifted did so in the attributes that the plan puts back."""
    return refreshed(*changes, drift=[c for c in changes if c["address"] in drifted], name=name)


def refreshed(*changes: dict[str, Any], drift: list[dict[str, Any]], name: str = "s") -> Plan:
    """A plan with what refreshing has shown."""
    return read_plan(plan_of(*changes, resource_drift=drift), name)


def test_a_change_from_outside_is_drift_and_an_unapplied_one_is_pending() -> None:
    repository = change(
        "aws_ecr_repository",
        {"image_tag_mutability": "MUTABLE", "name": "fraud"},
        {"image_tag_mutability": "IMMUTABLE", "name": "fraud"},
    )
    alarm = change("aws_cloudwatch_metric_alarm", None, {"name": "x"}, ["create"])
    found = judged(plan(repository, alarm, drifted=("aws_ecr_repository.x",)))
    assert found.result == "drift"
    assert found.summary == "1 drifted, 1 pending"
    assert [str(each) for each in found.changes] == [
        "update aws_ecr_repository.x (image_tag_mutability)",
        "create aws_cloudwatch_metric_alarm.x",
    ]
    assert judged(plan(alarm)).result == "pending"


def test_a_replacement_is_named_as_one() -> None:
    found = judged(plan(change("aws_x", {"a": 1}, {"a": 2}, ["delete", "create"])))
    assert str(found.changes[0]) == "replace aws_x.x (a)"


def test_an_unapplied_change_beside_a_calculated_attribute_is_pending() -> None:
    pending = change("aws_x", {"image": "1", "status": "b"}, {"image": "2", "status": "b"})
    shown = change("aws_x", {"image": "1", "status": "a"}, {"image": "1", "status": "b"})
    found = judged(refreshed(pending, drift=[shown]))
    assert found.result == "pending"


def test_what_is_empty_in_another_way_has_not_drifted() -> None:
    pending = change("aws_x", {"box": [{"image": "1"}]}, {"box": [{"image": "2"}]})
    shown = change(
        "aws_x",
        {"box": [{"image": "1", "environment": None}], "tags": None},
        {"box": [{"image": "1", "environment": {}}], "tags": {}},
    )
    found = judged(refreshed(pending, drift=[shown]))
    assert found.result == "pending"


def test_what_somebody_deleted_is_drift() -> None:
    gone = change("aws_x", {"name": "x"}, None, ["delete"])
    again = change("aws_x", None, {"name": "x"}, ["create"])
    found = judged(refreshed(again, drift=[gone]))
    assert (found.result, str(found.changes[0])) == ("drift", "create aws_x.x")


def test_drift_that_no_apply_would_mend_is_none() -> None:
    ignored = change("aws_ecs_service", {"desired_count": 4}, {"desired_count": 4}, ["no-op"])
    assert judged(plan(ignored, drifted=("aws_ecs_service.x",))).result == "none"


def test_what_a_scheduled_action_sets_is_not_drift() -> None:
    scaled = change("aws_appautoscaling_target", {**TARGET, "max_capacity": 8}, TARGET)
    schedule = change(
        "aws_appautoscaling_scheduled_action",
        {"resource_id": TARGET["resource_id"]},
        {"resource_id": TARGET["resource_id"]},
        ["no-op"],
    )
    drifted = ("aws_appautoscaling_target.x",)
    assert judged(plan(scaled, schedule, drifted=drifted)).result == "none"
    assert judged(plan(scaled, drifted=drifted)).result == "drift"


def test_a_count_is_owned_by_autoscaling_only_where_something_scales_it() -> None:
    service = change(
        "aws_ecs_service",
        {
            "cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/c",
            "name": "s",
            "desired_count": 9,
        },
        {
            "cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/c",
            "name": "s",
            "desired_count": 2,
        },
    )
    target = change(
        "aws_appautoscaling_target",
        {"resource_id": "service/c/s"},
        {"resource_id": "service/c/s"},
        ["no-op"],
    )
    assert judged(plan(service, target)).result == "none"
    assert judged(plan(service)).result == "pending"


@pytest.mark.parametrize(
    ("kind", "count"),
    [("aws_ecs_service", "desired_count"), ("aws_autoscaling_group", "desired_capacity")],
)
def test_what_changes_beside_a_count_that_autoscaling_owns_is_drift(kind: str, count: str) -> None:
    common = {"cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/c", "name": "s"}
    scaled_by = {"resource_id": "service/c/s"}
    target = change("aws_appautoscaling_target", scaled_by, scaled_by, ["no-op"])
    before = {**common, count: 9, "task_definition": "s:1", "max_size": 9}
    scaled = change(kind, before, {**before, count: 2})
    assert judged(plan(scaled, target, drifted=(f"{kind}.x",))).result == "none"
    changed = change(kind, before, {**before, count: 2, "task_definition": "s:2"})
    found = judged(plan(changed, target, drifted=(f"{kind}.x",)))
    assert (found.result, found.changes[0].attributes) == (
        "drift",
        sorted([count, "task_definition"]),
    )


def test_outputs_that_change_are_pending_but_for_those_that_follow_a_count() -> None:
    outputs = {"count": {"actions": ["update"], "before": 2, "after": 9}}
    alone = judged(read_plan(plan_of(output_changes=outputs), "s"))
    assert (alone.result, alone.summary) == ("pending", "outputs")
    group = {"scaling_config": [{"desired_size": 5, "min_size": 1, "max_size": 9}]}
    scaled = {"scaling_config": [{"desired_size": 2, "min_size": 1, "max_size": 9}]}
    owned = change("aws_eks_node_group", group, scaled)
    unowned = change("aws_ecr_repository", {"name": "x"}, {"name": "y"}, ["no-op"])
    found = judged(read_plan(plan_of(owned, unowned, output_changes=outputs), "s"))
    assert (found.result, found.changes) == ("none", [])


def test_an_update_that_shows_no_attribute_is_nobodys() -> None:
    target = change("aws_appautoscaling_target", TARGET, {**TARGET})
    schedule = {"resource_id": TARGET["resource_id"]}
    removed = change("aws_appautoscaling_scheduled_action", schedule, None, ["delete"])
    assert judged(plan(target)).result == "pending"
    scaled = change("aws_appautoscaling_target", {**TARGET, "max_capacity": 8}, TARGET)
    # The action that set it goes in the same plan.
    assert [each.action for each in judged(plan(scaled, removed)).changes] == ["delete"]


def test_a_node_group_keeps_its_bounds_while_its_size_moves() -> None:
    def group(desired: int, most: int) -> dict[str, Any]:
        return {"scaling_config": [{"desired_size": desired, "min_size": 1, "max_size": most}]}

    assert judged(plan(change("aws_eks_node_group", group(5, 9), group(2, 9)))).result == "none"
    assert judged(plan(change("aws_eks_node_group", group(5, 9), group(5, 3)))).result == "pending"


@pytest.mark.parametrize(
    ("results", "status"),
    [
        (["none", "none"], 0),
        (["none", "drift"], 2),
        (["pending"], 2),
        (["drift", "failed"], 1),
        ([], 0),
    ],
)
def test_the_exit_status_is_terraforms(results: list[Any], status: int) -> None:
    assert exit_status([StackDrift("s", result) for result in results]) == status


def test_markdown_has_one_row_for_each_stack() -> None:
    found = [
        judged(plan(name="dev-use1-network")),
        judged(
            plan(
                change("aws_x", {"a": 1}, {"a": 2}),
                change("aws_y", {"b": 1}, {"b": 2}),
                drifted=("aws_y.x",),
                name="dev-use1-registry",
            )
        ),
        StackDrift("dev-use1-inference", "failed", error="Error: no\nwhat to do: x"),
    ]
    assert markdown("dev-use1", found).splitlines()[4:] == [
        "| dev-use1-network | none |  |",
        "| dev-use1-registry | 1 drifted, 1 pending | pending: update aws\\_x.x (a)<br>"
        "drifted: update aws\\_y.x (b) |",
        "| dev-use1-inference | failed | Error: no |",
    ]


_LOCK = """
╷
│ Error: Error acquiring the state lock
│
│ Error message: operation error S3: PutObject, https response error
│ StatusCode: 412, RequestID: 1, HostID: 2, api error PreconditionFailed: At
│ least one of the pre-conditions you specified did not hold
╵
"""


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        (_LOCK, "if it was killed: inferform recover dev-use1-network"),
        (
            'Error: Failed to save state ... "errored.tfstate"',
            "inferform recover dev-use1-network writes the state",
        ),
        (
            "ExpiredToken ... Failed to persist state to backend",
            "what was done is kept. Before you repeat: inferform recover dev-use1-network writes",
        ),
        (
            "EOF ... Error releasing the state lock",
            "Before you repeat: inferform recover dev-use1-network clears the lock that was left",
        ),
        ("api error ExpiredToken: The security token", "the credentials have expired"),
        ("StatusCode: 500, ... InternalFailure", "AWS had an error of its own; repeat"),
        ("InvalidPermission.Duplicate: The specified rule", "inferform recover dev-use1-network"),
        ("InvalidSubnet.Conflict: The CIDR", "inferform recover dev-use1-network"),
        ("Error acquiring the state lock ... ExpiredToken", "the credentials have expired"),
        ('Error: S3 bucket "b" does not exist', "inferform bootstrap dev-use1"),
        ("Error: Unable to find remote state", "inferform deploy 'dev-use1-*'"),
        (
            "data.terraform_remote_state.ecs.outputs is object with 4 attributes",
            "inferform deploy 'dev-use1-*'",
        ),
        ("Error: No valid credential sources found", "sign in"),
        ("ThrottlingException: Rate exceeded", "AWS throttles"),
        ("dial tcp 10.0.0.1:443: connect: connection refused", "AWS cannot be reached"),
        ("AccessDenied: User: x is not authorized to perform", "the role may not do this"),
        ("Resource x has lifecycle.prevent_destroy set, but", "set protected=False"),
        (
            "operation error SageMaker: DeleteModelPackageGroup, ConflictException: Cannot delete "
            "ModelPackageGroup arn:x since it has ModelPackages.",
            "aws sagemaker delete-model-package",
        ),
        ("api error BucketNotEmpty: The bucket you tried to delete is not empty", "empty it"),
        ("RepositoryNotEmptyException: The repository with name x", "empty it"),
        ("api error ResourceLimitExceeded: The account-level service limit", "Service Quotas"),
        ("api error TooManyBuckets: You have attempted", "Service Quotas"),
        ("api error ValidationException: 1 validation error", "correct it in the environment's"),
        ("Error: some other thing", ""),
    ],
)
def test_terraforms_failures_come_with_what_to_do(output: str, advice: str) -> None:
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    said = about_terraform(output, context, "network")
    assert advice.lower() in said.lower()
    assert bool(said) == bool(advice)


def test_the_errors_of_a_run_are_shown_without_frames() -> None:
    lines = errors_of(f"Refreshing state...\n{_LOCK}")
    assert lines[0] == "Error: Error acquiring the state lock"
    assert not any("│" in line for line in lines)
