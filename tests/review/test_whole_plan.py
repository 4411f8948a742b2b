"""Whatever a plan holds is told in every format, beside the changes of resources."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.report import Report
from ops.review.reviewing import review_plans

from .plans import PLANS, changed, plan_of

TOLD = {
    "outputs-and-checks": (
        "check.reachable",
        "fails: not in service: https://v2.internal.test",
        "check.later",
        "only the apply will tell",
        "endpoint_url",
        "https://v1.internal.test -> https://v2.internal.test",
        "password",
        "(masked) -> (masked)",
        "moved from terraform_data.moved",
        "terraform_data.kept",
        "1 check fails",
        "3 outputs change",
    ),
    "refresh-only-drift": (
        'aws_appautoscaling_target.this["beta"]',
        "is gone, while the state has it",
        'aws_sagemaker_endpoint.this["beta"]',
        "beta-20261128054552680500000003 -> alpha-20261128054552682000000004",
        "2 resources differ from their state",
    ),
    "deferred-only": (
        'aws_sagemaker_endpoint.later["x"]',
        "its create is left for a later plan, as how many instances there are is not known yet",
        "aws_lb_listener_rule.gone",
        "its delete is left for a later plan, as what it depends on is deferred",
        "the plan is incomplete",
        "2 changes are deferred",
        "no risk found in what is planned",
    ),
    "errored-import": (
        "planning ended in an error",
        "aws_cloudwatch_log_group.gone",
        "has no instance in this plan",
        "no risk found in what is planned",
        "1 plan failed",
    ),
    "errored-minimal": ("planning ended in an error", "1 plan failed"),
    "targeted": (
        "terraform_data.a",
        "has no instance in this plan",
        "it is asked for by -replace",
        "1 plan is incomplete",
    ),
    "moved-forgotten": (
        "moved from aws_alb.front",
        "aws_s3_bucket.models",
        "an old copy that a replacement left behind",
        "moved from null_resource.x",
        "5 resources change",
    ),
}


def plain(text: str, name: str) -> str:
    """What a reader sees of a report in one of the formats."""
    if name == "markdown":
        text = re.sub(r"\\(.)", r"\1", text).replace("\u200b", "")
    elif name == "html":
        text = unescape(re.sub(r"<[^>]+>", "", text)).replace("→", "->")
    elif name == "json":
        text = text.replace('\\"', '"')
    return " ".join(text.split())


def reviewed(plan: str) -> Report:
    return review_plans([read_plan(plan, "plan")])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", TOLD)
def test_whatever_a_plan_holds_is_told_in_every_format(name: str, format: str) -> None:
    report = review_plans([read_plan(PLANS / f"{name}.json")])
    text = plain(FORMATS[format](report), format)
    assert "Nothing to do" not in text
    assert [told for told in TOLD[name] if told not in text] == []
    assert "hunter2" not in text


def test_an_output_whose_name_tells_a_secret_is_masked_without_a_mark() -> None:
    change = {"actions": ["create"], "before": None, "after": "hunter2-x", "after_unknown": False}
    report = reviewed(plan_of(output_changes={"db_password": change}))
    for name, render in FORMATS.items():
        assert "db_password" in plain(render(report), name)
        assert "hunter2" not in render(report)


def test_an_output_that_is_known_only_after_the_apply_is_said_to_be_so() -> None:
    wholly = {"actions": ["create"], "before": None, "after_unknown": True}
    partly = {"actions": ["update"], "before": [], "after": ["a", None]}
    outputs = {"url": wholly, "urls": {**partly, "after_unknown": [False, True]}}
    url, urls = reviewed(plan_of(output_changes=outputs)).stacks[0].remarks
    assert url.text == "(known after apply) is new"
    assert urls.text == '[] -> ["a", null], in part (known after apply)'


def test_a_message_of_a_check_does_not_show_a_secret_that_it_names() -> None:
    check = {
        "address": {"kind": "check", "to_display": "check.login"},
        "status": "error",
        "instances": [
            {
                "address": {"to_display": "check.login"},
                "status": "error",
                "problems": [{"message": "no login with password=hunter2-x"}],
            }
        ],
    }
    [remark] = reviewed(plan_of(checks=[check])).stacks[0].remarks
    assert remark.line == "check check.login: ends with error: no login with password=(masked)"
    assert remark.is_alarm


def test_a_check_that_holds_is_not_told() -> None:
    passed = {"address": {"to_display": "check.a"}, "status": "pass", "instances": []}
    report = reviewed(plan_of(checks=[passed]))
    assert report.verdict().startswith("Nothing to do")


def test_actions_that_the_apply_invokes_are_told() -> None:
    after = {
        "address": "action.aws_lambda_invoke.warm",
        "type": "aws_lambda_invoke",
        "name": "warm",
        "lifecycle_action_trigger": {
            "triggering_resource_address": "aws_sagemaker_endpoint.live",
            "action_trigger_event": "AfterUpdate",
            "action_trigger_block_index": 0,
            "actions_list_index": 0,
        },
    }
    asked = {"address": "action.aws_lambda_invoke.now", "invoke_action_trigger": {}}
    later = {"reason": "deferred_prereq", "action_invocation": {**after, "address": "action.x.y"}}
    report = reviewed(
        plan_of(action_invocations=[after, asked], deferred_action_invocations=[later])
    )
    assert [remark.line for remark in report.stacks[0].remarks] == [
        "deferred action.x.y: is invoked after update of aws_sagemaker_endpoint.live, "
        "but left for a later plan, as what it depends on is deferred",
        "action action.aws_lambda_invoke.warm: is invoked after update of "
        "aws_sagemaker_endpoint.live",
        "action action.aws_lambda_invoke.now: is invoked by request",
    ]
    assert "2 actions are invoked" in report.verdict()


@pytest.mark.parametrize(
    ("importing", "says"),
    [
        ({"id": "b"}, "imported from b"),
        ({"identity": {"bucket": "b", "region": "us-east-1"}}, "bucket b, region us-east-1"),
        ({"unknown": True}, "imported from (known after apply)"),
        ({}, "imported from (known after apply)"),
    ],
)
def test_an_import_says_by_what(importing: dict[str, Any], says: str) -> None:
    entry = changed("aws_s3_bucket.b", ["no-op"], {"bucket": "b"}, {"bucket": "b"})
    entry["change"]["importing"] = importing
    report = reviewed(plan_of(entry))
    assert report.counts == {"import": 1}
    for name, render in FORMATS.items():
        assert says in plain(render(report), name)


def test_a_replacement_that_forgets_the_old_one_says_that_it_goes_on_existing() -> None:
    entry = changed("aws_s3_bucket.b", ["create", "forget"], {"bucket": "a"}, {"bucket": "b"})
    assert "old one forgotten, and continues to exist" in FORMATS["text"](reviewed(plan_of(entry)))


def test_an_ephemeral_resource_is_told_beside_a_change() -> None:
    secret = {
        "address": "ephemeral.aws_secretsmanager_secret_version.token",
        "mode": "ephemeral",
        "type": "aws_secretsmanager_secret_version",
        "name": "token",
    }
    plan = plan_of(
        changed("aws_vpc.x", ["create"], None, {"cidr_block": "10.0.0.0/16"}),
        configuration={"root_module": {"module_calls": {"m": {"module": {"resources": [secret]}}}}},
    )
    for name, render in FORMATS.items():
        text = plain(render(reviewed(plan)), name)
        assert "module.m.ephemeral.aws_secretsmanager_secret_version.token" in text


def test_a_data_source_that_only_the_apply_reads_is_told() -> None:
    entry = changed("data.aws_ami.a", ["read"], None, {}, mode="data")
    entry["action_reason"] = "read_because_dependency_pending"
    report = reviewed(plan_of(entry))
    assert not report.is_empty
    [remark] = report.stacks[0].remarks
    assert remark.line == "read data.aws_ami.a: is read only by the apply (dependency pending)"


def test_a_plan_that_only_writes_the_state_is_not_said_to_do_nothing() -> None:
    report = reviewed(plan_of(applyable=True, complete=True, errored=False))
    assert not report.is_empty
    assert "the state, which the apply writes again" in FORMATS["text"](report)


def test_drift_that_the_plan_leaves_as_it_is_is_told() -> None:
    ignored = changed("aws_ecs_service.a", ["update"], {"desired_count": 2}, {"desired_count": 5})
    unchanged = changed("aws_ecs_service.a", ["no-op"], {"desired_count": 5}, {"desired_count": 5})
    [remark] = reviewed(plan_of(unchanged, resource_drift=[ignored])).stacks[0].remarks
    assert remark.line.startswith("drift aws_ecs_service.a: differs from the state")
    assert remark.line.endswith(": desired_count: 2 -> 5")


def test_what_was_filled_in_since_the_apply_is_told_and_is_nothing_to_do() -> None:
    filled = changed("aws_iam_role.a", ["update"], {"inline_policy": []}, {"inline_policy": ["x"]})
    same = changed("aws_iam_role.a", ["no-op"], {"inline_policy": ["x"]}, {"inline_policy": ["x"]})
    report = reviewed(plan_of(same, resource_drift=[filled]))
    assert report.is_empty
    for name, render in FORMATS.items():
        assert "is filled in there: aws_iam_role.a (inline_policy)" in plain(render(report), name)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ((), '"novelty" of the plan'),
        (("resource_changes", 0), '"novelty" of a resource\'s change: aws_vpc.x'),
        (("resource_changes", 0, "change"), '"change.novelty" of a resource\'s change: aws_vpc.x'),
        (("resource_drift", 0, "change"), '"change.novelty" of a resource\'s change: aws_vpc.y'),
        (("deferred_changes", 0, "resource_change"), "of a resource's change: aws_vpc.z"),
        (("output_changes", "o"), '"novelty" of an output\'s change: o'),
    ],
)
def test_a_field_of_the_format_that_is_not_known_is_named(
    place: tuple[Any, ...], says: str
) -> None:
    x, y, z = (changed(f"aws_vpc.{name}", ["no-op"], {"id": 1}, {"id": 1}) for name in "xyz")
    plan = json.loads(
        plan_of(
            x,
            resource_drift=[y],
            deferred_changes=[{"reason": "excluded", "resource_change": z}],
            output_changes={"o": {"actions": ["no-op"]}},
        )
    )
    inside = plan
    for part in place:
        inside = inside[part]
    inside["novelty"] = 1
    report = reviewed(json.dumps(plan))
    for name, render in FORMATS.items():
        text = plain(render(report), name)
        assert "this review does not know" in text
        assert says in text


def test_every_field_of_a_plan_that_terraform_wrote_is_known() -> None:
    for file in sorted(PLANS.glob("*.json")):
        assert read_plan(file).not_known == ()


def test_an_unknown_mode_of_a_resource_is_named() -> None:
    plan = plan_of(changed("aws_vpc.x", ["no-op"], {}, {}, mode="list"))
    assert read_plan(plan).not_known == ('the mode "list" of a resource: aws_vpc.x',)


@pytest.mark.parametrize(("name", "adds"), [("first-creation", True), ("service-deleted", False)])
def test_the_difference_in_cost_is_what_comes_without_what_was(name: str, adds: bool) -> None:
    (cost,) = review_plans([read_plan(PLANS / f"{name}.json")]).costs
    one, other = (cost.after, cost.before) if adds else (cost.before, cost.after)
    assert one.total.maximum > other.total.maximum
    assert (cost.difference.maximum > 0) is adds
    assert abs(cost.difference.maximum) <= one.total.maximum
