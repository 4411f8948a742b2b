"""Each risk is found where it is, and not where it is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ops.plan import read_plan
from ops.review.building import build
from ops.review.risks import COST, HOLE, RUNS, cost_risk, find_risks, risk_rules
from ops.terraform import ROOT
from ops.told import Severity

from .plans import PLANS, changed, plan_of

Entry = dict[str, Any]


def found(*entries: Entry) -> dict[str, Severity]:
    """The risks of a plan by id."""
    return {risk.rule.id: risk.severity for risk in find_risks(read_plan(plan_of(*entries)))}


def update(address: str, before: dict[str, Any], after: dict[str, Any]) -> Entry:
    return changed(address, ["update"], before, after)


def airflow(before: str, after: str) -> Entry:
    return update("aws_mwaa_environment.a", {"airflow_version": before}, {"airflow_version": after})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "arn:aws:s3:::b/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(*principals: str) -> str:
    return policy(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(principals)}}
    )


OWN = "arn:aws:iam::111122223333:role/r"
FOREIGN = "arn:aws:iam::999988887777:root"
OPEN = {"cidr_ipv4": "0.0.0.0/0", "from_port": 22, "to_port": 22, "ip_protocol": "tcp"}
TARGET = {"resource_id": "endpoint/e/variant/v", "min_capacity": 2, "max_capacity": 8}

ROUTE = {
    "route_table_id": "rtb-1",
    "destination_cidr_block": "10.9.0.0/16",
    "transit_gateway_id": "tgw-1",
}

THROTTLED = {"throttling_rate_limit": 10, "throttling_burst_limit": 5}


def budget(usd: float) -> dict[str, Any]:
    return {"name": "acme-dev-month", "limit_amount": str(usd), "auto_adjust_data": []}


def retraining(*states: str) -> dict[str, Any]:
    """A state machine that trains and registers, with some states more."""
    of = "arn:aws:states:::"
    resources = {
        "Train": f"{of}sagemaker:createTrainingJob.sync",
        "Register": f"{of}aws-sdk:sagemaker:createModelPackage",
        "Tell": f"{of}sns:publish",
    }
    held = ("Train", "Register", *states)
    made: dict[str, Any] = {
        name: {"Resource": resources.get(name), "Parameters": {}} for name in held
    }
    return {"definition": json.dumps({"States": made})}


def trail(*endpoints: str) -> dict[str, Any]:
    """A trail of the calls of endpoints."""
    arns = [f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{name}" for name in endpoints]
    selector = {"field_selector": [{"field": "resources.ARN", "equals": arns}]}
    return {"name": "audit", "enable_logging": True, "advanced_event_selector": [selector]}


def mask(*names: str) -> dict[str, Any]:
    """A policy that masks some data in a log."""
    arns = [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in names]
    statement = {"DataIdentifier": arns, "Operation": {"Deidentify": {"MaskConfig": {}}}}
    return {"log_group_name": "fraud", "policy_document": json.dumps({"Statement": [statement]})}


def stack_of(kind: str, **properties: str) -> dict[str, Any]:
    """A CloudFormation stack of one resource of SageMaker's."""
    resource = {"Type": f"AWS::SageMaker::{kind}", "Properties": properties}
    return {"name": "s", "template_body": json.dumps({"Resources": {"Resource": resource}})}


COMPONENT = stack_of("InferenceComponent", InferenceComponentName="llm")

RESERVED = {
    "availability_zone": "us-east-1a",
    "instance_type": "g6.xlarge",
    "instance_count": 2,
    "instance_match_criteria": "targeted",
}


def released(*stages: str, mode: str = "QUEUED") -> dict[str, Any]:
    """A pipeline with stages of these names, of which those of approvals have one."""

    def stage(name: str) -> dict[str, Any]:
        category = "Approval" if "-approve-" in name else "Build"
        return {"name": name, "action": [{"name": "a", "category": category}]}

    return {"name": "main", "execution_mode": mode, "stage": [stage(each) for each in stages]}


APPLIED = ("prod-use1-plan-1", "prod-use1-apply-1", "prod-use1-verify")
APPROVED = ("prod-use1-plan-1", "prod-use1-approve-1", *APPLIED[1:])

CASES: dict[str, tuple[str, Entry]] = {
    "a pipeline asks nobody any more": (
        "DLV1",
        update("aws_codepipeline.p", released(*APPROVED), released(*APPLIED)),
    ),
    "executions overtake each other": (
        "DLV2",
        update("aws_codepipeline.p", released(), released(mode="SUPERSEDED")),
    ),
    "an inference component goes": (
        "CMP1",
        changed("aws_cloudformation_stack.s", ["delete"], COMPONENT, None),
    ),
    "an inference component is made again": (
        "CMP1",
        changed("aws_cloudformation_stack.s", ["delete", "create"], COMPONENT, COMPONENT),
    ),
    "a retraining registers without its evaluation": (
        "TRN1",
        update("aws_sfn_state_machine.m", retraining("Judge"), retraining()),
    ),
    "a retraining tells nobody any more": (
        "TRN2",
        update("aws_sfn_state_machine.m", retraining("Tell"), retraining()),
    ),
    "less is kept warm of a function": (
        "FUN2",
        update(
            "aws_lambda_provisioned_concurrency_config.w",
            {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 5},
            {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 2},
        ),
    ),
    "nothing is kept warm of a function any more": (
        "FUN2",
        changed(
            "aws_lambda_provisioned_concurrency_config.w",
            ["delete"],
            {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 5},
            None,
        ),
    ),
    "a function gets less time": (
        "FUN3",
        update("aws_lambda_function.f", {"timeout": 120}, {"timeout": 60}),
    ),
    "a function gets less memory": (
        "FUN3",
        update("aws_lambda_function.f", {"memory_size": 4096}, {"memory_size": 2048}),
    ),
    "an alias is given shares outside of a rollout": (
        "ROLL1",
        update(
            "aws_lambda_alias.live",
            {"routing_config": []},
            {"routing_config": [{"additional_version_weights": {"2": 0.5}}]},
        ),
    ),
    "the concurrency of a function is lowered": (
        "CAP1",
        update(
            "aws_lambda_function.f",
            {"reserved_concurrent_executions": -1},
            {"reserved_concurrent_executions": 5},
        ),
    ),
    "a function may be called by everybody": (
        "NET2",
        changed("aws_lambda_function_url.u", ["create"], None, {"authorization_type": "NONE"}),
    ),
    "a method of a REST API is opened": (
        "API1",
        update(
            "aws_api_gateway_method.m",
            {"http_method": "POST", "authorization": "AWS_IAM"},
            {"http_method": "POST", "authorization": "NONE"},
        ),
    ),
    "a new route of an HTTP API is open": (
        "API1",
        changed("aws_apigatewayv2_route.r", ["create"], None, {"authorization_type": "NONE"}),
    ),
    "a throttle is lifted": (
        "API2",
        update(
            "aws_apigatewayv2_stage.s",
            {"default_route_settings": [THROTTLED]},
            {"default_route_settings": []},
        ),
    ),
    "a throttle of a method is 0": (
        "API2",
        update(
            "aws_api_gateway_method_settings.s",
            {"settings": [THROTTLED]},
            {"settings": [{**THROTTLED, "throttling_rate_limit": 0}]},
        ),
    ),
    "the throttle of a REST API is deleted": (
        "API2",
        changed(
            "aws_api_gateway_method_settings.s",
            ["delete"],
            {"method_path": "*/*", "settings": [THROTTLED]},
            None,
        ),
    ),
    "a domain is moved to another API": (
        "NET4",
        update(
            "aws_apigatewayv2_api_mapping.m",
            {"domain_name": "api.acme.test", "api_id": "a1", "stage": "$default"},
            {"domain_name": "api.acme.test", "api_id": "b2", "stage": "$default"},
        ),
    ),
    "a route of an HTTP API goes": (
        "NET4",
        changed("aws_apigatewayv2_route.r", ["delete"], {"route_key": "POST /a"}, None),
    ),
    "a method of a REST API goes": (
        "NET4",
        changed("aws_api_gateway_method.m", ["delete"], {"http_method": "POST"}, None),
    ),
    "the URL of an API is turned off": (
        "NET4",
        update(
            "aws_apigatewayv2_api.a",
            {"disable_execute_api_endpoint": False},
            {"disable_execute_api_endpoint": True},
        ),
    ),
    "a domain of APIs goes": (
        "NET4",
        changed(
            "aws_apigatewayv2_domain_name.d", ["delete"], {"domain_name": "api.acme.test"}, None
        ),
    ),
    "a private API becomes Regional": (
        "NET2",
        update(
            "aws_api_gateway_rest_api.a",
            {"endpoint_configuration": [{"types": ["PRIVATE"]}]},
            {"endpoint_configuration": [{"types": ["REGIONAL"]}]},
        ),
    ),
    "a web ACL loses a rule": (
        "SEC1",
        update(
            "aws_wafv2_web_acl.w",
            {"rule": [{"name": "a"}, {"name": "b"}]},
            {"rule": [{"name": "a"}]},
        ),
    ),
    "a role that exists gets another policy": (
        "IAM8",
        changed(
            "aws_iam_role_policy.more",
            ["create"],
            None,
            {"role": "r", "name": "more", "policy": policy(allow("s3:GetObject"))},
        ),
    ),
    "an ECS service lets people in": (
        "SEC5",
        update("aws_ecs_service.s", {"name": "s"}, {"name": "s", "enable_execute_command": True}),
    ),
    "a new ECS service lets people in": (
        "SEC5",
        changed("aws_ecs_service.s", ["create"], None, {"enable_execute_command": True}),
    ),
    "a Capacity Block is bought": (
        "BUY1",
        changed(
            "aws_ec2_capacity_block_reservation.b",
            ["create"],
            None,
            {
                "capacity_block_offering_id": "cb-0123456789abcdef0",
                "instance_platform": "Linux/UNIX",
            },
        ),
    ),
    "model units are bought for months": (
        "BUY1",
        changed(
            "aws_bedrock_provisioned_model_throughput.t",
            ["create"],
            None,
            {"provisioned_model_name": "chat", "model_units": 1, "commitment_duration": "OneMonth"},
        ),
    ),
    "committed model units are bought again": (
        "BUY1",
        changed(
            "aws_bedrock_provisioned_model_throughput.t",
            ["delete", "create"],
            {"provisioned_model_name": "chat", "model_units": 1, "commitment_duration": "OneMonth"},
            {"provisioned_model_name": "chat", "model_units": 2},
        ),
    ),
    "Airflow goes to 3 past 2.11": ("AFL1", airflow("2.10.3", "3.0.6")),
    "Airflow goes back below 2.11": ("AFL1", airflow("3.0.6", "2.10.3")),
    "an environment of Airflow is new": (
        "AFL2",
        changed("aws_mwaa_environment.a", ["create"], None, {"environment_class": "mw1.small"}),
    ),
    "Airflow's sign-in page is shown to the internet": (
        "NET2",
        update(
            "aws_mwaa_environment.a",
            {"webserver_access_mode": "PRIVATE_ONLY"},
            {"webserver_access_mode": "PUBLIC_ONLY"},
        ),
    ),
    "Airflow has fewer workers": (
        "CAP1",
        update("aws_mwaa_environment.a", {"max_workers": 10}, {"max_workers": 5}),
    ),
    "Airflow gets other packages": (
        "CAP5",
        update(
            "aws_mwaa_environment.a",
            {"requirements_s3_object_version": "1"},
            {"requirements_s3_object_version": "2"},
        ),
    ),
    "a fleet of devices is deleted": (
        "FLE1",
        changed("aws_iot_thing_group.g", ["delete"], {"name": "cameras"}, None),
    ),
    "the policy of devices is replaced": (
        "FLE1",
        changed("aws_iot_policy.p", ["delete", "create"], {"name": "a"}, {"name": "b"}),
    ),
    "a device fleet of Edge Manager is made": (
        "FLE2",
        changed("aws_sagemaker_device_fleet.f", ["create"], None, {"device_fleet_name": "f"}),
    ),
    "a Savings Plan is bought": (
        "BUY1",
        changed("aws_savingsplans_savings_plan.p", ["create"], None, {"commitment": "1.0"}),
    ),
    "reserved capacity is given back": (
        "CAP6",
        changed("aws_ec2_capacity_reservation.r", ["delete"], RESERVED, None),
    ),
    "reserved capacity is taken elsewhere": (
        "CAP6",
        changed(
            "aws_ec2_capacity_reservation.r",
            ["create", "delete"],
            RESERVED,
            {**RESERVED, "availability_zone": "us-east-1b"},
        ),
    ),
    "fewer instances are reserved": (
        "CAP1",
        update("aws_ec2_capacity_reservation.r", RESERVED, {**RESERVED, "instance_count": 1}),
    ),
    "a Kubernetes version is skipped": (
        "UPG1",
        update("aws_eks_cluster.c", {"version": "1.33"}, {"version": "1.35"}),
    ),
    "a Kubernetes version goes back": (
        "UPG1",
        update("aws_eks_cluster.c", {"version": "1.35"}, {"version": "1.34"}),
    ),
    "an endpoint is replaced": (
        "PLAN1",
        changed("aws_sagemaker_endpoint.e", ["delete", "create"], {"name": "a"}, {"name": "b"}),
    ),
    "a service is deleted": (
        "PLAN1",
        changed("aws_ecs_service.s", ["delete"], {"name": "s"}, None),
    ),
    "a bucket is replaced": (
        "PLAN2",
        changed("aws_s3_bucket.b", ["delete", "create"], {"bucket": "a"}, {"bucket": "b"}),
    ),
    "a key is deleted": ("PLAN2", changed("aws_kms_key.k", ["delete"], {"arn": "x"}, None)),
    "a VPC is replaced": (
        "PLAN3",
        changed("aws_vpc.v", ["delete", "create"], {"cidr_block": "a"}, {"cidr_block": "b"}),
    ),
    "a subnet is deleted": ("PLAN3", changed("aws_subnet.s", ["delete"], {"id": "s"}, None)),
    "a route goes away": (
        "PLAN3",
        changed("aws_route.r", ["delete"], ROUTE, None),
    ),
    "a route leads elsewhere": (
        "PLAN3",
        update("aws_route.r", ROUTE, {**ROUTE, "transit_gateway_id": "tgw-2"}),
    ),
    "an attachment to a transit gateway goes away": (
        "PLAN3",
        changed("aws_ec2_transit_gateway_vpc_attachment.a", ["delete"], {"id": "a"}, None),
    ),
    "a policy gets an action": (
        "IAM1",
        update(
            "aws_iam_role_policy.p",
            {"policy": policy(allow("s3:GetObject"))},
            {"policy": policy(allow(["s3:GetObject", "s3:PutObject"]))},
        ),
    ),
    "a policy gets every resource": (
        "IAM1",
        update(
            "aws_iam_policy.p",
            {"policy": policy(allow("s3:GetObject"))},
            {"policy": policy(allow("s3:GetObject", "*"))},
        ),
    ),
    "a policy is created with a wildcard": (
        "IAM2",
        changed("aws_iam_role_policy.p", ["create"], None, {"policy": policy(allow("s3:*"))}),
    ),
    "a role trusts another account": (
        "IAM3",
        update(
            "aws_iam_role.r",
            {"arn": OWN, "assume_role_policy": trust(OWN)},
            {"arn": OWN, "assume_role_policy": trust(OWN, FOREIGN)},
        ),
    ),
    "a managed full-access policy is attached": (
        "IAM4",
        changed(
            "aws_iam_role_policy_attachment.a",
            ["create"],
            None,
            {"policy_arn": "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"},
        ),
    ),
    "a bucket policy lets everybody in": (
        "IAM5",
        changed(
            "aws_s3_bucket_policy.p",
            ["create"],
            None,
            {"policy": policy(allow("s3:GetObject", Principal="*"))},
        ),
    ),
    "a policy is not known yet": (
        "IAM6",
        changed(
            "aws_iam_role_policy.p", ["update"], {"policy": "{}"}, {}, unknown={"policy": True}
        ),
    ),
    "a rule opens SSH": (
        "NET1",
        changed("aws_vpc_security_group_ingress_rule.r", ["create"], None, OPEN),
    ),
    "a group opens everything": (
        "NET1",
        update(
            "aws_security_group.g",
            {"ingress": []},
            {"ingress": [{"cidr_blocks": ["0.0.0.0/0"], "from_port": 0, "protocol": "-1"}]},
        ),
    ),
    "a load balancer becomes public": (
        "NET2",
        changed("aws_lb.l", ["create"], None, {"internal": False}),
    ),
    "a bucket may become public": (
        "NET2",
        changed("aws_s3_bucket_public_access_block.b", ["delete"], {"bucket": "b"}, None),
    ),
    "the Kubernetes API is opened": (
        "NET2",
        update(
            "aws_eks_cluster.c",
            {"vpc_config": [{"endpoint_public_access": False}]},
            {"vpc_config": [{"endpoint_public_access": True, "public_access_cidrs": []}]},
        ),
    ),
    "volume encryption is turned off": (
        "SEC1",
        changed(
            "aws_sagemaker_endpoint_configuration.c",
            ["create", "delete"],
            {"kms_key_arn": "arn:k"},
            {"kms_key_arn": None},
        ),
    ),
    "a state machine logs no failures any more": (
        "SEC1",
        update(
            "aws_sfn_state_machine.m",
            {"logging_configuration": [{"level": "ERROR"}]},
            {"logging_configuration": []},
        ),
    ),
    "flow logs are deleted": ("SEC1", changed("aws_flow_log.f", ["delete"], {"id": "f"}, None)),
    "versioning is suspended": (
        "SEC1",
        update(
            "aws_s3_bucket_versioning.v",
            {"versioning_configuration": [{"status": "Enabled"}]},
            {"versioning_configuration": [{"status": "Suspended"}]},
        ),
    ),
    "deletion protection is lifted": (
        "SEC2",
        update(
            "aws_lb.l",
            {"internal": True, "enable_deletion_protection": True},
            {"internal": True, "enable_deletion_protection": False},
        ),
    ),
    "a bucket's content may be destroyed": (
        "SEC2",
        update("aws_s3_bucket.b", {"force_destroy": False}, {"force_destroy": True}),
    ),
    "logs are kept for a shorter time": (
        "SEC3",
        update("aws_cloudwatch_log_group.l", {"retention_in_days": 365}, {"retention_in_days": 30}),
    ),
    "calls of an endpoint are kept no more": (
        "TELL2",
        update("aws_cloudtrail.t", trail("fraud", "risk"), trail("fraud")),
    ),
    "the trail ends": ("TELL2", changed("aws_cloudtrail.t", ["delete"], trail("fraud"), None)),
    "less of a log is masked": (
        "TELL3",
        update(
            "aws_cloudwatch_log_data_protection_policy.m",
            mask("EmailAddress", "Name"),
            mask("EmailAddress"),
        ),
    ),
    "a budget ends": ("TELL4", changed("aws_budgets_budget.b", ["delete"], budget(500), None)),
    "a budget rises": ("TELL4", update("aws_budgets_budget.b", budget(500), budget(750))),
    "a budget has no fixed amount any more": (
        "TELL4",
        update(
            "aws_budgets_budget.b",
            budget(500),
            {**budget(500), "auto_adjust_data": [{"auto_adjust_type": "HISTORICAL"}]},
        ),
    ),
    "a receiver of alarms goes away": (
        "TELL1",
        changed(
            "aws_sns_topic_subscription.s",
            ["delete"],
            {"protocol": "email", "endpoint": "a@example.com"},
            None,
        ),
    ),
    "the maximum is lowered": (
        "CAP1",
        update("aws_appautoscaling_target.t", TARGET, {**TARGET, "max_capacity": 4}),
    ),
    "the number of tasks is lowered": (
        "CAP1",
        update("aws_ecs_service.s", {"desired_count": 4}, {"desired_count": 2}),
    ),
    "the maximum is tripled": (
        "CAP3",
        update("aws_appautoscaling_target.t", TARGET, {**TARGET, "max_capacity": 24}),
    ),
    "listener weights change": (
        "ROLL1",
        update(
            "aws_lb_listener.l",
            {"default_action": [{"forward": [{"target_group": [{"weight": 100}, {"weight": 0}]}]}]},
            {"default_action": [{"forward": [{"target_group": [{"weight": 0}, {"weight": 100}]}]}]},
        ),
    ),
    "an endpoint is updated without alarms": (
        "ROLL2",
        update(
            "aws_sagemaker_endpoint.e",
            {"name": "e", "endpoint_config_name": "a"},
            {"name": "e", "endpoint_config_name": "b"},
        ),
    ),
    "a canary is taken away": (
        "ROLL3",
        update(
            "aws_sagemaker_endpoint.e",
            {
                "deployment_config": [
                    {
                        "blue_green_update_policy": [
                            {"traffic_routing_configuration": [{"type": "CANARY"}]}
                        ]
                    }
                ]
            },
            {"deployment_config": []},
        ),
    ),
    "a listener goes to HTTP": (
        "NET3",
        update("aws_lb_listener.l", {"protocol": "HTTPS"}, {"protocol": "HTTP"}),
    ),
    "a selector leaves its pods": (
        "NET4",
        update(
            "kubernetes_service_v1.s",
            {"spec": [{"selector": {"app": "a"}}]},
            {"spec": [{"selector": {"app": "b"}}]},
        ),
    ),
    "tags become mutable": (
        "SEC4",
        update(
            "aws_ecr_repository.r",
            {"image_tag_mutability": "IMMUTABLE"},
            {"image_tag_mutability": "MUTABLE"},
        ),
    ),
    "a key can be brought back for a shorter time": (
        "DATA1",
        update("aws_kms_key.k", {"deletion_window_in_days": 30}, {"deletion_window_in_days": 7}),
    ),
    "a schedule is disabled": (
        "RUN1",
        update("aws_scheduler_schedule.s", {"state": "ENABLED"}, {"state": "DISABLED"}),
    ),
    "a node group ends its pods": (
        "CAP5",
        update(
            "aws_eks_node_group.g",
            {"taint": []},
            {"taint": [{"key": "gpu", "effect": "NO_EXECUTE"}]},
        ),
    ),
    "a circuit breaker is turned off": (
        "ROLL4",
        update(
            "aws_ecs_service.s",
            {"deployment_circuit_breaker": [{"enable": True}]},
            {"deployment_circuit_breaker": [{"enable": False}]},
        ),
    ),
    "a bucket is forgotten": ("STATE1", changed("aws_s3_bucket.b", ["forget"], {}, None)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_risk_is_found(case: str) -> None:
    rule, entry = CASES[case]
    assert rule in found(entry)


def test_every_rule_is_found_in_a_case_or_in_a_real_plan() -> None:
    seen = {rule for rule, _ in CASES.values()}
    for file in PLANS.glob("*.json"):
        seen |= {risk.rule.id for risk in find_risks(read_plan(file))}
    missing = set(risk_rules()) - seen
    assert missing <= {"CAP4", "FUN1", "KEPT1", "STATE2", "UPG2", COST.id, HOLE.id, RUNS.id}, (
        missing
    )


def test_an_instance_type_that_changes_under_scaling_is_a_risk() -> None:
    def configuration(kind: str) -> dict[str, Any]:
        variant = {"variant_name": "v", "instance_type": kind, "initial_instance_count": 2}
        return {"name": kind, "production_variants": [variant]}

    large, xlarge = configuration("ml.m5.large"), configuration("ml.m5.xlarge")
    endpoint = update(
        "aws_sagemaker_endpoint.e",
        {"name": "e", "endpoint_config_name": "ml.m5.large"},
        {"name": "e", "endpoint_config_name": "ml.m5.xlarge"},
    )
    replaced = changed(
        "aws_sagemaker_endpoint_configuration.c", ["create", "delete"], large, xlarge
    )
    target = "aws_appautoscaling_target.t"
    kept = changed(target, ["no-op"], TARGET, TARGET)
    assert "CAP4" in found(endpoint, replaced, kept)
    again = changed(target, ["delete", "create"], TARGET, TARGET)
    assert "CAP4" not in found(endpoint, replaced, again)


def _with_shell(name: str, block: str, opened: bool) -> dict[str, Any]:
    variant = {"variant_name": "v", "enable_ssm_access": opened}
    return {"name": name, block: [variant]}


@pytest.mark.parametrize("block", ["production_variants", "shadow_production_variants"])
@pytest.mark.parametrize(
    ("before", "after", "is_risk"),
    [(None, True, True), (False, True, True), (True, True, False), (True, False, False)],
)
def test_an_endpoint_that_lets_people_in_is_a_risk(
    block: str, before: bool | None, after: bool, is_risk: bool
) -> None:
    new = {"name": "e", "endpoint_config_name": "new"}
    configuration = "aws_sagemaker_endpoint_configuration.c"
    if before is None:
        plan = [
            changed("aws_sagemaker_endpoint.e", ["create"], None, new),
            changed(configuration, ["create"], None, _with_shell("new", block, after)),
        ]
    else:
        old = _with_shell("old", block, before)
        plan = [
            update("aws_sagemaker_endpoint.e", {**new, "endpoint_config_name": "old"}, new),
            changed(configuration, ["create", "delete"], old, _with_shell("new", block, after)),
        ]
    assert ("SEC5" in found(*plan)) is is_risk


CLUSTER = "aws_eks_cluster.c"


@pytest.mark.parametrize(
    ("version", "policy", "day", "severity", "words"),
    [
        ("1.34", "STANDARD", "2026-09-02", None, ""),
        ("1.34", "STANDARD", "2026-09-03", Severity.MEDIUM, "standard support ends on 2026-12-02"),
        ("1.34", "EXTENDED", "2026-11-28", Severity.MEDIUM, "the control plane costs more then"),
        ("1.34", "STANDARD", "2026-12-03", Severity.HIGH, "standard support ended on 2026-12-02"),
        ("1.34", "EXTENDED", "2026-12-03", None, ""),
        ("1.34", "EXTENDED", "2027-11-01", Severity.HIGH, "extended support ends on 2027-12-02"),
        ("1.34", "EXTENDED", "2027-12-03", Severity.HIGH, "whose support ended on 2027-12-02"),
        ("1.99", "STANDARD", "2026-12-03", None, ""),
    ],
)
def test_the_end_of_a_versions_support_is_told_by_the_day_of_the_plan(
    version: str, policy: str, day: str, severity: Severity | None, words: str
) -> None:
    values = {"name": "c", "version": version, "upgrade_policy": [{"support_type": policy}]}
    plan = plan_of(changed(CLUSTER, ["no-op"], values, values), timestamp=f"{day}T05:00:00Z")
    risks = [each for each in find_risks(read_plan(plan)) if each.rule.id == "UPG2"]
    assert [each.severity for each in risks] == ([severity] if severity else [])
    assert all(words in each.reason for each in risks)


def test_without_the_day_of_a_plan_no_end_of_support_is_told() -> None:
    values = {"name": "c", "version": "1.29"}
    assert "UPG2" not in found(changed(CLUSTER, ["no-op"], values, values))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"constant_value": "new"}, True),
        ({"constant_value": "old"}, False),
        (None, True),
        ({"references": ["var.x"]}, False),
    ],
)
def test_a_description_that_cannot_change_is_told(written: Any, told: bool) -> None:
    group = "aws_sagemaker_model_package_group.g"
    values = {"model_package_group_name": "g", "model_package_group_description": "old"}
    expressions = {"model_package_group_description": written} if written else {}
    resource = {
        "address": group,
        "type": group.split(".", maxsplit=1)[0],
        "name": "g",
        "mode": "managed",
    }
    plan = plan_of(
        changed(group, ["no-op"], values, values),
        configuration={"root_module": {"resources": [resource | {"expressions": expressions}]}},
    )
    risks = {each.rule.id for each in find_risks(read_plan(plan))}
    assert ("KEPT1" in risks) is told


@pytest.mark.parametrize(
    ("action", "before", "after", "said"),
    [
        ("update", {"max_capacity": 4}, {"max_capacity": 8}, "max_capacity from 4 to 8"),
        # Another bound is owned: what is written of it did not change.
        ("update", {"max_capacity": 4}, {"min_capacity": 1, "max_capacity": 4}, ""),
        ("delete", {"max_capacity": 4}, None, ""),
        ("create", None, {"max_capacity": 4}, ""),
    ],
)
def test_a_change_of_bounds_that_schedules_own_is_told(
    action: str, before: Any, after: Any, said: str
) -> None:
    sides = [
        {"input": {"scheduled_bounds": each, "target": "live"}} if each else None
        for each in (before, after)
    ]
    plan = read_plan(plan_of(changed("terraform_data.bounds", [action], *sides)))
    told = [each.reason for each in find_risks(plan) if each.rule.id == "KEPT1"]
    assert [said in reason for reason in told] == [True] * bool(said)


@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        (
            "aws_eks_fargate_profile.p",
            {"fargate_profile_name": "p", "selector": [{"namespace": "a"}]},
            {"fargate_profile_name": "p", "selector": [{"namespace": "b"}]},
        ),
        (
            "aws_ecs_service.s",
            {"name": "s", "deployment_controller": [{"type": "ECS"}]},
            {"name": "s", "deployment_controller": [{"type": "CODE_DEPLOY"}]},
        ),
    ],
)
def test_a_field_of_a_service_that_replaces_it_is_an_outage(
    address: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert "PLAN1" in found(changed(address, ["delete", "create"], before, after))


def test_a_configuration_that_is_deleted_under_its_endpoint_is_a_risk() -> None:
    endpoint = changed(
        "aws_sagemaker_endpoint.e",
        ["no-op"],
        {"name": "e", "endpoint_config_name": "c"},
        {"name": "e", "endpoint_config_name": "c"},
    )
    configuration = changed(
        "aws_sagemaker_endpoint_configuration.c", ["delete", "create"], {"name": "c"}, {"name": "d"}
    )
    assert "STATE2" in found(endpoint, configuration)
    configuration["change"]["actions"] = ["create", "delete"]
    assert "STATE2" not in found(endpoint, configuration)


SERVICE_OF_FOUR = {"name": "s", "desired_count": 4, "task_definition": "b"}
QUIET: dict[str, Entry] = {
    "a pipeline asks somebody": update(
        "aws_codepipeline.p", released(*APPLIED), released(*APPROVED)
    ),
    "an environment is deployed no more, with its approval": update(
        "aws_codepipeline.p", released(*APPROVED, "dev-use1-verify"), released("dev-use1-verify")
    ),
    "executions of reviews are apart": changed(
        "aws_codepipeline.p", ["create"], None, released(mode="PARALLEL")
    ),
    "a budget falls": update("aws_budgets_budget.b", budget(500), budget(400)),
    "a budget gets an amount": update(
        "aws_budgets_budget.b",
        {**budget(0.01), "auto_adjust_data": [{"auto_adjust_type": "HISTORICAL"}]},
        budget(400),
    ),
    "a budget is made": changed("aws_budgets_budget.b", ["create"], None, budget(400)),
    "Airflow's maintenance is at another time": update(
        "aws_mwaa_environment.a",
        {"weekly_maintenance_window_start": "SUN:03:30"},
        {"weekly_maintenance_window_start": "MON:03:30"},
    ),
    "a retraining is evaluated": update(
        "aws_sfn_state_machine.m", retraining(), retraining("Judge", "Tell")
    ),
    "more instances are reserved": update(
        "aws_ec2_capacity_reservation.r", RESERVED, {**RESERVED, "instance_count": 3}
    ),
    "model units are bought by the hour": changed(
        "aws_bedrock_provisioned_model_throughput.t",
        ["create"],
        None,
        {"provisioned_model_name": "chat", "model_units": 1},
    ),
    "a Capacity Block is forgotten": changed(
        "aws_ec2_capacity_block_reservation.b", ["delete"], {"id": "cr-0123456789abcdef0"}, None
    ),
    "calls of one more endpoint are kept": update(
        "aws_cloudtrail.t", trail("fraud"), trail("fraud", "risk")
    ),
    "more of a log is masked": update(
        "aws_cloudwatch_log_data_protection_policy.m",
        mask("EmailAddress"),
        mask("EmailAddress", "Name"),
    ),
    "an inference component is released": update(
        "aws_cloudformation_stack.s", {**COMPONENT, "parameters": {"Model": "a"}}, COMPONENT
    ),
    "the stack of an endpoint configuration goes": changed(
        "aws_cloudformation_stack.s",
        ["delete"],
        stack_of("EndpointConfig", EndpointConfigName="c"),
        None,
    ),
    "more is kept warm of a function": update(
        "aws_lambda_provisioned_concurrency_config.w",
        {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 2},
        {"function_name": "f", "qualifier": "live", "provisioned_concurrent_executions": 5},
    ),
    "a function gets more of all": update(
        "aws_lambda_function.f",
        {"timeout": 60, "memory_size": 2048, "version": "1"},
        {"timeout": 120, "memory_size": 4096, "version": "2"},
    ),
    "an alias moves to another version": update(
        "aws_lambda_alias.live", {"function_version": "1"}, {"function_version": "2"}
    ),
    "a URL is for callers whom IAM knows": changed(
        "aws_lambda_function_url.u", ["create"], None, {"authorization_type": "AWS_IAM"}
    ),
    "a receiver confirms by itself from now on": update(
        "aws_sns_topic_subscription.s",
        {"protocol": "https", "endpoint_auto_confirms": False},
        {"protocol": "https", "endpoint_auto_confirms": True},
    ),
    "a preflight of browsers has no authorization": changed(
        "aws_api_gateway_method.m",
        ["create"],
        None,
        {"http_method": "OPTIONS", "authorization": "NONE"},
    ),
    "a throttle is lowered": update(
        "aws_apigatewayv2_stage.s",
        {"default_route_settings": [THROTTLED]},
        {"default_route_settings": [{**THROTTLED, "throttling_rate_limit": 1}]},
    ),
    "a method of a preflight goes": changed(
        "aws_api_gateway_method.m", ["delete"], {"http_method": "OPTIONS"}, None
    ),
    "an API gets a domain of its own at another place": changed(
        "aws_apigatewayv2_api_mapping.m", ["create"], None, {"domain_name": "api.acme.test"}
    ),
    "the order of a web ACL's rules changes": update(
        "aws_wafv2_web_acl.w",
        {"rule": [{"name": "a"}, {"name": "b"}]},
        {"rule": [{"name": "b"}, {"name": "a"}]},
    ),
    "a policy loses an action": update(
        "aws_iam_role_policy.p",
        {"policy": policy(allow(["s3:GetObject", "s3:PutObject"]))},
        {"policy": policy(allow("s3:GetObject"))},
    ),
    "an action that a wildcard already allowed is named": update(
        "aws_iam_role_policy.p",
        {"policy": policy(allow("s3:Get*"))},
        {"policy": policy(allow("s3:GetObject"))},
    ),
    "a policy only denies": changed(
        "aws_s3_bucket_policy.p",
        ["create"],
        None,
        {"policy": policy({"Effect": "Deny", "Action": "s3:*", "Principal": "*"})},
    ),
    "everybody is let in under a condition": changed(
        "aws_s3_bucket_policy.p",
        ["create"],
        None,
        {
            "policy": policy(
                allow(
                    "s3:GetObject",
                    Principal="*",
                    Condition={"StringEquals": {"aws:SourceAccount": "1"}},
                )
            )
        },
    ),
    "a group is opened to the VPC": changed(
        "aws_vpc_security_group_ingress_rule.r",
        ["create"],
        None,
        {**OPEN, "cidr_ipv4": "10.0.0.0/16"},
    ),
    "an internal load balancer": changed("aws_lb.l", ["create"], None, {"internal": True}),
    "the maximum grows a little": update(
        "aws_appautoscaling_target.t", TARGET, {**TARGET, "max_capacity": 10}
    ),
    "a desired count stays beside another change": update(
        "aws_ecs_service.s", {**SERVICE_OF_FOUR, "task_definition": "a"}, SERVICE_OF_FOUR
    ),
    "a desired count is raised": update(
        "aws_ecs_service.s", SERVICE_OF_FOUR, {**SERVICE_OF_FOUR, "desired_count": 5}
    ),
    "a desired count is not said any more": update(
        "aws_ecs_service.s", SERVICE_OF_FOUR, {**SERVICE_OF_FOUR, "desired_count": None}
    ),
    "an ECS service that lets people in gets another task": update(
        "aws_ecs_service.s",
        {"task_definition": "a", "enable_execute_command": True},
        {"task_definition": "b", "enable_execute_command": True},
    ),
    "a model is replaced": changed(
        "aws_sagemaker_model.m", ["create", "delete"], {"name": "a"}, {"name": "b"}
    ),
    "a bucket is created": changed(
        "aws_s3_bucket.b", ["create"], None, {"bucket": "b", "force_destroy": False}
    ),
}


@pytest.mark.parametrize("case", QUIET)
def test_what_is_harmless_is_no_risk(case: str) -> None:
    assert found(QUIET[case]) == {}


def test_a_route_that_goes_with_its_table_or_is_made_again_is_no_risk() -> None:
    gone = changed("aws_route.r", ["delete"], ROUTE, None)
    assert found(gone)["PLAN3"] is Severity.HIGH
    again = changed("aws_route.other", ["create"], None, {**ROUTE, "transit_gateway_id": "tgw-2"})
    assert found(gone, again) == {}
    table = changed("aws_route_table.t", ["delete"], {"id": "rtb-1"}, None)
    assert "PLAN3" not in found(gone, table)


def test_web_ports_are_less_severe_than_others() -> None:
    web = {**OPEN, "from_port": 443, "to_port": 443}
    rule = "aws_vpc_security_group_ingress_rule.r"
    assert found(changed(rule, ["create"], None, web))["NET1"] is Severity.MEDIUM
    assert found(changed(rule, ["create"], None, OPEN))["NET1"] is Severity.HIGH


@pytest.mark.parametrize(("tasks", "severity"), [(3, Severity.LOW), (6, Severity.HIGH)])
def test_a_lowered_maximum_is_judged_by_the_tasks_that_run(tasks: int, severity: Severity) -> None:
    values = {"name": "api", "desired_count": tasks}
    service = changed("aws_ecs_service.s", ["no-op"], values, values)
    before = {**TARGET, "resource_id": "service/cluster/api"}
    target = update("aws_appautoscaling_target.t", before, {**before, "max_capacity": 4})
    assert found(service, target)["CAP1"] is severity


def test_the_cost_is_a_risk_from_a_threshold_on() -> None:
    assert cost_risk("dev", 100, 500) is None
    raised = cost_risk("dev", 100, 501)
    much = cost_risk("dev", 100, 5001)
    assert raised is not None
    assert raised.rule is COST
    assert raised.severity is Severity.MEDIUM
    assert much is not None
    assert much.severity is Severity.HIGH


def test_every_risk_says_what_to_do() -> None:
    assert all(rule.title and rule.advice for rule in risk_rules().values())


def test_every_risk_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "review.md").read_text("utf-8")
    documented = re.findall(r"^\| ([A-Z]+\d) \|", text, re.MULTILINE)
    assert sorted(documented) == sorted(risk_rules())


WARM = {"function_name": "f", "qualifier": "live"}


@pytest.mark.parametrize("publishes", [True, False])
def test_a_version_and_what_is_kept_warm_are_not_changed_together(publishes: bool) -> None:
    warm = update(
        "aws_lambda_provisioned_concurrency_config.w",
        {**WARM, "provisioned_concurrent_executions": 2},
        {**WARM, "provisioned_concurrent_executions": 5},
    )
    function = update(
        "aws_lambda_function.f",
        {"function_name": "f", "image_uri": "x:1"},
        {"function_name": "f", "image_uri": "x:2"},
    )
    if publishes:
        function["change"]["after_unknown"] = {"version": True}
    assert ("FUN1" in found(function, warm)) is publishes


def test_what_is_kept_warm_goes_with_its_function() -> None:
    function = changed("aws_lambda_function.f", ["delete"], {"function_name": "f"}, None)
    warm = changed(
        "aws_lambda_provisioned_concurrency_config.w",
        ["delete"],
        {**WARM, "provisioned_concurrent_executions": 5},
        None,
    )
    assert "FUN2" not in found(function, warm)


def test_the_worst_risks_come_first() -> None:
    report = build([read_plan(file) for file in sorted(PLANS.glob("*.json"))])
    severities = [risk.severity for risk in report.risks]
    assert severities == sorted(severities, reverse=True)
    assert report.worst is Severity.CRITICAL


def test_the_next_kubernetes_version_is_no_risk() -> None:
    assert found(update("aws_eks_cluster.c", {"version": "1.34"}, {"version": "1.35"})) == {}


@pytest.mark.parametrize("kind", ["aws_sagemaker_endpoint", "aws_s3_bucket", "aws_subnet"])
def test_an_old_copy_that_an_interrupted_replacement_left_is_no_outage(kind: str) -> None:
    gone = changed(f"{kind}.x", ["delete"], {"name": "x"}, None)
    assert "CRITICAL" in {severity.name for severity in found(gone).values()}
    assert found({**gone, "deposed": "8a3d1c2b"}) == {}


@pytest.mark.parametrize(("maximum", "is_risk"), [(16, False), (17, True)])
def test_a_maximum_may_double_and_no_more(maximum: int, is_risk: bool) -> None:
    entry = update("aws_appautoscaling_target.t", TARGET, {**TARGET, "max_capacity": maximum})
    assert ("CAP3" in found(entry)) is is_risk


@pytest.mark.parametrize(
    ("policy_name", "is_risk"),
    [
        ("AmazonSageMakerFullAccess", True),
        ("AdministratorAccess", True),
        ("PowerUserAccess", True),
        ("IAMFullAccess", True),
        ("AmazonECSTaskExecutionRolePolicy", False),
    ],
)
def test_a_managed_policy_is_a_risk_by_what_it_allows(policy_name: str, is_risk: bool) -> None:
    attached = {"policy_arn": f"arn:aws:iam::aws:policy/{policy_name}"}
    entry = changed("aws_iam_role_policy_attachment.a", ["create"], None, attached)
    assert ("IAM4" in found(entry)) is is_risk
