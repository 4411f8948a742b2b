"""The inputs of terraform-aws-modules/alb 10.5.0."""

from __future__ import annotations

from .row import Option, always, at, has, like, never, no, overridden, some, yes

SOURCE = "terraform-aws-modules/alb"
_LB = "aws_lb"
_GROUP = "aws_lb_target_group"
_RULE = "aws_lb_listener_rule"


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
    yes(
        "client_keep_alive",
        "LoadBalancer(options=LoadBalancerOptions(keep_alive_seconds=7200))",
        at(_LB, "client_keep_alive", 7200),
    ),
    yes(
        "enable_http2",
        "LoadBalancer(options=LoadBalancerOptions(http2=False))",
        at(_LB, "enable_http2", False),
    ),
    yes(
        "enable_waf_fail_open",
        "LoadBalancer(options=LoadBalancerOptions(waf_fail_open=True))",
        at(_LB, "enable_waf_fail_open", True),
    ),
    yes(
        "preserve_host_header",
        "LoadBalancer(options=LoadBalancerOptions(preserve_host=True))",
        at(_LB, "preserve_host_header", True),
    ),
    yes(
        "xff_header_processing_mode",
        'LoadBalancer(options=LoadBalancerOptions(forwarded_for="preserve"))',
        at(_LB, "xff_header_processing_mode", "preserve"),
    ),
    yes(
        "enable_xff_client_port",
        "LoadBalancer(options=LoadBalancerOptions(client_port=True))",
        at(_LB, "enable_xff_client_port", True),
    ),
    yes(
        "enable_tls_version_and_cipher_suite_headers",
        "LoadBalancer(options=LoadBalancerOptions(tls_headers=True))",
        at(_LB, "enable_tls_version_and_cipher_suite_headers", True),
    ),
    yes(
        "enable_zonal_shift",
        "LoadBalancer(options=LoadBalancerOptions(zonal_shift=True))",
        at(_LB, "enable_zonal_shift", True),
    ),
    yes(
        "connection_logs",
        "LoadBalancer(access_logs=AccessLogs(connections=True))",
        at(_LB, "connection_logs.enabled", True),
        at(_LB, "connection_logs.bucket", like(r"acme-.+-access-logs-111122223333")),
    ),
    overridden(
        "ip_address_type",
        'LoadBalancer(overrides={"load-balancer": {"ip_address_type": "dualstack"}})',
        at(_LB, "ip_address_type", "dualstack"),
    ),
    overridden(
        "minimum_load_balancer_capacity",
        'LoadBalancer(overrides={"load-balancer": '
        '{"minimum_load_balancer_capacity": {"capacity_units": 500}}})',
        at(_LB, "minimum_load_balancer_capacity.capacity_units", 500),
    ),
    no(
        "subnet_mapping",
        "An Application Load Balancer has no addresses of its own to be given.",
        never(_LB, "subnet_mapping"),
    ),
    yes(
        "load_balancer_type (network)",
        'EcsCluster(load_balancers={"tcp": NetworkLoadBalancer()})',
        at("aws_lb", "load_balancer_type", "network"),
    ),
    yes(
        "enable_cross_zone_load_balancing",
        'EcsCluster(load_balancers={"tcp": NetworkLoadBalancer(cross_zone=False)})',
        at("aws_lb", "enable_cross_zone_load_balancing", False),
        beside='EcsCluster(load_balancers={"tcp": NetworkLoadBalancer()})',
    ),
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
        "No field has it so far.",
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
    yes(
        "rules: http_header",
        'Route(priority=1, more_conditions=RouteConditions(headers={"X-Model": ["beta"]}))',
        at(
            _RULE,
            "condition.*.http_header",
            {"http_header_name": "X-Model", "values": ["beta"]},
        ),
    ),
    yes(
        "rules: query_string",
        'Route(priority=1, more_conditions=RouteConditions(query={"model": "beta"}))',
        at(_RULE, "condition.*.query_string.0", {"key": "model", "value": "beta"}),
    ),
    yes(
        "rules: source_ip",
        'Route(priority=1, more_conditions=RouteConditions(source_cidrs=["10.9.0.0/16"]))',
        at(_RULE, "condition.*.source_ip.values", ["10.9.0.0/16"]),
    ),
    no(
        "rules: http_request_method",
        "The contract of inference has one method for each path.",
        never(_RULE, "http_request_method"),
    ),
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
    yes(
        "target_groups: health_check.matcher",
        'Route(health_check=HealthCheck(codes="200-299"))',
        at(_GROUP, "health_check.matcher", "200-299"),
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
    yes(
        "target_groups: stickiness",
        "Route(sticky_seconds=600)",
        at(_GROUP, "stickiness", {"type": "lb_cookie", "enabled": True, "cookie_duration": 600}),
    ),
    yes(
        "target_groups: protocol_version (gRPC)",
        'Route(protocol_version="GRPC")',
        at(_GROUP, "protocol_version", "GRPC"),
    ),
    yes(
        "security_group_ingress_rules",
        'LoadBalancer(allowed_cidrs=["10.9.0.0/16"])',
        at("aws_vpc_security_group_ingress_rule", "cidr_ipv4", "10.9.0.0/16"),
    ),
    yes(
        "an ALB and listener that exist (AWS: CreateRule, ListenerArn)",
        '{"ecs": EcsCluster(load_balancers={"shared": ExistingLoadBalancer(listener=LISTENER, '
        'security_group="sg-0a1b2c3d4e5f67890")}), '
        '"inference": Inference(services={"fraud": EcsService(route=Route())})}',
        at("output", "listener_arns.value.shared", like(r".+:listener/app/shared/1a.+")),
        at("output", "load_balancer_groups.value.shared", "sg-0a1b2c3d4e5f67890"),
        some(_LB, 0),
        beside='{"ecs": EcsCluster(load_balancers={"shared": LoadBalancer()}), '
        '"inference": Inference(services={"fraud": EcsService(route=Route())})}',
    ),
    no(
        "security_groups",
        "The load balancer has one of its own: `allowed_cidrs` says who may connect.",
        tried='LoadBalancer(security_groups=["sg-0a1b2c3d4e5f67890"])',
    ),
    no(
        "access_logs: bucket",
        "Access logs go to a bucket of their own.",
        tried='AccessLogs(bucket="acme-logs")',
    ),
    always(
        "security_group_egress_rules",
        "LoadBalancer()",
        at("aws_vpc_security_group_egress_rule", "from_port", 8080),
    ),
    yes(
        "subnets",
        'LoadBalancer(internal=False, allowed_cidrs=["0.0.0.0/0"])',
        at(_LB, "subnets", has("subnet-2a3b4c5d6e7f89012")),
    ),
    always("target_groups: target_type", "Route()", at(_GROUP, "target_type", "ip")),
    yes(
        "rules: weighted_forward",
        "EcsService(route=Route(), rollout=Canary())",
        at(_RULE, "action.0.forward.target_group.*.weight", 100),
        beside="EcsService(route=Route())",
    ),
    yes(
        "route53_records",
        'LoadBalancer(records={"fraud.acme.test": HostedZone(id="Z0123456789ABCDEFGHIJ")})',
        at("aws_route53_record", "name", "fraud.acme.test"),
        at("aws_route53_record", "alias.evaluate_target_health", True),
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
