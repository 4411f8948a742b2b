"""What a change in place takes away is told, and its way back is not."""

from __future__ import annotations

from typing import Any

import pytest

from inferform.schema import Block, ListOf
from ops.kinds import known, weaker
from ops.kinds.record import Not
from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.told import Severity
from tests.contract.test_schema import resource_class

from .plans import changed, plan_of
from .test_risks import update

LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
Values = dict[str, Any]
Entry = dict[str, Any]


def nested(path: str, value: Any) -> Values:
    """The arguments of a resource with one value, as a plan writes blocks."""
    first, _, rest = path.partition(".")
    return {first: [nested(rest, value)] if rest else value}


FORWARD, ANSWER = [{"type": "forward"}], [{"type": "fixed-response"}]
REDIRECT = [{"type": "redirect", "redirect": [{"protocol": "HTTPS"}]}]
STRONG, WEAK = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-2016-08"
ALARMS = "deployment_config.auto_rollback_configuration.alarms"
PROVIDER = "auto_scaling_group_provider"
KMS = "rule.apply_server_side_encryption_by_default.sse_algorithm"
TAINT = {"key": "gpu", "value": "", "effect": "NO_EXECUTE"}
INGRESS = "alb.ingress.kubernetes.io/listen-ports"


def paths(*values: str) -> list[Values]:
    return [{"path_pattern": [{"values": list(values)}]}]


def expiry(days: int, status: str = "Enabled", prefix: str = "") -> list[Values]:
    return [
        {"status": status, "filter": [{"prefix": prefix}], "expiration": [{"days": days}]},
    ]


CASES: list[tuple[str, str, Any, Any, str, Severity, str]] = [
    ("aws_lb_listener", "protocol", "HTTPS", "HTTP", "NET3", HIGH, "from HTTPS to HTTP"),
    ("aws_alb_listener", "protocol", "HTTPS", "HTTP", "NET3", HIGH, "from HTTPS to HTTP"),
    ("aws_lb_listener", "protocol", "TLS", "TCP", "NET3", HIGH, "from TLS to TCP"),
    ("aws_lb_listener", "certificate_arn", "arn:c", None, "NET3", HIGH, "its certificate"),
    ("aws_lb_listener", "ssl_policy", STRONG, WEAK, "NET3", MEDIUM, f"from {STRONG} to {WEAK}"),
    ("aws_lb_listener", "mutual_authentication.mode", "verify", "off", "SEC1", HIGH, "clients"),
    ("aws_lb_listener", "default_action", FORWARD, ANSWER, "NET4", HIGH, "to fixed-response"),
    ("aws_lb_listener_rule", "action", FORWARD, ANSWER, "NET4", HIGH, "to fixed-response"),
    (
        *("aws_lb_listener_rule", "condition", paths("/a", "/b"), paths("/b")),
        *("NET4", HIGH, "no longer takes /a"),
    ),
    ("aws_lb", "drop_invalid_header_fields", True, False, "SEC1", HIGH, "header fields"),
    ("aws_lb", "enable_waf_fail_open", False, True, "SEC1", HIGH, "past a web ACL"),
    (
        "aws_lb",
        "enforce_security_group_inbound_rules_on_private_link_traffic",
        "on",
        "off",
        "SEC1",
        MEDIUM,
        "by PrivateLink",
    ),
    ("aws_lb", "security_groups", ["sg-1", "sg-2"], ["sg-2"], "NET4", MEDIUM, "groups sg-1"),
    (
        *("aws_ecs_service", "network_configuration.security_groups", ["sg-1", "sg-2"], ["sg-2"]),
        *("NET4", MEDIUM, "groups sg-1"),
    ),
    (
        *("aws_cloudwatch_metric_alarm", "treat_missing_data", "breaching", "notBreaching"),
        *("ROLL4", LOW, "missing (notBreaching)"),
    ),
    ("aws_lb", "subnets", ["a", "b"], ["b"], "NET4", MEDIUM, "leaves the subnets a"),
    ("aws_lb_target_group", "health_check.enabled", True, False, "NET4", MEDIUM, "no health"),
    ("aws_ecr_repository", "image_tag_mutability", "IMMUTABLE", "MUTABLE", "SEC4", MEDIUM, "MUT"),
    (
        *("aws_ecr_repository", "image_tag_mutability", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"),
        *("SEC4", MEDIUM, "EXCLUSION"),
    ),
    ("aws_kms_key", "deletion_window_in_days", 30, 7, "DATA1", LOW, "7 days"),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        KMS,
        "aws:kms",
        "AES256",
        "SEC1",
        HIGH,
        "to AES256",
    ),
    (
        "aws_s3_bucket_ownership_controls",
        "rule.object_ownership",
        "BucketOwnerEnforced",
        "ObjectWriter",
        "SEC1",
        HIGH,
        "ObjectWriter",
    ),
    ("aws_s3_bucket_notification", "eventbridge", True, False, "RUN1", HIGH, "uploads"),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "rule",
        expiry(90),
        expiry(7),
        "DATA1",
        MEDIUM,
        "deletes objects after 7 days (was 90)",
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "rule",
        expiry(7, "Disabled"),
        expiry(7),
        "DATA1",
        MEDIUM,
        "after 7 days (was never)",
    ),
    ("aws_scheduler_schedule", "state", "ENABLED", "DISABLED", "RUN1", HIGH, "is disabled"),
    ("aws_cloudwatch_event_rule", "state", "ENABLED", "DISABLED", "RUN1", HIGH, "is disabled"),
    ("aws_cloudwatch_event_rule", "is_enabled", True, False, "RUN1", HIGH, "is disabled"),
    ("aws_lambda_event_source_mapping", "enabled", True, False, "RUN1", HIGH, "is disabled"),
    ("aws_lambda_function", "reserved_concurrent_executions", -1, 0, "CAP1", HIGH, "to 0"),
    (
        *("aws_appautoscaling_target", "suspended_state.dynamic_scaling_out_suspended"),
        *(False, True, "RUN1", HIGH, "suspends scaling out"),
    ),
    (
        *("aws_appautoscaling_target", "suspended_state.scheduled_scaling_suspended"),
        *(False, True, "RUN1", HIGH, "suspends scheduled"),
    ),
    ("aws_autoscaling_group", "max_size", 4, 2, "CAP1", HIGH, "maximum from 4 to 2"),
    ("aws_autoscaling_group", "min_size", 4, 2, "CAP1", LOW, "minimum from 4 to 2"),
    (
        "aws_ecs_capacity_provider",
        f"{PROVIDER}.managed_scaling.status",
        "ENABLED",
        "DISABLED",
        "RUN1",
        HIGH,
        "waiting tasks",
    ),
    (
        "aws_ecs_capacity_provider",
        f"{PROVIDER}.managed_termination_protection",
        "ENABLED",
        "DISABLED",
        "CAP5",
        MEDIUM,
        "on which tasks run",
    ),
    (
        "aws_ecs_capacity_provider",
        f"{PROVIDER}.managed_draining",
        "ENABLED",
        "DISABLED",
        "CAP5",
        MEDIUM,
        "without draining",
    ),
    (
        "aws_launch_template",
        "metadata_options.http_tokens",
        "required",
        "optional",
        "SEC1",
        HIGH,
        "IMDSv1",
    ),
    (
        "aws_launch_template",
        "block_device_mappings.ebs.encrypted",
        "true",
        "false",
        "SEC1",
        HIGH,
        "encryption of volumes",
    ),
    ("aws_ecs_service", "load_balancer", [{}], [], "NET4", HIGH, "its load balancer"),
    ("aws_ecs_service", "service_registries", [{}], [], "NET4", HIGH, "service discovery"),
    (
        "aws_ecs_service",
        "service_connect_configuration.enabled",
        True,
        False,
        "NET4",
        HIGH,
        "Service Connect",
    ),
    (
        "aws_ecs_service",
        "deployment_circuit_breaker.enable",
        True,
        False,
        "ROLL4",
        MEDIUM,
        "no circuit breaker",
    ),
    (
        "aws_ecs_service",
        "deployment_circuit_breaker.rollback",
        True,
        False,
        "ROLL4",
        MEDIUM,
        "no longer rolled back",
    ),
    ("aws_ecs_service", "alarms.enable", True, False, "ROLL4", MEDIUM, "watched by alarms"),
    ("aws_ecs_service", "deployment_minimum_healthy_percent", 100, 0, "ROLL4", MEDIUM, "was 100"),
    (
        "aws_ecs_service",
        "deployment_configuration.strategy",
        "CANARY",
        "ROLLING",
        "ROLL3",
        MEDIUM,
        "from CANARY to ROLLING",
    ),
    (
        "aws_codedeploy_deployment_group",
        "deployment_config_name",
        "Own-Canary",
        "CodeDeployDefault.ECSAllAtOnce",
        "ROLL3",
        MEDIUM,
        "AllAtOnce",
    ),
    (
        "aws_codedeploy_deployment_group",
        "auto_rollback_configuration.enabled",
        True,
        False,
        "ROLL4",
        MEDIUM,
        "rolls back",
    ),
    (
        "aws_codedeploy_deployment_group",
        "alarm_configuration.enabled",
        True,
        False,
        "ROLL4",
        MEDIUM,
        "by alarms",
    ),
    ("aws_cloudwatch_metric_alarm", "actions_enabled", True, False, "ROLL4", MEDIUM, "nobody"),
    ("aws_cloudwatch_metric_alarm", "alarm_actions", ["a", "b"], ["b"], "ROLL4", MEDIUM, "off a"),
    ("aws_cloudwatch_composite_alarm", "actions_enabled", True, False, "ROLL4", MEDIUM, "nobody"),
    ("aws_sagemaker_endpoint", ALARMS, [{"alarm_name": "a"}], [], "ROLL4", MEDIUM, "by alarms"),
    ("aws_sagemaker_model", "vpc_config", [{"subnets": ["a"]}], [], "SEC1", HIGH, "its VPC"),
    (
        "aws_eks_cluster",
        "vpc_config.endpoint_private_access",
        True,
        False,
        "NET4",
        MEDIUM,
        "from the VPC",
    ),
    (
        "aws_eks_cluster",
        "enabled_cluster_log_types",
        ["api", "audit"],
        ["api"],
        "SEC1",
        HIGH,
        "no longer logs audit",
    ),
    ("aws_eks_node_group", "scaling_config.max_size", 4, 2, "CAP1", HIGH, "from 4 to 2"),
    ("aws_eks_node_group", "taint", [], [TAINT], "CAP5", HIGH, "ends pods"),
    (
        "aws_eks_node_group",
        "taint",
        [],
        [{**TAINT, "effect": "NO_SCHEDULE"}],
        "CAP5",
        MEDIUM,
        "no new pods",
    ),
    (
        "kubernetes_service_v1",
        "spec.port",
        [{"port": 80}, {"port": 81}],
        [{"port": 80}],
        "NET4",
        HIGH,
        "no longer listens on port 81",
    ),
    ("kubernetes_service_v1", "spec.type", "LoadBalancer", "ClusterIP", "NET4", HIGH, "ClusterIP"),
    ("kubernetes_service", "spec.type", "LoadBalancer", "ClusterIP", "NET4", HIGH, "ClusterIP"),
    ("kubernetes_ingress_v1", "spec.tls", [{"hosts": ["a"]}], [], "NET3", HIGH, "no TLS"),
    (
        "kubernetes_ingress_v1",
        "metadata.annotations",
        {INGRESS: '[{"HTTPS":443}]'},
        {INGRESS: '[{"HTTP":80}]'},
        "NET3",
        HIGH,
        "no HTTPS",
    ),
    ("kubernetes_deployment_v1", "spec.replicas", "4", "2", "CAP1", HIGH, "from 4 to 2"),
    ("kubernetes_stateful_set_v1", "spec.replicas", "4", "2", "CAP1", HIGH, "from 4 to 2"),
    (
        "kubernetes_deployment_v1",
        "spec.strategy.type",
        "RollingUpdate",
        "Recreate",
        "ROLL4",
        MEDIUM,
        "every pod",
    ),
    (
        "kubernetes_horizontal_pod_autoscaler_v2",
        "spec.max_replicas",
        8,
        4,
        "CAP1",
        HIGH,
        "from 8 to 4",
    ),
    ("kubernetes_pod_disruption_budget_v1", "spec.min_available", "2", "1", "CAP5", LOW, "1 stay"),
    ("aws_vpc", "enable_dns_support", True, False, "NET4", HIGH, "resolves no names"),
    ("aws_vpc", "enable_dns_hostnames", True, False, "NET4", HIGH, "no private names"),
    ("aws_vpc_endpoint", "private_dns_enabled", True, False, "NET4", HIGH, "own name"),
    ("aws_vpc_endpoint", "subnet_ids", ["a", "b"], ["b"], "NET4", MEDIUM, "subnets a"),
    ("aws_vpc_endpoint", "route_table_ids", ["a", "b"], ["b"], "NET4", HIGH, "tables a"),
    ("aws_db_instance", "backup_retention_period", 7, 0, "DATA1", MEDIUM, "0 days"),
    ("aws_rds_cluster", "backup_retention_period", 7, 1, "DATA1", MEDIUM, "1 days"),
    ("aws_db_instance", "multi_az", True, False, "CAP5", MEDIUM, "no standby"),
    (
        "aws_dynamodb_table",
        "point_in_time_recovery.enabled",
        True,
        False,
        "DATA1",
        MEDIUM,
        "earlier time",
    ),
    ("aws_sqs_queue", "message_retention_seconds", 900, 60, "DATA1", MEDIUM, "60 s"),
    ("aws_kinesis_stream", "retention_period", 48, 24, "DATA1", MEDIUM, "24 h"),
    ("aws_cloudtrail", "enable_logging", True, False, "SEC1", HIGH, "records nothing"),
    ("aws_cloudtrail", "enable_log_file_validation", True, False, "SEC1", HIGH, "its files"),
    ("aws_cloudtrail", "is_multi_region_trail", True, False, "SEC1", HIGH, "one Region"),
]
"""Type, argument, a value and a worse one, and the risk, its severity and words of its reason."""

CHECKED: list[tuple[str, str, Any, Any, str, Severity, str]] = [
    ("aws_lb_listener", "port", 443, 8443, "NET4", HIGH, "port 8443 (was 443)"),
    (
        *("kubernetes_service_v1", "spec.selector", {"app": "a"}, {"app": "b"}),
        *("NET4", HIGH, "selects app=b instead of app=a"),
    ),
    *(
        ("aws_lb_target_group", f"health_check.{name}", *values, "NET4", MEDIUM, values[1])
        for name, values in {
            "path": ("/ping", "/ready"),
            "port": ("8080", "9090"),
            "protocol": ("HTTP", "HTTPS"),
            "matcher": ("200-299", "200"),
        }.items()
    ),
]
"""These are a risk in both directions."""


def told(rule: str, *entries: Entry) -> list[tuple[Severity, str]]:
    """How severe a risk is in a plan, and why it is one."""
    risks = find_risks(read_plan(plan_of(*entries)))
    return [(each.severity, each.reason) for each in risks if each.rule.id == rule]


@pytest.mark.parametrize("case", [*CASES, *CHECKED], ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_worse_value_is_a_risk(case: Any) -> None:
    kind, path, good, bad, rule, severity, words = case
    ((found, reason),) = told(rule, update(f"{kind}.x", nested(path, good), nested(path, bad)))
    assert found is severity
    assert words in reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_its_way_back_the_same_value_a_creation_and_what_is_not_known_are_none(case: Any) -> None:
    kind, path, good, bad, rule, _, _ = case
    before, after = nested(path, good), nested(path, bad)
    address = f"{kind}.x"
    assert told(rule, update(address, after, before)) == []
    assert told(rule, changed(address, ["no-op"], before, before)) == []
    assert told(rule, update(address, {**after, "tags": {}}, {**after, "tags": {"a": "b"}})) == []
    assert told(rule, changed(address, ["create"], None, after)) == []
    block = path.rpartition(".")[0]
    rest = nested(block, {}) if block else {}
    hidden = changed(address, ["update"], before, rest, unknown=nested(path, True))
    assert told(rule, hidden) == []


@pytest.mark.parametrize(
    ("kind", "path"), sorted({(kind, path) for kind, path, *_ in (*CASES, *CHECKED)})
)
def test_the_argument_is_one_of_the_provider(kind: str, path: str) -> None:
    taken: Any = Block(resource_class(SAME.get(kind, kind)))
    for part in path.split("."):
        taken = taken.of if isinstance(taken, ListOf) else taken
        taken = taken.below(part)
        assert taken is not None, part


SAME = {
    "aws_alb_listener": "aws_lb_listener",
}
"""Old names of types."""


def test_every_type_with_such_a_risk_has_a_case() -> None:
    declared = {
        kind
        for kind, record in known().items()
        for check in (() if isinstance(record.risks, Not) else record.risks)
        if check.find.__module__ == weaker.__name__
    }
    assert declared - {kind for kind, *_ in (*CASES, *CHECKED)} == {
        *("aws_alb", "aws_alb_listener_rule", "aws_alb_target_group", "kubernetes_ingress"),
        *(set(weaker.WORKLOADS) & declared - {"kubernetes_deployment_v1"})
        - {"kubernetes_stateful_set_v1"},
        "aws_appautoscaling_policy",
    }


# What takes more than two values to judge


def listener(name: str, protocol: str, **more: Any) -> Values:
    return {"arn": name, "load_balancer_arn": "arn:lb", "protocol": protocol, **more}


def test_a_listener_that_is_made_anew_without_encryption_is_a_risk() -> None:
    gone = changed("aws_lb_listener.old", ["delete"], listener("a", "HTTPS"), None)
    plain = listener("b", "HTTP", default_action=FORWARD)
    made = changed("aws_lb_listener.new", ["create"], None, plain)
    ((severity, reason),) = told("NET3", gone, made)
    assert (severity, "without encryption" in reason) == (HIGH, True)
    redirects = listener("b", "HTTP", default_action=REDIRECT)
    assert told("NET3", gone, changed("aws_lb_listener.new", ["create"], None, redirects)) == []
    kept = changed("aws_lb_listener.c", ["no-op"], listener("c", "TLS"), listener("c", "TLS"))
    assert told("NET3", gone, made, kept) == []
    assert told("NET3", gone) == []


def test_a_listener_that_no_longer_redirects_to_https_is_a_risk() -> None:
    before = listener("a", "HTTP", default_action=REDIRECT)
    after = listener("a", "HTTP", default_action=FORWARD)
    ((_, reason),) = told("NET3", update("aws_lb_listener.l", before, after))
    assert "no longer redirects" in reason
    assert told("NET3", update("aws_lb_listener.l", after, before)) == []


@pytest.mark.parametrize(
    ("before", "after", "is_weaker"),
    [
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", False),
        ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06", True),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06", False),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06", True),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", "ELBSecurityPolicy-FS-2018-06", True),
        ("ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06", False),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-Of-2031", False),
        (
            "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
            "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            False,
        ),
    ],
)
def test_security_policies_are_compared_by_what_they_take(
    before: str, after: str, is_weaker: bool
) -> None:
    sides = (listener("a", "HTTPS", ssl_policy=each) for each in (before, after))
    assert bool(told("NET3", update("aws_lb_listener.l", *sides))) is is_weaker


def test_a_path_that_another_rule_takes_is_not_lost() -> None:
    narrowed = update(
        "aws_lb_listener_rule.a",
        nested("condition", paths("/a", "/b")),
        nested("condition", paths("/b")),
    )
    other = changed("aws_lb_listener_rule.b", ["create"], None, nested("condition", paths("/a")))
    every = changed("aws_lb_listener_rule.b", ["create"], None, nested("condition", paths("/*")))
    assert told("NET4", narrowed)
    assert told("NET4", narrowed, other) == []
    assert told("NET4", narrowed, every) == []


BUCKET = {"bucket": "models", "id": "models"}


def test_new_rules_of_expiry_are_a_risk_for_a_bucket_that_holds_something() -> None:
    rules = {"bucket": "models", "rule": expiry(7, prefix="logs/")}
    made = changed("aws_s3_bucket_lifecycle_configuration.r", ["create"], None, rules)
    stays = changed("aws_s3_bucket.b", ["no-op"], BUCKET, BUCKET)
    ((_, reason),) = told("DATA1", made, stays)
    assert reason == "deletes objects under logs/ after 7 days (was never)"
    assert told("DATA1", made, changed("aws_s3_bucket.b", ["create"], None, BUCKET)) == []


def test_a_rule_of_expiry_that_is_split_by_prefixes_keeps_as_long_as_before() -> None:
    whole, split = expiry(30), [*expiry(30, prefix="a/"), *expiry(90, prefix="b/")]
    address = "aws_s3_bucket_lifecycle_configuration.r"
    assert told("DATA1", update(address, {"rule": whole}, {"rule": split})) == []


SCALED = {"resource_id": "service/c/api", "scalable_dimension": "ecs:service:DesiredCount"}


def test_the_last_scaling_policy_of_a_target_is_missed() -> None:
    target = changed("aws_appautoscaling_target.t", ["no-op"], SCALED, SCALED)
    first = changed("aws_appautoscaling_policy.a", ["delete"], SCALED, None)
    other = changed("aws_appautoscaling_policy.b", ["no-op"], SCALED, SCALED)
    assert told("RUN1", target, first) == [(HIGH, "is deleted, so service/c/api no longer scales")]
    assert told("RUN1", target, first, other) == []
    gone = changed("aws_appautoscaling_target.t", ["delete"], SCALED, None)
    assert told("RUN1", gone, first) == []


def deployment(labels: Values, after: Values | None = None, *tolerations: Values) -> Entry:
    def values(of: Values) -> Values:
        template = {"metadata": [{"labels": of}], "spec": [{"toleration": [*tolerations]}]}
        return {"metadata": [{"name": "fraud"}], "spec": [{"template": [template]}]}

    return changed(
        "kubernetes_deployment_v1.d", ["update"], values(labels), values(after or labels)
    )


def selects(before: Values, after: Values) -> Entry:
    service = "kubernetes_service_v1.s"
    return update(service, nested("spec.selector", before), nested("spec.selector", after))


def test_a_selector_names_the_workload_that_it_leaves() -> None:
    moved = selects({"app": "a"}, {"app": "b"})
    ((_, reason),) = told("NET4", moved, deployment({"app": "a"}))
    assert reason.endswith("fraud gets no requests by it")
    assert told("NET4", moved, deployment({"app": "a"}, {"app": "b"}))


def test_a_selector_that_still_selects_the_same_pods_is_no_risk() -> None:
    pods = deployment({"app": "a", "team": "ml"})
    assert told("NET4", selects({"app": "a"}, {"app": "a", "team": "ml"}), pods) == []
    assert told("NET4", selects({"app": "a"}, {"app": "a", "team": "ml"}))
    assert told("NET4", selects({"app": "a", "team": "ml"}, {"app": "a"})) == []


def test_a_service_that_sends_to_another_port_of_its_pods_is_a_risk() -> None:
    sides = (nested("spec.port", [{"port": 80, "target_port": each}]) for each in ("1", "2"))
    ((severity, reason),) = told("NET4", update("kubernetes_service_v1.s", *sides))
    assert (severity, reason) == (MEDIUM, "sends port 80 to 2 of its pods (was 1)")


@pytest.mark.parametrize(
    ("toleration", "is_ended"),
    [
        ({"key": "gpu", "operator": "Exists"}, False),
        ({"operator": "Exists"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "operator": "Equal", "value": ""}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "x"}, True),
        ({"key": "other", "operator": "Exists"}, True),
        # Ended after this time, too.
        ({"key": "gpu", "operator": "Exists", "toleration_seconds": "60"}, True),
    ],
)
def test_a_taint_ends_the_pods_that_do_not_tolerate_it(toleration: Values, is_ended: bool) -> None:
    group = update("aws_eks_node_group.g", {"taint": []}, {"taint": [TAINT]})
    reasons = told("CAP5", group, deployment({"app": "a"}, None, toleration))
    assert reasons == ([(HIGH, "ends pods that do not tolerate the taint gpu: fraud")] * is_ended)


def test_the_services_that_stand_on_it_are_named() -> None:
    group = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/fraud/1"
    service = {"name": "fraud", "load_balancer": [{"target_group_arn": group}]}
    runs = changed("aws_ecs_service.s", ["no-op"], service, service)
    to = [{"type": "forward", "target_group_arn": group}]
    sides = (listener("a", each, default_action=to) for each in ("HTTPS", "HTTP"))
    ((_, reason),) = told("NET3", runs, update("aws_lb_listener.l", *sides))
    assert reason == "goes from HTTPS to HTTP; fraud depends on it"

    machine = {"name": "scores", "arn": "arn:aws:states:us-east-1:111122223333:stateMachine:s"}
    batch = changed("aws_sfn_state_machine.m", ["no-op"], machine, machine)
    states = (
        {"state": each, "target": [{"arn": machine["arn"]}]} for each in ("ENABLED", "DISABLED")
    )
    ((_, reason),) = told("RUN1", batch, update("aws_scheduler_schedule.s", *states))
    assert reason == "is disabled, so it starts nothing; scores depends on it"

    target = {"rule": "uploads", "arn": machine["arn"]}
    leads = changed("aws_cloudwatch_event_target.t", ["no-op"], target, target)
    rules = ({"name": "uploads", "state": each} for each in ("ENABLED", "DISABLED"))
    ((_, reason),) = told("RUN1", batch, leads, update("aws_cloudwatch_event_rule.r", *rules))
    assert reason.endswith("scores waits for it")

    image = {"name": "fraud", "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    model = {"name": "m", "primary_container": [image]}
    endpoint = {"name": "fraud", "endpoint_config_name": "c"}
    held = {"name": "c", "production_variants": [{"model_name": "m"}]}
    entries = [
        changed("aws_sagemaker_model.m", ["no-op"], model, model),
        changed("aws_sagemaker_endpoint_configuration.c", ["no-op"], held, held),
        changed("aws_sagemaker_endpoint.e", ["no-op"], endpoint, endpoint),
    ]
    tags = ({"name": "fraud", "image_tag_mutability": each} for each in ("IMMUTABLE", "MUTABLE"))
    ((_, reason),) = told("SEC4", *entries, update("aws_ecr_repository.r", *tags))
    assert reason.endswith("; fraud depends on it")


@pytest.mark.parametrize(
    ("before", "after", "severity", "words"),
    [
        ({"threshold": 5}, {"threshold": 50}, MEDIUM, "fires at 50 (was 5)"),
        ({"threshold": 50}, {"threshold": 5}, None, ""),
        ({"evaluation_periods": 1}, {"evaluation_periods": 5}, LOW, "after 5 of 5 periods"),
        ({"evaluation_periods": 5}, {"evaluation_periods": 1}, None, ""),
        (
            {"evaluation_periods": 5, "datapoints_to_alarm": 1},
            {"evaluation_periods": 5, "datapoints_to_alarm": 3},
            *(LOW, "after 3 of 5 periods (was 1 of 5), 60 s each"),
        ),
        ({"period": 60}, {"period": 300}, LOW, "300 s each"),
        ({"period": 60, "evaluation_periods": 5}, {"period": 300}, None, ""),
    ],
)
def test_an_alarm_that_sounds_later_is_a_risk(
    before: Values, after: Values, severity: Severity | None, words: str
) -> None:
    rest = {"evaluation_periods": 1, "period": 60, "threshold": 5}
    above = {**rest, "comparison_operator": "GreaterThanThreshold"}
    found = told("ROLL4", update("aws_cloudwatch_metric_alarm.a", above | before, above | after))
    assert [each for each, _ in found] == ([severity] if severity else [])
    assert all(words in reason for _, reason in found)


def test_an_alarm_below_a_threshold_sounds_later_as_that_falls() -> None:
    def alarm(threshold: float) -> Values:
        return {"threshold": threshold, "comparison_operator": "LessThanOrEqualToThreshold"}

    assert told("ROLL4", update("aws_cloudwatch_metric_alarm.a", alarm(2), alarm(1)))
    assert told("ROLL4", update("aws_cloudwatch_metric_alarm.a", alarm(1), alarm(2))) == []
