"""Network Load Balancers, and a service's target group and listener on one."""

from __future__ import annotations

from ..cdk import Construct
from ..context import Context
from ..layer import was
from ..names import balanced, short_hash
from ..outputs import NetworkOutputs
from ..overriding import override
from ..protect import lifecycle
from .network import NetworkLoadBalancer, NetworkRoute
from .spec import CONTAINER_PORT, HealthCheck, group_name, target_groups

from cdktf_cdktf_provider_aws.lb import Lb
from cdktf_cdktf_provider_aws.lb_listener import LbListener, LbListenerDefaultAction
from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup, LbTargetGroupHealthCheck
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule


class SharedNetworkLoadBalancer(Construct):
    """A load balancer without a port until services add theirs."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: NetworkLoadBalancer,
        network: NetworkOutputs,
        linked: bool = False,
    ) -> None:
        """`linked` is whether REST APIs reach it by a VPC link, whose addresses nobody knows."""
        super().__init__(scope, id)
        name = group_name(context, id)
        group = SecurityGroup(
            self,
            "group",
            name=name,
            description="Clients to the ports of services, the container port to services",
            vpc_id=network.vpc_id,
            tags={"Name": name},
        )
        VpcSecurityGroupEgressRule(
            self,
            "services",
            security_group_id=group.id,
            description="services in the VPC",
            ip_protocol="tcp",
            from_port=CONTAINER_PORT,
            to_port=CONTAINER_PORT,
            cidr_ipv4=network.vpc_cidr,
        )
        balancer = Lb(
            self,
            "load-balancer",
            name=balanced(context, id),
            load_balancer_type="network",
            internal=spec.internal,
            subnets=network.private_subnet_ids if spec.internal else network.public_subnet_ids,
            # One that is made without any can have none later.
            security_groups=[group.id],
            enforce_security_group_inbound_rules_on_private_link_traffic="off" if linked else "on",
            enable_cross_zone_load_balancing=spec.cross_zone,
            enable_deletion_protection=context.protected,
            lifecycle=lifecycle(context),
        )
        self.arn_suffix = balancer.arn_suffix
        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.group_id = group.id
        override(spec, self)


class NetworkBackend(Construct):
    """A service's target group, its port on a load balancer, and who may connect to it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        spec: NetworkRoute,
        network: NetworkOutputs,
        suffix: str,
        group_id: str | None,
    ) -> None:
        """`suffix` is the end of the load balancer's ARN, `group_id` its security group that lets
        clients in; None where somebody else does."""
        super().__init__(scope, id)
        (full_name,) = target_groups(context, name, ())
        check = spec.health_check or HealthCheck()
        target = LbTargetGroup(
            self,
            "targets",
            name=full_name,
            target_type="ip",
            # A default alone: ECS registers each task with the port of its container.
            port=CONTAINER_PORT,
            protocol="TCP",
            vpc_id=network.vpc_id,
            deregistration_delay=str(spec.deregistration_delay_seconds),
            health_check=LbTargetGroupHealthCheck(
                enabled=True,
                protocol="HTTP" if spec.health_check else "TCP",
                path=check.path if spec.health_check else None,
                matcher=check.codes if spec.health_check else None,
                port="traffic-port",
                interval=check.interval_seconds,
                timeout=check.timeout_seconds,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
        )
        own = spec.allowed_cidrs
        for index, cidr in enumerate(own or [network.vpc_cidr]) if group_id else ():
            made = VpcSecurityGroupIngressRule(
                self,
                f"clients-{short_hash(cidr) if own else index}",
                security_group_id=str(group_id),
                description=f"clients of {context.name(name)}",
                ip_protocol="tcp",
                from_port=spec.port,
                to_port=spec.port,
                cidr_ipv4=cidr,
            )
            if own:
                was(made, f"clients-{index}")
        self.groups = [target]
        self.rules = [
            LbListener(
                self,
                "listener",
                load_balancer_arn=context.arn("elasticloadbalancing", f"loadbalancer/{suffix}"),
                port=spec.port,
                protocol="TLS" if spec.certificate else "TCP",
                ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if spec.certificate else None,
                certificate_arn=spec.certificate,
                alpn_policy=spec.alpn,
                default_action=[
                    LbListenerDefaultAction(type="forward", target_group_arn=target.arn)
                ],
            )
        ]
