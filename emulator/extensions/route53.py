"""Route 53: private hosted zones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.responses import Route53

from .registry import Service

service = Service("route53", Route53)

Original = Callable[..., Any]


@service.corrects("CreateHostedZone", gap="ignores the VPC unless PrivateZone is given as well")
def create_hosted_zone(original: Original, response: Route53) -> ActionResult:
    """AWS makes a zone private when a VPC is given; PrivateZone itself is an answer's field."""
    if response._get_param("VPC.VPCId"):
        config = dict(response.params.get("HostedZoneConfig") or {})
        response.params["HostedZoneConfig"] = {**config, "PrivateZone": True}
    result = original(response)
    assert isinstance(result, ActionResult)
    return result
