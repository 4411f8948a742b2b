"""Application Load Balancers that services share, and a service's target groups behind one."""

from __future__ import annotations

from typing import Any

from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..iam.policy import allow, document, tls_only
from ..layer import was
from ..names import balanced, short_hash
from ..outputs import NetworkOutputs
from ..overriding import override
from ..protect import lifecycle
from .records import HostedZone
from .spec import (
    CONTAINER_PORT,
    AccessLogs,
    ExistingLoadBalancer,
    LoadBalancer,
    LoadBalancerOptions,
    RestrictedListener,
    Route,
    group_name,
    log_bucket,
    target_groups,
)

from cdktf_cdktf_provider_aws.data_aws_route53_zone import DataAwsRoute53Zone
from cdktf_cdktf_provider_aws.lb import Lb, LbAccessLogs, LbConnectionLogs
from cdktf_cdktf_provider_aws.lb_listener import (
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionFixedResponse,
)
from cdktf_cdktf_provider_aws.lb_listener_certificate import LbListenerCertificate
from cdktf_cdktf_provider_aws.lb_listener_rule import (
    LbListenerRule,
    LbListenerRuleAction,
    LbListenerRuleActionForward,
    LbListenerRuleActionForwardTargetGroup,
    LbListenerRuleCondition,
    LbListenerRuleConditionHostHeader,
    LbListenerRuleConditionHttpHeader,
    LbListenerRuleConditionPathPattern,
    LbListenerRuleConditionQueryString,
    LbListenerRuleConditionSourceIp,
    LbListenerRuleTransform,
    LbListenerRuleTransformUrlRewriteConfig,
    LbListenerRuleTransformUrlRewriteConfigRewrite,
)
from cdktf_cdktf_provider_aws.lb_target_group import (
    LbTargetGroup,
    LbTargetGroupHealthCheck,
    LbTargetGroupStickiness,
)
from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation


class SharedLoadBalancer(Construct):
    """A load balancer whose listener answers 404 until services add their rules."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: LoadBalancer,
        network: NetworkOutputs,
    ) -> None:
        super().__init__(scope, id)
        self._context = context
        self.name = balanced(context, id)
        group = self._group(id, spec, network)
        logs: list[Any] = []
        bucket = log_bucket(context, id)
        if spec.access_logs is not None:
            logs = self._log_bucket(bucket, spec.access_logs)
        balancer = Lb(
            self,
            "load-balancer",
            name=self.name,
            load_balancer_type="application",
            internal=spec.internal,
            subnets=network.private_subnet_ids if spec.internal else network.public_subnet_ids,
            security_groups=[group.id],
            idle_timeout=spec.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=context.protected,
            access_logs=LbAccessLogs(bucket=bucket, enabled=True) if logs else None,
            connection_logs=LbConnectionLogs(bucket=bucket, enabled=True)
            if spec.access_logs and spec.access_logs.connections
            else None,
            **_options(spec.options),
            lifecycle=lifecycle(context),
            depends_on=logs or None,
        )
        listener = self._listener(
            "https" if spec.certificate else "http", "", spec, balancer, spec.port
        )
        self.test_listener_arn: str | None = None
        if spec.test_listener is not None:
            port = spec.test_listener.port
            self.test_listener_arn = self._listener("test", "test-", spec, balancer, port).arn
        if spec.web_acl is not None:
            Wafv2WebAclAssociation(
                self, "firewall", resource_arn=balancer.arn, web_acl_arn=spec.web_acl
            )
        for name, zone in spec.records.items():
            self._record(name, zone, balancer, network)
        self.listener_arn = listener.arn
        self.arn_suffix = balancer.arn_suffix
        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.group_id = group.id
        override(spec, self)

    def _listener(
        self, id: str, prefix: str, spec: LoadBalancer, balancer: Lb, port: int
    ) -> LbListener:
        """A listener with the certificates of the load balancer."""
        listener = LbListener(
            self,
            id,
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="HTTPS" if spec.certificate else "HTTP",
            ssl_policy=spec.ssl_policy if spec.certificate else None,
            certificate_arn=spec.certificate,
            default_action=[
                LbListenerDefaultAction(
                    type="fixed-response",
                    fixed_response=LbListenerDefaultActionFixedResponse(
                        content_type="text/plain",
                        message_body="no service has this host and path",
                        status_code="404",
                    ),
                )
            ],
        )
        for index, certificate in enumerate(dict.fromkeys(spec.more_certificates)):
            made = LbListenerCertificate(
                self,
                f"{prefix}certificate-{short_hash(certificate)}",
                listener_arn=listener.arn,
                certificate_arn=certificate,
            )
            was(made, f"{prefix}certificate-{index}")
        return listener

    def _record(self, name: str, zone: HostedZone, balancer: Lb, network: NetworkOutputs) -> None:
        """A name that leads to the load balancer."""
        # An id in Terraform is letters, digits, _ and -.
        record = f"record-{name.replace('*', 'any').replace('.', '-')}-{short_hash(name)}"
        zone_id = zone.id
        if zone_id is None:
            zone_id = DataAwsRoute53Zone(
                self,
                f"{record}-zone",
                name=zone.name,
                private_zone=zone.private,
                vpc_id=network.vpc_id if zone.private else None,
            ).zone_id
        Route53Record(
            self,
            record,
            zone_id=zone_id,
            name=name,
            type="A",
            alias=Route53RecordAlias(
                name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=True
            ),
        )

    def _group(self, id: str, spec: LoadBalancer, network: NetworkOutputs) -> SecurityGroup:
        name = group_name(self._context, id)
        group = SecurityGroup(
            self,
            "group",
            name=name,
            # One for both protocols: another would replace the group.
            description="HTTPS from clients, the container port to services",
            vpc_id=network.vpc_id,
            tags={"Name": name},
        )
        own = spec.allowed_cidrs
        for index, cidr in enumerate(own or network.cidrs):
            made = VpcSecurityGroupIngressRule(
                self,
                f"clients-{short_hash(cidr) if own else index}",
                security_group_id=group.id,
                description="HTTPS from clients" if spec.certificate else "HTTP from clients",
                ip_protocol="tcp",
                from_port=spec.port,
                to_port=spec.port,
                cidr_ipv4=cidr,
            )
            if own:
                was(made, f"clients-{index}")
        if spec.test_listener is not None:
            self._testers(group.id, spec.test_listener)
        for rule, cidr in network.cidrs_by("services").items():
            VpcSecurityGroupEgressRule(
                self,
                rule,
                security_group_id=group.id,
                description="services in the VPC",
                ip_protocol="tcp",
                from_port=CONTAINER_PORT,
                to_port=CONTAINER_PORT,
                cidr_ipv4=cidr,
            )
        return group

    def _testers(self, group_id: str, spec: RestrictedListener) -> None:
        """Who reaches the test listener."""
        for kind, values in (("clients", spec.allowed_cidrs), ("groups", spec.allowed_groups)):
            for index, value in enumerate(dict.fromkeys(values)):
                made = VpcSecurityGroupIngressRule(
                    self,
                    f"test-{kind}-{short_hash(value)}",
                    security_group_id=group_id,
                    description="test traffic",
                    ip_protocol="tcp",
                    from_port=spec.port,
                    to_port=spec.port,
                    cidr_ipv4=value if kind == "clients" else None,
                    referenced_security_group_id=value if kind == "groups" else None,
                )
                was(made, f"test-{kind}-{index}")

    def _log_bucket(self, name: str, spec: AccessLogs) -> list[Any]:
        """The bucket of access logs. Load balancers write with S3's own key, no other."""
        context = self._context
        bucket = S3Bucket(
            self,
            "logs",
            bucket=name,
            force_destroy=not context.protected,
            lifecycle=lifecycle(context),
        )
        ownership = S3BucketOwnershipControls(
            self,
            "logs-ownership",
            bucket=bucket.id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        blocked = S3BucketPublicAccessBlock(
            self,
            "logs-public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "logs-encryption",
            bucket=bucket.id,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                        sse_algorithm="AES256"
                    )
                )
            ],
        )
        if spec.expire_days is not None:
            S3BucketLifecycleConfiguration(
                self,
                "logs-lifecycle",
                bucket=bucket.id,
                rule=[
                    S3BucketLifecycleConfigurationRule(
                        id="expire",
                        status="Enabled",
                        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                        expiration=[
                            S3BucketLifecycleConfigurationRuleExpiration(days=spec.expire_days)
                        ],
                        abort_incomplete_multipart_upload=[
                            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                                days_after_initiation=7
                            )
                        ],
                    )
                ],
            )
        arn = f"arn:{context.partition}:s3:::{name}"
        policy = S3BucketPolicy(
            self,
            "logs-policy",
            bucket=bucket.id,
            policy=document(
                *tls_only(arn),
                allow(
                    "s3:PutObject",
                    f"{arn}/AWSLogs/{context.account}/*",
                    sid="DeliverAccessLogs",
                    principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                ),
            ),
            depends_on=[blocked],
        )
        return [policy, ownership]


class GivenLoadBalancer:
    """A load balancer that exists, of which nothing is made."""

    def __init__(self, spec: ExistingLoadBalancer) -> None:
        self.listener_arn = spec.listener
        self.test_listener_arn = spec.test_listener
        self.arn_suffix = spec.suffix
        self.group_id = spec.security_group


def _options(options: LoadBalancerOptions) -> dict[str, Any]:
    """The attributes that are not as AWS has them by itself."""
    attributes = {
        "http2": "enable_http2",
        "keep_alive_seconds": "client_keep_alive",
        "preserve_host": "preserve_host_header",
        "forwarded_for": "xff_header_processing_mode",
        "client_port": "enable_xff_client_port",
        "tls_headers": "enable_tls_version_and_cipher_suite_headers",
        "waf_fail_open": "enable_waf_fail_open",
        "zonal_shift": "enable_zonal_shift",
    }
    usual = LoadBalancerOptions()
    return {
        attribute: getattr(options, field)
        for field, attribute in attributes.items()
        if getattr(options, field) != getattr(usual, field)
    }


class Backend(Construct):
    """A service's target groups, one or two, and its rule on a shared listener.

    With two, someone else moves the traffic between them, so the rule's action is left alone
    once it is made.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        spec: Route,
        vpc_id: str,
        listener_arn: str,
        test_listener_arn: str | None = None,
        colors: tuple[str, ...] = (),
    ) -> None:
        """`test_listener_arn` is a listener that gets a rule like the other's. Default: none."""
        super().__init__(scope, id)
        self.groups = [
            self._target_group(color, full_name, spec, vpc_id)
            for color, full_name in zip(
                colors or ("",),
                target_groups(context, name, colors, by_grpc=spec.by_grpc),
                strict=True,
            )
        ]
        self.rule = self._rule("rule", spec, listener_arn, bool(colors))
        self.test_rule = None
        if test_listener_arn is not None:
            self.test_rule = self._rule("test-rule", spec, test_listener_arn, bool(colors))

    @property
    def rules(self) -> list[LbListenerRule]:
        """The rules on the listeners."""
        return [self.rule, *([self.test_rule] if self.test_rule else [])]

    def _rule(self, id: str, spec: Route, listener_arn: str, moved: bool) -> LbListenerRule:
        return LbListenerRule(
            self,
            id,
            listener_arn=listener_arn,
            priority=spec.rule_priority,
            condition=_conditions(spec),
            action=[self._action()],
            transform=[_strip(spec.strip_prefix)] if spec.strip_prefix else None,
            lifecycle=TerraformResourceLifecycle(ignore_changes=["action"]) if moved else None,
        )

    def _target_group(self, color: str, name: str, spec: Route, vpc_id: str) -> LbTargetGroup:
        check = spec.looked_at_by
        parts = ["targets", color, "grpc" if spec.by_grpc else ""]
        return LbTargetGroup(
            self,
            "-".join(filter(None, parts)),
            name=name,
            target_type="ip",
            # A default alone: ECS registers each task with the port of its container.
            port=CONTAINER_PORT,
            protocol="HTTP",
            # AWS's own default is left out, which changes no plan.
            protocol_version=spec.protocol_version if spec.by_grpc else None,
            vpc_id=vpc_id,
            deregistration_delay=str(spec.deregistration_delay_seconds),
            slow_start=spec.slow_start_seconds,
            load_balancing_algorithm_type=spec.algorithm,
            stickiness=LbTargetGroupStickiness(
                type="lb_cookie",
                enabled=spec.sticky_seconds > 0,
                cookie_duration=spec.sticky_seconds or None,
            )
            if spec.sticky_seconds is not None
            else None,
            health_check=LbTargetGroupHealthCheck(
                enabled=True,
                path=check.path,
                protocol="HTTP",
                port="traffic-port",
                matcher=check.codes,
                interval=check.interval_seconds,
                timeout=check.timeout_seconds,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
        )

    def _action(self) -> LbListenerRuleAction:
        if len(self.groups) == 1:
            return LbListenerRuleAction(type="forward", target_group_arn=self.groups[0].arn)
        return LbListenerRuleAction(
            type="forward",
            forward=LbListenerRuleActionForward(
                target_group=[
                    LbListenerRuleActionForwardTargetGroup(arn=group.arn, weight=weight)
                    for group, weight in zip(self.groups, (100, 0), strict=True)
                ]
            ),
        )


def _conditions(spec: Route) -> list[LbListenerRuleCondition]:
    conditions = []
    if spec.hosts:
        hosts = LbListenerRuleConditionHostHeader(values=list(spec.hosts))
        conditions.append(LbListenerRuleCondition(host_header=hosts))
    if spec.paths:
        paths = LbListenerRuleConditionPathPattern(values=list(spec.paths))
        conditions.append(LbListenerRuleCondition(path_pattern=paths))
    more = spec.more_conditions
    for name, values in sorted(more.headers.items()):
        header = LbListenerRuleConditionHttpHeader(http_header_name=name, values=list(values))
        conditions.append(LbListenerRuleCondition(http_header=header))
    if more.query:
        query = [
            LbListenerRuleConditionQueryString(key=key, value=value)
            for key, value in sorted(more.query.items())
        ]
        conditions.append(LbListenerRuleCondition(query_string=query))
    if more.source_cidrs:
        source = LbListenerRuleConditionSourceIp(values=list(more.source_cidrs))
        conditions.append(LbListenerRuleCondition(source_ip=source))
    return conditions


def _strip(prefix: str) -> LbListenerRuleTransform:
    return LbListenerRuleTransform(
        type="url-rewrite",
        url_rewrite_config=LbListenerRuleTransformUrlRewriteConfig(
            rewrite=LbListenerRuleTransformUrlRewriteConfigRewrite(
                regex=f"^{prefix}/(.*)$", replace="/$1"
            )
        ),
    )
