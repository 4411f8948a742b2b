"""A plan that takes away what running services depend on names them; one that moves them does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from ops.iam import Grant, grants
from ops.kinds.ground import EXECUTION_POLICIES, RUNNING, SERVICES
from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.told import Severity
from tests.ops.test_reverted import SERVED_BY

from .plans import PLANS, changed, plan_of

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/scorer:1"
PULL = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*"}]}
)
ALARMS = {"auto_rollback_configuration": [{"alarms": [{"alarm_name": "old"}]}]}
NEW_ALARMS = {"auto_rollback_configuration": [{"alarms": [{"alarm_name": "new"}]}]}

Entry = dict[str, Any]


def kept(address: str, **values: Any) -> Entry:
    return changed(address, ["no-op"], values, values)


def deleted(address: str, **before: Any) -> Entry:
    return changed(address, ["delete"], before, None)


SERVICE = (
    kept("aws_sagemaker_endpoint.e", name="live", endpoint_config_name="c"),
    kept("aws_sagemaker_endpoint_configuration.c", name="c", production_variants=[{"model_name": "m"}], kms_key_arn=KEY),
    kept(
        "aws_sagemaker_model.m",
        name="m",
        execution_role_arn="arn:aws:iam::111122223333:role/exec",
        vpc_config=[{"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}],
        primary_container=[{"image": IMAGE}],
    ),
    kept("aws_subnet.s", id="subnet-1", vpc_id="vpc-1"),
)  # fmt: skip


def told(*entries: Entry, service: tuple[Entry, ...] = SERVICE) -> list[tuple[str, Severity]]:
    risks = find_risks(read_plan(plan_of(*service, *entries)))
    return [(risk.reason, risk.severity) for risk in risks if risk.rule.id == "PLAN4"]


def test_whatever_is_cut_from_under_a_service_is_found() -> None:
    plan = read_plan(PLANS / "network-cut.json")
    risks = [risk for risk in find_risks(plan) if risk.rule.id == "PLAN4"]
    assert {risk.address for risk in risks} == {change.address for change in plan.shown}
    assert all("live" in risk.reason for risk in risks)


def policies(before: str, after: str) -> Entry:
    return changed(
        "aws_iam_role_policy.p",
        ["update"],
        {"role": "exec", "policy": before},
        {"role": "exec", "policy": after},
    )


def lifecycle(before: int, after: int) -> Entry:
    def rules(count: int) -> dict[str, Any]:
        selection = {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": count,
        }
        rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
        return {"repository": "scorer", "policy": json.dumps({"rules": rules})}

    return changed("aws_ecr_lifecycle_policy.l", ["update"], rules(before), rules(after))


STANDS: dict[str, tuple[Entry, str]] = {
    "egress": (
        deleted(
            "aws_vpc_security_group_egress_rule.r",
            security_group_id="sg-1",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="-1",
        ),
        "is deleted",
    ),
    "egress of a group": (
        changed(
            "aws_security_group.g",
            ["update"],
            {"id": "sg-1", "egress": [{"protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]},
            {"id": "sg-1", "egress": []},
        ),
        "loses rules of egress",
    ),
    "pull rights": (policies(PULL, "{}"), "takes ecr:BatchGetImage from exec"),
    "an attached policy": (
        deleted("aws_iam_role_policy_attachment.a", role="exec", policy_arn="x"),
        "is deleted",
    ),
    "a repository's policy": (
        deleted("aws_ecr_repository_policy.p", repository="scorer", policy=PULL),
        "is deleted, so other accounts may not pull",
    ),
    "images": (lifecycle(20, 5), "keeps fewer images"),
    "a disabled key": (
        changed(
            "aws_kms_key.k",
            ["update"],
            {"arn": KEY, "is_enabled": True},
            {"arn": KEY, "is_enabled": False},
        ),
        "is disabled",
    ),
    "a deleted key": (deleted("aws_kms_key.k", arn=KEY), "is deleted"),
    "a scalable target": (
        deleted("aws_appautoscaling_target.t", resource_id="endpoint/live/variant/v"),
        "is deleted, so live no longer scales",
    ),
}


@pytest.mark.parametrize("case", STANDS)
def test_a_service_that_the_plan_shows_to_use_it_is_named(case: str) -> None:
    entry, how = STANDS[case]
    assert told(entry) == [(f"{how}; live depends on it", Severity.HIGH)]


MAY: dict[str, Entry] = {
    "a NAT gateway": deleted("aws_nat_gateway.n", id="nat-1"),
    "a VPC endpoint": deleted("aws_vpc_endpoint.s3", vpc_id="vpc-1", service_name="s3"),
    "a route": deleted("aws_route.r", destination_cidr_block="0.0.0.0/0"),
    "an internet gateway": deleted("aws_internet_gateway.i", vpc_id="vpc-1"),
}


@pytest.mark.parametrize("case", MAY)
def test_a_service_that_may_use_it_is_named_as_such(case: str) -> None:
    assert told(MAY[case]) == [("is deleted; live may depend on it", Severity.MEDIUM)]
    assert told(MAY[case], service=()) == [
        ("is deleted; services that are not in this plan may depend on it", Severity.MEDIUM)
    ]


def test_an_add_on_and_an_access_entry_are_those_of_their_cluster() -> None:
    cluster = kept("aws_eks_cluster.c", name="c")
    for kind in ("aws_eks_addon", "aws_eks_access_entry"):
        gone = deleted(f"{kind}.x", cluster_name="c")
        assert told(gone, service=(cluster,)) == [("is deleted; c depends on it", Severity.HIGH)]


def test_sensitive_egress_is_judged_too() -> None:
    entry, _ = STANDS["egress of a group"]
    marks = {"before_sensitive": {"egress": True}, "after_sensitive": {"egress": True}}
    sensitive = {**entry, "change": {**entry["change"], **marks}}
    assert told(sensitive) == [("loses rules of egress; live depends on it", Severity.HIGH)]


def guarded(after: Any) -> Entry:
    before = {"name": "live", "endpoint_config_name": "c", "deployment_config": [ALARMS]}
    return changed(
        "aws_sagemaker_endpoint.e", ["update"], before, {**before, "deployment_config": [after]}
    )


def test_an_alarm_that_a_rollout_still_names_is_missed() -> None:
    alarm = deleted("aws_cloudwatch_metric_alarm.a", alarm_name="old")
    assert [severity for _, severity in told(alarm, service=(guarded(ALARMS),))] == [Severity.HIGH]
    assert told(alarm, service=(guarded(NEW_ALARMS),)) == []


QUIET: dict[str, tuple[Entry, ...]] = {
    "a NAT gateway whose routes lead to another": (
        deleted("aws_nat_gateway.n", id="nat-1"),
        changed(
            "aws_route.r", ["update"], {"nat_gateway_id": "nat-1"}, {"nat_gateway_id": "nat-2"}
        ),
    ),
    "a VPC endpoint that another takes the place of": (
        deleted("aws_vpc_endpoint.a", vpc_id="vpc-1", service_name="s3"),
        changed(
            "aws_vpc_endpoint.b", ["create"], None, {"vpc_id": "vpc-1", "service_name": "s3"}
        ),
    ),
    "a VPC endpoint of another network": (
        deleted("aws_vpc_endpoint.a", vpc_id="vpc-2", service_name="s3"),
    ),
    "egress that another rule allows": (
        deleted(
            "aws_vpc_security_group_egress_rule.r", security_group_id="sg-1", ip_protocol="tcp"
        ),
        kept(
            "aws_vpc_security_group_egress_rule.all",
            security_group_id="sg-1",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="-1",
        ),
    ),
    "a group that no service is in": (
        changed(
            "aws_security_group.g", ["create", "delete"], {"id": "sg-1"}, {"name": "new"}
        ),
    ),
    "rights that another policy gives": (
        deleted("aws_iam_role_policy.p", role="exec", policy=PULL),
        changed("aws_iam_role_policy.q", ["create"], None, {"role": "exec", "policy": PULL}),
    ),
    "more rights": (policies("{}", PULL),),
    "more images": (lifecycle(5, 20),),
    "a scalable target that is registered again": (
        changed(
            "aws_appautoscaling_target.t",
            ["delete", "create"],
            {"resource_id": "endpoint/live/variant/v"},
            {"resource_id": "endpoint/live/variant/v"},
        ),
    ),
    "a key that is turned": (
        changed("aws_kms_key.k", ["update"], {"arn": KEY}, {"arn": KEY, "is_enabled": True}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", QUIET)
def test_what_is_moved_in_order_is_no_risk(case: str) -> None:
    assert told(*QUIET[case]) == []


def test_what_goes_with_its_services_is_no_risk() -> None:
    endpoint = deleted("aws_sagemaker_endpoint.e", name="live", endpoint_config_name="c")
    for entry in (*MAY.values(), *(entry for entry, _ in STANDS.values())):
        assert told(entry, service=(endpoint,)) == []


@pytest.mark.parametrize(("kind", "is_risk"), [("ml.m5.xlarge", True), ("ml.g5.xlarge", False)])
def test_a_key_may_go_where_the_instances_have_storage_of_their_own(
    kind: str, is_risk: bool
) -> None:
    def configuration(kind: str, key: str | None) -> Entry:
        return {"kms_key_arn": key, "production_variants": [{"instance_type": kind}]}

    entry = changed(
        "aws_sagemaker_endpoint_configuration.c",
        ["create", "delete"],
        configuration("ml.m5.large", KEY),
        configuration(kind, None),
    )
    found = {risk.rule.id for risk in find_risks(read_plan(plan_of(entry)))}
    assert ("SEC1" in found) is is_risk


PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
OF_TASKS = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
OWN = "arn:aws:iam::111122223333:policy/AmazonECSTaskExecutionRolePolicy"


def attachment(arn: str, *actions: str) -> Entry:
    values = {"role": "exec", "policy_arn": arn}
    before, after = ({} if act in actions else values for act in ("create", "delete"))
    return changed("aws_iam_role_policy_attachment.a", [*actions], before or None, after or None)


def inline(*actions: str) -> Entry:
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": "*"}
    values = {"role": "exec", "policy": json.dumps({"Statement": [statement]})}
    return changed("aws_iam_role_policy.p", ["create"], None, values)


@pytest.mark.parametrize(
    ("gone", "arn", "made", "lost"),
    [
        (PULL_ONLY, "", EXECUTION_POLICIES["AmazonEC2ContainerRegistryPullOnly"], set()),
        (OF_TASKS, "", EXECUTION_POLICIES["AmazonECSTaskExecutionRolePolicy"], set()),
        (OF_TASKS, "", ("ecr:*", "logs:*"), set()),
        (PULL_ONLY, OF_TASKS, (), set()),
        (OF_TASKS, PULL_ONLY, (), {"logs:CreateLogStream", "logs:PutLogEvents"}),
        (OF_TASKS, PULL_ONLY, ("logs:PutLogEvents",), {"logs:CreateLogStream"}),
    ],
)
def test_a_policy_of_aws_is_compared_by_what_it_grants(
    gone: str, arn: str, made: tuple[str, ...], lost: set[str]
) -> None:
    entries = [attachment(gone, "delete")]
    entries += [attachment(arn, "create") | {"address": "aws_iam_role_policy_attachment.b"}] * bool(
        arn
    )
    entries += [inline(*made)] * bool(made)
    found = told(*entries)
    assert {
        word.strip(",") for reason, _ in found for word in reason.split() if ":" in word
    } == lost
    assert bool(found) is bool(lost)


def test_a_policy_that_only_has_the_name_of_one_of_aws_is_not_known() -> None:
    assert told(attachment(OWN, "delete"), inline("ecr:*", "logs:*"))


@pytest.mark.parametrize("name", sorted(EXECUTION_POLICIES))
def test_what_a_policy_of_aws_grants_is_what_its_document_says(name: str) -> None:
    document = json.loads(aws_managed_policies_data)[name]["Document"]
    held = list(grants(document))
    granted = {
        action
        for action in RUNNING
        if any(each.covers(Grant(action, ""), conditions=False, resources=False) for each in held)
    }
    assert {*EXECUTION_POLICIES[name]} == granted


def test_every_type_that_serves_is_one_that_may_stand_on_something() -> None:
    # What runs in Kubernetes depends on its cluster, which depends on the rest.
    assert {*SERVED_BY} - {*SERVICES} == {"kubernetes_deployment_v1"}
