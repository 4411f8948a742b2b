"""Application Load Balancers."""

from __future__ import annotations

from inferform import (
    AccessLogs,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    GrpcHealthCheck,
    HealthCheck,
    HostedZone,
    Image,
    Inference,
    LoadBalancer,
    LoadBalancerOptions,
    Model,
    Network,
    NetworkLoadBalancer,
    NetworkRoute,
    Registry,
    Repository,
    Route,
    RouteConditions,
)

from .record import (
    ACCOUNT,
    CERTIFICATE,
    CLOSED_SET,
    DEV,
    FLAG,
    MORE_THAN_MODELS,
    PART_OF_A_POLICY,
    Capability,
)


def edge() -> Environment:
    """A load balancer with all that stands before it, which no README has as a whole."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        ecs=EcsCluster(
            load_balancers={
                "internal": LoadBalancer(
                    certificate=CERTIFICATE,
                    more_certificates=[CERTIFICATE.replace("12345678", "87654321")],
                    records={
                        "*.acme.test": HostedZone(name="acme.test"),
                        "fraud.acme.test": HostedZone(id="Z0123456789ABCDEFGHIJ"),
                    },
                    web_acl=f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/edge/1234abcd",
                    access_logs=AccessLogs(connections=True),
                    options=LoadBalancerOptions(
                        http2=False,
                        keep_alive_seconds=7200,
                        preserve_host=True,
                        forwarded_for="preserve",
                        client_port=True,
                        tls_headers=True,
                        waf_fail_open=True,
                        zonal_shift=True,
                    ),
                )
            }
        ),
        inference=Inference(
            services={
                "beta": EcsService(
                    model=Model(image=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"),
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(
                        load_balancer="internal",
                        hosts=["fraud.acme.test"],
                        priority=1,
                        sticky_seconds=600,
                        health_check=HealthCheck(codes="200-299"),
                        more_conditions=RouteConditions(
                            headers={"X-Model": ["beta"]},
                            query={"model": "beta"},
                            source_cidrs=["10.0.0.0/8"],
                        ),
                    ),
                )
            }
        ),
    )


def ports() -> Environment:
    """Services that have a port each on a Network Load Balancer."""
    task = EcsService(
        model=Model(image=Image(repository="fraud", tag="1.4.2")),
        compute=Fargate(cpu=256, memory_mib=512),
    )
    passed = NetworkRoute(
        load_balancer="internal", port=9000, health_check=None, allowed_cidrs=["10.0.0.0/8"]
    )
    secured = NetworkRoute(
        load_balancer="internal", port=9443, certificate=CERTIFICATE, alpn="HTTP2Preferred"
    )
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"internal": NetworkLoadBalancer()}),
        inference=Inference(
            services={"passed": task.replace(route=passed), "secured": task.replace(route=secured)}
        ),
    )


def calls() -> Environment:
    """A service by gRPC, whose load balancer takes HTTP/2."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
        inference=Inference(
            services={
                "fraud": EcsService(
                    model=Model(image=Image(repository="fraud", tag="1.4.2")),
                    compute=Fargate(cpu=256, memory_mib=512),
                    route=Route(
                        load_balancer="internal",
                        paths=["/acme.Fraud/*"],
                        protocol_version="GRPC",
                        health_check=GrpcHealthCheck(codes="0,12"),
                    ),
                )
            }
        ),
    )


CAPABILITY = Capability(
    environments={"front": edge, "ports": ports, "calls": calls},
    not_aws={
        "a zone that each plan looks up": ("HostedZone.name",),
        PART_OF_A_POLICY: ("Route.strip_prefix",),
    },
    stricter={
        "Route 53's documentation says what a name and an id look like": (
            "HostedZone.id",
            "LoadBalancer.records{key}",
        ),
        MORE_THAN_MODELS: ("GrpcHealthCheck.path", "HealthCheck.path", "LoadBalancer.web_acl"),
        "the words of one attribute, where the models hold those of all": (
            "LoadBalancerOptions.forwarded_for",
        ),
    },
    shorter={
        CLOSED_SET: ("LoadBalancerOptions.forwarded_for",),
        "names of DNS have 253 characters": ("LoadBalancer.records{key}",),
    },
    good={
        "ELB21": ("X-Model",),
        "ELB23": ("200", "200-299"),
        "ELB38": ("0", "0,12", "0-99"),
        "DNS3": ("fraud.acme.test", "acme.test"),
        "ELB12": ("/fraud/*", "*.acme.test", "/grpc.health.v1.Health/Check"),
        "ELB30": (
            "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1a2b/3c4d",
        ),
    },
    data_sources={
        "aws_route53_zone": "route53:ListHostedZonesByName",
    },
    requests={
        "aws_route53_record": "route53:ChangeResourceRecordSets route53:ResourceRecordSet",
        "aws_lb": "elbv2:CreateLoadBalancer",
        "aws_lb_listener": "elbv2:CreateListener",
        "aws_lb_listener_certificate": "elbv2:AddListenerCertificates elbv2:Certificate",
        "aws_lb_listener_rule": "elbv2:CreateRule",
        "aws_lb_target_group": "elbv2:CreateTargetGroup",
        "aws_wafv2_web_acl_association": "wafv2:AssociateWebACL",
    },
    elsewhere={
        "aws_route53_record.alias": "route53:AliasTarget",
        "aws_route53_record.alias.name": "route53:AliasTarget.DNSName",
        "aws_route53_record.alias.zone_id": "route53:AliasTarget.HostedZoneId",
        "aws_route53_record.zone_id": "route53:ChangeResourceRecordSetsRequest.HostedZoneId",
        "aws_lb.access_logs.bucket": "elbv2:LoadBalancerAttribute.Value",
        "aws_lb.client_keep_alive": "elbv2:LoadBalancerAttribute.Value",
        "aws_lb.enforce_security_group_inbound_rules_on_private_link_traffic": (
            "elbv2:SetSecurityGroupsInput.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
        ),
        "aws_lb.connection_logs.bucket": "elbv2:LoadBalancerAttribute.Value",
        "aws_lb.xff_header_processing_mode": "elbv2:LoadBalancerAttribute.Value",
        "aws_lb.desync_mitigation_mode": "elbv2:LoadBalancerAttribute.Value",
        "aws_lb.idle_timeout": "elbv2:LoadBalancerAttribute.Value",
        "aws_lb.load_balancer_type": "elbv2:CreateLoadBalancerInput.Type",
        "aws_lb_listener.certificate_arn": "elbv2:Certificate.CertificateArn",
        "aws_lb_listener.default_action.fixed_response": "elbv2:FixedResponseActionConfig",
        "aws_lb_listener_rule.action.forward": "elbv2:ForwardActionConfig",
        "aws_lb_listener_rule.action.forward.target_group.arn": "elbv2:TargetGroupTuple.TargetGroupArn",
        "aws_lb_listener_rule.condition.host_header": "elbv2:HostHeaderConditionConfig",
        "aws_lb_listener_rule.condition.http_header": "elbv2:HttpHeaderConditionConfig",
        "aws_lb_listener_rule.condition.query_string": "elbv2:QueryStringKeyValuePair",
        "aws_lb_listener_rule.condition.source_ip": "elbv2:SourceIpConditionConfig",
        "aws_lb_listener_rule.condition.path_pattern": "elbv2:PathPatternConditionConfig",
        "aws_lb_target_group.deregistration_delay": "elbv2:TargetGroupAttribute.Value",
        "aws_lb_target_group.health_check.healthy_threshold": (
            "elbv2:CreateTargetGroupInput.HealthyThresholdCount"
        ),
        "aws_lb_target_group.health_check.interval": (
            "elbv2:CreateTargetGroupInput.HealthCheckIntervalSeconds"
        ),
        "aws_lb_target_group.health_check.matcher": "elbv2:Matcher.HttpCode",
        "aws_lb_target_group.health_check.path": "elbv2:CreateTargetGroupInput.HealthCheckPath",
        "aws_lb_target_group.health_check.port": "elbv2:CreateTargetGroupInput.HealthCheckPort",
        "aws_lb_target_group.health_check.protocol": (
            "elbv2:CreateTargetGroupInput.HealthCheckProtocol"
        ),
        "aws_lb_target_group.health_check.timeout": (
            "elbv2:CreateTargetGroupInput.HealthCheckTimeoutSeconds"
        ),
        "aws_lb_target_group.health_check.unhealthy_threshold": (
            "elbv2:CreateTargetGroupInput.UnhealthyThresholdCount"
        ),
        "aws_lb_target_group.load_balancing_algorithm_type": "elbv2:TargetGroupAttribute.Value",
        "aws_lb_target_group.stickiness.cookie_duration": "elbv2:TargetGroupAttribute.Value",
        "aws_lb_target_group.stickiness.type": "elbv2:TargetGroupAttribute.Value",
        "aws_lb_target_group.slow_start": "elbv2:TargetGroupAttribute.Value",
    },
    own={
        FLAG: (
            "aws_lb.access_logs.enabled",
            "aws_lb.connection_logs.enabled",
            "aws_lb.enable_http2",
            "aws_lb.enable_tls_version_and_cipher_suite_headers",
            "aws_lb.enable_waf_fail_open",
            "aws_lb.enable_xff_client_port",
            "aws_lb.enable_zonal_shift",
            "aws_lb.preserve_host_header",
            "aws_lb_target_group.stickiness.enabled",
            "aws_lb.drop_invalid_header_fields",
            "aws_lb.enable_cross_zone_load_balancing",
            "aws_lb.enable_deletion_protection",
            "aws_lb.internal",
            "aws_lb_target_group.health_check.enabled",
        ),
    },
    unencrypted={
        "aws_s3_bucket_server_side_encryption_configuration.load-balancers_internal_logs-": (
            "load balancers write access logs with S3's own key and no other"
        ),
    },
    unversioned={
        "load-balancers_internal_logs_": "access logs are written once under names of their own",
    },
    checkov={
        "*-ecs/aws_s3_bucket.load-balancers_internal_logs_*": {
            "CKV_AWS_145": "load balancers write access logs with S3's own key and no other",
            "CKV_AWS_21": (
                "access logs are written once under names of their own, and are to be gone when "
                "they expire"
            ),
        },
        "ports-*/aws_lb.*": {
            "CKV_AWS_91": "a Network Load Balancer logs TLS connections alone",
        },
        "*-dev-use1-ecs/aws_lb.*": {
            "CKV_AWS_150": "deletion protection comes with Context.protected, which dev is not",
        },
        "peers-ecs-*/aws_lb.*": {
            "CKV2_AWS_20": "the environment's Spec says that it is HTTP, inside of the VPC",
            "CKV_AWS_150": "deletion protection comes with Context.protected, which it is not",
        },
        "peers-ecs-*/aws_lb_listener.*": {
            "CKV_AWS_103": "the environment's Spec says that it is HTTP, inside of the VPC",
            "CKV_AWS_2": "the environment's Spec says that it is HTTP, inside of the VPC",
        },
        "aws_lb_target_group": {
            "CKV_AWS_378": (
                "the container contract is HTTP on port 8080, in private subnets and between two "
                "security groups"
            ),
        },
    },
)
