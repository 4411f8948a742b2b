"""The inputs of terraform-aws-modules/alb 10.5.0."""

from __future__ import annotations

from .row import Option, added, always, at, like, never, no, overridden, refers, yes

SOURCE = "terraform-aws-modules/alb"
_LB = "aws_lb"
_GROUP = "aws_lb_target_group"
_RULE = "aws_lb_listener_rule"


def _attribute(name: str, attribute: str, value: object, shown: str) -> Option:
    return overridden(
        name,
        f'LoadBalancer(overrides={{"load-balancer": {{"{attribute}": {shown}}}}})',
        at(_LB, attribute, value),
    )


OPTIONS: tuple[Option, ...] = (
    yes(
        "internal",
        'LoadBalancer(internal=False, allowed_cidrs=["0.0.0.0/0"])',
        at(_LB, "internal", False),
    ),
    yes(
        "idle_timeout",
        "LoadBalancer(idle_timeout_seconds=300)",
        at(_LB, "idle_timeout", 300),
    ),
    yes(
        "enable_deletion_protection",
        '{"context": Context(protected=True), '
        '"ecs": EcsCluster(load_balancers={"shared": LoadBalancer()})}',
        at(_LB, "enable_deletion_protection", True),
        beside="LoadBalancer()",
    ),
    always(
        "drop_invalid_header_fields",
        "LoadBalancer()",
        at(_LB, "drop_invalid_header_fields", True),
    ),
    always(
        "desync_mitigation_mode", "LoadBalancer()", at(_LB, "desync_mitigation_mode", "defensive")
    ),
    yes(
        "access_logs",
        "LoadBalancer(access_logs=AccessLogs(expire_days=90))",
        at(_LB, "access_logs.enabled", True),
        beside="LoadBalancer(access_logs=None)",
    ),
    _attribute("client_keep_alive", "client_keep_alive", 7200, "7200"),
    _attribute("enable_http2", "enable_http2", False, "False"),
    _attribute("enable_waf_fail_open", "enable_waf_fail_open", True, "True"),
    _attribute("ip_address_type", "ip_address_type", "dualstack", '"dualstack"'),
    _attribute("preserve_host_header", "preserve_host_header", True, "True"),
    _attribute(
        "xff_header_processing_mode", "xff_header_processing_mode", "preserve", '"preserve"'
    ),
    no("connection_logs", "Not yet.", never(_LB, "connection_logs")),
    no(
        "enable_cross_zone_load_balancing",
        "An Application Load Balancer always does.",
        never(_LB, "enable_cross_zone_load_balancing"),
    ),
    no(
        "enable_tls_version_and_cipher_suite_headers",
        "Not yet.",
        never(_LB, "enable_tls_version_and_cipher_suite_headers"),
    ),
    no("enable_zonal_shift", "Not yet.", never(_LB, "enable_zonal_shift")),
    no("load_balancer_type (network)", "Not yet.", never(_LB, "subnet_mapping")),
    yes(
        "listeners: certificate_arn",
        'LoadBalancer(certificate=CERTIFICATE.replace("1234", "4321"))',
        at("aws_lb_listener", "certificate_arn", like(".*/43215678-.*")),
    ),
    yes(
        "listeners: additional_certificate_arns",
        "LoadBalancer(more_certificates=[CERTIFICATE])",
        at("aws_lb_listener_certificate", "certificate_arn", like("arn:aws:acm:.+")),
    ),
    yes(
        "listeners: ssl_policy",
        'LoadBalancer(ssl_policy="ELBSecurityPolicy-TLS13-1-3-2021-06")',
        at("aws_lb_listener", "ssl_policy", "ELBSecurityPolicy-TLS13-1-3-2021-06"),
    ),
    yes(
        "listeners: port and protocol (HTTP)",
        "LoadBalancer(certificate=None)",
        at("aws_lb_listener", "protocol", "HTTP"),
        at("aws_lb_listener", "port", 80),
    ),
    always(
        "listeners: fixed_response",
        "LoadBalancer()",
        at("aws_lb_listener", "default_action.0.type", "fixed-response"),
        at("aws_lb_listener", "default_action.0.fixed_response.status_code", "404"),
    ),
    no(
        "listeners: redirect",
        "There is no listener on port 80 beside HTTPS, so nothing to redirect.",
        never("aws_lb_listener", "redirect"),
    ),
    no(
        "listeners: mutual_authentication",
        "Not yet.",
        never("aws_lb_listener", "mutual_authentication"),
    ),
    no(
        "listeners: authenticate_oidc",
        "Callers are programs; sign-in of people is in front of it.",
        never("aws_lb_listener", "authenticate_oidc"),
    ),
    yes(
        "rules: host_header",
        'Route(hosts=["scores.acme.test"])',
        at(_RULE, "condition.0.host_header.values", ["scores.acme.test"]),
    ),
    yes(
        "rules: path_pattern",
        'Route(paths=["/scores/*"])',
        at(_RULE, "condition.*.path_pattern.values", ["/scores/*"]),
    ),
    yes("rules: priority", "Route(priority=17)", at(_RULE, "priority", 17)),
    yes(
        "rules: transform (url_rewrite_config)",
        'Route(strip_prefix="/fraud")',
        at(_RULE, "transform.0.type", "url-rewrite"),
    ),
    no("rules: http_header", "Not yet.", never(_RULE, "http_header")),
    no("rules: query_string", "Not yet.", never(_RULE, "query_string")),
    no("rules: source_ip", "Not yet.", never(_RULE, "source_ip")),
    yes(
        "target_groups: health_check.path",
        'Route(health_check=HealthCheck(path="/ready"))',
        at(_GROUP, "health_check.path", "/ready"),
    ),
    yes(
        "target_groups: health_check.interval",
        "Route(health_check=HealthCheck(interval_seconds=45))",
        at(_GROUP, "health_check.interval", 45),
    ),
    yes(
        "target_groups: health_check.timeout",
        "Route(health_check=HealthCheck(timeout_seconds=9))",
        at(_GROUP, "health_check.timeout", 9),
    ),
    yes(
        "target_groups: health_check.healthy_threshold",
        "Route(health_check=HealthCheck(healthy_threshold=4))",
        at(_GROUP, "health_check.healthy_threshold", 4),
    ),
    yes(
        "target_groups: health_check.unhealthy_threshold",
        "Route(health_check=HealthCheck(unhealthy_threshold=5))",
        at(_GROUP, "health_check.unhealthy_threshold", 5),
    ),
    no(
        "target_groups: health_check.matcher",
        "The container contract answers 200.",
    ),
    yes(
        "target_groups: deregistration_delay",
        "Route(deregistration_delay_seconds=15)",
        at(_GROUP, "deregistration_delay", "15"),
    ),
    yes(
        "target_groups: slow_start",
        'Route(slow_start_seconds=60, algorithm="round_robin")',
        at(_GROUP, "slow_start", 60),
    ),
    yes(
        "target_groups: load_balancing_algorithm_type",
        'Route(algorithm="round_robin")',
        at(_GROUP, "load_balancing_algorithm_type", "round_robin"),
    ),
    no("target_groups: stickiness", "Not yet.", never(_GROUP, "stickiness")),
    no("target_groups: protocol_version (gRPC)", "Not yet.", never(_GROUP, "protocol_version")),
    yes(
        "security_group_ingress_rules",
        'LoadBalancer(allowed_cidrs=["10.9.0.0/16"])',
        at("aws_vpc_security_group_ingress_rule", "cidr_ipv4", "10.9.0.0/16"),
    ),
    no("security_groups", "Not yet."),
    added(
        "route53_records",
        "LoadBalancer()",
        'Route53Record(built.ecs, "record", zone_id="Z0123456789ABCDEFGHIJ", '
        'name="fraud.acme.test", type="CNAME", ttl=60, '
        'records=[built.ecs.load_balancers["shared"].dns_name])',
        at("aws_route53_record", "name", "fraud.acme.test"),
        at("aws_route53_record", "records.0", refers("aws_lb")),
    ),
    yes(
        "web_acl_arn",
        "LoadBalancer(web_acl="
        '"arn:aws:wafv2:us-east-1:111122223333:regional/webacl/models/1234abcd")',
        at(
            "aws_wafv2_web_acl_association",
            "web_acl_arn",
            "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/models/1234abcd",
        ),
    ),
    yes("tags", 'LoadBalancer(tags={"cost-center": "42"})', at(_LB, "tags.cost-center", "42")),
)
