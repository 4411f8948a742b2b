"""Limits of AWS that no Spec states, each with its source. Those that a Spec states are its rules'."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that an option takes of something."""

    most: float
    unit: str
    source: str

    def exceeded(self, value: float, what: str) -> str:
        """Why a value is too much; empty where it is not."""
        if value <= self.most:
            return ""
        return f"{what} {value:g} {self.unit}, at most {self.most:g} ({self.source})"


REALTIME_MB = Limit(25, "MB", "SageMaker developer guide, real-time inference")
REALTIME_SECONDS = Limit(60, "s", "SageMaker developer guide, real-time inference")
SERVERLESS_MB = Limit(4, "MB", "SageMaker developer guide, serverless inference")
SERVERLESS_SECONDS = Limit(60, "s", "SageMaker developer guide, serverless inference")
SERVERLESS_ENDPOINTS = Limit(50, "endpoints", "SageMaker quotas, serverless endpoints in a Region")
ASYNCHRONOUS_MB = Limit(1000, "MB", "SageMaker developer guide, asynchronous inference")
ASYNCHRONOUS_SECONDS = Limit(3600, "s", "SageMaker developer guide, asynchronous inference")
BATCH_SECONDS = Limit(3600, "s", "botocore sagemaker ModelClientConfig InvocationsTimeoutInSeconds")
LAMBDA_MB = Limit(6, "MB", "AWS Lambda developer guide, quotas (synchronous invocations)")
