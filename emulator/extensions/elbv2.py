"""Elastic Load Balancing: security groups and PrivateLink, load balancers in use, and gRPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError, ResourceInUseError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer
from moto.elbv2.responses import ELBV2Response

from .registry import Service

service = Service("elbv2", ELBV2Response)

Original = Callable[..., Any]

ENFORCED = "enforce_security_group_inbound_rules_on_private_link_traffic"


@service.corrects(
    "CreateLoadBalancer",
    gap="gives every kind the ARN of an application's",
    owner=ELBv2Backend,
)
def create_load_balancer(
    original: Original, backend: ELBv2Backend, *given: Any, **named: Any
) -> FakeLoadBalancer:
    """AWS has `net/` in the ARN of a Network Load Balancer."""
    made = original(backend, *given, **named)
    assert isinstance(made, FakeLoadBalancer)
    if made.type == "network":
        before, made.arn = made.arn, made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        backend.load_balancers[made.arn] = backend.load_balancers.pop(before)
        backend.tagging_service.copy_tags(before, made.arn)
        backend.tagging_service.delete_all_tags_for_resource(before)
    return made


@service.corrects("SetSecurityGroups", gap="loses whether PrivateLink's traffic is judged")
def set_security_groups(original: Original, response: ELBV2Response) -> ActionResult:
    """AWS keeps, of a Network Load Balancer, whether its groups judge what comes by PrivateLink."""
    said = response._get_param("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    balancer = response.elbv2_backend.load_balancers.get(response._get_param("LoadBalancerArn"))
    if said and balancer is not None:
        if balancer.type != "network":
            raise ELBClientError(
                "InvalidConfigurationRequest",
                "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is supported by Network Load "
                "Balancers alone",
            )
        setattr(balancer, ENFORCED, said)
    result = original(response)
    assert isinstance(result, ActionResult)
    return result


@service.corrects("ModifyTargetGroup", gap="loses the status codes of a health check by gRPC")
def modify_target_group(original: Original, response: ELBV2Response) -> ActionResult:
    """AWS keeps them, as it does those of HTTP."""
    result = original(response)
    codes = response._get_param("Matcher.GrpcCode")
    if codes:
        groups = response.elbv2_backend.target_groups
        groups[response._get_param("TargetGroupArn")].matcher["GrpcCode"] = codes
    assert isinstance(result, ActionResult)
    return result


@service.corrects("DeleteLoadBalancer", gap="deletes one in use", owner=ELBv2Backend)
def delete_load_balancer(original: Original, backend: ELBv2Backend, arn: str) -> None:
    """AWS keeps a Network Load Balancer that a VPC link of API Gateway leads to."""
    links = apigateway_backends[backend.account_id][backend.region_name].vpc_links.values()
    if any(arn in link.target_arns for link in links):
        raise ResourceInUseError(
            f"Load balancer '{arn}' cannot be deleted because it is currently associated with another "
            "service"
        )
    original(backend, arn)
