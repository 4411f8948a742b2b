"""No risk is raised by a change that almost has it: false alarms teach people to ignore alarms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.kinds.untold import NOT_TOLD
from ops.plan import Plan, read_plan
from ops.review.risks import (
    COST,
    COST_RAISE_USD,
    HOLE,
    RUNS,
    cost_risk,
    find_risks,
    hole_risk,
    risk_rules,
)

from .make_quiet import QUIET
from .plans import PLANS, changed, plan_of
from .test_risks import (
    APPLIED,
    APPROVED,
    CASES,
    OWN,
    RESERVED,
    allow,
    policy,
    released,
    retraining,
    trust,
    update,
)

ALMOST: dict[str, list[tuple[str, str]]] = {
    "CAP1": [("aws_ecs_service.api", "desired_count")],
    "CAP2": [("aws_sagemaker_endpoint.fraud", "endpoint_config_name")],
    "CAP3": [("aws_appautoscaling_target.fraud", "max_capacity")],
    "CAP5": [("aws_eks_node_group.quiet", "taint")],
    "DATA1": [("aws_s3_bucket_lifecycle_configuration.data", "rule")],
    "NET3": [("aws_lb_listener.inside", "default_action")],
    "NET4": [("aws_lb_listener.inside", "default_action")],
    "ROLL4": [("aws_ecs_service.api", "desired_count")],
    "RUN1": [("aws_cloudwatch_event_rule.uploads", "state")],
    "SEC5": [("aws_sagemaker_endpoint.fraud", "endpoint_config_name")],
    "SEC4": [("aws_ecr_repository.tags", "image_tag_mutability")],
    "CAP4": [("aws_sagemaker_endpoint_configuration.fraud", "production_variants")],
    "IAM1": [("aws_iam_policy.narrowed", "policy")],
    "IAM2": [("aws_iam_policy.narrowed", "policy")],
    "IAM3": [("aws_iam_role.operators", "assume_role_policy")],
    "IAM4": [("aws_iam_role_policy_attachment.logs", "policy_arn")],
    "IAM5": [("aws_s3_bucket_policy.data", "policy")],
    "IAM6": [
        ("aws_iam_policy.pull", "policy"),
        ("aws_iam_role_policy_attachment.pull", "role"),
    ],
    "IAM7": [("aws_iam_policy.passes", "policy")],
    "IAM8": [("aws_iam_role_policy_attachment.logs", "policy_arn")],
    "KEPT1": [("aws_sagemaker_model_package_group.quiet", "tags")],
    "NET1": [("aws_security_group.services", "ingress")],
    "NET2": [("aws_lb.inside", "enable_deletion_protection")],
    "PLAN1": [("aws_sagemaker_endpoint.fraud", "endpoint_config_name")],
    "PLAN2": [("aws_s3_bucket.data", "tags")],
    "PLAN3": [("aws_vpc.quiet", "tags")],
    "PLAN4": [
        ("aws_security_group.services", "egress"),
        ("aws_iam_role_policy.pull", "policy"),
        ("aws_ecr_lifecycle_policy.quiet", "policy"),
        ("aws_cloudwatch_metric_alarm.dashboard", "alarm_name"),
    ],
    "ROLL1": [("aws_lb_listener.inside", "default_action")],
    "ROLL2": [("aws_sagemaker_endpoint.fraud", "deployment_config")],
    "ROLL3": [("aws_sagemaker_endpoint.fraud", "deployment_config")],
    "SEC1": [
        ("aws_flow_log.old", "vpc_id"),
        ("aws_sagemaker_endpoint_configuration.fraud", "data_capture_config"),
        ("aws_sagemaker_endpoint_configuration.fraud", "kms_key_arn"),
    ],
    "SEC2": [("aws_lb.inside", "enable_deletion_protection")],
    "SEC3": [
        ("aws_cloudwatch_log_group.longer", "retention_in_days"),
        ("aws_cloudwatch_log_group.left", "skip_destroy"),
    ],
    "STATE1": [("aws_sqs_queue.new", "")],
    "STATE2": [("aws_sagemaker_endpoint_configuration.fraud", "name")],
    "UPG1": [("aws_eks_cluster.quiet", "version")],
    "UPG2": [("aws_eks_cluster.quiet", "version")],
}
"""What of the real plan comes near to each risk: the resource, and the attribute that changes."""


@pytest.fixture(scope="module")
def quiet() -> Plan:
    return read_plan(QUIET)


@pytest.mark.parametrize("rule", risk_rules())
def test_a_change_that_almost_has_a_risk_does_not_raise_it(rule: str, quiet: Plan) -> None:
    if rule == COST.id:
        assert cost_risk("dev", COST_RAISE_USD, COST_RAISE_USD) is None
        return
    if rule == HOLE.id:
        assert hole_risk("dev", {"network": (f"{NOT_TOLD}zones of aws_vpc_endpoint.ecr",)}) is None
        return
    if rule in {*BY_CASES, RUNS.id}:
        return  # a test below has it, of runs tests/review/test_training.py
    for address, attribute in ALMOST[rule]:
        change = quiet.by_address[address]
        assert change.is_shown, address
        assert not attribute or attribute in change.attributes, (address, attribute)
    assert [risk for risk in find_risks(quiet) if risk.rule.id == rule] == []


@pytest.mark.parametrize("rule", risk_rules())
def test_every_risk_is_raised_by_a_plan_and_not_by_another(rule: str, raised: set[str]) -> None:
    assert rule in raised
    assert rule in {*ALMOST, *BY_CASES, COST.id, HOLE.id, RUNS.id}


@pytest.fixture(scope="module")
def raised() -> set[str]:
    """The risks that a case or a real plan raises."""
    found = {rule for rule, _ in CASES.values()}
    for file in PLANS.glob("*.json"):
        found |= {risk.rule.id for risk in find_risks(read_plan(file))}
    assert cost_risk("dev", COST_RAISE_USD + 1, 0) is not None
    assert hole_risk("dev", {"fraud": ("sagemaker/hosting/ml.new.large",)}) is not None
    # These need more than one resource, and have tests of their own in test_risks.
    return found | {COST.id, HOLE.id, RUNS.id, "CAP4", "FUN1", "KEPT1", "STATE2", "UPG2"}


def _listener(*targets: tuple[str | None, int]) -> dict[str, Any]:
    groups = [{"arn": arn, "weight": weight} for arn, weight in targets]
    return {"default_action": [{"forward": [{"target_group": groups}]}]}


def _versioning(status: str, **more: str) -> dict[str, Any]:
    return {"versioning_configuration": [{"status": status, **more}]}


OPEN = {"cidr_ipv4": "0.0.0.0/0", "from_port": 443, "to_port": 443, "ip_protocol": "tcp"}
INSIDE = {"cidr_blocks": ["0.0.0.0/0"], "from_port": 443, "to_port": 443, "protocol": "tcp"}

FUNCTION = {"function_name": "f", "version": "1", "image_uri": "a", "memory_size": 2048}
_WARM = "aws_lambda_provisioned_concurrency_config"


def _warm(count: int) -> dict[str, Any]:
    return {"function_name": "f", "provisioned_concurrent_executions": count}


def _method(verb: str, authorization: str) -> dict[str, Any]:
    return {"http_method": verb, "authorization": authorization}


def _throttle(rate: int) -> dict[str, Any]:
    limits = {"throttling_rate_limit": rate, "throttling_burst_limit": rate}
    return {"name": "live", "default_route_settings": [limits]}


def _stack(kind: str) -> dict[str, Any]:
    template = {"Resources": {"One": {"Type": kind, "Properties": {}}}}
    return {"name": "s", "template_body": json.dumps(template)}


KEPT_WARM = update(f"{_WARM}.w", _warm(2), _warm(3))

_MACHINE = "aws_sfn_state_machine.m"

_UNITS = "aws_bedrock_provisioned_model_throughput.t"
_RESERVATION = "aws_ec2_capacity_reservation.r"
_AIRFLOW = "aws_mwaa_environment.a"
_FLEET = "aws_sagemaker_device_fleet.f"
_POLICY = "aws_iot_policy.p"
FALSE: dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "an approval of fewer rounds": (
        "DLV1",
        [
            update(
                "aws_codepipeline.p",
                released(*APPROVED, "prod-use1-approve-2", "prod-use1-apply-2"),
                released(*APPROVED),
            )
        ],
        [update("aws_codepipeline.p", released(*APPROVED), released(*APPLIED))],
    ),
    "a mode that waits": (
        "DLV2",
        [update("aws_codepipeline.p", released(mode="SUPERSEDED"), released())],
        [update("aws_codepipeline.p", released(), released(mode="PARALLEL"))],
    ),
    "a minor upgrade of Airflow, and 3 from 2.11": (
        "AFL1",
        [
            update(_AIRFLOW, {"airflow_version": "2.10.3"}, {"airflow_version": "2.11.0"}),
            update(f"{_AIRFLOW}2", {"airflow_version": "2.11.0"}, {"airflow_version": "3.0.6"}),
        ],
        [update(_AIRFLOW, {"airflow_version": "2.10.3"}, {"airflow_version": "3.0.6"})],
    ),
    "devices that get other rights": (
        "FLE1",
        [update(_POLICY, {"policy": "a"}, {"policy": "b"})],
        [changed(_POLICY, ["delete"], {"policy": "a"}, None)],
    ),
    "a device fleet of Edge Manager that goes away": (
        "FLE2",
        [changed(_FLEET, ["delete"], {"device_fleet_name": "f"}, None)],
        [changed(_FLEET, ["create"], None, {"device_fleet_name": "f"})],
    ),
    "an environment of Airflow that is there": (
        "AFL2",
        [update(_AIRFLOW, {"environment_class": "mw1.small"}, {"environment_class": "mw1.large"})],
        [changed(_AIRFLOW, ["create"], None, {"environment_class": "mw1.small"})],
    ),
    "model units by the hour": (
        "BUY1",
        [changed(_UNITS, ["create"], None, {"model_units": 1})],
        [changed(_UNITS, ["create"], None, {"model_units": 1, "commitment_duration": "OneMonth"})],
    ),
    "capacity that is reserved": (
        "CAP6",
        [changed(_RESERVATION, ["create"], None, RESERVED)],
        [changed(_RESERVATION, ["delete"], RESERVED, None)],
    ),
    "a retraining that was never evaluated": (
        "TRN1",
        [update(_MACHINE, retraining(), retraining("Tell"))],
        [update(_MACHINE, retraining("Judge"), retraining("Tell"))],
    ),
    "a retraining that told nobody before": (
        "TRN2",
        [update(_MACHINE, retraining("Judge"), retraining())],
        [update(_MACHINE, retraining("Tell"), retraining())],
    ),
    "weights that are written otherwise": (
        "ROLL1",
        [
            update(
                "aws_lb_listener.l", _listener(("a", 50), ("b", 50)), _listener(("b", 1), ("a", 1))
            )
        ],
        [
            update(
                "aws_lb_listener.l", _listener(("a", 50), ("b", 50)), _listener(("b", 1), ("a", 2))
            )
        ],
    ),
    "a target group that is made anew with the same share": (
        "ROLL1",
        [
            update(
                "aws_lb_listener.l", _listener(("a", 1), ("b", 0)), _listener((None, 1), ("b", 0))
            )
        ],
        [
            update(
                "aws_lb_listener.l", _listener(("a", 1), ("b", 0)), _listener((None, 0), ("b", 1))
            )
        ],
    ),
    "versioning that was suspended before": (
        "SEC1",
        [
            update(
                "aws_s3_bucket_versioning.v",
                _versioning("Suspended"),
                _versioning("Suspended", mfa_delete="Disabled"),
            )
        ],
        [update("aws_s3_bucket_versioning.v", _versioning("Enabled"), _versioning("Suspended"))],
    ),
    "a block that was off": (
        "SEC1",
        [update("aws_lb.l", {"access_logs": [{"enabled": False}]}, {"access_logs": []})],
        [
            update(
                "aws_lb.l",
                {"access_logs": [{"enabled": True}]},
                {"access_logs": [{"enabled": False}]},
            )
        ],
    ),
    "an open rule that moves out of its group": (
        "NET1",
        [
            update("aws_security_group.g", {"id": "sg-1", "ingress": [INSIDE]}, {"id": "sg-1"}),
            changed(
                "aws_vpc_security_group_ingress_rule.r",
                ["create"],
                None,
                {**OPEN, "security_group_id": "sg-1"},
            ),
        ],
        [
            update("aws_security_group.g", {"id": "sg-1", "ingress": [INSIDE]}, {"id": "sg-1"}),
            changed(
                "aws_vpc_security_group_ingress_rule.r",
                ["create"],
                None,
                {**OPEN, "security_group_id": "sg-2"},
            ),
        ],
    ),
    "protection that is known only after the apply": (
        "SEC2",
        [
            changed(
                "aws_lb.l",
                ["update"],
                {"internal": True, "enable_deletion_protection": True},
                {"internal": True},
                unknown={"enable_deletion_protection": True},
            )
        ],
        [
            update(
                "aws_lb.l",
                {"internal": True, "enable_deletion_protection": True},
                {"internal": True, "enable_deletion_protection": False},
            )
        ],
    ),
    "a count of a function whose version stays": (
        "FUN1",
        [KEPT_WARM, update("aws_lambda_function.f", FUNCTION, {**FUNCTION, "description": "x"})],
        [
            KEPT_WARM,
            changed(
                "aws_lambda_function.f",
                ["update"],
                FUNCTION,
                {**FUNCTION, "image_uri": "b", "version": None},
                unknown={"version": True},
            ),
        ],
    ),
    "more that is kept warm": (
        "FUN2",
        [update(f"{_WARM}.w", _warm(2), _warm(3))],
        [update(f"{_WARM}.w", _warm(2), _warm(1))],
    ),
    "more memory": (
        "FUN3",
        [update("aws_lambda_function.f", FUNCTION, {**FUNCTION, "memory_size": 4096})],
        [update("aws_lambda_function.f", FUNCTION, {**FUNCTION, "memory_size": 1024})],
    ),
    "what browsers ask before they call": (
        "API1",
        [changed("aws_api_gateway_method.m", ["create"], None, _method("OPTIONS", "NONE"))],
        [changed("aws_api_gateway_method.m", ["create"], None, _method("POST", "NONE"))],
    ),
    "a throttle that is raised": (
        "API2",
        [update("aws_apigatewayv2_stage.s", _throttle(10), _throttle(100))],
        [update("aws_apigatewayv2_stage.s", _throttle(10), _throttle(0))],
    ),
    "a stack of something else": (
        "CMP1",
        [changed("aws_cloudformation_stack.s", ["delete"], _stack("AWS::SNS::Topic"), None)],
        [
            changed(
                "aws_cloudformation_stack.s",
                ["delete"],
                _stack("AWS::SageMaker::InferenceComponent"),
                None,
            )
        ],
    ),
    "a receiver beside another": (
        "TELL1",
        [changed("aws_sns_topic_subscription.s", ["create"], None, {"endpoint": "a@acme.test"})],
        [changed("aws_sns_topic_subscription.s", ["delete"], {"endpoint": "a@acme.test"}, None)],
    ),
    "a trail of one more endpoint": (
        "TELL2",
        [changed("aws_cloudtrail.t", ["create"], None, {"name": "t"})],
        [changed("aws_cloudtrail.t", ["delete"], {"name": "t"}, None)],
    ),
    "a budget where there was none": (
        "TELL4",
        [changed("aws_budgets_budget.b", ["create"], None, {"name": "b", "limit_amount": "5"})],
        [changed("aws_budgets_budget.b", ["delete"], {"name": "b", "limit_amount": "5"}, None)],
    ),
    "a mask where there was none": (
        "TELL3",
        [
            changed(
                "aws_cloudwatch_log_data_protection_policy.m",
                ["create"],
                None,
                {"log_group_name": "g"},
            )
        ],
        [
            changed(
                "aws_cloudwatch_log_data_protection_policy.m",
                ["delete"],
                {"log_group_name": "g"},
                None,
            )
        ],
    ),
}

BY_CASES = {
    "AFL1",
    "AFL2",
    "FLE1",
    "FLE2",
    "BUY1",
    "CAP6",
    "TRN1",
    "TRN2",
    "API1",
    "API2",
    "CMP1",
    "DLV1",
    "DLV2",
    "FUN1",
    "FUN2",
    "FUN3",
    "TELL1",
    "TELL2",
    "TELL3",
    "TELL4",
}
"""Risks that the real plan has no resource for; each has a case above."""


def test_every_risk_without_a_resource_in_the_real_plan_has_a_case() -> None:
    assert {rule for rule, *_ in FALSE.values()} >= BY_CASES


@pytest.mark.parametrize("case", FALSE)
def test_what_is_the_same_in_other_words_is_no_risk_and_what_differs_is(case: str) -> None:
    rule, same, other = FALSE[case]
    assert rule not in {risk.rule.id for risk in find_risks(read_plan(plan_of(*same)))}
    assert rule in {risk.rule.id for risk in find_risks(read_plan(plan_of(*other)))}


def test_the_account_of_a_first_plan_is_told_by_its_provider(quiet: Plan) -> None:
    role = changed("aws_iam_role.r", ["create"], None, {"assume_role_policy": trust(OWN)})
    account = OWN.split(":")[4]

    def risks(accounts: list[str]) -> set[str]:
        given = {"allowed_account_ids": {"constant_value": accounts}}
        configuration = {"provider_config": {"aws": {"name": "aws", "expressions": given}}}
        text = plan_of(role, configuration=configuration)
        return {risk.rule.id for risk in find_risks(read_plan(text))}

    assert "IAM3" not in risks([account])
    assert "IAM3" in risks(["999988887777"])
    assert quiet.provider_accounts == ("123456789012",)


def test_rights_that_move_into_a_managed_policy_stay(quiet: Plan) -> None:
    content = json.loads(QUIET.read_text("utf-8"))
    less = policy(allow("logs:PutLogEvents", "*"))
    for change in content["resource_changes"]:
        if change["address"] == "aws_iam_policy.pull":
            change["change"]["after"]["policy"] = less
        if change["address"] == "aws_iam_role_policy_attachment.logs":
            change["change"]["after"]["policy_arn"] = "arn:aws:iam::aws:policy/ViewOnlyAccess"
    lost = [risk for risk in find_risks(read_plan(json.dumps(content))) if risk.rule.id == "PLAN4"]
    assert [risk.address for risk in lost] == ["aws_iam_role_policy.pull"]
    assert "ecr:BatchGetImage" in lost[0].reason


def test_egress_is_lost_where_no_other_rule_lets_it_out(quiet: Plan) -> None:
    content = json.loads(QUIET.read_text("utf-8"))
    for change in content["resource_changes"]:
        if change["address"] == "aws_security_group.services":
            change["change"]["after"]["egress"][0]["cidr_blocks"] = ["10.0.0.0/25"]
    lost = [risk for risk in find_risks(read_plan(json.dumps(content))) if risk.rule.id == "PLAN4"]
    assert [(risk.address, risk.reason) for risk in lost] == [
        ("aws_security_group.services", "loses rules of egress; quiet-api depends on it")
    ]


def test_images_without_a_tag_matter_to_what_pulls_by_digest() -> None:
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/quiet"
    text = QUIET.read_text("utf-8").replace(f"{uri}:1", f"{uri}@sha256:{'0' * 64}")
    lost = [risk for risk in find_risks(read_plan(text)) if risk.rule.id == "PLAN4"]
    assert [risk.address for risk in lost] == ["aws_ecr_lifecycle_policy.quiet"]
    assert "without a tag" in lost[0].reason
