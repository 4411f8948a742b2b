"""Service Quotas: what an account may have at most."""

from __future__ import annotations

import json
from typing import Any

from botocore.session import get_session
from moto.servicequotas.models import servicequotas_backends
from moto.servicequotas.responses import ServiceQuotasResponse

from .registry import Service

service = Service("servicequotas", ServiceQuotasResponse)

# What the emulator grants until more is asked for; AWS gives new accounts few or none.
DEFAULT = 20.0
INTEGRATION_TIMEOUT = "Maximum integration timeout in milliseconds"
_LISTED = {
    "fargate": ["Fargate On-Demand vCPU resource count", "Fargate Spot vCPU resource count"],
    "ec2": [
        "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        "Running On-Demand G and VT instances",
        "Running On-Demand Inf instances",
        "Running On-Demand P instances",
        "Running On-Demand Trn instances",
        "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
        "All G and VT Spot Instance Requests",
        "All Inf Spot Instance Requests",
        "All P4, P3 and P2 Spot Instance Requests",
        "All P5 Spot Instance Requests",
        "All Trn Spot Instance Requests",
    ],
    "lambda": ["Concurrent executions"],
    "apigateway": [INTEGRATION_TIMEOUT],
}
# SageMaker has a quota for each instance type and use (AWS General Reference, SageMaker quotas).
_USES = {
    "ProductionVariantInstanceType": ("endpoint",),
    "TransformInstanceType": ("transform job",),
    "TrainingInstanceType": ("training job", "spot training job", "training warm pool"),
    "ProcessingInstanceType": ("processing job",),
}
_GRANTED = {
    "Concurrent executions": 1000.0,
    INTEGRATION_TIMEOUT: 29_000.0,
}


@service.adds("ListServiceQuotas", gap="missing")
def list_service_quotas(response: ServiceQuotasResponse) -> str:
    """AWS lists the applied quotas of a service; the emulator those of SageMaker's endpoints
    and jobs, and of vCPUs."""
    code = response._get_param("ServiceCode")
    granted = _granted(response)
    return json.dumps(
        {
            "Quotas": [
                _quota(response, code, name, granted.get(name, _GRANTED.get(name, DEFAULT)))
                for name in _names(code)
            ]
        }
    )


@service.adds("RequestServiceQuotaIncrease", gap="missing")
def request_service_quota_increase(response: ServiceQuotasResponse) -> str:
    """AWS decides in hours or days; the emulator grants at once."""
    code, wanted = response._get_param("ServiceCode"), response._get_param("DesiredValue")
    name = {_code(each): each for each in _names(code)}[response._get_param("QuotaCode")]
    _granted(response)[name] = float(wanted)
    return json.dumps({"RequestedQuota": {"QuotaName": name, "Status": "APPROVED"}})


def granted(account: str, region: str, name: str) -> float:
    """The quota that an account has in a Region."""
    backend = servicequotas_backends[account][region]
    asked: dict[str, float] = backend.__dict__.get("granted_quotas", {})
    return asked.get(name, _GRANTED.get(name, DEFAULT))


def _names(code: str) -> list[str]:
    if code != "sagemaker":
        return _LISTED.get(code, [])
    model = get_session().get_service_model("sagemaker")
    return [
        f"{name} for {use} usage"
        for shape, uses in _USES.items()
        for name in getattr(model.shape_for(shape), "enum", [])
        for use in uses
    ]


def _code(name: str) -> str:
    return f"L-{sum(name.encode()) * 2654435761 % 2**32:08X}"


def _quota(response: ServiceQuotasResponse, code: str, name: str, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": code,
        "QuotaCode": _code(name),
        "QuotaName": name,
        "Value": value,
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaArn": f"arn:aws:servicequotas:{response.region}:{response.current_account}:{code}",
    }


def _granted(response: ServiceQuotasResponse) -> dict[str, float]:
    # on the backend, so that resetting moto resets it
    backend = servicequotas_backends[response.current_account][response.region]
    granted: dict[str, float] = backend.__dict__.setdefault("granted_quotas", {})
    return granted
